//! The statements of Materialize that mzflow and its sandbox know, as plain data.
//!
//! Heads are modelled here; the bodies of queries and expressions stay opaque ([`Query`],
//! [`Expr`]) so that no parser type leaves this room. A [`RawName`] is what was written, not what
//! it means: resolving it is the reader's work. Nothing here touches text beyond carrying it.

use super::query::Expr;
use super::query::Query;
use super::span::Span;
use crate::name::Ident;
use crate::name::ObjectKind;

/// One statement with its place in the text.
#[derive(Clone, Debug)]
pub struct Statement {
    /// From its first token to its last, without the semicolon.
    pub span: Span,
    /// What it says.
    pub kind: StatementKind,
}

/// A possibly partial name as written: one to three parts, folded or unquoted already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawName {
    /// The parts, outermost first; never empty.
    pub parts: Vec<Ident>,
    /// Where it stands.
    pub span: Span,
}

/// A cluster, role or other one-part name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawIdent {
    /// The stored spelling.
    pub ident: Ident,
    /// Where it stands.
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
    /// `COPY …`: kept as text
    Copy(String),
    /// `SUBSCRIBE …`: kept as text
    Subscribe(String),
    /// `VALIDATE CONNECTION`, `INSPECT` and whatever else is recognised by its head alone; the
    /// text is the head (`VALIDATE CONNECTION`)
    Other(String),
}

/// `CREATE DATABASE | SCHEMA [IF NOT EXISTS] name`
#[derive(Clone, Debug)]
pub struct CreateNamed {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The name.
    pub name: RawName,
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
    /// `(NAME = value, …)`, or words before such a list: `ON REFRESH (…)`; the words are upper case.
    Nested(String, Vec<WithOption>),
    /// Anything else, as written.
    Raw(String),
}

/// `CREATE CLUSTER`
#[derive(Clone, Debug)]
pub struct CreateCluster {
    /// The cluster.
    pub name: RawIdent,
    /// Its options as written. Replicas of an unmanaged one are
    /// `REPLICAS` with [`OptionValue::Raw`] replaced by `Nested("r1", …)` items of a list.
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
    /// `FROM SOURCE s [(REFERENCE x)]`
    pub from_source: Option<FromSource>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
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
    /// Whether `DEFAULT` is written, or no key list follows.
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

/// `CREATE SOURCE`
#[derive(Clone, Debug)]
pub struct CreateSource {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The source.
    pub name: RawName,
    /// `(col, …)`
    pub columns: Vec<ColumnDef>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// What it reads.
    pub external: External,
    /// `FORMAT …`, `INCLUDE …`, `ENVELOPE …`, as written; empty if none.
    pub rest: String,
    /// Connections and other objects named in `rest`.
    pub rest_names: Vec<RawName>,
    /// `FOR ALL TABLES`, `FOR TABLES (…)`, `FOR SCHEMAS (…)`
    pub subsources: Subsources,
    /// `EXPOSE PROGRESS AS p`
    pub progress: Option<RawName>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
}

/// What a source reads.
#[derive(Clone, Debug)]
pub enum External {
    /// `LOAD GENERATOR AUCTION (…)`; the name is upper case.
    LoadGenerator(String, Vec<WithOption>),
    /// `KAFKA | POSTGRES | MYSQL | SQL SERVER CONNECTION c (…)`; the kind is upper case.
    Connection(String, RawName, Vec<WithOption>),
    /// `WEBHOOK …`, the rest as written.
    Webhook(String),
}

/// Which upstream tables become subsources.
#[derive(Clone, Debug)]
pub enum Subsources {
    /// No clause.
    None,
    /// `FOR ALL TABLES`
    AllTables,
    /// `FOR TABLES (upstream [AS name], …)`
    Tables(Vec<(RawName, Option<RawName>)>),
    /// `FOR SCHEMAS (s, …)`
    Schemas(Vec<RawIdent>),
}

/// `CREATE SINK`
#[derive(Clone, Debug)]
pub struct CreateSink {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The sink, if it is named.
    pub name: Option<RawName>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// The relation it reads.
    pub from: RawName,
    /// `KAFKA` or `ICEBERG CATALOG`, upper case.
    pub into: String,
    /// The connections it names, in the order written; the first is the sink's own.
    pub connections: Vec<RawName>,
    /// Everything after `FROM rel`, as written.
    pub rest: String,
    /// Where `rest` stands.
    pub rest_span: Span,
}

/// `CREATE CONNECTION`
#[derive(Clone, Debug)]
pub struct CreateConnection {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The connection.
    pub name: RawName,
    /// `KAFKA`, `POSTGRES`, `CONFLUENT SCHEMA REGISTRY`, … upper case.
    pub connector: String,
    /// Its options.
    pub values: Vec<WithOption>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
    /// Secrets and connections named anywhere in it.
    pub names: Vec<RawName>,
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
    /// An expression for the server, as written.
    Expression(String),
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EnvVar(name) => write!(f, "EnvVar({name:?})"),
            Self::AwsSecret(id) => write!(f, "AwsSecret({id:?})"),
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

/// The three constraints a project may declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`
    PrimaryKey,
    /// `UNIQUE CONSTRAINT`
    Unique,
    /// `FOREIGN KEY`
    ForeignKey,
}

/// `CREATE PRIMARY KEY | UNIQUE CONSTRAINT | FOREIGN KEY`
#[derive(Clone, Debug)]
pub struct CreateConstraint {
    /// Which one.
    pub kind: ConstraintKind,
    /// Whether `NOT ENFORCED` is absent.
    pub enforced: bool,
    /// Its name, if one is written.
    pub name: Option<RawIdent>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// The relation.
    pub on: RawName,
    /// Its columns.
    pub columns: Vec<RawIdent>,
    /// `REFERENCES other (cols)`
    pub references: Option<(RawName, Vec<RawIdent>)>,
}

/// `EXECUTE UNIT TEST name FOR target …`
#[derive(Clone, Debug)]
pub struct UnitTest {
    /// The test.
    pub name: RawIdent,
    /// What it tests.
    pub target: RawName,
    /// The rest, as written.
    pub rest: String,
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
    /// `SHOW CREATE <kind> name`
    Create(Noun, RawName),
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
