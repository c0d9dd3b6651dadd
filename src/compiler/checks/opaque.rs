//! Queries that only the server can read are let through, and said to be unchecked.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::source::sentence;

/// Warns of a query with syntax that only the server reads.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    let Some(opaque) = draft.opaque() else { return };
    let message = match &opaque.mistake {
        None => "this query cannot be checked here, the server will judge it".to_owned(),
        Some(mistake) => {
            format!("this query cannot be read here, the server will judge it: {}", sentence(mistake))
        }
    };
    let note = "what it reads is guessed from its words";
    let warning = draft.source.warning(Code::UncheckedQuery, opaque.at, message).with_note(note);
    found.push(match opaque.mistake {
        None => warning,
        Some(_) => warning.with_help("a mistake would be told only when the view is made: look again"),
    });
}
