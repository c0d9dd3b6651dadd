//! What is not needed any more goes, as far as nobody reads it.

use std::collections::BTreeSet;

use super::decide::Decision;
use crate::catalog::Catalog;
use crate::db::apply::OnFailure;
use crate::event::Event;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::SchemaName;
use crate::plan::Plan;
use crate::plan::step::Step;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// Drops what nothing reads that stays, a layer at a time; gives what could not be dropped, and what was not
/// because somebody wants to stop.
///
/// # Errors
/// `db.lost`.
pub(super) async fn drop_unread(ctx: &mut Ctx, ids: &[ObjectId]) -> Result<Vec<ObjectId>, Error> {
    let catalog = ctx.catalog().await?;
    let ids: BTreeSet<&ObjectId> = ids.iter().filter(|id| catalog.objects.contains_key(*id)).collect();
    let unread = unread(&ids, &catalog);
    let mut plan = Plan::new();
    plan.each(catalog.drops(unread.iter().copied()));
    drop(catalog);
    let applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    if let Some((_, error)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(Error::from(error.clone()));
    }
    let catalog = ctx.catalog().await?;
    Ok(ids.into_iter().filter(|id| catalog.objects.contains_key(*id)).cloned().collect())
}

/// Drops the schemas beside that are not used any more, where nothing is left in them; one that cannot be dropped is
/// looked at again by the next build.
///
/// # Errors
/// `db.lost`.
pub(super) async fn drop_spare(ctx: &mut Ctx, decision: &Decision<'_>) -> Result<(), Error> {
    let catalog = ctx.catalog().await?;
    let is_empty =
        |name: &&SchemaName| catalog.schemas.contains_key(*name) && catalog.objects_in(name).next().is_none();
    let spare = decision.swaps.values().flat_map(|swap| &swap.spare).filter(is_empty);
    let mut plan = Plan::new();
    plan.each(spare.cloned().map(Step::DropSchema));
    if plan.is_empty() {
        return Ok(());
    }
    drop(catalog);
    let applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    match applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        Some((_, error)) => Err(Error::from(error.clone())),
        None => Ok(()),
    }
}

/// Tells what could not be dropped.
///
/// # Errors
/// `db.*`.
pub(super) async fn warn_of(ctx: &Ctx, left: &[ObjectId]) -> Result<(), Error> {
    // What was not dropped because somebody wants to stop is dropped by the next build.
    if left.is_empty() || ctx.interrupt.is_asked() {
        return Ok(());
    }
    let catalog = ctx.catalog().await?;
    for object in left.iter().filter_map(|id| catalog.objects.get(id)) {
        let message = format!("{} {} stays for now: something still reads it", object.kind, object.name);
        ctx.events.event(Event::Warning { code: "overlay.still-read".to_owned(), message });
    }
    Ok(())
}

/// Those that only others of them read, if anything; indexes of one's own go along.
pub(super) fn unread<'i>(ids: &BTreeSet<&'i ObjectId>, catalog: &Catalog) -> BTreeSet<&'i ObjectId> {
    let is_own_index = |id: &ObjectId| {
        let object = catalog.objects.get(id);
        object.is_some_and(|object| object.kind == ObjectKind::Index && catalog.owns(&object.owner))
    };
    // Whatever reads something has to go before it: what stays keeps all that it reads, and so on down.
    let held_by_others = catalog.reads.iter().filter(|(id, _)| !ids.contains(id) && !is_own_index(id));
    let mut open: Vec<&ObjectId> = held_by_others.flat_map(|(_, reads)| reads).collect();
    let mut unread = ids.clone();
    while let Some(held) = open.pop() {
        if unread.remove(held) {
            open.extend(catalog.reads.get(held).into_iter().flatten());
        }
    }
    unread
}
