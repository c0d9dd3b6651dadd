//! Moves conditions to where they spare most: below projections, into joins.

use super::rel::Joining;
use super::rel::Op;
use super::rel::Rel;
use super::scalar::Scalar;

/// Moves the conditions of a query without subqueries as far down as they go.
pub(super) fn push(rel: Rel) -> Rel {
    down(rel, Vec::new())
}

fn above(rel: Rel, conditions: Vec<Scalar>) -> Rel {
    match conditions.into_iter().reduce(Scalar::and) {
        Some(all) => rel.filter(all),
        None => rel,
    }
}

fn shifted(mut scalar: Scalar, by: usize) -> Scalar {
    scalar.columns(0, &mut |column, _| {
        if let Scalar::Column { index, .. } = column {
            *index -= by;
        }
    });
    scalar
}

fn reads(scalar: &Scalar) -> Vec<usize> {
    let mut found = Vec::new();
    scalar.reads(&mut found);
    found
}

fn down(rel: Rel, mut conditions: Vec<Scalar>) -> Rel {
    let Rel { op, types } = rel;
    match *op {
        Op::Filter(input, predicate) => {
            conditions.extend(predicate.conjuncts());
            down(input, conditions)
        }
        Op::Project(input, exprs) => {
            let simple = |scalar: &Scalar| {
                reads(scalar)
                    .iter()
                    .all(|at| matches!(exprs.get(*at), Some(Scalar::Column { .. } | Scalar::Literal(_))))
            };
            let (below, stay): (Vec<Scalar>, Vec<Scalar>) = conditions.into_iter().partition(simple);
            let below = below.into_iter().map(|scalar| replaced(scalar, &exprs)).collect();
            above(down(input, below).project(exprs, types), stay)
        }
        Op::Join { left, right, joining, on, lateral } => {
            join(left, right, (joining, on, lateral), conditions)
        }
        Op::Union(inputs) => {
            let inputs = inputs.into_iter().map(|input| down(input, conditions.clone())).collect();
            Rel::new(Op::Union(inputs), types)
        }
        Op::Distinct(input) => down(input, conditions).distinct(),
        other => {
            let mut rel = Rel::new(other, types);
            for input in rel.inputs_mut() {
                let taken = std::mem::replace(input, Rel::unit());
                *input = down(taken, Vec::new());
            }
            above(rel, conditions)
        }
    }
}

fn replaced(mut scalar: Scalar, exprs: &[Scalar]) -> Scalar {
    if let Scalar::Column { index, .. } = &scalar {
        return exprs.get(*index).cloned().unwrap_or(scalar);
    }
    for part in scalar.parts_mut() {
        let taken = std::mem::replace(part, Scalar::truth(true));
        *part = replaced(taken, exprs);
    }
    scalar
}

fn join(
    left: Rel,
    right: Rel,
    (joining, on, lateral): (Joining, Scalar, bool),
    conditions: Vec<Scalar>,
) -> Rel {
    let middle = left.arity();
    let mut types = left.types.clone();
    types.extend(right.types.iter().cloned());
    let only_left = |scalar: &Scalar| reads(scalar).iter().all(|at| *at < middle);
    let only_right = |scalar: &Scalar| {
        let columns = reads(scalar);
        !columns.is_empty() && columns.iter().all(|at| *at >= middle)
    };
    let (mut to_left, mut to_right, mut stay, mut here) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    match joining {
        Joining::Inner => {
            for condition in on.conjuncts().into_iter().chain(conditions) {
                if only_left(&condition) {
                    to_left.push(condition);
                } else if only_right(&condition) {
                    to_right.push(shifted(condition, middle));
                } else {
                    here.push(condition);
                }
            }
        }
        Joining::Left => {
            for condition in conditions {
                if only_left(&condition) { to_left.push(condition) } else { stay.push(condition) }
            }
            for condition in on.conjuncts() {
                if only_right(&condition) {
                    to_right.push(shifted(condition, middle))
                } else {
                    here.push(condition)
                }
            }
        }
        Joining::Right | Joining::Full => {
            stay = conditions;
            here = on.conjuncts();
        }
    }
    let on = here.into_iter().reduce(Scalar::and).unwrap_or(Scalar::truth(true));
    let (left, right) = (down(left, to_left), down(right, to_right));
    above(Rel::new(Op::Join { left, right, joining, on, lateral }, types), stay)
}
