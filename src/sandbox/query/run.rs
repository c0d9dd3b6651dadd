//! Runs settled queries on DataFusion's operators.
//!
//! Joins, filters, projections, groups and orders are DataFusion's; what an expression or an
//! aggregate computes is this room's, so that it is what the server computes. Operators that
//! DataFusion lacks take all rows of their input at once. Start reading at [`Run::rows`].

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::LazyLock;

use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::JoinSide;
use datafusion::common::JoinType;
use datafusion::common::NullEquality;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::PhysicalSortExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::aggregates::AggregateMode;
use datafusion::physical_plan::aggregates::PhysicalGroupBy;
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::joins::NestedLoopJoinExec;
use datafusion::physical_plan::joins::PartitionMode;
use datafusion::physical_plan::joins::utils::ColumnIndex;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::super::error::SqlError;
use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::aggregate;
use super::aggregate::Aggregate;
use super::batch;
use super::batch::Batch;
use super::datum::Datum;
use super::operator;
use super::rel::Items;
use super::rel::Joining;
use super::rel::Op;
use super::rel::Order;
use super::rel::Rel;
use super::rel::Rounds;
use super::scalar::Context;
use super::scalar::Scalar;
use super::scan;
use super::series;
use super::window;

/// A plan of the engine.
type Plan = Arc<dyn ExecutionPlan>;

/// How often a `WITH MUTUALLY RECURSIVE` may go round; the server has no limit, a test has.
const MOST_ROUNDS: usize = 10_000;

/// How many rows the engine is given at once; its own number.
const PIECE: usize = 8_192;

static TASK: LazyLock<Arc<TaskContext>> = LazyLock::new(|| Arc::new(TaskContext::default()));

/// One run of a query.
#[derive(Clone)]
pub(super) struct Run {
    /// What it reads.
    pub(super) context: Arc<Context>,
    /// What the queries of a `WITH MUTUALLY RECURSIVE` hold at this round.
    recursive: HashMap<usize, Batch>,
    /// The rows of the views that are read.
    pub(super) views: Arc<HashMap<ItemId, Batch>>,
}

/// The engine's error as the server's.
pub(super) fn error(error: &DataFusionError) -> SqlError {
    match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<Failure>() {
            Some(Failure(error)) => error.clone(),
            None => SqlError::internal(format!("the engine failed: {inner}")),
        },
        DataFusionError::NotImplemented(what) => SqlError::unsupported(what),
        other => SqlError::internal(format!("the engine failed: {other}")),
    }
}

/// An error of the server on its way through the engine.
#[derive(Debug)]
pub(super) struct Failure(pub(super) SqlError);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl Run {
    /// A run of a query that has no subqueries; the views it reads are computed first, deepest
    /// first, so that a long chain of views needs no deep stack.
    ///
    /// # Errors
    /// As [`Run::rows`].
    pub(super) async fn new(context: Arc<Context>, rel: &Rel) -> Result<Self, SqlError> {
        let mut run = Self { context, recursive: HashMap::new(), views: Arc::default() };
        let mut queries: HashMap<ItemId, Rel> = HashMap::new();
        let mut open: Vec<ItemId> = run.views_of(rel).into_keys().collect();
        while let Some(id) = open.last().copied() {
            if run.views.contains_key(&id) {
                open.pop();
                continue;
            }
            let query = match queries.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let Some(text) = run.view(id) else {
                        open.pop();
                        continue;
                    };
                    let bound = super::bind::stored(&run.context, &text)?;
                    new.insert(super::engine::ready(bound.rel)?)
                }
            };
            let missing: Vec<ItemId> =
                run.views_of(query).into_keys().filter(|below| !run.views.contains_key(below)).collect();
            if missing.is_empty() {
                let rows = run.rows(query).await?;
                Arc::make_mut(&mut run.views).insert(id, rows);
                open.pop();
            } else {
                open.extend(missing);
            }
        }
        Ok(run)
    }

    /// The views that a query reads.
    fn views_of(&self, rel: &Rel) -> HashMap<ItemId, String> {
        let mut items = Items::default();
        rel.items(&mut items);
        items.ids.into_iter().filter_map(|id| Some((id, self.view(id)?))).collect()
    }

    /// The query of a view.
    fn view(&self, id: ItemId) -> Option<String> {
        match &self.context.view.state.catalog.items.get(&id)?.data {
            // What a scheduled refresh saw is not kept: reading it is refused.
            ItemData::MaterializedView { refresh, .. } if !refresh.is_empty() => None,
            ItemData::View { query } | ItemData::MaterializedView { query, .. } => Some(query.clone()),
            ItemData::Table { .. }
            | ItemData::Index { .. }
            | ItemData::Source(_)
            | ItemData::Sink { .. }
            | ItemData::Connection { .. }
            | ItemData::Secret
            | ItemData::Type { .. } => None,
        }
    }

    /// The rows of a query that has no subqueries.
    ///
    /// # Errors
    /// What the server says of values that cannot be computed; `0A000`.
    pub(super) fn rows<'a>(&'a self, rel: &'a Rel) -> BoxFuture<'a, Result<Batch, SqlError>> {
        Box::pin(async move {
            match &*rel.op {
                Op::Shared(once) => {
                    let rows = once.rows.get_or_try_init(|| self.rows(&once.rel)).await?;
                    Ok(rows.clone())
                }
                Op::Recursive(id) => match self.recursive.get(id) {
                    Some(rows) => Ok(rows.clone()),
                    None => Ok(Batch::of_rows(rel.types.clone(), Vec::new())),
                },
                Op::Constant(rows) => {
                    let rows = rows.iter().map(|row| self.values(row, &[])).collect::<Result<_, _>>()?;
                    Ok(Batch::of_rows(rel.types.clone(), rows))
                }
                Op::Recursion(parts, body, rounds) => self.recursion(parts, body, *rounds).await,
                Op::FlatMap(input, series, args) => self.flat_map(rel, input, (*series, args)).await,
                Op::Window(input, calls) => {
                    let mut rows = self.rows(input).await?.into_rows();
                    window::append(&self.context, calls, &mut rows)?;
                    Ok(Batch::of_rows(rel.types.clone(), rows))
                }
                Op::Distinct(input) => {
                    let rows = distinct(self.rows(input).await?.into_rows());
                    Ok(Batch::of_rows(rel.types.clone(), rows))
                }
                Op::Top { input, group, order, limit, offset }
                    if !group.is_empty() || limit.is_some() || *offset > 0 =>
                {
                    let rows = self.rows(input).await?.into_rows();
                    let rows = self.top(rows, group, order, (*limit, *offset))?;
                    Ok(Batch::of_rows(rel.types.clone(), rows))
                }
                Op::Union(inputs) => {
                    let mut rows = Vec::new();
                    for input in inputs {
                        rows.extend(self.rows(input).await?.into_rows());
                        if rows.len() > series::MOST_ROWS {
                            return Err(series::too_many());
                        }
                    }
                    Ok(Batch::of_rows(rel.types.clone(), rows))
                }
                Op::Match { left, right, both, all } => {
                    let (left, right) =
                        (self.rows(left).await?.into_rows(), self.rows(right).await?.into_rows());
                    Ok(Batch::of_rows(rel.types.clone(), matched(left, right, *both, *all)))
                }
                Op::Item(_) | Op::System(_) | Op::Project(..) | Op::Filter(..) => match self.scan(rel).await?
                {
                    Some(rows) => Ok(rows),
                    // What is computed last is not given to the engine and taken back from it.
                    None => match &*rel.op {
                        Op::Project(input, exprs) if scan::computes(exprs) => {
                            self.projected(rel, input, exprs).await
                        }
                        _ => self.engine(rel).await,
                    },
                },
                Op::Join { .. } | Op::Aggregate(..) | Op::Top { .. } => self.engine(rel).await,
            }
        })
    }

    async fn engine(&self, rel: &Rel) -> Result<Batch, SqlError> {
        let plan = self.plan(rel).await?;
        let mut stream = execute_stream(plan, Arc::clone(&TASK)).map_err(|e| error(&e))?;
        let (mut parts, mut count) = (Vec::new(), 0_usize);
        while let Some(part) = stream.next().await {
            let part = part.map_err(|e| error(&e))?;
            count += part.num_rows();
            if count > series::MOST_ROWS {
                return Err(series::too_many());
            }
            parts.push(part);
        }
        Ok(Batch::of_engine(rel.types.clone(), parts))
    }

    /// The values of expressions for a row.
    ///
    /// # Errors
    /// What the server says of values that cannot be computed.
    pub(super) fn values(&self, scalars: &[Scalar], row: &[Datum]) -> Result<Vec<Datum>, SqlError> {
        scalars.iter().map(|scalar| scalar.eval(&self.context, row)).collect()
    }

    async fn recursion(
        &self,
        parts: &[(usize, Rel)],
        body: &Rel,
        rounds: Option<Rounds>,
    ) -> Result<Batch, SqlError> {
        let mut run = self.clone();
        for (id, rel) in parts {
            run.recursive.insert(*id, Batch::of_rows(rel.types.clone(), Vec::new()));
        }
        let sorted = |batch: &Batch| {
            let mut rows: Vec<Vec<Vec<u8>>> =
                batch.clone().into_rows().iter().map(|row| row.iter().map(Datum::bytes).collect()).collect();
            rows.sort();
            rows
        };
        for round in 0..MOST_ROUNDS {
            let full = rounds.filter(|rounds| rounds.most == round as u64);
            let mut changed = false;
            if full.is_some_and(|rounds| rounds.returns) {
                let mut body = body.clone();
                body.renew();
                return run.rows(&body).await;
            }
            for (id, rel) in parts {
                let mut rel = rel.clone();
                rel.renew();
                let rows = run.rows(&rel).await?;
                let before = run.recursive.get(id).map(sorted).unwrap_or_default();
                changed |= before != sorted(&rows);
                run.recursive.insert(*id, rows);
            }
            if !changed {
                let mut body = body.clone();
                body.renew();
                return run.rows(&body).await;
            }
            if let Some(Rounds { most, .. }) = full {
                return Err(SqlError::internal(format!(
                    "Evaluation error: Recursive query exceeded the recursion limit {most}. (Use RETURN AT \
                     RECURSION LIMIT to not error, but return the current state as the final result when \
                     reaching the limit.)"
                )));
            }
        }
        Err(SqlError::unsupported(format!("WITH MUTUALLY RECURSIVE of more than {MOST_ROUNDS} rounds")))
    }

    async fn flat_map(
        &self,
        rel: &Rel,
        input: &Rel,
        (series, args): (series::Series, &[Scalar]),
    ) -> Result<Batch, SqlError> {
        let mut made = Vec::new();
        for row in self.rows(input).await?.into_rows() {
            let values = self.values(args, &row)?;
            for (new, number) in series::rows(series, &values)?.into_iter().zip(1..) {
                let mut all: Vec<Datum> = row.iter().cloned().chain(new).collect();
                // One column more than the function makes is the number of the row.
                if all.len() < rel.types.len() {
                    all.push(Datum::Int(number));
                }
                made.push(all);
            }
            if made.len() > series::MOST_ROWS {
                return Err(series::too_many());
            }
        }
        Ok(Batch::of_rows(rel.types.clone(), made))
    }

    fn top(
        &self,
        rows: Vec<Vec<Datum>>,
        group: &[usize],
        order: &[Order],
        (limit, offset): (Option<u64>, u64),
    ) -> Result<Vec<Vec<Datum>>, SqlError> {
        let mut keyed = Vec::with_capacity(rows.len());
        for row in rows {
            let keys =
                order.iter().map(|key| key.by.eval(&self.context, &row)).collect::<Result<Vec<_>, _>>()?;
            keyed.push((keys, row));
        }
        keyed.sort_by(|(a, _), (b, _)| aggregate::compare(order, a, b));
        let mut counts: HashMap<Vec<Vec<u8>>, u64> = HashMap::new();
        let within = |row: &Vec<Datum>| {
            let key = group.iter().map(|at| row.get(*at).map(Datum::bytes).unwrap_or_default()).collect();
            let count = counts.entry(key).or_default();
            *count += 1;
            *count > offset && limit.is_none_or(|limit| *count - offset <= limit)
        };
        let mut within = within;
        Ok(keyed.into_iter().map(|(_, row)| row).filter(|row| within(row)).collect())
    }

    /// The engine's plan of an operator.
    fn plan<'a>(&'a self, rel: &'a Rel) -> BoxFuture<'a, Result<Plan, SqlError>> {
        Box::pin(async move {
            match &*rel.op {
                Op::Project(input, exprs) if !scan::is_scan(rel) => {
                    let plan = self.plan(input).await?;
                    let schema = plan.schema();
                    let exprs: Vec<(Arc<dyn PhysicalExpr>, String)> = exprs
                        .iter()
                        .zip(&rel.types)
                        .enumerate()
                        .map(|(at, (expr, of))| (self.expr(expr, of, &schema), at.to_string()))
                        .collect();
                    let plan = ProjectionExec::try_new(exprs, plan).map_err(|e| error(&e))?;
                    Ok(Arc::new(plan) as Plan)
                }
                Op::Filter(input, predicate) if !scan::is_scan(rel) => {
                    let plan = self.plan(input).await?;
                    let predicate = self.expr(predicate, &Type::Bool, &plan.schema());
                    Ok(Arc::new(FilterExec::try_new(predicate, plan).map_err(|e| error(&e))?) as Plan)
                }
                Op::Aggregate(input, keys, aggregates) => {
                    let plan = self.plan(input).await?;
                    self.aggregate(plan, rel, (keys, aggregates))
                }
                Op::Top { input, group, order, limit: None, offset: 0 } if group.is_empty() => {
                    let plan = self.plan(input).await?;
                    Ok(self.sort(plan, order))
                }
                Op::Join { left, right, joining, on, .. } => {
                    let (plan_left, plan_right) = (self.plan(left).await?, self.plan(right).await?);
                    self.join((plan_left, left), (plan_right, right), *joining, on)
                }
                _ => {
                    let parts = self.rows(rel).await?.into_engine()?;
                    let parts: Vec<RecordBatch> = parts.iter().flat_map(pieces).collect();
                    let schema = batch::schema(&rel.types);
                    let source = MemorySourceConfig::try_new_exec(&[parts], schema, None);
                    Ok(source.map_err(|e| error(&e))? as Plan)
                }
            }
        })
    }

    fn expr(&self, scalar: &Scalar, of: &Type, input: &Schema) -> Arc<dyn PhysicalExpr> {
        operator::expr(&self.context, scalar, of, input)
    }

    fn sort(&self, plan: Plan, order: &[Order]) -> Plan {
        let input = plan.schema();
        let keys = order.iter().map(|key| PhysicalSortExpr {
            expr: self.expr(&key.by, &key.kind, &input),
            options: SortOptions { descending: key.descending, nulls_first: key.nulls_first },
        });
        match LexOrdering::new(keys) {
            Some(keys) => Arc::new(SortExec::new(keys, plan)),
            None => plan,
        }
    }

    fn aggregate(
        &self,
        plan: Plan,
        rel: &Rel,
        (keys, aggregates): (&[Scalar], &[Aggregate]),
    ) -> Result<Plan, SqlError> {
        let schema = plan.schema();
        let group: Vec<(Arc<dyn PhysicalExpr>, String)> = keys
            .iter()
            .zip(&rel.types)
            .enumerate()
            .map(|(at, (key, of))| (self.expr(key, of, &schema), at.to_string()))
            .collect();
        let mut folds = Vec::new();
        let mut filters = Vec::new();
        for (at, aggregate) in aggregates.iter().enumerate() {
            let name = (keys.len() + at).to_string();
            folds.push(operator::fold(&self.context, aggregate, &schema, &name).map_err(|e| error(&e))?);
            filters.push(aggregate.filter.as_ref().map(|filter| self.expr(filter, &Type::Bool, &schema)));
        }
        let group = PhysicalGroupBy::new_single(group);
        let plan = AggregateExec::try_new(AggregateMode::Single, group, folds, filters, plan, schema);
        Ok(Arc::new(plan.map_err(|e| error(&e))?))
    }

    fn join(
        &self,
        (left, rel_left): (Plan, &Rel),
        (right, rel_right): (Plan, &Rel),
        joining: Joining,
        on: &Scalar,
    ) -> Result<Plan, SqlError> {
        let middle = rel_left.arity();
        let (keys, rest, null_equality) = keys(on, middle);
        let types: Vec<Type> = rel_left.types.iter().chain(&rel_right.types).cloned().collect();
        let filter = (!rest.is_empty()).then(|| {
            let all = rest.into_iter().reduce(Scalar::and).unwrap_or(Scalar::truth(true));
            let columns = (0..types.len())
                .map(|at| {
                    let side = if at < middle { JoinSide::Left } else { JoinSide::Right };
                    ColumnIndex { index: if at < middle { at } else { at - middle }, side }
                })
                .collect();
            {
                let schema = batch::schema(&types);
                JoinFilter::new(self.expr(&all, &Type::Bool, &schema), columns, schema)
            }
        });
        let kind = match joining {
            Joining::Inner => JoinType::Inner,
            Joining::Left => JoinType::Left,
            Joining::Right => JoinType::Right,
            Joining::Full => JoinType::Full,
        };
        if keys.is_empty() {
            let plan = NestedLoopJoinExec::try_new(left, right, filter, &kind, None);
            return Ok(Arc::new(plan.map_err(|e| error(&e))?));
        }
        let pairs = keys
            .into_iter()
            .map(|(a, b)| {
                let of = key_type(&a, &rel_left.types);
                let other = key_type(&b, &rel_right.types);
                let of = of.or(other).unwrap_or(Type::Text);
                (self.expr(&a, &of, &left.schema()), self.expr(&b, &of, &right.schema()))
            })
            .collect();
        let mode = PartitionMode::CollectLeft;
        let plan = HashJoinExec::try_new(left, right, pairs, filter, &kind, None, mode, null_equality, false);
        Ok(Arc::new(plan.map_err(|e| error(&e))?))
    }
}

/// Rows in pieces: what the engine makes of one, such as the pairs of a join, it makes at once.
fn pieces(batch: &RecordBatch) -> Vec<RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(PIECE);
    starts.map(|from| batch.slice(from, PIECE.min(batch.num_rows() - from))).collect()
}

/// The type of a key of a join, where it can be told.
fn key_type(scalar: &Scalar, input: &[Type]) -> Option<Type> {
    match scalar {
        Scalar::Column { index, .. } => input.get(*index).cloned(),
        Scalar::Cast(_, _, to, _) => Some(to.clone()),
        _ => None,
    }
}

/// Splits a condition into what can be looked up and what has to be tried.
fn keys(on: &Scalar, middle: usize) -> (Vec<(Scalar, Scalar)>, Vec<Scalar>, NullEquality) {
    let conjuncts = on.clone().conjuncts();
    let pair = |scalar: &Scalar, same: bool| -> Option<(Scalar, Scalar)> {
        let (left, right) = match scalar {
            Scalar::Compare(super::scalar::Comparison::Eq, left, right) if !same => (left, right),
            Scalar::Same(left, right) if same => (left, right),
            _ => return None,
        };
        let side = |scalar: &Scalar| {
            let mut reads = Vec::new();
            scalar.reads(&mut reads);
            let typed = matches!(scalar, Scalar::Column { .. } | Scalar::Cast(..));
            (!reads.is_empty() && typed)
                .then_some((reads.iter().all(|at| *at < middle), reads.iter().all(|at| *at >= middle)))
        };
        match (side(left)?, side(right)?) {
            ((true, _), (_, true)) => Some(((**left).clone(), moved(right, middle))),
            ((_, true), (true, _)) => Some(((**right).clone(), moved(left, middle))),
            _ => None,
        }
    };
    let has_plain = conjuncts.iter().any(|scalar| pair(scalar, false).is_some());
    let (mut keys, mut rest) = (Vec::new(), Vec::new());
    for scalar in conjuncts {
        match pair(&scalar, !has_plain) {
            Some(pair) => keys.push(pair),
            None => rest.push(scalar),
        }
    }
    let nulls = if has_plain { NullEquality::NullEqualsNothing } else { NullEquality::NullEqualsNull };
    (keys, rest, nulls)
}

fn moved(scalar: &Scalar, by: usize) -> Scalar {
    let mut scalar = scalar.clone();
    scalar.columns(0, &mut |column, _| {
        if let Scalar::Column { index, .. } = column {
            *index -= by;
        }
    });
    scalar
}

fn key(row: &[Datum]) -> Vec<Vec<u8>> {
    row.iter().map(Datum::bytes).collect()
}

fn distinct(rows: Vec<Vec<Datum>>) -> Vec<Vec<Datum>> {
    let mut seen = HashSet::new();
    rows.into_iter().filter(|row| seen.insert(key(row))).collect()
}

/// `EXCEPT` and `INTERSECT`.
fn matched(left: Vec<Vec<Datum>>, right: Vec<Vec<Datum>>, both: bool, all: bool) -> Vec<Vec<Datum>> {
    let mut counts: HashMap<Vec<Vec<u8>>, usize> = HashMap::new();
    for row in &right {
        *counts.entry(key(row)).or_default() += 1;
    }
    let left = if all { left } else { distinct(left) };
    let mut kept = Vec::new();
    for row in left {
        let found = match counts.get_mut(&key(&row)) {
            Some(0) | None => false,
            Some(count) => {
                *count -= usize::from(all);
                true
            }
        };
        if found == both {
            kept.push(row);
        }
    }
    kept
}
