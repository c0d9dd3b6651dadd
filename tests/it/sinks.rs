//! Sinks: never staged, never swapped, and cut over to what takes the place of what they read.

use mzflow::sandbox::Options;

use crate::harness::World;
use crate::harness::shop::OUTBOUND;

/// What the sink reads, as the catalog tells it.
fn reads(world: &World) -> String {
    world.rows(
        "SELECT s.name, o.name FROM mz_sinks k JOIN mz_internal.mz_object_dependencies d ON d.object_id = k.id \
         JOIN mz_objects o ON o.id = d.referenced_object_id JOIN mz_schemas s ON s.id = o.schema_id \
         WHERE k.name = 'totals_out' AND o.type = 'materialized-view'",
    )
}

fn sink(world: &World) -> String {
    world.rows("SELECT id FROM mz_sinks WHERE name = 'totals_out'")
}

fn deployed() -> World {
    let world = World::new();
    world.write(OUTBOUND);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world
}

#[test]
fn a_new_sink_comes_after_the_swap_and_follows_later_ones() {
    let world = deployed();
    assert_eq!(reads(&world), "core totals");
    let before = sink(&world);
    world.write(&OUTBOUND.replace("10 AS amount", "20 AS amount"));
    let run = ["run", "blue_green", "--project", "shop", "--id", "second", "--keep", "1h"];
    world.mzflow(&run).code(0).says("shop.outbound.totals_out");
    assert_eq!((reads(&world).as_str(), sink(&world)), ("core totals", before.clone()));
    world.mzflow(&["rollback", "second"]).code(0).says("totals_out");
    assert_eq!((reads(&world).as_str(), sink(&world)), ("core totals", before));
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(reads(&world), "core totals");
}

#[test]
fn a_sink_of_others_follows_too() {
    let world = deployed();
    world.sql("CREATE SCHEMA shop.others");
    world.sql(
        "CREATE SINK shop.others.mirror IN CLUSTER outbound FROM shop.core.totals \
         INTO KAFKA CONNECTION shop.infra.broker (TOPIC 'mirror') FORMAT JSON ENVELOPE DEBEZIUM",
    );
    world.write(&OUTBOUND.replace("10 AS amount", "20 AS amount"));
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0).says("shop.others.mirror");
    let left = "SELECT count(*) FROM mz_schemas WHERE name LIKE '%mzf' OR name LIKE '%mzx'";
    assert_eq!(world.rows(left), "0", "nothing reads the replaced version any more");
}

#[test]
fn a_sink_in_the_scope_of_a_swap_is_refused_by_name() {
    let world = deployed();
    world.sql(
        "CREATE SINK shop.core.inside IN CLUSTER outbound FROM shop.core.totals \
         INTO KAFKA CONNECTION shop.infra.broker (TOPIC 'inside') FORMAT JSON ENVELOPE DEBEZIUM",
    );
    world.write(&OUTBOUND.replace("10 AS amount", "20 AS amount"));
    let told = world.mzflow(&["run", "blue_green", "--project", "shop"]).code(3);
    told.says("[stage.sink-in-scope]").says("shop.core.inside").says("nothing was changed");
}

#[test]
fn a_sink_whose_relation_goes_is_refused_before_anything() {
    let world = deployed();
    let core = world.folder().join("shop/models/shop/core/totals.sql");
    std::fs::remove_file(core).expect("it was written");
    std::fs::remove_file(world.folder().join("shop/models/shop/outbound/totals_out.sql")).expect("it too");
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--yes"]).code(3);
    told.says("shop.outbound.totals_out").says("nothing was changed");
    assert_eq!(reads(&world), "core totals");
}

#[test]
fn a_sink_that_is_to_read_something_else_does_so_with_the_swap_and_back_on_rollback() {
    let world = deployed();
    let before = sink(&world);
    let more = "-- file: shop/models/shop/core/counts.sql\n\
        CREATE MATERIALIZED VIEW counts IN CLUSTER compute AS SELECT count(*) AS total FROM core.orders;\n";
    world.write(&OUTBOUND.replace("FROM core.totals INTO", "FROM core.counts INTO"));
    world.write(more);
    let told = world.mzflow(&["diff", "--project", "shop"]).code(0);
    told.says("sink shop.outbound.totals_out from shop.core.totals to shop.core.counts");
    let reads = || {
        world.rows(
            "SELECT s.name, o.name FROM mz_sinks k JOIN mz_internal.mz_object_dependencies d ON d.object_id = k.id \
             JOIN mz_objects o ON o.id = d.referenced_object_id JOIN mz_schemas s ON s.id = o.schema_id \
             WHERE k.name = 'totals_out' AND o.type = 'materialized-view'",
        )
    };
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second", "--keep", "1h"]).code(0);
    assert_eq!((reads().as_str(), sink(&world)), ("core counts", before.clone()));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    world.mzflow(&["rollback", "second"]).code(0);
    assert_eq!((reads().as_str(), sink(&world)), ("core totals", before));
}

#[test]
fn a_sink_that_is_defined_otherwise_is_told_and_made_anew_when_asked() {
    let world = deployed();
    let before = sink(&world);
    world.write(&OUTBOUND.replace("TOPIC 'totals'", "TOPIC 'all_totals'"));
    let told = world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    told.says("sink shop.outbound.totals_out is defined otherwise")
        .says("mzflow apply --recreate-sinks --project shop");
    let json = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    assert_eq!(json["changed_sinks"], serde_json::json!(["shop.outbound.totals_out"]));
    // Neither applying nor deploying makes it anew by itself, and both leave it told.
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.write(
        &OUTBOUND.replace("TOPIC 'totals'", "TOPIC 'all_totals'").replace("10 AS amount", "20 AS amount"),
    );
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    told.says("sink shop.outbound.totals_out is defined otherwise");
    assert_eq!((reads(&world).as_str(), sink(&world)), ("core totals", before.clone()));
    let told = world.mzflow(&["apply", "--project", "shop", "--recreate-sinks", "--dry-run", "-v"]).code(0);
    told.says("ALTER SINK \"shop\".\"outbound\".\"totals_out\" RENAME TO \"totals_out__deleted__mzx\"")
        .says("DROP SINK \"shop\".\"outbound\".\"totals_out__deleted__mzx\" RESTRICT")
        .says("all_totals");
    assert_eq!(sink(&world), before);
    world.mzflow(&["apply", "--project", "shop", "--recreate-sinks"]).code(0);
    let after = sink(&world);
    assert_ne!(after, before);
    assert_eq!(reads(&world), "core totals");
    world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).says("\"changed_sinks\":[]");
    world.mzflow(&["apply", "--project", "shop", "--recreate-sinks"]).code(0).says("everything is there");
    assert_eq!(sink(&world), after);
    // Written another way it is the same.
    let spaced = OUTBOUND.replace("TOPIC 'totals'", "TOPIC 'all_totals'").replace("10 AS", "20 AS");
    world.write(&spaced.replace("FORMAT JSON", "  format   json -- as text\n"));
    world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).says("\"changed_sinks\":[]");
}

#[test]
fn a_sink_that_was_dropped_and_not_made_anew_comes_with_the_same_command() {
    let world = deployed();
    world.write(&OUTBOUND.replace("TOPIC 'totals'", "TOPIC 'all_totals'"));
    world.faults("error 'XX000' on 'CREATE SINK%'");
    world.mzflow(&["apply", "--project", "shop", "--recreate-sinks"]).code(1).says("totals_out");
    assert_eq!(sink(&world), "");
    world.faults("");
    world.mzflow(&["apply", "--project", "shop", "--recreate-sinks"]).code(0);
    assert_ne!(sink(&world), "");
    world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).says("\"changed_sinks\":[]");
}

#[test]
fn a_sink_that_somebody_has_replaced_meanwhile_is_not_dropped() {
    let world = deployed();
    world.write(&OUTBOUND.replace("TOPIC 'totals'", "TOPIC 'all_totals'"));
    for place in ["hold before 'ALTER SINK%RENAME%'", "hold after 'ALTER SINK%RENAME%'"] {
        world.faults(&format!("{place} by 'mzflow/%'"));
        let running = world.start(&["apply", "--project", "shop", "--recreate-sinks"]);
        world.until(place, || world.held() > 0);
        world.sql("DROP SINK shop.outbound.totals_out");
        world.sql(
            "CREATE SINK shop.outbound.totals_out IN CLUSTER outbound FROM shop.core.totals \
             INTO KAFKA CONNECTION shop.infra.broker (TOPIC 'by_hand') FORMAT JSON ENVELOPE DEBEZIUM",
        );
        let by_hand = sink(&world);
        world.faults("");
        let told = running.end(&world).code(3).says("[apply.sink-moved]");
        told.says("shop.outbound.totals_out was replaced, renamed or dropped").says("no sink was dropped");
        assert_eq!(sink(&world), by_hand, "{place}");
    }
    world.mzflow(&["apply", "--project", "shop", "--recreate-sinks"]).code(0);
    world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).says("\"changed_sinks\":[]");
}

#[test]
fn a_sink_that_was_claimed_and_not_dropped_goes_with_the_same_command() {
    let world = deployed();
    world.write(&OUTBOUND.replace("TOPIC 'totals'", "TOPIC 'all_totals'"));
    world.faults("error 'XX000' on 'DROP SINK%'");
    world.mzflow(&["apply", "--project", "shop", "--recreate-sinks"]).code(1).says("[apply.rejected]");
    world.faults("");
    let claimed = "SELECT count(*) FROM mz_sinks WHERE name = 'totals_out__deleted__mzx'";
    assert_eq!(world.rows(claimed), "1");
    let told = world.mzflow(&["gc", "--json"]).code(0).json();
    assert_eq!(told["unrecorded"], serde_json::json!([]));
    assert!(told["others"][0].as_str().is_some_and(|line| line.contains("mzflow delete sink")), "{told}");
    world.mzflow(&["apply", "--project", "shop", "--recreate-sinks"]).code(0);
    assert_eq!((world.rows(claimed).as_str(), reads(&world).as_str()), ("0", "core totals"));
    world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).says("\"changed_sinks\":[]");
}

/// The OUTBOUND of a deployer who is no superuser, with a sink over it that belongs to somebody else.
fn with_a_sink_of_ops() -> (World, String) {
    let settings = vec![("enable_rbac_checks".to_owned(), "on".to_owned())];
    let world = World::with(Options { settings, ..Options::default() });
    let url = |role: &str| format!("postgres://{role}@{}/materialize", world.address());
    world.sql_as("mz_system", "CREATE ROLE boss SUPERUSER LOGIN");
    world.write(OUTBOUND);
    world.mzflow(&["setup", "--url", &url("boss")]).code(0);
    for statement in [
        "CREATE ROLE ann LOGIN",
        "CREATE ROLE ops LOGIN",
        "GRANT materialize_deployer TO ann",
        "GRANT CREATECLUSTER, CREATEDB ON SYSTEM TO ann",
    ] {
        world.sql_as("boss", statement);
    }
    let ann = url("ann");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first", "--url", &ann]).code(0);
    for statement in [
        "CREATE SCHEMA shop.others",
        "CREATE SINK shop.others.mirror IN CLUSTER outbound FROM shop.core.totals \
         INTO KAFKA CONNECTION shop.infra.broker (TOPIC 'mirror') FORMAT JSON ENVELOPE DEBEZIUM",
        "ALTER SINK shop.others.mirror OWNER TO ops",
    ] {
        world.sql_as("boss", statement);
    }
    world.write(&OUTBOUND.replace("10 AS amount", "20 AS amount"));
    (world, ann)
}

#[test]
fn a_sink_of_another_owner_is_named_before_the_swap_and_can_be_left() {
    let (world, ann) = with_a_sink_of_ops();
    let total = || world.sql_as("boss", "SELECT total FROM shop.core.totals");
    let told =
        world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second", "--url", &ann]).code(3);
    let told = told.says("[swap.sink-not-owner]").says("sink shop.others.mirror belongs to ops");
    told.says("nothing was changed").says("mzflow promote second --leave-sinks");
    assert_eq!(total(), "10");
    let promote = ["promote", "second", "--leave-sinks", "--json", "--url", &ann];
    let told = world.mzflow(&promote).code(0).json_lines().pop().expect("its outcome");
    assert_eq!(told["left_sinks"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["sinks"], serde_json::json!(["shop.outbound.totals_out"]));
    assert_eq!(total(), "20");
    assert_eq!(reads(&world), "core totals");
    let mirrored = "SELECT s.name FROM mz_sinks k JOIN mz_internal.mz_object_dependencies d ON d.object_id = k.id \
                    JOIN mz_objects o ON o.id = d.referenced_object_id JOIN mz_schemas s ON s.id = o.schema_id \
                    WHERE k.name = 'mirror' AND o.type = 'materialized-view'";
    assert_eq!(world.rows(mirrored), "core__second__mzf", "what it reads is kept");
}

#[test]
fn a_sink_that_stalls_once_it_was_altered_is_told_with_the_servers_text() {
    let world = deployed();
    world.write(&OUTBOUND.replace("10 AS amount", "20 AS amount"));
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    // It is altered, and its answer waits until the sink has stalled.
    world.faults("delay 2s after 'ALTER SINK%'");
    let running = world.start(&["promote", "second", "--json"]);
    let altered = "SELECT d.referenced_object_id FROM mz_sinks k JOIN mz_internal.mz_object_dependencies d \
                   ON d.object_id = k.id JOIN mz_objects o ON o.id = d.referenced_object_id \
                   WHERE k.name = 'totals_out' AND o.type = 'materialized-view'";
    let read = world.rows(altered);
    world.until("the sink reads the new totals", || world.rows(altered) != read);
    world.sql("ALTER SYSTEM SET sandbox_sink_stalled = 'totals_out'");
    let told = running.end(&world).code(0);
    let told = told.says("swap.sink-stalled").says("broker transport failure");
    let told = told.json_lines().pop().expect("its outcome");
    assert_eq!(told["stalled_sinks"].as_array().map(Vec::len), Some(1));
}
