//! `mzflow dev`: what an overlay holds, what the next build touches, what it leaves alone, how it goes.

use crate::harness::World;
use crate::harness::told::Told;
use crate::harness::watching::Staying;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/models/shop/base/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 10 AS amount UNION ALL SELECT 2, 20;
-- file: shop/models/shop/base/people.sql
CREATE VIEW people AS SELECT 7 AS id;
-- file: shop/models/shop/core/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT sum(amount) AS total FROM base.orders;
CREATE INDEX totals_by_total IN CLUSTER compute ON totals (total);
-- file: shop/models/shop/core/doubled.sql
CREATE VIEW doubled AS SELECT total * 2 AS twice FROM core.totals;
";

const DEV: [&str; 6] = ["dev", "dev", "--name", "alice", "--project", "shop"];

/// A production, and a cluster for developers.
fn deployed() -> World {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    world
}

fn dev(world: &World, more: &[&str]) -> Told {
    world.mzflow(&[&DEV[..], more].concat())
}

/// Changes `totals`, and nothing else.
fn totals(of: &str) -> String {
    format!(
        "-- file: shop/models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT {of} AS total FROM base.orders;\n\
         CREATE INDEX totals_by_total IN CLUSTER compute ON totals (total);\n"
    )
}

/// What stands in a database, indexes left out: names and ids.
fn standing(world: &World, database: &str) -> String {
    world.rows(&format!(
        "SELECT s.name || '.' || o.name, o.id FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = '{database}' AND o.type <> 'index' ORDER BY 1"
    ))
}

fn names(world: &World, database: &str) -> Vec<String> {
    let all = standing(world, database);
    all.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The DDL that was sent since it was last asked.
fn ddl(world: &World) -> Vec<String> {
    let verbs = ["CREATE", "ALTER", "DROP", "GRANT", "COMMENT"];
    let sent = world.statements().into_iter();
    let sent = sent.filter(|sql| verbs.iter().any(|verb| sql.starts_with(verb))).collect();
    world.forget();
    sent
}

#[test]
fn it_holds_what_differs_and_what_reads_that() {
    let world = deployed();
    let before = standing(&world, "shop");
    dev(&world, &[]).code(0).says("nothing differs from production");
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0).says("2 rebuilt").says("shop.core.totals ready");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals"]);
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "62");
    assert_eq!(world.rows("SELECT twice FROM shop.core.doubled"), "60");
    assert_eq!(standing(&world, "shop"), before, "production was touched");
    let on = world.rows(
        "SELECT DISTINCT c.name FROM mz_clusters c JOIN mz_objects o ON o.cluster_id = c.id \
         JOIN mz_schemas s ON s.id = o.schema_id JOIN mz_databases d ON d.id = s.database_id \
         WHERE d.name = 'shop__alice'",
    );
    assert_eq!(on, "dev");
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("1 changed, 1 dependent");
    world.mzflow(&["gc"]).code(0).says("nothing");
}

#[test]
fn what_reads_a_change_can_be_left_out() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &["--downstream", "none"]).code(0).says("1 rebuilt");
    assert_eq!(names(&world, "shop__alice"), ["core.totals"]);
    dev(&world, &[]).code(0).says("1 rebuilt, 1 unchanged");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals"]);
    dev(&world, &["--downstream", "none"]).code(0).says("0 rebuilt, 1 unchanged, 1 dropped");
    assert_eq!(names(&world, "shop__alice"), ["core.totals"]);
}

#[test]
fn the_next_build_touches_what_differs_from_the_last() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    world.write("-- file: shop/models/shop/base/people.sql\nCREATE VIEW people AS SELECT 8 AS id;\n");
    dev(&world, &[]).code(0).says("3 rebuilt");
    let people = |world: &World| {
        let all = standing(world, "shop__alice");
        all.lines().find(|line| line.starts_with("base.people")).map(str::to_owned)
    };
    let before = people(&world);
    world.forget();
    dev(&world, &[]).code(0).says("0 rebuilt, 3 unchanged");
    assert_eq!(ddl(&world), [""; 0]);
    world.write(&totals("sum(amount) + 2"));
    dev(&world, &[]).code(0).says("2 rebuilt, 1 unchanged");
    // Three objects (an index among them) and the schema beside theirs, one swap, two layers.
    let sent = ddl(&world);
    let count = |verb: &str| sent.iter().filter(|sql| sql.starts_with(verb)).count();
    assert_eq!((count("CREATE"), count("ALTER"), count("DROP")), (4, 1, 2), "{sent:?}");
    assert_eq!(
        (people(&world), world.rows("SELECT twice FROM shop__alice.core.doubled")),
        (before, "64".into())
    );
    assert_eq!(names(&world, "shop__alice"), ["base.people", "core.doubled", "core.totals"]);
}

#[test]
fn a_version_that_fails_leaves_the_last_good_one() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    let before = standing(&world, "shop__alice");
    world.write(&totals("summ(amount)"));
    world.write("-- file: shop/models/shop/base/people.sql\nCREATE VIEW people AS SELECT 8 AS id;\n");
    let told = dev(&world, &[]).code(1);
    told.says("[overlay.failed]").says("totals.sql:").says("the last good version stays");
    let after = standing(&world, "shop__alice");
    assert!(after.ends_with(&before) && after.starts_with("base.people"), "{before}\n{after}");
    // One that never catches up goes the same way, and its dependents stay with it.
    world.sql("ALTER SYSTEM SET sandbox_crash_looping = 'dev'");
    world.write(&totals("sum(amount) + 5"));
    dev(&world, &[]).code(1).says("does not hydrate").says("the last good version stays");
    assert_eq!(standing(&world, "shop__alice"), after);
    world.sql("ALTER SYSTEM RESET sandbox_crash_looping");
    dev(&world, &[]).code(0).says("2 rebuilt, 1 unchanged");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "70");
}

#[test]
fn what_cannot_be_renamed_is_made_under_its_name() {
    let world = deployed();
    let total = |of: &str| {
        format!(
            "-- file: shop/models/shop/core/total.sql\n\
             CREATE VIEW total AS SELECT {of} AS total FROM core.totals;\n\
             -- file: shop/models/shop/core/quarter.sql\n\
             CREATE VIEW quarter AS SELECT total.total / 4 AS part FROM core.total;\n"
        )
    };
    world.write(&total("total + 2"));
    dev(&world, &[]).code(0).says("2 rebuilt");
    // What is swapped with its schema is not renamed.
    world.write(&total("total + 10"));
    dev(&world, &[]).code(0).never_says("cannot be renamed").says("2 rebuilt");
    assert_eq!(world.rows("SELECT part FROM shop__alice.core.quarter"), "10");
    // Beside something that the overlay did not make it cannot be swapped.
    world.sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
    world.write(&total("total + 6"));
    let told = dev(&world, &[]).code(0);
    told.says("cannot be renamed").says("2 rebuilt");
    assert_eq!(world.rows("SELECT part FROM shop__alice.core.quarter"), "9");
    assert_eq!(names(&world, "shop__alice"), ["core.mine", "core.quarter", "core.total"]);
    // Between the two nobody is left without a version because somebody wants to stop.
    world.write(&total("total + 14"));
    world.faults("hold before 'DROP VIEW%quarter%'");
    world.forget();
    let mut building = Staying::start(&world, "dev", None, &DEV);
    world.until("it is dropped", || world.statements().iter().any(|sql| sql.starts_with("DROP VIEW")));
    building.signal("INT");
    building.until(&world, "stopping at the next safe point", 1);
    world.faults("");
    building.end();
    assert_eq!(world.rows("SELECT part FROM shop__alice.core.quarter"), "11");
    world.write(&total("total + 6"));
    dev(&world, &[]).code(0);
    // What it reads goes back to production at the same time.
    world.write(&totals("sum(amount) + 4"));
    dev(&world, &[]).code(0);
    world.write(&totals("sum(amount)"));
    dev(&world, &[]).code(0).never_says("still reads");
    assert_eq!(names(&world, "shop__alice"), ["core.mine", "core.quarter", "core.total"]);
    assert_eq!(world.rows("SELECT part FROM shop__alice.core.quarter"), "9");
}

#[test]
fn what_is_as_in_production_again_goes() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    world.write("-- file: shop/models/shop/core/doubled.sql\nCREATE VIEW doubled AS SELECT total * 3 AS twice FROM core.totals;\n");
    dev(&world, &[]).code(0);
    world.write(&totals("sum(amount)"));
    dev(&world, &[]).code(0).says("1 rebuilt, 0 unchanged, 1 dropped");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled"]);
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "90");
}

#[test]
fn it_goes_when_it_is_told_to() {
    let world = deployed();
    dev(&world, &["--down"]).code(0).says("there is no overlay alice");
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    // Something of somebody else's reads it.
    world.sql("CREATE VIEW materialize.public.peek AS SELECT * FROM shop__alice.core.doubled");
    let told = dev(&world, &["--down"]).code(3);
    told.says("[overlay.foreign]").says("materialize.public.peek").says("nothing was dropped");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals"]);
    world.sql("DROP VIEW materialize.public.peek");
    world.sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
    dev(&world, &["--down"]).code(3).says("shop__alice.core.mine");
    world.sql("DROP VIEW shop__alice.core.mine");
    world
        .mzflow(&["dev", "--down", "--name", "alice", "--project", "shop"])
        .code(0)
        .says("is gone: 2 objects");
    assert_eq!(world.rows("SELECT count(*) FROM mz_databases WHERE name = 'shop__alice'"), "0");
    dev(&world, &["--down"]).code(0).says("there is no overlay alice");
    dev(&world, &[]).code(0).says("2 rebuilt");
}

#[test]
fn a_replaced_version_that_is_read_stays_until_nobody_does() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    world.sql("CREATE VIEW materialize.public.peek AS SELECT * FROM shop__alice.core.totals");
    world.write(&totals("sum(amount) + 2"));
    dev(&world, &[]).code(0).says("something still reads it");
    assert_eq!(world.rows("SELECT * FROM materialize.public.peek"), "31");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "64");
    assert_eq!(names(&world, "shop__alice").len(), 3);
    world.sql("DROP VIEW materialize.public.peek");
    dev(&world, &[]).code(0);
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals"]);
}

#[test]
fn a_rehearsal_tells_the_statements_and_sends_none() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    world.forget();
    let told = dev(&world, &["--dry-run"]).code(0);
    told.says("CREATE DATABASE \"shop__alice\"").says("\"shop__alice\".\"core\".\"totals\"");
    assert_eq!(ddl(&world), [""; 0]);
}

#[test]
fn a_rehearsal_of_what_does_not_catch_up_keeps_the_last_version() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    world.write(&totals("sum(amount) + 2"));
    let run = ["run", "dev_overlay", "--cluster", "dev", "--name", "alice", "--project", "shop", "--dry-run"];
    world.forget();
    let told = world.mzflow(&[&run[..], &["--assume", "failing"]].concat()).code(1);
    told.says("[overlay.failed]").says("the last good version stays").never_says("SWAP WITH");
    world.mzflow(&run).code(0).says("SWAP WITH");
    assert_eq!(ddl(&world), [""; 0]);
}

#[test]
fn what_is_refused_has_changed_nothing() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    world.forget();
    let on = |cluster: &str| world.mzflow(&["dev", cluster, "--name", "alice", "--project", "shop"]);
    on("compute").code(3).says("[overlay.production-cluster]").says("shop.core.totals").says("first");
    on("nowhere").code(3).says("[overlay.unknown-cluster]");
    world.mzflow(&["dev", "dev", "--project", "shop"]).code(2).says("--name NAME");
    world.mzflow(&["dev", "--name", "alice", "--project", "shop"]).code(2).says("CLUSTER");
    assert_eq!(ddl(&world), [""; 0]);
    world.sql("CREATE DATABASE shop__alice");
    dev(&world, &[]).code(3).says("[overlay.taken]").says("shop__alice");
    dev(&world, &["--down"]).code(0);
    assert_eq!(world.rows("SELECT count(*) FROM mz_databases WHERE name = 'shop__alice'"), "1");
}

#[test]
fn who_may_not_make_databases_is_told_the_grant() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    // Setting up gives developers that right; somebody may have taken it away since it was looked at.
    world.faults("error '42501' on 'CREATE DATABASE%'");
    let told = dev(&world, &[]).code(3).says("[overlay.needs-createdb]");
    told.says("GRANT CREATEDB ON SYSTEM TO \"materialize\"").says("nothing was changed");
    assert_eq!(names(&world, "shop__alice"), [""; 0]);
    world.faults("");
    let long = "n".repeat(300);
    world.mzflow(&["dev", "dev", "--name", &long, "--project", "shop"]).code(3).says("[overlay.bad-name]");
}

/// Somebody makes a database of the overlay's name, after the overlay could not.
fn refused_and_then_made(world: &World) {
    world.write(&totals("sum(amount) + 1"));
    world.faults("error '42501' on 'CREATE DATABASE%'");
    dev(world, &[]).code(3);
    world.faults("");
    world.sql("CREATE DATABASE shop__alice");
}

fn is_there(world: &World) -> bool {
    world.rows("SELECT count(*) FROM mz_databases WHERE name = 'shop__alice'") == "1"
}

#[test]
fn a_database_that_it_could_not_make_is_not_its_own() {
    let world = deployed();
    refused_and_then_made(&world);
    dev(&world, &["--down"]).code(0).says("there is no overlay alice");
    assert!(is_there(&world));
    dev(&world, &[]).code(3).says("[overlay.taken]");
    world.sql("CREATE SCHEMA shop__alice.core");
    world.sql("CREATE VIEW shop__alice.core.doubled AS SELECT 'theirs' AS x");
    dev(&world, &["--down"]).code(0).says("there is no overlay alice");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled"]);
}

#[test]
fn a_database_whose_making_was_not_answered_is_its_own_only_while_it_is_empty() {
    for (somebodys, stays) in [
        ("", false),
        ("CREATE SCHEMA shop__alice.theirs", true),
        ("CREATE VIEW shop__alice.public.theirs AS SELECT 1 AS x", true),
        ("ALTER DATABASE shop__alice OWNER TO somebody", true),
    ] {
        let world = deployed();
        world.sql("CREATE ROLE somebody");
        world.write(&totals("sum(amount) + 1"));
        world.faults("lose 'CREATE DATABASE%'");
        dev(&world, &[]).code(1).says("[db.lost]");
        world.faults("");
        assert!(is_there(&world));
        if !somebodys.is_empty() {
            world.sql(somebodys);
            dev(&world, &[]).code(3).says("[overlay.taken]");
        }
        dev(&world, &["--down"]).code(0);
        assert_eq!(is_there(&world), stays, "{somebodys}");
    }
    // What was made goes on where nobody has touched it.
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    world.faults("lose 'CREATE DATABASE%'");
    dev(&world, &[]).code(1).says("[db.lost]");
    world.faults("");
    dev(&world, &[]).code(0).says("2 rebuilt");
}

#[test]
fn what_another_role_made_in_it_stays() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    world.sql("CREATE ROLE somebody");
    world.sql("CREATE SCHEMA shop__alice.theirs");
    world.sql("ALTER SCHEMA shop__alice.theirs OWNER TO somebody");
    dev(&world, &["--down"]).code(3).says("[overlay.foreign]").says("schema shop__alice.theirs");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals"]);
}

#[test]
fn two_projects_over_one_database_leave_each_other_alone() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    world.write(
        "-- file: other/project.toml\n-- file: other/models/shop/extra/things.sql\nCREATE VIEW things AS SELECT 1 AS id;\n",
    );
    let other = ["dev", "dev", "--name", "alice", "--project", "other"];
    world.mzflow(&other).code(0);
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals", "extra.things"]);
    world.mzflow(&[&other[..], &["--down"]].concat()).code(0);
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals"]);
    dev(&world, &[]).code(0).says("0 rebuilt, 2 unchanged");
}

#[test]
fn an_overlay_of_a_project_that_does_not_compile_can_be_removed() {
    let broken = "-- file: shop/models/shop/core/doubled.sql\nCREATE VIEW doubled AS SELECT total * FROM;\n";
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    world.write(broken);
    dev(&world, &["--down"]).code(0).says("is gone: 2 objects");
    assert!(!is_there(&world));
    // One that is no project at all any more.
    world.write(SHOP);
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    std::fs::remove_dir_all(world.folder().join("shop/models")).expect("removed");
    dev(&world, &["--down"]).code(0).says("is gone: 2 objects");
    assert!(!is_there(&world));
    // Another project's stays, also beside one that tells of nothing.
    world.write(SHOP);
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    let other = "-- file: other/project.toml\n-- file: other/models/shop/extra/things.sql\nCREATE VIEW things AS SELECT 1 AS id;\n";
    world.write(other);
    let down = |project: &str| world.mzflow(&["dev", "--down", "--name", "alice", "--project", project]);
    world.mzflow(&["dev", "dev", "--name", "alice", "--project", "other"]).code(0);
    world.write(broken);
    down("shop").code(0).says("is gone: 2 objects");
    assert_eq!(names(&world, "shop__alice"), ["extra.things"]);
    world.write(SHOP);
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    std::fs::remove_dir_all(world.folder().join("shop/models")).expect("removed");
    down("shop").code(3).says("[overlay.foreign]").says("2 projects");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals", "extra.things"]);
}

#[test]
fn the_tests_of_what_was_built_run_when_asked_for() {
    let tested = |of: &str, expected: &str| {
        totals(of)
            + "EXECUTE UNIT TEST adds FOR totals\nMOCK base.orders (id int, amount int) AS (SELECT 1, 2 UNION ALL SELECT 2, 3),\n"
            + &format!("EXPECTED (total bigint) AS (SELECT {expected});\n")
    };
    let world = deployed();
    world.write(&tested("sum(amount) + 1", "6"));
    dev(&world, &["--test"]).code(0).says("1 test passed").says("stand in shop__alice");
    // Nothing was built, so nothing is tested.
    dev(&world, &["--test"]).code(0).never_says("passed");
    world.write(&tested("sum(amount) + 2", "6"));
    let told = dev(&world, &["--test"]).code(1);
    told.says("[test.failed]").says("shop.core.totals#adds").says("1 missing row").says("mzflow test");
    assert_eq!(twice(&world), "64", "a test says something of it, and builds nothing back");
    world.write(&tested("sum(amount) + 3", "8"));
    let run = ["run", "dev_overlay", "--cluster", "dev", "--name", "alice", "--tests", "--project", "shop"];
    world.mzflow(&run).code(0).says("1 test passed");
}

#[test]
fn what_is_built_and_why_is_told() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    let told = dev(&world, &[]).code(0);
    let told = told.says("builds 2 objects").says("differs from production").says("reads shop.core.totals");
    told.never_says("isolation");
    world.write(&totals("sum(amount)"));
    dev(&world, &[]).code(0).says("drops 2 objects");
    world.write(&totals("sum(amount) + 2"));
    let json = world.mzflow(&[&DEV[..], &["--json"]].concat()).code(0);
    json.says("\"overlay.planned\"").says("\"why\":\"reads\"").says("\"reads\":\"shop.core.totals\"");
}

#[test]
fn how_much_of_a_plan_has_hydrated_is_told() {
    let world = deployed();
    world.sql("ALTER SYSTEM SET sandbox_hydration = '0s'");
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'totals'");
    world.write(&totals("sum(amount) + 1"));
    let mut building = Staying::start(&world, "dev", None, &[&DEV[..], &["--json"]].concat());
    // The last of the nodes of its plan is the one that does not hydrate, and its index waits for that.
    building.until(&world, "\"percent\":37", 1);
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    assert_eq!(building.end(), Some(0));
    assert_eq!(building.times("\"percent\":37"), 1, "what has not changed is not told again");
}

#[test]
fn overlays_are_listed() {
    let world = deployed();
    world.mzflow(&["list"]).code(0).never_says("OVERLAY");
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    let told = world.mzflow(&["list"]).code(0);
    told.says("OVERLAY").says("alice").says("shop__alice").says("shop.core.doubled, shop.core.totals");
    let told = world.mzflow(&["list", "--json"]).code(0);
    told.says("\"overlay\":\"alice\"").says("\"objects\":[\"shop.core.doubled\",\"shop.core.totals\"]");
    dev(&world, &["--down"]).code(0);
    world.mzflow(&["list"]).code(0).never_says("OVERLAY");
}

#[test]
fn two_developers_do_not_see_each_other() {
    let world = deployed();
    world.sql("CREATE CLUSTER \"Dev-2\" (SIZE = '25cc')");
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    let odd = ["dev", "Dev-2", "--name", "Bob \"the\" b-1", "--project", "shop"];
    world.write(&totals("sum(amount) + 2"));
    world.mzflow(&odd).code(0).says("2 rebuilt");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "62");
    assert_eq!(world.rows("SELECT twice FROM \"shop__Bob \"\"the\"\" b-1\".core.doubled"), "64");
    world.mzflow(&odd).code(0).says("0 rebuilt, 2 unchanged");
    world.write(&totals("sum(amount) + 3"));
    world.mzflow(&odd).code(0).says("2 rebuilt");
    world.mzflow(&[&odd[..], &["--down"]].concat()).code(0).says("is gone");
    assert_eq!(names(&world, "shop__alice"), ["core.doubled", "core.totals"]);
}

#[test]
fn a_promotion_below_it_is_followed() {
    let world = deployed();
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0);
    world.write(SHOP);
    world.write(
        "-- file: shop/models/shop/base/orders.sql\nCREATE VIEW orders AS SELECT 1 AS id, 100 AS amount;\n",
    );
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    world.write(&totals("sum(amount) + 1"));
    dev(&world, &[]).code(0).says("2 rebuilt");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "202");
}

/// Builds a new version while the n-th statement that is more than reading goes wrong; tells whether
/// there were so many.
fn dies_at(world: &World, number: usize) -> bool {
    world.write(&totals(&format!("sum(amount) + {number}")));
    world.write(&format!(
        "-- file: shop/models/shop/base/people.sql\nCREATE VIEW people AS SELECT 100 + {number} AS id;\n"
    ));
    let how = if number.is_multiple_of(2) { "lose write" } else { "drop before write" };
    world.faults(&format!("{how} {number} by 'mzflow%'"));
    drop(dev(world, &[]));
    let struck = world.rows("SHOW sandbox_fault").is_empty();
    world.faults("");
    struck
}

fn twice(world: &World) -> String {
    world.rows("SELECT twice FROM shop__alice.core.doubled")
}

#[test]
fn wherever_it_dies_the_next_build_goes_on() {
    let world = deployed();
    let mut before = "60".to_owned();
    for number in 1.. {
        let struck = dies_at(&world, number);
        let after = (60 + 2 * number).to_string();
        if number > 8 {
            let now = twice(&world);
            assert!(now == before || now == after, "{number}: {now}");
        }
        dev(&world, &[]).code(0);
        let found = (twice(&world), names(&world, "shop__alice"));
        let names = ["base.people", "core.doubled", "core.totals"].map(str::to_owned).to_vec();
        assert_eq!(found, (after.clone(), names), "{number}");
        before = after;
        if !struck {
            assert!(number > 10, "it has {number} statements only");
            break;
        }
    }
}

#[test]
fn wherever_it_dies_it_can_be_removed() {
    let world = deployed();
    for number in 1.. {
        let struck = dies_at(&world, number);
        // The end may die as well.
        world.faults("lose write 2 by 'mzflow%'");
        drop(dev(&world, &["--down"]));
        world.faults("");
        dev(&world, &["--down"]).code(0);
        let left = world.rows("SELECT count(*) FROM mz_databases WHERE name = 'shop__alice'");
        assert_eq!(left, "0", "{number}");
        if !struck {
            assert!(number > 10, "it has {number} statements only");
            break;
        }
    }
}
