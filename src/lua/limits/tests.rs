use std::cell::Cell;
use std::time::Duration;

use expect_test::expect;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::lua::tests::ran;
use crate::lua::tests::ran_in_virtual_time;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

fn late() -> Error {
    Error::new(Code::RunDeadline, "the time for the whole run is over")
}

/// What a recipe tells and how it ends when its time is over from the beginning; of places the line
/// and column.
fn stopped(recipe: &str) -> String {
    let told = ran_in_virtual_time(recipe, Some(late()), &Clock::manual(Timestamp(0)));
    let told: Vec<&str> = told.lines().map(|line| line.split(" `return mz").next().unwrap_or(line)).collect();
    told.join("\n")
}

#[test]
fn a_loop_ends_wherever_it_is() {
    for body in [
        "while true do end",
        "mz.parallel { function() while true do end end, function() while true do end end }",
        "mz.parallel { function() mz.parallel { function() while true do pcall(error) end end } end }",
        "mz.parallel { function() local co = coroutine.wrap(function() while true do end end) while true do pcall(co) end end }",
        "mz.parallel { function() table.sort({ 2, 1 }, function() while true do end end) end, function() mz.sleep(1e9) end }",
        "mz.try(function() mz.parallel { function() while true do end end } end) mz.log('never')",
        "setmetatable({}, { __index = function() while true do end end })[1] = nil; repeat until false",
        "local x <close> = setmetatable({}, { __close = function() while true do end end })",
        "for _ in function() while true do end end do end",
        "string.gsub(('a'):rep(9), 'a', function() while true do end end)",
        "goto again ::again:: goto again",
        "load('while true do end')()",
    ] {
        let told = stopped(&format!("run = function(ctx) {body} end"));
        assert!(
            told.starts_with("run.deadline: the time for the whole run is over at r.lua:1:"),
            "{body}: {told}"
        );
    }
}

/// Nothing else wakes who waits for a loop: only the yield of the hook does.
#[test]
fn a_loop_goes_on_after_it_let_others_have_their_turn() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for body in [
        "while true do end",
        "mz.parallel { function() while true do end end }",
        "mz.parallel { function() while true do end end, function() while true do end end }",
        "mz.parallel { function() while true do end end, function() mz.sleep('1h') end }",
        "mz.parallel { function() mz.parallel { function() while true do end end } end }",
    ] {
        let looks = Cell::new(0);
        let after_some_looks = move || {
            looks.set(looks.get() + 1);
            (looks.get() > 5_000).then(late)
        };
        let told = runtime.block_on(async {
            let recipe = format!("run = function(ctx) {body} end");
            let run = ran(&recipe, after_some_looks, Clock::system());
            tokio::time::timeout(Duration::from_secs(20), run).await.unwrap_or_else(|_| "it hangs".to_owned())
        });
        assert!(told.starts_with("run.deadline: the time for the whole run is over"), "{body}: {told}");
    }
}

#[test]
fn what_cleans_up_in_a_loop_has_its_time() {
    expect![[r#"
        two
        one
        run.deadline: cleaning up failed as well: cleaning up takes longer than 60 s
        run.deadline: on_fail failed as well: cleaning up takes longer than 60 s
        run.deadline: the time for the whole run is over at r.lua:1:1"#]]
    .assert_eq(&stopped(
        "run = function(ctx) mz.defer(function() mz.log('one') while true do end end) \
         mz.defer(function() mz.log('two') end) while true do end end, \
         on_fail = function() while true do end end",
    ));
}

#[test]
fn what_grows_without_end_is_an_error_and_the_host_lives_on() {
    for (body, said) in [
        ("local t = {} while true do t[#t + 1] = {} end", "lua.memory: the recipe holds more than 256 MiB"),
        ("local s = ('x'):rep(1 << 29)", "lua.memory: the recipe holds more than 256 MiB"),
        ("local s = 'x' for i = 1, 40 do s = s .. s end", "lua.memory: the recipe holds more than 256 MiB"),
        (
            "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1 << 20) end",
            "lua.memory: the recipe holds more than 256 MiB",
        ),
        (
            "local t = {} for i = 1, 300 do t[i] = ('x'):rep(1 << 19) end table.concat(t)",
            "lua.memory: the recipe holds more than 256 MiB",
        ),
        (
            "string.gsub(('x'):rep(1 << 14), 'x', ('y'):rep(1 << 15))",
            "lua.memory: the recipe holds more than 256 MiB",
        ),
        (
            "mz.parallel { function() local s = 'x' while true do s = s .. s end end }",
            "lua.memory: the recipe holds more than 256 MiB",
        ),
        ("local function f() return 1 + f() end f()", "lua.error: stack overflow"),
        (
            "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k + 1] end return t[1]",
            "lua.error: C stack overflow",
        ),
        ("local function f() table.sort({ 2, 1 }, f) end f()", "lua.error: C stack overflow"),
        ("local function f() string.gsub('a', 'a', f) end f()", "lua.error: C stack overflow"),
        ("local function f() coroutine.wrap(f)() end f()", "lua.error: C stack overflow"),
        (
            "local function f() mz.parallel { f } end f()",
            "lua.wrong-argument: calls of mz.parallel stand in each other",
        ),
        ("local s = ('('):rep(300) .. (')'):rep(300) assert(load('return ' .. s .. '1'))", "lua.error: "),
    ] {
        let body = format!(
            "run = function(ctx) local ok, e = pcall(function() {body} end) mz.log(e) \
               local sum = 0 for i = 1, 100 do sum = sum + i end mz.log('goes on ' .. sum) {body} end"
        );
        let told = ran_in_virtual_time(&body, None, &Clock::manual(Timestamp(0)));
        assert!(told.contains("\ngoes on 5050\n"), "{body}: {}", &told[..told.len().min(600)]);
        let last = told.lines().last().unwrap_or_default();
        assert!(last.starts_with(said), "{body}: {}", &last[..last.len().min(600)]);
    }
}
