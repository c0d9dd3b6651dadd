//! In which schema the thing of an oid is, as `pg_table_is_visible` and its kin need it.

use super::super::model::State;
use super::super::model::item::ItemData;
use super::functions;
use super::introspection;
use super::types;

/// The schema of any object: of `mz_objects`.
pub(crate) fn object(state: &State, oid: u32) -> Option<String> {
    let system = || {
        let relation = super::all().iter().find(|relation| relation.oid() == oid);
        let schema = relation.map(|relation| relation.schema);
        schema.or_else(|| introspection::has(oid).then_some("mz_introspection")).map(str::to_owned)
    };
    user(state, oid, |_| true)
        .or_else(|| data_type(state, oid))
        .or_else(|| function(state, oid))
        .or_else(system)
}

/// The schema of a type.
pub(crate) fn data_type(state: &State, oid: u32) -> Option<String> {
    let builtin = types::BUILTINS.iter().find(|builtin| builtin.oid == oid);
    let builtin = builtin.map(|builtin| builtin.schema.to_owned());
    builtin.or_else(|| user(state, oid, |data| matches!(data, ItemData::Type { .. })))
}

/// The schema of a function; users have none.
pub(crate) fn function(_: &State, oid: u32) -> Option<String> {
    let found = functions::ALL.iter().find(|function| function.oid() == u64::from(oid));
    found.map(|function| function.schema.to_owned())
}

fn user(state: &State, oid: u32, wanted: fn(&ItemData) -> bool) -> Option<String> {
    let item = state.catalog.items.values().find(|item| item.oid == oid && wanted(&item.data))?;
    // What is temporary is in no schema that the catalog knows.
    state.catalog.schemas.get(&item.schema).map(|schema| schema.name.as_str().to_owned())
}
