//! hydration_status: tells how far a deployment has come, by recorded id.
//!
//! Reads, never writes. An object the catalog does not mention yet is hydrating, never ready; lag
//! that is not known is not zero. Refuses: `hydration.timeout`, `hydration.failing` (from
//! [`wait`] alone). Start reading at [`assess`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::rehearsal::Assume;
use crate::db;
use crate::db::hydration::ClusterFacts;
use crate::db::hydration::Frontier;
use crate::db::hydration::HydrationFacts;
use crate::db::hydration::ObjectFacts;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::state::State;
use crate::event::ClusterProgress;
use crate::event::Event;
use crate::event::HydrationProgress;
use crate::name::ClusterId;
use crate::name::ObjectId;

/// The lag that is allowed where nothing else is said.
pub const ALLOWED_LAG: Duration = Duration::from_secs(300);

/// How long [`wait`] waits where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The pause between two looks, once a wait has lasted a while.
///
/// Source: hydration is reported about once a second, lag once a minute (`design/materialize.md` 9).
pub const POLL: Duration = Duration::from_secs(1);

/// The pause after the first look; small things are ready at once.
const FIRST_POLL: Duration = Duration::from_millis(20);

/// So many failures of a replica within five minutes are a crash loop, not a restart.
const CRASH_LOOP: usize = 3;

/// Names what to look at.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment.
    pub deployment: DeploymentId,
    /// How far behind the server's clock an object may be.
    pub allowed_lag: Duration,
}

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
pub struct Outcome {
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
) -> Outcome {
    let mut objects = Vec::new();
    let mut clusters: BTreeMap<String, ClusterStatus> = BTreeMap::new();
    for object in recorded {
        let Some(found) = facts.objects.get(&object.id) else {
            let reason = format!("{} is gone from the catalog: somebody dropped it", object.id);
            objects.push(status(object, Condition::Failing, None, Some(reason)));
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
    Outcome {
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
fn lag(frontier: Frontier, now_ms: u64) -> Option<f64> {
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
    let failing = |replica: &db::hydration::ReplicaFacts| {
        replica.recent_failures >= CRASH_LOOP && !replica.offline.is_empty()
    };
    let healthy: Vec<_> = cluster.replicas.iter().filter(|(_, replica)| !failing(replica)).collect();
    if healthy.is_empty() {
        let reasons = cluster.replicas.values().flat_map(|replica| replica.offline.iter().flatten());
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

/// Looks once.
///
/// # Errors
/// `deployment.unknown`, `deployment.gone`, `swap.not-staged` while not everything is staged, `db.*`.
pub async fn run(ctx: &mut Ctx<'_>, request: &Request) -> Result<Outcome, Error> {
    let (recorded, names) = recorded(ctx, &request.deployment).await?;
    look(ctx, request, &recorded, &names).await
}

async fn look(
    ctx: &Ctx<'_>,
    request: &Request,
    recorded: &[Recorded],
    names: &BTreeMap<ClusterId, String>,
) -> Result<Outcome, Error> {
    if let Some(rehearsal) = ctx.rehearsal() {
        return Ok(assumed(&request.deployment, recorded, rehearsal.borrow().assume));
    }
    let ids: Vec<ObjectId> = recorded.iter().map(|object| object.id.clone()).collect();
    let facts = db::hydration::read(ctx.session(), &ids).await?;
    Ok(assess(&request.deployment, recorded, &facts, names, request.allowed_lag))
}

fn assumed(deployment: &DeploymentId, recorded: &[Recorded], assume: Assume) -> Outcome {
    let state = match assume {
        Assume::Ready => Condition::Ready,
        Assume::Failing => Condition::Failing,
        Assume::Hydrating => Condition::Hydrating,
    };
    let objects: Vec<_> = recorded.iter().map(|object| status(object, state, None, None)).collect();
    let ready = if state == Condition::Ready { objects.len() } else { 0 };
    Outcome {
        deployment: deployment.clone(),
        state,
        ready,
        total: objects.len(),
        clusters: Vec::new(),
        objects,
    }
}

/// The objects of a deployment by their recorded ids, and the names of its clusters.
async fn recorded(
    ctx: &Ctx<'_>,
    deployment: &DeploymentId,
) -> Result<(Vec<Recorded>, BTreeMap<ClusterId, String>), Error> {
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(deployment)?;
    match known.state {
        State::Staged | State::Promoted | State::Retiring | State::Retired | State::RolledBack => {}
        State::Staging => {
            let message = format!("{deployment} is not staged completely");
            return Err(Error::new(Code::SwapNotStaged, message));
        }
        State::Aborting | State::Aborted => {
            return Err(Error::new(Code::DeploymentGone, format!("{deployment} was dropped")));
        }
    }
    let rows = ctx.objects_of(deployment).await?;
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
    for (name, cluster) in ctx.catalog().await?.clusters {
        names.entry(cluster.id).or_insert_with(|| name.to_string());
    }
    Ok((recorded, names))
}

/// How to wait.
#[derive(Clone, Debug)]
pub struct Wait {
    /// What to look at.
    pub request: Request,
    /// How long; `None` is until it is ready.
    pub timeout: Option<Duration>,
    /// The longest pause between two looks.
    pub poll: Duration,
}

/// Looks until everything is ready, telling `on_look` of each look.
///
/// # Errors
/// `hydration.failing` at once when a cluster cannot make progress, `hydration.timeout` with what
/// was missing, `run.interrupted`, and those of [`run`].
pub async fn wait(
    ctx: &mut Ctx<'_>,
    wait: &Wait,
    on_look: &mut dyn FnMut(&Outcome) -> Result<(), Error>,
) -> Result<Outcome, Error> {
    let (recorded, names) = recorded(ctx, &wait.request.deployment).await?;
    let started = ctx.clock.elapsed();
    let deadline = ctx.clock.deadline(wait.timeout).sooner(ctx.deadline.clone());
    let mut pause = FIRST_POLL;
    loop {
        ctx.go_on()?;
        let outcome = match look(ctx, &wait.request, &recorded, &names).await {
            Ok(outcome) => outcome,
            // A server that restarts does not end a wait; the deadline does.
            Err(error) if error.code() == Code::DbLost && !deadline.passed() => {
                deadline.sleep(wait.poll).await;
                if let Err(error) = ctx.reconnect().await {
                    tracing::debug!("reconnecting: {error}");
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        on_look(&outcome)?;
        let progress = progress(&outcome, ctx.clock.elapsed().saturating_sub(started));
        match outcome.state {
            Condition::Ready => {
                ctx.events.event(Event::Hydrated { progress });
                return Ok(outcome);
            }
            Condition::Failing => {
                ctx.events.event(Event::Hydration(progress));
                return Err(failing(&outcome));
            }
            Condition::Hydrating | Condition::Lagging => ctx.events.event(Event::Hydration(progress)),
        }
        if deadline.passed() || ctx.is_rehearsal() {
            return Err(timed_out(&outcome, ctx.clock.elapsed().saturating_sub(started)));
        }
        sleep(ctx, &deadline, pause).await;
        pause = (pause * 2).min(wait.poll);
    }
}

/// Sleeps in small pieces, so that Ctrl-C is noticed soon.
async fn sleep(ctx: &Ctx<'_>, deadline: &crate::clock::Deadline, pause: Duration) {
    const NOTICE: Duration = Duration::from_millis(100);
    let mut left = pause;
    while !left.is_zero() && !ctx.interrupt.is_asked() && !deadline.passed() {
        let piece = left.min(NOTICE);
        deadline.sleep(piece).await;
        left = left.saturating_sub(piece);
    }
}

fn progress(outcome: &Outcome, waited: Duration) -> HydrationProgress {
    let lag = outcome
        .objects
        .iter()
        .filter_map(|object| object.lag_s)
        .fold(None, |most: Option<f64>, lag| Some(most.map_or(lag, |most| most.max(lag))));
    let behind = outcome.objects.iter().filter(|object| object.state != Condition::Ready);
    let slowest = behind.min_by_key(|object| object.state);
    HydrationProgress {
        deployment: outcome.deployment.clone(),
        state: outcome.state.as_str(),
        ready: outcome.ready,
        total: outcome.total,
        clusters: outcome
            .clusters
            .iter()
            .map(|cluster| ClusterProgress {
                name: cluster.name.clone(),
                state: cluster.state.as_str(),
                ready: cluster.ready,
                total: cluster.total,
            })
            .collect(),
        lag: lag.map(Duration::from_secs_f64),
        slowest: slowest.map(|object| {
            (object.name.clone(), object.reason.clone().unwrap_or_else(|| object.state.as_str().to_owned()))
        }),
        waited,
    }
}

/// One line for each object that is not ready.
pub(super) fn missing(outcome: &Outcome) -> impl Iterator<Item = String> {
    let behind = outcome.objects.iter().filter(|object| object.state != Condition::Ready);
    behind.map(|object| match &object.reason {
        Some(reason) => format!("{} is {}: {reason}", object.name, object.state),
        None => format!("{} is {}", object.name, object.state),
    })
}

fn failing(outcome: &Outcome) -> Error {
    let message = format!("{} cannot become ready", outcome.deployment);
    Error::new(Code::HydrationFailing, message)
        .with_lines(missing(outcome))
        .effect("production is untouched; what was staged stays")
}

fn timed_out(outcome: &Outcome, waited: Duration) -> Error {
    let message = format!(
        "{} is not ready after {} s: {} of {} objects are",
        outcome.deployment,
        waited.as_secs(),
        outcome.ready,
        outcome.total
    );
    Error::new(Code::HydrationTimeout, message)
        .with_lines(missing(outcome))
        .effect("production is untouched; what was staged stays and goes on hydrating")
}

#[cfg(test)]
mod tests;
