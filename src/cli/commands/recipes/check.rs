//! `mzflow recipes check`: mistakes in recipes, policies and tests, found without running a line.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::recipe;
use crate::cli::render::Report;
use crate::cli::ui::counted;
use crate::lua::host::Host;
use crate::lua::host::Source;
use crate::primitives::error::Finding;

/// The folders of a project that hold Lua.
const FOLDERS: [&str; 3] = [recipe::FOLDER, "policies", "tests"];

/// Folders are read so many levels deep.
const DEEPEST: usize = 16;

/// Find mistakes in recipes, policies and tests without running anything
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files to check; left out, every .lua file below recipes/, policies/ and tests/ of the project
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(app: &App, args: &Args) -> Result<Exit, CliError> {
    let sources = sources(app.project(), &args.files)?;
    let mut found: Vec<Finding> = Vec::new();
    for source in &sources {
        // A Lua of its own each: what one file makes is nothing to the next.
        found.extend(Host::new(app.facts(BTreeMap::new()))?.check(source));
    }
    let errors = found.iter().filter(|finding| finding.is_error).count();
    let exit = if errors > 0 { Exit::Failed } else { Exit::Done };
    if app.ui.json {
        let files: Vec<&str> = sources.iter().map(|source| source.file.as_str()).collect();
        let diagnostics: Vec<Value> = found.iter().map(diagnostic).collect();
        app.ui.json(&json!({ "files": files, "diagnostics": diagnostics }));
        return Ok(exit);
    }
    for finding in &found {
        app.ui.say(&format!("{}\n", Report::of_finding(finding).text(app.ui.colour, app.ui.width())));
    }
    let warnings = found.len() - errors;
    let mut parts = vec![counted(sources.len(), "file")];
    parts.extend((errors > 0).then(|| counted(errors, "error")));
    parts.extend((warnings > 0).then(|| counted(warnings, "warning")));
    let told =
        if found.is_empty() { format!("{}, nothing wrong", parts.join(", ")) } else { parts.join(", ") };
    app.ui.step("check", &told, None);
    Ok(exit)
}

/// A finding for programs.
fn diagnostic(finding: &Finding) -> Value {
    let mut told = json!({ "severity": if finding.is_error { "error" } else { "warning" } });
    if let (Some(told), Value::Object(fields)) = (told.as_object_mut(), Report::of_finding(finding).json()) {
        told.extend(fields);
    }
    told
}

/// What is to be checked: the files that were named, or all of the project's.
fn sources(project: &Path, files: &[PathBuf]) -> Result<Vec<Source>, CliError> {
    if !files.is_empty() {
        return files.iter().map(|path| read(path, shown(path))).collect();
    }
    let mut found = Vec::new();
    for folder in FOLDERS {
        collect(&project.join(folder), 0, &mut found);
    }
    found.sort();
    let name = |path: &Path| shown(path.strip_prefix(project).unwrap_or(path));
    found.iter().map(|path| read(path, name(path))).collect()
}

/// A path as messages name it.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() && depth < DEEPEST {
            collect(&path, depth + 1, found);
        } else if path.extension().is_some_and(|ending| ending == "lua") {
            found.push(path);
        }
    }
}

fn read(path: &Path, file: String) -> Result<Source, CliError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Source { file, text }),
        Err(error) => {
            Err(CliError::usage("cli.unreadable-file", format!("cannot read {}: {error}", path.display())))
        }
    }
}
