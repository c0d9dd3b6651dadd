//! Branches: the coroutines that the host itself runs. The recipe's own is one, each function of
//! `mz.parallel` another.
//!
//! Which branch is at work is known while it is polled, also inside coroutines of the recipe's and
//! inside what it waits for. A branch is cancelled when another one of its `mz.parallel` fails; a
//! step that is under way in it is finished and recorded first.

use std::cell::Cell;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::rc::Weak;

use mlua::Function;
use mlua::Lua;
use mlua::MultiValue;
use mlua::Thread;
use mlua::Value;

use super::failure;
use super::failure::Raised;
use super::shared::Shared;
use super::values::Handle;
use crate::primitives::code::Code;
use crate::primitives::ctx::Interrupt;
use crate::primitives::error::Error;

/// One of the host's own coroutines.
pub(super) struct Branch {
    thread: Thread,
    /// The wish to stop it: the run's, or its own once it is cancelled.
    pub(super) interrupt: Interrupt,
    cancelled: Cell<bool>,
    raised: Cell<bool>,
    over: Cell<bool>,
    steps: Cell<usize>,
    depth: usize,
    inner: RefCell<Vec<Weak<Branch>>>,
}

impl Branch {
    /// A branch that has not begun; with `outer`, it is cancelled when that one is.
    fn new(thread: Thread, interrupt: Interrupt, outer: Option<&Branch>) -> Rc<Self> {
        let branch = Rc::new(Self {
            thread,
            interrupt,
            cancelled: Cell::new(false),
            raised: Cell::new(false),
            over: Cell::new(false),
            steps: Cell::new(0),
            depth: outer.map_or(0, |outer| outer.depth + 1),
            inner: RefCell::default(),
        });
        if let Some(outer) = outer {
            let mut inner = outer.inner.borrow_mut();
            inner.retain(|branch| branch.strong_count() > 0);
            inner.push(Rc::downgrade(&branch));
        }
        branch
    }

    /// How many branches it stands in.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Tells whether a coroutine is this branch's own.
    pub(super) fn is_own(&self, thread: &Thread) -> bool {
        self.thread == *thread
    }

    /// Asks it to stop at the next place where it can; at once, unless a step is under way.
    pub(super) fn cancel(&self) {
        self.cancelled.set(true);
        if self.steps.get() == 0 {
            self.interrupt.ask();
            self.inner.borrow().iter().filter_map(Weak::upgrade).for_each(|branch| branch.cancel());
        }
    }

    /// Tells whether it has to stop because another branch has failed.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.get() && self.steps.get() == 0
    }

    /// An error was raised in it that may not be caught.
    pub(super) fn raise(&self) {
        self.raised.set(true);
    }

    /// Tells whether such an error is on its way.
    pub(super) fn is_raised(&self) -> bool {
        self.raised.get()
    }

    /// Tells whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// A step begins.
    pub(super) fn enter_step(&self) {
        self.steps.set(self.steps.get() + 1);
    }

    /// A step has ended; what was asked of the branch meanwhile counts from now on.
    pub(super) fn leave_step(&self) {
        self.steps.set(self.steps.get().saturating_sub(1));
        if self.is_cancelled() {
            self.cancel();
        }
    }
}

/// The error that ends a branch which is cancelled.
pub(super) fn cancelled() -> Error {
    Error::new(Code::RunCancelled, "stopped, because another function of mz.parallel has failed")
}

/// Makes a branch of the coroutine that is to run next.
///
/// # Errors
/// Lua's, where there is no memory.
pub(super) fn begin(lua: &Lua, shared: &Shared, outer: Option<&Branch>) -> mlua::Result<Rc<Branch>> {
    let thread = lua.create_thread(shared.enter()?)?;
    // The run's wish ends every branch; a branch that is cancelled has one of its own besides.
    let interrupt = match outer {
        Some(_) => shared.interrupt().inner(),
        None => shared.interrupt(),
    };
    Ok(Branch::new(thread, interrupt, outer))
}

/// Runs a function as a branch to its end.
///
/// # Cancel
/// Not safe: a primitive may be at work; ask through [`Branch::cancel`].
pub(super) async fn run(
    lua: &Lua,
    shared: &Rc<Shared>,
    branch: &Rc<Branch>,
    function: Function,
    arguments: Vec<Value>,
) -> Result<Value, Raised> {
    let raised = |error: mlua::Error| failure::of_lua(shared, &error, &[]);
    let passed: MultiValue = std::iter::once(Value::Function(function)).chain(arguments).collect();
    let entered = branch.thread.clone().into_async::<(bool, Value)>(passed).map_err(raised)?;
    let mut entered = Box::pin(entered);
    let ended = poll_fn(|context| {
        let before = shared.stop.enter(Some(Rc::clone(branch)));
        let polled = entered.as_mut().poll(context);
        shared.stop.enter(before);
        polled
    });
    let ended = ended.await;
    branch.over.set(true);
    if shared.is_held_by(branch) {
        // A coroutine that was given up in the middle of a call still holds the run.
        let _ = lua.gc_collect().and_then(|()| lua.gc_collect());
    }
    let (ok, value) = ended.map_err(raised)?;
    if ok {
        return Ok(value);
    }
    Err(match shared.tables().and_then(|tables| tables.handle(&value)) {
        Some(Handle::Failure(raised)) => (*raised).clone(),
        _ => failure::of_value(shared, &value, Vec::new()),
    })
}
