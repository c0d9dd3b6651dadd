//! Every file says in its first line what it is for.

use super::tree;
use super::tree::File;

fn offence(file: &File) -> Option<String> {
    let first = file.text.lines().next().unwrap_or("");
    let head = if file.path.ends_with(".lua") { "--" } else { "//!" };
    // Tests beside a room belong to the room's own head.
    let beside = file.path.starts_with("src/") && file.path.ends_with("tests.rs");
    (!beside && !first.starts_with(head)).then(|| format!("{}: no `{head}` in its first line", file.path))
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = ["src", "tests", "benches"].map(|folder| tree::files(folder, "rs"));
    let lua = ["lua", "recipes"].map(|folder| tree::files(folder, "lua"));
    let found: Vec<String> = files.iter().chain(&lua).flatten().filter_map(offence).collect();
    tree::none(&found);
}

#[test]
fn a_silent_file_is_found() {
    assert!(offence(&File::made_up("src/x.rs", "use std::fmt;\n")).is_some());
    assert!(offence(&File::made_up("recipes/x.lua", "return 1\n")).is_some());
}
