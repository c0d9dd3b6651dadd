//! The one integration binary: behaviours through the real binary and the real wire protocol, and
//! the rules of the house.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

#[cfg(feature = "sandbox")]
mod conformance;
#[cfg(feature = "sandbox")]
mod sandbox;
mod tidy;
