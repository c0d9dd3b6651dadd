//! What the server does not let be renamed is dropped and made under its name.

use std::collections::BTreeSet;

use super::Request;
use super::Told;
use super::clear;
use super::create;
use super::create::Bad;
use super::create::Means;
use super::decide::Build;
use super::hydrate;
use super::ways::Way;
use crate::catalog::Catalog;
use crate::event::Event;
use crate::name::ObjectId;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// Drops and creates it: its temporary build has proved it. Gives what could not be dropped.
///
/// # Errors
/// `db.*`, `run.interrupted`.
pub(super) async fn in_place(
    ctx: &mut Ctx,
    (request, means): (&Request, &Means),
    blocked: &[&Build<'_>],
    told: &Told,
    bad: &mut Bad,
) -> Result<Vec<ObjectId>, Error> {
    ctx.go_on()?;
    let catalog = ctx.catalog().await?;
    let Going { ids, replaced, held } = going(blocked, &catalog);
    drop(catalog);
    for (build, is_read) in held {
        bad.insert(build.object.name.clone(), is_read.then(|| still_read(build)));
    }
    if !replaced.is_empty() {
        let names: Vec<String> = replaced.iter().map(|build| build.object.name.to_string()).collect();
        let message = format!(
            "{} cannot be renamed, because of names in what reads or makes it: dropped and created under its name",
            names.join(", ")
        );
        ctx.events.event(Event::Warning { code: "overlay.in-place".to_owned(), message });
    }
    // Between the two neither version stands: whoever wants to stop waits until one does.
    let interrupt = std::mem::take(&mut ctx.interrupt);
    let made = replace(ctx, (request, means), (&ids, &replaced), bad).await;
    ctx.interrupt = interrupt;
    let (left, again) = made?;
    let again: Vec<&Build<'_>> = again.iter().collect();
    let catalog = ctx.catalog().await?;
    hydrate::hydrate(ctx, request, &again, &catalog, told, bad).await?;
    Ok(left)
}

/// Drops, and creates what the names are free for.
async fn replace<'p>(
    ctx: &mut Ctx,
    (request, means): (&Request, &Means),
    (ids, replaced): (&[ObjectId], &[&Build<'p>]),
    bad: &mut Bad,
) -> Result<(Vec<ObjectId>, Vec<Build<'p>>), Error> {
    let left = clear::drop_unread(ctx, ids).await?;
    let mut again: Vec<Build<'p>> = Vec::new();
    for build in replaced {
        // Somebody has begun to read it meanwhile.
        let is_held = build.replaces.as_ref().is_some_and(|id| left.contains(id));
        if is_held || build.object.depends_on.iter().any(|read| bad.contains_key(read)) {
            bad.insert(build.object.name.clone(), is_held.then(|| still_read(build)));
        } else {
            again.push(Build { under: build.place.clone(), way: Way::Free, ..(*build).clone() });
        }
    }
    let builds: Vec<&Build<'_>> = again.iter().collect();
    create::create(ctx, request, &builds, means, bad).await?;
    Ok((left, again))
}

/// What goes, and what is made in its place.
pub(super) struct Going<'b, 'p> {
    /// All temporary builds, and the last versions of what is replaced.
    pub(super) ids: Vec<ObjectId>,
    /// Each behind what it reads.
    pub(super) replaced: Vec<&'b Build<'p>>,
    /// What has to stay as it is, and whether that is because it is read itself, and not what it reads.
    pub(super) held: Vec<(&'b Build<'p>, bool)>,
}

/// Decides it: what is read by something that stays would be missing afterwards, and so would whatever reads that.
pub(super) fn going<'b, 'p>(blocked: &[&'b Build<'p>], catalog: &Catalog) -> Going<'b, 'p> {
    let proofs = blocked.iter().filter_map(|build| catalog.object(&build.under)).map(|found| &found.id);
    let proofs: BTreeSet<&ObjectId> = proofs.collect();
    let (mut replaced, mut held) = (blocked.to_vec(), Vec::new());
    // Each time at least one is given up.
    loop {
        let last = replaced.iter().copied().filter_map(|build: &'b Build<'p>| build.replaces.as_ref());
        let last = last.filter(|id| catalog.objects.contains_key(*id));
        let ids: BTreeSet<&ObjectId> = proofs.iter().copied().chain(last).collect();
        let unread = clear::unread(&ids, catalog);
        let is_read = |build: &Build<'_>| {
            build.replaces.as_ref().is_some_and(|id| ids.contains(id) && !unread.contains(id))
        };
        let known = held.len();
        replaced.retain(|build| {
            let reads = |held: &(&Build<'_>, bool)| build.object.depends_on.contains(&held.0.object.name);
            let stays = is_read(build) || held.iter().any(reads);
            if stays {
                held.push((*build, is_read(build)));
            }
            !stays
        });
        if held.len() == known {
            return Going { ids: ids.into_iter().cloned().collect(), replaced, held };
        }
    }
}

fn still_read(build: &Build<'_>) -> Error {
    let message = format!("{} cannot be replaced while its last version is read", build.object.name);
    Error::new(Code::OverlayFailed, message).object(&build.object.name)
}
