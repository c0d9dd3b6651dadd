//! Functions that make rows.

use super::super::error::SqlError;
use super::super::model::access::Privilege;
use super::super::model::column::Type;
use super::datum::Datum;
use super::datum::Interval;
use super::datum::Json;
use super::decimal::Decimal;
use super::function;
use super::print;
use super::time;

/// The most rows that one call may make: enough for any test, too few to exhaust the memory.
pub(super) const MOST_ROWS: usize = 2_000_000;

/// What makes the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// `generate_series` of whole numbers.
    Numbers,
    /// `generate_series` of timestamps.
    Times,
    /// `generate_subscripts`
    Subscripts,
    /// `unnest`
    Unnest,
    /// `jsonb_array_elements`
    JsonElements,
    /// `jsonb_array_elements_text`
    JsonTexts,
    /// `jsonb_each`
    JsonEach,
    /// `jsonb_each_text`
    JsonEachText,
    /// `jsonb_object_keys`
    JsonKeys,
    /// `regexp_split_to_table`
    Split,
    /// `mz_internal.mz_aclexplode`
    AclExplode,
}

/// A column that is made: its name, its type, whether it can be NULL.
pub(super) type Made = (&'static str, Type, bool);

/// The columns a function makes of arguments of some types, with whether they can be NULL; `None`
/// where there is no such function.
pub(super) fn find(name: &str, args: &[Type]) -> Option<(Series, Vec<Made>, Vec<Type>)> {
    let own = |series, name, kind: Type, nullable, args: Vec<Type>| {
        Some((series, vec![(name, kind, nullable)], args))
    };
    let whole = |kind: &Type| matches!(kind, Type::Int2 | Type::Int4 | Type::Unknown);
    match (name, args) {
        ("generate_series", [a, b]) | ("generate_series", [a, b, _]) if whole(a) && whole(b) => {
            own(Series::Numbers, "generate_series", Type::Int4, false, vec![Type::Int4; args.len()])
        }
        ("generate_series", [a, b] | [a, b, _])
            if (whole(a) || *a == Type::Int8) && (whole(b) || *b == Type::Int8) =>
        {
            own(Series::Numbers, "generate_series", Type::Int8, false, vec![Type::Int8; args.len()])
        }
        ("generate_series", [of @ (Type::Date | Type::Timestamp(_) | Type::Timestamptz(_)), _, _]) => {
            let of = if *of == Type::Date { Type::Timestamp(None) } else { of.clone() };
            let args = vec![of.clone(), of.clone(), Type::Interval];
            own(Series::Times, "generate_series", of, false, args)
        }
        ("generate_subscripts", [of @ (Type::Array(_) | Type::List(_)), _]) => {
            own(Series::Subscripts, "generate_subscripts", Type::Int4, false, vec![of.clone(), Type::Int4])
        }
        ("unnest", [of @ (Type::Array(_) | Type::List(_))]) => {
            own(Series::Unnest, "unnest", print::element_of(of), true, vec![of.clone()])
        }
        ("unnest", [of @ Type::Map(element)]) => Some((
            Series::Unnest,
            vec![("key", Type::Text, false), ("value", (**element).clone(), true)],
            vec![of.clone()],
        )),
        ("jsonb_array_elements", [_]) => {
            own(Series::JsonElements, "value", Type::Jsonb, false, vec![Type::Jsonb])
        }
        ("jsonb_array_elements_text", [_]) => {
            own(Series::JsonTexts, "value", Type::Text, true, vec![Type::Jsonb])
        }
        ("jsonb_object_keys", [_]) => {
            own(Series::JsonKeys, "jsonb_object_keys", Type::Text, false, vec![Type::Jsonb])
        }
        ("jsonb_each", [_]) => Some((
            Series::JsonEach,
            vec![("key", Type::Text, false), ("value", Type::Jsonb, false)],
            vec![Type::Jsonb],
        )),
        ("jsonb_each_text", [_]) => Some((
            Series::JsonEachText,
            vec![("key", Type::Text, false), ("value", Type::Text, true)],
            vec![Type::Jsonb],
        )),
        ("regexp_split_to_table", [_, _] | [_, _, _]) => {
            let args = vec![Type::Text; args.len()];
            own(Series::Split, "regexp_split_to_table", Type::Text, false, args)
        }
        ("mz_aclexplode", [Type::Array(_)]) => Some((
            Series::AclExplode,
            vec![
                ("grantor", Type::Text, false),
                ("grantee", Type::Text, false),
                ("privilege_type", Type::Text, false),
                ("is_grantable", Type::Bool, false),
            ],
            vec![Type::Array(Box::new(Type::MzAclItem))],
        )),
        _ => None,
    }
}

/// Whether there is a function of that name.
pub(super) fn is_known(name: &str) -> bool {
    matches!(
        name,
        "generate_series"
            | "generate_subscripts"
            | "unnest"
            | "jsonb_array_elements"
            | "jsonb_array_elements_text"
            | "jsonb_object_keys"
            | "jsonb_each"
            | "jsonb_each_text"
            | "regexp_split_to_table"
            | "mz_aclexplode"
    )
}

/// The rows for some arguments.
///
/// # Errors
/// What the server says of arguments it cannot take.
pub(super) fn rows(series: Series, args: &[Datum]) -> Result<Vec<Vec<Datum>>, SqlError> {
    if args.iter().any(Datum::is_null) {
        return Ok(Vec::new());
    }
    let one = |values: Vec<Datum>| values.into_iter().map(|value| vec![value]).collect();
    Ok(match (series, args) {
        (Series::Numbers, [Datum::Int(from), Datum::Int(to), rest @ ..]) => {
            let step = match rest {
                [Datum::Int(step)] => *step,
                _ => 1,
            };
            one(numbers(*from, *to, step)?)
        }
        (Series::Times, [Datum::Int(from), Datum::Int(to), Datum::Interval(step)]) => {
            one(times(*from, *to, *step)?)
        }
        (Series::Subscripts, [Datum::Array(..) | Datum::List(_), Datum::Int(dimension)]) => {
            let length = match args.first() {
                Some(Datum::Array(lengths, _)) => {
                    usize::try_from(*dimension - 1).ok().and_then(|at| lengths.get(at).copied())
                }
                Some(Datum::List(items)) if *dimension == 1 => Some(items.len()),
                _ => None,
            };
            one((1..=i64::try_from(length.unwrap_or(0)).unwrap_or(0)).map(Datum::Int).collect())
        }
        (Series::Unnest, [Datum::Array(_, items) | Datum::List(items)]) => one(items.clone()),
        (Series::Unnest, [Datum::Map(entries)]) => {
            entries.iter().map(|(key, value)| vec![Datum::text(key), value.clone()]).collect()
        }
        (Series::JsonElements, [Datum::Json(Json::Array(items))]) => {
            one(items.iter().cloned().map(Datum::Json).collect())
        }
        (Series::JsonTexts, [Datum::Json(Json::Array(items))]) => one(items.iter().map(plain).collect()),
        (Series::JsonKeys, [Datum::Json(Json::Object(entries))]) => {
            one(entries.keys().map(Datum::text).collect())
        }
        (Series::JsonEach, [Datum::Json(Json::Object(entries))]) => {
            entries.iter().map(|(key, value)| vec![Datum::text(key), Datum::Json(value.clone())]).collect()
        }
        (Series::JsonEachText, [Datum::Json(Json::Object(entries))]) => {
            entries.iter().map(|(key, value)| vec![Datum::text(key), plain(value)]).collect()
        }
        (Series::Split, args) => one(function::pattern::parts(args)?.into_iter().map(Datum::text).collect()),
        (Series::AclExplode, [Datum::Array(_, items)]) => items.iter().flat_map(explode).collect(),
        _ => Vec::new(),
    })
}

/// Says that there are too many rows.
pub(super) fn too_many() -> SqlError {
    SqlError::unsupported(format!("more than {MOST_ROWS} rows at once"))
}

fn numbers(from: i64, to: i64, step: i64) -> Result<Vec<Datum>, SqlError> {
    if step == 0 {
        return Err(SqlError::internal("step size cannot equal zero"));
    }
    let mut values = Vec::new();
    let mut at = from;
    while (step > 0 && at <= to) || (step < 0 && at >= to) {
        if values.len() >= MOST_ROWS {
            return Err(too_many());
        }
        values.push(Datum::Int(at));
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(values)
}

fn times(from: i64, to: i64, step: Interval) -> Result<Vec<Datum>, SqlError> {
    let forwards = step.total() > 0;
    if step.total() == 0 {
        return Err(SqlError::internal("step size cannot equal zero"));
    }
    let mut values = Vec::new();
    let mut at = from;
    while (forwards && at <= to) || (!forwards && at >= to) {
        if values.len() >= MOST_ROWS {
            return Err(too_many());
        }
        values.push(Datum::Int(at));
        let Some(next) = time::add(at, step) else { break };
        at = next;
    }
    Ok(values)
}

/// A JSON value as text: strings without quotes, null as NULL.
pub(super) fn plain(json: &Json) -> Datum {
    match json {
        Json::Null => Datum::Null,
        Json::Text(text) => Datum::text(text),
        Json::Number(number) => Datum::text(Decimal::to_string(number)),
        other => Datum::text(print::json_text(other)),
    }
}

/// `grantee=letters/grantor` as one row for each letter.
fn explode(item: &Datum) -> Vec<Vec<Datum>> {
    let Datum::Text(text) = item else { return Vec::new() };
    let Some((grantee, rest)) = text.split_once('=') else { return Vec::new() };
    let Some((letters, grantor)) = rest.split_once('/') else { return Vec::new() };
    let grantee = if grantee.is_empty() { "p" } else { grantee };
    Privilege::ALL
        .into_iter()
        .filter(|privilege| letters.contains(privilege.letter()))
        .map(|privilege| {
            vec![
                Datum::text(grantor),
                Datum::text(grantee),
                Datum::text(privilege.word()),
                Datum::Bool(false),
            ]
        })
        .collect()
}
