//! Reads how far objects have come: the facts, by recorded id; judging them is done elsewhere.
//!
//! The queries start from clusters and ids, and what the status views do not mention is told as
//! missing: the server's views leave out what no replica has reported yet.
//!
//! Source: `design/materialize.md` 4, seen on v26.21.

use std::collections::BTreeMap;
use std::collections::HashMap;

use futures_util::future::try_join_all;

use super::error::Error;
use super::session::Row;
use super::session::Session;
use crate::name::ClusterId;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ReplicaId;
use crate::name::literal;

/// A replica and how it fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaFacts {
    /// Processes that are offline now, with the reason where one is known.
    pub offline: Vec<Option<String>>,
    /// How often the worst of its processes ran out of memory or went offline in the last minutes.
    pub recent_failures: usize,
    /// Whether it is of another size than its cluster: it helps while the cluster hydrates or is resized, and
    /// goes again.
    ///
    /// Source: `AUTO SCALING STRATEGY` and the resizing of clusters in the manual, v26.34 and v26.35.
    pub passing: bool,
}

/// What the catalog tells of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFacts {
    /// What it is.
    pub kind: ObjectKind,
    /// The cluster it runs on; `None` for views and the like, which never hydrate.
    pub cluster: Option<ClusterId>,
    /// By replica that has reported: whether it is hydrated there.
    pub hydrated: BTreeMap<ReplicaId, bool>,
    /// Milliseconds up to which its contents are complete; `None` while nothing is known.
    pub frontier: Frontier,
}

/// How far an object's contents are complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frontier {
    /// The catalog does not say yet.
    Unknown,
    /// Up to that moment, in milliseconds since 1970; 0 before anything was computed.
    At(u64),
    /// For ever: nothing more can change.
    Complete,
}

/// What a cluster is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Its replicas.
    pub replicas: BTreeMap<ReplicaId, ReplicaFacts>,
    /// Whether it is switched on only around refreshes.
    pub scheduled: bool,
}

/// One look at an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HydrationFacts {
    /// The server's clock, in milliseconds since 1970.
    pub now_ms: u64,
    /// The objects asked for; one that is missing here is gone.
    pub objects: BTreeMap<ObjectId, ObjectFacts>,
    /// The clusters they run on, those without replicas included.
    pub clusters: BTreeMap<ClusterId, ClusterFacts>,
    /// Refreshing materialized views: whether one refresh is completed.
    pub refreshed: BTreeMap<ObjectId, bool>,
}

/// Looks at the given objects, all of them at once.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn read(session: &Session, ids: &[ObjectId]) -> Result<HydrationFacts, Error> {
    let mut facts = HydrationFacts::default();
    if ids.is_empty() {
        return Ok(facts);
    }
    let list: Vec<String> = ids.iter().map(|id| literal(id.as_str())).collect();
    let list = list.join(", ");
    // Clusters and replicas are few: asking for all of them is one look-up each, and looking first
    // which are meant would be a round trip or a subquery in each. What can be joined and counted here is
    // not for the server to plan.
    let queries = [
        format!(
            "SELECT id, type, cluster_id, (extract(epoch FROM now()) * 1000)::numeric \
             FROM mz_catalog.mz_objects WHERE id IN ({list})"
        ),
        "SELECT id, size FROM mz_catalog.mz_clusters".to_owned(),
        "SELECT id, cluster_id, size FROM mz_catalog.mz_cluster_replicas".to_owned(),
        format!(
            "SELECT object_id, replica_id, hydrated FROM mz_internal.mz_hydration_statuses \
             WHERE object_id IN ({list})"
        ),
        format!("SELECT object_id, write_frontier FROM mz_internal.mz_frontiers WHERE object_id IN ({list})"),
        "SELECT replica_id, reason FROM mz_internal.mz_cluster_replica_statuses \
         WHERE status = 'offline'"
            .to_owned(),
        "SELECT replica_id, process_id, reason FROM mz_internal.mz_cluster_replica_status_history \
         WHERE status = 'offline' AND occurred_at > now() - INTERVAL '5 minutes'"
            .to_owned(),
        "SELECT cluster_id FROM mz_internal.mz_cluster_schedules WHERE type = 'on-refresh'".to_owned(),
        format!(
            "SELECT materialized_view_id, last_completed_refresh IS NOT NULL \
             FROM mz_internal.mz_materialized_view_refreshes WHERE materialized_view_id IN ({list})"
        ),
    ];
    let answers = try_join_all(queries.iter().map(|query| session.read(query))).await?;
    let mut answers = answers.iter();
    let mut next = || answers.next().map(Vec::as_slice).unwrap_or_default();
    put_objects(&mut facts, next())?;
    put_replicas(&mut facts, next(), next())?;
    put_hydration(&mut facts, next())?;
    put_frontiers(&mut facts, next())?;
    put_statuses(&mut facts, next(), next())?;
    for row in next() {
        if let Some(cluster) = facts.clusters.get_mut(&ClusterId::new(row.required(0)?)) {
            cluster.scheduled = true;
        }
    }
    for row in next() {
        facts.refreshed.insert(ObjectId::new(row.required(0)?), row.is_true(1));
    }
    Ok(facts)
}

/// How much of a plan has taken in what was there when it began, on all replicas that have reported it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    /// Nodes that have.
    pub hydrated: usize,
    /// Nodes in all.
    pub total: usize,
}

/// How far the plans of indexes and materialized views have come; those of which nothing is reported are left
/// out.
///
/// Source: `mz_compute_operator_hydration_statuses` in the manual, v26.21.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn nodes(session: &Session, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Nodes>, Error> {
    let mut found: BTreeMap<ObjectId, Nodes> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let list: Vec<String> = ids.iter().map(|id| literal(id.as_str())).collect();
    let sql = format!(
        "SELECT object_id, hydrated FROM mz_internal.mz_compute_operator_hydration_statuses \
         WHERE object_id IN ({})",
        list.join(", ")
    );
    for row in session.read(&sql).await? {
        let nodes = found.entry(ObjectId::new(row.required(0)?)).or_default();
        nodes.total += 1;
        nodes.hydrated += usize::from(row.is_true(1));
    }
    Ok(found)
}

/// Whole milliseconds of a number as the server prints it: `1777982171123.4`.
fn whole(text: &str) -> Option<u64> {
    text.split('.').next()?.parse().ok()
}

fn put_objects(facts: &mut HydrationFacts, rows: &[Row]) -> Result<(), Error> {
    for row in rows {
        facts.now_ms =
            whole(row.required(3)?).ok_or_else(|| Error::protocol("the server's time is no number"))?;
        let Some(kind) = ObjectKind::from_catalog(row.required(1)?) else { continue };
        let cluster = row.text(2).map(ClusterId::new);
        if let Some(cluster) = &cluster {
            facts.clusters.entry(cluster.clone()).or_default();
        }
        let object = ObjectFacts { kind, cluster, hydrated: BTreeMap::new(), frontier: Frontier::Unknown };
        facts.objects.insert(ObjectId::new(row.required(0)?), object);
    }
    Ok(())
}

fn put_replicas(facts: &mut HydrationFacts, clusters: &[Row], replicas: &[Row]) -> Result<(), Error> {
    let mut sizes: HashMap<&str, &str> = HashMap::new();
    for row in clusters {
        // Without a size of their own, unmanaged clusters have no replica of another one.
        sizes.extend(row.text(1).map(|size| (row.text(0).unwrap_or_default(), size)));
    }
    for row in replicas {
        let id = row.required(1)?;
        if let Some(cluster) = facts.clusters.get_mut(&ClusterId::new(id)) {
            let replica = cluster.replicas.entry(ReplicaId::new(row.required(0)?)).or_default();
            replica.passing = matches!((row.text(2), sizes.get(id)), (Some(own), Some(size)) if own != *size);
        }
    }
    Ok(())
}

fn put_hydration(facts: &mut HydrationFacts, rows: &[Row]) -> Result<(), Error> {
    for row in rows {
        // A row without a replica says that no replica has reported: as good as no row.
        let Some(replica) = row.text(1) else { continue };
        if let Some(object) = facts.objects.get_mut(&ObjectId::new(row.required(0)?)) {
            object.hydrated.insert(ReplicaId::new(replica), row.is_true(2));
        }
    }
    Ok(())
}

fn put_frontiers(facts: &mut HydrationFacts, rows: &[Row]) -> Result<(), Error> {
    for row in rows {
        if let Some(object) = facts.objects.get_mut(&ObjectId::new(row.required(0)?)) {
            object.frontier = match row.text(1) {
                None => Frontier::Complete,
                Some(text) => whole(text).map_or(Frontier::Unknown, Frontier::At),
            };
        }
    }
    Ok(())
}

/// How often the worst process of each replica went offline: one restart of a replica takes all of its processes down,
/// each with a row of its own. That a process is being started is no failure.
///
/// Source: `mz_cluster_replica_status_history` in the manual, and the reasons `oom-killed` and `initializing` of the
/// server's orchestrators, v26.21.
fn failures<'r>(
    history: impl Iterator<Item = (&'r str, &'r str, Option<&'r str>)>,
) -> HashMap<&'r str, usize> {
    let mut of_processes: HashMap<(&str, &str), usize> = HashMap::new();
    for (replica, process, _) in history.filter(|(_, _, reason)| *reason != Some("initializing")) {
        *of_processes.entry((replica, process)).or_default() += 1;
    }
    let mut worst: HashMap<&str, usize> = HashMap::new();
    for ((replica, _), count) in of_processes {
        let most = worst.entry(replica).or_default();
        *most = count.max(*most);
    }
    worst
}

fn put_statuses(facts: &mut HydrationFacts, now: &[Row], history: &[Row]) -> Result<(), Error> {
    let mut went_offline = Vec::new();
    for row in history {
        went_offline.push((row.required(0)?, row.required(1)?, row.text(2)));
    }
    let failures = failures(went_offline.into_iter());
    let mut offline: HashMap<&str, Vec<Option<String>>> = HashMap::new();
    for row in now {
        offline.entry(row.required(0)?).or_default().push(row.text(1).map(str::to_owned));
    }
    for cluster in facts.clusters.values_mut() {
        for (id, replica) in &mut cluster.replicas {
            replica.offline = offline.remove(id.as_str()).unwrap_or_default();
            replica.recent_failures = failures.get(id.as_str()).copied().unwrap_or(0);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_of_a_replica_with_many_processes_is_one_failure() {
        let oom = Some("oom-killed");
        let restarted = [("u1", "0", None), ("u1", "1", oom), ("u1", "2", None)];
        assert_eq!(failures(restarted.into_iter()), HashMap::from([("u1", 1)]));
        let looping =
            [("u1", "0", oom), ("u1", "0", oom), ("u1", "1", None), ("u1", "0", oom), ("u2", "0", oom)];
        assert_eq!(failures(looping.into_iter()), HashMap::from([("u1", 3), ("u2", 1)]));
    }

    #[test]
    fn what_is_being_started_has_not_failed() {
        let begun = [("u1", "0", Some("initializing")); 3];
        assert!(failures(begun.into_iter()).is_empty());
    }
}
