//! Builds what was decided: makes, waits, exchanges, drops.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use super::Request;
use super::Told;
use super::decide::Build;
use super::decide::Decision;
use super::exchange;
use super::naming::Naming;
use super::overlaid;
use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::db;
use crate::db::apply::OnFailure;
use crate::deployment::overlay::DatabasePair;
use crate::deployment::overlay::OverlaidObject;
use crate::deployment::overlay::OverlayDone;
use crate::deployment::overlay::OverlayDropped;
use crate::deployment::overlay::OverlayIntent;
use crate::deployment::record::Record;
use crate::event::OverlayState;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::Plan;
use crate::plan::step::Origin;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::readiness;
use crate::primitives::readiness::Condition;
use crate::primitives::rejection;

/// The pause after the first look at what hydrates; small things are ready at once.
const FIRST_POLL: Duration = Duration::from_millis(10);

/// The longest pause.
const POLL: Duration = Duration::from_secs(1);

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// What stands of the objects that were to be built: the new version, or the last good one.
    pub(super) objects: BTreeMap<ObjectName, OverlaidObject>,
    /// What was to go and is still read.
    pub(super) leftovers: Vec<ObjectId>,
    /// Why objects could not be built.
    pub(super) failed: Vec<Error>,
    /// How many were built.
    pub(super) rebuilt: usize,
    /// How many the overlay does not hold any more.
    pub(super) dropped: usize,
}

/// Why objects could not be built, by their production names; a message for those that merely read one.
pub(super) type Bad = BTreeMap<ObjectName, Option<Error>>;

/// Builds it.
///
/// # Errors
/// Those of [`super::run`], but `overlay.failed`.
pub(super) async fn build(
    ctx: &mut Ctx,
    request: &Request,
    decision: &Decision<'_>,
    naming: &mut Naming,
    told: &mut Told,
) -> Result<Built, Error> {
    ctx.go_on()?;
    make_databases(ctx, request, decision).await?;
    intend(ctx, request, decision).await?;
    make_schemas(ctx, decision).await?;
    let builds = &decision.builds;
    builds.iter().for_each(|build| told.object(&build.object.name, OverlayState::Building, None));
    let mut bad = Bad::new();
    let inside: BTreeSet<&ObjectName> = decision.kept.keys().collect();
    create(ctx, request, builds, &inside, &mut bad).await?;
    let catalog = ctx.catalog().await?;
    hydrate(ctx, request, builds, &catalog, told, &mut bad).await?;
    let good: Vec<&Build<'_>> = builds.iter().filter(|b| !bad.contains_key(&b.object.name)).collect();
    let exchanged = exchange::exchange(ctx, &good, naming).await?;
    let mut going: Vec<ObjectId> = exchanged.away.clone();
    going.extend(decision.removed.iter().map(|known| known.id.clone()));
    going.extend(decision.stale.iter().cloned());
    // The new versions of what failed.
    let failed = builds.iter().filter(|build| bad.contains_key(&build.object.name));
    let stands = |build: &Build<'_>| catalog.object(&build.under).map(|found| found.id.clone());
    going.extend(failed.filter_map(stands));
    let mut leftovers = exchange::drop_unread(ctx, &going).await?;
    let blocked: Vec<&Build<'_>> = exchanged.blocked;
    if !blocked.is_empty() {
        let stand =
            good.iter().filter(|g| !blocked.iter().any(|b| b.place == g.place)).map(|g| &g.object.name);
        let inside: BTreeSet<&ObjectName> = inside.into_iter().chain(stand).collect();
        leftovers.extend(exchange::in_place(ctx, (request, &inside), &blocked, told, &mut bad).await?);
        // What could not go because the last version of one of those read it.
        leftovers = exchange::drop_unread(ctx, &leftovers).await?;
    }
    exchange::warn_of(ctx, &leftovers).await?;
    ended(ctx, request, decision, leftovers, bad, told).await
}

/// Records every name that will be made.
async fn intend(ctx: &mut Ctx, request: &Request, decision: &Decision<'_>) -> Result<(), Error> {
    let creates = decision.builds.iter().flat_map(|build| {
        let indexes = build.indexes.iter().map(|index| build.place.schema_name().object(index.clone()));
        [build.place.clone(), build.under.clone()].into_iter().chain(indexes)
    });
    let creates: BTreeSet<ObjectName> = creates.collect();
    ctx.record(Record::OverlayIntent(OverlayIntent {
        overlay: request.name.clone(),
        cluster: request.cluster.clone(),
        databases: decision.databases.clone(),
        creates: creates.into_iter().collect(),
    }))
    .await
}

/// Makes databases, and records their ids before anything is made in them: what bears a name that was
/// meant, and has no recorded id, may be somebody else's.
async fn make_databases(ctx: &mut Ctx, request: &Request, decision: &Decision<'_>) -> Result<(), Error> {
    let is_meant = |pair: &&DatabasePair| {
        decision.new_databases.contains(&pair.overlay) || decision.unsettled.contains(&pair.overlay)
    };
    let meant: Vec<DatabasePair> = decision.databases.iter().filter(is_meant).cloned().collect();
    if meant.is_empty() {
        return Ok(());
    }
    ctx.record(Record::OverlayIntent(OverlayIntent {
        overlay: request.name.clone(),
        cluster: request.cluster.clone(),
        databases: meant.clone(),
        creates: Vec::new(),
    }))
    .await?;
    let mut plan = Plan::new();
    plan.each(decision.new_databases.iter().cloned().map(Step::CreateDatabase));
    let mut made: BTreeSet<Ident> = decision.unsettled.iter().cloned().collect();
    let mut progress = |step: &Step| {
        if let Step::CreateDatabase(name) = step {
            made.insert(name.clone());
        }
    };
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut progress).await;
    if let Some((_, error)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(Error::from(error.clone()));
    }
    let catalog = ctx.catalog().await?;
    let (there, not): (Vec<_>, Vec<_>) = meant.into_iter().partition(|pair| made.contains(&pair.overlay));
    let id = |pair: DatabasePair| {
        let id = catalog.databases.get(&pair.overlay)?.id.clone();
        Some((pair, id))
    };
    if !there.is_empty() {
        ctx.record(Record::OverlayDone(OverlayDone {
            overlay: request.name.clone(),
            databases: there.into_iter().filter_map(id).collect(),
            objects: Vec::new(),
            leftovers: Vec::new(),
        }))
        .await?;
    }
    if !not.is_empty() {
        let databases = not.into_iter().map(|pair| pair.overlay).collect();
        let record = OverlayDropped { overlay: request.name.clone(), databases };
        ctx.record(Record::OverlayDropped(record)).await?;
    }
    match applied.failed.first() {
        Some((step, error)) => Err(no_database(step, error, &catalog)),
        None => stopped(applied.interrupted),
    }
}

/// That a database could not be made, with the grant that is missing.
fn no_database(step: &Step, error: &db::error::Error, catalog: &Catalog) -> Error {
    if error.sqlstate() != Some("42501") {
        return rejection::rejected(Code::OverlayFailed, step, error, None).effect("production is untouched");
    }
    let role = catalog.session.role.sql();
    rejection::rejected(Code::OverlayNeedsCreatedb, step, error, None)
        .line(format!("GRANT CREATEDB ON SYSTEM TO {role}"))
        .effect("nothing was changed")
}

/// Makes schemas.
async fn make_schemas(ctx: &mut Ctx, decision: &Decision<'_>) -> Result<(), Error> {
    let mut plan = Plan::new();
    plan.each(decision.new_schemas.iter().cloned().map(Step::CreateSchema));
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    match applied.failed.first() {
        Some((_, error)) if error.outcome_unknown() => Err(Error::from(error.clone())),
        Some((step, error)) => {
            Err(rejection::rejected(Code::OverlayFailed, step, error, None).effect("production is untouched"))
        }
        None => stopped(applied.interrupted),
    }
}

fn stopped(interrupted: bool) -> Result<(), Error> {
    if interrupted {
        return Err(Error::new(Code::RunInterrupted, "stopped, as asked")
            .effect("what the overlay had stays; production is untouched"));
    }
    Ok(())
}

/// Creates objects and their indexes; what they read is in the overlay where it is built with them or
/// stands `inside`, and production's elsewhere.
///
/// # Errors
/// `run.interrupted`, `db.lost`; what the server refuses is told in `bad`.
pub(super) async fn create(
    ctx: &mut Ctx,
    request: &Request,
    builds: &[impl std::borrow::Borrow<Build<'_>>],
    inside: &BTreeSet<&ObjectName>,
    bad: &mut Bad,
) -> Result<(), Error> {
    let builds: Vec<&Build<'_>> = builds.iter().map(std::borrow::Borrow::borrow).collect();
    let mut plan = Plan::new();
    plan.each(steps(request, &builds, inside));
    let applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
    let compiled = &request.changes.compiled;
    if let Some((_, error)) = applied.failed.iter().find(|(_, error)| error.outcome_unknown()) {
        return Err(Error::from(error.clone()).effect("what the overlay had stays; production is untouched"));
    }
    for (step, _) in &applied.failed {
        if let Some(origin) = step.origin() {
            bad.entry(origin.object.clone()).or_insert(None);
        }
    }
    for (step, error) in rejection::roots(&applied) {
        let rejected = rejection::rejected(Code::OverlayFailed, step, error, Some(compiled));
        match step.origin().and_then(|origin| bad.get_mut(&origin.object)) {
            Some(why) => *why = why.take().or(Some(rejected)),
            None => return Err(rejected),
        }
    }
    stopped(applied.interrupted)
}

/// The statements that create objects with their indexes, in order.
fn steps(request: &Request, builds: &[&Build<'_>], inside: &BTreeSet<&ObjectName>) -> Vec<Step> {
    let naming = Naming::new(&request.name);
    let under: BTreeMap<&ObjectName, &ObjectName> =
        builds.iter().map(|build| (&build.object.name, &build.under)).collect();
    let resolve = |name: &ObjectName| match under.get(name) {
        Some(under) => (*under).clone(),
        None => inside.get(name).and_then(|name| naming.place(name).ok()).unwrap_or_else(|| name.clone()),
    };
    let cluster = |_: &ClusterName| request.cluster.clone();
    let names = Names { object: &resolve, cluster: &cluster };
    let mut steps = Vec::new();
    for build in builds {
        let (object, name) = (build.object, &build.under);
        steps.push(Step::Create {
            kind: object.kind,
            name: name.clone(),
            cluster: object.cluster.as_ref().map(|_| request.cluster.clone()),
            on: None,
            reads: object.depends_on.iter().map(resolve).collect(),
            sql: object.create_sql(name, &names),
            shown: None,
            origin: Some(origin(request, object, object.line)),
        });
        for (index, own) in object.indexes.iter().zip(&build.indexes) {
            steps.push(Step::Create {
                kind: ObjectKind::Index,
                name: name.schema_name().object(own.clone()),
                cluster: Some(request.cluster.clone()),
                on: Some(name.clone()),
                reads: Vec::new(),
                sql: index.create_sql_as(own, name, &names),
                shown: None,
                origin: Some(origin(request, object, index.line)),
            });
        }
    }
    steps
}

fn origin(request: &Request, object: &Object, line: usize) -> Origin {
    let start = request.changes.compiled.line_start(&object.file, line);
    Origin { object: object.name.clone(), file: object.file.clone(), start }
}

/// Waits until what was built can be read; what cannot is told in `bad`, with what reads it.
///
/// # Errors
/// `run.interrupted`, `run.deadline`, `db.*`.
pub(super) async fn hydrate(
    ctx: &mut Ctx,
    request: &Request,
    builds: &[impl std::borrow::Borrow<Build<'_>>],
    catalog: &Catalog,
    told: &mut Told,
    bad: &mut Bad,
) -> Result<(), Error> {
    let builds: Vec<&Build<'_>> = builds.iter().map(std::borrow::Borrow::borrow).collect();
    let mut waiting: Vec<(String, ObjectId)> = Vec::new();
    let mut of: BTreeMap<ObjectId, ObjectName> = BTreeMap::new();
    for build in builds.iter().filter(|build| !bad.contains_key(&build.object.name)) {
        let indexes = build.indexes.iter().map(|index| build.place.schema_name().object(index.clone()));
        for name in [build.under.clone()].into_iter().chain(indexes) {
            let Some(found) = catalog.object(&name).filter(|found| found.kind != ObjectKind::View) else {
                continue;
            };
            waiting.push((build.object.name.to_string(), found.id.clone()));
            of.insert(found.id.clone(), build.object.name.clone());
        }
    }
    let names: BTreeSet<&ObjectName> = of.values().collect();
    names.into_iter().for_each(|name| told.object(name, OverlayState::Hydrating, None));
    let deadline = ctx.clock.deadline(Some(request.timeout));
    let mut pause = FIRST_POLL;
    while !waiting.is_empty() {
        ctx.go_on()?;
        let looked = readiness::of_objects(ctx, &waiting, readiness::ALLOWED_LAG).await?;
        let late = deadline.passed();
        for (id, status) in looked {
            let failed = match status.state {
                Condition::Ready | Condition::Lagging => None,
                Condition::Failing => Some(status.reason.unwrap_or_else(|| "failing".to_owned())),
                Condition::Hydrating if late => {
                    Some(format!("it did not catch up within {} s", request.timeout.as_secs()))
                }
                Condition::Hydrating => continue,
            };
            if let (Some(reason), Some(name)) = (failed, of.get(&id)) {
                let message = format!("{name} does not hydrate: {reason}");
                bad.insert(name.clone(), Some(Error::new(Code::OverlayFailed, message).object(name)));
            }
            waiting.retain(|(_, waits)| *waits != id);
        }
        if !waiting.is_empty() {
            ctx.interrupt_or_sleep(&deadline, pause).await?;
            pause = (pause * 2).min(POLL);
        }
    }
    follow(&builds, bad);
    Ok(())
}

/// What reads a new version that failed is not the new version either.
pub(super) fn follow(builds: &[&Build<'_>], bad: &mut Bad) {
    for build in builds {
        if build.object.depends_on.iter().any(|read| bad.contains_key(read)) {
            bad.entry(build.object.name.clone()).or_insert(None);
        }
    }
}

/// Puts together what stands now, and tells of every object.
async fn ended(
    ctx: &mut Ctx,
    request: &Request,
    decision: &Decision<'_>,
    leftovers: Vec<ObjectId>,
    mut bad: Bad,
    told: &mut Told,
) -> Result<Built, Error> {
    let catalog = ctx.catalog().await?;
    let mut built = Built { leftovers, ..Built::default() };
    for build in &decision.builds {
        let name = &build.object.name;
        let stands = catalog.object(&build.place).map(|found| found.id.clone());
        let Some(why) = bad.remove(name) else {
            if let Some(id) = stands {
                built.objects.insert(name.clone(), overlaid(build, id, &request.cluster));
            }
            built.rebuilt += 1;
            told.object(name, OverlayState::Ready, None);
            continue;
        };
        let message = why.as_ref().map_or_else(
            || "it reads an object that could not be built".to_owned(),
            |error| error.message().to_owned(),
        );
        let state = if stands.is_some() { OverlayState::Kept } else { OverlayState::Failed };
        if let Some(id) = stands {
            // Not what the project says: the next build tries again.
            let last = OverlaidObject { fingerprint: String::new(), ..overlaid(build, id, &request.cluster) };
            built.objects.insert(name.clone(), last);
        }
        told.object(name, state, Some(message));
        built.failed.extend(why);
    }
    for known in &decision.removed {
        if !catalog.objects.contains_key(&known.id) {
            built.dropped += 1;
        }
        told.object(&known.name, OverlayState::Dropped, None);
    }
    Ok(built)
}
