//! A diff as people read it: what changed, why each object is rebuilt, and what it costs.

use std::time::Duration;

use console::Style;
use serde_json::Value;

use super::typed;
use super::ui::Ui;
use super::ui::ago;
use super::ui::counted;
use crate::deployment::change::Change;

/// So many carried objects are listed; the rest is a number.
const CARRIED_SHOWN: usize = 5;

/// So many of the statements in place, and so many of those that `apply` would run, are told; the rest is a number.
const IN_PLACE_SHOWN: usize = 10;

/// The lines of a diff, from what the primitive's outcome serialises to.
pub(crate) fn lines(outcome: &Value, ui: &Ui, took: Option<Duration>) -> Vec<String> {
    let objects = outcome["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let against = against(outcome);
    let unfinished = outcome["unfinished"].as_str();
    if outcome["empty"].as_bool() == Some(true) || unfinished.is_some() {
        let mut lines = vec![ui.line("diff", &format!("no changes {against}"), took)];
        lines.extend(unfinished.map(|id| {
            let note = format!("what follows the promotion of {id} was not finished: mzflow promote {id}");
            format!("          {}", ui.paint(Style::yellow, typed::here(&note)))
        }));
        lines.extend(to_apply(outcome, ui));
        lines.extend(sinks(outcome, ui));
        lines.extend(pending(outcome, ui));
        lines.extend(kept(outcome, ui));
        return lines;
    }
    let first = outcome["against"].is_null();
    let counts = counts(outcome);
    if first && objects.iter().all(|object| object["change"] == "added") {
        let mut lines = vec![ui.line("diff", &counts, took)];
        lines.extend(to_apply(outcome, ui));
        return lines;
    }
    let mut lines = vec![ui.line("diff", &format!("{counts}, {against}"), took)];
    let width = objects.iter().filter_map(|o| o["name"].as_str()).map(str::len).max().unwrap_or(0).min(48);
    for change in Change::ALL {
        let of_kind: Vec<&Value> = objects.iter().filter(|o| o["change"] == change.as_str()).collect();
        let shown = match change {
            Change::Carried => CARRIED_SHOWN,
            Change::Unchanged => 0,
            Change::Changed
            | Change::Added
            | Change::Removed
            | Change::Drifted
            | Change::Dependent
            | Change::Reindexed
            | Change::Metadata => usize::MAX,
        };
        lines.extend(of_kind.iter().take(shown).map(|object| line(object, change, width, ui)));
        if change == Change::Carried && of_kind.len() > shown {
            lines.push(format!("            · and {} more carried", of_kind.len() - shown));
        }
    }
    lines.extend(to_apply(outcome, ui));
    lines.extend(in_place(outcome, ui));
    lines.extend(sinks(outcome, ui));
    lines.extend(pending(outcome, ui));
    lines.extend(kept(outcome, ui));
    lines.extend(cost(outcome).into_iter().map(|line| format!("          {line}")));
    for dependent in outcome["foreign_dependents"].as_array().into_iter().flatten() {
        if let Some(text) = dependent.as_str() {
            let note = format!("{text} is not of this project: it goes on reading the replaced version");
            lines.push(format!("          {}", ui.paint(Style::yellow, note)));
        }
    }
    lines
}

/// Sinks that are to read something else, and those that would have to be made anew.
fn sinks(outcome: &Value, ui: &Ui) -> Vec<String> {
    let texts = |field: &str| {
        let all = outcome[field].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let repointed = texts("repointed_sinks");
    let repointed =
        repointed.iter().map(|what| format!("            {} sink {what}", ui.paint(Style::yellow, "~")));
    let changed = texts("changed_sinks");
    let changed = changed.iter().map(|name| {
        let note = format!("sink {name} is defined otherwise than it was made, and stays as it is");
        let note = typed::here(&format!("{note}: mzflow apply --recreate-sinks"));
        format!("            {} {}", ui.paint(Style::red, "!"), ui.paint(Style::yellow, note))
    });
    repointed.chain(changed).collect()
}

/// What `apply` would do before anything is staged.
fn to_apply(outcome: &Value, ui: &Ui) -> Vec<String> {
    let mut lines = some("to_apply", "apply: ", outcome, ui);
    if !lines.is_empty() {
        let note = typed::here("`mzflow apply` does this alone; a run does it before it compares");
        lines.push(format!("            {note}"));
    }
    lines
}

/// What an earlier promotion has not replaced yet.
fn pending(outcome: &Value, ui: &Ui) -> Vec<String> {
    let all = outcome["pending_replacements"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let told = |what| ui.paint(Style::yellow, format!("still to be replaced in place: {what}"));
    all.map(|what| format!("            {} {}", ui.paint(Style::yellow, "!"), told(what))).collect()
}

/// What stays in a schema with a stable API although the project no longer has it.
fn kept(outcome: &Value, ui: &Ui) -> Vec<String> {
    let all = outcome["kept"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let told =
        |what| ui.paint(Style::yellow, format!("{what}, is kept: it goes once nobody reads it any more"));
    all.map(|what| format!("            {} {}", ui.paint(Style::yellow, "!"), told(what))).collect()
}

/// What is granted, revoked and commented where nothing is rebuilt.
fn in_place(outcome: &Value, ui: &Ui) -> Vec<String> {
    some("in_place", "", outcome, ui)
}

/// The first of what a field tells, and how many more there are.
fn some(field: &str, before: &str, outcome: &Value, ui: &Ui) -> Vec<String> {
    let all: Vec<&str> = outcome[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let told = |what: &&str| format!("            {} {before}{what}", ui.paint(Style::cyan, "@"));
    let mut lines: Vec<String> = all.iter().take(IN_PLACE_SHOWN).map(told).collect();
    if all.len() > IN_PLACE_SHOWN {
        lines.push(format!("            @ {before}and {} more", all.len() - IN_PLACE_SHOWN));
    }
    lines
}

fn against(outcome: &Value) -> String {
    let Some(deployment) = outcome["against"]["deployment"].as_str() else {
        return "against what is there".to_owned();
    };
    let by = outcome["against"]["by"].as_str().unwrap_or("someone");
    let since = outcome["against"]["age_s"].as_u64().map(|age| ago(Duration::from_secs(age)));
    match since {
        Some(since) => format!("against {deployment} (promoted {since} by {by})"),
        None => format!("against {deployment} (promoted by {by})"),
    }
}

fn counts(outcome: &Value) -> String {
    if outcome["objects"].as_array().is_none_or(Vec::is_empty) {
        let beside = outcome["in_place"].as_array().map_or(0, Vec::len);
        return if beside > 0 { format!("{beside} in place") } else { "sinks alone".to_owned() };
    }
    let count = |change: &Change| {
        let number = outcome["summary"][change.as_str()].as_u64()?;
        (number > 0 && *change != Change::Unchanged).then(|| format!("{number} {change}"))
    };
    Change::ALL.iter().filter_map(count).collect::<Vec<_>>().join(", ")
}

fn line(object: &Value, change: Change, width: usize, ui: &Ui) -> String {
    let name = object["name"].as_str().unwrap_or("?");
    let (sign, style): (&str, fn(Style) -> Style) = match change {
        Change::Changed => ("~", Style::yellow),
        Change::Added => ("+", Style::green),
        Change::Removed => ("-", Style::red),
        Change::Drifted => ("!", Style::red),
        Change::Dependent => (">", Style::cyan),
        Change::Reindexed | Change::Metadata => ("@", Style::cyan),
        Change::Carried | Change::Unchanged => ("·", Style::dim),
    };
    let because = object["because"][0].as_str();
    let why = match (change, because) {
        (Change::Dependent, Some(read)) => format!("reads {read}"),
        (Change::Carried, Some(beside)) => format!("swapped together with {beside}"),
        (Change::Reindexed, _) => "its indexes alone, built beside it".to_owned(),
        (Change::Metadata, _) => "grants or comments, in place".to_owned(),
        (Change::Drifted, _) => "production is not what was last promoted".to_owned(),
        _ => object["file"].as_str().unwrap_or("").to_owned(),
    };
    let why = match object["way"].as_str() {
        Some("replaced") => format!("{why}  replaced in place, its readers stay"),
        _ => why,
    };
    let word = format!("{:<9}", change.as_str());
    format!("            {} {name:<width$}  {}  {}", ui.paint(style, sign), ui.paint(style, word), why)
        .trim_end()
        .to_owned()
}

/// What it costs as asked, and below it a line for each other isolation.
fn cost(outcome: &Value) -> Vec<String> {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    let told = |cost: &Value| {
        let mut parts = vec![counted(number(&cost["objects"]), "object")];
        parts.push(counted(number(&cost["clusters"]), "cluster"));
        parts.push(counted(number(&cost["ddl_statements"]), "statement"));
        parts
    };
    let total: u64 = outcome["summary"].as_object().map_or(0, |s| s.values().filter_map(Value::as_u64).sum());
    let own = told(&outcome["cost"]);
    let (objects, rest) = own.split_first().map_or((String::new(), &[][..]), |(o, r)| (o.clone(), r));
    let mut lines = vec![format!("rebuilds {objects} of {total} · {}", rest.join(" · "))];
    for other in outcome["alternatives"].as_array().into_iter().flatten() {
        let isolation = other["isolation"].as_str().unwrap_or("?");
        let what = match other["forbidden"].as_str() {
            Some(why) => format!("not possible: {why}"),
            None => told(other).join(" · "),
        };
        lines.push(format!("  --isolation {isolation:<7}  {what}"));
    }
    lines
}
