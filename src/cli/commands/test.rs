//! `mzflow test`: runs the unit tests of views, and the tests of recipes.

use std::path::PathBuf;
use std::time::Duration;

use console::Style;
use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::difference;
use crate::cli::exit::Exit;
use crate::cli::junit;
use crate::cli::junit::reports;
use crate::cli::recipe_test;
use crate::cli::recipe_test::Crash;
use crate::cli::recipe_test::How;
use crate::cli::recipe_test::choice::Choice;
use crate::cli::recipe_test::tested;
use crate::cli::recipe_test::tested::Tested;
use crate::cli::ui::Ui;
use crate::cli::ui::counted;
use crate::clock::parse_duration;
use crate::primitives::compile;
use crate::primitives::error::Error;
use crate::primitives::unit_test;
use crate::primitives::unit_test::Case;
use crate::primitives::unit_test::DifferingRow;
use crate::primitives::unit_test::Filter;
use crate::primitives::unit_test::Verdict;

/// Run the unit tests of views, and the tests of recipes in tests/ against sandboxes of their own
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tests of views: database[.schema[.object]][#test]; of recipes: tests/FILE.lua[#test]; `*` is anything [default: all]
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// Write the results as JUnit XML as well
    #[arg(long, visible_alias = "junit-xml", value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Cut the runs of tests of recipes at every statement, and see whether they go on
    #[arg(long)]
    crash: bool,
    /// Cut them only at the N-th statement; may be repeated
    #[arg(long, value_name = "N")]
    crash_at: Vec<usize>,
    /// Stop a test of recipes that takes longer than this [default: 2m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    limit: Option<Duration>,
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    invalid: usize,
    refused: usize,
}

/// A test with what came of it.
type Ended<'a> = (Case<'a>, Verdict, Duration);

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let choice = Choice::of(args.filter.as_deref())
        .map_err(|error| CliError::usage("cli.filter", error.to_string()))?;
    let started = app.clock.elapsed();
    let report = match &choice {
        Choice::All | Choice::Views(_) => Some(compile::report(&app.compile_request())),
        Choice::Recipes(_) => None,
    };
    if report.as_ref().is_some_and(|report| report.findings.iter().any(|(found, _)| found.fails_compile())) {
        return Err(report.map_or_else(|| Error::bug("a report is gone"), compile::failure).into());
    }
    let filter = match &choice {
        Choice::Views(filter) => filter.clone(),
        Choice::All | Choice::Recipes(_) => Filter::default(),
    };
    let cases = match &report {
        Some(report) => unit_test::select(&report.compiled, &filter)?,
        None => Vec::new(),
    };
    let mut results: Vec<Ended<'_>> = Vec::new();
    run_all(app, &cases, &mut results).await?;
    let crash = match (args.crash_at.is_empty(), args.crash) {
        (false, _) => Crash::At(args.crash_at.iter().copied().collect()),
        (true, true) => Crash::Everywhere,
        (true, false) => Crash::Nowhere,
    };
    let how = How { choice, crash, limit: args.limit.unwrap_or(recipe_test::LIMIT) };
    let ui = app.ui.of_data();
    let mut say = |lines: Vec<String>| {
        if !ui.json {
            lines.iter().for_each(|line| ui.data(line));
        }
    };
    let recipes = recipe_test::tried(app, &how, &mut say).await?;
    let counts = Counts::of(&results, &recipes);
    if let Some(file) = &args.junit {
        let failed = |why: String| {
            let message = format!("cannot write {}: {why}", file.display());
            CliError { exit: Exit::Failed, ..CliError::usage("cli.cannot-write", message) }
        };
        let text = junit::document(&results, &recipes).map_err(failed)?;
        std::fs::write(file, text).map_err(|error| failed(error.to_string()))?;
    }
    if app.ui.json {
        app.ui.json(&document(&results, &recipes, counts));
    } else {
        let took = app.clock.elapsed().saturating_sub(started);
        app.ui.step("test", &counts.told(), Some(took));
    }
    Ok(counts.exit())
}

/// Runs the tests and tells of each as it ends; a server is asked only for those that can be run.
async fn run_all<'a>(
    app: &mut App,
    cases: &[Case<'a>],
    results: &mut Vec<Ended<'a>>,
) -> Result<(), CliError> {
    let ui = app.ui.of_data();
    let mut tell = |number: usize, verdict: &Verdict, took: Duration| {
        let Some(case) = cases.get(number) else { return };
        if !ui.json {
            lines(&ui, case, verdict, took).iter().for_each(|line| ui.data(line));
        }
        results.push((case.clone(), verdict.clone(), took));
    };
    if cases.iter().all(|case| !case.mistakes.is_empty()) {
        (0..cases.len()).for_each(|number| tell(number, &Verdict::Invalid(None), Duration::ZERO));
        return Ok(());
    }
    let session = app.connect().await?;
    app.listen();
    Ok(unit_test::all(&session, cases, &app.clock, &app.interrupt, &mut tell).await?)
}

/// What a person is told of a test.
pub(crate) fn lines(ui: &Ui, case: &Case<'_>, verdict: &Verdict, took: Duration) -> Vec<String> {
    let name = format!("{}#{}", case.object.name, case.test.name);
    let line = |style: fn(Style) -> Style, label: &str| ui.styled_line(style, label, &name, Some(took));
    let bad: fn(Style) -> Style = |style| style.red().bold();
    let told = |label: &str, error: Option<&Error>| {
        let reports = reports(case, error);
        let texts = reports.iter().flat_map(|report| {
            let text = report.text(ui.colour, ui.width());
            text.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect::<Vec<_>>()
        });
        std::iter::once(line(bad, label)).chain(texts).collect()
    };
    match verdict {
        Verdict::Passed => vec![line(Style::green, "passed")],
        Verdict::Failed(found) => {
            let place = format!("{}:{}", case.object.file, case.test.line);
            let mut lines =
                vec![line(bad, "FAILED"), format!("          {place} · {}", difference::summary(found))];
            lines.extend(difference::lines(found).iter().map(|line| {
                let line = format!("            {line}");
                match line.trim_start().chars().next() {
                    Some('-') => ui.paint(Style::red, line),
                    Some('+') => ui.paint(Style::green, line),
                    _ => ui.paint(Style::dim, line),
                }
            }));
            lines
        }
        Verdict::Invalid(error) => told("INVALID", error.as_ref()),
        Verdict::Refused(error) => told("REFUSED", Some(error)),
    }
}

impl Counts {
    fn of(results: &[Ended<'_>], recipes: &[Tested]) -> Self {
        let mut counts = Self::default();
        for tested in recipes {
            match &tested.verdict {
                tested::Verdict::Passed if tested.has_passed() => counts.passed += 1,
                tested::Verdict::Passed | tested::Verdict::Failed(_) => counts.failed += 1,
                tested::Verdict::Invalid(_) => counts.invalid += 1,
            }
        }
        for (_, verdict, _) in results {
            match verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Failed(_) => counts.failed += 1,
                Verdict::Invalid(_) => counts.invalid += 1,
                Verdict::Refused(_) => counts.refused += 1,
            }
        }
        counts
    }

    fn told(self) -> String {
        let all = self.passed + self.failed + self.invalid + self.refused;
        if all == 0 {
            return "the project has no tests".to_owned();
        }
        let parts = [
            (self.passed, "passed"),
            (self.failed, "failed"),
            (self.invalid, "invalid"),
            (self.refused, "refused by the server"),
        ];
        let parts = parts.iter().filter(|(number, _)| *number > 0);
        let parts: Vec<String> = parts.map(|(number, what)| format!("{number} {what}")).collect();
        format!("{}: {}", counted(all, "test"), parts.join(", "))
    }

    /// A test that could not be run says nothing of its view, so it weighs more than one that
    /// failed.
    fn exit(self) -> Exit {
        if self.invalid + self.refused > 0 {
            Exit::Failed
        } else if self.failed > 0 {
            Exit::Refused
        } else {
            Exit::Done
        }
    }
}

fn document(results: &[Ended<'_>], recipes: &[Tested], counts: Counts) -> Value {
    json!({
        "tests": results.iter().map(told).collect::<Vec<_>>(),
        "recipe_tests": recipes.iter().map(Tested::json).collect::<Vec<_>>(),
        "passed": counts.passed,
        "failed": counts.failed,
        "invalid": counts.invalid,
        "refused": counts.refused,
    })
}

fn told((case, verdict, took): &Ended<'_>) -> Value {
    let mut told = json!({
        "object": case.object.name.to_string(),
        "test": case.test.name.as_str(),
        "status": match verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::Invalid(_) => "invalid",
            Verdict::Refused(_) => "refused",
        },
        "file": case.object.file,
        "line": case.test.line,
        "took_ms": took.as_millis() as u64,
    });
    let more = match verdict {
        Verdict::Passed => return told,
        Verdict::Failed(found) => json!({
            "missing": found.missing,
            "unexpected": found.unexpected,
            "columns": found.columns,
            "rows": found.rows.iter().map(row).collect::<Vec<_>>(),
            "more": found.more,
        }),
        Verdict::Invalid(error) => json!({ "errors": errors(case, error.as_ref()) }),
        Verdict::Refused(error) => json!({ "errors": errors(case, Some(error)) }),
    };
    if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
        told.extend(more);
    }
    told
}

fn row(row: &DifferingRow) -> Value {
    json!({ "values": row.values, "expected": row.expected, "actual": row.actual })
}

fn errors(case: &Case<'_>, error: Option<&Error>) -> Vec<Value> {
    reports(case, error).iter().map(crate::cli::render::Report::json).collect()
}
