//! The only room that talks to a server: sessions, reading facts, recording, carrying plans out.
//!
//! It decides nothing and parses no SQL. No driver type leaves it. Start reading at
//! [`session::Session`].

pub mod apply;
pub mod audit;
mod cluster;
pub mod columns;
pub mod config;
pub mod error;
pub mod hydration;
pub mod introspect;
pub mod journal;
pub mod moment;
mod opening;
pub mod retry;
pub mod roles;
mod server;
pub mod session;
pub mod sessions;
pub mod sinks;
pub mod snapshot;
pub mod subscriptions;
mod tls;
pub mod value;
