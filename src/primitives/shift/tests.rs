//! What is set of a role, and what is refused, from facts alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use expect_test::Expect;
use expect_test::expect;

use super::decide;
use super::decide::Facts;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::db::journal::Entry;
use crate::db::roles::Role;
use crate::db::roles::Roles;
use crate::deployment::record::Record;
use crate::deployment::shift::Parameter;
use crate::deployment::shift::Setting;
use crate::deployment::shift::ShiftIntent;
use crate::deployment::shift::ShiftedRole;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::RoleName;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;
use crate::primitives::facts;
use crate::primitives::facts::ident;
use crate::primitives::ledger::Ledger;
use crate::primitives::scope::Scope;

fn role_name(name: &str) -> RoleName {
    RoleName(ident(name))
}

/// An environment with `77b01de` staged beside `app.core` and `compute`, and a role `reader`.
struct World {
    catalog: Catalog,
    scope: Scope,
    roles: Roles,
    recorded: Vec<Record>,
    database: Option<Ident>,
}

impl World {
    fn new() -> Self {
        let (catalog, scope) = facts::staged();
        let roles = Roles {
            by_name: BTreeMap::new(),
            checked: false,
            search_path: "public".to_owned(),
            cluster: "quickstart".to_owned(),
        };
        let recorded = vec![Record::StageIntent(scope.intent.clone())];
        let mut world = Self { catalog, scope, roles, recorded, database: None };
        world.role("reader", &[]);
        world
    }

    fn role(&mut self, name: &str, groups: &[&str]) -> &mut Role {
        let own = role_name(name);
        self.catalog.roles.entry(own.clone()).or_default();
        let member_of: BTreeSet<RoleName> =
            groups.iter().map(|group| role_name(group)).chain([own.clone()]).collect();
        let role = self.roles.by_name.entry(own).or_default();
        role.member_of = member_of;
        role
    }

    fn set(&mut self, name: &str, value: &str) {
        let settings = self.catalog.role_settings.entry(role_name("reader")).or_default();
        settings.insert(name.to_owned(), value.to_owned());
    }

    fn grant(&mut self, privilege: &str, on: Target, to: Grantee) {
        self.catalog.take(&Step::Grant {
            privileges: vec![privilege.to_owned()],
            on: vec![on],
            to: vec![to],
        });
    }

    #[track_caller]
    fn check(&self, expect: Expect) {
        let entries: Vec<Entry> = (1..)
            .zip(self.recorded.iter().cloned())
            .map(|(seq, record)| Entry {
                run: "r-1".parse().expect("an id"),
                seq,
                at: Timestamp(0),
                actor: "materialize".to_owned(),
                record,
            })
            .collect();
        let ledger = Ledger::new(&entries, "epoch@1:r1".parse().expect("a marker"));
        let facts = Facts {
            intent: &self.scope.intent,
            catalog: &self.catalog,
            roles: &self.roles,
            ledger: &ledger,
            database: self.database.as_ref(),
        };
        let told = match decide::role(&facts, &role_name("reader")) {
            Ok(decided) => {
                let (path, cluster) = (&decided.search_path, &decided.cluster);
                let moves = [format!("{} → {}", path.0, path.1), format!("{} → {}", cluster.0, cluster.1)];
                let steps = decided.settings.iter().map(|setting| {
                    let before = setting.before.as_deref().unwrap_or("nothing");
                    let step = Step::SetRole {
                        role: decided.role.clone(),
                        parameter: setting.parameter,
                        value: Some(setting.after.clone()),
                    };
                    format!("{} -- before: {before}", step.sql())
                });
                moves.into_iter().chain(steps).collect::<Vec<_>>().join("\n")
            }
            Err(error) => {
                let lines = error.lines().iter().map(|line| format!("\n  {line}"));
                format!("{error}{}", lines.collect::<String>())
            }
        };
        expect.assert_eq(&told);
    }
}

#[test]
fn schemas_and_cluster_of_the_role_become_green() {
    let mut world = World::new();
    world.set("search_path", "\"Odd, one\", core, public");
    world.set("cluster", "compute");
    world.check(expect![[r#"
        "Odd, one", core, public → "Odd, one", core__77b01de__mzf, public
        compute → compute__77b01de__mzf
        ALTER ROLE "reader" SET search_path = "Odd, one", "core__77b01de__mzf", "public" -- before: "Odd, one", core, public
        ALTER ROLE "reader" SET cluster = "compute__77b01de__mzf" -- before: compute"#]]);
}

#[test]
fn what_the_role_does_not_set_is_the_servers_default() {
    let mut world = World::new();
    world.roles.search_path = "core".to_owned();
    world.roles.cluster = "compute".to_owned();
    world.check(expect![[r#"
        core → core__77b01de__mzf
        compute → compute__77b01de__mzf
        ALTER ROLE "reader" SET search_path = "core__77b01de__mzf" -- before: nothing
        ALTER ROLE "reader" SET cluster = "compute__77b01de__mzf" -- before: nothing"#]]);
}

#[test]
fn a_cluster_without_a_clone_stays() {
    let mut world = World::new();
    world.set("search_path", "core");
    world.check(expect![[r#"
        core → core__77b01de__mzf
        quickstart → quickstart
        ALTER ROLE "reader" SET search_path = "core__77b01de__mzf" -- before: core"#]]);
}

#[test]
fn what_was_set_before_is_found_done_or_finished() {
    let mut world = World::new();
    let setting = |parameter, before: &str, after: &str| Setting {
        parameter,
        before: Some(before.to_owned()),
        after: after.to_owned(),
    };
    world.recorded.push(Record::ShiftIntent(ShiftIntent {
        deployment: world.scope.deployment().clone(),
        roles: vec![ShiftedRole {
            role: role_name("reader"),
            settings: vec![
                setting(Parameter::SearchPath, "core", "core__77b01de__mzf"),
                setting(Parameter::Cluster, "compute", "compute__77b01de__mzf"),
            ],
        }],
    }));
    world.set("search_path", "core__77b01de__mzf");
    world.set("cluster", "compute");
    world.check(expect![[r#"
        core → core__77b01de__mzf
        compute → compute__77b01de__mzf
        ALTER ROLE "reader" SET cluster = "compute__77b01de__mzf" -- before: compute"#]]);
    world.set("cluster", "compute__77b01de__mzf");
    world.check(expect![[r#"
        core → core__77b01de__mzf
        compute → compute__77b01de__mzf"#]]);
}

#[test]
fn a_path_that_names_nothing_staged() {
    let mut world = World::new();
    world.check(expect![[r#"
        shift.nothing-to-shift: the search path of role reader names no schema of 77b01de: nothing would change
          its search path is `public`; 77b01de stages app.core
          names that are qualified with their schema (`core.orders`) read production whatever the search path"#]]);
    world.set("search_path", "core__77b01de__mzf");
    world.check(expect![[r#"
        shift.nothing-to-shift: the search path of role reader names no schema of 77b01de: nothing would change
          its search path is `core__77b01de__mzf`; 77b01de stages app.core
          names that are qualified with their schema (`core.orders`) read production whatever the search path
          its search path names green already, and mzflow did not set it"#]]);
    world.set("search_path", "core");
    world.set("database", "other");
    world.check(expect![[r#"
        shift.nothing-to-shift: the search path of role reader names no schema of 77b01de: nothing would change
          its search path is `core`, in database other; 77b01de stages app.core
          names that are qualified with their schema (`core.orders`) read production whatever the search path"#]]);
}

#[test]
fn a_schema_that_is_in_several_databases() {
    let mut world = World::new();
    world.set("search_path", "core");
    for step in
        [Step::CreateDatabase(ident("other")), Step::CreateSchema("other.core".parse().expect("a name"))]
    {
        world.catalog.take(&step);
    }
    // Nobody can read from an empty one.
    world.check(expect![[r#"
        core → core__77b01de__mzf
        quickstart → quickstart
        ALTER ROLE "reader" SET search_path = "core__77b01de__mzf" -- before: core"#]]);
    world.catalog.take(&facts::create(ObjectKind::Table, "other.core.t", None, &[]));
    world.check(expect![[r#"
        shift.ambiguous-database: role reader reads schema core, and there is one in several databases
          77b01de stages it in app; it is in other too, and stays there
          nothing tells in which of them the role's sessions look names up"#]]);
    world.database = Some(ident("app"));
    world.check(expect![[r#"
        core → core__77b01de__mzf
        quickstart → quickstart
        ALTER ROLE "reader" SET search_path = "core__77b01de__mzf" -- before: core"#]]);
}

#[test]
fn roles_that_are_no_readers() {
    let mut world = World::new();
    world.set("search_path", "core");
    world.role("reader", &[]).superuser = true;
    world.check(expect![
        "shift.unfit-role: role reader is a superuser: whoever administers the environment would read green"
    ]);
    world.role("reader", &[]).no_login = true;
    world.check(expect![
        "shift.unfit-role: role reader cannot log in, and its members do not inherit its settings"
    ]);
    world.role("reader", &[]).no_login = false;
    world.catalog.session.role = role_name("reader");
    world.check(expect!["shift.unfit-role: role reader is the one that mzflow itself is connected as: use a role of the readers"]);
}

#[test]
fn a_role_that_reads_another_deployment() {
    let mut world = World::new();
    let mut other = world.scope.intent.clone();
    other.deployment = "other".parse().expect("an id");
    world.recorded.push(Record::StageIntent(other.clone()));
    world.recorded.push(Record::ShiftIntent(ShiftIntent {
        deployment: other.deployment,
        roles: vec![ShiftedRole { role: role_name("reader"), settings: Vec::new() }],
    }));
    world.check(expect!["shift.taken: role reader reads deployment other already"]);
}

#[test]
fn what_blue_lets_the_role_read_green_has_to() {
    let mut world = World::new();
    world.set("search_path", "core");
    world.set("cluster", "compute");
    world.roles.checked = true;
    world.role("reader", &["readers"]);
    let readers = || Grantee::Role(role_name("readers"));
    let (blue, green) = ("app.core", "app.core__77b01de__mzf");
    let schema = |name: &str| Target::Schema(name.parse().expect("a schema"));
    let view = |schema: &str| Target::Object(ObjectKind::View, facts::object(&format!("{schema}.v")));
    world.check(expect![[r#"
        shift.missing-privilege: role reader cannot read 77b01de: it has no USAGE on schema app.core__77b01de__mzf, and 1 more
          GRANT USAGE ON SCHEMA "app"."core__77b01de__mzf" TO "reader";
          GRANT USAGE ON CLUSTER "compute__77b01de__mzf" TO "reader";"#]]);
    world.grant("USAGE", schema(blue), readers());
    world.grant("SELECT", view(blue), readers());
    world.grant("USAGE", schema(green), readers());
    world.grant("USAGE", Target::Cluster(facts::cluster("compute__77b01de__mzf")), Grantee::Public);
    world.check(expect![[r#"
        shift.missing-privilege: role reader cannot read 77b01de: it has no SELECT on view app.core__77b01de__mzf.v
          GRANT SELECT ON TABLE "app"."core__77b01de__mzf"."v" TO "reader";"#]]);
    world.grant("SELECT", view(green), readers());
    world.check(expect![[r#"
        core → core__77b01de__mzf
        compute → compute__77b01de__mzf
        ALTER ROLE "reader" SET search_path = "core__77b01de__mzf" -- before: core
        ALTER ROLE "reader" SET cluster = "compute__77b01de__mzf" -- before: compute"#]]);
}

#[test]
fn names_of_roles_are_those_of_the_server_or_of_sql() {
    let mut world = World::new();
    world.role("joe@example.com", &[]);
    world.role("Odd One", &[]);
    let find = |text: &str| match decide::named(text, &world.roles) {
        Ok(name) => name.to_string(),
        Err(error) => format!("{error}; {}", error.lines().join(" ")),
    };
    let texts = ["joe@example.com", "Odd One", "\"Odd One\"", "Reader", "raeder", "x"];
    expect![[r#"
        "joe@example.com"
        "Odd One"
        "Odd One"
        reader
        shift.unknown-role: there is no role `raeder` here; did you mean `reader`?
        shift.unknown-role: there is no role `x` here; "#]]
    .assert_eq(&texts.map(find).join("\n"));
}
