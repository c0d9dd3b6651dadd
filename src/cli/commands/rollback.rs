//! `mzflow rollback`: makes the version that a promotion replaced production again.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::typed;
use crate::deployment::DeploymentId;
use crate::primitives::rehearsal::Assume;
use crate::primitives::rollback;

/// Take a promotion back, in one transaction
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deployment whose promotion is taken back [default: the last one]
    #[arg(value_name = "ID")]
    pub(crate) deployment: Option<DeploymentId>,
    /// Print the statements and run none
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let mut ctx = app.verb("rollback", json!({ "deployment": args.deployment }), rehearse).await?;
    let request = rollback::Request { deployment: args.deployment };
    let outcome = rollback::run(&mut ctx, &request).await;
    let exchanged = finish::verb(app, &mut ctx, outcome).await?;
    let id = &exchanged.deployment;
    finish::say(app, &ctx, &exchanged, &format!("{id} is no longer production; it stays staged"));
    if !ctx.is_rehearsal() {
        let next = format!("  next: mzflow promote {id}   or   mzflow abort {id}");
        app.ui.talk(&typed::here(&next));
    }
    Ok(Exit::Done)
}
