//! `mzflow new`: a project, or a recipe in one, to begin with.

use std::path::Path;
use std::path::PathBuf;

use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::recipe;
use crate::cli::scaffold;
use crate::cli::scaffold::Written;
use crate::cli::typed;
use crate::lua::host::legal;
use crate::primitives::error::Error;
use crate::recipes;

/// The files of a new project, below its folder; `DATABASE` stands for its name.
const PROJECT: &[(&str, &str)] = &[
    ("project.toml", include_str!("../new/project.toml")),
    (".gitignore", include_str!("../new/gitignore")),
    ("clusters/compute.sql", include_str!("../new/compute.sql")),
    ("models/DATABASE/core/orders.sql", include_str!("../new/orders.sql")),
    ("models/DATABASE/core/totals.sql", include_str!("../new/totals.sql")),
];

/// A new recipe; `NAME` stands for its name.
const RECIPE: &str = include_str!("../new/recipe.lua");

/// Begin a project, or a recipe of one's own
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Folder of the new project; its last part names the database
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write recipes/NAME.lua: blue/green, to be bent with hooks
    Recipe {
        /// Name of the recipe, as `mzflow run` takes it
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(crate) fn run(app: &App, args: &Args) -> Result<Exit, CliError> {
    let (written, next) = match (&args.what, &args.folder) {
        (Some(What::Recipe { name }), _) => {
            (recipe(app.project(), name)?, format!("mzflow run {name} --dry-run"))
        }
        (None, Some(folder)) => {
            let at = typed::quoted(&folder.display().to_string());
            (project(folder)?, format!("mzflow run blue_green --project {at}"))
        }
        (None, None) => return Err(Error::bug("`new` was read without what it is to make").into()),
    };
    if app.ui.json {
        app.ui.json(&json!({ "files": written.paths() }));
        return Ok(Exit::Done);
    }
    written.tell(&app.ui, "new");
    app.ui.talk(&typed::here(&format!("  next: {next}")));
    Ok(Exit::Done)
}

fn recipe(project: &Path, name: &str) -> Result<Written, CliError> {
    if !legal(name) {
        let message = format!("`{name}` is no recipe's name: letters, digits, `_` and `-` only");
        return Err(CliError::usage("cli.bad-name", message));
    }
    if recipes::find(name).is_some() {
        let message = format!("`{name}` is a bundled recipe");
        return Err(CliError::usage("cli.bad-name", message)
            .advise(format!("copy it into the project:  mzflow eject {name}"))
            .advise("or give yours another name".to_owned()));
    }
    let file = project.join(recipe::FOLDER).join(format!("{name}.lua"));
    let mut written = scaffold::create(&file, &RECIPE.replace("NAME", name))?;
    written.and(scaffold::stubs(project)?);
    Ok(written)
}

fn project(folder: &Path) -> Result<Written, CliError> {
    // Somebody's folder is not filled with files that they did not ask for.
    let is_empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty {
        let message = format!("{} is there already and is not empty", folder.display());
        return Err(CliError { exit: Exit::Refused, ..CliError::usage("cli.exists", message) });
    }
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let database = database(&name);
    let mut written = Written::default();
    for (path, text) in PROJECT {
        let path = folder.join(path.replace("DATABASE", &database));
        written.and(scaffold::create(&path, &text.replace("NAME", &name))?);
    }
    written.and(scaffold::stubs(folder)?);
    Ok(written)
}

/// The name of a database that needs no quotes, as near to a folder's name as can be.
fn database(folder: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = folder.chars().map(letter).collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_lowercase() => name,
        _ => format!("app{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::database;

    #[test]
    fn a_database_has_the_name_of_the_folder() {
        let names = ["shop", "My-Shop 2", "2024", "", "Überfluss"].map(database);
        assert_eq!(names, ["shop", "my_shop_2", "app2024", "app", "app_berfluss"]);
    }
}
