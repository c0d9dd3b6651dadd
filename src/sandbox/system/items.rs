//! Objects kind by kind: `mz_tables`, `mz_views`, `mz_indexes`, `mz_types` and so on.

use std::sync::Arc;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::model::item::IndexKey;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::asked::Asked;
use super::introspection;
use super::objects;
use super::redact::redact;
use super::spec::Spec;
use super::text;
use super::text::flag;
use super::text::some;
use super::types;

macro_rules! spec {
    ($id:literal, $schema:literal, $name:literal, $kind:literal, $rows:expr, $columns:literal) => {
        Spec { id: $id, schema: $schema, name: $name, kind: $kind, columns: $columns, rows: $rows }
    };
}

pub(super) const SPECS: &[Spec] = &[
    spec!(
        480,
        "mz_catalog",
        "mz_tables",
        "table",
        tables,
        "id text, oid oid, schema_id text, name text, owner_id text, privileges _mz_aclitem, create_sql text?, \
         redacted_create_sql text?, source_id text?"
    ),
    spec!(
        481,
        "mz_catalog",
        "mz_views",
        "table",
        views,
        "id text, oid oid, schema_id text, name text, definition text, owner_id text, privileges _mz_aclitem, \
         create_sql text, redacted_create_sql text"
    ),
    spec!(
        482,
        "mz_catalog",
        "mz_materialized_views",
        "table",
        materialized_views,
        "id text, oid oid, schema_id text, name text, cluster_id text, definition text, owner_id text, \
         privileges _mz_aclitem, create_sql text, redacted_create_sql text"
    ),
    spec!(
        483,
        "mz_catalog",
        "mz_indexes",
        "table",
        indexes,
        "id text, oid oid, name text, on_id text, cluster_id text, owner_id text, create_sql text, \
         redacted_create_sql text"
    ),
    spec!(
        484,
        "mz_catalog",
        "mz_index_columns",
        "table",
        index_columns,
        "index_id text, index_position uint8, on_position uint8?, on_expression text?, nullable bool"
    ),
    spec!(
        485,
        "mz_catalog",
        "mz_sources",
        "table",
        sources,
        "id text, oid oid, schema_id text, name text, type text, connection_id text?, size text?, \
         envelope_type text?, key_format text?, value_format text?, cluster_id text?, owner_id text, \
         privileges _mz_aclitem, create_sql text?, redacted_create_sql text?"
    ),
    spec!(
        486,
        "mz_catalog",
        "mz_sinks",
        "table",
        sinks,
        "id text, oid oid, schema_id text, name text, type text, connection_id text?, size text?, \
         envelope_type text?, format text?, key_format text?, value_format text?, cluster_id text, \
         owner_id text, create_sql text, redacted_create_sql text"
    ),
    spec!(
        487,
        "mz_catalog",
        "mz_connections",
        "table",
        connections,
        "id text, oid oid, schema_id text, name text, type text, owner_id text, privileges _mz_aclitem, \
         create_sql text, redacted_create_sql text"
    ),
    spec!(
        488,
        "mz_catalog",
        "mz_secrets",
        "table",
        secrets,
        "id text, oid oid, schema_id text, name text, owner_id text, privileges _mz_aclitem"
    ),
    spec!(
        489,
        "mz_catalog",
        "mz_types",
        "table",
        all_types,
        "id text, oid oid, schema_id text, name text, category text, owner_id text, privileges _mz_aclitem, \
         create_sql text?, redacted_create_sql text?"
    ),
    spec!(490, "mz_catalog", "mz_array_types", "table", array_types, "id text, element_id text"),
    spec!(491, "mz_catalog", "mz_base_types", "table", base_types, "id text"),
    spec!(
        492,
        "mz_catalog",
        "mz_list_types",
        "table",
        list_types,
        "id text, element_id text, element_modifiers int8 list?"
    ),
    spec!(
        493,
        "mz_catalog",
        "mz_map_types",
        "table",
        map_types,
        "id text, key_id text, value_id text, key_modifiers int8 list?, value_modifiers int8 list?"
    ),
    spec!(494, "mz_catalog", "mz_pseudo_types", "table", pseudo_types, "id text"),
    spec!(495, "mz_internal", "mz_replacements", "table", replacements, "id text, target_id text"),
    spec!(
        496,
        "mz_internal",
        "mz_webhook_sources",
        "table",
        super::spec::no_rows,
        "id text, name text, url text"
    ),
];

/// What users made, with its text of creation last.
fn users(state: &State) -> impl Iterator<Item = &Arc<Item>> {
    state.catalog.items.values()
}

fn sql(item: &Item) -> Option<String> {
    Some(item.create_sql.clone())
}

fn redacted(item: &Item) -> Option<String> {
    Some(redact(&item.create_sql))
}

/// The texts of creation as they stand last in a row, as far as they are read.
fn texts(item: &Item, asked: &Asked<'_>, first: usize) -> [Option<String>; 2] {
    let plain = if asked.wants(first) { sql(item) } else { None };
    [plain, if asked.wants(first + 1) { redacted(item) } else { None }]
}

/// `id, oid, schema_id, name`
fn head(item: &Item) -> Row {
    vec![some(item.id), some(item.oid), Some(text::schema(item.schema)), text::ident(&item.name)]
}

/// The same of a relation of the system.
fn system_head(relation: &super::SystemRelation) -> Row {
    vec![
        some(format!("s{}", relation.id)),
        some(relation.oid()),
        some(super::schema_id(relation.schema)),
        some(relation.name),
    ]
}

fn system_kind(kind: &'static str) -> impl Iterator<Item = &'static super::SystemRelation> {
    super::all().iter().filter(move |relation| relation.kind == kind)
}

fn tables(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for relation in system_kind("table") {
        let mut row = system_head(relation);
        row.extend([some(super::OWNER), some(objects::relation_acl("table")), None, None, None]);
        rows.push(row);
    }
    for item in users(state) {
        if let ItemData::Table { from_source } = &item.data {
            let source = from_source.as_ref().and_then(|(id, _)| some(id));
            let mut row = head(item);
            row.extend([some(item.owner), text::acl(&item.acl), sql(item), redacted(item), source]);
            rows.push(row);
        }
    }
    rows
}

fn views(state: &State, runtime: &Runtime) -> Vec<Row> {
    views_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_views` that are asked for by id.
pub(super) fn views_asked(state: &State, _: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let of_system = system_kind("view").filter(|_| asked.may_be(0, |id| id.starts_with('s')));
    for relation in of_system {
        // What a view of the system is made of is the server's business.
        let mut row = system_head(relation);
        let acl = some(objects::relation_acl("view"));
        row.extend([some(""), some(super::OWNER), acl, some(""), some("")]);
        rows.push(row);
    }
    for item in asked.items(state, 0) {
        if let ItemData::View { query } = &item.data {
            let mut row = head(item);
            row.push(Some(format!("{query};")));
            row.extend([some(item.owner), text::acl(&item.acl)]);
            row.extend(texts(item, asked, 7));
            rows.push(row);
        }
    }
    rows
}

fn materialized_views(state: &State, runtime: &Runtime) -> Vec<Row> {
    materialized_views_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_materialized_views` that are asked for by id.
pub(super) fn materialized_views_asked(state: &State, _: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in asked.items(state, 0) {
        if let ItemData::MaterializedView { query, cluster, .. } = &item.data {
            let mut row = head(item);
            row.extend([some(cluster), Some(format!("{query};"))]);
            row.extend([some(item.owner), text::acl(&item.acl)]);
            row.extend(texts(item, asked, 8));
            rows.push(row);
        }
    }
    rows
}

fn indexes(state: &State, runtime: &Runtime) -> Vec<Row> {
    indexes_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_indexes` that are asked for by id.
pub(super) fn indexes_asked(state: &State, _: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let of_system = introspection::indexes(state).filter(|_| asked.may_be(0, |id| id.starts_with("si")));
    for index in of_system {
        let on = format!("s{}", index.on.id);
        let create_sql = format!(
            "CREATE INDEX \"{}\" IN CLUSTER [{}] ON \"mz_introspection\".\"{}\"",
            index.name, index.cluster, index.on.name
        );
        let cluster = some(index.cluster);
        let owner = some(super::OWNER);
        let (id, name, again) = (Some(index.id), Some(index.name), Some(create_sql.clone()));
        rows.push(vec![id, some(index.oid), name, Some(on), cluster, owner, Some(create_sql), again]);
    }
    for item in asked.items(state, 0) {
        if let ItemData::Index { on, cluster, .. } = &item.data {
            let mut row =
                vec![some(item.id), some(item.oid), text::ident(&item.name), some(on), some(cluster)];
            row.push(some(item.owner));
            row.extend(texts(item, asked, 6));
            rows.push(row);
        }
    }
    rows
}

fn index_columns(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in users(state) {
        let ItemData::Index { keys, .. } = &item.data else { continue };
        for (position, (key, nullable)) in (1_u64..).zip(keys) {
            let (column, expression) = match key {
                IndexKey::Column(column) => (some(column), None),
                IndexKey::Expression(stored) => (None, Some(text::simple(stored))),
            };
            rows.push(vec![some(item.id), some(position), column, expression, flag(*nullable)]);
        }
    }
    rows
}

/// `mz_sources.type` of a source, and its connection.
pub(super) fn source_type(data: &SourceData) -> (&str, Option<ItemId>) {
    match data {
        SourceData::LoadGenerator { .. } => ("load-generator", None),
        SourceData::External { kind, connection, .. } => (kind, *connection),
        SourceData::Webhook { .. } => ("webhook", None),
        SourceData::Subsource { .. } => ("subsource", None),
        SourceData::Progress { .. } => ("progress", None),
    }
}

fn sources(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for relation in system_kind("source") {
        let mut row = system_head(relation);
        row.extend([some("source"), None, None, None, None, None, None]);
        row.extend([some(super::OWNER), some(objects::relation_acl("source")), None, None]);
        rows.push(row);
    }
    for log in introspection::logs() {
        let oid = super::RELATION_OIDS + u32::try_from(log.id).unwrap_or(0);
        let id = some(format!("s{}", log.id));
        let mut row = vec![id, some(oid), some(super::schema_id("mz_introspection")), some(log.name)];
        row.extend([some("log"), None, None, None, None, None, None]);
        row.extend([some(super::OWNER), some(objects::relation_acl("source")), None, None]);
        rows.push(row);
    }
    for item in users(state) {
        let ItemData::Source(data) = &item.data else { continue };
        let (kind, connection) = source_type(data);
        let cluster = objects::cluster_of(&state.catalog, item);
        let mut row = head(item);
        row.extend([some(kind), connection.and_then(some), None, None, None, None]);
        row.extend([
            cluster.and_then(some),
            some(item.owner),
            text::acl(&item.acl),
            sql(item),
            redacted(item),
        ]);
        rows.push(row);
    }
    rows
}

fn sinks(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in users(state) {
        let ItemData::Sink { cluster, connection, kind, .. } = &item.data else { continue };
        let mut row = head(item);
        row.extend([some(kind), connection.and_then(some), None, None, None, None, None]);
        row.extend([some(cluster), some(item.owner), sql(item), redacted(item)]);
        rows.push(row);
    }
    rows
}

fn connections(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in users(state) {
        let ItemData::Connection { kind } = &item.data else { continue };
        let mut row = head(item);
        row.extend([some(kind), some(item.owner), text::acl(&item.acl), sql(item), redacted(item)]);
        rows.push(row);
    }
    rows
}

fn secrets(state: &State, _: &Runtime) -> Vec<Row> {
    let secrets = users(state).filter(|item| matches!(item.data, ItemData::Secret));
    secrets
        .map(|item| {
            let mut row = head(item);
            row.extend([some(item.owner), text::acl(&item.acl)]);
            row
        })
        .collect()
}

/// `mz_types.category` of a built-in type, by the letter that `pg_type` has.
fn category(letter: char) -> &'static str {
    match letter {
        'A' => "array",
        'B' => "boolean",
        'D' => "date-time",
        'N' => "numeric",
        'P' => "pseudo",
        'R' => "range",
        'S' => "string",
        'T' => "timespan",
        _ => "user-defined",
    }
}

/// `mz_types.category` of a type of a user.
fn user_category(definition: &Type) -> &'static str {
    match definition {
        Type::List(_) => "list",
        Type::Record(_) => "composite",
        _ => "pseudo",
    }
}

fn all_types(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for builtin in types::BUILTINS {
        let kind = match builtin.name {
            "list" => "list",
            "map" => "pseudo",
            _ => category(builtin.category),
        };
        let id = some(format!("s{}", builtin.id));
        let mut row = vec![id, some(builtin.oid), some(super::schema_id(builtin.schema)), some(builtin.name)];
        row.extend([some(kind), some(super::OWNER), some(objects::TYPE_ACL), None, None]);
        rows.push(row);
    }
    for item in users(state) {
        let ItemData::Type { definition, .. } = &item.data else { continue };
        let mut row = head(item);
        row.extend([some(user_category(definition)), some(item.owner), text::acl(&item.acl)]);
        row.extend([sql(item), redacted(item)]);
        rows.push(row);
    }
    rows
}

/// The id of a type as text.
fn type_id(kind: &Type, state: &State) -> Option<String> {
    match kind {
        Type::User(id) => some(id),
        other => types::type_id(&types::internal_name(other, &state.catalog)).map(|id| format!("s{id}")),
    }
}

fn array_types(_: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for builtin in types::BUILTINS.iter().filter(|builtin| builtin.name.starts_with('_')) {
        let element = types::BUILTINS.iter().find(|other| other.oid == builtin.other);
        rows.push(vec![
            some(format!("s{}", builtin.id)),
            element.and_then(|own| some(format!("s{}", own.id))),
        ]);
    }
    rows
}

fn builtins_where(keep: fn(&types::Builtin) -> bool) -> Vec<Row> {
    let kept = types::BUILTINS.iter().filter(|builtin| keep(builtin));
    kept.map(|builtin| vec![some(format!("s{}", builtin.id))]).collect()
}

fn base_types(_: &State, _: &Runtime) -> Vec<Row> {
    builtins_where(|builtin| {
        !matches!(builtin.category, 'A' | 'P' | 'R') && !matches!(builtin.name, "list" | "map")
    })
}

fn pseudo_types(_: &State, _: &Runtime) -> Vec<Row> {
    builtins_where(|builtin| builtin.category == 'P' || matches!(builtin.name, "list" | "map"))
}

fn list_types(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in users(state) {
        if let ItemData::Type { definition: Type::List(element), .. } = &item.data {
            rows.push(vec![some(item.id), type_id(element, state), modifiers(element)]);
        }
    }
    rows
}

fn map_types(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in users(state) {
        if let ItemData::Type { definition: Type::Map(value), .. } = &item.data {
            let key = type_id(&Type::Text, state);
            rows.push(vec![some(item.id), key, type_id(value, state), None, modifiers(value)]);
        }
    }
    rows
}

/// The numbers in parentheses of a type, as a list.
fn modifiers(kind: &Type) -> Option<String> {
    let numbers = match kind {
        Type::Numeric(Some((precision, scale))) => vec![precision.to_string(), scale.to_string()],
        Type::Varchar(Some(length)) | Type::Char(Some(length)) => vec![length.to_string()],
        Type::Timestamp(Some(precision)) | Type::Timestamptz(Some(precision)) => vec![precision.to_string()],
        _ => return None,
    };
    Some(text::array(numbers))
}

fn replacements(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in users(state) {
        if let ItemData::MaterializedView { replaces: Some(target), .. } = &item.data {
            rows.push(vec![some(item.id), some(target)]);
        }
    }
    rows
}
