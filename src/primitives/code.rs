//! The stable codes of everything a primitive can refuse or fail with.
//!
//! A code is `room.what-is-wrong` and never changes its meaning; scripts match codes, people read
//! messages. Each code has one kind, and the kind alone decides the exit code.

use std::fmt;

/// What to do next differs with these, and only with these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong: it will fail again until it is changed.
    Invalid,
    /// The world is not ready: checks said no, and nothing was changed.
    Refused,
    /// It did not happen.
    Failed,
    /// A write may have happened: look before repeating.
    OutcomeUnknown,
    /// The server could not be reached, or did not let us in.
    Unreachable,
    /// Another process has taken over the run.
    Fenced,
    /// Somebody asked for a stop.
    Interrupted,
    /// It goes on when people have agreed.
    Paused,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Unreachable => "unreachable",
            Self::Fenced => "fenced",
            Self::Interrupted => "interrupted",
            Self::Paused => "paused",
        }
    }
}

/// Codes that were given up, each with the version that had it last; none is ever used again.
pub const RETIRED: &[(&str, &str)] = &[("project.enforced-constraint", "0.1"), ("test.system-mock", "0.1")];

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $kind:ident;)+) => {
        /// A stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, by room.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Its kind.
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)+ }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The connected role belongs to none of the roles that the command is for.
    AccessMissingRole = "access.missing-role", Refused;
    /// The connected role belongs to several of mzflow's roles.
    AccessSeveralRoles = "access.several-roles", Refused;

    /// The project has errors; each is shown with its place.
    CompileFailed = "compile.failed", Failed;
    /// No object of that name is in the project.
    CompileUnknownObject = "compile.unknown-object", Invalid;

    /// Something that `types.lock` is to tell of is not in the environment.
    LockMissing = "lock.missing", Refused;

    /// The tracking database is missing: `setup` has not run here.
    SetupMissing = "setup.missing", Refused;
    /// The server refused a statement of `setup`.
    SetupRejected = "setup.rejected", Failed;
    /// Only a superuser can set up where privileges are checked.
    SetupNotSuperuser = "setup.not-superuser", Refused;
    /// The tracking database belongs to another role, and something of it is missing.
    SetupNotOwner = "setup.not-owner", Refused;

    /// The server refused to create or alter something that is not blue/green.
    ApplyRejected = "apply.rejected", Failed;
    /// Something of another kind bears the name of what is to be created.
    ApplyNameTaken = "apply.name-taken", Refused;
    /// The connected role may not do what would be applied.
    ApplyMissingPrivilege = "apply.missing-privilege", Refused;
    /// A sink that is to be made anew is another one than it was a moment ago, or cannot be claimed.
    ApplySinkMoved = "apply.sink-moved", Refused;
    /// A secret's value is not to be had here.
    ApplySecretMissing = "apply.secret-missing", Refused;

    /// The project has nothing of that kind and name, or several.
    DeleteUnknown = "delete.unknown", Invalid;
    /// Something depends on it, or it was replaced meanwhile; each is told with its owner.
    DeleteInUse = "delete.in-use", Refused;
    /// The connected role may not rename or drop it.
    DeleteMissingPrivilege = "delete.missing-privilege", Refused;
    /// Others kept changing the catalog while it was claimed.
    DeleteConflict = "delete.conflict", Failed;
    /// The server refused to rename or drop it.
    DeleteRejected = "delete.rejected", Failed;

    /// No deployment of that id was ever staged here.
    DeploymentUnknown = "deployment.unknown", Invalid;
    /// The id is not made of letters, digits, `-` and `_`.
    DeploymentBadId = "deployment.bad-id", Invalid;
    /// The deployment was dropped.
    DeploymentGone = "deployment.gone", Refused;

    /// The id is taken by other content.
    StageAlreadyExists = "stage.already-exists", Refused;
    /// Production is not what was last promoted: somebody else changed it.
    StageDrifted = "stage.drifted", Refused;
    /// A schema or cluster that would be swapped holds a sink.
    StageSinkInScope = "stage.sink-in-scope", Refused;
    /// A schema or cluster that would be swapped holds something the project did not create.
    StageForeignInScope = "stage.foreign-in-scope", Refused;
    /// An object that the project no longer has is still read by somebody else.
    StageRemovedStillRead = "stage.removed-still-read", Refused;
    /// A cluster that an object needs does not exist.
    StageUnknownCluster = "stage.unknown-cluster", Refused;
    /// A cluster that would be cloned has replicas made by hand.
    StageUnmanagedCluster = "stage.unmanaged-cluster", Refused;
    /// A database, table, source or other object that is read does not exist.
    StageMissingDependency = "stage.missing-dependency", Refused;
    /// A limit of the server would be exceeded.
    StageLimit = "stage.limit", Refused;
    /// The connected role does not own what would be swapped.
    StageNotOwner = "stage.not-owner", Refused;
    /// The connected role may not do what staging, the swap or what follows it does.
    StageMissingPrivilege = "stage.missing-privilege", Refused;
    /// A staged name would be longer than the server stores.
    StageNameTooLong = "stage.name-too-long", Refused;
    /// A schema or cluster of a staging name exists and was not made by this deployment.
    StageNameTaken = "stage.name-taken", Refused;
    /// The server refused an object.
    StageRejected = "stage.rejected", Failed;
    /// An object cannot be swapped by renames: a name in its text, or in that of what reads it, is in the way.
    StageRenameTrap = "stage.rename-trap", Refused;
    /// The swap would not work: the server refused its rehearsal.
    StageSwapImpossible = "stage.swap-impossible", Refused;
    /// A materialized view of a schema with a stable API has another shape than the one it is to replace.
    StageShapeDiffers = "stage.shape-differs", Failed;
    /// Something else is to replace the same materialized view.
    StageReplacementTaken = "stage.replacement-taken", Refused;

    /// Somebody else watches the overlay.
    DevWatched = "dev.watched", Refused;

    /// The cluster of an overlay does not exist.
    OverlayUnknownCluster = "overlay.unknown-cluster", Refused;
    /// The cluster of an overlay runs production objects.
    OverlayProductionCluster = "overlay.production-cluster", Refused;
    /// A name of the overlay is somebody else's.
    OverlayTaken = "overlay.taken", Refused;
    /// A name of the overlay does not fit, or is none.
    OverlayBadName = "overlay.bad-name", Refused;
    /// The role may not make databases.
    OverlayNeedsCreatedb = "overlay.needs-createdb", Refused;
    /// An object of the overlay could not be built.
    OverlayFailed = "overlay.failed", Failed;
    /// Something foreign is in the overlay, or reads it.
    OverlayForeign = "overlay.foreign", Refused;

    /// Not everything was ready in time.
    HydrationTimeout = "hydration.timeout", Refused;
    /// A cluster cannot make progress.
    HydrationFailing = "hydration.failing", Refused;

    /// The deployment is not staged completely.
    SwapNotStaged = "swap.not-staged", Refused;
    /// The deployment is not ready.
    SwapNotReady = "swap.not-ready", Refused;
    /// The deployment is production already.
    SwapAlreadyPromoted = "swap.already-promoted", Refused;
    /// Production changed since the deployment was staged.
    SwapProductionMoved = "swap.production-moved", Refused;
    /// What stands under the staging names is not what was staged.
    SwapStagingMoved = "swap.staging-moved", Refused;
    /// A sink reads an object that the deployment no longer has.
    SwapSinkOrphaned = "swap.sink-orphaned", Refused;
    /// The connected role does not own what changes places.
    SwapNotOwner = "swap.not-owner", Refused;
    /// The connected role lacks a privilege that the swap, what comes along with it, or a sink that follows it needs.
    SwapMissingPrivilege = "swap.missing-privilege", Refused;
    /// Other people's changes kept the swap from committing until its time was over.
    SwapConflict = "swap.conflict", Refused;
    /// The server refused the swap.
    SwapRejected = "swap.rejected", Failed;
    /// The connection broke at COMMIT and the server cannot be asked.
    SwapOutcomeUnknown = "swap.outcome-unknown", OutcomeUnknown;
    /// A sink that reads what is replaced belongs to a role that the connected one is no member of.
    SwapSinkNotOwner = "swap.sink-not-owner", Refused;
    /// The swap committed, but a sink could not be cut over or made.
    SwapSinkPending = "swap.sink-pending", Failed;
    /// The swap committed, but a materialized view could not be replaced in place.
    SwapReplacementPending = "swap.replacement-pending", Failed;

    /// While the swap was made, somebody let a role read the deployment.
    SwapRoleShifted = "swap.role-shifted", Refused;

    /// There is no role of that name.
    ShiftUnknownRole = "shift.unknown-role", Invalid;
    /// The role is not one that reads: it cannot log in, is a superuser, or is mzflow's own.
    ShiftUnfitRole = "shift.unfit-role", Refused;
    /// The role reads another deployment already.
    ShiftTaken = "shift.taken", Refused;
    /// The deployment has nothing beside production that a role could read.
    ShiftNoGreen = "shift.no-green", Refused;
    /// The deployment is not ready.
    ShiftNotReady = "shift.not-ready", Refused;
    /// The role's search path names no schema of the deployment: nothing would change.
    ShiftNothing = "shift.nothing-to-shift", Refused;
    /// A schema of the role's search path is in several databases, and not all of them are deployed.
    ShiftAmbiguous = "shift.ambiguous-database", Refused;
    /// The role may not read in the deployment what it may read in production.
    ShiftMissingPrivilege = "shift.missing-privilege", Refused;
    /// The connected role may not change the settings of roles.
    ShiftNeedsCreaterole = "shift.needs-createrole", Refused;
    /// The server refused to set a role.
    ShiftRejected = "shift.rejected", Failed;
    /// The deployment was promoted or dropped, or its roles were put back, while roles were being set.
    ShiftOvertaken = "shift.overtaken", Refused;
    /// The connected role may not put roles back.
    UnshiftNeedsCreaterole = "unshift.needs-createrole", Refused;
    /// The server refused to put a role back.
    UnshiftRejected = "unshift.rejected", Failed;

    /// There is no promotion to take back.
    RollbackNothing = "rollback.nothing", Refused;
    /// The replaced version was dropped.
    RollbackGone = "rollback.gone", Refused;
    /// A later deployment has replaced what this one promoted.
    RollbackSuperseded = "rollback.superseded", Refused;
    /// The promotion has replaced materialized views in place: what they were is gone.
    RollbackReplaced = "rollback.replaced", Refused;

    /// The deployment is production: dropping its staging names would drop the replaced version.
    DropPromoted = "drop.promoted", Refused;
    /// Something the project did not create depends on what would be dropped.
    DropForeignDependents = "drop.foreign-dependents", Refused;
    /// A name no longer holds what was recorded under it.
    DropMoved = "drop.moved", Refused;
    /// A materialized view of the promotion has still to be replaced in place.
    DropReplacementPending = "drop.replacement-pending", Refused;
    /// SUBSCRIBEs read what would be dropped, or run on its cluster: they would end with an error.
    DropSubscribed = "drop.subscribed", Refused;
    /// The connected role does not own what would be dropped.
    DropNotOwner = "drop.not-owner", Refused;
    /// The connected role lacks a privilege that dropping needs.
    DropMissingPrivilege = "drop.missing-privilege", Refused;
    /// Other people's changes kept the claim from committing until its time was over.
    DropConflict = "drop.conflict", Refused;
    /// The server refused to drop something.
    DropRejected = "drop.rejected", Failed;

    /// The project has uncommitted changes.
    RunDirtyTree = "run.dirty-tree", Refused;
    /// The plan removes objects and nobody agreed to that.
    RunNeedsConsent = "run.needs-consent", Refused;
    /// No run of that id is in the journal.
    RunUnknown = "run.unknown", Invalid;
    /// The run ended by itself: there is nothing to resume.
    RunFinished = "run.finished", Refused;
    /// The project is not the one the run began with.
    RunProjectChanged = "run.project-changed", Refused;
    /// Another process has taken over the run.
    RunFenced = "run.fenced", Fenced;
    /// Somebody asked for a stop.
    RunInterrupted = "run.interrupted", Interrupted;
    /// The run waits for approvals; it is resumed when they are given.
    RunPaused = "run.paused", Paused;
    /// Another function of the same `mz.parallel` has failed.
    RunCancelled = "run.cancelled", Interrupted;
    /// The time for the whole run is over.
    RunDeadline = "run.deadline", Refused;

    /// The host is none that the profile allows.
    HttpNotAllowed = "http.not-allowed", Refused;
    /// A request cannot be sent as it is.
    HttpWrongRequest = "http.wrong-request", Invalid;
    /// No answer came, or one that is not taken.
    HttpFailed = "http.failed", Failed;

    /// Somebody said no to what the run asked.
    ApprovalDenied = "approval.denied", Refused;
    /// The run has asked nothing that could be answered.
    ApprovalNotAsked = "approval.not-asked", Refused;
    /// The question counts only answers of other roles.
    ApprovalNotYours = "approval.not-yours", Refused;
    /// The server could not compare an object.
    CompareFailed = "compare.failed", Failed;
    /// An object was not compared in time.
    CompareTimeout = "compare.timeout", Refused;
    /// The deployment has no object of that name to compare.
    CompareUnknownObject = "compare.unknown-object", Invalid;
    /// A column of the key is not on both sides.
    CompareUnknownKey = "compare.unknown-key", Invalid;
    /// There is no such cluster to compare on.
    CompareUnknownCluster = "compare.unknown-cluster", Invalid;
    /// What is to be allowed is no condition in SQL.
    CompareBadAllow = "compare.bad-allow", Invalid;
    /// What would be compared was dropped.
    CompareGone = "compare.gone", Refused;

    /// The recipe said no.
    RecipeRefused = "recipe.refused", Refused;

    /// A query was refused.
    QueryFailed = "query.failed", Failed;
    /// What a recipe asked for is more than reading, or more than one statement.
    QueryNotARead = "query.not-a-read", Invalid;
    /// A query gave more rows than a recipe may hold.
    QueryTooManyRows = "query.too-many-rows", Failed;

    /// Unit tests that have to pass do not.
    TestFailed = "test.failed", Failed;
    /// No unit test has a name that the filter chooses.
    TestNoMatch = "test.no-match", Invalid;
    /// The server refused a unit test, or the view that it tests.
    TestRejected = "test.rejected", Failed;
    /// The query of a view has syntax that only the server can read, so nothing can stand in for what it reads.
    TestUnreadableView = "test.unreadable-view", Invalid;
    /// A mock has other columns than the view it stands for.
    TestMockDiffers = "test.mock-differs", Invalid;
    /// A view has other columns than its unit test expects.
    TestColumnsDiffer = "test.columns-differ", Invalid;
    /// A materialized view gives NULL in a column that it asserts not to be NULL, so the server would refuse to read it.
    TestNullAsserted = "test.null-asserted", Failed;

    /// An expectation of a recipe's test does not hold.
    TestExpectation = "test.expectation", Refused;
    /// A recipe's test did not end in its time.
    TestTimeout = "test.timeout", Refused;
    /// A file of tests does not return tests, or two of them share a name.
    TestBadFile = "test.bad-file", Invalid;
    /// A run was cut, and what must hold whenever a run is cut does not.
    TestCrash = "test.crash", Refused;

    /// A recipe is not Lua.
    LuaSyntax = "lua.syntax", Invalid;
    /// A file does not return a recipe, or the recipe is not of its shape.
    LuaBadRecipe = "lua.bad-recipe", Invalid;
    /// A function does not have an argument of that name.
    LuaUnknownArgument = "lua.unknown-argument", Invalid;
    /// An argument is missing, or is not of its type.
    LuaWrongArgument = "lua.wrong-argument", Invalid;
    /// There is no such function of `mz`.
    LuaUnknownFunction = "lua.unknown-function", Invalid;
    /// A recipe uses a global variable or a function of Lua's that does not exist.
    LuaUnknownGlobal = "lua.unknown-global", Invalid;
    /// A recipe asks for a field that a result of `mz` does not have.
    LuaUnknownField = "lua.unknown-field", Invalid;
    /// A recipe makes a global variable, seen by everything in it.
    LuaGlobalMade = "lua.global-made", Invalid;
    /// There is no module of that name below the project.
    LuaNoModule = "lua.no-module", Invalid;
    /// The function cannot be called at this point.
    LuaNotHere = "lua.not-here", Invalid;
    /// A value has no JSON form, or a text is not JSON.
    LuaNotJson = "lua.not-json", Invalid;
    /// The recipe raised an error, or Lua did on its behalf.
    LuaError = "lua.error", Failed;
    /// The recipe holds more than its memory.
    LuaMemory = "lua.memory", Failed;

    /// A file does not return a policy, or the policy is not of its shape.
    PolicyBadPolicy = "policy.bad-policy", Invalid;
    /// A policy uses what is more than its facts: the time, a server, chance.
    PolicyNotPure = "policy.not-pure", Invalid;
    /// A policy decided nothing: what it returned is no verdict.
    PolicyBadVerdict = "policy.bad-verdict", Invalid;
    /// There is no fact of that name, or the policy does not say that it needs it.
    PolicyUnknownFact = "policy.unknown-fact", Invalid;
    /// A policy needs a fact that a file or a recorded decision does not have.
    PolicyMissingFact = "policy.missing-fact", Invalid;
    /// A file of facts is not of its shape.
    PolicyBadFacts = "policy.bad-facts", Invalid;
    /// A policy runs longer than a decision may take.
    PolicyTooLong = "policy.too-long", Failed;
    /// A policy says that the deployment must not become production.
    PolicyAborted = "policy.aborted", Refused;
    /// No policy has let the deployment become production in the time there was.
    PolicyTimeout = "policy.timeout", Refused;
    /// No decision of a policy is recorded that could be meant.
    PolicyNoDecision = "policy.no-decision", Invalid;

    /// The server could not be reached.
    DbUnreachable = "db.unreachable", Unreachable;
    /// The server did not accept the user or the password.
    DbAuthentication = "db.authentication", Unreachable;
    /// The connection cannot be encrypted, or the server's certificate is not trusted.
    DbTls = "db.tls", Unreachable;
    /// What answered is not Materialize, or a version of it that is too old.
    DbUnsupported = "db.unsupported", Unreachable;
    /// The connection broke; what was under way can be done again.
    DbLost = "db.lost", Failed;
    /// The server refused a statement of mzflow's own.
    DbRejected = "db.rejected", Failed;

    /// Something that cannot be: please report it.
    Bug = "bug.broken-invariant", Failed;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut texts: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        let count = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), count, "two codes share a text");
        for text in texts {
            let legal = |c: char| c.is_ascii_lowercase() || c == '-' || c == '.';
            assert!(text.matches('.').count() == 1 && text.chars().all(legal), "{text}");
        }
        assert!(Code::ALL.iter().all(|code| code.meaning().ends_with('.')));
    }
}
