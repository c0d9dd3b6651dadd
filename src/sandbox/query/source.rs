//! The rows of tables and sources.

use std::sync::Arc;

use super::super::error::SqlError;
use super::super::model::Row;
use super::super::model::State;
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
    let generated = |source: &Item, data: &SourceData, table: &str| {
        generator::rows(source, data, table, now).into_iter().map(Arc::new).collect()
    };
    let part = |of: &super::super::model::id::ItemId, reference: &str| match state.catalog.items.get(of) {
        Some(source) => match &source.data {
            ItemData::Source(data) => generated(source, data, reference),
            _ => Vec::new(),
        },
        None => Vec::new(),
    };
    Ok(match &item.data {
        ItemData::Table { from_source: Some((of, reference)) }
        | ItemData::Source(SourceData::Subsource { of, reference }) => part(of, reference),
        ItemData::Table { from_source: None } => {
            state.tables.get(&item.id).map_or_else(Vec::new, |table| table.rows.iter().cloned().collect())
        }
        ItemData::Source(data @ SourceData::LoadGenerator { .. }) => {
            generated(item, data, item.name.as_str())
        }
        ItemData::Source(
            SourceData::External { .. } | SourceData::Webhook { .. } | SourceData::Progress { .. },
        ) => Vec::new(),
        ItemData::View { .. }
        | ItemData::MaterializedView { .. }
        | ItemData::Index { .. }
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => return Err(SqlError::unsupported(format!("reading {}", item.name))),
    })
}
