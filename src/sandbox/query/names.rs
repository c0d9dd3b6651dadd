//! Things of the catalog by number and by name, and who may do what with them.

use super::super::error::SqlError;
use super::super::model::State;
use super::super::model::access::Acl;
use super::super::model::access::Grantee;
use super::super::model::column::Type;
use super::super::model::id::RoleId;
use super::super::resolve;
use super::super::system::types;
use super::scalar::Context;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::RawName;
use crate::sql::span::Span;

/// A dotted name as a person writes it.
fn written(text: &str) -> Option<RawName> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"')?;
            parts.push(Ident::new(quoted.get(..end)?).ok()?);
            rest = quoted.get(end + 1..)?;
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            parts.push(Ident::folded(rest.get(..end)?).ok()?);
            rest = rest.get(end..)?;
        }
        match rest.strip_prefix('.') {
            Some(next) => rest = next,
            None if rest.is_empty() => break,
            None => return None,
        }
    }
    Some(RawName { parts, id: None, span: Span::new(0, text.len()) })
}

/// The number of a thing by its name, for `regclass` and its kin.
///
/// # Errors
/// When there is none of that name.
pub(super) fn oid_of(context: &Context, family: &str, text: &str) -> Result<i64, SqlError> {
    if let Ok(number) = text.trim().parse::<u32>() {
        return Ok(i64::from(number));
    }
    match family {
        "regclass" => {
            let missing = || SqlError::internal(format!("relation \"{text}\" does not exist"));
            let name = written(text).ok_or_else(missing)?;
            let catalog = &context.view.state.catalog;
            // An index is one too, as in `pg_class`.
            let found = resolve::item(catalog, &context.scope, &name).map_err(|_| missing())?;
            match found.ok_or_else(missing)? {
                resolve::Relation::User(id) => {
                    catalog.items.get(&id).map(|item| i64::from(item.oid)).ok_or_else(missing)
                }
                resolve::Relation::System(relation) => Ok(i64::from(relation.oid())),
            }
        }
        "regtype" => {
            let catalog = &context.view.state.catalog;
            let kind = types::parse(text, catalog, &context.scope)?;
            Ok(i64::from(types::oid(&kind, catalog)))
        }
        _ => Err(SqlError::unsupported(format!("{family} by name"))),
    }
}

/// A type by its number.
pub(super) fn type_of_oid(state: &State, oid: i64) -> Option<Type> {
    let oid = u32::try_from(oid).ok()?;
    types::of_oid(oid).or_else(|| {
        let item = state.catalog.items.values().find(|item| item.oid == oid)?;
        (item.kind() == ObjectKind::Type).then_some(Type::User(item.id))
    })
}

/// The name of a thing by its number.
pub(super) fn of_oid(state: &State, family: &str, oid: i64) -> String {
    let found = match family {
        "regtype" => type_of_oid(state, oid).map(|kind| types::name(&kind, &state.catalog)),
        _ => {
            let own = state.catalog.items.values().find(|item| i64::from(item.oid) == oid);
            let system =
                || super::super::system::all().iter().find(|relation| i64::from(relation.oid()) == oid);
            own.map(|item| item.name.to_string())
                .or_else(|| system().map(|relation| relation.name.to_owned()))
        }
    };
    found.unwrap_or_else(|| oid.to_string())
}

/// The name of a role by its number.
pub(super) fn role_of_oid(state: &State, oid: i64) -> Option<String> {
    state
        .catalog
        .roles
        .values()
        .find(|role| i64::from(role.oid) == oid)
        .map(|role| role.name.as_str().to_owned())
}

/// An access list item with the names of roles instead of their ids.
pub(super) fn acl_item(state: &State, text: &str) -> String {
    let name = |id: &str| {
        let role = RoleId::parse(id).and_then(|id| state.catalog.roles.get(&id));
        role.map_or_else(|| id.to_owned(), |role| role.name.as_str().to_owned())
    };
    match text.split_once('=').and_then(|(grantee, rest)| Some((grantee, rest.split_once('/')?))) {
        Some((grantee, (letters, grantor))) => {
            let grantee = if grantee.is_empty() { String::new() } else { name(grantee) };
            format!("{grantee}={letters}/{}", name(grantor))
        }
        None => text.to_owned(),
    }
}

/// A role by name.
///
/// # Errors
/// `role "x" does not exist`
pub(super) fn role(state: &State, name: &str) -> Result<RoleId, SqlError> {
    let missing = || SqlError::internal(format!("role \"{name}\" does not exist"));
    state.catalog.role_named(&Ident::new(name).map_err(|_| missing())?).ok_or_else(missing)
}

/// A role and those it is a member of, directly or not.
pub(super) fn memberships(state: &State, role: RoleId) -> Vec<RoleId> {
    let mut found = vec![role];
    let mut at = 0;
    while let Some(next) = found.get(at).copied() {
        if let Some(role) = state.catalog.roles.get(&next) {
            for group in role.member_of.keys() {
                if !found.contains(group) {
                    found.push(*group);
                }
            }
        }
        at += 1;
    }
    found
}

/// Whether a role is the superuser.
pub(super) fn is_superuser(state: &State, role: RoleId) -> bool {
    !role.is_user() || state.catalog.roles.get(&role).is_some_and(|role| role.superuser == Some(true))
}

fn holds(state: &State, role: RoleId, acl: &Acl, privilege: &str) -> bool {
    let roles = memberships(state, role);
    acl.iter().any(|((grantee, _), privileges)| {
        let own = match grantee {
            Grantee::Public => true,
            Grantee::Role(role) => roles.contains(role),
        };
        own && privileges.iter().any(|own| own.word().eq_ignore_ascii_case(privilege.trim()))
    })
}

/// What `has_…_privilege` answers.
///
/// # Errors
/// When the thing or the privilege is not known.
pub(super) fn has_privilege(
    context: &Context,
    family: &str,
    role: RoleId,
    thing: &str,
    privilege: &str,
) -> Result<bool, SqlError> {
    let catalog = &context.view.state.catalog;
    let words = super::super::model::access::Privilege::ALL.map(super::super::model::access::Privilege::word);
    if !privilege.split(',').all(|word| words.iter().any(|known| known.eq_ignore_ascii_case(word.trim()))) {
        return Err(SqlError::new("22023", format!("unrecognized privilege type: \"{privilege}\"")));
    }
    let missing = |what: &str| SqlError::internal(format!("unknown {what} '{thing}'"));
    let name = written(thing).ok_or_else(|| missing(family));
    let acl = match family {
        "system" => &catalog.system_acl,
        "cluster" => {
            let own = Ident::new(thing).ok().and_then(|name| catalog.cluster_named(&name));
            &own.and_then(|id| catalog.clusters.get(&id)).ok_or_else(|| missing("cluster"))?.acl
        }
        "database" => {
            let own = Ident::new(thing).ok().and_then(|name| catalog.database_named(&name));
            &own.and_then(|id| catalog.databases.get(&id)).ok_or_else(|| missing("database"))?.acl
        }
        "schema" => {
            let id = resolve::schema(catalog, &context.scope, &name?)?;
            match catalog.schemas.get(&id) {
                Some(schema) => &schema.acl,
                // A system schema: everybody may use it.
                None => return Ok(privilege.trim().eq_ignore_ascii_case("USAGE")),
            }
        }
        "type" => match resolve::item_type(catalog, &context.scope, &name?)? {
            Some(id) => &catalog.items.get(&id).ok_or_else(|| missing("catalog item"))?.acl,
            None => return Err(SqlError::internal(format!("type \"{thing}\" does not exist"))),
        },
        _ => match resolve::relation(catalog, &context.scope, &name?)? {
            resolve::Relation::User(id) => {
                &catalog.items.get(&id).ok_or_else(|| missing("catalog item"))?.acl
            }
            resolve::Relation::System(_) => return Ok(privilege.trim().eq_ignore_ascii_case("SELECT")),
        },
    };
    let superuser = is_superuser(&context.view.state, role);
    Ok(superuser || privilege.split(',').any(|word| holds(&context.view.state, role, acl, word)))
}
