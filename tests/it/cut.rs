//! Staging that was cut before its ids were recorded: what is dropped of it is what its runs have made, and not what
//! somebody else has put under its names.

use crate::harness::World;
use crate::harness::shop::staging;
use crate::harness::shop::waiting;

/// The changed shop, of which staging came to nothing at some statements.
fn cut_at(statements: &[&str]) -> World {
    let world = waiting();
    stopped_at(&world, statements);
    world
}

fn stopped_at(world: &World, statements: &[&str]) {
    let faults: Vec<String> = statements.iter().map(|one| format!("error 'XX000' on '{one}'")).collect();
    world.faults(&faults.join("; "));
    let told = world.mzflow(&["stage", "--project", "shop", "--id", "second"]);
    assert!(told.code != Some(0), "{statements:?}: {}", told.stderr);
    world.faults("");
}

#[test]
fn what_somebody_has_put_under_its_names_is_left_and_told() {
    let world = cut_at(&["CREATE SCHEMA%", "CREATE CLUSTER%"]);
    world.sql_as("guest", "CREATE SCHEMA shop.core__second__mzf");
    world.sql_as("guest", "CREATE CLUSTER compute__second__mzf (SIZE = '25cc')");
    for words in [&["abort", "second", "--dry-run"][..], &["abort", "second"]] {
        let told = world.mzflow(words).code(0).says("drop.left");
        told.says("schema shop.core__second__mzf (owner guest) bears a name of second")
            .says("cluster compute__second__mzf (owner guest) bears a name of second")
            .says("it is left");
        assert_eq!(staging(&world), "compute__second__mzf\ncore__second__mzf");
    }
    world.mzflow(&["gc", "--yes"]).code(0).says("shop.core__second__mzf has the form of a staging name");
    assert_eq!(staging(&world), "compute__second__mzf\ncore__second__mzf");
}

#[test]
fn what_somebody_has_put_under_its_names_is_not_gone_on_with() {
    let world = cut_at(&["CREATE SCHEMA%", "CREATE CLUSTER%"]);
    world.sql_as("guest", "CREATE SCHEMA shop.core__second__mzf");
    let stage = ["stage", "--project", "shop", "--id", "second"];
    let told = world.mzflow(&stage).code(3).says("[stage.name-taken]");
    told.says("schema shop.core__second__mzf (owner guest)").says("nothing was changed");
    assert_eq!(world.rows("SELECT count(*) FROM mz_clusters WHERE name LIKE '%mzf'"), "0");
    world.sql("DROP SCHEMA shop.core__second__mzf");
    world.mzflow(&stage).code(0);
    world.mzflow(&["promote", "second"]).code(0);
}

#[test]
fn what_was_there_before_is_left_too() {
    let world = cut_at(&["CREATE CLUSTER%", "CREATE VIEW%"]);
    // It was made by the role of the run, and not by the run.
    world.sql("DROP SCHEMA shop.core__second__mzf");
    world.sql_as("guest", "CREATE SCHEMA shop.core__second__mzf");
    world.sql("ALTER SCHEMA shop.core__second__mzf OWNER TO materialize");
    world.mzflow(&["abort", "second"]).code(0).says("drop.left").says("(owner materialize)");
    assert_eq!(staging(&world), "core__second__mzf");
}

#[test]
fn what_its_run_has_made_goes_wherever_it_was_cut() {
    for statement in [
        "CREATE CLUSTER%",
        "CREATE VIEW%",
        "CREATE MATERIALIZED VIEW%",
        "ALTER SCHEMA%SWAP%",
        "INSERT INTO%deployment_objects%",
    ] {
        let world = cut_at(&[statement]);
        world.mzflow(&["abort", "second"]).code(0).never_says("drop.left");
        assert_eq!(staging(&world), "", "{statement}");
        world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
        world.mzflow(&["promote", "second"]).code(0);
    }
}

#[test]
fn what_was_given_to_the_owner_of_what_it_replaces_goes_too() {
    let world = waiting();
    world.sql("CREATE ROLE team");
    for sql in [
        "ALTER SCHEMA shop.core OWNER TO team",
        "ALTER CLUSTER compute OWNER TO team",
        "ALTER MATERIALIZED VIEW shop.core.totals OWNER TO team",
    ] {
        world.sql(sql);
    }
    stopped_at(&world, &["ALTER SCHEMA%SWAP%"]);
    let owned = world
        .rows("SELECT count(*) FROM mz_schemas s JOIN mz_roles r ON r.id = s.owner_id WHERE r.name = 'team'");
    assert_eq!(owned, "2");
    world.mzflow(&["abort", "second"]).code(0).never_says("drop.left");
    assert_eq!(staging(&world), "");
}
