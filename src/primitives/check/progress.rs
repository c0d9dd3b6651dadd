//! How far a check has come: what can be asked next, and what each answer means for the rest.
//!
//! Pure: statements go out and answers come in, in any order. An object is asked about as soon as
//! everything it reads has been answered. Start reading at [`Checking`].

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::collections::VecDeque;

use super::Report;
use super::complaint;
use super::complaint::Complaint;
use super::facts::Facts;
use super::facts::Origin;
use crate::compiler::object::Column;
use crate::compiler::object::Object;
use crate::compiler::standalone;
use crate::compiler::standalone::StandIn;
use crate::compiler::standalone::Statement;
use crate::db::columns::Described;
use crate::db::columns::Types;
use crate::db::error::Error as DbError;
use crate::name::Ident;
use crate::name::ObjectName;

/// Something to ask the server about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// The query of the object of that number.
    Query(usize),
    /// The keys of an index of that object.
    Keys(usize, usize),
    /// The keys of an index of a table that is not there yet: which table, which index.
    TableKeys(usize, usize),
}

/// A statement to be described.
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) statement: Statement,
}

/// What is known of an object that is checked.
enum Known {
    /// It has not been answered yet.
    Open,
    /// Its columns.
    Columns(Vec<Column>),
    /// It is right, but its types are not told entirely: its query stands in for it.
    Right,
    /// It is wrong or unknown, because of the object of that number.
    Stopped(usize),
}

/// The state of a check.
pub(super) struct Checking<'c, 'f> {
    facts: &'c Facts<'f>,
    types: &'c Types,
    tables: Vec<&'f Object>,
    known: Vec<Known>,
    /// For each object, how many of those it reads are open.
    waits_for: Vec<usize>,
    readers: Vec<Vec<usize>>,
    released: VecDeque<Task>,
    checked: usize,
    skipped: BTreeSet<ObjectName>,
    found: Vec<Complaint>,
}

impl<'c, 'f> Checking<'c, 'f> {
    pub(super) fn new(facts: &'c Facts<'f>, types: &'c Types) -> Self {
        let count = facts.objects.len();
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut waits_for = vec![0; count];
        for (number, object) in facts.objects.iter().enumerate() {
            let mut seen = HashSet::new();
            for name in standalone::relations(object) {
                if let Origin::Checked(read) = facts.origin(name)
                    && read != number
                    && seen.insert(read)
                {
                    if let Some(readers) = readers.get_mut(read) {
                        readers.push(number);
                    }
                    if let Some(waits_for) = waits_for.get_mut(number) {
                        *waits_for += 1;
                    }
                }
            }
        }
        Self {
            facts,
            types,
            tables: facts.new_tables().collect(),
            known: facts.objects.iter().map(|_| Known::Open).collect(),
            waits_for,
            readers,
            released: VecDeque::new(),
            checked: 0,
            skipped: BTreeSet::new(),
            found: Vec::new(),
        }
    }

    /// What can be asked at once.
    pub(super) fn begin(&mut self) -> VecDeque<Task> {
        let tables = self.tables.iter().enumerate();
        let keys = tables.flat_map(|(table, object)| {
            (0..object.indexes.len()).map(move |index| Task::TableKeys(table, index))
        });
        let queries = self.waits_for.iter().enumerate().filter(|(_, waits_for)| **waits_for == 0);
        queries.map(|(number, _)| Task::Query(number)).chain(keys).collect()
    }

    /// What has become ready since it was last asked.
    pub(super) fn released(&mut self) -> VecDeque<Task> {
        std::mem::take(&mut self.released)
    }

    /// The statement for a task; `None` where there is nothing to ask, which is noted.
    pub(super) fn prepare(&mut self, task: Task) -> Option<Job> {
        let statement = match task {
            Task::Query(number) => self.query(number)?,
            Task::Keys(number, index) => {
                let object = *self.facts.objects.get(number)?;
                standalone::keys(object, object.indexes.get(index)?, &|name| self.stand_in(name))?
            }
            Task::TableKeys(table, index) => {
                let object = *self.tables.get(table)?;
                let columns = object.columns.as_deref()?;
                standalone::keys(object, object.indexes.get(index)?, &|name| {
                    if *name == object.name { Some(StandIn::Empty(columns)) } else { self.stand_in(name) }
                })?
            }
        };
        Some(Job { task, statement })
    }

    /// The statement for an object's query, if everything it reads has columns.
    fn query(&mut self, number: usize) -> Option<Statement> {
        let object = *self.facts.objects.get(number)?;
        if let Some(name) = self.facts.missing_type(object) {
            self.found.push(complaint::missing_type(self.facts, object, name));
            self.skipped.insert(object.name.clone());
            self.close(number, Known::Stopped(number));
            return None;
        }
        let mut told = HashSet::new();
        let mut unknown = false;
        for (name, span) in standalone::places(object) {
            if !told.insert(name) {
                continue;
            }
            match self.facts.origin(name) {
                Origin::Target | Origin::Told(_) => {}
                Origin::Unknown => {
                    self.found.push(complaint::unknown(self.facts, object, name, span));
                    unknown = true;
                }
                Origin::Checked(read) => {
                    let Some(Known::Stopped(culprit)) = self.known.get(read) else { continue };
                    if let Some(culprit_object) = self.facts.objects.get(*culprit) {
                        let skipped = complaint::skipped(self.facts, object, name, culprit_object, span);
                        let culprit = *culprit;
                        self.found.push(skipped);
                        self.skipped.insert(object.name.clone());
                        self.close(number, Known::Stopped(culprit));
                    }
                    return None;
                }
            }
        }
        if unknown {
            self.skipped.insert(object.name.clone());
            self.close(number, Known::Stopped(number));
            return None;
        }
        let statement = standalone::query(object, &|name| self.stand_in(name));
        if statement.is_none() {
            self.found.push(complaint::uncheckable(self.facts, object));
            self.skipped.insert(object.name.clone());
            self.close(number, Known::Stopped(number));
        }
        statement
    }

    /// What stands in for a relation that has columns.
    fn stand_in(&self, name: &ObjectName) -> Option<StandIn<'_>> {
        match self.facts.origin(name) {
            Origin::Target | Origin::Unknown => None,
            Origin::Told(columns) => Some(StandIn::Empty(columns)),
            Origin::Checked(number) => match self.known.get(number)? {
                Known::Columns(columns) => Some(StandIn::Empty(columns)),
                Known::Right => self.facts.objects.get(number).map(|object| StandIn::Query(object)),
                Known::Open | Known::Stopped(_) => None,
            },
        }
    }

    /// Takes the server's description of a statement.
    pub(super) fn accepted(&mut self, task: Task, described: &[Described]) {
        let Task::Query(number) = task else { return };
        let Some(object) = self.facts.objects.get(number).copied() else { return };
        let mut names = HashSet::new();
        if let Some(twice) = described.iter().find(|column| !names.insert(column.name.as_str())) {
            self.found.push(complaint::column_twice(self.facts, object, &twice.name));
            self.close(number, Known::Stopped(number));
            return;
        }
        let column = |column: &Described| {
            Some(Column { name: Ident::new(&column.name).ok()?, data_type: self.types.sql(column)? })
        };
        let columns: Option<Vec<Column>> = described.iter().map(column).collect();
        let known = match columns {
            Some(columns) => Known::Columns(columns),
            None if standalone::can_stand_alone(object) => Known::Right,
            // It is right, and what reads it cannot be checked.
            None => Known::Stopped(number),
        };
        self.checked += 1;
        self.close(number, known);
        let keys = (0..object.indexes.len()).map(|index| Task::Keys(number, index));
        self.released.extend(keys);
    }

    /// Takes the server's refusal of a statement.
    pub(super) fn rejected(&mut self, task: Task, statement: &Statement, error: &DbError) {
        let (object, index) = match task {
            Task::Query(number) => (self.facts.objects.get(number), None),
            Task::Keys(number, index) => (self.facts.objects.get(number), Some(index)),
            Task::TableKeys(table, index) => (self.tables.get(table), Some(index)),
        };
        let Some(object) = object.copied() else { return };
        let index = index.and_then(|index| object.indexes.get(index)).map(|index| &index.name);
        self.found.push(complaint::rejected(self.facts, object, index, statement, error));
        if let Task::Query(number) = task {
            self.close(number, Known::Stopped(number));
        }
    }

    /// Notes what is known of an object, and what has been waiting for it alone.
    fn close(&mut self, number: usize, known: Known) {
        if let Some(open) = self.known.get_mut(number) {
            *open = known;
        }
        for reader in self.readers.get(number).into_iter().flatten() {
            if let Some(waits_for) = self.waits_for.get_mut(*reader) {
                *waits_for -= 1;
                if *waits_for == 0 {
                    self.released.push_back(Task::Query(*reader));
                }
            }
        }
    }

    /// What came of it all.
    pub(super) fn end(self) -> Report {
        Report { checked: self.checked, skipped: self.skipped.into_iter().collect(), findings: self.found }
    }
}
