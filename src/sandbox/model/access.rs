//! Roles and privileges.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::id::DatabaseId;
use super::id::RoleId;
use super::id::SchemaId;
use crate::name::Ident;
use crate::name::ObjectKind;

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Its `oid`.
    pub(crate) oid: u32,
    /// Its name.
    pub(crate) name: Ident,
    /// `INHERIT`; always on.
    pub(crate) inherit: bool,
    /// `LOGIN`, where it is decided.
    pub(crate) login: Option<bool>,
    /// `SUPERUSER`, where it is decided.
    pub(crate) superuser: Option<bool>,
    /// The roles it is a member of, with who granted it.
    #[serde(with = "super::pairs")]
    pub(crate) member_of: BTreeMap<RoleId, RoleId>,
    /// `ALTER ROLE … SET`, by lower-case name.
    pub(crate) settings: BTreeMap<String, String>,
}

/// Who holds a privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Grantee {
    /// Everybody; printed as `p` or as nothing.
    Public,
    /// A role.
    Role(RoleId),
}

/// A privilege, in the order of its letters in an access list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Privilege {
    /// `a`
    Insert,
    /// `r`
    Select,
    /// `w`
    Update,
    /// `d`
    Delete,
    /// `U`
    Usage,
    /// `C`
    Create,
    /// `R`
    CreateRole,
    /// `B`
    CreateDb,
    /// `N`
    CreateCluster,
    /// `P`
    CreateNetworkPolicy,
}

impl Privilege {
    /// Every privilege.
    pub(crate) const ALL: [Self; 10] = [
        Self::Insert,
        Self::Select,
        Self::Update,
        Self::Delete,
        Self::Usage,
        Self::Create,
        Self::CreateRole,
        Self::CreateDb,
        Self::CreateCluster,
        Self::CreateNetworkPolicy,
    ];

    /// Its letter.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Insert => 'a',
            Self::Select => 'r',
            Self::Update => 'w',
            Self::Delete => 'd',
            Self::Usage => 'U',
            Self::Create => 'C',
            Self::CreateRole => 'R',
            Self::CreateDb => 'B',
            Self::CreateCluster => 'N',
            Self::CreateNetworkPolicy => 'P',
        }
    }

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Select => "SELECT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Usage => "USAGE",
            Self::Create => "CREATE",
            Self::CreateRole => "CREATEROLE",
            Self::CreateDb => "CREATEDB",
            Self::CreateCluster => "CREATECLUSTER",
            Self::CreateNetworkPolicy => "CREATENETWORKPOLICY",
        }
    }
}

/// An access list: by grantee and grantor, what is granted. No entry is empty.
pub(crate) type Acl = BTreeMap<(Grantee, RoleId), BTreeSet<Privilege>>;

/// For whose future objects a default privilege holds, where, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DefaultAclKey {
    /// The creating role; public is all roles.
    pub(crate) role: Grantee,
    /// In which database, if in one.
    pub(crate) database: Option<DatabaseId>,
    /// In which schema, if in one; its database is given too.
    pub(crate) schema: Option<SchemaId>,
    /// For what.
    pub(crate) on: DefaultAclOn,
}

/// What default privileges can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum DefaultAclOn {
    /// Objects of a kind; relations are all `Table`.
    Object(ObjectKind),
    /// Databases.
    Database,
    /// Schemas.
    Schema,
    /// Clusters.
    Cluster,
}

/// By grantee, what they get.
pub(crate) type DefaultAcl = BTreeMap<Grantee, BTreeSet<Privilege>>;
