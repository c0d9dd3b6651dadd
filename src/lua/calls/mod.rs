//! The functions of `mz`, bound to what they do.
//!
//! Arguments are checked before a function sees them; what it fails with is thrown with the lines
//! of the recipe that led there. Start reading at [`Call`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use mlua::Function;
use mlua::Lua;
use mlua::MultiValue;
use mlua::Table;
use mlua::Value;
use serde::Serialize;
use serde_json::Value as Json;

use super::check;
use super::failure;
use super::failure::Failure;
use super::near;
use super::registry;
use super::registry::Argument;
use super::shared::Shared;
use super::site;
use super::site::Frame;
use super::values::Handle;
use super::values::Nulls;
use super::values::Tables;
use crate::deployment::DeploymentId;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

mod analyze;
mod approve;
mod beside;
mod compare;
mod deploy;
mod http;
mod json;
mod judge;
mod overlay;
mod parallel;
pub(super) mod policy;
mod service;
mod shift;
mod steps;
pub(super) mod testing;

/// One call of a function, its arguments checked.
struct Call {
    lua: Lua,
    shared: Rc<Shared>,
    function: &'static registry::Function,
    values: Vec<Value>,
    frames: Vec<Frame>,
}

impl Call {
    fn new(
        lua: &Lua,
        shared: &Rc<Shared>,
        function: &'static registry::Function,
        passed: MultiValue,
    ) -> mlua::Result<Self> {
        let frames = site::frames(lua);
        let passed: Vec<Value> = passed.into_iter().collect();
        let tables = tables(shared).map_err(|error| failure::thrown(error, Vec::new()))?;
        passed.iter().filter_map(Value::as_table).try_for_each(|table| tables.make(table))?;
        match check::call(function, &passed, tables) {
            Ok(values) => Ok(Self { lua: lua.clone(), shared: Rc::clone(shared), function, values, frames }),
            Err(mistake) => {
                let error = failure::of_mistake(shared, mistake, &frames);
                Err(failure::thrown(error, frames))
            }
        }
    }

    fn argument(&self, name: &str) -> Option<(&'static Argument, &Value)> {
        let at = self.function.arguments.iter().position(|argument| argument.name == name)?;
        Some((self.function.arguments.get(at)?, self.values.get(at)?))
    }

    /// A value as it was passed.
    fn value(&self, name: &str) -> Value {
        self.argument(name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// A text, or its default.
    fn text(&self, name: &str) -> Option<String> {
        let (argument, value) = self.argument(name)?;
        check::text_of(value).or_else(|| check::default_text(argument))
    }

    /// Yes or no.
    fn flag(&self, name: &str) -> bool {
        self.value(name).as_boolean().unwrap_or(false)
    }

    /// A duration, or its default.
    fn duration(&self, name: &str) -> Duration {
        let found = self.argument(name).and_then(|(argument, value)| {
            let default = || crate::clock::parse_duration(&check::default_text(argument)?).ok();
            check::seconds(value).or_else(default)
        });
        found.unwrap_or_default()
    }

    /// The deployment that is named.
    fn deployment(&self, name: &str) -> Result<Option<DeploymentId>, Error> {
        let Some(text) = check::deployment_id(&self.value(name)) else { return Ok(None) };
        let parsed = text.parse().map(Some);
        parsed
            .map_err(|error: crate::deployment::IdError| Error::new(Code::DeploymentBadId, error.to_string()))
    }

    /// What travels with an argument.
    fn handle(&self, name: &str) -> Result<Handle, Error> {
        let handle = tables(&self.shared)?.handle(&self.value(name));
        handle.ok_or_else(|| Error::bug(format!("`{name}` passed its check and carries nothing")))
    }

    /// An outcome as the table that the recipe gets.
    fn give<T: Serialize>(&self, outcome: &T) -> Result<Value, Failure> {
        let json =
            serde_json::to_value(outcome).map_err(|error| Error::bug(format!("an outcome: {error}")))?;
        Ok(tables(&self.shared)?.give(&self.lua, &json, Nulls::LeftOut)?)
    }

    /// An outcome as a table, with what later primitives need of it.
    fn give_with<T: Serialize>(&self, outcome: &T, handle: Handle) -> Result<Value, Failure> {
        let value = self.give(outcome)?;
        if let Some(table) = value.as_table() {
            tables(&self.shared)?.attach(&self.lua, table, handle)?;
        }
        Ok(value)
    }

    /// As [`Call::give_with`], of an outcome that is made when somebody looks at it.
    fn give_later<T: Serialize>(
        &self,
        outcome: impl FnOnce() -> Result<T, Error> + 'static,
        handle: Handle,
    ) -> Result<Value, Failure> {
        let make = move || {
            let outcome = outcome().map_err(|error| error.message().to_owned())?;
            match serde_json::to_value(outcome) {
                Ok(Json::Object(fields)) => Ok(fields),
                Ok(_) => Err("an outcome has no fields".to_owned()),
                Err(error) => Err(format!("an outcome: {error}")),
            }
        };
        let tables = tables(&self.shared)?;
        let table = tables.later(&self.lua, make)?;
        tables.attach(&self.lua, &table, handle)?;
        Ok(Value::Table(table))
    }

    fn fail(shared: &Shared, failure: Failure, frames: Vec<Frame>) -> mlua::Error {
        let failure = match failure {
            Failure::Said(error) => Failure::from(shared.explained(*error)),
            failure => failure,
        };
        if let Failure::Said(error) = &failure {
            shared.note(error);
        }
        failure.thrown(shared, frames)
    }
}

fn tables(shared: &Shared) -> Result<&Tables, Error> {
    shared.tables().ok_or_else(|| Error::bug("a function of `mz` is called before there are tables"))
}

/// Puts functions below `mz`.
struct Binding<'b> {
    lua: &'b Lua,
    shared: &'b Rc<Shared>,
    fields: Table,
    /// Makes of a function that waits one that is told whether it can.
    waiting: Function,
    /// Makes of a function one that has others below its name.
    callable: Function,
    /// The tables below names that have others below them.
    groups: RefCell<BTreeMap<String, Table>>,
}

impl<'b> Binding<'b> {
    /// Nothing is bound yet.
    fn new(lua: &'b Lua, shared: &'b Rc<Shared>, prelude: &Table) -> mlua::Result<Self> {
        let (waiting, callable) = (prelude.raw_get("waiting")?, prelude.raw_get("callable")?);
        Ok(Self { lua, shared, fields: lua.create_table()?, waiting, callable, groups: RefCell::default() })
    }

    fn declared(name: &str) -> mlua::Result<&'static registry::Function> {
        registry::function(name)
            .ok_or_else(|| mlua::Error::runtime(format!("mz.{name} is bound and not declared")))
    }

    /// Puts a value below `mz`, into a table of its own where the name has a dot.
    fn put(&self, name: &str, value: impl mlua::IntoLua) -> mlua::Result<()> {
        match name.split_once('.') {
            None => self.fields.raw_set(name, value),
            Some((group, name)) => {
                let known = self.groups.borrow().get(group).cloned();
                let inner = match known {
                    Some(inner) => inner,
                    None => self.group(group)?,
                };
                inner.raw_set(name, value)
            }
        }
    }

    /// A table below a name, which may be a function's too.
    fn group(&self, name: &str) -> mlua::Result<Table> {
        let inner = self.lua.create_table()?;
        match self.fields.raw_get::<Value>(name)? {
            Value::Function(function) => {
                self.fields.raw_set(name, self.callable.call::<Table>((function, &inner))?)?;
            }
            _ => self.fields.raw_set(name, &inner)?,
        }
        self.groups.borrow_mut().insert(name.to_owned(), inner.clone());
        Ok(inner)
    }

    /// Binds a function that answers at once.
    fn at_once(
        &self,
        name: &str,
        function: impl Fn(&Call) -> Result<Value, Failure> + 'static,
    ) -> mlua::Result<()> {
        self.put(name, self.made_at_once(name, function)?)
    }

    /// Makes a function that answers at once.
    fn made_at_once(
        &self,
        name: &str,
        function: impl Fn(&Call) -> Result<Value, Failure> + 'static,
    ) -> mlua::Result<Function> {
        let declared = Self::declared(name)?;
        let shared = Rc::clone(self.shared);
        self.lua.create_function(move |lua, passed: MultiValue| {
            let call = Call::new(lua, &shared, declared, passed)?;
            function(&call).map_err(|failure| Call::fail(&shared, failure, call.frames))
        })
    }

    /// Binds a function that waits.
    fn waiting<F, Answer>(&self, name: &str, function: F) -> mlua::Result<()>
    where
        F: Fn(Rc<Call>) -> Answer + Clone + 'static,
        Answer: Future<Output = Result<Value, Failure>> + 'static,
    {
        self.put(name, self.made_waiting(name, function)?)
    }

    /// Makes a function that waits.
    fn made_waiting<F, Answer>(&self, name: &str, function: F) -> mlua::Result<Function>
    where
        F: Fn(Rc<Call>) -> Answer + Clone + 'static,
        Answer: Future<Output = Result<Value, Failure>> + 'static,
    {
        let declared = Self::declared(name)?;
        let shared = Rc::clone(self.shared);
        let bound = self.lua.create_async_function(move |lua, mut passed: MultiValue| {
            let can_wait = passed.pop_front().unwrap_or_default() == Value::Boolean(true);
            let call = Call::new(&lua, &shared, declared, passed).map(Rc::new);
            let function = function.clone();
            async move {
                let call = call?;
                if !can_wait {
                    let refused = here(&call.shared, declared.name);
                    return Err(Call::fail(&call.shared, refused.into(), call.frames.clone()));
                }
                let answer = function(Rc::clone(&call)).await;
                answer.map_err(|failure| Call::fail(&call.shared, failure, call.frames.clone()))
            }
        })?;
        self.waiting.call(bound)
    }
}

/// Why a function that waits cannot be called where it was.
fn here(shared: &Rc<Shared>, name: &str) -> Error {
    let called = registry::function(name).map_or_else(|| format!("mz.{name}"), registry::Function::called);
    let callback = || Error::new(Code::LuaNotHere, format!("{called} waits, and {}", failure::NO_WAIT));
    if shared.trial.borrow().is_some() {
        return callback();
    }
    shared.must_run(name).err().unwrap_or_else(callback)
}

/// The functions and facts of `mz`; some are written in Lua.
pub(super) fn bound(lua: &Lua, shared: &Rc<Shared>, prelude: &Table) -> mlua::Result<Table> {
    let binding = Binding::new(lua, shared, prelude)?;
    for pair in prelude.raw_get::<Table>("beside")?.pairs::<String, Function>() {
        let (name, function) = pair?;
        Binding::declared(&name)?;
        binding.put(&name, function)?;
    }
    deploy::bind(&binding)?;
    compare::bind(&binding)?;
    shift::bind(&binding)?;
    overlay::bind(&binding)?;
    judge::bind(&binding)?;
    analyze::bind(&binding, prelude)?;
    beside::bind(&binding)?;
    json::bind(&binding)?;
    parallel::bind(&binding)?;
    policy::bind(&binding)?;
    approve::bind(&binding)?;
    http::bind(&binding)?;
    service::bind(&binding)?;
    steps::bind(&binding)?;
    testing::bind(&binding, prelude)?;
    Ok(binding.fields)
}

/// What the prelude is given.
pub(super) fn inside(lua: &Lua, shared: &Rc<Shared>) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let with = |function: fn(&Lua, &Rc<Shared>, MultiValue) -> mlua::Result<MultiValue>| {
        let shared = Rc::clone(shared);
        lua.create_function(move |lua, passed: MultiValue| function(lua, &shared, passed))
    };
    table.raw_set("check", with(checked)?)?;
    table.raw_set("told", with(|lua, shared, passed| one(failure::told(lua, shared, first(passed))?))?)?;
    table.raw_set(
        "failure",
        with(|lua, shared, passed| one(caught(lua, shared, first(passed), Vec::new())?))?,
    )?;
    let entered = with(|lua, shared, passed| one(caught(lua, shared, first(passed), site::frames(lua))?))?;
    table.raw_set("entered", entered)?;
    table.raw_set("stopping", with(|_, shared, _| one(Value::Boolean(shared.stop.is_stopping())))?)?;
    table
        .raw_set("written", with(|lua, shared, passed| one(json::written(lua, shared, &first(passed))?))?)?;
    table.raw_set("log", with(|_, shared, passed| one(beside::print(shared, &first(passed))))?)?;
    table.raw_set("pending", Lua::poll_pending())?;
    steps::inside(lua, shared, &table)?;
    Ok(table)
}

/// What happens when `mz` does not have a name.
pub(super) fn missing(lua: &Lua, shared: &Rc<Shared>) -> mlua::Result<Function> {
    no_such(lua, shared, "mz.", || registry::below(""))
}

/// What happens when an object does not have a name; `owner` is what stands before it.
fn no_such(
    lua: &Lua,
    shared: &Rc<Shared>,
    owner: &'static str,
    names: fn() -> Vec<&'static str>,
) -> mlua::Result<Function> {
    let shared = Rc::clone(shared);
    lua.create_function(move |lua, name: Value| -> mlua::Result<()> {
        let name = name.to_string()?;
        let question = near::question(&name, names());
        let mistake = check::Mistake {
            code: Code::LuaUnknownFunction,
            message: format!("there is no {owner}{name}{question}"),
            word: Some(name),
            label: String::new(),
        };
        let frames = site::frames(lua);
        let error = failure::of_mistake(&shared, mistake, &frames);
        Err(failure::thrown(error, frames))
    })
}

fn first(passed: MultiValue) -> Value {
    passed.into_iter().next().unwrap_or_default()
}

fn one(value: Value) -> mlua::Result<MultiValue> {
    Ok(std::iter::once(value).collect())
}

/// Checks the arguments of a function that is written in Lua.
fn checked(lua: &Lua, shared: &Rc<Shared>, mut passed: MultiValue) -> mlua::Result<MultiValue> {
    let name = passed.pop_front().unwrap_or_default().to_string()?;
    let call = Call::new(lua, shared, Binding::declared(&name)?, passed)?;
    Ok(call.values.into_iter().collect())
}

/// The table of whatever was thrown.
fn caught(lua: &Lua, shared: &Rc<Shared>, value: Value, frames: Vec<Frame>) -> mlua::Result<Value> {
    let Some(tables) = shared.tables() else { return Ok(value) };
    if matches!(tables.handle(&value), Some(Handle::Failure(_))) {
        return Ok(value);
    }
    let raised = failure::of_value(shared, &value, frames);
    Ok(Value::Table(tables.failure(lua, Rc::new(raised))?))
}
