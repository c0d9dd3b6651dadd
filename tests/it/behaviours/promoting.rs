//! What a promotion checks, says and leaves, and what waiting for it tells.

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::changed;
use crate::harness::shop::sent;
use crate::harness::shop::staged;
use crate::harness::shop::staging;
use crate::harness::shop::total;
use crate::harness::shop::waiting;
use crate::harness::shop::worth;

/// The comment on production's schema.
fn comment(world: &World) -> String {
    world.rows(
        "SELECT c.comment FROM mz_internal.mz_comments c JOIN mz_schemas s ON s.id = c.id \
         WHERE c.object_type = 'schema' AND s.name = 'core'",
    )
}

#[test]
fn a_wait_for_what_is_production_says_so() {
    let world = staged();
    world.mzflow(&["promote", "second"]).code(0);
    for more in [&[][..], &["--once"]] {
        let told =
            world.mzflow(&[&["wait", "second"], more].concat()).code(3).says("[swap.already-promoted]");
        told.says("second is production already: there is nothing to wait for");
    }
}

#[test]
fn a_wait_outlives_its_connection() {
    let world = waiting();
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults("drop before '%mz_hydration_statuses%'");
    world.forget();
    let running = world.start(&["wait", "second"]);
    sent(&world, "mz_hydration_statuses");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    running.end(&world).code(0);
}

#[test]
fn what_somebody_drops_of_green_fails_the_wait_and_the_promotion() {
    for drop in ["DROP CLUSTER compute__second__mzf CASCADE", "DROP SCHEMA shop.core__second__mzf CASCADE"] {
        let world = staged();
        world.sql(drop);
        let told = world.mzflow(&["wait", "second"]).code(3).says("[hydration.failing]");
        told.says("shop.core.totals");
        let promote = ["promote", "second", "--no-ready-check"];
        world.mzflow(&promote).code(3).says("[swap.staging-moved]").says("nothing was changed");
        assert_eq!(total(&world), "10", "{drop}: nothing is swapped in part");
        world.mzflow(&["abort", "second"]).code(0);
        assert_eq!(staging(&world), "");
    }
}

#[test]
fn schemas_of_several_databases_and_several_clusters_change_places_at_once() {
    let world = World::new();
    let project = |value: u32| {
        format!(
            "-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/clusters/serving.sql
CREATE CLUSTER serving (SIZE = '25cc');
-- file: shop/models/shop/core/orders.sql
CREATE MATERIALIZED VIEW orders IN CLUSTER compute AS SELECT {value} AS amount;
-- file: shop/models/store/core/sold.sql
CREATE MATERIALIZED VIEW sold IN CLUSTER serving AS SELECT amount FROM shop.core.orders;
"
        )
    };
    world.write(&project(10));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&project(20));
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.forget();
    world.mzflow(&["promote", "second"]).code(0);
    let sent = world.statements();
    let begin = sent.iter().position(|sql| sql.starts_with("BEGIN")).expect("a transaction");
    let commit = sent.iter().position(|sql| sql == "COMMIT").expect("its end");
    let swaps: Vec<usize> = (0..sent.len()).filter(|at| sent[*at].contains("SWAP WITH")).collect();
    assert_eq!(swaps.len(), 4, "{sent:#?}");
    assert!(swaps.iter().all(|at| begin < *at && *at < commit), "{sent:#?}");
    assert_eq!(world.rows("SELECT amount FROM store.core.sold"), "20");
}

#[test]
fn the_tag_says_who_and_when_keeps_what_a_person_wrote_and_fails_nothing() {
    let world = staged();
    let first = comment(&world);
    assert!(first.starts_with("mzflow: deployment first, promoted by materialize at "), "{first}");
    assert!(!first.contains("commit"), "there is no git here: {first}");
    world.faults("error 'XX000' on 'COMMENT ON SCHEMA%'");
    let told = world.mzflow(&["promote", "second", "--keep", "1h"]).code(0).says("swap.tag-failed");
    told.says("second is production");
    assert_eq!(total(&world), "20");
    world.faults("");
    world.mzflow(&["rollback"]).code(0);
    assert_eq!(comment(&world), first, "it goes with the schema");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    assert!(comment(&world).starts_with("mzflow: deployment second, "));
    world.sql("COMMENT ON SCHEMA shop.core IS 'ours'");
    world.write(&worth(30));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "third"]).code(0);
    assert_eq!((comment(&world).as_str(), total(&world).as_str()), ("ours", "30"));
}

#[test]
fn a_view_and_a_whole_schema_that_the_project_drops_go_with_the_promotion() {
    let world = World::new();
    let more = "-- file: shop/models/shop/extra/one.sql\nCREATE VIEW one AS SELECT 1 AS x;\n";
    world.write(&format!("{SHOP}{more}"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    std::fs::remove_dir_all(world.folder().join("shop/models/shop/extra")).expect("it is there");
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("shop.extra.one").says("removed");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second", "--yes"]).code(0);
    assert_eq!(world.rows("SELECT count(*) FROM mz_objects WHERE name = 'one'"), "0");
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn a_reader_that_is_within_a_transaction_keeps_nobody_from_promoting() {
    let world = staged();
    let client = RUNTIME.block_on(async {
        let client = world.client().await;
        client.batch_execute("BEGIN").await.expect("begun");
        client
    });
    let read =
        || RUNTIME.block_on(async { client.query_one("SELECT total FROM shop.core.totals", &[]).await });
    read().expect("blue");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    // Either the new version or an error that says to try again: the client's, and no mixture.
    if let Err(error) = read() {
        assert!(error.as_db_error().is_some(), "{error}");
    }
    drop(client);
    assert_eq!(total(&world), "20");
}

#[test]
fn a_second_cleanup_finds_nothing_and_what_is_not_promoted_is_not_retired() {
    let world = staged();
    world.mzflow(&["gc", "--yes", "--kept"]).code(0).says("nothing to clean up");
    assert_eq!(total(&world), "10");
    world.mzflow(&["abort", "second"]).code(0);
    world.mzflow(&["abort", "second"]).code(3).says("[deployment.gone]").says("nothing was dropped");
    world.write(&changed());
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "third", "--keep", "1h"]).code(0);
    world.mzflow(&["gc", "--yes", "--kept"]).code(0);
    for _ in 0..2 {
        world.mzflow(&["gc", "--yes", "--kept"]).code(0).says("nothing to clean up");
    }
    assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("20", ""));
}
