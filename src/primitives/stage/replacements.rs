//! Replacements that are staged: whether their targets are free, and what the server refused of them.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::db;
use crate::name::ObjectId;
use crate::plan::step::Step;
use crate::primitives::changes::layout::Layout;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::scope;

/// Refused shapes have this SQLSTATE.
///
/// Source: `full/19_replacements.slt`, v26.21.
const UNSUPPORTED: &str = "0A000";

/// Fails where something else is to replace one of the targets: the server has room for one each.
///
/// # Errors
/// `stage.replacement-taken`, `db.*`.
pub(super) async fn free_targets(ctx: &Ctx, layout: &Layout, catalog: &Catalog) -> Result<(), Error> {
    let targets: BTreeMap<&ObjectId, _> = layout
        .contents
        .replacements()
        .filter_map(|object| Some((object.production_id.as_ref()?, &object.name)))
        .collect();
    // What a rehearsal has made is its own.
    if targets.is_empty() {
        return Ok(());
    }
    let own = layout.intent.replaced_in.iter().map(|pair| pair.staging_name()).collect::<Vec<_>>();
    let mut lines = Vec::new();
    for (replacement, target) in db::introspect::replacements(ctx.session()).await? {
        let Some(name) = targets.get(&target) else { continue };
        let Some(found) = catalog.objects.get(&replacement) else { continue };
        if !own.contains(&found.name.schema_name()) {
            lines.push(format!("{name} is to be replaced by {}", scope::told(found)));
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let message = "something else is to replace the same materialized view";
    Err(Error::new(Code::StageReplacementTaken, message)
        .deployment(&layout.intent.deployment)
        .with_lines(lines)
        .effect("nothing was changed"))
}

/// The code for what the server refused: a replacement of another shape has one of its own.
pub(super) fn code(layout: &Layout, step: &Step, error: &db::error::Error) -> Code {
    let Step::Create { name, .. } = step else { return Code::StageRejected };
    let is_ours = layout.intent.replaced_in.iter().any(|pair| name.is_in(&pair.staging_name()));
    match is_ours && error.sqlstate() == Some(UNSUPPORTED) && error.detail().is_some() {
        true => Code::StageShapeDiffers,
        false => Code::StageRejected,
    }
}
