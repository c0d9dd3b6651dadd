//! The wire protocol: what clients send and what goes back.
