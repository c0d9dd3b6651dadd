//! From names as written to the things they mean.
//!
//! A name of one part is looked for in `mz_temp`, `mz_catalog`, `pg_catalog` and then along the
//! search path; one of two parts in the session's database and then among the system's schemas.
//! Errors print names as they were written.

use super::error::SqlError;
use super::error::code;
use super::model::Catalog;
use super::model::id::ClusterId;
use super::model::id::DatabaseId;
use super::model::id::ItemId;
use super::model::id::RoleId;
use super::model::id::SchemaId;
use super::model::item::Item;
use super::scope::Scope;
use super::system;
use super::system::SystemRelation;
use super::system::unmodelled::is_absent;
use crate::name::Ident;
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

/// A schema that a name can be looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A user's, or a connection's `mz_temp`.
    User(SchemaId),
    /// The system's.
    System(&'static str),
}

/// The name of the schema of temporary things.
pub(crate) const TEMPORARY: &str = "mz_temp";

/// What a relation's name means: by id if one is written, else `mz_temp`, `mz_catalog`,
/// `pg_catalog`, then the search path.
///
/// # Errors
/// `unknown database`, `unknown schema`, `unknown catalog item`.
pub(crate) fn relation(catalog: &Catalog, scope: &Scope, name: &RawName) -> Result<Relation, SqlError> {
    match item(catalog, scope, name)? {
        Some(Relation::User(id)) => {
            let found = catalog.items.get(&id).filter(|item| item.is_relation());
            match (found, catalog.items.get(&id)) {
                (Some(_), _) => Ok(Relation::User(id)),
                (None, Some(other)) => Err(SqlError::internal(format!(
                    "catalog item '{}' is {} {} and so cannot be depended upon",
                    full_name(catalog, other),
                    article(&other.kind().to_string()),
                    other.kind()
                ))),
                (None, None) => Err(unknown_item(name)),
            }
        }
        Some(system) => Ok(system),
        None => Err(unknown_item(name)),
    }
}

/// `a` or `an`.
pub(crate) fn article(noun: &str) -> &'static str {
    if noun.to_ascii_lowercase().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Anything in a schema but a type; `None` where there is nothing of that name.
///
/// # Errors
/// `unknown database`, `unknown schema`.
pub(crate) fn item(catalog: &Catalog, scope: &Scope, name: &RawName) -> Result<Option<Relation>, SqlError> {
    if let Some(id) = &name.id {
        return Ok(by_id(catalog, id.as_str()));
    }
    find(catalog, scope, name, |place, own| match place {
        Place::User(schema) => catalog.names.get(&(schema, own.clone())).copied().map(Relation::User),
        Place::System(schema) => system::lookup(schema, own.as_str()).map(Relation::System),
    })
}

/// A type of a user; `None` where there is none of that name.
///
/// # Errors
/// `unknown database`, `unknown schema`.
pub(crate) fn item_type(
    catalog: &Catalog,
    scope: &Scope,
    name: &RawName,
) -> Result<Option<ItemId>, SqlError> {
    if let Some(id) = &name.id {
        return Ok(ItemId::parse(id.as_str()).filter(|id| catalog.items.contains_key(id)));
    }
    find(catalog, scope, name, |place, own| match place {
        Place::User(schema) => catalog.type_names.get(&(schema, own.clone())).copied(),
        Place::System(_) => None,
    })
}

fn by_id(catalog: &Catalog, id: &str) -> Option<Relation> {
    match ItemId::parse(id)? {
        ItemId::System(number) => system::by_id(number).map(Relation::System),
        user => catalog.items.contains_key(&user).then_some(Relation::User(user)),
    }
}

/// Looks for a name in the places it can mean, in order.
fn find<T>(
    catalog: &Catalog,
    scope: &Scope,
    name: &RawName,
    look: impl Fn(Place, &Ident) -> Option<T>,
) -> Result<Option<T>, SqlError> {
    match name.parts.as_slice() {
        [own] => Ok(search_path(catalog, scope).into_iter().find_map(|place| look(place, own))),
        [schema, own] => Ok(look(place(catalog, scope, schema)?, own)),
        [database, schema, own] => Ok(look(place_in(catalog, scope, database, schema)?, own)),
        parts => Err(too_many_parts(parts)),
    }
}

/// `a.b.c.d` is no name.
fn too_many_parts(parts: &[Ident]) -> SqlError {
    let written = as_written(parts);
    SqlError::internal(format!("qualified name did not have between 1 and 3 components: {written}"))
}

/// Where names of one part are looked for.
pub(crate) fn search_path(catalog: &Catalog, scope: &Scope) -> Vec<Place> {
    let mut places = vec![Place::User(SchemaId::temporary(scope.connection))];
    for implied in ["mz_catalog", "pg_catalog"] {
        if !scope.search_path.iter().any(|name| name.as_str() == implied) {
            places.push(Place::System(implied));
        }
    }
    places.extend(scope.search_path.iter().filter_map(|name| place(catalog, scope, name).ok()));
    places
}

fn system_schema(name: &Ident) -> Option<&'static str> {
    system::schema_named(name.as_str())
}

/// A schema by its own name: the session's database comes first.
pub(crate) fn place(catalog: &Catalog, scope: &Scope, schema: &Ident) -> Result<Place, SqlError> {
    if schema.as_str() == TEMPORARY {
        return Ok(Place::User(SchemaId::temporary(scope.connection)));
    }
    let own = catalog.database_named(&scope.database).and_then(|id| catalog.schema_named(id, schema));
    match (own, system_schema(schema)) {
        (Some(id), _) => Ok(Place::User(id)),
        (None, Some(system)) => Ok(Place::System(system)),
        (None, None) => Err(unknown_schema(schema)),
    }
}

/// A schema by database and name; the system's are in every database.
pub(crate) fn place_in(
    catalog: &Catalog,
    scope: &Scope,
    database: &Ident,
    schema: &Ident,
) -> Result<Place, SqlError> {
    let Some(id) = catalog.database_named(database) else { return Err(unknown_database(database)) };
    if schema.as_str() == TEMPORARY {
        return Ok(Place::User(SchemaId::temporary(scope.connection)));
    }
    match (catalog.schema_named(id, schema), system_schema(schema)) {
        (Some(id), _) => Ok(Place::User(id)),
        (None, Some(system)) => Ok(Place::System(system)),
        (None, None) => Err(unknown_schema(schema)),
    }
}

/// A schema as it is written.
///
/// # Errors
/// `unknown schema`, `unknown database`.
pub(crate) fn any_schema(catalog: &Catalog, scope: &Scope, name: &RawName) -> Result<Place, SqlError> {
    match name.parts.as_slice() {
        [own] => place(catalog, scope, own),
        [database, own] => place_in(catalog, scope, database, own),
        parts => Err(SqlError::internal(format!(
            "qualified name did not have between 1 and 2 components: {}",
            as_written(parts)
        ))),
    }
}

/// A schema of a user.
///
/// # Errors
/// `unknown schema`, `unknown database`.
pub(crate) fn schema(catalog: &Catalog, scope: &Scope, name: &RawName) -> Result<SchemaId, SqlError> {
    match any_schema(catalog, scope, name)? {
        Place::User(id) => Ok(id),
        Place::System(own) => Err(SqlError::internal(format!("unknown schema '{own}'"))),
    }
}

/// Where something new is to be: its schema and its own name.
///
/// # Errors
/// `unknown database`, `unknown schema`; `3F000` where nothing of the search path exists.
pub(crate) fn home(catalog: &Catalog, scope: &Scope, name: &RawName) -> Result<(Place, Ident), SqlError> {
    match name.parts.as_slice() {
        [own] => {
            let first = scope.search_path.iter().find_map(|schema| place(catalog, scope, schema).ok());
            let first = first.ok_or_else(no_schema)?;
            Ok((first, own.clone()))
        }
        [schema, own] => Ok((place(catalog, scope, schema)?, own.clone())),
        [database, schema, own] => Ok((place_in(catalog, scope, database, schema)?, own.clone())),
        parts => Err(too_many_parts(parts)),
    }
}

fn no_schema() -> SqlError {
    SqlError::new("3F000", "no valid schema selected").hint(
        "Use SET schema = name to select a schema.  Use SHOW SCHEMAS to list available schemas.  Use SHOW \
         search_path to show the schema names that we looked for, but none of them existed.",
    )
}

/// A database.
///
/// # Errors
/// `unknown database`.
pub(crate) fn database(catalog: &Catalog, name: &RawName) -> Result<DatabaseId, SqlError> {
    match name.parts.as_slice() {
        [own] => catalog.database_named(own).ok_or_else(|| unknown_database(own)),
        parts => Err(SqlError::new(code::SYNTAX, format!("unknown database '{}'", as_written(parts)))),
    }
}

/// A cluster.
///
/// # Errors
/// `unknown cluster`.
pub(crate) fn cluster(catalog: &Catalog, name: &RawIdent) -> Result<ClusterId, SqlError> {
    let found = if name.by_id {
        ClusterId::parse(name.ident.as_str()).filter(|id| catalog.clusters.contains_key(id))
    } else {
        catalog.cluster_named(&name.ident)
    };
    found.ok_or_else(|| unknown_cluster(&name.ident))
}

/// A role.
///
/// # Errors
/// `unknown role`.
pub(crate) fn role(catalog: &Catalog, name: &RawIdent) -> Result<RoleId, SqlError> {
    catalog
        .role_named(&name.ident)
        .ok_or_else(|| SqlError::internal(format!("unknown role '{}'", name.ident.as_str())))
}

/// There is no such cluster.
pub(crate) fn unknown_cluster(name: &Ident) -> SqlError {
    SqlError::internal(format!("unknown cluster '{}'", name.as_str()))
}

/// There is no such schema.
pub(crate) fn unknown_schema(name: &Ident) -> SqlError {
    SqlError::internal(format!("unknown schema '{}'", name.as_str()))
}

fn unknown_database(name: &Ident) -> SqlError {
    SqlError::internal(format!("unknown database '{}'", name.as_str()))
}

/// There is no such object; or there is one, but only in the server.
pub(crate) fn unknown_item(name: &RawName) -> SqlError {
    let absent = match name.parts.as_slice() {
        [own] => ["mz_catalog", "pg_catalog"].iter().any(|schema| is_absent(schema, own.as_str())),
        [.., schema, own] => is_absent(schema.as_str(), own.as_str()),
        [] => false,
    };
    if absent {
        return SqlError::unsupported(format!("reading {}", as_written(&name.parts)));
    }
    SqlError::internal(format!("unknown catalog item '{}'", as_written(&name.parts)))
}

/// A name as the server prints one in a message: without quotes.
pub(crate) fn as_written(parts: &[Ident]) -> String {
    parts.iter().map(Ident::as_str).collect::<Vec<_>>().join(".")
}

/// The parts of an object's full name; two for a temporary one.
pub(crate) fn full_parts(catalog: &Catalog, item: &Item) -> Vec<Ident> {
    let mut parts = schema_parts(catalog, item.schema);
    parts.push(item.name.clone());
    parts
}

/// The parts of a schema's full name; one for `mz_temp`.
pub(crate) fn schema_parts(catalog: &Catalog, id: SchemaId) -> Vec<Ident> {
    if id.is_temporary() {
        return Ident::new(TEMPORARY).into_iter().collect();
    }
    let Some(schema) = catalog.schemas.get(&id) else { return Vec::new() };
    let database = catalog.databases.get(&schema.database).map(|database| database.name.clone());
    database.into_iter().chain([schema.name.clone()]).collect()
}

/// An object's full name without quotes: `d.s.t`.
pub(crate) fn full_name(catalog: &Catalog, item: &Item) -> String {
    as_written(&full_parts(catalog, item))
}

/// An object's name as short as the session may write it, without quotes.
pub(crate) fn short_name(catalog: &Catalog, scope: &Scope, item: &Item) -> String {
    let span = crate::sql::span::Span::default();
    let types = catalog.type_names.get(&(item.schema, item.name.clone())) == Some(&item.id);
    let bare = RawName { parts: vec![item.name.clone()], id: None, span };
    let found = if types {
        item_type(catalog, scope, &bare).ok().flatten()
    } else {
        match self::item(catalog, scope, &bare) {
            Ok(Some(Relation::User(id))) => Some(id),
            _ => None,
        }
    };
    if found == Some(item.id) {
        return item.name.as_str().to_owned();
    }
    let parts = full_parts(catalog, item);
    match parts.as_slice() {
        [database, rest @ ..] if rest.len() == 2 && *database == scope.database => as_written(rest),
        _ => as_written(&parts),
    }
}
