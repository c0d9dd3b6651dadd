//! What a drop does in schemas that stay: what never became production there, or has left it by a rename.

use super::DropIntent;
use super::DropReason;
use crate::catalog::Catalog;
use crate::deployment::change::Change;
use crate::deployment::epoch::Marker;
use crate::deployment::record::ClaimedObject;
use crate::deployment::record::ClaimedSchema;
use crate::deployment::record::StagedObject;
use crate::deployment::way::Way;
use crate::name::NameError;
use crate::name::SchemaName;
use crate::primitives::code::Code;
use crate::primitives::ctx;
use crate::primitives::error::Error;
use crate::primitives::exchange::replacements;
use crate::primitives::scope::Scope;

fn renamed(scope: &Scope) -> impl Iterator<Item = &StagedObject> {
    scope.in_schemas_that_stay().filter(|object| object.way == Way::Renamed)
}

/// Tells whether something has left production by a rename of its own.
pub(super) fn removes(scope: &Scope) -> bool {
    renamed(scope).any(|object| object.change == Change::Removed)
}

/// Adds what is to be claimed there: the schemas of replacements that are not wanted, and single objects.
pub(super) fn claim(
    scope: &Scope,
    reason: DropReason,
    catalog: &Catalog,
    intent: &mut DropIntent,
) -> Result<(), NameError> {
    let id = scope.deployment();
    let done = scope.done.as_ref();
    let pairs = scope.intent.replaced_in.iter().enumerate();
    for (at, pair) in pairs.filter(|_| reason == DropReason::Abort) {
        let (name, claimed) = (pair.staging_name(), id.claimed(&pair.production)?);
        let marked = SchemaName::new(pair.database.clone(), claimed.clone());
        let recorded = done.and_then(|done| done.replaced_in.get(at));
        // Died before its id was recorded: the name itself was recorded before it was made.
        let found = || catalog.schemas.get(&name).or_else(|| catalog.schemas.get(&marked));
        if let Some(expected) = recorded.or_else(|| found().map(|schema| &schema.id)).cloned() {
            intent.schemas.push(ClaimedSchema { name, claimed, id: expected });
        }
    }
    for object in renamed(scope) {
        let (name, claimed) = (scope.staging_name(&object.name), id.claimed(&object.name.object)?);
        let marked = object.name.schema_name().object(claimed.clone());
        let expected = match (reason, object.change == Change::Removed) {
            (DropReason::Abort, false) => scope.built.get(&name).or_else(|| {
                let found = catalog.object(&name).or_else(|| catalog.object(&marked));
                found.map(|object| &object.id)
            }),
            (DropReason::Retire, true) => object.production_id.as_ref(),
            (DropReason::Abort, true) | (DropReason::Retire, false) => None,
        };
        if let Some(expected) = expected {
            let id = expected.clone();
            intent.indexes.push(ClaimedObject { kind: object.kind, name, claimed, id });
        }
    }
    Ok(())
}

/// Fails where something of the promotion has still to take over: what it replaces is production yet.
pub(super) fn nothing_open(scope: &Scope, reason: DropReason, catalog: &Catalog) -> Result<(), Error> {
    let open = match reason {
        DropReason::Retire => replacements::open(scope, catalog),
        DropReason::Abort => Vec::new(),
    };
    if open.is_empty() {
        return Ok(());
    }
    let id = scope.deployment();
    let message = format!("what {id} replaces in place is not replaced yet");
    Err(Error::new(Code::DropReplacementPending, message).with_lines(open).effect("nothing was dropped"))
}

/// Fails where somebody has swapped since the deployment's state was looked at: its replacements keep their
/// names when it is promoted, and names alone do not tell.
pub(super) fn not_swapped(scope: &Scope, seen: Option<&Marker>, catalog: &Catalog) -> Result<(), Error> {
    if scope.intent.replaced_in.is_empty() || ctx::marker_in(catalog).as_ref() == seen {
        return Ok(());
    }
    let message = format!("production was swapped while {} was to be dropped", scope.deployment());
    Err(Error::new(Code::DropMoved, message).effect("nothing was dropped"))
}
