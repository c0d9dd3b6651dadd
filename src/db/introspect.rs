//! Reads the catalog of an environment: a dozen plain queries in one round trip.
//!
//! The queries join nothing that this side can join: the server answers them from its indexed
//! system tables, and the sandbox answers the same. Only user-made things are read.
//!
//! Source: columns and meanings from `design/materialize.md` 3, seen on v26.21.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::rc::Rc;

use futures_util::future::try_join;
use futures_util::future::try_join_all;

use super::error::Error;
use super::session::Row;
use super::session::Session;
use crate::catalog::Catalog;
use crate::catalog::Cluster;
use crate::catalog::Database;
use crate::catalog::Limits;
use crate::catalog::Object;
use crate::catalog::Privileges;
use crate::catalog::Role;
use crate::catalog::Schema;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::DatabaseId;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::RoleName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::name::literal;
use crate::plan::privilege::DefaultPrivilege;
use crate::plan::privilege::DefaultScope;
use crate::plan::privilege::Grantee;

pub mod definitions;
pub mod part;

const ROLES: &str = "SELECT id, name, name = current_user, mz_is_superuser(), mz_version(), rolcanlogin, rolsuper \
    FROM mz_catalog.mz_roles";
const MEMBERS: &str = "SELECT role_id, member FROM mz_catalog.mz_role_members";
const SYSTEM: &str = "SELECT grantee, privilege_type FROM mz_internal.mz_show_system_privileges";
const RBAC: &str = "SHOW enable_rbac_checks";
/// A session can have its rights checked where nobody else's are.
const OWN_RBAC: &str = "SHOW enable_session_rbac_checks";
const SETTINGS: &str = "SELECT role_id, parameter_name, parameter_value FROM mz_catalog.mz_role_parameters";
const DATABASES: &str = "SELECT id, name, owner_id FROM mz_catalog.mz_databases";
const SCHEMAS: &str =
    "SELECT id, database_id, name, owner_id FROM mz_catalog.mz_schemas WHERE database_id IS NOT NULL";
const CLUSTERS: &str = "SELECT id, name, owner_id, managed, size, replication_factor \
    FROM mz_catalog.mz_clusters WHERE id LIKE 'u%'";
const REPLICAS: &str = "SELECT id, cluster_id FROM mz_catalog.mz_cluster_replicas WHERE cluster_id LIKE 'u%'";
const OBJECTS: &str = "SELECT id, schema_id, name, type, owner_id, cluster_id \
    FROM mz_catalog.mz_objects WHERE id LIKE 'u%'";
const INDEXES: &str = "SELECT id, on_id FROM mz_catalog.mz_indexes WHERE id LIKE 'u%'";
const READS: &str = "SELECT object_id, referenced_object_id FROM mz_internal.mz_object_dependencies \
    WHERE object_id LIKE 'u%'";
const COMMENTS: &str = "SELECT id, object_type, object_sub_id, comment FROM mz_internal.mz_comments \
    WHERE id LIKE 'u%'";
const COMMENTED_COLUMNS: &str = "SELECT id, position, name FROM mz_catalog.mz_columns \
    WHERE id LIKE 'u%' AND id IN (SELECT id FROM mz_internal.mz_comments WHERE object_sub_id IS NOT NULL)";
const DEFAULTS: &str = "SELECT role_id, database_id, schema_id, object_type, grantee, privileges \
    FROM mz_catalog.mz_default_privileges";

/// The limits asked for, in the order of [`Limits`]'s fields.
const LIMITS: [&str; 4] = [
    "SHOW max_clusters",
    "SHOW max_materialized_views",
    "SHOW max_objects_per_schema",
    "SHOW max_schemas_per_database",
];

/// The privileges of one relation that has an `id` and a `privileges` column.
fn privileges_of(relation: &str) -> String {
    format!(
        "SELECT p.id, p.grantee, p.privilege_type FROM \
         (SELECT id, mz_internal.mz_aclexplode(privileges).* FROM mz_catalog.{relation} WHERE id LIKE 'u%') \
         AS p(id, grantor, grantee, privilege_type, is_grantable)"
    )
}

/// What changes so seldom that one look a run is enough: roles with their members, whether rights
/// are checked, and the limits.
pub struct Standing {
    roles: Roles,
    limits: Limits,
}

/// Reads everything user-made.
///
/// `standing` is what an earlier look found, and takes what this one finds; `None` to look again.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn read(session: &Session, standing: &mut Option<Rc<Standing>>) -> Result<Catalog, Error> {
    if let Some(known) = standing {
        // A role that came meanwhile has no name yet: everything is asked again.
        match facts(session).await?.assemble(known) {
            Err(error) if error.is_protocol() => {}
            found => return found,
        }
    }
    let queries = [ROLES, MEMBERS, RBAC, OWN_RBAC, SYSTEM].into_iter().chain(LIMITS);
    let (answers, facts) =
        try_join(try_join_all(queries.map(|query| session.read(query))), facts(session)).await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut roles = roles(&next(), &next(), [&next(), &next()])?;
    roles.system = system(&next())?;
    let limits = limits_from(&[next(), next(), next(), next()]);
    let found = Rc::new(Standing { roles, limits });
    let catalog = facts.assemble(&found);
    *standing = Some(found);
    catalog
}

/// Asks for what changes with every deployment.
async fn facts(session: &Session) -> Result<Facts, Error> {
    let mut queries: Vec<String> = [
        DATABASES,
        SCHEMAS,
        CLUSTERS,
        REPLICAS,
        OBJECTS,
        INDEXES,
        READS,
        COMMENTS,
        COMMENTED_COLUMNS,
        DEFAULTS,
        SETTINGS,
    ]
    .map(str::to_owned)
    .into();
    queries.extend(["mz_objects", "mz_schemas", "mz_clusters", "mz_databases"].map(privileges_of));
    let answers = try_join_all(queries.iter().map(|query| session.read(query))).await?;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut facts = Facts {
        databases: next(),
        schemas: next(),
        clusters: next(),
        replicas: next(),
        objects: next(),
        indexes: next(),
        reads: next(),
        comments: next(),
        columns: next(),
        defaults: next(),
        settings: next(),
        privileges: BTreeMap::new(),
    };
    for family in [Family::Object, Family::Schema, Family::Cluster, Family::Database] {
        facts.privileges.insert(family, next());
    }
    Ok(facts)
}

/// The families of ids, which are separate: schema `u1` and object `u1` are two things.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Object,
    Schema,
    Cluster,
    Database,
}

struct Roles {
    names: HashMap<String, RoleName>,
    roles: BTreeMap<RoleName, Role>,
    session: crate::catalog::Session,
    system: Privileges,
}

impl Roles {
    fn name(&self, id: &str) -> Result<RoleName, Error> {
        self.names.get(id).cloned().ok_or_else(|| Error::protocol(format!("role {id} has no name")))
    }

    /// Who holds a privilege; the server prints `p` for PUBLIC.
    fn grantee(&self, id: &str) -> Result<Grantee, Error> {
        if id == "p" { Ok(Grantee::Public) } else { self.name(id).map(Grantee::Role) }
    }
}

fn ident(text: &str) -> Result<Ident, Error> {
    Ident::new(text)
        .map_err(|error| Error::protocol(format!("the catalog holds a name that is none: {error}")))
}

/// Reads the roles; `rbac` is what the server and the session say of checking rights.
fn roles(roles: &[Row], members: &[Row], rbac: [&[Row]; 2]) -> Result<Roles, Error> {
    let mut names = HashMap::new();
    let mut found: BTreeMap<RoleName, Role> = BTreeMap::new();
    let mut current = None;
    let mut superuser = false;
    let mut version = None;
    for row in roles {
        let name = RoleName(ident(row.required(1)?)?);
        if row.is_true(2) {
            current = Some((row.required(0)?.to_owned(), name.clone()));
            superuser = row.is_true(3);
            version = row.text(4).and_then(super::server::number);
        }
        // What was never said of a role is NULL.
        let role = Role { login: row.is_true(5), superuser: row.is_true(6), members: BTreeSet::new() };
        found.insert(name.clone(), role);
        names.insert(row.required(0)?.to_owned(), name);
    }
    let (id, role) = current.ok_or_else(|| Error::protocol("the current role is not in mz_roles"))?;
    let mut groups: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in members {
        let (role, member) = (row.required(0)?, row.required(1)?);
        groups.entry(member).or_default().push(role);
        let role = names.get(role).and_then(|name| found.get_mut(name));
        if let (Some(role), Some(member)) = (role, names.get(member)) {
            role.members.insert(member.clone());
        }
    }
    let mut member_of = BTreeSet::new();
    let mut open = vec![id.as_str()];
    while let Some(id) = open.pop() {
        let Some(name) = names.get(id) else { continue };
        if member_of.insert(name.clone()) {
            open.extend(groups.get(id).into_iter().flatten());
        }
    }
    let on = rbac.iter().any(|rows| rows.first().and_then(|row| row.text(0)) == Some("on"));
    let session = crate::catalog::Session { role, member_of, checked: on && !superuser, version };
    Ok(Roles { names, roles: found, session, system: Privileges::new() })
}

/// Who holds what on the system; its own roles are left out. This relation names roles, and everybody as
/// `PUBLIC`.
fn system(rows: &[Row]) -> Result<Privileges, Error> {
    let mut held = Privileges::new();
    for row in rows {
        let grantee = match row.required(0)? {
            "PUBLIC" => Grantee::Public,
            name => Grantee::Role(RoleName(ident(name)?)),
        };
        held.insert((grantee, row.required(1)?.to_owned()));
    }
    Ok(held)
}

/// Who is connected, and which roles there are.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn who(session: &Session) -> Result<(crate::catalog::Session, BTreeSet<RoleName>), Error> {
    let answers = try_join_all([ROLES, MEMBERS, RBAC, OWN_RBAC].map(|query| session.read(query))).await?;
    let [names, members, everybody, own] = answers.as_slice() else {
        return Err(Error::protocol("four questions had other than four answers"));
    };
    let roles = roles(names, members, [everybody, own])?;
    Ok((roles.session, roles.names.into_values().collect()))
}

#[derive(Default)]
struct Facts {
    databases: Vec<Row>,
    schemas: Vec<Row>,
    clusters: Vec<Row>,
    replicas: Vec<Row>,
    objects: Vec<Row>,
    indexes: Vec<Row>,
    reads: Vec<Row>,
    comments: Vec<Row>,
    columns: Vec<Row>,
    defaults: Vec<Row>,
    settings: Vec<Row>,
    privileges: BTreeMap<Family, Vec<Row>>,
}

impl Facts {
    fn assemble(&self, standing: &Standing) -> Result<Catalog, Error> {
        let roles = &standing.roles;
        let mut catalog = Catalog::new(roles.session.clone());
        catalog.limits = standing.limits.clone();
        catalog.system_privileges = roles.system.clone();
        catalog.roles.clone_from(&roles.roles);
        for ((id, _), text) in self.comments(&["role"])? {
            if let Some(name) = roles.names.get(id) {
                catalog.role_comments.insert(name.clone(), text.to_owned());
            }
        }
        for row in &self.settings {
            // Of a role that came or went between two of the queries nothing is known.
            let Ok(role) = roles.name(row.required(0)?) else { continue };
            let settings = catalog.role_settings.entry(role).or_default();
            settings.insert(row.required(1)?.to_owned(), row.required(2)?.to_owned());
        }
        let databases = self.put_databases(&mut catalog, roles)?;
        let schemas = self.put_schemas(&mut catalog, roles, &databases)?;
        self.put_clusters(&mut catalog, roles)?;
        self.put_objects(&mut catalog, roles, &schemas)?;
        for row in &self.reads {
            let read = ObjectId::new(row.required(1)?);
            catalog.reads.entry(ObjectId::new(row.required(0)?)).or_default().insert(read);
        }
        for row in &self.defaults {
            self.put_default(&mut catalog, roles, row, &databases, &schemas)?;
        }
        Ok(catalog)
    }

    fn privileges(&self, roles: &Roles, family: Family) -> Result<HashMap<&str, Privileges>, Error> {
        let mut held: HashMap<&str, Privileges> = HashMap::new();
        for row in self.privileges.get(&family).into_iter().flatten() {
            // A cluster's or a schema's list also names the system's own roles (`s2`): they hold
            // what the server gives them and are nobody's to copy.
            let grantee = row.required(1)?;
            if grantee.starts_with('s') {
                continue;
            }
            let entry = (roles.grantee(grantee)?, row.required(2)?.to_owned());
            held.entry(row.required(0)?).or_default().insert(entry);
        }
        Ok(held)
    }

    /// The comments of one family by id; of objects, those of columns by position too.
    fn comments(&self, types: &[&str]) -> Result<HashMap<(&str, Option<&str>), &str>, Error> {
        let mut found = HashMap::new();
        for row in &self.comments {
            if types.contains(&row.required(1)?) {
                found.insert((row.required(0)?, row.text(2)), row.required(3)?);
            }
        }
        Ok(found)
    }

    fn put_databases(&self, catalog: &mut Catalog, roles: &Roles) -> Result<HashMap<String, Ident>, Error> {
        let mut privileges = self.privileges(roles, Family::Database)?;
        let comments = self.comments(&["database"])?;
        let mut names = HashMap::new();
        for row in &self.databases {
            let id = row.required(0)?;
            let name = ident(row.required(1)?)?;
            names.insert(id.to_owned(), name.clone());
            let database = Database {
                id: DatabaseId::new(id),
                owner: roles.name(row.required(2)?)?,
                privileges: privileges.remove(id).unwrap_or_default(),
                comment: comments.get(&(id, None)).map(|text| (*text).to_owned()),
            };
            catalog.databases.insert(name, database);
        }
        Ok(names)
    }

    fn put_schemas(
        &self,
        catalog: &mut Catalog,
        roles: &Roles,
        databases: &HashMap<String, Ident>,
    ) -> Result<HashMap<String, SchemaName>, Error> {
        let mut privileges = self.privileges(roles, Family::Schema)?;
        let comments = self.comments(&["schema"])?;
        let mut names = HashMap::new();
        for row in &self.schemas {
            let id = row.required(0)?;
            // A database that was dropped between two of the queries.
            let Some(database) = databases.get(row.required(1)?) else { continue };
            let name = SchemaName::new(database.clone(), ident(row.required(2)?)?);
            names.insert(id.to_owned(), name.clone());
            let schema = Schema {
                id: SchemaId::new(id),
                owner: roles.name(row.required(3)?)?,
                privileges: privileges.remove(id).unwrap_or_default(),
                comment: comments.get(&(id, None)).map(|text| (*text).to_owned()),
            };
            catalog.schemas.insert(name, schema);
        }
        Ok(names)
    }

    fn put_clusters(&self, catalog: &mut Catalog, roles: &Roles) -> Result<(), Error> {
        let mut privileges = self.privileges(roles, Family::Cluster)?;
        let comments = self.comments(&["cluster"])?;
        let mut replicas: HashMap<&str, usize> = HashMap::new();
        for row in &self.replicas {
            *replicas.entry(row.required(1)?).or_default() += 1;
        }
        for row in &self.clusters {
            let id = row.required(0)?;
            let cluster = Cluster {
                id: ClusterId::new(id),
                owner: roles.name(row.required(2)?)?,
                privileges: privileges.remove(id).unwrap_or_default(),
                comment: comments.get(&(id, None)).map(|text| (*text).to_owned()),
                managed: row.is_true(3),
                size: row.text(4).map(str::to_owned),
                replication_factor: row.parsed(5),
                replicas: replicas.get(id).copied().unwrap_or(0),
                options: None,
            };
            catalog.clusters.insert(ClusterName(ident(row.required(1)?)?), cluster);
        }
        Ok(())
    }

    fn put_objects(
        &self,
        catalog: &mut Catalog,
        roles: &Roles,
        schemas: &HashMap<String, SchemaName>,
    ) -> Result<(), Error> {
        let mut privileges = self.privileges(roles, Family::Object)?;
        let types = ObjectKind::ALL.map(ObjectKind::catalog);
        let comments = self.comments(&types)?;
        let mut columns: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
        for row in &self.columns {
            columns.entry(row.required(0)?).or_default().push((row.required(1)?, row.required(2)?));
        }
        let mut relations = HashMap::new();
        for row in &self.indexes {
            relations.insert(row.required(0)?, row.required(1)?);
        }
        for row in &self.objects {
            let id = row.required(0)?;
            // Kinds that a newer server has are nobody's here; a schema may have gone meanwhile.
            let Some(kind) = ObjectKind::from_catalog(row.required(3)?) else { continue };
            let Some(schema) = schemas.get(row.required(1)?) else { continue };
            let mut column_comments = BTreeMap::new();
            for (position, name) in columns.get(id).into_iter().flatten() {
                if let Some(text) = comments.get(&(id, Some(*position))) {
                    column_comments.insert(ident(name)?, (*text).to_owned());
                }
            }
            catalog.insert(Object {
                id: ObjectId::new(id),
                name: schema.object(ident(row.required(2)?)?),
                kind,
                owner: roles.name(row.required(4)?)?,
                cluster: row.text(5).map(ClusterId::new),
                on: relations.get(id).map(ObjectId::new),
                privileges: privileges.remove(id).unwrap_or_default(),
                comment: comments.get(&(id, None)).map(|text| (*text).to_owned()),
                column_comments,
            });
        }
        Ok(())
    }

    fn put_default(
        &self,
        catalog: &mut Catalog,
        roles: &Roles,
        row: &Row,
        databases: &HashMap<String, Ident>,
        schemas: &HashMap<String, SchemaName>,
    ) -> Result<(), Error> {
        let (role, grantee, kind) = (row.required(0)?, row.required(4)?, row.required(3)?);
        // Pre-set by the server: system roles' own, and everybody's USAGE on types.
        if grantee.starts_with('s') || (role == "p" && kind == "type") {
            return Ok(());
        }
        let scope = match (row.text(1), row.text(2)) {
            (_, Some(schema)) => match schemas.get(schema) {
                Some(name) => DefaultScope::Schema(name.clone()),
                None => return Ok(()),
            },
            (Some(database), None) => match databases.get(database) {
                Some(name) => DefaultScope::Database(name.clone()),
                None => return Ok(()),
            },
            (None, None) => DefaultScope::Everywhere,
        };
        for letter in row.required(5)?.chars() {
            let Some(privilege) = privilege(letter) else { continue };
            catalog.default_privileges.insert(DefaultPrivilege {
                role: if role == "p" { None } else { Some(roles.name(role)?) },
                scope: scope.clone(),
                on: format!("{}S", kind.to_uppercase()),
                privilege: privilege.to_owned(),
                grantee: roles.grantee(grantee)?,
            });
        }
        Ok(())
    }
}

/// The word for a letter of an access list.
fn privilege(letter: char) -> Option<&'static str> {
    match letter {
        'a' => Some("INSERT"),
        'r' => Some("SELECT"),
        'w' => Some("UPDATE"),
        'd' => Some("DELETE"),
        'U' => Some("USAGE"),
        'C' => Some("CREATE"),
        _ => None,
    }
}

fn limits_from(answers: &[Vec<Row>; 4]) -> Limits {
    let [clusters, views, objects, schemas] =
        answers.each_ref().map(|rows| rows.first().and_then(|row| row.parsed(0)));
    Limits { clusters, materialized_views: views, objects_per_schema: objects, schemas_per_database: schemas }
}

/// The statements the catalog stores for views and materialized views, by id; those that are gone
/// are left out.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn stored_sql(session: &Session, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, String>, Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let list: Vec<String> = ids.iter().map(|id| literal(id.as_str())).collect();
    let list = list.join(", ");
    let queries: Vec<String> = ["mz_views", "mz_materialized_views", "mz_indexes"]
        .iter()
        .map(|relation| format!("SELECT id, create_sql FROM mz_catalog.{relation} WHERE id IN ({list})"))
        .collect();
    let answers = try_join_all(queries.iter().map(|query| session.read(query))).await?;
    let mut found = BTreeMap::new();
    for row in answers.iter().flatten() {
        if let Some(sql) = row.text(1) {
            found.insert(ObjectId::new(row.required(0)?), sql.to_owned());
        }
    }
    Ok(found)
}

/// The materialized views that are to replace others: each with its target.
///
/// # Errors
/// What the server says, or a lost connection; a server without replacements has no such relation.
pub async fn replacements(session: &Session) -> Result<Vec<(ObjectId, ObjectId)>, Error> {
    let rows = session.read("SELECT id, target_id FROM mz_internal.mz_replacements").await?;
    let pair = |row: &Row| Ok((ObjectId::new(row.required(0)?), ObjectId::new(row.required(1)?)));
    rows.iter().map(pair).collect()
}

/// What `mz_audit_events` tells of the newest changes to the catalog: user, event, kind of object.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn recent_changes(session: &Session, count: usize) -> Result<Vec<String>, Error> {
    let sql = format!(
        "SELECT \"user\", event_type, object_type, details FROM mz_catalog.mz_audit_events \
         ORDER BY id DESC LIMIT {count}"
    );
    let told = |row: &Row| {
        let part = |column| row.text(column).unwrap_or("someone").to_owned();
        format!("{}: {} {}", part(0), part(1), part(2))
    };
    Ok(session.read(&sql).await?.iter().map(told).collect())
}

/// The names of the network policies that exist.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn network_policies(session: &Session) -> Result<Vec<String>, Error> {
    let rows = session.read("SELECT name FROM mz_internal.mz_network_policies").await?;
    rows.iter().map(|row| row.required(0).map(str::to_owned)).collect()
}

/// The names of the schemas of mzflow's own database; empty where `setup` never ran.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn tracking_schemas(session: &Session) -> Result<Vec<String>, Error> {
    let sql = format!(
        "SELECT s.name FROM mz_catalog.mz_schemas s JOIN mz_catalog.mz_databases d ON d.id = s.database_id \
         WHERE d.name = {}",
        literal(crate::deployment::epoch::TRACKING_DATABASE)
    );
    session.read(&sql).await?.iter().map(|row| row.required(0).map(str::to_owned)).collect()
}
