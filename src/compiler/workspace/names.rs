//! Who has which name: objects and the tables of sources in the project, indexes in their schema.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::Workspace;
use crate::compiler::checks;
use crate::compiler::draft::Draft;
use crate::compiler::draft::Key;
use crate::compiler::files::Shape;
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
            let keys: Vec<&Arc<Key>> = reshaped.iter().map(|(key, _)| key).collect();
            if self.take_names(&keys).is_empty() {
                return true;
            }
        }
        self.namespace.forget();
        let keys: Vec<Arc<Key>> = self.files.keys().collect();
        let taken = self.take_names(&keys.iter().collect::<Vec<_>>());
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

    /// Takes the names of objects and returns those that were taken, each with whose they would be:
    /// the key, and the number of the draft.
    fn take_names(&mut self, keys: &[&Arc<Key>]) -> Vec<(Arc<Key>, ObjectName, usize)> {
        let mut taken = Vec::new();
        let shapes = || keys.iter().filter_map(|key| Some((*key, &self.files.entries.get(*key)?.shape)));
        let namespace = &mut self.namespace;
        for (key, shape) in shapes() {
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
        for (key, shape) in shapes() {
            for (number, (name, _)) in shape.objects.iter().enumerate().skip(1) {
                if !namespace.add_object(name.clone(), Arc::clone(key)) {
                    taken.push((Arc::clone(key), name.clone(), number));
                }
            }
        }
        for (_, shape) in shapes() {
            if let Some(name) = &shape.unmade {
                namespace.add_broken(name.clone());
            }
        }
        taken
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
        for (database, schema) in schemas {
            let entries: Vec<_> = self.files.of_schema(database, schema).collect();
            let own = entries.iter().flat_map(|(_, entry)| entry.shape.objects.iter().map(|(name, _)| name));
            let home = own.clone().next().map(ObjectName::schema_name);
            let Some(home) = home else { continue };
            let others = tables.iter().copied().filter(|table| table.is_in(&home));
            let mut taken: HashSet<Ident> = own.chain(others).map(|name| name.object.clone()).collect();
            let mut next = HashMap::new();
            for (key, entry) in entries {
                let mut take = |wish: &Wish| wish.take(&mut taken, &mut next);
                let names: Vec<Vec<Option<Ident>>> =
                    entry.wishes.iter().map(|wishes| wishes.iter().map(&mut take).collect()).collect();
                let before = self.index_names.insert(Arc::clone(key), names);
                if before.as_ref() != self.index_names.get(key) {
                    renamed.push(Arc::clone(key));
                }
            }
        }
        renamed
    }
}
