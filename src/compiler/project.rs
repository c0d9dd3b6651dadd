//! A compiled project.

use rustc_hash::FxHashMap;

use super::contract::Contract;
use super::contract::ContractName;
use super::contract::Contracts;
use super::definition::Cluster;
use super::definition::Database;
use super::definition::NetworkPolicy;
use super::definition::Role;
use super::definition::Schema;
use super::graph::Graph;
use super::object::Object;
use super::settings::Settings;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::sql::fingerprint::Fingerprint;

/// Everything that a project folder says, under one profile.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Its settings.
    pub settings: Settings,
    /// Its objects, each behind everything it reads; in a broken project those in a circle, and
    /// what reads them, come last.
    pub objects: Vec<Object>,
    /// Who reads whom.
    pub graph: Graph,
    /// The databases that hold its objects, sorted by name.
    pub databases: Vec<Database>,
    /// The schemas that hold its objects, sorted by name.
    pub schemas: Vec<Schema>,
    /// The clusters it defines, sorted by name. Objects may use others.
    pub clusters: Vec<Cluster>,
    /// The roles it defines, sorted by name.
    pub roles: Vec<Role>,
    /// The network policies it defines, sorted by name.
    pub network_policies: Vec<NetworkPolicy>,
    /// What `types.lock` tells.
    pub contracts: Contracts,
    pub(super) numbers: FxHashMap<ObjectName, usize>,
}

impl Project {
    /// An object by its production name; also by the name of a table that comes with a source.
    pub fn object(&self, name: &ObjectName) -> Option<&Object> {
        self.numbers.get(name).and_then(|number| self.objects.get(*number))
    }

    /// What `types.lock` tells of something under its production name.
    pub fn contract(&self, name: &ObjectName) -> Option<&Contract> {
        let exact = self.contracts.entries.get(&ContractName::Object(name.clone()));
        exact.or_else(|| self.contracts.entries.get(&ContractName::Object(self.unsuffixed(name))))
    }

    /// A name as `dependencies` and `types.lock` have it: they are for every profile, so databases
    /// of the project have no suffix there.
    pub fn unsuffixed(&self, name: &ObjectName) -> ObjectName {
        let own = self.databases.iter().any(|database| database.name == name.database);
        let folder = name.database.as_str().strip_suffix(self.settings.suffix.as_str());
        let folder = folder.filter(|_| own).and_then(|folder| Ident::new(folder).ok());
        ObjectName { database: folder.unwrap_or_else(|| name.database.clone()), ..name.clone() }
    }

    /// A name of `dependencies` or `types.lock` as it stands in the environment.
    pub fn suffixed(&self, name: &ObjectName) -> ObjectName {
        let suffixed = format!("{}{}", name.database.as_str(), self.settings.suffix);
        let own = self.databases.iter().find(|database| database.name.as_str() == suffixed);
        ObjectName {
            database: own.map_or_else(|| name.database.clone(), |own| own.name.clone()),
            ..name.clone()
        }
    }

    /// A schema by its production name.
    pub fn schema(&self, name: &SchemaName) -> Option<&Schema> {
        self.schemas.binary_search_by(|schema| schema.name.cmp(name)).ok().and_then(|at| self.schemas.get(at))
    }

    /// What all of it means: equal for projects that would be deployed alike.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut texts: Vec<String> = Vec::new();
        for object in &self.objects {
            texts.push(format!("{} {} {}", object.name, object.fingerprint, object.metadata_fingerprint));
        }
        for database in &self.databases {
            let privileges = database.modifiers.default_privileges.iter();
            texts.extend(privileges.map(|privilege| privilege.database_sql(&database.name)));
            let target = database.name.sql();
            texts.extend(database.modifiers.grants.iter().map(|grant| grant.sql("DATABASE", &target)));
            texts.extend(database.modifiers.comments.iter().map(|comment| comment.sql("DATABASE", &target)));
        }
        for schema in &self.schemas {
            let privileges = schema.modifiers.default_privileges.iter();
            texts.extend(privileges.map(|privilege| privilege.schema_sql(&schema.name)));
            let target = schema.name.sql();
            texts.extend(schema.modifiers.grants.iter().map(|grant| grant.sql("SCHEMA", &target)));
            texts.extend(schema.modifiers.comments.iter().map(|comment| comment.sql("SCHEMA", &target)));
            if schema.stable {
                texts.push(format!("SET api = stable {target}"));
            }
        }
        texts.extend(self.clusters.iter().map(Cluster::create_sql));
        texts.extend(self.roles.iter().map(Role::create_sql));
        texts.extend(self.network_policies.iter().map(NetworkPolicy::create_sql));
        Fingerprint::of("", texts.iter().map(String::as_str))
    }

    /// Puts a new version of an object in the place of the one of its name, which reads the same.
    pub(super) fn replace(&mut self, object: Object) {
        if let Some(place) = self.numbers.get(&object.name).and_then(|number| self.objects.get_mut(*number)) {
            *place = object;
        }
    }

    /// Takes all objects with the graph of what they read, and brings them into their order.
    pub(super) fn set_objects(&mut self, objects: Vec<Object>, graph: Graph) {
        let mut objects: Vec<Option<Object>> = objects.into_iter().map(Some).collect();
        let take = |number: usize| objects.get_mut(number)?.take();
        self.objects = graph.order().into_iter().filter_map(take).collect();
        self.graph = graph;
        self.numbers.clear();
        self.numbers.reserve(self.objects.len());
        for (number, object) in self.objects.iter().enumerate() {
            self.numbers.insert(object.name.clone(), number);
            for table in &object.subsources {
                self.numbers.entry(table.clone()).or_insert(number);
            }
        }
    }
}
