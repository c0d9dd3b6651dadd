//! What an exchange does behind its transaction: materialized views that are replaced in place.
//!
//! `APPLY REPLACEMENT` is no part of a transaction, waits for what it replaces to catch up, and keeps no
//! comments. Each is looked at before and after, so that a run that died here is finished by repeating it.
//! Start reading at [`apply`].
//!
//! Source: `design/materialize.md` 1.7, recorded in `full/19_replacements.slt`.

use std::time::Duration;

use super::super::carried;
use super::super::ctx::Ctx;
use super::super::error::Error;
use super::super::scope;
use super::super::scope::Scope;
use super::following;
use crate::catalog::Catalog;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::AfterSwap;
use crate::deployment::record::Record;
use crate::deployment::record::StageObjects;
use crate::deployment::record::StagedObject;
use crate::event::Event;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// How long one may take: it waits until what it replaces has caught up, and a stalled one never does.
const DEADLINE: Duration = Duration::from_secs(60);

/// What came of the replacements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Those that have taken over, by production name.
    pub done: Vec<String>,
    /// Those that have not, with the reason; also what is left and could not be dropped.
    pub pending: Vec<String>,
}

/// What the connected role has to own for them.
pub(super) fn owned(scope: &Scope) -> Vec<Target> {
    let objects = scope.contents.replacements().flat_map(|object| {
        [object.name.clone(), scope.intent.staging_name(object)].map(|name| Target::Object(object.kind, name))
    });
    let schemas = scope.intent.replaced_in.iter().map(|pair| Target::Schema(pair.staging_name()));
    objects.chain(schemas).collect()
}

/// How far a replacement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// It has taken over.
    Done,
    /// Both stand as they were staged.
    Waits,
    /// Something else stands under one of the names.
    Lost,
}

fn stand(scope: &Scope, object: &StagedObject, catalog: &Catalog) -> Stand {
    let staging = scope.intent.staging_name(object);
    let built = scope.built.get(&staging);
    let under = |name: &ObjectName| catalog.object(name).map(|found| &found.id);
    let production = under(&object.name);
    if built.is_some() && production == built {
        Stand::Done
    } else if production.is_some() && production == object.production_id.as_ref() && under(&staging) == built
    {
        Stand::Waits
    } else {
        Stand::Lost
    }
}

/// The materialized views that have been replaced, by production name.
pub fn done(scope: &Scope, catalog: &Catalog) -> Vec<String> {
    let done = scope.contents.replacements().filter(|object| stand(scope, object, catalog) == Stand::Done);
    done.map(|object| object.name.to_string()).collect()
}

/// The materialized views that have still to be replaced, by production name.
pub fn open(scope: &Scope, catalog: &Catalog) -> Vec<String> {
    waiting(scope, catalog).map(|object| object.name.to_string()).collect()
}

/// The materialized views that have still to be replaced.
pub fn waiting<'s>(scope: &'s Scope, catalog: &'s Catalog) -> impl Iterator<Item = &'s StagedObject> {
    scope.contents.replacements().filter(move |object| stand(scope, object, catalog) == Stand::Waits)
}

/// What cannot be replaced any more, a line each: nothing else than what was staged for can be.
pub(super) fn lost(scope: &Scope, kind: SwapKind, catalog: &Catalog) -> Vec<String> {
    let lost = scope.contents.replacements().filter(|object| match (kind, stand(scope, object, catalog)) {
        (SwapKind::Promotion, Stand::Lost) => true,
        (SwapKind::Promotion, Stand::Done | Stand::Waits) | (SwapKind::Rollback, _) => false,
    });
    lost.map(|object| format!("{} is another one than {} was built for", object.name, scope.deployment()))
        .collect()
}

/// Lets every replacement take over, gives back what that takes away, and drops what is left of the schemas
/// that held them.
///
/// # Errors
/// `run.interrupted`, `run.deadline`, and `db.*` where nothing can be asked; what the server refuses of one is told of it.
pub(super) async fn apply(ctx: &mut Ctx, scope: &Scope) -> Result<Replaced, Error> {
    let mut replaced = Replaced::default();
    let restored = as_it_is(ctx, scope).await?;
    for object in scope.contents.replacements() {
        match one(ctx, scope, object).await? {
            Ok(()) => replaced.done.push(object.name.to_string()),
            Err(reason) => {
                replaced.pending.push(format!("materialized view {}: {reason}", object.name));
            }
        }
    }
    if !replaced.done.is_empty() {
        restore(ctx, &restored).await?;
    }
    if replaced.pending.is_empty() {
        replaced.pending = drop_schemas(ctx, scope).await?;
    }
    Ok(replaced)
}

async fn one(ctx: &mut Ctx, scope: &Scope, object: &StagedObject) -> Result<Result<(), String>, Error> {
    match stand(scope, object, &*ctx.catalog().await?) {
        Stand::Done => return Ok(Ok(())),
        Stand::Waits => {}
        Stand::Lost => {
            let reason = "it, or what was to replace it, is no longer what was recorded";
            return Ok(Err(reason.to_owned()));
        }
    }
    let step = Step::ApplyReplacement {
        target: object.name.clone(),
        replacement: scope.intent.staging_name(object),
    };
    let outcome = following::run_within(ctx, step, DEADLINE).await?;
    let Err(reason) = outcome else {
        ctx.events.event(Event::ViewReplaced { view: object.name.to_string() });
        return Ok(Ok(()));
    };
    // It may have happened although its answer was another, or none.
    Ok(match stand(scope, object, &*ctx.reread().await?) {
        Stand::Done => Ok(()),
        Stand::Waits | Stand::Lost => Err(reason),
    })
}

/// What has to be given back afterwards, as production is before the first of them takes over; recorded where that is
/// another than it was when they were staged, for the comments are gone then.
async fn as_it_is(ctx: &mut Ctx, scope: &Scope) -> Result<Vec<AfterSwap>, Error> {
    let recorded = &scope.contents.restored;
    let catalog = ctx.catalog().await?;
    let now = carried::restored(scope, &catalog).filter(|now| now != recorded);
    match now.filter(|_| done(scope, &catalog).is_empty()) {
        Some(restored) => {
            let contents = StageObjects { restored: restored.clone(), ..scope.contents.clone() };
            ctx.record(Record::StageObjects(contents)).await?;
            Ok(restored)
        }
        None => Ok(recorded.clone()),
    }
}

/// Gives grants and comments back, as the files and production had them.
async fn restore(ctx: &mut Ctx, restored: &[AfterSwap]) -> Result<(), Error> {
    let steps = restored.iter().map(following::statement);
    following::carry_out_or_warn(ctx, steps.collect(), "swap.in-place-failed").await
}

/// Drops the schemas that held replacements, by recorded id; tells what keeps one.
///
/// Nothing is ever swapped onto their names, so nothing has to be claimed.
async fn drop_schemas(ctx: &mut Ctx, scope: &Scope) -> Result<Vec<String>, Error> {
    let mut left = Vec::new();
    let mut steps = Vec::new();
    for name in standing(scope, &*ctx.reread().await?) {
        let catalog = ctx.catalog().await?;
        let inside: Vec<String> = catalog.objects_in(&name).map(scope::told).collect();
        match inside.is_empty() {
            true => steps.push(Step::DropSchema(name)),
            false => left.push(format!("schema {name} holds {}", inside.join(", "))),
        }
    }
    let refused = following::carry_out(ctx, steps).await?;
    // One that is gone after all is gone.
    let stands = if refused.is_empty() { Vec::new() } else { standing(scope, &*ctx.reread().await?) };
    let failed = refused.iter().filter(|(step, _)| match step {
        Step::DropSchema(name) => stands.contains(name),
        _ => true,
    });
    left.extend(failed.map(|(step, error)| format!("cannot {}: {error}", step.what())));
    Ok(left)
}

/// The schemas of replacements that stand, by their recorded ids.
fn standing(scope: &Scope, catalog: &Catalog) -> Vec<SchemaName> {
    let ids = scope.done.iter().flat_map(|done| &done.replaced_in);
    let pairs = scope.intent.replaced_in.iter().zip(ids);
    let stands = pairs.filter(|(pair, id)| {
        catalog.schemas.get(&pair.staging_name()).is_some_and(|schema| schema.id == **id)
    });
    stands.map(|(pair, _)| pair.staging_name()).collect()
}
