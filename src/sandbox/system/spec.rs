//! Descriptions of the system's relations as they are written down, and what they become.

use std::sync::LazyLock;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::column::Type;
use super::SystemRelation;
use super::types;

/// A relation as it is written down.
#[derive(Debug)]
pub(super) struct Spec {
    /// The number in its id. It is kept in data folders and never given to another one.
    pub(super) id: u64,
    /// Its schema.
    pub(super) schema: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// `table`, `view`, `source`.
    pub(super) kind: &'static str,
    /// Its columns: `id text, size text?`; `?` marks those that can be NULL, types have the
    /// server's own names (`_text` for an array), and `text list` is a list.
    pub(super) columns: &'static str,
    /// Makes its rows, but for those of [`super::FIXED`].
    pub(super) rows: fn(&State, &Runtime) -> Vec<Row>,
}

impl Spec {
    /// What is to be known of it at run time; it lives as long as the process.
    pub(super) fn relation(&self) -> SystemRelation {
        let fixed = super::FIXED.iter().find(|(name, _)| *name == self.name);
        let part = super::PARTS.iter().find(|(name, _)| *name == self.name);
        SystemRelation {
            id: self.id,
            schema: self.schema,
            name: self.name,
            kind: self.kind,
            columns: columns(self.columns).leak(),
            fixed: LazyLock::new(fixed.map_or(Vec::new, |(_, rows)| *rows)),
            rows: self.rows,
            part: part.map(|(_, part)| *part),
        }
    }
}

/// Reads a list of columns.
pub(super) fn columns(text: &'static str) -> Vec<(&'static str, Type, bool)> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, kind) = part.split_once(' ').unwrap_or((part, "text"));
            let (kind, nullable) = match kind.trim().strip_suffix('?') {
                Some(kind) => (kind, true),
                None => (kind.trim(), false),
            };
            (name, type_of(kind).unwrap_or(Type::Text), nullable)
        })
        .collect()
}

/// A type by its word in a description.
pub(super) fn type_of(word: &str) -> Option<Type> {
    match word.strip_suffix(" list") {
        Some(element) => types::plain(element).map(|element| Type::List(Box::new(element))),
        // A vector of numbers is printed with blanks between them, unlike any array.
        None if word == "int2vector" => Some(Type::Text),
        None => types::plain(word),
    }
}

/// The rows of a relation that is always empty here.
pub(super) fn no_rows(_: &State, _: &Runtime) -> Vec<Row> {
    Vec::new()
}
