//! Queries that only the server can read: what can be said of them from their tokens alone.

use super::ast::RawName;
use super::parse::cursor::Cursor;
use super::span::Span;
use super::token::Lexeme;
use super::token::Token;

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

/// Guesses the relations: names behind `FROM`, `JOIN` and the commas of a FROM clause that are
/// neither called like a function nor defined by `name AS (`.
pub(super) fn references(text: &str, tokens: &[Token<'_>]) -> Vec<RawName> {
    let mut found = Vec::new();
    let mut in_from = vec![false];
    let mut cursor = Cursor::new(text, tokens);
    while let Some(token) = cursor.peek() {
        cursor.advance();
        if token.opens() {
            in_from.push(false);
        } else if token.closes() {
            in_from.pop();
        } else if CLAUSES.iter().any(|word| token.is(word)) {
            set(&mut in_from, false);
        }
        let relation = token.is("FROM") || token.is("JOIN");
        let comma = token.is_lexeme(&Lexeme::Comma) && in_from.last() == Some(&true);
        if !relation && !comma {
            continue;
        }
        set(&mut in_from, true);
        cursor.keyword("LATERAL");
        if cursor.peek_is_word() || cursor.peek_is_lexeme(&Lexeme::LBracket) {
            let at = cursor.at();
            match cursor.name() {
                Ok(name) if !cursor.peek_is_lexeme(&Lexeme::LParen) && !defines(tokens, &name) => {
                    found.push(name);
                }
                Ok(_) => {}
                Err(_) => cursor.move_to(at + 1),
            }
        }
    }
    found
}

/// Words that end a FROM clause.
const CLAUSES: &[&str] =
    &["SELECT", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT"];

fn set(in_from: &mut [bool], value: bool) {
    if let Some(last) = in_from.last_mut() {
        *last = value;
    }
}

/// Tells whether a name of one part is defined as a CTE anywhere in the query.
fn defines(tokens: &[Token<'_>], name: &RawName) -> bool {
    let [only] = name.parts.as_slice() else { return false };
    tokens.windows(3).any(|window| match window {
        [name, next, open] => name.names(only) && next.is("AS") && open.is_lexeme(&Lexeme::LParen),
        _ => false,
    })
}
