//! A file of the project: its place, its text before and after substitution, its statements.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;

use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::diagnostic::Label;
use super::diagnostic::Phase;
use super::diagnostic::Severity;
use super::draft::Candidate;
use super::draft::Key;
use super::draft::main_kind;
use super::variables::Edits;
use super::variables::Substituted;
use super::variables::substitute;
use crate::name::Ident;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::canonical::sketch::Sketch;
use crate::sql::error::SyntaxError;
use crate::sql::opaque::instead;
use crate::sql::parse;
use crate::sql::span::Places;
use crate::sql::span::Span;
use crate::sql::span::line;
use crate::sql::span::line_column;

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the project, with `/` between its parts: `models/app/core/orders.sql`.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
}

/// The path of the settings.
pub(super) const SETTINGS: &str = "project.toml";

/// What a file is for, by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `project.toml`
    Settings,
    /// `models/<database>.sql`
    Database(String),
    /// `models/<database>/<schema>.sql`
    Schema(String, String),
    /// `models/<database>/<schema>/<stem>.sql`
    Object(String, String, String),
    /// `clusters/<stem>.sql`
    Cluster(String),
    /// `roles/<stem>.sql`
    Role(String),
    /// `network-policies/<stem>.sql`
    NetworkPolicy(String),
}

/// Tells what a file is for; `None` for files the project does not use.
pub(super) fn place(path: &str) -> Option<Place> {
    if path == SETTINGS {
        return Some(Place::Settings);
    }
    let stem = path.strip_suffix(".sql")?;
    let parts: Vec<&str> = stem.split('/').collect();
    // A file called `.sql` has no name; folders with a dot in front are not the project's.
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let visible = |part: &str| !part.starts_with('.');
    match parts.as_slice() {
        ["clusters", stem] => Some(Place::Cluster((*stem).to_owned())),
        ["roles", stem] => Some(Place::Role((*stem).to_owned())),
        ["network-policies", stem] => Some(Place::NetworkPolicy((*stem).to_owned())),
        ["models", database] if visible(database) => Some(Place::Database((*database).to_owned())),
        ["models", database, schema] if visible(database) && visible(schema) => {
            Some(Place::Schema((*database).to_owned(), (*schema).to_owned()))
        }
        ["models", database, schema, stem] if visible(database) && visible(schema) => {
            Some(Place::Object((*database).to_owned(), (*schema).to_owned(), (*stem).to_owned()))
        }
        _ => None,
    }
}

/// A file and what is in it. Spans of its statements count bytes of `sql`, which differs from the
/// file's text where variables were replaced; everything that is said is about the file's text.
pub(super) struct Source {
    /// Its path.
    pub(super) path: String,
    /// Its text as it is on the disk.
    pub(super) text: Arc<str>,
    /// What it is for.
    pub(super) place: Place,
    /// The object it is for, if it stands in the folder of a schema.
    pub(super) key: Option<Arc<Key>>,
    /// Its statements, in the order of the text. Their queries have no tree any more.
    pub(super) statements: Vec<Statement>,
    /// What those mean that count for a fingerprint, by their first byte.
    meanings: Vec<(usize, Sketch)>,
    substituted: Substituted,
    mistakes: Vec<SyntaxError>,
    /// Made when a place is asked for, and only of a long file.
    places: OnceLock<Places>,
}

/// Up to how many bytes a file is short: a place in it is found by counting from the beginning.
const SHORT: usize = 4096;

impl Source {
    /// Takes a file whose statements are not wanted.
    pub(super) fn plain(file: File, place: Place) -> Self {
        let substituted = substitute(&Arc::default(), &BTreeMap::new());
        Self {
            path: file.path,
            text: file.text,
            place,
            key: None,
            statements: Vec::new(),
            meanings: Vec::new(),
            substituted,
            mistakes: Vec::new(),
            places: OnceLock::new(),
        }
    }

    /// Replaces the variables of a file and parses it.
    pub(super) fn parsed(file: File, place: Place, variables: &BTreeMap<String, String>) -> Self {
        let substituted = substitute(&file.text, variables);
        // An undefined variable is no SQL that the server could know.
        let read = if substituted.undefined.is_empty() { parse::file } else { parse::strictly };
        let (mut statements, mistakes) = read(&substituted.text);
        let meanings = meanings(&substituted.text, &statements);
        statements.iter_mut().for_each(forget_tree);
        let (path, text, places) = (file.path, file.text, OnceLock::new());
        let mut source =
            Self { path, text, place, key: None, statements, meanings, substituted, mistakes, places };
        // What is wrong with it is told when the object is settled.
        source.key = Candidate::of(&source, &mut Vec::new()).map(|candidate| Arc::new(candidate.key));
        source
    }

    /// Statements that stand for a part of the file: whatever is said about them is said of that part.
    pub(super) fn standing_for(&self, sql: String, part: Span) -> Self {
        let substituted = Substituted::standing_for(sql, self.original(part));
        let (statements, mistakes) = parse::file(&substituted.text);
        let meanings = meanings(&substituted.text, &statements);
        let (path, text, place) = (self.path.clone(), Arc::clone(&self.text), self.place.clone());
        let places = OnceLock::new();
        Self { path, text, place, key: None, statements, meanings, substituted, mistakes, places }
    }

    /// The file itself.
    pub(super) fn file(self) -> File {
        File { path: self.path, text: self.text }
    }

    /// What a statement of the file means, with its names left open; `None` for one that counts for
    /// no fingerprint.
    pub(super) fn meaning(&self, statement: &Statement) -> Option<&Sketch> {
        let own = self.meanings.iter().find(|(start, _)| *start == statement.span.start);
        own.map(|(_, sketch)| sketch)
    }

    /// The text that was parsed.
    pub(super) fn sql(&self) -> &str {
        &self.substituted.text
    }

    /// The text that was parsed, for who keeps a part of it.
    pub(super) fn shared_sql(&self) -> Arc<str> {
        Arc::clone(&self.substituted.text)
    }

    /// Whether some of it could not be read.
    pub(super) fn is_broken(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// What is wrong with its variables and its syntax.
    pub(super) fn diagnostics(&self, profile: Option<&str>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (name, span) in &self.substituted.undefined {
            let message = format!("variable `{name}` is not defined");
            let mut diagnostic = self.at(Code::UndefinedVariable, *span, message);
            if self.substituted.lenient {
                diagnostic.severity = Severity::Warning;
            }
            found.push(match profile {
                Some(profile) => diagnostic
                    .with_help(format!("add it to `[profiles.{profile}.variables]` of project.toml")),
                None => diagnostic.with_help("no profile is selected, so no variable has a value"),
            });
        }
        // An undefined variable is no SQL, so its file has syntax errors for no other reason.
        if self.substituted.undefined.is_empty() || self.substituted.lenient {
            found.extend(self.mistakes.iter().map(|mistake| {
                let mut diagnostic = self.error(Code::Syntax, mistake.span, sentence(&mistake.message));
                let meant = mistake.meant.map(|keyword| format!("did you mean `{keyword}`?"));
                diagnostic.help = meant.or_else(|| instead(self.sql(), mistake.span).map(str::to_owned));
                diagnostic
            }));
        }
        found
    }

    /// The place in the file of a place in what was parsed.
    pub(super) fn original(&self, span: Span) -> Span {
        if matches!(self.place, Place::Settings) { span } else { self.substituted.edits.original(span) }
    }

    /// What leads from places in what was parsed to places in the file.
    pub(super) fn edits(&self) -> Edits {
        self.substituted.edits.clone()
    }

    /// The line of a place in what was parsed.
    pub(super) fn line(&self, span: Span) -> usize {
        let byte = self.original(span).start;
        if self.text.len() < SHORT {
            return line(&self.text, byte);
        }
        self.line_column(byte).0
    }

    /// Line and column of a byte of the file.
    fn line_column(&self, byte: usize) -> (usize, usize) {
        if self.text.len() < SHORT {
            return line_column(&self.text, byte);
        }
        self.places.get_or_init(|| Places::of(&self.text)).line_column(&self.text, byte)
    }

    /// An error about a place in what was parsed.
    pub(super) fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        self.at(code, self.original(span), message)
    }

    /// A warning about a place in what was parsed.
    pub(super) fn warning(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        let mut diagnostic = self.error(code, span, message);
        diagnostic.severity = Severity::Warning;
        diagnostic
    }

    /// A remark about a place in what was parsed.
    pub(super) fn label(&self, span: Span, message: impl Into<String>) -> Label {
        let span = self.original(span);
        let (line, column) = self.line_column(span.start);
        Label { file: self.path.clone(), span, line, column, message: message.into() }
    }

    /// An error about a place in the file.
    fn at(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        let (line, column) = self.line_column(span.start);
        Diagnostic {
            severity: Severity::Error,
            phase: Phase::Compile,
            code,
            message: message.into(),
            file: self.path.clone(),
            span,
            line,
            column,
            help: None,
            labels: Vec::new(),
        }
    }
}

/// Tells what the statements of a text mean that create something, its indexes and constraints.
fn meanings(text: &str, statements: &[Statement]) -> Vec<(usize, Sketch)> {
    let main = statements.iter().find(|statement| main_kind(&statement.kind).is_some());
    // A default index is on all columns, which only a table's file tells.
    let columns: Option<Vec<Ident>> = match main.map(|main| &main.kind) {
        Some(StatementKind::CreateTable(table)) if table.feed.is_none() => {
            Some(table.columns.iter().map(|column| column.name.ident.clone()).collect())
        }
        _ => None,
    };
    let counted = statements.iter().filter(|statement| {
        main_kind(&statement.kind).is_some()
            || matches!(statement.kind, StatementKind::CreateIndex(_) | StatementKind::CreateConstraint(_))
    });
    counted.map(|statement| (statement.span.start, Sketch::of(text, statement, columns.as_deref()))).collect()
}

/// Lets go of the tree of a statement's query: thousands of files are in memory at once.
fn forget_tree(statement: &mut Statement) {
    match &mut statement.kind {
        StatementKind::CreateView(view) => view.query.forget_tree(),
        StatementKind::CreateMaterializedView(view) => view.query.forget_tree(),
        _ => {}
    }
}

/// What the server would say, as it is said here.
pub(super) fn sentence(message: &str) -> String {
    let mut message = message.to_owned();
    if let Some(first) = message.get(..1).map(str::to_lowercase) {
        message.replace_range(..1, &first);
    }
    message
}

/// Takes a file or folder name as an identifier.
pub(super) fn identifier(source: &Source, text: &str, found: &mut Vec<Diagnostic>) -> Option<Ident> {
    match Ident::new(text) {
        Ok(ident) => Some(ident),
        Err(error) => {
            found.push(source.error(Code::InvalidIdentifier, Span::default(), error.to_string()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_identifier_can_have_is_told() {
        let file = File { path: "models/shop/core/v.sql".to_owned(), text: "SELECT 1".into() };
        let source = Source::plain(file, Place::Settings);
        let mut found = Vec::new();
        assert!(identifier(&source, "v", &mut found).is_some() && found.is_empty());
        assert!(identifier(&source, &"v".repeat(256), &mut found).is_none());
        assert_eq!(found[0].code, Code::InvalidIdentifier);
    }
}
