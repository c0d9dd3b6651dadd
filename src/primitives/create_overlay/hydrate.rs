//! Waits until what was built can be read.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use super::Request;
use super::Told;
use super::create;
use super::create::Bad;
use super::decide::Build;
use crate::catalog::Catalog;
use crate::event::Event;
use crate::event::OverlayState;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::readiness;
use crate::primitives::readiness::Condition;

/// The pause after the first look at what hydrates; small things are ready at once.
const FIRST_POLL: Duration = Duration::from_millis(10);

/// The longest pause.
const POLL: Duration = Duration::from_secs(1);

/// Waits; what does not catch up is told in `bad`, with what reads it.
///
/// # Errors
/// `run.interrupted`, `run.deadline`, `db.*`.
pub(super) async fn hydrate(
    ctx: &mut Ctx,
    request: &Request,
    builds: &[&Build<'_>],
    catalog: &Catalog,
    told: &Told,
    bad: &mut Bad,
) -> Result<(), Error> {
    let of = dataflows(builds, catalog, bad);
    let mut waiting: Vec<(String, ObjectId)> =
        of.iter().map(|(id, name)| (name.to_string(), id.clone())).collect();
    let names: BTreeSet<&ObjectName> = of.values().collect();
    names.into_iter().for_each(|name| told.object(name, OverlayState::Hydrating, None));
    let deadline = ctx.clock.deadline(Some(request.timeout));
    let (total, started) = (waiting.len(), ctx.clock.elapsed());
    let mut pause = FIRST_POLL;
    while !waiting.is_empty() {
        ctx.go_on()?;
        let looked = readiness::of_objects(ctx, &waiting, readiness::ALLOWED_LAG).await?;
        let late = deadline.passed();
        let mut still = BTreeSet::new();
        for (id, status) in looked {
            let failed = match status.state {
                Condition::Ready | Condition::Lagging => None,
                Condition::Failing => Some(status.reason.unwrap_or_else(|| "failing".to_owned())),
                // A rehearsal does not wait.
                Condition::Hydrating if late || ctx.is_rehearsal() => {
                    Some(format!("it did not catch up within {} s", request.timeout.as_secs()))
                }
                Condition::Hydrating => {
                    still.insert(id);
                    continue;
                }
            };
            if let (Some(reason), Some(name)) = (failed, of.get(&id)) {
                let message = format!("{name} does not hydrate: {reason}");
                bad.insert(name.clone(), Some(Error::new(Code::OverlayFailed, message).object(name)));
            }
        }
        waiting.retain(|(_, id)| still.contains(id));
        if !waiting.is_empty() {
            let (ready, waited) = (total - waiting.len(), ctx.clock.elapsed().saturating_sub(started));
            ctx.events.event(Event::OverlayProgress { ready, total, waited });
            ctx.interrupt_or_sleep(&deadline, pause).await?;
            pause = (pause * 2).min(POLL);
        }
    }
    create::follow(builds, bad);
    Ok(())
}

/// What of the builds hydrates, with the production names.
fn dataflows(builds: &[&Build<'_>], catalog: &Catalog, bad: &Bad) -> BTreeMap<ObjectId, ObjectName> {
    let mut of = BTreeMap::new();
    for build in builds.iter().filter(|build| !bad.contains_key(&build.object.name)) {
        let found = build
            .names()
            .filter_map(|name| catalog.object(&name).map(|found| (found.kind, found.id.clone())));
        let hydrating = found.filter(|(kind, _)| *kind != ObjectKind::View);
        of.extend(hydrating.map(|(_, id)| (id, build.object.name.clone())));
    }
    of
}
