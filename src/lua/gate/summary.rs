//! Facts in a few lines, for people who are told no.

use serde_json::Value as Json;

/// A line for each fact that says something by itself.
pub(super) fn lines(facts: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(facts.get("hydration").map(hydration));
    lines.extend(facts.get("changes").map(changes));
    lines.extend(facts.get("compare").filter(|compare| !compare.is_null()).map(compare));
    lines.extend(facts.get("approvals").and_then(Json::as_array).map(|given| approvals(given)));
    lines.extend(facts.get("now").map(now));
    lines
}

fn text<'f>(fact: &'f Json, name: &str) -> &'f str {
    fact.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn number(fact: &Json, name: &str) -> u64 {
    fact.get(name).and_then(Json::as_u64).unwrap_or_default()
}

fn now(now: &Json) -> String {
    format!(
        "now: {} {} {} ({})",
        text(now, "weekday"),
        text(now, "date"),
        text(now, "time"),
        text(now, "timezone")
    )
}

fn hydration(hydration: &Json) -> String {
    let lag = |name: &str| hydration.get(name).and_then(Json::as_f64);
    let mut line = format!(
        "hydration: {}, {} of {} objects",
        text(hydration, "state"),
        number(hydration, "ready"),
        number(hydration, "total")
    );
    if let Some(lag) = lag("lag_s") {
        line += &format!(", lag {lag:.1} s");
    }
    if let Some(lag) = lag("blue_lag_s") {
        line += &format!(" (production {lag:.1} s)");
    }
    line
}

fn changes(changes: &Json) -> String {
    let counts = changes.get("summary").and_then(Json::as_object).into_iter().flatten();
    let counts = counts.filter(|(_, count)| count.as_u64() != Some(0));
    let told: Vec<String> = counts.map(|(change, count)| format!("{count} {change}")).collect();
    format!("changes: {}", if told.is_empty() { "none".to_owned() } else { told.join(", ") })
}

fn approvals(given: &[Json]) -> String {
    let by: Vec<&str> = given.iter().map(|given| text(given, "by")).collect();
    format!("approvals: {}", if by.is_empty() { "none".to_owned() } else { by.join(", ") })
}

fn compare(compare: &Json) -> String {
    let objects = compare.as_object().into_iter().flatten();
    let differing = objects.filter(|(_, object)| text(object, "state") == "differs");
    let told = differing
        .map(|(name, object)| format!("{name} +{} −{}", number(object, "added"), number(object, "removed")));
    let told: Vec<String> = told.collect();
    format!("compare: {}", if told.is_empty() { "no row differs".to_owned() } else { told.join(", ") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_in_a_few_lines() {
        let facts = json!({
            "now": { "weekday": "Monday", "date": "2026-11-30", "time": "09:05", "timezone": "UTC" },
            "hydration": { "state": "lagging", "ready": 2, "total": 3, "lag_s": 12.25, "blue_lag_s": 0.5 },
            "changes": { "summary": { "changed": 2, "removed": 0, "added": 1 } },
            "compare": { "a.b.c": { "state": "differs", "added": 1, "removed": 3 }, "a.b.d": { "state": "same" } },
            "approvals": [{ "by": "ann" }, { "by": "bob" }],
            "run": {},
        });
        assert_eq!(
            lines(&facts),
            [
                "hydration: lagging, 2 of 3 objects, lag 12.2 s (production 0.5 s)",
                "changes: 2 changed, 1 added",
                "compare: a.b.c +1 −3",
                "approvals: ann, bob",
                "now: Monday 2026-11-30 09:05 (UTC)",
            ]
        );
    }
}
