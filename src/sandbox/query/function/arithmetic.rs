//! `+`, `-`, `*`, `/`, `%` of everything they are known for.

use super::*;
use crate::sandbox::error::SqlError;
use crate::sandbox::query::datum::DAY;
use crate::sandbox::query::scalar::Context;
use crate::sandbox::query::time;

/// What an operator does with operands of two types.
#[derive(Clone, Debug)]
pub(in crate::sandbox::query) struct Operation {
    /// The type the left one becomes first.
    pub(in crate::sandbox::query) left: Type,
    /// The type the right one becomes first.
    pub(in crate::sandbox::query) right: Type,
    /// The type of the result.
    pub(in crate::sandbox::query) result: Type,
    /// What it does.
    pub(in crate::sandbox::query) eval: Eval,
}

fn overflow() -> SqlError {
    SqlError::internal("numeric field overflow")
}

fn zero() -> SqlError {
    SqlError::internal("division by zero")
}

fn late() -> SqlError {
    SqlError::internal("timestamp out of range")
}

fn whole(value: Option<i64>, low: i64, high: i64) -> Result<Datum, SqlError> {
    value.filter(|value| (low..=high).contains(value)).map(Datum::Int).ok_or_else(overflow)
}

macro_rules! signed {
    ($sign:expr, $low:expr, $high:expr) => {{
        let eval: Eval = match $sign {
            '+' => |_, a| whole(n(a, 0).checked_add(n(a, 1)), $low, $high),
            '-' => |_, a| whole(n(a, 0).checked_sub(n(a, 1)), $low, $high),
            '*' => |_, a| whole(n(a, 0).checked_mul(n(a, 1)), $low, $high),
            '/' => |_, a| {
                if n(a, 1) == 0 { Err(zero()) } else { whole(n(a, 0).checked_div(n(a, 1)), $low, $high) }
            },
            _ => |_, a| {
                if n(a, 1) == 0 {
                    Err(zero())
                } else {
                    whole(n(a, 0).checked_rem(n(a, 1)).or(Some(0)), $low, $high)
                }
            },
        };
        eval
    }};
}

fn natural(args: &[Datum], sign: char, name: &str, high: i128) -> Result<Datum, SqlError> {
    let number = |at: usize| match args.get(at) {
        Some(Datum::UInt(value)) => i128::from(*value),
        _ => i128::from(n(args, at)),
    };
    let (left, right) = (number(0), number(1));
    if right == 0 && matches!(sign, '/' | '%') {
        return Err(zero());
    }
    let value = match sign {
        '+' => left + right,
        '-' => left - right,
        '*' => left.saturating_mul(right),
        '/' => left / right,
        _ => left % right,
    };
    if !(0..=high).contains(&value) {
        return Err(SqlError::internal(format!("\"{left} {sign} {right}\" {name} out of range")));
    }
    if name == "uint8" {
        return u64::try_from(value).map(Datum::UInt).map_err(|_| overflow());
    }
    i64::try_from(value).map(Datum::Int).map_err(|_| overflow())
}

macro_rules! unsigned {
    ($sign:expr, $name:expr, $high:expr) => {{
        let eval: Eval = match $sign {
            '+' => |_, a| natural(a, '+', $name, $high),
            '-' => |_, a| natural(a, '-', $name, $high),
            '*' => |_, a| natural(a, '*', $name, $high),
            '/' => |_, a| natural(a, '/', $name, $high),
            _ => |_, a| natural(a, '%', $name, $high),
        };
        eval
    }};
}

/// A result that left what it was made of behind.
fn floated(result: f64, args: &[Datum]) -> Result<Datum, SqlError> {
    let (a, b) = (x(args, 0), x(args, 1));
    if result.is_infinite() && a.is_finite() && b.is_finite() {
        return Err(SqlError::internal("value out of range: overflow"));
    }
    Ok(Datum::Float(result))
}

/// A product or a quotient: it is not zero unless a number in it is.
fn scaled_float(result: f64, zeroes: bool, args: &[Datum]) -> Result<Datum, SqlError> {
    if result == 0.0 && !zeroes {
        return Err(SqlError::internal("value out of range: underflow"));
    }
    floated(result, args)
}

fn float(sign: char) -> Eval {
    match sign {
        '+' => |_, a| floated(x(a, 0) + x(a, 1), a),
        '-' => |_, a| floated(x(a, 0) - x(a, 1), a),
        '*' => |_, a| scaled_float(x(a, 0) * x(a, 1), x(a, 0) == 0.0 || x(a, 1) == 0.0, a),
        '/' => |_, a| {
            if x(a, 1) == 0.0 {
                return Err(zero());
            }
            scaled_float(x(a, 0) / x(a, 1), x(a, 0) == 0.0 || x(a, 1).is_infinite(), a)
        },
        _ => |_, a| if x(a, 1) == 0.0 { Err(zero()) } else { Ok(Datum::Float(x(a, 0) % x(a, 1))) },
    }
}

fn single(sign: char) -> Eval {
    match sign {
        '+' => |_, a| floated(f64::from(x(a, 0) as f32 + x(a, 1) as f32), a),
        '-' => |_, a| floated(f64::from(x(a, 0) as f32 - x(a, 1) as f32), a),
        '*' => |_, a| {
            let product = f64::from(x(a, 0) as f32 * x(a, 1) as f32);
            scaled_float(product, x(a, 0) == 0.0 || x(a, 1) == 0.0, a)
        },
        '/' => |_, a| {
            if x(a, 1) == 0.0 {
                return Err(zero());
            }
            let quotient = f64::from(x(a, 0) as f32 / x(a, 1) as f32);
            scaled_float(quotient, x(a, 0) == 0.0 || x(a, 1).is_infinite(), a)
        },
        _ => |_, a| {
            if x(a, 1) == 0.0 {
                Err(zero())
            } else {
                Ok(Datum::Float(f64::from(x(a, 0) as f32 % x(a, 1) as f32)))
            }
        },
    }
}

fn numeric(sign: char) -> Eval {
    match sign {
        '+' => |_, a| d(a, 0).add(d(a, 1)).map(Datum::Numeric).ok_or_else(overflow),
        '-' => |_, a| d(a, 0).subtract(d(a, 1)).map(Datum::Numeric).ok_or_else(overflow),
        '*' => |_, a| d(a, 0).multiply(d(a, 1)).map(Datum::Numeric).ok_or_else(overflow),
        '/' => |_, a| {
            if d(a, 1).is_zero() {
                Err(zero())
            } else {
                d(a, 0).divide(d(a, 1)).map(Datum::Numeric).ok_or_else(overflow)
            }
        },
        _ => |_, a| {
            if d(a, 1).is_zero() {
                Err(zero())
            } else {
                d(a, 0).remainder(d(a, 1)).map(Datum::Numeric).ok_or_else(overflow)
            }
        },
    }
}

fn numbers(sign: char, of: Type) -> Option<Operation> {
    let eval = match of {
        Type::Int2 => signed!(sign, i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::Int4 => signed!(sign, i64::from(i32::MIN), i64::from(i32::MAX)),
        Type::Int8 => signed!(sign, i64::MIN, i64::MAX),
        Type::UInt2 => unsigned!(sign, "uint2", i128::from(u16::MAX)),
        Type::UInt4 => unsigned!(sign, "uint4", i128::from(u32::MAX)),
        Type::UInt8 => unsigned!(sign, "uint8", i128::from(u64::MAX)),
        Type::Float4 => single(sign),
        Type::Float8 => float(sign),
        Type::Numeric(_) => numeric(sign),
        _ => return None,
    };
    Some(Operation { left: of.clone(), right: of.clone(), result: of, eval })
}

fn moved(micros: i64, by: Interval) -> Result<Datum, SqlError> {
    time::add(micros, by).map(Datum::Int).ok_or_else(late)
}

fn scaled(value: Interval, by: f64) -> Result<Datum, SqlError> {
    let months = f64::from(value.months) * by;
    let days = f64::from(value.days) * by + months.fract() * 30.0;
    let micros = value.micros as f64 * by + days.fract() * DAY as f64;
    if !micros.is_finite() || micros.abs() > 9.0e18 {
        return Err(SqlError::internal("interval out of range"));
    }
    Ok(Datum::Interval(Interval { months: months as i32, days: days as i32, micros: micros.round() as i64 }))
}

fn sum(left: Interval, right: Interval) -> Result<Datum, SqlError> {
    let sum = left.months.checked_add(right.months).zip(left.days.checked_add(right.days));
    let sum = sum.zip(left.micros.checked_add(right.micros));
    sum.map(|((months, days), micros)| Datum::Interval(Interval { months, days, micros }))
        .ok_or_else(|| SqlError::internal("interval out of range"))
}

fn between(left: i64, right: i64) -> Result<Datum, SqlError> {
    let micros = left.checked_sub(right).ok_or_else(late)?;
    let days = i32::try_from(micros / DAY).map_err(|_| late())?;
    Ok(Datum::Interval(Interval { months: 0, days, micros: micros % DAY }))
}

fn date(args: &[Datum], at: usize) -> i64 {
    n(args, at).saturating_mul(DAY)
}

/// What an operator does with two types; `None` where it is not known for them.
pub(in crate::sandbox::query) fn find(sign: char, left: &Type, right: &Type) -> Option<Operation> {
    let given = right.clone();
    let (left, right) = (kind::bare(left), kind::bare(right));
    let (left, right) = match (left, right) {
        (Type::Unknown, Type::Unknown) => return None,
        (Type::Unknown, Type::Interval) if sign != '-' && sign != '+' => (Type::Float8, Type::Interval),
        (Type::Unknown, Type::Date | Type::Timestamp(_) | Type::Timestamptz(_) | Type::Time)
            if sign == '+' =>
        {
            (Type::Interval, kind::bare(&given))
        }
        (Type::Jsonb, Type::Unknown) => (Type::Jsonb, Type::Text),
        (Type::Unknown, right) => (right.clone(), right),
        (left @ (Type::Date | Type::Timestamp(_) | Type::Timestamptz(_) | Type::Time), Type::Unknown) => {
            let right = if sign == '+' || matches!(left, Type::Time) { Type::Interval } else { left.clone() };
            (left, right)
        }
        (Type::Interval, Type::Unknown) if sign == '*' || sign == '/' => (Type::Interval, Type::Float8),
        (left, Type::Unknown) => (left.clone(), left),
        pair => pair,
    };
    if kind::is_number(&left) && kind::is_number(&right) {
        return numbers(sign, kind::common(&left, &right)?);
    }
    moments(sign, left, right)
}

fn moments(sign: char, left: Type, right: Type) -> Option<Operation> {
    let interval = Type::Interval;
    let make =
        |left: Type, right: Type, result: Type, eval: Eval| Some(Operation { left, right, result, eval });
    match (sign, left, right) {
        ('+', of @ (Type::Timestamp(_) | Type::Timestamptz(_)), Type::Interval) => {
            make(of.clone(), interval, of, |_, a| moved(n(a, 0), span(a, 1)))
        }
        ('-', of @ (Type::Timestamp(_) | Type::Timestamptz(_)), Type::Interval) => {
            make(of.clone(), interval, of, |_, a| moved(n(a, 0), time::negate(span(a, 1))))
        }
        ('+', Type::Interval, of @ (Type::Timestamp(_) | Type::Timestamptz(_))) => {
            make(interval, of.clone(), of, |_, a| moved(n(a, 1), span(a, 0)))
        }
        ('+', Type::Date, Type::Interval) => {
            make(Type::Date, interval, TIMESTAMP, |_, a| moved(date(a, 0), span(a, 1)))
        }
        ('-', Type::Date, Type::Interval) => {
            make(Type::Date, interval, TIMESTAMP, |_, a| moved(date(a, 0), time::negate(span(a, 1))))
        }
        ('+', Type::Interval, Type::Date) => {
            make(interval, Type::Date, TIMESTAMP, |_, a| moved(date(a, 1), span(a, 0)))
        }
        ('-', Type::Date, Type::Date) => {
            make(Type::Date, Type::Date, INT4, |_, a| Ok(Datum::Int(n(a, 0) - n(a, 1))))
        }
        ('+', Type::Date, Type::Time) => make(Type::Date, Type::Time, TIMESTAMP, |_, a| {
            date(a, 0).checked_add(n(a, 1)).map(Datum::Int).ok_or_else(late)
        }),
        ('+', Type::Time, Type::Date) => make(Type::Time, Type::Date, TIMESTAMP, |_, a| {
            date(a, 1).checked_add(n(a, 0)).map(Datum::Int).ok_or_else(late)
        }),
        ('-', a, b)
            if matches!(a, Type::Date | Type::Timestamp(_) | Type::Timestamptz(_))
                && matches!(b, Type::Date | Type::Timestamp(_) | Type::Timestamptz(_)) =>
        {
            let of = kind::common(&a, &b)?;
            make(of.clone(), of, interval, |_, a| between(n(a, 0), n(a, 1)))
        }
        ('+', Type::Time, Type::Interval) => make(Type::Time, interval, Type::Time, |_, a| {
            Ok(Datum::Int(n(a, 0).saturating_add(span(a, 1).micros).rem_euclid(DAY)))
        }),
        ('-', Type::Time, Type::Interval) => make(Type::Time, interval, Type::Time, |_, a| {
            Ok(Datum::Int(n(a, 0).saturating_sub(span(a, 1).micros).rem_euclid(DAY)))
        }),
        ('-', Type::Time, Type::Time) => make(Type::Time, Type::Time, interval, |_, a| {
            Ok(Datum::Interval(Interval { micros: n(a, 0) - n(a, 1), ..Interval::default() }))
        }),
        ('-', Type::Jsonb, of) if kind::is_text(&of) || matches!(of, INT4 | INT8) => {
            let form = super::choose(super::overloads("JSON -")?, &[Type::Jsonb, of])?;
            let right = form.args.get(1).cloned()?;
            make(Type::Jsonb, right, Type::Jsonb, form.eval)
        }
        (sign, left, right) => spans(sign, left, right),
    }
}

/// Of spans of time, with each other and with numbers.
fn spans(sign: char, left: Type, right: Type) -> Option<Operation> {
    let interval = Type::Interval;
    let make =
        |left: Type, right: Type, result: Type, eval: Eval| Some(Operation { left, right, result, eval });
    match (sign, left, right) {
        ('+', Type::Interval, Type::Interval) => {
            make(interval.clone(), interval.clone(), interval, |_, a| sum(span(a, 0), span(a, 1)))
        }
        ('-', Type::Interval, Type::Interval) => {
            make(interval.clone(), interval.clone(), interval, |_, a| {
                sum(span(a, 0), time::negate(span(a, 1)))
            })
        }
        ('*', Type::Interval, of) if kind::is_number(&of) => {
            make(interval.clone(), FLOAT8, interval, |_, a| scaled(span(a, 0), x(a, 1)))
        }
        ('*', of, Type::Interval) if kind::is_number(&of) => {
            make(FLOAT8, interval.clone(), interval, |_, a| scaled(span(a, 1), x(a, 0)))
        }
        ('/', Type::Interval, of) if kind::is_number(&of) => {
            make(interval.clone(), FLOAT8, interval, |_, a| {
                if x(a, 1) == 0.0 { Err(zero()) } else { scaled(span(a, 0), x(a, 1).recip()) }
            })
        }
        _ => None,
    }
}

/// `- x`; `None` where it is not known for the type.
pub(in crate::sandbox::query) fn negation(of: &Type) -> Option<Eval> {
    Some(match of {
        Type::Int2 => {
            |_: &Context, a: &[Datum]| whole(n(a, 0).checked_neg(), i16::MIN.into(), i16::MAX.into())
        }
        Type::Int4 => |_, a| whole(n(a, 0).checked_neg(), i32::MIN.into(), i32::MAX.into()),
        Type::Int8 => |_, a| whole(n(a, 0).checked_neg(), i64::MIN, i64::MAX),
        Type::Float4 | Type::Float8 => |_, a| Ok(Datum::Float(-x(a, 0))),
        Type::Numeric(_) => |_, a| Ok(Datum::Numeric(d(a, 0).negate())),
        Type::Interval => |_, a| Ok(Datum::Interval(time::negate(span(a, 0)))),
        _ => return None,
    })
}
