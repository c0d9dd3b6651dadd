//! Aggregates and window functions in expressions.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast as tree;
use datafusion::sql::sqlparser::ast::Visit;
use datafusion::sql::sqlparser::ast::Visitor;

use super::Binder;
use super::Clause;
use super::Typed;
use super::folded;
use super::query::order_key;
use crate::sandbox::error::SqlError;
use crate::sandbox::error::code;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::aggregate::Aggregate;
use crate::sandbox::query::aggregate::Fold;
use crate::sandbox::query::cast::Why;
use crate::sandbox::query::kind;
use crate::sandbox::query::rel::Order;
use crate::sandbox::query::scalar::Scalar;
use crate::sandbox::query::window::Bound as Edge;
use crate::sandbox::query::window::Pane;
use crate::sandbox::query::window::WindowCall;

/// The names of aggregates.
const NAMES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "bool_and",
    "bool_or",
    "every",
    "string_agg",
    "array_agg",
    "list_agg",
    "jsonb_agg",
    "jsonb_object_agg",
    "stddev",
    "stddev_samp",
    "stddev_pop",
    "variance",
    "var_samp",
    "var_pop",
];

/// Whether that is the name of an aggregate.
pub(super) fn is_one(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Whether an expression has an aggregate in it that is not in a subquery or a window function.
pub(super) fn is_in(expr: &tree::Expr) -> bool {
    // A chain of operators makes a tree as deep as it is long, too deep to go through by recursion.
    let mut chain = expr;
    while let tree::Expr::BinaryOp { left, right, .. } = chain {
        if is_below(right) {
            return true;
        }
        chain = left;
    }
    is_below(chain)
}

/// The same for an expression that is no chain.
fn is_below(expr: &tree::Expr) -> bool {
    struct Search {
        queries: usize,
    }
    impl Visitor for Search {
        type Break = ();

        fn pre_visit_query(&mut self, _: &tree::Query) -> ControlFlow<()> {
            self.queries += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &tree::Query) -> ControlFlow<()> {
            self.queries -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &tree::Expr) -> ControlFlow<()> {
            match expr {
                tree::Expr::Function(function) if self.queries == 0 && function.over.is_none() => {
                    let last = function.name.0.last().and_then(|part| part.as_ident()).map(folded);
                    if last.is_some_and(|name| is_one(&name)) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Search { queries: 0 }).is_break()
}

/// An aggregate's form: what it computes, the types it wants, the type it gives. `Unknown` wants
/// any type.
fn form(name: &str, given: &[Type]) -> Option<(Fold, Vec<Type>, Type)> {
    let spread = |sample, root| {
        let of = given.first()?;
        if !kind::is_number(of) && *of != Type::Unknown {
            return None;
        }
        let numeric = !matches!(of, Type::Float4 | Type::Float8);
        let result = if numeric { Type::Numeric(None) } else { Type::Float8 };
        Some((Fold::Spread { sample, root, numeric }, vec![result.clone()], result))
    };
    let numeric = Type::Numeric(None);
    let bare = given.first().map(kind::bare);
    Some(match (name, given.len(), bare) {
        ("count", 0, _) => (Fold::Count, Vec::new(), Type::Int8),
        ("count", 1, _) => (Fold::Count, vec![Type::Unknown], Type::Int8),
        ("sum", 1, Some(of)) => match of {
            Type::Int2 | Type::Int4 | Type::UInt2 => (Fold::SumInt, vec![Type::Int8], Type::Int8),
            Type::Int8 | Type::UInt4 | Type::UInt8 | Type::Numeric(_) => {
                (Fold::SumNumeric, vec![numeric.clone()], numeric)
            }
            Type::Float4 => (Fold::SumFloat, vec![Type::Float8], Type::Float4),
            Type::Float8 | Type::Unknown => (Fold::SumFloat, vec![Type::Float8], Type::Float8),
            Type::Interval => (Fold::SumInterval, vec![Type::Interval], Type::Interval),
            _ => return None,
        },
        ("avg", 1, Some(of)) => match of {
            Type::Float4 | Type::Float8 | Type::Unknown => (Fold::AvgFloat, vec![Type::Float8], Type::Float8),
            Type::Interval => (Fold::AvgInterval, vec![Type::Interval], Type::Interval),
            of if kind::is_number(&of) => (Fold::AvgNumeric, vec![numeric.clone()], numeric),
            _ => return None,
        },
        ("min" | "max", 1, Some(of)) => {
            let of = if of == Type::Unknown { Type::Text } else { of };
            let fold = if name == "min" { Fold::Min } else { Fold::Max };
            let ordered = !matches!(of, Type::Map(_) | Type::Jsonb | Type::Uuid | Type::Reg(_));
            if !ordered {
                return None;
            }
            (fold, vec![of.clone()], of)
        }
        ("bool_and" | "every", 1, Some(Type::Bool | Type::Unknown)) => {
            (Fold::All, vec![Type::Bool], Type::Bool)
        }
        ("bool_or", 1, Some(Type::Bool | Type::Unknown)) => (Fold::Any, vec![Type::Bool], Type::Bool),
        ("string_agg", 2, Some(of)) if of == Type::Unknown || kind::is_text(&of) => {
            (Fold::Text, vec![Type::Text, Type::Text], Type::Text)
        }
        ("array_agg", 1, Some(of)) if !matches!(of, Type::Array(_)) => {
            let of = if of == Type::Unknown { Type::Text } else { of };
            (Fold::Array, vec![of.clone()], Type::Array(Box::new(of)))
        }
        ("list_agg", 1, Some(of)) => {
            let of = if of == Type::Unknown { Type::Text } else { of };
            (Fold::List, vec![of.clone()], Type::List(Box::new(of)))
        }
        ("jsonb_agg", 1, _) => (Fold::JsonArray, vec![Type::Jsonb], Type::Jsonb),
        ("jsonb_object_agg", 2, _) => (Fold::JsonObject, vec![Type::Text, Type::Jsonb], Type::Jsonb),
        ("stddev" | "stddev_samp", 1, _) => return spread(true, true),
        ("stddev_pop", 1, _) => return spread(false, true),
        ("variance" | "var_samp", 1, _) => return spread(true, false),
        ("var_pop", 1, _) => return spread(false, false),
        _ => return None,
    })
}

/// What stands in the parentheses of an aggregate.
struct Inside {
    args: Vec<Typed>,
    order: Vec<Order>,
    distinct: bool,
    filter: Option<Scalar>,
}

impl Binder<'_> {
    /// Settles an aggregate.
    pub(super) fn aggregate(&mut self, name: &str, function: &tree::Function) -> Result<Typed, SqlError> {
        match self.frame().clause {
            Clause::Aggregate => {
                return Err(SqlError::internal("nested aggregate functions are not allowed"));
            }
            clause @ (Clause::Where | Clause::On | Clause::GroupBy | Clause::From) => {
                let clause = match clause {
                    Clause::Where => "WHERE clause",
                    Clause::On => "ON clause",
                    Clause::GroupBy => "GROUP BY clause",
                    _ => "FROM clause",
                };
                return Err(SqlError::internal(format!(
                    "{clause} error: aggregate functions are not allowed in {clause} (function pg_catalog.{name})"
                )));
            }
            Clause::Select => {}
        }
        // Arguments see the rows, not the groups.
        let keys = self.frame().keys.take();
        let whole = keys.as_ref().is_none_or(Vec::is_empty);
        self.frame().clause = Clause::Aggregate;
        let inside = self.inside(function);
        self.frame().clause = Clause::Select;
        self.frame().keys = keys;
        let inside = inside?;
        let (fold, args, result) = self.formed(name, inside.args)?;
        let nullable = fold != Fold::Count
            && (whole
                || inside.filter.is_some()
                || args.first().is_none_or(|arg| arg.nullable)
                || matches!(fold, Fold::Spread { .. }));
        let aggregate = Aggregate {
            fold,
            args: args.into_iter().map(|arg| (arg.scalar, arg.kind)).collect(),
            distinct: inside.distinct,
            order: inside.order,
            filter: inside.filter,
            kind: result.clone(),
        };
        let nullable = nullable && !matches!(fold, Fold::JsonArray | Fold::Array | Fold::List if !whole);
        let frame = self.frame();
        let known = frame.aggregates.iter().position(|own| format!("{own:?}") == format!("{aggregate:?}"));
        let at = known.unwrap_or_else(|| {
            frame.aggregates.push(aggregate);
            frame.aggregates.len() - 1
        });
        Ok(Typed::new(Scalar::Aggregate(at), result, nullable))
    }

    /// Makes arguments what an aggregate wants.
    fn formed(&mut self, name: &str, args: Vec<Typed>) -> Result<(Fold, Vec<Typed>, Type), SqlError> {
        let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
        let (fold, wanted, result) = form(name, &given).ok_or_else(|| self.no_such_form(name, &given))?;
        let mut made = Vec::with_capacity(args.len());
        for (arg, of) in args.into_iter().zip(&wanted) {
            made.push(match of {
                Type::Unknown if arg.kind == Type::Unknown => self.coerce(arg, &Type::Text)?,
                Type::Unknown => arg,
                Type::Jsonb => self.json(arg)?,
                of => self.coerce(arg, of)?,
            });
        }
        Ok((fold, made, result))
    }

    /// A value as a part of JSON.
    pub(super) fn json(&mut self, arg: Typed) -> Result<Typed, SqlError> {
        let arg = if arg.kind == Type::Unknown { self.coerce(arg, &Type::Text)? } else { arg };
        if arg.kind == Type::Jsonb && !arg.nullable {
            return Ok(arg);
        }
        let scalar = Scalar::Cast(Box::new(arg.scalar), arg.kind, Type::Jsonb, Why::Json);
        Ok(Typed::new(scalar, Type::Jsonb, false))
    }

    fn inside(&mut self, function: &tree::Function) -> Result<Inside, SqlError> {
        let mut inside = Inside { args: Vec::new(), order: Vec::new(), distinct: false, filter: None };
        if !function.within_group.is_empty() || function.null_treatment.is_some() {
            return Err(SqlError::unsupported("WITHIN GROUP and IGNORE NULLS"));
        }
        if let tree::FunctionArguments::List(list) = &function.args {
            let star = matches!(
                list.args.as_slice(),
                [tree::FunctionArg::Unnamed(
                    tree::FunctionArgExpr::Wildcard | tree::FunctionArgExpr::QualifiedWildcard(_)
                )]
            );
            if !star {
                inside.args = self.arguments(&list.args)?;
            }
            let last = function.name.0.last().and_then(|part| part.as_ident()).map(folded);
            if list.args.is_empty() && last.as_deref() == Some("count") {
                return Err(self.no_such_form("count", &[]));
            }
            inside.distinct = list.duplicate_treatment == Some(tree::DuplicateTreatment::Distinct);
            if star && inside.distinct {
                return Err(SqlError::new(code::SYNTAX, "DISTINCT * not supported as function args"));
            }
            for clause in &list.clauses {
                match clause {
                    tree::FunctionArgumentClause::OrderBy(keys) => inside.order = self.order(keys)?,
                    _ => return Err(SqlError::unsupported("this in the parentheses of an aggregate")),
                }
            }
        }
        if let Some(filter) = &function.filter {
            inside.filter = Some(self.condition(filter, "FILTER")?);
        }
        Ok(inside)
    }

    fn order(&mut self, keys: &[tree::OrderByExpr]) -> Result<Vec<Order>, SqlError> {
        let mut order = Vec::with_capacity(keys.len());
        for key in keys {
            let typed = self.expr(&key.expr)?;
            order.push(order_key(key, typed.scalar, typed.kind));
        }
        Ok(order)
    }

    /// Settles a window function.
    pub(super) fn window(
        &mut self,
        name: &str,
        function: &tree::Function,
        over: &tree::WindowType,
    ) -> Result<Typed, SqlError> {
        let tree::WindowType::WindowSpec(spec) = over else {
            return Err(SqlError::unsupported("named windows"));
        };
        if spec.window_name.is_some() {
            return Err(SqlError::unsupported("named windows"));
        }
        if self.frame().clause != Clause::Select {
            return Err(SqlError::internal(format!(
                "window functions are not allowed in this clause (function pg_catalog.{name})"
            )));
        }
        let inside = self.inside(function)?;
        if inside.distinct || !inside.order.is_empty() {
            return Err(SqlError::unsupported("DISTINCT and ORDER BY in a window function"));
        }
        let mut partition = Vec::new();
        for expr in &spec.partition_by {
            partition.push(self.expr(expr)?.scalar);
        }
        let order = self.order(&spec.order_by)?;
        let frame = frame(spec.window_frame.as_ref(), order.is_empty())?;
        let (pane, args, result, nullable) = self.pane(name, inside.args)?;
        let call = WindowCall {
            pane,
            args: args.into_iter().map(|arg| arg.scalar).collect(),
            filter: inside.filter,
            partition,
            order,
            frame,
            kind: result.clone(),
        };
        let own = self.frame();
        own.windows.push(call);
        let at = own.windows.len() - 1;
        Ok(Typed::new(Scalar::Window(at), result, nullable))
    }

    fn pane(&mut self, name: &str, mut args: Vec<Typed>) -> Result<(Pane, Vec<Typed>, Type, bool), SqlError> {
        let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
        let ranking = |pane| Ok((pane, Vec::new(), Type::Int8, false));
        match (name, args.len()) {
            ("row_number", 0) => ranking(Pane::RowNumber),
            ("rank", 0) => ranking(Pane::Rank),
            ("dense_rank", 0) => ranking(Pane::DenseRank),
            ("lag" | "lead" | "first_value" | "last_value", 1..=3) => {
                if given.first() == Some(&Type::Unknown) {
                    let first = args.remove(0);
                    args.insert(0, self.coerce(first, &Type::Text)?);
                }
                let of = args.first().map_or(Type::Text, |arg| arg.kind.clone());
                let mut made = Vec::new();
                for (at, arg) in args.into_iter().enumerate() {
                    made.push(match at {
                        0 => arg,
                        1 => self.coerce(arg, &Type::Int4)?,
                        _ => self.coerce(arg, &of)?,
                    });
                }
                let pane = match name {
                    "lag" => Pane::Lag,
                    "lead" => Pane::Lead,
                    "first_value" => Pane::First,
                    _ => Pane::Last,
                };
                Ok((pane, made, of, true))
            }
            _ if is_one(name) => {
                let (fold, args, result) = self.formed(name, args)?;
                Ok((Pane::Fold(fold), args, result, fold != Fold::Count))
            }
            ("ntile" | "percent_rank" | "cume_dist" | "nth_value", _) => {
                Err(SqlError::unsupported(format!("the window function {name}")))
            }
            _ => Err(self.no_such_form(name, &given)),
        }
    }
}

fn frame(written: Option<&tree::WindowFrame>, unordered: bool) -> Result<(Edge, Edge), SqlError> {
    let Some(frame) = written else {
        return Ok((Edge::Unbounded, if unordered { Edge::Unbounded } else { Edge::Peers }));
    };
    let rows = match frame.units {
        tree::WindowFrameUnits::Rows => true,
        tree::WindowFrameUnits::Range => false,
        tree::WindowFrameUnits::Groups => return Err(SqlError::unsupported("GROUPS in a window")),
    };
    let edge = |bound: &tree::WindowFrameBound| -> Result<Edge, SqlError> {
        let distance = |expr: &tree::Expr| match expr {
            tree::Expr::Value(value) => match &value.value {
                tree::Value::Number(digits, _) if rows => {
                    digits.parse::<i64>().map_err(|_| SqlError::unsupported("this window frame"))
                }
                _ => Err(SqlError::unsupported("this window frame")),
            },
            _ => Err(SqlError::unsupported("this window frame")),
        };
        Ok(match bound {
            tree::WindowFrameBound::CurrentRow if rows => Edge::Rows(0),
            tree::WindowFrameBound::CurrentRow => Edge::Peers,
            tree::WindowFrameBound::Preceding(None) | tree::WindowFrameBound::Following(None) => {
                Edge::Unbounded
            }
            tree::WindowFrameBound::Preceding(Some(by)) => Edge::Rows(-distance(by)?),
            tree::WindowFrameBound::Following(Some(by)) => Edge::Rows(distance(by)?),
        })
    };
    let end = match &frame.end_bound {
        Some(end) => edge(end)?,
        None => edge(&tree::WindowFrameBound::CurrentRow)?,
    };
    Ok((edge(&frame.start_bound)?, end))
}
