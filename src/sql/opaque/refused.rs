//! What sqlparser reads although the server's parser refuses it.
//!
//! Looked for in the tokens of a text that was read: what stands where a relation stands is one there. A
//! place that is not understood is passed over. Start reading at [`check`].
//!
//! Source: `parse_join_constraint`, `parse_cte_mut_rec`, `parse_mut_rec_block_option` and
//! `parse_select_option` of the server's parser, v26.

use super::BEGINNINGS;
use super::Sought;
use super::is_one_of;
use crate::sql::data_type;
use crate::sql::error::SyntaxError;
use crate::sql::keyword::is_nearly;
use crate::sql::keyword::meaning;
use crate::sql::parse::cursor::Cursor;
use crate::sql::parse::option_names;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// Looks for a join without its condition, for a recursive query without the types of its columns, and for a
/// misspelt option of a query.
///
/// # Errors
/// The first of these, in the server's words.
pub(in crate::sql) fn check(text: &str, tokens: &[Token<'_>], sought: Sought) -> Result<(), SyntaxError> {
    let frame = Frame { in_query: sought == Sought::Query, ..Frame::default() };
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
    /// Whether a SELECT stands before this place.
    in_select: bool,
}

/// The state of the search.
struct Walk<'a> {
    cursor: Cursor<'a>,
    frames: Vec<Frame>,
    frame: Frame,
}

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
/// Source: the words that the server reserves there; the newest reserves `ALL` and `DISTINCT` too, which
/// others take.
const NO_ALIASES: &[&str] = &[
    "AS",
    "CROSS",
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

/// Tells whether a relation, its alias, a condition or another expression may end with a token.
fn may_end(token: &Token<'_>) -> bool {
    match &token.lexeme {
        Lexeme::Word(word) => !meaning(word).is_syntax || is_one_of(token, ENDS),
        Lexeme::Quoted(_) | Lexeme::Number(_) | Lexeme::String(_) | Lexeme::Parameter(_) => true,
        _ => token.closes(),
    }
}

impl<'a> Walk<'a> {
    fn step(&mut self, token: &Token<'_>) -> Result<(), SyntaxError> {
        if token.opens() {
            self.open();
        } else if token.closes() {
            self.frame = self.frames.pop().unwrap_or_default();
        } else if token.is("JOIN") && self.wants_condition() {
            return condition(self.rest(), self.misspelt_before());
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
        } else if token.is("OPTIONS") && self.frame.in_select && self.before(1).is_some_and(may_end) {
            // Behind anything else it is a name, such as that of a recursive query.
            self.frame.in_from = false;
            let mut list = self.rest();
            list.advance();
            return option_names::in_parentheses(&list, option_names::SELECT);
        } else if is_one_of(token, CLAUSES) {
            self.frame.in_from = false;
            self.frame.in_select |= token.is("SELECT");
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
        let inner = Frame { in_query, in_from: is_relation && !begins_query, in_select: false };
        self.frames.push(std::mem::replace(&mut self.frame, inner));
    }

    /// Whether the word at this place is a name, as any is behind a period and behind `AS`.
    ///
    /// Of several `AS` every second is a name itself: the first where an expression or a relation has to
    /// begin.
    fn is_name(&self) -> bool {
        let follows_period =
            |offset: usize| self.before(offset).is_some_and(|token| token.is_lexeme(&Lexeme::Period));
        let is_as = |offset: &usize| self.before(*offset).is_some_and(|token| token.is("AS"));
        let many = (1..).take_while(is_as).count();
        if many == 0 {
            return follows_period(1);
        }
        let first_is_name = self.before(many + 1).is_none_or(|token| match &token.lexeme {
            Lexeme::Word(_) => {
                (is_one_of(token, CLAUSES) || is_one_of(token, BEFORE_RELATIONS)) && !follows_period(many + 2)
            }
            Lexeme::Period | Lexeme::Comma | Lexeme::Eq | Lexeme::Minus | Lexeme::Operator(_) => true,
            _ => token.opens(),
        });
        (many % 2 == 1) != first_is_name
    }

    /// Whether the JOIN at this place is that of a FROM clause, and neither NATURAL nor CROSS.
    fn wants_condition(&self) -> bool {
        // Behind anything else it is a name, or something that is not understood.
        self.frame.in_from && self.before(self.joined()).is_some_and(may_end)
    }

    /// How many tokens before the JOIN at this place that one stands which ends what is joined.
    fn joined(&self) -> usize {
        let mut offset = 1;
        while self.before(offset).is_some_and(|token| is_one_of(token, SIDES)) {
            offset += 1;
        }
        offset
    }

    /// The word behind which the JOIN at this place wants no condition, if an alias before it is nearly that.
    fn misspelt_before(&self) -> Option<&'static str> {
        let joined = self.joined();
        let word = self.before(joined)?.word()?;
        let is_alias = self.before(joined + 1).is_some_and(may_end);
        ["CROSS", "NATURAL"].into_iter().find(|meant| is_alias && is_nearly(word, meant))
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

/// Insists on a condition behind what follows a `JOIN`; `before` is the word that is misspelt before it, if
/// there is one.
fn condition(mut rest: Cursor<'_>, before: Option<&'static str>) -> Result<(), SyntaxError> {
    rest.advance();
    let Some(alias) = relation(&mut rest) else { return Ok(()) };
    if rest.peek_is("ON") || rest.peek_is("USING") {
        return Ok(());
    }
    let has_columns = rest.tokens().get(alias + 1).is_some_and(|next| next.is_lexeme(&Lexeme::LParen));
    let word = rest.tokens().get(alias).and_then(Token::word);
    let is_using = has_columns && word.is_some_and(|word| is_nearly(word, "USING"));
    let meant = before.or(is_using.then_some("USING"));
    Err(SyntaxError { meant, ..rest.expected("ON, or USING after JOIN") })
}

/// Moves over a relation and its alias; tells where the alias would begin, if all of it was understood.
fn relation(rest: &mut Cursor<'_>) -> Option<usize> {
    rest.keyword("LATERAL");
    let is_named = !rest.keywords("ROWS FROM") && !rest.peek_is_lexeme(&Lexeme::LParen);
    if is_named && rest.name().is_err() || !brackets(rest) {
        return None;
    }
    rest.keywords("WITH ORDINALITY");
    let behind = rest.at();
    let is_whole = alias(rest);
    rest.keywords("WITH ORDINALITY");
    is_whole.then_some(behind)
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

/// Insists on columns with types behind every name of a `WITH MUTUALLY RECURSIVE`, and on options that are
/// not misspelt.
fn bindings(mut rest: Cursor<'_>) -> Result<(), SyntaxError> {
    rest.expect("WITH MUTUALLY RECURSIVE")?;
    option_names::in_parentheses(&rest, option_names::RECURSION)?;
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
            ("SELECT t.as FROM a JOIN b", "25 ``", "EOF"),
            ("SELECT x AS as FROM a JOIN b", "28 ``", "EOF"),
            ("SELECT as FROM a JOIN b", "23 ``", "EOF"),
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
            "SELECT 1 FROM a JOIN b all ON x JOIN c distinct ON y",
            "SELECT a join FROM t",
            "SELECT a IS DISTINCT FROM b join FROM t",
            "SELECT t.from, b join FROM t",
            "SELECT a AS from, b join FROM t",
            "SELECT as AS from, b join FROM t",
            "SELECT t.select AS from, b join FROM t",
            "SELECT extract(day FROM a) join FROM t WHERE join = 1 AND t.join",
            "SELECT 1 FROM t AS a (join, b) WHERE x IN (1) ORDER BY a join",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    /// The word that was meant in a query.
    fn meant(text: &str) -> Option<&'static str> {
        let tokens = lex(text).expect("tokens");
        check(text, &tokens, Sought::Query).expect_err(text).meant
    }

    #[test]
    fn a_misspelt_word_beside_a_join_is_told() {
        for (text, word) in [
            ("SELECT 1 FROM s.t CROS JOIN s.u", Some("CROSS")),
            ("SELECT 1 FROM (SELECT 2) CORSS JOIN u WHERE x", Some("CROSS")),
            ("SELECT 1 FROM t JOIN u ON x, v NATURL LEFT OUTER JOIN w", Some("NATURAL")),
            ("SELECT 1 FROM (s.t JOIN s.u USIN (a))", Some("USING")),
            ("SELECT 1 FROM t JOIN f(1) USNG (a, b) ORDER BY 1", Some("USING")),
            ("SELECT 1 FROM cros JOIN u", None),
            ("SELECT 1 FROM s.cros JOIN u", None),
            ("SELECT 1 FROM t AS cros JOIN u", None),
            ("SELECT 1 FROM t JOIN u usin", None),
            ("SELECT 1 FROM t JOIN u AS usin (a)", None),
        ] {
            assert_eq!(meant(text), word, "{text}");
        }
    }

    #[test]
    fn a_misspelt_option_is_told_and_another_is_left_to_the_server() {
        for (text, word) in [
            ("SELECT a FROM t GROUP BY a OPTIONS (LIMTI INPUT GROUP SIZE = 1)", "LIMIT"),
            ("SELECT 1 WHERE x IN (SELECT a FROM t OPTIONS (AGGREGATE INPT GROUP SIZE 1))", "INPUT"),
            ("SELECT a FROM t OPTIONS (LIMIT INPUT GROUP SIZE 1, EXPECTD GROUP SIZE 2)", "EXPECTED"),
            ("WITH MUTUALLY RECURSIVE (REURSION LIMIT 9) x (a int) AS (SELECT 1) SELECT 2", "RECURSION"),
            ("WITH MUTUALLY RECURSIVE (RETURN AT RECURSION LIMT 9) x (a int) AS (TABLE t) TABLE x", "LIMIT"),
        ] {
            assert_eq!(meant(text), Some(word), "{text}");
        }
        for text in [
            "SELECT DISTINCT ON (a) a FROM t OPTIONS (DISTINCT ON INPUT GROUP SIZE = 1, MEMORY = 2)",
            "SELECT t.options, a AS options FROM options (limti)",
            "WITH MUTUALLY RECURSIVE (ERROR AT RECURSION LIMIT 9) options (limti int) AS (SELECT 1) SELECT 2",
            "WITH MUTUALLY RECURSIVE (DEPTH 9) x (a int) AS (SELECT 1) SELECT 2",
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
