//! The gate before a swap: policies are asked, again and again, until all of them say promote.
//!
//! A round has three parts, so that whoever runs other things beside can go on with them: facts are
//! collected with the run, what takes long is computed without it, and with the run again the
//! policies decide and what they said is recorded. Start reading at [`pass`].

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use self::gather::Gathered;
use self::stretch::Stretch;
use super::policy::Decision;
use super::policy::Policy;
use super::policy::moment;
use crate::clock::Deadline;
use crate::clock::Timestamp;
use crate::deployment::DeploymentId;
use crate::deployment::decision::PolicyDecided;
use crate::deployment::decision::Verdict;
use crate::deployment::record::Record;
use crate::event::Event;
use crate::primitives::approvals;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::evidence;

mod gather;
mod stretch;
mod summary;

/// What errors say of the world: nothing was swapped yet.
const UNTOUCHED: &str = "production is untouched; what was staged stays";

/// The policies of a run, and how long they may keep it waiting.
#[derive(Default)]
pub struct Gate {
    /// In the order in which they were named; names are unique.
    pub policies: Vec<Policy>,
    /// How long all of them may say wait; `None` is without an end.
    pub timeout: Option<Duration>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is to become production.
    pub deployment: DeploymentId,
    /// How far behind the server's clock an object may be.
    pub allowed_lag: Duration,
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nobody objects.
    Open,
    /// Somebody says wait: the pause before the next round.
    Again(Duration),
}

/// What a policy was asked and said so far.
#[derive(Default)]
struct Asked {
    times: u64,
    since: Option<Timestamp>,
    stretch: Stretch,
    said: Option<Decision>,
}

/// A question that is asked until it is answered.
pub struct Asking {
    gate: Rc<Gate>,
    question: Question,
    started: Duration,
    over: Deadline,
    needs: BTreeSet<&'static str>,
    asked: Vec<Asked>,
    /// How many people were asked to agree, once some were.
    wanted: u64,
}

/// The facts of a round.
pub struct Collected(Found);

enum Found {
    /// Nobody has to be asked: it is production already.
    Promoted,
    /// The connection broke.
    Lost,
    /// Facts.
    Facts(Box<Gathered>),
}

impl Gate {
    /// Begins to ask; `None` where there is nobody to ask.
    pub fn ask(self: &Rc<Self>, ctx: &Ctx, question: Question) -> Option<Asking> {
        if self.policies.is_empty() {
            return None;
        }
        let needs = self.policies.iter().flat_map(Policy::needs).copied().collect();
        let asked = self.policies.iter().map(|policy| before(ctx, &question.deployment, policy.name()));
        Some(Asking {
            started: ctx.clock.elapsed(),
            over: ctx.clock.deadline(self.timeout),
            asked: asked.collect(),
            wanted: 0,
            gate: Rc::clone(self),
            question,
            needs,
        })
    }
}

/// How often a policy was asked before the run was resumed.
fn before(ctx: &Ctx, deployment: &DeploymentId, policy: &str) -> Asked {
    let mut asked = Asked::default();
    for decided in evidence::decided(ctx, deployment).filter(|decided| decided.policy == policy) {
        asked.times += decided.askings;
        asked.since.get_or_insert(decided.since);
    }
    asked
}

impl Asking {
    /// Collects the facts of a round, as far as that takes the run.
    ///
    /// # Errors
    /// Those of the primitives that are asked; a lost connection is none.
    pub async fn collect(&self, ctx: &mut Ctx) -> Result<Collected, Error> {
        ctx.go_on()?;
        if ctx.session().is_closed() {
            ctx.reconnect().await?;
        }
        match gather::gather(ctx, &self.question, &self.needs).await {
            Ok(Some(gathered)) => Ok(Collected(Found::Facts(Box::new(gathered)))),
            Ok(None) => Ok(Collected(Found::Promoted)),
            // A server that restarts does not end a wait.
            Err(error) if error.code() == Code::DbLost => {
                if let Err(error) = ctx.reconnect().await {
                    tracing::debug!("reconnecting: {error}");
                }
                Ok(Collected(Found::Lost))
            }
            Err(error) => Err(error.of(&self.question.deployment)),
        }
    }

    /// Makes what was only prepared; the run is not needed meanwhile.
    ///
    /// # Errors
    /// `compare.*`; a lost connection is none.
    pub async fn settle(&self, collected: Collected) -> Result<Collected, Error> {
        let Found::Facts(mut gathered) = collected.0 else { return Ok(collected) };
        match gathered.settle().await {
            Ok(()) => Ok(Collected(Found::Facts(gathered))),
            Err(error) if error.code() == Code::DbLost => Ok(Collected(Found::Lost)),
            Err(error) => Err(error.effect(UNTOUCHED).of(&self.question.deployment)),
        }
    }

    /// Lets every policy decide, and records what they said.
    ///
    /// # Errors
    /// `policy.aborted`, `policy.timeout`, those of [`Policy::decide`], `run.fenced`, `db.*`.
    pub async fn decide(&mut self, ctx: &mut Ctx, collected: Collected) -> Result<Answer, Error> {
        let answer = self.answer(ctx, collected).await;
        answer.map_err(|error| error.of(&self.question.deployment))
    }

    async fn answer(&mut self, ctx: &mut Ctx, collected: Collected) -> Result<Answer, Error> {
        let gathered = match collected.0 {
            Found::Promoted => return Ok(Answer::Open),
            Found::Lost => return self.again(ctx, Duration::from_secs(1)),
            Found::Facts(gathered) => gathered,
        };
        let gate = Rc::clone(&self.gate);
        let mut pause: Option<Duration> = None;
        for (at, policy) in gate.policies.iter().enumerate() {
            let decision = self.one(ctx, at, policy, &gathered).await?;
            match decision.verdict {
                Verdict::Promote | Verdict::Abort => {}
                Verdict::Wait => {
                    pause = Some(pause.map_or(policy.poll(), |least| least.min(policy.poll())));
                    if policy.needs().contains(&"approvals") {
                        self.ask_people(ctx, gathered.approvals + 1).await?;
                    }
                }
            }
        }
        match pause {
            // Nothing comes to pass while nothing is done.
            Some(pause) if !ctx.is_rehearsal() => self.again(ctx, pause),
            Some(_) | None => Ok(Answer::Open),
        }
    }

    /// Lets people agree, one more than have: `mzflow approve` answers what a run has asked.
    async fn ask_people(&mut self, ctx: &mut Ctx, wanted: u64) -> Result<(), Error> {
        if ctx.is_rehearsal() || self.wanted == wanted {
            return Ok(());
        }
        self.wanted = wanted;
        let message = gather::approval_message(&self.question);
        let request = approvals::Request { message, nth: 1, approvals: wanted, from: Vec::new() };
        let question = approvals::ask(ctx, &request).await?;
        ctx.events.event(Event::ApprovalAsked {
            run: ctx.run.id.clone(),
            question: question.asked.question,
            message: question.asked.message,
            approvals: question.approvals.len() as u64,
            needed: wanted,
        });
        Ok(())
    }

    /// Asks one policy.
    async fn one(
        &mut self,
        ctx: &mut Ctx,
        at: usize,
        policy: &Policy,
        gathered: &Gathered,
    ) -> Result<Decision, Error> {
        let deployment = self.question.deployment.clone();
        let waited = ctx.clock.elapsed().saturating_sub(self.started);
        let Some(asked) = self.asked.get_mut(at) else {
            return Err(Error::bug("a policy is asked that nobody named"));
        };
        let since = *asked.since.get_or_insert(gathered.now);
        let facts = Rc::new(told(policy, gathered, asked.times + 1, since));
        let decided = match (policy.decide(&facts), &gathered.incomparable) {
            (Ok(decision), _) => Some(decision),
            // It got as far as to ask for what cannot be known yet: that is no decision of its own.
            (Err(error), Some(_)) if error.code() == Code::PolicyMissingFact => None,
            (Err(error), _) => return Err(error.effect(UNTOUCHED)),
        };
        let decision = match &decided {
            Some(decision) => decision.clone(),
            None => Decision { verdict: Verdict::Wait, reason: gathered.incomparable.clone() },
        };
        asked.times += u64::from(decided.is_some());
        asked.said = Some(decision.clone());
        let waits = decision.verdict == Verdict::Wait;
        ctx.events.event(Event::PolicyDecided {
            policy: policy.name().to_owned(),
            deployment: deployment.clone(),
            verdict: decision.verdict,
            reason: decision.reason.clone(),
            asked: asked.times,
            waited,
            again: (waits && !ctx.is_rehearsal()).then(|| policy.poll()),
        });
        if decided.is_some() {
            let rows = asked.stretch.take(PolicyDecided {
                deployment,
                policy: policy.name().to_owned(),
                verdict: decision.verdict,
                reason: decision.reason.clone(),
                facts: (*facts).clone(),
                askings: 1,
                since,
            });
            for row in rows {
                ctx.record(Record::PolicyDecided(row)).await?;
            }
        }
        match decision.verdict {
            Verdict::Abort => Err(aborted(policy, &decision, &facts)),
            Verdict::Promote | Verdict::Wait => Ok(decision),
        }
    }

    fn again(&self, ctx: &Ctx, pause: Duration) -> Result<Answer, Error> {
        if self.over.passed() {
            let waited = ctx.clock.elapsed().saturating_sub(self.started).as_secs();
            let message =
                format!("{} may not become production yet, after {waited} s", self.question.deployment);
            return Err(Error::new(Code::PolicyTimeout, message).effect(UNTOUCHED));
        }
        Ok(Answer::Again(self.over.remaining().map_or(pause, |left| left.min(pause))))
    }

    /// Ends the asking, with what comes of it: what was held back of the record is written, and an
    /// error says what was waited for.
    ///
    /// # Errors
    /// The one that it is given; `run.fenced`, `db.*`.
    pub async fn end(mut self, ctx: &mut Ctx, outcome: Result<(), Error>) -> Result<(), Error> {
        let held: Vec<PolicyDecided> =
            self.asked.iter_mut().filter_map(|asked| asked.stretch.end()).collect();
        let mut written = Ok(());
        for row in held {
            if written.is_ok() {
                written = ctx.record(Record::PolicyDecided(row)).await;
            }
        }
        // What went wrong first counts; that it could not be recorded besides is its consequence.
        outcome.map_err(|error| match error.code() {
            Code::PolicyAborted => error,
            _ => error.with_lines(self.waits()).of(&self.question.deployment),
        })?;
        written
    }

    /// A line for each policy that said wait the last time.
    fn waits(&self) -> Vec<String> {
        let said = self.gate.policies.iter().zip(&self.asked);
        let waits = said.filter_map(|(policy, asked)| {
            let decision = asked.said.as_ref().filter(|decision| decision.verdict == Verdict::Wait)?;
            let reason = decision.reason.as_deref().unwrap_or_default();
            let times = if asked.times == 1 { "once".to_owned() } else { format!("{} times", asked.times) };
            Some(format!("policy {} waits: {reason} (asked {times})", policy.name()))
        });
        waits.collect()
    }
}

/// What a policy is told.
fn told(policy: &Policy, gathered: &Gathered, asked: u64, since: Timestamp) -> Json {
    let mut facts = Map::new();
    facts.insert("now".to_owned(), policy.now(gathered.now));
    for (name, fact) in &gathered.facts {
        let is_its_own = crate::lua::registry::facts::ALWAYS.contains(&name.as_str());
        if is_its_own || policy.needs().contains(&name.as_str()) {
            facts.insert(name.clone(), fact.clone());
        }
    }
    let own = json!({
        "name": policy.name(),
        "asked": asked,
        "since": moment::iso(since),
        "waited_s": gather::seconds(gathered.now, since),
    });
    facts.insert("policy".to_owned(), own);
    Json::Object(facts)
}

fn aborted(policy: &Policy, decision: &Decision, facts: &Json) -> Error {
    let reason = decision.reason.as_deref().unwrap_or_default();
    let message = format!("policy {} says no: {reason}", policy.name());
    Error::new(Code::PolicyAborted, message).with_lines(summary::lines(facts)).effect(UNTOUCHED)
}

/// Asks until every policy says promote, with the run in hand.
///
/// # Errors
/// `policy.*`, `run.interrupted`, `run.deadline`, and those of the primitives that are asked.
///
/// # Cancel
/// Safe: asking changes nothing but the journal.
pub async fn pass(gate: &Rc<Gate>, ctx: &mut Ctx, question: Question) -> Result<(), Error> {
    let Some(mut asking) = gate.ask(ctx, question) else { return Ok(()) };
    let outcome = until_open(&mut asking, ctx).await;
    asking.end(ctx, outcome).await
}

async fn until_open(asking: &mut Asking, ctx: &mut Ctx) -> Result<(), Error> {
    loop {
        let collected = asking.settle(asking.collect(ctx).await?).await?;
        match asking.decide(ctx, collected).await? {
            Answer::Open => return Ok(()),
            Answer::Again(pause) => {
                let deadline = ctx.deadline.clone();
                ctx.interrupt_or_sleep(&deadline, pause).await?;
            }
        }
    }
}
