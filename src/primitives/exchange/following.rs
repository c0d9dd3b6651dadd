//! Statements behind the COMMIT of an exchange: each can be repeated, and none is left out unseen.
//!
//! Where a stop is asked for or the connection is lost for good, the error comes before anything is recorded as
//! done, so that whoever goes on does them again. Start reading at [`carry_out`].

use std::time::Duration;

use super::super::code::Code;
use super::super::ctx::Ctx;
use super::super::error::Error;
use crate::db;
use crate::db::apply::OnFailure;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::AfterSwap;
use crate::event::Event;
use crate::plan::Plan;
use crate::plan::step::Step;

/// Carries out steps that can be repeated, once more where the connection broke; gives those that the server has
/// refused, with the reason.
///
/// # Errors
/// `run.interrupted` where a stop was asked for before all of them were sent; `db.*` where they were not answered
/// the second time either.
pub(super) async fn carry_out(
    ctx: &mut Ctx,
    steps: Vec<Step>,
) -> Result<Vec<(Step, db::error::Error)>, Error> {
    let mut plan = Plan::new();
    plan.each(steps);
    let mut applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    if applied.failed.iter().any(|(_, error)| error.outcome_unknown()) {
        ctx.reread().await?;
        applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    }
    if let Some((_, lost)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(lost.clone().into());
    }
    if applied.interrupted {
        return Err(Error::new(Code::RunInterrupted, "stopped, as asked"));
    }
    Ok(applied.failed)
}

/// Carries out steps that can be repeated, and warns of those that the server has refused and would refuse again: a role
/// is gone, or a column.
///
/// # Errors
/// As [`carry_out`].
pub(super) async fn carry_out_or_warn(ctx: &mut Ctx, steps: Vec<Step>, code: &str) -> Result<(), Error> {
    for (step, error) in carry_out(ctx, steps).await? {
        let message = format!("cannot {}: {error}", step.what());
        ctx.events.event(Event::Warning { code: code.to_owned(), message });
    }
    Ok(())
}

/// A statement that waited for the exchange.
pub(super) fn statement(after: &AfterSwap) -> Step {
    Step::Statement { what: after.what.clone(), sql: after.sql.clone(), shown: None, origin: None }
}

/// Carries out one step that may wait for ever, on the second connection.
///
/// # Errors
/// `run.interrupted`, `run.deadline` where a stop was asked for or the time was over before it was done; `db.*`
/// where nothing can be sent. What the server says of the step itself is given.
pub(super) async fn run_within(
    ctx: &mut Ctx,
    step: Step,
    limit: Duration,
) -> Result<Result<(), String>, Error> {
    ctx.go_on()?;
    if ctx.is_rehearsal() {
        let mut plan = Plan::new();
        plan.each([step]);
        ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
        return Ok(Ok(()));
    }
    ctx.both().await?;
    let (_, beside) = ctx.pair()?;
    match beside.run_within(&step.sql(), &ctx.clock, limit, &ctx.interrupt).await {
        Ok(()) => {
            ctx.committed(&[step]);
            Ok(Ok(()))
        }
        Err(error) => {
            // It was cancelled because of that.
            ctx.go_on()?;
            Ok(Err(error.to_string()))
        }
    }
}

/// Says of an error that kept what follows an exchange from being done that the exchange stands.
pub(super) fn stands(error: Error, kind: SwapKind) -> Error {
    if error.changed().is_some() {
        return error;
    }
    let what = match kind {
        SwapKind::Promotion => "the swap stands",
        SwapKind::Rollback => "the rollback stands",
    };
    error.effect(format!("{what}; what follows it is done by whoever goes on"))
}
