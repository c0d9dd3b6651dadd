//! What a view that is mocked really looks like, as far as the project alone tells: its query is
//! described over empty tables, so that none of it has to be there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::statement;
use crate::compiler::object::Column;
use crate::compiler::project::Project;
use crate::compiler::standalone;
use crate::compiler::standalone::StandIn;
use crate::compiler::standalone::Statement;
use crate::compiler::unit_test::Mock;
use crate::db::session::Table;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::data_type::DataType;

/// The columns of views, as the server told them once; `None` where it did not.
#[derive(Default)]
pub(super) struct Shapes {
    told: RefCell<BTreeMap<ObjectName, Option<Vec<Column>>>>,
    /// What `types.lock` tells of relations that the project does not define, and what load
    /// generators make.
    locked: BTreeMap<ObjectName, Vec<Column>>,
}

impl Shapes {
    /// Knows what the project knows.
    pub(super) fn new(project: &Project) -> Self {
        let read = project.objects.iter().flat_map(standalone::relations);
        let unknown = read.filter(|name| project.object(name).is_none_or(|object| object.columns.is_none()));
        let locked = unknown.filter_map(|name| Some((name.clone(), project.contract(name)?.typed()?)));
        let generated = project.objects.iter().flat_map(|object| object.generated.iter().cloned());
        Self { told: RefCell::default(), locked: generated.chain(locked).collect() }
    }

    /// What was told of a view; `None` where nobody has asked.
    pub(super) fn of(&self, name: &ObjectName) -> Option<Option<Vec<Column>>> {
        self.told.borrow().get(name).cloned()
    }

    /// Keeps what was told of a view.
    pub(super) fn keep(&self, name: &ObjectName, columns: Option<Vec<Column>>) {
        self.told.borrow_mut().insert(name.clone(), columns);
    }

    /// The query of a view of the project over nothing but empty relations; `None` for anything else,
    /// and where something below it is not known.
    pub(super) fn query(&self, project: &Project, name: &ObjectName) -> Option<Statement> {
        let view = project.object(name).filter(|object| object.name == *name)?;
        let mut open: Vec<&ObjectName> = standalone::relations(view).collect();
        let mut seen: BTreeSet<&ObjectName> = open.iter().copied().collect();
        while let Some(name) = open.pop() {
            match self.stand_in(project, name)? {
                StandIn::Query(object) => {
                    open.extend(standalone::relations(object).filter(|name| seen.insert(name)));
                }
                StandIn::Empty(_) | StandIn::Rows { .. } => {}
            }
        }
        standalone::query(view, &|name| self.stand_in(project, name))
    }

    fn stand_in<'a>(&'a self, project: &'a Project, name: &ObjectName) -> Option<StandIn<'a>> {
        if let Some(columns) = self.locked.get(name) {
            return Some(StandIn::Empty(columns));
        }
        let object = project.object(name).filter(|object| object.name == *name)?;
        match &object.columns {
            Some(columns) => Some(StandIn::Empty(columns)),
            None => standalone::can_stand_alone(object).then_some(StandIn::Query(object)),
        }
    }
}

/// Asks for the types of a view's columns.
pub(super) fn types(view: &Statement, columns: &[Ident]) -> String {
    let types = columns.iter().map(|column| statement::type_of(column, statement::ACTUAL));
    let types: Vec<String> = types.collect();
    format!("WITH {} AS (\n{}\n)\nSELECT {}", statement::ACTUAL, view.sql, types.join(", "))
}

/// Puts names and the answer to [`types`] together.
pub(super) fn columns(names: &[Ident], answer: &Table) -> Option<Vec<Column>> {
    let row = answer.rows.first()?;
    let typed = names.iter().enumerate();
    let column = |(at, name): (usize, &Ident)| {
        Some(Column { name: name.clone(), data_type: row.text(at)?.to_owned() })
    };
    typed.map(column).collect()
}

/// Says how a mock differs from what it stands for, a line each.
pub(super) fn differences(mock: &Mock, real: &[Column]) -> Vec<String> {
    let name = &mock.relation;
    let mut lines = Vec::new();
    for column in &mock.rows.columns {
        let Some(known) = real.iter().find(|known| known.name == column.name) else {
            lines.push(format!("`{name}` has no column `{}`", column.name));
            continue;
        };
        let types = (DataType::parse(&column.data_type), DataType::parse(&known.data_type));
        if let (Ok(mocked), Ok(real)) = types
            && !mocked.is_like(&real)
        {
            let (column, real, mocked) = (&column.name, &known.data_type, &column.data_type);
            lines.push(format!("column `{column}` of `{name}` is of type {real}, the mock says {mocked}"));
        }
    }
    let missing = real.iter().filter(|known| mock.rows.columns.iter().all(|own| own.name != known.name));
    lines.extend(missing.map(|known| format!("the mock of `{name}` lacks `{}`", known.name)));
    lines
}
