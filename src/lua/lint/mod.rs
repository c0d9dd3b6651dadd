//! Mistakes in a recipe's text that can be seen before it runs.
//!
//! Loading a recipe refuses functions that `mz` does not have and arguments that a function does not
//! take; `mzflow recipes check` tells everything that is found: globals that do not exist, fields
//! that a result does not have, literals of the wrong kind. What cannot be known passes: the check at
//! the call finds it then. Start reading at [`findings`], then at [`walk`].

mod calls;
pub(super) mod globals;
mod kinds;
pub(super) mod required;
mod survey;
#[cfg(test)]
mod tests;
mod walk;

use std::ops::Range;

use full_moon::LuaVersion;
use full_moon::ast::Ast;

use self::globals::Globals;
use self::walk::Walk;
use super::check::Mistake;
use crate::primitives::code::Code;

/// A tree's depth is bounded by its text; the stack it is walked on is bounded by this.
const STACK: usize = 64 * 1024 * 1024;

/// A text that is longer is not read here: nobody writes a recipe of that length by hand.
const LONGEST: usize = 256 * 1024;

/// A mistake, with the bytes that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What is wrong.
    pub(super) mistake: Mistake,
    /// Where.
    pub(super) span: Range<usize>,
    /// Whether it works all the same.
    pub(super) is_warning: bool,
}

/// What a file has to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    /// What its text says: a file that returns `mz.policy` is a policy's, any other a recipe's.
    OfText,
    /// A policy's.
    Policy,
}

/// Every mistake in a file's text, in the order of the text.
///
/// Globals are looked at only where it is told which there are. A text that is not Lua has no
/// findings: Lua itself says what is wrong with it.
pub(super) fn findings(text: &str, globals: Option<&Globals>, surface: Surface) -> Vec<Finding> {
    read(text, |ast| found(text, ast, globals, surface))
}

/// The function of `mz` whose result a file returns, where its last line says so.
pub(super) fn returned(text: &str) -> Option<String> {
    read(text, |ast| survey::returned(ast, text).map(str::to_owned))
}

/// Reads a text, if it is Lua. Without a thread, and where the reader is at a loss, nothing is found.
fn read<T: Default + Send>(text: &str, look: impl FnOnce(&Ast) -> T + Send) -> T {
    if text.len() > LONGEST {
        return T::default();
    }
    let read = || {
        let tree = full_moon::parse_fallible(text, LuaVersion::lua54());
        if tree.errors().is_empty() { look(tree.ast()) } else { T::default() }
    };
    // Operators in a row make a tree as deep as the row is long.
    std::thread::scope(|scope| {
        let read = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read);
        read.ok().and_then(|read| read.join().ok()).unwrap_or_default()
    })
}

fn found(text: &str, ast: &Ast, globals: Option<&Globals>, surface: Surface) -> Vec<Finding> {
    let survey = survey::of(ast, text);
    let is_policy = surface == Surface::Policy || survey::returned(ast, text) == Some("policy");
    let mut walk = Walk::new(text, globals, &survey, is_policy);
    walk.file(ast.nodes());
    let mut found = walk.found;
    found.sort_by_key(|finding| (finding.span.start, finding.span.end));
    found.dedup();
    found
}

/// The first mistake for which a file is not even loaded.
pub(super) fn mistakes(text: &str, surface: Surface) -> Option<(Mistake, Range<usize>)> {
    let refused = |finding: &Finding| {
        matches!(
            finding.mistake.code,
            Code::LuaUnknownFunction
                | Code::LuaUnknownArgument
                | Code::PolicyNotPure
                | Code::PolicyUnknownFact
        )
    };
    let found = findings(text, None, surface).into_iter().find(refused)?;
    Some((found.mistake, found.span))
}
