//! The exchange of a deployment with production, in either direction: what a promotion and a
//! rollback have in common.
//!
//! Pure parts first: the steps and the checks; what follows COMMIT is [`aftermath`]. Start reading at [`steps`] and [`check`].

use std::collections::BTreeSet;

use futures_util::future::join3;

use self::sides::moved_lines;
use self::sides::sides;
use self::sinks::OthersSinks;
use self::strangers::foreign;
use self::successors::successors;
use super::allowed;
use super::carried;
use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::fenced;
use super::fenced::Next;
use super::ledger::Ledger;
use super::scope::Scope;
use super::shifted;
use super::shifted::Stranger;
use super::subscribed;
use super::subscribed::Reader;
use crate::catalog::Catalog;
use crate::catalog::RoleSettings;
use crate::db::subscriptions::Subscription;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::SwapEntry;
use crate::deployment::epoch::SwapIntent;
use crate::deployment::epoch::SwapKind;
use crate::deployment::epoch::TRACKING_DATABASE;
use crate::deployment::record::Record;
use crate::deployment::record::StagedIndex;
use crate::deployment::record::StagedObject;
use crate::deployment::state::State;
use crate::event::Event;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::NameError;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::exchange::Exchange as Renaming;
use crate::plan::privilege::Target;
use crate::plan::step::Step;

pub mod aftermath;
mod following;
mod line;
mod new_sinks;
pub mod renames;
pub mod replacements;
pub mod sides;
pub mod sinks;
mod strangers;
pub mod successors;
mod undo;
mod who;

/// Whether production must be what it was when the deployment was staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictCheck {
    /// It must.
    Made,
    /// Somebody said `--force`: whatever stands there is replaced.
    Skipped,
}

/// The renames and swaps of an exchange, the marker's first: as soon as it is answered, the fence
/// stands.
///
/// # Errors
/// [`NameError`] never in practice: the names were checked when they were staged.
pub fn steps(
    scope: &Scope,
    kind: SwapKind,
    from: &Marker,
    to: &Marker,
    catalog: &Catalog,
) -> Result<Vec<Step>, NameError> {
    let marker = SchemaName::new(Ident::new(TRACKING_DATABASE)?, from.schema()?);
    let mut steps = vec![Renaming::RenameSchema { from: marker, to: to.schema()? }];
    for pair in &scope.intent.schemas {
        steps.push(match (&pair.production_id, kind) {
            (Some(_), _) => Renaming::SwapSchemas { a: pair.production_name(), b: pair.staging.clone() },
            // There was nothing to swap with: it moves into place, and out of it again.
            (None, SwapKind::Promotion) => {
                Renaming::RenameSchema { from: pair.staging_name(), to: pair.production.clone() }
            }
            (None, SwapKind::Rollback) => {
                Renaming::RenameSchema { from: pair.production_name(), to: pair.staging.clone() }
            }
        });
    }
    for pair in &scope.intent.clusters {
        steps.push(Renaming::SwapClusters { a: pair.production.clone(), b: pair.staging.clone() });
    }
    for index in scope.contents.indexes.iter().filter(|index| index.stands_beside()) {
        steps.extend(exchange_index(index, kind)?);
    }
    steps.extend(renames::renames(&scope.intent, &scope.contents, kind, catalog));
    Ok(steps.into_iter().map(Step::Exchange).collect())
}

/// An index on a relation that stays cannot be swapped with its schema: the two change names by
/// way of a third.
fn exchange_index(index: &StagedIndex, kind: SwapKind) -> Result<Vec<Renaming>, NameError> {
    let rename = |from: &ObjectName, to: &Ident| Renaming::RenameObject {
        kind: ObjectKind::Index,
        from: from.clone(),
        to: to.clone(),
    };
    let (production, staging) = (&index.name, &index.staging);
    if index.removed {
        let (from, to) = match kind {
            SwapKind::Promotion => (production, staging),
            SwapKind::Rollback => (staging, production),
        };
        return Ok(vec![rename(from, &to.object)]);
    }
    if index.production_id.is_none() {
        let (from, to) = match kind {
            SwapKind::Promotion => (staging, production),
            SwapKind::Rollback => (production, staging),
        };
        return Ok(vec![rename(from, &to.object)]);
    }
    let between = Ident::new(format!("{}s", staging.object.as_str()))?;
    let held = production.schema_name().object(between.clone());
    Ok(vec![
        rename(production, &between),
        rename(staging, &production.object),
        rename(&held, &staging.object),
    ])
}

/// Says no if the world is not as it must be for the exchange; touches nothing.
///
/// # Errors
/// `swap.production-moved`, `swap.staging-moved`, `swap.sink-orphaned`, `swap.not-staged`, `swap.not-owner`,
/// `swap.missing-privilege`, `rollback.superseded`, `rollback.gone`.
pub fn check(
    scope: &Scope,
    kind: SwapKind,
    conflicts: ConflictCheck,
    catalog: &Catalog,
    history: &[SwapEntry],
) -> Result<(), Error> {
    let id = scope.deployment();
    let (standing, incoming) = sides(scope, kind)?;
    let (moved_code, gone_code) = match kind {
        SwapKind::Promotion => (Code::SwapProductionMoved, Code::SwapStagingMoved),
        SwapKind::Rollback => (Code::RollbackSuperseded, Code::RollbackGone),
    };
    let unchanged = "nothing was changed";
    let gone = moved_lines(&incoming, catalog, "when it was recorded");
    if !gone.is_empty() {
        let message = format!("what stands under the staging names of {id} is not what was recorded");
        return Err(Error::new(gone_code, message).with_lines(gone).effect(unchanged));
    }
    let strangers = foreign(&incoming, catalog, ConflictCheck::Made);
    if !strangers.is_empty() {
        let message = format!("something that mzflow did not make stands under the staging names of {id}");
        return Err(Error::new(gone_code, message).with_lines(strangers).effect(unchanged));
    }
    let lines = moved_lines(&standing, catalog, &format!("when {id} was staged"));
    if !lines.is_empty() && conflicts == ConflictCheck::Made {
        let message = match kind {
            SwapKind::Promotion => "production changed since this deployment was staged".to_owned(),
            SwapKind::Rollback => format!("production is no longer what {id} made of it"),
        };
        let who = since(scope, kind, history);
        return Err(Error::new(moved_code, message).with_lines(lines).with_lines(who).effect(unchanged));
    }
    let lost = replacements::lost(scope, kind, catalog);
    if !lost.is_empty() {
        let message = "what is to be replaced in place is no longer what was staged";
        return Err(Error::new(moved_code, message).with_lines(lost).effect(unchanged));
    }
    let strangers = foreign(&standing, catalog, conflicts);
    if !strangers.is_empty() {
        let message = "something that the project did not create would be swapped out of production";
        return Err(Error::new(moved_code, message).with_lines(strangers).effect(unchanged));
    }
    let outdated = strangers::outdated(scope, catalog);
    if !outdated.is_empty() && kind == SwapKind::Promotion && conflicts == ConflictCheck::Made {
        let message = "something that this deployment reads has left production since it was staged";
        let who = since(scope, kind, history);
        return Err(Error::new(moved_code, message).with_lines(outdated).with_lines(who).effect(unchanged));
    }
    owned(scope, kind, catalog)?;
    let orphans: Vec<String> = successors(scope, kind, catalog)
        .into_iter()
        .filter(|(_, successor)| successor.is_none())
        .map(|(sink, _)| format!("sink {sink} reads an object that would be gone"))
        .collect();
    if !orphans.is_empty() {
        let message = "a sink reads an object that has no successor";
        return Err(Error::new(Code::SwapSinkOrphaned, message).with_lines(orphans).effect(unchanged));
    }
    Ok(())
}

/// Fails where the connected role may not move what changes places: schemas also need CREATE on their database.
fn owned(scope: &Scope, kind: SwapKind, catalog: &Catalog) -> Result<(), Error> {
    let schemas = scope.intent.schemas.iter().flat_map(|pair| [pair.production_name(), pair.staging_name()]);
    let clusters = scope.intent.clusters.iter().flat_map(|pair| [&pair.production, &pair.staging]);
    let objects = one_by_one(scope, kind).into_iter().filter_map(|name| catalog.object(&name));
    let objects = objects.map(|object| Target::Object(object.kind, object.name.clone()));
    let things = schemas.map(Target::Schema).chain(clusters.cloned().map(Target::Cluster)).chain(objects);
    let things = things.chain(replacements::owned(scope));
    let lines = allowed::unowned(catalog, things);
    let what = match kind {
        SwapKind::Promotion => "promote",
        SwapKind::Rollback => "take back",
    };
    let (me, id) = (&catalog.session.role, scope.deployment());
    if !lines.is_empty() {
        let message = format!("{me} cannot {what} {id}: not all of it is its own");
        return Err(Error::new(Code::SwapNotOwner, message).with_lines(lines).effect("nothing was changed"));
    }
    let databases = scope.intent.schemas.iter().map(|pair| Target::Database(pair.database.clone()));
    let lines = allowed::lacking(catalog, databases.map(|database| ("CREATE", database)));
    if lines.is_empty() {
        return Ok(());
    }
    let message = format!("{me} cannot {what} {id}: it may not rename schemas");
    Err(Error::new(Code::SwapMissingPrivilege, message).with_lines(lines).effect("nothing was changed"))
}

/// The names at which objects stand that change names one by one, before it.
fn one_by_one(scope: &Scope, kind: SwapKind) -> Vec<ObjectName> {
    let both = |object: &StagedObject| {
        let comes = match kind {
            SwapKind::Promotion => scope.intent.staging_name(object),
            SwapKind::Rollback => scope.intent.retired_name(object),
        };
        [object.name.clone(), comes]
    };
    scope.contents.renamed().flat_map(both).collect()
}

/// Who swapped since the deployment was staged, or promoted, as far as mzflow was used for it.
fn since(scope: &Scope, kind: SwapKind, history: &[SwapEntry]) -> Vec<String> {
    let base = match kind {
        SwapKind::Promotion => scope.intent.base_epoch,
        SwapKind::Rollback => {
            let own = history.iter().rfind(|entry| entry.intent.deployment == *scope.deployment());
            own.map_or(0, |entry| entry.intent.to.epoch)
        }
    };
    let later = history.iter().filter(|entry| entry.intent.to.epoch > base);
    later
        .map(|entry| {
            let (from, to) = (entry.intent.from.epoch, entry.intent.to.epoch);
            let what = entry.intent.kind.as_str();
            format!("epoch {from} → {to}: {what} of {} by {}", entry.intent.deployment, entry.actor)
        })
        .collect()
}

/// The SUBSCRIBEs over what has left production.
fn readers(scope: &Scope, kind: SwapKind, running: &[Subscription], catalog: &Catalog) -> Vec<Reader> {
    let pairs = scope.intent.clusters.iter();
    let (objects, clusters) = match kind {
        SwapKind::Promotion => (scope.leaving(), pairs.map(|pair| &pair.production_id).collect()),
        SwapKind::Rollback => (scope.green(), scope.done.iter().flat_map(|done| &done.clusters).collect()),
    };
    subscribed::over(running, &objects, &clusters, catalog)
}

/// An exchange under way.
pub struct Exchange {
    /// What is exchanged.
    pub scope: Scope,
    /// In which direction.
    pub kind: SwapKind,
    /// Whether production must be what it was.
    pub conflicts: ConflictCheck,
    /// Seconds for which the replaced version is to be kept.
    pub keep_s: u64,
    /// What is to become of sinks that the connected role may not alter.
    pub others_sinks: OthersSinks,
    written: Option<SwapIntent>,
    history: Vec<SwapEntry>,
    committed: Option<SwapEntry>,
    /// Settings of roles that somebody else made: they are told, and keep nobody from swapping.
    strangers: BTreeSet<Stranger>,
    /// The SUBSCRIBEs that ran when it was tried last.
    running: Vec<Subscription>,
}

/// An exchange that committed.
pub struct Committed {
    /// What was exchanged.
    pub scope: Scope,
    /// Its row of the journal.
    pub entry: SwapEntry,
    /// The SUBSCRIBEs that ran a moment before.
    pub running: Vec<Subscription>,
}

impl Exchange {
    /// An exchange that has not been tried yet.
    pub fn new(scope: Scope, kind: SwapKind, conflicts: ConflictCheck, keep_s: u64) -> Self {
        let (history, strangers) = (Vec::new(), BTreeSet::new());
        // To take a promotion back is not for others to prevent.
        let others_sinks = match kind {
            SwapKind::Promotion => OthersSinks::Refused,
            SwapKind::Rollback => OthersSinks::Left,
        };
        Self {
            scope,
            kind,
            conflicts,
            keep_s,
            others_sinks,
            written: None,
            history,
            committed: None,
            strangers,
            running: Vec::new(),
        }
    }

    /// Makes it.
    ///
    /// # Errors
    /// Those of [`check`], of [`fenced::make`], and `swap.conflict`, `swap.rejected`, `swap.sink-not-owner`,
    /// `swap.role-shifted`.
    pub async fn make(mut self, ctx: &mut Ctx) -> Result<Committed, Error> {
        let started = ctx.clock.elapsed();
        if let Err(error) = fenced::make(ctx, &mut self, fenced::RETRY_FOR).await {
            return Err(who::explained(ctx, &self.scope, self.kind, error).await);
        }
        let Some(entry) = self.committed else {
            return Err(Error::bug("the exchange happened and left no entry"));
        };
        let (scope, running) = (self.scope, self.running);
        ctx.events.event(Event::Swapped {
            deployment: scope.deployment().clone(),
            kind: entry.intent.kind,
            from: entry.intent.from.epoch,
            to: entry.intent.to.epoch,
            schemas: scope.intent.schemas.len(),
            clusters: scope.intent.clusters.len(),
            renamed: scope.contents.renamed().count(),
            objects: scope.contents.objects.len(),
            replaced: scope.replaced().len(),
            took: ctx.clock.elapsed().saturating_sub(started),
        });
        let readers = readers(&scope, entry.intent.kind, &running, &*ctx.catalog().await?);
        if !readers.is_empty() {
            let still = subscribed::counted(&readers, ["still reads", "still read"]);
            let message = format!("{still} the version that has left production, until begun anew");
            ctx.events.event(Event::Warning { code: "swap.subscribes".to_owned(), message });
        }
        Ok(Committed { scope, entry, running })
    }

    fn intent(&self, marker: &Marker, ctx: &Ctx) -> SwapIntent {
        SwapIntent {
            deployment: self.scope.deployment().clone(),
            kind: self.kind,
            from: marker.clone(),
            to: marker.next(&ctx.run.id),
            commit: self.scope.intent.commit.clone(),
            objects: self.scope.contents.objects.len(),
            project_schemas: self.scope.intent.project_schemas.iter().map(ToString::to_string).collect(),
            keep_s: self.keep_s,
            leave_sinks: self.others_sinks == OthersSinks::Left,
        }
    }

    /// Says no if the world is not as it must be for it; touches nothing.
    fn is_possible(&self, catalog: &Catalog, history: &[SwapEntry]) -> Result<(), Error> {
        check(&self.scope, self.kind, self.conflicts, catalog, history)?;
        undo::permitted(&self.scope, self.kind, catalog)?;
        sinks::alterable(&self.scope, self.kind, self.others_sinks, catalog)
    }

    /// Puts back the roles that read the deployment: once it is exchanged, its staging names mean the other
    /// version.
    async fn put_roles_back(
        &mut self,
        ctx: &mut Ctx,
        ledger: &Ledger,
        mut settings: RoleSettings,
    ) -> Result<(), Error> {
        let id = self.scope.deployment();
        if !ledger.deployment(id)?.shifts.is_empty() {
            // Said no before anybody is put back: a refused swap changes nothing.
            let catalog = ctx.reread().await?;
            self.is_possible(&catalog, &ledger.history)?;
            shifted::put_back(ctx, id, None).await?;
            settings = ctx.role_settings().await?;
        }
        self.strangers = shifted::strangers(&self.scope.intent, &settings);
        Ok(())
    }

    /// Fails where a role was let read the deployment since roles were put back.
    fn unread(&self, catalog: &Catalog) -> Result<(), Error> {
        let readers = shifted::strangers(&self.scope.intent, &catalog.role_settings);
        let Some(late) = readers.difference(&self.strangers).next() else { return Ok(()) };
        let (id, role) = (self.scope.deployment(), &late.role);
        let message = format!("role {role} was let read {id} in this very moment");
        Err(Error::new(Code::SwapRoleShifted, message).effect("nothing was changed"))
    }

    /// Fails where another run has taken the deployment elsewhere meanwhile.
    fn still_possible(&self, ledger: &Ledger) -> Result<(), Error> {
        let id = self.scope.deployment();
        let state = ledger.deployment(id)?.state;
        let possible = match (self.kind, state) {
            // A drop that was only intended loses against a swap that commits first.
            (SwapKind::Promotion, State::Staged | State::RolledBack | State::Aborting) => Ok(()),
            (SwapKind::Rollback, State::Promoted | State::Retiring) => Ok(()),
            (SwapKind::Promotion, State::Promoted | State::Retiring | State::Retired) => {
                Err((Code::SwapAlreadyPromoted, "is production already"))
            }
            (SwapKind::Promotion, State::Staging) => Err((Code::SwapNotStaged, "is not staged completely")),
            (SwapKind::Promotion | SwapKind::Rollback, State::Aborted) => {
                Err((Code::DeploymentGone, "was dropped"))
            }
            (SwapKind::Rollback, State::Retired) => {
                Err((Code::RollbackGone, "replaced a version that was dropped"))
            }
            (SwapKind::Rollback, State::RolledBack | State::Staging | State::Staged | State::Aborting) => {
                Err((Code::RollbackNothing, "is not production"))
            }
        };
        possible.map_err(|(code, message)| {
            Error::new(code, format!("{id} {message}")).effect("nothing was changed")
        })
    }
}

impl fenced::Change for Exchange {
    async fn next(&mut self, ctx: &mut Ctx) -> Result<Next, Error> {
        let (ledger, settings, running) =
            join3(ctx.ledger_or_refuse(), ctx.role_settings(), subscribed::running(ctx)).await;
        let (ledger, settings, running) = (ledger?, settings?, running?);
        if let Some(written) = &self.written {
            let own = ledger.history.iter().find(|entry| entry.intent == *written);
            if let Some(own) = own {
                self.committed = Some(own.clone());
                return Ok(Next::Happened);
            }
        }
        self.running = running;
        self.still_possible(&ledger)?;
        line::bring(ctx, self, &ledger.history).await?;
        if undo::permitted(&self.scope, self.kind, &*ctx.catalog().await?).is_err() {
            // Said no before anything is written, and of what is so now.
            undo::permitted(&self.scope, self.kind, &*ctx.reread().await?)?;
        }
        self.put_roles_back(ctx, &ledger, settings).await?;
        let intent = self.intent(&ledger.marker, ctx);
        if self.written.as_ref() != Some(&intent) {
            ctx.record(Record::SwapIntent(intent.clone())).await?;
        }
        let catalog = ctx.catalog().await?;
        let steps = steps(&self.scope, self.kind, &intent.from, &intent.to, &catalog)
            .map_err(|error| Error::bug(format!("a staged name is none: {error}")))?;
        self.written = Some(intent);
        self.history.clone_from(&ledger.history);
        Ok(Next::Try(steps))
    }

    fn check(&self, catalog: &Catalog) -> Result<(), Error> {
        self.unread(catalog)?;
        self.is_possible(catalog, &self.history)
    }

    fn clusters(&self) -> Vec<ClusterName> {
        self.scope.described(self.kind)
    }

    fn is_behind(&self, catalog: &Catalog) -> bool {
        self.kind == SwapKind::Promotion && !carried::behind(&self.scope, catalog).is_empty()
    }

    fn codes(&self) -> (Code, Code) {
        (Code::SwapConflict, Code::SwapRejected)
    }

    fn what(&self) -> &'static str {
        match self.kind {
            SwapKind::Promotion => "the swap",
            SwapKind::Rollback => "the rollback",
        }
    }
}

#[cfg(test)]
mod tests;
