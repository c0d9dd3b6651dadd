//! Relations that are there and always empty: what they would tell of does not exist here.

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::spec::Spec;
use super::spec::no_rows;
use super::text::some;

const fn internal(id: u64, name: &'static str, columns: &'static str) -> Spec {
    Spec { id, schema: "mz_internal", name, kind: "view", columns, rows: no_rows }
}

const fn catalog(id: u64, name: &'static str, columns: &'static str) -> Spec {
    Spec { id, schema: "mz_catalog", name, kind: "table", columns, rows: no_rows }
}

pub(super) const SPECS: &[Spec] = &[
    catalog(760, "mz_kafka_connections", "id text, brokers _text, sink_progress_topic text"),
    catalog(761, "mz_kafka_sources", "id text, group_id_prefix text, topic text"),
    catalog(762, "mz_kafka_sinks", "id text, topic text"),
    catalog(763, "mz_ssh_tunnel_connections", "id text, public_key_1 text, public_key_2 text"),
    catalog(764, "mz_egress_ips", "egress_ip text, prefix_length int4, cidr text"),
    catalog(765, "mz_aws_privatelink_connections", "id text, principal text"),
    catalog(766, "mz_storage_usage", "object_id text, size_bytes uint8, collection_timestamp timestamptz"),
    catalog(767, "mz_recent_storage_usage", "object_id text, size_bytes uint8?"),
    internal(770, "mz_notices", NOTICES),
    internal(771, "mz_license_keys", LICENSE_KEYS),
    internal(772, "mz_postgres_sources", "id text, replication_slot text, timeline_id uint8?"),
    internal(773, "mz_postgres_source_tables", SOURCE_TABLES),
    internal(774, "mz_mysql_source_tables", SOURCE_TABLES),
    internal(775, "mz_history_retention_strategies", "id text, strategy text, value jsonb"),
    internal(
        776,
        "mz_index_advice",
        "object_id text?, hint text?, details text?, referenced_object_ids text list?",
    ),
    internal(777, "mz_cluster_replica_metrics", METRICS),
    internal(778, "mz_cluster_replica_utilization", UTILIZATION),
    internal(779, "mz_sink_status_history", SINK_HISTORY),
    internal(780, "mz_source_status_history", SOURCE_HISTORY),
    Spec {
        id: 781,
        schema: "mz_internal",
        name: "mz_overridden_system_parameters",
        kind: "view",
        columns: "name text, value text",
        rows: overridden,
    },
];

const NOTICES: &str = "id text, notice_type text, message text, hint text, action text?, redacted_message text?, \
     redacted_hint text?, redacted_action text?, action_type text?, object_id text?, created_at timestamptz";
const LICENSE_KEYS: &str =
    "id text, organization text, environment_id text, expiration timestamptz, not_before timestamptz";
const SOURCE_TABLES: &str = "id text, schema_name text, table_name text";
const METRICS: &str = "replica_id text, process_id uint8, cpu_nano_cores uint8?, memory_bytes uint8?, disk_bytes uint8?, \
     heap_bytes uint8?, heap_limit uint8?";
const UTILIZATION: &str = "replica_id text, process_id uint8, cpu_percent float8?, memory_percent float8?, disk_percent float8?, \
     heap_percent float8?";
const SINK_HISTORY: &str =
    "occurred_at timestamptz, sink_id text, status text, error text?, details jsonb?, replica_id text?";
const SOURCE_HISTORY: &str =
    "occurred_at timestamptz, source_id text, status text, error text?, details jsonb?, replica_id text?";

/// `ALTER SYSTEM SET`: the one of them that has something to tell.
fn overridden(state: &State, _: &Runtime) -> Vec<Row> {
    state.system.iter().map(|(name, value)| vec![some(name), some(value)]).collect()
}
