//! Materialized views that are refreshed on a schedule: which refresh is completed, and which is next.
//!
//! Each refresh is completed as long after its moment as hydration takes. A cluster that is switched on for
//! it is not needed. Source: `design/materialize.md` 4.2.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::sandbox::model::State;
use crate::sandbox::model::item::Item;
use crate::sandbox::model::item::ItemData;
use crate::sandbox::model::item::Refresh;
use crate::sandbox::settings;

/// The refreshes of a materialized view; `None` for everything else.
pub(crate) fn of(item: &Item) -> Option<&[Refresh]> {
    match &item.data {
        ItemData::MaterializedView { refresh, .. } if !refresh.is_empty() => Some(refresh),
        ItemData::MaterializedView { .. }
        | ItemData::Table { .. }
        | ItemData::View { .. }
        | ItemData::Index { .. }
        | ItemData::Source(_)
        | ItemData::Sink { .. }
        | ItemData::Connection { .. }
        | ItemData::Secret
        | ItemData::Type { .. } => None,
    }
}

/// The last refresh that is completed and the first one that is not, of a view that has any.
pub(crate) fn around(
    state: &State,
    item: &Item,
    now: Timestamp,
) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let refreshes = of(item)?;
    let takes = settings::length(state, settings::HYDRATION);
    let takes = u64::try_from(takes.as_millis()).unwrap_or(u64::MAX);
    let begun = now.0.checked_sub(takes).map(Timestamp);
    let last = begun.and_then(|begun| {
        refreshes.iter().filter_map(|refresh| before(*refresh, begun)).filter(|at| *at >= item.created).max()
    });
    let from = last.map_or(item.created, |last| last.after(Duration::from_millis(1)));
    Some((last, refreshes.iter().filter_map(|refresh| after(*refresh, from)).min()))
}

/// When the first refresh is completed; `None` where there is none.
pub(super) fn first(item: &Item, takes: Duration) -> Option<Timestamp> {
    let refreshes = of(item)?.iter().filter_map(|refresh| after(*refresh, item.created));
    refreshes.min().map(|at| at.after(takes))
}

/// The last moment that is not after a time.
fn before(refresh: Refresh, time: Timestamp) -> Option<Timestamp> {
    match refresh {
        Refresh::At(at) => (at <= time).then_some(at),
        Refresh::Every { interval_ms, aligned_to } => {
            let into = phase(interval_ms, aligned_to, time);
            time.0.checked_sub(into).map(Timestamp)
        }
    }
}

/// The first moment that is not before a time.
fn after(refresh: Refresh, time: Timestamp) -> Option<Timestamp> {
    match refresh {
        Refresh::At(at) => (at >= time).then_some(at),
        Refresh::Every { interval_ms, aligned_to } => match phase(interval_ms, aligned_to, time) {
            0 => Some(time),
            into => time.0.checked_add(interval_ms - into).map(Timestamp),
        },
    }
}

/// How long ago the last moment was.
fn phase(interval_ms: u64, aligned_to: Timestamp, time: Timestamp) -> u64 {
    let interval = interval_ms.max(1);
    if time >= aligned_to {
        return (time.0 - aligned_to.0) % interval;
    }
    match (aligned_to.0 - time.0) % interval {
        0 => 0,
        left => interval - left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_lie_around_a_time() {
        let every = Refresh::Every { interval_ms: 10, aligned_to: Timestamp(103) };
        for (time, last, next) in
            [(103, 103, 103), (104, 103, 113), (112, 103, 113), (100, 93, 103), (93, 93, 93)]
        {
            assert_eq!(before(every, Timestamp(time)), Some(Timestamp(last)), "{time}");
            assert_eq!(after(every, Timestamp(time)), Some(Timestamp(next)), "{time}");
        }
        assert_eq!(before(Refresh::At(Timestamp(5)), Timestamp(4)), None);
        assert_eq!(after(Refresh::At(Timestamp(5)), Timestamp(6)), None);
        assert_eq!(before(every, Timestamp(2)), None);
    }
}
