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
    let catalog = ctx.catalog().await?;
    let proof = |build: &&Build<'_>| catalog.object(&build.under).map(|found| found.id.clone());
    let last = |build: &&Build<'_>| build.replaces.clone();
    let going: BTreeSet<ObjectId> =
        blocked.iter().filter_map(proof).chain(blocked.iter().filter_map(last)).collect();
    drop(catalog);
    let names: Vec<String> = blocked.iter().map(|build| build.object.name.to_string()).collect();
    let message = format!(
        "{} cannot be renamed, because of names in what reads or makes it: dropped and created under its name",
        names.join(", ")
    );
    ctx.events.event(Event::Warning { code: "overlay.in-place".to_owned(), message });
    let going: Vec<ObjectId> = going.into_iter().collect();
    let left: BTreeSet<ObjectId> = clear::drop_unread(ctx, &going).await?.into_iter().collect();
    let mut again: Vec<Build<'_>> = Vec::new();
    for build in blocked {
        let held = build.replaces.as_ref().is_some_and(|id| left.contains(id));
        if held || build.object.depends_on.iter().any(|read| bad.contains_key(read)) {
            let message = format!("{} cannot be replaced while its last version is read", build.object.name);
            let error = Error::new(Code::OverlayFailed, message).object(&build.object.name);
            bad.insert(build.object.name.clone(), held.then_some(error));
        } else {
            again.push(Build { under: build.place.clone(), way: Way::Free, ..(*build).clone() });
        }
    }
    let again: Vec<&Build<'_>> = again.iter().collect();
    create::create(ctx, request, &again, means, bad).await?;
    let catalog = ctx.catalog().await?;
    hydrate::hydrate(ctx, request, &again, &catalog, told, bad).await?;
    Ok(left.into_iter().collect())
}
