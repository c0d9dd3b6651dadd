//! What a policy does not have, because its answer would not be the same twice, and how that is told.

use crate::lua::check::Mistake;
use crate::lua::registry::policy;
use crate::primitives::code::Code;

/// Libraries that are not there at all.
pub(in crate::lua) const LIBRARIES: &[&str] = &["coroutine", "os", "io", "debug"];

/// Functions of the base library that are not there.
pub(in crate::lua) const REFUSED: &[&str] = &["print", "load", "loadfile", "dofile", "collectgarbage"];

/// Functions of libraries that are there otherwise.
const CHANCE: &[&str] = &["random", "randomseed"];

/// What stands directly behind `mz.` in a policy.
pub(in crate::lua) fn names() -> Vec<&'static str> {
    let own = policy::FUNCTIONS.iter().map(|function| function.name).chain(policy::PURE.iter().copied());
    let mut names: Vec<&str> = own.filter_map(|name| name.split('.').next()).collect();
    names.dedup();
    names
}

/// Tells whether a policy has a function or a table of that name below `mz`.
pub(in crate::lua) fn has(name: &str) -> bool {
    let own = policy::FUNCTIONS.iter().map(|function| function.name).chain(policy::PURE.iter().copied());
    let is_inside =
        |inner: &str| inner.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    own.into_iter().any(is_inside)
}

/// Tells whether a policy does without a function of one of Lua's libraries.
pub(in crate::lua) fn is_refused(library: &str, name: &str) -> bool {
    LIBRARIES.contains(&library) || (library == "math" && CHANCE.contains(&name))
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
