//! Renames that the server would refuse are found before anything is made.

use super::changing;
use super::second;
use super::staged;
use super::total;
use super::waiting;
use super::with_ids;
use crate::harness::World;

/// A project whose second version is a trap: what changes in it, and what is told of it.
#[track_caller]
fn trapped(first: &str, changed: &str, says: &str) {
    let world = World::new();
    world.write(&format!("-- file: shop/project.toml\n{first}"));
    world.mzflow(&["run", "blue_green", "--project", "shop", "--id", "first"]).code(0);
    world.write(changed);
    let before = with_ids(&world);
    world.forget();
    let told = second(&world, &[]).code(3).says("[stage.rename-trap]").says(says);
    told.says("nothing was changed").says("--isolation schema");
    assert_eq!((with_ids(&world), changing(&world)), (before, Vec::new()));
    world.mzflow(&["diff", "--project", "shop"]).code(0).says("--isolation object   not possible: ");
    world.mzflow(&["run", "blue_green", "--project", "shop", "--isolation", "schema"]).code(0);
    assert_eq!(staged(&world), "");
}

#[test]
fn each_trap_is_found_before_anything_is_made() {
    trapped(
        "-- file: shop/models/shop/core/total.sql\nCREATE VIEW total AS SELECT 1 AS total;\n",
        "-- file: shop/models/shop/core/total.sql\nCREATE VIEW total AS SELECT 2 AS total;\n",
        "shop.core.total cannot be renamed: it has `total` as",
    );
    let orders = "-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT 1 AS id;\n";
    let report =
        |query: &str| format!("-- file: shop/models/shop/serve/report.sql\nCREATE VIEW report AS {query};\n");
    for query in [
        "SELECT orders.id FROM core.orders AS orders",
        "SELECT id AS orders FROM core.orders",
        "WITH orders AS (SELECT id FROM core.orders) SELECT id FROM orders",
    ] {
        trapped(
            &format!("{orders}{}", report(query)),
            &orders.replace("1 AS id", "2 AS id"),
            "shop.core.orders cannot be renamed: shop.serve.report, which reads it, has `orders` as",
        );
    }
    trapped(
        &format!(
            "{orders}{}{}",
            orders.replace("core/", "other/"),
            report("SELECT o.id FROM core.orders AS o, other.orders AS p")
        ),
        &orders.replace("1 AS id", "2 AS id"),
        "shop.core.orders cannot be renamed: shop.serve.report, which reads it, has `orders` as",
    );
}

#[test]
fn a_view_of_others_that_is_a_trap_is_found_and_so_is_one_that_comes_later() {
    let world = waiting();
    world.sql("CREATE DATABASE theirs");
    world.sql("CREATE VIEW theirs.public.counted AS SELECT count(*) AS orders FROM shop.core.orders");
    let told = second(&world, &[]).code(3).says("[stage.rename-trap]");
    told.says("theirs.public.counted, which reads it, has `orders` as");
    world.sql("DROP VIEW theirs.public.counted");
    world.mzflow(&["stage", "--project", "shop", "--yes", "--isolation", "object", "--id", "second"]).code(0);
    world.sql("CREATE VIEW theirs.public.counted AS SELECT count(*) AS orders FROM shop.core.orders");
    let before = with_ids(&world);
    let told = world.mzflow(&["promote", "second"]).code(1);
    told.says("[swap.rejected]").says("renaming conflict").says("nothing was changed");
    assert_eq!((with_ids(&world), total(&world).as_str()), (before, "10"));
    world.sql("DROP VIEW theirs.public.counted");
    world.mzflow(&["promote", "second"]).code(0);
    assert_eq!(total(&world), "20");
}
