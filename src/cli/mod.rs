//! The command line: what is typed, who does it, how it ends.
//!
//! The only room that knows people: streams, environment, home directory, exit codes.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;

use self::app::App;
use self::app::CliError;
use self::app::Global;
use self::exit::Exit;
use self::recipe::Loaded;
use self::render::Report;
use self::render::Severity;
use self::ui::Surroundings;
use self::ui::Talk;
use self::ui::Ui;
use crate::clock::Timestamp;

mod access;
mod advice;
mod app;
mod asker;
mod changes;
mod commands;
mod difference;
mod evidence;
mod exit;
mod finish;
mod git;
mod hydrating;
mod interrupt;
mod judged;
mod junit;
mod live;
mod narrate;
mod overlaid;
mod place;
mod policy;
mod profile;
mod questions;
mod recipe;
mod recipe_test;
mod render;
mod running;
mod scaffold;
mod shifts;
mod summary;
mod typed;
mod ui;
mod unfinished;

/// Deployments for Materialize: build the new version beside the old, wait, swap
#[derive(Debug, Parser)]
#[command(name = "mzflow", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Run(commands::run::Args),
    Compile(commands::compile::Args),
    Diff(commands::diff::Args),
    Dev(commands::dev::Args),
    Explain(commands::explain::Args),
    Test(commands::test::Args),
    Lock(commands::lock::Args),
    Setup(commands::setup::Args),
    Apply(commands::apply::Args),
    Adopt(commands::adopt::Args),
    Stage(commands::stage::Args),
    Wait(commands::wait::Args),
    Promote(commands::promote::Args),
    Abort(commands::abort::Args),
    Rollback(commands::rollback::Args),
    Unshift(commands::unshift::Args),
    Delete(commands::delete::Args),
    Gc(commands::gc::Args),
    List(commands::list::Args),
    Log(commands::log::Args),
    Describe(commands::describe::Args),
    Resume(commands::resume::Args),
    Approve(commands::approve::Args),
    Recipes(commands::recipes::Args),
    Policy(commands::policy::Args),
    New(commands::new::Args),
    Eject(commands::eject::Args),
    #[cfg(feature = "sandbox")]
    Sandbox(commands::sandbox::Args),
}

async fn dispatch(app: &mut App, verb: Verb) -> Result<Exit, CliError> {
    match verb {
        Verb::Run(args) => commands::run::run(app, args).await,
        Verb::Compile(args) => commands::compile::run(app, args).await,
        Verb::Diff(args) => commands::diff::run(app, args).await,
        Verb::Dev(args) => commands::dev::run(app, args).await,
        Verb::Explain(args) => commands::explain::run(app, args).await,
        Verb::Test(args) => commands::test::run(app, args).await,
        Verb::Lock(args) => commands::lock::run(app, args).await,
        Verb::Apply(args) => commands::apply::run(app, args).await,
        Verb::Adopt(args) => commands::adopt::run(app, args).await,
        Verb::Stage(args) => commands::stage::run(app, args).await,
        Verb::Setup(args) => commands::setup::run(app, args).await,
        Verb::Wait(args) => commands::wait::run(app, args).await,
        Verb::Promote(args) => commands::promote::run(app, args).await,
        Verb::Abort(args) => commands::abort::run(app, args).await,
        Verb::Rollback(args) => commands::rollback::run(app, args).await,
        Verb::Unshift(args) => commands::unshift::run(app, args).await,
        Verb::Delete(args) => commands::delete::run(app, args).await,
        Verb::Gc(args) => commands::gc::run(app, args).await,
        Verb::List(args) => commands::list::run(app, args).await,
        Verb::Log(args) => commands::log::run(app, args).await,
        Verb::Describe(args) => commands::describe::run(app, args).await,
        Verb::Resume(args) => commands::resume::run(app, args).await,
        Verb::Approve(args) => commands::approve::run(app, args).await,
        Verb::Recipes(args) => commands::recipes::run(app, args),
        Verb::Policy(args) => commands::policy::run(app, args).await,
        Verb::New(args) => commands::new::run(app, &args),
        Verb::Eject(args) => commands::eject::run(app, args),
        #[cfg(feature = "sandbox")]
        Verb::Sandbox(args) => commands::sandbox::run(app, args).await,
    }
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let (cli, loaded) = match read(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(read) => read,
        Err(Unread::Answered) => return Exit::Done.into(),
        Err(Unread::Misread(error)) => {
            let _ = error.print();
            if wants_json() {
                let told = serde_json::json!({ "error": misread(&error.render().to_string()).json() });
                Ui::new(Talk::Normal, true, surroundings()).json(&told);
            }
            return Exit::Usage.into();
        }
        Err(Unread::Failed(error)) => {
            return failed(&Ui::new(Talk::Normal, wants_json(), surroundings()), &error).into();
        }
    };
    let talk = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Talk::Quiet,
        (false, true) => Talk::Verbose,
        (false, false) => Talk::Normal,
    };
    let ui = Ui::new(talk, cli.global.json, surroundings());
    trace(talk);
    typed::note(&cli.global);
    let Ok(runtime) = runtime() else {
        ui.say("error: the machine has no threads to give");
        return Exit::Failed.into();
    };
    let mut app = App::new(cli.global, ui);
    app.take(loaded);
    let exit = runtime.block_on(async {
        let outcome = dispatch(&mut app, cli.verb).await;
        app.narrator.still();
        // Told before others are waited for.
        let exit = outcome.unwrap_or_else(|error| failed(&app.ui, &error));
        app.close().await;
        exit
    });
    exit.into()
}

/// Why a command line was not read.
enum Unread {
    /// It was answered: help, or the version.
    Answered,
    /// Something is wrong with it.
    Misread(clap::Error),
    /// The recipe that it names has no options that could be read.
    Failed(CliError),
}

/// Reads the command line; the options of `run` are those of the recipe that it names.
fn read(words: &[OsString]) -> Result<(Cli, Option<Result<Loaded, CliError>>), Unread> {
    let command = Cli::command();
    let (project, loaded) = recipe::of_command_line(&command, words).unzip();
    let is_broken = matches!(loaded, Some(Err(_)));
    let (command, mut loaded) = match loaded {
        None => (command, None),
        Some(Ok(loaded)) => match recipe::with_options(command, &loaded.recipe) {
            Ok(command) => (command, Some(Ok(loaded))),
            Err(error) => return Err(Unread::Failed(error)),
        },
        // What its options are nobody knows; the rest of the line is read as far as it goes.
        Some(Err(error)) => (command.ignore_errors(true), Some(Err(error))),
    };
    let read = command.try_get_matches_from(words).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok((matches, cli))
    });
    match (read, &mut loaded) {
        (Ok((matches, cli)), Some(Ok(found))) => {
            found.given = recipe::given(&matches, &found.recipe);
            Ok((cli, loaded))
        }
        (Ok((_, mut cli)), _) => {
            // A line that is read as far as it goes may not have come to its project.
            if let Some(project) = project.filter(|_| is_broken) {
                cli.global.project = project;
            }
            Ok((cli, loaded))
        }
        (Err(error), _) => match loaded {
            Some(Err(why)) if error.use_stderr() => Err(Unread::Failed(why)),
            _ if error.use_stderr() => Err(Unread::Misread(error)),
            _ => {
                let _ = error.print();
                Err(Unread::Answered)
            }
        },
    }
}

/// Whether programs are to be told, as far as a command line says that cannot be read.
fn wants_json() -> bool {
    std::env::args_os().any(|word| word == "--json")
}

/// What is wrong with a command line, for programs: people are told by the parser.
fn misread(told: &str) -> Report {
    let mut parts = told.split("\n\n");
    let words = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    // Without a mistake to tell, the parser shows what there is to choose from.
    let message = parts.next().and_then(|first| first.strip_prefix("error: "));
    let message = message.map_or_else(|| "the command is not named in full".to_owned(), words);
    let hint = parts.find_map(|part| part.trim().strip_prefix("tip: ").map(words));
    Report { hint, ..Report::new(Severity::Error, "cli.wrong-usage", message) }
}

fn surroundings() -> Surroundings {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    Surroundings { no_colour: is_set("NO_COLOR"), ci: is_set("CI") }
}

/// One runtime. Reading a statement and planning a query recurse deeply, so its threads get large stacks.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    const STACK: usize = 16 * 1024 * 1024;
    tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build()
}

/// Sends what the code traces to stderr, where it is asked for.
fn trace(talk: Talk) {
    use tracing_subscriber::EnvFilter;
    let filter = match std::env::var("MZFLOW_LOG") {
        Ok(filter) => EnvFilter::try_new(filter).unwrap_or_default(),
        Err(_) if talk == Talk::Verbose => EnvFilter::new("mzflow::sql=debug"),
        Err(_) => return,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}

fn failed(ui: &Ui, error: &CliError) -> Exit {
    ui.say(&error.report.text(ui.colour, ui.width()));
    if ui.json {
        ui.json(&serde_json::json!({ "error": error.report.json() }));
    }
    error.exit
}

/// A moment for programs: RFC 3339 in UTC, to the millisecond.
fn moment(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(String::new, |at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    #[track_caller]
    fn check(words: &[&str], expect: Expect) {
        let error = Cli::command().try_get_matches_from(words).expect_err("it is wrong");
        expect.assert_eq(&misread(&error.render().to_string()).json().to_string());
    }

    #[test]
    fn programs_are_told_what_is_wrong_with_a_command_line() {
        check(
            &["mzflow", "list", "--jsn"],
            expect![[
                r#"{"code":"cli.wrong-usage","message":"unexpected argument '--jsn' found","hint":"a similar argument exists: '--json'"}"#
            ]],
        );
        check(
            &["mzflow", "abort", "--json"],
            expect![[
                r#"{"code":"cli.wrong-usage","message":"the following required arguments were not provided: <ID>"}"#
            ]],
        );
        check(
            &["mzflow", "stage", "--isolation", "row"],
            expect![[
                r#"{"code":"cli.wrong-usage","message":"invalid value 'row' for '--isolation <WHAT>' [possible values: cluster, schema, object]"}"#
            ]],
        );
        check(
            &["mzflow", "sandbox"],
            expect![[r#"{"code":"cli.wrong-usage","message":"the command is not named in full"}"#]],
        );
    }
}
