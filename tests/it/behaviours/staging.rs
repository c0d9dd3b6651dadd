//! What has to be so before anything is staged, and what green gets from blue.

use std::fmt::Write;

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::TOTALS;
use crate::harness::shop::changed;
use crate::harness::shop::first;
use crate::harness::shop::staging;
use crate::harness::shop::total;
use crate::harness::shop::waiting;

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];
const STAGE: [&str; 5] = ["stage", "--project", "shop", "--id", "second"];

/// Who may do what with what stands under production names; PUBLIC has no name before `=`.
fn rights(world: &World) -> String {
    world.rows(
        "SELECT name, privileges::text FROM mz_schemas WHERE name = 'core' \
         UNION ALL SELECT name, privileges::text FROM mz_clusters WHERE name = 'compute' \
         UNION ALL SELECT o.name, o.privileges::text FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         WHERE s.name = 'core' ORDER BY 1",
    )
}

/// Default privileges by the name of their schema.
fn defaults(world: &World) -> String {
    world.rows(
        "SELECT s.name, p.role_id, p.object_type, p.grantee, p.privileges::text FROM mz_default_privileges p \
         JOIN mz_schemas s ON s.id = p.schema_id ORDER BY 1, 2, 3, 4",
    )
}

#[test]
fn a_project_with_nothing_in_it_deploys_nothing() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n-- file: shop/models/shop/core/.gitkeep\n");
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(0).says("nothing to deploy");
}

#[test]
fn a_cluster_that_is_missing_is_named() {
    let world = World::new();
    world.write(
        &SHOP.replace("-- file: shop/clusters/compute.sql\nCREATE CLUSTER compute (SIZE = '25cc');\n", ""),
    );
    world.mzflow(&["setup"]).code(0);
    world.sql("CREATE DATABASE shop");
    world.forget();
    let told = world.mzflow(&RUN).code(3).says("[stage.unknown-cluster]");
    let told = told.says("cluster compute").says("nothing was changed");
    told.says("where it has another name, correct that in the file");
    assert_eq!(world.writes(), 0);
}

#[test]
fn an_unmanaged_cluster_is_named_before_anything_is_made() {
    let world = World::new();
    let own =
        SHOP.replace("-- file: shop/clusters/compute.sql\nCREATE CLUSTER compute (SIZE = '25cc');\n", "");
    world.sql("CREATE CLUSTER compute REPLICAS (r1 (SIZE '25cc'))");
    world.write(&own);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&own.replace("10 AS amount", "20 AS amount"));
    world.forget();
    for words in [&RUN[..], &STAGE] {
        let told = world.mzflow(words).code(3).says("[stage.unmanaged-cluster]");
        told.says("cluster compute has replicas made by hand")
            .says("--reuse CLUSTER")
            .says("nothing was changed");
    }
    assert_eq!(
        (world.writes(), staging(&world).as_str()),
        (0, ""),
        "every check comes before the first statement"
    );
    world.mzflow(&[&RUN[..], &["--reuse", "compute"]].concat()).code(0);
    assert_eq!(total(&world), "20");
}

#[test]
fn what_stands_under_a_staging_name_is_listed_with_the_way_out() {
    let world = waiting();
    world.sql_as("guest", "CREATE SCHEMA shop.core__second__mzf");
    world.sql_as("guest", "CREATE CLUSTER compute__second__mzf (SIZE = '25cc')");
    world.forget();
    let told = world.mzflow(&STAGE).code(3).says("[stage.name-taken]").says("--id second-2");
    told.says(
        "schema shop.core__second__mzf (owner guest) is empty: DROP SCHEMA \"shop\".\"core__second__mzf\"",
    )
    .says("cluster compute__second__mzf (owner guest) is empty: DROP CLUSTER \"compute__second__mzf\"");
    assert_eq!(world.writes(), 0, "what is empty is somebody's all the same");
    world.sql_as(
        "guest",
        "CREATE MATERIALIZED VIEW shop.core__second__mzf.theirs IN CLUSTER compute__second__mzf AS SELECT 1 AS x",
    );
    let told = world.mzflow(&STAGE).code(3).says("[stage.name-taken]");
    told.says("materialized view shop.core__second__mzf.theirs (owner guest)").never_says("is empty");
}

#[test]
fn a_schema_of_the_same_name_in_another_database_is_another_one() {
    let world = World::new();
    world.sql("CREATE DATABASE other");
    world.sql("CREATE SCHEMA other.core");
    world.sql("CREATE VIEW other.core.orders AS SELECT 5 AS theirs");
    let ids =
        || world.rows("SELECT id, name FROM mz_schemas WHERE id LIKE 'u%' AND name = 'core' ORDER BY 1");
    let theirs = ids();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&changed());
    let told = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    assert_eq!(told["objects"].as_array().map(Vec::len), Some(2), "no row is there twice");
    world.mzflow(&RUN).code(0);
    assert!(ids().lines().any(|line| line == theirs), "{}", ids());
    assert_eq!(world.rows("SELECT theirs FROM other.core.orders"), "5");
}

#[test]
fn green_has_exactly_what_blue_has() {
    let world = first();
    for role in ["analyst", "team", "deputy"] {
        world.sql(&format!("CREATE ROLE {role}"));
    }
    for sql in [
        "GRANT USAGE ON SCHEMA shop.core TO PUBLIC",
        "GRANT USAGE ON CLUSTER compute TO PUBLIC",
        "GRANT CREATE ON CLUSTER compute TO analyst",
        "GRANT SELECT ON shop.core.totals TO PUBLIC",
        "GRANT SELECT ON shop.core.orders TO team",
        // What is made anew gets this by default, and blue has not got it.
        "ALTER DEFAULT PRIVILEGES FOR ROLE materialize IN SCHEMA shop.core GRANT SELECT ON TABLES TO deputy",
        "ALTER DEFAULT PRIVILEGES FOR ALL ROLES IN SCHEMA shop.core GRANT SELECT ON TABLES TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES FOR ALL ROLES IN SCHEMA shop.core GRANT USAGE ON SECRETS TO team",
    ] {
        world.sql(sql);
    }
    let before = (rights(&world), defaults(&world));
    assert!(before.0.contains("=r/") && before.1.lines().count() == 3, "{before:?}");
    world.write(&changed());
    world.mzflow(&RUN).code(0);
    assert_eq!(total(&world), "20");
    assert_eq!((rights(&world), defaults(&world)), before);
}

#[test]
fn a_scheduled_cluster_is_cloned_with_its_schedule_and_without_replicas_of_its_own() {
    let world = World::new();
    world.sql_as("mz_system", "ALTER SYSTEM SET enable_cluster_schedule_refresh = on");
    let scheduled = TOTALS.replace(
        "(SIZE = '25cc')",
        "(SIZE = '25cc', SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = '1 minute'), INTROSPECTION DEBUGGING = true)",
    );
    world.write(&scheduled);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first", "--no-ready-check"]).code(0);
    let shown = || world.rows("SHOW CREATE CLUSTER compute");
    let before = shown();
    assert!(before.contains("ON REFRESH") && before.contains("INTROSPECTION DEBUGGING = true"), "{before}");
    world.write(&scheduled.replace("10 AS total", "20 AS total"));
    world.forget();
    world.mzflow(&[&RUN[..], &["--no-ready-check"]].concat()).code(0);
    let made: Vec<String> =
        world.statements().into_iter().filter(|sql| sql.starts_with("CREATE CLUSTER")).collect();
    assert!(made.len() == 1 && !made[0].contains("REPLICATION FACTOR"), "{made:?}");
    assert_eq!(shown(), before);
}

#[test]
fn a_cluster_without_replicas_is_cloned_as_it_is_and_that_is_told() {
    let world = waiting();
    world.sql("ALTER CLUSTER compute SET (REPLICATION FACTOR 0)");
    world.write(&changed().replace("(SIZE = '25cc')", "(SIZE = '25cc', REPLICATION FACTOR = 0)"));
    let told = world.mzflow(&STAGE).code(0).says("warning");
    told.says("cluster compute__second__mzf has no replica, as compute has none: nothing hydrates on it");
    let factor = "SELECT replication_factor FROM mz_clusters WHERE name = 'compute__second__mzf'";
    assert_eq!(world.rows(factor), "0");
    world.mzflow(&["wait", "second"]).code(3).says("[hydration.failing]").says("its cluster has no replica");
}

#[test]
fn names_with_capitals_and_quotes_are_kept() {
    let world = World::new();
    let project = |value: u32| {
        let mut text = String::new();
        write!(
            text,
            "-- file: shop/project.toml\n\
             -- file: shop/models/shop/Sales/Best \"Sellers\".sql\n\
             CREATE VIEW \"Best \"\"Sellers\"\"\" AS SELECT {value} AS \"Amount\";\n"
        )
        .expect("a text");
        text
    };
    world.write(&project(1));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&project(2));
    world.mzflow(&[&RUN[..], &["--keep", "1h"]].concat()).code(0);
    assert_eq!(world.rows("SELECT \"Amount\" FROM shop.\"Sales\".\"Best \"\"Sellers\"\"\""), "2");
    let schemas = "SELECT name FROM mz_schemas WHERE lower(name) LIKE 'sales%' ORDER BY 1";
    assert_eq!(world.rows(schemas), "Sales\nSales__second__mzf");
}

#[test]
fn ids_that_look_like_each_other_are_two() {
    let world = first();
    world.sql("CREATE SCHEMA shop.public_1");
    world.sql("CREATE VIEW shop.public_1.theirs AS SELECT 1 AS x");
    for (id, total) in [("a_1", 20), ("ab1", 30), ("1", 40), ("x_a_1", 50)] {
        world.write(&SHOP.replace("10 AS amount", &format!("{total} AS amount")));
        world.mzflow(&["stage", "--project", "shop", "--id", id]).code(0);
    }
    world.sql("ALTER CLUSTER compute__ab1__mzf SET (REPLICATION FACTOR 0)");
    world.mzflow(&["wait", "ab1", "--once"]).code(3);
    let told = world.mzflow(&["wait", "a_1", "--once", "--json"]).code(0).json();
    assert_eq!(told["clusters"].as_array().map(Vec::len), Some(1), "{told}");
    world.mzflow(&["abort", "a_1"]).code(0);
    world.mzflow(&["abort", "1"]).code(0);
    let left = "SELECT name FROM mz_schemas WHERE name LIKE '%mzf' OR name = 'public_1' ORDER BY 1";
    assert_eq!(world.rows(left), "core__ab1__mzf\ncore__x_a_1__mzf\npublic_1");
    assert_eq!(world.rows("SELECT x FROM shop.public_1.theirs"), "1");
}
