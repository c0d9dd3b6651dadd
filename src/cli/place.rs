//! Which environment a command works on: a URL, a profile, or the embedded sandbox.

use std::path::PathBuf;
#[cfg(feature = "sandbox")]
use std::time::Duration;

use super::app::CliError;
use super::app::Global;
use super::exit::Exit;
use super::profile;
use super::profile::ProfileError;
use crate::clock::Clock;
use crate::db::config::Target;
use crate::outside::Allowed;
use crate::outside::Outside;

/// Where the embedded sandbox keeps its data, below the working directory.
const SANDBOX: &str = ".mzflow/sandbox";

/// How often it is looked whether another process has come or gone.
#[cfg(feature = "sandbox")]
const LOOKS_EVERY: Duration = Duration::from_millis(20);

/// How often a start is tried again, whatever has made it fail.
#[cfg(feature = "sandbox")]
const TRIES: usize = 3;

/// How long another process may take to start the sandbox of a folder, or to end it.
#[cfg(feature = "sandbox")]
const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// An environment, and what keeps it open.
pub(crate) struct Place {
    target: Target,
    told: String,
    #[cfg(feature = "sandbox")]
    part: Part,
    embedded: bool,
}

/// What this process has to do with the sandbox.
#[cfg(feature = "sandbox")]
enum Part {
    /// Nothing that others would notice.
    None,
    /// It runs it, for other processes too.
    Host { server: crate::sandbox::Server, folder: PathBuf },
    /// It uses what another process runs, which does not end before.
    Guest { _stays: crate::sandbox::Guest },
}

impl Place {
    /// Where to connect.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// What people are told of it.
    pub(crate) fn told(&self) -> String {
        self.told.clone()
    }

    /// Tells whether it is the embedded sandbox.
    pub(crate) fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// Takes the sandbox down, if this process runs it, once no other process uses it; `waits` is told before
    /// that takes time, and gives what ends the wait.
    #[cfg(feature = "sandbox")]
    pub(crate) async fn close<F: Future<Output = ()>>(self, clock: &Clock, waits: impl FnOnce() -> F) {
        let Part::Host { server, folder } = self.part else { return };
        let mut empty = crate::sandbox::empty(&folder);
        if empty.is_none() {
            let gone = async {
                loop {
                    clock.sleep(LOOKS_EVERY).await;
                    if let Some(empty) = crate::sandbox::empty(&folder) {
                        return empty;
                    }
                }
            };
            empty = tokio::select! {
                gone = gone => Some(gone),
                () = waits() => None,
            };
        }
        server.shutdown().await;
        // Whoever comes meanwhile waits for this, and runs the next one.
        drop(empty);
    }
}

/// An environment variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The active profile: the flag, then the environment, then the checkout's own choice.
pub(crate) fn profile(global: &Global) -> Option<String> {
    let flag = global.profile.clone();
    flag.or_else(|| variable("MZ_DEPLOY_PROFILE")).or_else(|| profile::of_checkout(&global.project))
}

/// Where the embedded sandbox keeps its data.
pub(crate) fn sandbox_folder() -> PathBuf {
    variable("MZFLOW_SANDBOX").map_or_else(|| PathBuf::from(SANDBOX), PathBuf::from)
}

/// Finds the environment; starts the embedded sandbox where nothing else is named.
///
/// A URL on the command line wins over a profile on the command line, that over `MZFLOW_URL`, and
/// that over a profile chosen elsewhere.
pub(crate) async fn open(global: &Global, clock: &Clock) -> Result<Place, CliError> {
    let url = global.url.clone().or_else(|| variable("MZFLOW_URL").filter(|_| global.profile.is_none()));
    if let Some(url) = url {
        let target =
            Target::from_url(&url).map_err(|error| CliError::usage("target.bad-url", error.to_string()))?;
        let told = format!("{} as {}", target.place(), target.user);
        return Ok(remote(target, told));
    }
    if let Some(name) = profile(global) {
        let folder = profiles_folder(global).ok_or_else(|| {
            CliError::usage("profile.no-home", "neither --profiles-dir nor HOME says where profiles.toml is")
        })?;
        let target = profile::target(&folder, &name, &variable)
            .map_err(|error| CliError::usage(error.code(), error.to_string()))?;
        let told = format!("{name} ({} as {})", target.place(), target.user);
        return Ok(remote(target, told));
    }
    embedded(clock).await
}

impl Place {
    /// The sandbox of a test, which somebody else keeps.
    pub(crate) fn of_test(target: Target) -> Self {
        Self { embedded: true, ..remote(target, "the sandbox of the test".to_owned()) }
    }
}

/// The way to other services that the profile allows; without one, to this machine alone.
pub(crate) fn outside(global: &Global) -> Result<Outside, CliError> {
    let (Some(name), Some(folder)) = (profile(global), profiles_folder(global)) else {
        return Ok(Outside::new(Allowed::this_machine()));
    };
    match profile::allowed(&folder, &name) {
        Ok(allowed) => Ok(Outside::new(allowed)),
        // A profile may stand for settings of the project alone, where a URL says what to work on.
        Err(ProfileError::NoFile { .. } | ProfileError::NotFound { .. }) => {
            Ok(Outside::new(Allowed::this_machine()))
        }
        Err(error) => Err(CliError::usage(error.code(), error.to_string())),
    }
}

/// The `profiles.toml` that names the environment; `None` where something else does.
pub(crate) fn profiles_file(global: &Global) -> Option<PathBuf> {
    let is_url = global.url.is_some() || (variable("MZFLOW_URL").is_some() && global.profile.is_none());
    profile(global).filter(|_| !is_url)?;
    let folder = profiles_folder(global)?.canonicalize().ok()?;
    Some(folder.join("profiles.toml"))
}

/// Where `profiles.toml` is.
fn profiles_folder(global: &Global) -> Option<PathBuf> {
    global.profiles_dir.clone().or_else(|| Some(PathBuf::from(variable("HOME")?).join(".mz")))
}

fn remote(target: Target, told: String) -> Place {
    Place {
        target,
        told,
        #[cfg(feature = "sandbox")]
        part: Part::None,
        embedded: false,
    }
}

#[cfg(not(feature = "sandbox"))]
async fn embedded(_: &Clock) -> Result<Place, CliError> {
    let message = "this build has no embedded sandbox: name a Materialize with --url or --profile";
    Err(CliError { exit: Exit::Usage, ..CliError::usage("target.no-sandbox", message) })
}

#[cfg(feature = "sandbox")]
async fn embedded(clock: &Clock) -> Result<Place, CliError> {
    use std::net::SocketAddr;

    use super::render::Report;
    use super::render::Severity;
    use crate::sandbox::Found;

    let folder = sandbox_folder();
    let shown = folder.display().to_string();
    let told = format!("sandbox (embedded, {shown}) · use --url or profiles.toml for a real Materialize");
    let at = |address: SocketAddr| Target::new(address.ip().to_string(), address.port(), "materialize");
    let patience = clock.deadline(Some(STARTS_WITHIN));
    let mut failed = 0;
    loop {
        // Another command of the same folder runs it already: use that one.
        let found = crate::sandbox::join(&folder);
        if let Found::Runs(guest) = found {
            let target = at(guest.address);
            return Ok(Place { target, told, part: Part::Guest { _stays: guest }, embedded: true });
        }
        let (ends, taken) = (matches!(found, Found::Ends), crate::sandbox::is_taken(&folder));
        // Who comes while another one starts or ends is in no hurry.
        if (ends || taken) && !patience.passed() {
            clock.sleep(LOOKS_EVERY).await;
            continue;
        }
        match crate::sandbox::start_embedded(&folder, clock).await {
            Ok(server) => {
                let target = at(server.address());
                return Ok(Place { target, told, part: Part::Host { server, folder }, embedded: true });
            }
            // Two have started at once and the other one was first; or it has only looked, and had the lock for
            // that moment.
            Err(_) if !patience.passed() && (failed < TRIES || crate::sandbox::is_taken(&folder)) => {
                failed += 1;
                clock.sleep(LOOKS_EVERY).await;
            }
            Err(error) => {
                let report = Report::new(Severity::Error, "sandbox.cannot-start", error.to_string());
                return Err(CliError { report: Box::new(report), exit: Exit::Failed });
            }
        }
    }
}
