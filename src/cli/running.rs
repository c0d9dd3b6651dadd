//! A run of a recipe from its first event to its last line, for `run` and for `resume`.
//!
//! Connects, runs, records how it ended, tells it: a summary for people, `run.finished` as the last
//! line under `--json`. Start reading at [`carry_out`].

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;

use super::access;
use super::app::App;
use super::app::CliError;
use super::asker;
use super::exit::Exit;
use super::finish;
use super::live::build;
use super::policy;
use super::recipe::Loaded;
use super::recipe::Origin;
use super::summary::Listener;
use super::summary::Seen;
use super::typed;
use crate::db::journal::Entry;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::Record;
use crate::deployment::record::RunStarted;
use crate::event::Event;
use crate::event::Sink;
use crate::lua::host::Source;
use crate::lua::policy::Policy;
use crate::lua::recipe::Recipe;
use crate::lua::run;
use crate::lua::run::Go;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::ctx::Run;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;

/// What is to be run, and how.
pub(crate) struct Start {
    /// The run.
    pub(crate) run: RunId,
    /// What people call the recipe.
    pub(crate) name: String,
    /// The recipe, or why it could not be loaded.
    pub(crate) loaded: Result<Loaded, CliError>,
    /// Who is asked before a swap, or why one of them could not be loaded.
    pub(crate) policies: Result<Vec<Policy>, CliError>,
    /// How long they may say wait.
    pub(crate) policy_timeout: Option<Duration>,
    /// What the run wrote before, if it is resumed.
    pub(crate) earlier: Option<(RunStarted, Vec<Entry>)>,
    /// What branches are to see; `None` is a real run.
    pub(crate) rehearse: Option<Assume>,
    /// Whether changes are worth an exit code of their own.
    pub(crate) exit_code: bool,
    /// The time for all of it.
    pub(crate) deadline: Option<Duration>,
    /// Whether objects may go.
    pub(crate) yes: bool,
    /// Whether the project may have uncommitted changes.
    pub(crate) allow_dirty: bool,
}

/// How it ended.
pub(crate) struct Finished {
    /// What automation sees.
    pub(crate) exit: Exit,
    /// What the recipe said at its end.
    pub(crate) message: Option<String>,
    /// Why it failed, if it did.
    pub(crate) error: Option<CliError>,
    seen: Seen,
    rehearsal: bool,
    has_changes: bool,
}

/// Runs it and tells how it ended.
pub(crate) async fn carry_out(app: &mut App, start: Start) -> Result<Exit, CliError> {
    let run = start.run.clone();
    let recipe =
        start.loaded.as_ref().map_or_else(|_| start.name.clone(), |loaded| loaded.recipe.name.clone());
    app.narrator.event(Event::RunStarted { run: run.clone(), recipe: recipe.clone() });
    let began = app.clock.elapsed();
    let finished = match perform(app, start).await {
        Ok(finished) => finished,
        // A wrong command line is no run that failed.
        Err(error) if error.exit == Exit::Usage => return Err(error),
        Err(error) => Finished {
            exit: error.exit,
            message: None,
            seen: Seen::default(),
            rehearsal: false,
            has_changes: false,
            error: Some(error),
        },
    };
    let took = app.clock.elapsed().saturating_sub(began);
    tell(app, &run, &recipe, &finished, took);
    Ok(finished.exit)
}

/// Runs it, and tells nobody.
///
/// # Errors
/// What keeps it from being begun; how it failed is told by how it ended.
pub(crate) async fn perform(app: &mut App, start: Start) -> Result<Finished, CliError> {
    let (loaded, policies) = (start.loaded?, start.policies?);
    let usage = |error: Error| CliError { exit: Exit::Usage, ..CliError::from(error) };
    let arguments = loaded.recipe.arguments(&loaded.given).map_err(usage)?;
    let session = app.connect().await?;
    // Whoever builds an overlay deploys nothing, by whichever command.
    let command = if start.name == build::RECIPE { "dev" } else { "run" };
    access::check(&session, command, start.rehearse.is_some()).await?;
    say_origin(app, &loaded);
    if start.rehearse.is_none() {
        app.check_tree(start.allow_dirty)?;
    }
    let mut run = match start.earlier {
        Some((started, entries)) => Run::resumed(start.run, started, entries),
        None => Run::new(start.run, started(app, &loaded, &arguments)),
    };
    let gate = policy::gate(policies, start.policy_timeout, &mut run.started);
    let rehearsal = start.rehearse.is_some();
    let mut ctx = app.ctx_of(session, run, start.rehearse);
    ctx.deadline = app.clock.deadline(start.deadline);
    let listener = Rc::new(Listener::new(app.events()));
    ctx.events = Rc::clone(&listener) as Rc<dyn Sink>;
    let consent = asker::consent(app, start.yes);
    let asker = asker::of(app);
    let outside = app.outside()?;
    let compile = app.compile_request();
    let go = Go { ctx, compile, warm: None, consent, gate, asker, outside, arguments };
    let ended = run::run(&loaded.host, &loaded.recipe, go).await;
    let Some(mut ended) = ended else { return Err(Error::bug("the run is away at its end").into()) };
    app.narrator.still();
    let exit = match &ended.outcome {
        Ok(_) if rehearsal && start.exit_code && ended.changes => Exit::Changes,
        Ok(_) => Exit::Done,
        Err(error) => error.kind().into(),
    };
    finish::record(&mut ended.ctx, exit, ended.outcome.as_ref().err()).await;
    let (seen, has_changes) = (listener.seen(), ended.changes);
    let written = ended.ctx.run.has_written() && !rehearsal;
    let (message, error) = match ended.outcome {
        Ok(message) => (message, None),
        Err(error) => (None, Some(failure(error, &ended.ctx.run, written, &seen))),
    };
    Ok(Finished { exit, message, seen, rehearsal, has_changes, error })
}

/// What is written before the run's first other row: enough to run the same again.
pub(crate) fn started(app: &App, loaded: &Loaded, arguments: &Map<String, Value>) -> RunStarted {
    let Recipe { name, source, file, .. } = &loaded.recipe;
    let source = Source { file: file.clone(), text: source.clone() };
    RunStarted { modules: loaded.host.modules(&loaded.recipe), ..begun(app, name, source, arguments) }
}

/// The same of a recipe that cannot be loaded yet.
pub(crate) fn begun(app: &App, recipe: &str, source: Source, arguments: &Map<String, Value>) -> RunStarted {
    RunStarted {
        recipe: recipe.to_owned(),
        source: source.text,
        file: source.file,
        modules: BTreeMap::new(),
        arguments: Value::Object(arguments.clone()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: app.git().sha.clone(),
        policies: Vec::new(),
        policy_timeout_ms: None,
    }
}

/// Which of several recipes of a name it is.
fn say_origin(app: &App, loaded: &Loaded) {
    let file = &loaded.recipe.file;
    match loaded.origin {
        Origin::InsteadOfBundled => {
            app.ui.step("recipe", &format!("{file} of the project, instead of the bundled one"), None);
        }
        Origin::Project => app.ui.step("recipe", &format!("{file} of the project"), None),
        Origin::File => app.ui.step("recipe", file, None),
        Origin::Bundled | Origin::Journal => {}
    }
}

/// The report of a failed run: with what goes on from here, where the code alone cannot tell.
fn failure(error: Error, run: &Run, written: bool, seen: &Seen) -> CliError {
    let resumable = match error.kind() {
        Kind::Interrupted => true,
        Kind::Fenced | Kind::OutcomeUnknown | Kind::Unreachable | Kind::Paused => false,
        Kind::Invalid | Kind::Refused | Kind::Failed => {
            matches!(
                error.code(),
                Code::RunDeadline
                    | Code::DbLost
                    | Code::LuaError
                    | Code::LuaMemory
                    | Code::PolicyAborted
                    | Code::PolicyTimeout
            )
        }
    };
    let is_lua = matches!(error.code(), Code::LuaError | Code::LuaMemory);
    let mut report = CliError::from(error);
    let exchanged = seen.exchanged().or_else(|| exchanged(run.earlier())).filter(|_| written);
    if report.report.effect.is_none() {
        let stands = seen.has_staged() || run.earlier().iter().any(is_stage);
        report.report.effect = Some(match exchanged {
            Some((SwapKind::Promotion, id)) => format!("{id} became production in this run"),
            Some((SwapKind::Rollback, _)) => "production is the version before again".to_owned(),
            None if written && stands => "production is untouched; what was staged stays".to_owned(),
            None => "production is untouched".to_owned(),
        });
    }
    let id = &run.id;
    if report.exit == Exit::Paused {
        report = report.advise(format!("approve it:  mzflow approve {id}"));
    }
    if resumable && written {
        // A run that goes on does so with the recipe as it was recorded.
        if is_lua {
            report = report.advise("mend the recipe and type the same command again");
        }
        let go_on = if is_lua { "or go on with it as it was" } else { "go on" };
        report = report.advise(format!("{go_on}:  mzflow resume {id}"));
    }
    match exchanged {
        Some((SwapKind::Promotion, id)) if !seen.has_retired() => {
            report.advise(format!("take it back:  mzflow rollback {id}"))
        }
        _ => report,
    }
}

/// The last exchange with production that a run recorded before it was resumed, and whose.
fn exchanged(earlier: &[Entry]) -> Option<(SwapKind, &DeploymentId)> {
    let done = earlier.iter().rev().find_map(|entry| match &entry.record {
        Record::SwapDone(done) => Some(done),
        _ => None,
    })?;
    earlier.iter().rev().find_map(|entry| match &entry.record {
        Record::SwapIntent(intent) if intent.to.epoch == done.epoch => {
            Some((intent.kind, &intent.deployment))
        }
        _ => None,
    })
}

fn is_stage(entry: &Entry) -> bool {
    matches!(entry.record, Record::StageIntent(_))
}

/// A run that waits for people has not failed, and says so.
fn paused(app: &App, error: &CliError, took: Duration) {
    let report = &error.report;
    let lines = report.lines.iter().map(|line| typed::here(line));
    let told = std::iter::once(report.message.clone()).chain(lines);
    app.ui.step("paused", &told.collect::<Vec<_>>().join(" · "), Some(took));
    app.ui.talk("");
    for line in report.effect.iter().chain(&report.advice) {
        app.ui.talk(&format!("  {}", typed::here(line)));
    }
}

/// The last lines.
fn tell(app: &App, run: &RunId, recipe: &str, finished: &Finished, took: Duration) {
    app.narrator.still();
    let status = finished.exit.status();
    app.narrator.event(Event::RunFinished {
        run: run.clone(),
        status,
        message: finished.message.clone(),
        took,
    });
    if let Some(error) = finished.error.as_ref().filter(|error| error.exit == Exit::Paused) {
        paused(app, error, took);
    } else if let Some(error) = &finished.error {
        app.ui.say(&error.report.text(app.ui.colour, app.ui.width()));
    }
    if app.ui.json {
        let mut line = Map::new();
        line.insert("event".to_owned(), "run.finished".into());
        line.insert("at".to_owned(), app.clock.now().0.into());
        line.insert("run".to_owned(), run.as_str().into());
        line.insert("recipe".to_owned(), recipe.into());
        line.insert("status".to_owned(), status.as_str().into());
        line.insert("exit".to_owned(), finished.exit.code().into());
        line.extend(finished.message.clone().map(|message| ("message".to_owned(), message.into())));
        line.extend(finished.rehearsal.then(|| ("changes".to_owned(), finished.has_changes.into())));
        line.extend(finished.seen.json());
        line.insert("took_ms".to_owned(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX).into());
        line.extend(finished.error.as_ref().map(|error| ("error".to_owned(), error.report.json())));
        return app.ui.json(&Value::Object(line));
    }
    if finished.error.is_some() {
        return;
    }
    let default = if finished.rehearsal { "rehearsed" } else { "the recipe has ended" };
    app.ui.step("done", finished.message.as_deref().unwrap_or(default), Some(took));
    let lines = finished.seen.lines(finished.rehearsal, finished.has_changes);
    if !lines.is_empty() {
        app.ui.talk("");
    }
    for line in lines {
        app.ui.talk(&line);
    }
}
