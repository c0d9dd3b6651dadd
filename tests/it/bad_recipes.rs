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
