//! `ALTER … OWNER TO`, `REASSIGN OWNED`, `DROP OWNED`.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::id::ItemId;
use super::super::model::id::RoleId;
use super::super::model::id::SchemaId;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::resolve::Place;
use super::container;
use super::drop;
use super::listed;
use super::object;
use super::object::Act;
use super::object::Found;
use super::rbac;
use super::rbac::Thing;
use super::rename;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use super::work::hand_over;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::alter::AlterOwner;
use crate::sql::ast::alter::DropBehaviour;
use crate::sql::ast::alter::DropOwned;
use crate::sql::ast::alter::ReassignOwned;

/// `ALTER … OWNER TO`
pub(super) fn alter_owner(work: &mut Work<'_>, alter: &AlterOwner) -> Outcome {
    let Some(thing) = thing(work, alter)? else { return Ok(Change::None) };
    let role = resolve::role(work.catalog(), &alter.owner)?;
    rbac::must_be_member(work.catalog(), work.scope, role)?;
    rbac::must_own(work.catalog(), work.scope, &[thing])?;
    if let Some(container) = container_of(work.catalog(), thing) {
        rbac::needs(work.catalog(), work.scope, Privilege::Create, container)?;
    }
    give(work, thing, role);
    Ok(Change::Made)
}

fn thing(work: &mut Work<'_>, alter: &AlterOwner) -> Result<Option<Thing>, SqlError> {
    let (name, if_exists) = (&alter.name, alter.if_exists);
    match alter.noun {
        Noun::Object(kind) => match object::find_or_skip(work, kind, name, if_exists)? {
            Some(Found::User(id)) => {
                object::expect_kind(work, id, kind, Act::Alter)?;
                if kind == ObjectKind::Index {
                    return Err(SqlError::unsupported("ALTER INDEX OWNER TO"));
                }
                Ok(Some(Thing::Item(id)))
            }
            Some(Found::System(relation)) => Err(object::system_item(relation)),
            None => Ok(None),
        },
        Noun::Schema => match rename::schema_or_skip(work, name, if_exists)? {
            Some(Place::User(id)) => Ok(Some(Thing::Schema(id))),
            Some(Place::System(name)) => {
                Err(SqlError::internal(format!("system schema '{name}' cannot be modified")))
            }
            None => Ok(None),
        },
        Noun::Database => match resolve::database(work.catalog(), name) {
            Ok(id) => Ok(Some(Thing::Database(id))),
            Err(_) if if_exists => {
                object::skip(work, "DATABASE", name);
                Ok(None)
            }
            Err(error) => Err(error),
        },
        Noun::Cluster => Ok(rename::cluster_or_skip(work, name, if_exists)?.map(Thing::Cluster)),
        Noun::ClusterReplica => match rename::replica(work, name)? {
            Some((cluster, replica)) => Ok(Some(Thing::Replica(cluster, replica))),
            None if if_exists => Ok(None),
            None => Err(rename::no_replica(work, name)),
        },
        Noun::NetworkPolicy => match name.parts.first() {
            Some(own) => container::policy(work, own).map(|id| Some(Thing::Policy(id))),
            None => Ok(None),
        },
        Noun::Role => Err(SqlError::unsupported("ALTER ROLE OWNER TO")),
    }
}

/// What something is in: the new owner's privilege there is asked for.
fn container_of(catalog: &Catalog, thing: Thing) -> Option<Thing> {
    match thing {
        Thing::Item(id) => catalog.items.get(&id).map(|item| Thing::Schema(item.schema)),
        Thing::Schema(id) => catalog.schemas.get(&id).map(|schema| Thing::Database(schema.database)),
        Thing::Replica(cluster, _) => Some(Thing::Cluster(cluster)),
        Thing::Database(_) | Thing::Cluster(_) | Thing::Policy(_) | Thing::System => None,
    }
}

/// Gives something to a role, with what follows it: indexes, subsources, replicas.
fn give(work: &mut Work<'_>, thing: Thing, to: RoleId) {
    let from = rbac::owner(work.catalog(), thing);
    set_owner(work, thing, from, to);
    let catalog = work.catalog();
    let followers: Vec<Thing> = match thing {
        Thing::Item(id) => {
            let users = catalog.used_by.get(&id).into_iter().flatten();
            let follows = |user: &&ItemId| {
                catalog.items.get(*user).is_some_and(|user| match &user.data {
                    ItemData::Index { .. } => true,
                    ItemData::Source(source) => {
                        use super::super::model::item::SourceData;
                        match source {
                            SourceData::Subsource { of, .. } | SourceData::Progress { of } => *of == id,
                            SourceData::LoadGenerator { .. }
                            | SourceData::External { .. }
                            | SourceData::Webhook { .. } => false,
                        }
                    }
                    ItemData::Table { .. }
                    | ItemData::View { .. }
                    | ItemData::MaterializedView { .. }
                    | ItemData::Sink { .. }
                    | ItemData::Connection { .. }
                    | ItemData::Secret
                    | ItemData::Type { .. } => false,
                })
            };
            users.filter(follows).copied().map(Thing::Item).collect()
        }
        Thing::Cluster(id) => catalog
            .clusters
            .get(&id)
            .map(|cluster| cluster.replicas.keys().map(|replica| Thing::Replica(id, *replica)).collect())
            .unwrap_or_default(),
        Thing::System | Thing::Database(_) | Thing::Schema(_) | Thing::Replica(..) | Thing::Policy(_) => {
            Vec::new()
        }
    };
    for follower in followers {
        set_owner(work, follower, from, to);
    }
    let (kind, name) = rbac::describe(work.catalog(), thing);
    let role = |id: RoleId| id.to_string();
    let details = json!({ "name": name, "old_owner_id": role(from), "new_owner_id": role(to) });
    work.audit("alter", &kind.to_lowercase().replace(' ', "-"), details);
}

fn set_owner(work: &mut Work<'_>, thing: Thing, from: RoleId, to: RoleId) {
    let catalog = &mut work.state.catalog;
    let parts = match thing {
        Thing::System => None,
        Thing::Database(id) => catalog.databases.get_mut(&id).map(|it| (&mut it.owner, &mut it.acl)),
        Thing::Schema(id) => catalog.schemas.get_mut(&id).map(|it| (&mut it.owner, &mut it.acl)),
        Thing::Cluster(id) => catalog.clusters.get_mut(&id).map(|it| (&mut it.owner, &mut it.acl)),
        Thing::Policy(id) => catalog.policies.get_mut(&id).map(|it| (&mut it.owner, &mut it.acl)),
        Thing::Item(id) => {
            listed::again(catalog, &BTreeSet::from([id]));
            let item = catalog.items.get_mut(&id).map(std::sync::Arc::make_mut);
            item.map(|it| (&mut it.owner, &mut it.acl))
        }
        Thing::Replica(id, replica) => {
            let cluster = catalog.clusters.get_mut(&id);
            if let Some(replica) = cluster.and_then(|cluster| cluster.replicas.get_mut(&replica)) {
                replica.owner = to;
            }
            None
        }
    };
    if let Some((owner, acl)) = parts {
        *owner = to;
        *acl = hand_over(acl, from, to);
    }
}

/// Everything that some roles own.
fn owned(catalog: &Catalog, roles: &[RoleId]) -> Vec<Thing> {
    let by = |owner: RoleId| roles.contains(&owner);
    let mut found: Vec<Thing> = Vec::new();
    found.extend(catalog.databases.iter().filter(|(_, it)| by(it.owner)).map(|(id, _)| Thing::Database(*id)));
    found.extend(catalog.schemas.iter().filter(|(_, it)| by(it.owner)).map(|(id, _)| Thing::Schema(*id)));
    found.extend(catalog.items.iter().filter(|(_, it)| by(it.owner)).map(|(id, _)| Thing::Item(*id)));
    for (id, cluster) in &catalog.clusters {
        if by(cluster.owner) {
            found.push(Thing::Cluster(*id));
        }
        let replicas = cluster.replicas.iter().filter(|(_, it)| by(it.owner));
        found.extend(replicas.map(|(replica, _)| Thing::Replica(*id, *replica)));
    }
    found.extend(catalog.policies.iter().filter(|(_, it)| by(it.owner)).map(|(id, _)| Thing::Policy(*id)));
    found
}

/// `REASSIGN OWNED BY … TO …`
pub(super) fn reassign(work: &mut Work<'_>, reassign: &ReassignOwned) -> Outcome {
    let mut roles = Vec::new();
    for role in &reassign.from {
        roles.push(resolve::role(work.catalog(), role)?);
    }
    let to = resolve::role(work.catalog(), &reassign.to)?;
    for role in roles.iter().chain([&to]) {
        rbac::must_be_member(work.catalog(), work.scope, *role)?;
    }
    let things = owned(work.catalog(), &roles);
    for thing in &things {
        let from = rbac::owner(work.catalog(), *thing);
        set_owner(work, *thing, from, to);
    }
    if things.is_empty() { Ok(Change::None) } else { Ok(Change::Made) }
}

/// `DROP OWNED BY …`: what roles own, and what was granted to them.
pub(super) fn drop_owned(work: &mut Work<'_>, statement: &DropOwned) -> Outcome {
    let mut roles = Vec::new();
    for role in &statement.roles {
        let id = resolve::role(work.catalog(), role)?;
        rbac::must_be_member(work.catalog(), work.scope, id)?;
        roles.push(id);
    }
    let things = owned(work.catalog(), &roles);
    let cascade = statement.behaviour == Some(DropBehaviour::Cascade);
    if !cascade {
        refuse_foreign(work, &things)?;
    }
    let mut items: BTreeSet<ItemId> = BTreeSet::new();
    for thing in &things {
        match thing {
            Thing::Item(id) => {
                items.insert(*id);
            }
            Thing::Schema(id) => items.extend(object::in_schema(work.catalog(), *id)),
            Thing::Database(id) => {
                for schema in drop::schemas_of(work.catalog(), *id) {
                    items.extend(object::in_schema(work.catalog(), schema));
                }
            }
            Thing::Cluster(id) => items.extend(drop::items_on(work.catalog(), *id)),
            Thing::System | Thing::Replica(..) | Thing::Policy(_) => {}
        }
    }
    let items: Vec<ItemId> = items.into_iter().collect();
    let going = drop::with_dependents(work.catalog(), &items);
    drop::remove_items(work, &going)?;
    for thing in things {
        match thing {
            Thing::Schema(id) => drop::remove_schema(work, id),
            Thing::Database(id) if work.catalog().databases.contains_key(&id) => {
                drop::remove_database(work, id)?;
            }
            Thing::Cluster(id) => drop::remove_cluster(work, id),
            Thing::Replica(cluster, replica) => super::cluster::remove_replica(work, cluster, replica),
            Thing::Policy(id) => {
                work.state.catalog.policies.remove(&id);
            }
            Thing::Database(_) | Thing::System | Thing::Item(_) => {}
        }
    }
    for role in roles {
        take_back(&mut work.state.catalog, role);
    }
    Ok(Change::Made)
}

/// Without `CASCADE` nothing that others own may be made of, or be in, what goes.
fn refuse_foreign(work: &Work<'_>, things: &[Thing]) -> Result<(), SqlError> {
    let catalog = work.catalog();
    let goes = |id: &ItemId| things.contains(&Thing::Item(*id));
    for thing in things {
        let inside: Vec<ItemId> = match thing {
            Thing::Item(id) => catalog
                .used_by
                .get(id)
                .into_iter()
                .flatten()
                .filter(|user| catalog.items.get(*user).is_some_and(|it| it.kind() != ObjectKind::Index))
                .copied()
                .collect(),
            Thing::Schema(id) => object::in_schema(catalog, *id),
            Thing::Cluster(id) => drop::items_on(catalog, *id),
            Thing::Database(id) => {
                let schemas: Vec<SchemaId> = drop::schemas_of(catalog, *id);
                schemas.into_iter().flat_map(|schema| object::in_schema(catalog, schema)).collect()
            }
            Thing::System | Thing::Replica(..) | Thing::Policy(_) => Vec::new(),
        };
        if let Some(other) = inside.iter().find(|id| !goes(id)).and_then(|id| catalog.items.get(id)) {
            let (kind, name) = rbac::describe(catalog, *thing);
            let other_name = resolve::short_name(catalog, work.scope, other);
            return Err(SqlError::internal(format!(
                "cannot drop {} \"{name}\": still depended upon by {} \"{other_name}\"",
                kind.to_lowercase(),
                other.kind()
            ))
            .hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
    }
    Ok(())
}

/// Takes everything back that was granted to a role, default privileges too.
fn take_back(catalog: &mut Catalog, role: RoleId) {
    let mine = |grantee: &Grantee| *grantee == Grantee::Role(role);
    catalog.system_acl.retain(|(grantee, _), _| !mine(grantee));
    let databases: Vec<_> = catalog.databases.keys().copied().collect();
    for id in databases {
        if let Some(it) = catalog.databases.get_mut(&id) {
            it.acl.retain(|(grantee, _), _| !mine(grantee));
        }
    }
    let schemas: Vec<_> = catalog.schemas.keys().copied().collect();
    for id in schemas {
        if let Some(it) = catalog.schemas.get_mut(&id) {
            it.acl.retain(|(grantee, _), _| !mine(grantee));
        }
    }
    let clusters: Vec<_> = catalog.clusters.keys().copied().collect();
    for id in clusters {
        if let Some(it) = catalog.clusters.get_mut(&id) {
            it.acl.retain(|(grantee, _), _| !mine(grantee));
        }
    }
    let holds = |acl: &super::super::model::access::Acl| acl.keys().any(|(grantee, _)| mine(grantee));
    let items: BTreeSet<_> =
        catalog.items.iter().filter(|(_, it)| holds(&it.acl)).map(|(id, _)| *id).collect();
    listed::again(catalog, &items);
    for id in items {
        if let Some(it) = catalog.items.get_mut(&id) {
            std::sync::Arc::make_mut(it).acl.retain(|(grantee, _), _| !mine(grantee));
        }
    }
    let keys: Vec<_> = catalog.default_acls.keys().copied().collect();
    for key in keys {
        let Some(acl) = catalog.default_acls.get_mut(&key) else { continue };
        acl.retain(|grantee, _| !mine(grantee));
        if acl.is_empty() || mine(&key.role) {
            catalog.default_acls.remove(&key);
        }
    }
}
