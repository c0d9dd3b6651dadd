//! Who gets what on something new, and which privileges there are on what.

use std::collections::BTreeSet;

use super::super::model::Catalog;
use super::super::model::access::Acl;
use super::super::model::access::DefaultAclKey;
use super::super::model::access::DefaultAclOn;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::id::DatabaseId;
use super::super::model::id::RoleId;
use super::super::model::id::SchemaId;
use crate::name::ObjectKind;

/// Everything that can be held on relations that are written as `TABLE`.
pub(super) const TABLE: &[Privilege] =
    &[Privilege::Insert, Privilege::Select, Privilege::Update, Privilege::Delete];
/// On views, materialized views and sources.
pub(super) const READ: &[Privilege] = &[Privilege::Select];
/// On types, secrets and connections.
pub(super) const USE: &[Privilege] = &[Privilege::Usage];
/// On databases, schemas and clusters.
pub(super) const CONTAINER: &[Privilege] = &[Privilege::Usage, Privilege::Create];
/// On the system.
pub(super) const SYSTEM: &[Privilege] =
    &[Privilege::CreateRole, Privilege::CreateDb, Privilege::CreateCluster, Privilege::CreateNetworkPolicy];

/// Everything that an owner holds on an object.
pub(super) fn all_on(kind: ObjectKind) -> &'static [Privilege] {
    match kind {
        ObjectKind::Table => TABLE,
        ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Source => READ,
        ObjectKind::Type | ObjectKind::Secret | ObjectKind::Connection => USE,
        ObjectKind::Sink | ObjectKind::Index | ObjectKind::Function => &[],
    }
}

/// What default privileges say about a kind: relations are all tables.
pub(super) fn default_on(kind: ObjectKind) -> Option<DefaultAclOn> {
    match kind {
        ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Source => {
            Some(DefaultAclOn::Object(ObjectKind::Table))
        }
        ObjectKind::Type | ObjectKind::Secret | ObjectKind::Connection => Some(DefaultAclOn::Object(kind)),
        ObjectKind::Sink | ObjectKind::Index | ObjectKind::Function => None,
    }
}

/// Everything that can be held on what default privileges are for.
pub(super) fn all_on_default(on: DefaultAclOn) -> &'static [Privilege] {
    match on {
        DefaultAclOn::Object(kind) => all_on(kind),
        DefaultAclOn::Database | DefaultAclOn::Schema | DefaultAclOn::Cluster => CONTAINER,
    }
}

/// The access list of something new: its owner's entry and what default privileges add.
pub(super) fn of_new(
    catalog: &Catalog,
    owner: RoleId,
    own: &[Privilege],
    on: Option<DefaultAclOn>,
    place: (Option<DatabaseId>, Option<SchemaId>),
) -> Acl {
    let mut acl = Acl::new();
    grant(&mut acl, Grantee::Role(owner), owner, own.iter().copied());
    let Some(on) = on else { return acl };
    let (database, schema) = place;
    let mut places = vec![(None, None)];
    if database.is_some() {
        places.push((database, None));
    }
    if schema.is_some() {
        places.push((database, schema));
    }
    for role in [Grantee::Public, Grantee::Role(owner)] {
        for (database, schema) in &places {
            let key = DefaultAclKey { role, database: *database, schema: *schema, on };
            for (grantee, privileges) in catalog.default_acls.get(&key).into_iter().flatten() {
                // Default privileges on tables reach views, on which fewer of them mean anything.
                let held = privileges.iter().copied().filter(|privilege| own.contains(privilege));
                grant(&mut acl, *grantee, owner, held);
            }
        }
    }
    acl
}

/// Adds privileges; tells whether any was new.
pub(super) fn grant(
    acl: &mut Acl,
    grantee: Grantee,
    grantor: RoleId,
    privileges: impl IntoIterator<Item = Privilege>,
) -> bool {
    let privileges: BTreeSet<Privilege> = privileges.into_iter().collect();
    if privileges.is_empty() {
        return false;
    }
    let entry = acl.entry((grantee, grantor)).or_default();
    let before = entry.len();
    entry.extend(privileges);
    entry.len() > before
}

/// Takes privileges away; tells whether there were any.
pub(super) fn revoke(acl: &mut Acl, grantee: Grantee, grantor: RoleId, privileges: &[Privilege]) -> bool {
    let Some(entry) = acl.get_mut(&(grantee, grantor)) else { return false };
    let before = entry.len();
    entry.retain(|privilege| !privileges.contains(privilege));
    let changed = entry.len() < before;
    if entry.is_empty() {
        acl.remove(&(grantee, grantor));
    }
    changed
}
