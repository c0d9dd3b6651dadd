//! Numbers with a sign, which the server has as one literal and the tree as an operator before another.

use sqlparser::ast::Expr;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;

/// Numbers that fit into `int4` and into `int8` only with a minus sign before them.
const BOUNDS: [&str; 2] = ["2147483648", "9223372036854775808"];

pub(super) fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::Number(..)))
}

/// Tells whether it is a number below zero; the server keeps a minus sign before zero as an operator.
pub(super) fn is_negative_number(expr: &Expr) -> bool {
    let Expr::UnaryOp { op: UnaryOperator::Minus, expr } = expr else { return false };
    match &**expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => {
                let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
                mantissa.contains(|digit: char| matches!(digit, '1'..='9'))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Tells whether a number has another type than what the minus sign makes of it: with the sign before it, and no
/// bracket between, it is the least of all.
pub(super) fn is_bound(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => BOUNDS.contains(&digits.trim_start_matches('0')),
            _ => false,
        },
        _ => false,
    }
}

/// Tells whether the text of an expression begins with a number, to which a minus sign belongs.
pub(super) fn starts_with_number(mut expr: &Expr) -> bool {
    while let Expr::Cast { expr: inner, .. } = expr {
        expr = inner;
    }
    is_number(expr)
}
