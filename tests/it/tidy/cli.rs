//! The page of the command line says what the binary says.

#[cfg(feature = "sandbox")]
use std::fmt::Write;
#[cfg(feature = "sandbox")]
use std::process::Command;

#[cfg(feature = "sandbox")]
use expect_test::expect_file;

#[cfg(feature = "sandbox")]
const HEAD: &str = "\
# The command line

Written by a test from what `mzflow --help` says of every verb: `UPDATE_EXPECT=1 cargo test --test it tidy::cli`
writes it anew. What stdout carries under `--json` is in [json.md](json.md), the codes of errors are in
[codes.md](codes.md).

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | wrong usage |
| 3 | checks or a policy said no; production is untouched |
| 4 | cannot connect or authenticate |
| 5 | paused: waiting for approval |
| 6 | fenced: another process has taken over the run |
| 7 | `--exit-code` was given and there are changes |
| 8 | outcome unknown: look before repeating; the message says how |
| 130 | interrupted |
";

/// An option and the lines that tell it.
struct Entry {
    flags: String,
    lines: Vec<String>,
}

/// What `--help` says, and nothing of the machine it is said on.
#[cfg(feature = "sandbox")]
fn help(folder: &std::path::Path, verb: &[String]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mzflow"));
    // No stream is a terminal here, so the width is the one that is named.
    command
        .args(verb)
        .arg("--help")
        .current_dir(folder)
        .env_clear()
        .env("COLUMNS", "100")
        .stdin(std::process::Stdio::null());
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("help is UTF-8");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The names below `Commands:`.
fn verbs(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = below.take_while(|line| !line.is_empty());
    // A line that goes on is indented deeper.
    let first = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    first
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The entries below `Options:`.
fn options(help: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let below = help.lines().skip_while(|line| *line != "Options:").skip(1);
    for line in below.take_while(|line| !line.is_empty()) {
        let flags = line.trim_start();
        if flags.starts_with('-') && line.len() - flags.len() <= 6 {
            let flags = flags.split("  ").next().unwrap_or(flags).to_owned();
            entries.push(Entry { flags, lines: Vec::new() });
        }
        if let Some(entry) = entries.last_mut() {
            entry.lines.push(line.to_owned());
        }
    }
    entries
}

/// What a verb's help says that those above it do not.
fn own(help: &str, shared: &[Entry]) -> String {
    let (before, behind) = help.split_once("\nOptions:\n").unwrap_or((help, ""));
    let mut text = before.trim_end().to_owned();
    let own: Vec<String> = options(help)
        .into_iter()
        .filter(|entry| shared.iter().all(|other| other.flags != entry.flags))
        .flat_map(|entry| entry.lines)
        .collect();
    if !own.is_empty() {
        text += &format!("\n\nOptions:\n{}", own.join("\n"));
    }
    // A recipe's own options stand below.
    if let Some((_, rest)) = behind.split_once("\n\n") {
        text += &format!("\n\n{}", rest.trim_end());
    }
    text
}

#[cfg(feature = "sandbox")]
fn page() -> String {
    // Outside of any checkout: some defaults come from git.
    let folder = tempfile::TempDir::new().expect("a folder");
    let whole = help(folder.path(), &[]);
    let mut page = format!(
        "{HEAD}\n## mzflow\n\nIts options are every verb's, and are told only here.\n\n```text\n{whole}\n```\n"
    );
    let mut open: Vec<Vec<String>> = verbs(&whole).into_iter().rev().map(|verb| vec![verb]).collect();
    while let Some(verb) = open.pop() {
        let said = help(folder.path(), &verb);
        let above = (0..verb.len()).map(|length| help(folder.path(), &verb[..length]));
        let shared: Vec<Entry> = above.flat_map(|help| options(&help)).collect();
        let _ = write!(page, "\n## mzflow {}\n\n```text\n{}\n```\n", verb.join(" "), own(&said, &shared));
        let mut below = verbs(&said);
        if verb == ["run"] {
            below.extend(mzflow::recipes::ALL.iter().map(|recipe| recipe.name.to_owned()));
        }
        open.extend(below.into_iter().rev().map(|name| [verb.as_slice(), &[name]].concat()));
    }
    page
}

#[cfg(feature = "sandbox")]
#[test]
fn the_page_says_what_the_binary_says() {
    expect_file!["../../../docs/cli.md"].assert_eq(&page());
}

#[test]
fn a_verb_that_the_page_lacks_would_be_found() {
    let whole = "Tool\n\nUsage: t\n\nCommands:\n  go    Go\n          and on\n  help  Help\n\nOptions:\n  -v, --verbose  More\n";
    assert_eq!(verbs(whole), ["go"]);
    let help = "Go\n\nUsage: t go\n\nOptions:\n      --far      Far\n                 and away\n  -v, --verbose  More\n\nOptions of up:\n      --high     High\n";
    let expected = "Go\n\nUsage: t go\n\nOptions:\n      --far      Far\n                 and away\n\nOptions of up:\n      --high     High";
    assert_eq!(own(help, &options(whole)), expected);
}
