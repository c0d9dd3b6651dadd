//! shift: lets new sessions of roles read a deployment that is not production.
//!
//! Sets `search_path` and `cluster` of each role to the staging names; what they were is recorded before,
//! so that `unshift`, and whoever swaps or drops the deployment, puts them back. Refuses:
//! `shift.unknown-role`, `shift.unfit-role`, `shift.taken`, `shift.no-green`, `shift.not-ready`,
//! `shift.nothing-to-shift`, `shift.ambiguous-database`, `shift.missing-privilege`, `shift.needs-createrole`,
//! `shift.overtaken`.
//! Start reading at [`run`]; what is set is decided in [`decide`].

use std::collections::BTreeSet;

use serde::Serialize;

use super::allowed;
use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Deployment;
use super::readiness::ReadyCheck;
use super::readiness::Watched;
use super::scope::Scope;
use super::shifted;
use crate::catalog::Catalog;
use crate::db;
use crate::db::apply::Applied;
use crate::db::apply::OnFailure;
use crate::db::roles::Roles;
use crate::deployment::DeploymentId;
use crate::deployment::record::Record;
use crate::deployment::record::StageDone;
use crate::deployment::record::StageIntent;
use crate::deployment::shift::ShiftDone;
use crate::deployment::shift::ShiftIntent;
use crate::deployment::shift::ShiftedRole;
use crate::deployment::state::State;
use crate::event::Event;
use crate::event::RoleShift;
use crate::name::Ident;
use crate::name::RoleName;
use crate::plan::Plan;
use crate::plan::step::Step;

mod decide;
mod privileges;

use decide::Decided;
use decide::Facts;

/// Names the roles, and what they are to read.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The roles, as the server has their names or as SQL writes them.
    pub roles: Vec<String>,
    /// The database in which their sessions look names up, where that cannot be told from the environment.
    pub database: Option<Ident>,
    /// Whether the deployment has to be ready.
    pub ready: ReadyCheck,
}

/// Tells who reads the deployment now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The roles, in the order in which they were named.
    pub roles: Vec<Reader>,
    /// What goes on reading production all the same, a sentence each.
    pub unaffected: Vec<String>,
}

/// A role that reads the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reader {
    /// The role.
    pub role: String,
    /// Its search path.
    pub search_path: Moved,
    /// Its cluster; nothing where it stays the same.
    pub cluster: Option<Moved>,
    /// Sessions that were open, and read production until they connect again.
    pub open_sessions: usize,
    /// Whether it was set now, or was before.
    pub changed: bool,
}

/// A setting, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// What sessions of the role began with.
    pub before: String,
    /// What they begin with now.
    pub after: String,
}

/// Lets new sessions of the roles read the deployment; repeating it finds done what was done.
///
/// # Errors
/// See the head of this file; besides, `shift.rejected`, `swap.not-staged`, `swap.staging-moved`,
/// `deployment.unknown`, `deployment.gone`, `run.interrupted`, `run.fenced`, `db.*`. On any of them the
/// roles of this call are as they were.
///
/// # Cancel
/// Not safe; Ctrl-C is noticed between two statements, and undoes those before it.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    shift(ctx, request).await.map_err(|error| error.of(&request.deployment))
}

async fn shift(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let id = &request.deployment;
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(id)?.clone();
    let (scope, rows) = Scope::with_rows(ctx, &known).await?;
    possible(&known, &scope)?;
    let watched = Watched::of(&known, &rows, &*ctx.catalog().await?)?;
    request.ready.make(ctx, &watched, Code::ShiftNotReady).await?;
    let catalog = ctx.reread().await?;
    stands(&scope.intent, scope.complete()?, &catalog)?;
    let own = catalog.role_settings.get(&catalog.session.role);
    let roles = db::roles::read(ctx.session(), own).await?;
    let facts = Facts {
        intent: &scope.intent,
        catalog: &catalog,
        roles: &roles,
        ledger: &ledger,
        database: request.database.as_ref(),
    };
    let mut names = request.roles.clone();
    if ctx.is_rehearsal() {
        // A role that the same rehearsal has made is not there to be looked at.
        names.retain(|name| decide::named(name, &roles).is_ok());
    }
    let decided = decide_all(&facts, &names)?;
    let open = decided.iter().any(|one| {
        !one.settings.is_empty() || known.shifts.get(&one.role).is_some_and(|shift| !shift.is_done)
    });
    if open {
        carry_out(ctx, id, &decided).await?;
        let told = decided.iter().map(|one| told(one, &roles));
        ctx.events.event(Event::Shifted { deployment: id.clone(), roles: told.collect() });
    }
    Ok(outcome(id, &decided, &roles))
}

/// Decides on every role before anything is set of one.
fn decide_all(facts: &Facts<'_>, names: &[String]) -> Result<Vec<Decided>, Error> {
    let mut decided: Vec<Decided> = Vec::new();
    for text in names {
        let name = decide::named(text, facts.roles)?;
        if decided.iter().all(|one| one.role != name) {
            decided.push(decide::role(facts, &name)?);
        }
    }
    let me = &facts.catalog.session.role;
    let sets_others = decided.iter().any(|one| one.role != *me);
    if let Some(line) = allowed::on_system(facts.catalog, "CREATEROLE").filter(|_| sets_others) {
        // `setup` gives it to nobody: whoever has it can become a member of any role.
        let message = format!("{me} may not change the settings of roles");
        return Err(Error::new(Code::ShiftNeedsCreaterole, message).line(line).effect("nothing was changed"));
    }
    Ok(decided)
}

/// Fails where the deployment has nothing beside production.
fn possible(known: &Deployment, scope: &Scope) -> Result<(), Error> {
    let id = scope.deployment();
    let refuse =
        |code, message: &str| Err(Error::new(code, format!("{id} {message}")).effect("nothing was changed"));
    match known.state {
        State::Staging => refuse(Code::SwapNotStaged, "is not staged completely"),
        State::Promoted | State::Retiring | State::Retired => {
            refuse(Code::ShiftNoGreen, "is production: every session reads it")
        }
        State::Aborting | State::Aborted => refuse(Code::DeploymentGone, "was dropped"),
        State::Staged | State::RolledBack if !scope.intent.isolation.swaps_schemas() => refuse(
            Code::ShiftNoGreen,
            "is staged with isolation object: its objects stand in production's own schemas, and a search path \
             cannot tell them apart",
        ),
        State::Staged | State::RolledBack if scope.intent.schemas.is_empty() => {
            refuse(Code::ShiftNoGreen, "stages no schema: a search path has nothing to name")
        }
        State::Staged | State::RolledBack => Ok(()),
    }
}

/// Fails where something else stands under a staging name.
fn stands(intent: &StageIntent, done: &StageDone, catalog: &Catalog) -> Result<(), Error> {
    let schemas = intent.schemas.iter().zip(&done.schemas).filter(|(pair, id)| {
        catalog.schemas.get(&pair.staging_name()).is_none_or(|schema| schema.id != **id)
    });
    let clusters =
        intent.clusters.iter().zip(&done.clusters).filter(|(pair, id)| {
            catalog.clusters.get(&pair.staging).is_none_or(|cluster| cluster.id != **id)
        });
    let schemas = schemas.map(|(pair, id)| format!("schema {} is not {id}", pair.staging_name()));
    let lines: Vec<String> =
        schemas.chain(clusters.map(|(pair, id)| format!("cluster {} is not {id}", pair.staging))).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let id = &intent.deployment;
    let message = format!("what stands under the staging names of {id} is not what was recorded");
    Err(Error::new(Code::SwapStagingMoved, message).with_lines(lines).effect("nothing was changed"))
}

/// Records, sets, looks whether that was right, records.
async fn carry_out(ctx: &mut Ctx, id: &DeploymentId, decided: &[Decided]) -> Result<(), Error> {
    let names: BTreeSet<RoleName> = decided.iter().map(|one| one.role.clone()).collect();
    let changed = decided.iter().filter(|one| !one.settings.is_empty());
    let roles: Vec<ShiftedRole> =
        changed.map(|one| ShiftedRole { role: one.role.clone(), settings: one.settings.clone() }).collect();
    let mut plan = Plan::new();
    plan.each(roles.iter().flat_map(|one| {
        one.settings.iter().map(|setting| Step::SetRole {
            role: one.role.clone(),
            parameter: setting.parameter,
            value: Some(setting.after.clone()),
        })
    }));
    let intent = ShiftIntent { deployment: id.clone(), roles };
    if !intent.roles.is_empty() {
        ctx.record(Record::ShiftIntent(intent.clone())).await?;
    }
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    let outcome = match failed(applied) {
        Some(error) => Err(error),
        None => still_recorded(ctx, &intent).await,
    };
    if let Err(error) = outcome {
        return Err(undone(ctx, id, &names, error).await);
    }
    let done = ShiftDone { deployment: id.clone(), roles: names.into_iter().collect() };
    ctx.record(Record::ShiftDone(done)).await
}

fn failed(applied: Applied) -> Option<Error> {
    if let Some((step, error)) = applied.failed.into_iter().next() {
        let lost = error.outcome_unknown();
        let message = format!("cannot {}: {}", step.what(), error.message());
        let code = if lost { Code::DbLost } else { Code::ShiftRejected };
        return Some(Error::server(code, message, &error));
    }
    applied.interrupted.then(|| Error::new(Code::RunInterrupted, "stopped, as asked, while roles were set"))
}

/// Whoever swaps, drops or puts back does so with the roles that were recorded. A statement that was under
/// way meanwhile comes too late: what it set means something else by now, and is put back here.
async fn still_recorded(ctx: &mut Ctx, intent: &ShiftIntent) -> Result<(), Error> {
    let id = &intent.deployment;
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(id)?;
    let is_green = match known.state {
        State::Staged | State::RolledBack => true,
        State::Staging
        | State::Promoted
        | State::Retiring
        | State::Retired
        | State::Aborting
        | State::Aborted => false,
    };
    if is_green && intent.roles.iter().all(|one| known.shifts.contains_key(&one.role)) {
        return Ok(());
    }
    // Recorded once more, for it is so: whoever put them back has crossed it off.
    ctx.record(Record::ShiftIntent(intent.clone())).await?;
    let message = format!("{id} was promoted, dropped, or its roles put back, while roles were being set");
    Err(Error::new(Code::ShiftOvertaken, message))
}

/// The error, once the roles are as they were; with what went wrong there if they are not.
async fn undone(ctx: &mut Ctx, id: &DeploymentId, names: &BTreeSet<RoleName>, error: Error) -> Error {
    match shifted::put_back(ctx, id, Some(names)).await {
        Ok(_) => error.effect("the roles are as they were; production is untouched"),
        Err(other) => error.also(vec![other]),
    }
}

fn told(decided: &Decided, roles: &Roles) -> RoleShift {
    let (before, after) = &decided.cluster;
    RoleShift {
        role: decided.role.to_string(),
        search_path: decided.search_path.1.clone(),
        cluster: (before != after).then(|| after.clone()),
        open_sessions: roles.by_name.get(&decided.role).map_or(0, |role| role.sessions),
    }
}

fn outcome(id: &DeploymentId, decided: &[Decided], roles: &Roles) -> Outcome {
    let moved = |(before, after): &(String, String)| Moved { before: before.clone(), after: after.clone() };
    let readers = decided.iter().map(|one| Reader {
        role: one.role.to_string(),
        search_path: moved(&one.search_path),
        cluster: (one.cluster.0 != one.cluster.1).then(|| moved(&one.cluster)),
        open_sessions: roles.by_name.get(&one.role).map_or(0, |role| role.sessions),
        changed: !one.settings.is_empty(),
    });
    Outcome { deployment: id.clone(), roles: readers.collect(), unaffected: unaffected(decided, roles) }
}

/// What no setting of a role reaches.
fn unaffected(decided: &[Decided], roles: &Roles) -> Vec<String> {
    let mut told = vec![
        "names that are qualified with their schema or database".to_owned(),
        "sessions that are open, until they connect again".to_owned(),
        "sessions that set a search path or a cluster of their own, also in their connection's options"
            .to_owned(),
    ];
    for one in decided {
        let members = roles.by_name.get(&one.role).map(|role| &role.members);
        if let Some(members) = members.filter(|members| !members.is_empty()) {
            let members: Vec<String> = members.iter().map(ToString::to_string).collect();
            told.push(format!(
                "members of {}, who do not inherit settings: {}",
                one.role,
                members.join(", ")
            ));
        }
        if one.cluster.0 == one.cluster.1 {
            told.push(format!("the cluster of {}, which has no clone: {}", one.role, one.cluster.0));
        }
    }
    told
}

#[cfg(test)]
mod tests;
