//! From one type to another.

use super::super::error::SqlError;

use super::super::model::column::Type;
use super::datum::DAY;
use super::datum::Datum;
use super::datum::Interval;
use super::datum::Json;
use super::decimal::Decimal;
use super::input;
use super::kind;
use super::print;
use super::scalar::Context;

/// How a cast came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A value is put into a column.
    Assignment,
    /// `::` is written.
    Explicit,
    /// The value becomes a part of JSON, whatever its type.
    Json,
}

/// Whether there is such a cast.
pub(super) fn exists(context: &Context, from: &Type, to: &Type, why: Why) -> bool {
    let (from, to) = (
        kind::bare(&kind::plain(&context.view.state, from)),
        kind::bare(&kind::plain(&context.view.state, to)),
    );
    if kind::is_implicit(&from, &to) || kind::is_text(&to) {
        return true;
    }
    let explicit = why == Why::Explicit;
    let small = |kind: &Type| matches!(kind, Type::Int4 | Type::Int8);
    match (&from, &to) {
        (a, b) if kind::is_number(a) && kind::is_number(b) => true,
        (a, _) if kind::is_text(a) => explicit,
        (Type::Bool, b) => explicit && small(b),
        (a, Type::Bool) => explicit && (small(a) || *a == Type::Jsonb),
        (
            Type::Date | Type::Timestamp(_) | Type::Timestamptz(_),
            Type::Date | Type::Timestamp(_) | Type::Timestamptz(_),
        ) => true,
        (Type::Timestamp(_) | Type::Timestamptz(_) | Type::Interval, Type::Time) => true,
        (Type::MzTimestamp, Type::Timestamp(_) | Type::Timestamptz(_)) => true,
        (a, b) if kind::is_oid(a) && (kind::is_oid(b) || small(b)) => true,
        (a, b) if small(a) && kind::is_oid(b) => true,
        (Type::Jsonb, b) => explicit && kind::is_number(b),
        (Type::Array(a), Type::Array(b)) | (Type::List(a), Type::List(b)) | (Type::Map(a), Type::Map(b)) => {
            exists(context, a, b, why)
        }
        (Type::Record(a), Type::Record(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| exists(context, &x.1, &y.1, why))
        }
        _ => false,
    }
}

/// JSON of a kind that no cast takes.
fn of_json(json: &Json, to: &str) -> SqlError {
    let kind = match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "numeric",
        Json::Text(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    SqlError::internal(format!("cannot cast jsonb {kind} to type {to}"))
}

fn number_name(of: &Type) -> &'static str {
    match of {
        Type::Int2 => "smallint",
        Type::Int4 => "integer",
        Type::Int8 => "bigint",
        Type::Float4 => "real",
        Type::Float8 => "double precision",
        Type::Numeric(_) => "numeric",
        _ => "a number",
    }
}

fn range(value: impl std::fmt::Display, of: &str) -> SqlError {
    SqlError::internal(format!("\"{value}\" {of} out of range"))
}

/// Makes a value of one type one of another.
///
/// # Errors
/// What the server says of a value that does not fit.
pub(super) fn perform(
    context: &Context,
    value: Datum,
    from: &Type,
    to: &Type,
    why: Why,
) -> Result<Datum, SqlError> {
    let (from, to) = (kind::plain(&context.view.state, from), kind::plain(&context.view.state, to));
    if why == Why::Json {
        return Ok(Datum::Json(json(context, &value, &from)));
    }
    if value.is_null() {
        return Ok(value);
    }
    if kind::is_text(&to) {
        return to_text(context, &value, &from, &to, why);
    }
    if from == Type::Unknown || (kind::is_text(&from) && !kind::is_text(&to)) {
        let Datum::Text(text) = &value else { return Ok(value) };
        return Ok(match (input::parse(context, text, &to)?, &to) {
            (Datum::Int(micros), Type::Timestamp(precision) | Type::Timestamptz(precision)) => {
                Datum::Int(rounded(micros, *precision))
            }
            (parsed, _) => parsed,
        });
    }
    let same = || Ok(value.clone());
    match (&value, &to) {
        (_, to) if kind::is_number(to) => number(&value, to),
        (_, Type::Bool) => match &value {
            Datum::Int(number) => Ok(Datum::Bool(*number != 0)),
            Datum::Json(Json::Bool(value)) => Ok(Datum::Bool(*value)),
            Datum::Json(json) => Err(of_json(json, "boolean")),
            _ => same(),
        },
        (Datum::Int(number), Type::Date) => Ok(Datum::Int(match from {
            Type::Timestamp(_) | Type::Timestamptz(_) => number.div_euclid(DAY),
            _ => *number,
        })),
        (Datum::Int(number), Type::Timestamp(precision) | Type::Timestamptz(precision)) => {
            let micros = if from == Type::Date { number.checked_mul(DAY) } else { Some(*number) };
            let micros = micros.ok_or_else(|| SqlError::internal("timestamp out of range"))?;
            Ok(Datum::Int(rounded(micros, *precision)))
        }
        (Datum::UInt(millis), Type::Timestamp(_) | Type::Timestamptz(_)) => i64::try_from(*millis)
            .ok()
            .and_then(|millis| millis.checked_mul(1000))
            .map(Datum::Int)
            .ok_or_else(|| SqlError::internal("timestamp out of range")),
        (_, Type::MzTimestamp) => mz_timestamp(&value, &from),
        (Datum::Int(micros), Type::Time) => Ok(Datum::Int(micros.rem_euclid(DAY))),
        (Datum::Interval(interval), Type::Time) => Ok(Datum::Int(interval.micros.rem_euclid(DAY))),
        (Datum::Int(micros), Type::Interval) => {
            Ok(Datum::Interval(Interval { micros: *micros, ..Interval::default() }))
        }
        (Datum::Int(number), Type::Oid | Type::Reg(_)) => {
            if u32::try_from(*number).is_ok() {
                same()
            } else {
                Err(range(number, "oid"))
            }
        }
        (Datum::Array(..) | Datum::List(_) | Datum::Map(_) | Datum::Record(_), to) => {
            nested(context, &value, (&from, to), why)
        }
        _ => same(),
    }
}

/// A value made of others.
fn nested(context: &Context, value: &Datum, (from, to): (&Type, &Type), why: Why) -> Result<Datum, SqlError> {
    let same = || Ok(value.clone());
    match (value, to) {
        (Datum::Array(dimensions, items), Type::Array(element)) => {
            let items = each(context, items, &print::element_of(from), element, why)?;
            Ok(Datum::Array(dimensions.clone(), items))
        }
        (Datum::List(items), Type::List(element)) => {
            each(context, items, &print::element_of(from), element, why).map(Datum::List)
        }
        (Datum::Map(entries), Type::Map(element)) => {
            let of = print::element_of(from);
            let made: Result<_, SqlError> = entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), perform(context, value.clone(), &of, element, why)?)))
                .collect();
            made.map(Datum::Map)
        }
        (Datum::Record(items), Type::Record(to)) => {
            let Type::Record(from) = from else { return same() };
            let made: Result<Vec<Datum>, SqlError> = items
                .iter()
                .zip(from.iter().zip(to))
                .map(|(item, (from, to))| perform(context, item.clone(), &from.1, &to.1, why))
                .collect();
            made.map(Datum::Record)
        }
        _ => same(),
    }
}

/// A value as JSON.
fn json(context: &Context, value: &Datum, of: &Type) -> Json {
    match (value, of) {
        (Datum::Int(number), of) if kind::is_number(of) => {
            Json::Number(Decimal::from_i128(i128::from(*number)))
        }
        (Datum::Float(number), _) => match Decimal::from_f64(*number) {
            Some(number) => Json::Number(number),
            None => Json::Text(print::text(context, value, of).unwrap_or_default()),
        },
        (Datum::Array(_, items) | Datum::List(items), of) => {
            let element = print::element_of(of);
            Json::array(items.iter().map(|item| json(context, item, &element)).collect())
        }
        (Datum::Map(entries), of) => {
            let element = print::element_of(of);
            Json::object(
                entries.iter().map(|(key, value)| (key.clone(), json(context, value, &element))).collect(),
            )
        }
        (Datum::Record(items), Type::Record(fields)) => {
            let pairs = items.iter().zip(fields);
            let pairs = pairs.map(|(item, (name, of))| (name.clone(), json(context, item, of)));
            Json::object(pairs.collect())
        }
        _ => super::function::json::make(value, print::text(context, value, of)),
    }
}

fn each(
    context: &Context,
    items: &[Datum],
    from: &Type,
    to: &Type,
    why: Why,
) -> Result<Vec<Datum>, SqlError> {
    items.iter().map(|item| perform(context, item.clone(), from, to, why)).collect()
}

fn to_text(context: &Context, value: &Datum, from: &Type, to: &Type, why: Why) -> Result<Datum, SqlError> {
    let text = match (value, from) {
        // A boolean is `t` when it is printed and `true` when it is made a text.
        (Datum::Bool(value), _) => value.to_string(),
        (Datum::Text(text), Type::MzAclItem) => super::names::acl_item(&context.view.state, text),
        (Datum::Text(text), Type::Char(_)) if !matches!(to, Type::Char(_)) => text.trim_end().to_owned(),
        _ => print::text(context, value, from).unwrap_or_default(),
    };
    let too_long =
        |length: &Option<u32>| length.is_some_and(|length| text.trim_end().chars().count() > length as usize);
    Ok(Datum::text(match to {
        Type::Varchar(length) | Type::Char(length) if why == Why::Assignment && too_long(length) => {
            let name = if matches!(to, Type::Char(_)) { "character" } else { "character varying" };
            let length = length.unwrap_or(0);
            return Err(SqlError::internal(format!("value too long for type {name}({length})")));
        }
        Type::Varchar(length) => input::cut(&text, *length),
        Type::Char(length) => input::pad(&text, *length),
        Type::PgChar => input::cut(&text, Some(1)),
        _ => text,
    }))
}

/// A timestamp with fewer places.
fn rounded(micros: i64, precision: Option<u8>) -> i64 {
    match precision {
        Some(places @ 0..=5) => {
            let unit = 10_i64.pow(6 - u32::from(places));
            (micros + unit / 2).div_euclid(unit) * unit
        }
        _ => micros,
    }
}

fn mz_timestamp(value: &Datum, from: &Type) -> Result<Datum, SqlError> {
    let millis = match (value, from) {
        (Datum::Int(days), Type::Date) => i128::from(*days) * i128::from(DAY) / 1000,
        (Datum::Int(micros), Type::Timestamp(_) | Type::Timestamptz(_)) => {
            i128::from(micros.div_euclid(1000))
        }
        (Datum::Int(number), _) => i128::from(*number),
        (Datum::Numeric(number), _) => number.to_i128().unwrap_or(-1),
        _ => return Ok(value.clone()),
    };
    u64::try_from(millis).map(Datum::UInt).map_err(|_| range(millis, "mz_timestamp"))
}

/// A number as one of another type.
fn number(value: &Datum, to: &Type) -> Result<Datum, SqlError> {
    let whole = || -> Result<i128, SqlError> {
        match value {
            Datum::Int(number) => Ok(i128::from(*number)),
            Datum::UInt(number) => Ok(i128::from(*number)),
            Datum::Bool(value) => Ok(i128::from(*value)),
            Datum::Float(number) if number.is_finite() => Ok(number.round_ties_even() as i128),
            Datum::Float(number) => Err(range(number, "integer")),
            Datum::Numeric(number) | Datum::Json(Json::Number(number)) => {
                number.to_i128().ok_or_else(|| range(number, "bigint"))
            }
            Datum::Json(json) => Err(of_json(json, number_name(to))),
            _ => Err(SqlError::internal(format!("cannot cast a value to {}", number_name(to)))),
        }
    };
    let shown = || match value {
        Datum::Float(number) => number.to_string(),
        Datum::Numeric(number) | Datum::Json(Json::Number(number)) => number.to_string(),
        _ => whole().map_or_else(|_| String::new(), |number| number.to_string()),
    };
    let within = |low: i64, high: i64, of: &str| -> Result<Datum, SqlError> {
        let number = i64::try_from(whole()?).map_err(|_| range(shown(), of))?;
        if (low..=high).contains(&number) { Ok(Datum::Int(number)) } else { Err(range(shown(), of)) }
    };
    match to {
        Type::Int2 => within(i16::MIN.into(), i16::MAX.into(), "smallint"),
        Type::Int4 => within(i32::MIN.into(), i32::MAX.into(), "integer"),
        Type::Int8 => within(i64::MIN, i64::MAX, "bigint"),
        Type::UInt2 => within(0, u16::MAX.into(), "uint2"),
        Type::UInt4 => within(0, u32::MAX.into(), "uint4"),
        Type::UInt8 => u64::try_from(whole()?).map(Datum::UInt).map_err(|_| range(shown(), "uint8")),
        Type::Float4 | Type::Float8 => {
            let float = match value {
                Datum::Float(number) => *number,
                Datum::Numeric(number) | Datum::Json(Json::Number(number)) => number.to_f64(),
                _ => whole()? as f64,
            };
            if *to == Type::Float8 {
                return Ok(Datum::Float(float));
            }
            let single = float as f32;
            if single.is_infinite() && float.is_finite() {
                return Err(range(shown(), "real"));
            }
            Ok(Datum::Float(f64::from(single)))
        }
        Type::Numeric(shape) => {
            let decimal = match value {
                Datum::Numeric(number) | Datum::Json(Json::Number(number)) => Some(*number),
                Datum::Float(number) => Decimal::from_f64(*number),
                _ => Some(Decimal::from_i128(whole()?)),
            };
            let decimal = decimal.ok_or_else(|| SqlError::internal("numeric field overflow"))?;
            Ok(Datum::Numeric(match shape {
                Some((_, scale)) => decimal.round(i32::from(*scale)).unwrap_or(decimal),
                None => decimal,
            }))
        }
        _ => Ok(value.clone()),
    }
}
