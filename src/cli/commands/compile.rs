//! `mzflow compile`: checks the project, without a server.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::render::Report;
use crate::cli::ui::counted;
use crate::compiler::diagnostic::Severity;
use crate::primitives::compile;

/// Check the project, without a server
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(app: &App, _: Args) -> Result<Exit, CliError> {
    let started = app.clock.elapsed();
    let report = compile::report(&app.compile_request());
    let took = app.clock.elapsed().saturating_sub(started);
    let failed = report.findings.iter().any(|(diagnostic, _)| diagnostic.fails_compile());
    let warnings = report.findings.iter().filter(|(d, _)| compile::severity(d) == Severity::Warning).count();
    if app.ui.json {
        if failed {
            let outcome = compile::outcome(report);
            app.ui.json(&json!({ "objects": outcome.objects, "diagnostics": outcome.diagnostics }));
            return Ok(Exit::Failed);
        }
        app.ui.json(&serde_json::to_value(compile::outcome(report)).unwrap_or_default());
        return Ok(Exit::Done);
    }
    if failed {
        return Err(compile::failure(report).into());
    }
    for (_, finding) in &report.findings {
        app.ui.talk(&Report::of_finding(finding).text(app.ui.colour, app.ui.width()));
    }
    let outcome = compile::outcome(report);
    let mut parts = vec![counted(outcome.objects.len() - outcome.sources, "object")];
    parts.extend((outcome.clusters > 0).then(|| counted(outcome.clusters, "cluster")));
    parts.extend((outcome.sources > 0).then(|| counted(outcome.sources, "source")));
    parts.extend((warnings > 0).then(|| counted(warnings, "warning")));
    app.ui.step("compile", &parts.join(", "), Some(took));
    Ok(Exit::Done)
}
