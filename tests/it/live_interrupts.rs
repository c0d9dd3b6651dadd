//! `mzflow dev --watch`: Ctrl-C at each statement of a build that is more than reading, by every way in which new
//! versions come to their names. The overlay can be read afterwards, nothing of others was touched, and the
//! next build does the rest.

use crate::harness::World;
use crate::harness::watching::HEARD;
use crate::harness::watching::Staying;

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
CREATE INDEX by_twice IN CLUSTER compute ON doubled (twice);
";

const WATCH: [&str; 7] = ["dev", "dev", "--name", "alice", "--watch", "--project", "shop"];

/// A production, a cluster for developers, and another developer's overlay.
fn deployed() -> World {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    world.write(&totals(500));
    world.mzflow(&["dev", "dev", "--name", "bob", "--project", "shop"]).code(0);
    world.write(SHOP);
    world
}

/// A version of what all the others read.
fn totals(number: usize) -> String {
    format!(
        "-- file: shop/models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) + {number} AS total FROM base.orders;\n"
    )
}

/// A version of a view that cannot be renamed, and one that reads it.
fn trapped(number: usize) -> String {
    format!(
        "-- file: shop/models/shop/core/trapped.sql\n\
         CREATE VIEW trapped AS SELECT (total + {number}) * 2 AS trapped FROM core.totals;\n\
         -- file: shop/models/shop/core/shown.sql\n\
         CREATE VIEW shown AS SELECT trapped.trapped AS twice FROM core.trapped;\n"
    )
}

/// Somebody else's view in the schema: it is not to be moved, so that names are exchanged one by one.
const MINE: &str = "CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x";

/// The objects of the overlay.
fn names(world: &World) -> Vec<String> {
    let all = world.rows(
        "SELECT s.name || '.' || o.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop__alice' AND o.type <> 'index' ORDER BY 1",
    );
    all.lines().map(str::to_owned).collect()
}

/// What is not the overlay's: production, another overlay, what somebody has put into this one.
fn others(world: &World) -> Vec<Vec<String>> {
    world.sql(
        "SELECT o.id, d.name, s.name, o.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id \
         WHERE d.name IN ('shop', 'shop__bob') OR o.name = 'mine' ORDER BY o.id",
    )
}

/// What a view of the overlay says; nothing where there is none.
fn read(world: &World, view: &str) -> Option<usize> {
    let rows = world.try_sql(&format!("SELECT twice FROM shop__alice.core.{view}")).ok()?;
    assert_eq!(rows.len(), 1, "{rows:?}");
    Some(rows[0][0].parse().expect("a number"))
}

/// What it says of a version.
fn twice(number: usize) -> usize {
    2 * (30 + number)
}

fn hold(world: &World, number: usize) {
    world.faults(&format!("hold before write {number} by 'mzflow%'"));
}

/// Presses Ctrl-C while a statement is held up, and lets that go once it was heard; whether there were so many
/// before it was ready so often.
fn stop(world: &World, mut watching: Staying, ready: usize, what: &str) -> bool {
    let told = || format!("{what}: one that is held up; so far:\n{}", watching.said());
    world.until_told(told, || world.held() > 0 || watching.times("ready ") >= ready);
    let is_held = world.held() > 0;
    watching.signal("INT");
    // Before it listens it is ended by that.
    world.until(what, || !is_held || watching.is_over() || watching.times(HEARD) > 0);
    world.faults("");
    let code = watching.end();
    let may = if is_held { matches!(code, Some(130) | None) } else { code == Some(0) };
    assert!(may, "{what}: {code:?}\n{}", watching.said());
    is_held
}

/// A build has so many statements that are more than reading, at least.
const FEWEST: usize = 3;

/// Interrupts the build of a save at every statement; `view` tells which version stands.
#[track_caller]
fn check(save: fn(usize) -> String, prepare: &[&str], view: &str, stands: &[&str]) {
    let world = deployed();
    world.write(&save(0));
    world.mzflow(&["dev", "dev", "--name", "alice", "--project", "shop"]).code(0);
    prepare.iter().for_each(|sql| drop(world.sql(sql)));
    let theirs = others(&world);
    for number in 1.. {
        let what = format!("statement {number}");
        // What it begins with is what the last one has left: that build is the next one.
        let watching = Staying::start(&world, "watch", None, &WATCH);
        watching.until(&world, "ready ", 1);
        assert_eq!(watching.times("still reads"), 0, "{}", watching.said());
        assert_eq!(
            (read(&world, view), names(&world)),
            (Some(twice(number - 1)), owned(stands)),
            "before {what}"
        );
        hold(&world, number);
        world.write(&save(number));
        let is_held = stop(&world, watching, 2, &what);
        let found = read(&world, view);
        assert!(found == Some(twice(number - 1)) || found == Some(twice(number)), "{what}: {found:?}");
        assert_eq!(others(&world), theirs, "{what}");
        if !is_held {
            assert!(number > FEWEST, "it has {number} statements only");
            assert_eq!((found, names(&world)), (Some(twice(number)), owned(stands)));
            return;
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn while_the_first_version_is_built() {
    let world = deployed();
    let theirs = others(&world);
    for number in 1.. {
        let what = format!("statement {number}");
        world.write(&totals(number));
        hold(&world, number);
        let watching = Staying::start(&world, "watch", None, &WATCH);
        let is_held = stop(&world, watching, 1, &what);
        let found = read(&world, "doubled");
        assert!(found.is_none() || found == Some(twice(number)), "{what}: {found:?}");
        world.mzflow(&["dev", "dev", "--name", "alice", "--project", "shop"]).code(0);
        let stands = owned(&["core.doubled", "core.totals"]);
        assert_eq!((read(&world, "doubled"), names(&world)), (Some(twice(number)), stands), "{what}");
        assert_eq!(others(&world), theirs, "{what}");
        world.mzflow(&["dev", "--down", "--name", "alice", "--project", "shop"]).code(0);
        if !is_held {
            assert!(number > FEWEST, "it has {number} statements only");
            return;
        }
    }
}

#[test]
fn while_a_view_is_replaced_by_one_statement() {
    let doubled = |number: usize| {
        format!(
            "-- file: shop/models/shop/core/plain.sql\n\
             CREATE VIEW plain AS SELECT (total + {number}) * 2 AS twice FROM core.totals;\n"
        )
    };
    check(doubled, &[], "plain", &["core.plain"]);
}

#[test]
fn while_schemas_are_swapped() {
    check(totals, &[], "doubled", &["core.doubled", "core.totals"]);
}

#[test]
fn while_names_are_exchanged_one_by_one() {
    check(totals, &[MINE], "doubled", &["core.doubled", "core.mine", "core.totals"]);
}

#[test]
fn while_what_cannot_be_renamed_is_made_in_its_place() {
    check(trapped, &[MINE], "shown", &["core.mine", "core.shown", "core.trapped"]);
}
