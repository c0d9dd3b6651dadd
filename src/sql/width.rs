//! How many columns a query has, as far as its text alone tells.

use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SetExpr;
use sqlparser::ast::TableFactor;

/// Counts the columns of a query; `None` where that takes knowing a relation.
pub(super) fn of(query: &Query) -> Option<usize> {
    body(&query.body)
}

fn body(expr: &SetExpr) -> Option<usize> {
    match expr {
        SetExpr::Select(select) => self::select(select),
        SetExpr::Query(query) => of(query),
        SetExpr::SetOperation { left, right, .. } => body(left).or_else(|| body(right)),
        SetExpr::Values(values) => values.rows.first().map(|row| row.content.len()),
        SetExpr::Insert(_)
        | SetExpr::Update(_)
        | SetExpr::Delete(_)
        | SetExpr::Merge(_)
        | SetExpr::Table(_) => None,
    }
}

fn select(select: &Select) -> Option<usize> {
    let items = select.projection.iter().map(|item| match item {
        SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => Some(1),
        SelectItem::Wildcard(_) => star(select),
        SelectItem::ExprWithAliases { .. } | SelectItem::QualifiedWildcard(..) => None,
    });
    items.sum()
}

/// The columns of the only thing that is selected from, where that is a query.
fn star(select: &Select) -> Option<usize> {
    match select.from.as_slice() {
        [table] if table.joins.is_empty() => match &table.relation {
            TableFactor::Derived { subquery, .. } => of(subquery),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::query;

    #[track_caller]
    fn check(text: &str, width: Option<usize>) {
        let query = query(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.width(), width, "{text}");
    }

    #[test]
    fn columns_are_counted_where_the_text_tells() {
        check("VALUES (1, 2), (3, 4)", Some(2));
        check("(SELECT 1, 2 AS b, 3 c)", Some(3));
        check("SELECT * FROM (VALUES (1, 'a')) AS t (a, b) WHERE a > 0 ORDER BY 1", Some(2));
        check("SELECT *, 1 FROM (SELECT 1, 2)", Some(3));
        check("SELECT 1 UNION ALL SELECT * FROM mz_tables", Some(1));
        check("SELECT * FROM mz_tables UNION ALL SELECT 1", Some(1));
        check("WITH a AS (SELECT 1) SELECT * FROM a", None);
        check("SELECT t.* FROM (SELECT 1) AS t", None);
        check("SELECT * FROM (SELECT 1) a, (SELECT 2) b", None);
        check("TABLE mz_tables", None);
    }
}
