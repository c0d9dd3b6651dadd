//! drop: removes what stands under a deployment's staging names, and nothing else.
//!
//! Either a green that is not wanted (abort), or the version that a promotion replaced (retire), or what a run
//! has built of a deployment that was over (overtaken). What was cut before its ids were recorded is told by
//! [`super::overtaken`] from what somebody else has put under its names.
//! DROP goes by name, and a swap changes what a name means; so everything is *claimed* first: one
//! fenced transaction renames it to names that nothing swaps onto; objects that changed places one by one
//! are renamed one by one. Only what bears such a name is
//! dropped, a layer of dependents at a time and without CASCADE. Refuses: `drop.promoted`,
//! `drop.foreign-dependents`, `drop.subscribed`, `drop.moved`. Start reading at [`wanted`] and [`steps`]; the claim
//! itself is in `claim.rs`.

use std::collections::BTreeSet;

use serde::Serialize;

use self::claim::Claim;
use super::allowed;
use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::fenced;
use super::ledger::Deployment;
use super::overtaken;
use super::scope;
use super::scope::Scope;
use super::shifted;
use super::subscribed::Subscribes;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::db::apply::OnFailure;
use crate::deployment::DeploymentId;
use crate::deployment::dropping::ClaimedCluster;
use crate::deployment::dropping::ClaimedObject;
use crate::deployment::dropping::ClaimedSchema;
use crate::deployment::dropping::DropDone;
use crate::deployment::dropping::DropIntent;
use crate::deployment::dropping::DropReason;
use crate::deployment::record::Record;
use crate::deployment::state::State;
use crate::event::Event;
use crate::name::ClusterName;
use crate::name::NameError;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::plan::Plan;
use crate::plan::exchange::Exchange;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

mod claim;
pub mod overlay;
mod stays;

/// Names what to drop.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Whether its green is not wanted, the version it replaced, or what a run has left of it.
    pub reason: DropReason,
    /// What is to become of SUBSCRIBEs over it.
    pub subscribes: Subscribes,
}

/// Tells what was dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The deployment.
    pub deployment: DeploymentId,
    /// How many objects.
    pub objects: usize,
    /// The schemas, by the names they had.
    pub schemas: Vec<String>,
    /// The clusters, by the names they had.
    pub clusters: Vec<String>,
}

/// Chooses what is to be claimed, from the records and the catalog; touches nothing.
///
/// What is gone already is left out; what bears another name is not, and [`droppable`] says no to it. On a
/// repeated attempt things may bear their claimed names already.
fn wanted(scope: &Scope, reason: DropReason, catalog: &Catalog) -> Result<DropIntent, Error> {
    let id = scope.deployment();
    let too_long = |error: NameError| Error::bug(format!("a staged name grew too long: {error}"));
    let mut intent = DropIntent {
        deployment: id.clone(),
        reason,
        schemas: Vec::new(),
        clusters: Vec::new(),
        one_by_one: one_by_one(scope, reason, catalog).map_err(too_long)?,
        objects: Vec::new(),
    };
    let done = scope.done.as_ref();
    for (at, pair) in scope.intent.schemas.iter().enumerate() {
        let claimed = id.claimed(&pair.production).map_err(too_long)?;
        let name = pair.staging_name();
        let expected = match reason {
            DropReason::Abort | DropReason::Overtaken => done.and_then(|done| done.schemas.get(at)),
            DropReason::Retire => pair.production_id.as_ref(),
        };
        if let Some(expected) = expected {
            intent.schemas.push(ClaimedSchema { name, claimed, id: expected.clone() });
        }
    }
    for (at, pair) in scope.intent.clusters.iter().enumerate() {
        let claimed = ClusterName(id.claimed(&pair.production.0).map_err(too_long)?);
        let name = pair.staging.clone();
        let expected = match reason {
            DropReason::Abort | DropReason::Overtaken => done.and_then(|done| done.clusters.get(at)),
            DropReason::Retire => Some(&pair.production_id),
        };
        if let Some(expected) = expected {
            intent.clusters.push(ClaimedCluster { name, claimed, id: expected.clone() });
        }
    }
    intent.one_by_one.extend(beside(scope, reason).map_err(too_long)?);
    stays::claim(scope, reason, &mut intent).map_err(too_long)?;
    intent.objects = ours(scope, reason, catalog, &intent);
    // What is gone need not be claimed.
    let schemas: BTreeSet<_> = catalog.schemas.values().map(|schema| &schema.id).collect();
    intent.schemas.retain(|schema| schemas.contains(&schema.id));
    let clusters: BTreeSet<_> = catalog.clusters.values().map(|cluster| &cluster.id).collect();
    intent.clusters.retain(|cluster| clusters.contains(&cluster.id));
    intent.one_by_one.retain(|object| catalog.objects.contains_key(&object.id));
    Ok(intent)
}

/// The objects that changed places one by one, or were to; their indexes go with them.
fn one_by_one(scope: &Scope, reason: DropReason, catalog: &Catalog) -> Result<Vec<ClaimedObject>, NameError> {
    let mut found = Vec::new();
    for object in scope.contents.renamed() {
        let name = match reason {
            DropReason::Abort | DropReason::Overtaken if !object.change.is_built() => continue,
            DropReason::Abort | DropReason::Overtaken => scope.intent.staging_name(object),
            DropReason::Retire => scope.intent.retired_name(object),
        };
        let claimed = scope.deployment().claimed(&object.name.object)?;
        let expected = match reason {
            DropReason::Abort | DropReason::Overtaken => scope.built.get(&name),
            DropReason::Retire => object.production_id.as_ref(),
        };
        if let Some(id) = expected {
            let stands = catalog.objects.get(id);
            let kind = stands.map_or(object.kind, |found| found.kind);
            // Its schema may have changed places since, and taken it along.
            let carried =
                stands.filter(|found| found.name.object == name.object || found.name.object == claimed);
            let name = carried.map_or(name.clone(), |found| found.name.schema_name().object(name.object));
            found.push(ClaimedObject { kind, name, claimed, id: id.clone() });
        }
    }
    Ok(found)
}

/// The indexes on relations that stay.
fn beside(scope: &Scope, reason: DropReason) -> Result<Vec<ClaimedObject>, NameError> {
    let mut found = Vec::new();
    for index in scope.contents.indexes.iter().filter(|index| index.stands_beside()) {
        let claimed = scope.deployment().claimed(&index.name.object)?;
        let expected = match reason {
            DropReason::Abort | DropReason::Overtaken => scope.built.get(&index.staging),
            DropReason::Retire => index.production_id.as_ref(),
        };
        if let Some(expected) = expected {
            let (kind, name) = (ObjectKind::Index, index.staging.clone());
            found.push(ClaimedObject { kind, name, claimed, id: expected.clone() });
        }
    }
    Ok(found)
}

/// The ids inside the claimed schemas that may be dropped with them, and those that are claimed one by one, with the
/// indexes on these: whatever else was recorded stands where nothing is claimed.
fn ours(scope: &Scope, reason: DropReason, catalog: &Catalog, intent: &DropIntent) -> Vec<ObjectId> {
    let one_by_one = intent.one_by_one.iter().map(|object| object.id.clone());
    let recorded = match reason {
        DropReason::Retire => scope.leaving(),
        DropReason::Abort | DropReason::Overtaken => scope.green(),
    };
    let ours: BTreeSet<ObjectId> = recorded.into_iter().cloned().chain(one_by_one).collect();
    let schemas: BTreeSet<&SchemaId> = intent.schemas.iter().map(|schema| &schema.id).collect();
    let by_itself: BTreeSet<&ObjectId> = intent.one_by_one.iter().map(|object| &object.id).collect();
    let is_claimed = |object: &Object| {
        by_itself.contains(&object.id)
            || object.on.as_ref().is_some_and(|on| by_itself.contains(on))
            || catalog
                .schemas
                .get(&object.name.schema_name())
                .is_some_and(|found| schemas.contains(&found.id))
    };
    ours.into_iter().filter(|id| catalog.objects.get(id).is_some_and(is_claimed)).collect()
}

/// The name a claimed schema bears now: its old one, its claimed one, or none that holds its id.
fn find_schema(schema: &ClaimedSchema, catalog: &Catalog) -> Option<bool> {
    let marked = crate::name::SchemaName::new(schema.name.database.clone(), schema.claimed.clone());
    let bears = |name| catalog.schemas.get(name).is_some_and(|found| found.id == schema.id);
    if bears(&marked) {
        Some(true)
    } else if bears(&schema.name) {
        Some(false)
    } else {
        None
    }
}

fn find_cluster(cluster: &ClaimedCluster, catalog: &Catalog) -> Option<bool> {
    let bears = |name| catalog.clusters.get(name).is_some_and(|found| found.id == cluster.id);
    if bears(&cluster.claimed) {
        Some(true)
    } else if bears(&cluster.name) {
        Some(false)
    } else {
        None
    }
}

fn find_object(object: &ClaimedObject, catalog: &Catalog) -> Option<bool> {
    let marked = object.name.schema_name().object(object.claimed.clone());
    let bears = |name: &ObjectName| catalog.object(name).is_some_and(|found| found.id == object.id);
    if bears(&marked) {
        Some(true)
    } else if bears(&object.name) {
        Some(false)
    } else {
        None
    }
}

/// The renames that claim what is not claimed yet.
fn claiming(intent: &DropIntent, catalog: &Catalog) -> Vec<Step> {
    let mut steps = Vec::new();
    for schema in &intent.schemas {
        if find_schema(schema, catalog) == Some(false) {
            steps.push(Exchange::RenameSchema { from: schema.name.clone(), to: schema.claimed.clone() });
        }
    }
    for cluster in &intent.clusters {
        if find_cluster(cluster, catalog) == Some(false) {
            steps.push(Exchange::RenameCluster { from: cluster.name.clone(), to: cluster.claimed.clone() });
        }
    }
    for object in &intent.one_by_one {
        if find_object(object, catalog) == Some(false) {
            let (kind, from, to) = (object.kind, object.name.clone(), object.claimed.clone());
            steps.push(Exchange::RenameObject { kind, from, to });
        }
    }
    steps.into_iter().map(Step::Exchange).collect()
}

/// Says no if what is to be dropped is not what was recorded, or if somebody else needs it.
fn droppable(intent: &DropIntent, catalog: &Catalog) -> Result<(), Error> {
    let id = &intent.deployment;
    let gone = |what: String, now: Option<String>| {
        let now = now.map(|name| format!(": that is {name} now")).unwrap_or_default();
        let message = format!("{what} no longer holds what was recorded for {id}{now}");
        Error::new(Code::DropMoved, message).effect("nothing was dropped")
    };
    for schema in &intent.schemas {
        find_schema(schema, catalog).ok_or_else(|| {
            let now = catalog.schemas.iter().find(|(_, found)| found.id == schema.id);
            gone(format!("schema {}", schema.name), now.map(|(name, _)| name.to_string()))
        })?;
    }
    for cluster in &intent.clusters {
        find_cluster(cluster, catalog).ok_or_else(|| {
            let now = catalog.clusters.iter().find(|(_, found)| found.id == cluster.id);
            gone(format!("cluster {}", cluster.name), now.map(|(name, _)| name.to_string()))
        })?;
    }
    for object in &intent.one_by_one {
        find_object(object, catalog).ok_or_else(|| {
            let now = catalog.objects.get(&object.id);
            gone(format!("{} {}", object.kind, object.name), now.map(|found| found.name.to_string()))
        })?;
    }
    owned(intent, catalog)?;
    let ours: BTreeSet<&ObjectId> = intent.objects.iter().collect();
    let mut strangers = BTreeSet::new();
    let ids: BTreeSet<_> = intent.schemas.iter().map(|schema| &schema.id).collect();
    let schemas = catalog.schemas.iter().filter(|(_, schema)| ids.contains(&schema.id));
    for (name, _) in schemas {
        let others = catalog.objects_in(name).filter(|object| !ours.contains(&object.id));
        strangers.extend(others.map(scope::told));
    }
    for cluster in &intent.clusters {
        let others = catalog.objects_on(&cluster.id).filter(|object| !ours.contains(&object.id));
        strangers.extend(others.map(scope::told));
    }
    let readers = scope::dependents(catalog, &ours, &ours);
    strangers.extend(readers.into_iter().map(|reader| format!("{reader} reads it")));
    let sinks = scope::sinks_reading(catalog, &ours);
    strangers.extend(sinks.into_iter().map(|object| format!("{} reads it", scope::told(object))));
    if strangers.is_empty() {
        return Ok(());
    }
    let message = match intent.reason {
        DropReason::Abort => format!("others depend on what was staged as {id}"),
        DropReason::Retire => format!("others still depend on the version that {id} replaced"),
        DropReason::Overtaken => format!("others depend on what a run has left of {id}"),
    };
    Err(Error::new(Code::DropForeignDependents, message).with_lines(strangers).effect("nothing was dropped"))
}

/// Fails where the connected role may not claim or drop something of it.
fn owned(intent: &DropIntent, catalog: &Catalog) -> Result<(), Error> {
    if !catalog.session.checked {
        return Ok(());
    }
    let schemas: BTreeSet<_> = intent.schemas.iter().map(|schema| &schema.id).collect();
    let schemas = catalog.schemas.iter().filter(|(_, found)| schemas.contains(&found.id));
    let clusters: BTreeSet<_> = intent.clusters.iter().map(|cluster| &cluster.id).collect();
    let clusters = catalog.clusters.iter().filter(|(_, found)| clusters.contains(&found.id));
    let objects = intent.objects.iter().filter_map(|id| catalog.objects.get(id));
    let things = schemas
        .map(|(name, _)| Target::Schema(name.clone()))
        .chain(clusters.map(|(name, _)| Target::Cluster(name.clone())))
        .chain(objects.map(|object| Target::Object(object.kind, object.name.clone())));
    let lines = allowed::unowned(catalog, things);
    let (me, id) = (&catalog.session.role, &intent.deployment);
    if lines.is_empty() {
        let lacking = allowed::lacking(catalog, needed(intent, catalog));
        if lacking.is_empty() {
            return Ok(());
        }
        let message = format!("{me} owns what {id} has left, and may not drop it");
        return Err(Error::new(Code::DropMissingPrivilege, message)
            .with_lines(lacking)
            .effect("nothing was dropped"));
    }
    let message = match intent.reason {
        DropReason::Abort => format!("{me} does not own all that was staged as {id}"),
        DropReason::Retire => format!("{me} does not own all that {id} replaced"),
        DropReason::Overtaken => format!("{me} does not own all that a run has left of {id}"),
    };
    Err(Error::new(Code::DropNotOwner, message).with_lines(lines).effect("nothing was dropped"))
}

/// What claiming and dropping it takes beside owning it.
///
/// Source: `design/materialize.md` 5.2.
fn needed(intent: &DropIntent, catalog: &Catalog) -> Vec<(&'static str, Target)> {
    let databases = intent.schemas.iter().map(|schema| schema.name.database.clone());
    let databases: BTreeSet<_> = databases.map(Target::Database).collect();
    let objects = intent.objects.iter().filter_map(|id| catalog.objects.get(id));
    let schemas: BTreeSet<_> = objects.map(|object| Target::Schema(object.name.schema_name())).collect();
    let rename = databases.iter().cloned().map(|database| ("CREATE", database));
    rename.chain(databases.iter().cloned().chain(schemas).map(|thing| ("USAGE", thing))).collect()
}

/// The drops, leaves first: one statement for each kind of each layer, then the schemas and the
/// clusters, all of it by claimed names and RESTRICT.
fn steps(intent: &DropIntent, catalog: &Catalog) -> Vec<Step> {
    let claimed: BTreeSet<&ObjectId> = intent.one_by_one.iter().map(|object| &object.id).collect();
    // Indexes go with their relation, except those on relations that stay.
    let goes_along = |id: &&ObjectId| {
        let index = catalog.objects.get(*id).is_some_and(|object| object.kind == ObjectKind::Index);
        index && !claimed.contains(id)
    };
    let drops = catalog.drops(intent.objects.iter().filter(|id| !goes_along(id))).into_iter();
    let schemas = intent.schemas.iter().map(|schema| {
        Step::DropSchema(crate::name::SchemaName::new(schema.name.database.clone(), schema.claimed.clone()))
    });
    let clusters = intent.clusters.iter().map(|cluster| Step::DropCluster(cluster.claimed.clone()));
    drops.chain(schemas).chain(clusters).collect()
}

/// Fails where the deployment's state forbids the drop.
fn possible(id: &DeploymentId, reason: DropReason, state: State) -> Result<(), Error> {
    let refuse =
        |code, message: &str| Err(Error::new(code, format!("{id} {message}")).effect("nothing was dropped"));
    match (reason, state) {
        (DropReason::Abort, State::Staging | State::Staged | State::RolledBack | State::Aborting)
        | (DropReason::Retire, State::Promoted | State::Retiring)
        | (DropReason::Overtaken, State::Promoted | State::Retiring | State::Retired | State::Aborted) => {
            Ok(())
        }
        (DropReason::Overtaken, State::Staging | State::Staged | State::RolledBack | State::Aborting) => {
            refuse(Code::DropMoved, "is not over: nothing of it is left by a run that was overtaken")
        }
        (DropReason::Abort, State::Promoted | State::Retiring) => {
            refuse(Code::DropPromoted, "is production: its staging names hold the version that it replaced")
        }
        (DropReason::Abort, State::Retired) => refuse(Code::DropPromoted, "is production"),
        (DropReason::Retire, State::Staging | State::Staged | State::RolledBack | State::Aborting) => {
            refuse(Code::DropMoved, "is not production: there is nothing that it replaced")
        }
        (DropReason::Abort | DropReason::Retire, State::Aborted) | (DropReason::Retire, State::Retired) => {
            refuse(Code::DeploymentGone, "was dropped before")
        }
    }
}

/// Drops it; after a crash, repeating it goes on.
///
/// # Errors
/// See the head of this file; besides, `drop.conflict`, `drop.rejected`, `deployment.unknown`,
/// `deployment.gone`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two, and what is claimed stays claimed.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    dropped(ctx, request).await.map_err(|error| error.of(&request.deployment))
}

async fn dropped(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(&request.deployment)?.clone();
    if let Some(outcome) = nothing_left(ctx, &known, request) {
        return Ok(outcome);
    }
    let started = ctx.clock.elapsed();
    let scope = match request.reason {
        DropReason::Abort | DropReason::Retire => Scope::read(ctx, &known).await?,
        DropReason::Overtaken => {
            let catalog = ctx.catalog().await?;
            let mut left = overtaken::find(ctx, &ledger, &catalog, Some(&request.deployment)).await?;
            match left.pop() {
                Some(left) => left,
                None => return Ok(empty(&request.deployment)),
            }
        }
    };
    if request.reason == DropReason::Retire && replaced_nothing(&scope) {
        return Ok(empty(&request.deployment));
    }
    let mut claim = Claim::new(ctx, &scope, request);
    fenced::make(ctx, &mut claim, fenced::RETRY_FOR).await?;
    claim.warn(ctx);
    let Some(intent) = claim.intent else {
        return Err(Error::bug("the claim happened and left no intent"));
    };
    let catalog = ctx.catalog().await?;
    shifted::warn(ctx, &scope.intent, &catalog, "will find nothing there");
    let mut plan = Plan::new();
    plan.each(steps(&intent, &catalog));
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    if let Some((step, error)) = applied.failed.into_iter().next() {
        let message = format!("cannot {}: {}", step.what(), error.message());
        return Err(Error::server(Code::DropRejected, message, &error)
            .effect("what is left bears claimed names that nothing swaps onto; dropping again goes on"));
    }
    ctx.go_on()?;
    if request.reason == DropReason::Abort {
        // Before the last row: until it is written nobody stages under this id again.
        ctx.forget_objects(&request.deployment).await?;
    }
    let done = DropDone { deployment: request.deployment.clone(), reason: request.reason };
    ctx.record(Record::DropDone(done)).await?;
    ctx.events.event(Event::Dropped {
        deployment: request.deployment.clone(),
        reason: request.reason,
        objects: intent.objects.len(),
        took: ctx.clock.elapsed().saturating_sub(started),
    });
    Ok(Outcome {
        deployment: request.deployment.clone(),
        objects: intent.objects.len(),
        schemas: intent.schemas.iter().map(|schema| schema.name.to_string()).collect(),
        clusters: intent.clusters.iter().map(|cluster| cluster.name.to_string()).collect(),
    })
}

fn empty(deployment: &DeploymentId) -> Outcome {
    Outcome { deployment: deployment.clone(), objects: 0, schemas: Vec::new(), clusters: Vec::new() }
}

/// Within the run that dropped it, dropping again is nothing new.
fn nothing_left(ctx: &Ctx, known: &Deployment, request: &Request) -> Option<Outcome> {
    let over = match request.reason {
        DropReason::Abort => known.state == State::Aborted,
        DropReason::Retire => known.state == State::Retired,
        // Looking for it again tells.
        DropReason::Overtaken => false,
    };
    (over && known.runs.last() == Some(&ctx.run.id)).then(|| empty(&request.deployment))
}

/// A first deployment moved into place; nothing stands under its staging names.
fn replaced_nothing(scope: &Scope) -> bool {
    scope.intent.clusters.is_empty()
        && scope.contents.renamed().all(|object| object.production_id.is_none())
        && scope.intent.schemas.iter().all(|pair| pair.production_id.is_none())
        && scope.contents.indexes.iter().all(|index| !index.stands_beside() || index.production_id.is_none())
}

#[cfg(test)]
mod tests;
