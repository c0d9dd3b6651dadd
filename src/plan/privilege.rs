//! What privileges, comments and owners hang on, and who holds a privilege, now or of objects to come.

use std::fmt;

use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaName;

/// Something that privileges, comments and owners hang on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A database.
    Database(Ident),
    /// A schema.
    Schema(SchemaName),
    /// A cluster.
    Cluster(ClusterName),
    /// A role.
    Role(RoleName),
    /// A network policy.
    NetworkPolicy(Ident),
    /// Something in a schema.
    Object(ObjectKind, ObjectName),
    /// A column of a relation.
    Column(ObjectName, Ident),
}

impl Target {
    /// Its keyword in `COMMENT ON` and `ALTER … OWNER TO`.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Database(_) => "DATABASE",
            Self::Schema(_) => "SCHEMA",
            Self::Cluster(_) => "CLUSTER",
            Self::Role(_) => "ROLE",
            Self::NetworkPolicy(_) => "NETWORK POLICY",
            Self::Object(kind, _) => kind.sql(),
            Self::Column(..) => "COLUMN",
        }
    }

    /// Its keyword in `GRANT … ON`: relations of every kind are granted as `TABLE`.
    ///
    /// Source: GRANT in the manual, tried on v26.21.
    pub fn grant_noun(&self) -> &'static str {
        match self {
            Self::Object(ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Source, _) => "TABLE",
            other => other.noun(),
        }
    }

    /// Its name for the server.
    pub fn sql(&self) -> String {
        match self {
            Self::Database(name) | Self::NetworkPolicy(name) => name.sql(),
            Self::Schema(name) => name.sql(),
            Self::Cluster(name) => name.sql(),
            Self::Role(name) => name.sql(),
            Self::Object(_, name) => name.sql(),
            Self::Column(relation, column) => format!("{}.{}", relation.sql(), column.sql()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.noun().to_lowercase();
        match self {
            Self::Database(name) | Self::NetworkPolicy(name) => write!(f, "{noun} {name}"),
            Self::Schema(name) => write!(f, "{noun} {name}"),
            Self::Cluster(name) => write!(f, "{noun} {name}"),
            Self::Role(name) => write!(f, "{noun} {name}"),
            Self::Object(_, name) => write!(f, "{noun} {name}"),
            Self::Column(relation, column) => write!(f, "{noun} {relation}.{column}"),
        }
    }
}

/// Who holds a privilege.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// Everybody.
    Public,
    /// A role.
    Role(RoleName),
}

impl Grantee {
    /// Its name for the server.
    pub fn sql(&self) -> String {
        match self {
            Self::Public => "PUBLIC".to_owned(),
            Self::Role(role) => role.sql(),
        }
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("PUBLIC"),
            Self::Role(role) => fmt::Display::fmt(role, f),
        }
    }
}

/// For whose future objects, and where, a default privilege holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefaultPrivilege {
    /// The creating role; `None` is all roles.
    pub role: Option<RoleName>,
    /// In which schema, or in which database, or everywhere.
    pub scope: DefaultScope,
    /// The plural: `TABLES`, `SCHEMAS`, …
    pub on: String,
    /// One privilege, upper case.
    pub privilege: String,
    /// Who gets it.
    pub grantee: Grantee,
}

/// Where a default privilege holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefaultScope {
    /// In the whole environment.
    Everywhere,
    /// In a database.
    Database(Ident),
    /// In a schema.
    Schema(SchemaName),
}

impl DefaultPrivilege {
    /// It, for people.
    pub(super) fn what(&self, link: &str) -> String {
        let scope = match &self.scope {
            DefaultScope::Everywhere => String::new(),
            DefaultScope::Database(name) => format!(" in database {name}"),
            DefaultScope::Schema(name) => format!(" in schema {name}"),
        };
        format!("{} on {}{scope} {link} {}", self.privilege, self.on, self.grantee)
    }

    /// The statement that gives or takes it.
    pub(super) fn sql(&self, verb: &str, link: &str) -> String {
        let role = match &self.role {
            Some(role) => format!("FOR ROLE {}", role.sql()),
            None => "FOR ALL ROLES".to_owned(),
        };
        let scope = match &self.scope {
            DefaultScope::Everywhere => String::new(),
            DefaultScope::Database(name) => format!(" IN DATABASE {}", name.sql()),
            DefaultScope::Schema(name) => format!(" IN SCHEMA {}", name.sql()),
        };
        format!(
            "ALTER DEFAULT PRIVILEGES {role}{scope} {verb} {} ON {} {link} {}",
            self.privilege,
            self.on,
            self.grantee.sql()
        )
    }
}
