//! The questions that runs wait with, as `list`, `describe` and `approve` show them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::moment;
use crate::db::journal::Which;
use crate::deployment::RunId;
use crate::deployment::record::Record;
use crate::deployment::record::RunStatus;
use crate::primitives::approvals;
use crate::primitives::approvals::Question;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::ledger::Deployment;

/// Open questions by run, each run's oldest first; no run without any.
pub(crate) type Waits = BTreeMap<RunId, Vec<Question>>;

/// The questions that runs wait with.
pub(crate) async fn waits(ctx: &Ctx) -> Result<Waits, Error> {
    let entries = ctx.entries(Which::Kinds(&approvals::KINDS)).await?;
    let asking = entries.iter().filter(|entry| matches!(entry.record, Record::ApprovalAsked(_)));
    let runs: BTreeSet<&RunId> = asking.map(|entry| &entry.run).collect();
    let open = runs.into_iter().map(|run| {
        let asked = approvals::of_run(run, &entries);
        // What has ended for another reason is not paused, whatever it once asked.
        let is_waiting = matches!(asked.ended, None | Some(RunStatus::Paused));
        (run.clone(), asked.open().filter(|_| is_waiting).cloned().collect::<Vec<_>>())
    });
    Ok(open.filter(|(_, questions)| !questions.is_empty()).collect())
}

/// The runs that wait and are none of those, each with its first question.
pub(crate) fn alone(waits: &Waits, is_shown: impl Fn(&RunId) -> bool) -> Vec<(&RunId, &Question)> {
    let alone = waits.iter().filter(|(run, _)| !is_shown(run));
    alone.filter_map(|(run, questions)| Some((run, questions.first()?))).collect()
}

/// The question with which a run of this deployment waits, the newest run's first.
pub(crate) fn of<'w>(deployment: &Deployment, waits: &'w Waits) -> Option<(&'w RunId, &'w Question)> {
    deployment.runs.iter().rev().find_map(|run| {
        let (run, questions) = waits.get_key_value(run)?;
        Some((run, questions.first()?))
    })
}

/// What is asked, and what to type.
pub(crate) fn next(run: &RunId, question: &Question) -> String {
    format!("{} ({}): mzflow approve {run}", question.asked.message, question.progress())
}

/// A question as programs see it.
pub(crate) fn told(run: &RunId, question: &Question) -> Value {
    let given = question.approvals.iter();
    let given: Vec<Value> = given
        .map(|given| json!({ "by": given.by, "at": moment(given.at), "comment": given.comment }))
        .collect();
    json!({
        "run": run,
        "question": question.asked.question,
        "message": question.asked.message,
        "approvals": given,
        "needed": question.asked.approvals,
        "from": question.asked.from,
        "asked_at": moment(question.at),
        "asked_by": question.by,
    })
}

/// A deployment with the question that it waits with, if it does.
pub(crate) fn with_waits(mut told: Value, deployment: &Deployment, waits: &Waits) -> Value {
    if let (Value::Object(fields), Some((run, question))) = (&mut told, of(deployment, waits)) {
        fields.insert("waits_for".to_owned(), self::told(run, question));
    }
    told
}

/// A run that waits before it has staged anything.
pub(crate) fn told_alone(run: &RunId, question: &Question) -> Value {
    json!({
        "deployment": null,
        "state": "paused",
        "by": question.by,
        "runs": [run],
        "waits_for": told(run, question),
    })
}
