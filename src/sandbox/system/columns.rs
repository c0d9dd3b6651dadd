//! The columns of relations.

use std::sync::Arc;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::item::Item;
use super::asked::Asked;
use super::spec::Spec;
use super::text::flag;
use super::text::some;
use super::types;

pub(super) const SPECS: &[Spec] = &[Spec {
    id: 500,
    schema: "mz_catalog",
    name: "mz_columns",
    kind: "table",
    columns: "id text, name text, position uint8, nullable bool, type text, default text?, type_oid oid, \
              type_mod int4",
    rows: columns,
}];

/// A column of a relation, as the views name it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// Its name.
    pub(super) name: String,
    /// Its position, from 1.
    pub(super) position: u64,
    /// Whether it can be NULL.
    pub(super) nullable: bool,
    /// What the catalog calls its type.
    pub(super) kind: String,
    /// Its default.
    pub(super) default: Option<String>,
    /// The oid of its type.
    pub(super) oid: u32,
    /// The modifier of its type.
    pub(super) modifier: i32,
    /// The size of its type.
    pub(super) size: i16,
}

/// The columns of a relation of the system.
pub(super) fn of_system(relation: &super::SystemRelation) -> Vec<Described> {
    let catalog = super::super::model::Catalog::default();
    let columns = (1..).zip(relation.columns);
    columns
        .map(|(position, (name, kind, nullable))| Described {
            name: (*name).to_owned(),
            position,
            nullable: *nullable,
            kind: types::name(kind, &catalog),
            default: None,
            oid: types::oid(kind, &catalog),
            modifier: types::modifier(kind),
            size: types::size(kind, &catalog),
        })
        .collect()
}

/// The columns of a relation of a user; none where they cannot be told.
pub(super) fn of_user(state: &State, item: &Item) -> Vec<Described> {
    if !item.is_relation() {
        return Vec::new();
    }
    let catalog = &state.catalog;
    let columns = (1..).zip(item.columns.iter().flat_map(|columns| columns.iter()));
    columns
        .map(|(position, column)| Described {
            name: column.name.as_str().to_owned(),
            position,
            nullable: column.nullable,
            kind: types::name(&column.kind, catalog),
            default: column.default.clone(),
            oid: types::oid(&column.kind, catalog),
            modifier: types::modifier(&column.kind),
            size: types::size(&column.kind, catalog),
        })
        .collect()
}

/// The columns of every relation, with its id.
pub(super) fn all(state: &State) -> impl Iterator<Item = (String, Described)> {
    of_all_system().chain(of_all_users(state))
}

fn of_all_system() -> impl Iterator<Item = (String, Described)> {
    super::all().iter().flat_map(|relation| {
        let id = format!("s{}", relation.id);
        of_system(relation).into_iter().map(move |column| (id.clone(), column))
    })
}

fn of_all_users(state: &State) -> impl Iterator<Item = (String, Described)> {
    of_users(state, state.catalog.items.values())
}

fn of_users<'s>(
    state: &'s State,
    items: impl Iterator<Item = &'s Arc<Item>>,
) -> impl Iterator<Item = (String, Described)> {
    items.flat_map(move |item| {
        let id = item.id.to_string();
        of_user(state, item).into_iter().map(move |column| (id.clone(), column))
    })
}

/// The rows of `mz_columns` about the system.
pub(super) fn fixed() -> Vec<Row> {
    of_all_system().map(row).collect()
}

fn columns(state: &State, _: &Runtime) -> Vec<Row> {
    of_all_users(state).map(row).collect()
}

/// The rows of `mz_columns` that are asked for by id.
pub(super) fn columns_asked(state: &State, _: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    of_users(state, asked.items(state, 0).into_iter()).map(row).collect()
}

fn row((id, column): (String, Described)) -> Row {
    vec![
        Some(id),
        Some(column.name),
        some(column.position),
        flag(column.nullable),
        Some(column.kind),
        column.default,
        some(column.oid),
        some(column.modifier),
    ]
}
