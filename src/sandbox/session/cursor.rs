//! Portals and cursors: `DECLARE`, `FETCH`, `CLOSE`, and their kin of the protocol.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Reply;
use super::Session;
use super::prepared::Prepared;
use super::subscribe::Subscription;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Row;
use crate::sandbox::model::column::Column;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::Answer;
use crate::sandbox::query::Described;
use crate::sandbox::query::Parameter;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Declare;
use crate::sql::ast::run::Fetch;

/// A statement with its arguments, and how far its rows have been taken.
#[derive(Debug)]
pub(crate) struct Portal {
    /// The statement.
    pub(crate) prepared: Arc<Prepared>,
    /// Its arguments.
    pub(crate) parameters: Vec<Parameter>,
    /// In which format each column goes out: none, one for all, or one each.
    pub(crate) formats: Vec<i16>,
    /// Its rows that have not been taken, once it has been run.
    pub(crate) rows: Option<Pending>,
    /// Whether it has been run and gives no rows.
    pub(crate) done: bool,
    /// The subscription that it is.
    pub(super) subscription: Option<Subscription>,
}

/// Rows that wait to be taken.
#[derive(Debug)]
pub(crate) struct Pending {
    /// The columns.
    pub(crate) columns: Vec<Column>,
    /// The rows.
    pub(crate) rows: VecDeque<Row>,
    /// The command tag, for when the last has been taken.
    pub(crate) tag: String,
}

impl Portal {
    /// A portal that has not been run.
    pub(crate) fn new(prepared: Arc<Prepared>, parameters: Vec<Parameter>, formats: Vec<i16>) -> Self {
        Self { prepared, parameters, formats, rows: None, done: false, subscription: None }
    }
}

impl Session {
    /// Keeps a portal of the protocol.
    ///
    /// # Errors
    /// When there is one of the name.
    pub(crate) fn bind(&mut self, name: &str, portal: Portal) -> Result<(), SqlError> {
        if !name.is_empty() && self.portals.contains_key(name) {
            return Err(SqlError::new("42P03", format!("cursor \"{name}\" already exists")));
        }
        self.portals.insert(name.to_owned(), portal);
        Ok(())
    }

    /// A portal by name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn portal(&mut self, name: &str) -> Result<&mut Portal, SqlError> {
        let found = self.portals.get_mut(name);
        found.ok_or_else(|| SqlError::new("34000", format!("portal \"{name}\" does not exist")))
    }

    /// Closes a portal, if there is one.
    pub(crate) fn close_portal(&mut self, name: &str) {
        self.portals.remove(name);
    }

    /// Portals end with the transaction, also with that of a single message.
    pub(crate) fn close_portals(&mut self) {
        if self.open.is_none() {
            self.portals.clear();
        }
    }

    /// `DECLARE`
    pub(super) fn declare(
        &mut self,
        text: &str,
        declare: &Declare,
        parameters: &[Parameter],
    ) -> Result<Reply, SqlError> {
        if self.open.is_none() {
            return Err(SqlError::new("25P01", "DECLARE CURSOR can only be used in transaction blocks"));
        }
        let name = declare.name.ident.as_str();
        if self.portals.contains_key(name) {
            return Err(SqlError::new("42P03", format!("cursor \"{name}\" already exists")));
        }
        let statement: Statement = (*declare.statement).clone();
        let described = match &statement.kind {
            StatementKind::Select(_) | StatementKind::Show(_) => {
                let given: Vec<Type> = parameters.iter().map(|parameter| parameter.kind.clone()).collect();
                self.describe(&statement, &given)?
            }
            _ => Described::default(),
        };
        let subscription = match &statement.kind {
            StatementKind::Subscribe(text) => Some(self.subscription(text)?),
            _ => None,
        };
        let prepared = Prepared::declared(text, statement, described);
        let mut portal = Portal::new(Arc::new(prepared), parameters.to_vec(), Vec::new());
        portal.subscription = subscription;
        self.portals.insert(name.to_owned(), portal);
        Ok(Reply::Done("DECLARE CURSOR".to_owned()))
    }

    /// The columns of a cursor.
    pub(super) fn cursor_columns(&self, name: &str) -> Result<Vec<Column>, SqlError> {
        let portal = self.portals.get(name).ok_or_else(|| missing(name))?;
        match &portal.subscription {
            Some(subscription) => Ok(subscription.columns().to_vec()),
            None => Ok(portal.prepared.described.columns.clone()),
        }
    }

    /// `FETCH`
    pub(super) async fn fetch(&mut self, fetch: &Fetch) -> Result<Reply, SqlError> {
        let name = fetch.name.ident.as_str();
        let mut portal = self.portals.remove(name).ok_or_else(|| missing(name))?;
        let fetched = self.fetch_from(&mut portal, fetch).await;
        self.portals.insert(name.to_owned(), portal);
        let answer = fetched?;
        let tag = format!("FETCH {}", answer.rows.len());
        Ok(Reply::Rows(answer, tag))
    }

    async fn fetch_from(&mut self, portal: &mut Portal, fetch: &Fetch) -> Result<Answer, SqlError> {
        let count = fetch.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
        if let Some(subscription) = &mut portal.subscription {
            return self.follow(subscription, count, fetch).await;
        }
        let pending = match portal.rows.take() {
            Some(pending) => pending,
            None => {
                let Some(statement) = portal.prepared.statement.clone() else { return Ok(Answer::default()) };
                let text = Arc::clone(&portal.prepared.text);
                let reply = Box::pin(self.dispatch(&text, &statement, &portal.parameters)).await?;
                match reply {
                    Reply::Rows(answer, tag) => {
                        Pending { columns: answer.columns, rows: answer.rows.into(), tag }
                    }
                    Reply::Done(tag) => Pending { columns: Vec::new(), rows: VecDeque::new(), tag },
                    Reply::CopyOut(..) | Reply::CopyIn(_) => {
                        return Err(SqlError::unsupported("COPY in a cursor"));
                    }
                }
            }
        };
        let pending = portal.rows.insert(pending);
        let taken = pending.rows.len().min(count);
        let rows = pending.rows.drain(..taken).collect();
        Ok(Answer { columns: pending.columns.clone(), rows })
    }

    /// `CLOSE`
    pub(super) fn close(&mut self, name: &str) -> Result<Reply, SqlError> {
        self.portals.remove(name).ok_or_else(|| missing(name))?;
        Ok(Reply::Done("CLOSE CURSOR".to_owned()))
    }
}

fn missing(name: &str) -> SqlError {
    SqlError::new("34000", format!("cursor \"{name}\" does not exist"))
}
