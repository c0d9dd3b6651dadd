//! `mzflow lock`: what is written, and when nothing is.

use expect_test::expect;
use mzflow::sandbox::Options;

use crate::harness::World;

/// A project that reads something of a database of others, of the system, and of a source.
const SHOP: &str = "\
-- file: shop/project.toml
dependencies = [\"ext.in.clicks\", \"mz_catalog.mz_tables\"]
-- file: shop/models/shop/raw/auction.sql
CREATE SOURCE auction IN CLUSTER quickstart FROM LOAD GENERATOR AUCTION;
-- file: shop/models/shop/raw/fed.sql
CREATE TABLE fed FROM SOURCE auction (REFERENCE auction.bids);
-- file: shop/models/shop/raw/own.sql
CREATE TABLE own (id int);
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT clicks.id FROM ext.\"in\".clicks, raw.fed, raw.own, mz_tables;
";

fn lock(world: &World, more: &[&str]) -> crate::harness::told::Told {
    world.mzflow(&[&["lock", "--project", "shop"], more].concat())
}

fn file(world: &World) -> Option<String> {
    std::fs::read_to_string(world.folder().join("shop/types.lock")).ok()
}

fn with_clicks() -> World {
    let settings = vec![("enable_create_table_from_source".to_owned(), "on".to_owned())];
    let world = World::with(Options { settings, ..Options::default() });
    world.write(SHOP);
    world.sql("CREATE DATABASE ext");
    world.sql("CREATE SCHEMA ext.\"in\"");
    world.sql("CREATE TABLE ext.\"in\".clicks (id int NOT NULL, at timestamptz(3), price numeric(38, 2), tags text list)");
    world.sql("COMMENT ON TABLE ext.\"in\".clicks IS 'each \"click\"'");
    world.sql("COMMENT ON COLUMN ext.\"in\".clicks.at IS 'when'");
    world
}

#[test]
fn everything_that_is_missing_is_told_and_nothing_written() {
    let world = World::new();
    world.write(SHOP);
    let told = lock(&world, &[]).code(3).says("[lock.missing]: 2 of 3 objects to lock are not in the target");
    told.says("ext.\"in\".clicks").says("shop.raw.fed").says("nothing was written");
    assert_eq!(file(&world), None);
}

#[test]
fn what_is_there_is_written_down_once() {
    let world = with_clicks();
    world.mzflow(&["apply", "--project", "shop"]).code(0).never_says("types.lock");
    let dry = lock(&world, &["--dry-run"]).code(0).says("not written");
    assert_eq!(file(&world), None);
    lock(&world, &[]).code(0).says("3 objects, types.lock written").never_says("warning");
    let text = file(&world).expect("it is written");
    assert_eq!(dry.stdout.trim_end(), text.trim_end());
    expect![[r##"
        # The columns of what this project reads and does not define, as `mzflow lock` found them.
        # Commit this file; write it anew with `mzflow lock` when an upstream table changes.
        version = 1

        [[table]]
        name = "ext.in.clicks"
        comment = "each \"click\""
        columns = [
            { name = "id", type = "integer", nullable = false },
            { name = "at", type = "timestamp(3) with time zone", nullable = true, comment = "when" },
            { name = "price", type = "numeric(39,2)", nullable = true },
            { name = "tags", type = "text list", nullable = true },
        ]

        [[table]]
        name = "shop.raw.fed"
        columns = [
            { name = "id", type = "bigint", nullable = false },
            { name = "buyer", type = "bigint", nullable = false },
            { name = "auction_id", type = "bigint", nullable = false },
            { name = "amount", type = "integer", nullable = false },
            { name = "bid_time", type = "timestamp with time zone", nullable = false },
        ]

        [[table]]
        name = "mz_catalog.mz_tables"
        columns = [
            { name = "id", type = "text", nullable = false },
            { name = "oid", type = "oid", nullable = false },
            { name = "schema_id", type = "text", nullable = false },
            { name = "name", type = "text", nullable = false },
            { name = "owner_id", type = "text", nullable = false },
            { name = "privileges", type = "mz_aclitem[]", nullable = false },
            { name = "create_sql", type = "text", nullable = true },
            { name = "redacted_create_sql", type = "text", nullable = true },
            { name = "source_id", type = "text", nullable = true },
        ]
    "##]]
    .assert_eq(&text);
    lock(&world, &[]).code(0).says("types.lock is up to date");
    let document = lock(&world, &["--json"]).code(0).json();
    assert_eq!(document["warnings"], serde_json::json!([]));
    assert_eq!(document["written"], false);
    assert_eq!(document["locked"][0]["name"], "ext.\"in\".clicks");
    assert_eq!(document["locked"][0]["columns"], 4);
    assert_eq!(std::fs::read_dir(world.folder().join("shop")).expect("a folder").count(), 3);
    world.mzflow(&["compile", "--check", "--project", "shop"]).code(0).never_says("check.drift");
}

#[test]
fn a_type_that_somebody_made_is_told_in_full_and_the_comment_of_a_schema_is_not_a_table_s() {
    let world = World::new();
    world.write(
        "-- file: shop/project.toml
dependencies = [\"ext.far.t\"]
-- file: shop/models/shop/pub/v.sql
CREATE VIEW v AS SELECT ids FROM ext.far.t;
",
    );
    world.sql("CREATE DATABASE ext");
    world.sql("CREATE SCHEMA ext.far");
    world.sql("CREATE TYPE ext.far.ids AS LIST (ELEMENT TYPE = int4)");
    // Schemas and objects are counted apart, so one of these has the number of the table.
    for number in 0..8 {
        world.sql(&format!("CREATE TABLE ext.far.other{number} (a int)"));
        world.sql(&format!("CREATE SCHEMA ext.s{number}"));
        world.sql(&format!("COMMENT ON SCHEMA ext.s{number} IS 'not of the table'"));
    }
    world.sql("CREATE TABLE ext.far.t (ids ext.far.ids)");
    let alike = "SELECT count(*) FROM mz_schemas s JOIN mz_tables t ON t.id = s.id WHERE t.name = 't'";
    assert_eq!(world.rows(alike), "1");
    lock(&world, &[]).code(0).says("1 object, types.lock written");
    let text = file(&world).expect("it is written");
    const FULL: &str = r#"\"ext\".\"far\".\"ids\""#;
    assert!(text.contains(&format!("type = \"{FULL}\"")) && !text.contains("not of the table"), "{text}");
    let check = || world.mzflow(&["compile", "--check", "--project", "shop"]);
    check().code(0).never_says("check.drift");
    // What an older file or another tool calls it is no other type.
    world.write(&format!("-- file: shop/types.lock\n{}", text.replace(FULL, "ids")));
    check().code(0).never_says("check.drift");
}

#[test]
fn a_type_that_nobody_tells_is_said() {
    let world = with_clicks();
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    world.faults("error '42501' before 'SELECT pg_typeof%'");
    lock(&world, &[]).code(0).says("[lock.untold-type]").says("clicks.tags` only that it is a list");
    world.faults("error '42501' before 'SELECT pg_typeof%'");
    let document = lock(&world, &["--json"]).code(0).json();
    assert_eq!(document["warnings"].as_array().map(Vec::len), Some(1));
    assert!(
        file(&world)
            .expect("it is written")
            .contains("{ name = \"tags\", type = \"list\", nullable = true }")
    );
}

#[test]
fn apply_writes_an_existing_file_anew() {
    let world = with_clicks();
    world.write("-- file: shop/types.lock\nversion = 1\n");
    world.mzflow(&["apply", "--project", "shop"]).code(0).says("types.lock was written anew");
    assert!(file(&world).expect("it is there").contains("[[table]]\nname = \"ext.in.clicks\""));
    world.mzflow(&["apply", "--project", "shop"]).code(0).never_says("types.lock was written");
    world.sql("DROP TABLE ext.\"in\".clicks");
    let told = world.mzflow(&["apply", "--project", "shop"]).code(0);
    told.says("types.lock was left as it is: 1 of 3 objects to lock are not in the target");
    world.mzflow(&["apply", "--project", "shop", "--dry-run"]).code(0).never_says("types.lock");
}

#[test]
fn with_nothing_to_lock_nobody_is_asked() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n-- file: shop/types.lock\nversion = 1\n-- file: shop/models/shop/pub/v.sql\nCREATE VIEW v AS SELECT 1 AS a\n");
    let url = ["--url", "postgres://nobody@127.0.0.1:1/nowhere"];
    lock(&world, &url).code(0).says("nothing to lock");
    assert_eq!(file(&world).as_deref(), Some("version = 1\n"));
    assert_eq!(lock(&world, &[url[0], url[1], "--json"]).code(0).json()["written"], false);
}

#[test]
fn a_broken_file_is_a_mistake_in_the_project() {
    let world = World::new();
    world.write("-- file: shop/project.toml\n-- file: shop/types.lock\nversion = 1\n[[table]]\nname = 1\n-- file: shop/models/shop/pub/v.sql\nCREATE VIEW v AS SELECT 1 AS a\n");
    let told = world.mzflow(&["compile", "--project", "shop"]).code(1);
    told.says("error[project.invalid-lock]")
        .says("types.lock:3:8")
        .says("write it anew with `mzflow lock --project shop`");
}

#[test]
fn a_folder_in_its_place_is_no_file() {
    let world = with_clicks();
    world.mzflow(&["apply", "--project", "shop"]).code(0);
    std::fs::create_dir(world.folder().join("shop/types.lock")).expect("a folder in the way");
    // A folder is no file: it is told as what cannot be read before anything is asked.
    lock(&world, &[]).code(1).says("types.lock");
}
