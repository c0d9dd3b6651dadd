//! Each outside crate has one room; only what is free everywhere may be used anywhere.

use super::tree;
use super::tree::File;

/// Each crate with the rooms it may be used in.
const CRATES: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["cli"]),
    ("async_trait", &["sandbox"]),
    ("aws_config", &["vault"]),
    ("aws_sdk_secretsmanager", &["vault"]),
    ("aws_smithy_http_client", &["vault"]),
    ("chrono", &["cli", "db", "lua", "primitives", "sandbox"]),
    ("chrono_tz", &["lua"]),
    ("clap", &["cli"]),
    ("console", &["cli"]),
    ("crc32fast", &["sandbox"]),
    ("crossterm", &["cli"]),
    ("csv", &["sandbox"]),
    ("datafusion", &["sandbox"]),
    ("full_moon", &["lua"]),
    ("futures_util", &["db", "primitives", "sandbox", "lua", "cli"]),
    ("imbl", &["sandbox"]),
    ("indicatif", &["cli"]),
    ("libc", &[]),
    ("mimalloc", &[]),
    ("mlua", &["lua"]),
    ("notify", &["watch"]),
    ("petgraph", &["compiler"]),
    ("pgwire", &["sandbox"]),
    ("quick_junit", &["cli"]),
    ("ratatui", &["cli"]),
    ("rayon", &["compiler"]),
    ("rustc_hash", &["compiler", "sql"]),
    ("reqwest", &["outside"]),
    ("rustls", &["db", "outside"]),
    ("rustls_platform_verifier", &["db", "outside"]),
    ("sha2", &["sandbox", "sql"]),
    ("smol_str", &["name"]),
    ("sqlparser", &["sql"]),
    ("strsim", &["cli", "compiler", "lua", "primitives"]),
    ("tokio_postgres", &["db"]),
    ("tokio_postgres_rustls", &["db"]),
    ("toml", &["cli", "compiler"]),
    ("tracing_subscriber", &["cli"]),
];

/// Free in every room: `serde`, `serde_json`, `thiserror`, `tracing`, and `tokio` outside the pure
/// ones.
const WITHOUT_TOKIO: &[&str] =
    &["name", "deployment", "event", "recipes", "sql", "compiler", "plan", "catalog"];

fn offences(file: &File) -> Vec<String> {
    let Some(room) = file.room() else { return Vec::new() };
    let mut found = Vec::new();
    for (number, line) in file.code("crates") {
        for (name, rooms) in CRATES {
            if uses(line, name) && !rooms.contains(&room) {
                found.push(format!("{}:{number}: crate `{name}` belongs to {}", file.path, rooms.join(", ")));
            }
        }
        if uses(line, "tokio") && WITHOUT_TOKIO.contains(&room) {
            found.push(format!("{}:{number}: `{room}` is pure and does without tokio", file.path));
        }
    }
    found
}

fn uses(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn crates_stay_in_their_rooms() {
    let found: Vec<String> = tree::files("src", "rs").iter().flat_map(offences).collect();
    tree::none(&found);
}

#[test]
fn every_dependency_has_a_row_or_is_free() {
    let manifest = std::fs::read_to_string(tree::root().join("Cargo.toml")).expect("the manifest is there");
    let manifest: toml::Table = manifest.parse().expect("it is TOML");
    let free = ["serde", "serde_json", "thiserror", "tracing", "tokio"];
    let named: Vec<&str> = CRATES.iter().map(|(name, _)| *name).chain(free).collect();
    let dependencies = manifest["dependencies"].as_table().expect("there are dependencies");
    let unknown: Vec<String> = dependencies
        .keys()
        .map(|name| name.replace('-', "_"))
        .filter(|name| !named.contains(&name.as_str()))
        .map(|name| format!("`{name}` is a dependency without a room"))
        .collect();
    tree::none(&unknown);
}

#[test]
fn a_crate_out_of_its_room_is_found() {
    let bad = File::made_up("src/cli/mod.rs", "use mlua::Lua;\nlet x = my_mlua::Y;\n");
    assert_eq!(offences(&bad), ["src/cli/mod.rs:1: crate `mlua` belongs to lua"]);
    let bad = File::made_up("src/plan/mod.rs", "use tokio::sync::Mutex;\n");
    assert_eq!(offences(&bad), ["src/plan/mod.rs:1: `plan` is pure and does without tokio"]);
}
