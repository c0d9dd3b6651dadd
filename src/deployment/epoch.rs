//! The epoch marker, and who swapped when: a chain that ends at the marker's present name.
//!
//! Every swap renames the marker in its own transaction, from the name it found to
//! `epoch@<n+1>:<its run>`. Intents are written before; whether one was carried out is told by
//! the chain alone, so a process that died after COMMIT needs no second witness.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

use super::DeploymentId;
use super::RunId;
use crate::clock::Timestamp;
use crate::name::Ident;
use crate::name::NameError;

/// The database that holds everything mzflow records.
pub const TRACKING_DATABASE: &str = "_mzflow";

/// The marker as it stands: how many swaps there were, and who made the last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Marker {
    /// The number of swaps in this environment.
    pub epoch: u64,
    /// The run that made the last one; `setup` before the first.
    pub run: RunId,
}

/// The text is no marker's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an epoch marker")]
pub struct NotAMarker(String);

impl Marker {
    /// The marker that follows when a run swaps.
    pub fn next(&self, run: &RunId) -> Self {
        Self { epoch: self.epoch + 1, run: run.clone() }
    }

    /// The name of the schema that is the marker.
    ///
    /// # Errors
    /// [`NameError`] never in practice: a run id is at most 63 bytes long.
    pub fn schema(&self) -> Result<Ident, NameError> {
        Ident::new(self.to_string())
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch@{}:{}", self.epoch, self.run)
    }
}

impl FromStr for Marker {
    type Err = NotAMarker;

    fn from_str(text: &str) -> Result<Self, NotAMarker> {
        let error = || NotAMarker(text.to_owned());
        let (epoch, run) =
            text.strip_prefix("epoch@").and_then(|rest| rest.split_once(':')).ok_or_else(error)?;
        Ok(Self { epoch: epoch.parse().map_err(|_| error())?, run: run.parse().map_err(|_| error())? })
    }
}

impl TryFrom<String> for Marker {
    type Error = NotAMarker;

    fn try_from(text: String) -> Result<Self, NotAMarker> {
        text.parse()
    }
}

impl From<Marker> for String {
    fn from(marker: Marker) -> Self {
        marker.to_string()
    }
}

/// Which way a swap went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwapKind {
    /// Green became production.
    Promotion,
    /// The replaced version became production again.
    Rollback,
}

impl SwapKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promotion => "promotion",
            Self::Rollback => "rollback",
        }
    }
}

/// What a run set out to do, written before it did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapIntent {
    /// What is swapped.
    pub deployment: DeploymentId,
    /// Which way.
    pub kind: SwapKind,
    /// The marker it found.
    pub from: Marker,
    /// The marker it leaves when it commits.
    pub to: Marker,
    /// The git commit that was staged, if any.
    #[serde(default)]
    pub commit: Option<String>,
    /// How many objects change.
    #[serde(default)]
    pub objects: usize,
    /// The schemas of the project (`database.schema`), to tell its objects from another project's.
    #[serde(default)]
    pub project_schemas: Vec<String>,
    /// Seconds for which the replaced version is to be kept.
    #[serde(default)]
    pub keep_s: u64,
    /// Whether sinks that the role may not alter stay with what leaves production.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leave_sinks: bool,
}

/// An intent with who wrote it and when, as the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapEntry {
    /// The intent.
    pub intent: SwapIntent,
    /// When it was written.
    pub at: Timestamp,
    /// The role that wrote it.
    pub actor: String,
}

/// The swaps that happened, oldest first: the chain of intents that ends at `marker`.
///
/// Intents that lead nowhere were attempts. An intent may stand several times (a retry writes none,
/// a resumed run may write it again): the first counts.
pub fn history(entries: &[SwapEntry], marker: &Marker) -> Vec<SwapEntry> {
    let mut by_outcome: BTreeMap<&Marker, &SwapEntry> = BTreeMap::new();
    for entry in entries {
        by_outcome.entry(&entry.intent.to).or_insert(entry);
    }
    let mut chain = Vec::new();
    let mut at = marker;
    while let Some(entry) = by_outcome.get(at) {
        chain.push((*entry).clone());
        // Epochs fall along the chain, so a forged intent cannot make this loop for ever.
        if entry.intent.from.epoch >= at.epoch {
            break;
        }
        at = &entry.intent.from;
    }
    chain.reverse();
    chain
}

/// The promotions whose objects are production's now, oldest first: those not rolled back.
pub fn standing(history: &[SwapEntry]) -> Vec<&SwapEntry> {
    let mut standing: Vec<&SwapEntry> = Vec::new();
    for entry in history {
        match entry.intent.kind {
            SwapKind::Promotion => standing.push(entry),
            SwapKind::Rollback => {
                let undone = standing.iter().rposition(|p| p.intent.deployment == entry.intent.deployment);
                if let Some(at) = undone {
                    standing.remove(at);
                }
            }
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(deployment: &str, kind: SwapKind, from: &str, to: &str) -> SwapEntry {
        SwapEntry {
            intent: SwapIntent {
                deployment: deployment.parse().expect("an id"),
                kind,
                from: from.parse().expect("a marker"),
                to: to.parse().expect("a marker"),
                commit: None,
                objects: 0,
                project_schemas: Vec::new(),
                leave_sinks: false,
                keep_s: 0,
            },
            at: Timestamp(0),
            actor: "materialize".to_owned(),
        }
    }

    #[track_caller]
    fn check(entries: &[SwapEntry], marker: &str, expected: &[&str]) {
        let marker = marker.parse().expect("a marker");
        let told: Vec<String> = history(entries, &marker)
            .iter()
            .map(|e| format!("{} {} {}", e.intent.to.epoch, e.intent.kind.as_str(), e.intent.deployment))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_marker_tells_which_intents_were_carried_out() {
        use SwapKind::*;
        let entries = [
            entry("one", Promotion, "epoch@0:setup", "epoch@1:r1"),
            // Lost against r1: the marker it expected had gone.
            entry("two", Promotion, "epoch@0:setup", "epoch@1:r2"),
            entry("two", Promotion, "epoch@1:r1", "epoch@2:r2"),
            entry("two", Rollback, "epoch@2:r2", "epoch@3:r3"),
        ];
        check(&entries, "epoch@0:setup", &[]);
        check(&entries, "epoch@1:r1", &["1 promotion one"]);
        check(&entries, "epoch@2:r2", &["1 promotion one", "2 promotion two"]);
        let all = ["1 promotion one", "2 promotion two", "3 rollback two"];
        check(&entries, "epoch@3:r3", &all);
    }

    #[test]
    fn a_rollback_takes_its_promotion_out_of_what_stands() {
        use SwapKind::*;
        let chain = [
            entry("one", Promotion, "epoch@0:setup", "epoch@1:r1"),
            entry("two", Promotion, "epoch@1:r1", "epoch@2:r2"),
            entry("two", Rollback, "epoch@2:r2", "epoch@3:r3"),
            entry("two", Promotion, "epoch@3:r3", "epoch@4:r4"),
            entry("one", Rollback, "epoch@4:r4", "epoch@5:r5"),
        ];
        let told: Vec<&str> = standing(&chain).iter().map(|e| e.intent.deployment.as_str()).collect();
        assert_eq!(told, ["two"]);
    }

    #[test]
    fn a_forged_loop_ends() {
        let loops = [entry("x", SwapKind::Promotion, "epoch@5:b", "epoch@5:b")];
        check(&loops, "epoch@5:b", &["5 promotion x"]);
    }

    #[test]
    fn names_of_the_marker() {
        let marker: Marker = "epoch@12:r-abc".parse().expect("a marker");
        assert_eq!((marker.epoch, marker.to_string().as_str()), (12, "epoch@12:r-abc"));
        for text in ["epoch@x:r", "epoch@1", "public", "epoch@1:"] {
            assert!(text.parse::<Marker>().is_err(), "{text}");
        }
    }
}
