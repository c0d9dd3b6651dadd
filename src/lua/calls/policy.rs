//! `mz.policy` and the verdicts; in a recipe they say where they belong.

use std::rc::Rc;

use mlua::Function;
use mlua::Lua;
use mlua::Table;
use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;

use super::Binding;
use super::Call;
use super::beside;
use super::json;
use super::tables;
use crate::deployment::decision::Verdict;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::near;
use crate::lua::policy::declared;
use crate::lua::policy::pure;
use crate::lua::registry;
use crate::lua::registry::policy;
use crate::lua::shared::Shared;
use crate::lua::site;
use crate::lua::values::Handle;
use crate::lua::values::Nulls;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Binds them in a recipe's host, where nothing is decided.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    for function in policy::FUNCTIONS {
        binding.at_once(function.name, move |_| {
            let message = format!(
                "mz.{} belongs into a policy's file, not into a recipe: `mzflow run RECIPE --policy FILE`",
                function.name
            );
            Err(Error::new(Code::LuaNotHere, message).into())
        })?;
    }
    Ok(())
}

/// The functions of `mz` that a policy has.
pub(in crate::lua) fn bound(lua: &Lua, shared: &Rc<Shared>, prelude: &Table) -> mlua::Result<Table> {
    let binding = Binding::new(lua, shared, prelude)?;
    for pair in prelude.raw_get::<Table>("beside")?.pairs::<String, Function>() {
        let (name, function) = pair?;
        if policy::PURE.contains(&name.as_str()) {
            binding.put(&name, function)?;
        }
    }
    beside::bind_pure(&binding)?;
    json::bind(&binding)?;
    binding.at_once("policy", declare)?;
    binding.at_once("wait", |call| said(call, Verdict::Wait))?;
    binding.at_once("promote", |call| said(call, Verdict::Promote))?;
    binding.at_once("abort", |call| said(call, Verdict::Abort))?;
    Ok(binding.fields)
}

/// What happens when a policy names something of `mz` that it does not have.
pub(in crate::lua) fn missing(lua: &Lua, shared: &Rc<Shared>) -> mlua::Result<Function> {
    let shared = Rc::clone(shared);
    lua.create_function(move |lua, name: Value| -> mlua::Result<()> {
        let name = name.to_string()?;
        let mistake = if registry::below("").contains(&name.as_str()) {
            pure::mistake(&format!("mz.{name}"))
        } else {
            let question = near::question(&name, pure::names().iter().copied());
            check::Mistake {
                code: Code::LuaUnknownFunction,
                message: format!("there is no mz.{name}{question}"),
                word: Some(name),
                label: String::new(),
            }
        };
        let frames = site::frames(lua);
        Err(failure::thrown(failure::of_mistake(&shared, mistake, &frames), frames))
    })
}

fn declare(call: &Call) -> Result<Value, Failure> {
    let declared = declared::of(&call.values)
        .map_err(|mistake| failure::of_mistake(&call.shared, mistake, &call.frames))?;
    let fields = Map::from_iter([("name".to_owned(), Json::from(declared.name.clone()))]);
    carried(call, &fields, Handle::Policy(Rc::new(declared)))
}

fn said(call: &Call, verdict: Verdict) -> Result<Value, Failure> {
    let reason = call.text("reason").map(|reason| reason.trim().to_owned());
    if reason.as_ref().is_some_and(String::is_empty) {
        let message = format!("the reason of mz.{verdict} is empty: it is what people are told");
        return Err(Error::new(Code::LuaWrongArgument, message).into());
    }
    let fields = [
        ("verdict".to_owned(), Json::from(verdict.as_str())),
        ("reason".to_owned(), Json::from(reason.clone())),
    ];
    carried(call, &Map::from_iter(fields), Handle::Verdict(verdict, reason))
}

/// A table with something that travels with it.
fn carried(call: &Call, fields: &Map<String, Json>, handle: Handle) -> Result<Value, Failure> {
    let tables = tables(&call.shared)?;
    let table = tables.record(&call.lua, fields, Nulls::LeftOut)?;
    tables.attach(&call.lua, &table, handle)?;
    Ok(Value::Table(table))
}
