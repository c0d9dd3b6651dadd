//! A file of a schema holds exactly one statement that creates something, and only what belongs
//! to it besides.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Candidate;
use crate::compiler::draft::is_companion;
use crate::compiler::draft::main_kind;
use crate::compiler::draft::opening;
use crate::sql::span::Span;

/// Reports statements that do not belong, and too many or too few that create.
pub(in crate::compiler) fn check(candidate: &Candidate<'_>, found: &mut Vec<Diagnostic>) {
    let source = candidate.source;
    for statement in &source.statements {
        if main_kind(&statement.kind).is_none() && !is_companion(&statement.kind) {
            let span = opening(source, statement);
            let message = "this statement has no place in an object's file";
            let help = "besides the statement that creates the object: indexes, constraints, comments, \
                        grants of privileges and unit tests";
            found.push(source.error(Code::UnsupportedStatement, span, message).with_help(help));
        }
    }
    match candidate.mains.as_slice() {
        [] if source.is_broken() => {}
        [] => {
            let message = "this file creates nothing";
            found.push(source.error(Code::NoMainStatement, Span::default(), message));
        }
        [(first, _), others @ ..] => {
            for (other, kind) in others {
                let message = format!("this file already creates something; the {kind} needs its own file");
                let label = source.label(opening(source, first), "the first one");
                found.push(
                    source.error(Code::TwoMainStatements, opening(source, other), message).with_label(label),
                );
            }
        }
    }
}
