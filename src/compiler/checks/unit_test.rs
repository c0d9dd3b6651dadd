//! Unit tests: of views, whole, and of nothing but what stands in them.
//!
//! Types are compared as mz-deploy does, by name and without their precision; what only the server
//! knows is compared when the test is run.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::compiler::build::Builder;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::compiler::namespace::Meaning;
use crate::compiler::source::Source;
use crate::compiler::unit_test::Relation;
use crate::name::Ident;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::CreateTable;
use crate::sql::ast::project::Mock;
use crate::sql::ast::project::Rows;
use crate::sql::ast::project::UnitTest;
use crate::sql::data_type::DataType;
use crate::sql::mention::Mention;
use crate::sql::mention::mentions;
use crate::sql::span::Span;

/// Reports everything that is wrong with a test.
pub(in crate::compiler) fn check(
    builder: &Builder<'_>,
    draft: &Draft<'_>,
    statement: &Statement,
    test: &UnitTest,
    found: &mut Vec<Diagnostic>,
) {
    let source = draft.source;
    let opening = opening(source, statement);
    if !draft.kind.is_staged() {
        let message = format!("a {} cannot be tested, only views can", draft.kind);
        found.push(source.error(Code::WrongKind, opening, message));
        return;
    }
    for mistake in &test.mistakes {
        let mut message = mistake.message.clone();
        if message.starts_with("Expected ") {
            message.replace_range(..1, "e");
        }
        found.push(source.error(Code::Syntax, mistake.span, message));
    }
    if let Some(time) = &test.at_time
        && let Some(name) = time.references().first()
    {
        let message = "the time of a test is a value: it reads nothing";
        found.push(source.error(Code::TestReadsRelation, name.span, message));
    }
    for rows in test.mocks.iter().map(|mock| &mock.rows).chain(&test.expected) {
        self::rows(builder, draft, rows, found);
    }
    mocks(builder, draft, test, found);
    // Of a test that cannot be read in full nobody knows what else it mocks.
    if test.mistakes.is_empty() {
        unmocked(builder, draft, test, opening, found);
    }
}

/// Reports columns that are named twice or are not as many as the query's, and what a query reads.
fn rows(builder: &Builder<'_>, draft: &Draft<'_>, rows: &Rows, found: &mut Vec<Diagnostic>) {
    let source = draft.source;
    let mut names = BTreeSet::new();
    for column in &rows.columns {
        if !names.insert(&column.name.ident) {
            let message = format!("column `{}` is there twice", column.name.ident);
            found.push(source.error(Code::TestColumns, column.name.span, message));
        }
    }
    let query = &rows.query;
    if let Some(width) = rows.width
        && width != rows.columns.len()
    {
        let plural = if width == 1 { "" } else { "s" };
        let message = format!("the query gives {width} column{plural}, {} are listed", rows.columns.len());
        found.push(source.error(Code::TestColumns, first_line(source, query.span()), message));
    }
    if let Some(span) = query.as_of() {
        let message = "rows of a test have no time of their own";
        let help = "AT TIME behind the name of what is tested sets the time of the whole test";
        found.push(source.error(Code::TestReadsRelation, span, message).with_help(help));
    }
    let home = draft.name.schema_name();
    for name in query.references() {
        if let Meaning::System(..) = builder.namespace.resolve(&home, name) {
            continue;
        }
        let message = format!("`{}` is a real relation, and a test reads none", written(source, name));
        let diagnostic = source.error(Code::TestReadsRelation, name.span, message);
        found.push(diagnostic.with_help("write the rows out with VALUES; only the view reads the mocks"));
    }
}

/// Reports mocks that mean nothing, stand there twice, or do not look like what they stand for.
fn mocks(builder: &Builder<'_>, draft: &Draft<'_>, test: &UnitTest, found: &mut Vec<Diagnostic>) {
    let source = draft.source;
    let home = draft.name.schema_name();
    let mut first: BTreeMap<Relation, Span> = BTreeMap::new();
    for mock in &test.mocks {
        let meaning = builder.namespace.resolve(&home, &mock.name);
        let Some(relation) = Relation::of(&meaning) else {
            let written = written(source, &mock.name);
            let message = format!("`{written}` has too many parts: a name is database, schema, object");
            found.push(source.error(Code::UnknownRelation, mock.name.span, message));
            continue;
        };
        if let Some(first) = first.get(&relation) {
            let message = format!("`{relation}` is mocked twice");
            let diagnostic = source.error(Code::TestDuplicateMock, mock.name.span, message);
            found.push(diagnostic.with_label(source.label(*first, "first here")));
            continue;
        }
        first.insert(relation, mock.name.span);
        if let Meaning::Object(name) = meaning
            && let Some(real) = builder.draft(&name)
            && let StatementKind::CreateTable(table) = &real.main.kind
            && table.from_source.is_none()
        {
            against(draft, mock, &real, table, found);
        }
    }
}

/// Compares a mock with the table it stands for.
fn against(
    draft: &Draft<'_>,
    mock: &Mock,
    real: &Draft<'_>,
    table: &CreateTable,
    found: &mut Vec<Diagnostic>,
) {
    let source = draft.source;
    let mut missing: Vec<&Ident> = table.columns.iter().map(|column| &column.name.ident).collect();
    for column in &mock.rows.columns {
        missing.retain(|name| **name != column.name.ident);
        let Some(known) = table.columns.iter().find(|known| known.name.ident == column.name.ident) else {
            let message = format!("`{}` has no column `{}`", real.name, column.name.ident);
            found.push(source.error(Code::TestMockMismatch, column.name.span, message));
            continue;
        };
        let text = known.data_type.as_deref().unwrap_or_default();
        let Ok(data_type) = DataType::parse(text) else { continue };
        if !same(&column.data_type, &data_type) {
            let message = format!("column `{}` of `{}` is of type {text}", column.name.ident, real.name);
            let diagnostic = source.error(Code::TestMockMismatch, column.type_span, message);
            found.push(diagnostic.with_label(real.source.label(known.name.span, "here")));
        }
    }
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("the mock of `{}` lacks {}", real.name, names.join(", "));
        found.push(source.error(Code::TestMockMismatch, mock.name.span, message));
    }
}

/// Reports what the view reads and the test does not mock; what the system has may be read.
fn unmocked(
    builder: &Builder<'_>,
    draft: &Draft<'_>,
    test: &UnitTest,
    opening: Span,
    found: &mut Vec<Diagnostic>,
) {
    let home = draft.name.schema_name();
    let mocked: BTreeSet<Relation> = test
        .mocks
        .iter()
        .filter_map(|mock| Relation::of(&builder.namespace.resolve(&home, &mock.name)))
        .collect();
    let mut read: Vec<&RawName> = mentions(&draft.main.kind)
        .into_iter()
        .filter_map(|mention| match mention {
            Mention::Object(name) => Some(name),
            Mention::Defined(_) | Mention::Cluster(_) | Mention::Qualifier(_) => None,
        })
        .collect();
    read.sort_by_key(|name| name.span);
    let mut told = BTreeSet::new();
    for name in read {
        let meaning = builder.namespace.resolve(&home, name);
        let Some(relation @ Relation::Object(_)) = Relation::of(&meaning) else { continue };
        if mocked.contains(&relation) || !told.insert(relation.clone()) {
            continue;
        }
        let message =
            format!("`{}` reads `{relation}`, which test `{}` does not mock", draft.name, test.name.ident);
        let diagnostic = draft.source.error(Code::TestUnmocked, opening, message);
        let diagnostic = diagnostic.with_label(draft.source.label(name.span, "read here"));
        let help = format!("add `MOCK {} (column type, …) AS (VALUES (…))`", written(draft.source, name));
        found.push(diagnostic.with_help(help));
    }
}

fn written(source: &Source, name: &RawName) -> String {
    name.span.of(source.sql()).to_owned()
}

/// The first line of a piece: what is underlined when it is about the whole of it.
fn first_line(source: &Source, span: Span) -> Span {
    let text = span.of(source.sql());
    let end = text.find('\n').unwrap_or(text.len());
    Span::new(span.start, span.start + text.get(..end).unwrap_or_default().trim_end().len())
}

/// Tells whether two types are spellings of one, precision apart.
fn same(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::Array(a), DataType::Array(b)) | (DataType::List(a), DataType::List(b)) => same(a, b),
        (DataType::Map(k, v), DataType::Map(l, w)) => same(k, l) && same(v, w),
        // `list` and `map` alone stand for any.
        (DataType::Named { name, .. }, DataType::List(_))
        | (DataType::List(_), DataType::Named { name, .. }) => own(name) == "list",
        (DataType::Named { name, .. }, DataType::Map(..))
        | (DataType::Map(..), DataType::Named { name, .. }) => own(name) == "map",
        (DataType::Named { name: a, .. }, DataType::Named { name: b, .. }) => own(a) == own(b),
        _ => false,
    }
}

/// A type's own name; the server tells of a schema's what it is.
fn own(name: &RawName) -> &str {
    match name.parts.last().map_or("", Ident::as_str) {
        "varchar" => "text",
        own => own,
    }
}
