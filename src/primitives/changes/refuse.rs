//! What forbids a deployment, told before anything is created.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::code::Code;
use super::super::error::Error;
use super::super::scope;
use super::Changes;
use super::assess::Facts;
use super::permitted;
use crate::catalog::Catalog;
use crate::catalog::Object as Found;
use crate::deployment::change::Change;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;

/// Everything that forbids it; empty where nothing does. Drift is not here: a caller may allow it.
pub fn refusals(changes: &Changes, facts: &Facts<'_>) -> Vec<Error> {
    let catalog = facts.catalog;
    let checks: [Option<Error>; 9] = [
        missing(changes, catalog),
        clusters(changes, catalog),
        unmanaged(changes, catalog),
        sinks(changes, catalog),
        foreign(changes, facts),
        removed_still_read(changes, catalog),
        permitted::owners(changes, catalog),
        permitted::privileges(changes, catalog),
        limits(changes, catalog),
    ];
    let unchanged = |error: Error| error.effect("nothing was changed");
    checks.into_iter().flatten().map(unchanged).collect()
}

/// Nobody agreed to objects going.
pub fn nobody_agreed(removed: Vec<String>) -> Error {
    let plural = if removed.len() == 1 { "" } else { "s" };
    let message = format!("the plan removes {} object{plural}, and nobody agreed to that", removed.len());
    Error::new(Code::RunNeedsConsent, message)
        .with_lines(removed)
        .effect("nothing was staged; production is untouched")
}

/// Fails with a list, unless it is empty.
pub(super) fn listed(code: Code, message: &str, lines: Vec<String>) -> Option<Error> {
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

/// What stands in the schemas and on the clusters that change places, and the indexes on objects that
/// do, each once.
fn in_scope<'c>(changes: &'c Changes, catalog: &'c Catalog) -> Vec<(&'c Found, String)> {
    let mut seen: BTreeMap<&ObjectId, (&Found, String)> = BTreeMap::new();
    let renamed: BTreeMap<&ObjectId, &ObjectName> = changes
        .replaced()
        .filter(|object| object.is_renamed())
        .filter_map(|object| Some((object.production_id.as_ref()?, &object.name)))
        .collect();
    for object in catalog.objects.values() {
        let on = object.on.as_ref().and_then(|on| renamed.get(on));
        if let Some(on) = on {
            seen.insert(&object.id, (object, format!("on {on}, which would be replaced")));
        }
    }
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
fn foreign(changes: &Changes, facts: &Facts<'_>) -> Option<Error> {
    let catalog = facts.catalog;
    let replaced = changes.replaced();
    let ours: BTreeSet<&ObjectId> = replaced
        .filter_map(|object| object.production_id.as_ref())
        .chain(&changes.replaced_indexes)
        .chain(&changes.carried_along)
        .collect();
    let found = in_scope(changes, catalog);
    let strangers = found.into_iter().filter(|(o, _)| o.kind != ObjectKind::Sink && !ours.contains(&o.id));
    let line = |(object, place): (&Found, String)| match facts.others.get(&object.id) {
        Some(other) => format!("{} {place}, {}", scope::told(object), other.told()),
        None => format!("{} {place}", scope::told(object)),
    };
    let mut lines: Vec<String> = strangers.map(line).collect();
    lines.extend(under_names(changes, catalog, &ours));
    let message = match changes.isolation.swaps_schemas() {
        true => "a schema or cluster that would be swapped holds something that the project did not create",
        false => "what would be renamed holds something that the project did not create",
    };
    listed(Code::StageForeignInScope, message, lines)
}

/// What bears the name of an object or an index that would be renamed, and is none of ours.
fn under_names(changes: &Changes, catalog: &Catalog, ours: &BTreeSet<&ObjectId>) -> Vec<String> {
    let mut lines = Vec::new();
    for staged in changes.built().filter(|object| object.is_renamed()) {
        // A table under the name of a view is data that somebody wants.
        if let Some(found) = catalog.object(&staged.name).filter(|found| !found.kind.is_staged()) {
            lines.push(format!("{} bears the name of a {}", scope::told(found), staged.kind));
        }
        let Some(object) = changes.compiled.project.object(&staged.name) else { continue };
        for index in &object.indexes {
            let name = object.name.schema_name().object(index.name.clone());
            if let Some(found) = catalog.object(&name).filter(|found| !ours.contains(&found.id)) {
                lines.push(format!("{} bears the name of an index of {}", scope::told(found), object.name));
            }
        }
    }
    lines
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
    let unseen = gone.iter().flat_map(|(id, name)| {
        let readers = scope::unseen_readers(catalog, &[*id].into(), &ours).into_iter();
        readers.map(move |reader| format!("{reader} reads {name}"))
    });
    let lines = lines.chain(unseen);
    let message = "an object that the project no longer has is still read by others";
    listed(Code::StageRemovedStillRead, message, lines.collect())
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
        let stays = changes.within.contains(name);
        let now = if stays { catalog.objects_in(name).count() } else { 0 };
        let what = if stays { "schema" } else { "the staged schema" };
        check(format!("objects in {what} {name}"), now, *more, limits.objects_per_schema);
    }
    for (name, more) in by_database {
        let now = catalog.schemas_of(name).count();
        check(format!("schemas in database {name}"), now, more, limits.schemas_per_database);
    }
    listed(Code::StageLimit, "the server's limits leave no room", lines)
}
