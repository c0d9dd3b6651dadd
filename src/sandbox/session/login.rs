//! How a session begins and ends.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Session;
use super::variables::Lasting;
use super::variables::Variables;
use crate::clock::Clock;
use crate::name::Ident;
use crate::sandbox::ddl;
use crate::sandbox::error::Notice;
use crate::sandbox::error::SqlError;
use crate::sandbox::hub::Hub;
use crate::sandbox::model::Catalog;
use crate::sandbox::model::State;
use crate::sandbox::model::id::RoleId;
use crate::sandbox::model::id::SchemaId;
use crate::sandbox::scope::Scope;

/// The role that owns the system; it may log in here, for there is no second port.
pub(super) const SYSTEM: &str = "mz_system";

/// What a client says of itself when it connects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    /// The user's name.
    pub(crate) user: String,
    /// Settings, in the order in which they count.
    pub(crate) settings: Vec<(String, String)>,
}

impl Login {
    /// Reads the parameters of a start-up message.
    pub(crate) fn new(parameters: &BTreeMap<String, String>) -> Self {
        let user = parameters.get("user").cloned().unwrap_or_default();
        let mut settings = Vec::new();
        for (name, value) in parameters {
            match name.as_str() {
                "user" | "replication" => {}
                "options" => settings.extend(options(value)),
                name => settings.push((name.to_owned(), value.clone())),
            }
        }
        Self { user, settings }
    }
}

/// Reads `-c name=value --name=value`; a blank in a value has a backslash before it.
fn options(text: &str) -> Vec<(String, String)> {
    let mut words = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, words.last_mut()) {
            ('\\', Some(word)) => word.extend(chars.next()),
            (c, _) if c.is_whitespace() => words.push(String::new()),
            (c, Some(word)) => word.push(c),
            (_, None) => {}
        }
    }
    let words = words.iter().map(String::as_str);
    let words = words.map(|word| word.strip_prefix("--").or_else(|| word.strip_prefix("-c")).unwrap_or(word));
    let pairs = words.filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The scope of what the sandbox does by itself.
pub(super) fn system_scope(clock: &Clock, catalog: &Catalog, connection: u32) -> Result<Scope, SqlError> {
    let ident = |text: &str| Ident::new(text).map_err(|error| SqlError::internal(error.to_string()));
    let user = ident(SYSTEM)?;
    Ok(Scope {
        role: catalog.role_named(&user).unwrap_or(RoleId::System(1)),
        user,
        database: ident("materialize")?,
        search_path: Vec::new(),
        cluster: ident("quickstart")?,
        now: clock.now(),
        as_of: None,
        connection,
        checked: false,
    })
}

/// Finds the role of a user; one that nobody knows is made, for nobody is authenticated.
async fn role(hub: &Hub, user: &Ident, connection: u32) -> Result<RoleId, SqlError> {
    let known = |catalog: &Catalog| catalog.role_named(user);
    if let Some(role) = known(&hub.state().catalog) {
        return Ok(role);
    }
    let turn = hub.turn().await;
    let before = turn.state();
    if let Some(role) = known(&before.catalog) {
        return Ok(role);
    }
    let mut after = before.clone();
    let scope = system_scope(&hub.clock, &after.catalog, connection)?;
    ddl::role_for_connecting(&mut after, &scope, user)?;
    after.catalog.version = before.catalog.version + 1;
    let role = known(&after.catalog).ok_or_else(|| SqlError::internal("a role was not made"))?;
    turn.publish(&before, after)?;
    Ok(role)
}

impl Session {
    /// Begins a session.
    ///
    /// # Errors
    /// `28000` for a user who may not log in.
    pub(crate) async fn begin_session(
        hub: &Arc<Hub>,
        connection: u32,
        login: &Login,
    ) -> Result<Self, SqlError> {
        let refused = |text: String| SqlError::new("28000", text);
        let user = Ident::new(&login.user).map_err(|error| refused(error.to_string()))?;
        let role = role(hub, &user, connection).await?;
        let state = hub.state();
        let facts = state.catalog.roles.get(&role);
        if facts.is_some_and(|role| role.login == Some(false)) {
            return Err(refused(format!("role \"{}\" is not allowed to login", user.as_str())));
        }
        let mut session = Self {
            hub: Arc::clone(hub),
            connection,
            role,
            user,
            variables: Variables::default(),
            open: None,
            prepared: BTreeMap::new(),
            portals: BTreeMap::new(),
            notices: Vec::new(),
            reported: BTreeMap::new(),
        };
        let of_role = facts.map(|role| role.settings.clone()).unwrap_or_default();
        for (name, value) in of_role.into_iter().chain(login.settings.clone()) {
            session.start_with(&name, &value);
        }
        Ok(session)
    }

    /// Sets a variable from the start; what it does not take is told and left.
    fn start_with(&mut self, name: &str, value: &str) {
        let values = match name {
            "search_path" => {
                super::variables::names(value).iter().map(|name| name.as_str().to_owned()).collect()
            }
            _ => vec![value.to_owned()],
        };
        if let Err(error) = self.variables.set(name, Some(&values), Lasting::Initial) {
            let message = format!("startup setting {name} not set: {}", error.message);
            self.notice(Notice::new("22023", message));
        }
    }

    /// The role of the session.
    pub(crate) fn role(&self) -> RoleId {
        self.role
    }

    /// Ends a session: what it left open is undone, what is temporary goes.
    pub(crate) async fn end_session(&mut self) {
        self.undo();
        self.drop_temporary().await;
        self.hub.disconnected(self.connection);
    }

    /// Drops what is temporary of this session.
    pub(super) async fn drop_temporary(&mut self) {
        let schema = SchemaId::temporary(self.connection);
        if !self.hub.state().catalog.items.values().any(|item| item.schema == schema) {
            return;
        }
        let hub = Arc::clone(&self.hub);
        let turn = hub.turn().await;
        let before = turn.state();
        let mut after = before.clone();
        if let Err(error) = drop_temporary(&hub.clock, &mut after, self.connection) {
            tracing::warn!("temporary things stay: {error}");
            return;
        }
        after.catalog.version = before.catalog.version + 1;
        if let Err(error) = turn.publish(&before, after) {
            tracing::warn!("temporary things stay: {error}");
        }
    }
}

/// Drops what is temporary of a connection.
fn drop_temporary(clock: &Clock, state: &mut State, connection: u32) -> Result<(), SqlError> {
    let scope = system_scope(clock, &state.catalog, connection)?;
    ddl::discard_temporary(state, &scope).map(|_| ())
}

/// Drops what is temporary of connections that ended with an earlier run.
pub(crate) fn drop_left_behind(clock: &Clock, state: &mut State) {
    let temporary = state.catalog.items.values().filter_map(|item| item.schema.connection());
    let connections: BTreeSet<u32> = temporary.collect();
    for connection in connections {
        let mut after = state.clone();
        match drop_temporary(clock, &mut after, connection) {
            Ok(()) => *state = after,
            Err(error) => tracing::warn!("temporary things stay: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn options_are_read_as_libpq_writes_them() {
        let read =
            options("-c cluster=c1 -csearch_path=a,b --statement_timeout=5s -c application_name=a\\ b");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read,
            [
                pair("cluster", "c1"),
                pair("search_path", "a,b"),
                pair("statement_timeout", "5s"),
                pair("application_name", "a b"),
            ]
        );
    }
}
