//! SQL variables: `:name`, `:'name'`, `:"name"`.
//!
//! One pass over the text before it is parsed; results are not looked at again. Strings, quoted
//! identifiers and comments are left alone. Places are kept, so that a mistake behind a variable
//! is still shown where it stands in the file. Start reading at [`substitute`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::name::Ident;
use crate::name::literal;
use crate::sql::span::Span;

/// What makes undefined variables a warning, when it stands in the comment that begins a file.
const PRAGMA: &str = "PRAGMA WARN_ON_MISSING_VARIABLES;";

/// A text with its variables replaced.
#[derive(Debug)]
pub(super) struct Substituted {
    /// The result.
    pub(super) text: Arc<str>,
    /// Variables without a value, with their place in the original.
    pub(super) undefined: Vec<(String, Span)>,
    /// Whether they are only worth a warning, because the file says so.
    pub(super) lenient: bool,
    /// What was replaced.
    pub(super) edits: Edits,
}

/// What was replaced in a text, in its order; leads from places in the result to the original.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits(Arc<[Edit]>);

/// One replacement.
#[derive(Debug)]
struct Edit {
    original: Span,
    result: Span,
}

impl Substituted {
    /// A text that stands as a whole for a part of an original.
    pub(super) fn standing_for(text: String, part: Span) -> Self {
        let edits = [Edit { original: part, result: Span::new(0, text.len()) }];
        Self { text: Arc::from(text), undefined: Vec::new(), lenient: false, edits: Edits(Arc::from(edits)) }
    }
}

impl Edits {
    /// The place in the original of a place in the result.
    pub(super) fn original(&self, span: Span) -> Span {
        Span::new(self.original_byte(span.start, Edge::Start), self.original_byte(span.end, Edge::End))
    }

    fn original_byte(&self, byte: usize, edge: Edge) -> usize {
        let before = self.0.partition_point(|edit| edit.result.start <= byte);
        let Some(edit) = before.checked_sub(1).and_then(|last| self.0.get(last)) else { return byte };
        if byte < edit.result.end {
            return match edge {
                Edge::Start => edit.original.start,
                Edge::End => edit.original.end,
            };
        }
        edit.original.end + (byte - edit.result.end)
    }
}

/// Which end of a span a byte is.
#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// Replaces every variable that has a value.
pub(super) fn substitute(text: &Arc<str>, values: &BTreeMap<String, String>) -> Substituted {
    let uses = if has_lone_colon(text) { uses(text) } else { Vec::new() };
    let mut substituted = Substituted {
        text: Arc::clone(text),
        undefined: Vec::new(),
        lenient: lenient(text),
        edits: Edits::default(),
    };
    if uses.is_empty() {
        return substituted;
    }
    let mut result = String::with_capacity(text.len());
    let mut edits = Vec::new();
    let mut at = 0;
    for found in uses {
        let Some(value) = values.get(found.name) else {
            // `a[1:n]` is a slice as long as nobody defines `n`.
            if !found.in_brackets {
                substituted.undefined.push((found.name.to_owned(), found.span));
            }
            continue;
        };
        result.push_str(text.get(at..found.span.start).unwrap_or_default());
        let start = result.len();
        match found.quoting {
            Quoting::None => result.push_str(value),
            Quoting::Literal => result.push_str(&literal(value)),
            Quoting::Identifier => match Ident::new(value) {
                Ok(ident) => result.push_str(&ident.sql()),
                Err(_) => result.push_str("\"\""),
            },
        }
        edits.push(Edit { original: found.span, result: Span::new(start, result.len()) });
        at = found.span.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    substituted.text = Arc::from(result);
    substituted.edits = Edits(Arc::from(edits));
    substituted
}

/// Tells whether the file begins with a comment that asks for leniency.
fn lenient(text: &str) -> bool {
    let start = text.trim_start();
    let comment = match start.strip_prefix("--") {
        Some(line) => line.lines().next(),
        None => start.strip_prefix("/*").and_then(|block| block.split("*/").next()),
    };
    comment.is_some_and(|comment| comment.contains(PRAGMA))
}

/// How a value is written.
#[derive(Clone, Copy)]
enum Quoting {
    None,
    Literal,
    Identifier,
}

/// One use of a variable.
struct Use<'a> {
    name: &'a str,
    span: Span,
    quoting: Quoting,
    in_brackets: bool,
}

/// Tells whether there is a colon that is no half of a `::`, as before each variable: most files have none, and need no
/// look at each byte.
fn has_lone_colon(text: &str) -> bool {
    let mut ends = 0;
    let mut length = 0_usize;
    for (at, _) in text.match_indices(':') {
        if at != ends && length % 2 == 1 {
            return true;
        }
        length = if at == ends { length + 1 } else { 1 };
        ends = at + 1;
    }
    length % 2 == 1
}

/// Finds the variables outside of strings, quoted identifiers and comments.
fn uses(text: &str) -> Vec<Use<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut brackets = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        at = match byte {
            b'\'' => end_of_string(bytes, at, is_escape_string(bytes, at)),
            b'"' => end_of_quoted(bytes, at + 1, b'"'),
            b'-' if next == Some(b'-') => end_of_line(bytes, at),
            b'/' if next == Some(b'*') => end_of_comment(bytes, at),
            b'$' => end_of_dollar_quoted(text, at),
            b':' if next == Some(b':') => at + 2,
            b':' => match variable(text, at) {
                Some((name, end, quoting)) => {
                    let in_brackets = brackets > 0;
                    found.push(Use { name, span: Span::new(at, end), quoting, in_brackets });
                    end
                }
                None => at + 1,
            },
            _ => {
                brackets = match byte {
                    b'[' => brackets + 1,
                    b']' => brackets.saturating_sub(1),
                    _ => brackets,
                };
                at + 1
            }
        };
    }
    found
}

/// Reads the variable that begins with the colon at a place.
fn variable(text: &str, colon: usize) -> Option<(&str, usize, Quoting)> {
    let rest = text.get(colon + 1..)?;
    for (quote, quoting) in [('\'', Quoting::Literal), ('"', Quoting::Identifier)] {
        if let Some(inside) = rest.strip_prefix(quote) {
            let end = inside.find(quote)?;
            return Some((inside.get(..end)?, colon + 1 + end + 2, quoting));
        }
    }
    let starts = rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    starts.then(|| (rest.get(..end).unwrap_or_default(), colon + 1 + end, Quoting::None))
}

fn is_escape_string(bytes: &[u8], quote: usize) -> bool {
    let letter = |back: usize| quote.checked_sub(back).and_then(|at| bytes.get(at)).copied();
    matches!(letter(1), Some(b'e' | b'E'))
        && !letter(2).is_some_and(|before| before.is_ascii_alphanumeric() || before == b'_')
}

fn end_of_string(bytes: &[u8], quote: usize, escapes: bool) -> usize {
    let mut at = quote + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_quoted(bytes: &[u8], from: usize, quote: u8) -> usize {
    let found = bytes.iter().skip(from).position(|byte| *byte == quote);
    found.map_or(bytes.len(), |offset| from + offset + 1)
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    end_of_quoted(bytes, from, b'\n')
}

fn end_of_comment(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = from;
    while at < bytes.len() {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (Some(b'*'), Some(b'/')) => {
                depth = depth.saturating_sub(1);
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of `$tag$…$tag$`, or the byte behind the dollar if that is none.
fn end_of_dollar_quoted(text: &str, from: usize) -> usize {
    let rest = text.get(from + 1..).unwrap_or_default();
    let tag = rest.find('$').and_then(|end| rest.get(..end)).filter(|tag| {
        tag.chars().all(|c| c.is_alphanumeric() || c == '_') && !tag.starts_with(|c: char| c.is_ascii_digit())
    });
    let Some(tag) = tag else { return from + 1 };
    let delimiter = format!("${tag}$");
    let inside = from + delimiter.len();
    let end = text.get(inside..).and_then(|inside| inside.find(&delimiter));
    end.map_or(text.len(), |end| inside + end + delimiter.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str, undefined: &[&str]) {
        let values = [("n", "o'k"), ("i", "5"), ("q", "a\"b")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let substituted = substitute(&Arc::from(text), &values);
        let missing: Vec<&str> = substituted.undefined.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((substituted.text.as_ref(), missing.as_slice()), (expected, undefined));
    }

    #[test]
    fn replaces_the_three_forms() {
        check("SELECT :i, :'n', :\"q\"", "SELECT 5, 'o''k', \"a\"\"b\"", &[]);
        check("a:i", "a5", &[]);
        check(":nope :'x y'", ":nope :'x y'", &["nope", "x y"]);
    }

    #[test]
    fn leaves_strings_comments_and_casts_alone() {
        check(
            "SELECT :'n', ':n', $$:n$$, $t$:n $$ :n$t$, x::text -- :n",
            "SELECT 'o''k', ':n', $$:n$$, $t$:n $$ :n$t$, x::text -- :n",
            &[],
        );
        check("/* a /* :no */ :no */ SELECT 1", "/* a /* :no */ :no */ SELECT 1", &[]);
        check("SELECT a[1:2], b::int, \":n\", 'it''s :n'", "SELECT a[1:2], b::int, \":n\", 'it''s :n'", &[]);
        check("SELECT E'\\' :n', :i", "SELECT E'\\' :n', 5", &[]);
    }

    #[test]
    fn a_slice_is_a_variable_only_if_that_is_defined() {
        check("SELECT a[1:k], a[:k], a[1:i]", "SELECT a[1:k], a[:k], a[15]", &[]);
    }

    #[test]
    fn colons_are_told_apart() {
        for (text, lone) in [
            ("", false),
            (":", true),
            ("::", false),
            ("a::b, c::d", false),
            (":::", true),
            ("a:b::c", true),
            ("::a :b", true),
            (": ::", true),
            (":::: ::", false),
        ] {
            assert_eq!(has_lone_colon(text), lone, "{text}");
        }
    }

    #[test]
    fn the_pragma_has_to_begin_the_file() {
        let none = BTreeMap::new();
        assert!(substitute(&Arc::from(" -- PRAGMA WARN_ON_MISSING_VARIABLES;\nSELECT :x"), &none).lenient);
        assert!(substitute(&Arc::from("/* PRAGMA WARN_ON_MISSING_VARIABLES; */ SELECT :x"), &none).lenient);
        assert!(!substitute(&Arc::from("SELECT 1; -- PRAGMA WARN_ON_MISSING_VARIABLES;"), &none).lenient);
        assert!(!substitute(&Arc::from("-- pragma warn_on_missing_variables;"), &none).lenient);
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let values = [("long".to_owned(), "x".to_owned()), ("s".to_owned(), "12345".to_owned())].into();
        let text = "a :long b :s c";
        let substituted = substitute(&Arc::from(text), &values);
        assert_eq!(&*substituted.text, "a x b 12345 c");
        for (part, original) in [("a", "a"), ("x", ":long"), ("b", "b"), ("234", ":s"), ("c", "c")] {
            let start = substituted.text.find(part).expect("it is there");
            let span = substituted.edits.original(Span::new(start, start + part.len()));
            assert_eq!(span.of(text), original);
        }
    }
}
