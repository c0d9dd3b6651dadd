//! Aggregates: what becomes of the values of a group.

use std::collections::BTreeMap;

use super::super::error::SqlError;
use super::super::model::column::Type;
use super::datum::Datum;
use super::datum::Interval;
use super::datum::Json;
use super::decimal::Decimal;
use super::rel::Order;
use super::scalar::Scalar;

/// What an aggregate computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fold {
    /// How many are not NULL; of no argument, how many rows.
    Count,
    /// The sum of integers.
    SumInt,
    /// The sum of floats.
    SumFloat,
    /// The sum of numerics.
    SumNumeric,
    /// The sum of spans.
    SumInterval,
    /// The mean of numerics.
    AvgNumeric,
    /// The mean of floats.
    AvgFloat,
    /// The mean of spans.
    AvgInterval,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Whether all are true.
    All,
    /// Whether one is true.
    Any,
    /// Whether one is true; of nothing, false. For subqueries.
    AnyOrNone,
    /// The only one; more are an error. For subqueries.
    Single,
    /// Texts with something between.
    Text,
    /// An array.
    Array,
    /// A list.
    List,
    /// A JSON array.
    JsonArray,
    /// A JSON object.
    JsonObject,
    /// Variance or deviation of floats: of a sample or of everything, root taken or not.
    Spread {
        /// Of a sample.
        sample: bool,
        /// The root of it.
        root: bool,
        /// Whether the result is a `numeric`.
        numeric: bool,
    },
}

/// An aggregate in a query.
#[derive(Clone, Debug)]
pub(super) struct Aggregate {
    /// What it computes.
    pub(super) fold: Fold,
    /// Of what.
    pub(super) args: Vec<(Scalar, Type)>,
    /// Of each value once.
    pub(super) distinct: bool,
    /// In which order.
    pub(super) order: Vec<Order>,
    /// Only of rows for which this holds.
    pub(super) filter: Option<Scalar>,
    /// The type of the result.
    pub(super) kind: Type,
}

impl Aggregate {
    /// An aggregate of one argument.
    pub(super) fn of(fold: Fold, arg: Scalar, of: Type, kind: Type) -> Self {
        Self { fold, args: vec![(arg, of)], distinct: false, order: Vec::new(), filter: None, kind }
    }

    /// The expressions in it.
    pub(super) fn scalars_mut(&mut self) -> Vec<&mut Scalar> {
        let mut all: Vec<&mut Scalar> = self.args.iter_mut().map(|(arg, _)| arg).collect();
        all.extend(self.order.iter_mut().map(|order| &mut order.by));
        all.extend(self.filter.as_mut());
        all
    }
}

/// How rows compare by the keys of an order.
pub(super) fn compare(order: &[Order], left: &[Datum], right: &[Datum]) -> std::cmp::Ordering {
    for (key, (a, b)) in order.iter().zip(left.iter().zip(right)) {
        let found = match (a.is_null(), b.is_null()) {
            (true, true) => continue,
            (true, false) if key.nulls_first => std::cmp::Ordering::Less,
            (true, false) => std::cmp::Ordering::Greater,
            (false, true) if key.nulls_first => std::cmp::Ordering::Greater,
            (false, true) => std::cmp::Ordering::Less,
            (false, false) if key.descending => b.compare(a),
            (false, false) => a.compare(b),
        };
        if found.is_ne() {
            return found;
        }
    }
    std::cmp::Ordering::Equal
}

/// Computes an aggregate of the rows of a group: of each, the arguments and the keys of the order.
///
/// # Errors
/// What the server says of values that cannot be computed.
pub(super) fn compute(
    aggregate: &Aggregate,
    mut rows: Vec<(Vec<Datum>, Vec<Datum>)>,
) -> Result<Datum, SqlError> {
    if aggregate.distinct {
        let mut seen = std::collections::HashSet::new();
        rows.retain(|(args, _)| seen.insert(args.iter().map(Datum::bytes).collect::<Vec<_>>()));
    }
    if !aggregate.order.is_empty() {
        rows.sort_by(|(_, left), (_, right)| compare(&aggregate.order, left, right));
    }
    fold(aggregate.fold, rows.into_iter().map(|(args, _)| args))
}

fn overflow() -> SqlError {
    SqlError::internal("numeric field overflow")
}

/// Computes an aggregate of rows of arguments, in their order.
///
/// # Errors
/// What the server says of values that cannot be computed.
pub(super) fn fold(fold: Fold, rows: impl Iterator<Item = Vec<Datum>>) -> Result<Datum, SqlError> {
    match fold {
        Fold::Count => {
            let count = rows.filter(|row| row.first().is_none_or(|value| !value.is_null())).count();
            return Ok(Datum::Int(i64::try_from(count).unwrap_or(i64::MAX)));
        }
        Fold::Single => {
            let mut values = rows.map(first);
            let value = values.next().unwrap_or(Datum::Null);
            if values.next().is_some() {
                return Err(SqlError::internal(
                    "Evaluation error: more than one record produced in subquery",
                ));
            }
            return Ok(value);
        }
        Fold::Array => {
            let items: Vec<Datum> = rows.map(first).collect();
            return Ok(if items.is_empty() { Datum::Null } else { Datum::Array(vec![items.len()], items) });
        }
        Fold::List => {
            let items: Vec<Datum> = rows.map(first).collect();
            return Ok(if items.is_empty() { Datum::Null } else { Datum::List(items) });
        }
        Fold::JsonArray => {
            let items: Vec<Json> = rows.map(|row| json(first(row))).collect();
            return Ok(if items.is_empty() { Datum::Null } else { Datum::Json(Json::array(items)) });
        }
        Fold::JsonObject => return object(rows),
        Fold::Any | Fold::AnyOrNone => return Ok(any(rows, fold)),
        _ => {}
    }
    let rows: Vec<Vec<Datum>> =
        rows.filter(|row| row.first().is_some_and(|value| !value.is_null())).collect();
    if rows.is_empty() {
        return Ok(Datum::Null);
    }
    reduced(fold, rows)
}

/// Computes an aggregate of values none of which is NULL.
fn reduced(fold: Fold, rows: Vec<Vec<Datum>>) -> Result<Datum, SqlError> {
    let count = rows.len();
    if fold == Fold::Text {
        return Ok(joined(rows));
    }
    let values = rows.into_iter().map(first);
    Ok(match fold {
        Fold::SumInt => {
            let sum: i128 =
                values.map(|value| if let Datum::Int(n) = value { i128::from(n) } else { 0 }).sum();
            Datum::Int(i64::try_from(sum).map_err(|_| overflow())?)
        }
        Fold::SumFloat => Datum::Float(floats(values).sum()),
        Fold::AvgFloat => Datum::Float(floats(values).sum::<f64>() / count as f64),
        Fold::SumNumeric | Fold::AvgNumeric => {
            let sum = sum(values)?;
            let by = Decimal::from_i128(i128::try_from(count).unwrap_or(1));
            Datum::Numeric(if fold == Fold::SumNumeric {
                sum
            } else {
                sum.divide(by).ok_or_else(overflow)?
            })
        }
        Fold::SumInterval | Fold::AvgInterval => {
            spans(values, if fold == Fold::SumInterval { 1 } else { count })
        }
        Fold::Min => values.min_by(Datum::compare).unwrap_or(Datum::Null),
        Fold::Max => values.max_by(Datum::compare).unwrap_or(Datum::Null),
        Fold::All => Datum::Bool(values.into_iter().all(|value| value.is_true())),
        Fold::Spread { sample, root, numeric: true } => {
            let values: Vec<Datum> = values.collect();
            exact_spread(&values, sample, root)?
        }
        Fold::Spread { sample, root, numeric: false } => {
            let values: Vec<f64> = floats(values).collect();
            spread(&values, sample, root).map_or(Datum::Null, Datum::Float)
        }
        Fold::Count
        | Fold::Single
        | Fold::Text
        | Fold::Array
        | Fold::List
        | Fold::JsonArray
        | Fold::JsonObject
        | Fold::Any
        | Fold::AnyOrNone => Datum::Null,
    })
}

fn first(row: Vec<Datum>) -> Datum {
    row.into_iter().next().unwrap_or(Datum::Null)
}

fn json(value: Datum) -> Json {
    match value {
        Datum::Json(json) => json,
        _ => Json::Null,
    }
}

fn object(rows: impl Iterator<Item = Vec<Datum>>) -> Result<Datum, SqlError> {
    let mut entries = BTreeMap::new();
    for row in rows {
        let mut row = row.into_iter();
        match (row.next(), row.next()) {
            (Some(Datum::Text(key)), Some(value)) => {
                entries.insert(key.to_string(), json(value));
            }
            _ => return Err(SqlError::internal("field name must not be null")),
        }
    }
    Ok(if entries.is_empty() { Datum::Null } else { Datum::Json(Json::object(entries)) })
}

fn any(rows: impl Iterator<Item = Vec<Datum>>, fold: Fold) -> Datum {
    let (mut some, mut null) = (false, false);
    for row in rows {
        match first(row) {
            Datum::Bool(true) => return Datum::Bool(true),
            Datum::Null => null = true,
            _ => some = true,
        }
    }
    match (fold, some, null) {
        (Fold::AnyOrNone, _, true) => Datum::Null,
        (Fold::AnyOrNone, _, false) | (_, true, _) => Datum::Bool(false),
        (_, false, _) => Datum::Null,
    }
}

fn joined(rows: Vec<Vec<Datum>>) -> Datum {
    let mut text = String::new();
    for (at, row) in rows.into_iter().enumerate() {
        let mut row = row.into_iter();
        let value = row.next();
        if let (true, Some(Datum::Text(between))) = (at > 0, row.next()) {
            text.push_str(&between);
        }
        if let Some(Datum::Text(value)) = value {
            text.push_str(&value);
        }
    }
    Datum::text(text)
}

fn floats(values: impl Iterator<Item = Datum>) -> impl Iterator<Item = f64> {
    values.filter_map(|value| match value {
        Datum::Float(value) => Some(value),
        _ => None,
    })
}

fn sum(values: impl Iterator<Item = Datum>) -> Result<Decimal, SqlError> {
    let mut sum = Decimal::ZERO;
    for value in values {
        if let Datum::Numeric(value) = value {
            sum = sum.add(value).ok_or_else(overflow)?;
        }
    }
    Ok(sum)
}

fn spans(values: impl Iterator<Item = Datum>, by: usize) -> Datum {
    let by = i64::try_from(by).unwrap_or(1);
    let (mut months, mut days, mut micros) = (0_i64, 0_i64, 0_i64);
    for value in values {
        if let Datum::Interval(value) = value {
            months += i64::from(value.months);
            days += i64::from(value.days);
            micros += value.micros;
        }
    }
    days += months % by * 30 / by;
    micros += days % by * super::datum::DAY / by;
    let small = |value: i64| i32::try_from(value / by).unwrap_or(i32::MAX);
    Datum::Interval(Interval { months: small(months), days: small(days), micros: micros / by })
}

/// Variance or deviation of numerics, as the server reckons it: from the sum and that of squares.
fn exact_spread(values: &[Datum], sample: bool, root: bool) -> Result<Datum, SqlError> {
    let (mut sum, mut squares) = (Decimal::ZERO, Decimal::ZERO);
    for value in values {
        if let Datum::Numeric(value) = value {
            sum = sum.add(*value).ok_or_else(overflow)?;
            let square = value.multiply(*value).ok_or_else(overflow)?;
            squares = squares.add(square).ok_or_else(overflow)?;
        }
    }
    let whole = |number: usize| Decimal::from_i128(i128::try_from(number).unwrap_or(0));
    let by = whole(values.len() - usize::from(sample));
    if by.is_zero() {
        return Ok(Datum::Null);
    }
    let mean =
        sum.multiply(sum).and_then(|square| square.divide(whole(values.len()))).ok_or_else(overflow)?;
    let variance = squares.subtract(mean).and_then(|rest| rest.divide(by)).ok_or_else(overflow)?;
    let variance = if variance.is_negative() { Decimal::ZERO } else { variance };
    let value = if root { variance.sqrt().ok_or_else(overflow)? } else { variance };
    Ok(Datum::Numeric(value))
}

fn spread(values: &[f64], sample: bool, root: bool) -> Option<f64> {
    let count = values.len() as f64;
    let by = if sample { count - 1.0 } else { count };
    if by <= 0.0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / by;
    Some(if root { variance.sqrt() } else { variance })
}
