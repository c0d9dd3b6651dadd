//! What a check starts from: which objects it is about, and what else tells columns.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::catalog::Catalog;
use crate::compiler::object::Column;
use crate::compiler::object::Object;
use crate::compiler::project::Project;
use crate::compiler::standalone;
use crate::deployment::change::Change;
use crate::name::ObjectName;
use crate::primitives::changes::Changes;
use crate::primitives::compile::Compiled;

/// What is known before anything is asked.
pub(super) struct Facts<'f> {
    pub(super) compiled: &'f Compiled,
    catalog: &'f Catalog,
    /// The objects to check, each behind everything it reads.
    pub(super) objects: Vec<&'f Object>,
    numbers: HashMap<&'f ObjectName, usize>,
    /// Columns of `types.lock`, for what is read and is not in the target.
    locked: HashMap<&'f ObjectName, Vec<Column>>,
    /// Columns that load generators give.
    generated: HashMap<&'f ObjectName, &'f [Column]>,
    /// The objects of the project by their own names, without those of subsources.
    own: HashSet<&'f ObjectName>,
}

/// Where the columns of a relation come from.
pub(super) enum Origin<'f> {
    /// The target has it, and it stays what it is.
    Target,
    /// It is checked itself, under that number.
    Checked(usize),
    /// A file, `types.lock` or a load generator.
    Told(&'f [Column]),
    /// Nothing tells them.
    Unknown,
}

impl<'f> Facts<'f> {
    /// What those changes build, and what they only swap along left out: that is neither another
    /// object nor does it read one.
    pub(super) fn of(changes: &'f Changes, catalog: &'f Catalog) -> Self {
        let differs = |change: Change| change.is_built() && change != Change::Carried;
        let wanted = changes.objects.iter().filter(|one| differs(one.change)).map(|one| &one.name);
        Self::new(&changes.compiled, &wanted.collect(), catalog)
    }

    pub(super) fn new(compiled: &'f Compiled, wanted: &BTreeSet<&ObjectName>, catalog: &'f Catalog) -> Self {
        let project = &compiled.project;
        let objects = project.objects.iter();
        let objects: Vec<&Object> =
            objects.filter(|object| object.kind.is_staged() && wanted.contains(&object.name)).collect();
        let numbers = objects.iter().enumerate().map(|(number, object)| (&object.name, number)).collect();
        let read = objects.iter().flat_map(|object| standalone::relations(object));
        let locked = read.filter(|name| catalog.object(name).is_none()).filter_map(|name| {
            let columns = project.contract(name)?.typed()?;
            Some((name, columns))
        });
        let own = project.objects.iter().map(|object| &object.name).collect();
        let generated = project.objects.iter().flat_map(|object| &object.generated);
        let generated = generated.map(|(name, columns)| (name, columns.as_slice())).collect();
        Self { compiled, catalog, numbers, locked: locked.collect(), generated, own, objects }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(super) fn project(&self) -> &'f Project {
        &self.compiled.project
    }

    /// Where the columns of a relation come from.
    pub(super) fn origin(&self, name: &ObjectName) -> Origin<'_> {
        if let Some(number) = self.numbers.get(name) {
            return Origin::Checked(*number);
        }
        if self.catalog.object(name).is_some() {
            return Origin::Target;
        }
        let object = self.object(name).filter(|object| self.missing_type(object).is_none());
        let columns = object.and_then(|object| object.columns.as_deref());
        let locked = || self.locked.get(name).map(Vec::as_slice);
        match columns.or_else(locked).or_else(|| self.generated.get(name).copied()) {
            Some(columns) => Origin::Told(columns),
            None => Origin::Unknown,
        }
    }

    /// A type of the project that an object names and the target does not have.
    pub(super) fn missing_type<'o>(&self, object: &'o Object) -> Option<&'o ObjectName> {
        object.types.iter().find(|name| self.catalog.object(name).is_none())
    }

    /// An object of the project by its own name, not by that of a table that comes with it.
    pub(super) fn object(&self, name: &ObjectName) -> Option<&'f Object> {
        self.own.contains(name).then(|| self.project().object(name)).flatten()
    }

    /// The tables to be made that have indexes: their keys are checked too.
    pub(super) fn new_tables(&self) -> impl Iterator<Item = &'f Object> {
        let tables = self.project().objects.iter();
        tables.filter(|object| {
            let is_new = object.columns.is_some() && self.catalog.object(&object.name).is_none();
            is_new && self.missing_type(object).is_none()
        })
    }
}
