//! `mzflow eject`: copies a bundled recipe into the project, to be changed there.

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::recipe;
use crate::cli::scaffold;
use crate::cli::typed;
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
    let file = app.project().join(recipe::FOLDER).join(format!("{name}.lua"));
    scaffold::create(&file, bundled.text)?;
    scaffold::stubs(app.project())?;
    let shown = file.display().to_string();
    if app.ui.json {
        app.ui.json(&json!({ "recipe": name, "file": shown }));
        return Ok(Exit::Done);
    }
    app.ui.step("eject", &format!("{shown}: it is run instead of the bundled one"), None);
    let next = format!("  next: change it, then   mzflow recipes check   and   mzflow run {name} --dry-run");
    app.ui.talk(&typed::here(&next));
    Ok(Exit::Done)
}
