//! Who owns a data folder, where that process listens, and who else uses what it runs.

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// How long a process on the same machine may take to accept a connection.
const ACCEPTS_WITHIN: Duration = Duration::from_millis(500);

/// The file that the owner of a folder has locked.
const LOCK: &str = "lock";

/// The file that every guest has locked, with the others.
const GUESTS: &str = "guests";

/// A file that is locked; the lock ends with this value.
#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing would do only once nobody has the file: a process that another thread is just beginning has it too.
        let _ = self.0.unlock();
    }
}

/// The right to a folder; it ends with this value, and with the process.
#[derive(Debug)]
pub(crate) struct Owner {
    folder: PathBuf,
    _lock: Locked,
}

impl Owner {
    /// Takes a folder, making it if need be.
    ///
    /// # Errors
    /// When another has it, or it cannot be made.
    pub(crate) fn lock(folder: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(told)?;
        let lock = open(folder, LOCK).map_err(told)?;
        match lock.try_lock() {
            Ok(()) => {
                let owner = Self { folder: folder.to_owned(), _lock: Locked(lock) };
                owner.write("pid", &std::process::id().to_string())?;
                Ok(owner)
            }
            Err(TryLockError::WouldBlock) => {
                Err(format!("the sandbox in {} is in use by {}", folder.display(), owner(folder)))
            }
            Err(TryLockError::Error(error)) => Err(told(error)),
        }
    }

    /// Writes down where it listens.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn announce(&self, address: SocketAddr) -> Result<(), String> {
        self.write("address", &address.to_string())
    }

    /// Writes a small file whole, or not at all.
    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let told = |error: std::io::Error| format!("{}: {error}", self.folder.display());
        let fresh = self.folder.join(format!("{name}.new"));
        std::fs::write(&fresh, text).map_err(told)?;
        std::fs::rename(&fresh, self.folder.join(name)).map_err(told)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // What is left behind is harmless: it counts only while the lock is held.
        let _ = std::fs::remove_file(self.folder.join("address"));
        let _ = std::fs::remove_file(self.folder.join("pid"));
    }
}

/// The process that has a folder, for people.
fn owner(folder: &Path) -> String {
    // It may have the lock already and not have written this down.
    let pid = std::fs::read_to_string(folder.join("pid")).ok();
    let pid = pid.filter(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()));
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("the process {pid}"))
}

fn open(folder: &Path, name: &str) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(name))
}

/// What a process finds that wants to use the sandbox of a folder.
#[derive(Debug)]
pub enum Found {
    /// One that runs; it stays as long as the guest does.
    Runs(Guest),
    /// One that is about to end.
    Ends,
    /// None.
    Nobody,
}

/// A process that uses the sandbox which another one runs; it ends with this value, and with the process.
#[derive(Debug)]
pub struct Guest {
    /// Where the sandbox listens.
    pub address: SocketAddr,
    /// Locked together with other guests.
    _stays: Locked,
}

/// That nobody uses the sandbox of a folder any more; while it is kept, nobody begins to.
#[derive(Debug)]
pub struct Empty {
    /// Nothing where there are no locks.
    _shut: Option<Locked>,
}

/// Joins the sandbox of a folder, if another process runs one.
pub fn join(folder: &Path) -> Found {
    // Without its folder there is no sandbox; without locks nobody can tell.
    let Ok(stays) = open(folder, GUESTS) else { return Found::Nobody };
    match stays.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Found::Ends,
        Err(TryLockError::Error(_)) => return Found::Nobody,
    }
    let stays = Locked(stays);
    // Looked for behind the lock: the one that is found now does not end before the guest.
    listening(folder).map_or(Found::Nobody, |address| Found::Runs(Guest { address, _stays: stays }))
}

/// Shuts the folder of a sandbox to guests, once there are none; `None` as long as there are.
pub fn empty(folder: &Path) -> Option<Empty> {
    // Where nothing can be locked, nobody could join.
    let Ok(guests) = open(folder, GUESTS) else { return Some(Empty { _shut: None }) };
    match guests.try_lock() {
        Ok(()) => Some(Empty { _shut: Some(Locked(guests)) }),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(_)) => Some(Empty { _shut: None }),
    }
}

/// Tells whether a process has the folder, or is about to have it.
pub fn is_taken(folder: &Path) -> bool {
    let Ok(lock) = OpenOptions::new().read(true).write(true).open(folder.join(LOCK)) else { return false };
    match lock.try_lock() {
        Ok(()) => {
            drop(Locked(lock));
            false
        }
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}

/// Where the owner of a folder listens, if there is one and it accepts connections.
pub(crate) fn listening(folder: &Path) -> Option<SocketAddr> {
    if !is_taken(folder) {
        return None;
    }
    let address = std::fs::read_to_string(folder.join("address")).ok()?.trim().parse().ok()?;
    TcpStream::connect_timeout(&address, ACCEPTS_WITHIN).ok()?;
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a process has it that another thread is just beginning: until it is itself, it has every open file.
    #[test]
    fn a_lock_ends_while_a_process_that_is_being_begun_has_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let owner = Owner::lock(folder.path()).expect("nobody has it");
        let copy = owner._lock.0.try_clone().expect("a copy");
        assert!(is_taken(folder.path()) && Owner::lock(folder.path()).is_err());
        drop(owner);
        assert!(!is_taken(folder.path()));
        drop(Owner::lock(folder.path()).expect("it is free"));
        drop(copy);
    }
}
