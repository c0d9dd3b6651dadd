//! Renames that the server would refuse, found before anything is made.
//!
//! Objects that change names one by one are renamed in one transaction, and the server rewrites the text
//! of each and of everything that reads it directly. It refuses where a name in such a text could mean
//! something else. What it does is done here to the texts that it stores and to those that it would
//! store, rename after rename, on the way there and on the way back. Pure; start reading at [`traps`].
//!
//! Source: `design/materialize.md` 1.5; the rules themselves are in `sql::renaming`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::code::Code;
use super::super::error::Error;
use super::super::exchange::renames;
use super::Changes;
use super::layout;
use super::layout::Clones;
use super::layout::Layout;
use crate::catalog::Catalog;
use crate::deployment::epoch::SwapKind;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::exchange::Exchange;
use crate::plan::step::Step;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::parse;
use crate::sql::renaming;
use crate::sql::renaming::Conflict;
use crate::sql::renaming::ItemRename;
use crate::sql::renaming::Use;

/// Statements as the catalog stores them, by the id of what they made.
pub type Texts = BTreeMap<ObjectId, String>;

/// A rename that the server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// The production name of what would be renamed.
    pub object: ObjectName,
    /// Whose text is in the way; the object itself, or what reads it.
    pub inside: ObjectName,
    /// What is in the way.
    pub conflict: Conflict,
    /// Whether only the way back is closed.
    pub back: bool,
}

impl Trap {
    /// Object, word, reason: one line.
    pub fn told(&self) -> String {
        let Self { object, inside, conflict, back } = self;
        let word = conflict.word();
        let why = match conflict.usage {
            Use::New => format!("has `{word}` as a column, an alias, a CTE, a schema or another object"),
            Use::Column => format!("has `{word}` as a column too, or means a whole row by it"),
            Use::Alias => format!("has `{word}` as an alias, a CTE or a column too"),
            Use::Elsewhere => format!("has `{word}` as a schema, a database or a function too"),
            Use::Shared => format!("reads two objects named `{word}`, and does not say of which a column is"),
        };
        let who = if inside == object { "it".to_owned() } else { format!("{inside}, which reads it,") };
        let when = if *back { " once it is production" } else { "" };
        format!("{object} cannot be renamed{when}: {who} {why}")
    }
}

/// The objects whose stored statements have to be known: what is replaced one by one, and what reads it.
pub fn wanted(changes: &Changes, catalog: &Catalog) -> Vec<ObjectId> {
    let replaced: BTreeSet<&ObjectId> = changes
        .replaced()
        .filter(|object| object.is_renamed())
        .filter_map(|object| object.production_id.as_ref())
        .collect();
    let reads = catalog.reads.iter().filter(|(_, reads)| reads.iter().any(|id| replaced.contains(id)));
    let readers = reads.map(|(reader, _)| reader);
    let ids: BTreeSet<&ObjectId> = replaced.iter().copied().chain(readers).collect();
    let is_view = |id: &&ObjectId| catalog.objects.get(*id).is_some_and(|object| object.kind.is_staged());
    ids.into_iter().filter(is_view).cloned().collect()
}

/// The refusal of changes whose renames the server would refuse, or whose names are too long for them.
pub fn refusal(changes: &Changes, catalog: &Catalog, texts: &Texts) -> Option<Error> {
    let id = "0000000".parse().ok()?;
    let layout = match layout::layout(changes, &id, None, &Clones::new(), catalog) {
        Ok(layout) => layout,
        // Names that leave no room for the ends that staged ones have.
        Err(too_long) => return Some(too_long),
    };
    let found = traps(&layout, catalog, texts);
    let names: BTreeSet<&ObjectName> = found.iter().map(|trap| &trap.object).collect();
    let message = match names.into_iter().collect::<Vec<_>>().as_slice() {
        [] => return None,
        [only] => format!("{only} cannot be swapped by renaming it"),
        several => format!("{} objects cannot be swapped by renaming them", several.len()),
    };
    let lines: BTreeSet<String> = found.iter().map(Trap::told).collect();
    Some(Error::new(Code::StageRenameTrap, message).with_lines(lines).effect("nothing was changed"))
}

/// Finds every rename of a laid out deployment that the server would refuse, in both directions.
pub fn traps(layout: &Layout, catalog: &Catalog, texts: &Texts) -> Vec<Trap> {
    let mut world = World::new(&layout.create, catalog, texts);
    let mut after = catalog.clone();
    layout.create.iter().for_each(|step| after.take(step));
    let mut found = Vec::new();
    for kind in [SwapKind::Promotion, SwapKind::Rollback] {
        let steps = renames::renames(&layout.intent, &layout.contents, kind, &after);
        for step in &steps {
            let Exchange::RenameObject { from, to, .. } = step else { continue };
            found.extend(world.rename(from, to, kind == SwapKind::Rollback));
        }
        if !found.is_empty() {
            break;
        }
        steps.into_iter().for_each(|step| after.take(&Step::Exchange(step)));
    }
    found
}

/// The first of what is about to be made, by its production name, that could not be given its other name behind
/// those before it: because of its own text, or of one that is made with it and reads it.
pub fn first(
    create: &[Step],
    renames: impl Iterator<Item = (ObjectName, Ident)>,
    catalog: &Catalog,
) -> Option<ObjectName> {
    let mut world = World::new(create, catalog, &Texts::new());
    let mut refused = renames.flat_map(|(from, to)| world.rename(&from, &to, false));
    refused.next().map(|trap| trap.object)
}

/// Something whose name or text a rename touches.
struct Item {
    /// What people call it.
    told: ObjectName,
    /// Its statement, if it has a query.
    sql: Option<String>,
}

/// Everything that renames touch, and who reads it directly.
struct World {
    items: Vec<Item>,
    /// Where each stands in `items`, by the name that it bears now.
    at: BTreeMap<ObjectName, usize>,
    readers: Vec<Vec<usize>>,
}

impl World {
    fn new(create: &[Step], catalog: &Catalog, texts: &Texts) -> Self {
        let mut world = Self { items: Vec::new(), at: BTreeMap::new(), readers: Vec::new() };
        let mut reads: Vec<Vec<ObjectName>> = Vec::new();
        let affected = catalog.objects.values().filter(|object| texts.contains_key(&object.id));
        for object in affected {
            let read = catalog.reads.get(&object.id).into_iter().flatten();
            reads.push(read.filter_map(|id| Some(catalog.objects.get(id)?.name.clone())).collect());
            let sql = texts.get(&object.id).cloned();
            world.put(object.name.clone(), Item { told: object.name.clone(), sql });
        }
        for step in create {
            let Step::Create { kind, name, reads: read, sql, origin: Some(origin), .. } = step else {
                continue;
            };
            if *kind != ObjectKind::Index {
                reads.push(read.clone());
                world.put(name.clone(), Item { told: origin.object.clone(), sql: stored(sql) });
            }
        }
        world.readers = vec![Vec::new(); world.items.len()];
        for (reader, read) in reads.iter().enumerate() {
            for name in read.iter().collect::<BTreeSet<_>>() {
                if let Some(readers) = world.at.get(name).and_then(|at| world.readers.get_mut(*at)) {
                    readers.push(reader);
                }
            }
        }
        world
    }

    fn put(&mut self, name: ObjectName, item: Item) {
        self.at.insert(name, self.items.len());
        self.items.push(item);
    }

    /// Gives what stands under a name another, as the server does; tells what is in the way.
    fn rename(&mut self, from: &ObjectName, to: &Ident, back: bool) -> Vec<Trap> {
        let Some(at) = self.at.remove(from) else { return Vec::new() };
        let parts = [&from.database, &from.schema, &from.object].map(Ident::clone);
        let rename = ItemRename { from: &parts, to };
        let object = self.items.get(at).map_or_else(|| from.clone(), |item| item.told.clone());
        let readers = self.readers.get(at).cloned().unwrap_or_default();
        let mut found = Vec::new();
        for reader in std::iter::once(at).chain(readers) {
            let Some(item) = self.items.get_mut(reader) else { continue };
            let Some(sql) = &item.sql else { continue };
            match renaming::item(sql, renaming::query(sql), &rename) {
                Ok(text) => item.sql = Some(text),
                Err(conflict) => {
                    let inside = item.told.clone();
                    found.push(Trap { object: object.clone(), inside, conflict, back });
                }
            }
        }
        self.at.insert(from.schema_name().object(to.clone()), at);
        found
    }
}

/// What the catalog would store of a statement; `None` where only the server can read it. Then the
/// rehearsal behind staging finds out.
fn stored(sql: &str) -> Option<String> {
    let statement = parse::batch(sql).ok()?.into_iter().next()?;
    match statement.kind {
        StatementKind::CreateView(_) | StatementKind::CreateMaterializedView(_) => {
            canonical::kind(&statement.kind, Form::Stored, &Stored)
        }
        _ => None,
    }
}

/// Names as the catalog stores them. Ids are nobody's: rules of renaming look at names.
struct Stored;

/// A reference to something whose id does not matter.
fn reference(parts: &[Ident]) -> String {
    crate::sql::stored::by_id("u0", parts)
}

impl canonical::Names for Stored {
    fn object(&self, name: &RawName) -> String {
        reference(&name.parts)
    }

    fn defined(&self, name: &RawName) -> String {
        crate::sql::stored::dotted(&name.parts)
    }

    fn cluster(&self, _written: Option<&RawIdent>) -> Option<String> {
        Some("[u0]".to_owned())
    }

    fn builtin_type(&self, name: &str) -> String {
        let name = Ident::new(name).map(|name| name.sql()).unwrap_or_default();
        format!("[s0 AS \"pg_catalog\".{name}]")
    }

    fn function(&self, parts: &[Ident]) -> String {
        let own = parts.last().map(Ident::sql).unwrap_or_default();
        format!("\"pg_catalog\".{own}")
    }
}

#[cfg(test)]
mod tests;
