//! Every name means something.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::namespace::Meaning;
use crate::compiler::namespace::Namespace;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::ast::RawName;

/// How similar two names are at least when one is suggested for the other, from 0 to 1.
const SIMILAR: f64 = 0.6;

/// Reports a name that means nothing, and warns where its meaning is not certain.
pub(in crate::compiler) fn check(
    draft: &Draft<'_>,
    name: &RawName,
    meaning: &Meaning,
    namespace: &Namespace,
    found: &mut Vec<Diagnostic>,
) {
    let source = draft.source;
    let written = name.span.of(source.sql());
    match meaning {
        Meaning::Object(..)
        | Meaning::Subsource(..)
        | Meaning::Broken(_)
        | Meaning::System(..)
        | Meaning::Declared(..) => {}
        Meaning::PerhapsSubsource(_, full) => {
            let message = format!("`{full}` may be a table that comes with a source; only the server knows");
            found.push(source.warning(Code::UncheckedRelation, name.span, message));
        }
        Meaning::Foreign(full) => {
            let message = format!("`{full}` is not declared: mz-deploy would refuse it");
            let help = format!("add \"{full}\" to `dependencies` of project.toml");
            found.push(source.warning(Code::UndeclaredDependency, name.span, message).with_help(help));
        }
        Meaning::Malformed => {
            let message = format!("`{written}` has too many parts: a name is database, schema, object");
            found.push(source.error(Code::UnknownRelation, name.span, message));
        }
        Meaning::Unknown(full) => {
            let suggestion = similar(draft, name, full, namespace);
            let message = format!("`{written}` does not exist");
            let diagnostic = source.error(Code::UnknownRelation, name.span, message);
            let diagnostic = diagnostic.with_note("no project object, no declared dependency");
            found.push(match suggestion {
                Some(suggestion) => diagnostic.with_help(format!("did you mean `{suggestion}`?")),
                None => diagnostic,
            });
        }
    }
}

/// Finds the most similar name, and writes it with as many parts as the user did, or as many as it
/// needs.
fn similar(draft: &Draft<'_>, name: &RawName, full: &ObjectName, namespace: &Namespace) -> Option<String> {
    let likeness = |a: &Ident, b: &Ident| strsim::normalized_damerau_levenshtein(a.as_str(), b.as_str());
    let best = namespace.near(full).filter(|candidate| **candidate != draft.name);
    let (_, best) = best
        .map(|candidate| {
            // Names that are near share the schema or the object's own name; the latter is what
            // people remember best.
            let likeness = if candidate.object == full.object {
                SIMILAR + (1.0 - SIMILAR) * likeness(&full.schema, &candidate.schema)
            } else {
                likeness(&full.object, &candidate.object)
            };
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness >= SIMILAR)
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| y.cmp(x)))?;
    let home = draft.name.schema_name();
    let short = |parts: &[&Ident]| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    Some(match name.parts.len() {
        1 if best.is_in(&home) => short(&[&best.object]),
        1 | 2 if best.database == home.database => short(&[&best.schema, &best.object]),
        _ => best.to_string(),
    })
}
