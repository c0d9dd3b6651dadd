//! What only a server, or somebody else on it, can bring about: a statement that is refused, a
//! connection that breaks, a rival, a deadline. Each is told by its code, and goes on from there.

use std::process::Command;

use crate::harness::World;
use crate::harness::running::Running;
use crate::harness::shop::SHOP;
use crate::harness::shop::changed;
use crate::harness::shop::sent;
use crate::harness::shop::staged;
use crate::harness::shop::staging;
use crate::harness::shop::swaps;
use crate::harness::shop::total;
use crate::harness::shop::waiting;
use crate::harness::shop::worth;
use crate::harness::told::Told;

const SECOND: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

/// The time may be over while the next attempt is looked at, or before it.
#[track_caller]
fn one_of(told: Told, texts: [&str; 2]) {
    assert!(texts.iter().any(|text| told.stderr.contains(text)), "{}", told.stderr);
}

#[test]
fn nothing_was_deployed_yet() {
    let world = World::new();
    world.mzflow(&["promote", "first"]).code(3).says("[setup.missing]").says("mzflow setup");
    world.mzflow(&["list"]).code(0);
}

#[test]
fn setup_is_refused_and_later_let_in() {
    let world = World::new();
    world.faults("error '42501' on 'CREATE DATABASE%'");
    world.mzflow(&["setup"]).code(1).says("[setup.rejected]").says("42501");
    world.mzflow(&["setup"]).code(0);
}

#[test]
fn a_cluster_is_refused_and_later_made() {
    let world = World::new();
    world.write(SHOP);
    world.faults("error 'XX000' on 'CREATE CLUSTER%'");
    let told = world.mzflow(&["apply", "--project", "shop"]).code(1);
    told.says("[apply.rejected]").says("create cluster compute").says("statements ran before it");
    world.mzflow(&["apply", "--project", "shop"]).code(0);
}

#[test]
fn a_swap_that_cannot_work_is_known_when_staging() {
    let world = waiting();
    world.faults("error 'XX000' on '%SWAP WITH%'");
    let told = world.mzflow(&SECOND).code(3).says("[stage.swap-impossible]");
    told.says("production is untouched");
    world.mzflow(&SECOND).code(0);
    assert_eq!(total(&world), "20");
}

#[test]
fn the_server_refuses_the_swap() {
    let world = staged();
    world.faults("error 'XX000' on '%SWAP WITH%'");
    world.mzflow(&["promote", "second"]).code(1).says("[swap.rejected]").says("rolled back");
    assert_eq!(total(&world), "10");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(total(&world), "20");
}

#[test]
fn others_never_stop_changing_the_catalog() {
    let world = waiting();
    world.faults("conflict 100000");
    let run = [&SECOND[..], &["--deadline", "10s"]].concat();
    one_of(world.mzflow(&run).code(3), ["[swap.conflict]", "[run.deadline]"]);
    assert_eq!(total(&world), "10");
    world.faults("");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(total(&world), "20");
}

#[test]
fn a_commit_that_only_rolls_back_counts_as_an_attempt() {
    let world = staged();
    world.faults("rollback 2");
    let told = world.mzflow(&["promote", "second"]).code(0).says("COMMIT was answered with `ROLLBACK`");
    told.says("attempt 1").says("attempt 2").never_says("attempt 3");
    assert_eq!((total(&world).as_str(), swaps(&world), staging(&world).as_str()), ("20", 2, ""));
}

#[test]
fn a_commit_that_rolls_back_for_ever_has_an_end() {
    let world = staged();
    world.faults("rollback 100000");
    let running = world.start(&["promote", "second"]);
    world.until("several attempts", || {
        world.statements().iter().filter(|sql| sql.as_str() == "COMMIT").count() > 2
    });
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]");
    assert_eq!(total(&world), "10");
    world.faults("");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(total(&world), "20");
}

#[test]
fn others_keep_the_old_version_from_being_dropped() {
    let world = waiting();
    // The tag comes behind the swap: while it waits, the swap stands and nothing is dropped yet.
    world.faults("delay 500ms before 'COMMENT ON SCHEMA%'");
    let running = world.start(&[&SECOND[..], &["--deadline", "10s"]].concat());
    sent(&world, "COMMENT ON SCHEMA");
    world.faults("conflict 100000");
    one_of(running.end(&world).code(3), ["[drop.conflict]", "[run.deadline]"]);
    assert_eq!(total(&world), "20");
    world.faults("");
    world.mzflow(&["promote", "second"]).code(3).says("[swap.already-promoted]");
}

#[test]
fn a_drop_is_refused_and_goes_on() {
    let world = staged();
    world.faults("error 'XX000' on 'DROP MATERIALIZED VIEW%'");
    world.mzflow(&["abort", "second"]).code(1).says("[drop.rejected]").says("claimed names");
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("10", ""));
}

#[test]
fn the_server_is_gone_when_it_should_have_committed() {
    let world = waiting();
    world.faults("delay 500ms before commit; lose commit");
    let running = world.start(&[&SECOND[..], &["--deadline", "10s"]].concat());
    // The rehearsal of the swap ends with ROLLBACK: the first COMMIT is the swap's.
    sent(&world, "COMMIT");
    world.faults("refuse 100000");
    running.end(&world).code(8).says("[swap.outcome-unknown]").says("mzflow log");
    world.faults("");
    // It is found out by looking: whatever happened, it happened once.
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(total(&world), "20");
    assert_eq!(world.mzflow(&["log", "--json"]).code(0).json().as_array().map(Vec::len), Some(2));
}

#[test]
fn a_rollback_that_is_asked_for_again_takes_back_one_version() {
    let world = World::new();
    for (id, amount) in [("first", 10), ("second", 20), ("third", 30)] {
        world.write(&worth(amount));
        world.mzflow(&["run", "blue_green", "--project", "shop", "--id", id, "--keep", "1h"]).code(0);
    }
    world.forget();
    // It dies behind its COMMIT, before anything follows.
    world.faults("delay 2s after commit by 'mzflow%'");
    let running = world.start(&["rollback"]);
    sent(&world, "COMMIT");
    world.until("the swap", || total(&world) == "20");
    running.kill();
    assert_eq!(running.end(&world).code, None);
    world.faults("");
    world.mzflow(&["rollback"]).code(0).says("third");
    assert_eq!(total(&world), "20");
    // That one is over: whoever asks now means the version before.
    world.mzflow(&["rollback"]).code(0).says("second");
    assert_eq!(total(&world), "10");
}

#[test]
fn a_sink_that_does_not_follow_is_cut_over_later() {
    let world = waiting();
    world.sql("CREATE CONNECTION materialize.public.kafka TO KAFKA (BROKER 'nowhere:9092', SECURITY PROTOCOL PLAINTEXT) WITH (VALIDATE = false)");
    world.sql("CREATE CLUSTER sinks SIZE '25cc'");
    world.sql(
        "CREATE SINK materialize.public.out IN CLUSTER sinks FROM shop.core.totals \
         INTO KAFKA CONNECTION materialize.public.kafka (TOPIC 'totals') FORMAT JSON ENVELOPE DEBEZIUM",
    );
    world.faults("error 'XX000' on 'ALTER SINK%'");
    let told = world.mzflow(&SECOND).code(1).says("[swap.sink-pending]");
    told.says("materialize.public.out").says("mzflow promote second");
    assert_eq!(total(&world), "20");
    world.mzflow(&["promote", "second"]).code(0);
    let reads = "SELECT count(*) FROM mz_internal.mz_object_dependencies d JOIN mz_objects o ON o.id = d.object_id \
        JOIN mz_objects r ON r.id = d.referenced_object_id JOIN mz_schemas s ON s.id = r.schema_id \
        WHERE o.name = 'out' AND r.name = 'totals' AND s.name = 'core'";
    assert_eq!(world.rows(reads), "1");
}

#[test]
fn a_connection_that_breaks_while_reading() {
    let world = waiting();
    world.faults("drop before 1");
    world.mzflow(&["list"]).code(1).says("[db.lost]");
    world.mzflow(&["list"]).code(0);
}

#[test]
fn a_statement_of_our_own_is_refused() {
    let world = waiting();
    world.faults("error 'XX000' on '%mz_schemas%'");
    world.mzflow(&["list"]).code(1).says("[db.rejected]").says("XX000");
}

#[test]
fn uncommitted_changes_are_not_deployed_unasked() {
    let world = World::new();
    world.write(SHOP);
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(world.folder().join("shop")).args(["-c", "user.name=x", "-c", "user.email=x@x"]);
        let output = git.args(arguments).output().expect("git is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    // What is locked is not deployed, so it may be new.
    world.write("-- file: shop/types.lock\nversion = 1\n");
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0);
    world.write(&changed());
    for verb in [&["run", "blue_green", "--project", "shop"][..], &["stage", "--project", "shop"]] {
        let told = world.mzflow(verb).code(3).says("[run.dirty-tree]");
        told.says("--allow-dirty").says("nothing was changed");
    }
    assert_eq!(total(&world), "10");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--allow-dirty"]).code(0);
    assert_eq!(total(&world), "20");
}

/// The run that staged `second` and waits for it; it is under way.
fn hydrating(world: &World) -> (Running, String) {
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    let running = world.start(&SECOND);
    sent(world, "mz_hydration_statuses");
    let run = world.rows(
        "SELECT run_id FROM _mzflow.public.journal WHERE kind = 'stage.done' \
         AND payload->>'deployment' = 'second'",
    );
    (running, run)
}

#[test]
fn another_process_takes_the_run_over() {
    let world = waiting();
    let (running, run) = hydrating(&world);
    let last: u64 = world
        .rows(&format!("SELECT max(seq) FROM _mzflow.public.journal WHERE run_id = '{run}'"))
        .parse()
        .expect("a number");
    world.sql(&format!(
        "INSERT INTO _mzflow.public.journal VALUES \
         ('{run}', {}, now(), current_user, 'step.done', '{{\"name\": \"x\", \"result\": null}}')",
        last + 1
    ));
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    running.end(&world).code(6).says("[run.fenced]").says("changes nothing more");
    assert_eq!(total(&world), "10");
}

#[test]
fn a_run_is_not_resumed_with_another_project() {
    let world = waiting();
    let (running, run) = hydrating(&world);
    running.interrupt();
    running.end(&world).code(130);
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    world.write(&worth(30));
    world.mzflow(&["resume", &run, "--project", "shop"]).code(3).says("[run.project-changed]");
    world.write(&changed());
    world.mzflow(&["resume", &run, "--project", "shop"]).code(0);
    assert_eq!(total(&world), "20");
}

#[test]
fn what_was_made_anew_after_a_death_is_recorded_anew() {
    let mut world = World::on_disk(None);
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&changed());
    let stage = ["stage", "--project", "shop", "--id", "second"];
    // It dies between the rows of its objects and the one that says that all of them stand.
    world.faults("hold after 'INSERT INTO \"_mzflow\".\"public\".\"deployment_objects\"%' by 'mzflow/%'");
    let running = world.start(&stage);
    world.until("its objects are recorded", || world.held() > 0);
    running.kill();
    drop(running.end(&world));
    world.restart();
    let rows = "SELECT name FROM _mzflow.public.deployment_objects WHERE deployment = 'second' ORDER BY 1";
    assert_eq!(world.rows(rows), "orders\ntotals");
    world.sql("DROP MATERIALIZED VIEW shop.core__second__mzf.totals");
    world.mzflow(&stage).code(0);
    assert_eq!(world.rows(rows), "orders\ntotals");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((total(&world).as_str(), staging(&world).as_str()), ("20", ""));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}
