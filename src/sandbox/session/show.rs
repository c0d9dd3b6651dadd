//! `SHOW` of a variable.

use super::Reply;
use super::Session;
use super::read::rows;
use crate::name::Ident;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Column;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::Answer;
use crate::sandbox::settings;
use crate::sandbox::transcript::Ran;

/// A column of text.
pub(super) fn text_column(name: &str) -> Result<Column, SqlError> {
    let name = Ident::new(name).map_err(|error| SqlError::internal(error.to_string()))?;
    Ok(Column { name, kind: Type::Text, nullable: true, default: None })
}

impl Session {
    /// `SHOW variable`, `SHOW ALL`, and what the sandbox tells of itself.
    pub(super) fn show(&self, name: &str) -> Result<Reply, SqlError> {
        let columns = self.show_columns(name)?;
        let some = |text: &str| Some(text.to_owned());
        let values = match name {
            "all" => {
                let values = settings::SESSION
                    .iter()
                    .map(|variable| vec![some(variable.name), some(&self.value(variable.name)), some("")]);
                values.collect()
            }
            settings::TRANSCRIPT => {
                let entries = self.hub.transcript().entries();
                let row = |ran: &Ran| vec![Some(ran.connection.to_string()), Some(ran.statement.clone())];
                entries.iter().map(|ran| row(ran)).collect()
            }
            settings::FAULT => vec![vec![Some(self.hub.faults().left())]],
            name => vec![vec![Some(self.value(name))]],
        };
        Ok(rows(Answer { columns, rows: values }))
    }

    fn value(&self, name: &str) -> String {
        if name == "is_superuser" {
            return if self.is_superuser(&self.hub.state()) { "on" } else { "off" }.to_owned();
        }
        self.variable(name)
    }

    /// The columns of a `SHOW` of a variable.
    pub(super) fn show_columns(&self, name: &str) -> Result<Vec<Column>, SqlError> {
        let name = match name {
            "all" => return ["name", "setting", "description"].into_iter().map(text_column).collect(),
            settings::TRANSCRIPT => {
                return ["connection", "statement"].into_iter().map(text_column).collect();
            }
            "schema" => "schema",
            name => {
                let known = settings::of_session(name).or_else(|| settings::of_system(name));
                known.ok_or_else(|| settings::unknown(name))?.name
            }
        };
        Ok(vec![text_column(name)?])
    }
}
