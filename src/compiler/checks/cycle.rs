//! Objects do not read each other in a circle.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::name::ObjectName;
use crate::sql::span::Span;

/// One step of a circle: an object, and where it names the next one.
pub(in crate::compiler) struct Step<'a> {
    pub(in crate::compiler) draft: Draft<'a>,
    pub(in crate::compiler) reads: Span,
}

/// Reports a circle as a chain, with the place of each step.
pub(in crate::compiler) fn check(steps: &[Step<'_>], found: &mut Vec<Diagnostic>) {
    let Some(first) = steps.first() else { return };
    let names: Vec<&ObjectName> = steps.iter().map(|step| &step.draft.name).collect();
    let chain: Vec<String> = names.iter().chain(names.first()).map(ToString::to_string).collect();
    let message = match steps.len() {
        1 => format!("`{}` reads itself", first.draft.name),
        2 => format!("two objects read each other: {}", chain.join(" → ")),
        count => format!("{count} objects read each other: {}", chain.join(" → ")),
    };
    let mut diagnostic = first.draft.source.error(Code::Cycle, first.reads, message);
    for (step, next) in steps.iter().zip(names.iter().cycle().skip(1)) {
        let message = format!("`{}` reads `{next}`", step.draft.name);
        diagnostic = diagnostic.with_label(step.draft.source.label(step.reads, message));
    }
    found.push(diagnostic);
}
