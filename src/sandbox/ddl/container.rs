//! `CREATE DATABASE`, `CREATE SCHEMA`, network policies.

use serde_json::json;

use super::super::error::Notice;
use super::super::error::SqlError;
use super::super::model::Database;
use super::super::model::Policy;
use super::super::model::Schema;
use super::super::model::access::DefaultAclOn;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::id::DatabaseId;
use super::super::model::id::PolicyId;
use super::super::model::id::SchemaId;
use super::super::resolve;
use super::acl;
use super::limit;
use super::rbac;
use super::rbac::Thing;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::sql::ast::create::CreateNamed;
use crate::sql::ast::create::CreateNetworkPolicy;

/// Tells whether a name is for the system alone.
pub(super) fn is_reserved(name: &Ident) -> bool {
    ["mz_", "pg_", "external_"].iter().any(|prefix| name.as_str().starts_with(prefix))
}

/// `CREATE DATABASE`
pub(super) fn create_database(work: &mut Work<'_>, create: &CreateNamed) -> Outcome {
    let Some(name) = create.name.parts.last().filter(|_| create.name.parts.len() == 1) else {
        return Err(SqlError::new(super::super::error::code::SYNTAX, "Expected end of statement, found dot"));
    };
    rbac::needs(work.catalog(), work.scope, Privilege::CreateDb, Thing::System)?;
    if work.catalog().database_named(name).is_some() {
        if create.if_not_exists {
            let message = format!("database \"{}\" already exists, skipping", name.as_str());
            work.notice(Notice::new("42P04", message));
            return Ok(Change::None);
        }
        return Err(SqlError::internal(format!("database '{}' already exists", name.as_str())));
    }
    limit::check(work, "database", "max_databases", work.catalog().databases.len(), 1)?;
    let (oid, owner) = (work.oid(), work.scope.role);
    let catalog = &mut work.state.catalog;
    let id = DatabaseId::User(catalog.next.database);
    catalog.next.database += 1;
    let acl = acl::of_new(catalog, owner, acl::CONTAINER, Some(DefaultAclOn::Database), (None, None));
    catalog.databases.insert(id, Database { oid, name: name.clone(), owner, acl });
    work.audit("create", "database", json!({ "id": id.to_string(), "name": name.as_str() }));
    let public = Ident::new("public").map_err(|error| SqlError::internal(error.to_string()))?;
    let schema = insert_schema(work, id, public);
    if let Some(schema) = work.state.catalog.schemas.get_mut(&schema) {
        acl::grant(&mut schema.acl, Grantee::Public, owner, [Privilege::Usage]);
    }
    Ok(Change::Made)
}

/// `CREATE SCHEMA`
pub(super) fn create_schema(work: &mut Work<'_>, create: &CreateNamed) -> Outcome {
    let catalog = work.catalog();
    let (database, name) = match create.name.parts.as_slice() {
        [own] => (work.scope.database.clone(), own.clone()),
        [database, own] => (database.clone(), own.clone()),
        parts => {
            return Err(SqlError::internal(format!(
                "qualified name did not have between 1 and 2 components: {}",
                resolve::as_written(parts)
            )));
        }
    };
    let Some(id) = catalog.database_named(&database) else {
        return Err(SqlError::internal(format!("unknown database '{}'", database.as_str())));
    };
    rbac::needs(catalog, work.scope, Privilege::Create, Thing::Database(id))?;
    acceptable(&name)?;
    if catalog.schema_named(id, &name).is_some() {
        if create.if_not_exists {
            let message = format!("schema \"{}\" already exists, skipping", name.as_str());
            work.notice(Notice::new("42P06", message));
            return Ok(Change::None);
        }
        return Err(exists(&name));
    }
    let current = catalog.schemas.values().filter(|schema| schema.database == id).count();
    limit::check(work, "schema", "max_schemas_per_database", current, 1)?;
    insert_schema(work, id, name);
    Ok(Change::Made)
}

/// A schema of that name is there.
pub(super) fn exists(name: &Ident) -> SqlError {
    SqlError::internal(format!("schema '{}' already exists", name.as_str()))
}

/// Refuses a name that is reserved for the system's schemas.
///
/// # Errors
/// `unacceptable schema name 'mz_x'`
pub(super) fn acceptable(name: &Ident) -> Result<(), SqlError> {
    if !is_reserved(name) {
        return Ok(());
    }
    Err(SqlError::internal(format!("unacceptable schema name '{}'", name.as_str()))
        .detail("The prefixes \"mz_\" and \"pg_\" are reserved for system schemas."))
}

fn insert_schema(work: &mut Work<'_>, database: DatabaseId, name: Ident) -> SchemaId {
    let (oid, owner) = (work.oid(), work.scope.role);
    let catalog = &mut work.state.catalog;
    let id = SchemaId::User(catalog.next.schema);
    catalog.next.schema += 1;
    let on = Some(DefaultAclOn::Schema);
    let acl = acl::of_new(catalog, owner, acl::CONTAINER, on, (Some(database), None));
    let within = catalog.databases.get(&database).map(|database| database.name.as_str().to_owned());
    let details = json!({ "id": id.to_string(), "name": name.as_str(), "database_name": within });
    catalog.schemas.insert(id, Schema { oid, database, name, owner, acl });
    work.audit("create", "schema", details);
    id
}

/// `CREATE NETWORK POLICY`
pub(super) fn create_policy(work: &mut Work<'_>, create: &CreateNetworkPolicy) -> Outcome {
    let name = &create.name.ident;
    rbac::needs(work.catalog(), work.scope, Privilege::CreateNetworkPolicy, Thing::System)?;
    if is_reserved(name) {
        return Err(SqlError::internal(format!("network policy name \"{}\" is reserved", name.as_str()))
            .detail("The prefixes \"mz_\" and \"pg_\" are reserved for system network policies."));
    }
    if work.catalog().policies.values().any(|policy| policy.name == *name) {
        return Err(SqlError::internal(format!("network policy '{}' already exists", name.as_str())));
    }
    limit::check(work, "network policy", "max_network_policies", work.catalog().policies.len(), 1)?;
    let (oid, owner) = (work.oid(), work.scope.role);
    let catalog = &mut work.state.catalog;
    let id = PolicyId::User(catalog.next.policy);
    catalog.next.policy += 1;
    let mut policy = Policy {
        oid,
        name: name.clone(),
        owner,
        acl: Default::default(),
        definition: create.definition.clone(),
    };
    acl::grant(&mut policy.acl, Grantee::Role(owner), owner, acl::USE.iter().copied());
    catalog.policies.insert(id, policy);
    work.audit("create", "network-policy", json!({ "id": id.to_string(), "name": name.as_str() }));
    Ok(Change::Made)
}

/// A network policy by name.
///
/// # Errors
/// `unknown network policy`
pub(super) fn policy(work: &Work<'_>, name: &Ident) -> Result<PolicyId, SqlError> {
    let found = work.catalog().policies.iter().find(|(_, policy)| policy.name == *name);
    found
        .map(|(id, _)| *id)
        .ok_or_else(|| SqlError::internal(format!("unknown network policy '{}'", name.as_str())))
}

/// `ALTER NETWORK POLICY`
pub(super) fn alter_policy(work: &mut Work<'_>, alter: &CreateNetworkPolicy) -> Outcome {
    let id = policy(work, &alter.name.ident)?;
    rbac::must_own(work.catalog(), work.scope, &[Thing::Policy(id)])?;
    if let Some(policy) = work.state.catalog.policies.get_mut(&id) {
        policy.definition = alter.definition.clone();
    }
    let name = alter.name.ident.as_str();
    work.audit("alter", "network-policy", json!({ "id": id.to_string(), "name": name }));
    Ok(Change::Made)
}
