//! Sinks beside an exchange: those that the connected role may not alter, and how those fare that were altered.

use std::time::Duration;

use super::super::allowed;
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
use crate::deployment::way::Way;
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

/// Sinks, parted by what the connected role may do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parted {
    /// Those that it may alter.
    pub(super) own: Vec<Successor>,
    /// Those that belong to others, a line each.
    pub(super) of_others: Vec<String>,
    /// Those of its own for which it lacks something, a line for each privilege.
    pub(super) lacking: Vec<String>,
}

impl Parted {
    /// Those that stay with what they read where nobody else may be asked.
    pub(super) fn left(self) -> Vec<String> {
        self.of_others.into_iter().chain(self.lacking).collect()
    }
}

/// Parts sinks: those that the connected role may alter, and those it may not.
pub(super) fn part(found: Vec<Successor>, scope: &Scope, kind: SwapKind, catalog: &Catalog) -> Parted {
    let mut parted = Parted::default();
    for (name, successor) in found {
        if let Some(sink) = catalog.object(&name).filter(|sink| !catalog.owns(&sink.owner)) {
            let line = format!("sink {name} belongs to {}, who alone can alter it", sink.owner);
            parted.of_others.push(line);
            continue;
        }
        // What it is to read bears another name before the exchange than after it, and is granted under that.
        let reads = successor.as_ref().map(|reads| now(scope, kind, reads, catalog));
        let asked = reads.map(|reads| allowed::to_cut_over(catalog, &name, &reads)).unwrap_or_default();
        let lacking = allowed::lacking(catalog, asked);
        if lacking.is_empty() {
            parted.own.push((name.clone(), successor));
        }
        parted.lacking.extend(lacking.into_iter().map(|line| format!("sink {name}: {line}")));
    }
    parted
}

/// The name that what comes in under a production name bears now.
fn now(scope: &Scope, kind: SwapKind, production: &ObjectName, catalog: &Catalog) -> ObjectName {
    let object = scope.contents.objects.iter().find(|object| object.name == *production);
    let object = object.filter(|object| object.is_replaced() && object.way != Way::Replaced);
    let comes = object.and_then(|object| match kind {
        SwapKind::Promotion => scope.built.get(&scope.intent.staging_name(object)),
        SwapKind::Rollback => object.production_id.as_ref(),
    });
    comes.and_then(|id| catalog.objects.get(id)).map_or(production, |found| &found.name).clone()
}

/// Fails where a sink would have to be altered that the connected role may not alter, unless it may be left.
pub(super) fn alterable(
    scope: &Scope,
    kind: SwapKind,
    others: OthersSinks,
    catalog: &Catalog,
) -> Result<(), Error> {
    let parted = part(successors(scope, kind, catalog), scope, kind, catalog);
    let (code, lines) = match (parted.of_others.is_empty(), parted.lacking.is_empty()) {
        (true, true) => return Ok(()),
        (false, _) => (Code::SwapSinkNotOwner, parted.left()),
        (true, false) => (Code::SwapMissingPrivilege, parted.left()),
    };
    if others == OthersSinks::Left {
        return Ok(());
    }
    let message = format!("{} may not alter a sink that reads what is replaced", catalog.session.role);
    Err(Error::new(code, message).with_lines(lines).effect("nothing was changed"))
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
