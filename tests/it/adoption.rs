//! What somebody made by hand from the same files is what the files say: nothing is rebuilt.

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::invariants::Picture;

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

/// Two views made by hand, of which one is not what its file says.
async fn by_hand(world: &World) {
    world.write(
        "-- file: shop/project.toml\n\
         -- file: shop/models/shop/core/same.sql\nCREATE VIEW same AS SELECT 1 AS a\n\
         -- file: shop/models/shop/core/other.sql\nCREATE VIEW other AS SELECT 2 AS a\n",
    );
    let client = world.client().await;
    for sql in [
        "CREATE DATABASE shop",
        "CREATE SCHEMA shop.core",
        "CREATE VIEW shop.core.same AS SELECT 1 AS a",
        "CREATE VIEW shop.core.other AS SELECT 3 AS a",
    ] {
        client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

async fn again(world: &World, sql: &str) {
    world.client().await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

fn change(world: &World, name: &str) -> String {
    let diff = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    let objects = diff["objects"].as_array().expect("a list").clone();
    let found = objects.iter().find(|object| object["name"] == name);
    found.map_or("unchanged".to_owned(), |object| object["change"].as_str().expect("a word").to_owned())
}

#[test]
fn what_is_adopted_is_known_when_somebody_changes_it_later() {
    let world = World::new();
    RUNTIME.block_on(by_hand(&world));
    world.forget();
    let shown = world.mzflow(&["adopt", "--project", "shop", "--dry-run"]).code(0);
    drop(shown.says("ALTER SCHEMA"));
    assert!(!world.statements().iter().any(|sql| sql.starts_with("CREATE") || sql.starts_with("ALTER")));
    world.forget();
    let told = world.mzflow(&["adopt", "--project", "shop", "--json"]).code(0).json_lines();
    let told = told.last().expect("its outcome");
    assert_eq!(told["adopted"], serde_json::json!(["shop.core.same"]), "{told:#}");
    assert_eq!(told["differing"][0]["name"], "shop.core.other");
    assert_eq!(told["differing"][0]["adopted"], false);
    let sent = world.statements();
    let touched =
        sent.iter().find(|sql| sql.contains("shop") && !sql.contains("_mzflow") && sql.starts_with("ALTER"));
    assert_eq!(touched, None);
    // Its schema would be swapped for the other's sake; by itself it is no change.
    assert_eq!(change(&world, "shop.core.same"), "carried");
    assert_eq!(change(&world, "shop.core.other"), "changed");
    // A second time there is nothing to do, and nothing is written.
    world.forget();
    world
        .mzflow(&["adopt", "--project", "shop"])
        .code(0)
        .says("nothing to adopt · 1 known before · 1 not what the file says");
    assert!(!world.statements().iter().any(|sql| sql.starts_with("INSERT") || sql.starts_with("ALTER")));
    // Somebody replaces it: that is drift, and a deployment refuses to overwrite it.
    RUNTIME.block_on(again(&world, "CREATE OR REPLACE VIEW shop.core.same AS SELECT 7 AS a"));
    assert_eq!(change(&world, "shop.core.same"), "drifted");
    world.mzflow(&["stage", "--project", "shop"]).code(3).says("stage.drifted");
}

#[test]
fn what_differs_is_adopted_when_asked_and_is_deployed_afterwards() {
    let world = World::new();
    RUNTIME.block_on(by_hand(&world));
    world.mzflow(&["adopt", "--project", "shop", "--differing"]).code(0).says("2 objects adopted as adopt-");
    assert_eq!(change(&world, "shop.core.other"), "changed");
    // A file that says what stands there is no change.
    world.write("-- file: shop/models/shop/core/other.sql\nCREATE VIEW other AS SELECT 3 AS a\n");
    assert_eq!(change(&world, "shop.core.other"), "unchanged");
    world.write("-- file: shop/models/shop/core/other.sql\nCREATE VIEW other AS SELECT 4 AS a\n");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--yes"]).code(0);
    world.mzflow(&["diff", "--project", "shop", "--exit-code"]).code(0);
    world.mzflow(&["gc"]).code(0).says("nothing to clean up");
    let log = world.mzflow(&["log", "--json"]).code(0).json();
    let adopted = log.as_array().expect("a list").iter().find_map(|entry| {
        entry["deployment"].as_str().filter(|id| id.starts_with("adopt-")).map(str::to_owned)
    });
    world.mzflow(&["describe", &adopted.expect("it is in the log")]).code(0);
}

/// A project, as somebody writes it down who moves to mzflow.
const MOVED: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int, label text);
-- file: shop/models/shop/core/labels.sql
CREATE VIEW labels AS SELECT id, upper(label) AS label FROM raw.items WHERE id > 0;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT l.label, count(*) AS n FROM core.labels AS l GROUP BY l.label;
CREATE INDEX totals_label_idx IN CLUSTER compute ON totals (label);
COMMENT ON COLUMN totals.n IS 'how many';
";

/// Takes the environment over: nothing of it is touched, and nothing differs.
#[track_caller]
fn taken_over(world: &World) {
    world.write(MOVED);
    world.mzflow(&["setup"]).code(0);
    let ids = || {
        world.rows(
            "SELECT o.id FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
             JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop' ORDER BY o.id",
        )
    };
    let (before, stood) = (Picture::take(world), ids());
    world.forget();
    let told = world.mzflow(&["adopt", "--project", "shop", "--json"]).code(0).json_lines();
    let told = told.last().expect("its outcome");
    assert_eq!(told["differing"], serde_json::json!([]), "{told:#}");
    assert_eq!(told["adopted"].as_array().map(Vec::len), Some(2), "{told:#}");
    Picture::take(world).is_like(&before, "it is taken over");
    assert_eq!(ids(), stood, "something was made anew");
    let touched = |sql: &&String| {
        ["CREATE", "ALTER", "DROP"].iter().any(|verb| sql.starts_with(verb)) && !sql.contains("_mzflow")
    };
    assert_eq!(world.statements().iter().find(touched), None);
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0).says("nothing to deploy");
    assert_eq!(ids(), stood, "something was made anew");
}

/// As dbt sends it: everything quoted, queries in parentheses with its own comment before them, and what it deployed last
/// still beside production.
#[test]
fn what_dbt_has_made_is_taken_over() {
    let world = World::new();
    for sql in [
        "CREATE DATABASE shop",
        "CREATE SCHEMA shop.raw",
        "CREATE CLUSTER compute (SIZE = '25cc', REPLICATION FACTOR = 1)",
        "CREATE TABLE shop.raw.items (id int, label text)",
        "create schema if not exists \"shop\".\"core_dbt_deploy\"",
        "/* {\"app\": \"dbt\", \"node_id\": \"model.shop.labels\"} */\n\n  create view \"shop\".\"core_dbt_deploy\".\"labels\"\n    \n  as (\n    select id, upper(label) as label\nfrom \"shop\".\"raw\".\"items\"\nwhere id > 0\n  );",
        "/* {\"app\": \"dbt\"} */\n  create materialized view \"shop\".\"core_dbt_deploy\".\"totals\"\n  \n    in cluster \"compute\"\n  \n  as (\n    select l.label, count(*) as n\nfrom \"shop\".\"core_dbt_deploy\".\"labels\" l\ngroup by l.label\n  );",
        "create  index \"totals_label_idx\"\n    in cluster compute\n    on \"shop\".\"core_dbt_deploy\".\"totals\" (label);",
        "comment on column \"shop\".\"core_dbt_deploy\".\"totals\".\"n\" is $dbt_comment_literal_block$how many$dbt_comment_literal_block$;",
        "CREATE SCHEMA shop.core",
        "BEGIN; ALTER SCHEMA shop.core SWAP WITH core_dbt_deploy; COMMIT",
    ] {
        world.sql(sql);
    }
    taken_over(&world);
}

/// As mz-deploy leaves it: its own database beside, and production that was built under other names and swapped in.
#[test]
fn what_mz_deploy_has_made_is_taken_over() {
    let world = World::new();
    for sql in [
        "CREATE DATABASE _mz_deploy",
        "CREATE TABLE _mz_deploy.public.deployments (deploy_id text, promoted_at timestamptz)",
        "CREATE DATABASE shop",
        "CREATE SCHEMA shop.raw",
        "CREATE TABLE shop.raw.items (id int, label text)",
        "CREATE CLUSTER compute (SIZE = '25cc')",
        "CREATE SCHEMA shop.core",
        "CREATE SCHEMA shop.core_ab12cd3",
        "CREATE CLUSTER compute_ab12cd3 (SIZE = '25cc', REPLICATION FACTOR = 1)",
        "CREATE VIEW shop.core_ab12cd3.labels AS SELECT id, upper(label) AS label FROM shop.raw.items WHERE id > 0",
        "CREATE MATERIALIZED VIEW shop.core_ab12cd3.totals IN CLUSTER compute_ab12cd3 AS \
         SELECT l.label, count(*) AS n FROM shop.core_ab12cd3.labels AS l GROUP BY l.label",
        "CREATE INDEX totals_label_idx IN CLUSTER compute_ab12cd3 ON shop.core_ab12cd3.totals (label)",
        "COMMENT ON COLUMN shop.core_ab12cd3.totals.n IS 'how many'",
        "BEGIN; ALTER SCHEMA shop.core SWAP WITH core_ab12cd3; ALTER CLUSTER compute SWAP WITH compute_ab12cd3; COMMIT",
        "DROP SCHEMA shop.core_ab12cd3 CASCADE",
        "DROP CLUSTER compute_ab12cd3 CASCADE",
    ] {
        world.sql(sql);
    }
    taken_over(&world);
}
