//! `CREATE` of everything but sources, sinks and connections.

use super::RawIdent;
use super::RawName;
use super::WithOption;
use super::source::Webhook;
use crate::sql::query::Expr;
use crate::sql::query::Query;

/// `CREATE DATABASE | SCHEMA [IF NOT EXISTS] name`
#[derive(Clone, Debug)]
pub struct CreateNamed {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The name.
    pub name: RawName,
}

/// `CREATE CLUSTER`
#[derive(Clone, Debug)]
pub struct CreateCluster {
    /// The cluster.
    pub name: RawIdent,
    /// Its options as written. The replicas of an unmanaged one are `REPLICAS` with a list of
    /// `Nested("r1", …)`; the name in it is as the server stores it. `FEATURES (…)` behind them is
    /// the last.
    pub options: Vec<WithOption>,
}

/// `CREATE CLUSTER REPLICA`
#[derive(Clone, Debug)]
pub struct CreateClusterReplica {
    /// The cluster.
    pub cluster: RawIdent,
    /// The replica.
    pub replica: RawIdent,
    /// Its options.
    pub options: Vec<WithOption>,
}

/// A column of `CREATE TABLE`, or of a view's column list (then without a type).
#[derive(Clone, Debug)]
pub struct ColumnDef {
    /// The column.
    pub name: RawIdent,
    /// The type as written: `numeric(10,2)`, `text list`.
    pub data_type: Option<String>,
    /// What may be types of users in it.
    pub types: Vec<RawName>,
    /// Where the type begins; without one, where the column ends.
    pub type_start: usize,
    /// Whether `NOT NULL` is written.
    pub not_null: bool,
    /// `DEFAULT expr`
    pub default: Option<Expr>,
}

/// `CREATE TABLE`
#[derive(Clone, Debug)]
pub struct CreateTable {
    /// Whether `TEMPORARY` is written.
    pub temporary: bool,
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The table.
    pub name: RawName,
    /// Its columns; names alone may stand here when it comes from a source.
    pub columns: Vec<ColumnDef>,
    /// Constraints on it or its columns besides `NOT NULL`, upper case: `PRIMARY KEY`, `UNIQUE`,
    /// `FOREIGN KEY`, `CHECK`. The server parses them and refuses them.
    pub constraints: Vec<String>,
    /// What fills it, besides those who write into it.
    pub feed: Option<Feed>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
}

/// What fills a table.
#[derive(Clone, Debug)]
pub enum Feed {
    /// `FROM SOURCE s [(REFERENCE x)]`
    Source(FromSource),
    /// `FROM WEBHOOK …`
    Webhook(Webhook),
}

/// `FROM SOURCE s (REFERENCE x) …`
#[derive(Clone, Debug)]
pub struct FromSource {
    /// The source.
    pub source: RawName,
    /// The upstream thing, as named outside.
    pub reference: Option<RawName>,
    /// What follows (`TEXT COLUMNS`, `FORMAT`, …), as written.
    pub rest: String,
    /// The connections named in `rest`.
    pub names: Vec<RawName>,
}

/// `CREATE VIEW`
#[derive(Clone, Debug)]
pub struct CreateView {
    /// Whether `OR REPLACE` is written.
    pub or_replace: bool,
    /// Whether `TEMPORARY` is written.
    pub temporary: bool,
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The view.
    pub name: RawName,
    /// Its column names, if they are listed.
    pub columns: Vec<RawIdent>,
    /// Its query.
    pub query: Query,
}

/// `CREATE MATERIALIZED VIEW`
#[derive(Clone, Debug)]
pub struct CreateMaterializedView {
    /// Whether `OR REPLACE` is written.
    pub or_replace: bool,
    /// Whether `REPLACEMENT` is written.
    pub replacement: bool,
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The view.
    pub name: RawName,
    /// Its column names, if they are listed.
    pub columns: Vec<RawIdent>,
    /// `FOR target`
    pub replaces: Option<RawName>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// `[IN CLUSTER c] REPLICA r`
    pub replica: Option<RawIdent>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
    /// Its query, without a trailing `AS OF`.
    pub query: Query,
    /// `AS OF <milliseconds>` at the end, which only the catalog writes.
    pub as_of: Option<String>,
}

/// `CREATE INDEX`
#[derive(Clone, Debug)]
pub struct CreateIndex {
    /// Whether `DEFAULT` is written.
    pub default: bool,
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// Its name, if one is written (one part).
    pub name: Option<RawIdent>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// The relation.
    pub on: RawName,
    /// The keys; empty for a default index.
    pub keys: Vec<Expr>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
}

/// `CREATE SECRET n AS expr`
#[derive(Clone)]
pub struct CreateSecret {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The secret.
    pub name: RawName,
    /// Where the value comes from.
    pub value: SecretValue,
}

/// The value of a secret: never printed by `Debug`.
#[derive(Clone)]
pub enum SecretValue {
    /// `env_var('NAME')`
    EnvVar(String),
    /// `aws_secret('id')`
    AwsSecret(String),
    /// A provider that is not given exactly one text: its name.
    Misused(&'static str),
    /// An expression for the server, as written.
    Expression(String),
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EnvVar(name) => write!(f, "EnvVar({name:?})"),
            Self::AwsSecret(id) => write!(f, "AwsSecret({id:?})"),
            Self::Misused(provider) => write!(f, "Misused({provider:?})"),
            Self::Expression(_) => f.write_str("Expression(…)"),
        }
    }
}

impl std::fmt::Debug for CreateSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `CREATE TYPE`
#[derive(Clone, Debug)]
pub struct CreateType {
    /// The type.
    pub name: RawName,
    /// Everything after `AS`, as written.
    pub definition: String,
    /// What may be types of users in it.
    pub types: Vec<RawName>,
}

/// `CREATE ROLE`
#[derive(Clone, Debug)]
pub struct CreateRole {
    /// The role.
    pub name: RawIdent,
    /// Attributes, upper case, in the order written: `INHERIT`, `LOGIN`, `SUPERUSER`. A
    /// `PASSWORD` keeps no value here.
    pub attributes: Vec<String>,
}

/// `CREATE | ALTER NETWORK POLICY`
#[derive(Clone, Debug)]
pub struct CreateNetworkPolicy {
    /// The policy.
    pub name: RawIdent,
    /// Its options as written.
    pub definition: String,
}
