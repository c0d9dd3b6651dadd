//! What to type next: the only place that knows commands and the remedies they are.

use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// The commands that go on from an error, a line each.
#[expect(clippy::too_many_lines, reason = "one exhaustive match: every code has its arm here")]
pub(crate) fn lines(error: &Error) -> Vec<String> {
    let id = error.of_deployment().map_or_else(|| "ID".to_owned(), ToString::to_string);
    let one = |line: String| vec![line];
    match error.code() {
        Code::SetupMissing => one("make it with:  mzflow setup".to_owned()),
        Code::SetupRejected => {
            one("ask somebody with the right to create databases to run:  mzflow setup".to_owned())
        }
        Code::DeploymentUnknown | Code::DeploymentGone => {
            one("list what there is:  mzflow list   or   mzflow log".to_owned())
        }
        Code::StageAlreadyExists | Code::StageNameTaken => vec![
            format!("stage under another id:  mzflow run blue_green --id {id}-2"),
            format!("or throw this one away:  mzflow abort {id}"),
        ],
        Code::StageDrifted => vec![
            "look at it:  mzflow diff".to_owned(),
            "to put the project's version over it, add --overwrite-drifted".to_owned(),
        ],
        Code::StageSinkInScope => one("move the sink to a schema and a cluster of its own".to_owned()),
        Code::StageForeignInScope => vec![
            "add it to the project, move it elsewhere, or".to_owned(),
            "keep a cluster as it is with --reuse CLUSTER, or all of them with --isolation schema".to_owned(),
        ],
        Code::StageUnmanagedCluster => {
            one("keep that cluster as it is with --reuse CLUSTER, or use --isolation schema".to_owned())
        }
        Code::StageUnknownCluster | Code::StageMissingDependency => {
            one("create what the project defines:  mzflow apply".to_owned())
        }
        Code::StageRejected => vec![
            format!("mend the file and go on:  mzflow run blue_green --id {id}"),
            format!("or throw it away:  mzflow abort {id}"),
        ],
        Code::StageSwapImpossible => {
            vec!["mend the file and stage again, or".to_owned(), format!("throw it away:  mzflow abort {id}")]
        }
        Code::HydrationTimeout | Code::SwapNotReady | Code::SwapNotStaged => vec![
            format!("wait for it:  mzflow wait {id}   then   mzflow promote {id}"),
            format!("or throw it away:  mzflow abort {id}"),
        ],
        Code::HydrationFailing => vec![
            format!("when its cluster is mended:  mzflow wait {id}   then   mzflow promote {id}"),
            format!("or throw it away:  mzflow abort {id}"),
        ],
        Code::SwapAlreadyPromoted => one("see when and by whom:  mzflow log".to_owned()),
        Code::SwapProductionMoved => vec![
            format!("stage again on top of it:  mzflow run blue_green --id {id}-2"),
            format!("or throw this one away:  mzflow abort {id}"),
        ],
        Code::SwapStagingMoved => one(format!("throw it away and stage again:  mzflow abort {id}")),
        Code::SwapConflict => one(format!("try again:  mzflow promote {id}")),
        Code::SwapOutcomeUnknown => vec![
            "look before repeating:  mzflow log".to_owned(),
            format!("then, whatever it says, this is safe:  mzflow promote {id}"),
        ],
        Code::SwapSinkPending => one(format!("when the sink is mended:  mzflow promote {id}")),
        Code::RollbackGone | Code::RollbackSuperseded => {
            one("deploy the older version of the project again:  mzflow run blue_green".to_owned())
        }
        Code::DropPromoted => one(format!("to take the promotion back:  mzflow rollback {id}")),
        Code::DropConflict | Code::DropRejected => one("repeat the same command: it goes on".to_owned()),
        Code::RunDirtyTree => one("commit them, or add --allow-dirty".to_owned()),
        Code::RunNeedsConsent => one("add --yes".to_owned()),
        Code::RunUnknown | Code::RunFinished => one("see what is open:  mzflow list".to_owned()),
        Code::RunProjectChanged => {
            one("check out the commit that the run began with, or begin a new run".to_owned())
        }
        Code::DbUnreachable | Code::DbAuthentication => {
            one("check --url, --profile and the password; `mzflow compile` works without a server".to_owned())
        }
        Code::DbLost => {
            one("when the server is back, repeat the command: what was done is found done".to_owned())
        }
        Code::CompileFailed
        | Code::CompileUnknownObject
        | Code::ApplyRejected
        | Code::ApplySecretMissing
        | Code::DeploymentBadId
        | Code::StageRemovedStillRead
        | Code::StageLimit
        | Code::StageNotOwner
        | Code::StageNameTooLong
        | Code::SwapSinkOrphaned
        | Code::SwapRejected
        | Code::RollbackNothing
        | Code::DropForeignDependents
        | Code::DropMoved
        | Code::RunFenced
        | Code::RunInterrupted
        | Code::RunDeadline
        | Code::QueryFailed
        | Code::QueryNotARead
        | Code::QueryTooManyRows
        | Code::LuaSyntax
        | Code::LuaBadRecipe
        | Code::LuaUnknownArgument
        | Code::LuaWrongArgument
        | Code::LuaUnknownFunction
        | Code::LuaNoModule
        | Code::LuaNotHere
        | Code::LuaNotJson
        | Code::LuaError
        | Code::LuaMemory
        | Code::DbRejected
        | Code::Bug => Vec::new(),
    }
}
