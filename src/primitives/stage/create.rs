//! Creating what a layout says, and telling what the server refused of it.

use std::rc::Rc;

use super::replacements;
use crate::catalog::Catalog;
use crate::db::apply::Applied;
use crate::db::apply::OnFailure;
use crate::db::journal::Which;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::event::Event;
use crate::name::ObjectKind;
use crate::plan::Plan;
use crate::plan::step::Step;
use crate::primitives::changes::Changes;
use crate::primitives::changes::layout::Layout;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::rejection;

/// Tells whether what a step would create is there, from an earlier attempt.
fn stands(step: &Step, catalog: &Catalog) -> bool {
    match step {
        Step::CreateSchema(name) => catalog.schemas.contains_key(name),
        Step::CreateCluster { name, .. } => catalog.clusters.contains_key(name),
        Step::Create { name, .. } => catalog.object(name).is_some(),
        Step::GrantDefault(default) => catalog.default_privileges.contains(default),
        Step::RevokeDefault(default) => !catalog.default_privileges.contains(default),
        Step::CreateDatabase(_)
        | Step::AlterCluster { .. }
        | Step::Statement { .. }
        | Step::CreateRole(_)
        | Step::GrantSystem { .. }
        | Step::Exchange(_)
        | Step::DropObjects { .. }
        | Step::DropSchema(_)
        | Step::DropDatabase(_)
        | Step::DropCluster(_)
        | Step::Grant { .. }
        | Step::Revoke { .. }
        | Step::Comment { .. }
        | Step::SetOwner { .. }
        | Step::SetRole { .. }
        | Step::ApplyReplacement { .. }
        | Step::ReplaceView { .. }
        | Step::CutOverSink { .. } => false,
    }
}

/// Creates what is missing.
///
/// # Errors
/// `stage.rejected`, `run.interrupted`, `db.lost`.
pub(super) async fn create(
    ctx: &mut Ctx,
    layout: &Layout,
    changes: &Changes,
    catalog: &Catalog,
) -> Result<(), Error> {
    let (there, steps): (Vec<Step>, Vec<Step>) =
        layout.create.iter().cloned().partition(|step| stands(step, catalog));
    let is_object = |step: &&Step| matches!(step, Step::Create { kind, .. } if *kind != ObjectKind::Index);
    let pairs = layout.intent.schemas.iter().chain(&layout.intent.replaced_in);
    let pairs = pairs.map(|p| (p.production_name().to_string(), p.staging.to_string()));
    let clusters = layout.intent.clusters.iter().map(|p| (p.production.to_string(), p.staging.to_string()));
    let renamed = layout.contents.renamed().filter(|object| object.change.is_built());
    let renamed = renamed.map(|o| (o.name.to_string(), layout.intent.staging_name(o).object.to_string()));
    ctx.events.event(Event::StageStarted {
        deployment: layout.intent.deployment.clone(),
        statements: steps.len(),
        names: pairs.chain(clusters).chain(renamed).collect(),
        found: there.iter().filter(is_object).count(),
    });
    without_replicas(ctx, layout, catalog);
    let statements = steps.len();
    let mut plan = Plan::new();
    plan.each(steps);
    let mut done = 0;
    let events = Rc::clone(&ctx.events);
    let mut progress = |step: &Step| {
        done += 1;
        events.event(Event::StageProgress { done, statements, what: step.what() });
    };
    let applied = ctx.apply(&plan, OnFailure::GoOn, &mut progress).await;
    finished(ctx, layout, applied, Some(changes)).await
}

/// Tells of clones on which nothing can hydrate, since production's clusters have no replica either.
fn without_replicas(ctx: &Ctx, layout: &Layout, catalog: &Catalog) {
    for pair in &layout.intent.clusters {
        let found = catalog.clusters.get(&pair.production);
        let options = pair.production_shape.as_ref().and_then(|shape| shape.options.as_ref());
        // One with a schedule gets its replicas by that.
        let schedule = options.and_then(|options| options.get("SCHEDULE"));
        let by_itself = schedule.is_some_and(|schedule| schedule != "MANUAL");
        if found.is_some_and(|found| found.replication_factor == Some(0)) && !by_itself {
            let (staging, production) = (&pair.staging, &pair.production);
            let message = format!(
                "cluster {staging} has no replica, as {production} has none: nothing hydrates on it before it has one"
            );
            ctx.events.event(Event::Warning { code: "stage.no-replica".to_owned(), message });
        }
    }
}

/// Brings owners, grants and comments in line.
///
/// # Errors
/// As [`create`].
pub(super) async fn bring_in_line(ctx: &mut Ctx, layout: &Layout, catalog: &Catalog) -> Result<(), Error> {
    let mut plan = Plan::new();
    plan.each(layout.metadata(catalog));
    let applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    finished(ctx, layout, applied, None).await
}

/// Turns what became of a plan into an error, if it did not become what it should.
async fn finished(
    ctx: &mut Ctx,
    layout: &Layout,
    applied: Applied,
    changes: Option<&Changes>,
) -> Result<(), Error> {
    let id = &layout.intent.deployment;
    if applied.failed.is_empty() && !applied.interrupted {
        return Ok(());
    }
    if let Some((_, error)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(Error::from(error.clone())
            .deployment(id)
            .effect(format!("what was staged of {id} so far is recorded; production is untouched")));
    }
    let roots = rejection::roots(&applied);
    if !roots.is_empty()
        && roots.iter().all(|(_, error)| error.message().ends_with("already exists"))
        && let Some(other) = beside(ctx, id).await?
    {
        return Err(Error::new(
            Code::RunFenced,
            format!("run {other} works on {id} too, and is ahead of this one"),
        )
        .deployment(id)
        .effect("this process changes nothing more; production is untouched"));
    }
    let staged = standing(ctx, layout).await;
    let effect = format!("staged so far: {staged} of {id}, not visible to anyone; production is untouched");
    if applied.failed.is_empty() {
        let message = "stopped, as asked, while staging";
        return Err(Error::new(Code::RunInterrupted, message).deployment(id).effect(effect));
    }
    let compiled = changes.map(|changes| changes.compiled.as_ref());
    let rejected =
        |(step, error)| rejection::rejected(replacements::code(layout, step, error), step, error, compiled);
    let mut errors = roots.into_iter().map(rejected);
    match errors.next() {
        Some(first) => Err(first.deployment(id).also(errors.collect()).effect(effect)),
        None => Err(Error::bug("a plan failed without a failed step")),
    }
}

/// Another run that builds the same, or has built it: what stands in the way now did not when this one looked, so that
/// one has made it meanwhile.
async fn beside(ctx: &mut Ctx, id: &DeploymentId) -> Result<Option<RunId>, Error> {
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(id)?;
    let Some(other) = known.runs.iter().rev().find(|run| **run != ctx.run.id) else { return Ok(None) };
    if known.done.is_some() {
        return Ok(Some(other.clone()));
    }
    let ended = ctx.entries(Which::OfRuns(std::slice::from_ref(other), &["run.finished"])).await?;
    Ok(ended.is_empty().then(|| other.clone()))
}

/// How many objects stand under the staging names, in words.
async fn standing(ctx: &mut Ctx, layout: &Layout) -> String {
    match ctx.catalog().await {
        Ok(catalog) => {
            let built = layout.contents.objects.iter().filter(|object| object.change.is_built());
            let count = built.filter(|o| catalog.object(&layout.intent.staging_name(o)).is_some()).count();
            format!("{count} of {} objects", layout.intent.built)
        }
        Err(_) => "an unknown number of objects".to_owned(),
    }
}
