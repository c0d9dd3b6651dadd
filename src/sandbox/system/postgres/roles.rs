//! Roles as PostgreSQL lists them.

use super::super::super::hydration::Runtime;
use super::super::super::model::Row;
use super::super::super::model::State;
use super::super::super::model::access::Grantee;
use super::super::super::model::access::Privilege;
use super::super::super::model::access::Role;
use super::super::super::model::id::RoleId;
use super::super::privileges::with_memberships;
use super::super::text;
use super::super::text::flag;
use super::super::text::flag_or_null;
use super::super::text::some;

/// What stands where PostgreSQL hides a password.
const HIDDEN: &str = "********";

/// Tells whether a role holds a privilege on the system, itself or through a membership.
fn may(state: &State, id: RoleId, role: &Role, privilege: Privilege) -> bool {
    if role.superuser == Some(true) {
        return true;
    }
    let roles = with_memberships(&state.catalog, id);
    state.catalog.system_acl.iter().any(|((grantee, _), held)| {
        let mine = match grantee {
            Grantee::Public => true,
            Grantee::Role(holder) => roles.contains(holder),
        };
        mine && held.contains(&privilege)
    })
}

/// `ALTER ROLE … SET` as PostgreSQL shows it.
fn settings(role: &Role) -> Option<String> {
    let settings = role.settings.iter().map(|(name, value)| format!("{name}={value}"));
    (!role.settings.is_empty()).then(|| text::array(settings))
}

pub(super) fn roles(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, role) in &state.catalog.roles {
        rows.push(vec![
            text::ident(&role.name),
            flag_or_null(role.superuser),
            flag(role.inherit),
            flag(may(state, *id, role, Privilege::CreateRole)),
            flag(may(state, *id, role, Privilege::CreateDb)),
            flag(role.login == Some(true)),
            flag(false),
            some(-1),
            some(HIDDEN),
            None,
            flag(false),
            settings(role),
            some(role.oid),
        ]);
    }
    rows
}

pub(super) fn users(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, role) in state.catalog.roles.iter().filter(|(_, role)| role.login == Some(true)) {
        rows.push(vec![
            text::ident(&role.name),
            some(role.oid),
            flag(may(state, *id, role, Privilege::CreateDb)),
            flag_or_null(role.superuser),
            flag(false),
            flag(false),
            some(HIDDEN),
            None,
            settings(role),
        ]);
    }
    rows
}

pub(super) fn authids(state: &State, _: &Runtime) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, role) in &state.catalog.roles {
        rows.push(vec![
            some(role.oid),
            text::ident(&role.name),
            flag_or_null(role.superuser),
            flag(role.inherit),
            flag(may(state, *id, role, Privilege::CreateRole)),
            flag(may(state, *id, role, Privilege::CreateDb)),
            flag(role.login == Some(true)),
            flag(false),
            flag(false),
            some(-1),
            None,
            None,
        ]);
    }
    rows
}

pub(super) fn members(state: &State, _: &Runtime) -> Vec<Row> {
    let oid = |id: &RoleId| state.catalog.roles.get(id).and_then(|role| some(role.oid));
    let mut rows = Vec::new();
    for (member, role) in &state.catalog.roles {
        for (of, grantor) in &role.member_of {
            rows.push(vec![oid(of), oid(member), oid(grantor), flag(false)]);
        }
    }
    rows
}
