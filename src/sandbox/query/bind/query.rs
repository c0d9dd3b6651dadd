//! Queries: WITH, set operations, ORDER BY, LIMIT.

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Bound;
use super::Cte;
use super::OutColumn;
use super::Typed;
use super::folded;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::datum::Datum;
use crate::sandbox::query::flatten::flatten;
use crate::sandbox::query::kind;
use crate::sandbox::query::push::push;
use crate::sandbox::query::rel::Op;
use crate::sandbox::query::rel::Order;
use crate::sandbox::query::rel::Rel;
use crate::sandbox::query::rel::Rounds;
use crate::sandbox::query::scalar::Scalar;

impl Binder<'_> {
    /// Settles a query.
    pub(in crate::sandbox::query) fn query(&mut self, query: &tree::Query) -> Result<Bound, SqlError> {
        self.deeper(|binder| {
            let ctes = binder.ctes.len();
            let bound = binder.query_here(query);
            binder.ctes.truncate(ctes);
            bound
        })
    }

    fn query_here(&mut self, query: &tree::Query) -> Result<Bound, SqlError> {
        if let Some(with) = &query.with
            && with.recursive
        {
            return self.recursive(with, query);
        }
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let bound = self.query(&cte.query)?;
            let columns = renamed(bound.columns, &cte.alias.columns)?;
            let name = folded(&cte.alias.name);
            if self.ctes.iter().any(|own| own.name == name && own.depth == usize::MAX) {
                return Err(SqlError::internal(format!(
                    "WITH query name \"{name}\" specified more than once"
                )));
            }
            let mut rel = bound.rel;
            // Subqueries in it are taken out now, for nobody looks into shared rows later.
            let rel = if rel.outer().is_empty() { push(flatten(rel)?).shared() } else { rel };
            self.ctes.push(Cte { name, rel, columns, depth: self.frames.len() });
        }
        self.body(query)
    }

    /// Settles what stands behind the WITH.
    fn body(&mut self, query: &tree::Query) -> Result<Bound, SqlError> {
        let order: &[tree::OrderByExpr] = match &query.order_by {
            None => &[],
            Some(tree::OrderBy { kind: tree::OrderByKind::Expressions(order), .. }) => order,
            Some(_) => return Err(SqlError::unsupported("ORDER BY ALL")),
        };
        let mut bound = match &*query.body {
            tree::SetExpr::Select(select) => self.select(select, order)?,
            other => {
                let bound = self.set_expr(other)?;
                self.ordered(bound, order)?
            }
        };
        let (limit, offset) = self.limits(query)?;
        if limit.is_some() || offset > 0 {
            bound.rel = limited(bound.rel, limit, offset);
        }
        Ok(bound)
    }

    /// Orders the rows of a set operation by its columns.
    fn ordered(&mut self, bound: Bound, order: &[tree::OrderByExpr]) -> Result<Bound, SqlError> {
        let mut keys = Vec::new();
        for key in order {
            let at = match position(&key.expr, bound.columns.len())? {
                Some(at) => Some(at),
                None => match &key.expr {
                    tree::Expr::Identifier(name) => {
                        let name = folded(name);
                        bound.columns.iter().position(|column| column.name == name)
                    }
                    _ => None,
                },
            };
            let Some(at) = at else {
                return match &key.expr {
                    tree::Expr::Identifier(name) => {
                        Err(SqlError::internal(format!("column \"{}\" does not exist", folded(name))))
                    }
                    _ => Err(SqlError::unsupported("ORDER BY an expression of a set operation")),
                };
            };
            let of = bound.columns.get(at).map_or(Type::Text, |column| column.kind.clone());
            keys.push(order_key(key, Scalar::column(at), of));
        }
        Ok(Bound { rel: sorted(bound.rel, keys), columns: bound.columns })
    }

    fn limits(&mut self, query: &tree::Query) -> Result<(Option<u64>, u64), SqlError> {
        let (limit, offset) = match &query.limit_clause {
            None => (None, None),
            Some(tree::LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(_) => return Err(SqlError::unsupported("this LIMIT")),
        };
        let fetch = query.fetch.as_ref();
        if fetch.is_some_and(|fetch| fetch.with_ties || fetch.percent) {
            return Err(SqlError::unsupported("FETCH WITH TIES"));
        }
        let limit = match (limit, fetch) {
            (Some(limit), _) => self.whole(limit, "LIMIT")?,
            (None, Some(fetch)) => match &fetch.quantity {
                Some(quantity) => self.whole(quantity, "LIMIT")?,
                None => Some(1),
            },
            (None, None) => None,
        };
        let offset = offset.map(|offset| self.whole(offset, "OFFSET")).transpose()?.flatten();
        Ok((limit, offset.unwrap_or(0)))
    }

    /// A constant number of rows; `None` for NULL.
    fn whole(&mut self, expr: &tree::Expr, clause: &str) -> Result<Option<u64>, SqlError> {
        self.frames.push(super::Frame::default());
        let typed = self.expr(expr);
        self.frames.pop();
        let typed = typed?;
        let typed = self.coerce(typed, &Type::Int8)?;
        match typed.scalar.eval(self.context, &[])? {
            Datum::Int(number) => u64::try_from(number)
                .map(Some)
                .map_err(|_| SqlError::internal(format!("{clause} must not be negative"))),
            _ => Ok(None),
        }
    }

    /// Settles a body.
    fn set_expr(&mut self, body: &tree::SetExpr) -> Result<Bound, SqlError> {
        match body {
            tree::SetExpr::Select(select) => self.select(select, &[]),
            tree::SetExpr::Query(query) => self.query(query),
            tree::SetExpr::Values(values) => self.values(values),
            tree::SetExpr::SetOperation { left, op, set_quantifier, right } => self.deeper(|binder| {
                let (left, right) = (binder.set_expr(left)?, binder.set_expr(right)?);
                let all = match set_quantifier {
                    tree::SetQuantifier::All => true,
                    tree::SetQuantifier::Distinct | tree::SetQuantifier::None => false,
                    _ => return Err(SqlError::unsupported("BY NAME")),
                };
                binder.combined(left, *op, all, right)
            }),
            _ => Err(SqlError::unsupported("this query")),
        }
    }

    fn combined(
        &mut self,
        left: Bound,
        op: tree::SetOperator,
        all: bool,
        right: Bound,
    ) -> Result<Bound, SqlError> {
        let word = match op {
            tree::SetOperator::Union => "UNION",
            tree::SetOperator::Except | tree::SetOperator::Minus => "EXCEPT",
            tree::SetOperator::Intersect => "INTERSECT",
        };
        let (a, b) = (left.columns.len(), right.columns.len());
        if a != b {
            return Err(SqlError::internal(format!(
                "each {word} query must have the same number of columns: {a} vs {b}"
            )));
        }
        let mut columns = Vec::with_capacity(a);
        for (x, y) in left.columns.iter().zip(&right.columns) {
            let named = |kind: &Type| if *kind == Type::Unknown { Type::Text } else { kind.clone() };
            let (p, q) = (named(&x.kind), named(&y.kind));
            let of = if x.kind == Type::Unknown && y.kind == Type::Unknown {
                Some(Type::Text)
            } else if self.is_bare_null(&left, columns.len()) {
                Some(y.kind.clone())
            } else if self.is_bare_null(&right, columns.len()) {
                Some(x.kind.clone())
            } else {
                kind::common(&p, &q)
            };
            let Some(of) = of else {
                return Err(SqlError::internal(format!(
                    "{word} types {} and {} cannot be matched",
                    self.kind_name(&p),
                    self.kind_name(&q)
                )));
            };
            let nullable = match op {
                tree::SetOperator::Union => x.nullable || y.nullable,
                tree::SetOperator::Intersect => x.nullable && y.nullable,
                tree::SetOperator::Except | tree::SetOperator::Minus => x.nullable,
            };
            columns.push(OutColumn { name: x.name.clone(), kind: of, nullable });
        }
        let types: Vec<Type> = columns.iter().map(|column| column.kind.clone()).collect();
        let left = self.cast_columns(left, &types)?;
        let right = self.cast_columns(right, &types)?;
        let rel = match op {
            tree::SetOperator::Union => {
                let union = Rel::new(Op::Union(vec![left, right]), types);
                if all { union } else { union.distinct() }
            }
            _ => {
                let both = op == tree::SetOperator::Intersect;
                Rel::new(Op::Match { left, right, both, all }, types)
            }
        };
        Ok(Bound { rel, columns })
    }

    /// Whether a column of a query is the bare literal NULL.
    fn is_bare_null(&self, bound: &Bound, at: usize) -> bool {
        match &*bound.rel.op {
            Op::Project(_, exprs) => {
                matches!(exprs.get(at), Some(Scalar::Literal(Datum::Null)))
                    && bound.columns.get(at).is_some_and(|column| column.kind == Type::Unknown)
            }
            _ => false,
        }
    }

    /// The query with columns of other types.
    pub(super) fn cast_columns(&mut self, bound: Bound, types: &[Type]) -> Result<Rel, SqlError> {
        if bound.columns.iter().zip(types).all(|(column, of)| column.kind == *of) {
            return Ok(bound.rel);
        }
        let mut exprs = Vec::with_capacity(types.len());
        for (at, (column, of)) in bound.columns.iter().zip(types).enumerate() {
            let from = if column.kind == Type::Unknown { Type::Text } else { column.kind.clone() };
            let typed = Typed::new(Scalar::column(at), from, column.nullable);
            exprs.push(self.coerce(typed, of)?.scalar);
        }
        Ok(bound.rel.project(exprs, types.to_vec()))
    }

    /// Settles `VALUES`.
    pub(super) fn values(&mut self, values: &tree::Values) -> Result<Bound, SqlError> {
        let width = values.rows.first().map_or(0, |row| row.content.len());
        let mut rows: Vec<Vec<Typed>> = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            if row.content.len() != width {
                return Err(SqlError::internal(format!(
                    "VALUES expression in FROM clause has {} columns, but expected {width}",
                    row.content.len()
                )));
            }
            rows.push(row.content.iter().map(|expr| self.expr(expr)).collect::<Result<_, _>>()?);
        }
        let mut columns = Vec::with_capacity(width);
        for at in 0..width {
            let mut of = Type::Unknown;
            for row in &rows {
                if let Some(typed) = row.get(at) {
                    of = kind::common(&of, &typed.kind).ok_or_else(|| {
                        SqlError::internal(format!(
                            "VALUES types {} and {} cannot be matched",
                            self.kind_name(&of),
                            self.kind_name(&typed.kind)
                        ))
                    })?;
                }
            }
            if of == Type::Unknown {
                of = Type::Text;
            }
            let nullable = rows.iter().any(|row| row.get(at).is_none_or(|typed| typed.nullable));
            columns.push(OutColumn { name: format!("column{}", at + 1), kind: of, nullable });
        }
        let types: Vec<Type> = columns.iter().map(|column| column.kind.clone()).collect();
        let mut made = Vec::with_capacity(rows.len());
        for row in rows {
            let mut scalars = Vec::with_capacity(width);
            for (typed, of) in row.into_iter().zip(&types) {
                scalars.push(self.coerce(typed, of)?.scalar);
            }
            made.push(scalars);
        }
        Ok(Bound { rel: Rel::new(Op::Constant(made), types), columns })
    }

    /// Settles `WITH MUTUALLY RECURSIVE`.
    fn recursive(&mut self, with: &tree::With, query: &tree::Query) -> Result<Bound, SqlError> {
        let options = self.reading.options(with);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let number = |digits: &str| {
            digits
                .parse()
                .map_err(|_| SqlError::internal("invalid RECURSION LIMIT: cannot use value as number"))
        };
        let rounds = match options.as_slice() {
            [] => None,
            ["RETURN", "AT", "RECURSION", "LIMIT", most] => {
                Some(Rounds { most: number(most)?, returns: true })
            }
            ["ERROR", "AT", "RECURSION", "LIMIT", most] | ["RECURSION", "LIMIT", most] => {
                Some(Rounds { most: number(most)?, returns: false })
            }
            _ => return Err(SqlError::unsupported("these options of WITH MUTUALLY RECURSIVE")),
        };
        let mut names = Vec::new();
        for cte in &with.cte_tables {
            let mut columns = Vec::new();
            for column in &cte.alias.columns {
                let Some(written) = &column.data_type else {
                    return Err(SqlError::unsupported("WITH MUTUALLY RECURSIVE without types"));
                };
                let kind = self.data_type(written)?;
                columns.push(OutColumn { name: folded(&column.name), kind, nullable: true });
            }
            let id = self.recursions;
            self.recursions += 1;
            let types: Vec<Type> = columns.iter().map(|column| column.kind.clone()).collect();
            let rel = Rel::new(Op::Recursive(id), types.clone());
            self.ctes.push(Cte {
                name: folded(&cte.alias.name),
                rel,
                columns: columns.clone(),
                depth: self.frames.len(),
            });
            names.push((id, types, columns));
        }
        let mut parts = Vec::new();
        for (cte, (id, types, columns)) in with.cte_tables.iter().zip(&names) {
            let bound = self.query(&cte.query)?;
            let fits = bound.columns.len() == columns.len()
                && bound.columns.iter().zip(types).all(|(column, of)| kind::is_implicit(&column.kind, of));
            if !fits {
                let list = |types: &mut dyn Iterator<Item = String>| types.collect::<Vec<_>>().join(", ");
                let declared = list(&mut types.iter().map(|of| self.kind_name(of)));
                let inferred = list(&mut bound.columns.iter().map(|column| self.kind_name(&column.kind)));
                return Err(SqlError::internal(format!(
                    "WITH MUTUALLY RECURSIVE query \"{}\" declared types ({declared}), but query returns types ({inferred})",
                    folded(&cte.alias.name)
                )));
            }
            let mut rel = self.cast_columns(bound, types)?;
            if !rel.outer().is_empty() {
                return Err(SqlError::unsupported("a correlated WITH MUTUALLY RECURSIVE"));
            }
            parts.push((*id, rel));
        }
        let mut bound = self.body(query)?;
        if !bound.rel.outer().is_empty() {
            return Err(SqlError::unsupported("a correlated WITH MUTUALLY RECURSIVE"));
        }
        let types = bound.rel.types.clone();
        Ok(Bound { rel: Rel::new(Op::Recursion(parts, bound.rel, rounds), types), columns: bound.columns })
    }
}

/// Columns under the names of an alias.
pub(super) fn renamed(
    mut columns: Vec<OutColumn>,
    names: &[tree::TableAliasColumnDef],
) -> Result<Vec<OutColumn>, SqlError> {
    if names.len() > columns.len() {
        return Err(SqlError::internal(format!(
            "table has {} columns available but {} columns specified",
            columns.len(),
            names.len()
        )));
    }
    for (column, name) in columns.iter_mut().zip(names) {
        column.name = folded(&name.name);
    }
    Ok(columns)
}

/// The column that a bare number in GROUP BY or ORDER BY means, from 0.
pub(super) fn position(expr: &tree::Expr, width: usize) -> Result<Option<usize>, SqlError> {
    let tree::Expr::Value(value) = expr else { return Ok(None) };
    let tree::Value::Number(digits, _) = &value.value else { return Ok(None) };
    match digits.parse::<usize>() {
        Ok(number) if (1..=width).contains(&number) => Ok(Some(number - 1)),
        _ => Err(SqlError::internal(format!(
            "column reference {digits} in ORDER BY clause is out of range (1 - {width})"
        ))),
    }
}

/// A key of an order.
pub(super) fn order_key(key: &tree::OrderByExpr, by: Scalar, kind: Type) -> Order {
    let descending = key.options.asc == Some(false);
    Order { by, kind, descending, nulls_first: key.options.nulls_first.unwrap_or(descending) }
}

/// The rows in an order.
pub(super) fn sorted(rel: Rel, order: Vec<Order>) -> Rel {
    if order.is_empty() {
        return rel;
    }
    let types = rel.types.clone();
    Rel::new(Op::Top { input: rel, group: Vec::new(), order, limit: None, offset: 0 }, types)
}

/// The first rows; those of an order if there is one.
fn limited(rel: Rel, limit: Option<u64>, offset: u64) -> Rel {
    let types = rel.types.clone();
    match *rel.op {
        Op::Top { input, group, order, limit: None, offset: 0 } if group.is_empty() => {
            Rel::new(Op::Top { input, group, order, limit, offset }, types)
        }
        // The last step may only leave out columns of the order.
        Op::Project(input, exprs) if matches!(*input.op, Op::Top { limit: None, offset: 0, .. }) => {
            Rel::new(Op::Project(limited(input, limit, offset), exprs), types)
        }
        op => {
            let input = Rel::new(op, types.clone());
            Rel::new(Op::Top { input, group: Vec::new(), order: Vec::new(), limit, offset }, types)
        }
    }
}
