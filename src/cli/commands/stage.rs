//! `mzflow stage`: builds what has to be rebuilt beside production.

use serde_json::json;

use super::choices::Choices;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::asker;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::typed;
use crate::deployment::DeploymentId;
use crate::lua::host::Consent;
use crate::primitives::compile;
use crate::primitives::ctx::Ctx;
use crate::primitives::diff;
use crate::primitives::error::Error;
use crate::primitives::rehearsal::Assume;
use crate::primitives::setup;
use crate::primitives::stage;
use crate::primitives::stage::Drift;

/// Build what has to be rebuilt beside production
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deployment id [default: the first 7 digits of the commit, or of the project's fingerprint]
    #[arg(long, visible_alias = "deploy-id", value_name = "ID")]
    id: Option<DeploymentId>,
    #[command(flatten)]
    choices: Choices,
    /// Replace objects that somebody else changed since the last promotion
    #[arg(long)]
    overwrite_drifted: bool,
    /// Remove objects without asking
    #[arg(short, long)]
    yes: bool,
    /// Stage although the project has uncommitted changes
    #[arg(long)]
    allow_dirty: bool,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let request = app.compile_request();
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let mut ctx = app.verb("stage", json!({ "id": args.id }), rehearse).await?;
    app.check_tree(args.allow_dirty)?;
    let (isolation, reuse) = (args.choices.isolation()?, args.choices.reuse()?);
    let drift = if args.overwrite_drifted { Drift::Overwritten } else { Drift::Refused };
    let consent = asker::consent(app, args.yes);
    let compare = |compiled| diff::Request { compiled, isolation, reuse };
    let outcome = staged(&mut ctx, &request, (args.id, drift), &consent, compare).await;
    let staged = finish::verb(app, &mut ctx, outcome).await?;
    let Some(staged) = staged else {
        finish::say(app, &ctx, &json!({ "id": null, "objects": 0 }), "nothing to stage: no changes");
        return Ok(Exit::Done);
    };
    let id = &staged.id;
    finish::say(app, &ctx, &staged, &format!("{id} is staged, and not visible to anyone"));
    if !ctx.is_rehearsal() {
        let next = format!("  next: mzflow wait {id}   then   mzflow promote {id}   or   mzflow abort {id}");
        app.ui.talk(&typed::here(&next));
    }
    Ok(Exit::Done)
}

async fn staged(
    ctx: &mut Ctx,
    request: &compile::Request,
    (id, drift): (Option<DeploymentId>, Drift),
    consent: &Consent,
    compare: impl FnOnce(std::rc::Rc<compile::Compiled>) -> diff::Request,
) -> Result<Option<stage::Outcome>, Error> {
    let compiled = compile::run(ctx, request)?.compiled;
    setup::run(ctx).await?;
    let diffed = diff::run(ctx, &compare(compiled)).await?;
    if diffed.changes.is_empty() {
        return Ok(None);
    }
    asker::may_go(ctx, consent, diffed.changes.removed()).await?;
    stage::run(ctx, &stage::Request { changes: diffed.changes, id, drift }).await.map(Some)
}
