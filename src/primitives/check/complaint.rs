//! Diagnostics of a check: the server's words, and what could not be asked.

use super::facts::Facts;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::diagnostic::Label;
use crate::compiler::diagnostic::Phase;
use crate::compiler::diagnostic::Severity;
use crate::compiler::object::Object;
use crate::compiler::standalone::Statement;
use crate::db::error::Error as DbError;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::plan::step::Origin;
use crate::primitives::compile;
use crate::primitives::error::Finding;
use crate::primitives::rejection;
use crate::sql::span::Span;
use crate::sql::span::line_column;

/// A diagnostic with its places.
pub(super) type Complaint = (Diagnostic, Finding);

/// What the server says about a statement of an object.
pub(super) fn rejected(
    facts: &Facts<'_>,
    object: &Object,
    index: Option<&Ident>,
    statement: &Statement,
    error: &DbError,
) -> Complaint {
    let said = statement.told(error.message());
    let message = match index {
        Some(index) => format!("the keys of index `{index}`: {said}"),
        None => said.clone(),
    };
    let exact = error.position().and_then(|position| statement.place(position));
    let (owner, span) = match exact {
        Some(located) => {
            let owner = facts.object(&located.object).unwrap_or(object);
            (owner, located.span)
        }
        // The server gives no position for most of what it finds: the name that it quotes may stand
        // in the text.
        None => (object, guessed(facts, object, &statement.sql, &said)),
    };
    let mut complaint = about(facts, owner, Code::CheckRejected, span, message);
    complaint.1.sqlstate = error.sqlstate().map(str::to_owned);
    complaint.1.detail = error.detail().map(|text| statement.told(text));
    complaint.1.hint = error.hint().map(|text| statement.told(text));
    complaint
}

fn guessed(facts: &Facts<'_>, object: &Object, sent: &str, message: &str) -> Span {
    let start = facts.compiled.line_start(&object.file, object.line);
    let origin = Origin { object: object.name.clone(), file: object.file.clone(), start };
    let place = rejection::place(facts.compiled.text(&object.file), &origin, sent, None, message);
    Span::new(place.span.start, place.span.end)
}

/// A view that would have two columns of a name.
pub(super) fn column_twice(facts: &Facts<'_>, object: &Object, column: &str) -> Complaint {
    let message = format!("`{}` would have two columns `{column}`", object.name);
    about(facts, object, Code::CheckColumnTwice, opening(facts, object), message)
}

/// A relation whose columns nothing tells.
pub(super) fn unknown(facts: &Facts<'_>, object: &Object, name: &ObjectName, span: Span) -> Complaint {
    let message = format!("`{name}` is not in the target, and nothing else tells its columns");
    let complaint = about(facts, object, Code::CheckUnknownColumns, span, message);
    let help = if facts.project().object(name).is_some() {
        "create it with `mzflow apply`, or let `mzflow lock` write its columns where it exists".to_owned()
    } else if facts.project().settings.declared().any(|declared| facts.project().suffixed(declared) == *name)
    {
        "let `mzflow lock` write its columns in an environment that has it".to_owned()
    } else {
        format!(
            "add \"{}\" to `dependencies` of project.toml, and let `mzflow lock` write its columns in an \
             environment that has it",
            facts.project().unsuffixed(name)
        )
    };
    helped(complaint, help)
}

/// A type of the project that the target does not have.
pub(super) fn missing_type(facts: &Facts<'_>, object: &Object, name: &ObjectName) -> Complaint {
    let message = format!("`{name}` is a type that is not in the target, so what names it was not checked");
    let complaint = about(facts, object, Code::CheckUnknownColumns, opening(facts, object), message);
    helped(complaint, "create it with `mzflow apply`".to_owned())
}

/// An object that cannot be checked, because it has to be read to be rewritten.
pub(super) fn uncheckable(facts: &Facts<'_>, object: &Object) -> Complaint {
    let message = format!(
        "`{}` was not checked: only the server can read its query, and something it reads is not there yet",
        object.name
    );
    let complaint = about(facts, object, Code::CheckUncheckable, opening(facts, object), message);
    warning(complaint)
}

/// An object below one that was rejected.
pub(super) fn skipped(
    facts: &Facts<'_>,
    object: &Object,
    read: &ObjectName,
    culprit: &Object,
    span: Span,
) -> Complaint {
    let message = if culprit.name == *read {
        format!("`{}` was not checked: it reads `{read}`, which is wrong or unknown itself", object.name)
    } else {
        format!(
            "`{}` was not checked: it reads `{read}`, and below that `{}` is wrong or unknown",
            object.name, culprit.name
        )
    };
    let (mut diagnostic, _) = about(facts, object, Code::CheckSkipped, span, message);
    diagnostic.severity = Severity::Warning;
    let at = opening(facts, culprit);
    let (line, column) = line_column(facts.compiled.text(&culprit.file), at.start);
    let message = "this is what stops it".to_owned();
    diagnostic.labels.push(Label { file: culprit.file.clone(), span: at, line, column, message });
    told(facts, diagnostic)
}

/// An error at a place of an object's file.
fn about(facts: &Facts<'_>, object: &Object, code: Code, span: Span, message: String) -> Complaint {
    let diagnostic = at(facts.compiled.text(&object.file), &object.file, code, span, message);
    told(facts, diagnostic)
}

/// An error at a place of a file.
pub(super) fn at(text: &str, file: &str, code: Code, span: Span, message: String) -> Diagnostic {
    let (line, column) = line_column(text, span.start);
    Diagnostic {
        severity: Severity::Error,
        phase: Phase::Compile,
        code,
        message,
        file: file.to_owned(),
        span,
        line,
        column,
        help: None,
        labels: Vec::new(),
    }
}

fn told(facts: &Facts<'_>, diagnostic: Diagnostic) -> Complaint {
    (diagnostic.clone(), compile::finding(diagnostic, facts.compiled))
}

fn helped((mut diagnostic, mut finding): Complaint, help: String) -> Complaint {
    finding.help = Some(help.clone());
    diagnostic.help = Some(help);
    (diagnostic, finding)
}

fn warning((mut diagnostic, mut finding): Complaint) -> Complaint {
    diagnostic.severity = Severity::Warning;
    finding.is_error = false;
    (diagnostic, finding)
}

/// The first line of an object's statement.
fn opening(facts: &Facts<'_>, object: &Object) -> Span {
    let text = facts.compiled.text(&object.file);
    let start = facts.compiled.line_start(&object.file, object.line);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    Span::new(start + indent, start + line.trim_end().len().max(indent))
}
