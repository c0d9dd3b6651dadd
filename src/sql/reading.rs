//! The tree of a query for the one reader that evaluates it, the sandbox's engine.
//!
//! It speaks the same version of the same tree. Everybody else uses what [`Query`] tells.

use sqlparser::ast as tree;

use super::ast::RawName;
use super::data_type::DataType;
use super::lower::Notes;
use super::lower::span_of;
use super::query::Expr;
use super::query::Query;
use super::references::idents;
use super::references::raw_name;
use super::token::Lexeme;

/// A tree with what was taken out of its text before it was read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    notes: &'a Notes,
}

impl<'a> Reading<'a> {
    /// A query's tree; `None` where only the server can read it.
    pub(crate) fn of_query(query: &'a Query) -> Option<(&'a tree::Query, Self)> {
        query.tree().map(|(tree, notes)| (tree, Self { notes }))
    }

    /// An expression's tree; `None` where only the server can read it.
    pub(crate) fn of_expr(expr: &'a Expr) -> Option<(&'a tree::Expr, Self)> {
        expr.tree().map(|(tree, notes)| (tree, Self { notes }))
    }

    /// A relation's name, with the catalog's id if there is one.
    pub(crate) fn name(self, name: &tree::ObjectName) -> Option<RawName> {
        raw_name(name, self.notes)
    }

    /// The type that is written in a cast or behind a column's name.
    pub(crate) fn data_type(self, data_type: &tree::DataType) -> Option<&'a DataType> {
        let tree::DataType::Custom(name, _) = data_type else { return None };
        match idents(name).as_slice() {
            [placeholder] => self.notes.data_type(&placeholder.value),
            _ => None,
        }
    }

    /// The words of the options behind `WITH MUTUALLY RECURSIVE`, in capitals, signs left out.
    pub(crate) fn options(self, with: &tree::With) -> Vec<String> {
        let start = span_of(with.with_token.0.span).map(|span| span.start);
        let options = start.and_then(|start| self.notes.recursive.get(&start));
        let words = options.into_iter().flatten().filter_map(|token| match &token.lexeme {
            Lexeme::Number(digits) => Some(digits.to_string()),
            _ => token.word().map(str::to_uppercase),
        });
        words.collect()
    }
}
