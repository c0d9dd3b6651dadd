//! Clusters and their replicas.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::access::Acl;
use super::id::ReplicaId;
use super::id::RoleId;
use crate::clock::Timestamp;
use crate::name::Ident;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cluster {
    /// Its name.
    pub(crate) name: Ident,
    /// Its owner.
    pub(crate) owner: RoleId,
    /// Who may do what.
    #[serde(with = "super::pairs")]
    pub(crate) acl: Acl,
    /// What a managed one is to be; `None` for one whose replicas are made by hand.
    pub(crate) managed: Option<Managed>,
    /// Its replicas.
    #[serde(with = "super::pairs")]
    pub(crate) replicas: BTreeMap<ReplicaId, Replica>,
    /// `WORKLOAD CLASS`
    pub(crate) workload_class: Option<String>,
}

/// The options of a managed cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Managed {
    /// `SIZE`
    pub(crate) size: String,
    /// `REPLICATION FACTOR`
    pub(crate) replication_factor: u32,
    /// `AVAILABILITY ZONES`
    pub(crate) availability_zones: Vec<String>,
    /// `INTROSPECTION INTERVAL` in milliseconds; `None` is off.
    pub(crate) introspection_interval_ms: Option<u64>,
    /// `INTROSPECTION DEBUGGING`
    pub(crate) introspection_debugging: bool,
    /// `SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = …)`, in milliseconds; `None` is `MANUAL`.
    pub(crate) on_refresh_ms: Option<u64>,
    /// `AUTO SCALING STRATEGY`. The replica that comes and goes with it is not modelled.
    #[serde(default)]
    pub(crate) on_hydration: Option<OnHydration>,
    /// `EXPERIMENTAL ARRANGEMENT COMPRESSION`
    #[serde(default)]
    pub(crate) compression: bool,
}

/// `ON HYDRATION (…)`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OnHydration {
    /// `HYDRATION SIZE`
    pub(crate) size: String,
    /// `LINGER DURATION`, in milliseconds.
    pub(crate) linger_ms: Option<u64>,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Replica {
    /// Its name: `r1`.
    pub(crate) name: Ident,
    /// Its size.
    pub(crate) size: String,
    /// Its owner.
    pub(crate) owner: RoleId,
    /// When it was made.
    pub(crate) created: Timestamp,
}
