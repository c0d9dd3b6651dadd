//! Types: which become which by themselves, how the engine holds them.

use datafusion::arrow::datatypes::DataType as Arrow;

use super::super::model::State;
use super::super::model::column::Type;
use super::super::model::item::ItemData;

/// The type a user's type is made of; other types are themselves.
pub(super) fn plain(state: &State, kind: &Type) -> Type {
    if let Type::User(id) = kind
        && let Some(item) = state.catalog.items.get(id)
        && let ItemData::Type { definition, .. } = &item.data
    {
        return definition.clone();
    }
    kind.clone()
}

/// A type without what stands in its parentheses.
pub(super) fn bare(kind: &Type) -> Type {
    match kind {
        Type::Numeric(_) => Type::Numeric(None),
        Type::Varchar(_) => Type::Varchar(None),
        Type::Char(_) => Type::Char(None),
        Type::Timestamp(_) => Type::Timestamp(None),
        Type::Timestamptz(_) => Type::Timestamptz(None),
        Type::Array(element) => Type::Array(Box::new(bare(element))),
        Type::List(element) => Type::List(Box::new(bare(element))),
        Type::Map(element) => Type::Map(Box::new(bare(element))),
        other => other.clone(),
    }
}

/// How the engine holds values of a type. What has no form of its own is bytes that sort alike.
pub(super) fn arrow(kind: &Type) -> Arrow {
    match kind {
        Type::Bool => Arrow::Boolean,
        Type::Int2
        | Type::Int4
        | Type::Int8
        | Type::UInt2
        | Type::UInt4
        | Type::Date
        | Type::Time
        | Type::Timestamp(_)
        | Type::Timestamptz(_)
        | Type::Oid
        | Type::Reg(_) => Arrow::Int64,
        Type::UInt8 | Type::MzTimestamp => Arrow::UInt64,
        Type::Float4 | Type::Float8 => Arrow::Float64,
        Type::Text
        | Type::Varchar(_)
        | Type::Char(_)
        | Type::PgChar
        | Type::Name
        | Type::Uuid
        | Type::MzAclItem
        | Type::Unknown => Arrow::Utf8,
        Type::Numeric(_)
        | Type::Bytea
        | Type::Interval
        | Type::Jsonb
        | Type::Array(_)
        | Type::List(_)
        | Type::Map(_)
        | Type::Record(_)
        | Type::User(_) => Arrow::Binary,
    }
}

/// Whether a type is a number.
pub(super) fn is_number(kind: &Type) -> bool {
    number_rank(kind).is_some()
}

/// How wide a number is: of two, the narrower becomes the wider.
pub(super) fn number_rank(kind: &Type) -> Option<u8> {
    Some(match kind {
        Type::Int2 => 1,
        Type::UInt2 => 2,
        Type::Int4 => 3,
        Type::UInt4 => 4,
        Type::Int8 => 5,
        Type::UInt8 => 6,
        Type::Numeric(_) => 7,
        Type::Float4 => 8,
        Type::Float8 => 9,
        _ => return None,
    })
}

/// Whether a type is a text of some kind.
pub(super) fn is_text(kind: &Type) -> bool {
    matches!(kind, Type::Text | Type::Varchar(_) | Type::Char(_) | Type::PgChar | Type::Name)
}

/// Whether a type names things of the catalog by number.
pub(super) fn is_oid(kind: &Type) -> bool {
    matches!(kind, Type::Oid | Type::Reg(_))
}

/// The type that values of two types have in common; `None` where there is none.
pub(super) fn common(left: &Type, right: &Type) -> Option<Type> {
    let (left, right) = (bare(left), bare(right));
    if left == right || right == Type::Unknown {
        return Some(left);
    }
    if left == Type::Unknown {
        return Some(right);
    }
    if let (Some(a), Some(b)) = (number_rank(&left), number_rank(&right)) {
        return Some(common_number(&left, a, &right, b));
    }
    if is_text(&left) && is_text(&right) {
        return Some(Type::Text);
    }
    if (is_oid(&left) || number_rank(&left).is_some_and(|rank| rank < 6))
        && (is_oid(&right) || number_rank(&right).is_some_and(|rank| rank < 6))
    {
        return Some(Type::Oid);
    }
    let time_rank = |kind: &Type| match kind {
        Type::Date => Some(1),
        Type::Timestamp(_) => Some(2),
        Type::Timestamptz(_) => Some(3),
        Type::MzTimestamp => Some(4),
        _ => None,
    };
    match (time_rank(&left), time_rank(&right)) {
        (Some(a), Some(b)) => Some(if a >= b { left } else { right }),
        (Some(4), None) if is_number(&right) => Some(left),
        (None, Some(4)) if is_number(&left) => Some(right),
        _ => match (left, right) {
            (Type::List(a), Type::List(b)) => Some(Type::List(Box::new(common(&a, &b)?))),
            (Type::Array(a), Type::Array(b)) => Some(Type::Array(Box::new(common(&a, &b)?))),
            (Type::Record(a), Type::Record(b)) if a.len() == b.len() => {
                let fields: Option<Vec<_>> =
                    a.iter().zip(&b).map(|(x, y)| Some((x.0.clone(), common(&x.1, &y.1)?))).collect();
                Some(Type::Record(fields?))
            }
            _ => None,
        },
    }
}

fn common_number(left: &Type, a: u8, right: &Type, b: u8) -> Type {
    let (low, high) = (a.min(b), a.max(b));
    let unsigned = |rank: u8| matches!(rank, 2 | 4 | 6);
    match (low, high) {
        // An unsigned number and a signed one need more room than either.
        (1, 2) => Type::Int4,
        (1 | 3, 4) => Type::Int8,
        (low, 6) if !unsigned(low) => Type::Numeric(None),
        (_, 8) if low != 8 => Type::Float8,
        _ => {
            if a >= b {
                left.clone()
            } else {
                right.clone()
            }
        }
    }
}

/// Whether values of a type become another by themselves where a function wants that.
pub(super) fn is_implicit(from: &Type, to: &Type) -> bool {
    let (from, to) = (bare(from), bare(to));
    if from == to || from == Type::Unknown {
        return true;
    }
    match (&from, &to) {
        (from, to) if is_text(from) && *to == Type::Text => true,
        (Type::Int2 | Type::Int4 | Type::Int8 | Type::UInt4, Type::Oid) | (Type::Reg(_), Type::Oid) => true,
        (Type::Name, Type::Varchar(_)) | (Type::Char(_), Type::Varchar(_)) => true,
        (Type::Date | Type::Timestamp(_), Type::Timestamptz(_)) | (Type::Date, Type::Timestamp(_)) => true,
        (Type::Time, Type::Interval) => true,
        (from, Type::MzTimestamp) => {
            is_number(from) && !matches!(from, Type::Float4 | Type::Float8)
                || matches!(from, Type::Date | Type::Timestamp(_) | Type::Timestamptz(_))
        }
        (from, to) => match (number_rank(from), number_rank(to)) {
            (Some(a), Some(b)) => a < b && common(from, to).is_some_and(|common| common == *to),
            _ => false,
        },
    }
}
