//! `mzflow promote`: swaps a staged deployment with production.

use std::time::Duration;

use serde_json::json;

use crate::cli::advice;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::policy;
use crate::clock::parse_duration;
use crate::deployment::DeploymentId;
use crate::deployment::dropping::DropReason;
use crate::lua::gate;
use crate::lua::gate::Question;
use crate::primitives::ctx::Ctx;
use crate::primitives::drop;
use crate::primitives::error::Error;
use crate::primitives::exchange::ConflictCheck;
use crate::primitives::exchange::aftermath::Exchanged;
use crate::primitives::exchange::sinks::OthersSinks;
use crate::primitives::readiness::ALLOWED_LAG;
use crate::primitives::readiness::ReadyCheck;
use crate::primitives::rehearsal::Assume;
use crate::primitives::subscribed::Subscribes;
use crate::primitives::swap;
use crate::primitives::swap::Request;

/// Make a staged deployment production, in one transaction
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deployment to promote
    #[arg(value_name = "ID")]
    deployment: DeploymentId,
    /// Keep the replaced version this long, for a rollback; 0 drops it at once
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "0s")]
    keep: Duration,
    /// Replace whatever stands in production now, also if it changed since staging
    #[arg(long)]
    force: bool,
    /// Leave sinks that belong to other roles with the replaced version, which is kept then
    #[arg(long)]
    leave_sinks: bool,
    /// Promote although it is not ready
    #[arg(long)]
    no_ready_check: bool,
    /// How far behind the clock an object may be [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    allowed_lag: Option<Duration>,
    /// Ask this policy before: a .lua file, or one of the project's policies/; may be repeated, and all
    /// of them have to say promote
    #[arg(long, value_name = "FILE")]
    policy: Vec<String>,
    /// How long policies may say wait [default: without an end]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, requires = "policy")]
    policy_timeout: Option<Duration>,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let policies = policy::all(app.project(), &args.policy)?;
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let arguments = json!({ "deployment": args.deployment, "keep_s": args.keep.as_secs() });
    let mut ctx = app.verb("promote", arguments, rehearse).await?;
    let gate = policy::gate(policies, args.policy_timeout, &mut ctx.run.started);
    let request = Request {
        deployment: args.deployment,
        keep: args.keep,
        conflicts: if args.force { ConflictCheck::Skipped } else { ConflictCheck::Made },
        others_sinks: if args.leave_sinks { OthersSinks::Left } else { OthersSinks::Refused },
        ready: match (args.no_ready_check, args.allowed_lag) {
            (true, _) => ReadyCheck::Skipped,
            (false, lag) => ReadyCheck::Within(lag.unwrap_or(ALLOWED_LAG)),
        },
    };
    let question = Question {
        deployment: request.deployment.clone(),
        allowed_lag: args.allowed_lag.unwrap_or(ALLOWED_LAG),
    };
    let swapped = match gate::pass(&gate, &mut ctx, question).await {
        Ok(()) => swap::run(&mut ctx, &request).await,
        Err(error) => Err(error),
    };
    let told: fn(CliError) -> CliError = if swapped.is_ok() { left_over } else { again };
    let outcome = match swapped {
        Ok(exchanged) => retire(&mut ctx, &request, exchanged).await,
        Err(error) => Err(error),
    };
    let exchanged = finish::verb(app, &mut ctx, outcome).await.map_err(told)?;
    let id = &exchanged.deployment;
    finish::say(app, &ctx, &exchanged, &format!("{id} is production, since epoch {}", exchanged.epoch));
    for reader in &exchanged.held_by {
        app.ui.talk(&format!("  kept: {reader} still reads the replaced version"));
    }
    Ok(Exit::Done)
}

/// What a policy has not let through may be let through later.
fn again(error: CliError) -> CliError {
    match error.report.code.as_str() {
        "policy.aborted" | "policy.timeout" => error.advise("ask again:  repeat the same command"),
        _ => error,
    }
}

/// It is production, and cannot be promoted again: what it has replaced is dropped by another command.
fn left_over(mut error: CliError) -> CliError {
    let stops = ["run.interrupted", "drop.conflict", "drop.rejected", "drop.subscribed"];
    if stops.contains(&error.report.code.as_str()) {
        error.report.advice = vec![advice::left_over()];
        error
            .report
            .effect
            .get_or_insert_with(|| "it is production; what it has replaced stands yet".to_owned());
    }
    error
}

/// Drops what it has replaced, unless that is to be kept or somebody still reads it.
async fn retire(ctx: &mut Ctx, request: &Request, exchanged: Exchanged) -> Result<Exchanged, Error> {
    if request.keep.is_zero() && exchanged.held_by.is_empty() {
        let deployment = exchanged.deployment.clone();
        let (reason, subscribes) = (DropReason::Retire, Subscribes::Kept);
        drop::run(ctx, &drop::Request { deployment, reason, subscribes }).await?;
    }
    Ok(exchanged)
}
