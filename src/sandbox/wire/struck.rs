//! A statement as it is run here: written down, and with what goes wrong on purpose.

use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::connection::Flow;
use crate::sandbox::error::SqlError;
use crate::sandbox::faults::Strike;
use crate::sandbox::query::Parameter;
use crate::sandbox::session::Reply;
use crate::sandbox::settings;
use crate::sandbox::sort::Sort;
use crate::sandbox::system::own;
use crate::sandbox::transcript::Outcome;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Show;

/// What a statement came to, and whether the connection goes on behind its answer; `None` where it ends
/// without one.
pub(super) type Struck = Option<(Result<Reply, SqlError>, Flow)>;

impl Connection {
    /// Runs a statement of a text.
    pub(super) async fn run(
        &mut self,
        text: &str,
        statement: &Arc<Statement>,
        parameters: &[Parameter],
    ) -> Struck {
        let cancel = Arc::clone(&self.cancel);
        if is_own(statement) {
            let run = self.session.run(text, statement, parameters, &cancel).await;
            return Some((run, Flow::On));
        }
        let hub = Arc::clone(self.session.hub());
        let words = statement.span.of(text);
        let who = self.session.who();
        let sort = self.sort(&statement.kind);
        let strike = hub.faults().statement(&who, words, sort);
        let number = hub.transcript().begin(who, words, sort != Sort::Read, hub.clock.now());
        if strike.drop_before {
            hub.broke(false);
            hub.transcript().end(number, Outcome::NotRun, false, hub.clock.now());
            return None;
        }
        let run = match self.with(&strike, text, statement, parameters).await {
            Ok(Reply::CopyIn(copy)) => match self.copy_in(&copy).await {
                Ok(Some(done)) => done.map(Reply::Done),
                Ok(None) | Err(_) => {
                    hub.transcript().end(number, Outcome::NotRun, false, hub.clock.now());
                    return None;
                }
            },
            other => other,
        };
        let outcome = match &run {
            Ok(reply) => Outcome::Done(reply.tag()),
            Err(error) => Outcome::Failed(error.code, error.message.clone()),
        };
        hub.transcript().end(number, outcome, !strike.lose, hub.clock.now());
        if strike.lose || strike.drop_after {
            hub.broke(strike.kill);
        }
        let flow = if strike.drop_after { Flow::End } else { Flow::On };
        (!strike.lose).then_some((run, flow))
    }

    /// The sort of the next statement; what ends a transaction that only reads is no more than that.
    fn sort(&mut self, kind: &StatementKind) -> Sort {
        let was_reading = self.reading;
        self.reading = match kind {
            StatementKind::Begin(mode) => mode.read_only,
            StatementKind::Commit | StatementKind::Rollback => false,
            _ => was_reading,
        };
        match kind {
            StatementKind::Commit | StatementKind::Rollback if was_reading => Sort::Read,
            other => Sort::of(other),
        }
    }

    /// Waits, fails or runs, as the statement is struck.
    async fn with(
        &mut self,
        strike: &Strike,
        text: &str,
        statement: &Arc<Statement>,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        let latency = settings::length(&self.session.hub().state(), settings::LATENCY);
        self.wait(strike.delay.saturating_add(latency)).await?;
        self.held(strike.hold).await?;
        self.hung(strike.hang).await?;
        self.injected(strike.error)?;
        let cancel = Arc::clone(&self.cancel);
        let reply = tokio::select! {
            biased;
            reply = self.session.run(text, statement, parameters, &cancel) => reply?,
            // Nobody waits for the answer any more. What is published is published whole.
            () = self.inbound.gone() => return Err(self.abandoned()),
        };
        self.wait(strike.delay_after).await?;
        self.held(strike.hold_after).await?;
        self.injected(strike.error_after)?;
        Ok(reply)
    }

    fn injected(&mut self, code: Option<&'static str>) -> Result<(), SqlError> {
        let Some(code) = code else { return Ok(()) };
        self.session.fail();
        Err(SqlError::new(code, "injected fault"))
    }

    /// Waits that long.
    async fn wait(&mut self, long: Duration) -> Result<(), SqlError> {
        if long.is_zero() {
            return Ok(());
        }
        let clock = self.session.hub().clock.clone();
        self.until(clock.sleep(long)).await
    }

    /// Waits until faults are set anew, if it is to.
    async fn held(&mut self, is_held: bool) -> Result<(), SqlError> {
        if !is_held {
            return Ok(());
        }
        let hub = Arc::clone(self.session.hub());
        self.until(hub.hold()).await
    }

    /// Waits until faults are set anew, whoever cancels, if it is to.
    async fn hung(&mut self, is_hung: bool) -> Result<(), SqlError> {
        if !is_hung {
            return Ok(());
        }
        let hub = Arc::clone(self.session.hub());
        tokio::select! {
            () = hub.hold() => Ok(()),
            () = self.inbound.gone() => Err(self.abandoned()),
        }
    }

    /// Fails a statement whose answer nobody waits for any more.
    fn abandoned(&mut self) -> SqlError {
        self.session.fail();
        SqlError::new("57014", "canceling statement because its client is gone")
    }

    /// Waits for something, or until somebody cancels.
    async fn until(&mut self, comes: impl Future<Output = ()>) -> Result<(), SqlError> {
        let cancel = Arc::clone(&self.cancel);
        tokio::select! {
            () = comes => Ok(()),
            () = cancel.notified() => {
                self.session.fail();
                Err(SqlError::new("57014", "canceling statement due to user request"))
            }
            () = self.inbound.gone() => Err(self.abandoned()),
        }
    }
}

/// Tells whether a statement is about the sandbox itself: those are neither counted nor kept.
fn is_own(statement: &Statement) -> bool {
    let name = match &statement.kind {
        StatementKind::AlterSystem(set) => set.name.ident.as_str(),
        StatementKind::Show(Show::Variable(name)) => name,
        StatementKind::Select(query) => {
            let own = |parts: &[crate::name::Ident]| matches!(parts, [.., schema, _] if schema.as_str() == own::SCHEMA);
            return query.references().iter().any(|name| own(&name.parts));
        }
        _ => return false,
    };
    name.starts_with("sandbox_")
}
