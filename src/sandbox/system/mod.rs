//! The system's relations: what `mz_catalog`, `mz_internal`, `pg_catalog` and
//! `information_schema` hold, as far as it is modelled.
//!
//! Static descriptions, and rows computed from the state. Start reading at [`SystemRelation`].

pub(crate) mod generator;
pub(crate) mod show;
pub(crate) mod types;

use super::hydration::Runtime;
use super::model::Row;
use super::model::State;
use super::model::column::Type;

/// A relation of the system.
#[derive(Debug)]
pub(crate) struct SystemRelation {
    /// The number in its id: 412 in `s412`.
    pub(crate) id: u64,
    /// Its schema: `mz_catalog`.
    pub(crate) schema: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// `table`, `view`, `source`, as `mz_objects.type` has it.
    pub(crate) kind: &'static str,
    /// Its columns: name, type, whether it can be NULL.
    pub(crate) columns: &'static [(&'static str, Type, bool)],
    /// Makes its rows.
    pub(crate) rows: fn(&State, &Runtime) -> Vec<Row>,
}

/// Every relation of the system that is modelled.
pub(crate) fn all() -> &'static [SystemRelation] {
    &[]
}

/// A relation of the system by schema and name.
pub(crate) fn lookup(schema: &str, name: &str) -> Option<&'static SystemRelation> {
    all().iter().find(|relation| relation.schema == schema && relation.name == name)
}

/// The system's schemas, with the number in their ids.
pub(crate) const SCHEMAS: [(&str, u64); 7] = [
    ("mz_catalog", 1),
    ("pg_catalog", 2),
    ("mz_internal", 4),
    ("information_schema", 5),
    ("mz_unsafe", 7),
    ("mz_introspection", 8),
    ("mz_catalog_unstable", 9),
];
