//! What is asked of the server beside the build: counts, differences, rows, tests, who was promoted.
//!
//! On a connection of its own, one question after the other; it only reads, and each question can be
//! given up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

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
    /// How one differs from production.
    Compare(Green),
    /// Some of its rows.
    Preview(Green),
    /// Whether the tests of these objects pass.
    Test(Box<Report>, BTreeSet<String>),
    /// Which epochs there are: another one was made by a promotion.
    Epoch,
}

/// An answer.
pub(crate) enum Looked {
    /// Rows, by production name.
    Counted(Vec<(String, u64)>),
    /// The production name, the difference in words, and in lines.
    Compared(String, String, Vec<String>),
    /// Title and lines.
    Answered(String, Vec<String>),
    /// The names of epochs.
    Epoch(Vec<String>),
    /// Why there is none: what was asked, and the error.
    Failed(String, Error),
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
}

/// Asks; the connection comes back for the next question.
pub(crate) async fn look(mut desk: Desk, ask: Ask) -> (Option<Session>, Looked) {
    let title = title(&ask);
    let session = match desk.session.take().filter(|session| !session.is_closed()) {
        Some(session) => Ok(session),
        None => opened(&desk).await,
    };
    let session = match session {
        Ok(session) => session,
        Err(error) => return (None, Looked::Failed(title, error)),
    };
    match answer(&desk, &session, ask).await {
        Ok(looked) => (Some(session), looked),
        Err(error) => (Some(session), Looked::Failed(title, error)),
    }
}

fn title(ask: &Ask) -> String {
    match ask {
        Ask::Count(_) | Ask::Epoch => String::new(),
        Ask::Compare(green) => format!("{} against production", green.blue),
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
            let mut found = Vec::with_capacity(greens.len());
            for Green { blue, green } in greens {
                if interrupt.is_asked() {
                    break;
                }
                // Too slow to be counted, or gone again: the others still can be.
                match glance::count(session, &green, clock, interrupt).await {
                    Ok(rows) => found.push((blue.to_string(), rows)),
                    Err(_) if !session.is_closed() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Looked::Counted(found))
        }
        Ask::Compare(Green { blue, green }) => {
            let pair = Pair {
                blue: blue.clone(),
                green,
                cluster: desk.cluster.clone(),
                samples: SAMPLES,
                timeout: compare::TIMEOUT,
            };
            let deadline = clock.deadline(None);
            let compared = compare::pair(session.another().await?, pair, interrupt.clone(), deadline).await?;
            Ok(Looked::Compared(blue.to_string(), difference(&compared), differing(&compared)))
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
    let counts = format!("+{} −{}", compared.added, compared.removed);
    let columns = compared.columns.told();
    let columns = if columns.is_empty() { columns } else { format!(", {columns}") };
    format!("{counts} against production{columns}")
}

fn differing(compared: &Compared) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(blue), Some(green)) = (compared.rows_blue, compared.rows_green) {
        let rows = |number: u64| counted(usize::try_from(number).unwrap_or(usize::MAX), "row");
        lines.push(format!("production has {}, the overlay {}", rows(blue), rows(green)));
    }
    lines.push(difference(compared));
    let fields = |row: &Row| {
        let told = row.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        });
        told.collect::<Vec<_>>().join(", ")
    };
    for sample in &compared.samples {
        let (sign, row) = match sample.change {
            Kind::Added => ("+", &sample.after),
            Kind::Removed => ("-", &sample.before),
            Kind::Changed => ("~", &sample.after),
        };
        lines.extend(row.as_ref().map(|row| format!("{sign} {}", fields(row))));
    }
    let shown = u64::try_from(compared.samples.len()).unwrap_or(u64::MAX);
    let more = compared.differing().saturating_sub(shown);
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines
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
}

impl Tested {
    /// In words.
    pub(crate) fn told(&self) -> String {
        match (self.passed, self.failed) {
            (0, 0) => "no tests".to_owned(),
            (passed, 0) => format!("{} passed", counted(passed, "test")),
            (passed, failed) => format!("{} of {} failed", failed, counted(passed + failed, "test")),
        }
    }
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
    let mut tell = |number: usize, verdict: &Verdict, took: Duration| {
        let Some(case) = cases.get(number) else { return };
        match verdict {
            Verdict::Passed => tested.passed += 1,
            Verdict::Failed(_) | Verdict::Invalid(_) | Verdict::Refused(_) => {
                tested.failed += 1;
                tested.lines.extend(test::lines(ui, case, verdict, took));
            }
        }
    };
    unit_test::all(session, &cases, clock, interrupt, &mut tell).await?;
    Ok(tested)
}
