//! What a deployer lacks is told before anything happens, with the statement that gives it.

use crate::harness::World;
use crate::harness::shop::stocked;
use crate::harness::told::Told;
use crate::roles::mzflow;
use crate::roles::prepared;
use crate::roles::state;

/// What goes out to Kafka, from a schema and a cluster of the sink's own.
const OUTBOUND: &str = "\
-- file: shop/clusters/outbound.sql
CREATE CLUSTER outbound (SIZE = '25cc');
-- file: shop/models/shop/outbound/totals_out.sql
CREATE SINK totals_out IN CLUSTER outbound FROM core.totals INTO KAFKA CONNECTION infra.broker (TOPIC 'totals') FORMAT JSON ENVELOPE DEBEZIUM;
";

const BROKER: &str = "\
-- file: shop/models/shop/infra/broker.sql
CREATE CONNECTION broker TO KAFKA (BROKER 'kafka.example.com:9092', SECURITY PROTOCOL = 'PLAINTEXT') WITH (VALIDATE = false);
";

const STAGE: &[&str] = &["stage", "--project", "shop", "--id", "second"];

/// A world whose first version Ann has deployed.
fn deployed(files: &str) -> World {
    let world = prepared();
    world.write(files);
    mzflow(&world, "ann", &["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world
}

/// Refused before anything happened.
#[track_caller]
fn refused(world: &World, command: &[&str], code: &str) -> Told {
    let before = state(world);
    let told = mzflow(world, "ann", command).code(3).says(code).says("nothing was changed");
    assert_eq!(state(world), before, "{command:?}");
    told
}

/// Says so for everything in one statement.
fn boss(world: &World, statements: &[&str]) {
    for statement in statements {
        world.sql_as("boss", statement);
    }
}

#[test]
fn grants_and_comments_on_what_is_not_rebuilt_are_its_owners() {
    let world = deployed(&stocked());
    boss(&world, &["CREATE ROLE team", "ALTER MATERIALIZED VIEW shop.core.totals OWNER TO team"]);
    let said = "GRANT SELECT ON totals TO mon;\nCOMMENT ON MATERIALIZED VIEW totals IS 'what sells';";
    world.write(&stocked().replace("10 AS total;", &format!("10 AS total;\n{said}")));
    let line = "materialized view shop.core.totals belongs to team: \
                ALTER MATERIALIZED VIEW \"shop\".\"core\".\"totals\" OWNER TO \"ann\"";
    refused(&world, STAGE, "[stage.missing-privilege]").says(line);
    let run = ["run", "blue_green", "--project", "shop", "--id", "second"];
    refused(&world, &run, "[stage.missing-privilege]").says(line);
    mzflow(&world, "ann", &["diff", "--project", "shop"])
        .code(0)
        .says("cannot be staged: ann may not")
        .says(line);
    // Whoever belongs to the owner may, if they are let into the schema.
    boss(&world, &["GRANT team TO ann", "REVOKE USAGE ON SCHEMA shop.core FROM ann"]);
    let told = refused(&world, STAGE, "[stage.missing-privilege]");
    told.says("no USAGE on schema shop.core: GRANT USAGE ON SCHEMA \"shop\".\"core\" TO \"ann\"");
    boss(&world, &["GRANT USAGE ON SCHEMA shop.core TO ann"]);
    mzflow(&world, "ann", &run).code(0).never_says("warning");
    assert_eq!(world.sql_as("boss", "SELECT has_table_privilege('mon', 'shop.core.totals', 'SELECT')"), "t");
}

#[test]
fn a_new_sink_needs_its_cluster_and_its_connection() {
    let world = deployed(&format!("{}{BROKER}", stocked()));
    world.write(OUTBOUND);
    boss(
        &world,
        &[
            "CREATE CLUSTER outbound (SIZE = '25cc')",
            "ALTER SCHEMA shop.infra OWNER TO boss",
            "ALTER CONNECTION shop.infra.broker OWNER TO boss",
        ],
    );
    mzflow(&world, "ann", &["apply", "--project", "shop"]).code(0);
    let told = refused(&world, STAGE, "[stage.missing-privilege]");
    told.says("no CREATE on cluster outbound: GRANT CREATE ON CLUSTER \"outbound\" TO \"ann\"")
        .says("no USAGE on schema shop.infra: GRANT USAGE ON SCHEMA \"shop\".\"infra\" TO \"ann\"")
        .says("no USAGE on connection shop.infra.broker: GRANT USAGE ON CONNECTION \"shop\".\"infra\".\"broker\" TO \"ann\"")
        .never_says("SELECT");
    boss(
        &world,
        &[
            "GRANT CREATE ON CLUSTER outbound TO ann",
            "GRANT USAGE ON SCHEMA shop.infra TO ann",
            "GRANT USAGE ON CONNECTION shop.infra.broker TO ann",
        ],
    );
    mzflow(&world, "ann", &["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    // One that is made anew needs the same, and what it reads belongs to somebody else by now.
    boss(
        &world,
        &[
            "REVOKE USAGE ON CONNECTION shop.infra.broker FROM ann",
            "ALTER MATERIALIZED VIEW shop.core.totals OWNER TO boss",
        ],
    );
    world.write(&OUTBOUND.replace("TOPIC 'totals'", "TOPIC 'sums'"));
    let recreate = ["apply", "--project", "shop", "--recreate-sinks"];
    let told = refused(&world, &recreate, "[apply.missing-privilege]");
    told.says("no USAGE on connection shop.infra.broker")
        .says("no SELECT on materialized view shop.core.totals: GRANT SELECT ON TABLE \"shop\".\"core\".\"totals\" TO \"ann\"");
    boss(
        &world,
        &["GRANT USAGE ON CONNECTION shop.infra.broker TO ann", "GRANT SELECT ON shop.core.totals TO ann"],
    );
    mzflow(&world, "ann", &recreate).code(0);
}

#[test]
fn what_is_made_of_secrets_and_types_of_others_needs_usage() {
    let world = prepared();
    world.write(
        "-- file: shop/models/shop/vault/word.sql\n\
         CREATE SECRET word AS 'not-to-be-told';\n\
         -- file: shop/models/shop/vault/numbers.sql\n\
         CREATE TYPE numbers AS LIST (ELEMENT TYPE = int4);\n",
    );
    world.secret("not-to-be-told");
    mzflow(&world, "ann", &["apply", "--project", "shop"]).code(0);
    boss(
        &world,
        &[
            "ALTER SCHEMA shop.vault OWNER TO boss",
            "ALTER SECRET shop.vault.word OWNER TO boss",
            "ALTER TYPE shop.vault.numbers OWNER TO boss",
            "REVOKE USAGE ON TYPE shop.vault.numbers FROM PUBLIC",
        ],
    );
    world.write(
        "-- file: shop/models/shop/infra/pg.sql\n\
         CREATE CONNECTION pg TO POSTGRES (HOST 'pg.example.com', DATABASE 'd', USER 'u', PASSWORD SECRET vault.word) WITH (VALIDATE = false);\n\
         -- file: shop/models/shop/raw/listed.sql\n\
         CREATE TABLE listed (n vault.numbers);\n",
    );
    let apply = ["apply", "--project", "shop"];
    let told = refused(&world, &apply, "[apply.missing-privilege]");
    told.says("no USAGE on schema shop.vault: GRANT USAGE ON SCHEMA \"shop\".\"vault\" TO \"ann\"")
        .says("no USAGE on secret shop.vault.word: GRANT USAGE ON SECRET \"shop\".\"vault\".\"word\" TO \"ann\"")
        .says("no USAGE on type shop.vault.numbers: GRANT USAGE ON TYPE \"shop\".\"vault\".\"numbers\" TO \"ann\"");
    boss(
        &world,
        &[
            "GRANT USAGE ON SCHEMA shop.vault TO ann",
            "GRANT USAGE ON SECRET shop.vault.word TO ann",
            "GRANT USAGE ON TYPE shop.vault.numbers TO ann",
        ],
    );
    // Whoever does not own a secret cannot give it its value anew.
    let told = refused(&world, &apply, "[apply.missing-privilege]").never_says("USAGE");
    told.says(
        "secret shop.vault.word belongs to boss: ALTER SECRET \"shop\".\"vault\".\"word\" OWNER TO \"ann\"",
    );
    mzflow(&world, "ann", &["apply", "--project", "shop", "--skip-secrets"]).code(0);
}

#[test]
fn a_sink_that_is_to_be_cut_over_needs_its_cluster_and_what_it_reads() {
    let world = deployed(&format!("{}{BROKER}{OUTBOUND}", stocked()));
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    mzflow(&world, "ann", STAGE).code(0);
    boss(
        &world,
        &[
            "ALTER CLUSTER outbound OWNER TO boss",
            "REVOKE SELECT ON shop.core.totals FROM ann",
            "REVOKE SELECT ON shop.core__second__mzf.totals FROM ann",
        ],
    );
    let promote = ["promote", "second", "--keep", "1h"];
    let before = state(&world);
    let told = mzflow(&world, "ann", &promote).code(3).says("[swap.missing-privilege]");
    told.says("sink shop.outbound.totals_out: no CREATE on cluster outbound: GRANT CREATE ON CLUSTER \"outbound\" TO \"ann\"")
        .says("GRANT SELECT ON TABLE \"shop\".\"core__second__mzf\".\"totals\" TO \"ann\"")
        .says("nothing was changed");
    let things = |state: &str| state.lines().filter(|line| !line.starts_with("journal")).count();
    assert_eq!(things(&state(&world)), things(&before));
    boss(
        &world,
        &["GRANT CREATE ON CLUSTER outbound TO ann", "GRANT SELECT ON shop.core__second__mzf.totals TO ann"],
    );
    mzflow(&world, "ann", &promote).code(0).says("totals_out");
    assert_eq!(world.sql_as("boss", "SELECT total FROM shop.core.totals"), "20");
}

#[test]
fn schemas_are_renamed_and_dropped_with_privileges_on_their_database() {
    let world = deployed(&stocked());
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    mzflow(&world, "ann", STAGE).code(0);
    boss(&world, &["ALTER DATABASE shop OWNER TO boss"]);
    let create = "no CREATE on database shop: GRANT CREATE ON DATABASE \"shop\" TO \"ann\"";
    let usage = "no USAGE on database shop: GRANT USAGE ON DATABASE \"shop\" TO \"ann\"";
    let told = mzflow(&world, "ann", &["promote", "second"]).code(3).says("[swap.missing-privilege]");
    told.says(create).says("nothing was changed");
    let told = mzflow(&world, "ann", &["abort", "second"]).code(3).says("[drop.missing-privilege]");
    told.says(create).says(usage).says("nothing was dropped");
    boss(&world, &["GRANT CREATE ON DATABASE shop TO ann"]);
    mzflow(&world, "ann", &["promote", "second", "--keep", "1h"]).code(0);
    assert_eq!(world.sql_as("ann", "SELECT total FROM shop.core.totals"), "20");
    mzflow(&world, "ann", &["rollback", "second"]).code(0);
    let before = world.sql_as("boss", "SELECT name FROM mz_schemas WHERE id LIKE 'u%' ORDER BY 1");
    mzflow(&world, "ann", &["abort", "second"]).code(3).says("[drop.missing-privilege]").says(usage);
    // Not even claimed.
    assert_eq!(world.sql_as("boss", "SELECT name FROM mz_schemas WHERE id LIKE 'u%' ORDER BY 1"), before);
    boss(&world, &["GRANT USAGE ON DATABASE shop TO ann"]);
    mzflow(&world, "ann", &["abort", "second"]).code(0);
}

#[test]
fn what_its_owner_may_not_read_is_not_built() {
    let world = deployed(&stocked());
    boss(
        &world,
        &[
            "CREATE DATABASE other",
            "CREATE SCHEMA other.raw",
            "CREATE TABLE other.raw.orders (id int)",
            "ALTER TABLE shop.raw.items OWNER TO boss",
        ],
    );
    world.write(
        "-- file: shop/models/shop/core/joined.sql\n\
         CREATE VIEW joined AS SELECT i.id FROM raw.items AS i JOIN other.raw.orders AS o ON o.id = i.id;\n",
    );
    let told = refused(&world, STAGE, "[stage.missing-privilege]");
    told.says(
        "no SELECT on table shop.raw.items, which nobody could read shop.core.joined without: \
         GRANT SELECT ON TABLE \"shop\".\"raw\".\"items\" TO \"ann\"",
    )
    .says("no SELECT on table other.raw.orders, which nobody could read shop.core.joined without")
    .says("GRANT USAGE ON SCHEMA \"other\".\"raw\" TO \"ann\"");
    boss(
        &world,
        &[
            "GRANT SELECT ON shop.raw.items TO materialize_deployer",
            "GRANT SELECT ON other.raw.orders TO ann",
            "GRANT USAGE ON SCHEMA other.raw TO ann",
        ],
    );
    mzflow(&world, "ann", &["run", "blue_green", "--project", "shop", "--id", "second"]).code(0);
    assert_eq!(world.sql_as("ann", "SELECT count(*) FROM shop.core.joined"), "0");
}

#[test]
fn a_deployer_needs_no_more_than_its_role_but_for_setting_roles() {
    let world = deployed(&stocked());
    for (isolation, total) in [("schema", "20"), ("object", "30")] {
        world.write(&stocked().replace("10 AS total", &format!("{total} AS total")));
        let run = ["run", "blue_green", "--project", "shop", "--id", isolation, "--isolation", isolation];
        mzflow(&world, "ann", &run).code(0);
        assert_eq!(world.sql_as("ann", "SELECT total FROM shop.core.totals"), total);
    }
    boss(
        &world,
        &[
            "CREATE ROLE reader LOGIN",
            "ALTER ROLE reader SET search_path = core",
            "ALTER ROLE reader SET database = shop",
            "ALTER ROLE reader SET cluster = compute",
        ],
    );
    for grant in [
        "GRANT USAGE ON DATABASE shop TO reader",
        "GRANT USAGE ON SCHEMA shop.core TO reader",
        "GRANT SELECT ON shop.core.totals TO reader",
        "GRANT USAGE ON CLUSTER compute TO reader",
    ] {
        world.sql_as("ann", grant);
    }
    world.write(&stocked().replace("10 AS total", "40 AS total"));
    let canary = ["run", "canary", "--project", "shop", "--id", "fourth", "--allow", "true"];
    let canary = [&canary[..], &["--role", "reader", "--interval", "20ms", "--count", "2"]].concat();
    let told = mzflow(&world, "ann", &canary).code(3).says("[shift.needs-createrole]");
    told.says("no CREATEROLE on the system: GRANT CREATEROLE ON SYSTEM TO \"ann\"")
        .says("let somebody shift who has CREATEROLE")
        .never_says("grant it in production");
    boss(&world, &["GRANT CREATEROLE ON SYSTEM TO ann"]);
    mzflow(&world, "ann", &canary).code(0).says("fourth is production");
    assert_eq!(world.sql_as("ann", "SELECT total FROM shop.core.totals"), "40");
}

#[test]
fn deleting_is_asked_for_before_anything() {
    let world = deployed(&stocked());
    world.write("-- file: shop/clusters/spare.sql\nCREATE CLUSTER spare (SIZE = '25cc');\n");
    world.write("-- file: shop/roles/reader.sql\nCREATE ROLE reader;\n");
    mzflow(&world, "boss", &["apply", "--project", "shop"]).code(0);
    boss(&world, &["ALTER TABLE shop.raw.items OWNER TO boss"]);
    for (kind, name, line) in [
        ("cluster", "spare", "cluster spare belongs to boss: ALTER CLUSTER \"spare\" OWNER TO \"ann\""),
        (
            "table",
            "items",
            "table shop.raw.items belongs to boss: ALTER TABLE \"shop\".\"raw\".\"items\" OWNER TO \"ann\"",
        ),
        ("role", "reader", "no CREATEROLE on the system: GRANT CREATEROLE ON SYSTEM TO \"ann\""),
    ] {
        let before = state(&world);
        let delete = ["delete", kind, name, "--yes", "--project", "shop"];
        let told = mzflow(&world, "ann", &delete).code(3).says("[delete.missing-privilege]").says(line);
        told.says("nothing was dropped, and its file stays");
        assert_eq!(state(&world), before, "{kind} {name}");
    }
    boss(&world, &["ALTER TABLE shop.raw.items OWNER TO ann", "REVOKE USAGE ON SCHEMA shop.raw FROM ann"]);
    let delete = ["delete", "table", "items", "--yes", "--project", "shop"];
    mzflow(&world, "ann", &delete).code(3).says("no USAGE on schema shop.raw");
    boss(&world, &["GRANT USAGE ON SCHEMA shop.raw TO ann"]);
    mzflow(&world, "ann", &delete).code(0);
}

#[test]
fn putting_roles_back_is_asked_for_before_anything() {
    let world = deployed(&stocked());
    boss(
        &world,
        &[
            "CREATE ROLE reader LOGIN",
            "ALTER ROLE reader SET search_path = core",
            "ALTER ROLE reader SET database = shop",
            "ALTER ROLE reader SET cluster = compute",
            "GRANT USAGE ON DATABASE shop TO reader",
            "GRANT USAGE ON SCHEMA shop.core TO reader",
            "GRANT SELECT ON shop.core.totals TO reader",
            "GRANT USAGE ON CLUSTER compute TO reader",
            "GRANT CREATEROLE ON SYSTEM TO ann",
        ],
    );
    world.write(&stocked().replace("10 AS total", "20 AS total"));
    mzflow(&world, "ann", STAGE).code(0);
    world.write(
        "-- file: shop/recipes/few.lua
return mz.recipe {
  api = 1, name = 'few', summary = 'Few.',
  run = function(ctx)
    mz.shift { deployment = 'second', roles = { 'reader' } }
    return ctx.done('few')
  end,
}
",
    );
    mzflow(&world, "ann", &["run", "few", "--project", "shop"]).code(0);
    boss(&world, &["REVOKE CREATEROLE ON SYSTEM FROM ann"]);
    for command in [&["unshift", "second"][..], &["promote", "second"], &["abort", "second"]] {
        let told = refused(&world, command, "[unshift.needs-createrole]");
        told.says("ann may not put back the roles that read second").says("mzflow unshift second");
    }
    mzflow(&world, "boss", &["unshift", "second"]).code(0);
    mzflow(&world, "ann", &["promote", "second"]).code(0);
}

#[test]
fn whoever_promotes_may_do_what_it_does_in_place() {
    let world = deployed(&stocked());
    world.write(&stocked().replace("10 AS total;", "10 AS total;\nGRANT SELECT ON totals TO mon;"));
    mzflow(&world, "ann", STAGE).code(0);
    let before = state(&world);
    let told = mzflow(&world, "bob", &["promote", "second"]).code(3).says("[swap.missing-privilege]");
    told.says("bob may not say of what stays what second says of it")
        .says("materialized view shop.core.totals belongs to ann")
        .says("nothing was changed");
    assert_eq!(state(&world), before);
    boss(&world, &["GRANT ann TO bob"]);
    mzflow(&world, "bob", &["promote", "second"]).code(0).never_says("warning");
    assert_eq!(world.sql_as("boss", "SELECT has_table_privilege('mon', 'shop.core.totals', 'SELECT')"), "t");
}
