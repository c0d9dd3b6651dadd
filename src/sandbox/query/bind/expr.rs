//! Expressions.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Typed;
use super::folded;
use super::literal::text;
use super::literal::whole;
use super::select::is_of;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::cast;
use crate::sandbox::query::cast::Why;
use crate::sandbox::query::datum::Datum;
use crate::sandbox::query::function::array;
use crate::sandbox::query::kind;
use crate::sandbox::query::scalar::Comparison;
use crate::sandbox::query::scalar::Eval;
use crate::sandbox::query::scalar::Question;
use crate::sandbox::query::scalar::Scalar;

/// Functions that are called without parentheses.
const BARE: &[&str] = &[
    "current_catalog",
    "current_role",
    "current_schema",
    "current_timestamp",
    "current_user",
    "session_user",
    "user",
];

impl Binder<'_> {
    /// Settles an expression.
    pub(super) fn expr(&mut self, expr: &tree::Expr) -> Result<Typed, SqlError> {
        self.deeper(|binder| {
            if let Some(key) = binder.as_key(expr) {
                return Ok(key);
            }
            binder.expr_here(expr)
        })
    }

    /// The key of the groups that an expression is, if it is one.
    fn as_key(&mut self, expr: &tree::Expr) -> Option<Typed> {
        let keys = self.frames.last()?.keys.as_ref()?;
        let compound = !matches!(
            expr,
            tree::Expr::Identifier(_) | tree::Expr::CompoundIdentifier(_) | tree::Expr::Value(_)
        );
        let any = keys.iter().any(|key| !matches!(key.scalar, Scalar::Column { .. }));
        if !compound || !any || super::aggregate::is_in(expr) {
            return None;
        }
        let keys = self.frame().keys.take()?;
        let (series, windows) = (self.frame().series.len(), self.frame().windows.len());
        let attempt = self.expr_here(expr);
        self.frame().series.truncate(series);
        self.frame().windows.truncate(windows);
        let found = attempt.ok().and_then(|typed| {
            let at = keys.iter().position(|key| key.scalar.says(&typed.scalar))?;
            Some(Typed::new(Scalar::column(at), typed.kind, typed.nullable))
        });
        self.frame().keys = Some(keys);
        found
    }

    fn expr_here(&mut self, expr: &tree::Expr) -> Result<Typed, SqlError> {
        match expr {
            tree::Expr::Nested(inner) => self.expr(inner),
            tree::Expr::Identifier(name) => {
                let found = self.column(&[folded(name)]);
                // Some functions are written without parentheses.
                let bare =
                    found.is_err() && name.quote_style.is_none() && BARE.contains(&folded(name).as_str());
                if bare { self.call(&folded(name), Vec::new()) } else { found }
            }
            tree::Expr::CompoundIdentifier(parts) => {
                let parts: Vec<String> = parts.iter().map(folded).collect();
                self.column(&parts)
            }
            tree::Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            tree::Expr::Value(value) => self.literal(&value.value),
            tree::Expr::Interval(interval) => self.interval(interval),
            tree::Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            tree::Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            tree::Expr::Cast { expr, data_type, .. } => self.cast(expr, data_type),
            tree::Expr::Collate { .. } => Err(SqlError::internal("COLLATE not yet supported")),
            tree::Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            tree::Expr::Function(function) => self.function_call(function),
            tree::Expr::Tuple(items) => self.row(items),
            tree::Expr::Array(elements) => self.elements(&elements.elem, true),
            tree::Expr::Prefixed { value, .. } => match &**value {
                tree::Expr::Array(elements) => self.elements(&elements.elem, false),
                _ => Err(SqlError::unsupported("this literal")),
            },
            tree::Expr::Map(map) => self.map(map),
            tree::Expr::IsNull(inner) => self.is_null(inner, false),
            tree::Expr::IsNotNull(inner) => self.is_null(inner, true),
            tree::Expr::IsTrue(inner) => self.is_truth(inner, Datum::Bool(true), false),
            tree::Expr::IsNotTrue(inner) => self.is_truth(inner, Datum::Bool(true), true),
            tree::Expr::IsFalse(inner) => self.is_truth(inner, Datum::Bool(false), false),
            tree::Expr::IsNotFalse(inner) => self.is_truth(inner, Datum::Bool(false), true),
            tree::Expr::IsUnknown(inner) => self.is_truth(inner, Datum::Null, false),
            tree::Expr::IsNotUnknown(inner) => self.is_truth(inner, Datum::Null, true),
            tree::Expr::IsDistinctFrom(left, right) => self.distinct(left, right, true),
            tree::Expr::IsNotDistinctFrom(left, right) => self.distinct(left, right, false),
            tree::Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            tree::Expr::InSubquery { expr, subquery, negated } => {
                let found = self.any(expr, Comparison::Eq, subquery)?;
                Ok(if *negated { not(found) } else { found })
            }
            tree::Expr::Between { expr, negated, low, high } => self.between(expr, low, high, *negated),
            tree::Expr::Like { negated, expr, pattern, escape_char, any: false } => {
                self.like("LIKE", (expr, pattern), escape_char.as_ref().map(|escape| &escape.value), *negated)
            }
            tree::Expr::ILike { negated, expr, pattern, escape_char, any: false } => self.like(
                "ILIKE",
                (expr, pattern),
                escape_char.as_ref().map(|escape| &escape.value),
                *negated,
            ),
            tree::Expr::AnyOp { left, compare_op, right, .. } => {
                self.quantified(left, compare_op, right, false)
            }
            tree::Expr::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, true),
            tree::Expr::Exists { subquery, negated } => {
                let bound = self.query(subquery)?;
                let found =
                    Typed::new(Scalar::Subquery(Question::Exists, Box::new(bound.rel)), Type::Bool, false);
                Ok(if *negated { not(found) } else { found })
            }
            tree::Expr::Subquery(query) => self.subquery(query),
            _ => self.spelled(expr),
        }
    }

    /// What SQL spells in its own way and the server keeps as a function.
    fn spelled(&mut self, expr: &tree::Expr) -> Result<Typed, SqlError> {
        match expr {
            tree::Expr::Extract { field, expr, .. } => {
                let field = field.to_string().trim_matches(['\'', '"']).to_lowercase();
                let args = vec![text(&field), self.expr(expr)?];
                self.call("extract", args)
            }
            tree::Expr::Position { expr, r#in } => {
                let args = vec![self.expr(expr)?, self.expr(r#in)?];
                self.call("position", args)
            }
            tree::Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut args = vec![self.expr(expr)?];
                match (substring_from, substring_for) {
                    (None, Some(_)) => args.push(whole(1)),
                    (Some(from), _) => args.push(self.expr(from)?),
                    (None, None) => {}
                }
                if let Some(length) = substring_for {
                    args.push(self.expr(length)?);
                }
                self.call("substring", args)
            }
            tree::Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    None | Some(tree::TrimWhereField::Both) => "btrim",
                    Some(tree::TrimWhereField::Leading) => "ltrim",
                    Some(tree::TrimWhereField::Trailing) => "rtrim",
                };
                let mut args = vec![self.expr(expr)?];
                for arg in trim_what.as_deref().into_iter().chain(trim_characters.iter().flatten()) {
                    args.push(self.expr(arg)?);
                }
                self.call(name, args)
            }
            tree::Expr::AtTimeZone { timestamp, time_zone } => {
                let args = vec![self.expr(time_zone)?, self.expr(timestamp)?];
                self.call("timezone", args)
            }
            tree::Expr::Ceil { expr, .. } => {
                let arg = self.expr(expr)?;
                self.call("ceil", vec![arg])
            }
            tree::Expr::Floor { expr, .. } => {
                let arg = self.expr(expr)?;
                self.call("floor", vec![arg])
            }
            other => Err(SqlError::unsupported(format!("the expression {other}"))),
        }
    }

    /// A column by name.
    fn column(&mut self, parts: &[String]) -> Result<Typed, SqlError> {
        let (name, table) = parts.split_last().ok_or_else(|| SqlError::unsupported("this name"))?;
        let shown = parts.join(".");
        for (level, frame) in self.frames.iter().rev().enumerate() {
            let mut found = frame.columns.iter().enumerate().filter(|(_, column)| {
                column.name == *name && if table.is_empty() { !column.hidden } else { is_of(column, table) }
            });
            let Some((at, _)) = found.next() else { continue };
            if found.next().is_some() {
                return Err(SqlError::internal(format!("column reference \"{shown}\" is ambiguous")));
            }
            return self.column_of(level, at);
        }
        // A whole row by its table's name.
        if table.is_empty()
            && let Some(row) = self.whole_row(name)
        {
            return row;
        }
        Err(SqlError::internal(format!("column \"{shown}\" does not exist")))
    }

    fn whole_row(&mut self, name: &str) -> Option<Result<Typed, SqlError>> {
        let (level, places) = self.frames.iter().rev().enumerate().find_map(|(level, frame)| {
            let places: Vec<usize> = (0..frame.columns.len())
                .filter(|at| {
                    frame
                        .columns
                        .get(*at)
                        .and_then(|column| column.table.last())
                        .is_some_and(|own| own == name)
                })
                .collect();
            (!places.is_empty()).then_some((level, places))
        })?;
        let mut items = Vec::new();
        let mut fields = Vec::new();
        for at in places {
            match self.column_of(level, at) {
                Ok(typed) => {
                    let frame = self.frames.iter().rev().nth(level);
                    let own = frame.and_then(|frame| frame.columns.get(at)).map(|column| column.name.clone());
                    fields.push((own.unwrap_or_default(), typed.kind.clone()));
                    items.push(typed.scalar);
                }
                Err(error) => return Some(Err(error)),
            }
        }
        let scalar = Scalar::Call { eval: array::make_row, strict: false, args: items };
        Some(Ok(Typed::new(scalar, Type::Record(fields), false)))
    }

    /// A column of the innermost query by its place.
    pub(super) fn column_at(&mut self, at: usize) -> Result<Typed, SqlError> {
        self.column_of(0, at)
    }

    fn column_of(&mut self, level: usize, at: usize) -> Result<Typed, SqlError> {
        let frame = self.frames.iter().rev().nth(level);
        let Some((frame, column)) = frame.and_then(|frame| Some((frame, frame.columns.get(at)?))) else {
            return Err(SqlError::unsupported("this column"));
        };
        let mut index = at;
        if let Some(keys) = &frame.keys {
            let own = Scalar::column(at);
            index = keys.iter().position(|key| key.scalar.says(&own)).ok_or_else(|| {
                let table = column.table.last().map(|table| format!("{table}.")).unwrap_or_default();
                SqlError::internal(format!(
                    "column \"{table}{}\" must appear in the GROUP BY clause or be used in an aggregate function",
                    column.name
                ))
            })?;
        }
        Ok(Typed::new(Scalar::Column { level, index }, column.kind.clone(), column.nullable))
    }

    fn cast(&mut self, expr: &tree::Expr, written: &tree::DataType) -> Result<Typed, SqlError> {
        let to = self.data_type(written)?;
        let typed = match expr {
            // `ARRAY[]::int[]` has no other way to tell its type.
            tree::Expr::Array(elements) if elements.elem.is_empty() => {
                return Ok(Typed::new(Scalar::Literal(Datum::Array(Vec::new(), Vec::new())), to, false));
            }
            tree::Expr::Prefixed { value, .. } if matches!(&**value, tree::Expr::Array(list) if list.elem.is_empty()) =>
            {
                return Ok(Typed::new(Scalar::Literal(Datum::List(Vec::new())), to, false));
            }
            other => self.expr(other)?,
        };
        if !cast::exists(self.context, &typed.kind, &to, Why::Explicit) {
            return Err(SqlError::internal(format!(
                "CAST does not support casting from {} to {}",
                self.kind_name(&typed.kind),
                self.kind_name(&to)
            )));
        }
        let nullable = typed.nullable;
        let mut typed = self.coerce(typed, &to)?;
        typed.nullable = nullable || typed.nullable;
        Ok(typed)
    }

    fn case(
        &mut self,
        operand: Option<&tree::Expr>,
        conditions: &[tree::CaseWhen],
        otherwise: Option<&tree::Expr>,
    ) -> Result<Typed, SqlError> {
        let mut whens = Vec::new();
        let mut results = Vec::new();
        for when in conditions {
            whens.push(match operand {
                Some(operand) => {
                    let (left, right) = (self.expr(operand)?, self.expr(&when.condition)?);
                    self.compare(Comparison::Eq, left, right)?.scalar
                }
                None => {
                    let typed = self.expr(&when.condition)?;
                    if !matches!(typed.kind, Type::Bool | Type::Unknown) {
                        let of = self.kind_name(&typed.kind);
                        return Err(SqlError::internal(format!(
                            "CASE expression must have type boolean, not type {of}"
                        )));
                    }
                    self.coerce(typed, &Type::Bool)?.scalar
                }
            });
            results.push(self.expr(&when.result)?);
        }
        results.push(match otherwise {
            Some(otherwise) => self.expr(otherwise)?,
            None => Typed::new(Scalar::Literal(Datum::Null), Type::Unknown, true),
        });
        let nullable = results.iter().any(|result| result.nullable);
        let (mut results, of) = self.unified("CASE", results)?;
        let otherwise = results.pop().map_or(Scalar::Literal(Datum::Null), |typed| typed.scalar);
        let branches = whens.into_iter().zip(results.into_iter().map(|typed| typed.scalar)).collect();
        Ok(Typed::new(Scalar::Case(branches, Box::new(otherwise)), of, nullable))
    }

    /// Makes expressions ones of one type.
    pub(super) fn unified(&mut self, what: &str, typed: Vec<Typed>) -> Result<(Vec<Typed>, Type), SqlError> {
        let mut of = Type::Unknown;
        for one in &typed {
            of = match kind::common(&of, &one.kind) {
                Some(common)
                    if kind::bare(&of) == kind::bare(&one.kind) && of != Type::Unknown && of == one.kind =>
                {
                    let _ = common;
                    of
                }
                Some(common) => {
                    if of == Type::Unknown {
                        one.kind.clone()
                    } else {
                        common
                    }
                }
                None => {
                    return Err(SqlError::internal(format!(
                        "{what} types {} and {} cannot be matched",
                        self.kind_name(&of),
                        self.kind_name(&one.kind)
                    )));
                }
            };
        }
        if of == Type::Unknown {
            of = Type::Text;
        }
        let made = typed.into_iter().map(|one| self.coerce(one, &of)).collect::<Result<Vec<_>, _>>()?;
        Ok((made, of))
    }

    fn row(&mut self, items: &[tree::Expr]) -> Result<Typed, SqlError> {
        let args = items.iter().map(|item| self.expr(item)).collect::<Result<Vec<_>, _>>()?;
        self.record(args)
    }

    /// `ROW(…)`
    pub(super) fn record(&mut self, args: Vec<Typed>) -> Result<Typed, SqlError> {
        let mut fields = Vec::new();
        let mut scalars = Vec::new();
        for (at, arg) in args.into_iter().enumerate() {
            let arg = if arg.parameter.is_some() { self.coerce(arg, &Type::Text)? } else { arg };
            fields.push((format!("f{}", at + 1), arg.kind));
            scalars.push(arg.scalar);
        }
        let scalar = Scalar::Call { eval: array::make_row, strict: false, args: scalars };
        Ok(Typed::new(scalar, Type::Record(fields), false))
    }

    fn elements(&mut self, items: &[tree::Expr], is_array: bool) -> Result<Typed, SqlError> {
        let what = if is_array { "ARRAY" } else { "LIST" };
        if items.is_empty() {
            return Err(SqlError::internal(format!(
                "unable to infer type for empty {}",
                what.to_lowercase()
            )));
        }
        let args = items
            .iter()
            .map(|item| match item {
                // Inner brackets of an array need not repeat its word.
                tree::Expr::Array(inner) => self.elements(&inner.elem, is_array),
                other => self.expr(other),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (args, of) = self.unified(what, args)?;
        let args = args.into_iter().map(|arg| arg.scalar).collect();
        let (eval, of): (Eval, _) = if is_array {
            let element = match of {
                Type::Array(inner) => *inner,
                other => other,
            };
            (array::make_array, Type::Array(Box::new(element)))
        } else {
            (array::make_list, Type::List(Box::new(of)))
        };
        Ok(Typed::new(Scalar::Call { eval, strict: false, args }, of, false))
    }

    fn map(&mut self, map: &tree::Map) -> Result<Typed, SqlError> {
        let mut keys = Vec::new();
        let mut values = Vec::new();
        for entry in &map.entries {
            let key = self.expr(&entry.key)?;
            keys.push(self.coerce(key, &Type::Text)?.scalar);
            values.push(self.expr(&entry.value)?);
        }
        if values.is_empty() {
            return Err(SqlError::internal("unable to infer type for empty map"));
        }
        let (values, of) = self.unified("MAP", values)?;
        let args = keys.into_iter().zip(values).flat_map(|(key, value)| [key, value.scalar]).collect();
        let scalar = Scalar::Call { eval: array::make_map, strict: false, args };
        Ok(Typed::new(scalar, Type::Map(Box::new(of)), false))
    }

    fn is_null(&mut self, inner: &tree::Expr, negated: bool) -> Result<Typed, SqlError> {
        let typed = self.expr(inner)?;
        let typed = if typed.parameter.is_some() { self.coerce(typed, &Type::Text)? } else { typed };
        let found = Typed::new(Scalar::IsNull(Box::new(typed.scalar)), Type::Bool, false);
        Ok(if negated { not(found) } else { found })
    }

    fn is_truth(&mut self, inner: &tree::Expr, wanted: Datum, negated: bool) -> Result<Typed, SqlError> {
        let typed = self.expr(inner)?;
        let typed = self.coerce(typed, &Type::Bool)?;
        let scalar = Scalar::Same(Box::new(typed.scalar), Box::new(Scalar::Literal(wanted)));
        let found = Typed::new(scalar, Type::Bool, false);
        Ok(if negated { not(found) } else { found })
    }

    fn distinct(&mut self, left: &tree::Expr, right: &tree::Expr, negated: bool) -> Result<Typed, SqlError> {
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let (left, right) = self.alike("IS DISTINCT FROM", left, right)?;
        let scalar = Scalar::Same(Box::new(left.scalar), Box::new(right.scalar));
        let found = Typed::new(scalar, Type::Bool, false);
        Ok(if negated { not(found) } else { found })
    }

    fn between(
        &mut self,
        expr: &tree::Expr,
        low: &tree::Expr,
        high: &tree::Expr,
        negated: bool,
    ) -> Result<Typed, SqlError> {
        let (value, low, high) = (self.expr(expr)?, self.expr(low)?, self.expr(high)?);
        let low = self.compare(Comparison::Ge, value.clone(), low)?;
        let high = self.compare(Comparison::Le, value, high)?;
        let found =
            Typed::new(Scalar::and(low.scalar, high.scalar), Type::Bool, low.nullable || high.nullable);
        Ok(if negated { not(found) } else { found })
    }

    fn like(
        &mut self,
        name: &str,
        (expr, pattern): (&tree::Expr, &tree::Expr),
        escape: Option<&tree::Value>,
        negated: bool,
    ) -> Result<Typed, SqlError> {
        let value = self.expr(expr)?;
        if name == "LIKE"
            && escape.is_none()
            && value.kind == Type::Text
            && let Some(start) = start_of(pattern)
        {
            let found = Typed::new(Scalar::Begins(Box::new(value.scalar), start), Type::Bool, value.nullable);
            return Ok(if negated { not(found) } else { found });
        }
        let mut args = vec![value, self.expr(pattern)?];
        let found = match escape {
            Some(escape) => {
                args.push(self.literal(escape)?);
                self.operator(&format!("{name} ESCAPE"), args)?
            }
            None => self.operator(name, args)?,
        };
        Ok(if negated { not(found) } else { found })
    }

    fn subquery(&mut self, query: &tree::Query) -> Result<Typed, SqlError> {
        let bound = self.query(query)?;
        match bound.columns.as_slice() {
            [column] => {
                let of = if column.kind == Type::Unknown { Type::Text } else { column.kind.clone() };
                Ok(Typed::new(Scalar::Subquery(Question::Value, Box::new(bound.rel)), of, true))
            }
            other => {
                let count = other.len();
                Err(SqlError::internal(format!("Expected subselect to return 1 column, got {count} columns")))
            }
        }
    }
}

/// What a pattern says a text begins with, if it says nothing else.
fn start_of(pattern: &tree::Expr) -> Option<Arc<str>> {
    let tree::Expr::Value(tree::ValueWithSpan { value: tree::Value::SingleQuotedString(pattern), .. }) =
        pattern
    else {
        return None;
    };
    let start = pattern.strip_suffix('%')?;
    (!start.contains(['%', '_', '\\'])).then(|| Arc::from(start))
}

/// The sign of a comparison.
pub(super) fn sign(op: Comparison) -> &'static str {
    match op {
        Comparison::Eq => "=",
        Comparison::Ne => "<>",
        Comparison::Lt => "<",
        Comparison::Le => "<=",
        Comparison::Gt => ">",
        Comparison::Ge => ">=",
    }
}

/// The negation of a truth.
pub(super) fn not(typed: Typed) -> Typed {
    let scalar = match typed.scalar {
        Scalar::Compare(op, left, right) => Scalar::Compare(op.negated(), left, right),
        other => Scalar::Not(Box::new(other)),
    };
    Typed::new(scalar, Type::Bool, typed.nullable)
}
