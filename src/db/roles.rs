//! Roles: what they are, what they belong to, who is connected as one, what sessions begin with.
//!
//! Source: `mz_roles`, `mz_role_members`, `mz_sessions` and the variables of sessions, seen on v26.21
//! (`design/materialize.md` 3 and 6.1).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::error::Error;
use super::session::Session;
use crate::catalog::RoleSettings;
use crate::name::Ident;
use crate::name::RoleName;

const ROLES: &str = "SELECT id, name, rolcanlogin, rolsuper FROM mz_catalog.mz_roles";
const MEMBERS: &str = "SELECT role_id, member FROM mz_catalog.mz_role_members";
const SESSIONS: &str = "SELECT role_id, count(*) FROM mz_internal.mz_sessions GROUP BY role_id";
const RBAC: &str = "SHOW enable_rbac_checks";
const SEARCH_PATH: &str = "SHOW search_path";

const SETTINGS: &str = "SELECT r.name, p.parameter_name, p.parameter_value \
    FROM mz_catalog.mz_role_parameters p JOIN mz_catalog.mz_roles r ON r.id = p.role_id";

/// What a session's search path is where nobody has set one.
const DEFAULT_SEARCH_PATH: &str = "public";

/// What a session's cluster is where nobody has set one.
const DEFAULT_CLUSTER: &str = "quickstart";

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Whether it is said that it cannot log in.
    pub no_login: bool,
    /// Whether nothing is ever refused to it.
    pub superuser: bool,
    /// The roles whose privileges it has, itself included.
    pub member_of: BTreeSet<RoleName>,
    /// The roles that are members of it directly.
    pub members: BTreeSet<RoleName>,
    /// How many sessions are open as this role.
    pub sessions: usize,
}

/// Every role, and what their sessions begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// By name; the system's own are among them.
    pub by_name: BTreeMap<RoleName, Role>,
    /// Whether privileges are checked here at all.
    pub checked: bool,
    /// The search path of a session whose role has none of its own.
    pub search_path: String,
    /// The cluster of a session whose role has none of its own.
    pub cluster: String,
}

/// Reads them. `own` tells which settings the connected role has of its own: what a session begins with
/// is read from this one, unless this one begins with something else.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn read(session: &Session, own: Option<&BTreeMap<String, String>>) -> Result<Roles, Error> {
    let queries = [ROLES, MEMBERS, SESSIONS, RBAC, SEARCH_PATH];
    let answers = try_join_all(queries.map(|query| session.read(query))).await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let (roles, members, sessions, rbac, path) = (next(), next(), next(), next(), next());
    let mut names: BTreeMap<&str, RoleName> = BTreeMap::new();
    let mut found: BTreeMap<RoleName, Role> = BTreeMap::new();
    for row in &roles {
        let name = Ident::new(row.required(1)?).map_err(|error| Error::protocol(error.to_string()))?;
        let name = RoleName(name);
        let role = Role { no_login: row.text(2) == Some("f"), superuser: row.is_true(3), ..Role::default() };
        names.insert(row.required(0)?, name.clone());
        found.insert(name, role);
    }
    let mut groups: BTreeMap<&RoleName, Vec<&RoleName>> = BTreeMap::new();
    for row in &members {
        let (group, member) = (names.get(row.required(0)?), names.get(row.required(1)?));
        if let (Some(group), Some(member)) = (group, member) {
            groups.entry(member).or_default().push(group);
            found.entry(group.clone()).or_default().members.insert(member.clone());
        }
    }
    for (name, role) in &mut found {
        let mut open = vec![name];
        while let Some(group) = open.pop() {
            if role.member_of.insert(group.clone()) {
                open.extend(groups.get(group).into_iter().flatten());
            }
        }
    }
    for row in &sessions {
        if let Some(role) = names.get(row.required(0)?).and_then(|name| found.get_mut(name)) {
            role.sessions = row.parsed(1).unwrap_or(0);
        }
    }
    let options = &session.target().options;
    let begins_otherwise = |name: &str| {
        own.is_some_and(|own| own.contains_key(name)) || options.iter().any(|(option, _)| option == name)
    };
    let usual = |name: &str, here: Option<&str>, default: &str| {
        here.filter(|_| !begins_otherwise(name)).unwrap_or(default).to_owned()
    };
    let path = path.first().and_then(|row| row.text(0));
    Ok(Roles {
        checked: rbac.first().and_then(|row| row.text(0)) == Some("on"),
        search_path: usual("search_path", path, DEFAULT_SEARCH_PATH),
        cluster: usual("cluster", session.first_cluster(), DEFAULT_CLUSTER),
        by_name: found,
    })
}

/// What new sessions of roles begin with, where they have something of their own.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn settings(session: &Session) -> Result<RoleSettings, Error> {
    let mut found = RoleSettings::new();
    for row in session.read(SETTINGS).await? {
        let name = Ident::new(row.required(0)?).map_err(|error| Error::protocol(error.to_string()))?;
        let own = found.entry(RoleName(name)).or_default();
        own.insert(row.required(1)?.to_owned(), row.required(2)?.to_owned());
    }
    Ok(found)
}
