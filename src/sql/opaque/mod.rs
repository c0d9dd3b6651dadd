//! Queries and expressions that only the server can read: what can be said of them from their tokens alone.
//!
//! The server's language grows, and what is not read here may be right all the same: it is
//! let through unless it is certainly a mistake. Start reading at [`judge`]; [`guess`] finds names, and
//! [`refused`] what is read here although the server takes none of it.

mod guess;
mod mistake;
pub(super) mod refused;
#[cfg(test)]
mod tests;

use super::ast::RawName;
use super::error::SyntaxError;
use super::span::Span;
use super::token::Token;

pub(super) use guess::Guess;
pub(super) use guess::guess;

/// What a text should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// A query.
    Query,
    /// An expression, such as the key of an index.
    Expression,
}

/// Why only the server can read something.
#[derive(Clone, Debug)]
pub struct Opaque {
    /// Where it holds what is not read here.
    pub at: Span,
    /// What was expected there, as a sentence; `None` for syntax that is known to be the server's.
    pub mistake: Option<String>,
    /// Names that may begin with that of something in a schema, each in its readings: the longest
    /// first, all beginning at the same place.
    pub(super) perhaps: Vec<Vec<RawName>>,
}

/// Syntax of this server that is not lowered; each is words that follow each other.
const MARKS: &[&[&str]] = &[&["AS", "OF"], &["UP", "TO"], &["WITHIN", "TIMESTAMP"]];

/// Finds syntax that the server reads although sqlparser does not.
pub(super) fn plausible(tokens: &[Token<'_>]) -> Option<Span> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        let marked = MARKS.iter().any(|mark| {
            mark.iter().enumerate().all(|(n, word)| tokens.get(at + n).is_some_and(|token| token.is(word)))
        });
        marked.then_some(token.span)
    })
}

/// What there is instead of `WITH RECURSIVE`.
const RECURSION: &str = "Materialize has `WITH MUTUALLY RECURSIVE name (column type, …) AS (…)` instead";

/// Tells what the server has instead of what stands before the place where a text could not be read on.
pub fn instead(text: &str, at: Span) -> Option<&'static str> {
    let mut words = text.get(..at.start)?.split_whitespace().rev();
    let mut is_next = |keyword: &str| {
        words.next().is_some_and(|word| word.trim_start_matches('(').eq_ignore_ascii_case(keyword))
    };
    (is_next("RECURSIVE") && is_next("WITH")).then_some(RECURSION)
}

/// Decides about a text that cannot be read.
///
/// `reads` tells whether other tokens can be: of a text that could, were one word of it another, that
/// word is wrong. Of an expression it takes others too, with commas between.
///
/// # Errors
/// What is wrong with it, if that is certain; where the server may know better, there is none.
pub(super) fn judge(
    tokens: &[Token<'_>],
    sought: Sought,
    error: &SyntaxError,
    reads: &dyn Fn(&[Token<'_>]) -> bool,
) -> Result<(), SyntaxError> {
    mistake::find(tokens, sought, error, reads).map_or(Ok(()), Err)
}

/// Words that begin a query, in brackets too.
const BEGINNINGS: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE", "SHOW"];

/// Tells whether a token is one of some keywords, given in capitals.
fn is_one_of(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is(word))
}

/// For each bracket the number of the token that closes or opens it, for other tokens their own;
/// `None` where brackets do not come in pairs.
fn partners(tokens: &[Token<'_>]) -> Option<Vec<usize>> {
    use super::token::Lexeme::{LBracket, LParen, RBracket, RParen};
    let mut partners: Vec<usize> = (0..tokens.len()).collect();
    let mut open = Vec::new();
    for (number, token) in tokens.iter().enumerate() {
        if token.opens() {
            open.push(number);
        } else if token.closes() {
            let start: usize = open.pop()?;
            match (tokens.get(start).map(|token| &token.lexeme), &token.lexeme) {
                (Some(LParen), RParen) | (Some(LBracket), RBracket) => {}
                _ => return None,
            }
            *partners.get_mut(start)? = number;
            *partners.get_mut(number)? = start;
        }
    }
    open.is_empty().then_some(partners)
}
