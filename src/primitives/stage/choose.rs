//! Which id a deployment gets: a new one, one to go on with, or one that is there already.

use std::collections::BTreeMap;

use super::Request;
use crate::catalog::Catalog;
use crate::db::journal::Which;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::record::Record;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::state::State;
use crate::name::ObjectName;
use crate::primitives::changes::Changes;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::ledger::Ledger;

/// What a wanted id is to mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Nothing is staged under it.
    New(DeploymentId),
    /// The same content is being staged under it: go on.
    Continue(DeploymentId),
    /// The same content is staged under it: nothing to do.
    Complete(DeploymentId),
}

/// Where a wanted id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody named it.
    Named,
    /// From the commit, or from the project: a counter behind it is as good.
    Default,
}

/// What was staged before.
pub(super) struct Earlier<'e> {
    /// Every deployment; `None` where nothing was ever recorded.
    pub(super) ledger: Option<&'e Ledger>,
    /// The objects of those whose ids begin like the wanted one.
    pub(super) contents: &'e BTreeMap<DeploymentId, StageObjects>,
}

/// Chooses the id, counting up from a default one that other content has taken.
pub(super) fn choose(
    wanted: &DeploymentId,
    origin: Origin,
    changes: &Changes,
    earlier: &Earlier<'_>,
    catalog: &Catalog,
) -> Result<Choice, Error> {
    // So many deployments of one commit are no accident any more.
    const MOST: usize = 1_000;
    for counter in 1..=MOST {
        let id = match counter {
            1 => wanted.clone(),
            counter => wanted.numbered(counter).map_err(|error| {
                Error::new(Code::DeploymentBadId, error.to_string()).effect("nothing was changed")
            })?,
        };
        let Some(known) = earlier.ledger.and_then(|ledger| ledger.deployments.get(&id)) else {
            return Ok(Choice::New(id));
        };
        let before = earlier.contents.get(&id);
        let same = before.is_some_and(|before| goes_on(before, &known.intent, changes, catalog));
        match (known.state, same) {
            (State::Aborted, _) => return Ok(Choice::New(id)),
            // What it consists of is written behind the intent and before anything is made: a run that was
            // cut in between has left nothing that this could clash with.
            (State::Staging, _) if before.is_none() => return Ok(Choice::New(id)),
            (State::Staging, true) => return Ok(Choice::Continue(id)),
            // What was swapped back stands under its staging names again.
            (State::Staged | State::RolledBack, true)
                if known.intent.project_fingerprint == fingerprint(changes) =>
            {
                return Ok(Choice::Complete(id));
            }
            _ if origin == Origin::Default => {}
            _ => return Err(already_exists(&known.intent, known.state, changes)),
        }
    }
    Err(Error::new(Code::StageAlreadyExists, format!("{wanted} and every number behind it are taken")))
}

fn fingerprint(changes: &Changes) -> String {
    changes.compiled.project.fingerprint().to_string()
}

fn already_exists(intent: &StageIntent, state: State, changes: &Changes) -> Error {
    let (id, before) = (&intent.deployment, &intent.project_fingerprint);
    let now = fingerprint(changes);
    let error = |message: String| Error::new(Code::StageAlreadyExists, message).deployment(id);
    let error = if *before == now {
        error(format!("{id} was staged from this project before; it is {state}"))
    } else {
        error(format!("{id} exists with other content; it is {state}"))
            .line(format!("{id} was staged from the project {before}"))
            .line(format!("this project is {now}"))
    };
    let error = match intent.isolation == changes.isolation {
        true => error,
        false => error
            .line(format!("it was staged with isolation {}, not {}", intent.isolation, changes.isolation)),
    };
    error.effect("nothing was changed")
}

/// Tells whether what stands under an id can be gone on with: everything that exists of it is what
/// this project wants as well.
fn goes_on(before: &StageObjects, intent: &StageIntent, changes: &Changes, catalog: &Catalog) -> bool {
    // What was made for another kind of swap bears names that this one would not know of.
    if intent.isolation != changes.isolation {
        return false;
    }
    let wanted: BTreeMap<&ObjectName, &str> =
        changes.built().map(|object| (&object.name, object.fingerprint.as_str())).collect();
    let ground: BTreeMap<&ObjectName, _> =
        changes.objects.iter().map(|object| (&object.name, &object.production_id)).collect();
    let same_ground = before
        .objects
        .iter()
        .all(|object| ground.get(&object.name).is_none_or(|now| **now == object.production_id));
    let built = before.objects.iter().filter(|object| object.change.is_built());
    same_ground
        && built.clone().all(|object| {
            let stands = catalog.object(&intent.staging_name(object)).is_some();
            !stands || wanted.get(&object.name) == Some(&object.fingerprint.as_str())
        })
}

/// Finds out what the wanted id is to mean.
///
/// # Errors
/// `stage.already-exists`, `deployment.gone`, `deployment.bad-id`, `db.*`.
pub(super) async fn chosen(ctx: &Ctx, request: &Request, catalog: &Catalog) -> Result<Choice, Error> {
    let changes = &request.changes;
    let ledger = ctx.ledger().await?;
    if let Some(id) = &changes.recorded_as {
        let state = ledger.as_ref().and_then(|ledger| ledger.deployments.get(id)).map(|known| known.state);
        return Ok(match state {
            None | Some(State::Staging) => Choice::Continue(id.clone()),
            Some(State::Aborting | State::Aborted) => {
                return Err(Error::new(Code::DeploymentGone, format!("{id} was dropped")).deployment(id));
            }
            Some(_) => Choice::Complete(id.clone()),
        });
    }
    let commit = ctx.run.started.commit.as_deref().and_then(|commit| commit.get(..7)).map(str::to_owned);
    let (wanted, origin) = match &request.id {
        // What the recipe passes on may be the default itself.
        Some(id) if Some(id.as_str()) != commit.as_deref() => (id.clone(), Origin::Named),
        Some(_) | None => (default_id(commit, changes)?, Origin::Default),
    };
    let mut contents = BTreeMap::new();
    // Whatever is numbered behind it is looked at as well.
    let is_meant = |id: &DeploymentId| id.as_str().starts_with(wanted.as_str());
    let known = ledger.iter().flat_map(|ledger| &ledger.deployments).filter(|(id, _)| is_meant(id));
    let runs: Vec<RunId> = known.flat_map(|(_, deployment)| deployment.runs.clone()).collect();
    if !runs.is_empty() {
        for entry in ctx.entries(Which::OfRuns(&runs, &["stage.objects"])).await? {
            if let Record::StageObjects(objects) = entry.record
                && is_meant(&objects.deployment)
            {
                contents.insert(objects.deployment.clone(), objects);
            }
        }
    }
    let earlier = Earlier { ledger: ledger.as_deref(), contents: &contents };
    choose(&wanted, origin, changes, &earlier, catalog)
}

/// The first seven digits of the commit, or outside git of the project's fingerprint.
fn default_id(commit: Option<String>, changes: &Changes) -> Result<DeploymentId, Error> {
    let text = match commit {
        Some(commit) => commit,
        None => fingerprint(changes).trim_start_matches("v1:").chars().take(7).collect(),
    };
    text.parse().map_err(|error| Error::bug(format!("a default id is none: {error}")))
}
