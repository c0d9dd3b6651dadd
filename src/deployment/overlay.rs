//! What is written down of a developer's overlay: what will be made, what stands, what is gone.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::name::ClusterName;
use crate::name::DatabaseId;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;

/// A production database and the overlay's beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabasePair {
    /// Production's.
    pub production: Ident,
    /// The overlay's.
    pub overlay: Ident,
}

/// Names that are about to be made in an overlay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayIntent {
    /// The overlay's name.
    pub overlay: String,
    /// The cluster it runs on.
    pub cluster: ClusterName,
    /// Its databases.
    pub databases: Vec<DatabasePair>,
    /// The objects and indexes, temporary names included.
    pub creates: Vec<ObjectName>,
    /// The schemas of the project that is built: projects have no names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_schemas: Vec<SchemaName>,
    /// The schemas, those beside others included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<SchemaName>,
}

/// An object of an overlay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlaidObject {
    /// Its production name.
    pub name: ObjectName,
    /// What it is in the overlay, by id.
    pub id: ObjectId,
    /// Its fingerprint in the project that it was built from.
    pub fingerprint: String,
    /// The cluster it was built for.
    pub cluster: ClusterName,
}

/// What stands in an overlay's databases: replaces everything that was recorded of them before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayDone {
    /// The overlay's name.
    pub overlay: String,
    /// Its databases, with their ids.
    pub databases: Vec<(DatabasePair, DatabaseId)>,
    /// Its objects.
    pub objects: Vec<OverlaidObject>,
    /// Versions that were replaced, and that something still reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<ObjectId>,
    /// The schemas that were made for it. A swap exchanges the ids of two of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<(SchemaName, SchemaId)>,
    /// The swaps that the server refuses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedSwap>,
}

/// A schema of an overlay that the server refuses to swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedSwap {
    /// The schema.
    pub schema: SchemaName,
    /// What of others reads it: as long as that is there, its words are in the way.
    pub readers: BTreeSet<ObjectId>,
}

/// Databases of an overlay are gone, or hold nothing of it any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayDropped {
    /// The overlay's name.
    pub overlay: String,
    /// The overlay's databases.
    pub databases: Vec<Ident>,
}
