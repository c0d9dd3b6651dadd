//! Runs a recipe to its end: the body, what was deferred, what is called when it failed.
//!
//! Each part runs in a coroutine of its own, which the hook of [`super::limits`] interrupts. The
//! error that comes out is the one that went in: a primitive's keeps its code, its place, its kind.

use std::rc::Rc;
use std::time::Duration;

use mlua::Function;
use mlua::Value;
use serde_json::Map;
use serde_json::Value as Json;

use super::branch;
use super::failure;
use super::failure::Raised;
use super::gate::Gate;
use super::host::Host;
use super::people::Asker;
use super::recipe::Recipe;
use super::shared::Consent;
use super::shared::Running;
use super::site;
use super::values::Nulls;
use crate::deployment::record::Record;
use crate::event::Event;
use crate::outside::Outside;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::unshift;

/// What cleans up after a stop gets so long: a drop may take its time.
const GRACE: Duration = Duration::from_secs(60);

/// What a recipe runs with.
pub struct Go {
    /// The environment and the run.
    pub ctx: Ctx,
    /// What `mz.compile` compiles.
    pub compile: compile::Request,
    /// Whoever keeps that compiled; without anybody the folder is read.
    pub warm: Option<compile::Warm>,
    /// Whom to ask before objects go.
    pub consent: Consent,
    /// Who is asked before a swap.
    pub gate: Rc<Gate>,
    /// Whom else to ask.
    pub asker: Asker,
    /// The way to other services.
    pub outside: Outside,
    /// The values of its arguments, as [`Recipe::arguments`] gives them.
    pub arguments: Map<String, Json>,
}

/// How it ended.
pub struct Ended {
    /// The environment and the run.
    pub ctx: Ctx,
    /// What the recipe said at its end, or why it failed.
    pub outcome: Result<Option<String>, Error>,
    /// Whether a comparison found changes, or something was applied.
    pub changes: bool,
}

/// Runs it.
///
/// `None` never in practice: the environment is back when the recipe has ended.
///
/// # Cancel
/// Not safe: a primitive may be at work; ask through [`Ctx::interrupt`].
pub async fn run(host: &Host, recipe: &Recipe, go: Go) -> Option<Ended> {
    let shared = &host.shared;
    begin(host, recipe, &go);
    let rehearsal = go.ctx.is_rehearsal();
    let context = context(host, recipe, &go);
    shared.begin(Running {
        events: Rc::clone(&go.ctx.events),
        interrupt: go.ctx.interrupt.clone(),
        deadline: go.ctx.deadline.clone(),
        ctx: Some(go.ctx),
        compile: go.compile,
        warm: go.warm,
        consent: go.consent,
        asker: go.asker,
        outside: Rc::new(go.outside),
        agreed: false,
        gate: go.gate,
        rehearsal,
    });
    let outcome = match context {
        Ok(context) => everything(host, recipe, context).await,
        Err(error) => Err(host.error_of(&error)),
    };
    let running = shared.running.borrow_mut().take()?;
    let said = shared.said.borrow_mut().take();
    Some(Ended { ctx: running.ctx?, outcome: outcome.map(|()| said), changes: shared.changes.get() })
}

/// What is known before the first line runs: hooks, earlier steps, whom to ask about a stop.
fn begin(host: &Host, recipe: &Recipe, go: &Go) {
    let shared = &host.shared;
    let functions = |name: &String| recipe.body.hooks.get(name).cloned().unwrap_or_default();
    *shared.hooks.borrow_mut() = recipe.hooks.iter().map(|name| (name.clone(), functions(name))).collect();
    let steps = go.ctx.run.earlier().iter().filter_map(|entry| match &entry.record {
        Record::StepDone(done) => Some((done.name.clone(), done.result.clone())),
        _ => None,
    });
    shared.steps.borrow_mut().extend(steps);
    let (interrupt, deadline) = (go.ctx.interrupt.clone(), go.ctx.deadline.clone());
    shared.stop.ask(Rc::new(move || {
        if interrupt.is_asked() {
            return Some(Error::new(Code::RunInterrupted, "stopped, as asked"));
        }
        let late = || Error::new(Code::RunDeadline, "the time for the whole run is over");
        deadline.passed().then(late)
    }));
}

/// What the recipe's functions are called with.
fn context(host: &Host, recipe: &Recipe, go: &Go) -> mlua::Result<Value> {
    let Some(tables) = host.shared.tables() else { return Ok(Value::Nil) };
    let fields = serde_json::json!({
        "run": go.ctx.run.id,
        "recipe": recipe.name,
        "rehearsal": go.ctx.is_rehearsal(),
        "args": go.arguments,
    });
    host.context.call(tables.give(&host.lua, &fields, Nulls::LeftOut)?)
}

/// The body, then what was deferred, then what is called when it failed.
pub(super) async fn everything(host: &Host, recipe: &Recipe, context: Value) -> Result<(), Error> {
    let mut outcome = enter(host, &recipe.body.run, vec![context.clone()]).await.map(|_| ());
    relax(host);
    while let Some(clean_up) = last_deferred(host) {
        let failed = enter(host, &clean_up, Vec::new()).await.err();
        outcome = worse(host, outcome, failed, "cleaning up");
    }
    let Err(raised) = outcome else { return Ok(()) };
    if raised.error.kind() == Kind::Paused {
        // It has not failed: the same goes on when people have agreed.
        return Err(raised.error);
    }
    put_roles_back(host).await;
    for on_fail in &recipe.body.on_fail {
        let error = host.shared.tables().map(|tables| tables.failure(&host.lua, Rc::new(raised.clone())));
        let error = match error {
            Some(Ok(table)) => Value::Table(table),
            Some(Err(_)) | None => Value::Nil,
        };
        if let Err(failed) = enter(host, on_fail, vec![context.clone(), error]).await {
            warn(host, "on_fail", &failed);
        }
    }
    let raised = placed(host, raised);
    tracing::debug!("{}", raised.frames.iter().map(|frame| frame.told()).collect::<Vec<_>>().join(" from "));
    Err(raised.error)
}

/// A recipe whose time is over is shown where it was: it may be a loop that never ends.
fn placed(host: &Host, mut raised: Raised) -> Raised {
    if let (Code::RunDeadline, None, Some(frame)) =
        (raised.error.code(), raised.error.where_(), raised.frames.first())
    {
        let place = site::place(&host.shared.sources.borrow(), &frame.file, frame.line, None, "");
        raised.error = raised.error.place(Some(place));
    }
    raised
}

/// What was deferred last; cleaning up may defer more.
fn last_deferred(host: &Host) -> Option<Function> {
    host.shared.deferred.borrow_mut().pop()
}

/// The first error counts; later ones are told.
fn worse(host: &Host, outcome: Result<(), Raised>, failed: Option<Raised>, what: &str) -> Result<(), Raised> {
    match (outcome, failed) {
        (outcome, None) => outcome,
        (Ok(()), Some(failed)) => Err(failed),
        (Err(first), Some(failed)) => {
            warn(host, what, &failed);
            Err(first)
        }
    }
}

fn warn(host: &Host, what: &str, failed: &Raised) {
    let message = format!("{what} failed as well: {}", failed.error.message());
    host.shared.tell(Event::Warning { code: failed.error.code().to_string(), message });
}

/// Whoever was let read what the run has staged reads production again when it fails, whatever the recipe
/// does about it.
async fn put_roles_back(host: &Host) {
    let deployments = std::mem::take(&mut *host.shared.shifted.borrow_mut());
    for deployment in deployments {
        let request = unshift::Request { deployment: Some(deployment), roles: Vec::new() };
        let back = async {
            let mut work = host.shared.work("unshift").await?;
            unshift::run(work.ctx()?, &request).await
        };
        if let Err(error) = back.await {
            warn(host, "putting roles back", &Raised { error, frames: Vec::new() });
        }
    }
}

/// Once a stop was obeyed it does not count any more, so that what cleans up can do so; time does.
/// Another Ctrl-C ends the process.
fn relax(host: &Host) {
    if !host.shared.stop.is_raised() {
        return;
    }
    let deadline = host.shared.facts.clock.deadline(Some(GRACE));
    if let Some(running) = host.shared.running.borrow_mut().as_mut() {
        running.interrupt = Default::default();
        running.deadline = deadline.clone();
    }
    host.shared.stop.ask(Rc::new(move || {
        let seconds = GRACE.as_secs();
        let late = || Error::new(Code::RunDeadline, format!("cleaning up takes longer than {seconds} s"));
        deadline.passed().then(late)
    }));
}

/// Calls a function of the recipe's in a coroutine of its own.
pub(super) async fn enter(host: &Host, function: &Function, arguments: Vec<Value>) -> Result<Value, Raised> {
    let branch = branch::begin(&host.lua, &host.shared, None);
    let branch = branch.map_err(|error| failure::of_lua(&host.shared, &error, &[]))?;
    branch::run(&host.lua, &host.shared, &branch, function.clone(), arguments).await
}
