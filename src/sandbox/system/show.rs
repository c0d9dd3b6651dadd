//! `SHOW` of things: each is a query over the system's relations.

use super::super::error::SqlError;
use super::super::model::State;
use super::super::scope::Scope;
use crate::sql::ast::run::Show;

/// The query that answers a `SHOW` of things, columns or indexes.
///
/// # Errors
/// What is not modelled; unknown names.
pub(crate) fn query(state: &State, scope: &Scope, show: &Show) -> Result<String, SqlError> {
    let _ = (state, scope);
    Err(SqlError::unsupported(format!("{show:?}")))
}
