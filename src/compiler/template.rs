//! A statement's text with its names taken out, to be put together under other names.
//!
//! What the user wrote stays as it is, comments included; only names change, and become full and
//! quoted. Start reading at [`Template`].

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
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Template {
    text: Arc<str>,
    /// In the order of the text; they do not overlap.
    slots: Arc<[(Span, Slot)]>,
}

/// What stands in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// An object that is read.
    Object(ObjectName),
    /// Text that does not change, such as a system object's full name.
    Fixed(String),
    /// The qualifier of a column, of that many parts, for that object.
    Qualifier(ObjectName, Ident, usize),
    /// A cluster.
    Cluster(ClusterName),
}

impl fmt::Debug for Template {
    /// Says nothing of the text, which may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl Template {
    /// Cuts a text out of a larger one and keeps the slots that lie in it.
    pub(super) fn new(whole: &str, part: Span, slots: impl IntoIterator<Item = (Span, Slot)>) -> Self {
        let mut slots: Vec<(Span, Slot)> = slots
            .into_iter()
            .filter(|(span, _)| span.start >= part.start && span.end <= part.end)
            .map(|(span, slot)| (Span::new(span.start - part.start, span.end - part.start), slot))
            .collect();
        slots.sort_by_key(|(span, _)| *span);
        Self { text: Arc::from(part.of(whole)), slots: Arc::from(slots) }
    }

    /// Puts the text together.
    pub(super) fn write(&self, names: &Names<'_>) -> String {
        let mut result = String::with_capacity(self.text.len() + self.slots.len() * 24);
        let mut at = 0;
        for (span, slot) in &*self.slots {
            let written = match slot {
                Slot::Object(name) => (names.object)(name).sql(),
                Slot::Fixed(text) => text.clone(),
                Slot::Cluster(name) => (names.cluster)(name).sql(),
                Slot::Qualifier(relation, own, parts) => {
                    let renamed = (names.object)(relation);
                    // A bare name still means the relation as long as that keeps its own name.
                    if *parts == 1 && renamed.object == *own {
                        continue;
                    }
                    renamed.sql()
                }
            };
            result.push_str(self.text.get(at..span.start).unwrap_or_default());
            result.push_str(&written);
            at = span.end;
        }
        result.push_str(self.text.get(at..).unwrap_or_default());
        result
    }
}
