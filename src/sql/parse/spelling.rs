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
        let next = one(text, repaired, Doubt::Mistake).err();
        next.is_none_or(|next| goes_further(tokens, repaired, error, &next))
    })
}

/// Tells whether a repaired statement is wrong only behind the old mistake and behind the repair.
///
/// A keyword in place of another one is no repair then: too much may begin with either.
fn goes_further(
    tokens: &[Token<'_>],
    repaired: &[Token<'_>],
    error: &SyntaxError,
    next: &SyntaxError,
) -> bool {
    let changed = tokens.iter().zip(repaired).find(|(before, after)| before.lexeme != after.lexeme);
    changed.is_some_and(|(word, _)| {
        let behind = error.span.start.max(word.span.start);
        next.span.start > behind && !word.word().is_some_and(is_keyword)
    })
}

#[cfg(test)]
mod tests;
