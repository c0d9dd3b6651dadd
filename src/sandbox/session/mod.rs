//! One client: its variables, its transaction, its prepared statements and cursors.
//!
//! The wire room hands in statements and gets replies; nothing here knows of messages. A statement
//! goes through [`Session::run`]; what it may do in its transaction is decided by
//! [`transaction`], reads and writes are in files of their own.

mod as_of;
mod change;
mod copy;
mod cursor;
mod login;
mod named;
mod open;
mod prepared;
mod privilege;
mod reach;
mod read;
mod replacement;
mod run;
mod setting;
mod show;
mod sink;
mod subscribe;
pub(crate) mod transaction;
mod variables;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::copy::Format;
use super::error::Notice;
use super::error::SqlError;
use super::hub::Hub;
use super::model::State;
use super::model::id::RoleId;
use super::query::Answer;
use super::query::View;
use super::scope::Scope;
use super::settings;
use super::transcript::Who;
use crate::name::Ident;
pub(crate) use copy::CopyIn;
pub(crate) use cursor::Pending;
pub(crate) use cursor::Portal;
pub(crate) use login::Login;
pub(crate) use login::drop_left_behind;
use open::Open;
pub(crate) use prepared::Prepared;
pub(crate) use prepared::statements;
use variables::Variables;

/// One client.
#[derive(Debug)]
pub(crate) struct Session {
    hub: Arc<Hub>,
    connection: u32,
    role: RoleId,
    user: Ident,
    variables: Variables,
    open: Option<Open>,
    /// Prepared statements; the nameless one has the empty name.
    prepared: BTreeMap<String, Arc<Prepared>>,
    /// Portals and cursors; the nameless one has the empty name.
    portals: BTreeMap<String, Portal>,
    notices: Vec<Notice>,
    /// What the client was told of its variables last.
    reported: BTreeMap<&'static str, String>,
}

/// What a statement gives back.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Rows, and the command tag.
    Rows(Answer, String),
    /// The command tag alone.
    Done(String),
    /// Rows for `COPY … TO STDOUT`.
    CopyOut(Answer, Format),
    /// A `COPY … FROM STDIN`, whose data the client sends next.
    CopyIn(CopyIn),
}

/// Where a session stands, as the wire protocol tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Outside of a transaction.
    Idle,
    /// Inside of one.
    Open,
    /// Inside of one that has failed.
    Failed,
}

impl Reply {
    /// The command tag.
    pub(crate) fn tag(&self) -> String {
        match self {
            Self::Rows(_, tag) | Self::Done(tag) => tag.clone(),
            Self::CopyOut(answer, _) => format!("COPY {}", answer.rows.len()),
            Self::CopyIn(_) => "COPY".to_owned(),
        }
    }
}

impl Session {
    /// Who it is, for faults and the transcript.
    pub(crate) fn who(&self) -> Who {
        let user = self.user.as_str().to_owned();
        Who { connection: self.connection, user, application: self.variable("application_name") }
    }

    /// Where it stands.
    pub(crate) fn standing(&self) -> Standing {
        match &self.open {
            None => Standing::Idle,
            Some(open) if open.failed => Standing::Failed,
            Some(_) => Standing::Open,
        }
    }

    /// The number of its connection.
    pub(crate) fn connection(&self) -> u32 {
        self.connection
    }

    /// What all sessions share.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// The notices since the last call that the client wants to see.
    pub(crate) fn take_notices(&mut self) -> Vec<Notice> {
        let wanted = self.variable("client_min_messages");
        let rank = |level: &str| settings::LEVELS.iter().position(|one| *one == level).unwrap_or(0);
        let least = rank(&wanted);
        let notices = std::mem::take(&mut self.notices);
        notices.into_iter().filter(|notice| rank(&notice.severity.to_ascii_lowercase()) >= least).collect()
    }

    /// The variables that a client is told and that changed since the last call.
    pub(crate) fn take_reports(&mut self) -> Vec<(&'static str, String)> {
        let state = self.hub.state();
        let mut changed = Vec::new();
        for name in settings::REPORTED {
            let value = self.variables.get(&state, name).unwrap_or_default();
            if self.reported.get(name) != Some(&value) {
                self.reported.insert(name, value.clone());
                changed.push((*name, value));
            }
        }
        changed
    }

    /// What one of its variables is set to; empty for one that does not exist.
    pub(crate) fn variable(&self, name: &str) -> String {
        self.variables.get(&self.hub.state(), name).unwrap_or_default()
    }

    /// The state that it sees: its own in a transaction that renames, with the rows of the
    /// transaction's first query in one that reads.
    fn sees(&self) -> State {
        let mut state = self.hub.state();
        let Some(open) = &self.open else { return state };
        if let Some(work) = &open.ddl {
            return work.state.clone();
        }
        if let Some((tables, _)) = &open.snapshot {
            state.tables = tables.clone();
        }
        state
    }

    /// What a query reads.
    fn view(&self) -> View {
        let database = self.database();
        let mut runtime = self.hub.runtime(self.role, &database);
        if let Some((_, now)) = self.open.as_ref().and_then(|open| open.snapshot.as_ref()) {
            runtime.now = *now;
        }
        let mut state = self.sees();
        self.variables.lay_over(&mut state.system);
        View { state, runtime }
    }

    fn database(&self) -> Ident {
        Ident::new(self.variable("database")).unwrap_or_else(|_| self.user.clone())
    }

    /// From where a statement looks at the catalog.
    fn scope(&self, state: &State) -> Scope {
        let get = |name| self.variables.get(state, name).unwrap_or_default();
        let on = get("enable_session_rbac_checks") == "on" || settings::is_on(state, "enable_rbac_checks");
        let now = self.open.as_ref().and_then(|open| open.snapshot.as_ref()).map(|(_, now)| *now);
        Scope {
            role: self.role,
            user: self.user.clone(),
            database: self.database(),
            search_path: variables::names(&get("search_path")),
            cluster: Ident::new(get("cluster")).unwrap_or_else(|_| self.user.clone()),
            now: now.unwrap_or_else(|| self.hub.clock.now()),
            as_of: None,
            connection: self.connection,
            checked: on && !self.is_superuser(state),
        }
    }

    fn is_superuser(&self, state: &State) -> bool {
        let role = state.catalog.roles.get(&self.role);
        role.is_some_and(|role| role.superuser == Some(true) || role.name.as_str() == login::SYSTEM)
    }

    fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

/// A relation or cluster that is gone between two looks at the state.
fn vanished(what: &str) -> SqlError {
    SqlError::new("42704", format!("{what} was dropped"))
}
