//! The comment that says on a schema which deployment it is: mzflow's own, never a person's.

use crate::clock::Timestamp;
use crate::deployment::epoch::SwapEntry;

/// How it begins.
const TAG: &str = "mzflow: ";

/// Tells whether a comment is one: such a one may be replaced, and goes with nothing.
pub fn is_tag(comment: &str) -> bool {
    comment.starts_with(TAG)
}

/// That of a promotion.
pub fn of(entry: &SwapEntry) -> String {
    let commit = entry.intent.commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
    let at = at(entry.at);
    format!("{TAG}deployment {}, promoted by {} at {at}{commit}", entry.intent.deployment, entry.actor)
}

/// A moment in UTC, to the second.
fn at(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    chrono::DateTime::from_timestamp_millis(millis)
        .map_or_else(|| at.0.to_string(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
