//! What an overlay is to hold: what differs from production, and what reads it. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::compiler::project::Project;
use crate::deployment::change::Change;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::primitives::changes::Changes;

/// What of that which reads a changed object goes with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Downstream {
    /// All of it, directly or through others.
    #[default]
    All,
    /// Nothing.
    None,
}

/// What an overlay is to hold.
#[derive(Debug)]
pub(super) struct Wanted<'p> {
    /// Its objects, each behind what it reads.
    pub(super) objects: Vec<&'p Object>,
    /// Those that differ themselves, and how.
    pub(super) roots: BTreeMap<&'p ObjectName, Change>,
    /// Objects of other kinds that production does not have: an overlay has no place for them.
    pub(super) skipped: BTreeMap<ObjectKind, Vec<String>>,
}

/// Chooses it.
pub(super) fn wanted<'p>(changes: &'p Changes, downstream: Downstream, catalog: &Catalog) -> Wanted<'p> {
    let differs = |change| match change {
        Change::Added | Change::Changed | Change::Drifted => true,
        Change::Removed
        | Change::Dependent
        | Change::Carried
        | Change::Reindexed
        | Change::Metadata
        | Change::Unchanged => false,
    };
    let roots: BTreeMap<&ObjectName, Change> = changes
        .objects
        .iter()
        .filter(|object| differs(object.change))
        .map(|object| (&object.name, object.change))
        .collect();
    with(&changes.compiled.project, roots, downstream, catalog)
}

/// What differs itself, and what goes with it.
pub(super) fn with<'p>(
    project: &'p Project,
    roots: BTreeMap<&'p ObjectName, Change>,
    downstream: Downstream,
    catalog: &Catalog,
) -> Wanted<'p> {
    let mut names: BTreeSet<&ObjectName> = roots.keys().copied().collect();
    if downstream == Downstream::All {
        names.extend(project.graph.downstream(roots.keys().copied()));
    }
    let objects = project.objects.iter().filter(|o| o.kind.is_staged() && names.contains(&o.name)).collect();
    let mut skipped: BTreeMap<ObjectKind, Vec<String>> = BTreeMap::new();
    for object in project.objects.iter().filter(|object| !object.kind.is_staged()) {
        if catalog.object(&object.name).is_none() {
            skipped.entry(object.kind).or_default().push(object.name.to_string());
        }
    }
    Wanted { objects, roots, skipped }
}
