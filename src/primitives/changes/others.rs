//! What other deployments have standing in production's own schemas, where objects change names one by one: versions
//! that wait for their promotion, and versions that one has replaced and that are kept.
//!
//! A swap of such a schema takes along what is kept, and the way back brings it back; what waits would never become
//! production, so that a swap waits for its end.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::deployment::DeploymentId;
use crate::deployment::state::State;
use crate::name::ObjectId;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::primitives::scope::Scope;

/// A version that is not production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The deployment that has staged or replaced it.
    pub deployment: DeploymentId,
    /// Whether that is production, and this one is what it has replaced.
    pub is_kept: bool,
}

/// Such versions, by id.
pub type Others = BTreeMap<ObjectId, Other>;

/// Those of deployments.
pub fn of<'s>(scopes: impl Iterator<Item = (&'s Scope, State)>, catalog: &Catalog) -> Others {
    let mut others = Others::new();
    for (scope, state) in scopes {
        let other = Other { deployment: scope.deployment().clone(), is_kept: state.is_promoted() };
        let found = scope.one_by_one(state, catalog);
        others.extend(found.into_iter().map(|found| (found.id.clone(), other.clone())));
    }
    others
}

/// Those that go along with schemas that change places.
pub fn carried_along(
    others: &Others,
    schemas: &BTreeMap<SchemaName, Option<SchemaId>>,
    catalog: &Catalog,
) -> Vec<ObjectId> {
    let kept = others.iter().filter(|(_, other)| other.is_kept).map(|(id, _)| id);
    let in_them = |id: &&ObjectId| {
        catalog.objects.get(*id).is_some_and(|found| schemas.contains_key(&found.name.schema_name()))
    };
    kept.filter(in_them).cloned().collect()
}

impl Other {
    /// What it is, and how it goes, in words.
    pub fn told(&self) -> String {
        let id = &self.deployment;
        match self.is_kept {
            true => format!("which {id} has replaced and keeps: `mzflow gc --kept` drops it"),
            false => {
                format!("which is staged as {id}: `mzflow promote {id}` or `mzflow abort {id}` comes first")
            }
        }
    }
}
