//! Production whose indexes somebody has dropped or moved by hand: `diff` says so, nothing takes them for its own, and
//! what is overwritten has them again.

use crate::harness::World;
use crate::harness::shop::staging;

/// A view with an index and a table with one, on a cluster that is cloned with its totals.
const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int);
CREATE INDEX items_id IN CLUSTER compute ON items (id);
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT 10 AS total;
CREATE INDEX totals_total IN CLUSTER compute ON totals (total);
";

const RUN: [&str; 5] = ["run", "blue_green", "--project", "shop", "--id"];

/// The first version is production, and another cluster is there.
fn deployed() -> World {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&[&RUN[..], &["first"]].concat()).code(0);
    world.sql("CREATE CLUSTER other (SIZE = '25cc')");
    world
}

fn indexes(world: &World) -> String {
    world.rows(
        "SELECT i.name, c.name FROM mz_indexes i JOIN mz_clusters c ON c.id = i.cluster_id WHERE i.id LIKE 'u%' \
         ORDER BY 1, 2",
    )
}

#[test]
fn an_index_of_what_was_promoted_is_missed() {
    let world = deployed();
    let diff = ["diff", "--project", "shop", "--isolation", "object"];
    let stage = ["stage", "--project", "shop", "--isolation", "object", "--id", "second"];
    world.mzflow(&diff).code(0).says("no changes");
    world.sql("DROP INDEX shop.core.totals_total");
    world.mzflow(&diff).code(0).says("drifted").says("shop.core.totals");
    world.mzflow(&stage).code(3).says("[stage.drifted]");
    // As it was is as good as never gone.
    world.sql("CREATE INDEX totals_total IN CLUSTER compute ON shop.core.totals (total)");
    world.mzflow(&diff).code(0).says("no changes");
    world.sql("DROP INDEX shop.core.totals_total");
    world.sql("CREATE INDEX totals_total IN CLUSTER other ON shop.core.totals (total)");
    world.mzflow(&diff).code(0).says("drifted");
    world.mzflow(&[&stage[..], &["--overwrite-drifted"]].concat()).code(0);
    world.mzflow(&["promote", "second"]).code(0);
    world.mzflow(&["gc", "--kept", "--yes"]).code(0);
    assert_eq!(indexes(&world), "items_id compute\ntotals_total compute");
    world.mzflow(&diff).code(0).says("no changes");
}

#[test]
fn an_index_on_what_stays_is_not_taken_for_the_one_that_stood_there() {
    let world = deployed();
    world.write(&SHOP.replace("10 AS total", "20 AS total"));
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.sql("DROP INDEX shop.raw.items_id");
    let told = world.mzflow(&["promote", "second"]).code(3).says("[swap.production-moved]");
    told.says("shop.raw.items_id was u").says("and is gone");
    world.sql("CREATE INDEX items_id IN CLUSTER other ON shop.raw.items (id)");
    let told = world.mzflow(&["promote", "second"]).code(3).says("[swap.production-moved]");
    told.says("shop.raw.items_id was u").says("created by materialize");
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(indexes(&world), "items_id other\ntotals_total compute");
    assert_eq!(staging(&world), "");
}
