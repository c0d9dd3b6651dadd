//! What can be done to an environment: one room for each primitive, all of the same shape.
//!
//! A room gathers facts, decides in a pure function, and lets [`ctx::Ctx`] obey. Rooms do not call
//! each other; recipes put them together. Start reading at [`ctx`], then at `stage` and `swap`.

pub mod access;
pub mod adopt;
pub mod allowed;
pub mod analysis;
pub mod apply;
pub mod approvals;
pub mod carried;
pub mod changes;
pub mod check;
pub mod cluster_options;
pub mod code;
pub mod compare;
pub mod compile;
pub mod contracts;
pub mod create_overlay;
pub mod ctx;
pub mod deeds;
pub mod delete;
pub mod diff;
pub mod drop;
pub mod error;
pub mod evidence;
pub mod exchange;
#[cfg(test)]
mod facts;
mod fenced;
pub mod foreign;
pub mod gc;
pub mod glance;
pub mod hydration_status;
pub mod infrastructure;
pub mod ledger;
pub mod metadata;
pub mod overlays;
pub mod overtaken;
pub mod query;
pub mod readiness;
pub mod rehearsal;
pub mod rejection;
pub mod rollback;
pub mod said;
pub mod scope;
pub mod setup;
pub mod shift;
pub mod shifted;
pub mod stage;
mod stored;
pub mod subscribed;
pub mod swap;
pub mod tag;
pub mod unit_test;
pub mod unshift;
pub mod watchers;
