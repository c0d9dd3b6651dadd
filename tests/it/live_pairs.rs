//! `mzflow dev --watch`: two developers at once on one environment, who neither see nor disturb each other.

use crate::harness::World;
use crate::harness::watching::Staying;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/base/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount UNION ALL SELECT 2, 20;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) AS total FROM base.orders;
-- file: shop/models/shop/core/Per-Head.sql
CREATE VIEW \"Per-Head\" AS SELECT total * 2 AS twice FROM core.totals;
";

/// Somebody whose name can only be written in quotes.
const BOB: &str = "Bob \"the\" b-1";

/// Bob's database, as SQL has it.
const OF_BOB: &str = "\"shop__Bob \"\"the\"\" b-1\"";

/// One of the two: a name, and a checkout.
struct Developer<'w> {
    world: &'w World,
    project: &'static str,
    database: &'static str,
    watching: Staying,
    builds: usize,
}

impl<'w> Developer<'w> {
    /// Begins to watch.
    fn new(
        world: &'w World,
        (name, database): (&str, &'static str),
        cluster: &str,
        project: &'static str,
    ) -> Self {
        let arguments = ["dev", cluster, "--name", name, "--watch", "--json", "--project", project];
        let watching = Staying::start(world, project, None, &arguments);
        watching.until(world, "\"dev.ready\"", 1);
        Self { world, project, database, watching, builds: 1 }
    }

    fn writes(&mut self, number: u32) {
        self.world.write(&format!(
            "-- file: {}/models/shop/core/totals.sql\n\
             CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) + {number} AS total FROM base.orders;\n",
            self.project
        ));
        self.builds += 1;
    }

    #[track_caller]
    fn built(&self, number: u32) {
        self.watching.until(self.world, "\"dev.ready\"", self.builds);
        assert_eq!(self.sees(), (2 * (30 + number)).to_string(), "{}", self.watching.out());
    }

    fn sees(&self) -> String {
        self.world.rows(&format!("SELECT twice FROM {}.core.\"Per-Head\"", self.database))
    }

    /// Insists that nothing was told but of this overlay, and that nothing was built that nobody has saved.
    fn was_left_alone(&self) {
        let out = self.watching.out();
        let lines = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let lines: Vec<serde_json::Value> = lines.collect();
        let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
        assert_eq!((count("dev.ready"), count("dev.saved")), (self.builds, self.builds - 1), "{out}");
        assert_eq!((count("dev.failed"), count("warning")), (0, 0), "{out}");
        for line in lines.iter().filter(|line| line["event"] == "overlay.object") {
            assert_eq!(line["database"], self.database, "{out}");
        }
    }
}

fn ids(world: &World, database: &str) -> String {
    let database = database.trim_matches('"').replace("\"\"", "\"");
    world.rows(&format!(
        "SELECT o.id, s.name, o.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = '{database}' ORDER BY o.id"
    ))
}

fn deployed() -> World {
    let world = World::new();
    world.write(SHOP);
    world.write(&SHOP.replace("shop/project", "theirs/project").replace("file: shop/", "file: theirs/"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    world.sql("CREATE CLUSTER \"Dev-2\" (SIZE = '25cc')");
    world
}

#[test]
fn two_who_watch_neither_see_nor_disturb_each_other() {
    let world = deployed();
    let production = ids(&world, "shop");
    let mut alice = Developer::new(&world, ("alice", "shop__alice"), "dev", "shop");
    let mut bob = Developer::new(&world, (BOB, OF_BOB), "Dev-2", "theirs");
    // One behind the other.
    for number in 1..3 {
        alice.writes(number);
        alice.built(number);
        let before = ids(&world, "shop__alice");
        bob.writes(100 + number);
        bob.built(100 + number);
        assert_eq!((alice.sees(), ids(&world, "shop__alice")), ((2 * (30 + number)).to_string(), before));
    }
    // At once.
    for number in 3..8 {
        alice.writes(number);
        bob.writes(100 + number);
        alice.built(number);
        bob.built(100 + number);
    }
    alice.was_left_alone();
    bob.was_left_alone();
    assert_eq!(ids(&world, "shop"), production);
    // One goes, with everything.
    let before = ids(&world, "shop__alice");
    bob.watching.signal("INT");
    assert_eq!(bob.watching.end(), Some(0));
    world.mzflow(&["dev", "--down", "--name", BOB, "--project", "theirs"]).code(0).says("is gone: 2 objects");
    assert_eq!((ids(&world, OF_BOB), ids(&world, "shop__alice")), (String::new(), before));
    alice.writes(9);
    alice.built(9);
    alice.was_left_alone();
}

#[test]
fn two_names_over_one_checkout_build_each_their_own() {
    let world = deployed();
    let mut alice = Developer::new(&world, ("alice", "shop__alice"), "dev", "shop");
    let arguments = ["dev", "Dev-2", "--name", BOB, "--watch", "--json", "--project", "shop"];
    let watching = Staying::start(&world, "bob", None, &arguments);
    watching.until(&world, "\"dev.ready\"", 1);
    let mut bob = Developer { world: &world, project: "shop", database: OF_BOB, watching, builds: 1 };
    for number in 1..4 {
        alice.writes(number);
        bob.builds += 1;
        alice.built(number);
        bob.built(number);
    }
    alice.was_left_alone();
    bob.was_left_alone();
}

#[test]
fn the_second_of_one_name_is_told_who_has_it_and_disturbs_nobody() {
    let world = deployed();
    let mut alice = Developer::new(&world, ("alice", "shop__alice"), "dev", "shop");
    alice.writes(1);
    alice.built(1);
    let before = ids(&world, "shop__alice");
    let second = ["dev", "dev", "--name", "alice", "--watch", "--project", "theirs"];
    let told = world.mzflow(&second).code(3).says("[dev.watched]");
    told.says("`alice` is watched already, by materialize since ").says("nothing was changed");
    assert_eq!(ids(&world, "shop__alice"), before);
    alice.writes(2);
    alice.built(2);
    alice.was_left_alone();
}
