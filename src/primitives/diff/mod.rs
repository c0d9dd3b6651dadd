//! diff: compares the project with production and says what a deployment would change.
//!
//! Reads, never writes. Every object gets one change and the reason for it; what forbids the
//! deployment is told here and refused by `stage`. Start reading at [`run`]; the comparison is
//! [`super::changes::assess`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;

use super::changes::Against;
use super::changes::Changes;
use super::changes::Reuse;
use super::changes::assess;
use super::changes::assess::Facts;
use super::changes::layout;
use super::changes::layout::Cost;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Ledger;
use super::stored;
use crate::deployment::Isolation;
use crate::deployment::change::Change;
use crate::deployment::epoch;
use crate::event::Event;
use crate::name::ObjectKind;
use crate::name::SchemaName;

mod resumed;

/// Names the project and how much may be replaced as a whole.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project.
    pub compiled: Rc<Compiled>,
    /// How much is replaced as a whole.
    pub isolation: Isolation,
    /// Which clusters are kept instead of cloned.
    pub reuse: Reuse,
    /// What it is asked for.
    pub purpose: Purpose,
}

/// What a comparison is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A deployment: its cost is counted, and that of the alternatives; it is told.
    #[default]
    Deployment,
    /// An overlay: it costs nothing of that, and tells itself what it builds.
    Overlay,
}

/// One object that is not unchanged.
#[derive(Clone, Debug, Serialize)]
pub struct ChangedObject {
    /// Its full name.
    pub name: String,
    /// What it is.
    pub kind: ObjectKind,
    /// What happens to it.
    pub change: Change,
    /// The objects that are the reason, nearest first; empty where it is its own.
    pub because: Vec<String>,
    /// Its file, if the project still has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// The promotion that production was compared with.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedWith {
    /// The deployment.
    pub deployment: String,
    /// When it was promoted, in milliseconds since 1970.
    pub at_ms: u64,
    /// Seconds since then.
    pub age_s: u64,
    /// By whom.
    pub by: String,
}

/// What another isolation would cost.
#[derive(Clone, Debug, Serialize)]
pub struct Alternative {
    /// The isolation.
    pub isolation: Isolation,
    /// What it would cost.
    #[serde(flatten)]
    pub cost: Cost,
}

/// Tells what a deployment would change.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The changes themselves, for the primitives that go on with them.
    #[serde(skip)]
    pub changes: Rc<Changes>,
    /// Whether there is nothing to deploy.
    pub empty: bool,
    /// Every object that is not unchanged.
    pub objects: Vec<ChangedObject>,
    /// How many objects there are of each change.
    pub summary: BTreeMap<&'static str, usize>,
    /// The names of drifted objects.
    pub drifted: Vec<String>,
    /// The names of objects that would be gone.
    pub removed: Vec<String>,
    /// What is granted or commented in place, in words.
    pub in_place: Vec<String>,
    /// Sinks, of whomever, that will read the new objects.
    pub sinks: Vec<String>,
    /// Sinks that will read something else, in words.
    pub repointed_sinks: Vec<String>,
    /// Sinks whose definition differs from their files', and that only `apply` makes anew when asked to.
    pub changed_sinks: Vec<String>,
    /// Objects of others that read what is replaced, with their owners.
    pub foreign_dependents: Vec<String>,
    /// The codes of what forbids the deployment; `stage` raises the first.
    pub refusals: Vec<String>,
    /// How much is replaced as a whole.
    pub isolation: Isolation,
    /// What it costs.
    pub cost: Cost,
    /// What the other isolations would cost.
    pub alternatives: Vec<Alternative>,
    /// What each isolation would cost, the asked one too.
    pub isolations: BTreeMap<&'static str, Cost>,
    /// What production was compared with; `None` where nothing was promoted yet.
    pub against: Option<ComparedWith>,
}

/// Compares.
///
/// In a resumed run that has staged already, what it recorded is told again.
///
/// # Errors
/// `run.project-changed` in a resumed run, `db.*`.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let started = ctx.clock.elapsed();
    let catalog = ctx.catalog().await?;
    if let Some(changes) = resumed::changes(ctx, request).await? {
        let cost = layout::cost(&changes, &catalog);
        return Ok(outcome(ctx, changes, Vec::new(), cost));
    }
    let ledger = ctx.ledger().await?;
    let own_schemas = own_schemas(&request.compiled, ledger.as_ref());
    let snapshot = match &ledger {
        Some(ledger) => ctx.promoted(ledger).await?,
        None => Rc::default(),
    };
    let staging = ledger.as_ref().map(Ledger::staging).unwrap_or_default();
    let claims = ledger.as_ref().map(|ledger| ledger.claims(&own_schemas)).unwrap_or_default();
    let adopted = stored::read(ctx, &request.compiled, &catalog, &snapshot).await?;
    let facts = Facts {
        compiled: &request.compiled,
        catalog: &catalog,
        snapshot: &snapshot,
        own_schemas: &own_schemas,
        adopted: &adopted,
        staging: &staging,
        claims: &claims,
        base_epoch: ledger.as_ref().map_or(0, |ledger| ledger.marker.epoch),
        against: ledger.as_ref().and_then(|ledger| against(ledger, &own_schemas)),
    };
    let changes = assess::assess(&facts, request.isolation, &request.reuse);
    if request.purpose == Purpose::Overlay {
        return Ok(outcome(ctx, changes, Vec::new(), Cost::default()));
    }
    let others = Isolation::ALL.into_iter().filter(|isolation| *isolation != request.isolation);
    let alternatives = others
        .map(|isolation| {
            let other = assess::assess(&facts, isolation, &request.reuse);
            Alternative { isolation, cost: layout::cost(&other, &catalog) }
        })
        .collect();
    let cost = layout::cost(&changes, &catalog);
    let outcome = outcome(ctx, changes, alternatives, cost);
    ctx.events.event(Event::Diffed {
        outcome: serde_json::to_value(&outcome).unwrap_or_default(),
        took: ctx.clock.elapsed().saturating_sub(started),
    });
    Ok(outcome)
}

/// The schemas of this project, and those that its earlier deployments had.
///
/// A deployment is of this project when it shares a schema with it: projects have no names.
fn own_schemas(compiled: &Compiled, ledger: Option<&Ledger>) -> BTreeSet<SchemaName> {
    let mut own: BTreeSet<SchemaName> =
        compiled.project.schemas.iter().map(|schema| schema.name.clone()).collect();
    let earlier = ledger.iter().flat_map(|ledger| ledger.history.iter().rev());
    for entry in earlier {
        let had: Vec<SchemaName> =
            entry.intent.project_schemas.iter().filter_map(|name| name.parse().ok()).collect();
        if had.iter().any(|schema| own.contains(schema)) {
            own.extend(had);
        }
    }
    own
}

/// The last promotion of this project that stands.
fn against(ledger: &Ledger, own: &BTreeSet<SchemaName>) -> Option<Against> {
    let of_ours = |name: &String| name.parse().is_ok_and(|name: SchemaName| own.contains(&name));
    let standing = epoch::standing(&ledger.history);
    let last = standing.into_iter().rev().find(|entry| entry.intent.project_schemas.iter().any(of_ours))?;
    Some(Against { deployment: last.intent.deployment.to_string(), at_ms: last.at.0, by: last.actor.clone() })
}

fn outcome(ctx: &Ctx, changes: Changes, alternatives: Vec<Alternative>, cost: Cost) -> Outcome {
    let objects: Vec<ChangedObject> = changes
        .objects
        .iter()
        .map(|object| ChangedObject {
            name: object.name.to_string(),
            kind: object.kind,
            change: object.change,
            because: object.because.iter().map(ToString::to_string).collect(),
            file: object.file.clone(),
        })
        .collect();
    let mut summary: BTreeMap<&'static str, usize> =
        Change::ALL.into_iter().map(|change| (change.as_str(), changes.of(change).count())).collect();
    summary.insert(Change::Unchanged.as_str(), changes.unchanged);
    let names = |change| changes.of(change).map(|object| object.name.to_string()).collect();
    let now = ctx.clock.now();
    let others = alternatives.iter().map(|other| (other.isolation.as_str(), other.cost));
    let isolations = others.chain([(changes.isolation.as_str(), cost)]).collect();
    Outcome {
        empty: changes.is_empty(),
        summary,
        drifted: names(Change::Drifted),
        removed: names(Change::Removed),
        in_place: changes.in_place.iter().map(|after| after.what.clone()).collect(),
        sinks: changes.sinks.clone(),
        repointed_sinks: changes
            .repointed
            .iter()
            .map(|one| format!("{} from {} to {}", one.sink, one.from, one.to))
            .collect(),
        changed_sinks: changes.changed_sinks.iter().map(ToString::to_string).collect(),
        foreign_dependents: changes.foreign_dependents.clone(),
        refusals: changes.refusals.iter().map(|error| error.code().to_string()).collect(),
        isolation: changes.isolation,
        cost,
        alternatives,
        isolations,
        against: changes.against.as_ref().map(|against| ComparedWith {
            deployment: against.deployment.clone(),
            at_ms: against.at_ms,
            age_s: now.since(crate::clock::Timestamp(against.at_ms)).as_secs(),
            by: against.by.clone(),
        }),
        objects,
        changes: Rc::new(changes),
    }
}
