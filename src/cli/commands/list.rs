//! `mzflow list`: the deployments that are staged and not production.

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::moment;
use crate::cli::ui::ago;
use crate::cli::ui::table;
use crate::deployment::DeploymentId;
use crate::deployment::state::State;
use crate::primitives::ledger::Deployment;
use crate::primitives::ledger::Ledger;

/// List the deployments that are staged and not production
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(app: &mut App, _: Args) -> Result<Exit, CliError> {
    let ctx = app.verb("list", json!({}), None).await?;
    let ledger = ctx.ledger().await?;
    let open = ledger.as_ref().map(open).unwrap_or_default();
    if app.ui.json {
        app.ui.json(&open.iter().map(|(id, deployment)| told(id, deployment)).collect());
        return Ok(Exit::Done);
    }
    if open.is_empty() {
        app.ui.talk("nothing is staged; what was promoted:  mzflow log");
        return Ok(Exit::Done);
    }
    let now = app.clock.now();
    let rows: Vec<Vec<String>> = open
        .iter()
        .map(|(id, deployment)| {
            vec![
                id.to_string(),
                deployment.state.to_string(),
                ago(now.since(deployment.staged_at)),
                deployment.actor.clone(),
                deployment.intent.built.to_string(),
                next(id, deployment),
            ]
        })
        .collect();
    for line in table(&["DEPLOYMENT", "STATE", "STAGED", "BY", "OBJECTS", "NEXT"], &rows) {
        app.ui.data(&line);
    }
    Ok(Exit::Done)
}

/// Newest first.
fn open(ledger: &Ledger) -> Vec<(&DeploymentId, &Deployment)> {
    let mut open: Vec<_> = ledger.deployments.iter().filter(|(_, d)| d.state.is_open()).collect();
    open.sort_by(|a, b| b.1.staged_at.cmp(&a.1.staged_at).then_with(|| a.0.cmp(b.0)));
    open
}

/// What to type next for a deployment.
fn next(id: &DeploymentId, deployment: &Deployment) -> String {
    match deployment.state {
        State::Staging => match deployment.runs.last() {
            Some(run) => format!("mzflow resume {run}   or   mzflow abort {id}"),
            None => format!("mzflow abort {id}"),
        },
        State::Staged => format!("mzflow promote {id}   or   mzflow abort {id}"),
        State::RolledBack => format!("mzflow promote {id}   or   mzflow abort {id}"),
        State::Aborting => format!("mzflow abort {id}"),
        State::Promoted | State::Retiring | State::Retired | State::Aborted => String::new(),
    }
}

/// The shape that scripts rely on.
pub(crate) fn told(id: &DeploymentId, deployment: &Deployment) -> Value {
    let intent = &deployment.intent;
    let schemas: Vec<String> = intent.schemas.iter().map(|pair| pair.production_name().to_string()).collect();
    let clusters: Vec<String> = intent.clusters.iter().map(|pair| pair.production.to_string()).collect();
    json!({
        "deployment": id,
        "state": deployment.state,
        "staged_at": moment(deployment.staged_at),
        "by": deployment.actor,
        "commit": intent.commit,
        "schemas": schemas,
        "clusters": clusters,
        "objects": intent.built,
        "isolation": intent.isolation,
        "runs": deployment.runs,
    })
}
