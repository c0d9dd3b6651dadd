//! `mzflow policy backtest`: what a policy would have said of the facts of past decisions.

use std::rc::Rc;
use std::time::Duration;

use console::Style;
use serde_json::Value;
use serde_json::json;

use super::said;
use super::told;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::moment;
use crate::cli::policy;
use crate::cli::render::Report;
use crate::cli::ui::Ui;
use crate::cli::ui::counted;
use crate::clock::Timestamp;
use crate::clock::parse_duration;
use crate::db::journal::Entry;
use crate::deployment::DeploymentId;
use crate::deployment::decision::PolicyDecided;
use crate::deployment::record::Record;
use crate::lua::near;
use crate::lua::policy::Decision;
use crate::lua::policy::Policy;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::evidence;

/// Ask a policy about the facts of decisions that are recorded, and show where it would differ
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Policy: a .lua file, or one of the project's policies/
    #[arg(value_name = "FILE")]
    policy: String,
    /// Decisions of this policy [default: of the one that has the same name]
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// Decisions that are not older
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    since: Option<Duration>,
    /// Decisions about this deployment
    #[arg(long, value_name = "ID")]
    deployment: Option<DeploymentId>,
    /// Exit with 7 where a verdict would differ
    #[arg(long)]
    exit_code: bool,
}

/// A recorded decision.
struct Recorded {
    at: Timestamp,
    run: String,
    decided: PolicyDecided,
}

/// What the policy would have said.
enum Would {
    /// The same verdict for the same reason.
    Same,
    /// The same verdict in other words.
    Reworded(Decision),
    /// Another verdict.
    Differs(Decision),
    /// It needs facts that were not recorded.
    Missing(Error),
    /// It cannot decide.
    Failed(Error),
}

pub(super) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let (policy, _) = policy::load(app.project(), &args.policy)?;
    let ctx = app.verb("policy backtest", json!({}), None).await?;
    let entries = evidence::recorded(&ctx, None).await?;
    let now = evidence::now(&ctx).await?;
    let recorded = chosen(entries, &args, policy.name(), now)?;
    let tried: Vec<(Recorded, Would)> = recorded
        .into_iter()
        .map(|recorded| {
            let would = would(&policy, &recorded.decided);
            (recorded, would)
        })
        .collect();
    if app.ui.json {
        app.ui.json(&document(&policy, &tried));
    } else {
        let ui = app.ui.of_data();
        tried
            .iter()
            .flat_map(|(recorded, would)| lines(&ui, recorded, would))
            .for_each(|line| ui.data(&line));
        app.ui.step("backtest", &summary(&tried), Some(app.clock.elapsed()));
    }
    let any = |of: fn(&Would) -> bool| tried.iter().any(|(_, would)| of(would));
    Ok(match any(|would| matches!(would, Would::Failed(_))) {
        true => Exit::Failed,
        false if args.exit_code && any(|would| matches!(would, Would::Differs(_))) => Exit::Changes,
        false => Exit::Done,
    })
}

/// The decisions that are meant, oldest first.
fn chosen(entries: Vec<Entry>, args: &Args, own: &str, now: Timestamp) -> Result<Vec<Recorded>, Error> {
    let decided = |entry: Entry| match entry.record {
        Record::PolicyDecided(decided) => {
            Some(Recorded { at: entry.at, run: entry.run.to_string(), decided })
        }
        _ => None,
    };
    let all: Vec<Recorded> = entries.into_iter().filter_map(decided).collect();
    let name = args.of.as_deref().unwrap_or(own);
    let mut names: Vec<String> = all.iter().map(|recorded| recorded.decided.policy.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let is_meant = |recorded: &Recorded| {
        recorded.decided.policy == name
            && args.since.is_none_or(|since| now.since(recorded.at) <= since)
            && args.deployment.as_ref().is_none_or(|id| *id == recorded.decided.deployment)
    };
    let chosen: Vec<Recorded> = all.into_iter().filter(is_meant).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let known = names.iter().any(|known| known == name);
    let message = if names.is_empty() {
        "no policy was ever asked here".to_owned()
    } else if known {
        format!("no decision of policy `{name}` is that recent, and about that deployment")
    } else {
        let question = near::question(name, names.iter().map(String::as_str));
        format!(
            "no decision of a policy `{name}` is recorded{question}: name one with --of: {}",
            names.join(", ")
        )
    };
    Err(Error::new(Code::PolicyNoDecision, message))
}

fn would(policy: &Policy, decided: &PolicyDecided) -> Would {
    let decision = policy.retold(decided.facts.clone()).and_then(|facts| policy.decide(&Rc::new(facts)));
    match decision {
        Ok(decision) if decision.verdict != decided.verdict => Would::Differs(decision),
        Ok(decision) if decision.reason != decided.reason => Would::Reworded(decision),
        Ok(_) => Would::Same,
        Err(error) if error.code() == Code::PolicyMissingFact => Would::Missing(error),
        Err(error) => Would::Failed(error),
    }
}

impl Would {
    fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Reworded(_) => "reworded",
            Self::Differs(_) => "differs",
            Self::Missing(_) => "missing",
            Self::Failed(_) => "failed",
        }
    }
}

fn count(tried: &[(Recorded, Would)], word: &str) -> usize {
    tried.iter().filter(|(_, would)| would.word() == word).count()
}

fn summary(tried: &[(Recorded, Would)]) -> String {
    let askings: u64 = tried.iter().map(|(recorded, _)| recorded.decided.askings).sum();
    let words = [
        ("same", "the same"),
        ("reworded", "in other words"),
        ("differs", "would differ"),
        ("missing", "lack a fact"),
        ("failed", "could not be decided"),
    ];
    let counts = words.iter().map(|(word, told)| (count(tried, word), *told));
    let parts: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, told)| format!("{count} {told}")).collect();
    let askings = counted(usize::try_from(askings).unwrap_or(usize::MAX), "asking");
    format!("{} of {askings}: {}", counted(tried.len(), "decision"), parts.join(", "))
}

/// What is the same is not shown.
fn lines(ui: &Ui, recorded: &Recorded, would: &Would) -> Vec<String> {
    let decided = &recorded.decided;
    let head = format!("{}  {}  {}", moment(recorded.at), recorded.run, decided.deployment);
    let line = |style: fn(Style) -> Style| ui.styled_line(style, would.word(), &head, None);
    let before = format!("            recorded  {}", told(decided.verdict, decided.reason.as_deref()));
    let after = |decision: &Decision| {
        format!("            would say {}", told(decision.verdict, decision.reason.as_deref()))
    };
    match would {
        Would::Same => Vec::new(),
        Would::Reworded(decision) => vec![line(Style::dim), before, after(decision)],
        Would::Differs(decision) => vec![line(Style::yellow), before, after(decision)],
        Would::Missing(error) => {
            vec![line(Style::yellow), before, format!("            {}", error.message())]
        }
        Would::Failed(error) => {
            let report = Report::of(error, Vec::new()).text(ui.colour, ui.width());
            let report = report.lines().map(|line| format!("  {line}").trim_end().to_owned());
            [line(Style::red), before].into_iter().chain(report).collect()
        }
    }
}

fn document(policy: &Policy, tried: &[(Recorded, Would)]) -> Value {
    let decision = |(recorded, would): &(Recorded, Would)| {
        let decided = &recorded.decided;
        let (now, error) = match would {
            Would::Same => (Some(said(decided.verdict, decided.reason.as_deref())), None),
            Would::Reworded(decision) | Would::Differs(decision) => {
                (Some(said(decision.verdict, decision.reason.as_deref())), None)
            }
            Would::Missing(error) | Would::Failed(error) => {
                (None, Some(Report::of(error, Vec::new()).json()))
            }
        };
        let mut decision = json!({
            "at": moment(recorded.at),
            "run": recorded.run,
            "deployment": decided.deployment,
            "askings": decided.askings,
            "status": would.word(),
            "recorded": said(decided.verdict, decided.reason.as_deref()),
            "would": now,
        });
        if let (Some(decision), Some(error)) = (decision.as_object_mut(), error) {
            decision.insert("error".to_owned(), error);
        }
        decision
    };
    let mut document = json!({
        "policy": policy.name(),
        "decisions": tried.iter().map(decision).collect::<Vec<_>>(),
    });
    if let Some(document) = document.as_object_mut() {
        for word in ["same", "reworded", "differs", "missing", "failed"] {
            document.insert(word.to_owned(), count(tried, word).into());
        }
    }
    document
}
