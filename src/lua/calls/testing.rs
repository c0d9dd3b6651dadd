//! `mz.test`, its sandboxes, and what a test expects.
//!
//! What a test asks of a sandbox becomes an [`Ask`] that somebody else answers; while it is answered, what
//! the test has planned happens. Start reading at [`bind`], then at [`asked`].

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use mlua::Function;
use mlua::Lua;
use mlua::Table;
use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;

use super::Binding;
use super::Call;
use super::deploy::parameters;
use super::json;
use super::no_such;
use super::tables;
use crate::lua::check;
use crate::lua::failure;
use crate::lua::failure::Failure;
use crate::lua::registry::testing::METHODS;
use crate::lua::shared::Shared;
use crate::lua::testing::Crash;
use crate::lua::testing::Trial;
use crate::lua::testing::Written;
use crate::lua::testing::stand::Answer;
use crate::lua::testing::stand::Ask;
use crate::lua::testing::stand::Death;
use crate::lua::testing::stand::Stand;
use crate::lua::testing::stand::Statement;
use crate::lua::testing::stand::Texts;
use crate::lua::testing::stand::Wanted;
use crate::lua::values::Handle;
use crate::lua::values::Nulls;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

pub(in crate::lua) mod expect;

/// What objects of tests are made with; all of it is the prelude's.
pub(in crate::lua) struct Objects {
    object: Function,
    waiting: Function,
    callable: Function,
}

impl Objects {
    /// Binds functions to an object that is not there yet.
    fn binding<'b>(&self, lua: &'b Lua, shared: &'b Rc<Shared>) -> mlua::Result<Binding<'b>> {
        let (waiting, callable) = (self.waiting.clone(), self.callable.clone());
        Ok(Binding {
            lua,
            shared,
            fields: lua.create_table()?,
            waiting,
            callable,
            groups: Default::default(),
        })
    }
}

/// Makes an [`Ask`] of a call.
type Asking = fn(&Call) -> Result<Ask, Failure>;

/// What a sandbox is asked through.
const ASKED: &[(&str, Asking)] = &[
    ("s:run", |call| Ok(Ask::Run(call.text("recipe").unwrap_or_default(), options(call)?))),
    ("s:resume", |call| {
        let run = call.text("run").map(|run| run.parse()).transpose();
        let run = run.map_err(|error| wrong(format!("`run` of s:resume is no run's id: {error}")))?;
        Ok(Ask::Resume(run))
    }),
    ("s:abort", |call| match call.deployment("deployment")? {
        Some(deployment) => Ok(Ask::Abort(deployment)),
        None => Err(wrong("s:abort needs a deployment".to_owned()).into()),
    }),
    ("s:rollback", |call| Ok(Ask::Rollback(call.deployment("deployment")?))),
    ("s:approve", |call| {
        let denied = call.text("answer").as_deref() == Some("denied");
        Ok(Ask::Approve(denied, call.text("message")))
    }),
    ("s:sql", |call| {
        let parameters = match call.value("params") {
            Value::Table(params) => parameters(call, &params)?,
            _ => Vec::new(),
        };
        Ok(Ask::Sql(call.text("sql").unwrap_or_default(), parameters, call.text("role")))
    }),
    ("s:transcript", |_| Ok(Ask::Transcript)),
    ("s:edit", |call| Ok(Ask::Edit(texts(call, "files")?))),
    ("s:fail_replica", |call| Ok(Ask::FailReplica(call.text("cluster")))),
    ("s:heal_replica", |_| Ok(Ask::FailReplica(None))),
    ("s:conflict_next", |call| {
        let times = check::whole(&call.value("times")).and_then(|times| u64::try_from(times).ok());
        let times = times.filter(|times| *times > 0);
        Ok(Ask::Conflict(
            times.ok_or_else(|| wrong("`times` of s:conflict_next has to be 1 or more".into()))?,
        ))
    }),
    ("s:kill_after", |call| {
        let value = call.value("statement");
        let number = check::whole(&value).and_then(|number| u64::try_from(number).ok());
        match (number.filter(|number| *number > 0), check::text_of(&value)) {
            (Some(number), _) => Ok(Ask::Kill(Death::Number(number))),
            (None, Some(pattern)) => Ok(Ask::Kill(Death::Like(pattern))),
            (None, None) => {
                let message = "`statement` of s:kill_after has to be a number from 1 or a pattern";
                Err(wrong(message.to_owned()).into())
            }
        }
    }),
    ("s:fault", |call| Ok(Ask::Fault(call.text("fault").unwrap_or_default()))),
    ("s:interrupt", |_| Ok(Ask::Interrupt)),
];

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>, prelude: &Table) -> mlua::Result<()> {
    let get = |name: &str| prelude.raw_get::<Function>(name);
    let (object, waiting, callable) = (get("object")?, get("waiting")?, get("callable")?);
    binding.shared.set_objects(Rc::new(Objects { object, waiting, callable }));
    binding.at_once("test", declared)?;
    binding.waiting("test.sandbox", opened)
}

fn wrong(message: String) -> Error {
    Error::new(Code::LuaWrongArgument, message)
}

fn declared(call: &Call) -> Result<Value, Failure> {
    let Some(run) = call.value("run").as_function().cloned() else {
        return Err(Error::bug("mz.test was checked and has no `run`").into());
    };
    let written = Written {
        name: call.text("name"),
        run,
        now: call.text("now").unwrap_or_default(),
        timeout: call.duration("timeout"),
        crash: Crash::of(&call.text("crash").unwrap_or_default()),
        after_crash: call.value("after_crash").as_function().cloned(),
        line: call.frames.first().map_or(1, |frame| frame.line),
    };
    let fields = Map::from_iter([("name".to_owned(), Json::from(written.name.clone()))]);
    let tables = tables(&call.shared)?;
    let table = tables.record(&call.lua, &fields, Nulls::LeftOut)?;
    tables.attach(&call.lua, &table, Handle::Test(Rc::new(written)))?;
    Ok(Value::Table(table))
}

/// The test that runs.
fn trial(call: &Call) -> Result<Rc<Trial>, Error> {
    let trial = call.shared.trial.borrow().clone();
    trial.ok_or_else(|| {
        let name = call.function.called();
        Error::new(Code::LuaNotHere, format!("{name} works only in a test that `mzflow test` runs"))
    })
}

fn objects(shared: &Shared) -> Result<Rc<Objects>, Error> {
    shared.objects().ok_or_else(|| Error::bug("a test runs before there are objects"))
}

async fn opened(call: Rc<Call>) -> Result<Value, Failure> {
    let trial = trial(&call)?;
    let variables = texts(&call, "env")?.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let wanted = Wanted {
        hydration: call.duration("hydration"),
        latency: call.duration("latency"),
        rbac: call.flag("rbac"),
        project: call.text("project").unwrap_or_default(),
        profile: call.text("profile"),
        files: texts(&call, "files")?,
        variables: variables.collect::<BTreeMap<_, _>>(),
    };
    trial.wait_at(&call.frames);
    let stand = Rc::clone(&trial.grounds).sandbox(wanted).await?;
    Ok(Value::Table(sandbox(&call.lua, &call.shared, &stand)?))
}

/// The object of a sandbox.
fn sandbox(lua: &Lua, shared: &Rc<Shared>, stand: &Rc<dyn Stand>) -> Result<Table, Failure> {
    let objects = objects(shared)?;
    let own: Rc<OnceCell<Table>> = Rc::default();
    let binding = objects.binding(lua, shared)?;
    for (name, asking) in ASKED {
        let (stand, own) = (Rc::clone(stand), Rc::clone(&own));
        let function = binding
            .made_waiting(name, move |call| asked(call, Rc::clone(&stand), Rc::clone(&own), *asking))?;
        binding.fields.raw_set(short(name), function)?;
    }
    binding.fields.raw_set("at", binding.made_at_once("s:at", planned)?)?;
    let missing = no_such(lua, shared, "s:", || names("mz.Sandbox"))?;
    let table: Table = objects.object.call((binding.fields, missing, "s"))?;
    // Set once: the object is new.
    let _ = own.set(table.clone());
    Ok(table)
}

/// A method's own name.
fn short(name: &str) -> &str {
    name.split_once([':', '.']).map_or(name, |(_, name)| name)
}

/// The names of an object's methods.
fn names(class: &str) -> Vec<&'static str> {
    let methods = METHODS.iter().filter(|methods| methods.class == class);
    methods.flat_map(|methods| methods.functions).map(|function| function.own_name()).collect()
}

/// Lets a sandbox answer.
async fn asked(
    call: Rc<Call>,
    stand: Rc<dyn Stand>,
    own: Rc<OnceCell<Table>>,
    asking: Asking,
) -> Result<Value, Failure> {
    let trial = trial(&call)?;
    let ask = asking(&call)?;
    trial.wait_at(&call.frames);
    match meanwhile(&call, &trial, stand.ask(ask)).await?? {
        Answer::Told(json) => given(&call, &json),
        Answer::Ran(ran) => given(&call, &ran.json()),
        Answer::Transcript(sent) => given(&call, &sent.iter().map(Statement::json).collect()),
        Answer::Enough => {
            if let Some(function) = &trial.after_crash {
                let arguments = [trial.expect.get(), own.get()].map(|table| match table {
                    Some(table) => Value::Table(table.clone()),
                    None => Value::Nil,
                });
                entered(&call, function, arguments.into()).await?;
            }
            trial.over.notify_one();
            std::future::pending().await
        }
    }
}

fn given(call: &Call, json: &Json) -> Result<Value, Failure> {
    Ok(tables(&call.shared)?.give(&call.lua, json, Nulls::LeftOut)?)
}

fn planned(call: &Call) -> Result<Value, Failure> {
    let trial = trial(call)?;
    let at = call.shared.facts.clock.elapsed().saturating_add(call.duration("after"));
    if let Some(function) = call.value("fn").as_function() {
        trial.plan(at, function.clone());
    }
    Ok(Value::Nil)
}

/// Waits for something; what is planned happens meanwhile, one thing after the other.
async fn meanwhile<T>(
    call: &Rc<Call>,
    trial: &Rc<Trial>,
    waited: impl Future<Output = T>,
) -> Result<T, Failure> {
    // What is asked while something happens does not let the next thing happen in the middle of it.
    if trial.happening.get() {
        return Ok(waited.await);
    }
    let clock = &call.shared.facts.clock;
    let mut waited = std::pin::pin!(waited);
    let mut happening: Option<LocalBoxFuture<'static, Result<(), Failure>>> = None;
    loop {
        tokio::select! {
            biased;
            ended = settled(&mut happening) => {
                happening = None;
                trial.happening.set(false);
                ended?;
            }
            () = trial.due(clock), if !trial.happening.get() => {
                if let Some(function) = trial.take_due(clock) {
                    trial.happening.set(true);
                    let call = Rc::clone(call);
                    happening = Some(Box::pin(async move {
                        entered(&call, &function, Vec::new()).await
                    }));
                }
            }
            value = &mut waited => {
                if happening.is_some() {
                    let ended = settled(&mut happening).await;
                    trial.happening.set(false);
                    ended?;
                }
                return Ok(value);
            }
        }
    }
}

/// The end of what is happening; never where nothing is.
async fn settled(
    happening: &mut Option<LocalBoxFuture<'static, Result<(), Failure>>>,
) -> Result<(), Failure> {
    match happening {
        Some(happening) => happening.await,
        None => std::future::pending().await,
    }
}

/// Calls a function of the test's own.
async fn entered(call: &Call, function: &Function, arguments: Vec<Value>) -> Result<(), Failure> {
    match outcome_of(call, function, arguments).await? {
        Ok(()) => Ok(()),
        Err(thrown) => {
            let raised = failure::of_value(&call.shared, &thrown, Vec::new());
            Err(Failure::Lua(failure::thrown(raised.error, raised.frames)))
        }
    }
}

/// Calls a function of the test's own; what it throws is a value.
async fn outcome_of(
    call: &Call,
    function: &Function,
    arguments: Vec<Value>,
) -> Result<Result<(), Value>, Failure> {
    let enter = call.shared.enter()?;
    let passed: mlua::MultiValue =
        std::iter::once(Value::Function(function.clone())).chain(arguments).collect();
    let (ok, value) = enter.call_async::<(bool, Value)>(passed).await?;
    Ok(if ok { Ok(()) } else { Err(value) })
}

/// The options of a run.
fn options(call: &Call) -> Result<Map<String, Json>, Failure> {
    let value = call.value("options");
    let wanted = || wrong(format!("`options` of {} are named", call.function.called()));
    match tables(&call.shared)?.take(&value).map_err(json::wrong)? {
        Json::Null => Ok(Map::new()),
        Json::Object(options) => Ok(options),
        _ => Err(wanted().into()),
    }
}

/// Texts by name.
fn texts(call: &Call, name: &str) -> Result<Texts, Failure> {
    let Value::Table(table) = call.value(name) else { return Ok(Texts::new()) };
    let mut texts = Texts::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let text = match &value {
            Value::Boolean(false) => Some(None),
            value => check::text_of(value).map(Some),
        };
        let (Some(key), Some(text)) = (check::text_of(&key), text) else {
            let what = call.function.called();
            return Err(wrong(format!("`{name}` of {what} is a table of texts by name")).into());
        };
        texts.insert(key, text);
    }
    Ok(texts)
}

/// Tells whether a method is bound, for the test that compares it with what is declared.
#[cfg(test)]
pub(in crate::lua) fn is_bound(name: &str) -> bool {
    name == "s:at" || ASKED.iter().any(|(asked, _)| *asked == name) || expect::is_bound(name)
}
