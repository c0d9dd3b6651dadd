//! Reading: from a query to rows, to types, to the columns of a view.

use std::sync::Arc;

use super::super::error::SqlError;
use super::super::error::code;
use super::super::hydration::Kept;
use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::scope::Scope;
use super::Answer;
use super::Described;
use super::Parameter;
use super::View;
use super::batch::Batch;
use super::bind;
use super::bind::Bound;
use super::bind::OutColumn;
use super::bind::Parameters;
use super::flatten;
use super::print;
use super::prune;
use super::push;
use super::rel::Rel;
use super::run::Run;
use super::scalar::Context;
use crate::name::Ident;
use crate::sql::query::Query;

/// How many columns rows may have: the protocol counts no further.
const MOST_COLUMNS: usize = 32_767;

/// What a statement sees.
pub(super) fn context(view: &View, scope: &Scope) -> Arc<Context> {
    Arc::new(Context { view: view.clone(), scope: scope.clone() })
}

/// A query as it is run: without subqueries, conditions and columns as far down as they go.
///
/// # Errors
/// `0A000`
pub(super) fn ready(rel: Rel) -> Result<Rel, SqlError> {
    Ok(prune::prune(push::push(flatten::flatten(rel)?)))
}

/// The rows of a settled query.
///
/// # Errors
/// What the server says of values that cannot be computed.
pub(super) async fn rows(context: &Arc<Context>, bound: Bound) -> Result<Batch, SqlError> {
    let rel = ready(bound.rel)?;
    let mut batch = Run::new(Arc::clone(context), &rel).await?.rows(&rel).await?;
    batch.types = bound.columns.into_iter().map(|column| column.kind).collect();
    Ok(batch)
}

/// Rows as the server prints them.
pub(super) fn printed(context: &Context, batch: Batch) -> Vec<Row> {
    let types = batch.types.clone();
    let show = |row: Vec<super::datum::Datum>| {
        row.iter().zip(&types).map(|(value, of)| print::text(context, value, of)).collect()
    };
    batch.into_rows().into_iter().map(show).collect()
}

/// Columns as the catalog has them.
///
/// # Errors
/// When one has a name that is none.
pub(super) fn columns(columns: Vec<OutColumn>) -> Result<Vec<Column>, SqlError> {
    if columns.len() > MOST_COLUMNS {
        return Err(SqlError::unsupported(format!("more than {MOST_COLUMNS} columns")));
    }
    columns
        .into_iter()
        .map(|column| {
            let name = Ident::new(&column.name).map_err(|error| SqlError::internal(error.to_string()))?;
            Ok(Column { name, kind: column.kind, nullable: column.nullable, default: None })
        })
        .collect()
}

/// Evaluates a query.
///
/// # Errors
/// What the server would refuse, or `0A000`.
pub(super) async fn select(
    view: &View,
    scope: &Scope,
    query: &Query,
    parameters: &[Parameter],
) -> Result<Answer, SqlError> {
    let context = context(view, scope);
    let (bound, _) = bind::query(&context, query, Parameters::given(parameters))?;
    let columns = self::columns(bound.columns.clone())?;
    let batch = rows(&context, bound).await?;
    Ok(Answer { columns, rows: printed(&context, batch) })
}

/// Tells the types of parameters and columns.
///
/// # Errors
/// As [`select`].
pub(super) fn describe(
    view: &View,
    scope: &Scope,
    query: &Query,
    given: &[Type],
) -> Result<Described, SqlError> {
    let context = context(view, scope);
    let (bound, parameters) = bind::query(&context, query, Parameters::typed(given))?;
    Ok(Described { parameters: parameters.decided()?, columns: self::columns(bound.columns)? })
}

/// The columns of a query that becomes a view; `None` where they cannot be told.
///
/// # Errors
/// What the server would refuse.
pub(super) fn planned(state: &State, scope: &Scope, query: &Query) -> Result<Option<Vec<Column>>, SqlError> {
    let runtime = Runtime {
        now: scope.now,
        sessions: Vec::new(),
        subscriptions: Vec::new(),
        role: scope.role,
        database: scope.database.clone(),
        kept: Kept::default(),
    };
    let context = Arc::new(Context { view: View { state: state.clone(), runtime }, scope: scope.clone() });
    match bind::query(&context, query, Parameters::default()) {
        Ok((bound, _)) => columns(bound.columns).map(Some),
        Err(error) if error.code == code::UNSUPPORTED => Ok(None),
        Err(error) => Err(error),
    }
}
