//! The verbs: one file each, with its arguments and what it does.

pub(crate) mod abort;
pub(crate) mod describe;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod promote;
pub(crate) mod rollback;
pub(crate) mod setup;
pub(crate) mod wait;
