//! `COPY`.

use super::cursor::Cursor;
use super::option_names::ANY;
use super::options;
use super::statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::copy::Copied;
use crate::sql::ast::copy::Copy;
use crate::sql::ast::copy::CopyWay;
use crate::sql::error::SyntaxError;
use crate::sql::token::Lexeme;

/// Reads `COPY …`.
pub(super) fn copy(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let what = copied(cursor)?;
    let way = if cursor.keyword("FROM") {
        if matches!(what, Copied::Rows(_)) {
            return Err(cursor.error("queries not allowed in COPY FROM"));
        }
        if cursor.keyword("STDIN") { CopyWay::FromStdin } else { CopyWay::From(elsewhere(cursor)?) }
    } else if cursor.keyword("TO") {
        if cursor.keyword("STDOUT") { CopyWay::ToStdout } else { CopyWay::To(elsewhere(cursor)?) }
    } else {
        return Err(cursor.expected("one of FROM or TO"));
    };
    // The word WITH may be left out; the parentheses may not.
    let options = if cursor.keyword("WITH") || cursor.peek_is_lexeme(&Lexeme::LParen) {
        options::parenthesised(cursor, ANY)?
    } else {
        Vec::new()
    };
    Ok(StatementKind::Copy(Copy { what, way, options }))
}

fn copied(cursor: &mut Cursor<'_>) -> Result<Copied, SyntaxError> {
    if !cursor.peek_is_lexeme(&Lexeme::LParen) {
        let name = cursor.name()?;
        let columns = if cursor.peek_is_lexeme(&Lexeme::LParen) {
            cursor.in_parentheses(Cursor::ident)?
        } else {
            Vec::new()
        };
        return Ok(Copied::Table(name, columns));
    }
    let close = cursor.closing().ok_or_else(|| cursor.expected("right parenthesis"))?;
    let mut inside = cursor.until(close);
    inside.advance();
    let rows = statement(&mut inside)?;
    if !matches!(rows.kind, StatementKind::Select(_) | StatementKind::Subscribe(_)) {
        return Err(cursor.error("unsupported query in COPY"));
    }
    inside.end()?;
    cursor.move_to(close + 1);
    Ok(Copied::Rows(Box::new(rows)))
}

/// Reads a place that is not the client, up to the options.
fn elsewhere(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let start = cursor.start();
    if cursor.is_done() {
        return Err(cursor.expected("expression"));
    }
    cursor.move_to(cursor.find_outside(&["WITH"]));
    Ok(cursor.text_from(start))
}
