//! The functions beside the primitives: time, facts, talk, and the recipe itself.

use std::hash::BuildHasher;
use std::hash::Hasher;
use std::rc::Rc;

use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::Binding;
use super::Call;
use super::tables;
use crate::event::Event;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::recipe;
use crate::lua::shared::Shared;
use crate::lua::values::Handle;
use crate::lua::values::Nulls;

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.put("git", git(binding)?)?;
    binding.at_once("recipe", declared)?;
    binding.at_once("now", |call| Ok(seconds(call.shared.facts.clock.now().0)))?;
    binding.at_once("env", environment)?;
    binding.at_once("uuid", |call| Ok(Value::String(call.lua.create_string(uuid())?)))?;
    binding.at_once("log", log)?;
    binding.at_once("progress", progress)?;
    bind_pure(binding)?;
    binding.waiting("sleep", slept)
}

/// Binds those that a policy has, too.
pub(super) fn bind_pure(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.at_once("duration", |call| Ok(Value::Number(call.duration("text").as_secs_f64())))
}

fn git(binding: &Binding<'_>) -> mlua::Result<Value> {
    let git = &binding.shared.facts.git;
    let facts =
        json!({ "sha": git.sha, "short_sha": git.short_sha, "branch": git.branch, "dirty": git.dirty });
    match binding.shared.tables() {
        Some(tables) => tables.give(binding.lua, &facts, Nulls::LeftOut),
        None => Ok(Value::Nil),
    }
}

/// Milliseconds as the seconds that recipes count in.
fn seconds(millis: u64) -> Value {
    let whole = std::time::Duration::from_millis(millis);
    Value::Number(whole.as_secs_f64())
}

fn declared(call: &Call) -> Result<Value, Failure> {
    let tables = tables(&call.shared)?;
    let declared = recipe::declared(&call.values, tables)
        .map_err(|mistake| failure::of_mistake(&call.shared, mistake, &call.frames))?;
    let fields = Map::from_iter([("name".to_owned(), Json::from(check::text_of(&call.value("name"))))]);
    let table = tables.record(&call.lua, &fields, Nulls::LeftOut)?;
    tables.attach(&call.lua, &table, Handle::Recipe(Rc::new(declared)))?;
    Ok(Value::Table(table))
}

fn environment(call: &Call) -> Result<Value, Failure> {
    let name = call.text("name").unwrap_or_default();
    let value = (call.shared.facts.variables)(&name).or_else(|| call.text("default"));
    Ok(match value {
        Some(value) => Value::String(call.lua.create_string(value)?),
        None => Value::Nil,
    })
}

/// A random id, version 4 of RFC 9562.
fn uuid() -> String {
    // The standard library seeds each of these from the system's source of randomness.
    let random = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    let (high, low) = (random(), random());
    let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

fn log(call: &Call) -> Result<Value, Failure> {
    let value = call.value("message");
    let message = match check::text_of(&value) {
        Some(text) => text,
        None => match tables(&call.shared)?.take(&value) {
            Ok(json) => json.to_string(),
            Err(_) => value.to_string()?,
        },
    };
    let level = call.text("level").unwrap_or_default();
    call.shared.tell(Event::Log { level, message });
    Ok(Value::Nil)
}

/// What `print` says.
pub(super) fn print(shared: &Shared, line: &Value) -> Value {
    let message = line.to_string().unwrap_or_default();
    shared.tell(Event::Log { level: "info".to_owned(), message });
    Value::Nil
}

fn progress(call: &Call) -> Result<Value, Failure> {
    let number = |name: &str| check::whole(&call.value(name)).and_then(|number| u64::try_from(number).ok());
    let message = call.text("message").unwrap_or_default();
    call.shared.tell(Event::Progress { message, done: number("done"), total: number("total") });
    Ok(Value::Nil)
}

async fn slept(call: Rc<Call>) -> Result<Value, Failure> {
    call.shared.must_run("sleep")?;
    if !call.shared.is_rehearsal() {
        call.shared.pause(call.duration("duration")).await?;
    }
    Ok(Value::Nil)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_and_say_their_version() {
        let (a, b) = (uuid(), uuid());
        assert_ne!(a, b);
        assert_eq!((a.len(), &a[14..15]), (36, "4"));
        assert!("89ab".contains(&a[19..20]));
    }
}
