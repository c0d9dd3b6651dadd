//! A rehearsal: what a run would do, carried out on facts instead of on a server.
//!
//! It starts from the catalog as it is and lets every planned step take effect there, so that what
//! is planned next is planned from what would be. It keeps each statement, in order.

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::db::journal::Entry;
use crate::db::snapshot::DeployedObject;
use crate::deployment::RunId;
use crate::deployment::record::Record;
use crate::plan::Plan;

/// What branches of a recipe are to see instead of the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assume {
    /// Hydration is ready at once.
    #[default]
    Ready,
    /// A cluster cannot make progress.
    Failing,
    /// It is not ready in time.
    Hydrating,
}

impl Assume {
    /// Reads the words of `--assume`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ready" => Some(Self::Ready),
            "failing" => Some(Self::Failing),
            "hydrating" => Some(Self::Hydrating),
            _ => None,
        }
    }
}

/// The state of a rehearsal.
#[derive(Debug)]
pub struct Rehearsal {
    /// The environment as it would be; `None` until it was read.
    pub catalog: Option<Catalog>,
    /// Whether the tracking database is really there.
    pub is_set_up: bool,
    /// Rows that would have been written into the journal.
    pub entries: Vec<Entry>,
    /// Objects that would have been recorded.
    pub objects: Vec<DeployedObject>,
    /// What branches are to see.
    pub assume: Assume,
}

impl Rehearsal {
    /// A rehearsal that has not begun.
    pub fn new(assume: Assume) -> Self {
        Self { catalog: None, is_set_up: false, entries: Vec::new(), objects: Vec::new(), assume }
    }

    /// Writes a journal row.
    pub fn append(&mut self, run: &RunId, seq: u64, at: Timestamp, actor: String, record: Record) {
        // Time does not pass between two rows of a rehearsal; their order is kept by position.
        self.entries.push(Entry { run: run.clone(), seq, at, actor, record });
    }

    /// Lets a plan take effect.
    pub fn carry_out(&mut self, plan: &Plan) {
        if let Some(catalog) = &mut self.catalog {
            catalog.carry_out(plan);
        }
    }
}
