//! Readiness: how far the objects of a deployment have come, judged from one look at the catalog.
//!
//! Shared by the primitives that wait and the one that swaps. An object the catalog does not
//! mention yet is hydrating, never ready; lag that is not known is not zero. Start at [`assess`].

pub mod lag;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Deployment;
use super::rehearsal::Assume;
use crate::catalog::Catalog;
use crate::db;
use crate::db::hydration::ClusterFacts;
use crate::db::hydration::Frontier;
use crate::db::hydration::HydrationFacts;
use crate::db::hydration::ObjectFacts;
use crate::db::hydration::ReplicaFacts;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::state::State;
use crate::name::ClusterId;
use crate::name::ObjectId;
use crate::name::ReplicaId;

/// The lag that is allowed where nothing else is said.
pub const ALLOWED_LAG: Duration = Duration::from_secs(300);

/// So many failures of a replica within five minutes are a crash loop, not a restart.
const CRASH_LOOP: usize = 3;

/// How an object or a cluster fares, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// It cannot make progress.
    Failing,
    /// Its first answer is being computed.
    Hydrating,
    /// It has answered, but is too far behind.
    Lagging,
    /// Ready.
    Ready,
}

impl Condition {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Hydrating => "hydrating",
            Self::Lagging => "lagging",
            Self::Ready => "ready",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObjectStatus {
    /// Its production name.
    pub name: String,
    /// How it fares.
    pub state: Condition,
    /// Seconds behind the server's clock, where known.
    pub lag_s: Option<f64>,
    /// Why it is not ready.
    pub reason: Option<String>,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterStatus {
    /// Its name; production's where the deployment has a clone of it.
    pub name: String,
    /// The worst of its objects.
    pub state: Condition,
    /// Objects that are ready.
    pub ready: usize,
    /// Objects in all.
    pub total: usize,
    /// Why it is failing.
    pub reason: Option<String>,
}

/// Tells how a deployment fares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Readiness {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The worst of its objects; an empty deployment is ready.
    pub state: Condition,
    /// Objects that are ready.
    pub ready: usize,
    /// Objects in all: those that hydrate.
    pub total: usize,
    /// By cluster, in the order of their names.
    pub clusters: Vec<ClusterStatus>,
    /// By object, in the order of their names.
    pub objects: Vec<ObjectStatus>,
}

/// Whether the deployment has to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyCheck {
    /// It has to be, with no object further behind than this.
    Within(Duration),
    /// Somebody said `--no-ready-check`.
    Skipped,
}

impl ReadyCheck {
    /// Fails where the deployment is not ready; production and what was staged stay as they are.
    ///
    /// # Errors
    /// `code` with what is missing, `db.*`.
    pub async fn make(self, ctx: &Ctx, watched: &Watched, code: Code) -> Result<(), Error> {
        let Self::Within(allowed_lag) = self else { return Ok(()) };
        let readiness = watched.look(ctx, allowed_lag).await?;
        let deployment = &watched.deployment;
        match readiness.state {
            Condition::Ready => Ok(()),
            Condition::Failing | Condition::Hydrating | Condition::Lagging => {
                let (ready, total) = (readiness.ready, readiness.total);
                let message = format!("{deployment} is not ready: {ready} of {total} objects are");
                Err(Error::new(code, message)
                    .with_lines(readiness.missing())
                    .effect("production is untouched; what was staged stays"))
            }
        }
    }
}

/// What is judged: an object that was recorded, and the name of its cluster.
#[derive(Clone, Debug)]
struct Recorded {
    name: String,
    id: ObjectId,
}

/// Judges one look; touches nothing.
fn assess(
    deployment: &DeploymentId,
    recorded: &[Recorded],
    facts: &HydrationFacts,
    names: &BTreeMap<ClusterId, String>,
    allowed_lag: Duration,
) -> Readiness {
    let mut objects = Vec::new();
    let mut clusters: BTreeMap<String, ClusterStatus> = BTreeMap::new();
    for object in recorded {
        let Some(found) = facts.objects.get(&object.id) else {
            objects.push(gone(object));
            continue;
        };
        // Views, tables and the like have no dataflow: what reads them is judged instead.
        let Some(id) = &found.cluster else { continue };
        let cluster = facts.clusters.get(id).cloned().unwrap_or_default();
        let (state, reason) = judge(object, found, &cluster, facts, allowed_lag);
        let name = names.get(id).cloned().unwrap_or_else(|| id.to_string());
        let entry = clusters.entry(name.clone()).or_insert_with(|| ClusterStatus {
            name,
            state: Condition::Ready,
            ready: 0,
            total: 0,
            reason: None,
        });
        entry.total += 1;
        entry.ready += usize::from(state == Condition::Ready);
        if state < entry.state {
            entry.state = state;
            entry.reason.clone_from(&reason);
        }
        let lag = lag(found.frontier, facts.now_ms);
        objects.push(status(object, state, lag, reason));
    }
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    Readiness {
        deployment: deployment.clone(),
        state: objects.iter().map(|object| object.state).min().unwrap_or(Condition::Ready),
        ready: objects.iter().filter(|object| object.state == Condition::Ready).count(),
        total: objects.len(),
        clusters: clusters.into_values().collect(),
        objects,
    }
}

fn status(object: &Recorded, state: Condition, lag_s: Option<f64>, reason: Option<String>) -> ObjectStatus {
    ObjectStatus { name: object.name.clone(), state, lag_s, reason }
}

/// Seconds behind the clock; `None` while nothing is known, 0 for what is complete for ever.
pub(super) fn lag(frontier: Frontier, now_ms: u64) -> Option<f64> {
    match frontier {
        Frontier::Unknown | Frontier::At(0) => None,
        Frontier::Complete => Some(0.0),
        Frontier::At(at) => Some(Duration::from_millis(now_ms.saturating_sub(at)).as_secs_f64()),
    }
}

/// Judges one object on its cluster.
fn judge(
    object: &Recorded,
    found: &ObjectFacts,
    cluster: &ClusterFacts,
    facts: &HydrationFacts,
    allowed_lag: Duration,
) -> (Condition, Option<String>) {
    if cluster.scheduled {
        // Switched on only around refreshes: it counts by its last completed one.
        return match facts.refreshed.get(&object.id) {
            Some(false) => (Condition::Hydrating, Some("its first refresh is not completed".to_owned())),
            Some(true) | None => (Condition::Ready, None),
        };
    }
    if cluster.replicas.is_empty() {
        return (Condition::Failing, Some("its cluster has no replica".to_owned()));
    }
    let failing =
        |replica: &ReplicaFacts| replica.recent_failures >= CRASH_LOOP && !replica.offline.is_empty();
    let staying = staying(cluster);
    let healthy: Vec<_> = staying.iter().filter(|(_, replica)| !failing(replica)).collect();
    if healthy.is_empty() {
        let reasons = staying.iter().flat_map(|(_, replica)| replica.offline.iter().flatten());
        let reason = reasons.max().map_or_else(|| "offline".to_owned(), Clone::clone);
        return (Condition::Failing, Some(format!("every replica of its cluster keeps failing ({reason})")));
    }
    // Every replica that works has to have everything. One that has not reported yet has nothing.
    let done = healthy.iter().filter(|(id, _)| found.hydrated.get(*id) == Some(&true)).count();
    if done < healthy.len() {
        let reason = (healthy.len() > 1).then(|| format!("hydrated on {done} of {} replicas", healthy.len()));
        return (Condition::Hydrating, reason);
    }
    match lag(found.frontier, facts.now_ms) {
        None => (Condition::Hydrating, Some("its lag is not known yet".to_owned())),
        Some(lag) if lag > allowed_lag.as_secs_f64() => {
            (Condition::Lagging, Some(format!("{lag:.0} s behind, {} s allowed", allowed_lag.as_secs())))
        }
        Some(_) => (Condition::Ready, None),
    }
}

/// The replicas that a cluster is going to keep. One that only helps it to hydrate proves nothing: what it
/// holds is gone when it goes, and where it cannot be made the others hydrate all the same.
fn staying(cluster: &ClusterFacts) -> Vec<(&ReplicaId, &ReplicaFacts)> {
    let keeps: Vec<_> = cluster.replicas.iter().filter(|(_, replica)| !replica.passing).collect();
    if keeps.is_empty() { cluster.replicas.iter().collect() } else { keeps }
}

/// The recorded objects of a deployment and where they run: what [`Watched::look`] judges.
#[derive(Clone, Debug)]
pub struct Watched {
    deployment: DeploymentId,
    recorded: Vec<Recorded>,
    names: BTreeMap<ClusterId, String>,
}

impl Watched {
    /// Reads what was recorded.
    ///
    /// # Errors
    /// `deployment.unknown`, `deployment.gone`, `swap.not-staged` while not everything is staged,
    /// `db.*`.
    pub async fn read(ctx: &Ctx, deployment: &DeploymentId) -> Result<Self, Error> {
        let ledger = ctx.ledger_or_refuse().await?;
        let rows = ctx.objects_of(&[deployment]).await?;
        Self::of(ledger.deployment(deployment)?, &rows, &*ctx.catalog().await?)
    }

    /// Watches what is recorded of a deployment's objects.
    ///
    /// # Errors
    /// As [`Watched::read`], without `db.*`.
    pub fn of(known: &Deployment, rows: &[DeployedObject], catalog: &Catalog) -> Result<Self, Error> {
        let deployment = &known.intent.deployment;
        match known.state {
            // What is being dropped may have been claimed, and may not: what stands of it tells.
            State::Staged
            | State::Promoted
            | State::Retiring
            | State::Retired
            | State::RolledBack
            | State::Aborting => {}
            State::Staging => {
                let message = format!("{deployment} is not staged completely");
                return Err(Error::new(Code::SwapNotStaged, message));
            }
            State::Aborted => {
                return Err(Error::new(Code::DeploymentGone, format!("{deployment} was dropped")));
            }
        }
        let built = rows.iter().filter(|row| row.change.is_built());
        let recorded = built.filter_map(|row: &DeployedObject| {
            row.object_id.clone().map(|id| Recorded { name: row.name.to_string(), id })
        });
        let recorded = recorded.collect();
        let mut names = BTreeMap::new();
        if let Some(done) = &known.done {
            for (pair, id) in known.intent.clusters.iter().zip(&done.clusters) {
                names.insert(id.clone(), pair.production.to_string());
            }
        }
        for (name, cluster) in &catalog.clusters {
            names.entry(cluster.id.clone()).or_insert_with(|| name.to_string());
        }
        Ok(Self { deployment: deployment.clone(), recorded, names })
    }

    /// Looks at all of it, once.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn look(&self, ctx: &Ctx, allowed_lag: Duration) -> Result<Readiness, Error> {
        if let Some(rehearsal) = ctx.rehearsal() {
            return Ok(assumed(&self.deployment, &self.recorded, rehearsal.borrow().assume));
        }
        let ids: Vec<ObjectId> = self.recorded.iter().map(|object| object.id.clone()).collect();
        let facts = db::hydration::read(ctx.session(), &ids).await?;
        Ok(assess(&self.deployment, &self.recorded, &facts, &self.names, allowed_lag))
    }
}

/// Looks at single objects, once, in their order; those that never hydrate are left out.
///
/// # Errors
/// `db.*`.
pub async fn of_objects(
    ctx: &Ctx,
    objects: &[(String, ObjectId)],
    allowed_lag: Duration,
) -> Result<Vec<(ObjectId, ObjectStatus)>, Error> {
    let recorded = objects.iter().map(|(name, id)| Recorded { name: name.clone(), id: id.clone() });
    if let Some(rehearsal) = ctx.rehearsal() {
        let state = rehearsal.borrow().assume.condition();
        return Ok(recorded.map(|object| (object.id.clone(), status(&object, state, None, None))).collect());
    }
    let ids: Vec<ObjectId> = objects.iter().map(|(_, id)| id.clone()).collect();
    let facts = db::hydration::read(ctx.session(), &ids).await?;
    let fares = recorded.filter_map(|object| {
        let Some(found) = facts.objects.get(&object.id) else {
            return Some((object.id.clone(), gone(&object)));
        };
        let cluster = facts.clusters.get(found.cluster.as_ref()?).cloned().unwrap_or_default();
        let (state, reason) = judge(&object, found, &cluster, &facts, allowed_lag);
        Some((object.id.clone(), status(&object, state, lag(found.frontier, facts.now_ms), reason)))
    });
    Ok(fares.collect())
}

fn gone(object: &Recorded) -> ObjectStatus {
    let reason = format!("{} is gone from the catalog: somebody dropped it", object.id);
    status(object, Condition::Failing, None, Some(reason))
}

impl Assume {
    /// How everything fares then.
    fn condition(self) -> Condition {
        match self {
            Self::Ready => Condition::Ready,
            Self::Failing => Condition::Failing,
            Self::Hydrating => Condition::Hydrating,
        }
    }
}

fn assumed(deployment: &DeploymentId, recorded: &[Recorded], assume: Assume) -> Readiness {
    let state = assume.condition();
    let objects: Vec<_> = recorded.iter().map(|object| status(object, state, None, None)).collect();
    let ready = if state == Condition::Ready { objects.len() } else { 0 };
    Readiness {
        deployment: deployment.clone(),
        state,
        ready,
        total: objects.len(),
        clusters: Vec::new(),
        objects,
    }
}

impl Readiness {
    /// One line for each object that is not ready.
    pub fn missing(&self) -> impl Iterator<Item = String> {
        let behind = self.objects.iter().filter(|object| object.state != Condition::Ready);
        behind.map(|object| match &object.reason {
            Some(reason) => format!("{} is {}: {reason}", object.name, object.state),
            None => format!("{} is {}", object.name, object.state),
        })
    }
}

#[cfg(test)]
mod tests;
