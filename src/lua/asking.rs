//! Checks as values: each knows how to ask its question, and asks nothing before it is run.
//!
//! A new sort of check is a type that implements [`Ask`], and a function of `mz.check` that puts it
//! into a [`Check`].

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use mlua::Lua;

use super::failure;
use super::failure::Failure;
use super::shared::Shared;
use super::site::Frame;
use crate::primitives::analysis::Answer;
use crate::primitives::analysis::Verdict;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::error::Error;

/// For whom a question is asked.
#[derive(Clone)]
pub(super) struct Inquiry {
    /// Lua.
    pub(super) lua: Lua,
    /// What the functions of `mz` share.
    pub(super) shared: Rc<Shared>,
    /// The lines of the recipe that led here.
    pub(super) frames: Vec<Frame>,
}

/// Something that can be asked.
pub(super) trait Ask {
    /// What it would ask, in words: for a rehearsal, in which nothing is asked.
    fn told(&self) -> String;

    /// Asks once. What goes wrong is an error; [`answered`] tells which of those are answers.
    ///
    /// The run is taken only as long as it is looked at, never over a wait.
    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> LocalBoxFuture<'a, Result<Answer, Failure>>;
}

/// A check of a recipe.
pub(super) struct Check {
    /// Its name.
    pub(super) name: String,
    /// What it asks.
    pub(super) ask: Rc<dyn Ask>,
}

/// An answer of what came of asking: that a question could not be asked, or not be answered in time, is
/// one too. A mistake of the recipe's, and what nobody may catch, stays an error.
///
/// # Errors
/// Those.
pub(super) fn answered(inquiry: &Inquiry, asked: Result<Answer, Failure>) -> Result<Answer, Failure> {
    let error = match asked {
        Ok(answer) => return Ok(answer),
        Err(Failure::Said(error)) => *error,
        Err(Failure::Lua(error)) => failure::of_lua(&inquiry.shared, &error, &inquiry.frames).error,
    };
    of_error(&error).ok_or_else(|| error.into())
}

/// The answer that an error is, if it is one.
pub(super) fn of_error(error: &Error) -> Option<Answer> {
    match error.kind() {
        Kind::Invalid | Kind::Fenced | Kind::Interrupted | Kind::OutcomeUnknown | Kind::Paused => {
            return None;
        }
        Kind::Refused | Kind::Failed | Kind::Unreachable => {}
    }
    match error.code() {
        Code::RunDeadline | Code::Bug | Code::LuaMemory => None,
        Code::CompareTimeout => Some(Answer::new(Verdict::Inconclusive, error.message())),
        // The server gave up waiting, for what is not hydrated say.
        Code::QueryFailed if error.sqlstate() == Some("57014") => {
            Some(Answer::new(Verdict::Inconclusive, error.message()))
        }
        code => Some(Answer::new(Verdict::Error, format!("{code}: {}", error.message()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_an_answer_unless_nobody_may_catch_it() {
        let told = |code| {
            of_error(&Error::new(code, "why")).map(|answer| format!("{}: {}", answer.verdict, answer.message))
        };
        assert_eq!(told(Code::DbLost).as_deref(), Some("error: db.lost: why"));
        assert_eq!(told(Code::QueryFailed).as_deref(), Some("error: query.failed: why"));
        assert_eq!(told(Code::CompareTimeout).as_deref(), Some("inconclusive: why"));
        for code in [Code::RunInterrupted, Code::RunDeadline, Code::RunFenced, Code::CompareUnknownObject] {
            assert_eq!(told(code), None, "{code}");
        }
    }
}
