//! Values of a query as JSON, from the binary form in which the driver asks for them.
//!
//! Numbers, booleans, JSON and arrays keep their type; everything else is text as the server
//! prints it. A type that has no form here is an error that says what to do: cast it to text.
//!
//! Source: the layouts are PostgreSQL's, `src/backend/utils/adt/*_send`.

use serde_json::Number;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::Kind;
use tokio_postgres::types::Type;

use super::error::Error;

/// The columns of a row with their names, in order.
pub type Fields = Vec<(String, Value)>;

/// Materialize's own types, by the numbers that it gives them.
///
/// Source: `design/materialize.md`, OIDs; v26.21.
const UINT2: u32 = 16_460;
const UINT4: u32 = 16_462;
const UINT8: u32 = 16_464;

/// Milliseconds between 1970 and 2000, the year that the server counts from.
const TO_2000_MS: i64 = 946_684_800_000;

/// Reads a row.
///
/// # Errors
/// A column whose type has no form here.
pub fn fields(row: &Row) -> Result<Fields, Error> {
    let columns = row.columns().iter().enumerate();
    let fields = columns.map(|(at, column)| {
        let Raw(bytes) = row.try_get(at).map_err(|error| Error::from_driver(&error, false))?;
        let value = match bytes {
            None => Some(Value::Null),
            Some(bytes) => value(column.type_(), &bytes),
        };
        let value = value.ok_or_else(|| {
            let (name, kind) = (column.name(), column.type_().name());
            Error::protocol(format!(
                "column `{name}` is of type {kind}, which cannot be read: cast it to text"
            ))
        })?;
        Ok((column.name().to_owned(), value))
    });
    fields.collect()
}

/// A value as it came.
struct Raw(Option<Vec<u8>>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The value of that type; `None` where it has no form here.
fn value(kind: &Type, bytes: &[u8]) -> Option<Value> {
    if let Kind::Array(element) = kind.kind() {
        return array(element, bytes);
    }
    Some(match *kind {
        Type::BOOL => Value::Bool(*bytes.first()? != 0),
        Type::INT2 => i16::from_be_bytes(bytes.try_into().ok()?).into(),
        Type::INT4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
        Type::INT8 => i64::from_be_bytes(bytes.try_into().ok()?).into(),
        Type::OID => u32::from_be_bytes(bytes.try_into().ok()?).into(),
        Type::FLOAT4 => float(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::FLOAT8 => float(f64::from_be_bytes(bytes.try_into().ok()?)),
        Type::NUMERIC => numeric(bytes)?,
        Type::JSON => serde_json::from_slice(bytes).ok()?,
        // The first byte is the version of the format.
        Type::JSONB => serde_json::from_slice(bytes.get(1..)?).ok()?,
        Type::TIMESTAMP => moment(bytes, "%Y-%m-%d %H:%M:%S%.f")?.into(),
        Type::TIMESTAMPTZ => format!("{}+00", moment(bytes, "%Y-%m-%d %H:%M:%S%.f")?).into(),
        Type::DATE => date(bytes)?.into(),
        Type::TIME => time(bytes)?.into(),
        Type::UUID => uuid(bytes)?.into(),
        Type::BYTEA => format!("\\x{}", hex(bytes)).into(),
        Type::INTERVAL => return None,
        _ => return other(kind, bytes),
    })
}

fn other(kind: &Type, bytes: &[u8]) -> Option<Value> {
    Some(match kind.oid() {
        UINT2 => u16::from_be_bytes(bytes.try_into().ok()?).into(),
        UINT4 => u32::from_be_bytes(bytes.try_into().ok()?).into(),
        UINT8 => u64::from_be_bytes(bytes.try_into().ok()?).into(),
        _ => std::str::from_utf8(bytes).ok()?.into(),
    })
}

/// A number, or the word for what JSON has no number for.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

/// An array of one dimension or none.
fn array(element: &Type, bytes: &[u8]) -> Option<Value> {
    let number = |at: usize| Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    match number(0)? {
        0 => return Some(Value::Array(Vec::new())),
        1 => {}
        _ => return None,
    }
    // Dimensions, flags, type; then length and lower bound.
    let mut at = 20;
    let mut items = Vec::new();
    for _ in 0..number(12)? {
        let length = number(at)?;
        at += 4;
        let Ok(length) = usize::try_from(length) else {
            items.push(Value::Null);
            continue;
        };
        items.push(value(element, bytes.get(at..at + length)?)?);
        at += length;
    }
    Some(Value::Array(items))
}

/// A decimal number: as a number where a float holds it exactly enough, else as text.
fn numeric(bytes: &[u8]) -> Option<Value> {
    let word = |at: usize| Some(i16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let (count, weight, sign, scale) = (word(0)?, word(2)?, word(4)?, word(6)?);
    // 0xC000 is not a number, 0xD000 and 0xF000 are the infinities.
    let sign = match sign.cast_unsigned() {
        0x0000 => "",
        0x4000 => "-",
        0xC000 => return Some("NaN".into()),
        0xD000 => return Some("Infinity".into()),
        0xF000 => return Some("-Infinity".into()),
        _ => return None,
    };
    // Each word is four decimal digits; `weight` is the power of the first one.
    let digit = |place: i16| -> Option<i16> {
        let at = i32::from(weight) - i32::from(place);
        if at < 0 || at >= i32::from(count) { Some(0) } else { word(8 + 2 * usize::try_from(at).ok()?) }
    };
    let mut whole = String::new();
    for place in (0..=weight.max(0)).rev() {
        whole += &format!("{:04}", digit(place)?);
    }
    let whole = whole.trim_start_matches('0');
    let mut fraction = String::new();
    let scale = usize::try_from(scale).ok()?;
    let mut place = -1;
    while fraction.len() < scale {
        fraction += &format!("{:04}", digit(place)?);
        place -= 1;
    }
    fraction.truncate(scale);
    let whole = if whole.is_empty() { "0" } else { whole };
    let text = if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
    let digits = whole.len() + fraction.len();
    // A double holds fifteen decimal digits.
    let exact = digits <= 15;
    if scale == 0 && digits <= 18 {
        return text.parse::<i64>().ok().map(Value::from);
    }
    Some(if exact { float(text.parse().ok()?) } else { text.into() })
}

/// Microseconds since 2000 as a date and a time in UTC.
fn moment(bytes: &[u8], format: &str) -> Option<String> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    let since_1970 = micros.checked_add(TO_2000_MS * 1000)?;
    Some(chrono::DateTime::from_timestamp_micros(since_1970)?.format(format).to_string())
}

fn date(bytes: &[u8]) -> Option<String> {
    let days = i64::from(i32::from_be_bytes(bytes.try_into().ok()?));
    let millis = TO_2000_MS.checked_add(days.checked_mul(86_400_000)?)?;
    Some(chrono::DateTime::from_timestamp_millis(millis)?.format("%Y-%m-%d").to_string())
}

fn time(bytes: &[u8]) -> Option<String> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    Some(chrono::DateTime::from_timestamp_micros(micros)?.format("%H:%M:%S%.f").to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let text = hex(bytes);
    let part = |range: std::ops::Range<usize>| text.get(range);
    Some(format!("{}-{}-{}-{}-{}", part(0..8)?, part(8..12)?, part(12..16)?, part(16..20)?, part(20..32)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &Type, bytes: &[u8], expected: Option<Value>) {
        assert_eq!(value(kind, bytes), expected);
    }

    #[test]
    fn scalars_keep_their_type() {
        check(&Type::BOOL, &[1], Some(true.into()));
        check(&Type::INT8, &(-5_i64).to_be_bytes(), Some((-5).into()));
        check(&Type::FLOAT8, &1.5_f64.to_be_bytes(), Some(1.5.into()));
        check(&Type::FLOAT8, &f64::NAN.to_be_bytes(), Some("NaN".into()));
        check(&Type::TEXT, "é".as_bytes(), Some("é".into()));
        check(&Type::JSONB, b"\x01{\"a\":[1]}", Some(serde_json::json!({ "a": [1] })));
        check(&Type::DATE, &366_i32.to_be_bytes(), Some("2001-01-01".into()));
        check(&Type::TIMESTAMPTZ, &1_500_000_i64.to_be_bytes(), Some("2000-01-01 00:00:01.500+00".into()));
        check(&Type::INT4, &[1], None);
    }

    #[test]
    fn decimals_are_put_together_from_their_digits() {
        let numeric = |count: i16, weight: i16, sign: u16, scale: i16, digits: &[i16]| {
            let mut bytes: Vec<u8> = Vec::new();
            for word in [count, weight, sign.cast_signed(), scale].iter().chain(digits) {
                bytes.extend(word.to_be_bytes());
            }
            bytes
        };
        check(&Type::NUMERIC, &numeric(0, 0, 0, 0, &[]), Some(0.into()));
        check(&Type::NUMERIC, &numeric(2, 1, 0, 0, &[1, 2345]), Some(12_345.into()));
        check(&Type::NUMERIC, &numeric(2, 0, 0x4000, 2, &[12, 5000]), Some((-12.5).into()));
        check(&Type::NUMERIC, &numeric(1, -1, 0, 4, &[25]), Some(0.0025.into()));
        check(&Type::NUMERIC, &numeric(1, 1, 0, 0, &[7]), Some(70_000.into()));
        check(&Type::NUMERIC, &numeric(0, 0, 0xC000, 0, &[]), Some("NaN".into()));
    }

    #[test]
    fn arrays_keep_their_holes() {
        let mut bytes = Vec::new();
        for word in [1, 1, 25, 2, 1, 1] {
            bytes.extend(i32::to_be_bytes(word));
        }
        bytes.push(b'a');
        bytes.extend((-1_i32).to_be_bytes());
        check(&Type::TEXT_ARRAY, &bytes, Some(serde_json::json!(["a", null])));
        check(&Type::TEXT_ARRAY, &[0; 12], Some(serde_json::json!([])));
    }
}
