//! Databases and schemas, what their modifier files say, and what is defined outside of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::btree_map;

use super::Workspace;
use crate::compiler::checks;
use crate::compiler::definition::Database;
use crate::compiler::definition::Modifiers;
use crate::compiler::definition::Schema;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::files::Files;
use crate::compiler::global;
use crate::compiler::modifier;
use crate::compiler::modifier::Target;
use crate::compiler::source::Place;
use crate::compiler::source::Source;
use crate::compiler::source::identifier;
use crate::name::Ident;
use crate::name::SchemaName;

/// The databases of the project: their folders and their production names.
pub(super) fn databases(files: &Files, suffix: &str) -> HashMap<Ident, Ident> {
    let folders: BTreeSet<&str> = files
        .sources
        .values()
        .filter_map(|source| match &source.place {
            Place::Object(database, ..) | Place::Schema(database, _) => Some(database.as_str()),
            _ => None,
        })
        .collect();
    let names = folders
        .into_iter()
        .filter_map(|folder| Some((Ident::new(folder).ok()?, Ident::new(format!("{folder}{suffix}")).ok()?)));
    names.collect()
}

impl Workspace {
    /// Reads the modifier files of the databases and schemas that hold objects; returns the schemas,
    /// by their folders, whose API is stable now or was so.
    pub(super) fn read_containers(&mut self) -> BTreeSet<(String, String)> {
        let mut found = Vec::new();
        let mut databases: BTreeMap<Ident, Modifiers> = BTreeMap::new();
        let mut schemas: BTreeMap<SchemaName, (Modifiers, bool)> = BTreeMap::new();
        let mut folders: HashMap<SchemaName, (String, String)> = HashMap::new();
        let mut last = None;
        for (key, entry) in &self.files.entries {
            let Some((name, _)) = entry.shape.objects.first() else { continue };
            // Those of one schema stand together.
            let own = Some((key.database.as_str(), key.schema.as_str()));
            if last == own {
                continue;
            }
            last = own;
            if !databases.contains_key(&name.database) {
                databases.insert(name.database.clone(), Modifiers::default());
            }
            let schema = name.schema_name();
            if let btree_map::Entry::Vacant(place) = schemas.entry(schema) {
                folders.insert(place.key().clone(), (key.database.clone(), key.schema.clone()));
                place.insert((Modifiers::default(), false));
            }
        }
        for source in self.modifiers() {
            self.read_modifier(source, &mut databases, &mut schemas, &mut found);
        }
        let was_stable =
            self.project.schemas.iter().filter(|schema| schema.stable).map(|schema| &schema.name);
        let is_stable = schemas.iter().filter(|(_, (_, stable))| *stable).map(|(name, _)| name);
        let stable = was_stable.chain(is_stable).filter_map(|name| folders.get(name).cloned()).collect();
        let database = |(name, modifiers)| Database { name, modifiers };
        self.project_mut().databases = databases.into_iter().map(database).collect();
        let schema = |(name, (modifiers, stable))| Schema { name, stable, modifiers };
        self.project_mut().schemas = schemas.into_iter().map(schema).collect();
        self.found.containers = found;
        // The first object of a schema stands for its folders.
        let mut drafts: Vec<Draft<'_>> = Vec::new();
        let mut schema = None;
        for (key, entry) in &self.files.entries {
            let own = Some((key.database.as_str(), key.schema.as_str()));
            if !entry.shape.objects.is_empty() && schema != own {
                schema = own;
                drafts.extend(self.files.drafts(key).next());
            }
        }
        let mut found = Vec::new();
        checks::compatibility::check_folders(&drafts, &mut found);
        self.found.folders = found;
        stable
    }

    /// The modifier files; one without its folder is not read.
    fn modifiers(&self) -> Vec<&Source> {
        let is_modifier = |source: &Source| matches!(source.place, Place::Database(_) | Place::Schema(..));
        let modifiers = self.files.wanted(is_modifier);
        let has_modified_schema = |database: &str| {
            let schemas = modifiers.iter().filter_map(|source| match &source.place {
                Place::Schema(database, _) => Some(database.as_str()),
                _ => None,
            });
            schemas.into_iter().any(|other| other == database)
        };
        let is_read = |source: &&Source| match &source.place {
            Place::Database(database) => {
                self.files.has_folder(database, None) || has_modified_schema(database)
            }
            Place::Schema(database, schema) => self.files.has_folder(database, Some(schema)),
            _ => false,
        };
        modifiers.iter().copied().filter(is_read).collect()
    }

    fn read_modifier(
        &self,
        source: &Source,
        databases: &mut BTreeMap<Ident, Modifiers>,
        schemas: &mut BTreeMap<SchemaName, (Modifiers, bool)>,
        found: &mut Vec<Diagnostic>,
    ) {
        let (folder, schema) = match &source.place {
            Place::Database(database) => (database, None),
            Place::Schema(database, schema) => (database, Some(schema)),
            _ => return,
        };
        found.extend(source.diagnostics(self.options.profile.as_deref()));
        let Some(folder) = identifier(source, folder, found) else { return };
        let name = format!("{}{}", folder.as_str(), self.project.settings.suffix);
        let Some(database) = identifier(source, &name, found) else { return };
        match schema {
            None => {
                let (modifiers, _) = modifier::read(source, &Target::Database(&folder, &database), found);
                databases.insert(database, modifiers);
            }
            Some(schema) => {
                let Some(schema) = identifier(source, schema, found) else { return };
                let schema = SchemaName::new(database, schema);
                let read = modifier::read(source, &Target::Schema(&folder, &schema), found);
                schemas.insert(schema, read);
            }
        }
    }

    /// Reads the definitions of clusters, roles and network policies.
    pub(super) fn read_globals(&mut self) {
        let profile = self.options.profile.as_deref();
        let is_global = |source: &Source| {
            matches!(source.place, Place::Cluster(_) | Place::Role(_) | Place::NetworkPolicy(_))
        };
        let sources = self.files.wanted(is_global);
        let wrong = sources.iter().flat_map(|source| source.diagnostics(profile));
        let mut found: Vec<Diagnostic> = wrong.map(Diagnostic::for_apply).collect();
        let globals = global::read(&sources, &self.project.settings.suffix, profile, &mut found);
        self.project_mut().clusters = globals.clusters;
        self.project_mut().roles = globals.roles;
        self.project_mut().network_policies = globals.network_policies;
        self.found.globals = found;
    }
}
