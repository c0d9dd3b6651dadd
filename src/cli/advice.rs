//! What to type next: the only place that knows commands and the remedies they are.

use crate::deployment::epoch::SwapKind;
use crate::primitives::code::Code;
use crate::primitives::code::Kind;
use crate::primitives::error::Error;

/// The commands that go on from an error, a line each.
#[expect(clippy::too_many_lines, reason = "one exhaustive match: every code has its arm here")]
pub(crate) fn lines(error: &Error) -> Vec<String> {
    let id = error.of_deployment().map_or_else(|| "ID".to_owned(), ToString::to_string);
    let one = |line: String| vec![line];
    let again = match error.is_towards() {
        Some(SwapKind::Promotion) => format!("mzflow promote {id}"),
        Some(SwapKind::Rollback) => format!("mzflow rollback {id}"),
        None => "repeat the same command".to_owned(),
    };
    match error.code() {
        Code::LockMissing => vec![
            "create what the project defines:  mzflow apply".to_owned(),
            "or take what is gone out of `dependencies` of project.toml".to_owned(),
        ],
        Code::DeleteUnknown => one("name it in full, as `mzflow compile` lists it".to_owned()),
        Code::DeleteInUse => one("drop or move what depends on it first".to_owned()),
        Code::ApplyNameTaken => {
            one("drop or rename what is listed, or choose another name in the file".to_owned())
        }
        Code::ApplySinkMoved => one("look at it, and repeat the command if it is to go:  mzflow diff".to_owned()),
        Code::DeleteConflict => one("try again when others have finished".to_owned()),
        Code::SetupMissing => one("make it with:  mzflow setup".to_owned()),
        Code::AccessMissingRole | Code::AccessSeveralRoles => one("ask a superuser for it".to_owned()),
        Code::SetupNotSuperuser => one("ask a superuser to run:  mzflow setup".to_owned()),
        Code::SetupNotOwner => vec![
            "let its owner run:  mzflow setup".to_owned(),
            "or take it over, if it is mzflow's:  ALTER DATABASE \"_mzflow\" OWNER TO …".to_owned(),
        ],
        Code::SetupRejected => {
            one("ask somebody with the right to create databases to run:  mzflow setup".to_owned())
        }
        Code::DeploymentUnknown | Code::DeploymentGone => {
            one("list what there is:  mzflow list   or   mzflow log".to_owned())
        }
        Code::StageAlreadyExists => vec![
            format!("stage under another id:  mzflow run blue_green --id {id}-2"),
            format!("or, where it is not production, throw it away:  mzflow abort {id}"),
        ],
        Code::StageNameTaken => vec![
            format!("stage under another id:  mzflow run blue_green --id {id}-2"),
            "or let whoever made what is listed rename or drop it".to_owned(),
        ],
        Code::StageDrifted => vec![
            "look at it:  mzflow diff".to_owned(),
            "to put the project's version over it, add --overwrite-drifted".to_owned(),
        ],
        Code::StageSinkInScope => one("move the sink to a schema and a cluster of its own".to_owned()),
        Code::StageForeignInScope => vec![
            "add it to the project, move it elsewhere, or".to_owned(),
            "keep a cluster as it is with --reuse CLUSTER, or all of them with --isolation schema".to_owned(),
            "what another deployment has staged or left there goes with `mzflow abort ID` or `mzflow gc --kept`".to_owned(),
            "what a promotion has still to replace in place is replaced by `mzflow promote ID`".to_owned(),
        ],
        Code::StageUnmanagedCluster => {
            one("keep that cluster as it is with --reuse CLUSTER, or use --isolation schema".to_owned())
        }
        Code::StageUnknownCluster => vec![
            "where the project defines the cluster, make it:  mzflow apply".to_owned(),
            "where it has another name, correct that in the file".to_owned(),
        ],
        Code::StageMissingDependency => one("create what the project defines:  mzflow apply".to_owned()),
        Code::StageRejected => vec![
            format!("mend the file and go on:  mzflow run blue_green --id {id}"),
            format!("or throw it away:  mzflow abort {id}"),
        ],
        Code::StageRenameTrap => vec![
            "swap schemas instead:  --isolation schema".to_owned(),
            "or name things so that each name has one meaning, with an alias for what is read".to_owned(),
            "in a schema with a stable API: another name, or one deployment without `SET api = stable` in the \
             schema's file, which swaps the schema and rebuilds what reads it"
                .to_owned(),
        ],
        Code::StageSwapImpossible => {
            vec!["mend the file and stage again, or".to_owned(), format!("throw it away:  mzflow abort {id}")]
        }
        Code::StageShapeDiffers => vec![
            format!("make it like the one it replaces and go on:  mzflow run blue_green --id {id}"),
            "or give the new shape to a materialized view of another name, beside this one".to_owned(),
            format!(
                "or take `SET api = stable` out of its schema's file, so that the schema is swapped and what \
                 reads it is rebuilt:  mzflow abort {id}   then   mzflow run blue_green"
            ),
        ],
        Code::StageReplacementTaken => vec![
            "promote or abort the other deployment first:  mzflow list".to_owned(),
            "what mzflow has not made is dropped by whoever made it".to_owned(),
        ],
        Code::SwapNotStaged => vec![
            format!("finish staging it:  mzflow run blue_green --id {id}"),
            format!("or throw it away:  mzflow abort {id}"),
        ],
        Code::HydrationTimeout | Code::SwapNotReady => vec![
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
        Code::ShiftNotReady => one(format!("wait for it:  mzflow wait {id}")),
        Code::ShiftUnfitRole | Code::ShiftUnknownRole => {
            one("name the role that an application of the readers connects as".to_owned())
        }
        Code::ShiftTaken => {
            one("put it back first: `mzflow unshift`, or promote or abort what it reads".to_owned())
        }
        Code::ShiftNothing => {
            one("give the role a search path: ALTER ROLE … SET search_path = …; or compare without a role"
                .to_owned())
        }
        Code::ShiftAmbiguous => {
            one("say in which database its sessions are, with --database NAME".to_owned())
        }
        Code::ShiftMissingPrivilege => {
            one("grant it in production or in the project's files too: what is staged next has what blue has"
                .to_owned())
        }
        Code::ShiftRejected => {
            one("setting a role needs CREATEROLE: GRANT CREATEROLE ON SYSTEM TO …".to_owned())
        }
        Code::ShiftNeedsCreaterole => vec![
            "let somebody shift who has CREATEROLE, or a superuser grant it: whoever has it can become a member of any role"
                .to_owned(),
            "or compare without a role, or with clients that name what is staged themselves:  \
             mzflow run canary --manual"
                .to_owned(),
        ],
        Code::UnshiftNeedsCreaterole => vec![
            format!("let somebody who has CREATEROLE, or a superuser, run:  mzflow unshift {id}"),
            "then repeat the command".to_owned(),
        ],
        Code::UnshiftRejected => one(format!("when that is mended:  mzflow unshift {id}")),
        Code::SwapRoleShifted => one("repeat the same command".to_owned()),
        Code::SwapConflict => one(format!("try again:  {again}")),
        Code::SwapOutcomeUnknown => vec![
            "look before repeating:  mzflow log".to_owned(),
            format!("then, whatever it says, this is safe:  {again}"),
        ],
        Code::SwapSinkPending => one(format!("when the sink is mended:  {again}")),
        Code::SwapSinkNotOwner => vec![
            "let its owner promote, or a role that is a member of the owner's".to_owned(),
            format!(
                "or leave such sinks with the replaced version, which is kept then:  mzflow promote {id} --leave-sinks"
            ),
        ],
        Code::SwapReplacementPending => {
            one(format!("when what it waits for is mended:  {again}"))
        }
        Code::DropReplacementPending => one(format!("finish it first:  mzflow promote {id}")),
        Code::RollbackReplaced => vec![
            "check out the older version of the project and deploy it: what was replaced is replaced again, and \
             its readers stay:  mzflow run blue_green"
                .to_owned(),
        ],
        Code::RollbackGone | Code::RollbackSuperseded => {
            one("deploy the older version of the project again:  mzflow run blue_green".to_owned())
        }
        Code::DropPromoted => vec![
            format!("to take the promotion back:  mzflow rollback {id}"),
            format!("to finish one that was cut off:  mzflow promote {id}"),
        ],
        Code::DropSubscribed => vec![
            "wait until they have ended, or are begun anew:  add --wait".to_owned(),
            "or end them:  add --now".to_owned(),
            "behind a promotion:  mzflow gc --wait   or   mzflow gc --now".to_owned(),
        ],
        Code::DropConflict | Code::DropRejected => vec![
            "repeat the same command: it goes on".to_owned(),
            "behind a promotion, drop what is left of the replaced version:  mzflow gc".to_owned(),
        ],
        Code::RunDirtyTree => one("commit them, or add --allow-dirty".to_owned()),
        Code::RunNeedsConsent => one("add --yes".to_owned()),
        Code::HttpNotAllowed => {
            one("list the host in `allow_hosts` of the profile, in profiles.toml".to_owned())
        }
        Code::RunUnknown | Code::RunFinished | Code::ApprovalNotAsked => {
            one("see what is open:  mzflow list".to_owned())
        }
        Code::RunProjectChanged => {
            one("check out the commit that the run began with, or begin a new run".to_owned())
        }
        Code::PolicyAborted | Code::PolicyTimeout => one(format!("throw it away:  mzflow abort {id}")),
        Code::PolicyNoDecision => one("see what there is:  mzflow list   or   mzflow log".to_owned()),
        Code::DbUnreachable | Code::DbAuthentication => {
            one("check --url, --profile and the password; `mzflow compile` works without a server".to_owned())
        }
        Code::DbTls => vec![
            "where the server has no TLS:  sslmode=disable   in the URL or the profile".to_owned(),
            "where an authority of your own signs its certificate:  sslrootcert=FILE".to_owned(),
        ],
        Code::DbUnsupported => one("name a Materialize with --url or --profile".to_owned()),
        Code::DbLost => {
            one("when the server is back, repeat the command: what was done is found done".to_owned())
        }
        Code::StageRemovedStillRead => {
            one("move or drop what reads it first, or keep the object in the project".to_owned())
        }
        Code::StageLimit => vec![
            "make room:  mzflow list   shows what is staged,   mzflow abort ID   drops it".to_owned(),
            "or rebuild less, with --isolation object or --reuse CLUSTER".to_owned(),
        ],
        Code::StageNameTooLong => one("choose a shorter id:  mzflow run blue_green --id ID".to_owned()),
        Code::SwapSinkOrphaned => vec![
            "drop the sink, or keep what it reads in the project".to_owned(),
            format!("before a rollback, one that the promotion made goes by itself once that is finished:  mzflow promote {id}"),
        ],
        Code::DropForeignDependents => {
            one("move them to the new objects or drop them, then repeat the command".to_owned())
        }
        Code::DropMoved => one("see what stands there:  mzflow describe ID".replace("ID", &id)),
        Code::CompareTimeout => one(format!("see whether it is hydrated:  mzflow wait {id} --once")),
        Code::CompareUnknownObject | Code::CompareGone => {
            one(format!("see what it has:  mzflow describe {id}"))
        }
        Code::DevWatched => {
            one("quit that one, or watch one of another name:  mzflow dev CLUSTER --name NAME --watch"
                .to_owned())
        }
        Code::OverlayUnknownCluster => {
            one("make one for yourself:  CREATE CLUSTER dev (SIZE = '25cc')".to_owned())
        }
        Code::OverlayProductionCluster => {
            one("name a cluster that production does not run on:  mzflow dev CLUSTER".to_owned())
        }
        Code::OverlayTaken | Code::OverlayBadName => {
            one("choose another name for the overlay:  mzflow dev CLUSTER --name NAME".to_owned())
        }
        Code::OverlayNeedsCreatedb => one("let somebody who may run that grant, and try again".to_owned()),
        Code::OverlayFailed => one("mend the file and run the same command again".to_owned()),
        Code::TestFailed => one("see the rows that differ:  mzflow test".to_owned()),
        Code::OverlayForeign => one("drop or move what is listed, and try again".to_owned()),
        Code::RunFenced => one("see how it fares:  mzflow list".to_owned()),
        Code::CompileFailed
        | Code::CompileUnknownObject
        | Code::ApplyRejected
        | Code::ApplySecretMissing
        | Code::DeploymentBadId
        | Code::StageNotOwner
        | Code::StageMissingPrivilege
        | Code::ApplyMissingPrivilege
        | Code::SwapNotOwner
        | Code::SwapMissingPrivilege
        | Code::DropNotOwner
        | Code::DropMissingPrivilege
        | Code::DeleteMissingPrivilege
        | Code::SwapRejected
        | Code::RollbackNothing
        | Code::ShiftNoGreen
        | Code::ShiftOvertaken
        | Code::RecipeRefused
        | Code::RunInterrupted
        | Code::RunPaused
        | Code::HttpWrongRequest
        | Code::HttpFailed
        | Code::ApprovalDenied
        | Code::ApprovalNotYours
        | Code::RunCancelled
        | Code::RunDeadline
        | Code::CompareFailed
        | Code::CompareUnknownKey
        | Code::CompareUnknownCluster
        | Code::CompareBadAllow
        | Code::QueryFailed
        | Code::QueryNotARead
        | Code::QueryTooManyRows
        | Code::TestNoMatch
        | Code::TestRejected
        | Code::TestMockDiffers
        | Code::TestUnreadableView
        | Code::TestColumnsDiffer
        | Code::TestNullAsserted
        | Code::TestExpectation
        | Code::TestTimeout
        | Code::TestBadFile
        | Code::TestCrash
        | Code::LuaSyntax
        | Code::LuaBadRecipe
        | Code::LuaUnknownArgument
        | Code::LuaWrongArgument
        | Code::LuaUnknownFunction
        | Code::LuaUnknownGlobal
        | Code::LuaUnknownField
        | Code::LuaGlobalMade
        | Code::LuaNoModule
        | Code::LuaNotHere
        | Code::LuaNotJson
        | Code::LuaError
        | Code::LuaMemory
        | Code::PolicyBadPolicy
        | Code::PolicyNotPure
        | Code::PolicyBadVerdict
        | Code::PolicyUnknownFact
        | Code::PolicyMissingFact
        | Code::PolicyBadFacts
        | Code::PolicyTooLong
        | Code::DbRejected
        | Code::DeleteRejected
        | Code::Bug => Vec::new(),
    }
}

/// The commands that go on from a verb that was stopped as asked, a line each.
pub(crate) fn stopped(verb: &str, error: &Error) -> Vec<String> {
    if error.kind() != Kind::Interrupted {
        return Vec::new();
    }
    // What has an effect of its own has changed production: nothing is left to be thrown away.
    let is_staged = match verb {
        "stage" | "wait" => true,
        "promote" => error.changed().is_none(),
        _ => false,
    };
    let staged = error.of_deployment().filter(|_| is_staged);
    let lines = [Some("go on:  repeat the same command".to_owned())].into_iter();
    lines.chain([staged.map(|id| format!("or throw it away:  mzflow abort {id}"))]).flatten().collect()
}

/// The command that drops what a promotion has replaced, where only that was not done.
pub(crate) fn left_over() -> String {
    "drop what it has replaced:  mzflow gc".to_owned()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use expect_test::expect_file;

    use super::*;
    use crate::cli::exit::Exit;
    use crate::compiler::diagnostic;
    use crate::primitives::code::RETIRED;

    const HEAD: &str = "\
# Codes

Written by a test from the source: `UPDATE_EXPECT=1 cargo test --lib codes` writes it anew.

Every error has a code that never changes its meaning. People see it behind the message, in brackets; under `--json`
it is `error.code`; in a recipe it is the field `code` of the error that is raised. The kind of a code decides the exit
code, and what to do next differs with it:

| kind | exit | what it says |
|---|---|---|
";

    const KINDS: [(Kind, &str); 8] = [
        (Kind::Invalid, "the request is wrong: it fails again until it is changed"),
        (Kind::Failed, "it did not happen"),
        (Kind::Refused, "the world is not ready: checks said no, and production was not changed"),
        (Kind::Unreachable, "the server could not be reached, or did not let us in"),
        (Kind::Fenced, "another process has taken over the run"),
        (Kind::OutcomeUnknown, "a write may have happened: look before repeating"),
        (Kind::Interrupted, "somebody asked for a stop"),
        (Kind::Paused, "it goes on when people have agreed"),
    ];

    /// Codes that no primitive raises: a command line that is wrong, an environment that cannot be found.
    const OWN: &[(&str, Exit, &str)] = &[
        ("cli.wrong-usage", Exit::Usage, "The command line cannot be read."),
        ("cli.unknown-recipe", Exit::Usage, "There is no recipe of that name."),
        ("cli.not-a-recipe", Exit::Usage, "The run is one of a verb: the same verb goes on."),
        ("cli.needs-yes", Exit::Usage, "Nobody can be asked, and `--yes` was not given."),
        ("cli.isolation", Exit::Usage, "There is no isolation of that name."),
        ("cli.which-question", Exit::Usage, "The run waits with several questions."),
        ("cli.cluster", Exit::Usage, "The text is no cluster's name."),
        ("cli.filter", Exit::Usage, "The text is no filter of tests."),
        ("cli.unknown-policy", Exit::Usage, "There is no policy of that name."),
        ("cli.policy-twice", Exit::Usage, "Two policies of one run have one name."),
        ("cli.no-facts", Exit::Usage, "There is no file of facts to test a policy with."),
        (
            "cli.crash-at",
            Exit::Usage,
            "A test sends no statement of that number, or it is nothing to be cut at.",
        ),
        (
            "cli.no-overlay-name",
            Exit::Usage,
            "`dev` has neither `--name` nor a profile to name the overlay after.",
        ),
        ("cli.terminal", Exit::Failed, "The terminal cannot show a screen."),
        (
            "cli.cannot-write",
            Exit::Failed,
            "A file cannot be written: test results, a recipe, the types for editors.",
        ),
        (
            "cli.exists",
            Exit::Refused,
            "The file or folder that was to be made is there, and it is not written over.",
        ),
        ("cli.bad-name", Exit::Usage, "The text is no recipe's name, or a bundled recipe has it."),
        ("cli.unreadable-file", Exit::Usage, "A file that was named cannot be read."),
        ("target.bad-url", Exit::Usage, "The URL cannot be read."),
        ("target.no-sandbox", Exit::Usage, "This build has no sandbox, and nothing else is named."),
        ("profile.no-home", Exit::Usage, "Nothing says where `profiles.toml` is."),
        ("profile.no-file", Exit::Usage, "A profile is selected, and there is no `profiles.toml`."),
        ("profile.not-found", Exit::Usage, "`profiles.toml` has no such profile."),
        ("profile.unreadable", Exit::Usage, "`profiles.toml` is not of its shape."),
        ("profile.invalid", Exit::Usage, "A profile has a value that it cannot have."),
        ("profile.no-variable", Exit::Usage, "A password stands for a variable that is not set."),
        (
            "sandbox.cannot-start",
            Exit::Failed,
            "The sandbox does not start, or its data cannot be deleted (3 where it is in use).",
        ),
        ("lock.cannot-write", Exit::Failed, "`types.lock` cannot be written."),
        ("lock.written", Exit::Done, "A warning: `apply` has written `types.lock` anew."),
        ("lock.untold-type", Exit::Done, "A warning: the catalog does not tell a column's type entirely."),
    ];

    const DIAGNOSTICS: &str = "
## Diagnostics

What the compiler has to say of a project. Each stands at a file, a line and a column, as an error or as a warning.
With an error nothing is sent to the server, and a run ends with `compile.failed`. Those of `check` come from
`compile --check` and `mz.check`, which ask the server and change nothing.

";

    /// A line of advice with its commands marked: they stand behind two spaces and end at three.
    fn marked(line: &str) -> String {
        let Some((text, commands)) = line.split_once(":  ") else { return line.to_owned() };
        let parts = commands.split("   ").map(|part| match part.starts_with("mzflow ") {
            true => format!("`{part}`"),
            false => part.to_owned(),
        });
        format!("{text}: {}", parts.collect::<Vec<_>>().join(" "))
    }

    fn page() -> String {
        let mut page = HEAD.to_owned();
        for (kind, meaning) in KINDS {
            let _ = writeln!(page, "| {} | {} | {meaning} |", kind.as_str(), Exit::from(kind).code());
        }
        let mut room = "";
        for code in Code::ALL {
            let own = code.as_str().split('.').next().unwrap_or("");
            if own != room {
                let _ = write!(page, "\n## {own}\n\n");
                room = own;
            }
            let exit = Exit::from(code.kind()).code();
            let _ = writeln!(page, "- `{code}` ({}, exit {exit}): {}", code.kind().as_str(), code.meaning());
            for line in lines(&Error::new(*code, "")) {
                let _ = writeln!(page, "  - {}", marked(&line));
            }
        }
        page += "\n## The command line's own\n\n";
        for (code, exit, meaning) in OWN {
            let _ = writeln!(page, "- `{code}` (exit {}): {meaning}", exit.code());
        }
        page += DIAGNOSTICS;
        for code in diagnostic::Code::ALL {
            let _ = writeln!(page, "- `{}`: {}", code.as_str(), code.meaning());
        }
        page += "\n## Retired\n\n";
        if RETIRED.is_empty() {
            page += "None yet.\n";
        }
        for (code, last) in RETIRED {
            let _ = writeln!(page, "- `{code}`: until {last}");
        }
        page
    }

    #[test]
    fn the_page_of_codes_says_what_the_code_says() {
        expect_file!["../../docs/codes.md"].assert_eq(&page());
    }

    #[test]
    fn commands_in_advice_are_marked() {
        assert_eq!(marked("add --yes"), "add --yes");
        assert_eq!(marked("list:  mzflow list   or   mzflow log"), "list: `mzflow list` or `mzflow log`");
    }
}
