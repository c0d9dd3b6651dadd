//! mzflow: deployments for Materialize as programs. The rooms, in reading order.

#![cfg_attr(
    not(feature = "sandbox"),
    expect(dead_code, reason = "tests of recipes need the sandbox, and what only they use is still there")
)]

pub mod name;

pub mod clock;

pub mod deployment;

pub mod event;

pub mod recipes;

pub mod sql;

pub mod compiler;

pub mod plan;

pub mod catalog;

pub mod db;

#[cfg(feature = "sandbox")]
pub mod sandbox;

pub mod vault;

pub mod outside;

pub mod watch;

pub mod primitives;

pub mod lua;

pub mod cli;
