//! The extended protocol: Parse, Bind, Describe, Execute, Close.
//!
//! Outside of a transaction each Execute stands on its own; after an error everything is skipped
//! up to the next Sync.

use std::io;
use std::sync::Arc;

use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::PgWireFrontendMessage as Asked;
use pgwire::messages::data::NoData;
use pgwire::messages::data::ParameterDescription;
use pgwire::messages::extendedquery::Bind;
use pgwire::messages::extendedquery::BindComplete;
use pgwire::messages::extendedquery::Close;
use pgwire::messages::extendedquery::CloseComplete;
use pgwire::messages::extendedquery::Describe;
use pgwire::messages::extendedquery::Execute;
use pgwire::messages::extendedquery::Parse;
use pgwire::messages::extendedquery::ParseComplete;
use pgwire::messages::extendedquery::PortalSuspended;
use pgwire::messages::extendedquery::TARGET_TYPE_BYTE_STATEMENT;
use pgwire::messages::response::EmptyQueryResponse;

use super::binary;
use super::connection::Connection;
use super::connection::Flow;
use super::out::format;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::Parameter;
use crate::sandbox::session::Pending;
use crate::sandbox::session::Portal;
use crate::sandbox::session::Prepared;
use crate::sandbox::session::Reply;
use crate::sandbox::system::types;

/// What a message came to: an error of the statement, or of the socket.
enum Trouble {
    Sql(SqlError),
    Socket(io::Error),
}

impl From<SqlError> for Trouble {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl Connection {
    /// Answers a message of the extended protocol.
    pub(super) async fn extended(&mut self, asked: Asked) -> io::Result<Flow> {
        let mut text = String::new();
        let done = match asked {
            Asked::Parse(parse) => {
                text.clone_from(&parse.query);
                self.parse(parse)
            }
            Asked::Bind(bind) => self.bind(&bind),
            Asked::Describe(describe) => self.describe(&describe),
            Asked::Execute(execute) => self.execute(&execute).await,
            Asked::Close(close) => self.close(&close),
            Asked::SslNegotiation(_)
            | Asked::Startup(_)
            | Asked::CancelRequest(_)
            | Asked::PasswordMessageFamily(_)
            | Asked::Query(_)
            | Asked::PortalSuspended(_)
            | Asked::Flush(_)
            | Asked::Sync(_)
            | Asked::Terminate(_)
            | Asked::CopyData(_)
            | Asked::CopyFail(_)
            | Asked::CopyDone(_) => Ok(Flow::On),
        };
        match done {
            Ok(flow) => {
                self.out.send_much().await?;
                Ok(flow)
            }
            Err(Trouble::Socket(error)) => Err(error),
            Err(Trouble::Sql(error)) => {
                self.skipping = true;
                self.session.fail();
                for notice in self.session.take_notices() {
                    self.out.notice(&notice)?;
                }
                self.out.error("ERROR", &error, &text)?;
                // Some clients read the error before they send the Sync.
                self.out.send().await?;
                Ok(Flow::On)
            }
        }
    }

    fn parse(&mut self, parse: Parse) -> Result<Flow, Trouble> {
        let catalog = self.session.hub().state().catalog;
        let given = parse.type_oids.iter().map(|oid| kind(*oid, &catalog)).collect::<Result<_, _>>()?;
        let prepared = self.session.prepare(&parse.query, given)?;
        self.session.keep(&parse.name.unwrap_or_default(), prepared)?;
        self.out.put(&Message::ParseComplete(ParseComplete::new()))?;
        Ok(Flow::On)
    }

    fn bind(&mut self, bind: &Bind) -> Result<Flow, Trouble> {
        let name = bind.statement_name.as_deref().unwrap_or_default();
        let prepared = self.session.prepared(name)?;
        self.session.recheck(&prepared)?;
        let parameters = parameters(name, &prepared, bind)?;
        self.session.check_arguments(&parameters)?;
        let columns = &prepared.described.columns;
        let formats = bind.result_column_format_codes.clone();
        counted(&formats, columns.len())?;
        let catalog = self.session.hub().state().catalog;
        for (at, column) in columns.iter().enumerate() {
            if format(&formats, at) == 1 {
                binary::check(&column.kind, &catalog)?;
            }
        }
        let portal = Portal::new(prepared, parameters, formats);
        self.session.bind(bind.portal_name.as_deref().unwrap_or_default(), portal)?;
        self.out.put(&Message::BindComplete(BindComplete::new()))?;
        Ok(Flow::On)
    }

    fn describe(&mut self, describe: &Describe) -> Result<Flow, Trouble> {
        let name = describe.name.as_deref().unwrap_or_default();
        let catalog = self.session.hub().state().catalog;
        if describe.target_type == TARGET_TYPE_BYTE_STATEMENT {
            let prepared = self.session.prepared(name)?;
            self.session.recheck(&prepared)?;
            let oid = |kind: &Type| match kind {
                Type::Unknown => types::oid(&Type::Text, &catalog),
                kind => types::oid(kind, &catalog),
            };
            let oids = prepared.described.parameters.iter().map(oid).collect();
            self.out.put(&Message::ParameterDescription(ParameterDescription::new(oids)))?;
            self.out.columns(&prepared.described.columns, &[], &catalog)?;
            return Ok(Flow::On);
        }
        let portal = self.session.portal(name)?;
        let (columns, formats) = (portal.prepared.described.columns.clone(), portal.formats.clone());
        if portal.prepared.statement.is_none() {
            self.out.put(&Message::NoData(NoData::new()))?;
        } else {
            self.out.columns(&columns, &formats, &catalog)?;
        }
        Ok(Flow::On)
    }

    fn close(&mut self, close: &Close) -> Result<Flow, Trouble> {
        let name = close.name.as_deref().unwrap_or_default();
        if close.target_type == TARGET_TYPE_BYTE_STATEMENT {
            self.session.forget(name);
        } else {
            self.session.close_portal(name);
        }
        self.out.put(&Message::CloseComplete(CloseComplete::new()))?;
        Ok(Flow::On)
    }

    async fn execute(&mut self, execute: &Execute) -> Result<Flow, Trouble> {
        let name = execute.name.as_deref().unwrap_or_default();
        let portal = self.session.portal(name)?;
        let formats = portal.formats.clone();
        let limit = usize::try_from(execute.max_rows).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        if let Some(pending) = portal.rows.take() {
            return self.rows(name, pending, &formats, limit).await;
        }
        if portal.done {
            return Err(SqlError::new("55000", format!("portal \"{name}\" cannot be run")).into());
        }
        let (prepared, parameters) = (Arc::clone(&portal.prepared), portal.parameters.clone());
        let Some(statement) = prepared.statement.clone() else {
            self.out.put(&Message::EmptyQueryResponse(EmptyQueryResponse::new()))?;
            return Ok(Flow::On);
        };
        let Some((run, then)) = self.run(&prepared.text, &statement, &parameters).await else {
            return Ok(Flow::End);
        };
        let reply = match run {
            Ok(reply) => reply,
            Err(error) if then == Flow::End => {
                self.out.error("ERROR", &error, &prepared.text)?;
                self.out.send().await?;
                return Ok(then);
            }
            Err(error) => return Err(error.into()),
        };
        let flow = self.reply(name, reply, &formats, limit).await?;
        if then == Flow::End {
            self.out.send().await?;
            return Ok(then);
        }
        Ok(flow)
    }

    /// Gathers what a statement gave.
    async fn reply(
        &mut self,
        name: &str,
        reply: Reply,
        formats: &[i16],
        limit: usize,
    ) -> Result<Flow, Trouble> {
        for notice in self.session.take_notices() {
            self.out.notice(&notice)?;
        }
        match reply {
            Reply::Rows(answer, tag) => {
                let pending = Pending { columns: answer.columns, rows: answer.rows.into(), tag };
                return self.rows(name, pending, formats, limit).await;
            }
            Reply::Done(tag) => self.out.complete(&tag)?,
            Reply::CopyOut(answer, format) => self.copy_out(&answer, &format)??,
            Reply::CopyIn(_) => {
                return Err(SqlError::internal("a COPY is answered before its data is there").into());
            }
        }
        // It may have ended its transaction, and with that its portal.
        if let Ok(portal) = self.session.portal(name) {
            portal.done = true;
        }
        Ok(Flow::On)
    }

    /// Gathers as many rows as are asked for; the rest waits in the portal.
    ///
    /// Source: `portals.pt` of the server: whoever gets as many rows as he asked for is not told that
    /// there are no more, and the tag counts the rows of one message.
    async fn rows(
        &mut self,
        name: &str,
        mut pending: Pending,
        formats: &[i16],
        limit: usize,
    ) -> Result<Flow, Trouble> {
        let count = pending.rows.len().min(limit);
        let catalog = self.session.hub().state().catalog;
        for row in pending.rows.drain(..count) {
            self.out.row(&pending.columns, formats, &row, &catalog)??;
            self.out.send_much().await?;
        }
        if count == limit {
            self.out.put(&Message::PortalSuspended(PortalSuspended::new()))?;
        } else if pending.tag.starts_with("SELECT ") {
            self.out.complete(&format!("SELECT {count}"))?;
        } else {
            self.out.complete(&pending.tag)?;
        }
        if let Ok(portal) = self.session.portal(name) {
            portal.rows = Some(pending);
        }
        Ok(Flow::On)
    }
}

/// Refuses formats that are neither none, nor one for all, nor one each.
fn counted(formats: &[i16], wanted: usize) -> Result<(), SqlError> {
    let refused = |message: String| Err(SqlError::new("08P01", message));
    if let Some(unknown) = formats.iter().find(|format| !matches!(format, 0 | 1)) {
        return refused(format!("unknown format code {unknown}"));
    }
    match formats.len() {
        given if given <= 1 || given == wanted => Ok(()),
        given => refused(format!("expected {wanted} field format specifiers, but got {given}")),
    }
}

/// The type of an oid that a client names.
fn kind(oid: u32, catalog: &Catalog) -> Result<Type, SqlError> {
    if oid == 0 {
        return Ok(Type::Unknown);
    }
    if let Some(kind) = types::of_oid(oid) {
        return Ok(kind);
    }
    if let Some(builtin) = types::BUILTINS.iter().find(|builtin| builtin.oid == oid) {
        return Err(SqlError::unsupported(format!("parameters of type {}", builtin.label)));
    }
    let user = catalog.items.values().find(|item| item.oid == oid);
    user.map(|item| Type::User(item.id))
        .ok_or_else(|| SqlError::new("08P01", format!("type with OID {oid} is unknown")))
}

/// Reads the arguments of a Bind.
fn parameters(name: &str, prepared: &Prepared, bind: &Bind) -> Result<Vec<Parameter>, SqlError> {
    let kinds = &prepared.described.parameters;
    if kinds.len() != bind.parameters.len() {
        return Err(SqlError::new(
            "08P01",
            format!(
                "bind message supplies {} parameters, but prepared statement \"{name}\" requires {}",
                bind.parameters.len(),
                kinds.len()
            ),
        ));
    }
    counted(&bind.parameter_format_codes, kinds.len())?;
    let mut read = Vec::new();
    for (at, (kind, bytes)) in kinds.iter().zip(&bind.parameters).enumerate() {
        let text = match bytes {
            None => None,
            Some(bytes) if format(&bind.parameter_format_codes, at) == 1 => {
                Some(binary::decode(kind, bytes)?)
            }
            Some(bytes) => Some(binary::text(bytes)?),
        };
        read.push(Parameter { kind: kind.clone(), text });
    }
    Ok(read)
}
