//! A statement's text with its names taken out, to be put together under other names.
//!
//! What the user wrote stays as it is, comments included; only names change, and become full and
//! quoted. Start reading at [`Template`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::span::Span;

/// How the names in a statement change when it is written.
pub struct Names<'a> {
    /// What an object that is read is called.
    pub object: &'a dyn Fn(&ObjectName) -> ObjectName,
    /// What a cluster is called.
    pub cluster: &'a dyn Fn(&ClusterName) -> ClusterName,
}

impl Names<'_> {
    /// Leaves every name as it is.
    pub const PRODUCTION: Names<'static> = Names { object: &ObjectName::clone, cluster: &ClusterName::clone };
}

/// A text with slots for names.
#[derive(Clone)]
pub(super) struct Template {
    /// The text of the whole file, which all of its statements share.
    whole: Arc<str>,
    /// Which part of it this is.
    part: Span,
    /// In the order of the text; they do not overlap.
    slots: Arc<[(Span, Slot)]>,
}

/// What stands in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// An object that is read.
    Object(ObjectName),
    /// Text that does not change.
    Fixed(String),
    /// The qualifier of a column, of that many parts, for that object.
    Qualifier(ObjectName, Ident, usize),
    /// A relation of the system: its schema and its own name.
    System(Ident, Ident),
    /// The qualifier of a column, of that many parts, for a relation of the system.
    SystemQualifier(Ident, Ident, usize),
    /// A type of a user.
    Type(ObjectName),
    /// A cluster.
    Cluster(ClusterName),
}

/// A relation that a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation<'a> {
    /// One in a database.
    Object(&'a ObjectName),
    /// One of the system: its schema and its own name.
    System(&'a Ident, &'a Ident),
}

impl<'a> Relation<'a> {
    /// Its full name, if it is in a database.
    pub fn object(self) -> Option<&'a ObjectName> {
        match self {
            Self::Object(name) => Some(name),
            Self::System(..) => None,
        }
    }

    /// Its own name.
    pub(super) fn own(self) -> &'a Ident {
        match self {
            Self::Object(name) => &name.object,
            Self::System(_, own) => own,
        }
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(name) => name.fmt(f),
            Self::System(schema, own) => write!(f, "{schema}.{own}"),
        }
    }
}

impl fmt::Debug for Template {
    /// Says nothing of the text, which may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl Template {
    /// Cuts a text out of a larger one and keeps the slots that lie in it.
    pub(super) fn new(whole: Arc<str>, part: Span, slots: impl IntoIterator<Item = (Span, Slot)>) -> Self {
        let mut slots: Vec<(Span, Slot)> = slots
            .into_iter()
            .filter(|(span, _)| span.start >= part.start && span.end <= part.end)
            .map(|(span, slot)| (Span::new(span.start - part.start, span.end - part.start), slot))
            .collect();
        slots.sort_by_key(|(span, _)| *span);
        Self { whole, part, slots: Arc::from(slots) }
    }

    /// Its text, as the user wrote it.
    pub(super) fn text(&self) -> &str {
        self.part.of(&self.whole)
    }

    /// The objects in its slots, with their places, in the order of a part of the text.
    pub(super) fn objects(&self, part: Span) -> impl Iterator<Item = (Span, &ObjectName)> {
        self.relations(part).filter_map(|(span, relation)| Some((span, relation.object()?)))
    }

    /// The relations in its slots, with their places, in the order of a part of the text.
    pub(super) fn relations(&self, part: Span) -> impl Iterator<Item = (Span, Relation<'_>)> {
        let named = self.slots_in(part).filter(|(_, slot)| slot.qualifier().is_none());
        named.filter_map(|(span, slot)| Some((*span, slot.relation()?)))
    }

    fn slots_in(&self, part: Span) -> impl Iterator<Item = &(Span, Slot)> {
        self.slots.iter().filter(move |(span, _)| span.start >= part.start && span.end <= part.end)
    }

    /// Puts the text together.
    pub(super) fn write(&self, names: &Names<'_>) -> String {
        let pieces = self.pieces(Span::new(0, self.text().len()), &|_, slot| slot.named(names));
        pieces.iter().map(|piece| piece.text.as_ref()).collect()
    }

    /// Puts a part of the text together; `change` gives what stands in a slot, or `None` for what
    /// the user wrote there.
    pub(super) fn pieces(
        &self,
        part: Span,
        change: &dyn Fn(Span, &Slot) -> Option<String>,
    ) -> Vec<Piece<'_>> {
        let mut pieces = Vec::with_capacity(self.slots.len() * 2 + 1);
        let mut at = part.start;
        let text = self.text();
        let verbatim = |from: Span| Piece { from, text: Cow::Borrowed(from.of(text)), verbatim: true };
        for (span, slot) in self.slots_in(part) {
            let Some(written) = change(*span, slot) else { continue };
            pieces.push(verbatim(Span::new(at, span.start)));
            pieces.push(Piece { from: *span, text: Cow::Owned(written), verbatim: false });
            at = span.end;
        }
        pieces.push(verbatim(Span::new(at, part.end)));
        pieces
    }
}

/// A part of a text that was put together.
pub(super) struct Piece<'a> {
    /// Where it comes from.
    pub(super) from: Span,
    /// What it is.
    pub(super) text: Cow<'a, str>,
    /// Whether that is what the user wrote.
    pub(super) verbatim: bool,
}

impl Slot {
    /// The relation it is about.
    pub(super) fn relation(&self) -> Option<Relation<'_>> {
        match self {
            Self::Object(name) | Self::Qualifier(name, ..) => Some(Relation::Object(name)),
            Self::System(schema, own) | Self::SystemQualifier(schema, own, _) => {
                Some(Relation::System(schema, own))
            }
            Self::Fixed(_) | Self::Type(_) | Self::Cluster(_) => None,
        }
    }

    /// How many parts it has, if it is the qualifier of a column.
    pub(super) fn qualifier(&self) -> Option<usize> {
        match self {
            Self::Qualifier(_, _, parts) | Self::SystemQualifier(_, _, parts) => Some(*parts),
            Self::Object(_) | Self::System(..) | Self::Fixed(_) | Self::Type(_) | Self::Cluster(_) => None,
        }
    }

    /// What stands in it under some names; `None` for what the user wrote.
    pub(super) fn named(&self, names: &Names<'_>) -> Option<String> {
        match self {
            Self::Object(name) | Self::Type(name) => Some((names.object)(name).sql()),
            Self::Fixed(text) => Some(text.clone()),
            Self::System(schema, own) => Some(format!("{}.{}", schema.sql(), own.sql())),
            // It keeps its name, so what is written still means it.
            Self::SystemQualifier(..) => None,
            Self::Cluster(name) => Some((names.cluster)(name).sql()),
            Self::Qualifier(relation, own, parts) => {
                let renamed = (names.object)(relation);
                // A bare name still means the relation as long as that keeps its own name.
                (*parts != 1 || renamed.object != *own).then(|| renamed.sql())
            }
        }
    }
}
