//! `mzflow sandbox`: the embedded stand-in for Materialize, by itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::place;
use crate::cli::render::Report;
use crate::cli::render::Severity;
use crate::sandbox;

/// The embedded stand-in for Materialize
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Serve until Ctrl-C; psql and other clients can connect
    Serve {
        /// Address to listen on; port 0 picks one
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:6875")]
        listen: SocketAddr,
        /// Folder to keep the data in; without it everything is gone at exit
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Delete the embedded sandbox's data
    Reset,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    match args.verb {
        Verb::Serve { listen, data } => serve(app, listen, data).await,
        Verb::Reset => reset(app),
    }
}

fn failed(message: impl Into<String>) -> CliError {
    let report = Report::new(Severity::Error, "sandbox.cannot-start", message);
    CliError { report: Box::new(report), exit: Exit::Failed }
}

async fn serve(app: &App, listen: SocketAddr, data: Option<PathBuf>) -> Result<Exit, CliError> {
    let options = sandbox::Options { listen, data, clock: app.clock.clone(), ..sandbox::Options::default() };
    let server = sandbox::Server::start(options).await.map_err(|error| failed(error.to_string()))?;
    app.ui.data(&format!("listening on {}", server.address()));
    app.ui.talk("not a database to run anything on: a rehearsal for mzflow; Ctrl-C ends it");
    if let Err(error) = crate::cli::interrupt::signalled().await {
        return Err(failed(format!("cannot wait for Ctrl-C: {error}")));
    }
    server.shutdown().await;
    Ok(Exit::Done)
}

fn reset(app: &App) -> Result<Exit, CliError> {
    let folder = place::sandbox_folder();
    let shown = folder.display();
    if let Some(address) = sandbox::running_at(&folder) {
        let message = format!("the sandbox in {shown} is in use, at {address}: end that command first");
        return Err(CliError { exit: Exit::Refused, ..failed(message) });
    }
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => app.ui.step("sandbox", &format!("{shown} is gone"), None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            app.ui.step("sandbox", &format!("there is none in {shown}"), None);
        }
        Err(error) => return Err(failed(format!("cannot delete {shown}: {error}"))),
    }
    Ok(Exit::Done)
}
