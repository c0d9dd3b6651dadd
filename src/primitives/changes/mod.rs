//! What a deployment would change: decided once by `diff`, carried out by `stage`.
//!
//! Pure, all of it. [`assess`] compares a project with the facts, [`refuse`] says what forbids it,
//! [`layout`] turns it into names and steps. Start reading at [`Changes`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use self::stable::GoneIndex;
use super::compile::Compiled;
use super::error::Error;
use crate::deployment::DeploymentId;
use crate::deployment::Isolation;
use crate::deployment::change::Change;
use crate::deployment::record::AfterSwap;
use crate::deployment::record::StagedObject;
use crate::deployment::said::Claims;
use crate::deployment::said::Repointed;
use crate::deployment::said::Said;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::plan::step::Step;

pub mod assess;
pub mod creates;
pub mod differing;
pub mod layout;
pub mod others;
mod permitted;
pub mod refuse;
pub mod sinks;
pub mod spread;
pub mod stable;
pub mod traps;
pub mod written;

/// Which clusters are kept as they are instead of cloned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// None: every cluster in scope is cloned.
    #[default]
    None,
    /// These.
    Some(BTreeSet<ClusterName>),
    /// All: hydration runs on production clusters.
    All,
}

impl Reuse {
    /// Tells whether a cluster is kept.
    pub fn keeps(&self, cluster: &ClusterName) -> bool {
        match self {
            Self::None => false,
            Self::Some(clusters) => clusters.contains(cluster),
            Self::All => true,
        }
    }
}

/// An index on a relation that is not rebuilt, on a cluster that is cloned: it gets a copy there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The relation.
    pub on: ObjectName,
    /// The index's own name.
    pub index: Ident,
    /// The id under that name, if it is there.
    pub production_id: Option<ObjectId>,
}

/// The promotion that production was compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The deployment.
    pub deployment: String,
    /// When it was promoted, in milliseconds since 1970.
    pub at_ms: u64,
    /// By whom.
    pub by: String,
}

/// What a deployment would change.
#[derive(Debug)]
pub struct Changes {
    /// The project.
    pub compiled: Rc<Compiled>,
    /// How much is replaced as a whole.
    pub isolation: Isolation,
    /// Every object that is not unchanged: the project's in dependency order, then those it no
    /// longer has.
    pub objects: Vec<StagedObject>,
    /// The schemas that change places, with the id under the production name.
    pub schemas: BTreeMap<SchemaName, Option<SchemaId>>,
    /// The schemas that stay, and in which objects change names one by one.
    pub within: Vec<SchemaName>,
    /// The clusters that are cloned and change places.
    pub clusters: BTreeMap<ClusterName, ClusterId>,
    /// The schemas that stay and in which something is replaced in place.
    pub replaced_in: BTreeMap<SchemaName, SchemaId>,
    /// The schemas of the project whose API is stable.
    pub stable: Vec<SchemaName>,
    /// Indexes that need a copy on a cloned cluster.
    pub beside: Vec<Beside>,
    /// Indexes of what is replaced that nothing takes the place of.
    pub gone_indexes: Vec<GoneIndex>,
    /// The ids of the project's indexes that stand in the scope of the swap.
    pub replaced_indexes: Vec<ObjectId>,
    /// Grants and comments on what is not rebuilt.
    pub in_place: Vec<AfterSwap>,
    /// Grants and comments on what is replaced in place.
    pub restored: Vec<AfterSwap>,
    /// What earlier deployments have replaced one by one and keep in the schemas that change places.
    pub carried_along: Vec<ObjectId>,
    /// What the project no longer has in a schema with a stable API and others still read, a line each: it stays.
    pub kept: Vec<String>,
    /// Sinks of the project that do not exist yet.
    pub new_sinks: Vec<AfterSwap>,
    /// All three as steps, to tell before anything happens what the connected role may not do of them.
    pub after: Vec<Step>,
    /// Sinks that exist and are to read something else.
    pub repointed: Vec<Repointed>,
    /// Sinks that exist and cannot be made what their files say without being made anew.
    pub changed_sinks: Vec<ObjectName>,
    /// The epoch at which production was looked at.
    pub base_epoch: u64,
    /// What production was compared with; `None` where nothing was promoted yet.
    pub against: Option<Against>,
    /// Objects of the project that stay as they are.
    pub unchanged: usize,
    /// Sinks, of whomever, that will read the new objects.
    pub sinks: Vec<String>,
    /// Objects of others that read what is replaced, with their owners.
    pub foreign_dependents: Vec<String>,
    /// What of the project's own is granted and commented then, to be recorded before.
    pub said: BTreeMap<String, Said>,
    /// What of the project's own is granted and commented now.
    pub claims: Claims,
    /// What forbids it, in the order in which a person should be told.
    pub refusals: Vec<Error>,
    /// The deployment they are recorded as: in a resumed run that has staged already, and where there are none but a
    /// promotion that was not finished.
    pub recorded_as: Option<DeploymentId>,
}

impl Changes {
    /// Tells whether there is nothing to deploy.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
            && self.in_place.is_empty()
            && self.new_sinks.is_empty()
            && self.repointed.is_empty()
    }

    /// The objects of a change.
    pub fn of(&self, change: Change) -> impl Iterator<Item = &StagedObject> {
        self.objects.iter().filter(move |object| object.change == change)
    }

    /// The names of the objects that go.
    pub fn removed(&self) -> Vec<String> {
        self.of(Change::Removed).map(|object| object.name.to_string()).collect()
    }

    /// The objects that are built anew, or gone afterwards.
    pub fn replaced(&self) -> impl Iterator<Item = &StagedObject> {
        self.objects.iter().filter(|object| object.is_replaced())
    }

    /// The objects that are built.
    pub fn built(&self) -> impl Iterator<Item = &StagedObject> {
        self.objects.iter().filter(|object| object.change.is_built())
    }
}

#[cfg(test)]
mod tests;
