//! Tests of recipes: `mzflow test` runs the files of `tests/`, each test against sandboxes and in a time
//! of its own; `--crash` cuts what they run.
//!
//! `MZFLOW_CRASH=all` cuts the bundled recipe at every statement instead of at some.

use expect_test::expect;

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::told::Told;

/// A world with the shop and these files of tests.
fn world(tests: &str) -> World {
    let world = World::new();
    world.write(&SHOP.replace("amount;\n", "amount;\nCOMMENT ON VIEW orders IS 'Every order';\n"));
    world.write(tests);
    world
}

/// A file with one test of this body.
fn body(lua: &str) -> String {
    format!("-- file: shop/tests/one.lua\nreturn mz.test {{ name = 'one', run = function(t)\n{lua}\nend }}\n")
}

/// Runs one test of this body.
#[track_caller]
fn run(lua: &str) -> Told {
    world(&body(lua)).mzflow(&["test", "--project", "shop"])
}

#[test]
fn what_is_expected_and_not_there_is_shown() {
    run("t.equal(1 + 1, 3, 'the sum')")
        .code(3)
        .says("FAILED    tests/one.lua#one")
        .says("error[test.expectation]: the sum: the value is another than expected")
        .says("tests/one.lua:2:1")
        .says("expected  3")
        .says("actual    2")
        .says("1 test: 1 failed");
    run("t.equal({ a = 1, b = { 1, 2, 3 } }, { a = 1, b = { 1, 3 } })").code(3).says("+     2,");
    run("t.count({ 'a', 'b' }, 'a%', 2)").code(3).says("1 of 2 are like `a%`, not 2");
    run("t.fails(function() error { code = 'x.y', message = 'no' } end, 'x.z')")
        .code(3)
        .says("another error");
    run("t.fails(function() end)").code(3).says("nothing was raised");
    run("print('said', 1) t.ok(true) t.match({ 1 }, '[1]') t:equal(nil, nil)")
        .code(0)
        .says("passed    tests/one.lua#one")
        .says("said\t1");
}

#[test]
fn a_file_that_is_wrong_keeps_no_other_from_being_run() {
    let files = "\
-- file: shop/tests/a.lua
return mz.test { run = function(t) end }
-- file: shop/tests/b.lua
return mz.test { run = function(t) end
-- file: shop/tests/c.lua
return 1
-- file: shop/tests/d.lua
return { mz.test { name = 'x', run = function() end }, mz.test { name = 'x', run = function() end } }
-- file: shop/tests/e.lua
return mz.test { nme = 'x', run = function() end }
-- file: shop/tests/f.lua
return mz.test { now = 'noon', run = function() end }
-- file: shop/tests/_lib/g.lua
return 'no test'
";
    let world = world(files);
    let told = world.mzflow(&["test", "--project", "shop"]).code(1);
    let told = told.says("passed    tests/a.lua#a").says("INVALID   tests/b.lua").says("[lua.syntax]");
    let told = told.says("tests/b.lua:2").says("the file returns a number; it has to return mz.test");
    let told =
        told.says("two tests of the file are called `x`").says("tests/d.lua:1").says("[test.bad-file]");
    let told = told.says("unknown argument `nme` for mz.test (did you mean `name`?)");
    let told = told.says("`now` of test `f` has to be a time").says("tests/f.lua:1:18");
    told.says("6 tests: 1 passed, 5 invalid");
}

#[test]
fn a_mistake_of_a_test_is_told_at_its_line() {
    let open = "local s = mz.test.sandbox {}\n";
    let check = |lua: &str, says: &[&str]| {
        let told = run(&format!("{open}{lua}")).code(1).says("INVALID").says("tests/one.lua:3");
        says.iter().fold(told, |told, text| told.says(text));
    };
    check("s:transcrip()", &["there is no s:transcrip (did you mean `transcript`?)"]);
    check("t.equals(1, 1)", &["there is no t.equals (did you mean `equal`?)"]);
    check(
        "s:run('blue_green', { tiemout = '1m' })",
        &["unknown argument `tiemout`", "did you mean `timeout`"],
    );
    check("s:run('blue_green', { timeout = 'soon' })", &["`soon` is not a duration"]);
    check("s:sql('SELECT nope')", &["query.failed", "nope"]);
    check("s:edit { ['../x'] = '' }", &["no path below the project"]);
    check("s:resume()", &["nothing has run yet"]);
    check("s:fault('explode')", &["`explode` is no fault"]);
    check("mz.swap { deployment = 'a' }", &["mz.swap works only while the recipe runs"]);
    check("local x = nil + 1", &["attempt to perform arithmetic on a nil value"]);
}

#[test]
fn a_test_that_does_not_end_is_stopped() {
    let own = run("t.sleep('25h')").code(3);
    own.says("[test.timeout]").says("of its own time").says("tests/one.lua:2:1");
    let world = world(&body("while true do end"));
    let told = world.mzflow(&["test", "--project", "shop", "--limit", "200ms"]).code(3);
    told.says("[test.timeout]").says("of people's time");
    world.write(&body("mz.test.sandbox {}:run('loop')"));
    world.write("-- file: shop/recipes/loop.lua\n-- loop: never ends.\nreturn mz.recipe { api = 1, name = 'loop', summary = 'Loops.', run = function() while true do end end }\n");
    world.mzflow(&["test", "--project", "shop", "--limit", "500ms"]).code(3).says("[test.timeout]");
}

#[test]
fn tests_are_chosen_by_file_and_name() {
    let files = "\
-- file: shop/tests/a.lua
return { mz.test { name = 'one', run = function() end }, mz.test { name = 'two', run = function() end } }
-- file: shop/tests/b/c.lua
return mz.test { run = function(t) t.ok(false) end }
";
    let world = world(files);
    let test = |filter: &str| world.mzflow(&["test", "--project", "shop", filter]);
    test("tests/a.lua").code(0).says("2 tests: 2 passed");
    test("tests/a.lua#t*").code(0).says("passed    tests/a.lua#two").says("1 test: 1 passed");
    test("tests/b").code(3).says("FAILED    tests/b/c.lua#c").says("1 test: 1 failed");
    test("tests/z.lua").code(1).says("[test.no-match]");
    // Nothing else is run, and no server asked.
    world.forget();
    test("tests/a.lua").code(0);
    assert!(world.statements().is_empty());
}

#[test]
fn programs_are_told_the_same() {
    let lua = "print 'said' local s = mz.test.sandbox {} s:sql 'SELECT 1' t.sleep('1m') t.equal(1, 2)";
    let world = world(&body(lua));
    let told = world.mzflow(&["test", "--project", "shop", "--json", "--junit", "out.xml"]).code(3).json();
    let one = &told["recipe_tests"][0];
    let told = ["file", "test", "line", "status", "own_time_s", "log"].map(|key| one[key].to_string());
    expect![[r#""tests/one.lua" "one" 1 "failed" 60.0 ["said"]"#]].assert_eq(&told.join(" "));
    let error = &one["errors"][0];
    let told = ["code", "file", "line", "lines"].map(|key| error[key].to_string());
    expect![[r#""test.expectation" "tests/one.lua" 2 ["expected  2","actual    1"]"#]]
        .assert_eq(&told.join(" "));
    let xml = std::fs::read_to_string(world.folder().join("out.xml")).expect("it is written");
    for text in ["<testsuite name=\"tests/one.lua\"", "classname=\"tests/one.lua\"", "<failure", "said"] {
        assert!(xml.contains(text), "{text}: {xml}");
    }
}

#[test]
fn time_passes_when_everything_waits_and_only_then() {
    let lua = "\
local s = mz.test.sandbox { hydration = '30m', env = { COLOUR = 'green' } }
local seen = {}
for _, at in ipairs { 40, 10, 10 } do
  s:at(at, function() seen[#seen + 1] = at .. '@' .. mz.now() % 3600 end)
end
local run = s:run('soak')
t.equal(run.status, 'done')
t.equal(run.took_s, 1800)
t.equal(run.log, { 'green' })
t.equal(seen, { '10@10.0', '10@10.0', '40@40.0' })
t.equal(run.statements, {})
local before = mz.now()
s:sql 'SELECT 1'
t.equal(mz.now(), before)";
    let world = world(&body(lua));
    world.write("-- file: shop/recipes/soak.lua\n-- soak: waits.\nreturn mz.recipe { api = 1, name = 'soak', summary = 'Waits.', run = function() mz.log(mz.env 'COLOUR') mz.sleep('30m') end }\n");
    world.mzflow(&["test", "--project", "shop"]).code(0).says("of its own time");
}

#[test]
fn who_sent_what_is_told() {
    let lua = "\
local s = mz.test.sandbox { rbac = true }
s:sql 'CREATE ROLE joe'
t.fails(function() s:sql('CREATE DATABASE d', nil, 'joe') end, '42501')
local run = s:run('blue_green', { id = 'a' })
t.equal(run.status, 'done')
t.equal(run.deployment, 'a')
local last = s:transcript()
last = last[#last]
t.equal({ last.application:match '^mzflow', last.role, last.outcome }, { 'mzflow', 'materialize', 'ok' })
t.sequence(s:transcript(), { 'CREATE ROLE joe', 'CREATE DATABASE d', 'CREATE%totals%' })
t.equal(s:sql('SELECT $1::int8 + 1 AS n, $2 AS none', { 41, mz.json.null }), { { n = 42 } })
local dry = s:run('blue_green', { id = 'b', dry_run = true })
t.equal(dry.status, 'done')";
    run(lua).code(0);
}

#[test]
fn a_policy_is_asked_in_the_time_of_the_test() {
    let lua = "\
local s = mz.test.sandbox {}
local run = s:run('blue_green', { id = 'a', policy = 'late' })
t.equal(run.status, 'done')
t.equal(run.log, { 'late says wait: too early', 'late says promote' })
t.ok(run.took_s >= 3600, tostring(run.took_s))
s:edit { ['models/shop/core/orders.sql'] = 'CREATE VIEW orders AS SELECT 1 AS id, 20 AS amount;' }
run = s:run('blue_green', { id = 'b', policy = { 'policies/never.lua' } })
t.equal(run.status, 'refused')
t.match(run.error.message, '%not today%')
t.equal(s:sql('SELECT total FROM shop.core.totals')[1].total, 10)";
    let world = world(&body(lua));
    world.write(
        "\
-- file: shop/policies/late.lua
return mz.policy {
  api = 1, name = 'late', summary = 'From ten.', needs = {}, poll = '5m',
  decide = function(facts)
    if facts.now.hour < 10 then return mz.wait('too early') end
    return mz.promote()
  end,
}
-- file: shop/policies/never.lua
return mz.policy {
  api = 1, name = 'never', summary = 'Never.', needs = {},
  decide = function() return mz.abort('not today') end,
}
",
    );
    world.mzflow(&["test", "--project", "shop"]).code(0);
}

#[test]
fn a_question_is_answered() {
    let lua = "\
local s = mz.test.sandbox {}
local run = s:run('ask')
t.equal({ run.status, run.exit }, { 'paused', 5 })
t.equal(s:approve('approved', 'go ahead').status, 'done')
t.equal(s:resume().message, 'went')
s:run('ask')
s:approve('denied')
t.equal(s:resume().status, 'refused')";
    let world = world(&body(lua));
    world.write("-- file: shop/recipes/ask.lua\n-- ask: asks somebody.\nreturn mz.recipe { api = 1, name = 'ask', summary = 'Asks.', run = function(ctx) mz.setup {} mz.approve { message = 'go?' } ctx.done 'went' end }\n");
    world.mzflow(&["test", "--project", "shop"]).code(0);
}

/// A recipe that cannot go on where it was cut: what it left there keeps it from beginning.
const CARELESS: &str = "\
-- file: shop/recipes/careless.lua
-- careless: blue_green for those who believe that nothing ever goes wrong.
return mz.recipe {
  api = 1, name = 'careless', summary = 'Refuses what it has staged itself.', extends = 'blue_green',
  hooks = {
    after_diff = function()
      local staged = mz.query(\"SELECT name FROM mz_schemas WHERE name LIKE '%mzf'\")
      if #staged > 0 then error('somebody is staging') end
    end,
  },
}
-- file: shop/tests/careless.lua
-- careless: where nothing goes wrong, it does what it says.
return mz.test {
  run = function(t)
    local s = mz.test.sandbox {}
    t.equal(s:run('careless', { id = 'a' }).status, 'done')
  end,
}
";

#[test]
fn a_recipe_that_does_not_go_on_is_found_out() {
    let world = world(CARELESS);
    // The statement that makes the view; before it are those of `setup` and `apply`.
    let crash = ["test", "--project", "shop", "tests/careless.lua", "--crash-at", "23"];
    let told = world.mzflow(&crash).code(3);
    let told = told.says("CRASH     tests/careless.lua#careless · statement 23, resumed");
    let told = told.says("error[test.crash]: the run does not go on").says("lua.error: somebody is staging");
    let told = told.says("killed behind the statement, then resumed").says("tests/careless.lua:5:");
    told.says("mzflow test 'tests/careless.lua#careless' --crash-at 23 --project shop").says("did not go on");
    let told = world.mzflow(&["test", "--project", "shop", "tests", "--crash-at", "999"]).code(2);
    told.says("cannot be cut at statement 999");
}

/// What the bundled recipe is cut in: a version over another one.
const DEPLOYED: &str = "\
-- file: shop/tests/blue_green.lua
-- blue_green: one version, and another one over it.
return mz.test {
  crash = 'all',
  run = function(t)
    local s = mz.test.sandbox { hydration = '2s' }
    t.equal(s:run('blue_green', { id = 'a' }).status, 'done')
    s:edit { ['models/shop/core/orders.sql'] = \"CREATE VIEW orders AS SELECT 1 AS id, 20 AS amount; COMMENT ON VIEW orders IS 'Every order';\" }
    t.equal(s:run('blue_green', { id = 'b' }).status, 'done')
  end,
}
";

#[test]
fn the_bundled_recipe_goes_on_wherever_it_is_cut() {
    /// So many of its statements are cut where nobody asks for all of them.
    const SOME: usize = 7;
    let world = world(DEPLOYED);
    let test = ["test", "--project", "shop", "tests/blue_green.lua", "--json"];
    let told = world.mzflow(&[&test[..4], &["--crash-at", "9999"]].concat()).code(2);
    let count = told.stderr.split("its last is ").nth(1).and_then(|rest| rest.split(',').next());
    let count: usize = count.and_then(|count| count.parse().ok()).expect("it tells how many there are");
    let all = std::env::var("MZFLOW_CRASH").is_ok_and(|wanted| wanted == "all");
    let mut arguments: Vec<String> = test.map(str::to_owned).into();
    if all {
        arguments.push("--crash".to_owned());
    } else {
        // Over all of it, and the last ones, where it is swapped and cleaned up.
        let some = (0..SOME).map(|at| 2 + at * count / SOME).chain([count - 4, count]);
        arguments.extend(some.flat_map(|number| ["--crash-at".to_owned(), number.to_string()]));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = world.mzflow(&arguments).code(0).json();
    let crash = &told["recipe_tests"][0]["crash"];
    let cuts = crash["cuts"].as_u64().expect("it was cut");
    assert!(cuts >= 4 * (SOME as u64 - 1), "{crash:#}");
    assert_eq!(crash["failures"], serde_json::json!([]));
}

/// The page's blocks are the files of one project.
#[test]
fn the_blocks_of_the_page_pass() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipe_tests.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let world = World::new();
    let shop = world.example("shop");
    std::fs::remove_dir_all(shop.join("tests")).expect("it has tests");
    let mut files = 0;
    for block in page.split("\n```lua\n").skip(1) {
        let text = block.split("\n```").next().expect("a block ends");
        let path = text.lines().next().and_then(|line| line.strip_prefix("-- "));
        let path = path.filter(|path| path.ends_with(".lua")).expect("a block begins with its path");
        let path = shop.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        files += 1;
    }
    assert!(files > 5);
    world.mzflow(&["test", "--project", "shop", "tests"]).code(0).says("8 tests: 8 passed");
}

#[test]
fn the_tests_of_the_example_pass() {
    let world = World::new();
    world.example("shop");
    world.mzflow(&["test", "--project", "shop", "tests"]).code(0).says("12 tests: 12 passed");
}
