//! Where in the user's file the server's refusal points: a guess from its position or its words.
//!
//! What is sent is not what was written: references are written out in full. So a position is
//! carried over by the word that stands there, counted from the end, which rewriting leaves alone;
//! without a position the name that the message quotes is looked up. Pure.

use std::collections::BTreeSet;
use std::ops::Range;

use super::code::Code;
use super::compile::Compiled;
use super::error::Error;
use super::error::Place;
use crate::db;
use crate::db::apply::Applied;
use crate::name::ObjectName;
use crate::plan::step::Origin;
use crate::plan::step::Step;
use crate::sql::secret;
use crate::sql::span::line_column;

/// The failures that are not merely a consequence of another: what reads an object that was refused
/// is refused itself.
pub fn roots(applied: &Applied) -> Vec<(&Step, &db::error::Error)> {
    let mut failed: BTreeSet<&ObjectName> = BTreeSet::new();
    let mut roots = Vec::new();
    for (step, error) in &applied.failed {
        let follows = match step {
            Step::Create { reads, on, .. } => reads.iter().chain(on).any(|read| failed.contains(read)),
            Step::ReplaceView { reads, .. } => reads.iter().any(|read| failed.contains(read)),
            _ => false,
        };
        if let Step::Create { name, .. } | Step::ReplaceView { name, .. } = step {
            failed.insert(name);
        }
        if !follows {
            roots.push((step, error));
        }
    }
    roots
}

/// That the server refused a step, with the place in the file that it comes from.
pub fn rejected(code: Code, step: &Step, error: &db::error::Error, compiled: Option<&Compiled>) -> Error {
    let Some(origin) = step.origin() else {
        let message = format!("the server refused to {}: {}", step.what(), error.message());
        return Error::server(code, message, error);
    };
    let message = secret::hide_in_message(error.message().to_owned(), &step.sql());
    let message = format!("the server refused {}: {message}", origin.object);
    let rejected = Error::server(code, message, error).object(&origin.object);
    let Some(compiled) = compiled else { return rejected };
    let text = compiled.text(&origin.file);
    let place = place(text, origin, &step.sql(), error.position(), error.message());
    rejected.place(Some(place))
}

/// Finds the place in the file that the server means; the statement's first line where nothing
/// better is known.
pub fn place(file: &str, origin: &Origin, sent: &str, position: Option<usize>, message: &str) -> Place {
    let start = origin.start.min(file.len());
    let statement = file.get(start..).unwrap_or("");
    let inside = position
        .and_then(|position| by_position(statement, sent, position))
        .or_else(|| by_name(statement, message))
        .unwrap_or_else(|| first_line(statement));
    at(&origin.file, file, start + inside.start..start + inside.end, message)
}

/// A place in a file, with what is said of it; the file without the values of secrets.
pub fn at(file: &str, text: &str, span: Range<usize>, message: &str) -> Place {
    let (line, column) = line_column(text, span.start);
    let text = secret::blank(text);
    Place { file: file.to_owned(), line, column, text: text.into(), span, label: message.to_owned() }
}

/// Finds the place in a piece of a file that the server means: the word at a byte of the piece, or
/// the name that the message quotes; the piece's first line where nothing better is known.
pub fn within(file: &str, text: &str, piece: Range<usize>, byte: Option<usize>, message: &str) -> Place {
    let written = text.get(piece.clone()).unwrap_or("");
    let inside = byte
        .and_then(|byte| words(written).find(|range| range.contains(&byte)))
        .or_else(|| by_name(written, message))
        .unwrap_or_else(|| first_line(written));
    at(file, text, piece.start + inside.start..piece.start + inside.end, message)
}

/// The word at a character position (from 1) of what was sent, found in what was written.
fn by_position(written: &str, sent: &str, position: usize) -> Option<Range<usize>> {
    let at = sent.char_indices().nth(position.checked_sub(1)?).map(|(at, _)| at)?;
    let word = words(sent).find(|range| range.contains(&at))?;
    let text = sent.get(word.clone())?;
    let behind =
        words(sent).filter(|range| range.start > word.start && sent.get(range.clone()) == Some(text)).count();
    let found: Vec<Range<usize>> =
        words(written).filter(|range| written.get(range.clone()) == Some(text)).collect();
    found.into_iter().rev().nth(behind)
}

/// A name that the message has in quotes or calls a function, found in what was written.
fn by_name(written: &str, message: &str) -> Option<Range<usize>> {
    let quoted = ['"', '\'', '`'].iter().flat_map(|quote| message.split(*quote).skip(1).step_by(2));
    let called = message.strip_prefix("function ").and_then(|rest| rest.split('(').next());
    let is_name = |name: &&str| !name.is_empty() && !name.contains(char::is_whitespace);
    quoted.chain(called).filter(is_name).find_map(|name| {
        let is = |range: &Range<usize>, name: &str| {
            written.get(range.clone()).is_some_and(|word| word.eq_ignore_ascii_case(name))
        };
        let mut parts = name.rsplit('.');
        // Of a dotted name the last part is the likeliest to stand there as it is, behind the one
        // before it if that stands there too.
        let last = parts.next().unwrap_or(name);
        let qualified = parts.next().and_then(|before| {
            let pairs = words(written).zip(words(written).skip(1));
            let mut found = pairs.filter(|(a, b)| {
                is(a, before) && is(b, last) && written.get(a.end..b.start).is_some_and(|gap| gap == ".")
            });
            found.next().map(|(_, b)| b)
        });
        qualified.or_else(|| words(written).find(|range| is(range, last)))
    })
}

fn first_line(statement: &str) -> Range<usize> {
    let end = statement.find('\n').unwrap_or(statement.len());
    0..end
}

/// The words of a text: runs of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let start = from + rest.find(is_part)?;
        let tail = text.get(start..)?;
        let end = start + tail.find(|c| !is_part(c)).unwrap_or(tail.len());
        from = end;
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "-- totals\nCREATE VIEW v AS\nSELECT item, summ(amount) AS item2,\n  item\nFROM core.item;\n";
    const SENT: &str = "CREATE VIEW \"d\".\"s__1__mzf\".\"v\" AS\nSELECT item, summ(amount) AS item2,\n  item\nFROM \"d\".\"core\".\"item\"";

    #[track_caller]
    fn check(position: Option<usize>, message: &str, line: usize, column: usize, word: &str) {
        let origin = Origin { object: "d.s.v".parse().expect("a name"), file: "v.sql".to_owned(), start: 10 };
        let place = place(FILE, &origin, SENT, position, message);
        let text = &FILE[place.span.clone()];
        assert_eq!((place.line, place.column, text), (line, column, word));
    }

    #[test]
    fn a_position_is_carried_over_by_its_word() {
        let at = |word: &str, nth: usize| {
            let (at, _) = SENT.match_indices(word).nth(nth).expect("it is there");
            Some(SENT[..at].chars().count() + 1)
        };
        check(at("summ", 0), "", 3, 14, "summ");
        // The second of three: counted from the end.
        check(at("item", 2), "", 4, 3, "item");
    }

    #[test]
    fn a_quoted_name_is_looked_up() {
        check(None, "function \"summ\" does not exist", 3, 14, "summ");
        check(None, "unknown catalog item 'd.core.ITEM'", 5, 11, "item");
        check(None, "column \"v.amount\" does not exist", 3, 19, "amount");
        check(None, "column \"core.ITEM\" does not exist", 5, 11, "item");
        check(None, "function summ(numeric) does not exist", 3, 14, "summ");
    }

    #[test]
    fn otherwise_the_first_line() {
        check(None, "something else", 2, 1, "CREATE VIEW v AS");
        check(Some(10_000), "something else", 2, 1, "CREATE VIEW v AS");
    }
}
