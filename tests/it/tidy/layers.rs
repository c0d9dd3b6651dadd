//! Layers point down only: a room imports no room but those its row allows.

use super::tree;
use super::tree::File;

/// Each room of `src/` with the rooms it may import, lowest first.
const ROOMS: &[(&str, &[&str])] = &[
    ("name", &[]),
    ("clock", &[]),
    ("recipes", &[]),
    ("sql", &["name"]),
    ("deployment", &["name", "clock"]),
    ("event", &["name", "clock", "deployment"]),
    ("compiler", &["name", "sql"]),
    ("plan", &["name", "deployment", "sql"]),
    ("catalog", &["name", "plan"]),
    ("db", &["name", "clock", "deployment", "event", "plan", "catalog"]),
    ("vault", &["db"]),
    ("outside", &[]),
    ("watch", &["clock"]),
    ("sandbox", &["name", "clock", "sql"]),
    (
        "primitives",
        &["name", "clock", "deployment", "event", "sql", "compiler", "plan", "catalog", "db", "vault"],
    ),
    ("lua", &["name", "clock", "deployment", "event", "recipes", "primitives", "outside"]),
    (
        "cli",
        &[
            "name",
            "clock",
            "recipes",
            "deployment",
            "event",
            "compiler",
            "plan",
            "catalog",
            "db",
            "watch",
            "sandbox",
            "outside",
            "primitives",
            "lua",
        ],
    ),
];

/// What primitives share; every other folder of `primitives/` is a room that no other imports. Of
/// `compile` it is the compiled project, which the others take.
const SHARED_BY_PRIMITIVES: &[&str] = &[
    "analysis",
    "changes",
    "code",
    "compile",
    "contracts",
    "ctx",
    "error",
    "exchange",
    "facts",
    "fenced",
    "infrastructure",
    "ledger",
    "readiness",
    "rehearsal",
    "rejection",
    "scope",
];

fn offences(file: &File) -> Vec<String> {
    let Some(room) = file.room() else { return Vec::new() };
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{}: room `{room}` is in no row of the table", file.path)];
    };
    let mut found = Vec::new();
    for (number, line) in file.code("layers") {
        if line.trim_start().starts_with("use crate::{") {
            found.push(format!("{}:{number}: one room a `use`", file.path));
        }
        for other in mentioned(line, "crate::") {
            if other != room && ROOMS.iter().any(|(name, _)| *name == other) && !allowed.contains(&other) {
                found.push(format!("{}:{number}: `{room}` may not import `{other}`", file.path));
            }
        }
        found.extend(between_primitives(file, number, line));
    }
    found
}

/// One primitive room may not import another.
fn between_primitives(file: &File, number: usize, line: &str) -> Vec<String> {
    let Some(inside) = file.path.strip_prefix("src/primitives/") else { return Vec::new() };
    let Some((own, _)) = inside.split_once('/') else { return Vec::new() };
    let mut found = Vec::new();
    let line = line.trim_start();
    if !line.starts_with("use ") {
        return found;
    }
    for start in ["super::super::", "super::", "crate::primitives::"] {
        for other in mentioned(line, start) {
            let is_room = tree::root().join("src/primitives").join(other).is_dir();
            if !other.is_empty() && other != own && is_room && !SHARED_BY_PRIMITIVES.contains(&other) {
                found.push(format!("{}:{number}: primitive `{own}` imports primitive `{other}`", file.path));
            }
        }
    }
    found
}

/// The words right behind each occurrence of `start`.
fn mentioned<'l>(line: &'l str, start: &str) -> Vec<&'l str> {
    let behind = line.match_indices(start).map(|(at, _)| &line[at + start.len()..]);
    behind.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")).collect()
}

#[test]
fn rooms_import_only_what_lies_below() {
    let found: Vec<String> = tree::files("src", "rs").iter().flat_map(offences).collect();
    tree::none(&found);
}

#[test]
fn an_upward_import_is_found() {
    let bad =
        File::made_up("src/sql/parse.rs", "use crate::db::session::Session;\nuse crate::name::Ident;\n");
    assert_eq!(offences(&bad), ["src/sql/parse.rs:1: `sql` may not import `db`"]);
    let bad =
        File::made_up("src/primitives/swap/mod.rs", "use super::drop::Request;\nuse super::scope::Scope;\n");
    assert_eq!(offences(&bad), ["src/primitives/swap/mod.rs:1: primitive `swap` imports primitive `drop`"]);
    let bad = File::made_up("src/attic/mod.rs", "");
    assert_eq!(offences(&bad), ["src/attic/mod.rs: room `attic` is in no row of the table"]);
}
