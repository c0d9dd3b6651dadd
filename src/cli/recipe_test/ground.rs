//! Where the sandboxes of one test come from, and what they have in common.

use std::cell::Cell;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::crash::Act;
use super::crash::Cut;
use super::sandbox::Sandbox;
use crate::clock::Clock;
use crate::db::apply::Interrupt;
use crate::deployment::RunId;
use crate::lua::testing::stand::Grounds;
use crate::lua::testing::stand::Later;
use crate::lua::testing::stand::Stand;
use crate::lua::testing::stand::Wanted;
use crate::primitives::error::Error;

/// What holds a test from outside of its thread: pulled, everything in it stops.
#[derive(Debug, Default)]
pub(super) struct Leash {
    pulled: Interrupt,
    runs: Mutex<Vec<Interrupt>>,
}

impl Leash {
    /// Stops the test and its runs.
    pub(super) fn pull(&self) {
        self.pulled.ask();
        self.runs().iter().for_each(Interrupt::ask);
    }

    /// Tells whether it was pulled.
    pub(super) fn is_pulled(&self) -> bool {
        self.pulled.is_asked()
    }

    /// Waits until it is pulled.
    pub(super) async fn pulled(&self) {
        self.pulled.asked().await;
    }

    /// A run begins that has to stop as well.
    pub(super) fn hold(&self, run: &Interrupt) {
        let mut runs = self.runs();
        runs.clear();
        runs.push(run.clone());
        if self.is_pulled() {
            run.ask();
        }
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, Vec<Interrupt>> {
        // Nothing that holds it can leave it half done.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the sandboxes of a test have in common.
pub(super) struct Ground {
    /// The project that is tested.
    pub(super) project: PathBuf,
    /// The time of the test.
    pub(super) clock: Clock,
    /// What holds the test.
    pub(super) leash: Arc<Leash>,
    /// Whether it is looked at how the environment is before and after everything that is done.
    pub(super) watching: bool,
    /// Where a run is to be cut.
    pub(super) cut: Option<Cut>,
    /// What was done in each sandbox.
    pub(super) acts: RefCell<Vec<Vec<Act>>>,
    /// Whether the test cuts its runs itself.
    pub(super) kills: Cell<bool>,
    /// Whether the cut was made.
    pub(super) was_cut: Cell<bool>,
    runs: Cell<u32>,
}

impl Ground {
    /// The ground of a test.
    pub(super) fn new(
        project: PathBuf,
        clock: Clock,
        leash: Arc<Leash>,
        watching: bool,
        cut: Option<Cut>,
    ) -> Self {
        Self {
            project,
            clock,
            leash,
            watching,
            cut,
            acts: RefCell::default(),
            kills: Cell::new(false),
            was_cut: Cell::new(false),
            runs: Cell::new(0),
        }
    }

    /// The id of the next run: the same in every repetition of the test.
    pub(super) fn next_run(&self) -> Result<RunId, Error> {
        self.runs.set(self.runs.get() + 1);
        let id = format!("r-{:08}", self.runs.get());
        id.parse().map_err(|error| Error::bug(format!("{error}")))
    }
}

impl Grounds for Ground {
    fn sandbox(self: Rc<Self>, wanted: Wanted) -> Later<Rc<dyn Stand>> {
        Box::pin(async move {
            let number = self.acts.borrow().len();
            self.acts.borrow_mut().push(Vec::new());
            let sandbox = Sandbox::open(self, number, wanted).await?;
            Ok(Rc::new(sandbox) as Rc<dyn Stand>)
        })
    }
}
