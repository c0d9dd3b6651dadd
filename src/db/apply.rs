//! Carries plans out: the only writer of DDL, apart from the fence.
//!
//! Statements of a block are sent without waiting for each other and answered in order. A Ctrl-C
//! is a flag that is read before each statement is sent, never a cancelled write.

use std::sync::Arc;

use futures_util::future::select_all;
use tokio::sync::watch;

use super::error::Error;
use super::session::Session;
use crate::plan::Block;
use crate::plan::Plan;
use crate::plan::step::Step;

/// The wish to stop at the next safe point; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: Arc<watch::Sender<bool>>,
    outer: Option<Arc<Interrupt>>,
}

impl Interrupt {
    /// A wish of a part: it is also asked for when this one is, and not the other way round.
    pub fn inner(&self) -> Self {
        Self { asked: Arc::default(), outer: Some(Arc::new(self.clone())) }
    }

    /// Asks for a stop.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Tells whether a stop was asked for.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow() || self.outer.as_ref().is_some_and(|outer| outer.is_asked())
    }

    /// Waits until a stop is asked for.
    ///
    /// # Cancel
    /// Safe: nothing is lost.
    pub async fn asked(&self) {
        let mut wishes = Vec::new();
        let mut next = Some(self);
        while let Some(wish) = next {
            let mut heard = wish.asked.subscribe();
            // The sender lives in `wish`, so the wait ends only when it is asked.
            wishes.push(Box::pin(async move { heard.wait_for(|asked| *asked).await.is_ok() }));
            next = wish.outer.as_deref();
        }
        select_all(wishes).await;
    }
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Applied {
    /// How many statements succeeded.
    pub done: usize,
    /// The steps that failed, in order, with the reason.
    pub failed: Vec<(Step, Error)>,
    /// Whether it stopped early because a stop was asked for.
    pub interrupted: bool,
}

impl Applied {
    /// Whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && !self.interrupted
    }
}

/// What to do when a statement of a block fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Send nothing more.
    Stop,
    /// Send the rest as well, to learn about every failure at once.
    GoOn,
}

/// Carries a plan out, telling `progress` of every step that succeeded.
///
/// Stops after the first block in which something failed. `Together` blocks are sent as they are:
/// whoever needs checks between their statements and COMMIT uses [`Session::fence`].
///
/// # Cancel
/// Not safe: ask through `interrupt` instead.
pub async fn apply(
    session: &Session,
    plan: &Plan,
    on_failure: OnFailure,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(&Step),
) -> Applied {
    let mut applied = Applied::default();
    for block in plan.blocks() {
        if interrupt.is_asked() {
            applied.interrupted = true;
            return applied;
        }
        match block {
            Block::Each(steps) => {
                each(session, steps, on_failure, interrupt, progress, &mut applied).await;
            }
            Block::Together(steps) => together(session, steps, true, progress, &mut applied).await,
            Block::Rehearse(steps) => together(session, steps, false, progress, &mut applied).await,
        }
        if !applied.failed.is_empty() || applied.interrupted {
            return applied;
        }
    }
    applied
}

async fn each(
    session: &Session,
    steps: &[Step],
    on_failure: OnFailure,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(&Step),
    applied: &mut Applied,
) {
    let stop = std::cell::Cell::new(false);
    let mut unsent = steps.iter();
    let interrupted = std::cell::Cell::new(false);
    let next = || {
        if stop.get() {
            return None;
        }
        let step = unsent.next()?;
        if interrupt.is_asked() {
            interrupted.set(true);
            return None;
        }
        Some((step.sql(), step.shown()))
    };
    let mut answered = steps.iter();
    let done = |answer: Result<(), Error>| {
        let Some(step) = answered.next() else { return };
        match answer {
            Ok(()) => {
                applied.done += 1;
                progress(step);
            }
            Err(error) => {
                stop.set(on_failure == OnFailure::Stop || error.outcome_unknown());
                applied.failed.push((step.clone(), error));
            }
        }
    };
    session.run_all(next, done).await;
    applied.interrupted |= interrupted.get();
}

async fn together(
    session: &Session,
    steps: &[Step],
    keep: bool,
    progress: &mut dyn FnMut(&Step),
    applied: &mut Applied,
) {
    let statements: Vec<String> = steps.iter().map(Step::sql).collect();
    let outcome = async {
        let mut fence = session.fence(&statements).await.map_err(|error| (0, error))?;
        match fence.settle().await {
            Ok(()) if keep => fence.commit().await.map_err(|error| (0, error)),
            Ok(()) => {
                fence.rollback().await;
                Ok(())
            }
            Err(error) => {
                let at = fence.answered();
                fence.rollback().await;
                Err((at, error))
            }
        }
    };
    match outcome.await {
        Ok(()) if keep => {
            applied.done += steps.len();
            steps.iter().for_each(progress);
        }
        Ok(()) => {}
        Err((at, error)) => applied.failed.extend(steps.get(at).map(|step| (step.clone(), error))),
    }
}
