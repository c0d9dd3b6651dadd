//! What follows the COMMIT of a swap: grants and comments on what is not rebuilt, sinks, tags. Whatever comes in
//! between, all of it is done in the end, and no run says that it is done before.

use crate::harness::World;
use crate::harness::shop::OUTBOUND;
use crate::harness::shop::staging;
use crate::harness::shop::total;
use crate::harness::watching::held_up;

/// What the shop has besides: something that no swap touches.
const PEOPLE: &str = "\
-- file: shop/models/shop/people/people.sql
CREATE VIEW people AS SELECT 7 AS id;
";

/// What is changed of it: another total, and in place a grant, a comment and a sink more.
const MORE: &str = "\
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id, 20 AS amount;
-- file: shop/models/shop/people/people.sql
CREATE VIEW people AS SELECT 7 AS id;
GRANT SELECT ON people TO reader;
COMMENT ON VIEW people IS 'who buys';
-- file: shop/models/shop/outbound/again_out.sql
CREATE SINK again_out IN CLUSTER outbound FROM core.totals INTO KAFKA CONNECTION infra.broker (TOPIC 'again') FORMAT JSON ENVELOPE DEBEZIUM;
";

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

/// The first version is production, and the second is on the disk.
fn waiting() -> World {
    let world = World::new();
    world.sql("CREATE ROLE reader");
    world.write(OUTBOUND);
    world.write(PEOPLE);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(MORE);
    world.forget();
    world
}

/// What a sink reads, by the schema of it.
fn reads(world: &World, sink: &str) -> String {
    world.rows(&format!(
        "SELECT s.name FROM mz_sinks k JOIN mz_internal.mz_object_dependencies d ON d.object_id = k.id \
         JOIN mz_objects o ON o.id = d.referenced_object_id JOIN mz_schemas s ON s.id = o.schema_id \
         WHERE k.name = '{sink}' AND o.name = 'totals'"
    ))
}

/// What has followed the swap: the grant, the comment, the tag, and what both sinks read.
fn followed(world: &World) -> Vec<String> {
    let grant = "SELECT p.privilege_type FROM (SELECT name, mz_internal.mz_aclexplode(privileges).* FROM mz_objects) \
        AS p(name, grantor, grantee, privilege_type, is_grantable) JOIN mz_roles r ON r.id = p.grantee \
        WHERE r.name = 'reader' AND p.name = 'people'";
    let comment = "SELECT c.comment FROM mz_internal.mz_comments c JOIN mz_objects o ON o.id = c.id \
        WHERE o.name = 'people'";
    let tag = "SELECT split_part(c.comment, ',', 1) FROM mz_internal.mz_comments c JOIN mz_schemas s ON s.id = c.id \
        WHERE s.name = 'core' AND c.object_type = 'schema'";
    let said = [grant, comment, tag].map(|sql| world.rows(sql));
    said.into_iter().chain(["totals_out", "again_out"].map(|sink| reads(world, sink))).collect()
}

/// All of it is there, and nothing else is left.
#[track_caller]
fn all_followed(world: &World) {
    assert_eq!(total(world), "20");
    assert_eq!(followed(world), ["SELECT", "who buys", "mzflow: deployment second", "core", "core"]);
    assert_eq!(staging(world), "");
    let settled = "SELECT payload->>'pending_sinks' FROM _mzflow.public.journal WHERE kind = 'swap.done' \
        AND payload->>'deployment' = 'second' ORDER BY at DESC LIMIT 1";
    assert_eq!(world.rows(settled), "[]");
}

/// Nothing says that it is done: somebody has to go on.
#[track_caller]
fn open(world: &World) {
    assert_eq!(total(world), "20", "the swap stands");
    let done = "SELECT count(*) FROM _mzflow.public.journal WHERE kind = 'swap.done' \
        AND payload->>'deployment' = 'second' AND payload->>'pending_sinks' = '[]'";
    assert_eq!(world.rows(done), "0");
}

/// The run that staged it.
fn run(world: &World) -> String {
    world.rows(
        "SELECT run_id FROM _mzflow.public.journal WHERE kind = 'stage.done' AND payload->>'deployment' = 'second'",
    )
}

/// Ctrl-C at a place around or behind the COMMIT; then the run goes on, or the deployment is promoted again.
#[track_caller]
fn interrupted(fault: &str) {
    for resumed in [true, false] {
        let world = waiting();
        let told = held_up(&world, fault, &RUN).code(130).says("[run.interrupted]");
        told.says("the swap stands").says("mzflow resume").never_says("production is untouched");
        open(&world);
        match resumed {
            true => world.mzflow(&["resume", &run(&world), "--project", "shop"]).code(0),
            false => world.mzflow(&["promote", "second"]).code(0),
        };
        all_followed(&world);
    }
}

#[test]
fn ctrl_c_before_the_swap_commits() {
    interrupted("hold before commit by 'mzflow%'");
}

#[test]
fn ctrl_c_when_the_swap_has_committed() {
    interrupted("hold after commit by 'mzflow%'");
}

#[test]
fn ctrl_c_while_a_sink_waits_for_what_it_is_to_read() {
    // It is cancelled, and does not have to be let go.
    let world = waiting();
    world.faults("hold before 'ALTER SINK%'");
    let running = world.start(&RUN);
    world.until("a sink that waits", || world.held() > 0);
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]").says("the swap stands").says("mzflow resume");
    open(&world);
    world.faults("");
    world.mzflow(&["resume", &run(&world), "--project", "shop"]).code(0);
    all_followed(&world);
}

#[test]
fn ctrl_c_without_a_sink_that_waits() {
    // What is sent behind the sinks has been sent by then, or is not.
    let world = waiting();
    std::fs::remove_file(world.folder().join("shop/models/shop/outbound/again_out.sql"))
        .expect("it is there");
    let told = held_up(&world, "hold after 'ALTER SINK%'", &RUN).code(130).says("[run.interrupted]");
    told.says("the swap stands");
    open(&world);
    world.mzflow(&["promote", "second"]).code(0);
    let expected = ["SELECT", "who buys", "mzflow: deployment second", "core", ""];
    assert_eq!(followed(&world), expected);
}

#[test]
fn ctrl_c_while_the_sinks_of_a_rollback_go_back() {
    let world = waiting();
    world.mzflow(&[&RUN[..], &["--keep", "1h"]].concat()).code(0);
    let told = held_up(&world, "hold before commit by 'mzflow%'", &["rollback"]).code(130);
    told.says("[run.interrupted]").says("the rollback stands").says("repeat the same command");
    assert_eq!(total(&world), "10");
    assert_eq!(reads(&world, "totals_out"), "core__second__mzf");
    world.mzflow(&["rollback"]).code(0).says("second is no longer production");
    assert_eq!((total(&world), reads(&world, "totals_out")), ("10".to_owned(), "core".to_owned()));
}

#[test]
fn a_sink_that_never_answers_is_given_up() {
    let world = waiting();
    world.faults("hang 'ALTER SINK%'");
    let running = world.start(&RUN);
    world.until("a sink that hangs", || world.held() > 0);
    running.interrupt();
    running.end(&world).code(130).says("[run.interrupted]").says("the swap stands");
    world.faults("");
    world.mzflow(&["resume", &run(&world), "--project", "shop"]).code(0);
    all_followed(&world);
}

#[test]
fn a_connection_that_breaks_once_is_opened_again() {
    for statement in
        ["GRANT SELECT%people%", "COMMENT ON VIEW%people%", "CREATE SINK%again%", "COMMENT ON SCHEMA%"]
    {
        for fault in ["lose", "drop before"] {
            let world = waiting();
            world.faults(&format!("{fault} '{statement}' by 'mzflow%'"));
            world.mzflow(&RUN).code(0).says("second is production");
            all_followed(&world);
        }
    }
}

#[test]
fn a_connection_that_breaks_again_and_again_is_told_before_anything_is_called_done() {
    for statement in ["GRANT SELECT%people%", "CREATE SINK%again%", "COMMENT ON SCHEMA%"] {
        let world = waiting();
        world.faults(&format!("drop before '{statement}' 1; drop before '{statement}' 2"));
        world.mzflow(&RUN).code(1).says("[db.lost]").says("the swap stands");
        open(&world);
        world.mzflow(&["resume", &run(&world), "--project", "shop"]).code(0);
        all_followed(&world);
    }
}

#[test]
fn a_new_sink_that_the_server_refuses_is_made_later() {
    let world = waiting();
    world.faults("error 'XX000' on 'CREATE SINK%'");
    let told = world.mzflow(&RUN).code(1).says("[swap.sink-pending]").says("sink shop.outbound.again_out");
    told.says("the swap stands").says("mzflow promote second");
    open(&world);
    let expected = ["SELECT", "who buys", "mzflow: deployment second", "core", ""];
    assert_eq!(followed(&world), expected, "the rest is not kept waiting");
    world.mzflow(&["describe", "second"]).code(0).says("again_out");
    world.mzflow(&["promote", "second"]).code(0);
    all_followed(&world);
    world.mzflow(&["promote", "second"]).code(3).says("[swap.already-promoted]");
}
