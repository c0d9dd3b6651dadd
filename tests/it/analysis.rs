//! Checks and `mz.analyze`: what is asked, what follows from the answers, and what people see.

use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::harness::World;
use crate::harness::told::Told;

/// A recipe that runs `code` and logs what it returns as JSON.
fn recipe(code: &str) -> String {
    format!(
        "-- file: look.lua\n-- look: asks.\nreturn mz.recipe {{ api = 1, name = 'look', summary = 'Asks.', run = function(ctx)\n\
         local function asked()\n{code}\nend\n\
         mz.log('found ' .. mz.json.encode(asked()))\nend }}\n"
    )
}

fn run(world: &World, code: &str, options: &[&str]) -> Told {
    world.write(&recipe(code));
    let arguments: Vec<&str> = ["run", "look.lua", "--json"].iter().chain(options).copied().collect();
    world.mzflow(&arguments)
}

fn found(told: &Told) -> Value {
    let lines = told.json_lines();
    let messages = lines.iter().filter_map(|line| line["message"].as_str());
    let found = messages.filter_map(|message| message.strip_prefix("found ")).next();
    serde_json::from_str(found.unwrap_or_else(|| panic!("nothing was told: {lines:?}"))).expect("JSON")
}

fn asked(world: &World, code: &str) -> Value {
    found(&run(world, code, &[]).code(0))
}

/// The verdict and the message of one check.
fn answer(world: &World, check: &str) -> String {
    let found = asked(world, &format!("return mz.check.run({check})"));
    format!("{}: {}", found["verdict"].as_str().expect("a word"), found["message"].as_str().expect("a line"))
}

#[test]
fn a_query_is_a_check_of_its_rows_or_of_its_value() {
    let world = World::new();
    let check = |arguments: &str| answer(&world, &format!("mz.check.sql {{ {arguments} }}"));
    assert_eq!(check("sql = 'SELECT 1 WHERE false'"), "pass: no rows");
    assert_eq!(check("sql = 'SELECT 1', expect = 'no rows'"), "fail: 1 row, and none is expected");
    assert_eq!(
        check("sql = 'SELECT $1::int8 = 2', params = { 2 }, expect = true"),
        "pass: true (true is expected)"
    );
    assert_eq!(check("sql = 'SELECT NULL', expect = true"), "inconclusive: NULL (true is expected)");
    assert_eq!(check("sql = 'SELECT 7.5', expect = { max = 5 }"), "fail: 7.5, and at most 5 is expected");
    assert_eq!(
        check("sql = 'SELECT count(*) FROM mz_tables WHERE false', expect = 0"),
        "pass: 0 (0 is expected)"
    );
    assert_eq!(
        check("sql = 'SELECT 1 AS a, 2 AS b', expect = 1"),
        "error: 2 columns, and one value is expected"
    );
    let missing = check("sql = 'SELECT * FROM nowhere.at.all'");
    assert!(missing.starts_with("error: query.failed: unknown"), "{missing}");
}

#[test]
fn a_function_stands_for_a_check_and_says_a_word() {
    let world = World::new();
    let check = |body: &str| answer(&world, &format!("function() {body} end"));
    assert_eq!(check("return 'pass'"), "pass: ");
    assert_eq!(
        check("local rows = mz.query('SELECT 3 AS n') return 'fail', 'there are ' .. rows[1].n, rows"),
        "fail: there are 3"
    );
    assert_eq!(check("return 'inconclusive', 'too early'"), "inconclusive: too early");
    assert_eq!(check("error('no idea')"), "error: lua.error: look.lua:4: no idea");
    let wrong = run(&world, "return mz.check.run(function() return true end)", &[]).code(1);
    wrong.says("[lua.wrong-argument]").says("not a boolean");
    let wrong = run(&world, "return mz.check.run(function() return 'passed' end)", &[]).code(1);
    wrong.says("not \"passed\"");
}

#[test]
fn a_check_is_a_value_and_asks_nothing_by_itself() {
    let world = World::new();
    world.forget();
    let told = run(&world, "return mz.check.sql { name = 'errors', sql = 'SELECT 4711' }", &[]).code(0);
    assert_eq!(found(&told), json!({ "name": "errors", "asks": "SELECT 4711 (expected: no rows)" }));
    assert!(world.statements().iter().all(|sql| !sql.contains("4711")));
    // What was a function before is one still, with others below its name.
    let told = run(&world, "return { tostring(pcall(mz.check, {})), type(mz.check.sql) }", &[]).code(0);
    assert_eq!(found(&told), json!(["false", "function"]));
    run(&world, "return mz.analyze { checks = {} }", &[]).code(1).says("[lua.wrong-argument]");
    run(&world, "return mz.analyze { checks = { 1 } }", &[]).code(1).says("a list of checks");
    run(&world, "return mz.analyze { checks = { print }, count = 0 }", &[]).code(1).says("at least 1");
    run(&world, "return mz.check.sqll { }", &[]).code(1).says("did you mean `sql`?");
    run(&world, "return mz.check.sql { sqll = 'SELECT 1' }", &[]).code(1).says("did you mean `sql`?");
    run(&world, "return mz.check.rows { deployment = 'x', object = 'a.b.c' }", &[])
        .code(1)
        .says("needs a bound");
}

/// An analysis of functions that answer one word after the other.
fn scripted(limits: &str, words: &[&str]) -> String {
    let checks: Vec<String> = words
        .iter()
        .map(|word| {
            format!(
                "(function() local n = 0 return function() n = n + 1 local c = ('{word}'):sub(n, n) \
                 if c == 'e' then error('look ' .. n) end \
                 return ({{ p = 'pass', f = 'fail', i = 'inconclusive' }})[c], 'look ' .. n end end)()"
            )
        })
        .collect();
    format!(
        "return mz.analyze {{ checks = {{ a = {}, b = {} }}, interval = '1ms', {limits} }}",
        checks[0],
        checks.get(1).map_or("function() return 'pass' end", String::as_str)
    )
}

#[test]
fn an_analysis_ends_as_soon_as_its_verdict_is_certain() {
    let world = World::new();
    let told = |limits: &str, words: &[&str]| {
        let found = asked(&world, &scripted(limits, words));
        let checks: Vec<&str> = found["checks"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|c| c["verdict"].as_str())
            .collect();
        format!("{} after {} {checks:?} {}", found["verdict"], found["samples"], found["reason"])
    };
    assert_eq!(
        told("count = 3", &["ppp"]),
        r#""pass" after 3 ["pass", "pass"] "2 checks passed, looked at 3 times""#
    );
    assert_eq!(
        told("count = 9", &["pf"]),
        r#""fail" after 2 ["fail", "unfinished"] "a failed once: look 2""#
    );
    assert_eq!(
        told("count = 3, failure_limit = 1", &["fpf", "pppp"]),
        r#""fail" after 3 ["fail", "pass"] "a failed 2 times (1 is allowed): look 3""#
    );
    assert_eq!(
        told("count = 5", &["eeeee"]),
        r#""error" after 5 ["error", "pass"] "a could not be asked 5 times in a row (4 are allowed): lua.error: look.lua:4: look 5""#
    );
    assert_eq!(
        told("count = 2", &["epep"]),
        r#""pass" after 4 ["pass", "pass"] "2 checks passed, looked at 4 times""#
    );
    assert_eq!(
        told("count = 2, inconclusive_limit = 1", &["ii"]),
        r#""inconclusive" after 2 ["inconclusive", "pass"] "a was inconclusive 2 times (1 is allowed): look 2""#
    );
}

#[test]
fn every_look_is_told() {
    let world = World::new();
    let code = "local seen = {} \
                local result = mz.analyze { label = 'canary', title = 'role c reads green', note = 'Ctrl-C ends it', \
                  count = 2, interval = '1ms', initial_delay = '1ms', \
                  on_sample = function(sample) seen[#seen + 1] = sample.sample .. '/' .. sample.count .. ' ' .. sample.checks[1].passed end, \
                  checks = { mz.check.sql { name = 'errors', sql = 'SELECT 0', expect = 0 }, mz.check.sql { name = 'errors', sql = 'SELECT 1', expect = { min = 1 } } } } \
                seen[#seen + 1] = result.verdict return seen";
    let told = run(&world, code, &[]).code(0);
    assert_eq!(found(&told), json!(["1/2 1", "2/2 2", "pass"]));
    let lines = told.json_lines();
    let samples: Vec<&Value> = lines.iter().filter(|line| line["event"] == "analysis.sample").collect();
    assert_eq!(samples.len(), 2);
    assert_eq!((&samples[0]["next_ms"], &samples[1]["next_ms"]), (&json!(1), &Value::Null));
    assert_eq!(
        samples[0]["checks"],
        json!([
            { "name": "errors", "verdict": "pass", "message": "0 (0 is expected)" },
            { "name": "errors-2", "verdict": "pass", "message": "1 (at least 1 is expected)" },
        ])
    );
    let done = lines.iter().find(|line| line["event"] == "analysis.done").expect("it is told");
    assert_eq!(
        (&done["label"], &done["verdict"], &done["samples"]),
        (&json!("canary"), &json!("pass"), &json!(2))
    );
    // For people in a pipe.
    world.write(&recipe(code));
    let told = world.mzflow(&["run", "look.lua"]).code(0);
    let told = told.says("canary    role c reads green · 2 of 2 samples");
    told.says("  errors     pass   0 (0 is expected)")
        .says("canary    pass: 2 checks passed, looked at 2 times");
}

#[test]
fn a_rehearsal_says_what_it_would_ask_and_is_decided_by_what_is_assumed() {
    let world = World::new();
    let code = "local ran = false \
                local found = mz.analyze { count = 5, interval = '1h', checks = { mz.check.sql { sql = 'SELECT 4711' }, function() ran = true return 'fail' end } } \
                return { found.verdict, found.samples, ran, found.checks[1].last.message, found.checks[2].last.message }";
    world.forget();
    let told = run(&world, code, &["--dry-run"]).code(0);
    assert_eq!(
        found(&told),
        json!([
            "pass",
            1,
            false,
            "assumed; would ask SELECT 4711 (expected: no rows)",
            "assumed; would ask a function of the recipe"
        ])
    );
    assert!(world.statements().iter().all(|sql| !sql.contains("4711")));
    for (assume, verdict) in [("failing", "fail"), ("hydrating", "inconclusive")] {
        let told = run(&world, code, &["--dry-run", "--assume", assume]).code(0);
        assert_eq!(found(&told)[0], verdict);
    }
}

#[test]
fn a_stop_and_the_deadline_end_it_between_two_looks() {
    let world = World::new();
    let code = "return mz.analyze { count = 9, interval = '1h', checks = { function() mz.query('SELECT 4711 AS looked') return 'pass' end } }";
    let started = Instant::now();
    run(&world, code, &["--deadline", "300ms"]).code(3).says("run.deadline");
    assert!(started.elapsed() < Duration::from_secs(30));
    world.write(&recipe(code));
    world.forget();
    let running = world.start(&["run", "look.lua", "--json"]);
    world.until("it has looked", || world.statements().iter().any(|sql| sql.contains("4711")));
    running.interrupt();
    running.end(&world).code(130);
}

/// A shop whose orders were made wrong by a change.
const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/orders.sql
CREATE MATERIALIZED VIEW orders IN CLUSTER compute AS SELECT n AS id, n % 3 AS state FROM generate_series(1, 100) AS n;
";

#[test]
fn a_deployment_is_judged_by_its_lag_its_rows_and_its_differences() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "blue"]).code(0);
    world.write(
        &SHOP
            .replace("n % 3 AS state", "CASE n WHEN 7 THEN 9 ELSE n % 3 END AS state")
            .replace("(1, 100)", "(1, 98)"),
    );
    world.mzflow(&["stage", "--project", "shop", "--id", "green"]).code(0);
    world.mzflow(&["wait", "green"]).code(0);
    let check = |check: &str| answer(&world, check);
    let lag = check("mz.check.lag { deployment = 'green', max = '10m' }");
    assert!(lag.starts_with("pass: ") && lag.ends_with(" s behind (limit 600 s)"), "{lag}");
    let object = "deployment = 'green', object = 'shop.core.orders'";
    assert_eq!(
        check(&format!("mz.check.rows {{ {object}, min_ratio = 0.9 }}")),
        "pass: 98 rows against 100 (at least 0.9 of production's)"
    );
    assert_eq!(
        check(&format!("mz.check.rows {{ {object}, min_ratio = 0.99, max = 200 }}")),
        "fail: 98 rows against 100, and at least 0.99 of production's, at most 200 are expected"
    );
    assert_eq!(
        check("mz.check.compare { deployment = 'green', key = 'id' }"),
        "fail: shop.core.orders: +0 −2 ~1 against 100 rows"
    );
    assert_eq!(
        check(
            "mz.check.compare { deployment = 'green', key = 'id', allow = \"change = 'removed' OR after.state = 9\" }"
        ),
        "pass: shop.core.orders: +0 −2 ~1 against 100 rows, all allowed"
    );
    assert_eq!(
        check(
            "mz.check.compare { deployment = 'green', key = 'id', allow = function(row) return row.change == 'removed' end }"
        ),
        "fail: shop.core.orders: +0 −2 ~1 against 100 rows, 1 not allowed"
    );
    // The question itself is wrong, and will be wrong again.
    run(
        &world,
        "return mz.check.run(mz.check.rows { deployment = 'green', object = 'shop.core.order', min = 1 })",
        &[],
    )
    .code(1)
    .says("[compare.unknown-object]");
    // What is not hydrated tells nothing yet.
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'orders'");
    world.write(&SHOP.replace("(1, 100)", "(1, 97)"));
    world.mzflow(&["stage", "--project", "shop", "--id", "late"]).code(0);
    assert_eq!(
        check(
            "mz.check.rows { deployment = 'late', object = 'shop.core.orders', min = 1, timeout = '100ms' }"
        ),
        "inconclusive: shop.core.orders was not compared within 0.1 s"
    );
    let lag = check("mz.check.lag { deployment = 'late', max = '10m' }");
    assert!(lag.starts_with("inconclusive: shop.core.orders is hydrating"), "{lag}");
}

#[test]
fn columns_that_are_gone_fail_a_comparison_unless_they_are_only_reported() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "blue"]).code(0);
    world.write(&SHOP.replace(", n % 3 AS state", ""));
    world.mzflow(&["stage", "--project", "shop", "--id", "green"]).code(0);
    let same = "shop.core.orders: the same 100 rows; without column state";
    assert_eq!(answer(&world, "mz.check.compare { deployment = 'green' }"), format!("fail: {same}"));
    assert_eq!(
        answer(&world, "mz.check.compare { deployment = 'green', schema = 'report' }"),
        format!("pass: {same}")
    );
}
