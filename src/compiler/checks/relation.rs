//! Every name means something.

use std::collections::HashMap;

use crate::compiler::build::Reads;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::namespace::Meaning;
use crate::compiler::namespace::Namespace;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::sql::ast::RawName;

/// For how many unknown names a similar one is looked for: it takes a pass over all names each.
const MAX_SUGGESTIONS: usize = 50;

/// How similar two names are at least when one is suggested for the other, from 0 to 1.
const SIMILAR: f64 = 0.8;

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

/// Adds to the first unknown names what could be meant.
pub(in crate::compiler) fn suggest(
    drafts: &[Draft<'_>],
    reads: &[Reads],
    namespace: &Namespace,
    found: &mut [Diagnostic],
) {
    let mut by_file: HashMap<&str, Vec<(&Draft<'_>, &Reads)>> = HashMap::new();
    for (draft, reads) in drafts.iter().zip(reads).filter(|(_, reads)| !reads.unknown.is_empty()) {
        by_file.entry(draft.source.path).or_default().push((draft, reads));
    }
    let unknown = found.iter_mut().filter(|one| one.code == Code::UnknownRelation);
    for one in unknown.take(MAX_SUGGESTIONS) {
        let drafts = by_file.get(one.file.as_str()).map_or(&[][..], Vec::as_slice);
        let meant = drafts.iter().find_map(|(draft, reads)| {
            let (_, parts, full) =
                reads.unknown.iter().find(|(span, ..)| draft.source.original(*span) == one.span)?;
            similar(draft, parts, full, namespace)
        });
        one.help = meant.map(|meant| format!("did you mean `{meant}`?"));
    }
}

/// Finds the most similar name, and writes it with as many parts as the user did, or as many as it
/// needs.
fn similar(draft: &Draft<'_>, parts: &[Ident], full: &ObjectName, namespace: &Namespace) -> Option<String> {
    let wanted = full.to_string();
    let (_, best) = namespace
        .names()
        .filter(|candidate| **candidate != draft.name)
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&wanted, &candidate.to_string()), candidate))
        .filter(|(similarity, candidate)| {
            // A long common database and schema must not make unrelated objects look alike.
            let own = strsim::normalized_damerau_levenshtein(full.object.as_str(), candidate.object.as_str());
            *similarity >= SIMILAR && own >= SIMILAR / 2.0
        })
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| y.cmp(x)))?;
    let home = draft.name.schema_name();
    let short = |parts: &[&Ident]| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
    Some(match parts.len() {
        1 if best.is_in(&home) => short(&[&best.object]),
        1 | 2 if best.database == home.database => short(&[&best.schema, &best.object]),
        _ => best.to_string(),
    })
}
