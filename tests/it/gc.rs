//! What no live deployment owns is found and dropped, and nothing else.

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::told::Told;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 1 AS id;
";

const CHANGED: &str = "\
-- file: shop/models/shop/core/orders.sql
CREATE VIEW orders AS SELECT 2 AS id;
";

fn run(world: &World, id: &str, more: &[&str]) {
    let mut words = vec!["run", "blue_green", "--project", "shop", "--id", id];
    words.extend(more);
    world.mzflow(&words).code(0);
}

fn sql(world: &World, statement: &str) {
    RUNTIME.block_on(async { world.client().await.batch_execute(statement).await }).expect(statement);
}

/// The document among the events.
#[track_caller]
fn document(told: &Told) -> serde_json::Value {
    told.json_lines().into_iter().find(|line| line.get("items").is_some()).expect("a document")
}

fn schemas(world: &World) -> Vec<String> {
    let rows = RUNTIME.block_on(async {
        world
            .client()
            .await
            .query("SELECT name FROM mz_catalog.mz_schemas WHERE name LIKE '%\\_\\_mz_'", &[])
            .await
    });
    let mut names: Vec<String> = rows.expect("the schemas").iter().map(|row| row.get(0)).collect();
    names.sort();
    names
}

#[test]
fn an_environment_without_garbage_says_so() {
    let world = World::new();
    world.mzflow(&["gc"]).code(0).says("nothing to clean up");
    world.write(SHOP);
    run(&world, "a", &[]);
    let told = world.mzflow(&["gc", "--yes", "--json"]).code(0);
    assert_eq!(told.json(), serde_json::json!({ "items": [], "unrecorded": [], "others": [] }));
}

#[test]
fn a_version_that_is_kept_goes_when_it_is_asked_for() {
    let world = World::new();
    world.write(SHOP);
    run(&world, "a", &[]);
    world.write(CHANGED);
    run(&world, "b", &["--keep", "1h"]);
    sql(&world, "CREATE SCHEMA shop.odd__x__mzf");
    let told = world.mzflow(&["gc", "--yes"]).code(0).says("nothing to clean up");
    told.says("shop.odd__x__mzf has the form of a staging name and stands in no record: it is left alone");
    let told = world.mzflow(&["gc", "--kept"]).code(0).says("replaced, kept for a rollback");
    told.says("shop.core__b__mzf").says("next: mzflow gc --kept --yes");
    for (more, next) in [
        (["--abandoned", "90m", "--wait"], "mzflow gc --abandoned 90m --kept --wait=30m --yes"),
        (["--abandoned", "1d", "--now"], "mzflow gc --abandoned 1d --kept --now --yes"),
    ] {
        let told = world.mzflow(&[&["gc", "--kept"], more.as_slice()].concat()).code(0);
        told.says(&format!("next: {next}"));
    }
    let told = world.mzflow(&["gc", "--kept", "--url", &world.url()]).code(0);
    told.says("next: mzflow gc --kept --yes --url postgres://materialize@[ADDRESS]/materialize");
    world.mzflow(&["gc", "--kept", "--dry-run"]).code(0).says("DROP SCHEMA");
    assert_eq!(schemas(&world), ["core__b__mzf", "odd__x__mzf"], "listing and rehearsing drop nothing");
    let told = world.mzflow(&["gc", "--kept", "--yes", "--json"]).code(0);
    let document = document(&told);
    assert_eq!(
        (&document["items"][0]["why"], &document["items"][0]["dropped"]),
        (&"kept".into(), &true.into())
    );
    assert_eq!(schemas(&world), ["odd__x__mzf"]);
    world.mzflow(&["rollback"]).code(3).says("rollback.gone");
}

/// A deployment that a run has brought to its end while a statement of another run of it was held up; then that goes
/// on.
fn overtaken(isolation: &str, held: &str) -> World {
    let world = World::new();
    world.write(SHOP);
    run(&world, "a", &[]);
    world.write(CHANGED);
    let words = ["run", "blue_green", "--project", "shop", "--id", "b", "--isolation", isolation];
    world.faults(&format!("hold before '{held}' by 'mzflow/%'"));
    let running = world.start(&words);
    world.until("it is held up", || world.held() > 0);
    world.mzflow(&words).code(0);
    world.faults("");
    running.end(&world).code(3).says("[swap.already-promoted]");
    world
}

/// What bears a name that only mzflow gives.
fn left(world: &World) -> String {
    world.rows(
        "SELECT name FROM mz_schemas WHERE name LIKE '%\\_\\_mz_' \
         UNION ALL SELECT name FROM mz_objects WHERE name LIKE '%\\_\\_mz_' ORDER BY 1",
    )
}

#[test]
fn what_a_run_builds_after_another_has_ended_goes() {
    for (isolation, held, name) in [
        ("schema", "CREATE SCHEMA%core__b__mzf%", "core__b__mzf"),
        ("object", "CREATE VIEW%orders__b__mzf%", "orders__b__mzf"),
    ] {
        let world = overtaken(isolation, held);
        assert_eq!(left(&world), name);
        let told = document(&world.mzflow(&["gc", "--yes", "--json"]).code(0));
        let item = &told["items"][0];
        assert_eq!((&item["why"], &item["dropped"]), (&"overtaken".into(), &true.into()), "{told}");
        assert_eq!(told["unrecorded"], serde_json::json!([]));
        assert_eq!(left(&world), "");
        assert_eq!(world.rows("SELECT id FROM shop.core.orders"), "2");
        world.mzflow(&["gc"]).code(0).says("nothing to clean up");
    }
}

#[test]
fn what_is_not_known_to_be_of_such_a_run_stays() {
    let world = overtaken("schema", "CREATE SCHEMA%core__b__mzf%");
    sql(&world, "CREATE VIEW shop.core__b__mzf.mine AS SELECT 1 AS x");
    let told = world.mzflow(&["gc", "--yes"]).code(3).says("[drop.foreign-dependents]");
    told.says("shop.core__b__mzf.mine").says("nothing was dropped");
    sql(&world, "DROP VIEW shop.core__b__mzf.mine");
    sql(&world, "CREATE ROLE other");
    sql(&world, "ALTER SCHEMA shop.core__b__mzf OWNER TO other");
    world.mzflow(&["gc", "--yes"]).code(0).says("shop.core__b__mzf has the form of a staging name");
    assert_eq!(left(&world), "core__b__mzf");
    // Nor is what stood there before the deployment was over.
    let world = World::new();
    world.write(SHOP);
    run(&world, "a", &[]);
    world.write(CHANGED);
    world.faults("error 'XX000' on 'CREATE VIEW%'");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "b"]).code(1);
    world.faults("");
    sql(&world, "CREATE SCHEMA shop.mine");
    run(&world, "b", &[]);
    sql(&world, "ALTER SCHEMA shop.mine RENAME TO core__b__mzf");
    world.mzflow(&["gc", "--yes"]).code(0).says("shop.core__b__mzf has the form of a staging name");
    assert_eq!(left(&world), "core__b__mzf");
}

#[test]
fn what_others_read_stays_and_the_rest_goes() {
    let world = World::new();
    world.write(SHOP);
    run(&world, "a", &[]);
    sql(&world, "CREATE VIEW materialize.public.theirs AS SELECT * FROM shop.core.orders");
    world.write(CHANGED);
    run(&world, "b", &[]);
    world.write("-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT 3 AS id;\n");
    world.mzflow(&["stage", "--project", "shop", "--id", "c"]).code(0);
    world.mzflow(&["gc", "--yes"]).code(3).says("materialize.public.theirs").says("drop.foreign-dependents");
    let told = world.mzflow(&["gc", "--yes", "--abandoned", "0s", "--json"]).code(3);
    let items = document(&told)["items"].clone();
    let dropped: Vec<_> =
        items.as_array().expect("a list").iter().map(|item| item["dropped"].clone()).collect();
    assert_eq!(dropped, [serde_json::json!(false), serde_json::json!(true)]);
    assert_eq!(items[0]["error"]["code"], "drop.foreign-dependents");
    assert_eq!(schemas(&world), ["core__b__mzf"]);
    sql(&world, "DROP VIEW materialize.public.theirs");
    world.mzflow(&["gc", "--yes"]).code(0).says("1 version dropped");
    assert!(schemas(&world).is_empty());
}

#[test]
fn what_was_promoted_and_swapped_back_is_not_told_as_never_promoted() {
    let world = World::new();
    world.write(SHOP);
    run(&world, "a", &[]);
    world.write(CHANGED);
    run(&world, "b", &["--keep", "1h"]);
    world.mzflow(&["rollback"]).code(0);
    let told = world.mzflow(&["gc", "--abandoned", "0s"]).code(0);
    told.says("staged or rolled back, not production").never_says("never promoted");
}

#[test]
fn a_recipe_cleans_up_by_itself() {
    let world = World::new();
    world.write(SHOP);
    run(&world, "a", &[]);
    world.write(CHANGED);
    world.mzflow(&["stage", "--project", "shop", "--id", "b"]).code(0);
    world.write(
        "-- file: shop/recipes/nightly.lua
return mz.recipe {
  api = 1, name = 'nightly', summary = 'Cleans up.',
  run = function(ctx)
    local found = mz.gc { abandoned = '0s' }
    for _, item in ipairs(found.items) do
      if item.retired then mz.drop { retired = item.deployment } else mz.drop { deployment = item.deployment } end
    end
    return ctx.done(#found.items .. ' dropped')
  end,
}
",
    );
    world.mzflow(&["run", "nightly", "--project", "shop"]).code(0).says("1 dropped");
    world.mzflow(&["list"]).code(0).says("nothing is staged");
}

#[test]
fn an_overlay_that_nobody_can_build_any_more_is_told() {
    let world = World::new();
    world.write(SHOP);
    run(&world, "a", &[]);
    world.write(CHANGED);
    sql(&world, "CREATE CLUSTER dev (SIZE = '25cc')");
    world.mzflow(&["dev", "dev", "--project", "shop", "--name", "alice"]).code(0);
    let told = || world.mzflow(&["gc", "--json"]).code(0).json();
    assert_eq!(told()["others"], serde_json::json!([]));
    sql(&world, "DROP CLUSTER dev");
    let others = told()["others"].to_string();
    assert!(others.contains("shop__alice holds the overlay `alice`"), "{others}");
    assert!(others.contains("cluster dev, on which it ran, is gone"), "{others}");
    let way_out = "`mzflow dev --down --name alice --project shop` removes it";
    world.mzflow(&["gc", "--project", "shop"]).code(0).says(way_out);
    world.mzflow(&["gc", "--project", "shop", "--json"]).code(0).says(way_out);
    world.mzflow(&["dev", "--down", "--name", "alice", "--project", "shop"]).code(0);
    assert_eq!(told()["others"], serde_json::json!([]));
}

#[test]
fn what_a_deletion_has_claimed_is_recorded() {
    let mut world = World::on_disk(None);
    world.write(SHOP);
    world.write("-- file: shop/models/shop/raw/items.sql\nCREATE TABLE items (id int);\n");
    run(&world, "a", &[]);
    world.faults("hold before 'DROP TABLE%' by 'mzflow/%'");
    let running = world.start(&["delete", "table", "shop.raw.items", "--project", "shop", "--yes"]);
    world.until("it is claimed", || world.held() > 0);
    running.kill();
    drop(running.end(&world));
    // What it has sent is not carried out any more.
    world.restart();
    let told = world.mzflow(&["gc", "--json"]).code(0).json();
    assert_eq!(told["unrecorded"], serde_json::json!([]), "{told}");
    let line = "shop.raw.items__deleted__mzx was to be deleted and stands yet";
    assert!(told["others"].to_string().contains(line), "{told}");
    world.mzflow(&["delete", "table", "shop.raw.items", "--project", "shop", "--yes"]).code(0);
    assert_eq!(world.mzflow(&["gc", "--json"]).code(0).json()["others"], serde_json::json!([]));
}
