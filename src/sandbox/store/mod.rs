//! The data folder: a log of commits, a lock against two owners, the address of the owner.
//!
//! `log` holds one record a commit and begins with a whole state; `lock` is locked by the process
//! that runs the sandbox; `address` says where that listens. Start reading at [`Store::open`].

pub(crate) mod change;
pub(crate) mod folder;
pub(crate) mod log;

use std::path::Path;
use std::path::PathBuf;

use super::model::State;
use change::Change;
use folder::Owner;
use log::Log;

/// How many times larger than a whole state the log may be before it is written anew.
const SLACK: u64 = 4;

/// Below this size in bytes the log is never written anew: reading it takes no time.
const SMALL: u64 = 1 << 20;

/// An open data folder.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    owner: Owner,
    log: Log,
}

impl Store {
    /// Opens a folder, making it if need be, and reads what was committed; `None` where nothing
    /// ever was.
    ///
    /// # Errors
    /// When another process owns it, or it cannot be read; a damaged log is named with the byte.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Option<State>), String> {
        let owner = Owner::lock(folder)?;
        let path = folder.join("log");
        let (log, records, format) = Log::open(&path)?;
        let mut state = State::default();
        for record in &records {
            let wrong = |error: serde_json::Error| {
                format!("{} cannot be read at byte {}: {error}", path.display(), record.at)
            };
            let change: Change = serde_json::from_slice(&record.payload).map_err(wrong)?;
            change.apply(&mut state);
        }
        let known = (!records.is_empty()).then_some(state);
        let mut store = Self { folder: folder.to_owned(), owner, log };
        match &known {
            Some(state) if format < log::FORMAT => store.rewrite(state)?,
            Some(state) => store.compact(state)?,
            None => {}
        }
        Ok((store, known))
    }

    /// Writes a commit; it is on disk when this returns.
    ///
    /// # Errors
    /// When it could not be written; then it is not there.
    pub(crate) fn commit(&mut self, before: &State, after: &State) -> Result<(), String> {
        let payload =
            serde_json::to_vec(&Change::between(before, after)).map_err(|error| error.to_string())?;
        self.log.append(&payload)
    }

    /// Tells others where the owner listens.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(crate) fn announce(&self, address: std::net::SocketAddr) -> Result<(), String> {
        self.owner.announce(address)
    }

    /// Writes the log anew where it holds much that is past.
    fn compact(&mut self, state: &State) -> Result<(), String> {
        if self.log.size() < SMALL {
            return Ok(());
        }
        let whole = whole(state)?;
        let size = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        if self.log.size() < size.saturating_mul(SLACK) {
            return Ok(());
        }
        self.log = Log::rewrite(&self.folder.join("log"), &whole)?;
        Ok(())
    }

    /// Writes the log anew, in today's format.
    fn rewrite(&mut self, state: &State) -> Result<(), String> {
        self.log = Log::rewrite(&self.folder.join("log"), &whole(state)?)?;
        Ok(())
    }
}

/// A whole state as one record.
fn whole(state: &State) -> Result<Vec<u8>, String> {
    serde_json::to_vec(&Change::between(&State::default(), state)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
