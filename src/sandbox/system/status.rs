//! How replicas, sources and sinks fare.

use std::collections::HashMap;
use std::time::Duration;

use super::super::hydration;
use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::super::sinks;
use super::super::sinks::Health;
use super::generator;
use super::items;
use super::objects;
use super::spec::Spec;
use super::spec::no_rows;
use super::text;
use super::text::flag;
use super::text::some;
use crate::clock::Timestamp;

const STATUS_COLUMNS: &str = "id text, name text, type text, last_status_change_at timestamptz?, status text, error text?, details jsonb?";
const STATISTICS_COLUMNS: &str = "id text, replica_id text?, messages_received uint8, bytes_received uint8, updates_staged uint8, \
     updates_committed uint8, records_indexed uint8, bytes_indexed uint8, rehydration_latency interval?, \
     snapshot_records_known uint8?, snapshot_records_staged uint8?, snapshot_committed bool, \
     offset_known uint8?, offset_committed uint8?";

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 720,
        schema: "mz_internal",
        name: "mz_cluster_replica_statuses",
        kind: "view",
        columns: "replica_id text, process_id uint8, status text, reason text?, updated_at timestamptz",
        rows: replicas,
    },
    Spec {
        id: 721,
        schema: "mz_internal",
        name: "mz_cluster_replica_status_history",
        kind: "source",
        columns: "replica_id text, process_id uint8, status text, reason text?, occurred_at timestamptz",
        rows: replica_history,
    },
    Spec {
        id: 722,
        schema: "mz_internal",
        name: "mz_source_statuses",
        kind: "view",
        columns: STATUS_COLUMNS,
        rows: sources,
    },
    Spec {
        id: 723,
        schema: "mz_internal",
        name: "mz_sink_statuses",
        kind: "view",
        columns: STATUS_COLUMNS,
        rows: sinks,
    },
    Spec {
        id: 779,
        schema: "mz_internal",
        name: "mz_sink_status_history",
        kind: "source",
        columns: "occurred_at timestamptz, sink_id text, status text, error text?, details jsonb?, replica_id text?",
        rows: sink_history,
    },
    Spec {
        id: 724,
        schema: "mz_internal",
        name: "mz_source_statistics",
        kind: "view",
        columns: STATISTICS_COLUMNS,
        rows: source_statistics,
    },
    Spec {
        id: 725,
        schema: "mz_internal",
        name: "mz_sink_statistics",
        kind: "view",
        columns: "id text, replica_id text?, messages_staged uint8, messages_committed uint8, bytes_staged uint8, \
                  bytes_committed uint8",
        rows: no_rows,
    },
];

fn status_row(status: hydration::ReplicaStatus) -> Row {
    let at = text::moment(status.at);
    vec![some(status.replica), some(0), some(status.status), status.reason, some(at)]
}

fn replicas(state: &State, runtime: &Runtime) -> Vec<Row> {
    hydration::replica_statuses(state, runtime.now).into_iter().map(status_row).collect()
}

fn replica_history(state: &State, runtime: &Runtime) -> Vec<Row> {
    hydration::replica_history(state, runtime.now).into_iter().map(status_row).collect()
}

/// What is told of something that nothing runs.
const NO_REPLICA: &str = "{\"hints\":[\"There is currently no replica running this object\"]}";

/// Since when something runs: its cluster's first replica and itself have to be there.
fn running_since(state: &State, item: &Item) -> Option<Timestamp> {
    let cluster = objects::cluster_of(&state.catalog, item)?;
    let replicas = state.catalog.clusters.get(&cluster)?.replicas.values();
    let first = replicas.map(|replica| replica.created).min()?;
    Some(first.max(item.created))
}

fn status(state: &State, item: &Item, kind: &str, always: bool) -> Row {
    let (status, at, details) = match running_since(state, item) {
        _ if always => ("running", item.created, None),
        Some(at) => ("running", at, None),
        None => ("paused", item.created, some(NO_REPLICA)),
    };
    let at = some(text::moment(at));
    vec![some(item.id), text::ident(&item.name), some(kind), at, some(status), None, details]
}

fn sources(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in state.catalog.items.values() {
        match &item.data {
            ItemData::Source(data) => {
                let always = matches!(data, SourceData::Webhook { .. } | SourceData::Progress { .. });
                rows.push(status(state, item, items::source_type(data).0, always));
            }
            ItemData::Table { from_source: Some((source, _)) } => {
                let Some(source) = state.catalog.items.get(source) else { continue };
                let mut row = status(state, source, "table", false);
                row.splice(0..2, [some(item.id), text::ident(&item.name)]);
                rows.push(row);
            }
            _ => {}
        }
    }
    rows
}

fn sinks(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in state.catalog.items.values() {
        let ItemData::Sink { kind, .. } = &item.data else { continue };
        let mut row = status(state, item, kind, false);
        let (health, since) = sinks::health(state, item);
        if let (Some(error), Some(since)) = (health.error(), since) {
            let at = Some(text::moment(since));
            row.splice(3.., [at, some(health.word()), some(error), None]);
        }
        rows.push(row);
    }
    rows
}

fn sink_history(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in state.catalog.items.values().filter(|item| matches!(item.data, ItemData::Sink { .. })) {
        let mut push = |at: Timestamp, word: &str, error: Option<&str>, details: Option<String>| {
            let at = some(text::moment(at));
            rows.push(vec![at, some(item.id), some(word), error.and_then(some), details, None]);
        };
        match running_since(state, item) {
            Some(_) => push(item.created, "starting", None, None),
            None => push(item.created, "paused", None, some(NO_REPLICA)),
        }
        let since = running_since(state, item);
        for (number, (at, health)) in sinks::history(state, item).into_iter().enumerate() {
            let at = if number == 0 { since.unwrap_or(at) } else { at };
            // A sink that is blocked says nothing of it, and neither does one that nothing runs.
            if health.error().is_some() || (since.is_some() && health != Health::Blocked) {
                push(at, health.word(), health.error(), None);
            }
        }
    }
    rows
}

/// How many rows a source or one of its tables has produced; what comes from outside never comes.
fn produced(state: &State, item: &Item, now: Timestamp) -> Option<(usize, Option<u64>)> {
    let (of, table) = match &item.data {
        ItemData::Source(SourceData::Subsource { of, reference }) => {
            (state.catalog.items.get(of)?, Some(reference))
        }
        ItemData::Source(SourceData::LoadGenerator { .. } | SourceData::External { .. }) => {
            (state.catalog.items.get(&item.id)?, None)
        }
        _ => return None,
    };
    let ItemData::Source(data) = &of.data else { return None };
    let SourceData::LoadGenerator { generator, .. } = data else { return Some((0, None)) };
    let offset = generator::offset(of, data, now);
    let count = |table: &str| generator::rows(of, data, table, now).len();
    let rows = match table {
        Some(table) => count(table),
        None => generator::tables(generator).unwrap_or_default().iter().map(|(table, _)| count(table)).sum(),
    };
    Some((rows, offset))
}

/// One row for each replica of a source. Sizes in bytes are not modelled and are 0.
fn source_statistics(state: &State, runtime: &Runtime) -> Vec<Row> {
    let statuses = hydration::statuses(state, runtime.now);
    let by_place: HashMap<_, _> =
        statuses.into_iter().map(|status| ((status.item, status.replica), status)).collect();
    let mut rows = Vec::new();
    for item in state.catalog.items.values() {
        let Some((produced, offset)) = produced(state, item, runtime.now) else { continue };
        let of = match &item.data {
            ItemData::Source(SourceData::Subsource { of, .. }) => *of,
            _ => item.id,
        };
        let cluster = objects::cluster_of(&state.catalog, item);
        let Some(cluster) = cluster.and_then(|id| state.catalog.clusters.get(&id)) else { continue };
        for replica in cluster.replicas.keys() {
            let status = by_place.get(&(of, Some(*replica)));
            let hydrated = status.is_some_and(|status| status.hydrated);
            let took = status.and_then(|status| status.took_ms).filter(|_| hydrated);
            let count = if hydrated { produced } else { 0 };
            let offset = offset.filter(|_| hydrated);
            let mut row = vec![some(item.id), some(replica), some(count), some(0)];
            row.extend([some(count), some(count), some(0), some(0)]);
            row.push(took.map(|took| text::interval(Duration::from_millis(took))));
            row.extend([None, None, flag(hydrated), offset.and_then(some), offset.and_then(some)]);
            rows.push(row);
        }
    }
    rows
}
