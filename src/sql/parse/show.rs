//! `SHOW …`.

use super::alter::name;
use super::alter::noun;
use super::cursor::Cursor;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Show;
use crate::sql::ast::run::ShowFilter;
use crate::sql::error::SyntaxError;
use crate::sql::query;

/// What is listed, longest first where two begin alike.
const THINGS: &[&str] = &[
    "CLUSTER REPLICAS",
    "CLUSTERS",
    "CONNECTIONS",
    "DATABASES",
    "DEFAULT PRIVILEGES",
    "MATERIALIZED VIEWS",
    "NETWORK POLICIES",
    "OBJECTS",
    "PRIVILEGES",
    "ROLE MEMBERSHIP",
    "ROLES",
    "SCHEMAS",
    "SECRETS",
    "SINKS",
    "SOURCES",
    "SUBSOURCES",
    "TABLES",
    "TYPES",
    "VIEWS",
];

/// Reads `SHOW …`.
pub(super) fn show(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let redacted = cursor.peek_is("REDACTED") && cursor.nth_is(1, "CREATE");
    if redacted {
        cursor.advance();
    }
    let show = if cursor.keyword("CREATE") {
        let noun = noun(cursor, "SHOW CREATE")?;
        Show::Create { redacted, noun, name: name(cursor, noun)? }
    } else if cursor.keyword("COLUMNS") {
        cursor.expect("FROM")?;
        let relation = cursor.name()?;
        Show::Columns(relation, filter(cursor)?)
    } else if ["INDEX", "INDEXES", "KEYS"].iter().any(|word| cursor.keyword(word)) {
        indexes(cursor)?
    } else if let Some(what) = THINGS.iter().find(|what| cursor.keywords(what)) {
        things(cursor, what)?
    } else {
        variable(cursor)?
    };
    Ok(StatementKind::Show(show))
}

fn indexes(cursor: &mut Cursor<'_>) -> Result<Show, SyntaxError> {
    let mut on = None;
    let mut from = None;
    let mut cluster = None;
    loop {
        if cursor.keyword("ON") {
            on = Some(cursor.name()?);
        } else if cursor.keyword("FROM") {
            from = Some(cursor.name()?);
        } else if cursor.keywords("IN CLUSTER") {
            cluster = Some(cursor.ident()?);
        } else {
            return Ok(Show::Indexes { on, from, cluster, filter: filter(cursor)? });
        }
    }
}

fn things(cursor: &mut Cursor<'_>, what: &str) -> Result<Show, SyntaxError> {
    let mut from = None;
    let mut cluster = None;
    let mut on = None;
    let mut role = None;
    loop {
        if cursor.keyword("FROM") {
            from = Some(cursor.name()?);
        } else if cursor.keywords("IN CLUSTER") {
            cluster = Some(cursor.ident()?);
        } else if cursor.keyword("ON") {
            let start = cursor.start();
            let kind = what.ends_with("PRIVILEGES");
            cursor.name()?;
            let text = cursor.text_from(start);
            on = Some(if kind { text.to_uppercase() } else { text });
        } else if cursor.keyword("FOR") {
            role = Some(cursor.ident()?);
        } else {
            return Ok(Show::Things {
                what: what.to_owned(),
                from,
                cluster,
                on,
                role,
                filter: filter(cursor)?,
            });
        }
    }
}

fn variable(cursor: &mut Cursor<'_>) -> Result<Show, SyntaxError> {
    if cursor.keywords("TIME ZONE") {
        return Ok(Show::Variable("timezone".to_owned()));
    }
    if cursor.keywords("TRANSACTION ISOLATION LEVEL") {
        return Ok(Show::Variable("transaction_isolation".to_owned()));
    }
    Ok(Show::Variable(cursor.ident()?.ident.as_str().to_lowercase()))
}

fn filter(cursor: &mut Cursor<'_>) -> Result<ShowFilter, SyntaxError> {
    if cursor.keyword("LIKE") {
        Ok(ShowFilter::Like(cursor.string()?))
    } else if cursor.keyword("WHERE") {
        Ok(ShowFilter::Where(query::expr(cursor, &[])?))
    } else {
        Ok(ShowFilter::None)
    }
}
