//! What the functions of `mz` share: the facts of the run, its sources, its work.

use std::cell::Cell;
use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use mlua::Function;
use serde_json::Value as Json;

use super::gate::Gate;
use super::limits::Allowance;
use super::limits::Stop;
use super::site::Sources;
use super::values::Tables;
use crate::clock::Clock;
use crate::event::Event;
use crate::event::Sink;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::ctx::Variables;
use crate::primitives::error::Error;

/// Reads a file below the project; `None` where there is none.
pub type Files = Rc<dyn Fn(&str) -> Option<String>>;

/// Asks whether the named objects may go.
pub type Consent = Rc<dyn Fn(&[String]) -> bool>;

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
    /// What `mz.compile` compiles.
    pub(super) compile: compile::Request,
    /// Whom to ask before objects go.
    pub(super) consent: Consent,
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
    early: RefCell<Vec<Event>>,
    tables: OnceCell<Tables>,
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
            early: RefCell::default(),
            tables: OnceCell::new(),
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

    /// Tells whoever listens; what is told before the run is told at its beginning.
    pub(super) fn tell(&self, event: Event) {
        let events = self.running.borrow().as_ref().map(|running| Rc::clone(&running.events));
        match events {
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

    /// Takes the run away, for a primitive to work with.
    ///
    /// # Errors
    /// `lua.not-here` before the run, and while another call works with it.
    pub(super) fn work(self: &Rc<Self>, function: &str) -> Result<Work, Error> {
        let mut running = self.running.borrow_mut();
        let Some(running) = &mut *running else {
            let message = format!("mz.{function} works only while the recipe runs, not while it is loaded");
            return Err(Error::new(Code::LuaNotHere, message).effect("nothing was sent to the server"));
        };
        match running.ctx.take() {
            Some(ctx) => Ok(Work { shared: Rc::clone(self), ctx: Some(ctx) }),
            None => {
                let message =
                    format!("mz.{function} cannot be called while another call of `mz` is under way");
                Err(Error::new(Code::LuaNotHere, message))
            }
        }
    }

    /// Notes that an error of ours may not be caught, if it is of that sort.
    pub(super) fn note(&self, error: &Error) {
        let final_ = match error.kind() {
            Kind::Interrupted | Kind::Fenced => true,
            Kind::Invalid | Kind::Refused | Kind::Failed | Kind::OutcomeUnknown | Kind::Unreachable => {
                error.code() == Code::RunDeadline
            }
        };
        if final_ {
            self.stop.raise();
        }
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
        if let Some(running) = &mut *self.shared.running.borrow_mut() {
            running.ctx = self.ctx.take();
        }
    }
}
