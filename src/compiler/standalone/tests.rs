//! Statements made of views, and places in them.

use expect_test::Expect;
use expect_test::expect;

use super::*;
use crate::compiler::tests::compiled;
use crate::compiler::tests::object;

/// Three relations to read, two of them of one name, and a source with tables.
const RAW: &str = "
    -- file: models/shop/raw/items.sql
    CREATE TABLE items (id int, label text)
    -- file: models/shop/other/items.sql
    CREATE TABLE items (id int, price numeric(10, 2))
    -- file: models/shop/raw/nothing.sql
    CREATE TABLE nothing ()
    -- file: models/shop/raw/auction.sql
    CREATE SOURCE auction IN CLUSTER c FROM LOAD GENERATOR AUCTION FOR ALL TABLES
";

fn columns(texts: &[(&str, &str)]) -> Vec<Column> {
    let column = |(name, data_type): &(&str, &str)| Column {
        name: Ident::new(name).unwrap_or_else(|error| panic!("{error}")),
        data_type: (*data_type).to_owned(),
    };
    texts.iter().map(column).collect()
}

/// Puts the view `shop.pub.v` with that text together: tables are empty, other views nested.
#[track_caller]
fn statement(text: &str) -> Statement {
    let project = format!("{RAW}\n-- file: models/shop/pub/v.sql\n{text}");
    let (project, _) = compiled(&project, "");
    let others = columns(&[("id", "int8"), ("buyer", "text")]);
    let stand_ins = |name: &ObjectName| match project.object(name) {
        Some(read) if read.name != *name => Some(StandIn::Empty(&others)),
        Some(read) if read.body.is_some() => Some(StandIn::Query(read)),
        Some(read) => Some(StandIn::Empty(read.columns.as_deref()?)),
        None => None,
    };
    let view = object(&project, "shop.pub.v");
    query(view, &stand_ins).unwrap_or_else(|| panic!("it cannot stand alone"))
}

#[track_caller]
fn check(text: &str, expect: Expect) {
    expect.assert_eq(&(statement(text).sql + "\n"));
}

#[test]
fn relations_become_ctes() {
    check(
        "CREATE VIEW v AS SELECT * FROM raw.items",
        expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
        SELECT * FROM (
        SELECT * FROM "mzf_1"
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE MATERIALIZED VIEW v (a) IN CLUSTER c AS SELECT * FROM raw.items i, raw.nothing -- end",
        expect![[r#"
            WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false),
            "mzf_2" AS (SELECT WHERE false)
            SELECT * FROM (
            SELECT * FROM "mzf_1" i, "mzf_2"
            ) AS "mzf_0" ("a")
        "#]],
    );
    check(
        "CREATE VIEW v AS SELECT 1 AS one",
        expect![[r#"
        SELECT * FROM (
        SELECT 1 AS one
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT b.id FROM raw.bids AS b, raw.bids c",
        expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int8 AS "id", NULL::text AS "buyer" WHERE false)
        SELECT * FROM (
        SELECT b.id FROM "mzf_1" AS b, "mzf_1" c
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE VIEW v AS TABLE raw.items ORDER BY id LIMIT 3",
        expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
        SELECT * FROM (
        TABLE "mzf_1" ORDER BY id LIMIT 3
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT name FROM mz_objects, ghost.s.t WHERE ghost.s.t.id = mz_objects.id",
        expect![[r#"
            SELECT * FROM (
            SELECT name FROM "mz_catalog"."mz_objects", "ghost"."s"."t" WHERE "ghost"."s"."t".id = mz_objects.id
            ) AS "mzf_0"
        "#]],
    );
}

#[test]
fn columns_go_on_meaning_their_relation() {
    check(
        "CREATE VIEW v AS SELECT items.id FROM raw.items",
        expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
        SELECT * FROM (
        SELECT items.id FROM "mzf_1" AS "items"
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT items FROM raw.items",
        expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
        SELECT * FROM (
        SELECT items FROM "mzf_1" AS "items"
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT shop.raw.items.id, items.label FROM raw.items",
        expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
        SELECT * FROM (
        SELECT "mzf_1".id, "mzf_1".label FROM "mzf_1"
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT raw.items.id, other.items.id FROM raw.items, other.items",
        expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false),
        "mzf_2" AS (SELECT NULL::int AS "id", NULL::numeric(10, 2) AS "price" WHERE false)
        SELECT * FROM (
        SELECT "mzf_1".id, "mzf_2".id FROM "mzf_1", "mzf_2"
        ) AS "mzf_0"
    "#]],
    );
    check(
        "CREATE VIEW v AS SELECT items.id FROM raw.items WHERE EXISTS (SELECT 1 FROM other.items WHERE price = 1 AND items.id = 1)",
        expect![[r#"
            WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false),
            "mzf_2" AS (SELECT NULL::int AS "id", NULL::numeric(10, 2) AS "price" WHERE false)
            SELECT * FROM (
            SELECT items.id FROM "mzf_1" AS "items" WHERE EXISTS (SELECT 1 FROM "mzf_2" AS "items" WHERE price = 1 AND items.id = 1)
            ) AS "mzf_0"
        "#]],
    );
    // The server refuses two of one name, and has to see that.
    check(
        "CREATE VIEW v AS WITH items AS (SELECT 1 AS x) SELECT items.x, raw.items.id FROM items, raw.items",
        expect![[r#"
            WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
            SELECT * FROM (
            WITH items AS (SELECT 1 AS x) SELECT items.x, "items".id FROM items, "mzf_1" AS "items"
            ) AS "mzf_0"
        "#]],
    );
    check(
        "CREATE VIEW v AS WITH items AS (SELECT * FROM raw.items) SELECT items.id FROM items JOIN other.items AS o USING (id)",
        expect![[r#"
            WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false),
            "mzf_2" AS (SELECT NULL::int AS "id", NULL::numeric(10, 2) AS "price" WHERE false)
            SELECT * FROM (
            WITH items AS (SELECT * FROM "mzf_1") SELECT items.id FROM items JOIN "mzf_2" AS o USING (id)
            ) AS "mzf_0"
        "#]],
    );
}

#[test]
fn other_queries_keep_their_shape() {
    check(
        "CREATE VIEW v AS WITH MUTUALLY RECURSIVE r (n int) AS (SELECT id FROM raw.items UNION SELECT n + 1 FROM r) SELECT n FROM r",
        expect![[r#"
            WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
            SELECT * FROM (
            WITH MUTUALLY RECURSIVE r (n int) AS (SELECT id FROM "mzf_1" UNION SELECT n + 1 FROM r) SELECT n FROM r
            ) AS "mzf_0"
        "#]],
    );
    check(
        "CREATE VIEW v AS SELECT id, max(label) FROM raw.items GROUP BY id OPTIONS (AGGREGATE INPUT GROUP SIZE = 10) UNION ALL (SELECT 1, 'x' ORDER BY 1 LIMIT 1) /* end */",
        expect![[r#"
            WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
            SELECT * FROM (
            SELECT id, max(label) FROM "mzf_1" GROUP BY id OPTIONS (AGGREGATE INPUT GROUP SIZE = 10) UNION ALL (SELECT 1, 'x' ORDER BY 1 LIMIT 1)
            ) AS "mzf_0"
        "#]],
    );
    check(
        "CREATE VIEW v AS SELECT \"mzf_1\", 'MZF1' AS mzf2 FROM raw.items AS mzf3",
        expect![[r#"
        WITH "mzf4_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false)
        SELECT * FROM (
        SELECT "mzf_1", 'MZF1' AS mzf2 FROM "mzf4_1" AS mzf3
        ) AS "mzf4_0"
    "#]],
    );
}

#[test]
fn a_query_stands_in_with_what_it_reads() {
    check(
        "CREATE VIEW v AS SELECT * FROM w, x
        -- file: models/shop/pub/w.sql
        CREATE VIEW w (a, b) AS SELECT id, label FROM raw.items
        -- file: models/shop/pub/x.sql
        CREATE VIEW x AS SELECT w.a FROM w",
        expect![[r#"
            WITH "mzf_1" AS (SELECT NULL::int AS "id", NULL::text AS "label" WHERE false),
            "mzf_2" ("a", "b") AS (
            SELECT id, label FROM "mzf_1"
            ),
            "mzf_3" AS (
            SELECT w.a FROM "mzf_2" AS "w"
            )
            SELECT * FROM (
            SELECT * FROM "mzf_2", "mzf_3"
            ) AS "mzf_0"
        "#]],
    );
}

#[test]
fn given_rows_are_cast() {
    let (project, _) = compiled(
        &format!("{RAW}\n-- file: models/shop/pub/v.sql\nCREATE VIEW v AS SELECT id FROM raw.items"),
        "",
    );
    let given = columns(&[("id", "int4"), ("La\"bel", "text")]);
    let rows = StandIn::Rows { query: "VALUES (1, 'x') -- two", columns: &given };
    let made =
        query(object(&project, "shop.pub.v"), &|_| Some(rows)).unwrap_or_else(|| panic!("it has a query"));
    expect![[r#"
        WITH "mzf_1" AS (SELECT "mzf_0"."id"::int4 AS "id", "mzf_0"."La""bel"::text AS "La""bel" FROM (
        VALUES (1, 'x') -- two
        ) AS "mzf_0" ("id", "La""bel"))
        SELECT * FROM (
        SELECT id FROM "mzf_1"
        ) AS "mzf_0"
    "#]]
    .assert_eq(&(made.sql + "\n"));
}

#[test]
fn keys_of_an_index_are_a_query() {
    let (project, _) = compiled(
        "-- file: models/shop/pub/v.sql
        CREATE VIEW v AS SELECT 1 AS id, 'x' AS name;
        CREATE INDEX i IN CLUSTER c ON v (upper(pub.v.name), (id) , v.id) WITH (RETAIN HISTORY FOR '1s');
        CREATE DEFAULT INDEX j IN CLUSTER c ON pub.v;",
        "",
    );
    let view = object(&project, "shop.pub.v");
    let given = columns(&[("id", "int4"), ("name", "text")]);
    let made: Vec<Option<String>> = view
        .indexes
        .iter()
        .map(|index| Some(keys(view, index, &|_| Some(StandIn::Empty(&given)))?.sql))
        .collect();
    assert_eq!(made.len(), 2);
    assert_eq!(made[1], None);
    expect![[r#"
        WITH "mzf_1" AS (SELECT NULL::int4 AS "id", NULL::text AS "name" WHERE false)
        SELECT upper("v".name), (id), "v".id
        FROM "mzf_1" AS "v"
    "#]]
    .assert_eq(&format!("{}\n", made[0].as_deref().unwrap_or_default()));
}

#[test]
fn places_lead_back_to_the_file() {
    let text = "-- é\nCREATE VIEW v AS SELECT 'é', nope, shop.raw.items.lable FROM raw.items, pub.w\n";
    let text =
        format!("{text}-- file: models/shop/pub/w.sql\nCREATE VIEW w AS SELECT missing FROM other.items");
    let made = statement(&text);
    let at = |what: &str| {
        let byte = made.sql.find(what).unwrap_or_else(|| panic!("{what} is not in {}", made.sql));
        let place = made.place(made.sql[..byte].chars().count() + 1)?;
        let file = text
            .split("-- file: models/shop/pub/w.sql\n")
            .nth(usize::from(place.object.object.as_str() == "w"));
        Some(place.span.of(file.unwrap_or_default()).to_owned())
    };
    assert_eq!(at("nope").as_deref(), Some("nope"));
    assert_eq!(at("lable").as_deref(), Some("lable"));
    assert_eq!(at("missing").as_deref(), Some("missing"));
    assert_eq!(at("\"mzf_1\".lable").as_deref(), Some("shop.raw.items"));
    assert_eq!(at("WITH"), None);
    assert_eq!(made.place(0), None);
    assert_eq!(made.place(9_999), None);
    assert_eq!(made.told("column \"mzf_1.x\" of \"mzf_0\""), "column \"shop.raw.items.x\" of shop.pub.v");
}

#[test]
fn a_variable_is_one_place() {
    let (project, _) = compiled(
        "-- file: project.toml
        [profiles.p.variables]
        col = \"a_long_one\"
        -- file: models/shop/pub/v.sql
        CREATE VIEW v AS SELECT :col, x FROM (SELECT 1) AS y",
        "p",
    );
    let made = query(object(&project, "shop.pub.v"), &|_| None).unwrap_or_else(|| panic!("it has a query"));
    let text = "        CREATE VIEW v AS SELECT :col, x FROM (SELECT 1) AS y\n";
    let at = |what: &str| {
        let place = made.place(made.sql.find(what)? + 1)?;
        Some(place.span.of(text))
    };
    assert_eq!(at("long"), Some(":col"));
    assert_eq!(at("x FROM"), Some("x"));
}

#[test]
fn long_names_stay_whole() {
    let long = "é".repeat(127) + "x";
    let (project, _) = compiled(
        &format!(
            "-- file: models/shop/raw/{long}.sql\nCREATE TABLE \"{long}\" (id int)\n\
             -- file: models/shop/pub/v.sql\nCREATE VIEW v AS SELECT \"{long}\".id FROM raw.\"{long}\""
        ),
        "",
    );
    let given = columns(&[(&long, "int4")]);
    let made = query(object(&project, "shop.pub.v"), &|_| Some(StandIn::Empty(&given)));
    let sql = made.unwrap_or_else(|| panic!("it has a query")).sql;
    assert!(sql.contains(&format!("SELECT \"{long}\".id FROM \"mzf_1\" AS \"{long}\"")), "{sql}");
}
