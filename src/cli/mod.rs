//! The command line.

mod changes;
mod exit;
mod git;
mod narrate;
mod profile;
mod render;
mod ui;
