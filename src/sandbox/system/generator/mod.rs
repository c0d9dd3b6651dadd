//! What load generators produce: the same rows for the same time, and more of them as it passes.
//!
//! Time goes in ticks. The first is at the source's creation; with `AS OF n` the first `n` more are
//! there at once; `UP TO n` is where it stops. What a tick produces follows from its number alone,
//! so that rows never change once they are there. The rows are invented: of the real generators
//! they have the columns, the kinds of values and how the tables hang together.
//! Start reading at [`rows`].

mod auction;
mod marketing;
mod random;
mod tpch;
mod tpch_rows;

use super::super::error::SqlError;
use super::super::model::Row;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::model::item::Item;
use super::super::model::item::SourceData;
use super::spec;
use super::text;
use super::text::some;
use crate::clock::Timestamp;
use crate::name::Ident;

/// A table: its name and its columns, in the notation of `spec`.
type Description = (&'static str, &'static str);

/// The tables of a generator with their columns, in the order in which the server makes them;
/// `None` for one that is not modelled. A generator with one table is a relation itself, see
/// [`is_single`].
pub(crate) fn tables(generator: &str) -> Option<Vec<(&'static str, Vec<Column>)>> {
    let tables: &[Description] = match generator {
        "AUCTION" => auction::TABLES,
        "MARKETING" => marketing::TABLES,
        "TPCH" => tpch::TABLES,
        "COUNTER" => &[("counter", "counter int8")],
        "CLOCK" => &[("clock", "time timestamptz")],
        // `KEY VALUE` and `DATUMS` are there for tests of the server itself.
        _ => return None,
    };
    Some(tables.iter().map(|(name, columns)| (*name, self::columns(columns))).collect())
}

/// Tells whether a generator is a relation itself and makes no subsources.
pub(crate) fn is_single(generator: &str) -> bool {
    matches!(generator, "COUNTER" | "CLOCK" | "DATUMS" | "KEY VALUE")
}

/// The columns of the progress relation of a load generator.
pub(crate) fn progress_columns() -> Vec<Column> {
    columns("offset uint8?")
}

fn columns(text: &'static str) -> Vec<Column> {
    let columns = spec::columns(text).into_iter();
    // The names stand above and are all usable.
    let named = columns.filter_map(|(name, kind, nullable)| Some((Ident::new(name).ok()?, kind, nullable)));
    named
        .map(|(name, kind, nullable): (Ident, Type, bool)| Column { name, kind, nullable, default: None })
        .collect()
}

/// Refuses options whose rows would be too many to make for each query.
///
/// # Errors
/// `0A000`
pub(crate) fn check(generator: &str, options: &[(String, String)]) -> Result<(), SqlError> {
    if generator == "TPCH" && tpch::scale(options) > tpch::MAX_SCALE {
        return Err(SqlError::unsupported(format!("TPCH above a scale factor of {}", tpch::MAX_SCALE)));
    }
    Ok(())
}

/// How far a generator has come.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    /// How many ticks there were: at least one from the creation on, unless `UP TO` is 0.
    count: u64,
    /// How many of them were there at once.
    at_once: u64,
    /// When the source was made.
    created: u64,
    /// Between two ticks.
    interval: u64,
    /// The present.
    now: u64,
}

impl Ticks {
    fn new(source: &Item, data: &SourceData, now: Timestamp) -> Option<Self> {
        let SourceData::LoadGenerator { tick_ms, as_of, up_to, .. } = data else { return None };
        let elapsed = now.0.checked_sub(source.created.0)?;
        let interval = (*tick_ms).max(1);
        let at_once = as_of.saturating_add(1);
        let count = at_once.saturating_add(elapsed / interval).min(up_to.unwrap_or(u64::MAX));
        Some(Self { count, at_once, created: source.created.0, interval, now: now.0 })
    }

    /// When a tick was, counted from 0.
    fn time(&self, tick: u64) -> u64 {
        let late = tick.saturating_sub(self.at_once.saturating_sub(1));
        self.created.saturating_add(late.saturating_mul(self.interval))
    }
}

/// A moment as the server prints it, from milliseconds.
fn moment(millis: u64) -> Option<String> {
    Some(text::moment(Timestamp(millis)))
}

/// The rows of one of its tables (or of the generator itself, where it has only one) at a moment.
pub(crate) fn rows(source: &Item, data: &SourceData, table: &str, now: Timestamp) -> Vec<Row> {
    let SourceData::LoadGenerator { generator, options, .. } = data else { return Vec::new() };
    let Some(ticks) = Ticks::new(source, data, now).filter(|ticks| ticks.count > 0) else {
        return Vec::new();
    };
    // An upstream reference may be written with its schema: `"auction"."bids"`.
    let table = table.rsplit('.').next().unwrap_or(table).trim_matches('"');
    match generator.as_str() {
        "AUCTION" => auction::rows(&ticks, table),
        "MARKETING" => marketing::rows(&ticks, table),
        "TPCH" => tpch_rows::rows(options, table),
        "COUNTER" => counter(&ticks, options),
        "CLOCK" => vec![vec![moment(ticks.time(ticks.count - 1))]],
        _ => Vec::new(),
    }
}

/// How many ticks a generator has behind it at a moment.
pub(crate) fn offset(source: &Item, data: &SourceData, now: Timestamp) -> Option<u64> {
    Ticks::new(source, data, now).map(|ticks| ticks.count)
}

/// The row of its progress relation at a moment.
pub(crate) fn progress(source: &Item, data: &SourceData, now: Timestamp) -> Vec<Row> {
    offset(source, data, now).map(|offset| vec![some(offset)]).into_iter().collect()
}

/// One number a tick; with `MAX CARDINALITY` only the latest.
fn counter(ticks: &Ticks, options: &[(String, String)]) -> Vec<Row> {
    let kept = option(options, "MAX CARDINALITY").and_then(|text| text.parse::<u64>().ok());
    let first = kept.map_or(1, |kept| ticks.count.saturating_sub(kept) + 1);
    (first..=ticks.count).map(|number| vec![some(number)]).collect()
}

fn option<'o>(options: &'o [(String, String)], name: &str) -> Option<&'o str> {
    options.iter().find(|(known, _)| known == name).map(|(_, text)| text.trim_matches('\''))
}

#[cfg(test)]
mod tests;
