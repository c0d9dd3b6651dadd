//! The server's clock.

use super::error::Error;
use super::session::Session;
use crate::clock::Timestamp;

/// The time by the server's clock.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn read(session: &Session) -> Result<Timestamp, Error> {
    let rows = session.read("SELECT (extract(epoch FROM now()) * 1000)::numeric").await?;
    let text =
        rows.first().ok_or_else(|| Error::protocol("the server does not tell the time"))?.required(0)?;
    let whole = text.split('.').next().and_then(|whole| whole.parse().ok());
    whole.map(Timestamp).ok_or_else(|| Error::protocol("the server's time is no number"))
}
