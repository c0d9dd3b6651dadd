//! `mzflow dev`: temporary.

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::live;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::primitives::error::Error;

/// Build an overlay of what differs from production
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster that the overlay runs on
    cluster: String,
    /// Name of the overlay
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    live: live::flags::Flags,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let cluster = ClusterName(Ident::new(&args.cluster).map_err(|e| Error::bug(e.to_string()))?);
    let request = live::Request {
        overlay: args.name.unwrap_or_else(|| "alice".to_owned()),
        cluster,
        given: serde_json::Map::new(),
        tests: args.live.test,
        wish: args.live.wish(),
    };
    live::watch(app, request).await
}
