//! The files of a project, parsed, and what those of each object come to by themselves.
//!
//! Nothing here depends on another object's files. Start reading at [`Files::settle`].

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::constraint;
use super::constraint::Lowered;
use super::diagnostic::Diagnostic;
use super::draft::Candidate;
use super::draft::Choice;
use super::draft::Draft;
use super::draft::Key;
use super::draft::choose;
use super::draft::companions;
use super::generator;
use super::namespace::Namespace;
use super::source::Source;
use super::wish::Wish;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::sql::ast::StatementKind;

/// Every SQL file that the project uses, and every object that one is for.
#[derive(Default)]
pub(super) struct Files {
    /// The files by path.
    pub(super) sources: FxHashMap<String, Source>,
    /// What the files of each object come to.
    pub(super) entries: BTreeMap<Arc<Key>, Entry>,
    /// The paths of the files of each object, sorted.
    paths: BTreeMap<Arc<Key>, Vec<String>>,
}

/// What the files of one object come to.
#[derive(Default)]
pub(super) struct Entry {
    /// What is wrong with them by themselves.
    pub(super) found: Vec<Diagnostic>,
    /// What others see of it.
    pub(super) shape: Shape,
    /// What the names of its indexes are to be, for each of its drafts.
    pub(super) wishes: Vec<Vec<Wish>>,
    made: Option<Made>,
}

/// What other files can see of one object's: as long as it stays, they mean what they meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// What they make: the object, then the views of its constraints.
    pub(super) objects: Vec<(ObjectName, ObjectKind)>,
    /// The tables that come with it, sorted.
    pub(super) tables: Vec<ObjectName>,
    /// Whether it is a source whose tables only the server knows.
    pub(super) is_open: bool,
    /// What they should make and do not.
    pub(super) unmade: Option<ObjectName>,
}

impl Shape {
    /// Every name in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &ObjectName> {
        self.objects.iter().map(|(name, _)| name).chain(&self.tables).chain(&self.unmade)
    }
}

/// How an object is made, as places in its file.
struct Made {
    path: String,
    main: usize,
    kind: ObjectKind,
    name: ObjectName,
    folder: Ident,
    views: Vec<Lowered>,
}

impl Files {
    /// The objects that have files.
    pub(super) fn keys(&self) -> impl Iterator<Item = Arc<Key>> + use<'_> {
        self.paths.keys().cloned()
    }

    /// Takes a parsed file, or takes one out; returns what was there before.
    pub(super) fn put(&mut self, path: String, source: Option<Source>) -> Option<Source> {
        let key = source.as_ref().and_then(|source| source.key.clone());
        if let Some(key) = &key {
            let paths = self.paths.entry(Arc::clone(key)).or_insert_with(|| Vec::with_capacity(1));
            if let Err(place) = paths.binary_search(&path) {
                paths.insert(place, path.clone());
            }
        }
        let before = match source {
            Some(source) => self.sources.insert(path.clone(), source),
            None => self.sources.remove(&path),
        };
        // With another text it may be for another object.
        let left = before.as_ref().and_then(|before| before.key.as_ref());
        if let Some(left) = left.filter(|left| key.as_ref() != Some(left))
            && let Some(paths) = self.paths.get_mut(left)
        {
            paths.retain(|other| *other != path);
            if paths.is_empty() {
                self.paths.remove(left);
            }
        }
        before
    }

    /// Those of the files that are wanted, sorted by path.
    pub(super) fn wanted(&self, is_wanted: impl Fn(&Source) -> bool) -> Vec<&Source> {
        let mut wanted: Vec<&Source> = self.sources.values().filter(|source| is_wanted(source)).collect();
        wanted.sort_by(|a, b| a.path.cmp(&b.path));
        wanted
    }

    /// Finds out what the files of an object come to; `None` where there are none any more.
    pub(super) fn settle(
        &self,
        key: &Key,
        suffix: &str,
        profile: Option<&str>,
        complete: &dyn Fn(&ObjectName, &[Ident]) -> Option<ObjectName>,
    ) -> Option<Entry> {
        let mut entry = Entry::default();
        let sources: Vec<&Source> =
            self.paths.get(key)?.iter().filter_map(|path| self.sources.get(path)).collect();
        for source in &sources {
            entry.found.extend(source.diagnostics(profile));
        }
        let candidates: Vec<Candidate<'_>> =
            sources.into_iter().filter_map(|source| Candidate::of(source, &mut entry.found)).collect();
        match choose(&candidates, suffix, profile, &mut entry.found) {
            Some(Choice::Made(draft)) => entry.make(&draft, complete),
            Some(Choice::Unmade(name)) => entry.shape.unmade = Some(name),
            None => {}
        }
        Some(entry)
    }

    /// What the files of an object make: the object, then the views of its constraints.
    pub(super) fn drafts<'a>(&'a self, key: &Key) -> impl Iterator<Item = Draft<'a>> + use<'a> {
        let made = self.entries.get(key).and_then(|entry| entry.made.as_ref());
        let draft = made.and_then(|made| made.draft(&self.sources));
        let views: Vec<Draft<'a>> = match (made, &draft) {
            (Some(made), Some(draft)) => made.views.iter().filter_map(|view| view.draft(draft)).collect(),
            _ => Vec::new(),
        };
        draft.into_iter().chain(views)
    }

    /// The draft of what has a name, be it an object or a table that comes with one.
    pub(super) fn draft<'a>(&'a self, name: &ObjectName, namespace: &Namespace) -> Option<Draft<'a>> {
        let (key, own) = namespace.owner(name)?;
        self.drafts(key).find(|draft| draft.name == *own)
    }

    /// Whether a file stands in the folder of a database, or of a schema in it.
    pub(super) fn has_folder(&self, database: &str, schema: Option<&str>) -> bool {
        let first = Key {
            database: database.to_owned(),
            schema: schema.unwrap_or_default().to_owned(),
            object: String::new(),
        };
        let next = self.paths.range(Arc::new(first)..).next();
        next.is_some_and(|(key, _)| {
            key.database == database && schema.is_none_or(|schema| key.schema == schema)
        })
    }

    /// The keys of a schema's objects.
    pub(super) fn of_schema<'a>(
        &'a self,
        database: &'a str,
        schema: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<Key>, &'a Entry)> {
        let first = Key { database: database.to_owned(), schema: schema.to_owned(), object: String::new() };
        let inside = move |key: &Key| key.database == database && key.schema == schema;
        self.entries.range(Arc::new(first)..).take_while(move |(key, _)| inside(key))
    }
}

impl Entry {
    fn make(&mut self, draft: &Draft<'_>, complete: &dyn Fn(&ObjectName, &[Ident]) -> Option<ObjectName>) {
        let main = draft.source.statements.iter().position(|one| std::ptr::eq(one, draft.main));
        let views = constraint::lower(draft, &mut self.found);
        let drafts: Vec<Draft<'_>> = views.iter().filter_map(|view| view.draft(draft)).collect();
        self.shape.objects.reserve_exact(1 + drafts.len());
        self.wishes.reserve_exact(1 + drafts.len());
        for draft in std::iter::once(draft).chain(&drafts) {
            self.shape.objects.push((draft.name.clone(), draft.kind));
            self.wishes.push(Wish::of(draft));
        }
        if let StatementKind::CreateSource(source) = &draft.main.kind {
            let tables = generator::subsources(source, &draft.name.object);
            let names = tables.names.iter().filter_map(|name| complete(&draft.name, name));
            self.shape.tables = names.collect();
            self.shape.tables.sort();
            self.shape.tables.dedup();
            self.shape.is_open = tables.is_open;
        }
        self.made = Some(Made {
            path: draft.source.path.clone(),
            main: main.unwrap_or_default(),
            kind: draft.kind,
            name: draft.name.clone(),
            folder: draft.folder.clone(),
            views,
        });
    }
}

impl Made {
    fn draft<'a>(&self, sources: &'a FxHashMap<String, Source>) -> Option<Draft<'a>> {
        let source = sources.get(&self.path)?;
        Some(Draft {
            source,
            main: source.statements.get(self.main)?,
            kind: self.kind,
            name: self.name.clone(),
            folder: self.folder.clone(),
            of_constraint: false,
            companions: companions(source),
        })
    }
}
