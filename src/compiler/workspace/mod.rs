//! A project that stays compiled while its files change.
//!
//! A change costs what it touches: its file is parsed, and only objects that name what came, went
//! or changed its kind are looked at again. What is said of the project as a whole (its order, its
//! circles) is found anew only where the answer can differ. Start reading at [`Workspace::update`].

mod containers;
mod link;
mod names;
mod whole;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use rayon::iter::IntoParallelIterator;
use rayon::iter::IntoParallelRefIterator;
use rayon::iter::ParallelIterator;
use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;

use super::Options;
use super::checks;
use super::contract;
use super::contract::Contracts;
use super::diagnostic;
use super::diagnostic::Diagnostic;
use super::draft::Draft;
use super::draft::Key;
use super::files::Entry;
use super::files::Files;
use super::files::Shape;
use super::namespace::Namespace;
use super::pool;
use super::project::Project;
use super::settings;
use super::settings::Settings;
use super::source::File;
use super::source::Place;
use super::source::SETTINGS;
use super::source::Source;
use super::source::place;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use link::Link;

/// What happened to a file of the project's folder.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is new or has another text.
    Written(File),
    /// It is gone; its path, relative to the project, with `/` between its parts.
    Removed(String),
}

/// A project and everything it was made from.
pub struct Workspace {
    options: Options,
    settings_file: Option<Source>,
    /// `types.lock`
    contracts_file: Option<Source>,
    files: Files,
    namespace: Namespace,
    links: FxHashMap<Arc<Key>, Link>,
    /// The names of the indexes of an object's drafts; `None` for one whose name is taken.
    index_names: FxHashMap<Arc<Key>, Vec<Vec<Option<Ident>>>>,
    /// What is wrong with a schema as a whole, by its folders.
    schemas_found: BTreeMap<(String, String), Vec<Diagnostic>>,
    found: Found,
    /// Whoever has asked for it may keep it: the next change makes another where somebody does.
    project: Arc<Project>,
}

/// What is wrong with more than one object.
#[derive(Default)]
struct Found {
    settings: Vec<Diagnostic>,
    contracts: Vec<Diagnostic>,
    duplicates: Vec<Diagnostic>,
    containers: Vec<Diagnostic>,
    folders: Vec<Diagnostic>,
    globals: Vec<Diagnostic>,
    dependencies: Vec<Diagnostic>,
    cycles: Vec<Diagnostic>,
}

/// What a change leads to.
#[derive(Default)]
struct Work {
    /// Whether everything has to be done again but the parsing.
    everything: bool,
    /// Objects whose files changed; sorted, each once, as soon as they are settled.
    keys: Vec<Arc<Key>>,
    /// Whether a file came or went, or a modifier changed.
    containers: bool,
    /// Whether a definition of a cluster, a role or a network policy changed.
    globals: bool,
}

/// What settling the changed objects brought.
#[derive(Default)]
struct Settled {
    /// Every name of an object that changed.
    touched: FxHashSet<ObjectName>,
    /// Names that came or went, or that mean something else now.
    renamed: FxHashSet<ObjectName>,
    /// Schemas, by their folders, in which a name or a kind came or went.
    reshaped: BTreeSet<(String, String)>,
    /// Schemas, by their folders, in which the names of indexes may be others.
    indexed: BTreeSet<(String, String)>,
}

impl Workspace {
    /// Compiles the files of a project.
    pub fn new(files: Vec<File>, options: Options) -> Self {
        pool::run(|| Self::compiled(files, options))
    }

    fn compiled(files: Vec<File>, options: Options) -> Self {
        let mut workspace = Self {
            options,
            settings_file: None,
            contracts_file: None,
            files: Files::default(),
            namespace: Namespace::default(),
            links: FxHashMap::default(),
            index_names: FxHashMap::default(),
            schemas_found: BTreeMap::new(),
            found: Found::default(),
            project: Arc::default(),
        };
        workspace.read_settings();
        let changes = files.into_iter().map(Change::Written).collect();
        let work = Work { everything: true, ..workspace.take_in(changes) };
        workspace.redo(work);
        workspace
    }

    /// Compiles what changed, and what it changes.
    pub fn update(&mut self, changes: Vec<Change>) {
        pool::run(|| {
            let work = self.take_in(changes);
            self.redo(work);
        });
    }

    /// The project; it lacks what a diagnostic that [`Diagnostic::fails_compile`] is about.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The project, to keep.
    pub fn shared_project(&self) -> Arc<Project> {
        Arc::clone(&self.project)
    }

    /// Everything there is to say, sorted by file and place.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let found = &self.found;
        let whole = [
            &found.settings,
            &found.contracts,
            &found.duplicates,
            &found.containers,
            &found.folders,
            &found.globals,
            &found.dependencies,
            &found.cycles,
        ];
        let entries = self.files.entries.values().map(|entry| &entry.found);
        let links = self.links.values().map(|link| &link.found);
        let lists = whole.into_iter().chain(entries).chain(links).chain(self.schemas_found.values());
        let mut found: Vec<Diagnostic> = lists.flatten().cloned().collect();
        diagnostic::sort(&mut found);
        let reads = self.links.values().flat_map(|link| &link.reads);
        checks::relation::suggest(reads.flat_map(|(_, reads)| &reads.unknown), &self.namespace, &mut found);
        found
    }

    /// The project and everything there is to say.
    pub fn into_parts(self) -> (Project, Vec<Diagnostic>) {
        let found = self.diagnostics();
        let Self { project, files, links, namespace, .. } = self;
        // Letting go of thousands of files takes as long as much of the work, and nobody waits for it.
        pool::later(move || drop((files, links, namespace)));
        (Arc::unwrap_or_clone(project), found)
    }

    /// Parses the files that changed.
    fn take_in(&mut self, changes: Vec<Change>) -> Work {
        let mut work = Work::default();
        let (contracts, changes): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|change| change.path() == contract::FILE);
        if let Some(change) = contracts.into_iter().next_back() {
            self.contracts_file = change.into_source();
            self.read_contracts();
            work.everything = true;
        }
        let (settings, others): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|change| change.path() == SETTINGS);
        if let Some(change) = settings.into_iter().next_back() {
            self.settings_file = change.into_source();
            let before = mem::take(&mut self.project_mut().settings);
            self.read_settings();
            work.everything = true;
            if before.variables != self.project.settings.variables {
                let sources = mem::take(&mut self.files).sources;
                let again: Vec<Change> =
                    sources.into_values().map(|source| Change::Written(source.file())).collect();
                self.put(again, &mut work);
            }
        }
        self.put(others, &mut work);
        work
    }

    fn project_mut(&mut self) -> &mut Project {
        Arc::make_mut(&mut self.project)
    }

    fn read_settings(&mut self) {
        self.found.settings.clear();
        let mut settings = match &self.settings_file {
            Some(file) => settings::read(file, self.options.profile.as_deref(), &mut self.found.settings),
            None => Settings::default(),
        };
        settings.variables.extend(self.options.variables.clone());
        self.project_mut().settings = settings;
    }

    fn read_contracts(&mut self) {
        self.found.contracts.clear();
        let contracts = match &self.contracts_file {
            Some(file) => contract::read(file, &mut self.found.contracts),
            None => Contracts::default(),
        };
        self.project_mut().contracts = contracts;
    }

    fn put(&mut self, changes: Vec<Change>, work: &mut Work) {
        let variables = &self.project.settings.variables;
        let parse = |change: Change| {
            let place = place(change.path())?;
            Some(match change {
                Change::Written(file) => {
                    (file.path.clone(), place.clone(), Some(Source::parsed(file, place, variables)))
                }
                Change::Removed(path) => (path, place, None),
            })
        };
        let parsed: Vec<_> = changes.into_par_iter().map(parse).collect();
        self.files.sources.reserve(parsed.len().saturating_sub(self.files.sources.len()));
        for (path, place, source) in parsed.into_iter().flatten() {
            match place {
                Place::Object(..) | Place::Settings => {}
                Place::Database(_) | Place::Schema(..) => work.containers = true,
                Place::Cluster(_) | Place::Role(_) | Place::NetworkPolicy(_) => work.globals = true,
            }
            let (is_there, key) = (source.is_some(), source.as_ref().and_then(|source| source.key.clone()));
            let before = self.files.put(path, source);
            work.containers |= before.is_some() != is_there;
            work.keys
                .extend(before.and_then(|before| before.key).filter(|before| Some(before) != key.as_ref()));
            work.keys.extend(key);
        }
    }

    /// Does what a change leads to.
    fn redo(&mut self, mut work: Work) {
        if work.containers || work.everything {
            let databases = containers::databases(&self.files, &self.project.settings.suffix);
            work.everything |= !self.namespace.is_of(&databases);
            if work.everything {
                self.namespace = Namespace::new(databases, &self.project.settings.dependencies);
            }
        }
        if work.everything {
            // Objects that are no more are found by what was linked.
            work.keys = self.files.keys().collect();
        } else {
            work.keys.sort();
            work.keys.dedup();
        }
        let settled = self.settle(&mut work);
        if work.globals || work.everything {
            self.read_globals();
        }
        let mut reshaped = settled.reshaped.clone();
        if work.containers || !reshaped.is_empty() || work.everything {
            reshaped.extend(self.read_containers());
        }
        reshaped.extend(self.schemas_found.keys().cloned());
        self.check_schemas(reshaped);
        let mut affected = self.affected(&work, &settled);
        affected.extend(self.name_indexes(&settled.indexed));
        affected.sort();
        affected.dedup();
        let made = self.link(&affected, work.everything);
        self.assemble(made, &work);
        self.check_dependencies();
    }

    /// Finds out what the changed files come to, and what others see of it.
    fn settle(&mut self, work: &mut Work) -> Settled {
        let (suffix, profile) = (&self.project.settings.suffix, self.options.profile.as_deref());
        let (files, namespace) = (&self.files, &self.namespace);
        let complete = |of: &ObjectName, parts: &[Ident]| namespace.complete(&of.schema_name(), parts);
        let entries: Vec<Option<Entry>> =
            work.keys.par_iter().map(|key| files.settle(key, suffix, profile, &complete)).collect();
        let entries = work.keys.iter().cloned().zip(entries);
        let mut settled = Settled::default();
        let mut reshaped: Vec<(Arc<Key>, Shape)> = Vec::new();
        if work.everything {
            self.files.entries = entries.filter_map(|(key, entry)| Some((key, entry?))).collect();
            settled.reshaped = schemas(&work.keys);
            settled.indexed.clone_from(&settled.reshaped);
            self.rename(&reshaped, true);
            return settled;
        }
        for (key, entry) in entries {
            let before = match entry {
                Some(entry) => self.files.entries.insert(Arc::clone(&key), entry),
                None => self.files.entries.remove(&key),
            };
            let before = before.unwrap_or_default();
            let nothing = Entry::default();
            let after = self.files.entries.get(&key).unwrap_or(&nothing);
            let schema = || (key.database.clone(), key.schema.clone());
            settled.touched.extend(before.shape.names().chain(after.shape.names()).cloned());
            if before.shape != after.shape {
                settled.reshaped.insert(schema());
                settled.indexed.insert(schema());
                settled.renamed.extend(before.shape.names().chain(after.shape.names()).cloned());
                reshaped.push((Arc::clone(&key), before.shape));
            } else if before.wishes != after.wishes {
                settled.indexed.insert(schema());
            }
        }
        if !self.rename(&reshaped, false) {
            // The order in which names are taken decides who has one: all of them are taken anew.
            work.everything = true;
            settled.indexed.extend(schemas(&self.files.keys().collect::<Vec<_>>()));
        }
        settled
    }

    /// The objects that have to be looked at again.
    fn affected(&self, work: &Work, settled: &Settled) -> Vec<Arc<Key>> {
        if work.everything {
            return self.files.keys().chain(self.links.keys().cloned()).collect();
        }
        let affected = |link: &Link| {
            link.asks_for(&settled.renamed) || (link.looks_inside && link.asks_for(&settled.touched))
        };
        let others = self.links.iter().filter(|(_, link)| affected(link)).map(|(key, _)| Arc::clone(key));
        work.keys.iter().cloned().chain(others).collect()
    }

    /// Looks at schemas as a whole, each by its folders.
    fn check_schemas(&mut self, schemas: BTreeSet<(String, String)>) {
        for (database, schema) in schemas {
            let mut found = Vec::new();
            let made = self.files.of_schema(&database, &schema).flat_map(|(_, entry)| &entry.shape.objects);
            let made: Vec<&(ObjectName, ObjectKind)> = made.collect();
            let is_stable = |name: &ObjectName| {
                self.project.schema(&name.schema_name()).is_some_and(|schema| schema.stable)
            };
            let stable = made.first().is_some_and(|(name, _)| is_stable(name));
            let staged = made.iter().filter(|(_, kind)| kind.is_staged()).count();
            let is_mixed = staged > 0 && staged < made.len();
            if stable || is_mixed {
                let keys = self.files.of_schema(&database, &schema).map(|(key, _)| key);
                let drafts: Vec<Draft<'_>> = keys.flat_map(|key| self.files.drafts(key)).collect();
                if let Some(name) = drafts.first().map(|draft| draft.name.schema_name()) {
                    checks::schema_kind::check(&name, &drafts, &mut found);
                    if stable {
                        checks::stable::check(&name, &drafts, &mut found);
                    }
                }
            }
            if found.is_empty() {
                self.schemas_found.remove(&(database, schema));
            } else {
                self.schemas_found.insert((database, schema), found);
            }
        }
    }
}

impl Change {
    fn path(&self) -> &str {
        match self {
            Self::Written(file) => &file.path,
            Self::Removed(path) => path,
        }
    }

    /// The file as it is, if it is still there.
    fn into_source(self) -> Option<Source> {
        match self {
            Self::Written(file) => Some(Source::plain(file, Place::Settings)),
            Self::Removed(_) => None,
        }
    }
}

/// The schemas of sorted objects, by their folders.
fn schemas(keys: &[Arc<Key>]) -> BTreeSet<(String, String)> {
    let folders = |key: &Arc<Key>| (key.database.clone(), key.schema.clone());
    let alike = |a: &Arc<Key>, b: &Arc<Key>| a.database == b.database && a.schema == b.schema;
    keys.chunk_by(alike).filter_map(|keys| keys.first().map(folders)).collect()
}

/// Does something for each of many, on every core where that is worth it.
fn each<I: Sync, T: Send>(of: &[I], make: impl Fn(&I) -> T + Sync + Send) -> Vec<T> {
    const WORTH_IT: usize = 8;
    if of.len() < WORTH_IT { of.iter().map(make).collect() } else { of.par_iter().map(make).collect() }
}
