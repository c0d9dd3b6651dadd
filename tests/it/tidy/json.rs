//! The page of JSON documents tells every field and every event that there is.

use super::tree;
use super::tree::File;

/// Where documents and events are put together by hand.
const WRITTEN: &str = "src/cli/";

/// Where whole types are documents: whatever of a primitive can be serialised.
const SERIALISED: &str = "src/primitives/";

/// A primitive whose result is a recipe's alone.
const ONLY_LUA: &str = "src/primitives/query/";

/// The keys of `json!` literals and the names of events in a file, numbered by their lines.
fn written(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // What a verb was asked is recorded with its run and is no document.
    for (number, line) in file.code("json").into_iter().filter(|(_, line)| !line.contains(".verb(")) {
        let quoted: Vec<&str> = line.split('"').collect();
        for (at, text) in quoted.iter().enumerate().filter(|(at, _)| at % 2 == 1) {
            let behind = quoted.get(at + 1).copied().unwrap_or("");
            let is_key = behind.starts_with(": ") && is_word(text, "_");
            let is_event = file.path.ends_with("narrate.rs") && text.contains('.') && is_word(text, ".-");
            if is_key || is_event {
                found.push((number, (*text).to_owned()));
            }
        }
    }
    found
}

fn is_word(text: &str, besides: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || besides.contains(c))
}

/// The fields of types that can be serialised, numbered by their lines.
fn serialised(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let (mut inside, mut derived, mut skipped) = (false, false, false);
    for (number, line) in file.code("json") {
        derived |= line.starts_with("#[derive(") && line.contains("Serialize");
        if line.starts_with("pub struct") || line.starts_with("pub enum") || line.starts_with('}') {
            inside = derived && line.starts_with("pub struct");
            derived = false;
        }
        let line = line.trim();
        let field = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")).map(|(name, _)| name);
        match field.filter(|name| inside && is_word(name, "_")) {
            Some(_) if std::mem::take(&mut skipped) => {}
            Some(name) => found.push((number, name.to_owned())),
            None => skipped |= inside && line == "#[serde(skip)]",
        }
    }
    found
}

fn offences(file: &File, page: &str) -> Vec<String> {
    let names = match &file.path {
        path if path.starts_with(ONLY_LUA) => Vec::new(),
        path if path.starts_with(WRITTEN) => written(file),
        path if path.starts_with(SERIALISED) => serialised(file),
        _ => Vec::new(),
    };
    // `.name` and `name[]` tell of a field as well as `name` does.
    let told = |name: &str| {
        [format!("`{name}`"), format!("`{name}[]`"), format!("`.{name}`"), format!("`.{name}[]`")]
            .iter()
            .any(|form| page.contains(form.as_str()))
    };
    let untold = names.into_iter().filter(|(_, name)| !told(name));
    untold
        .map(|(number, name)| format!("{}:{number}: docs/json.md does not tell of `{name}`", file.path))
        .collect()
}

#[test]
fn every_field_and_every_event_is_told() {
    let page = std::fs::read_to_string(tree::root().join("docs/json.md")).expect("the page is there");
    let found: Vec<String> = tree::files("src", "rs").iter().flat_map(|file| offences(file, &page)).collect();
    tree::none(&found);
}

#[test]
fn an_untold_field_or_event_is_found() {
    let narrate = File::made_up(
        "src/cli/narrate.rs",
        "=> (\"swap.undone\", json!({ \"epoch\": to, \"why\": why })),\n",
    );
    let swap = "#[derive(Clone, Serialize)]\npub struct Outcome {\n    #[serde(skip)]\n    pub plan: Plan,\n    pub epoch: u64,\n    pub pairs: usize,\n}\n";
    let swap = File::made_up("src/primitives/swap/mod.rs", swap);
    let page = "| `epoch` | the one it made |";
    let found: Vec<String> = [narrate, swap].iter().flat_map(|file| offences(file, page)).collect();
    assert_eq!(
        found,
        [
            "src/cli/narrate.rs:1: docs/json.md does not tell of `swap.undone`",
            "src/cli/narrate.rs:1: docs/json.md does not tell of `why`",
            "src/primitives/swap/mod.rs:6: docs/json.md does not tell of `pairs`",
        ]
    );
}
