//! What is told while something catches up: how far it has come, and how often that is news in a pipe.

use std::time::Duration;

use console::Style;

use super::ui::Ui;
use crate::event::HydrationProgress;

/// A line of hydration in a pipe comes at a change of state, and otherwise this often.
pub(crate) const PIPE_PAUSE: Duration = Duration::from_secs(10);

/// The width of a cluster's bar.
const BAR: usize = 16;

/// What was told of an overlay last: how long it was waited for, and how much of it had caught up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace(Option<(Duration, usize)>);

impl Pace {
    /// Whether it is news that so much has caught up after so long: of another wait, or more than before, or
    /// told long ago.
    pub(crate) fn is_news(&mut self, waited: Duration, ready: usize) -> bool {
        let is_news = self.0.is_none_or(|(at, known)| {
            waited < at || ready != known || waited.saturating_sub(at) >= PIPE_PAUSE
        });
        if is_news {
            self.0 = Some((waited, ready));
        }
        is_news
    }
}

/// How far a deployment has come, in words.
pub(crate) fn text(progress: &HydrationProgress, ui: &Ui) -> String {
    let clusters = progress.clusters.iter().map(|cluster| {
        let filled = (BAR * cluster.ready).checked_div(cluster.total).unwrap_or(BAR);
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
        let bar = ui.paint(if cluster.state == "failing" { Style::red } else { Style::green }, bar);
        format!("{} {bar} {}/{}", cluster.name, cluster.ready, cluster.total)
    });
    let mut parts: Vec<String> = clusters.collect();
    if parts.is_empty() {
        parts.push("nothing to wait for".to_owned());
    }
    if let (Some(lag), true) = (progress.lag, progress.state == "ready" || progress.state == "lagging") {
        parts.push(format!("lag {:.1} s", lag.as_secs_f64()));
    }
    if let Some((object, reason)) = &progress.slowest {
        parts.push(format!("slowest: {object}, {reason}"));
    }
    parts.join("   ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_pipe_a_wait_is_told_when_it_changes_and_now_and_then() {
        let mut pace = Pace::default();
        let mut is_news = |ms, ready| pace.is_news(Duration::from_millis(ms), ready);
        let told = [(10, 0), (30, 0), (70, 1), (5_000, 1), (10_070, 1), (10_080, 1), (20, 1)];
        assert_eq!(told.map(|(ms, ready)| is_news(ms, ready)), [true, false, true, false, true, false, true]);
    }
}
