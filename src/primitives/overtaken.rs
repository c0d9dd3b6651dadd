//! What a run has built of a deployment after another run had brought that to its end: the other one has promoted
//! it, or dropped it, while a statement of this one was under way.
//!
//! No record has its ids. It is ours where all of this is so: it bears a name that was recorded before it was made; it
//! belongs to the role of a run that had set out to build the deployment and has never said that it was built; and
//! the server made it after the deployment was over. Start reading at [`left`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Deployment;
use super::ledger::Ledger;
use super::scope::Scope;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::db::audit;
use crate::db::audit::Sort;
use crate::db::audit::Thing;
use crate::deployment::DeploymentId;
use crate::deployment::record::ClusterPair;
use crate::deployment::record::SchemaPair;
use crate::deployment::record::StageDone;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaId;
use crate::name::SchemaName;

/// Finds it, of every deployment or of one, as scopes that can be dropped.
///
/// # Errors
/// `db.*`. Where the server does not tell when something was made, it is not known to be ours.
pub async fn find(
    ctx: &Ctx,
    ledger: &Ledger,
    catalog: &Catalog,
    of: Option<&DeploymentId>,
) -> Result<Vec<Scope>, Error> {
    let known = ledger.deployments.values();
    let known = known.filter(|known| of.is_none_or(|id| *id == known.intent.deployment));
    let known: Vec<&Deployment> = known.filter(|known| may_have_left(known, catalog)).collect();
    let mut found = Vec::new();
    for (known, scope) in known.iter().zip(Scope::read_all(ctx, &known).await?) {
        let Some(since) = known.over_at else { continue };
        let may_be = things(&left(&scope, known, catalog, &|_| true));
        if may_be.is_empty() {
            continue;
        }
        let made = match audit::made_since(ctx.session(), &may_be, since).await {
            Ok(made) => made,
            Err(unread) => {
                tracing::debug!("what was made since is not told: {unread}");
                continue;
            }
        };
        let left = left(&scope, known, catalog, &|thing| made.contains(thing));
        if !things(&left).is_empty() {
            found.push(left);
        }
    }
    Ok(found)
}

/// Whether anything bears a name of a deployment that is over and that a run has not finished building.
fn may_have_left(known: &Deployment, catalog: &Catalog) -> bool {
    if known.over_at.is_none() || known.state.is_open() || known.building.is_empty() {
        return false;
    }
    let id = &known.intent.deployment;
    catalog.schemas.keys().any(|name| id.gives(&name.schema))
        || catalog.clusters.keys().any(|name| id.gives(&name.0))
        || catalog.objects.values().any(|object| id.gives(&object.name.object))
}

/// Whose something has to be, and which ids are in a record.
struct Known<'k> {
    makers: BTreeSet<&'k str>,
    schemas: BTreeSet<&'k SchemaId>,
    clusters: BTreeSet<&'k ClusterId>,
    objects: BTreeSet<&'k ObjectId>,
}

impl<'k> Known<'k> {
    fn new(scope: &'k Scope, known: &'k Deployment) -> Self {
        let done = || scope.done.iter();
        let pairs = scope.intent.schemas.iter().chain(&scope.intent.replaced_in);
        let contents = &scope.contents;
        let objects = contents.objects.iter().filter_map(|object| object.production_id.as_ref());
        let indexes = contents.indexes.iter().filter_map(|index| index.production_id.as_ref());
        Self {
            makers: known.building.values().map(String::as_str).collect(),
            schemas: pairs
                .filter_map(|pair| pair.production_id.as_ref())
                .chain(done().flat_map(|done| done.schemas.iter().chain(&done.replaced_in)))
                .collect(),
            clusters: (scope.intent.clusters.iter().map(|pair| &pair.production_id))
                .chain(done().flat_map(|done| &done.clusters))
                .collect(),
            objects: (scope.built.values().chain(objects).chain(indexes))
                .chain(&contents.replaced_indexes)
                .collect(),
        }
    }

    fn made(&self, owner: &RoleName) -> bool {
        self.makers.contains(owner.0.as_str())
    }

    fn is_left(&self, object: &Object) -> bool {
        self.made(&object.owner) && !self.objects.contains(&object.id)
    }
}

/// What is left of a deployment that is over, as a deployment whose ids are known; of that only what was `made`.
fn left(scope: &Scope, known: &Deployment, catalog: &Catalog, made: &dyn Fn(&Thing) -> bool) -> Scope {
    let facts = Known::new(scope, known);
    let id = scope.deployment();
    let schema = |pair: &SchemaPair| {
        let claimed = id.claimed(&pair.production).ok()?;
        let names = [pair.staging_name(), SchemaName::new(pair.database.clone(), claimed)];
        let found = names.into_iter().find_map(|name| Some((catalog.schemas.get(&name)?, name)));
        let (found, name) = found?;
        let is_left = facts.made(&found.owner) && !facts.schemas.contains(&found.id);
        (is_left && made(&of_schema(&found.id))).then(|| (pair.clone(), found.id.clone(), name))
    };
    let schemas: Vec<_> = scope.intent.schemas.iter().filter_map(schema).collect();
    let replaced_in: Vec<_> = scope.intent.replaced_in.iter().filter_map(schema).collect();
    let cluster = |pair: &ClusterPair| {
        let claimed = ClusterName(id.claimed(&pair.production.0).ok()?);
        let found = [&pair.staging, &claimed].into_iter().find_map(|name| catalog.clusters.get(name))?;
        let is_left = facts.made(&found.owner) && !facts.clusters.contains(&found.id);
        (is_left && made(&of_cluster(&found.id))).then(|| (pair.clone(), found.id.clone()))
    };
    let clusters: Vec<_> = scope.intent.clusters.iter().filter_map(cluster).collect();
    let mut left = Scope {
        intent: scope.intent.clone(),
        contents: scope.contents.clone(),
        done: Some(StageDone {
            deployment: id.clone(),
            schemas: schemas.iter().map(|(_, id, _)| id.clone()).collect(),
            clusters: clusters.iter().map(|(_, id)| id.clone()).collect(),
            replaced_in: replaced_in.iter().map(|(_, id, _)| id.clone()).collect(),
        }),
        built: BTreeMap::new(),
    };
    left.intent.clusters = clusters.into_iter().map(|(pair, _)| pair).collect();
    // What stands in a schema that is left, under a name that was to be built there, and what is on it.
    let inside = schemas.iter().chain(&replaced_in);
    for object in scope.contents.objects.iter().filter(|object| object.change.is_built()) {
        let staging = scope.intent.staging_name(object);
        let at = inside.clone().find(|(pair, ..)| staging.is_in(&pair.staging_name()));
        let found = match at {
            Some((.., name)) => catalog.object(&name.object(staging.object.clone())),
            None if object.is_renamed() => {
                under(id, &staging, &object.name, catalog).filter(|found| made(&of_object(&found.id)))
            }
            None => None,
        };
        if let Some(found) = found.filter(|found| facts.is_left(found)) {
            left.built.insert(staging, found.id.clone());
        }
    }
    for index in scope.contents.indexes.iter().filter(|index| index.stands_beside()) {
        let found = under(id, &index.staging, &index.name, catalog);
        let found = found.filter(|found| facts.is_left(found) && made(&of_object(&found.id)));
        if let Some(found) = found {
            left.built.insert(index.staging.clone(), found.id.clone());
        }
    }
    let relations: BTreeSet<ObjectId> = left.built.values().cloned().collect();
    let on_ours = |object: &&Object| object.on.as_ref().is_some_and(|on| relations.contains(on));
    for index in catalog.objects.values().filter(on_ours).filter(|index| facts.is_left(index)) {
        left.built.entry(index.name.clone()).or_insert_with(|| index.id.clone());
    }
    let staged = &scope.intent;
    left.contents.objects.retain(|object| left.built.contains_key(&staged.staging_name(object)));
    left.contents.indexes.retain(|index| left.built.contains_key(&index.staging));
    left.intent.schemas = schemas.into_iter().map(|(pair, ..)| pair).collect();
    left.intent.replaced_in = replaced_in.into_iter().map(|(pair, ..)| pair).collect();
    left
}

/// What bears a name that was to be built, or the name that marks it as being dropped.
fn under<'c>(
    id: &DeploymentId,
    staging: &ObjectName,
    production: &ObjectName,
    catalog: &'c Catalog,
) -> Option<&'c Object> {
    let claimed = id.claimed(&production.object).ok()?;
    catalog.object(staging).or_else(|| catalog.object(&staging.schema_name().object(claimed)))
}

fn of_schema(id: &SchemaId) -> Thing {
    Thing { sort: Sort::Schema, id: id.as_str().to_owned() }
}

fn of_cluster(id: &ClusterId) -> Thing {
    Thing { sort: Sort::Cluster, id: id.as_str().to_owned() }
}

fn of_object(id: &ObjectId) -> Thing {
    Thing { sort: Sort::Object, id: id.as_str().to_owned() }
}

/// Everything that is left.
fn things(left: &Scope) -> Vec<Thing> {
    let done = || left.done.iter();
    let schemas = done().flat_map(|done| done.schemas.iter().chain(&done.replaced_in)).map(of_schema);
    let clusters = done().flat_map(|done| &done.clusters).map(of_cluster);
    schemas.chain(clusters).chain(left.built.values().map(of_object)).collect()
}

/// The names that what is left bears now: schemas, clusters, objects in schemas that stay.
pub fn names(left: &Scope, catalog: &Catalog) -> [Vec<String>; 3] {
    let done = || left.done.iter();
    let ids: BTreeSet<&SchemaId> =
        done().flat_map(|done| done.schemas.iter().chain(&done.replaced_in)).collect();
    let schemas = catalog.schemas.iter().filter(|(_, schema)| ids.contains(&schema.id));
    let schemas: Vec<&SchemaName> = schemas.map(|(name, _)| name).collect();
    let ids: BTreeSet<&ClusterId> = done().flat_map(|done| &done.clusters).collect();
    let clusters = catalog.clusters.iter().filter(|(_, cluster)| ids.contains(&cluster.id));
    let objects = left.built.values().filter_map(|id| catalog.objects.get(id));
    let relations: BTreeSet<&ObjectId> = left.built.values().collect();
    let goes_along = |object: &Object| {
        object.kind == ObjectKind::Index && object.on.as_ref().is_some_and(|on| relations.contains(on))
    };
    let objects =
        objects.filter(|object| !schemas.contains(&&object.name.schema_name()) && !goes_along(object));
    [
        schemas.iter().map(ToString::to_string).collect(),
        clusters.map(|(name, _)| name.to_string()).collect(),
        objects.map(|object| object.name.to_string()).collect(),
    ]
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::clock::Timestamp;
    use crate::db::journal::Entry;
    use crate::deployment::dropping::DropDone;
    use crate::deployment::dropping::DropIntent;
    use crate::deployment::dropping::DropReason;
    use crate::deployment::record::Record;
    use crate::primitives::facts;

    fn entry(run: &str, seq: u64, actor: &str, record: Record) -> Entry {
        let run = run.parse().expect("a run");
        Entry { run, seq, at: Timestamp(seq), actor: actor.to_owned(), record }
    }

    /// A deployment that one run has dropped while another, of a role, was building it.
    fn dropped(scope: &Scope, actor: &str) -> Ledger {
        let id = scope.deployment().clone();
        let reason = DropReason::Abort;
        let intent = DropIntent {
            deployment: id.clone(),
            reason,
            schemas: Vec::new(),
            clusters: Vec::new(),
            one_by_one: Vec::new(),
            objects: Vec::new(),
        };
        let entries = [
            entry("r-1", 1, actor, Record::StageIntent(scope.intent.clone())),
            entry("r-2", 2, "other", Record::DropIntent(intent)),
            entry("r-2", 3, "other", Record::DropDone(DropDone { deployment: id, reason })),
        ];
        Ledger::new(&entries, "epoch@0:setup".parse().expect("a marker"))
    }

    /// What is left, where nothing that stands under the staging names is recorded.
    #[track_caller]
    fn check(actor: &str, recorded: bool, made: &dyn Fn(&Thing) -> bool, expect: Expect) {
        let (catalog, mut scope) = facts::staged();
        if !recorded {
            scope.done = None;
            scope.built.clear();
        }
        let ledger = dropped(&scope, actor);
        let known = ledger.deployment(scope.deployment()).expect("it is known");
        assert_eq!(known.over_at, Some(Timestamp(3)));
        let left = left(&scope, known, &catalog, made);
        let [schemas, clusters, objects] = names(&left, &catalog);
        let inside = left.built.len();
        expect.assert_eq(&format!("{schemas:?} {clusters:?} {objects:?}, {inside} inside"));
    }

    #[test]
    fn what_bears_a_recorded_name_and_is_of_the_runs_role_is_its_own() {
        check(
            "materialize",
            false,
            &|_| true,
            expect![[r#"["app.core__77b01de__mzf"] ["compute__77b01de__mzf"] [], 3 inside"#]],
        );
    }

    #[test]
    fn what_is_of_another_role_is_older_or_is_recorded_is_not() {
        for (actor, recorded, made) in
            [("somebody", false, true), ("materialize", false, false), ("materialize", true, true)]
        {
            check(actor, recorded, &|_| made, expect!["[] [] [], 0 inside"]);
        }
    }
}
