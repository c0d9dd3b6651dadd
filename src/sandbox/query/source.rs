//! What objects hold when they are read.

use std::sync::Arc;

use super::super::error::SqlError;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::system::generator;
use crate::clock::Timestamp;

/// What an object holds.
pub(super) enum Contents {
    /// Rows.
    Rows(Vec<Arc<Row>>),
    /// What a query, as stored, makes.
    Query(String),
}

/// What an object holds at a moment.
///
/// # Errors
/// `0A000` for what is no relation.
pub(super) fn contents(state: &State, item: &Item, now: Timestamp) -> Result<Contents, SqlError> {
    let generated = |source: &Item, data: &SourceData, table: &str| {
        Contents::Rows(generator::rows(source, data, table, now).into_iter().map(Arc::new).collect())
    };
    let part = |of: &super::super::model::id::ItemId, reference: &str| match state.catalog.items.get(of) {
        Some(source) => match &source.data {
            ItemData::Source(data) => generated(source, data, reference),
            _ => Contents::Rows(Vec::new()),
        },
        None => Contents::Rows(Vec::new()),
    };
    Ok(match &item.data {
        ItemData::Table { from_source: Some((of, reference)) }
        | ItemData::Source(SourceData::Subsource { of, reference }) => part(of, reference),
        ItemData::Table { from_source: None } => {
            Contents::Rows(state.tables.get(&item.id).map_or_else(Vec::new, |t| t.rows.iter().cloned().collect()))
        }
        ItemData::View { query } | ItemData::MaterializedView { query, .. } => Contents::Query(query.clone()),
        ItemData::Source(data @ SourceData::LoadGenerator { .. }) => generated(item, data, item.name.as_str()),
        ItemData::Source(SourceData::External { .. } | SourceData::Webhook { .. } | SourceData::Progress { .. }) => {
            Contents::Rows(Vec::new())
        }
        ItemData::Index { .. }
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => return Err(SqlError::unsupported(format!("reading {}", item.name))),
    })
}
