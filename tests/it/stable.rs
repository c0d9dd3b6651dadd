//! Schemas with a stable API: what changes in one is replaced in place, and nobody who reads it notices more
//! than other rows.

use crate::harness::World;

/// Two schemas of a shop's own, and an API that others read.
const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/clusters/serving.sql
CREATE CLUSTER serving (SIZE = '25cc');
-- file: shop/models/shop/raw/sales.sql
CREATE TABLE sales (id int NOT NULL, amount int);
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT id, amount FROM raw.sales;
-- file: shop/models/shop/api.sql
SET api = stable;
-- file: shop/models/shop/api/totals.sql
CREATE MATERIALIZED VIEW totals IN CLUSTER serving AS
SELECT id, sum(amount) AS total FROM core.orders GROUP BY id;
CREATE INDEX totals_by_id IN CLUSTER serving ON totals (id);
GRANT SELECT ON totals TO reader;
COMMENT ON MATERIALIZED VIEW totals IS 'Every total';
COMMENT ON COLUMN totals.id IS 'Whose';
-- file: shop/models/shop/api/counts.sql
CREATE MATERIALIZED VIEW counts IN CLUSTER compute AS SELECT count(*) AS n FROM core.orders;
-- file: shop/models/shop/report/best.sql
CREATE VIEW best AS SELECT max(total) AS most FROM api.totals;
";

const RUN: [&str; 5] = ["run", "blue_green", "--project", "shop", "--id"];

/// The same, with another total.
fn doubled() -> String {
    SHOP.replace("sum(amount) AS total", "sum(amount * 2) AS total")
}

/// The API stands, and a view of others reads it.
fn deployed() -> World {
    let world = World::new();
    world.sql("CREATE ROLE reader");
    world.write(SHOP);
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.sql("INSERT INTO shop.raw.sales VALUES (1, 10), (2, 20)");
    world.mzflow(&[&RUN[..], &["first"]].concat()).code(0);
    world.sql("CREATE SCHEMA shop.others");
    world.sql("CREATE VIEW shop.others.consumer AS SELECT sum(total) AS s FROM shop.api.totals");
    world.sql("COMMENT ON COLUMN shop.api.totals.total IS 'by hand'");
    world
}

fn id(world: &World, schema: &str, name: &str) -> String {
    world.rows(&format!(
        "SELECT o.id FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id \
         WHERE s.name = '{schema}' AND o.name = '{name}'"
    ))
}

fn consumed(world: &World) -> String {
    world.rows("SELECT s FROM shop.others.consumer")
}

/// Everything that bears a name which is not production's.
fn left(world: &World) -> String {
    world.rows(
        "SELECT name FROM mz_schemas WHERE name LIKE '%\\_\\_mz_' UNION ALL \
         SELECT name FROM mz_clusters WHERE name LIKE '%\\_\\_mz_' UNION ALL \
         SELECT name FROM mz_objects WHERE name LIKE '%\\_\\_mz_'",
    )
}

#[test]
fn a_change_is_replaced_in_place_and_readers_stay() {
    let world = deployed();
    let [consumer, best] = [id(&world, "others", "consumer"), id(&world, "report", "best")];
    let before = id(&world, "api", "totals");
    world.write(&doubled());
    for isolation in ["schema", "cluster"] {
        let told = world.mzflow(&["diff", "--project", "shop", "--isolation", isolation]).code(0);
        told.says("api.totals").never_says("report.best").never_says("others.consumer");
    }
    let told = world.mzflow(&[&RUN[..], &["second", "--isolation", "schema"]].concat()).code(0);
    told.says("shop.api.totals in place");
    assert_eq!(consumed(&world), "60");
    assert_ne!(id(&world, "api", "totals"), before, "the server gives it the replacement's id");
    assert_eq!([id(&world, "others", "consumer"), id(&world, "report", "best")], [consumer, best]);
    assert_eq!(left(&world), "");
    // Nobody else changed it: the ids that were recorded are the new ones.
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn what_was_commented_while_it_waited_is_given_back_as_it_was_then() {
    let world = deployed();
    world.write(&doubled());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.sql("COMMENT ON COLUMN shop.api.totals.total IS 'since then'");
    world.sql("COMMENT ON MATERIALIZED VIEW shop.api.totals IS 'not this, files win'");
    world.faults("hold after 'ALTER MATERIALIZED VIEW%APPLY REPLACEMENT%' by 'mzflow/%'");
    let running = world.start(&["promote", "second"]);
    world.until("it has taken over", || world.held() > 0);
    running.kill();
    drop(running.end(&world));
    world.faults("");
    world.mzflow(&["promote", "second"]).code(0);
    let comments = "SELECT c.comment FROM mz_internal.mz_comments c JOIN mz_objects o ON o.id = c.id \
                    WHERE o.name = 'totals' AND c.comment NOT LIKE 'mzflow: %' ORDER BY 1";
    assert_eq!(world.rows(comments), "Every total\nWhose\nsince then");
}

#[test]
fn grants_stay_comments_are_given_back_and_indexes_are_there_once() {
    let world = deployed();
    world.write(&doubled().replace("'Every total'", "'Every total, doubled'"));
    world.mzflow(&[&RUN[..], &["second"]].concat()).code(0);
    let comments = "SELECT c.comment FROM mz_internal.mz_comments c JOIN mz_objects o ON o.id = c.id \
                    AND c.object_type = o.type WHERE o.name = 'totals' ORDER BY 1";
    assert_eq!(world.rows(comments), "Every total, doubled\nWhose\nby hand");
    let grants = "SELECT g.name, p.privilege_type FROM (SELECT id, mz_internal.mz_aclexplode(privileges).* \
                  FROM mz_materialized_views WHERE name = 'totals') AS p(id, grantor, grantee, privilege_type, \
                  is_grantable) JOIN mz_roles g ON g.id = p.grantee ORDER BY 1";
    assert_eq!(world.rows(grants), "materialize SELECT\nreader SELECT");
    let indexes = "SELECT i.name, c.name FROM mz_indexes i JOIN mz_clusters c ON c.id = i.cluster_id \
                   JOIN mz_objects o ON o.id = i.on_id WHERE o.name = 'totals'";
    assert_eq!(world.rows(indexes), "totals_by_id serving");
    let on = "SELECT c.name FROM mz_materialized_views v JOIN mz_clusters c ON c.id = v.cluster_id \
              WHERE v.name = 'totals'";
    assert_eq!(world.rows(on), "serving", "its cluster bears the production name");
    assert_eq!((left(&world).as_str(), consumed(&world).as_str()), ("", "60"));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    // An index that the files no longer have goes, and another one comes, with the next change.
    let other = SHOP.replace(
        "totals_by_id IN CLUSTER serving ON totals (id)",
        "by_total IN CLUSTER compute ON totals (total)",
    );
    world.write(&other);
    world.mzflow(&[&RUN[..], &["third", "--isolation", "schema"]].concat()).code(0);
    assert_eq!(world.rows(indexes), "by_total compute");
    assert_eq!((left(&world).as_str(), consumed(&world).as_str()), ("", "30"));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn other_indexes_alone_are_built_beside_and_nothing_is_replaced() {
    let world = deployed();
    let before = id(&world, "api", "totals");
    let indexes = "SELECT i.name, k.on_position, c.name FROM mz_indexes i JOIN mz_clusters c ON c.id = i.cluster_id \
                   JOIN mz_index_columns k ON k.index_id = i.id JOIN mz_objects o ON o.id = i.on_id \
                   WHERE o.name = 'totals' ORDER BY 1";
    assert_eq!(world.rows(indexes), "totals_by_id 1 serving");
    // The same name with another key, and one more.
    let other = SHOP.replace(
        "totals_by_id IN CLUSTER serving ON totals (id);",
        "totals_by_id IN CLUSTER serving ON totals (total);\nCREATE INDEX by_id IN CLUSTER compute ON totals (id);",
    );
    world.write(&other);
    let told = world.mzflow(&["diff", "--project", "shop", "--isolation", "schema"]).code(0);
    told.says("1 reindexed").says("its indexes alone, built beside it").never_says("replaced in place");
    let run = [&RUN[..], &["second", "--isolation", "schema", "--keep", "1h"]].concat();
    world.mzflow(&run).code(0).never_says("in place");
    assert_eq!(
        world.rows(indexes),
        "by_id 1 compute\ntotals_by_id 2 serving\ntotals_by_id__second__mzf 1 serving"
    );
    assert_eq!((id(&world, "api", "totals"), consumed(&world)), (before.clone(), "30".to_owned()));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    // There is a way back, since nothing was replaced.
    world.mzflow(&["rollback", "second"]).code(0);
    assert_eq!(
        world.rows(indexes),
        "by_id__second__mzf 1 compute\ntotals_by_id 1 serving\ntotals_by_id__second__mzf 2 serving"
    );
    world.mzflow(&["promote", "second"]).code(0);
    // One that the files no longer have goes.
    world.write(SHOP);
    let run = [&RUN[..], &["third", "--isolation", "schema"]].concat();
    world.mzflow(&run).code(0);
    world.mzflow(&["gc", "--kept", "--yes"]).code(0);
    assert_eq!(world.rows(indexes), "totals_by_id 1 serving");
    assert_eq!((id(&world, "api", "totals"), left(&world)), (before.clone(), String::new()));
    // Where nothing is to hydrate on production's clusters, it is replaced with them.
    world.write(&other);
    world.mzflow(&[&RUN[..], &["fourth"]].concat()).code(0).says("shop.api.totals in place");
    assert_eq!(world.rows(indexes), "by_id 1 compute\ntotals_by_id 2 serving");
    assert_ne!(id(&world, "api", "totals"), before);
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn what_is_below_the_api_can_be_rebuilt_and_its_readers_stay() {
    let world = deployed();
    let consumer = id(&world, "others", "consumer");
    world.write(
        &SHOP.replace("SELECT id, amount FROM raw.sales", "SELECT id, amount + 1 AS amount FROM raw.sales"),
    );
    world.mzflow(&[&RUN[..], &["second"]].concat()).code(0);
    assert_eq!((consumed(&world).as_str(), left(&world).as_str()), ("32", ""));
    assert_eq!(id(&world, "others", "consumer"), consumer);
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn another_shape_is_told_when_staging_with_the_way_out() {
    let world = deployed();
    world
        .write(&SHOP.replace("SELECT id, sum(amount) AS total", "SELECT id, sum(amount) AS total, 1 AS one"));
    let told =
        world.mzflow(&["stage", "--project", "shop", "--id", "second", "--isolation", "schema"]).code(1);
    let told = told.says("[stage.shape-differs]").says("models/shop/api/totals.sql");
    let told = told.says("extra column \"one\" at position 3").says("SET api = stable");
    told.says("production is untouched");
    assert_eq!(consumed(&world), "30");
    // Made like the one it replaces, it goes on.
    world.write(&doubled());
    world.mzflow(&["stage", "--project", "shop", "--id", "second", "--isolation", "schema"]).code(0);
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((consumed(&world).as_str(), left(&world).as_str()), ("60", ""));
    // Without the directive the schema is swapped, and its readers with it.
    let free = SHOP
        .replace("SET api = stable;", "")
        .replace("sum(amount) AS total", "sum(amount) AS total, 1 AS one");
    world.write(&free);
    world.sql("DROP VIEW shop.others.consumer");
    let best = id(&world, "report", "best");
    world.mzflow(&[&RUN[..], &["third"]].concat()).code(0);
    assert_ne!(id(&world, "report", "best"), best);
}

#[test]
fn readiness_covers_what_replaces() {
    let world = deployed();
    world.write(&doubled());
    world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'shop.api%mzf.totals'");
    world.mzflow(&["stage", "--project", "shop", "--id", "second", "--isolation", "schema"]).code(0);
    let told = world.mzflow(&["promote", "second"]).code(3);
    told.says("[swap.not-ready]").says("shop.api.totals is hydrating");
    world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    world.mzflow(&["wait", "second"]).code(0);
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(consumed(&world), "60");
}

#[test]
fn what_is_new_comes_and_what_goes_is_gone_unless_others_read_it() {
    let world = deployed();
    let fresh = "-- file: shop/models/shop/api/fresh.sql\n\
        CREATE MATERIALIZED VIEW fresh IN CLUSTER compute AS SELECT id FROM core.orders;\n\
        CREATE INDEX fresh_by_id IN CLUSTER compute ON fresh (id);\n\
        COMMENT ON MATERIALIZED VIEW fresh IS 'New';\n\
        -- file: shop/models/shop/report/newest.sql\n\
        CREATE VIEW newest AS SELECT max(fresh.id) AS id FROM api.fresh;\n";
    world.write(fresh);
    let staged = ["stage", "--project", "shop", "--id", "second", "--isolation", "schema"];
    world.mzflow(&staged).code(0);
    assert_eq!(id(&world, "api", "fresh"), "", "nobody reads it before it is promoted");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(world.rows("SELECT id FROM shop.report.newest"), "2");
    assert_eq!(world.rows("SELECT count(*) FROM shop.api.fresh"), "2");
    assert_ne!(id(&world, "api", "fresh_by_id"), "");
    assert_eq!(left(&world), "");
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
    // What nobody reads goes; the other stays, and is told.
    let folder = world.folder().join("shop/models/shop");
    for file in ["api/fresh.sql", "report/newest.sql", "api/totals.sql", "report/best.sql"] {
        std::fs::remove_file(folder.join(file)).expect("it was written");
    }
    let told = world.mzflow(&["diff", "--project", "shop"]).code(0);
    told.says("shop.api.totals").says("shop.others.consumer");
    world.mzflow(&[&RUN[..], &["third", "--isolation", "schema", "--yes"]].concat()).code(0);
    assert_eq!((id(&world, "api", "fresh"), consumed(&world)), (String::new(), "30".to_owned()));
    assert_eq!(left(&world), "");
}

#[test]
fn a_new_one_whose_name_stands_in_its_text_is_refused_before_anything() {
    let world = deployed();
    world.write("-- file: shop/models/shop/api/orders.sql\nCREATE MATERIALIZED VIEW orders IN CLUSTER compute AS SELECT id FROM core.orders;\n");
    let told = world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(3);
    told.says("[stage.rename-trap]")
        .says("shop.api.orders cannot be renamed")
        .says("`orders`")
        .says("nothing was changed");
    assert_eq!(left(&world), "");
}

#[test]
fn two_that_want_to_replace_the_same_are_told_apart() {
    let world = deployed();
    world.write(&doubled());
    world.mzflow(&["stage", "--project", "shop", "--id", "second", "--isolation", "schema"]).code(0);
    world.write(&SHOP.replace("sum(amount) AS total", "sum(amount * 3) AS total"));
    let told =
        world.mzflow(&["stage", "--project", "shop", "--id", "third", "--isolation", "schema"]).code(3);
    told.says("[stage.replacement-taken]").says("shop.api__second__mzf.totals").says("nothing was changed");
    assert!(left(&world).contains("api__second__mzf"), "{}", left(&world));
    world.mzflow(&["abort", "second"]).code(0);
    assert_eq!((left(&world).as_str(), consumed(&world).as_str()), ("", "30"));
    world.mzflow(&["stage", "--project", "shop", "--id", "third", "--isolation", "schema"]).code(0);
    world.mzflow(&["promote", "third"]).code(0);
    assert_eq!((left(&world).as_str(), consumed(&world).as_str()), ("", "90"));
}

#[test]
fn what_could_not_be_replaced_is_told_and_done_by_the_same_command() {
    let world = deployed();
    world.write(&doubled());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults("error 'XX000' on '%APPLY REPLACEMENT%'");
    let told = world.mzflow(&["promote", "second"]).code(1);
    told.says("[swap.replacement-pending]").says("shop.api.totals").says("mzflow promote second");
    assert_eq!(consumed(&world), "30", "it serves what it did before");
    world.mzflow(&["describe", "second"]).code(0).says("shop.api.totals");
    world.mzflow(&["abort", "second"]).code(3).says("[drop.promoted]");
    world.mzflow(&["gc", "--yes"]).says("[drop.replacement-pending]");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((consumed(&world).as_str(), left(&world).as_str()), ("60", ""));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("no changes");
}

#[test]
fn what_waits_to_be_replaced_is_no_drift() {
    let world = deployed();
    world.write(&doubled());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults("error 'XX000' on '%APPLY REPLACEMENT%'");
    world.mzflow(&["promote", "second"]).code(1).says("[swap.replacement-pending]");
    world.faults("");
    let told = world.mzflow(&["diff", "--project", "shop"]).code(0).never_says("drift");
    let told = told.says("no changes").says("mzflow promote second --project shop");
    told.says("still to be replaced in place: shop.api.totals by the promotion of second");
    // Another version of it has to wait for this one.
    world.write(&SHOP.replace("sum(amount) AS total", "sum(amount * 3) AS total"));
    let told = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    assert_eq!(told["drifted"], serde_json::json!([]));
    assert_eq!(
        told["pending_replacements"],
        serde_json::json!(["shop.api.totals by the promotion of second"])
    );
    let stage = ["stage", "--project", "shop", "--id", "third", "--isolation", "schema"];
    world.mzflow(&stage).code(3).says("[stage.replacement-taken]");
    // What somebody else has put there meanwhile is drift as ever.
    world.write(&doubled());
    world.sql("DROP VIEW shop.others.consumer");
    world.sql("DROP VIEW shop.report.best");
    world.sql("DROP MATERIALIZED VIEW shop.api.totals CASCADE");
    world.sql("CREATE MATERIALIZED VIEW shop.api.totals IN CLUSTER serving AS SELECT 1 AS id, 2 AS total");
    let told = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    let drifted = told["drifted"].as_array().expect("a list");
    assert!(drifted.contains(&"shop.api.totals".into()), "{told}");
}

#[test]
fn a_lost_answer_is_looked_up() {
    let world = deployed();
    world.write(&doubled());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults("lose '%APPLY REPLACEMENT%'");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!((consumed(&world).as_str(), left(&world).as_str()), ("60", ""));
}

#[test]
fn what_was_replaced_is_not_taken_back_by_names() {
    let world = deployed();
    world.write(&doubled());
    world.mzflow(&[&RUN[..], &["second", "--keep", "1h"]].concat()).code(0);
    let told = world.mzflow(&["rollback", "second"]).code(3);
    told.says("[rollback.replaced]").says("shop.api.totals").says("nothing was changed");
    assert_eq!(consumed(&world), "60");
    // The way back is a deployment of what it was.
    world.write(SHOP);
    world.mzflow(&[&RUN[..], &["third"]].concat()).code(0);
    assert_eq!(consumed(&world), "30");
    world.mzflow(&["gc", "--kept", "--yes"]).code(0);
    assert_eq!(left(&world), "");
}

#[test]
fn what_is_only_planned_changes_nothing_and_names_what_would_be_replaced() {
    let world = deployed();
    world.write(&doubled());
    let told = world.mzflow(&[&RUN[..], &["second", "--dry-run", "-v"]].concat()).code(0);
    told.says("CREATE REPLACEMENT MATERIALIZED VIEW \"shop\".\"api__second__mzf\".\"totals\" FOR \"shop\".\"api\".\"totals\"")
        .says("ALTER MATERIALIZED VIEW \"shop\".\"api\".\"totals\" APPLY REPLACEMENT \"shop\".\"api__second__mzf\".\"totals\"")
        .says("DROP SCHEMA \"shop\".\"api__second__mzf\" RESTRICT");
    assert_eq!((consumed(&world).as_str(), left(&world).as_str()), ("30", ""));
    let told = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    assert_eq!(told["replacements"], serde_json::json!(["shop.api.totals"]));
}

#[test]
fn a_cut_leaves_all_of_it_or_nothing() {
    let world = World::new();
    world.write(SHOP);
    world.write(
        "-- file: shop/tests/cut.lua
-- cut: one version, and a change of its API, which is cut.
return mz.test {
  crash = 'last',
  run = function(t)
    local s = mz.test.sandbox { hydration = '1s' }
    s:sql 'CREATE ROLE reader'
    t.equal(s:run('blue_green', { id = 'a' }).status, 'done')
    s:edit { ['models/shop/api/totals.sql'] = \"CREATE MATERIALIZED VIEW totals IN CLUSTER serving AS SELECT id, sum(amount * 2) AS total FROM core.orders GROUP BY id; CREATE INDEX totals_by_id IN CLUSTER serving ON totals (id); COMMENT ON MATERIALIZED VIEW totals IS 'Doubled';\" }
    s:edit { ['models/shop/api/fresh.sql'] = 'CREATE MATERIALIZED VIEW fresh IN CLUSTER compute AS SELECT id FROM core.orders;' }
    s:edit { ['models/shop/api/counts.sql'] = false }
    t.equal(s:run('blue_green', { id = 'b', isolation = 'schema', yes = true }).status, 'done')
  end,
}
",
    );
    // An index is made, the swap commits, a replacement takes over, and what held it is dropped.
    let test = ["test", "--project", "shop", "tests/cut.lua"];
    let told = world.mzflow(&[&test[..], &["--crash-at", "9999"]].concat()).code(2);
    let range = told.stderr.split("its last is ").nth(1).and_then(|rest| rest.split(',').next());
    let last: usize = range.and_then(|last| last.parse().ok()).expect("it tells how many there are");
    let numbers: Vec<String> = [34, 11, 14, 15].map(|back| (last - back).to_string()).into();
    let cuts = numbers.iter().flat_map(|number| ["--crash-at", number]);
    let words: Vec<&str> = test.into_iter().chain(["--json"]).chain(cuts).collect();
    let told = world.mzflow(&words).code(0).json();
    let crash = &told["recipe_tests"][0]["crash"];
    assert_eq!(crash["failures"], serde_json::json!([]));
}

#[test]
fn until_something_is_replaced_the_way_back_is_open() {
    let world = deployed();
    world.write(&doubled());
    world.mzflow(&["stage", "--project", "shop", "--id", "second"]).code(0);
    world.faults("error 'XX000' on '%APPLY REPLACEMENT%'");
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(1).says("[swap.replacement-pending]");
    world.mzflow(&["rollback", "second"]).code(0);
    assert_eq!(consumed(&world), "30");
    // What was taken back can be promoted again, or dropped.
    world.mzflow(&["promote", "second", "--keep", "1h"]).code(0);
    assert_eq!(consumed(&world), "60");
    world.mzflow(&["gc", "--kept", "--yes"]).code(0);
    assert_eq!(left(&world), "");
}

#[test]
fn a_target_that_makes_no_progress_is_waited_for_until_the_deadline() {
    let world = World::new();
    world.write(SHOP);
    world.write(
        "-- file: shop/tests/late.lua
-- late: what is to be replaced stands still for longer than anybody waits.
return mz.test {
  run = function(t)
    local s = mz.test.sandbox { hydration = '1s' }
    s:sql 'CREATE ROLE reader'
    t.equal(s:run('blue_green', { id = 'a' }).status, 'done')
    s:edit { ['models/shop/api/counts.sql'] = 'CREATE MATERIALIZED VIEW counts IN CLUSTER serving AS SELECT count(*) + 1 AS n FROM core.orders;' }
    s:sql 'ALTER CLUSTER compute SET (REPLICATION FACTOR 0)'
    local run = s:run('blue_green', { id = 'b', isolation = 'schema' })
    t.equal(run.error.code, 'swap.replacement-pending')
    t.equal(run.took_s >= 60, true)
    t.equal(s:sql('SELECT count(*) AS n FROM mz_internal.mz_replacements'), { { n = 1 } })
    s:sql 'ALTER CLUSTER compute SET (REPLICATION FACTOR 1)'
    t.equal(s:resume(run.run).status, 'done')
    t.equal(s:sql('SELECT count(*) AS n FROM mz_internal.mz_replacements'), { { n = 0 } })
  end,
}
",
    );
    world.mzflow(&["test", "--project", "shop", "tests/late.lua"]).code(0);
}
