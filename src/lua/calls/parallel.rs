//! `mz.parallel`: several functions at once, in one run.
//!
//! Nothing is given up half-way: all of them have ended before it does. Start reading at
//! [`everything`].

use std::rc::Rc;

use futures_util::stream::FuturesUnordered;
use futures_util::stream::StreamExt;
use mlua::Function;
use mlua::Value;

use super::Binding;
use super::Call;
use crate::lua::branch;
use crate::lua::branch::Branch;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::failure::Raised;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::error::Error;

/// So many functions run at once at most: more of them is a loop that went wrong.
const MOST: usize = 64;

/// So deep they stand in each other at most: each level takes of the process's own stack.
const DEEPEST: usize = 8;

/// Binds it.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.waiting("parallel", everything)
}

async fn everything(call: Rc<Call>) -> Result<Value, Failure> {
    call.shared.must_run("parallel")?;
    call.shared.go_on()?;
    let functions = functions(&call.value("functions"))?;
    let outer = call.shared.stop.current();
    if outer.as_ref().is_some_and(|outer| outer.depth() >= DEEPEST) {
        let message = format!("calls of mz.parallel stand in each other more than {DEEPEST} levels deep");
        return Err(Error::new(Code::LuaWrongArgument, message).into());
    }
    let branches = functions.iter().map(|_| branch::begin(&call.lua, &call.shared, outer.as_deref()));
    let branches = branches.collect::<mlua::Result<Vec<Rc<Branch>>>>()?;
    let count = functions.len();
    let mut ends: FuturesUnordered<_> = functions
        .into_iter()
        .zip(branches.iter().cloned())
        .enumerate()
        .map(|(at, (function, branch))| {
            let call = Rc::clone(&call);
            async move { (at, branch::run(&call.lua, &call.shared, &branch, function, Vec::new()).await) }
        })
        .collect();
    let mut results = vec![Value::Nil; count];
    let mut failures = Vec::new();
    while let Some((at, end)) = ends.next().await {
        match (end, results.get_mut(at)) {
            (Ok(value), Some(result)) => *result = value,
            (Ok(_), None) => {}
            (Err(raised), _) => {
                // Who waits for people lets the others come as far as they can.
                if raised.error.kind() != Kind::Paused {
                    branches.iter().for_each(|branch| branch.cancel());
                }
                failures.push(raised);
            }
        }
    }
    if let Some(raised) = together(failures) {
        // The lines that led to it are the branch's own.
        call.shared.note(&raised.error);
        return Err(failure::thrown(raised.error, raised.frames).into());
    }
    let list = call.lua.create_table_with_capacity(count, 0)?;
    for (at, value) in results.into_iter().enumerate() {
        list.raw_set(at + 1, value)?;
    }
    Ok(Value::Table(list))
}

/// The functions of the list.
fn functions(list: &Value) -> Result<Vec<Function>, Failure> {
    let wrong = |message: String| Error::new(Code::LuaWrongArgument, message);
    let Value::Table(list) = list else {
        return Err(Error::bug("a list passed its check and is none").into());
    };
    let length = list.raw_len();
    if length == 0 {
        return Err(wrong("mz.parallel needs a list with at least one function".to_owned()).into());
    }
    if length > MOST {
        let message = format!("mz.parallel runs {MOST} functions at most, and got {length}");
        return Err(wrong(message).into());
    }
    if list.pairs::<Value, Value>().count() != length {
        let message = "mz.parallel takes a list of functions without holes and without names";
        return Err(wrong(message.to_owned()).into());
    }
    let mut functions = Vec::with_capacity(length);
    for (at, value) in list.sequence_values::<Value>().enumerate() {
        match value? {
            Value::Function(function) => functions.push(function),
            other => {
                let what = check::kind_of(&other);
                return Err(
                    wrong(format!("number {} of mz.parallel is {what}, not a function", at + 1)).into()
                );
            }
        }
    }
    Ok(functions)
}

/// What is raised of several failures, in the order in which they came: the first, unless a later
/// one leaves open what has happened. The rest goes with it; ends that are no failures of their own
/// do not count.
fn together(mut failures: Vec<Raised>) -> Option<Raised> {
    let weight = |raised: &Raised| match raised.error.kind() {
        Kind::OutcomeUnknown => 4,
        Kind::Fenced => 3,
        Kind::Interrupted if raised.error.code() == Code::RunCancelled => 0,
        Kind::Paused => 1,
        Kind::Invalid | Kind::Refused | Kind::Failed | Kind::Unreachable | Kind::Interrupted => 2,
    };
    let heaviest = failures.iter().map(weight).max()?;
    let first = failures.iter().position(|raised| weight(raised) == heaviest)?;
    let mut raised = failures.remove(first);
    let code = raised.error.code();
    let ends_all = |error: &Error| {
        matches!(error.kind(), Kind::Interrupted | Kind::Paused) || error.code() == Code::RunDeadline
    };
    let others: Vec<Error> = failures
        .into_iter()
        .map(|raised| raised.error)
        .filter(|error| !(ends_all(error) || error.code() == code && error.kind() == Kind::Fenced))
        .collect();
    raised.error = raised.error.also(others);
    Some(raised)
}

#[cfg(test)]
mod tests;
