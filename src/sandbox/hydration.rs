//! Hydration on a clock: how far each object has come on each replica at a moment.
//!
//! Pure: everything follows from the state (when things were made, `ALTER SYSTEM SET sandbox_…`)
//! and the time. An object hydrates anew on each replica from the moment at which both are there;
//! for the first third of that time the replica has not reported it at all. Source:
//! `design/materialize.md` 4. Start reading at [`statuses`].

use std::collections::BTreeSet;
use std::time::Duration;

use super::model::State;
use super::model::cluster::Cluster;
use super::model::cluster::Replica;
use super::model::id::ItemId;
use super::model::id::ReplicaId;
use super::model::item::Item;
use super::model::item::ItemData;
use super::model::item::SourceData;
use super::settings;
use crate::clock::Timestamp;

/// Between two deaths of a replica that runs out of memory.
const CRASH_EVERY: Duration = Duration::from_secs(20);

/// How many deaths its history tells of.
const CRASHES_TOLD: u64 = 5;

/// How deep inputs are followed when rows are counted; views over views go no deeper.
const INPUTS_DEEP: usize = 64;

/// The step in which frontiers advance, in milliseconds.
const FRONTIER_STEP_MS: u64 = 1_000;

/// What goes on beside the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Runtime {
    /// The time.
    pub(crate) now: Timestamp,
    /// The sessions that are open.
    pub(crate) sessions: Vec<SessionFacts>,
    /// The role that asks, for `mz_show_my_*` and `current_user`.
    pub(crate) role: super::model::id::RoleId,
    /// The database of the session that asks.
    pub(crate) database: crate::name::Ident,
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
    let mut found = Vec::new();
    for item in state.catalog.items.values().filter(|item| has_dataflow(item)) {
        let Some(cluster) = item.cluster().and_then(|id| state.catalog.clusters.get(&id)) else { continue };
        let progress = Progress::of(state, item, cluster);
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

/// How fast one object hydrates.
struct Progress<'a> {
    item: &'a Item,
    takes: Duration,
    constant: bool,
    never: bool,
}

impl<'a> Progress<'a> {
    fn of(state: &State, item: &'a Item, cluster: &Cluster) -> Self {
        let constant = is_constant(item);
        let per_row = settings::length(state, settings::HYDRATION_PER_ROW);
        let rows = if per_row.is_zero() { 0 } else { input_rows(state, item) };
        let takes = settings::length(state, settings::HYDRATION).saturating_add(per_row.saturating_mul(rows));
        let stuck = named(state, item, settings::STUCK) || is_crash_looping(state, cluster);
        Self { item, takes, constant, never: stuck && !constant }
    }

    /// The row of a replica, once it has reported.
    fn on(&self, id: ReplicaId, replica: &Replica, now: Timestamp) -> Option<Status> {
        let begun = self.item.created.max(replica.created);
        let status =
            |hydrated, took_ms| Some(Status { item: self.item.id, replica: Some(id), hydrated, took_ms });
        if self.constant {
            return status(true, None);
        }
        if now < begun.after(self.takes / 3) {
            return None;
        }
        if self.never || now < begun.after(self.takes) {
            return status(false, None);
        }
        status(true, Some(u64::try_from(self.takes.as_millis()).unwrap_or(u64::MAX)))
    }

    fn hydrated(&self, cluster: &Cluster, now: Timestamp) -> bool {
        cluster
            .replicas
            .iter()
            .any(|(id, replica)| self.on(*id, replica, now).is_some_and(|row| row.hydrated))
    }
}

/// A materialized view of constants has nothing to wait for.
fn is_constant(item: &Item) -> bool {
    match &item.data {
        ItemData::MaterializedView { query, .. } => {
            item.uses.is_empty() && item.uses_system.is_empty() && !query.contains("mz_now")
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

/// How many rows the tables have that an object is made of.
fn input_rows(state: &State, item: &Item) -> u32 {
    let mut seen: BTreeSet<ItemId> = BTreeSet::new();
    let mut layer: Vec<ItemId> = item.uses.iter().copied().collect();
    let mut rows = 0_usize;
    for _ in 0..INPUTS_DEEP {
        let mut next = Vec::new();
        for id in layer.into_iter().filter(|id| seen.insert(*id)) {
            rows = rows.saturating_add(state.tables.get(&id).map_or(0, |table| table.rows.len()));
            next.extend(state.catalog.items.get(&id).iter().flat_map(|item| item.uses.iter().copied()));
        }
        layer = next;
    }
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// Tells whether an object is like one of the patterns of a setting, by its own name or its full one.
fn named(state: &State, item: &Item, setting: &str) -> bool {
    let patterns = settings::system(state, setting).unwrap_or_default();
    if patterns.is_empty() {
        return false;
    }
    let schema = state.catalog.schemas.get(&item.schema);
    let database = schema.and_then(|schema| state.catalog.databases.get(&schema.database));
    let own = item.name.as_str();
    let full = match (database, schema) {
        (Some(database), Some(schema)) => {
            format!("{}.{}.{own}", database.name.as_str(), schema.name.as_str())
        }
        _ => own.to_owned(),
    };
    let mut patterns = patterns.split(',').map(str::trim);
    patterns.any(|pattern| settings::like(own, pattern) || settings::like(&full, pattern))
}

fn is_crash_looping(state: &State, cluster: &Cluster) -> bool {
    let names = settings::system(state, settings::CRASH_LOOPING).unwrap_or_default();
    names
        .split(',')
        .map(str::trim)
        .any(|name| !name.is_empty() && settings::like(cluster.name.as_str(), name))
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
    let items = state.catalog.items.values();
    items.filter_map(|item| frontier(state, item, now)).collect()
}

fn frontier(state: &State, item: &Item, now: Timestamp) -> Option<Frontier> {
    let lag = settings::length(state, settings::LAG);
    let lag = if !lag.is_zero() && named(state, item, settings::LAGGING) { lag } else { Duration::ZERO };
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
            frontier(state, source, now).map(|source| Frontier { item: item.id, ..source })
        }
        ItemData::MaterializedView { .. }
        | ItemData::Index { .. }
        | ItemData::Sink { .. }
        | ItemData::Source(SourceData::LoadGenerator { .. } | SourceData::External { .. }) => {
            let cluster = state.catalog.clusters.get(&item.cluster()?)?;
            let progress = Progress::of(state, item, cluster);
            if !progress.hydrated(cluster, now) {
                at(Some(0))
            } else if progress.constant {
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
    if !is_crash_looping(state, cluster) {
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
