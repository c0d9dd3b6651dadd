//! From text to statements.
//!
//! [`batch`] reads as a server does: one mistake and nothing is run. [`file`] reads as a compiler
//! does: it goes on behind the next semicolon and reports every mistake.

mod alter;
mod copy;
mod create;
pub(in crate::sql) mod cursor;
pub(in crate::sql) mod option_names;
pub(in crate::sql) mod options;
mod privilege;
mod project;
mod run;
mod show;
mod source;
pub(in crate::sql) mod spelling;
mod unit_test;

use super::ast::Statement;
use super::ast::StatementKind;
use super::error::SyntaxError;
use super::lex::lex;
use super::query;
use super::query::Doubt;
use super::query::Query;
use super::span::Span;
use super::token::Lexeme;
use super::token::Token;
use super::token::check_depth;
use cursor::Cursor;

/// Reads a text of any number of statements; none of them if one is wrong.
///
/// # Errors
/// The first mistake.
pub fn batch(text: &str) -> Result<Vec<Statement>, SyntaxError> {
    let tokens = lex(text)?;
    statements(&tokens).map(|tokens| one(text, tokens, Doubt::Mistake)).collect()
}

/// Reads every statement of a text that can be read, and reports every one that cannot.
///
/// The query of a view that may be right although it cannot be read is left to the server. Both lists are in
/// the order of the text. A string or comment without an end makes the whole text unreadable.
pub fn file(text: &str) -> (Vec<Statement>, Vec<SyntaxError>) {
    all(text, Doubt::Server)
}

/// Reads a text like [`file`], and reports every view whose query cannot be read.
pub fn strictly(text: &str) -> (Vec<Statement>, Vec<SyntaxError>) {
    all(text, Doubt::Mistake)
}

fn all(text: &str, doubt: Doubt) -> (Vec<Statement>, Vec<SyntaxError>) {
    let tokens = match lex(text) {
        Ok(tokens) => tokens,
        Err(error) => return (Vec::new(), vec![error]),
    };
    // Files are kept by the thousand, and statements are large: none takes more room than it needs.
    let mut read = Vec::with_capacity(statements(&tokens).count());
    let mut mistakes = Vec::new();
    for tokens in statements(&tokens) {
        match one(text, tokens, doubt) {
            Ok(statement) => read.push(statement),
            Err(error) => mistakes.push(spelling::explained(text, tokens, error)),
        }
    }
    (read, mistakes)
}

/// Reads a text that is one query.
///
/// # Errors
/// Where it is none, or more than one statement.
pub fn query(text: &str) -> Result<Query, SyntaxError> {
    let tokens = lex(text)?;
    check_depth(&tokens)?;
    query::query(&mut Cursor::new(text, &tokens))
}

/// Cuts tokens at the semicolons; empty statements are left out.
fn statements<'a>(tokens: &'a [Token<'a>]) -> impl Iterator<Item = &'a [Token<'a>]> {
    tokens.split(|token| token.is_lexeme(&Lexeme::SemiColon)).filter(|tokens| !tokens.is_empty())
}

/// Within how many tokens it stands whether a statement is that of a view: `CREATE OR REPLACE TEMPORARY VIEW`.
const VIEW_WITHIN: usize = 5;

/// Reads the one statement that tokens are.
fn one(text: &str, tokens: &[Token<'_>], doubt: Doubt) -> Result<Statement, SyntaxError> {
    let mut cursor = Cursor::new(text, tokens).with_doubt(doubt);
    // How deep the query of a view nests is looked at where it is read: the server may know better.
    let is_view = doubt == Doubt::Server && tokens.iter().take(VIEW_WITHIN).any(|token| token.is("VIEW"));
    let head = if is_view { cursor.find_outside(&["AS"]) } else { tokens.len() };
    check_depth(tokens.get(..head).unwrap_or_default())?;
    let statement = statement(&mut cursor)?;
    cursor.end()?;
    Ok(statement)
}

/// Reads the statement at the cursor.
fn statement(cursor: &mut Cursor<'_>) -> Result<Statement, SyntaxError> {
    let start = cursor.start();
    let kind = kind(cursor)?;
    Ok(Statement { span: Span::new(start, cursor.last_end()), kind })
}

fn kind(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    let Some(first) = cursor.peek() else {
        return Err(cursor.expected("a keyword at the beginning of a statement"));
    };
    if first.is_lexeme(&Lexeme::LParen) {
        return query::query(cursor).map(StatementKind::Select);
    }
    let word = first.word().map(str::to_ascii_uppercase).unwrap_or_default();
    match word.as_str() {
        "SELECT" | "WITH" | "VALUES" | "TABLE" => query::query(cursor).map(StatementKind::Select),
        "CREATE" => create::create(cursor),
        "ALTER" => alter::alter(cursor),
        "DROP" => alter::drop(cursor),
        "REASSIGN" => alter::reassign(cursor),
        "COMMENT" => alter::comment(cursor),
        "GRANT" => privilege::grant(cursor),
        "REVOKE" => privilege::revoke(cursor),
        "SHOW" => show::show(cursor),
        "EXECUTE" if cursor.nth_is(1, "UNIT") => unit_test::unit_test(cursor),
        "INSERT" | "UPDATE" | "DELETE" => run::write(cursor, &word),
        "SET" | "RESET" => run::variable(cursor, &word),
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" => run::transaction(cursor, &word),
        "DECLARE" | "FETCH" | "CLOSE" => run::cursor(cursor, &word),
        "PREPARE" | "EXECUTE" | "DEALLOCATE" => run::prepared(cursor, &word),
        "EXPLAIN" => Ok(StatementKind::Explain(cursor.rest())),
        "COPY" => copy::copy(cursor),
        "SUBSCRIBE" | "TAIL" => Ok(StatementKind::Subscribe(cursor.rest())),
        "DISCARD" => run::discard(cursor),
        "VALIDATE" => {
            cursor.expect("VALIDATE CONNECTION")?;
            cursor.name()?;
            Ok(StatementKind::Other("VALIDATE CONNECTION".to_owned()))
        }
        "INSPECT" => {
            cursor.rest();
            Ok(StatementKind::Other("INSPECT".to_owned()))
        }
        _ if super::keyword::is_keyword(&word) => {
            Err(cursor.error(format!("Unexpected keyword {word} at the beginning of a statement")))
        }
        _ => Err(cursor.expected("a keyword at the beginning of a statement")),
    }
}

#[cfg(test)]
mod tests;
