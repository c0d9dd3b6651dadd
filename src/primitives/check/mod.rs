//! check: lets the server type-check every query that a deployment would build, and builds nothing.
//!
//! Each query is described under a statement of its own. What it reads is stood in for: by its own
//! description where it is not in the target or will be another, by nothing where production has it
//! already. So every query is sent once, whatever it reads. Nothing is created. Refuses:
//! `compile.failed` with every complaint at its place. Start reading at [`report`].

use std::collections::VecDeque;
use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;

use self::facts::Facts;
use self::progress::Checking;
use self::progress::Job;
use self::progress::Task;
use super::changes::Changes;
use super::compile;
use super::compile::CompiledDiagnostic;
use super::ctx::Ctx;
use super::error::Error;
use super::error::Finding;
use crate::compiler::diagnostic::Diagnostic;
use crate::db::columns::Types;
use crate::db::session::IN_FLIGHT;
use crate::event::Event;
use crate::name::ObjectName;

mod complaint;
mod drift;
mod facts;
mod progress;
#[cfg(test)]
mod tests;

/// Names what a deployment would change.
#[derive(Clone, Debug)]
pub struct Request {
    /// The changes.
    pub changes: Rc<Changes>,
}

/// Tells what was checked.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Objects whose query the server has accepted.
    pub checked: usize,
    /// What a person should know; complaints are raised instead.
    pub diagnostics: Vec<CompiledDiagnostic>,
}

/// Everything that was found, complaints included: for whoever shows them without failing.
#[derive(Debug)]
pub struct Report {
    /// Objects whose query the server has accepted.
    pub checked: usize,
    /// Objects that were not checked, sorted.
    pub skipped: Vec<ObjectName>,
    /// Every diagnostic with its places, sorted by file and place.
    pub findings: Vec<(Diagnostic, Finding)>,
}

/// Checks, and fails when the server does not accept something.
///
/// # Errors
/// `compile.failed` with every complaint, `run.interrupted`, `run.deadline`, `db.*`.
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Outcome, Error> {
    let report = report(ctx, request).await?;
    if report.findings.iter().any(|(diagnostic, _)| diagnostic.fails_compile()) {
        let objects = request.changes.compiled.project.objects.len();
        let failed = compile::failed(objects, report.findings);
        return Err(failed.effect("nothing was changed"));
    }
    for (diagnostic, _) in &report.findings {
        let place = format!("{}:{}:{}", diagnostic.file, diagnostic.line, diagnostic.column);
        let message = format!("{} ({place})", diagnostic.message);
        ctx.events.event(Event::Warning { code: diagnostic.code.as_str().to_owned(), message });
    }
    let diagnostics = report.findings.iter().map(CompiledDiagnostic::of).collect();
    Ok(Outcome { checked: report.checked, diagnostics })
}

/// Checks.
///
/// # Errors
/// `run.interrupted`, `run.deadline`, `db.*`.
///
/// # Cancel
/// Safe: nothing is changed.
pub async fn report(ctx: &mut Ctx, request: &Request) -> Result<Report, Error> {
    let session = ctx.session();
    // What a rehearsal has made is on no server, and cannot be read there.
    let catalog = match ctx.is_rehearsal() {
        true => ctx.read_catalog(session).await?,
        false => ctx.catalog().await?,
    };
    let compiled = &request.changes.compiled;
    let facts = Facts::of(&request.changes, &catalog);
    let drifted = drift::look(session, compiled, &catalog).await?;
    let types = if facts.is_empty() { Types::default() } else { Types::read(session).await? };
    let mut checking = Checking::new(&facts, &types);
    let mut ready: VecDeque<Task> = checking.begin();
    let mut asked = FuturesUnordered::new();
    loop {
        ctx.go_on()?;
        while asked.len() < IN_FLIGHT {
            let Some(task) = ready.pop_front() else { break };
            match checking.prepare(task) {
                Some(Job { task, statement }) => asked.push(async move {
                    let answer = session.describe(&statement.sql).await;
                    (task, statement, answer)
                }),
                None => ready.extend(checking.released()),
            }
        }
        let Some((task, statement, answer)) = asked.next().await else {
            if ready.is_empty() {
                break;
            }
            continue;
        };
        match answer {
            Ok(columns) => checking.accepted(task, &columns),
            Err(error) if error.sqlstate().is_some() && !error.outcome_unknown() => {
                checking.rejected(task, &statement, &error);
            }
            Err(error) => return Err(error.into()),
        }
        ready.extend(checking.released());
    }
    let mut report = checking.end();
    report.findings.extend(drifted);
    compile::sort(&mut report.findings);
    Ok(report)
}
