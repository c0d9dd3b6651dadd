//! What is made of what.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::super::model::id::ItemId;
use super::super::model::item::Item;
use super::super::model::item::ItemData;
use super::super::model::item::SourceData;
use super::asked::Asked;
use super::spec::Spec;
use super::text::some;

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 540,
        schema: "mz_internal",
        name: "mz_object_dependencies",
        kind: "table",
        columns: "object_id text, referenced_object_id text",
        rows: direct,
    },
    Spec {
        id: 541,
        schema: "mz_internal",
        name: "mz_object_transitive_dependencies",
        kind: "view",
        columns: "object_id text, referenced_object_id text",
        rows: transitive,
    },
    Spec {
        id: 542,
        schema: "mz_internal",
        name: "mz_materialization_dependencies",
        kind: "view",
        columns: "object_id text, dependency_id text",
        rows: materializations,
    },
    Spec {
        id: 543,
        schema: "mz_internal",
        name: "mz_compute_dependencies",
        kind: "source",
        columns: "object_id text, dependency_id text",
        rows: materializations,
    },
];

/// What an object is directly made of: the system's things last.
fn referenced(item: &Item) -> impl Iterator<Item = ItemId> {
    let both: BTreeSet<ItemId> = item.uses.iter().chain(&item.uses_system).copied().collect();
    both.into_iter()
}

fn direct(state: &State, runtime: &Runtime) -> Vec<Row> {
    direct_asked(state, runtime, &Asked::default())
}

/// The rows of `mz_object_dependencies` that are asked for, by what is made or by what that is made of.
pub(super) fn direct_asked(state: &State, _: &Runtime, asked: &Asked<'_>) -> Vec<Row> {
    let made_of = asked.ids(1);
    let is_meant = |id: &ItemId| made_of.as_ref().is_none_or(|ids| ids.contains(id));
    let mut rows = Vec::new();
    for item in asked.items(state, 0) {
        rows.extend(referenced(item).filter(is_meant).map(|other| vec![some(item.id), some(other)]));
    }
    rows
}

/// Everything that each object is made of, directly or through others.
fn closure(state: &State) -> BTreeMap<ItemId, BTreeSet<ItemId>> {
    let mut known: BTreeMap<ItemId, BTreeSet<ItemId>> = BTreeMap::new();
    for id in state.catalog.items.keys() {
        // Depth first, without recursion: chains of views may be long.
        let mut open = vec![(*id, false)];
        while let Some((id, ready)) = open.pop() {
            if known.contains_key(&id) {
                continue;
            }
            let Some(item) = state.catalog.items.get(&id) else { continue };
            if ready {
                let mut all = BTreeSet::new();
                for other in referenced(item) {
                    all.insert(other);
                    all.extend(known.get(&other).into_iter().flatten());
                }
                known.insert(id, all);
            } else {
                open.push((id, true));
                open.extend(item.uses.iter().map(|other| (*other, false)));
            }
        }
    }
    known
}

fn transitive(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, all) in closure(state) {
        rows.extend(all.into_iter().map(|other| vec![some(id), some(other)]));
    }
    rows
}

/// What something with contents reads: tables, sources and materialized views, seen through views.
pub(super) fn inputs(state: &State, item: &Item) -> BTreeSet<ItemId> {
    let direct: Vec<ItemId> = match &item.data {
        ItemData::Index { on, .. } => vec![*on],
        ItemData::Sink { from, .. } => vec![*from],
        ItemData::MaterializedView { replaces, .. } => {
            // A replacement is made of its target but does not read it.
            item.uses.iter().filter(|id| Some(**id) != *replaces).copied().collect()
        }
        ItemData::Source(SourceData::Subsource { of, .. }) => vec![*of],
        _ => item.uses.iter().copied().collect(),
    };
    state.catalog.collections(direct.into_iter())
}

/// Tells whether something runs a dataflow of its own that reads others.
pub(super) fn is_materialization(item: &Item) -> bool {
    matches!(item.data, ItemData::Index { .. } | ItemData::MaterializedView { .. } | ItemData::Sink { .. })
}

fn materializations(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in state.catalog.items.values().filter(|item| is_materialization(item)) {
        rows.extend(inputs(state, item).into_iter().map(|input| vec![some(item.id), some(input)]));
    }
    rows
}
