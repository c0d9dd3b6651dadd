//! Ctrl-C in every phase: the run stops at the next safe point, says how to go on, and production
//! is untouched; `resume` and `abort` both work from there.

use crate::harness::World;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT sum(amount) AS total FROM core.orders;
";

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

fn total(world: &World) -> String {
    world.rows("SELECT total FROM shop.core.totals")
}

fn staged(world: &World) -> String {
    world.rows(
        "SELECT name FROM mz_schemas WHERE name LIKE '%mzf' OR name LIKE '%mzx' \
         UNION ALL SELECT name FROM mz_clusters WHERE name LIKE '%mzf' OR name LIKE '%mzx' ORDER BY 1",
    )
}

/// What makes a run slow.
enum Slow {
    /// A fault of the sandbox.
    Fault(&'static str),
    /// A setting of it.
    Setting(&'static str),
}

/// A world in which the next run is slow at one place, and a change that is waiting for it.
fn deployed(slow: &Slow) -> World {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&SHOP.replace("10 AS amount", "20 AS amount"));
    match slow {
        Slow::Fault(text) => world.faults(text),
        Slow::Setting(sql) => drop(world.sql(sql)),
    }
    world.forget();
    world
}

/// Presses Ctrl-C once a statement has come in; the run that it stopped.
fn stopped_at(world: &World, statement: &str) -> String {
    let running = world.start(&RUN);
    world.until(statement, || world.statements().iter().any(|sql| sql.contains(statement)));
    running.interrupt();
    let told = running.end(world);
    let told = told.code(130).says("[run.interrupted]").says("mzflow resume");
    assert_eq!(total(world), "10");
    world.faults("");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    let runs = world.rows(
        "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.finished' \
        AND payload->>'status' = 'interrupted'",
    );
    drop(told);
    runs
}

/// Both ways on, from the same place.
#[track_caller]
fn check(slow: Slow, statement: &str) {
    let world = deployed(&slow);
    let run = stopped_at(&world, statement);
    world.mzflow(&["resume", &run, "--project", "shop"]).code(0).says("second is production");
    assert_eq!((total(&world), staged(&world)), ("20".to_owned(), String::new()));

    let world = deployed(&slow);
    stopped_at(&world, statement);
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!((total(&world), staged(&world)), ("10".to_owned(), String::new()));
}

#[test]
fn while_applying() {
    let world = World::new();
    world.write(SHOP);
    world.faults("delay 300ms before 'CREATE CLUSTER%'");
    let running = world.start(&["run", "blue_green", "--project", "shop", "--id", "first"]);
    world.until("CREATE CLUSTER", || world.statements().iter().any(|sql| sql.starts_with("CREATE CLUSTER")));
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    assert_eq!(total(&world), "10");
}

#[test]
fn while_dropping_the_old_version() {
    let world = deployed(&Slow::Fault("delay 300ms before 'DROP %'"));
    let running = world.start(&RUN);
    world.until("DROP", || world.statements().iter().any(|sql| sql.starts_with("DROP ")));
    running.interrupt();
    let told = running.end(&world);
    assert!(matches!(told.code, Some(130 | 0)), "{}", told.stderr);
    assert_eq!(total(&world), "20", "the swap stands");
    if told.code == Some(130) {
        let runs = "SELECT DISTINCT run_id FROM _mzflow.public.journal WHERE kind = 'run.finished' \
            AND payload->>'status' = 'interrupted'";
        let run = world.rows(runs);
        world.mzflow(&["resume", &run, "--project", "shop"]).code(0);
    }
    assert_eq!((total(&world), staged(&world)), ("20".to_owned(), String::new()));
}

#[test]
fn while_staging() {
    check(Slow::Fault("delay 300ms before 'CREATE VIEW%'"), "CREATE VIEW");
}

#[test]
fn while_hydrating() {
    check(Slow::Setting("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'"), "mz_hydration_statuses");
}

#[test]
fn while_others_keep_the_swap_from_committing() {
    check(Slow::Fault("conflict 1000"), "SWAP WITH");
}
