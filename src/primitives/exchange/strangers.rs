//! What stands in the way of an exchange because it is not of the deployment. Pure.

use std::collections::BTreeSet;

use super::ConflictCheck;
use super::sides::Side;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::deployment::is_staging_name;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::primitives::scope;
use crate::primitives::scope::Scope;

/// What stands in the schemas and on the clusters of a side and is not ours, a line each.
///
/// A schema or cluster that is not the recorded one is left out: then all of it is another's, and
/// `moved` says so. Where nobody asks for the conflict check, what stands under a name of the project is
/// replaced whoever made it: it is put aside with the rest, and no drop takes what is not recorded.
pub(super) fn foreign(side: &Side<'_>, catalog: &Catalog, conflicts: ConflictCheck) -> Vec<String> {
    let named: BTreeSet<&ObjectId> = match conflicts {
        ConflictCheck::Made => BTreeSet::new(),
        ConflictCheck::Skipped => {
            side.objects.keys().filter_map(|name| Some(&catalog.object(name)?.id)).collect()
        }
    };
    let is_meant = |object: &Object| {
        let on_named = || {
            let mut read = catalog.reads.get(&object.id).into_iter().flatten();
            object.kind == ObjectKind::Index && read.any(|id| named.contains(id))
        };
        conflicts == ConflictCheck::Skipped && (named.contains(&object.id) || on_named())
    };
    let is_stranger = |object: &&Object| !side.ours.contains(&object.id) && !is_meant(object);
    let mut found = BTreeSet::new();
    for (name, id) in &side.schemas {
        if catalog.schemas.get(name).map(|schema| &schema.id) != *id {
            continue;
        }
        let others = catalog.objects_in(name).filter(is_stranger);
        found.extend(others.map(scope::told));
    }
    for (name, id) in &side.clusters {
        if catalog.clusters.get(*name).map(|cluster| &cluster.id) != *id {
            continue;
        }
        let Some(id) = id else { continue };
        let others = catalog.objects_on(id).filter(is_stranger);
        found.extend(others.map(|object| format!("{} on cluster {name}", scope::told(object))));
    }
    found.extend(on_renamed(side, catalog).filter(is_stranger).map(scope::told));
    found.into_iter().collect()
}

/// The indexes on what changes names one by one: they stay with their relations, and go with them.
fn on_renamed<'c>(side: &Side<'_>, catalog: &'c Catalog) -> impl Iterator<Item = &'c Object> {
    let relations: BTreeSet<&ObjectId> =
        side.renamed.iter().filter_map(|name| Some(&catalog.object(name)?.id)).collect();
    let indexes = catalog.objects.values().filter(|object| object.kind == ObjectKind::Index);
    indexes.filter(move |index| index.on.as_ref().is_some_and(|on| relations.contains(on)))
}

/// What of a deployment reads a version that has left production since it was built, a line each.
///
/// It was built over what was production then; were it promoted, readers would see both.
pub(super) fn outdated(scope: &Scope, catalog: &Catalog) -> Vec<String> {
    let green = scope.green();
    let mut lines = Vec::new();
    for id in &green {
        let (Some(own), Some(reads)) = (catalog.objects.get(*id), catalog.reads.get(*id)) else { continue };
        let reads = reads.iter().filter(|read| !green.contains(read));
        let left = reads
            .filter_map(|read| catalog.objects.get(read))
            .filter(|read| is_staging_name(&read.name.object) || is_staging_name(&read.name.schema));
        lines.extend(
            left.map(|read| format!("{} reads {}, which is production no longer", own.name, read.name)),
        );
    }
    lines
}
