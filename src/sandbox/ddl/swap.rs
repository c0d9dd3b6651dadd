//! `ALTER SCHEMA | CLUSTER … SWAP WITH`: three renames that are one.

use super::super::error::SqlError;
use super::super::model::access::Privilege;
use super::super::model::id::SchemaId;
use super::super::resolve;
use super::super::resolve::Place;
use super::rbac;
use super::rbac::Thing;
use super::rename;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::sql::ast::Noun;
use crate::sql::ast::alter::AlterSwap;

/// `ALTER … SWAP WITH`
pub(super) fn swap(work: &mut Work<'_>, alter: &AlterSwap) -> Outcome {
    match alter.noun {
        Noun::Schema => schemas(work, alter),
        Noun::Cluster => clusters(work, alter),
        Noun::Database | Noun::ClusterReplica | Noun::Role | Noun::NetworkPolicy | Noun::Object(_) => {
            Err(SqlError::unsupported("SWAP WITH of anything but schemas and clusters"))
        }
    }
}

fn schemas(work: &mut Work<'_>, alter: &AlterSwap) -> Outcome {
    let Some(place) = rename::schema_or_skip(work, &alter.name, alter.if_exists)? else {
        return Ok(Change::None);
    };
    let ambient = || SqlError::internal("cannot swap schemas that are in the ambient database");
    let first = match place {
        Place::User(id) if !id.is_temporary() => id,
        Place::User(_) | Place::System(_) => {
            return match resolve::place(work.catalog(), work.scope, &alter.with.ident) {
                Ok(Place::System(_)) => Err(ambient()),
                _ => Err(resolve::unknown_schema(&alter.with.ident)),
            };
        }
    };
    let catalog = work.catalog();
    let Some(schema) = catalog.schemas.get(&first) else { return Ok(Change::None) };
    let (database, a) = (schema.database, schema.name.clone());
    let b = alter.with.ident.clone();
    let second = catalog.schema_named(database, &b).ok_or_else(|| resolve::unknown_schema(&b))?;
    rbac::must_own(catalog, work.scope, &[Thing::Schema(first), Thing::Schema(second)])?;
    rbac::needs(catalog, work.scope, Privilege::Create, Thing::Database(database))?;
    if first == second {
        return Ok(Change::None);
    }
    let between = temporary("mz_schema_swap", work.state.catalog.next.audit)?;
    let steps: [(SchemaId, &Ident); 3] = [(first, &between), (second, &a), (first, &b)];
    for (id, to) in steps {
        rename::set_schema_name(work, database, id, to)?;
    }
    Ok(Change::Made)
}

fn clusters(work: &mut Work<'_>, alter: &AlterSwap) -> Outcome {
    let Some(first) = rename::cluster_or_skip(work, &alter.name, alter.if_exists)? else {
        return Ok(Change::None);
    };
    let catalog = work.catalog();
    let b = alter.with.ident.clone();
    let second = catalog.cluster_named(&b).ok_or_else(|| resolve::unknown_cluster(&b))?;
    rbac::must_own(catalog, work.scope, &[Thing::Cluster(first), Thing::Cluster(second)])?;
    if first == second {
        return Ok(Change::None);
    }
    let Some(a) = catalog.clusters.get(&first).map(|cluster| cluster.name.clone()) else {
        return Ok(Change::None);
    };
    let between = temporary("mz_cluster_swap", work.state.catalog.next.audit)?;
    rename::set_cluster_name(work, first, &between);
    rename::set_cluster_name(work, second, &a);
    rename::set_cluster_name(work, first, &b);
    Ok(Change::Made)
}

/// The name that a thing has between two renames; it shows in the audit log alone.
fn temporary(prefix: &str, number: u64) -> Result<Ident, SqlError> {
    Ident::new(format!("{prefix}_{number}")).map_err(|error| SqlError::internal(error.to_string()))
}
