//! From names as written to the things they mean.

use super::error::SqlError;
use super::model::Catalog;
use super::model::id::ClusterId;
use super::model::id::DatabaseId;
use super::model::id::ItemId;
use super::model::id::RoleId;
use super::model::id::SchemaId;
use super::scope::Scope;
use super::system::SystemRelation;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;

/// What the name of a relation means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Relation {
    /// A user's.
    User(ItemId),
    /// The system's.
    System(&'static SystemRelation),
}

/// What a relation's name means: by id if one is written, else `mz_catalog`, `pg_catalog`, then the
/// search path.
///
/// # Errors
/// `unknown database`, `unknown schema`, `unknown catalog item`.
pub(crate) fn relation(catalog: &Catalog, scope: &Scope, name: &RawName) -> Result<Relation, SqlError> {
    let _ = (catalog, scope);
    Err(SqlError::unsupported(format!("{:?}", name.parts)))
}

/// A schema of a user.
///
/// # Errors
/// `unknown schema`, `unknown database`.
pub(crate) fn schema(catalog: &Catalog, scope: &Scope, name: &RawName) -> Result<SchemaId, SqlError> {
    let _ = (catalog, scope);
    Err(SqlError::unsupported(format!("{:?}", name.parts)))
}

/// A database.
///
/// # Errors
/// `unknown database`.
pub(crate) fn database(catalog: &Catalog, name: &RawName) -> Result<DatabaseId, SqlError> {
    let _ = catalog;
    Err(SqlError::unsupported(format!("{:?}", name.parts)))
}

/// A cluster.
///
/// # Errors
/// `unknown cluster`.
pub(crate) fn cluster(catalog: &Catalog, name: &RawIdent) -> Result<ClusterId, SqlError> {
    let _ = catalog;
    Err(SqlError::unsupported(&name.ident))
}

/// A role.
///
/// # Errors
/// `unknown role`.
pub(crate) fn role(catalog: &Catalog, name: &RawIdent) -> Result<RoleId, SqlError> {
    let _ = catalog;
    Err(SqlError::unsupported(&name.ident))
}
