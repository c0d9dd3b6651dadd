//! What a session runs: writes, settings, transactions, cursors and prepared statements.

use super::cursor::Cursor;
use super::option_names::ANY;
use super::options;
use super::statement;
use crate::sql::ast::RawIdent;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::BeginMode;
use crate::sql::ast::run::Declare;
use crate::sql::ast::run::Delete;
use crate::sql::ast::run::Execute;
use crate::sql::ast::run::Fetch;
use crate::sql::ast::run::Insert;
use crate::sql::ast::run::Prepare;
use crate::sql::ast::run::SetVariable;
use crate::sql::ast::run::Update;
use crate::sql::error::SyntaxError;
use crate::sql::query;
use crate::sql::token::Lexeme;

/// Reads `INSERT`, `UPDATE` or `DELETE`.
pub(super) fn write(cursor: &mut Cursor<'_>, word: &str) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    match word {
        "INSERT" => insert(cursor),
        "UPDATE" => update(cursor),
        _ => delete(cursor),
    }
}

fn insert(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("INTO")?;
    let table = cursor.name()?;
    let nested = ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|word| cursor.nth_is(1, word));
    let columns = if cursor.peek_is_lexeme(&Lexeme::LParen) && !nested {
        cursor.in_parentheses(Cursor::ident)?
    } else {
        Vec::new()
    };
    let end = cursor.find_outside(&["RETURNING", "ON"]);
    let end = if cursor.tokens().get(end).is_some_and(|token| token.is("ON")) {
        conflict(cursor, end)
    } else {
        end
    };
    let source = if cursor.keywords("DEFAULT VALUES") {
        None
    } else {
        let mut body = cursor.until(end);
        let source = query::query(&mut body)?;
        cursor.move_to(end);
        Some(source)
    };
    let returning = if cursor.keyword("RETURNING") { Some(cursor.rest()) } else { None };
    Ok(StatementKind::Insert(Insert { table, columns, source, returning }))
}

/// Where the query of an `INSERT` ends when an `ON` stands outside of brackets: before
/// `ON CONFLICT`, which the server does not have, but behind the `ON` of a join.
fn conflict(cursor: &Cursor<'_>, on: usize) -> usize {
    let conflict = cursor.tokens().get(on + 1).is_some_and(|token| token.is("CONFLICT"));
    if conflict { on } else { cursor.find_outside(&["RETURNING"]) }
}

fn alias(cursor: &mut Cursor<'_>, before: &[&str]) -> Result<Option<RawIdent>, SyntaxError> {
    let bare = cursor.peek_is_word() && !before.iter().any(|word| cursor.peek_is(word));
    if cursor.keyword("AS") || bare { cursor.ident().map(Some) } else { Ok(None) }
}

fn update(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    let table = cursor.name()?;
    let alias = alias(cursor, &["SET", "WHERE"])?;
    cursor.expect("SET")?;
    let outside = [(table.clone(), alias.as_ref().map(|alias| alias.ident.clone()))];
    let assignments = cursor.list(|cursor| {
        let column = cursor.ident()?;
        cursor.expect_lexeme(&Lexeme::Eq)?;
        Ok((column, query::expr_prefix(cursor, &outside)?))
    })?;
    let filter = if cursor.keyword("WHERE") { Some(query::expr(cursor, &outside)?) } else { None };
    Ok(StatementKind::Update(Update { table, alias, assignments, filter }))
}

fn delete(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("FROM")?;
    let table = cursor.name()?;
    let alias = alias(cursor, &["USING", "WHERE"])?;
    let outside = [(table.clone(), alias.as_ref().map(|alias| alias.ident.clone()))];
    let using = if cursor.keyword("USING") {
        let start = cursor.start();
        if cursor.is_done() {
            return Err(cursor.expected("identifier"));
        }
        cursor.move_to(cursor.find_outside(&["WHERE"]));
        Some(cursor.text_from(start))
    } else {
        None
    };
    let filter = if cursor.keyword("WHERE") { Some(query::expr(cursor, &outside)?) } else { None };
    Ok(StatementKind::Delete(Delete { table, alias, using, filter }))
}

/// Reads `SET …` or `RESET …`.
pub(super) fn variable(cursor: &mut Cursor<'_>, word: &str) -> Result<StatementKind, SyntaxError> {
    let start = cursor.start();
    cursor.advance();
    if word == "RESET" {
        return assignment(cursor, true).map(StatementKind::Set);
    }
    let characteristics = cursor.peek_is("SESSION") && cursor.nth_is(1, "CHARACTERISTICS");
    if cursor.peek_is("TRANSACTION") || characteristics {
        cursor.rest();
        return Ok(StatementKind::SetTransaction(cursor.text_from(start)));
    }
    let local = !cursor.keyword("SESSION") && cursor.keyword("LOCAL");
    let mut set = assignment(cursor, false)?;
    set.local = local;
    Ok(StatementKind::Set(set))
}

/// Reads `variable = value, …` or, when it is reset, the variable alone.
pub(super) fn assignment(cursor: &mut Cursor<'_>, reset: bool) -> Result<SetVariable, SyntaxError> {
    let zone = cursor.peek_is("TIME") && cursor.nth_is(1, "ZONE");
    let schema = cursor.peek_is("SCHEMA") || cursor.peek_is("NAMES");
    let mut name = cursor.ident()?;
    if zone {
        cursor.advance();
        name.ident = ident("timezone", &name)?;
    } else if name.ident.as_str() == "names" {
        name.ident = ident("client_encoding", &name)?;
    }
    name.ident = ident(&name.ident.as_str().to_lowercase(), &name)?;
    if reset {
        return Ok(SetVariable { name, values: None, local: false });
    }
    let assigned = cursor.keyword("TO") || cursor.lexeme(&Lexeme::Eq);
    if !assigned && !zone && !schema {
        return Err(cursor.expected("equals sign or TO"));
    }
    let values = if cursor.keyword("DEFAULT") { None } else { Some(cursor.list(set_value)?) };
    Ok(SetVariable { name, values, local: false })
}

fn ident(text: &str, at: &RawIdent) -> Result<crate::name::Ident, SyntaxError> {
    crate::name::Ident::new(text).map_err(|error| SyntaxError::new(error.to_string(), at.span))
}

/// Reads one value of a variable: a string, a number or a word.
fn set_value(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let start = cursor.start();
    cursor.lexeme(&Lexeme::Minus);
    match cursor.peek().map(|token| &token.lexeme) {
        Some(Lexeme::String(_)) => cursor.string(),
        Some(Lexeme::Word(_) | Lexeme::Quoted(_)) => Ok(cursor.ident()?.ident.as_str().to_owned()),
        Some(Lexeme::Number(..)) => {
            cursor.advance();
            Ok(cursor.text_from(start))
        }
        _ => Err(cursor.expected("variable value")),
    }
}

/// Reads what begins, commits or rolls back a transaction.
pub(super) fn transaction(cursor: &mut Cursor<'_>, word: &str) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    if word == "START" {
        cursor.expect("TRANSACTION")?;
    } else if !cursor.keyword("TRANSACTION") {
        cursor.keyword("WORK");
    }
    match word {
        "BEGIN" | "START" => begin(cursor),
        "COMMIT" | "END" => chain(cursor).map(|()| StatementKind::Commit),
        _ => chain(cursor).map(|()| StatementKind::Rollback),
    }
}

/// Reads `AND NO CHAIN`; the server has no `AND CHAIN`.
fn chain(cursor: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if cursor.keyword("AND") {
        cursor.expect("NO CHAIN")?;
    }
    Ok(())
}

fn begin(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    let mut mode = BeginMode::default();
    while !cursor.is_done() {
        if cursor.keywords("READ ONLY") {
            mode.read_only = true;
        } else if cursor.keywords("READ WRITE") {
            mode.read_only = false;
        } else if cursor.keywords("ISOLATION LEVEL") {
            let levels = [
                "READ UNCOMMITTED",
                "READ COMMITTED",
                "REPEATABLE READ",
                "STRICT SERIALIZABLE",
                "SERIALIZABLE",
            ];
            match levels.iter().find(|level| cursor.keywords(level)) {
                Some(level) => mode.isolation = Some(level.to_lowercase()),
                None => return Err(cursor.expected("isolation level")),
            }
        } else {
            return Err(cursor.expected("transaction mode"));
        }
        cursor.lexeme(&Lexeme::Comma);
    }
    Ok(StatementKind::Begin(mode))
}

/// Reads `DECLARE`, `FETCH` or `CLOSE`.
pub(super) fn cursor(cursor: &mut Cursor<'_>, word: &str) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    match word {
        "DECLARE" => {
            let name = cursor.ident()?;
            cursor.expect("CURSOR")?;
            if !cursor.keywords("WITHOUT HOLD") && cursor.peek_is("WITH") {
                return Err(cursor.error("WITH HOLD is unsupported for cursors"));
            }
            cursor.expect("FOR")?;
            if cursor.peek_is("DECLARE") || cursor.peek_is("PREPARE") {
                return Err(cursor.expected("SELECT, SUBSCRIBE, SHOW, or EXPLAIN"));
            }
            let statement = Box::new(statement(cursor)?);
            Ok(StatementKind::Declare(Declare { name, statement }))
        }
        "FETCH" => fetch(cursor),
        _ => Ok(StatementKind::Close(cursor.ident()?)),
    }
}

fn fetch(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.keyword("FORWARD");
    let count = match cursor.peek().map(|token| &token.lexeme) {
        Some(Lexeme::Number(digits)) => {
            let count = digits.parse().map_err(|_| cursor.expected("literal unsigned integer"))?;
            cursor.advance();
            Some(count)
        }
        _ if cursor.keyword("ALL") => None,
        _ => Some(1),
    };
    cursor.keyword("FROM");
    let name = cursor.ident()?;
    let options = options::with(cursor, ANY)?;
    Ok(StatementKind::Fetch(Fetch { name, count, options }))
}

/// Reads `PREPARE`, `EXECUTE` or `DEALLOCATE`.
pub(super) fn prepared(cursor: &mut Cursor<'_>, word: &str) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    match word {
        "PREPARE" => {
            let name = cursor.ident()?;
            cursor.expect("AS")?;
            if !PREPARABLE.iter().any(|word| cursor.peek_is(word)) && !cursor.peek_is_lexeme(&Lexeme::LParen)
            {
                return Err(cursor.error("unpreparable statement"));
            }
            let start = cursor.start();
            let statement = Box::new(statement(cursor)?);
            let text = cursor.text_from(start);
            Ok(StatementKind::Prepare(Prepare { name, statement, text }))
        }
        "EXECUTE" => {
            let name = cursor.ident()?;
            let arguments = if cursor.peek_is_lexeme(&Lexeme::LParen) {
                cursor.in_parentheses(|cursor| query::expr_prefix(cursor, &[]))?
            } else {
                Vec::new()
            };
            Ok(StatementKind::Execute(Execute { name, arguments }))
        }
        _ => {
            cursor.keyword("PREPARE");
            let name = if cursor.keyword("ALL") { None } else { Some(cursor.ident()?) };
            Ok(StatementKind::Deallocate(name))
        }
    }
}

/// What the server prepares by `PREPARE`.
///
/// Source: recorded: data definition is an `unpreparable statement`.
const PREPARABLE: &[&str] =
    &["SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "SHOW", "SUBSCRIBE", "EXPLAIN"];

/// Reads `DISCARD …`.
pub(super) fn discard(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let what = cursor.expect_one(&["ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY"])?;
    Ok(StatementKind::Discard(if what == "TEMPORARY" { "TEMP" } else { what }.to_owned()))
}
