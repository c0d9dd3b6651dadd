//! `mzflow setup`: makes the tracking database.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::ui::counted;
use crate::primitives::rehearsal::Assume;
use crate::primitives::setup;

/// Make the tracking database `_mzflow`; running it again changes nothing
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let mut ctx = app.verb("setup", json!({}), rehearse).await?;
    let outcome = setup::run(&mut ctx).await;
    let outcome = finish::verb(app, &mut ctx, outcome).await?;
    if app.ui.json {
        app.ui.json(&json!({ "statements": outcome.statements }));
    } else if outcome.statements.is_empty() {
        app.ui.step("setup", "everything is there", None);
    } else if args.dry_run {
        app.ui.step("setup", &format!("{} to run", counted(outcome.statements.len(), "statement")), None);
    }
    Ok(Exit::Done)
}
