//! What a drop does in schemas where materialized views are replaced in place.

use super::DropIntent;
use super::DropReason;
use crate::catalog::Catalog;
use crate::deployment::dropping::ClaimedSchema;
use crate::deployment::epoch::Marker;
use crate::name::NameError;
use crate::primitives::code::Code;
use crate::primitives::ctx;
use crate::primitives::error::Error;
use crate::primitives::exchange::replacements;
use crate::primitives::scope::Scope;

/// Adds what is to be claimed there: the schemas of replacements that are not wanted.
pub(super) fn claim(scope: &Scope, reason: DropReason, intent: &mut DropIntent) -> Result<(), NameError> {
    let id = scope.deployment();
    let recorded = scope.done.iter().flat_map(|done| &done.replaced_in);
    let pairs = scope.intent.replaced_in.iter().zip(recorded);
    for (pair, expected) in pairs.filter(|_| reason != DropReason::Retire) {
        let (name, claimed) = (pair.staging_name(), id.claimed(&pair.production)?);
        intent.schemas.push(ClaimedSchema { name, claimed, id: expected.clone() });
    }
    Ok(())
}

/// Fails where something of the promotion has still to take over: what it replaces is production yet.
pub(super) fn nothing_open(scope: &Scope, reason: DropReason, catalog: &Catalog) -> Result<(), Error> {
    let open = match reason {
        DropReason::Retire => replacements::open(scope, catalog),
        DropReason::Abort | DropReason::Overtaken => Vec::new(),
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
