//! A resumed run that has staged already: its changes are what it recorded, not what is left.
//!
//! After a crash behind the swap the project equals production, and a fresh comparison would find
//! nothing to do, although sinks and the replaced version still wait.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Request;
use crate::deployment::record::Record;
use crate::primitives::changes::Beside;
use crate::primitives::changes::Changes;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// The changes that this run recorded before it was resumed; `None` where it had not got so far.
///
/// # Errors
/// `run.project-changed` where the project is not the one that was staged.
pub(super) fn changes(ctx: &Ctx, request: &Request) -> Result<Option<Changes>, Error> {
    let earlier = ctx.run.earlier();
    let intent = earlier.iter().rev().find_map(|entry| match &entry.record {
        Record::StageIntent(intent) => Some(intent),
        _ => None,
    });
    let contents = earlier.iter().rev().find_map(|entry| match &entry.record {
        Record::StageObjects(contents) => Some(contents),
        _ => None,
    });
    let (Some(intent), Some(contents)) = (intent, contents) else { return Ok(None) };
    let now = request.compiled.project.fingerprint().to_string();
    if now != intent.project_fingerprint {
        let message = format!("the project is not the one that {} was staged from", intent.deployment);
        return Err(Error::new(Code::RunProjectChanged, message)
            .deployment(&intent.deployment)
            .line(format!("staged from {}, the project is {now}", intent.project_fingerprint))
            .effect("nothing was changed"));
    }
    let beside = contents.indexes.iter().filter(|index| index.stands_beside());
    Ok(Some(Changes {
        compiled: Rc::clone(&request.compiled),
        isolation: intent.isolation,
        objects: contents.objects.clone(),
        schemas: intent.schemas.iter().map(|p| (p.production_name(), p.production_id.clone())).collect(),
        clusters: intent
            .clusters
            .iter()
            .map(|pair| (pair.production.clone(), pair.production_id.clone()))
            .collect::<BTreeMap<_, _>>(),
        beside: beside
            .map(|index| Beside {
                on: index.on.clone(),
                index: index.name.object.clone(),
                production_id: index.production_id.clone(),
            })
            .collect(),
        replaced_indexes: contents.replaced_indexes.clone(),
        in_place: contents.in_place.clone(),
        new_sinks: contents.new_sinks.clone(),
        base_epoch: intent.base_epoch,
        against: None,
        unchanged: 0,
        sinks: Vec::new(),
        foreign_dependents: Vec::new(),
        refusals: Vec::new(),
        recorded_as: Some(intent.deployment.clone()),
    }))
}
