//! `project.toml`: what a project says about itself.
//!
//! Unknown keys are mistakes at every level. Start reading at [`read`].

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::contract::ContractName;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::source::Source;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::span::Span;

/// Schemas that every database has and no project declares.
pub(super) const SYSTEM_SCHEMAS: &[&str] = &[
    "information_schema",
    "mz_catalog",
    "mz_catalog_unstable",
    "mz_internal",
    "mz_introspection",
    "mz_unsafe",
    "pg_catalog",
];

/// The settings of a project under one profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The server version that local tests run against, as written.
    pub mz_version: Option<String>,
    /// Appended to the names of databases and clusters; empty if the profile has none.
    pub suffix: String,
    /// SQL variables by name.
    pub variables: BTreeMap<String, String>,
    /// The AWS profile for `aws_secret()`.
    pub aws_profile: Option<String>,
    /// External objects that the project says it reads.
    pub(super) dependencies: Vec<Dependency>,
    /// Objects of the system that it says it reads: schema and own name, sorted.
    pub system_dependencies: Vec<(Ident, Ident)>,
}

impl Settings {
    /// The names of the external objects that the project says it reads, as they stand there.
    pub fn declared(&self) -> impl Iterator<Item = &ObjectName> {
        self.dependencies.iter().map(|dependency| &dependency.name)
    }
}

/// An entry of `dependencies` that is no system object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: ObjectName,
    pub(super) span: Span,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    mz_version: Option<String>,
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    profile_suffix: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    security: Option<Security>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Security {
    aws_profile: Option<String>,
}

/// Reads the settings for a profile; a profile without a section has the defaults.
pub(super) fn read(source: &Source, profile: Option<&str>, found: &mut Vec<Diagnostic>) -> Settings {
    let mut document: Document = match toml::from_str(&source.text) {
        Ok(document) => document,
        Err(error) => {
            let span = error.span().map_or(Span::default(), |range| Span::new(range.start, range.end));
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            found.push(source.error(Code::InvalidSettings, span, message));
            Document::default()
        }
    };
    let own = profile.and_then(|profile| document.profiles.remove(profile)).unwrap_or_default();
    let (dependencies, system_dependencies) = dependencies(source, &document.dependencies, found);
    Settings {
        mz_version: document.mz_version,
        suffix: own.profile_suffix.unwrap_or_default(),
        variables: own.variables,
        aws_profile: own.security.and_then(|security| security.aws_profile),
        dependencies,
        system_dependencies,
    }
}

/// Checks the entries of `dependencies`; those of the system come apart.
fn dependencies(
    source: &Source,
    entries: &[Spanned<String>],
    found: &mut Vec<Diagnostic>,
) -> (Vec<Dependency>, Vec<(Ident, Ident)>) {
    let mut dependencies: Vec<Dependency> = Vec::new();
    let mut system = Vec::new();
    for entry in entries {
        let range = entry.span();
        let span = Span::new(range.start, range.end);
        let text = entry.as_ref();
        match ContractName::read(text) {
            Some(ContractName::System(schema, own)) => system.push((schema, own)),
            Some(ContractName::Object(name)) => {
                if let Some(first) = dependencies.iter().find(|one| one.name == name) {
                    let label = source.label(first.span, "first here");
                    let message = format!("dependency `{name}` stands here twice");
                    found.push(source.error(Code::InvalidDependency, span, message).with_label(label));
                } else {
                    dependencies.push(Dependency { name, span });
                }
            }
            None => {
                let message = format!("dependency `{text}` is no full name");
                let help = "write `database.schema.object`, or `schema.object` for a system schema";
                found.push(source.error(Code::InvalidDependency, span, message).with_help(help));
            }
        }
    }
    system.sort();
    system.dedup();
    (dependencies, system)
}

#[cfg(test)]
mod tests;
