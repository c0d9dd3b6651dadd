//! What a step swaps or renames.

use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;

/// What a step swaps or renames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Two schemas of one database change names.
    SwapSchemas {
        /// One, with its database.
        a: SchemaName,
        /// The other's own name.
        b: Ident,
    },
    /// Two clusters change names.
    SwapClusters {
        /// One.
        a: ClusterName,
        /// The other.
        b: ClusterName,
    },
    /// A schema gets another name.
    RenameSchema {
        /// The old name.
        from: SchemaName,
        /// The new one, in the same database.
        to: Ident,
    },
    /// A cluster gets another name.
    RenameCluster {
        /// The old name.
        from: ClusterName,
        /// The new one.
        to: ClusterName,
    },
    /// An object gets another name.
    RenameObject {
        /// What it is.
        kind: ObjectKind,
        /// The old name.
        from: ObjectName,
        /// The new one, in the same schema.
        to: Ident,
    },
}

impl Exchange {
    /// The statement.
    pub fn sql(&self) -> String {
        match self {
            Self::SwapSchemas { a, b } => format!("ALTER SCHEMA {} SWAP WITH {}", a.sql(), b.sql()),
            Self::SwapClusters { a, b } => format!("ALTER CLUSTER {} SWAP WITH {}", a.sql(), b.sql()),
            Self::RenameSchema { from, to } => format!("ALTER SCHEMA {} RENAME TO {}", from.sql(), to.sql()),
            Self::RenameCluster { from, to } => {
                format!("ALTER CLUSTER {} RENAME TO {}", from.sql(), to.sql())
            }
            Self::RenameObject { kind, from, to } => {
                format!("ALTER {} {} RENAME TO {}", kind.sql(), from.sql(), to.sql())
            }
        }
    }

    /// What it does, for people.
    pub(super) fn what(&self) -> String {
        match self {
            Self::SwapSchemas { a, b } => format!("swap schema {a} with {b}"),
            Self::SwapClusters { a, b } => format!("swap cluster {a} with {b}"),
            Self::RenameSchema { from, to } => format!("rename schema {from} to {to}"),
            Self::RenameCluster { from, to } => format!("rename cluster {from} to {to}"),
            Self::RenameObject { kind, from, to } => format!("rename {kind} {from} to {to}"),
        }
    }
}
