//! What a statement that writes may read: users' tables and views over them.
//!
//! The server reads and writes at one timestamp, which sources and the system's relations do not
//! share. Source: `design/materialize.md` 2.4.

use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::model::State;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::system;
use super::rel::Items;
use super::rel::Rel;

/// Refuses to read what cannot be read while writing.
///
/// # Errors
/// `25000`
pub(super) fn check(state: &State, rel: &Rel) -> Result<(), SqlError> {
    let mut read = Items::default();
    rel.items(&mut read);
    if read.system || !only_tables(state, read.ids) {
        let message = "invalid selection: operation may only refer to user-defined tables";
        return Err(SqlError::new("25000", message));
    }
    Ok(())
}

fn only_tables(state: &State, ids: BTreeSet<ItemId>) -> bool {
    let is_relation = |id: &ItemId| matches!(id, ItemId::System(number) if system::by_id(*number).is_some());
    let mut open: Vec<ItemId> = ids.iter().copied().collect();
    let mut seen = ids;
    while let Some(id) = open.pop() {
        let Some(item) = state.catalog.items.get(&id) else { continue };
        match &item.data {
            ItemData::View { .. } | ItemData::MaterializedView { .. } => {
                if item.uses_system.iter().any(is_relation) {
                    return false;
                }
                open.extend(item.uses.iter().copied().filter(|used| seen.insert(*used)));
            }
            ItemData::Table { from_source: Some(_) } | ItemData::Source(_) => return false,
            ItemData::Table { from_source: None }
            | ItemData::Index { .. }
            | ItemData::Sink { .. }
            | ItemData::Connection { .. }
            | ItemData::Secret
            | ItemData::Type { .. } => {}
        }
    }
    true
}
