//! The recipe `canary`: who reads what while it runs, every verdict, every way to stop it, every place to die.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tokio_postgres::NoTls;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::client::column;
use crate::harness::readers::BLUE;
use crate::harness::readers::SHOP;
use crate::harness::readers::deployed;
use crate::harness::readers::settings;
use crate::harness::shop::staging;
use crate::harness::shop::total;

/// Adds checks to the bundled one.
const RECIPE: &str = "\
-- file: shop/recipes/watched.lua
-- watched: the bundled canary, with a check of its own that fails where it is told to.
local asked = 0
return mz.recipe {
  api = 1, name = 'watched', summary = 'Watch.', extends = 'canary',
  args = { fail_at = { default = 'never', help = 'when' } },
  hooks = {
    allow = function() return function(row) return row.after == nil or row.after.total ~= 99 end end,
    checks = function(ctx)
      asked = asked + 1
      local fails = ctx.args.fail_at == (asked == 1 and 'canary' or 'soak')
      return { function() return fails and 'fail' or 'pass', 'as it was told' end }
    end,
  },
}
";

/// A canary of the change, fast, in which every difference is intended.
const CANARY: [&str; 14] = [
    "run",
    "canary",
    "--project",
    "shop",
    "--id",
    "second",
    "--role",
    "reader",
    "--interval",
    "50ms",
    "--count",
    "3",
    "--allow",
    "true",
];

/// Somebody who connects as a role again and again and reads.
struct Reader {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Reader {
    fn of(world: &World, role: &str) -> Self {
        let url = format!("postgres://{role}@{}/shop", world.address());
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (stopped, sees) = (Arc::clone(&stop), Arc::clone(&seen));
        let task = RUNTIME.spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let (client, connection) =
                    tokio_postgres::connect(&url, NoTls).await.expect("it lets roles in");
                let driven = tokio::spawn(connection);
                let read = column(&client, "SELECT total FROM totals").await.join(" ");
                let mut sees = sees.lock().expect("nobody panicked with it");
                if sees.last() != Some(&read) {
                    sees.push(read);
                }
                drop(sees);
                drop(client);
                driven.abort();
            }
        });
        Self { stop, seen, task }
    }

    /// What it has read, one after the other; it never failed.
    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        RUNTIME.block_on(self.task).expect("every query of the reader was answered");
        self.seen.lock().expect("nobody panicked with it").clone()
    }
}

#[test]
fn few_read_it_first_and_then_everybody_and_nobody_ever_fails() {
    let world = deployed(RECIPE);
    let (reader, other) = (Reader::of(&world, "reader"), Reader::of(&world, "other"));
    let told = world.mzflow(&CANARY).code(0).says("role reader reads second").says("second is production");
    told.says("role reader reads production again");
    let (reader, other) = (reader.end(), other.end());
    assert_eq!(other, ["10", "20"]);
    // Between the canary's end and the swap it reads production again, if it looks in that moment.
    assert!(reader == ["10", "20"] || reader == ["10", "20", "10", "20"], "{reader:?}");
    assert_eq!(
        (settings(&world).as_str(), total(&world).as_str(), staging(&world).as_str()),
        (BLUE, "20", "")
    );
}

#[test]
fn a_policy_has_the_last_word_before_the_swap() {
    let world = deployed(RECIPE);
    for (verdict, code, total_after, says) in [
        ("mz.abort('not on a Friday')", 3, "10", "not on a Friday"),
        ("mz.promote('as seen')", 0, "20", "promote: as seen"),
    ] {
        world.write(&format!(
            "-- file: shop/policies/last.lua\nreturn mz.policy {{\n  api = 1, name = 'last', needs = {{ 'changes' }}, \
             poll = '1s',\n  decide = function() return {verdict} end,\n}}\n"
        ));
        let told = world.mzflow(&[&CANARY[..], &["--policy", "last"]].concat()).code(code);
        told.says("role reader reads production again").says(says);
        assert_eq!((settings(&world).as_str(), total(&world).as_str()), (BLUE, total_after));
    }
}

#[test]
fn roles_come_one_after_the_other_or_together() {
    let world = deployed(RECIPE);
    world.forget();
    world.mzflow(&[&CANARY[..], &["--role", "other"]].concat()).code(0);
    let set = |world: &World| -> Vec<String> {
        let is_set = |sql: &&String| {
            sql.starts_with("ALTER ROLE") && sql.contains("search_path = \"core__second__mzf\"")
        };
        world
            .statements()
            .iter()
            .filter(is_set)
            .map(|sql| sql.split('"').nth(1).unwrap_or("").to_owned())
            .collect()
    };
    assert_eq!(set(&world), ["reader", "other"]);
    let intents = "SELECT count(*) FROM _mzflow.public.journal WHERE kind = 'shift.intent'";
    assert_eq!(world.rows(intents), "2");
    let world = deployed(RECIPE);
    world.mzflow(&[&CANARY[..], &["--role", "other", "--together"]].concat()).code(0);
    assert_eq!(world.rows(intents), "1");
    assert_eq!((settings(&world).as_str(), total(&world).as_str()), (BLUE, "20"));
}

#[test]
fn without_an_allowance_any_difference_ends_it() {
    let world = deployed(RECIPE);
    world.forget();
    let told = world.mzflow(&CANARY[..12]).code(3).says("[recipe.refused]").says("rows differ:");
    told.says("shop.core.totals").says("production is untouched");
    assert!(world.statements().iter().all(|sql| !sql.starts_with("ALTER ROLE")));
    assert_eq!((settings(&world).as_str(), total(&world).as_str()), (BLUE, "10"));
    // What is staged is there for a look, and the same command goes on from there.
    world.mzflow(&["list"]).code(0).says("second");
    let lines = world.mzflow(&[&CANARY[..12], &["--json"]].concat()).code(3).json_lines();
    let error = &lines.last().expect("there are some")["error"];
    assert!(!error["evidence"].is_null(), "{error}");
    world.mzflow(&CANARY).code(0);
}

const WATCHED: [&str; 12] = [
    "run",
    "watched",
    "--project",
    "shop",
    "--id",
    "second",
    "--role",
    "reader",
    "--interval",
    "20ms",
    "--count",
    "2",
];

#[test]
fn a_canary_that_fails_puts_the_role_back() {
    let world = deployed(RECIPE);
    let told =
        world.mzflow(&[&WATCHED[..], &["--fail-at", "canary"]].concat()).code(3).says("[recipe.refused]");
    let told = told.says("the canary did not pass").says("as it was told");
    told.says("role reader reads production again").says("production is untouched");
    assert_eq!((settings(&world).as_str(), total(&world).as_str()), (BLUE, "10"));
    world.mzflow(&["promote", "second"]).code(0);
}

#[test]
fn a_soak_that_fails_brings_the_old_version_back() {
    let world = deployed(RECIPE);
    let soak = [&WATCHED[..], &["--soak", "60ms", "--fail-at", "soak"]].concat();
    let told = world.mzflow(&soak).code(3).says("the one before is production again").says("as it was told");
    drop(told);
    assert_eq!((settings(&world).as_str(), total(&world).as_str()), (BLUE, "10"));
    world.mzflow(&["list"]).code(0).says("rolled-back");
    // One that lasts is kept, and what it replaced is dropped.
    world.mzflow(&[&WATCHED[..], &["--soak", "60ms"]].concat()).code(0).says("second is production");
    assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("20", ""));
}

#[test]
fn without_a_role_it_compares_and_swaps() {
    let world = deployed(RECIPE);
    let told = world.mzflow(&[&CANARY[..6], &["--allow", "true"]].concat()).code(0);
    told.says("no role is given: nobody reads second before everybody does").says("second is production");
    assert_eq!(total(&world), "20");
    // Equal rows need no allowance.
    world.write(&SHOP.replace("10 AS amount", "20 AS amount").replace("1 AS id", "2 - 1 AS id"));
    world
        .mzflow(&["run", "canary", "--project", "shop", "--id", "third"])
        .code(0)
        .says("third is production");
}

#[test]
fn by_hand_it_says_the_names_and_waits() {
    let world = deployed(RECIPE);
    let told = world.mzflow(&[&CANARY[..6], &["--allow", "true", "--manual"]].concat()).code(5);
    let told = told.says("shop.core stands as").says("core__second__mzf").says("compute__second__mzf");
    told.says("mzflow approve");
    world.mzflow(&["list"]).code(0).says("paused");
    assert_eq!(total(&world), "10");
    let run =
        world.rows("SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE payload->>'recipe' = 'canary'");
    world.mzflow(&["approve", &run, "--project", "shop"]).code(0).says("second is production");
    assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("20", ""));
}

#[test]
fn ctrl_c_puts_the_role_back_and_keeps_the_deployment() {
    let world = deployed(RECIPE);
    let slow = [&CANARY[..8], &["--interval", "1h", "--count", "3", "--allow", "true"]].concat();
    let running = world.start(&slow);
    world.until("it is shifted", || settings(&world).contains("core__second__mzf"));
    running.interrupt();
    let told = running.end(&world).code(130).says("[run.interrupted]").says("mzflow resume");
    told.says("role reader reads production again");
    assert_eq!((settings(&world).as_str(), total(&world).as_str()), (BLUE, "10"));
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(staging(&world), "");
}

/// Lets a canary die right behind its n-th statement; `None` where it has fewer.
fn dies_behind(world: &World, number: usize) -> Option<String> {
    world.faults(&format!("delay 60s after {number} by 'mzflow%'"));
    world.forget();
    let running = world.start(&CANARY);
    world.until("so many statements", || world.statements().len() >= number);
    running.kill();
    drop(running.end(world));
    world.faults("");
    let runs = "SELECT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' AND payload->>'recipe' = 'canary'";
    Some(world.rows(runs)).filter(|run| !run.is_empty())
}

/// How many statements a canary sends.
fn statements() -> usize {
    let world = deployed(RECIPE);
    world.forget();
    world.mzflow(&CANARY).code(0);
    world.statements().len()
}

/// Every so many statements it dies once, and goes on or is thrown away.
const STEP: usize = 19;

#[test]
fn wherever_it_dies_resume_and_abort_put_everybody_back() {
    let all = statements();
    assert!(all > 50, "{all}");
    let mut shifted = 0;
    for (at, number) in (1..=all).step_by(STEP).enumerate() {
        let world = deployed(RECIPE);
        let run = dies_behind(&world, number);
        shifted += usize::from(settings(&world) != BLUE);
        let swapped = total(&world) == "20";
        match run {
            // It had recorded nothing yet: nothing is left of it.
            None => assert_eq!(staging(&world), ""),
            Some(run) if at % 2 == 0 || swapped => {
                let told = world.mzflow(&["resume", &run, "--project", "shop"]);
                assert!(matches!(told.code, Some(0 | 3)), "{number}: {}", told.stderr);
                assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("20", ""), "{number}");
            }
            Some(_) => {
                let told = world.mzflow(&["abort", "second"]);
                assert!(matches!(told.code, Some(0 | 1)), "{number}: {}", told.stderr);
                assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("10", ""), "{number}");
            }
        }
        assert_eq!(settings(&world), BLUE, "{number}");
    }
    assert!(shifted > 0, "it never died while a role was shifted");
}
