//! Every name means something.

use std::collections::HashMap;

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::namespace::Meaning;
use crate::compiler::namespace::Namespace;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::ast::RawName;
use crate::sql::span::Span;

/// For how many unknown names a similar one is looked for: it takes a pass over a schema each, and nobody reads more.
const MAX_SUGGESTIONS: usize = 50;

/// How similar two names are at least when one is suggested for the other, from 0 to 1.
const SIMILAR: f64 = 0.6;

/// Reports a name that means nothing, and warns where its meaning is not certain.
pub(in crate::compiler) fn check(
    draft: &Draft<'_>,
    name: &RawName,
    meaning: &Meaning,
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
        // In a query that only the server can read it may be no relation at all.
        Meaning::Malformed if draft.opaque().is_some() => {}
        Meaning::Unknown(_) if draft.opaque().is_some() => {
            let message = format!("`{written}` is not known here, the server will tell whether it exists");
            let warning = source.warning(Code::UnknownRelation, name.span, message);
            found.push(warning.with_note("no project object, no declared dependency"));
        }
        Meaning::Malformed => {
            let message = format!("`{written}` has too many parts: a name is database, schema, object");
            found.push(source.error(Code::UnknownRelation, name.span, message));
        }
        Meaning::Unknown(_) => {
            let message = format!("`{written}` does not exist");
            let diagnostic = source.error(Code::UnknownRelation, name.span, message);
            found.push(diagnostic.with_note("no project object, no declared dependency"));
        }
    }
}

/// A name that means nothing.
pub(in crate::compiler) struct Unknown {
    /// Its file and its place there.
    file: String,
    span: Span,
    /// As it is written.
    parts: Vec<Ident>,
    /// The full name it would have.
    full: ObjectName,
    /// The object that names it.
    by: ObjectName,
}

impl Unknown {
    /// A name in a draft.
    pub(in crate::compiler) fn new(draft: &Draft<'_>, name: &RawName, full: &ObjectName) -> Self {
        Self {
            file: draft.source.path.clone(),
            span: draft.source.original(name.span),
            parts: name.parts.clone(),
            full: full.clone(),
            by: draft.name.clone(),
        }
    }
}

/// Adds to the first unknown names what could be meant.
pub(in crate::compiler) fn suggest<'u>(
    unknown: impl Iterator<Item = &'u Unknown>,
    namespace: &Namespace,
    found: &mut [Diagnostic],
) {
    let unknown: HashMap<(&str, Span), &Unknown> =
        unknown.map(|one| ((one.file.as_str(), one.span), one)).collect();
    let told = found.iter_mut().filter(|one| one.code == Code::UnknownRelation);
    for one in told.take(MAX_SUGGESTIONS) {
        let meant =
            unknown.get(&(one.file.as_str(), one.span)).and_then(|unknown| similar(unknown, namespace));
        one.help = meant.map(|meant| format!("did you mean `{meant}`?"));
    }
}

/// Finds the most similar name, and writes it with as many parts as the user did, or as many as it
/// needs.
fn similar(unknown: &Unknown, namespace: &Namespace) -> Option<String> {
    let Unknown { parts, full, by, .. } = unknown;
    let (_, best) = namespace
        .near(full)
        .into_iter()
        .filter(|candidate| *candidate != by)
        .map(|candidate| {
            // Names that are near share the schema or the object's own name; the latter is what
            // people remember best.
            let likeness = if candidate.object == full.object {
                SIMILAR + (1.0 - SIMILAR) * likeness(full.schema.as_str(), candidate.schema.as_str())
            } else {
                likeness(full.object.as_str(), candidate.object.as_str())
            };
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness >= SIMILAR)
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| y.cmp(x)))?;
    let home = by.schema_name();
    let short = |parts: &[&Ident]| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    Some(match parts.len() {
        1 if best.is_in(&home) => short(&[&best.object]),
        1 | 2 if best.database == home.database => short(&[&best.schema, &best.object]),
        _ => best.to_string(),
    })
}

/// Tells how similar two names are, from 0 to 1: quotes alone make case count, and people forget them.
fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let likeness = strsim::normalized_damerau_levenshtein(&a, &b);
    // Of two letters that have changed places neither is where it was.
    let is_turned = a.chars().count() == 2 && a.chars().rev().eq(b.chars());
    if is_turned { likeness.max(SIMILAR) } else { likeness }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_and_names_of_other_case_are_similar_too() {
        for (a, b) in [
            ("ORDERS", "orders"),
            ("T", "t"),
            ("Abcdef", "aBCDEF"),
            ("abc", "acb"),
            ("abc", "abd"),
            ("abc", "ab"),
            ("ab", "ba"),
            ("winnig_bids", "winning_bids"),
        ] {
            assert!(likeness(a, b) >= SIMILAR, "{a} {b}");
        }
        for (a, b) in [("a", "b"), ("ab", "ac"), ("abc", "ade"), ("abc", "cba"), ("items", "lines")] {
            assert!(likeness(a, b) < SIMILAR, "{a} {b}");
        }
    }
}
