//! What a promotion does beside its swap to what stays, remembered so that a rollback takes it back: grants,
//! comments and default privileges in place, and sinks that it has made over something new.
//!
//! What takes it back is recorded before it is done, from the catalog of that moment; what was really done and is
//! so still is told again when it is taken back. Start reading at [`remember`] and [`take_back`].

use std::collections::BTreeSet;

use super::super::allowed;
use super::super::code::Code;
use super::super::ctx::Ctx;
use super::super::deeds;
use super::super::error::Error;
use super::super::scope::Scope;
use super::following;
use super::new_sinks;
use super::successors::ending;
use crate::catalog::Catalog;
use crate::deployment::epoch::SwapEntry;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::Record;
use crate::deployment::rights::SwapInPlace;
use crate::event::Event;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::step::Step;

/// Fails where the connected role may not do what a promotion does in place to what stays: whoever promotes may be
/// another than whoever staged. What is so already is not asked for.
pub(super) fn permitted(scope: &Scope, kind: SwapKind, catalog: &Catalog) -> Result<(), Error> {
    if kind == SwapKind::Rollback || !catalog.session.checked {
        return Ok(());
    }
    let steps = deeds::steps(scope.contents.in_place.iter().flat_map(|after| &after.deeds), catalog);
    let lines = allowed::missing(catalog, &steps);
    if lines.is_empty() {
        return Ok(());
    }
    let (me, id) = (&catalog.session.role, scope.deployment());
    let message = format!("{me} may not say of what stays what {id} says of it: grants, comments");
    Err(Error::new(Code::SwapMissingPrivilege, message).with_lines(lines).effect("nothing was changed"))
}

/// Records what takes back what is about to be done, if that is anything; the sinks that this promotion makes.
///
/// # Errors
/// `run.fenced`, `db.*`.
pub(super) async fn remember(
    ctx: &mut Ctx,
    scope: &Scope,
    entry: &SwapEntry,
    catalog: &Catalog,
) -> Result<BTreeSet<ObjectName>, Error> {
    let missing = new_sinks::missing(scope, catalog).into_iter();
    let sinks: Vec<ObjectName> = missing.map(|(name, _)| name).collect();
    let done = scope.contents.in_place.iter().flat_map(|after| &after.deeds);
    let back = deeds::inverse(done, catalog);
    // Those that an earlier attempt has made before it could say so are this promotion's as well.
    let begun = scope.undo.begun.iter().chain(&sinks).cloned().collect();
    if !back.is_empty() || !sinks.is_empty() {
        let (deployment, epoch) = (scope.deployment().clone(), entry.intent.to.epoch);
        ctx.record(Record::SwapInPlace(SwapInPlace { deployment, epoch, back, sinks })).await?;
    }
    Ok(begun)
}

/// Takes back what the promotion did beside its swap: drops, by recorded id, the sinks it has made that would read
/// nothing that is left, and does the inverse of what it changed in place. What fails is told; the rollback stands.
///
/// # Errors
/// `run.interrupted`, `db.*`.
pub(super) async fn take_back(ctx: &mut Ctx, scope: &Scope) -> Result<(), Error> {
    if !scope.undo.made.is_empty() {
        // DROP goes by name: it is looked at once more which one that is now.
        let catalog = ctx.reread().await?;
        let ending = ending(scope, SwapKind::Rollback, &catalog);
        let (own, others): (Vec<_>, Vec<_>) = ending.into_iter().partition(|sink| catalog.owns(&sink.owner));
        for sink in others {
            let message = format!("sink {} belongs to {}, who alone can drop it", sink.name, sink.owner);
            ctx.events.event(Event::Warning { code: "rollback.sink-left".to_owned(), message });
        }
        let steps = own
            .iter()
            .map(|sink| Step::DropObjects { kind: ObjectKind::Sink, names: vec![sink.name.clone()] })
            .collect();
        for sink in own {
            let id = scope.deployment();
            let message =
                format!("sink {} is dropped: {id} made it over something new, which goes", sink.name);
            ctx.events.event(Event::Warning { code: "rollback.sink-dropped".to_owned(), message });
        }
        following::carry_out_or_warn(ctx, steps, "rollback.sink-left").await?;
    }
    if !scope.undo.back.is_empty() {
        let catalog = ctx.catalog().await?;
        let steps = deeds::steps(&scope.undo.back, &catalog);
        following::carry_out_or_warn(ctx, steps, "rollback.in-place-failed").await?;
    }
    Ok(())
}
