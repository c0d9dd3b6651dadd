//! The project's files as the rules see them: path, room, lines, and the escape.

use std::path::Path;
use std::path::PathBuf;

/// One file of the project.
pub(crate) struct File {
    /// Relative to the project, with forward slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl File {
    /// A file that a rule's own test makes up.
    pub(crate) fn made_up(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The room of `src/` it is in: a folder's or a file's name; `main` and `lib` are none.
    pub(crate) fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let room = inside.split('/').next()?;
        let room = room.strip_suffix(".rs").unwrap_or(room);
        (room != "main" && room != "lib").then_some(room)
    }

    /// Tells whether it holds nothing but tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.starts_with("benches/")
            || self.path.ends_with("/tests.rs")
    }

    /// Its tests: all of it, or what stands behind `mod tests`.
    pub(crate) fn tests(&self) -> &str {
        if self.is_test() {
            return &self.text;
        }
        self.text.find("#[cfg(test)]\nmod tests {").map_or("", |at| &self.text[at..])
    }

    /// Its lines of code outside `mod tests`, numbered from 1, comments and escaped lines left out.
    pub(crate) fn code(&self, check: &str) -> Vec<(usize, &str)> {
        let mut lines = Vec::new();
        let mut escaped = false;
        for (at, line) in self.text.lines().enumerate() {
            if line.trim() == "#[cfg(test)]" {
                break;
            }
            let trimmed = line.trim_start();
            if let Some(comment) = trimmed.strip_prefix("//") {
                escaped |= allows(comment, check);
                continue;
            }
            if !std::mem::take(&mut escaped) {
                lines.push((at + 1, line));
            }
        }
        lines
    }
}

/// Tells whether a comment lets the next line off a check: `tidy: allow(check): reason`.
fn allows(comment: &str, check: &str) -> bool {
    let Some(rest) = comment.trim_start().strip_prefix("tidy: allow(") else { return false };
    let (named, reason) = rest.split_once("):").unwrap_or((rest, ""));
    assert!(!reason.trim().is_empty(), "an escape from `{named}` gives no reason");
    named == check
}

/// The project's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the project with that ending, in order.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(&root().join(folder), ending, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<File>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            collect(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            let relative = path.strip_prefix(root()).expect("below the root");
            let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
            found.push(File { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// Fails with a line for each offence.
#[track_caller]
pub(crate) fn none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}\n", offences.join("\n"));
}

#[test]
fn an_escape_needs_a_reason() {
    assert!(allows(" tidy: allow(size): one long table", "size"));
    assert!(!allows(" tidy: allow(size): one long table", "layers"));
    let unreasoned = std::panic::catch_unwind(|| allows(" tidy: allow(size): ", "size"));
    assert!(unreasoned.is_err());
}
