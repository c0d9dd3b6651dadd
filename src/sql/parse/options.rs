//! Lists of options: `(NAME = value, …)`, with the equals sign or without.

use super::cursor::Cursor;
use super::option_names;
use super::option_names::ANY;
use super::option_names::Known;
use crate::sql::ast::OptionValue;
use crate::sql::ast::WithOption;
use crate::sql::error::SyntaxError;
use crate::sql::keyword::is_nearly;
use crate::sql::query::Doubt;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// What a cluster's options may be called, as the server lists them in its error.
const CLUSTER_WORDS: &[&str] = &[
    "AVAILABILITY",
    "DISK",
    "INTROSPECTION",
    "MANAGED",
    "REPLICAS",
    "REPLICATION",
    "SIZE",
    "SCHEDULE",
    "WORKLOAD",
];

/// The words of options that newer servers have.
///
/// Source: `CREATE CLUSTER` in the manual: `AUTO SCALING STRATEGY` since v26.34, `EXPERIMENTAL ARRANGEMENT
/// COMPRESSION` since v26.38.
const MORE_CLUSTER_WORDS: &[&str] = &["AUTO", "EXPERIMENTAL"];

/// Names of several words: without an equals sign, only they tell where the value begins. The
/// longer of two that begin alike comes first.
const LONG_NAMES: &[&str] = &[
    "ACCESS KEY ID",
    "AGGREGATE INPUT GROUP SIZE",
    "AS OF",
    "ASSERT NOT NULL",
    "ASSUME ROLE ARN",
    "ASSUME ROLE SESSION NAME",
    "AUTO SCALING STRATEGY",
    "AVAILABILITY ZONES",
    "AVAILABILITY ZONE",
    "AWS CONNECTION",
    "AWS PRIVATELINK",
    "BATCH SIZE",
    "BILLED AS",
    "CATALOG TYPE",
    "COMMIT INTERVAL",
    "COMPRESSION TYPE",
    "DISTINCT ON INPUT GROUP SIZE",
    "ERROR AT RECURSION LIMIT",
    "EXCLUDE COLUMNS",
    "EXPECTED GROUP SIZE",
    "EXPERIMENTAL ARRANGEMENT COMPRESSION",
    "GROUP ID PREFIX",
    "HYDRATION SIZE",
    "HYDRATION TIME ESTIMATE",
    "IGNORE COLUMNS",
    "INTROSPECTION DEBUGGING",
    "INTROSPECTION INTERVAL",
    "LIMIT INPUT GROUP SIZE",
    "LINGER DURATION",
    "MAX CARDINALITY",
    "ON TIMEOUT",
    "PARTITION BY",
    "PARTITION COUNT",
    "PARTITION STRATEGY",
    "PROGRESS GROUP ID PREFIX",
    "PROGRESS TOPIC REPLICATION FACTOR",
    "PROGRESS TOPIC",
    "PUBLIC KEY 1",
    "PUBLIC KEY 2",
    "RECURSION LIMIT",
    "REPLICATION FACTOR",
    "RETAIN HISTORY",
    "RETURN AT RECURSION LIMIT",
    "SASL MECHANISMS",
    "SASL PASSWORD",
    "SASL USERNAME",
    "SCALE FACTOR",
    "SECRET ACCESS KEY",
    "SECURITY PROTOCOL",
    "SERVICE NAME",
    "SESSION TOKEN",
    "SNAPSHOT ROUNDS",
    "SSH TUNNEL",
    "SSL CERTIFICATE AUTHORITY",
    "SSL CERTIFICATE",
    "SSL KEY",
    "SSL MODE",
    "START OFFSET",
    "START TIMESTAMP",
    "TEXT COLUMNS",
    "TICK INTERVAL",
    "TIMESTAMP INTERVAL",
    "TOPIC METADATA REFRESH INTERVAL",
    "TRANSACTIONAL ID PREFIX",
    "TRANSACTIONAL SNAPSHOT",
    "UP TO",
    "VALUE SIZE",
    "WAIT FOR",
    "WAIT UNTIL READY",
    "WORKLOAD CLASS",
];

/// What stands behind the options of a cluster that is made.
const FEATURES: &str = "FEATURES";

/// Reads the options of a cluster, with or without parentheses.
pub(super) fn cluster(cursor: &mut Cursor<'_>) -> Result<Vec<WithOption>, SyntaxError> {
    let one = |cursor: &mut Cursor<'_>| {
        cluster_word(cursor)?;
        option(cursor)
    };
    if !cursor.lexeme(&Lexeme::LParen) {
        return bare(cursor, FEATURES, one);
    }
    let options = cursor.list(one)?;
    cursor.expect_lexeme(&Lexeme::RParen)?;
    Ok(options)
}

/// Reads the options of a cluster that is made, and its features.
pub(super) fn cluster_with_features(cursor: &mut Cursor<'_>) -> Result<Vec<WithOption>, SyntaxError> {
    let mut options = cluster(cursor)?;
    let start = cursor.start();
    if cursor.keyword(FEATURES) {
        let features = OptionValue::Nested(String::new(), parenthesised(cursor, ANY)?);
        let span = Span::new(start, cursor.last_end());
        options.push(WithOption { name: FEATURES.to_owned(), value: Some(features), span });
    }
    Ok(options)
}

/// Reads a list without parentheses, which ends before a keyword outside of all brackets.
fn bare(
    cursor: &mut Cursor<'_>,
    end: &str,
    one: impl FnMut(&mut Cursor<'_>) -> Result<WithOption, SyntaxError>,
) -> Result<Vec<WithOption>, SyntaxError> {
    let mut inside = cursor.until(cursor.find_outside(&[end]));
    let options = inside.list(one)?;
    cursor.move_to(cursor.at() + inside.at());
    Ok(options)
}

/// Reads options without parentheses, behind which `WITH (…)` may stand.
pub(super) fn before_with(cursor: &mut Cursor<'_>, known: Known) -> Result<Vec<WithOption>, SyntaxError> {
    option_names::bare(cursor.until(cursor.find_outside(&["WITH"])), known)?;
    bare(cursor, "WITH", option)
}

/// Reads the names of a cluster's options, in parentheses.
pub(super) fn cluster_names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SyntaxError> {
    cursor.in_parentheses(|cursor| {
        cluster_word(cursor)?;
        Ok(name(cursor))
    })
}

/// Insists that the name of a cluster's option comes next.
fn cluster_word(cursor: &Cursor<'_>) -> Result<(), SyntaxError> {
    let mut known = CLUSTER_WORDS.iter().chain(MORE_CLUSTER_WORDS);
    if known.any(|word| cursor.peek_is(word)) || cursor.may_be_newer_than(CLUSTER_WORDS) {
        return Ok(());
    }
    Err(cursor.expected(&format!("one of {}", CLUSTER_WORDS.join(" or "))))
}

/// Reads `WITH (…)` if it is there.
pub(super) fn with(cursor: &mut Cursor<'_>, known: Known) -> Result<Vec<WithOption>, SyntaxError> {
    if cursor.peek_is("WITH") && cursor.nth_is_lexeme(1, &Lexeme::LParen) {
        cursor.advance();
        return parenthesised(cursor, known);
    }
    Ok(Vec::new())
}

/// Reads `(…)`.
pub(super) fn parenthesised(cursor: &mut Cursor<'_>, known: Known) -> Result<Vec<WithOption>, SyntaxError> {
    option_names::in_parentheses(cursor, known)?;
    cursor.in_parentheses(option)
}

/// Reads `(…)` if it is there.
pub(super) fn maybe_parenthesised(
    cursor: &mut Cursor<'_>,
    known: Known,
) -> Result<Vec<WithOption>, SyntaxError> {
    if cursor.peek_is_lexeme(&Lexeme::LParen) { parenthesised(cursor, known) } else { Ok(Vec::new()) }
}

/// Reads all of a list that has lost its parentheses.
pub(in crate::sql) fn all(cursor: &mut Cursor<'_>) -> Result<Vec<WithOption>, SyntaxError> {
    let options = cursor.list(option)?;
    cursor.end()?;
    Ok(options)
}

/// Reads one option.
fn option(cursor: &mut Cursor<'_>) -> Result<WithOption, SyntaxError> {
    let start = cursor.start();
    if !cursor.peek_is_word() {
        return Err(cursor.expected("option name"));
    }
    let name = name(cursor);
    let equals = cursor.lexeme(&Lexeme::Eq);
    // Source: `parse_retain_history` of the server's parser, with the equals sign and without.
    if name == "RETAIN HISTORY" {
        cursor.expect("FOR")?;
    }
    let value = if ends_value(cursor) && !equals { None } else { Some(value(cursor, &name)?) };
    Ok(WithOption { name, value, span: Span::new(start, cursor.last_end()) })
}

/// Reads the words of a name: all of them before an equals sign, else those of a known name, else
/// one.
fn name(cursor: &mut Cursor<'_>) -> String {
    let mut count = 0;
    while cursor.nth(count).and_then(|token| token.word()).is_some() {
        count += 1;
    }
    if !cursor.nth_is_lexeme(count, &Lexeme::Eq) {
        if let Some(known) = LONG_NAMES.iter().find(|known| cursor.keywords(known)) {
            return (*known).to_owned();
        }
        count = 1;
    }
    let words: Vec<String> =
        (0..count).filter_map(|offset| cursor.nth(offset)?.word()).map(str::to_uppercase).collect();
    cursor.move_to(cursor.at() + count);
    words.join(" ")
}

/// Reads a value.
fn value(cursor: &mut Cursor<'_>, name: &str) -> Result<OptionValue, SyntaxError> {
    let Some(token) = cursor.peek() else { return Err(cursor.expected("option value")) };
    match &token.lexeme {
        Lexeme::String(_) if name == "BROKER" && cursor.nth_is(1, "USING") => {
            let start = cursor.start();
            skip_value(cursor);
            Ok(OptionValue::Raw(cursor.text_from(start)))
        }
        Lexeme::String(_) => Ok(OptionValue::String(cursor.string()?)),
        Lexeme::Number(digits) => {
            cursor.advance();
            Ok(OptionValue::Number(digits.to_string()))
        }
        Lexeme::Minus if cursor.nth(1).is_some_and(Token::is_number) => {
            let start = cursor.start();
            cursor.advance();
            cursor.advance();
            Ok(OptionValue::Number(cursor.text_from(start)))
        }
        Lexeme::LParen if name == "WAIT UNTIL READY" => {
            Ok(OptionValue::Nested(String::new(), parenthesised(cursor, ANY)?))
        }
        Lexeme::LParen if name == "REPLICAS" => Ok(OptionValue::List(cursor.in_parentheses(replica)?)),
        Lexeme::LParen | Lexeme::LBracket => list(cursor),
        Lexeme::Word(_) | Lexeme::Quoted(_) => word_value(cursor),
        _ => Err(cursor.expected("option value")),
    }
}

/// Reads `r1 (SIZE 'x', …)`.
fn replica(cursor: &mut Cursor<'_>) -> Result<OptionValue, SyntaxError> {
    let name = cursor.ident()?;
    let options = maybe_parenthesised(cursor, ANY)?;
    Ok(OptionValue::Nested(name.ident.as_str().to_owned(), options))
}

/// Reads a list of values, or takes it as it is written.
fn list(cursor: &mut Cursor<'_>) -> Result<OptionValue, SyntaxError> {
    let start = cursor.start();
    let Some(close) = cursor.closing() else {
        return Err(cursor.expected("right parenthesis"));
    };
    let mut inside = cursor.until(close);
    inside.advance();
    let values = if inside.is_done() { Ok(Vec::new()) } else { inside.list(|inside| value(inside, "")) };
    let whole = inside.is_done();
    cursor.move_to(close + 1);
    match values {
        Ok(values) if whole => Ok(OptionValue::List(values)),
        _ => Ok(OptionValue::Raw(cursor.text_from(start))),
    }
}

/// Reads a value that begins with a word.
fn word_value(cursor: &mut Cursor<'_>) -> Result<OptionValue, SyntaxError> {
    if cursor.peek_is("INTERVAL") && cursor.nth(1).is_some_and(|token| !token.is_word()) {
        let start = cursor.start();
        cursor.advance();
        let length = cursor.string()?;
        if ends_value(cursor) {
            return Ok(OptionValue::Interval(length));
        }
        // `INTERVAL '1' SECOND`
        skip_value(cursor);
        return Ok(OptionValue::Raw(cursor.text_from(start)));
    }
    if cursor.peek_is("SECRET") && cursor.nth(1).is_some_and(|token| token.is_word() || token.opens()) {
        cursor.advance();
        return Ok(OptionValue::Secret(cursor.name()?));
    }
    for (word, truth) in [("TRUE", true), ("FALSE", false)] {
        if cursor.keyword(word) {
            return Ok(OptionValue::Bool(truth));
        }
    }
    let start = cursor.start();
    let is_secret = cursor.peek().and_then(Token::word).is_some_and(|word| is_nearly(word, "SECRET"));
    let name = cursor.name()?;
    // Nothing but SECRET stands before a name: that one follows is told by who reads the list.
    if ends_value(cursor) || is_secret && cursor.peek_is_word() {
        return Ok(OptionValue::Name(name));
    }
    if cursor.nth_is_lexeme(1, &Lexeme::LParen) || cursor.peek_is_lexeme(&Lexeme::LParen) {
        if cursor.peek_is_word() {
            cursor.advance();
        }
        let words = cursor.text_from(start).to_uppercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let open = cursor.at();
        match parenthesised(cursor, ANY) {
            Ok(options) if ends_value(cursor) => return Ok(OptionValue::Nested(words.join(" "), options)),
            // An expression that begins with a call.
            Ok(_) => cursor.move_to(open),
            Err(error) if cursor.doubt() == Doubt::Mistake => return Err(error),
            // Whatever it is, the server knows it.
            Err(_) => cursor.move_to(open),
        }
    }
    skip_value(cursor);
    Ok(OptionValue::Raw(cursor.text_from(start)))
}

/// Tells whether a value has ended, or there is none.
fn ends_value(cursor: &Cursor<'_>) -> bool {
    cursor.is_done() || cursor.peek_is_lexeme(&Lexeme::Comma) || cursor.peek_is_lexeme(&Lexeme::RParen)
}

/// Moves to the comma or the closing parenthesis that ends a value.
pub(super) fn skip_value(cursor: &mut Cursor<'_>) {
    while let Some(token) = cursor.peek() {
        if token.opens() {
            let close = cursor.closing().unwrap_or(cursor.tokens().len());
            cursor.move_to(close + 1);
        } else if token.closes() || token.is_lexeme(&Lexeme::Comma) {
            return;
        } else {
            cursor.advance();
        }
    }
}

/// Reads options with or without parentheses around them.
pub(super) fn parenthesised_or_bare(cursor: &mut Cursor<'_>) -> Result<Vec<WithOption>, SyntaxError> {
    if cursor.peek_is_lexeme(&Lexeme::LParen) { parenthesised(cursor, ANY) } else { cursor.list(option) }
}
