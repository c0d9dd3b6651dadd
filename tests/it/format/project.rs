//! A project in one text.

use std::path::Path;

/// Something that is done in a sandbox.
pub(super) enum Deed {
    /// A statement is sent.
    Sql(String),
    /// A statement is sent, and its rows are told.
    Rows(String),
    /// A command is run, and it is told how it ended; `HERE` is the project's folder.
    Run(String),
}

/// A project with what is to be done with it.
pub(super) struct Project {
    /// Under which profiles it is compiled.
    pub(super) profiles: Vec<Option<String>>,
    /// Whether its statements are told.
    pub(super) sql: bool,
    /// Whether it is applied.
    pub(super) apply: bool,
    /// What is done with it in a sandbox of its own, in order.
    pub(super) deeds: Vec<Deed>,
    files: Vec<(String, String)>,
}

impl Project {
    /// Reads it; a `project.toml` without settings is added where there is none.
    pub(super) fn read(text: &str) -> Self {
        let mut project =
            Self { profiles: vec![None], sql: false, apply: false, deeds: Vec::new(), files: Vec::new() };
        for line in text.split_inclusive('\n') {
            if let Some(path) = line.strip_prefix("-- file: ") {
                project.files.push((path.trim_end().to_owned(), String::new()));
            } else if let Some((_, text)) = project.files.last_mut() {
                text.push_str(line);
            } else {
                project.direction(line.trim());
            }
        }
        if project.files.iter().all(|(path, _)| path != "project.toml") {
            project.files.push(("project.toml".to_owned(), String::new()));
        }
        project
    }

    /// Takes a line before the first file.
    fn direction(&mut self, line: &str) {
        if let Some(profiles) = line.strip_prefix("-- profiles: ") {
            let profile = |word: &str| (word != "-").then(|| word.to_owned());
            self.profiles = profiles.split(' ').map(profile).collect();
        } else if line == "-- show: sql" {
            self.sql = true;
        } else if line == "-- apply" {
            self.apply = true;
        } else if let Some(sql) = line.strip_prefix("-- sql: ") {
            self.deeds.push(Deed::Sql(sql.to_owned()));
        } else if let Some(sql) = line.strip_prefix("-- rows: ") {
            self.deeds.push(Deed::Rows(sql.to_owned()));
        } else if let Some(words) = line.strip_prefix("-- run: ") {
            self.deeds.push(Deed::Run(words.to_owned()));
        } else {
            // Anything else says in words what the project shows.
            assert!(line.is_empty() || line.starts_with('#'), "what is {line:?}?");
        }
    }

    /// Writes its files below a folder, which has a `models` in any case. A path that ends in `/` is a folder.
    pub(super) fn write(&self, root: &Path) {
        std::fs::create_dir_all(root.join("models")).expect("a folder");
        for (path, text) in &self.files {
            let path = root.join(path);
            if path.to_string_lossy().ends_with('/') {
                std::fs::create_dir_all(&path).expect("a folder");
                continue;
            }
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
    }
}
