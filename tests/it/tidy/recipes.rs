//! A recipe says in its head what it does, and has a page; an example says what it is.

use super::tree;
use super::tree::File;

/// The least that a head says: what the recipe does, and more than its name.
const FEWEST_WORDS: usize = 8;

fn offences(file: &File, pages: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    let head = file.text.lines().take_while(|line| line.starts_with("--"));
    let words = head.flat_map(|line| line.trim_start_matches('-').split_whitespace()).count();
    if words < FEWEST_WORDS {
        found.push(format!("{}: its head does not say what it does", file.path));
    }
    let name = file.path.strip_prefix("recipes/").and_then(|path| path.strip_suffix(".lua"));
    let page = name.map(|name| format!("docs/recipes/{name}.md"));
    found.extend(
        page.filter(|page| pages.iter().all(|file| file.path != *page))
            .map(|page| format!("{page} is missing")),
    );
    found
}

#[test]
fn every_recipe_says_what_it_does() {
    let pages = tree::files("docs/recipes", "md");
    let recipes = ["recipes", "examples"].map(|folder| tree::files(folder, "lua"));
    let found: Vec<String> = recipes.iter().flatten().flat_map(|file| offences(file, &pages)).collect();
    tree::none(&found);
}

/// An example's head is that of its `project.toml`.
fn silent(example: &File) -> Option<String> {
    let head = example.text.lines().take_while(|line| line.starts_with('#'));
    let words = head.flat_map(|line| line.trim_start_matches('#').split_whitespace()).count();
    (words < FEWEST_WORDS).then(|| format!("{}: its head does not say what it is", example.path))
}

#[test]
fn every_example_says_what_it_is() {
    let examples = tree::files("examples", "toml");
    let heads = examples.iter().filter(|file| file.path.ends_with("/project.toml"));
    tree::none(&heads.filter_map(silent).collect::<Vec<_>>());
}

#[test]
fn a_silent_recipe_or_example_is_found() {
    assert!(silent(&File::made_up("examples/x/project.toml", "# x\ndependencies = []\n")).is_some());
    let bad = File::made_up("recipes/quick.lua", "-- quick\nreturn mz.recipe {}\n");
    assert_eq!(
        offences(&bad, &[]),
        ["recipes/quick.lua: its head does not say what it does", "docs/recipes/quick.md is missing"]
    );
    let page = File::made_up("docs/recipes/quick.md", "# quick\n");
    let good = File::made_up("recipes/quick.lua", "-- quick: stages beside production and swaps at once.\n");
    assert!(offences(&good, &[page]).is_empty());
}
