//! Values from their text.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::super::error::SqlError;

use super::super::model::column::Type;
use super::datum::Datum;
use super::datum::Json;
use super::decimal::Decimal;
use super::kind;
use super::scalar::Context;
use super::time;

/// Says that a text is no value of a type.
fn invalid(of: &str, why: &str, text: &str) -> SqlError {
    let why = if why.is_empty() { String::new() } else { format!("{why}: ") };
    SqlError::internal(format!("invalid input syntax for type {of}: {why}\"{text}\""))
}

/// Reads a value of a type.
///
/// # Errors
/// `invalid input syntax for type …`, in the server's words.
pub(super) fn parse(context: &Context, text: &str, of: &Type) -> Result<Datum, SqlError> {
    let trimmed = text.trim();
    let integer = |name: &str, low: i64, high: i64| -> Result<Datum, SqlError> {
        let wrong = |why: String| invalid(name, &why, text);
        let value: i64 = trimmed.parse().map_err(|e: std::num::ParseIntError| wrong(e.to_string()))?;
        if value < low {
            return Err(wrong("number too small to fit in target type".to_owned()));
        }
        if value > high {
            return Err(wrong("number too large to fit in target type".to_owned()));
        }
        Ok(Datum::Int(value))
    };
    let unsigned = |name: &str| -> Result<Datum, SqlError> {
        trimmed
            .parse()
            .map(Datum::UInt)
            .map_err(|e: std::num::ParseIntError| invalid(name, &e.to_string(), text))
    };
    let timed =
        |name: &str, read: Result<i64, String>| read.map(Datum::Int).map_err(|why| invalid(name, &why, text));
    Ok(match of {
        Type::Unknown | Type::Text | Type::Name | Type::MzAclItem => Datum::text(text),
        Type::Varchar(length) => Datum::text(cut(text, *length)),
        Type::Char(length) => Datum::text(pad(text, *length)),
        Type::PgChar => Datum::text(cut(text, Some(1))),
        Type::Bool => Datum::Bool(boolean(trimmed).ok_or_else(|| invalid("boolean", "", text))?),
        Type::Int2 => integer("smallint", i16::MIN.into(), i16::MAX.into())?,
        Type::Int4 => integer("integer", i32::MIN.into(), i32::MAX.into())?,
        Type::Int8 => integer("bigint", i64::MIN, i64::MAX)?,
        Type::UInt2 => integer("uint2", 0, u16::MAX.into())?,
        Type::UInt4 => integer("uint4", 0, u32::MAX.into())?,
        Type::Oid => integer("oid", 0, u32::MAX.into())?,
        Type::UInt8 => unsigned("uint8")?,
        Type::MzTimestamp => mz_timestamp(text)?,
        Type::Float4 | Type::Float8 | Type::Numeric(_) => fraction(text, of)?,
        Type::Bytea => Datum::Bytes(bytea(text)?),
        Type::Date => timed("date", time::parse_date(trimmed))?,
        Type::Time => timed("time", time::parse_time(trimmed))?,
        Type::Timestamp(_) => timed("timestamp", time::parse_timestamp(trimmed, false))?,
        Type::Timestamptz(_) => timed("timestamp with time zone", time::parse_timestamp(trimmed, true))?,
        Type::Interval => {
            Datum::Interval(time::parse_interval(trimmed).map_err(|why| invalid("interval", &why, text))?)
        }
        Type::Uuid => Datum::text(uuid(trimmed).ok_or_else(|| invalid("uuid", "invalid uuid", text))?),
        Type::Jsonb => Datum::Json(json(text)?),
        Type::Reg(family) => Datum::Int(super::names::oid_of(context, family, text)?),
        Type::Array(element) => array(context, text, element)?,
        Type::List(element) => list(context, text, element)?,
        Type::Map(element) => map(context, text, element)?,
        Type::User(_) => match kind::plain(&context.view.state, of) {
            Type::User(_) => return Err(SqlError::unsupported("values of this type")),
            plain => parse(context, text, &plain)?,
        },
        Type::Record(_) => return Err(SqlError::unsupported("texts of records")),
    })
}

/// Reads a timestamp of the server's own: milliseconds, or a time.
fn mz_timestamp(text: &str) -> Result<Datum, SqlError> {
    if let Ok(value) = text.trim().parse() {
        return Ok(Datum::UInt(value));
    }
    let micros =
        time::parse_timestamp(text.trim(), true).map_err(|why| invalid("mz_timestamp", &why, text))?;
    Ok(Datum::UInt(u64::try_from(micros / 1000).unwrap_or(0)))
}

/// Reads a float or a numeric.
fn fraction(text: &str, of: &Type) -> Result<Datum, SqlError> {
    let trimmed = text.trim();
    Ok(match of {
        Type::Float4 | Type::Float8 => {
            let name = if *of == Type::Float4 { "real" } else { "double precision" };
            Datum::Float(float(trimmed).ok_or_else(|| invalid(name, "invalid float literal", text))?)
        }
        // The server has it; the numbers here have not.
        Type::Numeric(_) if trimmed.eq_ignore_ascii_case("nan") => {
            return Err(SqlError::unsupported("NaN as a numeric"));
        }
        Type::Numeric(shape) => {
            let value =
                Decimal::parse(trimmed).ok_or_else(|| invalid("numeric", "invalid decimal syntax", text))?;
            Datum::Numeric(match shape {
                Some((_, scale)) => value.round(i32::from(*scale)).unwrap_or(value),
                None => value,
            })
        }
        _ => return Err(SqlError::unsupported("this number")),
    })
}

/// The first characters of a text.
pub(super) fn cut(text: &str, length: Option<u32>) -> String {
    match length {
        Some(length) => text.chars().take(length as usize).collect(),
        None => text.to_owned(),
    }
}

/// A text filled up with blanks, as `char(n)` is.
pub(super) fn pad(text: &str, length: Option<u32>) -> String {
    let Some(length) = length else { return text.to_owned() };
    let mut padded = cut(text, Some(length));
    let have = padded.chars().count();
    padded.extend(std::iter::repeat_n(' ', (length as usize).saturating_sub(have)));
    padded
}

fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let begins = |word: &str| !lower.is_empty() && word.starts_with(&lower);
    if begins("true") || begins("yes") || lower == "on" || lower == "1" {
        return Some(true);
    }
    (begins("false") || begins("no") || lower == "of" || lower == "off" || lower == "0").then_some(false)
}

fn float(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "infinity" | "inf" | "+infinity" | "+inf" => Some(f64::INFINITY),
        "-infinity" | "-inf" => Some(f64::NEG_INFINITY),
        other => other.parse().ok(),
    }
}

fn uuid(text: &str) -> Option<String> {
    let digits: String =
        text.chars().filter(|c| !"-{}".contains(*c)).collect::<String>().to_ascii_lowercase();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to);
    Some(format!("{}-{}-{}-{}-{}", part(0, 8)?, part(8, 12)?, part(12, 16)?, part(16, 20)?, part(20, 32)?))
}

fn bytea(text: &str) -> Result<Vec<u8>, SqlError> {
    let wrong = || invalid("bytea", "invalid hexadecimal data", text);
    if let Some(hex) = text.strip_prefix("\\x") {
        return unhex(hex).ok_or_else(wrong);
    }
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'\\') => bytes.push(b'\\'),
            Some(first) => {
                let octal: Option<String> =
                    [Some(first), rest.next(), rest.next()].into_iter().map(|b| b.map(char::from)).collect();
                let value = octal.and_then(|digits| u8::from_str_radix(&digits, 8).ok());
                bytes.push(value.ok_or_else(|| invalid("bytea", "invalid escape sequence", text))?);
            }
            None => return Err(invalid("bytea", "ends with escape character", text)),
        }
    }
    Ok(bytes)
}

/// Bytes from hexadecimal.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Reads a JSON value.
///
/// # Errors
/// `invalid input syntax for type jsonb`
pub(super) fn json(text: &str) -> Result<Json, SqlError> {
    serde_json::from_str(text).map_err(|error| invalid("jsonb", &error.to_string(), text))
}

/// Tells whether a text is a JSON value, and makes nothing of it.
///
/// # Errors
/// As [`json`].
pub(super) fn is_json(text: &str) -> Result<(), SqlError> {
    let read: Result<IgnoredAny, _> = serde_json::from_str(text);
    read.map(|_| ()).map_err(|error| invalid("jsonb", &error.to_string(), text))
}

/// Read as it comes, without another tree in between: payloads of a journal are long.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OfJson)
    }
}

struct OfJson;

impl OfJson {
    fn number(number: Option<serde_json::Number>) -> Json {
        let text = number.map(|number| number.to_string()).unwrap_or_default();
        Json::Number(Decimal::parse(&text).unwrap_or(Decimal::ZERO))
    }
}

impl<'de> Visitor<'de> for OfJson {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Self::number(Some(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Self::number(Some(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Self::number(serde_json::Number::from_f64(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Json::array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry()? {
            all.insert(key, value);
        }
        Ok(Json::object(all))
    }
}

/// What a list of values in braces is made of.
enum Part {
    Null,
    Text(String),
    Nested(String),
}

/// Splits `{a,"b c",{d},NULL}` into its parts.
fn parts(text: &str) -> Result<Vec<Part>, &'static str> {
    let inner = text.trim().strip_prefix('{').ok_or("expected '{'")?;
    let inner = inner.strip_suffix('}').ok_or("malformed array literal; missing '}'")?;
    let mut found = Vec::new();
    let mut chars = inner.chars().peekable();
    if inner.trim().is_empty() {
        return Ok(found);
    }
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut own = String::new();
        let mut quoted = false;
        let mut depth = 0_usize;
        while let Some(c) = chars.peek().copied() {
            match c {
                ',' if depth == 0 => break,
                '"' if depth == 0 => {
                    chars.next();
                    quoted = true;
                    loop {
                        match chars.next().ok_or("unterminated quoted string")? {
                            '"' => break,
                            '\\' => own.push(chars.next().ok_or("unterminated escape")?),
                            c => own.push(c),
                        }
                    }
                    continue;
                }
                '{' => depth += 1,
                '}' => depth = depth.checked_sub(1).ok_or("unexpected '}'")?,
                _ => {}
            }
            own.push(c);
            chars.next();
        }
        let trimmed = own.trim_end().to_owned();
        found.push(if quoted {
            Part::Text(own)
        } else if trimmed.starts_with('{') {
            Part::Nested(trimmed)
        } else if trimmed.eq_ignore_ascii_case("null") {
            Part::Null
        } else {
            Part::Text(trimmed)
        });
        if chars.next().is_none() {
            return Ok(found);
        }
    }
}

/// How many dimensions an array may have, as in PostgreSQL.
const MOST_DIMENSIONS: usize = 6;

fn array(context: &Context, text: &str, element: &Type) -> Result<Datum, SqlError> {
    if text.chars().filter(|c| !c.is_whitespace()).take_while(|c| *c == '{').count() > MOST_DIMENSIONS {
        let why = format!("number of array dimensions exceeds the maximum allowed ({MOST_DIMENSIONS})");
        return Err(invalid("array", &why, text));
    }
    let parts = parts(text).map_err(|why| invalid("array", why, text))?;
    let mut items = Vec::new();
    let mut inner: Option<Vec<usize>> = None;
    let count = parts.len();
    for part in parts {
        match part {
            Part::Null => items.push(Datum::Null),
            Part::Text(text) => items.push(parse(context, &text, element)?),
            Part::Nested(nested) => match array(context, &nested, element)? {
                Datum::Array(dimensions, mut own) => {
                    if inner.as_ref().is_some_and(|inner| *inner != dimensions) {
                        return Err(invalid("array", "inner lists have different lengths", text));
                    }
                    inner = Some(dimensions);
                    items.append(&mut own);
                }
                other => items.push(other),
            },
        }
    }
    let mut dimensions = if count == 0 { Vec::new() } else { vec![count] };
    dimensions.extend(inner.unwrap_or_default());
    Ok(Datum::Array(dimensions, items))
}

fn list(context: &Context, text: &str, element: &Type) -> Result<Datum, SqlError> {
    let parts = parts(text).map_err(|why| invalid("list", why, text))?;
    let items: Result<Vec<Datum>, SqlError> =
        parts.into_iter().map(|part| item(context, part, element)).collect();
    items.map(Datum::List)
}

fn item(context: &Context, part: Part, element: &Type) -> Result<Datum, SqlError> {
    match part {
        Part::Null => Ok(Datum::Null),
        Part::Text(text) | Part::Nested(text) => parse(context, &text, element),
    }
}

fn map(context: &Context, text: &str, element: &Type) -> Result<Datum, SqlError> {
    let parts = parts(text).map_err(|why| invalid("map", why, text))?;
    let mut entries = BTreeMap::new();
    for part in parts {
        let (Part::Text(entry) | Part::Nested(entry)) = part else {
            return Err(invalid("map", "expected =>", text));
        };
        let (key, value) = entry.split_once("=>").ok_or_else(|| invalid("map", "expected =>", text))?;
        let value = value.trim();
        let value =
            if value.eq_ignore_ascii_case("null") { Datum::Null } else { parse(context, value, element)? };
        entries.insert(key.trim().trim_matches('"').to_owned(), value);
    }
    Ok(Datum::Map(entries))
}
