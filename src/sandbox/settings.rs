//! The variables of sessions and of the system, with their defaults.

use super::error::SqlError;
use super::model::State;

/// What a variable of the system is set to: `enable_rbac_checks`, `max_clusters`, `sandbox_hydration`.
///
/// # Errors
/// `42704` for one that does not exist.
pub(crate) fn system(state: &State, name: &str) -> Result<String, SqlError> {
    state.system.get(name).cloned().ok_or_else(|| {
        SqlError::new("42704", format!("unrecognized configuration parameter {}", crate::name::literal(name)))
    })
}
