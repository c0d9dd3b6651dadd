//! What a build without the sandbox says of tests of recipes.

use super::Crash;
use super::FOLDER;
use super::How;
use super::choice::Choice;
use super::tested::Tested;
use crate::cli::app::App;
use crate::cli::app::CliError;

/// Says that they cannot be run, where there are any.
///
/// # Errors
/// `target.no-sandbox` where tests of recipes were asked for.
pub(crate) async fn tried(
    app: &App,
    how: &How,
    _: &mut dyn FnMut(Vec<String>),
) -> Result<Vec<Tested>, CliError> {
    let message = "this build has no embedded sandbox, and tests of recipes run nowhere else";
    if how.crash != Crash::Nowhere || matches!(how.choice, Choice::Recipes(_)) {
        return Err(CliError::usage("target.no-sandbox", message));
    }
    if app.project().join(FOLDER).is_dir() {
        app.ui.step("tests", message, None);
    }
    Ok(Vec::new())
}
