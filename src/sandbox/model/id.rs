//! The permanent ids of things, each family with a number space of its own.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

macro_rules! family {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub(crate) enum $type {
            /// The system's, as in `s1`.
            System(u64),
            /// A user's, as in `u1`.
            User(u64),
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::System(number) => write!(f, "s{number}"),
                    Self::User(number) => write!(f, "u{number}"),
                }
            }
        }
    };
}

/// Ids that come in as text, in `[u1 AS …]` and the like.
macro_rules! read {
    ($type:ident) => {
        impl $type {
            /// Reads what [`fmt::Display`] writes.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                if let Some(number) = text.strip_prefix('u') {
                    return number.parse().ok().map(Self::User);
                }
                text.strip_prefix('s')?.parse().ok().map(Self::System)
            }
        }
    };
}

/// Families in which it matters whose a thing is.
macro_rules! owned {
    ($type:ident) => {
        impl $type {
            /// Tells whether it is a user's.
            pub(crate) fn is_user(self) -> bool {
                matches!(self, Self::User(_))
            }
        }
    };
}

family!(
    /// An object in a schema.
    ItemId
);
family!(
    /// A schema.
    SchemaId
);
family!(
    /// A database.
    DatabaseId
);
family!(
    /// A cluster.
    ClusterId
);
family!(
    /// A cluster replica.
    ReplicaId
);
family!(
    /// A role.
    RoleId
);
family!(
    /// A network policy.
    PolicyId
);

/// The number from which on the ids of temporary schemas begin: one for each connection.
const TEMPORARY: u64 = 1 << 32;

impl SchemaId {
    /// The schema `mz_temp` of a connection. It is in no map of the catalog.
    pub(crate) fn temporary(connection: u32) -> Self {
        Self::System(TEMPORARY + u64::from(connection))
    }

    /// Tells whether it is a connection's `mz_temp`.
    pub(crate) fn is_temporary(self) -> bool {
        matches!(self, Self::System(number) if number >= TEMPORARY)
    }

    /// The connection whose `mz_temp` it is.
    pub(crate) fn connection(self) -> Option<u32> {
        match self {
            Self::System(number) => u32::try_from(number.checked_sub(TEMPORARY)?).ok(),
            Self::User(_) => None,
        }
    }
}

read!(ItemId);
read!(SchemaId);
read!(ClusterId);
read!(RoleId);
owned!(ClusterId);
owned!(RoleId);
