//! The views behind `SHOW`: names, kinds and comments (`mz_show_tables`, `mz_show_clusters`, …).

use std::collections::BTreeMap;
use std::collections::HashMap;

use super::super::hydration;
use super::super::hydration::Runtime;
use super::super::model::Catalog;
use super::super::model::Commented;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::id::ClusterId;
use super::super::model::id::ItemId;
use super::super::model::id::ReplicaId;
use super::super::model::item::IndexKey;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::access;
use super::columns;
use super::comments::Told;
use super::items;
use super::objects;
use super::objects::Entry;
use super::spec::Spec;
use super::text;
use super::text::flag;
use super::text::some;

const fn view(
    id: u64,
    name: &'static str,
    columns: &'static str,
    rows: fn(&State, &Runtime) -> Vec<Row>,
) -> Spec {
    Spec { id, schema: "mz_internal", name, kind: "view", columns, rows }
}

pub(super) const SPECS: &[Spec] = &[
    view(570, "mz_show_databases", "name text, comment text", databases),
    view(571, "mz_show_schemas", "id text, database_id text?, name text, comment text", schemas),
    view(572, "mz_show_all_objects", "schema_id text, name text, type text, comment text", all_objects),
    view(573, "mz_show_tables", "schema_id text, name text, comment text, source_id text?", tables),
    view(574, "mz_show_views", "schema_id text, name text, comment text", views),
    view(575, "mz_show_types", "schema_id text, name text, comment text", types),
    view(576, "mz_show_secrets", "schema_id text, name text, comment text", secrets),
    view(577, "mz_show_connections", "schema_id text, name text, type text, comment text", connections),
    view(
        578,
        "mz_show_sources",
        "id text, name text, type text, cluster text?, schema_id text, cluster_id text?, comment text",
        sources,
    ),
    view(
        579,
        "mz_show_sinks",
        "id text, name text, type text, cluster text, schema_id text, cluster_id text, comment text",
        sinks,
    ),
    view(
        580,
        "mz_show_materialized_views",
        "id text, name text, cluster text, schema_id text, cluster_id text, comment text",
        materialized_views,
    ),
    view(
        581,
        "mz_show_indexes",
        "id text, name text, on text, cluster text, key _text, on_id text, schema_id text, cluster_id text, \
         comment text",
        indexes,
    ),
    view(
        582,
        "mz_show_columns",
        "id text, name text, nullable bool, type text, position uint8, comment text",
        all_columns,
    ),
    view(583, "mz_show_clusters", "name text, replicas text?, comment text", clusters),
    view(
        584,
        "mz_show_cluster_replicas",
        "cluster text, replica text, replica_id text, size text?, ready bool, comment text",
        cluster_replicas,
    ),
    view(585, "mz_show_roles", "name text, comment text", roles),
    view(586, "mz_show_network_policies", "name text, rules text?, comment text", policies),
];

fn databases(state: &State, _: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let databases = state.catalog.databases.iter();
    databases
        .map(|(id, database)| vec![text::ident(&database.name), told.on(Commented::Database(*id))])
        .collect()
}

fn schemas(state: &State, _: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let mut rows = Vec::new();
    for (name, number) in super::SCHEMAS {
        rows.push(vec![some(format!("s{number}")), None, some(name), some("")]);
    }
    for (id, schema) in &state.catalog.schemas {
        let comment = told.on(Commented::Schema(*id));
        rows.push(vec![some(id), some(schema.database), text::ident(&schema.name), comment]);
    }
    rows
}

fn comment_on(told: &Told<'_>, entry: &Entry<'_>) -> Option<String> {
    match ItemId::parse(&entry.id) {
        Some(id) => told.on(Commented::Item(id)),
        None => some(""),
    }
}

fn all_objects(state: &State, _: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let mut rows = Vec::new();
    for entry in objects::entries(state) {
        let comment = comment_on(&told, &entry);
        rows.push(vec![Some(entry.schema), Some(entry.name.into_owned()), some(entry.kind), comment]);
    }
    rows
}

/// `schema_id, name, comment` of everything of one kind.
fn of_kind(state: &State, kind: &str) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let mut rows = Vec::new();
    for entry in objects::entries(state) {
        if entry.kind == kind {
            let comment = comment_on(&told, &entry);
            rows.push(vec![Some(entry.schema), Some(entry.name.into_owned()), comment]);
        }
    }
    rows
}

fn tables(state: &State, _: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let mut rows = Vec::new();
    for entry in objects::relation_entries(state) {
        if entry.kind != "table" {
            continue;
        }
        let item = ItemId::parse(&entry.id).and_then(|id| state.catalog.items.get(&id));
        let source = item.and_then(|item| match &item.data {
            ItemData::Table { from_source: Some((source, _)) } => some(source),
            _ => None,
        });
        let comment = comment_on(&told, &entry);
        rows.push(vec![Some(entry.schema), Some(entry.name.into_owned()), comment, source]);
    }
    rows
}

fn views(state: &State, _: &Runtime) -> Vec<Row> {
    of_kind(state, "view")
}

fn types(state: &State, _: &Runtime) -> Vec<Row> {
    of_kind(state, "type")
}

fn secrets(state: &State, _: &Runtime) -> Vec<Row> {
    of_kind(state, "secret")
}

/// The rows of items, each with the comment on it.
fn items_with<'s>(state: &'s State, row: impl Fn(&'s Item, Option<String>) -> Option<Row>) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let items = state.catalog.items.values();
    items.filter_map(|item| row(item, told.on(Commented::Item(item.id)))).collect()
}

fn cluster_name(catalog: &Catalog, id: ClusterId) -> Option<String> {
    catalog.clusters.get(&id).and_then(|cluster| text::ident(&cluster.name))
}

fn connections(state: &State, _: &Runtime) -> Vec<Row> {
    items_with(state, |item, comment| match &item.data {
        ItemData::Connection { kind } => {
            Some(vec![Some(text::schema(item.schema)), text::ident(&item.name), some(kind), comment])
        }
        _ => None,
    })
}

fn sources(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for entry in objects::system_relations() {
        if entry.kind == "source" {
            let name = Some(entry.name.into_owned());
            rows.push(vec![Some(entry.id), name, some("source"), None, Some(entry.schema), None, some("")]);
        }
    }
    rows.extend(items_with(state, |item, comment| match &item.data {
        ItemData::Source(data) => {
            let cluster = objects::cluster_of(&state.catalog, item);
            Some(vec![
                some(item.id),
                text::ident(&item.name),
                some(items::source_type(data).0),
                cluster.and_then(|id| cluster_name(&state.catalog, id)),
                Some(text::schema(item.schema)),
                cluster.and_then(some),
                comment,
            ])
        }
        _ => None,
    }));
    rows
}

fn sinks(state: &State, _: &Runtime) -> Vec<Row> {
    items_with(state, |item, comment| match &item.data {
        ItemData::Sink { cluster, kind, .. } => Some(vec![
            some(item.id),
            text::ident(&item.name),
            some(kind),
            cluster_name(&state.catalog, *cluster),
            Some(text::schema(item.schema)),
            some(cluster),
            comment,
        ]),
        _ => None,
    })
}

fn materialized_views(state: &State, _: &Runtime) -> Vec<Row> {
    items_with(state, |item, comment| match &item.data {
        ItemData::MaterializedView { cluster, .. } => Some(vec![
            some(item.id),
            text::ident(&item.name),
            cluster_name(&state.catalog, *cluster),
            Some(text::schema(item.schema)),
            some(cluster),
            comment,
        ]),
        _ => None,
    })
}

/// The name of a column of a relation, by its position from 1.
fn column_name(relation: &Item, position: u64) -> String {
    let at = usize::try_from(position).unwrap_or(0).wrapping_sub(1);
    let column = relation.columns.as_ref().and_then(|columns| columns.get(at));
    // Where the columns cannot be told, the position is all that is known.
    column.map_or_else(|| position.to_string(), |column| column.name.as_str().to_owned())
}

fn indexes(state: &State, _: &Runtime) -> Vec<Row> {
    items_with(state, |item, comment| {
        let ItemData::Index { on, cluster, keys } = &item.data else { return None };
        let relation = state.catalog.items.get(on)?;
        let keys = keys.iter().map(|(key, _)| match key {
            IndexKey::Column(position) => column_name(relation, *position),
            IndexKey::Expression(stored) => text::simple(stored),
        });
        Some(vec![
            some(item.id),
            text::ident(&item.name),
            text::ident(&relation.name),
            cluster_name(&state.catalog, *cluster),
            Some(text::array(keys)),
            some(on),
            Some(text::schema(relation.schema)),
            some(cluster),
            comment,
        ])
    })
}

fn all_columns(state: &State, _: &Runtime) -> Vec<Row> {
    let catalog = &state.catalog;
    let told: HashMap<(String, u64), &str> = catalog
        .comments
        .iter()
        .filter_map(|((on, column), comment)| match on {
            Commented::Item(id) => {
                Some(((id.to_string(), u64::try_from((*column)?).ok()?), comment.as_str()))
            }
            _ => None,
        })
        .collect();
    let mut rows = Vec::new();
    for (id, column) in columns::all(state) {
        let key = (id, column.position);
        let comment = told.get(&key).copied().unwrap_or_default();
        let position = some(column.position);
        let shape = (flag(column.nullable), Some(column.kind));
        rows.push(vec![Some(key.0), Some(column.name), shape.0, shape.1, position, some(comment)]);
    }
    rows
}

fn clusters(state: &State, _: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let mut rows = Vec::new();
    for (id, cluster) in &state.catalog.clusters {
        let replicas = cluster.replicas.values();
        let mut replicas: Vec<String> =
            replicas.map(|replica| format!("{} ({})", replica.name.as_str(), replica.size)).collect();
        replicas.sort();
        let replicas = (!replicas.is_empty()).then(|| replicas.join(", "));
        rows.push(vec![text::ident(&cluster.name), replicas, told.on(Commented::Cluster(*id))]);
    }
    rows
}

/// Whether each replica that has reported is online.
fn ready(state: &State, runtime: &Runtime) -> BTreeMap<ReplicaId, bool> {
    let mut ready = BTreeMap::new();
    for status in hydration::replica_statuses(state, runtime.now) {
        let online: &mut bool = ready.entry(status.replica).or_insert(true);
        *online &= status.status == "online";
    }
    ready
}

fn cluster_replicas(state: &State, runtime: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let ready = ready(state, runtime);
    let mut rows = Vec::new();
    for cluster in state.catalog.clusters.values() {
        for (id, replica) in &cluster.replicas {
            rows.push(vec![
                text::ident(&cluster.name),
                text::ident(&replica.name),
                some(id),
                some(&replica.size),
                flag(ready.get(id).copied().unwrap_or(false)),
                told.on(Commented::Replica(*id)),
            ]);
        }
    }
    rows
}

fn roles(state: &State, _: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let users = state.catalog.roles.iter().filter(|(id, _)| id.is_user());
    users.map(|(id, role)| vec![text::ident(&role.name), told.on(Commented::Role(*id))]).collect()
}

fn policies(state: &State, _: &Runtime) -> Vec<Row> {
    let told = Told::new(&state.catalog);
    let mut rows = Vec::new();
    for (id, policy) in &state.catalog.policies {
        let names: Vec<String> =
            access::rules(&policy.definition).into_iter().map(|rule| rule.name).collect();
        let rules = (!names.is_empty()).then(|| names.join(","));
        rows.push(vec![text::ident(&policy.name), rules, told.on(Commented::Policy(*id))]);
    }
    rows
}
