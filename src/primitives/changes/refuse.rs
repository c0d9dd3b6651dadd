//! What forbids a deployment, told before anything is created.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::allowed;
use super::super::code::Code;
use super::super::error::Error;
use super::super::scope;
use super::Changes;
use super::assess::Facts;
use super::layout;
use super::layout::Clones;
use super::stable;
use crate::catalog::Catalog;
use crate::catalog::Object as Found;
use crate::deployment::change::Change;
use crate::deployment::way::Way;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::plan::step::Target;

/// Everything that forbids it; empty where nothing does. Drift is not here: a caller may allow it.
pub fn refusals(changes: &Changes, facts: &Facts<'_>) -> Vec<Error> {
    let catalog = facts.catalog;
    let checks: [Option<Error>; 10] = [
        missing(changes, catalog),
        clusters(changes, catalog),
        unmanaged(changes, catalog),
        sinks(changes, catalog),
        foreign(changes, catalog),
        removed_still_read(changes, catalog),
        owners(changes, catalog),
        privileges(changes, catalog),
        limits(changes, catalog),
        stable::unfit_names(changes),
    ];
    let unchanged = |error: Error| error.effect("nothing was changed");
    checks.into_iter().flatten().map(unchanged).collect()
}

/// Fails with a list, unless it is empty.
fn listed(code: Code, message: &str, lines: Vec<String>) -> Option<Error> {
    (!lines.is_empty()).then(|| Error::new(code, message).with_lines(lines))
}

/// Databases, tables, sources and other objects that are read and do not exist.
fn missing(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let project = &changes.compiled.project;
    let mut lines = BTreeSet::new();
    for name in changes.schemas.keys() {
        if !catalog.databases.contains_key(&name.database) {
            lines.insert(format!("database {} does not exist", name.database));
        }
    }
    for staged in changes.built() {
        let Some(object) = project.object(&staged.name) else { continue };
        let own = object
            .depends_on
            .iter()
            .filter(|read| project.object(read).is_some_and(|read| !read.kind.is_staged()));
        for read in own.chain(&object.external) {
            if catalog.object(read).is_none() {
                lines.insert(format!("{read}, which {} reads, does not exist", staged.name));
            }
        }
    }
    let message = "something that is read does not exist on the server";
    listed(Code::StageMissingDependency, message, lines.into_iter().collect())
}

fn clusters(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let project = &changes.compiled.project;
    let mut lines = BTreeSet::new();
    for staged in changes.built() {
        for cluster in project.object(&staged.name).into_iter().flat_map(|object| object.clusters()) {
            if !catalog.clusters.contains_key(cluster) {
                lines.insert(format!("cluster {cluster}, for {}, does not exist", staged.name));
            }
        }
    }
    let message = "a cluster that an object needs does not exist";
    listed(Code::StageUnknownCluster, message, lines.into_iter().collect())
}

fn unmanaged(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let by_hand =
        changes.clusters.keys().filter(|name| catalog.clusters.get(name).is_some_and(|c| !c.managed));
    let lines = by_hand.map(|name| format!("cluster {name} has replicas made by hand")).collect();
    listed(Code::StageUnmanagedCluster, "a cluster cannot be cloned", lines)
}

/// What stands in the schemas and on the clusters that change places, each once.
fn in_scope<'c>(changes: &'c Changes, catalog: &'c Catalog) -> Vec<(&'c Found, String)> {
    let mut seen: BTreeMap<&ObjectId, (&Found, String)> = BTreeMap::new();
    for name in changes.schemas.keys() {
        for object in catalog.objects_in(name) {
            seen.insert(&object.id, (object, format!("in schema {name}")));
        }
    }
    let names: BTreeMap<_, &ClusterName> = changes.clusters.iter().map(|(name, id)| (id, name)).collect();
    for object in catalog.objects.values() {
        let on = object.cluster.as_ref().and_then(|id| names.get(id));
        if let Some(cluster) = on {
            seen.entry(&object.id).or_insert_with(|| (object, format!("on cluster {cluster}")));
        }
    }
    seen.into_values().collect()
}

fn sinks(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let found = in_scope(changes, catalog).into_iter().filter(|(object, _)| object.kind == ObjectKind::Sink);
    let lines = found.map(|(sink, place)| format!("sink {} {place}", sink.name)).collect();
    listed(Code::StageSinkInScope, "a schema or cluster that would be swapped holds a sink", lines)
}

/// What the project did not create would be swapped out of production with the rest.
fn foreign(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let replaced = changes.objects.iter().filter(|o| o.change.is_built() || o.change == Change::Removed);
    let ours: BTreeSet<&ObjectId> = replaced
        .filter_map(|object| object.production_id.as_ref())
        .chain(&changes.replaced_indexes)
        .collect();
    let found = in_scope(changes, catalog);
    let strangers = found.into_iter().filter(|(o, _)| o.kind != ObjectKind::Sink && !ours.contains(&o.id));
    let lines = strangers.map(|(object, place)| format!("{} {place}", scope::told(object))).collect();
    let message = "a schema or cluster that would be swapped holds something that the project did not create";
    listed(Code::StageForeignInScope, message, lines)
}

fn removed_still_read(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let gone: BTreeMap<&ObjectId, &ObjectName> = changes
        .of(Change::Removed)
        .filter_map(|object| Some((object.production_id.as_ref()?, &object.name)))
        .collect();
    let ids: BTreeSet<&ObjectId> = gone.keys().copied().collect();
    let replaced = changes.objects.iter().filter_map(|object| object.production_id.as_ref());
    let ours: BTreeSet<&ObjectId> = replaced.chain(&changes.replaced_indexes).collect();
    let readers = scope::foreign_readers(catalog, &ids, &ours).into_iter();
    let sinks = scope::sinks_reading(catalog, &ids);
    let cut_over = |sink: &Found| changes.repointed.iter().any(|one| one.sink == sink.name);
    let lines = readers.chain(sinks.into_iter().filter(|sink| !cut_over(sink))).map(|reader| {
        let read = catalog.reads.get(&reader.id).into_iter().flatten().find_map(|id| gone.get(id));
        let read = read.map(ToString::to_string).unwrap_or_default();
        format!("{} reads {read}", scope::told(reader))
    });
    let message = "an object that the project no longer has is still read by others";
    listed(Code::StageRemovedStillRead, message, lines.collect())
}

fn owners(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let me = &catalog.session.role;
    let schemas = changes.schemas.keys().filter_map(|name| Some((name, catalog.schemas.get(name)?)));
    let schemas = schemas
        .filter(|(_, schema)| !catalog.owns(&schema.owner))
        .map(|(name, schema)| not_owned("SCHEMA", &format!("schema {name}"), &name.sql(), &schema.owner, me));
    let clusters = changes.clusters.keys().filter_map(|name| Some((name, catalog.clusters.get(name)?)));
    let clusters = clusters.filter(|(_, cluster)| !catalog.owns(&cluster.owner)).map(|(name, cluster)| {
        not_owned("CLUSTER", &format!("cluster {name}"), &name.sql(), &cluster.owner, me)
    });
    let message = format!("{me} does not own what would be swapped");
    let in_place = changes.objects.iter().filter(|object| object.way != Way::Swapped);
    let in_place = in_place.map(|object| Target::Object(object.kind, object.name.clone()));
    let in_place = allowed::unowned(catalog, in_place);
    listed(Code::StageNotOwner, &message, schemas.chain(clusters).chain(in_place).collect())
}

/// What the role may not do of what staging and the swap are made of.
fn privileges(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let me = &catalog.session.role;
    // Nothing is laid out where nothing is checked; ownership of what is swapped has its own error.
    if !catalog.session.checked || owners(changes, catalog).is_some() {
        return None;
    }
    let id = "0000000".parse().ok()?;
    let layout = layout::layout(changes, &id, None, &Clones::new(), catalog).ok()?;
    let mut after = catalog.clone();
    layout.create.iter().for_each(|step| after.take(step));
    let metadata = layout.metadata(&after);
    let lines = allowed::missing(catalog, layout.create.iter().chain(&metadata));
    let message = format!("{me} may not do what staging does");
    listed(Code::StageMissingPrivilege, &message, lines)
}

fn not_owned(noun: &str, told: &str, sql: &str, owner: &RoleName, me: &RoleName) -> String {
    format!("{told} belongs to {owner}: ALTER {noun} {sql} OWNER TO {}", me.sql())
}

fn limits(changes: &Changes, catalog: &Catalog) -> Option<Error> {
    let mut lines = Vec::new();
    let mut check = |what: String, now: usize, more: usize, limit: Option<usize>| {
        if let Some(limit) = limit.filter(|limit| more > 0 && now + more > *limit) {
            lines.push(format!("{what}: {now} now, {more} more, {limit} allowed"));
        }
    };
    let limits = &catalog.limits;
    check("clusters".to_owned(), catalog.clusters.len(), changes.clusters.len(), limits.clusters);
    let views = |kind| catalog.objects.values().filter(|object| object.kind == kind).count();
    let new = changes.built().filter(|object| object.kind == ObjectKind::MaterializedView).count();
    check(
        "materialized views".to_owned(),
        views(ObjectKind::MaterializedView),
        new,
        limits.materialized_views,
    );
    let mut by_schema: BTreeMap<SchemaName, usize> = BTreeMap::new();
    let mut by_database: BTreeMap<_, usize> = BTreeMap::new();
    for object in changes.built() {
        let files = changes.compiled.project.object(&object.name);
        *by_schema.entry(object.name.schema_name()).or_default() += 1 + files.map_or(0, |o| o.indexes.len());
    }
    for name in changes.schemas.keys() {
        *by_database.entry(&name.database).or_default() += 1;
    }
    for (name, more) in &by_schema {
        check(format!("objects in the staged schema {name}"), 0, *more, limits.objects_per_schema);
    }
    for (name, more) in by_database {
        let now = catalog.schemas_of(name).count();
        check(format!("schemas in database {name}"), now, more, limits.schemas_per_database);
    }
    listed(Code::StageLimit, "the server's limits leave no room", lines)
}
