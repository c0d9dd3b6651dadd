//! stage: builds what has to be rebuilt beside production, under staging names.
//!
//! Writes its intent first (every name that will be created), then creates, then records the ids.
//! A model that the server refuses does not keep the others from being created: all refusals are
//! told at once, and what stands stays for the next attempt. At the end the swap is rehearsed and
//! rolled back. Refuses: `stage.*`. Start reading at [`run`] and in `choose.rs`.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::try_join;
use serde::Serialize;

use self::choose::Choice;
use super::changes::Changes;
use super::changes::layout;
use super::changes::layout::Clones;
use super::changes::layout::Layout;
use super::cluster_options;
use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::exchange;
use super::ledger::Ledger;
use super::overtaken;
use super::scope;
use super::scope::Scope;
use crate::catalog::Catalog;
use crate::db;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::change::Change;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::Record;
use crate::deployment::record::SchemaPair;
use crate::deployment::record::StageDone;
use crate::deployment::record::StageIntent;
use crate::deployment::rights::Undo;
use crate::deployment::said::MetadataIntent;
use crate::event::Event;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::plan::Plan;
use crate::plan::privilege::Target;

mod choose;
mod create;
mod replacements;

/// Whether objects that somebody else changed may be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drift {
    /// They may not.
    #[default]
    Refused,
    /// The project's version is put over theirs.
    Overwritten,
}

/// Names what to build.
#[derive(Clone, Debug)]
pub struct Request {
    /// What `diff` found.
    pub changes: Rc<Changes>,
    /// The deployment's id; `None` is the commit's, or outside git the project's.
    pub id: Option<DeploymentId>,
    /// Whether objects that somebody else changed may be replaced.
    pub drift: Drift,
}

/// A schema or cluster and its green.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Staged {
    /// The production name.
    pub production: String,
    /// The staging name.
    pub staging: String,
}

/// Tells what stands beside production now.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The deployment.
    pub id: DeploymentId,
    /// Its schemas.
    pub schemas: Vec<Staged>,
    /// Its clusters.
    pub clusters: Vec<Staged>,
    /// Its objects that are to change names one by one.
    pub renamed: Vec<Staged>,
    /// How many objects were built.
    pub objects: usize,
    /// Those of them that take over in place from what bears their production names.
    pub replacements: Vec<String>,
    /// Whether it is production already, as when a run is resumed behind its swap.
    pub promoted: bool,
}

/// Builds it; after a crash, or after a refusal and a mended file, repeating it goes on.
///
/// # Errors
/// See the head of this file; besides, `run.interrupted`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two, and what stands is recorded.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let changes = &request.changes;
    if changes.recorded_as.is_none() {
        refuse(changes, request.drift)?;
    }
    let catalog = ctx.catalog().await?;
    let choice = choose::chosen(ctx, request, &catalog).await?;
    let id = match &choice {
        Choice::New(id) | Choice::Continue(id) | Choice::Complete(id) => id.clone(),
    };
    let commit = ctx.run.started.commit.clone();
    let (clones, shapes) = clones(ctx, changes).await?;
    let mut layout = layout::layout(changes, &id, commit.as_deref(), &clones, &catalog)
        .map_err(|error| error.deployment(&id))?;
    for pair in &mut layout.intent.clusters {
        if let Some(shape) = &mut pair.production_shape {
            shape.options = shapes.get(&pair.production).cloned();
        }
    }
    if matches!(choice, Choice::Continue(_)) && !layout.intent.clusters.is_empty() {
        cloned_before(&mut layout.intent, ctx.ledger().await?.as_deref(), &catalog);
    }
    if matches!(choice, Choice::Complete(_)) {
        let ledger = ctx.ledger_or_refuse().await?;
        let promoted = ledger.deployment(&id)?.state.is_promoted();
        return Ok(outcome(&layout, promoted));
    }
    match &choice {
        Choice::New(_) => free_names(&layout, &catalog)?,
        Choice::Continue(_) => own_names(ctx, &layout, &catalog).await?,
        Choice::Complete(_) => {}
    }
    replacements::free_targets(ctx, &layout, &catalog).await?;
    ctx.go_on()?;
    let started = ctx.clock.elapsed();
    let mut planned =
        vec![Record::StageIntent(layout.intent.clone()), Record::StageObjects(layout.contents.clone())];
    if changes.recorded_as.is_none() {
        let intent = MetadataIntent {
            deployment: Some(id.clone()),
            project_schemas: layout.intent.project_schemas.clone(),
            things: changes.said.clone(),
        };
        // An attempt that was to grant more is not the one that counts.
        if !intent.things.is_empty() || matches!(choice, Choice::Continue(_)) {
            planned.push(Record::MetadataIntent(intent));
        }
    }
    ctx.record_all(planned).await?;
    if changes.recorded_as.is_none() {
        overtaken(ctx, &layout).await?;
    }
    create::create(ctx, &layout, changes, &catalog).await?;
    let catalog = ctx.catalog().await?;
    create::bring_in_line(ctx, &layout, &catalog).await?;
    let done = done(&layout, &catalog)?;
    let rows = rows(&layout, &catalog);
    rehearse(ctx, &layout, &done, &rows).await?;
    record(ctx, &id, &rows, &choice).await?;
    ctx.record(Record::StageDone(done)).await?;
    ctx.events.event(Event::Staged {
        deployment: id,
        objects: layout.intent.built,
        schemas: layout.intent.schemas.len(),
        clusters: layout.intent.clusters.len(),
        took: ctx.clock.elapsed().saturating_sub(started),
    });
    Ok(outcome(&layout, false))
}

/// Records what stands. What an attempt that died behind its own records has left there may be gone and made anew
/// since, under other ids.
async fn record(
    ctx: &mut Ctx,
    id: &DeploymentId,
    rows: &[DeployedObject],
    choice: &Choice,
) -> Result<(), Error> {
    let earlier = async {
        match choice {
            Choice::Continue(_) => ctx.objects_of(&[id]).await,
            Choice::New(_) | Choice::Complete(_) => Ok(Vec::new()),
        }
    };
    // What is recorded of a promoted deployment is what production is compared with.
    let promoted = not_promoted(ctx, id, "what this run has built since is left over: gc finds it");
    let (_, earlier) = try_join(promoted, earlier).await?;
    if earlier.iter().any(|row| !rows.contains(row)) {
        ctx.forget_objects(id).await?;
    }
    ctx.record_objects(rows).await
}

/// Of clusters that an earlier attempt has cloned, what production's were then stays recorded: somebody may have
/// altered them since, and the clones are what they were.
fn cloned_before(intent: &mut StageIntent, ledger: Option<&Ledger>, catalog: &Catalog) {
    let known = ledger.and_then(|ledger| ledger.deployments.get(&intent.deployment));
    let Some(known) = known else { return };
    for pair in intent.clusters.iter_mut().filter(|pair| catalog.clusters.contains_key(&pair.staging)) {
        let before = known.intent.clusters.iter().find(|before| before.staging == pair.staging);
        if let Some(before) = before.filter(|before| before.production_id == pair.production_id) {
            pair.production_shape.clone_from(&before.production_shape);
        }
    }
}

/// Fails where another run has swapped since the comparison: asked behind the intent, so that whoever swaps later
/// finds that.
async fn overtaken(ctx: &mut Ctx, layout: &Layout) -> Result<(), Error> {
    let id = &layout.intent.deployment;
    let ledger = not_promoted(ctx, id, "nothing was built").await?;
    if ledger.marker.epoch == layout.intent.base_epoch {
        return Ok(());
    }
    let catalog = ctx.reread().await?;
    let (intent, contents) = (layout.intent.clone(), layout.contents.clone());
    let lines = exchange::sides::moved_since(
        &Scope { intent, contents, done: None, built: BTreeMap::new(), undo: Undo::default() },
        &catalog,
    );
    if lines.is_empty() {
        return Ok(());
    }
    let message = "production changed while this deployment was planned";
    Err(Error::new(Code::SwapProductionMoved, message)
        .deployment(id)
        .with_lines(lines)
        .effect("nothing was built"))
}

/// Fails where another run has promoted the deployment meanwhile: what this one builds is none of it any more.
async fn not_promoted(ctx: &Ctx, id: &DeploymentId, effect: &str) -> Result<Rc<Ledger>, Error> {
    let ledger = ctx.ledger_or_refuse().await?;
    if ledger.deployment(id)?.state.is_promoted() {
        let message = format!("another run has promoted {id} meanwhile");
        return Err(Error::new(Code::SwapAlreadyPromoted, message).deployment(id).effect(effect));
    }
    Ok(ledger)
}

fn refuse(changes: &Changes, drift: Drift) -> Result<(), Error> {
    let drifted: Vec<String> = changes.of(Change::Drifted).map(|object| object.name.to_string()).collect();
    if drift == Drift::Refused && !drifted.is_empty() {
        let message = "production is not what was last promoted: somebody else changed it";
        return Err(Error::new(Code::StageDrifted, message)
            .with_lines(drifted)
            .effect("nothing was changed"));
    }
    match changes.refusals.split_first() {
        None => Ok(()),
        Some((first, others)) => Err(first.clone().also(others.to_vec())),
    }
}

/// All options of clusters, by name.
type Shapes = BTreeMap<ClusterName, BTreeMap<String, String>>;

/// The options of every cluster that is cloned, as the server itself writes them down: those that its clone is made
/// with, and all.
async fn clones(ctx: &Ctx, changes: &Changes) -> Result<(Clones, Shapes), Error> {
    let names: Vec<ClusterName> = changes.clusters.keys().cloned().collect();
    let definitions = db::introspect::definitions::of_clusters(ctx.session(), &names).await?;
    let (mut clones, mut shapes) = (Clones::new(), Shapes::new());
    for (name, definition) in names.into_iter().zip(definitions) {
        let options = cluster_options::options(&definition).ok_or_else(|| {
            let message = format!("cannot read how cluster {name} is defined");
            Error::new(Code::StageUnmanagedCluster, message).line(definition).effect("nothing was changed")
        })?;
        clones.insert(name.clone(), cluster_options::cloned(&options));
        shapes.insert(name, options.into_iter().collect());
    }
    Ok((clones, shapes))
}

/// Fails where something that no deployment recorded bears one of the names.
fn free_names(layout: &Layout, catalog: &Catalog) -> Result<(), Error> {
    let schemas = layout.intent.schemas.iter().chain(&layout.intent.replaced_in);
    let schemas = schemas.map(|pair| pair.staging_name());
    let schemas = schemas.filter_map(|name| {
        let found = catalog.schemas.get(&name)?;
        let inside = catalog.objects_in(&name).map(scope::told).collect();
        Some(taken(Target::Schema(name), &found.owner, inside))
    });
    let clusters = layout.intent.clusters.iter().filter_map(|pair| {
        let found = catalog.clusters.get(&pair.staging)?;
        let inside = catalog.objects_on(&found.id).map(scope::told).collect();
        Some(taken(Target::Cluster(pair.staging.clone()), &found.owner, inside))
    });
    let objects = layout.contents.renamed().flat_map(|object| {
        let green = object.change.is_built().then(|| layout.intent.staging_name(object));
        green.into_iter().chain([layout.intent.retired_name(object)])
    });
    let indexes = layout.contents.indexes.iter().filter_map(|index| {
        let retired = index.retired_name()?;
        Some([index.staging.clone(), retired])
    });
    let objects = objects.chain(indexes.flatten()).filter_map(|name| catalog.object(&name)).map(scope::told);
    let taken: Vec<String> = schemas.chain(clusters).flatten().chain(objects).collect();
    if taken.is_empty() {
        return Ok(());
    }
    let id = &layout.intent.deployment;
    Err(Error::new(Code::StageNameTaken, "a staging name is taken by something that no deployment recorded")
        .deployment(id)
        .with_lines(taken)
        .effect("nothing was changed"))
}

/// What is told of a staging name that is taken: by what, whose it is, what is in it, and where nothing is how it goes.
fn taken(what: Target, owner: &RoleName, inside: Vec<String>) -> Vec<String> {
    if inside.is_empty() {
        let (noun, name) = (what.noun(), what.sql());
        return vec![format!("{what} (owner {owner}) is empty: DROP {noun} {name}")];
    }
    let head = format!("{what} (owner {owner})");
    [head].into_iter().chain(inside.into_iter().map(|object| format!("  {object}"))).collect()
}

/// Fails where something stands under a name of a deployment that is gone on with, and no run of it has made it: it
/// would be taken for its own.
async fn own_names(ctx: &Ctx, layout: &Layout, catalog: &Catalog) -> Result<(), Error> {
    let id = &layout.intent.deployment;
    let ledger = ctx.ledger().await?;
    let known = ledger.as_ref().and_then(|ledger| ledger.deployments.get(id));
    // What a rehearsal has made no server knows of.
    let Some(known) = known.filter(|_| !ctx.is_rehearsal()) else { return Ok(()) };
    let (intent, contents) = (layout.intent.clone(), layout.contents.clone());
    let scope = Scope { intent, contents, done: None, built: BTreeMap::new(), undo: Undo::default() };
    let (_, strangers) = overtaken::unfinished(ctx, &scope, known, catalog).await?;
    if strangers.is_empty() {
        return Ok(());
    }
    let message = "a staging name is taken by something that the deployment has not made";
    Err(Error::new(Code::StageNameTaken, message)
        .deployment(id)
        .with_lines(strangers)
        .effect("nothing was changed"))
}

/// Rehearses the swap, so that what would forbid it is known before anybody waits for hydration.
async fn rehearse(
    ctx: &mut Ctx,
    layout: &Layout,
    done: &StageDone,
    rows: &[DeployedObject],
) -> Result<(), Error> {
    // Somebody else's DDL makes a rehearsal fail as it makes a swap fail; neither is worth a refusal.
    const ATTEMPTS: u32 = 5;
    let id = &layout.intent.deployment;
    let Some(marker) = ctx.marker().await? else { return Ok(()) };
    let scope = Scope {
        intent: layout.intent.clone(),
        contents: layout.contents.clone(),
        done: Some(done.clone()),
        built: rows.iter().filter_map(|r| Some((r.green_name.clone(), r.object_id.clone()?))).collect(),
        undo: Undo::default(),
    };
    let catalog = ctx.catalog().await?;
    let steps = exchange::steps(&scope, SwapKind::Promotion, &marker, &marker.next(&ctx.run.id), &catalog)
        .map_err(|error| Error::bug(format!("a staged name is none: {error}")))?;
    let mut plan = Plan::new();
    plan.rehearse(steps);
    for attempt in 1..=ATTEMPTS {
        let applied = ctx.rehearse(&plan).await;
        if applied.interrupted {
            return Err(Error::new(Code::RunInterrupted, "stopped, as asked, while staging")
                .deployment(id)
                .effect("what was staged is not visible to anyone; production is untouched"));
        }
        let Some((step, error)) = applied.failed.into_iter().next() else { return Ok(()) };
        if error.outcome_unknown() {
            return Err(Error::from(error).deployment(id));
        }
        if !error.is_retryable() && ctx.marker().await?.as_ref() == Some(&marker) {
            let message = format!("the swap would fail: cannot {}: {}", step.what(), error.message());
            return Err(Error::server(Code::StageSwapImpossible, message, &error)
                .deployment(id)
                .effect(format!("{id} is staged and not visible to anyone; production is untouched")));
        }
        let pause = Duration::from_millis(50) * attempt;
        let deadline = ctx.clock.deadline(Some(pause));
        ctx.interrupt_or_sleep(&deadline, pause).await?;
    }
    Ok(())
}

fn done(layout: &Layout, catalog: &Catalog) -> Result<StageDone, Error> {
    let gone = |what: String| {
        Error::new(Code::SwapStagingMoved, format!("{what} was created and is gone: somebody dropped it"))
            .deployment(&layout.intent.deployment)
    };
    let schema = |pair: &SchemaPair| {
        let name = pair.staging_name();
        let found = catalog.schemas.get(&name).map(|schema| schema.id.clone());
        found.ok_or_else(|| gone(format!("schema {name}")))
    };
    let schemas = layout.intent.schemas.iter().map(schema);
    let replaced_in = layout.intent.replaced_in.iter().map(schema);
    let clusters = layout.intent.clusters.iter().map(|pair| {
        let found = catalog.clusters.get(&pair.staging).map(|cluster| cluster.id.clone());
        found.ok_or_else(|| gone(format!("cluster {}", pair.staging)))
    });
    Ok(StageDone {
        deployment: layout.intent.deployment.clone(),
        schemas: schemas.collect::<Result<_, _>>()?,
        clusters: clusters.collect::<Result<_, _>>()?,
        replaced_in: replaced_in.collect::<Result<_, _>>()?,
    })
}

/// What is recorded of each object and each index, by the ids that the catalog gave them.
fn rows(layout: &Layout, catalog: &Catalog) -> Vec<DeployedObject> {
    let id = &layout.intent.deployment;
    let mut rows = Vec::new();
    let mut production: BTreeMap<_, &ObjectName> = BTreeMap::new();
    for object in &layout.contents.objects {
        let green = layout.intent.staging_name(object);
        let stands = catalog.object(&green).filter(|_| object.change.is_built());
        if let Some(found) = stands {
            production.insert(&found.id, &object.name);
        }
        let object_id = match object.change {
            Change::Removed => None,
            Change::Reindexed | Change::Metadata | Change::Unchanged => object.production_id.clone(),
            Change::Added | Change::Changed | Change::Drifted | Change::Dependent | Change::Carried => {
                stands.map(|found| found.id.clone())
            }
        };
        rows.push(DeployedObject {
            deployment: id.clone(),
            name: object.name.clone(),
            kind: object.kind,
            object_id,
            green_name: green,
            fingerprint: object.fingerprint.clone(),
            metadata_fingerprint: object.metadata_fingerprint.clone(),
            change: object.change,
        });
    }
    let named: BTreeMap<&ObjectName, &ObjectName> =
        layout.contents.indexes.iter().map(|index| (&index.staging, &index.name)).collect();
    for index in catalog.objects.values().filter(|object| object.kind == ObjectKind::Index) {
        let of_ours = index.on.as_ref().and_then(|on| production.get(on));
        let name = match (named.get(&index.name), of_ours) {
            (Some(name), _) => (*name).clone(),
            (None, Some(relation)) => relation.schema_name().object(index.name.object.clone()),
            (None, None) => continue,
        };
        rows.push(of_index(id, name, index.name.clone(), Some(index.id.clone())));
    }
    let gone = layout.contents.indexes.iter().filter(|index| index.removed);
    rows.extend(gone.map(|index| of_index(id, index.name.clone(), index.staging.clone(), None)));
    rows
}

/// The row of an index; without an id it is one that production loses.
fn of_index(
    id: &DeploymentId,
    name: ObjectName,
    green_name: ObjectName,
    object_id: Option<ObjectId>,
) -> DeployedObject {
    DeployedObject {
        deployment: id.clone(),
        name,
        kind: ObjectKind::Index,
        change: if object_id.is_some() { Change::Added } else { Change::Removed },
        object_id,
        green_name,
        fingerprint: String::new(),
        metadata_fingerprint: String::new(),
    }
}

fn outcome(layout: &Layout, promoted: bool) -> Outcome {
    let schemas = layout.intent.schemas.iter().map(|pair| Staged {
        production: pair.production_name().to_string(),
        staging: pair.staging_name().to_string(),
    });
    let clusters = layout
        .intent
        .clusters
        .iter()
        .map(|pair| Staged { production: pair.production.to_string(), staging: pair.staging.to_string() });
    let renamed = layout.contents.renamed().filter(|object| object.change.is_built());
    let renamed = renamed.map(|object| Staged {
        production: object.name.to_string(),
        staging: layout.intent.staging_name(object).to_string(),
    });
    Outcome {
        id: layout.intent.deployment.clone(),
        schemas: schemas.collect(),
        clusters: clusters.collect(),
        renamed: renamed.collect(),
        objects: layout.intent.built,
        replacements: layout.contents.replacements().map(|o| o.name.to_string()).collect(),
        promoted,
    }
}

#[cfg(test)]
mod tests;
