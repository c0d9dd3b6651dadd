//! A schema with a stable API holds materialized views only: nothing else can be replaced in place.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::name::ObjectKind;
use crate::name::SchemaName;

/// Reports everything else in a stable schema.
pub(in crate::compiler) fn check(schema: &SchemaName, drafts: &[Draft<'_>], found: &mut Vec<Diagnostic>) {
    for draft in drafts {
        if draft.kind != ObjectKind::MaterializedView {
            let message = format!(
                "schema `{schema}` has a stable API, so it can hold materialized views but no {}",
                draft.kind
            );
            found.push(draft.source.error(Code::UnstableObject, opening(draft.source, draft.main), message));
        }
    }
}
