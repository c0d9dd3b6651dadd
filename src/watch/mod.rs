//! Tells that files of a folder have other contents: raw events in, settled sets of changes out.
//!
//! Knows nothing of what a change means. `source` listens to the machine, `noise` says what nobody
//! wants to hear of, `queue` (pure) decides when the dust has settled. Start reading at
//! [`queue::Queue`].

pub mod noise;
pub mod queue;
pub mod source;

#[cfg(test)]
mod tests;
