//! `EXECUTE UNIT TEST`: mocks and expected rows, every mistake of it at once.
//!
//! Queries stand in it without anything around them that would end them, so a clause begins where
//! its words do and where no query could go on with them. Start reading at [`unit_test`].

use super::cursor::Cursor;
use super::cursor::closing;
use crate::sql::ast::StatementKind;
use crate::sql::ast::project::Mock;
use crate::sql::ast::project::Rows;
use crate::sql::ast::project::TypedColumn;
use crate::sql::ast::project::UnitTest;
use crate::sql::data_type;
use crate::sql::error::SyntaxError;
use crate::sql::query;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// Words that a query cannot end with: what follows them is no clause of the test.
const UNFINISHED: &[&str] = &[
    "ALL",
    "AND",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "CROSS",
    "DISTINCT",
    "ELSE",
    "EXCEPT",
    "FROM",
    "HAVING",
    "IN",
    "INTERSECT",
    "IS",
    "JOIN",
    "LATERAL",
    "LIKE",
    "LIMIT",
    "NOT",
    "OFFSET",
    "ON",
    "OR",
    "RECURSIVE",
    "SELECT",
    "TABLE",
    "THEN",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];

/// Words that a query may begin with.
const BEGINNINGS: &[&str] = &["SELECT", "VALUES", "WITH", "TABLE"];

/// Reads `EXECUTE UNIT TEST name …` to the end of the statement.
///
/// # Errors
/// None behind these words: what is wrong with a test is told in it.
pub(super) fn unit_test(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("EXECUTE UNIT TEST")?;
    let (target, at_time, mocks) = (None, None, Vec::new());
    let mut test = UnitTest { name: None, target, at_time, mocks, expected: None, mistakes: Vec::new() };
    recovering(cursor, &mut test, |cursor, test| {
        test.name = Some(cursor.ident()?);
        cursor.expect("FOR")?;
        test.target = Some(cursor.name()?);
        if cursor.keywords("AT TIME") {
            let end = next_clause(cursor);
            test.at_time = Some(query::expr(&mut cursor.until(end), &[])?);
            cursor.move_to(end);
        }
        Ok(())
    });
    while !cursor.is_done() {
        recovering(cursor, &mut test, clause);
    }
    if test.expected.is_none() && test.mistakes.is_empty() {
        test.mistakes.push(cursor.expected("EXPECTED"));
    }
    Ok(StatementKind::UnitTest(test))
}

/// Reads a part of the test; after a mistake it goes on where the next clause begins.
fn recovering(
    cursor: &mut Cursor<'_>,
    test: &mut UnitTest,
    read: impl FnOnce(&mut Cursor<'_>, &mut UnitTest) -> Result<(), SyntaxError>,
) {
    let first = cursor.at();
    if let Err(mistake) = read(cursor, test) {
        test.mistakes.push(mistake);
        if cursor.at() == first {
            cursor.advance();
        }
        cursor.move_to(next_clause(cursor));
    }
}

/// Reads a mock or the expected rows.
fn clause(cursor: &mut Cursor<'_>, test: &mut UnitTest) -> Result<(), SyntaxError> {
    cursor.lexeme(&Lexeme::Comma);
    if test.expected.is_some() {
        let mistake = cursor.error("EXPECTED is the last clause of a test, and there is one of it");
        cursor.advance();
        return Err(mistake);
    }
    if cursor.keyword("MOCK") {
        let name = cursor.name()?;
        test.mocks.push(Mock { name, rows: rows(cursor)? });
    } else if cursor.keyword("EXPECTED") {
        test.expected = Some(rows(cursor)?);
    } else {
        return Err(cursor.expected("MOCK or EXPECTED"));
    }
    Ok(())
}

/// Reads `(col type, …) AS query`.
fn rows(cursor: &mut Cursor<'_>) -> Result<Rows, SyntaxError> {
    cursor.expect_lexeme(&Lexeme::LParen)?;
    let columns = cursor.list(column)?;
    cursor.expect_lexeme(&Lexeme::RParen)?;
    cursor.expect("AS")?;
    let end = next_clause(cursor);
    let is_last = end == cursor.tokens().len();
    let before = end.checked_sub(1).filter(|before| !is_last && *before >= cursor.at());
    let comma = before.filter(|at| cursor.tokens().get(*at).is_some_and(|t| t.is_lexeme(&Lexeme::Comma)));
    let mut query = query::of_view(&mut cursor.until(comma.unwrap_or(end)))?;
    query.measure();
    // Nothing asks for it any more, and thousands of files are in memory at once.
    query.forget_tree();
    cursor.move_to(end);
    Ok(Rows { columns, query })
}

fn column(cursor: &mut Cursor<'_>) -> Result<TypedColumn, SyntaxError> {
    let name = cursor.ident()?;
    let start = cursor.start();
    let data_type = data_type::read(cursor)?;
    Ok(TypedColumn { name, data_type, type_span: Span::new(start, cursor.last_end()) })
}

/// The token with which the next clause begins, from the cursor on; the number of tokens if none
/// does.
fn next_clause(cursor: &Cursor<'_>) -> usize {
    let tokens = cursor.tokens();
    let mut depth = 0_usize;
    // A list of CTEs looks like clauses as long as it lasts.
    let mut in_with = cursor.peek_is("WITH");
    for (number, token) in tokens.iter().enumerate().skip(cursor.at()) {
        if token.opens() {
            depth += 1;
        } else if token.closes() {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            in_with &= !["SELECT", "VALUES", "TABLE"].iter().any(|word| token.is(word));
            if !in_with && begins_clause(tokens, number) {
                return number;
            }
        }
    }
    tokens.len()
}

/// Tells whether a clause begins at a token, rather than a column, a relation or a function that is
/// called like one.
fn begins_clause(tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at) else { return false };
    let open = if token.is("EXPECTED") {
        at + 1
    } else if token.is("MOCK") {
        let name = tokens.iter().skip(at + 1);
        at + 1 + name.take_while(|token| token.is_word() || token.is_lexeme(&Lexeme::Period)).count()
    } else {
        return false;
    };
    let previous = at.checked_sub(1).and_then(|previous| tokens.get(previous));
    let may_end = previous.is_none_or(|token| match &token.lexeme {
        Lexeme::Word(_) => !UNFINISHED.iter().any(|word| token.is(word)),
        Lexeme::Quoted(_)
        | Lexeme::Number(_)
        | Lexeme::String(_)
        | Lexeme::RParen
        | Lexeme::RBracket
        | Lexeme::Comma
        | Lexeme::Star => true,
        _ => false,
    });
    if !may_end {
        return false;
    }
    if !tokens.get(open).is_some_and(|token| token.is_lexeme(&Lexeme::LParen)) {
        // Its columns are forgotten: behind an alias there is no AS.
        let is_item = previous.is_none_or(|token| token.is_lexeme(&Lexeme::Comma));
        return !is_item && tokens.get(open).is_some_and(|token| token.is("AS"));
    }
    let Some(close) = closing(tokens, open) else { return true };
    // Behind the columns of an alias no query begins, and behind the arguments of a function none.
    tokens.get(close + 1).is_some_and(|token| {
        token.is("AS") || token.is_lexeme(&Lexeme::LParen) || BEGINNINGS.iter().any(|word| token.is(word))
    })
}

#[cfg(test)]
mod tests;
