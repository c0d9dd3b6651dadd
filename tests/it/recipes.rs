//! Recipes of a project's own: hooks, queries, steps, errors, and what `--json` says of a run.

use expect_test::expect;

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::changed;

/// A recipe that changes the bundled one.
const CAREFUL: &str = "\
-- file: shop/recipes/careful.lua
-- careful: asks a question of production before every swap, and says what it hears.
local checks = require 'recipes.lib.checks'
return mz.recipe {
  api = 1, name = 'careful', summary = 'Ask first.', extends = 'blue_green',
  args = { least = { type = 'number', default = 0, help = 'what the answer has to be at least' } },
  hooks = {
    after_diff = function(ctx, changes) mz.log('rebuilds ' .. changes.cost.objects) end,
    before_swap = function(ctx, deployment) checks.ask(ctx.args.least) end,
    after_swap = function(ctx, promotion)
      local first = mz.step('announce', function() return { epoch = promotion.epoch } end)
      mz.log('announced ' .. tostring(first))
    end,
  },
}
-- file: shop/recipes/lib/checks.lua
-- checks: what careful asks.
local checks = {}
function checks.ask(least)
  local rows = mz.query('SELECT $1::int8 + 1 AS answer, $2 AS word, NULL AS nothing', { 41, 'yes' })
  mz.log('heard ' .. tostring(rows))
  if rows[1].answer < least then
    error('the answer is too small')
  end
end
return checks
";

/// The bundled recipe with a hook that fails.
fn failing(name: &str, hook: &str, with: &str) -> String {
    format!(
        "-- file: shop/recipes/{name}.lua
-- {name}: fails.
return mz.recipe {{
  api = 1, name = '{name}', summary = 'Fail.', extends = 'blue_green',
  hooks = {{ {hook} = function() error('{with}') end }},
}}
"
    )
}

#[test]
fn a_recipe_that_changes_the_bundled_one() {
    let world = World::new();
    world.write(SHOP);
    world.write(CAREFUL);
    let told = world.mzflow(&["run", "careful", "--project", "shop", "--id", "one"]).code(0);
    let told = told.says("rebuilds 2").says(r#"heard [{"answer":42,"word":"yes"}]"#);
    told.says(r#"announced {"epoch":1}"#).says("one is production");
    let told = world.mzflow(&["run", "careful", "--project", "shop", "--help"]).code(0);
    told.says("--least <N>").says("--keep <DURATION>");
}

#[test]
fn a_hook_that_says_no_leaves_production_as_it_was() {
    let world = World::new();
    world.write(SHOP);
    world.write(CAREFUL);
    let told = world.mzflow(&["run", "careful", "--project", "shop", "--least", "43"]).code(1);
    let told = told.says("[lua.error]").says("the answer is too small").says("recipes/lib/checks.lua:7:5");
    told.says("production is untouched").says("mzflow resume [RUN]");
    assert_eq!(world.rows("SELECT count(*) FROM mz_schemas WHERE name = 'core'"), "0");
}

#[test]
fn a_hook_that_fails_behind_the_swap_is_told_with_what_is_production() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&changed());
    world.write(&failing("loud", "after_swap", "nobody listens"));
    let told = world.mzflow(&["run", "loud", "--project", "shop", "--id", "second"]).code(1);
    let told = told.says("nobody listens").says("second became production in this run");
    drop(told.says("mzflow rollback second").never_says("untouched"));
    world.mzflow(&["list"]).code(0).says("promoted, then failed").says("mzflow resume [RUN]");
    let item = world.mzflow(&["list", "--json"]).code(0).json()[0].clone();
    let run = item["runs"][0].as_str().expect("a run");
    // What an earlier process did counts too.
    let told = world.mzflow(&["resume", run, "--project", "shop"]).code(1);
    drop(told.says("second became production in this run").never_says("untouched"));
    world.mzflow(&["rollback", "second"]).code(0);
}

#[test]
fn a_run_that_fails_before_anything_is_staged_speaks_of_nothing_staged() {
    let world = World::new();
    world.write(SHOP);
    world.write(&failing("no", "after_diff", "not today"));
    let told = world.mzflow(&["run", "no", "--project", "shop"]).code(1).says("not today");
    told.says("production is untouched").never_says("what was staged");
}

#[test]
fn a_question_that_the_server_refuses() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n-- file: shop/ask.lua\n-- ask: asks what is not there.\nreturn mz.recipe {\n  api = 1, name = 'ask', summary = 'Asks.',\n  run = function(ctx)\n    mz.query 'SELECT * FROM nowhere.at.all'\n  end,\n}\n");
    let told = world.mzflow(&["run", "shop/ask.lua", "--project", "shop"]).code(1);
    told.says("[query.failed]").says("shop/ask.lua:5:5");
}

#[test]
fn a_recipe_that_never_ends_has_a_deadline() {
    let world = World::new();
    world.write("-- file: loop.lua\n-- loop: runs for ever.\nreturn mz.recipe {\n  api = 1, name = 'loop', summary = 'Loops.',\n  run = function() while true do pcall(error) end end,\n}\n");
    world.mzflow(&["run", "loop.lua", "--deadline", "200ms"]).code(3).says("[run.deadline]");
}

#[test]
fn a_mistake_is_found_before_anything_is_sent() {
    let world = World::new();
    world.write(SHOP);
    world.write(&CAREFUL.replace("mz.query('SELECT", "mz.qery('SELECT"));
    world.forget();
    let told = world.mzflow(&["run", "careful", "--project", "shop"]).code(1);
    told.says("[lua.unknown-function]").says("did you mean `query`?").says("nothing was sent to the server");
    assert!(world.statements().is_empty());
}

#[test]
fn events_of_a_run() {
    let world = World::new();
    world.write(SHOP);
    world.write(CAREFUL);
    let lines = world
        .mzflow(&["run", "blue_green", "--project", "shop", "--id", "one", "--json"])
        .code(0)
        .json_lines();
    assert!(
        lines.iter().all(|line| line["event"].is_string() && line["at"].is_u64() && line["run"].is_string())
    );
    let last = lines.last().expect("there are some");
    let told = ["event", "status", "deployment", "message", "epoch", "exit"].map(|key| last[key].to_string());
    expect![[r#""run.finished" "done" "one" "one is production" 1 0"#]].assert_eq(&told.join(" "));
    let lines = world.mzflow(&["run", "careful", "--project", "shop", "--least", "x", "--json"]).code(2);
    lines.says("`x` is not a number");
    world.write(&changed());
    let lines = world
        .mzflow(&["run", "careful", "--project", "shop", "--least", "43", "--json"])
        .code(1)
        .json_lines();
    let last = lines.last().expect("there are some");
    assert_eq!((&last["event"], &last["status"]), (&"run.finished".into(), &"failed".into()));
    assert_eq!(last["error"]["code"], "lua.error");
}

#[test]
fn recipes_are_listed_and_ejected() {
    let world = World::new();
    world.write(SHOP);
    world.write(CAREFUL);
    world.mzflow(&["recipes", "--project", "shop"]).code(0).says("careful").says("bundled");
    world.mzflow(&["eject", "blue_green", "--project", "shop"]).code(0).says("blue_green.lua");
    world.mzflow(&["eject", "blue_green", "--project", "shop"]).code(3).says("[cli.exists]");
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "one"]).code(0);
    told.says("of the project, instead of the bundled one").says("one is production");
}

#[test]
fn what_has_ended_is_not_resumed() {
    let world = World::new();
    world.write(SHOP);
    world.write(CAREFUL);
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0);
    let run = world.rows("SELECT DISTINCT run_id FROM _mzflow.public.journal");
    world.mzflow(&["resume", &run, "--project", "shop"]).code(3).says("[run.finished]");
    world.mzflow(&["resume", "r-nobody", "--project", "shop"]).code(1).says("[run.unknown]");
}

#[test]
fn what_a_recipe_is_called_with_is_what_the_reference_tells() {
    let world = World::new();
    world.write("-- file: look.lua\n-- look: tells what it is called with.\nreturn mz.recipe {\n  api = 1, name = 'look', summary = 'Looks.',\n  run = function(ctx) for name in pairs(ctx) do mz.log('field ' .. name) end end,\n}\n");
    let told = world.mzflow(&["run", "look.lua"]).code(0);
    let mut found: Vec<&str> =
        told.stderr.lines().filter_map(|line| line.trim().strip_prefix("field ")).collect();
    found.sort_unstable();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lua.md")).expect("a page");
    let (_, class) = page.split_once("### mz.Context").expect("the page tells of it");
    let (class, _) = class.split_once("\n### ").expect("others follow");
    let mut fields: Vec<&str> =
        class.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    fields.sort_unstable();
    assert_eq!(found, fields);
}
