//! What a build without the sandbox says of tests of recipes.

use super::Crash;
use super::FOLDER;
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
    choice: &Choice,
    crash: Crash,
    _: &mut dyn FnMut(Vec<String>),
) -> Result<Vec<Tested>, CliError> {
    let message = "this build has no embedded sandbox, and tests of recipes run nowhere else";
    if crash != Crash::Nowhere || matches!(choice, Choice::Recipes(_)) {
        return Err(CliError::usage("target.no-sandbox", message));
    }
    if app.project().join(FOLDER).is_dir() {
        app.ui.step("tests", message, None);
    }
    Ok(Vec::new())
}
