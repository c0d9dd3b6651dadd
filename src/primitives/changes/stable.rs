//! Schemas whose API is stable: they never change places, and what reads them is never rebuilt for them.
//!
//! What changes in one is built as a replacement and takes over in place after the swap; what is new is
//! built beside it and gets its name with the swap; what goes loses its name with the swap, unless others
//! still read it. Pure. Start reading at [`Stable`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::metadata;
use super::super::metadata::Pair;
use super::super::metadata::Written;
use super::super::scope;
use super::Beside;
use super::assess::Facts;
use super::written;
use crate::catalog::Catalog;
use crate::compiler::object::Index;
use crate::db::snapshot::DeployedObject;
use crate::deployment::change::Change;
use crate::deployment::record::StagedObject;
use crate::deployment::way::Way;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// The stable schemas of an environment: stable in the project, and promoted as such before.
pub(super) struct Stable<'f> {
    schemas: BTreeSet<&'f SchemaName>,
    facts: &'f Facts<'f>,
}

impl<'f> Stable<'f> {
    /// Those of the project that stand.
    ///
    /// A schema that is new, or that was not stable when it was promoted last, is swapped like any other.
    pub(super) fn new(facts: &'f Facts<'f>) -> Self {
        let stable = facts.compiled.project.schemas.iter().filter(|schema| schema.stable);
        let stands =
            |name: &&SchemaName| facts.stable.contains(*name) && facts.catalog.schemas.contains_key(*name);
        Self { schemas: stable.map(|schema| &schema.name).filter(stands).collect(), facts }
    }

    /// Tells whether an object is in one of them.
    pub(super) fn holds(&self, name: &ObjectName) -> bool {
        !self.schemas.is_empty() && self.schemas.contains(&name.schema_name())
    }

    /// How an object in one of them becomes production, or leaves it.
    pub(super) fn way(&self, name: &ObjectName, change: Change) -> Way {
        match change {
            Change::Removed => Way::Renamed,
            _ if self.facts.catalog.object(name).is_some() => Way::Replaced,
            _ => Way::Renamed,
        }
    }

    /// Parts what the project no longer has: what goes, and what stays because others read it.
    pub(super) fn part(
        &self,
        removed: Vec<&'f DeployedObject>,
    ) -> (Vec<&'f DeployedObject>, Vec<&'f DeployedObject>) {
        let catalog = self.facts.catalog;
        let ids = |rows: &[&'f DeployedObject]| -> BTreeSet<&'f ObjectId> {
            rows.iter().filter_map(|row| row.object_id.as_ref()).collect()
        };
        let (mut goes, mut stays) = (removed, Vec::new());
        // Whatever stays keeps what it reads: each round moves at least one over.
        loop {
            let going = ids(&goes);
            let indexes = catalog.objects.values().filter(|object| object.on.is_some());
            let ours: BTreeSet<&ObjectId> =
                going.iter().copied().chain(indexes.map(|index| &index.id)).collect();
            let is_read = |row: &&DeployedObject| {
                let Some(id) = &row.object_id else { return false };
                self.holds(&row.name) && !self.readers(&[id].into(), &ours).is_empty()
            };
            let (read, free): (Vec<_>, Vec<_>) = goes.into_iter().partition(is_read);
            goes = free;
            if read.is_empty() {
                return (goes, stays);
            }
            stays.extend(read);
        }
    }

    /// What reads something and is not the project's to rebuild, a line each.
    fn readers(&self, read: &BTreeSet<&ObjectId>, ours: &BTreeSet<&ObjectId>) -> Vec<String> {
        let catalog = self.facts.catalog;
        let readers = scope::foreign_readers(catalog, read, ours).into_iter();
        let sinks = scope::sinks_reading(catalog, read);
        let others = readers.chain(sinks).filter(|o| self.facts.compiled.project.object(&o.name).is_none());
        others.map(scope::told).chain(scope::unseen_readers(catalog, read, ours)).collect()
    }

    /// What stays although the project no longer has it, with who reads it, a line each.
    pub(super) fn kept(&self, stays: &[&DeployedObject]) -> Vec<String> {
        let indexes = self.facts.catalog.objects.values().filter(|object| object.on.is_some());
        let indexes: BTreeSet<&ObjectId> = indexes.map(|index| &index.id).collect();
        let line = |row: &&DeployedObject| {
            let id: BTreeSet<&ObjectId> = row.object_id.iter().collect();
            format!("{}, which {} reads", row.name, self.readers(&id, &indexes).join(" and "))
        };
        stays.iter().map(line).collect()
    }

    /// The indexes of what is replaced that have to be built: those on a clone, and all of what changed itself; and
    /// of what stays, those that are not as their files say.
    ///
    /// None can be built on a replacement, so they are built on what it replaces, and follow.
    pub(super) fn beside<'s>(
        &self,
        objects: &[StagedObject],
        is_cloned: impl Fn(&Index) -> bool,
        stand: impl Fn(&ObjectName) -> Option<&'s BTreeSet<Ident>>,
    ) -> Vec<Beside> {
        let mut found = Vec::new();
        for staged in objects.iter().filter(|staged| has_own_indexes(staged)) {
            let Some(object) = self.facts.compiled.project.object(&staged.name) else { continue };
            let stands = if staged.change == Change::Reindexed { stand(&staged.name) } else { None };
            let differs = |index: &Index| match stands {
                Some(stands) => !stands.contains(&index.name),
                None => differs(staged),
            };
            for index in object.indexes.iter().filter(|index| differs(index) || is_cloned(index)) {
                let name = object.name.schema_name().object(index.name.clone());
                let production_id = self.facts.catalog.object(&name).map(|found| found.id.clone());
                found.push(Beside { on: object.name.clone(), index: index.name.clone(), production_id });
            }
        }
        found
    }

    /// The indexes that earlier deployments made on what changed and that the files no longer have.
    pub(super) fn gone_indexes(&self, objects: &[StagedObject]) -> Vec<GoneIndex> {
        let mut found = Vec::new();
        for staged in objects.iter().filter(|staged| has_own_indexes(staged) && differs(staged)) {
            let Some(object) = self.facts.compiled.project.object(&staged.name) else { continue };
            let on = |index: &&crate::catalog::Object| index.on.as_ref() == staged.production_id.as_ref();
            for index in self.facts.catalog.objects_in(&staged.name.schema_name()).filter(on) {
                let row = self.facts.snapshot.get(&index.name);
                let is_ours = row.is_some_and(|row| row.object_id.as_ref() == Some(&index.id));
                let is_named = object.indexes.iter().any(|own| own.name == index.name.object);
                if is_ours && !is_named && index.kind == ObjectKind::Index {
                    found.push(GoneIndex {
                        name: index.name.clone(),
                        on: staged.name.clone(),
                        id: index.id.clone(),
                    });
                }
            }
        }
        found
    }

    /// Grants and comments that what is replaced has to get: its grants stay, its comments do not.
    ///
    /// Source: `design/materialize.md` 1.7.
    pub(super) fn restored(&self, objects: &[StagedObject]) -> Vec<Step> {
        let mut own = Written::default();
        let mut pairs = Vec::new();
        for staged in replaced(objects) {
            let Some(object) = self.facts.compiled.project.object(&staged.name) else { continue };
            written::object(&mut own, object, &object.name);
            let target = Target::Object(object.kind, object.name.clone());
            pairs.push(Pair { blue: Some(target.clone()), green: target });
        }
        metadata::anew(self.facts.catalog, &pairs, &own, self.facts.claims)
    }
}

/// An index that nothing takes the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneIndex {
    /// Its name.
    pub name: ObjectName,
    /// Its relation.
    pub on: ObjectName,
    /// Its id.
    pub id: ObjectId,
}

/// What is replaced in place.
pub fn replaced(objects: &[StagedObject]) -> impl Iterator<Item = &StagedObject> {
    objects.iter().filter(|object| object.is_replaced_in_place())
}

/// Tells whether the indexes of an object are built by themselves, on what has its name.
fn has_own_indexes(staged: &StagedObject) -> bool {
    staged.is_replaced_in_place() || staged.change == Change::Reindexed
}

/// The schemas in which something is replaced, with their ids.
pub(super) fn replaced_in(objects: &[StagedObject], catalog: &Catalog) -> BTreeMap<SchemaName, SchemaId> {
    let names = replaced(objects).map(|object| object.name.schema_name());
    names.filter_map(|name| Some((name.clone(), catalog.schemas.get(&name)?.id.clone()))).collect()
}

/// Tells whether an object is replaced for its own sake, so that its indexes may differ too.
fn differs(staged: &StagedObject) -> bool {
    match staged.change {
        Change::Added | Change::Changed | Change::Drifted | Change::Reindexed => true,
        Change::Removed | Change::Dependent | Change::Carried | Change::Metadata | Change::Unchanged => false,
    }
}
