//! What an overlay's objects stand in is recorded, and made: databases, schemas, and schemas beside those.

use std::collections::BTreeSet;

use super::Request;
use super::decide::Decision;
use super::ways::Swap;
use crate::catalog::Catalog;
use crate::db;
use crate::db::apply::OnFailure;
use crate::deployment::overlay::DatabasePair;
use crate::deployment::overlay::OverlayDone;
use crate::deployment::overlay::OverlayDropped;
use crate::deployment::overlay::OverlayIntent;
use crate::deployment::record::Record;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::plan::Plan;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::overlays::Overlays;
use crate::primitives::rejection;

/// Records every name that will be made.
///
/// # Errors
/// `run.fenced`, `db.*`.
pub(super) async fn intend(ctx: &mut Ctx, request: &Request, decision: &Decision<'_>) -> Result<(), Error> {
    let creates =
        decision.builds.iter().flat_map(|build| [build.place.clone()].into_iter().chain(build.names()));
    let creates: BTreeSet<ObjectName> = creates.collect();
    let beside = decision.swaps.values().filter(|swap| swap.is_new).map(|swap| &swap.beside);
    ctx.record(Record::OverlayIntent(OverlayIntent {
        overlay: request.name.clone(),
        cluster: request.cluster.clone(),
        databases: decision.databases.clone(),
        creates: creates.into_iter().collect(),
        project_schemas: project_schemas(request),
        schemas: decision.new_schemas.iter().chain(beside).cloned().collect(),
    }))
    .await
}

fn project_schemas(request: &Request) -> Vec<SchemaName> {
    request.differing.compiled.project.schemas.iter().map(|schema| schema.name.clone()).collect()
}

/// Makes databases, and records their ids before anything is made in them: what bears a name that was
/// meant, and has no recorded id, may be somebody else's.
///
/// # Errors
/// `overlay.needs-createdb`, `overlay.failed`, `run.*`, `db.*`.
pub(super) async fn make_databases(
    ctx: &mut Ctx,
    request: &Request,
    decision: &Decision<'_>,
) -> Result<(), Error> {
    let is_meant = |pair: &&DatabasePair| {
        decision.new_databases.contains(&pair.overlay) || decision.unsettled.contains(&pair.overlay)
    };
    let meant: Vec<DatabasePair> = decision.databases.iter().filter(is_meant).cloned().collect();
    if meant.is_empty() {
        return Ok(());
    }
    ctx.record(Record::OverlayIntent(OverlayIntent {
        overlay: request.name.clone(),
        cluster: request.cluster.clone(),
        databases: meant.clone(),
        creates: Vec::new(),
        project_schemas: project_schemas(request),
        schemas: Vec::new(),
    }))
    .await?;
    let mut plan = Plan::new();
    plan.each(decision.new_databases.iter().cloned().map(Step::CreateDatabase));
    let mut made: BTreeSet<Ident> = decision.unsettled.iter().cloned().collect();
    let mut progress = |step: &Step| {
        if let Step::CreateDatabase(name) = step {
            made.insert(name.clone());
        }
    };
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut progress).await;
    if let Some((_, error)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(Error::from(error.clone()));
    }
    let catalog = ctx.catalog().await?;
    let (there, not): (Vec<_>, Vec<_>) = meant.into_iter().partition(|pair| made.contains(&pair.overlay));
    let id = |pair: DatabasePair| {
        let id = catalog.databases.get(&pair.overlay)?.id.clone();
        Some((pair, id))
    };
    if !there.is_empty() {
        ctx.record(Record::OverlayDone(OverlayDone {
            overlay: request.name.clone(),
            databases: there.into_iter().filter_map(id).collect(),
            objects: Vec::new(),
            leftovers: Vec::new(),
            schemas: Vec::new(),
            refused: Vec::new(),
        }))
        .await?;
    }
    if !not.is_empty() {
        let databases = not.into_iter().map(|pair| pair.overlay).collect();
        let record = OverlayDropped { overlay: request.name.clone(), databases };
        ctx.record(Record::OverlayDropped(record)).await?;
    }
    match applied.failed.first() {
        Some((step, error)) => Err(no_database(step, error, &catalog)),
        None => stopped(applied.interrupted),
    }
}

/// That a database could not be made, with the grant that is missing.
fn no_database(step: &Step, error: &db::error::Error, catalog: &Catalog) -> Error {
    if error.sqlstate() != Some("42501") {
        return rejection::rejected(Code::OverlayFailed, step, error, None).effect("production is untouched");
    }
    let role = catalog.session.role.sql();
    rejection::rejected(Code::OverlayNeedsCreatedb, step, error, None)
        .line(format!("GRANT CREATEDB ON SYSTEM TO {role}"))
        .effect("nothing was changed")
}

/// Makes schemas, those beside others included, once what is in the way in one of those is gone.
///
/// # Errors
/// `overlay.failed`, `run.interrupted`, `db.*`.
pub(super) async fn make_schemas(ctx: &mut Ctx, decision: &Decision<'_>) -> Result<(), Error> {
    let mut steps: Vec<Step> = decision.new_schemas.iter().cloned().map(Step::CreateSchema).collect();
    if !decision.cleared.is_empty() {
        let catalog = ctx.catalog().await?;
        steps.extend(catalog.drops(decision.cleared.iter()));
    }
    steps.extend(decision.swaps.values().flat_map(Swap::making));
    let mut plan = Plan::new();
    plan.each(steps);
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    match applied.failed.first() {
        Some((_, error)) if error.outcome_unknown() => Err(Error::from(error.clone())),
        Some((step, error)) => {
            Err(rejection::rejected(Code::OverlayFailed, step, error, None).effect("production is untouched"))
        }
        None => stopped(applied.interrupted),
    }
}

/// The schemas of an overlay as they stand, with their ids: those that were made for it before, and those
/// that this build has made or swapped.
pub(super) fn schemas(
    decision: &Decision<'_>,
    overlays: &Overlays,
    catalog: &Catalog,
) -> Vec<(SchemaName, SchemaId)> {
    let swapped = decision.swaps.iter().flat_map(|(schema, swap)| [schema, &swap.beside]);
    let own: BTreeSet<&SchemaName> =
        decision.new_schemas.iter().chain(&decision.given_up).chain(swapped).collect();
    let mut found = Vec::new();
    for pair in &decision.databases {
        let known = overlays.get(&pair.overlay);
        let of_overlay = catalog.schemas_of(&pair.overlay).filter(|(name, schema)| {
            own.contains(name) || known.is_some_and(|known| known.made(name, schema))
        });
        found.extend(of_overlay.map(|(name, schema)| (name.clone(), schema.id.clone())));
    }
    found
}

/// Fails where Ctrl-C ended what was under way.
///
/// # Errors
/// `run.interrupted`.
pub(super) fn stopped(interrupted: bool) -> Result<(), Error> {
    if interrupted {
        return Err(Error::new(Code::RunInterrupted, "stopped, as asked")
            .effect("what the overlay had stays; production is untouched"));
    }
    Ok(())
}
