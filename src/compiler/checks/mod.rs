//! The checks, one file each: what a draft, a candidate or the whole project may not be.
//!
//! A check reports everything it finds and changes nothing.

pub(super) mod cluster;
pub(super) mod companion;
pub(super) mod compatibility;
pub(super) mod constraint;
pub(super) mod cycle;
pub(super) mod dependency;
pub(super) mod duplicate;
pub(super) mod main_statement;
pub(super) mod name;
pub(super) mod opaque;
pub(super) mod relation;
pub(super) mod schema_kind;
pub(super) mod stable;
pub(super) mod unit_test;
pub(super) mod variant;
pub(super) mod view_columns;
