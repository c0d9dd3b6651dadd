//! A command that people are told to type does what is said of it, on the same project and environment.

use crate::harness::World;
use crate::harness::shop::SHOP;
use crate::harness::shop::changed;
use crate::harness::shop::first;
use crate::harness::told::Told;

/// What says where, in a shell that says nothing of it.
const HERE: [&str; 6] = ["--project", "my shop", "--profile", "one", "--profiles-dir", "else where"];

/// The same as it is told.
const TOLD: &str = "--project 'my shop' --profile one --profiles-dir 'else where'";

/// Writes the shop into a folder that a shell needs quotes for.
fn write(world: &World, files: &str) {
    world.write(&files.replace("-- file: shop/", "-- file: my shop/"));
}

/// The shop on the disk, and a profile that leads to the sandbox.
fn shop() -> World {
    let world = World::new();
    write(&world, SHOP);
    let (host, port) = (world.address().ip(), world.address().port());
    world.write(&format!(
        "-- file: else where/profiles.toml\n[one]\nhost = \"{host}\"\nport = {port}\nusername = \"materialize\"\nsslmode = \"disable\"\n"
    ));
    world
}

/// Runs the binary where nothing around it names the sandbox.
fn run(world: &World, words: &[&str], more: &[&str]) -> Told {
    let mut command = world.command(&[words, more].concat());
    let output = command.env_remove("MZFLOW_URL").output().expect("the binary runs");
    Told::new(world, output.status.code(), &output.stdout, &output.stderr)
}

/// The command that was told and begins like this.
#[track_caller]
fn command(told: &Told, begin: &str) -> String {
    let said = format!("{}\n{}", told.stderr, told.stdout);
    let at = said.find(begin).unwrap_or_else(|| panic!("nobody said {begin:?} in:\n{said}"));
    let rest = &said[at..];
    let end = ["   ", "`", "\n"].into_iter().filter_map(|mark| rest.find(mark)).min();
    rest[..end.unwrap_or(rest.len())].to_owned()
}

/// Types a command as it was told.
#[cfg(unix)]
fn typed(world: &World, command: &str) -> Told {
    let words = command.strip_prefix("mzflow ").expect("a command");
    let words = words.replace("[ADDRESS]", &world.address().to_string());
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(format!("'{}' {words}", env!("CARGO_BIN_EXE_mzflow"))).current_dir(world.folder());
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", world.folder());
    let output = shell.output().expect("a shell");
    Told::new(world, output.status.code(), &output.stdout, &output.stderr)
}

#[cfg(unix)]
#[test]
fn what_is_told_is_typed_and_does_what_it_says() {
    let world = shop();
    let told = run(&world, &["run", "blue_green", "--id", "first"], &HERE).code(0);
    let log = command(&told, "mzflow log");
    assert_eq!(log, format!("mzflow log {TOLD}"));
    typed(&world, &log).code(0).says("first");
    write(&world, &changed());
    let told = run(&world, &["stage", "--id", "second"], &HERE).code(0);
    typed(&world, &command(&told, "mzflow wait second")).code(0);
    typed(&world, &command(&told, "mzflow promote second")).code(0).says("second is production");
    assert_eq!(world.rows("SELECT total FROM shop.core.totals"), "20");
    world.write("-- file: my shop/clusters/more.sql\nCREATE CLUSTER more (SIZE = '25cc');\n");
    let url = world.url();
    let told = run(&world, &["diff", "--project", "my shop", "--url", &url], &[]).code(0);
    let apply = command(&told, "mzflow apply");
    assert_eq!(apply, "mzflow apply --project 'my shop' --url postgres://materialize@[ADDRESS]/materialize");
    typed(&world, &apply).code(0);
    run(&world, &["diff", "--project", "my shop", "--url", &url], &[]).code(0).never_says("mzflow apply");
}

#[test]
fn what_a_command_has_no_use_for_is_not_told() {
    let world = shop();
    let told = run(&world, &["recipes"], &HERE).code(0);
    assert_eq!(command(&told, "mzflow eject"), "mzflow eject RECIPE --project 'my shop'");
    // What the shell says it says to the next command too.
    let folder = ("MZ_DEPLOY_PROFILES_DIR", "else where");
    let told = world.mzflow_with(&["list", "--profile", "one"], &[folder]).code(0);
    assert_eq!(command(&told, "mzflow log"), "mzflow log --profile one");
    let told = world.mzflow(&["list", "--project", "."]).code(0);
    assert_eq!(command(&told, "mzflow log"), "mzflow log");
}

#[test]
fn a_new_project_is_told_with_its_own_folder() {
    let world = World::new();
    let told = run(&world, &["new", "new shop", "--project", "other", "--url", &world.url()], &[]).code(0);
    let url = "postgres://materialize@[ADDRESS]/materialize";
    let expected = format!("mzflow run blue_green --project 'new shop' --url {url}");
    assert_eq!(command(&told, "mzflow run"), expected);
    let told = run(&world, &["new", "recipe", "ours", "--project", "new shop"], &[]).code(0);
    assert_eq!(command(&told, "mzflow run"), "mzflow run ours --dry-run --project 'new shop'");
    let told = run(&world, &["eject", "canary", "--project", "new shop"], &[]).code(0);
    assert_eq!(command(&told, "mzflow recipes"), "mzflow recipes check --project 'new shop'");
}

#[test]
fn a_recipe_that_is_not_there_is_looked_for_in_the_project_that_was_named() {
    let world = World::new();
    world.write(SHOP);
    let (project, unread) = (["--project", "shop"], ["--id", "a"]);
    for options in [[project, unread].concat(), [unread, project].concat()] {
        let told = world.mzflow(&[&["run", "nope"], &options[..]].concat()).code(2);
        assert_eq!(command(&told, "mzflow recipes"), "mzflow recipes --project shop");
    }
}

#[test]
fn programs_are_told_the_same() {
    let world = first();
    let told = world.mzflow(&["abort", "nobody", "--project", "shop", "--json"]).code(1).json();
    let next = "list what there is:  mzflow list --project shop   or   mzflow log --project shop";
    assert_eq!(told["error"]["next"], serde_json::json!([next]));
}
