//! What a project defines besides objects: databases, schemas, clusters, roles, network policies.

use std::fmt;

use super::object::Comment;
use super::object::Grant;
use super::object::grantees;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::sql::ast::WithOption;

/// A database that holds objects of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its name, with the profile's suffix.
    pub name: Ident,
    /// What its modifier file says.
    pub modifiers: Modifiers,
}

/// A schema that holds objects of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its name, with the profile's suffix.
    pub name: SchemaName,
    /// Whether its objects keep their ids: `SET api = stable`.
    pub stable: bool,
    /// What its modifier file says.
    pub modifiers: Modifiers,
}

/// What a modifier file says about a database or a schema; all empty without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// The file, relative to the project; empty without one.
    pub file: String,
    /// What is granted on it.
    pub grants: Vec<Grant>,
    /// The comment on it; at most one is meant, the last counts.
    pub comments: Vec<Comment>,
    /// What is granted on things that will be made in it.
    pub default_privileges: Vec<DefaultPrivileges>,
}

/// Default privileges in a database or a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultPrivileges {
    /// The roles whose things they are for; empty means the current role, unless `all_roles`.
    pub roles: Vec<RoleName>,
    /// Whether they are for the things of all roles.
    pub all_roles: bool,
    /// Whether they are granted; otherwise they are revoked.
    pub grant: bool,
    /// The privileges, upper case.
    pub privileges: Vec<String>,
    /// On what, in the plural and upper case: `TABLES`.
    pub on: String,
    /// Who gets or loses them; `None` is PUBLIC.
    pub grantees: Vec<Option<RoleName>>,
    /// The line, from 1.
    pub line: usize,
}

impl DefaultPrivileges {
    /// The statement for a schema.
    pub fn schema_sql(&self, schema: &SchemaName) -> String {
        self.sql(&format!("SCHEMA {}", schema.sql()))
    }

    /// The statement for a database.
    pub fn database_sql(&self, database: &Ident) -> String {
        self.sql(&format!("DATABASE {}", database.sql()))
    }

    fn sql(&self, container: &str) -> String {
        let creators = match (self.all_roles, self.roles.as_slice()) {
            (true, _) => " FOR ALL ROLES".to_owned(),
            (false, []) => String::new(),
            (false, roles) => {
                format!(" FOR ROLE {}", roles.iter().map(RoleName::sql).collect::<Vec<_>>().join(", "))
            }
        };
        let (verb, direction) = if self.grant { ("GRANT", "TO") } else { ("REVOKE", "FROM") };
        format!(
            "ALTER DEFAULT PRIVILEGES{creators} IN {container} {verb} {} ON {} {direction} {}",
            self.privileges.join(", "),
            self.on,
            grantees(&self.grantees)
        )
    }
}

/// A cluster from `clusters/`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its name, with the profile's suffix.
    pub name: ClusterName,
    /// Its options as written.
    pub options: Vec<WithOption>,
    /// Everything behind its name in `CREATE CLUSTER`, as written.
    pub definition: String,
    /// What is granted on it.
    pub grants: Vec<Grant>,
    /// The comments on it.
    pub comments: Vec<Comment>,
    /// Its file, relative to the project.
    pub file: String,
    /// The line in which its statement begins, from 1.
    pub line: usize,
}

impl Cluster {
    /// The statement that creates it under its name.
    pub fn create_sql(&self) -> String {
        format!("CREATE CLUSTER {} {}", self.name.sql(), self.definition)
    }
}

/// A role from `roles/`.
#[derive(Clone, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// Its attributes, upper case, without passwords.
    pub attributes: Vec<String>,
    /// Everything behind its name in `CREATE ROLE`, as written.
    pub definition: String,
    /// Everything behind its name in each `ALTER ROLE`, as written.
    pub alterations: Vec<String>,
    /// The roles that become its members.
    pub members: Vec<RoleName>,
    /// The comments on it.
    pub comments: Vec<Comment>,
    /// Its file, relative to the project.
    pub file: String,
    /// The line in which its statement begins, from 1.
    pub line: usize,
}

impl fmt::Debug for Role {
    /// Says nothing of the statements, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role")
            .field("name", &self.name)
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}

impl Role {
    /// The statement that creates it.
    pub fn create_sql(&self) -> String {
        format!("CREATE ROLE {} {}", self.name.sql(), self.definition).trim_end().to_owned()
    }
}

/// A network policy from `network-policies/`.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPolicy {
    /// Its name.
    pub name: Ident,
    /// Its rules as written, in parentheses.
    pub definition: String,
    /// What is granted on it.
    pub grants: Vec<Grant>,
    /// The comments on it.
    pub comments: Vec<Comment>,
    /// Its file, relative to the project.
    pub file: String,
    /// The line in which its statement begins, from 1.
    pub line: usize,
}

impl NetworkPolicy {
    /// The statement that creates it.
    pub fn create_sql(&self) -> String {
        format!("CREATE NETWORK POLICY {} {}", self.name.sql(), self.definition)
    }
}
