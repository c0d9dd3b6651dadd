//! The one integration binary: behaviours through the real binary and the real wire protocol, and
//! the rules of the house.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod adoption;
mod analysis;
mod approvals;
mod authoring;
mod bad_input;
mod bad_recipes;
mod canary;
mod check;
mod clients;
mod commits;
mod compare;
mod conformance;
mod console;
mod constraints;
mod cookbook;
mod crashes;
mod deep;
mod delete;
mod deploy;
mod emissions;
mod examples;
mod foreign;
mod format;
mod garbage;
mod gc;
mod harness;
mod hydration;
mod interrupts;
mod lock;
mod mishaps;
mod numbers;
mod outside;
mod parallel;
mod policies;
mod profiles;
mod properties;
mod protocol;
mod recipe_tests;
mod recipes;
mod refusals;
mod rehearsal;
mod sandbox;
mod secrets;
mod shift;
mod sinks;
mod tidy;
mod transcript;
mod unit_tests;
