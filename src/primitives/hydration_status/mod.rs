//! hydration_status: tells how far a deployment has come, by recorded id.
//!
//! Reads, never writes; the judgement is [`super::readiness`]'s. Refuses: `hydration.timeout`,
//! `hydration.failing` (from [`wait`] alone). Start reading at [`run`].

use std::time::Duration;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::readiness::Condition;
use super::readiness::Readiness;
use super::readiness::Watched;
use crate::clock::Deadline;
use crate::deployment::DeploymentId;
use crate::event::ClusterProgress;
use crate::event::Event;
use crate::event::HydrationProgress;

/// How long [`wait`] waits where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The pause between two looks, once a wait has lasted a while.
///
/// Source: hydration is reported about once a second, lag once a minute (`design/materialize.md` 9).
pub const POLL: Duration = Duration::from_secs(1);

/// The pause after the first look; small things are ready at once.
const FIRST_POLL: Duration = Duration::from_millis(20);

/// Names what to look at.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment.
    pub deployment: DeploymentId,
    /// How far behind the server's clock an object may be.
    pub allowed_lag: Duration,
}

/// Looks once.
///
/// # Errors
/// `deployment.unknown`, `deployment.gone`, `swap.not-staged` while not everything is staged, `db.*`.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Readiness, Error> {
    let looked =
        async { Watched::read(ctx, &request.deployment).await?.look(ctx, request.allowed_lag).await };
    looked.await.map_err(|error| error.of(&request.deployment))
}

/// Fails where a deployment is production already: nobody has to wait for it. A recipe that is gone on with behind its
/// swap looks at it all the same.
///
/// # Errors
/// `swap.already-promoted`, `deployment.unknown`, `setup.missing`, `db.*`.
pub async fn is_awaited(ctx: &Ctx, deployment: &DeploymentId) -> Result<(), Error> {
    if !ctx.ledger_or_refuse().await?.deployment(deployment)?.state.is_promoted() {
        return Ok(());
    }
    let message = format!("{deployment} is production already: there is nothing to wait for");
    Err(Error::new(Code::SwapAlreadyPromoted, message).of(deployment).effect("nothing was changed"))
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
    ctx: &mut Ctx,
    wait: &Wait,
    on_look: &mut dyn FnMut(&Readiness) -> Result<(), Error>,
) -> Result<Readiness, Error> {
    waited(ctx, wait, on_look).await.map_err(|error| error.of(&wait.request.deployment))
}

async fn waited(
    ctx: &mut Ctx,
    wait: &Wait,
    on_look: &mut dyn FnMut(&Readiness) -> Result<(), Error>,
) -> Result<Readiness, Error> {
    let mut waiting = Waiting::begin(ctx, wait.clone()).await?;
    loop {
        match waiting.look(ctx, on_look).await? {
            Looked::Ready(outcome) => return Ok(*outcome),
            Looked::Again(pause) => ctx.interrupt_or_sleep(&waiting.deadline, pause).await?,
        }
    }
}

/// What a look has seen.
#[derive(Debug)]
pub enum Looked {
    /// Everything is ready.
    Ready(Box<Readiness>),
    /// It is not yet: the pause before the next look.
    Again(Duration),
}

/// A wait, a look at a time: between two of them the environment is free for others.
#[derive(Debug)]
pub struct Waiting {
    watched: Watched,
    wait: Wait,
    started: Duration,
    deadline: Deadline,
    pause: Duration,
    lost: bool,
}

impl Waiting {
    /// Begins to wait.
    ///
    /// # Errors
    /// Those of [`run`].
    pub async fn begin(ctx: &mut Ctx, wait: Wait) -> Result<Self, Error> {
        let watched = Watched::read(ctx, &wait.request.deployment).await;
        let watched = watched.map_err(|error| error.of(&wait.request.deployment))?;
        let started = ctx.clock.elapsed();
        let deadline = ctx.clock.deadline(wait.timeout).sooner(ctx.deadline.clone());
        Ok(Self { watched, wait, started, deadline, pause: FIRST_POLL, lost: false })
    }

    /// Looks once.
    ///
    /// # Errors
    /// Those of [`wait`].
    pub async fn look(
        &mut self,
        ctx: &mut Ctx,
        on_look: &mut dyn FnMut(&Readiness) -> Result<(), Error>,
    ) -> Result<Looked, Error> {
        let looked = self.looked(ctx, on_look).await;
        looked.map_err(|error| error.of(&self.wait.request.deployment))
    }

    async fn looked(
        &mut self,
        ctx: &mut Ctx,
        on_look: &mut dyn FnMut(&Readiness) -> Result<(), Error>,
    ) -> Result<Looked, Error> {
        ctx.go_on()?;
        if std::mem::take(&mut self.lost)
            && let Err(error) = ctx.reconnect().await
        {
            tracing::debug!("reconnecting: {error}");
        }
        let outcome = match self.watched.look(ctx, self.wait.request.allowed_lag).await {
            Ok(outcome) => outcome,
            // A server that restarts does not end a wait; the deadline does.
            Err(error) if error.code() == Code::DbLost && !self.deadline.passed() => {
                self.lost = true;
                return Ok(Looked::Again(self.wait.poll));
            }
            Err(error) => return Err(error),
        };
        on_look(&outcome)?;
        let waited = ctx.clock.elapsed().saturating_sub(self.started);
        let progress = progress(&outcome, waited);
        match outcome.state {
            Condition::Ready => {
                ctx.events.event(Event::Hydrated { progress });
                return Ok(Looked::Ready(Box::new(outcome)));
            }
            Condition::Failing => {
                ctx.events.event(Event::Hydration(progress));
                return Err(failing(&outcome));
            }
            Condition::Hydrating | Condition::Lagging => ctx.events.event(Event::Hydration(progress)),
        }
        if self.deadline.passed() || ctx.is_rehearsal() {
            return Err(timed_out(&outcome, waited));
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(self.wait.poll);
        // The last look comes when the time is over, not a pause later.
        Ok(Looked::Again(self.deadline.remaining().map_or(pause, |left| left.min(pause))))
    }
}

fn progress(outcome: &Readiness, waited: Duration) -> HydrationProgress {
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

fn failing(outcome: &Readiness) -> Error {
    let message = format!("{} cannot become ready", outcome.deployment);
    Error::new(Code::HydrationFailing, message)
        .with_lines(outcome.missing())
        .effect("production is untouched; what was staged stays")
}

fn timed_out(outcome: &Readiness, waited: Duration) -> Error {
    let message = format!(
        "{} is not ready after {} s: {} of {} objects are",
        outcome.deployment,
        waited.as_secs(),
        outcome.ready,
        outcome.total
    );
    Error::new(Code::HydrationTimeout, message)
        .with_lines(outcome.missing())
        .effect("production is untouched; what was staged stays and goes on hydrating")
}
