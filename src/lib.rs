//! mzflow: deployments for Materialize as programs. The rooms, in reading order.

pub mod name;

pub mod clock;

pub mod sql;

pub mod compiler;
