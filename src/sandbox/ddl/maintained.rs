//! What cannot be kept up to date: functions that tell of the session and of the present.
//!
//! Source: the server's optimizer refuses them in whatever a dataflow maintains, views below it
//! included; `mz_now()` is left to it, for it may stand in a condition.

use std::collections::BTreeSet;

use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::work::Work;
use crate::sql::stored;
use crate::sql::stored::Kind;

/// Functions that nothing maintained may call, and what the server calls them.
const REFUSED: &[(&str, &str)] = &[
    ("now", "current_timestamp"),
    ("current_timestamp", "current_timestamp"),
    ("current_database", "current_database"),
    ("current_catalog", "current_database"),
    ("current_schema", "current_schema"),
    ("current_schemas", "current_schemas"),
    ("current_user", "current_user"),
    ("current_role", "current_user"),
    ("user", "current_user"),
    ("session_user", "session_user"),
    ("current_setting", "viewable_variables"),
    ("mz_environment_id", "mz_environment_id"),
    ("mz_is_superuser", "mz_is_superuser"),
    ("mz_session_id", "mz_session_id"),
    ("mz_uptime", "mz_uptime"),
    ("mz_version", "mz_version"),
    ("mz_version_num", "mz_version_num"),
    ("pg_backend_pid", "pg_backend_pid"),
    ("pg_postmaster_start_time", "pg_postmaster_start_time"),
    ("version", "version"),
];

/// Refuses a text that calls such a function, itself or by a view that it reads.
///
/// # Errors
/// `0A000`, with the function.
pub(super) fn check(work: &Work<'_>, text: &str, uses: &BTreeSet<ItemId>) -> Result<(), SqlError> {
    calls(text)?;
    let mut todo: Vec<ItemId> = uses.iter().copied().collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        let item = work.item(id)?;
        if let ItemData::View { query } = &item.data {
            calls(query)?;
            todo.extend(&item.uses);
        }
    }
    Ok(())
}

fn calls(text: &str) -> Result<(), SqlError> {
    let pieces = stored::lex(text);
    for (at, piece) in pieces.iter().enumerate() {
        let Kind::Chain(parts) = &piece.kind else { continue };
        let called = match parts.as_slice() {
            // Without parentheses such a name stands alone and is not one that is given.
            [only] => {
                let named = at.checked_sub(1).and_then(|before| pieces.get(before));
                let word = ["current_timestamp", "current_catalog", "current_user", "current_role", "user"];
                let known = word.contains(&only.as_str()) || only.as_str() == "session_user";
                known && !named.is_some_and(|before| before.is(text, "AS"))
            }
            [schema, _] => {
                let system = ["pg_catalog", "mz_catalog", "mz_internal"].contains(&schema.as_str());
                system && pieces.get(at + 1).is_some_and(|next| next.text(text) == "(")
            }
            _ => false,
        };
        let name = parts.last().map(|part| part.as_str()).unwrap_or_default();
        if let Some((_, function)) = REFUSED.iter().find(|(own, _)| called && *own == name) {
            let error = SqlError::new(code::UNSUPPORTED, format!("cannot materialize call to {function}"));
            return Err(if *function == "current_timestamp" {
                error.hint("See: https://materialize.com/docs/sql/functions/now_and_mz_now/")
            } else {
                error
            });
        }
    }
    Ok(())
}
