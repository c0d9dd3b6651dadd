//! What the server's audit log tells of single things.
//!
//! Ids of schemas, clusters and objects are counted for themselves, so an id alone names nothing.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::error::Error;
use super::journal::moment;
use super::session::Row;
use super::session::Session;
use crate::clock::Timestamp;
use crate::name::literal;

/// So many of the newest events are read.
const MOST_EVENTS: usize = 1000;

/// What has ids of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Schemas.
    Schema,
    /// Clusters.
    Cluster,
    /// Objects in schemas, of any kind.
    Object,
}

impl Sort {
    /// What of `mz_audit_events` is about such things.
    fn condition(self) -> &'static str {
        match self {
            Self::Schema => "object_type = 'schema'",
            Self::Cluster => "object_type = 'cluster'",
            Self::Object => {
                "object_type NOT IN ('schema', 'cluster', 'cluster-replica', 'database', 'role', \
                 'network-policy', 'system')"
            }
        }
    }
}

/// A thing of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// Of what sort it is.
    pub sort: Sort,
    /// Its id among those of its sort.
    pub id: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Its number: later events have higher ones.
    pub number: u64,
    /// What it happened to.
    pub to: Thing,
    /// `create`, `alter`, `drop` and others.
    pub event: String,
    /// Who did it; the server does not always know.
    pub user: Option<String>,
    /// When, by the server's clock.
    pub at: String,
}

/// Which of some things the server has made since a moment, by its own clock, each with who made it; the server does
/// not always know.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn made_since(
    session: &Session,
    things: &[Thing],
    since: Timestamp,
) -> Result<BTreeMap<Thing, Option<String>>, Error> {
    let since = moment(since)?;
    let made = |of: &str, ids: &str| {
        format!(
            "SELECT details->>'id', \"user\" FROM mz_catalog.mz_audit_events WHERE {of} AND event_type = 'create' \
             AND occurred_at >= {since} AND details->>'id' IN ({ids})"
        )
    };
    let queries = of_each_sort(things, made);
    let answers = try_join_all(queries.iter().map(|(_, query)| session.read(query)));
    let mut found = BTreeMap::new();
    for ((sort, _), rows) in queries.iter().zip(answers.await?) {
        for row in &rows {
            let thing = Thing { sort: *sort, id: row.required(0)?.to_owned() };
            found.insert(thing, row.text(1).map(str::to_owned));
        }
    }
    Ok(found)
}

/// A query for each sort of things that there are, of its condition and the ids.
fn of_each_sort(things: &[Thing], query: impl Fn(&str, &str) -> String) -> Vec<(Sort, String)> {
    let sorts = [Sort::Schema, Sort::Cluster, Sort::Object];
    let queries = sorts.into_iter().filter_map(|sort| {
        let ids = things.iter().filter(|thing| thing.sort == sort).map(|thing| literal(&thing.id));
        let ids: Vec<String> = ids.collect();
        (!ids.is_empty()).then(|| (sort, query(sort.condition(), &ids.join(", "))))
    });
    queries.collect()
}

/// What happened to some things, the newest first.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn events_of(session: &Session, things: &[Thing]) -> Result<Vec<Happened>, Error> {
    let happened_to = |of: &str, ids: &str| {
        format!(
            "SELECT id, details->>'id', event_type, \"user\", \
             to_char(occurred_at, 'YYYY-MM-DD HH24:MI:SS') FROM mz_catalog.mz_audit_events \
             WHERE {of} AND details->>'id' IN ({ids}) ORDER BY id DESC LIMIT {MOST_EVENTS}"
        )
    };
    let queries = of_each_sort(things, happened_to);
    let answers = try_join_all(queries.iter().map(|(_, query)| session.read(query)));
    let mut found = Vec::new();
    for ((sort, _), rows) in queries.iter().zip(answers.await?) {
        for row in &rows {
            found.push(happened(*sort, row)?);
        }
    }
    found.sort_by_key(|event| std::cmp::Reverse(event.number));
    Ok(found)
}

fn happened(sort: Sort, row: &Row) -> Result<Happened, Error> {
    let number = row.required(0)?;
    let number = number.parse().map_err(|_| Error::protocol(format!("{number} numbers no event")))?;
    Ok(Happened {
        number,
        to: Thing { sort, id: row.required(1)?.to_owned() },
        event: row.required(2)?.to_owned(),
        user: row.text(3).map(str::to_owned),
        at: row.required(4)?.to_owned(),
    })
}
