//! What is certainly a mistake, whatever the server may have learned meanwhile.
//!
//! A query is wrong where brackets do not match, where an operand is missing, where a clause or
//! another statement stands in its middle, and where it would be right if one word were another or
//! one comma were there. Anything else may be syntax that is not known here. Start reading at
//! [`find`].

use sqlparser::keywords::ALL_KEYWORDS;

use super::BEGINNINGS;
use super::Sought;
use super::is_one_of;
use super::partners;
use crate::sql::error::SyntaxError;
use crate::sql::error::expected;
use crate::sql::keyword::is_keyword;
use crate::sql::keyword::meaning;
use crate::sql::parse::spelling::MAX_REPAIRED;
use crate::sql::parse::spelling::misspelt;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;
use crate::sql::token::is_too_deep;

/// How many words at and before the place of the mistake may be the misspelt one: an alias takes a
/// word that was meant for a keyword, and the one behind it is the first that fits nowhere.
const SUSPECTS: usize = 3;

/// Tells what is wrong with a text that cannot be read, if that is certain.
pub(super) fn find(
    tokens: &[Token<'_>],
    sought: Sought,
    error: &SyntaxError,
    reads: &dyn Fn(&[Token<'_>]) -> bool,
) -> Option<SyntaxError> {
    let Some(partners) = partners(tokens) else { return Some(error.clone()) };
    if let Some(next) = second_statement(tokens) {
        return Some(expected("end of statement", Some(next), next.span.end));
    }
    // How deep something may nest is the server's to say, and nothing of it is read here.
    if is_too_deep(error) {
        return None;
    }
    let found = tokens.partition_point(|token| token.span.start < error.span.start);
    let place = Place::of(tokens, &partners, found);
    // A word that is no operand may have been taken for one.
    let before = Place::of(tokens, &partners, found.saturating_sub(1));
    if place.lacks_operand() || before.lacks_operand() || place.is_clause_out_of_order() {
        return Some(error.clone());
    }
    if tokens.len() > MAX_REPAIRED {
        return None;
    }
    // Of some mistakes it is not told where they are.
    let is_placed = found < tokens.len() || error.message.ends_with(", found EOF");
    let suspects = if is_placed { found.saturating_sub(SUSPECTS - 1)..found + 1 } else { 0..tokens.len() };
    let is_syntax =
        |at: usize| tokens.get(at).and_then(Token::word).is_some_and(|word| meaning(word).is_syntax);
    let meant = misspelt(tokens, suspects.rev().filter(|at| !is_syntax(*at)), SPELT, reads);
    let is_wrong = meant.is_some() || place.may_lack_comma(sought) && reads(&with_comma(tokens, found));
    is_wrong.then(|| SyntaxError { meant, ..error.clone() })
}

/// Words that begin a clause of a query.
const CLAUSES: &[&str] =
    &["SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT"];

/// Words that something has to follow.
const UNFINISHED: &[&str] = &[
    "AND",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "ELSE",
    "EXCEPT",
    "FROM",
    "HAVING",
    "ILIKE",
    "IN",
    "INTERSECT",
    "IS",
    "JOIN",
    "LIKE",
    "LIMIT",
    "NOT",
    "OFFSET",
    "ON",
    "OR",
    "SELECT",
    "THEN",
    "UNION",
    "USING",
    "WHEN",
    "WHERE",
    "WITH",
];

/// Words that no operand begins with, besides [`CLAUSES`].
const BETWEEN_OPERANDS: &[&str] = &["AND", "AS", "ELSE", "END", "OR", "THEN", "WHEN"];

/// Where a query could not be read on.
struct Place<'t> {
    previous: Option<&'t Token<'t>>,
    found: Option<&'t Token<'t>>,
    /// Whether the innermost brackets around it hold a query; true outside of all.
    in_query: bool,
    /// The last word before it, within those brackets, that begins a clause.
    clause: Option<&'t Token<'t>>,
}

impl<'t> Place<'t> {
    fn of(tokens: &'t [Token<'t>], partners: &[usize], found: usize) -> Self {
        let mut clause = None;
        let mut in_query = true;
        let mut at = found;
        while let Some(before) = at.checked_sub(1) {
            let Some(token) = tokens.get(before) else { break };
            if token.opens() {
                in_query = tokens.get(before + 1).is_some_and(|first| is_one_of(first, BEGINNINGS));
                break;
            }
            at = if token.closes() { partners.get(before).copied().unwrap_or(before) } else { before };
            if clause.is_none() && is_one_of(token, CLAUSES) {
                clause = Some(token);
            }
        }
        let previous = found.checked_sub(1).and_then(|before| tokens.get(before));
        Self { previous, found: tokens.get(found), in_query, clause }
    }

    /// Whether something has to follow what stands before it and nothing does.
    fn lacks_operand(&self) -> bool {
        let wants_more = self.previous.is_some_and(|token| match &token.lexeme {
            Lexeme::Word(_) => is_one_of(token, UNFINISHED),
            Lexeme::Operator(_)
            | Lexeme::Eq
            | Lexeme::Minus
            | Lexeme::Comma
            | Lexeme::Period
            | Lexeme::DoubleColon => true,
            _ => false,
        });
        let has_none = self.found.is_none_or(|token| match &token.lexeme {
            Lexeme::Word(_) => is_one_of(token, CLAUSES) || is_one_of(token, BETWEEN_OPERANDS),
            Lexeme::RParen | Lexeme::RBracket | Lexeme::Comma => true,
            _ => false,
        });
        wants_more && has_none && !self.has_empty_list() && !self.is_second_query()
    }

    /// Whether a clause or the end of the query follows `SELECT` at once: the server takes a list of no
    /// columns.
    fn has_empty_list(&self) -> bool {
        let clauses = ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT"];
        self.previous.is_some_and(|token| token.is("SELECT"))
            && self.found.is_none_or(|token| token.is_lexeme(&Lexeme::RParen) || is_one_of(token, &clauses))
    }

    /// Whether the query begins here that a set operation wants.
    fn is_second_query(&self) -> bool {
        self.previous.is_some_and(|token| is_one_of(token, &["UNION", "EXCEPT", "INTERSECT"]))
            && self.found.is_some_and(|token| token.is("SELECT"))
    }

    /// Whether a clause begins where none may.
    fn is_clause_out_of_order(&self) -> bool {
        self.in_query && !self.has_empty_list() && self.found.is_some_and(|token| is_one_of(token, CLAUSES))
    }

    /// Whether two items of a list stand beside each other, none of which is a word of any SQL.
    fn may_lack_comma(&self, sought: Sought) -> bool {
        let in_list = match self.clause {
            Some(clause) => clause.is("SELECT"),
            None => !self.in_query || sought == Sought::Expression,
        };
        in_list && self.previous.is_some_and(is_item) && self.found.is_some_and(is_item)
    }
}

/// Tells whether a token is a name or a number, and no word that some SQL gives a meaning.
fn is_item(token: &Token<'_>) -> bool {
    match &token.lexeme {
        Lexeme::Quoted(_) | Lexeme::Number(_) => true,
        Lexeme::Word(word) => {
            let upper = word.to_uppercase();
            !is_keyword(word) && ALL_KEYWORDS.binary_search(&upper.as_str()).is_err()
        }
        _ => false,
    }
}

/// The tokens with a comma before one of them.
fn with_comma<'t>(tokens: &[Token<'t>], at: usize) -> Vec<Token<'t>> {
    let (before, behind) = tokens.split_at(at.min(tokens.len()));
    let place = before.last().map_or(0, |token| token.span.end);
    let comma = Token { lexeme: Lexeme::Comma, span: Span::new(place, place) };
    before.iter().chain([&comma]).chain(behind).cloned().collect()
}

/// Keywords that people misspell: short ones are too much like too many names.
const SPELT: &[&str] = &[
    "BETWEEN",
    "CASE",
    "CROSS",
    "DISTINCT",
    "ELSE",
    "EXCEPT",
    "EXISTS",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "INNER",
    "INTERSECT",
    "JOIN",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NATURAL",
    "OFFSET",
    "ORDER",
    "OUTER",
    "QUALIFY",
    "RECURSIVE",
    "RIGHT",
    "SELECT",
    "THEN",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];

/// What may follow `CREATE`, `ALTER`, `DROP` and `COMMENT ON`.
const NOUNS: &[&str] = &[
    "CLUSTER",
    "COLUMN",
    "CONNECTION",
    "DATABASE",
    "DEFAULT",
    "FOREIGN",
    "INDEX",
    "MATERIALIZED",
    "OR",
    "PRIMARY",
    "ROLE",
    "SCHEMA",
    "SECRET",
    "SINK",
    "SOURCE",
    "TABLE",
    "TEMP",
    "TEMPORARY",
    "TYPE",
    "UNIQUE",
    "VIEW",
];

/// Finds where another statement begins, outside of all brackets.
fn second_statement<'t>(tokens: &'t [Token<'t>]) -> Option<&'t Token<'t>> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.opens() {
            depth += 1;
        } else if token.closes() {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && begins_statement(tokens.get(at..).unwrap_or_default()) {
            return Some(token);
        }
    }
    None
}

fn begins_statement(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [first, second, ..] if is_one_of(first, &["CREATE", "ALTER", "DROP"]) => is_one_of(second, NOUNS),
        [first, second, third, ..] if first.is("COMMENT") => second.is("ON") && is_one_of(third, NOUNS),
        [first, second, third, ..] if is_one_of(first, &["GRANT", "REVOKE"]) => {
            second.is_word() && (is_one_of(third, &["ON", "TO"]) || third.is_lexeme(&Lexeme::Comma))
        }
        [first, second, ..] if first.is("EXECUTE") => second.is("UNIT"),
        [first, second, ..] if first.is("INSERT") => second.is("INTO"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_order() {
        for words in [UNFINISHED, BETWEEN_OPERANDS, SPELT, NOUNS] {
            assert!(words.is_sorted());
        }
    }
}
