//! mzflow: deployments for Materialize as programs. The rooms, in reading order.

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
