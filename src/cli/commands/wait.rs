//! `mzflow wait`: looks until a deployment is ready.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::clock::parse_duration;
use crate::deployment::DeploymentId;
use crate::primitives::hydration_status;
use crate::primitives::hydration_status::Request;
use crate::primitives::hydration_status::Wait;
use crate::primitives::readiness::ALLOWED_LAG;
use crate::primitives::readiness::Condition;
use crate::primitives::readiness::Readiness;

/// Wait until a deployment is ready
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deployment to wait for
    #[arg(value_name = "ID")]
    deployment: DeploymentId,
    /// Look once and say how it stands
    #[arg(long)]
    once: bool,
    /// Give up after this time [default: 30m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// How far behind the clock an object may be [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    allowed_lag: Option<Duration>,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let mut ctx = app.verb("wait", json!({ "deployment": args.deployment }), None).await?;
    let request =
        Request { deployment: args.deployment, allowed_lag: args.allowed_lag.unwrap_or(ALLOWED_LAG) };
    hydration_status::is_awaited(&ctx, &request.deployment).await?;
    let ui = app.ui.clone();
    if args.once {
        let readiness = hydration_status::run(&mut ctx, &request).await?;
        if ui.json {
            ui.json(&json(&readiness));
        } else {
            for line in lines(&readiness) {
                ui.data(&line);
            }
        }
        let ready = readiness.state == Condition::Ready;
        return Ok(if ready { Exit::Done } else { Exit::Refused });
    }
    let wait = Wait {
        request,
        timeout: Some(args.timeout.unwrap_or(hydration_status::TIMEOUT)),
        poll: hydration_status::POLL,
    };
    let mut last: Option<Value> = None;
    let mut on_look = |readiness: &Readiness| {
        if ui.json {
            // One line for each change of state, not one for each look.
            let now = json(readiness);
            let same = |key: &str| last.as_ref().is_some_and(|last| last[key] == now[key]);
            if !(same("state") && same("ready") && same("clusters")) {
                ui.json(&now);
                last = Some(now);
            }
        }
        Ok(())
    };
    // Under `--json` the lines above are the output; the run's own events would mix into them.
    if ui.json {
        ctx.events = std::rc::Rc::new(Silent);
    }
    let outcome = hydration_status::wait(&mut ctx, &wait, &mut on_look).await;
    finish::verb(app, &mut ctx, outcome).await?;
    Ok(Exit::Done)
}

struct Silent;

impl crate::event::Sink for Silent {
    fn event(&self, _: crate::event::Event) {}
}

fn json(readiness: &Readiness) -> Value {
    serde_json::to_value(readiness).unwrap_or_default()
}

fn lines(readiness: &Readiness) -> Vec<String> {
    let (ready, total) = (readiness.ready, readiness.total);
    let mut lines =
        vec![format!("{} is {}: {ready} of {total} objects", readiness.deployment, readiness.state)];
    for cluster in &readiness.clusters {
        lines.push(format!("  {} {}/{} {}", cluster.name, cluster.ready, cluster.total, cluster.state));
    }
    lines.extend(readiness.missing().map(|line| format!("  {line}")));
    lines
}
