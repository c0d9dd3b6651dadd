//! swap: exchanges a ready deployment with production, in one transaction.
//!
//! Writes an intent, then one DDL transaction that renames the epoch marker, swaps every schema
//! and every cluster, or nothing at all; then lets sinks read the new objects. Refuses:
//! `swap.not-ready`, `swap.production-moved`, `swap.staging-moved`, `swap.sink-orphaned`,
//! `swap.already-promoted`. Unknown outcome: only when the server cannot be asked any more.
//! Start reading at [`run`]; the rules are in [`super::exchange`].

use std::time::Duration;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::exchange::Committed;
use super::exchange::ConflictCheck;
use super::exchange::Exchange;
use super::exchange::aftermath;
use super::exchange::aftermath::Exchanged;
use super::exchange::aftermath::Followed;
use super::exchange::aftermath::Rest;
use super::exchange::sinks::OthersSinks;
use super::ledger::Deployment;
use super::ledger::Ledger;
use super::readiness::ReadyCheck;
use super::readiness::Watched;
use super::scope::Scope;
use super::subscribed;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::SwapKind;
use crate::deployment::state::State;

/// Names the deployment to promote.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment.
    pub deployment: DeploymentId,
    /// How long the replaced version is to be kept for a rollback.
    pub keep: Duration,
    /// Whether production must be what it was when the deployment was staged.
    pub conflicts: ConflictCheck,
    /// Whether the deployment has to be ready.
    pub ready: ReadyCheck,
    /// What is to become of sinks that the connected role may not alter.
    pub others_sinks: OthersSinks,
}

/// Promotes the deployment; within one run, and after a crash, repeating it changes nothing more.
///
/// # Errors
/// See the head of this file; besides, `swap.conflict`, `swap.rejected`, `swap.sink-pending`,
/// `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe; Ctrl-C is noticed between two attempts.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Exchanged, Error> {
    let id = &request.deployment;
    promoted(ctx, request).await.map_err(|error| error.of(id).towards(SwapKind::Promotion))
}

async fn promoted(ctx: &mut Ctx, request: &Request) -> Result<Exchanged, Error> {
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(&request.deployment)?.clone();
    if known.state.is_promoted() {
        return again(ctx, &ledger, &known).await;
    }
    let (scope, rows) = Scope::with_rows(ctx, &known).await?;
    // What was to be dropped and is not claimed may be promoted as well; whether it may be is told below.
    if let State::Staged | State::RolledBack | State::Aborting = known.state {
        let watched = Watched::of(&known, &rows, &*ctx.catalog().await?)?;
        request.ready.make(ctx, &watched, Code::SwapNotReady).await?;
    }
    let keep_s = request.keep.as_secs();
    let mut exchange = Exchange::new(scope, SwapKind::Promotion, request.conflicts, keep_s);
    exchange.others_sinks = request.others_sinks;
    let committed = exchange.make(ctx).await?;
    aftermath::finish(ctx, &committed).await
}

/// It is promoted: finishes what a crash left undone, or tells the run that did it once more.
async fn again(ctx: &mut Ctx, ledger: &Ledger, known: &Deployment) -> Result<Exchanged, Error> {
    let id = &known.intent.deployment;
    let Some(entry) = &known.swapped else {
        return Err(Error::bug(format!("{id} is promoted and no swap of it is recorded")));
    };
    let ours = entry.intent.to.run == ctx.run.id;
    if known.settled && !ours {
        let message = format!("{id} is production already, since epoch {}", entry.intent.to.epoch);
        return Err(Error::new(Code::SwapAlreadyPromoted, message).effect("nothing was changed"));
    }
    let scope = Scope::read(ctx, known).await?;
    if known.settled {
        let catalog = ctx.catalog().await?;
        let running = subscribed::running(ctx).await?;
        let committed = Committed { scope, entry: entry.clone(), running };
        return Ok(aftermath::told(&committed, &catalog, Followed::default()));
    }
    let rest = if ledger.is_overtaken(known) { Rest::Overtaken } else { Rest::All };
    aftermath::resume(ctx, scope, entry, rest).await
}
