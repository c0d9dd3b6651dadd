//! Who watches an overlay: recorded with the session that does, so that a watcher whose process is gone
//! keeps nobody away.
//!
//! Two that watch one overlay would undo each other's work at every save. Start reading at
//! [`claim`].

use std::collections::BTreeSet;

use super::ctx::Ctx;
use super::error::Error;
use crate::clock::Timestamp;
use crate::db;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::deployment::RunId;
use crate::deployment::record::Record;
use crate::deployment::watching::WatchBegan;

/// The kind of row that tells of a watcher.
const KINDS: [&str; 1] = ["watch.began"];

/// Somebody who watches an overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// The role.
    pub actor: String,
    /// Since when, by the server's clock.
    pub since: Timestamp,
    /// The run.
    pub run: RunId,
}

/// What came of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours.
    Yes,
    /// There is no journal yet to say so.
    NotYet,
    /// Somebody else has it.
    By(Watcher),
}

/// Says that this run watches an overlay, unless somebody else does.
///
/// # Errors
/// `run.fenced`, `db.*`.
pub async fn claim(ctx: &mut Ctx, overlay: &str, databases: &[String]) -> Result<Claimed, Error> {
    if ctx.marker().await?.is_none() {
        return Ok(Claimed::NotYet);
    }
    if let Some(other) = other(ctx, overlay, databases).await? {
        return Ok(Claimed::By(other));
    }
    // A server that does not tell who is connected cannot tell either who is there no longer.
    let Some(session) = db::sessions::own(ctx.session()).await? else { return Ok(Claimed::Yes) };
    let began = WatchBegan { overlay: overlay.to_owned(), databases: databases.to_vec(), session };
    ctx.record(Record::WatchBegan(began)).await?;
    // Of two that looked at once, both see both rows now: the first of them has it.
    Ok(other(ctx, overlay, databases).await?.map_or(Claimed::Yes, Claimed::By))
}

async fn other(ctx: &Ctx, overlay: &str, databases: &[String]) -> Result<Option<Watcher>, Error> {
    let entries = ctx.entries(Which::Kinds(&KINDS)).await?;
    let open = db::sessions::open(ctx.session()).await?;
    Ok(first(&entries, &open, (overlay, databases), &ctx.run.id))
}

/// The first of those who watch the overlay from a session that is open, unless that is this run.
fn first(
    entries: &[Entry],
    open: &BTreeSet<String>,
    (overlay, databases): (&str, &[String]),
    own: &RunId,
) -> Option<Watcher> {
    let lives = |began: &WatchBegan| {
        began.overlay == overlay
            && open.contains(&began.session)
            && began.databases.iter().any(|database| databases.contains(database))
    };
    let mut living = entries.iter().filter(|entry| match &entry.record {
        Record::WatchBegan(began) => lives(began),
        _ => false,
    });
    let entry = living.next().filter(|entry| entry.run != *own)?;
    Some(Watcher { actor: entry.actor.clone(), since: entry.at, run: entry.run.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn began(run: &str, at: u64, session: &str, database: &str) -> Entry {
        let record = Record::WatchBegan(WatchBegan {
            overlay: "alice".to_owned(),
            databases: vec![database.to_owned()],
            session: session.to_owned(),
        });
        let run = run.parse().expect("an id");
        Entry { run, seq: 2, at: Timestamp(at), actor: "a".to_owned(), record }
    }

    #[track_caller]
    fn check(entries: &[Entry], own: &str, expected: Option<&str>) {
        let open = BTreeSet::from(["s1".to_owned(), "s2".to_owned()]);
        let databases = ["app".to_owned()];
        let own = own.parse().expect("an id");
        let found = first(entries, &open, ("alice", &databases), &own).map(|watcher| watcher.run.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn the_first_that_lives_has_it() {
        let both = [began("r-1", 1, "s1", "app"), began("r-2", 2, "s2", "app")];
        check(&both, "r-2", Some("r-1"));
        check(&both, "r-1", None);
        check(&[began("r-1", 1, "gone", "app"), began("r-2", 2, "s2", "app")], "r-2", None);
        check(&[began("r-1", 1, "s1", "shop")], "r-2", None);
    }
}
