//! How many things there may be.
//!
//! Source: `design/materialize.md` 7.

use super::super::error::SqlError;
use super::super::model::State;
use super::super::settings;
use super::work::Work;

/// Refuses more of something than the system's variable allows.
///
/// # Errors
/// `53000`
pub(super) fn check(
    work: &Work<'_>,
    resource: &str,
    variable: &str,
    current: usize,
    added: usize,
) -> Result<(), SqlError> {
    refuse(work.state, resource, variable, current, added)
}

/// As [`check`], outside of any statement.
///
/// # Errors
/// `53000`
pub(crate) fn refuse(
    state: &State,
    resource: &str,
    variable: &str,
    current: usize,
    added: usize,
) -> Result<(), SqlError> {
    let Some(limit) = limit(state, variable) else { return Ok(()) };
    let desired = current + added;
    if added == 0 || desired <= limit {
        return Ok(());
    }
    Err(SqlError::new(
        "53000",
        format!(
            "creating {resource} would violate {variable} limit (desired: {desired}, limit: {limit}, current: \
             {current})"
        ),
    )
    .hint(format!("Drop an existing {resource} or contact support to request a limit increase.")))
}

/// Tells whether there may be so many.
pub(super) fn holds(work: &Work<'_>, variable: &str, desired: usize) -> bool {
    limit(work.state, variable).is_none_or(|limit| desired <= limit)
}

fn limit(state: &State, variable: &str) -> Option<usize> {
    settings::system(state, variable).ok()?.parse().ok()
}
