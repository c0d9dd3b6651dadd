//! The rows of tables and sources.

use std::sync::Arc;

use super::super::error::SqlError;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::id::ItemId;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::system::generator;
use crate::clock::Timestamp;

/// The rows of an object at a moment; those of views are computed elsewhere.
///
/// # Errors
/// `0A000` for what is no relation.
pub(super) fn rows(state: &State, item: &Item, now: Timestamp) -> Result<Vec<Arc<Row>>, SqlError> {
    let source = |of: &ItemId| {
        let source = state.catalog.items.get(of)?;
        let ItemData::Source(data) = &source.data else { return None };
        Some((&**source, data))
    };
    let shared = |rows: Vec<Row>| rows.into_iter().map(Arc::new).collect();
    let part = |of: &ItemId, reference: &str| {
        source(of).map_or_else(Vec::new, |(source, data)| generator::rows(source, data, reference, now))
    };
    Ok(match &item.data {
        ItemData::Table { from_source: Some((of, reference)) }
        | ItemData::Source(SourceData::Subsource { of, reference }) => shared(part(of, reference)),
        ItemData::Table { from_source: None } => {
            state.tables.get(&item.id).map_or_else(Vec::new, |table| table.rows.iter().cloned().collect())
        }
        ItemData::Source(data @ SourceData::LoadGenerator { .. }) => {
            // A generator with one table is that table itself, whatever it is called.
            shared(generator::rows(item, data, item.name.as_str(), now))
        }
        ItemData::Source(SourceData::Progress { of }) => {
            let known = source(of);
            shared(known.map_or_else(Vec::new, |(source, data)| generator::progress(source, data, now)))
        }
        ItemData::Source(SourceData::External { .. } | SourceData::Webhook { .. }) => Vec::new(),
        ItemData::View { .. }
        | ItemData::MaterializedView { .. }
        | ItemData::Index { .. }
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => return Err(SqlError::unsupported(format!("reading {}", item.name))),
    })
}
