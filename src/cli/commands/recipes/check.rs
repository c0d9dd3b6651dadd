//! `mzflow recipes check`: mistakes in recipes, policies and tests, found without carrying anything out: their text is read, and what
//! they declare is loaded.
//!
//! First every text is read; then the recipes and policies in which nothing was found are loaded as a
//! run loads them, because some mistakes show only there. Start reading at [`all`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use clap::CommandFactory;
use serde_json::Value;
use serde_json::json;

use crate::cli::Cli;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::policy;
use crate::cli::recipe;
use crate::cli::recipe::Origin;
use crate::cli::render::Report;
use crate::cli::ui::counted;
use crate::lua::host::Host;
use crate::lua::host::Source;
use crate::lua::outline;
use crate::lua::outline::Declares;
use crate::lua::policy::Policy;
use crate::primitives::error::Finding;
use crate::primitives::error::Place;

/// Where a project keeps its tests.
const TESTS: &str = "tests";

/// The folders of a project that hold Lua.
const FOLDERS: [&str; 3] = [recipe::FOLDER, policy::FOLDER, TESTS];

/// Folders are read so many levels deep.
const DEEPEST: usize = 16;

/// Find mistakes in recipes, policies and tests without carrying anything out
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files to check; left out, every .lua file below recipes/, policies/ and tests/ of the project
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A file that is checked.
struct File {
    path: PathBuf,
    source: Source,
}

pub(crate) fn run(app: &App, args: &Args) -> Result<Exit, CliError> {
    let files = files(app.project(), &args.files)?;
    let found = all(app, &files)?;
    let errors = found.iter().filter(|finding| finding.is_error).count();
    let exit = if errors > 0 { Exit::Failed } else { Exit::Done };
    if app.ui.json {
        let names: Vec<&str> = files.iter().map(|file| file.source.file.as_str()).collect();
        let diagnostics: Vec<Value> = found.iter().map(diagnostic).collect();
        app.ui.json(&json!({ "files": names, "diagnostics": diagnostics }));
        return Ok(exit);
    }
    for finding in &found {
        app.ui.say(&format!("{}\n", Report::of_finding(finding).text(app.ui.colour, app.ui.width())));
    }
    let warnings = found.len() - errors;
    let mut parts = vec![counted(files.len(), "file")];
    parts.extend((errors > 0).then(|| counted(errors, "error")));
    parts.extend((warnings > 0).then(|| counted(warnings, "warning")));
    let told =
        if found.is_empty() { format!("{}, nothing wrong", parts.join(", ")) } else { parts.join(", ") };
    app.ui.step("check", &told, None);
    Ok(exit)
}

/// Everything that is wrong, in the order of files and places.
fn all(app: &App, files: &[File]) -> Result<Vec<Finding>, CliError> {
    let mut found: Vec<Vec<Finding>> = Vec::new();
    for file in files {
        // A Lua of its own each: what one file makes is nothing to the next.
        found.push(Host::new(app.facts(BTreeMap::new()))?.check(&file.source));
    }
    let modules = modules(app.project());
    let mut known: BTreeSet<Mark> = found.iter().flatten().map(mark).collect();
    for (file, own) in files.iter().zip(&mut found) {
        // Loading would only say again what is wrong with the text, or stumble over it.
        if own.iter().any(|finding| finding.is_error) {
            continue;
        }
        let Err(error) = load(app, file, &modules) else { continue };
        let finding = of_loading(error, &file.source);
        // What is wrong with a module has been told there, or by the first that requires it.
        if known.insert(mark(&finding)) {
            own.push(finding);
            own.sort_by_key(|finding| finding.places.first().map(|place| (place.line, place.column)));
        }
    }
    Ok(found.into_iter().flatten().collect())
}

/// What makes two findings the same mistake: the code, the file and the line.
type Mark = (String, Option<(String, usize)>);

fn mark(finding: &Finding) -> Mark {
    let place = finding.places.first().map(|place| (place.file.clone(), place.line));
    (finding.code.clone(), place)
}

/// Loads a file as a run does, if it is one that a run loads. What its functions do is not done.
fn load(app: &App, file: &File, modules: &BTreeSet<PathBuf>) -> Result<(), CliError> {
    match part(app.project(), file, modules) {
        None => Ok(()),
        Some(Declares::Recipe) => {
            let loaded = app.load(&file.source, Origin::File, BTreeMap::new())?;
            recipe::with_options(Cli::command(), &loaded.recipe).map(drop)
        }
        Some(Declares::Policy) => {
            let files = recipe::files(app.project().to_owned(), BTreeMap::new());
            Policy::load(file.source.clone(), files)?;
            Ok(())
        }
    }
}

/// What a run would load a file as; `None` for tests, and for what others only require.
fn part(project: &Path, file: &File, modules: &BTreeSet<PathBuf>) -> Option<Declares> {
    let declares = outline::declares(&file.source.text);
    let Some(name) = name_in(project, &file.path) else { return declares };
    if name.starts_with(TESTS) {
        return None;
    }
    let folder = name.parent();
    let by_folder = if folder == Some(Path::new(recipe::FOLDER)) {
        Some(Declares::Recipe)
    } else if folder == Some(Path::new(policy::FOLDER)) {
        Some(Declares::Policy)
    } else {
        None
    };
    declares.or(by_folder.filter(|_| !modules.contains(&name)))
}

/// A file's name below the project.
fn name_in(project: &Path, path: &Path) -> Option<PathBuf> {
    if let Ok(name) = path.strip_prefix(project) {
        return Some(name.to_owned());
    }
    let (project, path) = (project.canonicalize().ok()?, path.canonicalize().ok()?);
    Some(path.strip_prefix(project).ok()?.to_owned())
}

/// The files that others require, by their names below the project.
fn modules(project: &Path) -> BTreeSet<PathBuf> {
    let mut open = Vec::new();
    for folder in FOLDERS {
        collect(&project.join(folder), 0, &mut open);
    }
    let mut found = BTreeSet::new();
    while let Some(path) = open.pop() {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        for name in outline::required(&text) {
            // A module may require others, and stand outside of these folders.
            if found.insert(PathBuf::from(&name)) {
                open.push(project.join(name));
            }
        }
    }
    found
}

/// What loading has found, at its place; at the file's first line where it has none.
fn of_loading(error: CliError, source: &Source) -> Finding {
    let report = *error.report;
    let mut places = report.places;
    if places.is_empty() {
        let first = source.text.lines().next().unwrap_or_default().len();
        places.push(Place {
            file: source.file.clone(),
            line: 1,
            column: 1,
            text: source.text.as_str().into(),
            span: 0..first,
            label: String::new(),
        });
    }
    Finding {
        is_error: true,
        code: report.code,
        message: report.message,
        places,
        help: report.help,
        ..Finding::default()
    }
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
fn files(project: &Path, named: &[PathBuf]) -> Result<Vec<File>, CliError> {
    if !named.is_empty() {
        return named.iter().map(|path| read(path, shown(path))).collect();
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

fn read(path: &Path, file: String) -> Result<File, CliError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(File { path: path.to_owned(), source: Source { file, text } }),
        Err(error) => {
            Err(CliError::usage("cli.unreadable-file", format!("cannot read {}: {error}", path.display())))
        }
    }
}
