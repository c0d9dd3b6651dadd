//! The policies of a command line: found, loaded, put before a swap.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::app::CliError;
use super::recipe;
use crate::deployment::decision::PolicySource;
use crate::deployment::record::RunStarted;
use crate::lua::gate::Gate;
use crate::lua::host::Source;
use crate::lua::near;
use crate::lua::policy::Policy;

/// Where a project keeps its policies.
pub(crate) const FOLDER: &str = "policies";

/// Finds a policy: a file where a path is typed, else the project's own of that name. Gives its
/// folder, too.
fn find(project: &Path, name: &str) -> Result<(Source, PathBuf), CliError> {
    let unknown = |message: String| CliError::usage("cli.unknown-policy", message);
    if name.ends_with(".lua") || name.contains('/') {
        let text = std::fs::read_to_string(name);
        let text = text.map_err(|error| unknown(format!("cannot read the policy {name}: {error}")))?;
        let folder = Path::new(name).parent().unwrap_or(Path::new("")).to_owned();
        return Ok((Source { file: name.trim_start_matches("./").to_owned(), text }, folder));
    }
    let file = format!("{FOLDER}/{name}.lua");
    match std::fs::read_to_string(project.join(&file)) {
        Ok(text) => Ok((Source { file, text }, project.join(FOLDER))),
        Err(_) => {
            let own = recipe::names_in(&project.join(FOLDER));
            let question = near::question(name, own.iter().map(String::as_str));
            Err(unknown(format!("there is no policy `{name}`{question}: no {file} below the project")))
        }
    }
}

/// Loads a policy, and tells its folder; nothing is sent to a server.
///
/// # Errors
/// `cli.unknown-policy`; `policy.*` and `lua.*`, each with its place.
pub(crate) fn load(project: &Path, name: &str) -> Result<(Policy, PathBuf), CliError> {
    let (source, folder) = find(project, name)?;
    let policy = Policy::load(source, recipe::files(project.to_owned(), BTreeMap::new()))?;
    Ok((policy, folder))
}

/// Loads the policies that a command line names.
///
/// # Errors
/// As [`load`]; `cli.policy-twice` where two have one name.
pub(crate) fn all(project: &Path, names: &[String]) -> Result<Vec<Policy>, CliError> {
    let mut policies: Vec<Policy> = Vec::new();
    for name in names {
        let (policy, _) = load(project, name)?;
        // What each said is recorded by its name.
        if policies.iter().any(|other| other.name() == policy.name()) {
            let message = format!("two policies are called `{}`", policy.name());
            return Err(CliError::usage("cli.policy-twice", message));
        }
        policies.push(policy);
    }
    Ok(policies)
}

/// The policies that a run began with, as they were then.
pub(crate) fn recorded(sources: &[PolicySource]) -> Result<Vec<Policy>, CliError> {
    let load = |recorded: &PolicySource| {
        let source = Source { file: recorded.file.clone(), text: recorded.source.clone() };
        let modules = recorded.modules.clone();
        Ok(Policy::load(source, Rc::new(move |name| modules.get(name).cloned()))?)
    };
    sources.iter().map(load).collect()
}

/// Puts policies before the swaps of a run, and notes them in what it begins with.
pub(crate) fn gate(policies: Vec<Policy>, timeout: Option<Duration>, started: &mut RunStarted) -> Rc<Gate> {
    started.policies = policies.iter().map(Policy::recorded).collect();
    let whole = |timeout: Duration| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    started.policy_timeout_ms = timeout.map(whole);
    Rc::new(Gate { policies, timeout })
}
