//! diff: compares the project with production.

pub mod spread;
