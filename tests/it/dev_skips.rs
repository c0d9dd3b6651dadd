//! `mzflow dev`: what of a project no overlay holds is told in a line, once and whenever it is another.

use crate::harness::World;
use crate::harness::shop::OUTBOUND;
use crate::harness::watching::Staying;

const DEV: [&str; 6] = ["dev", "dev", "--name", "alice", "--project", "shop"];

/// Named, as there are few.
const FEW: &str = "skips 1 sink (shop.outbound.totals_out), 1 connection (shop.infra.broker): the overlay reads production's";

/// A production with a sink and a connection, and a cluster for developers.
fn deployed() -> World {
    let world = World::new();
    world.write(OUTBOUND);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    world
}

fn tables(world: &World, names: &[&str]) {
    for name in names {
        world.write(&format!("-- file: shop/models/shop/raw/{name}.sql\nCREATE TABLE {name} (id int);\n"));
    }
}

#[test]
fn what_no_overlay_holds_is_told_with_its_count() {
    let world = deployed();
    world.mzflow(&DEV).code(0).says("nothing differs from production").says(FEW);
    tables(&world, &["items", "people"]);
    let missing = "; production does not have shop.raw.items, shop.raw.people";
    let counted = format!("skips 2 tables, 1 sink, 1 connection: the overlay reads production's{missing}");
    world.mzflow(&DEV).code(0).says(&counted);
    world.mzflow(&[&DEV[..], &["--dry-run"]].concat()).code(0).says(&counted);
    let lines = world.mzflow(&[&DEV[..], &["--json"]].concat()).code(0).json_lines();
    let told: Vec<_> = lines.iter().filter(|line| line["event"] == "overlay.skipped").collect();
    let tables = ["shop.raw.items", "shop.raw.people"];
    assert_eq!(
        told.iter().map(|line| &line["kinds"]).collect::<Vec<_>>(),
        [&serde_json::json!([
            { "kind": "table", "names": tables, "missing": tables },
            { "kind": "sink", "names": ["shop.outbound.totals_out"], "missing": [] },
            { "kind": "connection", "names": ["shop.infra.broker"], "missing": [] },
        ])]
    );
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.mzflow(&DEV).code(0).says("skips 2 tables, 1 sink").never_says("does not have");
}

#[test]
fn where_there_is_nothing_of_that_nothing_is_said() {
    let world = World::new();
    world.write(crate::harness::shop::SHOP);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    world.mzflow(&DEV).code(0).never_says("skips");
    world.mzflow(&[&DEV[..], &["--json"]].concat()).code(0).never_says("overlay.skipped");
}

#[test]
fn whoever_watches_is_told_at_first_and_when_it_is_another() {
    let world = deployed();
    let watching = Staying::start(&world, "watch", None, &[&DEV[..], &["--watch"]].concat());
    watching.until(&world, "ready ", 1);
    assert_eq!(watching.times(FEW), 1, "{}", watching.said());
    let save = |amount: u32| {
        world.write(&format!(
            "-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT 1 AS id, {amount} AS amount;\n"
        ));
    };
    for (amount, builds) in [(11, 2), (12, 3)] {
        save(amount);
        watching.until(&world, "ready ", builds);
    }
    assert_eq!(watching.times("skips "), 1, "it is no news:\n{}", watching.said());
    tables(&world, &["items"]);
    watching.until(&world, "and not what was saved: table shop.raw.items", 1);
    watching.until(&world, "production does not have shop.raw.items", 1);
    watching.until(&world, "ready ", 4);
    // What production lacks may be why something fails: it is told until it is there.
    save(13);
    watching.until(&world, "production does not have shop.raw.items", 2);
    watching.until(&world, "ready ", 5);
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    save(14);
    watching.until(&world, "ready ", 6);
    save(15);
    watching.until(&world, "ready ", 7);
    assert_eq!(watching.times("skips "), 4, "{}", watching.said());
}
