//! The rules of the house as tests: one file a rule, each with a bad example of its own.

mod cli;
mod codes;
mod completeness;
mod crates;
mod docs;
mod facilities;
mod json;
mod layers;
mod leftovers;
mod primitives;
mod recipes;
mod size;
pub(crate) mod tree;
