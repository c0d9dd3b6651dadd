//! Steps, clean-up, hooks, and the last word: what a recipe tells the host about itself.

use std::rc::Rc;

use mlua::Function;
use mlua::Lua;
use mlua::Table;
use mlua::Value;

use super::Binding;
use super::Call;
use super::json;
use super::tables;
use crate::deployment::record::Record;
use crate::deployment::record::StepDone;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::near;
use crate::lua::shared::Shared;
use crate::lua::site;
use crate::lua::values::Nulls;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Binds what is bound directly.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.at_once("defer", |call| {
        call.shared.must_run("defer")?;
        call.shared.deferred.borrow_mut().extend(call.value("fn").as_function().cloned());
        Ok(Value::Nil)
    })
}

/// What the prelude is given of it.
pub(super) fn inside(lua: &Lua, shared: &Rc<Shared>, table: &Table) -> mlua::Result<()> {
    let enter = {
        let shared = Rc::clone(shared);
        lua.create_function(move |lua, name: String| {
            enter(lua, &shared, name).map_err(|failure| Call::fail(&shared, failure, site::frames(lua)))
        })?
    };
    table.raw_set("step_enter", enter)?;
    let known = {
        let shared = Rc::clone(shared);
        lua.create_async_function(move |lua, (can_wait, name): (bool, String)| {
            let shared = Rc::clone(&shared);
            let frames = site::frames(&lua);
            async move {
                let outcome = if can_wait {
                    begin(&lua, &shared, &name).await
                } else {
                    Err(super::here(&shared, "step").into())
                };
                outcome.map_err(|failure| Call::fail(&shared, failure, frames))
            }
        })?
    };
    let done = {
        let shared = Rc::clone(shared);
        lua.create_async_function(move |lua, (name, result): (String, Value)| {
            let shared = Rc::clone(&shared);
            let frames = site::frames(&lua);
            async move {
                let outcome = finish(&lua, &shared, name, &result).await;
                outcome.map_err(|failure| Call::fail(&shared, failure, frames))
            }
        })?
    };
    table.raw_set("step_begin", known)?;
    table.raw_set("step_done", done)?;
    let said = Rc::clone(shared);
    let last_word = lua.create_function(move |_, message: Value| {
        *said.said.borrow_mut() = check::text_of(&message);
        Ok(())
    })?;
    table.raw_set("done", last_word)?;
    let refusing = Rc::clone(shared);
    let refuse =
        lua.create_function(move |lua, (message, evidence): (Value, Value)| -> mlua::Result<()> {
            let frames = site::frames(lua);
            let error = match refusal(&refusing, &message, &evidence) {
                Ok(error) => error,
                Err(mistake) => failure::of_mistake(&refusing, mistake, &frames),
            };
            Err(failure::thrown(error, frames))
        })?;
    table.raw_set("refuse", refuse)?;
    let shared = Rc::clone(shared);
    table.raw_set("hooks", lua.create_function(move |lua, name: Value| hooks(lua, &shared, &name))?)
}

/// The error with which a recipe says no.
fn refusal(shared: &Shared, message: &Value, evidence: &Value) -> Result<Error, check::Mistake> {
    let wrong = |message: String| check::Mistake {
        code: Code::LuaWrongArgument,
        message,
        word: Some("refuse".to_owned()),
        label: String::new(),
    };
    let text = check::text_of(message).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| wrong("ctx.refuse needs a message: a string that says why".to_owned()))?;
    let error = Error::new(Code::RecipeRefused, text);
    if evidence.is_nil() {
        return Ok(error);
    }
    let taken = shared.tables().map(|tables| tables.take(evidence));
    match taken {
        Some(Ok(evidence)) => Ok(error.evidence(evidence)),
        Some(Err(why)) => Err(wrong(format!("the evidence of ctx.refuse: {why}"))),
        None => Ok(error),
    }
}

/// Claims a step for the branch that is at work; gives what lets go of it.
fn enter(lua: &Lua, shared: &Rc<Shared>, name: String) -> Result<Function, Failure> {
    shared.must_run("step")?;
    shared.go_on()?;
    if !shared.under_way.borrow_mut().insert(name.clone()) {
        let message = format!("step `{name}` is under way already: a step has a name of its own in its run");
        return Err(Error::new(Code::LuaWrongArgument, message).into());
    }
    let branch = shared.stop.current();
    branch.iter().for_each(|branch| branch.enter_step());
    let shared = Rc::clone(shared);
    Ok(lua.create_function(move |_, ()| {
        // Lua may let go twice where a coroutine is closed; the first time counts.
        if shared.under_way.borrow_mut().remove(&name) {
            branch.iter().for_each(|branch| branch.leave_step());
        }
        Ok(())
    })?)
}

/// Tells what a step gave before, if it was done.
async fn begin(lua: &Lua, shared: &Rc<Shared>, name: &str) -> Result<(bool, Value), Failure> {
    let before = shared.steps.borrow().get(name).cloned();
    if let Some(before) = before {
        return Ok((true, tables(shared)?.give(lua, &before, Nulls::LeftOut)?));
    }
    let mut work = shared.work("step").await?;
    let ctx = work.ctx()?;
    ctx.go_on()?;
    // Before it is done, not after: a result that cannot be recorded would be done twice.
    if ctx.marker().await?.is_none() {
        let message =
            format!("step `{name}` cannot be recorded: there is no tracking database; call mz.setup first");
        return Err(Error::new(Code::SetupMissing, message).into());
    }
    Ok((false, Value::Nil))
}

/// Records what a step gave, and gives what a resumed run would get.
async fn finish(lua: &Lua, shared: &Rc<Shared>, name: String, result: &Value) -> Result<Value, Failure> {
    let result = tables(shared)?.take(result).map_err(|why| json::wrong(format!("step `{name}`: {why}")))?;
    let mut work = shared.work("step").await?;
    let record = Record::StepDone(StepDone { name: name.clone(), result: result.clone() });
    work.ctx()?.record(record).await?;
    let given = tables(shared)?.give(lua, &result, Nulls::LeftOut)?;
    shared.steps.borrow_mut().insert(name, result);
    Ok(given)
}

/// The functions that were given for a hook.
fn hooks(lua: &Lua, shared: &Rc<Shared>, name: &Value) -> mlua::Result<Table> {
    let name = check::text_of(name).unwrap_or_default();
    let found = shared.hooks.borrow().get(&name).cloned();
    let Some(found) = found else {
        let names = shared.hook_names();
        let question = near::question(&name, names.iter().map(String::as_str));
        let mistake = check::Mistake {
            code: Code::LuaWrongArgument,
            message: format!("the recipe declares no hook `{name}`{question}"),
            word: Some(name),
            label: String::new(),
        };
        let frames = site::frames(lua);
        return Err(failure::thrown(failure::of_mistake(shared, mistake, &frames), frames));
    };
    lua.create_sequence_from(found)
}
