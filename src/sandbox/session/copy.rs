//! `COPY … TO STDOUT` and `COPY … FROM STDIN`: what they ask for, and the rows that come in.
//!
//! Source: `plan_copy` of the server; it has no code for most of what it refuses here.

use std::sync::Arc;

use super::Reply;
use super::Session;
use super::change::added;
use super::privilege;
use super::transaction::Input;
use crate::sandbox::copy;
use crate::sandbox::copy::Format;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::State;
use crate::sandbox::model::access::Privilege;
use crate::sandbox::query;
use crate::sandbox::query::View;
use crate::sandbox::scope::Scope;
use crate::sql::ast::OptionValue;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::ast::WithOption;
use crate::sql::ast::copy::Copied;
use crate::sql::ast::copy::Copy;
use crate::sql::ast::copy::CopyWay;

/// The code of data that is no rows.
const BAD_COPY: &str = "22P04";

/// A `COPY … FROM STDIN` that waits for its data.
#[derive(Clone, Debug)]
pub(crate) struct CopyIn {
    table: RawName,
    columns: Vec<RawIdent>,
    format: Format,
    /// How many columns each row has.
    pub(crate) width: usize,
}

/// The options of a `COPY`, as written.
#[derive(Default)]
struct Options {
    format: Option<String>,
    delimiter: Option<String>,
    null: Option<String>,
    quote: Option<String>,
    escape: Option<String>,
    header: Option<bool>,
}

impl Options {
    fn read(options: &[WithOption]) -> Result<Self, SqlError> {
        let mut read = Self::default();
        for option in options {
            let slot = match option.name.as_str() {
                "FORMAT" => &mut read.format,
                "DELIMITER" => &mut read.delimiter,
                "NULL" => &mut read.null,
                "QUOTE" => &mut read.quote,
                "ESCAPE" => &mut read.escape,
                "HEADER" => {
                    read.header = Some(flag(option)?);
                    continue;
                }
                other => return Err(SqlError::unsupported(format!("COPY with {other}"))),
            };
            *slot = Some(match &option.value {
                Some(OptionValue::String(text) | OptionValue::Number(text)) => text.clone(),
                Some(OptionValue::Name(name)) => {
                    let parts: Vec<&str> = name.parts.iter().map(crate::name::Ident::as_str).collect();
                    parts.join(".")
                }
                _ => {
                    return Err(SqlError::internal(format!(
                        "invalid {}: cannot use value as string",
                        option.name
                    )));
                }
            });
        }
        Ok(read)
    }

    /// The format of what goes out: it takes no other options.
    fn out(&self) -> Result<Format, SqlError> {
        let given = [
            ("DELIMITER", self.delimiter.is_some()),
            ("QUOTE", self.quote.is_some()),
            ("NULL", self.null.is_some()),
            ("ESCAPE", self.escape.is_some()),
            ("HEADER", self.header == Some(true)),
        ];
        if let Some((name, _)) = given.iter().find(|(_, given)| *given) {
            return Err(SqlError::internal(format!("COPY TO does not support {name} option yet")));
        }
        match self.word().as_deref() {
            None | Some("text") => Ok(Format::text()),
            Some("csv") => Ok(Format::csv()),
            Some("binary") => Ok(Format::Binary),
            Some(other) => Err(unknown(other)),
        }
    }

    /// The format of what comes in.
    fn into_table(self) -> Result<Format, SqlError> {
        let delimiter = byte(self.delimiter.as_deref(), "delimiter")?;
        match self.word().as_deref() {
            None | Some("text") => {
                let others = [
                    ("quote", self.quote.is_some()),
                    ("escape", self.escape.is_some()),
                    ("HEADER", self.header.is_some()),
                ];
                if let Some((name, _)) = others.iter().find(|(_, given)| *given) {
                    return Err(SqlError::internal(format!("COPY {name} available only in CSV mode")));
                }
                let null = self.null.unwrap_or_else(|| "\\N".to_owned());
                Ok(Format::Text { delimiter: delimiter.unwrap_or(b'\t'), null })
            }
            Some("csv") => {
                let quote = byte(self.quote.as_deref(), "quote")?.unwrap_or(b'"');
                let escape = byte(self.escape.as_deref(), "escape")?.unwrap_or(quote);
                let delimiter = delimiter.unwrap_or(b',');
                if delimiter == quote {
                    return Err(SqlError::internal("COPY delimiter and quote must be different"));
                }
                let (header, null) = (self.header == Some(true), self.null.unwrap_or_default());
                Ok(Format::Csv { delimiter, quote, escape, header, null })
            }
            Some("binary") => Err(SqlError::internal("FORMAT BINARY not yet supported")),
            Some(other) => Err(unknown(other)),
        }
    }

    fn word(&self) -> Option<String> {
        self.format.as_ref().map(|format| format.to_lowercase())
    }
}

fn unknown(format: &str) -> SqlError {
    match format {
        "parquet" => SqlError::unsupported("COPY with FORMAT PARQUET"),
        other => SqlError::internal(format!("unknown FORMAT: {other}")),
    }
}

fn flag(option: &WithOption) -> Result<bool, SqlError> {
    match &option.value {
        None => Ok(true),
        Some(OptionValue::Bool(value)) => Ok(*value),
        Some(_) => Err(SqlError::internal(format!("invalid {}: cannot use value as boolean", option.name))),
    }
}

fn byte(text: Option<&str>, name: &str) -> Result<Option<u8>, SqlError> {
    match text.map(str::as_bytes) {
        None => Ok(None),
        Some([byte]) => Ok(Some(*byte)),
        Some(_) => Err(SqlError::internal(format!("COPY {name} must be a single one-byte character"))),
    }
}

impl Session {
    /// `COPY`
    pub(super) async fn copy(&mut self, words: &str, copy: &Copy) -> Result<Reply, SqlError> {
        let options = Options::read(&copy.options)?;
        match (&copy.what, &copy.way) {
            (Copied::Rows(rows), CopyWay::ToStdout) => {
                let format = options.out()?;
                let StatementKind::Select(query) = &rows.kind else {
                    self.admit(Input::Subscribe, words)?;
                    return Err(SqlError::unsupported("COPY of a SUBSCRIBE"));
                };
                let answer = self.evaluate(words, query, &[]).await?;
                Ok(Reply::CopyOut(answer, format))
            }
            (Copied::Table(..), CopyWay::ToStdout) => {
                options.out()?;
                Err(SqlError::internal("named with COPY TO STDOUT unsupported"))
            }
            (Copied::Table(table, columns), CopyWay::FromStdin) => {
                let format = options.into_table()?;
                let view = self.view();
                let scope = self.scope(&view.state);
                privilege::write(&view.state.catalog, &scope, table, &[Privilege::Insert])?;
                let width = query::copied_width(&view, &scope, table, columns)?;
                self.admit(Input::Insert, words)?;
                let (table, columns) = (table.clone(), columns.clone());
                Ok(Reply::CopyIn(CopyIn { table, columns, format, width }))
            }
            (_, CopyWay::To(_) | CopyWay::From(_)) | (Copied::Rows(_), CopyWay::FromStdin) => {
                Err(SqlError::unsupported(format!("`{words}`")))
            }
        }
    }

    /// Puts the data of a `COPY … FROM STDIN` into its table; gives the command tag.
    ///
    /// # Errors
    /// `22P04` for data that is no rows of the table; as for an `INSERT`.
    pub(crate) async fn copy_in(&mut self, copy: &CopyIn, data: &[u8]) -> Result<String, SqlError> {
        let done = self.copy_rows(copy, data).await;
        if done.is_err() {
            self.fail();
        }
        done
    }

    async fn copy_rows(&mut self, copy: &CopyIn, data: &[u8]) -> Result<String, SqlError> {
        let rows = copy::read(&copy.format, data, copy.width).map_err(|why| SqlError::new(BAD_COPY, why))?;
        let tag = format!("COPY {}", rows.len());
        let into = |view: View, scope: Scope, before: State| async move {
            let mut after = before;
            let (table, columns) = (&copy.table, &copy.columns);
            query::copy(&view, &mut after, &scope, (table, columns), rows).await.map(|()| after)
        };
        if self.open.is_some() {
            let view = self.view();
            let scope = self.scope(&view.state);
            let before = view.state.clone();
            let after = into(view, scope, before.clone()).await?;
            if let Some(open) = &mut self.open {
                open.rows.extend(added(&before, &after));
            }
            return Ok(tag);
        }
        let hub = Arc::clone(&self.hub);
        let turn = hub.turn().await;
        let view = self.view();
        let scope = self.scope(&view.state);
        let before = turn.state();
        let after = into(view, scope, before.clone()).await?;
        turn.publish(&before, after)?;
        Ok(tag)
    }
}
