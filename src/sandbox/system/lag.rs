//! Lag: how far everything is behind the clock, sampled once a minute, and behind its inputs.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::time::Duration;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::id::ItemId;
use super::super::model::item::Item;
use super::dependencies;
use super::readiness;
use super::spec::Spec;
use super::text;
use super::text::some;
use crate::clock::Timestamp;

const LAG_COLUMNS: &str = "object_id text, lag interval?, occurred_at timestamptz";

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 710,
        schema: "mz_internal",
        name: "mz_wallclock_global_lag",
        kind: "view",
        columns: "object_id text, lag interval?",
        rows: newest,
    },
    Spec {
        id: 711,
        schema: "mz_internal",
        name: "mz_wallclock_global_lag_recent_history",
        kind: "view",
        columns: LAG_COLUMNS,
        rows: recent,
    },
    Spec {
        id: 712,
        schema: "mz_internal",
        name: "mz_wallclock_global_lag_history",
        kind: "view",
        columns: LAG_COLUMNS,
        rows: recent,
    },
    Spec {
        id: 713,
        schema: "mz_internal",
        name: "mz_materialization_lag",
        kind: "view",
        columns: "object_id text, local_lag interval?, global_lag interval?, slowest_local_input_id text, \
                  slowest_global_input_id text",
        rows: materialization_lag,
    },
];

/// Between two samples.
///
/// Source: `design/materialize.md` 4.2, seen on v26.21: no row up to a minute after creation.
const MINUTE: u64 = 60_000;

/// How many samples are kept here.
const KEPT: u64 = 60;

/// One sample: how far each object was behind at a full minute.
fn sample(state: &State, minute: u64) -> Vec<(ItemId, Option<String>)> {
    let frontiers = readiness::write_frontiers(state, Timestamp(minute));
    let mut lags: Vec<(ItemId, Option<String>)> = Vec::new();
    for (id, write) in frontiers {
        let there = state.catalog.items.get(&id).is_some_and(|item| item.created.0 <= minute);
        if !there {
            continue;
        }
        let lag = match write {
            // Complete for ever is never behind; not readable yet is unknown.
            None => Some(0),
            Some(0) => None,
            Some(write) => Some(minute.saturating_sub(write)),
        };
        // Samples count whole seconds.
        lags.push((id, lag.map(|lag| text::interval(Duration::from_secs(lag / 1000)))));
    }
    lags.sort_by_key(|(id, _)| *id);
    lags
}

fn last_minute(now: Timestamp) -> u64 {
    now.0 / MINUTE * MINUTE
}

fn newest(state: &State, runtime: &Runtime) -> Vec<Row> {
    let samples = sample(state, last_minute(runtime.now)).into_iter();
    samples.map(|(id, lag)| vec![some(id), lag]).collect()
}

fn recent(state: &State, runtime: &Runtime) -> Vec<Row> {
    let last = last_minute(runtime.now);
    let first_made = state.catalog.items.values().map(|item| item.created.0).min().unwrap_or(last);
    let mut rows = Vec::new();
    for back in 0..KEPT {
        let Some(minute) = last.checked_sub(back * MINUTE).filter(|minute| *minute >= first_made) else {
            break;
        };
        let at = text::moment(Timestamp(minute));
        for (id, lag) in sample(state, minute) {
            rows.push(vec![some(id), lag, some(&at)]);
        }
    }
    rows
}

/// The input that is behind most, with its frontier.
fn slowest(
    inputs: &BTreeSet<ItemId>,
    frontiers: &HashMap<ItemId, Option<u64>>,
) -> Option<(ItemId, Option<u64>)> {
    let known = inputs.iter().filter_map(|id| Some((*id, *frontiers.get(id)?)));
    known.min_by_key(|(_, write)| write.unwrap_or(u64::MAX))
}

/// How far something is behind an input; nothing is behind an input that is complete.
fn behind(own: Option<u64>, input: Option<u64>) -> String {
    let lag = match (own, input) {
        (None, _) => 0,
        (Some(_), None) => 0,
        (Some(own), Some(input)) => input.saturating_sub(own),
    };
    text::interval(Duration::from_millis(lag))
}

/// The tables and sources that something is made of in the end.
fn roots(state: &State, item: &Item) -> BTreeSet<ItemId> {
    let mut roots = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<ItemId> = dependencies::inputs(state, item).into_iter().collect();
    while let Some(id) = open.pop() {
        let Some(input) = state.catalog.items.get(&id).filter(|_| seen.insert(id)) else { continue };
        if dependencies::is_materialization(input) {
            open.extend(dependencies::inputs(state, input));
        } else {
            roots.insert(id);
        }
    }
    roots
}

fn materialization_lag(state: &State, runtime: &Runtime) -> Vec<Row> {
    let frontiers = readiness::write_frontiers(state, runtime.now);
    let mut rows = Vec::new();
    for item in state.catalog.items.values().filter(|item| dependencies::is_materialization(item)) {
        let Some(own) = frontiers.get(&item.id) else { continue };
        let local = slowest(&dependencies::inputs(state, item), &frontiers);
        let global = slowest(&roots(state, item), &frontiers);
        let (Some(local), Some(global)) = (local, global) else { continue };
        rows.push(vec![
            some(item.id),
            some(behind(*own, local.1)),
            some(behind(*own, global.1)),
            some(local.0),
            some(global.0),
        ]);
    }
    rows
}
