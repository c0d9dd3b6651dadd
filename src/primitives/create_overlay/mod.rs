//! create_overlay: builds what differs from production, and what reads it, in a database of a developer's own.
//!
//! `<database>__<overlay>` holds views and materialized views alone; everything they read besides is
//! production's. What stands already and would be the same is left alone. A new version is built under
//! a temporary name, waited for, and takes the old one's name in one transaction; when it fails, the old
//! one stays. Every name is recorded before it is made. Refuses: `overlay.*`. Start reading at [`run`] and
//! in `decide.rs`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;

use self::build::Built;
use self::decide::Decision;
use self::decide::Facts;
use self::naming::Naming;
use super::changes::differing::Differing;
use super::ctx::Ctx;
use super::ctx::marker_in;
use super::error::Error;
use super::overlays;
use super::overlays::Overlays;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::deployment::overlay::DatabasePair;
use crate::deployment::overlay::OverlaidObject;
use crate::deployment::overlay::OverlayDone;
use crate::deployment::record::Record;
use crate::event::Event;
use crate::event::OverlayState;
use crate::event::PlannedBuild;
use crate::event::Sink;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaName;

mod build;
mod clear;
mod containers;
mod create;
mod decide;
mod exchange;
mod hydrate;
mod in_place;
mod naming;
mod refuse;
mod refused_swaps;
mod wanted;
mod ways;

pub use self::wanted::Downstream;

/// Names what to build, and where.
#[derive(Clone, Debug)]
pub struct Request {
    /// What differs from production.
    pub differing: Rc<Differing>,
    /// The cluster that everything of the overlay runs on.
    pub cluster: ClusterName,
    /// The overlay's name.
    pub name: String,
    /// What of that which reads a changed object goes with it.
    pub downstream: Downstream,
    /// How long a new version may take to catch up.
    pub timeout: Duration,
}

/// Tells what stands in the overlay now.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The overlay's name.
    pub name: String,
    /// Its first database; its only one in a project of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Its databases.
    pub databases: Vec<String>,
    /// Its objects, by their names in it, sorted.
    pub objects: Vec<String>,
    /// How many objects were built.
    pub built: usize,
    /// Their production names, each behind what it reads.
    pub touched: Vec<String>,
    /// How many were left alone.
    pub reused: usize,
    /// How many are gone.
    pub dropped: usize,
}

/// Builds it, or what of it differs; repeating it goes on, also after a crash.
///
/// # Errors
/// `overlay.failed` when an object could not be built, with all others built and the last good version of
/// it in place; see the head of this file; besides, `run.interrupted`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two, and what stands is recorded.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let started = ctx.clock.elapsed();
    let catalog = ctx.catalog().await?;
    let overlays = overlays::read(ctx, marker_in(&catalog)).await?;
    let mut naming = Naming::new(&request.name);
    let project = &request.differing.compiled.project;
    let databases = project.databases.iter().map(|database| naming.database(&database.name));
    let databases: Vec<DatabasePair> = databases.collect::<Result<_, _>>()?;
    let roots = request.differing.objects.iter().map(|(name, change)| (name, *change)).collect();
    let wanted = wanted::with(project, roots, request.downstream, &catalog);
    check_cluster(ctx, request, &overlays, &catalog).await?;
    refuse::others_databases(&request.name, &databases, &overlays, &catalog)?;
    let is_own = |schema: &SchemaName| project.schema(schema).is_some();
    let facts = Facts {
        catalog: &catalog,
        overlays: &overlays,
        cluster: &request.cluster,
        databases: &databases,
        is_own: &is_own,
    };
    let mut decision = decide::decide(&facts, &wanted, &mut naming)?;
    refuse::others_objects(&decision, &overlays, &catalog)?;
    // Whoever changes it from here on need not make a copy first.
    drop(catalog);
    if !wanted.skipped.is_empty() {
        ctx.events.event(Event::OverlaySkipped { kinds: wanted.skipped.clone() });
    }
    if !decision.builds.is_empty() || !decision.removed.is_empty() {
        let builds = decision.builds.iter().filter(|build| build.carried.is_none());
        ctx.events.event(Event::OverlayPlanned {
            builds: builds.map(planned).collect(),
            removed: decision.removed.iter().map(|known| known.name.to_string()).collect(),
        });
    }
    let told = Told { events: Rc::clone(&ctx.events), naming: naming.clone() };
    decision.kept.keys().for_each(|name| told.object(name, OverlayState::Unchanged, None));
    let built = if decision.is_empty() {
        Built::default()
    } else {
        let built = build::build(ctx, request, &mut decision, &mut naming, &told).await;
        ctx.look_everywhere();
        built?
    };
    let outcome = outcome(ctx, request, (&decision, &overlays), &built).await?;
    ctx.events.event(Event::OverlayDone {
        databases: outcome.databases.clone(),
        rebuilt: outcome.built,
        unchanged: outcome.reused,
        dropped: outcome.dropped,
        failed: built.failed.len(),
        took: ctx.clock.elapsed().saturating_sub(started),
    });
    failure(&built).map_or(Ok(outcome), Err)
}

fn planned(build: &decide::Build<'_>) -> PlannedBuild {
    let (object, why) = (build.object.name.to_string(), build.why.clone());
    PlannedBuild { object, why, stands: build.is_good }
}

/// Tells whoever listens how objects stand.
struct Told {
    events: Rc<dyn Sink>,
    naming: Naming,
}

impl Told {
    fn object(&self, name: &ObjectName, state: OverlayState, message: Option<String>) {
        self.tell(name, state, None, message);
    }

    fn hydrating(&self, name: &ObjectName, percent: Option<u8>) {
        self.tell(name, OverlayState::Hydrating, percent, None);
    }

    fn tell(&self, name: &ObjectName, state: OverlayState, percent: Option<u8>, message: Option<String>) {
        let Ok(pair) = self.naming.database(&name.database) else { return };
        let (database, object) = (pair.overlay.to_string(), name.to_string());
        self.events.event(Event::Overlay { database, object, state, percent, message });
    }
}

/// Refuses a cluster that is not there, or that production runs on.
async fn check_cluster(
    ctx: &Ctx,
    request: &Request,
    overlays: &Overlays,
    catalog: &Catalog,
) -> Result<(), Error> {
    let others = refuse::others_on(&request.cluster, overlays, catalog)?;
    if others.is_empty() {
        return Ok(());
    }
    let mut promoted: BTreeMap<ObjectId, String> = BTreeMap::new();
    if let Some(ledger) = ctx.ledger().await? {
        for row in ctx.promoted(&ledger).await?.values() {
            promoted.extend(row.object_id.clone().map(|id| (id, row.deployment.to_string())));
        }
    }
    let project = &request.differing.compiled.project;
    let is_own = |object: &Object| {
        let relation = object.on.as_ref().and_then(|on| catalog.objects.get(on)).unwrap_or(object);
        project.object(&relation.name).is_some()
    };
    refuse::production_cluster(&request.cluster, &others, &is_own, &promoted)
}

/// Records how the overlay stands, if it stands otherwise, and tells of it.
async fn outcome(
    ctx: &mut Ctx,
    request: &Request,
    (decision, overlays): (&Decision<'_>, &Overlays),
    built: &Built,
) -> Result<Outcome, Error> {
    let mut objects = decision.kept.clone();
    objects.extend(built.objects.clone());
    if !decision.is_empty() {
        let catalog = ctx.catalog().await?;
        let id = |pair: &DatabasePair| Some((pair.clone(), catalog.databases.get(&pair.overlay)?.id.clone()));
        ctx.record(Record::OverlayDone(OverlayDone {
            overlay: request.name.clone(),
            databases: decision.databases.iter().filter_map(id).collect(),
            objects: objects.values().cloned().collect(),
            leftovers: built.leftovers.clone(),
            schemas: containers::schemas(decision, overlays, &catalog),
            refused: refused_swaps::standing(decision, overlays, &catalog),
        }))
        .await?;
    }
    let naming = Naming::new(&request.name);
    let places: BTreeSet<String> =
        objects.keys().filter_map(|name| Some(naming.place(name).ok()?.to_string())).collect();
    let databases: Vec<String> = decision.databases.iter().map(|pair| pair.overlay.to_string()).collect();
    Ok(Outcome {
        name: request.name.clone(),
        database: databases.first().cloned(),
        databases,
        objects: places.into_iter().collect(),
        built: built.touched.len(),
        touched: built.touched.iter().map(ToString::to_string).collect(),
        reused: decision.kept.len() + built.carried,
        dropped: built.dropped,
    })
}

/// The error that tells of everything that could not be built.
fn failure(built: &Built) -> Option<Error> {
    let mut failed = built.failed.iter().cloned();
    let first = failed.next()?;
    let stay = match built.objects.len() {
        1 => "1 object of this build stands".to_owned(),
        stay => format!("{stay} objects of this build stand"),
    };
    let effect = format!("{stay}; production is untouched");
    Some(first.also(failed.collect()).effect(effect))
}

/// What was recorded of an object that was built.
fn overlaid(build: &decide::Build<'_>, id: ObjectId, cluster: &ClusterName) -> OverlaidObject {
    OverlaidObject {
        name: build.object.name.clone(),
        id,
        fingerprint: build.object.fingerprint.to_string(),
        cluster: cluster.clone(),
    }
}

#[cfg(test)]
mod tests;
