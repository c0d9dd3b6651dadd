//! What `project.toml` declares is read by something.

use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::diagnostic::Severity;
use crate::compiler::settings::Dependency;
use crate::compiler::source::Source;

/// Warns of declared dependencies that no object reads.
pub(in crate::compiler) fn check(
    settings: &Source,
    declared: &[Dependency],
    is_read: &dyn Fn(usize) -> bool,
    found: &mut Vec<Diagnostic>,
) {
    for (number, dependency) in declared.iter().enumerate() {
        if !is_read(number) {
            let message = format!("nothing reads the dependency `{}`", dependency.name);
            let mut diagnostic = settings.error(Code::UnusedDependency, dependency.span, message);
            diagnostic.severity = Severity::Warning;
            found.push(diagnostic);
        }
    }
}
