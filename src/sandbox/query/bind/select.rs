//! One SELECT: what it reads, groups, computes, and in which order it comes out.

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Bound;
use super::Clause;
use super::Frame;
use super::OutColumn;
use super::Typed;
use super::Visible;
use super::folded;
use super::query::order_key;
use super::query::position;
use super::query::sorted;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::rel::Op;
use crate::sandbox::query::rel::Order;
use crate::sandbox::query::rel::Rel;
use crate::sandbox::query::scalar::Scalar;

/// A column of the select list, before it is settled.
struct Item<'t> {
    /// Its expression, if it is not one of a star.
    expr: Option<&'t tree::Expr>,
    /// The column it is, if it is one of a star.
    column: Option<usize>,
    /// The columns of a function that makes rows, `f(…).*`.
    place: Option<(usize, Type, bool)>,
    name: String,
}

impl Binder<'_> {
    /// Settles a SELECT.
    pub(super) fn select(
        &mut self,
        select: &tree::Select,
        order: &[tree::OrderByExpr],
    ) -> Result<Bound, SqlError> {
        let (rel, columns) = self.from(&select.from)?;
        self.frames.push(Frame { columns, ..Frame::default() });
        let result = self.select_here(rel, select, order);
        self.frames.pop();
        result
    }

    fn select_here(
        &mut self,
        mut rel: Rel,
        select: &tree::Select,
        order: &[tree::OrderByExpr],
    ) -> Result<Bound, SqlError> {
        refuse(select)?;
        if let Some(filter) = &select.selection {
            self.frame().clause = Clause::Where;
            let predicate = self.condition(filter, "WHERE")?;
            self.frame().clause = Clause::Select;
            self.narrow(&predicate);
            rel = rel.filter(predicate);
        }
        let items = self.items(&select.projection)?;
        let own = rel.arity();
        let keys = self.group(select, &items)?;
        let grouped = keys.is_some();
        if let Some(keys) = keys {
            self.frame().keys = Some(keys);
        }
        let mut outputs = Vec::with_capacity(items.len());
        for item in &items {
            outputs.push(self.item(item)?);
        }
        let having = match &select.having {
            Some(having) => Some(self.condition(having, "HAVING")?),
            None => None,
        };
        let distinct_on = match &select.distinct {
            Some(tree::Distinct::On(exprs)) => {
                let mut keys = Vec::new();
                for expr in exprs {
                    keys.push(self.order_value(expr, &items, &outputs)?);
                }
                Some(keys)
            }
            _ => None,
        };
        let mut sort = Vec::with_capacity(order.len());
        for key in order {
            sort.push((key, self.order_value(&key.expr, &items, &outputs)?));
        }
        let frame = std::mem::take(self.frame());
        let (rel, settle) = gathered(rel, own, grouped, frame, having)?;
        let names = items.into_iter().map(|item| item.name).collect();
        finished(rel, &settle, (names, outputs), select, (distinct_on, sort))
    }

    /// Notes that columns which a condition needs are not NULL where it holds.
    fn narrow(&mut self, predicate: &Scalar) {
        let mut columns = Vec::new();
        for part in predicate.clone().conjuncts() {
            part.rejects(&mut columns);
        }
        for column in columns {
            if let Some(column) = self.frame().columns.get_mut(column) {
                column.nullable = false;
            }
        }
    }

    /// The columns of the select list.
    fn items<'t>(&mut self, projection: &'t [tree::SelectItem]) -> Result<Vec<Item<'t>>, SqlError> {
        let mut items = Vec::new();
        for item in projection {
            match item {
                tree::SelectItem::UnnamedExpr(expr) => items.push(Item {
                    expr: Some(expr),
                    column: None,
                    place: None,
                    name: self.name_of(expr).unwrap_or_else(|| "?column?".to_owned()),
                }),
                tree::SelectItem::ExprWithAlias { expr, alias } => {
                    items.push(Item { expr: Some(expr), column: None, place: None, name: folded(alias) });
                }
                tree::SelectItem::Wildcard(_) => self.star(None, &mut items)?,
                tree::SelectItem::QualifiedWildcard(kind, _) => match kind {
                    tree::SelectItemQualifiedWildcardKind::ObjectName(name) => {
                        let parts: Vec<String> =
                            name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
                        self.star(Some(&parts), &mut items)?;
                    }
                    tree::SelectItemQualifiedWildcardKind::Expr(expr) => self.fields(expr, &mut items)?,
                },
                tree::SelectItem::ExprWithAliases { .. } => {
                    return Err(SqlError::unsupported("several aliases"));
                }
            }
        }
        Ok(items)
    }

    fn star<'t>(&mut self, table: Option<&[String]>, items: &mut Vec<Item<'t>>) -> Result<(), SqlError> {
        let frame = self.frame();
        let before = items.len();
        for (at, column) in frame.columns.iter().enumerate() {
            let wanted = match table {
                None => !column.hidden,
                Some(table) => is_of(column, table),
            };
            if wanted {
                items.push(Item { expr: None, column: Some(at), place: None, name: column.name.clone() });
            }
        }
        match table {
            Some(table) if items.len() == before => {
                let name = table.join(".");
                Err(SqlError::internal(format!("no table named '{name}' in scope")))
            }
            None if frame.columns.is_empty() => {
                Err(SqlError::internal("SELECT * with no tables specified is not valid"))
            }
            _ => Ok(()),
        }
    }

    /// `f(…).*` of a function that makes rows.
    fn fields<'t>(&mut self, expr: &tree::Expr, items: &mut Vec<Item<'t>>) -> Result<(), SqlError> {
        let mut expr = expr;
        while let tree::Expr::Nested(inner) = expr {
            expr = inner;
        }
        let tree::Expr::Function(function) = expr else {
            return Err(SqlError::unsupported("fields of a value with .*"));
        };
        let (columns, from) = self.series(function)?;
        for (at, (name, of, nullable)) in columns.into_iter().enumerate() {
            items.push(Item {
                expr: None,
                column: None,
                place: Some((from + at, of, nullable)),
                name: name.to_owned(),
            });
        }
        Ok(())
    }

    fn item(&mut self, item: &Item<'_>) -> Result<Typed, SqlError> {
        if let Some((place, of, nullable)) = &item.place {
            return Ok(Typed::new(Scalar::Series(*place), of.clone(), *nullable));
        }
        match (item.expr, item.column) {
            // A parameter that stands alone is a text, here and wherever else it stands.
            (Some(expr), _) => match self.expr(expr)? {
                typed if typed.parameter.is_some() => self.coerce(typed, &Type::Text),
                typed => Ok(typed),
            },
            (None, Some(at)) => self.column_at(at),
            (None, None) => Err(SqlError::unsupported("this column")),
        }
    }

    /// The keys of the groups, if rows are grouped.
    fn group(&mut self, select: &tree::Select, items: &[Item<'_>]) -> Result<Option<Vec<Typed>>, SqlError> {
        let exprs = match &select.group_by {
            tree::GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => exprs,
            _ => return Err(SqlError::unsupported("this GROUP BY")),
        };
        let has_aggregate = |expr: &tree::Expr| super::aggregate::is_in(expr);
        let any = items.iter().filter_map(|item| item.expr).any(has_aggregate);
        if exprs.is_empty() && select.having.is_none() && !any {
            return Ok(None);
        }
        let mut keys = Vec::with_capacity(exprs.len());
        self.frame().clause = Clause::GroupBy;
        for expr in exprs {
            let item = match position(expr, items.len()) {
                Ok(at) => at,
                Err(error) => return Err(SqlError::internal(error.message.replace("ORDER BY", "GROUP BY"))),
            };
            let item = match (item, expr) {
                (Some(at), _) => items.get(at),
                (None, tree::Expr::Identifier(name)) => {
                    let name = folded(name);
                    let is_column =
                        self.frame().columns.iter().any(|column| !column.hidden && column.name == name);
                    items.iter().find(|item| !is_column && item.name == name)
                }
                _ => None,
            };
            keys.push(match item {
                Some(item) => self.item(item)?,
                None => self.expr(expr)?,
            });
        }
        self.frame().clause = Clause::Select;
        Ok(Some(keys))
    }

    /// What is ordered by: a column of the output by number or name, or an expression.
    fn order_value(
        &mut self,
        expr: &tree::Expr,
        items: &[Item<'_>],
        outputs: &[Typed],
    ) -> Result<Typed, SqlError> {
        if let Some(at) = position(expr, items.len())?
            && let Some(output) = outputs.get(at)
        {
            return Ok(output.clone());
        }
        if let tree::Expr::Identifier(name) = expr {
            let name = folded(name);
            let mut found = items.iter().zip(outputs).filter(|(item, _)| item.name == name);
            if let Some((_, output)) = found.next() {
                if found.any(|(_, other)| !other.scalar.says(&output.scalar)) {
                    return Err(SqlError::internal(format!("column reference \"{name}\" is ambiguous")));
                }
                return Ok(output.clone());
            }
        }
        self.expr(expr)
    }
}

/// Whether a column is of a table of that name.
pub(super) fn is_of(column: &Visible, table: &[String]) -> bool {
    column.table.len() >= table.len() && column.table.ends_with(table)
}

fn refuse(select: &tree::Select) -> Result<(), SqlError> {
    let what = if select.into.is_some() {
        "SELECT INTO"
    } else if select.top.is_some() {
        "TOP"
    } else if select.qualify.is_some() {
        "QUALIFY"
    } else if !select.lateral_views.is_empty() {
        "LATERAL VIEW"
    } else {
        return Ok(());
    };
    Err(SqlError::unsupported(what))
}

/// Where aggregates, series and window functions are among the columns.
struct Places {
    aggregates: usize,
    series: usize,
    windows: usize,
}

impl Places {
    fn settle(&self, scalar: &mut Scalar) {
        let place = match scalar {
            Scalar::Aggregate(at) => Some(self.aggregates + *at),
            Scalar::Series(at) => Some(self.series + *at),
            Scalar::Window(at) => Some(self.windows + *at),
            _ => None,
        };
        match place {
            Some(place) => *scalar = Scalar::column(place),
            None => scalar.parts_mut().into_iter().for_each(|part| self.settle(part)),
        }
    }
}

/// Groups, makes rows, computes windows: whatever the frame has collected.
fn gathered(
    mut rel: Rel,
    own: usize,
    grouped: bool,
    frame: Frame,
    having: Option<Scalar>,
) -> Result<(Rel, Places), SqlError> {
    let keys = frame.keys.unwrap_or_default();
    let base = if grouped { keys.len() + frame.aggregates.len() } else { own };
    let made: usize = frame.series.iter().map(|(_, _, types)| types.len()).sum();
    let places = Places { aggregates: keys.len(), series: base, windows: base + made };
    if grouped {
        let mut types: Vec<Type> = keys.iter().map(|key| key.kind.clone()).collect();
        types.extend(frame.aggregates.iter().map(|aggregate| aggregate.kind.clone()));
        let mut group: Vec<Scalar> = keys.into_iter().map(|key| key.scalar).collect();
        if !frame.series.is_empty() && group.iter().any(has_series) {
            return Err(SqlError::unsupported("GROUP BY a function that makes rows"));
        }
        group.iter_mut().for_each(|key| places.settle(key));
        rel = Rel::new(Op::Aggregate(rel, group, frame.aggregates), types);
    }
    if let Some(mut having) = having {
        places.settle(&mut having);
        rel = rel.filter(having);
    }
    if frame.series.len() > 1 {
        return Err(SqlError::unsupported("several functions that make rows in one SELECT"));
    }
    for (series, mut args, types) in frame.series {
        args.iter_mut().for_each(|arg| places.settle(arg));
        let mut all = rel.types.clone();
        all.extend(types);
        rel = Rel::new(Op::FlatMap(rel, series, args), all);
    }
    if !frame.windows.is_empty() {
        let mut windows = frame.windows;
        for scalar in windows.iter_mut().flat_map(crate::sandbox::query::window::WindowCall::scalars_mut) {
            places.settle(scalar);
        }
        let mut all = rel.types.clone();
        all.extend(windows.iter().map(|window| window.kind.clone()));
        rel = Rel::new(Op::Window(rel, windows), all);
    }
    Ok((rel, places))
}

fn has_series(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Series(_)) || scalar.parts().into_iter().any(has_series)
}

/// Computes the columns, drops what is there twice, orders.
fn finished(
    rel: Rel,
    places: &Places,
    (names, outputs): (Vec<String>, Vec<Typed>),
    select: &tree::Select,
    (distinct_on, sort): (Option<Vec<Typed>>, Vec<(&tree::OrderByExpr, Typed)>),
) -> Result<Bound, SqlError> {
    let width = outputs.len();
    let columns: Vec<OutColumn> = names
        .into_iter()
        .zip(&outputs)
        .map(|(name, typed)| OutColumn { name, kind: typed.kind.clone(), nullable: typed.nullable })
        .collect();
    let mut exprs: Vec<Typed> = outputs;
    let place = |typed: Typed, exprs: &mut Vec<Typed>| match exprs
        .iter()
        .position(|own| own.scalar.says(&typed.scalar))
    {
        Some(at) => at,
        None => {
            exprs.push(typed);
            exprs.len() - 1
        }
    };
    let group: Option<Vec<usize>> =
        distinct_on.map(|keys| keys.into_iter().map(|key| place(key, &mut exprs)).collect());
    let mut order: Vec<Order> = Vec::with_capacity(sort.len());
    for (key, typed) in sort {
        let kind = typed.kind.clone();
        let at = place(typed, &mut exprs);
        order.push(order_key(key, Scalar::column(at), kind));
    }
    let distinct = matches!(select.distinct, Some(tree::Distinct::Distinct));
    if distinct && exprs.len() > width {
        return Err(SqlError::internal(
            "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
        ));
    }
    let types: Vec<Type> = exprs
        .iter()
        .map(|typed| if typed.kind == Type::Unknown { Type::Text } else { typed.kind.clone() })
        .collect();
    let exprs: Vec<Scalar> = exprs
        .into_iter()
        .map(|mut typed| {
            places.settle(&mut typed.scalar);
            typed.scalar
        })
        .collect();
    let extra = exprs.len() > width;
    let mut rel = rel.project(exprs, types.clone());
    if distinct {
        rel = rel.distinct();
    }
    if let Some(group) = group {
        let order = order.clone();
        rel = Rel::new(Op::Top { input: rel, group, order, limit: Some(1), offset: 0 }, types);
    }
    rel = sorted(rel, order);
    if extra {
        rel = rel.pick(&(0..width).collect::<Vec<_>>());
    }
    Ok(Bound { rel, columns })
}
