//! What an environment contains, as data: the facts every decision is made from.
//!
//! A [`Catalog`] is read once and then only looked at; [`effect`] tells what a step would make of
//! it, so that a plan can be rehearsed without a server. Start reading at [`Catalog`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::DatabaseId;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::Grantee;
use crate::plan::step::Step;

pub mod effect;

/// Who may do what with a thing: grantee and privilege (upper case).
pub type Privileges = BTreeSet<(Grantee, String)>;

/// The settings of roles for their new sessions, as the server prints them, by name.
pub type RoleSettings = BTreeMap<RoleName, BTreeMap<String, String>>;

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Whether it may log in.
    pub login: bool,
    /// Whether everything is allowed to it.
    pub superuser: bool,
    /// The roles that are members of it directly.
    pub members: BTreeSet<RoleName>,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its id.
    pub id: DatabaseId,
    /// Its owner.
    pub owner: RoleName,
    /// Who may do what with it.
    pub privileges: Privileges,
    /// Its comment.
    pub comment: Option<String>,
}

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its id.
    pub id: SchemaId,
    /// Its owner.
    pub owner: RoleName,
    /// Who may do what with it.
    pub privileges: Privileges,
    /// Its comment.
    pub comment: Option<String>,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its id.
    pub id: ClusterId,
    /// Its owner.
    pub owner: RoleName,
    /// Who may do what with it.
    pub privileges: Privileges,
    /// Its comment.
    pub comment: Option<String>,
    /// Whether the server manages its replicas.
    pub managed: bool,
    /// The size of its replicas, if it is managed.
    pub size: Option<String>,
    /// How many replicas it shall have, if it is managed.
    pub replication_factor: Option<u32>,
    /// How many replicas it has.
    pub replicas: usize,
    /// Its options as the server itself would write them down; `None` where that was not asked.
    pub options: Option<BTreeMap<String, String>>,
}

/// Something in a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its id.
    pub id: ObjectId,
    /// Its full name.
    pub name: ObjectName,
    /// What it is.
    pub kind: ObjectKind,
    /// Its owner.
    pub owner: RoleName,
    /// The cluster it runs on, if any.
    pub cluster: Option<ClusterId>,
    /// For an index: its relation.
    pub on: Option<ObjectId>,
    /// Who may do what with it.
    pub privileges: Privileges,
    /// Its comment.
    pub comment: Option<String>,
    /// The comments of its columns.
    pub column_comments: BTreeMap<Ident, String>,
}

/// The server's limits that a plan can run into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `max_clusters`
    pub clusters: Option<usize>,
    /// `max_materialized_views`
    pub materialized_views: Option<usize>,
    /// `max_objects_per_schema`
    pub objects_per_schema: Option<usize>,
    /// `max_schemas_per_database`
    pub schemas_per_database: Option<usize>,
}

/// Who is connected, and what the server lets them do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The role.
    pub role: RoleName,
    /// The roles it is a member of, itself included.
    pub member_of: BTreeSet<RoleName>,
    /// Whether privileges are checked at all for this role.
    pub checked: bool,
    /// The server's version, such as 26 and 40; `None` where it is of an unknown shape.
    pub version: Option<(u64, u64)>,
}

/// Everything user-made in an environment, as one read saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Who is connected.
    pub session: Session,
    /// Databases by name.
    pub databases: BTreeMap<Ident, Database>,
    /// Schemas by name.
    pub schemas: BTreeMap<SchemaName, Schema>,
    /// Clusters by name; the system's own are not here.
    pub clusters: BTreeMap<ClusterName, Cluster>,
    /// Objects by id.
    pub objects: BTreeMap<ObjectId, Object>,
    /// Every role by name, the system's included.
    pub roles: BTreeMap<RoleName, Role>,
    /// What new sessions of roles begin with.
    pub role_settings: RoleSettings,
    /// The comments of roles.
    pub role_comments: BTreeMap<RoleName, String>,
    /// Default privileges, the pre-set ones of the system left out.
    pub default_privileges: BTreeSet<DefaultPrivilege>,
    /// Who may do what with the system as a whole.
    pub system_privileges: Privileges,
    /// What each object reads directly, by id.
    pub reads: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    /// The server's limits.
    pub limits: Limits,
    names: BTreeMap<ObjectName, ObjectId>,
    made: usize,
}

impl Catalog {
    /// An environment in which nothing was made yet.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            databases: BTreeMap::new(),
            schemas: BTreeMap::new(),
            clusters: BTreeMap::new(),
            objects: BTreeMap::new(),
            roles: BTreeMap::new(),
            role_settings: BTreeMap::new(),
            role_comments: BTreeMap::new(),
            default_privileges: BTreeSet::new(),
            system_privileges: Privileges::new(),
            reads: BTreeMap::new(),
            limits: Limits::default(),
            names: BTreeMap::new(),
            made: 0,
        }
    }

    /// Puts an object in.
    pub fn insert(&mut self, object: Object) {
        self.names.insert(object.name.clone(), object.id.clone());
        self.objects.insert(object.id.clone(), object);
    }

    /// The object under a name.
    pub fn object(&self, name: &ObjectName) -> Option<&Object> {
        self.objects.get(self.names.get(name)?)
    }

    /// The object under a name, to change it.
    pub fn object_mut(&mut self, name: &ObjectName) -> Option<&mut Object> {
        self.objects.get_mut(self.names.get(name)?)
    }

    /// What a role is set to, where it has a value of its own.
    pub fn role_setting(&self, role: &RoleName, name: &str) -> Option<&str> {
        self.role_settings.get(role)?.get(name).map(String::as_str)
    }

    /// The objects of a schema, in the order of their names.
    pub fn objects_in<'a>(&'a self, schema: &'a SchemaName) -> impl Iterator<Item = &'a Object> {
        // Names sort by database, schema, object: a schema's objects stand together, the first
        // one at or behind the shortest object name there is.
        let from = Ident::new("\u{1}").ok().map(|first| schema.object(first));
        from.into_iter()
            .flat_map(|from| self.names.range(from..))
            .take_while(|(name, _)| name.is_in(schema))
            .filter_map(|(_, id)| self.objects.get(id))
    }

    /// The objects of a schema but for indexes, which stand and go with their relations.
    pub fn relations_in<'a>(&'a self, schema: &'a SchemaName) -> impl Iterator<Item = &'a Object> {
        self.objects_in(schema).filter(|object| object.kind != ObjectKind::Index)
    }

    /// The objects that run on a cluster.
    pub fn objects_on<'a>(&'a self, cluster: &'a ClusterId) -> impl Iterator<Item = &'a Object> {
        self.objects.values().filter(move |object| object.cluster.as_ref() == Some(cluster))
    }

    /// Who reads these directly; those that nobody reads are left out. Computed anew at each call.
    pub fn readers_of<'a>(&'a self, ids: &BTreeSet<&ObjectId>) -> BTreeMap<&'a ObjectId, Vec<&'a ObjectId>> {
        let mut readers: BTreeMap<&ObjectId, Vec<&ObjectId>> = BTreeMap::new();
        for (reader, read) in &self.reads {
            for id in read.iter().filter(|id| ids.contains(id)) {
                readers.entry(id).or_default().push(reader);
            }
        }
        readers
    }

    /// The drops of some objects, leaves first: one statement for each kind of each layer, its names in order.
    /// Ids that are gone are left out.
    pub fn drops<'o>(&self, ids: impl Iterator<Item = &'o ObjectId>) -> Vec<Step> {
        let layers = self.layers(ids).into_iter();
        let drops = layers.map(|((_, kind), mut names)| {
            names.sort();
            Step::DropObjects { kind, names }
        });
        drops.collect()
    }

    /// Sorts objects into layers for dropping: what nothing among them reads comes first, and each
    /// kind of a layer stands by itself. Ids that are gone are left out.
    fn layers<'o>(
        &self,
        ids: impl Iterator<Item = &'o ObjectId>,
    ) -> BTreeMap<(usize, ObjectKind), Vec<ObjectName>> {
        let ids: BTreeSet<&ObjectId> = ids.filter(|id| self.objects.contains_key(*id)).collect();
        let reads =
            |id: &ObjectId| self.reads.get(id).into_iter().flatten().filter(|read| ids.contains(read));
        // Readers before what they read: a count of unfinished readers, and those with none left.
        let mut unfinished: BTreeMap<&ObjectId, usize> = ids.iter().map(|id| (*id, 0)).collect();
        for read in ids.iter().flat_map(|id| reads(id)) {
            if let Some(count) = unfinished.get_mut(read) {
                *count += 1;
            }
        }
        let mut heights: BTreeMap<&ObjectId, usize> = BTreeMap::new();
        let free = unfinished.iter().filter(|(_, count)| **count == 0);
        let mut open: Vec<&ObjectId> = free.map(|(id, _)| *id).collect();
        while let Some(id) = open.pop() {
            let height = *heights.entry(id).or_insert(0);
            for read in reads(id) {
                let below = heights.entry(read).or_insert(0);
                *below = (*below).max(height + 1);
                if let Some(count) = unfinished.get_mut(read) {
                    *count -= 1;
                    if *count == 0 {
                        open.push(read);
                    }
                }
            }
        }
        let mut layers: BTreeMap<(usize, ObjectKind), Vec<ObjectName>> = BTreeMap::new();
        for id in ids {
            if let Some(object) = self.objects.get(id) {
                let height = heights.get(id).copied().unwrap_or(0);
                layers.entry((height, object.kind)).or_default().push(object.name.clone());
            }
        }
        layers
    }

    /// Tells whether the connected role may act as an owner of something that role owns.
    pub fn owns(&self, owner: &RoleName) -> bool {
        !self.session.checked || self.session.member_of.contains(owner)
    }

    /// The schemas of a database.
    pub fn schemas_of<'a>(
        &'a self,
        database: &'a Ident,
    ) -> impl Iterator<Item = (&'a SchemaName, &'a Schema)> {
        self.schemas.iter().filter(move |(name, _)| name.database == *database)
    }

    fn rename_objects(&mut self, moved: Vec<(ObjectId, ObjectName)>) {
        for (id, _) in &moved {
            if let Some(object) = self.objects.get(id) {
                self.names.remove(&object.name);
            }
        }
        for (id, name) in moved {
            if let Some(object) = self.objects.get_mut(&id) {
                object.name = name.clone();
                self.names.insert(name, id);
            }
        }
    }

    /// Takes in what another look has found in some databases, in place of what was known of them. Of what is
    /// the same, privileges and comments stay as they were known.
    pub fn take_in(&mut self, part: Self, databases: &[Ident]) {
        let is_here = |name: &Ident| databases.contains(name);
        let mut known: BTreeMap<ObjectId, Object> = BTreeMap::new();
        let here = self.objects.values().filter(|object| is_here(&object.name.database));
        let here: Vec<ObjectId> = here.map(|object| object.id.clone()).collect();
        for id in here {
            if let Some(object) = self.objects.get(&id).cloned() {
                self.remove(&id);
                known.insert(id, object);
            }
        }
        for read in self.reads.values_mut() {
            read.retain(|id| !known.contains_key(id));
        }
        for (reader, read) in part.reads {
            self.reads.entry(reader).or_default().extend(read);
        }
        for mut object in part.objects.into_values() {
            if let Some(before) = known.remove(&object.id) {
                let Object { privileges, comment, column_comments, .. } = before;
                object = Object { privileges, comment, column_comments, ..object };
            }
            self.insert(object);
        }
        let mut comments: BTreeMap<SchemaId, String> = BTreeMap::new();
        self.schemas.retain(|name, schema| {
            let stays = !is_here(&name.database);
            if !stays {
                comments.extend(schema.comment.take().map(|comment| (schema.id.clone(), comment)));
            }
            stays
        });
        for (name, mut schema) in part.schemas {
            schema.comment = comments.remove(&schema.id);
            self.schemas.insert(name, schema);
        }
        self.databases.retain(|name, _| !is_here(name) || part.databases.contains_key(name));
    }

    fn remove(&mut self, id: &ObjectId) {
        if let Some(object) = self.objects.remove(id) {
            self.names.remove(&object.name);
        }
        self.reads.remove(id);
    }
}

#[cfg(test)]
mod tests;
