//! Which sinks have to read something else after an exchange. Pure.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::deployment::epoch::SwapKind;
use crate::deployment::way::Way;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::primitives::scope;
use crate::primitives::scope::Scope;

/// A sink and the object it has to read after the exchange; `None` where there is no such object.
pub type Successor = (ObjectName, Option<ObjectName>);

/// What leaves, by id, with the production name it leaves and whether something takes its place.
type Leaving<'s> = BTreeMap<&'s ObjectId, (&'s ObjectName, bool)>;

fn leaving(scope: &Scope, kind: SwapKind) -> Leaving<'_> {
    let mut leaving = Leaving::new();
    // What is replaced in place keeps its readers.
    for object in scope.contents.objects.iter().filter(|object| object.way != Way::Replaced) {
        let built = scope.built.get(&scope.intent.staging_name(object));
        let (old, new) = match kind {
            SwapKind::Promotion => (object.production_id.as_ref(), built),
            SwapKind::Rollback => (built, object.production_id.as_ref()),
        };
        if let (Some(old), true) = (old, object.is_replaced()) {
            leaving.insert(old, (&object.name, new.is_some()));
        }
    }
    leaving
}

/// The sinks that end with a rollback: those that the promotion has made, and that read something which was not
/// there before it.
pub fn ending<'c>(scope: &Scope, kind: SwapKind, catalog: &'c Catalog) -> Vec<&'c Object> {
    if kind == SwapKind::Promotion || scope.undo.made.is_empty() {
        return Vec::new();
    }
    let lost = leaving(scope, kind).into_iter().filter(|(_, (_, has_successor))| !has_successor);
    let lost: BTreeSet<&ObjectId> = lost.map(|(id, _)| id).collect();
    let sinks = scope::sinks_reading(catalog, &lost).into_iter();
    sinks.filter(|sink| scope.undo.made.contains(&sink.id)).collect()
}

/// The sinks that read what leaves production, each with what it has to read then; those that end are none of them.
pub fn successors(scope: &Scope, kind: SwapKind, catalog: &Catalog) -> Vec<Successor> {
    let leaving = leaving(scope, kind);
    let ending = ending(scope, kind, catalog);
    let ids: BTreeSet<&ObjectId> = leaving.keys().copied().collect();
    let sinks = scope::sinks_reading(catalog, &ids);
    let own = repointed(scope, kind, catalog);
    sinks
        .into_iter()
        .filter(|sink| !own.iter().any(|(name, _)| *name == sink.name))
        .filter(|sink| !ending.iter().any(|one| one.id == sink.id))
        .filter_map(|sink| {
            let read = catalog.reads.get(&sink.id)?.iter().find_map(|id| leaving.get(id))?;
            let (name, has_successor) = read;
            Some((sink.name.clone(), has_successor.then(|| (*name).clone())))
        })
        .chain(own.iter().cloned())
        .collect()
}

/// The sinks whose files say that they read something else, each with that, or with what they read before.
fn repointed(scope: &Scope, kind: SwapKind, catalog: &Catalog) -> Vec<Successor> {
    let mut found = Vec::new();
    for one in &scope.contents.repointed {
        let target = match kind {
            SwapKind::Promotion => &one.to,
            SwapKind::Rollback => &one.from,
        };
        let Some(sink) = catalog.object(&one.sink) else { continue };
        let wanted = catalog.object(target).map(|object| &object.id);
        let reads = catalog.reads.get(&sink.id);
        if !wanted.is_some_and(|id| reads.is_some_and(|reads| reads.contains(id))) {
            found.push((one.sink.clone(), Some(target.clone())));
        }
    }
    found
}
