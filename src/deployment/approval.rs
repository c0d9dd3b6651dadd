//! What the journal holds of questions to people: a run asks, another run answers.

use serde::Deserialize;
use serde::Serialize;

use super::RunId;

/// A question that a run waits with; asked again, with the same number, when the run is resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalAsked {
    /// Its number in its run, from 1.
    pub question: u64,
    /// What people are asked; together with `nth` it is what the question is.
    pub message: String,
    /// Which question of this message in its run, from 1.
    #[serde(default = "first")]
    pub nth: u64,
    /// How many people have to agree.
    #[serde(default = "first")]
    pub approvals: u64,
    /// The roles that count; every role where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
}

fn first() -> u64 {
    1
}

/// What somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Approved,
    /// No.
    Denied,
}

impl Answer {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// An answer, in the run of whoever gives it: the server tells who that was and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalGiven {
    /// The run that asked.
    pub of: RunId,
    /// The number of its question.
    pub question: u64,
    /// The answer.
    pub answer: Answer,
    /// What was said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}
