//! What the journal tells of a thing that is deleted from the server, one row before and one after.

use serde::Deserialize;
use serde::Serialize;

/// A thing of the project that is dropped, with the file that defined it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// What it is: `table`, `network-policy`.
    pub kind: String,
    /// Its full name.
    pub name: String,
    /// Its id, where it is claimed by one; `None` for what cannot be renamed.
    pub id: Option<String>,
    /// Whether it is gone; otherwise it is about to be claimed and dropped.
    pub is_gone: bool,
}
