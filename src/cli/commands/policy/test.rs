//! `mzflow policy test`: a policy with files of facts, each with what it has to say.

use std::path::Path;
use std::path::PathBuf;

use console::Style;
use serde_json::Value;
use serde_json::json;

use super::junit;
use super::said;
use super::told;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::policy;
use crate::cli::render::Report;
use crate::cli::ui::Ui;
use crate::cli::ui::counted;
use crate::lua::policy::Policy;
use crate::lua::policy::sheet;
use crate::lua::policy::sheet::Expected;
use crate::lua::policy::sheet::Outcome;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Ask a policy about files of facts, each with the verdict that it has to give; no server is needed
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy: a .lua file, or one of the project's policies/
    #[arg(value_name = "FILE")]
    policy: String,
    /// File of facts, or a folder of them; may be repeated [default: the folder beside the policy that
    /// has its name]
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// Write the results as JUnit XML as well
    #[arg(long, visible_alias = "junit-xml", value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// A case with what came of it.
pub(super) struct Tested {
    /// The file that it is from.
    pub(super) file: String,
    /// What it is called.
    pub(super) name: String,
    /// What had to be said; `None` where the file could not be read.
    pub(super) expect: Option<Expected>,
    /// What came of it.
    pub(super) outcome: Outcome,
}

pub(super) fn run(app: &App, args: &Args) -> Result<Exit, CliError> {
    let started = app.clock.elapsed();
    let (policy, folder) = policy::load(app.project(), &args.policy)?;
    let tested: Vec<Tested> =
        files(&policy, &folder, &args.facts)?.iter().flat_map(|file| of_file(&policy, file)).collect();
    if let Some(file) = &args.junit {
        junit::write(file, policy.name(), &tested)?;
    }
    if app.ui.json {
        app.ui.json(&document(&policy, &tested));
        return Ok(exit(&tested));
    }
    let ui = app.ui.of_data();
    tested.iter().flat_map(|tested| lines(&ui, tested)).for_each(|line| ui.data(&line));
    let counts = [("passed", passed(&tested)), ("failed", failed(&tested)), ("invalid", invalid(&tested))];
    let parts = counts.iter().filter(|(_, count)| *count > 0);
    let parts: Vec<String> = parts.map(|(what, count)| format!("{count} {what}")).collect();
    let text = format!("{}, {}: {}", policy.name(), counted(tested.len(), "case"), parts.join(", "));
    app.ui.step("test", &text, Some(app.clock.elapsed().saturating_sub(started)));
    Ok(exit(&tested))
}

/// The files that are meant, in order.
fn files(policy: &Policy, folder: &Path, named: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let own = folder.join(policy.name());
    let named = if named.is_empty() { std::slice::from_ref(&own) } else { named };
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            files.extend(inside(path));
        } else if path.is_file() {
            files.push(path.clone());
        } else {
            let message = format!("there are no facts at {}", path.display());
            return Err(CliError::usage("cli.no-facts", message)
                .advise("write some, or take those of a decision:  mzflow policy facts RUN"));
        }
    }
    if files.is_empty() {
        let places: Vec<String> = named.iter().map(|path| path.display().to_string()).collect();
        let message = format!("there is no .json file in {}", places.join(", "));
        return Err(CliError::usage("cli.no-facts", message));
    }
    Ok(files)
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}

fn of_file(policy: &Policy, path: &Path) -> Vec<Tested> {
    let file = path.display().to_string();
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let cases = std::fs::read_to_string(path)
        .map_err(|error| Error::new(Code::PolicyBadFacts, format!("{file} cannot be read: {error}")))
        .and_then(|text| sheet::read(&text));
    match cases {
        Err(error) => {
            let outcome = Outcome::Failed(Box::new(error.line(file.clone())));
            vec![Tested { file, name: stem, expect: None, outcome }]
        }
        Ok(cases) => {
            let several = cases.len() > 1;
            let tested = cases.into_iter().zip(1..).map(|(case, number)| {
                let name = match &case.name {
                    Some(name) => format!("{stem}#{name}"),
                    None if several => format!("{stem}#{number}"),
                    None => stem.clone(),
                };
                let outcome = sheet::ask(policy, &case);
                Tested { file: file.clone(), name, expect: Some(case.expect), outcome }
            });
            tested.collect()
        }
    }
}

fn passed(tested: &[Tested]) -> usize {
    tested.iter().filter(|tested| matches!(tested.outcome, Outcome::Passed(_))).count()
}

fn failed(tested: &[Tested]) -> usize {
    tested.iter().filter(|tested| matches!(tested.outcome, Outcome::Differs(_))).count()
}

fn invalid(tested: &[Tested]) -> usize {
    tested.iter().filter(|tested| matches!(tested.outcome, Outcome::Failed(_))).count()
}

/// A case that could not be asked says nothing of the policy, so it weighs more than one that failed.
fn exit(tested: &[Tested]) -> Exit {
    match (invalid(tested), failed(tested)) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// What had to be said, in a line.
pub(super) fn wanted(tested: &Tested) -> String {
    let expect = tested.expect.as_ref();
    expect.map(|expect| told(expect.verdict, expect.reason.as_deref())).unwrap_or_default()
}

fn lines(ui: &Ui, tested: &Tested) -> Vec<String> {
    let bad: fn(Style) -> Style = |style| style.red().bold();
    match &tested.outcome {
        Outcome::Passed(decision) => {
            let text = format!("{}  {}", tested.name, told(decision.verdict, decision.reason.as_deref()));
            vec![ui.styled_line(Style::green, "passed", &text, None)]
        }
        Outcome::Differs(decision) => vec![
            ui.styled_line(bad, "FAILED", &tested.name, None),
            format!("            {}", tested.file),
            format!("            expected  {}", wanted(tested)),
            format!("            said      {}", told(decision.verdict, decision.reason.as_deref())),
        ],
        Outcome::Failed(error) => {
            let report = Report::of(error, Vec::new()).text(ui.colour, ui.width());
            let report = report.lines().map(|line| format!("  {line}").trim_end().to_owned());
            std::iter::once(ui.styled_line(bad, "INVALID", &tested.name, None)).chain(report).collect()
        }
    }
}

fn document(policy: &Policy, tested: &[Tested]) -> Value {
    let case = |tested: &Tested| {
        let expected = tested.expect.as_ref().map(|expect| said(expect.verdict, expect.reason.as_deref()));
        let (status, answer, error) = match &tested.outcome {
            Outcome::Passed(decision) => ("passed", Some(decision), None),
            Outcome::Differs(decision) => ("failed", Some(decision), None),
            Outcome::Failed(error) => ("invalid", None, Some(Report::of(error, Vec::new()).json())),
        };
        let mut case = json!({
            "case": tested.name,
            "file": tested.file,
            "status": status,
            "expected": expected,
            "said": answer.map(|decision| said(decision.verdict, decision.reason.as_deref())),
        });
        if let (Some(case), Some(error)) = (case.as_object_mut(), error) {
            case.insert("error".to_owned(), error);
        }
        case
    };
    json!({
        "policy": policy.name(),
        "cases": tested.iter().map(case).collect::<Vec<_>>(),
        "passed": passed(tested),
        "failed": failed(tested),
        "invalid": invalid(tested),
    })
}
