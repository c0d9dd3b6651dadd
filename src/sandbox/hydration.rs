//! Hydration on a clock: how far each object has come on each replica at a moment.
//!
//! Pure: everything follows from the state (when things were made, `ALTER SYSTEM SET sandbox_…`)
//! and the time. Start reading at [`statuses`].

use super::model::State;
use super::model::id::ItemId;
use super::model::id::ReplicaId;
use crate::clock::Timestamp;

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
    let _ = (state, now);
    Vec::new()
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
    let _ = (state, now);
    Vec::new()
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
    let _ = (state, now);
    Vec::new()
}

/// How every replica fared, oldest first.
pub(crate) fn replica_history(state: &State, now: Timestamp) -> Vec<ReplicaStatus> {
    let _ = (state, now);
    Vec::new()
}
