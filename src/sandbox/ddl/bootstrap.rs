//! The state of a server that has just been installed.
//!
//! Source: `design/materialize.md` 1.1, 5.1; recorded from v26.21.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::model::Database;
use super::super::model::Schema;
use super::super::model::State;
use super::super::model::access::Acl;
use super::super::model::access::DefaultAclKey;
use super::super::model::access::DefaultAclOn;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::access::Role;
use super::super::model::cluster::Cluster;
use super::super::model::cluster::Managed;
use super::super::model::cluster::Replica;
use super::super::model::id::ClusterId;
use super::super::model::id::DatabaseId;
use super::super::model::id::ReplicaId;
use super::super::model::id::RoleId;
use super::super::model::id::SchemaId;
use super::acl;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::name::ObjectKind;

/// The role that owns the system.
pub(crate) const MZ_SYSTEM: RoleId = RoleId::System(1);
/// The role of the support.
pub(crate) const MZ_SUPPORT: RoleId = RoleId::System(2);
/// The role everybody begins with.
const USER: RoleId = RoleId::User(1);
/// The size that clusters have who were not asked.
const SIZE: &str = "25cc";

/// The system's roles by number, with the `oid`s they have in PostgreSQL's catalog.
const ROLES: [(u64, &str, u32, bool); 5] = [
    (1, "mz_system", 16_663, true),
    (2, "mz_support", 16_664, false),
    (3, "mz_analytics", 17_002, false),
    (4, "mz_monitor", 16_844, false),
    (5, "mz_monitor_redacted", 16_845, false),
];

/// The system's clusters by number, with how many replicas they have.
const CLUSTERS: [(u64, &str, u32); 5] = [
    (1, "mz_system", 1),
    (2, "mz_catalog_server", 1),
    (3, "mz_probe", 1),
    (4, "mz_support", 0),
    (5, "mz_analytics", 0),
];

/// The state of a server that has just been installed: database `materialize` with schema
/// `public`, cluster `quickstart` with replica `r1`, the system's clusters and roles.
pub(crate) fn bootstrap(now: Timestamp) -> State {
    let mut state = State::default();
    roles(&mut state);
    defaults(&mut state);
    for (number, name, replicas) in CLUSTERS {
        cluster(&mut state, ClusterId::System(number), name, replicas, now);
    }
    cluster(&mut state, ClusterId::User(1), "quickstart", 1, now);
    let catalog = &mut state.catalog;
    let database = DatabaseId::User(1);
    if let (Some(materialize), Some(public)) = (ident("materialize"), ident("public")) {
        let acl = container_acl();
        catalog.databases.insert(
            database,
            Database { oid: 20_001, name: materialize, owner: MZ_SYSTEM, acl: acl.clone() },
        );
        let schema = Schema { oid: 20_002, database, name: public, owner: MZ_SYSTEM, acl };
        catalog.schemas.insert(SchemaId::User(3), schema);
    }
    acl::grant(&mut catalog.system_acl, Grantee::Role(MZ_SYSTEM), MZ_SYSTEM, acl::SYSTEM.iter().copied());
    acl::grant(&mut catalog.system_acl, Grantee::Role(USER), MZ_SYSTEM, acl::SYSTEM.iter().copied());
    let next = &mut catalog.next;
    next.database = 2;
    next.schema = 4;
    next.cluster = 2;
    next.replica = 2;
    next.role = 2;
    next.policy = 2;
    next.oid = 20_010;
    state
}

fn ident(text: &str) -> Option<Ident> {
    Ident::new(text).ok()
}

fn roles(state: &mut State) {
    let roles = &mut state.catalog.roles;
    let role = |oid, name, login, superuser| Role {
        oid,
        name,
        inherit: true,
        login,
        superuser,
        member_of: BTreeMap::new(),
        settings: BTreeMap::new(),
    };
    for (number, name, oid, superuser) in ROLES {
        if let Some(name) = ident(name) {
            roles.insert(RoleId::System(number), role(oid, name, None, Some(superuser)));
        }
    }
    if let Some(name) = ident("materialize") {
        roles.insert(USER, role(20_000, name, None, None));
    }
}

/// Public may use types, the support may use databases, schemas and clusters.
fn defaults(state: &mut State) {
    let usage = BTreeSet::from([Privilege::Usage]);
    let mut add = |on, grantee| {
        let key = DefaultAclKey { role: Grantee::Public, database: None, schema: None, on };
        state.catalog.default_acls.insert(key, BTreeMap::from([(grantee, usage.clone())]));
    };
    add(DefaultAclOn::Object(ObjectKind::Type), Grantee::Public);
    for on in [DefaultAclOn::Database, DefaultAclOn::Schema, DefaultAclOn::Cluster] {
        add(on, Grantee::Role(MZ_SUPPORT));
    }
}

/// What may be done with the things everybody begins with.
fn container_acl() -> Acl {
    let mut acl = Acl::new();
    acl::grant(&mut acl, Grantee::Public, MZ_SYSTEM, [Privilege::Usage]);
    acl::grant(&mut acl, Grantee::Role(MZ_SYSTEM), MZ_SYSTEM, acl::CONTAINER.iter().copied());
    acl::grant(&mut acl, Grantee::Role(MZ_SUPPORT), MZ_SYSTEM, [Privilege::Usage]);
    acl::grant(&mut acl, Grantee::Role(USER), MZ_SYSTEM, acl::CONTAINER.iter().copied());
    acl
}

fn cluster(state: &mut State, id: ClusterId, name: &str, replicas: u32, now: Timestamp) {
    let Some(name) = ident(name) else { return };
    let mut acl = Acl::new();
    if id.is_user() {
        acl = container_acl();
    } else {
        acl::grant(&mut acl, Grantee::Role(MZ_SYSTEM), MZ_SYSTEM, acl::CONTAINER.iter().copied());
        acl::grant(&mut acl, Grantee::Role(MZ_SUPPORT), MZ_SYSTEM, [Privilege::Usage]);
    }
    let managed = Managed {
        size: SIZE.to_owned(),
        replication_factor: replicas,
        availability_zones: Vec::new(),
        introspection_interval_ms: Some(1_000),
        introspection_debugging: false,
        on_refresh_ms: None,
        on_hydration: None,
        compression: false,
    };
    let mut cluster = Cluster {
        name,
        owner: MZ_SYSTEM,
        acl,
        managed: Some(managed),
        replicas: BTreeMap::new(),
        workload_class: None,
    };
    if let (1, Some(name)) = (replicas, ident("r1")) {
        let replica = Replica { name, size: SIZE.to_owned(), owner: MZ_SYSTEM, created: now };
        let number = match id {
            ClusterId::System(number) => ReplicaId::System(number),
            ClusterId::User(number) => ReplicaId::User(number),
        };
        cluster.replicas.insert(number, replica);
    }
    state.catalog.clusters.insert(id, cluster);
}
