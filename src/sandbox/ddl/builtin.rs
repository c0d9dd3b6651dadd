//! The system's types and where its functions are, as stored statements name them.
//!
//! Source: `create_sql` of recorded statements, v26.21; the order of the server's list of built-in
//! types, in which an array follows its element.

use super::super::model::column::Type;

/// The types by the number in their ids: 46 for `s46`.
const TYPES: [(&str, u64); 41] = [
    ("bool", 6),
    ("bytea", 8),
    ("bpchar", 10),
    ("char", 12),
    ("date", 14),
    ("float4", 16),
    ("float8", 18),
    ("int4", 20),
    ("int8", 22),
    ("interval", 24),
    ("jsonb", 26),
    ("name", 28),
    ("list", 30),
    ("map", 31),
    ("numeric", 32),
    ("oid", 34),
    ("record", 36),
    ("regclass", 38),
    ("regproc", 40),
    ("regtype", 42),
    ("int2", 44),
    ("text", 46),
    ("time", 48),
    ("timestamp", 50),
    ("timestamptz", 52),
    ("uuid", 54),
    ("varchar", 56),
    ("int2vector", 58),
    ("uint2", 66),
    ("uint4", 68),
    ("uint8", 70),
    ("mz_timestamp", 72),
    ("int4range", 74),
    ("int8range", 76),
    ("daterange", 78),
    ("numrange", 80),
    ("tsrange", 82),
    ("tstzrange", 84),
    ("mz_aclitem", 86),
    ("aclitem", 88),
    ("anyelement", 3),
];

/// Types that are in `mz_catalog`; the others are in `pg_catalog`.
const IN_MZ_CATALOG: [&str; 7] = ["list", "map", "uint2", "uint4", "uint8", "mz_timestamp", "mz_aclitem"];

/// The number in the id of a type; an array (`_text`) comes right after its element.
pub(crate) fn type_id(name: &str) -> Option<u64> {
    if let Some((_, id)) = TYPES.iter().find(|(own, _)| *own == name) {
        return Some(*id);
    }
    let element = name.strip_prefix('_')?;
    let (_, id) = TYPES.iter().find(|(own, _)| *own == element)?;
    (!["list", "map", "record", "anyelement"].contains(&element)).then_some(id + 1)
}

/// The schema of a type.
pub(crate) fn type_schema(name: &str) -> &'static str {
    let own = name.strip_prefix('_').unwrap_or(name);
    if IN_MZ_CATALOG.contains(&own) { "mz_catalog" } else { "pg_catalog" }
}

/// How a stored statement writes a type; `None` if there is none of that name.
pub(super) fn type_sql(name: &str) -> Option<String> {
    Some(format!("[s{} AS \"{}\".\"{name}\"]", type_id(name)?, type_schema(name)))
}

/// A built-in type by the server's own name.
pub(super) fn type_named(name: &str, modifiers: &[String]) -> Option<Type> {
    let number = |at: usize| modifiers.get(at).and_then(|text| text.parse::<u32>().ok());
    let small = |at: usize| number(at).and_then(|number| u8::try_from(number).ok());
    if let Some(element) = name.strip_prefix('_') {
        return type_named(element, modifiers).map(|element| Type::Array(Box::new(element)));
    }
    Some(match name {
        "bool" => Type::Bool,
        "bytea" => Type::Bytea,
        "bpchar" => Type::Char(Some(number(0).unwrap_or(1))),
        "char" => Type::PgChar,
        "date" => Type::Date,
        "float4" => Type::Float4,
        "float8" => Type::Float8,
        "int2" => Type::Int2,
        "int4" => Type::Int4,
        "int8" => Type::Int8,
        "uint2" => Type::UInt2,
        "uint4" => Type::UInt4,
        "uint8" => Type::UInt8,
        "interval" => Type::Interval,
        "jsonb" => Type::Jsonb,
        "name" => Type::Name,
        "numeric" => Type::Numeric(small(0).map(|precision| (precision, small(1).unwrap_or(0)))),
        "oid" => Type::Oid,
        "regclass" | "regproc" | "regtype" => Type::Reg(name.to_owned()),
        "text" => Type::Text,
        "time" => Type::Time,
        "timestamp" => Type::Timestamp(small(0)),
        "timestamptz" => Type::Timestamptz(small(0)),
        "uuid" => Type::Uuid,
        "varchar" => Type::Varchar(number(0)),
        "mz_timestamp" => Type::MzTimestamp,
        "mz_aclitem" => Type::MzAclItem,
        _ => return None,
    })
}

/// Functions that are in `mz_catalog`.
const MZ_CATALOG: [&str; 41] = [
    "concat_agg",
    "constant_time_eq",
    "csv_extract",
    "date_bin_hopping",
    "has_cluster_privilege",
    "has_connection_privilege",
    "has_role",
    "has_secret_privilege",
    "has_system_privilege",
    "has_type_privilege",
    "kafka_murmur2",
    "list_agg",
    "list_append",
    "list_cat",
    "list_length",
    "list_length_max",
    "list_n_layers",
    "list_prepend",
    "list_remove",
    "map_agg",
    "map_build",
    "map_length",
    "mz_environment_id",
    "mz_is_superuser",
    "mz_logical_timestamp",
    "mz_now",
    "mz_role_name",
    "mz_uptime",
    "mz_version",
    "mz_version_num",
    "pretty_sql",
    "regexp_extract",
    "repeat_row",
    "seahash",
    "session_id",
    "starts_with",
    "timezone_offset",
    "try_parse_monotonic_iso8601_timestamp",
    "unnest",
    "crc32",
    "redact_sql",
];

/// Functions that are in `mz_internal`.
const MZ_INTERNAL: [&str; 14] = [
    "is_rbac_enabled",
    "make_mz_aclitem",
    "mz_aclexplode",
    "mz_aclitem_grantee",
    "mz_aclitem_grantor",
    "mz_aclitem_privileges",
    "mz_connection_oid",
    "mz_error_if_null",
    "mz_format_privileges",
    "mz_global_id_to_name",
    "mz_normalize_object_name",
    "mz_type_name",
    "mz_validate_privileges",
    "mz_validate_role_privilege",
];

/// The schema of a function; what is not known is taken for PostgreSQL's, which is the rule.
pub(super) fn function_schema(name: &str) -> &'static str {
    if MZ_CATALOG.contains(&name) {
        "mz_catalog"
    } else if MZ_INTERNAL.contains(&name) {
        "mz_internal"
    } else {
        "pg_catalog"
    }
}
