//! What works here and not with mz-deploy is said once: a project may be used with both.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::sql::ast::source::External;
use crate::sql::ast::source::Subsources;

/// Warns of sources whose tables come with them, and of webhooks.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    let Some(source) = draft.as_source() else { return };
    let what = match (&source.subsources, &source.external) {
        (_, External::Webhook(_)) => "webhook sources",
        (Subsources::None, _) => return,
        (Subsources::AllTables, _) => "`FOR ALL TABLES`",
        (Subsources::Tables(_), _) => "`FOR TABLES`",
        (Subsources::Schemas(_), _) => "`FOR SCHEMAS`",
    };
    let message = format!("mz-deploy does not take {what}");
    found.push(draft.source.warning(Code::NotMzDeploy, opening(draft.source, draft.main), message));
}
