//! rollback: makes the version that a promotion replaced production again.
//!
//! The inverse exchange, under the same rules and with the same proof. Refuses:
//! `rollback.nothing`, `rollback.gone`, `rollback.superseded`, `swap.sink-orphaned`. Start reading
//! at [`run`].

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::exchange::ConflictCheck;
use super::exchange::Exchange;
use super::exchange::aftermath;
use super::exchange::aftermath::Exchanged;
use super::exchange::aftermath::Rest;
use super::exchange::replacements;
use super::ledger::Ledger;
use super::scope::Scope;
use crate::catalog::Catalog;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::SwapKind;
use crate::deployment::state::State;

/// Names the promotion to take back.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment; `None` is the one that was promoted last.
    pub deployment: Option<DeploymentId>,
}

/// Chooses the promotion to take back.
fn choose(ledger: &Ledger, request: &Request) -> Result<DeploymentId, Error> {
    if let Some(id) = &request.deployment {
        return Ok(id.clone());
    }
    // A rollback whose end nobody saw is asked for again: it is finished, and nothing more is taken back.
    if let Some(id) = unfinished(ledger) {
        return Ok(id);
    }
    ledger.standing().pop().ok_or_else(|| {
        Error::new(Code::RollbackNothing, "nothing was promoted here").effect("nothing was changed")
    })
}

/// The rollback that was the last swap of all and was not finished.
fn unfinished(ledger: &Ledger) -> Option<DeploymentId> {
    let last = ledger.history.last().filter(|entry| entry.intent.kind == SwapKind::Rollback)?;
    let known = ledger.deployments.get(&last.intent.deployment)?;
    (known.state == State::RolledBack && !known.settled).then(|| last.intent.deployment.clone())
}

/// Takes the promotion back; repeating it after a crash finishes it.
///
/// # Errors
/// See the head of this file; besides, `swap.conflict`, `swap.rejected`, `swap.sink-pending`,
/// `deployment.unknown`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe; Ctrl-C is noticed between two attempts.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Exchanged, Error> {
    let ledger = ctx.ledger_or_refuse().await?;
    let id = choose(&ledger, request)?;
    taken_back(ctx, &ledger, &id).await.map_err(|error| error.of(&id).towards(SwapKind::Rollback))
}

async fn taken_back(ctx: &mut Ctx, ledger: &Ledger, id: &DeploymentId) -> Result<Exchanged, Error> {
    let known = ledger.deployment(id)?.clone();
    let scope = Scope::read(ctx, &known).await?;
    if known.state == State::RolledBack {
        // Taken back already: what follows may still be open.
        if let Some(entry) = known.swapped.as_ref().filter(|_| !known.settled) {
            return aftermath::resume(ctx, scope, entry, Rest::All).await;
        }
    }
    if known.state.is_promoted() && has_done_nothing(&scope) {
        let message =
            format!("{id} exchanged nothing and changed nothing in place: there is nothing to take back");
        return Err(Error::new(Code::RollbackNothing, message).effect("nothing was changed"));
    }
    let pairs = &scope.intent.schemas;
    let stays = scope.contents.renamed().next().is_some();
    if !pairs.is_empty() && !stays && pairs.iter().all(|pair| pair.production_id.is_none()) {
        let message = format!("{id} replaced nothing: taking it back would leave no version at all");
        return Err(Error::new(Code::RollbackNothing, message).effect("nothing was changed"));
    }
    if known.state.is_promoted() {
        not_replaced(id, &scope, &*ctx.reread().await?)?;
    }
    let exchange = Exchange::new(scope, SwapKind::Rollback, ConflictCheck::Made, 0);
    let committed = exchange.make(ctx).await?;
    aftermath::finish(ctx, &committed).await
}

/// Whether a promotion is nothing but its record, as an adoption is.
fn has_done_nothing(scope: &Scope) -> bool {
    let (intent, contents) = (&scope.intent, &scope.contents);
    let exchanged = !intent.schemas.is_empty()
        || !intent.clusters.is_empty()
        || contents.renamed().next().is_some()
        || contents.replacements().next().is_some()
        || contents.indexes.iter().any(|index| index.stands_beside());
    let beside = !contents.in_place.is_empty()
        || !contents.new_sinks.is_empty()
        || !contents.repointed.is_empty()
        || !scope.undo.back.is_empty();
    !exchanged && !beside
}

/// Fails where the promotion has replaced something in place: the server keeps nothing of what it was.
fn not_replaced(id: &DeploymentId, scope: &Scope, catalog: &Catalog) -> Result<(), Error> {
    let replaced = replacements::done(scope, catalog);
    if replaced.is_empty() {
        return Ok(());
    }
    let message = format!("{id} has replaced materialized views in place, and what they were is gone");
    Err(Error::new(Code::RollbackReplaced, message).with_lines(replaced).effect("nothing was changed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_it_is_the_last_promotion_and_without_one_there_is_nothing() {
        let marker = "epoch@0:setup".parse().expect("a marker");
        let ledger = Ledger::new(&[], marker);
        let error = choose(&ledger, &Request { deployment: None }).expect_err("nothing was promoted");
        assert_eq!(error.to_string(), "rollback.nothing: nothing was promoted here");
        let named: DeploymentId = "77b01de".parse().expect("an id");
        assert_eq!(
            choose(&ledger, &Request { deployment: Some(named.clone()) }).expect("it is named"),
            named
        );
    }
}
