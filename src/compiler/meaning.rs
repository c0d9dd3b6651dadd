//! What a statement means: its canonical text with what its names mean, of which fingerprints are taken.

use super::build::Builder;
use super::build::Reads;
use super::draft::Draft;
use super::draft::main_name;
use super::template::Slot;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::canonical::as_words;
use crate::sql::canonical::sketch::Hole;

impl Builder<'_> {
    /// What a statement means.
    pub(super) fn meaning(&self, draft: &Draft<'_>, reads: &Reads, statement: &Statement) -> String {
        let own = main_name(&draft.main.kind).map(|own| own.span);
        let home = draft.name.schema_name();
        let name = |hole: &Hole| match hole {
            // What the path says counts, also where the statement says otherwise.
            Hole::Defined(name) if own == Some(name.span) => draft.name.sql(),
            Hole::Defined(name) | Hole::Object(name) => match self.object_slot(&home, reads, name) {
                Slot::Object(full) | Slot::Type(full) | Slot::Qualifier(full, ..) => full.sql(),
                Slot::System(schema, own) | Slot::SystemQualifier(schema, own, _) => {
                    format!("{}.{}", schema.sql(), own.sql())
                }
                Slot::Fixed(text) => text,
                Slot::Cluster(cluster) => cluster.sql(),
            },
            Hole::Type { name, suffix, otherwise } => match self.type_of(&home, name) {
                Some(meaning) => meaning.name().map_or_else(|| otherwise.clone(), |full| full.sql() + suffix),
                None => otherwise.clone(),
            },
            Hole::Perhaps(readings) => self.guessed(&home, readings),
            Hole::Cluster(written) => {
                self.cluster(Some(written)).map_or_else(|| written.ident.sql(), |cluster| cluster.sql())
            }
        };
        draft.source.meaning(statement).map(|sketch| sketch.fill(name)).unwrap_or_default()
    }

    /// How a text is written that may begin with a name: in full where it does.
    fn guessed(&self, home: &SchemaName, readings: &[RawName]) -> String {
        let whole = readings.first().map(as_words).unwrap_or_default();
        let meant = self.meant(home, readings);
        let full = meant.and_then(|name| self.namespace.resolve(home, name).name().map(ObjectName::sql));
        match (meant, full) {
            (Some(name), Some(full)) => {
                whole.strip_prefix(&as_words(name)).map_or_else(|| whole.clone(), |rest| full + rest)
            }
            _ => whole,
        }
    }
}
