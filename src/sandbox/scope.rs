//! From where a statement looks at the catalog: who asks, in which database, at what time.

use super::model::id::RoleId;
use crate::clock::Timestamp;
use crate::name::Ident;

/// What names mean and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The role of the session.
    pub(crate) role: RoleId,
    /// Its name.
    pub(crate) user: Ident,
    /// The session's database; it need not exist.
    pub(crate) database: Ident,
    /// The session's search path; none of it need exist.
    pub(crate) search_path: Vec<Ident>,
    /// The session's cluster; it need not exist.
    pub(crate) cluster: Ident,
    /// The moment of the statement.
    pub(crate) now: Timestamp,
    /// The time of a query that has another one: `mz_now()` is that then.
    pub(crate) as_of: Option<Timestamp>,
    /// The connection's number, as `pg_backend_pid()` tells it.
    pub(crate) connection: u32,
    /// Whether privileges are checked (`enable_rbac_checks`) and the role is no superuser.
    pub(crate) checked: bool,
}
