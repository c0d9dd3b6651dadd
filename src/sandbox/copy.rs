//! Rows as `COPY` writes and reads them: as text and as CSV.
//!
//! Source: `pgcopy` of the server, which reads CSV with the same crate. Pure: nothing here knows of
//! tables or messages. Start reading at [`Format`].

use csv::ByteRecord;
use csv::ReaderBuilder;

use super::model::Row;

/// A line that ends the data.
const END: &[u8] = b"\\.";

/// How rows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One line a row; what would break it is written with a backslash.
    Text {
        /// What stands between two values.
        delimiter: u8,
        /// What stands for NULL.
        null: String,
    },
    /// Comma-separated values.
    Csv {
        /// What stands between two values.
        delimiter: u8,
        /// What stands around a value that has special characters in it.
        quote: u8,
        /// What stands before a quote inside of one.
        escape: u8,
        /// Whether the first line is no row.
        header: bool,
        /// What stands for NULL.
        null: String,
    },
    /// The binary format of the wire protocol.
    Binary,
}

impl Format {
    /// Text as it is where nothing else is asked for.
    pub(crate) fn text() -> Self {
        Self::Text { delimiter: b'\t', null: "\\N".to_owned() }
    }

    /// CSV as it is where nothing else is asked for.
    pub(crate) fn csv() -> Self {
        Self::Csv { delimiter: b',', quote: b'"', escape: b'"', header: false, null: String::new() }
    }
}

/// Writes a row as text, with the end of its line.
pub(crate) fn text_line(row: &Row) -> String {
    let values: Vec<String> = row.iter().map(escaped).collect();
    format!("{}\n", values.join("\t"))
}

fn escaped(value: &Option<String>) -> String {
    let Some(text) = value else { return "\\N".to_owned() };
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

/// Writes a row as CSV, with the end of its line.
pub(crate) fn csv_line(row: &Row) -> String {
    let special = |c: char| matches!(c, ',' | '"' | '\r' | '\n');
    let quoted = |value: &Option<String>| match value {
        None => String::new(),
        // The empty text is not NULL, and a line that ends the data is none.
        Some(text) if text.is_empty() || text.contains(special) || (row.len() == 1 && text == "\\.") => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.clone(),
    };
    let values: Vec<String> = row.iter().map(quoted).collect();
    format!("{}\n", values.join(","))
}

/// Reads the rows of so many columns.
///
/// # Errors
/// What the server says of data that is no such rows.
pub(crate) fn read(format: &Format, data: &[u8], width: usize) -> Result<Vec<Row>, String> {
    match format {
        Format::Text { delimiter, null } => read_text(data, *delimiter, null.as_bytes(), width),
        Format::Csv { delimiter, quote, escape, header, null } => {
            let mut reader = ReaderBuilder::new();
            reader.delimiter(*delimiter).quote(*quote).has_headers(*header).flexible(true);
            if quote == escape {
                reader.double_quote(true);
            } else {
                reader.double_quote(false).escape(Some(*escape));
            }
            read_csv(&reader, data, null.as_bytes(), width)
        }
        Format::Binary => Err("cannot decode as binary format".to_owned()),
    }
}

fn missing() -> String {
    "missing data for column".to_owned()
}

fn extra() -> String {
    "extra data after last expected column".to_owned()
}

fn value(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("invalid utf8 data in column: {error}"))?;
    if text.contains('\0') {
        return Err("invalid byte sequence for encoding \"UTF8\": 0x00".to_owned());
    }
    Ok(text.to_owned())
}

fn read_csv(reader: &ReaderBuilder, data: &[u8], null: &[u8], width: usize) -> Result<Vec<Row>, String> {
    let mut reader = reader.from_reader(data);
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        if record.len() == 1 && record.get(0) == Some(END) {
            break;
        }
        match record.len() {
            count if count < width => return Err(missing()),
            count if count > width => return Err(extra()),
            _ => {}
        }
        let field = |field: &[u8]| if field == null { Ok(None) } else { value(field).map(Some) };
        rows.push(record.iter().map(field).collect::<Result<Row, _>>()?);
    }
    Ok(rows)
}

fn read_text(data: &[u8], delimiter: u8, null: &[u8], width: usize) -> Result<Vec<Row>, String> {
    let data = data.strip_suffix(b"\n").unwrap_or(data);
    let mut rows = Vec::new();
    if data.is_empty() {
        return Ok(rows);
    }
    for line in lines(data) {
        if line.starts_with(END) {
            break;
        }
        let fields = split(line, delimiter);
        match fields.len() {
            count if count < width => return Err(missing()),
            count if count > width => return Err(extra()),
            _ => {}
        }
        let field = |field: &[u8]| if field == null { Ok(None) } else { value(&unescaped(field)).map(Some) };
        rows.push(fields.into_iter().map(field).collect::<Result<Row, _>>()?);
    }
    Ok(rows)
}

/// The lines of a text; one that is escaped does not end there.
fn lines(data: &[u8]) -> Vec<&[u8]> {
    split(data, b'\n')
}

/// Cuts at a byte, unless a backslash stands before it.
fn split(data: &[u8], at: u8) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (position, byte) in data.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if *byte == b'\\' {
            escaped = true;
        } else if *byte == at {
            parts.push(data.get(start..position).unwrap_or_default());
            start = position + 1;
        }
    }
    parts.push(data.get(start..).unwrap_or_default());
    parts
}

/// A value without its backslashes.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let Some((letter, after)) = rest.split_first() else {
            bytes.push(b'\\');
            break;
        };
        rest = after;
        match letter {
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(11),
            b'x' => match number(&mut rest, 2, 16) {
                Some(byte) => bytes.push(byte),
                None => bytes.push(b'x'),
            },
            b'0'..=b'7' => {
                let mut digits = field.get(field.len() - rest.len() - 1..).unwrap_or_default();
                bytes.extend(number(&mut digits, 3, 8));
                rest = digits;
            }
            other => bytes.push(*other),
        }
    }
    bytes
}

/// Takes the digits of a number off a text, so many at most; what does not fit a byte is cut off.
fn number(rest: &mut &[u8], most: usize, radix: u32) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(radix);
    let count = rest.iter().take(most).take_while(|byte| digit(byte).is_some()).count();
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    let number = digits.iter().filter_map(digit).fold(0, |number, digit| number * radix + digit);
    (count > 0).then(|| u8::try_from(number & 0xff).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn texts_go_there_and_back() {
        let row = vec![some("a\tb\\c\nd\r"), None, some(""), some("\\N"), some("\u{e9}")];
        let line = text_line(&row);
        assert_eq!(line, "a\\tb\\\\c\\nd\\r\t\\N\t\t\\\\N\t\u{e9}\n");
        assert_eq!(read(&Format::text(), line.as_bytes(), 5), Ok(vec![row]));
        let row = vec![some("a,\"b\"\nc"), None, some(""), some("d")];
        let line = csv_line(&row);
        assert_eq!(line, "\"a,\"\"b\"\"\nc\",,\"\",d\n");
    }

    #[test]
    fn escapes_are_the_servers() {
        // Source: the tests of the server's own reader.
        for (text, read) in [
            (r"new\nline", "new\nline"),
            (r"\b\f\n\r\t\v\\", "\x08\x0c\n\r\t\x0b\\"),
            (r"\12\123", "\n\u{53}"),
            (r"T\n\07\xEV\x0fA", "T\n\x07\x0eV\x0fA"),
            (r"\x\xg\8\xH\x32\s\", r"xxg8xH2s\"),
        ] {
            assert_eq!(unescaped(text.as_bytes()), read.as_bytes(), "{text}");
        }
    }

    #[test]
    fn what_is_read_ends_with_its_mark() {
        let rows = |format: &Format, data: &str| read(format, data.as_bytes(), 2);
        let one = Ok(vec![vec![some("1"), some("x")]]);
        assert_eq!(rows(&Format::text(), "1\tx\n\\.\nrest"), one);
        assert_eq!(rows(&Format::text(), "1\tx"), one);
        assert_eq!(rows(&Format::csv(), "1,x\n\\.\n2,y\n"), one);
        assert_eq!(rows(&Format::text(), ""), Ok(Vec::new()));
        for data in ["1\n", "1\t2\t3\n", "\\x00\ta\n"] {
            assert!(rows(&Format::text(), data).is_err(), "{data}");
        }
        let header =
            Format::Csv { delimiter: b';', quote: b'|', escape: b'#', header: true, null: "NS".to_owned() };
        let read = rows(&header, "a;b\n1;NS\n2;||\n3;|#|x##;|\n");
        let expected = [("1", None), ("2", some("")), ("3", some("|x#;"))];
        assert_eq!(read, Ok(expected.map(|(a, b)| vec![some(a), b]).to_vec()));
    }
}
