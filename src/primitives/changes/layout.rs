//! From changes to names and steps: what a deployment with a certain id is made of.

use std::collections::BTreeMap;
use std::collections::HashSet;

use super::super::code::Code;
use super::super::error::Error;
use super::super::metadata;
use super::super::metadata::Pair;
use super::super::metadata::Written;
use super::super::said;
use super::Changes;
use super::creates;
use super::written;
use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::deployment::DeploymentId;
use crate::deployment::change::Change;
use crate::deployment::record::ClusterPair;
use crate::deployment::record::SchemaPair;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::record::StagedIndex;
use crate::deployment::said::Claims;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::step::Step;
use crate::plan::step::Target;

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
    let naming = Naming::new(changes, id)?;
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
            built: changes.built().count(),
        },
        contents: StageObjects {
            objects: changes.objects.clone(),
            indexes: Vec::new(),
            replaced_indexes: changes.replaced_indexes.clone(),
            in_place: changes.in_place.clone(),
            new_sinks: changes.new_sinks.clone(),
            repointed: changes.repointed.clone(),
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
            build(&mut layout, &naming, changes, object, catalog);
        }
    }
    beside(&mut layout, &naming, changes, id)?;
    Ok(layout)
}

/// The staging names of everything.
struct Naming {
    schemas: BTreeMap<SchemaName, SchemaPair>,
    clusters: BTreeMap<ClusterName, ClusterPair>,
    built: HashSet<ObjectName>,
}

impl Naming {
    fn new(changes: &Changes, id: &DeploymentId) -> Result<Self, Error> {
        let too_long = |error: crate::name::NameError| {
            Error::new(Code::StageNameTooLong, format!("a staged name is too long: {error}"))
                .effect("nothing was changed")
        };
        let mut schemas = BTreeMap::new();
        for (name, production_id) in &changes.schemas {
            let pair = SchemaPair {
                database: name.database.clone(),
                production: name.schema.clone(),
                staging: id.green(&name.schema).map_err(too_long)?,
                production_id: production_id.clone(),
            };
            // The name for dropping has to fit as well, or what was staged could not be removed.
            id.claimed(&name.schema).map_err(too_long)?;
            schemas.insert(name.clone(), pair);
        }
        let mut clusters = BTreeMap::new();
        for (name, production_id) in &changes.clusters {
            let pair = ClusterPair {
                production: name.clone(),
                staging: ClusterName(id.green(&name.0).map_err(too_long)?),
                production_id: production_id.clone(),
            };
            clusters.insert(name.clone(), pair);
        }
        let built = changes.built().map(|object| object.name.clone()).collect();
        Ok(Self { schemas, clusters, built })
    }

    /// What an object is called while it is staged: only what is built has another name.
    fn object(&self, name: &ObjectName) -> ObjectName {
        let pair = self.schemas.get(&name.schema_name()).filter(|_| self.built.contains(name));
        pair.map_or_else(|| name.clone(), |pair| pair.staging_name().object(name.object.clone()))
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
fn containers(layout: &mut Layout, naming: &Naming, changes: &Changes, clones: &Clones, catalog: &Catalog) {
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
        let blue = catalog.schemas.contains_key(name).then(|| Target::Schema(name.clone()));
        layout.pairs.push(Pair { blue, green: target });
    }
    for (name, pair) in &naming.clusters {
        let options = clones.get(name).cloned().unwrap_or_default();
        layout.create.push(Step::CreateCluster { name: pair.staging.clone(), options });
        let defined = changes.compiled.project.clusters.iter().find(|cluster| cluster.name == *name);
        let target = Target::Cluster(pair.staging.clone());
        if let Some(defined) = defined {
            written::grants(&mut layout.written, &target, &defined.grants);
            written::comments(&mut layout.written, &target, &defined.comments);
        }
        layout.pairs.push(Pair { blue: Some(Target::Cluster(name.clone())), green: target });
    }
}

/// An object and its indexes, under the staging name.
fn build(layout: &mut Layout, naming: &Naming, changes: &Changes, object: &Object, catalog: &Catalog) {
    let name = naming.object(&object.name);
    let indexes: Vec<Ident> = object.indexes.iter().map(|index| index.name.clone()).collect();
    let steps = naming.write(|names| creates::object(&changes.compiled, object, (&name, &indexes), names));
    layout.create.extend(steps);
    for index in &object.indexes {
        let production = object.name.schema_name().object(index.name.clone());
        let staging = name.schema_name().object(index.name.clone());
        layout.contents.indexes.push(StagedIndex {
            production_id: catalog.object(&production).map(|found| found.id.clone()),
            name: production,
            staging,
            on: object.name.clone(),
        });
    }
    written::object(&mut layout.written, object, &name);
    let same_kind = catalog.object(&object.name).filter(|found| found.kind == object.kind);
    let blue = same_kind.map(|found| Target::Object(found.kind, object.name.clone()));
    layout.pairs.push(Pair { blue, green: Target::Object(object.kind, name) });
}

/// Copies of indexes whose relation stays and whose cluster is cloned.
fn beside(layout: &mut Layout, naming: &Naming, changes: &Changes, id: &DeploymentId) -> Result<(), Error> {
    for beside in &changes.beside {
        let Some(object) = changes.compiled.project.object(&beside.on) else { continue };
        let Some(index) = object.indexes.iter().find(|index| index.name == beside.index) else { continue };
        let name = id.green(&beside.index).map_err(|error| {
            Error::new(Code::StageNameTooLong, format!("a staged name is too long: {error}"))
        })?;
        let staging = beside.on.schema_name().object(name.clone());
        let step = naming
            .write(|names| creates::index(&changes.compiled, object, (index, &name), &beside.on, names));
        layout.create.push(step);
        layout.contents.indexes.push(StagedIndex {
            name: beside.on.schema_name().object(beside.index.clone()),
            staging,
            on: beside.on.clone(),
            production_id: beside.production_id.clone(),
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
        let exchanges = 1 + schemas + clusters + beside.sum::<usize>();
        let in_place = changes.in_place.len() + changes.new_sinks.len() + changes.sinks.len();
        Some(
            layout.create.len()
                + layout.metadata(&after).len()
                + exchanges
                + in_place
                + schemas
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
    let replaced = changes.objects.iter().filter(|o| o.change.is_built() || o.change == Change::Removed);
    let ids: Vec<&ObjectId> = replaced.filter_map(|object| object.production_id.as_ref()).collect();
    let schemas = changes.schemas.values().flatten().count();
    let beside = changes.beside.iter().filter(|beside| beside.production_id.is_some()).count();
    let layers = catalog.layers(ids.into_iter()).len() + usize::from(beside > 0);
    2 * (schemas + changes.clusters.len()) + beside + layers
}
