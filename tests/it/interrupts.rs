//! Ctrl-C in every phase: the run stops at the next safe point, says how to go on, and production
//! is untouched; `resume` and `abort` both work from there. A verb says how to go on as well.

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::sent;
use crate::harness::shop::staged;
use crate::harness::shop::staging;
use crate::harness::shop::swaps;
use crate::harness::shop::total;
use crate::harness::shop::waiting;
use crate::harness::watching::HEARD;
use crate::harness::watching::Staying;
use crate::harness::watching::held_up;

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

/// What is said when it is heard twice.
const AT_ONCE: &str = "stopped; what was sent before may still take effect";

/// Holds up the first look at the environment.
const LOOKS: &str = "hold before '%FROM mz_catalog.mz_databases%' by 'mzflow%'";

/// What makes a run slow.
enum Slow {
    /// A fault of the sandbox.
    Fault(&'static str),
    /// A setting of it.
    Setting(&'static str),
}

/// A world in which the next run is slow at one place, and a change that is waiting for it.
fn deployed(slow: &Slow) -> World {
    let world = waiting();
    match slow {
        Slow::Fault(text) => world.faults(text),
        Slow::Setting(sql) => drop(world.sql(sql)),
    }
    world.forget();
    world
}

/// Presses Ctrl-C once a statement has come in; the run that it stopped.
fn stopped_at(world: &World, statement: &str) -> String {
    let running = world.start(&RUN);
    sent(world, statement);
    running.interrupt();
    let told = running.end(world).code(130).says("[run.interrupted]").says("production is untouched");
    told.says("mzflow resume").never_says(AT_ONCE);
    assert_eq!(total(world), "10");
    world.faults("");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    interrupted(world)
}

/// The run that Ctrl-C has stopped last.
fn interrupted(world: &World) -> String {
    world.rows(
        "SELECT run_id FROM _mzflow.public.journal WHERE kind = 'run.finished' \
        AND payload->>'status' = 'interrupted' ORDER BY at DESC LIMIT 1",
    )
}

/// Both ways on, from the same place.
#[track_caller]
fn check(slow: Slow, statement: &str) {
    let world = deployed(&slow);
    let run = stopped_at(&world, statement);
    world.mzflow(&["resume", &run, "--project", "shop"]).code(0).says("second is production");
    assert_eq!((total(&world), staging(&world)), ("20".to_owned(), String::new()));

    let world = deployed(&slow);
    stopped_at(&world, statement);
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!((total(&world), staging(&world)), ("10".to_owned(), String::new()));
}

#[test]
fn while_setting_up() {
    let world = World::new();
    // Whatever is missing is sent in one go: it is caught when it looks what that is.
    let told = held_up(&world, LOOKS, &["setup"]).code(130);
    told.says("[run.interrupted]").says("0 of 14 statements ran").says("repeat the same command");
    assert_eq!(world.rows("SELECT name FROM mz_databases WHERE name = '_mzflow'"), "");
    world.mzflow(&["setup"]).code(0);
    world.mzflow(&["setup"]).code(0).says("everything is there");
}

#[test]
fn while_applying() {
    let world = World::new();
    world.write(SHOP);
    let run = ["run", "blue_green", "--project", "shop", "--id", "first"];
    let told = held_up(&world, "hold before 'CREATE CLUSTER%'", &run).code(130);
    told.says("[run.interrupted]").says("mzflow resume").says("production is untouched");
    let run = interrupted(&world);
    world.mzflow(&["resume", &run, "--project", "shop"]).code(0).says("first is production");
    assert_eq!((total(&world), staging(&world)), ("10".to_owned(), String::new()));
    // As a command of its own it is said to be repeated.
    world.write(&format!("{SHOP}-- file: shop/clusters/more.sql\nCREATE CLUSTER more (SIZE = '25cc');\n"));
    let apply = ["apply", "--project", "shop"];
    let told = held_up(&world, LOOKS, &apply).code(130);
    told.says("[run.interrupted]").says("repeat the same command").never_says("mzflow resume");
    world.mzflow(&apply).code(0);
    assert_eq!(world.rows("SELECT name FROM mz_clusters WHERE name = 'more'"), "more");
}

#[test]
fn while_staging() {
    check(Slow::Fault("delay 300ms before 'CREATE VIEW%'"), "CREATE VIEW");
}

#[test]
fn while_hydrating() {
    check(Slow::Setting("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'"), "mz_hydration_statuses");
}

#[test]
fn while_others_keep_the_swap_from_committing() {
    // The rehearsal of the swap ends with ROLLBACK: the first COMMIT is the swap's.
    check(Slow::Fault("conflict 1000"), "COMMIT");
}

#[test]
fn while_a_resumed_run_waits() {
    let slow = Slow::Setting("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    let world = deployed(&slow);
    let run = stopped_at(&world, "mz_hydration_statuses");
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.forget();
    let running = world.start(&["resume", &run, "--project", "shop"]);
    sent(&world, "mz_hydration_statuses");
    running.interrupt();
    let told = running.end(&world).code(130).says("[run.interrupted]").says(HEARD);
    told.says("mzflow resume").never_says(AT_ONCE);
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    world.mzflow(&["resume", &run, "--project", "shop"]).code(0).says("second is production");
    assert_eq!((total(&world), staging(&world)), ("20".to_owned(), String::new()));
}

#[test]
fn while_dropping_the_old_version() {
    let world = waiting();
    let told = held_up(&world, "hold before 'DROP%'", &RUN).code(130);
    told.says("[run.interrupted]").says("mzflow resume").never_says("production is untouched");
    assert_eq!(total(&world), "20", "the swap stands");
    let run = interrupted(&world);
    world.mzflow(&["resume", &run, "--project", "shop"]).code(0).says("second is production");
    assert_eq!((total(&world), staging(&world)), ("20".to_owned(), String::new()));
}

#[test]
fn while_an_abort_drops() {
    let world = staged();
    let told = held_up(&world, "hold before 'DROP%'", &["abort", "second"]).code(130);
    told.says("[run.interrupted]").says("repeat the same command");
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!((total(&world), staging(&world)), ("10".to_owned(), String::new()));
}

#[test]
fn stage_as_a_command_of_its_own() {
    let world = waiting();
    let stage = ["stage", "--project", "shop", "--id", "second"];
    // Few statements are sent in one go: what is left is to rehearse the swap.
    let told = held_up(&world, "hold before 'CREATE SCHEMA%'", &stage).code(130);
    told.says("[run.interrupted]").says("repeat the same command").says("mzflow abort second");
    world.mzflow(&stage).code(0);
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((total(&world), staging(&world)), ("20".to_owned(), String::new()));
}

#[test]
fn wait_as_a_command_of_its_own() {
    let world = staged();
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.sql("ALTER CLUSTER compute__second__mzf SET (REPLICATION FACTOR 0)");
    world.sql("ALTER CLUSTER compute__second__mzf SET (REPLICATION FACTOR 1)");
    world.forget();
    let running = world.start(&["wait", "second"]);
    sent(&world, "mz_hydration_statuses");
    running.interrupt();
    let told = running.end(&world).code(130).says("[run.interrupted]");
    told.says("repeat the same command").says("mzflow abort second");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    world.mzflow(&["wait", "second"]).code(0);
}

#[test]
fn promote_as_a_command_of_its_own() {
    let world = staged();
    world.faults("conflict 1000");
    let running = world.start(&["promote", "second"]);
    sent(&world, "COMMIT");
    running.interrupt();
    let told = running.end(&world).code(130).says("[run.interrupted]");
    told.says("repeat the same command").says("mzflow abort second");
    assert_eq!(total(&world), "10");
    // Once it is production only what it has replaced is left to be dropped.
    let told = held_up(&world, "hold before 'DROP%'", &["promote", "second"]).code(130);
    told.says("[run.interrupted]").says("it is production").says("mzflow gc").never_says("mzflow abort");
    assert_eq!(total(&world), "20");
    world.mzflow(&["gc", "--yes"]).code(0);
    assert_eq!((total(&world), staging(&world)), ("20".to_owned(), String::new()));
}

#[test]
fn rollback_as_a_command_of_its_own() {
    let world = staged();
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    world.forget();
    world.faults("conflict 1000");
    let running = world.start(&["rollback"]);
    sent(&world, "COMMIT");
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]").says("repeat the same command");
    assert_eq!(total(&world), "20");
    world.faults("");
    world.mzflow(&["rollback"]).code(0).says("second is no longer production");
    assert_eq!(total(&world), "10");
}

#[test]
fn twice_stops_now() {
    let world = waiting();
    world.faults("hold before 'CREATE VIEW%'");
    let mut running = Staying::start(&world, "held", None, &RUN);
    world.until("a statement that is held up", || world.held() > 0);
    running.signal("INT");
    running.until(&world, HEARD, 1);
    running.signal("INT");
    // Nothing lets the statement go, and nobody waits for it.
    assert_eq!(running.end(), Some(130));
    assert_eq!((running.times(AT_ONCE), running.times("[run.interrupted]")), (1, 0));
    world.faults("");
    world.mzflow(&RUN).code(0).says("second is production");
    assert_eq!((total(&world), staging(&world)), ("20".to_owned(), String::new()));
    assert_eq!(swaps(&world), 2);
}
