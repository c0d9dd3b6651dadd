//! What options are called, and which mistakes in such a name are certain.
//!
//! The server knows more of them with every version, so that a name which is not known here is left to it;
//! one that is nearly a known one is wrong. Start reading at [`in_parentheses`].
//!
//! Source: the server's parser, and the pages of the statements in its manual, v26.

use super::cursor::Cursor;
use super::options::skip_value;
use crate::sql::error::SyntaxError;
use crate::sql::keyword::is_nearly;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// The names of the options that may stand in a list; those that begin alike stand beside each other.
pub(super) type Known = &'static [&'static str];

/// Of these lists every name is left to who makes something of it.
pub(super) const ANY: Known = &[];

/// Behind `WITH` of a materialized view.
pub(super) const MATERIALIZED_VIEW: Known = &["ASSERT NOT NULL", "PARTITION BY", "RETAIN HISTORY", "REFRESH"];

/// Behind `WITH` of an index.
pub(super) const INDEX: Known = &["RETAIN HISTORY"];

/// Behind `WITH` of a table.
pub(super) const TABLE: Known = &["PARTITION BY", "RETAIN HISTORY"];

/// Behind `WITH` of a table that a source fills.
pub(super) const TABLE_FROM_SOURCE: Known =
    &["TEXT COLUMNS", "EXCLUDE COLUMNS", "IGNORE COLUMNS", "DETAILS", "PARTITION BY", "RETAIN HISTORY"];

/// Behind `WITH` of a source.
pub(super) const SOURCE: Known = &["TIMESTAMP INTERVAL", "RETAIN HISTORY"];

/// Behind a load generator.
pub(super) const LOAD_GENERATOR: Known = &[
    "AS OF",
    "UP TO",
    "SCALE FACTOR",
    "TICK INTERVAL",
    "MAX CARDINALITY",
    "KEYS",
    "SNAPSHOT ROUNDS",
    "TRANSACTIONAL SNAPSHOT",
    "VALUE SIZE",
    "SEED",
    "PARTITIONS",
    "BATCH SIZE",
];

/// Behind the connection of a source.
pub(super) fn of_source(system: &str) -> Known {
    match system {
        "KAFKA" => &[
            "GROUP ID PREFIX",
            "START OFFSET",
            "START TIMESTAMP",
            "TOPIC",
            "TOPIC METADATA REFRESH INTERVAL",
        ],
        "POSTGRES" => &["DETAILS", "PUBLICATION", "TEXT COLUMNS", "EXCLUDE COLUMNS"],
        "MYSQL" => &["DETAILS", "TEXT COLUMNS", "EXCLUDE COLUMNS", "IGNORE COLUMNS"],
        "SQL SERVER" => &["DETAILS", "TEXT COLUMNS", "EXCLUDE COLUMNS", "CAPTURE INSTANCE"],
        _ => ANY,
    }
}

/// Behind the connection of a sink.
pub(super) fn of_sink(system: &str) -> Known {
    match system {
        "KAFKA" => &[
            "COMPRESSION TYPE",
            "PARTITION BY",
            "PROGRESS GROUP ID PREFIX",
            "TOPIC",
            "TOPIC METADATA REFRESH INTERVAL",
            "TOPIC PARTITION COUNT",
            "TOPIC REPLICATION FACTOR",
            "TOPIC CONFIG",
            "LEGACY IDS",
            "TRANSACTIONAL ID PREFIX",
        ],
        "ICEBERG CATALOG" => &["NAMESPACE", "TABLE"],
        _ => ANY,
    }
}

/// Behind `WITH` of a sink.
pub(super) const SINK: Known = &["PARTITION STRATEGY", "SNAPSHOT", "VERSION", "COMMIT INTERVAL"];

/// What a connection leads to, and how.
pub(super) const CONNECTION: Known = &[
    "ACCESS KEY ID",
    "ASSUME ROLE ARN",
    "ASSUME ROLE SESSION NAME",
    "AVAILABILITY ZONES",
    "AWS CONNECTION",
    "AWS PRIVATELINK",
    "BROKER",
    "BROKERS",
    "CATALOG TYPE",
    "CREDENTIAL",
    "DATABASE",
    "ENDPOINT",
    "HOST",
    "PASSWORD",
    "PORT",
    "PUBLIC KEY",
    "PROGRESS TOPIC",
    "REGION",
    "SASL MECHANISMS",
    "SASL PASSWORD",
    "SASL USERNAME",
    "SCOPE",
    "SECRET ACCESS KEY",
    "SECURITY PROTOCOL",
    "SERVICE NAME",
    "SESSION TOKEN",
    "SSH TUNNEL",
    "SSL CERTIFICATE",
    "SSL KEY",
    "SSL MODE",
    "URL",
    "USER",
    "USERNAME",
    "WAREHOUSE",
];

/// Behind `WITH` of a connection.
pub(super) const CONNECTION_WITH: Known = &["VALIDATE"];

/// Behind `OPTIONS` of a query.
pub(in crate::sql) const SELECT: Known = &[
    "EXPECTED GROUP SIZE",
    "AGGREGATE INPUT GROUP SIZE",
    "DISTINCT ON INPUT GROUP SIZE",
    "LIMIT INPUT GROUP SIZE",
];

/// Behind `WITH MUTUALLY RECURSIVE`.
pub(in crate::sql) const RECURSION: Known =
    &["RECURSION LIMIT", "RETURN AT RECURSION LIMIT", "ERROR AT RECURSION LIMIT"];

/// Fails where a list in parentheses comes next that holds a misspelt name.
pub(in crate::sql) fn in_parentheses(cursor: &Cursor<'_>, known: Known) -> Result<(), SyntaxError> {
    let mut list = cursor.until(cursor.tokens().len());
    if list.lexeme(&Lexeme::LParen) { bare(list, known) } else { Ok(()) }
}

/// Fails where the list that comes next, up to the end or a parenthesis, holds a misspelt name.
pub(super) fn bare(mut list: Cursor<'_>, known: Known) -> Result<(), SyntaxError> {
    loop {
        name(&mut list, known)?;
        skip_value(&mut list);
        if !list.lexeme(&Lexeme::Comma) {
            return Ok(());
        }
    }
}

/// Fails where a list behind a `WITH` that stands outside of all brackets holds a misspelt name.
pub(super) fn behind_with(mut rest: Cursor<'_>, known: Known) -> Result<(), SyntaxError> {
    loop {
        rest.move_to(rest.find_outside(&["WITH"]));
        if rest.is_done() {
            return Ok(());
        }
        rest.advance();
        in_parentheses(&rest, known)?;
    }
}

/// Fails where one of the words that come next is misspelt, which are those of a known name if they are
/// known at all, and of the longest one.
pub(super) fn words(mut list: Cursor<'_>, known: Known) -> Result<(), SyntaxError> {
    let mut rests = known.to_vec();
    while word(&mut list, &mut rests)? {}
    Ok(())
}

/// Reads the words of a known name, up to where one may end: a value may stand behind it. Fails at a
/// misspelt one.
fn name(list: &mut Cursor<'_>, known: Known) -> Result<(), SyntaxError> {
    let mut rests = known.to_vec();
    while !rests.contains(&"") && word(list, &mut rests)? {}
    Ok(())
}

/// Reads a word that some names go on with, and leaves what is still to come of those; tells whether there is
/// one. Fails at a word that nearly is what would come next.
fn word(list: &mut Cursor<'_>, rests: &mut Vec<&'static str>) -> Result<bool, SyntaxError> {
    let Some(word) = list.peek().and_then(Token::word) else { return Ok(false) };
    let splits = rests.iter().copied().map(|rest| rest.split_once(' ').unwrap_or((rest, "")));
    let next: Vec<(&'static str, &'static str)> = splits.collect();
    *rests = next.iter().filter(|(first, _)| list.peek_is(first)).map(|(_, rest)| *rest).collect();
    if !rests.is_empty() {
        list.advance();
        return Ok(true);
    }
    let meant = next.iter().map(|(first, _)| *first).find(|first| is_nearly(word, first));
    meant.map_or(Ok(false), |meant| Err(misspelt(list, &next, meant)))
}

/// Says of the word that comes next which ones may, and which is meant.
fn misspelt(list: &Cursor<'_>, next: &[(&'static str, &'static str)], meant: &'static str) -> SyntaxError {
    // Of a name that may end here nothing is expected.
    let mut words: Vec<&str> =
        next.iter().map(|(first, _)| *first).filter(|first| !first.is_empty()).collect();
    words.dedup();
    let what = match words.as_slice() {
        [only] => (*only).to_owned(),
        _ => format!("one of {}", words.join(" or ")),
    };
    SyntaxError { meant: Some(meant), ..list.expected(&what) }
}
