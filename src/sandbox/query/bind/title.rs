//! The names that columns get from their expressions.

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::folded;

impl Binder<'_> {
    /// The name a column gets from its expression, as the server finds it.
    pub(super) fn name_of(&self, expr: &tree::Expr) -> Option<String> {
        self.named(expr).map(|(name, _)| name)
    }

    /// The name of an expression, and whether it is a good one.
    fn named(&self, expr: &tree::Expr) -> Option<(String, bool)> {
        let good = |name: &str| Some((name.to_owned(), true));
        match expr {
            tree::Expr::Nested(inner) => self.named(inner),
            tree::Expr::Identifier(name) => Some((folded(name), true)),
            tree::Expr::CompoundIdentifier(parts) => parts.last().map(|name| (folded(name), true)),
            tree::Expr::Function(function) => {
                let last = function.name.0.last().and_then(|part| part.as_ident())?;
                Some((folded(last), true))
            }
            tree::Expr::Cast { expr, data_type, .. } => match self.named(expr) {
                Some((name, true)) => Some((name, true)),
                _ => {
                    let own = self.reading.data_type(data_type).and_then(|of| of.builtin())?;
                    Some((own, false))
                }
            },
            tree::Expr::Case { else_result, .. } => {
                match else_result.as_deref().and_then(|expr| self.named(expr)) {
                    Some((name, true)) => Some((name, true)),
                    _ => Some(("case".to_owned(), false)),
                }
            }
            tree::Expr::Array(_) => good("array"),
            tree::Expr::Prefixed { .. } => good("list"),
            tree::Expr::Map(_) => good("map"),
            tree::Expr::Tuple(_) => good("row"),
            tree::Expr::Exists { .. } => good("exists"),
            tree::Expr::Collate { expr, .. } => self.named(expr),
            tree::Expr::Extract { .. } => good("extract"),
            tree::Expr::Position { .. } => good("position"),
            tree::Expr::Substring { .. } => good("substring"),
            tree::Expr::Trim { trim_where, .. } => good(match trim_where {
                None | Some(tree::TrimWhereField::Both) => "btrim",
                Some(tree::TrimWhereField::Leading) => "ltrim",
                Some(tree::TrimWhereField::Trailing) => "rtrim",
            }),
            tree::Expr::AtTimeZone { .. } => good("timezone"),
            tree::Expr::Interval(_) => Some(("interval".to_owned(), false)),
            tree::Expr::Ceil { .. } => good("ceil"),
            tree::Expr::Floor { .. } => good("floor"),
            tree::Expr::CompoundFieldAccess { root, access_chain } => match access_chain.last() {
                Some(tree::AccessExpr::Dot(tree::Expr::Identifier(name))) => Some((folded(name), true)),
                _ => self.named(root),
            },
            tree::Expr::Subquery(query) => match &*query.body {
                tree::SetExpr::Select(select) => match select.projection.as_slice() {
                    [tree::SelectItem::ExprWithAlias { alias, .. }] => Some((folded(alias), true)),
                    [tree::SelectItem::UnnamedExpr(expr)] => self.named(expr),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}
