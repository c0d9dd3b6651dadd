//! What only the server can read is let through, and said to be unchecked.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::source::Source;
use crate::compiler::source::sentence;
use crate::sql::ast::StatementKind;
use crate::sql::opaque::Opaque;
use crate::sql::opaque::instead;

/// Warns of a query, of keys and of defaults with syntax that only the server reads.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    let source = draft.source;
    found.extend(draft.opaque().map(|opaque| query(source, opaque)));
    if let StatementKind::CreateTable(table) = &draft.main.kind {
        let defaults = table.columns.iter().filter_map(|column| column.default.as_ref()?.opaque());
        found.extend(defaults.map(|opaque| unread(source, opaque, "default", "the table is made")));
    }
    for companion in &draft.companions {
        if let StatementKind::CreateIndex(index) = &companion.kind {
            let keys = index.keys.iter().filter_map(|key| key.opaque());
            found.extend(keys.map(|opaque| unread(source, opaque, "key", "the index is made")));
        }
    }
}

/// The warning about the query of a view, which the server can be asked about.
fn query(source: &Source, opaque: &Opaque) -> Diagnostic {
    let warning = unread(source, opaque, "query", "the view is made");
    if instead(source.sql(), opaque.at).is_some() {
        return warning;
    }
    let asked = "`mzflow compile --check` asks the server now";
    warning.with_help(match opaque.mistake {
        None => asked.to_owned(),
        Some(_) => format!("{asked}; else a mistake would be told only when the view is made"),
    })
}

/// The warning about something that cannot be read; a mistake in it would be told `when`.
pub(in crate::compiler) fn unread(source: &Source, opaque: &Opaque, what: &str, when: &str) -> Diagnostic {
    let message = match &opaque.mistake {
        None => format!("this {what} cannot be checked here, the server will judge it"),
        Some(mistake) => {
            format!("this {what} cannot be read here, the server will judge it: {}", sentence(mistake))
        }
    };
    let note = "what it reads is guessed from its words";
    let mut warning = source.warning(Code::UncheckedQuery, opaque.at, message).with_note(note);
    let again = || format!("a mistake would be told only when {when}: look again");
    warning.help =
        instead(source.sql(), opaque.at).map(str::to_owned).or_else(|| opaque.mistake.is_some().then(again));
    warning
}
