//! Which file makes which object under a profile.
//!
//! Every file of `models/<database>/<schema>/` is a candidate for one object; the active profile's
//! variant wins over the default one. Start reading at [`choose`].

use super::checks;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::source::Place;
use super::source::Source;
use super::source::identifier;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::source::CreateSource;
use crate::sql::opaque::Opaque;
use crate::sql::span::Span;

/// An object that is going to be compiled.
pub(super) struct Draft<'a> {
    /// Its file.
    pub(super) source: &'a Source,
    /// The statement that creates it.
    pub(super) main: &'a Statement,
    /// What that creates.
    pub(super) kind: ObjectKind,
    /// Its name by the path, with the suffix.
    pub(super) name: ObjectName,
    /// The folder of its database, which has no suffix.
    pub(super) folder: Ident,
    /// Whether it is the view of a constraint, whose own file tells what is wrong with what it names.
    pub(super) of_constraint: bool,
    /// The other statements of the file that may stand there.
    pub(super) companions: Vec<&'a Statement>,
}

impl<'a> Draft<'a> {
    /// The source it is, if it is one.
    pub(super) fn as_source(&self) -> Option<&'a CreateSource> {
        match &self.main.kind {
            StatementKind::CreateSource(source) => Some(source),
            _ => None,
        }
    }

    /// Why only the server can read its query, if that is so.
    pub(super) fn opaque(&self) -> Option<&'a Opaque> {
        match &self.main.kind {
            StatementKind::CreateView(view) => view.query.opaque(),
            StatementKind::CreateMaterializedView(view) => view.query.opaque(),
            _ => None,
        }
    }
}

/// Which object a file is for: the names of its folders, and of the object without the profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) object: String,
}

/// A file that may make an object.
pub(super) struct Candidate<'a> {
    pub(super) source: &'a Source,
    /// The object it is for.
    pub(super) key: Key,
    /// The profile it is for; `None` for the default.
    pub(super) profile: Option<String>,
    /// The statements that create something, with what they create.
    pub(super) mains: Vec<(&'a Statement, ObjectKind)>,
}

impl<'a> Candidate<'a> {
    /// Looks at a file; `None` for one that is not in the folder of a schema.
    pub(super) fn of(source: &'a Source, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let Place::Object(database, schema, stem) = &source.place else { return None };
        let mains: Vec<_> = source
            .statements
            .iter()
            .filter_map(|statement| Some((statement, main_kind(&statement.kind)?)))
            .collect();
        let (object, profile) = object_and_profile(source, stem, &mains, found);
        let key = Key { database: database.clone(), schema: schema.clone(), object };
        Some(Self { source, key, profile, mains })
    }
}

/// What the files of one object come to.
pub(super) enum Choice<'a> {
    /// They make it.
    Made(Draft<'a>),
    /// None makes it although its path says so.
    Unmade(ObjectName),
}

/// Chooses among the files of one object and reports what is wrong with them; `None` where none is
/// for the profile, or its path names nothing.
pub(super) fn choose<'a>(
    candidates: &[Candidate<'a>],
    suffix: &str,
    profile: Option<&str>,
    found: &mut Vec<Diagnostic>,
) -> Option<Choice<'a>> {
    for candidate in candidates {
        checks::main_statement::check(candidate, found);
    }
    checks::variant::check(candidates, found);
    let wanted = |wanted: Option<&str>| candidates.iter().find(|one| one.profile.as_deref() == wanted);
    let active = profile.and_then(|profile| wanted(Some(profile))).or_else(|| wanted(None))?;
    let source = active.source;
    let folder = identifier(source, &active.key.database, found);
    let schema = identifier(source, &active.key.schema, found);
    let object = identifier(source, &active.key.object, found);
    let (folder, schema, object) = (folder?, schema?, object?);
    let database = identifier(source, &format!("{}{suffix}", folder.as_str()), found)?;
    let name = ObjectName::new(database, schema, object);
    let Some((main, kind)) = active.mains.first() else { return Some(Choice::Unmade(name)) };
    Some(Choice::Made(Draft {
        source,
        main,
        kind: *kind,
        name,
        folder,
        of_constraint: false,
        companions: companions(source),
    }))
}

/// The statements of a file that may stand beside the one that creates an object.
pub(super) fn companions(source: &Source) -> Vec<&Statement> {
    source.statements.iter().filter(|one| is_companion(&one.kind)).collect()
}

/// Tells from a file's name which object it may make and for which profile.
fn object_and_profile(
    source: &Source,
    stem: &str,
    mains: &[(&Statement, ObjectKind)],
    found: &mut Vec<Diagnostic>,
) -> (String, Option<String>) {
    let split = stem.rsplit_once("__").filter(|(object, profile)| !object.is_empty() && !profile.is_empty());
    let Some((object, profile)) = split else { return (stem.to_owned(), None) };
    let own = mains.first().and_then(|(main, _)| main_name(&main.kind));
    if let Some(own) = own
        && own.parts.last().is_some_and(|own| own.as_str() == stem)
    {
        let message =
            format!("mz-deploy would take `{stem}` for the variant of `{object}` for profile `{profile}`");
        found.push(source.warning(Code::NotMzDeploy, own.span, message));
        return (stem.to_owned(), None);
    }
    (object.to_owned(), Some(profile.to_owned()))
}

/// What a statement creates, if an object's file may create it.
pub(super) fn main_kind(kind: &StatementKind) -> Option<ObjectKind> {
    match kind {
        StatementKind::CreateTable(_) => Some(ObjectKind::Table),
        StatementKind::CreateView(_) => Some(ObjectKind::View),
        StatementKind::CreateMaterializedView(view) if !view.replacement => {
            Some(ObjectKind::MaterializedView)
        }
        StatementKind::CreateSource(_) => Some(ObjectKind::Source),
        StatementKind::CreateSink(_) => Some(ObjectKind::Sink),
        StatementKind::CreateConnection(_) => Some(ObjectKind::Connection),
        StatementKind::CreateSecret(_) => Some(ObjectKind::Secret),
        StatementKind::CreateType(_) => Some(ObjectKind::Type),
        _ => None,
    }
}

/// The name in a statement that creates an object; a sink may have none.
pub(super) fn main_name(kind: &StatementKind) -> Option<&RawName> {
    match kind {
        StatementKind::CreateTable(table) => Some(&table.name),
        StatementKind::CreateView(view) => Some(&view.name),
        StatementKind::CreateMaterializedView(view) => Some(&view.name),
        StatementKind::CreateSource(source) => Some(&source.name),
        StatementKind::CreateSink(sink) => sink.name.as_ref(),
        StatementKind::CreateConnection(connection) => Some(&connection.name),
        StatementKind::CreateSecret(secret) => Some(&secret.name),
        StatementKind::CreateType(own) => Some(&own.name),
        _ => None,
    }
}

/// Tells whether a statement may stand beside the one that creates an object.
pub(super) fn is_companion(kind: &StatementKind) -> bool {
    match kind {
        StatementKind::CreateIndex(_)
        | StatementKind::CreateConstraint(_)
        | StatementKind::UnitTest(_)
        | StatementKind::Comment(_) => true,
        StatementKind::Privileges(privileges) => privileges.grant,
        _ => false,
    }
}

/// Where a statement's first words stand: what is underlined when it is about the whole of it.
pub(super) fn opening(source: &Source, statement: &Statement) -> Span {
    let text = statement.span.of(source.sql());
    let end = text.find(['\n', '(', ';']).unwrap_or(text.len());
    let line = text.get(..end).unwrap_or(text).trim_end();
    Span::new(statement.span.start, statement.span.start + line.len())
}
