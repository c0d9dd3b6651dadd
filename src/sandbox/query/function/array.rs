//! Functions of arrays, lists and maps.

use super::Nulls::May;
use super::Nulls::StrictMay;
use super::*;
use crate::sandbox::query::print;

fn any_array() -> Type {
    Type::Array(Box::new(Type::Unknown))
}

fn any_list() -> Type {
    Type::List(Box::new(Type::Unknown))
}

fn length(args: &[Datum]) -> Datum {
    match args.first() {
        Some(Datum::Array(lengths, _)) => {
            let at = n(args, 1).checked_sub(1).and_then(|at| usize::try_from(at).ok());
            at.and_then(|at| lengths.get(at)).map_or(Datum::Null, |length| count(*length))
        }
        _ => Datum::Null,
    }
}

fn joined(args: &[Datum]) -> Datum {
    let null = (args.len() > 2).then(|| t(args, 2));
    let parts: Vec<&str> = items(args, 0)
        .iter()
        .filter_map(|item| match item {
            Datum::Text(text) => Some(&**text),
            _ => null,
        })
        .collect();
    Datum::text(parts.join(t(args, 1)))
}

/// A text in parts; without something that parts it, its characters.
fn cut(args: &[Datum]) -> Datum {
    let (Some(Datum::Text(text)), Some(by)) = (args.first(), args.get(1)) else { return Datum::Null };
    let null = match args.get(2) {
        Some(Datum::Text(null)) => Some(&**null),
        _ => None,
    };
    let part = |part: &str| if null == Some(part) { Datum::Null } else { Datum::text(part) };
    let parts: Vec<Datum> = match by {
        _ if text.is_empty() => Vec::new(),
        Datum::Text(by) if by.is_empty() => vec![part(text)],
        Datum::Text(by) => text.split(&**by).map(part).collect(),
        _ => text.chars().map(|c| part(&c.to_string())).collect(),
    };
    made(parts)
}

/// An array of one dimension.
fn made(items: Vec<Datum>) -> Datum {
    Datum::Array(if items.is_empty() { Vec::new() } else { vec![items.len()] }, items)
}

/// The elements but for those that are one value.
fn without(args: &[Datum]) -> Vec<Datum> {
    let value = args.get(1).unwrap_or(&Datum::Null);
    let same = |item: &Datum| match (item.is_null(), value.is_null()) {
        (false, false) => item.compare(value).is_eq(),
        (own, other) => own && other,
    };
    items(args, 0).iter().filter(|item| !same(item)).cloned().collect()
}

/// The place of a value, from 1.
fn position(args: &[Datum]) -> Datum {
    let value = args.get(1).unwrap_or(&Datum::Null);
    let found = items(args, 0).iter().position(|item| !item.is_null() && item.compare(value).is_eq());
    found.map_or(Datum::Null, |at| count(at + 1))
}

/// Some of a list; a bound that is NULL is none.
fn slice(args: &[Datum]) -> Datum {
    let Some(Datum::List(all)) = args.first() else { return Datum::Null };
    let bound = |at: usize| match args.get(at) {
        Some(Datum::Int(number)) => Some(*number),
        _ => None,
    };
    let from = usize::try_from(bound(1).unwrap_or(1).max(1) - 1).unwrap_or(usize::MAX);
    let to = bound(2).map_or(all.len(), |to| usize::try_from(to).unwrap_or(0).min(all.len()));
    Datum::List(all.get(from..to).unwrap_or_default().to_vec())
}

/// Whether every element of one array is in another.
fn contains(args: &[Datum], whole: usize, part: usize) -> Datum {
    let all = items(args, whole);
    let has =
        |item: &Datum| all.iter().any(|own| !own.is_null() && !item.is_null() && own.compare(item).is_eq());
    Datum::Bool(items(args, part).iter().all(has))
}

fn second(given: &[Type]) -> Type {
    given.get(1).cloned().unwrap_or(Type::Text)
}

fn element(args: &[Datum]) -> Datum {
    let at = n(args, 1).checked_sub(1).and_then(|at| usize::try_from(at).ok());
    match args.first() {
        Some(Datum::Array(lengths, _)) if lengths.len() > 1 => Datum::Null,
        _ => at.and_then(|at| items(args, 0).get(at)).cloned().unwrap_or(Datum::Null),
    }
}

fn concatenated(args: &[Datum]) -> Datum {
    match (args.first(), args.get(1)) {
        (Some(Datum::Null), Some(other)) | (Some(other), Some(Datum::Null)) => other.clone(),
        (Some(Datum::List(a)), Some(Datum::List(b))) => Datum::List(a.iter().chain(b).cloned().collect()),
        (Some(Datum::Array(x, a)), Some(Datum::Array(y, b))) if x.len() < 2 && y.len() < 2 => {
            let all: Vec<Datum> = a.iter().chain(b).cloned().collect();
            Datum::Array(if all.is_empty() { Vec::new() } else { vec![all.len()] }, all)
        }
        _ => Datum::Null,
    }
}

/// An array of values; arrays of one shape make one with another dimension.
fn array(args: &[Datum]) -> Datum {
    if let Some(Datum::Array(inner, _)) = args.first() {
        let mut lengths = vec![args.len()];
        lengths.extend(inner);
        return Datum::Array(lengths, (0..args.len()).flat_map(|at| items(args, at).to_vec()).collect());
    }
    Datum::Array(if args.is_empty() { Vec::new() } else { vec![args.len()] }, args.to_vec())
}

fn element_type(given: &[Type]) -> Type {
    given.first().map_or(Type::Text, print::element_of)
}

/// The functions of this file. What SQL has its own words for comes with names nobody can write.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    let strings = Type::Array(Box::new(Type::Text));
    Some(match name {
        "array_length" | "array_upper" => {
            vec![f(&[any_array(), INT8], an_int4, |_, a| Ok(length(a))).nulls(StrictMay)]
        }
        "array_lower" => vec![
            f(&[any_array(), INT8], an_int4, |_, a| {
                Ok(if length(a).is_null() { Datum::Null } else { Datum::Int(1) })
            })
            .nulls(StrictMay),
        ],
        "cardinality" => vec![f(&[any_array()], an_int4, |_, a| Ok(count(items(a, 0).len())))],
        "array_to_string" => vec![
            f(&[strings.clone(), TEXT], a_text, |_, a| Ok(joined(a))),
            f(&[strings, TEXT, TEXT], a_text, |_, a| Ok(joined(a))),
        ],
        "string_to_array" => vec![
            f(&[TEXT, TEXT], texts, |_, a| Ok(cut(a))).nulls(May),
            f(&[TEXT, TEXT, TEXT], texts, |_, a| Ok(cut(a))).nulls(May),
        ],
        "list_length" => vec![f(&[any_list()], an_int4, |_, a| Ok(count(items(a, 0).len())))],
        "map_length" => vec![f(&[Type::Map(Box::new(Type::Unknown))], an_int4, |_, a| {
            Ok(match a.first() {
                Some(Datum::Map(entries)) => count(entries.len()),
                _ => Datum::Null,
            })
        })],
        "[]" => vec![
            f(&[any_array(), INT8], element_type, |_, a| Ok(element(a))).nulls(StrictMay),
            f(&[any_list(), INT8], element_type, |_, a| Ok(element(a))).nulls(StrictMay),
        ],
        "[:]" => vec![f(&[any_list(), INT8, INT8], first, |_, a| Ok(slice(a))).nulls(May)],
        "list_append" => vec![
            f(&[any_list(), Type::Unknown], first, |_, a| {
                Ok(Datum::List(items(a, 0).iter().chain(a.get(1)).cloned().collect()))
            })
            .nulls(Nulls::Never),
        ],
        "list_prepend" => vec![
            f(&[Type::Unknown, any_list()], second, |_, a| {
                Ok(Datum::List(a.iter().take(1).chain(items(a, 1)).cloned().collect()))
            })
            .nulls(Nulls::Never),
        ],
        "list_cat" => vec![f(&[any_list(), any_list()], first, |_, a| Ok(concatenated(a))).nulls(May)],
        "list_remove" => {
            vec![f(&[any_list(), Type::Unknown], first, |_, a| Ok(Datum::List(without(a)))).nulls(May)]
        }
        "array_cat" => vec![f(&[any_array(), any_array()], first, |_, a| Ok(concatenated(a))).nulls(May)],
        "array_remove" => vec![f(&[any_array(), Type::Unknown], first, |_, a| removed(a)).nulls(May)],
        "array_position" => {
            vec![f(&[any_array(), Type::Unknown], an_int4, |_, a| Ok(position(a))).nulls(StrictMay)]
        }
        "ARRAY @>" => vec![f(&[any_array(), any_array()], a_bool, |_, a| Ok(contains(a, 0, 1)))],
        "ARRAY <@" => vec![f(&[any_array(), any_array()], a_bool, |_, a| Ok(contains(a, 1, 0)))],
        "ARRAY ||" => vec![
            f(&[any_array(), any_array()], first, |_, a| Ok(concatenated(a))).nulls(May),
            f(&[any_list(), any_list()], first, |_, a| Ok(concatenated(a))).nulls(May),
        ],
        _ => return None,
    })
}

/// An array without the elements that are a value, or NULL.
fn removed(args: &[Datum]) -> Result<Datum, crate::sandbox::error::SqlError> {
    let Some(Datum::Array(lengths, _)) = args.first() else { return Ok(Datum::Null) };
    if lengths.len() > 1 {
        return Err(crate::sandbox::error::SqlError::internal(
            "removing elements from multidimensional arrays is not supported",
        ));
    }
    Ok(made(without(args)))
}

/// `ARRAY[…]`
pub(in crate::sandbox::query) fn make_array(
    _: &crate::sandbox::query::scalar::Context,
    args: &[Datum],
) -> Result<Datum, crate::sandbox::error::SqlError> {
    Ok(array(args))
}

/// `LIST[…]`
pub(in crate::sandbox::query) fn make_list(
    _: &crate::sandbox::query::scalar::Context,
    args: &[Datum],
) -> Result<Datum, crate::sandbox::error::SqlError> {
    Ok(Datum::List(args.to_vec()))
}

/// `MAP[…]` of keys and values in turn.
pub(in crate::sandbox::query) fn make_map(
    _: &crate::sandbox::query::scalar::Context,
    args: &[Datum],
) -> Result<Datum, crate::sandbox::error::SqlError> {
    let pairs = args.chunks(2).filter_map(|pair| match pair {
        [Datum::Text(key), value] => Some((key.to_string(), value.clone())),
        _ => None,
    });
    Ok(Datum::Map(pairs.collect()))
}

/// `ROW(…)`
pub(in crate::sandbox::query) fn make_row(
    _: &crate::sandbox::query::scalar::Context,
    args: &[Datum],
) -> Result<Datum, crate::sandbox::error::SqlError> {
    Ok(Datum::Record(args.to_vec()))
}

/// `x = ANY (array)` and its kin: whether the comparison with the operator's sign holds of one
/// element, or with `ALL` of every one.
pub(in crate::sandbox::query) fn quantified(
    op: crate::sandbox::query::scalar::Comparison,
    args: &[Datum],
    all: bool,
) -> Datum {
    let value = args.first().unwrap_or(&Datum::Null);
    if args.get(1).is_none_or(Datum::is_null) {
        return Datum::Null;
    }
    let mut null = false;
    for item in items(args, 1) {
        if item.is_null() || value.is_null() {
            null = true;
        } else if op.holds(value.compare(item)) != all {
            return Datum::Bool(!all);
        }
    }
    if null { Datum::Null } else { Datum::Bool(all) }
}
