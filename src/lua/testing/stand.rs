//! What a test works with, and the command line brings: sandboxes, and runs in them.
//!
//! The host of Lua knows neither servers nor command lines; whoever runs tests does. Start reading at
//! [`Grounds`] and [`Stand`].

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use serde_json::Map;
use serde_json::Value as Json;

use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::primitives::error::Error;
use crate::primitives::query::Parameter;

/// Texts by path; `None` for a file that is to be gone.
pub type Texts = BTreeMap<String, Option<String>>;

/// How a sandbox is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// How long each dataflow hydrates.
    pub hydration: Duration,
    /// How long each statement takes.
    pub latency: Duration,
    /// Whether rights are checked.
    pub rbac: bool,
    /// The project, below the one that is tested.
    pub project: String,
    /// The profile whose settings the project takes.
    pub profile: Option<String>,
    /// What counts instead of the project's own files.
    pub files: Texts,
    /// The environment variables.
    pub variables: BTreeMap<String, String>,
}

/// Which statement a run is to die behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// The n-th of those that are more than reading.
    Number(u64),
    /// The first that is like a pattern.
    Like(String),
}

/// What a test asks of a sandbox.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// A run of a recipe, with its arguments and options.
    Run(String, Map<String, Json>),
    /// To go on with a run; without an id, with the last one.
    Resume(Option<RunId>),
    /// To drop a deployment.
    Abort(DeploymentId),
    /// To take a promotion back; without an id, the last one.
    Rollback(Option<DeploymentId>),
    /// A statement, its parameters, and who sends it.
    Sql(String, Vec<Parameter>, Option<String>),
    /// Every statement that was sent.
    Transcript,
    /// Changed files.
    Edit(Texts),
    /// Replicas that fail from now on; without a name, none does.
    FailReplica(Option<String>),
    /// So many commits that fail.
    Conflict(u64),
    /// The death of the next run.
    Kill(Death),
    /// Something else that goes wrong.
    Fault(String),
    /// A stop of the run, as by Ctrl-C.
    Interrupt,
}

/// What a sandbox answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// What the test gets.
    Told(Json),
    /// The run was cut on purpose and has gone on, and the test is over: nothing is left to be asked.
    Enough,
}

/// Something that answers later.
pub type Later<T> = LocalBoxFuture<'static, Result<T, Error>>;

/// A sandbox of a test.
pub trait Stand {
    /// Answers a test.
    ///
    /// # Cancel
    /// A run that is dropped is as dead as one whose process was killed.
    fn ask(self: Rc<Self>, ask: Ask) -> Later<Answer>;
}

/// Where sandboxes of tests come from.
pub trait Grounds {
    /// Opens one.
    fn sandbox(self: Rc<Self>, wanted: Wanted) -> Later<Rc<dyn Stand>>;
}
