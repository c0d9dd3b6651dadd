//! What somebody made by hand from the same files is what the files say: nothing is rebuilt.

use crate::harness::RUNTIME;
use crate::harness::World;

/// Files in the order in which they can be run by hand.
const FILES: &[(&str, &str)] = &[
    ("raw/items", "CREATE TABLE items (id int, label text, price numeric(10, 2), tags text list)"),
    ("raw/lines", "CREATE TABLE lines (id int, item int, at timestamp)"),
    (
        "core/totals",
        "CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS\n\
         -- lines of each item\n\
         WITH counted AS (SELECT item, count(*) AS n FROM raw.lines GROUP BY item)\n\
         SELECT i.id, coalesce(c.n, 0) AS lines, i.price * 2 AS twice, i.label || '!' AS \"Loud\"\n\
         FROM shop.raw.items i LEFT JOIN counted AS c ON c.item = i.id WHERE NOT (i.price IS NULL);\n\
         CREATE INDEX totals_id IN CLUSTER compute ON totals (id);\n\
         CREATE INDEX IN CLUSTER serving ON totals (lower(\"Loud\"), id);\n\
         COMMENT ON MATERIALIZED VIEW totals IS 'what sells';\n\
         COMMENT ON COLUMN totals.lines IS 'how many';",
    ),
    (
        "core/named",
        "create view named (a, \"B\", c) as select id, case when id > 1 then 'many' else 'one' end, price::text from raw.items;\n\
         CREATE DEFAULT INDEX IN CLUSTER serving ON named",
    ),
    (
        "core/odd",
        "CREATE OR REPLACE VIEW odd AS SELECT DISTINCT ON (item) item, id, at FROM raw.lines\n\
         WHERE at BETWEEN '2020-01-01' AND '2030-01-01' AND id <> ALL (ARRAY[1, 2]) AND item IN (SELECT id FROM raw.items)\n\
         ORDER BY item, at DESC",
    ),
    (
        "serve/all_of_it",
        "CREATE VIEW all_of_it AS SELECT raw.items.id, t.lines FROM raw.items JOIN core.totals t USING (id)\n\
         UNION ALL (SELECT a, length(\"B\") FROM core.named EXCEPT ALL VALUES (1, 2)) LIMIT 100;\n\
         CREATE INDEX all_of_it_id IN CLUSTER serving ON shop.serve.all_of_it (id)",
    ),
    (
        "serve/tree",
        "CREATE MATERIALIZED VIEW tree IN CLUSTER compute WITH (REFRESH = ON COMMIT) AS\n\
         WITH MUTUALLY RECURSIVE up (id int, depth int) AS (SELECT id, 0 FROM raw.items UNION SELECT id, depth + 1 FROM up WHERE depth < 3)\n\
         SELECT up.id, max(depth) AS depth FROM up GROUP BY up.id OPTIONS (AGGREGATE INPUT GROUP SIZE = 10)",
    ),
];

/// Statements of the files alone, which the server does not know.
const CONSTRAINTS: &str = ";\nCREATE UNIQUE CONSTRAINT NOT ENFORCED ON totals (id);";

#[test]
fn what_was_made_by_hand_from_the_same_files_is_not_rebuilt() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n");
    for (name, text) in FILES {
        let constraints = if *name == "core/totals" { CONSTRAINTS } else { "" };
        world.write(&format!("-- file: shop/models/shop/{name}.sql\n{text}{constraints}\n"));
    }
    RUNTIME.block_on(async {
        let client = world.client().await;
        let mut by_hand: Vec<String> =
            ["CREATE DATABASE shop", "SET database = shop"].map(str::to_owned).into();
        by_hand.extend(["raw", "core", "serve"].map(|schema| format!("CREATE SCHEMA {schema}")));
        by_hand.extend(["compute", "serving"].map(|name| format!("CREATE CLUSTER {name} (SIZE = '25cc')")));
        for (name, text) in FILES {
            by_hand.push(format!("SET search_path = {}", name.split('/').next().unwrap_or_default()));
            by_hand.extend(text.split(';').map(str::to_owned).filter(|sql| !sql.trim().is_empty()));
        }
        for sql in by_hand {
            client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    });
    let diff = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    assert_eq!(diff["empty"], true, "{diff:#}");
    world.forget();
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0).says("nothing to deploy");
    let sent = world.statements();
    assert!(!sent.iter().any(|sql| sql.starts_with("CREATE MATERIALIZED VIEW")), "{sent:?}");
    // One of them is changed: it is known what that comes to, and the rest of the schema is carried.
    let (name, text) = FILES[4];
    world.write(&format!("-- file: shop/models/shop/{name}.sql\n{}\n", text.replace("2030", "2031")));
    let diff = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    let told: Vec<String> = diff["objects"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|object| format!("{} {}", object["name"], object["change"]))
        .collect();
    assert!(told.contains(&"\"shop.core.odd\" \"changed\"".to_owned()), "{told:?}");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--yes"]).code(0);
    world.mzflow(&["diff", "--project", "shop", "--exit-code"]).code(0);
}
