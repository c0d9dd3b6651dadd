//! SUBSCRIBEs over what leaves production: they are told, go on with what they read, and nobody ends one unasked.

use serde_json::json;
use tokio_postgres::Client;

use crate::harness::RUNTIME;
use crate::harness::World;
use crate::harness::shop::sent;
use crate::harness::shop::staged;
use crate::harness::shop::staging;
use crate::harness::shop::total;
use crate::harness::shop::waiting;

const RUN: [&str; 6] = ["run", "blue_green", "--project", "shop", "--id", "second"];

/// A session with a SUBSCRIBE that has told its first row.
fn subscriber(world: &World, query: &str) -> Client {
    RUNTIME.block_on(async {
        let client = world.client().await;
        let begin = format!("BEGIN; DECLARE c CURSOR FOR SUBSCRIBE ({query})");
        client.batch_execute(&begin).await.expect("declared");
        client.batch_execute("FETCH 1 c").await.expect("told");
        client
    })
}

/// Looks for news without waiting for them; what the server says where there can be none.
fn look(client: &Client) -> String {
    let answer = RUNTIME.block_on(async { client.batch_execute("FETCH 0 c").await });
    answer
        .err()
        .and_then(|error| error.as_db_error().map(|error| error.message().to_owned()))
        .unwrap_or_default()
}

#[test]
fn a_promotion_tells_them_and_what_they_read_stays_until_somebody_ends_them() {
    let world = waiting();
    let client = subscriber(&world, "SELECT amount FROM shop.core.orders");
    let told = world.mzflow(&RUN).code(0);
    told.says("1 SUBSCRIBE (materialize) still reads the version that has left production");
    assert_eq!(total(&world), "20");
    assert_eq!(
        (look(&client).as_str(), staging(&world).as_str()),
        ("", "compute__second__mzf\ncore__second__mzf")
    );
    let told = world.mzflow(&["gc"]).code(0).says("second: SUBSCRIBE of role materialize (session ");
    told.says("reads view shop.core__second__mzf.orders");
    let told = world.mzflow(&["gc", "--yes"]).code(3).says("[drop.subscribed]").says("add --wait");
    told.says("1 SUBSCRIBE (materialize) still reads the version that second replaced")
        .says("nothing was dropped");
    assert_eq!(look(&client), "");
    world.mzflow(&["gc", "--yes", "--dry-run"]).code(3).says("[drop.subscribed]");
    world.mzflow(&["gc", "--yes", "--dry-run", "--now"]).code(0).says("DROP CLUSTER");
    assert_eq!(look(&client), "");
    world.mzflow(&["gc", "--yes", "--now"]).code(0).says("1 SUBSCRIBE (materialize) ends with it");
    let ended = "subscribe has been terminated because underlying relation \"shop.core.orders\" was dropped";
    assert_eq!((look(&client).as_str(), staging(&world).as_str()), (ended, ""));
}

#[test]
fn it_is_waited_for_until_they_have_ended_or_the_time_is_over() {
    let world = waiting();
    let client = subscriber(&world, "SELECT total FROM shop.core.totals");
    world.mzflow(&RUN).code(0);
    world.mzflow(&["gc", "--yes", "--wait=1s"]).code(3).says("[drop.subscribed]");
    assert_eq!(look(&client), "");
    world.forget();
    let running = world.start(&["gc", "--yes", "--wait"]);
    sent(&world, "mz_subscriptions");
    RUNTIME.block_on(async { client.batch_execute("ROLLBACK").await }).expect("it ends by itself");
    running.end(&world).code(0);
    assert_eq!(staging(&world), "");
}

#[test]
fn one_that_only_runs_on_a_cluster_counts_too() {
    let world = waiting();
    world.sql("CREATE TABLE materialize.public.theirs (x int)");
    world.sql("INSERT INTO materialize.public.theirs VALUES (1)");
    world.sql("ALTER ROLE materialize SET cluster = compute");
    let client = subscriber(&world, "SELECT x FROM materialize.public.theirs");
    world.sql("ALTER ROLE materialize RESET cluster");
    world.mzflow(&RUN).code(0).says("1 SUBSCRIBE (materialize) still reads");
    let told = world.mzflow(&["gc", "--yes"]).code(3).says("[drop.subscribed]");
    told.says("runs on cluster compute__second__mzf");
    world.mzflow(&["gc", "--yes", "--now"]).code(0);
    let ended = "subscribe has been terminated because underlying cluster \"compute\" was dropped";
    assert_eq!(look(&client), ended);
}

#[test]
fn one_over_something_else_keeps_nothing() {
    let world = waiting();
    world.sql("CREATE TABLE materialize.public.theirs (x int)");
    world.sql("INSERT INTO materialize.public.theirs VALUES (1)");
    let client = subscriber(&world, "SELECT x FROM materialize.public.theirs");
    world.mzflow(&RUN).code(0).never_says("SUBSCRIBE");
    assert_eq!((look(&client).as_str(), staging(&world).as_str()), ("", ""));
}

#[test]
fn the_parts_one_at_a_time_do_the_same() {
    let world = staged();
    let blue = subscriber(&world, "SELECT amount FROM shop.core.orders");
    let told =
        world.mzflow(&["promote", "second"]).code(0).says("kept: SUBSCRIBE of role materialize (session ");
    told.says("still reads the replaced version");
    // Who reads what is production now keeps it from nothing, until it is swapped back.
    let green = subscriber(&world, "SELECT amount FROM shop.core.orders");
    let told = world.mzflow(&["rollback", "--json"]).code(0);
    let document =
        told.json_lines().into_iter().find(|line| line.get("held_by").is_some()).expect("a document");
    let held = document["held_by"].as_array().expect("a list").clone();
    assert_eq!(held.len(), 1, "{document}");
    assert!(
        held[0].as_str().is_some_and(|one| one.starts_with("SUBSCRIBE of role materialize")),
        "{document}"
    );
    world.mzflow(&["abort", "second"]).code(3).says("[drop.subscribed]").says("what was staged as second");
    assert_eq!((look(&blue).as_str(), look(&green).as_str()), ("", ""));
    world.mzflow(&["abort", "second", "--now", "--wait"]).code(2);
    world.mzflow(&["abort", "second", "--now"]).code(0);
    assert_eq!((look(&blue).as_str(), staging(&world).as_str()), ("", ""));
    assert!(look(&green).contains("was dropped"));
}

#[test]
fn a_recipe_says_what_is_to_become_of_them() {
    let world = waiting();
    let client = subscriber(&world, "SELECT amount FROM shop.core.orders");
    world.mzflow(&RUN).code(0);
    let recipe = |drop: &str| {
        world.write(&format!(
            "-- file: shop/recipes/tidy.lua
return mz.recipe {{
  api = 1, name = 'tidy', summary = 'Cleans up.',
  run = function(ctx)
    local item = mz.gc {{}}.items[1]
    mz.log(#item.subscribes .. ' read it')
    {drop}
    return ctx.done('tidy')
  end,
}}
"
        ));
        world.mzflow(&["run", "tidy", "--project", "shop"])
    };
    let told = recipe("mz.drop { retired = item.deployment }").code(3);
    told.says("1 read it").says("[drop.subscribed]");
    recipe("mz.drop { retired = item.deployment, wait = '1s' }").code(3).says("[drop.subscribed]");
    recipe("mz.drop { retired = item.deployment, wait = '1s', now = true }").says("[lua.wrong-argument]");
    assert_eq!(look(&client), "");
    recipe("mz.drop { retired = item.deployment, now = true }").code(0);
    assert_eq!(staging(&world), "");
    assert_eq!(world.mzflow(&["gc", "--json"]).code(0).json()["items"], json!([]));
}
