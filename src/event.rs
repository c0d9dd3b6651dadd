//! Everything a run can report, as data; whoever listens decides what people see of it.

use std::time::Duration;

use crate::deployment::DeploymentId;
use crate::deployment::RunId;
use crate::deployment::decision::Verdict;
use crate::deployment::dropping::DropReason;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::RunStatus;

/// How far one cluster has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterProgress {
    /// Its name: production's where the deployment has a clone of it.
    pub name: String,
    /// The word for its state.
    pub state: &'static str,
    /// Objects that are ready.
    pub ready: usize,
    /// Objects in all.
    pub total: usize,
}

/// How far a deployment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HydrationProgress {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The word for its state.
    pub state: &'static str,
    /// Objects that are ready.
    pub ready: usize,
    /// Objects in all.
    pub total: usize,
    /// By cluster, in the order of their names.
    pub clusters: Vec<ClusterProgress>,
    /// The largest known lag.
    pub lag: Option<Duration>,
    /// The object that is furthest behind and why, while anything is.
    pub slowest: Option<(String, String)>,
    /// Time since the wait began.
    pub waited: Duration,
}

/// A role whose new sessions read a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleShift {
    /// The role.
    pub role: String,
    /// Its search path, as it is set.
    pub search_path: String,
    /// Its cluster, if that is another one too.
    pub cluster: Option<String>,
    /// How many of its sessions are open, and go on reading what they read.
    pub open_sessions: usize,
}

/// What a check said at its last look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckProgress {
    /// Its name.
    pub name: String,
    /// The word for what it said.
    pub verdict: &'static str,
    /// Why.
    pub message: String,
}

/// A look at every check of an analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleProgress {
    /// What stands before its lines.
    pub label: String,
    /// What is being analysed, in the recipe's words.
    pub title: Option<String>,
    /// What a person should know while it goes on, in the recipe's words.
    pub note: Option<String>,
    /// The number of the look, from 1.
    pub sample: u32,
    /// How many answers each check has to give.
    pub count: u32,
    /// By check, in their order.
    pub checks: Vec<CheckProgress>,
    /// The time to the next look; none after the last.
    pub next: Option<Duration>,
}

/// How an object of an overlay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlayState {
    /// It is being compiled.
    Compiling,
    /// It is being built.
    Building,
    /// It is catching up.
    Hydrating,
    /// It can be read.
    Ready,
    /// It could not be built, and there is none before it.
    Failed,
    /// The new one could not be built, and the last good one stays.
    Kept,
    /// It is gone.
    Dropped,
    /// It was left alone.
    Unchanged,
}

/// Objects of one kind that no overlay holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKind {
    /// What they are.
    pub kind: String,
    /// Their production names, sorted.
    pub names: Vec<String>,
    /// Those of them that production does not have.
    pub missing: Vec<String>,
}

/// An object that an overlay is about to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedBuild {
    /// Its production name.
    pub object: String,
    /// Why it is built.
    pub why: OverlayWhy,
    /// Whether a good version of it stands, which stays until the new one takes its place.
    pub stands: bool,
}

/// Why an object of an overlay is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverlayWhy {
    /// Production has none.
    New,
    /// It is another one than production's.
    Differs,
    /// It is another one than the last time.
    Edited,
    /// It could not be built the last time.
    Failed,
    /// It is to run on another cluster.
    Cluster,
    /// It reads this one, which is built or differs.
    Reads(String),
    /// It reads this one, which is another one now.
    Below(String),
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A run began.
    RunStarted {
        /// The run.
        run: RunId,
        /// The recipe or the verb.
        recipe: String,
    },
    /// The tracking database was made.
    SetUp {
        /// How many statements it took.
        statements: usize,
    },
    /// The project was read.
    Compiled {
        /// Objects in it, subsources left out.
        objects: usize,
        /// Clusters it defines.
        clusters: usize,
        /// Sources it defines.
        sources: usize,
        /// How long it took.
        took: Duration,
    },
    /// What is not blue/green was created or reconciled.
    Applied {
        /// What was done, in order, such as `create cluster compute (25cc)`.
        actions: Vec<String>,
        /// How long it took.
        took: Duration,
    },
    /// The project was compared with production.
    Diffed {
        /// The comparison, as the diff primitive's outcome serialises.
        outcome: serde_json::Value,
        /// How long it took.
        took: Duration,
    },
    /// Staging began.
    StageStarted {
        /// The deployment.
        deployment: DeploymentId,
        /// How many statements it takes.
        statements: usize,
        /// Schemas and clusters, production and staging name.
        names: Vec<(String, String)>,
        /// Objects that are there already, from an earlier attempt.
        found: usize,
    },
    /// A statement of staging succeeded.
    StageProgress {
        /// Statements done.
        done: usize,
        /// Statements in all.
        statements: usize,
        /// What the last one did.
        what: String,
    },
    /// Everything stands under the staging names.
    Staged {
        /// The deployment.
        deployment: DeploymentId,
        /// Objects built.
        objects: usize,
        /// Schemas staged.
        schemas: usize,
        /// Clusters cloned.
        clusters: usize,
        /// How long it took.
        took: Duration,
    },
    /// A look at hydration.
    Hydration(HydrationProgress),
    /// Everything is ready.
    Hydrated {
        /// The last look.
        progress: HydrationProgress,
    },
    /// A deployment was compared with production.
    Compared {
        /// The comparison, as the primitive's outcome serialises, without the samples.
        outcome: serde_json::Value,
        /// How long it took.
        took: Duration,
    },
    /// Every check of an analysis was looked at.
    Sampled(SampleProgress),
    /// Time goes by before the next look.
    SampleAwaited {
        /// How much is left.
        left: Duration,
    },
    /// The verdict of an analysis is certain.
    Analyzed {
        /// What stands before its lines.
        label: String,
        /// The word for it.
        verdict: &'static str,
        /// Why.
        reason: String,
        /// How often it was looked.
        samples: u32,
        /// How long it took.
        took: Duration,
    },
    /// A swap did not commit and will be tried again.
    SwapRetried {
        /// How often it has been tried.
        attempt: u32,
        /// Why it did not commit.
        reason: String,
        /// Who keeps changing the catalog, as far as the server tells.
        others: Vec<String>,
        /// The pause before the next attempt.
        pause: Duration,
    },
    /// Names changed places.
    Swapped {
        /// The deployment.
        deployment: DeploymentId,
        /// Which way.
        kind: SwapKind,
        /// The epoch before.
        from: u64,
        /// The epoch now.
        to: u64,
        /// Schemas that changed places.
        schemas: usize,
        /// Clusters that changed places.
        clusters: usize,
        /// Objects that changed places one by one.
        renamed: usize,
        /// Objects whose definition under the production name is now another.
        objects: usize,
        /// Objects that stood there before, and stand under the staging names now.
        replaced: usize,
        /// How long the transaction was open.
        took: Duration,
    },
    /// A sink reads another relation now.
    SinkCutOver {
        /// The sink.
        sink: String,
        /// What it reads.
        from: String,
    },
    /// A materialized view was replaced in place.
    ViewReplaced {
        /// The materialized view.
        view: String,
    },
    /// New sessions of roles read a deployment that is not production.
    Shifted {
        /// The deployment.
        deployment: DeploymentId,
        /// The roles.
        roles: Vec<RoleShift>,
    },
    /// New sessions of roles read production again.
    Unshifted {
        /// The deployment that they read before.
        deployment: DeploymentId,
        /// The roles.
        roles: Vec<String>,
        /// What somebody else has set meanwhile and stays, a line each.
        left_alone: Vec<String>,
    },
    /// Something was dropped.
    Dropped {
        /// The deployment it belonged to.
        deployment: DeploymentId,
        /// Why.
        reason: DropReason,
        /// Objects dropped.
        objects: usize,
        /// How long it took.
        took: Duration,
    },
    /// An object of an overlay stands otherwise.
    Overlay {
        /// The overlay's database.
        database: String,
        /// The object's production name.
        object: String,
        /// How it stands.
        state: OverlayState,
        /// How much of it has caught up.
        percent: Option<u8>,
        /// Why it failed.
        message: Option<String>,
    },
    /// What an overlay is about to build, and why.
    OverlayPlanned {
        /// Production names, each behind what it reads.
        builds: Vec<PlannedBuild>,
        /// What it is not to hold any more.
        removed: Vec<String>,
    },
    /// How far what was built has caught up.
    OverlayProgress {
        /// How much of it can be read: objects and indexes.
        ready: usize,
        /// How much there is of it.
        total: usize,
        /// Since it was built.
        waited: Duration,
    },
    /// The unit tests of what was built have run, and passed.
    UnitTested {
        /// How many.
        passed: usize,
        /// How long it took.
        took: Duration,
    },
    /// What of the project no overlay holds, by kind; never empty.
    OverlaySkipped {
        /// The kinds.
        kinds: Vec<SkippedKind>,
    },
    /// An overlay is as the project.
    OverlayDone {
        /// Its databases.
        databases: Vec<String>,
        /// Objects built.
        rebuilt: usize,
        /// Objects left alone.
        unchanged: usize,
        /// Objects dropped.
        dropped: usize,
        /// Objects that failed.
        failed: usize,
        /// How long it took.
        took: Duration,
    },
    /// A policy was asked.
    PolicyDecided {
        /// Its name.
        policy: String,
        /// What it was asked about.
        deployment: DeploymentId,
        /// What it said.
        verdict: Verdict,
        /// Why, in its own words.
        reason: Option<String>,
        /// How often it was asked, this time included.
        asked: u64,
        /// Time since it was asked first, since the run began or went on.
        waited: Duration,
        /// The pause before it is asked again.
        again: Option<Duration>,
    },
    /// A run waits for people.
    ApprovalAsked {
        /// The run.
        run: RunId,
        /// The number of the question in it.
        question: u64,
        /// What is asked.
        message: String,
        /// How many have agreed.
        approvals: u64,
        /// How many have to.
        needed: u64,
    },
    /// Another service was called.
    Called {
        /// The method.
        method: &'static str,
        /// Scheme, host and port: the rest of a URL may be a secret.
        origin: String,
        /// The status; `None` where no answer came.
        status: Option<u16>,
        /// How often it was tried.
        attempts: u32,
        /// How long all of it took.
        took: Duration,
    },
    /// They have agreed.
    Approved {
        /// What was asked.
        message: String,
        /// Who agreed, oldest first.
        by: Vec<String>,
    },
    /// Something a person should know, and nothing failed.
    Warning {
        /// A stable code.
        code: String,
        /// What it is.
        message: String,
    },
    /// A line from a recipe.
    Log {
        /// `debug`, `info` or `warn`.
        level: String,
        /// The line.
        message: String,
    },
    /// How far something of a recipe's own has come.
    Progress {
        /// What it is.
        message: String,
        /// How much of it is done.
        done: Option<u64>,
        /// How much there is in all.
        total: Option<u64>,
    },
    /// A statement of a rehearsal.
    Statement {
        /// Its text, secrets masked.
        sql: String,
        /// What it does, in words.
        what: String,
    },
    /// A run ended.
    RunFinished {
        /// The run.
        run: RunId,
        /// How.
        status: RunStatus,
        /// What the recipe said at its end.
        message: Option<String>,
        /// How long it took.
        took: Duration,
    },
}

/// Whoever listens to a run.
pub trait Sink {
    /// Takes an event. Must not block: a deployment waits for nobody's terminal.
    fn event(&self, event: Event);
}
