//! Waits until what was built can be read.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join;

use super::Request;
use super::Told;
use super::create;
use super::create::Bad;
use super::decide::Build;
use crate::catalog::Catalog;
use crate::db;
use crate::db::hydration::Nodes;
use crate::event::Event;
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
    names.into_iter().for_each(|name| told.hydrating(name, None));
    let mut shares = BTreeMap::new();
    let deadline = ctx.clock.deadline(Some(request.timeout));
    let (total, started) = (waiting.len(), ctx.clock.elapsed());
    let mut pause = FIRST_POLL;
    while !waiting.is_empty() {
        ctx.go_on()?;
        // Small things are ready at once: how far others have come is asked from the second look on.
        let shown = if pause == FIRST_POLL { Vec::new() } else { unfinished(&of, &waiting) };
        let look = readiness::of_objects(ctx, &waiting, readiness::ALLOWED_LAG);
        let (looked, nodes) = join(look, db::hydration::nodes(ctx.session(), &shown)).await;
        let looked = looked?;
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
        // A server that does not tell is no reason to give up.
        for (name, share) in percent(&of, &waiting, &nodes.unwrap_or_default()) {
            if shares.insert(name, share) != Some(share) {
                told.hydrating(name, Some(share));
            }
        }
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

/// What hydrates of the objects of which something is waited for.
fn unfinished(of: &BTreeMap<ObjectId, ObjectName>, waiting: &[(String, ObjectId)]) -> Vec<ObjectId> {
    let names: BTreeSet<&ObjectName> = waiting.iter().filter_map(|(_, id)| of.get(id)).collect();
    of.iter().filter(|(_, name)| names.contains(name)).map(|(id, _)| id.clone()).collect()
}

/// How much of these objects has caught up, where the server tells; less than all as long as something is
/// waited for.
fn percent<'o>(
    of: &'o BTreeMap<ObjectId, ObjectName>,
    waiting: &[(String, ObjectId)],
    nodes: &BTreeMap<ObjectId, Nodes>,
) -> BTreeMap<&'o ObjectName, u8> {
    let mut sums: BTreeMap<&ObjectName, Nodes> = BTreeMap::new();
    for id in unfinished(of, waiting) {
        if let (Some(nodes), Some(name)) = (nodes.get(&id), of.get(&id)) {
            let sum = sums.entry(name).or_default();
            sum.hydrated += nodes.hydrated;
            sum.total += nodes.total;
        }
    }
    let percent = |sum: Nodes| u8::try_from(sum.hydrated * 100 / sum.total.max(1)).unwrap_or(99).min(99);
    sums.into_iter().map(|(name, sum)| (name, percent(sum))).collect()
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
