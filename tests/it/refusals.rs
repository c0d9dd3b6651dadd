//! Bad input and bad luck: each has a clear error, the right exit code, and production untouched.

use std::net::TcpListener;
use std::time::Duration;

use expect_test::expect;
use mzflow::clock::Clock;
use mzflow::clock::Timestamp;
use mzflow::sandbox::Options;

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::changed;
use crate::harness::shop::first;
use crate::harness::shop::staging;
use crate::harness::shop::worth;

/// Production as a reader sees it.
fn production(world: &World) -> String {
    world.rows(
        "SELECT s.name, o.name, o.id FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop' AND s.name = 'core' ORDER BY 1, 2",
    )
}

#[test]
fn a_wrong_password() {
    let options = Options { password: Some("right-one".to_owned()), ..Options::default() };
    let world = World::with(options);
    world.write(SHOP);
    let url = world.url().replace("right-one", "sesame");
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--url", &url]).code(4);
    told.says("[db.authentication]").says("28P01").never_says("sesame");
}

#[test]
fn an_unreachable_host() {
    let world = World::new();
    world.write(SHOP);
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its address");
    let url = format!("postgres://materialize@{free}/materialize");
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--url", &url]).code(4);
    told.says("[db.unreachable]").says("Connection refused");
}

#[test]
fn a_missing_profile() {
    let world = World::new();
    world.write(SHOP);
    world.write("-- file: .mz/profiles.toml\n[here]\nhost = \"127.0.0.1\"\nusername = \"u\"\n");
    let told = world.mzflow(&["list", "--profile", "prod"]).code(2);
    told.says("prod").says("here");
}

#[test]
fn a_model_that_the_server_rejects() {
    let world = first();
    let before = production(&world);
    world.write(&changed().replace("sum(amount)", "summ(amount)"));
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(1);
    let told = told.says("[stage.rejected]").says("models/shop/core/totals.sql:2:8").says("XX000");
    let told = told.says("function \"summ\" does not exist").says("mzflow abort second");
    told.says("staged so far: 1 of 2 objects of second").says("production is untouched");
    assert_eq!(production(&world), before);
    assert_eq!(staging(&world), "compute__second__mzf\ncore__second__mzf");
    let list = world.mzflow(&["list", "--json"]).code(0).json();
    let listed = list.as_array().and_then(|all| all.iter().find(|one| one["deployment"] == "second"));
    let listed = listed.expect("what was staged is listed");
    assert_eq!(
        (&listed["state"], &listed["schemas"], &listed["clusters"]),
        (&"staging".into(), &serde_json::json!(["shop.core"]), &serde_json::json!(["compute"]),)
    );
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(staging(&world), "");
    assert_eq!(production(&world), before);
}

#[test]
fn the_same_run_goes_on_when_the_file_is_mended() {
    let world = first();
    world.write(&changed().replace("sum(amount)", "summ(amount)"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(1);
    world.write(&changed());
    world
        .mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"])
        .code(0)
        .says("second is production");
    assert_eq!(staging(&world), "");
}

#[test]
fn promoting_what_nobody_staged() {
    let world = first();
    let before = production(&world);
    for verb in ["promote", "wait", "abort", "rollback", "describe"] {
        world.mzflow(&[verb, "nobody"]).code(1).says("[deployment.unknown]").says("mzflow list");
    }
    assert_eq!((production(&world), staging(&world)), (before, String::new()));
}

#[test]
fn waiting_in_vain_has_an_end() {
    let world = first();
    let before = production(&world);
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    let told = world.mzflow(&["wait", "second", "--timeout", "200ms"]).code(3);
    told.says("[hydration.timeout]").says("shop.core.totals").says("mzflow abort second");
    assert_eq!(production(&world), before);
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    world.mzflow(&["wait", "second", "--timeout", "60s"]).code(0);
}

#[test]
fn promoting_twice() {
    let world = first();
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    let after = production(&world);
    world.mzflow(&["promote", "second"]).code(3).says("[swap.already-promoted]");
    assert_eq!(production(&world), after);
}

#[test]
fn promoting_after_somebody_else_did() {
    let world = first();
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.write(&worth(30));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "third"]).code(0);
    let after = production(&world);
    let told = world.mzflow(&["promote", "second"]).code(3);
    let told = told.says("[swap.production-moved]").says("promotion of third by materialize");
    told.says("mzflow abort second").says("nothing was changed");
    assert_eq!(production(&world), after);
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(staging(&world), "");
}

#[test]
fn staging_under_an_id_that_other_content_has() {
    let world = first();
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.write(&worth(30));
    let (before, staged) = (production(&world), staging(&world));
    let told = world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(3);
    told.says("[stage.already-exists]").says("was staged from the project v1:").says("this project is v1:");
    assert_eq!((production(&world), staging(&world)), (before, staged));
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
}

#[test]
fn a_deployment_that_is_not_ready_in_time() {
    let world = first();
    let before = production(&world);
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.write(&changed());
    let run = ["run", "blue_green", "--project", "shop", "--id", "second", "--timeout", "200ms"];
    let told = world.mzflow(&run).code(3);
    let told = told.says("[hydration.timeout]").says("shop.core.totals").says("mzflow wait second");
    told.says("second is recorded; `mzflow list --project shop` tells how to go on");
    assert_eq!(production(&world), before);
    world.mzflow(&["promote", "second"]).code(3).says("[swap.not-ready]");
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(staging(&world), "");
}

#[test]
fn a_replica_that_crashes_again_and_again() {
    let world = first();
    world.sql("ALTER SYSTEM SET sandbox_crash_looping = 'compute__second__mzf'");
    world.write(&changed());
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(3);
    told.says("[hydration.failing]").says("oom-killed");
}

#[test]
fn readiness_goes_with_the_clock_of_the_server() {
    let clock = Clock::manual(Timestamp(1_777_982_000_000));
    let world = World::with(Options { clock: clock.clone(), ..Options::default() });
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("ALTER SYSTEM SET sandbox_hydration = '30s'");
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    let state = || {
        let look = world.mzflow(&["wait", "second", "--once", "--json"]);
        look.json()["state"].as_str().map(str::to_owned)
    };
    for (seconds, expected) in [(0, "hydrating"), (15, "hydrating"), (14, "hydrating"), (1, "ready")] {
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(state().as_deref(), Some(expected), "after {seconds} more seconds");
    }
    world.sql("ALTER CLUSTER compute__second__mzf SET (REPLICATION FACTOR 0)");
    assert_eq!(state().as_deref(), Some("failing"), "without replicas");
    // What is there anew begins anew.
    world.sql("ALTER CLUSTER compute__second__mzf SET (REPLICATION FACTOR 1)");
    assert_eq!(state().as_deref(), Some("hydrating"), "on a new replica");
    clock.advance(Duration::from_secs(30));
    assert_eq!(state().as_deref(), Some("ready"), "on a new replica that caught up");
    world.sql("ALTER SYSTEM SET sandbox_crash_looping = 'compute__second__mzf'");
    assert_eq!(state().as_deref(), Some("failing"), "on a replica that dies again and again");
}

#[test]
fn what_the_project_no_longer_has_needs_a_yes() {
    let world = first();
    let before = production(&world);
    std::fs::remove_file(world.folder().join("shop/models/shop/core/totals.sql")).expect("it is there");
    let told = world.mzflow(&["run", "blue_green", "--project", "shop"]).code(3);
    told.says("shop.core.totals").says("--yes");
    assert_eq!((production(&world), staging(&world)), (before, String::new()));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--yes"]).code(0);
    assert!(!production(&world).contains("totals"));
}

#[test]
fn a_wrong_command_line() {
    let world = World::new();
    world.mzflow(&["run", "blue_grene"]).code(2).says("did you mean `blue_green`");
    world.mzflow(&["run", "blue_green", "--timeuot", "1m"]).code(2).says("--timeout");
    world.mzflow(&["run", "blue_green", "--timeout", "soon"]).code(2).says("soon");
    world.mzflow(&["stage", "--id", "a b"]).code(2);
}

#[test]
fn every_mistake_of_a_project_at_once() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n-- file: shop/models/shop/core/a.sql\nCREATE VIEW a AS SELECT * FROM core.nope;\n-- file: shop/models/shop/core/b.sql\nCREATE VIEW wrong AS SELECT 1;\n");
    let told = world.mzflow(&["run", "blue_green", "--project", "shop"]).code(1);
    told.says("[sql.unknown-relation]")
        .says("[project.name-mismatch]")
        .says("nothing was sent to the server");
    let json = world.mzflow(&["compile", "--project", "shop", "--json"]).code(1).json();
    let codes: Vec<&str> = json["diagnostics"]
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|diagnostic| diagnostic["code"].as_str())
        .collect();
    expect![[r#"
        [
            "sql.unknown-relation",
            "project.name-mismatch",
        ]
    "#]]
    .assert_debug_eq(&codes);
}

#[test]
fn an_id_that_was_aborted_can_be_used_again() {
    let world = first();
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.mzflow(&["abort", "second"]).code(0);
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    told.says("second is production");
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes against second");
}

#[test]
fn the_same_command_goes_on_from_a_first_deployment_that_was_staged() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.mzflow(&["stage", "--project", "shop", "--id", "first"]).code(0);
    world
        .mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"])
        .code(0)
        .says("first is production");
}

#[test]
fn what_would_remove_objects_is_not_staged_unasked() {
    let world = World::new();
    world.example("auction");
    world.example("auction_v2");
    world.mzflow(&["run", "blue_green", "--project", "auction", "--id", "one"]).code(0);
    let stage = ["stage", "--project", "auction_v2", "--id", "two"];
    let told = world.mzflow(&stage).code(3).says("[run.needs-consent]").says("auction.serve.old_report");
    told.says("nothing was staged").says("--yes");
    assert_eq!(staging(&world), "");
    world.mzflow(&[&stage[..], &["--dry-run"]].concat()).code(0);
    world.mzflow(&[&stage[..], &["--yes"]].concat()).code(0).says("two is staged");
}

#[test]
fn programs_are_told_of_a_wrong_command_line() {
    let world = World::new();
    for (arguments, what) in [
        (&["lst", "--json"][..], "unrecognized subcommand 'lst'"),
        (&["--json", "abort"], "<ID>"),
        (&["run", "blue_green", "--json", "--keep", "long"], "--keep"),
        (&["run", "blue_green", "--json", "--kep", "1h"], "--kep"),
        (&["list", "--json", "--url", "x"], "URL"),
    ] {
        let told = world.mzflow(arguments).code(2);
        let error = &told.json()["error"];
        assert!(error["message"].as_str().is_some_and(|message| message.contains(what)), "{error}");
        assert!(!told.stderr.is_empty());
    }
    assert_eq!(world.mzflow(&["lst"]).code(2).stdout, "");
    assert!(world.mzflow(&["list", "--help", "--json"]).code(0).stdout.contains("Usage:"));
}
