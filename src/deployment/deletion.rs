//! What the journal tells of a thing that is deleted from the server, one row before and one after.

use serde::Deserialize;
use serde::Serialize;

use crate::name::Ident;
use crate::name::NameError;

/// What the names of things end in that are being deleted: as if `deleted` were the id of a deployment.
const CLAIMED: &str = "__deleted__mzx";

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

/// The name that marks something as being deleted.
///
/// # Errors
/// [`NameError::TooLong`] when the server could not store it.
pub fn claimed(name: &Ident) -> Result<Ident, NameError> {
    Ident::new(format!("{}{CLAIMED}", name.as_str()))
}

/// Tells whether a name marks something as being deleted.
pub fn is_claimed(name: &Ident) -> bool {
    name.as_str().strip_suffix(CLAIMED).is_some_and(|name| !name.is_empty())
}
