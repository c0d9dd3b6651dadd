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

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::compiler::tests::compiled;
    use crate::compiler::tests::show_diagnostics;
    use crate::compiler::tests::with_raw;

    #[test]
    fn names_are_counted_where_the_query_tells_how_many_columns_there_are() {
        let project = with_raw(
            "
-- file: models/shop/core/many.sql
CREATE VIEW many (a, b) AS SELECT 1
-- file: models/shop/core/few.sql
CREATE VIEW few (a) AS SELECT 1, 2
-- file: models/shop/core/fit.sql
CREATE VIEW fit (a, b) AS SELECT 1, 2
-- file: models/shop/core/star.sql
CREATE VIEW star (a) AS SELECT * FROM raw.items
",
        );
        let (_, found) = compiled(&project, "");
        expect![[r#"
            warning[sql.view-columns] models/shop/core/few.sql:1:18 the query gives 2 columns, 1 name is listed
              help: name every column: servers since v26.36 take no fewer names than columns
            error[sql.view-columns] models/shop/core/many.sql:1:19 the query gives 1 column, 2 names are listed
        "#]]
        .assert_eq(&show_diagnostics(&found));
    }
}
