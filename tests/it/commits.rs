//! What happens around COMMIT: conflicts, lost answers, rivals.

use crate::harness::World;
use crate::harness::shop::TOTALS;
use crate::harness::shop::total;

fn swaps(world: &World) -> usize {
    world.rows("SELECT name FROM mz_schemas WHERE name LIKE 'epoch@%'").matches("epoch@2:").count()
}

/// A second version is staged, and something is about to go wrong.
fn staged(fault: &str) -> World {
    let world = World::new();
    world.write(TOTALS);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&TOTALS.replace("10 AS total", "20 AS total"));
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults(fault);
    world
}

#[test]
fn others_change_the_catalog_meanwhile() {
    let world = staged("conflict 3");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((total(&world).as_str(), swaps(&world)), ("20", 1));
}

#[test]
fn the_connection_breaks_before_commit_arrives() {
    let world = staged("drop before commit");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((total(&world).as_str(), swaps(&world)), ("20", 1));
}

#[test]
fn the_connection_breaks_after_commit_took_effect() {
    let world = staged("lose commit");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((total(&world).as_str(), swaps(&world)), ("20", 1));
}

#[test]
fn two_promotions_of_one_deployment_at_once() {
    let world = staged("delay 100ms before commit");
    let running = [world.start(&["promote", "second"]), world.start(&["promote", "second"])];
    let ends: Vec<Option<i32>> = running.into_iter().map(|running| running.end(&world).code).collect();
    assert!(ends.contains(&Some(0)), "{ends:?}");
    assert_eq!((total(&world).as_str(), swaps(&world)), ("20", 1));
}

#[test]
fn a_killed_process_after_commit_is_found_to_have_swapped() {
    let world = staged("delay 10s before 'COMMENT%'");
    world.forget();
    let running = world.start(&["promote", "second"]);
    world.until("COMMENT", || world.statements().iter().any(|sql| sql.starts_with("COMMENT")));
    running.kill();
    running.end(&world);
    world.faults("");
    assert_eq!(total(&world), "20");
    world.mzflow(&["abort", "second"]).code(3).says("[drop.promoted]");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((total(&world).as_str(), swaps(&world)), ("20", 1));
}
