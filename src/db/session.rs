//! One connection: reading rows, running statements, conditional appends, and the fence.
//!
//! Everything is sent as one message a statement and one round trip; callers that have several
//! independent statements send them without waiting in between ([`Session::run_all`]).

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::SimpleQueryStream;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;

use super::apply::Interrupt;
use super::columns::Described;
use super::config::Target;
use super::error::Error;
use super::opening;
use super::opening::CONNECT_TIMEOUT;
use super::tls;
use super::value;
use super::value::Fields;
use crate::clock::Clock;

/// How often a row is written again that met another change of its table: the server itself tries far oftener.
const APPENDS_AGAIN: usize = 5;

/// How long a server may take to answer a statement that it was asked to cancel. Some it never answers, such as
/// `ALTER SINK` of a sink that was dropped while it waits.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a statement that may be cancelled is looked after: soon enough for who pressed Ctrl-C.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many statements may be on their way unanswered: enough to hide a slow network, few enough
/// that Ctrl-C takes effect soon.
pub const IN_FLIGHT: usize = 32;

/// One row, its values as the server prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Vec<Option<String>>);

impl Row {
    /// The text of a column, counted from 0; `None` for NULL.
    pub fn text(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    /// The text of a column that is never NULL.
    ///
    /// # Errors
    /// When it is NULL or missing: the server answered something else than was asked.
    pub fn required(&self, column: usize) -> Result<&str, Error> {
        self.text(column).ok_or_else(|| Error::protocol(format!("column {column} of an answer is missing")))
    }

    /// A boolean column; NULL is false.
    pub fn is_true(&self, column: usize) -> bool {
        self.text(column) == Some("t")
    }

    /// A column read as a number or the like.
    pub fn parsed<T: std::str::FromStr>(&self, column: usize) -> Option<T> {
        self.text(column)?.parse().ok()
    }
}

/// Rows with the names of their columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The names, in order; one may be there twice.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A typed parameter of [`Session::append`] and [`Session::query`].
#[derive(Clone, Debug)]
pub enum Parameter {
    /// `text`
    Text(Option<String>),
    /// `int8`
    Number(i64),
    /// `float8`
    Float(f64),
    /// `bool`
    Bool(bool),
    /// `jsonb`
    Json(serde_json::Value),
}

impl Parameter {
    /// Text that is not NULL.
    pub fn text(text: impl ToString) -> Self {
        Self::Text(Some(text.to_string()))
    }

    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Number(number) => (number, Type::INT8),
            Self::Float(number) => (number, Type::FLOAT8),
            Self::Bool(yes) => (yes, Type::BOOL),
            Self::Json(json) => (json, Type::JSONB),
        }
    }
}

/// An open connection; the task that drives it ends with it.
pub struct Session {
    client: Client,
    driver: JoinHandle<()>,
    target: Arc<Target>,
    first_cluster: Option<String>,
    given_up: AtomicBool,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Opens a connection and logs in.
    ///
    /// # Errors
    /// `is_connect()`: unreachable or not let in; `is_tls()`; `is_unsupported()`: not a Materialize.
    pub async fn connect(target: &Arc<Target>) -> Result<Self, Error> {
        let opened = tokio::time::timeout(CONNECT_TIMEOUT, opening::opened(target)).await;
        let late = |_| Error::connect(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()));
        let (client, driver, greeting) = opened.map_err(late)??;
        let first_cluster = greeting.cluster.clone();
        let given_up = AtomicBool::new(false);
        let session = Self { client, driver, target: Arc::clone(target), first_cluster, given_up };
        greeting.check(&session).await?;
        session.choose_cluster(session.first_cluster()).await?;
        Ok(session)
    }

    /// Opens another connection to the same place.
    ///
    /// # Errors
    /// As [`Session::connect`].
    pub async fn another(&self) -> Result<Self, Error> {
        Self::connect(&self.target).await
    }

    /// Where it leads.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// The cluster that the server gave it when it began, where it says so.
    pub fn first_cluster(&self) -> Option<&str> {
        self.first_cluster.as_deref()
    }

    /// Tells whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || self.client.is_closed()
    }

    /// Closes the connection, whatever it is still waiting for.
    fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
        self.driver.abort();
    }

    /// Runs one statement that reads, and gives its rows.
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub async fn read(&self, sql: &str) -> Result<Vec<Row>, Error> {
        tracing::trace!(target: "mzflow::sql", "{sql}");
        let answers = self.client.simple_query(sql).await.map_err(|e| Error::from_driver(&e, false))?;
        Ok(answers.iter().filter_map(row).collect())
    }

    /// Reads mzflow's own tables, if need be on another cluster than the session's.
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub async fn read_own(&self, sql: &str) -> Result<Vec<Row>, Error> {
        self.on_a_cluster(|| self.read(sql)).await
    }

    /// Runs one statement that reads, and gives its rows under the names of its columns. It is
    /// cancelled when a stop is asked for.
    ///
    /// # Errors
    /// What the server says (`57014` when it was cancelled), or a lost connection.
    pub async fn table(&self, sql: &str, clock: &Clock, interrupt: &Interrupt) -> Result<Table, Error> {
        tracing::debug!(target: "mzflow::sql", "{sql}");
        let mut running = std::pin::pin!(self.client.simple_query(sql));
        let answers = loop {
            tokio::select! {
                answers = &mut running => break answers,
                () = clock.sleep(LOOK_EVERY) => {}
            }
            if interrupt.is_asked() {
                self.cancel().await?;
                break running.await;
            }
        };
        let answers = answers.map_err(|error| Error::from_driver(&error, false))?;
        let columns = answers.iter().find_map(|message| match message {
            SimpleQueryMessage::RowDescription(columns) => {
                Some(columns.iter().map(|column| column.name().to_owned()).collect())
            }
            _ => None,
        });
        Ok(Table { columns: columns.unwrap_or_default(), rows: answers.iter().filter_map(row).collect() })
    }

    /// Runs one statement that reads, in whatever transaction is open, and gives its rows with their
    /// types; `None` where there are more than `most`. It is cancelled when `stop` comes first.
    ///
    /// # Errors
    /// What the server says (`57014` when it was cancelled or took too long), a lost connection, or
    /// a column whose type has no form here.
    pub async fn select(
        &self,
        sql: &str,
        most: usize,
        stop: impl Future<Output = ()>,
    ) -> Result<Option<Vec<Fields>>, Error> {
        let mut running = std::pin::pin!(self.ask(sql, &[], most));
        tokio::select! {
            answer = &mut running => return answer,
            () = stop => {}
        }
        // The statement is on its way: wait for what the server says.
        self.cancel().await?;
        running.await
    }

    /// Lets the server say what a statement would give, without running it. Several may be asked at
    /// once: [`IN_FLIGHT`] hide the network.
    ///
    /// # Errors
    /// What the server says, or a lost connection.
    pub async fn describe(&self, sql: &str) -> Result<Vec<Described>, Error> {
        tracing::debug!(target: "mzflow::sql", "describe: {sql}");
        let prepared = self.client.prepare(sql).await.map_err(|error| Error::of_answer(&error))?;
        let columns = prepared.columns().iter();
        let described = columns.map(|column| Described {
            name: column.name().to_owned(),
            oid: column.type_().oid(),
            modifier: column.type_modifier(),
        });
        Ok(described.collect())
    }

    /// Runs one statement that changes something.
    ///
    /// # Errors
    /// What the server says, or a lost connection; then `outcome_unknown()`.
    ///
    /// # Cancel
    /// Not safe: the statement may have been sent.
    pub async fn run(&self, sql: &str) -> Result<(), Error> {
        tracing::debug!(target: "mzflow::sql", "{sql}");
        self.client.batch_execute(sql).await.map_err(|error| Error::from_driver(&error, false))
    }

    /// Runs one statement that changes something, and cancels it when it takes longer than `limit`, or when a
    /// stop is asked for. The connection is given up where that is not answered either.
    ///
    /// # Errors
    /// What the server says (`57014` when it was cancelled), or a lost connection; then `outcome_unknown()`.
    pub async fn run_within(
        &self,
        sql: &str,
        clock: &Clock,
        limit: Duration,
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let mut running = std::pin::pin!(self.run(sql));
        tokio::select! {
            outcome = &mut running => return outcome,
            () = clock.sleep(limit) => {}
            () = interrupt.asked() => {}
        }
        // The statement is on its way: wait for what the server says.
        let cancelled = async {
            self.cancel().await?;
            running.await
        };
        tokio::select! {
            outcome = cancelled => outcome,
            () = clock.sleep(CANCEL_TIMEOUT) => {
                self.give_up();
                let waited = CANCEL_TIMEOUT.as_secs();
                Err(Error::lost(format!("no answer within {waited} s of being cancelled")))
            }
        }
    }

    /// Asks the server to stop what this connection runs.
    async fn cancel(&self) -> Result<(), Error> {
        let token = self.client.cancel_token();
        let cancelled = match &self.target.way {
            None => token.cancel_query(tls::connector(&self.target)?).await,
            Some(way) => match way.open().await {
                Ok(stream) => token.cancel_query_raw(stream, NoTls).await,
                // A server that is gone runs nothing more.
                Err(_) => Ok(()),
            },
        };
        if let Err(error) = cancelled {
            tracing::debug!("cancelling: {error}");
        }
        Ok(())
    }

    /// Runs statements in order without waiting for one before sending the next, each on its own.
    ///
    /// `next` gives the statements one by one, each with how it may be shown, and may stop early; `done` is told each answer as it
    /// comes, in order. A statement that fails does not keep the ones behind it from running.
    ///
    /// # Cancel
    /// Not safe: statements may have been sent.
    pub async fn run_all(
        &self,
        mut next: impl FnMut() -> Option<(String, String)>,
        mut done: impl FnMut(Result<(), Error>),
    ) {
        let mut waiting = VecDeque::new();
        let mut more = true;
        loop {
            while more && waiting.len() < IN_FLIGHT {
                match next() {
                    Some((sql, shown)) => waiting.push_back(self.send(&sql, &shown).await),
                    None => more = false,
                }
            }
            match waiting.pop_front() {
                Some(Ok(mut answer)) => done(answer.finish().await),
                Some(Err(error)) => done(Err(error)),
                None => return,
            }
        }
    }

    /// Sends a message without waiting for its answer; what is `shown` of it holds no secret.
    async fn send(&self, sql: &str, shown: &str) -> Result<Answer, Error> {
        tracing::debug!(target: "mzflow::sql", "{shown}");
        // The driver sends before it gives the stream, so calls in order go out in order.
        let stream = self.client.simple_query_raw(sql).await;
        let stream = stream.map_err(|error| Error::from_driver(&error, false))?;
        Ok(Answer { stream: Some(Box::pin(stream)), completed: 0 })
    }

    /// Runs one statement that writes rows of mzflow's own tables, and gives their number.
    ///
    /// # Errors
    /// What the server says, or a lost connection; then `outcome_unknown()`.
    pub async fn append(&self, sql: &str, parameters: &[Parameter]) -> Result<u64, Error> {
        tracing::debug!(target: "mzflow::sql", "{sql}");
        let parameters: Vec<_> = parameters.iter().map(Parameter::typed).collect();
        let write = async || {
            let made = self.client.execute_typed(sql, &parameters).await;
            made.map_err(|error| Error::from_driver(&error, false))
        };
        let mut answer = self.on_a_cluster(write).await;
        for _ in 0..APPENDS_AGAIN {
            if !answer.as_ref().is_err_and(Error::is_retryable) {
                break;
            }
            answer = self.on_a_cluster(write).await;
        }
        answer
    }

    /// Runs one statement that reads, in a transaction that can do nothing else, and gives its rows
    /// with their types; `None` where there are more than `most`.
    ///
    /// # Errors
    /// What the server says, a lost connection, or a column whose type has no form here.
    pub async fn query(
        &self,
        sql: &str,
        parameters: &[Parameter],
        most: usize,
    ) -> Result<Option<Vec<Fields>>, Error> {
        self.run("BEGIN READ ONLY").await?;
        let rows = self.ask(sql, parameters, most).await;
        // Nothing was written; what ends the transaction is one and the same.
        self.run("ROLLBACK").await?;
        rows
    }

    /// Runs one statement, whatever it does, and gives the rows that it has with their types; `None`
    /// where there are more than `most`.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn ask(
        &self,
        sql: &str,
        parameters: &[Parameter],
        most: usize,
    ) -> Result<Option<Vec<Fields>>, Error> {
        tracing::debug!(target: "mzflow::sql", "{sql}");
        let parameters = parameters.iter().map(Parameter::typed);
        let stream = self.client.query_typed_raw(sql, parameters).await;
        let mut stream = std::pin::pin!(stream.map_err(|error| Error::of_answer(&error))?);
        let mut rows = Vec::new();
        while let Some(row) = stream.next().await {
            if rows.len() == most {
                return Ok(None);
            }
            let row = row.map_err(|error| Error::from_driver(&error, false))?;
            rows.push(value::fields(&row)?);
        }
        Ok(Some(rows))
    }

    /// Sends `BEGIN` and the given renames and swaps in one message, and comes back as soon as the
    /// first of them is answered: from then on, whatever anybody else changes makes COMMIT fail.
    ///
    /// # Errors
    /// What the server says to the first statement; nothing has changed then.
    ///
    /// Source: tried on v26.21; the window opens at the first DDL statement, not at BEGIN.
    pub async fn fence(&self, exchanges: &[String]) -> Result<Fence<'_>, Error> {
        let message = format!("BEGIN; {}", exchanges.join("; "));
        let mut fence = Fence { session: self, answer: self.send(&message, &message).await? };
        // BEGIN and the first exchange.
        match fence.answer.until(2).await {
            Ok(()) => Ok(fence),
            Err(error) => {
                fence.rollback().await;
                Err(error)
            }
        }
    }
}

/// The answer to one message, as it comes in.
struct Answer {
    stream: Option<Pin<Box<SimpleQueryStream>>>,
    completed: usize,
}

impl Answer {
    /// Waits until that many statements of the message are answered, or it is at its end.
    async fn until(&mut self, completed: usize) -> Result<(), Error> {
        let mut failed = None;
        while self.completed < completed {
            let Some(stream) = &mut self.stream else { break };
            match stream.next().await {
                Some(Ok(SimpleQueryMessage::CommandComplete(_))) => self.completed += 1,
                Some(Ok(_)) => {}
                // What follows an error is only the end of the answer.
                Some(Err(error)) => {
                    failed.get_or_insert(Error::from_driver(&error, false));
                    if error.is_closed() || error.as_db_error().is_none() {
                        self.stream = None;
                    }
                }
                None => self.stream = None,
            }
            if failed.is_some() && self.stream.is_none() {
                break;
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn finish(&mut self) -> Result<(), Error> {
        self.until(usize::MAX).await
    }
}

/// A DDL transaction whose first statement has been answered.
pub struct Fence<'a> {
    session: &'a Session,
    answer: Answer,
}

impl Fence<'_> {
    /// Waits until every statement of the transaction is answered.
    ///
    /// # Errors
    /// What the server says to the first that fails; roll back then.
    pub async fn settle(&mut self) -> Result<(), Error> {
        self.answer.finish().await
    }

    /// How many of the renames and swaps have been answered without an error.
    pub fn answered(&self) -> usize {
        self.answer.completed.saturating_sub(1)
    }

    /// Commits.
    ///
    /// # Errors
    /// What the server says; `outcome_unknown()` when the connection broke before its answer. The
    /// driver hides the answer's tag, so that a COMMIT which only rolled back looks the same:
    /// the marker tells.
    pub async fn commit(self) -> Result<(), Error> {
        self.session.run("COMMIT").await
    }

    /// Rolls back; a connection that is gone has done so itself.
    pub async fn rollback(self) {
        if let Err(error) = self.session.run("ROLLBACK").await {
            tracing::debug!("rolling back: {error}");
        }
    }
}

fn row(message: &SimpleQueryMessage) -> Option<Row> {
    match message {
        SimpleQueryMessage::Row(row) => {
            Some(Row((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()))
        }
        _ => None,
    }
}
