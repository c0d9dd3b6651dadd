//! What a test expects against what there is: whether it holds, and how people are told.
//!
//! Pure. Values come as JSON; what is told are lines: the first says it in a sentence.

use serde_json::Number;
use serde_json::Value as Json;

use crate::name::like::like_any_case;

/// So many texts of a list are told.
const MOST_TOLD: usize = 60;

/// A text of a list is told up to so many characters.
const LONGEST: usize = 160;

/// Lines are compared one by one up to so many; beyond, both sides are told one behind the other.
const MOST_LINES: usize = 400;

/// What is wrong: a sentence, and lines that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lua) struct Wrong {
    /// The sentence.
    pub(in crate::lua) message: String,
    /// The lines.
    pub(in crate::lua) lines: Vec<String>,
}

/// Compares two values.
pub(in crate::lua) fn equal(actual: &Json, expected: &Json) -> Result<(), Wrong> {
    if same(actual, expected) {
        return Ok(());
    }
    let message = "the value is another than expected".to_owned();
    let (actual, expected) = (lines_of(actual), lines_of(expected));
    let lines = match (expected.as_slice(), actual.as_slice()) {
        ([expected], [actual]) => vec![format!("expected  {expected}"), format!("actual    {actual}")],
        _ => difference(&expected, &actual),
    };
    Err(Wrong { message, lines })
}

/// Whole numbers and others are alike if they are equal.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || same_number(a, b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        // An empty table of Lua's is a list as well as a record.
        (Json::Array(list), Json::Object(fields)) | (Json::Object(fields), Json::Array(list)) => {
            list.is_empty() && fields.is_empty()
        }
        _ => a == b,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    let both = a.as_f64().zip(b.as_f64());
    // What both hold exactly is compared as written before.
    (a.is_f64() || b.is_f64()) && both.is_some_and(|(a, b)| a == b)
}

/// A value over lines: a text of several lines as it is, a table as JSON.
fn lines_of(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) if text.contains('\n') => text.lines().map(str::to_owned).collect(),
        Json::Array(items) if items.iter().all(is_short) && value.to_string().len() <= 72 => {
            vec![value.to_string()]
        }
        Json::Object(fields) if fields.values().all(is_short) && value.to_string().len() <= 72 => {
            vec![value.to_string()]
        }
        Json::Array(_) | Json::Object(_) => {
            let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
            pretty.lines().map(str::to_owned).collect()
        }
        Json::Null => vec!["nil".to_owned()],
        other => vec![other.to_string()],
    }
}

fn is_short(value: &Json) -> bool {
    !value.is_array() && !value.is_object()
}

/// Lines of both sides: `-` is expected and missing, `+` is there and not expected.
fn difference(expected: &[String], actual: &[String]) -> Vec<String> {
    if expected.len().max(actual.len()) > MOST_LINES {
        let told = |sign: &str, lines: &[String]| {
            let lines = lines.iter().take(MOST_TOLD).map(|line| format!("{sign} {line}"));
            lines.collect::<Vec<_>>()
        };
        return [told("-", expected), told("+", actual)].concat();
    }
    let common = common_tails(expected, actual);
    let at = |i: usize, j: usize| common.get(i).and_then(|row| row.get(j)).copied().unwrap_or_default();
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    loop {
        match (expected.get(i), actual.get(j)) {
            (Some(a), Some(b)) if a == b => {
                lines.push(format!("  {a}"));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), other) if other.is_none() || at(i + 1, j) >= at(i, j + 1) => {
                lines.push(format!("- {a}"));
                i += 1;
            }
            (_, Some(b)) => {
                lines.push(format!("+ {b}"));
                j += 1;
            }
            _ => return lines,
        }
    }
}

/// How many lines the rests of both sides have in common, by where they begin.
fn common_tails(a: &[String], b: &[String]) -> Vec<Vec<usize>> {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, line) in a.iter().enumerate().rev() {
        let below = table.get(i + 1).cloned().unwrap_or_default();
        let Some(row) = table.get_mut(i) else { continue };
        for (j, other) in b.iter().enumerate().rev() {
            let next = |row: &[usize], j: usize| row.get(j).copied().unwrap_or_default();
            let longest =
                if line == other { next(&below, j + 1) + 1 } else { next(&below, j).max(next(row, j + 1)) };
            if let Some(cell) = row.get_mut(j) {
                *cell = longest;
            }
        }
    }
    table
}

/// Looks for texts that are like the patterns, in their order.
pub(in crate::lua) fn sequence(texts: &[String], patterns: &[String]) -> Result<(), Wrong> {
    let mut from = 0;
    for (number, pattern) in patterns.iter().enumerate() {
        let found = texts.iter().skip(from).position(|text| like_any_case(text, pattern));
        let Some(found) = found else {
            let before = number.checked_sub(1).and_then(|number| patterns.get(number));
            let message = match before {
                None => format!("nothing is like `{pattern}`"),
                Some(before) => {
                    format!("nothing is like `{pattern}` behind what is like `{before}` ({from})")
                }
            };
            return Err(Wrong { message, lines: told(texts) });
        };
        from += found + 1;
    }
    Ok(())
}

/// Counts texts that are like a pattern.
pub(in crate::lua) fn count(texts: &[String], pattern: &str, times: usize) -> Result<(), Wrong> {
    let found: Vec<usize> = (0..texts.len())
        .filter(|at| texts.get(*at).is_some_and(|text| like_any_case(text, pattern)))
        .collect();
    if found.len() == times {
        return Ok(());
    }
    let message = format!("{} of {} are like `{pattern}`, not {times}", found.len(), texts.len());
    let lines = if found.is_empty() {
        told(texts)
    } else {
        let lines = found.iter().filter_map(|at| Some(line(*at, texts.get(*at)?)));
        lines.take(MOST_TOLD).collect()
    };
    Err(Wrong { message, lines })
}

/// Compares a text with a pattern.
pub(in crate::lua) fn matches(text: &str, pattern: &str) -> Result<(), Wrong> {
    if like_any_case(text, pattern) {
        return Ok(());
    }
    let message = "the text is not like the pattern".to_owned();
    let mut lines = vec![format!("pattern   {pattern}")];
    lines.extend(text.lines().take(MOST_TOLD).enumerate().map(|(at, line)| {
        let label = if at == 0 { "actual    " } else { "          " };
        format!("{label}{line}")
    }));
    Err(Wrong { message, lines })
}

fn told(texts: &[String]) -> Vec<String> {
    if texts.is_empty() {
        return vec!["there are none".to_owned()];
    }
    let mut lines: Vec<String> =
        texts.iter().enumerate().take(MOST_TOLD).map(|(at, text)| line(at, text)).collect();
    if texts.len() > MOST_TOLD {
        lines.push(format!("     and {} more", texts.len() - MOST_TOLD));
    }
    lines
}

/// A text with its number, on one line.
fn line(at: usize, text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = flat.chars().take(LONGEST).collect();
    let more = if short.len() < flat.len() { "…" } else { "" };
    format!("{:>3}  {short}{more}", at + 1)
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(outcome: Result<(), Wrong>, expect: Expect) {
        let told = match outcome {
            Ok(()) => "holds".to_owned(),
            Err(wrong) => std::iter::once(wrong.message).chain(wrong.lines).collect::<Vec<_>>().join("\n"),
        };
        expect.assert_eq(&told);
    }

    #[test]
    fn values_are_compared_by_content() {
        check(equal(&json!(1), &json!(1.0)), expect!["holds"]);
        check(equal(&json!([]), &json!({})), expect!["holds"]);
        check(equal(&json!({ "a": [1, "x"] }), &json!({ "a": [1.0, "x"] })), expect!["holds"]);
        check(
            equal(&json!("done"), &json!("failed")),
            expect![[r#"
                the value is another than expected
                expected  "failed"
                actual    "done""#]],
        );
        check(
            equal(&Json::Null, &json!([1, 2])),
            expect![[r#"
                the value is another than expected
                expected  [1,2]
                actual    nil"#]],
        );
        check(
            equal(&json!("a\nb\nd"), &json!("a\nc\nd\ne")),
            expect![[r#"
                the value is another than expected
                  a
                - c
                + b
                  d
                - e"#]],
        );
    }

    #[test]
    fn tables_are_told_as_what_differs() {
        check(
            equal(&json!({ "a": { "b": 1, "c": 2 }, "d": 3 }), &json!({ "a": { "b": 1, "c": 4 }, "d": 3 })),
            expect![[r#"
                the value is another than expected
                  {
                    "a": {
                      "b": 1,
                -     "c": 4
                +     "c": 2
                    },
                    "d": 3
                  }"#]],
        );
    }

    #[test]
    fn patterns_are_looked_for_in_order() {
        let texts = ["BEGIN", "alter schema a\n  SWAP WITH b", "COMMIT"].map(str::to_owned);
        let patterns = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        check(sequence(&texts, &patterns(&["ALTER SCHEMA%SWAP%", "COMMIT"])), expect!["holds"]);
        check(sequence(&texts, &[]), expect!["holds"]);
        check(
            sequence(&texts, &patterns(&["COMMIT", "BEGIN"])),
            expect![[r#"
                nothing is like `BEGIN` behind what is like `COMMIT` (3)
                  1  BEGIN
                  2  alter schema a SWAP WITH b
                  3  COMMIT"#]],
        );
        check(
            sequence(&[], &patterns(&["x"])),
            expect![[r#"
                nothing is like `x`
                there are none"#]],
        );
    }

    #[test]
    fn patterns_are_counted() {
        let texts = ["BEGIN", "DROP VIEW a", "DROP VIEW b"].map(str::to_owned);
        check(count(&texts, "DROP%", 2), expect!["holds"]);
        check(
            count(&texts, "DROP%", 0),
            expect![[r#"
                2 of 3 are like `DROP%`, not 0
                  2  DROP VIEW a
                  3  DROP VIEW b"#]],
        );
        check(matches("a is production", "% IS production"), expect!["holds"]);
        check(
            matches("one\ntwo", "one"),
            expect![[r#"
                the text is not like the pattern
                pattern   one
                actual    one
                          two"#]],
        );
    }
}
