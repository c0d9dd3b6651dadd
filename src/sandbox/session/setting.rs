//! `SET`, `RESET`, `SET TRANSACTION`, `DISCARD`.

use super::Reply;
use super::Session;
use super::transaction::Kind;
use super::variables::Lasting;
use crate::name::Ident;
use crate::sandbox::error::Notice;
use crate::sandbox::error::SqlError;
use crate::sandbox::settings;
use crate::sql::ast::run::SetVariable;

impl Session {
    /// `SET`, `RESET`
    pub(super) fn set(&mut self, set: &SetVariable) -> Result<Reply, SqlError> {
        let name = set.name.ident.as_str();
        if name == "all" && set.values.is_none() {
            self.variables.reset();
            return Ok(Reply::Done("RESET".to_owned()));
        }
        let tag = if set.values.is_some() { "SET" } else { "RESET" };
        let variable = settings::of_session(name).ok_or_else(|| settings::unknown(name))?;
        if ["cluster", "transaction_isolation"].contains(&variable.name) {
            self.outside_of_queries(variable.name)?;
        }
        let lasting = if set.local { Lasting::Transaction } else { Lasting::Session };
        // Outside of a transaction LOCAL lasts until the end of this statement: it says nothing.
        let lost = set.local && self.open.is_none();
        let before = lost.then(|| self.variables.clone());
        self.variables.set(name, set.values.as_deref(), lasting)?;
        if let Some(before) = before {
            self.variables = before;
        }
        if set.values.is_some() {
            self.tell_missing(variable.name);
        }
        Ok(Reply::Done(tag.to_owned()))
    }

    /// Some variables cannot change once a transaction has begun to do something.
    fn outside_of_queries(&self, name: &str) -> Result<(), SqlError> {
        match &self.open {
            Some(open) if open.kind != Kind::Undecided => {
                Err(SqlError::new("25001", format!("SET {name} cannot be called in an active transaction")))
            }
            _ => Ok(()),
        }
    }

    /// A session may be set to what does not exist; it is told.
    fn tell_missing(&mut self, name: &str) {
        let state = self.hub.state();
        let value = self.variable(name);
        let Ok(ident) = Ident::new(&value) else { return };
        let (missing, code, kind) = match name {
            "database" => (state.catalog.database_named(&ident).is_none(), "MZ004", "database"),
            "cluster" => (state.catalog.cluster_named(&ident).is_none(), "MZ005", "cluster"),
            _ => return,
        };
        if missing && self.variable("current_object_missing_warnings") == "on" {
            self.notice(Notice::new(code, format!("{kind} \"{value}\" does not exist")));
        }
    }

    /// `SET TRANSACTION …`, `SET SESSION CHARACTERISTICS AS TRANSACTION …`
    pub(super) fn set_transaction(&mut self, text: &str) -> Result<Reply, SqlError> {
        let words = text.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let session = words.contains("session characteristics");
        if let Some((_, level)) = words.split_once("isolation level ") {
            let level = level.split(',').next().unwrap_or_default();
            let level = level.split(" read only").next().unwrap_or_default();
            let level = level.split(" read write").next().unwrap_or_default();
            self.outside_of_queries("transaction_isolation")?;
            let lasting = if session { Lasting::Session } else { Lasting::Transaction };
            if session || self.open.is_some() {
                self.variables.set("transaction_isolation", Some(&[level.to_owned()]), lasting)?;
            }
        }
        if let Some(open) = &mut self.open {
            open.read_only |= words.contains("read only");
        }
        Ok(Reply::Done("SET".to_owned()))
    }

    /// `DISCARD`
    pub(super) async fn discard(&mut self, what: &str) -> Result<Reply, SqlError> {
        if what == "ALL" {
            if self.open.is_some() {
                return Err(SqlError::new("25001", "DISCARD ALL cannot be run inside a transaction block"));
            }
            self.variables.reset();
            self.prepared.clear();
            self.portals.clear();
        }
        match what {
            "ALL" | "TEMP" => self.drop_temporary().await,
            _ => return Err(SqlError::unsupported(format!("DISCARD {what}"))),
        }
        Ok(Reply::Done(format!("DISCARD {what}")))
    }
}
