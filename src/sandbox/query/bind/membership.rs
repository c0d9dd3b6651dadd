//! `IN`, `ANY`, `ALL`: of lists, arrays and queries; queries whose values are gathered.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Bound;
use super::OutColumn;
use super::Typed;
use super::expr::not;
use super::expr::sign;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::aggregate::Aggregate;
use crate::sandbox::query::aggregate::Fold;
use crate::sandbox::query::datum::Datum;
use crate::sandbox::query::function::array;
use crate::sandbox::query::kind;
use crate::sandbox::query::rel::Op;
use crate::sandbox::query::rel::Rel;
use crate::sandbox::query::scalar::Comparison;
use crate::sandbox::query::scalar::Eval;
use crate::sandbox::query::scalar::Question;
use crate::sandbox::query::scalar::Scalar;

impl Binder<'_> {
    /// `x IN (a, b)`
    pub(super) fn in_list(
        &mut self,
        expr: &tree::Expr,
        list: &[tree::Expr],
        negated: bool,
    ) -> Result<Typed, SqlError> {
        let value = self.expr(expr)?;
        if value.kind == Type::Text
            && let Some(texts) = texts(list)
        {
            let found = Typed::new(Scalar::Listed(Box::new(value.scalar), texts), Type::Bool, value.nullable);
            return Ok(if negated { not(found) } else { found });
        }
        let mut parts = Vec::new();
        let mut nullable = false;
        for item in list {
            let item = self.expr(item)?;
            let found = self.compare(Comparison::Eq, value.clone(), item)?;
            nullable |= found.nullable;
            parts.push(found.scalar);
        }
        let found = Typed::new(Scalar::Or(parts), Type::Bool, nullable);
        Ok(if negated { not(found) } else { found })
    }

    /// `x = ANY (query)`
    pub(super) fn any(
        &mut self,
        left: &tree::Expr,
        op: Comparison,
        query: &tree::Query,
    ) -> Result<Typed, SqlError> {
        let left = self.expr(left)?;
        let mut bound = self.query(query)?;
        if let Type::Record(fields) = &left.kind
            && fields.len() == bound.columns.len()
            && fields.len() > 1
        {
            bound = as_rows(bound);
        }
        let [column] = bound.columns.as_slice() else {
            let count = bound.columns.len();
            return Err(SqlError::internal(format!(
                "Expected subselect to return 1 column, got {count} columns"
            )));
        };
        let right_kind = if column.kind == Type::Unknown { Type::Text } else { column.kind.clone() };
        let nullable = left.nullable || column.nullable;
        let Some(of) = kind::common(&left.kind, &right_kind) else {
            return Err(self.no_operator(sign(op), &left.kind, &right_kind));
        };
        let left = self.coerce(left, &of)?;
        let rel = self.cast_columns(bound, std::slice::from_ref(&of))?;
        let scalar = Scalar::Subquery(Question::Any(Box::new(left.scalar), op), Box::new(rel));
        Ok(Typed::new(scalar, Type::Bool, nullable))
    }

    /// `x = ANY (…)`, `x > ALL (…)`
    pub(super) fn quantified(
        &mut self,
        left: &tree::Expr,
        op: &tree::BinaryOperator,
        right: &tree::Expr,
        all: bool,
    ) -> Result<Typed, SqlError> {
        let op = super::call::comparison(op)
            .ok_or_else(|| SqlError::unsupported("this operator with ANY or ALL"))?;
        let mut inner = right;
        while let tree::Expr::Nested(deeper) = inner {
            inner = deeper;
        }
        if let tree::Expr::Subquery(query) = inner {
            // All do if none does otherwise.
            return if all {
                Ok(not(self.any(left, op.negated(), query)?))
            } else {
                self.any(left, op, query)
            };
        }
        let (mut left, right) = (self.expr(left)?, self.expr(inner)?);
        if left.kind == Type::Unknown && right.kind == Type::Unknown {
            left = self.coerce(left, &Type::Text)?;
        }
        let right = match &left.kind {
            of if right.kind == Type::Unknown => self.coerce(right, &Type::Array(Box::new(of.clone())))?,
            _ => right,
        };
        let element = match &right.kind {
            Type::Array(element) | Type::List(element) => (**element).clone(),
            _ => return Err(SqlError::internal("op ANY/ALL (array) requires array on right side")),
        };
        let Some(of) = kind::common(&left.kind, &element) else {
            return Err(self.no_operator(sign(op), &left.kind, &element));
        };
        let wanted = match &right.kind {
            Type::List(_) => Type::List(Box::new(of.clone())),
            _ => Type::Array(Box::new(of.clone())),
        };
        let args = vec![self.coerce(left, &of)?.scalar, self.coerce(right, &wanted)?.scalar];
        let scalar = Scalar::Call { eval: quantifier(op, all), strict: false, args };
        Ok(Typed::new(scalar, Type::Bool, true))
    }

    /// `ARRAY(query)` and `LIST(query)`
    pub(super) fn collected(&mut self, name: &str, query: &tree::Query) -> Result<Typed, SqlError> {
        let Bound { rel, columns } = self.query(query)?;
        let [column] = columns.as_slice() else {
            let count = columns.len();
            let message = format!("Expected subselect to return 1 column, got {count} columns");
            return Err(SqlError::internal(message));
        };
        let element = if column.kind == Type::Unknown { Type::Text } else { column.kind.clone() };
        let (fold, kind, none) = match name {
            "array" if matches!(element, Type::Array(_)) => {
                return Err(SqlError::unsupported("ARRAY(query) of arrays"));
            }
            "array" => {
                (Fold::Array, Type::Array(Box::new(element.clone())), Datum::Array(Vec::new(), Vec::new()))
            }
            "list" => (Fold::List, Type::List(Box::new(element.clone())), Datum::List(Vec::new())),
            _ => return Err(SqlError::unsupported(format!("{name}(query)"))),
        };
        // The aggregate keeps the order that the query asks for.
        let ordered = |rel: &Rel| match &*rel.op {
            Op::Top { order, .. } => order.clone(),
            _ => Vec::new(),
        };
        let mut rel = rel;
        let mut value = Scalar::column(0);
        if let Op::Project(input, exprs) = &*rel.op
            && matches!(*input.op, Op::Top { .. })
            && let [only] = exprs.as_slice()
        {
            value = only.clone();
            rel = input.clone();
        }
        let order = ordered(&rel);
        let aggregate = Aggregate { order, ..Aggregate::of(fold, value, element, kind.clone()) };
        let rel = Rel::new(Op::Aggregate(rel, Vec::new(), vec![aggregate]), vec![kind.clone()]);
        let found = Scalar::Subquery(Question::Value, Box::new(rel));
        let scalar = Scalar::Coalesce(vec![found, Scalar::Literal(none)]);
        Ok(Typed::new(scalar, kind, false))
    }
}

/// A query whose rows are one value each.
fn as_rows(bound: Bound) -> Bound {
    let nullable = bound.columns.iter().any(|column| column.nullable);
    let plain = |of: &Type| if *of == Type::Unknown { Type::Text } else { of.clone() };
    let fields = bound.columns.iter().map(|column| (column.name.clone(), plain(&column.kind))).collect();
    let kind = Type::Record(fields);
    let args = (0..bound.columns.len()).map(Scalar::column).collect();
    let row = Scalar::Call { eval: array::make_row, strict: false, args };
    let column = OutColumn { name: "row".to_owned(), kind: kind.clone(), nullable };
    Bound { rel: bound.rel.project(vec![row], vec![kind]), columns: vec![column] }
}

fn quantifier(op: Comparison, all: bool) -> Eval {
    match (op, all) {
        (Comparison::Eq, false) => |_, a| Ok(array::quantified(Comparison::Eq, a, false)),
        (Comparison::Ne, false) => |_, a| Ok(array::quantified(Comparison::Ne, a, false)),
        (Comparison::Lt, false) => |_, a| Ok(array::quantified(Comparison::Lt, a, false)),
        (Comparison::Le, false) => |_, a| Ok(array::quantified(Comparison::Le, a, false)),
        (Comparison::Gt, false) => |_, a| Ok(array::quantified(Comparison::Gt, a, false)),
        (Comparison::Ge, false) => |_, a| Ok(array::quantified(Comparison::Ge, a, false)),
        (Comparison::Eq, true) => |_, a| Ok(array::quantified(Comparison::Eq, a, true)),
        (Comparison::Ne, true) => |_, a| Ok(array::quantified(Comparison::Ne, a, true)),
        (Comparison::Lt, true) => |_, a| Ok(array::quantified(Comparison::Lt, a, true)),
        (Comparison::Le, true) => |_, a| Ok(array::quantified(Comparison::Le, a, true)),
        (Comparison::Gt, true) => |_, a| Ok(array::quantified(Comparison::Gt, a, true)),
        (Comparison::Ge, true) => |_, a| Ok(array::quantified(Comparison::Ge, a, true)),
    }
}

/// The texts of a list that holds nothing else.
fn texts(list: &[tree::Expr]) -> Option<BTreeSet<Arc<str>>> {
    list.iter()
        .map(|item| match item {
            tree::Expr::Value(value) => match &value.value {
                tree::Value::SingleQuotedString(text) => Some(Arc::from(text.as_str())),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
