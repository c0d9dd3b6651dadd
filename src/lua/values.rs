//! Values on their way between Rust and Lua: JSON on one side, plain tables on the other.
//!
//! Tables that the host makes print as JSON, compare by content and are walked in the order of
//! their keys. What a later primitive needs besides (the compiled project, the changes) travels
//! with a table as a handle that Lua does not see.

use std::cell::Cell;
use std::rc::Rc;

use mlua::AnyUserData;
use mlua::Function;
use mlua::Lua;
use mlua::Table;
use mlua::Value;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value as Json;

use super::asking::Check;
use super::failure::Raised;
use super::policy;
use super::recipe::Declared;
use super::testing::Written;
use crate::deployment::decision::Verdict;
use crate::primitives::changes::Changes;
use crate::primitives::changes::Reuse;
use crate::primitives::compile::Compiled;
use crate::primitives::diff::overlay::Compared;

/// A value nested deeper is taken for one that holds itself.
const DEEPEST: usize = 64;

/// A value of more parts is taken for one whose parts hold each other: written out it would have no
/// end, and it would be held where Lua's own limit does not count.
const MOST_PARTS: usize = 1_000_000;

/// What travels with a table.
#[derive(Clone)]
pub(super) enum Handle {
    /// A compiled project.
    Project(Rc<Compiled>),
    /// Changes, and what was kept when they were compared.
    Changes(Rc<Changes>, Reuse),
    /// A comparison for an overlay, and what was kept.
    Compared(Rc<Compared>, Reuse),
    /// An error.
    Failure(Rc<Raised>),
    /// A recipe.
    Recipe(Rc<Declared>),
    /// A test.
    Test(Rc<Written>),
    /// A policy.
    Policy(Rc<policy::declared::Declared>),
    /// What a policy says, and why.
    Verdict(Verdict, Option<String>),
    /// A check.
    Check(Rc<Check>),
}

/// What tables get: their manners, and what travels with them.
#[derive(Clone)]
pub(super) struct Tables {
    record: Table,
    list: Table,
    failure: Table,
    handles: Table,
    later: Table,
    /// What makes the fields of those that have none yet.
    unmade: Table,
}

/// What becomes of null.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// A field that is null is left out: in Lua it is nil.
    LeftOut,
    /// It stays `mz.json.null`.
    Kept,
}

impl Tables {
    /// Takes the manners that the prelude made.
    pub(super) fn new(
        lua: &Lua,
        [record, list, failure]: [Table; 3],
        [later, unmade]: [Table; 2],
    ) -> mlua::Result<Self> {
        let handles = lua.create_table()?;
        let weak = lua.create_table()?;
        weak.raw_set("__mode", "k")?;
        handles.set_metatable(Some(weak))?;
        Ok(Self { record, list, failure, handles, later, unmade })
    }

    /// A value from JSON.
    pub(super) fn give(&self, lua: &Lua, value: &Json, nulls: Nulls) -> mlua::Result<Value> {
        Ok(match value {
            Json::Null if nulls == Nulls::Kept => Value::NULL,
            Json::Null => Value::Nil,
            Json::Bool(yes) => Value::Boolean(*yes),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Integer(whole),
                None => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::String(lua.create_string(text)?),
            Json::Array(items) => {
                let table = lua.create_table_with_capacity(items.len(), 0)?;
                for item in items {
                    // A hole would end the list.
                    table.raw_push(self.give(lua, item, Nulls::Kept)?)?;
                }
                table.set_metatable(Some(self.list.clone()))?;
                Value::Table(table)
            }
            Json::Object(fields) => Value::Table(self.record(lua, fields, nulls)?),
        })
    }

    /// A table from the fields of an object.
    pub(super) fn record(&self, lua: &Lua, fields: &Map<String, Json>, nulls: Nulls) -> mlua::Result<Table> {
        let table = lua.create_table_with_capacity(0, fields.len())?;
        for (name, value) in fields {
            table.raw_set(name.as_str(), self.give(lua, value, nulls)?)?;
        }
        table.set_metatable(Some(self.record.clone()))?;
        Ok(table)
    }

    /// A table whose fields are made when somebody looks at them.
    pub(super) fn later(
        &self,
        lua: &Lua,
        make: impl FnOnce() -> Result<Map<String, Json>, String> + 'static,
    ) -> mlua::Result<Table> {
        let (tables, make) = (self.clone(), Cell::new(Some(make)));
        let made = lua.create_function(move |lua, table: Table| {
            let Some(make) = make.take() else { return Ok(()) };
            for (name, value) in &make().map_err(mlua::Error::runtime)? {
                table.raw_set(name.as_str(), tables.give(lua, value, Nulls::LeftOut)?)?;
            }
            table.set_metatable(Some(tables.record.clone()))
        })?;
        let table = lua.create_table()?;
        table.set_metatable(Some(self.later.clone()))?;
        self.unmade.raw_set(&table, made)?;
        Ok(table)
    }

    /// Makes the fields of a table that has none yet.
    ///
    /// # Errors
    /// Whatever making them fails with.
    pub(super) fn make(&self, table: &Table) -> mlua::Result<()> {
        let Some(make) = self.unmade.raw_get::<Option<Function>>(table)? else { return Ok(()) };
        self.unmade.raw_set(table, Value::Nil)?;
        make.call(table)
    }

    /// The table of an error.
    pub(super) fn failure(&self, lua: &Lua, raised: Rc<Raised>) -> mlua::Result<Table> {
        let table = self.record(lua, &raised.fields(), Nulls::LeftOut)?;
        table.set_metatable(Some(self.failure.clone()))?;
        self.attach(lua, &table, Handle::Failure(raised))?;
        Ok(table)
    }

    /// Lets something travel with a table.
    pub(super) fn attach(&self, lua: &Lua, table: &Table, handle: Handle) -> mlua::Result<()> {
        self.handles.raw_set(table, lua.create_any_userdata(handle)?)
    }

    /// What travels with a value.
    pub(super) fn handle(&self, value: &Value) -> Option<Handle> {
        let table = value.as_table()?;
        let found: Option<AnyUserData> = self.handles.raw_get(table).ok()?;
        let handle = found?.borrow::<Handle>().ok()?.clone();
        Some(handle)
    }

    /// JSON from a value.
    ///
    /// # Errors
    /// A sentence saying what has no JSON form, and where it stands.
    pub(super) fn take(&self, value: &Value) -> Result<Json, String> {
        self.take_at(value, "the value", 0, &mut 0)
    }

    fn take_at(&self, value: &Value, path: &str, depth: usize, parts: &mut usize) -> Result<Json, String> {
        *parts += 1;
        if *parts > MOST_PARTS {
            return Err(format!("the value has more than {MOST_PARTS} parts"));
        }
        if depth > DEEPEST {
            return Err(format!("the value is nested deeper than {DEEPEST} levels, or holds itself"));
        }
        match value {
            Value::Nil => Ok(Json::Null),
            value if value.is_null() => Ok(Json::Null),
            Value::Boolean(yes) => Ok((*yes).into()),
            Value::Integer(whole) => Ok((*whole).into()),
            Value::Number(number) => match Number::from_f64(*number) {
                Some(number) => Ok(Json::Number(number)),
                None => Err(format!("{path} is {number}, and JSON has no such number")),
            },
            Value::String(text) => match text.to_str() {
                Ok(text) => Ok(text.to_owned().into()),
                Err(_) => Err(format!("{path} is a string that is not UTF-8")),
            },
            Value::Table(table) => self.take_table(table, path, depth, parts),
            other => Err(format!("{path} is a {}, which has no JSON form", other.type_name())),
        }
    }

    fn take_table(&self, table: &Table, path: &str, depth: usize, parts: &mut usize) -> Result<Json, String> {
        self.make(table).map_err(|error| error.to_string())?;
        let length = table.raw_len();
        if length > 0 || table.metatable().as_ref() == Some(&self.list) {
            let count = table.pairs::<Value, Value>().count();
            if count != length {
                return Err(format!("{path} is a list with holes or with names besides"));
            }
            let mut items = Vec::with_capacity(length);
            for at in 1..=length {
                let item: Value = table.raw_get(at).map_err(|error| error.to_string())?;
                items.push(self.take_at(&item, &format!("{path}[{at}]"), depth + 1, parts)?);
            }
            return Ok(Json::Array(items));
        }
        let mut fields = std::collections::BTreeMap::new();
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(|error| error.to_string())?;
            let Some(key) = key.as_string().and_then(|key| key.to_str().ok().map(|key| key.to_owned()))
            else {
                return Err(format!("{path} has a key that is a {}, not a string", key.type_name()));
            };
            let value = self.take_at(&value, &format!("{path}.{key}"), depth + 1, parts)?;
            fields.insert(key, value);
        }
        Ok(Json::Object(fields.into_iter().collect()))
    }
}
