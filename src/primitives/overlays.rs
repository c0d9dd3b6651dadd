//! What the journal tells of overlays: whose they are, what stands in them, what may have been begun.
//!
//! Everything is known by the overlay's database, since no two overlays share one. Start reading at
//! [`read`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::ctx::Ctx;
use super::ctx::kept::News;
use super::error::Error;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::catalog::Schema;
use crate::clock::Timestamp;
use crate::db::journal::Entry;
use crate::deployment::epoch::Marker;
use crate::deployment::overlay::DatabasePair;
use crate::deployment::overlay::OverlaidObject;
use crate::deployment::record::Record;
use crate::name::DatabaseId;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;

/// The kinds of rows that tell of overlays.
const KINDS: [&str; 3] = ["overlay.intent", "overlay.done", "overlay.dropped"];

/// A database of an overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlaid {
    /// The overlay's name.
    pub overlay: String,
    /// Production's database and this one.
    pub pair: DatabasePair,
    /// The role that made it.
    pub actor: String,
    /// Since when.
    pub since: Timestamp,
    /// Its id; `None` where whoever was about to make it has not said that it is made.
    pub id: Option<DatabaseId>,
    /// What stands in it, by production name.
    pub objects: BTreeMap<ObjectName, OverlaidObject>,
    /// Versions that were replaced and could not be dropped.
    pub leftovers: BTreeSet<ObjectId>,
    /// Names that builds which have not ended set out to make.
    pub begun: BTreeSet<ObjectName>,
    /// The schemas of each project that has built something in it.
    pub projects: Vec<BTreeSet<SchemaName>>,
    /// The schemas that were made for it.
    pub schemas: BTreeSet<SchemaId>,
    /// Schemas that builds which have not ended set out to make.
    pub begun_schemas: BTreeSet<SchemaName>,
    /// Schemas that the server has refused to swap, with what of others read them then.
    pub refused: BTreeMap<SchemaName, BTreeSet<ObjectId>>,
}

impl Overlaid {
    /// Tells whether the database that bears its name is it.
    ///
    /// Its id is recorded before anything else is made: as long as that is missing it can only be a
    /// database of the same role's with nothing in it.
    pub fn is_there(&self, catalog: &Catalog) -> bool {
        let Some(found) = catalog.databases.get(&self.pair.overlay) else { return false };
        match &self.id {
            Some(id) => *id == found.id,
            None => found.owner.0.as_str() == self.actor && is_bare(&self.pair.overlay, catalog),
        }
    }

    /// Takes in that a project of these schemas builds in it. A project is what shares a schema with it.
    fn take_project(&mut self, schemas: &[SchemaName]) {
        if schemas.is_empty() {
            return;
        }
        let mut all: BTreeSet<SchemaName> = schemas.iter().cloned().collect();
        self.projects.retain(|project| {
            let is_it = !project.is_disjoint(&all);
            if is_it {
                all.extend(project.iter().cloned());
            }
            !is_it
        });
        self.projects.push(all);
    }

    /// Tells whether a schema in it was made for the overlay.
    pub fn made(&self, name: &SchemaName, schema: &Schema) -> bool {
        self.schemas.contains(&schema.id)
            || self.begun_schemas.contains(name) && schema.owner.0.as_str() == self.actor
    }

    /// Tells whether something in it was made for the overlay.
    pub fn owns(&self, object: &Object) -> bool {
        self.leftovers.contains(&object.id)
            || self.begun.contains(&object.name) && object.owner.0.as_str() == self.actor
            || self.objects.values().any(|known| known.id == object.id)
    }
}

/// The overlays of an environment, by their databases.
pub type Overlays = BTreeMap<Ident, Overlaid>;

/// Reads them; none where there is no marker, because `setup` never ran.
///
/// # Errors
/// `db.*`.
pub async fn read(ctx: &Ctx, marker: Option<Marker>) -> Result<Rc<Overlays>, Error> {
    if marker.is_none() {
        return Ok(Rc::default());
    }
    // What is known is not put together again, unless something came in between.
    let (mut overlays, new) = match ctx.news(&KINDS).await? {
        News::All(rows) => (Rc::default(), rows),
        News::Since(rows) => (ctx.take_overlays(), rows),
    };
    if !new.is_empty() {
        take(Rc::make_mut(&mut overlays), &new);
    }
    ctx.keep_overlays(&overlays);
    Ok(overlays)
}

/// Takes rows in, which come in the order of time and behind those that were taken before.
fn take(overlays: &mut Overlays, entries: &[Entry]) {
    for entry in entries {
        match &entry.record {
            Record::OverlayIntent(intent) => {
                for pair in &intent.databases {
                    let known = overlays
                        .entry(pair.overlay.clone())
                        .or_insert_with(|| begun(entry, &intent.overlay, pair));
                    known.begun.extend(of(&pair.overlay, &intent.creates));
                    let schemas = intent.schemas.iter().filter(|name| name.database == pair.overlay);
                    known.begun_schemas.extend(schemas.cloned());
                    known.take_project(&intent.project_schemas);
                }
            }
            Record::OverlayDone(done) => {
                for (pair, id) in &done.databases {
                    let known = overlays
                        .entry(pair.overlay.clone())
                        .or_insert_with(|| begun(entry, &done.overlay, pair));
                    known.id = Some(id.clone());
                    known.begun.clear();
                    known.begun_schemas.clear();
                    let schemas = done.schemas.iter().filter(|(name, _)| name.database == pair.overlay);
                    known.schemas = schemas.map(|(_, id)| id.clone()).collect();
                    let refused =
                        done.refused.iter().filter(|refused| refused.schema.database == pair.overlay);
                    let refused = refused.map(|refused| (refused.schema.clone(), refused.readers.clone()));
                    known.refused = refused.collect();
                    known.leftovers = done.leftovers.iter().cloned().collect();
                    let objects = done.objects.iter().filter(|o| o.name.database == pair.production);
                    known.objects = objects.map(|object| (object.name.clone(), object.clone())).collect();
                }
            }
            Record::OverlayDropped(dropped) => {
                dropped.databases.iter().for_each(|database| drop(overlays.remove(database)));
            }
            // Rows of other kinds were not asked for.
            _ => {}
        }
    }
}

fn begun(entry: &Entry, overlay: &str, pair: &DatabasePair) -> Overlaid {
    Overlaid {
        overlay: overlay.to_owned(),
        pair: pair.clone(),
        actor: entry.actor.clone(),
        since: entry.at,
        id: None,
        objects: BTreeMap::new(),
        leftovers: BTreeSet::new(),
        begun: BTreeSet::new(),
        projects: Vec::new(),
        schemas: BTreeSet::new(),
        begun_schemas: BTreeSet::new(),
        refused: BTreeMap::new(),
    }
}

fn of<'n>(database: &'n Ident, names: &'n [ObjectName]) -> impl Iterator<Item = ObjectName> + 'n {
    names.iter().filter(move |name| name.database == *database).cloned()
}

/// So many schemas may be beside one: in each but the last there may be something that has to stay.
const MOST_BESIDE: usize = 3;

/// The schemas beside one of an overlay's that it can be swapped with: `<schema>__<overlay>__mzf`, and
/// `<schema>__<overlay>_2__mzf` where something stands in that. Those whose names would be too long are left out.
pub fn beside(schema: &SchemaName, overlay: &str) -> Vec<SchemaName> {
    let name = |number: usize| {
        let count = if number == 1 { String::new() } else { format!("_{number}") };
        Ident::new(format!("{}__{overlay}{count}__mzf", schema.schema.as_str())).ok()
    };
    let names = (1..=MOST_BESIDE).filter_map(name);
    names.map(|name| SchemaName::new(schema.database.clone(), name)).collect()
}

/// Tells whether a database is as `CREATE DATABASE` makes it.
fn is_bare(database: &Ident, catalog: &Catalog) -> bool {
    catalog
        .schemas_of(database)
        .all(|(name, _)| name.schema.as_str() == "public" && catalog.objects_in(name).next().is_none())
}

/// Everything in an overlay's database that was made for it, and still stands.
pub fn standing<'c>(overlaid: &'c Overlaid, catalog: &'c Catalog) -> Vec<&'c Object> {
    if !overlaid.is_there(catalog) {
        return Vec::new();
    }
    let inside = catalog.schemas_of(&overlaid.pair.overlay).flat_map(|(name, _)| catalog.objects_in(name));
    let indexes_of = |object: &Object| {
        object.on.as_ref().and_then(|on| catalog.objects.get(on)).is_some_and(|on| overlaid.owns(on))
    };
    inside.filter(|object| overlaid.owns(object) || indexes_of(object)).collect()
}
