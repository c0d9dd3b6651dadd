//! Evidence: what is known of a deployment that is to become production. Read, and not judged.
//!
//! Shared by whoever asks policies. Every moment in it is the server's: a decision that rested on the
//! clock of a laptop would be another one elsewhere.

use std::collections::BTreeMap;

use futures_util::future::try_join;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Deployment;
use super::readiness;
use super::scope::Scope;
use crate::clock::Timestamp;
use crate::db;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::change::Change;
use crate::deployment::decision::PolicyDecided;
use crate::deployment::record::Record;
use crate::deployment::state::State;

/// What is known of a deployment.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The time.
    pub now: Timestamp,
    /// What the journal tells.
    pub deployment: Deployment,
    /// The role that began the run.
    pub started_by: String,
}

/// The time by the server's clock.
///
/// # Errors
/// `db.*`.
pub async fn now(ctx: &Ctx) -> Result<Timestamp, Error> {
    Ok(db::moment::read(ctx.session()).await?)
}

/// Reads what costs next to nothing; `None` where the deployment is production already.
///
/// # Errors
/// `setup.missing`, `deployment.unknown`, `db.*`.
pub async fn read(ctx: &Ctx, id: &DeploymentId) -> Result<Option<Evidence>, Error> {
    let (now, ledger) = try_join(now(ctx), ctx.ledger_or_refuse()).await?;
    let deployment = ledger.deployment(id)?.clone();
    match deployment.state {
        State::Promoted | State::Retiring | State::Retired => return Ok(None),
        State::Staging | State::Staged | State::RolledBack | State::Aborting | State::Aborted => {}
    }
    Ok(Some(Evidence { now, deployment, started_by: started_by(ctx).await? }))
}

async fn started_by(ctx: &Ctx) -> Result<String, Error> {
    // Another person may go on with a run; who began it has written its first row.
    match ctx.run.earlier().first() {
        Some(first) => Ok(first.actor.clone()),
        None => Ok(ctx.catalog().await?.session.role.to_string()),
    }
}

/// The names of a deployment's objects by their change, each list in order.
///
/// # Errors
/// `db.*`.
pub async fn changes(ctx: &Ctx, known: &Deployment) -> Result<BTreeMap<Change, Vec<String>>, Error> {
    let contents = Scope::read(ctx, known).await?.contents;
    let mut changes: BTreeMap<Change, Vec<String>> = BTreeMap::new();
    for object in &contents.objects {
        changes.entry(object.change).or_default().push(object.name.to_string());
    }
    changes.values_mut().for_each(|names| names.sort_unstable());
    Ok(changes)
}

/// How many seconds production's own objects are behind the server's clock, by name; those of which
/// nothing is known are left out.
///
/// # Errors
/// `db.*`.
pub async fn blue_lag(ctx: &Ctx, known: &Deployment) -> Result<BTreeMap<String, f64>, Error> {
    let contents = Scope::read(ctx, known).await?.contents;
    let replaced = contents.objects.into_iter().filter(|object| object.change.is_built());
    let names: BTreeMap<_, _> =
        replaced.filter_map(|object| Some((object.production_id?, object.name.to_string()))).collect();
    let ids: Vec<_> = names.keys().cloned().collect();
    let facts = db::hydration::read(ctx.session(), &ids).await?;
    let lag = |(id, name): (&_, &String)| {
        let found = facts.objects.get(id).filter(|found| found.cluster.is_some())?;
        Some((name.clone(), readiness::lag(found.frontier, facts.now_ms)?))
    };
    Ok(names.iter().filter_map(lag).collect())
}

/// What was decided about a deployment in this run before it was resumed, oldest first.
pub fn decided<'c>(ctx: &'c Ctx, id: &'c DeploymentId) -> impl Iterator<Item = &'c PolicyDecided> {
    let records = ctx.run.earlier().iter().map(|entry| &entry.record);
    records.filter_map(move |record| match record {
        Record::PolicyDecided(decided) if decided.deployment == *id => Some(decided),
        _ => None,
    })
}

/// The decisions of policies that are recorded in the environment, oldest first, with the row that
/// each stands in; those of one run where one is named.
///
/// # Errors
/// `setup.missing`, `db.*`.
pub async fn recorded(ctx: &Ctx, run: Option<&RunId>) -> Result<Vec<Entry>, Error> {
    let which = match run {
        Some(run) => Which::Run(run),
        None => Which::Kinds(&["policy.decided"]),
    };
    if ctx.marker().await?.is_none() {
        return Err(Error::new(
            Code::SetupMissing,
            "no policy was ever asked here: there is no tracking database",
        ));
    }
    ctx.entries(which).await
}
