//! A glance at a relation: how many rows it has, and some of them. Reads, on a connection of its own.

use std::time::Duration;

use super::error::Error;
use crate::clock::Clock;
use crate::db::apply::Interrupt;
use crate::db::session::Session;
use crate::db::session::Table;
use crate::name::ClusterName;
use crate::name::ObjectName;

/// A glance may take so long: whoever looks at a screen does not wait for more.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// So many rows are shown.
pub const ROWS: usize = 50;

/// Lets a session answer on a cluster, and not for longer than [`TIMEOUT`].
///
/// # Errors
/// `db.*`.
pub async fn begin(session: &Session, cluster: &ClusterName) -> Result<(), Error> {
    session.run(&format!("SET statement_timeout = '{} ms'", TIMEOUT.as_millis())).await?;
    session.run(&format!("SET cluster = {}", cluster.sql())).await?;
    Ok(())
}

/// How many rows there are.
///
/// # Errors
/// `db.*`: what the server says.
///
/// # Cancel
/// Safe; better to ask through `interrupt`, which lets the server stop as well.
pub async fn count(
    session: &Session,
    name: &ObjectName,
    clock: &Clock,
    interrupt: &Interrupt,
) -> Result<u64, Error> {
    let table = session.table(&format!("SELECT count(*) FROM {}", name.sql()), clock, interrupt).await?;
    Ok(table.rows.first().and_then(|row| row.parsed(0)).unwrap_or_default())
}

/// Some rows, in no order.
///
/// # Errors
/// `db.*`: what the server says.
///
/// # Cancel
/// As [`count`].
pub async fn rows(
    session: &Session,
    name: &ObjectName,
    clock: &Clock,
    interrupt: &Interrupt,
) -> Result<Table, Error> {
    Ok(session.table(&format!("SELECT * FROM {} LIMIT {ROWS}", name.sql()), clock, interrupt).await?)
}
