//! Who watches an overlay, as it is recorded.

use serde::Deserialize;
use serde::Serialize;

/// Somebody watches an overlay, and builds it at every save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchBegan {
    /// The overlay's name.
    pub overlay: String,
    /// The production databases that it lies over.
    pub databases: Vec<String>,
    /// The server's id of the session that watches.
    pub session: String,
}
