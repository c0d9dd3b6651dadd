//! Sinks that exist already and that files define otherwise than they were made.
//!
//! A sink is never staged. What it reads can be altered in place, with the swap; anything else is a new
//! sink, which only `apply --recreate-sinks` makes. What a sink was made from is recorded, since what the
//! server stores of it has been filled with defaults. Start reading at [`differing`].

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::catalog::Object as Found;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::deployment::said::Claims;
use crate::deployment::said::Repointed;
use crate::deployment::said::Said;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::privilege::Target;
use crate::primitives::said::thing;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::fingerprint::Fingerprint;
use crate::sql::parse;

/// What a file makes of a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Defined {
    /// The relation it reads.
    from: ObjectName,
    /// The fingerprint of everything else.
    definition: String,
}

/// How sinks that exist differ from their files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differing {
    /// Those that are to read something else.
    pub repointed: Vec<Repointed>,
    /// Those whose definition cannot be altered in place, by name.
    pub changed: Vec<ObjectName>,
}

/// Compares the project's sinks with those that exist.
pub fn differing<'o>(
    sinks: impl Iterator<Item = &'o Object>,
    catalog: &Catalog,
    claims: &Claims,
) -> Differing {
    let mut found = Differing::default();
    for sink in sinks {
        let there = catalog.object(&sink.name).filter(|there| there.kind == ObjectKind::Sink);
        let (Some(there), Some(wanted)) = (there, defined(sink)) else { continue };
        let was = claims.of(&key(sink)).and_then(|said| said.definition.as_deref());
        if was.is_some_and(|was| was != wanted.definition) {
            found.changed.push(sink.name.clone());
        }
        let reads = catalog.reads.get(&there.id).into_iter().flatten();
        let reads = reads.filter_map(|id| catalog.objects.get(id)).find(|object| object.kind.is_relation());
        // What reads a version that has left production is cut over by the promotion that did it.
        let has_left = |read: &Found| {
            [&read.name.schema, &read.name.object].into_iter().any(crate::deployment::is_staging_name)
        };
        let in_project = reads.filter(|read| !has_left(read));
        if let Some(read) = in_project.filter(|read| read.name != wanted.from) {
            let (sink, from) = (sink.name.clone(), read.name.clone());
            found.repointed.push(Repointed { sink, from, to: wanted.from });
        }
    }
    found
}

/// What has to be recorded of sinks before they are made; those that exist and of which nothing is
/// recorded are taken as they are.
pub fn definitions<'o>(
    sinks: impl Iterator<Item = &'o Object>,
    changed: &[ObjectName],
    claims: &Claims,
) -> BTreeMap<String, Said> {
    let mut found = BTreeMap::new();
    for sink in sinks.filter(|sink| !changed.contains(&sink.name)) {
        let Some(defined) = defined(sink) else { continue };
        let key = key(sink);
        let before = claims.of(&key).cloned().unwrap_or_default();
        let said = Said { definition: Some(defined.definition), ..before.clone() };
        if said != before {
            found.insert(key, said);
        }
    }
    found
}

fn key(sink: &Object) -> String {
    thing(&Target::Object(ObjectKind::Sink, sink.name.clone()))
}

/// Reads what the file says; `None` where it is no sink that could be read.
fn defined(sink: &Object) -> Option<Defined> {
    let sql = sink.create_sql(&sink.name, &Names::PRODUCTION);
    let statement = parse::batch(&sql).ok()?.into_iter().next()?;
    let StatementKind::CreateSink(create) = &statement.kind else { return None };
    let [database, schema, object] = create.from.parts.as_slice() else { return None };
    let from = ObjectName::new(database.clone(), schema.clone(), object.clone());
    let names = Elsewhere { from: &create.from };
    let text = canonical::statement(&sql, &statement, Form::Meaning, &names);
    Some(Defined { from, definition: Fingerprint::of(&text, []).to_string() })
}

/// Names in full, but for the relation that is read: it stands for itself wherever it is mentioned.
struct Elsewhere<'f> {
    from: &'f RawName,
}

impl canonical::Names for Elsewhere<'_> {
    fn object(&self, name: &RawName) -> String {
        if name.parts == self.from.parts {
            return "?".to_owned();
        }
        name.parts.iter().map(Ident::sql).collect::<Vec<_>>().join(".")
    }

    fn defined(&self, name: &RawName) -> String {
        name.parts.iter().map(Ident::sql).collect::<Vec<_>>().join(".")
    }

    fn cluster(&self, written: Option<&RawIdent>) -> Option<String> {
        written.map(|written| written.ident.sql())
    }
}
