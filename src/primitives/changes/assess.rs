//! Compares a project with production: what differs, how far it spreads, what it touches.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::rc::Rc;

use super::super::compile::Compiled;
use super::super::deeds;
use super::super::metadata;
use super::super::metadata::Pair;
use super::super::metadata::Written;
use super::super::said;
use super::super::scope;
use super::Against;
use super::Beside;
use super::Changes;
use super::Reuse;
use super::creates;
use super::differing;
use super::differing::Told;
use super::others;
use super::others::Others;
use super::refuse;
use super::sinks;
use super::spread;
use super::spread::Node;
use super::stable;
use super::stable::Stable;
use super::written;
use crate::catalog::Catalog;
use crate::catalog::Object as Found;
use crate::compiler::object::Index;
use crate::compiler::object::Object;
use crate::db::snapshot::DeployedObject;
use crate::deployment::Isolation;
use crate::deployment::change::Change;
use crate::deployment::record::StagedObject;
use crate::deployment::said::Claims;
use crate::deployment::said::Said;
use crate::deployment::way::Way;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

/// Everything that a comparison is made from.
pub struct Facts<'f> {
    /// The project.
    pub compiled: &'f Rc<Compiled>,
    /// The environment.
    pub catalog: &'f Catalog,
    /// The newest promoted row of each production name, indexes included.
    pub snapshot: &'f BTreeMap<ObjectName, DeployedObject>,
    /// The schemas that deployments of this project have had, to tell its removed objects from
    /// another project's.
    pub own_schemas: &'f BTreeSet<SchemaName>,
    /// The fingerprints of production objects that no row of the snapshot vouches for, computed
    /// from what the catalog stores.
    pub adopted: &'f BTreeMap<ObjectId, String>,
    /// The staging schemas of deployments that are not production.
    pub staging: &'f BTreeSet<SchemaName>,
    /// The schemas that were promoted as ones with a stable API.
    pub stable: &'f BTreeSet<SchemaName>,
    /// The objects in stable schemas of which indexes alone differ, each with those that are as its file says.
    pub indexes_alone: &'f BTreeMap<ObjectName, BTreeSet<Ident>>,
    /// What other deployments have standing in production's own schemas.
    pub others: &'f Others,
    /// What this project has granted and commented itself.
    pub claims: &'f Claims,
    /// The epoch, and who made it.
    pub base_epoch: u64,
    /// See [`Changes::against`].
    pub against: Option<Against>,
}

/// Compares; touches nothing.
pub fn assess(facts: &Facts<'_>, isolation: Isolation, reuse: &Reuse) -> Changes {
    let view = View::new(facts, isolation, reuse);
    let nodes = view.nodes();
    let reasons = spread::spread(&nodes);
    let (mut objects, mut unchanged) = view.differing(&nodes, &reasons);
    let touched: Vec<&Node> =
        nodes.iter().zip(&reasons).filter(|(_, reason)| reason.is_some()).map(|(node, _)| node).collect();
    let schemas: BTreeMap<_, _> = touched
        .iter()
        .filter(|node| !node.stays)
        .map(|node| node.name.schema_name())
        .map(|name| (name.clone(), facts.catalog.schemas.get(&name).map(|schema| schema.id.clone())))
        // One that does not exist yet moves into place as a whole, whatever is swapped.
        .filter(|(_, id)| isolation.swaps_schemas() || id.is_none())
        .collect();
    let renamed = objects.iter().filter(|object| object.is_renamed());
    let within: BTreeSet<SchemaName> = renamed.map(|object| object.name.schema_name()).collect();
    let clusters: BTreeMap<ClusterName, ClusterId> = touched
        .iter()
        .flat_map(|node| &node.clusters)
        .filter_map(|name| Some((name.clone(), facts.catalog.clusters.get(name)?.id.clone())))
        .collect();
    let rebuilt: BTreeSet<&ObjectName> = touched.iter().map(|node| &node.name).collect();
    let (in_place, mut metadata) = view.in_place(&rebuilt, &schemas);
    metadata.retain(|object| view.reindexed(&object.name).is_none());
    unchanged -= metadata.len().min(unchanged);
    objects.extend(metadata);
    let own_sinks = || view.project().iter().filter(|object| object.kind == ObjectKind::Sink);
    let differing = sinks::differing(own_sinks(), facts.catalog, facts.claims);
    let mut said = view.said(&schemas, &clusters);
    said.extend(sinks::definitions(own_sinks(), &differing.changed, facts.claims));
    let (restored, new_sinks) = (view.stable.restored(&objects), view.new_sinks());
    let mut changes = Changes {
        compiled: Rc::clone(facts.compiled),
        isolation,
        beside: view.beside(&rebuilt, &clusters, &objects),
        gone_indexes: view.stable.gone_indexes(&objects),
        replaced_in: stable::replaced_in(&objects, facts.catalog),
        stable: facts.compiled.project.schemas.iter().filter(|s| s.stable).map(|s| s.name.clone()).collect(),
        restored: deeds::after_swap(&restored),
        carried_along: others::carried_along(facts.others, &schemas, facts.catalog),
        kept: view.stable.kept(&view.kept),
        replaced_indexes: Vec::new(),
        in_place: deeds::after_swap(&in_place),
        new_sinks: deeds::after_swap(&new_sinks),
        after: in_place.into_iter().chain(restored).chain(new_sinks).collect(),
        base_epoch: facts.base_epoch,
        against: facts.against.clone(),
        unchanged,
        sinks: Vec::new(),
        foreign_dependents: Vec::new(),
        refusals: Vec::new(),
        recorded_as: None,
        said,
        repointed: differing.repointed,
        changed_sinks: differing.changed,
        claims: facts.claims.clone(),
        objects,
        schemas,
        within: within.into_iter().collect(),
        clusters,
    };
    changes.replaced_indexes = view.replaced_indexes(&changes);
    view.readers(&mut changes);
    changes.refusals = refuse::refusals(&changes, facts);
    changes
}

/// The facts, indexed for one comparison.
struct View<'f> {
    facts: &'f Facts<'f>,
    isolation: Isolation,
    reuse: &'f Reuse,
    stable: Stable<'f>,
    removed: Vec<&'f DeployedObject>,
    kept: Vec<&'f DeployedObject>,
    by_relation: HashMap<&'f ObjectId, Vec<&'f Found>>,
    occupied: BTreeSet<&'f ClusterId>,
}

impl<'f> View<'f> {
    fn new(facts: &'f Facts<'f>, isolation: Isolation, reuse: &'f Reuse) -> Self {
        let mut by_relation: HashMap<&ObjectId, Vec<&Found>> = HashMap::new();
        let mut occupied = BTreeSet::new();
        for object in facts.catalog.objects.values() {
            if let Some(on) = &object.on {
                by_relation.entry(on).or_default().push(object);
            }
            // What is staged there and not production is nobody's to disturb.
            if facts.staging.is_empty() || !facts.staging.contains(&object.name.schema_name()) {
                occupied.extend(object.cluster.as_ref());
            }
        }
        let project = &facts.compiled.project;
        let gone = |row: &&DeployedObject| {
            row.kind.is_staged()
                && project.object(&row.name).is_none()
                && facts.own_schemas.contains(&row.name.schema_name())
                && facts
                    .catalog
                    .object(&row.name)
                    .is_some_and(|found| Some(&found.id) == row.object_id.as_ref())
        };
        let stable = Stable::new(facts);
        let (removed, kept) = stable.part(facts.snapshot.values().filter(gone).collect());
        Self { facts, isolation, reuse, stable, removed, kept, by_relation, occupied }
    }

    /// What is not unchanged, and how much is.
    fn differing(&self, nodes: &[Node], reasons: &[Option<spread::Reason>]) -> (Vec<StagedObject>, usize) {
        let mut objects = Vec::new();
        let mut unchanged = 0;
        for (at, node) in nodes.iter().enumerate() {
            let is_reindexed = self.reindexed(&node.name).is_some();
            match reasons.get(at).cloned().flatten() {
                // Built all the same, with indexes of its own.
                Some(_) if is_reindexed => {
                    let reason = spread::Reason { change: Change::Changed, because: None };
                    objects.push(self.staged(at, node, nodes, &reason, reasons));
                }
                Some(reason) => objects.push(self.staged(at, node, nodes, &reason, reasons)),
                None if is_reindexed => objects.push(self.stays(at, node)),
                None if node.staged => unchanged += 1,
                None => {}
            }
        }
        (objects, unchanged)
    }

    fn project(&self) -> &'f [Object] {
        &self.facts.compiled.project.objects
    }

    fn indexes_of(&self, id: &ObjectId) -> &[&'f Found] {
        self.by_relation.get(id).map_or(&[], Vec::as_slice)
    }

    /// How an object becomes production, or leaves it.
    fn way(&self, name: &ObjectName, change: Change) -> Way {
        if self.stable.holds(name) {
            return self.stable.way(name, change);
        }
        match self.isolation.swaps_schemas() || !self.facts.catalog.schemas.contains_key(&name.schema_name())
        {
            true => Way::Swapped,
            false => Way::Renamed,
        }
    }

    /// The clusters that rebuilding an object touches: those that are cloned.
    fn cloned<'c>(&self, clusters: impl Iterator<Item = &'c ClusterName>) -> Vec<ClusterName> {
        match self.isolation {
            Isolation::Schema | Isolation::Object => Vec::new(),
            Isolation::Cluster => clusters.filter(|cluster| self.is_cloned(cluster)).cloned().collect(),
        }
    }

    /// A cluster that nothing runs on needs no clone: what is built there disturbs nobody.
    fn is_cloned(&self, cluster: &ClusterName) -> bool {
        let found = self.facts.catalog.clusters.get(cluster);
        !self.reuse.keeps(cluster) && found.is_some_and(|found| self.occupied.contains(&found.id))
    }

    /// The project's objects by position, then those it no longer has.
    fn nodes(&self) -> Vec<Node> {
        let objects = self.project();
        let at: HashMap<&ObjectName, usize> =
            objects.iter().enumerate().map(|(at, object)| (&object.name, at)).collect();
        let with_schema = self.isolation.swaps_schemas();
        let own = objects.iter().map(|object| Node {
            name: object.name.clone(),
            with_schema: with_schema && !self.stable.holds(&object.name),
            clusters: if object.kind.is_staged() {
                self.cloned(object.clusters().into_iter())
            } else {
                Vec::new()
            },
            reads: object.depends_on.iter().filter_map(|read| at.get(read).copied()).collect(),
            seed: if object.kind.is_staged() { self.seed(object) } else { None },
            staged: object.kind.is_staged(),
            stays: self.stable.holds(&object.name),
        });
        let gone = self.removed.iter().map(|row| {
            // What loses its name alone touches nothing else.
            let stays = self.stable.holds(&row.name);
            let clusters = if stays { Vec::new() } else { self.cloned(self.clusters_of(row).iter()) };
            Node {
                name: row.name.clone(),
                with_schema: with_schema && !stays,
                clusters,
                reads: Vec::new(),
                seed: Some(Change::Removed),
                staged: true,
                stays,
            }
        });
        own.chain(gone).collect()
    }

    fn clusters_of(&self, row: &DeployedObject) -> Vec<ClusterName> {
        let Some(found) = self.facts.catalog.object(&row.name) else { return Vec::new() };
        let indexes = self.indexes_of(&found.id).iter().filter_map(|index| index.cluster.as_ref());
        let ids: BTreeSet<&ClusterId> = found.cluster.iter().chain(indexes).collect();
        let clusters = self.facts.catalog.clusters.iter();
        clusters.filter(|(_, cluster)| ids.contains(&cluster.id)).map(|(name, _)| name.clone()).collect()
    }

    /// Whether an object differs from production by itself.
    fn seed(&self, object: &Object) -> Option<Change> {
        let told = differing::told(object, self.facts.catalog, self.facts.snapshot);
        let change = differing::change(object, &told, self.facts.adopted)?;
        let is_as_recorded = matches!(told, Told::Differs(Change::Changed));
        (!is_as_recorded || self.reindexed(&object.name).is_none()).then_some(change)
    }

    /// Of an object whose indexes alone differ, those that are as its file says.
    ///
    /// Where they would hydrate on a cluster that is to be left alone, it is rebuilt with them.
    fn reindexed(&self, name: &ObjectName) -> Option<&'f BTreeSet<Ident>> {
        let stands = self.facts.indexes_alone.get(name).filter(|_| self.stable.holds(name))?;
        let object = self.facts.compiled.project.object(name)?;
        let mut built = object.indexes.iter().filter(|index| !stands.contains(&index.name));
        let is_disturbed =
            |index: &Index| self.isolation == Isolation::Cluster && self.is_cloned(&index.cluster);
        (!built.any(is_disturbed)).then_some(stands)
    }

    /// One of which only the indexes are built.
    fn stays(&self, at: usize, node: &Node) -> StagedObject {
        let reason = spread::Reason { change: Change::Reindexed, because: None };
        let staged = self.staged(at, node, &[], &reason, &[]);
        StagedObject { way: Way::Swapped, ..staged }
    }

    fn staged(
        &self,
        at: usize,
        node: &Node,
        nodes: &[Node],
        reason: &spread::Reason,
        reasons: &[Option<spread::Reason>],
    ) -> StagedObject {
        let found = self.facts.catalog.object(&node.name);
        let object = self.project().get(at);
        StagedObject {
            name: node.name.clone(),
            kind: object.map_or_else(|| found.map_or(ObjectKind::View, |found| found.kind), |o| o.kind),
            change: reason.change,
            because: chain(reason, nodes, reasons),
            fingerprint: object.map(|o| o.fingerprint.to_string()).unwrap_or_default(),
            metadata_fingerprint: object.map(|o| o.metadata_fingerprint.to_string()).unwrap_or_default(),
            production_id: found.map(|found| found.id.clone()),
            file: object.map(|o| o.file.clone()),
            way: self.way(&node.name, reason.change),
            staging: None,
            retired: None,
        }
    }

    /// What files say of things that are not rebuilt, and production does not have yet.
    fn in_place(
        &self,
        rebuilt: &BTreeSet<&ObjectName>,
        swapped: &BTreeMap<SchemaName, Option<crate::name::SchemaId>>,
    ) -> (Vec<Step>, Vec<StagedObject>) {
        let mut written = Written::default();
        let mut pairs = Vec::new();
        let (claims, me) = (self.facts.claims, &self.facts.catalog.session.role);
        let same = |target: Target| Pair { blue: Some(target.clone()), green: target };
        for schema in &self.facts.compiled.project.schemas {
            let target = Target::Schema(schema.name.clone());
            if !swapped.contains_key(&schema.name) && self.facts.catalog.schemas.contains_key(&schema.name) {
                written::modifiers(&mut written, &schema.modifiers, &target, me);
                pairs.push(same(target));
            }
        }
        let places: Vec<Target> = pairs.iter().map(|pair| pair.green.clone()).collect();
        let mut staged = Vec::new();
        for object in self.project().iter().filter(|o| o.kind.is_staged() && !rebuilt.contains(&o.name)) {
            let mut own = Written::default();
            written::object(&mut own, object, &object.name);
            let pair = same(Target::Object(object.kind, object.name.clone()));
            if !metadata::carry(self.facts.catalog, std::slice::from_ref(&pair), &own, claims).is_empty() {
                staged.push(StagedObject {
                    name: object.name.clone(),
                    kind: object.kind,
                    change: Change::Metadata,
                    because: Vec::new(),
                    fingerprint: object.fingerprint.to_string(),
                    metadata_fingerprint: object.metadata_fingerprint.to_string(),
                    production_id: self.facts.catalog.object(&object.name).map(|found| found.id.clone()),
                    file: Some(object.file.clone()),
                    way: Way::Swapped,
                    staging: None,
                    retired: None,
                });
                written.grants.extend(own.grants);
                written.comments.extend(own.comments);
                pairs.push(pair);
            }
        }
        let mut steps = metadata::carry(self.facts.catalog, &pairs, &written, claims);
        steps.extend(said::defaults(self.facts.catalog, &places, &written, claims));
        (steps, staged)
    }

    /// What has to be recorded of what files say of what a deployment touches, and of what stays.
    fn said(
        &self,
        schemas: &BTreeMap<SchemaName, Option<crate::name::SchemaId>>,
        clusters: &BTreeMap<ClusterName, ClusterId>,
    ) -> BTreeMap<String, Said> {
        let (catalog, me) = (self.facts.catalog, &self.facts.catalog.session.role);
        let project = &self.facts.compiled.project;
        let mut written = Written::default();
        let mut targets = Vec::new();
        for schema in &project.schemas {
            if schemas.contains_key(&schema.name) || catalog.schemas.contains_key(&schema.name) {
                let target = Target::Schema(schema.name.clone());
                written::modifiers(&mut written, &schema.modifiers, &target, me);
                targets.push(target);
            }
        }
        for cluster in project.clusters.iter().filter(|cluster| clusters.contains_key(&cluster.name)) {
            let target = Target::Cluster(cluster.name.clone());
            written::grants(&mut written, &target, &cluster.grants);
            written::comments(&mut written, &target, &cluster.comments);
            targets.push(target);
        }
        for object in project.objects.iter().filter(|object| object.kind.is_staged()) {
            written::object(&mut written, object, &object.name);
            targets.push(Target::Object(object.kind, object.name.clone()));
        }
        said::claims(catalog, &targets, &written, self.facts.claims)
    }

    fn new_sinks(&self) -> Vec<Step> {
        let sinks = self.project().iter().filter(|object| object.kind == ObjectKind::Sink);
        let missing = sinks.filter(|sink| self.facts.catalog.object(&sink.name).is_none());
        missing.map(|sink| creates::sink(self.facts.compiled, sink)).collect()
    }

    /// Indexes of what stays that live on a cloned cluster, and those of what is replaced in place.
    fn beside(
        &self,
        rebuilt: &BTreeSet<&ObjectName>,
        clusters: &BTreeMap<ClusterName, ClusterId>,
        objects: &[StagedObject],
    ) -> Vec<Beside> {
        let is_cloned = |index: &Index| clusters.contains_key(&index.cluster);
        let replaced = self.stable.beside(objects, is_cloned, |name| self.reindexed(name));
        let stay = self.project().iter().filter(|object| !rebuilt.contains(&object.name));
        stay.flat_map(|object| object.indexes.iter().map(move |index| (object, index)))
            .filter(|(object, index)| is_cloned(index) && self.reindexed(&object.name).is_none())
            .map(|(object, index)| {
                let name = object.name.schema_name().object(index.name.clone());
                let found = self.facts.catalog.object(&name);
                Beside {
                    on: object.name.clone(),
                    index: index.name.clone(),
                    production_id: found.map(|found| found.id.clone()),
                }
            })
            .chain(replaced)
            .collect()
    }

    /// The ids of indexes of ours on what is replaced: those of the files, and those a deployment made.
    fn replaced_indexes(&self, changes: &Changes) -> Vec<ObjectId> {
        // The indexes of what is replaced in place stay, but for those that are told below.
        let replaced = changes.replaced().filter(|object| object.way != Way::Replaced);
        let mut ids = Vec::new();
        for object in replaced {
            let Some(production) = &object.production_id else { continue };
            let files = self.facts.compiled.project.object(&object.name);
            let named: BTreeSet<_> = files.iter().flat_map(|o| &o.indexes).map(|index| &index.name).collect();
            let ours = self.indexes_of(production).iter().filter(|index| {
                let row = self.facts.snapshot.get(&index.name);
                let recorded = row.is_some_and(|row| row.object_id.as_ref() == Some(&index.id));
                recorded || named.contains(&index.name.object)
            });
            ids.extend(ours.map(|index| index.id.clone()));
        }
        ids.extend(changes.beside.iter().filter_map(|beside| beside.production_id.clone()));
        ids.extend(changes.gone_indexes.iter().map(|index| index.id.clone()));
        ids
    }

    /// Who, outside the project, reads what is replaced.
    fn readers(&self, changes: &mut Changes) {
        let catalog = self.facts.catalog;
        let replaced: BTreeSet<&ObjectId> = changes
            .replaced()
            .filter(|object| object.way != Way::Replaced)
            .filter_map(|object| object.production_id.as_ref())
            .collect();
        let ours: BTreeSet<&ObjectId> = replaced.iter().copied().chain(&changes.replaced_indexes).collect();
        let foreign_dependents = scope::dependents(catalog, &replaced, &ours);
        let sinks = scope::sinks_reading(catalog, &replaced);
        let sinks = sinks.into_iter().map(|sink| sink.name.to_string()).collect();
        changes.foreign_dependents = foreign_dependents;
        changes.sinks = sinks;
    }
}

/// The objects that lead from an object to what changed by itself, nearest first.
fn chain(first: &spread::Reason, nodes: &[Node], reasons: &[Option<spread::Reason>]) -> Vec<ObjectName> {
    let mut names = Vec::new();
    let mut reason = Some(first);
    while let Some(at) = reason.and_then(|reason| reason.because) {
        names.extend(nodes.get(at).map(|node| node.name.clone()));
        reason = reasons.get(at).and_then(Option::as_ref);
        // Reasons point to what was taken up earlier, so the chain cannot close; the length of the
        // project bounds it in any case.
        if names.len() > nodes.len() {
            break;
        }
    }
    names
}
