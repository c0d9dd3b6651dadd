//! What the columns that come out of a SELECT are called, as far as its text tells.
//!
//! Where rows are grouped or ordered by a name alone, one of these may be meant. Start reading at [`Outputs`].

use std::cell::OnceCell;

use sqlparser::ast::Expr;
use sqlparser::ast::Function;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::Ident as TreeIdent;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SelectItemQualifiedWildcardKind;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;

use super::expr::without_parentheses;
use super::scope::own_name;
use crate::name::Ident;
use crate::sql::references::ident;
use crate::sql::references::idents;

/// What the server calls a column that nobody has named.
const UNNAMED: &str = "?column?";

/// The schema of functions that columns are not named after.
const NAMELESS: &str = "mz_internal";

/// What makes a row, and no function that a column is named after.
const ROW: &str = "row";

/// The columns that come out of a SELECT, which are looked at when somebody asks.
pub(super) struct Outputs<'s> {
    select: Option<&'s Select>,
    names: OnceCell<Names>,
}

/// What they are called, but for those that are columns of its relation.
#[derive(Default)]
struct Names {
    known: Vec<Ident>,
    /// Whether there are some of which that is not known.
    any: bool,
}

impl<'s> Outputs<'s> {
    /// Those of a SELECT; `None` where there is none.
    pub(super) fn of(select: Option<&'s Select>) -> Self {
        Self { select, names: OnceCell::new() }
    }

    /// Tells whether a column that comes out may be called so and be another than that of the relation.
    pub(super) fn may_have(&self, column: Option<&TreeIdent>) -> bool {
        self.select.is_some_and(|select| {
            let names = self.names.get_or_init(|| Names::of(select));
            column.and_then(ident).is_none_or(|column| names.may_have(&column))
        })
    }
}

impl Names {
    fn of(select: &Select) -> Self {
        let mut names = Self::default();
        for item in &select.projection {
            match item {
                SelectItem::ExprWithAlias { alias, .. } => names.add(ident(alias)),
                SelectItem::UnnamedExpr(expr) => names.unnamed(expr),
                SelectItem::Wildcard(_)
                | SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), _) => {}
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _)
                | SelectItem::ExprWithAliases { .. } => names.any = true,
            }
        }
        names
    }

    fn add(&mut self, name: Option<Ident>) {
        self.any |= name.is_none();
        self.known.extend(name);
    }

    fn add_own(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.add(Ident::new(*name).ok()));
    }

    /// Adds what the server may call an expression without an alias.
    ///
    /// Source: `invent_column_name` in the planner of the server.
    fn unnamed(&mut self, expr: &Expr) {
        let (mut expr, mut is_cast) = (without_parentheses(expr), false);
        while let Expr::Cast { expr: inner, .. } = expr {
            (expr, is_cast) = (without_parentheses(inner), true);
        }
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) if !is_cast => {}
            Expr::Identifier(column) => self.add(ident(column)),
            Expr::CompoundIdentifier(parts) => self.add(parts.last().and_then(ident)),
            Expr::Function(function) => self.function(function),
            Expr::Extract { .. } => self.add_own(&["extract"]),
            Expr::Position { .. } => self.add_own(&["position"]),
            Expr::Substring { .. } => self.add_own(&["substring"]),
            Expr::Trim { .. } => self.add_own(&["btrim", "ltrim", "rtrim"]),
            Expr::AtTimeZone { .. } => self.add_own(&["timezone"]),
            // To the server `-1::int` is the cast of a number, which is called like the type.
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } if matches!(**expr, Expr::Cast { .. }) => {
                self.any = true;
            }
            Expr::BinaryOp { .. } | Expr::UnaryOp { .. } if !is_cast => {}
            Expr::Value(value) if !is_cast && !matches!(value.value, Value::Boolean(_)) => {}
            _ => self.any = true,
        }
    }

    fn function(&mut self, function: &Function) {
        let schema = idents(&function.name).iter().rev().nth(1).and_then(|schema| ident(schema));
        let is_nameless = schema.is_some_and(|schema| schema.as_str() == NAMELESS);
        match (&function.args, own_name(&function.name)) {
            (FunctionArguments::List(_), Some(own)) if !is_nameless && own.as_str() != ROW => {
                self.add(Some(own));
            }
            _ => self.any = true,
        }
    }

    fn may_have(&self, column: &Ident) -> bool {
        self.any || column.as_str() == UNNAMED || self.known.contains(column)
    }
}
