//! Queries whose names and types are settled, as operators on rows.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::system::SystemRelation;
use super::aggregate::Aggregate;
use super::batch::Batch;
use super::scalar::Question;
use super::scalar::Scalar;
use super::series::Series;
use super::window::WindowCall;

/// An operator with the types of its columns.
#[derive(Clone, Debug)]
pub(super) struct Rel {
    /// What it does.
    pub(super) op: Box<Op>,
    /// Its columns.
    pub(super) types: Vec<Type>,
}

/// How rows of two inputs are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joining {
    /// Pairs only.
    Inner,
    /// Pairs, and what is left over on the left.
    Left,
    /// Pairs, and what is left over on the right.
    Right,
    /// Pairs, and what is left over on both sides.
    Full,
}

/// One key of an order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// What is ordered by.
    pub(super) by: Scalar,
    /// Its type.
    pub(super) kind: Type,
    /// Largest first.
    pub(super) descending: bool,
    /// NULL before everything else.
    pub(super) nulls_first: bool,
}

/// Rows that are computed once and read several times.
#[derive(Debug)]
pub(super) struct Once {
    /// What computes them.
    pub(super) rel: Rel,
    /// The rows, once they are there.
    pub(super) rows: OnceCell<Batch>,
}

/// The objects that a query reads.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Their ids.
    pub(super) ids: BTreeSet<ItemId>,
    /// Whether a relation of the system is among what is read.
    pub(super) system: bool,
    /// The shared rows that were looked into.
    seen: HashSet<usize>,
}

/// How many rounds a recursion makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds {
    /// The most.
    pub(super) most: u64,
    /// Whether what there is then is the answer; otherwise it is an error.
    pub(super) returns: bool,
}

/// An operator.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Rows as written.
    Constant(Vec<Vec<Scalar>>),
    /// An object of a user.
    Item(ItemId),
    /// A relation of the system.
    System(&'static SystemRelation),
    /// Rows that are read several times.
    Shared(Arc<Once>),
    /// A query of the `WITH MUTUALLY RECURSIVE` around it, by number.
    Recursive(usize),
    /// `WITH MUTUALLY RECURSIVE`: its queries by number, what reads them, and after how many rounds
    /// it ends.
    Recursion(Vec<(usize, Rel)>, Rel, Option<Rounds>),
    /// Other columns.
    Project(Rel, Vec<Scalar>),
    /// Fewer rows.
    Filter(Rel, Scalar),
    /// Rows of two inputs; a lateral right one sees the left one's columns one level out.
    Join {
        /// One input.
        left: Rel,
        /// The other.
        right: Rel,
        /// What is joined.
        joining: Joining,
        /// When, over the columns of both.
        on: Scalar,
        /// Whether the right input sees the left one.
        lateral: bool,
    },
    /// Each row with each row that a function makes of it.
    FlatMap(Rel, Series, Vec<Scalar>),
    /// One row a group: its keys, then its aggregates.
    Aggregate(Rel, Vec<Scalar>, Vec<Aggregate>),
    /// The rows with the values of window functions behind them.
    Window(Rel, Vec<WindowCall>),
    /// Each row once.
    Distinct(Rel),
    /// Of each group the first rows of an order; without a limit the rows in order.
    Top {
        /// The rows.
        input: Rel,
        /// The columns that make a group.
        group: Vec<usize>,
        /// The order in a group.
        order: Vec<Order>,
        /// How many, if not all.
        limit: Option<u64>,
        /// How many are left out first.
        offset: u64,
    },
    /// The rows of all inputs.
    Union(Vec<Rel>),
    /// `EXCEPT` (kept where the right has none) or `INTERSECT`, of each row once or as often.
    Match {
        /// One input.
        left: Rel,
        /// The other.
        right: Rel,
        /// `INTERSECT`
        both: bool,
        /// `ALL`
        all: bool,
    },
}

impl Rel {
    /// An operator.
    pub(super) fn new(op: Op, types: Vec<Type>) -> Self {
        Self { op: Box::new(op), types }
    }

    /// Rows that are known.
    pub(super) fn of_rows(rows: Batch) -> Self {
        let types = rows.types.clone();
        let once = Once {
            rel: Self::new(Op::Constant(Vec::new()), types.clone()),
            rows: OnceCell::new_with(Some(rows)),
        };
        Self::new(Op::Shared(Arc::new(once)), types)
    }

    /// One row without columns.
    pub(super) fn unit() -> Self {
        Self::new(Op::Constant(vec![Vec::new()]), Vec::new())
    }

    /// Whether it is one row without columns.
    fn is_unit(&self) -> bool {
        matches!(&*self.op, Op::Constant(rows) if matches!(rows.as_slice(), [row] if row.is_empty()))
    }

    /// How many columns it has.
    pub(super) fn arity(&self) -> usize {
        self.types.len()
    }

    /// The rows for which something holds.
    pub(super) fn filter(self, predicate: Scalar) -> Self {
        let types = self.types.clone();
        Self::new(Op::Filter(self, predicate), types)
    }

    /// Other columns.
    pub(super) fn project(self, exprs: Vec<Scalar>, types: Vec<Type>) -> Self {
        Self::new(Op::Project(self, exprs), types)
    }

    /// Some of its columns.
    pub(super) fn pick(self, columns: &[usize]) -> Self {
        let types = columns.iter().filter_map(|column| self.types.get(*column).cloned()).collect();
        self.project(columns.iter().map(|column| Scalar::column(*column)).collect(), types)
    }

    /// Each row once.
    pub(super) fn distinct(self) -> Self {
        let types = self.types.clone();
        Self::new(Op::Distinct(self), types)
    }

    /// Rows of two inputs, neither of which sees the other.
    pub(super) fn join(self, right: Self, joining: Joining, on: Scalar) -> Self {
        if joining == Joining::Inner && (self.is_unit() || right.is_unit()) {
            return if right.is_unit() { self.filter(on) } else { right.filter(on) };
        }
        let mut types = self.types.clone();
        types.extend(right.types.iter().cloned());
        Self::new(Op::Join { left: self, right, joining, on, lateral: false }, types)
    }

    /// Rows that are to be read several times.
    pub(super) fn shared(self) -> Self {
        if matches!(*self.op, Op::Shared(_) | Op::Item(_) | Op::Recursive(_)) {
            return self;
        }
        let types = self.types.clone();
        Self::new(Op::Shared(Arc::new(Once { rel: self, rows: OnceCell::new() })), types)
    }

    /// The inputs of an operator.
    pub(super) fn inputs_mut(&mut self) -> Vec<&mut Self> {
        match &mut *self.op {
            Op::Constant(_) | Op::Item(_) | Op::System(_) | Op::Shared(_) | Op::Recursive(_) => Vec::new(),
            Op::Recursion(parts, body, _) => {
                let mut inputs: Vec<&mut Self> = parts.iter_mut().map(|(_, rel)| rel).collect();
                inputs.push(body);
                inputs
            }
            Op::Project(input, _)
            | Op::Filter(input, _)
            | Op::FlatMap(input, ..)
            | Op::Aggregate(input, ..)
            | Op::Window(input, _)
            | Op::Distinct(input)
            | Op::Top { input, .. } => vec![input],
            Op::Join { left, right, .. } | Op::Match { left, right, .. } => vec![left, right],
            Op::Union(inputs) => inputs.iter_mut().collect(),
        }
    }

    /// The objects it reads, without what those read in turn. It has no subqueries.
    pub(super) fn items(&self, found: &mut Items) {
        match &*self.op {
            Op::Item(id) => {
                found.ids.insert(*id);
            }
            Op::Shared(once) => {
                if found.seen.insert(Arc::as_ptr(once).addr()) {
                    once.rel.items(found);
                }
            }
            Op::System(_) => found.system = true,
            Op::Constant(_) | Op::Recursive(_) => {}
            Op::Recursion(parts, body, _) => {
                parts.iter().for_each(|(_, rel)| rel.items(found));
                body.items(found);
            }
            Op::Project(input, _)
            | Op::Filter(input, _)
            | Op::FlatMap(input, ..)
            | Op::Aggregate(input, ..)
            | Op::Window(input, _)
            | Op::Distinct(input)
            | Op::Top { input, .. } => input.items(found),
            Op::Join { left, right, .. } | Op::Match { left, right, .. } => {
                left.items(found);
                right.items(found);
            }
            Op::Union(inputs) => inputs.iter().for_each(|input| input.items(found)),
        }
    }

    /// The expressions of an operator.
    pub(super) fn scalars_mut(&mut self) -> Vec<&mut Scalar> {
        match &mut *self.op {
            Op::Constant(rows) => rows.iter_mut().flatten().collect(),
            Op::Project(_, exprs) | Op::FlatMap(_, _, exprs) => exprs.iter_mut().collect(),
            Op::Filter(_, predicate) => vec![predicate],
            Op::Join { on, .. } => vec![on],
            Op::Aggregate(_, keys, aggregates) => {
                let mut all: Vec<&mut Scalar> = keys.iter_mut().collect();
                all.extend(aggregates.iter_mut().flat_map(Aggregate::scalars_mut));
                all
            }
            Op::Window(_, calls) => calls.iter_mut().flat_map(WindowCall::scalars_mut).collect(),
            Op::Top { order, .. } => order.iter_mut().map(|order| &mut order.by).collect(),
            Op::Item(_)
            | Op::System(_)
            | Op::Shared(_)
            | Op::Recursive(_)
            | Op::Recursion(..)
            | Op::Distinct(_)
            | Op::Union(_)
            | Op::Match { .. } => Vec::new(),
        }
    }

    /// Calls back for every column in it, with how many queries lie between it and the caller.
    pub(super) fn columns(&mut self, depth: usize, change: &mut dyn FnMut(&mut Scalar, usize)) {
        let right_depth = match &*self.op {
            Op::Join { lateral: true, .. } => depth + 1,
            _ => depth,
        };
        for scalar in self.scalars_mut() {
            scalar.columns(depth, change);
        }
        for (at, input) in self.inputs_mut().into_iter().enumerate() {
            input.columns(if at == 1 { right_depth } else { depth }, change);
        }
    }

    /// The columns from outside that it reads: how far out (1 is the next query) and which.
    pub(super) fn outer(&mut self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        self.columns(0, &mut |column, depth| {
            if let Scalar::Column { level, index } = column
                && *level > depth
                && !found.contains(&(*level - depth, *index))
            {
                found.push((*level - depth, *index));
            }
        });
        found
    }

    /// Forgets what was computed of rows that depend on a `WITH MUTUALLY RECURSIVE` around it.
    pub(super) fn renew(&mut self) {
        if let Op::Shared(once) = &*self.op {
            let mut rel = once.rel.clone();
            if rel.is_recursive() {
                rel.renew();
                *self.op = Op::Shared(Arc::new(Once { rel, rows: OnceCell::new() }));
            }
            return;
        }
        self.inputs_mut().into_iter().for_each(Self::renew);
    }

    /// Whether a query of a `WITH MUTUALLY RECURSIVE` around it is read.
    pub(super) fn is_recursive(&mut self) -> bool {
        match &*self.op {
            Op::Recursive(_) => return true,
            Op::Shared(once) => return once.rel.clone().is_recursive(),
            _ => {}
        }
        let mut nested = false;
        for scalar in self.scalars_mut() {
            nested |= reads_recursive(scalar);
        }
        nested || self.inputs_mut().into_iter().any(Self::is_recursive)
    }
}

fn reads_recursive(scalar: &mut Scalar) -> bool {
    let mut found = match scalar {
        Scalar::Subquery(Question::Value | Question::Exists | Question::Any(..), rel) => rel.is_recursive(),
        _ => false,
    };
    for part in scalar.parts_mut() {
        found |= reads_recursive(part);
    }
    found
}
