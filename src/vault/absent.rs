//! AWS in a build that does not know it.

use super::Error;
use crate::db::config::Secret;

/// Fails, and says which build would not.
#[expect(clippy::unused_async, reason = "the build that knows AWS waits for it here")]
pub(super) async fn read(_profile: &str, _id: &str) -> Result<Secret, Error> {
    Err(Error::Unsupported)
}
