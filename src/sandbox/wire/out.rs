//! What goes back to a client: messages, gathered until they are sent.

use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::data::DataRow;
use pgwire::messages::data::FieldDescription;
use pgwire::messages::data::NoData;
use pgwire::messages::data::RowDescription;
use pgwire::messages::response::CommandComplete;
use pgwire::messages::response::ErrorResponse;
use pgwire::messages::response::NoticeResponse;
use pgwire::messages::response::ReadyForQuery;
use pgwire::messages::response::TransactionStatus;
use pgwire::messages::startup::ParameterStatus;
use tokio::io::AsyncWriteExt;

use super::binary;
use crate::sandbox::door::Writing;
use crate::sandbox::error::Notice;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::Row;
use crate::sandbox::model::column::Column;
use crate::sandbox::session::Standing;
use crate::sandbox::system::types;

/// How much is gathered before it is sent without being asked for.
const SEND_AT: usize = 64 * 1024;

/// The way back to a client.
pub(super) struct Out {
    socket: Writing,
    gathered: Vec<u8>,
}

impl Out {
    pub(super) fn new(socket: Writing) -> Self {
        Self { socket, gathered: Vec::new() }
    }

    /// Gathers a message.
    pub(super) fn put(&mut self, message: &Message) -> std::io::Result<()> {
        let mut bytes = Default::default();
        message.encode(&mut bytes).map_err(std::io::Error::other)?;
        self.gathered.extend_from_slice(&bytes);
        Ok(())
    }

    /// Sends what is gathered.
    pub(super) async fn send(&mut self) -> std::io::Result<()> {
        self.socket.write_all(&self.gathered).await?;
        self.gathered.clear();
        self.socket.flush().await
    }

    /// Sends what is gathered if it is much.
    pub(super) async fn send_much(&mut self) -> std::io::Result<()> {
        if self.gathered.len() >= SEND_AT { self.send().await } else { Ok(()) }
    }

    /// Gathers one byte that is no message.
    pub(super) fn put_byte(&mut self, byte: u8) {
        self.gathered.push(byte);
    }

    /// An error; `text` is what its position counts in.
    pub(super) fn error(&mut self, severity: &str, error: &SqlError, text: &str) -> std::io::Result<()> {
        let mut fields = vec![
            (b'S', severity.to_owned()),
            (b'V', severity.to_owned()),
            (b'C', error.code.to_owned()),
            (b'M', one_line(&error.message)),
        ];
        fields.extend(error.detail.iter().map(|detail| (b'D', one_line(detail))));
        fields.extend(error.hint.iter().map(|hint| (b'H', one_line(hint))));
        if let Some(before) = error.position.and_then(|byte| text.get(..byte)) {
            fields.push((b'P', (before.chars().count() + 1).to_string()));
        }
        self.put(&Message::ErrorResponse(ErrorResponse::new(fields)))
    }

    /// A notice.
    pub(super) fn notice(&mut self, notice: &Notice) -> std::io::Result<()> {
        let severity = notice.severity.to_owned();
        let fields = vec![
            (b'S', severity.clone()),
            (b'V', severity),
            (b'C', notice.code.to_owned()),
            (b'M', one_line(&notice.message)),
        ];
        self.put(&Message::NoticeResponse(NoticeResponse::new(fields)))
    }

    /// What a variable is now.
    pub(super) fn report(&mut self, name: &str, value: &str) -> std::io::Result<()> {
        self.put(&Message::ParameterStatus(ParameterStatus::new(name.to_owned(), one_line(value))))
    }

    /// The end of what a message asked for.
    pub(super) fn ready(&mut self, standing: Standing) -> std::io::Result<()> {
        let status = match standing {
            Standing::Idle => TransactionStatus::Idle,
            Standing::Open => TransactionStatus::Transaction,
            Standing::Failed => TransactionStatus::Error,
        };
        self.put(&Message::ReadyForQuery(ReadyForQuery::new(status)))
    }

    /// The end of a statement.
    pub(super) fn complete(&mut self, tag: &str) -> std::io::Result<()> {
        self.put(&Message::CommandComplete(CommandComplete::new(tag.to_owned())))
    }

    /// The columns of a statement, each with its format; no data where there are none.
    pub(super) fn columns(
        &mut self,
        columns: &[Column],
        formats: &[i16],
        catalog: &Catalog,
    ) -> std::io::Result<()> {
        if columns.is_empty() {
            return self.put(&Message::NoData(NoData::new()));
        }
        self.description(columns, formats, catalog)
    }

    /// The columns of rows that follow.
    pub(super) fn description(
        &mut self,
        columns: &[Column],
        formats: &[i16],
        catalog: &Catalog,
    ) -> std::io::Result<()> {
        let field = |(at, column): (usize, &Column)| {
            FieldDescription::new(
                column.name.as_str().to_owned(),
                0,
                0,
                types::oid(&column.kind, catalog),
                types::size(&column.kind, catalog),
                types::modifier(&column.kind),
                format(formats, at),
            )
        };
        let fields = columns.iter().enumerate().map(field).collect();
        self.put(&Message::RowDescription(RowDescription::new(fields)))
    }

    /// One row.
    ///
    /// # Errors
    /// Values that cannot be written in the format that is asked for.
    pub(super) fn row(
        &mut self,
        columns: &[Column],
        formats: &[i16],
        row: &Row,
        catalog: &Catalog,
    ) -> Result<std::io::Result<()>, SqlError> {
        let data = values(columns, formats, row, catalog)?;
        let count = i16::try_from(row.len()).unwrap_or(i16::MAX);
        Ok(self.put(&Message::DataRow(DataRow::new(data.as_slice().into(), count))))
    }
}

/// The values of a row, each with its length before it.
///
/// # Errors
/// Values that cannot be written in the format that is asked for.
pub(super) fn values(
    columns: &[Column],
    formats: &[i16],
    row: &Row,
    catalog: &Catalog,
) -> Result<Vec<u8>, SqlError> {
    let mut data: Vec<u8> = Vec::new();
    for (at, value) in row.iter().enumerate() {
        let Some(text) = value else {
            data.extend((-1_i32).to_be_bytes());
            continue;
        };
        let kind = columns.get(at).map(|column| &column.kind);
        let bytes = match (format(formats, at), kind) {
            (1, Some(kind)) => binary::encode(kind, text, catalog)?,
            _ => text.clone().into_bytes(),
        };
        data.extend(i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
        data.extend(bytes);
    }
    Ok(data)
}

/// The format of a column: none given is text, one given is for all.
pub(super) fn format(formats: &[i16], at: usize) -> i16 {
    match formats {
        [] => 0,
        [one] => *one,
        all => all.get(at).copied().unwrap_or(0),
    }
}

/// A zero byte would end the text early.
fn one_line(text: &str) -> String {
    text.replace('\0', "\\0")
}
