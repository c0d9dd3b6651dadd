//! The new versions come to the names of the old ones, all in one transaction under a fence.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Request;
use super::create;
use super::create::Bad;
use super::decide::Build;
use super::decide::Decision;
use super::naming::Naming;
use super::ways;
use super::ways::Way;
use crate::catalog::Catalog;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::plan::exchange::Exchange;
use crate::plan::step::Step;
use crate::primitives::changes::traps;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::exchange::renames;
use crate::primitives::exchange::renames::Turn;
use crate::primitives::fenced;
use crate::primitives::fenced::Next;

/// What came of an exchange.
#[derive(Debug, Default)]
pub(super) struct Exchanged {
    /// The old versions, which have other names now, and the new versions of what failed.
    pub(super) away: Vec<ObjectId>,
    /// What the server does not let be renamed, with what reads it, by production name.
    pub(super) blocked: BTreeSet<ObjectName>,
    /// Schemas that cannot be swapped: then nothing was exchanged.
    pub(super) refused: BTreeSet<SchemaName>,
}

/// Gives up the swaps of schemas in which something reads what cannot be renamed, as the new texts tell: what is
/// built for one of them would have to be built again. Pure.
///
/// # Errors
/// `overlay.bad-name`.
pub(super) fn give_up_early(
    request: &Request,
    decision: &mut Decision<'_>,
    naming: &mut Naming,
    catalog: &Catalog,
) -> Result<(), Error> {
    // Each time at least one swap is given up.
    loop {
        let built: Vec<&Build<'_>> = decision.builds.iter().filter(|build| build.way != Way::Over).collect();
        let made = create::steps(request, &built, &decision.means());
        let mut exchanging = Exchanging { good: &built, ..Exchanging::default() };
        exchanging.avoid(&made, catalog);
        let refused = exchanging.refused;
        if refused.is_empty() {
            return Ok(());
        }
        ways::give_up(&refused, decision, &Bad::new(), naming, catalog)?;
    }
}

/// Exchanges what is good, which these statements have made, but for what is known to be blocked.
///
/// What the new texts tell to be no rename is not tried, as it would not be at any save. Where the server refuses
/// one, the object and what reads it are left out and the rest is tried again.
///
/// # Errors
/// `overlay.taken` when somebody has put something into a schema that is swapped; `overlay.failed`, `run.*`,
/// `db.*`, `swap.outcome-unknown`.
pub(super) async fn exchange(
    ctx: &mut Ctx,
    decision: &Decision<'_>,
    (good, made): (&[&Build<'_>], &[Step]),
    blocked: &BTreeSet<ObjectName>,
    naming: &mut Naming,
) -> Result<Exchanged, Error> {
    let catalog = ctx.catalog().await?;
    let mut exchanging = Exchanging { good, ..Exchanging::default() };
    // What reads it may have been built to be swapped when it was blocked.
    blocked.iter().for_each(|culprit| exchanging.block(culprit));
    for build in good.iter().filter(|build| matches!(build.way, Way::Renamed | Way::Swapped)) {
        let Some(new) = catalog.object(&build.under) else { continue };
        exchanging.new.insert(build.place.clone(), new.id.clone());
        if build.way == Way::Renamed {
            exchanging.aside.insert(build.place.clone(), naming.beside(&build.place, "mzx", &catalog)?);
        }
    }
    for (schema, swap) in &decision.swaps {
        let Some(beside) = catalog.schemas.get(&swap.beside) else { continue };
        // What stood there when the swap was decided, and what was built for it since.
        let built = decision.builds.iter().filter(|build| build.under.is_in(&swap.beside));
        let built = built.filter_map(|build| catalog.object(&build.under)).map(|found| found.id.clone());
        let swapped = Swapped {
            schema: (schema.clone(), swap.id.clone()),
            beside: (swap.beside.clone(), beside.id.clone()),
            inside: swap.inside.iter().cloned().chain(built).collect(),
        };
        exchanging.swapped.push(swapped);
    }
    // A swap takes these along, to names that are not theirs.
    let is_failed = |build: &&Build<'_>| {
        build.way != Way::Over && !good.iter().any(|good| good.object.name == build.object.name)
    };
    let failed = decision.builds.iter().filter(is_failed).filter_map(|build| catalog.object(&build.under));
    let failed: Vec<ObjectId> = failed.map(|found| found.id.clone()).collect();
    exchanging.avoid(made, &catalog);
    drop(catalog);
    fenced::make(ctx, &mut exchanging, fenced::RETRY_FOR).await?;
    let Exchanging { blocked, refused, .. } = exchanging;
    let is_exchanged = |build: &&&Build<'_>| !blocked.contains(&build.object.name);
    let away = good.iter().filter(is_exchanged).filter(|build| build.way != Way::Over);
    let away = away.filter_map(|build| build.replaces.clone()).chain(failed).collect();
    Ok(Exchanged { away, blocked, refused })
}

/// Two schemas that are swapped.
#[derive(Debug)]
struct Swapped {
    schema: (SchemaName, SchemaId),
    beside: (SchemaName, SchemaId),
    /// What is known to stand in the two.
    inside: BTreeSet<ObjectId>,
}

impl Swapped {
    /// Whether each still stands under its name.
    fn is_as_planned(&self, catalog: &Catalog) -> bool {
        let is = |(name, id): &(SchemaName, SchemaId)| catalog.schemas.get(name).is_some_and(|s| s.id == *id);
        is(&self.schema) && is(&self.beside)
    }

    fn step(&self) -> Step {
        let (a, b) = (self.schema.0.clone(), self.beside.0.schema.clone());
        Step::Exchange(Exchange::SwapSchemas { a, b })
    }
}

/// An exchange under way.
#[derive(Debug, Default)]
struct Exchanging<'b, 'p> {
    good: &'b [&'b Build<'p>],
    /// The new versions, by their places.
    new: BTreeMap<ObjectName, ObjectId>,
    /// What old versions are called once they are renamed, by their places.
    aside: BTreeMap<ObjectName, ObjectName>,
    swapped: Vec<Swapped>,
    blocked: BTreeSet<ObjectName>,
    refused: BTreeSet<SchemaName>,
}

impl Exchanging<'_, '_> {
    /// What is renamed.
    fn renamed(&self) -> impl Iterator<Item = &&Build<'_>> {
        self.good.iter().filter(|b| b.way == Way::Renamed && !self.blocked.contains(&b.object.name))
    }

    fn steps(&self, catalog: &Catalog) -> Vec<Step> {
        let turn = |build: &&Build<'_>| {
            let old = build.replaces.as_ref().and_then(|id| catalog.objects.get(id))?;
            let aside = self.aside.get(&build.place)?;
            Some(Turn {
                away: Some((old.kind, old.name.clone(), aside.object.clone())),
                into: Some((build.object.kind, build.under.clone(), build.place.object.clone())),
            })
        };
        let turns: Vec<Turn> = self.renamed().filter_map(turn).collect();
        let renames = renames::steps(&turns).into_iter().map(Step::Exchange);
        self.swapped.iter().map(Swapped::step).chain(renames).collect()
    }

    /// Leaves out what cannot be renamed, as the new texts tell.
    fn avoid(&mut self, made: &[Step], catalog: &Catalog) {
        let names = |build: &&Build<'_>| (build.under.clone(), build.place.object.clone());
        // Each time at least one is left out.
        while self.renamed().next().is_some()
            && let Some(culprit) = traps::first(made, self.renamed().map(names), catalog)
        {
            self.block(&culprit);
        }
    }

    /// Leaves an object out with everything that reads it. What is swapped cannot be left out: its schema
    /// is not swapped then.
    fn block(&mut self, culprit: &ObjectName) {
        self.blocked.insert(culprit.clone());
        for build in self.good {
            let name = &build.object.name;
            if build.object.depends_on.iter().any(|read| self.blocked.contains(read)) {
                self.blocked.insert(name.clone());
            }
            if build.way == Way::Swapped && self.blocked.remove(name) {
                self.refused.insert(build.place.schema_name());
            }
        }
    }
}

impl fenced::Change for Exchanging<'_, '_> {
    async fn next(&mut self, ctx: &mut Ctx) -> Result<Next, Error> {
        if !self.refused.is_empty() {
            return Ok(Next::Happened);
        }
        let catalog = ctx.catalog().await?;
        let is_new = |build: &&Build<'_>| {
            catalog.object(&build.place).map(|found| &found.id) == self.new.get(&build.place)
        };
        let is_swapped = |swapped: &Swapped| {
            catalog.schemas.get(&swapped.schema.0).is_some_and(|found| found.id == swapped.beside.1)
        };
        if self.swapped.iter().all(is_swapped) && self.renamed().all(is_new) {
            return Ok(Next::Happened);
        }
        self.check(&catalog)?;
        Ok(Next::Try(self.steps(&catalog)))
    }

    fn check(&self, catalog: &Catalog) -> Result<(), Error> {
        let mut strangers = Vec::new();
        for swapped in &self.swapped {
            let (schema, beside) = (&swapped.schema.0, &swapped.beside.0);
            if !swapped.is_as_planned(catalog) {
                strangers.push(format!("schema {schema}: another one bears the name of it or of {beside}"));
            }
            let there = catalog.relations_in(schema).chain(catalog.relations_in(beside));
            let others = there.filter(|object| !swapped.inside.contains(&object.id));
            strangers
                .extend(others.map(|object| format!("{} {}, of {}", object.kind, object.name, object.owner)));
        }
        let is_old = |build: &&&Build<'_>| {
            catalog.object(&build.place).map(|found| &found.id) == build.replaces.as_ref()
        };
        let moved = self.renamed().filter(|build| !is_old(build));
        strangers.extend(moved.map(|build| format!("{}: another one bears its name", build.place)));
        if strangers.is_empty() {
            return Ok(());
        }
        let message = "somebody has changed the overlay while new versions were built";
        Err(Error::new(Code::OverlayTaken, message)
            .with_lines(strangers)
            .effect("nothing was exchanged: the last good versions stay"))
    }

    fn without(&mut self, step: &Step) -> bool {
        let Step::Exchange(step) = step else { return false };
        match step {
            Exchange::SwapSchemas { a, .. } => {
                self.refused.insert(a.clone());
                true
            }
            Exchange::RenameObject { from, .. } => {
                let is_it = |build: &&&Build<'_>| build.place == *from || build.under == *from;
                let culprit = self.renamed().find(is_it).map(|build| build.object.name.clone());
                culprit.map(|culprit| self.block(&culprit)).is_some()
            }
            Exchange::RenameSchema { .. }
            | Exchange::RenameCluster { .. }
            | Exchange::SwapClusters { .. } => false,
        }
    }

    fn codes(&self) -> (Code, Code) {
        (Code::OverlayFailed, Code::OverlayFailed)
    }

    fn what(&self) -> &'static str {
        "the exchange"
    }
}
