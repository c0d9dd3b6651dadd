//! The SUBSCRIBEs that run, and whose they are.
//!
//! Source: `mz_subscriptions` and `mz_sessions` in `design/materialize.md` 3.2, of v26.21. A cursor is in there from its
//! first `FETCH` on. What it reads is told as it was named, views not taken apart.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::error::Error;
use super::session::Row;
use super::session::Session;
use crate::name::ClusterId;
use crate::name::ObjectId;
use crate::name::listed;

const RUNNING: &str = "SELECT r.name, c.connection_id, c.client_ip, s.cluster_id, s.referenced_object_ids \
    FROM mz_internal.mz_subscriptions s LEFT JOIN mz_internal.mz_sessions c ON c.id = s.session_id \
    LEFT JOIN mz_catalog.mz_roles r ON r.id = c.role_id ORDER BY s.created_at, s.id";

/// What has other numbers than its id: a table that got columns, or a materialized view that was replaced, keeps each
/// that it had. A SUBSCRIBE has that of its beginning.
///
/// Source: `mz_object_global_ids` in the server's catalog (`[CatalogItemId, GlobalId]`).
const RENUMBERED: &str = "SELECT global_id, id FROM mz_internal.mz_object_global_ids \
    WHERE id LIKE 'u%' AND global_id <> id";

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The role of its session, if that is still open.
    pub role: Option<String>,
    /// The number of its session.
    pub connection: Option<String>,
    /// Where its client is.
    pub client: Option<String>,
    /// The cluster that it runs on.
    pub cluster: Option<ClusterId>,
    /// What it reads.
    pub reads: BTreeSet<ObjectId>,
}

/// Reads them, oldest first.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn running(session: &Session) -> Result<Vec<Subscription>, Error> {
    let one = |row: &Row| {
        let text = |column| row.text(column).map(str::to_owned);
        Subscription {
            role: text(0),
            connection: text(1),
            client: text(2),
            cluster: row.text(3).map(ClusterId::new),
            reads: row.text(4).map(ids).unwrap_or_default(),
        }
    };
    let mut found: Vec<Subscription> = session.read(RUNNING).await?.iter().map(one).collect();
    if found.iter().any(|subscription| !subscription.reads.is_empty()) {
        let numbers = renumbered(session).await?;
        found.iter_mut().for_each(|subscription| subscription.renumber(&numbers));
    }
    Ok(found)
}

/// The ids of what has other numbers, by these.
async fn renumbered(session: &Session) -> Result<BTreeMap<ObjectId, ObjectId>, Error> {
    let pair = |row: &Row| Some((ObjectId::new(row.text(0)?), ObjectId::new(row.text(1)?)));
    Ok(session.read(RENUMBERED).await?.iter().filter_map(pair).collect())
}

impl Subscription {
    /// Has the ids of the catalog for what it reads, instead of other numbers of it.
    fn renumber(&mut self, numbers: &BTreeMap<ObjectId, ObjectId>) {
        let reads = std::mem::take(&mut self.reads).into_iter();
        self.reads = reads.map(|id| numbers.get(&id).cloned().unwrap_or(id)).collect();
    }
}

/// The ids of a list as the server prints it: `{u1,u2}`.
fn ids(list: &str) -> BTreeSet<ObjectId> {
    let inner = list.trim_start_matches('{').trim_end_matches('}');
    listed::split(inner).into_iter().map(|id| ObjectId::new(id.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_ids() {
        let read = |list| ids(list).iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(read("{u1,u20}"), ["u1", "u20"]);
        assert!(read("{}").is_empty());
    }

    #[test]
    fn what_was_replaced_under_it_is_read_all_the_same() {
        let mut subscription = Subscription { reads: ids("{u1,u2,u3}"), ..Subscription::default() };
        subscription.renumber(&[(ObjectId::new("u2"), ObjectId::new("u9"))].into());
        assert_eq!(subscription.reads, ids("{u1,u3,u9}"));
    }
}
