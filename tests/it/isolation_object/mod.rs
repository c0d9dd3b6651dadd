//! Isolation `object`: objects change places one by one, by renames inside production's own schemas.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use expect_test::expect;
use mzflow::clock::Clock;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::told::Told;

mod deaths;
mod others;
mod traps;

/// A project in which one thing changes, one reads it, one goes, and the others have nothing to do with it.
const V1: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
COMMENT ON VIEW orders IS 'Every order';
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT sum(orders.amount) AS total FROM core.orders WHERE orders.amount > 0;
CREATE INDEX totals_by_total IN CLUSTER compute ON totals (total);
-- file: shop/models/shop/core/idle.sql
CREATE MATERIALIZED VIEW idle IN CLUSTER compute AS SELECT 7 AS seven;
-- file: shop/models/shop/serve/Gran\"d.sql
CREATE VIEW \"Gran\"\"d\" AS SELECT total AS \"Sum\" FROM core.totals;
CREATE INDEX \"By Sum\" IN CLUSTER compute ON \"Gran\"\"d\" (\"Sum\");
-- file: shop/models/shop/serve/old_report.sql
CREATE VIEW old_report AS SELECT amount AS figure FROM core.orders;
";

/// The same with another amount, a removed view, an added one, and one of another kind.
fn v2() -> String {
    let old = V1.split("-- file: shop/models/shop/serve/old_report.sql").next().expect("it is last");
    old.replace("10 AS amount", "20 AS amount")
        + "-- file: shop/models/shop/serve/new_report.sql\n\
           CREATE VIEW new_report AS SELECT t.total FROM core.totals AS t;\n"
}

const OBJECT: [&str; 6] = ["run", "blue_green", "--project", "shop", "--isolation", "object"];

/// The first version is production, and the second on the disk.
fn waiting() -> World {
    let world = World::new();
    world.write(V1);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    std::fs::remove_file(world.folder().join("shop/models/shop/serve/old_report.sql")).expect("it is there");
    world.write(&v2());
    world.forget();
    world
}

fn second(world: &World, more: &[&str]) -> Told {
    world.mzflow(&[&OBJECT[..], &["--id", "second", "--yes"], more].concat())
}

/// Everything in the project's schemas, by name.
fn objects(world: &World) -> String {
    world.rows(
        "SELECT s.name, o.name, o.type FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop' ORDER BY 1, 2, 3",
    )
}

/// The same with ids.
fn with_ids(world: &World) -> String {
    world.rows(
        "SELECT s.name, o.name, o.id FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop' ORDER BY 1, 2, 3",
    )
}

fn id_of(world: &World, name: &str) -> String {
    world.rows(&format!("SELECT id FROM mz_objects WHERE name = '{name}'"))
}

fn total(world: &World) -> String {
    world.rows("SELECT \"Sum\" FROM shop.serve.\"Gran\"\"d\"")
}

/// What is staged, claimed or retired, of whatever kind.
fn staged(world: &World) -> String {
    world.rows(
        "SELECT name FROM mz_objects WHERE name LIKE '%\\_\\_mz_' \
         UNION ALL SELECT name FROM mz_schemas WHERE name LIKE '%\\_\\_mz_' \
         UNION ALL SELECT name FROM mz_clusters WHERE name LIKE '%\\_\\_mz_' ORDER BY 1",
    )
}

/// What was sent that changes something.
fn changing(world: &World) -> Vec<String> {
    let reads = ["SELECT", "SHOW", "BEGIN", "COMMIT", "ROLLBACK", "SET", "INSERT INTO \"_mzflow\""];
    let sent = world.statements().into_iter();
    sent.filter(|sql| !reads.iter().any(|read| sql.starts_with(read))).collect()
}

#[test]
fn the_least_is_rebuilt_and_comes_back() {
    let world = waiting();
    let (before, first) = (with_ids(&world), objects(&world));
    let idle = id_of(&world, "idle");
    second(&world, &["--keep", "1h"]).code(0).says("second is production").says("by renames");
    assert_eq!((total(&world).as_str(), id_of(&world, "idle")), ("20", idle));
    expect![[r#"
        core idle materialized-view
        core orders view
        core orders__second__mzr view
        core totals materialized-view
        core totals__second__mzr materialized-view
        core totals_by_total index
        core totals_by_total__second__mzr index
        serve By Sum index
        serve By Sum__second__mzr index
        serve Gran"d view
        serve Gran"d__second__mzr view
        serve new_report view
        serve old_report__second__mzr view"#]]
    .assert_eq(&objects(&world));
    let sent = changing(&world);
    let containers = ["CREATE SCHEMA", "CREATE CLUSTER", "SWAP"];
    assert!(!sent.iter().any(|sql| containers.iter().any(|word| sql.contains(word))), "{sent:?}");
    world.mzflow(&["diff", "--project", "shop", "--exit-code"]).code(0).says("no changes");

    world.mzflow(&["rollback"]).code(0).says("second");
    assert_eq!(total(&world), "10");
    let after: BTreeSet<String> = with_ids(&world).lines().map(str::to_owned).collect();
    assert!(before.lines().all(|line| after.contains(line)), "{before}\n\n{after:?}");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    assert_eq!(total(&world), "20");
    world.mzflow(&["rollback"]).code(0);
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!((objects(&world), with_ids(&world), staged(&world).as_str()), (first, before, ""));
    world.mzflow(&["gc"]).code(0).says("nothing to clean up");
}

#[test]
fn every_statement_is_one_that_is_needed() {
    let world = waiting();
    second(&world, &[]).code(0);
    // The marker and the tags of schemas are as ever; the renames are sent twice, first to be rolled back.
    let mut sent = changing(&world);
    sent.retain(|sql| !sql.contains("epoch@") && !sql.starts_with("COMMENT ON SCHEMA"));
    let mut seen = BTreeSet::new();
    sent.retain(|sql| seen.insert(sql.clone()));
    expect![[r#"
        CREATE VIEW "shop"."core"."orders__second__mzf" AS SELECT 1 AS id, 20 AS amount
        CREATE MATERIALIZED VIEW "shop"."core"."totals__second__mzf" IN CLUSTER "compute" AS
        SELECT sum("shop"."core"."orders__second__mzf".amount) AS total FROM "shop"."core"."orders__second__mzf" WHERE "shop"."core"."orders__second__mzf".amount > 0
        CREATE INDEX "totals_by_total__second__mzf" IN CLUSTER "compute" ON "shop"."core"."totals__second__mzf" (total)
        CREATE VIEW "shop"."serve"."Gran""d__second__mzf" AS SELECT total AS "Sum" FROM "shop"."core"."totals__second__mzf"
        CREATE INDEX "By Sum__second__mzf" IN CLUSTER "compute" ON "shop"."serve"."Gran""d__second__mzf" ("Sum")
        CREATE VIEW "shop"."serve"."new_report__second__mzf" AS SELECT t.total FROM "shop"."core"."totals__second__mzf" AS t
        COMMENT ON VIEW "shop"."core"."orders__second__mzf" IS 'Every order'
        ALTER VIEW "shop"."core"."orders" RENAME TO "orders__second__mzr"
        ALTER MATERIALIZED VIEW "shop"."core"."totals" RENAME TO "totals__second__mzr"
        ALTER VIEW "shop"."serve"."Gran""d" RENAME TO "Gran""d__second__mzr"
        ALTER VIEW "shop"."serve"."old_report" RENAME TO "old_report__second__mzr"
        ALTER INDEX "shop"."core"."totals_by_total" RENAME TO "totals_by_total__second__mzr"
        ALTER INDEX "shop"."serve"."By Sum" RENAME TO "By Sum__second__mzr"
        ALTER VIEW "shop"."core"."orders__second__mzf" RENAME TO "orders"
        ALTER MATERIALIZED VIEW "shop"."core"."totals__second__mzf" RENAME TO "totals"
        ALTER VIEW "shop"."serve"."Gran""d__second__mzf" RENAME TO "Gran""d"
        ALTER VIEW "shop"."serve"."new_report__second__mzf" RENAME TO "new_report"
        ALTER INDEX "shop"."core"."totals_by_total__second__mzf" RENAME TO "totals_by_total"
        ALTER INDEX "shop"."serve"."By Sum__second__mzf" RENAME TO "By Sum"
        ALTER VIEW "shop"."core"."orders__second__mzr" RENAME TO "orders__second__mzx"
        ALTER MATERIALIZED VIEW "shop"."core"."totals__second__mzr" RENAME TO "totals__second__mzx"
        ALTER VIEW "shop"."serve"."Gran""d__second__mzr" RENAME TO "Gran""d__second__mzx"
        ALTER VIEW "shop"."serve"."old_report__second__mzr" RENAME TO "old_report__second__mzx"
        DROP VIEW "shop"."serve"."Gran""d__second__mzx", "shop"."serve"."old_report__second__mzx" RESTRICT
        DROP MATERIALIZED VIEW "shop"."core"."totals__second__mzx" RESTRICT
        DROP VIEW "shop"."core"."orders__second__mzx" RESTRICT"#]].assert_eq(&sent.join("\n"));
    assert_eq!(staged(&world), "");
}

#[test]
fn a_rehearsal_says_the_same_and_does_nothing() {
    let world = waiting();
    let before = with_ids(&world);
    let told = second(&world, &["--dry-run"]).code(0);
    told.says("ALTER VIEW \"shop\".\"core\".\"orders\" RENAME TO \"orders__second__mzr\"");
    assert_eq!((with_ids(&world), changing(&world)), (before, Vec::new()));
}

#[test]
fn a_reader_never_sees_a_mixture_or_a_missing_name() {
    const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/serving.sql
CREATE CLUSTER serving (SIZE = '25cc');
-- file: shop/models/shop/core/facts.sql
CREATE MATERIALIZED VIEW facts IN CLUSTER serving AS SELECT 'one' AS version;
-- file: shop/models/shop/serve/report.sql
CREATE VIEW report AS SELECT 'one' AS version, facts.version AS below FROM core.facts;
CREATE INDEX report_by_version IN CLUSTER serving ON report (version);
";
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0);
    world.write(&SHOP.replace("'one'", "'two'"));
    let done = Arc::new(AtomicBool::new(false));
    let reader = RUNTIME.spawn(read(world.url(), Arc::clone(&done)));
    world.mzflow(&[&OBJECT[..], &["--keep", "1h"]].concat()).code(0).says("is production");
    world.mzflow(&OBJECT).code(0).says("nothing to deploy");
    world.mzflow(&["rollback"]).code(0);
    done.store(true, Ordering::SeqCst);
    let seen = RUNTIME.block_on(reader).expect("the reader had no reason to stop");
    assert_eq!(seen, ["one", "two", "one"]);
}

/// Reads until it is done, and tells the versions that it has seen.
async fn read(url: String, done: Arc<AtomicBool>) -> Vec<String> {
    let (client, connection) =
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the sandbox lets readers in");
    tokio::spawn(connection);
    client.batch_execute("SET cluster = serving").await.expect("a reader's setting");
    let clock = Clock::system();
    let mut seen = Vec::new();
    while !done.load(Ordering::SeqCst) {
        let rows = client.query("SELECT version, below FROM shop.serve.report", &[]).await;
        let rows = rows.expect("a reader never gets an error");
        let row = rows.first().expect("a reader always gets its row");
        let (version, below): (String, String) = (row.get(0), row.get(1));
        assert_eq!(version, below, "a mixture of two versions");
        if seen.last() != Some(&version) {
            seen.push(version);
        }
        clock.sleep(Duration::from_millis(2)).await;
    }
    seen
}

#[test]
fn the_example_goes_to_version_two_and_back() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    let content = "SELECT s.name, o.name, o.type FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
        JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'auction' ORDER BY 1, 2, 3";
    let run = ["run", "blue_green", "--isolation", "object", "--yes"];
    world.mzflow(&[&run[..], &["--project", "auction", "--id", "one"]].concat()).code(0);
    let first = world.rows(content);
    assert!(!first.contains("__mz"), "{first}");
    world.mzflow(&[&run[..], &["--project", "auction_v2", "--id", "two"]].concat()).code(0);
    let second = world.rows(content);
    assert!(second.contains("serve top_sellers view") && !second.contains("old_report"), "{second}");
    assert!(!second.contains("__mz"), "{second}");
    world.mzflow(&[&run[..], &["--project", "auction", "--id", "three", "--keep", "1h"]].concat()).code(0);
    world.mzflow(&["rollback"]).code(0).says("three");
    world.mzflow(&["abort", "three"]).code(0);
    assert_eq!(world.rows(content), second);
    world.mzflow(&["gc"]).code(0).says("nothing to clean up");
}

#[test]
fn grants_comments_and_owners_are_carried() {
    let world = waiting();
    world.sql("CREATE ROLE analyst");
    world.sql("CREATE ROLE keeper");
    world.sql("GRANT SELECT ON shop.core.totals TO analyst");
    world.sql("ALTER MATERIALIZED VIEW shop.core.totals OWNER TO keeper");
    world.sql("COMMENT ON COLUMN shop.core.totals.total IS 'in cents'");
    world.sql(
        "ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA shop.core GRANT SELECT ON TABLES TO keeper",
    );
    let told = |name: &str| {
        let object = format!("FROM mz_objects o WHERE o.name = '{name}'");
        let owner = "(SELECT r.name FROM mz_roles r WHERE r.id = o.owner_id)";
        let comments =
            "(SELECT count(*) FROM mz_internal.mz_comments c WHERE c.id = o.id AND c.object_type = o.type)";
        world.rows(&format!("SELECT {owner}, o.privileges::text, {comments} {object}"))
    };
    let before = [told("totals"), told("orders")];
    second(&world, &[]).code(0);
    assert_eq!([told("totals"), told("orders")], before);
    assert!(before[0].contains("keeper"), "{before:?}");
}

#[test]
fn a_sink_reads_the_new_object_and_the_old_one_again() {
    let world = waiting();
    world.sql("CREATE CONNECTION shop.core.kafka TO KAFKA (BROKER 'localhost:9092', SECURITY PROTOCOL PLAINTEXT) WITH (VALIDATE = false)");
    world.sql(
        "CREATE SINK shop.core.out IN CLUSTER compute FROM shop.core.totals INTO KAFKA CONNECTION shop.core.kafka \
         (TOPIC 't') KEY (total) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT",
    );
    let read = "SELECT o.name FROM mz_internal.mz_object_dependencies d JOIN mz_objects s ON s.id = d.object_id \
        JOIN mz_objects o ON o.id = d.referenced_object_id WHERE s.name = 'out' AND o.type = 'materialized-view'";
    let (first, old) = (world.rows(read), id_of(&world, "totals"));
    second(&world, &["--keep", "1h"]).code(0);
    assert_eq!((world.rows(read), first.as_str()), ("totals".to_owned(), "totals"));
    assert_ne!(id_of(&world, "totals"), old);
    world.mzflow(&["rollback"]).code(0);
    assert_eq!((world.rows(read).as_str(), id_of(&world, "totals")), ("totals", old));
}

#[test]
fn nobody_can_be_let_read_green_by_a_search_path() {
    let world = waiting();
    world.sql("CREATE ROLE reader WITH LOGIN");
    world.sql("ALTER ROLE reader SET search_path = core");
    world.forget();
    let before = with_ids(&world);
    let canary = ["run", "canary", "--project", "shop", "--isolation", "object", "--id", "second", "--yes"];
    let told = world.mzflow(&[&canary[..], &["--role", "reader"]].concat()).code(3);
    told.says("no role can read green with isolation object");
    assert_eq!((with_ids(&world), changing(&world)), (before, Vec::new()));
    // Without a role it compares, swaps and watches.
    let told =
        world.mzflow(&[&canary[..], &["--allow", "true", "--count", "1", "--interval", "1s"]].concat());
    told.code(0).says("second is production");
    assert_eq!((total(&world).as_str(), staged(&world).as_str()), ("20", ""));
}

#[test]
fn what_it_would_take_is_told_for_each_isolation() {
    let world = waiting();
    let told = world.mzflow(&["diff", "--project", "shop", "--isolation", "object", "--json"]).code(0).json();
    let isolations = told["isolations"].as_object().expect("an object");
    let lines: Vec<String> = isolations
        .iter()
        .map(|(name, cost)| {
            format!(
                "{name}: {} objects, {} clusters, {} statements",
                cost["objects"], cost["clusters"], cost["ddl_statements"]
            )
        })
        .collect();
    expect![[r#"
        cluster: 5 objects, 1 clusters, 27 statements
        object: 4 objects, 0 clusters, 29 statements
        schema: 5 objects, 0 clusters, 23 statements"#]]
    .assert_eq(&lines.join("\n"));
    world.forget();
    second(&world, &[]).code(0);
    // Those of the swap are sent twice: the first time they are rolled back.
    let sent: BTreeSet<String> = changing(&world).into_iter().collect();
    assert_eq!(isolations["object"]["ddl_statements"], sent.len(), "{sent:?}");
}

#[test]
fn listing_and_describing_tell_where_green_stands() {
    let world = waiting();
    world.mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "object", "--id", "second"]).code(0);
    let listed = world.mzflow(&["list", "--json"]).code(0).json();
    assert_eq!(listed[0]["schemas"], serde_json::json!(["shop.core", "shop.serve"]));
    assert_eq!(listed[0]["isolation"], "object");
    let told = world.mzflow(&["describe", "second"]).code(0).says("isolation   object");
    told.says("shop.core.orders ↔ shop.core.orders__second__mzf");
    world.mzflow(&["wait", "second"]).code(0);
    let told = world.mzflow(&["gc", "--abandoned", "0s", "--json"]).code(0).json();
    let names: Vec<&str> =
        told["items"][0]["objects"].as_array().expect("names").iter().filter_map(|n| n.as_str()).collect();
    assert!(
        names.contains(&"shop.core.orders__second__mzf") && told["unrecorded"] == serde_json::json!([]),
        "{told}"
    );
    world.mzflow(&["gc", "--abandoned", "0s", "--yes"]).code(0);
    assert_eq!((staged(&world).as_str(), total(&world).as_str()), ("", "10"));
}
