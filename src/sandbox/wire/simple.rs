//! The simple protocol: a text of statements, answered one after the other.

use std::io;
use std::sync::Arc;

use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::response::EmptyQueryResponse;

use super::connection::Connection;
use super::connection::Flow;
use crate::sandbox::error::SqlError;
use crate::sandbox::session;
use crate::sandbox::session::Reply;
use crate::sql::ast::Statement;

impl Connection {
    /// Runs a text: all of it is parsed first; several statements are one transaction.
    pub(super) async fn simple(&mut self, text: &str) -> io::Result<Flow> {
        let flow = match session::statements(text) {
            Ok(statements) => self.batch(text, statements).await?,
            Err(error) => {
                self.session.fail();
                self.out.error("ERROR", &error, text)?;
                Flow::On
            }
        };
        if flow == Flow::End {
            return Ok(flow);
        }
        self.tell()?;
        self.out.ready(self.session.standing())?;
        self.out.send().await?;
        Ok(flow)
    }

    async fn batch(&mut self, text: &str, statements: Vec<Statement>) -> io::Result<Flow> {
        if statements.is_empty() {
            self.out.put(&Message::EmptyQueryResponse(EmptyQueryResponse::new()))?;
            return Ok(Flow::On);
        }
        let several = statements.len() > 1;
        for statement in statements {
            if several {
                self.session.begin_implicit();
            }
            let statement = Arc::new(statement);
            let Some((run, flow)) = self.run(text, &statement, &[]).await else { return Ok(Flow::End) };
            let failed = self.answer(text, run).await?;
            if flow == Flow::End {
                self.out.send().await?;
                return Ok(flow);
            }
            if failed {
                return Ok(Flow::On);
            }
        }
        if several && let Err(error) = self.session.end_implicit().await {
            self.out.error("ERROR", &error, text)?;
        }
        Ok(Flow::On)
    }

    /// Gathers what a statement gave; tells whether it failed.
    async fn answer(&mut self, text: &str, run: Result<Reply, SqlError>) -> io::Result<bool> {
        for notice in self.session.take_notices() {
            self.out.notice(&notice)?;
        }
        match run {
            Ok(Reply::Done(tag)) => self.out.complete(&tag)?,
            Ok(Reply::CopyOut(answer, format)) => match self.copy_out(&answer, &format) {
                Ok(written) => written?,
                Err(error) => return self.failed(text, &error),
            },
            Ok(Reply::Rows(answer, tag)) => {
                let catalog = self.session.hub().state().catalog;
                self.out.description(&answer.columns, &[], &catalog)?;
                for row in &answer.rows {
                    match self.out.row(&answer.columns, &[], row, &catalog) {
                        Ok(written) => written?,
                        Err(error) => return self.failed(text, &error),
                    }
                    self.out.send_much().await?;
                }
                self.out.complete(&tag)?;
            }
            Ok(Reply::CopyIn(_)) => {
                let error = SqlError::internal("a COPY is answered before its data is there");
                return self.failed(text, &error);
            }
            Err(error) => {
                self.out.error("ERROR", &error, text)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gathers an error of what was about to be answered.
    fn failed(&mut self, text: &str, error: &SqlError) -> io::Result<bool> {
        self.session.fail();
        self.out.error("ERROR", error, text)?;
        Ok(true)
    }
}
