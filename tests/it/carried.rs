//! What hangs on production when it is swapped, and not when the deployment was staged, comes along with the swap.

use mzflow::sandbox::Options;

use crate::harness::World;
use crate::harness::shop::changed;
use crate::harness::shop::first;
use crate::harness::shop::sent;
use crate::harness::shop::staged;
use crate::harness::shop::total;
use crate::harness::shop::waiting;

/// What somebody may do with the totals.
fn held(world: &World, role: &str) -> String {
    world.rows(&format!(
        "SELECT s.name, o.privilege_type FROM (SELECT schema_id, mz_internal.mz_aclexplode(privileges).* \
         FROM mz_objects WHERE name = 'totals') AS o(schema_id, grantor, grantee, privilege_type, is_grantable) \
         JOIN mz_schemas s ON s.id = o.schema_id JOIN mz_roles r ON r.id = o.grantee WHERE r.name = '{role}' \
         ORDER BY 1, 2"
    ))
}

#[test]
fn where_nothing_has_changed_nothing_more_is_sent() {
    let world = staged();
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    let statements = world.statements();
    for text in ["GRANT ", "REVOKE ", "OWNER TO", "ALTER DEFAULT"] {
        assert!(statements.iter().all(|sql| !sql.starts_with(text) && !sql.contains(" OWNER TO ")), "{text}");
    }
    let comments = statements.iter().filter(|sql| sql.starts_with("COMMENT ON"));
    assert_eq!(comments.count(), 1, "the tag alone");
    // One look at the catalog to plan by, one between the fence and COMMIT.
    let looks = statements.iter().filter(|sql| sql.starts_with("SELECT object_id, referenced_object_id"));
    assert_eq!(looks.count(), 2);
}

#[test]
fn what_is_granted_while_a_run_waits_is_carried_by_the_same_run() {
    let world = waiting();
    world.sql("CREATE ROLE analyst");
    world.faults("hold before 'BEGIN%' by 'mzflow%'");
    let words = ["run", "blue_green", "--project", "shop", "--id", "second", "--keep", "1h"];
    let running = world.start(&words);
    // The first transaction is the rehearsal behind the staging.
    world.until("the rehearsal", || world.held() > 0);
    world.sql("GRANT SELECT ON shop.core.totals TO analyst");
    world.faults("");
    running.end(&world).code(0);
    assert_eq!(total(&world), "20");
    assert_eq!(held(&world, "analyst"), "core SELECT\ncore__second__mzf SELECT");
    sent(&world, "GRANT SELECT ON TABLE \"shop\".\"core__second__mzf\".\"totals\" TO \"analyst\"");
}

#[test]
fn a_dry_run_tells_what_would_be_carried_and_changes_nothing() {
    let world = staged();
    world.sql("CREATE ROLE analyst");
    world.sql("GRANT SELECT ON shop.core.totals TO analyst");
    let told = world.mzflow(&["promote", "second", "--dry-run", "-v"]).code(0);
    told.says("GRANT SELECT ON TABLE \"shop\".\"core__second__mzf\".\"totals\" TO \"analyst\"");
    assert_eq!(held(&world, "analyst"), "core SELECT");
}

#[test]
fn files_win_over_what_was_done_by_hand_since() {
    let world = first();
    world.sql("CREATE ROLE reader");
    let granted =
        changed().replace("FROM core.orders;", "FROM core.orders;\nGRANT SELECT ON totals TO reader;");
    world.write(&granted);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    assert_eq!(held(&world, "reader"), "core SELECT");
    world.write(&granted.replace("20 AS amount", "30 AS amount"));
    world.mzflow(&["stage", "--project", "shop", "--id", "third"]).code(0);
    world.sql("REVOKE SELECT ON shop.core.totals FROM reader");
    world.mzflow(&["promote", "third"]).code(0);
    assert_eq!(held(&world, "reader").lines().next(), Some("core SELECT"));
    // What the files no longer say is not carried because it was there a moment longer.
    world.write(&changed().replace("20 AS amount", "40 AS amount"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "fourth"]).code(0);
    assert_eq!(held(&world, "reader"), "");
}

#[test]
fn what_the_server_refuses_of_it_is_told_and_production_stays() {
    let world = staged();
    world.sql("CREATE ROLE analyst");
    world.sql("GRANT SELECT ON shop.core.totals TO analyst");
    world.faults("error 'XX000' on 'GRANT SELECT%'");
    let told = world.mzflow(&["promote", "second"]).code(1).says("[swap.rejected]");
    told.says("grant SELECT").says("production was not changed");
    assert_eq!(total(&world), "10");
    world.faults("");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(held(&world, "analyst").lines().next(), Some("core SELECT"));
}

/// A world that checks privileges, in which a deployer who is no superuser has staged `second`.
fn staged_by_ann() -> World {
    let settings = vec![("enable_rbac_checks".to_owned(), "on".to_owned())];
    let world = World::with(Options { settings, ..Options::default() });
    world.sql_as("mz_system", "CREATE ROLE boss SUPERUSER LOGIN");
    world.write(crate::harness::shop::SHOP);
    world.mzflow(&["setup", "--url", &world.url_as("boss")]).code(0);
    for statement in [
        "CREATE ROLE ann LOGIN",
        "CREATE ROLE team",
        "GRANT materialize_deployer TO ann",
        "GRANT CREATECLUSTER, CREATEDB ON SYSTEM TO ann",
    ] {
        world.sql_as("boss", statement);
    }
    let ann = world.url_as("ann");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first", "--url", &ann]).code(0);
    world.write(&changed());
    world.mzflow(&["stage", "--project", "shop", "--id", "second", "--url", &ann]).code(0);
    world
}

#[test]
fn who_may_not_give_it_is_told_so_before_anything() {
    let world = staged_by_ann();
    let ann = world.url_as("ann");
    world.sql_as("boss", "ALTER MATERIALIZED VIEW shop.core.totals OWNER TO team");
    let owner = "SELECT r.name FROM mz_objects o JOIN mz_roles r ON r.id = o.owner_id WHERE o.name = 'totals' \
                 ORDER BY 1";
    let before = world.sql_as("boss", owner);
    world.forget();
    let told = world.mzflow(&["promote", "second", "--url", &ann]).code(3);
    let told = told.says("[swap.missing-privilege]").says("is to belong to team like what it replaces");
    told.says("GRANT \"team\" TO \"ann\"").says("nothing was changed");
    assert_eq!(world.sql_as("boss", owner), before);
    assert!(!world.statements().iter().any(|sql| sql.contains("OWNER TO")), "nothing was tried");
    world.sql_as("boss", "GRANT team TO ann");
    world.sql_as("boss", "GRANT CREATE ON SCHEMA shop.core__second__mzf TO team");
    world.mzflow(&["promote", "second", "--keep", "1h", "--url", &ann]).code(0);
    assert_eq!(world.sql_as("boss", owner), "team\nteam");
}
