//! `AS OF` behind a query: the time that `mz_now()` is in it.
//!
//! The sandbox keeps no past and knows no future, so only what reads nothing can be asked about
//! another time.

use std::borrow::Cow;

use super::reach::Reach;
use crate::clock::Timestamp;
use crate::sandbox::error::SqlError;
use crate::sandbox::error::code;
use crate::sandbox::query;
use crate::sandbox::query::Parameter;
use crate::sandbox::query::View;
use crate::sandbox::scope::Scope;
use crate::sql::parse;
use crate::sql::query::Query;

/// Takes a query apart: the query itself, and the text of its time where it has one.
///
/// # Errors
/// `0A000` for a time that is a bound.
pub(super) fn split(query: &Query) -> Result<(Cow<'_, Query>, Option<&str>), SqlError> {
    let Some(span) = query.as_of() else { return Ok((Cow::Borrowed(query), None)) };
    let at = span.start - query.span().start;
    let (before, clause) = query.text().split_at_checked(at).unwrap_or((query.text(), ""));
    let time = ["AS", "OF"].iter().try_fold(clause, |rest, word| {
        let (first, rest) = rest.trim_start().split_at_checked(word.len())?;
        first.eq_ignore_ascii_case(word).then_some(rest)
    });
    let time = time.map(str::trim).filter(|time| !time.to_lowercase().starts_with("at least"));
    let time = time.ok_or_else(|| SqlError::unsupported(format!("`{clause}`")))?;
    Ok((Cow::Owned(read(before)?), Some(time)))
}

/// The scope of a query with that time.
///
/// # Errors
/// What is wrong with the time; `0A000` for a query that reads something.
pub(super) async fn scope(
    view: &View,
    scope: Scope,
    reach: &Reach,
    time: Option<&str>,
    parameters: &[Parameter],
) -> Result<Scope, SqlError> {
    let Some(time) = time else { return Ok(scope) };
    if reach.reads() {
        return Err(SqlError::unsupported("AS OF for a query that reads relations"));
    }
    let asked = read(&format!("SELECT CAST(({time}) AS mz_timestamp)"))?;
    let answer = query::select(view, &scope, &asked, parameters).await?;
    let value = answer.rows.first().and_then(|row| row.first()).and_then(Option::as_deref);
    let at = value.and_then(|value| value.parse().ok());
    let at = at.ok_or_else(|| SqlError::internal("AS OF cannot be NULL"))?;
    Ok(Scope { as_of: Some(Timestamp(at)), ..scope })
}

fn read(text: &str) -> Result<Query, SqlError> {
    parse::query(text).map_err(|error| SqlError::new(code::SYNTAX, error.message))
}
