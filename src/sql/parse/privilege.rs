//! `GRANT`, `REVOKE` and `ALTER DEFAULT PRIVILEGES`.

use super::alter::maybe_noun;
use super::alter::name;
use super::cursor::Cursor;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::RawIdent;
use crate::sql::ast::StatementKind;
use crate::sql::ast::privilege::AlterDefaultPrivileges;
use crate::sql::ast::privilege::GrantTarget;
use crate::sql::ast::privilege::Membership;
use crate::sql::ast::privilege::Privileges;
use crate::sql::error::SyntaxError;

/// Everything that can be granted on something.
const PRIVILEGES: &[&str] = &[
    "INSERT",
    "SELECT",
    "UPDATE",
    "DELETE",
    "USAGE",
    "CREATE",
    "CREATEROLE",
    "CREATEDB",
    "CREATECLUSTER",
    "CREATENETWORKPOLICY",
];

/// The plurals that privileges and default privileges are granted on.
const PLURALS: &[&str] = &[
    "TABLES",
    "VIEWS",
    "MATERIALIZED VIEWS",
    "SOURCES",
    "SINKS",
    "INDEXES",
    "TYPES",
    "ROLES",
    "CLUSTERS",
    "CLUSTER REPLICAS",
    "SECRETS",
    "CONNECTIONS",
    "DATABASES",
    "SCHEMAS",
    "FUNCTIONS",
    "NETWORK POLICIES",
];

/// Reads `GRANT …`.
pub(super) fn grant(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("GRANT")?;
    privileges_or_roles(cursor, true)
}

/// Reads `REVOKE …`.
pub(super) fn revoke(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("REVOKE")?;
    privileges_or_roles(cursor, false)
}

/// The word before the roles that get or lose something.
fn direction(grant: bool) -> &'static str {
    if grant { "TO" } else { "FROM" }
}

fn privileges_or_roles(cursor: &mut Cursor<'_>, grant: bool) -> Result<StatementKind, SyntaxError> {
    let Some(privileges) = privileges(cursor)? else {
        let roles = cursor.list(Cursor::ident)?;
        cursor.expect(direction(grant))?;
        let members = cursor.list(role)?;
        return Ok(StatementKind::Membership(Membership { grant, roles, members }));
    };
    cursor.expect("ON")?;
    let on = target(cursor)?;
    cursor.expect(direction(grant))?;
    let grantees = cursor.list(grantee)?;
    Ok(StatementKind::Privileges(Privileges { grant, privileges, on, grantees }))
}

/// Reads a list of privileges; `None` when roles stand there instead.
fn privileges(cursor: &mut Cursor<'_>) -> Result<Option<Vec<String>>, SyntaxError> {
    if cursor.keyword("ALL") {
        cursor.keyword("PRIVILEGES");
        return Ok(Some(vec!["ALL".to_owned()]));
    }
    let followed = |cursor: &Cursor<'_>| {
        cursor.nth_is(1, "ON")
            || cursor.nth(1).is_some_and(|token| token.is_lexeme(&crate::sql::token::Lexeme::Comma))
    };
    if !PRIVILEGES.iter().any(|word| cursor.peek_is(word)) || !followed(cursor) {
        return Ok(None);
    }
    let privileges = cursor.list(|cursor| cursor.expect_one(PRIVILEGES).map(str::to_owned))?;
    Ok(Some(privileges))
}

fn target(cursor: &mut Cursor<'_>) -> Result<GrantTarget, SyntaxError> {
    if cursor.keyword("SYSTEM") {
        return Ok(GrantTarget::System);
    }
    if cursor.keyword("ALL") {
        let plural = plural(cursor)?;
        if !cursor.keyword("IN") {
            return Ok(GrantTarget::AllIn { plural, container: None, names: Vec::new() });
        }
        let container = match cursor.expect_one(&["SCHEMA", "DATABASE"])? {
            "SCHEMA" => Noun::Schema,
            _ => Noun::Database,
        };
        let names = cursor.list(Cursor::name)?;
        return Ok(GrantTarget::AllIn { plural, container: Some(container), names });
    }
    let at = cursor.at();
    let mut written = maybe_noun(cursor);
    if written.is_some() && !cursor.peek_is_word() {
        // A relation that is called like a kind of thing.
        cursor.move_to(at);
        written = None;
    }
    if let Some(Noun::Object(kind)) = written
        && matches!(kind, ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Source)
    {
        cursor.move_to(at);
        return Err(cursor.error(format!(
            "For object type {}, you must specify 'TABLE' or omit the object type",
            kind.sql()
        )));
    }
    let noun = written.unwrap_or(Noun::Object(ObjectKind::Table));
    let names = cursor.list(|cursor| name(cursor, noun))?;
    Ok(GrantTarget::Names { noun, explicit: written.is_some(), names })
}

fn plural(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    match PLURALS.iter().find(|plural| cursor.keywords(plural)) {
        Some(plural) => Ok((*plural).to_owned()),
        None => Err(cursor.expected(&format!("one of {}", PLURALS.join(" or ")))),
    }
}

/// Reads `PUBLIC`, which is `None`, or a role.
fn grantee(cursor: &mut Cursor<'_>) -> Result<Option<RawIdent>, SyntaxError> {
    if cursor.keyword("PUBLIC") { Ok(None) } else { role(cursor).map(Some) }
}

/// Reads a role, before which `GROUP` means nothing.
fn role(cursor: &mut Cursor<'_>) -> Result<RawIdent, SyntaxError> {
    if cursor.peek_is("GROUP") && cursor.nth(1).is_some_and(|token| token.is_word()) {
        cursor.advance();
    }
    cursor.ident()
}

/// Reads what follows `ALTER DEFAULT PRIVILEGES`.
pub(super) fn default(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    let mut all_roles = false;
    let mut roles = Vec::new();
    if cursor.keyword("FOR") {
        if cursor.keywords("ALL ROLES") {
            all_roles = true;
        } else {
            if !cursor.keyword("USER") {
                cursor.expect("ROLE")?;
            }
            roles = cursor.list(Cursor::ident)?;
        }
    }
    let mut schemas = Vec::new();
    let mut databases = Vec::new();
    if cursor.keyword("IN") {
        let names = if cursor.expect_one(&["SCHEMA", "DATABASE"])? == "SCHEMA" {
            &mut schemas
        } else {
            &mut databases
        };
        *names = cursor.list(Cursor::name)?;
    }
    let grant = cursor.expect_one(&["GRANT", "REVOKE"])? == "GRANT";
    let Some(privileges) = privileges(cursor)? else {
        return Err(cursor.expected(&format!("one of {}", PRIVILEGES.join(" or "))));
    };
    cursor.expect("ON")?;
    let on = plural(cursor)?;
    cursor.expect(direction(grant))?;
    let grantees = cursor.list(grantee)?;
    Ok(StatementKind::AlterDefaultPrivileges(AlterDefaultPrivileges {
        roles,
        all_roles,
        schemas,
        databases,
        grant,
        privileges,
        on,
        grantees,
    }))
}
