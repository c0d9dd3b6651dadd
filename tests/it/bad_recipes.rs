//! Recipes that are wrong in every way that people are: a clear error with file and line, and
//! nothing done.

use crate::harness::World;
use crate::harness::told::Told;

/// Runs the recipe `text` of a project.
fn run(world: &World, text: &str, more: &[&str]) -> Told {
    world.write("-- file: shop/project.toml\n-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT 1 AS id;\n");
    world.write(&format!("-- file: shop/recipes/bad.lua\n{text}"));
    world.mzflow(&[&["run", "bad", "--project", "shop"], more].concat())
}

/// The same for the body of `run`, which begins in line 5.
fn body(world: &World, text: &str, more: &[&str]) -> Told {
    let head = "-- bad: goes wrong.\nreturn mz.recipe {\n  api = 1, name = 'bad', summary = 'Bad.',\n  run = function(ctx)\n";
    run(world, &format!("{head}{text}\n  end,\n}}\n"), more)
}

#[track_caller]
fn untouched(world: &World) {
    assert_eq!(world.rows("SELECT count(*) FROM mz_schemas WHERE name LIKE 'core%'"), "0");
}

#[test]
fn what_is_wrong_is_found_before_anything_is_sent() {
    let world = World::new();
    let recipe = |rest: &str| {
        format!(
            "-- bad: is wrong.\nreturn mz.recipe {{\n  api = 1, name = 'bad', summary = 'Bad.',\n  {rest}\n}}\n"
        )
    };
    for (text, code, place) in [
        (
            "-- bad: is no Lua.\nreturn mz.recipe {\n  run = function( end\n}\n".to_owned(),
            "lua.syntax",
            ":3:",
        ),
        (recipe("run = 7,"), "lua.wrong-argument", ":4:3"),
        (recipe("rnu = function() end,"), "lua.unknown-argument", ":4:3"),
        (recipe("run = function() mz.stage { change = 1 } end,"), "lua.unknown-argument", ":4:"),
        ("-- bad: gives nothing.\nlocal x = 1\n".to_owned(), "lua.bad-recipe", ":2:1"),
        ("-- bad: gives a table.\nreturn { run = print }\n".to_owned(), "lua.bad-recipe", ":2:1"),
        ("-- bad: fails.\nerror('at once')\n".to_owned(), "lua.error", ":2:1"),
        ("-- bad: fails with no table.\nerror(42)\n".to_owned(), "lua.error", ":2:1"),
        ("-- bad: reads elsewhere.\nreturn require '../other'\n".to_owned(), "lua.no-module", ":2:"),
        ("-- bad: reads elsewhere.\nreturn require '/etc/passwd'\n".to_owned(), "lua.no-module", ":2:"),
        ("-- bad: recurses.\nlocal function f() return 1 + f() end\nf()\n".to_owned(), "lua.error", ":2:"),
        ("-- bad: grows.\nlocal s = 'x'\nwhile true do s = s .. s end\n".to_owned(), "lua.memory", ":1:1"),
        ("-- bad: reaches out.\nmz.http { url = 'http://localhost' }\n".to_owned(), "lua.not-here", ":2:1"),
        ("-- bad: waits.\nmz.parallel { print }\n".to_owned(), "lua.not-here", ":2:1"),
    ] {
        world.forget();
        let told = run(&world, &text, &[]).code(1).says(code).says(&format!("recipes/bad.lua{place}"));
        told.says("nothing was sent to the server");
        assert!(world.statements().is_empty(), "{text}");
    }
}

#[test]
fn a_module_behind_a_link_is_not_read() {
    let world = World::new();
    world.write("-- file: elsewhere/secret.lua\nreturn 'hunter2'\n-- file: shop/project.toml\n");
    std::os::unix::fs::symlink(world.folder().join("elsewhere"), world.folder().join("shop/lib"))
        .expect("a link");
    let told = run(&world, "-- bad: reads elsewhere.\nreturn require 'lib.secret'\n", &[]).code(1);
    told.says("[lua.no-module]").says("recipes/bad.lua:2:").never_says("hunter2");
}

#[test]
fn what_goes_wrong_while_it_runs_has_its_line() {
    let world = World::new();
    for (text, code, said) in [
        ("    error('broken')", "lua.error", "broken"),
        ("    error(42)", "lua.error", "42"),
        ("    error(nil)", "lua.error", "nil"),
        ("    error(true)", "lua.error", "true"),
        ("    error(print)", "lua.error", "was raised as an error"),
        ("    error { message = 'mine' }", "lua.error", "mine"),
        (
            "    local d = mz.json.decode('{}') return d.deployment.id",
            "lua.error",
            "attempt to index a nil value",
        ),
        ("    mz.stage { changes = nil }", "lua.wrong-argument", "mz.stage needs `changes`"),
        ("    mz.stage { changes = {} }", "lua.wrong-argument", "has to be what mz.diff returned"),
        ("    mz.await { deployment = 1 }", "lua.wrong-argument", "has to be what mz.stage returned"),
        ("    mz.approve { message = 7 }", "lua.wrong-argument", "has to be a string"),
        ("    mz.notify { webhook = 'x' }", "lua.wrong-argument", "needs `text`"),
        ("    mz.step('a', 'b')", "lua.wrong-argument", "has to be a function"),
        ("    mz.parallel { function() error('inside') end }", "lua.error", "inside"),
        ("    mz.parallel { 'x' }", "lua.wrong-argument", "number 1 of mz.parallel is a string"),
        ("    require('lib.nowhere')", "lua.no-module", "there is no lib/nowhere.lua"),
        ("    local function f() return 1 + f() end f()", "lua.error", "stack overflow"),
        ("    local s = 'x' while true do s = s .. s end", "lua.memory", "256 MiB"),
        ("    local t = {} while true do t[#t + 1] = {} end", "lua.memory", "256 MiB"),
        ("    return ctx.hok('x')", "lua.error", "nil"),
    ] {
        let told = body(&world, text, &[]).code(1).says(&format!("[{code}]")).says(said);
        // Lua does not say where its memory ended: the function that it ran begins in line 4.
        let line = if code == "lua.memory" { 4 } else { 5 };
        told.says(&format!("recipes/bad.lua:{line}:")).says("production is untouched");
    }
    untouched(&world);
}

#[test]
fn a_loop_that_never_ends_has_its_line() {
    let world = World::new();
    for text in [
        "    while true do end",
        "    while true do pcall(error) end",
        "    coroutine.wrap(function() while true do end end)()",
        "    table.sort({ 2, 1 }, function() while true do end end)",
        "    mz.parallel { function() while true do end end, function() mz.sleep('1h') end }",
        "    mz.parallel { function() mz.sleep('1h') end }",
        "    mz.setup {} mz.step('a', function() while true do end end)",
        "    mz.setup {} mz.approve { message = 'go?', timeout = '1h' }",
        "    mz.sleep('1h')",
    ] {
        let told = body(&world, text, &["--deadline", "500ms"]);
        told.code(3).says("[run.deadline]").says("recipes/bad.lua:5:");
    }
    let hook = "-- bad: loops in a hook.\nreturn mz.recipe {\n  api = 1, name = 'bad', summary = 'Bad.', extends = 'blue_green',\n  hooks = { after_diff = function() while true do end end },\n}\n";
    run(&world, hook, &["--deadline", "3s"]).code(3).says("[run.deadline]").says("recipes/bad.lua:4:");
    untouched(&world);
}

/// The diagnostics of `recipes check`, a line each: code, file and line, message.
fn diagnostics(world: &World, more: &[&str], code: i32) -> Vec<String> {
    let told =
        world.mzflow(&[&["recipes", "check", "--project", "shop", "--json"], more].concat()).code(code);
    let document = told.json();
    let found = document["diagnostics"].as_array().expect("a list").iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    found
        .map(|found| {
            let (code, file, message) = (text(&found["code"]), text(&found["file"]), text(&found["message"]));
            format!("{code} {file}:{} {message}", found["line"])
        })
        .collect()
}

#[test]
fn the_check_finds_what_cannot_be_loaded() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n");
    let recipe = |api: u8, rest: &str| {
        format!(
            "return mz.recipe {{\n  api = {api}, name = 'bad', summary = 'Bad.', extends = 'blue_green',\n  {rest}\n}}\n"
        )
    };
    let policy = "return mz.policy {\n  api = 1, name = 'bad', needs = { 'hydratoin' },\n  decide = function() return mz.promote() end,\n}\n";
    world.forget();
    for (folder, text, code, said) in [
        ("recipes", recipe(1, "hooks = { after_stge = function() end },"), "lua.bad-recipe", "`after_stge`"),
        ("recipes", recipe(1, "hooks = { after_diff = 5 },"), "lua.bad-recipe", "a table of functions"),
        ("recipes", recipe(2, ""), "lua.bad-recipe", "the recipe wants 2"),
        (
            "recipes",
            recipe(1, "args = { x = { type = 'nmber' } },"),
            "lua.bad-recipe",
            "did you mean `number`?",
        ),
        (
            "recipes",
            recipe(1, "args = { json = { type = 'boolean' } },"),
            "lua.bad-recipe",
            "would be --json",
        ),
        ("recipes", "local x = 1\n".to_owned(), "lua.bad-recipe", "the file returns nil"),
        ("policies", policy.to_owned(), "policy.bad-policy", "there is no fact `hydratoin`"),
    ] {
        let file = format!("shop/{folder}/bad.lua");
        world.write(&format!("-- file: {file}\n{text}"));
        let found = diagnostics(&world, &[&file], 1);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(&format!("{code} {file}:")) && found[0].contains(said), "{found:?}");
    }
    let told = world.mzflow(&["recipes", "check", "--project", "shop"]).code(1);
    told.says("2 files, 2 errors").says("recipes/bad.lua:1:1").says("policies/bad.lua:2:");
    assert!(world.statements().is_empty(), "nothing is sent");
}

#[test]
fn the_check_lets_modules_and_tests_be_and_tells_a_mistake_once() {
    let world = World::new();
    world.write(
        "-- file: shop/project.toml
-- file: shop/recipes/good.lua
local checks = require 'recipes.checks'
return mz.recipe {
  api = 1, name = 'good', summary = 'Good.',
  run = function(ctx) error('this was run: ' .. checks.answer) end,
}
-- file: shop/recipes/checks.lua
return { answer = require('lib.inner')() }
-- file: shop/lib/inner.lua
local other = require 'policies.other'
return function() return other end
-- file: shop/policies/other.lua
return 42
-- file: shop/recipes/lib/alone.lua
return {}
-- file: shop/tests/helper.lua
return { answer = 42 }
",
    );
    let told = world.mzflow(&["recipes", "check", "--project", "shop"]).code(0);
    told.says("5 files, nothing wrong");
    let recipe = |name: &str, module: &str| {
        format!(
            "-- file: shop/recipes/{name}.lua\nlocal lib = require 'recipes.lib.{module}'\nreturn mz.recipe {{\n  api = 1, name = '{name}', summary = 'One.', run = function() return lib end,\n}}\n"
        )
    };
    world.write(
        &[recipe("a", "seen"), recipe("b", "seen"), recipe("c", "raised"), recipe("d", "raised")].concat(),
    );
    world.write("-- file: shop/recipes/lib/seen.lua\nreturn mz.stge {}\n-- file: shop/recipes/lib/raised.lua\nerror('no')\n");
    let found = diagnostics(&world, &[], 1);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found.iter().any(|line| line.starts_with("lua.unknown-function recipes/lib/seen.lua:1")),
        "{found:?}"
    );
    assert!(found.iter().any(|line| line.starts_with("lua.error recipes/lib/raised.lua:1")), "{found:?}");
}
