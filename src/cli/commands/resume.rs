//! `mzflow resume`: goes on with a run that a crash or Ctrl-C has stopped.
//!
//! The recorded source runs again with the recorded arguments; what was done is found done.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::policy;
use crate::cli::recipe::Origin;
use crate::cli::running;
use crate::cli::running::Start;
use crate::cli::typed;
use crate::clock::parse_duration;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::record::Record;
use crate::deployment::record::RunStarted;
use crate::deployment::record::RunStatus;
use crate::lua::host::Source;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;

/// Go on with a run that a crash or Ctrl-C has stopped
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run to go on with; `mzflow list` names it
    #[arg(value_name = "RUN")]
    run: RunId,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    how: How,
}

/// How a run goes on.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct How {
    /// How long its policies may say wait [default: as the run began]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) policy_timeout: Option<Duration>,
    /// Give up after this time, all in all
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) deadline: Option<Duration>,
    /// Remove objects without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Deploy although the project has uncommitted changes
    #[arg(long)]
    pub(crate) allow_dirty: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let start = start(app, args.run, args.how, args.dry_run.then_some(Assume::Ready)).await?;
    running::carry_out(app, start).await
}

/// Goes on with a run.
pub(crate) async fn go_on(app: &mut App, run: RunId, how: How) -> Result<Exit, CliError> {
    let start = start(app, run, how, None).await?;
    running::carry_out(app, start).await
}

/// What there is to be gone on with.
///
/// # Errors
/// `run.unknown`, `run.finished`, `cli.not-a-recipe`.
pub(crate) async fn start(
    app: &mut App,
    run: RunId,
    how: How,
    rehearse: Option<Assume>,
) -> Result<Start, CliError> {
    // A rehearsal is for whoever may read; what was recorded is read from the server either way.
    let verb = if rehearse.is_some() { "resume --dry-run" } else { "resume" };
    let entries = journal(app, verb, &run).await?;
    let started = resumable(&run, &entries)?;
    let at = entries.last().map(|entry| entry.record.kind());
    let at = at.and_then(|kind| kind.split('.').next()).filter(|room| *room != "run").unwrap_or("its end");
    app.ui.step("resume", &format!("{}, stopped at {at}", started.recipe), None);
    let source = Source { file: started.file.clone(), text: started.source.clone() };
    let loaded = app.load(&source, Origin::Journal, started.modules.clone());
    let loaded = loaded.map(|mut loaded| {
        loaded.given = match &started.arguments {
            Value::Object(arguments) => arguments.clone(),
            _ => serde_json::Map::new(),
        };
        loaded
    });
    let recorded = started.policy_timeout_ms.map(Duration::from_millis);
    Ok(Start {
        run,
        name: started.recipe.clone(),
        loaded,
        policies: policy::recorded(&started.policies),
        policy_timeout: how.policy_timeout.or(recorded),
        earlier: Some((started, entries)),
        rehearse,
        exit_code: false,
        deadline: how.deadline,
        yes: how.yes,
        allow_dirty: how.allow_dirty,
    })
}

/// What the run wrote; nothing where nothing was ever written here.
async fn journal(app: &mut App, verb: &str, run: &RunId) -> Result<Vec<Entry>, CliError> {
    let ctx = app.verb(verb, json!({}), None).await?;
    if ctx.marker().await?.is_none() {
        return Ok(Vec::new());
    }
    Ok(ctx.entries(Which::Run(run)).await?)
}

/// What the run began with, if there is something to go on with.
fn resumable(run: &RunId, entries: &[Entry]) -> Result<RunStarted, CliError> {
    let started = entries.iter().find_map(|entry| match &entry.record {
        Record::RunStarted(started) => Some(started.clone()),
        _ => None,
    });
    let Some(started) = started else {
        let error = Error::new(Code::RunUnknown, format!("no run `{run}` is in the journal"));
        return Err(error.effect("nothing was changed").into());
    };
    let ended = entries.iter().rev().find_map(|entry| match &entry.record {
        Record::RunFinished(finished) => Some(finished.status),
        _ => None,
    });
    if ended == Some(RunStatus::Done) {
        let error =
            Error::new(Code::RunFinished, format!("{run} did what it was to do: there is nothing to resume"));
        return Err(error.effect("nothing was changed").into());
    }
    if started.source.is_empty() {
        let deployment = entries.iter().rev().find_map(|entry| entry.record.deployment());
        let message = format!("{run} is a run of `mzflow {}`, not of a recipe", started.recipe);
        let again = format!("the same command goes on:  {}", command(&started, deployment));
        return Err(CliError::usage("cli.not-a-recipe", message).advise(again));
    }
    Ok(started)
}

/// The command of a verb's run, with what it was given; `deployment` is what the run has come to work on.
fn command(started: &RunStarted, deployment: Option<&DeploymentId>) -> String {
    let verb = started.recipe.as_str();
    let given = |name: &str| started.arguments.get(name).and_then(Value::as_str).map(str::to_owned);
    let deployment = deployment.map(ToString::to_string);
    let words = match verb {
        "stage" => [deployment.map(|id| format!("--id {id}")), None],
        "promote" => {
            let keep = started.arguments.get("keep_s").and_then(Value::as_u64).filter(|keep| *keep > 0);
            [given("deployment"), keep.map(|keep| format!("--keep {keep}s"))]
        }
        // Without an id the next one would take another promotion back.
        "rollback" => [given("deployment").or(deployment), None],
        "delete" => [given("kind"), given("name").map(|name| typed::quoted(&name))],
        _ => [given("deployment"), None],
    };
    let words: Vec<String> = words.into_iter().flatten().collect();
    format!("mzflow {verb} {}", words.join(" ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::cli::unfinished;

    fn entries(source: &str, status: Option<RunStatus>) -> Vec<Entry> {
        unfinished::tests::entries("blue_green", source, status)
    }

    #[track_caller]
    fn check(entries: &[Entry], expect: Expect) {
        let run = "r-1".parse().expect("an id");
        let told = match resumable(&run, entries) {
            Ok(started) => started.recipe,
            Err(error) => format!("{:?} {}: {}", error.exit, error.report.code, error.report.message),
        };
        expect.assert_eq(&told);
    }

    #[test]
    fn the_command_of_a_verb_is_told_in_full() {
        for (verb, arguments, deployment, expected) in [
            ("stage", json!({ "id": null }), Some("a1"), "mzflow stage --id a1"),
            ("abort", json!({ "deployment": "a1" }), Some("a1"), "mzflow abort a1"),
            ("promote", json!({ "deployment": "a1", "keep_s": 60 }), None, "mzflow promote a1 --keep 60s"),
            ("promote", json!({ "deployment": "a1", "keep_s": 0 }), Some("a1"), "mzflow promote a1"),
            ("rollback", json!({ "deployment": null }), Some("a1"), "mzflow rollback a1"),
            ("unshift", json!({ "deployment": null, "roles": [] }), Some("a1"), "mzflow unshift"),
            (
                "delete",
                json!({ "kind": "table", "name": "shop.raw.\"My items\"" }),
                None,
                "mzflow delete table 'shop.raw.\"My items\"'",
            ),
            ("apply", json!({}), None, "mzflow apply"),
        ] {
            let entries = unfinished::tests::entries(verb, "", None);
            let started = entries.into_iter().find_map(|entry| match entry.record {
                Record::RunStarted(started) => Some(started),
                _ => None,
            });
            let started = RunStarted { arguments, ..started.expect("a run begins with it") };
            let deployment: Option<DeploymentId> = deployment.map(|id| id.parse().expect("an id"));
            assert_eq!(command(&started, deployment.as_ref()), expected);
        }
    }

    #[test]
    fn only_what_has_not_ended_by_itself_goes_on() {
        check(&[], expect!["Failed run.unknown: no run `r-1` is in the journal"]);
        check(&entries("-- x", None), expect!["blue_green"]);
        check(&entries("-- x", Some(RunStatus::Interrupted)), expect!["blue_green"]);
        check(
            &entries("-- x", Some(RunStatus::Done)),
            expect!["Refused run.finished: r-1 did what it was to do: there is nothing to resume"],
        );
        check(
            &entries("", None),
            expect!["Usage cli.not-a-recipe: r-1 is a run of `mzflow blue_green`, not of a recipe"],
        );
    }
}
