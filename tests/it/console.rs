//! What README and docs show is what the binary says.
//!
//! A block of the language `console` is run: a line `$ mzflow …` is a command, `? 3` behind it the
//! exit code where that is not 0, and what follows is what it says to people and to programs, in
//! order. `[..]` stands for anything in a line, a line `...` for any lines. Durations, ages, ids of
//! runs and of deployments may stand as they were, and a wait may be told in more lines than one:
//! that is taken out before the comparison. The blocks of a page share a folder with a copy of
//! `examples/` and an embedded sandbox. Blocks of another language are not run.

use std::path::Path;

use tempfile::TempDir;

use crate::harness::blocks;

/// Where the environment of whoever runs the tests must not reach in.
const UNSET: [&str; 6] =
    ["MZFLOW_URL", "MZFLOW_SANDBOX", "MZFLOW_LOG", "MZ_DEPLOY_PROFILE", "CI", "NO_COLOR"];

/// The pages that have something to run, as paths relative to the project.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open = vec![root.join("docs"), root.join("README.md")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder of the docs");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let text = std::fs::read_to_string(&path).expect("a page is UTF-8");
            let name =
                path.strip_prefix(root).expect("below the root").to_string_lossy().replace(['/', '\\'], "-");
            found.push((name, text));
        }
    }
    found.retain(|(_, text)| text.contains("\n```console"));
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder of the examples") {
        let entry = entry.expect("an entry");
        // What a person left there by trying the examples is no part of them.
        if entry.file_name() == ".mzflow" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// A page with what differs from run to run taken out of its console blocks.
fn volatile(page: &str) -> String {
    let mut inside = false;
    let mut behind_output = false;
    let mut out = String::new();
    for line in page.lines() {
        let is_fence = line.starts_with("```");
        let is_output = inside && !is_fence && !line.starts_with("$ ") && !line.starts_with("? ");
        // The runner takes the last newline of an output for the block's own.
        if behind_output && !is_output {
            out.push('\n');
        }
        behind_output = is_output;
        if is_fence {
            inside = line == "```console";
        }
        if is_output && line.starts_with("hydrate ") {
            out += "...\n";
        }
        out += &if is_output { without_ids(&without_what_varies(line)) } else { line.to_owned() };
        out.push('\n');
    }
    out
}

/// Puts `[..]` where a line has durations, run ids and ages; blanks before a duration vary with it.
fn without_what_varies(line: &str) -> String {
    let mut parts: Vec<(&str, &str)> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        let word = rest[blank..].find(' ').map_or(rest.len(), |at| blank + at);
        parts.push((&rest[..blank], &rest[blank..word]));
        rest = &rest[word..];
    }
    let number = |word: &str| word.trim_start_matches('<').parse::<f64>().is_ok();
    let mut out = String::new();
    let mut at = 0;
    while let Some((blank, word)) = parts.get(at) {
        let next = parts.get(at + 1).map(|(_, next)| next.trim_end_matches(','));
        let is_time = number(word) && matches!(next, Some("ms" | "s" | "min" | "h"));
        let is_age = number(word) && parts.get(at + 2).is_some_and(|(_, next)| next.starts_with("ago"));
        let is_run =
            word.len() >= 10 && word.starts_with("r-") && word[2..10].chars().all(|c| c.is_ascii_hexdigit());
        if is_time {
            out = out.trim_end().trim_end_matches("[..]").trim_end().to_owned() + "[..]";
            at += 2;
        } else if is_age {
            out += &format!("{blank}[..]");
            at += 3;
        } else if *word == "just" && next.is_some_and(|next| next.starts_with("now")) {
            out += &format!("{blank}[..]");
            at += 2;
        } else {
            out += &format!("{blank}{}", if is_run { "[..]" } else { word });
            at += 1;
        }
    }
    out
}

/// Puts `[..]` where a line has seven hexadecimal digits: a deployment's id that nobody chose.
fn without_ids(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let is_id = word.len() == 7
            && word.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
            && word.contains(|c: char| c.is_ascii_digit());
        out += if is_id { "[..]" } else { &word };
        word.clear();
        out.push(c);
    }
    out.trim_end_matches('\n').to_owned()
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[test]
fn console_blocks_say_what_the_binary_says() {
    let folder = TempDir::new().expect("a folder");
    let cases = trycmd::TestCases::new();
    cases.register_bin("mzflow", Path::new(env!("CARGO_BIN_EXE_mzflow")));
    UNSET.iter().for_each(|name| _ = cases.env(*name, ""));
    cases.env("HOME", folder.path().to_string_lossy());
    let pages = pages();
    assert!(!pages.is_empty(), "no page has a console block");
    for (name, text) in pages {
        let path = folder.path().join(name);
        std::fs::write(&path, volatile(&text)).expect("a copy of the page");
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let inside = path.with_extension("in").join("examples");
        copy(&examples, &inside);
        // Files of the tutorial belong to the example that it goes through.
        let files = if name_of(&path) == "docs-tutorial.md" { blocks::files(&text) } else { Vec::new() };
        for (file, text) in files {
            let file = inside.join("shop").join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, text).expect("a file");
        }
        cases.case(&path);
    }
    cases.run();
}

#[test]
fn what_varies_is_taken_out() {
    let page = "12 ms\n```console\n$ mzflow wait --timeout 5 s\nhydrate   a ██ 3/3   lag 0.4 s     2.1 s\ncore__77b01de__mzf, run r-0a1b2c3d of 3 objects\nswap      epoch 0 → 1                <1 ms\none (promoted 4 minutes ago by x), just now\n```\n";
    let expected = "12 ms\n```console\n$ mzflow wait --timeout 5 s\n...\nhydrate   a ██ 3/3   lag[..]\ncore__[..]__mzf, run [..] of 3 objects\nswap      epoch 0 → 1[..]\none (promoted [..] by x), [..]\n\n```\n";
    assert_eq!(volatile(page), expected);
}
