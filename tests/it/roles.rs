//! The three roles, with privileges checked: who may run what, and that whoever may not is told so before
//! anything happens.

use expect_test::expect;
use mzflow::sandbox::Options;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::shop::stocked;
use crate::harness::told::Told;

pub(crate) fn url(world: &World, role: &str) -> String {
    format!("postgres://{role}@{}/materialize", world.address())
}

/// Runs the binary as a role.
pub(crate) fn mzflow(world: &World, role: &str, arguments: &[&str]) -> Told {
    world.mzflow(&[arguments, &["--url", &url(world, role)]].concat())
}

/// Runs statements as a role; the rows, a line each.
pub(crate) fn sql(world: &World, role: &str, statements: &str) -> String {
    RUNTIME.block_on(async {
        let (client, connection) = tokio_postgres::connect(&url(world, role), NoTls).await.expect("lets in");
        tokio::spawn(connection);
        let answers = client.simple_query(statements).await;
        let answers = answers.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
        let lines = answers.iter().filter_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL").to_owned());
                Some(values.collect::<Vec<_>>().join(" "))
            }
            _ => None,
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// A world that checks privileges, with a superuser who has not set up yet.
fn unprepared() -> World {
    let settings = vec![("enable_rbac_checks".to_owned(), "on".to_owned())];
    let world = World::with(Options { settings, ..Options::default() });
    sql(&world, "mz_system", "CREATE ROLE boss SUPERUSER LOGIN");
    world.write(&stocked());
    world
}

/// The same, set up, with somebody in each of the roles.
pub(crate) fn prepared() -> World {
    let world = unprepared();
    mzflow(&world, "boss", &["setup"]).code(0);
    for (role, groups) in [
        ("ann", "materialize_deployer"),
        ("bob", "materialize_deployer"),
        ("dev", "materialize_developer"),
        ("mon", "materialize_monitor"),
        ("both", "materialize_deployer, materialize_monitor"),
        ("none", ""),
    ] {
        sql(&world, "boss", &format!("CREATE ROLE {role} LOGIN"));
        for group in groups.split(", ").filter(|group| !group.is_empty()) {
            sql(&world, "boss", &format!("GRANT {group} TO {role}"));
        }
    }
    world
}

/// Everything there is, its owner and who may what with it, and how long the journal is.
pub(crate) fn state(world: &World) -> String {
    sql(
        world,
        "boss",
        "SELECT id, name, owner_id, privileges::text FROM mz_objects WHERE id LIKE 'u%' \
         UNION ALL SELECT id, name, owner_id, privileges::text FROM mz_schemas WHERE id LIKE 'u%' \
         UNION ALL SELECT id, name, owner_id, privileges::text FROM mz_clusters WHERE id LIKE 'u%' \
         UNION ALL SELECT id, name, '', '' FROM mz_roles \
         UNION ALL SELECT 'journal', count(*)::text, '', '' FROM _mzflow.public.journal ORDER BY 1, 2, 3, 4",
    )
}

const DEPLOYER: &[&str] = &["ann"];
const WRITERS: &[&str] = &["ann", "dev"];
const READERS: &[&str] = &["ann", "dev", "mon"];

/// Every command that works on an environment, and whom it is for; in an order in which a deployer can run
/// them one after the other.
const COMMANDS: &[(&[&str], &[&str])] = &[
    (&["list"], READERS),
    (&["log"], READERS),
    (&["describe", "second"], READERS),
    (&["diff", "--project", "shop"], READERS),
    (&["wait", "second", "--once"], READERS),
    (&["stage", "--project", "shop", "--id", "never", "--dry-run"], READERS),
    (&["run", "blue_green", "--project", "shop", "--dry-run"], READERS),
    (&["gc", "--dry-run"], READERS),
    (&["approve", "r-00000000"], WRITERS),
    (&["resume", "r-00000000"], DEPLOYER),
    (&["unshift", "second"], DEPLOYER),
    (&["apply", "--project", "shop"], DEPLOYER),
    (&["promote", "second", "--keep", "1h"], DEPLOYER),
    (&["rollback", "second"], DEPLOYER),
    (&["abort", "second"], DEPLOYER),
    (&["gc", "--yes"], DEPLOYER),
    (&["stage", "--project", "shop", "--id", "third"], DEPLOYER),
    (&["run", "blue_green", "--project", "shop", "--id", "third"], DEPLOYER),
    (&["setup"], &["ann", "dev", "mon", "none", "both"]),
];

#[test]
fn every_command_by_every_role() {
    let world = prepared();
    mzflow(&world, "ann", &["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    mzflow(&world, "ann", &["stage", "--project", "shop", "--id", "second"]).code(0);
    for (command, allowed) in COMMANDS {
        // Whoever changes something comes last.
        for role in ["none", "both", "mon", "dev", "ann"] {
            let before = state(&world);
            let told = mzflow(&world, role, command);
            if allowed.contains(&role) {
                told.never_says("[access.").never_says("permission denied").never_says("must be owner");
                continue;
            }
            let code = if role == "both" { "[access.several-roles]" } else { "[access.missing-role]" };
            told.code(3).says(code).says("nothing was changed").says("ask a superuser");
            assert_eq!(state(&world), before, "{role} {command:?}");
        }
    }
    assert_eq!(sql(&world, "ann", "SELECT total FROM shop.core.totals"), "20");
}

#[test]
fn what_nobody_is_asked_for() {
    let world = prepared();
    mzflow(&world, "none", &["compile", "--project", "shop", "--check"]).never_says("[access.");
    // Nothing is checked for a superuser, whatever it belongs to.
    mzflow(&world, "boss", &["run", "blue_green", "--project", "shop"]).code(0);
    // Nor where nothing is checked at all.
    sql(&world, "mz_system", "ALTER SYSTEM SET enable_rbac_checks = off");
    mzflow(&world, "none", &["list"]).code(0);
}

#[test]
fn setup_is_for_superusers_and_makes_the_roles_with_what_they_need() {
    let world = unprepared();
    let roles = "SELECT name FROM mz_roles WHERE name LIKE 'materialize_%' ORDER BY 1";
    for command in [&["setup"][..], &["run", "blue_green", "--project", "shop"]] {
        let told = mzflow(&world, "materialize", command).code(3);
        match command {
            ["setup"] => told.says("[setup.not-superuser]").says("missing: create role materialize_deployer"),
            _ => told.says("[setup.missing]").says("role materialize_deployer does not exist"),
        };
        assert_eq!(sql(&world, "boss", roles), "");
        assert_eq!(sql(&world, "boss", "SELECT name FROM mz_databases WHERE name = '_mzflow'"), "");
    }
    // One that another tool has made is taken as it is.
    sql(&world, "boss", "CREATE ROLE materialize_monitor");
    mzflow(&world, "boss", &["setup"]).code(0);
    let held = "SELECT r.name, o.name, string_agg(o.privilege_type, ' ' ORDER BY o.privilege_type) FROM (\
        SELECT name, (mz_internal.mz_aclexplode(privileges)).* FROM mz_objects WHERE id LIKE 'u%' \
        UNION ALL SELECT name, (mz_internal.mz_aclexplode(privileges)).* FROM mz_databases WHERE name = '_mzflow') \
        AS o(name, grantor, grantee, privilege_type, is_grantable) JOIN mz_roles r ON r.id = o.grantee \
        WHERE r.name LIKE 'materialize_%' GROUP BY 1, 2 ORDER BY 1, 2";
    let system = "SELECT grantee, privilege_type FROM mz_internal.mz_show_system_privileges \
        WHERE grantee LIKE 'materialize_%' ORDER BY 1, 2";
    let marker = "SELECT s.name, r.name FROM mz_schemas s JOIN mz_roles r ON r.id = s.owner_id WHERE s.name LIKE 'epoch%'";
    let all = [held, system, marker].map(|query| sql(&world, "boss", query)).join("\n");
    expect![[r#"
        materialize_deployer _mzflow CREATE
        materialize_deployer deployment_objects DELETE INSERT SELECT
        materialize_deployer journal INSERT SELECT
        materialize_developer deployment_objects SELECT
        materialize_developer journal INSERT SELECT
        materialize_monitor deployment_objects SELECT
        materialize_monitor journal SELECT
        materialize_deployer CREATECLUSTER
        materialize_deployer CREATEDB
        materialize_developer CREATEDB
        epoch@0:setup materialize_deployer"#]]
    .assert_eq(&all);
    mzflow(&world, "boss", &["setup"]).code(0).says("everything is there");
    // What was taken away comes back, and nothing else is done.
    sql(&world, "boss", "REVOKE INSERT ON _mzflow.public.journal FROM materialize_deployer");
    let told = mzflow(&world, "boss", &["setup", "--dry-run", "-v"]).code(0);
    told.says("GRANT INSERT ON TABLE \"_mzflow\".\"public\".\"journal\" TO \"materialize_deployer\"")
        .says("1 statement to run");
}

#[test]
fn what_a_deployer_may_not_do_is_told_with_its_remedy() {
    let world = prepared();
    sql(&world, "boss", "CREATE DATABASE shop");
    sql(&world, "boss", "CREATE CLUSTER compute (SIZE = '25cc')");
    let before = state(&world);
    let told =
        mzflow(&world, "ann", &["apply", "--project", "shop"]).code(3).says("[apply.missing-privilege]");
    told.says("no CREATE on database shop: GRANT CREATE ON DATABASE \"shop\" TO \"ann\"");
    assert_eq!(state(&world), before);
    sql(&world, "boss", "GRANT CREATE ON DATABASE shop TO ann");
    mzflow(&world, "ann", &["apply", "--project", "shop"]).code(0);
    let before = state(&world);
    let stage = ["stage", "--project", "shop", "--id", "first"];
    let told = mzflow(&world, "ann", &stage).code(3).says("[stage.missing-privilege]");
    told.says("no CREATE on cluster compute: GRANT CREATE ON CLUSTER \"compute\" TO \"ann\"")
        .says("nothing was changed");
    assert_eq!(state(&world), before);
    sql(&world, "boss", "GRANT CREATE ON CLUSTER compute TO ann");
    mzflow(&world, "ann", &stage).code(0);
    mzflow(&world, "ann", &["promote", "first"]).code(0);
    world.write("-- file: shop/roles/reader.sql\nCREATE ROLE reader;\n");
    let told =
        mzflow(&world, "ann", &["apply", "--project", "shop"]).code(3).says("[apply.missing-privilege]");
    told.says("no CREATEROLE on the system: GRANT CREATEROLE ON SYSTEM TO \"ann\"");
    sql(&world, "boss", "GRANT CREATEROLE ON SYSTEM TO ann");
    mzflow(&world, "ann", &["apply", "--project", "shop"]).code(0);
}

#[test]
fn what_another_deployer_owns_is_neither_swapped_nor_dropped() {
    let world = prepared();
    mzflow(&world, "ann", &["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    let told = mzflow(&world, "bob", &["stage", "--project", "shop", "--id", "bobs"]).code(3);
    told.says("[stage.not-owner]").says("ALTER SCHEMA \"shop\".\"core\" OWNER TO \"bob\"");
    mzflow(&world, "ann", &["stage", "--project", "shop", "--id", "second"]).code(0);
    let things = "SELECT id, name, owner_id FROM mz_objects WHERE id LIKE 'u%' UNION ALL \
        SELECT id, name, owner_id FROM mz_schemas WHERE id LIKE 'u%' ORDER BY 1, 2, 3";
    let before = sql(&world, "boss", things);
    let told = mzflow(&world, "bob", &["promote", "second"]).code(3).says("[swap.not-owner]");
    told.says("schema shop.core belongs to ann").says("nothing was changed");
    let told = mzflow(&world, "bob", &["abort", "second"]).code(3).says("[drop.not-owner]");
    told.says("schema shop.core__second__mzf belongs to ann").says("nothing was dropped");
    assert_eq!(sql(&world, "boss", things), before);
    // Whoever belongs to the owner may.
    sql(&world, "boss", "GRANT ann TO bob");
    mzflow(&world, "bob", &["promote", "second"]).code(0);
    assert_eq!(sql(&world, "ann", "SELECT total FROM shop.core.totals"), "20");
}

#[test]
fn a_developer_who_may_not_make_databases_is_told_the_grant() {
    let world = prepared();
    mzflow(&world, "boss", &["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    sql(&world, "dev", "SELECT 1");
    sql(&world, "boss", "CREATE CLUSTER mine (SIZE = '25cc')");
    sql(&world, "boss", "GRANT USAGE, CREATE ON CLUSTER mine TO dev");
    world.write(&stocked().replace("SELECT 10", "SELECT 11"));
    let dev = ["dev", "mine", "--name", "me", "--project", "shop"];
    sql(&world, "boss", "REVOKE CREATEDB ON SYSTEM FROM materialize_developer");
    let told = mzflow(&world, "dev", &dev).code(3).says("[setup.not-superuser]");
    told.says("grant CREATEDB on the system to materialize_developer").says("nothing was changed");
    assert_eq!(sql(&world, "boss", "SELECT count(*) FROM mz_databases WHERE name = 'shop__me'"), "0");
    mzflow(&world, "boss", &["setup"]).code(0);
    mzflow(&world, "dev", &dev).code(0).says("1 rebuilt");
    world.write(&stocked().replace("SELECT 10", "SELECT 12"));
    mzflow(&world, "dev", &dev).code(0).says("1 rebuilt");
    mzflow(&world, "dev", &["dev", "--down", "--name", "me", "--project", "shop"]).code(0).says("is gone");
}
