//! What a test expects with: `t.equal` and its like.

use std::rc::Rc;

use mlua::Lua;
use mlua::Table;
use mlua::Value;
use serde_json::Value as Json;

use super::super::Call;
use super::super::json;
use super::super::no_such;
use super::super::tables;
use super::meanwhile;
use super::names;
use super::objects;
use super::outcome_of;
use super::short;
use super::trial;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::shared::Shared;
use crate::lua::testing::compare;
use crate::lua::testing::compare::Wrong;
use crate::lua::values::Handle;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Whether an expectation holds.
type Holds = fn(&Call) -> Result<Result<(), Wrong>, Failure>;

/// What can be expected of values.
const EXPECTED: &[(&str, Holds)] = &[
    ("t.equal", |call| Ok(compare::equal(&taken(call, "actual")?, &taken(call, "expected")?))),
    ("t.ok", |call| {
        let value = call.value("value");
        let is = match value {
            Value::Nil => "nil",
            Value::Boolean(false) => "false",
            _ => return Ok(Ok(())),
        };
        Ok(Err(Wrong { message: format!("the value is {is}"), lines: Vec::new() }))
    }),
    ("t.match", |call| {
        let text = text_of(&taken(call, "text")?);
        Ok(compare::matches(&text, &call.text("pattern").unwrap_or_default()))
    }),
    ("t.sequence", |call| {
        let patterns = check::texts(&call.value("patterns")).unwrap_or_default();
        Ok(compare::sequence(&list(call)?, &patterns))
    }),
    ("t.count", |call| {
        let times = check::whole(&call.value("times")).and_then(|times| usize::try_from(times).ok());
        let pattern = call.text("pattern").unwrap_or_default();
        Ok(compare::count(&list(call)?, &pattern, times.unwrap_or_default()))
    }),
];

/// The object that a test expects with.
pub(in crate::lua) fn expectations(lua: &Lua, shared: &Rc<Shared>) -> mlua::Result<Table> {
    let objects = objects(shared).map_err(|error| failure::thrown(error, Vec::new()))?;
    let binding = objects.binding(lua, shared)?;
    for (name, holds) in EXPECTED {
        let function = binding.made_at_once(name, move |call| match holds(call)? {
            Ok(()) => Ok(Value::Nil),
            Err(wrong) => Err(failed(call, wrong).into()),
        })?;
        binding.fields.raw_set(short(name), function)?;
    }
    binding.fields.raw_set("fails", binding.made_waiting("t.fails", fails)?)?;
    binding.fields.raw_set("sleep", binding.made_waiting("t.sleep", slept)?)?;
    let missing = no_such(lua, shared, "t.", || names("mz.Expect"))?;
    objects.object.call((binding.fields, missing, "t"))
}

fn failed(call: &Call, wrong: Wrong) -> Error {
    let message = match call.text("message") {
        Some(about) => format!("{about}: {}", wrong.message),
        None => wrong.message,
    };
    let others = call.frames.iter().skip(1).map(|frame| format!("from {}", frame.told()));
    Error::new(Code::TestExpectation, message).with_lines(wrong.lines.into_iter().chain(others))
}

fn taken(call: &Call, name: &str) -> Result<Json, Failure> {
    Ok(tables(&call.shared)?.take(&call.value(name)).map_err(json::wrong)?)
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "nil".to_owned(),
        other => other.to_string(),
    }
}

/// Texts, or what has them under `statement`.
fn list(call: &Call) -> Result<Vec<String>, Failure> {
    let items = match taken(call, "list")? {
        Json::Array(items) => items,
        Json::Object(fields) if fields.is_empty() => Vec::new(),
        _ => {
            let message = format!("`list` of {} is a list of texts", call.function.called());
            return Err(Error::new(Code::LuaWrongArgument, message).into());
        }
    };
    let text = |item: &Json| match item.get("statement") {
        Some(statement) => text_of(statement),
        None => text_of(item),
    };
    Ok(items.iter().map(text).collect())
}

async fn fails(call: Rc<Call>) -> Result<Value, Failure> {
    let Some(function) = call.value("fn").as_function().cloned() else {
        return Err(Error::bug("t.fails was checked and has no function").into());
    };
    let code = call.text("code");
    let wrong = |message: String| Wrong { message, lines: Vec::new() };
    let Err(thrown) = outcome_of(&call, &function, Vec::new()).await? else {
        let message = match code {
            Some(code) => format!("nothing was raised, and `{code}` was expected"),
            None => "nothing was raised".to_owned(),
        };
        return Err(failed(&call, wrong(message)).into());
    };
    let tables = tables(&call.shared)?;
    let raised = match tables.handle(&thrown) {
        Some(Handle::Failure(raised)) => raised,
        _ => Rc::new(failure::of_value(&call.shared, &thrown, Vec::new())),
    };
    let error = &raised.error;
    if call.shared.stop.is_raised() {
        return Err(Failure::Lua(failure::thrown(error.clone(), raised.frames.clone())));
    }
    let is_it = |code: &String| error.code().as_str() == code || error.sqlstate() == Some(code);
    if code.as_ref().is_none_or(is_it) {
        return Ok(Value::Table(tables.failure(&call.lua, Rc::clone(&raised))?));
    }
    let sqlstate = error.sqlstate().map(|sqlstate| format!(" ({sqlstate})")).unwrap_or_default();
    let lines = vec![
        format!("expected  {}", code.unwrap_or_default()),
        format!("actual    {}{sqlstate}: {}", error.code(), error.message()),
    ];
    let message = "another error was raised than expected".to_owned();
    Err(failed(&call, Wrong { message, lines }).into())
}

async fn slept(call: Rc<Call>) -> Result<Value, Failure> {
    let trial = trial(&call)?;
    trial.wait_at(&call.frames);
    meanwhile(&call, &trial, call.shared.facts.clock.sleep(call.duration("duration"))).await?;
    Ok(Value::Nil)
}

/// Tells whether an expectation is bound.
#[cfg(test)]
pub(super) fn is_bound(name: &str) -> bool {
    ["t.fails", "t.sleep"].contains(&name) || EXPECTED.iter().any(|(expected, _)| *expected == name)
}
