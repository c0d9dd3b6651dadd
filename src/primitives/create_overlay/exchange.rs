//! The new versions take the names of the old ones, and what is replaced goes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Request;
use super::Told;
use super::build;
use super::build::Bad;
use super::decide::Build;
use super::naming::Naming;
use crate::catalog::Catalog;
use crate::db::apply::OnFailure;
use crate::db::retry;
use crate::db::retry::Decision as Retry;
use crate::event::Event;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::Plan;
use crate::plan::step::Exchange;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::exchange::renames;
use crate::primitives::exchange::renames::Turn;
use crate::primitives::fenced::RETRY_FOR;

/// What came of an exchange.
#[derive(Debug, Default)]
pub(super) struct Exchanged<'b, 'p> {
    /// The old versions, which have other names now.
    pub(super) away: Vec<ObjectId>,
    /// What the server does not let be renamed, with what reads it, each behind what it reads.
    pub(super) blocked: Vec<&'b Build<'p>>,
}

/// Renames old versions away and new ones into their places, in one transaction.
///
/// Where the server refuses a rename, the object and what reads it are left out and the rest is tried
/// again.
///
/// # Errors
/// `db.*`, `run.interrupted`.
pub(super) async fn exchange<'b, 'p>(
    ctx: &mut Ctx,
    builds: &[&'b Build<'p>],
    naming: &mut Naming,
) -> Result<Exchanged<'b, 'p>, Error> {
    let mut exchanged = Exchanged::default();
    let catalog = ctx.catalog().await?;
    let deadline = ctx.clock.deadline(Some(RETRY_FOR)).sooner(ctx.deadline.clone());
    let mut failed = 0;
    loop {
        let is_blocked = |build: &Build<'_>| exchanged.blocked.iter().any(|b| b.place == build.place);
        let open: Vec<&&Build<'_>> =
            builds.iter().filter(|build| build.replaces.is_some() && !is_blocked(build)).collect();
        let (mut turns, mut away) = (Vec::new(), Vec::new());
        for build in &open {
            let Some(old) = build.replaces.as_ref().and_then(|id| catalog.objects.get(id)) else { continue };
            let aside = naming.beside(&build.place, "mzx", &catalog)?;
            turns.push(Turn {
                away: Some((old.kind, old.name.clone(), aside.object)),
                into: Some((build.object.kind, build.under.clone(), build.place.object.clone())),
            });
            away.push(old.id.clone());
        }
        let mut plan = Plan::new();
        plan.together(renames::steps(&turns).into_iter().map(Step::Exchange));
        let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
        let Some((step, error)) = applied.failed.into_iter().next() else {
            if applied.interrupted {
                return Err(Error::new(Code::RunInterrupted, "stopped, as asked"));
            }
            exchanged.away = away;
            return Ok(exchanged);
        };
        if error.is_retryable() {
            failed += 1;
            let Retry::Again(pause) = retry::decide(failed, deadline.remaining(), retry::random()) else {
                return Err(Error::from(error).effect("the overlay is as it was"));
            };
            ctx.interrupt_or_sleep(&deadline, pause).await?;
            continue;
        }
        let renamed = match &step {
            Step::Exchange(Exchange::RenameObject { from, .. }) => from.clone(),
            _ => return Err(Error::from(error)),
        };
        let found = open.iter().find(|build| build.place == renamed || build.under == renamed);
        // A lost answer, or a COMMIT that failed, is of no object: look again at the next build.
        let Some(culprit) = found.filter(|_| !error.outcome_unknown()) else {
            return Err(Error::from(error).effect("production is untouched"));
        };
        exchanged.blocked = with_readers(culprit, builds, &exchanged.blocked);
        ctx.look_again();
        ctx.catalog().await?;
    }
}

/// An object with everything that reads it, and what was blocked before, each behind what it reads.
fn with_readers<'b, 'p>(
    culprit: &Build<'p>,
    builds: &[&'b Build<'p>],
    blocked: &[&'b Build<'p>],
) -> Vec<&'b Build<'p>> {
    let mut names: BTreeSet<&ObjectName> = blocked.iter().map(|build| &build.object.name).collect();
    names.insert(&culprit.object.name);
    let mut found = Vec::new();
    for build in builds {
        let object = build.object;
        if names.contains(&object.name) || object.depends_on.iter().any(|read| names.contains(read)) {
            names.insert(&object.name);
            found.push(*build);
        }
    }
    found
}

/// Drops what nothing reads that stays, a layer at a time; gives what could not be dropped.
///
/// # Errors
/// `db.lost`.
pub(super) async fn drop_unread(ctx: &mut Ctx, ids: &[ObjectId]) -> Result<Vec<ObjectId>, Error> {
    let catalog = ctx.catalog().await?;
    let ids: BTreeSet<&ObjectId> = ids.iter().filter(|id| catalog.objects.contains_key(*id)).collect();
    let unread = unread(&ids, &catalog);
    let layers = catalog.layers(unread.iter().copied());
    let mut plan = Plan::new();
    plan.each(layers.into_iter().map(|((_, kind), names)| Step::DropObjects { kind, names }));
    let applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    if let Some((_, error)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(Error::from(error.clone()));
    }
    let catalog = ctx.catalog().await?;
    Ok(ids.into_iter().filter(|id| catalog.objects.contains_key(*id)).cloned().collect())
}

/// Tells what could not be dropped.
///
/// # Errors
/// `db.*`.
pub(super) async fn warn_of(ctx: &Ctx, left: &[ObjectId]) -> Result<(), Error> {
    let catalog = ctx.catalog().await?;
    for object in left.iter().filter_map(|id| catalog.objects.get(id)) {
        let message = format!("{} {} stays for now: something still reads it", object.kind, object.name);
        ctx.events.event(Event::Warning { code: "overlay.still-read".to_owned(), message });
    }
    Ok(())
}

/// Those that only others of them read, if anything; indexes of one's own go along.
fn unread<'i>(ids: &BTreeSet<&'i ObjectId>, catalog: &Catalog) -> BTreeSet<&'i ObjectId> {
    let readers = catalog.readers();
    let mut unread = ids.clone();
    loop {
        let holds = |id: &&ObjectId| {
            readers.get(*id).into_iter().flatten().any(|reader| {
                let own_index = catalog
                    .objects
                    .get(*reader)
                    .is_some_and(|reader| reader.kind == ObjectKind::Index && catalog.owns(&reader.owner));
                !own_index && !unread.contains(*reader)
            })
        };
        let held: Vec<&ObjectId> = unread.iter().copied().filter(holds).collect();
        if held.is_empty() {
            return unread;
        }
        held.into_iter().for_each(|id| {
            unread.remove(id);
        });
    }
}

/// Drops and creates under its name what cannot be renamed: its temporary build has proved it.
///
/// # Errors
/// `db.*`, `run.interrupted`.
pub(super) async fn in_place(
    ctx: &mut Ctx,
    (request, inside): (&Request, &BTreeSet<&ObjectName>),
    blocked: &[&Build<'_>],
    told: &mut Told,
    bad: &mut Bad,
) -> Result<Vec<ObjectId>, Error> {
    let catalog = ctx.catalog().await?;
    let proofs = blocked.iter().filter(|build| build.under != build.place);
    let proofs: Vec<ObjectId> = proofs.filter_map(|b| Some(catalog.object(&b.under)?.id.clone())).collect();
    let olds: BTreeMap<ObjectId, &Build<'_>> =
        blocked.iter().filter_map(|build| Some((build.replaces.clone()?, *build))).collect();
    let names: Vec<String> = blocked.iter().map(|build| build.object.name.to_string()).collect();
    let message = format!(
        "{} cannot be renamed, because of names in what reads or makes it: dropped and created under its name",
        names.join(", ")
    );
    ctx.events.event(Event::Warning { code: "overlay.in-place".to_owned(), message });
    let going: Vec<ObjectId> = proofs.into_iter().chain(olds.keys().cloned()).collect();
    let left: BTreeSet<ObjectId> = drop_unread(ctx, &going).await?.into_iter().collect();
    let mut again: Vec<Build<'_>> = Vec::new();
    for build in blocked {
        let held = build.replaces.as_ref().is_some_and(|id| left.contains(id));
        if held || build.object.depends_on.iter().any(|read| bad.contains_key(read)) {
            let message = format!("{} cannot be replaced while its last version is read", build.object.name);
            let error = Error::new(Code::OverlayFailed, message).object(&build.object.name);
            bad.insert(build.object.name.clone(), held.then_some(error));
        } else {
            again.push(Build { under: build.place.clone(), ..(*build).clone() });
        }
    }
    build::create(ctx, request, &again, inside, bad).await?;
    let catalog = ctx.catalog().await?;
    build::hydrate(ctx, request, &again, &catalog, told, bad).await?;
    Ok(left.into_iter().collect())
}
