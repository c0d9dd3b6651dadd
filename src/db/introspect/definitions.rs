//! How the server itself would write clusters down.

use futures_util::future::try_join_all;

use crate::db::error::Error;
use crate::db::session::Row;
use crate::db::session::Session;
use crate::name::ClusterName;

/// How the server itself would write each cluster down (`SHOW CREATE CLUSTER`), in order.
///
/// # Errors
/// What the server says; it refuses this for unmanaged clusters.
pub async fn of_clusters(session: &Session, names: &[ClusterName]) -> Result<Vec<String>, Error> {
    let queries: Vec<String> =
        names.iter().map(|name| format!("SHOW CREATE CLUSTER {}", name.sql())).collect();
    let answers = try_join_all(queries.iter().map(|query| session.read(query))).await?;
    let definition = |rows: &Vec<Row>| rows.first().and_then(|row| row.text(1)).map(str::to_owned);
    let missing = || Error::protocol("SHOW CREATE CLUSTER gave no row");
    answers.iter().map(|rows| definition(rows).ok_or_else(missing)).collect()
}

/// The same as far as the server tells it: nothing of a cluster that is gone, or that it does not write down.
///
/// # Errors
/// A lost connection.
pub async fn known_of_clusters(
    session: &Session,
    names: &[ClusterName],
) -> Result<Vec<Option<String>>, Error> {
    let one = |name: &ClusterName| {
        let name = name.clone();
        async move {
            match of_clusters(session, std::slice::from_ref(&name)).await {
                Ok(found) => Ok(found.into_iter().next()),
                Err(error) if error.outcome_unknown() => Err(error),
                Err(error) => {
                    tracing::debug!("how cluster {name} is defined is not told: {error}");
                    Ok(None)
                }
            }
        }
    };
    try_join_all(names.iter().map(one)).await
}
