//! The environment that a command line names, carried on to the commands that it tells to type next.
//!
//! Without it they would work on another one: on the embedded sandbox, most often. Start reading at
//! [`on`].

use std::sync::OnceLock;

use super::app::Global;
use crate::db::config::without_password;

/// The options of this command line; nothing before it is read.
static OPTIONS: OnceLock<String> = OnceLock::new();

/// The verbs that work on an environment.
const VERBS: [&str; 22] = [
    "abort", "adopt", "apply", "approve", "delete", "describe", "dev", "diff", "gc", "list", "lock", "log",
    "promote", "resume", "rollback", "run", "setup", "stage", "test", "unshift", "wait", "explain",
];

/// Notes how the command line names its environment. What the shell's environment or the project says needs
/// no carrying: it is there for the next command, too.
pub(crate) fn note(global: &Global) {
    // There is one command line in a process: a second one would change nothing.
    let _ = OPTIONS.set(options(global.url.as_deref(), global.profile.as_deref()));
}

/// A line of advice whose commands work on the same environment as this one.
pub(crate) fn on(line: &str) -> String {
    match OPTIONS.get() {
        Some(options) if !options.is_empty() => with(line, options),
        Some(_) | None => line.to_owned(),
    }
}

fn options(url: Option<&str>, profile: Option<&str>) -> String {
    let url = url.and_then(without_password).map(|url| format!(" --url {}", quoted(&url)));
    let profile = profile.map(|profile| format!(" --profile {}", quoted(profile)));
    [url, profile].into_iter().flatten().collect()
}

/// Adds options to the commands of a line: they stand behind a colon, two blanks or a backtick, and end at
/// three blanks, at a backtick or with the line.
fn with(line: &str, options: &str) -> String {
    let mut told = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("mzflow ") {
        let (before, command) = rest.split_at(at);
        told += before;
        let end = [command.find("   "), command.find('`')].into_iter().flatten().min();
        let (command, behind) = command.split_at(end.unwrap_or(command.len()));
        let is_told = told.is_empty() || ["  ", ": ", "`"].iter().any(|mark| told.ends_with(mark));
        let verb = command.split(' ').nth(1).unwrap_or_default();
        told += command;
        if is_told && VERBS.contains(&verb) {
            told += options;
        }
        rest = behind;
    }
    told + rest
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn commands_carry_the_options() {
        for (line, expected) in [
            ("go on:  mzflow resume r-1", "go on:  mzflow resume r-1 -x"),
            (
                "  next: mzflow wait a   then   mzflow promote a",
                "  next: mzflow wait a -x   then   mzflow promote a -x",
            ),
            ("`mzflow wait a`, then `mzflow abort a`", "`mzflow wait a -x`, then `mzflow abort a -x`"),
            ("mzflow abort a", "mzflow abort a -x"),
            ("see what there is:  mzflow recipes", "see what there is:  mzflow recipes"),
            ("it goes with mzflow abort ID or mzflow gc", "it goes with mzflow abort ID or mzflow gc"),
            ("repeat the same command", "repeat the same command"),
        ] {
            assert_eq!(with(line, " -x"), expected);
        }
    }

    #[test]
    fn the_verbs_are_verbs() {
        let known = crate::cli::Cli::command();
        let strange: Vec<&str> =
            VERBS.into_iter().filter(|verb| known.find_subcommand(verb).is_none()).collect();
        assert!(strange.is_empty(), "{strange:?}");
    }

    #[test]
    fn a_password_is_never_told() {
        let shown = |url: &str| options(Some(url), None);
        assert_eq!(shown("postgres://ann:hunter2@host:6875/m"), " --url postgres://ann@host:6875/m");
        assert_eq!(
            shown("postgres://ann@host/m?sslmode=require&password=hunter2"),
            " --url 'postgres://ann@host/m?sslmode=require'"
        );
        assert_eq!(shown("postgres://ann:12/hunter2@host"), "");
        assert_eq!(shown("hunter2"), "");
        assert_eq!(options(None, Some("prod one")), " --profile 'prod one'");
        assert_eq!(options(None, None), "");
    }
}
