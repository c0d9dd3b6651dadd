//! What people see of comparisons and of checks over time.

use serde_json::Value;

use super::ui::counted;

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
