//! One text for every way of writing the same statement.
//!
//! Two forms: [`Form::Stored`] is what Materialize keeps in its catalog, character by character;
//! [`Form::Meaning`] is for fingerprints and drops what changes nothing (brackets, the schema of
//! the system's functions, how far a column is qualified, an alias that is the relation's own name).
//! What the tree has otherwise than the server has no structure there: it is written from its words.
//! Both write every name through [`Names`]. Start reading at [`statement`].

mod expr;
mod function;
mod item;
mod number;
mod outputs;
mod printer;
mod query;
mod scope;
pub mod sketch;
mod words;

pub use words::as_words;

use super::ast::RawIdent;
use super::ast::RawName;
use super::ast::Statement;
use super::ast::StatementKind;
use super::data_type::DataType;
use super::data_type::is_system;
use super::query::Expr;
use super::query::Query;
use crate::name::Ident;
use printer::Printer;

/// Which of the two texts is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What the catalog stores.
    Stored,
    /// What fingerprints are made of.
    Meaning,
}

/// How names are written in a canonical text.
///
/// The provided methods are right for [`Form::Meaning`]; for [`Form::Stored`] the catalog has to
/// give ids to types and schemas to functions.
pub trait Names {
    /// A thing in a schema that is referred to: `"d"."s"."t"`, `[u1 AS "d"."s"."t"]`.
    fn object(&self, name: &RawName) -> String;

    /// The thing that is created: `"d"."s"."v"`.
    fn defined(&self, name: &RawName) -> String;

    /// The cluster that a statement runs in, if it runs in one: `"c"`, `[u1]`. `None` is given
    /// where the statement names none.
    fn cluster(&self, written: Option<&RawIdent>) -> Option<String>;

    /// A built-in type by the server's own name, such as `int4` or `_text`.
    fn builtin_type(&self, name: &str) -> String {
        name.to_owned()
    }

    /// A type of a user.
    fn user_type(&self, name: &RawName) -> String {
        self.object(name)
    }

    /// A type by a name of one part that no built-in type has here, and `suffix` where it is a user's;
    /// `None` for `otherwise`, which is how it is written as one of the server's.
    fn own_type(&self, _name: &RawName, _suffix: &str, _otherwise: &str) -> Option<String> {
        None
    }

    /// What may begin with the name of something in a schema: its readings, the longest first; `None`
    /// leaves it as it is written.
    fn perhaps(&self, _readings: &[RawName]) -> Option<String> {
        None
    }

    /// A function, with or without its schema.
    fn function(&self, parts: &[Ident]) -> String {
        match parts {
            [schema, own] if is_system(schema) => own.sql(),
            _ => parts.iter().map(Ident::sql).collect::<Vec<_>>().join("."),
        }
    }

    /// The columns of a relation, where they are known: a default index is on all of them.
    fn columns(&self, _relation: &RawName) -> Option<Vec<Ident>> {
        None
    }
}

/// Writes a statement in one of the two forms.
///
/// `text` is the whole text that the statement was parsed from. Views, materialized views,
/// indexes, tables and load generators are written from their structure; everything else from its
/// words, with the names in it replaced.
pub fn statement(text: &str, statement: &Statement, form: Form, names: &dyn Names) -> String {
    kind(&statement.kind, form, names).unwrap_or_else(|| words::statement(text, statement, form, names))
}

/// Writes a statement that is written from its structure; `None` for the others and for queries
/// that only the server can read.
pub fn kind(kind: &StatementKind, form: Form, names: &dyn Names) -> Option<String> {
    let mut printer = Printer::new(form, names);
    match kind {
        StatementKind::CreateView(view) => printer.view(view),
        StatementKind::CreateMaterializedView(view) => printer.materialized_view(view),
        StatementKind::CreateIndex(index) => printer.index(index),
        StatementKind::CreateTable(table) => printer.table(table),
        StatementKind::CreateSource(source) => printer.source(source),
        StatementKind::CreateConstraint(constraint) => printer.constraint(constraint),
        _ => return None,
    }
    printer.finish()
}

/// Writes a query alone; `None` for one that only the server can read.
pub fn query(query: &Query, form: Form, names: &dyn Names) -> Option<String> {
    let mut printer = Printer::new(form, names);
    printer.body_of(query);
    printer.finish()
}

/// Writes an expression alone, such as the default of a column.
pub fn expr(expr: &Expr, form: Form, names: &dyn Names) -> Option<String> {
    let mut printer = Printer::new(form, names);
    printer.standalone(expr);
    printer.finish()
}

/// Writes a type alone, such as that of a column; `None` where it is none.
pub fn data_type(data_type: &DataType, form: Form, names: &dyn Names) -> Option<String> {
    let mut printer = Printer::new(form, names);
    printer.data_type(data_type);
    printer.finish()
}

/// The name the server gives to an index without one.
///
/// `relation` is the relation's own name. Taken names get a number behind, which is the caller's
/// to find out.
pub fn default_index_name(relation: &Ident, index: &super::ast::create::CreateIndex) -> String {
    item::default_index_name(relation, index)
}

#[cfg(test)]
mod tests;
