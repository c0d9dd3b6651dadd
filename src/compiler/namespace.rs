//! What a name in a file means: the project's own objects, what it declares, the system's.
//!
//! There is no search path: a bare name is in the file's own schema, or the system's. Start
//! reading at [`Namespace::resolve`].

use std::collections::HashMap;

use super::draft::Draft;
use super::generator;
use super::settings::Dependency;
use super::settings::SYSTEM_SCHEMAS;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;

/// Everything that has a name.
#[derive(Default)]
pub(super) struct Namespace {
    entries: HashMap<ObjectName, Entry>,
    /// Schemas in which a source makes tables that only the server knows, with that source.
    open: HashMap<SchemaName, usize>,
    /// Databases of the project by the name of their folder.
    databases: HashMap<Ident, Ident>,
    declared: HashMap<ObjectName, usize>,
}

/// What has a name.
#[derive(Clone, Copy)]
enum Entry {
    /// The object that a draft creates.
    Object(usize),
    /// A table that comes with the source that a draft creates.
    Subsource(usize),
    /// An object whose file could not be read.
    Broken,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The object of a draft.
    Object(usize, ObjectName),
    /// A table that comes with the source of a draft.
    Subsource(usize, ObjectName),
    /// Perhaps a table that comes with the source of a draft.
    PerhapsSubsource(usize, ObjectName),
    /// An object whose file could not be read.
    Broken(ObjectName),
    /// An object of the system: its schema and its own name.
    System(Ident, Ident),
    /// A declared dependency, by its number.
    Declared(usize, ObjectName),
    /// An object of a database that is not the project's.
    Foreign(ObjectName),
    /// Nothing; the full name it would have.
    Unknown(ObjectName),
    /// Too many parts to be a name.
    Malformed,
}

impl Meaning {
    /// The full name of an object that is not the system's.
    pub(super) fn name(&self) -> Option<&ObjectName> {
        match self {
            Self::Object(_, name)
            | Self::Subsource(_, name)
            | Self::PerhapsSubsource(_, name)
            | Self::Declared(_, name)
            | Self::Broken(name)
            | Self::Foreign(name)
            | Self::Unknown(name) => Some(name),
            Self::System(..) | Self::Malformed => None,
        }
    }
}

impl Namespace {
    /// Registers the databases of the project, each by its folder and its production name.
    pub(super) fn new(databases: HashMap<Ident, Ident>, declared: &[Dependency]) -> Self {
        let declared = declared.iter().enumerate().map(|(number, one)| (one.name.clone(), number)).collect();
        Self { databases, declared, ..Self::default() }
    }

    /// Registers an object whose file could not be read.
    pub(super) fn add_broken(&mut self, name: ObjectName) {
        self.entries.entry(name).or_insert(Entry::Broken);
    }

    /// Registers the object of a draft and the tables that come with it; returns the tables, and
    /// every name that was taken already.
    pub(super) fn add(&mut self, number: usize, draft: &Draft<'_>) -> (Vec<ObjectName>, Vec<ObjectName>) {
        let mut taken = Vec::new();
        self.insert(draft.name.clone(), Entry::Object(number), &mut taken);
        let StatementKind::CreateSource(source) = &draft.main.kind else { return (Vec::new(), taken) };
        let schema = draft.name.schema_name();
        let tables = generator::subsources(source, &draft.name.object);
        if tables.is_open {
            self.open.insert(schema.clone(), number);
        }
        let mut names: Vec<ObjectName> =
            tables.names.iter().filter_map(|name| self.complete(&schema, name)).collect();
        names.sort();
        names.dedup();
        for name in &names {
            self.insert(name.clone(), Entry::Subsource(number), &mut taken);
        }
        (names, taken)
    }

    fn insert(&mut self, name: ObjectName, entry: Entry, taken: &mut Vec<ObjectName>) {
        match self.entries.get(&name) {
            None | Some(Entry::Broken) => {
                self.entries.insert(name, entry);
            }
            Some(Entry::Object(_) | Entry::Subsource(_)) => taken.push(name),
        }
    }

    /// The draft that has a name, if one does.
    pub(super) fn owner(&self, name: &ObjectName) -> Option<usize> {
        match self.entries.get(name) {
            Some(Entry::Object(number) | Entry::Subsource(number)) => Some(*number),
            Some(Entry::Broken) | None => None,
        }
    }

    /// Every name that can be read, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &ObjectName> {
        self.entries.keys().chain(self.declared.keys())
    }

    /// The full name of what is written in a schema, with the suffix; `None` where it has too many
    /// parts.
    pub(super) fn complete(&self, home: &SchemaName, parts: &[Ident]) -> Option<ObjectName> {
        match parts {
            [object] => Some(home.object(object.clone())),
            [schema, object] => Some(ObjectName::new(home.database.clone(), schema.clone(), object.clone())),
            [database, schema, object] => {
                let database = self.databases.get(database).unwrap_or(database);
                Some(ObjectName::new(database.clone(), schema.clone(), object.clone()))
            }
            _ => None,
        }
    }

    /// Tells what a name means that is written in a file of a schema.
    pub(super) fn resolve(&self, home: &SchemaName, name: &RawName) -> Meaning {
        if let [schema, object] = name.parts.as_slice()
            && SYSTEM_SCHEMAS.contains(&schema.as_str())
        {
            return Meaning::System(schema.clone(), object.clone());
        }
        let Some(full) = self.complete(home, &name.parts) else { return Meaning::Malformed };
        match self.entries.get(&full) {
            Some(Entry::Object(number)) => return Meaning::Object(*number, full),
            Some(Entry::Subsource(number)) => return Meaning::Subsource(*number, full),
            Some(Entry::Broken) => return Meaning::Broken(full),
            None => {}
        }
        if let Some(number) = self.declaration(&full) {
            return Meaning::Declared(number, full);
        }
        if let [object] = name.parts.as_slice()
            && let Some(schema) = system_schema(object)
        {
            return Meaning::System(schema, object.clone());
        }
        if let Some(number) = self.open.get(&full.schema_name()) {
            return Meaning::PerhapsSubsource(*number, full);
        }
        if self.databases.values().any(|database| *database == full.database) {
            Meaning::Unknown(full)
        } else {
            Meaning::Foreign(full)
        }
    }

    /// The entry of `dependencies` for an object; entries know nothing of suffixes.
    fn declaration(&self, name: &ObjectName) -> Option<usize> {
        if let Some(number) = self.declared.get(name) {
            return Some(*number);
        }
        self.declared.get(&self.unsuffixed(name)?).copied()
    }

    /// The name with the folder of its database instead of that; `None` for another database.
    pub(super) fn unsuffixed(&self, name: &ObjectName) -> Option<ObjectName> {
        let (folder, _) = self.databases.iter().find(|(_, database)| **database == name.database)?;
        Some(ObjectName::new(folder.clone(), name.schema.clone(), name.object.clone()))
    }
}

/// The schema of the system that a bare name is in, by its prefix.
///
/// Source: the server searches `mz_catalog` and `pg_catalog` for bare names; their relations all
/// carry the prefix of their schema.
fn system_schema(object: &Ident) -> Option<Ident> {
    let schema = if object.as_str().starts_with("mz_") {
        "mz_catalog"
    } else if object.as_str().starts_with("pg_") {
        "pg_catalog"
    } else {
        return None;
    };
    Ident::new(schema).ok()
}
