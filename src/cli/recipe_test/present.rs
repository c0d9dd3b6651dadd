//! Finds the tests of a project's recipes, runs them, and cuts their runs where that is asked for.
//!
//! Start reading at [`tried`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Crash;
use super::FOLDER;
use super::How;
use super::choice::Choice;
use super::crash;
use super::crash::Act;
use super::job;
use super::job::Failure;
use super::job::Job;
use super::pool;
use super::tested::CrashFailure;
use super::tested::Crashed;
use super::tested::Tested;
use super::tested::Verdict;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::clock::Clock;
use crate::clock::Timestamp;
use crate::lua::host::Host;
use crate::lua::host::Source;
use crate::lua::testing;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// How deep folders below `tests/` may lie: enough for anybody, and a link that leads up ends.
const DEEPEST: usize = 8;

/// A test that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its file.
    pub(super) source: Arc<Source>,
    /// Its place in what the file returns.
    pub(super) index: usize,
    /// Its name.
    pub(super) name: String,
    /// The line that declares it.
    pub(super) line: usize,
    /// When it begins, in its own time.
    pub(super) now: Timestamp,
    /// How much of its own time it may take.
    pub(super) timeout: Duration,
    /// What of it may be cut.
    pub(super) crash: testing::Crash,
}

/// What a file of tests has: its tests, or what is wrong with it.
struct File {
    /// Its path below the project.
    path: String,
    /// Its tests, in their order.
    tests: Result<Vec<Found>, CliError>,
}

/// A test that passed, and what it did meanwhile: where its runs can be cut.
struct Witness {
    /// Its place among what is told.
    at: usize,
    found: Found,
    acts: Arc<Vec<Vec<Act>>>,
}

/// Runs the tests that are chosen; `say` gets what people are told of each.
///
/// # Errors
/// `test.no-match`, `run.interrupted`.
pub(crate) async fn tried(
    app: &App,
    how: &How,
    say: &mut dyn FnMut(Vec<String>),
) -> Result<Vec<Tested>, CliError> {
    let ui = app.ui.of_data();
    let mut tested = Vec::new();
    let mut jobs = Vec::new();
    for file in found(app.project()) {
        let chosen = |name: Option<&str>| match (&how.choice, name) {
            (Choice::All, _) => true,
            (Choice::Views(_), _) => false,
            (Choice::Recipes(recipes), Some(name)) => recipes.has(&file.path, name),
            (Choice::Recipes(recipes), None) => recipes.has_file(&file.path),
        };
        match file.tests {
            Ok(found) => {
                let found = found.into_iter().filter(|found| chosen(Some(&found.name)));
                jobs.extend(found.map(|found| job(app, how, found)));
            }
            Err(error) if chosen(None) => {
                let broken = broken(file.path, error);
                say(broken.lines(&ui));
                tested.push(broken);
            }
            Err(_) => {}
        }
    }
    if let (Choice::Recipes(recipes), true, true) = (&how.choice, jobs.is_empty(), tested.is_empty()) {
        let message = format!("no test of {FOLDER}/ is called `{recipes}`");
        return Err(Error::new(Code::TestNoMatch, message).effect("nothing was run").into());
    }
    if jobs.is_empty() {
        return Ok(tested);
    }
    app.listen();
    let mut witnesses = Vec::new();
    let all = jobs.clone();
    pool::all(jobs, &app.interrupt, &mut |number, outcome| {
        let Some(job) = all.get(number) else { return };
        let verdict = verdict(outcome.failure.as_ref());
        if matches!(verdict, Verdict::Passed) && !outcome.kills {
            let (at, found) = (tested.len(), job.found.clone());
            witnesses.push(Witness { at, found, acts: Arc::clone(&outcome.acts) });
        }
        let one = Tested {
            file: job.found.source.file.clone(),
            name: job.found.name.clone(),
            line: job.found.line,
            verdict,
            took: outcome.took,
            own_time: outcome.own_time,
            log: outcome.log,
            crash: None,
        };
        say(one.lines(&ui));
        tested.push(one);
    })
    .await?;
    if how.crash != Crash::Nowhere {
        for witness in witnesses {
            let crashed = cut(app, how, &witness).await?;
            if let (Some(one), Some(crashed)) = (tested.get_mut(witness.at), crashed) {
                one.crash = Some(crashed);
                say(one.crash_lines(&ui));
            }
        }
    }
    Ok(tested)
}

fn job(app: &App, how: &How, found: Found) -> Job {
    let watching = how.crash != Crash::Nowhere;
    Job { found, project: app.project().to_owned(), limit: how.limit, watching, cut: None }
}

fn verdict(failure: Option<&Failure>) -> Verdict {
    match failure {
        None => Verdict::Passed,
        Some(failure) if failure.is_valid => Verdict::Failed(failure.report.clone()),
        Some(failure) => Verdict::Invalid(failure.report.clone()),
    }
}

/// A file that has no tests to run.
fn broken(file: String, error: CliError) -> Tested {
    Tested {
        line: error.report.places.first().map_or(1, |place| place.line),
        file,
        name: String::new(),
        verdict: Verdict::Invalid(*error.report),
        took: Duration::ZERO,
        own_time: Duration::ZERO,
        log: Vec::new(),
        crash: None,
    }
}

/// Runs a test again and again, each time cut at another place; `None` where there is nothing to cut.
async fn cut(app: &App, how: &How, witness: &Witness) -> Result<Option<Crashed>, CliError> {
    let only = match &how.crash {
        Crash::At(numbers) => Some(numbers),
        Crash::Nowhere | Crash::Everywhere => None,
    };
    let cuts = crash::cuts(&witness.acts, witness.found.crash, only);
    if cuts.is_empty() {
        if let Some(number) = only.and_then(|numbers| numbers.first()) {
            let found = &witness.found;
            let last =
                crash::points(&witness.acts, witness.found.crash).last().map_or(0, |point| point.number);
            let message = format!(
                "{}#{} cannot be cut at statement {number}: its last is {last}, and at BEGIN and ROLLBACK is nothing to cut",
                found.source.file, found.name,
            );
            return Err(CliError::usage("cli.crash-at", message));
        }
        return Ok(None);
    }
    let began = app.clock.elapsed();
    let mut crashed = Crashed::default();
    let numbers = cuts.iter().map(|cut| cut.point.number);
    crashed.points = numbers.collect::<std::collections::BTreeSet<_>>().len();
    let jobs = cuts.iter().map(|cut| Job {
        watching: false,
        cut: Some(cut.clone()),
        ..job(app, how, witness.found.clone())
    });
    pool::all(jobs.collect(), &app.interrupt, &mut |number, outcome| {
        let Some(cut) = cuts.get(number) else { return };
        crashed.cuts += usize::from(outcome.was_cut);
        crashed.failures.extend(outcome.failure.map(|failure| CrashFailure {
            number: cut.point.number,
            statement: cut.point.statement.clone(),
            way: cut.way.as_str(),
            report: failure.report,
        }));
    })
    .await?;
    crashed.took = app.clock.elapsed().saturating_sub(began);
    Ok(Some(crashed))
}

/// Reads the tests of a project, by file.
fn found(project: &Path) -> Vec<File> {
    let mut paths = Vec::new();
    gather(&project.join(FOLDER), FOLDER, 0, &mut paths);
    paths.sort_unstable();
    paths
        .into_iter()
        .map(|path| {
            let tests = read(project, &path);
            File { path, tests }
        })
        .collect()
}

/// The files below a folder, as paths below the project; what begins with a dot or `_` is none.
fn gather(folder: &Path, below: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let path = format!("{below}/{name}");
        if entry.path().is_dir() {
            if depth < DEEPEST {
                gather(&entry.path(), &path, depth + 1, found);
            }
        } else if name.ends_with(".lua") {
            found.push(path);
        }
    }
}

fn read(project: &Path, path: &str) -> Result<Vec<Found>, CliError> {
    let text = std::fs::read_to_string(project.join(path)).map_err(|error| {
        let message = format!("cannot read {path}: {error}");
        CliError::from(Error::new(Code::TestBadFile, message))
    })?;
    let source = Arc::new(Source { file: path.to_owned(), text });
    let host = job::host(project, &Clock::manual(Timestamp(0)))?;
    let tests = testing::load(&host, &source)?;
    let found = tests.into_iter().enumerate().map(|(index, test)| {
        Ok(Found {
            source: Arc::clone(&source),
            index,
            now: moment(&host, &source, &test)?,
            name: test.name,
            line: test.line,
            timeout: test.timeout,
            crash: test.crash,
        })
    });
    found.collect::<Result<_, Error>>().map_err(CliError::from)
}

/// When a test begins.
fn moment(host: &Host, source: &Source, test: &testing::Test) -> Result<Timestamp, Error> {
    let parsed = chrono::DateTime::parse_from_rfc3339(&test.now).ok();
    let millis = parsed.and_then(|parsed| u64::try_from(parsed.timestamp_millis()).ok());
    millis.map(Timestamp).ok_or_else(|| {
        let message = format!(
            "`now` of test `{}` has to be a time such as \"2026-01-05T09:00:00Z\", not `{}`",
            test.name, test.now
        );
        let place = testing::place(host, source, test.line, "now");
        Error::new(Code::TestBadFile, message).place(Some(place))
    })
}
