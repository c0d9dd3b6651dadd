//! What a policy does not have, because its answer would not be the same twice: how it is found in
//! a text before anything runs, and how it is told.

use std::ops::Range;

use crate::lua::check::Mistake;
use crate::lua::lint;
use crate::lua::lint::Token;
use crate::lua::registry;
use crate::lua::registry::policy;
use crate::primitives::code::Code;

/// Libraries that are not there at all.
const LIBRARIES: &[&str] = &["coroutine", "os", "io", "debug"];

/// Functions of the base library that are not there.
const REFUSED: &[&str] = &["print", "load", "loadfile", "dofile", "collectgarbage"];

/// Functions of libraries that are there otherwise.
const CHANCE: &[&str] = &["random", "randomseed"];

/// What stands directly behind `mz.` in a policy.
pub(in crate::lua) fn names() -> Vec<&'static str> {
    let own = policy::FUNCTIONS.iter().map(|function| function.name).chain(policy::PURE.iter().copied());
    let mut names: Vec<&str> = own.filter_map(|name| name.split('.').next()).collect();
    names.dedup();
    names
}

/// The mistake of naming what a policy does not have.
pub(in crate::lua) fn mistake(name: &str) -> Mistake {
    let message = format!("`{name}` cannot be used in a policy: policies are pure, facts in and verdict out");
    let word = name.rsplit('.').next().unwrap_or(name);
    Mistake {
        code: Code::PolicyNotPure,
        message,
        word: Some(word.to_owned()),
        label: instead(name).to_owned(),
    }
}

/// What a policy has instead.
fn instead(name: &str) -> &'static str {
    match name {
        "mz.now" | "os.time" | "os.date" | "os.clock" => "`facts.now` tells the server's time",
        "mz.sleep" | "mz.await" | "coroutine.yield" => "return mz.wait(reason), and it is asked again",
        "mz.hydration_status" | "mz.check.lag" => "name `hydration` in `needs`",
        "mz.diff" => "name `changes` in `needs`",
        "mz.compare" | "mz.check.compare" | "mz.check.rows" => "name `compare` in `needs`",
        "mz.approve" => "name `approvals` in `needs`",
        "mz.log" | "print" => "the reason of the verdict is what people are told",
        _ => "",
    }
}

/// The first use of something that a policy does not have, with the bytes that name it.
pub(in crate::lua) fn uses(text: &str) -> Option<(Mistake, Range<usize>)> {
    let tokens = lint::tokens(text);
    // Somebody's own variable of such a name is not what is refused.
    let own = |name: &str| {
        tokens.windows(2).any(|pair| match pair {
            [a, b] => {
                (matches!(a.text, "local" | "function" | "," | "(") && b.text == name && name != "mz")
                    || (a.text == "local" && b.text == name)
                    || (a.text == name && b.text == "=")
            }
            _ => false,
        })
    };
    (0..tokens.len()).find_map(|at| {
        let (name, span) = used(&tokens, at)?;
        let root = name.split('.').next().unwrap_or(&name);
        (!own(root)).then(|| (mistake(&name), span))
    })
}

/// The modules that a text requires by names that are written out, with the bytes of each.
pub(in crate::lua) fn required(text: &str) -> Vec<(String, Range<usize>)> {
    let tokens = lint::tokens(text);
    let named = (0..tokens.len()).filter(|at| tokens.get(*at).is_some_and(|token| token.text == "require"));
    let argument = |at: usize| {
        let behind = tokens.get(at + 1)?;
        if behind.text == "(" { tokens.get(at + 2) } else { Some(behind) }
    };
    let unquoted = |token: &Token<'_>| {
        let inner = ["\"", "'"].iter().find_map(|q| token.text.strip_prefix(*q)?.strip_suffix(*q));
        let inner = inner.or_else(|| token.text.strip_prefix("[[")?.strip_suffix("]]"))?;
        Some((inner.to_owned(), token.span.clone()))
    };
    named.filter_map(argument).filter_map(unquoted).collect()
}

/// What is named at a token, if it is refused.
fn used(tokens: &[Token<'_>], at: usize) -> Option<(String, Range<usize>)> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let first = tokens.get(at)?;
    let before = at.checked_sub(1).map_or("", text);
    if before == "." || before == ":" {
        return None;
    }
    let dotted = text(at + 1) == ".";
    let member = text(at + 2);
    let whole = |end: usize| first.span.start..tokens.get(end).map_or(first.span.end, |last| last.span.end);
    match first.text {
        "mz" if dotted && registry::names().contains(&member) && !names().contains(&member) => {
            let longer = format!("{member}.{}", text(at + 4));
            let has_group = text(at + 3) == "." && registry::function(&longer).is_some();
            let (name, end) = if has_group { (longer, at + 4) } else { (member.to_owned(), at + 2) };
            Some((format!("mz.{name}"), whole(end)))
        }
        "math" if dotted && CHANCE.contains(&member) => Some((format!("math.{member}"), whole(at + 2))),
        library if dotted && LIBRARIES.contains(&library) => {
            Some((format!("{library}.{member}"), whole(at + 2)))
        }
        // A field of a table may bear such a name.
        function if REFUSED.contains(&function) && text(at + 1) != "=" => {
            let called = text(at + 1) == "(" || text(at + 1).starts_with(['"', '\'', '[', '{']);
            called.then(|| (function.to_owned(), whole(at)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = uses(text).map(|(mistake, span)| {
            assert_eq!(mistake.code, Code::PolicyNotPure);
            format!("{} ({})", &text[span], mistake.label)
        });
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn what_is_not_pure_is_seen_before_anything_runs() {
        check("if mz.now() > 1 then end", Some("mz.now (`facts.now` tells the server's time)"));
        check("mz.query 'SELECT 1'", Some("mz.query ()"));
        check("return math.random(2) == 1", Some("math.random ()"));
        check("coroutine.yield(1)", Some("coroutine.yield (return mz.wait(reason), and it is asked again)"));
        check("local t = os.time()", Some("os.time (`facts.now` tells the server's time)"));
        check("print 'x'", Some("print (the reason of the verdict is what people are told)"));
    }

    #[test]
    fn what_is_pure_or_not_ours_passes() {
        check("return mz.wait('x') or mz.json.encode({ print = 1 }) or mz.duration('5m')", None);
        check("-- mz.now()\nlocal s = 'os.time()' .. [[ mz.query ]]", None);
        check("local function print(x) end print('x')", None);
        check("t.os.time() t:print() math.floor(1)", None);
    }
}
