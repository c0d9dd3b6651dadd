//! `list` tells of a deployment that is not complete how far it has come, and what goes on with it.

use serde_json::Value;

use crate::harness::World;
use crate::harness::shop::waiting;
use crate::harness::watching::held_up;

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];
const STAGE: [&str; 5] = ["stage", "--project", "shop", "--id", "second"];

/// The item of the deployment.
fn listed(world: &World) -> Value {
    world.mzflow(&["list", "--json"]).code(0).json()[0].clone()
}

/// Where a run is held up: one of two objects is there.
const HELD: &str = "hold before 'CREATE MATERIALIZED VIEW%'";

#[test]
fn of_what_was_promoted_so_much_is_shown_as_is_asked_for() {
    let world = waiting();
    world.mzflow(&RUN).code(0);
    let shown = |more: &[&str]| world.mzflow(&[&["log", "--json"], more].concat()).code(0).json();
    let count = |told: &Value| told.as_array().map(Vec::len);
    assert_eq!((count(&shown(&[])), count(&shown(&["--limit", "1"]))), (Some(2), Some(1)));
    for wrong in ["0", "few"] {
        let told = world.mzflow(&["log", "--limit", wrong, "--json"]).code(2).says("cli.wrong-usage");
        told.says(&format!("invalid value '{wrong}' for '--limit <N>': it has to be a number of at least 1"));
    }
}

#[test]
fn one_whose_run_has_died() {
    let world = waiting();
    world.faults(HELD);
    let running = world.start(&RUN);
    world.until("the second object", || world.held() == 1);
    world.mzflow(&["list"]).code(0).says("staging").says(", 1 of 2").says("or   mzflow abort second");
    assert_eq!((&listed(&world)["built"], listed(&world).get("stopped")), (&1.into(), None));
    running.kill();
    drop(running.end(&world));
    world.faults("");
    // The server notices when it answers next.
    world.until("its end", || listed(&world)["stopped"] == "interrupted");
    let told = world.mzflow(&["list"]).code(0).says("interrupted").says(" of 2");
    drop(told.says("mzflow resume [RUN]   or   mzflow abort second"));
    let item = listed(&world);
    assert_eq!(item["state"], "staging");
    let run = item["runs"][0].as_str().expect("a run");
    world.mzflow(&["resume", run, "--project", "shop"]).code(0).says("second is production");
}

#[test]
fn one_whose_verb_was_stopped() {
    let world = waiting();
    held_up(&world, HELD, &STAGE).code(130);
    assert_eq!(listed(&world)["stopped"], "interrupted");
    let told = world.mzflow(&["list"]).code(0).says("interrupted").says(" of 2");
    drop(told.says("mzflow stage --id second   or   mzflow abort second").never_says("mzflow resume"));
    world.mzflow(&STAGE).code(0);
    let told = world.mzflow(&["list"]).code(0).says("staged").never_says(" of 2");
    drop(told.says("mzflow promote second   or   mzflow abort second").never_says("mzflow stage"));
}

#[test]
fn one_that_the_server_has_refused() {
    let world = waiting();
    world.faults("error 'XX000' on 'CREATE MATERIALIZED VIEW%'");
    world.mzflow(&RUN).code(1);
    world.mzflow(&["list"]).code(0).says("failed").says(", 1 of 2").says("mzflow resume [RUN]   or");
    assert_eq!(listed(&world)["stopped"], "failed");
}

#[test]
fn one_that_is_complete_and_whose_run_was_stopped() {
    let world = waiting();
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.mzflow(&[&RUN[..], &["--timeout", "200ms"]].concat()).code(3).says("[hydration.timeout]");
    let told = world.mzflow(&["list"]).code(0).says("staged");
    drop(told.says("mzflow resume [RUN]   or   mzflow promote second   or   mzflow abort second"));
}
