//! Values, and their form as bytes that sort as they do.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::decimal::Decimal;

/// A value. Dates are days, times and timestamps microseconds (since 1970), oids numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    /// NULL
    Null,
    /// `boolean`
    Bool(bool),
    /// Integers, unsigned ones up to 32 bits, dates, times, timestamps, oids.
    Int(i64),
    /// `uint8`, `mz_timestamp`
    UInt(u64),
    /// `real`, `double precision`
    Float(f64),
    /// `numeric`
    Numeric(Decimal),
    /// Texts, uuids, access list items.
    Text(Arc<str>),
    /// `bytea`
    Bytes(Vec<u8>),
    /// `interval`
    Interval(Interval),
    /// `jsonb`
    Json(Json),
    /// `x[]`: the lengths of its dimensions and all its elements.
    Array(Vec<usize>, Vec<Datum>),
    /// `x list`
    List(Vec<Datum>),
    /// `map[text=>x]`
    Map(BTreeMap<String, Datum>),
    /// A row.
    Record(Vec<Datum>),
}

/// A span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Interval {
    /// Months.
    pub(super) months: i32,
    /// Days.
    pub(super) days: i32,
    /// Microseconds.
    pub(super) micros: i64,
}

/// A day in microseconds.
pub(super) const DAY: i64 = 86_400_000_000;

impl Interval {
    /// Its length, months taken as thirty days.
    pub(super) fn total(self) -> i128 {
        (i128::from(self.months) * 30 + i128::from(self.days)) * i128::from(DAY) + i128::from(self.micros)
    }
}

/// A JSON value; objects have their keys in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A string.
    Text(String),
    /// An array. A plan is copied more than once on its way, and values of it may be long.
    Array(Arc<Vec<Json>>),
    /// An object.
    Object(Arc<BTreeMap<String, Json>>),
}

impl Datum {
    /// A text.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// Whether it is NULL.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is true.
    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// The bytes that sort as values of its type do.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(255),
            Self::Bool(value) => out.push(1 + u8::from(*value)),
            Self::Int(value) => {
                out.push(3);
                out.extend(flipped(*value).to_be_bytes());
            }
            Self::UInt(value) => {
                out.push(4);
                out.extend(value.to_be_bytes());
            }
            Self::Float(value) => {
                out.push(5);
                let bits = value.to_bits();
                let sorted = if bits >> 63 == 1 { !bits } else { bits | (1 << 63) };
                out.extend(sorted.to_be_bytes());
            }
            Self::Numeric(value) => {
                out.push(6);
                encode_decimal(*value, out);
            }
            Self::Text(text) => {
                out.push(7);
                encode_bytes(text.as_bytes(), out);
            }
            Self::Bytes(bytes) => {
                out.push(8);
                encode_bytes(bytes, out);
            }
            Self::Interval(value) => {
                out.push(9);
                out.extend((value.total().cast_unsigned() ^ (1 << 127)).to_be_bytes());
                out.extend(value.months.to_be_bytes());
                out.extend(value.days.to_be_bytes());
                out.extend(value.micros.to_be_bytes());
            }
            Self::Json(json) => json.encode(out),
            Self::Array(dimensions, items) => {
                out.push(20);
                for item in items {
                    item.encode(out);
                }
                out.push(0);
                out.push(u8::try_from(dimensions.len()).unwrap_or(u8::MAX));
                for length in dimensions {
                    out.extend((*length as u64).to_be_bytes());
                }
            }
            Self::List(items) => encode_all(21, items, out),
            Self::Map(entries) => {
                out.push(22);
                for (key, value) in entries {
                    out.push(7);
                    encode_bytes(key.as_bytes(), out);
                    value.encode(out);
                }
                out.push(0);
            }
            Self::Record(items) => encode_all(23, items, out),
        }
    }

    /// Reads what [`Datum::bytes`] wrote.
    pub(super) fn decode(input: &mut &[u8]) -> Option<Self> {
        let tag = take(input, 1)?.first().copied()?;
        Some(match tag {
            255 => Self::Null,
            1 => Self::Bool(false),
            2 => Self::Bool(true),
            3 => Self::Int(unflipped(u64::from_be_bytes(fixed(input)?))),
            4 => Self::UInt(u64::from_be_bytes(fixed(input)?)),
            5 => {
                let sorted = u64::from_be_bytes(fixed(input)?);
                let bits = if sorted >> 63 == 1 { sorted & !(1 << 63) } else { !sorted };
                Self::Float(f64::from_bits(bits))
            }
            6 => Self::Numeric(decode_decimal(input)?),
            7 => Self::text(String::from_utf8(decode_bytes(input)?).ok()?),
            8 => Self::Bytes(decode_bytes(input)?),
            9 => {
                take(input, 16)?;
                Self::Interval(Interval {
                    months: i32::from_be_bytes(fixed(input)?),
                    days: i32::from_be_bytes(fixed(input)?),
                    micros: i64::from_be_bytes(fixed(input)?),
                })
            }
            10..=16 => Self::Json(Json::decode(tag, input)?),
            20 => {
                let items = decode_all(input)?;
                let count = take(input, 1)?.first().copied()?;
                let mut dimensions = Vec::new();
                for _ in 0..count {
                    dimensions.push(usize::try_from(u64::from_be_bytes(fixed(input)?)).ok()?);
                }
                Self::Array(dimensions, items)
            }
            21 => Self::List(decode_all(input)?),
            22 => {
                let mut entries = BTreeMap::new();
                let mut flat = decode_all(input)?.into_iter();
                while let (Some(Self::Text(key)), Some(value)) = (flat.next(), flat.next()) {
                    entries.insert(key.to_string(), value);
                }
                Self::Map(entries)
            }
            23 => Self::Record(decode_all(input)?),
            _ => return None,
        })
    }

    /// How two values of one type compare; NULL comes last.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::UInt(a), Self::UInt(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => {
                if a == b {
                    Ordering::Equal
                } else {
                    a.total_cmp(b)
                }
            }
            (Self::Numeric(a), Self::Numeric(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Interval(a), Self::Interval(b)) => a.total().cmp(&b.total()),
            _ => self.bytes().cmp(&other.bytes()),
        }
    }
}

impl Json {
    /// An array.
    pub(super) fn array(items: Vec<Self>) -> Self {
        Self::Array(Arc::new(items))
    }

    /// An object.
    pub(super) fn object(entries: BTreeMap<String, Self>) -> Self {
        Self::Object(Arc::new(entries))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(10),
            Self::Text(text) => {
                out.push(11);
                encode_bytes(text.as_bytes(), out);
            }
            Self::Number(number) => {
                out.push(12);
                encode_decimal(*number, out);
            }
            Self::Bool(value) => out.push(13 + u8::from(*value)),
            Self::Array(items) => {
                out.push(15);
                for item in items.iter() {
                    item.encode(out);
                }
                out.push(0);
            }
            Self::Object(entries) => {
                out.push(16);
                for (key, value) in entries.iter() {
                    out.push(7);
                    encode_bytes(key.as_bytes(), out);
                    value.encode(out);
                }
                out.push(0);
            }
        }
    }

    fn decode(tag: u8, input: &mut &[u8]) -> Option<Self> {
        Some(match tag {
            10 => Self::Null,
            11 => Self::Text(String::from_utf8(decode_bytes(input)?).ok()?),
            12 => Self::Number(decode_decimal(input)?),
            13 => Self::Bool(false),
            14 => Self::Bool(true),
            15 => {
                let mut items = Vec::new();
                loop {
                    match take(input, 1)?.first().copied()? {
                        0 => break,
                        tag => items.push(Self::decode(tag, input)?),
                    }
                }
                Self::array(items)
            }
            16 => {
                let mut entries = BTreeMap::new();
                while take(input, 1)?.first().copied()? != 0 {
                    let key = String::from_utf8(decode_bytes(input)?).ok()?;
                    let tag = take(input, 1)?.first().copied()?;
                    entries.insert(key, Self::decode(tag, input)?);
                }
                Self::object(entries)
            }
            _ => return None,
        })
    }
}

fn flipped(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

fn unflipped(value: u64) -> i64 {
    (value ^ (1 << 63)).cast_signed()
}

fn encode_all(tag: u8, items: &[Datum], out: &mut Vec<u8>) {
    out.push(tag);
    for item in items {
        item.encode(out);
    }
    out.push(0);
}

fn decode_all(input: &mut &[u8]) -> Option<Vec<Datum>> {
    let mut items = Vec::new();
    while *input.first()? != 0 {
        items.push(Datum::decode(input)?);
    }
    take(input, 1)?;
    Some(items)
}

/// Zeros are doubled up so that a zero can end the bytes.
fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for (at, part) in bytes.split(|byte| *byte == 0).enumerate() {
        if at > 0 {
            out.extend([0, 255]);
        }
        out.extend_from_slice(part);
    }
    out.extend([0, 0]);
}

fn decode_bytes(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let end = input.iter().position(|byte| *byte == 0)?;
        bytes.extend_from_slice(take(input, end)?);
        match take(input, 2)? {
            [_, 255] => bytes.push(0),
            _ => return Some(bytes),
        }
    }
}

/// The sign, then the size, then the digits; everything turned round below zero.
fn encode_decimal(value: Decimal, out: &mut Vec<u8>) {
    let (negative, digits, exponent) = value.parts();
    if value.is_zero() {
        out.push(1);
        return;
    }
    out.push(if negative { 0 } else { 2 });
    let size = u32::try_from(i64::from(exponent) + (1 << 30)).unwrap_or(0);
    let turn = |byte: u8| if negative { !byte } else { byte };
    out.extend(size.to_be_bytes().map(turn));
    out.extend(digits.bytes().map(turn));
    out.push(turn(0));
}

fn decode_decimal(input: &mut &[u8]) -> Option<Decimal> {
    let sign = take(input, 1)?.first().copied()?;
    if sign == 1 {
        return Some(Decimal::ZERO);
    }
    let negative = sign == 0;
    let turn = |byte: u8| if negative { !byte } else { byte };
    let size = u32::from_be_bytes(fixed::<4>(input)?.map(turn));
    let exponent = i32::try_from(i64::from(size) - (1 << 30)).ok()?;
    let mut digits = String::new();
    loop {
        match turn(take(input, 1)?.first().copied()?) {
            0 => break,
            digit => digits.push(char::from(digit)),
        }
    }
    Decimal::from_parts(negative, &digits, exponent)
}

fn take<'a>(input: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = input.split_at_checked(count)?;
    *input = tail;
    Some(head)
}

fn fixed<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    take(input, N)?.try_into().ok()
}
