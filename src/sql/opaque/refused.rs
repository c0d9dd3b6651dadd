//! What sqlparser reads although the server's parser refuses it.
//!
//! Looked for in the tokens of a text that was read: what stands where a relation stands is one there. A
//! place that is not understood is passed over. Start reading at [`check`].
//!
//! Source: `parse_join_constraint` and `parse_cte_mut_rec` of the server's parser, v26.

use super::Sought;
use crate::sql::data_type;
use crate::sql::error::SyntaxError;
use crate::sql::keyword::meaning;
use crate::sql::parse::cursor::Cursor;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// Looks for a join without its condition, and for a recursive query without the types of its columns.
///
/// # Errors
/// The first of either, in the server's words.
pub(in crate::sql) fn check(text: &str, tokens: &[Token<'_>], sought: Sought) -> Result<(), SyntaxError> {
    let frame = Frame { in_query: sought == Sought::Query, in_from: false };
    let mut walk = Walk { cursor: Cursor::new(text, tokens), frames: Vec::new(), frame };
    while let Some(token) = walk.cursor.peek() {
        walk.step(token)?;
        walk.cursor.advance();
    }
    Ok(())
}

/// What is known within one pair of brackets.
#[derive(Clone, Copy, Default)]
struct Frame {
    /// Whether a FROM clause may stand in it.
    in_query: bool,
    /// Whether this is one.
    in_from: bool,
}

/// The state of the search.
struct Walk<'a> {
    cursor: Cursor<'a>,
    frames: Vec<Frame>,
    frame: Frame,
}

/// Words that begin a query.
const BEGINNINGS: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE", "SHOW"];

/// Words that end a FROM clause.
const CLAUSES: &[&str] = &[
    "EXCEPT",
    "FETCH",
    "GROUP",
    "HAVING",
    "INTERSECT",
    "LIMIT",
    "OFFSET",
    "OPTIONS",
    "ORDER",
    "QUALIFY",
    "SELECT",
    "UNION",
    "WHERE",
    "WINDOW",
];

/// Words behind which a relation stands, besides a comma and a parenthesis.
const BEFORE_RELATIONS: &[&str] = &["FROM", "JOIN", "LATERAL"];

/// Words between what is joined and `JOIN`.
const SIDES: &[&str] = &["FULL", "INNER", "LEFT", "OUTER", "RIGHT"];

/// Words of the syntax that may end a condition.
const ENDS: &[&str] = &["END", "FALSE", "NULL", "TRUE"];

/// Words that are no alias of a relation without an `AS`.
///
/// Source: the words that the server reserves there.
const NO_ALIASES: &[&str] = &[
    "ALL",
    "AS",
    "CROSS",
    "DISTINCT",
    "EXCEPT",
    "FETCH",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "INNER",
    "INTERSECT",
    "JOIN",
    "LEFT",
    "LIMIT",
    "NATURAL",
    "OFFSET",
    "ON",
    "OPTIONS",
    "ORDER",
    "OUTER",
    "QUALIFY",
    "RETURNING",
    "RIGHT",
    "SELECT",
    "SET",
    "UNION",
    "USING",
    "WHERE",
    "WINDOW",
    "WITH",
];

fn is_one_of(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is(word))
}

impl<'a> Walk<'a> {
    fn step(&mut self, token: &Token<'_>) -> Result<(), SyntaxError> {
        if token.opens() {
            self.open();
        } else if token.closes() {
            self.frame = self.frames.pop().unwrap_or_default();
        } else if token.is("JOIN") && self.wants_condition() {
            return condition(self.rest());
        } else if token.word().is_some() && !self.is_name() {
            return self.word(token);
        }
        Ok(())
    }

    /// Takes note of a word that is part of the syntax.
    fn word(&mut self, token: &Token<'_>) -> Result<(), SyntaxError> {
        if token.is("FROM") {
            let compares = self.before(1).is_some_and(|token| token.is("DISTINCT"))
                && self.before(2).is_some_and(|token| is_one_of(token, &["IS", "NOT"]));
            self.frame.in_from |= self.frame.in_query && !compares;
        } else if is_one_of(token, CLAUSES) {
            self.frame.in_from = false;
        } else if token.is("WITH") && self.cursor.nth_is(1, "MUTUALLY") {
            return bindings(self.rest());
        }
        Ok(())
    }

    fn open(&mut self) {
        let begins_query = self.cursor.nth(1).is_some_and(|first| is_one_of(first, BEGINNINGS));
        let is_relation = self.frame.in_from
            && self.before(1).is_some_and(|token| {
                is_one_of(token, BEFORE_RELATIONS) || matches!(token.lexeme, Lexeme::Comma | Lexeme::LParen)
            });
        let in_query = begins_query || is_relation;
        let inner = Frame { in_query, in_from: is_relation && !begins_query };
        self.frames.push(std::mem::replace(&mut self.frame, inner));
    }

    /// Whether the word at this place is a name, as any is behind a period and behind `AS`.
    fn is_name(&self) -> bool {
        self.before(1).is_some_and(|token| token.is_lexeme(&Lexeme::Period) || token.is("AS"))
    }

    /// Whether the JOIN at this place is that of a FROM clause, and neither NATURAL nor CROSS.
    fn wants_condition(&self) -> bool {
        if !self.frame.in_from {
            return false;
        }
        let mut offset = 1;
        while self.before(offset).is_some_and(|token| is_one_of(token, SIDES)) {
            offset += 1;
        }
        // Behind anything else it is a name, or something that is not understood.
        self.before(offset).is_some_and(|token| match &token.lexeme {
            Lexeme::Word(word) => !meaning(word).is_syntax || is_one_of(token, ENDS),
            Lexeme::Quoted(_) | Lexeme::Number(_) | Lexeme::String(_) | Lexeme::Parameter(_) => true,
            _ => token.closes(),
        })
    }

    /// The token that many before this place.
    fn before(&self, offset: usize) -> Option<&'a Token<'a>> {
        self.cursor.at().checked_sub(offset).and_then(|at| self.cursor.tokens().get(at))
    }

    /// What begins at this place.
    fn rest(&self) -> Cursor<'a> {
        self.cursor.until(self.cursor.tokens().len())
    }
}

/// Insists on a condition behind what follows a `JOIN`.
fn condition(mut rest: Cursor<'_>) -> Result<(), SyntaxError> {
    rest.advance();
    if !relation(&mut rest) || rest.peek_is("ON") || rest.peek_is("USING") {
        return Ok(());
    }
    Err(rest.expected("ON, or USING after JOIN"))
}

/// Moves over a relation and its alias; tells whether all of it was understood.
fn relation(rest: &mut Cursor<'_>) -> bool {
    rest.keyword("LATERAL");
    let is_named = !rest.keywords("ROWS FROM") && !rest.peek_is_lexeme(&Lexeme::LParen);
    if is_named && rest.name().is_err() || !brackets(rest) {
        return false;
    }
    rest.keywords("WITH ORDINALITY");
    let is_whole = alias(rest);
    rest.keywords("WITH ORDINALITY");
    is_whole
}

/// Moves over an alias and its columns if there is one; tells whether all of it was understood.
fn alias(rest: &mut Cursor<'_>) -> bool {
    if rest.peek_is("AS") && !rest.nth_is(1, "OF") {
        rest.advance();
        return rest.ident().is_ok() && brackets(rest);
    }
    let is_bare = rest.peek().is_some_and(|token| token.is_word() && !is_one_of(token, NO_ALIASES));
    if !is_bare {
        return true;
    }
    rest.advance();
    brackets(rest)
}

/// Moves over parentheses if they come next; tells whether they are closed.
fn brackets(rest: &mut Cursor<'_>) -> bool {
    if !rest.peek_is_lexeme(&Lexeme::LParen) {
        return true;
    }
    let close = rest.closing();
    rest.move_to(close.map_or(rest.at(), |close| close + 1));
    close.is_some()
}

/// Insists on columns with types behind every name of a `WITH MUTUALLY RECURSIVE`.
fn bindings(mut rest: Cursor<'_>) -> Result<(), SyntaxError> {
    rest.expect("WITH MUTUALLY RECURSIVE")?;
    let mut is_whole = brackets(&mut rest);
    while is_whole {
        rest.ident()?;
        rest.expect_lexeme(&Lexeme::LParen)?;
        rest.list(column)?;
        rest.expect_lexeme(&Lexeme::RParen)?;
        rest.expect("AS")?;
        is_whole = brackets(&mut rest) && rest.lexeme(&Lexeme::Comma);
    }
    Ok(())
}

fn column(rest: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    rest.ident()?;
    data_type::read(rest).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex::lex;

    /// What is wrong with a query, and where.
    fn told(text: &str) -> Option<String> {
        let tokens = lex(text).expect("tokens");
        let error = check(text, &tokens, Sought::Query).err()?;
        Some(format!("{} `{}`: {}", error.span.start, error.span.of(text), error.message))
    }

    #[test]
    fn a_join_wants_its_condition() {
        for (text, place, found) in [
            ("SELECT 1 FROM a JOIN b", "22 ``", "EOF"),
            ("SELECT 1 FROM a INNER JOIN b x WHERE y", "31 `WHERE`", "WHERE"),
            ("SELECT 1 FROM a LEFT OUTER JOIN s.b AS x (y), c", "44 `,`", "comma"),
            ("SELECT 1 FROM a RIGHT JOIN f(1, 2) WITH ORDINALITY", "50 ``", "EOF"),
            ("SELECT 1 FROM a FULL JOIN (SELECT 2) AS b", "41 ``", "EOF"),
            ("SELECT 1 FROM a JOIN LATERAL (SELECT 2)", "39 ``", "EOF"),
            ("SELECT 1 FROM a JOIN ROWS FROM (f(1)) AS r", "42 ``", "EOF"),
            ("SELECT 1 FROM (a JOIN b) AS c", "23 `)`", "right parenthesis"),
            ("SELECT 1 FROM a JOIN b ON true JOIN c", "37 ``", "EOF"),
            ("SELECT 1 FROM a JOIN b CROSS JOIN c", "23 `CROSS`", "CROSS"),
            ("SELECT 1 WHERE x IN (SELECT 1 FROM a JOIN b)", "43 `)`", "right parenthesis"),
            ("SELECT 1 UNION SELECT 2 FROM a, b JOIN [u1 AS d.s.t]", "52 ``", "EOF"),
        ] {
            let wanted = format!("{place}: Expected ON, or USING after JOIN, found {found}");
            assert_eq!(told(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_has_a_condition_or_needs_none_is_right() {
        for text in [
            "SELECT 1 FROM a JOIN b ON true LEFT JOIN c USING (x) JOIN LATERAL (SELECT 2 FROM d) AS e ON x = y",
            "SELECT 1 FROM a CROSS JOIN b NATURAL JOIN c NATURAL LEFT OUTER JOIN d",
            "SELECT 1 FROM (a JOIN b ON x) JOIN (c CROSS JOIN d) ON y, e JOIN f(1) WITH ORDINALITY AS g (h, i) ON z",
            "SELECT 1 FROM a JOIN b first ON x JOIN c AS join ON y JOIN rows ON z",
            "SELECT a join FROM t",
            "SELECT a IS DISTINCT FROM b join FROM t",
            "SELECT t.from, b join FROM t",
            "SELECT a AS from, b join FROM t",
            "SELECT extract(day FROM a) join FROM t WHERE join = 1 AND t.join",
            "SELECT 1 FROM t AS a (join, b) WHERE x IN (1) ORDER BY a join",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn a_recursive_query_wants_columns_with_types() {
        for (text, wanted) in [
            (
                "WITH MUTUALLY RECURSIVE x AS (SELECT 1) SELECT 2",
                "26 `AS`: Expected left parenthesis, found AS",
            ),
            (
                "WITH MUTUALLY RECURSIVE (RECURSION LIMIT 9) x (a int, b map[text=>int]) AS (SELECT 1), y AS (SELECT 2) \
                 SELECT 3",
                "89 `AS`: Expected left parenthesis, found AS",
            ),
            ("WITH mutually AS (SELECT 1) SELECT 2", "14 `AS`: Expected RECURSIVE, found AS"),
            (
                "WITH MUTUALLY RECURSIVE x (a, b int) AS (SELECT 1) SELECT 2",
                "28 `,`: Expected a data type name, found comma",
            ),
        ] {
            assert_eq!(told(text).as_deref(), Some(wanted), "{text}");
        }
        let right = "WITH MUTUALLY RECURSIVE x (a numeric(1, 2), b text list) AS (SELECT 1), y (c int) AS (SELECT 2) \
                     SELECT 3";
        assert_eq!(told(right), None);
    }

    #[test]
    fn words_stand_in_order() {
        for words in [CLAUSES, BEFORE_RELATIONS, SIDES, ENDS, NO_ALIASES] {
            assert!(words.is_sorted());
        }
    }
}
