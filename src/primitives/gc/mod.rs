//! gc: finds what no live deployment owns any more. Touches nothing: [`super::drop`] drops it.
//!
//! Versions that a promotion replaced and whose time to be kept is over, drops that stopped half-way, what a run
//! has built of a deployment that was over by then ([`super::overtaken`]), and, where that is asked for, what was
//! staged or swapped back long ago and is not production. Schemas, clusters and objects
//! that bear a staging name but stand in no record are told, and left: what is not recorded as ours
//! may be somebody's; so is what only other commands take away ([`others`]). Start reading at [`garbage`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join;
use serde::Serialize;

use self::others::Cut;
use super::ctx::Ctx;
use super::ctx::marker_in;
use super::error::Error;
use super::ledger::Deployment;
use super::ledger::Ledger;
use super::overlays;
use super::overlays::Overlays;
use super::overtaken;
use super::scope::Scope;
use super::subscribed;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::clock::Timestamp;
use crate::db;
use crate::db::subscriptions::Subscription;
use crate::deployment::DeploymentId;
use crate::deployment::is_staging_name;
use crate::deployment::state::State;
use crate::name::ObjectId;
use crate::name::ObjectName;

mod others;

/// What counts as garbage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// Deployments that were staged, or swapped back, at least so long ago and are not production count too.
    pub abandoned: Option<Duration>,
    /// Replaced versions count also before their time to be kept is over.
    pub kept: bool,
}

/// Why something is garbage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A promotion replaced it, and the time to keep it is over.
    Expired,
    /// A promotion replaced it, and it is kept for a rollback.
    Kept,
    /// Dropping it stopped half-way.
    Dropping,
    /// It was staged or swapped back long ago, and is not production.
    Abandoned,
    /// A run has built it after another run had brought the deployment to its end.
    Overtaken,
}

impl Why {
    /// In words.
    pub fn told(self) -> &'static str {
        match self {
            Self::Expired => "replaced, not kept any longer",
            Self::Kept => "replaced, kept for a rollback",
            Self::Dropping => "dropped half-way",
            Self::Abandoned => "staged or rolled back, not production",
            Self::Overtaken => "built after the deployment was over",
        }
    }
}

/// Something to drop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The deployment whose names it bears.
    pub deployment: DeploymentId,
    /// Why.
    pub why: Why,
    /// Whether it is the version that the deployment replaced; otherwise its own.
    pub retired: bool,
    /// Seconds since it was replaced or swapped back, or else staged.
    pub age_s: u64,
    /// The schemas, by the names they bear now.
    pub schemas: Vec<String>,
    /// The clusters, by the names they bear now.
    pub clusters: Vec<String>,
    /// The objects in schemas that stay, by the names they bear now.
    pub objects: Vec<String>,
    /// SUBSCRIBEs over it, in words: they keep it unless somebody says otherwise.
    pub subscribes: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What can be dropped, oldest first.
    pub items: Vec<Item>,
    /// Schemas, clusters and objects with a staging name that no record tells of: they are nobody's here to
    /// drop.
    pub unrecorded: Vec<String>,
    /// What stands in a record and no drop of a deployment takes, a line each with what can be done: overlays that
    /// nobody can build any more, and things whose deletion was cut.
    pub others: Vec<String>,
}

/// The names that a deployment's schemas and clusters bear now, recorded or claimed.
fn standing(
    id: &DeploymentId,
    known: &Deployment,
    catalog: &Catalog,
    left: &BTreeSet<String>,
) -> (Vec<String>, Vec<String>) {
    let pairs = known.intent.schemas.iter().chain(&known.intent.replaced_in);
    let schemas = pairs.flat_map(|pair| {
        let claimed = id.claimed(&pair.production).ok();
        let claimed = claimed.map(|name| crate::name::SchemaName::new(pair.database.clone(), name));
        [Some(pair.staging_name()), claimed]
    });
    let clusters = known.intent.clusters.iter().flat_map(|pair| {
        let claimed = id.claimed(&pair.production.0).ok().map(crate::name::ClusterName);
        [Some(pair.staging.clone()), claimed]
    });
    (
        schemas
            .flatten()
            .filter(|name| catalog.schemas.contains_key(name))
            .map(|name| name.to_string())
            .filter(|name| !left.contains(name))
            .collect(),
        clusters
            .flatten()
            .filter(|name| catalog.clusters.contains_key(name))
            .map(|name| name.to_string())
            .filter(|name| !left.contains(name))
            .collect(),
    )
}

/// The objects of deployments that change names one by one, where they stand in schemas that stay.
type OneByOne = BTreeMap<DeploymentId, Vec<ObjectName>>;

/// What of a deployment stands in schemas that stay; indexes go with what they are on.
fn one_by_one(scope: &Scope, state: State, catalog: &Catalog) -> Vec<ObjectName> {
    let found = scope.one_by_one(state, catalog);
    let ids: BTreeSet<&ObjectId> = found.iter().map(|found| &found.id).collect();
    let goes_along = |found: &&Object| found.on.as_ref().is_some_and(|on| ids.contains(on));
    found.iter().filter(|found| !goes_along(found)).map(|found| found.name.clone()).collect()
}

/// The objects in schemas that stay whose names have the form of a staging name and are in no record. In an
/// overlay's database such names are the overlay's; indexes go with what they are on.
fn unrecorded<'c>(
    catalog: &'c Catalog,
    overlays: &'c Overlays,
    owned: &'c BTreeSet<String>,
) -> impl Iterator<Item = String> + use<'c> {
    let odd = catalog.objects.values().filter(|object| {
        let ObjectName { database, schema, object: own } = &object.name;
        is_staging_name(own)
            && !is_staging_name(schema)
            && object.on.is_none()
            && !overlays.contains_key(database)
    });
    odd.map(|object| object.name.to_string()).filter(|name| !owned.contains(name))
}

/// What is chosen from, besides the catalog.
struct Facts<'f> {
    ledger: &'f Ledger,
    overlays: &'f Overlays,
    one_by_one: &'f OneByOne,
    /// What runs have left of deployments that were over.
    overtaken: &'f [Scope],
    /// Things whose deletion was cut.
    deletions: &'f [Cut],
    /// The SUBSCRIBEs that run.
    running: &'f [Subscription],
}

impl Facts<'_> {
    /// The SUBSCRIBEs over schemas, clusters and objects, a line each.
    fn subscribes(&self, [schemas, clusters, objects]: [&[String]; 3], catalog: &Catalog) -> Vec<String> {
        if self.running.is_empty() {
            return Vec::new();
        }
        let is_of = |object: &&Object| {
            let (own, schema) = (object.name.to_string(), object.name.schema_name().to_string());
            objects.contains(&own) || schemas.contains(&schema)
        };
        let objects = catalog.objects.values().filter(is_of).map(|object| &object.id).collect();
        let clusters = catalog.clusters.iter().filter(|(name, _)| clusters.contains(&name.to_string()));
        let clusters = clusters.map(|(_, cluster)| &cluster.id).collect();
        subscribed::lines(&subscribed::over(self.running, &objects, &clusters, catalog))
    }
}

/// Chooses what is garbage at `now`, by the server's clock.
fn garbage(facts: &Facts<'_>, catalog: &Catalog, request: &Request, now: Timestamp) -> Outcome {
    let ledger = facts.ledger;
    let mut found: Vec<(Timestamp, Item)> = Vec::new();
    let mut owned: BTreeSet<String> = BTreeSet::new();
    for left in facts.overtaken {
        let deployment = left.deployment().clone();
        let since = ledger.deployments.get(&deployment).and_then(|known| known.over_at).unwrap_or(now);
        let [schemas, clusters, objects] = overtaken::names(left, catalog);
        owned.extend(schemas.iter().chain(&clusters).chain(&objects).cloned());
        let (why, age_s) = (Why::Overtaken, now.since(since).as_secs());
        let subscribes = facts.subscribes([&schemas, &clusters, &objects], catalog);
        let retired = false;
        found.push((since, Item { deployment, why, retired, age_s, schemas, clusters, objects, subscribes }));
    }
    owned.extend(facts.deletions.iter().map(|cut| cut.stands.clone()));
    let left = owned.clone();
    for (id, known) in &ledger.deployments {
        let (schemas, clusters) = standing(id, known, catalog, &left);
        let replaced_at = known.swapped.as_ref().map_or(known.staged_at, |swap| swap.at);
        let keep = known.swapped.as_ref().map_or(0, |swap| swap.intent.keep_s);
        let objects: Vec<String> =
            facts.one_by_one.get(id).into_iter().flatten().map(ToString::to_string).collect();
        let stands = !schemas.is_empty() || !clusters.is_empty() || !objects.is_empty();
        let (why, since) = match known.state {
            // Nothing of ours is left under these names; what bears one was made by somebody else.
            State::Retired | State::Aborted => continue,
            State::Retiring | State::Aborting => (Some(Why::Dropping), replaced_at),
            State::Promoted if !stands => (None, replaced_at),
            State::Promoted if now.since(replaced_at) >= Duration::from_secs(keep) => {
                (Some(Why::Expired), replaced_at)
            }
            State::Promoted => (request.kept.then_some(Why::Kept), replaced_at),
            // What was swapped back lies there since then.
            State::Staging | State::Staged | State::RolledBack => {
                let old = request.abandoned.is_some_and(|age| now.since(replaced_at) >= age);
                (old.then_some(Why::Abandoned), replaced_at)
            }
        };
        owned.extend(schemas.iter().chain(&clusters).chain(&objects).cloned());
        if let Some(why) = why {
            let (deployment, retired) = (id.clone(), known.state.is_promoted());
            let age_s = now.since(since).as_secs();
            let subscribes = facts.subscribes([&schemas, &clusters, &objects], catalog);
            found.push((
                since,
                Item { deployment, why, retired, age_s, schemas, clusters, objects, subscribes },
            ));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.deployment.cmp(&b.1.deployment)));
    let schemas = catalog.schemas.keys().filter(|name| is_staging_name(&name.schema));
    let clusters = catalog.clusters.keys().filter(|name| is_staging_name(&name.0));
    let staging = schemas.map(ToString::to_string).chain(clusters.map(ToString::to_string));
    let staging = staging.filter(|name| !owned.contains(name));
    Outcome {
        unrecorded: staging.chain(unrecorded(catalog, facts.overlays, &owned)).collect(),
        items: found.into_iter().map(|(_, item)| item).collect(),
        others: others::told(facts.deletions, facts.overlays, catalog),
    }
}

/// Finds it; on an environment where nothing was ever deployed there is none.
///
/// # Errors
/// `db.*`.
pub async fn run(ctx: &Ctx, request: &Request) -> Result<Outcome, Error> {
    let Some(ledger) = ctx.ledger().await? else { return Ok(Outcome::default()) };
    let catalog = ctx.catalog().await?;
    let overlays = overlays::read(ctx, marker_in(&catalog)).await?;
    let open = ledger.deployments.values().filter(|known| {
        let over = matches!(known.state, State::Retired | State::Aborted);
        !over && known.intent.staying().next().is_some()
    });
    let open: Vec<&Deployment> = open.collect();
    let scopes = Scope::read_all(ctx, &open).await?;
    let of_each = open.iter().zip(&scopes);
    let found: OneByOne = of_each
        .map(|(known, scope)| (scope.deployment().clone(), one_by_one(scope, known.state, &catalog)))
        .collect();
    let overtaken = overtaken::find(ctx, &ledger, &catalog, None).await?;
    let (now, running) = join(db::moment::read(ctx.session()), subscribed::running(ctx)).await;
    let (now, running) = (now?, running?);
    let facts = Facts {
        ledger: &ledger,
        overlays: &overlays,
        one_by_one: &found,
        overtaken: &overtaken,
        deletions: &others::cut(ctx, &catalog).await?,
        running: &running,
    };
    Ok(garbage(&facts, &catalog, request, now))
}

#[cfg(test)]
mod tests;
