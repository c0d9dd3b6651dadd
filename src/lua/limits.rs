//! What fences Lua in: which libraries there are, how much memory, and how it is stopped.
//!
//! A hook is called every so many instructions. In a coroutine of the host's own it lets other work
//! go on; everywhere else, once a stop is asked for, it raises an error that cannot be caught. What
//! runs in C without an end (a pathological pattern) is past any hook: there a second Ctrl-C ends
//! the process.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use mlua::HookTriggers;
use mlua::Lua;
use mlua::LuaOptions;
use mlua::StdLib;
use mlua::VmState;

use super::branch;
use super::branch::Branch;
use super::failure;
use super::lint::Surface;
use super::site;
use crate::primitives::error::Error;

/// What a file that is run may hold and use.
#[derive(Clone, Copy)]
pub(super) struct Allowance {
    /// What it is, for people.
    pub(super) what: &'static str,
    /// The memory that it may hold, in bytes.
    pub(super) memory: usize,
    /// What its text may use.
    pub(super) surface: Surface,
}

/// A recipe's.
pub(super) const RECIPE: Allowance =
    Allowance { what: "recipe", memory: 256 * 1024 * 1024, surface: Surface::OfText };

/// A policy's: it holds facts, and nothing but facts.
pub(super) const POLICY: Allowance =
    Allowance { what: "policy", memory: 64 * 1024 * 1024, surface: Surface::Policy };

/// Instructions between two looks: a fraction of a millisecond.
pub(super) const INSTRUCTIONS: u32 = 20_000;

/// Names of the base library that a recipe does without: they read files, write past the command
/// line, or reach into the collector.
const REMOVED: &[&str] = &["dofile", "loadfile", "collectgarbage", "warn"];

/// Why to stop, if there is a reason.
type Reason = Rc<dyn Fn() -> Option<Error>>;

/// The wish to stop, as Lua is told of it.
pub(super) struct Stop {
    reason: RefCell<Reason>,
    raised: Cell<bool>,
    current: RefCell<Option<Rc<Branch>>>,
}

impl Stop {
    /// Nobody wants to stop yet.
    pub(super) fn new() -> Self {
        Self { reason: RefCell::new(Rc::new(|| None)), raised: Cell::new(false), current: RefCell::new(None) }
    }

    /// From now on, this is asked.
    pub(super) fn ask(&self, reason: Reason) {
        *self.reason.borrow_mut() = reason;
        self.raised.set(false);
    }

    /// From now on, this branch is at work; gives the one that was.
    pub(super) fn enter(&self, branch: Option<Rc<Branch>>) -> Option<Rc<Branch>> {
        self.current.replace(branch)
    }

    /// The branch that is at work.
    pub(super) fn current(&self) -> Option<Rc<Branch>> {
        self.current.borrow().clone()
    }

    /// An error was raised that nobody in the run may catch.
    pub(super) fn raise(&self) {
        self.raised.set(true);
    }

    /// Tells whether such an error ends the run.
    pub(super) fn is_raised(&self) -> bool {
        self.raised.get()
    }

    /// Tells whether such an error ends the branch that is at work.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_raised() || self.current.borrow().as_ref().is_some_and(|branch| branch.is_raised())
    }

    fn look(&self, lua: &Lua) -> mlua::Result<VmState> {
        let reason = Rc::clone(&self.reason.borrow());
        if let Some(error) = reason() {
            self.raise();
            return Err(failure::thrown(error, site::frames(lua)));
        }
        let Some(branch) = self.current() else { return Ok(VmState::Continue) };
        if branch.is_cancelled() {
            branch.raise();
            return Err(failure::thrown(branch::cancelled(), site::frames(lua)));
        }
        // Elsewhere a yield would go to whoever resumed the coroutine, not to the host.
        let own = branch.is_own(&lua.current_thread());
        Ok(if own && !polls(lua) { VmState::Yield } else { VmState::Continue })
    }
}

/// Tells whether mlua's own loop around a future is at work.
///
/// It asks the future, and yields afterwards if that is pending. A yield of the hook between the two
/// would take the wake that the future has sent meanwhile, and nobody would ask it again.
fn polls(lua: &Lua) -> bool {
    let polls =
        |debug: &mlua::debug::Debug<'_>| debug.source().source.as_deref() == Some("=__mlua_async_poll");
    lua.inspect_stack(0, polls).unwrap_or(false)
}

/// Opens Lua with what a recipe may have.
///
/// # Errors
/// Lua's, where it cannot even start.
pub(super) fn open(stop: &Rc<Stop>, allowance: Allowance) -> mlua::Result<Lua> {
    let libraries = StdLib::COROUTINE | StdLib::TABLE | StdLib::STRING | StdLib::UTF8 | StdLib::MATH;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    let globals = lua.globals();
    for name in REMOVED {
        globals.raw_set(*name, mlua::Nil)?;
    }
    let string: mlua::Table = globals.raw_get("string")?;
    string.raw_set("dump", mlua::Nil)?;
    lua.set_memory_limit(allowance.memory)?;
    let stop = Rc::clone(stop);
    let every = HookTriggers::new().every_nth_instruction(INSTRUCTIONS);
    lua.set_global_hook(every, move |lua, _| stop.look(lua))?;
    Ok(lua)
}

#[cfg(test)]
mod tests;
