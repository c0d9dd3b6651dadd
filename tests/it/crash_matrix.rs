//! The bundled recipes, cut at their statements in every isolation, and processes that are really killed.
//!
//! The in-process driver is `mzflow test --crash` (`cli/recipe_test/`): it cuts behind a statement with the
//! process dead (then resumed, or aborted), before its answer, and before it is run, and compares what comes
//! of it with a run that was not cut. `MZFLOW_SEED` chooses which statements are cut, `MZFLOW_CRASH=all` cuts
//! at each of them.

use std::collections::BTreeSet;

use crate::harness::World;
use crate::harness::random::Random;
use crate::harness::shop::SHOP;
use crate::harness::shop::sent;
use crate::harness::shop::staging;
use crate::harness::shop::swaps;
use crate::harness::shop::total;
use crate::harness::shop::waiting;
use crate::harness::shop::worth;

/// The shop with a comment, and an index.
const COMMENTED: &str = "\
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
COMMENT ON VIEW orders IS 'Every order';
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT sum(amount) AS total FROM core.orders;
CREATE INDEX totals_by_total IN CLUSTER compute ON totals (total);
";

/// So many statements of each are cut where nobody asks for all of them.
const SOME: usize = 2;

/// A test of a recipe: a version, and another one over it, of which the second is cut.
fn deployed(recipe: &str, arguments: &str) -> String {
    format!(
        "-- file: shop/tests/matrix.lua
-- matrix: one version, and another one over it.
return mz.test {{
  crash = 'last',
  run = function(t)
    local s = mz.test.sandbox {{ hydration = '2s' }}
    s:sql 'CREATE ROLE analyst'
    t.equal(s:run('blue_green', {{ id = 'a' }}).status, 'done')
    s:sql 'GRANT SELECT ON shop.core.totals TO analyst'
    s:sql 'GRANT USAGE ON SCHEMA shop.core TO analyst'
    s:sql 'ALTER ROLE analyst SET search_path = core'
    s:sql 'ALTER ROLE analyst SET database = shop'
    s:edit {{ ['models/shop/core/orders.sql'] = \"CREATE VIEW orders AS SELECT 1 AS id, 20 AS amount; COMMENT ON VIEW orders IS 'Every order';\" }}
    t.equal(s:run('{recipe}', {{ id = 'b'{arguments} }}).status, 'done')
  end,
}}
"
    )
}

/// Cuts a recipe, and tells how often.
fn cut(recipe: &str, arguments: &str, random: &mut Random) -> u64 {
    let world = World::new();
    world.write(SHOP);
    world.write(COMMENTED);
    world.write(&deployed(recipe, arguments));
    let test = ["test", "--project", "shop", "tests/matrix.lua", "--json"];
    let all = std::env::var("MZFLOW_CRASH").is_ok_and(|wanted| wanted == "all");
    let mut words: Vec<String> = test.map(str::to_owned).into();
    if all {
        words.push("--crash".to_owned());
    } else {
        let told = world.mzflow(&[&test[..4], &["--crash-at", "9999"]].concat()).code(2);
        let range = told.stderr.split("its last is ").nth(1).and_then(|rest| rest.split(',').next());
        let last: usize = range.and_then(|last| last.parse().ok()).expect("it tells how many there are");
        // The last third is all of the run which is cut, and its end is where most can go wrong. There is
        // nothing to cut at a BEGIN: whoever is chosen so gives no cut.
        let mut numbers = BTreeSet::from([last]);
        while numbers.len() < SOME {
            let back =
                usize::try_from(random.below(u64::try_from(last / 3).expect("it fits"))).expect("it fits");
            numbers.insert(last - back);
        }
        words.extend(numbers.iter().flat_map(|number| ["--crash-at".to_owned(), number.to_string()]));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = world.mzflow(&words).code(0).json();
    let crash = &told["recipe_tests"][0]["crash"];
    assert_eq!(crash["failures"], serde_json::json!([]), "{recipe}{arguments}");
    crash["cuts"].as_u64().expect("it was cut")
}

#[test]
fn every_recipe_in_every_isolation_goes_on_or_is_aborted() {
    let mut random = Random::seeded("MZFLOW_SEED");
    let mut count = 0;
    for (recipe, arguments) in [
        ("blue_green", ", isolation = 'schema'"),
        ("blue_green", ", keep = '1h'"),
        ("canary", ", role = { 'analyst' }, allow = { 'true' }, count = 2, interval = '1s'"),
        ("canary", ", isolation = 'schema', allow = { 'true' }, keep = '1h'"),
    ] {
        let cuts = cut(recipe, arguments, &mut random);
        println!("{recipe}{arguments}: cut {cuts} times");
        count += cuts;
    }
    println!("cut {count} times in all");
    assert!(count >= 12, "only {count} cuts");
}

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
