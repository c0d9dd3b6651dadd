//! `mzflow abort`: drops a deployment that is not production.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::commands::readers::Readers;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::ui::counted;
use crate::deployment::DeploymentId;
use crate::deployment::dropping::DropReason;
use crate::primitives::drop;
use crate::primitives::rehearsal::Assume;

/// Drop a staged deployment; production is not touched
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deployment to drop
    #[arg(value_name = "ID")]
    pub(crate) deployment: DeploymentId,
    /// Print the statements and run none
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) readers: Readers,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let mut ctx = app.verb("abort", json!({ "deployment": args.deployment }), rehearse).await?;
    let request = drop::Request {
        deployment: args.deployment,
        reason: DropReason::Abort,
        subscribes: args.readers.subscribes(),
    };
    let outcome = drop::run(&mut ctx, &request).await;
    let dropped = finish::verb(app, &mut ctx, outcome).await?;
    let objects = counted(dropped.objects, "object");
    finish::say(app, &ctx, &dropped, &format!("{} is gone: {objects} dropped", dropped.deployment));
    Ok(Exit::Done)
}
