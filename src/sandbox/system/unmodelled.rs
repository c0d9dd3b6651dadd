//! Relations that are there and always empty, for what they would tell of does not exist here; and
//! the names of those that the server has and the sandbox has not.

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
const SOURCE_HISTORY: &str =
    "occurred_at timestamptz, source_id text, status text, error text?, details jsonb?, replica_id text?";

/// `ALTER SYSTEM SET`: the one of them that has something to tell.
fn overridden(state: &State, _: &Runtime) -> Vec<Row> {
    state.system.iter().map(|(name, value)| vec![some(name), some(value)]).collect()
}

/// What the server has in `mz_internal`, `mz_catalog` and `pg_catalog`, and the sandbox has not.
const ABSENT: &str = "mz_activity_log_thinned mz_aggregates mz_aws_connections \
     mz_aws_privatelink_connection_status_history mz_aws_privatelink_connection_statuses mz_cluster_replica_metrics_history \
     mz_cluster_replica_name_history mz_cluster_replica_size_internal mz_cluster_replica_utilization_history \
     mz_compute_error_counts_raw_unified mz_compute_hydration_times \
     mz_console_cluster_utilization_overview mz_iceberg_sinks mz_kafka_source_tables mz_notices_redacted \
     mz_object_arrangement_size_history mz_object_arrangement_sizes mz_operators mz_optimizer_notices \
     mz_prepared_statement_history mz_recent_activity_log_redacted mz_recent_activity_log_thinned \
     mz_recent_sql_text mz_recent_sql_text_redacted mz_sink_statistics_raw mz_source_references \
     mz_source_statistics_raw mz_source_statistics_with_history mz_sql_server_source_tables mz_sql_text \
     mz_sql_text_redacted mz_statement_execution_history mz_statement_execution_history_redacted \
     mz_statement_lifecycle_history mz_storage_shards mz_storage_usage_by_shard mz_timezone_abbreviations \
     mz_timezone_names mz_type_pg_metadata mz_wallclock_global_lag_histogram mz_wallclock_global_lag_histogram_raw \
     mz_wallclock_lag_history pg_aggregate pg_operator pg_timezone_abbrevs pg_timezone_names \
     pg_attrdef_all_databases pg_attribute_all_databases pg_authid_core pg_class_all_databases \
     pg_description_all_databases pg_namespace_all_databases pg_type_all_databases";

/// The words after which what replicas tell of themselves is named.
const INTROSPECTION: &str = "mz_active_peeks mz_arrangement_ mz_compute_ mz_dataflow mz_expected_group_size_advice \
     mz_lir_mapping mz_mappable_objects mz_message_ mz_peek_durations mz_records_per_dataflow mz_scheduling_";

/// Tells whether the server has a relation that the sandbox has not, so that reading it has to be
/// refused as not supported instead of as unknown.
pub(crate) fn is_absent(schema: &str, name: &str) -> bool {
    match schema {
        "mz_introspection" => INTROSPECTION.split_whitespace().any(|word| name.starts_with(word)),
        "mz_internal" | "mz_catalog" | "pg_catalog" => ABSENT.split_whitespace().any(|known| known == name),
        _ => false,
    }
}
