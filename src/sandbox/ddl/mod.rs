//! Statements that change the catalog: what they do, what they refuse, in the server's words.
//!
//! Pure: a statement works on a copy of the state, which the caller keeps or throws away. Start
//! reading at [`execute`].

pub(crate) mod class;

use super::error::Notice;
use super::error::SqlError;
use super::model::State;
use super::model::column::Column;
use super::scope::Scope;
use crate::sql::ast::Statement;
use crate::sql::query::Query;

/// Tells the columns of queries; the query engine does.
pub(crate) trait Planner {
    /// The columns of a query whose relations are known to the state.
    ///
    /// `None` where the query is valid as far as it can be told, but uses something that is not
    /// modelled.
    ///
    /// # Errors
    /// What the server would refuse: unknown relations, columns, functions, wrong types.
    fn columns(&self, state: &State, scope: &Scope, query: &Query) -> Result<Option<Vec<Column>>, SqlError>;
}

/// What a statement did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// The command tag: `CREATE VIEW`.
    pub(crate) tag: String,
    /// What is said beside it.
    pub(crate) notices: Vec<Notice>,
    /// Whether anything changed: `IF NOT EXISTS` on something that exists changes nothing.
    pub(crate) changed: bool,
}

/// Carries out one statement that changes the catalog. `text` is the whole text that the statement
/// was parsed from. After an error the state is to be thrown away.
///
/// # Errors
/// What the server would refuse.
pub(crate) fn execute(
    state: &mut State,
    scope: &Scope,
    text: &str,
    statement: &Statement,
    planner: &dyn Planner,
) -> Result<Done, SqlError> {
    let _ = (state, scope, text, planner);
    Err(SqlError::unsupported(format!("{:?}", statement.span)))
}

/// The state of a server that has just been installed: database `materialize` with schema
/// `public`, cluster `quickstart` with replica `r1`, the system's clusters and roles.
pub(crate) fn bootstrap(now: crate::clock::Timestamp) -> State {
    let _ = now;
    State::default()
}
