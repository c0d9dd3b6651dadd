//! The three roles, with privileges checked: who may run what, and that whoever may not is told so before
//! anything happens.

use expect_test::expect;
use mzflow::sandbox::Options;

use crate::harness::World;
use crate::harness::shop::stocked;
use crate::harness::told::Told;

/// Runs the binary as a role.
pub(crate) fn mzflow(world: &World, role: &str, arguments: &[&str]) -> Told {
    world.mzflow(&[arguments, &["--url", &world.url_as(role)]].concat())
}

/// A world that checks privileges, with a superuser who has not set up yet.
fn unprepared() -> World {
    let settings = vec![("enable_rbac_checks".to_owned(), "on".to_owned())];
    let world = World::with(Options { settings, ..Options::default() });
    world.sql_as("mz_system", "CREATE ROLE boss SUPERUSER LOGIN");
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
        world.sql_as("boss", &format!("CREATE ROLE {role} LOGIN"));
        for group in groups.split(", ").filter(|group| !group.is_empty()) {
            world.sql_as("boss", &format!("GRANT {group} TO {role}"));
        }
    }
    world
}

/// Everything there is, its owner and who may what with it, and how long the journal is.
pub(crate) fn state(world: &World) -> String {
    world.sql_as(
        "boss",
        "SELECT id, name, owner_id, privileges::text FROM mz_objects WHERE id LIKE 'u%' \
         UNION ALL SELECT id, name, owner_id, privileges::text FROM mz_schemas WHERE id LIKE 'u%' \
         UNION ALL SELECT id, name, owner_id, privileges::text FROM mz_clusters WHERE id LIKE 'u%' \
         UNION ALL SELECT id, name, '', '' FROM mz_roles \
         UNION ALL SELECT 'journal', count(*)::text, '', '' FROM _mzflow.public.journal ORDER BY 1, 2, 3, 4",
    )
}

/// Every command that works on an environment, in an order in which those that may can run them one after the
/// other. `ASKS` is a run that waits for two answers, `DECIDED` one that asked a policy.
const COMMANDS: &[&str] = &[
    "list",
    "log",
    "describe second",
    "diff --project shop",
    "explain totals --project shop",
    "compile --check --project shop",
    "test --project shop",
    "lock --dry-run --project shop",
    "lock --project shop",
    "wait second --once",
    "policy facts DECIDED --project shop",
    "policy backtest fine --project shop",
    "setup --dry-run",
    "apply --dry-run --project shop",
    "adopt --dry-run --project shop",
    "stage --dry-run --project shop --id never",
    "run blue_green --dry-run --project shop",
    "run canary --dry-run --project shop",
    "run dev_overlay --dry-run --project shop --cluster mine --name me",
    "dev mine --dry-run --name me --project shop",
    "promote second --dry-run",
    "abort second --dry-run",
    "unshift second --dry-run",
    "delete cluster spare --dry-run --project shop",
    "gc --dry-run",
    "resume ASKS --dry-run --project shop",
    "approve ASKS --no-resume --project shop",
    "resume ASKS --project shop",
    "unshift second",
    "dev mine --name me --project shop",
    "dev --down --name me --project shop",
    "run dev_overlay --project shop --cluster mine --name me",
    "apply --project shop",
    "adopt --project shop",
    "promote second --keep 1h",
    "rollback second --dry-run",
    "rollback second",
    "abort second",
    "gc --yes",
    "stage --project shop --id third",
    "run blue_green --project shop --id third",
    "run canary --project shop --id fourth --allow true",
    "delete cluster spare --yes --project shop",
    "setup",
];

/// Commands that work on no environment.
const LOCAL: &[&str] = &[
    "recipes",
    "recipes check",
    "recipes stubs",
    "policy test",
    "new recipe",
    "eject",
    "sandbox serve",
    "sandbox reset",
];

/// Commands that only lead to others.
const GROUPS: &[&str] = &["", "run", "policy", "new", "sandbox"];

#[test]
fn every_command_of_the_command_line_is_asked_for_by_every_role() {
    let page = include_str!("../../docs/cli.md");
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## mzflow")).collect();
    assert!(commands.len() > 30, "the page names {} commands", commands.len());
    let has_row =
        |name: &str| COMMANDS.iter().any(|row| row == &name || row.starts_with(&format!("{name} ")));
    let commands = commands.into_iter().map(str::trim);
    let missing = commands.filter(|name| !has_row(name) && !LOCAL.contains(name) && !GROUPS.contains(name));
    let missing: Vec<&str> = missing.collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

/// What the commands need beside the project.
const BESIDE: &str = "\
-- file: shop/clusters/spare.sql
CREATE CLUSTER spare (SIZE = '25cc');
-- file: shop/policies/fine.lua
return mz.policy { api = 1, name = 'fine', needs = {}, decide = function() return mz.promote('fine') end }
-- file: shop/recipes/asks.lua
-- asks: asks two people.
return mz.recipe {
  api = 1, name = 'asks', summary = 'Ask.',
  run = function(ctx)
    mz.setup {}
    mz.approve { message = 'go on?', approvals = 2, timeout = '0s' }
    return ctx.done('both agree')
  end,
}
";

/// The run of a kind of record.
fn run_of(world: &World, kind: &str) -> String {
    world.sql_as("boss", &format!("SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = '{kind}'"))
}

/// The code of an error that was told, if one was.
fn code_of(told: &Told) -> String {
    let code = told.stderr.split_once("error[").and_then(|(_, rest)| rest.split_once(']'));
    code.map(|(code, _)| format!(" {code}")).unwrap_or_default()
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is the table")]
fn every_command_by_every_role() {
    let world = prepared();
    world.write(BESIDE);
    let first = ["run", "blue_green", "--project", "shop", "--id", "first", "--policy", "fine"];
    mzflow(&world, "ann", &first).code(0);
    mzflow(&world, "ann", &["run", "asks", "--project", "shop"]).code(5);
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    mzflow(&world, "ann", &["stage", "--project", "shop", "--id", "second"]).code(0);
    world.sql_as("boss", "CREATE CLUSTER mine (SIZE = '25cc')");
    world.sql_as("boss", "GRANT USAGE, CREATE ON CLUSTER mine TO dev");
    let (asks, decided) = (run_of(&world, "approval.asked"), run_of(&world, "policy.decided"));
    let (mut table, mut raw) = (String::new(), Vec::new());
    for row in COMMANDS {
        if row.contains("fourth") {
            world.write(&stocked().replace("10 AS total", "30 AS total"));
        }
        let words = row.replace("ASKS", &asks).replace("DECIDED", &decided);
        let words: Vec<&str> = words.split(' ').collect();
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        // Whoever changes something comes last.
        for role in ["none", "both", "mon", "dev", "ann"] {
            let before = state(&world);
            let told = mzflow(&world, role, &words);
            let is_refused_by_the_server =
                ["permission denied", "must be "].iter().any(|it| told.stderr.contains(it));
            if is_refused_by_the_server {
                raw.push(format!("{role} {row}: {}", told.stderr));
            }
            let end = format!("{}{}", told.code.unwrap_or(-1), code_of(&told));
            if end.starts_with("3 access.") {
                told.says("nothing was changed").says("ask a superuser");
            }
            if end != "0" {
                assert_eq!(state(&world), before, "{role} {row}");
            }
            match said.last_mut().filter(|(before, _)| *before == end) {
                Some((_, roles)) => roles.push(role),
                None => said.push((end, vec![role])),
            }
        }
        let said: Vec<String> =
            said.iter().map(|(end, roles)| format!("{}: {end}", roles.join(" "))).collect();
        table += &format!("{row}\n    {}\n", said.join(", "));
    }
    expect![[r#"
        list
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        log
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        describe second
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        diff --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        explain totals --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        compile --check --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        test --project shop
            none both mon dev ann: 0
        lock --dry-run --project shop
            none both mon dev ann: 0
        lock --project shop
            none both mon dev ann: 0
        wait second --once
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        policy facts DECIDED --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        policy backtest fine --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        setup --dry-run
            none both mon dev ann: 0
        apply --dry-run --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        adopt --dry-run --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        stage --dry-run --project shop --id never
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 stage.not-owner, ann: 0
        run blue_green --dry-run --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 stage.not-owner, ann: 0
        run canary --dry-run --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 stage.not-owner, ann: 0
        run dev_overlay --dry-run --project shop --cluster mine --name me
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        dev mine --dry-run --name me --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        promote second --dry-run
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 swap.not-owner, ann: 0
        abort second --dry-run
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 drop.not-owner, ann: 0
        unshift second --dry-run
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        delete cluster spare --dry-run --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 delete.missing-privilege, ann: 0
        gc --dry-run
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        resume ASKS --dry-run --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev ann: 0
        approve ASKS --no-resume --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon: 3 access.missing-role, dev ann: 0
        resume ASKS --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        unshift second
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        dev mine --name me --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon: 3 access.missing-role, dev: 0, ann: 3 access.missing-role
        dev --down --name me --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon: 3 access.missing-role, dev: 0, ann: 3 access.missing-role
        run dev_overlay --project shop --cluster mine --name me
            none: 3 access.missing-role, both: 3 access.several-roles, mon: 3 access.missing-role, dev: 0, ann: 3 access.missing-role
        apply --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        adopt --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        promote second --keep 1h
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        rollback second --dry-run
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 swap.not-owner, ann: 0
        rollback second
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        abort second
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        gc --yes
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        stage --project shop --id third
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        run blue_green --project shop --id third
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        run canary --project shop --id fourth --allow true
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        delete cluster spare --yes --project shop
            none: 3 access.missing-role, both: 3 access.several-roles, mon dev: 3 access.missing-role, ann: 0
        setup
            none both mon dev ann: 0
    "#]].assert_eq(&table);
    assert!(raw.is_empty(), "refused by the server alone: {}", raw.join("\n"));
    assert_eq!(world.sql_as("ann", "SELECT total FROM shop.core.totals"), "30");
}

#[test]
fn what_nobody_is_asked_for() {
    let world = prepared();
    // What is recorded is for those who may read it; without it nobody is asked.
    let check = ["compile", "--project", "shop", "--check"];
    mzflow(&world, "none", &check).code(3).says("[access.missing-role]").never_says("permission denied");
    mzflow(&world, "mon", &check).code(0);
    // Nothing is checked for a superuser, whatever it belongs to.
    mzflow(&world, "boss", &["run", "blue_green", "--project", "shop"]).code(0);
    // Nor where nothing is checked at all.
    world.sql_as("mz_system", "ALTER SYSTEM SET enable_rbac_checks = off");
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
        assert_eq!(world.sql_as("boss", roles), "");
        assert_eq!(world.sql_as("boss", "SELECT name FROM mz_databases WHERE name = '_mzflow'"), "");
    }
    // One that another tool has made is taken as it is.
    world.sql_as("boss", "CREATE ROLE materialize_monitor");
    mzflow(&world, "boss", &["setup"]).code(0);
    let held = "SELECT r.name, o.name, string_agg(o.privilege_type, ' ' ORDER BY o.privilege_type) FROM (\
        SELECT name, (mz_internal.mz_aclexplode(privileges)).* FROM mz_objects WHERE id LIKE 'u%' \
        UNION ALL SELECT name, (mz_internal.mz_aclexplode(privileges)).* FROM mz_databases WHERE name = '_mzflow') \
        AS o(name, grantor, grantee, privilege_type, is_grantable) JOIN mz_roles r ON r.id = o.grantee \
        WHERE r.name LIKE 'materialize_%' GROUP BY 1, 2 ORDER BY 1, 2";
    let system = "SELECT grantee, privilege_type FROM mz_internal.mz_show_system_privileges \
        WHERE grantee LIKE 'materialize_%' ORDER BY 1, 2";
    let marker = "SELECT s.name, r.name FROM mz_schemas s JOIN mz_roles r ON r.id = s.owner_id WHERE s.name LIKE 'epoch%'";
    let all = [held, system, marker].map(|query| world.sql_as("boss", query)).join("\n");
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
    world.sql_as("boss", "REVOKE INSERT ON _mzflow.public.journal FROM materialize_deployer");
    let told = mzflow(&world, "boss", &["setup", "--dry-run", "-v"]).code(0);
    told.says("GRANT INSERT ON TABLE \"_mzflow\".\"public\".\"journal\" TO \"materialize_deployer\"")
        .says("1 statement to run");
}

#[test]
fn a_tracking_database_of_another_role_is_not_completed() {
    let world = World::new();
    world.sql_as("guest", "CREATE DATABASE _mzflow");
    world.forget();
    let told = world.mzflow(&["setup"]).code(3).says("[setup.not-owner]");
    told.says("database _mzflow belongs to guest, and materialize is no member of that role");
    assert_eq!(world.writes(), 0);
    world.sql("GRANT guest TO materialize");
    world.mzflow(&["setup"]).code(0);
    // Where everything is there nobody has to own it.
    world.sql("REVOKE guest FROM materialize");
    world.mzflow(&["setup"]).code(0).says("everything is there");
}

#[test]
fn what_a_deployer_may_not_do_is_told_with_its_remedy() {
    let world = prepared();
    world.sql_as("boss", "CREATE DATABASE shop");
    world.sql_as("boss", "CREATE CLUSTER compute (SIZE = '25cc')");
    let before = state(&world);
    let told =
        mzflow(&world, "ann", &["apply", "--project", "shop"]).code(3).says("[apply.missing-privilege]");
    told.says("no CREATE on database shop: GRANT CREATE ON DATABASE \"shop\" TO \"ann\"");
    assert_eq!(state(&world), before);
    world.sql_as("boss", "GRANT CREATE ON DATABASE shop TO ann");
    mzflow(&world, "ann", &["apply", "--project", "shop"]).code(0);
    let before = state(&world);
    let stage = ["stage", "--project", "shop", "--id", "first"];
    let told = mzflow(&world, "ann", &stage).code(3).says("[stage.missing-privilege]");
    told.says("no CREATE on cluster compute: GRANT CREATE ON CLUSTER \"compute\" TO \"ann\"")
        .says("nothing was changed");
    assert_eq!(state(&world), before);
    world.sql_as("boss", "GRANT CREATE ON CLUSTER compute TO ann");
    mzflow(&world, "ann", &stage).code(0);
    mzflow(&world, "ann", &["promote", "first"]).code(0);
    world.write("-- file: shop/roles/reader.sql\nCREATE ROLE reader;\n");
    let told =
        mzflow(&world, "ann", &["apply", "--project", "shop"]).code(3).says("[apply.missing-privilege]");
    told.says("no CREATEROLE on the system: GRANT CREATEROLE ON SYSTEM TO \"ann\"");
    world.sql_as("boss", "GRANT CREATEROLE ON SYSTEM TO ann");
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
    let before = world.sql_as("boss", things);
    let told = mzflow(&world, "bob", &["promote", "second"]).code(3).says("[swap.not-owner]");
    told.says("schema shop.core belongs to ann").says("nothing was changed");
    let told = mzflow(&world, "bob", &["abort", "second"]).code(3).says("[drop.not-owner]");
    told.says("schema shop.core__second__mzf belongs to ann").says("nothing was dropped");
    assert_eq!(world.sql_as("boss", things), before);
    // Whoever belongs to the owner may.
    world.sql_as("boss", "GRANT ann TO bob");
    mzflow(&world, "bob", &["promote", "second"]).code(0);
    assert_eq!(world.sql_as("ann", "SELECT total FROM shop.core.totals"), "20");
}

#[test]
fn a_developer_who_may_not_make_databases_is_told_the_grant() {
    let world = prepared();
    mzflow(&world, "boss", &["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql_as("dev", "SELECT 1");
    world.sql_as("boss", "CREATE CLUSTER mine (SIZE = '25cc')");
    world.sql_as("boss", "GRANT USAGE, CREATE ON CLUSTER mine TO dev");
    world.write(&stocked().replace("SELECT 10", "SELECT 11"));
    let dev = ["dev", "mine", "--name", "me", "--project", "shop"];
    world.sql_as("boss", "REVOKE CREATEDB ON SYSTEM FROM materialize_developer");
    let told = mzflow(&world, "dev", &dev).code(3).says("[setup.not-superuser]");
    told.says("grant CREATEDB on the system to materialize_developer").says("nothing was changed");
    assert_eq!(world.sql_as("boss", "SELECT count(*) FROM mz_databases WHERE name = 'shop__me'"), "0");
    mzflow(&world, "boss", &["setup"]).code(0);
    mzflow(&world, "dev", &dev).code(0).says("1 rebuilt");
    world.write(&stocked().replace("SELECT 10", "SELECT 12"));
    mzflow(&world, "dev", &dev).code(0).says("1 rebuilt");
    mzflow(&world, "dev", &["dev", "--down", "--name", "me", "--project", "shop"]).code(0).says("is gone");
}
