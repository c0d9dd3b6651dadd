//! What a step makes of a catalog: the server's rules, as far as a deployment depends on them.
//!
//! A rehearsal (`--dry-run`) carries its steps out here instead of on a server, so that the steps
//! after them are planned from what would be there. Ids made here start with `new-`.

use super::Catalog;
use super::Cluster;
use super::Database;
use super::Object;
use super::Privileges;
use super::Schema;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::DatabaseId;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::plan::Block;
use crate::plan::Plan;
use crate::plan::exchange::Exchange;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

impl Catalog {
    /// Does to this catalog what the plan would do to the server; rehearsals do nothing.
    pub fn carry_out(&mut self, plan: &Plan) {
        for block in plan.blocks() {
            match block {
                Block::Each(steps) | Block::Together(steps) => {
                    for step in steps {
                        self.take(step);
                    }
                }
                Block::Rehearse(_) => {}
            }
        }
    }

    /// Does to this catalog what one step would do to the server. What the server would refuse
    /// changes nothing.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::CreateDatabase(name) => self.create_database(name),
            Step::CreateSchema(name) => self.create_schema(name),
            Step::CreateCluster { name, options } => self.create_cluster(name, options),
            Step::AlterCluster { name, options } => self.alter_cluster(name, options),
            Step::Create { kind, name, cluster, on, reads, .. } => {
                self.create_object(*kind, name, cluster.as_ref(), on.as_ref(), reads);
            }
            Step::ReplaceView { name, reads, .. } => {
                self.drop_object(name);
                self.create_object(ObjectKind::View, name, None, None, reads);
            }
            Step::Statement { .. } => {}
            Step::CreateRole(name) => {
                self.roles.entry(name.clone()).or_default();
            }
            Step::GrantSystem { privileges, to } => {
                for role in to {
                    let held = privileges.iter().map(|one| (Grantee::Role(role.clone()), one.clone()));
                    self.system_privileges.extend(held);
                }
            }
            Step::GrantDefault(default) => {
                self.default_privileges.insert(default.clone());
            }
            Step::RevokeDefault(default) => {
                self.default_privileges.remove(default);
            }
            Step::Exchange(exchange) => self.exchange(exchange),
            Step::DropObjects { names, .. } => {
                for name in names {
                    self.drop_object(name);
                }
            }
            Step::DropSchema(name) => {
                self.schemas.remove(name);
            }
            Step::DropDatabase(name) => {
                self.databases.remove(name);
            }
            Step::DropCluster(name) => {
                self.clusters.remove(name);
            }
            Step::Grant { privileges, on, to } => {
                self.change_privileges(on, to, privileges, |held, entry| {
                    held.insert(entry);
                });
            }
            Step::Revoke { privileges, on, from } => {
                self.change_privileges(on, from, privileges, |held, entry| {
                    held.remove(&entry);
                });
            }
            Step::Comment { on, text } => self.comment(on, text.as_deref()),
            Step::SetOwner { of, owner } => self.set_owner(of, owner.clone()),
            Step::CutOverSink { sink, from } => self.cut_over(sink, from),
            Step::ApplyReplacement { target, replacement } => self.replace(target, replacement),
            Step::SetRole { role, parameter, value } => {
                let settings = self.role_settings.entry(role.clone()).or_default();
                let name = parameter.as_str();
                match value {
                    Some(value) => settings.insert(name.to_owned(), value.clone()),
                    None => settings.remove(name),
                };
            }
        }
    }

    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("new-{}", self.made)
    }

    /// Whether somebody gets a privilege on a thing of this kind by being there when it is made.
    pub fn gives_by_default(&self, target: &Target, grantee: &Grantee, privilege: &str) -> bool {
        let (plural, database, schema) = match target {
            Target::Database(_) => ("DATABASES", None, None),
            Target::Schema(name) => ("SCHEMAS", Some(&name.database), None),
            Target::Cluster(_) => ("CLUSTERS", None, None),
            Target::Object(kind, name) => (granted(*kind).0, Some(&name.database), Some(name.schema_name())),
            Target::Role(_) | Target::NetworkPolicy(_) | Target::Column(..) => return false,
        };
        self.defaults_for(plural, database, schema.as_ref())
            .any(|default| default.grantee == *grantee && default.privilege == privilege)
    }

    /// The default privileges that the connected role's new things of a kind get at a place.
    fn defaults_for<'c>(
        &'c self,
        plural: &'c str,
        database: Option<&'c Ident>,
        schema: Option<&'c SchemaName>,
    ) -> impl Iterator<Item = &'c DefaultPrivilege> {
        self.default_privileges.iter().filter(move |default| {
            let by = default.role.as_ref().is_none_or(|role| *role == self.session.role);
            let here = match &default.scope {
                DefaultScope::Everywhere => true,
                DefaultScope::Database(name) => database == Some(name),
                DefaultScope::Schema(name) => schema == Some(name),
            };
            by && here && default.on == plural
        })
    }

    /// The privileges a thing has when the connected role has just made it.
    fn initial(
        &self,
        plural: &str,
        all: &[&str],
        database: Option<&Ident>,
        schema: Option<&SchemaName>,
    ) -> Privileges {
        let owner = Grantee::Role(self.session.role.clone());
        let mut held: Privileges = all.iter().map(|p| (owner.clone(), (*p).to_owned())).collect();
        let by_default = self.defaults_for(plural, database, schema);
        held.extend(by_default.map(|default| (default.grantee.clone(), default.privilege.clone())));
        held
    }

    fn create_database(&mut self, name: &Ident) {
        let id = DatabaseId::new(self.next_id());
        let privileges = self.initial("DATABASES", &["USAGE", "CREATE"], None, None);
        let owner = self.session.role.clone();
        self.databases.insert(name.clone(), Database { id, owner, privileges, comment: None });
        if let Ok(public) = Ident::new("public") {
            // A database comes with this schema, and everybody may use it.
            let public = SchemaName::new(name.clone(), public);
            self.create_schema(&public);
            if let Some(schema) = self.schemas.get_mut(&public) {
                schema.privileges.insert((Grantee::Public, "USAGE".to_owned()));
            }
        }
    }

    fn create_schema(&mut self, name: &SchemaName) {
        let id = SchemaId::new(self.next_id());
        let privileges = self.initial("SCHEMAS", &["USAGE", "CREATE"], Some(&name.database), None);
        let owner = self.session.role.clone();
        self.schemas.insert(name.clone(), Schema { id, owner, privileges, comment: None });
    }

    fn create_cluster(&mut self, name: &ClusterName, options: &[(String, String)]) {
        let id = ClusterId::new(self.next_id());
        let privileges = self.initial("CLUSTERS", &["USAGE", "CREATE"], None, None);
        let owner = self.session.role.clone();
        let cluster = Cluster {
            id,
            owner,
            privileges,
            comment: None,
            managed: true,
            size: None,
            replication_factor: Some(1),
            replicas: 1,
            options: None,
        };
        self.clusters.insert(name.clone(), cluster);
        self.alter_cluster(name, options);
    }

    fn alter_cluster(&mut self, name: &ClusterName, options: &[(String, String)]) {
        let Some(cluster) = self.clusters.get_mut(name) else { return };
        for (option, value) in options {
            match option.as_str() {
                "SIZE" => cluster.size = Some(value.trim_matches('\'').to_owned()),
                "REPLICATION FACTOR" => {
                    cluster.replication_factor = value.parse().ok();
                    cluster.replicas = value.parse().unwrap_or(0);
                }
                _ => {}
            }
        }
    }

    fn create_object(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        cluster: Option<&ClusterName>,
        on: Option<&ObjectName>,
        reads: &[ObjectName],
    ) {
        let id = ObjectId::new(self.next_id());
        let (plural, all) = granted(kind);
        let schema = name.schema_name();
        let privileges = self.initial(plural, all, Some(&name.database), Some(&schema));
        let on = on.and_then(|relation| self.object(relation)).map(|object| object.id.clone());
        let cluster =
            cluster.and_then(|cluster| self.clusters.get(cluster)).map(|cluster| cluster.id.clone());
        let read = reads.iter().filter_map(|read| self.object(read)).map(|object| object.id.clone());
        let read = read.chain(on.clone()).collect();
        self.reads.insert(id.clone(), read);
        let owner = self.session.role.clone();
        self.insert(Object {
            id,
            name: name.clone(),
            kind,
            owner,
            cluster,
            on,
            privileges,
            comment: None,
            column_comments: std::collections::BTreeMap::new(),
        });
    }

    fn drop_object(&mut self, name: &ObjectName) {
        let Some(id) = self.object(name).map(|object| object.id.clone()) else { return };
        // Indexes never block a drop and go with their relation.
        let indexes = self.objects.values().filter(|object| object.on.as_ref() == Some(&id));
        let gone: Vec<ObjectId> = indexes.map(|object| object.id.clone()).chain([id.clone()]).collect();
        for id in gone {
            self.remove(&id);
        }
    }

    fn exchange(&mut self, exchange: &Exchange) {
        match exchange {
            Exchange::SwapSchemas { a, b } => {
                let b = SchemaName::new(a.database.clone(), b.clone());
                let both = (self.schemas.remove(a), self.schemas.remove(&b));
                if let (Some(first), Some(second)) = both {
                    self.schemas.insert(a.clone(), second);
                    self.schemas.insert(b.clone(), first);
                    self.move_objects(&[(a, &b), (&b, a)]);
                }
            }
            Exchange::RenameSchema { from, to } => {
                let to = SchemaName::new(from.database.clone(), to.clone());
                if let Some(schema) = self.schemas.remove(from) {
                    self.schemas.insert(to.clone(), schema);
                    self.move_objects(&[(from, &to)]);
                }
            }
            Exchange::SwapClusters { a, b } => {
                if let (Some(first), Some(second)) = (self.clusters.remove(a), self.clusters.remove(b)) {
                    self.clusters.insert(a.clone(), second);
                    self.clusters.insert(b.clone(), first);
                }
            }
            Exchange::RenameCluster { from, to } => {
                if let Some(cluster) = self.clusters.remove(from) {
                    self.clusters.insert(to.clone(), cluster);
                }
            }
            Exchange::RenameObject { from, to, .. } => {
                let renamed = from.schema_name().object(to.clone());
                if let Some(id) = self.object(from).map(|object| object.id.clone()) {
                    self.rename_objects(vec![(id, renamed)]);
                }
            }
        }
    }

    fn move_objects(&mut self, moves: &[(&SchemaName, &SchemaName)]) {
        let mut moved = Vec::new();
        for (from, to) in moves {
            for object in self.objects_in(from) {
                moved.push((object.id.clone(), to.object(object.name.object.clone())));
            }
        }
        self.rename_objects(moved);
    }

    fn change_privileges(
        &mut self,
        on: &[Target],
        grantees: &[Grantee],
        privileges: &[String],
        change: fn(&mut Privileges, (Grantee, String)),
    ) {
        for target in on {
            let Some(held) = self.privileges_mut(target) else { continue };
            for grantee in grantees {
                for privilege in privileges {
                    change(held, (grantee.clone(), privilege.clone()));
                }
            }
        }
    }

    fn privileges_mut(&mut self, target: &Target) -> Option<&mut Privileges> {
        match target {
            Target::Database(name) => self.databases.get_mut(name).map(|d| &mut d.privileges),
            Target::Schema(name) => self.schemas.get_mut(name).map(|s| &mut s.privileges),
            Target::Cluster(name) => self.clusters.get_mut(name).map(|c| &mut c.privileges),
            Target::Object(_, name) => self.object_mut(name).map(|o| &mut o.privileges),
            Target::Role(_) | Target::NetworkPolicy(_) | Target::Column(..) => None,
        }
    }

    fn comment(&mut self, on: &Target, text: Option<&str>) {
        let text = text.map(str::to_owned);
        let slot = match on {
            Target::Database(name) => self.databases.get_mut(name).map(|d| &mut d.comment),
            Target::Schema(name) => self.schemas.get_mut(name).map(|s| &mut s.comment),
            Target::Cluster(name) => self.clusters.get_mut(name).map(|c| &mut c.comment),
            Target::Object(_, name) => self.object_mut(name).map(|o| &mut o.comment),
            Target::Role(name) => {
                match text {
                    Some(text) => self.role_comments.insert(name.clone(), text),
                    None => self.role_comments.remove(name),
                };
                return;
            }
            Target::NetworkPolicy(_) => None,
            Target::Column(relation, column) => {
                if let Some(object) = self.object_mut(relation) {
                    match text {
                        Some(text) => object.column_comments.insert(column.clone(), text),
                        None => object.column_comments.remove(column),
                    };
                }
                return;
            }
        };
        if let Some(slot) = slot {
            *slot = text;
        }
    }

    fn set_owner(&mut self, of: &Target, owner: crate::name::RoleName) {
        let slot = match of {
            Target::Database(name) => self.databases.get_mut(name).map(|d| &mut d.owner),
            Target::Schema(name) => self.schemas.get_mut(name).map(|s| &mut s.owner),
            Target::Cluster(name) => self.clusters.get_mut(name).map(|c| &mut c.owner),
            Target::Object(_, name) => self.object_mut(name).map(|o| &mut o.owner),
            Target::Role(_) | Target::NetworkPolicy(_) | Target::Column(..) => None,
        };
        if let Some(slot) = slot {
            let former = std::mem::replace(slot, owner.clone());
            // The former owner's own entries become the new one's.
            if let Some(held) = self.privileges_mut(of) {
                let own: Vec<_> =
                    held.iter().filter(|(g, _)| *g == Grantee::Role(former.clone())).cloned().collect();
                for entry in own {
                    held.remove(&entry);
                    held.insert((Grantee::Role(owner.clone()), entry.1));
                }
            }
        }
    }

    fn cut_over(&mut self, sink: &ObjectName, from: &ObjectName) {
        let read = self.object(from).map(|object| object.id.clone());
        let sink = self.object(sink).map(|object| object.id.clone());
        if let (Some(read), Some(sink)) = (read, sink) {
            self.reads.insert(sink, [read].into());
        }
    }
}

impl Catalog {
    /// The replacement becomes the target: its id and its cluster stay, and what reads the target reads it.
    ///
    /// Source: `design/materialize.md` 1.7, recorded in `full/19_replacements.slt`.
    fn replace(&mut self, target: &ObjectName, replacement: &ObjectName) {
        let (Some(old), Some(new)) = (self.object(target).cloned(), self.object(replacement).cloned()) else {
            return;
        };
        let reads = self.reads.get(&new.id).cloned();
        self.remove(&new.id);
        self.remove(&old.id);
        for object in self.objects.values_mut().filter(|object| object.on.as_ref() == Some(&old.id)) {
            object.on = Some(new.id.clone());
        }
        for read in self.reads.values_mut() {
            if read.remove(&old.id) {
                read.insert(new.id.clone());
            }
        }
        self.reads.extend(reads.map(|reads| (new.id.clone(), reads)));
        let Object { id, cluster, .. } = new;
        self.insert(Object {
            id,
            cluster,
            comment: None,
            column_comments: std::collections::BTreeMap::new(),
            ..old
        });
    }
}

/// The plural under which default privileges name a kind, and all that can be granted on it, which its owner holds.
///
/// Source: `mz_default_privileges.object_type` and the letters of `privileges`, v26.21.
pub fn granted(kind: ObjectKind) -> (&'static str, &'static [&'static str]) {
    match kind {
        ObjectKind::Table => ("TABLES", &["INSERT", "SELECT", "UPDATE", "DELETE"]),
        ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Source => ("TABLES", &["SELECT"]),
        ObjectKind::Type => ("TYPES", &["USAGE"]),
        ObjectKind::Secret => ("SECRETS", &["USAGE"]),
        ObjectKind::Connection => ("CONNECTIONS", &["USAGE"]),
        ObjectKind::Sink | ObjectKind::Index | ObjectKind::Function => ("", &[]),
    }
}
