//! `mzflow run`: runs a bundled recipe or one of the project's.

use std::time::Duration;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::app::new_run_id;
use crate::cli::exit::Exit;
use crate::cli::policy;
use crate::cli::running;
use crate::cli::running::Start;
use crate::clock::parse_duration;
use crate::primitives::rehearsal::Assume;

/// Run a recipe; its arguments are options, `mzflow run RECIPE --help` shows them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Recipe: a bundled one, one of the project's recipes/, or a .lua file
    #[arg(value_name = "RECIPE")]
    recipe: String,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
    /// What branches of a dry run see [default: ready]
    #[arg(long, value_name = "STATE", value_parser = ["ready", "failing", "hydrating"], requires = "dry_run")]
    assume: Option<String>,
    /// With --dry-run, exit with 7 if there are changes
    #[arg(long, requires = "dry_run")]
    exit_code: bool,
    /// Ask this policy before a swap: a .lua file, or one of the project's policies/; may be repeated,
    /// and all of them have to say promote
    #[arg(long, value_name = "FILE")]
    policy: Vec<String>,
    /// How long policies may say wait, each time they are asked [default: without an end]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, requires = "policy")]
    policy_timeout: Option<Duration>,
    /// Give up after this time, all in all
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    deadline: Option<Duration>,
    /// Remove objects without asking
    #[arg(short, long)]
    yes: bool,
    /// Deploy although the project has uncommitted changes
    #[arg(long)]
    allow_dirty: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let Some(loaded) = app.recipe.take() else {
        return Err(CliError::usage("cli.unknown-recipe", format!("`{}` is no recipe", args.recipe)));
    };
    // A recipe that is not there is a wrong command line; one that is broken is a run that failed.
    let loaded = match loaded {
        Err(error) if error.exit == Exit::Usage => return Err(error),
        loaded => loaded,
    };
    let policies = match policy::all(app.project(), &args.policy) {
        Err(error) if error.exit == Exit::Usage => return Err(error),
        policies => policies,
    };
    let assume = args.assume.as_deref().and_then(Assume::parse).unwrap_or_default();
    let start = Start {
        run: new_run_id()?,
        name: args.recipe,
        loaded,
        policies,
        policy_timeout: args.policy_timeout,
        earlier: None,
        rehearse: args.dry_run.then_some(assume),
        exit_code: args.exit_code,
        deadline: args.deadline,
        yes: args.yes,
        allow_dirty: args.allow_dirty,
    };
    running::carry_out(app, start).await
}
