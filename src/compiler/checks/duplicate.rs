//! Every full name belongs to one thing; indexes share the names of their schema.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::main_name;
use crate::compiler::draft::opening;
use crate::name::ObjectName;
use crate::sql::span::Span;

/// Reports a name that a draft brings and that was taken, with the draft that has it.
pub(in crate::compiler) fn check(
    draft: &Draft<'_>,
    taken: &ObjectName,
    owner: Option<&Draft<'_>>,
    found: &mut Vec<Diagnostic>,
) {
    let span = main_name(&draft.main.kind).map_or(opening(draft.source, draft.main), |name| name.span);
    report(draft, span, taken, owner, found);
}

/// Reports one name that is taken.
pub(in crate::compiler) fn report(
    draft: &Draft<'_>,
    span: Span,
    name: &ObjectName,
    owner: Option<&Draft<'_>>,
    found: &mut Vec<Diagnostic>,
) {
    let message = format!("`{name}` exists twice");
    let mut diagnostic = draft.source.error(Code::DuplicateObject, span, message);
    if let Some(owner) = owner {
        let label = owner.source.label(opening(owner.source, owner.main), "the other one comes with this");
        diagnostic = diagnostic.with_label(label);
    }
    found.push(diagnostic);
}
