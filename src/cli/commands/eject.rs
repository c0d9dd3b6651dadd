//! `mzflow eject`: copies a bundled recipe into the project, to be changed there.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::recipe;
use crate::lua::near;
use crate::recipes;

/// Copy a bundled recipe into the project's recipes/
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Recipe to copy
    #[arg(value_name = "RECIPE")]
    recipe: String,
}

pub(crate) fn run(app: &App, args: Args) -> Result<Exit, CliError> {
    let name = &args.recipe;
    let Some(bundled) = recipes::find(name) else {
        let question = near::question(name, recipes::ALL.iter().map(|recipe| recipe.name));
        let message = format!("there is no bundled recipe `{name}`{question}");
        return Err(
            CliError::usage("cli.unknown-recipe", message).advise("see what there is:  mzflow recipes")
        );
    };
    let folder = app.project().join(recipe::FOLDER);
    let file = folder.join(format!("{name}.lua"));
    let shown = file.display().to_string();
    let failed = |error: std::io::Error| {
        let error = CliError::usage("eject.cannot-write", format!("cannot write {shown}: {error}"));
        CliError { exit: Exit::Failed, ..error }
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    // Made only where nothing is: what somebody has changed is never written over.
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).open(&file);
    let written = made.and_then(|mut made| std::io::Write::write_all(&mut made, bundled.text.as_bytes()));
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let error = CliError::usage("eject.exists", format!("{shown} exists and is not written over"));
            return Err(CliError { exit: Exit::Refused, ..error });
        }
        Err(error) => return Err(failed(error)),
    }
    if app.ui.json {
        app.ui.json(&json!({ "recipe": name, "file": shown }));
        return Ok(Exit::Done);
    }
    app.ui.step("eject", &format!("{shown}: it is run instead of the bundled one"), None);
    app.ui.talk(&format!("  next: change it, then   mzflow run {name} --dry-run"));
    Ok(Exit::Done)
}
