//! What a query asks of a relation, so that no more of it is made than that.
//!
//! Whoever makes rows may make more of them, and leave columns that nobody reads NULL: what was asked is
//! looked at again in each row. Start reading at [`Asked`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::model::State;
use super::super::model::id::ItemId;
use super::super::model::id::SchemaId;
use super::super::model::item::Item;

/// What a query asks of a relation.
#[derive(Debug, Default)]
pub(crate) struct Asked<'q> {
    /// The columns that are read; `None` for all.
    pub(crate) columns: Option<Vec<usize>>,
    /// Columns, and the texts one of which each of them has.
    pub(crate) keys: Vec<(usize, Vec<&'q str>)>,
}

impl Asked<'_> {
    /// Tells whether a column is read.
    pub(super) fn wants(&self, column: usize) -> bool {
        self.columns.as_ref().is_none_or(|columns| columns.contains(&column))
    }

    /// The texts that a column has to have, where that is said.
    fn texts(&self, column: usize) -> Option<&[&str]> {
        self.keys.iter().find(|(at, _)| *at == column).map(|(_, texts)| texts.as_slice())
    }

    /// Tells whether a column may be such a text.
    pub(super) fn may_be(&self, column: usize, is_such: impl Fn(&str) -> bool) -> bool {
        self.texts(column).is_none_or(|texts| texts.iter().any(|text| is_such(text)))
    }

    /// The ids of objects that a column may have; `None` for any.
    pub(super) fn ids(&self, column: usize) -> Option<BTreeSet<ItemId>> {
        Some(self.texts(column)?.iter().filter_map(|text| ItemId::parse(text)).collect())
    }

    /// What users made, as far as its id may stand in a column.
    pub(super) fn items<'s>(&self, state: &'s State, column: usize) -> Vec<&'s Arc<Item>> {
        match self.ids(column) {
            None => state.catalog.items.values().collect(),
            Some(ids) => ids.iter().filter_map(|id| state.catalog.items.get(id)).collect(),
        }
    }

    /// The schemas that a column may have; `None` for any.
    pub(super) fn schemas(&self, column: usize) -> Option<BTreeSet<SchemaId>> {
        let texts = self.texts(column)?.iter();
        // Whatever is no schema's own id, such as that of temporary things, may be anybody's.
        texts.map(|text| SchemaId::parse(text).filter(|id| matches!(id, SchemaId::User(_)))).collect()
    }
}
