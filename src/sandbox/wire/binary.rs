//! Values in the binary format, from and to the text that the rest of the sandbox speaks.
//!
//! Source: PostgreSQL's `…send` and `…recv` functions, and `pgrepr` of the server where it differs:
//! `mz_timestamp` travels as text, lists and maps not at all. Types that are not here are refused in
//! this format. Start reading at [`encode`] and [`decode`].

use super::nested;
use super::numeric;
use super::temporal;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::column::Type;
use crate::sandbox::model::item::ItemData;
use crate::sandbox::system::types;

/// `jsonb` begins with a version.
const JSONB_VERSION: u8 = 1;

/// Refuses what the server has no binary format for.
///
/// # Errors
/// `08P01`
pub(super) fn check(kind: &Type, catalog: &Catalog) -> Result<(), SqlError> {
    let refused = |what: &str| {
        Err(SqlError::new("08P01", format!("binary encoding of {what} types is not implemented")))
    };
    match kind {
        Type::List(_) => refused("list"),
        Type::Map(_) => refused("map"),
        Type::Array(element) => check(element, catalog),
        Type::Record(fields) => fields.iter().try_for_each(|(_, kind)| check(kind, catalog)),
        Type::User(_) => match defined(kind, catalog) {
            Some(definition) => check(definition, catalog),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What a user's type is made of.
fn defined<'c>(kind: &Type, catalog: &'c Catalog) -> Option<&'c Type> {
    let Type::User(id) = kind else { return None };
    match &catalog.items.get(id)?.data {
        ItemData::Type { definition, .. } => Some(definition),
        _ => None,
    }
}

fn unsupported(kind: &Type, catalog: &Catalog) -> SqlError {
    let name = types::name(kind, catalog);
    SqlError::unsupported(format!("this value of type {name} in the binary format: cast it to text"))
}

/// Writes a value.
///
/// # Errors
/// `08P01` for types that the server has no binary format for; `0A000` for what is not modelled.
pub(super) fn encode(kind: &Type, text: &str, catalog: &Catalog) -> Result<Vec<u8>, SqlError> {
    let bad = || unsupported(kind, catalog);
    Ok(match kind {
        Type::Bool => vec![u8::from(text.starts_with('t'))],
        Type::Int2 => number::<i16>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Int4 => number::<i32>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Int8 => number::<i64>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::UInt2 => number::<u16>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::UInt4 | Type::Oid => number::<u32>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::UInt8 => number::<u64>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Float4 => float(text).and_then(number::<f32>).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Float8 => float(text).and_then(number::<f64>).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Numeric(_) => numeric::encode(text).ok_or_else(bad)?,
        Type::Text
        | Type::Varchar(_)
        | Type::Char(_)
        | Type::PgChar
        | Type::Name
        | Type::Unknown
        | Type::MzTimestamp => text.as_bytes().to_vec(),
        Type::Bytea => hex(text.strip_prefix("\\x").unwrap_or(text)).ok_or_else(bad)?,
        Type::Date => temporal::date(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Time => temporal::time(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Timestamp(_) | Type::Timestamptz(_) => {
            temporal::timestamp(text).ok_or_else(bad)?.to_be_bytes().to_vec()
        }
        Type::Interval => temporal::interval(text).ok_or_else(bad)?,
        Type::Uuid => hex(&text.replace('-', "")).ok_or_else(bad)?,
        Type::Jsonb => [&[JSONB_VERSION], text.as_bytes()].concat(),
        Type::Array(element) => nested::array(element, text, catalog)?.ok_or_else(bad)?,
        Type::Record(fields) => nested::record(fields, text, catalog)?.ok_or_else(bad)?,
        Type::Reg(family) if family == "regtype" => by_number(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::Reg(_) => number::<u32>(text).ok_or_else(bad)?.to_be_bytes().to_vec(),
        Type::List(_) | Type::Map(_) => {
            check(kind, catalog)?;
            return Err(bad());
        }
        Type::User(_) => match defined(kind, catalog) {
            Some(definition) => encode(definition, text, catalog)?,
            None => return Err(bad()),
        },
        Type::MzAclItem => return Err(bad()),
    })
}

/// The oid of a type that is built in, or one that is printed as such. Which relation or function a
/// name means was decided when it was printed.
fn by_number(text: &str) -> Option<u32> {
    let builtin = || types::BUILTINS.iter().find(|builtin| builtin.label == text);
    number(text).or_else(|| builtin().map(|builtin| builtin.oid))
}

/// Says that a parameter cannot be read.
pub(super) fn undecodable(why: &str) -> SqlError {
    SqlError::new("22023", format!("unable to decode parameter: {why}"))
}

/// Reads a parameter.
///
/// # Errors
/// `22023` for what is no value of the type; `0A000` for types that are not modelled.
pub(super) fn decode(kind: &Type, bytes: &[u8]) -> Result<String, SqlError> {
    let bad = || undecodable("invalid buffer size");
    Ok(match kind {
        Type::Bool => match bytes {
            [0] => "f".to_owned(),
            [_] => "t".to_owned(),
            _ => return Err(bad()),
        },
        Type::Int2 => i16::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Int4 => i32::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Int8 => i64::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::UInt2 => u16::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::UInt4 | Type::Oid | Type::Reg(_) => {
            u32::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string()
        }
        Type::UInt8 => u64::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Float4 => f32::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Float8 => f64::from_be_bytes(bytes.try_into().map_err(|_| bad())?).to_string(),
        Type::Numeric(_) => numeric::decode(bytes).map_err(undecodable)?,
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
            let micros = i64::from_be_bytes(bytes.try_into().map_err(|_| bad())?);
            temporal::time_text(micros).ok_or_else(|| undecodable("time out of range"))?
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
        Type::Array(element) => nested::array_text(element, bytes)?,
        Type::Interval => temporal::interval_text(bytes).ok_or_else(bad)?,
        Type::MzAclItem | Type::List(_) | Type::Map(_) | Type::Record(_) | Type::User(_) => {
            return Err(SqlError::unsupported(format!("parameters of type {kind:?} in the binary format")));
        }
    })
}

/// Reads a text that must be UTF-8, without the character zero.
pub(super) fn text(bytes: &[u8]) -> Result<String, SqlError> {
    let invalid =
        |what: &str| SqlError::new("22021", format!("invalid byte sequence for encoding \"UTF8\"{what}"));
    if bytes.contains(&0) {
        return Err(invalid(": 0x00"));
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| invalid(""))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(kind: &Type, text: &str) -> Result<Vec<u8>, SqlError> {
        encode(kind, text, &Catalog::default())
    }

    #[test]
    fn values_go_there_and_back() {
        let ints = || Type::Array(Box::new(Type::Int4));
        for (kind, text) in [
            (Type::Bool, "t"),
            (Type::Int8, "-9223372036854775808"),
            (Type::UInt8, "18446744073709551615"),
            (Type::Float8, "1.5"),
            (Type::Numeric(None), "-12345.6789"),
            (Type::Numeric(None), "0"),
            (Type::Numeric(None), "10000"),
            (Type::Numeric(None), "0.00001"),
            (Type::Numeric(None), "NaN"),
            (Type::Text, "a\u{e9}"),
            (Type::Bytea, "\\x00ff"),
            (Type::Date, "1999-12-31"),
            (Type::Time, "01:02:03.5"),
            (Type::Time, "23:59:59.999999"),
            (Type::Timestamp(None), "2026-05-05 11:56:11.25"),
            (Type::Timestamptz(None), "2026-05-05 11:56:11+00"),
            (Type::Interval, "14 months -3 days 00:00:01.5"),
            (Type::Interval, "0 months 0 days -49:00:00.000001"),
            (Type::Uuid, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
            (Type::Jsonb, "{\"a\":1}"),
            (ints(), "{}"),
            (ints(), "{\"1\",NULL,\"3\"}"),
            (ints(), "{{\"1\",\"2\"},{\"3\",\"4\"}}"),
        ] {
            let bytes = encoded(&kind, text).expect("it is written");
            assert_eq!(decode(&kind, &bytes).as_deref(), Ok(text), "{kind:?}");
        }
    }

    #[test]
    fn what_the_server_sends_is_sent() {
        // Source: `pgtest` of the server.
        let interval = encoded(&Type::Interval, "-2147483648 days -48:00:00");
        let expected = [255, 255, 255, 215, 196, 81, 64, 0, 128, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(interval.as_deref(), Ok(&expected[..]));
        assert_eq!(encoded(&Type::MzTimestamp, "12").as_deref(), Ok(&b"12"[..]));
        let record = Type::Record(vec![("f1".to_owned(), Type::Int4), ("f2".to_owned(), Type::Text)]);
        let expected = [
            &[0, 0, 0, 2][..],
            &[0, 0, 0, 23, 0, 0, 0, 4, 0, 0, 0, 1],
            &[0, 0, 0, 25, 0xff, 0xff, 0xff, 0xff],
        ];
        assert_eq!(encoded(&record, "(1,)"), Ok(expected.concat()));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (kind, bytes, why) in [
            (Type::Time, &86_400_000_000_i64.to_be_bytes()[..], "time out of range"),
            (Type::Numeric(None), &[0, 0, 0, 0, 0xd0, 0, 0, 0], "numeric infinity is not supported"),
            (Type::Numeric(None), &[0, 1, 0x80, 0, 0, 0, 0, 0, 0, 1], "numeric out of range"),
            (Type::Int4, &[0], "invalid buffer size"),
            (Type::Bool, &[], "invalid buffer size"),
        ] {
            let error = decode(&kind, bytes).expect_err("it is none");
            assert_eq!((error.code, error.message), ("22023", format!("unable to decode parameter: {why}")));
        }
        assert_eq!(decode(&Type::Text, b"a\0b").map_err(|error| error.code), Err("22021"));
    }

    #[test]
    fn what_has_no_binary_format_is_refused() {
        let list = Type::List(Box::new(Type::Text));
        let record = Type::Record(vec![("f1".to_owned(), list.clone())]);
        for (kind, code) in [(list, "08P01"), (record, "08P01"), (Type::MzAclItem, "0A000")] {
            assert_eq!(encoded(&kind, "({a})").map_err(|error| error.code), Err(code), "{kind:?}");
        }
    }
}
