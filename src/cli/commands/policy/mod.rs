//! `mzflow policy`: policies without a deployment: tested with facts, tried on decisions of the past.

use serde_json::Map;
use serde_json::Value;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::deployment::decision::Verdict;

mod backtest;
mod facts;
mod junit;
mod test;

/// Test a promotion policy with facts, or try it on decisions of the past
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Test(test::Args),
    Backtest(backtest::Args),
    Facts(facts::Args),
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    match args.verb {
        Verb::Test(args) => test::run(app, &args),
        Verb::Backtest(args) => backtest::run(app, args).await,
        Verb::Facts(args) => facts::run(app, args).await,
    }
}

/// What was said, in a line.
fn told(verdict: Verdict, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{verdict}: {reason}"),
        None => verdict.to_string(),
    }
}

/// What was said, for programs.
fn said(verdict: Verdict, reason: Option<&str>) -> Value {
    let mut said = Map::from_iter([("verdict".to_owned(), Value::from(verdict.as_str()))]);
    said.insert("reason".to_owned(), reason.into());
    Value::Object(said)
}
