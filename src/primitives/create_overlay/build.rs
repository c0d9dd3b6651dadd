//! Builds what was decided: makes, waits, exchanges, replaces, drops. Start reading at [`build`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Request;
use super::Told;
use super::clear;
use super::containers;
use super::create;
use super::create::Bad;
use super::create::Means;
use super::decide::Build;
use super::decide::Decision;
use super::exchange;
use super::exchange::Exchanged;
use super::hydrate;
use super::in_place;
use super::naming::Naming;
use super::overlaid;
use super::refused_swaps;
use super::ways;
use super::ways::Way;
use crate::deployment::overlay::OverlaidObject;
use crate::event::OverlayState;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// What stands of the objects that were to be built: the new version, or the last good one.
    pub(super) objects: BTreeMap<ObjectName, OverlaidObject>,
    /// What was to go and is still read.
    pub(super) leftovers: Vec<ObjectId>,
    /// Why objects could not be built.
    pub(super) failed: Vec<Error>,
    /// Those that were built, each behind what it reads.
    pub(super) touched: Vec<ObjectName>,
    /// How many were built along, without being other ones.
    pub(super) carried: usize,
    /// How many the overlay does not hold any more.
    pub(super) dropped: usize,
}

/// Builds it. Swaps that turn out to be impossible are given up in the decision.
///
/// # Errors
/// Those of [`super::run`], but `overlay.failed`.
pub(super) async fn build(
    ctx: &mut Ctx,
    request: &Request,
    decision: &mut Decision<'_>,
    naming: &mut Naming,
    told: &Told,
) -> Result<Built, Error> {
    ctx.go_on()?;
    exchange::give_up_early(request, decision, naming, &*ctx.catalog().await?)?;
    containers::make_databases(ctx, request, decision).await?;
    // Nothing else is touched from here on, and no more is read after each statement than that.
    ctx.look_only_at(decision.databases.iter().map(|pair| pair.overlay.clone()).collect()).await?;
    containers::intend(ctx, request, decision).await?;
    containers::make_schemas(ctx, decision).await?;
    for build in decision.builds.iter().filter(|build| build.carried.is_none()) {
        told.object(&build.object.name, OverlayState::Building, None);
    }
    let mut bad = Bad::new();
    let exchanged = proved(ctx, request, decision, naming, told, &mut bad).await?;
    let mut leftovers = Vec::new();
    let (over, means) = over(decision, &exchanged, &mut bad);
    create::create(ctx, request, &over, &means, &mut bad).await?;
    let mut going: Vec<ObjectId> = exchanged.away.clone();
    going.extend(decision.removed.iter().map(|known| known.id.clone()));
    going.extend(decision.stale.iter().cloned());
    leftovers.extend(clear::drop_unread(ctx, &going).await?);
    let blocked = blocked(decision, &exchanged, &bad);
    if !blocked.is_empty() {
        let means = decision.places(|_| true);
        leftovers.extend(in_place::in_place(ctx, (request, &means), &blocked, told, &mut bad).await?);
        // What could not go because the last version of one of those read it.
        leftovers = clear::drop_unread(ctx, &leftovers).await?;
    }
    clear::drop_spare(ctx, decision).await?;
    clear::warn_of(ctx, &leftovers).await?;
    ended(ctx, request, decision, leftovers, bad, told).await
}

/// Builds everything that is exchanged, and exchanges it; anew where a schema turns out not to be one that
/// can be swapped.
async fn proved(
    ctx: &mut Ctx,
    request: &Request,
    decision: &mut Decision<'_>,
    naming: &mut Naming,
    told: &Told,
    bad: &mut Bad,
) -> Result<Exchanged, Error> {
    let is_proved = |build: &&Build<'_>| build.way != Way::Over;
    let names = decision.builds.iter().filter(is_proved).map(|build| build.object.name.clone());
    let mut todo: BTreeSet<ObjectName> = names.collect();
    let mut blocked = BTreeSet::new();
    // Each time at least one swap is given up.
    loop {
        let builds: Vec<&Build<'_>> =
            decision.builds.iter().filter(|build| todo.contains(&build.object.name)).collect();
        create::create(ctx, request, &builds, &decision.means(), bad).await?;
        let mut broken = ways::broken(&decision.builds, bad);
        if broken.is_empty() && !builds.is_empty() {
            let catalog = ctx.catalog().await?;
            hydrate::hydrate(ctx, request, &builds, &catalog, told, bad).await?;
            broken = ways::broken(&decision.builds, bad);
        }
        if broken.is_empty() {
            let good: Vec<&Build<'_>> =
                decision.builds.iter().filter(|build| !bad.contains_key(&build.object.name)).collect();
            let made = create::steps(request, &good, &decision.means());
            let exchanged = exchange::exchange(ctx, decision, (&good, &made), &blocked, naming).await?;
            if exchanged.refused.is_empty() {
                return Ok(exchanged);
            }
            blocked = exchanged.blocked;
            broken = exchanged.refused;
            let catalog = ctx.catalog().await?;
            refused_swaps::take(&broken, decision, &catalog);
        }
        let catalog = ctx.catalog().await?;
        let given_up = ways::give_up(&broken, decision, bad, naming, &catalog)?;
        drop(catalog);
        containers::intend(ctx, request, decision).await?;
        clear::drop_unread(ctx, &given_up.dropped).await?;
        todo = given_up.again;
    }
}

/// What is replaced where it stands, and what names mean to it: what the server does not let be renamed
/// is read where it was built.
fn over<'d, 'p>(
    decision: &'d Decision<'p>,
    exchanged: &Exchanged,
    bad: &mut Bad,
) -> (Vec<&'d Build<'p>>, Means) {
    let builds: Vec<&Build<'p>> = decision.builds.iter().filter(|build| build.way == Way::Over).collect();
    create::follow(&builds, bad);
    let good = builds.into_iter().filter(|build| !bad.contains_key(&build.object.name)).collect();
    (good, decision.places(|name| !exchanged.blocked.contains(name)))
}

/// What is made in place: what cannot be renamed, with what reads it, each behind what it reads.
fn blocked<'d, 'p>(decision: &'d Decision<'p>, exchanged: &Exchanged, bad: &Bad) -> Vec<&'d Build<'p>> {
    let mut names = exchanged.blocked.clone();
    for build in &decision.builds {
        if build.object.depends_on.iter().any(|read| names.contains(read)) {
            names.insert(build.object.name.clone());
        }
    }
    let is_blocked =
        |build: &&Build<'p>| names.contains(&build.object.name) && !bad.contains_key(&build.object.name);
    decision.builds.iter().filter(is_blocked).collect()
}

/// Puts together what stands now, and tells of every object.
async fn ended(
    ctx: &mut Ctx,
    request: &Request,
    decision: &Decision<'_>,
    leftovers: Vec<ObjectId>,
    mut bad: Bad,
    told: &Told,
) -> Result<Built, Error> {
    let catalog = ctx.catalog().await?;
    let mut built = Built { leftovers, ..Built::default() };
    for build in &decision.builds {
        let name = &build.object.name;
        let stands = catalog.object(&build.place).map(|found| found.id.clone());
        let Some(why) = bad.remove(name) else {
            if let Some(id) = stands {
                built.objects.insert(name.clone(), overlaid(build, id, &request.cluster));
            }
            let state = if build.carried.is_some() {
                built.carried += 1;
                OverlayState::Unchanged
            } else {
                built.touched.push(name.clone());
                OverlayState::Ready
            };
            told.object(name, state, None);
            continue;
        };
        let message = why.as_ref().map_or_else(
            || "it reads an object that could not be built".to_owned(),
            |error| error.message().to_owned(),
        );
        let stays = build.is_good && stands.is_some() && stands == build.replaces;
        match stands {
            Some(id) if stays => {
                // Not what the project says: the next build tries again.
                let last = overlaid(build, id, &request.cluster);
                let last = OverlaidObject { fingerprint: String::new(), ..last };
                built.objects.insert(name.clone(), last);
            }
            // It was made in place of the last good one: it is no version of it, and has yet to go.
            Some(id) if !built.leftovers.contains(&id) => built.leftovers.push(id),
            Some(_) | None => {}
        }
        let state = if stays { OverlayState::Kept } else { OverlayState::Failed };
        told.object(name, state, Some(message));
        built.failed.extend(why);
    }
    // What still stands is warned of.
    for known in decision.removed.iter().filter(|known| !catalog.objects.contains_key(&known.id)) {
        built.dropped += 1;
        told.object(&known.name, OverlayState::Dropped, None);
    }
    Ok(built)
}
