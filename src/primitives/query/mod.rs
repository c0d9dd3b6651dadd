//! query: runs a question of a recipe's own and gives its rows.
//!
//! Reads, never writes: the statement has to be one that reads, and its transaction can do nothing
//! else. Values go in as typed parameters, never as text. Refuses: `query.not-a-read`. Start
//! reading at [`run`].

pub mod expect;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use crate::db;
use crate::db::value::Fields;
use crate::sql::ast::StatementKind;
use crate::sql::parse;

/// So many rows a recipe can decide on; more belong into a view.
pub const MOST_ROWS: usize = 10_000;

/// A value that goes in.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// NULL, as a text.
    Null,
    /// `text`
    Text(String),
    /// `int8`
    Integer(i64),
    /// `float8`
    Float(f64),
    /// `bool`
    Bool(bool),
    /// `jsonb`
    Json(Value),
}

impl From<Parameter> for db::session::Parameter {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Null => Self::Text(None),
            Parameter::Text(text) => Self::Text(Some(text)),
            Parameter::Integer(number) => Self::Number(number),
            Parameter::Float(number) => Self::Float(number),
            Parameter::Bool(yes) => Self::Bool(yes),
            Parameter::Json(value) => Self::Json(value),
        }
    }
}

/// The question.
#[derive(Clone, Debug)]
pub struct Request {
    /// The statement, with `$1`, `$2` where values go in.
    pub sql: String,
    /// The values.
    pub parameters: Vec<Parameter>,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Outcome {
    /// The rows in order; in each the columns by name, NULL left out.
    pub rows: Vec<Map<String, Value>>,
}

/// Fails unless the text is one statement that reads.
fn check(sql: &str) -> Result<(), Error> {
    let refuse = |message: String| Error::new(Code::QueryNotARead, message).effect("nothing was sent");
    let statements =
        parse::batch(sql).map_err(|error| refuse(format!("the query cannot be read: {error}")))?;
    let [statement] = statements.as_slice() else {
        let count = statements.len();
        return Err(refuse(format!("a query is one statement, and this text has {count}")));
    };
    match &statement.kind {
        StatementKind::Select(_) | StatementKind::Show(_) | StatementKind::Explain(_) => Ok(()),
        _ => Err(refuse("a query reads: only SELECT, VALUES, SHOW and EXPLAIN are run".to_owned())),
    }
}

/// Asks.
///
/// In a rehearsal too the server is asked: what was only rehearsed is not there to be read.
///
/// # Errors
/// `query.not-a-read`, `query.too-many-rows`, `query.failed` with the server's words,
/// `run.interrupted`, `db.lost`.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    check(&request.sql)?;
    ctx.go_on()?;
    if ctx.session().is_closed() {
        ctx.reconnect().await?;
    }
    let parameters: Vec<db::session::Parameter> =
        request.parameters.iter().cloned().map(Into::into).collect();
    let answer = ctx.session().query(&request.sql, &parameters, MOST_ROWS).await;
    let rows = answer.map_err(|error| {
        if error.outcome_unknown() {
            return Error::from(error);
        }
        Error::server(Code::QueryFailed, error.message().to_owned(), &error)
    })?;
    outcome(rows)
}

/// The rows without their NULLs; `None` is too many of them.
fn outcome(rows: Option<Vec<Fields>>) -> Result<Outcome, Error> {
    let Some(rows) = rows else {
        let message = format!("the query gives more than {MOST_ROWS} rows");
        return Err(Error::new(Code::QueryTooManyRows, message));
    };
    let row = |fields: Fields| fields.into_iter().filter(|(_, value)| !value.is_null()).collect();
    Ok(Outcome { rows: rows.into_iter().map(row).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(sql: &str) -> String {
        check(sql).expect_err("it is no question").to_string()
    }

    #[test]
    fn rows_are_bounded_and_without_nulls() {
        let error = outcome(None).expect_err("there are too many");
        assert_eq!(error.code(), Code::QueryTooManyRows);
        let row = vec![("a".to_owned(), Value::Null), ("b".to_owned(), Value::from(1))];
        let told = serde_json::to_string(&outcome(Some(vec![row])).expect("there is one"));
        assert_eq!(told.expect("it serialises"), r#"[{"b":1}]"#);
    }

    #[test]
    fn only_one_statement_that_reads_is_sent() {
        for sql in ["SELECT 1", "select count(*) from a.b.c where x = $1;", "SHOW CLUSTERS", "VALUES (1)"] {
            assert!(check(sql).is_ok(), "{sql}");
        }
        assert!(refused("DELETE FROM t").starts_with("query.not-a-read: a query reads"));
        assert!(refused("SELECT 1; DROP TABLE t").ends_with("and this text has 2"));
        assert!(refused("").ends_with("and this text has 0"));
        assert!(refused("SELEC 1").starts_with("query.not-a-read: the query cannot be read"));
    }
}
