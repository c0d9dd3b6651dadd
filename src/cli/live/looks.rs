//! What is asked of the server beside the build: counts, differences, rows, tests, who was promoted.
//!
//! On a connection of its own, one question after the other; it only reads, and each question can be
//! given up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::screen::model::Wish;
use crate::cli::commands::test;
use crate::cli::ui::Ui;
use crate::cli::ui::counted;
use crate::cli::ui::table;
use crate::clock::Clock;
use crate::db;
use crate::db::apply::Interrupt;
use crate::db::config::Target;
use crate::db::session::Session;
use crate::db::session::Table;
use crate::name::ClusterName;
use crate::name::ObjectName;
use crate::primitives::code::Code;
use crate::primitives::compare;
use crate::primitives::compare::Compared;
use crate::primitives::compare::Kind;
use crate::primitives::compare::Pair;
use crate::primitives::compare::Row;
use crate::primitives::compare::Standing;
use crate::primitives::compile::Report;
use crate::primitives::error::Error;
use crate::primitives::glance;
use crate::primitives::unit_test;
use crate::primitives::unit_test::Filter;
use crate::primitives::unit_test::Verdict;

/// So many differing rows of a kind are shown.
const SAMPLES: usize = 20;

/// An object of the overlay: production's name of it, and the name that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Green {
    /// In production.
    pub(crate) blue: ObjectName,
    /// In the overlay.
    pub(crate) green: ObjectName,
}

/// A question.
pub(crate) enum Ask {
    /// How many rows each has.
    Count(Vec<Green>),
    /// How one differs from production, and by which of its columns rows are told apart, if by any.
    Compare(Green, Vec<String>),
    /// Some of its rows.
    Preview(Green),
    /// Whether the tests of these objects pass.
    Test(Box<Report>, BTreeSet<String>),
    /// Which epochs there are: another one was made by a promotion.
    Epoch,
}

/// What came of a question.
pub(crate) struct Answer {
    /// The connection, for the next question.
    pub(crate) session: Option<Session>,
    /// What a person has asked for with it.
    pub(crate) to: Option<Wish>,
    /// What it is about, for people.
    pub(crate) title: String,
    /// What was found.
    pub(crate) looked: Looked,
}

/// What was found.
pub(crate) enum Looked {
    /// Rows, by production name.
    Counted {
        /// How many; none where it took too long, or the object is gone.
        counted: Vec<(String, Option<u64>)>,
        /// Those whose turn did not come.
        left: Vec<String>,
    },
    /// The production name, the difference in words, and in lines.
    Compared(String, String, Vec<String>),
    /// Title and lines.
    Answered(String, Vec<String>),
    /// The names of epochs.
    Epoch(Vec<String>),
    /// It was given up for something else.
    GivenUp,
    /// Why there is none.
    Failed(Error),
}

/// Where questions are asked from.
pub(crate) struct Desk {
    /// The connection, if there is one already.
    pub(crate) session: Option<Session>,
    /// Where it leads.
    pub(crate) target: Arc<Target>,
    /// The cluster that answers.
    pub(crate) cluster: ClusterName,
    /// The time.
    pub(crate) clock: Clock,
    /// The wish to give it up.
    pub(crate) interrupt: Interrupt,
    /// How lines are written.
    pub(crate) ui: Ui,
    /// What a person has asked for.
    pub(crate) to: Option<Wish>,
}

/// Asks; the connection comes back for the next question.
pub(crate) async fn look(mut desk: Desk, ask: Ask) -> Answer {
    let (title, to) = (title(&ask), desk.to.take());
    let session = match desk.session.take().filter(|session| !session.is_closed()) {
        Some(session) => Ok(session),
        None => opened(&desk).await,
    };
    let (session, looked) = match session {
        Ok(session) => {
            let looked = answer(&desk, &session, ask).await;
            (Some(session), looked)
        }
        Err(error) => (None, Err(error)),
    };
    let looked = match looked {
        // What the server says of a question that was given up is nobody's business.
        Err(_) | Ok(Looked::Epoch(_)) if desk.interrupt.is_asked() => Looked::GivenUp,
        Err(error) => Looked::Failed(error),
        Ok(looked) => looked,
    };
    Answer { session, to, title, looked }
}

fn title(ask: &Ask) -> String {
    match ask {
        Ask::Count(_) | Ask::Epoch => String::new(),
        Ask::Compare(green, _) => format!("{} against production", green.blue),
        Ask::Preview(green) => format!("rows of {}", green.blue),
        Ask::Test(..) => "tests".to_owned(),
    }
}

async fn opened(desk: &Desk) -> Result<Session, Error> {
    let session = Session::connect(&desk.target).await?;
    glance::begin(&session, &desk.cluster).await?;
    Ok(session)
}

async fn answer(desk: &Desk, session: &Session, ask: Ask) -> Result<Looked, Error> {
    let (clock, interrupt) = (&desk.clock, &desk.interrupt);
    match ask {
        Ask::Count(greens) => {
            let (mut found, mut left) = (Vec::with_capacity(greens.len()), Vec::new());
            for Green { blue, green } in greens {
                if interrupt.is_asked() {
                    left.push(blue.to_string());
                    continue;
                }
                match glance::count(session, &green, clock, interrupt).await {
                    Ok(rows) => found.push((blue.to_string(), Some(rows))),
                    Err(_) if interrupt.is_asked() => left.push(blue.to_string()),
                    // Too slow to be counted, or gone again: the others still can be.
                    Err(_) if !session.is_closed() => found.push((blue.to_string(), None)),
                    Err(error) => return Err(error),
                }
            }
            Ok(Looked::Counted { counted: found, left })
        }
        Ask::Compare(Green { blue, green }, key) => {
            let pair = Pair {
                blue: blue.clone(),
                green,
                key: key.clone(),
                cluster: desk.cluster.clone(),
                samples: SAMPLES,
                timeout: compare::TIMEOUT,
            };
            let deadline = clock.deadline(None);
            let compared = compare::pair(session.another().await?, pair, interrupt.clone(), deadline).await?;
            Ok(Looked::Compared(blue.to_string(), difference(&compared), differing(&compared, &key)))
        }
        Ask::Preview(Green { blue, green }) => {
            let rows = glance::rows(session, &green, clock, interrupt).await?;
            Ok(Looked::Answered(format!("rows of {blue}"), previewed(&rows)))
        }
        Ask::Test(report, objects) => {
            let tested = tests(session, &report, &objects, (clock, interrupt, &desk.ui)).await?;
            Ok(Looked::Answered(tested.told(), tested.lines))
        }
        Ask::Epoch => Ok(Looked::Epoch(db::introspect::tracking_schemas(session).await?)),
    }
}

/// `+12 −0 ~3 against production`.
fn difference(compared: &Compared) -> String {
    match compared.state {
        Standing::New => return "production has none".to_owned(),
        Standing::Removed => return "production alone has it".to_owned(),
        Standing::Same if compared.columns.told().is_empty() => return "as production".to_owned(),
        Standing::Same | Standing::Differs => {}
    }
    let mut counts = format!("+{} −{}", compared.added, compared.removed);
    if compared.changed > 0 {
        counts += &format!(" ~{}", compared.changed);
    }
    let columns = compared.columns.told();
    let columns = if columns.is_empty() { columns } else { format!(", {columns}") };
    format!("{counts} against production{columns}")
}

fn differing(compared: &Compared, key: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(blue), Some(green)) = (compared.rows_blue, compared.rows_green) {
        let rows = |number: u64| counted(usize::try_from(number).unwrap_or(usize::MAX), "row");
        lines.push(format!("production has {}, the overlay {}", rows(blue), rows(green)));
    }
    lines.push(difference(compared));
    lines.extend(told_apart(compared, key));
    let mut names: Vec<&String> = Vec::new();
    for row in compared.samples.iter().flat_map(|sample| sample.before.iter().chain(&sample.after)) {
        let new: Vec<&String> = row.keys().filter(|name| !names.contains(name)).collect();
        names.extend(new);
    }
    for sample in &compared.samples {
        let (sign, row, before) = match sample.change {
            Kind::Added => ("+", &sample.after, None),
            Kind::Removed => ("-", &sample.before, None),
            Kind::Changed => ("~", &sample.after, sample.before.as_ref()),
        };
        lines.extend(row.as_ref().map(|row| format!("{sign} {}", fields(&names, row, before))));
    }
    let shown = u64::try_from(compared.samples.len()).unwrap_or(u64::MAX);
    let more = compared.differing().saturating_sub(shown);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// By what rows are told apart, where that explains what is shown.
fn told_apart(compared: &Compared, key: &[String]) -> Option<String> {
    let (blue, green) = (compared.duplicate_keys.blue, compared.duplicate_keys.green);
    if compared.added == 0 && compared.removed == 0 {
        None
    } else if key.is_empty() {
        Some("whole rows are compared, each as often as it is there: its file names no key".to_owned())
    } else if blue > 0 || green > 0 {
        Some(format!(
            "keys of several rows: {blue} in production, {green} in the overlay; their rows are compared whole"
        ))
    } else {
        None
    }
}

/// A row in words, with what is NULL in it and not in others; of what was another before, both.
fn fields(names: &[&String], row: &Row, before: Option<&Row>) -> String {
    let text = |value: Option<&Value>| match value {
        None => "NULL".to_owned(),
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    };
    let told = names.iter().map(|name| {
        let (value, was) = (row.get(*name), before.map(|row| row.get(*name)));
        match was {
            Some(was) if was != value => format!("{name} {} -> {}", text(was), text(value)),
            Some(_) | None => format!("{name} {}", text(value)),
        }
    });
    let told = told.collect::<Vec<_>>().join(", ");
    if told.is_empty() { "NULL in every column".to_owned() } else { told }
}

fn previewed(rows: &Table) -> Vec<String> {
    const WIDEST: usize = 40;
    let head: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
    let cell = |text: Option<&str>| {
        let text = text.unwrap_or("NULL").replace(['\n', '\r', '\t'], " ");
        console::truncate_str(&text, WIDEST, "…").into_owned()
    };
    let body: Vec<Vec<String>> =
        rows.rows.iter().map(|row| (0..head.len()).map(|at| cell(row.text(at))).collect()).collect();
    let mut lines = table(&head, &body);
    match rows.rows.len() {
        0 => lines.push("no rows".to_owned()),
        glance::ROWS => lines.push(format!("the first {} that the server gave", glance::ROWS)),
        _ => {}
    }
    lines
}

/// What came of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tested {
    /// How many did.
    pub(crate) passed: usize,
    /// How many did not, for whatever reason.
    pub(crate) failed: usize,
    /// What people see of those that did not.
    pub(crate) lines: Vec<String>,
    /// The objects whose tests did not all pass.
    pub(crate) owed: BTreeSet<String>,
    /// The first place of one that did not: its file and line.
    place: Option<(String, usize)>,
}

impl Tested {
    /// In words.
    pub(crate) fn told(&self) -> String {
        match (self.passed, self.failed) {
            (passed, 0) => passed_told(passed),
            (passed, failed) => format!("{} of {} failed", failed, counted(passed + failed, "test")),
        }
    }

    /// The failure as programs see it.
    pub(crate) fn json(&self) -> Value {
        let (file, line) = self.place.clone().unzip();
        json!({
            "code": Code::TestFailed.to_string(), "message": self.told(), "file": file, "line": line,
            "passed": self.passed, "failed": self.failed,
        })
    }
}

/// How many have passed, in words.
pub(crate) fn passed_told(passed: usize) -> String {
    match passed {
        0 => "no tests".to_owned(),
        passed => format!("{} passed", counted(passed, "test")),
    }
}

/// The same without colour: a screen paints lines itself, and would show codes as text.
fn plain(ui: &Ui) -> Ui {
    let mut plain = ui.clone();
    plain.colour = false;
    plain
}

/// Runs the tests of these objects.
///
/// # Errors
/// `run.interrupted`, `db.*`.
pub(crate) async fn tests(
    session: &Session,
    report: &Report,
    objects: &BTreeSet<String>,
    (clock, interrupt, ui): (&Clock, &Interrupt, &Ui),
) -> Result<Tested, Error> {
    let mut cases = unit_test::select(&report.compiled, &Filter::default())?;
    cases.retain(|case| objects.contains(&case.object.name.to_string()));
    let mut tested = Tested::default();
    if cases.is_empty() {
        return Ok(tested);
    }
    let ui = plain(ui);
    let mut tell = |number: usize, verdict: &Verdict, took: Duration| {
        let Some(case) = cases.get(number) else { return };
        match verdict {
            Verdict::Passed => tested.passed += 1,
            Verdict::Failed(_) | Verdict::Invalid(_) | Verdict::Refused(_) => {
                tested.failed += 1;
                tested.owed.insert(case.object.name.to_string());
                tested.place.get_or_insert_with(|| (case.object.file.clone(), case.test.line));
                tested.lines.extend(test::lines(&ui, case, verdict, took));
            }
        }
    };
    unit_test::all(session, &cases, clock, interrupt, &mut tell).await?;
    Ok(tested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_tests_has_no_codes_of_colour() {
        let mut ui = Ui::silent();
        ui.colour = true;
        let line = |ui: &Ui| ui.styled_line(|style| style.red().bold(), "INVALID", "shop.v#adds_up", None);
        assert!(line(&ui).contains('\u{1b}'));
        assert_eq!(line(&plain(&ui)), "INVALID   shop.v#adds_up");
    }
}
