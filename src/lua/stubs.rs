//! The stubs.
