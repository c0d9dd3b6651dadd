//! Values in the binary format, from and to the text that the rest of the sandbox speaks.
//!
//! Source: PostgreSQL's `…send` and `…recv` functions. Types that are not here are refused in
//! this format. Start reading at [`encode`] and [`decode`].

use super::numeric;
use super::temporal;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;

/// `jsonb` begins with a version.
const JSONB_VERSION: u8 = 1;

fn wrong(kind: &Type, text: &str) -> SqlError {
    SqlError::internal(format!("cannot write {text:?} as {kind:?} in the binary format"))
}

/// Writes a value.
///
/// # Errors
/// `0A000` for types that are not modelled.
pub(super) fn encode(kind: &Type, text: &str) -> Result<Vec<u8>, SqlError> {
    let bad = || wrong(kind, text);
    Ok(match kind {
        Type::Bool => vec![u8::from(text.starts_with('t'))],
        Type::Int2 => number::<i16>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Int4 => number::<i32>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Int8 => number::<i64>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::UInt2 => number::<u16>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::UInt4 | Type::Oid => number::<u32>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::UInt8 => number::<u64>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Float4 => {
            float(text).and_then(|text| number::<f32>(text)).ok_or_else(bad)?.to_be_bytes().to_vec()
        }
        Type::Float8 => {
            float(text).and_then(|text| number::<f64>(text)).ok_or_else(bad)?.to_be_bytes().to_vec()
        }
        Type::Numeric(_) => numeric::encode(text).ok_or_else(bad)?,
        Type::Text
        | Type::Varchar(_)
        | Type::Char(_)
        | Type::PgChar
        | Type::Name
        | Type::Unknown
        | Type::MzTimestamp
        | Type::MzAclItem => text.as_bytes().to_vec(),
        Type::Bytea => hex(text.strip_prefix("\\x").unwrap_or(text)).ok_or_else(bad)?,
        Type::Date => temporal::date(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Time => temporal::time(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Timestamp(_) | Type::Timestamptz(_) => {
            temporal::timestamp(text).ok_or_else(bad)?.to_be_bytes().to_vec()
        }
        Type::Interval => temporal::interval(text).ok_or_else(bad)?,
        Type::Uuid => hex(&text.replace('-', "")).ok_or_else(bad)?,
        Type::Jsonb => [&[JSONB_VERSION], text.as_bytes()].concat(),
        Type::Array(element) => array(element, text)?,
        Type::Reg(_) | Type::List(_) | Type::Map(_) | Type::Record(_) | Type::User(_) => {
            return Err(SqlError::unsupported(format!("{kind:?} in the binary format: cast it to text")));
        }
    })
}

/// Reads a parameter.
///
/// # Errors
/// `22P03` for what is no value of the type; `0A000` for types that are not modelled.
pub(super) fn decode(kind: &Type, bytes: &[u8]) -> Result<String, SqlError> {
    let bad = || SqlError::new("22P03", format!("incorrect binary data format for a value of type {kind:?}"));
    Ok(match kind {
        Type::Bool => if bytes == [0] { "f" } else { "t" }.to_owned(),
        Type::Int2 => i16::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Int4 => i32::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Int8 => i64::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::UInt2 => u16::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::UInt4 | Type::Oid => u32::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::UInt8 => u64::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Float4 => f32::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Float8 => f64::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Numeric(_) => numeric::decode(bytes).ok_or_else(bad)?,
        Type::Text
        | Type::Varchar(_)
        | Type::Char(_)
        | Type::PgChar
        | Type::Name
        | Type::Unknown
        | Type::MzTimestamp => text(bytes)?,
        Type::Bytea => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}")
        }
        Type::Date => {
            temporal::date_text(i32::from_be_bytes(bytes.try_into().map_err(|_| bad())?)).ok_or_else(bad)?
        }
        Type::Time => {
            temporal::time_text(i64::from_be_bytes(bytes.try_into().map_err(|_| bad())?)).ok_or_else(bad)?
        }
        Type::Timestamp(_) => {
            temporal::timestamp_text(i64::from_be_bytes(bytes.try_into().map_err(|_| bad())?))
                .ok_or_else(bad)?
        }
        Type::Timestamptz(_) => {
            let moment = i64::from_be_bytes(bytes.try_into().map_err(|_| bad())?);
            format!("{}+00", temporal::timestamp_text(moment).ok_or_else(bad)?)
        }
        Type::Uuid => {
            let all = u128::from_be_bytes(bytes.try_into().map_err(|_| bad())?);
            let digits = format!("{all:032x}");
            let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default().to_owned();
            [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
        }
        Type::Jsonb => match bytes.split_first() {
            Some((&JSONB_VERSION, rest)) => text(rest)?,
            _ => return Err(bad()),
        },
        Type::Array(element) => array_text(element, bytes)?,
        Type::Interval
        | Type::Reg(_)
        | Type::MzAclItem
        | Type::List(_)
        | Type::Map(_)
        | Type::Record(_)
        | Type::User(_) => {
            return Err(SqlError::unsupported(format!("parameters of type {kind:?} in the binary format")));
        }
    })
}

/// Reads a text that must be UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<String, SqlError> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| SqlError::new("22021", "invalid byte sequence for encoding \"UTF8\""))
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

/// Spells the numbers that are none as Rust reads them.
fn float(text: &str) -> Option<&str> {
    Some(match text {
        "Infinity" => "inf",
        "-Infinity" => "-inf",
        text => text,
    })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    bytes.collect()
}

/// Writes an array of one dimension; the server prints `{a,"b c",NULL}`.
fn array(element: &Type, text: &str) -> Result<Vec<u8>, SqlError> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let inner = inner.filter(|inner| !inner.starts_with('{'));
    let inner = inner.ok_or_else(|| SqlError::unsupported("such an array in the binary format"))?;
    let values = elements(inner);
    let catalog = crate::sandbox::model::Catalog::default();
    let oid = crate::sandbox::system::types::oid(element, &catalog);
    let mut bytes = Vec::new();
    let dimensions = i32::from(!values.is_empty());
    bytes.extend(dimensions.to_be_bytes());
    bytes.extend(i32::from(values.iter().any(Option::is_none)).to_be_bytes());
    bytes.extend(oid.to_be_bytes());
    if values.is_empty() {
        return Ok(bytes);
    }
    bytes.extend(i32::try_from(values.len()).unwrap_or(i32::MAX).to_be_bytes());
    bytes.extend(1_i32.to_be_bytes());
    for value in values {
        match value {
            None => bytes.extend((-1_i32).to_be_bytes()),
            Some(value) => {
                let value = encode(element, &value)?;
                bytes.extend(i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
                bytes.extend(value);
            }
        }
    }
    Ok(bytes)
}

/// The elements between the braces of an array.
fn elements(inner: &str) -> Vec<Option<String>> {
    let mut found = Vec::new();
    if inner.is_empty() {
        return found;
    }
    let mut value = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut finish = |value: &mut String, was_quoted: &mut bool| {
        let text = std::mem::take(value);
        let null = !*was_quoted && text.eq_ignore_ascii_case("null");
        *was_quoted = false;
        found.push((!null).then_some(text));
    };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => finish(&mut value, &mut was_quoted),
            c => value.push(c),
        }
    }
    finish(&mut value, &mut was_quoted);
    found
}

/// Reads an array of one dimension.
fn array_text(element: &Type, bytes: &[u8]) -> Result<String, SqlError> {
    let bad = || SqlError::new("22P03", "incorrect binary data format of an array");
    let mut rest = bytes;
    let mut word = || -> Result<i32, SqlError> {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(bad)?;
        rest = tail;
        Ok(i32::from_be_bytes(*head))
    };
    let dimensions = word()?;
    word()?;
    word()?;
    if dimensions == 0 {
        return Ok("{}".to_owned());
    }
    if dimensions != 1 {
        return Err(SqlError::unsupported("parameters that are arrays of arrays"));
    }
    let count = word()?;
    word()?;
    let mut values = Vec::new();
    for _ in 0..count {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(bad)?;
        rest = tail;
        match usize::try_from(i32::from_be_bytes(*head)) {
            Err(_) => values.push("NULL".to_owned()),
            Ok(length) => {
                let (value, tail) = rest.split_at_checked(length).ok_or_else(bad)?;
                rest = tail;
                let value = decode(element, value)?.replace('\\', "\\\\").replace('"', "\\\"");
                values.push(format!("\"{value}\""));
            }
        }
    }
    Ok(format!("{{{}}}", values.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_there_and_back() {
        for (kind, text) in [
            (Type::Bool, "t"),
            (Type::Int8, "-9223372036854775808"),
            (Type::UInt8, "18446744073709551615"),
            (Type::Float8, "1.5"),
            (Type::Numeric(None), "-12345.6789"),
            (Type::Numeric(None), "0"),
            (Type::Numeric(None), "10000"),
            (Type::Numeric(None), "0.00001"),
            (Type::Text, "a\u{e9}"),
            (Type::Bytea, "\\x00ff"),
            (Type::Date, "1999-12-31"),
            (Type::Time, "01:02:03.5"),
            (Type::Timestamp(None), "2026-05-05 11:56:11.25"),
            (Type::Timestamptz(None), "2026-05-05 11:56:11+00"),
            (Type::Uuid, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
            (Type::Jsonb, "{\"a\":1}"),
            (Type::Array(Box::new(Type::Int4)), "{}"),
        ] {
            let bytes = encode(&kind, text).expect("it is written");
            assert_eq!(decode(&kind, &bytes).as_deref(), Ok(text), "{kind:?}");
        }
    }

    #[test]
    fn elements_of_arrays_keep_their_quotes_apart() {
        let read = elements("a,\"b, c\",NULL,\"NULL\",\"\"");
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read, [some("a"), some("b, c"), None, some("NULL"), some("")]);
    }

    #[test]
    fn what_is_not_modelled_is_refused() {
        let list = Type::List(Box::new(Type::Text));
        assert_eq!(encode(&list, "{a}").map_err(|error| error.code), Err("0A000"));
    }
}
