//! Materialize's SQL as text and as data: statements, references, rewriting, fingerprints.
//!
//! No parser type appears in a signature of this room. Start reading at [`parse`] and [`ast`].

pub mod ast;
pub mod data_type;
mod dialect;
pub mod error;
mod keyword;
mod lower;
mod opaque;
pub mod parse;
pub mod query;
pub mod references;
pub mod span;
mod token;
