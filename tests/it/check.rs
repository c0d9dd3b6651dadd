//! `compile --check`: what the server says of queries that do not stand anywhere yet.

use serde_json::Value;

use crate::harness::World;

/// A project with a table to come, a view on it and a view on that.
const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int NOT NULL, label varchar(20), price numeric(38, 2), tags text list);
CREATE INDEX items_id IN CLUSTER quickstart ON items (id, upper(label));
-- file: shop/models/shop/pub/priced.sql
CREATE VIEW priced AS
SELECT items.id, price * 2 AS twice, tags, label
FROM raw.items;
-- file: shop/models/shop/pub/tops.sql
CREATE MATERIALIZED VIEW tops (item, total, tags) IN CLUSTER quickstart AS
SELECT id, sum(twice), tags FROM priced GROUP BY id, tags;
CREATE INDEX tops_total IN CLUSTER quickstart ON tops (total, tags[1]);
";

fn check(world: &World) -> crate::harness::told::Told {
    world.mzflow(&["compile", "--check", "--project", "shop"])
}

/// The diagnostics of a check, a line each.
fn diagnostics(world: &World) -> String {
    let document = world.mzflow(&["compile", "--check", "--project", "shop", "--json"]).json();
    let line = |one: &Value| {
        let text = |field: &str| one[field].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}:{}:{} {}",
            text("code"),
            text("sqlstate"),
            text("file"),
            one["line"],
            one["column"],
            text("message")
        )
    };
    document["diagnostics"]
        .as_array()
        .expect("there are some")
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_good_project_is_described_and_nothing_is_made() {
    let world = World::new();
    world.write(SHOP);
    world.forget();
    check(&world).code(0).says("2 checked by the server");
    let sent = world.statements();
    let changing = |sql: &&String| !sql.starts_with("SELECT") && !sql.starts_with("SHOW");
    assert_eq!(sent.iter().filter(changing).count(), 0, "{sent:#?}");
    assert_eq!(world.rows("SELECT count(*) FROM mz_objects WHERE id LIKE 'u%'"), "0");
}
