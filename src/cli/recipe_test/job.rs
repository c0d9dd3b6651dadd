//! One test in a thread of its own: its host, its clock, its limits.
//!
//! Everything of a test, its sandboxes too, runs in one thread and through no socket. So when that thread
//! has nothing to do, everything in it waits, and the clock is moved on to the first moment that anything
//! waits for. Start reading at [`run`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::crash::Act;
use super::crash::Cut;
use super::ground::Ground;
use super::ground::Leash;
use super::present::Found;
use crate::cli::advice;
use crate::cli::git::GitFacts;
use crate::cli::recipe;
use crate::cli::render::Report;
use crate::cli::ui::elapsed;
use crate::clock::Clock;
use crate::event::Event;
use crate::event::Sink;
use crate::lua::host::Host;
use crate::lua::testing;
use crate::lua::testing::stand::Grounds;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// A test that is to be run.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The test.
    pub(super) found: Found,
    /// The project.
    pub(super) project: PathBuf,
    /// How much of people's time it may take.
    pub(super) limit: Duration,
    /// Whether to look at everything around everything that is done, for cuts to be compared with.
    pub(super) watching: bool,
    /// Where a run is to be cut.
    pub(super) cut: Option<Cut>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What is wrong; nothing if it passed.
    pub(super) failure: Option<Failure>,
    /// What it said.
    pub(super) log: Vec<String>,
    /// How much of people's time it took.
    pub(super) took: Duration,
    /// How much of its own.
    pub(super) own_time: Duration,
    /// What it did, by sandbox.
    pub(super) acts: Arc<Vec<Vec<Act>>>,
    /// Whether it cuts its runs itself.
    pub(super) kills: bool,
    /// Whether the cut was made.
    pub(super) was_cut: bool,
}

/// Why a test did not pass.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// What people see.
    pub(super) report: Report,
    /// Whether it was run as it is written: otherwise it says nothing of what it tests.
    pub(super) is_valid: bool,
}

impl Failure {
    /// Of an error.
    pub(super) fn of(error: &Error) -> Self {
        let is_valid = matches!(
            error.code(),
            Code::TestExpectation | Code::TestTimeout | Code::TestCrash | Code::LuaMemory
        );
        // What an expectation shows is below its excerpt; what to type next is not a test's to say.
        let advice = if is_valid { Vec::new() } else { advice::lines(error) };
        Self { report: Report::of(error, advice), is_valid }
    }
}

/// A host for the tests of a project.
///
/// # Errors
/// `bug.broken-invariant`: the host's own Lua does not run.
pub(super) fn host(project: &Path, clock: &Clock) -> Result<Host, Error> {
    let nothing = GitFacts::default();
    Host::new(recipe::facts(project, clock, &nothing, Rc::new(|_| None), BTreeMap::new()))
}

/// Hears what a test says.
#[derive(Debug, Default)]
struct Said(RefCell<Vec<String>>);

impl Sink for Said {
    fn event(&self, event: Event) {
        if let Event::Log { message, .. } = event {
            self.0.borrow_mut().push(message);
        }
    }
}

/// Runs a test to its end.
pub(super) fn run(job: &Job, leash: &Arc<Leash>) -> Outcome {
    let people = Clock::system();
    let clock = Clock::manual(job.found.now);
    let over = Arc::new(Notify::new());
    let ground = Rc::new(Ground::new(
        job.project.clone(),
        clock.clone(),
        Arc::clone(leash),
        job.watching,
        job.cut.clone(),
    ));
    let said = Rc::new(Said::default());
    let outcome = match runtime(&clock, &over, job.found.timeout) {
        Ok(runtime) => runtime.block_on(tried(job, leash, &ground, &said, &over)),
        Err(error) => Err(Error::bug(format!("a test has no thread: {error}"))),
    };
    let took = people.elapsed();
    let own_time = clock.elapsed();
    Outcome {
        failure: outcome.as_ref().err().map(Failure::of),
        log: said.0.take(),
        took,
        own_time,
        acts: Arc::new(ground.acts.take()),
        kills: ground.kills.get(),
        was_cut: ground.was_cut.get(),
    }
}

/// A runtime of one thread, in which time passes when there is nothing to do.
fn runtime(clock: &Clock, over: &Arc<Notify>, timeout: Duration) -> std::io::Result<Runtime> {
    let (clock, over) = (clock.clone(), Arc::clone(over));
    let nothing_to_do = move || match clock.awaited() {
        Some(at) if at > timeout => over.notify_one(),
        Some(at) => clock.advance(at.saturating_sub(clock.elapsed())),
        None => {}
    };
    tokio::runtime::Builder::new_current_thread().enable_all().on_thread_park(nothing_to_do).build()
}

async fn tried(
    job: &Job,
    leash: &Arc<Leash>,
    ground: &Rc<Ground>,
    said: &Rc<Said>,
    over: &Notify,
) -> Result<(), Error> {
    let host = host(&job.project, &ground.clock)?;
    let tests = testing::load(&host, &job.found.source)?;
    let Some(test) = tests.get(job.found.index) else {
        let message = format!("{} does not return the same tests twice", job.found.source.file);
        return Err(Error::new(Code::TestBadFile, message));
    };
    let late = |message: String| {
        let error = Error::new(Code::TestTimeout, message);
        error.place(testing::waits_at(&host))
    };
    let too_long = || late(format!("the test takes longer than {} of people's time", elapsed(job.limit)));
    let reason = {
        let leash = Arc::clone(leash);
        let late = Error::new(
            Code::TestTimeout,
            format!("the test takes longer than {} of people's time", elapsed(job.limit)),
        );
        Rc::new(move || leash.is_pulled().then(|| late.clone()))
    };
    let grounds = Rc::clone(ground) as Rc<dyn Grounds>;
    let running = testing::run(&host, test, grounds, Rc::clone(said) as Rc<dyn Sink>, reason);
    tokio::select! {
        biased;
        () = over.notified() => {
            let limit = elapsed(job.found.timeout);
            Err(late(format!("the test takes longer than {limit} of its own time")))
        }
        () = leash.pulled() => Err(too_long()),
        // A run that was stopped is no outcome of the test.
        outcome = running => if leash.is_pulled() { Err(too_long()) } else { outcome },
    }
}
