//! The system's functions: in which schema each is, its id, and how many of that name there are.
//!
//! The server gives one id to a name and one row of `mz_functions` to each of its overloads, so a
//! view that uses `max` shows as many rows when its dependencies are joined with `mz_objects`.
//!
//! Source: overloads of `count`, `max`, `now`, `upper` recorded from v26.21 (`full/30`); others from
//! the manual's list of functions, where a name that is not counted stands for one. A new name goes
//! to the end of its list, for ids are kept in data folders. Start reading at [`named`].

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::hydration::Runtime;
use super::super::model::Row;
use super::super::model::State;
use super::spec::Spec;
use super::text::some;

/// A function.
#[derive(Debug)]
pub(crate) struct Function {
    /// The number in its id.
    pub(crate) id: u64,
    /// Its schema.
    pub(crate) schema: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// How many of that name there are.
    pub(crate) overloads: usize,
}

impl Function {
    /// Its `oid`.
    pub(crate) fn oid(&self) -> u64 {
        12_000 + self.id
    }
}

/// By schema: the number of the first id, and the names with how many there are of each.
const LISTS: [(&str, u64, &str); 4] = [
    (
        "pg_catalog",
        91,
        "abs*6 acos acosh age*4 array_agg*17 array_cat array_fill*2 array_length array_lower array_position*2 \
         array_remove array_to_string*2 array_upper ascii asin asinh atan atanh avg*9 bit_and*6 bit_count \
         bit_length*2 bit_or*6 bit_xor*6 bool_and bool_or btrim*2 cbrt ceil*3 ceiling*3 char_length chr \
         coalesce col_description concat concat_ws convert_from corr cos cosh cot count*2 current_catalog \
         current_database current_role current_schema current_schemas current_setting*2 current_user date \
         date_bin*2 date_part*4 date_trunc*3 daterange*2 decode degrees dense_rank encode every exp*2 \
         extract*4 first_value float4 floor*3 format_type generate_series*7 generate_subscripts get_bit \
         get_byte get_current_time getdatabaseencoding greatest has_any_column_privilege*6 \
         has_database_privilege*6 has_schema_privilege*6 has_table_privilege*6 initcap inet_server_addr \
         inet_server_port int4range*2 int8range*2 isempty isfinite*3 json_agg json_array_elements \
         json_build_array*2 json_build_object*2 jsonb_agg jsonb_array_elements jsonb_array_elements_text \
         jsonb_array_length jsonb_build_array*2 jsonb_build_object*2 jsonb_each jsonb_each_text \
         jsonb_object_agg jsonb_object_keys jsonb_pretty jsonb_strip_nulls jsonb_typeof justify_days \
         justify_hours justify_interval lag*3 last_value lead*3 least left length*3 like_escape ln*2 \
         localtimestamp log*3 log10*2 lower*2 lower_inc lower_inf lpad*2 ltrim*2 make_timestamp max*18 md5*2 \
         min*18 mod*3 now ntile nullif numrange*2 obj_description*2 oidvector octet_length*2 parse_ident*2 \
         percent_rank pg_advisory_lock pg_backend_pid pg_cancel_backend pg_char_to_encoding pg_column_size \
         pg_encoding_to_char pg_function_is_visible pg_get_constraintdef*2 pg_get_expr*2 \
         pg_get_function_identity_arguments pg_get_indexdef*2 pg_get_ruledef*2 pg_get_triggerdef*2 \
         pg_get_userbyid pg_get_viewdef*3 pg_has_role*6 pg_is_in_recovery pg_postmaster_start_time \
         pg_relation_size*2 pg_stat_get_numscans pg_table_is_visible pg_tablespace_location \
         pg_type_is_visible pg_typeof position pow*2 power*2 quote_ident radians rank regexp_match*2 \
         regexp_matches*2 regexp_replace*2 regexp_split_to_array*2 regexp_split_to_table*2 repeat replace \
         reverse right round*4 row_number row_to_json rpad*2 rtrim*2 session_user set_byte sha1 sha224 sha256 \
         sha384 sha512 shobj_description sin sinh split_part sqrt*2 stddev*6 stddev_pop*6 stddev_samp*6 \
         string_agg*2 string_to_array*2 strpos substr*4 substring*4 sum*10 tan tanh text time timestamp \
         timestamptz timezone*3 to_char*2 to_date to_json to_jsonb to_timestamp*2 translate trunc*4 tsrange*2 \
         tstzrange*2 upper*2 upper_inc upper_inf user uuid_generate_v5 var_pop*6 var_samp*6 variance*6 \
         version width_bucket digest*2 hmac*2 normalize*2",
    ),
    (
        "mz_catalog",
        345,
        "concat_agg constant_time_eq*2 crc32*2 csv_extract date_bin_hopping*2 datediff*4 \
         has_cluster_privilege*6 has_connection_privilege*6 has_role*6 has_secret_privilege*6 \
         has_system_privilege*3 has_type_privilege*6 kafka_murmur2*2 list_agg*2 list_append list_cat \
         list_length list_length_max list_n_layers list_prepend list_remove map_agg map_build map_length \
         mz_environment_id mz_is_superuser mz_logical_timestamp mz_now mz_role_name mz_uptime mz_version \
         mz_version_num pretty_sql*2 redact_sql regexp_extract repeat_row seahash*2 session_id starts_with \
         timezone_offset try_parse_monotonic_iso8601_timestamp unnest*3 xxhash32 xxhash64",
    ),
    (
        "mz_internal",
        400,
        "is_rbac_enabled make_mz_aclitem mz_acl_item_contains_privilege mz_aclexplode mz_aclitem_grantee \
         mz_aclitem_grantor mz_aclitem_privileges mz_all mz_any mz_avg_promotion*8 mz_connection_oid \
         mz_error_if_null mz_format_privileges mz_global_id_to_name mz_name_rank mz_normalize_object_name \
         mz_normalize_schema_name mz_render_typmod mz_resolve_object_name mz_role_oid mz_session_id \
         mz_session_role_memberships mz_sum_distinct mz_type_name mz_validate_privileges \
         mz_validate_role_privilege mz_minimal_name_qualification",
    ),
    ("mz_unsafe", 450, "mz_panic mz_sleep"),
];

/// Every function of the system.
pub(crate) static ALL: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (schema, first, list) in LISTS {
        for (id, word) in (first..).zip(list.split_whitespace()) {
            let (name, count) = word.split_once('*').unwrap_or((word, "1"));
            all.push(Function { id, schema, name, overloads: count.parse().unwrap_or(1) });
        }
    }
    all
});

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for function in &*ALL {
        names.entry(function.name).or_insert(function);
    }
    names
});

/// A function by its name without the schema; of two in different schemas the one that is found
/// without writing the schema.
pub(crate) fn named(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

pub(super) const SPECS: &[Spec] = &[Spec {
    id: 471,
    schema: "mz_catalog",
    name: "mz_functions",
    kind: "table",
    columns: "id text, oid oid, schema_id text, name text, argument_type_ids _text, \
              variadic_argument_type_id text?, return_type_id text?, returns_set bool, owner_id text",
    rows: functions,
}];

fn functions(_: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for function in &*ALL {
        let row = vec![
            some(format!("s{}", function.id)),
            some(function.oid()),
            some(super::schema_id(function.schema)),
            some(function.name),
            some("{}"),
            None,
            None,
            some("f"),
            some(super::OWNER),
        ];
        rows.extend(std::iter::repeat_n(row, function.overloads));
    }
    rows
}
