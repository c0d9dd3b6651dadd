//! The results of a policy's tests in the form that build servers read.

use std::path::Path;

use quick_junit::NonSuccessKind;
use quick_junit::Report;
use quick_junit::TestCase;
use quick_junit::TestCaseStatus;
use quick_junit::TestSuite;

use super::test::Tested;
use super::test::wanted;
use super::told;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::render;
use crate::lua::policy::sheet::Outcome;

/// The width of excerpts.
const WIDTH: usize = 100;

/// Writes the document: one suite, a case for each set of facts.
///
/// # Errors
/// `cli.cannot-write`.
pub(super) fn write(file: &Path, policy: &str, tested: &[Tested]) -> Result<(), CliError> {
    let failed = |why: String| {
        let message = format!("cannot write {}: {why}", file.display());
        CliError { exit: Exit::Failed, ..CliError::usage("cli.cannot-write", message) }
    };
    let mut suite = TestSuite::new(policy);
    suite.add_test_cases(tested.iter().map(|tested| case(policy, tested)));
    let mut report = Report::new("mzflow policy test");
    report.add_test_suite(suite);
    let text = report.to_string().map_err(|error| failed(error.to_string()))?;
    std::fs::write(file, text).map_err(|error| failed(error.to_string()))
}

fn case(policy: &str, tested: &Tested) -> TestCase {
    let status = match &tested.outcome {
        Outcome::Passed(_) => TestCaseStatus::success(),
        Outcome::Differs(decision) => {
            let said = told(decision.verdict, decision.reason.as_deref());
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("expected {}, said {said}", wanted(tested)));
            status
        }
        Outcome::Failed(error) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let text = render::Report::of(error, Vec::new()).text(false, WIDTH);
            status.set_message(error.message()).set_description(format!("\n{text}\n"));
            status
        }
    };
    let mut made = TestCase::new(tested.name.as_str(), status);
    made.set_classname(policy);
    made.extra.insert("file".into(), tested.file.as_str().into());
    made
}
