//! From drafts to objects: names resolved, companions attached, fingerprints taken.

use std::borrow::Cow;

use super::body::Body;
use super::body::Keys;
use super::body::Origin;
use super::checks;
use super::checks::relation::Unknown;
use super::contract::Contract;
use super::contract::ContractName;
use super::contract::Contracts;
use super::diagnostic::Diagnostic;
use super::draft::Draft;
use super::draft::main_name;
use super::draft::opening;
use super::files::Files;
use super::generator;
use super::modifier::roles;
use super::namespace::Meaning;
use super::namespace::Namespace;
use super::object::Column;
use super::object::Comment;
use super::object::Grant;
use super::object::Index;
use super::object::Object;
use super::template::Slot;
use super::template::Template;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::sql::ast::OptionValue;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::alter::CommentTarget;
use crate::sql::ast::create::ColumnDef;
use crate::sql::ast::create::CreateIndex;
use crate::sql::ast::create::Feed;
use crate::sql::ast::project::ConstraintKind;
use crate::sql::fingerprint::Fingerprint;
use crate::sql::fingerprint::Main;
use crate::sql::mention::Mention;
use crate::sql::mention::mentions;
use crate::sql::query::splice;
use crate::sql::span::Span;

/// What a draft reads: which objects, where it names them first, and what is outside.
#[derive(Default)]
pub(super) struct Reads {
    /// Objects of the project, each with the place of its first mention.
    pub(super) objects: Vec<(ObjectName, Span)>,
    /// Those of them that are types.
    pub(super) types: Vec<ObjectName>,
    /// Objects outside of the project.
    pub(super) external: Vec<ObjectName>,
    /// Entries of `dependencies` by number.
    pub(super) declared: Vec<usize>,
    /// Every full name whose meaning was asked for, whatever it is.
    pub(super) asked: Vec<ObjectName>,
    /// What names mean, by where they begin.
    pub(super) meanings: Vec<(usize, Meaning)>,
    /// Those that mean nothing.
    pub(super) unknown: Vec<Unknown>,
}

/// Everything that is needed to build an object.
pub(super) struct Builder<'a> {
    pub(super) files: &'a Files,
    pub(super) namespace: &'a Namespace,
    pub(super) contracts: &'a Contracts,
    pub(super) suffix: &'a str,
}

impl Builder<'_> {
    /// Resolves what a draft names, and reports what means nothing.
    pub(super) fn reads(&self, draft: &Draft<'_>, found: &mut Vec<Diagnostic>) -> Reads {
        let mut reads = Reads::default();
        let home = draft.name.schema_name();
        let mut names: Vec<&RawName> = Vec::new();
        for mention in mentions(&draft.main.kind) {
            match mention {
                Mention::Object(name) => names.push(name),
                Mention::Perhaps(readings) => {
                    let full = |name: &RawName| self.namespace.complete(&home, &name.parts);
                    reads.asked.extend(readings.iter().filter_map(full));
                    names.extend(self.meant(&home, readings));
                }
                Mention::Type(name) => self.reads_type(&home, name, &mut reads),
                Mention::Defined(_) | Mention::Qualifier(_) | Mention::Cluster(_) => {}
            }
        }
        names.sort_by_key(|name| name.span);
        for companion in &draft.companions {
            if let StatementKind::CreateIndex(_) = &companion.kind {
                self.reads_of_index(&home, companion, &mut reads);
            }
            if let StatementKind::CreateConstraint(constraint) = &companion.kind
                && let Some((target, _)) = &constraint.references
            {
                let meaning = self.resolve(draft, target, &mut reads);
                checks::relation::check(draft, target, &meaning, found);
                let parent = meaning.name().and_then(|name| self.draft(name));
                let locked = meaning.name().and_then(|name| self.locked(name));
                checks::constraint::foreign_key(draft, constraint, &meaning, parent.as_ref(), locked, found);
                if let Meaning::Declared(entry, _) = meaning {
                    reads.declared.push(entry);
                }
            }
        }
        for name in names {
            let meaning = self.resolve(draft, name, &mut reads);
            if is_bad_guess(draft, draft.main, &meaning) {
                checks::relation::check(draft, name, &meaning, found);
                continue;
            }
            if !draft.of_constraint {
                checks::relation::check(draft, name, &meaning, found);
            }
            match meaning {
                Meaning::Object(other)
                | Meaning::Subsource(other, _)
                | Meaning::PerhapsSubsource(other, _) => {
                    if reads.objects.iter().all(|(known, _)| *known != other) {
                        reads.objects.push((other, name.span));
                    }
                }
                Meaning::Declared(entry, full) => {
                    reads.declared.push(entry);
                    reads.external.push(full);
                }
                Meaning::Foreign(full) => reads.external.push(full),
                Meaning::Broken(_) | Meaning::System(..) | Meaning::Unknown(_) | Meaning::Malformed => {}
            }
        }
        reads.external.sort();
        reads.external.dedup();
        reads.meanings.sort_unstable_by_key(|(at, _)| *at);
        reads
    }

    /// Takes note of what the keys of an index name: types, for they read nothing.
    fn reads_of_index(&self, home: &SchemaName, index: &Statement, reads: &mut Reads) {
        for mention in mentions(&index.kind) {
            match mention {
                Mention::Type(name) => self.reads_type(home, name, reads),
                Mention::Perhaps(readings) => {
                    let full = |name: &RawName| self.namespace.complete(home, &name.parts);
                    reads.asked.extend(readings.iter().filter_map(full));
                    self.meant(home, readings).into_iter().for_each(|name| {
                        self.reads_type(home, name, reads);
                    });
                }
                Mention::Object(_) | Mention::Defined(_) | Mention::Qualifier(_) | Mention::Cluster(_) => {}
            }
        }
    }

    /// Takes note of a type, if it is the project's or declared.
    fn reads_type(&self, home: &SchemaName, name: &RawName, reads: &mut Reads) {
        reads.asked.extend(self.namespace.complete(home, &name.parts));
        match self.type_of(home, name) {
            Some(Meaning::Object(full)) if !reads.types.contains(&full) => {
                reads.types.push(full.clone());
                reads.objects.push((full, name.span));
            }
            Some(Meaning::Declared(entry, _)) => reads.declared.push(entry),
            _ => {}
        }
    }

    /// What a type means that may be a user's; `None` where it may be the server's as well.
    ///
    /// Unlike relations, types need not be known: files had none for a long time.
    pub(super) fn type_of(&self, home: &SchemaName, name: &RawName) -> Option<Meaning> {
        let meaning = self.namespace.resolve(home, name);
        match &meaning {
            Meaning::Object(full) if self.draft(full).is_some_and(|draft| draft.kind == ObjectKind::Type) => {
                Some(meaning)
            }
            Meaning::Declared(..) => Some(meaning),
            Meaning::Unknown(_) | Meaning::Foreign(_) | Meaning::Broken(_) if name.parts.len() > 1 => {
                Some(meaning)
            }
            _ => None,
        }
    }

    /// The first reading of a guessed name that is something's; `None` where none is.
    pub(super) fn meant<'n>(&self, home: &SchemaName, readings: &'n [RawName]) -> Option<&'n RawName> {
        readings.iter().find(|name| match self.namespace.resolve(home, name) {
            Meaning::Object(_) | Meaning::Subsource(..) | Meaning::Broken(_) | Meaning::Declared(..) => true,
            Meaning::PerhapsSubsource(..)
            | Meaning::System(..)
            | Meaning::Foreign(_)
            | Meaning::Unknown(_)
            | Meaning::Malformed => false,
        })
    }

    fn resolve(&self, draft: &Draft<'_>, name: &RawName, reads: &mut Reads) -> Meaning {
        let home = draft.name.schema_name();
        let meaning = self.namespace.resolve(&home, name);
        reads.asked.extend(self.namespace.complete(&home, &name.parts));
        if let Meaning::Unknown(full) = &meaning {
            reads.unknown.push(Unknown::new(draft, name, full));
        }
        reads.meanings.push((name.span.start, meaning.clone()));
        meaning
    }

    /// The draft of what has a name.
    pub(super) fn draft(&self, name: &ObjectName) -> Option<Draft<'_>> {
        self.files.draft(name, self.namespace)
    }

    /// What `types.lock` tells of something.
    pub(super) fn locked(&self, name: &ObjectName) -> Option<&Contract> {
        let entry = |name: ObjectName| self.contracts.entries.get(&ContractName::Object(name));
        entry(name.clone()).or_else(|| entry(self.namespace.unsuffixed(name)?))
    }

    /// Builds the object of a draft.
    pub(super) fn object(
        &self,
        draft: &Draft<'_>,
        reads: &Reads,
        subsources: Vec<ObjectName>,
        index_names: &[Option<Ident>],
        found: &mut Vec<Diagnostic>,
    ) -> Object {
        let source = draft.source;
        let indexes = self.indexes(draft, reads, index_names, found);
        let constraints =
            draft.companions.iter().filter(|one| matches!(one.kind, StatementKind::CreateConstraint(_)));
        let constraints: Vec<String> = constraints.map(|one| self.meaning(draft, reads, one)).collect();
        let stored = || indexes.iter().map(|(_, meaning)| meaning.as_str());
        let main = Main::of(&self.meaning(draft, reads, draft.main));
        let mut depends_on: Vec<ObjectName> = reads.objects.iter().map(|(name, _)| name.clone()).collect();
        depends_on.sort();
        depends_on.dedup();
        // Most objects have nothing beside them, and all three are the same.
        let own_fingerprint = main.with([]);
        let stored_fingerprint =
            if indexes.is_empty() { own_fingerprint.clone() } else { main.with(stored()) };
        let fingerprint = if constraints.is_empty() {
            stored_fingerprint.clone()
        } else {
            main.with(constraints.iter().map(String::as_str).chain(stored()))
        };
        let (grants, comments) = companions_of(draft);
        let tests = self.tests(draft, found);
        let start = after_name(draft);
        Object {
            name: draft.name.clone(),
            kind: draft.kind,
            cluster: self.cluster(cluster_of(draft.main)),
            file: source.path.clone(),
            line: source.line(draft.main.span),
            depends_on,
            types: reads.types.clone(),
            external: reads.external.clone(),
            fingerprint,
            stored_fingerprint,
            own_fingerprint,
            metadata_fingerprint: metadata(draft, &grants, &comments),
            indexes: indexes.into_iter().map(|(index, _)| index).collect(),
            grants,
            comments,
            subsources,
            generated: self.generated(draft),
            key: key(draft),
            not_null: not_null(draft.main),
            tests,
            columns: self.columns(draft),
            head: head(draft.kind),
            rest: self.rest(draft, reads, draft.main, start),
            body: Body::of(&draft.main.kind, Origin { start, edits: source.edits() }),
        }
    }

    /// The columns of a table that no source feeds, their types with full names.
    fn columns(&self, draft: &Draft<'_>) -> Option<Vec<Column>> {
        let mut columns = columns_of(draft.main)?;
        let StatementKind::CreateTable(table) = &draft.main.kind else { return Some(columns) };
        let home = draft.name.schema_name();
        for (column, written) in columns.iter_mut().zip(&table.columns) {
            column.data_type = self.in_full(&home, &column.data_type, written.type_start, &written.types);
        }
        Some(columns)
    }

    /// A piece of a file that begins at a byte, with the full names of the types in it.
    pub(super) fn in_full(&self, home: &SchemaName, text: &str, start: usize, types: &[RawName]) -> String {
        let full = |name: &RawName| Some((name.span, self.type_of(home, name)?.name()?.sql()));
        splice(text, start, types.iter().filter_map(full).collect())
    }

    /// The columns that a load generator gives to what a draft makes.
    fn generated(&self, draft: &Draft<'_>) -> Vec<(ObjectName, Vec<Column>)> {
        let home = draft.name.schema_name();
        let complete = |parts: &[Ident]| self.namespace.complete(&home, parts);
        match &draft.main.kind {
            StatementKind::CreateSource(source) => generator::generated(source, &draft.name, &complete),
            StatementKind::CreateTable(table) if table.columns.is_empty() => {
                let from = match &table.feed {
                    Some(Feed::Source(from)) => Some(from),
                    Some(Feed::Webhook(_)) | None => None,
                };
                let columns = from.and_then(|from| {
                    let source = self.namespace.resolve(&home, &from.source).name().cloned()?;
                    let upstream = from.reference.as_ref()?.parts.last()?.clone();
                    generator::of_table(self.draft(&source)?.as_source()?, upstream.as_str())
                });
                columns.map(|columns| (draft.name.clone(), columns)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// A statement's text behind a byte, with slots for its names.
    fn rest(&self, draft: &Draft<'_>, reads: &Reads, statement: &Statement, from: usize) -> Template {
        let home = draft.name.schema_name();
        let slots = mentions(&statement.kind)
            .into_iter()
            .filter_map(|mention| self.slot(draft, &home, statement, reads, mention));
        Template::new(draft.source.shared_sql(), Span::new(from, statement.span.end), slots)
    }

    fn slot(
        &self,
        draft: &Draft<'_>,
        home: &SchemaName,
        statement: &Statement,
        reads: &Reads,
        mention: Mention<'_>,
    ) -> Option<(Span, Slot)> {
        let read_slot = |name: &RawName| self.read_slot(draft, home, statement, reads, name);
        let slot = match mention {
            Mention::Defined(name) => Slot::Object(self.namespace.complete(home, &name.parts)?),
            Mention::Object(name) => read_slot(name)?,
            Mention::Type(name) => Slot::Type(self.type_of(home, name)?.name()?.clone()),
            Mention::Cluster(cluster) => Slot::Cluster(self.cluster(Some(cluster))?),
            Mention::Qualifier(qualifier) => {
                let own = qualifier.name.parts.last()?.clone();
                let parts = qualifier.name.parts.len();
                match read_slot(&qualifier.relation)? {
                    Slot::Object(relation) => Slot::Qualifier(relation, own, parts),
                    Slot::System(schema, relation) => Slot::SystemQualifier(schema, relation, parts),
                    _ => return None,
                }
            }
            Mention::Perhaps(readings) => {
                let name = self.meant(home, readings)?;
                return Some((name.span, read_slot(name)?));
            }
        };
        Some((mention.span(), slot))
    }

    /// The slot for what is read; `None` where that is a guess that means nothing.
    fn read_slot(
        &self,
        draft: &Draft<'_>,
        home: &SchemaName,
        statement: &Statement,
        reads: &Reads,
        name: &RawName,
    ) -> Option<Slot> {
        if is_guessed(statement) && is_bad_guess(draft, statement, &self.namespace.resolve(home, name)) {
            return None;
        }
        Some(match &*self.known(home, reads, name) {
            Meaning::System(schema, object) => Slot::System(schema.clone(), object.clone()),
            meaning => match meaning.name() {
                Some(full) => Slot::Object(full.clone()),
                None => Slot::Fixed(written(name)),
            },
        })
    }

    /// What a name means, which mostly was found out before.
    pub(super) fn known<'m>(&self, home: &SchemaName, reads: &'m Reads, name: &RawName) -> Cow<'m, Meaning> {
        let place = reads.meanings.binary_search_by_key(&name.span.start, |(at, _)| *at);
        match place.ok().and_then(|at| reads.meanings.get(at)) {
            Some((_, meaning)) => Cow::Borrowed(meaning),
            None => Cow::Owned(self.namespace.resolve(home, name)),
        }
    }

    /// A cluster under its production name.
    pub(super) fn cluster(&self, written: Option<&RawIdent>) -> Option<ClusterName> {
        let name = format!("{}{}", written?.ident.as_str(), self.suffix);
        Ident::new(name).ok().map(ClusterName)
    }

    fn indexes(
        &self,
        draft: &Draft<'_>,
        reads: &Reads,
        names: &[Option<Ident>],
        found: &mut Vec<Diagnostic>,
    ) -> Vec<(Index, String)> {
        let mut indexes = Vec::new();
        for ((statement, index), name) in indexes_of(draft).zip(names) {
            let Some(cluster) = self.cluster(index.cluster.as_ref()) else { continue };
            let Some(name) = name.clone() else {
                if let Some(given) = &index.name {
                    let name = draft.name.schema_name().object(given.ident.clone());
                    let owner = self.draft(&name);
                    checks::duplicate::report(draft, given.span, &name, owner.as_ref(), found);
                }
                continue;
            };
            let meaning = self.meaning(draft, reads, statement);
            let keys_at = keys_start(draft, statement, index);
            let built = Index {
                name,
                cluster,
                default: index.default,
                keys: index.keys.iter().map(|key| key.text().to_owned()).collect(),
                fingerprint: Fingerprint::of(&meaning, []),
                line: draft.source.line(statement.span),
                rest: self.rest(draft, reads, statement, keys_at),
                key_list: Keys::of(index, Origin { start: keys_at, edits: draft.source.edits() }),
            };
            indexes.push((built, meaning));
        }
        indexes
    }
}

/// Tells whether the names in a statement are a guess, because only the server can read it.
fn is_guessed(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::CreateView(view) => view.query.opaque().is_some(),
        StatementKind::CreateMaterializedView(view) => view.query.opaque().is_some(),
        StatementKind::CreateIndex(index) => index.keys.iter().any(|key| key.opaque().is_some()),
        _ => false,
    }
}

/// Tells whether a name in what only the server can read was taken for that of a relation and is none:
/// it stays as it is written.
fn is_bad_guess(draft: &Draft<'_>, statement: &Statement, meaning: &Meaning) -> bool {
    is_guessed(statement)
        && match meaning {
            Meaning::Unknown(_) | Meaning::Malformed => true,
            // Nothing reads itself, and an index is on it.
            meaning => {
                !matches!(statement.kind, StatementKind::CreateIndex(_))
                    && meaning.name() == Some(&draft.name)
            }
        }
}

/// The indexes among a draft's companions, in the order of the file.
pub(super) fn indexes_of<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (&'d Statement, &'d CreateIndex)> {
    draft.companions.iter().filter_map(|statement| match &statement.kind {
        StatementKind::CreateIndex(index) => Some((*statement, index)),
        _ => None,
    })
}

/// Where the part of an index that does not change begins: behind the relation and the method.
fn keys_start(draft: &Draft<'_>, statement: &Statement, index: &CreateIndex) -> usize {
    let from = index.on.span.end;
    let first = index.keys.first().map(|key| key.span().start);
    let text = Span::new(from, first.unwrap_or(statement.span.end)).of(draft.source.sql());
    match (first, text.rfind('(')) {
        (Some(_), Some(bracket)) => from + bracket,
        _ => from,
    }
}

/// The keywords before the name.
fn head(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Table => "CREATE TABLE",
        ObjectKind::View => "CREATE VIEW",
        ObjectKind::MaterializedView => "CREATE MATERIALIZED VIEW",
        ObjectKind::Source => "CREATE SOURCE",
        ObjectKind::Sink => "CREATE SINK",
        ObjectKind::Index => "CREATE INDEX",
        ObjectKind::Connection => "CREATE CONNECTION",
        ObjectKind::Secret => "CREATE SECRET",
        ObjectKind::Type => "CREATE TYPE",
        ObjectKind::Function => "CREATE FUNCTION",
    }
}

/// The byte behind the name; behind the keywords of a sink without one.
fn after_name(draft: &Draft<'_>) -> usize {
    match main_name(&draft.main.kind) {
        Some(name) => name.span.end,
        None => {
            let keyword = opening(draft.source, draft.main).of(draft.source.sql());
            let sink =
                keyword.to_ascii_uppercase().find("SINK").map_or(keyword.len(), |at| at + "SINK".len());
            draft.main.span.start + sink
        }
    }
}

/// The columns of a table that no source feeds.
pub(super) fn columns_of(statement: &Statement) -> Option<Vec<Column>> {
    let StatementKind::CreateTable(table) = &statement.kind else { return None };
    if table.feed.is_some() {
        return None;
    }
    let column = |column: &ColumnDef| {
        Some(Column { name: column.name.ident.clone(), data_type: column.data_type.clone()? })
    };
    table.columns.iter().map(column).collect()
}

/// The columns that a statement asserts not to be NULL.
fn not_null(statement: &Statement) -> Vec<Ident> {
    let StatementKind::CreateMaterializedView(view) = &statement.kind else { return Vec::new() };
    let asserted = view.options.iter().filter(|option| option.name == "ASSERT NOT NULL");
    let columns = asserted.filter_map(|option| match &option.value {
        Some(OptionValue::Name(name)) => name.parts.last().cloned(),
        _ => None,
    });
    columns.collect()
}

/// The cluster that a statement which creates an object names.
pub(super) fn cluster_of(statement: &Statement) -> Option<&RawIdent> {
    match &statement.kind {
        StatementKind::CreateMaterializedView(view) => view.cluster.as_ref(),
        StatementKind::CreateSource(source) => source.cluster.as_ref(),
        StatementKind::CreateSink(sink) => sink.cluster.as_ref(),
        _ => None,
    }
}

/// A name as it would have to be written, for one that means nothing.
pub(super) fn written(name: &RawName) -> String {
    name.parts.iter().map(Ident::sql).collect::<Vec<_>>().join(".")
}

fn key(draft: &Draft<'_>) -> Vec<Ident> {
    let constraints = draft.companions.iter().filter_map(|companion| {
        if let StatementKind::CreateConstraint(constraint) = &companion.kind {
            Some(constraint)
        } else {
            None
        }
    });
    let of = |kind| constraints.clone().find(|constraint| constraint.kind == kind);
    let told = of(ConstraintKind::PrimaryKey).or_else(|| of(ConstraintKind::Unique));
    told.iter().flat_map(|told| &told.columns).map(|column| column.ident.clone()).collect()
}

fn companions_of(draft: &Draft<'_>) -> (Vec<Grant>, Vec<Comment>) {
    let (mut grants, mut comments) = (Vec::new(), Vec::new());
    for companion in &draft.companions {
        let line = draft.source.line(companion.span);
        match &companion.kind {
            StatementKind::Privileges(privileges) => grants.push(Grant {
                privileges: privileges.privileges.clone(),
                grantees: roles(&privileges.grantees),
                line,
            }),
            StatementKind::Comment(comment) => comments.push(Comment {
                column: match &comment.on {
                    CommentTarget::Column(_, column) => Some(column.ident.clone()),
                    CommentTarget::Named(..) => None,
                },
                text: comment.text.clone(),
                line,
            }),
            _ => {}
        }
    }
    (grants, comments)
}

/// What the grants and comments of an object say, whatever their order.
fn metadata(draft: &Draft<'_>, grants: &[Grant], comments: &[Comment]) -> Fingerprint {
    let grants = grants.iter().map(|grant| grant.object_sql(draft.kind, &draft.name));
    let comments = comments.iter().map(|comment| comment.object_sql(draft.kind, &draft.name));
    let texts: Vec<String> = grants.chain(comments).collect();
    Fingerprint::of("", texts.iter().map(String::as_str))
}
