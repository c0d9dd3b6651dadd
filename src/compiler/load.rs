//! Reads a project folder from the disk; nothing else in the compiler does.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::contract;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::diagnostic::Phase;
use super::diagnostic::Severity;
use super::source::File;
use super::source::place;
use crate::sql::span::Span;

/// How deep below `models` files are read: database, schema, object.
const MODELS_DEPTH: usize = 3;

/// The byte order mark.
const MARK: char = '\u{feff}';

/// Folders besides `models`, of which only the files directly in them are read.
const FLAT: &[&str] = &["clusters", "roles", "network-policies"];

/// Reads the files of a project, sorted by path, and reports those that cannot be read.
///
/// A folder that is no project gives no files and `project.not-a-project`.
pub fn load(root: &Path) -> (Vec<File>, Vec<Diagnostic>) {
    let mut reader = Reader { root, files: Vec::new(), found: Vec::new() };
    if !root.join("project.toml").is_file() {
        reader.report(Code::NotAProject, "project.toml", "there is no project.toml, so this is no project");
        return (Vec::new(), reader.found);
    }
    reader.read("project.toml");
    if root.join(contract::FILE).exists() {
        reader.read(contract::FILE);
    }
    if root.join("models").is_dir() {
        reader.folder("models", MODELS_DEPTH);
    } else {
        reader.report(Code::NotAProject, "models", "there is no folder `models`");
    }
    for folder in FLAT {
        let path = root.join(folder);
        if path.is_dir() {
            reader.folder(folder, 1);
        } else if path.exists() {
            reader.report(Code::UnreadableFile, folder, &format!("`{folder}` is a file, not a folder"));
        }
    }
    reader.files.sort_by(|a, b| a.path.cmp(&b.path));
    (reader.files, reader.found)
}

/// What became of one file of a project.
#[derive(Debug)]
pub enum Reading {
    /// It is there.
    File(File),
    /// It is no file, or none that belongs to a project.
    Nothing,
    /// It is there and cannot be read.
    Unreadable(Diagnostic),
}

/// Reads one file of a project; its path is relative to it, with `/` between its parts.
pub fn read(root: &Path, path: &str) -> Reading {
    let belongs = path == contract::FILE || place(path).is_some();
    if !belongs || !root.join(path).is_file() {
        return Reading::Nothing;
    }
    let mut reader = Reader { root, files: Vec::new(), found: Vec::new() };
    reader.read(path);
    match (reader.files.pop(), reader.found.pop()) {
        (Some(file), _) => Reading::File(file),
        (None, Some(found)) => Reading::Unreadable(found),
        (None, None) => Reading::Nothing,
    }
}

struct Reader<'a> {
    root: &'a Path,
    files: Vec<File>,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reads what the project uses of a folder, and as many levels below it.
    fn folder(&mut self, path: &str, depth: usize) {
        let entries = match fs::read_dir(self.root.join(path)) {
            Ok(entries) => entries,
            Err(error) => {
                self.report(Code::UnreadableFile, path, &format!("cannot be read: {error}"));
                return;
            }
        };
        for entry in entries {
            let name = match entry {
                Ok(entry) => entry.file_name(),
                Err(error) => {
                    self.report(Code::UnreadableFile, path, &format!("cannot be read: {error}"));
                    continue;
                }
            };
            let Some(name) = name.to_str() else {
                let message = format!("the name of {} is no UTF-8", name.display());
                self.report(Code::UnreadableFile, path, &message);
                continue;
            };
            let below = format!("{path}/{name}");
            // What a link points to counts.
            if self.root.join(&below).is_dir() {
                if depth > 1 && !name.starts_with('.') {
                    self.folder(&below, depth - 1);
                }
            } else if place(&below).is_some() {
                self.read(&below);
            }
        }
    }

    fn read(&mut self, path: &str) {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    // Some editors begin a file with a mark that is no part of its text.
                    let text = Arc::from(text.strip_prefix(MARK).unwrap_or(&text));
                    self.files.push(File { path: path.to_owned(), text });
                }
                Err(error) => {
                    let byte = error.utf8_error().valid_up_to();
                    let message = format!("this file is no UTF-8 from its byte {byte} on");
                    self.report(Code::UnreadableFile, path, &message);
                }
            },
            Err(error) => self.report(Code::UnreadableFile, path, &format!("cannot be read: {error}")),
        }
    }

    fn report(&mut self, code: Code, path: &str, message: &str) {
        self.found.push(Diagnostic {
            severity: Severity::Error,
            phase: Phase::Compile,
            code,
            message: message.to_owned(),
            file: path.to_owned(),
            span: Span::default(),
            line: 1,
            column: 1,
            help: None,
            labels: Vec::new(),
        });
    }
}
