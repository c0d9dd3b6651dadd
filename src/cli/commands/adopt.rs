//! `mzflow adopt`: takes over what was built by hand, with dbt or with mz-deploy.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::typed;
use crate::cli::ui::counted;
use crate::cli::ui::table;
use crate::primitives::adopt;
use crate::primitives::adopt::Differing;
use crate::primitives::adopt::Outcome;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;
use crate::primitives::setup;

/// Take over what was built by hand, with dbt or with mz-deploy; no object is touched
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also take over objects that are not what their file says, as they stand
    #[arg(long)]
    differing: bool,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let request = app.compile_request();
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let differing = if args.differing { Differing::Taken } else { Differing::Left };
    let mut ctx = app.verb("adopt", json!({ "differing": args.differing }), rehearse).await?;
    let outcome = adopt(&mut ctx, &request, differing).await;
    let outcome = finish::verb(app, &mut ctx, outcome).await?;
    tell(app, &outcome);
    finish::say(app, &ctx, &outcome, &line(&outcome));
    if outcome.differing.iter().any(|object| !object.adopted) {
        app.ui.talk(&typed::here("  next: mzflow diff   shows what a deployment would make of them"));
    }
    Ok(Exit::Done)
}

async fn adopt(ctx: &mut Ctx, request: &compile::Request, differing: Differing) -> Result<Outcome, Error> {
    let compiled = compile::run(ctx, request)?.compiled;
    setup::run(ctx).await?;
    adopt::run(ctx, &adopt::Request { compiled, differing }).await
}

fn tell(app: &App, outcome: &Outcome) {
    if app.ui.json {
        return;
    }
    let differing = outcome.differing.iter().map(|object| {
        let word = if object.adopted { "adopted, differs" } else { "differs" };
        vec![word.to_owned(), object.name.clone(), object.reason.clone(), object.file.clone()]
    });
    let missing = outcome.missing.iter().map(|name| {
        vec!["missing".to_owned(), name.clone(), "production does not have it".to_owned(), String::new()]
    });
    let rows: Vec<Vec<String>> = differing.chain(missing).collect();
    if rows.is_empty() {
        return;
    }
    for line in table(&["", "OBJECT", "WHY", "FILE"], &rows) {
        app.ui.data(&line);
    }
}

fn line(outcome: &Outcome) -> String {
    let mut parts = Vec::new();
    parts.push(match &outcome.deployment {
        Some(id) => format!("{} adopted as {id}", counted(outcome.adopted.len(), "object")),
        None => "nothing to adopt".to_owned(),
    });
    let left = outcome.differing.iter().filter(|object| !object.adopted).count();
    parts.extend((outcome.known > 0).then(|| format!("{} known before", outcome.known)));
    parts.extend((left > 0).then(|| format!("{left} not what the file says")));
    parts.extend((!outcome.missing.is_empty()).then(|| format!("{} missing", outcome.missing.len())));
    parts.join(" · ")
}
