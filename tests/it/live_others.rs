//! `mzflow dev --watch`: what others do to production and to the overlay between two saves is seen by the
//! next build, although it does not read everything anew.

use crate::harness::World;
use crate::harness::watching::Staying;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/base/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount UNION ALL SELECT 2, 20;
-- file: shop/models/shop/base/people.sql
CREATE VIEW people AS SELECT 7 AS id;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) AS total FROM base.orders;
-- file: shop/models/shop/core/doubled.sql
CREATE VIEW doubled AS SELECT total * 2 AS twice FROM core.totals;
";

const WATCH: [&str; 8] = ["dev", "dev", "--name", "alice", "--watch", "--json", "--project", "shop"];

/// A developer who has saved so often.
struct Developer {
    world: World,
    watching: Staying,
    saves: usize,
}

impl Developer {
    /// One whose overlay holds what they have changed, and who has saved once more since.
    fn new() -> Self {
        let world = World::new();
        world.write(SHOP);
        world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
        world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
        totals(&world, 1);
        let watching = Staying::start(&world, "watch", None, &WATCH);
        watching.until(&world, "\"dev.ready\"", 1);
        let mut developer = Self { world, watching, saves: 0 };
        developer.saves_people(1);
        developer
    }

    /// Saves something that nothing else reads, and waits until it is built.
    fn saves_people(&mut self, number: u32) {
        self.world.write(&format!(
            "-- file: shop/models/shop/base/people.sql\nCREATE VIEW people AS SELECT 100 + {number} AS id;\n"
        ));
        self.built();
    }

    fn built(&mut self) {
        self.saves += 1;
        self.watching.until(&self.world, "\"dev.ready\"", 1 + self.saves);
    }

    /// What was built last, and why.
    fn planned(&self) -> String {
        let out = self.watching.out();
        let planned = out.lines().rev().find(|line| line.contains("\"overlay.planned\""));
        let planned = planned.and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let builds = planned.map(|planned| planned["builds"].clone()).unwrap_or_default();
        let told = |build: &serde_json::Value| {
            let part = |name: &str| build[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", part("object"), part("why"), part("reads"))
        };
        builds.as_array().into_iter().flatten().map(told).collect::<Vec<_>>().join("\n")
    }
}

fn totals(world: &World, more: u32) {
    world.write(&format!(
        "-- file: shop/models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) + {more} AS total FROM base.orders;\n"
    ));
}

#[test]
fn a_view_of_production_that_somebody_has_made_anew_is_read_as_it_is_now() {
    let mut developer = Developer::new();
    let world = &developer.world;
    world.sql("ALTER VIEW shop.base.orders RENAME TO orders_before");
    world.sql("CREATE VIEW shop.base.orders AS SELECT 1 AS id, 5 AS amount");
    developer.saves_people(2);
    // What stands under the name now is another one than was promoted, and so is what reads it.
    let planned = developer.planned();
    assert!(planned.contains("shop.base.orders"), "{planned}");
    assert!(planned.contains("shop.base.people edited -"), "{planned}");
    assert_eq!(developer.world.rows("SELECT twice FROM shop__alice.core.doubled"), "62");
}

#[test]
fn what_somebody_drops_from_production_is_missed() {
    let mut developer = Developer::new();
    developer.world.sql("DROP VIEW shop.core.doubled");
    developer.saves_people(2);
    let planned = developer.planned();
    assert!(planned.contains("shop.base.people edited -"), "{planned}");
    developer.world.sql("ALTER VIEW shop.base.people RENAME TO nobody");
    developer.saves_people(3);
    assert_eq!(developer.world.rows("SELECT id FROM shop__alice.base.people"), "103");
}

#[test]
fn what_somebody_puts_into_the_overlay_stays_where_it_is() {
    let mut developer = Developer::new();
    for number in 2..5 {
        totals(&developer.world, number);
        developer.built();
        if number == 3 {
            developer.world.sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
        }
    }
    assert_eq!(developer.world.rows("SELECT x FROM shop__alice.core.mine"), "1");
    assert_eq!(developer.world.rows("SELECT twice FROM shop__alice.core.doubled"), "68");
}

#[test]
fn who_reads_an_object_of_the_overlay_keeps_reading_it() {
    let mut developer = Developer::new();
    developer.saves_people(2);
    developer.world.sql("CREATE VIEW shop.public.theirs AS SELECT id + 1 AS id FROM shop__alice.base.people");
    developer.saves_people(3);
    let compiling = r#""object":"shop.base.people","state":"compiling""#;
    assert!(developer.watching.times(compiling) >= 2, "{}", developer.watching.out());
    assert_eq!(developer.world.rows("SELECT id FROM shop.public.theirs"), "103", "the last version stays");
    assert_eq!(developer.world.rows("SELECT id FROM shop__alice.base.people"), "103");
}

#[test]
fn what_somebody_drops_from_the_overlay_is_built_again() {
    let mut developer = Developer::new();
    developer.world.sql("DROP VIEW shop__alice.core.doubled");
    developer.saves_people(2);
    assert!(developer.planned().contains("shop.core.doubled"), "{}", developer.planned());
    assert_eq!(developer.world.rows("SELECT twice FROM shop__alice.core.doubled"), "62");
}
