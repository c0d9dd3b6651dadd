//! Queries that only the server can read are let through, and said to be unchecked.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::sql::ast::StatementKind;

/// Warns of a query with syntax that only the server reads.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    let query = match &draft.main.kind {
        StatementKind::CreateView(view) => &view.query,
        StatementKind::CreateMaterializedView(view) => &view.query,
        _ => return,
    };
    if let Some(span) = query.opaque() {
        let message = "this query cannot be checked here, the server will judge it";
        let note = "what it reads is guessed from its words";
        found.push(draft.source.warning(Code::UncheckedQuery, span, message).with_note(note));
    }
}
