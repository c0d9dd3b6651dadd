//! `mzflow policy facts`: a recorded decision as a file of facts.

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::moment;
use crate::db::journal::Entry;
use crate::deployment::RunId;
use crate::deployment::decision::PolicyDecided;
use crate::deployment::record::Record;
use crate::lua::near;
use crate::lua::policy::Decision;
use crate::lua::policy::sheet;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::evidence;

/// Print what a policy was told in a run, and what it said, as a file of facts for `policy test`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run; `mzflow list` and `mzflow log` name it
    #[arg(value_name = "RUN")]
    run: RunId,
    /// Policy, where several were asked [default: the one that was asked last]
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Every decision that is recorded, oldest first, instead of the last
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let ctx = app.verb("policy facts", json!({}), None).await?;
    let entries = evidence::recorded(&ctx, Some(&args.run)).await?;
    let document = document(&entries, &args)?;
    if app.ui.json {
        app.ui.json(&document);
    } else {
        let text = serde_json::to_string_pretty(&document);
        app.ui.data(&text.map_err(|error| Error::bug(format!("facts: {error}")))?);
    }
    Ok(Exit::Done)
}

fn document(entries: &[Entry], args: &Args) -> Result<Value, Error> {
    if entries.is_empty() {
        return Err(Error::new(Code::RunUnknown, format!("no run `{}` is in the journal", args.run)));
    }
    let decided: Vec<(&Entry, &PolicyDecided)> = entries
        .iter()
        .filter_map(|entry| match &entry.record {
            Record::PolicyDecided(decided) => Some((entry, decided)),
            _ => None,
        })
        .collect();
    let named = |decided: &PolicyDecided| args.policy.as_ref().is_none_or(|name| *name == decided.policy);
    let chosen: Vec<_> = decided.iter().filter(|(_, decided)| named(decided)).collect();
    let Some((_, last)) = chosen.last() else { return Err(none(&decided, args)) };
    if !args.all {
        return Ok(written(last));
    }
    let case = |(entry, decided): &&(&Entry, &PolicyDecided)| {
        let mut case = serde_json::Map::new();
        case.insert("name".to_owned(), format!("{} at {}", decided.policy, moment(entry.at)).into());
        if let Value::Object(fields) = written(decided) {
            case.extend(fields);
        }
        Value::Object(case)
    };
    Ok(Value::Array(chosen.iter().map(case).collect()))
}

fn written(decided: &PolicyDecided) -> Value {
    let decision = Decision { verdict: decided.verdict, reason: decided.reason.clone() };
    sheet::written(&decided.facts, &decision)
}

fn none(decided: &[(&Entry, &PolicyDecided)], args: &Args) -> Error {
    let mut names: Vec<&str> = decided.iter().map(|(_, decided)| decided.policy.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let message = match &args.policy {
        Some(name) if !names.is_empty() => {
            let question = near::question(name, names.iter().copied());
            format!("{} did not ask a policy `{name}`{question}: it asked {}", args.run, names.join(", "))
        }
        _ => format!("{} asked no policy", args.run),
    };
    Error::new(Code::PolicyNoDecision, message)
}
