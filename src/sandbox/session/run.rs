//! From a statement to what carries it out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::Reply;
use super::Session;
use super::change::words;
use super::transaction;
use super::transaction::Input;
use crate::sandbox::ddl::class::Class;
use crate::sandbox::ddl::class::class;
use crate::sandbox::duration;
use crate::sandbox::error::SqlError;
use crate::sandbox::query::Parameter;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Show;

impl Session {
    /// Runs one statement; an error leaves the transaction as it has to be afterwards.
    ///
    /// # Errors
    /// What the server would refuse.
    ///
    /// # Cancel
    /// Safe: what is published is published whole.
    pub(crate) async fn run(
        &mut self,
        text: &str,
        statement: &Arc<Statement>,
        parameters: &[Parameter],
        cancel: &Notify,
    ) -> Result<Reply, SqlError> {
        // Registered before anything is run, so that no request in between is lost.
        let cancelled = cancel.notified();
        let clock = self.hub.clock.clone();
        let timeout = self.timeout(statement);
        let overdue = async {
            match timeout {
                Some(timeout) => clock.sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let done = tokio::select! {
            biased;
            done = self.guarded(text, statement, parameters) => done,
            () = cancelled => Err(SqlError::new("57014", "canceling statement due to user request")),
            () = overdue => Err(SqlError::new("57014", "canceling statement due to statement timeout")),
        };
        if done.is_err() {
            self.fail();
        }
        done
    }

    /// How long a statement may take: only queries and writes are limited.
    fn timeout(&self, statement: &Statement) -> Option<Duration> {
        match class(&statement.kind) {
            Class::Read | Class::Insert | Class::Change | Class::Prepared => {}
            Class::Transaction
            | Class::Session
            | Class::Subscribe
            | Class::Rename
            | Class::RenameReplica
            | Class::SingleDdl
            | Class::System
            | Class::Unsupported => return None,
        }
        if matches!(statement.kind, StatementKind::Fetch(_)) {
            return None;
        }
        duration::parse(&self.variable("statement_timeout")).filter(|timeout| !timeout.is_zero())
    }

    /// In a failed transaction nothing is run but its end.
    async fn guarded(
        &mut self,
        text: &str,
        statement: &Arc<Statement>,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        let ends = matches!(statement.kind, StatementKind::Commit | StatementKind::Rollback);
        if self.open.as_ref().is_some_and(|open| open.failed) && !ends {
            return Err(transaction::aborted());
        }
        if let StatementKind::Execute(execute) = &statement.kind {
            let (prepared, arguments) = self.executed(text, statement, execute).await?;
            let Some(inner) = &prepared.statement else { return Ok(Reply::Done(String::new())) };
            return self.dispatch(&prepared.text, inner, &arguments).await;
        }
        self.dispatch(text, statement, parameters).await
    }

    /// Carries out a statement by its class.
    pub(super) async fn dispatch(
        &mut self,
        text: &str,
        statement: &Arc<Statement>,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        match class(&statement.kind) {
            Class::Rename => self.rename(text, statement).await,
            Class::RenameReplica => self.rename_replica(text, statement).await,
            Class::SingleDdl | Class::System => self.single(text, statement).await,
            // It knows what the server says of what it has switched off.
            Class::Unsupported => self.change_now(text, statement).await.map(Reply::Done),
            Class::Change => self.rewrite(text, statement, parameters).await,
            Class::Transaction
            | Class::Session
            | Class::Prepared
            | Class::Read
            | Class::Subscribe
            | Class::Insert => self.other(text, statement, parameters).await,
        }
    }

    /// Carries out a statement that does not change the catalog.
    async fn other(
        &mut self,
        text: &str,
        statement: &Statement,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        let said = words(text, statement);
        match &statement.kind {
            StatementKind::Select(query) => self.select(text, statement, query, parameters).await,
            StatementKind::Insert(insert) => self.insert(text, statement, insert, parameters).await,
            StatementKind::Show(Show::Variable(name)) => self.show(name),
            StatementKind::Show(show) => self.show_things(said, show).await,
            StatementKind::Set(set) => self.set(set),
            StatementKind::SetTransaction(text) => self.set_transaction(text),
            StatementKind::Begin(mode) => self.begin(mode),
            StatementKind::Commit => self.commit().await,
            StatementKind::Rollback => Ok(self.rollback()),
            StatementKind::Discard(what) => self.discard(what).await,
            StatementKind::Declare(declare) => self.declare(text, declare, parameters),
            StatementKind::Fetch(fetch) => self.fetch(fetch).await,
            StatementKind::Close(name) => self.close(name.ident.as_str()),
            StatementKind::Prepare(prepare) => self.prepare_sql(prepare),
            StatementKind::Deallocate(name) => self.deallocate(name.as_ref().map(|name| name.ident.as_str())),
            StatementKind::Copy(copy) => self.copy(said, copy).await,
            StatementKind::Subscribe(_) => {
                self.admit(Input::Subscribe, said)?;
                Err(SqlError::unsupported("SUBSCRIBE outside of DECLARE"))
            }
            StatementKind::Explain(_) => Err(SqlError::unsupported("EXPLAIN")),
            _ => Err(SqlError::unsupported(format!("`{said}`"))),
        }
    }
}
