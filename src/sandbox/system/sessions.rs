//! Open sessions and what they run.

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::spec::Spec;
use super::spec::no_rows;
use super::text;
use super::text::some;

const ACTIVITY_COLUMNS: &str = "execution_id uuid, sample_rate float8, cluster_id text?, application_name text, cluster_name text?, \
     database_name text, search_path text list, transaction_isolation text, execution_timestamp uint8?, \
     transient_index_id text?, params _text, mz_version text, began_at timestamptz, finished_at timestamptz?, \
     finished_status text?, error_message text?, result_size int8?, rows_returned int8?, \
     execution_strategy text?, transaction_id uint8, prepared_statement_id uuid, sql_hash bytea, \
     prepared_statement_name text, session_id uuid, prepared_at timestamptz, statement_type text?, \
     throttled_count uint8, connected_at timestamptz, initial_application_name text, \
     authenticated_user text, sql text";

pub(super) const SPECS: &[Spec] = &[
    Spec {
        id: 740,
        schema: "mz_internal",
        name: "mz_sessions",
        kind: "table",
        columns: "id uuid, connection_id uint4, role_id text, client_ip text?, connected_at timestamptz",
        rows: sessions,
    },
    Spec {
        id: 741,
        schema: "mz_internal",
        name: "mz_subscriptions",
        kind: "table",
        columns: "id text, session_id uuid, cluster_id text, created_at timestamptz, \
                  referenced_object_ids text list",
        rows: subscriptions,
    },
    Spec {
        id: 742,
        schema: "mz_internal",
        name: "mz_recent_activity_log",
        kind: "view",
        columns: ACTIVITY_COLUMNS,
        // The server samples statements; here none is sampled.
        rows: no_rows,
    },
    Spec {
        id: 743,
        schema: "mz_internal",
        name: "mz_session_history",
        kind: "source",
        columns: "session_id uuid, connected_at timestamptz, initial_application_name text, authenticated_user text",
        rows: no_rows,
    },
];

fn sessions(_: &State, runtime: &Runtime) -> Vec<Row> {
    let sessions = runtime.sessions.iter();
    sessions
        .map(|session| {
            vec![
                some(&session.id),
                some(session.connection),
                some(session.role),
                some("127.0.0.1"),
                some(text::moment(session.since)),
            ]
        })
        .collect()
}

fn subscriptions(_: &State, runtime: &Runtime) -> Vec<Row> {
    let running = runtime.subscriptions.iter();
    running
        .map(|(number, facts)| {
            let session = runtime.sessions.iter().find(|session| session.connection == facts.connection);
            let reads: Vec<String> = facts.reads.iter().map(ToString::to_string).collect();
            vec![
                some(format!("t{number}")),
                session.and_then(|session| some(&session.id)),
                facts.cluster.and_then(some),
                some(text::moment(facts.since)),
                some(format!("{{{}}}", reads.join(","))),
            ]
        })
        .collect()
}
