//! `mzflow dev`: a developer's overlay, built once or at every save, or removed.

use serde_json::Map;
use serde_json::Value;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::app::new_run_id;
use crate::cli::exit::Exit;
use crate::cli::live;
use crate::cli::live::build;
use crate::cli::running;
use crate::cli::running::Start;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::primitives::rehearsal::Assume;

/// Build what differs from production, and what reads it, in a database of your own
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster that everything of the overlay runs on
    #[arg(value_name = "CLUSTER", required_unless_present = "down")]
    cluster: Option<String>,
    /// Name of the overlay: its databases are called DATABASE__NAME [default: the profile's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether what reads a changed object goes with it
    #[arg(long, value_name = "all|none", value_parser = ["all", "none"], default_value = "all", hide_possible_values = true)]
    downstream: String,
    /// Remove the overlay
    #[arg(long, conflicts_with = "watch")]
    down: bool,
    /// Print the statements and run none
    #[arg(long, conflicts_with = "watch")]
    dry_run: bool,
    #[command(flatten)]
    live: live::flags::Flags,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let overlay = match args.name.or_else(|| app.profile()) {
        Some(name) => name,
        None => {
            let message = "no profile is active that would name the overlay: say --name NAME";
            return Err(CliError::usage("cli.overlay-name", message));
        }
    };
    let mut given = Map::new();
    given.insert("name".to_owned(), overlay.clone().into());
    given.insert("downstream".to_owned(), args.downstream.into());
    if let Some(cluster) = &args.cluster {
        given.insert("cluster".to_owned(), cluster.clone().into());
    }
    if let (true, Some(cluster)) = (args.live.watch, &args.cluster) {
        let cluster = Ident::new(cluster)
            .map_err(|error| CliError::usage("cli.cluster", format!("`{cluster}` is no cluster: {error}")))?;
        let (cluster, tests, wish) = (ClusterName(cluster), args.live.test, args.live.wish());
        return live::watch(app, live::Request { overlay, cluster, given, tests, wish }).await;
    }
    if args.down {
        given.insert("down".to_owned(), Value::Bool(true));
    }
    let start = Start {
        run: new_run_id()?,
        name: build::RECIPE.to_owned(),
        loaded: build::load(app, &given),
        policies: Ok(Vec::new()),
        policy_timeout: None,
        earlier: None,
        rehearse: args.dry_run.then_some(Assume::Ready),
        exit_code: false,
        deadline: None,
        // What an overlay loses is of the overlay, and nobody deploys from it.
        yes: true,
        allow_dirty: true,
    };
    running::carry_out(app, start).await
}
