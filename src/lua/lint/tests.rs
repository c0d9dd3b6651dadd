use super::*;

fn globals() -> Globals {
    let lua = super::super::limits::open(
        &std::rc::Rc::new(super::super::limits::Stop::new()),
        super::super::limits::RECIPE,
    );
    Globals::of(&lua.expect("it opens"))
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = findings(text, Some(&globals()), Surface::OfText);
    let told: Vec<String> =
        found.iter().map(|f| format!("{}: {}", &text[f.span.clone()], f.mistake.message)).collect();
    assert_eq!(told, expected);
}

#[test]
fn wrong_names_are_seen_before_anything_runs() {
    check(
        "mz.await { deployment = d1, timout = \"10m\" }",
        &[
            "d1: there is no `d1` here",
            "timout: unknown argument `timout` for mz.await (did you mean `timeout`?)",
        ],
    );
    check("mz.stge({})", &["stge: there is no mz.stge (did you mean `stage`?)"]);
    check("mz.json.encod(1)", &["encod: there is no mz.json.encod (did you mean `encode`?)"]);
    check("return string.formt('x')", &["formt: there is no string.formt (did you mean `format`?)"]);
    check("prnt('x')", &["prnt: there is no `prnt` here (did you mean `print`?)"]);
    check("os.exit()", &["os: there is no `os` here"]);
}

#[test]
fn what_loading_refuses_is_what_is_certain() {
    assert_eq!(mistakes("x = y local d = mz.sleep('soon')", Surface::OfText), None);
    let (mistake, span) =
        mistakes("local d = mz.stage({ change = c })", Surface::OfText).expect("it is wrong");
    assert_eq!((span, mistake.code), (21..27, Code::LuaUnknownArgument));
    assert_eq!(mistakes("mz.stge {", Surface::OfText), None, "Lua itself says what is wrong");
}

#[test]
fn scopes_are_those_of_lua() {
    check("local mz = {} mz.stge {}", &[]);
    check("local function f(mz) return mz.stge {} end f()", &[]);
    check("do local a = 1 end return a", &["a: there is no `a` here"]);
    check("local a = a", &["a: there is no `a` here"]);
    check("local function f() return f() end return f", &[]);
    check("repeat local done = true until done", &[]);
    check("for i, v in pairs({}) do print(i, v) end return i", &["i: there is no `i` here"]);
    check("for i = 1, 2 do print(i) end goto out do end ::out::", &[]);
    check("local t = {} function t.f() return t end function t:g() return self end", &[]);
    check("return function(...) return ... end", &[]);
    check("local a <const>, b <close> = 1, nil return a, b", &[]);
}

#[test]
fn a_global_that_is_made_is_a_warning() {
    check("x = 1 x = x + 1", &["x: `x` is made a global variable; write `local x`"]);
    check("function f() return f() end", &["f: `f` is made a global variable; write `local f`"]);
    assert!(findings("x = 1", Some(&globals()), Surface::OfText)[0].is_warning);
}

#[test]
fn results_have_the_fields_of_the_registry() {
    check(
        "local c = mz.diff { project = mz.compile {} } return c.emtpy, c.empty, c.summary.changed, c.cost.objcts",
        &[
            "emtpy: mz.Changes has no `emtpy` (did you mean `empty`?)",
            "objcts: mz.Cost has no `objcts` (did you mean `objects`?)",
        ],
    );
    check(
        "local p = mz.compile {} for _, o in ipairs(p.objects) do print(o.nam, p.objects[1].kid) end",
        &[
            "nam: mz.ProjectObject has no `nam` (did you mean `name`?)",
            "kid: mz.ProjectObject has no `kid` (did you mean `kind`?)",
        ],
    );
    check("local d d = mz.compile {} if d then d = mz.setup {} end return d.anything", &[]);
    check("local d = mz.compile {} d.mine = 1 return d.mine", &[]);
    check("return mz.git.shrt", &["shrt: mz.Git has no `shrt` (did you mean `short_sha`?)"]);
}

#[test]
fn recipes_are_held_against_what_they_declare() {
    check(
        "return mz.recipe { api = 1, name = 'a', summary = 'b', args = { wait = { typ = 'number' } }, hooks = { 'after' },\n\
         run = function(ctx) ctx.hook('afer') ctx.hook('after') return ctx.args.wiat, ctx.don end,\n\
         on_fail = function(ctx, err) return ctx.args.wait, err.cod end }",
        &[
            "typ: unknown argument `typ` for argument `wait` (did you mean `type`?)",
            "'afer': the recipe declares no hook `afer` (did you mean `after`?)",
            "wiat: the recipe declares no argument `wiat` (did you mean `wait`?)",
            "don: mz.Context has no `don` (did you mean `done`?)",
            "cod: mz.Error has no `cod` (did you mean `code`?)",
        ],
    );
    check(
        "return mz.recipe { api = 1, name = 'a', summary = 'b', extends = 'c', hooks = { x = function(ctx) return ctx.args.anything, ctx.don end } }",
        &["don: mz.Context has no `don` (did you mean `done`?)"],
    );
}

#[test]
fn literals_are_of_the_right_kind() {
    check(
        "mz.sleep('soon')",
        &[
            "'soon': `duration` of mz.sleep has to be a duration such as \"90s\" or \"5m\", or a number of seconds, not \"soon\"",
        ],
    );
    check("mz.sleep('5m') mz.sleep(3) mz.sleep(later())", &["later: there is no `later` here"]);
    check("mz.defer()", &["(): mz.defer needs `fn`: a function"]);
    check("mz.step('a', 1)", &["1: `fn` of mz.step has to be a function, not a number"]);
    check("mz.stage { id = 'a' }", &["{: mz.stage needs `changes`: what mz.diff returned"]);
    check("local f = {} mz.stage { [f] = 1 } mz.stage(f)", &[]);
    check(
        "mz.diff { project = mz.compile {}, isolation = 'clster' }",
        &[
            "'clster': `isolation` of mz.diff has to be \"cluster\" or \"schema\" or \"object\", not \"clster\"",
        ],
    );
}

#[test]
fn what_is_right_or_not_ours_passes() {
    check("-- mz.stge {}\nlocal s = 'mz.stge' .. [[ mz.stge ]] --[==[ mz.stge ]==] return s", &[]);
    check("mz.compile { variables = { anything = 1 } }", &[]);
    check("local x = { mz = {} } x.mz.stge {}", &[]);
    check("local u = 'ü' -- ü\n return u.emtpy", &[]);
    for recipe in crate::recipes::ALL {
        check(recipe.text, &[]);
    }
}

#[test]
fn a_long_row_of_operators_is_read() {
    let text = format!("return 1{}", " + 1".repeat(40_000));
    assert!(findings(&text, Some(&globals()), Surface::OfText).is_empty());
    assert!(findings(&"(".repeat(300), None, Surface::OfText).is_empty());
    assert!(findings(&"x".repeat(LONGEST + 1), Some(&globals()), Surface::OfText).is_empty());
}

/// What is found in a policy that decides so.
#[track_caller]
fn check_policy(body: &str, expected: &[&str]) {
    check(
        &format!(
            "return mz.policy {{ api = 1, name = 'p', needs = {{}}, decide = function(facts) {body} end }}"
        ),
        expected,
    );
}

#[test]
fn a_policy_has_less_to_use() {
    let pure = |what: &str| {
        format!("`{what}` cannot be used in a policy: policies are pure, facts in and verdict out")
    };
    for (body, word, what) in [
        ("if mz.now() > 1 then return mz.promote() end", "now", "mz.now"),
        ("mz.query 'SELECT 1'", "query", "mz.query"),
        ("local sha = mz.git.sha", "git", "mz.git"),
        ("return math.random(2) == 1", "random", "math.random"),
        ("coroutine.yield(1)", "yield", "coroutine.yield"),
        ("local t = os.time()", "time", "os.time"),
        ("print 'x'", "print", "print"),
    ] {
        check_policy(body, &[&format!("{word}: {}", pure(what))]);
    }
    check_policy(
        "return mz.wait(facts.hydratoin.state)",
        &["hydratoin: there is no fact `hydratoin` (did you mean `hydration`?)"],
    );
    check_policy(
        "for _, object in ipairs(facts.hydration.objects) do if object.lga_s then end end",
        &["lga_s: there is no fact `lga_s` (did you mean `lag_s`?)"],
    );
}

#[test]
fn what_a_policy_may_use_passes() {
    check_policy(
        "return mz.wait('x') or mz.json.encode({ print = 1 }) or mz.duration('5m') or mz.try(pcall)",
        &[],
    );
    check_policy("-- mz.now()\nlocal s = 'os.time()' .. [[ mz.query ]] return s", &[]);
    check_policy("local function print(x) return x end print(math.floor(1))", &[]);
    check_policy("local t = { os = {} } t.os.time() t:print()", &[]);
}

#[test]
fn what_the_docs_show_is_right() {
    let mut open = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs"))];
    let mut blocks = 0;
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()),
            );
            continue;
        }
        let page = std::fs::read_to_string(&path).expect("a page");
        for block in page.split("\n```lua\n").skip(1) {
            let text = block.split("\n```").next().expect("a block ends");
            let lua = mlua::Lua::new();
            lua.load(text).into_function().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(mistakes(text, Surface::OfText), None, "{}", path.display());
            blocks += 1;
        }
    }
    assert!(blocks > 30, "{blocks} blocks");
}
