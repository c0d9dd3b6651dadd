//! What is recorded of drops: what was claimed for one, and that it is over.

use serde::Deserialize;
use serde::Serialize;

use super::DeploymentId;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;

/// Why something is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropReason {
    /// A green that is not wanted.
    Abort,
    /// The version that a promotion replaced.
    Retire,
    /// What a run has built of it after another run had brought it to its end.
    Overtaken,
}

impl DropReason {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Retire => "retire",
            Self::Overtaken => "overtaken",
        }
    }
}

/// A schema that is claimed for dropping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedSchema {
    /// Its name before.
    pub name: SchemaName,
    /// Its name after the claim, in the same database.
    pub claimed: Ident,
    /// Its id.
    pub id: SchemaId,
}

/// A cluster that is claimed for dropping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedCluster {
    /// Its name before.
    pub name: ClusterName,
    /// Its name after the claim.
    pub claimed: ClusterName,
    /// Its id.
    pub id: ClusterId,
}

/// An index on a relation that stays, or another object in a schema that stays, claimed for dropping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedObject {
    /// What it is.
    #[serde(default = "index")]
    pub kind: ObjectKind,
    /// Its name before.
    pub name: ObjectName,
    /// Its name after the claim, in the same schema.
    pub claimed: Ident,
    /// Its id.
    pub id: ObjectId,
}

fn index() -> ObjectKind {
    ObjectKind::Index
}

/// See [`Record::DropIntent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropIntent {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Why.
    pub reason: DropReason,
    /// The schemas.
    pub schemas: Vec<ClaimedSchema>,
    /// The clusters.
    pub clusters: Vec<ClaimedCluster>,
    /// The indexes and other objects in schemas that stay.
    #[serde(default, alias = "indexes", skip_serializing_if = "Vec::is_empty")]
    pub one_by_one: Vec<ClaimedObject>,
    /// Every object inside those schemas and clusters that is ours.
    pub objects: Vec<ObjectId>,
}

/// See [`Record::DropDone`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropDone {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Why.
    pub reason: DropReason,
}
