//! The columns of what a file creates, as far as the file alone tells them.

use super::draft::Draft;
use crate::name::Ident;
use crate::sql::ast::RawIdent;
use crate::sql::ast::StatementKind;
use crate::sql::output;
use crate::sql::parse;
use crate::sql::query::Query;

/// Tells whether something certainly has no column of that name.
pub(super) fn lacks(draft: &Draft<'_>, column: &Ident) -> bool {
    known(draft)
        .is_some_and(|columns| columns.iter().all(|one| one.as_ref().is_some_and(|one| one != column)))
}

/// Tells whether the file alone tells all columns.
pub(super) fn is_told(draft: &Draft<'_>) -> bool {
    known(draft).is_some_and(|columns| columns.iter().all(Option::is_some))
}

/// The columns in their order, `None` for one whose name the server chooses; nothing where more than the file decides
/// which there are.
fn known(draft: &Draft<'_>) -> Option<Vec<Option<Ident>>> {
    match &draft.main.kind {
        StatementKind::CreateTable(table) if table.feed.is_none() => {
            Some(table.columns.iter().map(|column| Some(column.name.ident.clone())).collect())
        }
        StatementKind::CreateView(view) => of_query(&view.columns, &view.query),
        StatementKind::CreateMaterializedView(view) => of_query(&view.columns, &view.query),
        _ => None,
    }
}

fn of_query(listed: &[RawIdent], query: &Query) -> Option<Vec<Option<Ident>>> {
    // Its tree was let go of; only few objects are asked, so it is read again.
    let mut columns = output::columns(&parse::query(query.text()).ok()?)?;
    for (column, name) in columns.iter_mut().zip(listed) {
        *column = Some(name.ident.clone());
    }
    Some(columns)
}
