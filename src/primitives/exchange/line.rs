//! What a promotion does before its transaction: brings what is staged in line with what production has become since
//! it was staged, as far as owners, grants, comments and default privileges go.
//!
//! What is staged is nobody's to see yet, so that a promotion that is refused after all has changed nothing that
//! anybody reads. Start reading at [`bring`].

use super::super::allowed;
use super::super::carried;
use super::super::code::Code;
use super::super::ctx::Ctx;
use super::super::error::Error;
use super::Exchange;
use crate::db::apply::OnFailure;
use crate::deployment::epoch::SwapEntry;
use crate::deployment::epoch::SwapKind;
use crate::plan::Plan;

/// Brings it in line; where nothing has changed, nothing is asked and nothing is sent.
///
/// # Errors
/// Those of [`Exchange::is_possible`], `swap.missing-privilege`, `swap.rejected`, `db.*`.
pub(super) async fn bring(ctx: &mut Ctx, exchange: &Exchange, history: &[SwapEntry]) -> Result<(), Error> {
    let Exchange { scope, kind, .. } = exchange;
    if *kind != SwapKind::Promotion || carried::behind(scope, &*ctx.catalog().await?).is_empty() {
        return Ok(());
    }
    // Said no before anything is sent, and of what is so now.
    let catalog = ctx.reread().await?;
    exchange.is_possible(&catalog, history)?;
    let steps = carried::behind(scope, &catalog);
    let lines = allowed::missing(&catalog, &steps);
    if !lines.is_empty() {
        let (me, id) = (&catalog.session.role, scope.deployment());
        let message = format!(
            "{me} may not give {id} what production was given since it was staged: owners, grants, comments"
        );
        return Err(Error::new(Code::SwapMissingPrivilege, message)
            .with_lines(lines)
            .effect("nothing was changed"));
    }
    let mut plan = Plan::new();
    plan.each(steps);
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    let untouched = "production was not changed";
    match applied.failed.into_iter().next() {
        // Whoever looks again finds what is left to do.
        Some((_, error)) if error.outcome_unknown() => Err(Error::from(error).effect(untouched)),
        Some((step, error)) => {
            // What it was for may have gone meanwhile, and then that is what there is to say.
            exchange.is_possible(&*ctx.reread().await?, history)?;
            let message = format!("the server refused to {}: {}", step.what(), error.message());
            Err(Error::server(Code::SwapRejected, message, &error).effect(untouched))
        }
        None => ctx.go_on(),
    }
}
