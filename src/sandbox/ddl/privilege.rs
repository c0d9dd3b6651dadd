//! `GRANT` and `REVOKE` of privileges, and default privileges.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::error::Notice;
use super::super::error::SqlError;
use super::super::error::code;
use super::super::model::access::Acl;
use super::super::model::access::DefaultAclKey;
use super::super::model::access::DefaultAclOn;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::id::RoleId;
use super::super::resolve;
use super::super::resolve::Place;
use super::acl;
use super::container;
use super::drop;
use super::listed;
use super::object;
use super::object::Act;
use super::object::Found;
use super::rbac;
use super::rbac::Thing;
use super::work::Change;
use super::work::Outcome;
use super::work::Work;
use crate::name::ObjectKind;
use crate::sql::ast::Noun;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::privilege::AlterDefaultPrivileges;
use crate::sql::ast::privilege::GrantTarget;
use crate::sql::ast::privilege::Privileges;

/// `GRANT … ON …`, `REVOKE … ON …`
pub(super) fn privileges(work: &mut Work<'_>, statement: &Privileges) -> Outcome {
    let mut targets = targets(work, &statement.on)?;
    targets.sort_unstable();
    targets.dedup();
    let grantees = grantees(work, &statement.grantees)?;
    let mut wanted = Vec::new();
    for target in &targets {
        wanted.push((*target, read(work, &statement.privileges, *target)?));
    }
    may_grant(work, &targets)?;
    let mut changed = false;
    for (target, privileges) in wanted {
        changed |= apply(work, statement.grant, target, &privileges, &grantees);
    }
    Ok(if changed { Change::Made } else { Change::None })
}

/// Everything has to be one's own, and what it is in usable.
fn may_grant(work: &Work<'_>, targets: &[Thing]) -> Result<(), SqlError> {
    let (catalog, scope) = (work.catalog(), work.scope);
    if targets.contains(&Thing::System) {
        return rbac::must_be_superuser(scope, "GRANT/REVOKE privileges on SYSTEM");
    }
    rbac::must_own(catalog, scope, targets)?;
    for target in targets {
        match target {
            Thing::Item(id) => {
                rbac::needs(catalog, scope, Privilege::Usage, Thing::Schema(work.item(*id)?.schema))?;
            }
            Thing::Schema(id) => {
                if let Some(schema) = catalog.schemas.get(id) {
                    rbac::needs(catalog, scope, Privilege::Usage, Thing::Database(schema.database))?;
                }
            }
            Thing::System
            | Thing::Database(_)
            | Thing::Cluster(_)
            | Thing::Replica(..)
            | Thing::Policy(_) => {}
        }
    }
    Ok(())
}

fn apply(
    work: &mut Work<'_>,
    is_grant: bool,
    target: Thing,
    privileges: &[Privilege],
    grantees: &[Grantee],
) -> bool {
    let grantor = rbac::owner(work.catalog(), target);
    let described = rbac::quoted(work.catalog(), target);
    let Some(held) = acl_mut(work, target) else { return false };
    let mut touched = Vec::new();
    for grantee in grantees {
        let changed = if is_grant {
            acl::grant(held, *grantee, grantor, privileges.iter().copied())
        } else {
            acl::revoke(held, *grantee, grantor, privileges)
        };
        if changed {
            touched.push(*grantee);
        }
    }
    if touched.is_empty() && !is_grant {
        let message = format!("no privileges could be revoked for {described}");
        work.notice(Notice::warning("01006", message));
    }
    for grantee in &touched {
        let letters: String = privileges.iter().map(|privilege| privilege.letter()).collect();
        let details = json!({
            "object_id": id_text(target),
            "grantee_id": grantee_text(*grantee),
            "grantor_id": grantor.to_string(),
            "privileges": letters,
        });
        let kind = described.split(" \"").next().unwrap_or_default().to_lowercase().replace(' ', "-");
        work.audit(if is_grant { "grant" } else { "revoke" }, &kind, details);
    }
    !touched.is_empty()
}

fn grantee_text(grantee: Grantee) -> String {
    match grantee {
        Grantee::Public => "p".to_owned(),
        Grantee::Role(role) => role.to_string(),
    }
}

fn id_text(thing: Thing) -> String {
    match thing {
        Thing::System => "SYSTEM".to_owned(),
        Thing::Database(id) => id.to_string(),
        Thing::Schema(id) => id.to_string(),
        Thing::Item(id) => id.to_string(),
        Thing::Cluster(id) => id.to_string(),
        Thing::Replica(_, id) => id.to_string(),
        Thing::Policy(id) => id.to_string(),
    }
}

fn acl_mut<'w>(work: &'w mut Work<'_>, target: Thing) -> Option<&'w mut Acl> {
    let catalog = &mut work.state.catalog;
    match target {
        Thing::System => Some(&mut catalog.system_acl),
        Thing::Database(id) => catalog.databases.get_mut(&id).map(|it| &mut it.acl),
        Thing::Schema(id) => catalog.schemas.get_mut(&id).map(|it| &mut it.acl),
        Thing::Cluster(id) => catalog.clusters.get_mut(&id).map(|it| &mut it.acl),
        Thing::Policy(id) => catalog.policies.get_mut(&id).map(|it| &mut it.acl),
        Thing::Item(id) => {
            listed::again(catalog, &BTreeSet::from([id]));
            catalog.items.get_mut(&id).map(|it| &mut std::sync::Arc::make_mut(it).acl)
        }
        Thing::Replica(..) => None,
    }
}

fn grantees(work: &Work<'_>, written: &[Option<RawIdent>]) -> Result<Vec<Grantee>, SqlError> {
    let one = |role: &Option<RawIdent>| match role {
        None => Ok(Grantee::Public),
        Some(role) => resolve::role(work.catalog(), role).map(Grantee::Role),
    };
    written.iter().map(one).collect()
}

fn named(word: &str) -> Option<Privilege> {
    Privilege::ALL.into_iter().find(|privilege| privilege.word() == word)
}

/// Reads privileges and refuses those that such a thing never has.
fn read(work: &Work<'_>, words: &[String], target: Thing) -> Result<Vec<Privilege>, SqlError> {
    let (every, allowed): (&[Privilege], &[Privilege]) = match target {
        Thing::System => (acl::SYSTEM, acl::SYSTEM),
        Thing::Database(_) | Thing::Schema(_) | Thing::Cluster(_) => (acl::CONTAINER, acl::CONTAINER),
        Thing::Policy(_) => (acl::USE, acl::USE),
        Thing::Replica(..) => (&[], &[]),
        Thing::Item(id) => {
            let kind = work.item(id)?.kind();
            let all = acl::all_on(kind);
            // Views and sources are granted as tables: what means nothing on them is recorded.
            (all, if all == acl::READ { acl::TABLE } else { all })
        }
    };
    if words.iter().any(|word| word == "ALL") {
        return Ok(every.to_vec());
    }
    let read: Vec<Privilege> = words.iter().filter_map(|word| named(word)).collect();
    let wrong: Vec<&str> = read
        .iter()
        .filter(|privilege| !allowed.contains(privilege))
        .map(|privilege| privilege.word())
        .collect();
    if wrong.is_empty() {
        return Ok(read);
    }
    let described = rbac::quoted(work.catalog(), target);
    Err(SqlError::internal(format!("invalid privilege types {} for {described}", wrong.join(", "))))
}

fn targets(work: &Work<'_>, on: &GrantTarget) -> Result<Vec<Thing>, SqlError> {
    match on {
        GrantTarget::System => Ok(vec![Thing::System]),
        GrantTarget::Names { noun, names, .. } => {
            names.iter().map(|name| target(work, *noun, name)).collect()
        }
        GrantTarget::AllIn { plural, container, names } => all_in(work, plural, *container, names),
    }
}

fn target(work: &Work<'_>, noun: Noun, name: &RawName) -> Result<Thing, SqlError> {
    match noun {
        Noun::Object(kind) => match object::find(work, kind, name)? {
            Some(Found::User(id)) => {
                let item = work.item(id)?;
                if kind != ObjectKind::Table || !item.is_relation() {
                    object::expect_kind(work, id, kind, Act::Alter)?;
                }
                Ok(Thing::Item(id))
            }
            Some(Found::System(relation)) => Err(object::system_item(relation)),
            None => Err(resolve::unknown_item(name)),
        },
        Noun::Schema => match resolve::any_schema(work.catalog(), work.scope, name)? {
            Place::User(id) => Ok(Thing::Schema(id)),
            Place::System(own) => {
                Err(SqlError::internal(format!("system schema '{own}' cannot be modified")))
            }
        },
        Noun::Database => resolve::database(work.catalog(), name).map(Thing::Database),
        Noun::Cluster => match name.parts.first() {
            Some(own) => work
                .catalog()
                .cluster_named(own)
                .map(Thing::Cluster)
                .ok_or_else(|| resolve::unknown_cluster(own)),
            None => Err(resolve::unknown_item(name)),
        },
        Noun::NetworkPolicy => match name.parts.first() {
            Some(own) => container::policy(work, own).map(Thing::Policy),
            None => Err(resolve::unknown_item(name)),
        },
        Noun::ClusterReplica | Noun::Role => {
            Err(SqlError::new(code::SYNTAX, "privileges cannot be granted on roles or cluster replicas"))
        }
    }
}

/// The kind that a plural means to default privileges and `ON ALL … IN`.
fn plural_kind(plural: &str) -> Result<DefaultAclOn, SqlError> {
    Ok(match plural {
        "TABLES" => DefaultAclOn::Object(ObjectKind::Table),
        "TYPES" => DefaultAclOn::Object(ObjectKind::Type),
        "SECRETS" => DefaultAclOn::Object(ObjectKind::Secret),
        "CONNECTIONS" => DefaultAclOn::Object(ObjectKind::Connection),
        "SCHEMAS" => DefaultAclOn::Schema,
        "DATABASES" => DefaultAclOn::Database,
        "CLUSTERS" => DefaultAclOn::Cluster,
        "VIEWS" | "MATERIALIZED VIEWS" | "SOURCES" => {
            let message = format!("For object type {plural}, you must specify 'TABLES'");
            return Err(SqlError::new(code::SYNTAX, message));
        }
        other => {
            return Err(SqlError::new(code::SYNTAX, format!("Unsupported GRANT on object type {other}")));
        }
    })
}

fn all_in(
    work: &Work<'_>,
    plural: &str,
    container: Option<Noun>,
    names: &[RawName],
) -> Result<Vec<Thing>, SqlError> {
    let on = plural_kind(plural)?;
    let catalog = work.catalog();
    let mut schemas = Vec::new();
    for name in names {
        match container {
            Some(Noun::Schema) => schemas.push(resolve::schema(catalog, work.scope, name)?),
            _ => schemas.extend(drop::schemas_of(catalog, resolve::database(catalog, name)?)),
        }
    }
    if container.is_none() {
        schemas = catalog.schemas.keys().copied().collect();
    }
    Ok(match on {
        DefaultAclOn::Object(_) => schemas
            .into_iter()
            .flat_map(|schema| object::in_schema(catalog, schema))
            .filter(|id| catalog.items.get(id).is_some_and(|item| acl::default_on(item.kind()) == Some(on)))
            .map(Thing::Item)
            .collect(),
        DefaultAclOn::Schema => schemas.into_iter().map(Thing::Schema).collect(),
        DefaultAclOn::Database => catalog.databases.keys().copied().map(Thing::Database).collect(),
        DefaultAclOn::Cluster => {
            catalog.clusters.keys().filter(|id| id.is_user()).copied().map(Thing::Cluster).collect()
        }
    })
}

/// `ALTER DEFAULT PRIVILEGES`
pub(super) fn alter_default(work: &mut Work<'_>, alter: &AlterDefaultPrivileges) -> Outcome {
    let on = plural_kind(&alter.on)?;
    let in_schema = !alter.schemas.is_empty();
    let refused = match on {
        DefaultAclOn::Schema if in_schema => Some("IN SCHEMA"),
        DefaultAclOn::Database | DefaultAclOn::Cluster if in_schema => Some("IN SCHEMA"),
        DefaultAclOn::Database | DefaultAclOn::Cluster if !alter.databases.is_empty() => Some("IN DATABASE"),
        DefaultAclOn::Object(_) | DefaultAclOn::Schema | DefaultAclOn::Database | DefaultAclOn::Cluster => {
            None
        }
    };
    if let Some(place) = refused {
        return Err(SqlError::internal(format!("cannot specify {} and {place}", alter.on)));
    }
    let mut roles = Vec::new();
    for role in &alter.roles {
        roles.push(Grantee::Role(resolve::role(work.catalog(), role)?));
    }
    if alter.all_roles {
        roles.push(Grantee::Public);
    } else if roles.is_empty() {
        roles.push(Grantee::Role(work.scope.role));
    }
    let places = places(work, alter)?;
    let grantees = grantees(work, &alter.grantees)?;
    let privileges = default_privileges(alter, on)?;
    for role in &roles {
        match role {
            Grantee::Public => {
                rbac::must_be_superuser(work.scope, "ALTER DEFAULT PRIVILEGES FOR ALL ROLES")?;
            }
            Grantee::Role(role) => rbac::must_be_member(work.catalog(), work.scope, *role)?,
        }
    }
    let mut changed = false;
    for role in roles {
        for (database, schema) in &places {
            let key = DefaultAclKey { role, database: *database, schema: *schema, on };
            changed |= change_default(work, key, alter.grant, &privileges, &grantees);
        }
    }
    Ok(if changed { Change::Made } else { Change::None })
}

type DefaultPlace = (Option<super::super::model::id::DatabaseId>, Option<super::super::model::id::SchemaId>);

fn places(work: &Work<'_>, alter: &AlterDefaultPrivileges) -> Result<Vec<DefaultPlace>, SqlError> {
    let catalog = work.catalog();
    let mut places = Vec::new();
    for name in &alter.schemas {
        let id = resolve::schema(catalog, work.scope, name)?;
        let database = catalog.schemas.get(&id).map(|schema| schema.database);
        if let Some(database) = database {
            rbac::needs(catalog, work.scope, Privilege::Usage, Thing::Database(database))?;
        }
        places.push((database, Some(id)));
    }
    for name in &alter.databases {
        places.push((Some(resolve::database(catalog, name)?), None));
    }
    if places.is_empty() {
        places.push((None, None));
    }
    Ok(places)
}

fn default_privileges(
    alter: &AlterDefaultPrivileges,
    on: DefaultAclOn,
) -> Result<BTreeSet<Privilege>, SqlError> {
    let all = acl::all_on_default(on);
    if alter.privileges.iter().any(|word| word == "ALL") {
        return Ok(all.iter().copied().collect());
    }
    let read: BTreeSet<Privilege> = alter.privileges.iter().filter_map(|word| named(word)).collect();
    let wrong: Vec<&str> =
        read.iter().filter(|privilege| !all.contains(privilege)).map(|privilege| privilege.word()).collect();
    if wrong.is_empty() {
        return Ok(read);
    }
    let kind = alter.on.strip_suffix('S').unwrap_or(&alter.on);
    Err(SqlError::internal(format!("invalid privilege types {} for {kind}", wrong.join(", "))))
}

fn change_default(
    work: &mut Work<'_>,
    key: DefaultAclKey,
    is_grant: bool,
    privileges: &BTreeSet<Privilege>,
    grantees: &[Grantee],
) -> bool {
    let before = work.catalog().default_acls.get(&key).cloned().unwrap_or_default();
    let mut after = before.clone();
    for grantee in grantees {
        let held = after.entry(*grantee).or_default();
        if is_grant {
            held.extend(privileges.iter().copied());
        } else {
            held.retain(|privilege| !privileges.contains(privilege));
        }
    }
    after.retain(|_, held| !held.is_empty());
    if before == after {
        return false;
    }
    let defaults = &mut work.state.catalog.default_acls;
    if after.is_empty() {
        defaults.remove(&key);
    } else {
        defaults.insert(key, after);
    }
    let role = match key.role {
        Grantee::Public => "p".to_owned(),
        Grantee::Role(role) => RoleId::to_string(&role),
    };
    for grantee in grantees {
        let details = json!({
            "role_id": role,
            "database_id": key.database.map(|id| id.to_string()),
            "schema_id": key.schema.map(|id| id.to_string()),
            "grantee_id": grantee_text(*grantee),
            "privileges": privileges.iter().map(|privilege| privilege.letter()).collect::<String>(),
        });
        let kind = match key.on {
            DefaultAclOn::Object(kind) => kind.catalog(),
            DefaultAclOn::Database => "database",
            DefaultAclOn::Schema => "schema",
            DefaultAclOn::Cluster => "cluster",
        };
        work.audit(if is_grant { "grant" } else { "revoke" }, kind, details);
    }
    true
}
