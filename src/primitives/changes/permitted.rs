//! What the connected role may not do of a deployment, from the first thing that is built to what follows the swap.
//!
//! Pure: everything is carried out on a copy of the catalog, under the names that it will have then. Start
//! reading at [`privileges`].

use super::super::allowed;
use super::super::code::Code;
use super::super::error::Error;
use super::super::exchange::renames;
use super::Changes;
use super::layout;
use super::layout::Clones;
use super::layout::Layout;
use super::refuse::listed;
use crate::catalog::Catalog;
use crate::deployment::epoch::SwapKind;
use crate::deployment::way::Way;
use crate::plan::exchange::Exchange;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// What is swapped and belongs to somebody else.
pub(super) fn owners(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let schemas = changes.schemas.keys().cloned().map(Target::Schema);
    let clusters = changes.clusters.keys().cloned().map(Target::Cluster);
    let staying = changes.replaced().filter(|object| object.way != Way::Swapped);
    let objects = staying.filter_map(|object| catalog.object(&object.name));
    let objects = objects.map(|object| Target::Object(object.kind, object.name.clone()));
    let lines = allowed::unowned(catalog, schemas.chain(clusters).chain(objects));
    let message = format!("{} does not own what would be swapped", catalog.session.role);
    listed(Code::StageNotOwner, &message, lines)
}

/// What the role may not do of what staging, the swap and what follows it are made of.
pub(super) fn privileges(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let me = &catalog.session.role;
    // Nothing is laid out where nothing is checked; ownership of what is swapped has its own error.
    if !catalog.session.checked || owners(changes, catalog).is_some() {
        return None;
    }
    let id = "0000000".parse().ok()?;
    let layout = layout::layout(changes, &id, None, &Clones::new(), catalog).ok()?;
    let mut then = catalog.clone();
    layout.create.iter().for_each(|step| then.take(step));
    let metadata = layout.metadata(&then);
    metadata.iter().for_each(|step| then.take(step));
    let exchange = exchange(&layout, &then);
    exchange.iter().for_each(|step| then.take(step));
    let steps = layout.create.iter().chain(&metadata).chain(&exchange).chain(&changes.after);
    let mut lines = allowed::missing(catalog, steps);
    lines.extend(unreadable(changes, &then));
    let message = format!("{me} may not do what staging does, or what the swap and what follows it do");
    listed(Code::StageMissingPrivilege, &message, lines)
}

/// The renames and swaps by which it becomes production, but for the marker's.
fn exchange(layout: &Layout, catalog: &Catalog) -> Vec<Step> {
    let schemas = layout.intent.schemas.iter().map(|pair| match &pair.production_id {
        Some(_) => Exchange::SwapSchemas { a: pair.production_name(), b: pair.staging.clone() },
        None => Exchange::RenameSchema { from: pair.staging_name(), to: pair.production.clone() },
    });
    let clusters = layout.intent.clusters.iter();
    let clusters =
        clusters.map(|pair| Exchange::SwapClusters { a: pair.production.clone(), b: pair.staging.clone() });
    let renames = renames::renames(&layout.intent, &layout.contents, SwapKind::Promotion, catalog);
    schemas.chain(clusters).chain(renames).map(Step::Exchange).collect()
}

/// What is built and would belong to the connected role, which may not read what it reads: nobody else could
/// read it either, since that is checked against its owner.
///
/// What belongs to another role is not told: in which groups that one is, is not known.
///
/// Source: `design/materialize.md` 5.1, recorded in `conformance/rbac/privileges.json`.
fn unreadable(changes: &Changes, then: &Catalog) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut told = std::collections::BTreeSet::new();
    for staged in changes.built() {
        let is_mine = then.object(&staged.name).is_some_and(|found| found.owner == then.session.role);
        let Some(object) = changes.compiled.project.object(&staged.name).filter(|_| is_mine) else {
            continue;
        };
        let why = format!(", which nobody could read {} without", staged.name);
        for read in object.depends_on.iter().chain(&object.external) {
            for (privilege, on) in allowed::to_read(then, read) {
                let line = allowed::not_held(then, privilege, &on, &why);
                lines.extend(line.filter(|_| told.insert((privilege, on))));
            }
        }
    }
    lines
}
