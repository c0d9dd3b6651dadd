//! What differs between the rows that a view gives and those that were expected. Pure.

use super::statement::MOST_ROWS;
use crate::compiler::object::Column;
use crate::compiler::unit_test::Body;
use crate::db::session::Row;
use crate::db::session::Table;
use crate::sql::data_type::DataType;

/// Rows that are not as often there as they were expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The columns, in the order in which they were expected.
    pub columns: Vec<String>,
    /// The first of the rows that differ, in the order of their values.
    pub rows: Vec<DifferingRow>,
    /// How many rows are expected and not there.
    pub missing: u64,
    /// How many rows are there and not expected.
    pub unexpected: u64,
    /// How many rows differ besides those that are told.
    pub more: u64,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferingRow {
    /// Its values as the server prints them; `None` is NULL.
    pub values: Vec<Option<String>>,
    /// How often it was expected.
    pub expected: u64,
    /// How often it is there.
    pub actual: u64,
}

/// Reads the answer to [`super::statement::difference`]; `None` where nothing differs.
pub(super) fn read(body: &Body, answer: &Table) -> Option<Difference> {
    let width = body.expected.columns.len();
    let number = |row: &Row, at: usize| row.parsed(width + at).unwrap_or(0_u64);
    let first = answer.rows.first()?;
    let rows = answer.rows.iter().map(|row| DifferingRow {
        values: (0..width).map(|at| row.text(at).map(str::to_owned)).collect(),
        expected: number(row, 0),
        actual: number(row, 1),
    });
    Some(Difference {
        columns: body.expected.columns.iter().map(|column| column.name.as_str().to_owned()).collect(),
        rows: rows.collect(),
        missing: number(first, 3),
        unexpected: number(first, 4),
        more: number(first, 2).saturating_sub(answer.rows.len().min(MOST_ROWS) as u64),
    })
}

/// Says how the names of a view's columns differ from the expected ones, a line each.
pub(super) fn of_names(expected: &[Column], actual: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for column in expected {
        match actual.iter().filter(|name| *name == column.name.as_str()).count() {
            0 => lines.push(format!("the view gives no column `{}`", column.name)),
            1 => {}
            _ => lines.push(format!("the view gives column `{}` more than once", column.name)),
        }
    }
    for name in actual {
        if expected.iter().all(|column| column.name.as_str() != name) {
            lines.push(format!("the view gives column `{name}`, which EXPECTED does not list"));
        }
    }
    lines
}

/// Says how the types of a view's columns differ from the expected ones, a line each, from the
/// answer to [`super::statement::types`].
pub(super) fn of_types(expected: &[Column], answer: &Table) -> Vec<String> {
    let Some(row) = answer.rows.first() else { return Vec::new() };
    let told = expected.iter().enumerate().filter_map(|(at, column)| {
        let (actual, expected) = (row.text(2 * at)?, row.text(2 * at + 1)?);
        let alike = match (DataType::parse(actual), DataType::parse(expected)) {
            (Ok(actual), Ok(expected)) => actual.is_like(&expected),
            _ => actual == expected,
        };
        let told = || format!("column `{}` is of type {actual}, EXPECTED says {expected}", column.name);
        (!alike).then(told)
    });
    told.collect()
}
