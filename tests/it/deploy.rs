//! The main job, from an empty environment to a rollback, with somebody reading all the while.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use expect_test::expect;
use mzflow::clock::Clock;

use crate::harness::RUNTIME;
use crate::harness::World;

/// What the two versions of the example have in common, changed and removed, as a reader sees it.
const CONTENT: &str = "SELECT s.name, o.name, o.type FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
    JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'auction' AND s.name = 'serve' ORDER BY 1, 2, 3";

#[test]
fn from_nothing_to_version_two_and_back() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    world
        .mzflow(&["run", "blue_green", "--project", "auction", "--id", "one"])
        .code(0)
        .says("one is production");
    let first = world.rows(CONTENT);
    let second = world
        .mzflow(&["run", "blue_green", "--project", "auction_v2", "--id", "two", "--keep", "1h", "--yes"])
        .code(0);
    let second = second.says("auction.core.winning_bids").says("two is production");
    second.says("old_report");
    let now = world.rows(CONTENT);
    assert!(now.contains("serve top_sellers view") && !now.contains("old_report"), "{now}");

    let log = world.mzflow(&["log", "--json"]).code(0).json();
    let told: Vec<String> = log
        .as_array()
        .expect("an array")
        .iter()
        .map(|row| format!("{} {} epoch {}", row["kind"], row["deployment"], row["epoch"]))
        .collect();
    expect![[r#"
        "promotion" "two" epoch 2
        "promotion" "one" epoch 1"#]]
    .assert_eq(&told.join("\n"));

    world.mzflow(&["rollback"]).code(0).says("two");
    assert_eq!(world.rows(CONTENT), first);
    world.mzflow(&["log"]).code(0).says("rollback");
}

#[test]
fn nothing_changed_means_nothing_done() {
    // The shop's schemas have no comments of their own, so they bear mzflow's.
    for project in ["auction", "shop"] {
        let world = World::new();
        world.example("auction");
        world.write(PROJECT);
        world.mzflow(&["run", "blue_green", "--project", project]).code(0);
        world.forget();
        world.mzflow(&["run", "blue_green", "--project", project]).code(0).says("nothing to deploy");
        let changing = |sql: &String| !(sql.starts_with("SELECT") || sql.starts_with("SHOW"));
        let sent: Vec<String> = world.statements().into_iter().filter(changing).collect();
        assert!(sent.is_empty(), "{sent:?}");
    }
}

#[test]
fn the_tag_of_a_deployment_is_no_change() {
    let world = World::new();
    world.write(PROJECT);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "one"]).code(0);
    let tags = "SELECT s.name, c.comment FROM mz_internal.mz_comments c JOIN mz_schemas s ON s.id = c.id \
        WHERE c.object_type = 'schema' AND c.comment LIKE 'mzflow: deployment one,%' ORDER BY 1";
    let tagged = world.rows(tags);
    assert!(tagged.contains("core ") && tagged.contains("serve "), "{tagged}");
    world.mzflow(&["diff", "--project", "shop", "--exit-code"]).code(0).says("no changes");
    world.forget();
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0).says("nothing to deploy");
    assert_eq!(world.rows(tags), tagged);
    let sent = world.statements();
    assert!(!sent.iter().any(|sql| sql.starts_with("COMMENT") || sql.starts_with("INSERT")), "{sent:?}");
}

#[test]
fn an_environment_need_not_have_the_default_cluster() {
    let world = World::new();
    world.write(PROJECT);
    world.sql("CREATE CLUSTER elsewhere (SIZE = '25cc')");
    world.sql("DROP CLUSTER quickstart");
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0);
    world.mzflow(&["log"]).code(0).says("promotion");
}

#[test]
fn the_old_version_is_gone_afterwards() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    world.mzflow(&["run", "blue_green", "--project", "auction"]).code(0);
    let names = "SELECT name FROM mz_schemas UNION ALL SELECT name FROM mz_clusters ORDER BY 1";
    let before = world.rows(names);
    world.mzflow(&["run", "blue_green", "--project", "auction_v2", "--yes"]).code(0);
    let after = world.rows(names).replace("epoch@2", "epoch@1");
    let marker = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split(":r-").next().unwrap_or(line).to_owned()).collect()
    };
    assert_eq!(marker(&after), marker(&before));
}

#[test]
fn grants_comments_and_owners_are_carried() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    world.mzflow(&["run", "blue_green", "--project", "auction"]).code(0);
    world.sql("CREATE ROLE analyst");
    world.sql("CREATE ROLE keeper");
    world.sql("GRANT USAGE ON SCHEMA auction.core TO analyst");
    world.sql("GRANT SELECT ON auction.core.bid_counts TO analyst");
    world.sql("ALTER VIEW auction.serve.item_totals OWNER TO keeper");
    world.sql("COMMENT ON MATERIALIZED VIEW auction.core.bid_counts IS 'written by hand'");
    world.sql(
        "ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA auction.core GRANT SELECT ON TABLES TO analyst",
    );
    world.mzflow(&["run", "blue_green", "--project", "auction_v2", "--yes"]).code(0);
    let owner =
        "SELECT r.name FROM mz_objects o JOIN mz_roles r ON r.id = o.owner_id WHERE o.name = 'item_totals'";
    assert_eq!(world.rows(owner), "keeper");
    let comment = "SELECT c.comment FROM mz_internal.mz_comments c JOIN mz_objects o ON o.id = c.id \
        AND c.object_type = o.type WHERE o.name = 'bid_counts'";
    assert_eq!(world.rows(comment), "written by hand");
    let grants = "SELECT o.name FROM (SELECT id, mz_internal.mz_aclexplode(privileges).* FROM mz_objects) \
        AS p(id, grantor, grantee, privilege_type, is_grantable) JOIN mz_objects o ON o.id = p.id \
        JOIN mz_roles r ON r.id = p.grantee WHERE r.name = 'analyst' ORDER BY 1";
    assert_eq!(
        world.rows(grants),
        "bid_counts",
        "default privileges are for what is new, not for what is rebuilt"
    );
    let defaults = "SELECT s.name FROM mz_default_privileges p JOIN mz_schemas s ON s.id = p.schema_id \
        JOIN mz_roles r ON r.id = p.grantee WHERE r.name = 'analyst'";
    assert_eq!(world.rows(defaults), "core");
}

#[test]
fn a_reader_never_sees_a_mixture_or_a_missing_name() {
    let world = World::new();
    world.write(PROJECT);
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0);
    world.write(&PROJECT.replace("'one'", "'two'"));
    let done = Arc::new(AtomicBool::new(false));
    let reader = RUNTIME.spawn({
        let done = Arc::clone(&done);
        let url = world.url();
        async move {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .expect("the sandbox lets readers in");
            tokio::spawn(connection);
            client.batch_execute("SET cluster = serving").await.expect("a reader's setting");
            let clock = Clock::system();
            let mut seen = Vec::new();
            while !done.load(Ordering::SeqCst) {
                let rows = client
                    .query("SELECT version, below FROM shop.serve.report", &[])
                    .await
                    .expect("a reader never gets an error");
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
    });
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0).says("is production");
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0).says("nothing to deploy");
    done.store(true, Ordering::SeqCst);
    let seen = RUNTIME.block_on(reader).expect("the reader had no reason to stop");
    assert_eq!(seen, ["one", "two"]);
}

/// Two views that both say which version they are of.
const PROJECT: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/serving.sql
CREATE CLUSTER serving (SIZE = '25cc');
-- file: shop/models/shop/core/facts.sql
CREATE MATERIALIZED VIEW facts IN CLUSTER serving AS SELECT 'one' AS version;
-- file: shop/models/shop/serve/report.sql
CREATE VIEW report AS SELECT 'one' AS version, version AS below FROM core.facts;
CREATE INDEX report_by_version IN CLUSTER serving ON report (version);
";

/// Source: `CREATE CLUSTER` in the manual of v26.38.
#[test]
fn a_cluster_keeps_the_options_of_newer_servers() {
    let world = World::new();
    world.write(
        "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (
    SIZE = '25cc',
    AUTO SCALING STRATEGY = (ON HYDRATION (HYDRATION SIZE = '50cc', LINGER DURATION = '15s')),
    EXPERIMENTAL ARRANGEMENT COMPRESSION = true
);
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT 10 AS total;
",
    );
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "one"]).code(0);
    let shown = || world.rows("SHOW CREATE CLUSTER compute");
    let first = shown();
    world.write(
        "-- file: shop/models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT 11 AS total;\n",
    );
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "two"]).code(0);
    assert_eq!(world.rows("SELECT total FROM shop.core.totals"), "11");
    assert_eq!(shown(), first);
    expect![[r#"compute CREATE CLUSTER "compute" (EXPERIMENTAL ARRANGEMENT COMPRESSION = true, INTROSPECTION DEBUGGING = false, INTROSPECTION INTERVAL = INTERVAL '00:00:01', MANAGED = true, REPLICATION FACTOR = 1, SIZE = '25cc', SCHEDULE = MANUAL, AUTO SCALING STRATEGY = (ON HYDRATION (HYDRATION SIZE = '50cc', LINGER DURATION = '00:00:15')))"#]].assert_eq(&first);
    // As it is: nothing to do. Another way: altered, and no more than that.
    world.forget();
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    assert!(!world.statements().iter().any(|sql| sql.starts_with("ALTER CLUSTER")));
    world.write(
        "-- file: shop/clusters/compute.sql\n\
         CREATE CLUSTER compute (SIZE = '25cc', AUTO SCALING STRATEGY = (), INTROSPECTION INTERVAL = '1s', \
         EXPERIMENTAL ARRANGEMENT COMPRESSION = true);\n",
    );
    world.mzflow(&["apply", "--project", "shop"]).code(0).says("AUTO SCALING STRATEGY = ()");
    let altered: Vec<String> =
        world.statements().into_iter().filter(|sql| sql.starts_with("ALTER CLUSTER")).collect();
    assert_eq!(altered, ["ALTER CLUSTER \"compute\" SET (AUTO SCALING STRATEGY = ())"]);
    assert!(!shown().contains("AUTO SCALING STRATEGY"));
}
