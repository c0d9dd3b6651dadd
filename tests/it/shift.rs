//! Roles that read a staged deployment: who reads what, who is put back when, and what a process that dies
//! leaves behind.

use tokio_postgres::Client;
use tokio_postgres::NoTls;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::client::column;
use crate::harness::readers::BLUE;
use crate::harness::readers::SHOP;
use crate::harness::readers::deployed;
use crate::harness::readers::settings;

/// Lets roles read what is staged.
const RECIPE: &str = "\
-- file: shop/recipes/lead.lua
-- lead: lets roles read a deployment that is staged, and does with it what it is told.
return mz.recipe {
  api = 1, name = 'lead', summary = 'Let roles read what is staged.',
  args = {
    role = { many = true, required = true, help = 'who' },
    id = { default = 'second', help = 'what' },
    database = { help = 'where' },
    ready = { type = 'boolean', help = 'whether it has to be ready' },
    ending = { default = 'stay', help = 'what comes then' },
  },
  run = function(ctx)
    local args = ctx.args
    local shift = mz.shift {
      deployment = args.id, roles = args.role, database = args.database, ready_check = args.ready,
    }
    for _, reader in ipairs(shift.roles) do
      mz.log(reader.role .. ': ' .. reader.search_path.before .. ' > ' .. reader.search_path.after)
    end
    if args.ending == 'refuse' then ctx.refuse('two rows differ', { rows = { { id = 1, why = 'gone' } } }) end
    if args.ending == 'break' then error('broken') end
    if args.ending == 'wait' then mz.sleep('10m') end
    if args.ending == 'swap' then mz.swap { deployment = args.id } end
    if args.ending == 'back' then mz.log(mz.unshift { role = args.role[1] }) end
    return ctx.done('led')
  end,
}
";

const GREEN: &str = "other search_path core\nreader cluster compute__second__mzf\n\
    reader search_path core__second__mzf, \"My Own\"";

/// A version is production, and another one is staged.
fn staged() -> World {
    let world = deployed(RECIPE);
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    assert_eq!(settings(&world), BLUE);
    world
}

const LEAD: [&str; 6] = ["run", "lead", "--project", "shop", "--role", "reader"];

/// A session of a role's.
fn session(world: &World, role: &str) -> Client {
    RUNTIME.block_on(async {
        let url = format!("postgres://{role}@{}/shop", world.address());
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("it lets roles in");
        tokio::spawn(connection);
        client
    })
}

/// What a session reads.
fn total(client: &Client) -> String {
    RUNTIME.block_on(column(client, "SELECT total FROM totals")).join(" ")
}

#[test]
fn new_sessions_read_green_and_open_ones_blue() {
    let world = staged();
    let open = session(&world, "reader");
    assert_eq!(total(&open), "10");
    let told =
        world.mzflow(&LEAD).code(0).says("role reader reads second").says("cluster compute__second__mzf");
    told.says("1 open session reads production until it connects again")
        .says("new sessions of reader read second");
    assert_eq!(settings(&world), GREEN);
    assert_eq!((total(&open), total(&session(&world, "reader"))), ("10".to_owned(), "20".to_owned()));
    assert_eq!(total(&session(&world, "other")), "10");
    // Again: nothing is set a second time.
    world.forget();
    world.mzflow(&LEAD).code(0).never_says("role reader reads second");
    assert!(world.statements().iter().all(|sql| !sql.starts_with("ALTER ROLE")));
    let listed = world.mzflow(&["list"]).code(0).says("staged, read by reader");
    drop(listed);
    let listed = world.mzflow(&["list", "--json"]).code(0).json();
    assert_eq!(listed[0]["shifted"], serde_json::json!(["reader"]));
    let told = world.mzflow(&["describe", "second"]).code(0);
    told.says("read by     reader: cluster compute → compute__second__mzf");
    // A second cohort adds to the first.
    world.mzflow(&[&LEAD[..4], &["--role", "other"]].concat()).code(0);
    assert_eq!(total(&session(&world, "other")), "20");
    world.mzflow(&["list"]).code(0).says("read by other, reader");
    world.mzflow(&["unshift", "--role", "other"]).code(0).says("role other reads production again");
    assert_eq!(settings(&world), GREEN);
    world.mzflow(&["unshift", "second"]).code(0).says("role reader reads production again");
    assert_eq!(settings(&world), BLUE);
    assert_eq!(total(&session(&world, "reader")), "10");
    world.mzflow(&["unshift"]).code(0).says("no role reads a staged deployment");
    world.mzflow(&["unshift", "third"]).code(1).says("[deployment.unknown]");
}

/// Where the first statement like that stands in the transcript.
fn first(world: &World, part: &str) -> usize {
    let statements = world.statements();
    statements
        .iter()
        .position(|sql| sql.contains(part))
        .unwrap_or_else(|| panic!("{part} in {statements:#?}"))
}

#[test]
fn whoever_swaps_or_drops_puts_roles_back_first() {
    for (verb, after) in [(["promote", "second"], "SWAP WITH"), (["abort", "second"], "RENAME TO")] {
        let world = staged();
        world.mzflow(&[&LEAD[..], &["--role", "other"]].concat()).code(0);
        world.forget();
        world.mzflow(&verb).code(0).says("2 roles read production again: other, reader");
        assert!(first(&world, "ALTER ROLE \"reader\" SET") < first(&world, after));
        assert_eq!(settings(&world), BLUE);
        let expected = if verb[0] == "promote" { "20" } else { "10" };
        assert_eq!(total(&session(&world, "reader")), expected);
    }
    let world = staged();
    let told = world.mzflow(&[&LEAD[..], &["--ending", "swap"]].concat()).code(0);
    told.says("role reader reads production again");
    assert_eq!((settings(&world).as_str(), total(&session(&world, "reader")).as_str()), (BLUE, "20"));
}

#[test]
fn a_swap_that_is_refused_puts_nobody_back() {
    let world = staged();
    world.mzflow(&LEAD).code(0);
    world.sql("CREATE VIEW shop.core.stranger AS SELECT 1");
    world.mzflow(&["promote", "second"]).code(3).says("[swap.production-moved]");
    assert_eq!(settings(&world), GREEN);
}

#[test]
fn a_run_that_fails_puts_roles_back() {
    for (ending, code, said) in [("refuse", 3, "[recipe.refused]"), ("break", 1, "[lua.error]")] {
        let world = staged();
        let told = world.mzflow(&[&LEAD[..], &["--ending", ending]].concat()).code(code).says(said);
        told.says("role reader reads production again").says("production is untouched");
        assert_eq!(settings(&world), BLUE);
    }
    let world = staged();
    let told = world.mzflow(&[&LEAD[..], &["--ending", "refuse", "--json"]].concat()).code(3);
    let lines = told.json_lines();
    let error = &lines.last().expect("there are some")["error"];
    assert_eq!(error["evidence"], serde_json::json!({ "rows": [{ "id": 1, "why": "gone" }] }));
    let told = world.mzflow(&[&LEAD[..], &["--ending", "refuse"]].concat());
    told.says("ID  WHY").says("1   gone");
    let told = world.mzflow(&[&LEAD[..], &["--ending", "back"]].concat()).code(0);
    told.says(r#"{"left_alone":[],"roles":["reader"]}"#);
}

#[test]
fn ctrl_c_puts_roles_back_and_keeps_the_deployment() {
    let world = staged();
    let running = world.start(&[&LEAD[..], &["--ending", "wait"]].concat());
    world.until("it is shifted", || settings(&world) == GREEN);
    running.interrupt();
    running.end(&world).code(130).says("role reader reads production again").says("mzflow resume");
    assert_eq!(settings(&world), BLUE);
    world.mzflow(&["promote", "second"]).code(0);
}

#[test]
fn what_others_set_meanwhile_stays() {
    let world = staged();
    world.mzflow(&LEAD).code(0);
    world.sql("ALTER ROLE reader SET search_path = elsewhere");
    let told = world.mzflow(&["promote", "second"]).code(0);
    told.says("left alone: search_path of role reader is `elsewhere`: somebody else set it");
    let expected = BLUE.replace("core, \"My Own\"", "elsewhere");
    assert_eq!(settings(&world), expected);

    // A role that is dropped meanwhile is no error.
    let world = staged();
    world.mzflow(&[&LEAD[..4], &["--role", "other"]].concat()).code(0);
    for sql in ["REVOKE ALL ON CLUSTER compute FROM other", "REVOKE ALL ON SCHEMA shop.core FROM other"] {
        world.sql(sql);
    }
    world.sql("REVOKE SELECT ON shop.core.orders, shop.core.totals FROM other");
    world.sql("REVOKE ALL ON CLUSTER compute__second__mzf FROM other");
    world.sql("REVOKE ALL ON SCHEMA shop.core__second__mzf FROM other");
    world.sql("REVOKE SELECT ON shop.core__second__mzf.orders, shop.core__second__mzf.totals FROM other");
    world.sql("DROP ROLE other");
    world.mzflow(&["abort", "second"]).code(0);

    // What somebody else pointed at green is told, and keeps nobody from swapping.
    let world = staged();
    world.sql("ALTER ROLE other SET search_path = core__second__mzf");
    let told =
        world.mzflow(&["promote", "second", "--keep", "1h"]).code(0).says("warning[shift.foreign-setting]");
    told.says("which mzflow did not set: its new sessions read the version that has left production");
    assert_eq!(world.rows("SELECT count(*) FROM mz_role_parameters WHERE parameter_value LIKE '%mzf'"), "1");
}

#[test]
fn what_cannot_be_read_there_is_told_before_anything_is_set() {
    let world = staged();
    let system = session(&world, "mz_system");
    for sql in [
        "ALTER SYSTEM SET enable_rbac_checks = on",
        "GRANT CREATEROLE ON SYSTEM TO materialize",
        "GRANT materialize_deployer TO materialize",
    ] {
        RUNTIME.block_on(column(&system, sql));
    }
    world.sql("REVOKE SELECT ON shop.core__second__mzf.totals FROM reader");
    world.sql("REVOKE USAGE ON CLUSTER compute__second__mzf FROM reader");
    let told = world.mzflow(&LEAD).code(3).says("[shift.missing-privilege]").says("and 1 more");
    let told = told.says("GRANT USAGE ON CLUSTER \"compute__second__mzf\" TO \"reader\";");
    told.says("GRANT SELECT ON TABLE \"shop\".\"core__second__mzf\".\"totals\" TO \"reader\";");
    assert_eq!(settings(&world), BLUE);
    world.sql("GRANT SELECT ON shop.core__second__mzf.totals TO PUBLIC");
    world.sql("GRANT USAGE ON CLUSTER compute__second__mzf TO PUBLIC");
    world.mzflow(&LEAD).code(0);
    assert_eq!(total(&session(&world, "reader")), "20");
}

#[test]
fn what_is_refused() {
    let world = staged();
    let lead = |role: &str, more: &[&str]| {
        world.mzflow(&[&["run", "lead", "--project", "shop", "--role", role], more].concat())
    };
    lead("raeder", &[]).code(1).says("[shift.unknown-role]").says("did you mean `reader`?");
    lead("materialize", &[]).code(3).says("[shift.unfit-role]");
    world.sql("CREATE ROLE plain");
    lead("plain", &[]).code(3).says("[shift.nothing-to-shift]").says("its search path is `public`");
    lead("reader", &["--id", "first"]).code(3).says("[shift.no-green]");
    world.sql("CREATE DATABASE elsewhere");
    world.sql("CREATE SCHEMA elsewhere.core");
    world.sql("CREATE TABLE elsewhere.core.t (x int)");
    lead("reader", &[]).code(3).says("[shift.ambiguous-database]").says("--database NAME");
    lead("reader", &["--database", "elsewhere"]).code(3).says("[shift.nothing-to-shift]");
    world.faults("error '42501' on 'ALTER ROLE%' 2");
    let told = lead("reader", &["--database", "shop"]).code(1).says("[shift.rejected]");
    told.says("the roles are as they were");
    assert_eq!(settings(&world), BLUE);
    lead("reader", &["--database", "shop"]).code(0);
    world.faults(
        "error '42501' on 'ALTER ROLE%'; error '42501' on 'ALTER ROLE%' 3; error '42501' on 'ALTER ROLE%' 4",
    );
    world.mzflow(&["unshift"]).code(1).says("[unshift.rejected]").says("role reader may still read second");
    world.faults("");
    world.mzflow(&["list"]).code(0).says("read by reader");
    world.mzflow(&["unshift"]).code(0);
    assert_eq!(settings(&world), BLUE);
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.write(&SHOP.replace("10 AS amount", "30 AS amount"));
    world.mzflow(&["stage", "--project", "shop", "--id", "third"]).code(0);
    let told = lead("reader", &["--database", "shop", "--id", "third", "--ready"]).code(3);
    told.says("[shift.not-ready]").says("mzflow wait third");
}

/// The journal's word on who reads what.
fn shifted(world: &World) -> serde_json::Value {
    world.mzflow(&["list", "--json"]).code(0).json()[0]["shifted"].clone()
}

/// Lets a run die right behind its n-th statement; tells whether it had so many.
fn dies_behind(world: &World, number: usize) -> bool {
    world.faults(&format!("delay 30s after {number} by 'mzflow%'"));
    world.forget();
    let running = world.start(&LEAD);
    let sent = || world.statements().len();
    let mut ended = false;
    world.until("so many statements, or its end", || {
        ended = world.statements().iter().any(|sql| sql.contains("run.finished")) || sent() >= number;
        ended
    });
    let is_there = sent() >= number;
    running.kill();
    drop(running.end(world));
    world.faults("");
    is_there
}

#[test]
fn a_run_that_dies_anywhere_can_be_put_back() {
    let world = staged();
    world.forget();
    world.mzflow(&LEAD).code(0);
    let statements = world.statements().len();
    world.mzflow(&["unshift"]).code(0);
    let mut green = 0;
    for number in 1..=statements {
        assert!(dies_behind(&world, number), "{number} of {statements}");
        green += usize::from(settings(&world) != BLUE);
        // Whatever was set has been recorded before.
        let recorded = shifted(&world) == serde_json::json!(["reader"]);
        assert!(recorded || settings(&world) == BLUE, "{number}");
        if number % 2 == 0 {
            // The same again finds done what was done, or does it.
            world.mzflow(&LEAD).code(0);
            assert_eq!(settings(&world), GREEN, "{number}");
        }
        world.mzflow(&["unshift"]).code(0);
        assert_eq!(settings(&world), BLUE, "{number}");
        assert_eq!(shifted(&world), serde_json::json!([]), "{number}");
    }
    assert!(green > 0, "it never died while a role was set");
}

#[test]
fn whoever_goes_on_after_it_died_puts_the_role_back() {
    let world = staged();
    world.forget();
    world.mzflow(&LEAD).code(0);
    // Its writes: the intent, two settings, the outcome, its end.
    let is_write = |sql: &String| sql.starts_with("ALTER ROLE") || sql.starts_with("INSERT");
    let statements = world.statements();
    let writes: Vec<usize> =
        (1..=statements.len()).filter(|number| is_write(&statements[number - 1])).collect();
    assert!(writes.len() >= 5, "{writes:?}");
    for (at, number) in writes.into_iter().enumerate() {
        // Each way where a role was set; of the other places each way somewhere.
        let is_set = statements[number - 1].starts_with("ALTER ROLE");
        let verbs = ["promote", "abort", "resume"].into_iter().enumerate();
        for (_, verb) in verbs.filter(|(way, _)| is_set || way % 3 == at % 3) {
            let world = staged();
            assert!(dies_behind(&world, number), "{number}");
            match verb {
                "resume" => {
                    let runs = "SELECT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' \
                        AND payload->>'recipe' = 'lead'";
                    let run = world.rows(runs);
                    let told = world.mzflow(&["resume", &run, "--project", "shop"]);
                    // Behind its end there is nothing to go on with; without a row it never was.
                    assert!(matches!(told.code, Some(0 | 2 | 3)), "{number}: {}", told.stderr);
                    world.mzflow(&["unshift"]).code(0);
                }
                verb => drop(world.mzflow(&[verb, "second"]).code(0)),
            }
            assert_eq!(settings(&world), BLUE, "{number}: {verb}");
            let names = "SELECT count(*) FROM mz_role_parameters WHERE parameter_value LIKE '%mzf%'";
            assert_eq!(world.rows(names), "0", "{number}: {verb}");
        }
    }
}

#[test]
fn putting_back_can_die_anywhere_too() {
    let world = staged();
    world.mzflow(&LEAD).code(0);
    world.forget();
    world.mzflow(&["unshift"]).code(0);
    let statements = world.statements().len();
    for number in 1..=statements {
        world.mzflow(&LEAD).code(0);
        world.faults(&format!("delay 30s after {number} by 'mzflow%'"));
        world.forget();
        let running = world.start(&["unshift"]);
        world.until("so many statements", || world.statements().len() >= number);
        running.kill();
        drop(running.end(&world));
        world.faults("");
        world.mzflow(&["unshift"]).code(0);
        assert_eq!((settings(&world).as_str(), shifted(&world)), (BLUE, serde_json::json!([])), "{number}");
    }
}

#[test]
fn a_lost_answer_is_looked_after() {
    let world = staged();
    world.faults("lose 'ALTER ROLE%'");
    world.mzflow(&LEAD).code(1).says("[db.lost]");
    assert_eq!(settings(&world), BLUE);
    world.mzflow(&LEAD).code(0);
    world.faults("lose 'ALTER ROLE%'");
    world.mzflow(&["unshift"]).code(0);
    assert_eq!(settings(&world), BLUE);
}

#[test]
fn a_rehearsal_tells_the_statements_and_sets_nothing() {
    let world = staged();
    let told = world.mzflow(&[&LEAD[..], &["--ending", "swap", "--dry-run"]].concat()).code(0);
    let told = told.says("ALTER ROLE \"reader\" SET search_path = \"core__second__mzf\", \"My Own\";");
    told.says("ALTER ROLE \"reader\" SET search_path = \"core\", \"My Own\";").says("SWAP WITH");
    world.mzflow(&[&LEAD[..], &["--role", "nobody", "--dry-run"]].concat()).code(0);
    assert_eq!(settings(&world), BLUE);
}

#[test]
fn of_two_who_change_it_at_once_nobody_leaves_a_role_behind() {
    for rival in [&["promote", "second"][..], &["abort", "second"], &["unshift", "second"]] {
        let world = staged();
        world.forget();
        world.faults("delay 2s before 'ALTER ROLE%'");
        let running = world.start(&LEAD);
        world.until("ALTER ROLE", || world.statements().iter().any(|sql| sql.starts_with("ALTER ROLE \"")));
        world.mzflow(rival).code(0);
        running.end(&world).code(3).says("[shift.overtaken]").says("the roles are as they were");
        assert_eq!(settings(&world), BLUE, "{rival:?}");
    }
}

#[test]
fn a_role_that_is_set_in_the_very_moment_of_the_swap_is_noticed() {
    let world = staged();
    world.forget();
    world.faults("delay 2s before 'ALTER SCHEMA%'");
    let running = world.start(&["promote", "second"]);
    world.until("ALTER SCHEMA", || world.statements().iter().any(|sql| sql.starts_with("ALTER SCHEMA")));
    world.sql("ALTER ROLE other SET search_path = core__second__mzf");
    running.end(&world).code(3).says("[swap.role-shifted]").says("nothing was changed");
    world.mzflow(&["promote", "second"]).code(0).says("[shift.foreign-setting]");
}
