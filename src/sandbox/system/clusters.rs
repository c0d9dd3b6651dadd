//! Clusters, their replicas and sizes.

use std::time::Duration;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::cluster::Cluster;
use super::spec::Spec;
use super::spec::no_rows;
use super::text;
use super::text::flag;
use super::text::some;

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 510,
        schema: "mz_catalog",
        name: "mz_clusters",
        kind: "table",
        columns: "id text, name text, owner_id text, privileges _mz_aclitem, managed bool, size text?, \
                  replication_factor uint4?, disk bool?, availability_zones text list?, \
                  introspection_debugging bool?, introspection_interval interval?",
        rows: clusters,
    },
    Spec {
        id: 511,
        schema: "mz_catalog",
        name: "mz_cluster_replicas",
        kind: "table",
        columns: "id text, name text, cluster_id text, size text?, availability_zone text?, owner_id text, \
                  disk bool?",
        rows: replicas,
    },
    Spec {
        id: 512,
        schema: "mz_catalog",
        name: "mz_cluster_replica_sizes",
        kind: "table",
        columns: "size text, processes uint8, workers uint8, cpu_nano_cores uint8, memory_bytes uint8, \
                  disk_bytes uint8?, credits_per_hour numeric",
        rows: sizes,
    },
    Spec {
        id: 513,
        schema: "mz_internal",
        name: "mz_cluster_schedules",
        kind: "table",
        columns: "cluster_id text, type text, refresh_hydration_time_estimate interval?",
        rows: schedules,
    },
    Spec {
        id: 514,
        schema: "mz_internal",
        name: "mz_cluster_workload_classes",
        kind: "table",
        columns: "id text, workload_class text?",
        rows: workload_classes,
    },
    Spec {
        id: 515,
        schema: "mz_internal",
        name: "mz_pending_cluster_replicas",
        kind: "table",
        columns: "id text",
        rows: no_rows,
    },
    Spec {
        id: 516,
        schema: "mz_internal",
        name: "mz_internal_cluster_replicas",
        kind: "table",
        columns: "id text",
        rows: no_rows,
    },
    Spec {
        id: 517,
        schema: "mz_internal",
        name: "mz_cluster_replica_history",
        kind: "view",
        columns: "replica_id text?, size text?, cluster_id text?, cluster_name text?, replica_name text?, \
                  created_at timestamptz, dropped_at timestamptz?, credits_per_hour numeric?",
        rows: history,
    },
    Spec {
        id: 518,
        schema: "mz_internal",
        name: "mz_cluster_deployment_lineage",
        kind: "view",
        columns: "cluster_id text?, current_deployment_cluster_id text, cluster_name text",
        rows: lineage,
    },
];

/// A size of replicas.
struct Size {
    name: &'static str,
    workers: u64,
    /// In thousandths of a core.
    millicores: u64,
    memory_mb: u64,
    /// In hundredths.
    credits: u64,
}

/// The sizes that the recorded server has.
const SIZES: [Size; 3] = [
    Size { name: "25cc", workers: 1, millicores: 500, memory_mb: 3_881, credits: 25 },
    Size { name: "50cc", workers: 1, millicores: 1_000, memory_mb: 7_762, credits: 50 },
    Size { name: "100cc", workers: 2, millicores: 2_000, memory_mb: 15_525, credits: 100 },
];

/// The sizes that exist, as the server lists them.
pub(crate) fn size_names() -> [&'static str; 3] {
    SIZES.map(|size| size.name)
}

fn clusters(state: &State, _: &Runtime) -> Vec<Row> {
    state.catalog.clusters.iter().map(|(id, cluster)| row(&id.to_string(), cluster)).collect()
}

fn row(id: &str, cluster: &Cluster) -> Row {
    let mut row = vec![
        some(id),
        text::ident(&cluster.name),
        some(cluster.owner),
        text::acl(&cluster.acl),
        flag(cluster.managed.is_some()),
    ];
    match &cluster.managed {
        Some(managed) => {
            let zones = &managed.availability_zones;
            let interval = managed.introspection_interval_ms.map(Duration::from_millis);
            row.extend([
                some(&managed.size),
                some(managed.replication_factor),
                flag(true),
                (!zones.is_empty()).then(|| text::array(zones)),
                flag(managed.introspection_debugging),
                interval.map(text::interval),
            ]);
        }
        None => row.extend([None, None, None, None, None, None]),
    }
    row
}

fn replicas(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (cluster_id, cluster) in &state.catalog.clusters {
        for (id, replica) in &cluster.replicas {
            rows.push(vec![
                some(id),
                text::ident(&replica.name),
                some(cluster_id),
                some(&replica.size),
                None,
                some(replica.owner),
                flag(true),
            ]);
        }
    }
    rows
}

/// A number of hundredths as a numeric: `0.25`, `1`.
/// What a replica of a size costs an hour, in hundredths of a credit.
pub(crate) fn credits(size: &str) -> u64 {
    SIZES.iter().find(|known| known.name == size).map_or(0, |known| known.credits)
}

/// Hundredths as a number.
pub(crate) fn hundredths(number: u64) -> String {
    let text = format!("{}.{:02}", number / 100, number % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn sizes(_: &State, _: &Runtime) -> Vec<Row> {
    const MEGABYTE: u64 = 1024 * 1024;
    let sizes = SIZES.iter();
    sizes
        .map(|size| {
            vec![
                some(size.name),
                some(1),
                some(size.workers),
                some(size.millicores * 1_000_000),
                some(size.memory_mb * MEGABYTE),
                some(size.memory_mb * 2 * MEGABYTE),
                some(hundredths(size.credits)),
            ]
        })
        .collect()
}

fn schedules(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, cluster) in &state.catalog.clusters {
        let Some(managed) = &cluster.managed else { continue };
        rows.push(match managed.on_refresh_ms {
            Some(estimate) => {
                let estimate = text::interval(Duration::from_millis(estimate));
                vec![some(id), some("on-refresh"), Some(estimate)]
            }
            None => vec![some(id), some("manual"), None],
        });
    }
    rows
}

fn workload_classes(state: &State, _: &Runtime) -> Vec<Row> {
    let clusters = state.catalog.clusters.iter();
    clusters.map(|(id, cluster)| vec![some(id), cluster.workload_class.clone()]).collect()
}

/// Replicas that are there; the audit log tells of those that are gone.
fn history(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    let field = |event: &super::super::model::AuditEvent, key: &str| {
        event.details.get(key).and_then(|value| value.as_str()).map(str::to_owned)
    };
    let audit = &state.catalog.audit;
    let about = |event: &&super::super::model::AuditEvent| event.object_type == "cluster-replica";
    let dropped: std::collections::HashMap<String, String> = audit
        .iter()
        .filter(about)
        .filter(|event| event.event == "drop")
        .filter_map(|event| Some((field(event, "replica_id")?, text::moment(event.at))))
        .collect();
    for event in audit.iter().filter(about).filter(|event| event.event == "create") {
        let replica = field(event, "replica_id");
        let size = field(event, "logical_size");
        let credits = SIZES.iter().find(|known| Some(known.name) == size.as_deref());
        rows.push(vec![
            replica.clone(),
            size,
            field(event, "cluster_id"),
            field(event, "cluster_name"),
            field(event, "replica_name"),
            some(text::moment(event.at)),
            replica.and_then(|id| dropped.get(&id).cloned()),
            credits.map(|size| hundredths(size.credits)),
        ]);
    }
    rows
}

/// Each cluster is its own lineage: pairing by a suffix is dbt's, from events of thirty days.
fn lineage(state: &State, _: &Runtime) -> Vec<Row> {
    let users = state.catalog.clusters.iter().filter(|(id, _)| id.is_user());
    users.map(|(id, cluster)| vec![some(id), some(id), text::ident(&cluster.name)]).collect()
}
