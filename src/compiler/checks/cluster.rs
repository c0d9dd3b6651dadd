//! What runs on a cluster says on which: a project has no default.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::sql::ast::RawIdent;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;

/// Reports materialized views, sources, sinks and indexes without `IN CLUSTER`.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    for statement in std::iter::once(draft.main).chain(draft.companions.iter().copied()) {
        if let Some((what, None)) = cluster(statement) {
            let message = format!("this {what} does not say in which cluster it runs");
            let span = opening(draft.source, statement);
            let help = "add `IN CLUSTER <cluster>`";
            found.push(draft.source.error(Code::MissingCluster, span, message).with_help(help));
        }
    }
}

/// What a statement creates that needs a cluster, and the one it names.
fn cluster(statement: &Statement) -> Option<(&'static str, Option<&RawIdent>)> {
    match &statement.kind {
        StatementKind::CreateMaterializedView(view) => Some(("materialized view", view.cluster.as_ref())),
        StatementKind::CreateSource(source) => Some(("source", source.cluster.as_ref())),
        StatementKind::CreateSink(sink) => Some(("sink", sink.cluster.as_ref())),
        StatementKind::CreateIndex(index) => Some(("index", index.cluster.as_ref())),
        _ => None,
    }
}
