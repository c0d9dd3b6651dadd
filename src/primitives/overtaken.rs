//! What runs have built and no record has the ids of: of a deployment after another run had brought that to its end,
//! promoted or dropped it, while a statement of this one was under way; and of a deployment whose staging was cut.
//!
//! It is ours where all of this is so: it bears a name that was recorded before it was made; the server made it after
//! the deployment was over, or in the other case after the names were recorded; the role of a run made it that had set
//! out to build the deployment and has never said that it was built; and it belongs to that role, or to the owner of
//! what it is to replace. Start reading at [`left`].

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
use crate::deployment::rights::Undo;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::Ident;
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
        let may_be = things(&left(&scope, known, catalog, None));
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
        let left = left(&scope, known, catalog, Some(&made));
        if !things(&left).is_empty() {
            found.push(left);
        }
    }
    Ok(found)
}

/// What was built so far of a deployment that has never said that it was built, as one whose ids are known; and what
/// bears a name that was recorded for it and is none of it, a line each.
///
/// # Errors
/// `db.*`, also where the server does not tell when something was made.
pub async fn unfinished(
    ctx: &Ctx,
    scope: &Scope,
    known: &Deployment,
    catalog: &Catalog,
) -> Result<(Scope, Vec<String>), Error> {
    // Ids that were recorded before it was cut tell no more than names do.
    let scope = Scope { done: None, built: BTreeMap::new(), ..scope.clone() };
    let may_be = things(&left(&scope, known, catalog, None));
    let made = match may_be.is_empty() {
        true => Made::new(),
        false => audit::made_since(ctx.session(), &may_be, known.staged_at).await?,
    };
    let ours = left(&scope, known, catalog, Some(&made));
    let lines = strangers(&scope, &ours, catalog);
    Ok((ours, lines))
}

/// What bears a name that was recorded for a deployment and is none of what is known to be of it, a line each.
///
/// What stands in a schema of it is left out: nothing of that is dropped before it is moved.
fn strangers(scope: &Scope, ours: &Scope, catalog: &Catalog) -> Vec<String> {
    let id = scope.deployment();
    let done = || ours.done.iter();
    let schemas: BTreeSet<&SchemaId> =
        done().flat_map(|done| done.schemas.iter().chain(&done.replaced_in)).collect();
    let clusters: BTreeSet<&ClusterId> = done().flat_map(|done| &done.clusters).collect();
    let line = |what: String, owner: &RoleName| {
        format!("{what} (owner {owner}) bears a name of {id}, and no run of it is known to have made it")
    };
    let mut lines = Vec::new();
    for pair in scope.intent.schemas.iter().chain(&scope.intent.replaced_in) {
        let name = pair.staging_name();
        if let Some(found) = catalog.schemas.get(&name).filter(|found| !schemas.contains(&found.id)) {
            lines.push(line(format!("schema {name}"), &found.owner));
        }
    }
    for pair in &scope.intent.clusters {
        let found = catalog.clusters.get(&pair.staging).filter(|found| !clusters.contains(&found.id));
        lines.extend(found.map(|found| line(format!("cluster {}", pair.staging), &found.owner)));
    }
    let objects = scope.contents.objects.iter().filter(|object| object.change.is_built());
    let objects = objects.map(|object| scope.intent.staging_name(object));
    let names = objects.chain(scope.contents.indexes.iter().map(|index| index.staging.clone()));
    let green = ours.green();
    for found in names.filter_map(|name| catalog.object(&name)) {
        let schema = catalog.schemas.get(&found.name.schema_name());
        let is_inside = schema.is_some_and(|schema| schemas.contains(&schema.id));
        if !is_inside && !green.contains(&found.id) {
            lines.push(line(format!("{} {}", found.kind, found.name), &found.owner));
        }
    }
    lines
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

/// What the server has made since a moment, each with who made it as far as it knows.
type Made = BTreeMap<Thing, Option<String>>;

/// Whose something has to be, and which ids are in a record.
struct Known<'k> {
    /// `None` where it was not asked yet.
    made: Option<&'k Made>,
    makers: BTreeSet<&'k str>,
    schemas: BTreeSet<&'k SchemaId>,
    clusters: BTreeSet<&'k ClusterId>,
    objects: BTreeSet<&'k ObjectId>,
}

impl<'k> Known<'k> {
    fn new(scope: &'k Scope, known: &'k Deployment, made: Option<&'k Made>) -> Self {
        let done = || scope.done.iter();
        let pairs = scope.intent.schemas.iter().chain(&scope.intent.replaced_in);
        let contents = &scope.contents;
        let objects = contents.objects.iter().filter_map(|object| object.production_id.as_ref());
        let indexes = contents.indexes.iter().filter_map(|index| index.production_id.as_ref());
        Self {
            made,
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

    /// Whether a run has made it, of which what it takes the place of has that owner: near its end staging gives each
    /// thing to whom that belongs.
    fn is_ours(&self, thing: &Thing, owner: &RoleName, replaced: Option<&RoleName>) -> bool {
        let is_makers = self.makers.contains(owner.0.as_str());
        let is_given = replaced == Some(owner);
        match self.made.map(|made| made.get(thing)) {
            None => is_makers || is_given,
            Some(None) => false,
            Some(Some(None)) => is_makers,
            Some(Some(Some(user))) => self.makers.contains(user.as_str()) && (is_makers || is_given),
        }
    }

    fn is_left(&self, object: &Object, replaced: Option<&RoleName>) -> bool {
        !self.objects.contains(&object.id) && self.is_ours(&of_object(&object.id), &object.owner, replaced)
    }
}

/// What is left of a deployment that is over or cut, as a deployment whose ids are known; of that only what was `made`,
/// where that is asked already.
fn left(scope: &Scope, known: &Deployment, catalog: &Catalog, made: Option<&Made>) -> Scope {
    let facts = Known::new(scope, known, made);
    let id = scope.deployment();
    let schema = |pair: &SchemaPair| {
        let claimed = id.claimed(&pair.production).ok()?;
        let names = [pair.staging_name(), SchemaName::new(pair.database.clone(), claimed)];
        let found = names.into_iter().find_map(|name| Some((catalog.schemas.get(&name)?, name)));
        let (found, name) = found?;
        let replaced = catalog.schemas.get(&pair.production_name()).map(|schema| &schema.owner);
        let is_ours = facts.is_ours(&of_schema(&found.id), &found.owner, replaced);
        (is_ours && !facts.schemas.contains(&found.id)).then(|| (pair.clone(), found.id.clone(), name))
    };
    let schemas: Vec<_> = scope.intent.schemas.iter().filter_map(schema).collect();
    let replaced_in: Vec<_> = scope.intent.replaced_in.iter().filter_map(schema).collect();
    let cluster = |pair: &ClusterPair| {
        let claimed = ClusterName(id.claimed(&pair.production.0).ok()?);
        let found = [&pair.staging, &claimed].into_iter().find_map(|name| catalog.clusters.get(name))?;
        let replaced = catalog.clusters.get(&pair.production).map(|cluster| &cluster.owner);
        let is_ours = facts.is_ours(&of_cluster(&found.id), &found.owner, replaced);
        (is_ours && !facts.clusters.contains(&found.id)).then(|| (pair.clone(), found.id.clone()))
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
        undo: Undo::default(),
    };
    left.intent.clusters = clusters.into_iter().map(|(pair, _)| pair).collect();
    let inside: Vec<_> = schemas.iter().chain(&replaced_in).collect();
    left.built = built(&facts, scope, &inside, catalog);
    let staged = &scope.intent;
    // That counts by the numbers of the objects, of which some are left out.
    left.contents.meant = None;
    left.contents.objects.retain(|object| left.built.contains_key(&staged.staging_name(object)));
    left.contents.indexes.retain(|index| left.built.contains_key(&index.staging));
    left.intent.schemas = schemas.into_iter().map(|(pair, ..)| pair).collect();
    left.intent.replaced_in = replaced_in.into_iter().map(|(pair, ..)| pair).collect();
    left
}

/// The objects that are left, by the names that they were built under: what stands in a schema that is left, under a
/// name that was to be built there, what stands beside production, and the indexes on both.
fn built(
    facts: &Known<'_>,
    scope: &Scope,
    inside: &[&(SchemaPair, SchemaId, SchemaName)],
    catalog: &Catalog,
) -> BTreeMap<ObjectName, ObjectId> {
    let id = scope.deployment();
    let owner = |name: &ObjectName| catalog.object(name).map(|found| &found.owner);
    let mut built = BTreeMap::new();
    for object in scope.contents.objects.iter().filter(|object| object.change.is_built()) {
        let staging = scope.intent.staging_name(object);
        let at = inside.iter().find(|(pair, ..)| staging.is_in(&pair.staging_name()));
        let found = match at {
            Some((.., name)) => catalog.object(&name.object(staging.object.clone())),
            None if object.is_renamed() => under(id, &staging, &object.name, catalog),
            None => None,
        };
        if let Some(found) = found.filter(|found| facts.is_left(found, owner(&object.name))) {
            built.insert(staging, found.id.clone());
        }
    }
    for index in scope.contents.indexes.iter().filter(|index| index.stands_beside()) {
        let found = under(id, &index.staging, &index.name, catalog);
        // An index belongs to whom its relation belongs.
        if let Some(found) = found.filter(|found| facts.is_left(found, owner(&index.on))) {
            built.insert(index.staging.clone(), found.id.clone());
        }
    }
    let relations: BTreeSet<ObjectId> = built.values().cloned().collect();
    let on_ours = |object: &Object| {
        let on = object.on.as_ref().filter(|on| relations.contains(on))?;
        catalog.objects.get(on).map(|relation| &relation.owner)
    };
    for index in catalog.objects.values() {
        let Some(owner) = on_ours(index) else { continue };
        if facts.is_left(index, Some(owner)) {
            built.entry(index.name.clone()).or_insert_with(|| index.id.clone());
        }
    }
    built
}

/// What bears a name that was to be built, or the name that marks it as being dropped; its schema may have changed
/// places meanwhile, and have taken it along.
fn under<'c>(
    id: &DeploymentId,
    staging: &ObjectName,
    production: &ObjectName,
    catalog: &'c Catalog,
) -> Option<&'c Object> {
    let claimed = id.claimed(&production.object).ok()?;
    let at = |name: &Ident| catalog.object(&staging.schema_name().object(name.clone()));
    at(&staging.object).or_else(|| at(&claimed)).or_else(|| {
        let is_it = |name: &ObjectName| {
            name.database == staging.database && (name.object == staging.object || name.object == claimed)
        };
        catalog.objects.values().find(|object| is_it(&object.name))
    })
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
    use crate::plan::privilege::Target;
    use crate::plan::step::Step;
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
    fn check(actor: &str, recorded: bool, made: Option<&Made>, expect: Expect) {
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
            None,
            expect![[r#"["app.core__77b01de__mzf"] ["compute__77b01de__mzf"] [], 3 inside"#]],
        );
    }

    /// All that stands, made by somebody.
    fn made_by(user: Option<&str>) -> Made {
        let (catalog, scope) = facts::staged();
        let all = things(&Scope { built: scope.built.clone(), ..scope });
        let indexes = catalog.objects.keys().map(of_object);
        all.into_iter().chain(indexes).map(|thing| (thing, user.map(str::to_owned))).collect()
    }

    #[test]
    fn what_is_of_another_role_is_older_or_is_recorded_is_not() {
        let (older, ours, theirs) = (Made::new(), made_by(Some("materialize")), made_by(Some("somebody")));
        for (actor, recorded, made) in [
            ("somebody", false, Some(&ours)),
            ("materialize", false, Some(&older)),
            ("materialize", false, Some(&theirs)),
            ("materialize", true, Some(&ours)),
            ("materialize", true, None),
        ] {
            check(actor, recorded, made, expect!["[] [] [], 0 inside"]);
        }
    }

    #[test]
    fn whoever_made_it_counts_where_the_server_tells() {
        for user in [Some("materialize"), None] {
            check(
                "materialize",
                false,
                Some(&made_by(user)),
                expect![[r#"["app.core__77b01de__mzf"] ["compute__77b01de__mzf"] [], 3 inside"#]],
            );
        }
    }

    #[test]
    fn what_was_cut_is_told_from_what_somebody_has_put_under_its_names() {
        let (mut catalog, mut scope) = facts::staged();
        (scope.done, scope.built) = (None, BTreeMap::new());
        let other = RoleName(facts::ident("other"));
        let of = Target::Cluster(scope.intent.clusters[0].staging.clone());
        catalog.take(&Step::SetOwner { of, owner: other });
        let ledger = dropped(&scope, "materialize");
        let known = ledger.deployment(scope.deployment()).expect("it is known");
        let ours = left(&scope, known, &catalog, Some(&made_by(Some("materialize"))));
        let lines = strangers(&scope, &ours, &catalog);
        expect![[r#"
            cluster compute__77b01de__mzf (owner other) bears a name of 77b01de, and no run of it is known to have made it"#]]
        .assert_eq(&lines.join("\n"));
    }
}
