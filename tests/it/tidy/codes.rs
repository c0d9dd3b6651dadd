//! Every code is used, appears in a test, and is not one that was given up.

use mzflow::compiler;
use mzflow::primitives;

use super::tree;
use super::tree::File;

/// A code as the rule sees it.
struct Known {
    /// Its text: `stage.drifted`.
    text: &'static str,
    /// Its variant, as code names it: `Code::StageDrifted`.
    variant: String,
}

/// Where codes are declared, and where the one exhaustive match about them is: being there is no use.
const DECLARED: [&str; 3] = ["src/primitives/code.rs", "src/compiler/diagnostic.rs", "src/cli/advice.rs"];

/// A broken invariant cannot be provoked: where it could be, it would be mended instead.
const UNPROVOKED: &str = "bug.";

fn known() -> Vec<Known> {
    let of_primitives = primitives::code::Code::ALL
        .iter()
        .map(|code| Known { text: code.as_str(), variant: format!("Code::{code:?}") });
    let of_compiler = compiler::diagnostic::Code::ALL
        .iter()
        .map(|code| Known { text: code.as_str(), variant: format!("Code::{code:?}") });
    of_primitives.chain(of_compiler).collect()
}

fn offences(code: &Known, files: &[File], retired: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let text = code.text;
    let elsewhere = files.iter().filter(|file| !file.is_test() && !DECLARED.contains(&file.path.as_str()));
    let mut lines = elsewhere.flat_map(|file| file.code("codes"));
    if !lines.any(|(_, line)| names(line, &code.variant)) {
        found.push(format!("{text}: nothing raises it"));
    }
    let tested = files.iter().map(File::tests).any(|tests| names(tests, &code.variant) || tells(tests, text));
    if !tested && !text.starts_with(UNPROVOKED) {
        found.push(format!("{text}: no test mentions it"));
    }
    if retired.iter().any(|other| other == text) {
        found.push(format!("{text}: it was given up, and a code is never used again"));
    }
    found
}

/// Tells whether a text names a variant, and not merely one that begins like it.
fn names(text: &str, variant: &str) -> bool {
    let mut behind = text.match_indices(variant).map(|(at, _)| text[at + variant.len()..].chars().next());
    behind.any(|next| !next.is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

/// Tells whether a text has a code in one of the forms in which it is told: `[code]`, `"code"`,
/// `code: message`. Kinds of journal rows look alike and are quoted otherwise.
fn tells(text: &str, code: &str) -> bool {
    [format!("[{code}]"), format!("\"{code}\""), format!("{code}: ")].iter().any(|form| text.contains(form))
}

/// Where codes are the command line's own, written where they are raised.
const OWN_ROOMS: [&str; 6] = ["cli.", "target.", "profile.", "sandbox.", "eject.", "lock."];

/// The command line's own codes that the page does not tell.
fn untold(file: &File, page: &str) -> Vec<String> {
    let is_code = |text: &&str| {
        let rest = OWN_ROOMS.iter().find_map(|room| text.strip_prefix(room));
        rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
    };
    let code = if file.path.starts_with("src/cli/") { file.code("codes") } else { Vec::new() };
    let quoted = code.into_iter().flat_map(|(_, line)| line.split('"').skip(1).step_by(2));
    let untold = quoted.filter(is_code).filter(|text| !page.contains(&format!("- `{text}` ")));
    untold.map(|text| format!("{}: docs/codes.md does not tell of {text}", file.path)).collect()
}

/// The codes below the heading `Retired` of the page.
fn retired(page: &str) -> Vec<String> {
    let below = page.split("\n## Retired\n").nth(1).unwrap_or("");
    let listed = below.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next());
    listed.map(str::to_owned).collect()
}

#[test]
fn every_code_is_raised_and_tested() {
    let files: Vec<File> = ["src", "tests"].iter().flat_map(|folder| tree::files(folder, "rs")).collect();
    let page = std::fs::read_to_string(tree::root().join("docs/codes.md")).expect("the page is there");
    let retired = retired(&page);
    let mut found: Vec<String> = known().iter().flat_map(|code| offences(code, &files, &retired)).collect();
    found.extend(files.iter().flat_map(|file| untold(file, &page)));
    tree::none(&found);
}

#[test]
fn the_two_lists_of_codes_share_none() {
    let mut texts: Vec<&str> = known().iter().map(|code| code.text).collect();
    let count = texts.len();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), count);
}

#[test]
fn an_idle_and_a_revived_code_are_found() {
    let code = Known { text: "stage.lost", variant: "Code::StageLost".to_owned() };
    let page = "# Codes\n\n## Retired\n\n- `stage.lost`: until 0.3\n";
    let idle = File::made_up("src/primitives/stage/mod.rs", "let code = Code::StageLostAndFound;\n");
    assert_eq!(
        offences(&code, &[idle], &retired(page)),
        [
            "stage.lost: nothing raises it",
            "stage.lost: no test mentions it",
            "stage.lost: it was given up, and a code is never used again",
        ]
    );
    let used = File::made_up(
        "src/primitives/stage/mod.rs",
        "let code = Code::StageLost;\n#[cfg(test)]\nmod tests {\n    check(\"stage.lost: gone\");\n}\n",
    );
    assert!(offences(&code, &[used], &[]).is_empty());
    let own = File::made_up("src/cli/recipe.rs", "CliError::usage(\"cli.unknown-verb\", \"no verb\")\n");
    assert_eq!(untold(&own, page), ["src/cli/recipe.rs: docs/codes.md does not tell of cli.unknown-verb"]);
}
