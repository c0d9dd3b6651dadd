//! Taking a promotion back: all that it did, also beside its swap, and nothing where it did nothing.

use crate::harness::World;
use crate::harness::invariants::Picture;
use crate::harness::shop::stocked;

const BROKER: &str = "\
-- file: shop/models/shop/infra/broker.sql
CREATE CONNECTION broker TO KAFKA (BROKER 'kafka.example.com:9092', SECURITY PROTOCOL = 'PLAINTEXT') WITH (VALIDATE = false);
-- file: shop/clusters/outbound.sql
CREATE CLUSTER outbound (SIZE = '25cc');
";

/// A view that is new, and a sink over it.
const COUNTS: &str = "\
-- file: shop/models/shop/core/counts.sql
CREATE MATERIALIZED VIEW counts IN CLUSTER compute AS SELECT 1 AS n;
-- file: shop/models/shop/outbound/counts_out.sql
CREATE SINK counts_out IN CLUSTER outbound FROM core.counts INTO KAFKA CONNECTION infra.broker (TOPIC 'counts') FORMAT JSON ENVELOPE DEBEZIUM;
";

/// What stays, and is only granted, commented and given defaults by the second version.
const STAYS: &str = "\
-- file: shop/models/shop/report/doubled.sql
CREATE VIEW doubled AS SELECT 1 AS twice;
GRANT SELECT ON doubled TO old;
COMMENT ON VIEW doubled IS 'before';
";

/// The second version: what is swapped, and what changes in place.
fn second() -> String {
    let stays = STAYS.replace("TO old", "TO new").replace("'before'", "'after'");
    let schema = "-- file: shop/models/shop/report.sql\nGRANT USAGE ON SCHEMA report TO new;\n\
        ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA report GRANT SELECT ON TABLES TO new;\n";
    format!("{}{stays}{schema}", stocked().replace("10 AS total", "20 AS total"))
}

fn deployed() -> World {
    let world = World::new();
    for role in ["old", "new"] {
        world.sql(&format!("CREATE ROLE {role}"));
    }
    world.write(&stocked());
    world.write(STAYS);
    world.write(BROKER);
    world
        .mzflow(&["run", "blue_green", "--project", "shop", "--id", "first", "--isolation", "schema"])
        .code(0);
    world
}

const STAGE: [&str; 7] = ["stage", "--project", "shop", "--id", "second", "--isolation", "schema"];

/// Production as anybody sees it, without what is kept or staged.
fn production(world: &World) -> Picture {
    Picture::take(world).without("__*__mz")
}

fn sinks(world: &World) -> String {
    world.rows("SELECT name FROM mz_sinks WHERE id LIKE 'u%'")
}

#[test]
fn what_a_promotion_changed_in_place_goes_back_too() {
    let world = deployed();
    let before = production(&world);
    world.write(&second());
    world.mzflow(&STAGE).code(0);
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    let after = production(&world);
    assert_eq!(world.rows("SELECT total FROM shop.core.totals"), "20");
    world.mzflow(&["rollback", "second"]).code(0);
    production(&world).is_like(&before, "it is taken back");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    production(&world).is_like(&after, "it is promoted once more");
    world.mzflow(&["rollback"]).code(0);
    production(&world).is_like(&before, "and taken back once more");
}

#[test]
fn it_goes_back_as_well_where_the_promotion_was_cut_in_between() {
    for place in ["COMMENT ON VIEW%doubled%", "ALTER DEFAULT%"] {
        let world = deployed();
        let before = production(&world);
        world.write(&second());
        world.mzflow(&STAGE).code(0);
        world.faults(&format!("hold after '{place}' by 'mzflow/%'"));
        let running = world.start(&["promote", "second", "--keep", "1h"]);
        world.until(place, || world.held() > 0);
        running.kill();
        world.faults("");
        drop(running.end(&world));
        world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
        world.mzflow(&["rollback", "second"]).code(0);
        production(&world).is_like(&before, place);
    }
}

#[test]
fn what_somebody_has_changed_since_stays_as_it_is() {
    let world = deployed();
    world.write(&second());
    world.mzflow(&STAGE).code(0);
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    world.sql("COMMENT ON VIEW shop.report.doubled IS 'by hand'");
    world.mzflow(&["rollback", "second"]).code(0);
    let comments =
        world.rows("SELECT comment FROM mz_internal.mz_comments WHERE comment IN ('by hand', 'before')");
    assert_eq!(comments, "by hand");
}

#[test]
fn a_promotion_of_grants_alone_is_taken_back() {
    let world = deployed();
    let before = production(&world);
    world.write(&STAYS.replace("TO old", "TO new"));
    let run = ["run", "blue_green", "--project", "shop", "--id", "second", "--isolation", "schema"];
    world.mzflow(&run).code(0);
    world.mzflow(&["rollback", "second"]).code(0);
    production(&world).is_like(&before, "grants");
}

#[test]
fn where_nothing_was_exchanged_there_is_nothing_to_take_back() {
    let world = World::new();
    world.write(crate::harness::shop::TOTALS);
    for sql in [
        "CREATE DATABASE shop",
        "CREATE SCHEMA shop.core",
        "CREATE CLUSTER compute (SIZE = '25cc')",
        "CREATE MATERIALIZED VIEW shop.core.totals IN CLUSTER compute AS SELECT 10 AS total",
    ] {
        world.sql(sql);
    }
    world.mzflow(&["setup"]).code(0);
    let told = world.mzflow(&["adopt", "--project", "shop", "--json"]).code(0).json_lines();
    let told = told.last().expect("its outcome");
    let adoption = told["deployment"].as_str().expect("it is recorded").to_owned();
    let before = Picture::take(&world);
    for words in [&["rollback"][..], &["rollback", &adoption]] {
        let told = world.mzflow(words).code(3).says("[rollback.nothing]");
        told.says("exchanged nothing and changed nothing").says("nothing was changed");
    }
    Picture::take(&world).is_untouched(&before, "the adoption stands");
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn a_sink_that_a_promotion_made_over_something_new_goes_with_it() {
    let world = deployed();
    let before = production(&world);
    world.write(COUNTS);
    let run =
        ["run", "blue_green", "--project", "shop", "--id", "second", "--isolation", "schema", "--keep", "1h"];
    world.mzflow(&run).code(0);
    assert_eq!(sinks(&world), "counts_out");
    let told = world.mzflow(&["rollback", "second", "--dry-run", "-v"]).code(0);
    told.says("DROP SINK \"shop\".\"outbound\".\"counts_out\" RESTRICT");
    assert_eq!(sinks(&world), "counts_out");
    let told = world.mzflow(&["rollback", "second"]).code(0);
    told.says("counts_out is dropped").says("second made it over something new");
    assert_eq!(sinks(&world), "");
    let left = production(&world);
    left.without("shop.outbound").is_like(&before.without("shop.outbound"), "the rest");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    assert_eq!(sinks(&world), "counts_out");
    world.mzflow(&["rollback", "second"]).code(0);
    world.mzflow(&["abort", "second"]).code(0);
}

#[test]
fn a_sink_of_others_over_something_new_keeps_the_promotion() {
    let world = deployed();
    world.write(COUNTS);
    let run =
        ["run", "blue_green", "--project", "shop", "--id", "second", "--isolation", "schema", "--keep", "1h"];
    world.mzflow(&run).code(0);
    world.sql(
        "CREATE SINK shop.outbound.mirror IN CLUSTER outbound FROM shop.core.counts \
         INTO KAFKA CONNECTION shop.infra.broker (TOPIC 'mirror') FORMAT JSON ENVELOPE DEBEZIUM",
    );
    let told = world.mzflow(&["rollback", "second"]).code(3).says("[swap.sink-orphaned]");
    told.says("sink shop.outbound.mirror reads an object that would be gone")
        .never_says("counts_out reads")
        .says("drop the sink");
    assert_eq!(sinks(&world).lines().count(), 2);
    world.sql("DROP SINK shop.outbound.mirror");
    world.mzflow(&["rollback", "second"]).code(0);
    assert_eq!(sinks(&world), "");
}
