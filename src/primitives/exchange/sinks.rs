//! Sinks beside an exchange: those that the connected role may not alter, and how those fare that were altered.

use std::time::Duration;

use super::super::code::Code;
use super::super::ctx::Ctx;
use super::super::error::Error;
use super::super::scope::Scope;
use super::successors::Successor;
use super::successors::successors;
use crate::catalog::Catalog;
use crate::db;
use crate::db::sinks::SinkStatus;
use crate::deployment::epoch::SwapKind;
use crate::event::Event;
use crate::name::ObjectId;
use crate::name::ObjectName;

/// How long sinks are looked at once they read something else: a relation that they cannot encode is told in
/// their status, a moment later.
///
/// Source: `design/materialize.md` 1.8 and 3.1: statuses lag by up to a second or more.
const OBSERVED_FOR: Duration = Duration::from_secs(2);

/// The pause between two looks at them.
const PAUSE: Duration = Duration::from_millis(200);

/// What is to become of sinks that the connected role may not alter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OthersSinks {
    /// They keep the exchange from being made.
    Refused,
    /// They go on reading what leaves production.
    Left,
}

/// Parts sinks: those that the connected role may alter, and those it may not, a line each.
pub(super) fn part(found: Vec<Successor>, catalog: &Catalog) -> (Vec<Successor>, Vec<String>) {
    let mut left = Vec::new();
    let mut own = Vec::new();
    for (name, successor) in found {
        match catalog.object(&name).filter(|sink| !catalog.owns(&sink.owner)) {
            Some(sink) => left.push(format!("sink {name} belongs to {}, who alone can alter it", sink.owner)),
            None => own.push((name, successor)),
        }
    }
    (own, left)
}

/// Fails where a sink would have to be altered that is not the connected role's, unless it may be left.
pub(super) fn altered_by_owner(
    scope: &Scope,
    kind: SwapKind,
    others: OthersSinks,
    catalog: &Catalog,
) -> Result<(), Error> {
    let (_, left) = part(successors(scope, kind, catalog), catalog);
    if others == OthersSinks::Left || left.is_empty() {
        return Ok(());
    }
    let message = format!("{} may not alter a sink that reads what is replaced", catalog.session.role);
    Err(Error::new(Code::SwapSinkNotOwner, message).with_lines(left).effect("nothing was changed"))
}

/// Looks at sinks for a while and tells what is wrong with them, a line each.
///
/// # Errors
/// None: the exchange stands, and what cannot be looked at is not told.
pub(super) async fn observe(ctx: &Ctx, sinks: &[ObjectName], catalog: &Catalog) -> Vec<String> {
    let ids: Vec<ObjectId> =
        sinks.iter().filter_map(|name| catalog.object(name)).map(|sink| sink.id.clone()).collect();
    if ids.is_empty() || ctx.is_rehearsal() {
        return Vec::new();
    }
    let deadline = ctx.clock.deadline(Some(OBSERVED_FOR));
    let told = loop {
        let statuses = match db::sinks::statuses(ctx.session(), &ids).await {
            Ok(statuses) => statuses,
            Err(error) => {
                tracing::debug!("how sinks fare is not told: {error}");
                break Vec::new();
            }
        };
        let told = unwell(&statuses, catalog);
        // A stop that is asked for ends the look and nothing else.
        if told.len() == ids.len()
            || deadline.passed()
            || ctx.interrupt_or_sleep(&deadline, PAUSE).await.is_err()
        {
            break told;
        }
    };
    for message in told.iter().cloned() {
        ctx.events.event(Event::Warning { code: "swap.sink-stalled".to_owned(), message });
    }
    told
}

/// The sinks that say that something is wrong, a line each.
fn unwell(statuses: &[SinkStatus], catalog: &Catalog) -> Vec<String> {
    let unwell = statuses.iter().filter(|status| matches!(status.status.as_str(), "stalled" | "failed"));
    unwell
        .map(|one| {
            let name = catalog.objects.get(&one.id).map(|sink| sink.name.to_string());
            let error = one.error.as_deref().unwrap_or("the server does not say why");
            format!("sink {} is {}: {error}", name.unwrap_or_else(|| one.id.to_string()), one.status)
        })
        .collect()
}
