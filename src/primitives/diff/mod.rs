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
use super::changes::others;
use super::changes::others::Others;
use super::changes::stable;
use super::changes::traps;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::ctx::kept::Promoted;
use super::ctx::marker_in;
use super::error::Error;
use super::infrastructure;
use super::ledger::Deployment;
use super::ledger::Ledger;
use super::scope::Scope;
use super::stored;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::db;
use crate::deployment::DeploymentId;
use crate::deployment::Isolation;
use crate::deployment::change::Change;
use crate::deployment::epoch;
use crate::deployment::epoch::SwapEntry;
use crate::deployment::is_staging_name;
use crate::deployment::record::StagedObject;
use crate::deployment::way::Way;
use crate::event::Event;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;

pub mod overlay;
mod pending;
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
    /// How it becomes production, or leaves it.
    pub way: Way,
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
    /// The codes of what forbids it.
    pub refusals: Vec<String>,
    /// What forbids it and not what was asked for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forbidden: Option<String>,
}

/// Tells what a deployment would change.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The changes themselves, for the primitives that go on with them.
    #[serde(skip)]
    pub changes: Rc<Changes>,
    /// Whether there is nothing to deploy.
    pub empty: bool,
    /// The last promotion, where its run died before all that follows it was done; then that is what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<DeploymentId>,
    /// Every object that is not unchanged.
    pub objects: Vec<ChangedObject>,
    /// How many objects there are of each change.
    pub summary: BTreeMap<&'static str, usize>,
    /// The names of drifted objects.
    pub drifted: Vec<String>,
    /// The names of objects that would be gone.
    pub removed: Vec<String>,
    /// The names of materialized views that are replaced in place: what reads them stays.
    pub replacements: Vec<String>,
    /// What an earlier promotion has still to replace in place, in words: until then it is what it was before.
    pub pending_replacements: Vec<String>,
    /// What the project no longer has in a schema with a stable API, and others still read; it stays.
    pub kept: Vec<String>,
    /// What is granted or commented in place, in words.
    pub in_place: Vec<String>,
    /// What `apply` would do first, in words: what is missing or not in line of the project's clusters, roles,
    /// databases, secrets, connections, sources, tables.
    pub to_apply: Vec<String>,
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
    if let Some(changes) = resumed::changes(ctx, request).await? {
        let cost = layout::cost(&changes, &*ctx.catalog().await?);
        return Ok(outcome(ctx.clock.now(), changes.into(), Vec::new(), Vec::new(), cost));
    }
    let sides = Sides::read_all(ctx, &request.compiled).await?;
    let mut all =
        sides.with(|facts| Isolation::ALL.map(|isolation| assess::assess(facts, isolation, &request.reuse)));
    let Sides { catalog, ledger, .. } = &sides;
    for changes in &mut all {
        look_for_traps(ctx, changes, catalog).await?;
    }
    let (asked, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|changes| changes.isolation == request.isolation);
    let Some(mut changes) = asked.into_iter().next() else {
        return Err(Error::bug("an isolation is in no list of them"));
    };
    if !changes.objects.iter().any(|object| object.change.is_built()) {
        let own = sides.own_schemas();
        changes.recorded_as = ledger.as_ref().and_then(|ledger| unfinished(ledger, &own, &changes));
    }
    let alternatives = others.iter().map(|other| alternative(other, &changes, catalog)).collect();
    let live = infrastructure::look(ctx, &request.compiled, catalog).await?;
    let mut to_apply = infrastructure::pending(&request.compiled, catalog, &live, &changes.claims)?;
    // Of a schema with staged objects and others both would do it, and one is enough to tell.
    let in_place: BTreeSet<&String> = changes.in_place.iter().map(|after| &after.what).collect();
    to_apply.retain(|what| !in_place.contains(what));
    let cost = layout::cost(&changes, catalog);
    let mut outcome = outcome(ctx.clock.now(), changes.into(), alternatives, to_apply, cost);
    outcome.pending_replacements.clone_from(&sides.pending);
    ctx.events.event(Event::Diffed {
        outcome: serde_json::to_value(&outcome).unwrap_or_default(),
        took: ctx.clock.elapsed().saturating_sub(started),
    });
    Ok(outcome)
}

/// The two sides of a comparison.
struct Sides {
    compiled: Rc<Compiled>,
    catalog: Rc<Catalog>,
    ledger: Option<Rc<Ledger>>,
    snapshot: Promoted,
    /// What an earlier promotion has still to replace in place, in words.
    pending: Vec<String>,
    /// The fingerprints of what no record vouches for, where that was asked for.
    adopted: BTreeMap<ObjectId, String>,
    /// See [`stored::indexes_alone`], where that was asked for.
    indexes_alone: BTreeMap<ObjectName, BTreeSet<Ident>>,
    /// What other deployments have standing in production's own schemas, where that was asked for.
    others: Others,
}

impl Sides {
    /// Reads production's side, but for what the server stores.
    async fn read(ctx: &mut Ctx, compiled: &Rc<Compiled>) -> Result<Self, Error> {
        let mut catalog = ctx.catalog().await?;
        let ledger = ctx.ledger().await?;
        if ledger.as_ref().map(|ledger| &ledger.marker) != marker_in(&catalog).as_ref() {
            // Somebody has swapped between the two looks.
            catalog = ctx.reread().await?;
        }
        let (snapshot, pending) = match &ledger {
            Some(ledger) => pending::as_it_stands(ctx, ledger, ctx.promoted(ledger).await?, &catalog).await?,
            None => Default::default(),
        };
        Ok(Self {
            compiled: Rc::clone(compiled),
            catalog,
            ledger,
            snapshot,
            pending,
            adopted: BTreeMap::new(),
            indexes_alone: BTreeMap::new(),
            others: Others::new(),
        })
    }

    /// Reads what a deployment asks besides.
    async fn read_all(ctx: &mut Ctx, compiled: &Rc<Compiled>) -> Result<Self, Error> {
        let mut sides = Self::read(ctx, compiled).await?;
        let Self { catalog, snapshot, .. } = &sides;
        let stable = sides.ledger.as_deref().map(Ledger::stable).unwrap_or_default();
        let adopted = stored::read(ctx, compiled, catalog, snapshot).await?;
        let indexes_alone = stored::indexes_alone(ctx, compiled, catalog, snapshot, &stable).await?;
        let others = standing_beside(ctx, sides.ledger.as_deref(), catalog).await?;
        sides.adopted = adopted.whole;
        sides.indexes_alone = indexes_alone;
        sides.others = others;
        Ok(sides)
    }

    fn own_schemas(&self) -> BTreeSet<SchemaName> {
        own_schemas(&self.compiled, self.ledger.as_deref())
    }

    /// Does something with all of it.
    fn with<T>(&self, compare: impl FnOnce(&Facts<'_>) -> T) -> T {
        let ledger = self.ledger.as_deref();
        let own_schemas = self.own_schemas();
        let staging = ledger.map(Ledger::staging).unwrap_or_default();
        let stable = ledger.map(Ledger::stable).unwrap_or_default();
        let claims = ledger.map(|ledger| ledger.claims(&own_schemas)).unwrap_or_default();
        compare(&Facts {
            compiled: &self.compiled,
            catalog: &self.catalog,
            snapshot: &self.snapshot,
            own_schemas: &own_schemas,
            adopted: &self.adopted,
            staging: &staging,
            stable: &stable,
            indexes_alone: &self.indexes_alone,
            others: &self.others,
            claims: &claims,
            base_epoch: ledger.map_or(0, |ledger| ledger.marker.epoch),
            against: ledger.and_then(|ledger| against(ledger, &own_schemas)),
        })
    }
}

/// What other deployments have standing in production's own schemas. Their records are read only where something
/// bears such a name.
async fn standing_beside(ctx: &Ctx, ledger: Option<&Ledger>, catalog: &Catalog) -> Result<Others, Error> {
    let Some(ledger) = ledger else { return Ok(Others::new()) };
    let odd = catalog.objects.values().map(|object| &object.name.object).filter(|name| is_staging_name(name));
    let odd: Vec<&Ident> = odd.collect();
    let known: Vec<&Deployment> = ledger
        .deployments
        .values()
        .filter(|known| odd.iter().any(|name| known.intent.deployment.gives(name)))
        .collect();
    let scopes = Scope::read_all(ctx, &known).await?;
    Ok(others::of(scopes.iter().zip(known.iter().map(|known| known.state)), catalog))
}

/// Adds what the server would refuse to rename, which its own texts tell.
async fn look_for_traps(ctx: &Ctx, changes: &mut Changes, catalog: &Catalog) -> Result<(), Error> {
    if !changes.objects.iter().any(StagedObject::is_renamed) {
        return Ok(());
    }
    let mut wanted = traps::wanted(changes, catalog);
    // A rehearsal may have made objects that no server knows.
    wanted.retain(|id| !id.as_str().starts_with("new-"));
    let texts = db::introspect::stored_sql(ctx.session(), &wanted).await?;
    changes.refusals.extend(traps::refusal(changes, catalog, &texts));
    Ok(())
}

/// What another isolation would cost, and whether it is open at all.
fn alternative(other: &Changes, asked: &Changes, catalog: &Catalog) -> Alternative {
    // What forbids every way says nothing for or against this one.
    let own =
        other.refusals.iter().find(|error| asked.refusals.iter().all(|also| also.code() != error.code()));
    Alternative {
        isolation: other.isolation,
        cost: layout::cost(other, catalog),
        refusals: other.refusals.iter().map(|error| error.code().to_string()).collect(),
        forbidden: own.map(|error| error.message().to_owned()),
    }
}

/// The last promotion of the project, where what follows it was not done: sinks may read the version before, and
/// grants be missing, although the project equals production.
///
/// What still differs is what follows it, if the project is the one that it was staged from.
fn unfinished(ledger: &Ledger, own: &BTreeSet<SchemaName>, changes: &Changes) -> Option<DeploymentId> {
    let last = newest(ledger, own)?;
    let known = ledger.deployments.get(&last.intent.deployment)?;
    let is_same = || known.intent.project_fingerprint == changes.compiled.project.fingerprint().to_string();
    let is_open = known.state.is_promoted() && !known.settled;
    (is_open && (changes.is_empty() || is_same())).then(|| last.intent.deployment.clone())
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
fn newest<'l>(ledger: &'l Ledger, own: &BTreeSet<SchemaName>) -> Option<&'l SwapEntry> {
    let of_ours = |name: &String| name.parse().is_ok_and(|name: SchemaName| own.contains(&name));
    let standing = epoch::standing(&ledger.history);
    standing.into_iter().rev().find(|entry| entry.intent.project_schemas.iter().any(of_ours))
}

fn against(ledger: &Ledger, own: &BTreeSet<SchemaName>) -> Option<Against> {
    let last = newest(ledger, own)?;
    Some(Against { deployment: last.intent.deployment.to_string(), at_ms: last.at.0, by: last.actor.clone() })
}

fn outcome(
    now: Timestamp,
    changes: Rc<Changes>,
    alternatives: Vec<Alternative>,
    to_apply: Vec<String>,
    cost: Cost,
) -> Outcome {
    let objects: Vec<ChangedObject> = changes
        .objects
        .iter()
        .map(|object| ChangedObject {
            name: object.name.to_string(),
            kind: object.kind,
            change: object.change,
            because: object.because.iter().map(ToString::to_string).collect(),
            way: object.way,
            file: object.file.clone(),
        })
        .collect();
    let mut summary: BTreeMap<&'static str, usize> =
        Change::ALL.into_iter().map(|change| (change.as_str(), changes.of(change).count())).collect();
    summary.insert(Change::Unchanged.as_str(), changes.unchanged);
    let names = |change| changes.of(change).map(|object| object.name.to_string()).collect();
    let others = alternatives.iter().map(|other| (other.isolation.as_str(), other.cost));
    let isolations = others.chain([(changes.isolation.as_str(), cost)]).collect();
    Outcome {
        empty: changes.is_empty() && changes.recorded_as.is_none(),
        unfinished: changes.recorded_as.clone().filter(|_| changes.is_empty()),
        summary,
        drifted: names(Change::Drifted),
        removed: names(Change::Removed),
        replacements: stable::replaced(&changes.objects).map(|object| object.name.to_string()).collect(),
        pending_replacements: Vec::new(),
        kept: changes.kept.clone(),
        in_place: changes.in_place.iter().map(|after| after.what.clone()).collect(),
        to_apply,
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
            age_s: now.since(Timestamp(against.at_ms)).as_secs(),
            by: against.by.clone(),
        }),
        objects,
        changes,
    }
}
