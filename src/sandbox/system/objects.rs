//! Everything that is in a schema, the system's own too: `mz_objects` and its kin.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::hydration::Runtime;
use super::super::model::Catalog;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::id::ClusterId;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::asked::Asked;
use super::functions;
use super::introspection;
use super::names;
use super::spec::Spec;
use super::text;
use super::text::some;
use super::types;

const OBJECT_COLUMNS: &str = "id text, oid oid, schema_id text, name text, type text, owner_id text, \
     cluster_id text?, privileges _mz_aclitem?";
const RELATION_COLUMNS: &str = "id text, oid oid, schema_id text, name text, type text, owner_id text, \
     cluster_id text?, privileges _mz_aclitem";

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 473,
        schema: "mz_catalog",
        name: "mz_objects",
        kind: "view",
        columns: OBJECT_COLUMNS,
        rows: objects,
    },
    Spec {
        id: 474,
        schema: "mz_catalog",
        name: "mz_relations",
        kind: "view",
        columns: RELATION_COLUMNS,
        rows: relations,
    },
    Spec {
        id: 475,
        schema: "mz_internal",
        name: "mz_object_fully_qualified_names",
        kind: "view",
        columns: "id text, name text, object_type text, schema_id text, schema_name text, \
                  database_id text?, database_name text?, cluster_id text?",
        rows: full_names,
    },
    Spec {
        id: 476,
        schema: "mz_internal",
        name: "mz_object_global_ids",
        kind: "table",
        columns: "id text, global_id text",
        rows: global_ids,
    },
    Spec {
        id: 477,
        schema: "mz_internal",
        name: "mz_object_oid_alias",
        kind: "view",
        columns: "object_type text, oid_alias text",
        rows: oid_aliases,
    },
];

/// The privileges of a system relation: everybody may read it.
const RELATION_ACL: &str = "{=r/s1,s1=r/s1}";
/// The same of a table or source.
const TABLE_ACL: &str = "{=r/s1,s1=arwd/s1}";
/// The privileges of a built-in type.
pub(super) const TYPE_ACL: &str = "{=U/s1,s1=U/s1}";

/// The access list of a relation of the system.
pub(super) fn relation_acl(kind: &str) -> &'static str {
    if kind == "view" { RELATION_ACL } else { TABLE_ACL }
}

/// Something in a schema.
#[derive(Clone, Debug)]
pub(super) struct Entry<'c> {
    /// Its id.
    pub(super) id: String,
    /// Its `oid`.
    pub(super) oid: u32,
    /// The id of its schema.
    pub(super) schema: String,
    /// Its name.
    pub(super) name: Cow<'c, str>,
    /// What it is, as `mz_objects.type` has it.
    pub(super) kind: &'static str,
    /// The id of its owner.
    pub(super) owner: String,
    /// Its cluster.
    pub(super) cluster: Option<ClusterId>,
    /// Its access list, where it has one.
    pub(super) acl: Option<String>,
}

impl Entry<'_> {
    fn row(self) -> Row {
        vec![
            Some(self.id),
            some(self.oid),
            Some(self.schema),
            Some(self.name.into_owned()),
            some(self.kind),
            Some(self.owner),
            self.cluster.and_then(some),
            self.acl,
        ]
    }
}

/// The cluster something runs on; a subsource runs where its source does.
pub(super) fn cluster_of(catalog: &Catalog, item: &Item) -> Option<ClusterId> {
    match &item.data {
        ItemData::Source(SourceData::Subsource { of, .. }) => catalog.items.get(of)?.cluster(),
        _ => item.cluster(),
    }
}

/// What a user made.
pub(super) fn user_entry<'c>(catalog: &Catalog, item: &'c Item) -> Entry<'c> {
    entry(catalog, item, true)
}

fn entry<'c>(catalog: &Catalog, item: &'c Item, with_acl: bool) -> Entry<'c> {
    let acl = match &item.data {
        _ if !with_acl => None,
        ItemData::Index { .. } | ItemData::Sink { .. } => None,
        _ => text::acl(&item.acl),
    };
    Entry {
        id: item.id.to_string(),
        oid: item.oid,
        schema: text::schema(item.schema),
        name: Cow::Borrowed(item.name.as_str()),
        kind: item.kind().catalog(),
        owner: item.owner.to_string(),
        cluster: cluster_of(catalog, item),
        acl,
    }
}

/// Everything in schemas: the system's relations, types, functions and introspection indexes, and
/// what users made. A function appears once for each of its overloads, as on the server.
pub(super) fn entries(state: &State) -> Vec<Entry<'_>> {
    let mut all = system_entries();
    all.extend(changing_entries(state));
    all
}

/// The system's relations, types and functions.
fn system_entries() -> Vec<Entry<'static>> {
    let mut all = system_relations();
    for builtin in types::BUILTINS {
        all.push(system(builtin.id, builtin.oid, builtin.schema, builtin.name, ("type", Some(TYPE_ACL))));
    }
    for function in &*functions::ALL {
        let oid = u32::try_from(function.oid()).unwrap_or(0);
        let entry = system(function.id, oid, function.schema, function.name, ("function", None));
        all.extend(std::iter::repeat_n(entry, function.overloads));
    }
    all
}

/// Introspection indexes, which every cluster has, and what users made.
fn changing_entries(state: &State) -> impl Iterator<Item = Entry<'_>> {
    log_entries(state).chain(state.catalog.items.values().map(|item| user_entry(&state.catalog, item)))
}

/// Introspection indexes.
fn log_entries(state: &State) -> impl Iterator<Item = Entry<'_>> {
    introspection::indexes(state).map(|index| Entry {
        id: index.id,
        oid: index.oid,
        schema: super::schema_id("mz_introspection"),
        name: Cow::Owned(index.name),
        kind: "index",
        owner: super::OWNER.to_owned(),
        cluster: Some(index.cluster),
        acl: None,
    })
}

/// The system's relations.
pub(super) fn system_relations() -> Vec<Entry<'static>> {
    let mut all = Vec::new();
    for relation in super::all() {
        let shape = (relation.kind, Some(relation_acl(relation.kind)));
        all.push(system(relation.id, relation.oid(), relation.schema, relation.name, shape));
    }
    for log in introspection::logs() {
        let oid = super::RELATION_OIDS + u32::try_from(log.id).unwrap_or(0);
        all.push(system(log.id, oid, "mz_introspection", log.name, ("source", Some(TABLE_ACL))));
    }
    all
}

fn system(
    id: u64,
    oid: u32,
    schema: &str,
    name: &'static str,
    (kind, acl): (&'static str, Option<&'static str>),
) -> Entry<'static> {
    Entry {
        id: format!("s{id}"),
        oid,
        schema: super::schema_id(schema),
        name: Cow::Borrowed(name),
        kind,
        owner: super::OWNER.to_owned(),
        cluster: None,
        acl: acl.map(str::to_owned),
    }
}

/// The relations among everything: users' and the system's.
pub(super) fn relation_entries(state: &State) -> Vec<Entry<'_>> {
    let users = state.catalog.items.values().filter(|item| item.is_relation());
    let mut all = system_relations();
    all.extend(users.map(|item| user_entry(&state.catalog, item)));
    all
}

/// The rows of `mz_objects` about the system.
pub(super) fn fixed() -> Vec<Row> {
    system_entries().into_iter().map(Entry::row).collect()
}

fn objects(state: &State, runtime: &Runtime) -> Vec<Row> {
    objects_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_objects` that are asked for by id or by schema.
pub(super) fn objects_asked(state: &State, _: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let is_log = asked.may_be(0, |id| id.starts_with("si")) && asked.schemas(2).is_none();
    let mut rows: Vec<Row> = Vec::new();
    if is_log {
        rows.extend(log_entries(state).map(Entry::row));
    }
    let schemas = asked.schemas(2);
    let is_meant = |item: &&Arc<Item>| schemas.as_ref().is_none_or(|schemas| schemas.contains(&item.schema));
    let items = asked.items(state, 0).into_iter().filter(is_meant);
    let with_acl = asked.wants(7);
    rows.extend(items.map(|item| entry(&state.catalog, item, with_acl).row()));
    rows
}

fn relations(state: &State, _: &Runtime) -> Vec<Row> {
    relation_entries(state).into_iter().map(Entry::row).collect()
}

fn full_names(state: &State, _: &Runtime) -> Vec<Row> {
    let schemas = names::by_id(&state.catalog);
    let mut rows = Vec::new();
    for entry in entries(state) {
        let Some(schema) = schemas.get(&entry.schema) else { continue };
        rows.push(vec![
            Some(entry.id),
            Some(entry.name.into_owned()),
            some(entry.kind),
            Some(entry.schema),
            some(schema.name),
            schema.database.and_then(|(id, _)| some(id)),
            schema.database.and_then(|(_, name)| some(name)),
            entry.cluster.and_then(some),
        ]);
    }
    rows
}

fn global_ids(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for entry in entries(state) {
        if !matches!(entry.kind, "function" | "type" | "secret" | "connection") {
            rows.push(vec![Some(entry.id.clone()), Some(entry.id)]);
        }
    }
    rows
}

fn oid_aliases(_: &State, _: &Runtime) -> Vec<Row> {
    let kinds = ["table", "source", "view", "materialized-view", "index"].map(|kind| (kind, "regclass"));
    let aliases = kinds.into_iter().chain([("type", "regtype"), ("function", "regproc")]);
    aliases.map(|(kind, alias)| vec![some(kind), some(alias)]).collect()
}

/// Owners' names by the text of their ids.
pub(super) fn role_names(catalog: &Catalog) -> HashMap<String, &str> {
    catalog.roles.iter().map(|(id, role)| (id.to_string(), role.name.as_str())).collect()
}
