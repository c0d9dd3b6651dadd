//! The verbs: one file each, with its arguments and what it does.

pub(crate) mod abort;
pub(crate) mod apply;
pub(crate) mod choices;
pub(crate) mod compile;
pub(crate) mod describe;
pub(crate) mod diff;
pub(crate) mod eject;
pub(crate) mod explain;
pub(crate) mod gc;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod new;
pub(crate) mod promote;
pub(crate) mod recipes;
pub(crate) mod resume;
pub(crate) mod rollback;
pub(crate) mod run;
#[cfg(feature = "sandbox")]
pub(crate) mod sandbox;
pub(crate) mod setup;
pub(crate) mod stage;
pub(crate) mod test;
pub(crate) mod unshift;
pub(crate) mod wait;
