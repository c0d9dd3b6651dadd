//! A schema holds either what is stored or what is computed: only the latter is staged and
//! swapped, and a schema is swapped as a whole.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::name::SchemaName;

/// Reports the first object of the rarer sort in a schema, if that is mixed.
pub(in crate::compiler) fn check(schema: &SchemaName, drafts: &[Draft<'_>], found: &mut Vec<Diagnostic>) {
    let (computed, stored): (Vec<&Draft<'_>>, Vec<&Draft<'_>>) =
        drafts.iter().partition(|draft| draft.kind.is_staged());
    let (rare, common) = if computed.len() <= stored.len() { (computed, stored) } else { (stored, computed) };
    let (Some(rare), Some(common)) = (rare.first(), common.first()) else { return };
    let message = format!(
        "schema `{schema}` holds the {} `{}` beside the {} `{}`",
        rare.kind, rare.name.object, common.kind, common.name.object
    );
    let label = common.source.label(opening(common.source, common.main), format!("a {}", common.kind));
    let help = "put views and materialized views into a schema of their own: it is swapped as a whole";
    let diagnostic = rare.source.error(Code::MixedSchema, opening(rare.source, rare.main), message);
    found.push(diagnostic.with_label(label).with_help(help));
}
