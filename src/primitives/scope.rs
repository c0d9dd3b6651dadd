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
use crate::deployment::RunId;
use crate::deployment::epoch::SwapKind;
use crate::deployment::is_staging_name;
use crate::deployment::record::ClusterShape;
use crate::deployment::record::Record;
use crate::deployment::record::StageDone;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::rights::Undo;
use crate::deployment::state::State;
use crate::name::ClusterName;
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
    /// What takes back what its last promotion did beside the swap.
    pub undo: Undo,
}

impl Scope {
    /// Reads a deployment's records.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn read(ctx: &Ctx, known: &Deployment) -> Result<Self, Error> {
        Self::with_rows(ctx, known).await.map(|(scope, _)| scope)
    }

    /// Reads a deployment's records, and gives what is recorded of each of its objects as well.
    ///
    /// # Errors
    /// As [`Scope::read`].
    pub async fn with_rows(ctx: &Ctx, known: &Deployment) -> Result<(Self, Vec<DeployedObject>), Error> {
        let mut found = Self::records(ctx, &[known]).await?;
        found.pop().ok_or_else(|| Error::bug("the records of one deployment are those of none"))
    }

    /// Reads the records of several deployments, in their order, all at once.
    ///
    /// # Errors
    /// `db.*`.
    pub async fn read_all(ctx: &Ctx, known: &[&Deployment]) -> Result<Vec<Self>, Error> {
        Ok(Self::records(ctx, known).await?.into_iter().map(|(scope, _)| scope).collect())
    }

    async fn records(ctx: &Ctx, known: &[&Deployment]) -> Result<Vec<(Self, Vec<DeployedObject>)>, Error> {
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let runs: BTreeSet<&RunId> = known.iter().flat_map(|known| &known.runs).collect();
        let runs: Vec<RunId> = runs.into_iter().cloned().collect();
        let ids: Vec<&DeploymentId> = known.iter().map(|known| &known.intent.deployment).collect();
        let contents = ctx.entries(Which::OfRuns(&runs, &["stage.objects"]));
        let (contents, recorded) = try_join(contents, ctx.objects_of(&ids)).await?;
        let (mut newest, mut rows) = (BTreeMap::new(), BTreeMap::<_, Vec<DeployedObject>>::new());
        for entry in contents {
            if let Record::StageObjects(objects) = entry.record {
                newest.insert(objects.deployment.clone(), objects);
            }
        }
        for row in recorded {
            rows.entry(row.deployment.clone()).or_default().push(row);
        }
        let found = |known: &&Deployment| {
            let id = &known.intent.deployment;
            let rows = rows.remove(id).unwrap_or_default();
            let built = rows.iter().filter(|row| row.change.is_built());
            let scope = Self {
                intent: known.intent.clone(),
                // Died between the two rows of its intent: nothing can have been built.
                contents: newest.remove(id).unwrap_or_else(|| StageObjects::empty(id.clone())),
                done: known.done.clone(),
                built: built
                    .filter_map(|row| Some((row.green_name.clone(), row.object_id.clone()?)))
                    .collect(),
                undo: known.undo.clone(),
            };
            (scope, rows)
        };
        Ok(known.iter().map(found).collect())
    }

    /// The deployment.
    pub fn deployment(&self) -> &DeploymentId {
        &self.intent.deployment
    }

    /// The production clusters whose options count for an exchange: those that were cloned, where it is recorded what
    /// they were.
    pub fn described(&self, kind: SwapKind) -> Vec<ClusterName> {
        let known = self.intent.clusters.iter().filter(|pair| {
            let shape = pair.production_shape.as_ref();
            kind == SwapKind::Promotion && shape.is_some_and(|shape| shape.options.is_some())
        });
        known.map(|pair| pair.production.clone()).collect()
    }

    /// The ids that leave production by name: what is replaced in place is left out, since its readers stay; what
    /// earlier deployments keep in a schema goes with it.
    pub fn leaving(&self) -> BTreeSet<&ObjectId> {
        let in_place: BTreeSet<&ObjectId> =
            self.contents.replacements().filter_map(|object| object.production_id.as_ref()).collect();
        let replaced = self.replaced().into_iter().filter(|id| !in_place.contains(id));
        replaced.chain(&self.contents.carried_along).collect()
    }

    /// What of it stands in schemas that stay and is not production now, indexes included: by the ids that were
    /// recorded, and before those were, by the names.
    pub fn one_by_one<'c>(&self, state: State, catalog: &'c Catalog) -> Vec<&'c Object> {
        let recorded: BTreeSet<&ObjectId> = match state.is_promoted() {
            true => {
                let indexes = self.contents.indexes.iter().filter_map(|index| index.production_id.as_ref());
                self.replaced().into_iter().chain(indexes).collect()
            }
            false => self.green(),
        };
        let named = self.contents.renamed().filter(|object| object.change.is_built());
        let named = named.map(|object| self.intent.staging_name(object));
        let named = named.chain(self.contents.indexes.iter().map(|index| index.staging.clone()));
        let died = self.done.is_none() && !state.is_promoted();
        let named = named.filter(|_| died).filter_map(|name| catalog.object(&name));
        let found = recorded.into_iter().filter_map(|id| catalog.objects.get(id)).chain(named);
        let found =
            found.filter(|found| is_staging_name(&found.name.object) && !is_staging_name(&found.name.schema));
        found.map(|found| (&found.id, found)).collect::<BTreeMap<_, _>>().into_values().collect()
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
    let Cluster { size, replication_factor, options, .. } = cluster;
    ClusterShape { size: size.clone(), replication_factor: *replication_factor, options: options.clone() }
}

/// One line about an object, for lists in errors: kind, name, owner.
pub fn told(object: &Object) -> String {
    format!("{} {} (owner {})", object.kind, object.name, object.owner)
}

/// What outside `ours` reads something in `read`, sinks left out, a line each: what stands in the way of a drop.
pub fn dependents(catalog: &Catalog, read: &BTreeSet<&ObjectId>, ours: &BTreeSet<&ObjectId>) -> Vec<String> {
    let seen = foreign_readers(catalog, read, ours).into_iter().map(told);
    seen.chain(unseen_readers(catalog, read, ours)).collect()
}

/// What outside `ours` reads something in `read` and stands in no schema that is known, a line each: the temporary
/// views of sessions, which keep from being dropped what they read as any others do.
///
/// Source: `mz_temp` in `design/materialize.md` 1.1: its objects have ids of users, and a schema that is in
/// no relation of the catalog; v26.21.
pub fn unseen_readers(
    catalog: &Catalog,
    read: &BTreeSet<&ObjectId>,
    ours: &BTreeSet<&ObjectId>,
) -> Vec<String> {
    let is_unseen = |reader: &ObjectId| !ours.contains(reader) && !catalog.objects.contains_key(reader);
    let unseen = catalog
        .reads
        .iter()
        .filter(|(reader, reads)| is_unseen(reader) && reads.iter().any(|id| read.contains(id)));
    unseen.map(|(reader, _)| format!("temporary object {reader}")).collect()
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
