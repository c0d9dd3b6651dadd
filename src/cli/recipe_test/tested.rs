//! A test of a recipe that was run, and how it is told: to people, to programs, to build servers.

use std::time::Duration;

use console::Style;
use quick_junit::NonSuccessKind;
use quick_junit::TestCase;
use quick_junit::TestCaseStatus;
use serde_json::Value;
use serde_json::json;

use crate::cli::render::Report;
use crate::cli::typed;
use crate::cli::ui::Ui;
use crate::cli::ui::counted;
use crate::cli::ui::elapsed;

/// The width of excerpts in a build server's report.
const WIDTH: usize = 100;

/// What became of a test.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// It passed.
    Passed,
    /// What it expects does not hold.
    Failed(Report),
    /// It could not be run as it is written.
    Invalid(Report),
}

/// A test of a recipe that was run, or a file that has none.
#[derive(Clone, Debug)]
pub(crate) struct Tested {
    /// Its file, below the project.
    pub(crate) file: String,
    /// Its name; empty for a file that cannot be read.
    pub(crate) name: String,
    /// The line that declares it.
    pub(crate) line: usize,
    /// What became of it.
    pub(crate) verdict: Verdict,
    /// How much of people's time it took.
    pub(crate) took: Duration,
    /// How much of its own.
    pub(crate) own_time: Duration,
    /// What it said.
    pub(crate) log: Vec<String>,
    /// What became of it when its runs were cut.
    pub(crate) crash: Option<Crashed>,
}

/// What became of a test when its runs were cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crashed {
    /// Statements at which it was cut.
    pub(crate) points: usize,
    /// Cuts that were made.
    pub(crate) cuts: usize,
    /// What did not hold.
    pub(crate) failures: Vec<CrashFailure>,
    /// How much of people's time it took, all in all.
    pub(crate) took: Duration,
}

/// What did not hold behind one cut.
#[derive(Clone, Debug)]
pub(crate) struct CrashFailure {
    /// The number of the statement.
    pub(crate) number: usize,
    /// The statement.
    pub(crate) statement: String,
    /// The word for how it was cut.
    pub(crate) way: &'static str,
    /// What did not hold.
    pub(crate) report: Report,
}

/// A label in the style of what is bad.
fn bad(style: Style) -> Style {
    style.red().bold()
}

fn indented(ui: &Ui, report: &Report) -> Vec<String> {
    let text = report.text(ui.colour, ui.width());
    text.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect()
}

impl Tested {
    /// The test as it is chosen on a command line.
    pub(crate) fn full_name(&self) -> String {
        if self.name.is_empty() { self.file.clone() } else { format!("{}#{}", self.file, self.name) }
    }

    /// Tells whether it passed, and every cut of it too.
    pub(crate) fn has_passed(&self) -> bool {
        matches!(self.verdict, Verdict::Passed)
            && self.crash.as_ref().is_none_or(|crash| crash.failures.is_empty())
    }

    /// The command that cuts it at one statement.
    fn again(&self, number: usize) -> String {
        let name = typed::quoted(&self.full_name());
        typed::here(&format!("mzflow test {name} --crash-at {number}"))
    }

    /// What people are told of it.
    pub(crate) fn lines(&self, ui: &Ui) -> Vec<String> {
        let name = self.full_name();
        let text = if self.own_time < Duration::from_secs(1) {
            name
        } else {
            format!("{name} · {} of its own time", elapsed(self.own_time))
        };
        let line =
            |style: fn(Style) -> Style, label: &str| ui.styled_line(style, label, &text, Some(self.took));
        let mut lines = match &self.verdict {
            Verdict::Passed => vec![line(Style::green, "passed")],
            Verdict::Failed(report) => [vec![line(bad, "FAILED")], indented(ui, report)].concat(),
            Verdict::Invalid(report) => [vec![line(bad, "INVALID")], indented(ui, report)].concat(),
        };
        let said = self.log.iter().flat_map(|text| text.lines());
        lines.extend(said.map(|line| ui.paint(Style::dim, format!("          {line}"))));
        lines
    }

    /// What people are told of its cuts.
    pub(crate) fn crash_lines(&self, ui: &Ui) -> Vec<String> {
        let Some(crash) = &self.crash else { return Vec::new() };
        let mut lines = Vec::new();
        for failure in &crash.failures {
            let text = format!("{} · statement {}, {}", self.full_name(), failure.number, failure.way);
            lines.push(ui.styled_line(bad, "CRASH", &text, None));
            lines.extend(indented(ui, &failure.report));
            lines.push(format!("    try just that one:  {}", self.again(failure.number)));
        }
        let style: fn(Style) -> Style = if crash.failures.is_empty() { Style::green } else { bad };
        let tried = format!("{}, {}", counted(crash.points, "statement"), counted(crash.cuts, "cut"));
        let text = match crash.failures.len() {
            0 => format!("{} · {tried}: every one went on", self.full_name()),
            failed => format!("{} · {tried}: {failed} did not go on", self.full_name()),
        };
        lines.push(ui.styled_line(style, "crash", &text, Some(crash.took)));
        lines
    }

    /// What programs are told of it.
    pub(crate) fn json(&self) -> Value {
        let (status, report) = match &self.verdict {
            Verdict::Passed => ("passed", None),
            Verdict::Failed(report) => ("failed", Some(report)),
            Verdict::Invalid(report) => ("invalid", Some(report)),
        };
        let mut told = json!({
            "file": self.file,
            "test": self.name,
            "line": self.line,
            "status": status,
            "took_ms": millis(self.took),
            "own_time_s": self.own_time.as_secs_f64(),
            "log": self.log,
        });
        if let Some(told) = told.as_object_mut() {
            told.extend(report.map(|report| ("errors".to_owned(), json!([report.json()]))));
            told.extend(self.crash.as_ref().map(|crash| ("crash".to_owned(), self.crash_json(crash))));
        }
        told
    }

    fn crash_json(&self, crash: &Crashed) -> Value {
        let failures = crash.failures.iter().map(|failure| {
            json!({
                "number": failure.number,
                "statement": failure.statement,
                "way": failure.way,
                "errors": [failure.report.json()],
                "again": self.again(failure.number),
            })
        });
        json!({
            "points": crash.points,
            "cuts": crash.cuts,
            "took_ms": millis(crash.took),
            "failures": failures.collect::<Vec<_>>(),
        })
    }

    /// What a build server is told of it.
    pub(crate) fn junit(&self) -> TestCase {
        let mut made =
            TestCase::new(if self.name.is_empty() { &self.file } else { &self.name }, self.status());
        let took = self.took + self.crash.as_ref().map_or(Duration::ZERO, |crash| crash.took);
        made.set_classname(self.file.clone()).set_time(took);
        made.extra.insert("file".into(), self.file.as_str().into());
        made.extra.insert("line".into(), self.line.to_string().into());
        if !self.log.is_empty() {
            made.set_system_out(self.log.join("\n"));
        }
        made
    }

    fn status(&self) -> TestCaseStatus {
        let (kind, reports): (_, Vec<&Report>) = match &self.verdict {
            Verdict::Failed(report) => (NonSuccessKind::Failure, vec![report]),
            Verdict::Invalid(report) => (NonSuccessKind::Error, vec![report]),
            Verdict::Passed => {
                let crash = self.crash.iter().flat_map(|crash| &crash.failures);
                (NonSuccessKind::Failure, crash.map(|failure| &failure.report).collect())
            }
        };
        let Some(first) = reports.first() else { return TestCaseStatus::success() };
        let texts: Vec<String> = reports.iter().map(|report| report.text(false, WIDTH)).collect();
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(first.message.clone()).set_description(format!("\n{}\n", texts.join("\n\n")));
        status
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
