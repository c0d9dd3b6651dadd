//! Functions and operators of JSON.

use super::Nulls::Never;
use super::Nulls::StrictMay;
use super::*;
use crate::sandbox::error::SqlError;
use crate::sandbox::query::print;
use crate::sandbox::query::series::plain;

fn field<'a>(json: &'a Json, key: &str) -> Option<&'a Json> {
    match json {
        Json::Object(entries) => entries.get(key),
        _ => None,
    }
}

fn element(json: &Json, at: i64) -> Option<&Json> {
    let Json::Array(items) = json else { return None };
    let at = if at < 0 { i64::try_from(items.len()).ok()? + at } else { at };
    items.get(usize::try_from(at).ok()?)
}

fn path<'a>(mut json: &'a Json, steps: &[Datum]) -> Option<&'a Json> {
    for step in steps {
        let Datum::Text(step) = step else { return None };
        json = match json {
            Json::Object(entries) => entries.get(&**step)?,
            Json::Array(_) => element(json, step.parse().ok()?)?,
            _ => return None,
        };
    }
    Some(json)
}

fn whole(json: Option<&Json>) -> Result<Datum, SqlError> {
    Ok(json.map_or(Datum::Null, |json| Datum::Json(json.clone())))
}

fn text_of(json: Option<&Json>) -> Result<Datum, SqlError> {
    Ok(json.map_or(Datum::Null, plain))
}

fn contains(outer: &Json, inner: &Json) -> bool {
    match (outer, inner) {
        (Json::Object(a), Json::Object(b)) => {
            b.iter().all(|(key, value)| a.get(key).is_some_and(|own| contains(own, value)))
        }
        (Json::Array(a), Json::Array(b)) => b.iter().all(|value| a.iter().any(|own| contains(own, value))),
        (Json::Array(a), other) => a.contains(other),
        (a, b) => a == b,
    }
}

fn has(json: &Json, key: &str) -> bool {
    match json {
        Json::Object(entries) => entries.contains_key(key),
        Json::Array(items) => items.iter().any(|item| matches!(item, Json::Text(text) if text == key)),
        Json::Text(text) => text == key,
        _ => false,
    }
}

fn joined(left: &Json, right: &Json) -> Result<Datum, SqlError> {
    let list = |json: &Json| match json {
        Json::Array(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    Ok(match (left, right) {
        (Json::Object(a), Json::Object(b)) => Datum::Json(Json::object(
            a.iter().chain(b.iter()).map(|(key, value)| (key.clone(), value.clone())).collect(),
        )),
        (Json::Object(_), _) | (_, Json::Object(_))
            if !matches!((left, right), (Json::Array(_), _) | (_, Json::Array(_))) =>
        {
            Datum::Null
        }
        _ => Datum::Json(Json::array(list(left).into_iter().chain(list(right)).collect())),
    })
}

fn without_key(json: &Json, key: &str) -> Result<Datum, SqlError> {
    Ok(match json {
        Json::Object(entries) => {
            let mut entries = (**entries).clone();
            entries.remove(key);
            Datum::Json(Json::object(entries))
        }
        Json::Array(items) => {
            let kept = items.iter().filter(|item| !matches!(item, Json::Text(text) if text == key));
            Datum::Json(Json::array(kept.cloned().collect()))
        }
        _ => Datum::Null,
    })
}

fn without_element(json: &Json, at: i64) -> Result<Datum, SqlError> {
    let Json::Array(items) = json else { return Ok(Datum::Null) };
    let length = i64::try_from(items.len()).unwrap_or(0);
    let at = if at < 0 { length + at } else { at };
    let mut items = items.to_vec();
    if let Ok(at) = usize::try_from(at)
        && at < items.len()
    {
        items.remove(at);
    }
    Ok(Datum::Json(Json::array(items)))
}

fn stripped(json: &Json) -> Json {
    match json {
        Json::Array(items) => Json::array(items.iter().map(stripped).collect()),
        Json::Object(entries) => Json::object(
            entries
                .iter()
                .filter(|(_, value)| **value != Json::Null)
                .map(|(key, value)| (key.clone(), stripped(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn pretty(json: &Json, depth: usize, out: &mut String) {
    let inner = "  ".repeat(depth + 1);
    let outer = "  ".repeat(depth);
    match json {
        Json::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ",\n" } else { "\n" });
                out.push_str(&inner);
                pretty(item, depth + 1, out);
            }
            out.push_str(&format!("\n{outer}]"));
        }
        Json::Object(entries) if !entries.is_empty() => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ",\n" } else { "\n" });
                out.push_str(&format!("{inner}{}: ", serde_json::Value::from(key.as_str())));
                pretty(value, depth + 1, out);
            }
            out.push_str(&format!("\n{outer}}}"));
        }
        other => out.push_str(&print::json_text(other)),
    }
}

fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::Text(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn operand(value: &Datum) -> Json {
    match value {
        Datum::Json(json) => json.clone(),
        _ => Json::Null,
    }
}

fn map_get(args: &[Datum]) -> Result<Datum, SqlError> {
    Ok(match args.first() {
        Some(Datum::Map(entries)) => entries.get(t(args, 1)).cloned().unwrap_or(Datum::Null),
        _ => Datum::Null,
    })
}

const JSONB: Type = Type::Jsonb;

fn value_of(given: &[Type]) -> Type {
    given.first().map_or(Type::Text, print::element_of)
}

/// The functions of this file, operators by their signs.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    let steps = Type::Array(Box::new(Type::Text));
    let map = Type::Map(Box::new(Type::Unknown));
    Some(match name {
        "->" => vec![
            f(&[JSONB, TEXT], a_jsonb, |_, a| whole(field(j(a, 0), t(a, 1)))).nulls(StrictMay),
            f(&[JSONB, INT8], a_jsonb, |_, a| whole(element(j(a, 0), n(a, 1)))).nulls(StrictMay),
            f(&[map, TEXT], value_of, |_, a| map_get(a)).nulls(StrictMay),
        ],
        "->>" => vec![
            f(&[JSONB, TEXT], a_text, |_, a| text_of(field(j(a, 0), t(a, 1)))).nulls(StrictMay),
            f(&[JSONB, INT8], a_text, |_, a| text_of(element(j(a, 0), n(a, 1)))).nulls(StrictMay),
        ],
        "#>" => vec![f(&[JSONB, steps], a_jsonb, |_, a| whole(path(j(a, 0), items(a, 1)))).nulls(StrictMay)],
        "#>>" => {
            vec![f(&[JSONB, steps], a_text, |_, a| text_of(path(j(a, 0), items(a, 1)))).nulls(StrictMay)]
        }
        "@>" => vec![f(&[JSONB, JSONB], a_bool, |_, a| Ok(Datum::Bool(contains(j(a, 0), j(a, 1)))))],
        "<@" => vec![f(&[JSONB, JSONB], a_bool, |_, a| Ok(Datum::Bool(contains(j(a, 1), j(a, 0)))))],
        "?" => vec![
            f(&[JSONB, TEXT], a_bool, |_, a| Ok(Datum::Bool(has(j(a, 0), t(a, 1))))),
            f(&[map, TEXT], a_bool, |_, a| map_get(a).map(|value| Datum::Bool(!value.is_null()))),
        ],
        "JSON ||" => vec![f(&[JSONB, JSONB], a_jsonb, |_, a| joined(j(a, 0), j(a, 1))).nulls(StrictMay)],
        "JSON -" => vec![
            f(&[JSONB, TEXT], a_jsonb, |_, a| without_key(j(a, 0), t(a, 1))).nulls(StrictMay),
            f(&[JSONB, INT8], a_jsonb, |_, a| without_element(j(a, 0), n(a, 1))).nulls(StrictMay),
        ],
        "jsonb_typeof" => vec![f(&[JSONB], a_text, |_, a| Ok(Datum::text(type_name(j(a, 0)))))],
        "jsonb_array_length" => vec![
            f(&[JSONB], an_int4, |_, a| {
                Ok(match j(a, 0) {
                    Json::Array(items) => count(items.len()),
                    _ => Datum::Null,
                })
            })
            .nulls(StrictMay),
        ],
        "jsonb_strip_nulls" => vec![f(&[JSONB], a_jsonb, |_, a| Ok(Datum::Json(stripped(j(a, 0)))))],
        "jsonb_pretty" => vec![f(&[JSONB], a_text, |_, a| {
            let mut out = String::new();
            pretty(j(a, 0), 0, &mut out);
            Ok(Datum::text(out))
        })],
        "jsonb_build_array" => vec![
            f(&[JSONB], a_jsonb, |_, a| Ok(Datum::Json(Json::array(a.iter().map(operand).collect()))))
                .variadic()
                .nulls(Never),
        ],
        "jsonb_extract_path" => {
            vec![
                f(&[JSONB, TEXT], a_jsonb, |_, a| whole(path(j(a, 0), a.get(1..).unwrap_or_default())))
                    .variadic()
                    .nulls(StrictMay),
            ]
        }
        "jsonb_extract_path_text" => {
            vec![
                f(&[JSONB, TEXT], a_text, |_, a| text_of(path(j(a, 0), a.get(1..).unwrap_or_default())))
                    .variadic()
                    .nulls(StrictMay),
            ]
        }
        "to_jsonb" => vec![f(&[JSONB], a_jsonb, |_, a| Ok(a.first().cloned().unwrap_or(Datum::Null)))],
        _ => return None,
    })
}

/// `jsonb_build_object` of keys that are texts and values that are JSON.
pub(in crate::sandbox::query) fn build_object(
    _: &crate::sandbox::query::scalar::Context,
    args: &[Datum],
) -> Result<Datum, SqlError> {
    let mut entries = std::collections::BTreeMap::new();
    for pair in args.chunks(2) {
        match pair {
            [Datum::Text(key), value] => {
                entries.insert(key.to_string(), operand(value));
            }
            _ => return Err(SqlError::internal("key cannot be null")),
        }
    }
    Ok(Datum::Json(Json::object(entries)))
}

/// A value as JSON; its own type tells how.
pub(in crate::sandbox::query) fn make(value: &Datum, text: Option<String>) -> Json {
    match value {
        Datum::Null => Json::Null,
        Datum::Bool(value) => Json::Bool(*value),
        Datum::Json(json) => json.clone(),
        Datum::Numeric(number) => Json::Number(*number),
        Datum::UInt(number) => Json::Number(Decimal::from_i128(i128::from(*number))),
        _ => Json::Text(text.unwrap_or_default()),
    }
}
