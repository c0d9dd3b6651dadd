//! Hydration on a clock: how far each object has come on each replica at a moment.
//!
//! Pure: everything follows from the state (when things were made, `ALTER SYSTEM SET sandbox_…`)
//! and the time. An object hydrates anew on each replica from the moment at which both are there,
//! and never before what it is made of can be read; for the first third of its own time the replica has
//! not reported it at all. Source: `design/materialize.md` 4. Start reading at [`statuses`].

mod pace;
pub(crate) mod refresh;

use std::sync::Arc;
use std::time::Duration;

use super::knobs;
use super::model::State;
use super::model::cluster::Cluster;
use super::model::cluster::Replica;
use super::model::id::ItemId;
use super::model::id::ReplicaId;
use super::model::item::Item;
use super::model::item::ItemData;
use super::model::item::SourceData;
use super::settings;
use super::sinks;
use super::sinks::Health;
use crate::clock::Timestamp;
use crate::name::like::like;
use pace::Pace;
pub(crate) use pace::readable;

/// Between two deaths of a replica that runs out of memory.
const CRASH_EVERY: Duration = Duration::from_secs(20);

/// How many deaths its history tells of.
const CRASHES_TOLD: u64 = 5;

/// The step in which frontiers advance, in milliseconds.
const FRONTIER_STEP_MS: u64 = 1_000;

/// What goes on beside the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    /// The time.
    pub(crate) now: Timestamp,
    /// The sessions that are open.
    pub(crate) sessions: Vec<SessionFacts>,
    /// The subscriptions that run, by number.
    pub(crate) subscriptions: Vec<(u32, SubscriptionFacts)>,
    /// The role that asks, for `mz_show_my_*` and `current_user`.
    pub(crate) role: super::model::id::RoleId,
    /// The database of the session that asks.
    pub(crate) database: crate::name::Ident,
    /// What the sandbox keeps of what it did.
    pub(crate) kept: Kept,
}

/// What the sandbox keeps of what it did: the relations of its own schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// What was run.
    pub(crate) transcript: imbl::Vector<std::sync::Arc<super::transcript::Ran>>,
    /// What sinks would have sent.
    pub(crate) emitted: imbl::Vector<std::sync::Arc<super::emission::Emitted>>,
}

/// One open session.
#[derive(Clone, Debug)]
pub(crate) struct SessionFacts {
    /// Its uuid.
    pub(crate) id: String,
    /// Its number.
    pub(crate) connection: u32,
    /// Its role.
    pub(crate) role: super::model::id::RoleId,
    /// When it was opened.
    pub(crate) since: Timestamp,
}

/// One subscription that runs.
#[derive(Clone, Debug)]
pub(crate) struct SubscriptionFacts {
    /// The number of its session.
    pub(crate) connection: u32,
    /// The cluster that it runs on, whatever that is called by now.
    pub(crate) cluster: Option<super::model::id::ClusterId>,
    /// When it began.
    pub(crate) since: Timestamp,
    /// What it reads.
    pub(crate) reads: Vec<ItemId>,
}

/// One row of `mz_hydration_statuses`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The object.
    pub(crate) item: ItemId,
    /// The replica; `None` before any has reported.
    pub(crate) replica: Option<ReplicaId>,
    /// Whether it has taken in what was there when it began.
    pub(crate) hydrated: bool,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: Option<u64>,
}

/// How every index, materialized view, source and sink fares.
pub(crate) fn statuses(state: &State, now: Timestamp) -> Vec<Status> {
    statuses_of(state, now, state.catalog.items.values())
}

/// How these fare, as far as they are such.
pub(crate) fn statuses_of<'s>(
    state: &'s State,
    now: Timestamp,
    items: impl Iterator<Item = &'s Arc<Item>>,
) -> Vec<Status> {
    let mut found = Vec::new();
    let mut pace = Pace::new(state);
    for item in items.filter(|item| has_dataflow(item)) {
        let Some(cluster) = item.cluster().and_then(|id| state.catalog.clusters.get(&id)) else { continue };
        let progress = pace.of(item, cluster);
        let rows = cluster.replicas.iter().filter_map(|(id, replica)| progress.on(*id, replica, now));
        let rows: Vec<Status> = rows.collect();
        let is_sink = matches!(item.data, ItemData::Sink { .. });
        if rows.is_empty() && !is_sink {
            found.push(Status { item: item.id, replica: None, hydrated: false, took_ms: None });
        }
        found.extend(rows);
    }
    found
}

/// How many nodes the plan of every index and materialized view has: none is planned here.
pub(crate) const NODES: u64 = 4;

/// How many of the nodes of a plan have hydrated on a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nodes {
    /// The object.
    pub(crate) item: ItemId,
    /// The replica; it has reported.
    pub(crate) replica: ReplicaId,
    /// How many of [`NODES`], from the first on.
    pub(crate) hydrated: u64,
}

/// How far the plans of these have come, as far as they have one.
pub(crate) fn nodes_of<'s>(
    state: &'s State,
    now: Timestamp,
    items: impl Iterator<Item = &'s Arc<Item>>,
) -> Vec<Nodes> {
    let mut found = Vec::new();
    let mut pace = Pace::new(state);
    let is_planned =
        |item: &&Arc<Item>| matches!(item.data, ItemData::Index { .. } | ItemData::MaterializedView { .. });
    for item in items.filter(is_planned) {
        let Some(cluster) = item.cluster().and_then(|id| state.catalog.clusters.get(&id)) else { continue };
        let progress = pace.of(item, cluster);
        found.extend(cluster.replicas.iter().filter_map(|(id, replica)| {
            let hydrated = progress.nodes_on(*id, replica, now)?;
            Some(Nodes { item: item.id, replica: *id, hydrated })
        }));
    }
    found
}

/// Tells whether hydration is anything to an object.
fn has_dataflow(item: &Item) -> bool {
    match &item.data {
        ItemData::MaterializedView { .. } | ItemData::Index { .. } | ItemData::Sink { .. } => true,
        ItemData::Source(source) => match source {
            SourceData::LoadGenerator { .. } | SourceData::External { .. } => true,
            SourceData::Webhook { .. } | SourceData::Subsource { .. } | SourceData::Progress { .. } => false,
        },
        ItemData::Table { .. }
        | ItemData::View { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => false,
    }
}

/// A materialized view of constants has nothing to wait for.
fn is_constant(item: &Item) -> bool {
    match &item.data {
        ItemData::MaterializedView { query, replaces, .. } => {
            item.uses.iter().all(|id| Some(*id) == *replaces)
                && item.uses_system.is_empty()
                && !query.contains("mz_now")
        }
        ItemData::Table { .. }
        | ItemData::View { .. }
        | ItemData::Index { .. }
        | ItemData::Source(_)
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => false,
    }
}

/// Tells whether a replica runs out of memory again and again: its cluster is named, or `cluster.replica`.
fn is_crash_looping(state: &State, cluster: &Cluster, replica: &Replica) -> bool {
    let names = settings::system(state, settings::CRASH_LOOPING).unwrap_or_default();
    let mut names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.any(|name| {
        let full = || format!("{}.{}", cluster.name.as_str(), replica.name.as_str());
        like(cluster.name.as_str(), name) || like(&full(), name)
    })
}

/// One row of `mz_frontiers`, in milliseconds since 1970; `None` is for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frontier {
    /// The object.
    pub(crate) item: ItemId,
    /// From when it can be read.
    pub(crate) read: Option<u64>,
    /// Up to when it is complete.
    pub(crate) write: Option<u64>,
}

/// How far every object with contents is complete.
pub(crate) fn frontiers(state: &State, now: Timestamp) -> Vec<Frontier> {
    frontiers_of(state, now, state.catalog.items.values())
}

/// How far these are complete, as far as they have contents.
pub(crate) fn frontiers_of<'s>(
    state: &'s State,
    now: Timestamp,
    items: impl Iterator<Item = &'s Arc<Item>>,
) -> Vec<Frontier> {
    let mut pace = Pace::new(state);
    items.filter_map(|item| frontier(state, &mut pace, item, now)).collect()
}

fn frontier(state: &State, pace: &mut Pace<'_>, item: &Item, now: Timestamp) -> Option<Frontier> {
    let lag = settings::length(state, settings::LAG);
    let lagging = || settings::system(state, settings::LAGGING).unwrap_or_default();
    let lags = !lag.is_zero() && knobs::names(&state.catalog, item, &lagging());
    let lag = if lags { lag } else { Duration::ZERO };
    let behind = now.0.saturating_sub(u64::try_from(lag.as_millis()).unwrap_or(u64::MAX));
    let write = behind / FRONTIER_STEP_MS * FRONTIER_STEP_MS;
    let at = |write: Option<u64>| {
        Some(Frontier {
            item: item.id,
            read: Some(write.unwrap_or(write_of(now)).saturating_sub(FRONTIER_STEP_MS)),
            write,
        })
    };
    match &item.data {
        ItemData::Table { from_source: None } | ItemData::Source(SourceData::Webhook { .. }) => {
            at(Some(write))
        }
        ItemData::Table { from_source: Some((of, _)) }
        | ItemData::Source(SourceData::Subsource { of, .. } | SourceData::Progress { of }) => {
            let source = state.catalog.items.get(of)?;
            frontier(state, pace, source, now).map(|source| Frontier { item: item.id, ..source })
        }
        ItemData::MaterializedView { .. }
        | ItemData::Index { .. }
        | ItemData::Sink { .. }
        | ItemData::Source(SourceData::LoadGenerator { .. } | SourceData::External { .. }) => {
            let (health, since) = sinks::health(state, item);
            if let Some((last, next)) = refresh::around(state, item, now) {
                // Complete up to the next refresh; for ever where none follows.
                return at(last.map_or(Some(0), |_| next.map(|next| next.0)));
            }
            if let (ItemData::Sink { .. }, false, Some(since)) =
                (&item.data, health == Health::Running, since)
            {
                // It stands where it stood.
                at(Some(since.0 / FRONTIER_STEP_MS * FRONTIER_STEP_MS))
            } else if pace.readable(item.id).is_none_or(|at| now < at) {
                at(Some(0))
            } else if is_constant(item) {
                at(None)
            } else {
                at(Some(write))
            }
        }
        ItemData::View { .. } | ItemData::Connection { .. } | ItemData::Secret | ItemData::Type { .. } => {
            None
        }
    }
}

/// The moment in steps of frontiers.
fn write_of(now: Timestamp) -> u64 {
    now.0 / FRONTIER_STEP_MS * FRONTIER_STEP_MS
}

/// One row of `mz_cluster_replica_statuses` or of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplicaStatus {
    /// The replica.
    pub(crate) replica: ReplicaId,
    /// `online` or `offline`.
    pub(crate) status: &'static str,
    /// Why it is offline: `oom-killed`.
    pub(crate) reason: Option<String>,
    /// Since when.
    pub(crate) at: Timestamp,
}

/// How every replica fares now.
pub(crate) fn replica_statuses(state: &State, now: Timestamp) -> Vec<ReplicaStatus> {
    let mut found = Vec::new();
    for cluster in state.catalog.clusters.values() {
        for (id, replica) in &cluster.replicas {
            found.extend(history_of(state, cluster, *id, replica, now).pop());
        }
    }
    found
}

/// How every replica fared, oldest first.
pub(crate) fn replica_history(state: &State, now: Timestamp) -> Vec<ReplicaStatus> {
    let mut found = Vec::new();
    for cluster in state.catalog.clusters.values() {
        for (id, replica) in &cluster.replicas {
            found.extend(history_of(state, cluster, *id, replica, now));
        }
    }
    found.sort_by_key(|row| row.at);
    found
}

/// How one replica fared: online since it was made, or dead and alive in turns, at present dead.
fn history_of(
    state: &State,
    cluster: &Cluster,
    id: ReplicaId,
    replica: &Replica,
    now: Timestamp,
) -> Vec<ReplicaStatus> {
    let online = |at| ReplicaStatus { replica: id, status: "online", reason: None, at };
    let mut rows = vec![online(replica.created)];
    if !is_crash_looping(state, cluster, replica) {
        return rows;
    }
    let every = u64::try_from(CRASH_EVERY.as_millis()).unwrap_or(u64::MAX);
    let last = now.0 / every * every;
    for back in (0..CRASHES_TOLD).rev() {
        let died = Timestamp(last.saturating_sub(back.saturating_mul(every)));
        if back + 1 < CRASHES_TOLD {
            rows.push(online(Timestamp(died.0.saturating_sub(every / 2))));
        }
        let reason = Some("oom-killed".to_owned());
        rows.push(ReplicaStatus { replica: id, status: "offline", reason, at: died });
    }
    rows
}

#[cfg(test)]
mod tests;
