//! Enforced constraints: what breaks one is a row of a materialized view that is deployed with the rest.

use expect_test::expect;

use crate::harness::World;

const SHOP: &str = "\
-- file: shop/project.toml
-- file: shop/clusters/compute.sql
CREATE CLUSTER compute (SIZE = '25cc');
-- file: shop/clusters/checks.sql
CREATE CLUSTER checks (SIZE = '25cc');
-- file: shop/models/shop/raw/items.sql
CREATE TABLE items (id int, label text);
-- file: shop/models/shop/raw/lines.sql
CREATE TABLE lines (id int, item int);
-- file: shop/models/shop/core/items.sql
CREATE MATERIALIZED VIEW items IN CLUSTER compute AS SELECT id, label FROM raw.items;
CREATE PRIMARY KEY IN CLUSTER checks ON items (id);
-- file: shop/models/shop/core/lines.sql
CREATE MATERIALIZED VIEW lines IN CLUSTER compute AS SELECT id, item FROM raw.lines;

CREATE FOREIGN KEY known_item IN CLUSTER checks
  ON lines (item) REFERENCES items (id);
";

fn violations(world: &World) -> (String, String) {
    let keys = world.rows("SELECT id, count FROM shop.core.items_id_pk ORDER BY 1");
    (keys, world.rows("SELECT item FROM shop.core.known_item ORDER BY 1"))
}

#[test]
fn what_breaks_a_constraint_is_a_row() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.sql("INSERT INTO shop.raw.items VALUES (1, 'a'), (1, 'b'), (2, 'c')");
    world.sql("INSERT INTO shop.raw.lines VALUES (10, 1), (11, 3)");
    assert_eq!(violations(&world), ("1 2".to_owned(), "3".to_owned()));
    let comments = world.rows(
        "SELECT o.name, c.comment FROM mz_internal.mz_comments c JOIN mz_objects o ON o.id = c.id \
         WHERE c.object_type = 'materialized-view' ORDER BY 1",
    );
    expect![[r#"
        items_id_pk CREATE PRIMARY KEY IN CLUSTER checks ON items (id)
        known_item CREATE FOREIGN KEY known_item IN CLUSTER checks
          ON lines (item) REFERENCES items (id)"#]]
    .assert_eq(&comments);
    world.mzflow(&["diff", "--project", "shop", "--exit-code"]).code(0);
}

#[test]
fn a_changed_constraint_is_a_change_with_its_place() {
    let world = World::new();
    world.write(SHOP);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(&SHOP.replace(
        "PRIMARY KEY IN CLUSTER checks ON items (id)",
        "UNIQUE CONSTRAINT IN CLUSTER checks ON items (label)",
    ));
    let diff = world.mzflow(&["diff", "--project", "shop", "--json"]).code(0).json();
    let told: Vec<String> = diff["objects"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|object| {
            format!("{} {}", object["name"].as_str().unwrap_or("?"), object["change"].as_str().unwrap_or("?"))
        })
        .collect();
    expect![[r#"
        shop.core.items changed
        shop.core.items_label_unique added
        shop.core.lines carried
        shop.core.known_item dependent
        shop.core.items_id_pk removed"#]]
    .assert_eq(&told.join("\n"));
    let explained = world.mzflow(&["explain", "items_label_unique", "--project", "shop"]).code(0);
    expect![[r#"
        shop.core.items_label_unique is added
          because of models/shop/core/items.sql:2"#]]
    .assert_eq(&explained.stdout);
    let explained = world.mzflow(&["explain", "known_item", "--project", "shop"]).code(0);
    expect![[r#"
        shop.core.known_item is dependent
          because it reads shop.core.items, which is changed   models/shop/core/items.sql:1"#]]
    .assert_eq(&explained.stdout);
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "second", "--yes"]).code(0);
    world.sql("INSERT INTO shop.raw.items VALUES (1, 'a'), (2, 'a')");
    assert_eq!(world.rows("SELECT label, count FROM shop.core.items_label_unique"), "a 2");
    assert!(world.try_sql("SELECT * FROM shop.core.items_id_pk").is_err());
    world.mzflow(&["diff", "--project", "shop", "--exit-code"]).code(0);
}

#[test]
fn what_the_server_refuses_of_a_constraint_is_told_at_the_constraint() {
    let world = World::new();
    let text = SHOP.replace("SELECT id, label FROM raw.items", "SELECT * FROM raw.items");
    world.write(&text.replace("ON items (id);", "ON items (nothing);"));
    world.mzflow(&["run", "blue_green", "--project", "shop"]).code(1).says("models/shop/core/items.sql:2");
}
