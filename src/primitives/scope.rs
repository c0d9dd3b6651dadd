//! What a deployment is made of, put together from its records: the scope of a swap or a drop.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures_util::future::try_join;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Deployment;
use crate::catalog::Catalog;
use crate::catalog::Cluster;
use crate::catalog::Object;
use crate::db::journal::Which;
use crate::db::snapshot::DeployedObject;
use crate::deployment::DeploymentId;
use crate::deployment::record::ClusterShape;
use crate::deployment::record::Record;
use crate::deployment::record::StageDone;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;

/// One deployment's records.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What it set out to be.
    pub intent: StageIntent,
    /// Its objects, and what waits for its swap.
    pub contents: StageObjects,
    /// The ids of its schemas and clusters, once all of it was built.
    pub done: Option<StageDone>,
    /// The recorded ids of what was built, by the name it was built under.
    pub built: BTreeMap<ObjectName, ObjectId>,
}

impl Scope {
    /// Reads a deployment's records.
    ///
    /// # Errors
    /// `bug.broken-invariant` when its objects were never recorded, `db.*`.
    pub async fn read(ctx: &Ctx, known: &Deployment) -> Result<Self, Error> {
        Self::with_rows(ctx, known).await.map(|(scope, _)| scope)
    }

    /// Reads a deployment's records, and gives what is recorded of each of its objects as well.
    ///
    /// # Errors
    /// As [`Scope::read`].
    pub async fn with_rows(ctx: &Ctx, known: &Deployment) -> Result<(Self, Vec<DeployedObject>), Error> {
        let id = &known.intent.deployment;
        let entries = ctx.entries(Which::OfRuns(&known.runs, &["stage.objects"]));
        let (entries, rows) = try_join(entries, ctx.objects_of(id)).await?;
        let contents = entries.into_iter().rev().find_map(|entry| match entry.record {
            Record::StageObjects(objects) if objects.deployment == *id => Some(objects),
            _ => None,
        });
        let contents = match contents {
            Some(contents) => contents,
            // Died between the two rows of its intent: nothing can have been built.
            None => StageObjects::empty(id.clone()),
        };
        let built = rows.iter().filter(|row| row.change.is_built());
        let built = built.filter_map(|row| Some((row.green_name.clone(), row.object_id.clone()?))).collect();
        let scope = Self { intent: known.intent.clone(), contents, done: known.done.clone(), built };
        Ok((scope, rows))
    }

    /// The deployment.
    pub fn deployment(&self) -> &DeploymentId {
        &self.intent.deployment
    }

    /// The ids that leave production by name: what is replaced in place is left out, since its readers stay.
    pub fn leaving(&self) -> BTreeSet<&ObjectId> {
        let in_place: BTreeSet<&ObjectId> =
            self.contents.replacements().filter_map(|object| object.production_id.as_ref()).collect();
        self.replaced().into_iter().filter(|id| !in_place.contains(id)).collect()
    }

    /// The ids that stood under production names in scope when it was staged.
    pub fn replaced(&self) -> BTreeSet<&ObjectId> {
        let objects = self.contents.objects.iter().filter(|object| object.is_replaced());
        objects
            .filter_map(|object| object.production_id.as_ref())
            .chain(&self.contents.replaced_indexes)
            .collect()
    }

    /// The ids that were built.
    pub fn green(&self) -> BTreeSet<&ObjectId> {
        self.built.values().collect()
    }

    /// Fails unless everything was built.
    ///
    /// # Errors
    /// `swap.not-staged`.
    pub fn complete(&self) -> Result<&StageDone, Error> {
        self.done.as_ref().ok_or_else(|| {
            Error::new(Code::SwapNotStaged, format!("{} is not staged completely", self.deployment()))
                .effect("nothing was changed")
        })
    }
}

/// What there is of a cluster, to tell later whether somebody has altered it.
pub fn shape(cluster: &Cluster) -> ClusterShape {
    ClusterShape { size: cluster.size.clone(), replication_factor: cluster.replication_factor }
}

/// One line about an object, for lists in errors: kind, name, owner.
pub fn told(object: &Object) -> String {
    format!("{} {} (owner {})", object.kind, object.name, object.owner)
}

/// The objects outside `ours` that read something in `read`, sinks left out, by name.
pub fn foreign_readers<'c>(
    catalog: &'c Catalog,
    read: &BTreeSet<&ObjectId>,
    ours: &BTreeSet<&ObjectId>,
) -> Vec<&'c Object> {
    readers(catalog, read, ours).filter(|object| object.kind != ObjectKind::Sink).collect()
}

/// The sinks that read something in `read`, by name.
pub fn sinks_reading<'c>(catalog: &'c Catalog, read: &BTreeSet<&ObjectId>) -> Vec<&'c Object> {
    readers(catalog, read, &BTreeSet::new()).filter(|object| object.kind == ObjectKind::Sink).collect()
}

fn readers<'c>(
    catalog: &'c Catalog,
    read: &BTreeSet<&ObjectId>,
    ours: &BTreeSet<&ObjectId>,
) -> impl Iterator<Item = &'c Object> {
    let mut found: BTreeMap<&ObjectName, &Object> = BTreeMap::new();
    for (reader, reads) in &catalog.reads {
        if ours.contains(reader) || !reads.iter().any(|id| read.contains(id)) {
            continue;
        }
        if let Some(object) = catalog.objects.get(reader) {
            found.insert(&object.name, object);
        }
    }
    found.into_values()
}
