//! Literals: numbers, texts, truths, spans of time, parameters.

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Typed;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::datum::Datum;
use crate::sandbox::query::decimal::Decimal;
use crate::sandbox::query::scalar::Scalar;
use crate::sandbox::query::time;

impl Binder<'_> {
    /// A literal.
    pub(super) fn literal(&mut self, value: &tree::Value) -> Result<Typed, SqlError> {
        Ok(match value {
            tree::Value::Number(digits, _) => number(digits)?,
            tree::Value::SingleQuotedString(content) | tree::Value::EscapedStringLiteral(content) => {
                text(content)
            }
            tree::Value::DollarQuotedString(quoted) => text(&quoted.value),
            tree::Value::Boolean(value) => Typed::new(Scalar::truth(*value), Type::Bool, false),
            tree::Value::Null => Typed::new(Scalar::Literal(Datum::Null), Type::Unknown, true),
            tree::Value::Placeholder(name) => return self.parameter(name),
            tree::Value::HexStringLiteral(digits) => {
                let bytes = crate::sandbox::query::input::unhex(digits);
                let bytes = bytes.ok_or_else(|| SqlError::internal("invalid hexadecimal data"))?;
                Typed::new(Scalar::Literal(Datum::Bytes(bytes)), Type::Bytea, false)
            }
            other => return Err(SqlError::unsupported(format!("the literal {other}"))),
        })
    }

    /// `INTERVAL '…'`
    pub(super) fn interval(&mut self, interval: &tree::Interval) -> Result<Typed, SqlError> {
        let content = match &*interval.value {
            tree::Expr::Value(value) => match &value.value {
                tree::Value::SingleQuotedString(content) => content.clone(),
                _ => return Err(SqlError::unsupported("this interval")),
            },
            _ => return Err(SqlError::unsupported("this interval")),
        };
        let full = match (&interval.leading_field, &interval.last_field) {
            (None, _) => content.clone(),
            (Some(unit), None) if content.trim().parse::<f64>().is_ok() => format!("{content} {unit}"),
            _ => return Err(SqlError::unsupported("this interval")),
        };
        let value = time::parse_interval(&full).map_err(|why| {
            SqlError::internal(format!("invalid input syntax for type interval: {why}: \"{content}\""))
        })?;
        Ok(Typed::new(Scalar::Literal(Datum::Interval(value)), Type::Interval, false))
    }
}

/// A literal whose type its surroundings decide.
pub(super) fn text(content: &str) -> Typed {
    Typed::new(Scalar::Literal(Datum::text(content)), Type::Unknown, false)
}

/// A whole number.
pub(super) fn whole(number: i64) -> Typed {
    Typed::new(Scalar::Literal(Datum::Int(number)), Type::Int8, false)
}

/// A number: the smallest of `integer`, `bigint` and `numeric` that holds it.
fn number(digits: &str) -> Result<Typed, SqlError> {
    if let Ok(value) = digits.parse::<i64>() {
        let kind = if i32::try_from(value).is_ok() { Type::Int4 } else { Type::Int8 };
        return Ok(Typed::new(Scalar::Literal(Datum::Int(value)), kind, false));
    }
    let value = Decimal::parse(digits).ok_or_else(|| SqlError::internal("numeric field overflow"))?;
    Ok(Typed::new(Scalar::Literal(Datum::Numeric(value)), Type::Numeric(None), false))
}
