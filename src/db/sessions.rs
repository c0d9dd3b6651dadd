//! Who is connected: the sessions of the server, this one among them.
//!
//! Source: `mz_sessions` and `pg_backend_pid()`, seen on v26.21. A connection's number is unsigned
//! there and signed here.

use std::collections::BTreeSet;

use super::error::Error;
use super::session::Session;

const OWN: &str = "SELECT id FROM mz_internal.mz_sessions WHERE connection_id::int8 = \
    CASE WHEN pg_backend_pid() < 0 THEN pg_backend_pid()::int8 + 4294967296 ELSE pg_backend_pid()::int8 END";

const OPEN: &str = "SELECT id FROM mz_internal.mz_sessions";

const OTHERS: &str = "SELECT DISTINCT r.name FROM mz_internal.mz_sessions s \
    JOIN mz_catalog.mz_roles r ON r.id = s.role_id WHERE s.connection_id::int8 <> \
    CASE WHEN pg_backend_pid() < 0 THEN pg_backend_pid()::int8 + 4294967296 ELSE pg_backend_pid()::int8 END";

/// The roles that have a session beside this one.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn roles_of_others(session: &Session) -> Result<BTreeSet<String>, Error> {
    session.read(OTHERS).await?.iter().map(|row| row.required(0).map(str::to_owned)).collect()
}

/// The id of this session, which no other ever has; `None` where the server does not tell.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn own(session: &Session) -> Result<Option<String>, Error> {
    Ok(session.read(OWN).await?.first().and_then(|row| row.text(0)).map(str::to_owned))
}

/// The ids of all sessions that are open.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn open(session: &Session) -> Result<BTreeSet<String>, Error> {
    session.read(OPEN).await?.iter().map(|row| row.required(0).map(str::to_owned)).collect()
}
