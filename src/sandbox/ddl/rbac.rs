//! Who may: ownership, privileges, membership.
//!
//! The system's own things are protected always; everything else only where the scope says that
//! privileges are checked. Source: `design/materialize.md` 5, recorded in `rbac/privileges.json`.

use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::Catalog;
use super::super::model::access::Acl;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::id::ClusterId;
use super::super::model::id::DatabaseId;
use super::super::model::id::ItemId;
use super::super::model::id::PolicyId;
use super::super::model::id::ReplicaId;
use super::super::model::id::RoleId;
use super::super::model::id::SchemaId;
use super::super::resolve;
use super::super::scope::Scope;
use super::bootstrap::MZ_SYSTEM;

/// Something that has an owner or privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// The system as a whole.
    System,
    /// A database.
    Database(DatabaseId),
    /// A schema.
    Schema(SchemaId),
    /// An object.
    Item(ItemId),
    /// A cluster.
    Cluster(ClusterId),
    /// A replica of a cluster.
    Replica(ClusterId, ReplicaId),
    /// A network policy.
    Policy(PolicyId),
}

/// The kind in capitals and the full name without quotes.
pub(crate) fn describe(catalog: &Catalog, thing: Thing) -> (String, String) {
    let (kind, name) = match thing {
        Thing::System => return ("SYSTEM".to_owned(), String::new()),
        Thing::Database(id) => {
            ("DATABASE", catalog.databases.get(&id).map(|database| database.name.as_str().to_owned()))
        }
        Thing::Schema(id) => ("SCHEMA", Some(resolve::as_written(&resolve::schema_parts(catalog, id)))),
        Thing::Item(id) => match catalog.items.get(&id) {
            Some(item) => (item.kind().sql(), Some(resolve::full_name(catalog, item))),
            None => ("OBJECT", None),
        },
        Thing::Cluster(id) => {
            ("CLUSTER", catalog.clusters.get(&id).map(|cluster| cluster.name.as_str().to_owned()))
        }
        Thing::Replica(id, replica) => {
            let cluster = catalog.clusters.get(&id);
            let replica = cluster.and_then(|cluster| cluster.replicas.get(&replica));
            let name = cluster.zip(replica);
            ("CLUSTER REPLICA", name.map(|(c, r)| format!("{}.{}", c.name.as_str(), r.name.as_str())))
        }
        Thing::Policy(id) => {
            ("NETWORK POLICY", catalog.policies.get(&id).map(|policy| policy.name.as_str().to_owned()))
        }
    };
    (kind.to_owned(), name.unwrap_or_default())
}

/// `KIND "full.name"`, or `SYSTEM`.
pub(crate) fn quoted(catalog: &Catalog, thing: Thing) -> String {
    match describe(catalog, thing) {
        (kind, name) if name.is_empty() => kind,
        (kind, name) => format!("{kind} \"{name}\""),
    }
}

/// Who owns something.
pub(crate) fn owner(catalog: &Catalog, thing: Thing) -> RoleId {
    let owner = match thing {
        Thing::System => None,
        Thing::Database(id) => catalog.databases.get(&id).map(|database| database.owner),
        Thing::Schema(id) => catalog.schemas.get(&id).map(|schema| schema.owner),
        Thing::Item(id) => catalog.items.get(&id).map(|item| item.owner),
        Thing::Cluster(id) => catalog.clusters.get(&id).map(|cluster| cluster.owner),
        Thing::Replica(id, replica) => {
            catalog.clusters.get(&id).and_then(|cluster| cluster.replicas.get(&replica)).map(|one| one.owner)
        }
        Thing::Policy(id) => catalog.policies.get(&id).map(|policy| policy.owner),
    };
    owner.unwrap_or(MZ_SYSTEM)
}

/// Who may do what with something.
pub(crate) fn acl(catalog: &Catalog, thing: Thing) -> Option<&Acl> {
    match thing {
        Thing::System => Some(&catalog.system_acl),
        Thing::Database(id) => catalog.databases.get(&id).map(|database| &database.acl),
        Thing::Schema(id) => catalog.schemas.get(&id).map(|schema| &schema.acl),
        Thing::Item(id) => catalog.items.get(&id).map(|item| &item.acl),
        Thing::Cluster(id) => catalog.clusters.get(&id).map(|cluster| &cluster.acl),
        Thing::Policy(id) => catalog.policies.get(&id).map(|policy| &policy.acl),
        Thing::Replica(..) => None,
    }
}

/// A role and every role it is a member of, directly or not.
pub(crate) fn memberships(catalog: &Catalog, role: RoleId) -> Vec<RoleId> {
    let mut found = vec![role];
    let mut at = 0;
    while let Some(role) = found.get(at).copied() {
        at += 1;
        let Some(role) = catalog.roles.get(&role) else { continue };
        for group in role.member_of.keys() {
            if !found.contains(group) {
                found.push(*group);
            }
        }
    }
    found
}

/// Tells whether a role is, or is in, another.
pub(crate) fn is_member(catalog: &Catalog, role: RoleId, of: RoleId) -> bool {
    role == of || memberships(catalog, role).contains(&of)
}

/// Tells whether a role holds a privilege, by itself, through a group or with everybody.
pub(crate) fn holds(catalog: &Catalog, role: RoleId, privilege: Privilege, thing: Thing) -> bool {
    let groups = memberships(catalog, role);
    acl(catalog, thing).into_iter().flatten().any(|((grantee, _), privileges)| {
        let reaches = match grantee {
            Grantee::Public => true,
            Grantee::Role(role) => groups.contains(role),
        };
        reaches && privileges.contains(&privilege)
    })
}

/// Refuses whoever does not own all of these.
///
/// # Errors
/// `42501`
pub(crate) fn must_own(catalog: &Catalog, scope: &Scope, things: &[Thing]) -> Result<(), SqlError> {
    if scope.role == MZ_SYSTEM {
        return Ok(());
    }
    let missing: Vec<String> = things
        .iter()
        .filter(|thing| {
            let protected = match thing {
                Thing::Cluster(id) | Thing::Replica(id, _) => !id.is_user(),
                Thing::System | Thing::Database(_) | Thing::Schema(_) | Thing::Item(_) | Thing::Policy(_) => {
                    false
                }
            };
            protected || (scope.checked && !is_member(catalog, scope.role, owner(catalog, **thing)))
        })
        .map(|thing| {
            let (kind, name) = describe(catalog, *thing);
            format!("{kind} {name}")
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(SqlError::new(code::PRIVILEGE, format!("must be owner of {}", missing.join(", "))))
}

/// Refuses whoever lacks a privilege.
///
/// # Errors
/// `42501`
pub(crate) fn needs(
    catalog: &Catalog,
    scope: &Scope,
    privilege: Privilege,
    thing: Thing,
) -> Result<(), SqlError> {
    needs_as(catalog, scope, scope.role, privilege, thing)
}

/// As [`needs`], of another role: what lies below a view is its owner's to read.
///
/// # Errors
/// `42501`
pub(crate) fn needs_as(
    catalog: &Catalog,
    scope: &Scope,
    role: RoleId,
    privilege: Privilege,
    thing: Thing,
) -> Result<(), SqlError> {
    if !scope.checked {
        return Ok(());
    }
    // A temporary thing's schema is the session's own.
    if matches!(thing, Thing::Schema(id) if id.is_temporary()) || holds(catalog, role, privilege, thing) {
        return Ok(());
    }
    let name = catalog.roles.get(&role).map(|role| role.name.as_str()).unwrap_or_default();
    Err(denied(&quoted(catalog, thing), name, privilege.word()))
}

/// The refusal for a privilege that is missing.
pub(crate) fn denied(thing: &str, role: &str, privilege: &str) -> SqlError {
    SqlError::new(code::PRIVILEGE, format!("permission denied for {thing}"))
        .detail(format!("The '{role}' role needs {privilege} privileges on {thing}"))
}

/// Refuses whoever is not in a role.
///
/// # Errors
/// `42501`
pub(crate) fn must_be_member(catalog: &Catalog, scope: &Scope, of: RoleId) -> Result<(), SqlError> {
    if !scope.checked || is_member(catalog, scope.role, of) {
        return Ok(());
    }
    let name = catalog.roles.get(&of).map(|role| role.name.as_str()).unwrap_or_default();
    Err(SqlError::new(code::PRIVILEGE, format!("must be a member of \"{name}\"")))
}

/// Refuses whoever is no superuser.
///
/// # Errors
/// `42501`
pub(crate) fn must_be_superuser(scope: &Scope, what: &str) -> Result<(), SqlError> {
    if !scope.checked {
        return Ok(());
    }
    Err(SqlError::new(code::PRIVILEGE, format!("permission denied to {what}"))
        .detail(format!("You must be a superuser to {what}")))
}
