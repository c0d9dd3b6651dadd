//! What differs from production by itself, told from the records alone: all that an overlay asks. Pure.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Changes;
use crate::catalog::Catalog;
use crate::catalog::Object as Found;
use crate::compiler::object::Index;
use crate::compiler::object::Object;
use crate::db::snapshot::DeployedObject;
use crate::deployment::change::Change;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::primitives::compile::Compiled;

/// What differs by itself.
#[derive(Clone, Debug)]
pub struct Differing {
    /// The project.
    pub compiled: Rc<Compiled>,
    /// Its objects that differ, and how.
    pub objects: BTreeMap<ObjectName, Change>,
}

impl Differing {
    /// Of changes that were told in full.
    pub fn of(changes: &Changes) -> Self {
        let differs = |change| match change {
            Change::Added | Change::Changed | Change::Drifted => true,
            Change::Removed
            | Change::Dependent
            | Change::Carried
            | Change::Reindexed
            | Change::Metadata
            | Change::Unchanged => false,
        };
        let objects = changes.objects.iter().filter(|object| differs(object.change));
        Self {
            compiled: Rc::clone(&changes.compiled),
            objects: objects.map(|object| (object.name.clone(), object.change)).collect(),
        }
    }
}

/// What the records tell of an object.
pub enum Told<'c> {
    /// Production is as the project says.
    Unchanged,
    /// It is not.
    Differs(Change),
    /// No record vouches for what stands there; unless what the server stores of it is the same, it differs.
    Stored(&'c Found, Change),
}

/// Tells whether a record vouches for what stands under an object's name: it is what was promoted, and where its file
/// is what it was then, so are its indexes. One that is gone, or was made anew, by hand has to be looked at.
pub fn is_vouched(
    object: &Object,
    found: &Found,
    catalog: &Catalog,
    snapshot: &BTreeMap<ObjectName, DeployedObject>,
) -> bool {
    let stands = |index: &Index| {
        let recorded = snapshot.get(&object.name.schema_name().object(index.name.clone()));
        let recorded = recorded.and_then(|row| row.object_id.as_ref());
        recorded.is_none_or(|id| catalog.objects.get(id).is_some_and(|is| is.on.as_ref() == Some(&found.id)))
    };
    let row = snapshot.get(&object.name).filter(|row| row.object_id.as_ref() == Some(&found.id));
    row.is_some_and(|row| !is_recorded(object, row) || object.indexes.iter().all(stands))
}

/// Tells whether an object is as it was recorded. One that was adopted although it differed is known by what the server
/// stores of it.
fn is_recorded(object: &Object, row: &DeployedObject) -> bool {
    [object.fingerprint.as_str(), object.stored_fingerprint.as_str()].contains(&row.fingerprint.as_str())
}

/// What the records tell of an object that is staged.
pub fn told<'c>(
    object: &Object,
    catalog: &'c Catalog,
    snapshot: &BTreeMap<ObjectName, DeployedObject>,
) -> Told<'c> {
    let row = snapshot.get(&object.name);
    match (catalog.object(&object.name), row) {
        (None, None) => Told::Differs(Change::Added),
        // Promoted once, and gone now: somebody dropped it.
        (None, Some(_)) => Told::Differs(Change::Drifted),
        (Some(found), Some(row)) if is_vouched(object, found, catalog, snapshot) => {
            match is_recorded(object, row) {
                true => Told::Unchanged,
                false => Told::Differs(Change::Changed),
            }
        }
        (Some(found), Some(_)) => Told::Stored(found, Change::Drifted),
        (Some(found), None) => Told::Stored(found, Change::Changed),
    }
}

/// Whether an object differs, with the fingerprints of what the server stores of those that no record
/// vouches for.
pub fn change(object: &Object, told: &Told<'_>, stored: &BTreeMap<ObjectId, String>) -> Option<Change> {
    match told {
        Told::Unchanged => None,
        Told::Differs(change) => Some(*change),
        Told::Stored(found, change) => {
            let is_same =
                stored.get(&found.id).is_some_and(|stored| stored == object.stored_fingerprint.as_str());
            (!is_same).then_some(*change)
        }
    }
}
