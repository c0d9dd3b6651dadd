//! Where the two versions of an object stand: before a swap, and after it.
//!
//! Where a schema is swapped, its objects keep their own names; where objects are swapped one by one,
//! each bears a name of its own in production's schema. Names are told from what was recorded, never
//! from how they look.

use std::collections::BTreeSet;

use super::record::SchemaPair;
use super::record::StageIntent;
use super::record::StageObjects;
use super::record::StagedIndex;
use super::record::StagedObject;
use super::way::Way;
use crate::name::ObjectName;
use crate::name::SchemaName;

impl StageIntent {
    /// The name that an object is built under: its own in the green schema, or another in its own.
    pub fn staging_name(&self, object: &StagedObject) -> ObjectName {
        self.beside(object, object.staging.as_ref())
    }

    /// The name that the version which it replaces bears after the swap.
    pub fn retired_name(&self, object: &StagedObject) -> ObjectName {
        self.beside(object, object.retired.as_ref())
    }

    /// The schemas that change places or in which objects do, by their production names.
    pub fn touched(&self) -> impl Iterator<Item = SchemaName> {
        self.schemas.iter().map(SchemaPair::production_name).chain(self.within.iter().cloned())
    }

    /// The schemas that stay, and in which something is replaced or renamed, each once.
    pub fn staying(&self) -> impl Iterator<Item = SchemaName> {
        let replaced = self.replaced_in.iter().map(SchemaPair::production_name);
        replaced.chain(self.within.iter().cloned()).collect::<BTreeSet<_>>().into_iter()
    }

    fn beside(&self, object: &StagedObject, other: Option<&crate::name::Ident>) -> ObjectName {
        if let Some(other) = other {
            return object.name.schema_name().object(other.clone());
        }
        let pairs = match object.way {
            Way::Swapped | Way::Renamed => &self.schemas,
            Way::Replaced => &self.replaced_in,
        };
        let pair = pairs.iter().find(|pair| object.name.is_in(&pair.production_name()));
        match pair {
            Some(pair) => pair.staging_name().object(object.name.object.clone()),
            None => object.name.clone(),
        }
    }
}

impl StagedObject {
    /// Tells whether it changes names by itself, and not with its schema.
    pub fn is_renamed(&self) -> bool {
        self.way == Way::Renamed
    }

    /// Tells whether it takes over from what bears its name, in place.
    pub fn is_replaced_in_place(&self) -> bool {
        self.way == Way::Replaced && self.change.is_built()
    }

    /// Tells whether something else stands under its name after the swap, or nothing.
    pub fn is_replaced(&self) -> bool {
        self.change.is_built() || self.change == super::change::Change::Removed
    }
}

impl StagedIndex {
    /// The name that the index which it replaces bears after the swap, where their relations change
    /// names one by one.
    pub fn retired_name(&self) -> Option<ObjectName> {
        self.retired.as_ref().map(|name| self.name.schema_name().object(name.clone()))
    }

    /// Tells whether it is built on a relation that stays, because its cluster is cloned: it then
    /// takes the production name by a rename of its own.
    pub fn stands_beside(&self) -> bool {
        self.retired.is_none() && self.name.schema_name() == self.staging.schema_name()
    }
}

impl StageObjects {
    /// The objects that change names one by one.
    pub fn renamed(&self) -> impl Iterator<Item = &StagedObject> {
        self.objects.iter().filter(|object| object.is_renamed() && object.is_replaced())
    }

    /// The materialized views that are replaced in place, in dependency order.
    pub fn replacements(&self) -> impl Iterator<Item = &StagedObject> {
        self.objects.iter().filter(|object| object.is_replaced_in_place())
    }
}
