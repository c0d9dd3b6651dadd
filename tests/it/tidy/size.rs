//! A file that does not fit in the head is split by concept.

use super::tree;
use super::tree::File;

fn offence(file: &File) -> Option<String> {
    let most = if file.path.ends_with("tests.rs") { 1000 } else { 600 };
    let lines = file.text.lines().count();
    let escaped = file.text.lines().any(|line| line.starts_with("// tidy: allow(size): "));
    (lines > most && !escaped).then(|| format!("{}: {lines} lines, {most} at most", file.path))
}

#[test]
fn files_fit_in_the_head() {
    let files = ["src", "tests", "benches"].map(|folder| tree::files(folder, "rs"));
    let found: Vec<String> = files.iter().flatten().filter_map(offence).collect();
    tree::none(&found);
}

#[test]
fn a_long_file_is_found() {
    assert!(offence(&File::made_up("src/x.rs", &"\n".repeat(601))).is_some());
    assert!(offence(&File::made_up("src/x/tests.rs", &"\n".repeat(601))).is_none());
}
