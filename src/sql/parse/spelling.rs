//! The word that was meant for a keyword where a text cannot be read.
//!
//! One is meant where the text would be read, or read further, if it stood in place of a word that is
//! nearly the same. Start reading at [`misspelt`].

use std::borrow::Cow;

use super::one;
use crate::sql::error::SyntaxError;
use crate::sql::keyword::KEYWORDS;
use crate::sql::keyword::is_keyword;
use crate::sql::keyword::is_nearly;
use crate::sql::query::Doubt;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// Of how many tokens a text may consist for repairs to be tried: each try reads all of it.
pub(in crate::sql) const MAX_REPAIRED: usize = 20_000;

/// How many repairs are tried.
const MAX_REPAIRS: usize = 10;

/// Finds the keyword that makes a text right in place of a word that is nearly the same.
///
/// `suspects` are the numbers of the tokens that may be that word, the likeliest first.
pub(in crate::sql) fn misspelt(
    tokens: &[Token<'_>],
    suspects: impl Iterator<Item = usize>,
    keywords: &[&'static str],
    is_right: &dyn Fn(&[Token<'_>]) -> bool,
) -> Option<&'static str> {
    let words = suspects.filter_map(|at| Some((at, tokens.get(at)?.word()?)));
    let repairs = words.flat_map(|(at, word)| {
        keywords.iter().filter(move |keyword| is_nearly(word, keyword)).map(move |keyword| (at, *keyword))
    });
    for (at, keyword) in repairs.take(MAX_REPAIRS) {
        let mut repaired = tokens.to_vec();
        if let Some(token) = repaired.get_mut(at) {
            token.lexeme = Lexeme::Word(Cow::Borrowed(keyword));
        }
        if is_right(&repaired) {
            return Some(keyword);
        }
    }
    None
}

/// Adds to what is wrong with a statement the keyword that was meant nearby, if there is one.
pub(super) fn explained(text: &str, tokens: &[Token<'_>], error: SyntaxError) -> SyntaxError {
    let meant = error.meant.or_else(|| near(text, tokens, &error));
    SyntaxError { meant, ..error }
}

/// Finds the keyword that was meant near the place of a mistake.
fn near(text: &str, tokens: &[Token<'_>], error: &SyntaxError) -> Option<&'static str> {
    if tokens.len() > MAX_REPAIRED {
        return None;
    }
    let found = tokens.partition_point(|token| token.span.start < error.span.start);
    // What was not expected; the second of two words that are read together; what was taken for a name.
    let suspects = [Some(found), Some(found + 1), found.checked_sub(1), found.checked_sub(2)];
    misspelt(tokens, suspects.into_iter().flatten(), KEYWORDS, &|repaired| {
        is_repair(text, tokens, repaired, error)
    })
}

/// Tells whether a repaired statement is right, or wrong only behind the old mistake and behind the repair.
///
/// A keyword in place of another one repairs less: behind it nothing may be wrong, for too much may begin
/// with either, and it has to stand for itself, not for a name that is like the word.
fn is_repair(text: &str, tokens: &[Token<'_>], repaired: &[Token<'_>], error: &SyntaxError) -> bool {
    let mut places = tokens.iter().zip(repaired).enumerate();
    let changed = places.find(|(_, (before, after))| before.lexeme != after.lexeme);
    let Some((at, (word, _))) = changed else { return false };
    let was_keyword = word.word().is_some_and(is_keyword);
    match one(text, repaired, Doubt::Mistake) {
        Ok(_) => !was_keyword || !takes_any_name(text, repaired, at),
        Err(next) => !was_keyword && next.span.start > error.span.start.max(word.span.start),
    }
}

/// Tells whether a statement can be read with any name at a place.
fn takes_any_name(text: &str, tokens: &[Token<'_>], at: usize) -> bool {
    let mut named = tokens.to_vec();
    if let Some(token) = named.get_mut(at) {
        token.lexeme = Lexeme::Quoted(Cow::Borrowed("name"));
    }
    one(text, &named, Doubt::Mistake).is_ok()
}

#[cfg(test)]
mod tests;
