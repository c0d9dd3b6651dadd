//! The system's relations: what `mz_catalog`, `mz_internal`, `pg_catalog` and
//! `information_schema` hold, as far as it is modelled.
//!
//! Static descriptions, and rows computed from the state. Start reading at [`SystemRelation`].

mod access;
pub(crate) mod asked;
mod audit;
pub(crate) mod clusters;
mod columns;
mod comments;
mod dependencies;
pub(crate) mod functions;
pub(crate) mod generator;
mod information_schema;
mod introspection;
mod items;
mod lag;
mod names;
mod objects;
pub(crate) mod own;
mod postgres;
mod privileges;
mod readiness;
pub(crate) mod redact;
pub(crate) mod schema_of;
mod sessions;
pub(crate) mod show;
mod shown;
mod spec;
mod status;
pub(crate) mod text;
pub(crate) mod types;
pub(crate) mod unmodelled;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::hydration::Runtime;
use super::model::Row;
use super::model::State;
use super::model::column::Type;
use asked::Asked;
use spec::Spec;

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
    /// Its rows that are the same always: those about the system.
    pub(crate) fixed: LazyLock<Vec<Row>>,
    /// Makes its other rows.
    pub(crate) rows: fn(&State, &Runtime) -> Vec<Row>,
    /// Makes as many of those as are asked for, where that is less work.
    pub(crate) part: Option<MakePart>,
}

impl SystemRelation {
    /// Its `oid`.
    pub(crate) fn oid(&self) -> u32 {
        RELATION_OIDS + u32::try_from(self.id).unwrap_or(0)
    }
}

/// Where the oids of relations begin: behind those of types, before those of users' objects.
const RELATION_OIDS: u32 = 16_600;

/// Where the oids of schemas begin.
const SCHEMA_OIDS: u32 = 13_000;

/// The role that owns everything of the system, `mz_system`.
pub(crate) const OWNER: &str = "s1";

/// The descriptions, by subject.
const SPECS: [&[Spec]; 19] = [
    access::SPECS,
    audit::SPECS,
    clusters::SPECS,
    columns::SPECS,
    comments::SPECS,
    dependencies::SPECS,
    functions::SPECS,
    information_schema::SPECS,
    items::SPECS,
    lag::SPECS,
    names::SPECS,
    objects::SPECS,
    postgres::SPECS,
    privileges::SPECS,
    readiness::SPECS,
    sessions::SPECS,
    shown::SPECS,
    status::SPECS,
    unmodelled::SPECS,
];

/// Makes rows that never change.
type MakeFixed = fn() -> Vec<Row>;

/// The rows of the largest relations that never change; they are made once.
const FIXED: [(&str, MakeFixed); 2] = [("mz_objects", objects::fixed), ("mz_columns", columns::fixed)];

/// Makes the rows that are asked for, or more.
type MakePart = fn(&State, &Runtime, &Asked<'_>) -> Vec<Row>;

/// The relations of which much less can be made than there is.
const PARTS: [(&str, MakePart); 9] = [
    ("mz_objects", objects::objects_asked),
    ("mz_indexes", items::indexes_asked),
    ("mz_views", items::views_asked),
    ("mz_materialized_views", items::materialized_views_asked),
    ("mz_columns", columns::columns_asked),
    ("mz_object_dependencies", dependencies::direct_asked),
    ("mz_hydration_statuses", readiness::statuses_asked),
    ("mz_frontiers", readiness::frontiers_asked),
    ("mz_compute_operator_hydration_statuses", readiness::nodes_asked),
];

static ALL: LazyLock<Vec<SystemRelation>> = LazyLock::new(|| {
    let mut all: Vec<SystemRelation> =
        SPECS.iter().flat_map(|specs| specs.iter().map(Spec::relation)).collect();
    all.sort_by_key(|relation| relation.id);
    all
});

/// The sandbox's own, which stand in no list.
static OWN: LazyLock<Vec<SystemRelation>> = LazyLock::new(|| own::SPECS.iter().map(Spec::relation).collect());

static BY_NAME: LazyLock<HashMap<(&'static str, &'static str), &'static SystemRelation>> =
    LazyLock::new(|| {
        all().iter().chain(OWN.iter()).map(|relation| ((relation.schema, relation.name), relation)).collect()
    });

/// Every relation of the system that is modelled, by id.
pub(crate) fn all() -> &'static [SystemRelation] {
    &ALL
}

/// A relation of the system by schema and name.
pub(crate) fn lookup(schema: &str, name: &str) -> Option<&'static SystemRelation> {
    let schema = schema_named(schema)?;
    BY_NAME.get(&(schema, name)).copied()
}

/// A relation of the system by the number in its id.
pub(crate) fn by_id(id: u64) -> Option<&'static SystemRelation> {
    match ALL.binary_search_by_key(&id, |relation| relation.id) {
        Ok(at) => ALL.get(at),
        Err(_) => OWN.iter().find(|relation| relation.id == id),
    }
}

/// A schema of the system, or the sandbox's own.
pub(crate) fn schema_named(name: &str) -> Option<&'static str> {
    SCHEMAS.iter().map(|(known, _)| *known).chain([own::SCHEMA]).find(|known| *known == name)
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

/// The id of a system schema, as text: `s1`.
fn schema_id(name: &str) -> String {
    let number = SCHEMAS.iter().find(|(known, _)| *known == name).map_or(0, |(_, number)| *number);
    format!("s{number}")
}

/// The `oid` of a system schema.
fn schema_oid(name: &str) -> u32 {
    let number = SCHEMAS.iter().find(|(known, _)| *known == name).map_or(0, |(_, number)| *number);
    SCHEMA_OIDS + u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests;
