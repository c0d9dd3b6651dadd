//! `CREATE` of what lives in the database itself.

use super::cursor::Cursor;
use super::cursor::closing;
use super::option_names;
use super::options;
use super::project;
use super::source;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::ColumnDef;
use crate::sql::ast::create::CreateCluster;
use crate::sql::ast::create::CreateClusterReplica;
use crate::sql::ast::create::CreateIndex;
use crate::sql::ast::create::CreateMaterializedView;
use crate::sql::ast::create::CreateNamed;
use crate::sql::ast::create::CreateNetworkPolicy;
use crate::sql::ast::create::CreateRole;
use crate::sql::ast::create::CreateSecret;
use crate::sql::ast::create::CreateTable;
use crate::sql::ast::create::CreateType;
use crate::sql::ast::create::CreateView;
use crate::sql::ast::create::SecretValue;
use crate::sql::data_type;
use crate::sql::error::SyntaxError;
use crate::sql::query;
use crate::sql::query::Doubt;
use crate::sql::token::Lexeme;

/// What the server says it knows to create.
const KINDS: &str = "DATABASE, SCHEMA, ROLE, TYPE, INDEX, PRIMARY KEY, UNIQUE CONSTRAINT, FOREIGN KEY, SINK, \
                     SOURCE, [TEMPORARY] TABLE, SECRET, [OR REPLACE] [TEMPORARY] VIEW, or [OR REPLACE] \
                     MATERIALIZED VIEW after CREATE";

/// Reads `CREATE …`.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("CREATE")?;
    let or_replace = cursor.keywords("OR REPLACE");
    let temporary = ["TEMP", "TEMPORARY"].iter().any(|word| cursor.peek_is(word));
    let next = cursor.nth(usize::from(temporary));
    let is = |word: &str| next.is_some_and(|token| token.is(word));
    if is("VIEW") || (is("TABLE") && !or_replace) {
        let view = is("VIEW");
        cursor.move_to(cursor.at() + usize::from(temporary) + 1);
        return if view { self::view(cursor, or_replace, temporary) } else { table(cursor, temporary) };
    }
    if temporary {
        cursor.advance();
        let kinds = if or_replace {
            "VIEW after CREATE OR REPLACE TEMPORARY"
        } else {
            "TABLE, or VIEW after CREATE TEMPORARY"
        };
        return Err(cursor.expected(kinds));
    }
    let replacement = cursor.peek_is("REPLACEMENT") && cursor.nth_is(1, "MATERIALIZED");
    if replacement {
        cursor.advance();
    }
    if cursor.keyword("MATERIALIZED") {
        cursor.expect("VIEW")?;
        return materialized_view(cursor, or_replace, replacement);
    }
    if or_replace {
        return Err(cursor.expected(REPLACEABLE));
    }
    other(cursor)
}

/// What the server says can be replaced.
const REPLACEABLE: &str = "[TEMPORARY] VIEW, or MATERIALIZED VIEW after CREATE OR REPLACE";

fn other(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    let word = cursor.peek().and_then(|token| token.word()).map(str::to_ascii_uppercase).unwrap_or_default();
    let kind = match word.as_str() {
        "DATABASE" => database,
        "SCHEMA" => schema,
        "CLUSTER" => cluster,
        "INDEX" | "DEFAULT" => index,
        "SOURCE" => source::source,
        "SINK" => source::sink,
        "CONNECTION" => source::connection,
        "SECRET" => secret,
        "TYPE" => create_type,
        "ROLE" => role,
        "NETWORK" => network_policy,
        "PRIMARY" | "UNIQUE" | "FOREIGN" => project::constraint,
        "USER" => {
            return Err(cursor.error(
                "CREATE USER is not supported, for more information consult the documentation at \
                 https://materialize.com/docs/sql/create-role/#details",
            ));
        }
        _ => return Err(cursor.expected(KINDS)),
    };
    kind(cursor)
}

/// Reads `IF NOT EXISTS` if it is there.
pub(super) fn if_not_exists(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    if cursor.peek_is("IF") && cursor.nth_is(1, "NOT") {
        cursor.expect("IF NOT EXISTS")?;
        return Ok(true);
    }
    Ok(false)
}

/// Reads `IN CLUSTER c` if it is there.
pub(super) fn in_cluster(cursor: &mut Cursor<'_>) -> Result<Option<RawIdent>, SyntaxError> {
    if cursor.keywords("IN CLUSTER") { cursor.cluster().map(Some) } else { Ok(None) }
}

/// Reads `(a, b)` if it is there.
pub(super) fn column_names(cursor: &mut Cursor<'_>) -> Result<Vec<RawIdent>, SyntaxError> {
    if cursor.peek_is_lexeme(&Lexeme::LParen) { cursor.in_parentheses(Cursor::ident) } else { Ok(Vec::new()) }
}

fn database(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let if_not_exists = if_not_exists(cursor)?;
    Ok(StatementKind::CreateDatabase(CreateNamed { if_not_exists, name: cursor.name()? }))
}

fn schema(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let if_not_exists = if_not_exists(cursor)?;
    Ok(StatementKind::CreateSchema(CreateNamed { if_not_exists, name: cursor.name()? }))
}

fn cluster(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    if cursor.keyword("REPLICA") {
        let cluster = cursor.ident()?;
        cursor.expect_lexeme(&Lexeme::Period)?;
        let replica = cursor.ident()?;
        let options = options::parenthesised_or_bare(cursor)?;
        return Ok(StatementKind::CreateClusterReplica(CreateClusterReplica { cluster, replica, options }));
    }
    // Source: recorded of v26.21: it takes `if` for the cluster's name. Newer servers know the words.
    if cursor.doubt() == Doubt::Server {
        if_not_exists(cursor)?;
    }
    let name = cursor.ident()?;
    let options = options::cluster_with_features(cursor)?;
    Ok(StatementKind::CreateCluster(CreateCluster { name, options }))
}

fn view(cursor: &mut Cursor<'_>, or_replace: bool, temporary: bool) -> Result<StatementKind, SyntaxError> {
    // Source: recorded: after OR REPLACE the server takes `if` for the view's name.
    let if_not_exists = !or_replace && if_not_exists(cursor)?;
    let name = cursor.name()?;
    let columns = column_names(cursor)?;
    cursor.expect("AS")?;
    let query = measured(query::of_view(cursor)?, &columns);
    if let Some(span) = query.as_of() {
        let message = "Expected end of statement, found AS";
        return Err(SyntaxError::new(message, span));
    }
    Ok(StatementKind::CreateView(CreateView { or_replace, temporary, if_not_exists, name, columns, query }))
}

fn materialized_view(
    cursor: &mut Cursor<'_>,
    or_replace: bool,
    replacement: bool,
) -> Result<StatementKind, SyntaxError> {
    let if_not_exists = !or_replace && if_not_exists(cursor)?;
    let name = cursor.name()?;
    let columns = column_names(cursor)?;
    let replaces = if cursor.keyword("FOR") { Some(cursor.name()?) } else { None };
    let mut cluster = in_cluster(cursor)?;
    let replica = if cursor.keywords("IN REPLICA") || (cluster.is_some() && cursor.keyword("REPLICA")) {
        Some(cursor.ident()?)
    } else {
        None
    };
    if cluster.is_none() {
        cluster = in_cluster(cursor)?;
    }
    let options = options::with(cursor, option_names::MATERIALIZED_VIEW)?;
    cursor.expect("AS")?;
    let (query, as_of) = query_as_of(cursor)?;
    let query = measured(query, &columns);
    Ok(StatementKind::CreateMaterializedView(CreateMaterializedView {
        or_replace,
        replacement,
        if_not_exists,
        name,
        columns,
        replaces,
        cluster,
        replica,
        options,
        query,
        as_of,
    }))
}

/// The query of a view; whether it gives as many columns as are listed is looked at later.
fn measured(mut query: query::Query, listed: &[RawIdent]) -> query::Query {
    if !listed.is_empty() {
        query.measure();
    }
    query
}

/// Reads a query and the `AS OF <number>` that the catalog puts behind it.
fn query_as_of(cursor: &mut Cursor<'_>) -> Result<(query::Query, Option<String>), SyntaxError> {
    let end = cursor.tokens().len();
    let time = match cursor.tokens() {
        [.., before, of, time] if before.is("AS") && of.is("OF") => match &time.lexeme {
            Lexeme::Number(digits) => Some(digits.to_string()),
            _ => None,
        },
        _ => None,
    };
    if time.is_none() {
        return Ok((query::of_view(cursor)?, None));
    }
    let mut body = cursor.until(end - AS_OF_TOKENS);
    let query = query::of_view(&mut body)?;
    cursor.move_to(end);
    Ok((query, time))
}

/// The tokens of `AS OF 1700000000000`.
const AS_OF_TOKENS: usize = 3;

fn index(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    let default = cursor.keyword("DEFAULT");
    cursor.expect("INDEX")?;
    let if_not_exists = if_not_exists(cursor)?;
    let unnamed = cursor.peek_is("ON") || (cursor.peek_is("IN") && cursor.nth_is(1, "CLUSTER"));
    let name = if unnamed { None } else { Some(cursor.ident()?) };
    let cluster = in_cluster(cursor)?;
    cursor.expect("ON")?;
    let on = cursor.name()?;
    if cursor.keyword("USING") {
        cursor.expect("ARRANGEMENT")?;
    }
    let outside = [(on.clone(), None)];
    let keys = if default { Vec::new() } else { cursor.in_parentheses(|cursor| key(cursor, &outside))? };
    let options = options::with(cursor, option_names::INDEX)?;
    Ok(StatementKind::CreateIndex(CreateIndex { default, if_not_exists, name, cluster, on, keys, options }))
}

/// Reads a key of an index.
///
/// Source: the server reads how a key is sorted and forgets it.
fn key(cursor: &mut Cursor<'_>, outside: &query::Outside) -> Result<query::Expr, SyntaxError> {
    let end = end_of_item(cursor, |_| false);
    query::expr_until(cursor, outside, end, |cursor| {
        let _ = cursor.keyword("ASC") || cursor.keyword("DESC");
        let _ = cursor.keywords("NULLS FIRST") || cursor.keywords("NULLS LAST");
        ends_item(cursor, "right parenthesis")
    })
}

/// Where an item of a list in parentheses ends: before a comma, the parenthesis or what `ends` tells.
fn end_of_item(cursor: &Cursor<'_>, ends: impl Fn(&Cursor<'_>) -> bool) -> usize {
    let mut end = cursor.until(cursor.tokens().len());
    while let Some(token) = end.peek() {
        if token.opens() {
            end.move_to(end.closing().map_or(end.tokens().len(), |close| close + 1));
        } else if token.closes() || token.is_lexeme(&Lexeme::Comma) || ends(&end) {
            break;
        } else {
            end.advance();
        }
    }
    cursor.at() + end.at()
}

/// Fails where an item of a list in parentheses goes on.
fn ends_item(cursor: &Cursor<'_>, otherwise: &str) -> Result<(), SyntaxError> {
    let ends = cursor.peek_is_lexeme(&Lexeme::Comma) || cursor.peek_is_lexeme(&Lexeme::RParen);
    if ends { Ok(()) } else { Err(cursor.expected(otherwise)) }
}

fn secret(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let if_not_exists = if_not_exists(cursor)?;
    let name = cursor.name()?;
    let value = secret_value(cursor)?;
    Ok(StatementKind::CreateSecret(CreateSecret { if_not_exists, name, value }))
}

/// Functions that are not the server's: where a secret's value comes from before it is sent.
const PROVIDERS: &[&str] = &["env_var", "aws_secret"];

/// Reads `AS expr`.
pub(super) fn secret_value(cursor: &mut Cursor<'_>) -> Result<SecretValue, SyntaxError> {
    cursor.expect("AS")?;
    let provider = cursor.peek().and_then(|token| token.word()).map(str::to_ascii_lowercase);
    let argument = match (cursor.nth(1), cursor.nth(2), cursor.nth(3)) {
        (Some(open), Some(argument), Some(close))
            if open.is_lexeme(&Lexeme::LParen)
                && close.is_lexeme(&Lexeme::RParen)
                && cursor.nth(4).is_none() =>
        {
            match &argument.lexeme {
                Lexeme::String(text) => Some(text.to_string()),
                _ => None,
            }
        }
        _ => None,
    };
    let misused = PROVIDERS.iter().find(|known| provider.as_deref() == Some(**known));
    let is_call = cursor.nth_is_lexeme(1, &Lexeme::LParen)
        && closing(cursor.tokens(), cursor.at() + 1).is_some_and(|close| close + 1 == cursor.tokens().len());
    match (provider.as_deref(), argument) {
        (Some("env_var"), Some(name)) => {
            cursor.rest();
            Ok(SecretValue::EnvVar(name))
        }
        (Some("aws_secret"), Some(id)) => {
            cursor.rest();
            Ok(SecretValue::AwsSecret(id))
        }
        _ if is_call && let Some(provider) = misused => {
            cursor.rest();
            Ok(SecretValue::Misused(provider))
        }
        _ => Ok(SecretValue::Expression(query::expr(cursor, &[])?.text().to_owned())),
    }
}

fn create_type(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let name = cursor.name()?;
    cursor.expect("AS")?;
    if !["LIST", "MAP"].iter().any(|word| cursor.peek_is(word)) && !cursor.peek_is_lexeme(&Lexeme::LParen) {
        return Err(cursor.expected("one of LIST or MAP or left parenthesis"));
    }
    let types = types_in(cursor.until(cursor.tokens().len()));
    let definition = cursor.rest();
    Ok(StatementKind::CreateType(CreateType { name, definition, types }))
}

/// What may be types of users in the definition of a type, as far as that can be read.
fn types_in(mut cursor: Cursor<'_>) -> Vec<RawName> {
    let mut found = Vec::new();
    // `(a int, …)`, or `LIST (ELEMENT TYPE = int, …)`.
    let is_record = cursor.peek_is_lexeme(&Lexeme::LParen);
    while !cursor.is_done() {
        let begins = if is_record {
            (cursor.lexeme(&Lexeme::LParen) || cursor.lexeme(&Lexeme::Comma)) && cursor.ident().is_ok()
        } else {
            let is_type = cursor.keyword("TYPE");
            cursor.lexeme(&Lexeme::Eq);
            is_type
        };
        match begins.then(|| data_type::read(&mut cursor)) {
            Some(Ok(data_type)) => data_type.add_users_to(&mut found),
            Some(Err(_)) | None => cursor.advance(),
        }
    }
    found
}

/// What a role may have; a password takes a value that is not kept.
const ROLE_ATTRIBUTES: &[&str] = &[
    "SUPERUSER",
    "NOSUPERUSER",
    "LOGIN",
    "NOLOGIN",
    "INHERIT",
    "NOINHERIT",
    "CREATECLUSTER",
    "NOCREATECLUSTER",
    "CREATEDB",
    "NOCREATEDB",
    "CREATEROLE",
    "NOCREATEROLE",
    "PASSWORD",
];

/// Reads the attributes of a role.
pub(super) fn role_attributes(cursor: &mut Cursor<'_>) -> Result<Vec<String>, SyntaxError> {
    let mut attributes = Vec::new();
    while !cursor.is_done() {
        if cursor.may_be_newer_than(ROLE_ATTRIBUTES) {
            attributes.extend(cursor.peek().and_then(|token| token.word()).map(str::to_uppercase));
            cursor.advance();
            continue;
        }
        let attribute = cursor.expect_one(ROLE_ATTRIBUTES)?;
        if attribute == "PASSWORD" && !cursor.keyword("NULL") {
            cursor.string()?;
        }
        attributes.push(attribute.to_owned());
    }
    Ok(attributes)
}

fn role(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.advance();
    let name = cursor.ident()?;
    cursor.keyword("WITH");
    Ok(StatementKind::CreateRole(CreateRole { name, attributes: role_attributes(cursor)? }))
}

fn network_policy(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("NETWORK POLICY")?;
    let name = cursor.ident()?;
    if !cursor.peek_is_lexeme(&Lexeme::LParen) {
        return Err(cursor.expected("left parenthesis"));
    }
    let definition = cursor.rest();
    Ok(StatementKind::CreateNetworkPolicy(CreateNetworkPolicy { name, definition }))
}

fn table(cursor: &mut Cursor<'_>, temporary: bool) -> Result<StatementKind, SyntaxError> {
    let if_not_exists = if_not_exists(cursor)?;
    let name = cursor.name()?;
    let mut table = CreateTable {
        temporary,
        if_not_exists,
        name,
        columns: Vec::new(),
        constraints: Vec::new(),
        feed: None,
        options: Vec::new(),
    };
    if cursor.peek_is_lexeme(&Lexeme::LParen) {
        let mut constraints = Vec::new();
        let columns = cursor.in_parentheses(|cursor| column(cursor, &mut constraints))?;
        table.columns = columns.into_iter().flatten().collect();
        table.constraints = constraints;
    } else if !cursor.peek_is("FROM") {
        return Err(cursor.expected("a list of columns in parentheses"));
    }
    if cursor.keyword("FROM") {
        table.feed = Some(source::feed(cursor, !table.columns.is_empty())?);
    } else {
        table.options = options::with(cursor, option_names::TABLE)?;
    }
    Ok(StatementKind::CreateTable(table))
}

/// Reads a column, or a constraint of the table, which leaves only its kind.
pub(super) fn column(
    cursor: &mut Cursor<'_>,
    constraints: &mut Vec<String>,
) -> Result<Option<ColumnDef>, SyntaxError> {
    let named = cursor.peek_is("CONSTRAINT");
    let kind = cursor.nth(if named { 2 } else { 0 });
    let opened = cursor.nth(if named { 3 } else { 1 });
    let is = |word: &str| kind.is_some_and(|token| token.is(word));
    let keyed = (is("PRIMARY") || is("FOREIGN")) && opened.is_some_and(|token| token.is("KEY"));
    let bare = (is("UNIQUE") || is("CHECK")) && opened.is_some_and(|token| token.is_lexeme(&Lexeme::LParen))
        || is("UNIQUE") && opened.is_some_and(|token| token.is("NULLS"));
    if named || keyed || bare {
        if named {
            cursor.advance();
            cursor.ident()?;
        }
        constraints.push(constraint_kind(cursor)?);
        skip_constraint(cursor);
        return Ok(None);
    }
    if !cursor.peek_is_word() {
        return Err(cursor.expected("column name or constraint definition"));
    }
    let name = cursor.ident()?;
    let (types, type_start) = (Vec::new(), cursor.start());
    let mut column = ColumnDef { name, data_type: None, types, type_start, not_null: false, default: None };
    if cursor.peek_is_lexeme(&Lexeme::Comma) || cursor.peek_is_lexeme(&Lexeme::RParen) {
        return Ok(Some(column));
    }
    let start = cursor.start();
    data_type::read(cursor)?.add_users_to(&mut column.types);
    column.data_type = Some(cursor.text_from(start));
    while !cursor.is_done()
        && !cursor.peek_is_lexeme(&Lexeme::Comma)
        && !cursor.peek_is_lexeme(&Lexeme::RParen)
    {
        if cursor.keyword("COLLATE") {
            cursor.name()?;
        } else if cursor.keywords("NOT NULL") {
            column.not_null = true;
        } else if cursor.keyword("DEFAULT") {
            let end = end_of_item(cursor, begins_option);
            column.default = Some(query::expr_until(cursor, &[], end, |cursor| {
                if begins_option(cursor) || cursor.is_done() {
                    Ok(())
                } else {
                    ends_item(cursor, "column option")
                }
            })?);
        } else if cursor.keywords("VERSION ADDED") {
            // Source: the catalog says of a column that was added later with which version it came.
            cursor.number()?;
        } else if !cursor.keyword("NULL") {
            if cursor.keyword("CONSTRAINT") {
                cursor.ident()?;
            }
            constraints.push(constraint_kind(cursor)?);
            if cursor.peek_is_lexeme(&Lexeme::LParen) || cursor.nth_is_lexeme(1, &Lexeme::LParen) {
                skip_constraint(cursor);
            }
        }
    }
    Ok(Some(column))
}

/// Tells whether something begins that may be said of a column behind its default.
fn begins_option(cursor: &Cursor<'_>) -> bool {
    let words =
        ["CHECK", "COLLATE", "CONSTRAINT", "DEFAULT", "FOREIGN", "NULL", "PRIMARY", "REFERENCES", "UNIQUE"];
    words.iter().any(|word| cursor.peek_is(word))
        || cursor.peek_is("VERSION") && cursor.nth_is(1, "ADDED")
        || cursor.peek_is("NOT") && cursor.nth_is(1, "NULL")
}

/// Reads the words that say which constraint it is.
fn constraint_kind(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let kinds = ["PRIMARY KEY", "FOREIGN KEY", "UNIQUE", "CHECK", "REFERENCES"];
    match kinds.iter().find(|kind| cursor.keywords(kind)) {
        Some(&"REFERENCES") => Ok("FOREIGN KEY".to_owned()),
        Some(kind) => Ok((*kind).to_owned()),
        None => Err(cursor.expected("column option")),
    }
}

/// Moves over the rest of a constraint.
fn skip_constraint(cursor: &mut Cursor<'_>) {
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
