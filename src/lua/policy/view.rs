//! The facts of an asking, as `lua/policy.lua` reaches into them.

use std::cell::RefCell;
use std::rc::Rc;

use mlua::Lua;
use mlua::Table;
use mlua::Value;
use serde_json::Value as Json;

use super::lens;
use super::lens::Key;
use super::pure;
use crate::lua::failure;
use crate::lua::shared::Shared;
use crate::lua::site;
use crate::lua::values::Nulls;
use crate::primitives::error::Error;

/// What is shown at the moment.
#[derive(Default)]
pub(super) struct Seen {
    facts: RefCell<Rc<Json>>,
    needs: RefCell<Vec<&'static str>>,
}

impl Seen {
    /// Shows other facts.
    pub(super) fn show(&self, facts: &Rc<Json>, needs: &[&'static str]) {
        *self.facts.borrow_mut() = Rc::clone(facts);
        needs.clone_into(&mut self.needs.borrow_mut());
    }
}

/// What the Lua part is given.
pub(super) fn inside(lua: &Lua, shared: &Rc<Shared>, seen: &Rc<Seen>) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("child", child(lua, shared, seen)?)?;
    table.raw_set("open", open(lua, shared, seen)?)?;
    let shown = Rc::clone(seen);
    let length = move |_: &Lua, path: String| {
        let facts = shown.facts.borrow();
        Ok(lens::at(&facts, &path).as_array().map_or(0, Vec::len))
    };
    table.raw_set("length", lua.create_function(length)?)?;
    let shown = Rc::clone(seen);
    let keys = move |lua: &Lua, path: String| {
        let facts = shown.facts.borrow();
        if let Json::Array(items) = lens::at(&facts, &path) {
            return lua.create_sequence_from(1..=items.len());
        }
        lua.create_sequence_from(lens::names(&facts, &shown.needs.borrow(), &path))
    };
    table.raw_set("keys", lua.create_function(keys)?)?;
    let shown = Rc::clone(seen);
    let json = move |_: &Lua, path: String| Ok(lens::at(&shown.facts.borrow(), &path).to_string());
    table.raw_set("json", lua.create_function(json)?)?;
    let shared = Rc::clone(shared);
    let impure = move |lua: &Lua, name: String| -> mlua::Result<()> {
        let frames = site::frames(lua);
        Err(failure::thrown(failure::of_mistake(&shared, pure::mistake(&name), &frames), frames))
    };
    table.raw_set("impure", lua.create_function(impure)?)?;
    Ok(table)
}

/// The path of a table inside a table.
fn child(lua: &Lua, shared: &Rc<Shared>, seen: &Rc<Seen>) -> mlua::Result<mlua::Function> {
    let (shared, seen) = (Rc::clone(shared), Rc::clone(seen));
    lua.create_function(move |lua, (path, key): (String, Value)| {
        let text = key.as_string().map(|text| text.to_string_lossy());
        let key = match (&text, &key) {
            (Some(text), _) => Key::Name(text),
            (None, Value::Integer(place)) => Key::At(*place),
            (None, _) => Key::Other,
        };
        lens::child(&seen.facts.borrow(), &seen.needs.borrow(), &path, key).map_err(|lacking| {
            let frames = site::frames(lua);
            let mut error = Error::new(lacking.code, lacking.message);
            if let Some(frame) = frames.first() {
                let sources = shared.sources.borrow();
                error =
                    error.place(Some(site::place(&sources, &frame.file, frame.line, text.as_deref(), "")));
            }
            failure::thrown(error, frames)
        })
    })
}

/// What a table holds that is no table itself.
fn open(lua: &Lua, shared: &Rc<Shared>, seen: &Rc<Seen>) -> mlua::Result<mlua::Function> {
    let (shared, seen) = (Rc::clone(shared), Rc::clone(seen));
    lua.create_function(move |lua, path: String| {
        let facts = seen.facts.borrow();
        let values = lua.create_table()?;
        let Some(tables) = shared.tables() else { return Ok(values) };
        let plain = |value: &&Json| !value.is_object() && !value.is_array();
        match lens::at(&facts, &path) {
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate().filter(|(_, item)| plain(item)) {
                    values.raw_set(at + 1, tables.give(lua, item, Nulls::LeftOut)?)?;
                }
            }
            // Of all facts only those that are needed are seen, and each is a table.
            Json::Object(fields) if !path.is_empty() => {
                for (name, value) in fields.iter().filter(|(_, value)| plain(value)) {
                    values.raw_set(name.as_str(), tables.give(lua, value, Nulls::LeftOut)?)?;
                }
            }
            _ => {}
        }
        Ok(values)
    })
}
