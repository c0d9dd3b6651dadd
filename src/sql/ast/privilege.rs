//! Privileges, default privileges and role membership.

use super::Noun;
use super::RawIdent;
use super::RawName;

/// `ALTER DEFAULT PRIVILEGES FOR … [IN …] GRANT | REVOKE … ON … TO | FROM …`
#[derive(Clone, Debug)]
pub struct AlterDefaultPrivileges {
    /// `FOR ROLE a, b`; empty with `all_roles` means the current role.
    pub roles: Vec<RawIdent>,
    /// `FOR ALL ROLES`
    pub all_roles: bool,
    /// `IN SCHEMA s, …`
    pub schemas: Vec<RawName>,
    /// `IN DATABASE d, …`
    pub databases: Vec<RawName>,
    /// Whether it grants; otherwise it revokes.
    pub grant: bool,
    /// The privileges, upper case; `ALL` stands alone.
    pub privileges: Vec<String>,
    /// The plural as written, upper case: `TABLES`, `SCHEMAS`, …
    pub on: String,
    /// Who gets or loses them; `None` is PUBLIC.
    pub grantees: Vec<Option<RawIdent>>,
}

/// `GRANT … ON … TO …` or `REVOKE … ON … FROM …`
#[derive(Clone, Debug)]
pub struct Privileges {
    /// Whether it grants; otherwise it revokes.
    pub grant: bool,
    /// The privileges, upper case; `ALL` stands alone.
    pub privileges: Vec<String>,
    /// On what.
    pub on: GrantTarget,
    /// Who gets or loses them; `None` is PUBLIC.
    pub grantees: Vec<Option<RawIdent>>,
}

/// What privileges are granted on.
#[derive(Clone, Debug)]
pub enum GrantTarget {
    /// `ON [TABLE | …] a, b`; the noun is `Object(Table)` when none is written.
    Names {
        /// The kind.
        noun: Noun,
        /// Whether the kind is written.
        explicit: bool,
        /// The things.
        names: Vec<RawName>,
    },
    /// `ON ALL TABLES IN SCHEMA | DATABASE a, b`; the plural and the container are upper case.
    AllIn {
        /// `TABLES`, `SCHEMAS`, …
        plural: String,
        /// `Schema` or `Database`; `None` for a bare `ON ALL TABLES`.
        container: Option<Noun>,
        /// The containers.
        names: Vec<RawName>,
    },
    /// `ON SYSTEM`
    System,
}

/// `GRANT r TO m` or `REVOKE r FROM m`
#[derive(Clone, Debug)]
pub struct Membership {
    /// Whether it grants; otherwise it revokes.
    pub grant: bool,
    /// The roles.
    pub roles: Vec<RawIdent>,
    /// Who becomes or stops being a member.
    pub members: Vec<RawIdent>,
}
