//! `mzflow compile`: checks the project, without a server or with one.

use std::rc::Rc;

use serde_json::json;

use super::diff::Warnings;
use crate::cli::access;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::render::Report;
use crate::cli::ui::counted;
use crate::compiler::diagnostic::Severity;
use crate::deployment::Isolation;
use crate::primitives::changes::Reuse;
use crate::primitives::check;
use crate::primitives::compile;
use crate::primitives::diff;

/// Check the project, without a server or with one
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Let the server check the query of every changed object too; nothing is created
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let started = app.clock.elapsed();
    let mut report = compile::report(&app.compile_request());
    let is_broken = report.findings.iter().any(|(diagnostic, _)| diagnostic.fails_compile());
    // What cannot be read cannot be checked either.
    let checked = if args.check && !is_broken { Some(check(app, &mut report).await?) } else { None };
    let took = app.clock.elapsed().saturating_sub(started);
    let failed = report.findings.iter().any(|(diagnostic, _)| diagnostic.fails_compile());
    if app.ui.json {
        let outcome = compile::outcome(report);
        let document = if failed {
            json!({ "objects": outcome.objects, "diagnostics": outcome.diagnostics })
        } else {
            serde_json::to_value(&outcome).unwrap_or_default()
        };
        app.ui.json(&with_check(document, checked.as_ref()));
        return Ok(if failed { Exit::Failed } else { Exit::Done });
    }
    if failed {
        let objects = report.compiled.project.objects.len();
        let effect = if checked.is_some() { "nothing was changed" } else { "nothing was sent to the server" };
        return Err(compile::failed(objects, report.findings).effect(effect).into());
    }
    let warnings = report.findings.iter().filter(|(d, _)| compile::severity(d) == Severity::Warning).count();
    for (_, finding) in &report.findings {
        app.ui.talk(&Report::of_finding(finding).text(app.ui.colour, app.ui.width()));
    }
    let outcome = compile::outcome(report);
    let mut parts = vec![counted(outcome.objects.len() - outcome.sources, "object")];
    parts.extend((outcome.clusters > 0).then(|| counted(outcome.clusters, "cluster")));
    parts.extend((outcome.sources > 0).then(|| counted(outcome.sources, "source")));
    parts.extend(checked.map(|(checked, _)| format!("{checked} checked by the server")));
    parts.extend((warnings > 0).then(|| counted(warnings, "warning")));
    app.ui.step("compile", &parts.join(", "), Some(took));
    Ok(Exit::Done)
}

/// Lets the server check, and adds what it finds; how many queries were right, and which objects
/// were not checked.
async fn check(app: &mut App, report: &mut compile::Report) -> Result<(usize, Vec<String>), CliError> {
    let mut ctx = app.verb("compile", json!({ "check": true }), None).await?;
    // Where something is recorded, what differs from it is checked, and that is for those who may read it.
    if ctx.marker().await?.is_some() {
        access::check(ctx.session(), "compile --check", false).await?;
    }
    ctx.events = Rc::new(Warnings(Rc::clone(&ctx.events)));
    let compiled = Rc::clone(&report.compiled);
    let request = diff::Request { compiled, isolation: Isolation::default(), reuse: Reuse::None };
    let changes = diff::run(&mut ctx, &request).await?.changes;
    let found = check::report(&mut ctx, &check::Request { changes }).await?;
    report.findings.extend(found.findings);
    compile::sort(&mut report.findings);
    Ok((found.checked, found.skipped.iter().map(ToString::to_string).collect()))
}

/// Adds what a check came to.
fn with_check(mut document: serde_json::Value, checked: Option<&(usize, Vec<String>)>) -> serde_json::Value {
    if let (Some((checked, skipped)), Some(fields)) = (checked, document.as_object_mut()) {
        fields.insert("checked".to_owned(), json!(checked));
        fields.insert("skipped".to_owned(), json!(skipped));
    }
    document
}
