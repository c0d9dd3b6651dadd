//! Takes queries out of expressions: every subquery and lateral join becomes an ordinary join.
//!
//! A subquery that reads columns from outside is computed for all the values that these columns
//! have at once: the distinct values are joined in at its bottom, carried through every operator
//! as keys, and joined back at its top. Start reading at [`flatten`].

use super::super::error::SqlError;
use super::super::model::column::Type;
use super::aggregate::Aggregate;
use super::aggregate::Fold;
use super::datum::Datum;
use super::push::push;
use super::rel::Joining;
use super::rel::Op;
use super::rel::Order;
use super::rel::Rel;
use super::scalar::Comparison;
use super::scalar::Question;
use super::scalar::Scalar;
use super::series::Series;
use super::window::WindowCall;

/// The values of the columns from outside: one row for each combination.
struct Outside {
    /// How far out each column is, and which it is.
    keys: Vec<(usize, usize)>,
    /// The rows.
    rel: Rel,
}

impl Outside {
    fn place(&self, level: usize, index: usize) -> Option<usize> {
        self.keys.iter().position(|key| *key == (level, index))
    }
}

/// Makes a query one without subqueries in expressions and without lateral joins.
///
/// # Errors
/// `0A000` for what cannot be made so.
pub(super) fn flatten(rel: Rel) -> Result<Rel, SqlError> {
    within(rel, None)
}

fn within(mut rel: Rel, outside: Option<&Outside>) -> Result<Rel, SqlError> {
    match outside {
        Some(outside) if rel.outer().is_empty() => {
            Ok(outside.rel.clone().join(operator(rel, None)?, Joining::Inner, Scalar::truth(true)))
        }
        other => operator(rel, other),
    }
}

/// Where the own columns begin: behind the keys.
fn shift(outside: Option<&Outside>) -> usize {
    outside.map_or(0, |outside| outside.keys.len())
}

/// An expression over the keys and the own columns; it has no subqueries.
fn settle(mut scalar: Scalar, outside: Option<&Outside>) -> Result<Scalar, SqlError> {
    let mut lost = false;
    scalar.columns(0, &mut |column, _| {
        if let Scalar::Column { level, index } = column {
            let place = match (*level, outside) {
                (0, outside) => Some(*index + shift(outside)),
                (level, Some(outside)) => outside.place(level, *index),
                (_, None) => None,
            };
            match place {
                Some(place) => *column = Scalar::column(place),
                None => lost = true,
            }
        }
    });
    if lost { Err(SqlError::unsupported("this correlation of a subquery")) } else { Ok(scalar) }
}

fn keys(count: usize) -> Vec<Scalar> {
    (0..count).map(Scalar::column).collect()
}

fn operator(rel: Rel, outside: Option<&Outside>) -> Result<Rel, SqlError> {
    let Rel { op, types } = rel;
    let before = shift(outside);
    let mut all: Vec<Type> = outside.map_or_else(Vec::new, |outside| outside.rel.types.clone());
    all.extend(types.iter().cloned());
    match *op {
        Op::Constant(rows) => constant(rows, types, all, outside),
        op @ (Op::Item(_) | Op::System(_) | Op::Shared(_) | Op::Recursive(_)) => Ok(Rel::new(op, types)),
        Op::Recursion(parts, body, rounds) => {
            let parts = parts
                .into_iter()
                .map(|(id, rel)| Ok((id, within(rel, None)?)))
                .collect::<Result<_, SqlError>>()?;
            Ok(Rel::new(Op::Recursion(parts, within(body, None)?, rounds), types))
        }
        Op::Project(input, exprs) => {
            let (input, mut exprs) = attach(within(input, outside)?, exprs, outside)?;
            let mut every = keys(before);
            every.append(&mut exprs);
            Ok(input.project(every, all))
        }
        Op::Filter(input, predicate) => {
            let input = within(input, outside)?;
            let arity = input.arity();
            // What needs no subquery comes first: it leaves fewer rows for those that do.
            let (later, first): (Vec<Scalar>, Vec<Scalar>) =
                predicate.conjuncts().into_iter().partition(Scalar::has_subquery);
            let mut input = input;
            for condition in first {
                input = input.filter(settle(condition, outside)?);
            }
            let (input, later) = attach(input, later, outside)?;
            let filtered = match later.into_iter().reduce(Scalar::and) {
                Some(all) => input.filter(all),
                None => input,
            };
            Ok(trim(filtered, arity))
        }
        Op::Join { left, right, joining, on, lateral } => join(left, right, (joining, on, lateral), outside),
        Op::FlatMap(input, series, args) => flat_map(input, series, args, &all, outside),
        Op::Aggregate(input, group, aggregates) => aggregate(input, group, aggregates, all, outside),
        Op::Window(input, calls) => window(input, calls, outside),
        Op::Distinct(input) => Ok(within(input, outside)?.distinct()),
        Op::Top { input, group, order, limit, offset } => {
            let input = within(input, outside)?;
            let group: Vec<usize> = (0..before).chain(group.into_iter().map(|at| at + before)).collect();
            let order = order
                .into_iter()
                .map(|key| Ok(Order { by: settle(key.by, outside)?, ..key }))
                .collect::<Result<Vec<Order>, SqlError>>()?;
            Ok(Rel::new(Op::Top { input, group, order, limit, offset }, all))
        }
        Op::Union(inputs) => {
            let inputs = inputs.into_iter().map(|input| within(input, outside)).collect::<Result<_, _>>()?;
            Ok(Rel::new(Op::Union(inputs), all))
        }
        Op::Match { left, right, both, all: every } => {
            let (left, right) = (within(left, outside)?, within(right, outside)?);
            Ok(Rel::new(Op::Match { left, right, both, all: every }, all))
        }
    }
}

fn flat_map(
    input: Rel,
    series: Series,
    args: Vec<Scalar>,
    all: &[Type],
    outside: Option<&Outside>,
) -> Result<Rel, SqlError> {
    let input = within(input, outside)?;
    let arity = input.arity();
    let (input, args) = attach(input, args, outside)?;
    let extra = input.arity() - arity;
    let own = all.get(arity..).unwrap_or_default().to_vec();
    let mut types = input.types.clone();
    types.extend(own);
    let columns: Vec<usize> = (0..arity).chain(arity + extra..types.len()).collect();
    let mapped = Rel::new(Op::FlatMap(input, series, args), types);
    Ok(if extra == 0 { mapped } else { mapped.pick(&columns) })
}

fn window(input: Rel, mut calls: Vec<WindowCall>, outside: Option<&Outside>) -> Result<Rel, SqlError> {
    let before = shift(outside);
    let input = within(input, outside)?;
    let arity = input.arity();
    let mut exprs: Vec<Scalar> = Vec::new();
    for scalar in calls.iter_mut().flat_map(WindowCall::scalars_mut) {
        exprs.push(scalar.clone());
    }
    let (input, exprs) = attach(input, exprs, outside)?;
    let mut exprs = exprs.into_iter();
    for scalar in calls.iter_mut().flat_map(WindowCall::scalars_mut) {
        *scalar = exprs.next().unwrap_or(Scalar::truth(true));
    }
    for call in &mut calls {
        call.partition.extend(keys(before));
    }
    let extra = input.arity() - arity;
    let mut types = input.types.clone();
    types.extend(calls.iter().map(|call| call.kind.clone()));
    let columns: Vec<usize> = (0..arity).chain(arity + extra..types.len()).collect();
    Ok(Rel::new(Op::Window(input, calls), types).pick(&columns))
}

/// Leaves only the first columns.
fn trim(rel: Rel, arity: usize) -> Rel {
    if rel.arity() == arity { rel } else { rel.pick(&(0..arity).collect::<Vec<_>>()) }
}

fn constant(
    rows: Vec<Vec<Scalar>>,
    types: Vec<Type>,
    all: Vec<Type>,
    outside: Option<&Outside>,
) -> Result<Rel, SqlError> {
    let plain = outside.is_none() && !rows.iter().flatten().any(Scalar::has_subquery);
    if plain {
        return Ok(Rel::new(Op::Constant(rows), types));
    }
    let mut parts = Vec::with_capacity(rows.len());
    for row in rows {
        let input = outside.map_or_else(Rel::unit, |outside| outside.rel.clone());
        let (input, exprs) = attach(input, row, outside)?;
        let every = keys(shift(outside)).into_iter().chain(exprs).collect();
        parts.push(input.project(every, all.clone()));
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Rel::new(Op::Union(parts), all) })
}

fn aggregate(
    input: Rel,
    group: Vec<Scalar>,
    mut aggregates: Vec<Aggregate>,
    all: Vec<Type>,
    outside: Option<&Outside>,
) -> Result<Rel, SqlError> {
    let before = shift(outside);
    let whole = group.is_empty();
    let count = group.len();
    let mut exprs = group;
    for scalar in aggregates.iter_mut().flat_map(Aggregate::scalars_mut) {
        exprs.push(scalar.clone());
    }
    let (input, exprs) = attach(within(input, outside)?, exprs, outside)?;
    let mut exprs = exprs.into_iter();
    let mut group = keys(before);
    group.extend(exprs.by_ref().take(count));
    for scalar in aggregates.iter_mut().flat_map(Aggregate::scalars_mut) {
        *scalar = exprs.next().unwrap_or(Scalar::truth(true));
    }
    let folds: Vec<Fold> = aggregates.iter().map(|aggregate| aggregate.fold).collect();
    let grouped = Rel::new(Op::Aggregate(input, group, aggregates), all.clone());
    let Some(outside) = outside.filter(|_| whole) else { return Ok(grouped) };
    // Without a GROUP BY there is a row for every key, though nothing may belong to it.
    let arity = grouped.arity();
    let on = same_keys(before, before);
    let joined = outside.rel.clone().join(grouped, Joining::Left, on);
    let mut columns = keys(before);
    for (at, fold) in (before..arity).zip(folds) {
        let column = Scalar::column(before + at);
        columns.push(match fold {
            Fold::Count => Scalar::Coalesce(vec![column, Scalar::Literal(Datum::Int(0))]),
            Fold::AnyOrNone => Scalar::Coalesce(vec![column, Scalar::truth(false)]),
            _ => column,
        });
    }
    Ok(joined.project(columns, all))
}

/// The first columns are the same as those from a place on.
fn same_keys(count: usize, from: usize) -> Scalar {
    (0..count).fold(Scalar::truth(true), |all, key| {
        let same = Scalar::Same(Box::new(Scalar::column(key)), Box::new(Scalar::column(from + key)));
        Scalar::and(all, same)
    })
}

fn join(
    left: Rel,
    mut right: Rel,
    (joining, on, lateral): (Joining, Scalar, bool),
    outside: Option<&Outside>,
) -> Result<Rel, SqlError> {
    let before = shift(outside);
    let (own_left, own_right) = (left.arity(), right.arity());
    if on.has_subquery() && joining != Joining::Inner {
        return Err(SqlError::unsupported("a subquery in the ON of an outer join"));
    }
    if outside.is_some() && matches!(joining, Joining::Right | Joining::Full) {
        return Err(SqlError::unsupported("a RIGHT or FULL JOIN in a correlated subquery"));
    }
    let reads = right.outer();
    let (joined, keys_between, left) = if lateral && reads.iter().any(|(level, _)| *level == 1) {
        if matches!(joining, Joining::Right | Joining::Full) {
            return Err(SqlError::unsupported("a RIGHT or FULL JOIN with LATERAL"));
        }
        let left = push(within(left, outside)?).shared();
        let places = places(&reads, outside)?;
        let inner = Outside { rel: left.clone().pick(&places).distinct().shared(), keys: reads };
        (within(right, Some(&inner))?, places, left)
    } else {
        if lateral {
            // It sees the left side but does not look: what it reads is one level nearer.
            right.columns(0, &mut |column, depth| {
                if let Scalar::Column { level, .. } = column
                    && *level > depth
                {
                    *level -= 1;
                }
            });
        }
        let left = within(left, outside)?;
        if right.outer().is_empty() {
            (within(right, None)?, Vec::new(), left)
        } else {
            (within(right, outside)?, (0..before).collect(), left)
        }
    };
    let between = keys_between.len();
    let middle = before + own_left;
    let mut condition = Scalar::truth(true);
    for (at, place) in keys_between.iter().enumerate() {
        let same = Scalar::Same(Box::new(Scalar::column(*place)), Box::new(Scalar::column(middle + at)));
        condition = Scalar::and(condition, same);
    }
    let columns: Vec<usize> = (0..middle).chain(middle + between..middle + between + own_right).collect();
    if on.has_subquery() {
        let product = left.join(joined, Joining::Inner, condition).pick(&columns);
        let arity = product.arity();
        let (input, mut parts) = attach(product, vec![on], outside)?;
        return Ok(trim(input.filter(parts.pop().unwrap_or(Scalar::truth(true))), arity));
    }
    let mut on = settle(on, outside)?;
    on.columns(0, &mut |column, _| {
        if let Scalar::Column { index, .. } = column
            && *index >= middle
        {
            *index += between;
        }
    });
    let result = left.join(joined, joining, Scalar::and(condition, on));
    Ok(if between == 0 { result } else { result.pick(&columns) })
}

/// Where the columns that a subquery reads from outside are among the keys and own columns here.
fn places(reads: &[(usize, usize)], outside: Option<&Outside>) -> Result<Vec<usize>, SqlError> {
    let place = |(level, index): &(usize, usize)| match (*level, outside) {
        (1, outside) => Some(index + shift(outside)),
        (level, Some(outside)) => outside.place(level - 1, *index),
        (_, None) => None,
    };
    let found: Option<Vec<usize>> = reads.iter().map(place).collect();
    found.ok_or_else(|| SqlError::unsupported("this correlation of a subquery"))
}

/// Joins the subqueries of expressions to their input; the expressions then read columns only.
fn attach(
    mut input: Rel,
    exprs: Vec<Scalar>,
    outside: Option<&Outside>,
) -> Result<(Rel, Vec<Scalar>), SqlError> {
    let mut done = Vec::with_capacity(exprs.len());
    for expr in exprs {
        done.push(if expr.has_subquery() { one(&mut input, expr, outside)? } else { settle(expr, outside)? });
    }
    Ok((input, done))
}

fn one(input: &mut Rel, mut expr: Scalar, outside: Option<&Outside>) -> Result<Scalar, SqlError> {
    if let Scalar::Subquery(question, rel) = expr {
        let question = match question {
            Question::Any(left, op) => Question::Any(Box::new(one(input, *left, outside)?), op),
            other => other,
        };
        return subquery(input, question, *rel, outside);
    }
    if !expr.has_subquery() {
        return settle(expr, outside);
    }
    for part in expr.parts_mut() {
        let taken = std::mem::replace(part, Scalar::truth(true));
        *part = one(input, taken, outside)?;
    }
    Ok(expr)
}

fn subquery(
    input: &mut Rel,
    question: Question,
    mut rel: Rel,
    outside: Option<&Outside>,
) -> Result<Scalar, SqlError> {
    let reads = rel.outer();
    let taken = std::mem::replace(input, Rel::unit());
    match question {
        // Rows with NULL in them cannot be looked up.
        Question::Any(left, Comparison::Eq)
            if reads.is_empty() && !matches!(rel.types.as_slice(), [Type::Record(_)]) =>
        {
            is_in(input, taken, *left, rel)
        }
        Question::Value => {
            let fold = |rel: Rel, keys: usize| {
                let kind = rel.types.get(keys).cloned().unwrap_or(Type::Text);
                grouped(rel, keys, Aggregate::of(Fold::Single, Scalar::column(keys), kind.clone(), kind))
            };
            let place = joined(input, taken, rel, (reads, None), outside, fold)?;
            Ok(Scalar::column(place))
        }
        Question::Exists => {
            let fold = |rel: Rel, keys: usize| {
                let marked = rel.pick(&(0..keys).collect::<Vec<_>>());
                let count = Aggregate {
                    fold: Fold::Count,
                    args: Vec::new(),
                    distinct: false,
                    order: Vec::new(),
                    filter: None,
                    kind: Type::Int8,
                };
                grouped(marked, keys, count)
            };
            let place = joined(input, taken, rel, (reads, None), outside, fold)?;
            let none = Scalar::Coalesce(vec![Scalar::column(place), Scalar::Literal(Datum::Int(0))]);
            Ok(Scalar::Not(Box::new(Scalar::equal(none, Scalar::Literal(Datum::Int(0))))))
        }
        Question::Any(left, op) => {
            let kind = rel.types.first().cloned().unwrap_or(Type::Text);
            // The value becomes one more column of the input, and one more key.
            let place = taken.arity();
            let mut exprs = keys(place);
            exprs.push(*left);
            let mut types = taken.types.clone();
            types.push(kind);
            let taken = taken.project(exprs, types);
            let fold = |rel: Rel, keys: usize| {
                let test =
                    Scalar::Compare(op, Box::new(Scalar::column(keys - 1)), Box::new(Scalar::column(keys)));
                grouped(rel, keys, Aggregate::of(Fold::AnyOrNone, test, Type::Bool, Type::Bool))
            };
            let place = joined(input, taken, rel, (reads, Some(place)), outside, fold)?;
            Ok(Scalar::Coalesce(vec![
                Scalar::Case(
                    vec![(Scalar::IsNull(Box::new(Scalar::column(place + 1))), Scalar::truth(false))],
                    Box::new(Scalar::column(place)),
                ),
                Scalar::Literal(Datum::Null),
            ]))
        }
    }
}

/// One aggregate for each combination of the first columns, and a mark that it is there.
fn grouped(rel: Rel, keys_: usize, aggregate: Aggregate) -> Rel {
    let mut types: Vec<Type> = rel.types.iter().take(keys_).cloned().collect();
    types.push(aggregate.kind.clone());
    let rel = Rel::new(Op::Aggregate(rel, keys(keys_), vec![aggregate]), types.clone());
    let mut columns = keys(keys_ + 1);
    columns.push(Scalar::truth(true));
    types.push(Type::Bool);
    rel.project(columns, types)
}

/// Joins a subquery to its input; tells where its value is, behind which stands its mark.
fn joined(
    input: &mut Rel,
    taken: Rel,
    rel: Rel,
    (reads, extra): (Vec<(usize, usize)>, Option<usize>),
    outside: Option<&Outside>,
    fold: impl Fn(Rel, usize) -> Rel,
) -> Result<usize, SqlError> {
    let mut places = places(&reads, outside)?;
    let mut keys = reads;
    if let Some(extra) = extra {
        places.push(extra);
        // No column from outside is that far out.
        keys.push((usize::MAX, extra));
    }
    let arity = taken.arity();
    if keys.is_empty() {
        *input = taken.join(fold(within(rel, None)?, 0), Joining::Inner, Scalar::truth(true));
        return Ok(arity);
    }
    let taken = push(taken).shared();
    let inner = Outside { rel: taken.clone().pick(&places).distinct().shared(), keys };
    let count = places.len();
    let right = fold(within(rel, Some(&inner))?, count);
    let mut on = Scalar::truth(true);
    for (at, place) in places.iter().enumerate() {
        let same = Scalar::Same(Box::new(Scalar::column(*place)), Box::new(Scalar::column(arity + at)));
        on = Scalar::and(on, same);
    }
    *input = taken.join(right, Joining::Left, on);
    Ok(arity + count)
}

/// `left IN (query)` of a query that reads nothing from outside: a look-up, not a comparison with
/// every row.
fn is_in(input: &mut Rel, taken: Rel, left: Scalar, rel: Rel) -> Result<Scalar, SqlError> {
    let arity = taken.arity();
    let values = push(within(rel, None)?.distinct()).shared();
    let kind = values.types.first().cloned().unwrap_or(Type::Text);
    let count = |args: Vec<(Scalar, Type)>| Aggregate {
        fold: Fold::Count,
        args,
        distinct: false,
        order: Vec::new(),
        filter: None,
        kind: Type::Int8,
    };
    let counts = vec![count(Vec::new()), count(vec![(Scalar::column(0), kind.clone())])];
    let counts = Rel::new(Op::Aggregate(values.clone(), Vec::new(), counts), vec![Type::Int8; 2]);
    let marked = values.project(vec![Scalar::column(0), Scalar::truth(true)], vec![kind, Type::Bool]);
    let on = Scalar::equal(left.clone(), Scalar::column(arity));
    *input = taken.join(marked, Joining::Left, on).join(counts, Joining::Inner, Scalar::truth(true));
    let number = |at| Scalar::column(arity + at);
    let is_null = |scalar| Scalar::IsNull(Box::new(scalar));
    Ok(Scalar::Case(
        vec![
            (Scalar::equal(number(2), Scalar::Literal(Datum::Int(0))), Scalar::truth(false)),
            (is_null(left), Scalar::Literal(Datum::Null)),
            (Scalar::Not(Box::new(is_null(number(1)))), Scalar::truth(true)),
            (Scalar::equal(number(2), number(3)), Scalar::truth(false)),
        ],
        Box::new(Scalar::Literal(Datum::Null)),
    ))
}
