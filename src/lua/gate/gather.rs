//! The facts that policies are told: what the primitives read, put into the form of the registry.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::Question;
use crate::clock::Timestamp;
use crate::deployment::change::Change;
use crate::lua::policy::moment;
use crate::primitives::approvals;
use crate::primitives::compare;
use crate::primitives::compare::Choice;
use crate::primitives::compare::Outcome;
use crate::primitives::compare::Prepared;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::evidence;
use crate::primitives::evidence::Evidence;
use crate::primitives::hydration_status;
use crate::primitives::ledger::Deployment;
use crate::primitives::readiness::Condition;
use crate::primitives::readiness::Readiness;

/// What was gathered in one round; each policy is told what it needs of it.
pub(super) struct Gathered {
    /// The server's time.
    pub(super) now: Timestamp,
    /// By the names of the registry; `now` and `policy` are each policy's own.
    pub(super) facts: Map<String, Json>,
    /// A comparison that is to be made yet.
    pub(super) compare: Option<Prepared>,
    /// Why there is no comparison, although one is needed.
    pub(super) incomparable: Option<String>,
    /// How many people have agreed.
    pub(super) approvals: u64,
}

/// What people are asked while a policy waits for them.
pub(super) fn approval_message(question: &Question) -> String {
    format!("may {} become production?", question.deployment)
}

impl Gathered {
    /// Makes the comparison, which may take its time and does without the run.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        if let Some(prepared) = self.compare.take() {
            let outcome = compare::run(prepared).await?.judge(&mut |_, _| Ok(false))?;
            self.facts.insert("compare".to_owned(), compared(&outcome));
        }
        Ok(())
    }
}

/// Seconds between two moments of the server's.
pub(super) fn seconds(now: Timestamp, then: Timestamp) -> Json {
    let elapsed = now.since(then);
    if elapsed.subsec_millis() == 0 { elapsed.as_secs().into() } else { elapsed.as_secs_f64().into() }
}

/// Gathers what is needed; `None` where the deployment is production already, and nobody is asked.
///
/// # Errors
/// Those of the primitives that are asked.
pub(super) async fn gather(
    ctx: &mut Ctx,
    question: &Question,
    needs: &BTreeSet<&'static str>,
) -> Result<Option<Gathered>, Error> {
    let Some(evidence) = evidence::read(ctx, &question.deployment).await? else { return Ok(None) };
    let mut facts = Map::new();
    facts.insert("deployment".to_owned(), told_deployment(&evidence));
    facts.insert("run".to_owned(), told_run(ctx, &evidence));
    let known = &evidence.deployment;
    if needs.contains("changes") {
        facts.insert("changes".to_owned(), changes(ctx, known).await?);
    }
    let mut readiness = None;
    if needs.contains("hydration") || needs.contains("compare") {
        let request = hydration_status::Request {
            deployment: question.deployment.clone(),
            allowed_lag: question.allowed_lag,
        };
        readiness = Some(hydration_status::run(ctx, &request).await?);
    }
    if let Some(readiness) = readiness.as_ref().filter(|_| needs.contains("hydration")) {
        let blue = evidence::blue_lag(ctx, known).await?;
        facts.insert("hydration".to_owned(), hydration(readiness, &blue));
    }
    let mut gathered = Gathered { now: evidence.now, facts, compare: None, incomparable: None, approvals: 0 };
    if needs.contains("approvals") {
        agreed(ctx, question, &mut gathered).await?;
    }
    if let Some(readiness) = readiness.filter(|_| needs.contains("compare")) {
        comparison(ctx, question, &readiness, &mut gathered).await?;
    }
    Ok(Some(gathered))
}

/// Who has agreed that this deployment becomes production, when this run asked; a no is an error.
async fn agreed(ctx: &mut Ctx, question: &Question, gathered: &mut Gathered) -> Result<(), Error> {
    let message = approval_message(question);
    let asked = approvals::of_this_run(ctx).await?.questions;
    let asked = asked.into_iter().find(|question| question.asked.message == message);
    if let Some(error) = asked.as_ref().and_then(approvals::denied) {
        return Err(error);
    }
    let given = asked.map(|question| question.approvals).unwrap_or_default();
    let told = given.iter().map(|given| {
        json!({
            "by": given.by,
            "at": moment::iso(given.at),
            "age_s": seconds(gathered.now, given.at),
            "comment": given.comment,
        })
    });
    gathered.facts.insert("approvals".to_owned(), told.collect());
    gathered.approvals = given.len() as u64;
    Ok(())
}

/// Prepares to compare. What is not ready would be waited for by the server, for as long as it takes:
/// until then there is no such fact.
async fn comparison(
    ctx: &Ctx,
    question: &Question,
    readiness: &Readiness,
    gathered: &mut Gathered,
) -> Result<(), Error> {
    if readiness.state != Condition::Ready {
        let (ready, total) = (readiness.ready, readiness.total);
        let why =
            format!("`compare` is not known before everything is ready: {ready} of {total} objects are");
        gathered.facts.insert("compare".to_owned(), Json::Null);
        gathered.incomparable = Some(why);
        return Ok(());
    }
    let request = compare::Request {
        deployment: question.deployment.clone(),
        objects: None,
        key: Choice::default(),
        allow: Choice::default(),
        samples: 0,
        cluster: None,
        timeout: compare::TIMEOUT,
    };
    gathered.compare = Some(compare::prepare(ctx, &request).await?);
    Ok(())
}

fn compared(outcome: &Outcome) -> Json {
    let objects = outcome.objects.iter().map(|object| {
        let columns = json!({
            "added": object.columns.added,
            "removed": object.columns.removed,
            "retyped": object.columns.retyped.iter().map(|column| &column.name).collect::<Vec<_>>(),
            "reordered": object.columns.reordered,
        });
        let fact = json!({
            "state": object.state,
            "kind": object.kind,
            "rows_blue": object.rows_blue,
            "rows_green": object.rows_green,
            "added": object.added,
            "removed": object.removed,
            "columns": columns,
        });
        (object.name.clone(), fact)
    });
    Json::Object(objects.collect())
}

fn told_deployment(evidence: &Evidence) -> Json {
    let Deployment { intent, staged_at, actor, .. } = &evidence.deployment;
    let schemas = intent.touched().map(|schema| schema.to_string());
    let replaced_in = intent.replaced_in.iter().map(|pair| pair.production_name().to_string());
    let clusters = intent.clusters.iter().map(|pair| pair.production.to_string());
    json!({
        "id": intent.deployment,
        "isolation": intent.isolation.as_str(),
        "objects": intent.built,
        "schemas": schemas.collect::<Vec<_>>(),
        "replaced_in": replaced_in.collect::<Vec<_>>(),
        "clusters": clusters.collect::<Vec<_>>(),
        "staged_at": moment::iso(*staged_at),
        "staged_by": actor,
        "age_s": seconds(evidence.now, *staged_at),
        "commit": intent.commit,
    })
}

fn told_run(ctx: &Ctx, evidence: &Evidence) -> Json {
    json!({
        "id": ctx.run.id,
        "recipe": ctx.run.started.recipe,
        "args": ctx.run.started.arguments,
        "started_by": evidence.started_by,
    })
}

/// The changes that policies are told of: what is unchanged is in no deployment.
const CHANGES: [Change; 8] = [
    Change::Added,
    Change::Changed,
    Change::Removed,
    Change::Drifted,
    Change::Dependent,
    Change::Carried,
    Change::Reindexed,
    Change::Metadata,
];

async fn changes(ctx: &Ctx, known: &Deployment) -> Result<Json, Error> {
    let found = evidence::changes(ctx, known).await?;
    let names = |change: &Change| found.get(change).cloned().unwrap_or_default();
    let counted = CHANGES.iter().map(|change| (change.as_str().to_owned(), names(change).len().into()));
    let summary: Map<String, Json> = counted.collect();
    let mut told = Map::from_iter([("summary".to_owned(), Json::Object(summary))]);
    told.extend(CHANGES.iter().map(|change| (change.as_str().to_owned(), names(change).into())));
    Ok(Json::Object(told))
}

/// Readiness, beside what it would replace.
fn hydration(readiness: &Readiness, blue: &BTreeMap<String, f64>) -> Json {
    let most = |lags: &mut dyn Iterator<Item = f64>| lags.reduce(f64::max);
    let objects = readiness.objects.iter().map(|object| {
        json!({
            "name": object.name,
            "state": object.state.as_str(),
            "lag_s": object.lag_s,
            "blue_lag_s": blue.get(&object.name),
            "reason": object.reason,
        })
    });
    json!({
        "state": readiness.state.as_str(),
        "ready": readiness.ready,
        "total": readiness.total,
        "lag_s": most(&mut readiness.objects.iter().filter_map(|object| object.lag_s)),
        "blue_lag_s": most(&mut blue.values().copied()),
        "objects": objects.collect::<Vec<_>>(),
        "clusters": readiness.clusters,
    })
}
