//! unit_test: runs the unit tests of views on a server that need not hold any of them.
//!
//! Reads, never writes: mocks, view and expected rows are CTEs of one SELECT, so nothing is created
//! and nothing is left behind. The rows are compared with their multiplicities. Start reading at [`all`].

mod blame;
mod difference;
mod filter;
mod shape;
mod statement;
mod told;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future;
use serde::Serialize;

pub use self::difference::Difference;
pub use self::difference::DifferingRow;
pub use self::filter::Filter;
pub use self::filter::FilterError;
use self::shape::Shapes;
use super::code::Code;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use super::error::Finding;
use crate::clock::Clock;
use crate::compiler::contract::ContractName;
use crate::compiler::object::Column;
use crate::compiler::object::Object;
use crate::compiler::project::Project;
use crate::compiler::standalone;
use crate::compiler::unit_test::Body;
use crate::compiler::unit_test::UnitTest;
use crate::db;
use crate::db::apply::Interrupt;
use crate::db::session::Session;
use crate::db::session::Table;
use crate::event::Event;
use crate::name::Ident;
use crate::name::ObjectName;

/// At most so many connections: each test is a few short statements, and the server plans them one
/// after the other.
const MOST_SESSIONS: usize = 4;

/// So many tests are worth a connection.
const TESTS_A_SESSION: usize = 4;

/// A test that was chosen.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// What it tests.
    pub object: &'a Object,
    /// What it says.
    pub test: &'a UnitTest,
    /// What is wrong with it; then it is not run.
    pub mistakes: Vec<Finding>,
    /// The project it is from.
    project: &'a Project,
    /// The text of its file.
    text: &'a str,
}

/// How a test ended.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The view gives the expected rows.
    Passed,
    /// It gives others.
    Failed(Difference),
    /// The test is wrong: the findings of its case say why, or the view has other columns.
    Invalid(Option<Error>),
    /// The server refused it or its view.
    Refused(Error),
}

/// The tests of a project that a filter chooses, in the order of its objects and their files; none
/// where the project has none.
///
/// # Errors
/// `test.no-match` where there are tests, and the filter chooses none of them.
pub fn select<'a>(compiled: &'a Compiled, filter: &Filter) -> Result<Vec<Case<'a>>, Error> {
    let project = &compiled.project;
    let tests =
        || project.objects.iter().flat_map(|object| object.tests.iter().map(move |test| (object, test)));
    let suffix = project.settings.suffix.as_str();
    let chosen = tests().filter(|(object, test)| filter.matches(&object.name, suffix, test.name.as_str()));
    let cases: Vec<Case<'a>> = chosen.map(|(object, test)| case(compiled, object, test)).collect();
    if cases.is_empty() && tests().next().is_some() {
        let error = Error::new(Code::TestNoMatch, format!("no test matches `{filter}`"));
        let count = tests().count();
        let plural = if count == 1 { "" } else { "s" };
        return Err(error.line(format!("the project has {count} test{plural}")));
    }
    Ok(cases)
}

fn case<'a>(compiled: &'a Compiled, object: &'a Object, test: &'a UnitTest) -> Case<'a> {
    let own = compiled.only_test().iter().filter(|(diagnostic, _)| {
        let (inner, outer) = (diagnostic.span, test.span);
        diagnostic.file == object.file && outer.start <= inner.start && inner.end <= outer.end
    });
    // To everybody else they are warnings.
    let mistakes = own.map(|(_, finding)| Finding { is_error: true, ..finding.clone() });
    let (project, text) = (&compiled.project, compiled.text(&object.file));
    Case { object, test, mistakes: mistakes.collect(), project, text }
}

/// Names the tests that have to pass.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project.
    pub compiled: Rc<Compiled>,
    /// The objects whose tests are run, by name; `None` is all.
    pub objects: Option<BTreeSet<String>>,
}

/// Tells how many tests passed: all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// How many.
    pub passed: usize,
}

/// Runs tests, and fails where one does not pass.
///
/// # Errors
/// `test.failed` with a line for each test that did not pass; those of [`all`].
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let started = ctx.clock.elapsed();
    let mut cases = select(&request.compiled, &Filter::default())?;
    if let Some(objects) = &request.objects {
        cases.retain(|case| objects.contains(&case.object.name.to_string()));
    }
    let mut lines = Vec::new();
    if !cases.is_empty() {
        let mut tell = |number: usize, verdict: &Verdict, _: Duration| {
            lines.extend(cases.get(number).and_then(|case| told::line(case, verdict)));
        };
        all(ctx.session(), &cases, &ctx.clock, &ctx.interrupt, &mut tell).await?;
    }
    if !lines.is_empty() {
        let plural = if cases.len() == 1 { "" } else { "s" };
        let message = format!("{} of {} test{plural} did not pass", lines.len(), cases.len());
        return Err(Error::new(Code::TestFailed, message).with_lines(lines));
    }
    let took = ctx.clock.elapsed().saturating_sub(started);
    if !cases.is_empty() {
        ctx.events.event(Event::UnitTested { passed: cases.len(), took });
    }
    Ok(Outcome { passed: cases.len() })
}

/// What came of the tests so far.
struct Progress<'t> {
    /// The number of the next test that nobody has taken.
    next: usize,
    /// The number of the next test that is told.
    told: usize,
    /// Those that ended before their turn.
    ended: BTreeMap<usize, (Verdict, Duration)>,
    /// Why no more are begun.
    failed: Option<Error>,
    tell: &'t mut dyn FnMut(usize, &Verdict, Duration),
}

impl Progress<'_> {
    fn end(&mut self, number: usize, verdict: Verdict, took: Duration) {
        self.ended.insert(number, (verdict, took));
        while let Some((verdict, took)) = self.ended.remove(&self.told) {
            (self.tell)(self.told, &verdict, took);
            self.told += 1;
        }
    }
}

/// Runs tests, several at once, and tells of each by its number, in their order.
///
/// # Errors
/// `run.interrupted`, `db.lost`; what was told before holds.
pub async fn all(
    session: &Session,
    cases: &[Case<'_>],
    clock: &Clock,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(usize, &Verdict, Duration),
) -> Result<(), Error> {
    let progress = Progress { next: 0, told: 0, ended: BTreeMap::new(), failed: None, tell };
    let progress = RefCell::new(progress);
    let shapes = cases.first().map(|case| Shapes::new(case.project)).unwrap_or_default();
    let sessions = cases.len().div_ceil(TESTS_A_SESSION).clamp(1, MOST_SESSIONS);
    let others = (1..sessions).map(|_| async {
        match session.another().await {
            Ok(session) => {
                let asker = Asker { session: &session, clock, interrupt, shapes: &shapes };
                some(&asker, cases, &progress).await;
            }
            // The server has no room for it: the others do its work.
            Err(error) => tracing::debug!("another connection: {error}"),
        }
    });
    let asker = Asker { session, clock, interrupt, shapes: &shapes };
    let first = some(&asker, cases, &progress);
    future::join(first, future::join_all(others)).await;
    progress.into_inner().failed.map_or(Ok(()), Err)
}

/// Runs tests that nobody has taken, until there are none.
async fn some(asker: &Asker<'_>, cases: &[Case<'_>], progress: &RefCell<Progress<'_>>) {
    loop {
        let number = {
            let mut progress = progress.borrow_mut();
            if asker.interrupt.is_asked() {
                progress.failed.get_or_insert_with(|| Error::new(Code::RunInterrupted, "stopped, as asked"));
            }
            if progress.failed.is_some() {
                return;
            }
            progress.next += 1;
            progress.next - 1
        };
        let Some(case) = cases.get(number) else { return };
        let started = asker.clock.elapsed();
        match one(asker, case).await {
            // A statement that was cancelled says nothing of its test.
            Ok(Verdict::Refused(_)) if asker.interrupt.is_asked() => {}
            Ok(verdict) => {
                let took = asker.clock.elapsed().saturating_sub(started);
                progress.borrow_mut().end(number, verdict, took);
            }
            Err(error) => {
                progress.borrow_mut().failed.get_or_insert(error);
            }
        }
    }
}

/// Who sends statements.
struct Asker<'a> {
    session: &'a Session,
    clock: &'a Clock,
    interrupt: &'a Interrupt,
    shapes: &'a Shapes,
}

impl Asker<'_> {
    async fn ask(&self, sql: &str) -> Result<Table, db::error::Error> {
        self.session.table(sql, self.clock, self.interrupt).await
    }
}

/// Runs a test.
///
/// # Errors
/// `db.lost`
async fn one(asker: &Asker<'_>, case: &Case<'_>) -> Result<Verdict, Error> {
    let Some(body) = case.test.body.as_ref().filter(|_| case.mistakes.is_empty()) else {
        return Ok(Verdict::Invalid(None));
    };
    let Some(view) = statement::view(case.object, body) else {
        let message = format!("`{}` cannot be tested: only the server can read its query", case.object.name);
        let error = blame::at_test(case, Error::new(Code::TestUnreadableView, message));
        return Ok(Verdict::Invalid(Some(error)));
    };
    if let Some(error) = mock_differs(asker, case, body).await? {
        return Ok(Verdict::Invalid(Some(error)));
    }
    let columns = statement::columns(&view, Some(body));
    let types = statement::types(&view, body);
    let nulls = statement::nulls(&view, &case.object.not_null, body);
    let difference = statement::difference(&view, body);
    let count = async {
        match &nulls {
            Some(sent) => asker.ask(&sent.sql).await.map(Some),
            None => Ok(None),
        }
    };
    // All go out at once: what only the last one is wrong with is told by those before it.
    let asked =
        future::join4(asker.ask(&columns.sql), asker.ask(&types.sql), count, asker.ask(&difference.sql));
    let answers = asked.await;
    let sent = [Some(columns), Some(types), nulls, Some(difference)];
    match compared(case.object, body, answers) {
        Ok(Compared::Columns(lines)) => Ok(Verdict::Invalid(Some(columns_differ(case, lines)))),
        Ok(Compared::Null(column)) => {
            let message =
                format!("`{}` gives NULL in column `{column}`, and asserts not to", case.object.name);
            let error = Error::new(Code::TestNullAsserted, message);
            Ok(Verdict::Refused(blame::at_view(case, error)))
        }
        Ok(Compared::Rows(None)) => Ok(Verdict::Passed),
        Ok(Compared::Rows(Some(difference))) => Ok(Verdict::Failed(difference)),
        Err((number, error)) => match sent.get(number).and_then(Option::as_ref) {
            Some(sent) => refused(asker, case, body, &view, (sent, error)).await,
            None => Err(error.into()),
        },
    }
}

/// What came of the comparison.
enum Compared {
    /// The columns differ, a line for each that does.
    Columns(Vec<String>),
    /// A column holds NULL and is asserted not to.
    Null(Ident),
    /// The columns are alike; the rows that differ.
    Rows(Option<Difference>),
}

/// The answer of the server, or why it gave none.
type Answer = Result<Table, db::error::Error>;

/// Reads four answers in their order: the first that says something decides.
///
/// # Errors
/// The number of the statement that the server refused, with its words.
fn compared(
    object: &Object,
    body: &Body,
    (columns, types, nulls, difference): (Answer, Answer, Result<Option<Table>, db::error::Error>, Answer),
) -> Result<Compared, (usize, db::error::Error)> {
    let expected = &body.expected.columns;
    let lines = difference::of_names(expected, &columns.map_err(|error| (0, error))?.columns);
    if !lines.is_empty() {
        return Ok(Compared::Columns(lines));
    }
    let lines = difference::of_types(expected, &types.map_err(|error| (1, error))?);
    if !lines.is_empty() {
        return Ok(Compared::Columns(lines));
    }
    if let Some(row) = nulls.map_err(|error| (2, error))?.and_then(|nulls| nulls.rows.into_iter().next()) {
        // Source: the server refuses to read such a view: `column "x" must not be null`.
        let has_null = |at: usize| row.parsed(at).unwrap_or(0_u64) > 0;
        let mut columns = object.not_null.iter().enumerate();
        if let Some((_, column)) = columns.find(|(at, _)| has_null(*at)) {
            return Ok(Compared::Null(column.clone()));
        }
    }
    let answer = difference.map_err(|error| (3, error))?;
    Ok(Compared::Rows(difference::read(body, &answer)))
}

/// Compares mocks of the project's own views with what those give; tables were compared when the
/// project was compiled.
///
/// # Errors
/// `db.lost`
async fn mock_differs(asker: &Asker<'_>, case: &Case<'_>, body: &Body) -> Result<Option<Error>, Error> {
    for mock in &body.mocks {
        let ContractName::Object(name) = &mock.relation else { continue };
        let Some(real) = real_columns(asker, case.project, name).await? else { continue };
        let lines = shape::differences(mock, &real);
        if !lines.is_empty() {
            let message = format!("the mock of `{}` has other columns", mock.relation);
            let error = Error::new(Code::TestMockDiffers, message).with_lines(lines);
            return Ok(Some(blame::at_mock(case, mock, error)));
        }
    }
    Ok(None)
}

/// The columns of a view of the project; `None` where the server does not tell: whether the view is
/// right is for its own tests to say.
///
/// # Errors
/// `db.lost`
async fn real_columns(
    asker: &Asker<'_>,
    project: &Project,
    name: &ObjectName,
) -> Result<Option<Vec<Column>>, Error> {
    if let Some(told) = asker.shapes.of(name) {
        return Ok(told);
    }
    let mut columns = None;
    if let Some(view) = asker.shapes.query(project, name) {
        let names = known(asker.ask(&statement::columns(&view, None).sql).await)?;
        let names = names.and_then(|told| told.columns.iter().map(|name| Ident::new(name).ok()).collect());
        let names: Vec<Ident> = names.unwrap_or_default();
        // A view with two columns of a name is none.
        if !names.is_empty() && names.iter().collect::<BTreeSet<_>>().len() == names.len() {
            let types = known(asker.ask(&shape::types(&view, &names)).await)?;
            columns = types.and_then(|types| shape::columns(&names, &types));
        }
    }
    asker.shapes.keep(name, columns.clone());
    Ok(columns)
}

/// An answer, unless the server refused to give one.
///
/// # Errors
/// `db.lost`
fn known(answer: Result<Table, db::error::Error>) -> Result<Option<Table>, Error> {
    match answer {
        Ok(table) => Ok(Some(table)),
        Err(error) if error.outcome_unknown() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

fn columns_differ(case: &Case<'_>, lines: Vec<String>) -> Error {
    let message = format!("`{}` has other columns than its test expects", case.object.name);
    blame::at_test(case, Error::new(Code::TestColumnsDiffer, message).with_lines(lines))
}

/// Finds out what the server refuses: the time, the rows of the test, or else the view.
///
/// # Errors
/// `db.lost`
async fn refused(
    asker: &Asker<'_>,
    case: &Case<'_>,
    body: &Body,
    view: &standalone::Statement,
    failed: (&statement::Sent, db::error::Error),
) -> Result<Verdict, Error> {
    let (sent, error) = failed;
    if error.outcome_unknown() {
        return Err(error.into());
    }
    if asker.interrupt.is_asked() {
        return Ok(Verdict::Refused(error.into()));
    }
    let time = body.at_time.as_ref().map(|time| (statement::time(time), time));
    let rows = body.mocks.iter().map(|mock| &mock.rows).chain([&body.expected]);
    let parts = time.into_iter().chain(rows.map(|rows| (statement::alone(rows), &rows.query)));
    for (sent, excerpt) in parts {
        match asker.ask(&sent.sql).await {
            Ok(_) => {}
            Err(error) if error.outcome_unknown() => return Err(error.into()),
            Err(error) => return Ok(Verdict::Refused(blame::in_excerpt(case, excerpt, &sent, &error))),
        }
    }
    Ok(Verdict::Refused(blame::in_view(case, view, sent, &error)))
}

#[cfg(test)]
mod tests;
