//! Columns and their types.

use serde::Deserialize;
use serde::Serialize;

use super::id::ItemId;
use crate::name::Ident;

/// A column of a relation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// Its name; the server allows `?column?` and the like.
    pub(crate) name: Ident,
    /// Its type.
    pub(crate) kind: Type,
    /// Whether it can be NULL.
    pub(crate) nullable: bool,
    /// Its default, as SQL.
    pub(crate) default: Option<String>,
}

/// The server's types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Type {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `uint2`
    UInt2,
    /// `uint4`
    UInt4,
    /// `uint8`
    UInt8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`, with its scale if one is given
    Numeric(Option<(u8, u8)>),
    /// `text`
    Text,
    /// `character varying`
    Varchar(Option<u32>),
    /// `character`
    Char(Option<u32>),
    /// `"char"`
    PgChar,
    /// `name`
    Name,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `timestamp without time zone`
    Timestamp(Option<u8>),
    /// `timestamp with time zone`
    Timestamptz(Option<u8>),
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `jsonb`
    Jsonb,
    /// `oid`
    Oid,
    /// `regclass`, `regtype`, `regproc`
    Reg(String),
    /// `mz_timestamp`
    MzTimestamp,
    /// `mz_aclitem`
    MzAclItem,
    /// `x[]`
    Array(Box<Type>),
    /// `x list`
    List(Box<Type>),
    /// `map[text=>x]`
    Map(Box<Type>),
    /// `record(…)`
    Record(Vec<(String, Type)>),
    /// A type of a user.
    User(ItemId),
    /// A literal whose type is not decided.
    Unknown,
}
