//! What policies say, and what is recorded of it: verdicts, the sources that gave them, decisions.
//!
//! Field names are read by later versions and by people; they may grow and never change meaning.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::DeploymentId;
use crate::clock::Timestamp;

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Not yet: it wants to be asked again.
    Wait,
    /// It may become production.
    Promote,
    /// It must not become production.
    Abort,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Wait, Self::Promote, Self::Abort];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Promote => "promote",
            Self::Abort => "abort",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A policy as it was read when its run began: what a resumed run asks again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySource {
    /// Its name.
    pub name: String,
    /// The file it is from, for people.
    pub file: String,
    /// Its source.
    pub source: String,
    /// The other sources that were read with it, by name.
    #[serde(default)]
    pub modules: BTreeMap<String, String>,
}

/// What a policy said, and of which facts.
///
/// While a policy says the same for the same reason, only the first and the last time of the stretch
/// are recorded; `askings` tells how many times a row stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyDecided {
    /// The deployment that was to become production.
    pub deployment: DeploymentId,
    /// The policy's name.
    pub policy: String,
    /// What it said.
    pub verdict: Verdict,
    /// Why, in its own words.
    pub reason: Option<String>,
    /// What it was told.
    pub facts: Value,
    /// For how many askings this row stands, itself included.
    pub askings: u64,
    /// When the policy was first asked about this deployment in this run, by the server's clock.
    pub since: Timestamp,
}

impl PolicyDecided {
    /// Tells whether another decision is the same but for its facts.
    pub fn says_what(&self, other: &Self) -> bool {
        (self.verdict, &self.reason) == (other.verdict, &other.reason)
    }
}
