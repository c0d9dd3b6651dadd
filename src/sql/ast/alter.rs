//! `ALTER`, `DROP`, `REASSIGN` and `COMMENT`.

use super::Noun;
use super::RawIdent;
use super::RawName;
use super::WithOption;
use super::create::SecretValue;
use super::run::SetVariable;

/// `ALTER <kind> [IF EXISTS] name RENAME TO new`
#[derive(Clone, Debug)]
pub struct AlterRename {
    /// What kind is written.
    pub noun: Noun,
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The old name.
    pub name: RawName,
    /// The new one, always a single part.
    pub to: RawIdent,
}

/// `ALTER SCHEMA | CLUSTER [IF EXISTS] a SWAP WITH b`
#[derive(Clone, Debug)]
pub struct AlterSwap {
    /// `Schema` or `Cluster`.
    pub noun: Noun,
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The first name.
    pub name: RawName,
    /// The second, always a single part.
    pub with: RawIdent,
}

/// `ALTER <kind> [IF EXISTS] name OWNER TO role`
#[derive(Clone, Debug)]
pub struct AlterOwner {
    /// What kind is written.
    pub noun: Noun,
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The thing.
    pub name: RawName,
    /// The new owner.
    pub owner: RawIdent,
}

/// `ALTER CLUSTER c SET (…)` or `RESET (…)`
#[derive(Clone, Debug)]
pub struct AlterCluster {
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The cluster.
    pub name: RawIdent,
    /// Options to set.
    pub set: Vec<WithOption>,
    /// Options to reset, upper case.
    pub reset: Vec<String>,
    /// `WITH (WAIT …)`
    pub wait: Vec<WithOption>,
}

/// `ALTER SINK k SET FROM rel`
#[derive(Clone, Debug)]
pub struct AlterSinkFrom {
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The sink.
    pub name: RawName,
    /// The relation it shall read.
    pub from: RawName,
}

/// `ALTER SECRET s AS expr`
#[derive(Clone, Debug)]
pub struct AlterSecret {
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The secret.
    pub name: RawName,
    /// Where the value comes from.
    pub value: SecretValue,
}

/// `ALTER CONNECTION c SET (…), DROP (…), …`
#[derive(Clone, Debug)]
pub struct AlterConnection {
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The connection.
    pub name: RawName,
    /// The actions, as written.
    pub actions: String,
}

/// `ALTER MATERIALIZED VIEW m APPLY REPLACEMENT r`
#[derive(Clone, Debug)]
pub struct AlterApplyReplacement {
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The view that is replaced.
    pub name: RawName,
    /// The replacement.
    pub replacement: RawName,
}

/// `ALTER ROLE r …`
#[derive(Clone, Debug)]
pub struct AlterRole {
    /// The role.
    pub name: RawIdent,
    /// What changes.
    pub action: AlterRoleAction,
}

/// What `ALTER ROLE` does.
#[derive(Clone, Debug)]
pub enum AlterRoleAction {
    /// Attributes, upper case.
    Attributes(Vec<String>),
    /// `SET variable = value` or `RESET variable`
    Variable(SetVariable),
}

/// `DROP <kind> [IF EXISTS] a, b [CASCADE | RESTRICT]`
#[derive(Clone, Debug)]
pub struct Drop {
    /// What kind is written.
    pub noun: Noun,
    /// Whether `IF EXISTS` is written.
    pub if_exists: bool,
    /// The names; for replicas two parts.
    pub names: Vec<RawName>,
    /// What is written at the end.
    pub behaviour: Option<DropBehaviour>,
}

/// `CASCADE` or `RESTRICT`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropBehaviour {
    /// `CASCADE`
    Cascade,
    /// `RESTRICT`
    Restrict,
}

/// `DROP OWNED BY r, … [CASCADE | RESTRICT]`
#[derive(Clone, Debug)]
pub struct DropOwned {
    /// The roles.
    pub roles: Vec<RawIdent>,
    /// What is written at the end.
    pub behaviour: Option<DropBehaviour>,
}

/// `REASSIGN OWNED BY a, … TO b`
#[derive(Clone, Debug)]
pub struct ReassignOwned {
    /// The old owners.
    pub from: Vec<RawIdent>,
    /// The new owner.
    pub to: RawIdent,
}

/// `COMMENT ON <kind> name IS …`
#[derive(Clone, Debug)]
pub struct Comment {
    /// On what.
    pub on: CommentTarget,
    /// The text; `None` removes it.
    pub text: Option<String>,
}

/// What is commented on.
#[derive(Clone, Debug)]
pub enum CommentTarget {
    /// A thing of a kind.
    Named(Noun, RawName),
    /// `COLUMN relation.column`
    Column(RawName, RawIdent),
}
