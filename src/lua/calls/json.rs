//! `mz.json`, and how tables print.

use std::rc::Rc;

use mlua::Lua;
use mlua::Value;

use super::Binding;
use super::Call;
use super::tables;
use crate::lua::failure::Failure;
use crate::lua::shared::Shared;
use crate::lua::values::Nulls;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.put("json.null", Value::NULL)?;
    binding.at_once("json.encode", encode)?;
    binding.at_once("json.decode", decode)
}

/// The error of a value that has no JSON form.
pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::LuaNotJson, message)
}

fn encode(call: &Call) -> Result<Value, Failure> {
    let json = tables(&call.shared)?.take(&call.value("value")).map_err(wrong)?;
    Ok(Value::String(call.lua.create_string(json.to_string())?))
}

fn decode(call: &Call) -> Result<Value, Failure> {
    let text = call.text("text").unwrap_or_default();
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| wrong(format!("the text is not JSON: {error}")))?;
    Ok(tables(&call.shared)?.give(&call.lua, &json, Nulls::Kept)?)
}

/// How a table of the host's prints.
pub(super) fn written(lua: &Lua, shared: &Rc<Shared>, value: &Value) -> mlua::Result<Value> {
    let text = shared.tables().map(|tables| tables.take(value));
    let text = match text {
        Some(Ok(json)) => json.to_string(),
        Some(Err(why)) => format!("a table that cannot be written: {why}"),
        None => "a table".to_owned(),
    };
    Ok(Value::String(lua.create_string(text)?))
}
