//! What load generators produce: the same rows for the same time, and more of them as it passes.

use super::super::model::Row;
use super::super::model::column::Column;
use super::super::model::item::Item;
use super::super::model::item::SourceData;
use crate::clock::Timestamp;

/// The tables of a generator with their columns, in the order in which the server makes them;
/// `None` for one that is not modelled.
pub(crate) fn tables(generator: &str) -> Option<Vec<(&'static str, Vec<Column>)>> {
    let _ = generator;
    None
}

/// The rows of one of its tables (or of the generator itself, where it has only one) at a moment.
pub(crate) fn rows(source: &Item, data: &SourceData, table: &str, now: Timestamp) -> Vec<Row> {
    let _ = (source, data, table, now);
    Vec::new()
}
