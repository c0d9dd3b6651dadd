//! What a comparison found, and what of it is intended. Pure.
//!
//! A difference counts as allowed only if it was judged: in SQL every differing row is, at any size;
//! a function is asked for at most [`MOST_JUDGED`] rows of an object, and the rest is unexplained.
//! Start reading at [`Found::judge`].

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::columns::Columns;
use crate::deployment::DeploymentId;
use crate::primitives::error::Error;

/// So many differing rows of an object are fetched for a function to judge.
pub const MOST_JUDGED: usize = 1_000;

/// A row by the names of its columns; NULL is left out.
pub type Row = Map<String, Value>;

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is on both sides with one key and different values.
    Changed,
    /// Only production has it.
    Removed,
    /// Only the deployment has it.
    Added,
}

impl Kind {
    /// Each, in the order in which rows are shown and judged.
    pub const ALL: [Self; 3] = [Self::Changed, Self::Removed, Self::Added];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Added => "added",
        }
    }
}

/// A differing row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// What happened to it.
    pub change: Kind,
    /// How it is in production; of one that is added, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Row>,
    /// How it is in the deployment; of one that is removed, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Row>,
    /// Whether it is intended.
    pub allowed: bool,
}

/// How an object's two sides stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Both have the same rows.
    Same,
    /// Rows differ.
    Differs,
    /// Only the deployment has the object.
    New,
    /// Only production has it: the project no longer does.
    Removed,
}

/// Keys that several rows of a side have; a key is to be one row's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DuplicateKeys {
    /// In production.
    pub blue: u64,
    /// In the deployment.
    pub green: u64,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its production name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// How its two sides stand to each other.
    pub state: State,
    /// The difference in words, for people.
    pub message: String,
    /// Rows in production, where both sides were read.
    pub rows_blue: Option<u64>,
    /// Rows in the deployment, where both sides were read.
    pub rows_green: Option<u64>,
    /// Rows that only the deployment has.
    pub added: u64,
    /// Rows that only production has.
    pub removed: u64,
    /// Rows of one key that differ; 0 without a key.
    pub changed: u64,
    /// Differing rows that are intended.
    pub allowed: u64,
    /// Differing rows that are not, or that nobody judged.
    pub unexplained: u64,
    /// Those of `unexplained` that a function was not asked about: there are too many.
    pub unjudged: u64,
    /// Keys that are not one row's.
    pub duplicate_keys: DuplicateKeys,
    /// How the columns differ.
    pub columns: Columns,
    /// Some differing rows of each kind, those that are not intended first.
    pub samples: Vec<Sample>,
    /// The moment at which both sides were read, in milliseconds since 1970.
    pub at: Option<u64>,
    /// The cluster that computed it.
    pub cluster: Option<String>,
}

impl Compared {
    /// An object whose sides were not compared.
    pub(super) fn alone(name: String, kind: String, state: State) -> Self {
        Self {
            name,
            kind,
            state,
            message: String::new(),
            rows_blue: None,
            rows_green: None,
            added: 0,
            removed: 0,
            changed: 0,
            allowed: 0,
            unexplained: 0,
            unjudged: 0,
            duplicate_keys: DuplicateKeys::default(),
            columns: Columns::default(),
            samples: Vec::new(),
            at: None,
            cluster: None,
        }
    }

    /// Rows that differ.
    pub fn differing(&self) -> u64 {
        self.added + self.removed + self.changed
    }

    /// How many rows of a kind there are.
    pub(super) fn count(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Changed => self.changed,
            Kind::Removed => self.removed,
            Kind::Added => self.added,
        }
    }
}

/// What was compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The deployment.
    pub deployment: DeploymentId,
    /// By object, in the order of their names.
    pub objects: Vec<Compared>,
    /// Rows that only the deployment has, in all objects.
    pub added: u64,
    /// Rows that only production has, in all objects.
    pub removed: u64,
    /// Rows of one key that differ, in all objects.
    pub changed: u64,
    /// Differing rows that are intended, in all objects.
    pub allowed: u64,
    /// Differing rows that are not, in all objects.
    pub unexplained: u64,
    /// The moment of the last object, in milliseconds since 1970.
    pub at: Option<u64>,
    /// Whether nothing was asked, because it is a rehearsal.
    pub rehearsed: bool,
}

/// An object with the rows that are still to be judged.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// The object; its samples are the rows that were fetched.
    pub(super) compared: Compared,
    /// Whether a function judges its rows.
    pub(super) asked: bool,
}

/// What the server told, before a function has judged it.
#[derive(Clone, Debug)]
pub struct Found {
    pub(super) deployment: DeploymentId,
    pub(super) objects: Vec<Open>,
    /// So many rows of a kind are kept.
    pub(super) samples: usize,
    pub(super) rehearsed: bool,
}

/// Judges a differing row of the object of that name.
pub type Judge<'j> = dyn FnMut(&str, &Sample) -> Result<bool, Error> + 'j;

impl Found {
    /// Lets a function judge the rows that it is to be asked about, and adds everything up.
    ///
    /// # Errors
    /// Those of the function.
    pub fn judge(self, judge: &mut Judge<'_>) -> Result<Outcome, Error> {
        let mut objects = Vec::with_capacity(self.objects.len());
        for Open { mut compared, asked } in self.objects {
            if asked {
                let mut allowed = 0;
                for row in &mut compared.samples {
                    row.allowed = judge(&compared.name, row)?;
                    allowed += u64::from(row.allowed);
                }
                compared.allowed = allowed;
                compared.unjudged = compared.differing().saturating_sub(count(&compared.samples));
            }
            compared.unexplained = compared.differing().saturating_sub(compared.allowed);
            compared.samples = kept(compared.samples, self.samples);
            compared.message =
                if self.rehearsed { "not compared in a rehearsal".to_owned() } else { told(&compared) };
            objects.push(compared);
        }
        let sum = |of: fn(&Compared) -> u64| objects.iter().map(of).sum();
        Ok(Outcome {
            deployment: self.deployment,
            added: sum(|object| object.added),
            removed: sum(|object| object.removed),
            changed: sum(|object| object.changed),
            allowed: sum(|object| object.allowed),
            unexplained: sum(|object| object.unexplained),
            at: objects.iter().filter_map(|object| object.at).max(),
            objects,
            rehearsed: self.rehearsed,
        })
    }
}

/// A difference in words: `+12 −0 ~3 of 1204 rows, all allowed; column b is gone`.
fn told(compared: &Compared) -> String {
    let rows = compared.rows_blue.unwrap_or_default();
    let mut text = match compared.state {
        State::New => return "only the deployment has it".to_owned(),
        State::Removed => return "only production has it".to_owned(),
        State::Same => format!("the same {rows} rows"),
        State::Differs => {
            let Compared { added, removed, changed, .. } = compared;
            format!("+{added} −{removed} ~{changed} against {rows} rows")
        }
    };
    match (compared.allowed, compared.unexplained) {
        (0, _) => {}
        (_, 0) => text += ", all allowed",
        (_, unexplained) => text += &format!(", {unexplained} not allowed"),
    }
    if compared.unjudged > 0 {
        text += &format!(" ({} of them not judged: there are too many)", compared.unjudged);
    }
    let duplicates = compared.duplicate_keys;
    if duplicates.blue + duplicates.green > 0 {
        text += &format!(
            "; keys of several rows: {} in production, {} in the deployment",
            duplicates.blue, duplicates.green
        );
    }
    let columns = compared.columns.told();
    if columns.is_empty() { text } else { format!("{text}; {columns}") }
}

fn count(rows: &[Sample]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// At most so many rows of each kind, those that are not intended first.
fn kept(rows: Vec<Sample>, most: usize) -> Vec<Sample> {
    let mut kept = Vec::new();
    for kind in Kind::ALL {
        let (allowed, others): (Vec<Sample>, Vec<Sample>) =
            rows.iter().filter(|row| row.change == kind).cloned().partition(|row| row.allowed);
        kept.extend(others.into_iter().chain(allowed).take(most));
    }
    kept
}
