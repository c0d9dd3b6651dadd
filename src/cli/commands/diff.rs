//! `mzflow diff`: what a deployment would change.

use std::rc::Rc;

use serde_json::json;

use super::choices::Choices;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::changes;
use crate::cli::exit::Exit;
use crate::cli::typed;
use crate::event::Event;
use crate::event::Sink;
use crate::primitives::compile;
use crate::primitives::diff;
use crate::primitives::diff::Outcome;

/// Compare the project with production
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    choices: Choices,
    /// Exit with 7 if there are changes
    #[arg(long)]
    exit_code: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let started = app.clock.elapsed();
    let outcome = compare(app, &args.choices).await?;
    if app.ui.json {
        app.ui.json(&serde_json::to_value(&outcome).unwrap_or_default());
    } else {
        let took = app.clock.elapsed().saturating_sub(started);
        let told = serde_json::to_value(&outcome).unwrap_or_default();
        for line in changes::lines(&told, &app.ui, Some(took)) {
            app.ui.data(&line);
        }
        for error in &outcome.changes.refusals {
            app.ui.talk(&format!("          cannot be staged: {}", error.message()));
            for line in error.lines() {
                app.ui.talk(&format!("            {}", typed::here(line)));
            }
        }
    }
    Ok(if args.exit_code && !outcome.empty { Exit::Changes } else { Exit::Done })
}

/// Says nothing of the comparison: the caller shows it.
pub(crate) struct Warnings(pub(crate) Rc<dyn Sink>);

impl Sink for Warnings {
    fn event(&self, event: Event) {
        if let Event::Warning { .. } = event {
            self.0.event(event);
        }
    }
}

/// Compiles and compares, telling warnings only.
pub(crate) async fn compare(app: &mut App, choices: &Choices) -> Result<Outcome, CliError> {
    let request = app.compile_request();
    let mut ctx = app.verb("diff", json!({}), None).await?;
    ctx.events = Rc::new(Warnings(Rc::clone(&ctx.events)));
    let compiled = compile::run(&mut ctx, &request)?.compiled;
    let request = diff::Request { compiled, isolation: choices.isolation()?, reuse: choices.reuse()? };
    Ok(diff::run(&mut ctx, &request).await?)
}
