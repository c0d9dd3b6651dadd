//! Every name that a statement mentions, with its place: what renaming has to touch.

use super::ast::RawIdent;
use super::ast::RawName;
use super::ast::StatementKind;
use super::ast::create::CreateIndex;
use super::ast::create::Feed;
use super::ast::source::CreateSource;
use super::ast::source::External;
use super::ast::source::Subsources;
use super::opaque::Opaque;
use super::query::Expr;
use super::query::Query;
use super::references::Qualifier;
use super::span::Span;

/// A name in a statement.
#[derive(Clone, Copy, Debug)]
pub enum Mention<'a> {
    /// The thing that is created, or comes into being with it.
    Defined(&'a RawName),
    /// Something in a schema that is read or used.
    Object(&'a RawName),
    /// A type that may be a user's.
    Type(&'a RawName),
    /// A cluster.
    Cluster(&'a RawIdent),
    /// The qualifier of a column; the relation it means is mentioned too.
    Qualifier(&'a Qualifier),
    /// What may begin with the name of something in a schema, in a query that only the server can
    /// read: its readings, the longest first.
    Perhaps(&'a [RawName]),
}

impl Mention<'_> {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Defined(name) | Self::Object(name) | Self::Type(name) => name.span,
            Self::Cluster(cluster) => cluster.span,
            Self::Qualifier(qualifier) => qualifier.name.span,
            Self::Perhaps(readings) => readings.first().map_or(Span::default(), |name| name.span),
        }
    }
}

/// The names in a `CREATE` of something that lives in a schema; none for other statements.
///
/// In no particular order. What a secret's expression may name is not among them.
pub fn mentions(kind: &StatementKind) -> Vec<Mention<'_>> {
    let mut found = Vec::new();
    match kind {
        StatementKind::CreateView(view) => {
            found.push(Mention::Defined(&view.name));
            of_query(&view.query, &mut found);
        }
        StatementKind::CreateMaterializedView(view) => {
            found.push(Mention::Defined(&view.name));
            found.extend(view.replaces.as_ref().map(Mention::Object));
            found.extend(view.cluster.as_ref().map(Mention::Cluster));
            of_query(&view.query, &mut found);
        }
        StatementKind::CreateIndex(index) => of_index(index, &mut found),
        StatementKind::CreateTable(table) => {
            found.push(Mention::Defined(&table.name));
            match &table.feed {
                Some(Feed::Source(from)) => {
                    found.push(Mention::Object(&from.source));
                    found.extend(from.names.iter().map(Mention::Object));
                }
                Some(Feed::Webhook(webhook)) => found.extend(webhook.secrets.iter().map(Mention::Object)),
                None => {}
            }
            for column in &table.columns {
                found.extend(column.types.iter().map(Mention::Type));
                column.default.iter().for_each(|default| of_expr(default, &mut found));
            }
        }
        StatementKind::CreateSource(source) => of_source(source, &mut found),
        StatementKind::CreateSink(sink) => {
            found.extend(sink.name.as_ref().map(Mention::Defined));
            found.extend(sink.cluster.as_ref().map(Mention::Cluster));
            found.push(Mention::Object(&sink.from));
            found.extend(sink.connections.iter().map(Mention::Object));
            found.extend(sink.documented.iter().map(Mention::Object));
        }
        StatementKind::CreateConnection(connection) => {
            found.push(Mention::Defined(&connection.name));
            found.extend(connection.names.iter().map(Mention::Object));
        }
        StatementKind::CreateSecret(secret) => found.push(Mention::Defined(&secret.name)),
        StatementKind::CreateType(own) => {
            found.push(Mention::Defined(&own.name));
            found.extend(own.types.iter().map(Mention::Type));
        }
        StatementKind::CreateConstraint(constraint) => {
            found.push(Mention::Object(&constraint.on));
            found.extend(constraint.cluster.as_ref().map(Mention::Cluster));
            found.extend(constraint.references.as_ref().map(|(target, _)| Mention::Object(target)));
        }
        _ => {}
    }
    found
}

fn of_query<'a>(query: &'a Query, found: &mut Vec<Mention<'a>>) {
    found.extend(query.references().iter().map(Mention::Object));
    found.extend(query.qualifiers().iter().map(Mention::Qualifier));
    found.extend(query.types().iter().map(Mention::Type));
    perhaps(query.opaque(), found);
}

/// Adds the names in an expression.
pub(super) fn of_expr<'a>(expr: &'a Expr, found: &mut Vec<Mention<'a>>) {
    found.extend(expr.references().iter().map(Mention::Object));
    found.extend(expr.qualifiers().iter().map(Mention::Qualifier));
    found.extend(expr.types().iter().map(Mention::Type));
    perhaps(expr.opaque(), found);
}

fn perhaps<'a>(opaque: Option<&'a Opaque>, found: &mut Vec<Mention<'a>>) {
    let readings = opaque.map(|opaque| opaque.perhaps.iter()).into_iter().flatten();
    found.extend(readings.map(|readings| Mention::Perhaps(readings)));
}

fn of_index<'a>(index: &'a CreateIndex, found: &mut Vec<Mention<'a>>) {
    found.extend(index.cluster.as_ref().map(Mention::Cluster));
    found.push(Mention::Object(&index.on));
    for key in &index.keys {
        of_expr(key, found);
    }
}

fn of_source<'a>(source: &'a CreateSource, found: &mut Vec<Mention<'a>>) {
    found.push(Mention::Defined(&source.name));
    found.extend(source.cluster.as_ref().map(Mention::Cluster));
    match &source.external {
        External::Connection(_, connection, _) => found.push(Mention::Object(connection)),
        External::Webhook(webhook) => found.extend(webhook.secrets.iter().map(Mention::Object)),
        External::LoadGenerator(..) => {}
    }
    found.extend(source.rest_names.iter().map(Mention::Object));
    found.extend(source.progress.as_ref().map(Mention::Defined));
    if let Subsources::Tables(tables) = &source.subsources {
        found.extend(tables.iter().filter_map(|(_, name)| name.as_ref()).map(Mention::Defined));
    }
}
