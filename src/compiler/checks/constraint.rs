//! Constraints: which objects may have them, and where enforced ones run.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::name::ObjectKind;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::project::ConstraintKind;
use crate::sql::ast::project::CreateConstraint;

/// Reports constraints that break a rule, and those that cannot be deployed yet.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    for companion in &draft.companions {
        if let StatementKind::CreateConstraint(constraint) = &companion.kind {
            one(draft, companion, constraint, found);
        }
    }
}

fn one(draft: &Draft<'_>, statement: &Statement, constraint: &CreateConstraint, found: &mut Vec<Diagnostic>) {
    let span = opening(draft.source, statement);
    let before = found.len();
    let mut invalid = |message: String| {
        found.push(draft.source.error(Code::InvalidConstraint, span, message));
    };
    match (draft.kind, constraint.enforced) {
        (ObjectKind::View, true) => {
            invalid("a view can only have constraints that are `NOT ENFORCED`".to_owned());
        }
        (ObjectKind::View | ObjectKind::MaterializedView, _) => {}
        (kind, _) => invalid(format!("a {kind} cannot have constraints")),
    }
    match (constraint.enforced, &constraint.cluster) {
        (true, None) => invalid("an enforced constraint needs `IN CLUSTER`".to_owned()),
        (false, Some(_)) => invalid("a constraint that is not enforced runs in no cluster".to_owned()),
        (true, Some(_)) | (false, None) => {}
    }
    if constraint.kind == ConstraintKind::ForeignKey && constraint.references.is_none() {
        invalid("a foreign key needs `REFERENCES`".to_owned());
    }
    if constraint.enforced && found.len() == before {
        let message = "enforced constraints cannot be deployed yet";
        let help = "write `NOT ENFORCED` to keep it as documentation";
        found.push(draft.source.error(Code::EnforcedConstraint, span, message).with_help(help));
    }
}
