//! `mzflow dev`: the overlay of a developer, once or live, by the recipe `dev_overlay`, or gone again.

use serde_json::Map;
use serde_json::Value;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::app::new_run_id;
use crate::cli::exit::Exit;
use crate::cli::live;
use crate::cli::live::build;
use crate::cli::live::flags::Flags;
use crate::cli::place;
use crate::cli::running;
use crate::cli::running::Start;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::primitives::rehearsal::Assume;

/// Build what differs from production beside it, for yourself alone
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster that the overlay runs on; none that hosts production
    #[arg(value_name = "CLUSTER", value_parser = cluster, required_unless_present = "down")]
    cluster: Option<ClusterName>,
    /// Name of the overlay: its databases are called DATABASE__NAME [default: the profile's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether what reads a changed object goes with it
    #[arg(long, value_name = "WHAT", value_parser = ["all", "none"], default_value = "all")]
    downstream: String,
    /// Remove the overlay
    #[arg(long, conflicts_with = "watch")]
    down: bool,
    /// Print the statements and run none
    #[arg(long, conflicts_with = "watch")]
    dry_run: bool,
    #[command(flatten)]
    live: Flags,
}

fn cluster(text: &str) -> Result<ClusterName, String> {
    Ident::new(text).map(ClusterName).map_err(|error| error.to_string())
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let Some(overlay) = args.name.or_else(|| place::profile(&app.global)) else {
        let message = "the overlay has no name: there is no profile that it could be named after";
        return Err(CliError::usage("cli.no-overlay-name", message)
            .advise("name it:  mzflow dev CLUSTER --name NAME"));
    };
    let mut given = Map::new();
    given.insert("name".to_owned(), Value::from(overlay.as_str()));
    given.insert("downstream".to_owned(), Value::from(args.downstream));
    if let Some(cluster) = &args.cluster {
        given.insert("cluster".to_owned(), Value::from(cluster.0.as_str()));
    }
    if let (true, Some(cluster)) = (args.live.watch, args.cluster) {
        let (tests, wish) = (args.live.test, args.live.wish());
        return live::watch(app, live::Request { overlay, cluster, given, tests, wish }).await;
    }
    if args.live.test {
        given.insert("tests".to_owned(), Value::Bool(true));
    }
    if args.down {
        given.insert("down".to_owned(), Value::Bool(true));
    }
    let start = Start {
        run: new_run_id()?,
        name: build::RECIPE.to_owned(),
        loaded: build::load(app, &given, &build::Asked::default()),
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
