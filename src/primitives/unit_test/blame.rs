//! Where in a user's file the server's refusal points. Pure.

use super::Case;
use super::statement::Sent;
use crate::compiler::standalone::Statement;
use crate::compiler::unit_test::Excerpt;
use crate::compiler::unit_test::Mock;
use crate::db;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::error::Place;
use crate::primitives::rejection;

/// An error about a test as a whole.
pub(super) fn at_test(case: &Case<'_>, error: Error) -> Error {
    let start = case.test.span.start;
    let test = case.text.get(start..case.test.span.end).unwrap_or_default();
    let end = test.find('\n').unwrap_or(test.len());
    of_case(case, error).place(Some(rejection::at(&case.object.file, case.text, start..start + end, "")))
}

/// An error about the view.
pub(super) fn at_view(case: &Case<'_>, error: Error) -> Error {
    let text = view_text(case);
    let view = case.text.get(text.clone()).unwrap_or_default();
    let end = text.start + view.find('\n').unwrap_or(view.len());
    of_case(case, error).place(Some(rejection::at(&case.object.file, case.text, text.start..end, "")))
}

/// An error about a mock.
pub(super) fn at_mock(case: &Case<'_>, mock: &Mock, error: Error) -> Error {
    let place = rejection::at(&case.object.file, case.text, mock.span.start..mock.span.end, "");
    of_case(case, error).place(Some(place))
}

/// An error in a piece of a test, which was sent as it is.
pub(super) fn in_excerpt(case: &Case<'_>, excerpt: &Excerpt, sent: &Sent, error: &db::error::Error) -> Error {
    let piece = excerpt.span.start..excerpt.span.end;
    // Where variables were replaced, bytes of what was sent are none of the file.
    let is_verbatim = case.text.get(piece.clone()) == Some(excerpt.text.as_str());
    let offset = error.position().filter(|_| is_verbatim).and_then(|position| {
        let character = position.checked_sub(sent.before)?.checked_sub(1)?;
        excerpt.text.char_indices().nth(character).map(|(at, _)| at)
    });
    let place = rejection::within(&case.object.file, case.text, piece, offset, error.message());
    rejected(case, error.message(), error, place)
}

/// An error in the view.
pub(super) fn in_view(case: &Case<'_>, view: &Statement, sent: &Sent, error: &db::error::Error) -> Error {
    let message = view.told(error.message());
    let position = error.position().and_then(|position| position.checked_sub(sent.before));
    let located = position.and_then(|position| view.place(position));
    let file = &case.object.file;
    let place = match located.filter(|located| located.object == case.object.name) {
        Some(located) => rejection::at(file, case.text, located.span.start..located.span.end, &message),
        None => rejection::within(file, case.text, view_text(case), None, &message),
    };
    rejected(case, &message, error, place)
}

/// Where the view's statement stands: up to the next test, if one follows.
fn view_text(case: &Case<'_>) -> std::ops::Range<usize> {
    let lines = case.text.split_inclusive('\n').take(case.object.line.saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    let tests = case.object.tests.iter().map(|test| test.span.start);
    start..tests.filter(|test| *test > start).min().unwrap_or(case.text.len())
}

fn rejected(case: &Case<'_>, message: &str, error: &db::error::Error, place: Place) -> Error {
    of_case(case, Error::server(Code::TestRejected, message, error)).place(Some(place))
}

fn of_case(case: &Case<'_>, error: Error) -> Error {
    error.object(&case.object.name)
}
