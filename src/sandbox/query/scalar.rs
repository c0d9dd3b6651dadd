//! Expressions whose names and types are settled, and their evaluation row by row.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::error::SqlError;
use super::super::model::column::Type;
use super::super::scope::Scope;
use super::View;
use super::cast;
use super::cast::Why;
use super::datum::Datum;
use super::rel::Rel;

/// What expressions may ask for beside their row.
#[derive(Debug)]
pub(super) struct Context {
    /// The state and what goes on beside it.
    pub(super) view: View,
    /// Who asks, and when.
    pub(super) scope: Scope,
}

/// Computes a function's value.
pub(super) type Eval = fn(&Context, &[Datum]) -> Result<Datum, SqlError>;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Comparison {
    /// Whether it holds of an order.
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }

    /// The comparison that holds where this one does not.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

/// What a subquery is asked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// Its only value.
    Value,
    /// Whether it has rows.
    Exists,
    /// Whether a value compares so with any of its values.
    Any(Box<Scalar>, Comparison),
}

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    /// A column, `level` queries further out.
    Column {
        /// 0 is the query it stands in.
        level: usize,
        /// Its place.
        index: usize,
    },
    /// A value.
    Literal(Datum),
    /// A function. A strict one is NULL where an argument is.
    Call {
        /// What it does.
        eval: Eval,
        /// Whether NULL in means NULL out.
        strict: bool,
        /// Its arguments.
        args: Vec<Scalar>,
    },
    /// A cast.
    Cast(Box<Scalar>, Type, Type, Why),
    /// A comparison.
    Compare(Comparison, Box<Scalar>, Box<Scalar>),
    /// `IS NOT DISTINCT FROM`
    Same(Box<Scalar>, Box<Scalar>),
    /// Whether a text is one of these: `IN` over texts, which may be thousands.
    Listed(Box<Scalar>, BTreeSet<Arc<str>>),
    /// Whether a text begins with this: `LIKE 'u%'`.
    Begins(Box<Scalar>, Arc<str>),
    /// `IS NULL`
    IsNull(Box<Scalar>),
    /// `NOT`
    Not(Box<Scalar>),
    /// `AND`
    And(Vec<Scalar>),
    /// `OR`
    Or(Vec<Scalar>),
    /// `CASE`
    Case(Vec<(Scalar, Scalar)>, Box<Scalar>),
    /// `coalesce`
    Coalesce(Vec<Scalar>),
    /// A subquery.
    Subquery(Question, Box<Rel>),
    /// The value of an aggregate whose place is not settled yet.
    Aggregate(usize),
    /// The value of a window function whose place is not settled yet.
    Window(usize),
    /// A column of a set-returning function whose place is not settled yet.
    Series(usize),
}

impl Scalar {
    /// A column of the query itself.
    pub(super) fn column(index: usize) -> Self {
        Self::Column { level: 0, index }
    }

    /// A truth.
    pub(super) fn truth(value: bool) -> Self {
        Self::Literal(Datum::Bool(value))
    }

    /// `left = right`
    pub(super) fn equal(left: Self, right: Self) -> Self {
        Self::Compare(Comparison::Eq, Box::new(left), Box::new(right))
    }

    /// Both.
    pub(super) fn and(left: Self, right: Self) -> Self {
        let mut parts = Vec::new();
        for part in [left, right] {
            match part {
                Self::And(inner) => parts.extend(inner),
                Self::Literal(Datum::Bool(true)) => {}
                other => parts.push(other),
            }
        }
        match parts.len() {
            0 => Self::truth(true),
            1 => parts.pop().unwrap_or(Self::truth(true)),
            _ => Self::And(parts),
        }
    }

    /// What has to hold all together.
    pub(super) fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::And(parts) => parts.into_iter().flat_map(Self::conjuncts).collect(),
            Self::Literal(Datum::Bool(true)) => Vec::new(),
            other => vec![other],
        }
    }

    /// Whether two expressions say the same.
    pub(super) fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Column { level: a, index: b }, Self::Column { level: c, index: d }) => a == c && b == d,
            (Self::Column { .. }, _) | (_, Self::Column { .. }) => false,
            _ => format!("{self:?}") == format!("{other:?}"),
        }
    }

    /// The parts it is made of, subqueries left out.
    pub(super) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Column { .. }
            | Self::Literal(_)
            | Self::Aggregate(_)
            | Self::Window(_)
            | Self::Series(_) => Vec::new(),
            Self::Call { args, .. } => args.iter().collect(),
            Self::Cast(inner, ..)
            | Self::Listed(inner, _)
            | Self::Begins(inner, _)
            | Self::IsNull(inner)
            | Self::Not(inner) => {
                vec![inner]
            }
            Self::Compare(_, left, right) | Self::Same(left, right) => vec![left, right],
            Self::And(parts) | Self::Or(parts) | Self::Coalesce(parts) => parts.iter().collect(),
            Self::Case(branches, otherwise) => {
                let mut parts: Vec<&Self> = branches.iter().flat_map(|(when, then)| [when, then]).collect();
                parts.push(otherwise);
                parts
            }
            Self::Subquery(Question::Any(left, _), _) => vec![left],
            Self::Subquery(Question::Value | Question::Exists, _) => Vec::new(),
        }
    }

    /// The same for changing them.
    pub(super) fn parts_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Column { .. }
            | Self::Literal(_)
            | Self::Aggregate(_)
            | Self::Window(_)
            | Self::Series(_) => Vec::new(),
            Self::Call { args, .. } => args.iter_mut().collect(),
            Self::Cast(inner, ..)
            | Self::Listed(inner, _)
            | Self::Begins(inner, _)
            | Self::IsNull(inner)
            | Self::Not(inner) => {
                vec![inner]
            }
            Self::Compare(_, left, right) | Self::Same(left, right) => vec![left, right],
            Self::And(parts) | Self::Or(parts) | Self::Coalesce(parts) => parts.iter_mut().collect(),
            Self::Case(branches, otherwise) => {
                let mut parts: Vec<&mut Self> =
                    branches.iter_mut().flat_map(|(when, then)| [when, then]).collect();
                parts.push(otherwise);
                parts
            }
            Self::Subquery(Question::Any(left, _), _) => vec![left],
            Self::Subquery(Question::Value | Question::Exists, _) => Vec::new(),
        }
    }

    /// Calls back for every column, those of subqueries too, with its level as seen from here.
    pub(super) fn columns(&mut self, depth: usize, change: &mut dyn FnMut(&mut Self, usize)) {
        if matches!(self, Self::Column { .. }) {
            change(self, depth);
            return;
        }
        for part in self.parts_mut() {
            part.columns(depth, change);
        }
        if let Self::Subquery(_, rel) = self {
            rel.columns(depth + 1, change);
        }
    }

    /// Whether there is a subquery in it.
    pub(super) fn has_subquery(&self) -> bool {
        matches!(self, Self::Subquery(..)) || self.parts().into_iter().any(Self::has_subquery)
    }

    /// The columns of the query itself that it reads; it has no subqueries.
    pub(super) fn reads(&self, found: &mut Vec<usize>) {
        if let Self::Column { level: 0, index } = self
            && !found.contains(index)
        {
            found.push(*index);
        }
        for part in self.parts() {
            part.reads(found);
        }
    }

    /// The columns without which it cannot be true: NULL in one makes it NULL or false.
    pub(super) fn rejects(&self, found: &mut Vec<usize>) {
        match self {
            Self::Column { level: 0, index } => found.push(*index),
            Self::Call { strict: true, args, .. } => args.iter().for_each(|arg| arg.rejects(found)),
            Self::Cast(inner, ..) | Self::Listed(inner, _) | Self::Begins(inner, _) => inner.rejects(found),
            Self::Compare(_, left, right) => {
                left.rejects(found);
                right.rejects(found);
            }
            Self::Not(inner) => match &**inner {
                Self::IsNull(inner) => inner.rejects(found),
                other @ (Self::Compare(..) | Self::Column { .. } | Self::Call { strict: true, .. }) => {
                    other.rejects(found);
                }
                _ => {}
            },
            Self::And(parts) => parts.iter().for_each(|part| part.rejects(found)),
            Self::Or(parts) => {
                let mut sets = parts.iter().map(|part| {
                    let mut own = Vec::new();
                    part.rejects(&mut own);
                    own
                });
                let first = sets.next().unwrap_or_default();
                let rest: Vec<Vec<usize>> = sets.collect();
                found.extend(first.into_iter().filter(|column| rest.iter().all(|set| set.contains(column))));
            }
            _ => {}
        }
    }

    /// Its value for a row.
    ///
    /// # Errors
    /// What the server says of values that cannot be computed.
    pub(super) fn eval(&self, context: &Context, row: &[Datum]) -> Result<Datum, SqlError> {
        Ok(match self {
            Self::Column { level: 0, index } => row.get(*index).cloned().unwrap_or(Datum::Null),
            Self::Literal(value) => value.clone(),
            Self::Call { eval, strict, args, .. } => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    let value = arg.eval(context, row)?;
                    if *strict && value.is_null() {
                        return Ok(Datum::Null);
                    }
                    values.push(value);
                }
                eval(context, &values)?
            }
            Self::Cast(inner, from, to, why) => {
                cast::perform(context, inner.eval(context, row)?, from, to, *why)?
            }
            Self::Compare(op, left, right) => {
                let (left, right) = (left.eval(context, row)?, right.eval(context, row)?);
                compared(*op, &left, &right)
            }
            Self::Same(left, right) => {
                let (left, right) = (left.eval(context, row)?, right.eval(context, row)?);
                Datum::Bool(match (left.is_null(), right.is_null()) {
                    (true, true) => true,
                    (false, false) => left.compare(&right).is_eq(),
                    _ => false,
                })
            }
            Self::Listed(inner, texts) => match inner.eval(context, row)? {
                Datum::Text(text) => Datum::Bool(texts.contains(&text)),
                _ => Datum::Null,
            },
            Self::Begins(inner, start) => match inner.eval(context, row)? {
                Datum::Text(text) => Datum::Bool(text.starts_with(&**start)),
                _ => Datum::Null,
            },
            Self::IsNull(inner) => Datum::Bool(inner.eval(context, row)?.is_null()),
            Self::Not(inner) => match inner.eval(context, row)? {
                Datum::Bool(value) => Datum::Bool(!value),
                other => other,
            },
            Self::And(parts) => connect(context, row, parts, false)?,
            Self::Or(parts) => connect(context, row, parts, true)?,
            Self::Case(branches, otherwise) => {
                for (when, then) in branches {
                    if when.eval(context, row)?.is_true() {
                        return then.eval(context, row);
                    }
                }
                otherwise.eval(context, row)?
            }
            Self::Coalesce(parts) => {
                for part in parts {
                    let value = part.eval(context, row)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Datum::Null
            }
            Self::Column { .. }
            | Self::Subquery(..)
            | Self::Aggregate(_)
            | Self::Window(_)
            | Self::Series(_) => {
                return Err(SqlError::unsupported("a subquery in this place"));
            }
        })
    }
}

/// What a comparison says; of rows with NULL in them only what is certain.
fn compared(op: Comparison, left: &Datum, right: &Datum) -> Datum {
    match (left, right) {
        (Datum::Null, _) | (_, Datum::Null) => Datum::Null,
        (Datum::Record(a), Datum::Record(b)) => {
            for (x, y) in a.iter().zip(b) {
                match compared(Comparison::Eq, x, y) {
                    Datum::Bool(true) => {}
                    Datum::Bool(false) => return Datum::Bool(op.holds(x.compare(y))),
                    _ if matches!(op, Comparison::Eq | Comparison::Ne) => {
                        // A later difference decides all the same.
                        let differs = a.iter().zip(b).any(|(x, y)| compared(Comparison::Ne, x, y).is_true());
                        return if differs { Datum::Bool(op == Comparison::Ne) } else { Datum::Null };
                    }
                    _ => return Datum::Null,
                }
            }
            Datum::Bool(op.holds(Ordering::Equal))
        }
        _ => Datum::Bool(op.holds(left.compare(right))),
    }
}

/// `AND` ends at a false part, `OR` at a true one; an error counts only if no part ends it.
fn connect(context: &Context, row: &[Datum], parts: &[Scalar], ends: bool) -> Result<Datum, SqlError> {
    let mut result = Datum::Bool(!ends);
    let mut failed = None;
    for part in parts {
        match part.eval(context, row) {
            Ok(Datum::Bool(value)) if value == ends => return Ok(Datum::Bool(ends)),
            Ok(Datum::Null) => result = Datum::Null,
            Ok(_) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(result), Err)
}
