//! What a session runs: writes, `SHOW`, `SET`, transactions, cursors and prepared statements.

use super::Noun;
use super::RawIdent;
use super::RawName;
use super::Statement;
use super::WithOption;
use crate::sql::query::Expr;
use crate::sql::query::Query;

/// `SET`, `RESET` and their kin.
#[derive(Clone, Debug)]
pub struct SetVariable {
    /// The variable, lower case.
    pub name: RawIdent,
    /// The values; `None` is `DEFAULT` or a `RESET`; `RESET ALL` has the name `all`.
    pub values: Option<Vec<String>>,
    /// Whether `LOCAL` is written.
    pub local: bool,
}

/// `INSERT INTO t [(cols)] query | VALUES [RETURNING …]`
#[derive(Clone, Debug)]
pub struct Insert {
    /// The table.
    pub table: RawName,
    /// Its columns, if they are listed.
    pub columns: Vec<RawIdent>,
    /// Where the rows come from; `None` is `DEFAULT VALUES`.
    pub source: Option<Query>,
    /// `RETURNING …`, as a select list over the table.
    pub returning: Option<String>,
}

/// `UPDATE t SET c = e, … [WHERE e]`
#[derive(Clone, Debug)]
pub struct Update {
    /// The table.
    pub table: RawName,
    /// `AS a`
    pub alias: Option<RawIdent>,
    /// What is set to what.
    pub assignments: Vec<(RawIdent, Expr)>,
    /// `WHERE e`
    pub filter: Option<Expr>,
}

/// `DELETE FROM t [WHERE e]`
#[derive(Clone, Debug)]
pub struct Delete {
    /// The table.
    pub table: RawName,
    /// `AS a`
    pub alias: Option<RawIdent>,
    /// `USING …`, as written.
    pub using: Option<String>,
    /// `WHERE e`
    pub filter: Option<Expr>,
}

/// `SHOW …`
#[derive(Clone, Debug)]
pub enum Show {
    /// `SHOW variable`, lower case; `SHOW ALL` has the name `all`.
    Variable(String),
    /// `SHOW [REDACTED] CREATE <kind> name`
    Create {
        /// Whether `REDACTED` is written.
        redacted: bool,
        /// The kind.
        noun: Noun,
        /// The thing.
        name: RawName,
    },
    /// `SHOW COLUMNS FROM rel [LIKE | WHERE]`
    Columns(RawName, ShowFilter),
    /// `SHOW INDEXES [ON rel | FROM schema] [IN CLUSTER c] [LIKE | WHERE]`
    Indexes {
        /// `ON rel`
        on: Option<RawName>,
        /// `FROM schema`
        from: Option<RawName>,
        /// `IN CLUSTER c`
        cluster: Option<RawIdent>,
        /// The filter.
        filter: ShowFilter,
    },
    /// `SHOW <plural> [FROM x] [IN CLUSTER c] [ON …] [FOR r] [LIKE | WHERE]`: objects, schemas,
    /// clusters, privileges, …
    Things {
        /// The words between SHOW and the first clause, upper case: `MATERIALIZED VIEWS`,
        /// `DEFAULT PRIVILEGES`, `CLUSTER REPLICAS`.
        what: String,
        /// `FROM x`
        from: Option<RawName>,
        /// `IN CLUSTER c`
        cluster: Option<RawIdent>,
        /// `ON …`, upper case for kinds (`SCHEMAS`), otherwise as written.
        on: Option<String>,
        /// `FOR r`
        role: Option<RawIdent>,
        /// The filter.
        filter: ShowFilter,
    },
}

/// How a `SHOW` is narrowed.
#[derive(Clone, Debug)]
pub enum ShowFilter {
    /// Not at all.
    None,
    /// `LIKE 'pattern'`
    Like(String),
    /// `WHERE expr`
    Where(Expr),
}

/// The modes of `BEGIN`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BeginMode {
    /// `READ ONLY`
    pub read_only: bool,
    /// `ISOLATION LEVEL x`, lower case.
    pub isolation: Option<String>,
}

/// `DECLARE c CURSOR FOR …`
#[derive(Clone, Debug)]
pub struct Declare {
    /// The cursor.
    pub name: RawIdent,
    /// What it reads: a SELECT, a SHOW or a SUBSCRIBE.
    pub statement: Box<Statement>,
}

/// `FETCH [FORWARD] n | ALL c [WITH (timeout = …)]`
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The cursor.
    pub name: RawIdent,
    /// How many rows; `None` is all.
    pub count: Option<u64>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
}

/// `PREPARE p AS …`
#[derive(Clone, Debug)]
pub struct Prepare {
    /// The statement's name.
    pub name: RawIdent,
    /// What is prepared.
    pub statement: Box<Statement>,
    /// Its text, as written.
    pub text: String,
}

/// `EXECUTE p (…)`
#[derive(Clone, Debug)]
pub struct Execute {
    /// The statement's name.
    pub name: RawIdent,
    /// Its arguments.
    pub arguments: Vec<Expr>,
}
