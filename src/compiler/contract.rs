//! `types.lock`: what the relations look like that a project reads and does not define.
//!
//! The format is mz-deploy's. Columns are in the order of their positions, keys that are not known
//! are passed over, and a file that cannot be read is a diagnostic. Start reading at [`read`] and
//! [`Contracts::write`].

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;

use serde::Deserialize;
use toml::Spanned;

use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::object::Column;
use super::settings::SYSTEM_SCHEMAS;
use super::source::Source;
use crate::name::Ident;
use crate::name::NameError;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::split_dotted;
use crate::sql::data_type::DataType;
use crate::sql::span::Span;

/// The file, beside `project.toml`.
pub const FILE: &str = "types.lock";

/// What the file begins with.
const HEADER: &str = "\
# The columns of what this project reads and does not define, as `mzflow lock` found them.
# Commit this file; write it anew with `mzflow lock` when an upstream table changes.
";

/// The only version there is.
const VERSION: u8 = 1;

/// The kinds in the order in which they are written.
pub const KINDS: [ObjectKind; 7] = [
    ObjectKind::Secret,
    ObjectKind::Connection,
    ObjectKind::Source,
    ObjectKind::Table,
    ObjectKind::View,
    ObjectKind::MaterializedView,
    ObjectKind::Sink,
];

/// What the catalog calls types that it does not tell entirely.
pub const FAMILIES: [&str; 3] = ["list", "map", "record"];

/// The name of something that a project does not define.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContractName {
    /// Something in a database.
    Object(ObjectName),
    /// Something of the system: its schema and its own name.
    System(Ident, Ident),
}

impl ContractName {
    /// Reads a name as `project.toml` and `types.lock` have it: parts are taken as they are, unless
    /// one is quoted; then it is read as SQL. `None` for what has neither three parts nor two of
    /// which the first is a schema of the system.
    pub fn read(text: &str) -> Option<Self> {
        let parts: Result<Vec<Ident>, NameError> = if text.contains('"') {
            split_dotted(text, "database.schema.object")
        } else {
            text.split('.').map(Ident::new).collect()
        };
        match parts.ok()?.as_slice() {
            [schema, own] if SYSTEM_SCHEMAS.contains(&schema.as_str()) => {
                Some(Self::System(schema.clone(), own.clone()))
            }
            [database, schema, own] => {
                Some(Self::Object(ObjectName::new(database.clone(), schema.clone(), own.clone())))
            }
            _ => None,
        }
    }

    fn parts(&self) -> Vec<&Ident> {
        match self {
            Self::Object(name) => vec![&name.database, &name.schema, &name.object],
            Self::System(schema, own) => vec![schema, own],
        }
    }

    /// The name as [`ContractName::read`] takes it.
    fn write(&self) -> String {
        let parts = self.parts();
        let is_plain = parts.iter().all(|part| !part.as_str().contains(['.', '"']));
        let parts = parts.iter().map(|part| if is_plain { part.as_str().to_owned() } else { part.sql() });
        parts.collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for ContractName {
    /// Writes it for people: quotes only where they are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts().iter().map(ToString::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// What something looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// What it is; one of [`KINDS`].
    pub kind: ObjectKind,
    /// The comment on it.
    pub comment: Option<String>,
    /// Its columns, in the order of their positions.
    pub columns: Vec<LockedColumn>,
}

impl Contract {
    /// Its columns with their types; `None` where one of these is only the word for a family, as the
    /// catalog calls every list and every map.
    pub fn typed(&self) -> Option<Vec<Column>> {
        let is_told = |one: &LockedColumn| !FAMILIES.contains(&one.data_type.as_str());
        let columns = self.columns.iter();
        let typed = columns.map(|one| Column { name: one.name.clone(), data_type: one.data_type.clone() });
        self.columns.iter().all(is_told).then(|| typed.collect())
    }
}

/// A column as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedColumn {
    /// Its name.
    pub name: Ident,
    /// Its type, as SQL.
    pub data_type: String,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// The comment on it.
    pub comment: Option<String>,
}

/// Everything that `types.lock` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contracts {
    /// By name.
    pub entries: BTreeMap<ContractName, Contract>,
    /// Where the file names them.
    pub places: BTreeMap<ContractName, Span>,
}

#[derive(Debug, Deserialize)]
struct Document {
    /// Required, and not compared: the format has one version.
    #[expect(dead_code, reason = "it has to be there and be a small number")]
    version: u8,
    #[serde(default)]
    secret: Vec<Entry>,
    #[serde(default)]
    connection: Vec<Entry>,
    #[serde(default)]
    source: Vec<Entry>,
    #[serde(default)]
    table: Vec<Entry>,
    #[serde(default)]
    view: Vec<Entry>,
    #[serde(default, rename = "materialized-view")]
    materialized_view: Vec<Entry>,
    #[serde(default)]
    sink: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: Spanned<String>,
    comment: Option<String>,
    columns: Vec<WrittenColumn>,
}

#[derive(Debug, Deserialize)]
struct WrittenColumn {
    name: Spanned<String>,
    #[serde(rename = "type")]
    data_type: Spanned<String>,
    nullable: bool,
    comment: Option<String>,
}

/// Reads the file.
pub(super) fn read(source: &Source, found: &mut Vec<Diagnostic>) -> Contracts {
    let mut invalid = |span: std::ops::Range<usize>, message: String| {
        let diagnostic = source.error(Code::InvalidLock, Span::new(span.start, span.end), message);
        found.push(diagnostic.with_help("write it anew with `mzflow lock`"));
    };
    let document: Document = match toml::from_str(&source.text) {
        Ok(document) => document,
        Err(error) => {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            invalid(error.span().unwrap_or_default(), message);
            return Contracts::default();
        }
    };
    let Document { secret, connection, source, table, view, materialized_view, sink, .. } = document;
    let lists = [secret, connection, source, table, view, materialized_view, sink];
    let mut contracts = Contracts::default();
    for (kind, entries) in KINDS.into_iter().zip(lists) {
        for entry in entries {
            let Some(name) = ContractName::read(entry.name.as_ref()) else {
                invalid(entry.name.span(), format!("`{}` is no full name", entry.name.as_ref()));
                continue;
            };
            let columns = entry.columns.iter().filter_map(|one| column(one, &mut invalid)).collect();
            let contract = Contract { kind, comment: entry.comment, columns };
            let range = entry.name.span();
            contracts.places.insert(name.clone(), Span::new(range.start, range.end));
            if contracts.entries.insert(name, contract).is_some() {
                invalid(entry.name.span(), format!("`{}` stands here twice", entry.name.as_ref()));
            }
        }
    }
    contracts
}

/// Reads a column, and reports a name or a type that is none.
fn column(
    written: &WrittenColumn,
    invalid: &mut impl FnMut(std::ops::Range<usize>, String),
) -> Option<LockedColumn> {
    let data_type = written.data_type.as_ref();
    if DataType::parse(data_type).is_err() {
        invalid(written.data_type.span(), format!("`{data_type}` is no type"));
    }
    match Ident::new(written.name.as_ref()) {
        Ok(name) => Some(LockedColumn {
            name,
            data_type: data_type.clone(),
            nullable: written.nullable,
            comment: written.comment.clone(),
        }),
        Err(error) => {
            invalid(written.name.span(), error.to_string());
            None
        }
    }
}

impl Contracts {
    /// What the file is to hold: the same for the same entries.
    pub fn write(&self) -> String {
        let mut text = format!("{HEADER}version = {VERSION}\n");
        for kind in KINDS {
            for (name, contract) in self.entries.iter().filter(|(_, contract)| contract.kind == kind) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\n[[{}]]\nname = {}\n", kind.catalog(), quoted(&name.write()));
                if let Some(comment) = &contract.comment {
                    let _ = writeln!(text, "comment = {}", quoted(comment));
                }
                text.push_str("columns = [");
                for (number, column) in contract.columns.iter().enumerate() {
                    text.push_str(if number == 0 { "\n" } else { "" });
                    let _ = write!(
                        text,
                        "    {{ name = {}, type = {}, nullable = {}",
                        quoted(column.name.as_str()),
                        quoted(&column.data_type),
                        column.nullable
                    );
                    if let Some(comment) = &column.comment {
                        let _ = write!(text, ", comment = {}", quoted(comment));
                    }
                    text.push_str(" },\n");
                }
                text.push_str("]\n");
            }
        }
        text
    }
}

/// A text as a string of TOML on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::compiler::source::File;
    use crate::compiler::source::Place;

    fn parsed(text: &str) -> (Contracts, String) {
        let file = File { path: FILE.to_owned(), text: text.into() };
        let source = Source::plain(file, Place::Settings);
        let mut found = Vec::new();
        let contracts = read(&source, &mut found);
        let line =
            |one: &Diagnostic| format!("{} {}:{} {}\n", one.code.as_str(), one.line, one.column, one.message);
        (contracts, found.iter().map(line).collect())
    }

    fn column(name: &str, data_type: &str, comment: Option<&str>) -> LockedColumn {
        LockedColumn {
            name: Ident::new(name).unwrap_or_else(|error| panic!("{error}")),
            data_type: data_type.to_owned(),
            nullable: comment.is_none(),
            comment: comment.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let name = |text: &str| ContractName::read(text).unwrap_or_else(|| panic!("{text}"));
        let mut contracts = Contracts::default();
        let mut put = |kind, text: &str, comment: Option<&str>, columns| {
            let contract = Contract { kind, comment: comment.map(str::to_owned), columns };
            contracts.entries.insert(name(text), contract);
        };
        put(ObjectKind::View, "mz_catalog.mz_tables", None, vec![column("id", "text", None)]);
        put(
            ObjectKind::Table,
            "raw.in.Clicks",
            Some("a \"click\"\n\\ 1\u{7f}"),
            vec![column("z", "numeric(39,2)", Some("é")), column("a b", "text list", None)],
        );
        put(ObjectKind::Table, "raw.\"i.n\".\"x\"", None, Vec::new());
        put(ObjectKind::Secret, "raw.in.pw", None, Vec::new());
        let text = contracts.write();
        expect![[r##"
            # The columns of what this project reads and does not define, as `mzflow lock` found them.
            # Commit this file; write it anew with `mzflow lock` when an upstream table changes.
            version = 1

            [[secret]]
            name = "raw.in.pw"
            columns = []

            [[table]]
            name = "\"raw\".\"i.n\".\"x\""
            columns = []

            [[table]]
            name = "raw.in.Clicks"
            comment = "a \"click\"\n\\ 1\u007F"
            columns = [
                { name = "z", type = "numeric(39,2)", nullable = false, comment = "é" },
                { name = "a b", type = "text list", nullable = true },
            ]

            [[view]]
            name = "mz_catalog.mz_tables"
            columns = [
                { name = "id", type = "text", nullable = true },
            ]
        "##]]
        .assert_eq(&text);
        let (read, wrong) = parsed(&text);
        assert_eq!((read.entries, wrong.as_str()), (contracts.entries, ""));
        assert_eq!(read.places.len(), 4);
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        let told = |text: &str| parsed(text).1;
        let all = [
            told("version = 1\n<<<<<<< ours\n"),
            told("[[table]]\nname = \"a.b.c\"\ncolumns = []\n"),
            told("version = 300\n"),
            told("version = 1\n[[table]]\nname = \"a.b.c\"\n"),
            told("version = 2\nmore = 1\n[[index]]\n[[table]]\nname = \"a.b\"\nx = 1\ncolumns = []\n"),
            told(
                "version = 1\n[[table]]\nname = \"a.b.c\"\ncolumns = [{ name = \"\", type = \"int int\", nullable = true, y = 2 }]\n[[view]]\nname = \"a.b.c\"\ncolumns = []\n",
            ),
        ];
        expect![[r#"
            project.invalid-lock 2:9 key with no value, expected `=`
            project.invalid-lock 1:1 missing field `version`
            project.invalid-lock 1:11 invalid value: integer `300`, expected u8
            project.invalid-lock 2:1 missing field `columns`
            project.invalid-lock 5:8 `a.b` is no full name
            project.invalid-lock 4:32 `int int` is no type
            project.invalid-lock 4:21 an identifier cannot be empty
            project.invalid-lock 6:8 `a.b.c` stands here twice
        "#]]
        .assert_eq(&all.concat());
    }
}
