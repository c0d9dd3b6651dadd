//! `mz.approve` and `mzflow approve`: a run pauses, people answer, it goes on.

use crate::harness::World;
use crate::harness::told::Told;

/// A recipe that stages, asks, and swaps.
const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT 10 AS total;
-- file: shop/recipes/asks.lua
-- asks: swaps when people have agreed.
return mz.recipe {
  api = 1, name = 'asks', summary = 'Ask first.',
  args = {
    timeout = { type = 'duration' },
    approvals = { type = 'number', default = 1 },
    from = { many = true },
  },
  run = function(ctx)
    local project = mz.compile {}
    mz.setup {}
    mz.apply { project = project }
    local deployment = mz.stage { changes = mz.diff { project = project }, id = 'one' }
    mz.defer(function() mz.log('cleaned up') end)
    local yes = select(2, pcall(mz.approve, {
      message = 'swap one?', timeout = ctx.args.timeout, approvals = ctx.args.approvals,
      from = #ctx.args.from > 0 and ctx.args.from or nil,
    }))
    if yes.code then error(yes) end
    local by = {}
    for i, approval in ipairs(yes.approvals) do by[i] = approval.by .. ':' .. (approval.comment or '') end
    mz.log('agreed: ' .. table.concat(by, ' '))
    mz.await { deployment = deployment, timeout = '1m' }
    mz.swap { deployment = deployment }
    return ctx.done('one is production')
  end,
  on_fail = function(ctx, err) mz.log('on_fail: ' .. err.code) end,
}
";

fn shop() -> World {
    let world = World::new();
    world.write(SHOP);
    for role in ["ann", "bob"] {
        world.sql(&format!("CREATE ROLE {role} SUPERUSER"));
    }
    world
}

fn asks(world: &World, more: &[&str]) -> Told {
    world.mzflow(&[&["run", "asks", "--project", "shop"], more].concat())
}

/// The run that asked.
fn run(world: &World) -> String {
    world.rows("SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'approval.asked'")
}

/// Answers as a role.
fn approve(world: &World, role: &str, more: &[&str]) -> Told {
    let url = world.url().replace("materialize@", &format!("{role}@"));
    let run = run(world);
    world.mzflow(&[&["approve", &run, "--project", "shop", "--url", &url], more].concat())
}

fn is_swapped(world: &World) -> bool {
    world.rows("SELECT count(*) FROM mz_schemas WHERE name = 'core'") == "1"
}

#[test]
fn a_run_is_paused_and_goes_on_when_somebody_has_agreed() {
    let world = shop();
    let told = asks(&world, &[]).code(5);
    let told = told.says("paused").says("waits for approval: swap one?").says("0 of 1 approval");
    let told = told.says("swap one? · 0 of 1 · mzflow approve [RUN] --project shop");
    let told = told.says("approve it:  mzflow approve [RUN] --project shop");
    told.says("cleaned up").never_says("on_fail").never_says("error");
    assert!(!is_swapped(&world));
    let told = world
        .mzflow(&["list"])
        .code(0)
        .says("paused")
        .says("swap one? (0 of 1 approval): mzflow approve [RUN]");
    told.says("mzflow abort one");
    world
        .mzflow(&["describe", "one", "--project", "shop"])
        .code(0)
        .says("waits for   swap one? (0 of 1 approval): mzflow approve [RUN] --project shop");
    let listed = world.mzflow(&["list", "--json"]).code(0).json();
    assert_eq!((&listed[0]["state"], &listed[0]["waits_for"]["needed"]), (&"staged".into(), &1.into()));
    world.mzflow(&["resume", &run(&world), "--project", "shop"]).code(5).says("waits for approval");
    let told = approve(&world, "ann", &["--message", "looks right"]).code(0);
    told.says("1 of 1 approval").says("agreed: ann:looks right").says("one is production");
    assert!(is_swapped(&world));
    approve(&world, "bob", &[]).code(3).says("[approval.not-asked]").says("did what it was to do");
    world.mzflow(&["list"]).code(0).never_says("swap one?");
}

#[test]
fn the_end_of_a_paused_run_in_json() {
    let world = shop();
    let lines = asks(&world, &["--json"]).code(5).json_lines();
    let asked = lines.iter().find(|line| line["event"] == "approval.asked").expect("it asks");
    assert_eq!(
        (&asked["message"], &asked["approvals"], &asked["needed"]),
        (&"swap one?".into(), &0.into(), &1.into())
    );
    let last = lines.last().expect("there are some");
    assert_eq!(
        (&last["status"], &last["exit"], &last["error"]["code"]),
        (&"paused".into(), &5.into(), &"run.paused".into())
    );
    let status =
        world.rows("SELECT payload->>'status' FROM _mzflow.public.journal WHERE kind = 'run.finished'");
    assert_eq!(status, "paused");
    let told = approve(&world, "ann", &["--no-resume", "--json"]).code(0).json();
    assert_eq!(
        (&told["approvals"][0]["by"], &told["resumed"], &told["denied"]),
        (&"ann".into(), &false.into(), &serde_json::Value::Null)
    );
    assert!(!is_swapped(&world));
    world.mzflow(&["resume", &run(&world), "--project", "shop"]).code(0).says("agreed: ann:");
}

#[test]
fn a_no_ends_the_run() {
    let world = shop();
    asks(&world, &[]).code(5);
    let told = approve(&world, "bob", &["--deny", "-m", "not on a Friday"]).code(3);
    let told = told.says("[approval.denied]").says("bob said no to `swap one?`: not on a Friday");
    told.says("on_fail: approval.denied").says("production is untouched");
    assert!(!is_swapped(&world));
    approve(&world, "ann", &[]).code(3).says("was answered: bob said no");
    world.mzflow(&["resume", &run(&world), "--project", "shop"]).code(3).says("[approval.denied]");
}

#[test]
fn two_people_have_to_agree() {
    let world = shop();
    asks(&world, &["--approvals", "2"]).code(5).says("0 of 2 approvals");
    approve(&world, "ann", &[])
        .code(0)
        .says("1 of 2 approvals")
        .says("somebody else has to agree")
        .never_says("resume");
    approve(&world, "ann", &[]).code(0).says("1 of 2 approvals");
    let given = world.rows("SELECT count(*) FROM _mzflow.public.journal WHERE kind = 'approval.given'");
    assert_eq!(given, "1", "the same role counts once");
    assert!(!is_swapped(&world));
    approve(&world, "bob", &[])
        .code(0)
        .says("2 of 2 approvals")
        .says("agreed: ann: bob:")
        .says("one is production");
}

#[test]
fn only_some_roles_count() {
    let world = shop();
    asks(&world, &["--from", "bob"]).code(5).says("from bob");
    approve(&world, "ann", &[])
        .code(3)
        .says("[approval.not-yours]")
        .says("counts answers of bob only, and you are ann");
    approve(&world, "bob", &[]).code(0).says("one is production");
}

#[test]
fn a_run_that_is_alive_sees_the_answer_by_itself() {
    let world = shop();
    let running = world.start(&["run", "asks", "--project", "shop", "--timeout", "1h"]);
    world.until("it asks", || {
        world
            .try_sql("SELECT 1 FROM _mzflow.public.journal WHERE kind = 'approval.asked'")
            .is_ok_and(|rows| rows.len() == 1)
    });
    approve(&world, "ann", &[]).code(0).says("if [RUN] is running it goes on by itself");
    running.end(&world).code(0).says("agreed: ann:").says("one is production");
}

#[test]
fn another_question_is_not_answered_by_an_old_yes() {
    let world = shop();
    asks(&world, &[]).code(5);
    approve(&world, "ann", &["--no-resume"]).code(0);
    // The run is recorded with its recipe: what changes is what the recipe reads.
    let world = World::new();
    world.write(
        "-- file: q.lua\n-- q: asks what the surroundings say.\nreturn mz.recipe {\n  api = 1, name = 'q', summary = 'Q.',\n  run = function(ctx)\n    mz.setup {}\n    mz.approve { message = mz.env('Q', 'first?') }\n    mz.approve { message = mz.env('Q', 'first?') }\n    return ctx.done('agreed')\n  end,\n}\n",
    );
    world.mzflow(&["run", "q.lua"]).code(5).says("first?");
    world.mzflow(&["list"]).code(0).says("paused").says("first? (0 of 1 approval): mzflow approve [RUN]");
    let run = run(&world);
    world.mzflow(&["approve", &run]).code(5).says("waits for approval: first?");
    let resumed = world.command(&["resume", &run]).env("Q", "second?").output().expect("it runs");
    let said = String::from_utf8_lossy(&resumed.stderr).into_owned();
    assert_eq!(resumed.status.code(), Some(5), "{said}");
    assert!(said.contains("waits for approval: second?"), "{said}");
    world.mzflow(&["approve", &run, "--no-resume"]).code(0).says("second?");
    world.mzflow(&["resume", &run]).code(5).says("first?");
    world.mzflow(&["approve", &run]).code(0).says("agreed");
}

#[test]
fn several_questions_at_once() {
    let world = World::new();
    world.write(
        "-- file: both.lua\n-- both: asks twice at once.\nreturn mz.recipe {\n  api = 1, name = 'both', summary = 'Both.',\n  run = function(ctx)\n    mz.setup {}\n    mz.parallel {\n      function() mz.approve { message = 'left?' } end,\n      function() mz.approve { message = 'right?' } end,\n      function() mz.sleep(0.1) mz.step('third', function() return 1 end) end,\n    }\n    return ctx.done('both agreed')\n  end,\n}\n",
    );
    world.mzflow(&["run", "both.lua"]).code(5).says("waits for approval");
    assert_eq!(world.rows("SELECT count(*) FROM _mzflow.public.journal WHERE kind = 'step.done'"), "1");
    let run = run(&world);
    world
        .mzflow(&["approve", &run])
        .code(2)
        .says("[cli.which-question]")
        .says("1  left? (0 of 1 approval)")
        .says("2  right?");
    world
        .mzflow(&["approve", &run, "--question", "2"])
        .code(0)
        .says("it waits with another question:  left?");
    world
        .mzflow(&["approve", &run, "--question", "2"])
        .code(3)
        .says("`right?` was answered: materialize agreed");
    world.mzflow(&["approve", &run, "--question", "7"]).code(3).says("has asked no question 7");
    world.mzflow(&["approve", &run]).code(0).says("both agreed");
}

#[test]
fn what_cannot_be_approved() {
    let world = shop();
    world.mzflow(&["approve", "r-nobody"]).code(1).says("[run.unknown]");
    asks(&world, &[]).code(5);
    let mut near = run(&world);
    near.pop();
    world
        .mzflow(&["approve", &near])
        .code(1)
        .says("[run.unknown]")
        .says("did you mean `[RUN]`?".replace("[RUN]", &run(&world)).as_str());
    world.write(
        "-- file: quiet.lua\n-- quiet: asks nothing.\nreturn mz.recipe {\n  api = 1, name = 'quiet', summary = 'Quiet.',\n  run = function(ctx) mz.setup {} mz.step('a', function() error('no') end) end,\n  on_fail = function() mz.step('b', function() return 1 end) end,\n}\n",
    );
    world.mzflow(&["run", "quiet.lua"]).code(1);
    let quiet = world.rows("SELECT run_id FROM _mzflow.public.journal WHERE kind = 'step.done'");
    world.mzflow(&["approve", &quiet]).code(3).says("[approval.not-asked]").says("has asked nothing");
    let world = shop();
    let told = world.mzflow(&["run", "asks", "--project", "shop", "--approvals", "0"]).code(1);
    told.says("`approvals` of mz.approve has to be at least 1");
    let world = shop();
    asks(&world, &["--dry-run"]).code(0).says("would ask for approval: swap one?");
}
