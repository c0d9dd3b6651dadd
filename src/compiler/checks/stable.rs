//! A schema with a stable API holds materialized views only: nothing else can be replaced in place.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::name::ObjectKind;
use crate::name::SchemaName;

/// Reports everything else in the stable schemas.
pub(in crate::compiler) fn check(
    drafts: &[Draft<'_>],
    is_stable: &dyn Fn(&SchemaName) -> bool,
    found: &mut Vec<Diagnostic>,
) {
    for draft in drafts {
        if draft.kind != ObjectKind::MaterializedView && is_stable(&draft.name.schema_name()) {
            let message = format!(
                "schema `{}` has a stable API, so it can hold materialized views but no {}",
                draft.name.schema_name(),
                draft.kind
            );
            found.push(draft.source.error(Code::UnstableObject, opening(draft.source, draft.main), message));
        }
    }
}
