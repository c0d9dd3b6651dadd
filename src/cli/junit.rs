//! The results of tests in the form that build servers read.

use std::time::Duration;

use quick_junit::NonSuccessKind;
use quick_junit::Report;
use quick_junit::TestCase;
use quick_junit::TestCaseStatus;
use quick_junit::TestSuite;

use super::difference;
use super::recipe_test::tested::Tested;
use super::render;
use crate::primitives::error::Error;
use crate::primitives::unit_test::Case;
use crate::primitives::unit_test::Verdict;

/// The width of excerpts.
const WIDTH: usize = 100;

/// The document: a suite for each object and each file of tests of recipes, a case for each test. What XML cannot hold is left out of
/// it.
///
/// # Errors
/// Where it cannot be written as XML.
pub(crate) fn document(
    results: &[(Case<'_>, Verdict, Duration)],
    recipes: &[Tested],
) -> Result<String, String> {
    let mut report = Report::new("mzflow test");
    let of_recipes: Duration = recipes.iter().map(|tested| tested.took).sum();
    report.set_time(results.iter().map(|(_, _, took)| *took).sum::<Duration>() + of_recipes);
    for of_object in results.chunk_by(|(a, ..), (b, ..)| a.object.name == b.object.name) {
        let Some((first, ..)) = of_object.first() else { continue };
        let mut suite = TestSuite::new(first.object.name.to_string());
        suite.set_time(of_object.iter().map(|(_, _, took)| *took).sum());
        suite.add_test_cases(of_object.iter().map(|(case, verdict, took)| self::case(case, verdict, *took)));
        report.add_test_suite(suite);
    }
    for of_file in recipes.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = of_file.first() else { continue };
        let mut suite = TestSuite::new(first.file.clone());
        suite.set_time(of_file.iter().map(|tested| tested.took).sum());
        suite.add_test_cases(of_file.iter().map(Tested::junit));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn case(case: &Case<'_>, verdict: &Verdict, took: Duration) -> TestCase {
    let mut made = TestCase::new(case.test.name.as_str(), status(case, verdict));
    made.set_classname(case.object.name.to_string()).set_time(took);
    made.extra.insert("file".into(), case.object.file.as_str().into());
    made.extra.insert("line".into(), case.test.line.to_string().into());
    made
}

fn status(case: &Case<'_>, verdict: &Verdict) -> TestCaseStatus {
    let (kind, message, text) = match verdict {
        Verdict::Passed => return TestCaseStatus::success(),
        Verdict::Failed(difference) => {
            let text = difference::lines(difference).join("\n");
            (NonSuccessKind::Failure, difference::summary(difference), text)
        }
        Verdict::Invalid(error) => {
            let mistake = case.mistakes.first().map(|mistake| mistake.message.as_str());
            let message = mistake.or(error.as_ref().map(Error::message)).unwrap_or_default().to_owned();
            (NonSuccessKind::Error, message, text(case, error.as_ref()))
        }
        Verdict::Refused(error) => {
            (NonSuccessKind::Error, error.message().to_owned(), text(case, Some(error)))
        }
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_description(format!("\n{text}\n"));
    status
}

/// What a person would be told.
fn text(case: &Case<'_>, error: Option<&Error>) -> String {
    let reports = reports(case, error);
    reports.iter().map(|report| report.text(false, WIDTH)).collect::<Vec<_>>().join("\n\n")
}

/// What is wrong with a test that could not be run.
pub(crate) fn reports(case: &Case<'_>, error: Option<&Error>) -> Vec<render::Report> {
    let mistakes = case.mistakes.iter().map(render::Report::of_finding);
    mistakes.chain(error.map(|error| render::Report::of(error, Vec::new()))).collect()
}
