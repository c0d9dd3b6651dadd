//! What a refusal rests on, for people: data of any shape as indented lines and tables.

use serde_json::Map;
use serde_json::Value;

use super::ui::table;

/// So many lines are shown; the rest is told by `--json`.
const MOST_LINES: usize = 60;

/// So many characters of a value are shown.
const MOST_TEXT: usize = 120;

/// The lines of a value.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    let mut lines = of(value);
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("and {more} more lines; `--json` tells all of them"));
    }
    lines
}

fn of(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields_of(fields),
        Value::Array(items) => items_of(items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            scalar(value).lines().map(str::to_owned).collect()
        }
    }
}

/// A value without parts; an empty one with parts has none to show.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// A value that fits in a cell: a plain one, or a row of them.
fn fits_cell(value: &Value) -> bool {
    is_plain(value) || value.as_object().is_some_and(|fields| fields.values().all(is_plain))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let parts = fields.iter().map(|(name, value)| format!("{name} {}", scalar(value)));
            cut(parts.collect::<Vec<_>>().join(", "))
        }
        other => scalar(other),
    }
}

fn scalar(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(", "),
        Value::Object(_) => "-".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    cut(text)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Plain fields first, aligned; then those that have parts.
fn fields_of(fields: &Map<String, Value>) -> Vec<String> {
    let (plain, nested): (Vec<_>, Vec<_>) = fields.iter().partition(|(_, value)| is_plain(value));
    let width = plain.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, value) in plain {
        let text = scalar(value);
        let mut texts = text.lines();
        lines.push(format!("{name:<width$}  {}", texts.next().unwrap_or("")).trim_end().to_owned());
        lines.extend(texts.map(|text| format!("{:<width$}  {text}", "")));
    }
    for (name, value) in nested {
        lines.push(name.clone());
        lines.extend(of(value).into_iter().map(|line| format!("  {line}")));
    }
    lines
}

/// Things of one shape are a table; others stand below each other.
fn items_of(items: &[Value]) -> Vec<String> {
    let records: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).collect();
    if records.len() == items.len() && !items.is_empty() {
        let mut columns: Vec<&String> = Vec::new();
        for name in records.iter().flat_map(|record| record.keys()) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        let is_flat = records.iter().all(|record| record.values().all(fits_cell));
        if is_flat {
            let rows: Vec<Vec<String>> = records
                .iter()
                .map(|record| {
                    let cell = |name: &&String| record.get(*name).map(cell).unwrap_or_default();
                    columns.iter().map(cell).map(|text| text.replace('\n', " ")).collect()
                })
                .collect();
            let heads: Vec<String> = columns.iter().map(|name| name.to_uppercase()).collect();
            let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
            return table(&heads, &rows);
        }
    }
    let marked = |item: &Value| {
        let lines = of(item).into_iter().enumerate();
        lines.map(|(at, line)| format!("{} {line}", if at == 0 { "-" } else { " " })).collect::<Vec<_>>()
    };
    items.iter().flat_map(marked).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expect: Expect) {
        let lines = lines(value);
        expect.assert_eq(&lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn a_verdict_with_its_samples() {
        let value = json!({
            "verdict": "fail",
            "failed": 2,
            "names": ["a", "b"],
            "checks": [
                { "name": "lag", "verdict": "pass", "lag_s": 0.5 },
                { "name": "rows", "verdict": "fail", "why": "12 rows differ" },
            ],
            "sample": { "rows": [{ "id": 1, "parts": { "x": null, "y": true } }] },
        });
        check(
            &value,
            expect![[r#"
                verdict  fail
                failed   2
                names    a, b
                checks
                  NAME  VERDICT  LAG_S  WHY
                  lag   pass     0.5
                  rows  fail            12 rows differ
                sample
                  rows
                    ID  PARTS
                    1   x -, y true"#]],
        );
    }

    #[test]
    fn much_is_cut_and_little_is_shown() {
        check(
            &json!("a\nb"),
            expect![[r#"
            a
            b"#]],
        );
        check(&json!([]), expect![""]);
        assert_eq!(lines(&json!(vec!["x"; 100])).len(), MOST_LINES + 1);
        assert!(lines(&json!("x".repeat(500)))[0].ends_with('…'));
    }
}
