//! What the rows of a query have to be. Pure.

use serde_json::Map;
use serde_json::Value;

use crate::primitives::analysis::Answer;
use crate::primitives::analysis::Verdict;

/// So many rows are shown as evidence.
const SHOWN: usize = 10;

/// What the rows of a query have to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Expectation {
    /// None.
    NoRows,
    /// One value, which is this.
    Is(bool),
    /// One number, between these, both included.
    Within {
        /// The least.
        min: Option<f64>,
        /// The most.
        max: Option<f64>,
    },
}

impl Expectation {
    /// In words: `no rows`, `true`, `at most 5`.
    pub fn told(&self) -> String {
        match self {
            Self::NoRows => "no rows".to_owned(),
            Self::Is(value) => value.to_string(),
            Self::Within { min: Some(min), max: Some(max) } if min >= max => format!("{min}"),
            Self::Within { min: Some(min), max: Some(max) } => format!("{min} to {max}"),
            Self::Within { min: Some(min), max: None } => format!("at least {min}"),
            Self::Within { min: None, max: Some(max) } => format!("at most {max}"),
            Self::Within { min: None, max: None } => "a number".to_owned(),
        }
    }

    /// Judges the rows of one look, in each of which NULL is left out.
    pub fn judge(&self, rows: &[Map<String, Value>]) -> Answer {
        if *self == Self::NoRows {
            return none(rows);
        }
        let expected = self.told();
        let [row] = rows else {
            return match rows {
                [] => Answer::new(Verdict::Inconclusive, format!("no row ({expected} is expected)")),
                rows => {
                    Answer::new(Verdict::Error, format!("{} rows, and one value is expected", rows.len()))
                }
            };
        };
        let mut values = row.values();
        let (Some(value), None) = (values.next(), values.next()) else {
            return if row.is_empty() {
                Answer::new(Verdict::Inconclusive, format!("NULL ({expected} is expected)"))
            } else {
                Answer::new(Verdict::Error, format!("{} columns, and one value is expected", row.len()))
            };
        };
        self.value(value).with(value.clone())
    }

    fn value(&self, value: &Value) -> Answer {
        let expected = self.told();
        let verdict = match (self, number(value)) {
            (Self::Is(wanted), _) => match value {
                Value::Bool(is) => is == wanted,
                other => {
                    return Answer::new(Verdict::Error, format!("{other}, and {expected} is expected"));
                }
            },
            (_, Some(number)) if number.is_nan() => {
                return Answer::new(Verdict::Inconclusive, format!("NaN ({expected} is expected)"));
            }
            (Self::Within { min, max }, Some(number)) => {
                min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
            }
            (Self::Within { .. }, None) => {
                return Answer::new(Verdict::Error, format!("{value}, and a number is expected"));
            }
            (Self::NoRows, _) => false,
        };
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if verdict {
            Answer::new(Verdict::Pass, format!("{shown} ({expected} is expected)"))
        } else {
            Answer::new(Verdict::Fail, format!("{shown}, and {expected} is expected"))
        }
    }
}

/// Judges rows of which there are to be none.
fn none(rows: &[Map<String, Value>]) -> Answer {
    let shown: Vec<Value> = rows.iter().take(SHOWN).cloned().map(Value::Object).collect();
    match rows.len() {
        0 => Answer::new(Verdict::Pass, "no rows"),
        1 => Answer::new(Verdict::Fail, "1 row, and none is expected").with(Value::Array(shown)),
        count => Answer::new(Verdict::Fail, format!("{count} rows, and none are expected"))
            .with(Value::Array(shown)),
    }
}

/// A number; a decimal that no float holds comes as text, and so do NaN and the infinities.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" | "inf" => Some(f64::INFINITY),
            "-Infinity" | "-inf" => Some(f64::NEG_INFINITY),
            text if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(expectation: &Expectation, rows: Value, expected: &str) {
        let rows: Vec<Map<String, Value>> = serde_json::from_value(rows).expect("rows");
        let answer = expectation.judge(&rows);
        assert_eq!(format!("{}: {}", answer.verdict, answer.message), expected);
    }

    #[test]
    fn no_rows() {
        check(&Expectation::NoRows, json!([]), "pass: no rows");
        check(&Expectation::NoRows, json!([{}]), "fail: 1 row, and none is expected");
        let many: Vec<Value> = (0..20).map(|at| json!({ "a": at })).collect();
        let answer = Expectation::NoRows.judge(&serde_json::from_value::<Vec<_>>(json!(many)).expect("rows"));
        assert_eq!((answer.verdict, answer.evidence.as_array().map(Vec::len)), (Verdict::Fail, Some(10)));
    }

    #[test]
    fn one_value() {
        check(&Expectation::Is(true), json!([{ "ok": true }]), "pass: true (true is expected)");
        check(&Expectation::Is(true), json!([{ "ok": false }]), "fail: false, and true is expected");
        check(&Expectation::Is(true), json!([{}]), "inconclusive: NULL (true is expected)");
        check(&Expectation::Is(true), json!([]), "inconclusive: no row (true is expected)");
        check(&Expectation::Is(true), json!([{ "ok": 1 }]), "error: 1, and true is expected");
        check(&Expectation::Is(true), json!([{}, {}]), "error: 2 rows, and one value is expected");
        check(
            &Expectation::Is(true),
            json!([{ "a": 1, "b": 2 }]),
            "error: 2 columns, and one value is expected",
        );
    }

    #[test]
    fn a_number_within_bounds() {
        let most = Expectation::Within { min: None, max: Some(5.0) };
        check(&most, json!([{ "n": 5 }]), "pass: 5 (at most 5 is expected)");
        check(&most, json!([{ "n": 5.1 }]), "fail: 5.1, and at most 5 is expected");
        check(&most, json!([{ "n": "NaN" }]), "inconclusive: NaN (at most 5 is expected)");
        check(&most, json!([{ "n": "inf" }]), "fail: inf, and at most 5 is expected");
        check(
            &most,
            json!([{ "n": "12345678901234567890.5" }]),
            "fail: 12345678901234567890.5, and at most 5 is expected",
        );
        check(&most, json!([{ "n": "five" }]), "error: \"five\", and a number is expected");
        let both = Expectation::Within { min: Some(1.0), max: Some(2.0) };
        check(&both, json!([{ "n": 0 }]), "fail: 0, and 1 to 2 is expected");
        let exactly = Expectation::Within { min: Some(3.0), max: Some(3.0) };
        check(&exactly, json!([{ "n": 3 }]), "pass: 3 (3 is expected)");
    }
}
