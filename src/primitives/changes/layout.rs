//! From changes to names and steps: what a deployment with a certain id is made of.

use std::collections::BTreeMap;
use std::collections::HashMap;

use super::super::carried;
use super::super::code::Code;
use super::super::error::Error;
use super::super::exchange::renames;
use super::super::metadata;
use super::super::metadata::Pair;
use super::super::metadata::Written;
use super::super::said;
use super::super::scope;
use super::Changes;
use super::creates;
use super::written;
use crate::catalog::Catalog;
use crate::compiler::object::Index;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::ClusterPair;
use crate::deployment::record::SchemaPair;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::record::StagedIndex;
use crate::deployment::record::StagedObject;
use crate::deployment::said::Claims;
use crate::deployment::way::Way;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::NameError;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// The options of each cluster that is cloned.
pub type Clones = BTreeMap<ClusterName, Vec<(String, String)>>;

/// A deployment laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What is recorded before anything is created.
    pub intent: StageIntent,
    /// The objects behind it.
    pub contents: StageObjects,
    /// Everything that is created, in order.
    pub create: Vec<Step>,
    /// What has to be like what.
    pub pairs: Vec<Pair>,
    /// What the files say of it.
    pub written: Written,
    /// What the project has granted and commented in production.
    pub claims: Claims,
}

impl Layout {
    /// The steps that bring owners, grants and comments in line, once everything is created.
    pub fn metadata(&self, catalog: &Catalog) -> Vec<Step> {
        metadata::carry(catalog, &self.pairs, &self.written, &self.claims)
    }
}

/// Lays a deployment out.
///
/// # Errors
/// `stage.name-too-long`.
pub fn layout(
    changes: &Changes,
    id: &DeploymentId,
    commit: Option<&str>,
    clones: &Clones,
    catalog: &Catalog,
) -> Result<Layout, Error> {
    let naming = Naming::new(changes, id, catalog)?;
    let mut layout = Layout {
        intent: StageIntent {
            deployment: id.clone(),
            project_fingerprint: changes.compiled.project.fingerprint().to_string(),
            isolation: changes.isolation,
            base_epoch: changes.base_epoch,
            commit: commit.map(str::to_owned),
            project_schemas: changes.compiled.project.schemas.iter().map(|s| s.name.clone()).collect(),
            schemas: naming.schemas.values().cloned().collect(),
            clusters: naming.clusters.values().cloned().collect(),
            within: changes.within.clone(),
            built: changes.built().count(),
            stable: changes.stable.clone(),
            replaced_in: naming.replaced_in.clone(),
        },
        contents: StageObjects {
            objects: naming.placed(changes)?,
            indexes: Vec::new(),
            replaced_indexes: changes.replaced_indexes.clone(),
            in_place: changes.in_place.clone(),
            new_sinks: changes.new_sinks.clone(),
            repointed: changes.repointed.clone(),
            restored: changes.restored.clone(),
            carried_along: changes.carried_along.clone(),
            meant: None,
            deployment: id.clone(),
        },
        create: Vec::new(),
        pairs: Vec::new(),
        written: Written::default(),
        claims: changes.claims.clone(),
    };
    containers(&mut layout, &naming, changes, clones, catalog);
    for staged in changes.built() {
        if let Some(object) = changes.compiled.project.object(&staged.name) {
            build(&mut layout, &naming, changes, object, catalog)?;
        }
    }
    beside(&mut layout, &naming, changes)?;
    layout.pairs = carried::pairs(&layout.intent, &layout.contents, catalog);
    let said_of: Vec<Pair> =
        layout.pairs.iter().cloned().chain(carried::replaced(&layout.contents)).collect();
    layout.contents.meant =
        Some(carried::meant(&layout.intent, &layout.contents, &said_of, &layout.written, &layout.claims));
    Ok(layout)
}

/// The staging names of everything.
struct Naming<'i> {
    id: &'i DeploymentId,
    schemas: BTreeMap<SchemaName, SchemaPair>,
    clusters: BTreeMap<ClusterName, ClusterPair>,
    replaced_in: Vec<SchemaPair>,
    built: HashMap<ObjectName, Built>,
}

/// How an object becomes production, and what it is called until then.
struct Built {
    way: Way,
    /// Where it is built.
    staging: ObjectName,
    /// What those that are built with it call it.
    read_as: ObjectName,
}

fn too_long(error: NameError) -> Error {
    Error::new(Code::StageNameTooLong, format!("a staged name is too long: {error}"))
        .effect("nothing was changed")
}

impl<'i> Naming<'i> {
    fn new(changes: &Changes, id: &'i DeploymentId, catalog: &Catalog) -> Result<Self, Error> {
        let pair = |name: &SchemaName, production_id| {
            // The name for dropping has to fit as well, or what was staged could not be removed.
            id.claimed(&name.schema).map_err(too_long)?;
            Ok(SchemaPair {
                database: name.database.clone(),
                production: name.schema.clone(),
                staging: id.green(&name.schema).map_err(too_long)?,
                production_id,
            })
        };
        let mut schemas = BTreeMap::new();
        for (name, production_id) in &changes.schemas {
            schemas.insert(name.clone(), pair(name, production_id.clone())?);
        }
        let in_place = changes.replaced_in.iter().map(|(name, id)| pair(name, Some(id.clone())));
        let replaced_in = in_place.collect::<Result<_, Error>>()?;
        let mut clusters = BTreeMap::new();
        for (name, production_id) in &changes.clusters {
            let production = catalog.clusters.get(name).filter(|cluster| cluster.id == *production_id);
            let pair = ClusterPair {
                production: name.clone(),
                staging: ClusterName(id.green(&name.0).map_err(too_long)?),
                production_id: production_id.clone(),
                production_shape: production.map(scope::shape),
            };
            clusters.insert(name.clone(), pair);
        }
        let mut built = HashMap::new();
        for object in changes.built() {
            let staging = object.way.staging(id, &object.name).map_err(too_long)?;
            let read_as = object.way.read_as(id, &object.name).map_err(too_long)?;
            built.insert(object.name.clone(), Built { way: object.way, staging, read_as });
        }
        Ok(Self { id, schemas, clusters, replaced_in, built })
    }

    /// The objects, with the names that they bear where they change names one by one.
    fn placed(&self, changes: &Changes) -> Result<Vec<StagedObject>, Error> {
        let mut objects = changes.objects.clone();
        for object in objects.iter_mut().filter(|object| object.is_renamed() && object.is_replaced()) {
            object.staging = self.built.get(&object.name).map(|built| built.staging.object.clone());
            object.retired = Some(self.id.retired(&object.name.object).map_err(too_long)?);
            self.id.claimed(&object.name.object).map_err(too_long)?;
        }
        Ok(objects)
    }

    /// What an object is called by those that are built with it: only what is built has another name.
    fn object(&self, name: &ObjectName) -> ObjectName {
        self.built.get(name).map_or(name, |built| &built.read_as).clone()
    }

    fn cluster(&self, name: &ClusterName) -> ClusterName {
        self.clusters.get(name).map_or_else(|| name.clone(), |pair| pair.staging.clone())
    }

    fn write<T>(&self, write: impl FnOnce(&Names<'_>) -> T) -> T {
        let object = |name: &ObjectName| self.object(name);
        let cluster = |name: &ClusterName| self.cluster(name);
        write(&Names { object: &object, cluster: &cluster })
    }
}

/// Schemas with their default privileges, which only count for what is made after them; clusters.
fn containers(
    layout: &mut Layout,
    naming: &Naming<'_>,
    changes: &Changes,
    clones: &Clones,
    catalog: &Catalog,
) {
    for (name, pair) in &naming.schemas {
        let staging = pair.staging_name();
        let target = Target::Schema(staging.clone());
        layout.create.push(Step::CreateSchema(staging.clone()));
        let production = Target::Schema(name.clone());
        let mut files = Written::default();
        if let Some(schema) = changes.compiled.project.schema(name) {
            let me = &catalog.session.role;
            written::modifiers(&mut layout.written, &schema.modifiers, &target, me);
            written::modifiers(&mut files, &schema.modifiers, &production, me);
        }
        let wanted = files.defaults.get(&production);
        let defaults = said::carried_defaults(catalog, name, &staging, wanted, &changes.claims);
        layout.create.extend(defaults.into_iter().map(Step::GrantDefault));
    }
    // What is built there takes over from what keeps its owner and its grants.
    let in_place = naming.replaced_in.iter().map(|pair| Step::CreateSchema(pair.staging_name()));
    layout.create.extend(in_place);
    for (name, pair) in &naming.clusters {
        let options = clones.get(name).cloned().unwrap_or_default();
        layout.create.push(Step::CreateCluster { name: pair.staging.clone(), options });
        let defined = changes.compiled.project.clusters.iter().find(|cluster| cluster.name == *name);
        let target = Target::Cluster(pair.staging.clone());
        if let Some(defined) = defined {
            written::grants(&mut layout.written, &target, &defined.grants);
            written::comments(&mut layout.written, &target, &defined.comments);
        }
    }
}

/// An object and its indexes, under the staging name.
///
/// A replacement gets nothing of its own: indexes are built on what it replaces, and grants stay there.
fn build(
    layout: &mut Layout,
    naming: &Naming<'_>,
    changes: &Changes,
    object: &Object,
    catalog: &Catalog,
) -> Result<(), Error> {
    let Some(Built { way, staging: name, .. }) = naming.built.get(&object.name) else { return Ok(()) };
    let (way, name, compiled) = (*way, name.clone(), &changes.compiled);
    if way == Way::Replaced {
        layout.create.push(naming.write(|names| creates::replacement(compiled, object, &name, names)));
        // It is given to what is replaced once more, which keeps its name.
        written::object(&mut layout.written, object, &object.name);
        return Ok(());
    }
    // Beside production's the name of an index may be taken.
    let own = |index: &Index| match way {
        Way::Swapped | Way::Replaced => Ok(index.name.clone()),
        Way::Renamed => naming.id.green(&index.name).map_err(too_long),
    };
    let indexes = object.indexes.iter().map(own).collect::<Result<Vec<Ident>, Error>>()?;
    let steps = naming.write(|names| creates::object(compiled, object, (&name, &indexes), names));
    layout.create.extend(steps);
    let is_index = |found: &&crate::catalog::Object| found.kind == ObjectKind::Index;
    for (index, own) in object.indexes.iter().zip(indexes) {
        let production = object.name.schema_name().object(index.name.clone());
        let staging = name.schema_name().object(own);
        let retired = match way {
            Way::Swapped | Way::Replaced => None,
            Way::Renamed => Some(naming.id.retired(&index.name).map_err(too_long)?),
        };
        layout.contents.indexes.push(StagedIndex {
            production_id: catalog.object(&production).filter(is_index).map(|found| found.id.clone()),
            name: production,
            staging,
            on: object.name.clone(),
            retired,
            removed: false,
        });
    }
    written::object(&mut layout.written, object, &name);
    Ok(())
}

/// Indexes on relations that stay: copies on clones, those of what is replaced in place, and those that go.
fn beside(layout: &mut Layout, naming: &Naming<'_>, changes: &Changes) -> Result<(), Error> {
    for gone in &changes.gone_indexes {
        let own = naming.id.green(&gone.name.object).map_err(too_long)?;
        layout.contents.indexes.push(StagedIndex {
            name: gone.name.clone(),
            staging: gone.name.schema_name().object(own),
            on: gone.on.clone(),
            production_id: Some(gone.id.clone()),
            retired: None,
            removed: true,
        });
    }
    for beside in &changes.beside {
        let Some(object) = changes.compiled.project.object(&beside.on) else { continue };
        let Some(index) = object.indexes.iter().find(|index| index.name == beside.index) else { continue };
        let name = naming.id.green(&beside.index).map_err(too_long)?;
        let staging = beside.on.schema_name().object(name.clone());
        let step = naming
            .write(|names| creates::index(&changes.compiled, object, (index, &name), &beside.on, names));
        layout.create.push(step);
        layout.contents.indexes.push(StagedIndex {
            name: beside.on.schema_name().object(beside.index.clone()),
            staging,
            on: beside.on.clone(),
            production_id: beside.production_id.clone(),
            retired: None,
            removed: false,
        });
    }
    Ok(())
}

/// What a deployment costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Cost {
    /// Objects that are built.
    pub objects: usize,
    /// Clusters that are cloned.
    pub clusters: usize,
    /// DDL statements from the first to the last: create, carry, swap, tag, drop.
    pub ddl_statements: usize,
}

/// Counts what a deployment would cost, by laying it out and rehearsing it.
pub fn cost(changes: &Changes, catalog: &Catalog) -> Cost {
    let counted = || {
        let id: DeploymentId = "0000000".parse().ok()?;
        let layout = layout(changes, &id, None, &Clones::new(), catalog).ok()?;
        let mut after = catalog.clone();
        layout.create.iter().for_each(|step| after.take(step));
        let (schemas, clusters) = (changes.schemas.len(), changes.clusters.len());
        let beside = changes.beside.iter().map(|b| if b.production_id.is_some() { 3 } else { 1 });
        let renames = renames::renames(&layout.intent, &layout.contents, SwapKind::Promotion, &after).len();
        let renames = renames + changes.gone_indexes.len();
        let exchanges = 1 + schemas + clusters + beside.sum::<usize>() + renames;
        let replaced = layout.contents.replacements().count() + changes.replaced_in.len();
        let in_place = changes.in_place.len() + changes.restored.len();
        let in_place = in_place + replaced + changes.new_sinks.len() + changes.sinks.len();
        let tags = schemas + layout.intent.staying().count();
        Some(
            layout.create.len()
                + layout.metadata(&after).len()
                + exchanges
                + in_place
                + tags
                + retired(changes, catalog),
        )
    };
    Cost {
        objects: changes.built().count(),
        clusters: changes.clusters.len(),
        ddl_statements: if changes.is_empty() { 0 } else { counted().unwrap_or(0) },
    }
}

/// The statements that drop what is replaced: claims, layers, schemas, clusters.
fn retired(changes: &Changes, catalog: &Catalog) -> usize {
    let replaced = || changes.replaced().filter(|object| object.way != Way::Replaced);
    let ids: Vec<&ObjectId> = replaced().filter_map(|object| object.production_id.as_ref()).collect();
    let one_by_one = replaced().filter(|object| object.is_renamed());
    let claims = one_by_one.filter(|object| object.production_id.is_some()).count();
    let schemas = changes.schemas.values().flatten().count();
    let beside = changes.beside.iter().filter(|beside| beside.production_id.is_some()).count();
    let beside = beside + changes.gone_indexes.len();
    let layers = catalog.drops(ids.into_iter()).len() + usize::from(beside > 0);
    2 * (schemas + changes.clusters.len()) + claims + beside + layers
}
