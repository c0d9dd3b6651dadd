//! Many tests at once, each in a thread; told in the order in which they were given.
//!
//! A test that does not end is stopped from here; one that cannot even be stopped (a pattern that C
//! searches without an end) is given up, and its thread with it.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::mpsc;

use super::ground::Leash;
use super::job;
use super::job::Failure;
use super::job::Job;
use super::job::Outcome;
use crate::clock::Clock;
use crate::db::apply::Interrupt;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Planning a query recurses deeply.
const STACK: usize = 32 * 1024 * 1024;

/// How often it is looked whether tests have come to their limit.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A test that was stopped gets so long to end.
const GRACE: Duration = Duration::from_secs(5);

/// So many outcomes may wait to be told.
const WAITING: usize = 64;

/// What threads and their keeper share.
struct Shared {
    jobs: Mutex<VecDeque<(usize, Job)>>,
    running: Mutex<BTreeMap<usize, Running>>,
    clock: Clock,
}

/// A test that runs.
struct Running {
    since: Duration,
    limit: Duration,
    leash: Arc<Leash>,
}

/// Nothing that holds one of these locks can leave something half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs tests, and tells `tell` of each with its number, in order.
///
/// # Errors
/// `run.interrupted` when a stop was asked for; what runs then is stopped.
pub(super) async fn all(
    jobs: Vec<Job>,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(usize, Outcome),
) -> Result<(), Error> {
    let count = jobs.len();
    let shared = Arc::new(Shared {
        jobs: Mutex::new(jobs.into_iter().enumerate().collect()),
        running: Mutex::default(),
        clock: Clock::system(),
    });
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count);
    for _ in 0..threads {
        spawn(&shared, &sender)?;
    }
    let mut early: BTreeMap<usize, Outcome> = BTreeMap::new();
    let mut next = 0;
    while next < count {
        tokio::select! {
            () = interrupt.asked() => {
                lock(&shared.jobs).clear();
                lock(&shared.running).values().for_each(|running| running.leash.pull());
                return Err(Error::new(Code::RunInterrupted, "stopped, as asked"));
            }
            ended = receiver.recv() => {
                // Of one that was given up nobody waits for the outcome any more.
                if let Some((number, outcome)) = ended.filter(|(number, _)| *number >= next) {
                    early.entry(number).or_insert(outcome);
                }
            }
            () = shared.clock.sleep(LOOK_EVERY) => {
                for number in late(&shared) {
                    early.entry(number).or_insert_with(given_up);
                    spawn(&shared, &sender)?;
                }
            }
        }
        while let Some(outcome) = early.remove(&next) {
            tell(next, outcome);
            next += 1;
        }
    }
    Ok(())
}

/// Stops what has come to its limit; gives up what does not stop.
fn late(shared: &Shared) -> Vec<usize> {
    let now = shared.clock.elapsed();
    let mut running = lock(&shared.running);
    let age = |running: &Running| now.saturating_sub(running.since);
    running.values().filter(|running| age(running) >= running.limit).for_each(|running| running.leash.pull());
    let lost: Vec<usize> = running
        .iter()
        .filter(|(_, running)| age(running) >= running.limit + GRACE)
        .map(|(number, _)| *number)
        .collect();
    lost.iter().for_each(|number| drop(running.remove(number)));
    lost
}

fn spawn(shared: &Arc<Shared>, sender: &mpsc::Sender<(usize, Outcome)>) -> Result<(), Error> {
    let (shared, sender) = (Arc::clone(shared), sender.clone());
    let thread = std::thread::Builder::new().name("test".to_owned()).stack_size(STACK);
    let spawned = thread.spawn(move || {
        while let Some((number, job)) = taken(&shared) {
            let leash = Arc::new(Leash::default());
            let running =
                Running { since: shared.clock.elapsed(), limit: job.limit, leash: Arc::clone(&leash) };
            lock(&shared.running).insert(number, running);
            let outcome = job::run(&job, &leash);
            let was_there = lock(&shared.running).remove(&number).is_some();
            if !was_there || sender.blocking_send((number, outcome)).is_err() {
                return;
            }
        }
    });
    spawned.map(|_| ()).map_err(|error| Error::bug(format!("a test has no thread: {error}")))
}

fn taken(shared: &Shared) -> Option<(usize, Job)> {
    lock(&shared.jobs).pop_front()
}

/// The outcome of a test that cannot be stopped.
fn given_up() -> Outcome {
    let message = "the test does not end, and cannot be stopped";
    Outcome {
        failure: Some(Failure::of(&Error::new(Code::TestTimeout, message))),
        log: Vec::new(),
        took: Duration::ZERO,
        own_time: Duration::ZERO,
        acts: Arc::default(),
        kills: false,
        was_cut: false,
    }
}
