//! `compile --check`: what the server says of queries that do not stand anywhere yet.

use expect_test::expect;
use mzflow::sandbox::Options;
use serde_json::Value;

use crate::harness::World;

/// A project with a table to come, a view on it and a view on that.
const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int NOT NULL, label varchar(20), price numeric(38, 2), tags text list);
CREATE INDEX items_id IN CLUSTER quickstart ON items (id, upper(label));
-- file: shop/models/shop/pub/priced.sql
CREATE VIEW priced AS
SELECT items.id, price * 2 AS twice, tags, label
FROM raw.items;
-- file: shop/models/shop/pub/tops.sql
CREATE MATERIALIZED VIEW tops (item, total, tags) IN CLUSTER quickstart AS
SELECT id, sum(twice), tags FROM priced GROUP BY id, tags;
CREATE INDEX tops_total IN CLUSTER quickstart ON tops (total, tags[1]);
";

fn check(world: &World) -> crate::harness::told::Told {
    world.mzflow(&["compile", "--check", "--project", "shop"])
}

/// The diagnostics of a check, a line each.
fn diagnostics(world: &World) -> String {
    let document = world.mzflow(&["compile", "--check", "--project", "shop", "--json"]).json();
    let line = |one: &Value| {
        let text = |field: &str| one[field].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}:{}:{} {}",
            text("code"),
            text("sqlstate"),
            text("file"),
            one["line"],
            one["column"],
            text("message")
        )
    };
    document["diagnostics"]
        .as_array()
        .expect("there are some")
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_good_project_is_described_and_nothing_is_made() {
    let world = World::new();
    world.write(SHOP);
    world.forget();
    check(&world).code(0).says("2 checked by the server");
    // What is only described is never run: all that ran is the reading of the catalog.
    let sent = world.statements();
    let reads = |sql: &&String| ["SELECT", "SHOW"].iter().any(|word| sql.starts_with(word));
    assert!(sent.len() > 10 && sent.iter().all(|sql| reads(&sql)), "{sent:#?}");
    assert!(sent.iter().all(|sql| !sql.contains("twice")), "{sent:#?}");
    assert_eq!(world.rows("SELECT count(*) FROM mz_objects WHERE id LIKE 'u%'"), "0");
    world.mzflow(&["compile", "--project", "shop"]).code(0).never_says("checked by");
}

#[test]
fn everything_the_server_says_is_told_at_once_and_in_its_place() {
    let world = World::new();
    world.write(SHOP);
    world.write(
        "\
-- file: shop/project.toml
[profiles.p.variables]
column = \"a_rather_long_name\"
-- file: shop/models/shop/pub/below.sql
CREATE VIEW below AS SELECT * FROM wrong;
-- file: shop/models/shop/pub/kinds.sql
CREATE VIEW kinds AS
SELECT id FROM raw.items WHERE label > 1;
-- file: shop/models/shop/pub/lower.sql
-- é
CREATE VIEW lower AS SELECT b.* FROM below b;
-- file: shop/models/shop/pub/twice.sql
CREATE VIEW twice AS SELECT id, label AS id FROM raw.items;
-- file: shop/models/shop/pub/wrong.sql
CREATE VIEW wrong AS
-- é
SELECT 'é' AS e, items.lable FROM raw.items;
CREATE INDEX wrong_e IN CLUSTER quickstart ON wrong (e);
-- file: shop/models/shop/pub/keys.sql
CREATE VIEW keys AS SELECT id FROM raw.items;
CREATE INDEX keys_id IN CLUSTER quickstart ON keys (id, pub.keys.nope);
",
    );
    check(&world).code(1).says("[compile.failed]").says("4 errors").says("nothing was changed");
    expect![[r#"
        check.skipped - models/shop/pub/below.sql:1:36 `shop.pub.below` was not checked: it reads `shop.pub.wrong`, which is wrong or unknown itself
        check.rejected XX000 models/shop/pub/keys.sql:2:66 the keys of index `keys_id`: column "keys.nope" does not exist
        check.rejected XX000 models/shop/pub/kinds.sql:1:1 operator does not exist: character varying > integer
        check.skipped - models/shop/pub/lower.sql:2:38 `shop.pub.lower` was not checked: it reads `shop.pub.below`, and below that `shop.pub.wrong` is wrong or unknown
        check.column-twice - models/shop/pub/twice.sql:1:1 `shop.pub.twice` would have two columns `id`
        check.rejected XX000 models/shop/pub/wrong.sql:3:24 column "items.lable" does not exist"#]].assert_eq(&diagnostics(&world));
    assert_eq!(world.rows("SELECT count(*) FROM mz_objects WHERE id LIKE 'u%'"), "0");
}

#[test]
fn only_what_differs_is_checked() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "one"]).code(0);
    check(&world).code(0).says("0 checked by the server");
    world.write("-- file: shop/models/shop/pub/priced.sql\nCREATE VIEW priced AS SELECT id, price AS twice, tags, label AS l FROM raw.items;\n");
    // What reads it is rebuilt.
    check(&world).code(0).says("2 checked by the server");
    world.write("-- file: shop/models/shop/pub/priced.sql\nCREATE VIEW priced AS SELECT id, label AS twice, tags FROM raw.items;\n");
    let told = check(&world).code(1);
    told.says("models/shop/pub/tops.sql")
        .says("[check.rejected]: function sum(character varying) does not exist");
    // Production's own is what is read where the project does not change it.
    world.sql("DROP MATERIALIZED VIEW shop.pub.tops");
    world.write("-- file: shop/models/shop/pub/priced.sql\nCREATE VIEW priced AS\nSELECT items.id, price * 2 AS twice, tags, label\nFROM raw.items;\n");
    check(&world).code(0).says("1 checked by the server");
}

#[test]
fn what_is_outside_is_read_there_or_in_the_lock() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
dependencies = [\"ext.s.t\"]
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT t.id + 1 AS n, t.tags[1] AS tag FROM ext.s.t;
",
    );
    let told = check(&world).code(1).says("[check.unknown-columns]: `ext.s.t` is not in the target");
    told.says("let `mzflow lock --project shop` write its columns in an environment that has it");
    world.sql("CREATE DATABASE ext");
    world.sql("CREATE SCHEMA ext.s");
    world.sql("CREATE TABLE ext.s.t (id int NOT NULL, tags text[])");
    check(&world).code(0).says("1 checked by the server").never_says("warning");
    world.mzflow(&["lock", "--project", "shop"]).code(0).says("1 object, types.lock written");
    world.sql("DROP TABLE ext.s.t");
    world.sql("CREATE TABLE ext.s.t (id text NOT NULL, tags text[], more int)");
    let told = check(&world).code(1).says("[check.rejected]: operator does not exist: text + integer");
    told.says("[check.drift]: `ext.s.t` differs from types.lock: column `id` is of type text, and was of type integer; column `more` of type integer is new")
        .says("types.lock:6:8");
    world.sql("DROP TABLE ext.s.t");
    // It is gone: the lock tells what it was.
    check(&world).code(0).says("1 checked by the server").says("it is not there any more");
}

#[test]
fn tables_of_a_source_are_read_there_or_in_the_lock() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
dependencies = [\"shop.raw.bids\"]
-- file: shop/models/shop/raw/auction.sql
CREATE SOURCE auction IN CLUSTER quickstart FROM LOAD GENERATOR AUCTION FOR ALL TABLES;
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT bids.amount + 1 AS more FROM raw.bids;
",
    );
    // What a load generator makes is the same everywhere, so it need not be there.
    check(&world).code(0).says("1 checked by the server");
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    check(&world).code(0).says("1 checked by the server");
    world.mzflow(&["lock", "--project", "shop"]).code(0);
    let elsewhere = World::new();
    let folder = world.folder().join("shop").to_string_lossy().into_owned();
    elsewhere.mzflow(&["compile", "--check", "--project", &folder]).code(0).says("1 checked by the server");
}

#[test]
fn columns_of_load_generators_are_known_before_anything_is_there() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/tpch.sql
CREATE SOURCE tpch IN CLUSTER quickstart FROM LOAD GENERATOR TPCH FOR ALL TABLES;
-- file: shop/models/shop/raw/leads_only.sql
CREATE SOURCE leads_only IN CLUSTER quickstart FROM LOAD GENERATOR MARKETING FOR TABLES (marketing.leads AS \"L\");
-- file: shop/models/shop/raw/counter.sql
CREATE SOURCE counter IN CLUSTER quickstart FROM LOAD GENERATOR COUNTER;
-- file: shop/models/shop/raw/house.sql
CREATE SOURCE house IN CLUSTER quickstart FROM LOAD GENERATOR AUCTION;
-- file: shop/models/shop/raw/fed.sql
CREATE TABLE fed FROM SOURCE house (REFERENCE auction.bids);
-- file: shop/models/shop/raw/pairs.sql
CREATE SOURCE pairs IN CLUSTER quickstart FROM LOAD GENERATOR KEY VALUE (KEYS 16, PARTITIONS 4, SNAPSHOT ROUNDS 1, SEED 1, VALUE SIZE 10, BATCH SIZE 2) INCLUDE KEY ENVELOPE UPSERT;
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT l_orderkey, l_shipdate, sum(l_tax) AS tax FROM raw.lineitem JOIN raw.orders ON o_orderkey = l_orderkey GROUP BY 1, 2;
-- file: shop/models/shop/pub/w.sql
CREATE VIEW w AS SELECT converted_at, counter + 1 AS n, amount * 2 AS twice, bid_time, value FROM raw.\"L\", raw.counter, raw.fed, raw.pairs;
-- file: shop/models/shop/pub/x.sql
CREATE VIEW x AS SELECT nope FROM raw.nation;
",
    );
    check(&world).code(1).says("column \"nope\" does not exist").never_says("is not in the target");
}

#[test]
fn tables_that_only_an_outside_system_knows_are_told() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/pg.sql
CREATE CONNECTION pg TO POSTGRES (HOST 'h', DATABASE 'd', USER 'u');
-- file: shop/models/shop/raw/upstream.sql
CREATE SOURCE upstream IN CLUSTER quickstart FROM POSTGRES CONNECTION pg (PUBLICATION 'p') FOR TABLES (public.bids);
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT bids.amount FROM raw.bids;
",
    );
    let told = check(&world).code(1).says("`shop.raw.bids` is not in the target");
    told.says("create it with `mzflow apply --project shop`");
}

#[test]
fn types_of_the_project_have_to_be_there() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/kinds.sql
CREATE TYPE kinds AS LIST (ELEMENT TYPE = int4);
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int, k kinds, more raw.kinds list);
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT '{1}'::raw.kinds AS k;
-- file: shop/models/shop/pub/w.sql
CREATE VIEW w AS SELECT k FROM raw.items;
",
    );
    let told = check(&world).code(1).says("`shop.raw.kinds` is a type that is not in the target");
    told.says("`mzflow apply --project shop`");
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    check(&world).code(0).says("2 checked by the server");
    // A table that is to come is stood in for by its columns, whose types are named in full.
    world.write("-- file: shop/models/shop/raw/more.sql\nCREATE TABLE more (k kinds list, l kinds);\n");
    world.write("-- file: shop/models/shop/pub/x.sql\nCREATE VIEW x AS SELECT l, k FROM raw.more;\n");
    check(&world).code(0).says("3 checked by the server");
}

/// Queries in which what stands for a relation is easily taken for something else.
const TRICKY: &[&str] = &[
    "SELECT raw.t.id, t.name FROM raw.t",
    "SELECT shop.raw.t.*, t.n AS m FROM raw.t ORDER BY raw.t.id, t.n LIMIT 3",
    "SELECT raw.t.id AS a, other.t.id AS b FROM raw.t, other.t WHERE raw.t.id = other.t.id",
    "SELECT t.id FROM raw.t WHERE EXISTS (SELECT 1 FROM other.t WHERE t.extra = raw.t.id)",
    "SELECT t.id, (SELECT max(t.extra) FROM other.t WHERE t.id = 1) AS m FROM raw.t",
    "WITH t AS (SELECT id AS x FROM raw.t) SELECT t.x FROM t WHERE x IN (SELECT t.id FROM other.t)",
    "WITH u AS (SELECT * FROM raw.t) SELECT u.id, t.extra FROM u JOIN other.t USING (id)",
    "SELECT a.id, t.id AS again FROM raw.t AS a, raw.t",
    "SELECT x.c FROM raw.t, LATERAL (SELECT count(*) AS c FROM other.t AS o WHERE o.id = t.id) AS x",
    "WITH MUTUALLY RECURSIVE r (n int) AS (SELECT t.id FROM raw.t UNION SELECT r.n + 1 FROM r WHERE r.n < 9) SELECT r.n FROM r",
    "TABLE raw.t",
    "(SELECT id FROM raw.t EXCEPT SELECT id FROM other.t) UNION ALL VALUES (1) ORDER BY 1",
    "SELECT DISTINCT ON (t.name) t.name, count(t.id) OVER (PARTITION BY t.name) AS c FROM raw.t",
    "SELECT t.name, count(*) AS c, sum(t.n) AS s FROM raw.t GROUP BY t.name HAVING count(t.id) > 1",
    "SELECT t.id FROM raw.t LEFT JOIN (other.t AS o CROSS JOIN raw.t AS p) ON o.id = t.id AND p.id = t.id",
    "SELECT id FROM raw.t WHERE id IN (SELECT t.id FROM other.t) -- the end",
    "SELECT mzf_1.id AS mzf_2 FROM raw.t AS mzf_1",
    "SELECT g, t.id FROM raw.t, generate_series(1, 2) AS g",
];

#[test]
fn names_go_on_meaning_what_they_meant() {
    let world = World::new();
    let mut files = "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/t.sql
CREATE TABLE t (id int, name text, n numeric(10, 2));
-- file: shop/models/shop/other/t.sql
CREATE TABLE t (id int, extra int);
"
    .to_owned();
    for (number, query) in TRICKY.iter().enumerate() {
        files += &format!("-- file: shop/models/shop/pub/v{number}.sql\nCREATE VIEW v{number} AS {query}\n");
    }
    world.write(&files);
    // With stand-ins, and where everything is there.
    check(&world).code(0).says("18 checked by the server");
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    check(&world).code(0).says("18 checked by the server");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "one"]).code(0);
}

#[test]
fn types_are_the_same_from_level_to_level() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/t.sql
CREATE TABLE t (
    a bool, b int2, c int4, d int8, e float4, f float8, g numeric, h numeric(38, 2), i text, j varchar, k varchar(5),
    l char(3), m \"char\", n bytea, o date, p time, q timestamp, r timestamp(3), s timestamptz, t timestamptz(0),
    u interval, v uuid, w jsonb, x oid, y uint2, z uint4, aa uint8, ab mz_timestamp, ac int[], ad text[],
    ae numeric(10, 1)[], af name, ag int list, ah map[text=>int], ai uint2[], aj varchar(4)[]
);
-- file: shop/models/shop/pub/one.sql
CREATE VIEW one AS SELECT * FROM raw.t;
-- file: shop/models/shop/pub/two.sql
CREATE VIEW two AS SELECT * FROM one;
-- file: shop/models/shop/pub/three.sql
CREATE VIEW three AS SELECT * FROM raw.t UNION ALL SELECT * FROM two;
-- file: shop/models/shop/pub/told.sql
CREATE VIEW told AS
SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, af, ai FROM two;
-- file: shop/models/shop/pub/four.sql
CREATE VIEW four AS SELECT * FROM told UNION ALL
SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, af, ai FROM raw.t;
",
    );
    check(&world).code(0).says("5 checked by the server");
}

#[test]
fn constraints_are_checked_where_they_stand() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int, label text);
-- file: shop/models/shop/pub/all_items.sql
CREATE MATERIALIZED VIEW all_items IN CLUSTER quickstart AS SELECT * FROM raw.items;
COMMENT ON MATERIALIZED VIEW all_items IS 'each';
CREATE UNIQUE CONSTRAINT IN CLUSTER quickstart ON all_items (id, nope);
",
    );
    let told = check(&world).code(1).says("[check.rejected]: column \"nope\" does not exist");
    told.says("models/shop/pub/all_items.sql:3:66");
}

#[test]
fn a_chain_is_followed_to_its_end() {
    let world = World::new();
    let mut files = "-- file: shop/project.toml\n-- file: shop/models/shop/pub/v0.sql\nCREATE VIEW v0 AS SELECT 1 AS n, 'x' AS t;\n".to_owned();
    for number in 1..300 {
        files += &format!(
            "-- file: shop/models/shop/pub/v{number}.sql\nCREATE VIEW v{number} AS SELECT v{0}.n + 1 AS n, t || '{number}' AS t FROM v{0};\n",
            number - 1
        );
    }
    world.write(&files);
    check(&world).code(0).says("300 checked by the server");
    world.write("-- file: shop/models/shop/pub/v100.sql\nCREATE VIEW v100 AS SELECT n AS m, t FROM v99;\n");
    let document = world.mzflow(&["compile", "--check", "--project", "shop", "--json"]).code(1).json();
    assert_eq!(document["checked"], 101);
    assert_eq!(document["skipped"].as_array().map(Vec::len), Some(198));
}

#[test]
fn a_server_that_lets_nobody_in() {
    let world = World::with(Options { password: Some("right-one".to_owned()), ..Options::default() });
    world.write(SHOP);
    let url = world.url().replace("right-one", "sesame");
    let told = world.mzflow(&["compile", "--check", "--project", "shop", "--url", &url]).code(4);
    told.says("[db.authentication]").never_says("sesame");
    // Without a server there is nothing to be let into.
    world.mzflow(&["compile", "--project", "shop", "--url", &url]).code(0);
}

#[test]
fn a_broken_connection_is_no_verdict() {
    let world = World::new();
    world.write(SHOP);
    world.faults("drop before 'SELECT t.oid%'");
    check(&world).code(1).says("[db.lost]");
}

#[test]
fn a_recipe_checks_too() {
    let world = World::new();
    world.write(SHOP);
    world.write(
        "\
-- file: shop/recipes/look.lua
-- look: lets the server check, and says how much.
return mz.recipe {
  api = 1, name = 'look', summary = 'Looks.',
  run = function()
    local found = mz.check { changes = mz.diff { project = mz.compile {} } }
    mz.log(found.checked .. ' were right')
  end,
}
-- file: shop/models/shop/pub/more.sql
CREATE VIEW more AS SELECT * FROM tops;
",
    );
    world.mzflow(&["run", "look", "--project", "shop"]).code(0).says("3 were right");
    world.write("-- file: shop/models/shop/pub/more.sql\nCREATE VIEW more AS SELECT nope FROM tops;\n");
    let told = world.mzflow(&["run", "look", "--project", "shop"]).code(1);
    told.says("[check.rejected]: column \"nope\" does not exist").says("models/shop/pub/more.sql:1:28");
}
