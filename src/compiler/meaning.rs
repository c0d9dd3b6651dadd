//! What a statement means: its canonical text with what its names mean, of which fingerprints are taken.

use super::build::Builder;
use super::build::Reads;
use super::build::written;
use super::draft::Draft;
use super::draft::main_name;
use super::namespace::Meaning;
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
        let write = |hole: &Hole, text: &mut String| match hole {
            // What the path says counts, also where the statement says otherwise.
            Hole::Defined(name) if own == Some(name.span) => draft.name.write_sql(text),
            Hole::Defined(name) | Hole::Object(name) => match &*self.known(&home, reads, name) {
                Meaning::System(schema, own) => {
                    schema.write_sql(text);
                    text.push('.');
                    own.write_sql(text);
                }
                meaning => match meaning.name() {
                    Some(full) => full.write_sql(text),
                    None => text.push_str(&written(name)),
                },
            },
            Hole::Type { name, suffix, otherwise } => {
                match self.type_of(&home, name).as_ref().and_then(Meaning::name) {
                    Some(full) => {
                        full.write_sql(text);
                        text.push_str(suffix);
                    }
                    None => text.push_str(otherwise),
                }
            }
            Hole::Perhaps(readings) => text.push_str(&self.guessed(&home, readings)),
            Hole::Cluster(written) => match self.cluster(Some(written)) {
                Some(cluster) => cluster.0.write_sql(text),
                None => written.ident.write_sql(text),
            },
        };
        draft.source.meaning(statement).map(|sketch| sketch.fill(write)).unwrap_or_default()
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
