//! What happened to the catalog.

use std::collections::HashMap;

use super::super::hydration::Runtime;
use super::super::model::AuditEvent;
use super::super::model::Row;
use super::super::model::State;
use super::spec::Spec;
use super::text;
use super::text::some;

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 730,
        schema: "mz_catalog",
        name: "mz_audit_events",
        kind: "table",
        columns: "id uint8, event_type text, object_type text, details jsonb, user text?, occurred_at timestamptz",
        rows: events,
    },
    Spec {
        id: 731,
        schema: "mz_internal",
        name: "mz_object_lifetimes",
        kind: "view",
        columns: "id text?, previous_id text?, object_type text, event_type text, occurred_at timestamptz",
        rows: lifetimes,
    },
    Spec {
        id: 732,
        schema: "mz_internal",
        name: "mz_object_history",
        kind: "view",
        columns: "id text?, cluster_id text?, object_type text, created_at timestamptz?, dropped_at timestamptz?",
        rows: history,
    },
];

fn events(state: &State, _: &Runtime) -> Vec<Row> {
    let events = state.catalog.audit.iter();
    events
        .map(|event| {
            vec![
                some(event.id),
                some(&event.event),
                some(&event.object_type),
                some(&event.details),
                event.user.clone(),
                some(text::moment(event.at)),
            ]
        })
        .collect()
}

fn detail(event: &AuditEvent, key: &str) -> Option<String> {
    event.details.get(key).and_then(|value| value.as_str()).map(str::to_owned)
}

/// Things that are no objects in a schema.
fn is_object(event: &AuditEvent) -> bool {
    !matches!(
        event.object_type.as_str(),
        "cluster" | "cluster-replica" | "database" | "role" | "schema" | "system"
    )
}

fn lifetimes(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for event in state.catalog.audit.iter().filter(|event| is_object(event)) {
        if matches!(event.event.as_str(), "create" | "drop") {
            rows.push(vec![
                detail(event, "id"),
                detail(event, "previous_id"),
                some(&event.object_type),
                some(&event.event),
                some(text::moment(event.at)),
            ]);
        }
    }
    rows
}

fn history(state: &State, _: &Runtime) -> Vec<Row> {
    let audit = || state.catalog.audit.iter().filter(|event| is_object(event));
    let drops = audit().filter(|event| event.event == "drop");
    let dropped: HashMap<String, String> =
        drops.filter_map(|event| Some((detail(event, "id")?, text::moment(event.at)))).collect();
    let mut rows = Vec::new();
    for event in audit().filter(|event| event.event == "create") {
        let id = detail(event, "id");
        let gone = id.as_ref().and_then(|id| dropped.get(id).cloned());
        let cluster = detail(event, "cluster_id");
        rows.push(vec![id, cluster, some(&event.object_type), some(text::moment(event.at)), gone]);
    }
    rows
}
