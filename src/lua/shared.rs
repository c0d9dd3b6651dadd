//! What the functions of `mz` share: the facts of the run, its sources, its work.

use std::cell::Cell;
use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use mlua::Function;
use serde_json::Value as Json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use super::branch;
use super::branch::Branch;
use super::calls::testing::Objects;
use super::gate::Gate;
use super::limits::Allowance;
use super::limits::Stop;
use super::people::Asker;
use super::site::Sources;
use super::testing::Trial;
use super::values::Tables;
use crate::clock::Clock;
use crate::clock::Deadline;
use crate::deployment::DeploymentId;
use crate::event::Event;
use crate::event::Sink;
use crate::outside::Outside;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::ctx::Interrupt;
use crate::primitives::ctx::Variables;
use crate::primitives::error::Error;

/// Reads a file below the project; `None` where there is none.
pub type Files = Rc<dyn Fn(&str) -> Option<String>>;

/// Asks whether the named objects may go. Giving the answer up takes the question back.
pub type Consent = Rc<dyn Fn(&[String]) -> Pin<Box<dyn Future<Output = bool>>>>;

/// What git says of the project.
#[derive(Clone, Debug, Default)]
pub struct Git {
    /// The commit.
    pub sha: Option<String>,
    /// Its first seven digits.
    pub short_sha: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// Whether something is not committed.
    pub dirty: bool,
}

/// What a recipe can know before it runs.
#[derive(Clone)]
pub struct Facts {
    /// The time.
    pub clock: Clock,
    /// What git says.
    pub git: Git,
    /// The environment variables.
    pub variables: Variables,
    /// The files below the project.
    pub files: Files,
}

/// What runs.
pub(super) struct Running {
    /// The environment and the run; away while a primitive works with it.
    pub(super) ctx: Option<Ctx>,
    /// The wish to stop.
    pub(super) interrupt: Interrupt,
    /// When the whole run must be over.
    pub(super) deadline: Deadline,
    /// What `mz.compile` compiles.
    pub(super) compile: compile::Request,
    /// Whoever keeps that compiled.
    pub(super) warm: Option<compile::Warm>,
    /// Whom to ask before objects go.
    pub(super) consent: Consent,
    /// Whom else to ask.
    pub(super) asker: Asker,
    /// The way to other services.
    pub(super) outside: Rc<Outside>,
    /// Whether somebody has agreed.
    pub(super) agreed: bool,
    /// Whoever listens.
    pub(super) events: Rc<dyn Sink>,
    /// Who is asked before a swap.
    pub(super) gate: Rc<Gate>,
    /// Whether nothing is really done.
    pub(super) rehearsal: bool,
}

/// What every function of `mz` works with.
pub(super) struct Shared {
    /// What a recipe can know before it runs.
    pub(super) facts: Facts,
    /// What may be held.
    pub(super) allowance: Allowance,
    /// Every text that was read.
    pub(super) sources: RefCell<Sources>,
    /// The wish to stop.
    pub(super) stop: Rc<Stop>,
    /// What runs, once it does.
    pub(super) running: RefCell<Option<Running>>,
    /// What is called at the end.
    pub(super) deferred: RefCell<Vec<Function>>,
    /// The functions of hooks, by name.
    pub(super) hooks: RefCell<BTreeMap<String, Vec<Function>>>,
    /// Results of steps, by name.
    pub(super) steps: RefCell<BTreeMap<String, Json>>,
    /// What the recipe said at its end.
    pub(super) said: RefCell<Option<String>>,
    /// Whether a comparison found changes, or something was applied.
    pub(super) changes: Cell<bool>,
    /// The test that runs, once one does.
    pub(super) trial: RefCell<Option<Rc<Trial>>>,
    /// How often each question was asked.
    pub(super) asked: RefCell<BTreeMap<String, u64>>,
    /// The deployments that roles were let read: they are put back where the run fails.
    pub(super) shifted: RefCell<BTreeSet<DeploymentId>>,
    /// The steps that are being done.
    pub(super) under_way: RefCell<BTreeSet<String>>,
    early: RefCell<Vec<Event>>,
    objects: OnceCell<Rc<Objects>>,
    tables: OnceCell<Tables>,
    enter: OnceCell<Function>,
    turn: Arc<Semaphore>,
    holder: RefCell<Option<Rc<Branch>>>,
}

impl Shared {
    /// Nothing is read and nothing runs.
    pub(super) fn of(facts: Facts, allowance: Allowance) -> Self {
        Self {
            facts,
            allowance,
            sources: RefCell::default(),
            stop: Rc::new(Stop::new()),
            running: RefCell::new(None),
            deferred: RefCell::default(),
            hooks: RefCell::default(),
            steps: RefCell::default(),
            said: RefCell::default(),
            changes: Cell::new(false),
            trial: RefCell::default(),
            asked: RefCell::default(),
            shifted: RefCell::default(),
            under_way: RefCell::default(),
            early: RefCell::default(),
            objects: OnceCell::new(),
            tables: OnceCell::new(),
            enter: OnceCell::new(),
            turn: Arc::new(Semaphore::new(1)),
            holder: RefCell::default(),
        }
    }

    /// Takes the manners of tables, once.
    pub(super) fn set_tables(&self, tables: Tables) {
        // The host sets them once, before any recipe; a second set would change nothing.
        let _ = self.tables.set(tables);
    }

    /// The manners of tables; `None` while the prelude runs.
    pub(super) fn tables(&self) -> Option<&Tables> {
        self.tables.get()
    }

    /// Takes what objects of tests are made with, once.
    pub(super) fn set_objects(&self, objects: Rc<Objects>) {
        // As with tables: a second set would change nothing.
        let _ = self.objects.set(objects);
    }

    /// What objects of tests are made with.
    pub(super) fn objects(&self) -> Option<Rc<Objects>> {
        self.objects.get().cloned()
    }

    /// Begins to run a test.
    pub(super) fn try_out(&self, trial: Rc<Trial>) {
        let events = Rc::clone(&trial.events);
        *self.trial.borrow_mut() = Some(trial);
        self.early.borrow_mut().drain(..).for_each(|event| events.event(event));
    }

    /// Takes what every branch is entered through, once.
    pub(super) fn set_enter(&self, enter: Function) {
        let _ = self.enter.set(enter);
    }

    /// What every branch is entered through.
    ///
    /// # Errors
    /// Never in practice: the host sets it before any recipe.
    pub(super) fn enter(&self) -> mlua::Result<Function> {
        let enter = self.enter.get().cloned();
        enter.ok_or_else(|| mlua::Error::runtime("a recipe is entered before there is a way in"))
    }

    /// Tells whoever listens; what is told before the run is told at its beginning.
    pub(super) fn tell(&self, event: Event) {
        let events = self.running.borrow().as_ref().map(|running| Rc::clone(&running.events));
        let of_test = || self.trial.borrow().as_ref().map(|trial| Rc::clone(&trial.events));
        match events.or_else(of_test) {
            Some(events) => events.event(event),
            None => self.early.borrow_mut().push(event),
        }
    }

    /// Begins to run.
    pub(super) fn begin(&self, running: Running) {
        let events = Rc::clone(&running.events);
        *self.running.borrow_mut() = Some(running);
        self.early.borrow_mut().drain(..).for_each(|event| events.event(event));
    }

    /// Fails before the run.
    ///
    /// # Errors
    /// `lua.not-here`.
    pub(super) fn must_run(&self, function: &str) -> Result<(), Error> {
        if self.running.borrow().is_some() {
            return Ok(());
        }
        let message = format!("mz.{function} works only while the recipe runs, not while it is loaded");
        Err(Error::new(Code::LuaNotHere, message).effect("nothing was sent to the server"))
    }

    /// Takes the run away, for a primitive to work with, when it is this call's turn: who asked
    /// first gets it first. Never held over a wait for something else than the server.
    ///
    /// # Errors
    /// `lua.not-here` before the run, and where the call that works with it was given up;
    /// `run.cancelled`.
    ///
    /// # Cancel
    /// Safe: the turn passes on.
    pub(super) async fn work(self: &Rc<Self>, function: &str) -> Result<Work, Error> {
        self.must_run(function)?;
        let current = self.stop.current();
        let away = || {
            let message = format!("mz.{function} cannot be called while another call of `mz` is under way");
            Error::new(Code::LuaNotHere, message)
        };
        let is_lost = |holder: &Rc<Branch>| {
            holder.is_over() || current.as_ref().is_some_and(|branch| Rc::ptr_eq(branch, holder))
        };
        // Whoever holds it was abandoned in the middle of a call: it would be waited for in vain.
        if self.holder.borrow().as_ref().is_some_and(is_lost) {
            return Err(away());
        }
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| Error::bug("the turn to work is closed, and nobody closes it"))?;
        if self.stop.current().is_some_and(|branch| branch.is_cancelled()) {
            return Err(branch::cancelled());
        }
        let mut running = self.running.borrow_mut();
        let Some(running) = &mut *running else { return Err(away()) };
        let Some(mut ctx) = running.ctx.take() else { return Err(away()) };
        if let Some(branch) = &current {
            ctx.interrupt = branch.interrupt.clone();
        }
        ctx.deadline = running.deadline.clone();
        self.holder.borrow_mut().clone_from(&current);
        Ok(Work { shared: Rc::clone(self), ctx: Some(ctx), _turn: turn })
    }

    /// Tells whether a branch works with the run.
    pub(super) fn is_held_by(&self, branch: &Rc<Branch>) -> bool {
        self.holder.borrow().as_ref().is_some_and(|holder| Rc::ptr_eq(holder, branch))
    }

    /// The wish to stop the run; one that nobody has before it runs.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.running.borrow().as_ref().map(|running| running.interrupt.clone()).unwrap_or_default()
    }

    /// Whom to ask what is no matter of course.
    pub(super) fn asker(&self) -> Option<Asker> {
        self.running.borrow().as_ref().map(|running| Rc::clone(&running.asker))
    }

    /// When the run must be over; never before it runs.
    pub(super) fn deadline(&self) -> Deadline {
        let running = self.running.borrow();
        running.as_ref().map_or_else(|| self.facts.clock.deadline(None), |running| running.deadline.clone())
    }

    /// Tells whether nothing is really done.
    pub(super) fn is_rehearsal(&self) -> bool {
        self.running.borrow().as_ref().is_some_and(|running| running.rehearsal)
    }

    /// Fails when the branch has to stop.
    ///
    /// # Errors
    /// `run.interrupted`, `run.deadline`, `run.cancelled`.
    pub(super) fn go_on(&self) -> Result<(), Error> {
        if self.interrupt().is_asked() {
            return Err(Error::new(Code::RunInterrupted, "stopped, as asked"));
        }
        if self.deadline().passed() {
            return Err(Error::new(Code::RunDeadline, "the time for the whole run is over"));
        }
        match self.stop.current() {
            Some(branch) if branch.is_cancelled() => Err(branch::cancelled()),
            Some(_) | None => Ok(()),
        }
    }

    /// Waits that long without the run; others work with it meanwhile.
    ///
    /// # Errors
    /// As [`Shared::go_on`], as soon as there is a reason.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), Error> {
        self.go_on()?;
        let deadline = self.deadline();
        self.unless_stopped(deadline.sleep(pause)).await?;
        self.go_on()
    }

    /// Waits for something else than the environment, unless the branch has to stop before.
    ///
    /// # Errors
    /// As [`Shared::go_on`].
    pub(super) async fn unless_stopped<T>(&self, wait: impl Future<Output = T>) -> Result<T, Error> {
        let interrupt =
            self.stop.current().map_or_else(|| self.interrupt(), |branch| branch.interrupt.clone());
        tokio::select! {
            biased;
            come = wait => Ok(come),
            () = interrupt.asked() => {
                self.go_on()?;
                Err(Error::bug("a branch is to stop, and there is no reason why"))
            }
        }
    }

    /// Notes that an error of ours may not be caught, if it is of that sort.
    pub(super) fn note(&self, error: &Error) {
        // Another branch may go on until it ends by itself.
        let of_branch = error.code() == Code::RunCancelled || error.kind() == Kind::Paused;
        let of_run = match error.kind() {
            Kind::Interrupted | Kind::Fenced => true,
            Kind::Invalid
            | Kind::Refused
            | Kind::Failed
            | Kind::OutcomeUnknown
            | Kind::Unreachable
            | Kind::Paused => error.code() == Code::RunDeadline,
        };
        if of_branch {
            self.stop.current().iter().for_each(|branch| branch.raise());
        } else if of_run {
            self.stop.raise();
        }
    }

    /// What a primitive calls a stop is the end of a branch alone, where only that was asked for.
    pub(super) fn explained(&self, error: Error) -> Error {
        let is_cancelled = self.stop.current().is_some_and(|branch| branch.is_cancelled());
        if error.code() == Code::RunInterrupted && is_cancelled && !self.interrupt().is_asked() {
            return branch::cancelled();
        }
        error
    }

    /// The names of what was read besides `file`, with their texts.
    pub(super) fn other_sources(&self, file: &str) -> BTreeMap<String, String> {
        let sources = self.sources.borrow();
        let others = sources.iter().filter(|(name, _)| *name != file);
        others.map(|(name, text)| (name.clone(), text.to_string())).collect()
    }

    /// The names of hooks that have functions.
    pub(super) fn hook_names(&self) -> BTreeSet<String> {
        self.hooks.borrow().keys().cloned().collect()
    }
}

/// The run in the hands of a primitive; given back when it is done.
pub(super) struct Work {
    shared: Rc<Shared>,
    ctx: Option<Ctx>,
    _turn: OwnedSemaphorePermit,
}

impl Work {
    /// The environment and the run.
    ///
    /// # Errors
    /// `bug.broken-invariant` never in practice: it is there until this is dropped.
    pub(super) fn ctx(&mut self) -> Result<&mut Ctx, Error> {
        self.ctx.as_mut().ok_or_else(|| Error::bug("the run is away while it is at work"))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        *self.shared.holder.borrow_mut() = None;
        if let (Some(running), Some(mut ctx)) = (&mut *self.shared.running.borrow_mut(), self.ctx.take()) {
            ctx.interrupt = running.interrupt.clone();
            running.ctx = Some(ctx);
        }
    }
}
