//! How many things there may be.
//!
//! Source: `design/materialize.md` 7.

use super::super::error::SqlError;
use super::super::model::State;
use super::super::settings;
use super::super::system::clusters;
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
    Err(exceeded(resource, variable, [desired.to_string(), limit.to_string(), current.to_string()]))
}

/// Refuses replicas of users that cost more together than is allowed.
///
/// # Errors
/// `53000`
pub(super) fn check_credits(work: &Work<'_>, size: &str, added: usize) -> Result<(), SqlError> {
    let variable = "max_credit_consumption_rate";
    let limit = settings::system(work.state, variable).ok().and_then(|value| value.parse::<u64>().ok());
    let Some(limit) = limit else { return Ok(()) };
    let users = work.catalog().clusters.iter().filter(|(id, _)| id.is_user());
    let replicas = users.flat_map(|(_, cluster)| cluster.replicas.values());
    let current: u64 = replicas.map(|replica| clusters::credits(&replica.size)).sum();
    let desired = current + clusters::credits(size) * u64::try_from(added).unwrap_or(u64::MAX);
    if added == 0 || desired <= limit * 100 {
        return Ok(());
    }
    let told = [clusters::hundredths(desired), limit.to_string(), clusters::hundredths(current)];
    Err(exceeded("cluster replica", variable, told))
}

fn exceeded(resource: &str, variable: &str, [desired, limit, current]: [String; 3]) -> SqlError {
    SqlError::new(
        "53000",
        format!(
            "creating {resource} would violate {variable} limit (desired: {desired}, limit: {limit}, current: \
             {current})"
        ),
    )
    .hint(format!("Drop an existing {resource} or contact support to request a limit increase."))
}

/// Tells whether there may be so many.
pub(super) fn holds(work: &Work<'_>, variable: &str, desired: usize) -> bool {
    limit(work.state, variable).is_none_or(|limit| desired <= limit)
}

fn limit(state: &State, variable: &str) -> Option<usize> {
    settings::system(state, variable).ok()?.parse().ok()
}
