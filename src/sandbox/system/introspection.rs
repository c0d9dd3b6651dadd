//! The indexes that each cluster has over what its replicas tell of themselves (`si…`).
//!
//! They show in `mz_objects`, `mz_indexes` and `mz_hydration_statuses`, where everybody who counts
//! objects by cluster meets them. What they hold is not modelled.

use super::super::model::State;
use super::super::model::id::ClusterId;

/// The number in the id of the first log.
const FIRST_LOG: u64 = 1_001;

/// How far behind the oid of a log that of its indexes is.
const INDEX_OIDS: u64 = 100;

/// What replicas tell of themselves.
const LOGS: [&str; 31] = [
    "mz_active_peeks_per_worker",
    "mz_arrangement_batcher_allocations_raw",
    "mz_arrangement_batcher_capacity_raw",
    "mz_arrangement_batcher_records_raw",
    "mz_arrangement_batcher_size_raw",
    "mz_arrangement_batches_raw",
    "mz_arrangement_heap_allocations_raw",
    "mz_arrangement_heap_capacity_raw",
    "mz_arrangement_heap_size_raw",
    "mz_arrangement_records_raw",
    "mz_arrangement_sharing_raw",
    "mz_compute_dataflow_global_ids_per_worker",
    "mz_compute_error_counts_raw",
    "mz_compute_exports_per_worker",
    "mz_compute_frontiers_per_worker",
    "mz_compute_hydration_times_per_worker",
    "mz_compute_import_frontiers_per_worker",
    "mz_compute_lir_mapping_per_worker",
    "mz_dataflow_addresses_per_worker",
    "mz_dataflow_channels_per_worker",
    "mz_dataflow_operator_reachability_raw",
    "mz_dataflow_operators_per_worker",
    "mz_dataflow_shutdown_durations_histogram_raw",
    "mz_message_batch_counts_received_raw",
    "mz_message_batch_counts_sent_raw",
    "mz_message_counts_received_raw",
    "mz_message_counts_sent_raw",
    "mz_peek_durations_histogram_raw",
    "mz_scheduling_elapsed_raw",
    "mz_scheduling_parks_histogram_raw",
    "mz_compute_operator_hydration_statuses_per_worker",
];

/// One of the logs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    /// The number in its id.
    pub(super) id: u64,
    /// Its name.
    pub(super) name: &'static str,
}

/// An index of a cluster over a log.
#[derive(Clone, Debug)]
pub(super) struct LogIndex {
    /// Its id: `si…`.
    pub(super) id: String,
    /// Its `oid`; clusters have the same ones.
    pub(super) oid: u32,
    /// Its name.
    pub(super) name: String,
    /// What it is on.
    pub(super) on: Log,
    /// Its cluster.
    pub(super) cluster: ClusterId,
}

/// What replicas tell of themselves.
pub(super) fn logs() -> impl Iterator<Item = Log> {
    (FIRST_LOG..).zip(LOGS).map(|(id, name)| Log { id, name })
}

/// Tells whether an oid is that of a log or of an index over one.
pub(super) fn has(oid: u32) -> bool {
    let number = oid.checked_sub(super::RELATION_OIDS).map(u64::from);
    number.is_some_and(|number| logs().any(|log| [log.id, log.id + INDEX_OIDS].contains(&number)))
}

/// The indexes of every cluster.
pub(super) fn indexes(state: &State) -> impl Iterator<Item = LogIndex> {
    state.catalog.clusters.keys().flat_map(|cluster| logs().map(move |log| index(*cluster, log)))
}

fn index(cluster: ClusterId, log: Log) -> LogIndex {
    let (family, number) = match cluster {
        ClusterId::System(number) => (0, number),
        ClusterId::User(number) => (1, number),
    };
    // The server packs the cluster and the log into one number.
    let id = (family << 56) | (number << 8) | (log.id - FIRST_LOG);
    LogIndex {
        id: format!("si{id}"),
        oid: super::RELATION_OIDS + u32::try_from(log.id + INDEX_OIDS).unwrap_or(0),
        name: format!("{}_{cluster}_primary_idx", log.name),
        on: log,
        cluster,
    }
}
