//! How sinks fare, as the server tells.
//!
//! Source: `mz_sink_statuses` in `design/materialize.md` 3.2.

use super::error::Error;
use super::session::Row;
use super::session::Session;
use crate::name::ObjectId;
use crate::name::literal;

/// How one sink fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkStatus {
    /// The sink.
    pub id: ObjectId,
    /// The server's word: `running`, `stalled`, `failed`, …
    pub status: String,
    /// What is wrong.
    pub error: Option<String>,
}

/// Reads how sinks fare; of what is no sink, or gone, nothing is told.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn statuses(session: &Session, ids: &[ObjectId]) -> Result<Vec<SinkStatus>, Error> {
    let list: Vec<String> = ids.iter().map(|id| literal(id.as_str())).collect();
    let sql = format!(
        "SELECT id, status, error FROM mz_internal.mz_sink_statuses WHERE id IN ({}) ORDER BY id",
        list.join(", ")
    );
    let status = |row: &Row| {
        Ok(SinkStatus {
            id: ObjectId::new(row.required(0)?),
            status: row.required(1)?.to_owned(),
            error: row.text(2).map(str::to_owned),
        })
    };
    session.read(&sql).await?.iter().map(status).collect()
}
