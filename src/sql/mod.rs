//! Materialize's SQL as text and as data: statements, references, rewriting, fingerprints.
//!
//! No parser type appears in a signature of this room. Start reading at [`parse`] and [`ast`];
//! then [`canonical`] and [`fingerprint`] tell when two statements are one.

pub mod ast;
pub mod canonical;
pub mod data_type;
mod dialect;
pub mod error;
pub mod fingerprint;
mod keyword;
mod lex;
mod lower;
pub mod mention;
pub mod opaque;
pub mod output;
pub mod parse;
pub mod query;
#[cfg(feature = "sandbox")]
pub(crate) mod reading;
pub mod references;
pub mod renaming;
pub(crate) mod secret;
pub mod span;
pub mod stored;
mod token;
mod tree_token;
pub mod words;
