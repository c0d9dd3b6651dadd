//! Settings of the sandbox whose past matters: since when something has been stuck, stalled, failed.
//!
//! Pure. The state keeps how these settings were turned; everything else follows from it. Start reading
//! at [`since`].

use super::model::Catalog;
use super::model::State;
use super::model::Turned;
use super::model::item::Item;
use super::resolve;
use super::settings;
use crate::clock::Timestamp;
use crate::name::like::like;

/// The settings whose past is kept.
const REMEMBERED: [&str; 4] =
    [settings::STUCK, settings::SINK_BLOCKED, settings::SINK_STALLED, settings::SINK_FAILED];

/// How many turns are kept: more than any test makes; older ones are dropped.
const KEPT: usize = 1_000;

/// Notes what the settings have become.
pub(crate) fn turned(state: &mut State, now: Timestamp) {
    for name in REMEMBERED {
        let value = settings::system(state, name).unwrap_or_default();
        if last(state, name) == value {
            continue;
        }
        state.turned.push_back(Turned { name: name.to_owned(), value, at: now });
        if state.turned.len() > KEPT {
            state.turned.pop_front();
        }
    }
}

fn last<'s>(state: &'s State, name: &str) -> &'s str {
    let last = state.turned.iter().rev().find(|turned| turned.name == name);
    last.map_or("", |turned| turned.value.as_str())
}

/// Since when a setting has named an object; `None` where it does not.
pub(crate) fn since(state: &State, item: &Item, setting: &str) -> Option<Timestamp> {
    let mut since = None;
    for turned in state.turned.iter().rev().filter(|turned| turned.name == setting) {
        if !names(&state.catalog, item, &turned.value) {
            break;
        }
        since = Some(turned.at);
    }
    since
}

/// Tells whether one of several patterns, one comma apart, is like an object's own name or its full one.
pub(crate) fn names(catalog: &Catalog, item: &Item, patterns: &str) -> bool {
    if patterns.is_empty() {
        return false;
    }
    let own = item.name.as_str();
    let full = resolve::full_name(catalog, item);
    let mut patterns = patterns.split(',').map(str::trim);
    patterns.any(|pattern| like(own, pattern) || like(&full, pattern))
}
