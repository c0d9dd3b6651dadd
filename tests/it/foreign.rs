//! What another tool has staged beside: its names end like those of a deployment, and it is not ours.

use expect_test::expect;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::shop::TOTALS;
use crate::harness::shop::staged;
use crate::harness::shop::staging;

/// The schemas and clusters that are nobody's system.
const CONTENT: &str = "SELECT name FROM (SELECT s.name, s.id FROM mz_schemas s JOIN mz_databases d ON d.id = s.database_id \
    WHERE d.name = 'shop' UNION SELECT name, id FROM mz_clusters) AS x WHERE name LIKE '%7f3a9c1%' ORDER BY 1";

#[test]
fn what_mz_deploy_has_staged_is_left_alone() {
    let world = World::new();
    world.write(TOTALS);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    for sql in [
        "CREATE SCHEMA shop.core_7f3a9c1",
        "CREATE CLUSTER compute_7f3a9c1 (SIZE = '25cc')",
        "CREATE MATERIALIZED VIEW shop.core_7f3a9c1.totals IN CLUSTER compute_7f3a9c1 AS SELECT 30 AS total",
        "CREATE SCHEMA shop.other_x7f3a9c1",
    ] {
        world.sql(sql);
    }
    let theirs = world.rows(CONTENT);
    assert_eq!(theirs, "compute_7f3a9c1\ncore_7f3a9c1\nother_x7f3a9c1");
    world.write(&TOTALS.replace("10 AS total", "20 AS total"));
    // The same id as theirs: no name of ours is one of theirs all the same.
    for id in ["7f3a9c1", "1"] {
        world.mzflow(&["stage", "--project", "shop", "--id", id]).code(0);
        let told = world.mzflow(&["list", "--json"]).code(0).json();
        let told = told.as_array().expect("an array");
        assert_eq!((told.len(), told[0]["deployment"].as_str()), (1, Some(id)));
        world.mzflow(&["abort", id]).code(0);
        assert_eq!(world.rows(CONTENT), theirs, "{id}");
    }
    for sql in [
        "CREATE DATABASE _mz_deploy",
        "CREATE SCHEMA _mz_deploy.tables",
        "CREATE TABLE _mz_deploy.tables.deployments (deploy_id text, deployed_at timestamptz, promoted_at timestamptz, \
         database text, schema text, deployed_by text, commit text)",
        "INSERT INTO _mz_deploy.tables.deployments VALUES \
         ('8a1b2c3', '2026-01-02 03:04:05+00', NULL, 'shop', 'other', 'ops', 'abc'), \
         ('8a1b2c3', '2026-01-02 03:04:05+00', NULL, 'shop', 'core', 'ops', 'abc'), \
         ('old', '2026-01-01 03:04:05+00', '2026-01-01 04:04:05+00', 'shop', 'core', 'ops', NULL)",
        "CREATE VIEW _mz_deploy.public.staging_deployments AS \
         SELECT * FROM _mz_deploy.tables.deployments WHERE promoted_at IS NULL",
    ] {
        world.sql(sql);
    }
    let told = world.mzflow(&["list", "--json"]).code(0).json();
    expect![[r#"[{"deployment":"8a1b2c3","state":"foreign","tool":"mz-deploy","staged_at":"2026-01-02T03:04:05.000Z","by":"ops","commit":"abc","schemas":["shop.core","shop.other"]}]"#]]
        .assert_eq(&told.to_string());
    let shown = world.mzflow(&["list"]).code(0).stdout;
    assert!(
        shown.contains("8a1b2c3") && shown.contains("foreign") && shown.contains("mz-deploy's"),
        "{shown}"
    );
    world.mzflow(&["abort", "8a1b2c3"]).code(1).says("[deployment.unknown]");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second", "--yes"]).code(0);
    assert_eq!(world.rows(CONTENT), theirs);
    assert_eq!(world.rows("SELECT total FROM shop.core_7f3a9c1.totals"), "30");
}

#[test]
fn what_others_have_over_the_replaced_version_keeps_all_of_it_until_it_is_gone() {
    let world = World::new();
    world.write(TOTALS);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    // Views, materialized views and indexes of another team, in a database of theirs.
    for sql in [
        "CREATE ROLE team",
        "CREATE DATABASE theirs",
        "CREATE CLUSTER their_own (SIZE = '25cc')",
        "CREATE VIEW theirs.public.seen AS SELECT total FROM shop.core.totals",
        "ALTER VIEW theirs.public.seen OWNER TO team",
        "CREATE MATERIALIZED VIEW theirs.public.kept IN CLUSTER their_own AS SELECT total FROM shop.core.totals",
        "CREATE INDEX fast IN CLUSTER their_own ON shop.core.totals (total)",
    ] {
        world.sql(sql);
    }
    world.write(&TOTALS.replace("10 AS total", "20 AS total"));
    // An index of theirs would be swapped out of production with what it is on.
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(3);
    told.says("[stage.foreign-in-scope]").says("index shop.core.fast (owner materialize)");
    world.sql("DROP INDEX shop.core.fast");
    let told = world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    told.says("view theirs.public.seen (owner team)")
        .says("materialized view theirs.public.kept (owner materialize)");
    let versions = || {
        world.rows(
            "SELECT total FROM theirs.public.seen UNION ALL SELECT total FROM shop.core.totals ORDER BY 1",
        )
    };
    assert_eq!(versions(), "10\n20", "consumers are not broken");
    let left = || world.rows("SELECT count(*) FROM mz_schemas WHERE name LIKE '%mzf' OR name LIKE '%mzx'");
    for _ in 0..2 {
        let told = world.mzflow(&["gc", "--yes"]).code(3).says("[drop.foreign-dependents]");
        told.says("view theirs.public.seen (owner team) reads it").says("theirs.public.kept");
        assert_eq!((left().as_str(), versions().as_str()), ("1", "10\n20"), "nothing of it is dropped");
    }
    world.sql("DROP MATERIALIZED VIEW theirs.public.kept");
    world.mzflow(&["gc", "--yes"]).code(3).says("theirs.public.seen").never_says("theirs.public.kept");
    world.sql("DROP VIEW theirs.public.seen");
    world.mzflow(&["gc", "--yes"]).code(0);
    assert_eq!(left(), "0");
}

#[test]
fn what_others_have_over_what_is_staged_keeps_it_from_being_dropped() {
    let world = World::new();
    world.write(TOTALS);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&TOTALS.replace("10 AS total", "20 AS total"));
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.sql("CREATE DATABASE theirs");
    world.sql("CREATE VIEW theirs.public.early AS SELECT total FROM shop.core__second__mzf.totals");
    let told = world.mzflow(&["abort", "second"]).code(3).says("[drop.foreign-dependents]");
    told.says("view theirs.public.early (owner materialize) reads it").says("nothing was dropped");
    assert_eq!(world.rows("SELECT total FROM theirs.public.early"), "20");
    world.sql("DROP VIEW theirs.public.early");
    world.mzflow(&["abort", "second"]).code(0);
}

#[test]
fn a_temporary_view_of_a_session_keeps_what_it_reads_from_being_dropped() {
    let world = staged();
    let session = RUNTIME.block_on(world.client());
    let view = "CREATE TEMPORARY VIEW mine AS SELECT total FROM shop.core__second__mzf.totals";
    RUNTIME.block_on(session.batch_execute(view)).expect("made");
    let before = staging(&world);
    let told = world.mzflow(&["abort", "second"]).code(3).says("[drop.foreign-dependents]");
    told.says("temporary object u").says("nothing was dropped");
    assert_eq!(staging(&world), before, "nothing is claimed");
    RUNTIME.block_on(session.batch_execute("DROP VIEW mz_temp.mine")).expect("dropped");
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!(staging(&world), "");
}
