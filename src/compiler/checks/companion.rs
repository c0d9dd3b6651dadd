//! Indexes, constraints, comments and grants are about their file's own object, and name its kind.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::compiler::object::grant_keyword;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::alter::Comment;
use crate::sql::ast::alter::CommentTarget;
use crate::sql::ast::privilege::GrantTarget;
use crate::sql::ast::privilege::Privileges;

/// Reports companions of another object, of another kind, or of more than one object.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    for companion in &draft.companions {
        match &companion.kind {
            StatementKind::CreateIndex(index) => target(draft, "index", &index.on, found),
            StatementKind::CreateConstraint(constraint) => target(draft, "constraint", &constraint.on, found),
            StatementKind::Comment(comment) => self::comment(draft, companion, comment, found),
            StatementKind::Privileges(privileges) => grant(draft, companion, privileges, found),
            // A unit test belongs to the file it stands in, whatever it says.
            _ => {}
        }
    }
}

/// Tells whether a name, as far as it is written, is the draft's.
pub(in crate::compiler) fn is_own(draft: &Draft<'_>, name: &RawName) -> bool {
    let mut parts = name.parts.iter().rev();
    parts.next() == Some(&draft.name.object)
        && parts.next().is_none_or(|schema| *schema == draft.name.schema)
        && parts.next().is_none_or(|database| *database == draft.folder || *database == draft.name.database)
        && parts.next().is_none()
}

fn target(draft: &Draft<'_>, what: &str, name: &RawName, found: &mut Vec<Diagnostic>) {
    if !is_own(draft, name) {
        let written = name.span.of(draft.source.sql());
        let message = format!("this {what} is on `{written}`, but the file is about `{}`", draft.name);
        let wrong = draft.source.error(Code::WrongTarget, name.span, message);
        found.push(match draft.kind {
            ObjectKind::Source => wrong.with_help(
                "a table that a source makes by itself has no file in which more could be said of it: write it as \
                 `CREATE TABLE … FROM SOURCE` in one of its own",
            ),
            _ => wrong,
        });
    }
}

fn comment(draft: &Draft<'_>, statement: &Statement, comment: &Comment, found: &mut Vec<Diagnostic>) {
    match &comment.on {
        CommentTarget::Column(relation, _) => target(draft, "comment", relation, found),
        CommentTarget::Named(noun @ Noun::Object(kind), name) if has_own_file(*kind) => {
            target(draft, "comment", name, found);
            kind_of(draft, statement, *noun, draft.kind.sql(), found);
        }
        CommentTarget::Named(..) => {
            let span = opening(draft.source, statement);
            let message = format!("only the {} and its columns can be commented on here", draft.kind);
            found.push(draft.source.error(Code::WrongKind, span, message));
        }
    }
}

fn grant(draft: &Draft<'_>, statement: &Statement, privileges: &Privileges, found: &mut Vec<Diagnostic>) {
    let span = opening(draft.source, statement);
    match &privileges.on {
        GrantTarget::Names { noun, names, .. } => {
            for name in names {
                target(draft, "grant", name, found);
            }
            kind_of(draft, statement, *noun, grant_keyword(draft.kind), found);
        }
        GrantTarget::AllIn { .. } => {
            let message = format!("this grants more than privileges on `{}`", draft.name);
            let help = "what covers a whole schema or database belongs in its modifier file";
            found.push(draft.source.error(Code::GrantTooWide, span, message).with_help(help));
        }
        GrantTarget::System => {
            let message = "system privileges cannot be granted in an object's file";
            found.push(draft.source.error(Code::GrantTooWide, span, message));
        }
    }
}

/// Reports the wrong keyword before the object's name.
fn kind_of(draft: &Draft<'_>, statement: &Statement, noun: Noun, keyword: &str, found: &mut Vec<Diagnostic>) {
    let written = match noun {
        Noun::Object(kind) => kind.sql(),
        Noun::Database => "DATABASE",
        Noun::Schema => "SCHEMA",
        Noun::Cluster | Noun::ClusterReplica => "CLUSTER",
        Noun::Role => "ROLE",
        Noun::NetworkPolicy => "NETWORK POLICY",
    };
    if written != keyword {
        let message =
            format!("`{}` is a {}: the keyword is `{keyword}`, not `{written}`", draft.name, draft.kind);
        found.push(draft.source.error(Code::WrongKind, opening(draft.source, statement), message));
    }
}

/// Tells whether things of a kind are what files are about.
fn has_own_file(kind: ObjectKind) -> bool {
    match kind {
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Source
        | ObjectKind::Sink
        | ObjectKind::Connection
        | ObjectKind::Secret
        | ObjectKind::Type => true,
        ObjectKind::Index | ObjectKind::Function => false,
    }
}
