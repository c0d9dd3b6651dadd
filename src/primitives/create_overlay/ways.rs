//! By which way each new version comes to its name, with the fewest statements. Pure.
//!
//! What has no last version is built under its name. A view that nobody reads is replaced where it stands,
//! once everything else was exchanged: one statement proves it and puts it there. All others are built beside
//! their last versions: either under names of their own, which costs two renames each, or under their own names
//! in a schema beside theirs, which costs one swap for all of them. A schema is swapped only where nothing
//! moves with it that the overlay does not build: what need not be built and can be made at once, which is a
//! view without indexes, is built along. Start reading at [`choose`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::clear;
use super::create::Bad;
use super::decide::Build;
use super::decide::Decision;
use super::decide::Facts;
use super::naming::Naming;
use super::refused_swaps;
use super::wanted::Wanted;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::catalog::Schema;
use crate::event::OverlayWhy;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;
use crate::plan::privilege::Target;
use crate::plan::step::Step;
use crate::primitives::error::Error;
use crate::primitives::overlays;
use crate::primitives::overlays::Overlaid;

/// How a new version comes to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The name is free.
    Free,
    /// It replaces the last version in one statement, at the end.
    Over,
    /// It is built beside the last version, and both are renamed.
    Renamed,
    /// It is built in a schema beside, and the schemas are swapped.
    Swapped,
}

/// A schema that is swapped with one beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Swap {
    /// Its id.
    pub(super) id: SchemaId,
    /// The other one.
    pub(super) beside: SchemaName,
    /// Those beside that earlier builds have made and that are not used: dropped once nothing is in them.
    pub(super) spare: Vec<SchemaName>,
    /// What stood in the schema when this was decided, but for indexes, which go wherever their relations go.
    pub(super) inside: BTreeSet<ObjectId>,
    /// Whether the other one has to be made.
    pub(super) is_new: bool,
    /// What others may do with the schema, and so with the other one.
    pub(super) grants: BTreeSet<(Grantee, String)>,
}

impl Swap {
    /// What makes the schema beside; nothing where it is there.
    pub(super) fn making(&self) -> Vec<Step> {
        if !self.is_new {
            return Vec::new();
        }
        let grants = self.grants.iter().map(|(grantee, privilege)| Step::Grant {
            privileges: vec![privilege.clone()],
            on: vec![Target::Schema(self.beside.clone())],
            to: vec![grantee.clone()],
        });
        [Step::CreateSchema(self.beside.clone())].into_iter().chain(grants).collect()
    }
}

/// Chooses the ways, and the names that go with them.
///
/// # Errors
/// `overlay.bad-name`.
pub(super) fn choose<'p>(
    facts: &Facts<'_>,
    wanted: &Wanted<'p>,
    naming: &mut Naming,
    decision: &mut Decision<'p>,
) -> Result<(), Error> {
    let is_here = |object: &&Object| facts.databases.iter().any(|pair| pair.overlay == object.name.database);
    let here = facts.catalog.objects.values().filter(is_here).map(|object| &object.id).collect();
    let readers = facts.catalog.readers_of(&here);
    let over = replaceable(facts.catalog, &readers, decision);
    let schemas: BTreeSet<SchemaName> =
        decision.builds.iter().map(|build| build.place.schema_name()).collect();
    let look = Look { facts, readers: &readers };
    for schema in schemas {
        let is_renamed = |build: &&Build<'_>| {
            build.place.is_in(&schema) && build.replaces.is_some() && !over.contains(&build.place)
        };
        let renames = 2 * decision.builds.iter().filter(is_renamed).count();
        let Some(found) = look.swap(&schema, naming.overlay(), decision) else { continue };
        if found.swap.making().len() + 1 + found.carried.len() <= renames {
            take(schema, found, wanted, naming, decision)?;
        }
    }
    for build in &mut decision.builds {
        build.way = match &build.replaces {
            _ if decision.swaps.contains_key(&build.place.schema_name()) => Way::Swapped,
            None => Way::Free,
            Some(_) if over.contains(&build.place) => Way::Over,
            Some(_) => Way::Renamed,
        };
        let swap = decision.swaps.get(&build.place.schema_name());
        names(build, swap, naming, facts.catalog)?;
    }
    Ok(())
}

/// The names that a build needs on its way.
fn names(
    build: &mut Build<'_>,
    swap: Option<&Swap>,
    naming: &mut Naming,
    catalog: &Catalog,
) -> Result<(), Error> {
    let own: Vec<Ident> = build.object.indexes.iter().map(|index| index.name.clone()).collect();
    if let Some(swap) = swap {
        build.under = swap.beside.object(build.place.object.clone());
        build.indexes = own;
        return Ok(());
    }
    build.under = match build.way {
        Way::Renamed => naming.beside(&build.place, "mzf", catalog)?,
        Way::Free | Way::Over | Way::Swapped => build.place.clone(),
    };
    let mut indexes = Vec::new();
    for index in own {
        let name = build.place.schema_name().object(index);
        let is_free = catalog.object(&name).is_none();
        indexes.push(if is_free { name.object } else { naming.beside(&name, "mzf", catalog)?.object });
    }
    build.indexes = indexes;
    Ok(())
}

/// The places of views that one statement replaces: nothing reads the last version or will read the new
/// one, and neither has an index.
///
/// Source: `CREATE OR REPLACE` is refused where anything reads the object, and takes its indexes along
/// (`design/materialize.md` 1.3).
fn replaceable(
    catalog: &Catalog,
    readers: &BTreeMap<&ObjectId, Vec<&ObjectId>>,
    decision: &Decision<'_>,
) -> BTreeSet<ObjectName> {
    let read: BTreeSet<&ObjectName> =
        decision.builds.iter().flat_map(|build| &build.object.depends_on).collect();
    let is_replaceable = |build: &&Build<'_>| {
        let Some(last) = build.replaces.as_ref().and_then(|id| catalog.objects.get(id)) else { return false };
        let is_view = |kind| kind == ObjectKind::View;
        is_view(last.kind)
            && is_view(build.object.kind)
            && build.object.indexes.is_empty()
            && !readers.contains_key(&last.id)
            && !read.contains(&build.object.name)
    };
    decision.builds.iter().filter(is_replaceable).map(|build| build.place.clone()).collect()
}

/// A swap that could be made.
struct Found {
    swap: Swap,
    /// What is built along, by production name.
    carried: Vec<ObjectName>,
    /// What is dropped before.
    cleared: Vec<ObjectId>,
}

/// What swaps are looked for in.
struct Look<'f> {
    facts: &'f Facts<'f>,
    readers: &'f BTreeMap<&'f ObjectId, Vec<&'f ObjectId>>,
}

impl Look<'_> {
    fn swap(&self, schema: &SchemaName, overlay: &str, decision: &Decision<'_>) -> Option<Found> {
        let catalog = self.facts.catalog;
        let there = catalog.schemas.get(schema).filter(|there| catalog.owns(&there.owner))?;
        let carried = self.carried(schema, decision)?;
        let known = self.facts.overlays.get(&schema.database)?;
        if self.has_defaults(schema)
            || there.comment.is_some()
            || refused_swaps::is_known(schema, known, catalog)
        {
            return None;
        }
        // Where no name fits, renames may.
        let all = overlays::beside(schema, overlay);
        let mut usable = all.iter().filter_map(|beside| {
            let cleared = self.usable(there, beside, known, decision)?;
            Some((beside.clone(), cleared))
        });
        let (beside, cleared) = usable.next()?;
        let made = |name: &SchemaName| catalog.schemas.get(name).is_some_and(|found| known.made(name, found));
        let spare = all.iter().filter(|name| **name != beside && made(name)).cloned().collect();
        let swap = Swap {
            id: there.id.clone(),
            is_new: !catalog.schemas.contains_key(&beside),
            beside,
            spare,
            inside: catalog.relations_in(schema).map(|object| object.id.clone()).collect(),
            grants: others_may(there),
        };
        Some(Found { swap, carried, cleared })
    }

    /// What has to be dropped before a schema can be swapped with one beside it, which may have yet to be
    /// made; `None` where it cannot.
    fn usable(
        &self,
        there: &Schema,
        beside: &SchemaName,
        known: &Overlaid,
        decision: &Decision<'_>,
    ) -> Option<Vec<ObjectId>> {
        let Some(other) = self.facts.catalog.schemas.get(beside) else { return Some(Vec::new()) };
        // Whoever may do something with the one could not any more, or could with the other.
        let alike = others_may(there) == others_may(other) && other.comment.is_none();
        if !known.made(beside, other) || !alike || self.has_defaults(beside) {
            return None;
        }
        self.clearable(beside, decision)
    }

    fn has_defaults(&self, schema: &SchemaName) -> bool {
        let scope = DefaultScope::Schema(schema.clone());
        self.facts.catalog.default_privileges.iter().any(|default| default.scope == scope)
    }

    /// What has to be built along so that the schema can be swapped; `None` where it cannot.
    fn carried(&self, schema: &SchemaName, decision: &Decision<'_>) -> Option<Vec<ObjectName>> {
        let catalog = self.facts.catalog;
        let replaced = decision.builds.iter().filter_map(|build| build.replaces.as_ref());
        let removed = decision.removed.iter().map(|known| &known.id);
        let goes: BTreeSet<&ObjectId> = replaced.chain(removed).chain(&decision.stale).collect();
        let kept: BTreeMap<&ObjectId, &ObjectName> =
            decision.kept.iter().map(|(name, known)| (&known.id, name)).collect();
        let here = catalog.relations_in(schema);
        let stays: Vec<&Object> = here.filter(|object| !goes.contains(&object.id)).collect();
        let along: BTreeSet<&ObjectId> = stays.iter().map(|object| &object.id).collect();
        let is_carried = |object: &&Object| {
            let read_by = self.readers.get(&object.id).into_iter().flatten();
            object.kind == ObjectKind::View
                && kept.get(&object.id).is_some_and(|name| (self.facts.is_own)(&name.schema_name()))
                // An index, or whoever else reads it, would go or stay with the last version.
                && read_by.into_iter().all(|reader| goes.contains(reader) || along.contains(reader))
        };
        if !stays.iter().all(is_carried) {
            return None;
        }
        Some(stays.iter().filter_map(|object| kept.get(&object.id).map(|name| (*name).clone())).collect())
    }

    /// What an earlier build has left in the schema beside, to be dropped; `None` where something is
    /// there that cannot be.
    fn clearable(&self, beside: &SchemaName, decision: &Decision<'_>) -> Option<Vec<ObjectId>> {
        let catalog = self.facts.catalog;
        let stale: BTreeSet<&ObjectId> = decision.stale.iter().collect();
        let ids: BTreeSet<&ObjectId> = catalog.relations_in(beside).map(|object| &object.id).collect();
        let goes = clear::unread(&stale, catalog);
        ids.iter().all(|id| goes.contains(id)).then(|| {
            // With whatever else is stale and reads it.
            if ids.is_empty() { Vec::new() } else { goes.into_iter().cloned().collect() }
        })
    }
}

/// What others than its owner may do with a schema.
fn others_may(schema: &Schema) -> BTreeSet<(Grantee, String)> {
    let owner = Grantee::Role(schema.owner.clone());
    schema.privileges.iter().filter(|(grantee, _)| *grantee != owner).cloned().collect()
}

/// Takes a swap into the decision.
fn take<'p>(
    schema: SchemaName,
    found: Found,
    wanted: &Wanted<'p>,
    naming: &Naming,
    decision: &mut Decision<'p>,
) -> Result<(), Error> {
    let Found { swap, carried, cleared } = found;
    for name in &carried {
        let object = wanted.objects.iter().find(|object| object.name == *name);
        if let (Some(object), Some(known)) = (object, decision.kept.remove(name)) {
            // Why is not told: it is no other one.
            let why = OverlayWhy::Cluster;
            let mut build = Build::new(object, naming.place(name)?, Some(known.id.clone()), why);
            build.carried = Some(known);
            decision.builds.push(build);
        }
    }
    if !carried.is_empty() {
        let order: BTreeMap<&ObjectName, usize> =
            wanted.objects.iter().enumerate().map(|(at, object)| (&object.name, at)).collect();
        decision.builds.sort_by_key(|build| order.get(&build.object.name).copied());
    }
    decision
        .cleared
        .extend(cleared.into_iter().filter(|id| !decision.cleared.contains(id)).collect::<Vec<_>>());
    decision.swaps.insert(schema, swap);
    Ok(())
}

/// The swapped schemas in which the last good version of something has to stay.
pub(super) fn broken(builds: &[Build<'_>], bad: &Bad) -> BTreeSet<SchemaName> {
    let stays = |build: &&Build<'_>| {
        build.way == Way::Swapped && build.replaces.is_some() && bad.contains_key(&build.object.name)
    };
    builds.iter().filter(stays).map(|build| build.place.schema_name()).collect()
}

/// What giving swaps up leads to.
#[derive(Debug, Default)]
pub(super) struct GivenUp {
    /// What has to be built again, by production name.
    pub(super) again: BTreeSet<ObjectName>,
    /// What stands of it, or of what failed, and is dropped first.
    pub(super) dropped: Vec<ObjectId>,
}

/// Gives up swaps: what was to be swapped is renamed, and built again for that, with what reads it. What
/// was built along stays as it was.
///
/// # Errors
/// `overlay.bad-name`.
pub(super) fn give_up(
    schemas: &BTreeSet<SchemaName>,
    decision: &mut Decision<'_>,
    bad: &Bad,
    naming: &mut Naming,
    catalog: &Catalog,
) -> Result<GivenUp, Error> {
    let built: BTreeSet<ObjectName> = decision.builds.iter().map(|build| build.object.name.clone()).collect();
    let (mut given_up, mut moved) = (GivenUp::default(), BTreeSet::new());
    for build in &mut decision.builds {
        let is_here = build.way == Way::Swapped && schemas.contains(&build.place.schema_name());
        let reads = &build.object.depends_on;
        let follows = reads.iter().any(|read| moved.contains(read));
        if build.way == Way::Over || !is_here && !follows {
            continue;
        }
        let name = &build.object.name;
        moved.insert(name.clone());
        given_up.dropped.extend(catalog.object(&build.under).map(|found| found.id.clone()));
        if is_here {
            let reads_built =
                reads.iter().any(|read| built.contains(read) && !decision.kept.contains_key(read));
            if let Some(known) = build.carried.take_if(|_| !reads_built) {
                decision.kept.insert(name.clone(), known);
                continue;
            }
            build.way = if build.replaces.is_some() { Way::Renamed } else { Way::Free };
            names(build, None, naming, catalog)?;
        }
        if !bad.contains_key(name) {
            given_up.again.insert(name.clone());
        }
    }
    let kept = &decision.kept;
    decision.builds.retain(|build| !kept.contains_key(&build.object.name));
    for schema in schemas {
        decision.given_up.extend(decision.swaps.remove(schema).map(|swap| swap.beside));
    }
    Ok(given_up)
}
