//! Who has which name: objects and the tables of sources in the project, indexes in their schema.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;

use super::Workspace;
use super::each;
use crate::compiler::checks;
use crate::compiler::draft::Draft;
use crate::compiler::draft::Key;
use crate::compiler::files::Entry;
use crate::compiler::files::Shape;
use crate::compiler::namespace::Namespace;
use crate::compiler::wish::Wish;
use crate::name::Ident;
use crate::name::ObjectName;

impl Workspace {
    /// Gives names back that went and takes those that came; tells whether that left everybody
    /// else's as they were. Otherwise all were taken anew.
    ///
    /// `reshaped` are the objects of which others see something else now, with what they saw.
    pub(super) fn rename(&mut self, reshaped: &[(Arc<Key>, Shape)], everything: bool) -> bool {
        let after = |key: &Arc<Key>| self.files.entries.get(key).map(|entry| &entry.shape);
        let open = |(key, before): &(Arc<Key>, Shape)| {
            before.is_open || after(key).is_some_and(|after| after.is_open)
        };
        let simple = !everything && self.found.duplicates.is_empty() && !reshaped.iter().any(open);
        if simple {
            for name in reshaped.iter().flat_map(|(_, before)| before.names()) {
                self.namespace.remove(name);
            }
            let shapes: Shapes<'_> =
                reshaped.iter().filter_map(|(key, _)| Some((key, after(key)?))).collect();
            if take_names(&mut self.namespace, &shapes).is_empty() {
                return true;
            }
        }
        self.namespace.forget();
        let shapes: Shapes<'_> = self.files.entries.iter().map(|(key, entry)| (key, &entry.shape)).collect();
        let taken = take_names(&mut self.namespace, &shapes);
        self.found.duplicates.clear();
        for (key, name, draft) in taken {
            let owner = self.files.draft(&name, &self.namespace);
            let draft: Option<Draft<'_>> = self.files.drafts(&key).nth(draft);
            if let Some(draft) = draft {
                checks::duplicate::check(&draft, &name, owner.as_ref(), &mut self.found.duplicates);
            }
        }
        everything
    }

    /// Names the indexes in schemas, each by its folders; returns the objects of which one is
    /// called something else now.
    pub(super) fn name_indexes(&mut self, schemas: &BTreeSet<(String, String)>) -> Vec<Arc<Key>> {
        let mut renamed = Vec::new();
        if schemas.is_empty() {
            return renamed;
        }
        let tables: Vec<&ObjectName> =
            self.files.entries.values().flat_map(|entry| &entry.shape.tables).collect();
        let schemas: Vec<&(String, String)> = schemas.iter().collect();
        let named = each(&schemas, |(database, schema)| {
            let entries: Vec<_> = self.files.of_schema(database, schema).collect();
            let own = entries.iter().flat_map(|(_, entry)| entry.shape.objects.iter().map(|(name, _)| name));
            let Some(home) = own.clone().next().map(ObjectName::schema_name) else { return Vec::new() };
            let others = tables.iter().copied().filter(|table| table.is_in(&home));
            let mut taken: FxHashSet<Ident> = own.chain(others).map(|name| name.object.clone()).collect();
            let mut next = FxHashMap::default();
            let mut take = |wish: &Wish| wish.take(&mut taken, &mut next);
            let mut names = |entry: &Entry| {
                entry.wishes.iter().map(|wishes| wishes.iter().map(&mut take).collect()).collect()
            };
            entries.into_iter().map(|(key, entry)| (Arc::clone(key), names(entry))).collect()
        });
        for (key, names) in named.into_iter().flatten() {
            let names: Vec<Vec<Option<Ident>>> = names;
            // Most objects have no index.
            let before = if names.iter().all(Vec::is_empty) {
                self.index_names.remove(&key)
            } else {
                self.index_names.insert(Arc::clone(&key), names)
            };
            if before.as_ref() != self.index_names.get(&key) {
                renamed.push(key);
            }
        }
        renamed
    }
}

/// Objects with what others see of them, in the order in which they take names.
type Shapes<'a> = Vec<(&'a Arc<Key>, &'a Shape)>;

/// Takes the names of objects and returns those that were taken, each with whose they would be: the key, and the number
/// of the draft.
fn take_names(namespace: &mut Namespace, shapes: &Shapes<'_>) -> Vec<(Arc<Key>, ObjectName, usize)> {
    let mut taken = Vec::new();
    namespace.reserve(shapes.len());
    for (key, shape) in shapes {
        let Some((own, _)) = shape.objects.first() else { continue };
        if !namespace.add_object(own.clone(), Arc::clone(key)) {
            taken.push((Arc::clone(key), own.clone(), 0));
        }
        if shape.is_open {
            namespace.add_open(own.clone());
        }
        for table in &shape.tables {
            if !namespace.add_table(table.clone(), own.clone(), Arc::clone(key)) {
                taken.push((Arc::clone(key), table.clone(), 0));
            }
        }
    }
    // Views of constraints come last: what is written in a file goes before what is made of it.
    for (key, shape) in shapes {
        for (number, (name, _)) in shape.objects.iter().enumerate().skip(1) {
            if !namespace.add_object(name.clone(), Arc::clone(key)) {
                taken.push((Arc::clone(key), name.clone(), number));
            }
        }
    }
    for (_, shape) in shapes {
        if let Some(name) = &shape.unmade {
            namespace.add_broken(name.clone());
        }
    }
    taken
}
