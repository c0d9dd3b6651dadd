//! adopt: takes over what somebody else built: by hand, with dbt, with mz-deploy.
//!
//! Writes down which object stands under each name of the project and what it means, as a promotion
//! does; touches none of them. Like a promotion it renames the epoch marker, so that of two runs
//! that happen at once one is refused. What differs from its file is told, and left alone unless it
//! is asked for. Start reading at [`sorted`].

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;

use super::code::Code;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use super::exchange::ConflictCheck;
use super::exchange::Exchange;
use super::exchange::aftermath;
use super::exchange::aftermath::Rest;
use super::ledger::Deployment;
use super::ledger::Ledger;
use super::scope::Scope;
use super::stored;
use super::stored::Meanings;
use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::db;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::Isolation;
use crate::deployment::change::Change;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::Record;
use crate::deployment::record::StageDone;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::record::StagedObject;
use crate::deployment::rights::Undo;
use crate::deployment::state::State;
use crate::deployment::way::Way;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;

/// What becomes of objects that are not what their file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Differing {
    /// They are told and left alone: `diff` goes on calling them changed.
    #[default]
    Left,
    /// They are taken over as they stand, so that a later change by somebody else is known as one.
    Taken,
}

/// Names what is taken over.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project.
    pub compiled: Rc<Compiled>,
    /// What becomes of objects that are not what their file says.
    pub differing: Differing,
}

/// An object that is not what its file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its full name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// In which way, in words.
    pub reason: String,
    /// Whether it was taken over all the same.
    pub adopted: bool,
}

/// Tells what was taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What it is recorded as; `None` where nothing was to take over.
    pub deployment: Option<DeploymentId>,
    /// The objects that were taken over.
    pub adopted: Vec<String>,
    /// Those that are not what their file says.
    pub differing: Vec<Difference>,
    /// Objects of the project that production does not have.
    pub missing: Vec<String>,
    /// How many objects were known before.
    pub known: usize,
}

/// What an object comes to.
#[derive(Debug)]
struct Taken {
    object: StagedObject,
    id: ObjectId,
    /// Of what stands there: the file's where they are the same.
    fingerprint: String,
}

/// The project's objects, by what can be done with each.
#[derive(Debug, Default)]
struct Sorted {
    taken: Vec<Taken>,
    differing: Vec<Difference>,
    missing: Vec<String>,
    known: usize,
}

/// Sorts the project's objects; touches nothing.
fn sorted(
    request: &Request,
    catalog: &Catalog,
    snapshot: &BTreeMap<ObjectName, DeployedObject>,
    stored: &Meanings,
) -> Sorted {
    let mut sorted = Sorted::default();
    for object in request.compiled.project.objects.iter().filter(|object| object.kind.is_staged()) {
        let Some(found) = catalog.object(&object.name) else {
            sorted.missing.push(object.name.to_string());
            continue;
        };
        let row = snapshot.get(&object.name);
        if row.is_some_and(|row| row.object_id.as_ref() == Some(&found.id)) {
            sorted.known += 1;
            continue;
        }
        let stands = stored.whole.get(&found.id);
        if stands.is_some_and(|stands| stands == object.stored_fingerprint.as_str()) {
            sorted.taken.push(taken(object, &found.id, object.fingerprint.to_string()));
            continue;
        }
        let own = stored.own.get(&found.id);
        let reason = match stands {
            Some(_) if own.is_some_and(|own| own == object.own_fingerprint.as_str()) => {
                "its indexes are others".to_owned()
            }
            Some(_) => "its definition is another one".to_owned(),
            None if found.kind != object.kind => format!("it is a {}, not a {}", found.kind, object.kind),
            None => "its definition, or that of an index of it, cannot be read".to_owned(),
        };
        let as_it_is = stands.filter(|_| request.differing == Differing::Taken);
        sorted.differing.push(Difference {
            name: object.name.to_string(),
            file: object.file.clone(),
            reason,
            adopted: as_it_is.is_some(),
        });
        sorted.taken.extend(as_it_is.map(|stands| taken(object, &found.id, stands.clone())));
    }
    sorted
}

fn taken(object: &Object, id: &ObjectId, fingerprint: String) -> Taken {
    let staged = StagedObject {
        way: Way::Swapped,
        name: object.name.clone(),
        kind: object.kind,
        change: Change::Unchanged,
        because: Vec::new(),
        fingerprint: fingerprint.clone(),
        metadata_fingerprint: object.metadata_fingerprint.to_string(),
        production_id: Some(id.clone()),
        file: Some(object.file.clone()),
        staging: None,
        retired: None,
    };
    Taken { object: staged, id: id.clone(), fingerprint }
}

/// The rows of what is taken over: each object, and its indexes, which are the project's from now on.
fn rows(deployment: &DeploymentId, sorted: &Sorted, catalog: &Catalog) -> Vec<DeployedObject> {
    let row = |name: &ObjectName, kind, id: &ObjectId| DeployedObject {
        deployment: deployment.clone(),
        name: name.clone(),
        kind,
        object_id: Some(id.clone()),
        green_name: name.clone(),
        fingerprint: String::new(),
        metadata_fingerprint: String::new(),
        change: Change::Unchanged,
    };
    let mut rows = Vec::new();
    let mut relations: BTreeMap<&ObjectId, ()> = BTreeMap::new();
    for taken in &sorted.taken {
        relations.insert(&taken.id, ());
        let mut own = row(&taken.object.name, taken.object.kind, &taken.id);
        own.fingerprint.clone_from(&taken.fingerprint);
        own.metadata_fingerprint.clone_from(&taken.object.metadata_fingerprint);
        rows.push(own);
    }
    let indexes = catalog.objects.values().filter(|index| {
        index.kind == ObjectKind::Index && index.on.as_ref().is_some_and(|on| relations.contains_key(on))
    });
    rows.extend(indexes.map(|index| row(&index.name, ObjectKind::Index, &index.id)));
    rows
}

/// What it is recorded as: `adopt-` and the project's fingerprint, with a counter where an earlier
/// adoption that is over has taken that; one that was cut is gone on with.
fn recorded_as(compiled: &Compiled, ledger: &Ledger) -> Result<DeploymentId, Error> {
    // So many adoptions of one project are no accident any more.
    const MOST: usize = 1_000;
    let text = compiled.project.fingerprint().to_string();
    let digits: String = text.trim_start_matches("v1:").chars().take(7).collect();
    let bug = |error| Error::bug(format!("the id of an adoption is none: {error}"));
    let first: DeploymentId = format!("adopt-{digits}").parse().map_err(bug)?;
    for counter in 1..=MOST {
        let id = if counter == 1 { first.clone() } else { first.numbered(counter).map_err(bug)? };
        let is_free = ledger.deployments.get(&id).is_none_or(|known| match known.state {
            State::Staging | State::Staged | State::Aborted => true,
            State::Promoted | State::RolledBack | State::Aborting | State::Retiring | State::Retired => false,
        });
        if is_free {
            return Ok(id);
        }
    }
    Err(Error::new(Code::StageAlreadyExists, format!("{first} and every number behind it are taken")))
}

/// Takes over; repeating it takes over what is left, and writes nothing where that is nothing.
///
/// # Errors
/// `setup.missing`, `swap.conflict`, `swap.rejected`, `run.interrupted`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe inside a statement; Ctrl-C is noticed between two. What was not finished counts for nothing.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let catalog = ctx.catalog().await?;
    let ledger = ctx.ledger_or_refuse().await?;
    settle(ctx, &ledger).await?;
    let newest = db::snapshot::newest(ctx.session(), &ledger.standing()).await?;
    let snapshot = newest.into_iter().map(|row| (row.name.clone(), row)).collect();
    let stored = stored::read(ctx, &request.compiled, &catalog, &snapshot).await?;
    let sorted = sorted(request, &catalog, &snapshot, &stored);
    let deployment = if sorted.taken.is_empty() {
        None
    } else {
        Some(write(ctx, request, &ledger, &sorted, &catalog).await?)
    };
    Ok(Outcome {
        deployment,
        adopted: sorted.taken.iter().map(|taken| taken.object.name.to_string()).collect(),
        differing: sorted.differing,
        missing: sorted.missing,
        known: sorted.known,
    })
}

/// Finishes the record of an adoption whose process died behind its COMMIT.
async fn settle(ctx: &mut Ctx, ledger: &Ledger) -> Result<(), Error> {
    let is_open =
        |known: &&Deployment| known.state == State::Promoted && !known.settled && is_adoption(known);
    for known in ledger.deployments.values().filter(is_open) {
        if let Some(entry) = &known.swapped {
            let scope = Scope::read(ctx, known).await?;
            aftermath::resume(ctx, scope, entry, Rest::All).await?;
        }
    }
    Ok(())
}

/// Whether a deployment is one of ours: it builds and exchanges nothing.
fn is_adoption(known: &Deployment) -> bool {
    let intent = &known.intent;
    intent.deployment.as_str().starts_with("adopt-") && intent.schemas.is_empty() && intent.built == 0
}

async fn write(
    ctx: &mut Ctx,
    request: &Request,
    ledger: &Ledger,
    sorted: &Sorted,
    catalog: &Catalog,
) -> Result<DeploymentId, Error> {
    ctx.go_on()?;
    let project = &request.compiled.project;
    let id = recorded_as(&request.compiled, ledger)?;
    let intent = StageIntent {
        deployment: id.clone(),
        project_fingerprint: project.fingerprint().to_string(),
        isolation: Isolation::default(),
        base_epoch: ledger.marker.epoch,
        commit: ctx.run.started.commit.clone(),
        project_schemas: project.schemas.iter().map(|schema| schema.name.clone()).collect(),
        schemas: Vec::new(),
        clusters: Vec::new(),
        within: Vec::new(),
        built: 0,
        stable: project.schemas.iter().filter(|s| s.stable).map(|s| s.name.clone()).collect(),
        replaced_in: Vec::new(),
    };
    let mut contents = StageObjects::empty(id.clone());
    contents.objects = sorted.taken.iter().map(|taken| taken.object.clone()).collect();
    let done = StageDone {
        deployment: id.clone(),
        schemas: Vec::new(),
        clusters: Vec::new(),
        replaced_in: Vec::new(),
    };
    if ledger.deployments.contains_key(&id) {
        // Cut before it counted: what it wrote of then may have been replaced since.
        ctx.forget_objects(&id).await?;
    }
    let planned = vec![Record::StageIntent(intent.clone()), Record::StageObjects(contents.clone())];
    ctx.record_all(planned).await?;
    ctx.record_objects(&rows(&id, sorted, catalog)).await?;
    ctx.record(Record::StageDone(done.clone())).await?;
    let (built, undo) = (BTreeMap::new(), Undo::default());
    let scope = Scope { intent, contents, done: Some(done), built, undo };
    let exchange = Exchange::new(scope, SwapKind::Promotion, ConflictCheck::Made, 0);
    let committed = exchange.make(ctx).await?;
    aftermath::finish(ctx, &committed).await?;
    Ok(id)
}

#[cfg(test)]
mod tests;
