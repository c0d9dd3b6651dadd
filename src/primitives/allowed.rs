//! What the connected role may not do of what is planned: told before anything is done.
//!
//! Pure. The steps take effect on a copy of the catalog one after the other, since what the role makes
//! itself is its own. Source: the table of privileges in `design/materialize.md` 5.2, recorded in
//! `conformance/rbac/privileges.json`. Start reading at [`missing`].

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::catalog::Privileges;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::plan::exchange::Exchange;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// Since when a table from a source needs SELECT on that source.
///
/// Source: the release notes of v26.40.
const TABLES_READ: (u64, u64) = (26, 40);

/// What is missing for steps, a line each with the statement that gives it; empty where nothing is, and
/// where nothing is checked.
pub fn missing<'s>(catalog: &Catalog, steps: impl IntoIterator<Item = &'s Step>) -> Vec<String> {
    if !catalog.session.checked {
        return Vec::new();
    }
    let mut asked = Asked { catalog: catalog.clone(), lines: Vec::new(), told: BTreeSet::new() };
    for step in steps {
        asked.ask(step);
        asked.catalog.take(step);
    }
    asked.lines
}

/// Which of these things belong to a role that the connected one is no member of, a line each.
pub fn unowned(catalog: &Catalog, things: impl IntoIterator<Item = Target>) -> Vec<String> {
    things.into_iter().filter_map(|thing| not_owned(catalog, &thing)).collect()
}

fn not_owned(catalog: &Catalog, thing: &Target) -> Option<String> {
    let owner = super::metadata::owner(catalog, thing).filter(|owner| !catalog.owns(owner))?;
    let me = &catalog.session.role;
    let (noun, name) = (thing.noun(), thing.sql());
    Some(format!("{thing} belongs to {owner}: ALTER {noun} {name} OWNER TO {}", me.sql()))
}

/// Which of these privileges the connected role does not hold, a line each with the statement that gives it.
pub fn lacking(
    catalog: &Catalog,
    asked: impl IntoIterator<Item = (&'static str, Target)>,
) -> BTreeSet<String> {
    asked.into_iter().filter_map(|(privilege, on)| not_held(catalog, privilege, &on, "")).collect()
}

/// The line for a privilege, unless it is there; `why` says what it is for.
pub fn not_held(catalog: &Catalog, privilege: &str, on: &Target, why: &str) -> Option<String> {
    // What is not there is somebody else's to complain about.
    let held = super::metadata::privileges(catalog, on).filter(|_| catalog.session.checked)?;
    let (noun, name, me) = (on.grant_noun(), on.sql(), catalog.session.role.sql());
    (!holds(catalog, held, privilege))
        .then(|| format!("no {privilege} on {on}{why}: GRANT {privilege} ON {noun} {name} TO {me}"))
}

/// What it takes to read a relation: the relation, and the schema it stands in.
pub fn to_read(catalog: &Catalog, relation: &ObjectName) -> Vec<(&'static str, Target)> {
    used(catalog, relation, "SELECT", ObjectKind::is_relation)
}

/// What it takes to let a sink read a relation from now on, beside owning the sink.
///
/// Source: `design/materialize.md` 5.2.
pub fn to_cut_over(catalog: &Catalog, sink: &ObjectName, from: &ObjectName) -> Vec<(&'static str, Target)> {
    let runs_on = catalog.object(sink).and_then(|sink| sink.cluster.as_ref());
    let cluster = catalog.clusters.iter().find(|(_, cluster)| Some(&cluster.id) == runs_on);
    let cluster = cluster.map(|(name, _)| ("CREATE", Target::Cluster(name.clone())));
    cluster.into_iter().chain(to_read(catalog, from)).collect()
}

/// A privilege on an object and USAGE on its schema, where it is of a kind.
fn used(
    catalog: &Catalog,
    name: &ObjectName,
    privilege: &'static str,
    is_it: fn(ObjectKind) -> bool,
) -> Vec<(&'static str, Target)> {
    let Some(found) = catalog.object(name).filter(|found| is_it(found.kind)) else { return Vec::new() };
    let object = Target::Object(found.kind, found.name.clone());
    vec![("USAGE", Target::Schema(found.name.schema_name())), (privilege, object)]
}

/// Tells whether who makes something of it has to be let use it.
fn is_used(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Connection | ObjectKind::Secret | ObjectKind::Type)
}

/// What a thing stands in.
fn container(of: &Target) -> Option<Target> {
    match of {
        Target::Schema(name) => Some(Target::Database(name.database.clone())),
        Target::Object(_, name) => Some(Target::Schema(name.schema_name())),
        Target::Database(_)
        | Target::Cluster(_)
        | Target::Role(_)
        | Target::NetworkPolicy(_)
        | Target::Column(..) => None,
    }
}

/// The line for a privilege on the system as a whole, unless it is there.
pub fn on_system(catalog: &Catalog, privilege: &str) -> Option<String> {
    let held = holds(catalog, &catalog.system_privileges, privilege);
    let me = catalog.session.role.sql();
    (catalog.session.checked && !held)
        .then(|| format!("no {privilege} on the system: GRANT {privilege} ON SYSTEM TO {me}"))
}

fn holds(catalog: &Catalog, held: &Privileges, privilege: &str) -> bool {
    let by = |grantee: &Grantee| match grantee {
        Grantee::Public => true,
        Grantee::Role(role) => catalog.session.member_of.contains(role),
    };
    held.iter().any(|(grantee, held)| held == privilege && by(grantee))
}

/// The steps so far, taken into account, and what was found.
struct Asked {
    catalog: Catalog,
    lines: Vec<String>,
    told: BTreeSet<String>,
}

impl Asked {
    fn tell(&mut self, line: Option<String>) {
        if let Some(line) = line.filter(|line| self.told.insert(line.clone())) {
            self.lines.push(line);
        }
    }

    fn owner(&mut self, thing: &Target) {
        let line = not_owned(&self.catalog, thing);
        self.tell(line);
    }

    fn privilege(&mut self, privilege: &str, on: &Target) {
        let line = not_held(&self.catalog, privilege, on, "");
        self.tell(line);
    }

    fn privileges(&mut self, asked: Vec<(&'static str, Target)>) {
        asked.into_iter().for_each(|(privilege, on)| self.privilege(privilege, &on));
    }

    /// Asks for a thing that is named in its container: the owner of it alone may do what is to be done, and
    /// has to be let into where it stands.
    fn own_within(&mut self, thing: &Target) {
        self.owner(thing);
        if let Some(container) = container(thing) {
            self.privilege("USAGE", &container);
        }
    }

    fn system(&mut self, privilege: &str) {
        let line = on_system(&self.catalog, privilege);
        self.tell(line);
    }

    fn ask(&mut self, step: &Step) {
        match step {
            Step::CreateDatabase(_) => self.system("CREATEDB"),
            Step::CreateCluster { .. } => self.system("CREATECLUSTER"),
            Step::CreateSchema(name) => self.privilege("CREATE", &Target::Database(name.database.clone())),
            Step::AlterCluster { name, .. } | Step::DropCluster(name) => {
                self.owner(&Target::Cluster(name.clone()));
            }
            Step::Create { kind, name, cluster, on, reads, .. } => {
                self.create(*kind, name, cluster.as_ref(), on.as_ref());
                self.fed(*kind, reads);
                self.made_of(*kind, reads);
            }
            Step::ReplaceView { name, reads, .. } => {
                self.owner(&Target::Object(ObjectKind::View, name.clone()));
                self.create(ObjectKind::View, name, None, None);
                self.made_of(ObjectKind::View, reads);
            }
            Step::Exchange(exchange) => self.exchange(exchange),
            Step::DropObjects { kind, names } => {
                names.iter().for_each(|name| self.own_within(&Target::Object(*kind, name.clone())));
            }
            Step::DropSchema(name) => self.own_within(&Target::Schema(name.clone())),
            Step::DropDatabase(name) => self.owner(&Target::Database(name.clone())),
            Step::Grant { on, .. } | Step::Revoke { on, .. } => on.iter().for_each(|on| self.own_within(on)),
            Step::GrantDefault(default) | Step::RevokeDefault(default) => self.default(default),
            Step::Comment { on, .. } => self.comment(on),
            Step::SetOwner { of, owner } => self.give(of, owner),
            Step::CutOverSink { sink, from } => {
                self.owner(&Target::Object(ObjectKind::Sink, sink.clone()));
                self.privileges(to_cut_over(&self.catalog, sink, from));
            }
            Step::ApplyReplacement { target, replacement } => {
                for name in [target, replacement] {
                    self.owner(&Target::Object(ObjectKind::MaterializedView, name.clone()));
                }
            }
            Step::CreateRole(_) | Step::SetRole { .. } => self.system("CREATEROLE"),
            Step::GrantSystem { .. } => {
                self.tell(Some("privileges on the system are given by superusers only".to_owned()));
            }
            // What it needs is told by whoever writes it: its text is not read here.
            Step::Statement { .. } => {}
        }
    }

    fn create(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        cluster: Option<&ClusterName>,
        on: Option<&ObjectName>,
    ) {
        if let Some(relation) = on.and_then(|on| self.catalog.object(on)) {
            let relation = Target::Object(relation.kind, relation.name.clone());
            self.owner(&relation);
        }
        self.privilege("CREATE", &Target::Schema(name.schema_name()));
        match (cluster, kind) {
            (Some(cluster), _) => self.privilege("CREATE", &Target::Cluster(cluster.clone())),
            (None, ObjectKind::Source) => self.system("CREATECLUSTER"),
            (None, _) => {}
        }
    }

    /// Asks for what is used of connections, secrets and types; for a sink also for what it reads.
    fn made_of(&mut self, kind: ObjectKind, reads: &[ObjectName]) {
        for read in reads {
            self.privileges(used(&self.catalog, read, "USAGE", is_used));
            if kind == ObjectKind::Sink {
                self.privileges(to_read(&self.catalog, read));
            }
        }
    }

    /// Asks for what a table needs of the source that feeds it.
    fn fed(&mut self, kind: ObjectKind, reads: &[ObjectName]) {
        if kind != ObjectKind::Table || self.catalog.session.version.is_none_or(|own| own < TABLES_READ) {
            return;
        }
        let sources = reads.iter().filter_map(|name| self.catalog.object(name));
        let sources = sources.filter(|object| object.kind == ObjectKind::Source);
        let sources: Vec<Target> =
            sources.map(|source| Target::Object(source.kind, source.name.clone())).collect();
        sources.iter().for_each(|source| self.privilege("SELECT", source));
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let mut schemas: Vec<SchemaName> = Vec::new();
        match exchange {
            Exchange::SwapSchemas { a, b } => {
                schemas.extend([a.clone(), SchemaName::new(a.database.clone(), b.clone())]);
            }
            Exchange::RenameSchema { from, .. } => schemas.push(from.clone()),
            Exchange::SwapClusters { a, b } => {
                [a, b].into_iter().for_each(|name| self.owner(&Target::Cluster(name.clone())));
            }
            Exchange::RenameCluster { from, .. } => self.owner(&Target::Cluster(from.clone())),
            Exchange::RenameObject { kind, from, .. } => self.owner(&Target::Object(*kind, from.clone())),
        }
        let database: Option<Ident> = schemas.first().map(|name| name.database.clone());
        schemas.into_iter().for_each(|name| self.owner(&Target::Schema(name)));
        if let Some(database) = database {
            self.privilege("CREATE", &Target::Database(database));
        }
    }

    fn default(&mut self, default: &DefaultPrivilege) {
        let database = match &default.scope {
            DefaultScope::Everywhere => None,
            DefaultScope::Database(name) => Some(name),
            DefaultScope::Schema(name) => Some(&name.database),
        };
        if let Some(database) = database {
            self.privilege("USAGE", &Target::Database(database.clone()));
        }
        let me = self.catalog.session.role.sql();
        self.tell(match &default.role {
            None => Some("default privileges FOR ALL ROLES are set by superusers only".to_owned()),
            Some(role) if !self.catalog.owns(role) => Some(format!(
                "default privileges for {role} are set by its members: GRANT {} TO {me}",
                role.sql()
            )),
            Some(_) => None,
        });
    }

    fn comment(&mut self, on: &Target) {
        match on {
            Target::Role(_) => self.system("CREATEROLE"),
            Target::Column(relation, _) => {
                let kind = self.catalog.object(relation).map(|object| object.kind);
                if let Some(kind) = kind {
                    self.owner(&Target::Object(kind, relation.clone()));
                }
            }
            Target::Database(_)
            | Target::Schema(_)
            | Target::Cluster(_)
            | Target::NetworkPolicy(_)
            | Target::Object(..) => self.owner(on),
        }
    }

    fn give(&mut self, of: &Target, owner: &RoleName) {
        self.owner(of);
        if let Some(container) = container(of) {
            self.privilege("CREATE", &container);
        }
        if !self.catalog.owns(owner) {
            let me = self.catalog.session.role.sql();
            self.tell(Some(format!(
                "{of} is to belong to {owner} like what it replaces: GRANT {} TO {me}",
                owner.sql()
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::primitives::facts;
    use crate::primitives::facts::create;
    use crate::primitives::facts::object;

    fn role(name: &str) -> RoleName {
        RoleName(facts::ident(name))
    }

    /// A world of `other`'s, looked at by a role that holds nothing.
    fn world() -> Catalog {
        let table = create(ObjectKind::Table, "d.s.t", None, &[]);
        let mut catalog = facts::grown(&["d"], &["d.s"], &["c"], &[table]);
        let things = [
            Target::Database(facts::ident("d")),
            Target::Schema("d.s".parse().expect("a schema")),
            Target::Cluster(ClusterName(facts::ident("c"))),
            Target::Object(ObjectKind::Table, object("d.s.t")),
        ];
        for of in things {
            catalog.take(&Step::SetOwner { of, owner: role("other") });
        }
        catalog.session.checked = true;
        catalog.session.role = role("me");
        catalog.session.member_of = [role("me")].into();
        catalog
    }

    #[track_caller]
    fn check(catalog: &Catalog, steps: &[Step], expect: Expect) {
        expect.assert_eq(&missing(catalog, steps).join("\n"));
    }

    fn steps() -> Vec<Step> {
        let schema: SchemaName = "d.green".parse().expect("a schema");
        let on = Target::Object(ObjectKind::Table, object("d.s.t"));
        vec![
            Step::CreateSchema(schema.clone()),
            Step::CreateCluster { name: ClusterName(facts::ident("g")), options: Vec::new() },
            create(ObjectKind::MaterializedView, "d.green.v", Some("g"), &[]),
            create(ObjectKind::MaterializedView, "d.green.w", Some("c"), &[]),
            create(ObjectKind::View, "d.s.v", None, &[]),
            Step::Comment { on: on.clone(), text: None },
            Step::Grant { privileges: vec!["SELECT".to_owned()], on: vec![on], to: vec![Grantee::Public] },
            Step::SetOwner { of: Target::Schema(schema.clone()), owner: role("other") },
            Step::Exchange(Exchange::SwapSchemas { a: "d.s".parse().expect("a schema"), b: schema.schema }),
        ]
    }

    #[test]
    fn every_privilege_that_is_missing_is_told_once_with_its_remedy() {
        check(
            &world(),
            &steps(),
            expect![[r#"
            no CREATE on database d: GRANT CREATE ON DATABASE "d" TO "me"
            no CREATECLUSTER on the system: GRANT CREATECLUSTER ON SYSTEM TO "me"
            no CREATE on cluster c: GRANT CREATE ON CLUSTER "c" TO "me"
            no CREATE on schema d.s: GRANT CREATE ON SCHEMA "d"."s" TO "me"
            table d.s.t belongs to other: ALTER TABLE "d"."s"."t" OWNER TO "me"
            no USAGE on schema d.s: GRANT USAGE ON SCHEMA "d"."s" TO "me"
            schema d.green is to belong to other like what it replaces: GRANT "other" TO "me"
            schema d.s belongs to other: ALTER SCHEMA "d"."s" OWNER TO "me"
            schema d.green belongs to other: ALTER SCHEMA "d"."green" OWNER TO "me""#]],
        );
    }

    #[test]
    fn a_table_needs_to_read_its_source_on_servers_that_say_so() {
        let source = create(ObjectKind::Source, "d.s.src", Some("c"), &[]);
        let table = create(ObjectKind::Table, "d.s.fed", None, &["d.s.src"]);
        let mut catalog = world();
        catalog.take(&source);
        let of = Target::Object(ObjectKind::Source, object("d.s.src"));
        catalog.take(&Step::SetOwner { of, owner: role("other") });
        let create = r#"no CREATE on schema d.s: GRANT CREATE ON SCHEMA "d"."s" TO "me""#;
        for version in [None, Some((26, 39))] {
            catalog.session.version = version;
            assert_eq!(missing(&catalog, [&table]), [create]);
        }
        catalog.session.version = Some((26, 40));
        let select = r#"no SELECT on source d.s.src: GRANT SELECT ON TABLE "d"."s"."src" TO "me""#;
        assert_eq!(missing(&catalog, [&table]), [create, select]);
    }

    #[test]
    fn sinks_what_is_used_and_what_is_dropped() {
        let of_others = [
            create(ObjectKind::Connection, "d.s.broker", None, &[]),
            create(ObjectKind::Secret, "d.s.word", None, &[]),
            create(ObjectKind::Sink, "d.s.out", Some("c"), &["d.s.t"]),
        ];
        let mut catalog = world();
        for step in &of_others {
            catalog.take(step);
            if let Step::Create { kind, name, .. } = step {
                let of = Target::Object(*kind, name.clone());
                catalog.take(&Step::SetOwner { of, owner: role("other") });
            }
        }
        let steps = [
            create(ObjectKind::Sink, "d.s.new", Some("c"), &["d.s.t", "d.s.broker", "d.s.word"]),
            Step::CutOverSink { sink: object("d.s.out"), from: object("d.s.t") },
            Step::DropObjects { kind: ObjectKind::Sink, names: vec![object("d.s.out")] },
            Step::DropSchema("d.s".parse().expect("a schema")),
        ];
        check(
            &catalog,
            &steps,
            expect![[r#"
                no CREATE on schema d.s: GRANT CREATE ON SCHEMA "d"."s" TO "me"
                no CREATE on cluster c: GRANT CREATE ON CLUSTER "c" TO "me"
                no USAGE on schema d.s: GRANT USAGE ON SCHEMA "d"."s" TO "me"
                no SELECT on table d.s.t: GRANT SELECT ON TABLE "d"."s"."t" TO "me"
                no USAGE on connection d.s.broker: GRANT USAGE ON CONNECTION "d"."s"."broker" TO "me"
                no USAGE on secret d.s.word: GRANT USAGE ON SECRET "d"."s"."word" TO "me"
                sink d.s.out belongs to other: ALTER SINK "d"."s"."out" OWNER TO "me"
                schema d.s belongs to other: ALTER SCHEMA "d"."s" OWNER TO "me"
                no USAGE on database d: GRANT USAGE ON DATABASE "d" TO "me""#]],
        );
    }

    #[test]
    fn nothing_is_missing_where_nothing_is_checked_and_for_members() {
        let mut catalog = world();
        catalog.session.member_of.insert(role("other"));
        let system = |privilege: &str| (Grantee::Role(role("other")), privilege.to_owned());
        catalog.system_privileges = [system("CREATECLUSTER")].into();
        check(&catalog, &steps(), expect![[r#""#]]);
        let mut catalog = world();
        catalog.session.checked = false;
        check(&catalog, &steps(), expect![[r#""#]]);
    }
}
