//! `mz.compare`, bound.

use std::collections::BTreeMap;
use std::rc::Rc;

use mlua::Function;
use mlua::Value;
use serde_json::Value as Json;

use super::Binding;
use super::Call;
use super::tables;
use crate::event::Event;
use crate::lua::asking::Inquiry;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::values::Nulls;
use crate::name::ObjectName;
use crate::primitives::code::Code;
use crate::primitives::compare;
use crate::primitives::compare::Allow;
use crate::primitives::compare::Choice;
use crate::primitives::compare::Outcome;
use crate::primitives::compare::Sample;
use crate::primitives::error::Error;

/// So many samples of a kind can be asked for.
const MOST_SAMPLES: i64 = 1_000;

/// Binds it.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.waiting("compare", compared)
}

async fn compared(call: Rc<Call>) -> Result<Value, Failure> {
    let question = Question::read(&call)?;
    let clock = call.shared.facts.clock.clone();
    let started = clock.elapsed();
    let inquiry =
        Inquiry { lua: call.lua.clone(), shared: Rc::clone(&call.shared), frames: call.frames.clone() };
    let outcome = question.ask(&inquiry, "compare").await?;
    let mut told =
        serde_json::to_value(&outcome).map_err(|error| Error::bug(format!("a comparison: {error}")))?;
    // Rows are the recipe's to show: they may hold what no log should.
    let objects = told.get_mut("objects").and_then(Json::as_array_mut).into_iter().flatten();
    objects.filter_map(Json::as_object_mut).for_each(|object| drop(object.remove("samples")));
    call.shared.tell(Event::Compared { outcome: told, took: clock.elapsed().saturating_sub(started) });
    call.give(&outcome)
}

/// A comparison that a recipe asks for.
pub(super) struct Question {
    request: compare::Request,
    judges: Choice<Option<Function>>,
}

impl Question {
    /// Reads the arguments.
    pub(super) fn read(call: &Call) -> Result<Self, Error> {
        let deployment = call.deployment("deployment")?;
        let deployment =
            deployment.ok_or_else(|| Error::bug("`deployment` passed its check and names none"))?;
        let (object, objects) = (call.text("object"), check::texts(&call.value("objects")));
        let wrong = |message: &str| Error::new(Code::LuaWrongArgument, message);
        let objects = match (object, objects) {
            (Some(_), Some(_)) => return Err(wrong("either `object` or `objects` can be given, not both")),
            (Some(object), None) => Some(vec![object]),
            (None, objects) => objects,
        };
        let samples = check::whole(&call.value("samples")).unwrap_or_default();
        if !(0..=MOST_SAMPLES).contains(&samples) {
            return Err(wrong(&format!("`samples` has to be between 0 and {MOST_SAMPLES}")));
        }
        let allow = choice(&call.value("allow"), |value| match value {
            Value::Function(judge) => (Allow::Asked, Some(judge.clone())),
            other => (check::text_of(other).map_or(Allow::Nothing, Allow::Sql), None),
        })?;
        let key = choice(&call.value("key"), |value| check::texts(value).unwrap_or_default())?;
        let (allow, judges) = parted(allow);
        let request = compare::Request {
            deployment,
            objects,
            key,
            allow,
            samples: usize::try_from(samples).unwrap_or_default(),
            cluster: call.text("cluster"),
            timeout: call.duration("timeout"),
        };
        Ok(Self { request, judges })
    }

    /// Asks the server, without the run, and then the functions.
    pub(super) async fn ask(&self, inquiry: &Inquiry, function: &str) -> Result<Outcome, Failure> {
        let prepared = {
            let mut work = inquiry.shared.work(function).await?;
            compare::prepare(work.ctx()?, &self.request).await?
        };
        let found = compare::run(prepared).await?;
        Ok(found.judge(&mut |object, row| self.judge(inquiry, object, row))?)
    }

    /// What it asks, in words.
    pub(super) fn told(&self) -> String {
        let objects = match &self.request.objects {
            Some(objects) => objects.join(", "),
            None => "every view".to_owned(),
        };
        format!("whether {objects} of {} and of production have the same rows", self.request.deployment)
    }

    /// Asks the function about a row.
    fn judge(&self, inquiry: &Inquiry, object: &str, row: &Sample) -> Result<bool, Error> {
        let named = object.parse::<ObjectName>().ok();
        let judge = named.and_then(|name| self.judges.of.get(&name)).unwrap_or(&self.judges.otherwise);
        let Some(judge) = judge else { return Ok(false) };
        let told = serde_json::to_value(row).map_err(|error| Error::bug(format!("a row: {error}")))?;
        let Json::Object(mut told) = told else { return Ok(false) };
        told.remove("allowed");
        told.insert("object".to_owned(), object.into());
        let asked = tables(&inquiry.shared)?
            .give(&inquiry.lua, &Json::Object(told), Nulls::LeftOut)
            .and_then(|row| judge.call::<Value>(row));
        match asked {
            Ok(Value::Nil) => Ok(false),
            Ok(Value::Boolean(allowed)) => Ok(allowed),
            Ok(other) => {
                let kind = check::kind_of(&other);
                let message = format!("`allow` has to return true or false, and returned {kind}");
                Err(Error::new(Code::LuaWrongArgument, message))
            }
            Err(error) => Err(failure::of_lua(&inquiry.shared, &error, &inquiry.frames).error),
        }
    }
}

/// What is said of all objects, or in a table of some by their names.
fn choice<T: Default>(value: &Value, one: impl Fn(&Value) -> T) -> Result<Choice<T>, Error> {
    let by_name = match value {
        Value::Table(table) if table.raw_len() == 0 => table,
        Value::Nil => return Ok(Choice { otherwise: T::default(), of: BTreeMap::new() }),
        other => return Ok(Choice { otherwise: one(other), of: BTreeMap::new() }),
    };
    let mut of = BTreeMap::new();
    for pair in by_name.pairs::<String, Value>() {
        let (name, value) = pair.map_err(|error| Error::bug(format!("a table of names: {error}")))?;
        let parsed = name.parse::<ObjectName>().map_err(|error| {
            Error::new(Code::LuaWrongArgument, format!("`{name}` names no object: {error}"))
        });
        of.insert(parsed?, one(&value));
    }
    Ok(Choice { otherwise: T::default(), of })
}

/// What the primitive is told, and the functions that stay here.
fn parted(allow: Choice<(Allow, Option<Function>)>) -> (Choice<Allow>, Choice<Option<Function>>) {
    let (first, second) = allow.otherwise;
    let (mut told, mut kept) = (BTreeMap::new(), BTreeMap::new());
    for (name, (allow, judge)) in allow.of {
        told.insert(name.clone(), allow);
        kept.insert(name, judge);
    }
    (Choice { otherwise: first, of: told }, Choice { otherwise: second, of: kept })
}
