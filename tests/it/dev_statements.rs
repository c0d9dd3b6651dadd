//! `mzflow dev`: how many statements a save costs, and by which way the new versions come to their names.

use crate::harness::World;
use crate::harness::told::Told;

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

/// A production of this and more, and a cluster for developers.
fn deployed(more: &str) -> World {
    let world = World::new();
    world.write(SHOP);
    world.write(more);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
    world
}

fn dev(world: &World) -> Told {
    world.forget();
    world.mzflow(&["dev", "dev", "--name", "alice", "--project", "shop"])
}

fn totals(of: &str) -> String {
    format!(
        "-- file: shop/models/shop/core/totals.sql\n\
         CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS SELECT {of} AS total FROM base.orders;\n\
         CREATE INDEX totals_by_total IN CLUSTER compute ON totals (total);\n"
    )
}

fn people(of: &str) -> String {
    format!("-- file: shop/models/shop/base/people.sql\nCREATE VIEW people AS SELECT {of} AS id;\n")
}

/// The DDL that was sent since it was last asked: renames and swaps count as well.
fn ddl(world: &World) -> Vec<String> {
    let verbs = ["CREATE", "ALTER", "DROP", "GRANT", "COMMENT"];
    let sent = world.statements().into_iter();
    let sent = sent.filter(|sql| verbs.iter().any(|verb| sql.starts_with(verb))).collect();
    world.forget();
    sent
}

/// Asserts that a save that has rebuilt so many objects and indexes has cost what it may.
#[track_caller]
fn within(world: &World, rebuilt: usize) {
    let sent = ddl(world);
    assert!(!sent.is_empty() && sent.len() <= 2 * rebuilt + 3, "{} for {rebuilt}: {sent:#?}", sent.len());
}

fn names(world: &World) -> Vec<String> {
    let all = world.rows(
        "SELECT s.name || '.' || o.name FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop__alice' AND o.type <> 'index' ORDER BY 1",
    );
    all.lines().map(str::to_owned).collect()
}

#[test]
fn one_view_is_replaced_by_one_statement() {
    let world = deployed("");
    world.write(&people("8"));
    dev(&world).code(0);
    within(&world, 1);
    world.write(&people("9"));
    dev(&world).code(0).says("shop.base.people").says("differs from the last build").says("1 rebuilt");
    assert_eq!(ddl(&world), ["CREATE OR REPLACE VIEW \"shop__alice\".\"base\".\"people\" AS SELECT 9 AS id"]);
    assert_eq!(world.rows("SELECT id FROM shop__alice.base.people"), "9");
    // One that fails leaves the last good one, and so does one whose answer is lost.
    world.write(&people("nothing"));
    dev(&world).code(1).says("people.sql:1:").says("the last good version stays");
    assert_eq!(world.rows("SELECT id FROM shop__alice.base.people"), "9");
    world.write(&people("10"));
    world.faults("lose 'CREATE OR REPLACE%'");
    dev(&world).code(1).says("[db.lost]");
    world.faults("");
    dev(&world).code(0);
    assert_eq!(world.rows("SELECT id FROM shop__alice.base.people"), "10");
    dev(&world).code(0).says("0 rebuilt, 1 unchanged");
    assert_eq!(ddl(&world), [""; 0]);
    // With an index it has to catch up first.
    world.write(&(people("11") + "CREATE INDEX by_id IN CLUSTER compute ON people (id);\n"));
    dev(&world).code(0);
    within(&world, 2);
    world.write(&(people("12") + "CREATE INDEX by_id IN CLUSTER compute ON people (id);\n"));
    dev(&world).code(0);
    within(&world, 2);
    assert_eq!(world.rows("SELECT id FROM shop__alice.base.people"), "12");
}

#[test]
fn what_is_rebuilt_together_is_swapped() {
    let world = deployed("");
    for number in 1..4 {
        world.write(&totals(&format!("sum(amount) + {number}")));
        dev(&world).code(0).says("2 rebuilt");
        within(&world, 3);
        let twice = (60 + 2 * number).to_string();
        assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), twice);
        assert_eq!(names(&world), ["core.doubled", "core.totals"]);
    }
    world.write(&totals("sum(amount) + 4"));
    dev(&world).code(0);
    // Three that are made, one swap, a view and a materialized view that go.
    assert_eq!(ddl(&world).len(), 6);
    let indexes = "SELECT i.name FROM mz_indexes i JOIN mz_objects o ON o.id = i.on_id JOIN mz_schemas s ON s.id = o.schema_id \
        JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop__alice'";
    assert_eq!(world.rows(indexes), "totals_by_total");
}

#[test]
fn many_readers_stay_within_the_limit() {
    let readers: String = (0..21)
        .map(|number| {
            format!(
                "-- file: shop/models/shop/core/r{number}.sql\nCREATE VIEW r{number} AS SELECT total + {number} AS a FROM core.totals;\n"
            )
        })
        .collect();
    let world = deployed(&readers);
    for number in 1..4 {
        world.write(&totals(&format!("sum(amount) + {number}")));
        dev(&world).code(0).says("23 rebuilt");
        within(&world, 24);
    }
    assert_eq!(world.rows("SELECT a FROM shop__alice.core.r20"), "53");
}

#[test]
fn a_chain_over_schemas_stays_within_the_limit() {
    let chain = "\
-- file: shop/models/shop/mart/best.sql
CREATE MATERIALIZED VIEW best IN CLUSTER compute AS SELECT twice FROM core.doubled;
-- file: shop/models/shop/serve/shown.sql
CREATE VIEW shown AS SELECT twice AS shown FROM mart.best;
";
    let world = deployed(chain);
    for number in 1..4 {
        world.write(&totals(&format!("sum(amount) + {number}")));
        dev(&world).code(0).says("4 rebuilt");
        within(&world, 5);
        let shown = (60 + 2 * number).to_string();
        assert_eq!(world.rows("SELECT shown FROM shop__alice.serve.shown"), shown);
    }
}

#[test]
fn what_somebody_else_has_put_into_a_schema_stays_where_it_is() {
    let world = deployed("");
    world.write(&totals("sum(amount) + 1"));
    dev(&world).code(0);
    world.sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
    for number in 2..4 {
        world.write(&totals(&format!("sum(amount) + {number}")));
        dev(&world).code(0).says("2 rebuilt");
        assert!(ddl(&world).iter().all(|sql| !sql.contains("SWAP")));
        assert_eq!(names(&world), ["core.doubled", "core.mine", "core.totals"]);
    }
    world.sql("DROP VIEW shop__alice.core.mine");
    world.write(&totals("sum(amount) + 4"));
    dev(&world).code(0);
    assert!(ddl(&world).iter().any(|sql| sql.contains("SWAP")));
    assert_eq!(names(&world), ["core.doubled", "core.totals"]);
}

/// A materialized view over another one.
const BEST: &str = "\
-- file: shop/models/shop/core/best.sql
CREATE MATERIALIZED VIEW best IN CLUSTER compute AS SELECT total AS most FROM core.totals;
";

#[test]
fn what_others_still_read_beside_a_schema_does_not_keep_it_from_being_swapped() {
    let world = deployed(BEST);
    let save = |number: u32| {
        world.write(&totals(&format!("sum(amount) + {number}")));
        let told = dev(&world).code(0).says("3 rebuilt");
        within(&world, 4);
        assert_eq!(world.rows("SELECT most FROM shop__alice.core.best"), (30 + number).to_string());
        told
    };
    save(1);
    // The versions that are replaced stay beside, with what they read.
    world.sql("CREATE VIEW materialize.public.peek AS SELECT * FROM shop__alice.core.best");
    save(2).says("something still reads it");
    world.write(&totals("sum(amount) + 3"));
    dev(&world).code(0).says("3 rebuilt");
    let sent = ddl(&world);
    assert!(sent.iter().any(|sql| sql.contains("SWAP WITH \"core__alice_2__mzf\"")), "{sent:#?}");
    save(4);
    assert_eq!(world.rows("SELECT most FROM materialize.public.peek"), "31");
    world.sql("DROP VIEW materialize.public.peek");
    save(5);
    assert_eq!(names(&world), ["core.best", "core.doubled", "core.totals"]);
    world.mzflow(&["dev", "--down", "--name", "alice", "--project", "shop"]).code(0).says("3 objects");
    assert_eq!(world.rows("SELECT count(*) FROM mz_databases WHERE name = 'shop__alice'"), "0");
}

/// Names that change places one by one: no statement moves an object out of a schema, and none drops what reads
/// another together with it.
#[test]
fn beside_something_of_others_each_object_costs_its_renames() {
    let world = deployed(BEST);
    world.write(&totals("sum(amount) + 1"));
    dev(&world).code(0).says("3 rebuilt");
    world.sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
    for number in 2..4 {
        world.write(&totals(&format!("sum(amount) + {number}")));
        dev(&world).code(0).says("3 rebuilt");
        let sent = ddl(&world);
        let count = |verb: &str| sent.iter().filter(|sql| sql.starts_with(verb)).count();
        // A view that nobody reads is replaced; two layers go.
        assert_eq!((count("CREATE"), count("ALTER"), count("DROP")), (4, 4, 2), "{sent:#?}");
        assert_eq!(world.rows("SELECT most FROM shop__alice.core.best"), (30 + number).to_string());
        assert_eq!(names(&world), ["core.best", "core.doubled", "core.mine", "core.totals"]);
    }
}

/// Nothing is tried that the new texts tell to be refused: not the renames, and not the swap of a schema in which
/// something reads what cannot be renamed.
#[test]
fn what_cannot_be_renamed_is_known_before_it_is_tried() {
    let trap = |number: u32| {
        format!(
            "-- file: shop/models/shop/core/total.sql\n\
             CREATE VIEW total AS SELECT total + {number} AS total FROM core.totals;\n\
             -- file: shop/models/shop/mart/most.sql\n\
             CREATE MATERIALIZED VIEW most IN CLUSTER compute AS SELECT total.total AS one FROM core.total;\n"
        )
    };
    let world = deployed("");
    world.write(&trap(1));
    dev(&world).code(0).says("2 rebuilt");
    world.sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
    for number in 2..5 {
        world.write(&trap(number));
        dev(&world).code(0).says("cannot be renamed").says("2 rebuilt");
        let sent = ddl(&world);
        assert!(sent.len() <= 7, "{} for 2: {sent:#?}", sent.len());
        assert!(sent.iter().all(|sql| !sql.starts_with("ALTER")), "{sent:#?}");
        assert_eq!(world.rows("SELECT one FROM shop__alice.mart.most"), (30 + number).to_string());
        assert_eq!(names(&world), ["core.mine", "core.total", "mart.most"]);
    }
    // As soon as its words are no longer in the way it is renamed.
    let free = |number: u32| {
        let text = trap(number).replace("total.total", "worth");
        text.replace("total + ", "sum(amount) + ")
            .replace("AS total FROM core.totals", "AS worth FROM base.orders")
    };
    world.write(&free(5));
    dev(&world).code(0).says("2 rebuilt");
    world.write(&free(6));
    dev(&world).code(0).never_says("cannot be renamed").says("2 rebuilt");
    within(&world, 2);
    assert_eq!(world.rows("SELECT one FROM shop__alice.mart.most"), "36");
}

#[test]
fn a_swap_that_others_words_forbid_is_not_tried_at_every_save() {
    let world = deployed("");
    let swaps = || ddl(&world).iter().filter(|sql| sql.contains("SWAP")).count();
    world.write(&totals("sum(amount) + 1"));
    dev(&world).code(0).says("2 rebuilt");
    // It names the schema in two parts, which the server does not write anew.
    world.sql(
        "CREATE VIEW materialize.public.peek AS SELECT core.doubled.twice FROM shop__alice.core.doubled",
    );
    for (number, tried) in [(2, 1), (3, 0), (4, 0)] {
        world.write(&totals(&format!("sum(amount) + {number}")));
        dev(&world).code(0).says("2 rebuilt");
        assert_eq!(swaps(), tried, "save {number}");
        assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), (60 + 2 * number).to_string());
    }
    assert_eq!(world.rows("SELECT twice FROM materialize.public.peek"), "62");
    // Once its words are gone it is tried again, and done.
    world.sql("DROP VIEW materialize.public.peek");
    world.write(&totals("sum(amount) + 5"));
    dev(&world).code(0).says("2 rebuilt");
    assert_eq!(swaps(), 1);
    assert_eq!(names(&world), ["core.doubled", "core.totals"]);
}

#[test]
fn one_that_fails_among_others_keeps_its_last_version_alone() {
    let other = "-- file: shop/models/shop/core/halved.sql\nCREATE VIEW halved AS SELECT total / 2 AS half FROM core.totals;\n";
    let world = deployed(other);
    world.write(&totals("sum(amount) + 1"));
    dev(&world).code(0).says("3 rebuilt");
    // The column has another name, which one of the two readers learns of.
    world.write(&totals("sum(amount) + 3").replace("AS total", "AS sum").replace("(total)", "(sum)"));
    world.write("-- file: shop/models/shop/core/halved.sql\nCREATE VIEW halved AS SELECT sum / 2 AS half FROM core.totals;\n");
    let told = dev(&world).code(1);
    told.says("shop.core.doubled failed").says("the last good version stays");
    assert_eq!(world.rows("SELECT sum FROM shop__alice.core.totals"), "33");
    assert_eq!(world.rows("SELECT half FROM shop__alice.core.halved"), "16");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "62", "the last good one");
    world.write("-- file: shop/models/shop/core/doubled.sql\nCREATE VIEW doubled AS SELECT sum * 2 AS twice FROM core.totals;\n");
    dev(&world).code(0).says("could not be built the last time");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "66");
    assert_eq!(names(&world), ["core.doubled", "core.halved", "core.totals"]);
}

#[test]
fn a_new_one_that_fails_among_others_is_not_swapped_along() {
    let world = deployed("");
    world.write(&totals("sum(amount) + 1"));
    dev(&world).code(0);
    world.write(&totals("sum(amount) + 2"));
    world.write("-- file: shop/models/shop/core/best.sql\nCREATE MATERIALIZED VIEW best IN CLUSTER compute AS SELECT total FROM core.totals;\n");
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'best'");
    let run =
        ["run", "dev_overlay", "--cluster", "dev", "--name", "alice", "--timeout", "1s", "--project", "shop"];
    world.mzflow(&run).code(1).says("shop.core.best failed").says("did not catch up within");
    assert_eq!(names(&world), ["core.doubled", "core.totals"]);
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "64");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    dev(&world).code(0).says("1 rebuilt, 2 unchanged");
    assert_eq!(names(&world), ["core.best", "core.doubled", "core.totals"]);
}

#[test]
fn a_swap_that_the_server_refuses_is_done_by_renames() {
    let world = deployed("");
    world.write(&totals("sum(amount) + 1"));
    dev(&world).code(0);
    world.write(&totals("sum(amount) + 2"));
    world.faults("error 'XX000' on 'ALTER SCHEMA%'");
    dev(&world).code(0).says("2 rebuilt");
    world.faults("");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "64");
    assert_eq!(names(&world), ["core.doubled", "core.totals"]);
    world.write(&totals("sum(amount) + 3"));
    dev(&world).code(0).says("2 rebuilt");
    assert_eq!(world.rows("SELECT twice FROM shop__alice.core.doubled"), "66");
}

#[test]
fn whoever_was_let_into_a_schema_stays_in() {
    let world = deployed("");
    world.write(&totals("sum(amount) + 1"));
    dev(&world).code(0);
    world.sql("CREATE ROLE colleague");
    world.sql("GRANT USAGE ON SCHEMA shop__alice.core TO colleague");
    for number in 2..5 {
        world.write(&totals(&format!("sum(amount) + {number}")));
        dev(&world).code(0);
        let may = "SELECT has_schema_privilege('colleague', 'shop__alice.core', 'USAGE')";
        assert_eq!(world.rows(may), "t", "{number}");
    }
}

#[test]
fn a_name_that_leaves_no_room_for_another_beside_it_is_shortened() {
    let long = "n".repeat(250);
    let file = |of: &str| {
        format!(
            "-- file: shop/models/shop/core/{long}.sql\n\
             CREATE MATERIALIZED VIEW {long} IN CLUSTER compute AS SELECT {of} AS total FROM base.orders;\n"
        )
    };
    let world = deployed(&file("sum(amount)"));
    let mut seen = Vec::new();
    for more in [1, 2, 3] {
        world.write(&file(&format!("sum(amount) + {more}")));
        dev(&world).code(0).says("1 rebuilt");
        seen.push(world.rows(&format!("SELECT total FROM shop__alice.core.{long}")));
        // Beside something that the overlay did not make, its schema is not swapped.
        let _ = world.try_sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
    }
    assert_eq!(seen, ["31", "32", "33"]);
    let sent = ddl(&world).into_iter().filter(|sql| sql.contains("RENAME TO")).count();
    assert_eq!(sent, 2, "what was built beside it takes its name");
}

#[test]
fn what_is_made_in_place_and_does_not_catch_up_is_no_last_good_version() {
    let world = deployed("");
    let total = |more: u32| {
        world.write(&format!(
            "-- file: shop/models/shop/core/total.sql\n\
             CREATE MATERIALIZED VIEW total IN CLUSTER compute AS SELECT total + {more} AS total FROM core.totals;\n\
             -- file: shop/models/shop/core/quarter.sql\n\
             CREATE VIEW quarter AS SELECT total.total / 4 AS part FROM core.total;\n"
        ));
    };
    total(2);
    dev(&world).code(0).says("2 rebuilt");
    // Beside something that the overlay did not make its schema is not swapped, and it cannot be renamed.
    world.sql("CREATE VIEW shop__alice.core.mine AS SELECT 1 AS x");
    // What proves it has another name, and catches up.
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'total'");
    total(6);
    let arguments =
        ["run", "dev_overlay", "--project", "shop", "--cluster", "dev", "--name", "alice", "--timeout", "1s"];
    let told = world.mzflow(&arguments).code(1);
    told.says("cannot be renamed").says("does not hydrate").never_says("the last good version stays");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    dev(&world).code(0).says("2 rebuilt").never_says("still reads");
    assert_eq!(world.rows("SELECT part FROM shop__alice.core.quarter"), "9");
    let left = "SELECT count(*) FROM mz_relations r JOIN mz_schemas s ON s.id = r.schema_id \
        JOIN mz_databases d ON d.id = s.database_id WHERE d.name = 'shop__alice'";
    assert_eq!(world.rows(left), "3");
}
