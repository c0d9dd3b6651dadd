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
use super::super::subscribed;
use super::super::tag;
use super::Committed;
use super::following;
use super::new_sinks;
use super::replacements;
use super::replacements::Replaced;
use super::sinks;
use super::successors::Successor;
use super::successors::successors;
use super::undo;
use crate::catalog::Catalog;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::SwapEntry;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::Record;
use crate::deployment::record::SwapDone;
use crate::deployment::rights::Deed;
use crate::deployment::rights::Thing;
use crate::event::Event;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// How long a sink may take to be cut over: it waits until it has passed the new relation's
/// earliest readable time, and a stalled sink waits for ever.
///
/// Source: ALTER SINK in the manual; `design/materialize.md` 1.8.
const SINK_DEADLINE: Duration = Duration::from_secs(60);

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
    /// Who, outside the project, still reads what left production: it is not dropped before. SUBSCRIBEs count too.
    pub held_by: Vec<String>,
    /// Seconds for which what left production is to be kept.
    pub keep_s: u64,
}

/// What of that which follows an exchange is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// All.
    All,
    /// Sinks and replacements: what files say is said by a later promotion of the same project.
    Overtaken,
}

/// Does what follows and records that it is done.
///
/// # Errors
/// `swap.sink-pending` when a sink could not be cut over or made, `run.interrupted`, `run.deadline`, `run.fenced`,
/// `db.*`. The exchange stands in any case; after any of these, repeating it goes on.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two, and ends one that waits.
pub async fn finish(ctx: &mut Ctx, committed: &Committed) -> Result<Exchanged, Error> {
    followed(ctx, committed, Rest::All).await
}

/// As [`finish`], for an exchange that an earlier attempt has committed.
///
/// # Errors
/// As [`finish`].
pub async fn resume(ctx: &mut Ctx, scope: Scope, entry: &SwapEntry, rest: Rest) -> Result<Exchanged, Error> {
    let running = subscribed::running(ctx).await?;
    followed(ctx, &Committed { scope, entry: entry.clone(), running }, rest).await
}

async fn followed(ctx: &mut Ctx, committed: &Committed, rest: Rest) -> Result<Exchanged, Error> {
    let kind = committed.entry.intent.kind;
    finished(ctx, committed, rest).await.map_err(|error| following::stands(error, kind))
}

async fn finished(ctx: &mut Ctx, committed: &Committed, rest: Rest) -> Result<Exchanged, Error> {
    let Committed { scope, entry, .. } = committed;
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
    if kind == SwapKind::Promotion && !scope.intent.replaced_in.is_empty() {
        replaced = replacements::apply(ctx, scope).await?;
        catalog = ctx.catalog().await?;
    }
    if kind == SwapKind::Promotion && rest == Rest::All {
        let begun = undo::remember(ctx, scope, entry, &catalog).await?;
        in_place(ctx, scope).await?;
        pending_sinks.extend(new_sinks::make(ctx, scope, &catalog).await?);
        made_sinks = new_sinks::made(ctx, begun).await?;
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
            Ok(told(committed, &catalog, followed))
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
pub fn told(committed: &Committed, catalog: &Catalog, followed: Followed) -> Exchanged {
    let Committed { scope, entry, running } = committed;
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
    let subscribed = super::readers(scope, entry.intent.kind, running, catalog).into_iter();
    let subscribed = subscribed.map(|reader| reader.who);
    let held_by = held_by.chain(along).chain(left_sinks.iter().cloned()).chain(subscribed).collect();
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
    let steps = scope.contents.in_place.iter().map(following::statement);
    following::carry_out_or_warn(ctx, steps.collect(), "swap.in-place-failed").await
}

/// Writes onto each production schema which deployment it is, unless a person has written there, or the files have: what
/// is said in place was said behind this catalog.
async fn tags(ctx: &mut Ctx, scope: &Scope, entry: &SwapEntry, catalog: &Catalog) -> Result<(), Error> {
    let text = tag::of(entry);
    // Where objects change names one by one, their schema may be another's.
    let is_own =
        |name: &SchemaName| catalog.schemas.get(name).is_some_and(|found| catalog.owns(&found.owner));
    let staying = scope.intent.staying().filter(is_own);
    let names = scope.intent.schemas.iter().map(|pair| pair.production_name()).chain(staying);
    let in_place = scope.contents.in_place.iter().flat_map(|after| &after.deeds);
    let written: BTreeSet<&SchemaName> = in_place
        .filter_map(|deed| match deed {
            Deed::Comment { on: Thing::Schema(name), text: Some(_), .. } => Some(name),
            _ => None,
        })
        .collect();
    let untouched = names.filter(|name| !written.contains(name)).filter(|name| {
        let comment = catalog.schemas.get(name).and_then(|schema| schema.comment.as_deref());
        comment.is_none_or(|comment| tag::is_tag(comment) && comment != text)
    });
    let steps = untouched.map(|name| Step::Comment { on: Target::Schema(name), text: Some(text.clone()) });
    following::carry_out_or_warn(ctx, steps.collect(), "swap.tag-failed").await
}
