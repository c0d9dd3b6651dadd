//! The sandbox's state as plain data: the catalog, the rows of tables, the system's settings.
//!
//! Everything is a persistent map: a copy costs nothing, so a statement works on a copy and the
//! copy takes the original's place when it succeeds; a reader keeps what it began with. Nothing
//! here decides what is allowed: that is `ddl`'s. Start reading at [`State`].

use imbl::OrdMap;
use imbl::Vector;

pub(crate) mod access;
pub(crate) mod cluster;
pub(crate) mod column;
pub(crate) mod id;
pub(crate) mod item;
pub(crate) mod pairs;

use std::collections::BTreeSet;
use std::sync::Arc;

use access::Acl;
use access::DefaultAcl;
use access::DefaultAclKey;
use access::Role;
use cluster::Cluster;
use id::ClusterId;
use id::DatabaseId;
use id::ItemId;
use id::PolicyId;
use id::RoleId;
use id::SchemaId;
use item::Item;
use item::ItemData;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::name::Ident;

/// Everything the sandbox knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    /// Names, definitions, privileges.
    pub(crate) catalog: Catalog,
    /// The rows of tables; one that is missing here is empty.
    pub(crate) tables: OrdMap<ItemId, Table>,
    /// `ALTER SYSTEM SET`, by lower-case name: what differs from the defaults.
    pub(crate) system: OrdMap<String, String>,
    /// How settings were turned whose past matters, oldest first.
    pub(crate) turned: Vector<Turned>,
}

/// A setting as it was turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turned {
    /// Its name.
    pub(crate) name: String,
    /// What it became; empty for its default.
    pub(crate) value: String,
    /// When.
    pub(crate) at: Timestamp,
}

/// The rows of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// The rows, in the order in which they were written.
    pub(crate) rows: Vector<Arc<Row>>,
}

/// A row: each value as the server would print it, `None` for NULL.
pub(crate) type Row = Vec<Option<String>>;

/// Names, definitions, privileges.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Catalog {
    /// Counts committed changes; a DDL transaction whose beginning saw another number fails.
    pub(crate) version: u64,
    /// The numbers that the next things get.
    pub(crate) next: NextIds,
    /// Databases.
    pub(crate) databases: OrdMap<DatabaseId, Database>,
    /// Schemas of users. System schemas are static, see [`id::SchemaId::System`].
    pub(crate) schemas: OrdMap<SchemaId, Schema>,
    /// Objects of users.
    pub(crate) items: OrdMap<ItemId, Arc<Item>>,
    /// Objects by schema and name. Types are in [`Catalog::type_names`].
    pub(crate) names: OrdMap<(SchemaId, Ident), ItemId>,
    /// Types by schema and name.
    pub(crate) type_names: OrdMap<(SchemaId, Ident), ItemId>,
    /// By object, what is made directly of it: its dependents.
    pub(crate) used_by: OrdMap<ItemId, imbl::OrdSet<ItemId>>,
    /// Clusters, the system's too.
    pub(crate) clusters: OrdMap<ClusterId, Cluster>,
    /// Roles, the system's too.
    pub(crate) roles: OrdMap<RoleId, Role>,
    /// Network policies.
    pub(crate) policies: OrdMap<PolicyId, Policy>,
    /// Default privileges.
    pub(crate) default_acls: OrdMap<DefaultAclKey, DefaultAcl>,
    /// Privileges on the system.
    pub(crate) system_acl: Acl,
    /// Comments.
    pub(crate) comments: OrdMap<CommentKey, String>,
    /// What happened to the catalog, oldest first.
    pub(crate) audit: Vector<AuditEvent>,
}

/// The numbers that the next things get; each family counts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NextIds {
    /// Databases.
    pub(crate) database: u64,
    /// Schemas.
    pub(crate) schema: u64,
    /// Objects.
    pub(crate) item: u64,
    /// Clusters.
    pub(crate) cluster: u64,
    /// Replicas.
    pub(crate) replica: u64,
    /// Roles.
    pub(crate) role: u64,
    /// Network policies.
    pub(crate) policy: u64,
    /// Audit events.
    pub(crate) audit: u64,
    /// Places in lists of dependents.
    #[serde(default)]
    pub(crate) listed: u64,
    /// The `oid` of whatever comes next; user types and objects start at 20000.
    pub(crate) oid: u32,
}

impl Default for NextIds {
    fn default() -> Self {
        Self {
            database: 1,
            schema: 1,
            item: 1,
            cluster: 1,
            replica: 1,
            role: 1,
            policy: 1,
            audit: 1,
            listed: 0,
            oid: 20_000,
        }
    }
}

/// A database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Database {
    /// Its `oid`.
    pub(crate) oid: u32,
    /// Its name.
    pub(crate) name: Ident,
    /// Its owner.
    pub(crate) owner: RoleId,
    /// Who may do what.
    #[serde(with = "pairs")]
    pub(crate) acl: Acl,
}

/// A schema of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schema {
    /// Its `oid`.
    pub(crate) oid: u32,
    /// The database it is in.
    pub(crate) database: DatabaseId,
    /// Its name.
    pub(crate) name: Ident,
    /// Its owner.
    pub(crate) owner: RoleId,
    /// Who may do what.
    #[serde(with = "pairs")]
    pub(crate) acl: Acl,
}

/// A network policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// Its `oid`.
    pub(crate) oid: u32,
    /// Its name.
    pub(crate) name: Ident,
    /// Its owner.
    pub(crate) owner: RoleId,
    /// Who may do what.
    #[serde(with = "pairs")]
    pub(crate) acl: Acl,
    /// Its options as written.
    pub(crate) definition: String,
}

/// What a comment is on. Families have separate ids, so the family is part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Commented {
    /// A database.
    Database(DatabaseId),
    /// A schema.
    Schema(SchemaId),
    /// An object.
    Item(ItemId),
    /// A cluster.
    Cluster(ClusterId),
    /// A replica.
    Replica(id::ReplicaId),
    /// A role.
    Role(RoleId),
    /// A network policy.
    Policy(PolicyId),
}

/// What a comment is on, and for a column its position, from 1.
pub(crate) type CommentKey = (Commented, Option<i32>);

/// One line of `mz_audit_events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AuditEvent {
    /// Its number.
    pub(crate) id: u64,
    /// `create`, `alter`, `drop`, `grant`, `revoke`, `comment`.
    pub(crate) event: String,
    /// `schema`, `cluster`, `view`, …
    pub(crate) object_type: String,
    /// What exactly, as JSON.
    pub(crate) details: serde_json::Value,
    /// Who.
    pub(crate) user: Option<String>,
    /// When.
    pub(crate) at: Timestamp,
}

impl Catalog {
    /// A database by name.
    pub(crate) fn database_named(&self, name: &Ident) -> Option<DatabaseId> {
        self.databases.iter().find(|(_, database)| database.name == *name).map(|(id, _)| *id)
    }

    /// A schema of a user by database and name.
    pub(crate) fn schema_named(&self, database: DatabaseId, name: &Ident) -> Option<SchemaId> {
        let of = |schema: &Schema| schema.database == database && schema.name == *name;
        self.schemas.iter().find(|(_, schema)| of(schema)).map(|(id, _)| *id)
    }

    /// A cluster by name.
    pub(crate) fn cluster_named(&self, name: &Ident) -> Option<ClusterId> {
        self.clusters.iter().find(|(_, cluster)| cluster.name == *name).map(|(id, _)| *id)
    }

    /// Goes through views to what holds rows.
    pub(crate) fn collections(&self, from: impl Iterator<Item = ItemId>) -> BTreeSet<ItemId> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<ItemId> = from.collect();
        while let Some(id) = open.pop() {
            let Some(item) = self.items.get(&id).filter(|_| seen.insert(id)) else { continue };
            match &item.data {
                ItemData::View { .. } => open.extend(item.uses.iter().copied()),
                ItemData::Table { .. } | ItemData::MaterializedView { .. } | ItemData::Source(_) => {
                    found.insert(id);
                }
                ItemData::Index { .. }
                | ItemData::Sink { .. }
                | ItemData::Connection { .. }
                | ItemData::Secret
                | ItemData::Type { .. } => {}
            }
        }
        found
    }

    /// A role by name.
    pub(crate) fn role_named(&self, name: &Ident) -> Option<RoleId> {
        self.roles.iter().find(|(_, role)| role.name == *name).map(|(id, _)| *id)
    }
}
