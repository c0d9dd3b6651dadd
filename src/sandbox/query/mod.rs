//! Queries: planned and evaluated by DataFusion over rows, load generators and the system's
//! relations; views are inlined by id.
//!
//! What the engine cannot do is `0A000`, never a wrong answer. No type of the engine leaves this
//! room. Start reading at [`select`].

mod aggregate;
mod batch;
mod bind;
mod cast;
mod datum;
mod decimal;
mod engine;
mod flatten;
mod function;
mod input;
mod kind;
mod names;
mod operator;
mod print;
mod prune;
mod push;
mod rel;
mod run;
mod scalar;
mod scan;
mod selection;
mod series;
mod source;
#[cfg(test)]
mod tests;
mod time;
mod window;
mod write;

use super::ddl::Planner;
use super::error::SqlError;
use super::hydration::Runtime;
use super::model::Row;
use super::model::State;
use super::model::column::Column;
use super::model::column::Type;
use super::scope::Scope;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::run::Delete;
use crate::sql::ast::run::Insert;
use crate::sql::ast::run::Update;
use crate::sql::query::Query;

/// What is read from: a state that does not change under the reader.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The state.
    pub(crate) state: State,
    /// What goes on beside it: sessions, hydration, the time.
    pub(crate) runtime: Runtime,
}

/// A parameter of a prepared statement, as text.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Its type; `Unknown` where the client leaves it open.
    pub(crate) kind: Type,
    /// Its value; `None` is NULL.
    pub(crate) text: Option<String>,
}

/// Rows with their columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The columns.
    pub(crate) columns: Vec<Column>,
    /// The rows, as the server would print them.
    pub(crate) rows: Vec<Row>,
}

/// What a write did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    /// How many rows it made, changed or removed.
    pub(crate) count: usize,
    /// `RETURNING`
    pub(crate) returning: Option<Answer>,
}

/// What a statement is like before it is run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    /// The types of its parameters.
    pub(crate) parameters: Vec<Type>,
    /// Its columns; empty where it has no rows.
    pub(crate) columns: Vec<Column>,
}

/// Evaluates a query.
///
/// # Errors
/// What the server would refuse, or `0A000`.
pub(crate) async fn select(
    view: &View,
    scope: &Scope,
    query: &Query,
    parameters: &[Parameter],
) -> Result<Answer, SqlError> {
    engine::select(view, scope, query, parameters).await
}

/// Tells whether arguments are values of their types; those that are looked up by name, only when
/// they are used.
///
/// # Errors
/// `invalid input syntax for type …` for the first that is none.
pub(crate) fn check(view: &View, scope: &Scope, arguments: &[Parameter]) -> Result<(), SqlError> {
    let context = engine::context(view, scope);
    let by_name = |kind: &Type| matches!(kind, Type::Reg(_));
    let texts = arguments.iter().filter(|argument| !by_name(&argument.kind));
    let mut texts = texts.filter_map(|argument| Some((&argument.kind, argument.text.as_ref()?)));
    texts.try_for_each(|(kind, text)| match kind {
        Type::Jsonb => input::is_json(text),
        kind => input::parse(&context, text, kind).map(|_| ()),
    })
}

/// Tells the types of a query's parameters and columns; `given` are the types the client named.
///
/// # Errors
/// As [`select`].
pub(crate) fn describe(
    view: &View,
    scope: &Scope,
    query: &Query,
    given: &[Type],
) -> Result<Described, SqlError> {
    engine::describe(view, scope, query, given)
}

/// `INSERT`: evaluates the source on `view` and adds the rows to `state`.
///
/// # Errors
/// What the server would refuse (`23502` for a NULL), or `0A000`.
pub(crate) async fn insert(
    view: &View,
    state: &mut State,
    scope: &Scope,
    insert: &Insert,
    parameters: &[Parameter],
) -> Result<Written, SqlError> {
    write::insert(view, state, scope, insert, parameters).await
}

/// How many columns a `COPY … FROM STDIN` reads.
///
/// # Errors
/// As [`insert`].
pub(crate) fn copied_width(
    view: &View,
    scope: &Scope,
    table: &RawName,
    columns: &[RawIdent],
) -> Result<usize, SqlError> {
    write::copied_width(view, scope, table, columns)
}

/// Adds the rows of a `COPY … FROM STDIN` to `state`.
///
/// # Errors
/// `22P04` for texts that are no values of their columns; as [`insert`].
pub(crate) async fn copy(
    view: &View,
    state: &mut State,
    scope: &Scope,
    into: (&RawName, &[RawIdent]),
    rows: Vec<Row>,
) -> Result<(), SqlError> {
    write::copy(view, state, scope, into, rows).await
}

/// `UPDATE`
///
/// # Errors
/// As [`insert`].
pub(crate) async fn update(
    view: &View,
    state: &mut State,
    scope: &Scope,
    update: &Update,
    parameters: &[Parameter],
) -> Result<Written, SqlError> {
    write::update(view, state, scope, update, parameters).await
}

/// `DELETE`
///
/// # Errors
/// As [`insert`].
pub(crate) async fn delete(
    view: &View,
    state: &mut State,
    scope: &Scope,
    delete: &Delete,
    parameters: &[Parameter],
) -> Result<Written, SqlError> {
    write::delete(view, state, scope, delete, parameters).await
}

/// The types of the parameters of an `INSERT`, `UPDATE` or `DELETE`, and the columns of its
/// `RETURNING`.
///
/// # Errors
/// As [`insert`].
pub(crate) fn describe_write(
    view: &View,
    scope: &Scope,
    statement: &crate::sql::ast::Statement,
    given: &[Type],
) -> Result<Described, SqlError> {
    write::describe(view, scope, statement, given)
}

/// The engine as the catalog's planner.
#[derive(Debug)]
pub(crate) struct Engine;

impl Planner for Engine {
    fn columns(&self, state: &State, scope: &Scope, query: &Query) -> Result<Option<Vec<Column>>, SqlError> {
        engine::planned(state, scope, query)
    }
}
