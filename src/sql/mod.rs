//! Materialize's SQL as text and as data: statements, references, rewriting, fingerprints.
//!
//! No parser type appears in a signature of this room. Start reading at [`ast`].

pub mod ast;
pub mod query;
pub mod span;
