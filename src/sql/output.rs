//! What the columns of a query are called, as far as it says so itself.

use sqlparser::ast as tree;

use super::query::Query;
use super::references::ident;
use crate::name::Ident;

/// The columns in their order, `None` for one whose name the server chooses; nothing where the query does not tell how
/// many there are.
pub fn columns(query: &Query) -> Option<Vec<Option<Ident>>> {
    let (tree, _) = query.tree()?;
    of_body(&tree.body)
}

fn of_body(body: &tree::SetExpr) -> Option<Vec<Option<Ident>>> {
    match body {
        tree::SetExpr::Select(select) => of_select(select),
        tree::SetExpr::Query(query) => of_body(&query.body),
        // Names are those of the left side.
        tree::SetExpr::SetOperation { left, right, .. } => {
            of_body(left).or_else(|| of_body(right).map(|columns| vec![None; columns.len()]))
        }
        tree::SetExpr::Values(values) => values.rows.first().map(|row| vec![None; row.content.len()]),
        _ => None,
    }
}

fn of_select(select: &tree::Select) -> Option<Vec<Option<Ident>>> {
    let mut columns = Vec::new();
    for item in &select.projection {
        match item {
            tree::SelectItem::Wildcard(_) => columns.extend(of_star(select)?),
            item => columns.push(of_item(item)?),
        }
    }
    Some(columns)
}

/// The columns of the only thing that is selected from, where that is a query.
fn of_star(select: &tree::Select) -> Option<Vec<Option<Ident>>> {
    let [table] = select.from.as_slice() else { return None };
    let tree::TableFactor::Derived { subquery, alias, .. } = &table.relation else { return None };
    if !table.joins.is_empty() {
        return None;
    }
    let mut columns = of_body(&subquery.body)?;
    let renamed = alias.iter().flat_map(|alias| &alias.columns);
    for (column, renamed) in columns.iter_mut().zip(renamed) {
        *column = ident(&renamed.name);
    }
    Some(columns)
}

fn of_item(item: &tree::SelectItem) -> Option<Option<Ident>> {
    match item {
        tree::SelectItem::ExprWithAlias { alias, .. } => Some(ident(alias)),
        tree::SelectItem::UnnamedExpr(tree::Expr::Identifier(name)) => Some(ident(name)),
        tree::SelectItem::UnnamedExpr(tree::Expr::CompoundIdentifier(parts)) => {
            Some(parts.last().and_then(ident))
        }
        tree::SelectItem::UnnamedExpr(_) => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::columns;
    use crate::sql::parse::query;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let query = query(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let told = columns(&query).map_or_else(
            || "unknown".to_owned(),
            |columns| {
                let names = columns.iter().map(|name| name.as_ref().map_or("?", |name| name.as_str()));
                names.collect::<Vec<_>>().join(" ")
            },
        );
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn columns_are_called_as_the_query_says() {
        check("SELECT a, t.B, \"C\", x AS y, 1, f(x), z::int FROM t", "a b C y ? ? ?");
        check("(SELECT a FROM t) UNION SELECT b FROM t", "a");
        check("WITH c AS (SELECT 1 AS x) SELECT x AS y FROM c", "y");
        check("SELECT a, * FROM t", "unknown");
        check("SELECT t.* FROM t", "unknown");
        check("VALUES (1, 2), (3, 4)", "? ?");
        check("SELECT *, c FROM (VALUES (1, 'a')) AS t (a) WHERE a > 0 ORDER BY 1", "a ? c");
        check("SELECT * FROM t UNION ALL SELECT 1 AS x", "?");
        check("SELECT * FROM (SELECT 1) a, (SELECT 2) b", "unknown");
        check("TABLE t", "unknown");
    }
}
