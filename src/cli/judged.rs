//! What people see of comparisons and of checks over time.

use std::time::Duration;

use console::Style;
use serde_json::Value;

use super::ui::Ui;
use super::ui::counted;
use crate::event::CheckProgress;
use crate::event::SampleProgress;

/// A comparison: a line for each object that differs, and one for those that do not.
pub(super) fn compared(outcome: &Value) -> Vec<String> {
    let objects = outcome["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_same = |object: &&Value| {
        let columns = &object["columns"];
        let changed = ["added", "removed", "retyped"]
            .iter()
            .any(|name| columns[name].as_array().is_some_and(|names| !names.is_empty()));
        object["state"] == "same" && !changed && columns["reordered"] != true
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let differing = objects.iter().filter(|object| !is_same(object));
    let mut lines: Vec<String> =
        differing.map(|object| format!("{}: {}", text(&object["name"]), text(&object["message"]))).collect();
    let same = objects.iter().filter(is_same).count();
    if outcome["rehearsed"] == true {
        lines.push(format!("would compare {}", counted(same, "object")));
    } else if same > 0 {
        let rows: u64 =
            objects.iter().filter(is_same).filter_map(|object| object["rows_green"].as_u64()).sum();
        lines.push(format!("{} the same, {rows} rows", counted(same, "object")));
    } else if lines.is_empty() {
        lines.push("nothing to compare".to_owned());
    }
    lines
}

/// A verdict in its colour, filled up to a width.
pub(super) fn painted(ui: &Ui, verdict: &str, width: usize) -> String {
    let style = match verdict {
        "pass" => Style::green,
        "fail" | "error" => Style::red,
        _ => Style::yellow,
    };
    ui.paint(style, format!("{verdict:<width$}"))
}

/// A look at the checks of an analysis: how far it is, a line for each check, and what comes next.
pub(super) fn sampled(progress: &SampleProgress, ui: &Ui, left: Option<Duration>) -> Vec<String> {
    let SampleProgress { sample, count, .. } = progress;
    // What could not be asked is asked again.
    let far = if sample > count {
        format!("{sample} samples for {count} answers")
    } else {
        format!("{sample} of {}", counted(usize::try_from(*count).unwrap_or(usize::MAX), "sample"))
    };
    let head = match &progress.title {
        Some(title) => format!("{title} · {far}"),
        None => far,
    };
    let mut lines = vec![ui.line(&progress.label, &head, None)];
    let widest = |of: fn(&CheckProgress) -> usize| progress.checks.iter().map(of).max().unwrap_or(0);
    let name = widest(|check| console::measure_text_width(&check.name));
    let verdict = widest(|check| check.verdict.len());
    for check in &progress.checks {
        let fill = " ".repeat(name - console::measure_text_width(&check.name));
        let painted = painted(ui, check.verdict, verdict);
        let text = format!("  {}{fill}   {painted}   {}", check.name, check.message);
        lines.push(ui.line("", text.trim_end(), None));
    }
    if let Some(left) = left {
        let note = progress.note.as_ref().map(|note| format!(" · {note}")).unwrap_or_default();
        lines.push(ui.line("", &format!("next sample in {} s{note}", left.as_secs_f64().ceil()), None));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_told_one_by_one() {
        let columns = json!({ "added": [], "removed": [], "retyped": [], "reordered": false });
        let object = |name: &str, state: &str| json!({ "name": name, "state": state, "message": "+1 −0 ~0 against 5 rows", "rows_green": 5, "columns": columns });
        let told = |objects: Value| compared(&json!({ "objects": objects }));
        assert_eq!(told(json!([])), ["nothing to compare"]);
        assert_eq!(
            told(json!([object("a.b.c", "same"), object("a.b.d", "same")])),
            ["2 objects the same, 10 rows"]
        );
        let two = told(json!([object("a.b.c", "differs"), object("a.b.d", "same")]));
        assert_eq!(two, ["a.b.c: +1 −0 ~0 against 5 rows", "1 object the same, 5 rows"]);
        let rehearsed = compared(&json!({ "rehearsed": true, "objects": [object("a.b.c", "same")] }));
        assert_eq!(rehearsed, ["would compare 1 object"]);
    }
}
