//! How sinks fare: what they were told to be, and since when.
//!
//! Pure: everything follows from the state and the time. Start reading at [`health`] and [`history`].

use super::knobs;
use super::model::State;
use super::model::item::Item;
use super::settings;
use crate::clock::Timestamp;

/// How a sink fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It sends.
    Running,
    /// It makes no progress and says nothing of it.
    Blocked,
    /// It has stalled, and may go on.
    Stalled,
    /// It has failed.
    Failed,
}

/// The settings, the worst first.
const WORST: [(&str, Health); 3] = [
    (settings::SINK_FAILED, Health::Failed),
    (settings::SINK_STALLED, Health::Stalled),
    (settings::SINK_BLOCKED, Health::Blocked),
];

impl Health {
    /// Its word in `mz_sink_statuses`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running | Self::Blocked => "running",
            Self::Stalled => "stalled",
            Self::Failed => "failed",
        }
    }

    /// What `mz_sink_statuses` gives as its error.
    pub(crate) fn error(self) -> Option<&'static str> {
        match self {
            Self::Running | Self::Blocked => None,
            Self::Stalled => Some("kafka: broker transport failure (sandbox_sink_stalled)"),
            Self::Failed => Some("kafka: message could not be encoded (sandbox_sink_failed)"),
        }
    }
}

/// How a sink fares, and since when if not well.
pub(crate) fn health(state: &State, item: &Item) -> (Health, Option<Timestamp>) {
    let mut found = WORST.iter().filter_map(|(setting, health)| {
        let since = knobs::since(state, item, setting)?;
        Some((*health, Some(since.max(item.created))))
    });
    found.next().unwrap_or((Health::Running, None))
}

/// How a sink fared since it was made: each change of its health, oldest first.
pub(crate) fn history(state: &State, item: &Item) -> Vec<(Timestamp, Health)> {
    let mut values = [""; WORST.len()];
    let mut told = vec![(item.created, Health::Running)];
    for turned in &state.turned {
        let Some(at) = WORST.iter().position(|(setting, _)| *setting == turned.name) else { continue };
        if let Some(value) = values.get_mut(at) {
            *value = &turned.value;
        }
        let named = WORST.iter().zip(values).find(|(_, value)| knobs::names(&state.catalog, item, value));
        let health = named.map_or(Health::Running, |((_, health), _)| *health);
        match told.last_mut() {
            // What was turned before the sink was made is how it began.
            Some((at, last)) if turned.at <= *at => *last = health,
            Some((_, last)) if *last == health => {}
            _ => told.push((turned.at, health)),
        }
    }
    told
}

#[cfg(test)]
mod tests;
