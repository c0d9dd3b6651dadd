//! What has to be built, what stays, what goes. Pure.
//!
//! An object stays where it was built from the same text for the same cluster, and reads what its
//! names mean now. Everything else is built anew, and so is whatever reads that.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::create::Means;
use super::naming::Naming;
use super::wanted::Wanted;
use super::ways;
use super::ways::Swap;
use super::ways::Way;
use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::deployment::change::Change;
use crate::deployment::overlay::DatabasePair;
use crate::deployment::overlay::OverlaidObject;
use crate::event::OverlayWhy;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::primitives::error::Error;
use crate::primitives::overlays;
use crate::primitives::overlays::Overlays;

/// An object that is built.
#[derive(Clone, Debug)]
pub(super) struct Build<'p> {
    /// It, in the project.
    pub(super) object: &'p Object,
    /// What it is called in the overlay.
    pub(super) place: ObjectName,
    /// The version that stands under its name.
    pub(super) replaces: Option<ObjectId>,
    /// How the new version comes to that name.
    pub(super) way: Way,
    /// What it is built under: that, where the name is free.
    pub(super) under: ObjectName,
    /// The names of its indexes, in their order.
    pub(super) indexes: Vec<Ident>,
    /// Why it is built.
    pub(super) why: OverlayWhy,
    /// Whether what stands under its name is good: it was built, and has caught up.
    pub(super) is_good: bool,
    /// What was recorded of it, where it need not be built and is all the same, because its schema is
    /// swapped.
    pub(super) carried: Option<OverlaidObject>,
}

impl<'p> Build<'p> {
    /// One whose way is not chosen yet.
    pub(super) fn new(
        object: &'p Object,
        place: ObjectName,
        replaces: Option<ObjectId>,
        why: OverlayWhy,
    ) -> Self {
        let under = place.clone();
        let is_good = replaces.is_some();
        let (way, indexes) = (Way::Free, Vec::new());
        Self { object, place, replaces, way, under, indexes, why, is_good, carried: None }
    }

    /// Its names while it is built: its own, and those of its indexes.
    pub(super) fn names(&self) -> impl Iterator<Item = ObjectName> {
        let indexes = self.indexes.iter().map(|index| self.under.schema_name().object(index.clone()));
        [self.under.clone()].into_iter().chain(indexes)
    }
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Decision<'p> {
    /// The databases of the overlay, those that are there included.
    pub(super) databases: Vec<DatabasePair>,
    /// Databases to make.
    pub(super) new_databases: Vec<Ident>,
    /// Databases that were made, without that having been recorded.
    pub(super) unsettled: Vec<Ident>,
    /// Schemas to make.
    pub(super) new_schemas: Vec<SchemaName>,
    /// Objects to build, each behind what it reads.
    pub(super) builds: Vec<Build<'p>>,
    /// Objects that stay, by production name.
    pub(super) kept: BTreeMap<ObjectName, OverlaidObject>,
    /// Objects that the overlay is not to hold any more.
    pub(super) removed: Vec<OverlaidObject>,
    /// What earlier builds have left.
    pub(super) stale: Vec<ObjectId>,
    /// What of that is in the way, and dropped before anything is built.
    pub(super) cleared: Vec<ObjectId>,
    /// Schemas that are swapped with others beside them.
    pub(super) swaps: BTreeMap<SchemaName, Swap>,
    /// Schemas that were to be swapped, and were made for that.
    pub(super) given_up: Vec<SchemaName>,
    /// Schemas that the server has refused to swap, with what of others reads them.
    pub(super) refused: BTreeMap<SchemaName, BTreeSet<ObjectId>>,
}

impl Decision<'_> {
    /// Tells whether nothing has to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.builds.is_empty() && self.removed.is_empty() && self.stale.is_empty()
    }

    /// What production names mean in the overlay while new versions are built.
    pub(super) fn means(&self) -> Means {
        self.places(|_| false)
    }

    /// What production names mean in the overlay once some of the new versions stand in their places.
    pub(super) fn places(&self, stands: impl Fn(&ObjectName) -> bool) -> Means {
        let place =
            |name: &ObjectName, database: &Ident| ObjectName { database: database.clone(), ..name.clone() };
        let kept = self.kept.keys().filter_map(|name| {
            let pair = self.databases.iter().find(|pair| pair.production == name.database)?;
            Some((name.clone(), place(name, &pair.overlay)))
        });
        let built = self.builds.iter().map(|build| {
            let name = &build.object.name;
            (name.clone(), if stands(name) { build.place.clone() } else { build.under.clone() })
        });
        kept.chain(built).collect()
    }
}

/// What it is decided from.
pub(super) struct Facts<'f> {
    pub(super) catalog: &'f Catalog,
    pub(super) overlays: &'f Overlays,
    pub(super) cluster: &'f ClusterName,
    /// The databases of the project.
    pub(super) databases: &'f [DatabasePair],
    /// Tells whether a schema is the project's.
    pub(super) is_own: &'f dyn Fn(&SchemaName) -> bool,
}

/// Decides.
///
/// # Errors
/// `overlay.bad-name`.
pub(super) fn decide<'p>(
    facts: &Facts<'_>,
    wanted: &Wanted<'p>,
    naming: &mut Naming,
) -> Result<Decision<'p>, Error> {
    let mut decision = Decision::default();
    containers(facts, wanted, naming, &mut decision)?;
    let names: BTreeSet<&ObjectName> = wanted.objects.iter().map(|object| &object.name).collect();
    let mut rebuilt: BTreeSet<&ObjectName> = BTreeSet::new();
    for object in &wanted.objects {
        let place = naming.place(&object.name)?;
        let standing = known(facts, object, &place);
        let why = match standing {
            None => why(object, wanted),
            Some(known) => match why_again(facts, object, known, (&names, &rebuilt, &decision.kept)) {
                Some(why) => why,
                None => {
                    decision.kept.insert(object.name.clone(), known.clone());
                    continue;
                }
            },
        };
        rebuilt.insert(&object.name);
        let replaces = facts.catalog.object(&place).map(|found| found.id.clone());
        let mut build = Build::new(object, place, replaces, why);
        // One that was made in place and has not caught up is nothing that stays.
        let is_left = |id| {
            let overlaid = facts.overlays.get(&build.place.database);
            overlaid.is_some_and(|known| known.leftovers.contains(id))
        };
        build.is_good = build.replaces.as_ref().is_some_and(|id| !is_left(id));
        decision.builds.push(build);
    }
    gone(facts, &names, &mut decision);
    ways::choose(facts, wanted, naming, &mut decision)?;
    Ok(decision)
}

/// The databases and schemas that what is wanted stands in.
fn containers(
    facts: &Facts<'_>,
    wanted: &Wanted<'_>,
    naming: &Naming,
    decision: &mut Decision<'_>,
) -> Result<(), Error> {
    let holds = |pair: &DatabasePair| {
        wanted.objects.iter().any(|object| object.name.database == pair.production)
            || facts.overlays.contains_key(&pair.overlay)
    };
    decision.databases = facts.databases.iter().filter(|pair| holds(pair)).cloned().collect();
    let mut schemas: BTreeSet<SchemaName> = BTreeSet::new();
    for object in &wanted.objects {
        schemas.insert(naming.place(&object.name)?.schema_name());
    }
    let databases: BTreeSet<&Ident> = schemas.iter().map(|schema| &schema.database).collect();
    let missing = databases.into_iter().filter(|name| !facts.catalog.databases.contains_key(*name));
    decision.new_databases = missing.cloned().collect();
    let unsettled = decision.databases.iter().map(|pair| &pair.overlay).filter(|name| {
        facts.catalog.databases.contains_key(*name)
            && facts.overlays.get(*name).is_some_and(|known| known.id.is_none())
    });
    decision.unsettled = unsettled.cloned().collect();
    let comes_along = |schema: &SchemaName| {
        schema.schema.as_str() == "public" && decision.new_databases.contains(&schema.database)
    };
    decision.new_schemas = schemas
        .iter()
        .filter(|schema| !facts.catalog.schemas.contains_key(*schema) && !comes_along(schema))
        .cloned()
        .collect();
    Ok(())
}

/// What was recorded of an object, if that is what stands under its name.
fn known<'f>(facts: &Facts<'f>, object: &Object, place: &ObjectName) -> Option<&'f OverlaidObject> {
    let known = facts.overlays.get(&place.database)?.objects.get(&object.name)?;
    let found = facts.catalog.object(place)?;
    (found.id == known.id && found.kind == object.kind).then_some(known)
}

/// Why an object of which nothing is known to stand is built.
fn why(object: &Object, wanted: &Wanted<'_>) -> OverlayWhy {
    match wanted.roots.get(&object.name) {
        Some(Change::Added) => OverlayWhy::New,
        Some(_) => OverlayWhy::Differs,
        None => {
            let is_wanted = |read: &&ObjectName| wanted.objects.iter().any(|object| object.name == **read);
            let read = object.depends_on.iter().find(is_wanted);
            read.map_or(OverlayWhy::Differs, |read| OverlayWhy::Reads(read.to_string()))
        }
    }
}

/// Why an object of which something stands is built anew; `None` where it stays.
fn why_again(
    facts: &Facts<'_>,
    object: &Object,
    known: &OverlaidObject,
    (wanted, rebuilt, kept): (
        &BTreeSet<&ObjectName>,
        &BTreeSet<&ObjectName>,
        &BTreeMap<ObjectName, OverlaidObject>,
    ),
) -> Option<OverlayWhy> {
    if known.fingerprint.is_empty() {
        return Some(OverlayWhy::Failed);
    }
    if known.fingerprint != object.fingerprint.to_string() {
        return Some(OverlayWhy::Edited);
    }
    if known.cluster != *facts.cluster {
        return Some(OverlayWhy::Cluster);
    }
    if let Some(read) = object.depends_on.iter().find(|read| rebuilt.contains(read)) {
        return Some(OverlayWhy::Reads(read.to_string()));
    }
    moved(facts, object, known, wanted, kept).map(|read| OverlayWhy::Below(read.to_string()))
}

/// What an object names and does not read: what its name means is another one by now.
///
/// Production may have been replaced under the overlay, and what it read in the overlay may be on
/// its way out.
fn moved<'o>(
    facts: &Facts<'_>,
    object: &'o Object,
    known: &OverlaidObject,
    wanted: &BTreeSet<&ObjectName>,
    kept: &BTreeMap<ObjectName, OverlaidObject>,
) -> Option<&'o ObjectName> {
    let none = BTreeSet::new();
    let reads = facts.catalog.reads.get(&known.id).unwrap_or(&none);
    object.depends_on.iter().chain(&object.external).find(|name| {
        if let Some(kept) = kept.get(*name) {
            return !reads.contains(&kept.id);
        }
        // What is wanted and not kept is rebuilt, which was looked at before.
        match facts.catalog.object(name).filter(|found| found.kind.is_staged()) {
            Some(found) if !wanted.contains(name) => !reads.contains(&found.id),
            Some(_) | None => false,
        }
    })
}

/// What the overlay is not to hold any more, and what earlier builds have left: what builds that never
/// ended have made or renamed, and versions that could not be dropped when they were replaced.
fn gone(facts: &Facts<'_>, wanted: &BTreeSet<&ObjectName>, decision: &mut Decision<'_>) {
    let overlaid = || facts.databases.iter().filter_map(|pair| facts.overlays.get(&pair.overlay));
    let stands = |object: &&OverlaidObject| facts.catalog.objects.contains_key(&object.id);
    for known in overlaid().flat_map(|overlaid| overlaid.objects.values()).filter(stands) {
        if !(facts.is_own)(&known.name.schema_name()) {
            // Another project's, over the same database.
            decision.kept.insert(known.name.clone(), known.clone());
        } else if !wanted.contains(&known.name) {
            decision.removed.push(known.clone());
        }
    }
    let replaced = decision.builds.iter().filter_map(|build| build.replaces.as_ref());
    let accounted: BTreeSet<&ObjectId> = replaced
        .chain(decision.kept.values().map(|known| &known.id))
        .chain(decision.removed.iter().map(|known| &known.id))
        .collect();
    let made = overlaid().flat_map(|overlaid| overlays::standing(overlaid, facts.catalog));
    // Indexes go with their relations.
    let left = made.filter(|object| object.on.is_none() && !accounted.contains(&object.id));
    decision.stale = left.map(|object| object.id.clone()).collect();
}
