//! Fence, check, commit: the only way in which names change.
//!
//! The transaction is opened and its renames are sent on one connection; once the first is
//! answered, the checks are made on another; then COMMIT. Materialize fails the COMMIT if anybody
//! changed the catalog since that first answer, so what was true at the check is true at the
//! commit. A lost connection is resolved by looking, never by guessing.
//!
//! Source: tried on v26.21 (`design/materialize.md` 2.2), and `conformance/core/04_conflicts.slt`.

use std::time::Duration;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use crate::catalog::Catalog;
use crate::clock::Deadline;
use crate::db;
use crate::db::apply::OnFailure;
use crate::db::retry;
use crate::db::retry::Decision;
use crate::event::Event;
use crate::name::ClusterName;
use crate::plan::Plan;
use crate::plan::exchange::Exchange;
use crate::plan::step::Step;

/// How long other people's DDL may keep a transaction from committing.
pub(super) const RETRY_FOR: Duration = Duration::from_secs(120);

/// How many of the newest changes are shown while a swap is retried.
const OTHERS_SHOWN: usize = 3;

/// What the next attempt is to do.
pub(super) enum Next {
    /// Nothing: it has happened, in this attempt or in one whose answer was lost.
    Happened,
    /// These renames and swaps; never empty.
    Try(Vec<Step>),
}

/// A change of names that is made under a fence.
pub(super) trait Change {
    /// Looks where things stand and says what to do; called before each attempt and once after
    /// the last, when it has to answer [`Next::Happened`].
    ///
    /// # Errors
    /// Whatever makes another attempt pointless.
    async fn next(&mut self, ctx: &mut Ctx) -> Result<Next, Error>;

    /// Says no if the world is not as it was when the change was planned; touches nothing.
    ///
    /// # Errors
    /// A refusal.
    fn check(&self, catalog: &Catalog) -> Result<(), Error>;

    /// The clusters of which the check wants to know more than the catalog tells.
    fn clusters(&self) -> Vec<ClusterName> {
        Vec::new()
    }

    /// Tells whether something has to be done before the transaction that was not yet to be done when this attempt
    /// was begun: [`Change::next`] does it.
    fn is_behind(&self, _catalog: &Catalog) -> bool {
        false
    }

    /// Takes in that the server said no to a step of the last attempt; tells whether it makes sense to try
    /// again, without that.
    fn without(&mut self, _step: &Step) -> bool {
        false
    }

    /// The codes for: other people kept interfering, and the server said no.
    fn codes(&self) -> (Code, Code);

    /// What it is, for errors: `the swap`.
    fn what(&self) -> &'static str;
}

/// Why an attempt came to nothing.
enum Trouble {
    /// Somebody changed the catalog meanwhile; nothing happened.
    Conflict(db::error::Error),
    /// Something has to be done first; nothing happened.
    Behind,
    /// The checks said no; nothing happened.
    Refused(Error),
    /// The server said no; nothing happened.
    Rejected(Box<Step>, db::error::Error),
    /// The connection broke at COMMIT; it may have happened.
    Unknown(db::error::Error),
}

/// Makes the change; comes back when it has happened, by whomever's COMMIT.
///
/// # Errors
/// The change's refusals; its two codes; `swap.outcome-unknown` when the server cannot be asked any
/// more; `run.interrupted` between two attempts.
///
/// # Cancel
/// Not safe inside an attempt; Ctrl-C is noticed between attempts.
pub(super) async fn make<C: Change>(ctx: &mut Ctx, change: &mut C, retry_for: Duration) -> Result<(), Error> {
    let deadline = ctx.clock.deadline(Some(retry_for)).sooner(ctx.deadline.clone());
    let mut failed = 0;
    let mut answered = false;
    loop {
        let steps = match change.next(ctx).await {
            Ok(Next::Happened) => return Ok(()),
            // COMMIT was answered, and has committed nothing: its answer was `ROLLBACK`.
            Ok(Next::Try(_)) if answered => {
                answered = false;
                failed += 1;
                ctx.look_again();
                let error = db::error::Error::rolled_back();
                pause(ctx, (change.codes().0, change.what()), failed, &deadline, &error).await?;
                continue;
            }
            Ok(Next::Try(steps)) => steps,
            // Looking failed because the connection did: look again while there is time.
            Err(error) if is_lost(&error) && !deadline.passed() => {
                ctx.interrupt_or_sleep(&deadline, RECONNECT_PAUSE).await?;
                if let Err(error) = ctx.reconnect().await {
                    tracing::debug!("reconnecting: {error}");
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        ctx.go_on()?;
        let trouble = match attempt(ctx, change, &steps).await? {
            Ok(()) => {
                answered = true;
                continue;
            }
            Err(trouble) => trouble,
        };
        failed += 1;
        let (conflict, rejected) = change.codes();
        let what = change.what();
        match trouble {
            Trouble::Refused(error) => return Err(error),
            Trouble::Rejected(step, error) if change.without(&step) => {
                tracing::debug!("the server refused to {}: {}", step.what(), error.message());
            }
            Trouble::Rejected(step, error) => {
                let message = format!("the server refused to {}: {}", step.what(), error.message());
                return Err(Error::server(rejected, message, &error)
                    .effect("nothing was changed: the transaction was rolled back"));
            }
            Trouble::Unknown(error) => settle_connection(ctx, &deadline, what, &error).await?,
            Trouble::Behind => catch_up(ctx, &deadline, failed, what, conflict).await?,
            Trouble::Conflict(error) => pause(ctx, (conflict, what), failed, &deadline, &error).await?,
        }
    }
}

/// Waits before the next attempt, and says who keeps changing the catalog.
///
/// # Errors
/// The change's code for that when the time is over; `run.interrupted`, `run.deadline`.
async fn pause(
    ctx: &Ctx,
    (code, what): (Code, &str),
    failed: u32,
    deadline: &Deadline,
    error: &db::error::Error,
) -> Result<(), Error> {
    match retry::decide(failed, deadline.remaining(), retry::random()) {
        Decision::Again(pause) => {
            let others = others(ctx).await;
            let reason = error.message().to_owned();
            ctx.events.event(Event::SwapRetried { attempt: failed, reason, others, pause });
            ctx.interrupt_or_sleep(deadline, pause).await
        }
        Decision::Stop => {
            let message =
                format!("{what} did not commit in {failed} attempts: others keep changing the catalog");
            Err(Error::server(code, message, error)
                .with_lines(others(ctx).await)
                .effect("nothing was changed: every attempt was rolled back"))
        }
    }
}

/// Lets the next attempt do first what has to be done first: at once, unless others keep giving it more to do.
async fn catch_up(
    ctx: &Ctx,
    deadline: &Deadline,
    failed: u32,
    what: &str,
    conflict: Code,
) -> Result<(), Error> {
    match retry::decide(failed, deadline.remaining(), retry::random()) {
        Decision::Again(_) if failed == 1 => Ok(()),
        Decision::Again(pause) => ctx.interrupt_or_sleep(deadline, pause).await,
        Decision::Stop => {
            let message = format!(
                "{what} did not commit in {failed} attempts: others keep changing who may do what in production"
            );
            Err(Error::new(conflict, message)
                .with_lines(others(ctx).await)
                .effect("production was not changed: every attempt was rolled back"))
        }
    }
}

/// The pause before a broken connection is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

fn is_lost(error: &Error) -> bool {
    matches!(error.code(), Code::DbLost | Code::DbUnreachable)
}

/// Opens the connection again after COMMIT was sent and not answered.
async fn settle_connection(
    ctx: &mut Ctx,
    deadline: &Deadline,
    what: &str,
    error: &db::error::Error,
) -> Result<(), Error> {
    loop {
        match ctx.reconnect().await {
            Ok(()) => return Ok(()),
            Err(_) if !deadline.passed() => deadline.sleep(RECONNECT_PAUSE).await,
            Err(_) => {
                let message =
                    format!("the connection broke while {what} was being committed: {}", error.message());
                return Err(Error::server(Code::SwapOutcomeUnknown, message, error)
                    .line("the server cannot be reached to ask whether it did commit")
                    .effect("either everything was swapped or nothing was"));
            }
        }
    }
}

/// Who changed the catalog last, as far as the server tells; silence is no reason to fail.
async fn others(ctx: &Ctx) -> Vec<String> {
    db::introspect::recent_changes(ctx.session(), OTHERS_SHOWN).await.unwrap_or_default()
}

async fn attempt<C: Change>(ctx: &mut Ctx, change: &C, steps: &[Step]) -> Result<Result<(), Trouble>, Error> {
    if ctx.is_rehearsal() {
        let catalog = ctx.described(ctx.session(), &change.clusters()).await?;
        if let Err(error) = change.check(&catalog) {
            return Ok(Err(Trouble::Refused(error)));
        }
        let mut plan = Plan::new();
        plan.together(steps.iter().cloned());
        ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
        return Ok(Ok(()));
    }
    ctx.both().await?;
    let outcome = live_attempt(ctx, change, steps).await?;
    if outcome.is_ok() {
        ctx.committed(steps);
    }
    Ok(outcome)
}

async fn live_attempt<C: Change>(
    ctx: &Ctx,
    change: &C,
    steps: &[Step],
) -> Result<Result<(), Trouble>, Error> {
    let (session, beside) = ctx.pair()?;
    let statements: Vec<String> = steps.iter().map(Step::sql).collect();
    let mut fence = match session.fence(&statements).await {
        Ok(fence) => fence,
        Err(error) => return Ok(Err(explain(ctx, change, steps, 0, error).await?)),
    };
    // From here on nobody can change anything without making COMMIT fail.
    let (settled, seen) =
        futures_util::future::join(fence.settle(), ctx.described(beside, &change.clusters())).await;
    if let Err(error) = settled {
        let at = fence.answered();
        fence.rollback().await;
        return Ok(Err(explain(ctx, change, steps, at, error).await?));
    }
    let catalog = match seen {
        Ok(catalog) => catalog,
        Err(error) => {
            fence.rollback().await;
            return Err(error);
        }
    };
    let trouble = match change.check(&catalog) {
        Err(error) => Some(Trouble::Refused(error)),
        Ok(()) => change.is_behind(&catalog).then_some(Trouble::Behind),
    };
    if let Some(trouble) = trouble {
        fence.rollback().await;
        return Ok(Err(trouble));
    }
    Ok(match fence.commit().await {
        Ok(()) => Ok(()),
        Err(error) if error.is_retryable() => Err(Trouble::Conflict(error)),
        Err(error) if error.outcome_unknown() => Err(Trouble::Unknown(error)),
        Err(error) => Err(match steps.first() {
            Some(step) => Trouble::Rejected(Box::new(step.clone()), error),
            None => Trouble::Unknown(error),
        }),
    })
}

/// Finds out what an error inside the transaction means: the checks know better than the server's
/// words, which carry no SQLSTATE of their own.
async fn explain<C: Change>(
    ctx: &Ctx,
    change: &C,
    steps: &[Step],
    at: usize,
    error: db::error::Error,
) -> Result<Trouble, Error> {
    // The transaction had not been committed, so a broken connection has undone it; the next look
    // opens another one.
    if error.is_retryable() || error.outcome_unknown() {
        return Ok(Trouble::Conflict(error));
    }
    let (_, beside) = ctx.pair()?;
    let catalog = ctx.described(beside, &change.clusters()).await?;
    if let Err(refusal) = change.check(&catalog) {
        return Ok(Trouble::Refused(refusal));
    }
    // The first rename is of the marker or of a name that a rival may have taken in this very
    // moment: then the next look tells.
    match steps.get(at) {
        Some(step) if at > 0 => Ok(Trouble::Rejected(Box::new(step.clone()), error)),
        Some(step) if is_gone(step, &catalog) => {
            tracing::debug!("{} has gone meanwhile", step.what());
            Ok(Trouble::Conflict(error))
        }
        Some(step) => Ok(Trouble::Rejected(Box::new(step.clone()), error)),
        None => Ok(Trouble::Conflict(error)),
    }
}

/// Tells whether the schema that a step renames does not exist.
fn is_gone(step: &Step, catalog: &Catalog) -> bool {
    let Step::Exchange(exchange) = step else { return false };
    match exchange {
        Exchange::RenameSchema { from, .. } | Exchange::SwapSchemas { a: from, .. } => {
            !catalog.schemas.contains_key(from)
        }
        Exchange::RenameCluster { from, .. } | Exchange::SwapClusters { a: from, .. } => {
            !catalog.clusters.contains_key(from)
        }
        Exchange::RenameObject { from, .. } => catalog.object(from).is_none(),
    }
}
