//! The sandbox: an embedded stand-in for Materialize.
//!
//! It speaks the PostgreSQL wire protocol, keeps a catalog of its own, evaluates queries with
//! DataFusion, and answers what it does not model with `0A000`, never wrongly. It knows nothing of
//! deployments; what it answers is judged by recordings of a real server. Start reading at
//! [`Server`]; a statement goes from `wire` through `session` to `ddl` or `query`.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::door::Door;
use self::door::Way;
use self::faults::Broken;
use crate::clock::Clock;

mod copy;
mod ddl;
pub mod door;
mod duration;
mod emission;
mod error;
pub mod faults;
mod hub;
mod hydration;
mod knobs;
mod model;
mod query;
mod resolve;
mod scope;
mod session;
mod settings;
mod sinks;
mod sort;
mod store;
mod system;
pub mod transcript;
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
    /// What clients have to give as a password; without one nobody is asked.
    pub password: Option<String>,
    /// System settings, as by `ALTER SYSTEM SET`: name and value.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            clock: Clock::system(),
            password: None,
            settings: Vec::new(),
        }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

/// A sandbox that runs. It ends with [`Server::shutdown`], or when it is dropped; then its last
/// connections end a moment later.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    hub: Arc<hub::Hub>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Starts one.
    ///
    /// # Errors
    /// When it cannot listen, or its data cannot be read.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let told = |error: std::io::Error| StartError(format!("{}: {error}", options.listen));
        let listener = TcpListener::bind(options.listen).await.map_err(told)?;
        let address = listener.local_addr().map_err(told)?;
        Self::behind(Door::Socket(listener), address, options)
    }

    /// Starts one that listens nowhere: there is no way in but the one that is given.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_inside(options: Options) -> Result<(Self, Way), StartError> {
        let (door, way) = Door::inside();
        let address = options.listen;
        Ok((Self::behind(door, address, options)?, way))
    }

    fn behind(door: Door, address: SocketAddr, options: Options) -> Result<Self, StartError> {
        let (mut store, known) = match &options.data {
            Some(folder) => {
                let (store, known) = store::Store::open(folder).map_err(StartError)?;
                (Some(store), known)
            }
            None => (None, None),
        };
        let mut state = match known {
            Some(state) => state,
            None => {
                let state = ddl::bootstrap(options.clock.now());
                if let Some(store) = &mut store {
                    store.commit(&model::State::default(), &state).map_err(StartError)?;
                }
                state
            }
        };
        let before = state.clone();
        session::drop_left_behind(&options.clock, &mut state);
        for (name, value) in &options.settings {
            settings::set_system(&mut state, name, Some(std::slice::from_ref(value)), options.clock.now())
                .map_err(|error| StartError(error.message))?;
        }
        if let Some(store) = store.as_mut().filter(|_| before != state) {
            store.commit(&before, &state).map_err(StartError)?;
        }
        if let Some(store) = &store {
            store.announce(address).map_err(StartError)?;
        }
        let hub = Arc::new(hub::Hub::new(options.clock, state, store));
        let (stop, stopped) = watch::channel(false);
        let password = options.password.map(Arc::from);
        let serving = tokio::spawn(wire::serve(door, Arc::clone(&hub), password, stopped));
        Ok(Self { address, hub, stop, serving })
    }

    /// Where it listens; as it was asked for where it listens nowhere.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it; everything committed is on disk.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.serving.await {
            tracing::warn!("the sandbox did not end in order: {error}");
        }
        self.hub.close();
    }

    /// Every statement that was run, oldest first; `SELECT * FROM sandbox.transcript` tells the same.
    pub fn transcript(&self) -> Vec<Arc<transcript::Ran>> {
        self.hub.transcript().entries().into_iter().collect()
    }

    /// Forgets what was run.
    pub fn clear_transcript(&self) {
        self.hub.transcript().clear();
    }

    /// Sets what goes wrong next, as `ALTER SYSTEM SET sandbox_fault` does.
    ///
    /// # Errors
    /// What cannot be read of it.
    pub fn set_faults(&self, text: &str) -> Result<(), String> {
        self.hub.set_faults(faults::Faults::parse(text)?);
        Ok(())
    }

    /// Adds to what goes wrong next.
    ///
    /// # Errors
    /// What cannot be read of it.
    pub fn add_faults(&self, text: &str) -> Result<(), String> {
        self.hub.faults().add(text)
    }

    /// What has not gone wrong yet, as it could be set.
    pub fn faults_left(&self) -> String {
        self.hub.faults().left()
    }

    /// How many statements are held up by faults; they go on when faults are set anew.
    pub fn held(&self) -> usize {
        self.hub.held()
    }

    /// What faults have made to end.
    pub fn broken(&self) -> watch::Receiver<Broken> {
        self.hub.broken()
    }

    /// Lets no client die any more.
    pub fn spare(&self) {
        self.hub.faults().spare();
    }

    /// Sets a system setting, as `ALTER SYSTEM SET` does.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn set(&self, name: &str, value: &str) -> Result<(), String> {
        let turn = self.hub.turn().await;
        let before = turn.state();
        let mut after = before.clone();
        let set = settings::set_system(&mut after, name, Some(&[value.to_owned()]), self.hub.clock.now());
        set.and_then(|()| turn.publish(&before, after)).map_err(|error| error.message)
    }
}

pub use store::folder::Empty;
pub use store::folder::Found;
pub use store::folder::Guest;
pub use store::folder::empty;
pub use store::folder::is_taken;
pub use store::folder::join;

/// Where the sandbox of a folder listens, if another process runs it.
pub fn running_at(folder: &Path) -> Option<SocketAddr> {
    store::folder::listening(folder)
}

/// Starts the sandbox of a folder, for this process and others that come meanwhile.
///
/// # Errors
/// As [`Server::start`].
pub async fn start_embedded(folder: &Path, clock: &Clock) -> Result<Server, StartError> {
    Server::start(Options { data: Some(folder.to_owned()), clock: clock.clone(), ..Options::default() }).await
}
