//! Hydration and frontiers: how far everything with contents has come.

use std::collections::HashMap;
use std::time::Duration;

use super::super::hydration;
use super::super::hydration::Runtime;
use super::super::hydration::refresh;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::model::item::Refresh;
use super::asked::Asked;
use super::introspection;
use super::objects;
use super::spec::Spec;
use super::text;
use super::text::flag;
use super::text::some;

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 700,
        schema: "mz_internal",
        name: "mz_hydration_statuses",
        kind: "view",
        columns: "object_id text, replica_id text?, hydrated bool?",
        rows: statuses,
    },
    Spec {
        id: 701,
        schema: "mz_internal",
        name: "mz_compute_hydration_statuses",
        kind: "view",
        columns: "object_id text, replica_id text, hydrated bool, hydration_time interval?",
        rows: compute_statuses,
    },
    Spec {
        id: 702,
        schema: "mz_internal",
        name: "mz_frontiers",
        kind: "source",
        columns: "object_id text, read_frontier mz_timestamp?, write_frontier mz_timestamp?",
        rows: frontiers,
    },
    Spec {
        id: 703,
        schema: "mz_catalog",
        name: "mz_cluster_replica_frontiers",
        kind: "source",
        columns: "object_id text, replica_id text, write_frontier mz_timestamp?",
        rows: replica_frontiers,
    },
    Spec {
        id: 704,
        schema: "mz_internal",
        name: "mz_materialized_view_refresh_strategies",
        kind: "table",
        columns: "materialized_view_id text, type text, interval interval?, aligned_to timestamptz?, \
                  at timestamptz?",
        rows: refresh_strategies,
    },
    Spec {
        id: 705,
        schema: "mz_internal",
        name: "mz_materialized_view_refreshes",
        kind: "source",
        columns: "materialized_view_id text, last_completed_refresh mz_timestamp?, next_refresh mz_timestamp?",
        rows: refreshes,
    },
    Spec {
        id: 706,
        schema: "mz_internal",
        name: "mz_global_frontiers",
        kind: "view",
        columns: "object_id text, time mz_timestamp",
        rows: global_frontiers,
    },
    // Source: the manual, v26.21; what nodes there are is this sandbox's own.
    Spec {
        id: 707,
        schema: "mz_internal",
        name: "mz_compute_operator_hydration_statuses",
        kind: "source",
        columns: "replica_id text, object_id text, physical_plan_node_id uint8, hydrated bool",
        rows: nodes,
    },
];

fn nodes(state: &State, runtime: &Runtime) -> Vec<Row> {
    nodes_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_compute_operator_hydration_statuses` that are asked for by object.
pub(super) fn nodes_asked(state: &State, runtime: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let found = hydration::nodes_of(state, runtime.now, asked.items(state, 1).into_iter());
    let row = |of: &hydration::Nodes, node| {
        vec![some(of.replica), some(of.item), some(node), flag(node <= of.hydrated)]
    };
    found.iter().flat_map(|of| (1..=hydration::NODES).map(|node| row(of, node))).collect()
}

fn statuses(state: &State, runtime: &Runtime) -> Vec<Row> {
    statuses_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_hydration_statuses` that are asked for by object.
pub(super) fn statuses_asked(state: &State, runtime: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let logs = introspection::indexes(state).filter(|_| asked.may_be(0, |id| id.starts_with("si")));
    for index in logs {
        let replicas = state.catalog.clusters.get(&index.cluster).map(|cluster| cluster.replicas.keys());
        for replica in replicas.into_iter().flatten() {
            rows.push(vec![some(&index.id), some(replica), flag(true)]);
        }
    }
    for status in hydration::statuses_of(state, runtime.now, asked.items(state, 0).into_iter()) {
        rows.push(vec![some(status.item), status.replica.and_then(some), flag(status.hydrated)]);
    }
    rows
}

fn compute_statuses(state: &State, runtime: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for status in hydration::statuses(state, runtime.now) {
        let computed = state.catalog.items.get(&status.item).is_some_and(|item| {
            matches!(item.data, ItemData::Index { .. } | ItemData::MaterializedView { .. })
        });
        if let (true, Some(replica)) = (computed, status.replica) {
            let took = status.took_ms.map(|took| text::interval(Duration::from_millis(took)));
            rows.push(vec![some(status.item), some(replica), flag(status.hydrated), took]);
        }
    }
    rows
}

fn frontiers(state: &State, runtime: &Runtime) -> Vec<Row> {
    frontiers_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_frontiers` that are asked for by object.
pub(super) fn frontiers_asked(state: &State, runtime: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let items = asked.items(state, 0).into_iter();
    let frontiers = hydration::frontiers_of(state, runtime.now, items).into_iter();
    frontiers.map(|at| vec![some(at.item), at.read.and_then(some), at.write.and_then(some)]).collect()
}

fn global_frontiers(state: &State, runtime: &Runtime) -> Vec<Row> {
    let frontiers = hydration::frontiers(state, runtime.now).into_iter();
    frontiers.filter_map(|at| Some(vec![some(at.item), some(at.write?)])).collect()
}

fn replica_frontiers(state: &State, runtime: &Runtime) -> Vec<Row> {
    let statuses = hydration::statuses(state, runtime.now);
    let hydrated: HashMap<_, bool> =
        statuses.into_iter().map(|status| ((status.item, status.replica), status.hydrated)).collect();
    let mut rows = Vec::new();
    for at in hydration::frontiers(state, runtime.now) {
        let Some(item) = state.catalog.items.get(&at.item) else { continue };
        let cluster = objects::cluster_of(&state.catalog, item);
        let Some(cluster) = cluster.and_then(|id| state.catalog.clusters.get(&id)) else { continue };
        for replica in cluster.replicas.keys() {
            // A replica that has not caught up yet holds the whole back at the beginning of time.
            let caught_up = hydrated.get(&(at.item, Some(*replica))).copied().unwrap_or(true);
            let write = if caught_up { at.write } else { Some(0) };
            rows.push(vec![some(at.item), some(replica), write.and_then(some)]);
        }
    }
    rows
}

fn refresh_strategies(state: &State, _: &Runtime) -> Vec<Row> {
    let views =
        state.catalog.items.values().filter(|item| matches!(item.data, ItemData::MaterializedView { .. }));
    views
        .flat_map(|item| match refresh::of(item) {
            None => vec![vec![some(item.id), some("on-commit"), None, None, None]],
            Some(refreshes) => refreshes.iter().map(|refresh| strategy(item.id, *refresh)).collect(),
        })
        .collect()
}

fn strategy(id: ItemId, refresh: Refresh) -> Row {
    let moment = |at| some(text::moment(at));
    match refresh {
        Refresh::At(at) => vec![some(id), some("at"), None, None, moment(at)],
        Refresh::Every { interval_ms, aligned_to } => {
            let interval = some(text::interval(Duration::from_millis(interval_ms)));
            vec![some(id), some("every"), interval, moment(aligned_to), None]
        }
    }
}

fn refreshes(state: &State, runtime: &Runtime) -> Vec<Row> {
    let items = state.catalog.items.values();
    let rows = items.filter_map(|item| {
        let (last, next) = refresh::around(state, item, runtime.now)?;
        Some(vec![some(item.id), last.and_then(|at| some(at.0)), next.and_then(|at| some(at.0))])
    });
    rows.collect()
}

/// The write frontier of everything at a moment.
pub(super) fn write_frontiers(state: &State, at: crate::clock::Timestamp) -> HashMap<ItemId, Option<u64>> {
    hydration::frontiers(state, at).into_iter().map(|frontier| (frontier.item, frontier.write)).collect()
}
