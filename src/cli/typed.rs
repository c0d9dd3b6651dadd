//! Commands as people are told to type them: with what this command line says of its project and its environment.
//!
//! Whoever writes a text leaves that out of its commands; where the text is shown it is added. Without it they would
//! work on something else: on the embedded sandbox, most often, or on the folder that the shell is in. Start
//! reading at [`here`].

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::path::Path;

use super::app::Global;
use super::app::PROFILES_DIR;
use crate::db::config::without_password;

/// What a verb works on; whatever works on more takes what those before it take, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// The files of a project.
    Files,
    /// What they mean under a profile.
    Project,
    /// An environment.
    Environment,
}

/// The verbs that people are told to type, with what each works on.
const VERBS: &[(&str, Reach)] = &[
    ("abort", Reach::Environment),
    ("adopt", Reach::Environment),
    ("apply", Reach::Environment),
    ("approve", Reach::Environment),
    ("compile", Reach::Project),
    ("delete", Reach::Environment),
    ("describe", Reach::Environment),
    ("dev", Reach::Environment),
    ("diff", Reach::Environment),
    ("eject", Reach::Files),
    ("explain", Reach::Environment),
    ("gc", Reach::Environment),
    ("list", Reach::Environment),
    ("lock", Reach::Environment),
    ("log", Reach::Environment),
    ("policy", Reach::Environment),
    ("promote", Reach::Environment),
    ("recipes", Reach::Files),
    ("resume", Reach::Environment),
    ("rollback", Reach::Environment),
    ("run", Reach::Environment),
    ("setup", Reach::Environment),
    ("stage", Reach::Environment),
    ("test", Reach::Environment),
    ("unshift", Reach::Environment),
    ("wait", Reach::Environment),
];

/// An option of this command line that others take over.
#[derive(Debug)]
struct Given {
    flag: &'static str,
    /// Its value, as a shell takes it.
    value: String,
    /// The least that a verb works on which has a use for it.
    reach: Reach,
}

thread_local! {
    /// What was noted, for the thread that does what the command line says: what a test of recipes is told, in a thread
    /// of its own, is the same wherever it is run.
    static GIVEN: OnceCell<Vec<Given>> = const { OnceCell::new() };
}

/// Notes what the command line says. What the shell's environment or the project says needs no telling: it is there for
/// the next command, too.
pub(crate) fn note(global: &Global) {
    let variable = std::env::var_os(PROFILES_DIR);
    // There is one command line in a process: a second one would change nothing.
    GIVEN.with(|noted| drop(noted.set(given(global, variable.as_deref()))));
}

/// A text whose commands work on the same project and the same environment as this one; before anything is noted, the
/// text as it is.
pub(crate) fn here(text: &str) -> String {
    GIVEN.with(|noted| with(text, noted.get().map(Vec::as_slice).unwrap_or_default()))
}

/// The options of a command line that others take over; `profiles_dir` is what the shell's environment says.
fn given(global: &Global, profiles_dir: Option<&OsStr>) -> Vec<Given> {
    let project = Some(global.project.as_path()).filter(|project| *project != Path::new("."));
    let folder = global.profiles_dir.as_deref().filter(|folder| Some(folder.as_os_str()) != profiles_dir);
    let all = [
        ("--project", project.map(shown), Reach::Files),
        ("--url", global.url.as_deref().and_then(without_password), Reach::Environment),
        ("--profile", global.profile.clone(), Reach::Project),
        ("--profiles-dir", folder.map(shown), Reach::Environment),
    ];
    let given = all.into_iter().filter_map(|(flag, value, reach)| {
        let value = quoted(&value?);
        Some(Given { flag, value, reach })
    });
    given.collect()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Adds options to the commands of a text: they begin a line or stand behind a colon, two blanks or a backtick, and end
/// at three blanks, at a backtick or with the line.
fn with(text: &str, given: &[Given]) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("mzflow ") {
        let (before, command) = rest.split_at(at);
        told += before;
        let end = ["   ", "`", "\n"].into_iter().filter_map(|mark| command.find(mark)).min();
        let (command, behind) = command.split_at(end.unwrap_or(command.len()));
        let is_told = told.is_empty() || ["  ", ": ", "`", "\n"].iter().any(|mark| told.ends_with(mark));
        told += command;
        if is_told {
            told += &options(command, given);
        }
        rest = behind;
    }
    told + rest
}

/// The options that a command takes over: not those that it has already.
fn options(command: &str, given: &[Given]) -> String {
    let verb = command.split(' ').nth(1).unwrap_or_default();
    let Some((_, reach)) = VERBS.iter().find(|(known, _)| *known == verb) else { return String::new() };
    let has = |flag: &str| command.split(' ').any(|word| word == flag);
    let taken = given.iter().filter(|one| one.reach <= *reach && !has(one.flag));
    taken.map(|one| format!(" {} {}", one.flag, one.value)).collect()
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

    /// A command line that says nothing.
    fn nothing() -> Global {
        Global {
            project: ".".into(),
            profile: None,
            profiles_dir: None,
            url: None,
            json: false,
            verbose: false,
            quiet: false,
        }
    }

    /// What a command that takes all of it takes over.
    fn taken(global: &Global, profiles_dir: Option<&str>) -> String {
        options("mzflow list", &given(global, profiles_dir.map(OsStr::new)))
    }

    #[test]
    fn commands_take_over_what_they_have_a_use_for() {
        let global = Global {
            project: "my shop".into(),
            profile: Some("prod".to_owned()),
            url: Some("postgres://ann@h/m".to_owned()),
            ..nothing()
        };
        let given = given(&global, None);
        let all = "--project 'my shop' --url postgres://ann@h/m --profile prod";
        for (text, expected) in [
            ("go on:  mzflow resume r-1", format!("go on:  mzflow resume r-1 {all}")),
            (
                "  next: mzflow wait a   then   mzflow promote a",
                format!("  next: mzflow wait a {all}   then   mzflow promote a {all}"),
            ),
            (
                "`mzflow wait a`, then `mzflow abort a`",
                format!("`mzflow wait a {all}`, then `mzflow abort a {all}`"),
            ),
            ("mzflow abort a", format!("mzflow abort a {all}")),
            ("one\nmzflow abort a\ntwo", format!("one\nmzflow abort a {all}\ntwo")),
            (
                "see what there is:  mzflow recipes",
                "see what there is:  mzflow recipes --project 'my shop'".to_owned(),
            ),
            (
                "`mzflow compile` works without a server",
                "`mzflow compile --project 'my shop' --profile prod` works without a server".to_owned(),
            ),
            (
                "  next: mzflow run blue_green --project other",
                "  next: mzflow run blue_green --project other --url postgres://ann@h/m --profile prod"
                    .to_owned(),
            ),
            (
                "it goes with mzflow abort ID or mzflow gc",
                "it goes with mzflow abort ID or mzflow gc".to_owned(),
            ),
            ("the roles of mzflow are: mzflow knows", "the roles of mzflow are: mzflow knows".to_owned()),
            ("repeat the same command", "repeat the same command".to_owned()),
        ] {
            let told = with(text, &given);
            assert_eq!(told, expected);
            assert_eq!(with(&told, &given), told, "nothing is added twice");
        }
    }

    #[test]
    fn every_verb_that_works_on_something_is_known() {
        // The one makes a project, the other is nobody's environment.
        let others = ["new", "sandbox"];
        let command = crate::cli::Cli::command();
        let names = command.get_subcommands().map(clap::Command::get_name);
        let mut verbs: Vec<&str> = names.filter(|verb| !others.contains(verb)).collect();
        verbs.sort_unstable();
        assert_eq!(verbs, VERBS.iter().map(|(verb, _)| *verb).collect::<Vec<_>>());
    }

    #[test]
    fn only_what_the_command_line_says_is_taken_over() {
        assert_eq!(taken(&nothing(), None), "");
        let global = Global { profiles_dir: Some("elsewhere".into()), ..nothing() };
        assert_eq!(taken(&global, None), " --profiles-dir elsewhere");
        assert_eq!(taken(&global, Some("nowhere")), " --profiles-dir elsewhere");
        assert_eq!(taken(&global, Some("elsewhere")), "");
        let global = Global { profile: Some("it's prod".to_owned()), ..nothing() };
        assert_eq!(taken(&global, None), r" --profile 'it'\''s prod'");
    }

    #[test]
    fn a_password_is_never_told() {
        let told = |url: &str| taken(&Global { url: Some(url.to_owned()), ..nothing() }, None);
        assert_eq!(told("postgres://ann:hunter2@host:6875/m"), " --url postgres://ann@host:6875/m");
        assert_eq!(
            told("postgres://ann@host/m?sslmode=require&password=hunter2"),
            " --url 'postgres://ann@host/m?sslmode=require'"
        );
        assert_eq!(told("postgres://ann:12/hunter2@host"), "");
        assert_eq!(told("hunter2"), "");
    }
}
