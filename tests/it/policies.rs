//! Policies: asked before a swap, recorded with their facts, tested and tried without one.

use std::path::Path;

use expect_test::expect;
use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::sandbox::Options;

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::changed;
use crate::harness::shop::total;
use crate::harness::told::Told;

/// A Monday, a quarter past ten in Berlin.
const MONDAY: Timestamp = Timestamp(1_796_030_100_000);

/// The day before.
const SUNDAY: Timestamp = Timestamp(1_795_943_700_000);

/// A file of the project with a policy of that body.
fn policy(name: &str, needs: &str, body: &str) -> String {
    format!(
        "-- file: shop/policies/{name}.lua\nreturn mz.policy {{\n  api = 1, name = '{name}', needs = {{ {needs} }}, poll = '1s',\n  decide = function(facts)\n    {body}\n  end,\n}}\n"
    )
}

/// A world with a first version in production and a second that waits to be deployed.
fn deployed(world: &World) {
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&changed());
}

fn run(world: &World, more: &[&str]) -> Told {
    world.mzflow(&[&["run", "blue_green", "--project", "shop", "--id", "second"], more].concat())
}

/// What is recorded of policies, a line each: policy, verdict, reason, askings.
fn decisions(world: &World) -> String {
    world.rows(
        "SELECT payload->>'policy', payload->>'verdict', payload->>'reason', payload->>'askings' \
         FROM _mzflow.public.journal WHERE kind = 'policy.decided' ORDER BY at, seq",
    )
}

/// The run of the second version.
fn second_run(world: &World) -> String {
    world.rows(
        "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'stage.intent' \
         AND payload->>'deployment' = 'second'",
    )
}

/// A policy of the examples, copied into the project.
fn example(world: &World, name: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies");
    let to = world.folder().join("shop/policies");
    std::fs::create_dir_all(&to).expect("a folder");
    std::fs::copy(from.join(format!("{name}.lua")), to.join(format!("{name}.lua"))).expect("a copy");
}

#[test]
fn a_policy_is_asked_before_a_swap_and_recorded_with_its_facts() {
    let world = World::new();
    deployed(&world);
    world.write(&policy(
        "careful",
        "'changes', 'hydration'",
        "if #facts.changes.removed > 0 then return mz.abort('something would be gone') end
    if facts.hydration.state ~= 'ready' then return mz.wait('not caught up') end
    return mz.promote('changes ' .. table.concat(facts.changes.changed, ' '))",
    ));
    let told = run(&world, &["--policy", "careful"]).code(0);
    told.says("careful says promote: changes shop.core.orders").says("second is production");
    assert_eq!(total(&world), "20");
    assert_eq!(decisions(&world), "careful promote changes shop.core.orders 1");
    let facts = world.rows(
        "SELECT payload->'facts'->'deployment'->>'id', payload->'facts'->'run'->>'recipe', \
         payload->'facts'->'hydration'->>'state', payload->'facts'->'changes'->'summary'->>'changed', \
         payload->'facts'->'policy'->>'asked', payload->'facts'->'run'->>'started_by' \
         FROM _mzflow.public.journal WHERE kind = 'policy.decided'",
    );
    assert_eq!(facts, "second blue_green ready 1 1 materialize");
    // Before the swap, not after.
    let order = world.rows(
        "SELECT kind FROM _mzflow.public.journal WHERE kind IN ('policy.decided', 'swap.intent') \
         AND run_id = (SELECT run_id FROM _mzflow.public.journal WHERE kind = 'policy.decided') ORDER BY seq",
    );
    assert_eq!(order, "policy.decided\nswap.intent");
}

#[test]
fn a_policy_that_says_no_leaves_production_as_it_was() {
    let world = World::new();
    deployed(&world);
    world.write(&policy("never", "'hydration'", "return mz.abort('not like this')"));
    let told = run(&world, &["--policy", "shop/policies/never.lua", "--force"]).code(3);
    let told = told.says("[policy.aborted]").says("policy never says no: not like this");
    let told = told.says("hydration: ready, 1 of 1 objects").says("production is untouched");
    told.says("mzflow resume [RUN]").says("mzflow abort second");
    assert_eq!(
        (total(&world), decisions(&world)),
        ("10".to_owned(), "never abort not like this 1".to_owned())
    );
    world.mzflow(&["list"]).code(0).says("second");
    world.mzflow(&["abort", "second"]).code(0);
}

#[test]
fn a_policy_that_waits_is_asked_again() {
    let world = World::new();
    deployed(&world);
    example(&world, "lag_vs_blue");
    world.write(&policy(
        "patient",
        "'hydration'",
        "if facts.hydration.state ~= 'ready' then return mz.wait('not caught up') end
    return mz.promote('asked ' .. facts.policy.asked .. ' times')",
    ));
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    let running = world.start(&[
        "run",
        "blue_green",
        "--project",
        "shop",
        "--id",
        "second",
        "--no-ready-check",
        "--policy",
        "patient",
        "--json",
    ]);
    // Its second row comes when the first stretch ends: that it was asked twice, statements tell.
    world.until("the policy waits", || !decisions(&world).is_empty());
    world.forget();
    world.until("it is asked again", || {
        world.statements().iter().any(|sql| sql.contains("mz_hydration_statuses"))
    });
    assert_eq!(total(&world), "10");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    let told = running.end(&world).code(0);
    assert_eq!(total(&world), "20");
    let lines = told.json_lines();
    let asked: Vec<&serde_json::Value> =
        lines.iter().filter(|line| line["event"] == "policy.decided").collect();
    let verdicts: Vec<String> =
        asked.iter().map(|line| format!("{} {}", line["verdict"], line["again_ms"])).collect();
    assert_eq!(verdicts.first().map(String::as_str), Some("\"wait\" 1000"));
    assert_eq!(verdicts.last().map(String::as_str), Some("\"promote\" null"));
    let waits = asked.len() - 1;
    let rows = decisions(&world);
    let expected = match waits {
        1 => "patient wait not caught up 1\n".to_owned(),
        more => format!("patient wait not caught up 1\npatient wait not caught up {}\n", more - 1),
    };
    assert_eq!(rows, format!("{expected}patient promote asked {} times 1", waits + 1));
}

#[test]
fn waiting_has_an_end() {
    let world = World::new();
    deployed(&world);
    world.write(&policy("never", "", "return mz.wait('for nothing')"));
    let told = run(&world, &["--policy", "never", "--policy-timeout", "1s"]).code(3);
    let told = told.says("[policy.timeout]").says("second may not become production yet, after [TIME]");
    let told = told.says("policy never waits: for nothing (asked 2 times)");
    told.says("mzflow resume [RUN]").says("production is untouched");
    assert_eq!(decisions(&world), "never wait for nothing 1\nnever wait for nothing 1");
    let told = run(&world, &["--policy", "never", "--deadline", "1500ms"]).code(3);
    told.says("[run.deadline]").says("policy never waits: for nothing").says("mzflow resume [RUN]");
    assert_eq!(total(&world), "10");
}

#[test]
fn a_run_that_is_stopped_while_a_policy_waits_asks_the_same_policy_again() {
    let world = World::new();
    deployed(&world);
    world.write("-- file: shop/lib/limit.lua\nreturn 3\n");
    let text = policy(
        "third",
        "",
        "if facts.policy.asked < require('lib.limit') then return mz.wait('asked too seldom') end
    return mz.promote('asked ' .. facts.policy.asked .. ' times')",
    );
    world.write(&text);
    let running =
        world.start(&["run", "blue_green", "--project", "shop", "--id", "second", "--policy", "third"]);
    world.until("the policy waits", || !decisions(&world).is_empty());
    running.interrupt();
    let told = running.end(&world).code(130);
    told.says("[run.interrupted]").says("policy third waits: asked too seldom").says("mzflow resume [RUN]");
    assert_eq!(total(&world), "10");
    // What lies on the disk now is another policy.
    world.write(&text.replace("asked too seldom", "something else").replace("mz.promote", "mz.abort"));
    world.write("-- file: shop/lib/limit.lua\nreturn 1000\n");
    let told = world.mzflow(&["resume", &second_run(&world), "--project", "shop"]).code(0);
    told.says("third says promote: asked 3 times").never_says("something else");
    assert_eq!(total(&world), "20");
}

#[test]
fn all_policies_have_to_agree() {
    let world = World::new();
    deployed(&world);
    world.write(&policy("yes", "", "return mz.promote()"));
    world.write(&policy("later", "", "return mz.wait('for the other')"));
    let told = run(&world, &["--policy", "yes", "--policy", "later", "--policy-timeout", "0s"]).code(3);
    told.says("yes says promote").says("policy later waits: for the other");
    assert_eq!(total(&world), "10");
    let told = run(&world, &["--policy", "yes", "--policy", "yes"]).code(2);
    told.says("[cli.policy-twice]");
}

#[test]
fn the_parts_one_at_a_time_ask_too() {
    let world = World::new();
    deployed(&world);
    world.write(&policy("never", "", "return mz.abort('no')"));
    world.write(&policy(
        "args",
        "",
        "return mz.promote(facts.run.recipe .. ' ' .. facts.run.args.deployment)",
    ));
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    let told = world.mzflow(&["promote", "second", "--project", "shop", "--policy", "never"]).code(3);
    told.says("[policy.aborted]").says("ask again:  repeat the same command");
    assert_eq!(total(&world), "10");
    let told = world.mzflow(&["promote", "second", "--project", "shop", "--policy", "args"]).code(0);
    told.says("args says promote: promote second");
    assert_eq!(total(&world), "20");
    // What is production is not asked about.
    let told = world.mzflow(&["promote", "second", "--project", "shop", "--policy", "never"]).code(3);
    told.says("[swap.already-promoted]");
}

#[test]
fn a_rehearsal_asks_once_and_waits_for_nothing() {
    let world = World::new();
    deployed(&world);
    world.write(&policy(
        "patient",
        "'hydration', 'changes'",
        "if facts.hydration.state ~= 'ready' then return mz.wait('not caught up') end
    if facts.changes.summary.changed > 1 then return mz.abort('too much at once') end
    return mz.promote()",
    ));
    world.forget();
    run(&world, &["--policy", "patient", "--dry-run"]).code(0).says("patient says promote").says("SWAP WITH");
    let told =
        run(&world, &["--policy", "patient", "--dry-run", "--no-ready-check", "--assume", "hydrating"]);
    told.code(0).says("patient waits: not caught up").says("SWAP WITH");
    world.write(&changed().replace("sum(", "max("));
    let told = run(&world, &["--policy", "patient", "--dry-run"]).code(3);
    told.says("[policy.aborted]").says("too much at once");
    let written = world.statements();
    assert!(written.iter().all(|sql| !sql.starts_with("INSERT") && !sql.starts_with("ALTER")), "{written:?}");
}

#[test]
fn a_broken_policy_is_told_before_anything_is_sent() {
    let world = World::new();
    deployed(&world);
    world.forget();
    let told = run(&world, &["--policy", "hours"]).code(2);
    told.says("[cli.unknown-policy]").says("no policies/hours.lua below the project");
    world.write(&policy("impure", "", "return mz.query('SELECT 1')"));
    run(&world, &["--policy", "impur"]).code(2).says("did you mean `impure`?");
    let told = run(&world, &["--policy", "impure"]).code(1);
    let told = told.says("[policy.not-pure]").says("policies/impure.lua:4").says("policies are pure");
    told.says("nothing was sent to the server");
    world.write("-- file: shop/policies/empty.lua\n-- nothing\n");
    run(&world, &["--policy", "empty"]).code(1).says("[policy.bad-policy]");
    world.write(&policy("misspelt", "'hydratoin'", "return mz.promote()"));
    run(&world, &["--policy", "misspelt"]).code(1).says("did you mean `hydration`?");
    assert!(world.statements().is_empty(), "{:?}", world.statements());
    assert_eq!(total(&world), "10");
}

#[test]
fn a_policy_that_fails_while_it_decides_leaves_production_as_it_was() {
    let world = World::new();
    deployed(&world);
    for (body, code) in [
        ("return nil", "[policy.bad-verdict]"),
        ("while true do end", "[policy.too-long]"),
        ("local c = coroutine c['yield']()", "[policy.not-pure]"),
        ("return mz.wait(facts.hydration.state)", "[policy.unknown-fact]"),
        ("error('thrown')", "[lua.error]"),
    ] {
        world.write(&policy("broken", "", body));
        let told = run(&world, &["--policy", "broken"]).code(1).says(code).says("policies/broken.lua:");
        told.says("production is untouched; what was staged stays");
    }
    assert_eq!((total(&world), decisions(&world)), ("10".to_owned(), String::new()));
}

fn world_at(at: Timestamp) -> World {
    World::with(Options { clock: Clock::manual(at), ..Options::default() })
}

#[test]
fn business_hours_are_those_of_the_server() {
    let world = world_at(SUNDAY);
    deployed(&world);
    example(&world, "business_hours");
    let told = run(&world, &["--policy", "business_hours", "--policy-timeout", "0s"]).code(3);
    told.says("policy business_hours waits: outside business hours");
    assert_eq!(total(&world), "10");
    let world = world_at(MONDAY);
    deployed(&world);
    example(&world, "business_hours");
    run(&world, &["--policy", "business_hours"]).code(0).says("business_hours says promote");
    assert_eq!(total(&world), "20");
}

#[test]
fn lag_is_compared_with_what_would_be_replaced() {
    let world = World::new();
    deployed(&world);
    example(&world, "lag_vs_blue");
    let told = run(&world, &["--policy", "lag_vs_blue"]).code(0);
    told.says("lag_vs_blue says promote: as fresh as production");
    let lag = world.rows(
        "SELECT payload->'facts'->'hydration'->'objects'->0->'blue_lag_s' IS NOT NULL \
         FROM _mzflow.public.journal WHERE kind = 'policy.decided'",
    );
    assert_eq!(lag, "t");
}

/// A project whose answers come from a table, so that rows differ from version to version.
const ROWS: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/raw.sql
CREATE VIEW raw AS SELECT * FROM (VALUES (1, 10), (2, 20), (3, 30)) AS v (id, amount);
-- file: shop/models/shop/core/orders.sql
CREATE MATERIALIZED VIEW orders IN CLUSTER compute AS SELECT id, amount FROM core.raw WHERE id < 4;
";

#[test]
fn rows_that_would_disappear_stop_a_promotion() {
    let world = World::new();
    world.write(ROWS);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    example(&world, "no_removed_rows");
    world.write(&ROWS.replace("id < 4", "id < 3"));
    let told = run(&world, &["--policy", "no_removed_rows"]).code(3);
    let told = told.says("[policy.aborted]").says("1 row of shop.core.orders would disappear");
    told.says("compare: shop.core.orders +0 −1");
    assert_eq!(world.rows("SELECT count(*) FROM shop.core.orders"), "3");
    world.mzflow(&["abort", "second"]).code(0);
    world.write(&ROWS.replace("(3, 30)", "(3, 30), (0, 0)"));
    let third = ["run", "blue_green", "--project", "shop", "--id", "third", "--policy", "no_removed_rows"];
    world.mzflow(&third).code(0).says("no_removed_rows says promote: nothing disappears");
    assert_eq!(world.rows("SELECT count(*) FROM shop.core.orders"), "4");
}

#[test]
fn rows_are_not_compared_before_there_are_any() {
    let world = World::new();
    world.write(ROWS);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&policy(
        "compares",
        "'compare'",
        "if facts.policy.asked == 1 then return mz.wait('asked for the first time') end
    local orders = facts.compare['core.orders']
    return mz.promote(orders.state .. ' ' .. orders.added .. ' ' .. orders.rows_green)",
    ));
    world.write(&ROWS.replace("(3, 30)", "(3, 30), (0, 0)"));
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'orders'");
    let more = ["--no-ready-check", "--policy", "compares"];
    let told = run(&world, &[&more[..], &["--policy-timeout", "0s"]].concat()).code(3);
    told.says("policy compares waits: asked for the first time");
    let told = run(&world, &[&more[..], &["--policy-timeout", "1s"]].concat()).code(3);
    told.says("policy compares waits: `compare` is not known before everything is ready: 0 of 1 objects are");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    let told = run(&world, &more).code(0);
    told.says("compares waits: asked for the first time").says("compares says promote: differs 1 4");
    run(&world, &["--dry-run", "--policy", "compares"]).code(0);
}

/// Answers the run of the second version as a role.
fn approve(world: &World, role: &str, more: &[&str]) -> Told {
    let url = world.url().replace("materialize@", &format!("{role}@"));
    let run = second_run(world);
    world.mzflow(&[&["approve", &run, "--project", "shop", "--url", &url], more].concat())
}

#[test]
fn two_people_have_to_agree() {
    let world = World::new();
    deployed(&world);
    example(&world, "two_approvals");
    for role in ["ann", "bob"] {
        world.sql(&format!("CREATE ROLE {role} SUPERUSER"));
    }
    let more = ["--policy", "two_approvals"];
    let told = run(&world, &[&more[..], &["--policy-timeout", "0s"]].concat()).code(3);
    told.says("policy two_approvals waits: 0 of 2 approvals").says("mzflow approve [RUN]");
    // Whoever began the run does not count, and one is not enough; each answer asks for one more.
    approve(&world, "materialize", &[]).code(0);
    let id = second_run(&world);
    let resume = ["resume", &id, "--project", "shop", "--policy-timeout", "0s"];
    world.mzflow(&resume).code(3).says("policy two_approvals waits: 0 of 2 approvals");
    approve(&world, "ann", &["--message", "fine with me"]).code(0);
    world.mzflow(&resume).code(3).says("policy two_approvals waits: 1 of 2 approvals");
    // A run that waits sees the answer by itself.
    let running = world.start(&["resume", &id, "--project", "shop", "--policy-timeout", "60s"]);
    let waits = "SELECT count(*) FROM _mzflow.public.journal WHERE kind = 'policy.decided' \
        AND payload->>'reason' = '1 of 2 approvals'";
    world.until("it waits again", || world.rows(waits).parse::<u32>().is_ok_and(|count| count > 1));
    approve(&world, "bob", &[]).code(0);
    let told = running.end(&world).code(0);
    told.says("two_approvals says promote: approved by ann and bob");
    assert_eq!(total(&world), "20");
}

#[test]
fn a_no_of_a_person_ends_the_wait() {
    let world = World::new();
    deployed(&world);
    example(&world, "two_approvals");
    run(&world, &["--policy", "two_approvals", "--policy-timeout", "0s"]).code(3);
    approve(&world, "materialize", &["--deny", "--message", "not today"]).code(0);
    let told = world.mzflow(&["resume", &second_run(&world), "--project", "shop"]).code(3);
    told.says("[approval.denied]").says("not today");
    assert_eq!(total(&world), "10");
}

/// Runs `mzflow policy …` in the folder of the examples' policies.
fn on_examples(world: &World, arguments: &[&str]) -> Told {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies");
    let output = world.command(&[&["policy"], arguments].concat()).current_dir(folder).output();
    let output = output.expect("the binary runs");
    Told::new(world, output.status.code(), &output.stdout, &output.stderr)
}

#[test]
fn every_example_says_what_its_facts_expect() {
    let world = World::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/policies");
    let entries = std::fs::read_dir(folder).expect("there are examples");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".lua")).collect();
    names.sort();
    let mut tested = Vec::new();
    world.forget();
    for name in &names {
        let told = on_examples(&world, &["test", name, "--json"]).code(0).json();
        assert!(told["passed"].as_u64() > Some(1), "{name}: {told:#}");
        assert!(told["cases"].as_array().into_iter().flatten().all(|case| case["status"] == "passed"));
        tested.push(told["policy"].as_str().unwrap_or_default().to_owned());
    }
    expect![[r#"["business_hours", "lag_vs_blue", "no_removed_rows", "two_approvals"]"#]]
        .assert_eq(&format!("{tested:?}"));
    assert!(world.statements().is_empty(), "no server is asked");
}

#[test]
fn a_policy_is_tested_with_files_of_facts() {
    let world = World::new();
    world.write(SHOP);
    world.write(&policy(
        "weekend",
        "",
        "if facts.now.iso_weekday > 5 then return mz.wait('weekend') end return mz.promote()",
    ));
    world.write("-- file: shop/policies/weekend/friday.json\n{\"facts\": {\"now\": \"2026-11-27T12:00:00Z\"}, \"expect\": {\"verdict\": \"promote\"}}\n");
    let test =
        |more: &[&str]| world.mzflow(&[&["policy", "test", "weekend", "--project", "shop"], more].concat());
    let told = test(&[]).code(0);
    told.says("passed    friday  promote").says("weekend, 1 case: 1 passed");
    // Another expectation.
    world.write("-- file: shop/policies/weekend/sunday.json\n{\"facts\": {\"now\": \"2026-11-29T12:00:00Z\"}, \"expect\": {\"verdict\": \"promote\"}}\n");
    let told = test(&["--junit", "out.xml"]).code(3).says("FAILED    sunday").says("said      wait: weekend");
    told.says("expected  promote").says("weekend, 2 cases: 1 passed, 1 failed");
    let xml = std::fs::read_to_string(world.folder().join("out.xml")).expect("it was written");
    assert!(xml.contains("<testsuite name=\"weekend\" tests=\"2\""), "{xml}");
    assert!(xml.contains("expected promote, said wait: weekend"), "{xml}");
    // One that cannot be read, and one that lacks a fact.
    world.write("-- file: bad/a.json\n{\"facts\": {\"now\": {\"hour\": \"nine\"}}, \"expct\": {}}\n-- file: bad/b.json\n{\"facts\": {}, \"expect\": {\"verdict\": \"wait\"}}\n");
    let told = test(&["--facts", "bad", "--facts", "shop/policies/weekend/friday.json"]).code(1);
    let told = told.says("INVALID   a").says("[policy.bad-facts]").says("did you mean `expect`?");
    let told =
        told.says("`now.hour` has to be a whole number").says("INVALID   b").says("[policy.missing-fact]");
    told.says("the facts do not tell `now`").says("weekend, 3 cases: 1 passed, 2 invalid");
    test(&["--facts", "nowhere"]).code(2).says("[cli.no-facts]");
    std::fs::create_dir(world.folder().join("hollow")).expect("a folder");
    test(&["--facts", "hollow"]).code(2).says("[cli.no-facts]");
    world.mzflow(&["policy", "test", "nobody", "--project", "shop"]).code(2).says("[cli.unknown-policy]");
}

#[test]
fn a_recorded_decision_becomes_a_test_and_a_past_to_try_policies_on() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["setup"]).code(0);
    world.write(&policy("small", "'changes'", "if facts.changes.summary.changed > 1 then return mz.abort('too much at once') end return mz.promote()"));
    world.mzflow(&["policy", "backtest", "small", "--project", "shop"]).code(1).says("[policy.no-decision]");
    deployed(&world);
    run(&world, &["--policy", "small"]).code(0);
    let id = second_run(&world);
    let facts = world.mzflow(&["policy", "facts", &id]).code(0);
    world.write(&format!("-- file: shop/policies/small/{}.json\n{}\n", "recorded", facts.stdout));
    world.mzflow(&["policy", "test", "small", "--project", "shop"]).code(0).says("1 passed");
    let told = world.mzflow(&["policy", "facts", &id, "--all", "--json"]).code(0).json();
    assert_eq!(told[0]["expect"]["verdict"], "promote");
    world.mzflow(&["policy", "facts", "r-nobody"]).code(1).says("[run.unknown]");
    world.mzflow(&["policy", "facts", &id, "--policy", "smal"]).code(1).says("did you mean `small`?");

    let backtest =
        |more: &[&str]| world.mzflow(&[&["policy", "backtest", "small", "--project", "shop"], more].concat());
    backtest(&["--exit-code"]).code(0).says("1 decision of 1 asking: 1 the same");
    world.write(&policy(
        "small",
        "'changes'",
        "if facts.changes.summary.changed > 0 then return mz.wait('a change') end return mz.promote()",
    ));
    backtest(&[]).code(0).says("differs").says("recorded  promote").says("would say wait: a change");
    backtest(&["--exit-code"]).code(7);
    let told = backtest(&["--json"]).code(0).json();
    assert_eq!((&told["differs"], &told["same"]), (&1.into(), &0.into()));
    assert_eq!(told["decisions"][0]["would"]["reason"], "a change");
    world.write(&policy("small", "'changes', 'hydration'", "return mz.promote()"));
    backtest(&["--exit-code"]).code(0).says("missing").says("the facts do not tell `hydration`");
    world.write(&policy("small", "", "return nil"));
    backtest(&[]).code(1).says("[policy.bad-verdict]");
    backtest(&["--deployment", "other"]).code(1).says("[policy.no-decision]");
    backtest(&["--since", "1d"]).code(1).says("failed");
    backtest(&["--of", "smal"]).code(1).says("did you mean `small`?");
}
