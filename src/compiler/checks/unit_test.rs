//! Unit tests: of views, whole, and of nothing but what stands in them.
//!
//! Types are compared as mz-deploy does, by name and without their precision; what only the server
//! knows is compared when the test is run.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::compiler::build::Builder;
use crate::compiler::build::columns_of;
use crate::compiler::checks::opaque;
use crate::compiler::contract::ContractName;
use crate::compiler::contract::LockedColumn;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::compiler::namespace::Meaning;
use crate::compiler::object::Column;
use crate::compiler::source::Source;
use crate::compiler::unit_test::mocked;
use crate::compiler::unit_test::name;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
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
    if let Some(opaque) = test.at_time.as_ref().and_then(|time| time.opaque()) {
        found.push(opaque::unread(source, opaque, "time", "the test is run"));
    } else if let Some(time) = &test.at_time
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
        let name = name(draft, statement, test);
        unmocked(builder, draft, (test, &name), opening, found);
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
    if let Some(width) = rows.query.width()
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
    if let Some(opaque) = query.opaque() {
        // What it names is a guess.
        found.push(opaque::unread(source, opaque, "query", "the test is run"));
        return;
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
    let mut first: BTreeMap<ContractName, Span> = BTreeMap::new();
    for mock in &test.mocks {
        let meaning = builder.namespace.resolve(&home, &mock.name);
        let written = written(source, &mock.name);
        let Some(relation) = mocked(&meaning) else {
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
        first.insert(relation.clone(), mock.name.span);
        if let Some(real) = Real::of(builder, &meaning, &relation) {
            against(draft, mock, &relation, &real, found);
        }
    }
}

/// What is known of a relation that is mocked.
struct Real<'a> {
    columns: Vec<Column>,
    /// Its own file, and where that names the columns.
    places: Option<(&'a Source, Vec<Span>)>,
}

impl<'a> Real<'a> {
    /// Looks it up: among the tables of the project, else in `types.lock`.
    fn of(builder: &'a Builder<'_>, meaning: &Meaning, name: &ContractName) -> Option<Self> {
        if let Meaning::Object(name) = meaning
            && let Some(draft) = builder.draft(name)
            && let Some(columns) = columns_of(draft.main)
            && let StatementKind::CreateTable(table) = &draft.main.kind
        {
            let places = table.columns.iter().map(|column| column.name.span).collect();
            return Some(Self { columns, places: Some((draft.source, places)) });
        }
        let contract = match name {
            ContractName::Object(name) => builder.locked(name)?,
            ContractName::System(..) => builder.contracts.entries.get(name)?,
        };
        let columns = contract.columns.iter();
        let column = |one: &LockedColumn| Column { name: one.name.clone(), data_type: one.data_type.clone() };
        Some(Self { columns: columns.map(column).collect(), places: None })
    }
}

/// Compares a mock with what it stands for.
fn against(
    draft: &Draft<'_>,
    mock: &Mock,
    name: &ContractName,
    real: &Real<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let source = draft.source;
    let mut missing: Vec<&Ident> = real.columns.iter().map(|column| &column.name).collect();
    for column in &mock.rows.columns {
        let own = &column.name.ident;
        missing.retain(|name| *name != own);
        let Some(at) = real.columns.iter().position(|known| known.name == *own) else {
            let message = format!("`{name}` has no column `{own}`");
            found.push(source.error(Code::TestMockMismatch, column.name.span, message));
            continue;
        };
        let text = real.columns.get(at).map_or("", |known| known.data_type.as_str());
        let Ok(data_type) = DataType::parse(text) else { continue };
        if !column.data_type.is_like(&data_type) {
            let message = format!("column `{own}` of `{name}` is of type {text}");
            let diagnostic = source.error(Code::TestMockMismatch, column.type_span, message);
            let place = real.places.as_ref().and_then(|(file, spans)| Some((file, *spans.get(at)?)));
            found.push(match place {
                Some((file, span)) => diagnostic.with_label(file.label(span, "here")),
                None => diagnostic,
            });
        }
    }
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("the mock of `{name}` lacks {}", names.join(", "));
        found.push(source.error(Code::TestMockMismatch, mock.name.span, message));
    }
}

/// Reports what the view reads and the test does not mock; what the system has may be read.
fn unmocked(
    builder: &Builder<'_>,
    draft: &Draft<'_>,
    (test, name_of_test): (&UnitTest, &Ident),
    opening: Span,
    found: &mut Vec<Diagnostic>,
) {
    let home = draft.name.schema_name();
    let mocked = test.mocks.iter().map(|mock| builder.namespace.resolve(&home, &mock.name));
    let mocked: BTreeSet<ObjectName> = mocked.filter_map(|meaning| meaning.name().cloned()).collect();
    let mut read: Vec<&RawName> = mentions(&draft.main.kind)
        .into_iter()
        .filter_map(|mention| match mention {
            Mention::Object(name) => Some(name),
            Mention::Defined(_)
            | Mention::Type(_)
            | Mention::Cluster(_)
            | Mention::Qualifier(_)
            | Mention::Perhaps(_) => None,
        })
        .collect();
    read.sort_by_key(|name| name.span);
    let mut told = BTreeSet::new();
    for name in read {
        let meaning = builder.namespace.resolve(&home, name);
        let Some(relation) = meaning.name() else { continue };
        if mocked.contains(relation) || !told.insert(relation.clone()) {
            continue;
        }
        let message =
            format!("`{}` reads `{relation}`, which test `{name_of_test}` does not mock", draft.name);
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
