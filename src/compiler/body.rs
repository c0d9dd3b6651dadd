//! Where the query of an object stands in its statement, and what is known of the names in it.
//!
//! What a statement is put together from is a template; this is what else it takes to put the
//! query alone together, with something else in place of the relations it reads.

use std::sync::Arc;

use super::variables::Edits;
use crate::name::Ident;
use crate::sql::ast::RawIdent;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::CreateIndex;
use crate::sql::query::Query;
use crate::sql::references::Bare;
use crate::sql::references::Qualifier;
use crate::sql::span::Span;

/// The query of a view or a materialized view. Its spans count bytes of the object's template.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// Where it stands.
    pub(super) query: Span,
    /// The names that the statement gives its columns; the others have the query's.
    pub(super) columns: Arc<[Ident]>,
    /// The relations in it that have no alias.
    pub(super) bare: Arc<[BareName]>,
    /// Whether something in it is for the server alone to read.
    pub(super) is_opaque: bool,
    /// Where in the file it comes from.
    pub(super) origin: Origin,
}

/// A relation that goes by its own name, with the qualifiers that mean it.
#[derive(Clone, Debug)]
pub(super) struct BareName {
    pub(super) name: Bare,
    /// Each with how many parts it has.
    pub(super) qualifiers: Vec<(Span, usize)>,
}

/// The keys of an index. Their spans count bytes of the index's template.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// Where each stands, without how it is sorted.
    pub(super) list: Arc<[Span]>,
    /// Where in the file they come from.
    pub(super) origin: Origin,
}

/// Leads from bytes of a template to bytes of its file.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Where the template begins in what was parsed.
    pub(super) start: usize,
    /// What leads from there to the file.
    pub(super) edits: Edits,
}

impl Origin {
    /// The place in the file.
    pub(super) fn original(&self, span: Span) -> Span {
        self.edits.original(Span::new(span.start + self.start, span.end + self.start))
    }
}

impl Body {
    /// Looks at the query of a statement, of which a template begins at some byte.
    pub(super) fn of(kind: &StatementKind, origin: Origin) -> Option<Self> {
        match kind {
            StatementKind::CreateView(view) => Some(Self::new(&view.query, &view.columns, origin)),
            StatementKind::CreateMaterializedView(view) => {
                Some(Self::new(&view.query, &view.columns, origin))
            }
            _ => None,
        }
    }

    fn new(query: &Query, columns: &[RawIdent], origin: Origin) -> Self {
        let inside = |span: Span| Span::new(span.start - origin.start, span.end - origin.start);
        let mut qualifiers: Vec<&Qualifier> = query.qualifiers().iter().collect();
        qualifiers.sort_by_key(|qualifier| qualifier.relation.span);
        let bare = |name: &Bare| {
            let first = qualifiers.partition_point(|qualifier| qualifier.relation.span < name.at);
            let own = qualifiers.iter().skip(first).take_while(|one| one.relation.span == name.at);
            BareName {
                name: Bare { at: inside(name.at), ..*name },
                qualifiers: own.map(|one| (inside(one.name.span), one.name.parts.len())).collect(),
            }
        };
        Self {
            query: inside(query.span()),
            columns: columns.iter().map(|column| column.ident.clone()).collect(),
            bare: query.bare().iter().map(bare).collect(),
            is_opaque: query.opaque().is_some(),
            origin,
        }
    }
}

impl Keys {
    /// Looks at the keys of an index, of which a template begins at some byte; `None` for a default
    /// one, and where the names in a key cannot be told.
    pub(super) fn of(index: &CreateIndex, origin: Origin) -> Option<Self> {
        if index.keys.is_empty() || index.keys.iter().any(|key| key.opaque().is_some()) {
            return None;
        }
        let inside = |span: Span| Span::new(span.start - origin.start, span.end - origin.start);
        let list = index.keys.iter().map(|key| inside(key.span())).collect();
        Some(Self { list, origin })
    }
}
