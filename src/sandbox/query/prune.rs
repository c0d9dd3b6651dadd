//! Leaves out columns that nothing asks for, before the texts of a relation are read.
//!
//! A column that is left out stays in its place and is NULL. Start reading at [`prune`].

use std::collections::BTreeSet;

use super::datum::Datum;
use super::rel::Op;
use super::rel::Rel;
use super::scalar::Scalar;

/// Which columns are asked for; `None` is all.
type Wanted = Option<BTreeSet<usize>>;

/// Leaves out what a query does not need of its relations.
pub(super) fn prune(mut rel: Rel) -> Rel {
    down(&mut rel, None);
    rel
}

fn read<'s>(scalars: impl IntoIterator<Item = &'s Scalar>) -> BTreeSet<usize> {
    let mut found = Vec::new();
    scalars.into_iter().for_each(|scalar| scalar.reads(&mut found));
    found.into_iter().collect()
}

fn and(wanted: Wanted, more: BTreeSet<usize>) -> Wanted {
    wanted.map(|wanted| wanted.into_iter().chain(more).collect())
}

/// Whether it is a relation, filtered or not: what a scan reads.
fn is_relation(rel: &Rel) -> bool {
    match &*rel.op {
        Op::Filter(input, _) => is_relation(input),
        Op::Item(_) | Op::System(_) => true,
        _ => false,
    }
}

fn down(rel: &mut Rel, wanted: Wanted) {
    if is_relation(rel) {
        if let Some(wanted) = wanted.filter(|wanted| wanted.len() < rel.arity()) {
            let column = |at: usize| {
                if wanted.contains(&at) { Scalar::column(at) } else { Scalar::Literal(Datum::Null) }
            };
            let (exprs, types) = ((0..rel.arity()).map(column).collect(), rel.types.clone());
            *rel = std::mem::replace(rel, Rel::unit()).project(exprs, types);
        }
        return;
    }
    match &mut *rel.op {
        // A scan sees for itself what a projection reads.
        Op::Project(input, _) if is_relation(input) => {}
        Op::Project(input, exprs) => down(input, Some(read(exprs.iter()))),
        Op::Filter(input, predicate) => down(input, and(wanted, read([&*predicate]))),
        Op::Join { left, right, on, .. } => {
            let wanted = and(wanted, read([&*on]));
            let middle = left.arity();
            let before = wanted.as_ref().map(|all| all.range(..middle).copied().collect());
            let behind = wanted.as_ref().map(|all| all.range(middle..).map(|at| at - middle).collect());
            down(left, before);
            down(right, behind);
        }
        Op::FlatMap(input, _, args) => {
            let arity = input.arity();
            let wanted = wanted.map(|all| all.range(..arity).copied().collect());
            down(input, and(wanted, read(args.iter())));
        }
        Op::Aggregate(input, keys, aggregates) => {
            let mut all = read(keys.iter());
            for aggregate in aggregates {
                all.extend(read(aggregate.scalars_mut().into_iter().map(|scalar| &*scalar)));
            }
            down(input, Some(all));
        }
        Op::Top { input, group, order, .. } => {
            let mut more = read(order.iter().map(|key| &key.by));
            more.extend(group.iter().copied());
            down(input, and(wanted, more));
        }
        Op::Union(inputs) => inputs.iter_mut().for_each(|input| down(input, wanted.clone())),
        Op::Constant(_)
        | Op::Item(_)
        | Op::System(_)
        | Op::Shared(_)
        | Op::Recursive(_)
        | Op::Recursion(..)
        | Op::Window(..)
        | Op::Distinct(_)
        | Op::Match { .. } => rel.inputs_mut().into_iter().for_each(|input| down(input, None)),
    }
}
