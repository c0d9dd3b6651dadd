//! What mzflow is accepted by: each behaviour that is asked of it, and the tests that prove it.
//!
//! The ids are those of the acceptance list: `B` like blue/green by macros, `C` like its forerunner, `M` by hand, `X`
//! where it dies. A test is named by its module, one of a room with `src::` before it. Where mzflow does something
//! else instead, `docs/otherwise.md` says so under that id. Tests that belong to nothing else are in this folder.

use std::collections::BTreeSet;

use crate::tidy::tree;

mod promoting;
mod staging;

/// Each behaviour in a line, and below it its tests.
const TABLE: &str = include_str!("../../data/behaviours/table.txt");

/// How many there are of each group.
const GROUPS: [(&str, usize); 23] = [
    ("B1.", 6),
    ("B2.", 3),
    ("B3.", 7),
    ("B4.", 7),
    ("B5.", 7),
    ("B6.", 3),
    ("B7.", 10),
    ("B8.", 4),
    ("B9.", 7),
    ("B10.", 7),
    ("B11.", 3),
    ("B12.", 5),
    ("B13.", 2),
    ("C1.", 6),
    ("C2.", 15),
    ("C3.", 6),
    ("C4.", 15),
    ("C5.", 4),
    ("C6.", 3),
    ("C7.", 7),
    ("C8.", 3),
    ("M", 17),
    ("X", 17),
];

/// A behaviour and what proves it.
struct Proof {
    /// Its id.
    id: &'static str,
    /// What it is about, in a few words.
    about: &'static str,
    /// Whether mzflow does something else than is asked, and the docs say what.
    otherwise: bool,
    /// The tests.
    tests: Vec<&'static str>,
}

/// The rows of `tests/data/behaviours/table.txt`.
fn proofs() -> Vec<Proof> {
    let mut proofs: Vec<Proof> = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some(test) = line.strip_prefix("    ") {
            proofs.last_mut().expect("a behaviour comes before its tests").tests.push(test);
            continue;
        }
        let (head, about) = line.split_once(": ").unwrap_or((line, ""));
        let (id, how) = head.split_once(' ').expect("an id, and how");
        assert!(matches!(how, "same" | "otherwise"), "{line}");
        proofs.push(Proof { id, about, otherwise: how == "otherwise", tests: Vec::new() });
    }
    proofs
}

/// Why a test is none that there is; nothing where it is.
fn wrong(test: &str) -> Option<String> {
    let Some((module, function)) = test.rsplit_once("::") else {
        return Some(format!("{test}: it names no module"));
    };
    let base = match module.strip_prefix("src::") {
        Some(inside) => format!("src/{}", inside.replace("::", "/")),
        None => format!("tests/it/{}", module.replace("::", "/")),
    };
    let texts = [format!("{base}.rs"), format!("{base}/mod.rs")]
        .map(|path| std::fs::read_to_string(tree::root().join(path)));
    let Some(text) = texts.into_iter().find_map(Result::ok) else {
        return Some(format!("{test}: there is no file {base}.rs"));
    };
    (!is_test(&text, function)).then(|| format!("{test}: there is no such test"))
}

/// Whether a text has a test of that name.
fn is_test(text: &str, function: &str) -> bool {
    let head = format!("fn {function}(");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_it = |line: &&str| line.strip_prefix("async ").unwrap_or(line).starts_with(&head);
    let Some(at) = lines.iter().position(is_it) else { return false };
    let attributes =
        lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("///"));
    attributes.into_iter().any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
}

#[test]
fn every_behaviour_has_a_proof() {
    let wanted =
        GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")));
    let wanted: Vec<String> = wanted.collect();
    let proofs = proofs();
    let listed: Vec<&str> = proofs.iter().map(|proof| proof.id).collect();
    assert_eq!(listed, wanted);
    let bare = proofs.iter().filter(|proof| proof.tests.is_empty() || proof.about.is_empty());
    let bare: Vec<&str> = bare.map(|proof| proof.id).collect();
    assert!(bare.is_empty(), "without a proof: {bare:?}");
    let tests: BTreeSet<&str> = proofs.iter().flat_map(|proof| &proof.tests).copied().collect();
    let gone: Vec<String> = tests.into_iter().filter_map(wrong).collect();
    assert!(gone.is_empty(), "{}", gone.join("\n"));
}

#[test]
fn what_is_done_otherwise_is_told() {
    let page = std::fs::read_to_string(tree::root().join("docs/otherwise.md")).expect("the page");
    let told: BTreeSet<&str> = page
        .lines()
        .filter(|line| line.starts_with("## "))
        .flat_map(|line| line.rsplit_once('(').map(|(_, ids)| ids.trim_end_matches(')').split(", ")))
        .flatten()
        .collect();
    let proofs = proofs();
    let otherwise: BTreeSet<&str> =
        proofs.iter().filter(|proof| proof.otherwise).map(|proof| proof.id).collect();
    assert_eq!(told, otherwise);
}

#[test]
fn a_test_that_is_gone_is_found() {
    let text = "#[test]\n#[expect(x)]\nfn there() {}\nfn helper() {}\n#[tokio::test(flavor = \"x\")]\nasync fn later() {}\n";
    let found = ["there", "helper", "later", "gone"].map(|name| is_test(text, name));
    assert_eq!(found, [true, false, true, false]);
    assert!(wrong("nowhere::at_all").is_some() && wrong("deploy::gone").is_some());
    assert_eq!(wrong("behaviours::a_test_that_is_gone_is_found"), None);
}
