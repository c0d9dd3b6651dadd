//! Relations, columns, indexes and comments as PostgreSQL lists them.

use std::collections::HashMap;
use std::collections::HashSet;

use super::super::super::hydration::Runtime;
use super::super::super::model::Catalog;
use super::super::super::model::Commented;
use super::super::super::model::Row;
use super::super::super::model::State;
use super::super::super::model::id::ItemId;
use super::super::super::model::item::IndexKey;
use super::super::super::model::item::Item;
use super::super::super::model::item::ItemData;
use super::super::columns;
use super::super::names;
use super::super::names::Named;
use super::super::objects;
use super::super::text;
use super::super::text::flag;
use super::super::text::some;
use super::class_oid;

/// The `oid` of a role by the text of its id.
pub(super) fn owner_oid(catalog: &Catalog, id: &str) -> u32 {
    let parsed = super::super::super::model::id::RoleId::parse(id);
    parsed.and_then(|id| catalog.roles.get(&id)).map_or(0, |role| role.oid)
}

pub(super) fn namespaces(state: &State, runtime: &Runtime) -> Vec<Row> {
    let system = owner_oid(&state.catalog, super::super::OWNER);
    let mut rows = Vec::new();
    for (name, _) in super::super::SCHEMAS {
        rows.push(vec![some(super::super::schema_oid(name)), some(name), some(system), None]);
    }
    let current = state.catalog.database_named(&runtime.database);
    for schema in state.catalog.schemas.values().filter(|schema| Some(schema.database) == current) {
        let owner = owner_oid(&state.catalog, &schema.owner.to_string());
        rows.push(vec![some(schema.oid), text::ident(&schema.name), some(owner), None]);
    }
    rows
}

pub(super) fn databases(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for database in state.catalog.databases.values() {
        let owner = owner_oid(&state.catalog, &database.owner.to_string());
        rows.push(vec![
            some(database.oid),
            text::ident(&database.name),
            some(owner),
            some(6),
            flag(false),
            flag(true),
            some("C"),
            some("C"),
            None,
        ]);
    }
    rows
}

/// `pg_class.relkind`
fn relkind(kind: &str) -> Option<&'static str> {
    match kind {
        // To clients that know PostgreSQL only, a source is a table.
        "table" | "source" => Some("r"),
        "view" => Some("v"),
        "materialized-view" => Some("m"),
        "index" => Some("i"),
        _ => None,
    }
}

/// How many columns each relation has, by its id.
fn widths(state: &State) -> HashMap<String, usize> {
    let system = super::super::all().iter();
    let system = system.map(|relation| (format!("s{}", relation.id), relation.columns.len()));
    let users = state.catalog.items.values();
    let users =
        users.map(|item| (item.id.to_string(), item.columns.as_ref().map_or(0, |columns| columns.len())));
    system.chain(users).collect()
}

pub(super) fn classes(state: &State, runtime: &Runtime) -> Vec<Row> {
    let schemas = names::by_id(&state.catalog);
    let indexed: HashSet<String> = state
        .catalog
        .items
        .values()
        .filter_map(|item| match &item.data {
            ItemData::Index { on, .. } => Some(on.to_string()),
            _ => None,
        })
        .collect();
    let widths = widths(state);
    let mut rows = Vec::new();
    for entry in objects::entries(state) {
        let Some(kind) = relkind(entry.kind) else { continue };
        let schema = schemas.get(&entry.schema);
        let Some(schema) = schema.filter(|schema| names::shows(schema, runtime)) else { continue };
        let owner = owner_oid(&state.catalog, &entry.owner);
        let has_index = indexed.contains(&entry.id);
        let mut row = vec![some(entry.oid), Some(entry.name.into_owned()), some(schema.oid), some(0)];
        row.extend([
            some(owner),
            some(0),
            some(0),
            some(-1),
            some(0),
            flag(has_index),
            some("p"),
            some(kind),
        ]);
        let columns = widths.get(&entry.id).copied().unwrap_or(0);
        row.extend([some(columns), some(0), flag(false), flag(false), flag(false), flag(false), flag(false)]);
        row.extend([some("d"), flag(false), flag(false), None]);
        rows.push(row);
    }
    rows
}

/// The objects of users that show, each with its schema.
fn shown<'s>(state: &'s State, runtime: &Runtime) -> Vec<(&'s Item, Named<'s>)> {
    let schemas = names::by_id(&state.catalog);
    let items = state.catalog.items.values();
    items
        .filter_map(|item| {
            let schema = schemas.get(&item.schema.to_string()).copied()?;
            names::shows(&schema, runtime).then_some((&**item, schema))
        })
        .collect()
}

fn attribute(relation: u32, column: columns::Described) -> Row {
    let mut row = vec![some(relation), Some(column.name), some(column.oid), some(column.size)];
    row.extend([some(column.position), some(column.modifier), some(-1), flag(!column.nullable)]);
    row.extend([flag(column.default.is_some()), some(""), some(""), flag(false), some(0)]);
    row
}

pub(super) fn attributes(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for relation in super::super::all() {
        let columns = columns::of_system(relation).into_iter();
        rows.extend(columns.map(|column| attribute(relation.oid(), column)));
    }
    for (item, _) in shown(state, runtime) {
        let columns = columns::of_user(state, item).into_iter();
        rows.extend(columns.map(|column| attribute(item.oid, column)));
    }
    rows
}

pub(super) fn defaults(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, _) in shown(state, runtime) {
        for column in columns::of_user(state, item) {
            if let Some(default) = column.default {
                let position = some(column.position);
                rows.push(vec![None, some(item.oid), position, some(&default), some(&default)]);
            }
        }
    }
    rows
}

/// The relation that an index is on.
fn relation_of<'s>(state: &'s State, item: &Item) -> Option<&'s Item> {
    match &item.data {
        ItemData::Index { on, .. } => state.catalog.items.get(on).map(|relation| &**relation),
        _ => None,
    }
}

pub(super) fn indexes(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, _) in shown(state, runtime) {
        let (Some(relation), ItemData::Index { keys, .. }) = (relation_of(state, item), &item.data) else {
            continue;
        };
        // Where an expression is the key, the column is 0.
        let positions: Vec<String> = keys
            .iter()
            .map(|(key, _)| match key {
                IndexKey::Column(position) => position.to_string(),
                IndexKey::Expression(_) => "0".to_owned(),
            })
            .collect();
        let expressions: Vec<String> = keys
            .iter()
            .filter_map(|(key, _)| match key {
                IndexKey::Column(_) => None,
                IndexKey::Expression(stored) => Some(format!("{{{}}}", text::simple(stored))),
            })
            .collect();
        let options = vec!["0"; keys.len()].join(" ");
        let mut row = vec![some(item.oid), some(relation.oid), some(keys.len())];
        row.extend([flag(false), flag(false), flag(false), flag(false), flag(true), flag(false)]);
        row.extend([Some(positions.join(" ")), Some(options)]);
        row.extend([(!expressions.is_empty()).then(|| expressions.join(", ")), None]);
        rows.push(row);
    }
    rows
}

pub(super) fn index_names(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, schema) in shown(state, runtime) {
        if let Some(relation) = relation_of(state, item) {
            rows.push(vec![
                some(runtime.database.as_str()),
                some(schema.name),
                text::ident(&relation.name),
                text::ident(&item.name),
                None,
                None,
            ]);
        }
    }
    rows
}

/// In which catalog PostgreSQL keeps something.
fn class_of(item: &Item) -> Option<&'static str> {
    match &item.data {
        ItemData::Table { .. }
        | ItemData::View { .. }
        | ItemData::MaterializedView { .. }
        | ItemData::Index { .. }
        | ItemData::Source(_) => Some("pg_class"),
        ItemData::Type { .. } => Some("pg_type"),
        ItemData::Sink { .. } | ItemData::Connection { .. } | ItemData::Secret => None,
    }
}

pub(super) fn descriptions(state: &State, runtime: &Runtime) -> Vec<Row> {
    let shown: HashMap<ItemId, &Item> =
        shown(state, runtime).into_iter().map(|(item, _)| (item.id, item)).collect();
    let mut rows = Vec::new();
    for ((on, column), comment) in &state.catalog.comments {
        let found = match on {
            Commented::Item(id) => shown.get(id).and_then(|item| Some((item.oid, class_of(item)?))),
            Commented::Schema(id) => {
                let schema = state.catalog.schemas.get(id);
                let current = state.catalog.database_named(&runtime.database);
                let schema = schema.filter(|schema| Some(schema.database) == current);
                schema.map(|schema| (schema.oid, "pg_namespace"))
            }
            Commented::Database(_)
            | Commented::Cluster(_)
            | Commented::Replica(_)
            | Commented::Role(_)
            | Commented::Policy(_) => None,
        };
        if let Some((oid, class)) = found {
            let class = class_oid(class).and_then(some);
            rows.push(vec![some(oid), class, some(column.unwrap_or(0)), some(comment)]);
        }
    }
    rows
}

/// `schemaname, name, owner, definition`
fn definition(state: &State, item: &Item, schema: &Named<'_>, query: &str) -> Row {
    let owner = owner_oid(&state.catalog, &item.owner.to_string());
    vec![some(schema.name), text::ident(&item.name), some(owner), Some(format!("{query};"))]
}

pub(super) fn views(state: &State, runtime: &Runtime) -> Vec<Row> {
    let system = owner_oid(&state.catalog, super::super::OWNER);
    let mut rows = Vec::new();
    for relation in super::super::all().iter().filter(|relation| relation.kind == "view") {
        rows.push(vec![some(relation.schema), some(relation.name), some(system), some("")]);
    }
    for (item, schema) in shown(state, runtime) {
        if let ItemData::View { query } = &item.data {
            rows.push(definition(state, item, &schema, query));
        }
    }
    rows
}

pub(super) fn materialized_views(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, schema) in shown(state, runtime) {
        if let ItemData::MaterializedView { query, .. } = &item.data {
            rows.push(definition(state, item, &schema, query));
        }
    }
    rows
}

pub(super) fn tables(state: &State, runtime: &Runtime) -> Vec<Row> {
    let schemas = names::by_id(&state.catalog);
    let owners = objects::role_names(&state.catalog);
    let mut rows = Vec::new();
    for entry in objects::relation_entries(state) {
        let schema = schemas.get(&entry.schema);
        let Some(schema) = schema.filter(|schema| names::shows(schema, runtime)) else { continue };
        if relkind(entry.kind) == Some("r") {
            let owner = owners.get(&entry.owner).copied().and_then(some);
            rows.push(vec![some(schema.name), Some(entry.name.into_owned()), owner]);
        }
    }
    rows
}

pub(super) fn dependencies(state: &State, runtime: &Runtime) -> Vec<Row> {
    let shown: HashMap<ItemId, &Item> =
        shown(state, runtime).into_iter().map(|(item, _)| (item.id, item)).collect();
    let class = |item: &Item| match &item.data {
        ItemData::Table { .. } | ItemData::Source(_) => class_oid("pg_tables"),
        ItemData::View { .. } => class_oid("pg_views"),
        ItemData::MaterializedView { .. } => class_oid("pg_matviews"),
        ItemData::Index { .. } => class_oid("pg_index"),
        ItemData::Sink { .. } | ItemData::Connection { .. } | ItemData::Secret | ItemData::Type { .. } => {
            None
        }
    };
    let mut rows = Vec::new();
    for item in shown.values() {
        let Some(own) = class(item) else { continue };
        for other in item.uses.iter().filter_map(|id| shown.get(id)) {
            let Some(theirs) = class(other) else { continue };
            let mut row = vec![some(own), some(item.oid), some(0), some(theirs), some(other.oid)];
            row.extend([some(0), some("n")]);
            rows.push(row);
        }
    }
    rows.sort();
    rows
}
