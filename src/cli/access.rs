//! Which of mzflow's roles each command is for.

use super::app::CliError;
use crate::db::session::Session;
use crate::primitives::access;
use crate::primitives::access::Needs;

/// What a command does to an environment; a rehearsal reads.
fn needs(command: &str, rehearses: bool) -> Needs {
    match command {
        // What these need they look for themselves, or it is nothing of mzflow's.
        "setup" | "compile" | "test" | "lock" => Needs::Login,
        "list" | "log" | "describe" | "diff" | "wait" | "explain" | "compile --check"
        | "resume --dry-run" | "policy facts" | "policy backtest" => Needs::Reads,
        "approve" => Needs::Answers,
        "dev" | "dev_overlay" if !rehearses => Needs::Develops,
        _ if rehearses => Needs::Reads,
        _ => Needs::Deploys,
    }
}

/// Says no if a command is not for whoever is connected.
///
/// # Errors
/// Those of [`access::check`].
pub(crate) async fn check(session: &Session, command: &str, rehearses: bool) -> Result<(), CliError> {
    Ok(access::check(session, command, needs(command, rehearses)).await?)
}
