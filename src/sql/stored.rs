//! The tokens of a stored statement: what renaming and printing work on.
//!
//! What the server keeps in its catalog (`create_sql`) is canonical: every name is in double quotes, references are
//! `[u1 AS "d"."s"."t"]`, keywords stand bare. So a few kinds of tokens are enough to find every
//! name in it without parsing. Start reading at [`lex`].

use std::ops::Range;

use crate::name::Ident;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub at: Range<usize>,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Names with dots between: `"d"."s"."t"`.
    Chain(Vec<Ident>),
    /// `[u1 AS "d"."s"."t"]`: an id and the name that goes with it.
    Reference(String, Vec<Ident>),
    /// `[u1]`: a cluster.
    Cluster(String),
    /// `.*` behind a chain.
    Star,
    /// A keyword or another bare word, also a number.
    Word,
    /// `'text'`
    Text,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// Anything else, one mark at a time; operators are joined.
    Mark,
}

impl Piece {
    /// Its text.
    pub fn text<'a>(&self, whole: &'a str) -> &'a str {
        whole.get(self.at.clone()).unwrap_or_default()
    }

    /// Tells whether it is this keyword.
    pub fn is(&self, whole: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(whole) == word
    }
}

/// Cuts stored text into tokens; blanks are between them.
pub fn lex(text: &str) -> Vec<Piece> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::with_capacity(text.len() / 6);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (kind, end) = match byte {
            b' ' | b'\n' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'"' => match chain(text, at) {
                Some((parts, end)) => (Kind::Chain(parts), end),
                None => (Kind::Mark, at + 1),
            },
            b'\'' => (Kind::Text, quoted(bytes, at, b'\'')),
            b'[' => reference(text, at).unwrap_or((Kind::Mark, at + 1)),
            b'(' => (Kind::Open, at + 1),
            b')' => (Kind::Close, at + 1),
            b',' => (Kind::Comma, at + 1),
            b'.' if bytes.get(at + 1) == Some(&b'*') => (Kind::Star, at + 2),
            _ if is_word(byte) => (Kind::Word, word(bytes, at)),
            _ => (Kind::Mark, marks(bytes, at)),
        };
        pieces.push(Piece { kind, at: at..end });
        at = end;
    }
    pieces
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Where a word or a number ends; `1.50` is one.
fn word(bytes: &[u8], start: usize) -> usize {
    let number = bytes.get(start).is_some_and(u8::is_ascii_digit);
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        let dot = number && byte == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !is_word(byte) && !dot {
            break;
        }
        at += 1;
    }
    at
}

/// Where an operator ends.
fn marks(bytes: &[u8], start: usize) -> usize {
    let is_operator = |byte: &u8| b"+-*/<>=~!@#%^&|?:".contains(byte);
    let mut at = start;
    while bytes.get(at).is_some_and(is_operator) {
        at += 1;
    }
    at.max(start + 1)
}

/// Where something in quotes ends; a doubled quote is part of it.
fn quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == quote {
            if bytes.get(at) != Some(&quote) {
                return at;
            }
            at += 1;
        }
    }
    at
}

/// Reads names with dots between.
fn chain(text: &str, start: usize) -> Option<(Vec<Ident>, usize)> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let end = quoted(bytes, at, b'"');
        let inside = text.get(at + 1..end.checked_sub(1)?)?;
        parts.push(Ident::new(inside.replace("\"\"", "\"")).ok()?);
        if bytes.get(end) != Some(&b'.') || bytes.get(end + 1) != Some(&b'"') {
            return Some((parts, end));
        }
        at = end + 1;
    }
}

/// Reads `[u1 AS "d"."s"."t"]` or `[u1]`.
fn reference(text: &str, start: usize) -> Option<(Kind, usize)> {
    let rest = text.get(start + 1..)?;
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric())?;
    let id = rest.get(..length)?;
    let number = id.strip_prefix(['u', 's'])?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let behind = rest.get(length..)?;
    if behind.starts_with(']') {
        return Some((Kind::Cluster(id.to_owned()), start + 1 + length + 1));
    }
    behind.strip_prefix(" AS \"")?;
    let (parts, end) = chain(text, start + 1 + length + 4)?;
    if text.as_bytes().get(end) != Some(&b']') {
        return None;
    }
    Some((Kind::Reference(id.to_owned(), parts), end + 1))
}

/// Writes a reference by id and name.
pub fn by_id(id: &str, parts: &[Ident]) -> String {
    format!("[{id} AS {}]", dotted(parts))
}

/// Writes names with dots between.
pub fn dotted(parts: &[Ident]) -> String {
    parts.iter().map(Ident::sql).collect::<Vec<_>>().join(".")
}

/// Replaces parts of a text; they are in order and do not overlap.
pub fn splice(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut result = String::with_capacity(text.len() + edits.len() * 8);
    let mut at = 0;
    for (range, replacement) in edits {
        result.push_str(text.get(at..range.start).unwrap_or_default());
        result.push_str(replacement);
        at = range.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}

/// Tells whether a query uses `*` or `NATURAL JOIN`.
pub fn has_wildcard(text: &str) -> bool {
    let pieces = lex(text);
    pieces.iter().enumerate().any(|(number, piece)| match piece.kind {
        Kind::Star => true,
        Kind::Word => piece.text(text) == "NATURAL",
        Kind::Mark if piece.text(text) == "*" => {
            let before = number.checked_sub(1).and_then(|number| pieces.get(number));
            before.is_some_and(|before| {
                before.kind == Kind::Comma || before.is(text, "SELECT") || before.is(text, "DISTINCT")
            })
        }
        _ => false,
    })
}
