//! The statements of a test: all of them read, and none needs anything to be there.
//!
//! Mocks, the view's own query and the expected rows are CTEs of one SELECT, so nothing is created
//! and nothing has to be taken down. Pure.

use crate::compiler::contract::ContractName;
use crate::compiler::object::Object;
use crate::compiler::standalone;
use crate::compiler::standalone::StandIn;
use crate::compiler::standalone::Statement;
use crate::compiler::template::Relation;
use crate::compiler::unit_test::Body;
use crate::compiler::unit_test::Excerpt;
use crate::compiler::unit_test::Mock;
use crate::compiler::unit_test::Rows;
use crate::name::Ident;

/// So many rows of a difference are shown; the rest is a number.
pub(super) const MOST_ROWS: usize = 50;

/// The CTEs of the view and of the expected rows. The user's own text cannot mean them: whatever it
/// names by one part is a CTE of its own, stood in for, or the system's.
pub(super) const ACTUAL: &str = "\"mzf_actual\"";
const EXPECTED: &str = "\"mzf_expected\"";

/// A statement that is sent, with where the user's text begins in it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// The statement.
    pub(super) sql: String,
    /// How many characters stand before the part that leads back to the file.
    pub(super) before: usize,
}

/// The view with the mocks in place of what it reads; `None` where only the server can read it.
pub(super) fn view<'a>(object: &'a Object, body: &'a Body) -> Option<Statement> {
    standalone::query_with(object, &|relation| {
        let mock = body.mocks.iter().find(|mock| stands_for(mock, relation))?;
        Some(StandIn::Rows { query: &mock.rows.query.text, columns: &mock.rows.columns })
    })
}

fn stands_for(mock: &Mock, relation: Relation<'_>) -> bool {
    match (&mock.relation, relation) {
        (ContractName::Object(mocked), Relation::Object(read)) => mocked == read,
        (ContractName::System(schema, own), Relation::System(read, its_own)) => {
            (schema, own) == (read, its_own)
        }
        (ContractName::Object(_), Relation::System(..)) | (ContractName::System(..), Relation::Object(_)) => {
            false
        }
    }
}

/// Asks how many rows of the view are NULL in each of some columns; `None` without any.
pub(super) fn nulls(view: &Statement, columns: &[Ident], body: &Body) -> Option<Sent> {
    if columns.is_empty() {
        return None;
    }
    let before = format!("WITH {ACTUAL} AS (\n");
    let count = |column: &Ident| format!("count(*) FILTER (WHERE {} IS NULL)", column.sql());
    let counts: Vec<String> = columns.iter().map(count).collect();
    let sql = format!("{before}{}\n)\nSELECT {} FROM {ACTUAL}{}", view.sql, counts.join(", "), as_of(body));
    Some(Sent { sql, before: before.len() })
}

/// Asks for the columns of the view, and for no row of it.
pub(super) fn columns(view: &Statement, body: Option<&Body>) -> Sent {
    let time = body.map(as_of).unwrap_or_default();
    Sent { sql: format!("{}\nLIMIT 0{time}", view.sql), before: 0 }
}

/// Asks for the types of the view's columns and of the expected ones: a column for each, the view's
/// before the other.
pub(super) fn types(view: &Statement, body: &Body) -> Sent {
    let columns = body.expected.columns.iter();
    let types = columns.flat_map(|column| [ACTUAL, EXPECTED].map(|side| type_of(&column.name, side)));
    let types: Vec<String> = types.collect();
    let (with, before) = both(view, body);
    Sent { sql: format!("{with}\nSELECT {}{}", types.join(", "), as_of(body)), before }
}

/// The type of a column, which is told whether or not there are rows.
///
/// A description would tell no more of a list than that it is one.
pub(super) fn type_of(column: &Ident, relation: &str) -> String {
    format!("pg_typeof((SELECT {} FROM {relation} LIMIT 0))", column.sql())
}

/// Asks for the rows that are not as often on one side as on the other: the columns, how often the
/// row is expected and how often it is there; then, alike in every row, how many such rows there
/// are, how many are missing and how many unexpected.
///
/// Rows are grouped, so that a row counts as often as it is there, and NULL is like NULL.
pub(super) fn difference(view: &Statement, body: &Body) -> Sent {
    let columns = &body.expected.columns;
    let own: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
    let own = own.join(", ");
    let side = |relation: &str, is_expected: bool| {
        let named =
            columns.iter().zip(1..).map(|(column, number)| format!("{} AS c{number}", column.name.sql()));
        let named: Vec<String> = named.collect();
        format!("SELECT {}, {is_expected} AS e FROM {relation}", named.join(", "))
    };
    let (with, before) = both(view, body);
    let sql = format!(
        "{with},\n\
         \"mzf_sides\" AS (\n{}\nUNION ALL\n{}\n),\n\
         \"mzf_counts\" AS (\n\
         SELECT {own}, count(*) FILTER (WHERE e) AS expected, count(*) FILTER (WHERE NOT e) AS actual\n\
         FROM \"mzf_sides\" GROUP BY {own}\n),\n\
         \"mzf_rows\" AS (SELECT * FROM \"mzf_counts\" WHERE expected <> actual),\n\
         \"mzf_total\" AS (\n\
         SELECT count(*) AS differing,\n\
         sum(CASE WHEN expected > actual THEN expected - actual ELSE 0 END) AS missing,\n\
         sum(CASE WHEN actual > expected THEN actual - expected ELSE 0 END) AS unexpected\n\
         FROM \"mzf_rows\"\n)\n\
         SELECT {own}, expected, actual, differing, missing, unexpected\n\
         FROM \"mzf_rows\", \"mzf_total\"\nORDER BY {own}, expected DESC\nLIMIT {MOST_ROWS}{}",
        side(EXPECTED, true),
        side(ACTUAL, false),
        as_of(body),
    );
    Sent { sql, before }
}

/// Asks for the rows of a mock, or for the expected ones, and for nothing else.
pub(super) fn alone(rows: &Rows) -> Sent {
    let sql = standalone::rows(&rows.query.text, &rows.columns, "\"mzf_0\"");
    let before = sql.find(&format!("\n{}\n", rows.query.text)).map_or(0, |at| at + 1);
    let before = sql.get(..before).map_or(0, |text| text.chars().count());
    Sent { sql, before }
}

/// Asks for the time of a test.
pub(super) fn time(time: &Excerpt) -> Sent {
    let before = "SELECT (\n";
    Sent { sql: format!("{before}{}\n)::mz_timestamp", time.text), before: before.len() }
}

/// The CTEs of both sides, and how many characters stand before the view's.
fn both(view: &Statement, body: &Body) -> (String, usize) {
    let rows = &body.expected;
    let before = format!("WITH {ACTUAL} AS (\n");
    let expected = standalone::rows(&rows.query.text, &rows.columns, "\"mzf_0\"");
    (format!("{before}{}\n),\n{EXPECTED} AS ({expected})", view.sql), before.len())
}

/// Sets the time of a statement.
fn as_of(body: &Body) -> String {
    let time = body.at_time.as_ref();
    time.map_or_else(String::new, |time| format!("\nAS OF (\n{}\n)::mz_timestamp", time.text))
}
