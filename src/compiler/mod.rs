//! A project folder as objects, a graph and diagnostics.
//!
//! [`load::load`] reads the disk; [`compile`] is pure. A user's mistake is a diagnostic, never an
//! `Err`, and a broken project still compiles in part. Start reading at [`workspace`].

mod body;
mod build;
mod checks;
mod columns;
mod constraint;
pub mod contract;
pub mod definition;
pub mod diagnostic;
mod draft;
mod files;
mod generator;
mod global;
pub mod graph;
pub mod load;
mod meaning;
mod modifier;
mod namespace;
pub mod object;
pub mod pool;
pub mod project;
pub mod settings;
pub mod source;
pub mod standalone;
pub mod template;
pub mod unit_test;
mod variables;
mod wish;
pub mod workspace;

use std::collections::BTreeMap;

use diagnostic::Code;
use diagnostic::Diagnostic;
use project::Project;
use source::File;
use workspace::Workspace;

/// Under what circumstances a project is compiled.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The active profile: it chooses variants, variables and the suffix.
    pub profile: Option<String>,
    /// Variables besides the profile's, over which they win.
    pub variables: BTreeMap<String, String>,
}

/// Compiles the files of a project.
///
/// The diagnostics are all there are, sorted by file and place. Where one of them
/// [`Diagnostic::fails_compile`] the project lacks what it is about.
pub fn compile(files: Vec<File>, options: &Options) -> (Project, Vec<Diagnostic>) {
    Workspace::new(files, options.clone()).into_parts()
}

/// Reads and compiles a project folder in one go.
///
/// What cannot be read and what is wrong are in one list, sorted by file and place.
pub fn compile_folder(root: &std::path::Path, options: &Options) -> (Project, Vec<Diagnostic>) {
    let (files, unreadable) = load::load(root);
    let (project, mut found) = compile(files, options);
    found.extend(unreadable);
    diagnostic::sort(&mut found);
    // A folder that is no project has no other mistakes.
    if found.iter().any(|one| one.code == Code::NotAProject) {
        found.retain(|one| one.code == Code::NotAProject || one.code == Code::UnreadableFile);
    }
    (project, found)
}

#[cfg(test)]
mod tests;
