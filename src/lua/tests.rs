use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use expect_test::Expect;
use expect_test::expect;
use mlua::Value;

use super::branch;
use super::calls;
use super::failure;
use super::host::Facts;
use super::host::Git;
use super::host::Host;
use super::host::Source;
use super::recipe::ArgumentKind;
use super::recipe::Recipe;
use super::registry;
use super::run;
use super::shared::Running;
use super::values::Handle;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::event::Event;
use crate::event::Sink;
use crate::primitives::code::Code;
use crate::primitives::compile;
use crate::primitives::error::Error;
use crate::recipes;

/// Something small enough for a test to hold.
type Stopped = Rc<RefCell<Option<Error>>>;

fn host_with(files: &[(&str, &str)], clock: Clock) -> Host {
    let files: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let git =
        Git { sha: Some("77b01de0".to_owned()), short_sha: Some("77b01de".to_owned()), ..Git::default() };
    let facts = Facts {
        clock,
        git,
        variables: Rc::new(|name| (name == "HERE").then(|| "yes".to_owned())),
        files: Rc::new(move |name| files.get(name).cloned()),
    };
    Host::new(facts).expect("the host starts")
}

fn host() -> Host {
    host_with(&[], Clock::manual(Timestamp(1_500)))
}

/// Runs a piece of Lua in a host and tells what it gives, or what it fails with.
fn told(host: &Host, code: &str) -> Result<String, Error> {
    let source = Rc::from(code);
    host.shared.sources.borrow_mut().insert("t.lua".to_owned(), source);
    let chunk = host.lua.load(code).set_name("@t.lua").into_function();
    let chunk = chunk.map_err(|error| host.error_of(&error))?;
    let (ok, value) = host
        .shared
        .enter()
        .and_then(|enter| enter.call::<(bool, Value)>(chunk))
        .map_err(|error| host.error_of(&error))?;
    if ok {
        return Ok(value.to_string().expect("it prints"));
    }
    Err(failure::of_value(&host.shared, &value, Vec::new()).error)
}

fn line(outcome: Result<String, Error>) -> String {
    match outcome {
        Ok(text) => text,
        Err(error) => match error.where_() {
            Some(place) => {
                let marked = &place.text[place.span.clone()];
                format!("{error} at {}:{}:{} `{marked}`", place.file, place.line, place.column)
            }
            None => error.to_string(),
        },
    }
}

#[track_caller]
fn check(code: &str, expect: Expect) {
    expect.assert_eq(&line(told(&host(), code)));
}

/// Runs a piece of Lua in a coroutine of its own, as a recipe is run, on a manual clock.
async fn run_until_stopped(code: &str, stopped: Stopped) -> String {
    let host = host();
    host.shared.stop.ask(Rc::new(move || stopped.borrow().clone()));
    let chunk = host.lua.load(code).set_name("@t.lua").into_function().expect("it is Lua");
    let branch = branch::begin(&host.lua, &host.shared, None).expect("there is memory");
    let ended = branch::run(&host.lua, &host.shared, &branch, chunk, Vec::new()).await;
    ended.expect_err("it ended by itself").error.to_string()
}

fn interrupted() -> Error {
    Error::new(Code::RunInterrupted, "stopped, as asked")
}

#[test]
fn every_declared_function_is_bound() {
    let host = host();
    for name in registry::functions().map(|function| function.name) {
        let kind: String = host.lua.load(format!("return type(mz.{name})")).eval().expect("it is there");
        let has_others = !registry::below(name).is_empty();
        assert_eq!(kind, if has_others { "table" } else { "function" }, "{name}");
    }
    let unbound: Vec<&str> = registry::methods()
        .map(|function| function.name)
        .filter(|name| !calls::testing::is_bound(name))
        .collect();
    assert!(unbound.is_empty(), "{unbound:?}");
}

#[test]
fn a_recipe_has_no_way_out() {
    check(
        "local gone = {} \
         for _, name in ipairs { 'io', 'os', 'debug', 'package', 'dofile', 'loadfile', 'collectgarbage', 'warn' } do \
           if _G[name] == nil then gone[#gone + 1] = name end \
         end \
         return table.concat(gone, ' ') .. ' ' .. tostring(string.dump)",
        expect!["io os debug package dofile loadfile collectgarbage warn nil"],
    );
    check("return select(2, load('\\27Lua'))", expect![[r#"attempt to load a binary chunk (mode is 't')"#]]);
    check("return load('return 1 + 1', 'x', 'b')()", expect!["2"]);
    check(
        "setmetatable({}, { __gc = print })",
        expect![[
            r#"lua.error: `__gc` does not exist here at t.lua:1:1 `setmetatable({}, { __gc = print })`"#
        ]],
    );
    check(
        "mz.stage = nil",
        expect!["lua.error: `mz` cannot be changed: `stage` is set at t.lua:1:1 `mz.stage = nil`"],
    );
    check("return getmetatable(mz)", expect!["false"]);
}

#[test]
fn memory_has_an_end() {
    check(
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        expect!["lua.memory: the recipe holds more than 256 MiB"],
    );
    check(
        "return ('x'):rep(1 << 40)",
        expect![[r#"lua.error: resulting string too large at t.lua:1:1 `return ('x'):rep(1 << 40)`"#]],
    );
    check(
        "local s = 'x' while true do s = s .. s end",
        expect!["lua.memory: the recipe holds more than 256 MiB"],
    );
    check(
        "local ok, e = pcall(string.rep, 'x', 1 << 40) return tostring(e)",
        expect!["resulting string too large"],
    );
}

#[tokio::test]
async fn an_endless_loop_stops_when_it_is_asked_to() {
    for code in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do mz.try(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "local co = coroutine.wrap(function() while true do end end) while true do pcall(co) end",
        "local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
        "table.sort({ 3, 2, 1 }, function() while true do end end)",
        "string.gsub('aaa', 'a', function() while true do end end)",
        "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
        "repeat coroutine.yield() until false",
    ] {
        let stopped = Stopped::default();
        let run = run_until_stopped(code, Rc::clone(&stopped));
        // Other work of the same thread goes on meanwhile, where the loop is the recipe's own.
        let ask = async {
            tokio::task::yield_now().await;
            *stopped.borrow_mut() = Some(interrupted());
        };
        let message = if code.starts_with("while true do end") {
            tokio::join!(run, ask).0
        } else {
            *stopped.borrow_mut() = Some(interrupted());
            run.await
        };
        assert_eq!(message, "run.interrupted: stopped, as asked", "{code}");
    }
}

#[test]
fn tables_of_the_host_are_walked_in_order() {
    check(
        "local t = mz.json.decode('{\"b\":1,\"a\":{\"z\":1,\"y\":2},\"c\":[3,1]}') \
         t.aa = 5 \
         local seen = {} \
         for k in pairs(t) do seen[#seen + 1] = k end \
         return table.concat(seen, ' ') .. ' ' .. tostring(t)",
        expect![[r#"a aa b c {"a":{"y":2,"z":1},"aa":5,"b":1,"c":[3,1]}"#]],
    );
    check(
        "local a, b = mz.json.decode('{\"x\":[1,{\"y\":2}]}'), mz.json.decode('{\"x\":[1,{\"y\":2}]}') \
         local same = a == b \
         b.x[2].y = 3 \
         return tostring(same) .. ' ' .. tostring(a == b)",
        expect!["true false"],
    );
    check(
        "local names = {} for name in pairs(mz) do names[#names + 1] = name end return table.concat(names, ' ', 1, 3)",
        expect!["abort adopt analyze"],
    );
}

#[test]
fn json_goes_both_ways() {
    check(
        "return mz.json.encode({ b = 1, a = { 1, 2.5, 'x', true } })",
        expect![[r#"{"a":[1,2.5,"x",true],"b":1}"#]],
    );
    check(
        "return mz.json.encode(mz.json.decode('{\"a\":null,\"b\":[]}'))",
        expect![[r#"{"a":null,"b":[]}"#]],
    );
    check("return mz.json.decode('[1, null]')[2] == mz.json.null", expect!["true"]);
    check(
        "mz.json.decode('{')",
        expect![[
            r#"lua.not-json: the text is not JSON: EOF while parsing an object at line 1 column 1 at t.lua:1:1 `mz.json.decode('{')`"#
        ]],
    );
    check(
        "mz.json.encode { f = { print } }",
        expect![[
            r#"lua.not-json: the value.f[1] is a function, which has no JSON form at t.lua:1:1 `mz.json.encode { f = { print } }`"#
        ]],
    );
    check(
        "local t = {} t.t = t mz.json.encode(t)",
        expect![[
            r#"lua.not-json: the value is nested deeper than 64 levels, or holds itself at t.lua:1:1 `local t = {} t.t = t mz.json.encode(t)`"#
        ]],
    );
    check(
        "mz.json.encode { [1] = 1, [3] = 3 }",
        expect![
            "lua.not-json: the value is a list with holes or with names besides at t.lua:1:1 `mz.json.encode { [1] = 1, [3] = 3 }`"
        ],
    );
    check(
        "mz.json.encode(0/0)",
        expect![
            "lua.not-json: the value is NaN, and JSON has no such number at t.lua:1:1 `mz.json.encode(0/0)`"
        ],
    );
}

#[test]
fn a_value_that_would_have_no_end_is_not_written() {
    check(
        "local t = { 1 } for i = 1, 60 do t = { t, t } end return mz.json.encode(t)",
        expect![[
            r#"lua.not-json: the value has more than 1000000 parts at t.lua:1:1 `local t = { 1 } for i = 1, 60 do t = { t, t } end return mz.json.encode(t)`"#
        ]],
    );
}

#[test]
fn what_a_recipe_can_know() {
    check("return mz.duration('1.5m') .. ' ' .. mz.duration(90)", expect!["90.0 90.0"]);
    check(
        "mz.duration('5 parsecs')",
        expect![[
            r#"lua.wrong-argument: `text` of mz.duration has to be a duration such as "90s" or "5m", or a number of seconds, not "5 parsecs" at t.lua:1:1 `mz.duration('5 parsecs')`"#
        ]],
    );
    check("return mz.now()", expect!["1.5"]);
    check(
        "return mz.env('HERE') .. ' ' .. tostring(mz.env('THERE')) .. ' ' .. mz.env('THERE', 'no')",
        expect!["yes nil no"],
    );
    check(
        "return mz.git.short_sha .. ' ' .. tostring(mz.git.branch) .. ' ' .. tostring(mz.git.dirty)",
        expect!["77b01de nil false"],
    );
    check("return #mz.uuid()", expect!["36"]);
}

#[test]
fn arguments_are_checked() {
    check(
        "mz.await {\n  deployment = 'x',\n  timout = '10m',\n}",
        expect![[
            r#"lua.unknown-argument: unknown argument `timout` for mz.await (did you mean `timeout`?) at t.lua:3:3 `timout`"#
        ]],
    );
    check(
        "mz.await { timeout = '10m' }",
        expect![
            "lua.wrong-argument: mz.await needs `deployment`: what mz.stage returned, or a deployment's id at t.lua:1:4 `await`"
        ],
    );
    check(
        "mz.await { deployment = 'x', timeout = 'soon' }",
        expect![[
            r#"lua.wrong-argument: `timeout` of mz.await has to be a duration such as "90s" or "5m", or a number of seconds, not "soon" at t.lua:1:30 `timeout`"#
        ]],
    );
    check(
        "mz.diff { project = {} }",
        expect![
            "lua.wrong-argument: `project` of mz.diff has to be what mz.compile returned, not a table at t.lua:1:11 `project`"
        ],
    );
    check(
        "mz.diff { project = 1, isolation = 'objects' }",
        expect![
            "lua.wrong-argument: `project` of mz.diff has to be what mz.compile returned, not 1 at t.lua:1:11 `project`"
        ],
    );
    check(
        "mz.setup { really = true }",
        expect!["lua.unknown-argument: unknown argument `really` for mz.setup at t.lua:1:12 `really`"],
    );
}

#[test]
fn the_way_of_passing_arguments_is_checked() {
    check(
        "mz.stage('changes')",
        expect![
            "lua.wrong-argument: mz.stage takes named arguments, such as { changes = … }, and got a string itself at t.lua:1:1 `mz.stage('changes')`"
        ],
    );
    check(
        "mz.stage({}, 1)",
        expect![
            "lua.wrong-argument: mz.stage takes one table of named arguments, and got a number too at t.lua:1:1 `mz.stage({}, 1)`"
        ],
    );
    check(
        "mz.stage { 1 }",
        expect![[
            r#"lua.wrong-argument: mz.stage takes named arguments, and got one without a name at t.lua:1:1 `mz.stage { 1 }`"#
        ]],
    );
    check(
        "mz.log('a', 'loud')",
        expect![[
            r#"lua.wrong-argument: `level` of mz.log has to be "debug" or "info" or "warn", not "loud" at t.lua:1:1 `mz.log('a', 'loud')`"#
        ]],
    );
    check(
        "mz.log('a', 'info', 3)",
        expect![[
            r#"lua.wrong-argument: mz.log takes 2 arguments at most, and got 3 at t.lua:1:1 `mz.log('a', 'info', 3)`"#
        ]],
    );
    check(
        "mz.stge {}",
        expect![[r#"lua.unknown-function: there is no mz.stge (did you mean `stage`?) at t.lua:1:4 `stge`"#]],
    );
    check(
        "mz.setup {}",
        expect![
            "lua.not-here: mz.setup works only while the recipe runs, not while it is loaded at t.lua:1:1 `mz.setup {}`"
        ],
    );
    check(
        "mz.defer(print)",
        expect![
            "lua.not-here: mz.defer works only while the recipe runs, not while it is loaded at t.lua:1:1 `mz.defer(print)`"
        ],
    );
}

#[test]
fn errors_are_tables_that_tell_where() {
    check(
        "local ok, e = pcall(mz.setup, {}) return tostring(ok) .. ' ' .. tostring(e) .. ' ' .. e.kind .. ' ' .. type(e)",
        expect![[
            r#"false lua.not-here: mz.setup works only while the recipe runs, not while it is loaded (t.lua:1) invalid table"#
        ]],
    );
    check(
        "local value, e = mz.try(function()\n  error { code = 'careful.too-many', message = 'no' }\nend)\nreturn e.code .. ' ' .. e.message",
        expect!["careful.too-many no"],
    );
    check("local _, e = mz.try(error) return e.code", expect!["lua.error"]);
    check(
        "error { code = 'careful.too-many', message = 'no', cause = select(2, mz.try(mz.setup)) }",
        expect![
            "lua.error: careful.too-many: no at t.lua:1:1 `error { code = 'careful.too-many', message = 'no', cause = select(2, mz.try(mz.setup)) }`"
        ],
    );
    check("local v, e = mz.try(function() return 7 end) return v .. ' ' .. tostring(e)", expect!["7 nil"]);
    check(
        "local x = nil\nlocal function f()\n  return x.y\nend\nf()",
        expect![[r#"lua.error: attempt to index a nil value (upvalue 'x') at t.lua:3:3 `return x.y`"#]],
    );
    check(
        "local function f() error('blame them', 2) end\n\nf()",
        expect![[r#"lua.error: blame them at t.lua:3:1 `f()`"#]],
    );
    check("error('plain')", expect![[r#"lua.error: plain at t.lua:1:1 `error('plain')`"#]]);
    check(
        "local function f() return f() + 1 end f()",
        expect![[r#"lua.error: stack overflow at t.lua:1:1 `local function f() return f() + 1 end f()`"#]],
    );
    check(
        "error(setmetatable({}, { __tostring = function() return 'mine' end }))",
        expect![[
            r#"lua.error: mine at t.lua:1:1 `error(setmetatable({}, { __tostring = function() return 'mine' end }))`"#
        ]],
    );
    check("return xpcall(function() mz.setup {} end, function(e) return e.code end)", expect!["false"]);
}

#[test]
fn an_error_of_a_primitive_comes_out_as_it_went_in() {
    let host = host();
    let id = "77b01de".parse().expect("an id");
    let error = Error::new(Code::StageAlreadyExists, "taken")
        .deployment(&id)
        .line("a fact")
        .object("a.b.c")
        .effect("nothing was changed");
    let thrower = host.lua.create_function(move |_, ()| -> mlua::Result<()> {
        Err(failure::thrown(error.clone(), Vec::new()))
    });
    host.lua.globals().set("thrower", thrower.expect("a function")).expect("a global");
    for code in [
        "thrower()",
        "local ok, e = pcall(thrower) error(e)",
        "local _, e = mz.try(thrower) assert(nil, e)",
        "local co = coroutine.wrap(thrower) co()",
        "local ok, e = xpcall(thrower, function(e) return e end) error(e, 0)",
    ] {
        let error = told(&host, code).expect_err("it is thrown");
        assert_eq!(error.code(), Code::StageAlreadyExists, "{code}");
        assert_eq!(error.of_deployment(), Some(&id), "{code}");
        assert_eq!((error.lines(), error.about()), (&["a fact".to_owned()][..], Some("a.b.c")), "{code}");
        assert_eq!(error.changed(), Some("nothing was changed"), "{code}");
    }
    let fields =
        told(&host, "local _, e = mz.try(thrower) return e.kind .. ' ' .. e.deployment .. ' ' .. e.lines[1]");
    assert_eq!(fields.expect("it is caught"), "refused 77b01de a fact");
}

fn load(files: &[(&str, &str)], text: &str) -> Result<Recipe, Error> {
    let host = host_with(files, Clock::system());
    host.load(&Source { file: "recipes/r.lua".to_owned(), text: text.to_owned() })
}

#[track_caller]
fn check_load(text: &str, expect: Expect) {
    let outcome = load(&[], text).map(|recipe| format!("{} {:?}", recipe.name, recipe.hooks));
    expect.assert_eq(&line(outcome));
}

#[test]
fn the_shape_of_a_recipe() {
    check_load(
        "return mz.recipe { api = 1, name = 'r', summary = 's', hooks = { 'a' }, run = function() end }",
        expect![[r#"r ["a"]"#]],
    );
    check_load(
        "return mz.recipe { api = 2, name = 'r', summary = 's', run = print }",
        expect![
            "lua.bad-recipe: this mzflow has version 1 of the interface, and the recipe wants 2 at recipes/r.lua:1:20 `api`"
        ],
    );
    check_load(
        "return mz.recipe { api = 1, name = 'r', summary = 's' }",
        expect![[
            r#"lua.bad-recipe: recipe `r` has neither `run` nor `extends` at recipes/r.lua:1:1 `return mz.recipe { api = 1, name = 'r', summary = 's' }`"#
        ]],
    );
    check_load(
        "return mz.recipe { api = 1, name = 'r r', summary = 's', run = print }",
        expect![
            "lua.bad-recipe: `r r` is no recipe's name: letters, digits, `_` and `-` only at recipes/r.lua:1:29 `name`"
        ],
    );
    check_load(
        "return mz.recipe { api = 1, name = 'r', sumary = 's', run = print }",
        expect![[
            r#"lua.unknown-argument: unknown argument `sumary` for mz.recipe (did you mean `summary`?) at recipes/r.lua:1:41 `sumary`"#
        ]],
    );
    check_load(
        "return mz.recipe { api = 1, name = 'r', summary = 's', run = print, args = { x = { typ = 1 } } }",
        expect![
            "lua.unknown-argument: unknown argument `typ` for argument `x` (did you mean `type`?) at recipes/r.lua:1:84 `typ`"
        ],
    );
    check_load(
        "return mz.recipe { api = 1, name = 'r', summary = 's', run = print, args = { x = { type = 'strnig' } } }",
        expect![[
            r#"lua.bad-recipe: `strnig` is no type of an argument (did you mean `string`?): string, duration, number, boolean, or a list of choices at recipes/r.lua:1:78 `x`"#
        ]],
    );
    check_load(
        "return mz.recipe { api = 1, name = 'r', summary = 's', run = print, args = { x = { type = 'duration', default = 'soon' } } }",
        expect![
            "lua.bad-recipe: the default of argument `x`: `soon` is not a duration: a number of seconds, or one with a unit such as `90s`, `5m`, `1h` at recipes/r.lua:1:78 `x`"
        ],
    );
    check_load(
        "return mz.recipe { api = 1, name = 'r', summary = 's', extends = 'nobody' }",
        expect!["lua.bad-recipe: there is no recipe `nobody` to extend at recipes/r.lua:1:56 `extends`"],
    );
}

#[test]
fn what_a_file_must_not_do() {
    check_load(
        "-- nothing",
        expect![
            "lua.bad-recipe: the file returns nil; it has to return mz.recipe { … } at recipes/r.lua:1:1 `-- nothing`"
        ],
    );
    check_load(
        "return { run = print }",
        expect![[
            r#"lua.bad-recipe: the file returns a table; it has to return mz.recipe { … } at recipes/r.lua:1:1 `return { run = print }`"#
        ]],
    );
    check_load(
        "return mz.recipe {",
        expect![[r#"lua.syntax: unexpected symbol near <eof> at recipes/r.lua:1:1 `return mz.recipe {`"#]],
    );
    check_load(
        "error('at load')",
        expect![[r#"lua.error: at load at recipes/r.lua:1:1 `error('at load')`"#]],
    );
    check_load(
        "mz.compile {}",
        expect![
            "lua.not-here: mz.compile works only while the recipe runs, not while it is loaded at recipes/r.lua:1:1 `mz.compile {}`"
        ],
    );
    check_load(
        "local d\n\nmz.await { deployment = d, timout = '10m' }",
        expect![[
            r#"lua.unknown-argument: unknown argument `timout` for mz.await (did you mean `timeout`?) at recipes/r.lua:3:28 `timout`"#
        ]],
    );
    check_load(
        "return require 'lib.nowhere'",
        expect![
            "lua.no-module: cannot require `lib.nowhere`: there is no lib/nowhere.lua below the project at recipes/r.lua:1:17 `lib.nowhere`"
        ],
    );
    check_load(
        "return require '../secrets'",
        expect![
            "lua.no-module: cannot require `../secrets`: a module is named by its path below the project, such as `recipes.checks` at recipes/r.lua:1:17 `../secrets`"
        ],
    );
}

#[test]
fn a_recipe_that_changes_another_one() {
    let text = "return mz.recipe { api = 1, name = 'r', summary = 's', extends = 'blue_green', \
                args = { timeout = { default = '1h' }, more = { type = 'number', default = 3 } }, \
                hooks = { before_swap = require('lib.checks').check }, on_fail = function() end }";
    let files = [("lib/checks.lua", "return { check = function() end }")];
    let recipe = load(&files, text).expect("it is a recipe");
    let timeout = recipe.arguments.iter().find(|argument| argument.name == "timeout").expect("it has one");
    assert_eq!((&timeout.kind, timeout.default.clone()), (&ArgumentKind::Duration, 3600.into()));
    assert!(recipe.arguments.iter().any(|argument| argument.name == "more"));
    assert_eq!(recipe.hooks, ["after_diff", "after_stage", "before_swap", "after_swap"]);
    assert_eq!(recipe.body.hooks.keys().collect::<Vec<_>>(), ["before_swap"]);
    assert_eq!(recipe.body.on_fail.len(), 2, "the bundled one has one too");
    let wrong = text.replace("before_swap", "befor_swap");
    expect![[r#"lua.bad-recipe: recipe `blue_green` has no hook `befor_swap` (did you mean `before_swap`?) at recipes/r.lua:1:172 `befor_swap`"#]].assert_eq(&line(load(&files, &wrong).map(|recipe| recipe.name)));
}

#[test]
fn a_project_may_change_the_bundled_recipe_of_the_same_name() {
    let text = "return mz.recipe { api = 1, name = 'blue_green', summary = 's', extends = 'blue_green' }";
    let host = host_with(&[("recipes/blue_green.lua", text)], Clock::system());
    let source = Source { file: "recipes/blue_green.lua".to_owned(), text: text.to_owned() };
    let recipe = host.load(&source).expect("it is a recipe");
    assert!(recipe.arguments.iter().any(|argument| argument.name == "keep"));
    assert_eq!(host.modules(&recipe).keys().collect::<Vec<_>>(), ["mzflow:blue_green.lua"]);
}

#[test]
fn the_bundled_recipes_load() {
    for bundled in recipes::ALL {
        let host = host();
        let source = Source { file: bundled.file.to_owned(), text: bundled.text.to_owned() };
        let recipe = host.load(&source).unwrap_or_else(|error| panic!("{}: {error}", bundled.name));
        assert_eq!(recipe.name, bundled.name);
        assert!(bundled.text.starts_with(&format!("-- {}: ", bundled.name)));
        assert!(recipe.summary.ends_with('.'));
    }
}

#[test]
fn the_values_of_arguments() {
    let recipe = load(&[], recipes::ALL[0].text).expect("it is a recipe");
    let given = |json: serde_json::Value| {
        let outcome = recipe.arguments(json.as_object().expect("an object"));
        outcome.map_or_else(|error| error.to_string(), |values| serde_json::Value::Object(values).to_string())
    };
    expect![[r#"{"allowed_lag":300,"force":false,"id":"77b01de","isolation":"cluster","keep":0,"leave_sinks":false,"no_ready_check":false,"overwrite_drifted":false,"reuse":[],"skip_secrets":false,"timeout":1800}"#]].assert_eq(&given(serde_json::json!({})));
    expect![[r#"{"allowed_lag":300,"force":true,"id":"77b01de","isolation":"cluster","keep":0,"leave_sinks":false,"no_ready_check":false,"overwrite_drifted":false,"reuse":["a","b"],"skip_secrets":false,"timeout":90}"#]].assert_eq(&given(serde_json::json!({ "timeout": "90s", "reuse": ["a", "b"], "force": true })));
    expect![[
        r#"lua.unknown-argument: unknown argument `timout` for recipe `blue_green` (did you mean `timeout`?)"#
    ]]
    .assert_eq(&given(serde_json::json!({ "timout": 1 })));
    expect!["lua.wrong-argument: argument `timeout` of recipe `blue_green`: `soon` is not a duration: a number of seconds, or one with a unit such as `90s`, `5m`, `1h`"].assert_eq(&given(serde_json::json!({ "timeout": "soon" })));
    let isolation =
        recipe.arguments.iter().find(|argument| argument.name == "isolation").expect("it has one");
    assert_eq!(
        isolation.parse("schem"),
        Err("`schem` is none of cluster, schema, object (did you mean `schema`?)".to_owned())
    );
}

#[test]
fn handles_do_not_keep_tables() {
    let host = host();
    told(&host, "for i = 1, 1000 do mz.try(function() mz.setup {} end) end").expect("it runs");
    host.lua.gc_collect().expect("it collects");
    host.lua.gc_collect().expect("it collects");
    let tables = host.shared.tables().expect("they are set");
    let value = host.lua.create_table().map(Value::Table).expect("a table");
    assert!(!matches!(tables.handle(&value), Some(Handle::Failure(_))));
    assert!(host.lua.used_memory() < 4 * 1024 * 1024, "{}", host.lua.used_memory());
}

#[tokio::test]
async fn waiting_inside_a_coroutine_hands_the_wait_to_the_host() {
    let host = host_with(&[], Clock::system());
    let clock = host.shared.facts.clock.clone();
    let wait = host.lua.create_async_function(move |_, ()| {
        let clock = clock.clone();
        async move {
            clock.sleep(Duration::from_millis(2)).await;
            Ok(5)
        }
    });
    host.lua.globals().set("wait", wait.expect("a function")).expect("a global");
    let code = "local co = coroutine.wrap(function() coroutine.yield(wait()) return pcall(wait) end) \
                local a, ok, b = co(), co() \
                return a + b";
    let chunk = host.lua.load(code).set_name("@t.lua").into_function().expect("it is Lua");
    let branch = branch::begin(&host.lua, &host.shared, None).expect("there is memory");
    let ended = branch::run(&host.lua, &host.shared, &branch, chunk, Vec::new()).await;
    assert_eq!(ended.expect("it ends").as_i64(), Some(10));
}

/// Runs a recipe to its end without an environment, on a clock that goes on a second whenever the
/// recipe waits: what it logs, and how it ends.
pub(super) fn ran_in_virtual_time(body: &str, stopped: Option<Error>, clock: &Clock) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let time_goes_on = async {
            loop {
                tokio::task::yield_now().await;
                clock.advance(Duration::from_secs(1));
            }
        };
        tokio::select! {
            biased;
            told = ran(body, move || stopped.clone(), clock.clone()) => told,
            () = time_goes_on => String::new(),
        }
    })
}

/// Runs a recipe to its end without an environment: what it logs, and how it ends.
pub(super) async fn ran(body: &str, stop: impl Fn() -> Option<Error> + 'static, clock: Clock) -> String {
    #[derive(Default)]
    struct Lines(RefCell<Vec<String>>);

    impl Sink for Lines {
        fn event(&self, event: Event) {
            let line = match event {
                Event::Log { message, .. } => message,
                Event::Warning { code, message } => format!("{code}: {message}"),
                other => format!("{other:?}"),
            };
            self.0.borrow_mut().push(line);
        }
    }

    let host = host_with(&[], clock);
    let text =
        format!("return mz.recipe {{ api = 1, name = 'r', summary = 's', hooks = {{ 'here' }}, {body} }}");
    let recipe = host.load(&Source { file: "r.lua".to_owned(), text }).expect("it is a recipe");
    let lines = Rc::new(Lines::default());
    host.shared.begin(Running {
        ctx: None,
        interrupt: Default::default(),
        deadline: host.shared.facts.clock.deadline(None),
        compile: compile::Request { path: ".".into(), profile: None, variables: BTreeMap::new() },
        warm: None,
        consent: Rc::new(|_| Box::pin(async { false })),
        asker: crate::lua::people::nobody(),
        outside: Rc::new(crate::outside::Outside::new(crate::outside::Allowed::this_machine())),
        agreed: false,
        gate: Rc::default(),
        events: Rc::clone(&lines) as Rc<dyn Sink>,
        rehearsal: false,
    });
    host.shared.hooks.borrow_mut().insert("here".to_owned(), Vec::new());
    host.shared.stop.ask(Rc::new(stop));
    let fields = host.lua.create_table().expect("a table");
    let context = host.context.call::<Value>(fields).expect("a context");
    let outcome = run::everything(&host, &recipe, context).await;
    let mut told = lines.0.borrow().clone();
    told.extend(host.shared.said.borrow().clone().map(|said| format!("said: {said}")));
    told.push(match outcome {
        Ok(()) => "done".to_owned(),
        Err(error) => line(Err(error)),
    });
    told.join("\n")
}

#[track_caller]
fn check_run(body: &str, stopped: Option<Error>, expect: Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    expect.assert_eq(&runtime.block_on(ran(body, move || stopped.clone(), Clock::system())));
}

#[test]
fn what_was_deferred_runs_last_first_and_then_on_fail() {
    check_run(
        "run = function(ctx) mz.defer(function() mz.log('one') end) mz.defer(function() mz.log('two') end) \
         ctx.hook('here') mz.log { b = 1, a = 2 } print('x', 1) return ctx.done('all is well') end",
        None,
        expect![[r#"
            {"a":2,"b":1}
            x	1
            two
            one
            said: all is well
            done"#]],
    );
    check_run(
        "run = function(ctx) mz.defer(function() error('dust') end) mz.defer(function() mz.log('two') end) \
         error('broken') end, on_fail = function(ctx, err) mz.log(err.code .. ' ' .. err.message .. ' ' .. err.line) end",
        None,
        expect![[r#"
            two
            lua.error: cleaning up failed as well: dust
            lua.error broken 1
            lua.error: broken at r.lua:1:1 `return mz.recipe { api = 1, name = 'r', summary = 's', hooks = { 'here' }, run = function(ctx) mz.defer(function() error('dust') end) mz.defer(function() mz.log('two') end) error('broken') end, on_fail = function(ctx, err) mz.log(err.code .. ' ' .. err.message .. ' ' .. err.line) end }`"#]],
    );
    check_run(
        "run = function(ctx) mz.defer(function() error('dust') end) end",
        None,
        expect![
            "lua.error: dust at r.lua:1:1 `return mz.recipe { api = 1, name = 'r', summary = 's', hooks = { 'here' }, run = function(ctx) mz.defer(function() error('dust') end) end }`"
        ],
    );
    check_run(
        "run = function(ctx) ctx.hook('her') end",
        None,
        expect![
            "lua.wrong-argument: the recipe declares no hook `her` (did you mean `here`?) at r.lua:1:106 `her`"
        ],
    );
    check_run(
        "run = function(ctx) error('a') end, on_fail = function() error('b') end",
        None,
        expect![[r#"
            lua.error: on_fail failed as well: b
            lua.error: a at r.lua:1:1 `return mz.recipe { api = 1, name = 'r', summary = 's', hooks = { 'here' }, run = function(ctx) error('a') end, on_fail = function() error('b') end }`"#]],
    );
}

#[test]
fn what_waits_is_refused_where_it_could_not_end() {
    check_run(
        "run = function(ctx) \
           table.sort({ 2, 1 }, function(a, b) local _, e = pcall(mz.sleep, 1) ctx.e = e return a < b end) \
           mz.log(ctx.e.message) \
           table.sort({ 2, 1 }, function(a, b) \
             local co = coroutine.create(function() mz.sleep(1) end) \
             ctx.ok, ctx.e = coroutine.resume(co) return a < b end) \
           mz.log(ctx.e.message) \
           local co = coroutine.wrap(function() mz.setup() end) co() end",
        None,
        expect![[r#"
            mz.sleep waits, and that cannot be done in a callback, such as that of table.sort or on_progress
            mz.sleep waits, and that cannot be done in a callback, such as that of table.sort or on_progress
            lua.not-here: mz.setup cannot be called while another call of `mz` is under way at r.lua:1:1 `return mz.recipe { api = 1, name = 'r', summary = 's', hooks = { 'here' }, run = function(ctx) table.sort({ 2, 1 }, function(a, b) local _, e = pcall(mz.sleep, 1) ctx.e = e return a < b end) mz.log(ctx.e.message) table.sort({ 2, 1 }, function(a, b) local co = coroutine.create(function() mz.sleep(1) end) ctx.ok, ctx.e = coroutine.resume(co) return a < b end) mz.log(ctx.e.message) local co = coroutine.wrap(function() mz.setup() end) co() end }`"#]],
    );
}

#[test]
fn a_deadline_cannot_be_caught() {
    check_run(
        "run = function(ctx) local _, e = mz.try(function() while true do end end) mz.log('caught') end",
        Some(Error::new(Code::RunDeadline, "the time for the whole run is over")),
        expect![
            "run.deadline: the time for the whole run is over at r.lua:1:1 `return mz.recipe { api = 1, name = 'r', summary = 's', hooks = { 'here' }, run = function(ctx) local _, e = mz.try(function() while true do end end) mz.log('caught') end }`"
        ],
    );
}

#[test]
fn after_a_stop_there_is_time_to_clean_up() {
    check_run(
        "run = function(ctx) mz.defer(function() for i = 1, 1e6 do end mz.log('clean') end) \
         pcall(function() while true do end end) mz.log('never') end, \
         on_fail = function(ctx, err) mz.log(err.kind) end",
        Some(interrupted()),
        expect![[r#"
            clean
            interrupted
            run.interrupted: stopped, as asked"#]],
    );
}

#[test]
fn a_recipe_that_says_no_says_why() {
    check_run(
        "run = function(ctx) local _, e = pcall(ctx.refuse, 'no', { rows = 2 }) mz.log(e.code .. ' ' .. e.evidence.rows) \
         _, e = pcall(ctx.refuse, nil) mz.log(e.message) \
         _, e = pcall(ctx.refuse, 'no', { f = print }) mz.log(e.message) ctx.refuse('two rows differ') end",
        None,
        expect![[r#"
            recipe.refused 2
            ctx.refuse needs a message: a string that says why
            the evidence of ctx.refuse: the value.f is a function, which has no JSON form
            recipe.refused: two rows differ"#]],
    );
}
