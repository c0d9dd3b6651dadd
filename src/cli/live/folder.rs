//! The project's folder as it was when somebody last looked, and the project compiled from it.
//!
//! Reads files where the watcher says so, and nothing else; the compiler takes the difference in.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::recipe;
use crate::compiler;
use crate::compiler::diagnostic;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::load;
use crate::compiler::load::Reading;
use crate::compiler::source::File;
use crate::compiler::workspace::Change;
use crate::compiler::workspace::Workspace;
use crate::name::Ident;
use crate::primitives::compile;
use crate::primitives::compile::Report;
use crate::primitives::compile::Texts;
use crate::watch::queue::Changes;
use crate::watch::queue::Content;
use crate::watch::queue::Look;
use crate::watch::source;

/// Folders of a project whose files, and those of their folders, count.
const DEEP: &[&str] = &["models", "clusters", "roles", "network-policies", recipe::FOLDER];

/// So many folders deep recipes are looked for: a link may lead in a circle.
const DEEPEST_RECIPE: usize = 8;

/// The folder, and what it holds.
pub(crate) struct Folder {
    root: PathBuf,
    /// `profiles.toml`, where the environment is from there.
    profiles: Option<PathBuf>,
    /// The file that it is a link to, if it is one.
    linked: Option<PathBuf>,
    /// Files that the recipe asks for besides those of its folder; some may be missing.
    modules: BTreeSet<PathBuf>,
    options: compiler::Options,
    /// `None` while the folder is no project.
    workspace: Option<Workspace>,
    texts: Texts,
    unreadable: Vec<Diagnostic>,
    /// What was read since the project was compiled.
    read: BTreeMap<String, Arc<str>>,
}

impl Folder {
    /// Reads and compiles a folder; `root` has no links in it.
    pub(crate) fn new(root: PathBuf, request: &compile::Request, profiles: Option<PathBuf>) -> Self {
        let options =
            compiler::Options { profile: request.profile.clone(), variables: request.variables.clone() };
        let (files, unreadable) = load::load(&root);
        let texts = files.iter().map(|file| (file.path.clone(), Arc::clone(&file.text)));
        let texts = Arc::new(texts.collect());
        let workspace = is_project(&unreadable).then(|| Workspace::new(files, options.clone()));
        let linked = profiles.as_deref().and_then(linked);
        let (modules, read) = (BTreeSet::new(), BTreeMap::new());
        Self { root, profiles, linked, modules, options, workspace, texts, unreadable, read }
    }

    /// What everything holds.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Content> {
        let texts = self.texts.iter();
        let mut found: BTreeMap<PathBuf, Content> =
            texts.map(|(path, text)| (self.root.join(path), Content::of(text.as_bytes()))).collect();
        found.extend(self.others());
        found
    }

    /// Recipes and `profiles.toml`: no part of the project, and yet what a build depends on.
    fn others(&self) -> BTreeMap<PathBuf, Content> {
        let mut paths = Vec::new();
        recipes_below(&self.root.join(recipe::FOLDER), DEEPEST_RECIPE, &mut paths);
        let paths = paths.into_iter().chain(self.modules.iter().cloned()).chain(self.profiles.clone());
        paths.filter_map(|path| Some((path.clone(), other(&path)?))).collect()
    }

    /// Takes in which files a recipe asks for, by their names below the project; gives the folders that are to be
    /// watched for them: all that lead to one, as any of them may have yet to come.
    pub(crate) fn take_modules(&mut self, names: &BTreeSet<String>) -> Vec<source::Folder> {
        let recipes = self.root.join(recipe::FOLDER);
        let paths = names.iter().map(|name| self.root.join(name));
        self.modules = paths.filter(|path| !path.starts_with(&recipes)).collect();
        let below = |path: &&Path| path.starts_with(&self.root) && *path != self.root;
        let folders = self.modules.iter().flat_map(|path| path.ancestors().skip(1).take_while(below));
        let folders: BTreeSet<&Path> = folders.collect();
        folders.into_iter().map(|path| source::Folder { path: path.to_owned(), deep: false }).collect()
    }

    /// Whether a file is one of a recipe's.
    fn is_recipe(&self, path: &Path) -> bool {
        let is_lua = path.extension().is_some_and(|ending| ending == "lua");
        is_lua && path.starts_with(self.root.join(recipe::FOLDER)) || self.modules.contains(path)
    }

    /// Looks where something may have happened.
    pub(crate) fn look(&mut self, look: &Look) -> BTreeMap<PathBuf, Content> {
        let mut found = BTreeMap::new();
        // What could not be read, or was no project, may be mended by anything.
        let everything = look.everything || !self.unreadable.is_empty();
        if everything || !look.paths.iter().all(|path| self.look_at(path, &mut found)) {
            return self.look_everywhere();
        }
        found
    }

    /// Looks at one path; whether that was enough.
    fn look_at(&mut self, path: &Path, found: &mut BTreeMap<PathBuf, Content>) -> bool {
        let is_link = self.linked.as_deref() == Some(path);
        let path = if is_link { self.profiles.as_deref().unwrap_or(path) } else { path };
        if self.profiles.as_deref() == Some(path) || self.is_recipe(path) {
            found.extend(other(path).map(|content| (path.to_owned(), content)));
            return true;
        }
        let Some(relative) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) else { return true };
        let relative = relative.replace('\\', "/");
        match load::read(&self.root, &relative) {
            Reading::File(file) => {
                found.insert(path.to_owned(), Content::of(file.text.as_bytes()));
                self.keep(file);
                true
            }
            Reading::Unreadable(_) => false,
            // A folder brings its files with it; without `project.toml` nothing counts.
            Reading::Nothing => !path.is_dir() && relative != "project.toml",
        }
    }

    fn look_everywhere(&mut self) -> BTreeMap<PathBuf, Content> {
        let (files, unreadable) = load::load(&self.root);
        self.unreadable = unreadable;
        let mut found = self.others();
        self.read.clear();
        for file in files {
            found.insert(self.root.join(&file.path), Content::of(file.text.as_bytes()));
            self.keep(file);
        }
        found
    }

    /// Keeps what was read until it is taken; a text that is known already, once.
    fn keep(&mut self, file: File) {
        let known = self.texts.get(&file.path).filter(|known| **known == file.text);
        let text = known.map_or(file.text, Arc::clone);
        self.read.insert(file.path, text);
    }

    /// Compiles what is another.
    pub(crate) fn take(&mut self, changes: &Changes) {
        let relative = |path: &PathBuf| self.relative(path).filter(|path| !path.ends_with(".lua"));
        let removed: Vec<String> = changes.removed.iter().filter_map(relative).collect();
        let written: Vec<(String, Arc<str>)> = changes
            .written
            .iter()
            .filter_map(relative)
            .filter_map(|path| self.read.get(&path).map(|text| (path.clone(), Arc::clone(text))))
            .collect();
        // Whatever else was read is as it was.
        self.read = BTreeMap::new();
        let texts = Arc::make_mut(&mut self.texts);
        for path in &removed {
            texts.remove(path);
        }
        texts.extend(written.iter().cloned());
        if !is_project(&self.unreadable) {
            self.workspace = None;
            return;
        }
        match &mut self.workspace {
            Some(workspace) => {
                let removed = removed.into_iter().map(Change::Removed);
                let written = written.into_iter().map(|(path, text)| Change::Written(File { path, text }));
                workspace.update(removed.chain(written).collect());
            }
            None => {
                let files = self.texts.iter();
                let files = files.map(|(path, text)| File { path: path.clone(), text: Arc::clone(text) });
                self.workspace = Some(Workspace::new(files.collect(), self.options.clone()));
            }
        }
    }

    /// What is said of the project now.
    pub(crate) fn report(&self) -> Report {
        let mut diagnostics = self.unreadable.clone();
        let project = match &self.workspace {
            None => Arc::default(),
            Some(workspace) => {
                diagnostics.extend(workspace.diagnostics());
                workspace.shared_project()
            }
        };
        diagnostic::sort(&mut diagnostics);
        compile::reported(project, Arc::clone(&self.texts), diagnostics)
    }

    /// The names of objects whose files are among these.
    pub(crate) fn objects_in(&self, changes: &Changes) -> BTreeSet<String> {
        let Some(workspace) = &self.workspace else { return BTreeSet::new() };
        let written = changes.written.iter().filter_map(|path| self.relative(path));
        let written: BTreeSet<String> = written.collect();
        let objects = workspace.project().objects.iter().filter(|object| written.contains(&object.file));
        objects.map(|object| object.name.to_string()).collect()
    }

    /// The databases of the project.
    pub(crate) fn databases(&self) -> Vec<String> {
        let databases = self.workspace.iter().flat_map(|workspace| &workspace.project().databases);
        databases.map(|database| database.name.to_string()).collect()
    }

    /// Objects whose files are among these and that no overlay holds, with what they are.
    pub(crate) fn others_in(&self, changes: &Changes) -> Vec<String> {
        let objects = self.workspace.iter().flat_map(|workspace| &workspace.project().objects);
        let written: BTreeSet<String> =
            changes.written.iter().filter_map(|path| self.relative(path)).collect();
        let others = objects.filter(|object| !object.kind.is_staged() && written.contains(&object.file));
        others.map(|object| format!("{} {}", object.kind, object.name)).collect()
    }

    /// What the file of an object says its rows are told apart by.
    pub(crate) fn key(&self, object: &str) -> Vec<String> {
        let objects = self.workspace.iter().flat_map(|workspace| &workspace.project().objects);
        let mut of_it = objects.filter(|known| known.name.to_string() == object);
        let key = of_it.next().map(|found| &found.key);
        key.into_iter().flatten().map(|column| column.as_str().to_owned()).collect()
    }

    /// The databases of an overlay of the project, for people.
    pub(crate) fn overlaid(&self, overlay: &str) -> String {
        let databases = self.workspace.iter().flat_map(|workspace| &workspace.project().databases);
        let names: Vec<String> = databases
            .filter_map(|database| Ident::new(format!("{}__{overlay}", database.name.as_str())).ok())
            .map(|name| name.to_string())
            .collect();
        if names.is_empty() { overlay.to_owned() } else { names.join(", ") }
    }

    /// A path as the compiler has it.
    fn relative(&self, path: &Path) -> Option<String> {
        Some(path.strip_prefix(&self.root).ok()?.to_str()?.replace('\\', "/"))
    }

    /// A path as people write it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// Whether `profiles.toml` is among these.
    pub(crate) fn names_profiles(&self, changes: &Changes) -> bool {
        let is_in = |path: &PathBuf| changes.written.contains(path) || changes.removed.contains(path);
        self.profiles.as_ref().is_some_and(is_in)
    }
}

/// What is to be watched of a project; `root` has no links in it.
pub(crate) fn watched(root: &Path, profiles: Option<&Path>) -> Vec<source::Folder> {
    let flat = |path: &Path| source::Folder { path: path.to_owned(), deep: false };
    let below = DEEP.iter().map(|name| source::Folder { path: root.join(name), deep: true });
    let target = profiles.and_then(linked);
    let profiles = [profiles, target.as_deref()].into_iter().flatten().filter_map(Path::parent).map(flat);
    std::iter::once(flat(root)).chain(below).chain(profiles).collect()
}

/// The file that a link leads to.
fn linked(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().filter(|target| target != path)
}

/// The Lua files below a folder.
fn recipes_below(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|ending| ending == "lua") {
            paths.push(path);
        } else if depth > 0 && path.is_dir() {
            recipes_below(&path, depth - 1, paths);
        }
    }
}

fn is_project(unreadable: &[Diagnostic]) -> bool {
    unreadable.iter().all(|found| found.code != Code::NotAProject)
}

fn other(path: &Path) -> Option<Content> {
    std::fs::read(path).ok().map(|bytes| Content::of(&bytes))
}
