//! A primitive is a room, a page and a function of `mz`, all of the same name.

use std::collections::BTreeSet;

use super::tree;
use super::tree::File;

/// The folders of `src/primitives/` that are primitives: what they share has no `run`.
fn rooms(files: &[File]) -> BTreeSet<String> {
    let head = |file: &&File| file.path.ends_with("/mod.rs") && file.path.matches('/').count() == 3;
    let runs = |file: &&File| {
        file.text.lines().any(|line| line.starts_with("pub async fn run(") || line.starts_with("pub fn run("))
    };
    files
        .iter()
        .filter(head)
        .filter(runs)
        .filter_map(|file| Some(file.path.split('/').nth(2)?.to_owned()))
        .collect()
}

/// The pages of `docs/primitives/`.
fn pages(files: &[File]) -> BTreeSet<String> {
    let name = |file: &File| Some(file.path.rsplit('/').next()?.strip_suffix(".md")?.to_owned());
    files.iter().filter_map(name).collect()
}

/// The functions directly below `mz` in the stubs.
fn functions(stubs: &str) -> BTreeSet<String> {
    let named = stubs.lines().filter_map(|line| line.strip_prefix("function mz.")?.split('(').next());
    named.filter(|name| !name.contains('.')).map(str::to_owned).collect()
}

/// Where the three differ; without stubs, where the two do.
fn offences(
    rooms: &BTreeSet<String>,
    pages: &BTreeSet<String>,
    functions: Option<&BTreeSet<String>>,
) -> Vec<String> {
    let unwritten = rooms.difference(pages).map(|name| format!("docs/primitives/{name}.md is missing"));
    let idle = pages.difference(rooms).map(|name| format!("docs/primitives/{name}.md tells of no primitive"));
    let uncallable = functions.into_iter().flat_map(|functions| {
        rooms.difference(functions).map(|name| format!("`mz.{name}` is not in lua/mzflow.d.lua"))
    });
    unwritten.chain(idle).chain(uncallable).collect()
}

/// What a page has to say, as headings, each once and in this order.
const HEADINGS: [&str; 4] = ["## In Lua", "## What is sent", "## What is refused", "## After a crash"];

fn unsaid(page: &File) -> Vec<String> {
    let said: Vec<&str> = page.text.lines().filter(|line| line.starts_with("## ")).collect();
    let wanted: Vec<&str> = said.iter().filter(|line| HEADINGS.contains(line)).copied().collect();
    if wanted == HEADINGS {
        Vec::new()
    } else {
        vec![format!("{}: not the headings {}", page.path, HEADINGS.join(", "))]
    }
}

#[test]
fn primitives_pages_and_functions_agree() {
    let stubs = std::fs::read_to_string(tree::root().join("lua/mzflow.d.lua")).ok();
    let functions = stubs.as_deref().map(functions);
    let written = tree::files("docs/primitives", "md");
    let mut found =
        offences(&rooms(&tree::files("src/primitives", "rs")), &pages(&written), functions.as_ref());
    found.extend(written.iter().flat_map(unsaid));
    tree::none(&found);
}

#[test]
fn a_primitive_without_a_page_or_a_function_is_found() {
    let room = File::made_up("src/primitives/shift/mod.rs", "pub async fn run(\n    ctx: &mut Ctx,\n");
    let shared = File::made_up("src/primitives/changes/mod.rs", "pub fn assess(\n");
    let page = File::made_up("docs/primitives/swop.md", "# swop\n\n## In Lua\n");
    assert_eq!(
        offences(
            &rooms(&[room, shared]),
            &pages(std::slice::from_ref(&page)),
            Some(&functions("function mz.swap(request) end\n"))
        ),
        [
            "docs/primitives/shift.md is missing",
            "docs/primitives/swop.md tells of no primitive",
            "`mz.shift` is not in lua/mzflow.d.lua",
        ]
    );
    assert_eq!(unsaid(&page).len(), 1);
}
