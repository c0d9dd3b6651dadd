//! `mzflow apply`: creates and reconciles what is not blue/green.

use std::rc::Rc;

use serde_json::json;

use super::lock;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::primitives::apply;
use crate::primitives::apply::Outcome;
use crate::primitives::apply::Secrets;
use crate::primitives::apply::Sinks;
use crate::primitives::compile;
use crate::primitives::compile::Compiled;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;
use crate::primitives::setup;

/// Create and reconcile clusters, roles, sources, tables, connections, secrets
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Neither create secrets nor give existing ones their value anew
    #[arg(long)]
    skip_secrets: bool,
    /// Drop and make anew sinks whose definition cannot be altered in place
    #[arg(long)]
    recreate_sinks: bool,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let request = app.compile_request();
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let (skip, anew) = (args.skip_secrets, args.recreate_sinks);
    let mut ctx = app.verb("apply", json!({ "skip_secrets": skip, "sinks": anew }), rehearse).await?;
    let secrets = if args.skip_secrets { Secrets::Skipped } else { Secrets::All };
    let sinks = if args.recreate_sinks { Sinks::Recreated } else { Sinks::Kept };
    let outcome = apply(&mut ctx, &request, secrets, sinks).await;
    let (applied, compiled) = finish::verb(app, &mut ctx, outcome).await?;
    if !ctx.is_rehearsal() {
        lock::refresh(app, ctx.session(), &compiled).await?;
    }
    let line = if applied.actions.is_empty() { "everything is there" } else { "applied" };
    finish::say(app, &ctx, &applied, line);
    Ok(Exit::Done)
}

async fn apply(
    ctx: &mut Ctx,
    request: &compile::Request,
    secrets: Secrets,
    sinks: Sinks,
) -> Result<(Outcome, Rc<Compiled>), Error> {
    let compiled = compile::run(ctx, request)?.compiled;
    setup::run(ctx).await?;
    let applied = apply::run(ctx, &apply::Request { compiled: Rc::clone(&compiled), secrets, sinks }).await?;
    Ok((applied, compiled))
}
