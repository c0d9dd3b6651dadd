//! The source of an `INSERT`, made fit for its columns.

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Typed;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Column;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::cast;
use crate::sandbox::query::cast::Why;
use crate::sandbox::query::rel::Op;
use crate::sandbox::query::rel::Rel;
use crate::sandbox::query::scalar::Scalar;

/// Whether the columns of an `INSERT` are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox::query) enum Columns {
    /// They are: each needs a value.
    Listed,
    /// They are all of the table's; the last ones may be left out.
    All,
}

/// Refuses a number of values that is not the columns'.
fn counted(given: usize, wanted: usize, columns: Columns) -> Result<(), SqlError> {
    if given > wanted {
        return Err(SqlError::internal("INSERT has more expressions than target columns"));
    }
    if given < wanted && columns == Columns::Listed {
        return Err(SqlError::internal("INSERT has more target columns than expressions"));
    }
    Ok(())
}

impl Binder<'_> {
    /// Settles a query whose columns go into others: its rows, and for each of its columns what
    /// is stored. It may have fewer columns, unless it is `VALUES`.
    ///
    /// # Errors
    /// What the server would refuse.
    pub(in crate::sandbox::query) fn inserted(
        &mut self,
        query: &tree::Query,
        wanted: &[&Column],
        columns: Columns,
    ) -> Result<(Rel, Vec<Scalar>), SqlError> {
        // Plain VALUES take the types of the columns rather than types of their own.
        if let tree::SetExpr::Values(values) = &*query.body
            && query.with.is_none()
            && query.order_by.is_none()
            && query.limit_clause.is_none()
        {
            return self.inserted_values(values, wanted, columns);
        }
        let bound = self.query(query)?;
        counted(bound.columns.len(), wanted.len(), columns)?;
        let literals = match &*bound.rel.op {
            Op::Project(_, exprs) => exprs.clone(),
            _ => Vec::new(),
        };
        let mut exprs = Vec::with_capacity(wanted.len());
        for (at, (column, into)) in bound.columns.iter().zip(wanted).enumerate() {
            let typed = match literals.get(at) {
                // A literal of no type becomes what the column is.
                Some(literal @ Scalar::Literal(_)) if column.kind == Type::Unknown => {
                    Typed::new(literal.clone(), Type::Unknown, true)
                }
                _ => Typed::new(Scalar::column(at), column.kind.clone(), column.nullable),
            };
            exprs.push(self.fitted(typed, into)?.scalar);
        }
        Ok((bound.rel, exprs))
    }

    fn inserted_values(
        &mut self,
        values: &tree::Values,
        wanted: &[&Column],
        columns: Columns,
    ) -> Result<(Rel, Vec<Scalar>), SqlError> {
        let width = values.rows.first().map_or(0, |row| row.content.len());
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            counted(row.content.len(), wanted.len(), columns)?;
            if row.content.len() != width {
                return Err(SqlError::internal("VALUES lists must all be the same length"));
            }
            let mut scalars = Vec::with_capacity(width);
            for (expr, into) in row.content.iter().zip(wanted) {
                let typed = self.expr(expr)?;
                scalars.push(self.fitted(typed, into)?.scalar);
            }
            rows.push(scalars);
        }
        let types = wanted.iter().take(width).map(|column| column.kind.clone()).collect();
        Ok((Rel::new(Op::Constant(rows), types), (0..width).map(Scalar::column).collect()))
    }

    /// A value as what a column holds.
    fn fitted(&mut self, typed: Typed, into: &Column) -> Result<Typed, SqlError> {
        let of = &into.kind;
        if !cast::exists(self.context, &typed.kind, of, Why::Assignment) {
            return Err(SqlError::internal(format!(
                "column \"{}\" is of type {} but expression is of type {}",
                into.name.as_str(),
                self.kind_name(of),
                self.kind_name(&typed.kind)
            )));
        }
        self.convert(typed, of, Why::Assignment)
    }
}
