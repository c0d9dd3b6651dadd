//! What answers at the other end: a Materialize that is new enough, or an error that says what is there.

use super::error::Error;
use super::session::Session;

/// The oldest version that has what every command asks for.
///
/// Source: the server's migrations of its own tables: `mz_roles` has `rolcanlogin` and `rolsuper` since then.
const OLDEST: (u64, u64) = (0, 160);

/// What a server said of itself when the session began.
#[derive(Clone, Debug, Default)]
pub(super) struct Greeting {
    /// The session's cluster.
    pub(super) cluster: Option<String>,
    /// `mz_version`, which only a Materialize tells.
    pub(super) version: Option<String>,
}

impl Greeting {
    /// Makes sure of what is at the other end.
    ///
    /// # Errors
    /// `is_unsupported()` for another server, or one that is too old; a lost connection.
    pub(super) async fn check(&self, session: &Session) -> Result<(), Error> {
        let version = match &self.version {
            Some(version) => version.clone(),
            // What stands between may keep such things to itself.
            None => asked(session).await?,
        };
        match too_old(&version) {
            true => Err(Error::unsupported(format!(
                "Materialize {version} is too old: mzflow needs v{}.{} or a newer one",
                OLDEST.0, OLDEST.1
            ))),
            false => Ok(()),
        }
    }
}

async fn asked(session: &Session) -> Result<String, Error> {
    match session.read("SELECT mz_version()").await {
        Ok(rows) => Ok(rows.first().and_then(|row| row.text(0)).unwrap_or_default().to_owned()),
        Err(error) if error.sqlstate().is_some() => Err(Error::unsupported(format!(
            "the server at {} is not Materialize: it does not know mz_version()",
            session.target().place()
        ))),
        Err(error) => Err(error),
    }
}

/// Tells whether a version is older than [`OLDEST`]; one of an unknown shape is not.
fn too_old(version: &str) -> bool {
    number(version).is_some_and(|number| number < OLDEST)
}

/// The first two numbers of a version; `None` for one of an unknown shape.
pub(super) fn number(version: &str) -> Option<(u64, u64)> {
    let number = version.strip_prefix('v').unwrap_or(version).split_whitespace().next().unwrap_or_default();
    let mut parts = number.split('.').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_the_server_writes_them() {
        let old = ["v0.27.6 (5a1b2c3)", "v0.159.9", "v0.83.0-dev.0 (abc)"];
        let new = ["v0.160.0 (abc)", "v0.164.13", "v25.1.0 (abc)", "v26.43.0-rc.1 (abc)", "", "soon"];
        assert!(old.iter().all(|version| too_old(version)));
        assert!(new.iter().all(|version| !too_old(version)));
    }
}
