use std::time::Duration;

use expect_test::Expect;
use expect_test::expect;

use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::lua::tests::ran_in_virtual_time;

/// What a recipe tells and how it ends, and how many seconds it took on a clock that a test moves.
#[track_caller]
fn check(body: &str, seconds: u64, expect: Expect) {
    let clock = Clock::manual(Timestamp(0));
    let told = ran_in_virtual_time(&format!("run = function(ctx) {body} end"), None, &clock);
    // The excerpt of a place repeats the recipe; its line and column say enough.
    let told: Vec<&str> = told.lines().map(|line| line.split(" at r.lua").next().unwrap_or(line)).collect();
    expect.assert_eq(&told.join("\n"));
    let took = clock.elapsed();
    let close = Duration::from_secs(seconds)..Duration::from_secs(seconds + 5);
    assert!(close.contains(&took), "it took {took:?}");
}

#[test]
fn sleeps_overlap_and_results_keep_their_order() {
    check(
        "local r = mz.parallel { \
           function() mz.sleep('30s') mz.log('slow') return { n = 1 } end, \
           function() mz.sleep('10s') mz.log('fast') return 'two' end, \
           function() mz.sleep('20s') end, \
           function() return 4, 5 end } \
         mz.log(r[1].n .. ' ' .. r[2] .. ' ' .. tostring(r[3]) .. ' ' .. r[4])",
        30,
        expect![[r#"
            fast
            slow
            1 two nil 4
            done"#]],
    );
}

#[test]
fn parallel_inside_of_parallel() {
    check(
        "local function region(name, pause) return function() \
           local r = mz.parallel { function() mz.sleep(pause) return name .. 1 end, \
                                   function() mz.sleep(pause) return name .. 2 end } \
           return r[1] .. r[2] end end \
         local r = mz.parallel { region('a', 20), region('b', 10) } \
         mz.log(r[1] .. ' ' .. r[2])",
        20,
        expect![[r#"
            a1a2 b1b2
            done"#]],
    );
}

#[test]
fn the_first_failure_stops_the_others_where_they_wait() {
    check(
        "local ok, e = pcall(mz.parallel, { \
           function() mz.sleep(5) error('broken') end, \
           function() mz.sleep('30m') mz.log('never') end, \
           function() pcall(mz.sleep, '30m') mz.log('never') end, \
           function() mz.parallel { function() mz.sleep('30m') mz.log('never') end } end, \
           function() while true do pcall(function() while true do end end) end end, \
           function() local co = coroutine.wrap(function() mz.sleep('30m') end) co() mz.log('never') end }) \
         mz.log(tostring(ok) .. ' ' .. e.code .. ' ' .. e.message .. ' ' .. e.line) \
         mz.sleep(1) mz.log('goes on')",
        5,
        expect![[r#"
            false lua.error broken 1
            goes on
            done"#]],
    );
}

#[test]
fn errors_of_others_go_with_the_first() {
    check(
        "mz.defer(function() mz.log('deferred') end) \
         mz.parallel { function() mz.defer(function() mz.log('inner') end) mz.sleep(1) error('one') end, \
                       function() local ok, e = pcall(mz.sleep, 1) mz.sleep(0) error('two') end, \
                       function() mz.try(error) for i = 1, 10 do end error { code = 'x.y', message = 'zero' } end }",
        0,
        expect![[r#"
            inner
            deferred
            lua.error: x.y: zero"#]],
    );
}

#[test]
fn what_is_no_list_of_functions() {
    for (code, told) in [
        ("mz.parallel {}", "mz.parallel needs a list with at least one function"),
        ("mz.parallel { print, 'x' }", "number 2 of mz.parallel is a string, not a function"),
        ("mz.parallel { a = print }", "mz.parallel needs a list with at least one function"),
        (
            "mz.parallel { print, a = print }",
            "mz.parallel takes a list of functions without holes and without names",
        ),
        ("mz.parallel(print)", "`functions` of mz.parallel has to be a list of functions, not a function"),
        ("mz.parallel(print, print)", "mz.parallel takes 1 arguments at most, and got 2"),
        (
            "local l = {} for i = 1, 65 do l[i] = print end mz.parallel(l)",
            "mz.parallel runs 64 functions at most, and got 65",
        ),
        (
            "table.sort({ 2, 1 }, function(a, b) mz.parallel { print } end)",
            "mz.parallel waits, and that cannot be done in a callback, such as that of table.sort or on_progress",
        ),
    ] {
        let clock = Clock::manual(Timestamp(0));
        let said = ran_in_virtual_time(&format!("run = function(ctx) {code} end"), None, &clock);
        assert!(
            said.starts_with(&format!("lua.wrong-argument: {told} at"))
                || said.starts_with(&format!("lua.not-here: {told} at")),
            "{code}: {said}"
        );
    }
}

#[test]
fn a_thousand_rounds_leave_nothing_behind() {
    let body = "run = function(ctx) local n = 0 for i = 1, 1000 do \
                  local r = mz.parallel { function() return 1 end, function() mz.sleep(0) return 1 end } \
                  n = n + r[1] + r[2] end mz.log(tostring(n)) end";
    assert_eq!(ran_in_virtual_time(body, None, &Clock::manual(Timestamp(0))), "2000\ndone");
}
