//! Roles: making, altering, dropping, membership.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::error::Notice;
use super::super::error::SqlError;
use super::super::model::Catalog;
use super::super::model::Commented;
use super::super::model::access::Acl;
use super::super::model::access::DefaultAclOn;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::access::Role;
use super::super::model::id::RoleId;
use super::super::resolve;
use super::super::settings;
use super::bootstrap::MZ_SYSTEM;
use super::drop;
use super::limit;
use super::object;
use super::rbac;
use super::rbac::Thing;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::Ident;
use crate::sql::ast::alter::AlterRole;
use crate::sql::ast::alter::AlterRoleAction;
use crate::sql::ast::alter::Drop;
use crate::sql::ast::create::CreateRole;
use crate::sql::ast::privilege::Membership;

/// `CREATE ROLE`
pub(super) fn create_role(work: &mut Work<'_>, create: &CreateRole) -> Outcome {
    let name = &create.name.ident;
    unreserved(name)?;
    let attributes = Attributes::read(&create.attributes)?;
    rbac::needs(work.catalog(), work.scope, Privilege::CreateRole, Thing::System)?;
    if attributes.superuser == Some(true) {
        rbac::must_be_superuser(work.scope, "create superuser role")?;
    }
    if work.catalog().role_named(name).is_some() {
        return Err(SqlError::internal(format!("role '{}' already exists", name.as_str())));
    }
    insert_role(work, name, attributes)?;
    Ok(Change::Made)
}

/// Makes the role of somebody who connects under a name that there is not.
///
/// # Errors
/// Reserved names, limits.
pub(super) fn connecting(work: &mut Work<'_>, name: &Ident) -> Outcome {
    unreserved(name)?;
    insert_role(work, name, Attributes { login: Some(true), superuser: None })?;
    Ok(Change::Made)
}

fn insert_role(work: &mut Work<'_>, name: &Ident, attributes: Attributes) -> Result<(), SqlError> {
    let current = work.catalog().roles.keys().filter(|id| id.is_user()).count();
    limit::check(work, "role", "max_roles", current, 1)?;
    let oid = work.oid();
    let catalog = &mut work.state.catalog;
    let id = RoleId::User(catalog.next.role);
    catalog.next.role += 1;
    let role = Role {
        oid,
        name: name.clone(),
        inherit: true,
        login: attributes.login,
        superuser: attributes.superuser,
        member_of: BTreeMap::new(),
        settings: BTreeMap::new(),
    };
    catalog.roles.insert(id, role);
    work.audit("create", "role", json!({ "id": id.to_string(), "name": name.as_str() }));
    Ok(())
}

fn unreserved(name: &Ident) -> Result<(), SqlError> {
    let text = name.as_str();
    let reserved = ["mz_", "pg_", "external_"].iter().any(|prefix| text.starts_with(prefix));
    if !reserved && text != "public" {
        return Ok(());
    }
    Err(SqlError::internal(format!("role name \"{text}\" is reserved"))
        .detail("The role \"public\" and the prefixes \"mz_\" and \"pg_\" are reserved for system roles."))
}

/// What a role is said to be.
struct Attributes {
    login: Option<bool>,
    superuser: Option<bool>,
}

impl Attributes {
    fn read(words: &[String]) -> Result<Self, SqlError> {
        let mut read = Self { login: None, superuser: None };
        for word in words {
            match word.as_str() {
                "INHERIT" | "PASSWORD" => {}
                "NOINHERIT" => return Err(SqlError::internal("non inherit roles not yet supported")),
                "LOGIN" => read.login = Some(true),
                "NOLOGIN" => read.login = Some(false),
                "SUPERUSER" => read.superuser = Some(true),
                "NOSUPERUSER" => read.superuser = Some(false),
                other => {
                    let other = other.strip_prefix("NO").unwrap_or(other);
                    return Err(SqlError::internal(format!(
                        "{other} attribute is not supported, for more information consult the documentation at \
                         https://materialize.com/docs/sql/create-role/#details"
                    ))
                    .detail("Use system privileges instead."));
                }
            }
        }
        Ok(read)
    }
}

/// `ALTER ROLE`
pub(super) fn alter_role(work: &mut Work<'_>, alter: &AlterRole) -> Outcome {
    let id = resolve::role(work.catalog(), &alter.name)?;
    unreserved(&alter.name.ident)?;
    let details = json!({ "id": id.to_string(), "name": alter.name.ident.as_str() });
    match &alter.action {
        AlterRoleAction::Attributes(words) => {
            let attributes = Attributes::read(words)?;
            if attributes.superuser.is_some() {
                rbac::must_be_superuser(work.scope, "alter superuser role")?;
            }
            rbac::needs(work.catalog(), work.scope, Privilege::CreateRole, Thing::System)?;
            if let Some(role) = work.state.catalog.roles.get_mut(&id) {
                role.login = attributes.login.or(role.login);
                role.superuser = attributes.superuser.or(role.superuser);
            }
        }
        AlterRoleAction::Variable(variable) => {
            let name = variable.name.ident.as_str();
            let known = settings::of_session(name).ok_or_else(|| settings::unknown(name))?;
            let name = known.name.to_lowercase();
            let values = variable.values.as_deref();
            let value = values.map(|values| settings::check(known, values)).transpose()?;
            // Everybody may change what is for himself alone.
            if work.scope.role != id {
                rbac::needs(work.catalog(), work.scope, Privilege::CreateRole, Thing::System)?;
            }
            if let Some(role) = work.state.catalog.roles.get_mut(&id) {
                match value {
                    Some(value) => role.settings.insert(name, value),
                    None => role.settings.remove(&name),
                };
            }
        }
    }
    work.audit("alter", "role", details);
    Ok(Change::Made)
}

/// `GRANT r TO m`, `REVOKE r FROM m`
pub(super) fn membership(work: &mut Work<'_>, statement: &Membership) -> Outcome {
    let mut roles = Vec::new();
    for role in &statement.roles {
        roles.push((resolve::role(work.catalog(), role)?, role.ident.clone()));
    }
    let mut members = Vec::new();
    for member in &statement.members {
        members.push((resolve::role(work.catalog(), member)?, member.ident.clone()));
    }
    for (role, name) in &roles {
        if !role.is_user() {
            unreserved(name)?;
        }
    }
    rbac::needs(work.catalog(), work.scope, Privilege::CreateRole, Thing::System)?;
    let mut changed = Change::None;
    for (role, role_name) in &roles {
        for (member, member_name) in &members {
            let one = if statement.grant {
                join(work, (*role, role_name), (*member, member_name))?
            } else {
                leave(work, (*role, role_name), (*member, member_name))
            };
            if one == Change::Made {
                changed = Change::Made;
            }
        }
    }
    Ok(changed)
}

fn join(work: &mut Work<'_>, role: (RoleId, &Ident), member: (RoleId, &Ident)) -> Outcome {
    let (id, name) = role;
    let (member_id, member_name) = member;
    let (name, member_name) = (name.as_str(), member_name.as_str());
    if rbac::is_member(work.catalog(), id, member_id) {
        return Err(SqlError::internal(format!("role \"{name}\" is a member of role \"{member_name}\"")));
    }
    let Some(record) = work.state.catalog.roles.get_mut(&member_id) else { return Ok(Change::None) };
    if record.member_of.contains_key(&id) {
        let message = format!("role \"{member_name}\" is already a member of role \"{name}\"");
        work.notice(Notice::new("00000", message));
        return Ok(Change::None);
    }
    record.member_of.insert(id, MZ_SYSTEM);
    audit_membership(work, "grant", id, member_id);
    Ok(Change::Made)
}

fn leave(work: &mut Work<'_>, role: (RoleId, &Ident), member: (RoleId, &Ident)) -> Change {
    let (id, name) = role;
    let (member_id, member_name) = member;
    let Some(record) = work.state.catalog.roles.get_mut(&member_id) else { return Change::None };
    if record.member_of.remove(&id).is_none() {
        let (name, member_name) = (name.as_str(), member_name.as_str());
        let message = format!("role \"{member_name}\" is not a member of role \"{name}\"");
        work.notice(Notice::warning("00000", message));
        return Change::None;
    }
    audit_membership(work, "revoke", id, member_id);
    Change::Made
}

fn audit_membership(work: &mut Work<'_>, event: &str, role: RoleId, member: RoleId) {
    let details = json!({
        "role_id": role.to_string(),
        "member_id": member.to_string(),
        "grantor_id": MZ_SYSTEM.to_string(),
    });
    work.audit(event, "role", details);
}

/// `DROP ROLE`
pub(super) fn drop_roles(work: &mut Work<'_>, drop: &Drop) -> Outcome {
    let mut wanted = Vec::new();
    for name in &drop.names {
        let Some(own) = name.parts.first() else { continue };
        match work.catalog().role_named(own) {
            Some(id) => {
                unreserved(own)?;
                if id == work.scope.role {
                    return Err(SqlError::internal("current role cannot be dropped"));
                }
                wanted.push((id, own.clone()));
            }
            None if drop.if_exists => object::skip(work, "ROLE", name),
            None => return Err(SqlError::internal(format!("unknown role '{}'", own.as_str()))),
        }
    }
    rbac::needs(work.catalog(), work.scope, Privilege::CreateRole, Thing::System)?;
    for (id, name) in &wanted {
        let held = holders(work.catalog(), *id, name);
        if !held.is_empty() {
            let name = name.as_str();
            return Err(SqlError::new(
                "2BP01",
                format!("role \"{name}\" cannot be dropped because some objects depend on it"),
            )
            .detail(held.join("\n")));
        }
    }
    if wanted.is_empty() {
        return Ok(Change::None);
    }
    for (id, name) in wanted {
        let catalog = &mut work.state.catalog;
        catalog.roles.remove(&id);
        let members: Vec<RoleId> = catalog
            .roles
            .iter()
            .filter(|(_, role)| role.member_of.contains_key(&id))
            .map(|(member, _)| *member)
            .collect();
        for member in members {
            if let Some(role) = catalog.roles.get_mut(&member) {
                role.member_of.remove(&id);
            }
        }
        drop::forget(catalog, Commented::Role(id));
        work.audit("drop", "role", json!({ "id": id.to_string(), "name": name.as_str() }));
    }
    Ok(Change::Made)
}

/// Everything that keeps a role from being dropped, one line each.
fn holders(catalog: &Catalog, role: RoleId, name: &Ident) -> Vec<String> {
    let name = name.as_str();
    let mut lines = Vec::new();
    let mut add = |thing: Thing, owner: RoleId, acl: &Acl| {
        let described = || rbac::quoted(catalog, thing);
        if owner == role {
            lines.push(format!("{name}: owner of {}", described()));
        }
        for (grantee, grantor) in acl.keys() {
            if *grantee == Grantee::Role(role) {
                let by = role_name(catalog, *grantor);
                lines.push(format!("{name}: privileges on {} granted by {by}", described()));
            }
            if *grantor == role {
                let to = match grantee {
                    Grantee::Public => "PUBLIC".to_owned(),
                    Grantee::Role(role) => role_name(catalog, *role),
                };
                lines.push(format!("{name}: privileges granted on {} to {to}", described()));
            }
        }
    };
    for (id, item) in &catalog.items {
        add(Thing::Item(*id), item.owner, &item.acl);
    }
    for (id, database) in &catalog.databases {
        add(Thing::Database(*id), database.owner, &database.acl);
    }
    for (id, schema) in &catalog.schemas {
        add(Thing::Schema(*id), schema.owner, &schema.acl);
    }
    for (id, cluster) in &catalog.clusters {
        add(Thing::Cluster(*id), cluster.owner, &cluster.acl);
    }
    for (id, policy) in &catalog.policies {
        add(Thing::Policy(*id), policy.owner, &policy.acl);
    }
    add(Thing::System, MZ_SYSTEM, &catalog.system_acl);
    let mut defaults = default_holders(catalog, role, name);
    defaults.sort();
    defaults.dedup();
    lines.extend(defaults);
    lines
}

fn default_holders(catalog: &Catalog, role: RoleId, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, acl) in &catalog.default_acls {
        let on = match key.on {
            DefaultAclOn::Object(kind) => kind.sql(),
            DefaultAclOn::Database => "DATABASE",
            DefaultAclOn::Schema => "SCHEMA",
            DefaultAclOn::Cluster => "CLUSTER",
        };
        if key.role == Grantee::Role(role) {
            lines.push(format!("{name}: default privileges on {on}S created by {name}"));
        }
        if acl.contains_key(&Grantee::Role(role)) {
            lines.push(format!("{name}: default privileges on {on}S granted to {name}"));
        }
    }
    lines
}

fn role_name(catalog: &Catalog, id: RoleId) -> String {
    catalog.roles.get(&id).map(|role| role.name.as_str().to_owned()).unwrap_or_else(|| id.to_string())
}
