//! Values as the server prints them.

use std::fmt::Write as _;

use super::super::model::column::Type;
use super::datum::Datum;
use super::datum::Json;
use super::kind;
use super::scalar::Context;
use super::time;

/// A value as the server prints it; `None` for NULL.
pub(super) fn text(context: &Context, value: &Datum, of: &Type) -> Option<String> {
    Some(match (value, of) {
        (Datum::Null, _) => return None,
        (Datum::Bool(value), _) => if *value { "t" } else { "f" }.to_owned(),
        (Datum::Int(days), Type::Date) => time::date_text(*days),
        (Datum::Int(micros), Type::Time) => time::time_text(*micros),
        (Datum::Int(micros), Type::Timestamp(_)) => time::timestamp_text(*micros),
        (Datum::Int(micros), Type::Timestamptz(_)) => format!("{}+00", time::timestamp_text(*micros)),
        (Datum::Int(oid), Type::Reg(family)) => super::names::of_oid(&context.view.state, family, *oid),
        (Datum::Int(value), _) => value.to_string(),
        (Datum::UInt(value), _) => value.to_string(),
        (Datum::Float(value), Type::Float4) => float(*value, *value as f32),
        (Datum::Float(value), _) => float(*value, *value),
        (Datum::Numeric(value), Type::Numeric(_)) => value.to_string(),
        (Datum::Numeric(value), _) => value.to_string(),
        (Datum::Text(text), _) => text.to_string(),
        (Datum::Bytes(bytes), _) => format!("\\x{}", hex(bytes)),
        (Datum::Interval(interval), _) => time::interval_text(*interval),
        (Datum::Json(json), _) => json_text(json),
        (Datum::Array(dimensions, items), of) => {
            let element = element_of(of);
            let mut out = String::new();
            array(context, dimensions, items, &element, &mut out);
            out
        }
        (Datum::List(items), of) => {
            let element = element_of(&kind::plain(&context.view.state, of));
            let items: Vec<String> = items.iter().map(|item| list_item(context, item, &element)).collect();
            format!("{{{}}}", items.join(","))
        }
        (Datum::Map(entries), of) => {
            let element = element_of(&kind::plain(&context.view.state, of));
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| {
                    format!("{}=>{}", quoted(key, false), list_item(context, value, &element))
                })
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        (Datum::Record(items), of) => {
            let fields = match kind::plain(&context.view.state, of) {
                Type::Record(fields) => fields,
                _ => Vec::new(),
            };
            let items: Vec<String> = items
                .iter()
                .enumerate()
                .map(|(at, item)| {
                    let of = fields.get(at).map_or(Type::Text, |(_, kind)| kind.clone());
                    text(context, item, &of).map_or_else(String::new, |text| field(&text))
                })
                .collect();
            format!("({})", items.join(","))
        }
    })
}

/// What a type with elements is made of.
pub(super) fn element_of(of: &Type) -> Type {
    match of {
        Type::Array(element) | Type::List(element) | Type::Map(element) => (**element).clone(),
        _ => Type::Text,
    }
}

fn list_item(context: &Context, item: &Datum, of: &Type) -> String {
    match (item, text(context, item, of)) {
        (_, None) => "NULL".to_owned(),
        (Datum::List(_) | Datum::Map(_), Some(text)) => text,
        (_, Some(text)) => quoted(&text, true),
    }
}

fn array(context: &Context, dimensions: &[usize], items: &[Datum], of: &Type, out: &mut String) {
    out.push('{');
    let inner: usize = dimensions.get(1..).unwrap_or_default().iter().product();
    if dimensions.len() > 1 && inner > 0 {
        for (at, part) in items.chunks(inner).enumerate() {
            out.push_str(if at > 0 { "," } else { "" });
            array(context, dimensions.get(1..).unwrap_or_default(), part, of, out);
        }
    } else {
        for (at, item) in items.iter().enumerate() {
            out.push_str(if at > 0 { "," } else { "" });
            match text(context, item, of) {
                Some(text) => out.push_str(&quoted(&text, true)),
                None => out.push_str("NULL"),
            }
        }
    }
    out.push('}');
}

fn quoted(text: &str, null_is_special: bool) -> String {
    let special = text.is_empty()
        || (null_is_special && text.eq_ignore_ascii_case("null"))
        || text.contains(|c: char| c.is_whitespace() || "{},\"\\".contains(c))
        || (!null_is_special && text.contains("=>"));
    if !special {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn field(text: &str) -> String {
    let special = text.is_empty() || text.contains(|c: char| c.is_whitespace() || "(),\"\\".contains(c));
    if special { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")) } else { text.to_owned() }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn float(value: f64, shown: impl std::fmt::Display + std::fmt::LowerExp) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{shown:e}");
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if value != 0.0 && !(-6..16).contains(&exponent) {
        return if exponent > 0 { scientific.replace('e', "e+") } else { scientific };
    }
    shown.to_string()
}

/// A JSON value without blanks.
pub(super) fn json_text(json: &Json) -> String {
    let mut out = String::new();
    write_json(json, &mut out);
    out
}

fn write_json(json: &Json, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::Text(text) => write_string(text, out),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_json(item, out);
            }
            out.push(']');
        }
        Json::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_string(key, out);
                out.push(':');
                write_json(value, out);
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    // Most need nothing escaped.
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
