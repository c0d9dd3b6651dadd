//! Files that mzflow writes into a project for people to go on with. What exists is never written
//! over; what mzflow alone makes (the types of `mz`) is brought up to date.

use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::app::CliError;
use super::exit::Exit;
use super::ui::Ui;
use crate::lua::stubs as types;

/// Where the types of `mz` are, below the project: a folder that is not committed.
const TYPES: &str = ".mzflow/lua/mzflow.d.lua";

/// What the Lua language server reads of a project.
const LUARC: &str = include_str!("new/luarc.json");

/// The files that were written, and those that were there already.
#[derive(Debug, Default)]
pub(crate) struct Written {
    made: Vec<PathBuf>,
    kept: Vec<PathBuf>,
}

impl Written {
    /// The files that were written.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.made.iter().map(|path| path.display().to_string()).collect()
    }

    /// Tells people.
    pub(crate) fn tell(&self, ui: &Ui, label: &str) {
        for path in &self.made {
            ui.step(label, &path.display().to_string(), None);
        }
        for path in &self.kept {
            ui.step(label, &format!("{} is there and stays as it is", path.display()), None);
        }
    }

    /// Adds what was written besides.
    pub(crate) fn and(&mut self, other: Self) {
        self.made.extend(other.made);
        self.kept.extend(other.kept);
    }
}

fn failed(path: &Path, error: &std::io::Error) -> CliError {
    let message = format!("cannot write {}: {error}", path.display());
    CliError { exit: Exit::Failed, ..CliError::usage("cli.cannot-write", message) }
}

/// Writes a file that does not exist.
///
/// # Errors
/// `cli.exists` where it does, `cli.cannot-write`.
pub(crate) fn create(path: &Path, text: &str) -> Result<Written, CliError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    // Made only where nothing is: what somebody has changed is never written over.
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    match made.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(Written { made: vec![path.to_owned()], ..Written::default() }),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("{} exists and is not written over", path.display());
            Err(CliError { exit: Exit::Refused, ..CliError::usage("cli.exists", message) })
        }
        Err(error) => Err(failed(path, &error)),
    }
}

/// Writes the types of `mz` for editors, and what tells an editor where they are.
///
/// # Errors
/// `cli.cannot-write`.
pub(crate) fn stubs(project: &Path) -> Result<Written, CliError> {
    let mut written = Written::default();
    let (path, text) = (project.join(TYPES), types::text());
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        let folder = path.parent().unwrap_or(project);
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        std::fs::write(&path, text).map_err(|error| failed(&path, &error))?;
        written.made.push(path);
    }
    let luarc = project.join(".luarc.json");
    if !luarc.exists() {
        written.and(create(&luarc, LUARC)?);
    }
    Ok(written)
}
