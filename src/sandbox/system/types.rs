//! The server's types: what the catalog calls them, their oids and their ids.
//!
//! Source: ids from `create_sql` recorded from v26.21 (`s46` is `text`, `s47` its array), oids
//! from PostgreSQL and, for the server's own types, from `design/materialize.md` 8. Start reading
//! at [`name`], [`oid`] and [`written`].

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::model::item::ItemData;
use super::super::resolve;
use super::super::scope::Scope;
use crate::sql::ast::RawName;
use crate::sql::data_type::DataType;

/// A type that is built in.
#[derive(Debug)]
pub(crate) struct Builtin {
    /// The number in its id: 46 in `s46`.
    pub(crate) id: u64,
    /// The server's own name: `int8`, `_text`.
    pub(crate) name: &'static str,
    /// What the catalog calls it: `bigint`, `text[]`.
    pub(crate) label: &'static str,
    /// Its oid.
    pub(crate) oid: u32,
    /// The oid of its array, or of its element where it is an array.
    pub(crate) other: u32,
    /// Its size in bytes; -1 where it varies.
    pub(crate) size: i16,
    /// The letter of its category in `pg_type`.
    pub(crate) category: char,
    /// Its schema.
    pub(crate) schema: &'static str,
}

const PG: &str = "pg_catalog";
const MZ: &str = "mz_catalog";

/// One row of [`BUILTINS`].
const fn builtin(
    id: u64,
    name: &'static str,
    label: &'static str,
    oids: (u32, u32),
    shape: (i16, char),
    schema: &'static str,
) -> Builtin {
    Builtin { id, name, label, oid: oids.0, other: oids.1, size: shape.0, category: shape.1, schema }
}

/// Every type that is built in, by id.
pub(crate) const BUILTINS: &[Builtin] = &[
    builtin(1, "any", "any", (2276, 0), (4, 'P'), PG),
    builtin(2, "anyarray", "anyarray", (2277, 0), (-1, 'P'), PG),
    builtin(3, "anyelement", "anyelement", (2283, 0), (4, 'P'), PG),
    builtin(4, "anynonarray", "anynonarray", (2776, 0), (4, 'P'), PG),
    builtin(5, "anyrange", "anyrange", (3831, 0), (-1, 'P'), PG),
    builtin(6, "bool", "boolean", (16, 1000), (1, 'B'), PG),
    builtin(7, "_bool", "boolean[]", (1000, 16), (-1, 'A'), PG),
    builtin(8, "bytea", "bytea", (17, 1001), (-1, 'U'), PG),
    builtin(9, "_bytea", "bytea[]", (1001, 17), (-1, 'A'), PG),
    builtin(10, "bpchar", "character", (1042, 1014), (-1, 'S'), PG),
    builtin(11, "_bpchar", "character[]", (1014, 1042), (-1, 'A'), PG),
    builtin(12, "char", "\"char\"", (18, 1002), (1, 'S'), PG),
    builtin(13, "_char", "\"char\"[]", (1002, 18), (-1, 'A'), PG),
    builtin(14, "date", "date", (1082, 1182), (4, 'D'), PG),
    builtin(15, "_date", "date[]", (1182, 1082), (-1, 'A'), PG),
    builtin(16, "float4", "real", (700, 1021), (4, 'N'), PG),
    builtin(17, "_float4", "real[]", (1021, 700), (-1, 'A'), PG),
    builtin(18, "float8", "double precision", (701, 1022), (8, 'N'), PG),
    builtin(19, "_float8", "double precision[]", (1022, 701), (-1, 'A'), PG),
    builtin(20, "int4", "integer", (23, 1007), (4, 'N'), PG),
    builtin(21, "_int4", "integer[]", (1007, 23), (-1, 'A'), PG),
    builtin(22, "int8", "bigint", (20, 1016), (8, 'N'), PG),
    builtin(23, "_int8", "bigint[]", (1016, 20), (-1, 'A'), PG),
    builtin(24, "interval", "interval", (1186, 1187), (16, 'T'), PG),
    builtin(25, "_interval", "interval[]", (1187, 1186), (-1, 'A'), PG),
    builtin(26, "jsonb", "jsonb", (3802, 3807), (-1, 'U'), PG),
    builtin(27, "_jsonb", "jsonb[]", (3807, 3802), (-1, 'A'), PG),
    builtin(28, "list", "list", (16_384, 0), (-1, 'U'), MZ),
    builtin(29, "map", "map", (16_385, 0), (-1, 'U'), MZ),
    builtin(30, "name", "name", (19, 1003), (64, 'S'), PG),
    builtin(31, "_name", "name[]", (1003, 19), (-1, 'A'), PG),
    builtin(32, "numeric", "numeric", (1700, 1231), (-1, 'N'), PG),
    builtin(33, "_numeric", "numeric[]", (1231, 1700), (-1, 'A'), PG),
    builtin(34, "oid", "oid", (26, 1028), (4, 'N'), PG),
    builtin(35, "_oid", "oid[]", (1028, 26), (-1, 'A'), PG),
    builtin(36, "record", "record", (2249, 2287), (-1, 'P'), PG),
    builtin(37, "_record", "record[]", (2287, 2249), (-1, 'A'), PG),
    builtin(38, "regclass", "regclass", (2205, 2210), (4, 'N'), PG),
    builtin(39, "_regclass", "regclass[]", (2210, 2205), (-1, 'A'), PG),
    builtin(40, "regproc", "regproc", (24, 1008), (4, 'N'), PG),
    builtin(41, "_regproc", "regproc[]", (1008, 24), (-1, 'A'), PG),
    builtin(42, "regtype", "regtype", (2206, 2211), (4, 'N'), PG),
    builtin(43, "_regtype", "regtype[]", (2211, 2206), (-1, 'A'), PG),
    builtin(44, "int2", "smallint", (21, 1005), (2, 'N'), PG),
    builtin(45, "_int2", "smallint[]", (1005, 21), (-1, 'A'), PG),
    builtin(46, "text", "text", (25, 1009), (-1, 'S'), PG),
    builtin(47, "_text", "text[]", (1009, 25), (-1, 'A'), PG),
    builtin(48, "time", "time", (1083, 1183), (8, 'D'), PG),
    builtin(49, "_time", "time[]", (1183, 1083), (-1, 'A'), PG),
    builtin(50, "timestamp", "timestamp without time zone", (1114, 1115), (8, 'D'), PG),
    builtin(51, "_timestamp", "timestamp without time zone[]", (1115, 1114), (-1, 'A'), PG),
    builtin(52, "timestamptz", "timestamp with time zone", (1184, 1185), (8, 'D'), PG),
    builtin(53, "_timestamptz", "timestamp with time zone[]", (1185, 1184), (-1, 'A'), PG),
    builtin(54, "uuid", "uuid", (2950, 2951), (16, 'U'), PG),
    builtin(55, "_uuid", "uuid[]", (2951, 2950), (-1, 'A'), PG),
    builtin(56, "varchar", "character varying", (1043, 1015), (-1, 'S'), PG),
    builtin(57, "_varchar", "character varying[]", (1015, 1043), (-1, 'A'), PG),
    builtin(58, "int2vector", "int2vector", (22, 1006), (-1, 'A'), PG),
    builtin(59, "_int2vector", "int2vector[]", (1006, 22), (-1, 'A'), PG),
    builtin(60, "anycompatible", "anycompatible", (5077, 0), (4, 'P'), PG),
    builtin(61, "anycompatiblearray", "anycompatiblearray", (5078, 0), (-1, 'P'), PG),
    builtin(62, "anycompatiblenonarray", "anycompatiblenonarray", (5079, 0), (4, 'P'), PG),
    builtin(63, "anycompatiblelist", "anycompatiblelist", (16_454, 0), (-1, 'P'), MZ),
    builtin(64, "anycompatiblemap", "anycompatiblemap", (16_455, 0), (-1, 'P'), MZ),
    builtin(65, "anycompatiblerange", "anycompatiblerange", (5080, 0), (-1, 'P'), PG),
    builtin(66, "uint2", "uint2", (16_460, 16_461), (2, 'N'), MZ),
    builtin(67, "_uint2", "uint2[]", (16_461, 16_460), (-1, 'A'), MZ),
    builtin(68, "uint4", "uint4", (16_462, 16_463), (4, 'N'), MZ),
    builtin(69, "_uint4", "uint4[]", (16_463, 16_462), (-1, 'A'), MZ),
    builtin(70, "uint8", "uint8", (16_464, 16_465), (8, 'N'), MZ),
    builtin(71, "_uint8", "uint8[]", (16_465, 16_464), (-1, 'A'), MZ),
    builtin(72, "mz_timestamp", "mz_timestamp", (16_552, 16_553), (8, 'N'), MZ),
    builtin(73, "_mz_timestamp", "mz_timestamp[]", (16_553, 16_552), (-1, 'A'), MZ),
    builtin(74, "int4range", "int4range", (3904, 3905), (-1, 'R'), PG),
    builtin(75, "_int4range", "int4range[]", (3905, 3904), (-1, 'A'), PG),
    builtin(76, "int8range", "int8range", (3926, 3927), (-1, 'R'), PG),
    builtin(77, "_int8range", "int8range[]", (3927, 3926), (-1, 'A'), PG),
    builtin(78, "daterange", "daterange", (3912, 3913), (-1, 'R'), PG),
    builtin(79, "_daterange", "daterange[]", (3913, 3912), (-1, 'A'), PG),
    builtin(80, "numrange", "numrange", (3906, 3907), (-1, 'R'), PG),
    builtin(81, "_numrange", "numrange[]", (3907, 3906), (-1, 'A'), PG),
    builtin(82, "tsrange", "tsrange", (3908, 3909), (-1, 'R'), PG),
    builtin(83, "_tsrange", "tsrange[]", (3909, 3908), (-1, 'A'), PG),
    builtin(84, "tstzrange", "tstzrange", (3910, 3911), (-1, 'R'), PG),
    builtin(85, "_tstzrange", "tstzrange[]", (3911, 3910), (-1, 'A'), PG),
    builtin(86, "mz_aclitem", "mz_aclitem", (16_566, 16_567), (-1, 'U'), MZ),
    builtin(87, "_mz_aclitem", "mz_aclitem[]", (16_567, 16_566), (-1, 'A'), MZ),
    builtin(88, "aclitem", "aclitem", (1033, 1034), (12, 'U'), PG),
    builtin(89, "_aclitem", "aclitem[]", (1034, 1033), (-1, 'A'), PG),
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Builtin>> =
    LazyLock::new(|| BUILTINS.iter().map(|builtin| (builtin.name, builtin)).collect());

/// A built-in type by the server's own name: `int8`, `_text`.
pub(crate) fn builtin_named(name: &str) -> Option<&'static Builtin> {
    BY_NAME.get(name).copied()
}

/// The number in the id of a built-in type: 46 for `text`.
pub(crate) fn type_id(builtin: &str) -> Option<u64> {
    builtin_named(builtin).map(|builtin| builtin.id)
}

/// The server's own name of a type, as `create_sql` and `pg_type` have it: `int8`, `_text`.
pub(crate) fn internal_name(kind: &Type, catalog: &Catalog) -> String {
    match kind {
        Type::Bool => "bool".to_owned(),
        Type::Int2 => "int2".to_owned(),
        Type::Int4 => "int4".to_owned(),
        Type::Int8 => "int8".to_owned(),
        Type::UInt2 => "uint2".to_owned(),
        Type::UInt4 => "uint4".to_owned(),
        Type::UInt8 => "uint8".to_owned(),
        Type::Float4 => "float4".to_owned(),
        Type::Float8 => "float8".to_owned(),
        Type::Numeric(_) => "numeric".to_owned(),
        Type::Text => "text".to_owned(),
        Type::Varchar(_) => "varchar".to_owned(),
        Type::Char(_) => "bpchar".to_owned(),
        Type::PgChar => "char".to_owned(),
        Type::Name => "name".to_owned(),
        Type::Bytea => "bytea".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Timestamp(_) => "timestamp".to_owned(),
        Type::Timestamptz(_) => "timestamptz".to_owned(),
        Type::Interval => "interval".to_owned(),
        Type::Uuid => "uuid".to_owned(),
        Type::Jsonb => "jsonb".to_owned(),
        Type::Oid => "oid".to_owned(),
        Type::Reg(name) => name.clone(),
        Type::MzTimestamp => "mz_timestamp".to_owned(),
        Type::MzAclItem => "mz_aclitem".to_owned(),
        Type::Array(element) => match internal_name(element, catalog) {
            nested if nested.starts_with('_') => nested,
            name => format!("_{name}"),
        },
        Type::List(_) => "list".to_owned(),
        Type::Map(_) => "map".to_owned(),
        Type::Record(_) => "record".to_owned(),
        Type::User(id) => {
            catalog.items.get(id).map_or_else(|| id.to_string(), |item| item.name.as_str().to_owned())
        }
        Type::Unknown => "unknown".to_owned(),
    }
}

/// What the catalog calls a type: `bigint`, `timestamp with time zone`, `integer[]`, `numeric`.
pub(crate) fn name(kind: &Type, catalog: &Catalog) -> String {
    let internal = internal_name(kind, catalog);
    if let Type::User(_) = kind {
        return internal;
    }
    match builtin_named(&internal) {
        Some(builtin) => builtin.label.to_owned(),
        None => match internal.strip_prefix('_') {
            Some(element) => format!("{element}[]"),
            None => internal,
        },
    }
}

/// The oid of a type.
pub(crate) fn oid(kind: &Type, catalog: &Catalog) -> u32 {
    /// PostgreSQL's for a literal whose type is not decided.
    const UNKNOWN: u32 = 705;
    match kind {
        Type::User(id) => catalog.items.get(id).map_or(UNKNOWN, |item| item.oid),
        // The server has no arrays of such types of its own; they travel as text.
        Type::Array(element) if matches!(**element, Type::User(_) | Type::List(_) | Type::Map(_)) => 1009,
        _ => builtin_named(&internal_name(kind, catalog)).map_or(UNKNOWN, |builtin| builtin.oid),
    }
}

/// The size that the wire protocol tells with a column; -1 where it varies.
pub(crate) fn size(kind: &Type, catalog: &Catalog) -> i16 {
    builtin_named(&internal_name(kind, catalog)).map_or(-1, |builtin| builtin.size)
}

/// The modifier that the catalog and the wire protocol tell with a column; -1 for none.
pub(crate) fn modifier(kind: &Type) -> i32 {
    /// PostgreSQL counts the length word of a varying value in.
    const HEADER: i32 = 4;
    /// The server keeps one precision for all numbers.
    const PRECISION: i32 = 39;
    match kind {
        Type::Numeric(Some((_, scale))) => (PRECISION << 16 | i32::from(*scale)) + HEADER,
        Type::Varchar(Some(length)) | Type::Char(Some(length)) => {
            i32::try_from(*length).map_or(-1, |length| length.saturating_add(HEADER))
        }
        Type::Timestamp(Some(precision)) | Type::Timestamptz(Some(precision)) => i32::from(*precision),
        Type::Array(element) => modifier(element),
        _ => -1,
    }
}

/// What messages call a type: as [`name`], but with what lists, maps and records are made of.
pub(crate) fn described(kind: &Type, catalog: &Catalog) -> String {
    match kind {
        Type::Array(element) => format!("{}[]", described(element, catalog)),
        Type::List(element) => format!("{} list", described(element, catalog)),
        Type::Map(element) => format!("map[text=>{}]", described(element, catalog)),
        Type::Record(fields) => {
            let field = |(name, kind): &(String, Type)| format!("{name}: {}", described(kind, catalog));
            format!("record({})", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        other => name(other, catalog),
    }
}

/// Reads a type by any of its names: `bigint`, `int8`, `text[]`, `numeric(10,2)`.
///
/// # Errors
/// As [`written`].
pub(crate) fn parse(text: &str, catalog: &Catalog, scope: &Scope) -> Result<Type, SqlError> {
    let data_type = DataType::parse(text).map_err(|_| missing(text))?;
    written(&data_type, catalog, scope)
}

/// There is no such type.
pub(crate) fn missing(name: &str) -> SqlError {
    const RANGES: [&str; 6] = ["int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"];
    if RANGES.contains(&name.rsplit('.').next().unwrap_or(name)) {
        return SqlError::unsupported(format!("the type {name}"));
    }
    SqlError::internal(format!("type \"{name}\" does not exist"))
}

/// What a type as written means.
///
/// # Errors
/// `type "x" does not exist`; what the server refuses of its numbers.
pub(crate) fn written(data_type: &DataType, catalog: &Catalog, scope: &Scope) -> Result<Type, SqlError> {
    match data_type {
        DataType::Array(element) => match written(element, catalog, scope)? {
            // An array of an array is the same type to the server.
            array @ Type::Array(_) => Ok(array),
            Type::List(_) | Type::Map(_) => Err(SqlError::unsupported("arrays of lists and maps")),
            other => Ok(Type::Array(Box::new(other))),
        },
        DataType::List(element) => Ok(Type::List(Box::new(written(element, catalog, scope)?))),
        DataType::Map(key, value) => match written(key, catalog, scope)? {
            Type::Text => Ok(Type::Map(Box::new(written(value, catalog, scope)?))),
            other => {
                Err(SqlError::internal(format!("map key type must be text, got {}", name(&other, catalog))))
            }
        },
        DataType::Named { name, modifiers } => {
            // The system's own types are found whatever the search path is.
            match data_type.builtin().as_deref().and_then(plain) {
                Some(found) => with_modifiers(found, modifiers),
                None => user_type(name, catalog, scope).map(Type::User),
            }
        }
    }
}

fn user_type(name: &RawName, catalog: &Catalog, scope: &Scope) -> Result<ItemId, SqlError> {
    let found = resolve::item_type(catalog, scope, name)?;
    let is_type =
        |id: &ItemId| matches!(catalog.items.get(id).map(|item| &item.data), Some(ItemData::Type { .. }));
    found.filter(is_type).ok_or_else(|| missing(&resolve::as_written(&name.parts)))
}

/// A built-in type by its oid.
pub(crate) fn of_oid(oid: u32) -> Option<Type> {
    BUILTINS.iter().find(|builtin| builtin.oid == oid).and_then(|builtin| plain(builtin.name))
}

/// A built-in type by the server's own name, without modifiers.
pub(crate) fn plain(own: &str) -> Option<Type> {
    if let Some(element) = own.strip_prefix('_') {
        return plain(element).map(|element| Type::Array(Box::new(element)));
    }
    Some(match own {
        "bool" => Type::Bool,
        "int2" => Type::Int2,
        "int4" => Type::Int4,
        "int8" => Type::Int8,
        "uint2" => Type::UInt2,
        "uint4" => Type::UInt4,
        "uint8" => Type::UInt8,
        "float4" => Type::Float4,
        "float8" => Type::Float8,
        "numeric" => Type::Numeric(None),
        "text" => Type::Text,
        "varchar" => Type::Varchar(None),
        "bpchar" => Type::Char(None),
        "char" => Type::PgChar,
        "name" => Type::Name,
        "bytea" => Type::Bytea,
        "date" => Type::Date,
        "time" => Type::Time,
        "timestamp" => Type::Timestamp(None),
        "timestamptz" => Type::Timestamptz(None),
        "interval" => Type::Interval,
        "uuid" => Type::Uuid,
        "jsonb" => Type::Jsonb,
        "oid" => Type::Oid,
        "regclass" | "regtype" | "regproc" => Type::Reg(own.to_owned()),
        "mz_timestamp" => Type::MzTimestamp,
        "mz_aclitem" => Type::MzAclItem,
        _ => return None,
    })
}

/// Gives a type the numbers in parentheses behind it.
fn with_modifiers(kind: Type, modifiers: &[String]) -> Result<Type, SqlError> {
    let number = |at: usize| modifiers.get(at).map(|digits| digits.parse::<u64>().unwrap_or(u64::MAX));
    let (first, second) = (number(0), number(1));
    let length = |what: &str| match first {
        None => Ok(None),
        Some(length @ 1..=10_485_760) => Ok(u32::try_from(length).ok()),
        Some(_) => Err(SqlError::internal(format!("length for type {what} must be between 1 and 10485760"))),
    };
    let precision = |what: &str| match first {
        None => Ok(None),
        Some(digits @ 0..=6) => Ok(u8::try_from(digits).ok()),
        Some(_) => Err(SqlError::internal(format!("precision for type {what} must be between 0 and 6"))),
    };
    Ok(match kind {
        Type::Numeric(_) => Type::Numeric(numeric(first, second)?),
        Type::Varchar(_) => Type::Varchar(length("character varying")?),
        // A plain `char` holds one character.
        Type::Char(_) => Type::Char(length("character")?.or(Some(1))),
        Type::Timestamp(_) => Type::Timestamp(precision("timestamp without time zone")?),
        Type::Timestamptz(_) => Type::Timestamptz(precision("timestamp with time zone")?),
        other if first.is_none() => other,
        other => {
            let name = name(&other, &Catalog::default());
            return Err(SqlError::internal(format!("{name} does not support type modifiers")));
        }
    })
}

fn numeric(precision: Option<u64>, scale: Option<u64>) -> Result<Option<(u8, u8)>, SqlError> {
    let Some(precision) = precision else { return Ok(None) };
    let scale = scale.unwrap_or(0);
    match u8::try_from(precision) {
        Ok(digits @ 1..=39) => match u8::try_from(scale) {
            Ok(scale) if scale <= digits => Ok(Some((digits, scale))),
            _ => Err(SqlError::internal(format!(
                "scale for type numeric must be between 0 and precision {precision}"
            ))),
        },
        _ => Err(SqlError::internal("precision for type numeric must be between 1 and 39")),
    }
}
