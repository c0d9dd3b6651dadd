//! The system's types and functions, as stored statements name them.

use super::super::model::column::Type;
use super::super::model::id::ItemId;
use super::super::system::functions;
use super::super::system::types;

/// How a stored statement writes a type, and its id; `None` if there is none of that name.
pub(super) fn type_sql(name: &str) -> Option<(String, ItemId)> {
    let builtin = types::builtin_named(name)?;
    let id = ItemId::System(builtin.id);
    Some((format!("[{id} AS \"{}\".\"{name}\"]", builtin.schema), id))
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

/// The schema of a function, and its id; what is not known is taken for PostgreSQL's, which is the
/// rule.
pub(super) fn function(name: &str) -> (&'static str, Option<ItemId>) {
    match functions::named(name) {
        Some(function) => (function.schema, Some(ItemId::System(function.id))),
        None => ("pg_catalog", None),
    }
}
