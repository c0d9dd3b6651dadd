//! Deployments whose last run has not done what it was to do: how far they have come, and what goes on with them.
//!
//! The journal tells how a run has ended by itself. One that has died says nothing: it is known to be dead where
//! its role has no session open any more. Start reading at [`read`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::db;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::record::Record;
use crate::deployment::record::RunStatus;
use crate::deployment::state::State;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::ledger::Deployment;
use crate::primitives::scope::Scope;

/// The rows that tell how a run has begun and ended.
const KINDS: [&str; 2] = ["run.started", "run.finished"];

/// A deployment whose last run is not done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// That run.
    run: RunId,
    /// Whether it is one of a recipe, and not of a verb.
    pub(crate) is_recipe: bool,
    /// How it has ended; one that has died was interrupted. `None` where it is under way, or may be.
    pub(crate) ended: Option<RunStatus>,
    /// How many of its objects stand, where not all of them are known to.
    pub(crate) built: Option<usize>,
}

/// By the deployment's id.
pub(crate) type AllUnfinished = BTreeMap<DeploymentId, Unfinished>;

/// Those of these deployments.
///
/// # Errors
/// `db.*`.
pub(crate) async fn read(ctx: &Ctx, open: &[(&DeploymentId, &Deployment)]) -> Result<AllUnfinished, Error> {
    let rows = last_rows(ctx, open).await?;
    if rows.is_empty() {
        return Ok(AllUnfinished::new());
    }
    let connected = match db::sessions::roles_of_others(ctx.session()).await {
        Ok(roles) => Some(roles),
        Err(unread) => {
            tracing::debug!("who is connected is not told: {unread}");
            None
        }
    };
    let built = built(ctx, open).await?;
    let found = open.iter().filter_map(|(id, _)| {
        let unfinished = assess(rows.get(*id)?, connected.as_ref())?;
        Some(((*id).clone(), Unfinished { built: built.get(*id).copied(), ..unfinished }))
    });
    Ok(found.collect())
}

/// The rows of the last run of each. One that another run was ahead of has left the work to that, and the run before
/// it counts: it is read only then, for these rows hold the texts of recipes.
async fn last_rows(
    ctx: &Ctx,
    open: &[(&DeploymentId, &Deployment)],
) -> Result<BTreeMap<DeploymentId, Vec<Entry>>, Error> {
    let mut left: Vec<(&DeploymentId, &[RunId])> =
        open.iter().map(|(id, known)| (*id, known.runs.as_slice())).collect();
    let mut rows = BTreeMap::new();
    loop {
        let last: Vec<RunId> = left.iter().filter_map(|(_, runs)| runs.last().cloned()).collect();
        if last.is_empty() {
            return Ok(rows);
        }
        let mut by_run: BTreeMap<RunId, Vec<Entry>> = BTreeMap::new();
        for entry in ctx.entries(Which::OfRuns(&last, &KINDS)).await? {
            by_run.entry(entry.run.clone()).or_default().push(entry);
        }
        let mut before = Vec::new();
        for (id, runs) in left {
            let Some((run, earlier)) = runs.split_last() else { continue };
            match by_run.get(run) {
                Some(own) if was_fenced(own) => before.push((id, earlier)),
                Some(own) => drop(rows.insert(id.clone(), own.clone())),
                None => {}
            }
        }
        left = before;
    }
}

/// Whether a run has stopped because another one does the same.
fn was_fenced(rows: &[Entry]) -> bool {
    rows.iter().any(|entry| match &entry.record {
        Record::RunFinished(finished) => finished.code.as_deref() == Some(Code::RunFenced.as_str()),
        _ => false,
    })
}

/// How a run stands that is not done; `connected` are the roles with a session, where the server tells.
fn assess(entries: &[Entry], connected: Option<&BTreeSet<String>>) -> Option<Unfinished> {
    let (began, started) = entries.iter().find_map(|entry| match &entry.record {
        Record::RunStarted(started) => Some((entry, started)),
        _ => None,
    })?;
    let finished = entries.iter().rev().find_map(|entry| match &entry.record {
        Record::RunFinished(finished) => Some(finished.status),
        _ => None,
    });
    let is_dead = connected.is_some_and(|roles| !roles.contains(&began.actor));
    let ended = finished.or(is_dead.then_some(RunStatus::Interrupted));
    let is_recipe = !started.source.is_empty();
    let unfinished = Unfinished { run: began.run.clone(), is_recipe, ended, built: None };
    (ended != Some(RunStatus::Done)).then_some(unfinished)
}

/// How many objects stand of each deployment that is not known to be complete.
async fn built(
    ctx: &Ctx,
    open: &[(&DeploymentId, &Deployment)],
) -> Result<BTreeMap<DeploymentId, usize>, Error> {
    let staging: Vec<&Deployment> =
        open.iter().map(|(_, known)| *known).filter(|known| known.state == State::Staging).collect();
    if staging.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (scopes, catalog) = (Scope::read_all(ctx, &staging).await?, ctx.catalog().await?);
    let count = |scope: &Scope| {
        let built = scope.contents.objects.iter().filter(|object| object.change.is_built());
        built.filter(|object| catalog.object(&scope.intent.staging_name(object)).is_some()).count()
    };
    Ok(scopes.iter().map(|scope| (scope.deployment().clone(), count(scope))).collect())
}

impl Unfinished {
    /// The command that goes on with it, as long as not all of it stands.
    pub(crate) fn next(&self, id: &DeploymentId) -> String {
        match self.is_recipe {
            true => format!("mzflow resume {}", self.run),
            // No other verb stages.
            false => format!("mzflow stage --id {id}"),
        }
    }
}

/// A deployment with how far it has come, for programs.
pub(crate) fn with_progress(mut told: Value, unfinished: Option<&Unfinished>) -> Value {
    if let (Value::Object(fields), Some(unfinished)) = (&mut told, unfinished) {
        fields.extend(unfinished.ended.map(|status| ("stopped".to_owned(), status.as_str().into())));
        fields.extend(unfinished.built.map(|built| ("built".to_owned(), built.into())));
    }
    told
}

#[cfg(test)]
pub(super) mod tests {
    use expect_test::Expect;
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;
    use crate::deployment::record::RunFinished;
    use crate::deployment::record::RunStarted;

    /// The rows of a run of a verb or a recipe, of which a source is recorded; with an end if it has one.
    pub(in crate::cli) fn entries(recipe: &str, source: &str, status: Option<RunStatus>) -> Vec<Entry> {
        let started = RunStarted {
            recipe: recipe.to_owned(),
            source: source.to_owned(),
            file: String::new(),
            modules: BTreeMap::new(),
            arguments: json!({}),
            version: "0.1.0".to_owned(),
            commit: None,
            policies: Vec::new(),
            policy_timeout_ms: None,
        };
        let finished =
            status.map(|status| Record::RunFinished(RunFinished { status, code: None, message: None }));
        let records = std::iter::once(Record::RunStarted(started)).chain(finished);
        let entry = |(seq, record)| Entry {
            run: "r-1".parse().expect("an id"),
            seq,
            at: Timestamp(0),
            actor: "ann".to_owned(),
            record,
        };
        (1..).zip(records).map(entry).collect()
    }

    #[track_caller]
    fn check(source: &str, status: Option<RunStatus>, connected: Option<&[&str]>, expect: Expect) {
        let entries = entries("stage", source, status);
        let connected = connected.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect());
        let found = assess(&entries, connected.as_ref());
        let told = found.map_or_else(
            || "done".to_owned(),
            |found| {
                let ended = found.ended.map_or("under way", RunStatus::as_str);
                format!("{ended}: {}", found.next(&"one".parse().expect("an id")))
            },
        );
        expect.assert_eq(&told);
    }

    #[test]
    fn a_run_has_ended_where_it_says_so_or_nobody_is_there_who_could_go_on() {
        check("-- x", Some(RunStatus::Done), Some(&[]), expect!["done"]);
        check("-- x", Some(RunStatus::Failed), Some(&["ann"]), expect!["failed: mzflow resume r-1"]);
        check("-- x", None, Some(&["bob"]), expect!["interrupted: mzflow resume r-1"]);
        check("-- x", None, Some(&["ann", "bob"]), expect!["under way: mzflow resume r-1"]);
        check("-- x", None, None, expect!["under way: mzflow resume r-1"]);
        check("", Some(RunStatus::Interrupted), None, expect!["interrupted: mzflow stage --id one"]);
    }
}
