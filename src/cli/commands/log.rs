//! `mzflow log`: what was promoted and rolled back, newest first.

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::moment;
use crate::cli::ui::ago;
use crate::cli::ui::table;
use crate::deployment::epoch::SwapEntry;

/// Show what was promoted and rolled back, newest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show this many at most
    #[arg(short, long, value_name = "N", value_parser = at_least_one)]
    limit: Option<usize>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it has to be a number of at least 1".to_owned())
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let ctx = app.verb("log", json!({}), None).await?;
    let ledger = ctx.ledger().await?;
    let history = ledger.map(|ledger| ledger.history.clone()).unwrap_or_default();
    let newest: Vec<&SwapEntry> = history.iter().rev().take(args.limit.unwrap_or(usize::MAX)).collect();
    if app.ui.json {
        app.ui.json(&newest.iter().map(|entry| told(entry)).collect());
        return Ok(Exit::Done);
    }
    if newest.is_empty() {
        app.ui.talk("nothing was promoted here yet");
        return Ok(Exit::Done);
    }
    let now = app.clock.now();
    let rows: Vec<Vec<String>> = newest
        .iter()
        .map(|entry| {
            let intent = &entry.intent;
            vec![
                format!("{} → {}", intent.from.epoch, intent.to.epoch),
                intent.kind.as_str().to_owned(),
                intent.deployment.to_string(),
                ago(now.since(entry.at)),
                entry.actor.clone(),
                intent.objects.to_string(),
                intent.commit.as_deref().and_then(|c| c.get(..7)).unwrap_or("").to_owned(),
            ]
        })
        .collect();
    for line in table(&["EPOCH", "KIND", "DEPLOYMENT", "WHEN", "BY", "OBJECTS", "COMMIT"], &rows) {
        app.ui.data(&line);
    }
    Ok(Exit::Done)
}

/// The shape that scripts rely on.
fn told(entry: &SwapEntry) -> Value {
    let intent = &entry.intent;
    json!({
        "deployment": intent.deployment,
        "kind": intent.kind,
        "at": moment(entry.at),
        "by": entry.actor,
        "commit": intent.commit,
        "epoch": intent.to.epoch,
        "objects": intent.objects,
        "run": intent.to.run,
    })
}
