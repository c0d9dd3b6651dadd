//! A generated project: what the benches have in common.
//!
//! Schemas of 25 files: every eighth holds tables, the others hold views that read what stands in
//! the schema before them.

use mzflow::compiler::source::File;

/// Files in a schema.
const FILES: usize = 25;

/// Makes a project of about that many objects.
pub(crate) fn project(objects: usize) -> Vec<File> {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.into() };
    let mut files = vec![
        file("project.toml", ""),
        file("clusters/compute.sql", "CREATE CLUSTER compute (SIZE = '25cc');\n"),
        file("clusters/serving.sql", "CREATE CLUSTER serving (SIZE = '25cc');\n"),
        file("roles/analyst.sql", "CREATE ROLE analyst;\n"),
        file("roles/reader.sql", "CREATE ROLE reader;\n"),
    ];
    for schema in 0..objects.div_ceil(FILES) {
        for number in 0..FILES {
            let path = format!("models/shop/s{schema}/o{number}.sql");
            files.push(File { path, text: statement(schema, number).into() });
        }
    }
    files
}

/// A table in every eighth schema, otherwise a view over three objects of this schema and the one
/// before.
fn statement(schema: usize, number: usize) -> String {
    if schema.is_multiple_of(8) {
        return format!(
            "-- what arrives\nCREATE TABLE o{number} (id bigint NOT NULL, customer_id int, label text, \
             amount numeric(38, 2) DEFAULT 0, placed_at timestamptz);\n\
             COMMENT ON TABLE o{number} IS 'table {number}';\n\
             GRANT SELECT ON o{number} TO reader;\n"
        );
    }
    let above = schema - 1;
    let beside = if number > 0 { format!("o{}", number - 1) } else { format!("s{above}.o7") };
    let (head, index) = if number.is_multiple_of(3) {
        let head = format!("CREATE MATERIALIZED VIEW o{number} IN CLUSTER compute AS");
        (head, format!("CREATE INDEX o{number}_id IN CLUSTER serving ON o{number} (id);\n"))
    } else {
        (format!("CREATE VIEW o{number} AS"), String::new())
    };
    format!(
        "-- orders with their latest state, one row for each\n\
         {head}\n\
         WITH latest AS (\n\
         \x20   SELECT DISTINCT ON (customer_id) customer_id, id, amount, placed_at\n\
         \x20   FROM s{above}.o{number}\n\
         \x20   WHERE amount > 10 AND label IS NOT NULL\n\
         \x20   ORDER BY customer_id, placed_at DESC\n\
         )\n\
         SELECT\n\
         \x20   l.id,\n\
         \x20   l.customer_id,\n\
         \x20   coalesce(b.label, 'none') AS label,\n\
         \x20   sum(l.amount * 1.2)::numeric(38, 2) AS amount,\n\
         \x20   max(date_trunc('day', l.placed_at)) FILTER (WHERE b.amount > 0) AS placed_at\n\
         FROM latest AS l\n\
         LEFT JOIN {beside} AS b ON b.customer_id = l.customer_id\n\
         JOIN shop.s{above}.o1 ON shop.s{above}.o1.id = l.id\n\
         WHERE l.id IN (SELECT id FROM s{above}.o2 WHERE label LIKE 'a%')\n\
         GROUP BY l.id, l.customer_id, b.label;\n\
         {index}\
         COMMENT ON COLUMN o{number}.id IS 'the order';\n\
         GRANT SELECT ON o{number} TO reader, analyst;\n"
    )
}
