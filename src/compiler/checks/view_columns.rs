//! A view lists as many column names as its query gives columns.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::sql::ast::StatementKind;

/// Reports names that are too many, and warns of columns that have none although others do.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    let (listed, query) = match &draft.main.kind {
        StatementKind::CreateView(view) => (&view.columns, &view.query),
        StatementKind::CreateMaterializedView(view) => (&view.columns, &view.query),
        _ => return,
    };
    let (Some(first), Some(last), Some(width)) = (listed.first(), listed.last(), query.width()) else {
        return;
    };
    if width == listed.len() {
        return;
    }
    let (names, span) = (listed.len(), first.span.to(last.span));
    let are = if names == 1 { "name is" } else { "names are" };
    let plural = if width == 1 { "" } else { "s" };
    let message = format!("the query gives {width} column{plural}, {names} {are} listed");
    // Source: the manual of v26.36: fewer names than columns are refused from there on.
    found.push(if width < names {
        draft.source.error(Code::ViewColumns, span, message)
    } else {
        let help = "name every column: servers since v26.36 take no fewer names than columns";
        draft.source.warning(Code::ViewColumns, span, message).with_help(help)
    });
}
