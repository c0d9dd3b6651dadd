//! Window functions.

use super::super::error::SqlError;
use super::super::model::column::Type;
use super::aggregate;
use super::aggregate::Fold;
use super::datum::Datum;
use super::rel::Order;
use super::scalar::Context;
use super::scalar::Scalar;

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    /// `row_number`
    RowNumber,
    /// `rank`
    Rank,
    /// `dense_rank`
    DenseRank,
    /// `lag`
    Lag,
    /// `lead`
    Lead,
    /// `first_value`
    First,
    /// `last_value`
    Last,
    /// An aggregate.
    Fold(Fold),
}

/// Where a frame begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// At the edge of the partition.
    Unbounded,
    /// That many rows after this one; before it where negative.
    Rows(i64),
    /// At the first or last row that compares equal to this one.
    Peers,
}

/// A window function in a query.
#[derive(Clone, Debug)]
pub(super) struct WindowCall {
    /// What it computes.
    pub(super) pane: Pane,
    /// Of what.
    pub(super) args: Vec<Scalar>,
    /// Only of rows for which this holds.
    pub(super) filter: Option<Scalar>,
    /// Among which rows.
    pub(super) partition: Vec<Scalar>,
    /// In which order.
    pub(super) order: Vec<Order>,
    /// Over which of them.
    pub(super) frame: (Bound, Bound),
    /// The type of the result.
    pub(super) kind: Type,
}

impl WindowCall {
    /// The expressions in it.
    pub(super) fn scalars_mut(&mut self) -> Vec<&mut Scalar> {
        let mut all: Vec<&mut Scalar> = self.args.iter_mut().collect();
        all.extend(self.filter.as_mut());
        all.extend(self.partition.iter_mut());
        all.extend(self.order.iter_mut().map(|order| &mut order.by));
        all
    }
}

/// One row of a partition: where it is among all rows, its arguments, its keys.
struct Entry {
    at: usize,
    args: Vec<Datum>,
    keys: Vec<Datum>,
    counts: bool,
}

/// Adds the values of window functions to rows.
///
/// # Errors
/// What the server says of values that cannot be computed.
pub(super) fn append(
    context: &Context,
    calls: &[WindowCall],
    rows: &mut [Vec<Datum>],
) -> Result<(), SqlError> {
    for call in calls {
        let mut partitions: std::collections::BTreeMap<Vec<Vec<u8>>, Vec<Entry>> =
            std::collections::BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let all = |scalars: &[Scalar]| -> Result<Vec<Datum>, SqlError> {
                scalars.iter().map(|scalar| scalar.eval(context, row)).collect()
            };
            let key = all(&call.partition)?.iter().map(Datum::bytes).collect();
            let keys =
                call.order.iter().map(|order| order.by.eval(context, row)).collect::<Result<_, _>>()?;
            let counts = match &call.filter {
                Some(filter) => filter.eval(context, row)?.is_true(),
                None => true,
            };
            partitions.entry(key).or_default().push(Entry { at, args: all(&call.args)?, keys, counts });
        }
        let mut values = vec![Datum::Null; rows.len()];
        for mut partition in partitions.into_values() {
            partition.sort_by(|a, b| aggregate::compare(&call.order, &a.keys, &b.keys));
            for (here, entry) in partition.iter().enumerate() {
                if let Some(slot) = values.get_mut(entry.at) {
                    *slot = value(call, &partition, here, entry)?;
                }
            }
        }
        for (row, value) in rows.iter_mut().zip(values) {
            row.push(value);
        }
    }
    Ok(())
}

fn whole(number: usize) -> Datum {
    Datum::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn value(call: &WindowCall, partition: &[Entry], here: usize, entry: &Entry) -> Result<Datum, SqlError> {
    let is_peer = |other: &Entry| aggregate::compare(&call.order, &other.keys, &entry.keys).is_eq();
    let first_peer = || partition.iter().position(is_peer).unwrap_or(here);
    let arg = |entry: Option<&Entry>, at: usize| entry.and_then(|entry| entry.args.get(at)).cloned();
    Ok(match call.pane {
        Pane::RowNumber => whole(here + 1),
        Pane::Rank => whole(first_peer() + 1),
        Pane::DenseRank => {
            let mut rank = 1;
            for pair in partition.windows(2).take(here) {
                if let [a, b] = pair
                    && aggregate::compare(&call.order, &a.keys, &b.keys).is_ne()
                {
                    rank += 1;
                }
            }
            whole(rank)
        }
        Pane::Lag | Pane::Lead => {
            let by = match entry.args.get(1) {
                Some(Datum::Int(by)) => *by,
                Some(_) => return Ok(Datum::Null),
                None => 1,
            };
            let by = if call.pane == Pane::Lag { -by } else { by };
            let other = i64::try_from(here).ok().and_then(|here| usize::try_from(here + by).ok());
            match other.and_then(|other| partition.get(other)) {
                Some(other) => arg(Some(other), 0).unwrap_or(Datum::Null),
                None => entry.args.get(2).cloned().unwrap_or(Datum::Null),
            }
        }
        Pane::First | Pane::Last | Pane::Fold(_) => {
            let frame = frame(call, partition, here, &is_peer);
            match call.pane {
                Pane::First => arg(frame.first(), 0).unwrap_or(Datum::Null),
                Pane::Last => arg(frame.last(), 0).unwrap_or(Datum::Null),
                Pane::Fold(fold) => {
                    let rows = frame.iter().filter(|entry| entry.counts).map(|entry| entry.args.clone());
                    aggregate::fold(fold, rows)?
                }
                Pane::RowNumber | Pane::Rank | Pane::DenseRank | Pane::Lag | Pane::Lead => Datum::Null,
            }
        }
    })
}

fn frame<'a>(
    call: &WindowCall,
    partition: &'a [Entry],
    here: usize,
    is_peer: &dyn Fn(&Entry) -> bool,
) -> &'a [Entry] {
    let moved = |by: i64| i64::try_from(here).unwrap_or(0).saturating_add(by);
    let start = match call.frame.0 {
        Bound::Unbounded => 0,
        Bound::Rows(by) => usize::try_from(moved(by)).unwrap_or(0),
        Bound::Peers => partition.iter().position(is_peer).unwrap_or(here),
    };
    let end = match call.frame.1 {
        Bound::Unbounded => partition.len(),
        Bound::Rows(by) => usize::try_from(moved(by).saturating_add(1)).unwrap_or(0),
        Bound::Peers => partition.iter().rposition(is_peer).unwrap_or(here) + 1,
    };
    partition.get(start..end.min(partition.len())).unwrap_or_default()
}
