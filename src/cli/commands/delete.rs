//! `mzflow delete`: drops one thing that is not blue/green, and removes its file.

use std::rc::Rc;

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::asker;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::delete;
use crate::primitives::delete::Outcome;
use crate::primitives::delete::Request;
use crate::primitives::delete::found::Kind;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;
use crate::primitives::setup;

/// Drop one cluster, role, connection, secret, source, table, sink or type, and remove its file
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it is: cluster, role, network-policy, connection, secret, source, table, sink, type
    #[arg(value_name = "KIND", value_parser = kind)]
    kind: Kind,
    /// Its name; of an object as many of its last parts as tell it apart
    #[arg(value_name = "NAME")]
    name: String,
    /// Delete it without asking
    #[arg(long)]
    yes: bool,
    /// Print the statements and run none; the file stays
    #[arg(long)]
    dry_run: bool,
}

fn kind(text: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    let all: Vec<&str> = Kind::ALL.into_iter().map(Kind::as_str).collect();
    found.ok_or_else(|| format!("it has to be one of {}", all.join(", ")))
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    if !args.yes && !args.dry_run && !app.ui.can_ask() {
        let message = "nobody can be asked here whether to delete it: add --yes";
        return Err(CliError::usage("cli.needs-yes", message.to_owned()));
    }
    let project = app.compile_request();
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let mut ctx = app.verb("delete", json!({ "kind": args.kind, "name": args.name }), rehearse).await?;
    let previewed = preview(&mut ctx, &project, &args).await;
    let (request, preview) = finish::verb(app, &mut ctx, previewed).await?;
    if !args.yes && !args.dry_run {
        let asked = asker::agreed(app, question(&preview)).await;
        if !finish::verb(app, &mut ctx, asked).await? {
            app.ui.talk("nothing was deleted");
            return Ok(Exit::Done);
        }
    }
    let outcome = drop(&mut ctx, &request, &preview).await;
    let outcome = finish::verb(app, &mut ctx, outcome).await?;
    if !args.dry_run {
        let path = project.path.join(&outcome.file);
        std::fs::remove_file(&path).map_err(|error| {
            let message = format!(
                "{} is gone from the server, and {} cannot be removed: {error}",
                outcome.name, outcome.file
            );
            CliError { exit: Exit::Failed, ..CliError::usage("cli.cannot-write", message) }
        })?;
    }
    finish::say(app, &ctx, &outcome, &line(&outcome));
    for name in &outcome.still_named_by {
        app.ui.talk(&format!("  {name} still names it: without its file the project does not compile"));
    }
    Ok(Exit::Done)
}

async fn preview(
    ctx: &mut Ctx,
    project: &compile::Request,
    args: &Args,
) -> Result<(Request, Outcome), Error> {
    let compiled = Rc::clone(&compile::run(ctx, project)?.compiled);
    let request = Request { compiled, kind: args.kind, name: args.name.clone() };
    let preview = delete::preview(ctx, &request).await?;
    Ok((request, preview))
}

async fn drop(ctx: &mut Ctx, request: &Request, preview: &Outcome) -> Result<Outcome, Error> {
    if preview.dropped {
        // What is claimed is in the journal.
        setup::run(ctx).await?;
    }
    delete::run(ctx, request).await
}

fn question(preview: &Outcome) -> String {
    let (name, file) = (&preview.name, &preview.file);
    if preview.dropped {
        format!("drop {} {name} and remove {file}?", preview.kind.as_str())
    } else {
        format!("{} {name} is not on the server; remove {file}?", preview.kind.as_str())
    }
}

fn line(outcome: &Outcome) -> String {
    let was = if outcome.dropped { "dropped" } else { "was gone already" };
    format!("{} {} {was} · {}", outcome.kind.as_str(), outcome.name, outcome.file)
}
