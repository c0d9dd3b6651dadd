//! `mzflow recipes`: what `mzflow run` can run here; whether it is right; the types for editors.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::recipe;
use crate::cli::recipe::Loaded;
use crate::cli::scaffold;
use crate::cli::typed;
use crate::cli::ui::table;
use crate::recipes;

mod check;

/// List the recipes, bundled ones and the project's
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Check(check::Args),
    /// Write the types of `mz` below .mzflow/, and a .luarc.json that finds them
    Stubs,
}

pub(crate) fn run(app: &App, args: Args) -> Result<Exit, CliError> {
    match args.verb {
        None => list(app),
        Some(Verb::Check(args)) => check::run(app, &args),
        Some(Verb::Stubs) => stubs(app),
    }
}

fn stubs(app: &App) -> Result<Exit, CliError> {
    let written = scaffold::stubs(app.project())?;
    if app.ui.json {
        app.ui.json(&json!({ "files": written.paths() }));
        return Ok(Exit::Done);
    }
    written.tell(&app.ui, "stubs");
    Ok(Exit::Done)
}

fn list(app: &App) -> Result<Exit, CliError> {
    let mut names = recipe::of_project(app.project());
    names.extend(recipes::ALL.iter().map(|bundled| bundled.name.to_owned()));
    names.sort_unstable();
    names.dedup();
    let found = names.iter().map(|name| told(app, name)).collect::<Result<Vec<_>, _>>()?;
    if app.ui.json {
        app.ui.json(&found.into());
        return Ok(Exit::Done);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows: Vec<Vec<String>> =
        found.iter().map(|found| ["name", "from", "summary"].map(|key| text(&found[key])).into()).collect();
    for line in table(&["RECIPE", "FROM", "WHAT IT DOES"], &rows) {
        app.ui.data(&line);
    }
    app.ui.talk(&typed::here("  next: mzflow run RECIPE --help   or   mzflow eject RECIPE"));
    Ok(Exit::Done)
}

/// One recipe; a broken one says so instead of what it does.
fn told(app: &App, name: &str) -> Result<Value, CliError> {
    let (source, origin) = recipe::find(app.project(), name)?;
    let fields = match app.load(&source, origin, BTreeMap::new()) {
        Ok(Loaded { recipe, .. }) => {
            let arguments: Vec<Value> = recipe
                .arguments
                .iter()
                .map(
                    |a| json!({ "name": a.name, "option": a.option(), "default": a.default, "help": a.help }),
                )
                .collect();
            json!({
                "name": name, "from": origin.as_str(), "file": source.file, "summary": recipe.summary,
                "args": arguments, "hooks": recipe.hooks,
            })
        }
        Err(error) => {
            let summary = format!("cannot be loaded: {}", error.report.message);
            let error = error.report.json();
            json!({ "name": name, "from": origin.as_str(), "file": source.file, "summary": summary, "error": error })
        }
    };
    Ok(fields)
}
