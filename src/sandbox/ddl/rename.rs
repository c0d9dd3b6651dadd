//! `ALTER … RENAME TO`: what follows the new name, what refuses it.

use std::ops::Range;
use std::sync::Arc;

use serde_json::json;

use super::super::error::SqlError;
use super::super::model::access::Privilege;
use super::super::model::id::ClusterId;
use super::super::model::id::DatabaseId;
use super::super::model::id::ItemId;
use super::super::model::id::SchemaId;
use super::super::model::item::IndexKey;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::resolve::Place;
use super::cluster;
use super::container;
use super::listed;
use super::object;
use super::object::Act;
use super::object::Found;
use super::rbac;
use super::rbac::Thing;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::RawName;
use crate::sql::ast::alter::AlterRename;
use crate::sql::renaming;
use crate::sql::renaming::Conflict;
use crate::sql::renaming::ItemRename;

/// `ALTER … RENAME TO`
pub(super) fn rename(work: &mut Work<'_>, alter: &AlterRename) -> Outcome {
    let to = &alter.to.ident;
    match alter.noun {
        Noun::Object(kind) => rename_object(work, alter, kind),
        Noun::Schema => {
            let Some(place) = schema_or_skip(work, &alter.name, alter.if_exists)? else {
                return Ok(Change::None);
            };
            let id = match place {
                Place::User(id) if !id.is_temporary() => id,
                Place::User(_) => return Err(system_schema(resolve::TEMPORARY)),
                Place::System(name) => return Err(system_schema(name)),
            };
            rename_schema(work, id, to)
        }
        Noun::Cluster => {
            let Some(id) = cluster_or_skip(work, &alter.name, alter.if_exists)? else {
                return Ok(Change::None);
            };
            rbac::must_own(work.catalog(), work.scope, &[Thing::Cluster(id)])?;
            cluster::acceptable(to)?;
            if work.catalog().cluster_named(to).is_some() {
                return Err(SqlError::internal("uniqueness violation"));
            }
            set_cluster_name(work, id, to);
            Ok(Change::Made)
        }
        Noun::ClusterReplica => rename_replica(work, alter),
        Noun::Database => Err(SqlError::unsupported("ALTER DATABASE RENAME TO")),
        Noun::Role => Err(SqlError::unsupported("ALTER ROLE RENAME TO")),
        Noun::NetworkPolicy => Err(SqlError::unsupported("ALTER NETWORK POLICY RENAME TO")),
    }
}

fn system_schema(name: &str) -> SqlError {
    SqlError::internal(format!("renaming the {name} schema is not supported"))
}

/// A schema; `None` where it is missing and `IF EXISTS` is written.
pub(super) fn schema_or_skip(
    work: &mut Work<'_>,
    name: &RawName,
    if_exists: bool,
) -> Result<Option<Place>, SqlError> {
    match resolve::any_schema(work.catalog(), work.scope, name) {
        Ok(place) => Ok(Some(place)),
        Err(_) if if_exists => {
            object::skip(work, "SCHEMA", name);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A cluster; `None` where it is missing and `IF EXISTS` is written.
pub(super) fn cluster_or_skip(
    work: &mut Work<'_>,
    name: &RawName,
    if_exists: bool,
) -> Result<Option<ClusterId>, SqlError> {
    let Some(own) = name.parts.first() else { return Ok(None) };
    match work.catalog().cluster_named(own) {
        Some(id) => Ok(Some(id)),
        None if if_exists => {
            object::skip(work, "CLUSTER", name);
            Ok(None)
        }
        None => Err(resolve::unknown_cluster(own)),
    }
}

fn rename_object(work: &mut Work<'_>, alter: &AlterRename, kind: ObjectKind) -> Outcome {
    let id = match object::find_or_skip(work, kind, &alter.name, alter.if_exists)? {
        Some(Found::User(id)) => id,
        Some(Found::System(relation)) => return Err(object::system_item(relation)),
        None => return Ok(Change::None),
    };
    object::expect_kind(work, id, kind, Act::Rename)?;
    let item = Arc::clone(work.item(id)?);
    let full = resolve::full_parts(work.catalog(), &item);
    if kind == ObjectKind::Type {
        return Err(SqlError::internal(format!("cannot rename type: {}", resolve::as_written(&full))));
    }
    let to = &alter.to.ident;
    if object::taken(work.catalog(), item.schema, to, kind).is_some() {
        return Err(SqlError::internal(format!("catalog item '{}' already exists", to.as_str())));
    }
    rbac::must_own(work.catalog(), work.scope, &[Thing::Item(id)])?;
    let rename = ItemRename { from: &full, to };
    rewrite_all(work, &item, &rename)?;
    let catalog = &mut work.state.catalog;
    catalog.names.remove(&(item.schema, item.name.clone()));
    catalog.names.insert((item.schema, to.clone()), id);
    let own = work.item_mut(id)?;
    own.name = to.clone();
    let new = Arc::clone(work.item(id)?);
    audit_rename(work, &item, &new);
    Ok(Change::Made)
}

/// Rewrites an object and everything made directly of it.
fn rewrite_all(work: &mut Work<'_>, item: &Item, rename: &ItemRename<'_>) -> Result<(), SqlError> {
    let conflict = |catalog: &_, user: &Item, reason: Conflict| {
        let user_name = resolve::full_name(catalog, user);
        let place = if user.id == item.id {
            user_name
        } else {
            format!("{user_name}, which uses {}", resolve::as_written(rename.from))
        };
        SqlError::internal(format!("renaming conflict: in {place}, {reason}"))
    };
    let mut affected = vec![item.id];
    affected.extend(work.catalog().used_by.get(&item.id).into_iter().flatten().copied());
    let mut changed: Vec<(ItemId, Item)> = Vec::new();
    for id in affected {
        let user = work.item(id)?;
        let checked = query_range(user);
        let create_sql = renaming::item(&user.create_sql, checked, rename)
            .map_err(|reason| conflict(work.catalog(), user, reason))?;
        let mut new = Item::clone(user);
        new.create_sql = if id == item.id && item.kind() == ObjectKind::Index {
            renaming::define(&create_sql, std::slice::from_ref(rename.to))
        } else if id == item.id {
            let mut full = rename.from.to_vec();
            full.pop();
            full.push(rename.to.clone());
            renaming::define(&create_sql, &full)
        } else {
            create_sql
        };
        // What was checked as part of the statement needs no second check.
        each_text(&mut new.data, |text| {
            let range = checked_text(text);
            renaming::item(text, range, rename).unwrap_or_else(|_| text.to_owned())
        });
        changed.push((id, new));
    }
    let written = changed.iter().map(|(id, _)| *id).collect();
    for (id, item) in changed {
        work.state.catalog.items.insert(id, Arc::new(item));
    }
    listed::again(&mut work.state.catalog, &written);
    Ok(())
}

fn checked_text(text: &str) -> Option<Range<usize>> {
    Some(0..text.len())
}

/// Where the query of a view stands in its stored statement.
fn query_range(item: &Item) -> Option<Range<usize>> {
    let (ItemData::View { query } | ItemData::MaterializedView { query, .. }) = &item.data else {
        return None;
    };
    let start = item.create_sql.find(&format!(" AS {query}"))? + " AS ".len();
    Some(start..start + query.len())
}

/// Changes every stored text of an object besides its statement.
fn each_text(data: &mut ItemData, change: impl Fn(&str) -> String) {
    match data {
        ItemData::View { query } | ItemData::MaterializedView { query, .. } => *query = change(query),
        ItemData::Index { keys, .. } => {
            for (key, _) in keys {
                if let IndexKey::Expression(text) = key {
                    *text = change(text);
                }
            }
        }
        ItemData::Table { .. }
        | ItemData::Source(_)
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => {}
    }
}

fn audit_rename(work: &mut Work<'_>, old: &Item, new: &Item) {
    let parts = resolve::schema_parts(work.catalog(), old.schema);
    let schema = parts.last().map(Ident::as_str).unwrap_or_default();
    let database = parts.first().filter(|_| parts.len() == 2).map(Ident::as_str);
    let name = |item: &Item| json!({ "database": database, "schema": schema, "item": item.name.as_str() });
    let details = json!({ "id": old.id.to_string(), "old_name": name(old), "new_name": name(new) });
    work.audit("alter", new.kind().catalog(), details);
}

/// `ALTER SCHEMA … RENAME TO`
fn rename_schema(work: &mut Work<'_>, id: SchemaId, to: &Ident) -> Outcome {
    let Some(schema) = work.catalog().schemas.get(&id) else { return Ok(Change::None) };
    let database = schema.database;
    if work.catalog().schema_named(database, to).is_some() {
        return Err(container::exists(to));
    }
    rbac::must_own(work.catalog(), work.scope, &[Thing::Schema(id)])?;
    rbac::needs(work.catalog(), work.scope, Privilege::Create, Thing::Database(database))?;
    container::acceptable(to)?;
    set_schema_name(work, database, id, to)?;
    Ok(Change::Made)
}

/// Gives a schema another name and rewrites what is in it and what is made directly of that.
///
/// # Errors
/// `renaming conflict: …`
pub(super) fn set_schema_name(
    work: &mut Work<'_>,
    database: DatabaseId,
    id: SchemaId,
    to: &Ident,
) -> Result<(), SqlError> {
    let catalog = work.catalog();
    let (Some(schema), Some(within)) = (catalog.schemas.get(&id), catalog.databases.get(&database)) else {
        return Ok(());
    };
    let (from, within) = (schema.name.clone(), within.name.clone());
    let mut affected = std::collections::BTreeSet::new();
    for item in object::in_schema(catalog, id) {
        affected.insert(item);
        affected.extend(catalog.used_by.get(&item).into_iter().flatten().copied());
    }
    let mut changed = Vec::new();
    for user in &affected {
        let item = work.item(*user)?;
        let Some(create_sql) = renaming::schema(&item.create_sql, &within, &from, to) else {
            let name = resolve::full_name(work.catalog(), item);
            let (within, from) = (within.as_str(), from.as_str());
            return Err(SqlError::internal(format!(
                "renaming conflict: in {name}, which uses {within}.{from}, ambiguous reference to schema named \
                 {from}"
            )));
        };
        let mut new = Item::clone(item);
        new.create_sql = create_sql;
        each_text(&mut new.data, |text| {
            renaming::schema(text, &within, &from, to).unwrap_or_else(|| text.to_owned())
        });
        changed.push(new);
    }
    let catalog = &mut work.state.catalog;
    for item in changed {
        catalog.items.insert(item.id, Arc::new(item));
    }
    listed::again(catalog, &affected);
    if let Some(schema) = catalog.schemas.get_mut(&id) {
        schema.name = to.clone();
    }
    let details = json!({
        "id": id.to_string(),
        "database_name": within.as_str(),
        "old_name": from.as_str(),
        "new_name": to.as_str(),
    });
    work.audit("alter", "schema", details);
    Ok(())
}

/// Gives a cluster another name; stored statements hold its id.
pub(super) fn set_cluster_name(work: &mut Work<'_>, id: ClusterId, to: &Ident) {
    let Some(cluster) = work.state.catalog.clusters.get_mut(&id) else { return };
    let from = std::mem::replace(&mut cluster.name, to.clone());
    let details = json!({ "id": id.to_string(), "old_name": from.as_str(), "new_name": to.as_str() });
    work.audit("alter", "cluster", details);
}

fn rename_replica(work: &mut Work<'_>, alter: &AlterRename) -> Outcome {
    let to = &alter.to.ident;
    let Some((cluster_id, replica_id)) = replica(work, &alter.name)? else {
        if alter.if_exists {
            object::skip(work, "CLUSTER REPLICA", &alter.name);
            return Ok(Change::None);
        }
        return Err(no_replica(work, &alter.name));
    };
    rbac::must_own(work.catalog(), work.scope, &[Thing::Replica(cluster_id, replica_id)])?;
    cluster::refuse_managed(work, cluster_id)?;
    if container::is_reserved(to) {
        return Err(SqlError::internal(format!("replica name \"{}\" is reserved", to.as_str())));
    }
    let Some(cluster) = work.state.catalog.clusters.get_mut(&cluster_id) else { return Ok(Change::None) };
    if cluster.replicas.values().any(|replica| replica.name == *to) {
        return Err(SqlError::internal(format!(
            "CLUSTER REPLICA '{}.{}' already exists",
            cluster.name.as_str(),
            to.as_str()
        )));
    }
    let Some(replica) = cluster.replicas.get_mut(&replica_id) else { return Ok(Change::None) };
    let from = std::mem::replace(&mut replica.name, to.clone());
    let details = json!({
        "cluster_id": cluster_id.to_string(),
        "replica_id": replica_id.to_string(),
        "old_name": from.as_str(),
        "new_name": to.as_str(),
    });
    work.audit("alter", "cluster-replica", details);
    Ok(Change::Made)
}

/// A replica by `cluster.replica`; `None` where the cluster has none of that name.
///
/// # Errors
/// `unknown cluster`
pub(super) fn replica(
    work: &Work<'_>,
    name: &RawName,
) -> Result<Option<(ClusterId, super::super::model::id::ReplicaId)>, SqlError> {
    let [cluster, own] = name.parts.as_slice() else {
        return Err(SqlError::internal(format!(
            "unknown cluster replica '{}'",
            resolve::as_written(&name.parts)
        )));
    };
    let Some(id) = work.catalog().cluster_named(cluster) else {
        return Err(resolve::unknown_cluster(cluster));
    };
    let found = work.catalog().clusters.get(&id).and_then(|cluster| {
        cluster.replicas.iter().find(|(_, replica)| replica.name == *own).map(|(replica, _)| *replica)
    });
    Ok(found.map(|replica| (id, replica)))
}

/// There is no such replica.
pub(super) fn no_replica(_work: &Work<'_>, name: &RawName) -> SqlError {
    let (cluster, own) = match name.parts.as_slice() {
        [cluster, own] => (cluster.as_str(), own.as_str()),
        _ => ("", ""),
    };
    SqlError::internal(format!("CLUSTER {cluster} has no CLUSTER REPLICA named \"{own}\""))
}
