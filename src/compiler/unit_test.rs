//! Unit tests of views: what a file says of one, with every name resolved.
//!
//! A test that is wrong is part of its object nevertheless, without a body: what is wrong with it
//! stands among the diagnostics, at a place inside of [`UnitTest::span`].

use super::build::Builder;
use super::checks;
use super::contract::ContractName;
use super::diagnostic::Diagnostic;
use super::diagnostic::Severity;
use super::draft::Draft;
use super::namespace::Meaning;
use super::object::Column;
use crate::name::Ident;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::project;
use crate::sql::span::Span;

/// A unit test of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitTest {
    /// Its name.
    pub name: Ident,
    /// The line in which it begins, from 1.
    pub line: usize,
    /// Where it stands in its object's file.
    pub span: Span,
    /// What it says; `None` where it is wrong.
    pub body: Option<Body>,
}

/// What a test says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The time at which the view is read.
    pub at_time: Option<Excerpt>,
    /// What the view reads instead of the real relations.
    pub mocks: Vec<Mock>,
    /// The rows that the view shall give.
    pub expected: Rows,
}

/// Rows that stand for a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mock {
    /// What they stand for.
    pub relation: ContractName,
    /// Where it is named in the file.
    pub span: Span,
    /// The rows.
    pub rows: Rows,
}

/// Typed rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The columns; never empty, no name twice.
    pub columns: Vec<Column>,
    /// The query that makes them.
    pub query: Excerpt,
}

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Its text, with its variables replaced and the types of the project written in full.
    pub text: String,
    /// Where it stands in the file.
    pub span: Span,
}

impl Builder<'_> {
    /// The tests of a draft, in the order of its file.
    pub(super) fn tests(&self, draft: &Draft<'_>, found: &mut Vec<Diagnostic>) -> Vec<UnitTest> {
        let tests = draft.companions.iter().filter_map(|statement| match &statement.kind {
            StatementKind::UnitTest(test) => Some((*statement, test)),
            _ => None,
        });
        tests.map(|(statement, test)| self.test(draft, statement, test, found)).collect()
    }

    fn test(
        &self,
        draft: &Draft<'_>,
        statement: &Statement,
        test: &project::UnitTest,
        found: &mut Vec<Diagnostic>,
    ) -> UnitTest {
        let mut wrong = Vec::new();
        checks::unit_test::check(self, draft, statement, test, &mut wrong);
        let is_error = |one: &Diagnostic| one.severity == Severity::Error;
        let body = if wrong.iter().any(is_error) { None } else { self.body(draft, test) };
        found.extend(wrong.into_iter().map(|one| if is_error(&one) { one.for_test() } else { one }));
        UnitTest {
            name: name(draft, statement, test),
            line: draft.source.line(statement.span),
            span: draft.source.original(statement.span),
            body,
        }
    }

    fn body(&self, draft: &Draft<'_>, test: &project::UnitTest) -> Option<Body> {
        let home = draft.name.schema_name();
        let source = draft.source;
        let mocks = test.mocks.iter().map(|mock| {
            let relation = mocked(&self.namespace.resolve(&home, &mock.name))?;
            let span = source.original(mock.name.span);
            Some(Mock { relation, span, rows: self.rows(draft, &mock.rows) })
        });
        Some(Body {
            at_time: test.at_time.as_ref().map(|time| self.excerpt(draft, time.span(), time.types())),
            mocks: mocks.collect::<Option<_>>()?,
            expected: self.rows(draft, test.expected.as_ref()?),
        })
    }

    fn rows(&self, draft: &Draft<'_>, rows: &project::Rows) -> Rows {
        let column = |column: &project::TypedColumn| Column {
            name: column.name.ident.clone(),
            data_type: self.excerpt(draft, column.type_span, &column.data_type.users()).text,
        };
        let columns = rows.columns.iter().map(column).collect();
        Rows { columns, query: self.excerpt(draft, rows.query.span(), rows.query.types()) }
    }

    fn excerpt(&self, draft: &Draft<'_>, span: Span, types: &[RawName]) -> Excerpt {
        let home = draft.name.schema_name();
        let text = self.in_full(&home, span.of(draft.source.sql()), span.start, types);
        Excerpt { text, span: draft.source.original(span) }
    }
}

/// What a test goes by: its name, or where it begins if that cannot be read.
pub(super) fn name(draft: &Draft<'_>, statement: &Statement, test: &project::UnitTest) -> Ident {
    let line = || Ident::new(format!("line {}", draft.source.line(statement.span)));
    match &test.name {
        Some(name) => name.ident.clone(),
        // It is short and has nothing that no identifier may have.
        None => line().unwrap_or_else(|_| draft.name.object.clone()),
    }
}

/// What a mock of that meaning stands for; `None` where that is nothing.
pub(super) fn mocked(meaning: &Meaning) -> Option<ContractName> {
    match meaning {
        Meaning::System(schema, own) => Some(ContractName::System(schema.clone(), own.clone())),
        meaning => meaning.name().cloned().map(ContractName::Object),
    }
}

#[cfg(test)]
mod tests;
