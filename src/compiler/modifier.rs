//! Modifier files: what a project says about a whole database or schema.

use super::definition::DefaultPrivileges;
use super::definition::Modifiers;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::draft::opening;
use super::object::Comment;
use super::object::Grant;
use super::source::Source;
use crate::name::Ident;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::sql::ast::Noun;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::alter::CommentTarget;
use crate::sql::ast::privilege::AlterDefaultPrivileges;
use crate::sql::ast::privilege::GrantTarget;
use crate::sql::ast::run::SetVariable;
use crate::sql::span::Span;

/// What a modifier file is about.
pub(super) enum Target<'a> {
    /// A database, by its folder and its production name.
    Database(&'a Ident, &'a Ident),
    /// A schema, by the folder of its database and its production name.
    Schema(&'a Ident, &'a SchemaName),
}

impl Target<'_> {
    fn noun(&self) -> Noun {
        match self {
            Self::Database(..) => Noun::Database,
            Self::Schema(..) => Noun::Schema,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Database(..) => "database",
            Self::Schema(..) => "schema",
        }
    }

    /// Tells whether a name, as far as it is written, is the target's.
    fn is(&self, name: &RawName) -> bool {
        let database = |written: &Ident, folder: &Ident, own: &Ident| written == folder || written == own;
        match (self, name.parts.as_slice()) {
            (Self::Database(folder, own), [only]) => database(only, folder, own),
            (Self::Schema(_, own), [schema]) => *schema == own.schema,
            (Self::Schema(folder, own), [written, schema]) => {
                database(written, folder, &own.database) && *schema == own.schema
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(_, own) => write!(f, "{own}"),
            Self::Schema(_, own) => write!(f, "{own}"),
        }
    }
}

/// Reads a modifier file; tells also whether it makes a schema's API stable.
pub(super) fn read(source: &Source, target: &Target<'_>, found: &mut Vec<Diagnostic>) -> (Modifiers, bool) {
    let mut modifiers = Modifiers { file: source.path.to_owned(), ..Modifiers::default() };
    let mut stable = false;
    for statement in &source.statements {
        let line = source.line(statement.span);
        match &statement.kind {
            StatementKind::Comment(comment) => {
                if let CommentTarget::Named(noun, name) = &comment.on
                    && noun_is(source, statement, *noun, target, found)
                    && name_is(source, name, target, found)
                {
                    modifiers.comments.push(Comment { column: None, text: comment.text.clone(), line });
                } else if let CommentTarget::Column(..) = &comment.on {
                    found.push(unsupported(source, statement, target));
                }
            }
            StatementKind::Privileges(privileges) if privileges.grant => {
                if let Some(grant) = grant(source, statement, target, found) {
                    modifiers.grants.push(grant);
                }
            }
            StatementKind::AlterDefaultPrivileges(alter) => {
                if scope_is(source, statement, alter, target, found) {
                    modifiers.default_privileges.push(default_privileges(alter, line));
                }
            }
            StatementKind::Set(set) if is_api(set) && matches!(target, Target::Schema(..)) => {
                stable |= api(source, statement, set, found);
            }
            _ => found.push(unsupported(source, statement, target)),
        }
    }
    (modifiers, stable)
}

fn unsupported(source: &Source, statement: &Statement, target: &Target<'_>) -> Diagnostic {
    let message = format!("this statement has no place in the file of a {}", target.word());
    let help = match target {
        Target::Database(..) => "a database's file holds `COMMENT`, `GRANT` and `ALTER DEFAULT PRIVILEGES`",
        Target::Schema(..) => {
            "a schema's file holds `COMMENT`, `GRANT`, `ALTER DEFAULT PRIVILEGES` and `SET api = stable`"
        }
    };
    source.error(Code::UnsupportedStatement, opening(source, statement), message).with_help(help)
}

fn noun_is(
    source: &Source,
    statement: &Statement,
    noun: Noun,
    target: &Target<'_>,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let same = noun == target.noun();
    if !same {
        let message = format!("this is not about the {} `{target}`", target.word());
        found.push(source.error(Code::WrongKind, opening(source, statement), message));
    }
    same
}

fn name_is(source: &Source, name: &RawName, target: &Target<'_>, found: &mut Vec<Diagnostic>) -> bool {
    let same = target.is(name);
    if !same {
        let written = name.span.of(source.sql());
        let message =
            format!("this is about `{written}`, but the file is about the {} `{target}`", target.word());
        found.push(source.error(Code::WrongTarget, name.span, message));
    }
    same
}

fn grant(
    source: &Source,
    statement: &Statement,
    target: &Target<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Grant> {
    let StatementKind::Privileges(privileges) = &statement.kind else { return None };
    let GrantTarget::Names { noun, names, .. } = &privileges.on else {
        found.push(unsupported(source, statement, target));
        return None;
    };
    let right = noun_is(source, statement, *noun, target, found)
        && names.iter().all(|name| name_is(source, name, target, found));
    right.then(|| Grant {
        privileges: privileges.privileges.clone(),
        grantees: roles(&privileges.grantees),
        line: source.line(statement.span),
    })
}

/// Roles as the rest of the crate has them.
pub(super) fn roles(grantees: &[Option<RawIdent>]) -> Vec<Option<RoleName>> {
    grantees.iter().map(|role| role.as_ref().map(|role| RoleName(role.ident.clone()))).collect()
}

fn scope_is(
    source: &Source,
    statement: &Statement,
    alter: &AlterDefaultPrivileges,
    target: &Target<'_>,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let (own, other) = match target {
        Target::Database(..) => (&alter.databases, &alter.schemas),
        Target::Schema(..) => (&alter.schemas, &alter.databases),
    };
    let mut wrong = |span: Span| {
        let message = format!(
            "default privileges in this file have to be `IN {} {target}`",
            target.word().to_uppercase()
        );
        found.push(source.error(Code::DefaultPrivilegesScope, span, message));
    };
    if let Some(other) = other.first() {
        wrong(other.span);
        return false;
    }
    if own.is_empty() {
        wrong(opening(source, statement));
        return false;
    }
    match own.iter().find(|name| !target.is(name)) {
        Some(name) => {
            wrong(name.span);
            false
        }
        None => true,
    }
}

fn default_privileges(alter: &AlterDefaultPrivileges, line: usize) -> DefaultPrivileges {
    DefaultPrivileges {
        roles: alter.roles.iter().map(|role| RoleName(role.ident.clone())).collect(),
        all_roles: alter.all_roles,
        grant: alter.grant,
        privileges: alter.privileges.clone(),
        on: alter.on.clone(),
        grantees: roles(&alter.grantees),
        line,
    }
}

fn is_api(set: &SetVariable) -> bool {
    set.name.ident.as_str().eq_ignore_ascii_case("api")
}

/// Reads the value of `SET api`.
fn api(source: &Source, statement: &Statement, set: &SetVariable, found: &mut Vec<Diagnostic>) -> bool {
    let stable = match set.values.as_deref() {
        Some([only]) => only.eq_ignore_ascii_case("stable"),
        _ => false,
    };
    if !stable {
        let message = "`api` can only be set to `stable`";
        found.push(source.error(Code::InvalidApi, opening(source, statement), message));
    }
    stable
}
