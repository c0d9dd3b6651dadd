//! What is the same for everything in a schema: finding it, making it, its messages.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::super::error::Notice;
use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::Catalog;
use super::super::model::access::Privilege;
use super::super::model::column::Column;
use super::super::model::id::ItemId;
use super::super::model::id::RoleId;
use super::super::model::id::SchemaId;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::resolve::Place;
use super::super::resolve::Relation;
use super::super::system::SystemRelation;
use super::acl;
use super::limit;
use super::listed;
use super::rbac;
use super::rbac::Thing;
use super::work::Work;
use super::work::link;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::RawName;

/// Something that is to be made.
pub(super) struct New {
    /// Its schema.
    pub(super) schema: SchemaId,
    /// Its own name.
    pub(super) name: Ident,
    /// Its statement as stored.
    pub(super) create_sql: String,
    /// The objects of users that it is made of.
    pub(super) uses: BTreeSet<ItemId>,
    /// What of the system it is made of.
    pub(super) uses_system: BTreeSet<ItemId>,
    /// Its columns, where they are known; an empty list for what has none.
    pub(super) columns: Option<Vec<Column>>,
    /// What it is.
    pub(super) data: ItemData,
    /// Its owner, if not who makes it.
    pub(super) owner: Option<RoleId>,
}

/// Where something new is to be.
#[derive(Clone, Debug)]
pub(super) struct Home {
    /// Its schema.
    pub(super) schema: SchemaId,
    /// Its own name.
    pub(super) name: Ident,
    /// Its full name.
    pub(super) full: Vec<Ident>,
}

/// Where something new is to be.
///
/// # Errors
/// Unknown databases and schemas; the system's schemas.
pub(super) fn home(work: &Work<'_>, name: &RawName, temporary: bool) -> Result<Home, SqlError> {
    let catalog = work.catalog();
    let (schema, own) = if temporary {
        let schema = SchemaId::temporary(work.scope.connection);
        match name.parts.as_slice() {
            [own] => (schema, own.clone()),
            [place, own] if place.as_str() == resolve::TEMPORARY => (schema, own.clone()),
            _ => return Err(SqlError::internal("cannot create temporary item in non-temporary schema")),
        }
    } else {
        match resolve::home(catalog, work.scope, name)? {
            (Place::User(schema), _) if schema.is_temporary() => {
                return Err(SqlError::internal("cannot create non-temporary item in temporary schema"));
            }
            (Place::User(schema), own) => (schema, own),
            (Place::System(schema), _) => {
                let thing = format!("SCHEMA \"{schema}\"");
                return Err(rbac::denied(&thing, work.scope.user.as_str(), Privilege::Create.word()));
            }
        }
    };
    let mut full = resolve::schema_parts(catalog, schema);
    full.push(own.clone());
    Ok(Home { schema, name: own, full })
}

/// What is under a name already: another object, or a type where those may not meet.
pub(super) fn taken(catalog: &Catalog, schema: SchemaId, name: &Ident, kind: ObjectKind) -> Option<ItemId> {
    let key = (schema, name.clone());
    let object = catalog.names.get(&key).copied();
    let data_type = catalog.type_names.get(&key).copied();
    match kind {
        ObjectKind::Type => {
            let meets =
                |id: &ItemId| catalog.items.get(id).is_some_and(|item| shares_with_types(item.kind()));
            data_type.or_else(|| object.filter(meets))
        }
        kind if shares_with_types(kind) => object.or(data_type),
        _ => object,
    }
}

/// Types and these may not have the same name.
fn shares_with_types(kind: ObjectKind) -> bool {
    match kind {
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Source
        | ObjectKind::Index
        | ObjectKind::Type => true,
        ObjectKind::Sink | ObjectKind::Connection | ObjectKind::Secret | ObjectKind::Function => false,
    }
}

/// Refuses a name that is taken; with `IF NOT EXISTS` tells that there is nothing to do.
///
/// # Errors
/// `view "d.s.v" already exists`
pub(super) fn vacant(
    work: &mut Work<'_>,
    home: &Home,
    kind: ObjectKind,
    if_not_exists: bool,
) -> Result<bool, SqlError> {
    let Some(id) = taken(work.catalog(), home.schema, &home.name, kind) else { return Ok(true) };
    let item = work.item(id)?;
    if if_not_exists {
        let message = format!("{kind} \"{}\" already exists, skipping", home.name.as_str());
        let code = match kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Source
            | ObjectKind::Index => "42P07",
            ObjectKind::Sink
            | ObjectKind::Connection
            | ObjectKind::Secret
            | ObjectKind::Type
            | ObjectKind::Function => "42710",
        };
        work.notice(Notice::new(code, message));
        return Ok(false);
    }
    let message = format!("{} \"{}\" already exists", item.kind(), resolve::as_written(&home.full));
    Err(SqlError::internal(message))
}

/// Refuses whoever may not make things in a schema.
///
/// # Errors
/// `42501`
pub(super) fn may_create(work: &Work<'_>, schema: SchemaId) -> Result<(), SqlError> {
    rbac::needs(work.catalog(), work.scope, Privilege::Create, Thing::Schema(schema))
}

/// Refuses whoever may not use the types, secrets and connections that something is made of, and
/// their schemas. The server asks for this first.
///
/// # Errors
/// `42501`
pub(super) fn may_use(work: &Work<'_>, uses: &BTreeSet<ItemId>) -> Result<(), SqlError> {
    let mut used = Vec::new();
    for id in uses {
        let item = work.item(*id)?;
        match item.kind() {
            ObjectKind::Type | ObjectKind::Secret | ObjectKind::Connection => used.push((*id, item.schema)),
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Source
            | ObjectKind::Sink
            | ObjectKind::Index
            | ObjectKind::Function => {}
        }
    }
    let schemas: BTreeSet<SchemaId> = used.iter().map(|(_, schema)| *schema).collect();
    for schema in schemas {
        rbac::needs(work.catalog(), work.scope, Privilege::Usage, Thing::Schema(schema))?;
    }
    for (id, _) in used {
        rbac::needs(work.catalog(), work.scope, Privilege::Usage, Thing::Item(id))?;
    }
    Ok(())
}

/// Makes something and writes it down everywhere.
///
/// # Errors
/// Limits.
pub(super) fn insert(work: &mut Work<'_>, new: New) -> Result<ItemId, SqlError> {
    let kind = new.data.kind();
    may_use(work, &new.uses)?;
    limits(work, new.schema, kind)?;
    let id = ItemId::User(work.state.catalog.next.item);
    insert_as(work, new, id)?;
    work.state.catalog.next.item += 1;
    Ok(id)
}

/// Makes something under an id that the caller took.
fn insert_as(work: &mut Work<'_>, new: New, id: ItemId) -> Result<(), SqlError> {
    let kind = new.data.kind();
    let oid = work.oid();
    let owner = new.owner.unwrap_or(work.scope.role);
    let catalog = &mut work.state.catalog;
    let database = catalog.schemas.get(&new.schema).map(|schema| schema.database);
    let place = (database, database.map(|_| new.schema));
    let acl = acl::of_new(catalog, owner, acl::all_on(kind), acl::default_on(kind), place);
    let key = (new.schema, new.name.clone());
    link(catalog, id, &new.uses);
    let listed = listed::next(catalog);
    let item = Item {
        id,
        oid,
        schema: new.schema,
        name: new.name,
        owner,
        acl,
        created: work.scope.now,
        listed,
        create_sql: new.create_sql,
        uses: new.uses,
        uses_system: new.uses_system,
        columns: new.columns.map(Arc::new),
        data: new.data,
    };
    let names = if kind == ObjectKind::Type { &mut catalog.type_names } else { &mut catalog.names };
    names.insert(key, id);
    let details = audit_details(catalog, &item);
    catalog.items.insert(id, Arc::new(item));
    work.audit("create", kind.catalog(), details);
    Ok(())
}

/// What the audit log tells of an object.
pub(super) fn audit_details(catalog: &Catalog, item: &Item) -> serde_json::Value {
    let parts = resolve::schema_parts(catalog, item.schema);
    let (database, schema) = match parts.as_slice() {
        [database, schema] => (Some(database.as_str()), schema.as_str()),
        _ => (None, resolve::TEMPORARY),
    };
    let mut details = json!({
        "database": database,
        "id": item.id.to_string(),
        "item": item.name.as_str(),
        "schema": schema,
    });
    if let (Some(cluster), Some(details)) = (item.cluster(), details.as_object_mut()) {
        details.insert("cluster_id".to_owned(), json!(cluster.to_string()));
    }
    details
}

fn limits(work: &Work<'_>, schema: SchemaId, kind: ObjectKind) -> Result<(), SqlError> {
    let catalog = work.catalog();
    let variable = match kind {
        ObjectKind::Table => Some("max_tables"),
        ObjectKind::MaterializedView => Some("max_materialized_views"),
        ObjectKind::Source => Some("max_sources"),
        ObjectKind::Sink => Some("max_sinks"),
        ObjectKind::Secret => Some("max_secrets"),
        ObjectKind::View
        | ObjectKind::Index
        | ObjectKind::Connection
        | ObjectKind::Type
        | ObjectKind::Function => None,
    };
    // Counting takes time in a large catalog; below the limit in all there is nothing to count.
    let all = catalog.items.len();
    let count = |variable: &str, count: &dyn Fn() -> usize| {
        if limit::holds(work, variable, all + 1) { None } else { Some(count()) }
    };
    if let Some(variable) = variable {
        let of_kind = || catalog.items.values().filter(|item| item.kind() == kind).count();
        if let Some(count) = count(variable, &of_kind) {
            limit::check(work, &kind.to_string(), variable, count, 1)?;
        }
    }
    if !schema.is_temporary() {
        let variable = "max_objects_per_schema";
        if let Some(count) = count(variable, &|| in_schema(catalog, schema).len()) {
            limit::check(work, "object", variable, count, 1)?;
        }
    }
    Ok(())
}

/// Everything in a schema, types too.
pub(super) fn in_schema(catalog: &Catalog, schema: SchemaId) -> Vec<ItemId> {
    let Ok(first) = Ident::new("\u{1}") else { return Vec::new() };
    let from = (schema, first);
    let objects = catalog.names.range(from.clone()..);
    let types = catalog.type_names.range(from..);
    let mut found: Vec<ItemId> =
        objects.take_while(|((own, _), _)| *own == schema).map(|(_, id)| *id).collect();
    found.extend(types.take_while(|((own, _), _)| *own == schema).map(|(_, id)| *id));
    found
}

/// An object that a statement names together with its kind.
pub(super) enum Found {
    /// A user's.
    User(ItemId),
    /// The system's.
    System(&'static SystemRelation),
}

/// What follows `ALTER` or `DROP` and a kind.
///
/// # Errors
/// Unknown databases and schemas.
pub(super) fn find(work: &Work<'_>, kind: ObjectKind, name: &RawName) -> Result<Option<Found>, SqlError> {
    let (catalog, scope) = (work.catalog(), work.scope);
    if kind == ObjectKind::Type
        && let Some(id) = resolve::item_type(catalog, scope, name)?
    {
        return Ok(Some(Found::User(id)));
    }
    Ok(resolve::item(catalog, scope, name)?.map(|relation| match relation {
        Relation::User(id) => Found::User(id),
        Relation::System(relation) => Found::System(relation),
    }))
}

/// As [`find`]; with `IF EXISTS` a missing schema is a missing object too.
///
/// # Errors
/// Unknown names.
pub(super) fn find_or_skip(
    work: &mut Work<'_>,
    kind: ObjectKind,
    name: &RawName,
    if_exists: bool,
) -> Result<Option<Found>, SqlError> {
    match find(work, kind, name) {
        Ok(Some(found)) => Ok(Some(found)),
        Ok(None) if !if_exists => Err(resolve::unknown_item(name)),
        Err(error) if !if_exists => Err(error),
        Ok(None) | Err(_) => {
            skip(work, kind.sql(), name);
            Ok(None)
        }
    }
}

/// Says that something is not there.
pub(super) fn skip(work: &mut Work<'_>, kind: &str, name: &RawName) {
    let own = name.parts.last().map(Ident::as_str).unwrap_or_default();
    work.notice(Notice::new("42704", format!("{kind} \"{own}\" does not exist, skipping")));
}

/// What a statement would do to an object, for the hint that a view is a materialized one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// `ALTER … RENAME TO`
    Rename,
    /// `ALTER … OWNER TO` and the like.
    Alter,
    /// `DROP`, `CREATE OR REPLACE`
    Drop,
}

/// Refuses an object of another kind than the statement says.
///
/// # Errors
/// `v is a view not a table`
pub(super) fn expect_kind(
    work: &Work<'_>,
    id: ItemId,
    expected: ObjectKind,
    act: Act,
) -> Result<(), SqlError> {
    let item = work.item(id)?;
    let actual = item.kind();
    if actual == expected {
        return Ok(());
    }
    let name = resolve::short_name(work.catalog(), work.scope, item);
    if (actual, expected) == (ObjectKind::MaterializedView, ObjectKind::View) {
        let hint = match act {
            Act::Rename => "Use ALTER MATERIALIZED VIEW to rename a materialized view.",
            Act::Alter => "Use ALTER MATERIALIZED VIEW to alter a materialized view.",
            Act::Drop => "Use DROP MATERIALIZED VIEW to remove a materialized view.",
        };
        return Err(SqlError::internal(format!("{name} is not a view")).hint(hint));
    }
    let expected = expected.to_string();
    Err(SqlError::internal(format!(
        "{name} is {} {actual} not {} {expected}",
        resolve::article(&actual.to_string()),
        resolve::article(&expected)
    )))
}

/// A system's object is not to be changed.
pub(super) fn system_item(relation: &SystemRelation) -> SqlError {
    SqlError::internal(format!("system item '{}.{}' cannot be modified", relation.schema, relation.name))
}

/// Refuses a duplicate among column names.
///
/// # Errors
/// `column "a" specified more than once`
pub(super) fn distinct<'a>(names: impl IntoIterator<Item = &'a Ident>) -> Result<(), SqlError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(SqlError::internal(format!("column \"{}\" specified more than once", name.as_str())));
        }
    }
    Ok(())
}

/// A feature that the server has switched off.
pub(super) fn switched_off(feature: &str, flag: &str) -> SqlError {
    SqlError::new(code::INTERNAL, format!("{feature} is not available"))
        .detail(format!("The requested feature ({flag}) is in private preview."))
        .hint("Contact support to discuss enabling the feature in your Materialize region.")
}

/// Tells whether a flag of the system was switched on.
pub(super) fn flag(work: &Work<'_>, name: &str) -> bool {
    work.state.system.get(name).is_some_and(|value| ["on", "true", "t", "1"].contains(&value.as_str()))
}
