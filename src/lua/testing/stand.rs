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
use serde_json::json;

use crate::clock::Timestamp;
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
    /// An answer to what the last run asks: whether it is no, and what to say with it.
    Approve(bool, Option<String>),
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

/// How a run of a test ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// The word for it; `killed` if it was cut.
    pub status: &'static str,
    /// The exit code that the command would have; `None` if it was cut.
    pub exit: Option<u8>,
    /// What the recipe said at its end.
    pub message: Option<String>,
    /// The error, as programs are told.
    pub error: Option<Json>,
    /// The run, if it was one.
    pub run: Option<RunId>,
    /// The deployment that it was about.
    pub deployment: Option<DeploymentId>,
    /// What its last comparison found.
    pub changes: Option<Json>,
    /// What it sent that is more than reading, in order.
    pub statements: Vec<String>,
    /// How much of the test's time it took.
    pub took: Duration,
    /// What the recipe told people, and what policies said.
    pub log: Vec<String>,
}

/// A statement that a sandbox was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its text.
    pub text: String,
    /// Who sent it.
    pub role: String,
    /// The number of the connection.
    pub session: u32,
    /// What the connection said of itself.
    pub application: String,
    /// When it began.
    pub at: Timestamp,
    /// The word for what became of it, or an SQLSTATE.
    pub outcome: &'static str,
    /// Whether it is more than reading.
    pub writes: bool,
}

impl Ran {
    /// As the test gets it.
    pub(in crate::lua) fn json(&self) -> Json {
        json!({
            "status": self.status,
            "exit": self.exit,
            "message": self.message,
            "error": self.error,
            "run": self.run,
            "deployment": self.deployment,
            "changes": self.changes,
            "statements": self.statements,
            "took_s": self.took.as_secs_f64(),
            "log": self.log,
        })
    }
}

impl Statement {
    /// As the test gets it.
    pub(in crate::lua) fn json(&self) -> Json {
        json!({
            "statement": self.text,
            "role": self.role,
            "session": self.session,
            "application": self.application,
            "at_s": Duration::from_millis(self.at.0).as_secs_f64(),
            "outcome": self.outcome,
            "writes": self.writes,
        })
    }
}

/// What a sandbox answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// What the test gets.
    Told(Json),
    /// How a run ended.
    Ran(Box<Ran>),
    /// Every statement, oldest first.
    Transcript(Vec<Statement>),
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
