//! How a verb that is a run of its own ends: its record, its error, its last words.

use serde::Serialize;

use super::advice;
use super::app::App;
use super::app::CliError;
use super::exit::Exit;
use crate::deployment::record::Record;
use crate::deployment::record::RunFinished;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// The field of a document that tells that nothing of it was done.
pub(crate) const REHEARSED: &str = "rehearsed";

/// Records how the run ended, if it has written anything, and passes its outcome on.
pub(crate) async fn verb<T>(app: &App, ctx: &mut Ctx, outcome: Result<T, Error>) -> Result<T, CliError> {
    app.narrator.still();
    let exit = outcome.as_ref().err().map_or(Exit::Done, |error| error.kind().into());
    record(ctx, exit, outcome.as_ref().err()).await;
    outcome.map_err(|error| {
        let advice = advice::stopped(&ctx.run.started.recipe, &error);
        advice.into_iter().fold(CliError::from(error), CliError::advise)
    })
}

/// Writes the run's last row. A run that wrote nothing leaves nothing.
///
/// A row that cannot be written is no reason to call the run failed: what it did is recorded.
pub(crate) async fn record(ctx: &mut Ctx, exit: Exit, error: Option<&Error>) {
    if !ctx.run.has_written() || exit == Exit::Fenced {
        return;
    }
    let finished = RunFinished {
        status: exit.status(),
        code: error.map(|error| error.code().to_string()),
        message: error.map(|error| error.message().to_owned()),
    };
    if let Err(error) = ctx.record(Record::RunFinished(finished)).await {
        tracing::debug!("recording the end of the run: {error}");
    }
}

/// Tells the outcome: a document under `--json`, a line for people. Of a rehearsal both say that it was one.
pub(crate) fn say<T: Serialize>(app: &App, ctx: &Ctx, outcome: &T, line: &str) {
    let took = Some(app.clock.elapsed());
    match (app.ui.json, ctx.is_rehearsal()) {
        (true, is_rehearsal) => {
            let mut document = serde_json::to_value(outcome).unwrap_or_default();
            if let (true, Some(fields)) = (is_rehearsal, document.as_object_mut()) {
                fields.insert(REHEARSED.to_owned(), true.into());
            }
            app.ui.json(&document);
        }
        (false, true) => {
            app.ui.step("dry run", &format!("nothing was sent; without --dry-run: {line}"), took)
        }
        (false, false) => app.ui.step("done", line, took),
    }
}
