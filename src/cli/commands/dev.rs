//! `mzflow dev`: the overlay of a developer, once or live, by the recipe `dev_overlay`.

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

/// Build what differs from production beside it, for yourself alone
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Cluster that the overlay runs on; none that hosts production
    #[arg(value_name = "CLUSTER", value_parser = cluster)]
    cluster: ClusterName,
    /// Name of the overlay [default: the profile's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
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
    given.insert("cluster".to_owned(), Value::from(args.cluster.0.as_str()));
    given.insert("name".to_owned(), Value::from(overlay.as_str()));
    if args.live.watch {
        let (tests, wish) = (args.live.test, args.live.wish());
        let request = live::Request { overlay, cluster: args.cluster, given, tests, wish };
        return live::watch(app, request).await;
    }
    let start = Start {
        run: new_run_id()?,
        name: build::RECIPE.to_owned(),
        loaded: build::load(app, &given),
        policies: Ok(Vec::new()),
        policy_timeout: None,
        earlier: None,
        rehearse: None,
        exit_code: false,
        deadline: None,
        yes: true,
        allow_dirty: true,
    };
    running::carry_out(app, start).await
}
