//! `mz.compare`: blue and green, row by row, inside the server.

use serde_json::Value;
use serde_json::json;

use crate::harness::World;
use crate::harness::told::Told;

/// What the views of the shop read, as somebody else's table.
const TABLES: &str = "\
CREATE CLUSTER compute (SIZE = '25cc');
CREATE DATABASE shop;
CREATE SCHEMA shop.raw;
CREATE TABLE shop.raw.orders (id int, state text, amount float8, at timestamp, tags text list, more jsonb);
INSERT INTO shop.raw.orders VALUES
  (1, 'open', 1.5, '2026-01-01', LIST['a'], '{\"k\": 1}'),
  (2, 'open', 'NaN', '2026-01-02', LIST['a', NULL], NULL),
  (3, 'done', '-0', NULL, NULL, '{\"k\": 2}'),
  (4, NULL, NULL, NULL, NULL, NULL),
  (NULL, 'lost', 7, NULL, NULL, NULL);";

fn tables(world: &World) {
    for statement in TABLES.split(";\n") {
        world.sql(statement);
    }
}

/// A project with one materialized view of that query.
fn project(query: &str) -> String {
    format!(
        "-- file: shop/project.toml\ndependencies = ['shop.raw.orders']\n\
         -- file: shop/clusters/compute.sql\nCREATE CLUSTER compute (SIZE = '25cc');\n\
         -- file: shop/models/shop/core/orders.sql\n\
         CREATE MATERIALIZED VIEW orders IN CLUSTER compute AS {query};\n"
    )
}

/// A recipe that stages, waits, compares as `arguments` say, and tells the result as a line of JSON.
fn recipe(id: &str, arguments: &str) -> String {
    format!(
        "-- file: shop/recipes/look.lua\n-- look: compares.\nreturn mz.recipe {{ api = 1, name = 'look', summary = 'Compares.', run = function(ctx)\n\
         local changes = mz.diff {{ project = mz.compile {{}} }}\n\
         local deployment = mz.stage {{ changes = changes, id = '{id}' }}\n\
         mz.await {{ deployment = deployment }}\n\
         local ok, found = pcall(mz.compare, {{ deployment = deployment, {arguments} }})\n\
         mz.log('found ' .. (ok and mz.json.encode(found) or tostring(found)))\n\
         end }}\n"
    )
}

/// Promotes one version and compares another with it.
struct Shop {
    world: World,
    staged: std::cell::RefCell<Vec<String>>,
}

impl Shop {
    fn new(blue: &str) -> Self {
        let world = World::new();
        tables(&world);
        world.write(&project(blue));
        world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "blue"]).code(0);
        Self { world, staged: std::cell::RefCell::default() }
    }

    fn look(&self, green: &str, arguments: &str) -> Told {
        let mut staged = self.staged.borrow_mut();
        if !staged.iter().any(|known| known == green) {
            staged.push(green.to_owned());
        }
        let number = staged.iter().position(|known| known == green).expect("it was put in");
        self.world.write(&format!("{}{}", project(green), recipe(&format!("green{number}"), arguments)));
        self.world.forget();
        self.world.mzflow(&["run", "look", "--project", "shop", "--yes", "--json"])
    }

    /// What was found of the one object.
    fn found(&self, green: &str, arguments: &str) -> Value {
        let told = self.look(green, arguments).code(0);
        let found = found(&told);
        found["objects"][0].clone()
    }
}

/// What the recipe logged.
fn found(told: &Told) -> Value {
    let lines = told.json_lines();
    let messages = lines.iter().filter_map(|line| line["message"].as_str());
    let found = messages.filter_map(|message| message.strip_prefix("found ")).next();
    let found = found.unwrap_or_else(|| panic!("nothing was told: {lines:?}"));
    serde_json::from_str(found).unwrap_or_else(|_| json!(found))
}

/// The counts: blue, green, added, removed, changed, allowed, unexplained.
fn counts(found: &Value) -> [u64; 7] {
    let names = ["rows_blue", "rows_green", "added", "removed", "changed", "allowed", "unexplained"];
    names.map(|name| found[name].as_u64().unwrap_or_else(|| panic!("{name} of {found}")))
}

const ALL: &str = "SELECT * FROM shop.raw.orders";

#[test]
fn equal_rows_are_equal_whatever_is_in_them() {
    let shop = Shop::new(ALL);
    // NULL, NaN, both zeros, a list, JSON with another order of its fields: nothing differs.
    let same = "SELECT id, state, CASE WHEN id = 3 THEN 0 ELSE amount END AS amount, at, tags, more FROM shop.raw.orders";
    let found = shop.found(same, "");
    assert_eq!(found["state"], "same", "{found}");
    assert_eq!(counts(&found), [5, 5, 0, 0, 0, 0, 0]);
    assert_eq!(found["columns"]["as_text"], json!(["tags"]));
    assert!(found["at"].as_u64().is_some_and(|at| at > 1_600_000_000_000), "{found}");
    assert_eq!(found["cluster"], "compute__green0__mzf");
    // Nothing is created, and one row of counts is all that is asked for.
    let asked: Vec<String> =
        shop.world.statements().into_iter().filter(|sql| sql.contains("EXCEPT ALL")).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let found = shop.found(same, "key = 'id'");
    assert_eq!(counts(&found), [5, 5, 0, 0, 0, 0, 0]);
}

#[test]
fn rows_that_differ_are_counted_by_key_or_as_they_are() {
    let shop = Shop::new(ALL);
    let green = "SELECT id, state, CASE WHEN id = 1 OR id IS NULL THEN 2.5 ELSE amount END AS amount, at, tags, more \
                 FROM shop.raw.orders WHERE id IS NULL OR id <> 2 \
                 UNION ALL SELECT 9, 'new', 1, NULL::timestamp, NULL::text list, NULL::jsonb";
    let found = shop.found(green, "");
    assert_eq!(counts(&found), [5, 5, 3, 3, 0, 0, 6], "{found}");
    let found = shop.found(green, "key = { 'id' }, samples = 1");
    assert_eq!(counts(&found), [5, 5, 1, 1, 2, 0, 4], "{found}");
    let samples = found["samples"].as_array().expect("a list");
    let told: Vec<&str> = samples.iter().filter_map(|row| row["change"].as_str()).collect();
    assert_eq!(told, ["changed", "removed", "added"]);
    assert_eq!(samples[0]["before"]["amount"], json!(1.5));
    assert_eq!(samples[0]["after"]["amount"], json!(2.5));
    assert_eq!(samples[1]["before"]["amount"], json!("NaN"));
    assert_eq!(samples[1]["before"]["tags"], json!("{a,NULL}"));
    assert_eq!(samples[2]["after"], json!({ "id": 9, "state": "new", "amount": 1.0 }));
    let sent = shop.world.statements();
    assert!(sent.iter().all(|sql| !sql.starts_with("CREATE TEMP")));
    assert!(
        sent.iter()
            .filter(|sql| sql.contains("EXCEPT ALL"))
            .all(|sql| sql.contains("count(*)") || sql.ends_with("LIMIT 1"))
    );
}

#[test]
fn rows_count_as_often_as_they_are_there_and_keys_of_several_are_told() {
    let shop = Shop::new("SELECT id, amount FROM (VALUES (1, 1), (1, 1), (2, 5), (2, 6)) AS t (id, amount)");
    let green = "SELECT id, amount FROM (VALUES (1, 1), (2, 7), (2, 8), (3, 1), (3, 2)) AS t (id, amount)";
    let found = shop.found(green, "");
    assert_eq!(counts(&found), [4, 5, 4, 3, 0, 0, 7], "{found}");
    // Which row of key 2 became which nobody can say: they went and came.
    let found = shop.found(green, "key = 'id'");
    assert_eq!(counts(&found), [4, 5, 4, 3, 0, 0, 7], "{found}");
    assert_eq!(found["duplicate_keys"], json!({ "blue": 2, "green": 2 }));
}

#[test]
fn columns_that_differ_are_told_and_the_others_compared() {
    let shop = Shop::new("SELECT id, state, amount, at FROM shop.raw.orders");
    let green = "SELECT amount, id::int8 AS id, state, at::date AS at, 1 AS extra FROM shop.raw.orders WHERE id IS NOT NULL";
    let found = shop.found(green, "");
    let columns = &found["columns"];
    assert_eq!(columns["added"], json!(["extra"]));
    assert_eq!(columns["reordered"], json!(true));
    let retyped: Vec<&str> =
        columns["retyped"].as_array().expect("a list").iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(retyped, ["id", "at"]);
    assert_eq!(columns["as_text"], json!(["at"]));
    // Two rows have a time, which as a date is another text; one is gone.
    assert_eq!(counts(&found), [5, 4, 2, 3, 0, 0, 5], "{found}");
}

#[test]
fn what_is_intended_is_said_in_sql() {
    let shop = Shop::new(ALL);
    let green = "SELECT id, CASE WHEN id < 3 THEN 'shut' ELSE state END AS state, amount, at, tags, more \
                 FROM shop.raw.orders WHERE id IS NULL OR id <> 4";
    let found = shop.found(green, r#"key = 'id', allow = "change = 'removed' AND id = 4 -- it is gone""#);
    assert_eq!(counts(&found), [5, 4, 0, 1, 2, 1, 2], "{found}");
    let found = shop.found(
        green,
        r#"key = 'id', allow = "before.state = 'open' AND after.state = 'shut' OR change = 'removed'""#,
    );
    assert_eq!(counts(&found), [5, 4, 0, 1, 2, 3, 0], "{found}");
    // Without a key, and of a row wherever it stands.
    let found = shop.found(green, r#"samples = 2, allow = "state IN ('open', 'shut')""#);
    assert_eq!(counts(&found), [5, 4, 2, 3, 0, 4, 1], "{found}");
    assert_eq!(found["samples"][0]["allowed"], json!(false));
    assert_eq!(found["samples"][0]["before"], json!({ "id": 4 }));
    assert_eq!(found["samples"][1]["allowed"], json!(true));
    // What is NULL is not allowed, and of a changed row it has to hold on both sides.
    let found = shop.found(green, r#"key = 'id', allow = { ['shop.core.orders'] = "state = 'shut'" }"#);
    assert_eq!(counts(&found), [5, 4, 0, 1, 2, 0, 3], "{found}");
    let wrong = found_text(&shop.look(green, r#"allow = "nothing.like.it > 1""#));
    assert!(wrong.starts_with("compare.failed: shop.core.orders cannot be compared"), "{wrong}");
    let wrong = found_text(&shop.look(green, r#"allow = "id >""#));
    assert!(wrong.starts_with("compare.bad-allow: `allow` is no condition in SQL"), "{wrong}");
}

fn found_text(told: &Told) -> String {
    found(told).as_str().expect("an error").to_owned()
}

#[test]
fn what_is_intended_is_said_by_a_function() {
    let shop = Shop::new(ALL);
    let green = "SELECT id, state, amount, at, tags, more FROM shop.raw.orders WHERE id IS NULL OR id > 1 \
                 UNION ALL SELECT id + 10, 'new', 1, NULL::timestamp, NULL::text list, NULL::jsonb FROM shop.raw.orders WHERE id < 3";
    let judge = "key = 'id', allow = function(row) return row.change == 'added' and row.after.id == 11 and row.object == 'shop.core.orders' end";
    let found = shop.found(green, judge);
    assert_eq!(counts(&found), [5, 6, 2, 1, 0, 1, 2], "{found}");
    assert_eq!(found["unjudged"], 0);
    let wrong = found_text(&shop.look(green, "allow = function(row) return 'yes' end"));
    assert!(wrong.starts_with("lua.wrong-argument: `allow` has to return true or false"), "{wrong}");
    // It is asked of so many rows; the others are unexplained.
    let many = "SELECT n AS id, 'x' AS state, 1.5 AS amount, NULL::timestamp AS at, NULL::text list AS tags, NULL::jsonb AS more FROM generate_series(1, 1200) AS n";
    let found = shop.found(many, "samples = 3, allow = function() return true end");
    assert_eq!(counts(&found), [5, 1200, 1200, 5, 0, 1000, 205], "{found}");
    assert_eq!(found["unjudged"], 205);
    assert_eq!(found["samples"].as_array().map(Vec::len), Some(6));
}

#[test]
fn names_with_quotes_dots_and_capitals() {
    let world = World::new();
    tables(&world);
    let shop = |value: i32| {
        format!(
            "-- file: shop/project.toml\n-- file: shop/clusters/compute.sql\nCREATE CLUSTER compute (SIZE = '25cc');\n\
             -- file: shop/models/shop/Core.x/Or\"ders.sql\n\
             CREATE MATERIALIZED VIEW \"Or\"\"ders\" IN CLUSTER compute AS SELECT {value} AS \"A \"\"b\"\".c\", 1 AS \"select\", 2 AS change;\n"
        )
    };
    world.write(&shop(1));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "blue"]).code(0);
    let arguments =
        r#"object = 'shop."Core.x"."Or""ders"', key = 'select', allow = '"A ""b"".c" > 0 AND change = 2'"#;
    world.write(&format!("{}{}", shop(2), recipe("green", arguments)));
    let told = world.mzflow(&["run", "look", "--project", "shop", "--yes", "--json"]).code(0);
    let found = found(&told)["objects"][0].clone();
    assert_eq!(found["name"], "shop.\"Core.x\".\"Or\"\"ders\"");
    assert_eq!(counts(&found), [1, 1, 0, 0, 1, 1, 0], "{found}");
    assert_eq!(found["samples"][0]["after"]["A \"b\".c"], 2);
}

#[test]
fn objects_that_are_new_or_gone_and_requests_that_are_wrong() {
    let shop = Shop::new(ALL);
    let other = "-- file: shop/models/shop/core/orders.sql\n\
                 CREATE MATERIALIZED VIEW fresh IN CLUSTER compute AS SELECT 1 AS x;\n";
    std::fs::remove_file(shop.world.folder().join("shop/models/shop/core/orders.sql")).expect("it was there");
    shop.world.write(&other.replace("core/orders.sql", "core/fresh.sql"));
    shop.world.write(&recipe("green", ""));
    let told = shop.world.mzflow(&["run", "look", "--project", "shop", "--yes", "--json"]).code(0);
    let told = found(&told);
    let states: Vec<&Value> =
        told["objects"].as_array().expect("a list").iter().map(|o| &o["state"]).collect();
    assert_eq!(states, ["new", "removed"]);
    assert_eq!(told["objects"][0]["rows_green"], Value::Null);
    assert_eq!(told["unexplained"], 0);
    let wrong = |arguments: &str| {
        shop.world.write(&recipe("green", arguments));
        let told = shop.world.mzflow(&["run", "look", "--project", "shop", "--yes", "--json"]).code(0);
        found_text(&told)
    };
    let unknown = wrong("object = 'shop.core.frsh'");
    assert!(unknown.starts_with("compare.unknown-object: "), "{unknown}");
    assert!(wrong("cluster = 'nowhere'").starts_with("compare.unknown-cluster: "));
    assert!(wrong("object = 'a', objects = {}").starts_with("lua.wrong-argument: "));
    assert!(wrong("samples = -1").starts_with("lua.wrong-argument: "));
    let key = found_text(&shop.look(ALL, "key = 'ix'"));
    assert!(key.starts_with("compare.unknown-key: column `ix` of the key is not on both sides"), "{key}");
}

#[test]
fn what_cannot_be_compared_in_time_or_at_all() {
    let shop = Shop::new(ALL);
    // What is not hydrated makes whoever reads it wait, until the time is over.
    shop.world.sql("ALTER SYSTEM SET sandbox_hydration_stuck = 'orders'");
    let green = format!("{ALL} WHERE id > 1");
    let recipe = recipe("green", "timeout = '200ms'").replace("mz.await", "mz.hydration_status");
    shop.world.write(&format!("{}{recipe}", project(&green)));
    let told = shop.world.mzflow(&["run", "look", "--project", "shop", "--yes", "--json"]).code(0);
    let late = found_text(&told);
    assert!(late.starts_with("compare.timeout: shop.core.orders was not compared within "), "{late}");
    shop.world.sql("ALTER SYSTEM RESET sandbox_hydration_stuck");
    // What a side computes is the server's business, and its words are told.
    let green =
        "SELECT id / 0 AS id, state, amount, at, tags, more FROM shop.raw.orders WHERE id IS NOT NULL";
    let failed = found_text(&shop.look(green, ""));
    assert!(failed.starts_with("compare.failed: shop.core.orders cannot be compared: "), "{failed}");
    assert!(failed.contains("division by zero"), "{failed}");
}

#[test]
fn after_a_promotion_it_is_compared_with_what_it_replaced() {
    let shop = Shop::new(ALL);
    let green = format!("{ALL} WHERE id > 1");
    let before = shop.found(&green, "");
    assert_eq!(counts(&before), [5, 3, 0, 2, 0, 0, 2], "{before}");
    shop.world.mzflow(&["promote", "green0", "--keep", "1h"]).code(0);
    let recipe = "-- file: again.lua\n-- again: compares what is staged.\nreturn mz.recipe { api = 1, name = 'again', summary = 'Compares.', run = function(ctx)\n\
                  local ok, found = pcall(mz.compare, { deployment = 'green0' })\n\
                  mz.log('found ' .. (ok and mz.json.encode(found) or tostring(found)))\nend }\n";
    shop.world.write(recipe);
    let found = found(&shop.world.mzflow(&["run", "again.lua", "--json"]).code(0));
    assert_eq!(counts(&found["objects"][0]), [5, 3, 0, 2, 0, 0, 2], "{found}");
    shop.world.sql("DROP SCHEMA shop.core__green0__mzf CASCADE");
    let gone = found_text(&shop.world.mzflow(&["run", "again.lua", "--json"]).code(0));
    assert!(gone.starts_with("compare.gone: shop.core.orders cannot be compared"), "{gone}");
}

#[test]
fn a_rehearsal_asks_nothing() {
    let shop = Shop::new(ALL);
    shop.world.write(&format!("{}{}", project("SELECT 1 AS id"), recipe("green", "")));
    shop.world.forget();
    let told = shop.world.mzflow(&["run", "look", "--project", "shop", "--dry-run", "--json"]).code(0);
    let told = found(&told);
    assert_eq!((&told["rehearsed"], &told["objects"][0]["state"]), (&json!(true), &json!("same")));
    assert!(shop.world.statements().iter().all(|sql| !sql.contains("EXCEPT ALL")));
}
