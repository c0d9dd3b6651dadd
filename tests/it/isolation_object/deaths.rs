//! Processes that are killed, and who goes on.

use super::OBJECT;
use super::second;
use super::staged;
use super::total;
use super::waiting;
use super::with_ids;
use crate::harness::World;

/// Where processes are killed: while building, in the swap, behind it, while dropping.
const DEATHS: [(&str, &str); 8] = [
    ("delay 1s before 'CREATE VIEW%orders\\_\\_second%'", "orders__second__mzf"),
    ("delay 1s after 'CREATE MATERIALIZED VIEW%'", "CREATE MATERIALIZED VIEW"),
    ("delay 1s after 'CREATE INDEX%'", "CREATE INDEX"),
    ("delay 1s before 'ALTER VIEW%RENAME%' 4", "RENAME TO"),
    ("delay 1s before commit", "COMMIT"),
    ("delay 1s before 'COMMENT ON SCHEMA%'", "COMMENT ON SCHEMA"),
    ("delay 1s before 'ALTER%mzx%'", "mzx"),
    ("delay 1s before 'DROP MATERIALIZED VIEW%'", "DROP MATERIALIZED VIEW"),
];

/// Kills a run while a statement is held up.
fn killed_at(fault: &str, statement: &str) -> World {
    let world = waiting();
    world.faults(fault);
    let running = world.start(&[&OBJECT[..], &["--id", "second", "--yes"]].concat());
    world.until(statement, || world.statements().iter().any(|sql| sql.contains(statement)));
    running.kill();
    assert_eq!(running.end(&world).code, None, "a signal has ended it: {fault}");
    // What it had sent is still carried out; then its sessions are gone.
    world.until("its sessions end", || world.rows("SELECT count(*) FROM mz_internal.mz_sessions") == "1");
    world.faults("");
    world
}

#[test]
fn a_process_that_is_killed_leaves_nothing_that_cannot_be_resumed() {
    for (fault, statement) in DEATHS {
        let world = killed_at(fault, statement);
        let run = world.rows(
            "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' \
             AND payload->>'arguments' LIKE '%second%'",
        );
        let before = with_ids(&world);
        world.mzflow(&["resume", &run, "--project", "shop", "--yes", "--dry-run"]).code(0);
        assert_eq!(with_ids(&world), before, "{fault}: a dry run has changed something");
        world.mzflow(&["resume", &run, "--project", "shop", "--yes"]).code(0);
        assert_eq!((total(&world).as_str(), staged(&world).as_str()), ("20", ""), "{fault}");
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
            told.says("[drop.promoted]");
            world.mzflow(&["gc", "--yes"]).code(0);
        } else {
            told.code(0);
            assert_eq!(total(&world), "10", "{fault}");
        }
        assert_eq!(staged(&world), "", "{fault}");
        world.mzflow(&["gc"]).code(0).says("nothing to clean up");
    }
}

#[test]
fn a_rollback_that_is_killed_is_finished_by_another() {
    for fault in ["delay 1s before 'ALTER VIEW%RENAME%' 2", "delay 1s before commit", "delay 1s after commit"]
    {
        let world = waiting();
        second(&world, &["--keep", "1h"]).code(0);
        world.forget();
        world.faults(fault);
        let running = world.start(&["rollback", "second"]);
        world.until("a rename", || world.statements().iter().any(|sql| sql.contains("RENAME TO")));
        running.kill();
        running.end(&world);
        world.until("its sessions end", || world.rows("SELECT count(*) FROM mz_internal.mz_sessions") == "1");
        world.faults("");
        world.mzflow(&["rollback", "second"]);
        assert_eq!(total(&world), "10", "{fault}");
        world.mzflow(&["abort", "second"]).code(0);
        assert_eq!(staged(&world), "", "{fault}");
    }
}
