use std::collections::BTreeMap;
use std::rc::Rc;

use expect_test::Expect;
use expect_test::expect;
use serde_json::Value as Json;
use serde_json::json;

use super::Decision;
use super::Policy;
use crate::lua::host::Source;
use crate::primitives::error::Error;

const MODULES: [(&str, &str); 2] = [
    (
        "lib/hours.lua",
        "local hours = { calls = 0 }\nfunction hours.open(now) hours.calls = hours.calls + 1 return now.hour >= 9 and hours.calls == 1 end\nreturn hours\n",
    ),
    ("lib/clock.lua", "return { now = mz.now() }\n"),
];

fn load(text: &str) -> Result<Policy, Error> {
    let files: BTreeMap<&str, &str> = MODULES.into();
    let files = Rc::new(move |name: &str| files.get(name).map(|text| (*text).to_owned()));
    Policy::load(Source { file: "p.lua".to_owned(), text: text.to_owned() }, files)
}

/// A policy with that body, which needs `hydration` and `changes`.
fn policy(body: &str) -> String {
    format!(
        "return mz.policy {{\n  api = 1, name = 'p', needs = {{ 'hydration', 'changes' }},\n  decide = function(facts)\n    {body}\n  end,\n}}\n"
    )
}

fn facts() -> Json {
    json!({
        "now": "2026-11-30T08:05:00Z",
        "hydration": {
            "state": "ready", "ready": 2, "total": 2, "lag_s": 0.5,
            "objects": [
                { "name": "shop.core.orders", "state": "ready", "lag_s": 0.5, "blue_lag_s": null },
                { "name": "shop.core.totals", "state": "ready" },
            ],
            "clusters": [],
        },
        "changes": { "summary": { "changed": 2, "added": 1 }, "removed": [], "changed": ["b.b.b", "a.a.a"] },
        "run": { "id": "r-1", "recipe": "blue_green", "args": { "id": "x" }, "started_by": "materialize" },
        "deployment": { "id": "77b01de" },
    })
}

fn decide(text: &str) -> Result<Decision, Error> {
    let policy = load(text)?;
    let facts = Rc::new(policy.retold(facts())?);
    let first = policy.decide(&facts);
    // Whatever it did, the same facts give the same again.
    let second = policy.decide(&facts);
    assert_eq!(first.as_ref().map_err(Error::to_string), second.as_ref().map_err(Error::to_string), "{text}");
    first
}

fn line(outcome: Result<Decision, Error>) -> String {
    match outcome {
        Ok(Decision { verdict, reason: Some(reason) }) => format!("{verdict}: {reason}"),
        Ok(Decision { verdict, reason: None }) => verdict.to_string(),
        Err(error) => match error.where_() {
            Some(place) => {
                let marked = &place.text[place.span.clone()];
                format!("{error} at {}:{} `{marked}`", place.file, place.line)
            }
            None => error.to_string(),
        },
    }
}

/// What a policy with that body says.
#[track_caller]
fn check(body: &str, expect: Expect) {
    expect.assert_eq(&line(decide(&policy(body))));
}

/// What comes of a whole file.
#[track_caller]
fn check_file(text: &str, expect: Expect) {
    expect.assert_eq(&line(decide(text)));
}

#[test]
fn verdicts() {
    check("return mz.promote()", expect![[r#"promote"#]]);
    check("return mz.promote('all is well')", expect![[r#"promote: all is well"#]]);
    check("return mz.wait('not yet ')", expect![[r#"wait: not yet"#]]);
    check(
        "if #facts.changes.removed == 0 then return mz.abort('nothing is removed') end",
        expect![[r#"abort: nothing is removed"#]],
    );
    check("return mz.wait(tostring(facts.now.hour) .. facts.now.weekday)", expect![[r#"wait: 8Monday"#]]);
}

#[test]
fn what_is_no_verdict_is_an_error() {
    check(
        "return nil",
        expect![[
            r#"policy.bad-verdict: `decide` returned nil; it has to return mz.wait(reason), mz.promote() or mz.abort(reason) at p.lua:3 `decide`"#
        ]],
    );
    check(
        "return 'promote'",
        expect![[
            r#"policy.bad-verdict: `decide` returned a string; it has to return mz.wait(reason), mz.promote() or mz.abort(reason) at p.lua:3 `decide`"#
        ]],
    );
    check(
        "return true",
        expect![[
            r#"policy.bad-verdict: `decide` returned a boolean; it has to return mz.wait(reason), mz.promote() or mz.abort(reason) at p.lua:3 `decide`"#
        ]],
    );
    check(
        "return { verdict = 'promote' }",
        expect![[
            r#"policy.bad-verdict: `decide` returned a table; it has to return mz.wait(reason), mz.promote() or mz.abort(reason) at p.lua:3 `decide`"#
        ]],
    );
    check(
        "return mz.promote",
        expect![[
            r#"policy.bad-verdict: `decide` returned a function; it has to return mz.wait(reason), mz.promote() or mz.abort(reason) at p.lua:3 `decide`"#
        ]],
    );
    check(
        "return mz.wait()",
        expect![[r#"lua.wrong-argument: mz.wait needs `reason`: a string at p.lua:4 `wait`"#]],
    );
    check(
        "return mz.wait(' ')",
        expect![[
            r#"lua.wrong-argument: the reason of mz.wait is empty: it is what people are told at p.lua:4 `return mz.wait(' ')`"#
        ]],
    );
    check(
        "return mz.abort(3)",
        expect![[
            r#"lua.wrong-argument: `reason` of mz.abort has to be a string, not 3 at p.lua:4 `return mz.abort(3)`"#
        ]],
    );
    check(
        "return mz.promote('a', 'b')",
        expect![[
            r#"lua.wrong-argument: mz.promote takes 1 arguments at most, and got 2 at p.lua:4 `return mz.promote('a', 'b')`"#
        ]],
    );
}

#[test]
fn facts_are_read_as_tables_are() {
    check(
        "local names = {} for i, object in ipairs(facts.hydration.objects) do names[i] = object.name end return mz.wait(table.concat(names, ' ') .. ' ' .. #facts.hydration.objects)",
        expect![[r#"wait: shop.core.orders shop.core.totals 2"#]],
    );
    check(
        "local seen = {} for name in pairs(facts) do seen[#seen + 1] = name end return mz.wait(table.concat(seen, ' '))",
        expect![[r#"wait: changes deployment hydration now run"#]],
    );
    check(
        "return mz.wait(tostring(facts.changes))",
        expect![[r#"wait: {"summary":{"changed":2,"added":1},"removed":[],"changed":["b.b.b","a.a.a"]}"#]],
    );
    check(
        "return mz.wait(table.concat(facts.changes.changed, ' ') .. tostring(next(facts.changes.removed)))",
        expect![[r#"wait: b.b.b a.a.anil"#]],
    );
    check(
        "return mz.wait(tostring(facts.hydration.objects[1].blue_lag_s) .. tostring(facts.hydration.objects[9]))",
        expect![[r#"wait: nilnil"#]],
    );
    check(
        "return mz.wait(tostring(facts.run.args.id) .. tostring(facts.run.args.nothing))",
        expect![[r#"wait: xnil"#]],
    );
    check(
        "return mz.wait(tostring(facts.hydration == facts.hydration) .. tostring(facts.hydration == facts.changes))",
        expect![[r#"wait: truefalse"#]],
    );
    check(
        "return mz.wait(mz.json.encode({ n = 1 }) .. type(facts) .. select('#', table.unpack(facts.changes.changed)))",
        expect![[r#"wait: {"n":1}table2"#]],
    );
}

#[test]
fn facts_cannot_be_changed() {
    check(
        "facts.now = nil return mz.promote()",
        expect![[
            r#"lua.error: facts cannot be changed: `now` is set at p.lua:4 `facts.now = nil return mz.promote()`"#
        ]],
    );
    check(
        "facts.hydration.state = 'ready' return mz.promote()",
        expect![[
            r#"lua.error: facts cannot be changed: `state` is set at p.lua:4 `facts.hydration.state = 'ready' return mz.promote()`"#
        ]],
    );
    check(
        "facts.changes.removed[1] = 'x' return mz.promote()",
        expect![[
            r#"lua.error: facts cannot be changed: `1` is set at p.lua:4 `facts.changes.removed[1] = 'x' return mz.promote()`"#
        ]],
    );
    check(
        "table.insert(facts.changes.removed, 'x') return mz.promote()",
        expect![[
            r#"lua.error: facts cannot be changed: `1` is set at p.lua:4 `table.insert(facts.changes.removed, 'x') return mz.promote()`"#
        ]],
    );
    check(
        "rawset(facts, 'now', 1) return mz.promote()",
        expect![[
            r#"policy.not-pure: `rawset` cannot be used in a policy: policies are pure, facts in and verdict out at p.lua:4 `rawset`"#
        ]],
    );
    check("return mz.wait(tostring(getmetatable(facts)))", expect![[r#"wait: false"#]]);
}

#[test]
fn names_that_are_none_are_errors() {
    check(
        "return mz.wait(facts.hydratoin.state)",
        expect![[
            r#"policy.unknown-fact: there is no fact `hydratoin` (did you mean `hydration`?) at p.lua:4 `hydratoin`"#
        ]],
    );
    check(
        "return mz.wait(facts.hydration.stat)",
        expect!["policy.unknown-fact: there is no fact `stat` (did you mean `state`?) at p.lua:4 `stat`"],
    );
    check(
        "return mz.wait(facts.changes.summary.remvoed)",
        expect![
            "policy.unknown-fact: there is no fact `remvoed` (did you mean `removed`?) at p.lua:4 `remvoed`"
        ],
    );
    check("return mz.wait(facts.deployment.commit or 'none')", expect![[r#"wait: none"#]]);
    check(
        "return mz.wait(facts.deployment.staged_by)",
        expect![[
            r#"policy.missing-fact: the facts do not tell `deployment.staged_by` at p.lua:4 `staged_by`"#
        ]],
    );
    check(
        "return mz.wait(facts.policy.asked)",
        expect![[r#"policy.missing-fact: the facts do not tell `policy` at p.lua:4 `policy`"#]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', needs = {}, decide = function(f) return mz.wait(f.changes.summary.added) end }",
        expect![[
            r#"policy.unknown-fact: the policy does not say that it needs `changes`: name it in `needs` at p.lua:1 `changes`"#
        ]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', needs = {}, decide = function(f) for name in pairs(f) do if name == 'changes' then return mz.abort('seen') end end return mz.promote() end }",
        expect![[r#"promote"#]],
    );
}

#[test]
fn a_policy_has_nothing_but_its_facts() {
    for body in [
        "mz.query 'SELECT 1'",
        "mz.now()",
        "mz.sleep(1)",
        "mz.env('HOME')",
        "os.time()",
        "io.open('x')",
        "coroutine.yield()",
        "math.random()",
        "print('x')",
        "load('return 1')",
    ] {
        let told = line(decide(&policy(body)));
        assert!(told.starts_with("policy.not-pure: `") && told.contains(" at p.lua:4 `"), "{body}: {told}");
    }
    // What a scan over words does not see is found when it happens.
    for body in [
        "local m = mz return m.query('SELECT 1')",
        "local m = math return m.random(2)",
        "local c = coroutine return c['yield']()",
        "local name = 'rawset' return _G[name](facts, 1, 2)",
        "return mz.wait(('%p'):format(facts))",
    ] {
        let told = line(decide(&policy(body)));
        assert!(told.starts_with("policy.not-pure: `") && told.contains(" at p.lua:4 `"), "{body}: {told}");
    }
    check(
        "return mz.qery('x')",
        expect![[r#"lua.unknown-function: there is no mz.qery (did you mean `query`?) at p.lua:4 `qery`"#]],
    );
    check(
        "return mz.promot()",
        expect![[
            r#"lua.unknown-function: there is no mz.promot (did you mean `promote`?) at p.lua:4 `promot`"#
        ]],
    );
    check_file(
        "local clock = require 'lib.clock'\nreturn nil",
        expect![
            "policy.not-pure: `mz.now` cannot be used in a policy: policies are pure, facts in and verdict out at lib/clock.lua:1 `now`"
        ],
    );
    check_file(
        "local clock = require '../secrets'\nreturn nil",
        expect![[
            r#"lua.no-module: cannot require `../secrets`: a module is named by its path below the project, such as `recipes.checks` at p.lua:1 `'../secrets'`"#
        ]],
    );
    check_file(
        "local clock = require 'lib.nothing'\nreturn nil",
        expect![[
            r#"lua.no-module: cannot require `lib.nothing`: there is no lib/nothing.lua below the project at p.lua:1 `'lib.nothing'`"#
        ]],
    );
}

#[test]
fn modules_are_read_with_the_policy() {
    let text = policy("return mz.wait(tostring(require('lib.hours').open(facts.now)))");
    let loaded = load(&text).expect("it loads");
    assert_eq!(loaded.recorded().modules.keys().collect::<Vec<_>>(), ["lib/hours.lua"]);
    check(
        "local name = 'lib.hours' return mz.wait(tostring(require(name)))",
        expect![[
            r#"lua.no-module: cannot require `lib.hours`: a policy writes out the names of its modules at p.lua:4 `local name = 'lib.hours' return mz.wait(tostring(require(name)))`"#
        ]],
    );
}

#[test]
fn nothing_outlives_an_asking() {
    let calls =
        "local calls = 0\n".to_owned() + &policy("calls = calls + 1 return mz.wait('call ' .. calls)");
    check_file(&calls, expect![[r#"wait: call 1"#]]);
    check("seen = (seen or 0) + 1 return mz.wait('global ' .. seen)", expect![[r#"wait: global 1"#]]);
    check("return mz.wait(tostring(require('lib.hours').open({ hour = 9 })))", expect![[r#"wait: true"#]]);
    check(
        "string.upper = nil return mz.promote()",
        expect![[
            r#"lua.error: `string` cannot be changed: `upper` is set at p.lua:4 `string.upper = nil return mz.promote()`"#
        ]],
    );
    check("local s = getmetatable('') return mz.wait(tostring(s))", expect![[r#"wait: false"#]]);
    check(
        "mz.wait = nil",
        expect![[r#"lua.error: `mz` cannot be changed: `wait` is set at p.lua:4 `mz.wait = nil`"#]],
    );
    check(
        "setmetatable({}, { __mode = 'k' })",
        expect![[
            r#"lua.error: `__mode` does not exist here at p.lua:4 `setmetatable({}, { __mode = 'k' })`"#
        ]],
    );
}

#[test]
fn the_order_of_tables_and_what_they_print_is_the_same_each_time() {
    check(
        "local t = { zebra = 1, ant = 2, bee = 3, [2] = 'b', [1] = 'a', cat = 4 } local seen = {} for key in pairs(t) do seen[#seen + 1] = tostring(key) end return mz.wait(table.concat(seen, ' ') .. ' ' .. next(t))",
        expect![[r#"wait: 1 2 ant bee cat zebra 1"#]],
    );
    check(
        "return mz.wait(tostring({}) .. tostring(print_ or pairs) .. string.format('%s', {}))",
        expect![[r#"wait: tablefunctiontable"#]],
    );
    check(
        "for _ in pairs({ [{}] = 1 }) do end",
        expect![[
            r#"lua.error: a table with a table for a key is walked in no order that a policy may rest on at p.lua:4 `for _ in pairs({ [{}] = 1 }) do end`"#
        ]],
    );
}

#[test]
fn a_policy_is_bounded() {
    check(
        "while true do end",
        expect![[
            r#"policy.too-long: the policy takes more than 5000000 instructions to decide at p.lua:4 `while true do end`"#
        ]],
    );
    check(
        "while true do pcall(error) end",
        expect![[
            r#"policy.too-long: the policy takes more than 5000000 instructions to decide at p.lua:4 `while true do pcall(error) end`"#
        ]],
    );
    check(
        "local t = {} for i = 1, 1e9 do t[i] = { i } end",
        expect![[r#"lua.memory: the policy holds more than 64 MiB at p.lua:3 `decide`"#]],
    );
    check(
        "return mz.wait(('x'):rep(1e9))",
        expect![[r#"lua.memory: the policy holds more than 64 MiB at p.lua:3 `decide`"#]],
    );
    check(
        "local function f() return 1 + f() end f()",
        expect![[r#"lua.memory: the policy holds more than 64 MiB at p.lua:3 `decide`"#]],
    );
    check(
        "local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function(a, b) while true do end end)",
        expect![[
            r#"policy.too-long: the policy takes more than 5000000 instructions to decide at p.lua:4 `local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function(a, b) while true do end end)`"#
        ]],
    );
}

#[test]
fn files_that_are_no_policy() {
    check_file(
        "return mz.policy {",
        expect![[r#"lua.syntax: unexpected symbol near <eof> at p.lua:1 `return mz.policy {`"#]],
    );
    check_file(
        "",
        expect![[
            r#"policy.bad-policy: the file returns nil; it has to return mz.policy { … } at p.lua:1 ``"#
        ]],
    );
    check_file(
        "return 1",
        expect![[
            r#"policy.bad-policy: the file returns a number; it has to return mz.policy { … } at p.lua:1 `return 1`"#
        ]],
    );
    check_file(
        "return mz.recipe { api = 1, name = 'r', summary = '', run = function() end }",
        expect![
            "policy.not-pure: `mz.recipe` cannot be used in a policy: policies are pure, facts in and verdict out at p.lua:1 `recipe`"
        ],
    );
    check_file(
        "return mz.policy { api = 2, name = 'p', needs = {}, decide = function() end }",
        expect![[
            r#"policy.bad-policy: this mzflow has version 1 of the interface, and the policy wants 2 at p.lua:1 `api`"#
        ]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p q', needs = {}, decide = function() end }",
        expect![[
            r#"policy.bad-policy: `p q` is no policy's name: letters, digits, `_` and `-` only at p.lua:1 `name`"#
        ]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', decide = function() end }",
        expect![[
            r#"lua.wrong-argument: mz.policy needs `needs`: a string or a list of strings at p.lua:1 `policy`"#
        ]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', needs = {} }",
        expect![[r#"lua.wrong-argument: mz.policy needs `decide`: a function at p.lua:1 `policy`"#]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', needs = { 'hydratoin' }, decide = function() end }",
        expect![
            "policy.bad-policy: there is no fact `hydratoin` (did you mean `hydration`?): there are now, deployment, run, policy, changes, hydration, compare, approvals at p.lua:1 `hydratoin`"
        ],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', needs = {}, timezone = 'Europe/Berln', decide = function() end }",
        expect![[
            r#"policy.bad-policy: there is no timezone `Europe/Berln` (did you mean `Europe/Berlin`?): IANA names such as `Europe/Berlin` at p.lua:1 `timezone`"#
        ]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', needs = {}, poll = '10ms', decide = function() end }",
        expect![[r#"policy.bad-policy: `poll` is 0.01 s; it has to be from 1 s to 1 h at p.lua:1 `poll`"#]],
    );
    check_file(
        "return mz.policy { api = 1, name = 'p', needs = {}, pol = 1, decide = function() end }",
        expect![[
            r#"lua.unknown-argument: unknown argument `pol` for mz.policy (did you mean `poll`?) at p.lua:1 `pol`"#
        ]],
    );
}

#[test]
fn what_a_policy_throws_is_told_with_its_line() {
    check_file(
        "error({ code = 'x', message = 'thrown' })",
        expect![[r#"lua.error: x: thrown at p.lua:1 `error({ code = 'x', message = 'thrown' })`"#]],
    );
    check("error('thrown')", expect![[r#"lua.error: thrown at p.lua:4 `error('thrown')`"#]]);
    check("error({ why = 1 })", expect![[r#"lua.error: {"why":1} at p.lua:4 `error({ why = 1 })`"#]]);
    check(
        "return facts.changes.nothing.at.all",
        expect!["policy.unknown-fact: there is no fact `nothing` at p.lua:4 `nothing`"],
    );
}

#[test]
fn facts_that_are_needed_and_not_told() {
    let policy = load(&policy("return mz.promote()")).expect("it loads");
    let error = policy.decide(&Rc::new(json!({ "hydration": {} }))).expect_err("it needs more");
    assert_eq!(
        error.to_string(),
        "policy.missing-fact: the facts do not tell `changes`, which the policy needs"
    );
}

#[test]
fn time_is_told_where_the_policy_is() {
    let text = policy("return mz.wait(facts.now.time .. ' ' .. facts.now.timezone)")
        .replace("name = 'p',", "name = 'p', timezone = 'Asia/Tokyo',");
    check_file(&text, expect![[r#"wait: 17:05 Asia/Tokyo"#]]);
}

#[test]
fn what_a_policy_declares() {
    let declared = load(&policy("return mz.promote()")).expect("it loads");
    assert_eq!(
        (declared.name(), declared.needs(), declared.poll().as_secs()),
        ("p", &["changes", "hydration"][..], 10)
    );
    assert_eq!(declared.recorded().modules.len(), 0);
}
