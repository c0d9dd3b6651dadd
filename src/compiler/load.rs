//! Reads a project folder from the disk; nothing else in the compiler does.

use std::fs;
use std::fs::DirEntry;
use std::fs::FileType;
use std::path::Path;
use std::sync::Arc;

use rayon::iter::IntoParallelIterator;
use rayon::iter::ParallelIterator;

use super::contract;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::diagnostic::Phase;
use super::diagnostic::Severity;
use super::pool;
use super::source::File;
use super::source::place;
use crate::sql::span::Span;

/// How deep below `models` files are read: database, schema, object.
const MODELS_DEPTH: usize = 3;

/// The byte order mark.
const MARK: char = '\u{feff}';

/// Folders besides `models`, of which only the files directly in them are read.
const FLAT: &[&str] = &["clusters", "roles", "network-policies"];

/// What is said of what is neither a file nor a folder: opening a pipe would wait for who writes into it.
const NO_FILE: &str = "this is no file";

/// Reads the files of a project, sorted by path, and reports those that cannot be read.
///
/// A folder that is no project gives no files and `project.not-a-project`.
pub fn load(root: &Path) -> (Vec<File>, Vec<Diagnostic>) {
    if !root.join("project.toml").is_file() {
        let message = format!("there is no project.toml in `{}`, so this is no project", root.display());
        let help = Some("`cd` into a project, or name its folder with `--project`".to_owned());
        return (Vec::new(), vec![Diagnostic { help, ..wrong(Code::NotAProject, "project.toml", message) }]);
    }
    let mut reader = Reader { root, paths: Vec::new(), found: Vec::new() };
    reader.paths.push("project.toml".to_owned());
    let types = root.join(contract::FILE);
    if types.is_file() {
        reader.paths.push(contract::FILE.to_owned());
    } else if types.exists() {
        reader.report(Code::UnreadableFile, contract::FILE, NO_FILE);
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
    let Reader { mut paths, found: of_folders, .. } = reader;
    paths.sort();
    let read: Vec<_> = pool::run(|| paths.into_par_iter().map(|path| file(root, path)).collect());
    let (mut files, mut found) = (Vec::with_capacity(read.len()), Vec::new());
    for read in read {
        match read {
            Ok(file) => files.push(file),
            Err(unreadable) => found.push(*unreadable),
        }
    }
    found.extend(of_folders);
    (files, found)
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
    let kind = fs::metadata(root.join(path)).ok().map(|found| found.file_type());
    let Some(kind) = kind.filter(|kind| belongs && !kind.is_dir()) else { return Reading::Nothing };
    if !kind.is_file() {
        return Reading::Unreadable(wrong(Code::UnreadableFile, path, NO_FILE.to_owned()));
    }
    match file(root, path.to_owned()) {
        Ok(file) => Reading::File(file),
        Err(found) => Reading::Unreadable(*found),
    }
}

/// Reads the text of a file.
fn file(root: &Path, path: String) -> Result<File, Box<Diagnostic>> {
    let bytes = match fs::read(root.join(&path)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot be read: {error}");
            return Err(Box::new(wrong(Code::UnreadableFile, &path, message)));
        }
    };
    match str::from_utf8(&bytes) {
        // Some editors begin a file with a mark that is no part of its text.
        Ok(text) => Ok(File { path, text: Arc::from(text.strip_prefix(MARK).unwrap_or(text)) }),
        Err(error) => {
            let byte = error.valid_up_to();
            let message = format!("this file is no UTF-8 from its byte {byte} on");
            Err(Box::new(wrong(Code::UnreadableFile, &path, message)))
        }
    }
}

/// Says what is wrong with a file or a folder as a whole.
fn wrong(code: Code, path: &str, message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        phase: Phase::Compile,
        code,
        message,
        file: path.to_owned(),
        span: Span::default(),
        line: 1,
        column: 1,
        help: None,
        labels: Vec::new(),
    }
}

/// Finds the files that a project uses.
struct Reader<'a> {
    root: &'a Path,
    paths: Vec<String>,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Looks at a folder and as many levels below it.
    fn folder(&mut self, path: &str, depth: usize) {
        let entries = match fs::read_dir(self.root.join(path)) {
            Ok(entries) => entries,
            Err(error) => {
                self.report(Code::UnreadableFile, path, &format!("cannot be read: {error}"));
                return;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.report(Code::UnreadableFile, path, &format!("cannot be read: {error}"));
                    continue;
                }
            };
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let message = format!("the name of {} is no UTF-8", name.display());
                self.report(Code::UnreadableFile, path, &message);
                continue;
            };
            let below = format!("{path}/{name}");
            let kind = self.kind(&entry, &below);
            if kind.is_some_and(|kind| kind.is_dir()) {
                if depth > 1 && !name.starts_with('.') {
                    self.folder(&below, depth - 1);
                }
            } else if place(&below).is_some() {
                match kind {
                    Some(kind) if !kind.is_file() => self.report(Code::UnreadableFile, &below, NO_FILE),
                    _ => self.paths.push(below),
                }
            }
        }
    }

    /// What an entry is; of a link, what it points to counts. `None` where that is not to be seen: reading it
    /// tells why.
    fn kind(&self, entry: &DirEntry, path: &str) -> Option<FileType> {
        match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => Some(kind),
            _ => fs::metadata(self.root.join(path)).ok().map(|found| found.file_type()),
        }
    }

    fn report(&mut self, code: Code, path: &str, message: &str) {
        self.found.push(wrong(code, path, message.to_owned()));
    }
}
