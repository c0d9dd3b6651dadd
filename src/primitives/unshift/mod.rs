//! unshift: lets new sessions of roles read production again.
//!
//! Sets each role's `search_path` and `cluster` to what they were before `shift`, or takes them away
//! where there were none. What somebody else has set meanwhile stays, and is told. Refuses:
//! `unshift.needs-createrole`.
//! Start reading at [`run`]; what is put back is decided in [`super::shifted`].

use std::collections::BTreeSet;

use serde::Serialize;

use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Ledger;
use super::shifted;
use crate::deployment::DeploymentId;
use crate::name::Ident;
use crate::name::RoleName;

/// Names what is to be put back.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment that roles read; `None` is every one.
    pub deployment: Option<DeploymentId>,
    /// The roles; none are all that read it.
    pub roles: Vec<String>,
}

/// Tells who reads production again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The roles that were put back, by name.
    pub roles: Vec<String>,
    /// What somebody else had set meanwhile and stays, a line each.
    pub left_alone: Vec<String>,
}

/// What is shifted and meant, by deployment.
fn chosen(ledger: &Ledger, request: &Request) -> Vec<(DeploymentId, BTreeSet<RoleName>)> {
    let is_meant = |role: &RoleName| {
        // As the server has it, or as SQL writes it.
        let named = |text: &String| {
            let folded = Ident::folded(text).is_ok_and(|name| name == role.0);
            folded || *text == role.0.as_str() || *text == role.to_string()
        };
        request.roles.is_empty() || request.roles.iter().any(named)
    };
    let deployments = ledger
        .deployments
        .iter()
        .filter(|(id, _)| request.deployment.as_ref().is_none_or(|deployment| deployment == *id));
    deployments
        .map(|(id, known)| (id.clone(), known.shifts.keys().filter(|role| is_meant(role)).cloned().collect()))
        .filter(|(_, roles): &(_, BTreeSet<_>)| !roles.is_empty())
        .collect()
}

/// Puts the roles back; nothing happens where none is shifted.
///
/// # Errors
/// `unshift.needs-createrole`, `unshift.rejected`, `deployment.unknown`, `run.fenced`, `db.*`.
///
/// # Cancel
/// Not safe; Ctrl-C does not stop it.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let Some(ledger) = ctx.ledger().await? else { return Ok(Outcome::default()) };
    if let Some(id) = &request.deployment {
        ledger.deployment(id)?;
    }
    let mut outcome = Outcome::default();
    for (id, roles) in chosen(&ledger, request) {
        let back = shifted::put_back(ctx, &id, Some(&roles)).await.map_err(|error| error.of(&id))?;
        outcome.roles.extend(back.roles.iter().map(ToString::to_string));
        outcome.left_alone.extend(back.left_alone);
    }
    Ok(outcome)
}
