//! `mzflow dev --watch` with the overlay that it builds: what a developer sees of the data.

use crate::harness::World;
use crate::harness::watching::Bridge;
use crate::harness::watching::Staying;
use crate::harness::watching::Terminal;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount UNION ALL SELECT 2, 20;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT sum(amount) AS total FROM core.orders;
EXECUTE UNIT TEST adds FOR totals
MOCK core.orders (id int, amount int) AS (SELECT 1, 2 UNION ALL SELECT 2, 3),
EXPECTED (total bigint) AS (SELECT 5);
";

const WATCH: [&str; 7] = ["dev", "dev", "--name", "alice", "--watch", "--project", "shop"];

/// A world with a production, and a cluster for developers; none where this build has no overlay.
fn deployed() -> Option<World> {
    if mzflow::recipes::find("dev_overlay").is_none() {
        eprintln!("skipped: this build has no recipe that builds an overlay");
        return None;
    }
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    Some(world)
}

fn watch(world: &World) -> Staying {
    let watching = Staying::start(world, "watch", None, &WATCH);
    watching.until(world, "ready ", 1);
    watching
}

fn totals(of: &str) -> String {
    format!(
        "-- file: shop/models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS\nSELECT {of} AS total FROM core.orders;\n\
         EXECUTE UNIT TEST adds FOR totals\n\
         MOCK core.orders (id int, amount int) AS (SELECT 1, 2 UNION ALL SELECT 2, 3),\n\
         EXPECTED (total bigint) AS (SELECT 5);\n"
    )
}

fn seen(world: &World) -> String {
    world.try_sql("SELECT total FROM shop__alice.core.totals").map_or_else(
        |error| error,
        |rows| rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("\n"),
    )
}

#[test]
fn a_save_is_seen_in_the_overlay_and_not_in_production() {
    let Some(world) = deployed() else { return };
    let watching = watch(&world);
    world.write(&totals("sum(amount) + 100"));
    watching.until(&world, "ready ", 2);
    watching.until(&world, "shop.core.totals · 1 row", 1);
    assert_eq!(
        (seen(&world).as_str(), world.rows("SELECT total FROM shop.core.totals").as_str()),
        ("130", "30")
    );
    // What it reads, and so it as well.
    world.write(
        "-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT 1 AS id, 1 AS amount;\n",
    );
    watching.until(&world, "ready ", 3);
    assert_eq!(seen(&world), "101");
    // Whoever begins anew is told of what stands already.
    drop(watching);
    let watching = Staying::start(&world, "again", None, &WATCH);
    watching.until(&world, "shop.core.totals · 1 row", 1);
    // Back to what production has.
    world.write(SHOP);
    watching.until(&world, "ready ", 2);
    let left = "SELECT count(*) FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
        JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop__alice'";
    assert_eq!(world.rows(left), "0");
}

#[test]
fn one_that_fails_keeps_the_last_good_one() {
    let Some(world) = deployed() else { return };
    let watching = watch(&world);
    world.write(&totals("sum(amount) + 100"));
    watching.until(&world, "ready ", 2);
    world.write(&totals("summ(amount)"));
    watching.until(&world, "failed ", 1);
    watching.until(&world, "summ", 1);
    assert_eq!(seen(&world), "130");
    // One that the server takes, and that never catches up.
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.write(&totals("sum(amount) + 200"));
    watching.until(&world, "totals.sql", 3);
    world.until("it is tried", || world.statements().iter().any(|sql| sql.contains("+ 200")));
    watching.until(&world, "0 of 1 have caught up", 1);
    assert_eq!(seen(&world), "130");
    // A newer save ends the wait.
    world.write(&totals("sum(amount) + 300"));
    world.until("the newer one is tried", || world.statements().iter().any(|sql| sql.contains("+ 300")));
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    watching.until(&world, "ready ", 3);
    assert_eq!(seen(&world), "330");
}

#[test]
fn tests_run_between_build_and_ready() {
    let Some(world) = deployed() else { return };
    let mut arguments = WATCH.to_vec();
    arguments.push("--test");
    let watching = Staying::start(&world, "watch", None, &arguments);
    watching.until(&world, "ready ", 1);
    watching.until(&world, "no tests", 1);
    world.write(&totals("sum(amount) + 0"));
    watching.until(&world, "ready ", 2);
    watching.until(&world, "1 test passed", 1);
    world.write(&totals("sum(amount) + 1"));
    watching.until(&world, "1 of 1 test failed", 1);
    watching.until(&world, "FAILED", 1);
    assert_eq!(seen(&world), "31", "a test says something of it, and builds nothing back");
    // It has not passed by something else being saved.
    world.write("-- file: shop/models/shop/core/other.sql\nCREATE VIEW other AS SELECT 1 AS a;\n");
    watching.until(&world, "1 of 1 test failed", 2);
    // Nothing is rebuilt for a test that is another.
    world.write(&totals("sum(amount) + 1").replace("SELECT 5)", "SELECT 6)"));
    watching.until(&world, "1 test passed", 2);
    world.write(&totals("sum(amount) + 1").replace("SELECT 5)", "SELECT 7)"));
    watching.until(&world, "1 of 1 test failed", 3);
}

#[test]
fn a_promotion_below_the_overlay_is_noticed() {
    let Some(world) = deployed() else { return };
    let watching = watch(&world);
    world.write(&totals("sum(amount) + 100"));
    watching.until(&world, "ready ", 2);
    assert_eq!(seen(&world), "130");
    let read = "SELECT o.id, s.name FROM mz_internal.mz_object_dependencies d \
        JOIN mz_objects r ON r.id = d.object_id JOIN mz_schemas rs ON rs.id = r.schema_id \
        JOIN mz_databases rd ON rd.id = rs.database_id JOIN mz_objects o ON o.id = d.referenced_object_id \
        JOIN mz_schemas s ON s.id = o.schema_id \
        WHERE rd.name = 'shop__alice' AND r.name = 'totals' AND o.name = 'orders'";
    let before = world.sql(read).remove(0);
    assert_eq!(before[1], "core");
    // Somebody else's checkout, with one object more: the schema is replaced, and orders are as they were.
    let other = SHOP.replace("shop/", "theirs/").replace("theirs/core", "shop/core");
    world.write(&other);
    world.write("-- file: theirs/models/shop/core/more.sql\nCREATE VIEW more AS SELECT 1 AS a;\n");
    world.mzflow(&["run", "blue_green", "--project", "theirs", "--id", "second", "--yes"]).code(0);
    watching.until(&world, "production has changed below the overlay", 1);
    watching.until(&world, "ready ", 3);
    let after = world.sql(read).remove(0);
    assert!(
        after[1] == "core" && after[0] != before[0],
        "it reads what production has now: {before:?} {after:?}"
    );
    assert_eq!(seen(&world), "130");
}

#[test]
fn the_overlay_goes_on_when_the_server_is_back() {
    let Some(world) = deployed() else { return };
    let bridge = Bridge::to(&world);
    let watching = Staying::start(&world, "watch", Some(&bridge.url()), &WATCH);
    watching.until(&world, "ready ", 1);
    bridge.cut();
    world.write(&totals("sum(amount) + 100"));
    watching.until(&world, "offline ", 1);
    bridge.mend();
    watching.until(&world, "online ", 1);
    watching.until(&world, "ready ", 2);
    assert_eq!(seen(&world), "130");
}

#[test]
fn ctrl_c_while_it_builds_leaves_a_usable_overlay() {
    let Some(world) = deployed() else { return };
    let mut watching = watch(&world);
    world.write(&totals("sum(amount) + 100"));
    watching.until(&world, "ready ", 2);
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.forget();
    world.write(&totals("sum(amount) + 200"));
    world.until("it is built", || world.statements().iter().any(|sql| sql.contains("+ 200")));
    watching.signal("INT");
    watching.end();
    assert_eq!(seen(&world), "130");
    // The same command goes on from there.
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    let watching = watch(&world);
    assert_eq!(seen(&world), "230");
    drop(watching);
}

#[test]
fn the_screen_shows_objects_differences_and_rows() {
    let Some(world) = deployed() else { return };
    world.write(&totals("sum(amount) + 100"));
    let mut terminal = Terminal::start(&world, (24, 120), &WATCH);
    terminal.until(&world, "save → ready");
    terminal.until(&world, "core.totals  ● ready");
    terminal.until(&world, "1 row");
    terminal.press("d");
    terminal.until(&world, "+1 −1 against production");
    terminal.until(&world, "+ total 130");
    terminal.until(&world, "- total 30");
    terminal.press("\r");
    terminal.until(&world, "rows of shop.core.totals");
    terminal.until(&world, "130");
    terminal.press("t");
    terminal.until(&world, "1 of 1 test failed");
    terminal.press("\u{1b}");
    world.until("the panel is closed", || !terminal.seen().contains("test failed"));
    world.write(&totals("summ(amount)"));
    terminal.until(&world, "failed after");
    terminal.until(&world, "last good from");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_question_that_a_build_came_into_is_answered_behind_it() {
    let Some(world) = deployed() else { return };
    world.write(&totals("sum(amount) + 100"));
    let mut terminal = Terminal::start(&world, (24, 120), &WATCH);
    terminal.until(&world, "1 row");
    world.faults("hold before 'SELECT * FROM%'");
    terminal.press("\r");
    terminal.until(&world, "rows of shop.core.totals …");
    world.until("it is asked", || world.statements().iter().any(|sql| sql.starts_with("SELECT * FROM")));
    world.write(&totals("sum(amount) + 200"));
    world.until("it is built", || world.statements().iter().any(|sql| sql.contains("+ 200")));
    world.faults("");
    terminal.until(&world, "230");
    assert!(!terminal.seen().contains("57014"), "{}", terminal.seen());
}

#[test]
fn rows_of_one_key_are_told_as_changed() {
    let Some(world) = deployed() else { return };
    let orders = |amount: u32| {
        format!(
            "-- file: shop/models/shop/core/orders.sql\n\
             CREATE VIEW orders AS SELECT 1 AS id, {amount} AS amount UNION ALL SELECT 2, 20;\n\
             CREATE PRIMARY KEY NOT ENFORCED ON orders (id);\n"
        )
    };
    world.write(&orders(15));
    let mut terminal = Terminal::start(&world, (24, 120), &WATCH);
    terminal.until(&world, "core.orders  ● ready");
    terminal.press("d");
    terminal.until(&world, "+0 −0 ~1 against production");
    terminal.until(&world, "~ id 1, amount 10 -> 15");
}

#[test]
fn what_is_saved_and_in_no_overlay_is_told() {
    let Some(world) = deployed() else { return };
    let watching = watch(&world);
    world.write("-- file: shop/models/shop/raw/people.sql\nCREATE TABLE people (id int);\n");
    watching.until(&world, "and not what was saved: table shop.raw.people", 1);
}

#[test]
fn without_a_key_rows_are_compared_as_often_as_they_are_there() {
    let Some(world) = deployed() else { return };
    let orders = |rows: &str| {
        format!(
            "-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT * FROM (VALUES {rows}) AS r (id, amount);\n"
        )
    };
    world.write(&orders("(1, 10), (1, 10), (2, 20), (3, NULL)"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    world.write(&orders("(1, 10), (2, 20), (2, 20), (3, NULL), (4, NULL)"));
    let mut terminal = Terminal::start(&world, (24, 120), &WATCH);
    terminal.until(&world, "core.orders  ● ready");
    terminal.press("d");
    terminal.until(&world, "production has 4 rows, the overlay 5 rows");
    terminal.until(&world, "+2 −1 against production");
    terminal.until(&world, "its file names no key");
    terminal.until(&world, "- id 1, amount 10");
    terminal.until(&world, "+ id 2, amount 20");
    terminal.until(&world, "+ id 4, amount NULL");
}

#[test]
fn what_becomes_null_and_what_was_is_told() {
    let Some(world) = deployed() else { return };
    let orders = |rows: &str| {
        format!(
            "-- file: shop/models/shop/core/orders.sql\n\
             CREATE VIEW orders AS SELECT * FROM (VALUES {rows}) AS r (id, amount);\n\
             CREATE PRIMARY KEY NOT ENFORCED ON orders (id);\n"
        )
    };
    world.write(&orders("(1, 10), (2, NULL)"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    world.write(&orders("(1, NULL), (2, 20), (3, 30), (3, 31)"));
    let mut terminal = Terminal::start(&world, (24, 120), &WATCH);
    terminal.until(&world, "core.orders  ● ready");
    terminal.press("d");
    terminal.until(&world, "+2 −0 ~2 against production");
    terminal.until(&world, "~ id 1, amount 10 -> NULL");
    terminal.until(&world, "~ id 2, amount NULL -> 20");
    // What the file calls a key is not one.
    terminal.until(&world, "keys of several rows: 0 in production, 1 in the overlay");
}

#[test]
fn one_that_does_not_hydrate_keeps_the_last_good_one_until_it_is_mended() {
    let Some(world) = deployed() else { return };
    let watching = watch(&world);
    world.write(&totals("sum(amount) + 100"));
    watching.until(&world, "ready ", 2);
    world.sql("ALTER SYSTEM SET sandbox_crash_looping = 'dev'");
    world.write(&totals("sum(amount) + 200"));
    watching.until(&world, "does not hydrate", 1);
    watching.until(&world, "failed ", 1);
    world.sql("ALTER SYSTEM RESET sandbox_crash_looping");
    assert_eq!(seen(&world), "130");
    world.write(&totals("sum(amount) + 300"));
    watching.until(&world, "ready ", 3);
    assert_eq!(seen(&world), "330");
    let left = "SELECT count(*) FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
        JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop__alice'";
    assert_eq!(world.rows(left), "1", "nothing is left of the one that failed");
}
