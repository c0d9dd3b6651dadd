//! What a promotion has still to replace in place: the record is ahead of production there.
//!
//! `APPLY REPLACEMENT` follows the swap, and may have to be waited for. Until then what stands under the name is
//! what stood there before, which nobody else has changed.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::catalog::Catalog;
use crate::db::snapshot::DeployedObject;
use crate::name::ObjectName;
use crate::primitives::ctx::Ctx;
use crate::primitives::ctx::kept::Promoted;
use crate::primitives::error::Error;
use crate::primitives::exchange::replacements;
use crate::primitives::ledger::Ledger;
use crate::primitives::scope::Scope;

/// What was promoted, with the ids that stand there now of what has still to be replaced; and those in words.
///
/// # Errors
/// `db.*`.
pub(super) async fn as_it_stands(
    ctx: &Ctx,
    ledger: &Ledger,
    promoted: Promoted,
    catalog: &Catalog,
) -> Result<(Promoted, Vec<String>), Error> {
    let mut promoted = promoted;
    let mut told = Vec::new();
    for id in ledger.standing() {
        let known = ledger.deployment(&id)?;
        if known.settled || known.intent.replaced_in.is_empty() {
            continue;
        }
        let scope = Scope::read(ctx, known).await?;
        let rows = Rc::make_mut(&mut promoted);
        for name in waiting(&scope, rows, catalog) {
            told.push(format!("{name} by the promotion of {id}"));
        }
    }
    Ok((promoted, told))
}

/// Gives the rows of what waits the ids that stand there; tells the names.
fn waiting(
    scope: &Scope,
    rows: &mut BTreeMap<ObjectName, DeployedObject>,
    catalog: &Catalog,
) -> Vec<ObjectName> {
    let mut names = Vec::new();
    for object in replacements::waiting(scope, catalog) {
        // One that was promoted later is told by its own row.
        if let Some(row) = rows.get_mut(&object.name)
            && row.deployment == *scope.deployment()
        {
            row.object_id.clone_from(&object.production_id);
            names.push(object.name.clone());
        }
    }
    names
}
