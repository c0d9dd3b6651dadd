//! The statements of Materialize that mzflow and its sandbox know, as plain data.
//!
//! Heads are modelled here; the bodies of queries and expressions stay opaque ([`Query`],
//! [`Expr`](super::query::Expr)) so that no parser type leaves this room. A [`RawName`] is what
//! was written, not what it means: resolving it is the reader's work. Nothing here touches text
//! beyond carrying it. Spans count bytes of the whole text that was parsed.

pub mod alter;
pub mod copy;
pub mod create;
pub mod privilege;
pub mod project;
pub mod run;
pub mod source;

use super::query::Query;
use super::span::Span;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use alter::AlterApplyReplacement;
use alter::AlterCluster;
use alter::AlterConnection;
use alter::AlterOwner;
use alter::AlterRename;
use alter::AlterRole;
use alter::AlterSecret;
use alter::AlterSinkFrom;
use alter::AlterSwap;
use alter::Comment;
use alter::Drop;
use alter::DropOwned;
use alter::ReassignOwned;
use copy::Copy;
use create::CreateCluster;
use create::CreateClusterReplica;
use create::CreateIndex;
use create::CreateMaterializedView;
use create::CreateNamed;
use create::CreateNetworkPolicy;
use create::CreateRole;
use create::CreateSecret;
use create::CreateTable;
use create::CreateType;
use create::CreateView;
use privilege::AlterDefaultPrivileges;
use privilege::Membership;
use privilege::Privileges;
use project::CreateConstraint;
use project::UnitTest;
use run::BeginMode;
use run::Declare;
use run::Delete;
use run::Execute;
use run::Fetch;
use run::Insert;
use run::Prepare;
use run::SetVariable;
use run::Show;
use run::Update;
use source::CreateConnection;
use source::CreateSink;
use source::CreateSource;

/// One statement with its place in the text.
#[derive(Clone, Debug)]
pub struct Statement {
    /// From its first token to its last, without the semicolon.
    pub span: Span,
    /// What it says.
    pub kind: StatementKind,
}

/// A possibly partial name as written, folded or unquoted already. The text may hold more than
/// the three parts that mean something; refusing that is the reader's work too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawName {
    /// The parts, outermost first; never empty.
    pub parts: Vec<Ident>,
    /// The id of `[u1 AS "d"."s"."t"]`, as the catalog writes names.
    pub id: Option<ObjectId>,
    /// Where it stands, with the brackets if there are any.
    pub span: Span,
}

/// A cluster, role or other one-part name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawIdent {
    /// The stored spelling.
    pub ident: Ident,
    /// Whether `[u1]` is written, as the catalog does for clusters; `ident` is the id then.
    pub by_id: bool,
    /// Where it stands, with the brackets if there are any.
    pub span: Span,
}

/// Everything a statement can be.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `CREATE DATABASE`
    CreateDatabase(CreateNamed),
    /// `CREATE SCHEMA`
    CreateSchema(CreateNamed),
    /// `CREATE CLUSTER`
    CreateCluster(CreateCluster),
    /// `CREATE CLUSTER REPLICA c.r (…)`
    CreateClusterReplica(CreateClusterReplica),
    /// `CREATE TABLE`, with columns or `FROM SOURCE`
    CreateTable(CreateTable),
    /// `CREATE VIEW`
    CreateView(CreateView),
    /// `CREATE [REPLACEMENT] MATERIALIZED VIEW`
    CreateMaterializedView(CreateMaterializedView),
    /// `CREATE [DEFAULT] INDEX`
    CreateIndex(CreateIndex),
    /// `CREATE SOURCE`
    CreateSource(CreateSource),
    /// `CREATE SINK`
    CreateSink(CreateSink),
    /// `CREATE CONNECTION`
    CreateConnection(CreateConnection),
    /// `CREATE SECRET`
    CreateSecret(CreateSecret),
    /// `CREATE TYPE`
    CreateType(CreateType),
    /// `CREATE ROLE`
    CreateRole(CreateRole),
    /// `CREATE NETWORK POLICY`
    CreateNetworkPolicy(CreateNetworkPolicy),
    /// `CREATE PRIMARY KEY`, `UNIQUE CONSTRAINT`, `FOREIGN KEY`: a project's own statement
    CreateConstraint(CreateConstraint),
    /// `EXECUTE UNIT TEST`: a project's own statement, kept as text until tests are run
    UnitTest(UnitTest),
    /// `ALTER <kind> … RENAME TO`
    AlterRename(AlterRename),
    /// `ALTER SCHEMA | CLUSTER … SWAP WITH`
    AlterSwap(AlterSwap),
    /// `ALTER <kind> … OWNER TO`
    AlterOwner(AlterOwner),
    /// `ALTER CLUSTER … SET (…)` or `RESET (…)`
    AlterCluster(AlterCluster),
    /// `ALTER SINK … SET FROM`
    AlterSinkFrom(AlterSinkFrom),
    /// `ALTER SECRET … AS`
    AlterSecret(AlterSecret),
    /// `ALTER CONNECTION … SET | DROP | RESET (…)`
    AlterConnection(AlterConnection),
    /// `ALTER NETWORK POLICY … SET (…)`
    AlterNetworkPolicy(CreateNetworkPolicy),
    /// `ALTER MATERIALIZED VIEW … APPLY REPLACEMENT`
    AlterApplyReplacement(AlterApplyReplacement),
    /// `ALTER ROLE …`
    AlterRole(AlterRole),
    /// `ALTER DEFAULT PRIVILEGES …`
    AlterDefaultPrivileges(AlterDefaultPrivileges),
    /// `ALTER SYSTEM SET | RESET …`
    AlterSystem(SetVariable),
    /// `DROP <kind> …`
    Drop(Drop),
    /// `DROP OWNED BY …`
    DropOwned(DropOwned),
    /// `REASSIGN OWNED BY … TO …`
    ReassignOwned(ReassignOwned),
    /// `GRANT` or `REVOKE` of privileges
    Privileges(Privileges),
    /// `GRANT` or `REVOKE` of role membership
    Membership(Membership),
    /// `COMMENT ON …`
    Comment(Comment),
    /// `SELECT`, `VALUES`, `WITH`, `TABLE`
    Select(Query),
    /// `INSERT INTO`
    Insert(Insert),
    /// `UPDATE`
    Update(Update),
    /// `DELETE FROM`
    Delete(Delete),
    /// `SHOW …`
    Show(Show),
    /// `EXPLAIN …`: kept as text
    Explain(String),
    /// `SET`, `RESET`
    Set(SetVariable),
    /// `SET TRANSACTION …`, `SET SESSION CHARACTERISTICS …`
    SetTransaction(String),
    /// `BEGIN`, `START TRANSACTION`
    Begin(BeginMode),
    /// `COMMIT`, `END`
    Commit,
    /// `ROLLBACK`, `ABORT`
    Rollback,
    /// `DISCARD ALL | TEMP | …`
    Discard(String),
    /// `DECLARE c CURSOR FOR …`
    Declare(Declare),
    /// `FETCH n c`
    Fetch(Fetch),
    /// `CLOSE c`
    Close(RawIdent),
    /// `PREPARE p AS …`
    Prepare(Prepare),
    /// `EXECUTE p (…)`
    Execute(Execute),
    /// `DEALLOCATE [ALL | p]`; `None` means all
    Deallocate(Option<RawIdent>),
    /// `COPY …`
    Copy(Copy),
    /// `SUBSCRIBE …`: kept as text
    Subscribe(String),
    /// `VALIDATE CONNECTION`, `INSPECT` and whatever else is recognised by its head alone; the
    /// text is the head (`VALIDATE CONNECTION`)
    Other(String),
}

/// One option of a `(…)` or `WITH (…)` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithOption {
    /// Its words, upper case, one blank apart: `REPLICATION FACTOR`.
    pub name: String,
    /// Its value, if one is written.
    pub value: Option<OptionValue>,
    /// From its name to the end of its value.
    pub span: Span,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// `'text'`
    String(String),
    /// `INTERVAL 'text'`
    Interval(String),
    /// A number, as written.
    Number(String),
    /// `true`, `false`
    Bool(bool),
    /// One or more bare words or a name: `MANUAL`, `db.s.n`.
    Name(RawName),
    /// `SECRET name`
    Secret(RawName),
    /// `(a, b)` or `[a, b]`
    List(Vec<OptionValue>),
    /// `(NAME = value, …)`, or words before such a list: `ON REFRESH (…)`; the words are upper
    /// case, except that a replica's name is as the server stores it.
    Nested(String, Vec<WithOption>),
    /// Anything else, as written.
    Raw(String),
}

/// What a DDL statement can name besides the objects in schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// A database.
    Database,
    /// A schema.
    Schema,
    /// A cluster.
    Cluster,
    /// A cluster replica (`c.r`).
    ClusterReplica,
    /// A role.
    Role,
    /// A network policy.
    NetworkPolicy,
    /// Something in a schema.
    Object(ObjectKind),
}
