//! The clock, the environment, the disk, the terminal: each has one place.

use super::tree;
use super::tree::File;

/// A piece of text that betrays a facility, and the files (by the start of their path) that may
/// have it.
const FACILITIES: &[(&str, &[&str])] = &[
    ("Instant::now", &["src/clock.rs"]),
    ("SystemTime", &["src/clock.rs"]),
    ("tokio::time::sleep", &["src/clock.rs"]),
    ("thread::sleep", &[]),
    ("std::env::", &["src/cli/"]),
    ("std::fs::", &["src/cli/", "src/compiler/load", "src/sandbox/"]),
    ("println!", &[]),
    ("print!", &[]),
    ("eprintln!", &[]),
    ("eprint!", &[]),
    ("std::io::stdout", &["src/cli/ui.rs"]),
    ("std::io::stderr", &["src/cli/"]),
    ("tokio::spawn", &["src/db/", "src/watch/", "src/sandbox/", "src/cli/"]),
    ("process::exit", &["src/main.rs", "src/cli/interrupt.rs"]),
];

fn offences(file: &File) -> Vec<String> {
    if file.is_test() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in file.code("facilities") {
        for (text, places) in FACILITIES {
            let allowed = places.iter().any(|place| file.path.starts_with(place));
            if line.contains(text) && !allowed && !word_before(line, text) {
                found.push(format!("{}:{number}: `{text}` belongs to {}", file.path, listed(places)));
            }
        }
    }
    found
}

fn listed(places: &[&str]) -> String {
    if places.is_empty() { "no file".to_owned() } else { places.join(", ") }
}

/// `eprintln!` contains `println!`: only the whole word counts.
fn word_before(line: &str, text: &str) -> bool {
    let at = line.find(text).unwrap_or(0);
    line[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

#[test]
fn facilities_stay_in_their_places() {
    let found: Vec<String> = tree::files("src", "rs").iter().flat_map(offences).collect();
    tree::none(&found);
}

#[test]
fn a_facility_out_of_place_is_found() {
    let bad = File::made_up("src/plan/mod.rs", "let t = std::time::Instant::now();\neprintln!(\"x\");\n");
    assert_eq!(
        offences(&bad),
        [
            "src/plan/mod.rs:1: `Instant::now` belongs to src/clock.rs",
            "src/plan/mod.rs:2: `eprintln!` belongs to no file",
        ]
    );
}
