//! What is told of a developer's overlay: a line for what an object becomes, one for the whole.

use std::time::Duration;

use console::Style;
use serde_json::Value;
use serde_json::json;

use super::ui::Ui;
use super::ui::counted;
use crate::event::Event;
use crate::event::OverlayState;

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
        Event::OverlaySkipped { kind, names } => {
            let count = counted(names.len(), kind);
            Some((format!("skips {count} that production does not have: {}", names.join(", ")), None))
        }
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
        Event::OverlaySkipped { kind, names } => {
            Some(("overlay.skipped", json!({ "kind": kind, "names": names })))
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
