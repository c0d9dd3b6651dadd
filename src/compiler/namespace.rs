//! What a name in a file means: the project's own objects, what it declares, the system's.
//!
//! There is no search path: a bare name is in the file's own schema, or the system's. Start
//! reading at [`Namespace::resolve`].

use std::collections::HashMap;
use std::collections::hash_map;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::draft::Key;
use super::settings::Dependency;
use super::settings::SYSTEM_SCHEMAS;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::sql::ast::RawName;

/// Everything that has a name.
#[derive(Default)]
pub(super) struct Namespace {
    entries: FxHashMap<ObjectName, Entry>,
    /// Schemas in which a source makes tables that only the server knows, with that source.
    open: FxHashMap<SchemaName, ObjectName>,
    /// Databases of the project by the name of their folder.
    databases: HashMap<Ident, Ident>,
    declared: FxHashMap<ObjectName, usize>,
}

/// By how many bytes the length of a name may differ from one that is near.
const NEAR: usize = 3;

/// How many names of one schema are looked at for one that is near.
const CROWD: usize = 200;

/// What has a name.
enum Entry {
    /// An object, and whose files make it.
    Object(Arc<Key>),
    /// A table that comes with a source, and whose files make that.
    Subsource(ObjectName, Arc<Key>),
    /// An object whose file could not be read.
    Broken,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An object of the project.
    Object(ObjectName),
    /// A table that comes with a source, which is named first.
    Subsource(ObjectName, ObjectName),
    /// Perhaps a table that comes with a source, which is named first.
    PerhapsSubsource(ObjectName, ObjectName),
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
            Self::Object(name)
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

    /// Registers an object; tells whether its name was free.
    pub(super) fn add_object(&mut self, name: ObjectName, key: Arc<Key>) -> bool {
        self.insert(name, Entry::Object(key))
    }

    /// Registers a table that comes with a source; tells whether its name was free.
    pub(super) fn add_table(&mut self, name: ObjectName, source: ObjectName, key: Arc<Key>) -> bool {
        self.insert(name, Entry::Subsource(source, key))
    }

    /// Registers a source whose tables only the server knows.
    pub(super) fn add_open(&mut self, source: ObjectName) {
        self.open.insert(source.schema_name(), source);
    }

    /// Makes room for that many names.
    pub(super) fn reserve(&mut self, names: usize) {
        self.entries.reserve(names);
    }

    fn insert(&mut self, name: ObjectName, entry: Entry) -> bool {
        match self.entries.entry(name) {
            hash_map::Entry::Vacant(place) => {
                place.insert(entry);
            }
            hash_map::Entry::Occupied(mut place) if matches!(place.get(), Entry::Broken) => {
                place.insert(entry);
            }
            hash_map::Entry::Occupied(_) => return false,
        }
        true
    }

    /// Whether these are the databases of the project.
    pub(super) fn is_of(&self, databases: &HashMap<Ident, Ident>) -> bool {
        self.databases == *databases
    }

    /// Forgets every name of the project's objects.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.open.clear();
    }

    /// Forgets a name.
    pub(super) fn remove(&mut self, name: &ObjectName) {
        self.entries.remove(name);
    }

    /// Whose files make what has a name, and the object among what they make.
    pub(super) fn owner<'a>(&'a self, name: &'a ObjectName) -> Option<(&'a Arc<Key>, &'a ObjectName)> {
        match self.entries.get(name)? {
            Entry::Object(key) => Some((key, name)),
            Entry::Subsource(source, key) => Some((key, source)),
            Entry::Broken => None,
        }
    }

    /// Names that somebody may have meant who wrote another one: in its schema under a similar
    /// name, or under its own name in another schema. In no order.
    pub(super) fn near(&self, name: &ObjectName) -> Vec<&ObjectName> {
        let names = || self.entries.keys().chain(self.declared.keys());
        let home = name.schema_name();
        let length = name.object.as_str().len();
        let is_near =
            |one: &&ObjectName| one.is_in(&home) && one.object.as_str().len().abs_diff(length) <= NEAR;
        let mut near: Vec<&ObjectName> = names().filter(is_near).collect();
        // In a schema of thousands only those count that begin alike, so that comparing stays quick.
        if near.len() > CROWD {
            let first = name.object.as_str().chars().next();
            near.retain(|one| one.object.as_str().chars().next() == first);
        }
        near.extend(names().filter(|one| one.object == name.object));
        near
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
            Some(Entry::Object(_)) => return Meaning::Object(full),
            Some(Entry::Subsource(source, _)) => return Meaning::Subsource(source.clone(), full),
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
        if let Some(source) = self.open.get(&full.schema_name()) {
            return Meaning::PerhapsSubsource(source.clone(), full);
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
