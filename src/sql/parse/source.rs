//! `CREATE` of sources, sinks and connections.

use super::create::column;
use super::create::if_not_exists;
use super::create::in_cluster;
use super::cursor::Cursor;
use super::cursor::closing;
use super::option_names;
use super::option_names::ANY;
use super::options;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::Feed;
use crate::sql::ast::create::FromSource;
use crate::sql::ast::source::CreateConnection;
use crate::sql::ast::source::CreateSink;
use crate::sql::ast::source::CreateSource;
use crate::sql::ast::source::External;
use crate::sql::ast::source::Subsources;
use crate::sql::ast::source::Webhook;
use crate::sql::error::SyntaxError;
use crate::sql::span::Span;
use crate::sql::token::Lexeme;

/// The load generators, as the server lists them in its error; `KEY` is `KEY VALUE`.
const GENERATORS: &[&str] = &["CLOCK", "COUNTER", "MARKETING", "AUCTION", "TPCH", "DATUMS", "KEY"];

/// The systems a source reads through a connection.
const SYSTEMS: &[&str] = &["KAFKA", "POSTGRES", "MYSQL", "SQL SERVER"];

/// What a sink writes into through a connection.
const SINKS: &[&str] = &["KAFKA", "ICEBERG CATALOG"];

/// Reads `SOURCE …`.
pub(super) fn source(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let if_not_exists = if_not_exists(cursor)?;
    let name = cursor.name()?;
    let columns = if cursor.peek_is_lexeme(&Lexeme::LParen) {
        let columns = cursor.in_parentheses(|cursor| column(cursor, &mut Vec::new()))?;
        columns.into_iter().flatten().collect()
    } else {
        Vec::new()
    };
    let cluster = in_cluster(cursor)?;
    cursor.expect("FROM")?;
    let external = external(cursor)?;
    let rest_start = cursor.at();
    let rest_byte = cursor.start();
    while !cursor.is_done() && !ends_rest(cursor) {
        let close = cursor.peek().filter(|token| token.opens()).and_then(|_| cursor.closing());
        cursor.move_to(close.unwrap_or(cursor.at()) + 1);
    }
    let rest = if cursor.at() == rest_start { String::new() } else { cursor.text_from(rest_byte) };
    let rest_names = names(cursor, rest_start)?;
    let subsources = subsources(cursor)?;
    let progress = if cursor.keywords("EXPOSE PROGRESS AS") { Some(cursor.name()?) } else { None };
    let options = options::with(cursor, option_names::SOURCE)?;
    Ok(StatementKind::CreateSource(CreateSource {
        if_not_exists,
        name,
        columns,
        cluster,
        external,
        rest,
        rest_names,
        subsources,
        progress,
        options,
    }))
}

/// Tells whether the clauses behind `FORMAT`, `INCLUDE` and `ENVELOPE` begin.
fn ends_rest(cursor: &Cursor<'_>) -> bool {
    let tables =
        cursor.peek_is("FOR") && ["ALL", "TABLES", "SCHEMAS"].iter().any(|word| cursor.nth_is(1, word));
    let options = cursor.peek_is("WITH") && cursor.nth_is_lexeme(1, &Lexeme::LParen);
    tables || options || cursor.peek_is("EXPOSE")
}

fn external(cursor: &mut Cursor<'_>) -> Result<External, SyntaxError> {
    if cursor.keyword("WEBHOOK") {
        return webhook(cursor).map(External::Webhook);
    }
    if cursor.keywords("LOAD GENERATOR") {
        let newer = cursor.may_be_newer_than(GENERATORS).then(|| cursor.words_to(None)).flatten();
        let known = if newer.is_some() { ANY } else { option_names::LOAD_GENERATOR };
        let mut generator = match newer {
            Some(newer) => newer,
            None => cursor.expect_one(GENERATORS)?.to_owned(),
        };
        if generator == "KEY" {
            cursor.expect("VALUE")?;
            generator.push_str(" VALUE");
        }
        return Ok(External::LoadGenerator(generator, options::maybe_parenthesised(cursor, known)?));
    }
    for system in SYSTEMS {
        if cursor.keywords(system) {
            cursor.expect("CONNECTION")?;
            let connection = cursor.name()?;
            let options = options::maybe_parenthesised(cursor, option_names::of_source(system))?;
            return Ok(External::Connection((*system).to_owned(), connection, options));
        }
    }
    if cursor.may_be_newer_than(SYSTEMS)
        && let Some(system) = cursor.words_to(Some("CONNECTION"))
    {
        cursor.expect("CONNECTION")?;
        let connection = cursor.name()?;
        return Ok(External::Connection(system, connection, options::maybe_parenthesised(cursor, ANY)?));
    }
    Err(cursor.expected("one of KAFKA or POSTGRES or MYSQL or SQL SERVER or LOAD GENERATOR or WEBHOOK"))
}

/// Reads what follows `FROM` in a table: a source, or a webhook where no columns are listed.
pub(super) fn feed(cursor: &mut Cursor<'_>, has_columns: bool) -> Result<Feed, SyntaxError> {
    if !has_columns && cursor.keyword("WEBHOOK") {
        return webhook(cursor).map(Feed::Webhook);
    }
    cursor.expect("SOURCE")?;
    let source = cursor.name()?;
    let reference = if cursor.lexeme(&Lexeme::LParen) {
        cursor.expect("REFERENCE")?;
        cursor.lexeme(&Lexeme::Eq);
        let reference = cursor.name()?;
        cursor.expect_lexeme(&Lexeme::RParen)?;
        Some(reference)
    } else {
        None
    };
    let first = cursor.at();
    option_names::behind_with(cursor.until(cursor.tokens().len()), option_names::TABLE_FROM_SOURCE)?;
    let rest = cursor.rest();
    let names = names(cursor, first)?;
    Ok(Feed::Source(FromSource { source, reference, rest, names }))
}

/// Reads what follows `WEBHOOK`.
fn webhook(cursor: &mut Cursor<'_>) -> Result<Webhook, SyntaxError> {
    let (from, start) = (cursor.at(), cursor.start());
    cursor.expect("BODY FORMAT")?;
    cursor.rest();
    Ok(Webhook { definition: cursor.text_from(start), secrets: checked(cursor, from)? })
}

/// The secrets that a webhook's `CHECK (WITH (…) …)` takes along, behind a token.
fn checked(cursor: &Cursor<'_>, from: usize) -> Result<Vec<RawName>, SyntaxError> {
    let mut scan = Cursor::new(cursor.text(), cursor.tokens());
    scan.move_to(from);
    while scan.at() < cursor.at() {
        if scan.keyword("CHECK") && scan.lexeme(&Lexeme::LParen) && scan.keyword("WITH") {
            let open = scan.at();
            let mut list = Cursor::new(cursor.text(), cursor.tokens());
            list.move_to(closing(cursor.tokens(), open).unwrap_or(open));
            return names(&list, open);
        }
        scan.advance();
    }
    Ok(Vec::new())
}

fn subsources(cursor: &mut Cursor<'_>) -> Result<Subsources, SyntaxError> {
    if !cursor.keyword("FOR") {
        return Ok(Subsources::None);
    }
    if cursor.keywords("ALL TABLES") {
        return Ok(Subsources::AllTables);
    }
    if cursor.keyword("SCHEMAS") {
        return Ok(Subsources::Schemas(cursor.in_parentheses(Cursor::ident)?));
    }
    cursor.expect("TABLES")?;
    let tables = cursor.in_parentheses(|cursor| {
        let upstream = cursor.name()?;
        let named = cursor.keyword("AS") || cursor.keyword("INTO");
        Ok((upstream, if named { Some(cursor.name()?) } else { None }))
    })?;
    Ok(Subsources::Tables(tables))
}

/// Reads `SINK …`.
pub(super) fn sink(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let if_not_exists = if_not_exists(cursor)?;
    let unnamed = cursor.peek_is("FROM") || (cursor.peek_is("IN") && cursor.nth_is(1, "CLUSTER"));
    let name = if unnamed { None } else { Some(cursor.name()?) };
    let cluster = in_cluster(cursor)?;
    cursor.expect("FROM")?;
    let from = cursor.name()?;
    let rest_number = cursor.at();
    let start = cursor.start();
    cursor.expect("INTO")?;
    let newer = cursor.may_be_newer_than(SINKS).then(|| cursor.words_to(Some("CONNECTION"))).flatten();
    let known = || SINKS.iter().find(|kind| cursor.keywords(kind)).map(|kind| (*kind).to_owned());
    let Some(into) = newer.or_else(known) else { return Err(cursor.expected("one of KAFKA or ICEBERG")) };
    if !cursor.peek_is("CONNECTION") {
        return Err(cursor.expected("CONNECTION"));
    }
    sink_options(cursor.until(cursor.tokens().len()), &into)?;
    let rest = cursor.rest();
    let rest = format!("{}{rest}", Span::new(start, cursor.last_end() - rest.len()).of(cursor.text()));
    let connections = names(cursor, rest_number)?;
    let documented = documented(cursor, rest_number, &from)?;
    let rest_span = Span::new(start, cursor.last_end());
    Ok(StatementKind::CreateSink(CreateSink {
        if_not_exists,
        name,
        cluster,
        from,
        into,
        connections,
        documented,
        rest,
        rest_span,
    }))
}

/// Fails where what follows the system that a sink writes into holds a misspelt name of an option.
fn sink_options(mut rest: Cursor<'_>, into: &str) -> Result<(), SyntaxError> {
    rest.expect("CONNECTION")?;
    if rest.name().is_ok() {
        option_names::in_parentheses(&rest, option_names::of_sink(into))?;
    }
    option_names::behind_with(rest, option_names::SINK)
}

/// Where the relation is named that a sink reads, in the documentation it writes into a schema.
fn documented(cursor: &Cursor<'_>, from: usize, read: &RawName) -> Result<Vec<RawName>, SyntaxError> {
    let mut scan = Cursor::new(cursor.text(), cursor.tokens());
    scan.move_to(from);
    let mut found = Vec::new();
    while scan.at() < cursor.at() {
        let of_column = scan.keywords("DOC ON COLUMN");
        if !of_column && !scan.keywords("DOC ON TYPE") {
            scan.advance();
            continue;
        }
        if !scan.peek_is_word() {
            continue;
        }
        let mut name = scan.name()?;
        if of_column {
            // The last part is the column; before it stands a dot.
            name.parts.pop();
            let last = scan.at().checked_sub(3).and_then(|at| cursor.tokens().get(at));
            name.span.end = last.map_or(name.span.end, |token| token.span.end);
        }
        // A type may be documented too, and is no relation.
        let same = name.parts.iter().rev().zip(read.parts.iter().rev()).all(|(a, b)| a == b);
        if same && !name.parts.is_empty() {
            found.push(name);
        }
    }
    Ok(found)
}

/// Reads `CONNECTION …`.
pub(super) fn connection(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let if_not_exists = if_not_exists(cursor)?;
    let name = cursor.name()?;
    // Source: the server's parser reads the options behind the older FOR without parentheses.
    let is_older = cursor.keyword("FOR");
    if !is_older {
        cursor.expect("TO")?;
    }
    option_names::words(cursor.until(cursor.tokens().len()), CONNECTORS)?;
    let known = CONNECTORS.iter().find(|known| is_older && cursor.keywords(known));
    let connector = known.map_or_else(|| words(cursor), |known| Ok((*known).to_owned()))?;
    let body = cursor.at();
    let values = if is_older && !cursor.peek_is_lexeme(&Lexeme::LParen) {
        options::before_with(cursor, option_names::CONNECTION)?
    } else {
        options::parenthesised(cursor, option_names::CONNECTION)?
    };
    let options = options::with(cursor, option_names::CONNECTION_WITH)?;
    let names = names(cursor, body)?;
    Ok(StatementKind::CreateConnection(CreateConnection {
        if_not_exists,
        name,
        connector,
        values,
        options,
        names,
    }))
}

/// Reads the words that say what a connection leads to.
fn words(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let mut words = Vec::new();
    while let Some(word) = cursor.peek().and_then(|token| token.word()) {
        words.push(word.to_uppercase());
        cursor.advance();
    }
    if words.is_empty() { Err(cursor.expected("connection type")) } else { Ok(words.join(" ")) }
}

/// What a connection leads to; the longer of two that begin alike comes first.
const CONNECTORS: &[&str] = &[
    "AWS PRIVATELINK",
    "AWS",
    "CONFLUENT SCHEMA REGISTRY",
    "ICEBERG CATALOG",
    "KAFKA",
    "MYSQL",
    "POSTGRES",
    "SQL SERVER",
    "SSH TUNNEL",
];

/// Words behind which the name of a secret or a connection stands.
const NAMED: &[&str] = &["CONNECTION", "SECRET", "SSH TUNNEL", "AWS PRIVATELINK"];

/// What may stand behind `USING`: a way to a broker, to the files of a sink, or to the schema of a format.
///
/// Source: `parse_kafka_broker` and `parse_avro_schema` of the server's parser, `CREATE SINK` in its manual.
const USED: &[&str] =
    &["AWS CONNECTION", "AWS PRIVATELINK", "CONFLUENT SCHEMA REGISTRY CONNECTION", "SCHEMA", "SSH TUNNEL"];

/// Finds the secrets and connections named between a token and the cursor.
///
/// # Errors
/// At a misspelt word before such a name, which would not be found, and at what is no name.
pub(super) fn names(cursor: &Cursor<'_>, from: usize) -> Result<Vec<RawName>, SyntaxError> {
    let mut scan = Cursor::new(cursor.text(), cursor.tokens());
    scan.move_to(from);
    let mut names = Vec::new();
    while scan.at() < cursor.at() {
        // An option, not the name of a secret.
        if scan.keywords("SECRET ACCESS KEY") {
            continue;
        }
        // What a webhook calls a secret, and the column that holds a message's headers, may be called
        // like either.
        if scan.keyword("AS") || scan.keyword("HEADERS") && scan.nth_is(1, "FORMAT") {
            scan.advance();
            continue;
        }
        if scan.keyword("USING") {
            option_names::words(scan.until(scan.tokens().len()), USED)?;
            continue;
        }
        if !NAMED.iter().any(|words| scan.keywords(words)) {
            scan.advance();
            continue;
        }
        scan.lexeme(&Lexeme::Eq);
        let name = scan.peek_is_word() && !scan.nth_is_lexeme(1, &Lexeme::Eq);
        if name || scan.peek_is_lexeme(&Lexeme::LBracket) {
            names.push(scan.name()?);
        }
    }
    Ok(names)
}
