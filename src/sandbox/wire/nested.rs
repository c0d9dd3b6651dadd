//! Arrays and records in the binary format: values with their types, or oids, and lengths.

use super::binary;
use super::binary::undecodable;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::column::Type;
use crate::sandbox::system::types;

/// How deep arrays may be nested; PostgreSQL's own limit.
const DEEPEST: usize = 6;

/// Writes an array, which the server prints as `{a,"b c",NULL}` or `{{1,2},{3,4}}`; `None` for what
/// is none.
pub(super) fn array(element: &Type, text: &str, catalog: &Catalog) -> Result<Option<Vec<u8>>, SqlError> {
    let (mut lengths, mut values) = (Vec::new(), Vec::new());
    if dimension(text, 0, &mut lengths, &mut values).is_none() {
        return Ok(None);
    }
    if values.is_empty() {
        lengths.clear();
    }
    let mut bytes = length(lengths.len());
    bytes.extend(i32::from(values.iter().any(Option::is_none)).to_be_bytes());
    bytes.extend(types::oid(element, catalog).to_be_bytes());
    for dimension in lengths {
        bytes.extend(length(dimension));
        bytes.extend(1_i32.to_be_bytes());
    }
    for value in values {
        put(&mut bytes, element, value.as_deref(), catalog)?;
    }
    Ok(Some(bytes))
}

fn length(number: usize) -> Vec<u8> {
    i32::try_from(number).unwrap_or(i32::MAX).to_be_bytes().to_vec()
}

/// Writes a value with its length, which is -1 for NULL.
fn put(bytes: &mut Vec<u8>, kind: &Type, value: Option<&str>, catalog: &Catalog) -> Result<(), SqlError> {
    match value {
        None => bytes.extend((-1_i32).to_be_bytes()),
        Some(value) => {
            let value = binary::encode(kind, value, catalog)?;
            bytes.extend(length(value.len()));
            bytes.extend(value);
        }
    }
    Ok(())
}

/// Reads one dimension of an array: how long each is, and the values of all.
fn dimension(
    text: &str,
    depth: usize,
    lengths: &mut Vec<usize>,
    values: &mut Vec<Option<String>>,
) -> Option<()> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let parts = parts(inner);
    if lengths.len() == depth {
        lengths.push(parts.len());
    }
    for part in parts {
        match part {
            Part::Nested(text) => dimension(text, depth + 1, lengths, values)?,
            Part::Value(value) => values.push(value),
        }
    }
    Some(())
}

/// What stands between two commas of an array.
#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    /// Another array.
    Nested(&'t str),
    /// A value.
    Value(Option<String>),
}

/// What stands between the braces of an array.
fn parts(inner: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    for piece in pieces(inner) {
        found.push(match piece {
            nested if nested.starts_with('{') => Part::Nested(nested),
            null if null.eq_ignore_ascii_case("null") => Part::Value(None),
            value => Part::Value(Some(bare(value))),
        });
    }
    found
}

/// Cuts at the commas that are neither quoted nor inside of braces.
fn pieces(inner: &str) -> Vec<&str> {
    let mut found = Vec::new();
    if inner.is_empty() {
        return found;
    }
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                found.push(inner.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(inner.get(start..).unwrap_or_default());
    found
}

/// A value without its quotes; a quote inside has a backslash or another quote before it.
fn bare(piece: &str) -> String {
    let mut value = String::new();
    let mut chars = piece.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '"' if quoted && chars.peek() == Some(&'"') => value.extend(chars.next()),
            '"' => quoted = !quoted,
            c => value.push(c),
        }
    }
    value
}

/// Writes a record, which the server prints as `(1,"a b",)`; `None` for what is none.
pub(super) fn record(
    fields: &[(String, Type)],
    text: &str,
    catalog: &Catalog,
) -> Result<Option<Vec<u8>>, SqlError> {
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else { return Ok(None) };
    let values = if fields.is_empty() { Vec::new() } else { texts(inner) };
    if values.len() != fields.len() {
        return Ok(None);
    }
    let mut bytes = length(fields.len());
    for ((_, kind), value) in fields.iter().zip(values) {
        let kind = if *kind == Type::Unknown { &Type::Text } else { kind };
        bytes.extend(types::oid(kind, catalog).to_be_bytes());
        // Nothing at all is NULL; the empty text has quotes.
        let value = (!value.is_empty()).then(|| bare(value));
        put(&mut bytes, kind, value.as_deref(), catalog)?;
    }
    Ok(Some(bytes))
}

/// The fields of a record as they are printed; braces mean nothing there.
fn texts(inner: &str) -> Vec<&str> {
    let (mut found, mut start, mut quoted) = (Vec::new(), 0, false);
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => {
                found.push(inner.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(inner.get(start..).unwrap_or_default());
    found
}

/// Takes words and values off an array.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn word(&mut self) -> Result<i32, SqlError> {
        let (head, tail) = self.0.split_first_chunk::<4>().ok_or_else(short)?;
        self.0 = tail;
        Ok(i32::from_be_bytes(*head))
    }

    /// A value; `None` is NULL.
    fn value(&mut self) -> Result<Option<&'b [u8]>, SqlError> {
        let Ok(length) = usize::try_from(self.word()?) else { return Ok(None) };
        let (value, tail) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = tail;
        Ok(Some(value))
    }
}

fn short() -> SqlError {
    undecodable("invalid buffer size")
}

/// Reads an array.
///
/// # Errors
/// `22023` for what is none.
pub(super) fn array_text(element: &Type, bytes: &[u8]) -> Result<String, SqlError> {
    let mut rest = Rest(bytes);
    let dimensions = usize::try_from(rest.word()?).map_err(|_| short())?;
    rest.word()?;
    rest.word()?;
    if dimensions > DEEPEST {
        return Err(undecodable("too many dimensions"));
    }
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(rest.word()?).map_err(|_| short())?);
        rest.word()?;
    }
    // Every value has a length before it: more than that cannot be there.
    let count =
        lengths.iter().try_fold(1_usize, |count, length| count.checked_mul(*length)).ok_or_else(short)?;
    if count == 0 || lengths.is_empty() {
        return Ok("{}".to_owned());
    }
    if count > rest.0.len() / 4 {
        return Err(short());
    }
    let mut text = String::new();
    level(element, &lengths, &mut rest, &mut text)?;
    Ok(text)
}

/// Writes the text of the values that one dimension and those below it hold.
fn level(element: &Type, lengths: &[usize], rest: &mut Rest<'_>, text: &mut String) -> Result<(), SqlError> {
    text.push('{');
    if let Some((length, below)) = lengths.split_first() {
        for number in 0..*length {
            if number > 0 {
                text.push(',');
            }
            if !below.is_empty() {
                level(element, below, rest, text)?;
                continue;
            }
            match rest.value()? {
                None => text.push_str("NULL"),
                Some(value) => {
                    let value = binary::decode(element, value)?.replace('\\', "\\\\").replace('"', "\\\"");
                    text.push('"');
                    text.push_str(&value);
                    text.push('"');
                }
            }
        }
    }
    text.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_arrays_keep_their_quotes_apart() {
        let some = |text: &str| Part::Value(Some(text.to_owned()));
        let read = parts("a,\"b, c\",NULL,\"NULL\",\"\",{x,\"}\"}");
        let nested = Part::Nested("{x,\"}\"}");
        assert_eq!(read, [some("a"), some("b, c"), Part::Value(None), some("NULL"), some(""), nested]);
    }

    #[test]
    fn fields_of_records_keep_their_quotes_apart() {
        let read: Vec<String> = texts("1,,\"a \"\"b\"\", c\",{x,\"\"").into_iter().map(bare).collect();
        assert_eq!(read, ["1", "", "a \"b\", c", "{x", ""]);
    }
}
