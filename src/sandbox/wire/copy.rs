//! `COPY` on the wire: rows that go out, and data that comes in.
//!
//! While a client copies in, it may send nothing else; `Flush` and `Sync` mean nothing then.

use std::io;

use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::PgWireFrontendMessage as Asked;
use pgwire::messages::copy::CopyData;
use pgwire::messages::copy::CopyDone;
use pgwire::messages::copy::CopyInResponse;
use pgwire::messages::copy::CopyOutResponse;

use super::binary;
use super::connection::Connection;
use super::inbound::Incoming;
use crate::sandbox::copy;
use crate::sandbox::copy::Format;
use crate::sandbox::error::SqlError;
use crate::sandbox::query::Answer;
use crate::sandbox::session::CopyIn;

/// What the binary format begins with: a signature, flags, and the length of nothing more.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What the binary format ends with: a row of -1 columns.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// How much is copied in at once: it is kept in memory, and nothing here is to hold more.
const MOST: usize = 256 << 20;

impl Connection {
    /// Gathers the rows of a `COPY … TO STDOUT`.
    ///
    /// # Errors
    /// Values that cannot be written in the format; nothing has been gathered then.
    pub(super) fn copy_out(&mut self, answer: &Answer, format: &Format) -> Result<io::Result<()>, SqlError> {
        let mut lines = Vec::with_capacity(answer.rows.len());
        match format {
            Format::Text { .. } => {
                lines.extend(answer.rows.iter().map(|row| copy::text_line(row).into_bytes()))
            }
            Format::Csv { .. } => {
                lines.extend(answer.rows.iter().map(|row| copy::csv_line(row).into_bytes()))
            }
            Format::Binary => lines = self.binary_lines(answer)?,
        }
        let code = i8::from(*format == Format::Binary);
        Ok(self.put_copy(answer.columns.len(), code, lines, answer.rows.len()))
    }

    /// The rows in the binary format; what begins and ends it is in the first line and the last.
    fn binary_lines(&self, answer: &Answer) -> Result<Vec<Vec<u8>>, SqlError> {
        let catalog = self.session.hub().state().catalog;
        answer.columns.iter().try_for_each(|column| binary::check(&column.kind, &catalog))?;
        let count = i16::try_from(answer.columns.len()).unwrap_or(i16::MAX).to_be_bytes();
        let mut lines = Vec::with_capacity(answer.rows.len() + 1);
        let mut before = SIGNATURE.to_vec();
        for row in &answer.rows {
            let mut line = std::mem::take(&mut before);
            line.extend(count);
            line.extend(super::out::values(&answer.columns, &[1], row, &catalog)?);
            lines.push(line);
        }
        before.extend(TRAILER);
        lines.push(before);
        Ok(lines)
    }

    fn put_copy(&mut self, width: usize, code: i8, lines: Vec<Vec<u8>>, rows: usize) -> io::Result<()> {
        let (count, formats) = (i16::try_from(width).unwrap_or(i16::MAX), vec![i16::from(code); width]);
        self.out.put(&Message::CopyOutResponse(CopyOutResponse::new(code, count, formats)))?;
        for line in lines {
            self.out.put(&Message::CopyData(CopyData::new(line.into())))?;
        }
        self.out.put(&Message::CopyDone(CopyDone::new()))?;
        self.out.complete(&format!("COPY {rows}"))
    }

    /// Takes the data of a `COPY … FROM STDIN` and puts it into its table; gives the command tag, or
    /// nothing where the client is gone.
    pub(super) async fn copy_in(&mut self, copy: &CopyIn) -> io::Result<Option<Result<String, SqlError>>> {
        let (count, formats) = (i16::try_from(copy.width).unwrap_or(i16::MAX), vec![0; copy.width]);
        self.out.put(&Message::CopyInResponse(CopyInResponse::new(0, count, formats)))?;
        self.out.send().await?;
        let mut data = Vec::new();
        let mut too_much = false;
        let refused = loop {
            let asked = match self.inbound.message().await? {
                None => return Ok(None),
                Some(Incoming::TooLong(_)) => {
                    too_much = true;
                    continue;
                }
                Some(Incoming::Message(asked)) => asked,
            };
            match asked {
                Asked::CopyData(part) => {
                    too_much |= data.len() + part.data.len() > MOST;
                    if !too_much {
                        data.extend_from_slice(&part.data);
                    }
                }
                Asked::CopyDone(_) if too_much => {
                    let message = format!("COPY FROM STDIN exceeded {MOST} bytes");
                    break SqlError::new("53000", message);
                }
                Asked::CopyDone(_) => return Ok(Some(self.session.copy_in(copy, &data).await)),
                Asked::CopyFail(fail) => {
                    let message = format!("COPY from stdin failed: {}", fail.message);
                    break SqlError::new("57014", message);
                }
                Asked::Flush(_) | Asked::Sync(_) => {}
                Asked::Terminate(_) => return Ok(None),
                _ => {
                    break SqlError::new("08P01", "unexpected message type during COPY from stdin");
                }
            }
        };
        self.session.fail();
        Ok(Some(Err(refused)))
    }
}
