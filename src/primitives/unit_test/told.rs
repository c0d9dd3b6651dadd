//! What is said of a test that did not pass, in a line. Pure.

use super::Case;
use super::Verdict;

/// The line; `None` for one that passed.
pub(super) fn line(case: &Case<'_>, verdict: &Verdict) -> Option<String> {
    let name = format!("{}#{} ({}:{})", case.object.name, case.test.name, case.object.file, case.test.line);
    let rows = |number: u64, what: &str| {
        let plural = if number == 1 { "" } else { "s" };
        (number > 0).then(|| format!("{number} {what} row{plural}"))
    };
    match verdict {
        Verdict::Passed => None,
        Verdict::Failed(found) => {
            let parts = [rows(found.missing, "missing"), rows(found.unexpected, "unexpected")];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            Some(format!("{name}: {}", parts.join(", ")))
        }
        Verdict::Invalid(error) => {
            let why = error.as_ref().map(|error| error.message().to_owned());
            let why = why.or_else(|| case.mistakes.first().map(|mistake| mistake.message.clone()));
            Some(format!("{name} is wrong: {}", why.unwrap_or_default()))
        }
        Verdict::Refused(error) => Some(format!("{name} was refused: {}", error.message())),
    }
}
