//! The recipes of the cookbook are right, and each does what the page says.

use crate::harness::World;
use crate::harness::blocks;

/// A world with the example and every file of the page in it.
fn world() -> World {
    let world = World::new();
    let shop = world.example("shop");
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook.md");
    let files = blocks::files(&std::fs::read_to_string(page).expect("the page is there"));
    assert!(files.len() > 10, "a cookbook has recipes");
    for (path, text) in files {
        let path = shop.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    world
}

#[track_caller]
fn run(world: &World, recipe: &str, more: &[&str], code: i32, says: &str) {
    let mut words = vec!["run", recipe, "--project", "shop", "--yes"];
    words.extend(more);
    world.mzflow(&words).code(code).says(says);
}

fn change(world: &World, amount: u32) {
    world.write(&format!(
        "-- file: shop/models/shop/core/orders.sql\nCREATE VIEW orders AS SELECT {amount} AS id, 'pear' AS item, {amount} AS amount;\n"
    ));
}

#[test]
fn every_file_is_right() {
    world().mzflow(&["recipes", "check", "--project", "shop"]).code(0).says("nothing wrong");
}

#[test]
fn recipes_that_deploy() {
    let world = world();
    run(&world, "pull_request", &[], 0, "2 objects would be rebuilt");
    run(&world, "only_if_empty", &[], 3, "shop.core.orders is added");
    run(&world, "frugal", &[], 0, "is production, isolated by cluster");
    run(&world, "only_if_empty", &[], 0, "production is what the project says");
    change(&world, 1);
    run(&world, "frugal", &["--most", "1"], 0, "is production, isolated by schema");
    change(&world, 2);
    run(&world, "hold", &["--id", "held"], 0, "held is production");
    change(&world, 3);
    run(&world, "watched", &["--id", "w", "--count", "2", "--interval", "0s"], 0, "w is production");
    run(&world, "nightly", &[], 0, "0 dropped");
    run(&world, "nightly", &["--abandoned", "0s"], 0, "0 dropped");
}

#[test]
fn recipes_that_say_no() {
    let world = world();
    run(&world, "blue_green", &["--id", "zero"], 0, "zero is production");
    change(&world, 7);
    run(&world, "gates", &["--id", "one", "--least", "0.3"], 0, "one is production");
    change(&world, 8);
    run(&world, "gates", &["--id", "two", "--least", "2"], 3, "the checks did not pass");
    run(&world, "ask_first", &["--id", "two"], 5, "mzflow approve");
    run(&world, "blue_green", &["--id", "two", "--policy", "weekdays", "--dry-run"], 0, "weekdays");
}

#[test]
fn several_projects() {
    let world = world();
    let project = |name: &str, view: &str| {
        world.write(&format!(
            "-- file: shop/{name}/project.toml\n-- file: shop/{name}/models/{name}/core/v.sql\nCREATE VIEW v AS {view};\n"
        ));
    };
    project("first", "SELECT 1 AS id");
    project("second", "SELECT 2 AS id");
    run(&world, "in_order", &["--path", "first", "--path", "second"], 0, "2 projects are production");
    project("first", "SELECT 3 AS id");
    project("second", "SELECT 4 AS id");
    let regions = ["--region", "first", "--region", "second", "--watch", "0s"];
    run(&world, "regions", &regions, 0, "2 regions are production");
}
