//! What is told of a developer's overlay: a line for what an object becomes, one for the whole.

use std::time::Duration;

use console::Style;
use serde_json::Value;
use serde_json::json;

use super::ui::Ui;
use super::ui::counted;
use crate::event::Event;
use crate::event::OverlayState;
use crate::event::OverlayWhy;
use crate::event::PlannedBuild;
use crate::event::SkippedKind;

/// The word for how an object stands.
pub(crate) fn word(state: OverlayState) -> &'static str {
    match state {
        OverlayState::Compiling => "compiling",
        OverlayState::Building => "building",
        OverlayState::Hydrating => "hydrating",
        OverlayState::Ready => "ready",
        OverlayState::Failed => "failed",
        OverlayState::Kept => "kept",
        OverlayState::Dropped => "dropped",
        OverlayState::Unchanged => "unchanged",
    }
}

/// The line of an event with the time it took, if people are told of it.
pub(crate) fn line(event: &Event, ui: &Ui) -> Option<(String, Option<Duration>)> {
    match event {
        Event::Overlay { object, state, message, .. } => {
            let (style, rest): (fn(Style) -> Style, &str) = match state {
                OverlayState::Ready => (Style::green, ""),
                OverlayState::Dropped => (Style::yellow, ""),
                OverlayState::Failed => (Style::red, ""),
                OverlayState::Kept => (Style::red, " · the last good version stays"),
                OverlayState::Compiling
                | OverlayState::Building
                | OverlayState::Hydrating
                | OverlayState::Unchanged => return None,
            };
            let word = if *state == OverlayState::Kept { "failed" } else { word(*state) };
            let why = message.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            Some((format!("{object} {}{why}{rest}", ui.paint(style, word.to_owned())), None))
        }
        Event::OverlaySkipped { kinds } => Some((skipped(kinds), None)),
        Event::OverlayDone { databases, rebuilt, unchanged, dropped, failed, took } => {
            let mut text = format!("{}: {rebuilt} rebuilt, {unchanged} unchanged", databases.join(", "));
            if *dropped > 0 {
                text += &format!(", {dropped} dropped");
            }
            if *failed > 0 {
                text += &format!(", {failed} failed");
            }
            Some((text, Some(*took)))
        }
        _ => None,
    }
}

/// Where so many objects are skipped at most they are named, and not only counted.
const NAMED: usize = 3;

/// So many of what production does not have are named; the rest is a number.
const MISSING_SHOWN: usize = 5;

/// What no overlay holds, in a line: how much of each kind, and what of it nobody can read.
pub(crate) fn skipped(kinds: &[SkippedKind]) -> String {
    let are_named = kinds.iter().map(|of| of.names.len()).sum::<usize>() <= NAMED;
    let count = |of: &SkippedKind| {
        let count = counted(of.names.len(), &of.kind);
        if are_named { format!("{count} ({})", of.names.join(", ")) } else { count }
    };
    let counts: Vec<String> = kinds.iter().map(count).collect();
    let mut text = format!("skips {}: the overlay reads production's", counts.join(", "));
    let missing: Vec<&str> = kinds.iter().flat_map(|of| &of.missing).map(String::as_str).collect();
    if let Some(shown) = missing.get(..missing.len().min(MISSING_SHOWN)).filter(|shown| !shown.is_empty()) {
        text += &format!("; production does not have {}", shown.join(", "));
        let more = missing.len() - shown.len();
        if more > 0 {
            text += &format!(" and {more} more");
        }
    }
    text
}

/// What is about to be built, and why, in lines.
pub(crate) fn planned(builds: &[PlannedBuild], removed: &[String], ui: &Ui) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend((!builds.is_empty()).then(|| format!("builds {}", counted(builds.len(), "object"))));
    parts.extend((!removed.is_empty()).then(|| format!("drops {}", counted(removed.len(), "object"))));
    let mut lines = vec![ui.line("overlay", &parts.join(", "), None)];
    let shown = || builds.iter().take(PLANNED_SHOWN);
    let width = shown().map(|build| build.object.chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
    lines.extend(shown().map(|PlannedBuild { object, why, .. }| {
        let why = ui.paint(Style::dim, told(why));
        format!("            {object:<width$}  {why}")
    }));
    if builds.len() > PLANNED_SHOWN {
        lines.push(format!("            … and {} more", builds.len() - PLANNED_SHOWN));
    }
    lines
}

/// So many of the objects that are built are listed; the rest is a number.
const PLANNED_SHOWN: usize = 10;

/// Names are told in a column of at most so many characters.
const WIDEST_NAME: usize = 48;

fn told(why: &OverlayWhy) -> String {
    match why {
        OverlayWhy::New => "production has none".to_owned(),
        OverlayWhy::Differs => "differs from production".to_owned(),
        OverlayWhy::Edited => "differs from the last build".to_owned(),
        OverlayWhy::Failed => "could not be built the last time".to_owned(),
        OverlayWhy::Cluster => "is to run on another cluster".to_owned(),
        OverlayWhy::Reads(name) => format!("reads {name}"),
        OverlayWhy::Below(name) => format!("reads {name}, which is another one now"),
    }
}

fn planned_json(build: &PlannedBuild) -> Value {
    let (word, reads) = match &build.why {
        OverlayWhy::New => ("new", None),
        OverlayWhy::Differs => ("differs", None),
        OverlayWhy::Edited => ("edited", None),
        OverlayWhy::Failed => ("failed", None),
        OverlayWhy::Cluster => ("cluster", None),
        OverlayWhy::Reads(name) => ("reads", Some(name)),
        OverlayWhy::Below(name) => ("below", Some(name)),
    };
    json!({ "object": build.object, "why": word, "reads": reads, "stands": build.stands })
}

/// How much of what was built can be read, in words.
pub(crate) fn progress(ready: usize, total: usize) -> String {
    format!("{ready} of {total} have caught up")
}

/// The event as JSON: its name and its fields.
pub(crate) fn json(event: &Event) -> Option<(&'static str, Value)> {
    match event {
        Event::Overlay { database, object, state, percent, message } => Some((
            "overlay.object",
            json!({
                "database": database, "object": object, "state": word(*state), "percent": percent,
                "message": message,
            }),
        )),
        Event::OverlayPlanned { builds, removed } => {
            let builds: Vec<Value> = builds.iter().map(planned_json).collect();
            Some(("overlay.planned", json!({ "builds": builds, "removed": removed })))
        }
        Event::OverlayProgress { ready, total, waited } => {
            let waited = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            Some(("overlay.progress", json!({ "ready": ready, "total": total, "waited_ms": waited })))
        }
        Event::OverlaySkipped { kinds } => {
            let kind =
                |of: &SkippedKind| json!({ "kind": of.kind, "names": of.names, "missing": of.missing });
            let kinds: Vec<Value> = kinds.iter().map(kind).collect();
            Some(("overlay.skipped", json!({ "kinds": kinds })))
        }
        Event::OverlayDone { databases, rebuilt, unchanged, dropped, failed, took } => Some((
            "overlay.done",
            json!({
                "databases": databases, "rebuilt": rebuilt, "unchanged": unchanged, "dropped": dropped,
                "failed": failed, "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            }),
        )),
        _ => None,
    }
}
