//! Only views and materialized views can be tested.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::sql::ast::StatementKind;

/// Warns of tests of anything else: they cannot be run, the project can be deployed.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    if draft.kind.is_staged() {
        return;
    }
    for companion in &draft.companions {
        if let StatementKind::UnitTest(_) = &companion.kind {
            let message = format!("a {} cannot be tested, only views can", draft.kind);
            let span = opening(draft.source, companion);
            found.push(draft.source.warning(Code::WrongKind, span, message));
        }
    }
}
