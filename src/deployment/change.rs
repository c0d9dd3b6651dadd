//! Why an object is in a deployment.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// Why an object is in a deployment, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The project has it, production does not.
    Added,
    /// Its own statement or one of its indexes differs.
    Changed,
    /// The project no longer has it.
    Removed,
    /// Production is not what was last promoted: somebody else changed it.
    Drifted,
    /// Its text is the same, but something it reads by id is rebuilt.
    Dependent,
    /// Rebuilt only because its schema or its cluster is swapped as a whole.
    Carried,
    /// Only its indexes differ: they are built beside it, and it stays.
    Reindexed,
    /// Only grants, comments or owner differ; applied in place.
    Metadata,
    /// Nothing to do.
    Unchanged,
}

impl Change {
    /// Every change, in the order in which people are shown them.
    pub const ALL: [Self; 9] = [
        Self::Changed,
        Self::Added,
        Self::Removed,
        Self::Drifted,
        Self::Dependent,
        Self::Carried,
        Self::Reindexed,
        Self::Metadata,
        Self::Unchanged,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Drifted => "drifted",
            Self::Dependent => "dependent",
            Self::Carried => "carried",
            Self::Reindexed => "reindexed",
            Self::Metadata => "metadata",
            Self::Unchanged => "unchanged",
        }
    }

    /// Tells whether the object is built under a staging name.
    pub fn is_built(self) -> bool {
        match self {
            Self::Added | Self::Changed | Self::Drifted | Self::Dependent | Self::Carried => true,
            Self::Removed | Self::Reindexed | Self::Metadata | Self::Unchanged => false,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
