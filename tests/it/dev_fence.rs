//! `mzflow dev`: what happens to an overlay between the fence of its exchange and COMMIT.

use crate::harness::World;
use crate::harness::told::Told;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/base/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount UNION ALL SELECT 2, 20;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) AS total FROM base.orders;
-- file: shop/models/shop/core/doubled.sql
CREATE VIEW doubled AS SELECT total * 2 AS twice FROM core.totals;
";

const DEV: [&str; 6] = ["dev", "dev", "--name", "alice", "--project", "shop"];

fn save(world: &World, number: u32) {
    world.write(&format!(
        "-- file: shop/models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) + {number} AS total FROM base.orders;\n"
    ));
}

fn dev(world: &World) -> Told {
    world.mzflow(&DEV)
}

/// An overlay whose next build swaps a schema, and what of it has been saved.
fn saved() -> World {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    for number in 1..3 {
        save(&world, number);
        dev(&world).code(0).says("2 rebuilt");
    }
    save(&world, 3);
    world.forget();
    world
}

/// Where the objects of the overlay stand.
fn standing(world: &World) -> Vec<String> {
    let all = world.rows(
        "SELECT s.name || '.' || o.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop__alice' ORDER BY 1",
    );
    all.lines().map(str::to_owned).collect()
}

fn twice(world: &World) -> String {
    world.rows("SELECT twice FROM shop__alice.core.doubled")
}

/// Holds the exchange up at a point, lets somebody do something, and lets it go.
fn meanwhile(world: &World, fault: &str, sql: &str) -> Told {
    world.faults(fault);
    let running = world.start(&DEV);
    world.until(fault, || world.held() > 0);
    world.sql(sql);
    world.faults("");
    running.end(world)
}

#[test]
fn what_somebody_makes_in_a_swapped_schema_is_not_moved() {
    let points = [
        "hold before 'ALTER SCHEMA%' by 'mzflow%'",
        "hold after 'ALTER SCHEMA%' by 'mzflow%'",
        "hold before commit by 'mzflow%'",
    ];
    for (point, schema) in points.into_iter().flat_map(|at| [(at, "core"), (at, "core__alice__mzf")]) {
        let world = saved();
        let mine = format!("shop__alice.{schema}.mine");
        let told = meanwhile(&world, point, &format!("CREATE VIEW {mine} AS SELECT 1 AS x"));
        let told = told.code(3).says("[overlay.taken]").says(&mine);
        told.says("nothing was exchanged: the last good versions stay");
        assert!(standing(&world).contains(&format!("{schema}.mine")), "{point}: {:?}", standing(&world));
        assert_eq!(twice(&world), "64", "{point}");
        // As long as it is there, names are exchanged one by one, and it stays where it is.
        dev(&world).code(0);
        assert_eq!(world.rows(&format!("SELECT x FROM {mine}")), "1", "{point}");
        assert_eq!(twice(&world), "66", "{point}");
        world.sql(&format!("DROP VIEW {mine}"));
        save(&world, 4);
        dev(&world).code(0).says("2 rebuilt");
        assert_eq!(standing(&world), ["core.doubled", "core.totals"], "{point}");
        assert_eq!(twice(&world), "68", "{point}");
    }
}

#[test]
fn what_somebody_makes_beside_the_overlay_keeps_nobody_from_exchanging() {
    for point in ["hold after 'ALTER SCHEMA%' by 'mzflow%'", "hold before commit by 'mzflow%'"] {
        let world = saved();
        meanwhile(&world, point, "CREATE VIEW shop.public.theirs AS SELECT 1 AS x").code(0).says("2 rebuilt");
        assert_eq!(twice(&world), "66", "{point}");
        assert_eq!(standing(&world), ["core.doubled", "core.totals"], "{point}");
    }
}

#[test]
fn a_connection_that_is_lost_inside_the_fence_is_opened_again() {
    let points = [
        // Nothing was exchanged, and it is tried again.
        "drop before 'ALTER SCHEMA%' by 'mzflow%'",
        "lose 'ALTER SCHEMA%' by 'mzflow%'",
        "drop after 'ALTER SCHEMA%' by 'mzflow%'",
        "drop before commit by 'mzflow%'",
        // It was exchanged, and nobody has said so.
        "lose commit by 'mzflow%'",
        "drop after commit by 'mzflow%'",
    ];
    for point in points {
        let world = saved();
        world.faults(point);
        dev(&world).code(0).says("2 rebuilt");
        assert_eq!(world.rows("SHOW sandbox_fault"), "", "{point}");
        assert_eq!(twice(&world), "66", "{point}");
        assert_eq!(standing(&world), ["core.doubled", "core.totals"], "{point}");
        dev(&world).code(0).says("0 rebuilt, 2 unchanged");
    }
}

#[test]
fn a_check_that_is_lost_exchanges_nothing() {
    let world = saved();
    // The second look at what stands in the overlay alone is the one behind the fence.
    let sql = "'SELECT id, database_id, name, owner_id FROM mz_catalog.mz_schemas%database_id IN%'";
    world.faults(&format!("drop before {sql} 2 by 'mzflow%'"));
    dev(&world).code(1).says("[db.lost]");
    assert_eq!(world.rows("SHOW sandbox_fault"), "");
    assert_eq!(twice(&world), "64");
    dev(&world).code(0).says("2 rebuilt");
    assert_eq!(standing(&world), ["core.doubled", "core.totals"]);
    assert_eq!(twice(&world), "66");
}
