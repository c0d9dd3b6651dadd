//! Clusters and replicas: making and altering them.
//!
//! Source: `design/materialize.md` 1.4, recorded in `full/20_clusters.slt` and `21`.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::error::SqlError;
use super::super::model::access::DefaultAclOn;
use super::super::model::access::Privilege;
use super::super::model::cluster::Cluster;
use super::super::model::cluster::Managed;
use super::super::model::cluster::Replica;
use super::super::model::id::ClusterId;
use super::super::model::id::ReplicaId;
use super::super::resolve;
use super::acl;
use super::cluster_options;
use super::cluster_options::Options;
use super::container;
use super::limit;
use super::object;
use super::rbac;
use super::rbac::Thing;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::sql::ast::alter::AlterCluster;
use crate::sql::ast::create::CreateCluster;
use crate::sql::ast::create::CreateClusterReplica;

/// `CREATE CLUSTER`
pub(super) fn create_cluster(work: &mut Work<'_>, create: &CreateCluster) -> Outcome {
    let name = &create.name.ident;
    acceptable(name)?;
    let options = Options::read(work, &create.options)?;
    rbac::needs(work.catalog(), work.scope, Privilege::CreateCluster, Thing::System)?;
    if work.catalog().cluster_named(name).is_some() {
        return Err(SqlError::internal(format!("cluster '{}' already exists", name.as_str())));
    }
    let current = work.catalog().clusters.keys().filter(|id| id.is_user()).count();
    limit::check(work, "cluster", "max_clusters", current, 1)?;
    let owner = work.scope.role;
    let is_managed = options.managed.unwrap_or(options.replicas.is_none());
    let managed = if is_managed { Some(options.managed_from(work, None)?) } else { None };
    if !is_managed {
        options.only_unmanaged()?;
        if options.replicas.is_none() {
            return Err(SqlError::internal("REPLICAS must be specified for unmanaged clusters"));
        }
    }
    let catalog = &mut work.state.catalog;
    let id = ClusterId::User(catalog.next.cluster);
    catalog.next.cluster += 1;
    let on = Some(DefaultAclOn::Cluster);
    let acl = acl::of_new(catalog, owner, acl::CONTAINER, on, (None, None));
    let workload_class = options.workload_class.clone().flatten();
    let cluster =
        Cluster { name: name.clone(), owner, acl, managed, replicas: BTreeMap::new(), workload_class };
    catalog.clusters.insert(id, cluster);
    work.audit("create", "cluster", json!({ "id": id.to_string(), "name": name.as_str() }));
    if is_managed {
        settle(work, id, false)?;
    }
    for (name, size) in options.replicas.unwrap_or_default() {
        insert_replica(work, id, name, size)?;
    }
    Ok(Change::Made)
}

/// Refuses a name that is reserved for the system's clusters.
///
/// # Errors
/// `cluster name "mz_x" is reserved`
pub(super) fn acceptable(name: &Ident) -> Result<(), SqlError> {
    if !container::is_reserved(name) {
        return Ok(());
    }
    Err(SqlError::internal(format!("cluster name \"{}\" is reserved", name.as_str()))
        .detail("The prefixes \"mz_\" and \"pg_\" are reserved for system clusters."))
}

/// Makes and removes replicas until a managed cluster has those it is to have. `anew` replaces
/// all of them, as another size does.
fn settle(work: &mut Work<'_>, id: ClusterId, anew: bool) -> Result<(), SqlError> {
    let Some(cluster) = work.catalog().clusters.get(&id) else { return Ok(()) };
    let Some(managed) = cluster.managed.clone() else { return Ok(()) };
    let wanted: Vec<String> = (1..=managed.replication_factor).map(|number| format!("r{number}")).collect();
    let surplus: Vec<ReplicaId> = cluster
        .replicas
        .iter()
        .filter(|(_, replica)| anew || !wanted.iter().any(|name| name == replica.name.as_str()))
        .map(|(replica, _)| *replica)
        .collect();
    for replica in surplus {
        remove_replica(work, id, replica);
    }
    let have: Vec<String> = work
        .catalog()
        .clusters
        .get(&id)
        .into_iter()
        .flat_map(|cluster| cluster.replicas.values())
        .map(|replica| replica.name.as_str().to_owned())
        .collect();
    let missing: Vec<&String> = wanted.iter().filter(|name| !have.contains(name)).collect();
    limit::check(work, "cluster replica", "max_replicas_per_cluster", have.len(), missing.len())?;
    if id.is_user() {
        limit::check_credits(work, &managed.size, missing.len())?;
    }
    for name in missing {
        let name = Ident::new(name).map_err(|error| SqlError::internal(error.to_string()))?;
        put_replica(work, id, name, managed.size.clone());
    }
    Ok(())
}

fn insert_replica(work: &mut Work<'_>, id: ClusterId, name: Ident, size: String) -> Result<(), SqlError> {
    let Some(cluster) = work.catalog().clusters.get(&id) else { return Ok(()) };
    if container::is_reserved(&name) {
        return Err(SqlError::internal(format!("replica name \"{}\" is reserved", name.as_str())));
    }
    if cluster.replicas.values().any(|replica| replica.name == name) {
        return Err(SqlError::internal(format!(
            "cannot create multiple replicas named '{}' on cluster '{}'",
            name.as_str(),
            cluster.name.as_str()
        )));
    }
    let current = cluster.replicas.len();
    limit::check(work, "cluster replica", "max_replicas_per_cluster", current, 1)?;
    limit::check_credits(work, &size, 1)?;
    put_replica(work, id, name, size);
    Ok(())
}

fn put_replica(work: &mut Work<'_>, id: ClusterId, name: Ident, size: String) {
    let (now, catalog) = (work.scope.now, &mut work.state.catalog);
    let replica_id = match id {
        ClusterId::User(_) => ReplicaId::User(catalog.next.replica),
        ClusterId::System(_) => ReplicaId::System(catalog.next.replica + 100),
    };
    catalog.next.replica += 1;
    let Some(cluster) = catalog.clusters.get_mut(&id) else { return };
    let details = json!({
        "cluster_id": id.to_string(),
        "cluster_name": cluster.name.as_str(),
        "replica_id": replica_id.to_string(),
        "replica_name": name.as_str(),
        "logical_size": size.as_str(),
        "disk": true,
        "billed_as": null,
        "internal": false,
        "reason": "manual",
    });
    let replica = Replica { name, size, owner: cluster.owner, created: now };
    cluster.replicas.insert(replica_id, replica);
    work.audit("create", "cluster-replica", details);
}

/// Takes a replica away together with what is said about it.
pub(super) fn remove_replica(work: &mut Work<'_>, id: ClusterId, replica_id: ReplicaId) {
    let catalog = &mut work.state.catalog;
    let Some(cluster) = catalog.clusters.get_mut(&id) else { return };
    let Some(replica) = cluster.replicas.remove(&replica_id) else { return };
    let details = json!({
        "cluster_id": id.to_string(),
        "cluster_name": cluster.name.as_str(),
        "replica_id": replica_id.to_string(),
        "replica_name": replica.name.as_str(),
        "reason": "manual",
    });
    catalog.comments.remove(&(super::super::model::Commented::Replica(replica_id), None));
    work.audit("drop", "cluster-replica", details);
}

/// `CREATE CLUSTER REPLICA`
pub(super) fn create_replica(work: &mut Work<'_>, create: &CreateClusterReplica) -> Outcome {
    let id = resolve::cluster(work.catalog(), &create.cluster)?;
    rbac::must_own(work.catalog(), work.scope, &[Thing::Cluster(id)])?;
    refuse_managed(work, id)?;
    let size = cluster_options::replica_size(&create.options)?;
    insert_replica(work, id, create.replica.ident.clone(), size)?;
    Ok(Change::Made)
}

/// Refuses a change of single replicas of a managed cluster.
///
/// # Errors
/// `cannot modify managed cluster c`
pub(super) fn refuse_managed(work: &Work<'_>, id: ClusterId) -> Result<(), SqlError> {
    match work.catalog().clusters.get(&id) {
        Some(cluster) if cluster.managed.is_some() => {
            Err(SqlError::internal(format!("cannot modify managed cluster {}", cluster.name.as_str())))
        }
        Some(_) | None => Ok(()),
    }
}

/// `ALTER CLUSTER … SET (…)`, `RESET (…)`
pub(super) fn alter_cluster(work: &mut Work<'_>, alter: &AlterCluster) -> Outcome {
    let id = match resolve::cluster(work.catalog(), &alter.name) {
        Ok(id) => id,
        Err(_) if alter.if_exists => {
            let span = alter.name.span;
            let name = crate::sql::ast::RawName { parts: vec![alter.name.ident.clone()], id: None, span };
            object::skip(work, "CLUSTER", &name);
            return Ok(Change::None);
        }
        Err(error) => return Err(error),
    };
    rbac::must_own(work.catalog(), work.scope, &[Thing::Cluster(id)])?;
    let options = if alter.reset.is_empty() {
        Options::read(work, &alter.set)?
    } else {
        Options::reset(work, &alter.reset)?
    };
    let Some(before) = work.catalog().clusters.get(&id).cloned() else { return Ok(Change::None) };
    let becomes_managed = options.managed.unwrap_or(before.managed.is_some());
    let managed = if becomes_managed {
        if options.replicas.is_some() {
            return Err(SqlError::internal("REPLICAS not supported for managed clusters"));
        }
        Some(options.managed_from(work, Some(&before))?)
    } else {
        options.only_unmanaged()?;
        None
    };
    let resized = resized(before.managed.as_ref(), managed.as_ref(), &before);
    let Some(cluster) = work.state.catalog.clusters.get_mut(&id) else { return Ok(Change::None) };
    cluster.managed = managed;
    if let Some(class) = &options.workload_class {
        cluster.workload_class.clone_from(class);
    }
    let details = json!({ "id": id.to_string(), "name": cluster.name.as_str() });
    work.audit("alter", "cluster", details);
    if becomes_managed {
        settle(work, id, resized)?;
    } else if let Some(replicas) = options.replicas {
        replace_replicas(work, id, replicas)?;
    }
    Ok(Change::Made)
}

/// Tells whether the replicas have to be made anew.
fn resized(before: Option<&Managed>, after: Option<&Managed>, cluster: &Cluster) -> bool {
    let Some(after) = after else { return false };
    match before {
        Some(before) => before.size != after.size || before.availability_zones != after.availability_zones,
        None => cluster.replicas.values().any(|replica| replica.size != after.size),
    }
}

fn replace_replicas(
    work: &mut Work<'_>,
    id: ClusterId,
    replicas: Vec<(Ident, String)>,
) -> Result<(), SqlError> {
    let old: Vec<ReplicaId> = work
        .catalog()
        .clusters
        .get(&id)
        .map(|cluster| cluster.replicas.keys().copied().collect())
        .unwrap_or_default();
    for replica in old {
        remove_replica(work, id, replica);
    }
    for (name, size) in replicas {
        insert_replica(work, id, name, size)?;
    }
    Ok(())
}
