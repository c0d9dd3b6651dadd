//! Objects in schemas.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::access::Acl;
use super::column::Column;
use super::column::Type;
use super::id::ClusterId;
use super::id::ItemId;
use super::id::RoleId;
use super::id::SchemaId;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::name::ObjectKind;

/// An object in a schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// Its id.
    pub(crate) id: ItemId,
    /// Its `oid`.
    pub(crate) oid: u32,
    /// The schema it is in. A temporary one has no schema.
    pub(crate) schema: SchemaId,
    /// Its name.
    pub(crate) name: Ident,
    /// Its owner.
    pub(crate) owner: RoleId,
    /// Who may do what.
    #[serde(with = "super::pairs")]
    pub(crate) acl: Acl,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Its place in the lists of dependents: the numbers only grow.
    #[serde(default)]
    pub(crate) listed: u64,
    /// Its statement as the catalog stores it: names with ids (`[u1 AS "d"."s"."t"]`), canonical.
    /// The names in it are those at the time of the last change of it; whoever renames something
    /// writes it anew. A materialized view's has ` AS OF <ms>` at its end. Secrets hold no value.
    pub(crate) create_sql: String,
    /// The objects of users that it is made of: what it reads, its relation, connections, types.
    pub(crate) uses: BTreeSet<ItemId>,
    /// The system's relations that it reads, by id (`s412`), for `mz_object_dependencies`.
    pub(crate) uses_system: BTreeSet<ItemId>,
    /// The columns of a relation; `None` where the sandbox cannot tell them. Empty for others.
    pub(crate) columns: Option<Arc<Vec<Column>>>,
    /// What it is.
    pub(crate) data: ItemData,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum ItemData {
    /// A table.
    Table {
        /// `FROM SOURCE`: the source and the upstream table.
        from_source: Option<(ItemId, String)>,
    },
    /// A view.
    View {
        /// Its query as stored: names with ids.
        query: String,
    },
    /// A materialized view.
    MaterializedView {
        /// Its query as stored: names with ids, without `AS OF`.
        query: String,
        /// The cluster it runs on.
        cluster: ClusterId,
        /// `REPLACEMENT … FOR`
        replaces: Option<ItemId>,
        /// `REFRESH`, where it is not on commit.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refresh: Vec<Refresh>,
    },
    /// An index.
    Index {
        /// Its relation.
        on: ItemId,
        /// Its cluster.
        cluster: ClusterId,
        /// Its keys: a column's position from 1, or an expression as stored, with whether it may
        /// be NULL.
        keys: Vec<(IndexKey, bool)>,
    },
    /// A source, a subsource or a progress relation.
    Source(SourceData),
    /// A sink.
    Sink {
        /// The relation it reads.
        from: ItemId,
        /// Its cluster.
        cluster: ClusterId,
        /// Its connection.
        connection: Option<ItemId>,
        /// `kafka`, `iceberg`
        kind: String,
    },
    /// A connection.
    Connection {
        /// `kafka`, `postgres`, …
        kind: String,
    },
    /// A secret. Its value is not kept: nothing here could use it.
    Secret,
    /// A type.
    Type {
        /// `LIST`, `MAP` or the columns of a record.
        category: String,
        /// What it is made of.
        definition: Type,
    },
}

/// When a materialized view is computed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refresh {
    /// Once.
    At(Timestamp),
    /// Again and again.
    Every {
        /// Between two, in milliseconds; never 0.
        interval_ms: u64,
        /// One of the moments.
        aligned_to: Timestamp,
    },
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum IndexKey {
    /// A column's position, from 1.
    Column(u64),
    /// An expression as stored.
    Expression(String),
}

/// A source, a subsource or a progress relation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum SourceData {
    /// A load generator.
    LoadGenerator {
        /// Its name, upper case: `AUCTION`.
        generator: String,
        /// Its cluster.
        cluster: ClusterId,
        /// Between two ticks, in milliseconds.
        tick_ms: u64,
        /// `AS OF`: the tick from which it starts.
        as_of: u64,
        /// `UP TO`: the tick at which it stops.
        up_to: Option<u64>,
        /// Other options, upper-case name and text.
        options: Vec<(String, String)>,
    },
    /// Something outside, through a connection; never any rows.
    External {
        /// `kafka`, `postgres`, `mysql`, …
        kind: String,
        /// Its cluster.
        cluster: ClusterId,
        /// Its connection.
        connection: Option<ItemId>,
    },
    /// A webhook; never any rows.
    Webhook {
        /// Its cluster, if it has one.
        cluster: Option<ClusterId>,
    },
    /// One table of another source.
    Subsource {
        /// The source.
        of: ItemId,
        /// The upstream table: `bids`.
        reference: String,
    },
    /// The progress of another source.
    Progress {
        /// The source.
        of: ItemId,
    },
}

impl ItemData {
    /// What kind of object it is.
    pub(crate) fn kind(&self) -> ObjectKind {
        match self {
            Self::Table { .. } => ObjectKind::Table,
            Self::View { .. } => ObjectKind::View,
            Self::MaterializedView { .. } => ObjectKind::MaterializedView,
            Self::Index { .. } => ObjectKind::Index,
            Self::Source(_) => ObjectKind::Source,
            Self::Sink { .. } => ObjectKind::Sink,
            Self::Connection { .. } => ObjectKind::Connection,
            Self::Secret => ObjectKind::Secret,
            Self::Type { .. } => ObjectKind::Type,
        }
    }
}

impl Item {
    /// What kind of object it is.
    pub(crate) fn kind(&self) -> ObjectKind {
        self.data.kind()
    }

    /// The cluster it runs on, if any; a subsource runs where its source does and says nothing.
    pub(crate) fn cluster(&self) -> Option<ClusterId> {
        match &self.data {
            ItemData::MaterializedView { cluster, .. }
            | ItemData::Index { cluster, .. }
            | ItemData::Sink { cluster, .. }
            | ItemData::Source(
                SourceData::LoadGenerator { cluster, .. } | SourceData::External { cluster, .. },
            ) => Some(*cluster),
            ItemData::Source(SourceData::Webhook { cluster }) => *cluster,
            ItemData::Table { .. }
            | ItemData::View { .. }
            | ItemData::Source(SourceData::Subsource { .. } | SourceData::Progress { .. })
            | ItemData::Connection { .. }
            | ItemData::Secret
            | ItemData::Type { .. } => None,
        }
    }

    /// Tells whether rows can be read from it.
    pub(crate) fn is_relation(&self) -> bool {
        match self.kind() {
            ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Source => true,
            ObjectKind::Sink
            | ObjectKind::Index
            | ObjectKind::Connection
            | ObjectKind::Secret
            | ObjectKind::Type
            | ObjectKind::Function => false,
        }
    }
}
