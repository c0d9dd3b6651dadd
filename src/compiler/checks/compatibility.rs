//! What works here and not with mz-deploy is said once: a project may be used with both.

use std::collections::BTreeSet;

use crate::compiler::build::cluster_of;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::main_name;
use crate::compiler::draft::opening;
use crate::name::Ident;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::Feed;
use crate::sql::ast::source::External;
use crate::sql::ast::source::Subsources;
use crate::sql::span::Span;

/// Words that mz-deploy writes in quotes, so that they never equal the name of a file.
const RESERVED: &[&str] = &[
    "array",
    "case",
    "cast",
    "cross",
    "day",
    "except",
    "false",
    "fetch",
    "from",
    "full",
    "group",
    "having",
    "hour",
    "inner",
    "intersect",
    "join",
    "left",
    "limit",
    "minute",
    "month",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "options",
    "order",
    "outer",
    "qualify",
    "returning",
    "right",
    "second",
    "select",
    "set",
    "true",
    "union",
    "using",
    "where",
    "window",
    "with",
    "year",
];

/// Warns of what mz-deploy would not take: types, sources whose tables come with them, webhooks, names.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    kind(draft, found);
    if let Some(name) = main_name(&draft.main.kind) {
        // It compares the written name with the path as it would print it, in quotes where it thinks they are needed.
        if let Some(part) = name.parts.iter().find(|part| !is_plain(part)) {
            found.push(unnameable(draft, name.span, part));
        } else if let [database, _, _] = name.parts.as_slice()
            && *database == draft.folder
            && draft.folder != draft.name.database
        {
            let message = "mz-deploy does not take the database's own name under a profile with a suffix";
            found.push(draft.source.warning(Code::NotMzDeploy, name.span, message));
        }
    }
    let indexes = draft.companions.iter().filter_map(|companion| match &companion.kind {
        StatementKind::CreateIndex(index) => index.cluster.as_ref(),
        _ => None,
    });
    for cluster in cluster_of(draft.main).into_iter().chain(indexes) {
        if !is_plain(&cluster.ident) {
            found.push(unnameable(draft, cluster.span, &cluster.ident));
        }
    }
}

/// Warns once of each database and schema whose folder mz-deploy would not take.
pub(in crate::compiler) fn check_folders(drafts: &[Draft<'_>], found: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for draft in drafts {
        for folder in [&draft.folder, &draft.name.schema] {
            if !is_folder(folder) && told.insert(folder) {
                found.push(unnameable(draft, Span::default(), folder));
            }
        }
    }
}

fn unnameable(draft: &Draft<'_>, span: Span, name: &Ident) -> Diagnostic {
    let message = format!("mz-deploy does not take the name `{}`", name.as_str());
    draft.source.warning(Code::NotMzDeploy, span, message)
}

/// Tells whether mz-deploy writes a name without quotes.
fn is_plain(name: &Ident) -> bool {
    let mut chars = name.as_str().chars();
    chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && RESERVED.binary_search(&name.as_str()).is_err()
}

/// Tells whether mz-deploy takes a folder of that name.
fn is_folder(name: &Ident) -> bool {
    let letter = |c: char| c.is_alphabetic() && !c.is_uppercase() || c == '_';
    let mut chars = name.as_str().chars();
    chars.next().is_some_and(letter) && chars.all(|c| letter(c) || c.is_numeric() || c == '$')
}

fn kind(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    let what = match (&draft.main.kind, draft.as_source()) {
        (StatementKind::CreateType(_), _) => "types",
        (StatementKind::CreateTable(table), _) if matches!(table.feed, Some(Feed::Webhook(_))) => {
            "webhook tables"
        }
        (_, None) => return,
        (_, Some(source)) => match (&source.subsources, &source.external) {
            (_, External::Webhook(_)) => "webhook sources",
            (Subsources::None, _) => return,
            (Subsources::AllTables, _) => "`FOR ALL TABLES`",
            (Subsources::Tables(_), _) => "`FOR TABLES`",
            (Subsources::Schemas(_), _) => "`FOR SCHEMAS`",
        },
    };
    let message = format!("mz-deploy does not take {what}");
    found.push(draft.source.warning(Code::NotMzDeploy, opening(draft.source, draft.main), message));
}

#[cfg(test)]
mod tests {
    use super::RESERVED;

    #[test]
    fn words_stand_in_order() {
        assert!(RESERVED.is_sorted());
    }
}
