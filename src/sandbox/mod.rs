//! The sandbox: an embedded stand-in for Materialize.
//!
//! It speaks the PostgreSQL wire protocol, keeps a catalog of its own, evaluates queries with
//! DataFusion, and answers what it does not model with `0A000`, never wrongly. It knows nothing of
//! deployments; what it answers is judged by recordings of a real server. Start reading at
//! [`Server`]; a statement goes from `wire` through `session` to `ddl` or `query`.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::clock::Clock;

mod ddl;
mod error;
mod hydration;
mod model;
mod query;
mod resolve;
mod scope;
mod session;
mod settings;
mod system;
mod wire;

/// How a sandbox is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 picks one.
    pub listen: SocketAddr,
    /// The folder it keeps its data in; without one everything is gone at its end.
    pub data: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), data: None, clock: Clock::system() }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

/// A sandbox that runs.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
}

impl Server {
    /// Starts one.
    ///
    /// # Errors
    /// When it cannot listen, or its data cannot be read.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        Err(StartError(format!("{options:?}")))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it; everything committed is on disk.
    pub async fn shutdown(self) {}
}

/// Where the sandbox of a folder listens, if another process runs it.
pub fn running_at(folder: &Path) -> Option<SocketAddr> {
    let _ = folder;
    None
}

/// Starts the sandbox of a folder, for this process and others that come meanwhile.
///
/// # Errors
/// As [`Server::start`].
pub async fn start_embedded(folder: &Path, clock: &Clock) -> Result<Server, StartError> {
    Server::start(Options { data: Some(folder.to_owned()), clock: clock.clone(), ..Options::default() }).await
}
