//! The cluster on which a session reads and writes mzflow's own tables.
//!
//! Reading a table, and writing what depends on what is read, takes a cluster with a replica, and USAGE
//! on it. The session's own may never have been there, may have lost its replicas, or may be
//! dropped while a run goes on. Start reading at [`instead`].
//!
//! Source: `design/materialize.md` 5.1 and 6.2: `unknown cluster`, `has no replicas available`, and
//! `permission denied for CLUSTER`.

use std::collections::BTreeSet;

use futures_util::future::try_join3;

use super::error::Error;
use super::session::Session;
use crate::name::Ident;

/// The clusters of users that have a replica.
const ALIVE: &str = "SELECT DISTINCT c.name FROM mz_catalog.mz_clusters c \
    JOIN mz_catalog.mz_cluster_replicas r ON r.cluster_id = c.id WHERE c.id LIKE 'u%' ORDER BY 1";

/// The clusters that the role may use, by itself, through others, or as everybody may.
const USABLE: &str =
    "SELECT DISTINCT name FROM mz_internal.mz_show_my_cluster_privileges WHERE privilege_type = 'USAGE'";

/// Why a statement failed, as far as its cluster may be to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    /// The cluster may be gone, or have no replica.
    Absent,
    /// The role may not use it.
    Denied,
}

/// Names the cluster to take instead of the session's own; `None` where that one is as good as any.
fn instead<'c>(
    own: Option<&str>,
    alive: &[&'c str],
    usable: &BTreeSet<&str>,
    blame: Blame,
) -> Option<&'c str> {
    let stands = own.is_some_and(|own| alive.contains(&own));
    let serves = own.is_some_and(|own| usable.contains(own));
    if stands && (serves || blame == Blame::Absent) {
        return None;
    }
    let best = alive.iter().find(|name| usable.contains(**name));
    // Where nothing is checked, the lists of privileges say nothing.
    best.or_else(|| alive.first().filter(|_| !stands)).copied()
}

/// What an error may say of the session's cluster. That there is none of its name has no code of its own.
fn blame(error: &Error) -> Option<Blame> {
    if error.is_retryable() || error.outcome_unknown() {
        return None;
    }
    match error.sqlstate()? {
        "42501" => Some(Blame::Denied),
        "0A000" | "42704" | "XX000" => Some(Blame::Absent),
        _ => None,
    }
}

impl Session {
    /// Makes sure that a session can answer whose cluster is `own`. An environment need not have the
    /// default one.
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub(super) async fn choose_cluster(&self, own: Option<&str>) -> Result<(), Error> {
        let alive = self.read(ALIVE).await?;
        let alive: Vec<&str> = alive.iter().filter_map(|row| row.text(0)).collect();
        if alive.is_empty() || own.is_some_and(|own| alive.contains(&own)) {
            return Ok(());
        }
        let usable = self.read(USABLE).await?;
        let usable = usable.iter().filter_map(|row| row.text(0)).collect();
        match instead(own, &alive, &usable, Blame::Absent) {
            Some(name) => self.take_cluster(name).await,
            None => Ok(()),
        }
    }

    async fn take_cluster(&self, name: &str) -> Result<(), Error> {
        let name = Ident::new(name).map_err(|error| Error::protocol(error.to_string()))?;
        self.run(&format!("SET cluster = {}", name.sql())).await
    }

    /// Tells whether there was a better cluster than the session's own, and takes it.
    async fn changes_cluster(&self, blame: Blame) -> Result<bool, Error> {
        let (own, alive, usable) =
            try_join3(self.read("SHOW cluster"), self.read(ALIVE), self.read(USABLE)).await?;
        let alive: Vec<&str> = alive.iter().filter_map(|row| row.text(0)).collect();
        let usable = usable.iter().filter_map(|row| row.text(0)).collect();
        let own = own.first().and_then(|row| row.text(0));
        let Some(name) = instead(own, &alive, &usable, blame) else { return Ok(false) };
        self.take_cluster(name).await?;
        Ok(true)
    }

    /// Does something with mzflow's own tables, and once more when the cluster was why it failed.
    pub(super) async fn on_a_cluster<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(blame) = blame(&error) else { return Err(error) };
        match self.changes_cluster(blame).await {
            Ok(true) => ask().await,
            Ok(false) => Err(error),
            Err(second) => {
                tracing::debug!("looking for another cluster: {second}");
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(own: Option<&str>, alive: &[&str], usable: &[&str], blame: Blame, expected: Option<&str>) {
        let usable = usable.iter().copied().collect();
        assert_eq!(instead(own, alive, &usable, blame), expected);
    }

    #[test]
    fn a_cluster_is_left_only_for_a_better_one() {
        // It answers.
        check(Some("b"), &["a", "b"], &["a", "b"], Blame::Absent, None);
        check(Some("b"), &["a", "b"], &["a", "b"], Blame::Denied, None);
        // It is gone, or without a replica.
        check(Some("b"), &["a", "c"], &["c"], Blame::Absent, Some("c"));
        check(None, &["a", "c"], &[], Blame::Absent, Some("a"));
        check(Some("b"), &[], &["b"], Blame::Absent, None);
        // It stands, and something else failed: lists of privileges count where privileges do.
        check(Some("b"), &["a", "b"], &["a"], Blame::Absent, None);
        check(Some("b"), &["a", "b"], &["a"], Blame::Denied, Some("a"));
        check(Some("b"), &["a", "b"], &[], Blame::Denied, None);
    }
}
