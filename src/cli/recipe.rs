//! The recipe of a command line: found, loaded, its arguments made options of `mzflow run`.
//!
//! All of it happens before the command line is read in full, and without a server. Start reading
//! at [`of_command_line`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;

use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::Command;
use serde_json::Map;
use serde_json::Value;

use super::app::CliError;
use super::git::GitFacts;
use super::place;
use crate::clock::Clock;
use crate::lua::host::Facts;
use crate::lua::host::Files;
use crate::lua::host::Git;
use crate::lua::host::Host;
use crate::lua::host::Source;
use crate::lua::near;
use crate::lua::recipe::Argument;
use crate::lua::recipe::ArgumentKind;
use crate::lua::recipe::Recipe;
use crate::primitives::code::Code;
use crate::primitives::ctx::Variables;
use crate::primitives::error::Error;
use crate::recipes;

/// Where a project keeps its recipes.
pub(crate) const FOLDER: &str = "recipes";

/// Where a recipe is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The project's `recipes/`.
    Project,
    /// The same, with the name of a bundled one.
    InsteadOfBundled,
    /// Bundled.
    Bundled,
    /// A file that was named.
    File,
    /// The journal.
    Journal,
}

impl Origin {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Project | Self::InsteadOfBundled => "project",
            Self::Bundled => "bundled",
            Self::File => "file",
            Self::Journal => "journal",
        }
    }
}

/// A recipe and the Lua that it is loaded in.
pub(crate) struct Loaded {
    /// Lua.
    pub(crate) host: Host,
    /// The recipe.
    pub(crate) recipe: Recipe,
    /// Where it is from.
    pub(crate) origin: Origin,
    /// What it is given.
    pub(crate) given: Map<String, Value>,
    /// The project that git was asked about when it was loaded, and what it said.
    pub(crate) git: Option<(PathBuf, GitFacts)>,
}

/// Finds a recipe: a file where a path is typed, else the project's own, else a bundled one.
pub(crate) fn find(project: &Path, name: &str) -> Result<(Source, Origin), CliError> {
    if name.ends_with(".lua") || name.contains('/') {
        let text = std::fs::read_to_string(name).map_err(|error| {
            CliError::usage("cli.unknown-recipe", format!("cannot read the recipe {name}: {error}"))
        })?;
        return Ok((Source { file: name.trim_start_matches("./").to_owned(), text }, Origin::File));
    }
    let file = format!("{FOLDER}/{name}.lua");
    let bundled = recipes::find(name);
    if let Ok(text) = std::fs::read_to_string(project.join(&file)) {
        let origin = if bundled.is_some() { Origin::InsteadOfBundled } else { Origin::Project };
        return Ok((Source { file, text }, origin));
    }
    if let Some(bundled) = bundled {
        return Ok((
            Source { file: bundled.file.to_owned(), text: bundled.text.to_owned() },
            Origin::Bundled,
        ));
    }
    let own = of_project(project);
    let known = own.iter().map(String::as_str).chain(recipes::ALL.iter().map(|recipe| recipe.name));
    let question = near::question(name, known);
    let message =
        format!("there is no recipe `{name}`{question}: neither {file} below the project nor a bundled one");
    Err(CliError::usage("cli.unknown-recipe", message).advise("see what there is:  mzflow recipes"))
}

/// The names of the project's recipes, in order.
pub(crate) fn of_project(project: &Path) -> Vec<String> {
    names_in(&project.join(FOLDER))
}

/// The names of the Lua files of a folder, in order.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let lua = paths.filter(|path| path.extension().is_some_and(|ending| ending == "lua"));
    let mut names: Vec<String> =
        lua.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort_unstable();
    names
}

/// Loads a recipe before the command line is read in full.
///
/// # Errors
/// `lua.*`, each with its place.
pub(crate) fn load(project: &Path, source: &Source, origin: Origin) -> Result<Loaded, CliError> {
    let git = GitFacts::of(project);
    let facts = facts(project, &Clock::system(), &git, Rc::new(place::variable), BTreeMap::new());
    Ok(Loaded { git: Some((project.to_owned(), git)), ..load_with(facts, source, origin)? })
}

/// What a recipe can know before it runs.
pub(crate) fn facts(
    project: &Path,
    clock: &Clock,
    git: &GitFacts,
    variables: Variables,
    recorded: BTreeMap<String, String>,
) -> Facts {
    Facts {
        clock: clock.clone(),
        git: Git {
            short_sha: git.short_sha().map(str::to_owned),
            sha: git.sha.clone(),
            branch: git.branch.clone(),
            dirty: git.dirty,
        },
        variables,
        files: files(project.to_owned(), recorded),
    }
}

/// Loads a recipe that knows these facts.
///
/// # Errors
/// `lua.*`, each with its place.
pub(crate) fn load_with(facts: Facts, source: &Source, origin: Origin) -> Result<Loaded, CliError> {
    let host = Host::new(facts)?;
    let recipe = host.load(source)?;
    Ok(Loaded { host, recipe, origin, given: Map::new(), git: None })
}

/// Reads files below the project, and nothing that a link leads out of it to.
pub(crate) fn files(project: PathBuf, recorded: BTreeMap<String, String>) -> Files {
    Rc::new(move |name| {
        if let Some(text) = recorded.get(name) {
            return Some(text.clone());
        }
        let root = project.canonicalize().ok()?;
        let path = root.join(name).canonicalize().ok()?;
        if !path.starts_with(&root) {
            return None;
        }
        std::fs::read_to_string(path).ok()
    })
}

/// What a command line says of the recipe, before it is read in full.
#[derive(Debug, PartialEq, Eq)]
struct Picked {
    /// What may be its name, in order.
    names: Vec<String>,
    /// The project.
    project: PathBuf,
}

/// The project and the recipe of `mzflow run RECIPE …`; `None` for other verbs, and where none is named.
pub(crate) fn of_command_line(
    command: &Command,
    words: &[OsString],
) -> Option<(PathBuf, Result<Loaded, CliError>)> {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let picked = picked(command, &words)?;
    // A word behind an option of the recipe's own may stand before its name.
    let found = picked.names.iter().find_map(|name| find(&picked.project, name).ok());
    let found = match found {
        Some(found) => Ok(found),
        None => find(&picked.project, picked.names.first()?),
    };
    let loaded = found.and_then(|(source, origin)| load(&picked.project, &source, origin));
    Some((picked.project, loaded))
}

fn picked(command: &Command, words: &[String]) -> Option<Picked> {
    let run = command.find_subcommand("run")?;
    let known: Vec<&Arg> = command.get_arguments().chain(run.get_arguments()).collect();
    let takes = |flag: &str| known.iter().find(|arg| arg.get_action().takes_values() && is_called(arg, flag));
    let mut names = Vec::new();
    let mut project = PathBuf::from(".");
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if word == "--" {
            names.extend(words.by_ref().cloned());
            break;
        }
        if !word.starts_with('-') || word == "-" {
            names.push(word.clone());
            continue;
        }
        let (flag, own) = match (word.starts_with("--"), word.split_once('=')) {
            (true, Some((flag, value))) => (flag, Some(value.to_owned())),
            (true, None) => (word.as_str(), None),
            (false, _) => match word.char_indices().nth(2) {
                Some((at, _)) => (word.get(..at).unwrap_or(word), word.get(at..).map(str::to_owned)),
                None => (word.as_str(), None),
            },
        };
        let Some(arg) = takes(flag) else { continue };
        let value = own.or_else(|| words.next().cloned());
        if arg.get_id() == "project" {
            project = PathBuf::from(value?);
        }
    }
    let mut names = names.into_iter();
    // The verb is the first bare word.
    (names.next()? == "run").then(|| Picked { names: names.collect(), project })
}

fn is_called(arg: &Arg, flag: &str) -> bool {
    let long = arg.get_long().into_iter().chain(arg.get_all_aliases().unwrap_or_default());
    long.into_iter().any(|long| flag.strip_prefix("--") == Some(long))
        || arg.get_short().is_some_and(|short| flag.strip_prefix('-') == Some(short.to_string().as_str()))
}

/// The command line with the recipe's arguments as options of `run`.
///
/// # Errors
/// `lua.bad-recipe` where an option has a name that is taken.
pub(crate) fn with_options(command: Command, recipe: &Recipe) -> Result<Command, CliError> {
    let Some(run) = command.find_subcommand("run") else { return Ok(command) };
    let mut taken: Vec<String> = vec!["help".to_owned(), "version".to_owned()];
    for arg in command.get_arguments().chain(run.get_arguments()) {
        let names = arg.get_long().into_iter().chain(arg.get_all_aliases().unwrap_or_default());
        taken.extend(names.map(str::to_owned));
    }
    for argument in &recipe.arguments {
        for option in [Some(flag(argument)), argument.alias.clone()].into_iter().flatten() {
            if taken.contains(&option) {
                let message = format!(
                    "argument `{}` of recipe `{}` would be --{option}, and that is taken",
                    argument.name, recipe.name
                );
                return Err(Error::new(Code::LuaBadRecipe, message)
                    .effect("nothing was sent to the server")
                    .into());
            }
            taken.push(option);
        }
    }
    let heading = format!("Options of {}", recipe.name);
    let options: Vec<Arg> =
        recipe.arguments.iter().map(|a| option(a).help_heading(heading.clone())).collect();
    let about = recipe.summary.trim_end_matches('.').to_owned();
    Ok(command.mut_subcommand("run", |run| run.about(about).args(options)))
}

/// The name of an argument's option; one that is on where nothing is said is switched off.
fn flag(argument: &Argument) -> String {
    if argument.default == Value::Bool(true) {
        format!("no-{}", argument.option())
    } else {
        argument.option()
    }
}

fn id(argument: &Argument) -> String {
    format!("recipe:{}", argument.name)
}

fn option(argument: &Argument) -> Arg {
    let mut option =
        Arg::new(id(argument)).long(flag(argument)).help(help(argument)).required(argument.required);
    if let Some(alias) = &argument.alias {
        option = option.visible_alias(alias.clone());
    }
    let value_name = match &argument.kind {
        ArgumentKind::Boolean => return option.action(ArgAction::SetTrue),
        ArgumentKind::Text | ArgumentKind::Choice(_) => argument.name.to_uppercase(),
        ArgumentKind::Duration => "DURATION".to_owned(),
        ArgumentKind::Number => "N".to_owned(),
    };
    let parsed = argument.clone();
    option
        .action(if argument.many { ArgAction::Append } else { ArgAction::Set })
        .value_name(value_name)
        .value_parser(move |text: &str| parsed.parse(text))
}

fn help(argument: &Argument) -> String {
    // As the help of options that are not a recipe's.
    let mut letters = argument.help.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let mut help = format!("{first}{}", letters.as_str());
    if let ArgumentKind::Choice(words) = &argument.kind {
        help += &format!(" ({})", words.join(", "));
    }
    if argument.many {
        help += "; may be repeated";
    }
    match (&argument.kind, &argument.default) {
        (_, Value::Null) | (ArgumentKind::Boolean, _) => {}
        (ArgumentKind::Duration, Value::Number(seconds)) => help += &format!(" [default: {}]", told(seconds)),
        (_, Value::String(text)) => help += &format!(" [default: {text}]"),
        (_, other) => help += &format!(" [default: {other}]"),
    }
    help.trim_start().to_owned()
}

/// Seconds in the largest unit that has no remainder.
fn told(seconds: &serde_json::Number) -> String {
    match seconds.as_u64() {
        Some(whole) if whole > 0 && whole.is_multiple_of(3600) => format!("{}h", whole / 3600),
        Some(whole) if whole > 0 && whole.is_multiple_of(60) => format!("{}m", whole / 60),
        _ => format!("{seconds}s"),
    }
}

/// What the command line gives the recipe.
pub(crate) fn given(matches: &ArgMatches, recipe: &Recipe) -> Map<String, Value> {
    let Some(run) = matches.subcommand_matches("run") else { return Map::new() };
    let mut given = Map::new();
    for argument in &recipe.arguments {
        let id = id(argument);
        let value = match &argument.kind {
            ArgumentKind::Boolean => {
                let on_by_default = argument.default == Value::Bool(true);
                run.get_flag(&id).then_some(Value::Bool(!on_by_default))
            }
            _ if argument.many => run.get_many::<Value>(&id).map(|values| values.cloned().collect()),
            _ => run.get_one::<Value>(&id).cloned(),
        };
        given.extend(value.map(|value| (argument.name.clone(), value)));
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("mzflow")
            .arg(Arg::new("project").short('d').long("project").visible_alias("directory").global(true))
            .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).global(true))
            .subcommand(
                Command::new("run")
                    .arg(Arg::new("recipe").required(true))
                    .arg(Arg::new("deadline").long("deadline")),
            )
            .subcommand(Command::new("list"))
    }

    #[track_caller]
    fn check(line: &str, expected: Option<(&[&str], &str)>) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let picked = picked(&command(), &words);
        let expected = expected.map(|(names, project)| Picked {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            project: PathBuf::from(project),
        });
        assert_eq!(picked, expected, "{line}");
    }

    #[test]
    fn the_recipe_is_found_among_options() {
        check("mzflow run blue_green", Some((&["blue_green"], ".")));
        check("mzflow --json -d x run --deadline 5m blue_green --id a", Some((&["blue_green", "a"], "x")));
        check("mzflow run blue_green --directory=y -dz", Some((&["blue_green"], "z")));
        check("mzflow run --id a blue_green", Some((&["a", "blue_green"], ".")));
        check("mzflow run", Some((&[], ".")));
        check("mzflow list run", None);
        check("mzflow", None);
    }

    fn loaded() -> Loaded {
        let (source, origin) = find(Path::new("nowhere"), "blue_green").expect("it is bundled");
        load(Path::new("nowhere"), &source, origin).expect("it loads")
    }

    #[test]
    fn arguments_are_options() {
        let loaded = loaded();
        let command = with_options(command(), &loaded.recipe).expect("no name is taken");
        let line = "mzflow run blue_green --timeout 10m --reuse a --reuse b --deploy-id x --force";
        let matches = command.clone().try_get_matches_from(line.split(' ')).expect("it is right");
        let given = Value::Object(given(&matches, &loaded.recipe)).to_string();
        assert_eq!(given, r#"{"force":true,"id":"x","reuse":["a","b"],"timeout":600}"#);
        let wrong = command.try_get_matches_from("mzflow run blue_green --isolation objects".split(' '));
        let wrong = wrong.expect_err("it is none").to_string();
        assert!(wrong.contains("`objects` is none of cluster, schema, object"), "{wrong}");
    }

    #[test]
    fn an_option_that_is_taken_is_refused() {
        let command = command().mut_subcommand("run", |run| run.arg(Arg::new("keep").long("keep")));
        let error = with_options(command, &loaded().recipe).expect_err("it is taken");
        assert_eq!(error.report.code, "lua.bad-recipe");
    }

    #[test]
    fn an_unknown_recipe_names_the_nearest() {
        let error = find(Path::new("nowhere"), "blue_gren").expect_err("there is none");
        assert!(error.report.message.contains("did you mean `blue_green`?"), "{}", error.report.message);
    }
}
