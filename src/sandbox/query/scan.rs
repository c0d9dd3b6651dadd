//! Filters and projections of one input, row by row.
//!
//! Of a relation's texts only the columns are read that something asks for, and those that only a
//! projection asks for only where the filter lets the row through. Start reading at [`Run::scan`].

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::error::SqlError;
use super::super::model::Row;
use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::system::asked::Asked;
use super::View;
use super::batch::Batch;
use super::datum::Datum;
use super::rel::Op;
use super::rel::Rel;
use super::run::Run;
use super::scalar::Comparison;
use super::scalar::Scalar;
use super::source;

/// What is done to each row.
#[derive(Clone, Copy)]
enum Step<'r> {
    /// Other columns.
    Project(&'r [Scalar]),
    /// Kept only if this holds.
    Filter(&'r Scalar),
}

/// A part of a filter that a row's texts decide.
enum Condition<'r> {
    /// The column begins with this.
    Begins(usize, &'r str),
    /// The column is one of these.
    Listed(usize, &'r BTreeSet<Arc<str>>),
    /// The column is this.
    Is(usize, &'r str),
}

impl<'r> Condition<'r> {
    /// Those without which a filter does not hold.
    fn all(filter: &'r Scalar, types: &[Type]) -> Vec<Self> {
        let parts = match filter {
            Scalar::And(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        parts.iter().filter_map(|part| Self::of(part, types)).collect()
    }

    fn of(part: &'r Scalar, types: &[Type]) -> Option<Self> {
        let text = |scalar: &Scalar| match scalar {
            Scalar::Column { level: 0, index } if types.get(*index) == Some(&Type::Text) => Some(*index),
            _ => None,
        };
        match part {
            Scalar::Begins(column, start) => Some(Self::Begins(text(column)?, start)),
            Scalar::Listed(column, texts) => Some(Self::Listed(text(column)?, texts)),
            Scalar::Compare(Comparison::Eq, column, value) => match &**value {
                Scalar::Literal(Datum::Text(value)) => Some(Self::Is(text(column)?, value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it holds; NULL fulfils none.
    fn admits(&self, row: &Row) -> bool {
        let text = |at: &usize| row.get(*at).and_then(Option::as_deref);
        match self {
            Self::Begins(at, start) => text(at).is_some_and(|text| text.starts_with(start)),
            Self::Listed(at, texts) => text(at).is_some_and(|text| texts.contains(text)),
            Self::Is(at, value) => text(at) == Some(value),
        }
    }
}

/// The steps from an input up, innermost first; `None` where the engine has the rows already.
fn line(rel: &Rel) -> Option<(Vec<Step<'_>>, &Rel)> {
    let mut steps = Vec::new();
    let mut at = rel;
    loop {
        at = match &*at.op {
            Op::Project(input, exprs) => {
                steps.push(Step::Project(exprs));
                input
            }
            Op::Filter(input, predicate) => {
                steps.push(Step::Filter(predicate));
                input
            }
            Op::Join { .. } | Op::Aggregate(..) => return None,
            Op::Top { group, limit: None, offset: 0, .. } if group.is_empty() => return None,
            Op::Constant(_)
            | Op::Item(_)
            | Op::System(_)
            | Op::Shared(_)
            | Op::Recursive(_)
            | Op::Recursion(..)
            | Op::FlatMap(..)
            | Op::Window(..)
            | Op::Distinct(_)
            | Op::Top { .. }
            | Op::Union(_)
            | Op::Match { .. } => {
                steps.reverse();
                return Some((steps, at));
            }
        };
    }
}

/// Whether the rows of an operator are made here.
pub(super) fn is_scan(rel: &Rel) -> bool {
    line(rel).is_some()
}

/// The columns of the input that are read, those of its first filter first.
fn wanted(steps: &[Step<'_>], arity: usize) -> (Vec<usize>, Vec<usize>) {
    let mut first = Vec::new();
    if let Some(Step::Filter(predicate)) = steps.first() {
        predicate.reads(&mut first);
    }
    let mut all = first.clone();
    for step in steps {
        match step {
            Step::Filter(predicate) => predicate.reads(&mut all),
            Step::Project(exprs) => {
                exprs.iter().for_each(|expr| expr.reads(&mut all));
                return (first.clone(), all.into_iter().filter(|at| !first.contains(at)).collect());
            }
        }
    }
    let rest = (0..arity).filter(|at| !first.contains(at)).collect();
    (first, rest)
}

/// What is asked of the input: the columns that are read, and texts without which its first filter does
/// not hold.
fn asked<'r>(steps: &[Step<'r>], types: &[Type]) -> Asked<'r> {
    let (first, rest) = wanted(steps, types.len());
    let columns = Some(first.into_iter().chain(rest).collect());
    let Some(Step::Filter(predicate)) = steps.first() else { return Asked { columns, keys: Vec::new() } };
    let key = |condition| match condition {
        Condition::Begins(..) => None,
        Condition::Listed(at, texts) => Some((at, texts.iter().map(|text| &**text).collect())),
        Condition::Is(at, text) => Some((at, vec![text])),
    };
    Asked { columns, keys: Condition::all(predicate, types).into_iter().filter_map(key).collect() }
}

/// Whether some of what is projected is more than a column of the input.
pub(super) fn computes(exprs: &[Scalar]) -> bool {
    exprs.iter().any(|expr| !matches!(expr, Scalar::Column { .. }))
}

impl Run {
    /// A projection of what the engine has made.
    ///
    /// # Errors
    /// As [`Run::rows`].
    pub(super) async fn projected(
        &self,
        rel: &Rel,
        input: &Rel,
        exprs: &[Scalar],
    ) -> Result<Batch, SqlError> {
        let rows = self.stepped(&[Step::Project(exprs)], self.rows(input).await?)?;
        Ok(Batch::of_rows(rel.types.clone(), rows))
    }

    /// The rows of filters and projections over an input that is no join and no group.
    ///
    /// # Errors
    /// As [`Run::rows`].
    pub(super) async fn scan(&self, rel: &Rel) -> Result<Option<Batch>, SqlError> {
        let Some((steps, input)) = line(rel) else { return Ok(None) };
        let rows = match &*input.op {
            Op::System(relation) => {
                let View { state, runtime } = &self.context.view;
                let rows = match relation.part {
                    Some(part) => part(state, runtime, &asked(&steps, &input.types)),
                    None => (relation.rows)(state, runtime),
                };
                self.texts(&input.types, &steps, relation.fixed.iter().chain(&rows))?
            }
            Op::Item(id) => self.item(*id, &input.types, &steps)?,
            _ => self.stepped(&steps, self.rows(input).await?)?,
        };
        Ok(Some(Batch::of_rows(rel.types.clone(), rows)))
    }

    fn stepped(&self, steps: &[Step<'_>], rows: Batch) -> Result<Vec<Vec<Datum>>, SqlError> {
        let mut kept = Vec::new();
        for row in rows.into_rows() {
            kept.extend(self.step(steps, row)?);
        }
        Ok(kept)
    }

    /// The rows of a user's object.
    fn item(&self, id: ItemId, types: &[Type], steps: &[Step<'_>]) -> Result<Vec<Vec<Datum>>, SqlError> {
        if let Some(rows) = self.views.get(&id) {
            return self.stepped(steps, rows.clone());
        }
        let state = &self.context.view.state;
        let Some(item) = state.catalog.items.get(&id) else {
            return Err(SqlError::internal(format!("unknown catalog item '{id}'")));
        };
        if item.columns.is_none() {
            return Err(SqlError::unsupported(format!("reading {}", item.name)));
        }
        if let (ItemData::Table { from_source: None }, Some(table)) = (&item.data, state.tables.get(&id)) {
            return self.texts(types, steps, table.rows.iter());
        }
        let rows = source::rows(state, item, self.context.view.runtime.now)?;
        self.texts(types, steps, rows.iter())
    }

    /// Rows from their texts, as far as they are wanted.
    fn texts<'r, R: Borrow<Row> + 'r>(
        &self,
        types: &[Type],
        steps: &[Step<'_>],
        rows: impl Iterator<Item = &'r R>,
    ) -> Result<Vec<Vec<Datum>>, SqlError> {
        let (first, rest) = wanted(steps, types.len());
        let read = |row: &Row, columns: &[usize], values: &mut [Datum]| -> Result<(), SqlError> {
            for at in columns {
                if let (Some(Some(text)), Some(of), Some(slot)) =
                    (row.get(*at), types.get(*at), values.get_mut(*at))
                {
                    *slot = super::input::parse(&self.context, text, of)?;
                }
            }
            Ok(())
        };
        let (test, others) = match steps.split_first() {
            Some((Step::Filter(predicate), others)) => (Some(*predicate), others),
            _ => (None, steps),
        };
        let conditions = test.map(|test| Condition::all(test, types)).unwrap_or_default();
        let mut kept = Vec::new();
        for row in rows {
            let row = row.borrow();
            // Most rows of the system are told from their texts not to be meant.
            if !conditions.iter().all(|condition| condition.admits(row)) {
                continue;
            }
            let mut values = vec![Datum::Null; types.len()];
            read(row, &first, &mut values)?;
            if let Some(test) = test
                && !test.eval(&self.context, &values)?.is_true()
            {
                continue;
            }
            read(row, &rest, &mut values)?;
            kept.extend(self.step(others, values)?);
        }
        Ok(kept)
    }

    fn step(&self, steps: &[Step<'_>], mut row: Vec<Datum>) -> Result<Option<Vec<Datum>>, SqlError> {
        for step in steps {
            match step {
                Step::Project(exprs) => row = self.values(exprs, &row)?,
                Step::Filter(predicate) => {
                    if !predicate.eval(&self.context, &row)?.is_true() {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(Some(row))
    }
}
