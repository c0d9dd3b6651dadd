//! What follows an exchange that committed: sinks, new sinks, grants in place, tags, the record.
//!
//! Every part observes before it acts, so that a run that died here is finished by repeating it.
//! Nothing here can undo the exchange, and nothing of it waits for a person.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::super::code::Code;
use super::super::ctx::Ctx;
use super::super::error::Error;
use super::super::scope;
use super::super::scope::Scope;
use super::super::shifted;
use super::following;
use super::replacements;
use super::replacements::Replaced;
use super::sinks;
use super::successors::Successor;
use super::successors::successors;
use super::undo;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::db;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::SwapEntry;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::AfterSwap;
use crate::deployment::record::Record;
use crate::deployment::record::SwapDone;
use crate::event::Event;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::step::Step;
use crate::plan::step::Target;

/// How long a sink may take to be cut over: it waits until it has passed the new relation's
/// earliest readable time, and a stalled sink waits for ever.
///
/// Source: ALTER SINK in the manual; `design/materialize.md` 1.8.
const SINK_DEADLINE: Duration = Duration::from_secs(60);

/// Begins every tag of ours, so that a person's own comment is told apart from it.
pub const TAG: &str = "mzflow: ";

/// Names of what stands under staging names now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retired {
    /// Schemas, with their database.
    pub schemas: Vec<String>,
    /// Clusters.
    pub clusters: Vec<String>,
    /// Objects that changed names one by one.
    pub objects: Vec<String>,
}

/// Tells what changed places, and what came of what follows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exchanged {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Which way.
    pub kind: SwapKind,
    /// The epoch that the exchange made.
    pub epoch: u64,
    /// When, by the server's clock, in milliseconds since 1970.
    pub at_ms: u64,
    /// What left production.
    pub retired: Retired,
    /// Sinks that read something else now.
    pub sinks: Vec<String>,
    /// Sinks that could not be cut over or made: none, for that is an error.
    pub pending_sinks: Vec<String>,
    /// Sinks of others that were left with what left production, each with its owner.
    pub left_sinks: Vec<String>,
    /// Sinks that have stalled since they read something else, with the reason.
    pub stalled_sinks: Vec<String>,
    /// Materialized views that were replaced in place.
    pub replaced: Vec<String>,
    /// Who, outside the project, still reads what left production: it cannot be dropped before.
    pub held_by: Vec<String>,
    /// Seconds for which what left production is to be kept.
    pub keep_s: u64,
}

/// Does what follows and records that it is done.
///
/// # Errors
/// `swap.sink-pending` when a sink could not be cut over or made, `run.interrupted`, `run.deadline`, `run.fenced`,
/// `db.*`. The exchange stands in any case; after any of these, repeating it goes on.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two, and ends one that waits.
pub async fn finish(ctx: &mut Ctx, scope: &Scope, entry: &SwapEntry) -> Result<Exchanged, Error> {
    let kind = entry.intent.kind;
    finished(ctx, scope, entry).await.map_err(|error| following::stands(error, kind))
}

async fn finished(ctx: &mut Ctx, scope: &Scope, entry: &SwapEntry) -> Result<Exchanged, Error> {
    let kind = entry.intent.kind;
    let mut catalog = ctx.catalog().await?;
    let mut found = successors(scope, kind, &catalog);
    if entry.intent.leave_sinks {
        found = sinks::part(found, scope, kind, &catalog).own;
    }
    let (altered, mut pending_sinks) = cut_over(ctx, found).await?;
    let mut replaced = Replaced::default();
    let mut made_sinks = Vec::new();
    if kind == SwapKind::Rollback {
        undo::take_back(ctx, scope).await?;
        catalog = ctx.catalog().await?;
    }
    if kind == SwapKind::Promotion {
        if !scope.intent.replaced_in.is_empty() {
            replaced = replacements::apply(ctx, scope).await?;
            catalog = ctx.catalog().await?;
        }
        let begun = undo::remember(ctx, scope, entry, &catalog).await?;
        in_place(ctx, scope).await?;
        pending_sinks.extend(new_sinks(ctx, scope, &catalog).await?);
        made_sinks = undo::made(ctx, begun).await?;
        tags(ctx, scope, entry, &catalog).await?;
    }
    shifted::warn(ctx, &scope.intent, &catalog, "read the version that has left production");
    let done = SwapDone {
        deployment: scope.deployment().clone(),
        epoch: entry.intent.to.epoch,
        pending_sinks: pending_sinks.clone(),
        pending_replacements: replaced.pending.clone(),
        made_sinks,
    };
    ctx.record(Record::SwapDone(done)).await?;
    let pending = [sinks_pending(scope, &pending_sinks), replacements_pending(scope, &replaced.pending)];
    let mut pending = pending.into_iter().flatten();
    match pending.next() {
        Some(first) => Err(first.also(pending.collect())),
        None => {
            let stalled_sinks = sinks::observe(ctx, &altered, &catalog).await;
            let sinks = altered.iter().map(ToString::to_string).collect();
            let followed = Followed { sinks, stalled_sinks, replaced };
            Ok(told(scope, entry, &catalog, followed))
        }
    }
}

fn sinks_pending(scope: &Scope, pending: &[String]) -> Option<Error> {
    let message = format!("{} was swapped, but a sink has not followed", scope.deployment());
    (!pending.is_empty()).then(|| {
        Error::new(Code::SwapSinkPending, message)
            .with_lines(pending.to_vec())
            .effect("the swap stands, and the replaced version is kept")
    })
}

fn replacements_pending(scope: &Scope, pending: &[String]) -> Option<Error> {
    let id = scope.deployment();
    let message = format!("{id} was swapped, but a materialized view could not be replaced in place");
    (!pending.is_empty()).then(|| {
        Error::new(Code::SwapReplacementPending, message).with_lines(pending.to_vec()).effect(
            "the swap stands, what could not be replaced serves what it did before, and nothing is dropped",
        )
    })
}

/// What came of what follows an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Sinks that read something else now.
    pub sinks: Vec<String>,
    /// Sinks that have stalled since they read something else, with the reason.
    pub stalled_sinks: Vec<String>,
    /// Materialized views that were replaced in place.
    pub replaced: Replaced,
}

/// What an exchange came to, from the catalog after it.
pub fn told(scope: &Scope, entry: &SwapEntry, catalog: &Catalog, followed: Followed) -> Exchanged {
    let left = match entry.intent.kind {
        SwapKind::Promotion => scope.leaving(),
        SwapKind::Rollback => scope.green(),
    };
    let held_by = scope::dependents(catalog, &left, &left).into_iter();
    let left_sinks = match entry.intent.leave_sinks {
        true => {
            let kind = entry.intent.kind;
            sinks::part(successors(scope, kind, catalog), scope, kind, catalog).left()
        }
        false => Vec::new(),
    };
    // Sinks that were left with what is carried along are those of an earlier promotion.
    let along: BTreeSet<&ObjectId> = match entry.intent.kind {
        SwapKind::Promotion => scope.contents.carried_along.iter().collect(),
        SwapKind::Rollback => BTreeSet::new(),
    };
    let along = scope::sinks_reading(catalog, &along).into_iter().map(scope::told);
    let held_by = held_by.chain(along).chain(left_sinks.iter().cloned()).collect();
    let schemas = scope.intent.schemas.iter().map(|pair| pair.staging_name());
    let clusters = scope.intent.clusters.iter().map(|pair| &pair.staging);
    let objects = scope.contents.renamed().filter(|object| match entry.intent.kind {
        SwapKind::Promotion => object.production_id.is_some(),
        SwapKind::Rollback => object.change.is_built(),
    });
    let objects = objects.map(|object| match entry.intent.kind {
        SwapKind::Promotion => scope.intent.retired_name(object),
        SwapKind::Rollback => scope.intent.staging_name(object),
    });
    Exchanged {
        deployment: scope.deployment().clone(),
        kind: entry.intent.kind,
        epoch: entry.intent.to.epoch,
        at_ms: entry.at.0,
        retired: Retired {
            schemas: schemas
                .filter(|name| catalog.schemas.contains_key(name))
                .map(|n| n.to_string())
                .collect(),
            clusters: clusters
                .filter(|name| catalog.clusters.contains_key(name))
                .map(|n| n.to_string())
                .collect(),
            objects: objects.filter(|name| catalog.object(name).is_some()).map(|n| n.to_string()).collect(),
        },
        sinks: followed.sinks,
        pending_sinks: Vec::new(),
        left_sinks,
        stalled_sinks: followed.stalled_sinks,
        replaced: followed.replaced.done,
        held_by,
        keep_s: entry.intent.keep_s,
    }
}

/// Lets each sink read what stands under the production name now; those that fail are told.
async fn cut_over(
    ctx: &mut Ctx,
    successors: Vec<Successor>,
) -> Result<(Vec<ObjectName>, Vec<String>), Error> {
    let (mut done, mut pending) = (Vec::new(), Vec::new());
    for (sink, successor) in successors {
        let Some(from) = successor else {
            pending.push(format!("sink {sink} reads an object that is gone"));
            continue;
        };
        let step = Step::CutOverSink { sink: sink.clone(), from: from.clone() };
        match following::run_within(ctx, step, SINK_DEADLINE).await? {
            Ok(()) => {
                ctx.events.event(Event::SinkCutOver { sink: sink.to_string(), from: from.to_string() });
                done.push(sink);
            }
            Err(reason) => pending.push(format!("sink {sink}: {reason}")),
        }
    }
    Ok((done, pending))
}

/// Grants and comments on production objects that were not rebuilt.
async fn in_place(ctx: &mut Ctx, scope: &Scope) -> Result<(), Error> {
    let steps = scope.contents.in_place.iter().map(statement);
    let refused = following::carry_out(ctx, steps.collect()).await?;
    warn_of_failures(ctx, refused, "swap.in-place-failed");
    Ok(())
}

/// Makes the sinks that are new; those that the server refuses are told, each with the reason.
async fn new_sinks(ctx: &mut Ctx, scope: &Scope, catalog: &Catalog) -> Result<Vec<String>, Error> {
    let mut missing = missing_sinks(scope, catalog);
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let steps = missing.iter().map(|(_, sink)| statement(sink));
    let refused = following::carry_out(ctx, steps.collect()).await?;
    if refused.is_empty() {
        return Ok(Vec::new());
    }
    // One whose first answer was lost is there, and so is one that somebody else has made.
    missing = missing_sinks(scope, &*ctx.reread().await?);
    let why = |sink: &AfterSwap| {
        let found = refused.iter().find(|(step, _)| step.what() == sink.what);
        found.map_or("it is gone again".to_owned(), |(_, error)| error.to_string())
    };
    Ok(missing.into_iter().map(|(name, sink)| format!("sink {name}: {}", why(sink))).collect())
}

/// The new sinks that do not stand yet, by name.
pub(super) fn missing_sinks<'s>(scope: &'s Scope, catalog: &Catalog) -> Vec<(ObjectName, &'s AfterSwap)> {
    let sinks = scope.contents.new_sinks.iter().filter_map(|sink| Some((undo::new_sink(sink)?, sink)));
    sinks.filter(|(name, _)| catalog.object(name).is_none()).collect()
}

/// A statement that waited for the exchange.
pub(super) fn statement(after: &AfterSwap) -> Step {
    Step::Statement { what: after.what.clone(), sql: after.sql.clone(), shown: None, origin: None }
}

/// Tells what the server would refuse again: a role is gone, or a column.
pub(super) fn warn_of_failures(ctx: &Ctx, refused: Vec<(Step, db::error::Error)>, code: &str) {
    for (step, error) in refused {
        let message = format!("cannot {}: {error}", step.what());
        ctx.events.event(Event::Warning { code: code.to_owned(), message });
    }
}

/// Writes onto each production schema which deployment it is, unless a person has written there.
async fn tags(ctx: &mut Ctx, scope: &Scope, entry: &SwapEntry, catalog: &Catalog) -> Result<(), Error> {
    let text = tag(entry);
    // Where objects change names one by one, their schema may be another's.
    let is_own =
        |name: &SchemaName| catalog.schemas.get(name).is_some_and(|found| catalog.owns(&found.owner));
    let staying = scope.intent.staying().filter(is_own);
    let names = scope.intent.schemas.iter().map(|pair| pair.production_name()).chain(staying);
    let untouched = names.filter(|name| {
        let comment = catalog.schemas.get(name).and_then(|schema| schema.comment.as_deref());
        comment.is_none_or(|comment| comment.starts_with(TAG) && comment != text)
    });
    let steps = untouched.map(|name| Step::Comment { on: Target::Schema(name), text: Some(text.clone()) });
    let refused = following::carry_out(ctx, steps.collect()).await?;
    warn_of_failures(ctx, refused, "swap.tag-failed");
    Ok(())
}

fn tag(entry: &SwapEntry) -> String {
    let commit = entry.intent.commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
    let at = at(entry.at);
    format!("{TAG}deployment {}, promoted by {} at {at}{commit}", entry.intent.deployment, entry.actor)
}

/// A moment in UTC, to the second.
fn at(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(|| at.0.to_string(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
