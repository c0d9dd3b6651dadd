//! Removing a developer's overlay: what was made for it, and its database once that is empty.
//!
//! It needs no claim: what swaps onto an overlay's names is a build of the same developer's, and that
//! exchanges by id, so that what was dropped under it makes it fail. What is dropped bears a recorded id or a
//! recorded name, without CASCADE; nothing has to compile. Refuses: `overlay.foreign`, `overlay.taken`.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::db::apply::OnFailure;
use crate::deployment::overlay::OverlaidObject;
use crate::deployment::overlay::OverlayDone;
use crate::deployment::overlay::OverlayDropped;
use crate::deployment::record::Record;
use crate::event::Event;
use crate::event::OverlayState;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::plan::Plan;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::compile::Compiled;
use crate::primitives::ctx::Ctx;
use crate::primitives::ctx::marker_in;
use crate::primitives::error::Error;
use crate::primitives::overlays;
use crate::primitives::overlays::Overlaid;
use crate::primitives::scope;

/// Names what to remove.
#[derive(Clone, Debug)]
pub struct Request {
    /// The overlay's name.
    pub name: String,
    /// The project that it is of, as far as it compiles: another one's, over the same database, stays. What it
    /// has built is told by the record.
    pub compiled: Rc<Compiled>,
}

/// Tells what was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The overlay's name.
    pub overlay: String,
    /// How many objects, indexes left out.
    pub objects: usize,
    /// Nothing: an overlay's schemas go with its databases.
    pub schemas: Vec<String>,
    /// Nothing: an overlay runs on a cluster that stays.
    pub clusters: Vec<String>,
    /// The databases that are gone.
    pub databases: Vec<String>,
}

/// Removes it; harmless where there is none. Repeating it goes on, also after a crash.
///
/// # Errors
/// See the head of this file; besides, `drop.rejected`, `run.interrupted`, `run.fenced`, `db.*`.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let catalog = ctx.catalog().await?;
    let overlays = overlays::read(ctx, marker_in(&catalog)).await?;
    let own = Own { compiled: &request.compiled };
    let ours: Vec<&Overlaid> = overlays.values().filter(|known| known.overlay == request.name).collect();
    let ours: Vec<&Overlaid> = ours.into_iter().filter(|known| own.has_built_in(known)).collect();
    let mut outcome = Outcome { overlay: request.name.clone(), ..Outcome::default() };
    let going: Vec<Going<'_>> =
        ours.iter().map(|known| Going::of(own.schemas(known).as_ref(), known, &catalog)).collect();
    let me = catalog.session.role.0.as_str();
    if let Some(other) = ours.iter().find(|known| known.actor != me) {
        let message = format!("the overlay `{}` is {}'s", request.name, other.actor);
        return Err(Error::new(Code::OverlayTaken, message).effect("nothing was dropped"));
    }
    own.refuse(&request.name, &ours)?;
    refuse(&going, &catalog)?;
    for (known, going) in ours.iter().zip(&going) {
        let database = &known.pair.overlay;
        remove(ctx, &catalog, known, going).await?;
        for object in going.relations() {
            outcome.objects += 1;
            let production = ObjectName { database: known.pair.production.clone(), ..object.name.clone() };
            ctx.events.event(Event::Overlay {
                database: database.to_string(),
                object: production.to_string(),
                state: OverlayState::Dropped,
                percent: None,
                message: None,
            });
        }
        if going.everything {
            let record = OverlayDropped { overlay: request.name.clone(), databases: vec![database.clone()] };
            ctx.record(Record::OverlayDropped(record)).await?;
            if going.is_there {
                outcome.databases.push(database.to_string());
            }
        } else {
            stays(ctx, own.schemas(known).as_ref(), known, &catalog).await?;
        }
    }
    Ok(outcome)
}

/// Which of an overlay is a project's.
struct Own<'r> {
    compiled: &'r Compiled,
}

impl Own<'_> {
    /// The project's schemas: those that it has as far as it compiles, and those that it had when it was
    /// built. `None` where it tells of none: then all of them are its own.
    fn schemas(&self, known: &Overlaid) -> Option<BTreeSet<SchemaName>> {
        let mut own: BTreeSet<SchemaName> =
            self.compiled.project.schemas.iter().map(|schema| schema.name.clone()).collect();
        if own.is_empty() {
            return None;
        }
        let built: Vec<_> = known.projects.iter().filter(|had| !had.is_disjoint(&own)).collect();
        built.into_iter().for_each(|had| own.extend(had.iter().cloned()));
        Some(own)
    }

    /// Whether an overlay is the project's at all.
    fn has_built_in(&self, known: &Overlaid) -> bool {
        self.schemas(known)
            .is_none_or(|own| own.iter().any(|schema| schema.database == known.pair.production))
    }

    /// Fails where it is not told which of several projects is meant.
    fn refuse(&self, name: &str, ours: &[&Overlaid]) -> Result<(), Error> {
        let several = ours.iter().find(|known| known.projects.len() > 1 && self.schemas(known).is_none());
        let Some(known) = several else { return Ok(()) };
        let message = format!(
            "the overlay `{name}` is of {} projects, and this one does not compile",
            known.projects.len()
        );
        Err(Error::new(Code::OverlayForeign, message).effect("nothing was dropped"))
    }
}

/// The schemas of an overlay in which objects of one of production's stand.
fn in_overlay(production: &SchemaName, known: &Overlaid) -> Vec<SchemaName> {
    if production.database != known.pair.production {
        return Vec::new();
    }
    let schema = SchemaName::new(known.pair.overlay.clone(), production.schema.clone());
    let beside = overlays::beside(&schema, &known.overlay);
    [schema].into_iter().chain(beside).collect()
}

/// What goes of one of its databases.
struct Going<'c> {
    objects: Vec<&'c Object>,
    /// What is in the database and was made for no overlay.
    foreign: Vec<&'c Object>,
    /// Schemas that another role has made in it.
    schemas: Vec<String>,
    /// Whether nothing of the overlay stays.
    everything: bool,
    /// Whether the database that bears its name is the overlay's.
    is_there: bool,
}

impl<'c> Going<'c> {
    fn of(own: Option<&BTreeSet<SchemaName>>, known: &'c Overlaid, catalog: &'c Catalog) -> Self {
        let standing = overlays::standing(known, catalog);
        let own: Option<BTreeSet<SchemaName>> =
            own.map(|own| own.iter().flat_map(|s| in_overlay(s, known)).collect());
        let is_own =
            |object: &&Object| own.as_ref().is_none_or(|own| own.contains(&object.name.schema_name()));
        let all: BTreeSet<&ObjectId> = standing.iter().map(|object| &object.id).collect();
        let is_there = known.is_there(catalog);
        let of_ours = || catalog.schemas_of(&known.pair.overlay).filter(|_| is_there);
        let of_others = of_ours().filter(|(name, schema)| {
            name.schema.as_str() != "public" && schema.owner.0.as_str() != known.actor
        });
        let schemas = of_others.map(|(name, schema)| format!("schema {name}, of {}", schema.owner)).collect();
        let inside = of_ours().flat_map(|(name, _)| catalog.objects_in(name));
        let foreign: Vec<&Object> = inside.filter(|object| !all.contains(&object.id)).collect();
        let objects: Vec<&Object> = standing.iter().copied().filter(is_own).collect();
        let everything = objects.len() == standing.len();
        Self { objects, foreign, schemas, everything, is_there }
    }

    fn relations(&self) -> impl Iterator<Item = &&'c Object> {
        self.objects.iter().filter(|object| object.kind != ObjectKind::Index)
    }
}

/// Fails where something foreign is in it or reads it.
fn refuse(going: &[Going<'_>], catalog: &Catalog) -> Result<(), Error> {
    let ours: BTreeSet<&ObjectId> =
        going.iter().flat_map(|going| &going.objects).map(|object| &object.id).collect();
    let inside = going.iter().flat_map(|going| &going.foreign).copied();
    let readers = catalog.readers_of(&ours);
    let over = ours.iter().flat_map(|id| readers.get(*id).into_iter().flatten());
    let over = over.filter(|id| !ours.contains(**id)).filter_map(|id| catalog.objects.get(*id));
    let of_ours = |object: &&Object| object.on.as_ref().is_none_or(|on| !ours.contains(on));
    let foreign: BTreeSet<String> = inside
        .chain(over.filter(of_ours))
        .map(|object| format!("{} {}, of {}", object.kind, object.name, object.owner))
        .chain(going.iter().flat_map(|going| &going.schemas).cloned())
        .chain(scope::unseen_readers(catalog, &ours, &ours))
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let message = "the overlay holds, or is read by, what it did not make";
    Err(Error::new(Code::OverlayForeign, message).with_lines(foreign).effect("nothing was dropped"))
}

/// Drops what goes, and the database where nothing of the overlay stays in it.
async fn remove(ctx: &mut Ctx, catalog: &Catalog, known: &Overlaid, going: &Going<'_>) -> Result<(), Error> {
    let database = &known.pair.overlay;
    let mut plan = Plan::new();
    plan.each(catalog.drops(going.relations().map(|object| &object.id)));
    if going.everything && going.is_there {
        plan.each(catalog.schemas_of(database).map(|(name, _)| Step::DropSchema(name.clone())));
        plan.each([Step::DropDatabase(database.clone())]);
    }
    let applied = ctx.apply(&plan, OnFailure::Stop, &mut |_| {}).await;
    if let Some((step, error)) = applied.failed.first() {
        if error.outcome_unknown() {
            return Err(Error::from(error.clone()));
        }
        let message = format!("the server refused to {}: {}", step.what(), error.message());
        return Err(Error::server(Code::DropRejected, message, error));
    }
    if applied.interrupted {
        return Err(Error::new(Code::RunInterrupted, "stopped, as asked, while removing the overlay"));
    }
    Ok(())
}

/// Records what stays: another project's overlay over the same database.
async fn stays(
    ctx: &mut Ctx,
    own: Option<&BTreeSet<SchemaName>>,
    known: &Overlaid,
    catalog: &Catalog,
) -> Result<(), Error> {
    let Some(id) = known.id.clone() else { return Ok(()) };
    let is_own = |object: &&OverlaidObject| own.is_none_or(|own| own.contains(&object.name.schema_name()));
    let of_others = known.objects.values().filter(|object| !is_own(object));
    let made = catalog.schemas_of(&known.pair.overlay).filter(|(name, schema)| known.made(name, schema));
    ctx.record(Record::OverlayDone(OverlayDone {
        overlay: known.overlay.clone(),
        databases: vec![(known.pair.clone(), id)],
        objects: of_others.cloned().collect(),
        leftovers: Vec::new(),
        refused: Vec::new(),
        schemas: made.map(|(name, schema)| (name.clone(), schema.id.clone())).collect(),
    }))
    .await
}
