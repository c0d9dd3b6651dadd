//! A resumed run that has staged already: its changes are what it recorded, not what is left.
//!
//! After a crash behind the swap the project equals production, and a fresh comparison would find
//! nothing to do, although sinks and the replaced version still wait.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::Request;
use crate::compiler::project::Project;
use crate::db::journal::Entry;
use crate::deployment::record::Record;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::way::Way;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::primitives::changes::Beside;
use crate::primitives::changes::Changes;
use crate::primitives::changes::stable::GoneIndex;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// The changes of this project that the run recorded before it was resumed; `None` where it had not
/// got so far. A run may have staged several projects.
///
/// # Errors
/// `run.project-changed` where the project is not the one that was staged.
pub(super) async fn changes(ctx: &Ctx, request: &Request) -> Result<Option<Changes>, Error> {
    let Some((intent, contents)) = recorded(ctx.run.earlier(), &request.compiled.project)? else {
        return Ok(None);
    };
    // What is not staged yet is staged with what the project had granted before it.
    let ledger = ctx.ledger().await?;
    let claims = ledger.map(|ledger| ledger.claims(&intent.project_schemas.iter().cloned().collect()));
    let claims = claims.unwrap_or_default();
    // Those of what gets its name by a rename are built with it.
    let renamed = |on: &ObjectName| contents.objects.iter().any(|o| o.name == *on && o.way == Way::Renamed);
    let (gone, beside): (Vec<_>, Vec<_>) = contents
        .indexes
        .iter()
        .filter(|index| index.stands_beside() && !renamed(&index.on))
        .partition(|index| index.removed);
    let in_place = intent.replaced_in.iter();
    Ok(Some(Changes {
        compiled: Rc::clone(&request.compiled),
        isolation: intent.isolation,
        objects: contents.objects.clone(),
        schemas: intent.schemas.iter().map(|p| (p.production_name(), p.production_id.clone())).collect(),
        within: intent.within.clone(),
        clusters: intent
            .clusters
            .iter()
            .map(|pair| (pair.production.clone(), pair.production_id.clone()))
            .collect::<BTreeMap<_, _>>(),
        replaced_in: in_place.filter_map(|p| Some((p.production_name(), p.production_id.clone()?))).collect(),
        stable: intent.stable.clone(),
        gone_indexes: gone
            .into_iter()
            .filter_map(|index| {
                let (name, on, id) = (index.name.clone(), index.on.clone(), index.production_id.clone()?);
                Some(GoneIndex { name, on, id })
            })
            .collect(),
        restored: contents.restored.clone(),
        carried_along: contents.carried_along.clone(),
        kept: Vec::new(),
        beside: beside
            .into_iter()
            .map(|index| Beside {
                on: index.on.clone(),
                index: index.name.object.clone(),
                production_id: index.production_id.clone(),
            })
            .collect(),
        replaced_indexes: contents.replaced_indexes.clone(),
        in_place: contents.in_place.clone(),
        new_sinks: contents.new_sinks.clone(),
        after: Vec::new(),
        repointed: contents.repointed.clone(),
        changed_sinks: Vec::new(),
        base_epoch: intent.base_epoch,
        against: None,
        unchanged: 0,
        sinks: Vec::new(),
        foreign_dependents: Vec::new(),
        refusals: Vec::new(),
        said: BTreeMap::new(),
        claims,
        recorded_as: Some(intent.deployment.clone()),
    }))
}

/// What a run has recorded of this project.
fn recorded<'e>(
    earlier: &'e [Entry],
    project: &Project,
) -> Result<Option<(&'e StageIntent, &'e StageObjects)>, Error> {
    let staged = staged(earlier);
    if staged.is_empty() {
        return Ok(None);
    }
    let now = project.fingerprint().to_string();
    let own: BTreeSet<&SchemaName> = project.schemas.iter().map(|schema| &schema.name).collect();
    let of_ours = |intent: &StageIntent| intent.project_schemas.iter().any(|name| own.contains(name));
    let newest =
        |is_it: &dyn Fn(&StageIntent) -> bool| staged.iter().rev().find(|(intent, _)| is_it(intent)).copied();
    match newest(&|intent| intent.project_fingerprint == now) {
        Some(found) => Ok(Some(found)),
        None => newest(&of_ours).map_or(Ok(None), |(intent, _)| Err(changed(intent, &now))),
    }
}

/// What a run has staged, oldest first: the last intent of each deployment with its contents.
fn staged(earlier: &[Entry]) -> Vec<(&StageIntent, &StageObjects)> {
    let mut staged: Vec<(&StageIntent, &StageObjects)> = Vec::new();
    for entry in earlier {
        let Record::StageIntent(intent) = &entry.record else { continue };
        let contents = earlier.iter().rev().find_map(|entry| match &entry.record {
            Record::StageObjects(contents) if contents.deployment == intent.deployment => Some(contents),
            _ => None,
        });
        staged.retain(|(before, _)| before.deployment != intent.deployment);
        staged.extend(contents.map(|contents| (intent, contents)));
    }
    staged
}

fn changed(intent: &StageIntent, now: &str) -> Error {
    let message = format!("the project is not the one that {} was staged from", intent.deployment);
    Error::new(Code::RunProjectChanged, message)
        .deployment(&intent.deployment)
        .line(format!("staged from {}, the project is {now}", intent.project_fingerprint))
        .effect("nothing was changed")
}
