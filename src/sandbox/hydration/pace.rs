//! When each object has hydrated, and from when on it can be read.
//!
//! What is found once is remembered, so that asking for all objects takes a time that grows with their
//! number alone. Start reading at [`Pace::readable`].

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::time::Duration;

use super::Status;
use super::is_constant;
use super::is_crash_looping;
use super::refresh;
use crate::clock::Timestamp;
use crate::sandbox::knobs;
use crate::sandbox::model::State;
use crate::sandbox::model::cluster::Cluster;
use crate::sandbox::model::cluster::Replica;
use crate::sandbox::model::id::ClusterId;
use crate::sandbox::model::id::ItemId;
use crate::sandbox::model::id::ReplicaId;
use crate::sandbox::model::item::Item;
use crate::sandbox::model::item::ItemData;
use crate::sandbox::model::item::SourceData;
use crate::sandbox::settings;
use crate::sandbox::sinks;
use crate::sandbox::sinks::Health;

/// How deep inputs are followed when rows are counted; views over views go no deeper.
const INPUTS_DEEP: usize = 64;

/// The beginning of time: what needs no hydration can be read from then on.
const ALWAYS: Timestamp = Timestamp(0);

/// When a query over these relations on a cluster can be answered; `None` is never, as things are.
///
/// An index on the cluster is read in the place of what it is on.
pub(crate) fn readable(
    state: &State,
    relations: &BTreeSet<ItemId>,
    cluster: Option<ClusterId>,
) -> Option<Timestamp> {
    let mut pace = Pace::new(state);
    let mut last = ALWAYS;
    let mut seen = BTreeSet::new();
    let mut open: Vec<ItemId> = relations.iter().copied().collect();
    while let Some(id) = open.pop() {
        let Some(item) = state.catalog.items.get(&id).filter(|_| seen.insert(id)) else { continue };
        let users = state.catalog.used_by.get(&id).into_iter().flatten();
        let indexes = users.filter(|user| {
            let data = state.catalog.items.get(*user).map(|user| &user.data);
            matches!(data, Some(ItemData::Index { on, cluster: at, .. }) if *on == id && Some(*at) == cluster)
        });
        let indexes: Vec<Option<Timestamp>> = indexes.map(|index| pace.readable(*index)).collect();
        if !indexes.is_empty() {
            last = last.max(indexes.into_iter().flatten().min()?);
        } else if matches!(item.data, ItemData::View { .. }) {
            open.extend(item.uses.iter().copied());
        } else {
            last = last.max(pace.readable(id)?);
        }
    }
    Some(last)
}

/// When each object can be read, as far as it has been asked for.
pub(super) struct Pace<'a> {
    state: &'a State,
    readable: HashMap<ItemId, Option<Timestamp>>,
    takes: Duration,
    per_row: Duration,
}

impl<'a> Pace<'a> {
    /// Nothing has been asked for.
    pub(super) fn new(state: &'a State) -> Self {
        let takes = settings::length(state, settings::HYDRATION);
        let per_row = settings::length(state, settings::HYDRATION_PER_ROW);
        Self { state, readable: HashMap::new(), takes, per_row }
    }

    /// From when on an object can be read; `None` is never, as things are.
    pub(super) fn readable(&mut self, id: ItemId) -> Option<Timestamp> {
        // Chains of views are longer than any stack is deep.
        let mut open = vec![id];
        let mut begun = BTreeSet::new();
        while let Some(id) = open.last().copied() {
            let state = self.state;
            let Some(item) = state.catalog.items.get(&id).filter(|_| !self.readable.contains_key(&id)) else {
                open.pop();
                continue;
            };
            if begun.insert(id) {
                open.extend(inputs(item).into_iter().filter(|id| !self.readable.contains_key(id)));
            } else {
                let at = self.compute(item);
                self.readable.insert(id, at);
                open.pop();
            }
        }
        self.known(id)
    }

    fn known(&self, id: ItemId) -> Option<Timestamp> {
        self.readable.get(&id).copied().unwrap_or(Some(ALWAYS))
    }

    /// From when on all can be read that an object is made of; their times are known.
    fn inputs(&self, item: &Item) -> Option<Timestamp> {
        inputs(item).into_iter().map(|id| self.known(id)).try_fold(ALWAYS, |last, at| Some(last.max(at?)))
    }

    fn compute(&self, item: &'a Item) -> Option<Timestamp> {
        let inputs = self.inputs(item);
        if refresh::of(item).is_some() {
            return refresh::first(item, self.takes);
        }
        let Some(cluster) = item.cluster().filter(|_| super::has_dataflow(item)) else { return inputs };
        let cluster = self.state.catalog.clusters.get(&cluster)?;
        let progress = self.progress(item, cluster, inputs);
        cluster.replicas.values().filter_map(|replica| progress.done(replica)).min()
    }

    /// How an object hydrates on the replicas of its cluster.
    pub(super) fn of(&mut self, item: &'a Item, cluster: &'a Cluster) -> Progress<'a> {
        for id in inputs(item) {
            self.readable(id);
        }
        self.progress(item, cluster, self.inputs(item))
    }

    fn progress(&self, item: &'a Item, cluster: &'a Cluster, inputs: Option<Timestamp>) -> Progress<'a> {
        let rows = if self.per_row.is_zero() { 0 } else { input_rows(self.state, item) };
        let takes = self.takes.saturating_add(self.per_row.saturating_mul(rows));
        let constant = is_constant(item);
        let stuck = knobs::since(self.state, item, settings::STUCK);
        let runs = !matches!(item.data, ItemData::Sink { .. })
            || matches!(sinks::health(self.state, item).0, Health::Running | Health::Blocked);
        Progress { state: self.state, item, cluster, takes, constant, stuck, runs, inputs }
    }
}

/// What has to be readable before an object is.
fn inputs(item: &Item) -> Vec<ItemId> {
    match &item.data {
        ItemData::View { .. } => item.uses.iter().copied().collect(),
        // A replacement is made for its target and does not read it.
        ItemData::MaterializedView { replaces, .. } => {
            item.uses.iter().copied().filter(|id| Some(*id) != *replaces).collect()
        }
        ItemData::Index { on, .. } => vec![*on],
        ItemData::Sink { from, .. } => vec![*from],
        ItemData::Table { from_source: Some((of, _)) }
        | ItemData::Source(SourceData::Subsource { of, .. } | SourceData::Progress { of }) => vec![*of],
        ItemData::Table { from_source: None }
        | ItemData::Source(
            SourceData::LoadGenerator { .. } | SourceData::External { .. } | SourceData::Webhook { .. },
        )
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => Vec::new(),
    }
}

/// How one object hydrates.
pub(super) struct Progress<'a> {
    state: &'a State,
    item: &'a Item,
    cluster: &'a Cluster,
    takes: Duration,
    constant: bool,
    /// Since when it is kept from hydrating; what has hydrated by then stays so.
    stuck: Option<Timestamp>,
    /// A sink that does not run has not hydrated, whatever it has sent.
    runs: bool,
    /// From when on all can be read that it is made of.
    inputs: Option<Timestamp>,
}

impl Progress<'_> {
    /// When it has hydrated on a replica; `None` is never, as things are.
    fn done(&self, replica: &Replica) -> Option<Timestamp> {
        if self.constant {
            return Some(self.item.created.max(replica.created));
        }
        if !self.runs || is_crash_looping(self.state, self.cluster, replica) {
            return None;
        }
        let begun = self.item.created.max(replica.created);
        let done = begun.after(self.takes).max(self.inputs?);
        self.stuck.is_none_or(|since| done < since).then_some(done)
    }

    /// The row of a replica, once it has reported.
    pub(super) fn on(&self, id: ReplicaId, replica: &Replica, now: Timestamp) -> Option<Status> {
        let begun = self.item.created.max(replica.created);
        let status =
            |hydrated, took_ms| Some(Status { item: self.item.id, replica: Some(id), hydrated, took_ms });
        let done = self.done(replica);
        if self.constant {
            return status(true, None);
        }
        if now < begun.after(self.takes / 3) {
            return None;
        }
        match done.filter(|done| *done <= now) {
            Some(done) => status(true, Some(done.0.saturating_sub(begun.0))),
            None => status(false, None),
        }
    }
}

impl Progress<'_> {
    /// How many nodes of its plan have hydrated on a replica that has reported: one after the other in the
    /// time that the whole takes, and the last with it.
    pub(super) fn nodes_on(&self, id: ReplicaId, replica: &Replica, now: Timestamp) -> Option<u64> {
        if self.on(id, replica, now)?.hydrated {
            return Some(super::NODES);
        }
        if self.inputs.is_none_or(|readable| now < readable) {
            return Some(0);
        }
        let takes = u64::try_from(self.takes.as_millis()).unwrap_or(u64::MAX).max(1);
        let elapsed = now.0.saturating_sub(self.item.created.max(replica.created).0);
        Some((super::NODES.saturating_mul(elapsed) / takes).min(super::NODES - 1))
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
