//! Functions of numbers.

use super::*;
use crate::sandbox::error::SqlError;

fn overflow() -> SqlError {
    SqlError::internal("numeric field overflow")
}

fn float(value: f64) -> Result<Datum, SqlError> {
    Ok(Datum::Float(value))
}

fn decimal(value: Option<Decimal>) -> Result<Datum, SqlError> {
    value.map(Datum::Numeric).ok_or_else(overflow)
}

fn whole(value: i64) -> Result<Datum, SqlError> {
    Ok(Datum::Int(value))
}

fn rooted(value: f64) -> Result<f64, SqlError> {
    if value < 0.0 {
        return Err(SqlError::internal("cannot take square root of a negative number"));
    }
    Ok(value.sqrt())
}

fn logged(value: f64, name: &str, log: fn(f64) -> f64) -> Result<f64, SqlError> {
    if value > 0.0 {
        return Ok(log(value));
    }
    let what = if value < 0.0 { "a negative number" } else { "zero" };
    Err(SqlError::internal(format!("function {name} is not defined for {}", what.trim_start_matches("a "))))
}

/// The exponent that makes one number of another, where it is whole.
fn logged_by(base: Decimal, value: Decimal) -> Result<Datum, SqlError> {
    let (own, of) = (logged(base.to_f64(), "log", f64::ln)?, logged(value.to_f64(), "log", f64::ln)?);
    if own == 0.0 {
        return Err(SqlError::internal("division by zero"));
    }
    let exponent = Decimal::from_f64((of / own).round()).ok_or_else(|| inexact("log"))?;
    let back = base.power(exponent).map(|back| back.to_f64());
    if back == Some(value.to_f64()) { decimal(Some(exponent)) } else { Err(inexact("log")) }
}

fn powered(base: f64, by: f64) -> Result<f64, SqlError> {
    if base == 0.0 && by < 0.0 {
        return Err(SqlError::internal("zero raised to a negative power is undefined"));
    }
    if base < 0.0 && by.fract() != 0.0 {
        return Err(SqlError::internal(
            "a negative number raised to a non-integer power yields a complex result",
        ));
    }
    Ok(base.powf(by))
}

fn places(args: &[Datum]) -> i32 {
    i32::try_from(n(args, 1)).unwrap_or(0)
}

/// The server computes 39 digits of these, floats give 16: only whole results are told.
fn inexact(name: &str) -> SqlError {
    SqlError::unsupported(format!("{name} of numeric where the result is no whole number"))
}

fn exactly(value: f64, name: &str) -> Result<Datum, SqlError> {
    if value.fract() == 0.0 { decimal(Decimal::from_f64(value)) } else { Err(inexact(name)) }
}

/// A function of floats that numerics have too.
fn both(of_float: Eval, of_numeric: Eval) -> Vec<Overload> {
    vec![f(&[FLOAT8], a_float8, of_float), f(&[NUMERIC], a_numeric, of_numeric)]
}

/// The functions of this file.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    Some(match name {
        "abs" => {
            let mut forms: Vec<Overload> = [Type::Int2, INT4, INT8]
                .map(|of| f(&[of], first, |_, a| n(a, 0).checked_abs().map(Datum::Int).ok_or_else(overflow)))
                .into();
            forms.push(f(&[FLOAT8], a_float8, |_, a| float(x(a, 0).abs())));
            forms.push(f(&[NUMERIC], a_numeric, |_, a| {
                decimal(Some(if d(a, 0).is_negative() { d(a, 0).negate() } else { d(a, 0) }))
            }));
            forms
        }
        "ceil" | "ceiling" => both(|_, a| float(x(a, 0).ceil()), |_, a| decimal(d(a, 0).ceil())),
        "floor" => both(|_, a| float(x(a, 0).floor()), |_, a| decimal(d(a, 0).floor())),
        "trunc" => {
            let mut forms = both(|_, a| float(x(a, 0).trunc()), |_, a| decimal(d(a, 0).truncate(0)));
            forms.push(f(&[NUMERIC, INT4], a_numeric, |_, a| decimal(d(a, 0).truncate(places(a)))));
            forms
        }
        "round" => {
            let mut forms = both(|_, a| float(x(a, 0).round_ties_even()), |_, a| decimal(d(a, 0).round(0)));
            forms.push(f(&[NUMERIC, INT4], a_numeric, |_, a| decimal(d(a, 0).round(places(a)))));
            forms
        }
        "sqrt" => both(
            |_, a| float(rooted(x(a, 0))?),
            |_, a| {
                rooted(d(a, 0).to_f64())?;
                decimal(d(a, 0).sqrt())
            },
        ),
        "cbrt" => vec![f(&[FLOAT8], a_float8, |_, a| float(x(a, 0).cbrt()))],
        "exp" => both(
            |_, a| float(x(a, 0).exp()),
            |_, a| if d(a, 0).is_zero() { decimal(Some(Decimal::from_i128(1))) } else { Err(inexact("exp")) },
        ),
        "ln" => both(
            |_, a| float(logged(x(a, 0), "ln", f64::ln)?),
            |_, a| exactly(logged(d(a, 0).to_f64(), "ln", f64::ln)?, "ln"),
        ),
        "log" | "log10" => {
            let mut forms = both(
                |_, a| float(logged(x(a, 0), "log10", f64::log10)?),
                |_, a| exactly(logged(d(a, 0).to_f64(), "log10", f64::log10)?, "log10"),
            );
            if name == "log" {
                forms.push(f(&[NUMERIC, NUMERIC], a_numeric, |_, a| logged_by(d(a, 0), d(a, 1))));
            }
            forms
        }
        "power" | "pow" => vec![
            f(&[FLOAT8, FLOAT8], a_float8, |_, a| float(powered(x(a, 0), x(a, 1))?)),
            f(&[NUMERIC, NUMERIC], a_numeric, |_, a| {
                powered(d(a, 0).to_f64(), d(a, 1).to_f64())?;
                d(a, 0).power(d(a, 1)).map(Datum::Numeric).ok_or_else(|| inexact("power"))
            }),
        ],
        _ => return more(name),
    })
}

/// The rest of them.
fn more(name: &str) -> Option<Vec<Overload>> {
    Some(match name {
        "mod" => {
            let mut forms: Vec<Overload> = [Type::Int2, INT4, INT8]
                .map(|of| {
                    f(&[of.clone(), of], first, |_, a| {
                        let zero = || SqlError::internal("division by zero");
                        whole(n(a, 0).checked_rem(n(a, 1)).ok_or_else(zero)?)
                    })
                })
                .into();
            forms.push(f(&[NUMERIC, NUMERIC], a_numeric, |_, a| {
                d(a, 0)
                    .remainder(d(a, 1))
                    .map(Datum::Numeric)
                    .ok_or_else(|| SqlError::internal("division by zero"))
            }));
            forms
        }
        "sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "tanh" | "cot" | "radians"
        | "degrees" => {
            let eval: Eval = match name {
                "sin" => |_, a| float(x(a, 0).sin()),
                "cos" => |_, a| float(x(a, 0).cos()),
                "tan" => |_, a| float(x(a, 0).tan()),
                "asin" => |_, a| float(x(a, 0).asin()),
                "acos" => |_, a| float(x(a, 0).acos()),
                "atan" => |_, a| float(x(a, 0).atan()),
                "sinh" => |_, a| float(x(a, 0).sinh()),
                "cosh" => |_, a| float(x(a, 0).cosh()),
                "tanh" => |_, a| float(x(a, 0).tanh()),
                "cot" => |_, a| float(x(a, 0).tan().recip()),
                "radians" => |_, a| float(x(a, 0).to_radians()),
                _ => |_, a| float(x(a, 0).to_degrees()),
            };
            vec![f(&[FLOAT8], a_float8, eval)]
        }
        "pi" => return None,
        _ => return None,
    })
}
