//! Profile variants of one object are of one kind, and views have none.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Candidate;
use crate::compiler::draft::opening;

/// Reports variants that differ in kind, whichever profile is active, and variants of views.
pub(in crate::compiler) fn check(candidates: &[Candidate<'_>], found: &mut Vec<Diagnostic>) {
    for candidate in candidates {
        let (Some(profile), Some((main, kind))) = (&candidate.profile, candidate.mains.first()) else {
            continue;
        };
        if kind.is_staged() {
            let message =
                format!("a {kind} cannot have a variant for a profile, and this one is for `{profile}`");
            let span = opening(candidate.source, main);
            found.push(candidate.source.error(Code::VariantNotAllowed, span, message));
        }
    }
    let mut made = candidates.iter().filter_map(|one| Some((one, one.mains.first()?)));
    let Some((first, (first_main, first_kind))) = made.next() else { return };
    for (candidate, (main, kind)) in made {
        if kind != first_kind {
            let message = format!("this variant is a {kind}, another one is a {first_kind}");
            let label = first.source.label(opening(first.source, first_main), format!("a {first_kind}"));
            let span = opening(candidate.source, main);
            found.push(candidate.source.error(Code::VariantKind, span, message).with_label(label));
        }
    }
}
