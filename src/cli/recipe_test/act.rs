//! What a test does to a sandbox with the command line's own code: a run, a verb, going on.
//!
//! The commands are those that people type; only nobody is told. Start reading at [`perform`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::commands::abort;
use crate::cli::commands::approve;
use crate::cli::commands::readers::Readers;
use crate::cli::commands::resume;
use crate::cli::commands::rollback;
use crate::cli::exit::Exit;
use crate::cli::policy;
use crate::cli::recipe;
use crate::cli::recipe::Loaded;
use crate::cli::recipe::Origin;
use crate::cli::running;
use crate::cli::running::Start;
use crate::clock::parse_duration;
use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::lua::host::Source;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// A run of a recipe, under this id, with its arguments and options.
    Run(RunId, String, Map<String, Value>),
    /// Going on with a run; whether objects may go.
    Resume(RunId, bool),
    /// Dropping a deployment.
    Abort(DeploymentId),
    /// Taking a promotion back.
    Rollback(Option<DeploymentId>),
    /// Answering what a run asks: whether it is no, and what to say with it.
    Approve(RunId, bool, Option<String>),
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// What automation sees.
    pub(super) exit: Exit,
    /// What the recipe said at its end.
    pub(super) message: Option<String>,
    /// Why it failed, if it did.
    pub(super) error: Option<CliError>,
}

/// What a run may be told besides its recipe's arguments.
#[derive(Debug, Default)]
struct Options {
    deadline: Option<Duration>,
    policies: Vec<String>,
    policy_timeout: Option<Duration>,
    yes: bool,
    dry_run: bool,
}

/// Does it.
///
/// # Errors
/// `lua.unknown-argument`, `lua.wrong-argument`: mistakes of the test, not of what it tests.
pub(super) async fn perform(app: &mut App, deed: &Deed) -> Result<Ended, Error> {
    Ok(match deed {
        Deed::Run(run, recipe, given) => {
            let start = start(app, run, recipe, given)?;
            carried_out(app, Ok(start)).await
        }
        Deed::Resume(run, yes) => {
            let how = resume::How { yes: *yes, allow_dirty: true, ..resume::How::default() };
            let start = resume::start(app, run.clone(), how, None).await;
            carried_out(app, start).await
        }
        Deed::Abort(deployment) => {
            let args =
                abort::Args { deployment: deployment.clone(), dry_run: false, readers: Readers::default() };
            of_verb(abort::run(app, args).await)
        }
        Deed::Rollback(deployment) => {
            let args = rollback::Args { deployment: deployment.clone(), dry_run: false };
            of_verb(rollback::run(app, args).await)
        }
        Deed::Approve(run, deny, message) => {
            let args = approve::Args {
                run: run.clone(),
                deny: *deny,
                message: message.clone(),
                question: None,
                no_resume: true,
                how: resume::How::default(),
            };
            of_verb(approve::run(app, args).await)
        }
    })
}

async fn carried_out(app: &mut App, start: Result<Start, CliError>) -> Ended {
    let finished = match start {
        Ok(start) => running::perform(app, start).await,
        Err(error) => Err(error),
    };
    match finished {
        Ok(finished) => Ended { exit: finished.exit, message: finished.message, error: finished.error },
        Err(error) => Ended { exit: error.exit, message: None, error: Some(error) },
    }
}

fn of_verb(outcome: Result<Exit, CliError>) -> Ended {
    match outcome {
        Ok(exit) => Ended { exit, message: None, error: None },
        Err(error) => Ended { exit: error.exit, message: None, error: Some(error) },
    }
}

/// Begins a run. A recipe that cannot be loaded is a run that fails.
fn start(app: &App, run: &RunId, recipe: &str, given: &Map<String, Value>) -> Result<Start, Error> {
    let mut given = given.clone();
    let options = options(&mut given)?;
    let loaded = match load(app, recipe) {
        Ok(mut loaded) => {
            loaded.recipe.arguments(&given)?;
            loaded.given = given;
            Ok(loaded)
        }
        Err(error) => Err(error),
    };
    // Files are below the project, and not where somebody runs the tests.
    let policies = options.policies.iter().map(|name| match is_file(name) {
        true => app.project().join(name).to_string_lossy().into_owned(),
        false => name.clone(),
    });
    let policies: Vec<String> = policies.collect();
    Ok(Start {
        run: run.clone(),
        name: recipe.to_owned(),
        loaded,
        policies: policy::all(app.project(), &policies),
        policy_timeout: options.policy_timeout,
        earlier: None,
        rehearse: options.dry_run.then(Default::default),
        exit_code: false,
        deadline: options.deadline,
        yes: options.yes,
        allow_dirty: true,
    })
}

/// Finds a recipe as `mzflow run` does; files are looked for below the project.
fn load(app: &App, recipe: &str) -> Result<Loaded, CliError> {
    let (source, origin) = if is_file(recipe) {
        let text = std::fs::read_to_string(app.project().join(recipe)).map_err(|error| {
            let message = format!("cannot read the recipe {recipe} below the project: {error}");
            CliError::usage("cli.unknown-recipe", message)
        })?;
        (Source { file: recipe.to_owned(), text }, Origin::File)
    } else {
        recipe::find(app.project(), recipe)?
    };
    app.load(&source, origin, BTreeMap::new())
}

/// Tells whether a file is meant, and no name.
fn is_file(name: &str) -> bool {
    name.ends_with(".lua") || name.contains('/')
}

/// Tells whether a run may remove objects.
pub(super) fn may_remove(given: &Map<String, Value>) -> bool {
    given.get("yes") == Some(&Value::Bool(true))
}

/// Takes what is no argument of the recipe's.
fn options(given: &mut Map<String, Value>) -> Result<Options, Error> {
    let wrong = |name: &str, expected: &str| {
        Error::new(Code::LuaWrongArgument, format!("`{name}` of s:run has to be {expected}"))
    };
    let mut flag = |name: &str| match given.remove(name) {
        None => Ok(false),
        Some(Value::Bool(yes)) => Ok(yes),
        Some(_) => Err(wrong(name, "true or false")),
    };
    let (yes, dry_run) = (flag("yes")?, flag("dry_run")?);
    let mut duration = |name: &str| {
        let parsed = match given.remove(name) {
            None => return Ok(None),
            Some(Value::String(text)) => parse_duration(&text),
            Some(other) => parse_duration(&other.to_string()),
        };
        parsed.map(Some).map_err(|_| wrong(name, "a duration such as \"90s\""))
    };
    let (deadline, policy_timeout) = (duration("deadline")?, duration("policy_timeout")?);
    let names = match given.remove("policy") {
        None => Vec::new(),
        Some(Value::Array(names)) => names,
        Some(name) => vec![name],
    };
    let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    let policies = names.ok_or_else(|| wrong("policy", "a policy's name or file, or a list of them"))?;
    Ok(Options { deadline, policies, policy_timeout, yes, dry_run })
}
