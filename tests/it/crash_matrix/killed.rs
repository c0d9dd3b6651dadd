//! Processes that are really killed, and two that race.

use crate::harness::World;
use crate::harness::shop::sent;
use crate::harness::shop::staging;
use crate::harness::shop::swaps;
use crate::harness::shop::total;
use crate::harness::shop::waiting;
use crate::harness::shop::worth;

/// The run of the second deployment, or nothing where it has written nothing yet.
fn second_run(world: &World) -> String {
    world.rows(
        "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' \
         AND payload->>'arguments' LIKE '%second%'",
    )
}

const SECOND: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

/// Kills a run while a statement is held up.
fn killed_at(fault: &str, statement: &str) -> World {
    let world = waiting();
    world.faults(fault);
    let running = world.start(&SECOND);
    sent(&world, statement);
    running.kill();
    assert_eq!(running.end(&world).code, None, "a signal has ended it: {fault}");
    // What it had sent is still carried out; then its sessions are gone.
    world.until("its sessions end", || world.rows("SELECT count(*) FROM mz_internal.mz_sessions") == "1");
    world.faults("");
    world
}

/// Where processes are killed: in the middle of building, in the middle of the swap, behind it, while dropping.
const DEATHS: [(&str, &str); 6] = [
    ("delay 1s before 'CREATE SCHEMA%second%'", "core__second__mzf"),
    ("delay 1s after 'CREATE MATERIALIZED VIEW%'", "CREATE MATERIALIZED VIEW"),
    ("delay 1s before 'ALTER CLUSTER%SWAP%' 2", "ALTER CLUSTER"),
    ("delay 1s before commit", "COMMIT"),
    ("delay 1s before 'COMMENT ON SCHEMA%'", "COMMENT ON SCHEMA"),
    ("delay 1s before 'DROP MATERIALIZED VIEW%'", "DROP MATERIALIZED VIEW"),
];

#[test]
fn a_process_that_is_killed_leaves_nothing_that_cannot_be_resumed() {
    for (fault, statement) in DEATHS {
        let world = killed_at(fault, statement);
        let run = second_run(&world);
        assert!(run.starts_with("r-"), "{fault}: {run}");
        let before = world.rows("SELECT id, name FROM mz_objects WHERE id LIKE 'u%' ORDER BY 1, 2");
        world.mzflow(&["resume", &run, "--project", "shop", "--yes", "--dry-run"]).code(0);
        let after = world.rows("SELECT id, name FROM mz_objects WHERE id LIKE 'u%' ORDER BY 1, 2");
        assert_eq!(after, before, "{fault}: a dry run has changed something");
        world.mzflow(&["resume", &run, "--project", "shop", "--yes"]).code(0);
        assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("20", ""), "{fault}");
        assert_eq!(swaps(&world), 2, "{fault}");
        world.mzflow(&["resume", &run, "--project", "shop"]).code(3).says("[run.finished]");
        world.mzflow(&["gc"]).code(0).says("nothing to clean up");
    }
}

#[test]
fn a_process_that_is_killed_leaves_nothing_that_cannot_be_aborted() {
    for (fault, statement) in DEATHS {
        let world = killed_at(fault, statement);
        let told = world.mzflow(&["abort", "second"]);
        if total(&world) == "20" {
            // It was swapped before it died: what it replaced goes with gc.
            told.code(3).says("[drop.promoted]");
            world.mzflow(&["gc", "--yes"]).code(0);
            assert_eq!(swaps(&world), 2, "{fault}");
        } else {
            told.code(0);
            assert_eq!((total(&world).as_str(), swaps(&world)), ("10", 1), "{fault}");
            let again = world.mzflow(&["abort", "second"]);
            again.says("[deployment.gone]").says("nothing was dropped");
        }
        assert_eq!(staging(&world), "", "{fault}");
        world.mzflow(&["gc"]).code(0).says("nothing to clean up");
    }
}

#[test]
fn two_runs_of_one_deployment_at_once_swap_once() {
    let world = waiting();
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults("delay 300ms before 'ALTER SCHEMA%epoch@%'; delay 300ms before 'ALTER SCHEMA%epoch@%' 2");
    let both = [0, 1].map(|_| world.start(&["promote", "second", "--keep", "1h"]));
    let mut ends: Vec<Option<i32>> = both.into_iter().map(|running| running.end(&world).code).collect();
    ends.sort_unstable();
    assert_eq!(ends.first(), Some(&Some(0)), "{ends:?}");
    assert!(ends.iter().all(|end| matches!(end, Some(0 | 3))), "{ends:?}");
    assert_eq!((total(&world).as_str(), swaps(&world)), ("20", 2));
}

#[test]
fn of_two_that_build_one_deployment_at_once_the_one_behind_stops_and_names_the_other() {
    const STAGE: [&str; 5] = ["stage", "--project", "shop", "--id", "second"];
    let world = waiting();
    world.faults("hold before 'CREATE SCHEMA%second%'");
    let behind = world.start(&STAGE);
    world.until("its first statement", || world.held() > 0);
    world.mzflow(&STAGE).code(0);
    world.faults("");
    let told = behind.end(&world).code(6).says("[run.fenced]");
    told.says("works on second too").says("production is untouched").never_says("mend the file");
    world.mzflow(&["list"]).code(0).says("staged").never_says("failed");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    assert_eq!((total(&world).as_str(), swaps(&world)), ("20", 2));
}

#[test]
fn of_two_deployments_that_race_for_a_schema_one_wins() {
    let world = waiting();
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.write(&worth(30));
    world.mzflow(&["stage", "--project", "shop", "--id", "third"]).code(0);
    world.faults("delay 300ms before 'ALTER SCHEMA%epoch@%'; delay 300ms before 'ALTER SCHEMA%epoch@%' 2");
    let both = ["second", "third"].map(|id| world.start(&["promote", id, "--keep", "1h"]));
    let [second, third] = both.map(|running| running.end(&world));
    let (winner, loser, beaten) = match (second.code, third.code) {
        (Some(0), Some(3)) => ("20", third, "third"),
        (Some(3), Some(0)) => ("30", second, "second"),
        other => panic!("{other:?}\n{}\n{}", second.stderr, third.stderr),
    };
    loser.says("[swap.production-moved]").says("nothing was changed");
    assert_eq!((total(&world).as_str(), swaps(&world)), (winner, 2));
    world.mzflow(&["abort", beaten]).code(0);
    assert_eq!(total(&world), winner);
}

#[test]
fn a_rollback_after_a_later_swap_is_refused_with_the_reason() {
    let world = waiting();
    world.mzflow(&[&SECOND[..], &["--keep", "1h"]].concat()).code(0);
    world.write(&worth(30));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "third", "--keep", "1h"]).code(0);
    for arguments in [&["rollback", "second", "--dry-run"][..], &["rollback", "second"]] {
        let told = world.mzflow(arguments).code(3).says("[rollback.superseded]");
        told.says("promotion of third").says("nothing was changed");
        assert_eq!((total(&world).as_str(), swaps(&world)), ("30", 3));
    }
    world.mzflow(&["rollback", "third"]).code(0);
    world.mzflow(&["rollback", "third"]).code(3).says("[rollback.nothing]");
    world.mzflow(&["rollback", "second"]).code(0);
    assert_eq!(total(&world), "10");
}
