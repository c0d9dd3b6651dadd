//! What others have made or changed meanwhile, and deployments beside each other.

use super::V1;
use super::second;
use super::staged;
use super::total;
use super::v2;
use super::waiting;

#[test]
fn what_others_have_made_over_it_is_never_dropped() {
    let world = waiting();
    world.sql("CREATE DATABASE theirs");
    world.sql("CREATE VIEW theirs.public.copy AS SELECT o.amount FROM shop.core.orders AS o");
    second(&world, &[]).code(0).says("second is production");
    assert_eq!(
        (total(&world).as_str(), world.rows("SELECT * FROM theirs.public.copy").as_str()),
        ("20", "10")
    );
    let told = world.mzflow(&["gc", "--yes"]).code(3).says("[drop.foreign-dependents]");
    told.says("theirs.public.copy");
    assert_eq!(world.rows("SELECT * FROM theirs.public.copy"), "10");
    world.sql("DROP VIEW theirs.public.copy");
    world.mzflow(&["gc", "--yes"]).code(0);
    assert_eq!(staged(&world), "");
}

#[test]
fn an_index_that_others_have_made_is_not_lost_silently() {
    let world = waiting();
    world.sql("CREATE INDEX by_hand IN CLUSTER compute ON shop.core.totals (total)");
    let told = second(&world, &[]).code(3).says("[stage.foreign-in-scope]");
    told.says("by_hand").says("on shop.core.totals, which would be replaced");
    world.sql("DROP INDEX shop.core.by_hand");
    world.mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "object", "--id", "second"]).code(0);
    world.sql("CREATE INDEX by_hand IN CLUSTER compute ON shop.core.totals (total)");
    world.mzflow(&["promote", "second"]).code(3).says("[swap.production-moved]").says("by_hand");
    assert_eq!(total(&world), "10");
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(staged(&world), "");
}

#[test]
fn production_that_somebody_changed_is_not_replaced() {
    let world = waiting();
    world.mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "object", "--id", "second"]).code(0);
    world.sql("DROP VIEW shop.serve.old_report");
    world.sql("CREATE VIEW shop.serve.old_report AS SELECT 1 AS mine");
    let told = world.mzflow(&["promote", "second"]).code(3).says("[swap.production-moved]");
    told.says("shop.serve.old_report was").says("nothing was changed");
    assert_eq!(total(&world), "10");
    // Whoever forces it has what stands there put aside, and nothing that is not recorded is dropped.
    world.mzflow(&["promote", "second", "--force"]).code(0);
    assert_eq!(total(&world), "20");
    world.mzflow(&["gc", "--yes"]).code(0);
    assert_eq!(staged(&world), "old_report__second__mzr");
    world.mzflow(&["gc"]).code(0).says("shop.serve.old_report__second__mzr has the form of a staging name");
}

#[test]
fn a_staging_name_that_is_taken_is_not_touched() {
    let world = waiting();
    world.sql("CREATE VIEW shop.core.orders__second__mzf AS SELECT 1 AS mine");
    let told = second(&world, &[]).code(3).says("[stage.name-taken]");
    told.says("view shop.core.orders__second__mzf");
    world.mzflow(&["gc", "--yes"]).code(0).says("stands in no record");
    assert_eq!(staged(&world), "orders__second__mzf");
}

#[test]
fn two_deployments_side_by_side_in_one_schema() {
    let world = waiting();
    let stage = |id: &str| {
        world.mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "object", "--id", id]).code(0);
    };
    std::fs::remove_file(world.folder().join("shop/models/shop/serve/new_report.sql")).expect("it is there");
    world.write(V1);
    world.write("-- file: shop/models/shop/core/idle.sql\nCREATE MATERIALIZED VIEW idle IN CLUSTER compute AS SELECT 8 AS seven;\n");
    stage("idle");
    world.write(V1);
    world.write("-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT 1 AS id, 20 AS amount; COMMENT ON VIEW orders IS 'Every order';\n");
    stage("orders");
    // This one only reads what the other replaces.
    world.write(V1);
    world.write("-- file: shop/models/shop/serve/later.sql\nCREATE VIEW later AS SELECT o.id FROM core.orders AS o;\n");
    stage("later");
    world.mzflow(&["promote", "idle"]).code(0);
    world.mzflow(&["promote", "orders"]).code(0);
    assert_eq!(
        (total(&world).as_str(), world.rows("SELECT seven FROM shop.core.idle").as_str()),
        ("20", "8")
    );
    let told = world.mzflow(&["promote", "later"]).code(3).says("[swap.production-moved]");
    told.says("reads shop.core.orders__orders__mzr, which is production no longer")
        .says("promotion of orders");
    let told = world.mzflow(&["gc", "--yes"]).code(3).says("[drop.foreign-dependents]");
    told.says("later__later__mzf");
    world.mzflow(&["abort", "later"]).code(0);
    world.mzflow(&["gc", "--yes"]).code(0);
    assert_eq!(staged(&world), "");
}

/// The schemas in which the version stands that `second` has replaced.
fn where_kept_stands(world: &crate::harness::World) -> String {
    world.rows(
        "SELECT DISTINCT s.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         WHERE o.name LIKE '%\\_\\_second\\_\\_mzr' ORDER BY 1",
    )
}

#[test]
fn what_is_kept_goes_along_with_its_schema_and_comes_back() {
    for isolation in ["schema", "cluster"] {
        let world = waiting();
        second(&world, &["--keep", "1h"]).code(0);
        assert_eq!(where_kept_stands(&world), "core\nserve");
        world.write(&v2().replace("20 AS amount", "30 AS amount"));
        let third = ["run", "blue_green", "--project", "shop", "--id", "third", "--isolation", isolation];
        world.mzflow(&[&third[..], &["--keep", "1h"]].concat()).code(0).says("third is production");
        assert_eq!(total(&world), "30");
        assert_eq!(where_kept_stands(&world), "core__third__mzf\nserve__third__mzf");
        // The way back goes over what came later.
        world.mzflow(&["rollback", "second"]).code(3).says("[rollback.gone]").says("nothing was changed");
        world.mzflow(&["gc"]).code(0).says("nothing to clean up");
        world.mzflow(&["rollback", "third"]).code(0);
        assert_eq!((total(&world).as_str(), where_kept_stands(&world).as_str()), ("20", "core\nserve"));
        world.mzflow(&["abort", "third"]).code(0);
        world.mzflow(&["rollback", "second"]).code(0);
        assert_eq!(total(&world), "10");
    }
}

#[test]
fn what_is_kept_is_dropped_with_the_version_that_took_it_along() {
    let world = waiting();
    second(&world, &["--keep", "1h"]).code(0);
    world.write(&v2().replace("20 AS amount", "30 AS amount"));
    world.sql(
        "CREATE VIEW materialize.public.theirs AS SELECT o.amount FROM shop.core.orders__second__mzr AS o",
    );
    let third = ["run", "blue_green", "--project", "shop", "--id", "third"];
    world.mzflow(&third).code(0).says("third is production");
    assert_eq!(total(&world), "30");
    world
        .mzflow(&["gc", "--yes"])
        .code(3)
        .says("[drop.foreign-dependents]")
        .says("materialize.public.theirs");
    assert_eq!(world.rows("SELECT amount FROM materialize.public.theirs"), "10");
    world.sql("DROP VIEW materialize.public.theirs");
    world.mzflow(&["gc", "--yes"]).code(0);
    assert_eq!(staged(&world), "");
    world.mzflow(&["gc"]).code(0).says("nothing to clean up");
}

#[test]
fn what_is_staged_in_a_schema_keeps_it_from_being_swapped_and_the_way_out_is_told() {
    let world = waiting();
    world.mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "object", "--id", "second"]).code(0);
    let schema = ["stage", "--project", "shop", "--yes", "--isolation", "schema", "--id", "third"];
    let told = world.mzflow(&schema).code(3).says("[stage.foreign-in-scope]");
    let way_out = "which is staged as second: `mzflow promote second --project shop` or \
                   `mzflow abort second --project shop` comes first";
    told.says("shop.core.orders__second__mzf").says(way_out);
    world.mzflow(&["diff", "--project", "shop", "--isolation", "schema"]).code(0).says(way_out);
    world.mzflow(&["abort", "second"]).code(0);
    world.mzflow(&schema).code(0);
}

#[test]
fn the_same_id_with_another_isolation_is_another_deployment() {
    let world = waiting();
    world.faults("error 'XX000' on 'CREATE MATERIALIZED VIEW%totals%'");
    let told = world
        .mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "schema", "--id", "second"])
        .code(1);
    told.says("[stage.rejected]");
    world.faults("");
    let told = world
        .mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "object", "--id", "second"])
        .code(3);
    told.says("[stage.already-exists]").says("isolation schema, not object");
    world.mzflow(&["abort", "second"]).code(0);
    world.faults("error 'XX000' on 'CREATE MATERIALIZED VIEW%totals%'");
    let told = second(&world, &[]).code(1).says("[stage.rejected]");
    told.says("staged so far: 1 of 4 objects");
    world.faults("");
    second(&world, &[]).code(0).says("there already");
    assert_eq!((total(&world).as_str(), staged(&world).as_str()), ("20", ""));
}
