//! Ctrl-C in every phase: the run stops at the next safe point, says how to go on, and production
//! is untouched; `resume` and `abort` both work from there.

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::sent;
use crate::harness::shop::staging;
use crate::harness::shop::total;
use crate::harness::shop::waiting;

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

/// Waits until a statement that begins like that has come in.
#[track_caller]
fn begun(world: &World, words: &str) {
    world.until(words, || world.statements().iter().any(|sql| sql.starts_with(words)));
}

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
    let told = running.end(world);
    let told = told.code(130).says("[run.interrupted]").says("mzflow resume");
    assert_eq!(total(world), "10");
    world.faults("");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    let runs = world.rows(
        "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.finished' \
        AND payload->>'status' = 'interrupted'",
    );
    drop(told);
    runs
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
fn while_applying() {
    let world = World::new();
    world.write(SHOP);
    world.faults("delay 300ms before 'CREATE CLUSTER%'");
    let running = world.start(&["run", "blue_green", "--project", "shop", "--id", "first"]);
    begun(&world, "CREATE CLUSTER");
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    assert_eq!(total(&world), "10");
}

#[test]
fn while_dropping_the_old_version() {
    let world = deployed(&Slow::Fault("delay 300ms before 'DROP %'"));
    let running = world.start(&RUN);
    begun(&world, "DROP ");
    running.interrupt();
    let told = running.end(&world);
    assert!(matches!(told.code, Some(130 | 0)), "{}", told.stderr);
    assert_eq!(total(&world), "20", "the swap stands");
    if told.code == Some(130) {
        let runs = "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.finished' \
            AND payload->>'status' = 'interrupted'";
        let run = world.rows(runs);
        world.mzflow(&["resume", &run, "--project", "shop"]).code(0);
    }
    assert_eq!((total(&world), staging(&world)), ("20".to_owned(), String::new()));
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
    check(Slow::Fault("conflict 1000"), "SWAP WITH");
}
