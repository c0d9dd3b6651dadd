//! `--dry-run` prints what is then executed, statement by statement, and changes nothing.

use crate::harness::World;
use crate::harness::shop::OUTBOUND;
use crate::harness::shop::waiting;
use crate::harness::told::Told;
use crate::harness::watching::held_up;

/// What a statement is once run ids, moments and made-up ids are out of it.
fn shape(sql: &str) -> String {
    let mut out = String::new();
    for word in sql.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')) {
        let core = word.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        let is_run = core.len() == 10 && core.starts_with("r-");
        if is_run {
            out += &word.replace(core, "[RUN]");
        } else {
            out += word;
        }
    }
    out
}

/// The statements that change something.
fn changing(statements: impl IntoIterator<Item = String>) -> Vec<String> {
    let reads = ["SELECT", "SHOW", "SET", "DISCARD"];
    let changing = statements.into_iter().filter(|sql| !reads.iter().any(|read| sql.starts_with(read)));
    changing.map(|sql| shape(&sql)).collect()
}

/// The statements that a dry run told.
fn told(told: &Told) -> Vec<String> {
    let lines = told.json_lines();
    changing(lines.iter().filter_map(|line| line["sql"].as_str().map(str::to_owned)))
}

#[track_caller]
fn check(world: &World, arguments: &[&str]) {
    let before = world.rows("SELECT id, name FROM mz_objects WHERE id LIKE 'u%' ORDER BY 1");
    let rehearsed = world.mzflow(&[arguments, &["--dry-run", "--json"]].concat()).code(0);
    assert_eq!(world.rows("SELECT id, name FROM mz_objects WHERE id LIKE 'u%' ORDER BY 1"), before);
    world.forget();
    world.mzflow(arguments).code(0);
    let executed = changing(world.statements());
    let told = told(&rehearsed);
    assert!(!told.is_empty(), "{}", rehearsed.stderr);
    // The tag on a schema bears the moment of the promotion, which nobody knows before.
    let untimed = |sqls: &[String]| -> Vec<String> {
        let until = |sql: &String| sql.split(" promoted by ").next().unwrap_or(sql).to_owned();
        sqls.iter().map(until).collect()
    };
    let (told, executed) = (untimed(&told), untimed(&executed));
    for (at, (told, executed)) in told.iter().zip(&executed).enumerate() {
        assert_eq!(told, executed, "statement {at}");
    }
    assert_eq!(told.len(), executed.len(), "{:?}", told.iter().zip(&executed).next_back());
}

#[test]
fn a_first_deployment() {
    let world = World::new();
    world.example("auction");
    check(&world, &["run", "blue_green", "--project", "auction", "--id", "one"]);
}

#[test]
fn a_change() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    world.mzflow(&["run", "blue_green", "--project", "auction", "--id", "one"]).code(0);
    check(&world, &["run", "blue_green", "--project", "auction_v2", "--id", "two", "--yes"]);
}

#[test]
fn a_change_with_schemas_alone() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    world.mzflow(&["run", "blue_green", "--project", "auction", "--id", "one"]).code(0);
    let run =
        ["run", "blue_green", "--project", "auction_v2", "--id", "two", "--yes", "--isolation", "schema"];
    check(&world, &run);
}

#[test]
fn a_change_of_objects_alone() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    let object = ["--yes", "--isolation", "object"];
    let first = ["run", "blue_green", "--project", "auction", "--id", "one"];
    check(&world, &[&first[..], &object].concat());
    let second = ["run", "blue_green", "--project", "auction_v2", "--id", "two", "--keep", "1h"];
    check(&world, &[&second[..], &object].concat());
    check(&world, &["rollback"]);
    check(&world, &["abort", "two"]);
}

/// What the shop has besides: something that stays, of which files say more than what it is made of.
const RATES: &str = "\
-- file: shop/roles/reader.sql
CREATE ROLE reader;
-- file: shop/models/shop/fixed/rates.sql
CREATE VIEW rates AS SELECT 19 AS rate;
GRANT SELECT ON rates TO reader;
COMMENT ON VIEW rates IS 'of this year';
";

#[test]
fn a_sink_and_what_is_said_of_objects_that_stay() {
    let world = World::new();
    let shop = format!("{OUTBOUND}{RATES}");
    world.write(&shop);
    check(&world, &["run", "blue_green", "--project", "shop", "--id", "one"]);
    // The sink follows; of what stays as it is a grant goes, another comes, and the comment is another one.
    let said = shop.replace("10 AS amount", "20 AS amount").replace("of this year", "of any year");
    let said = said.replace("GRANT SELECT ON rates TO reader;", "");
    world.write(&said.replace("FROM core.orders;", "FROM core.orders;\nGRANT SELECT ON totals TO reader;"));
    check(&world, &["run", "blue_green", "--project", "shop", "--id", "two"]);
    // Nothing is built for what is said alone.
    world.write(&said.replace("of any year", "of no year"));
    check(&world, &["run", "blue_green", "--project", "shop", "--id", "three"]);
}

/// The run that has begun last.
fn last_run(world: &World) -> String {
    world
        .rows("SELECT run_id FROM _mzflow.public.journal WHERE kind = 'run.started' ORDER BY at DESC LIMIT 1")
}

#[test]
fn a_run_that_is_gone_on_with() {
    let run = ["run", "blue_green", "--project", "shop", "--id", "second"];
    // In the middle of staging.
    let world = waiting();
    world.faults("error 'XX000' on 'CREATE MATERIALIZED VIEW%'");
    world.mzflow(&run).code(1).says("[stage.rejected]");
    world.faults("");
    check(&world, &["resume", &last_run(&world), "--project", "shop"]);
    // Before the swap.
    let world = waiting();
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.mzflow(&[&run[..], &["--timeout", "200ms"]].concat()).code(3).says("[hydration.timeout]");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    check(&world, &["resume", &last_run(&world), "--project", "shop"]);
    // Behind it.
    let world = waiting();
    held_up(&world, "hold before 'DROP%'", &run).code(130);
    check(&world, &["resume", &last_run(&world), "--project", "shop"]);
}

#[test]
fn the_parts_one_at_a_time() {
    let world = World::new();
    world.example("auction");
    check(&world, &["setup"]);
    check(&world, &["apply", "--project", "auction"]);
    check(&world, &["stage", "--project", "auction", "--id", "one"]);
    check(&world, &["promote", "one"]);
    world.example("auction_v2");
    check(&world, &["stage", "--project", "auction_v2", "--id", "two", "--yes"]);
    check(&world, &["promote", "two", "--keep", "1h"]);
    check(&world, &["rollback", "two"]);
    check(&world, &["abort", "two"]);
}

#[test]
fn an_exit_code_tells_whether_there_are_changes() {
    let world = World::new();
    world.example("auction");
    let run = ["run", "blue_green", "--project", "auction"];
    world.mzflow(&[&run[..], &["--dry-run", "--exit-code"]].concat()).code(7);
    world.mzflow(&["diff", "--project", "auction", "--exit-code"]).code(7);
    world.mzflow(&run).code(0);
    world.mzflow(&[&run[..], &["--dry-run", "--exit-code"]].concat()).code(0);
    world.mzflow(&["diff", "--project", "auction", "--exit-code"]).code(0);
}
