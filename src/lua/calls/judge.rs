//! `mz.check.sql`, `lag`, `rows`, `compare`: each makes a value that asks when it is run.

use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;

use super::Binding;
use super::Call;
use super::compare::Question;
use super::deploy;
use super::tables;
use crate::deployment::DeploymentId;
use crate::lua::asking::Ask;
use crate::lua::asking::Check;
use crate::lua::asking::Inquiry;
use crate::lua::check;
use crate::lua::failure::Failure;
use crate::lua::values::Handle;
use crate::lua::values::Nulls;
use crate::primitives::analysis::Answer;
use crate::primitives::analysis::Verdict;
use crate::primitives::code::Code;
use crate::primitives::compare;
use crate::primitives::compare::Bounds;
use crate::primitives::compare::Schema;
use crate::primitives::error::Error;
use crate::primitives::hydration_status;
use crate::primitives::query;
use crate::primitives::query::expect::Expectation;
use crate::primitives::readiness::lag;

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.at_once("check.sql", |call| value(call, Rc::new(Sql::read(call)?)))?;
    binding.at_once("check.lag", |call| value(call, Rc::new(Lag::read(call)?)))?;
    binding.at_once("check.rows", |call| value(call, Rc::new(Rows::read(call)?)))?;
    binding.at_once("check.compare", |call| value(call, Rc::new(Comparing::read(call)?)))
}

/// The value that a function of `mz.check` gives: its name is the argument `name`.
pub(super) fn value(call: &Call, ask: Rc<dyn Ask>) -> Result<Value, Failure> {
    let name = call.text("name").unwrap_or_default();
    let fields = [("name", Json::from(name.as_str())), ("asks", ask.told().into())];
    let fields: Map<String, Json> = fields.map(|(key, value)| (key.to_owned(), value)).into_iter().collect();
    let tables = tables(&call.shared)?;
    let table = tables.record(&call.lua, &fields, Nulls::LeftOut)?;
    tables.attach(&call.lua, &table, Handle::Check(Rc::new(Check { name, ask })))?;
    Ok(Value::Table(table))
}

/// A query whose rows are judged.
struct Sql {
    request: query::Request,
    expect: Expectation,
}

impl Sql {
    fn read(call: &Call) -> Result<Self, Failure> {
        let request = deploy::query_request(call)?;
        let expect = expectation(&call.value("expect"))?.unwrap_or(Expectation::NoRows);
        Ok(Self { request, expect })
    }
}

/// What a value has to be; `None` where nothing is said.
pub(super) fn expectation(value: &Value) -> Result<Option<Expectation>, Failure> {
    let bound = |number: &Value| number.as_number().or_else(|| number.as_integer().map(|whole| whole as f64));
    Ok(match value {
        Value::Nil => None,
        Value::Boolean(is) => Some(Expectation::Is(*is)),
        Value::Table(bounds) => Some(Expectation::Within {
            min: bound(&bounds.raw_get("min")?),
            max: bound(&bounds.raw_get("max")?),
        }),
        number => Some(match bound(number) {
            Some(number) => Expectation::Within { min: Some(number), max: Some(number) },
            None => Expectation::NoRows,
        }),
    })
}

impl Ask for Sql {
    fn told(&self) -> String {
        format!("{} (expected: {})", self.request.sql.trim(), self.expect.told())
    }

    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let mut work = inquiry.shared.work("check.sql").await?;
            match query::run(work.ctx()?, &self.request).await {
                Ok(outcome) => Ok(self.expect.judge(&outcome.rows)),
                // More rows than anybody can hold are too many where none are expected.
                Err(error)
                    if error.code() == Code::QueryTooManyRows && self.expect == Expectation::NoRows =>
                {
                    Ok(Answer::new(Verdict::Fail, error.message()))
                }
                Err(error) => Err(error.into()),
            }
        }
        .boxed_local()
    }
}

/// How far a deployment is behind.
struct Lag {
    deployment: DeploymentId,
    max: Duration,
}

impl Lag {
    fn read(call: &Call) -> Result<Self, Failure> {
        Ok(Self { deployment: deploy::deployment(call)?, max: call.duration("max") })
    }
}

impl Ask for Lag {
    fn told(&self) -> String {
        format!("whether {} is at most {} s behind", self.deployment, self.max.as_secs_f64())
    }

    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let request =
                hydration_status::Request { deployment: self.deployment.clone(), allowed_lag: self.max };
            let mut work = inquiry.shared.work("check.lag").await?;
            let readiness = hydration_status::run(work.ctx()?, &request).await?;
            Ok(lag::judge(&readiness, self.max))
        }
        .boxed_local()
    }
}

/// How many rows an object of a deployment has, against production's.
struct Rows {
    request: compare::Request,
    bounds: Bounds,
}

impl Rows {
    fn read(call: &Call) -> Result<Self, Failure> {
        let number = |name: &str| {
            let value = call.value(name);
            value.as_number().or_else(|| value.as_integer().map(|whole| whole as f64))
        };
        let bounds = Bounds {
            min_ratio: number("min_ratio"),
            max_ratio: number("max_ratio"),
            min: number("min"),
            max: number("max"),
        };
        if bounds == Bounds::default() {
            let message = "mz.check.rows needs a bound: `min_ratio`, `max_ratio`, `min` or `max`";
            return Err(Error::new(Code::LuaWrongArgument, message).into());
        }
        let request = compare::Request {
            deployment: deploy::deployment(call)?,
            objects: call.text("object").map(|object| vec![object]),
            key: compare::Choice::default(),
            allow: compare::Choice::default(),
            samples: 0,
            cluster: call.text("cluster"),
            timeout: call.duration("timeout"),
        };
        Ok(Self { request, bounds })
    }
}

impl Ask for Rows {
    fn told(&self) -> String {
        let objects = self.request.objects.as_deref().unwrap_or_default().join(", ");
        format!("how many rows {objects} has (expected: {})", self.bounds.told())
    }

    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let prepared = {
                let mut work = inquiry.shared.work("check.rows").await?;
                compare::prepare(work.ctx()?, &self.request).await?
            };
            let counts = compare::count(prepared).await?;
            let count =
                counts.first().ok_or_else(|| Error::bug("one object was counted, and none is told"))?;
            Ok(compare::judge_rows(count, &self.bounds))
        }
        .boxed_local()
    }
}

/// Whether a deployment and production have the same rows, but for what is intended.
struct Comparing {
    question: Question,
    schema: Schema,
}

impl Comparing {
    fn read(call: &Call) -> Result<Self, Failure> {
        let schema = match call.text("schema").as_deref() {
            Some("report") => Schema::Told,
            _ => Schema::Fails,
        };
        Ok(Self { question: Question::read(call)?, schema })
    }
}

impl Ask for Comparing {
    fn told(&self) -> String {
        self.question.told()
    }

    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        async move {
            let outcome = self.question.ask(inquiry, "check.compare").await?;
            Ok(compare::judge(&outcome, self.schema))
        }
        .boxed_local()
    }
}

/// A function of the recipe's, where it is not called: in a rehearsal.
pub(super) struct Own;

impl Ask for Own {
    fn told(&self) -> String {
        "a function of the recipe".to_owned()
    }

    fn ask<'a>(&'a self, _: &'a Inquiry) -> LocalBoxFuture<'a, Result<Answer, Failure>> {
        let error = Error::bug("a function is asked where only the recipe can call it");
        async move { Err(error.into()) }.boxed_local()
    }
}

/// The checks of a list, or of a table by their names; a function stays one.
pub(super) fn checks(call: &Call, value: &Value) -> Result<Vec<(String, Asked)>, Failure> {
    let Value::Table(table) = value else { return Ok(Vec::new()) };
    let tables = tables(&call.shared)?;
    let one = |value: Value, name: Option<String>, at: usize| -> Result<(String, Asked), Failure> {
        if let Value::Function(function) = value {
            return Ok((name.unwrap_or_else(|| format!("check {at}")), Asked::Function(function)));
        }
        match tables.handle(&value) {
            Some(Handle::Check(check)) => {
                let name = name.unwrap_or_else(|| check.name.clone());
                Ok((name, Asked::Check(Rc::clone(&check.ask))))
            }
            _ => Err(Error::bug("`checks` passed its check and holds something else").into()),
        }
    };
    if table.raw_len() > 0 {
        let values = table.sequence_values::<Value>().enumerate();
        return values.map(|(at, value)| one(value?, None, at + 1)).collect();
    }
    let mut named: Vec<(String, Value)> = table.pairs::<String, Value>().collect::<Result<_, _>>()?;
    // The order of a hash table is nobody's.
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named.into_iter().map(|(name, value)| one(value, Some(name), 0)).collect()
}

/// How a check is asked.
pub(super) enum Asked {
    /// By the host.
    Check(Rc<dyn Ask>),
    /// By calling it.
    Function(mlua::Function),
}

/// One check, or a function that stands for one.
pub(super) fn single(call: &Call, value: Value) -> Result<(String, Asked), Failure> {
    let list = call.lua.create_sequence_from([value])?;
    let mut checks = checks(call, &Value::Table(list))?;
    checks.pop().ok_or_else(|| Error::bug("a list of one check is empty").into())
}

/// What a function that stands for a check returned.
///
/// # Errors
/// `lua.wrong-argument`, `lua.not-json`.
pub(super) fn returned(
    inquiry: &Inquiry,
    verdict: &Value,
    message: &Value,
    evidence: &Value,
) -> Result<Answer, Failure> {
    let wrong = |message: String| Error::new(Code::LuaWrongArgument, message);
    let word = check::text_of(verdict);
    let verdict = word.as_deref().and_then(Verdict::parse).ok_or_else(|| {
        let got = word.clone().map_or_else(|| check::kind_of(verdict), |word| format!("\"{word}\""));
        wrong(format!("a check returns \"pass\", \"fail\", \"inconclusive\" or \"error\", not {got}"))
    })?;
    let message = match message {
        Value::Nil => String::new(),
        message => check::text_of(message).ok_or_else(|| {
            wrong(format!("the message of a check is a string, not {}", check::kind_of(message)))
        })?,
    };
    let evidence = tables(&inquiry.shared)?.take(evidence).map_err(super::json::wrong)?;
    Ok(Answer::new(verdict, message).with(evidence))
}
