//! `mzflow list`: the deployments that are staged and not production, those whose run has stopped behind the swap, and
//! the overlays of developers.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::moment;
use crate::cli::questions;
use crate::cli::questions::Waits;
use crate::cli::typed;
use crate::cli::ui::ago;
use crate::cli::ui::table;
use crate::cli::unfinished;
use crate::cli::unfinished::Unfinished;
use crate::clock::Timestamp;
use crate::deployment::DeploymentId;
use crate::deployment::record::RunStatus;
use crate::deployment::state::State;
use crate::primitives::ctx::Ctx;
use crate::primitives::foreign;
use crate::primitives::foreign::Foreign;
use crate::primitives::ledger::Deployment;
use crate::primitives::ledger::Ledger;
use crate::primitives::overlays;

/// List the deployments that are staged and not production, and developers' overlays
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(app: &mut App, _: Args) -> Result<Exit, CliError> {
    let ctx = app.verb("list", json!({}), None).await?;
    let ledger = ctx.ledger().await?;
    let of = |is_wanted: fn(State) -> bool| {
        ledger.as_deref().map(|ledger| sorted(ledger, is_wanted)).unwrap_or_default()
    };
    let mut open = of(State::is_open);
    let waits = if ledger.is_some() { questions::waits(&ctx).await? } else { Waits::new() };
    let alone = questions::alone(&waits, |run| open.iter().any(|(_, known)| known.runs.contains(run)));
    // The run of what is production may have stopped behind the swap; one that waits for people is told alone.
    let mut landed = of(|state| matches!(state, State::Promoted | State::Retiring));
    landed.retain(|(_, known)| questions::of(known, &waits).is_none());
    let all: Vec<_> = open.iter().chain(&landed).copied().collect();
    let unfinished = unfinished::read(&ctx, &all).await?;
    open.extend(landed.into_iter().filter(|(id, _)| {
        unfinished.get(*id).is_some_and(|unfinished| unfinished.is_recipe && unfinished.ended.is_some())
    }));
    let overlays = standing(&ctx).await?;
    let others = foreign::staged(&ctx).await.unwrap_or_else(|error| {
        app.ui.talk(&format!("what mz-deploy has staged cannot be read: {error}"));
        Vec::new()
    });
    if app.ui.json {
        let own = open.iter().map(|(id, deployment)| {
            let told = unfinished::with_progress(told(id, deployment), unfinished.get(id));
            questions::with_waits(told, deployment, &waits)
        });
        let alone = alone.iter().map(|(run, question)| questions::told_alone(run, question));
        let others = others.iter().map(told_of_other);
        app.ui.json(&own.chain(alone).chain(others).chain(overlays.iter().map(Standing::told)).collect());
        return Ok(Exit::Done);
    }
    if open.is_empty() && others.is_empty() && alone.is_empty() {
        app.ui.talk(&typed::here("nothing is staged; what was promoted:  mzflow log"));
        list_overlays(app, &overlays);
        return Ok(Exit::Done);
    }
    let now = app.clock.now();
    let own = open.iter().map(|(id, deployment)| {
        let (waiting, unfinished) = (questions::of(deployment, &waits), unfinished.get(*id));
        let word = waiting.map_or_else(|| word(deployment, unfinished), |_| "paused");
        let next = match waiting {
            Some((run, question)) => format!("{}   or   mzflow abort {id}", questions::next(run, question)),
            None => next(id, deployment, unfinished),
        };
        let total = deployment.intent.built;
        let since = ago(now.since(deployment.staged_at));
        let since = match unfinished.and_then(|unfinished| unfinished.built) {
            Some(built) => format!("{since}, {built} of {total}"),
            None => since,
        };
        let (state, by) = (state(word, deployment), deployment.actor.clone());
        vec![id.to_string(), state, since, by, total.to_string(), typed::here(&next)]
    });
    let alone = alone.iter().map(|(run, question)| {
        let (since, by) = (ago(now.since(question.at)), question.by.clone());
        let next = typed::here(&questions::next(run, question));
        vec!["-".to_owned(), "paused".to_owned(), since, by, String::new(), next]
    });
    let others = others.iter().map(|other| row_of_other(other, now));
    let rows: Vec<Vec<String>> = own.chain(alone).chain(others).collect();
    for line in table(&["DEPLOYMENT", "STATE", "STAGED", "BY", "OBJECTS", "NEXT"], &rows) {
        app.ui.data(&line);
    }
    list_overlays(app, &overlays);
    Ok(Exit::Done)
}

/// An overlay that stands.
struct Standing {
    name: String,
    by: String,
    since: Timestamp,
    databases: Vec<String>,
    /// By their production names.
    objects: Vec<String>,
}

impl Standing {
    fn told(&self) -> Value {
        json!({
            "overlay": self.name,
            "state": "overlay",
            "since": moment(self.since),
            "by": self.by,
            "databases": self.databases,
            "objects": self.objects,
        })
    }
}

/// The overlays whose databases are there, by name and by whose they are.
async fn standing(ctx: &Ctx) -> Result<Vec<Standing>, CliError> {
    let overlays = overlays::read(ctx, ctx.marker().await?).await?;
    if overlays.is_empty() {
        return Ok(Vec::new());
    }
    let catalog = ctx.catalog().await?;
    let mut found: BTreeMap<(String, String), Standing> = BTreeMap::new();
    for known in overlays.values().filter(|known| known.is_there(&catalog)) {
        let key = (known.overlay.clone(), known.actor.clone());
        let one = found.entry(key).or_insert_with(|| Standing {
            name: known.overlay.clone(),
            by: known.actor.clone(),
            since: known.since,
            databases: Vec::new(),
            objects: Vec::new(),
        });
        one.since = one.since.min(known.since);
        one.databases.push(known.pair.overlay.to_string());
        let stands = known.objects.values().filter(|object| catalog.objects.contains_key(&object.id));
        one.objects.extend(stands.map(|object| object.name.to_string()));
    }
    Ok(found.into_values().collect())
}

fn list_overlays(app: &App, overlays: &[Standing]) {
    if overlays.is_empty() {
        return;
    }
    let now = app.clock.now();
    let rows = overlays.iter().map(|one| {
        let since = ago(now.since(one.since));
        vec![one.name.clone(), since, one.by.clone(), one.databases.join(", "), shortened(&one.objects)]
    });
    for line in table(&["OVERLAY", "SINCE", "BY", "DATABASES", "OBJECTS"], &rows.collect::<Vec<_>>()) {
        app.ui.data(&line);
    }
}

/// So many names of objects are told in a line.
const NAMES_SHOWN: usize = 3;

fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMES_SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        Some(_) | None => shown,
    }
}

/// The deployments in some states, newest first.
fn sorted(ledger: &Ledger, is_wanted: fn(State) -> bool) -> Vec<(&DeploymentId, &Deployment)> {
    let mut found: Vec<_> = ledger.deployments.iter().filter(|(_, known)| is_wanted(known.state)).collect();
    found.sort_by(|a, b| b.1.staged_at.cmp(&a.1.staged_at).then_with(|| a.0.cmp(b.0)));
    found
}

/// Where a deployment stands, and who reads it already.
fn state(word: &str, deployment: &Deployment) -> String {
    let readers: Vec<String> = deployment.shifts.keys().map(ToString::to_string).collect();
    match readers.is_empty() {
        true => word.to_owned(),
        false => format!("{word}, read by {}", readers.join(", ")),
    }
}

/// In a word where it stands: of one that is not complete, how its run has ended.
fn word(deployment: &Deployment, unfinished: Option<&Unfinished>) -> &'static str {
    let ended = unfinished.and_then(|unfinished| unfinished.ended);
    match (deployment.state, ended) {
        (State::Staging, Some(status)) => status.as_str(),
        (State::Promoted | State::Retiring, Some(status)) => match status {
            RunStatus::Interrupted => "promoted, then interrupted",
            RunStatus::Failed => "promoted, then failed",
            RunStatus::Refused => "promoted, then refused",
            RunStatus::Paused => "promoted, then paused",
            RunStatus::Done => "promoted",
        },
        (state, _) => state.as_str(),
    }
}

/// What to type next for a deployment.
fn next(id: &DeploymentId, deployment: &Deployment, unfinished: Option<&Unfinished>) -> String {
    let promote = Some(format!("mzflow promote {id}"));
    let goes_on = match deployment.state {
        State::Staging => [unfinished.map(|unfinished| unfinished.next(id)), None],
        // A run that is under way may be waiting for it to hydrate.
        State::Staged => {
            let stopped = unfinished.filter(|unfinished| unfinished.is_recipe && unfinished.ended.is_some());
            [stopped.map(|unfinished| unfinished.next(id)), promote]
        }
        State::RolledBack => [promote, None],
        State::Aborting => [None, None],
        State::Promoted | State::Retiring => {
            return unfinished.map(|unfinished| unfinished.next(id)).unwrap_or_default();
        }
        State::Retired | State::Aborted => return String::new(),
    };
    let commands = goes_on.into_iter().flatten().chain([format!("mzflow abort {id}")]);
    commands.collect::<Vec<_>>().join("   or   ")
}

/// The line of a deployment of another tool.
fn row_of_other(other: &Foreign, now: Timestamp) -> Vec<String> {
    vec![
        other.id.clone(),
        "foreign".to_owned(),
        other.staged_at.map_or_else(String::new, |at| ago(now.since(at))),
        other.by.clone().unwrap_or_default(),
        String::new(),
        "it is mz-deploy's: mzflow leaves it alone".to_owned(),
    ]
}

/// A deployment of another tool in the same shape, as far as that goes.
fn told_of_other(other: &Foreign) -> Value {
    json!({
        "deployment": other.id,
        "state": "foreign",
        "tool": "mz-deploy",
        "staged_at": other.staged_at.map(moment),
        "by": other.by,
        "commit": other.commit,
        "schemas": other.schemas,
    })
}

/// The shape that scripts rely on.
pub(crate) fn told(id: &DeploymentId, deployment: &Deployment) -> Value {
    let intent = &deployment.intent;
    let schemas: Vec<String> = intent.touched().map(|schema| schema.to_string()).collect();
    let clusters: Vec<String> = intent.clusters.iter().map(|pair| pair.production.to_string()).collect();
    let replaced_in = intent.replaced_in.iter().map(|pair| pair.production_name().to_string());
    json!({
        "deployment": id,
        "state": deployment.state,
        "staged_at": moment(deployment.staged_at),
        "by": deployment.actor,
        "commit": intent.commit,
        "schemas": schemas,
        "clusters": clusters,
        "replaced_in": replaced_in.collect::<Vec<_>>(),
        "objects": intent.built,
        "isolation": intent.isolation,
        "runs": deployment.runs,
        "shifted": deployment.shifts.keys().collect::<Vec<_>>(),
    })
}
