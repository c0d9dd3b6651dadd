//! What an overlay is to hold: what differs from production, and what reads it. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::compiler::project::Project;
use crate::deployment::change::Change;
use crate::event::SkippedKind;
use crate::name::ObjectKind;
use crate::name::ObjectName;

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
    /// Objects of other kinds, which an overlay has no place for: what reads them reads production's.
    pub(super) skipped: Vec<SkippedKind>,
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
    Wanted { objects, roots, skipped: skipped(project, catalog) }
}

/// What an overlay has no place for, kind by kind.
fn skipped(project: &Project, catalog: &Catalog) -> Vec<SkippedKind> {
    let mut kinds: BTreeMap<ObjectKind, SkippedKind> = BTreeMap::new();
    for object in project.objects.iter().filter(|object| !object.kind.is_staged()) {
        let of_kind = kinds.entry(object.kind).or_insert_with(|| SkippedKind {
            kind: object.kind.to_string(),
            names: Vec::new(),
            missing: Vec::new(),
        });
        let name = object.name.to_string();
        if catalog.object(&object.name).is_none() {
            of_kind.missing.push(name.clone());
        }
        of_kind.names.push(name);
    }
    let mut kinds: Vec<SkippedKind> = kinds.into_values().collect();
    for of_kind in &mut kinds {
        of_kind.names.sort_unstable();
        of_kind.missing.sort_unstable();
    }
    kinds
}
