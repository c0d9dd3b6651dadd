//! `mzflow unshift`: lets new sessions of roles read production again.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::shifts;
use crate::deployment::DeploymentId;
use crate::primitives::rehearsal::Assume;
use crate::primitives::unshift;

/// Let roles that read a staged deployment read production again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deployment that they read; every one where none is given
    #[arg(value_name = "ID")]
    deployment: Option<DeploymentId>,
    /// Role to put back; may be repeated; all of them where none is given
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let arguments = json!({ "deployment": args.deployment, "roles": args.roles });
    let mut ctx = app.verb("unshift", arguments, rehearse).await?;
    let request = unshift::Request { deployment: args.deployment, roles: args.roles };
    let outcome = unshift::run(&mut ctx, &request).await;
    let outcome = finish::verb(app, &mut ctx, outcome).await?;
    let line = match outcome.roles.is_empty() {
        true => "no role reads a staged deployment".to_owned(),
        false => shifts::unshifted(&outcome.roles),
    };
    finish::say(app, &ctx, &outcome, &line);
    Ok(Exit::Done)
}
