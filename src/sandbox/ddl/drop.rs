//! `DROP`: what goes, what holds it, what goes with it.
//!
//! Source: `design/materialize.md` 1.6, recorded in `core/06_drops.slt`, `full/22`, `44`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::super::error::Notice;
use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::Commented;
use super::super::model::access::Privilege;
use super::super::model::id::ClusterId;
use super::super::model::id::DatabaseId;
use super::super::model::id::ItemId;
use super::super::model::id::ReplicaId;
use super::super::model::id::SchemaId;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::resolve;
use super::super::resolve::Place;
use super::cluster;
use super::container;
use super::object;
use super::object::Act;
use super::object::Found;
use super::rbac;
use super::rbac::Thing;
use super::rename;
use super::role;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use super::work::unlink;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::alter::Drop;
use crate::sql::ast::alter::DropBehaviour;

/// `DROP <kind> …`
pub(super) fn drop(work: &mut Work<'_>, drop: &Drop) -> Outcome {
    let cascade = drop.behaviour == Some(DropBehaviour::Cascade);
    match drop.noun {
        Noun::Object(kind) => objects(work, drop, kind, cascade),
        Noun::Schema => schemas(work, drop, cascade),
        Noun::Database => database(work, drop),
        Noun::Cluster => clusters(work, drop, cascade),
        Noun::ClusterReplica => replicas(work, drop),
        Noun::Role => role::drop_roles(work, drop),
        Noun::NetworkPolicy => policies(work, drop),
    }
}

const CASCADE_HINT: &str = "Use DROP ... CASCADE to drop the dependent objects too.";

fn objects(work: &mut Work<'_>, drop: &Drop, kind: ObjectKind, cascade: bool) -> Outcome {
    let mut wanted = Vec::new();
    for name in &drop.names {
        match object::find_or_skip(work, kind, name, drop.if_exists)? {
            Some(Found::User(id)) => {
                object::expect_kind(work, id, kind, Act::Drop)?;
                wanted.push(id);
            }
            Some(Found::System(relation)) => {
                return Err(SqlError::internal(format!(
                    "cannot drop {} {} because it is required by the database system",
                    relation.kind.replace('-', " "),
                    relation.name
                )));
            }
            None => {}
        }
    }
    let things: Vec<Thing> = wanted.iter().map(|id| Thing::Item(*id)).collect();
    if !cascade {
        for id in &wanted {
            refuse_if_used(work, *id)?;
        }
    }
    rbac::must_own(work.catalog(), work.scope, &things)?;
    for id in &wanted {
        rbac::needs(work.catalog(), work.scope, Privilege::Usage, Thing::Schema(work.item(*id)?.schema))?;
    }
    if wanted.is_empty() {
        return Ok(Change::None);
    }
    remove_with_dependents(work, &wanted, &wanted)?;
    Ok(Change::Made)
}

/// Refuses to drop something that another object than an index is made of.
///
/// # Errors
/// `cannot drop view "v": still depended upon by view "w"`
pub(super) fn refuse_if_used(work: &Work<'_>, id: ItemId) -> Result<(), SqlError> {
    let catalog = work.catalog();
    let item = work.item(id)?;
    let users = catalog.used_by.get(&id).into_iter().flatten();
    let holder = users
        .filter_map(|user| catalog.items.get(user))
        .filter(|user| user.kind() != ObjectKind::Index && user.id != id)
        .min_by_key(|user| (user.listed, user.id));
    let Some(holder) = holder else { return Ok(()) };
    let name = resolve::short_name(catalog, work.scope, item);
    let other = resolve::short_name(catalog, work.scope, holder);
    Err(SqlError::internal(format!(
        "cannot drop {} \"{name}\": still depended upon by {} \"{other}\"",
        item.kind(),
        holder.kind()
    ))
    .hint(CASCADE_HINT))
}

/// These and everything made of them, directly or not; a source's progress goes with it.
pub(super) fn with_dependents(catalog: &Catalog, ids: &[ItemId]) -> BTreeSet<ItemId> {
    let mut found: BTreeSet<ItemId> = ids.iter().copied().collect();
    let mut open: Vec<ItemId> = found.iter().copied().collect();
    while let Some(id) = open.pop() {
        let users = catalog.used_by.get(&id).into_iter().flatten().copied();
        let own = catalog.items.get(&id).into_iter().flat_map(|item| progress_of(catalog, item));
        for next in users.chain(own) {
            if found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

fn progress_of<'c>(catalog: &'c Catalog, item: &'c Item) -> impl Iterator<Item = ItemId> + 'c {
    let is_source =
        matches!(item.data, ItemData::Source(SourceData::LoadGenerator { .. } | SourceData::External { .. }));
    item.uses.iter().copied().filter(move |used| {
        let data = catalog.items.get(used).map(|item| &item.data);
        is_source && matches!(data, Some(ItemData::Source(SourceData::Progress { of })) if *of == item.id)
    })
}

fn say_cascade(work: &mut Work<'_>, going: &BTreeSet<ItemId>, named: &[ItemId]) {
    let catalog = work.catalog();
    let others = going
        .iter()
        .filter(|id| !named.contains(id))
        .filter(|id| catalog.items.get(*id).is_some_and(|item| item.kind() != ObjectKind::Index))
        .count();
    if others > 0 {
        let noun = if others == 1 { "object" } else { "objects" };
        work.notice(Notice::new("00000", format!("drop cascades to {others} other {noun}")));
    }
}

/// Takes objects away with everything made of them, and says how many were not named.
fn remove_with_dependents(work: &mut Work<'_>, ids: &[ItemId], named: &[ItemId]) -> Result<(), SqlError> {
    let going = with_dependents(work.catalog(), ids);
    say_cascade(work, &going, named);
    remove_items(work, &going)
}

/// Takes objects away with everything that is said about them.
///
/// # Errors
/// None of its own.
pub(super) fn remove_items(work: &mut Work<'_>, going: &BTreeSet<ItemId>) -> Result<(), SqlError> {
    // Dependents first, as the audit log has it.
    for id in going.iter().rev() {
        let Some(item) = work.state.catalog.items.get(id).cloned() else { continue };
        let details = object::audit_details(work.catalog(), &item);
        remove_item(work, &item);
        work.audit("drop", item.kind().catalog(), details);
    }
    Ok(())
}

fn remove_item(work: &mut Work<'_>, item: &Arc<Item>) {
    let catalog = &mut work.state.catalog;
    let key = (item.schema, item.name.clone());
    let names = if item.kind() == ObjectKind::Type { &mut catalog.type_names } else { &mut catalog.names };
    names.remove(&key);
    unlink(catalog, item.id, &item.uses);
    catalog.used_by.remove(&item.id);
    catalog.items.remove(&item.id);
    forget(catalog, Commented::Item(item.id));
    work.state.tables.remove(&item.id);
}

/// Takes away what is said about something and its columns.
pub(super) fn forget(catalog: &mut Catalog, on: Commented) {
    let keys: Vec<_> =
        catalog.comments.range((on, None)..).map(|(key, _)| *key).take_while(|(own, _)| *own == on).collect();
    for key in keys {
        catalog.comments.remove(&key);
    }
}

fn schemas(work: &mut Work<'_>, drop: &Drop, cascade: bool) -> Outcome {
    let mut wanted = Vec::new();
    for name in &drop.names {
        match rename::schema_or_skip(work, name, drop.if_exists)? {
            None => {}
            Some(Place::User(id)) if !id.is_temporary() => wanted.push(id),
            Some(place) => {
                let name = match place {
                    Place::User(_) => resolve::TEMPORARY,
                    Place::System(name) => name,
                };
                return Err(SqlError::internal(format!(
                    "cannot drop schema {name} because it is required by the database system"
                )));
            }
        }
    }
    let mut items = Vec::new();
    for id in &wanted {
        let inside = object::in_schema(work.catalog(), *id);
        if !cascade && !inside.is_empty() {
            let name = resolve::as_written(&resolve::schema_parts(work.catalog(), *id));
            return Err(SqlError::internal(format!(
                "schema '{name}' cannot be dropped without CASCADE while it contains objects"
            )));
        }
        items.extend(inside);
    }
    let things: Vec<Thing> = wanted.iter().map(|id| Thing::Schema(*id)).collect();
    rbac::must_own(work.catalog(), work.scope, &things)?;
    for id in &wanted {
        let Some(schema) = work.catalog().schemas.get(id) else { continue };
        let database = Thing::Database(schema.database);
        rbac::needs(work.catalog(), work.scope, Privilege::Usage, database)?;
    }
    if wanted.is_empty() {
        return Ok(Change::None);
    }
    remove_with_dependents(work, &items, &[])?;
    for id in wanted {
        remove_schema(work, id);
    }
    Ok(Change::Made)
}

/// Takes an empty schema away, with its default privileges.
pub(super) fn remove_schema(work: &mut Work<'_>, id: SchemaId) {
    let parts = resolve::schema_parts(work.catalog(), id);
    let catalog = &mut work.state.catalog;
    if catalog.schemas.remove(&id).is_none() {
        return;
    }
    forget(catalog, Commented::Schema(id));
    let keys: Vec<_> = catalog.default_acls.keys().filter(|key| key.schema == Some(id)).copied().collect();
    for key in keys {
        catalog.default_acls.remove(&key);
    }
    let name = |at: usize| parts.get(at).map(|part| part.as_str());
    let details = json!({ "id": id.to_string(), "database_name": name(0), "name": name(1) });
    work.audit("drop", "schema", details);
}

fn database(work: &mut Work<'_>, drop: &Drop) -> Outcome {
    let Some(name) = drop.names.first() else { return Ok(Change::None) };
    let id = match resolve::database(work.catalog(), name) {
        Ok(id) => id,
        Err(_) if drop.if_exists => {
            object::skip(work, "DATABASE", name);
            return Ok(Change::None);
        }
        Err(error) => return Err(error),
    };
    let schemas = schemas_of(work.catalog(), id);
    if drop.behaviour == Some(DropBehaviour::Restrict) && !schemas.is_empty() {
        return Err(SqlError::internal(format!(
            "database '{}' cannot be dropped with RESTRICT while it contains schemas",
            resolve::as_written(&name.parts)
        )));
    }
    rbac::must_own(work.catalog(), work.scope, &[Thing::Database(id)])?;
    remove_database(work, id)?;
    Ok(Change::Made)
}

pub(super) fn schemas_of(catalog: &Catalog, database: DatabaseId) -> Vec<SchemaId> {
    catalog.schemas.iter().filter(|(_, schema)| schema.database == database).map(|(id, _)| *id).collect()
}

/// Takes a database away with everything in it and everything made of that.
///
/// # Errors
/// None of its own.
pub(super) fn remove_database(work: &mut Work<'_>, id: DatabaseId) -> Result<(), SqlError> {
    let schemas = schemas_of(work.catalog(), id);
    let items: Vec<ItemId> =
        schemas.iter().flat_map(|schema| object::in_schema(work.catalog(), *schema)).collect();
    remove_with_dependents(work, &items, &[])?;
    for schema in schemas {
        remove_schema(work, schema);
    }
    let catalog = &mut work.state.catalog;
    let name = catalog.databases.remove(&id).map(|database| database.name.as_str().to_owned());
    forget(catalog, Commented::Database(id));
    let keys: Vec<_> = catalog.default_acls.keys().filter(|key| key.database == Some(id)).copied().collect();
    for key in keys {
        catalog.default_acls.remove(&key);
    }
    work.audit("drop", "database", json!({ "id": id.to_string(), "name": name }));
    Ok(())
}

/// What runs on a cluster.
pub(super) fn items_on(catalog: &Catalog, id: ClusterId) -> Vec<ItemId> {
    catalog.items.values().filter(|item| item.cluster() == Some(id)).map(|item| item.id).collect()
}

fn clusters(work: &mut Work<'_>, drop: &Drop, cascade: bool) -> Outcome {
    let mut wanted = Vec::new();
    for name in &drop.names {
        wanted.extend(rename::cluster_or_skip(work, name, drop.if_exists)?);
    }
    let things: Vec<Thing> = wanted.iter().map(|id| Thing::Cluster(*id)).collect();
    let mut items = Vec::new();
    for id in &wanted {
        let on = items_on(work.catalog(), *id);
        if !cascade && !on.is_empty() && id.is_user() {
            let (_, name) = rbac::describe(work.catalog(), Thing::Cluster(*id));
            return Err(SqlError::internal(format!(
                "cannot drop cluster \"{name}\" because other objects depend on it"
            ))
            .hint(CASCADE_HINT));
        }
        items.extend(on);
    }
    rbac::must_own(work.catalog(), work.scope, &things)?;
    if let Some(id) = wanted.iter().find(|id| !id.is_user()) {
        let (_, name) = rbac::describe(work.catalog(), Thing::Cluster(*id));
        return Err(SqlError::internal(format!(
            "cannot drop cluster {name} because it is required by the database system"
        )));
    }
    if wanted.is_empty() {
        return Ok(Change::None);
    }
    remove_with_dependents(work, &items, &[])?;
    for id in wanted {
        remove_cluster(work, id);
    }
    Ok(Change::Made)
}

/// Takes a cluster on which nothing runs away.
pub(super) fn remove_cluster(work: &mut Work<'_>, id: ClusterId) {
    let replicas: Vec<ReplicaId> = work
        .catalog()
        .clusters
        .get(&id)
        .map(|cluster| cluster.replicas.keys().copied().collect())
        .unwrap_or_default();
    for replica in replicas {
        cluster::remove_replica(work, id, replica);
    }
    let catalog = &mut work.state.catalog;
    let Some(cluster) = catalog.clusters.remove(&id) else { return };
    forget(catalog, Commented::Cluster(id));
    work.audit("drop", "cluster", json!({ "id": id.to_string(), "name": cluster.name.as_str() }));
}

fn replicas(work: &mut Work<'_>, drop: &Drop) -> Outcome {
    let mut wanted = Vec::new();
    for name in &drop.names {
        match rename::replica(work, name) {
            Ok(Some(found)) => wanted.push(found),
            Ok(None) | Err(_) if drop.if_exists => object::skip(work, "CLUSTER REPLICA", name),
            Ok(None) => return Err(rename::no_replica(work, name)),
            Err(error) => return Err(error),
        }
    }
    for (id, replica) in &wanted {
        rbac::must_own(work.catalog(), work.scope, &[Thing::Replica(*id, *replica)])?;
        cluster::refuse_managed(work, *id)?;
    }
    if wanted.is_empty() {
        return Ok(Change::None);
    }
    for (id, replica) in wanted {
        cluster::remove_replica(work, id, replica);
    }
    Ok(Change::Made)
}

fn policies(work: &mut Work<'_>, drop: &Drop) -> Outcome {
    let mut change = Change::None;
    for name in &drop.names {
        let Some(own) = name.parts.first() else { continue };
        let id = match container::policy(work, own) {
            Ok(id) => id,
            Err(_) if drop.if_exists => {
                object::skip(work, "NETWORK POLICY", name);
                continue;
            }
            Err(error) => return Err(error),
        };
        rbac::must_own(work.catalog(), work.scope, &[Thing::Policy(id)])?;
        let catalog = &mut work.state.catalog;
        catalog.policies.remove(&id);
        forget(catalog, Commented::Policy(id));
        work.audit("drop", "network-policy", json!({ "id": id.to_string(), "name": own.as_str() }));
        change = Change::Made;
    }
    Ok(change)
}

/// Takes everything temporary of a connection away: at its end, or for `DISCARD`.
pub(crate) fn discard_temporary(work: &mut Work<'_>, connection: u32) -> Outcome {
    let items = object::in_schema(work.catalog(), SchemaId::temporary(connection));
    if items.is_empty() {
        return Ok(Change::None);
    }
    let going = with_dependents(work.catalog(), &items);
    remove_items(work, &going)?;
    Ok(Change::Made)
}
