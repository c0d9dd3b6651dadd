//! Statements that change the catalog: what they do, what they refuse, in the server's words.
//!
//! Pure: a statement works on a copy of the state, which the caller keeps or throws away. Start
//! reading at [`execute`].

mod acl;
mod alter;
mod bootstrap;
pub(crate) mod class;
mod cluster;
mod cluster_options;
mod comment;
mod container;
mod drop;
mod duration;
mod index;
mod keys;
mod layout;
pub(crate) mod limit;
mod listed;
mod maintained;
mod names;
mod object;
mod owner;
mod plain;
mod pretty;
mod privilege;
mod query;
pub(crate) mod rbac;
mod refresh;
mod rename;
mod replacement;
mod role;
pub(crate) mod show_create;
pub(crate) mod sink_shape;
mod source;
mod swap;
mod table;
mod tidy;
mod view;
mod work;

use super::error::Notice;
use super::error::SqlError;
use super::model::State;
use super::model::column::Column;
use super::scope::Scope;
use crate::name::Ident;
use crate::sql::ast::Noun;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::query::Query;
use work::Change;
use work::Outcome;
use work::Work;

/// Tells the columns of queries; the query engine does.
pub(crate) trait Planner {
    /// The columns of a query whose relations are known to the state.
    ///
    /// `None` where the query is valid as far as it can be told, but uses something that is not
    /// modelled.
    ///
    /// # Errors
    /// What the server would refuse: unknown relations, columns, functions, wrong types.
    fn columns(&self, state: &State, scope: &Scope, query: &Query) -> Result<Option<Vec<Column>>, SqlError>;
}

/// What a statement did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    /// The command tag: `CREATE VIEW`.
    pub(crate) tag: String,
    /// What is said beside it.
    pub(crate) notices: Vec<Notice>,
    /// Whether anything changed: `IF NOT EXISTS` on something that exists changes nothing.
    pub(crate) changed: bool,
}

/// Carries out one statement that changes the catalog. `text` is the whole text that the statement
/// was parsed from. After an error the state is to be thrown away.
///
/// # Errors
/// What the server would refuse.
pub(crate) fn execute(
    state: &mut State,
    scope: &Scope,
    text: &str,
    statement: &Statement,
    planner: &dyn Planner,
) -> Result<Done, SqlError> {
    let mut work = Work { state, scope, text, planner, notices: Vec::new() };
    let change = carry_out(&mut work, statement)?;
    Ok(Done { tag: tag(&statement.kind), notices: work.notices, changed: change == Change::Made })
}

fn carry_out(work: &mut Work<'_>, statement: &Statement) -> Outcome {
    let kind = &statement.kind;
    match kind {
        StatementKind::CreateDatabase(create) => container::create_database(work, create),
        StatementKind::CreateSchema(create) => container::create_schema(work, create),
        StatementKind::CreateCluster(create) => cluster::create_cluster(work, create),
        StatementKind::CreateClusterReplica(create) => cluster::create_replica(work, create),
        StatementKind::CreateTable(create) => table::create_table(work, create, kind),
        StatementKind::CreateView(create) => view::create_view(work, create, kind),
        StatementKind::CreateMaterializedView(create) => view::create_materialized_view(work, create, kind),
        StatementKind::CreateIndex(create) => index::create_index(work, create),
        StatementKind::CreateSource(create) => source::create_source(work, create, statement),
        StatementKind::CreateSink(create) => plain::create_sink(work, create, statement),
        StatementKind::CreateConnection(create) => plain::create_connection(work, create, statement),
        StatementKind::CreateSecret(create) => plain::create_secret(work, create),
        StatementKind::CreateType(create) => plain::create_type(work, create),
        StatementKind::CreateRole(create) => role::create_role(work, create),
        StatementKind::CreateNetworkPolicy(create) => container::create_policy(work, create),
        StatementKind::AlterRename(alter) => rename::rename(work, alter),
        StatementKind::AlterSwap(alter) => swap::swap(work, alter),
        StatementKind::AlterOwner(alter) => owner::alter_owner(work, alter),
        StatementKind::AlterCluster(alter) => cluster::alter_cluster(work, alter),
        StatementKind::AlterSinkFrom(alter) => self::alter::sink_from(work, alter),
        StatementKind::AlterSecret(alter) => self::alter::secret(work, alter),
        StatementKind::AlterConnection(alter) => self::alter::connection(work, alter),
        StatementKind::AlterNetworkPolicy(alter) => container::alter_policy(work, alter),
        StatementKind::AlterApplyReplacement(alter) => replacement::apply(work, alter),
        StatementKind::AlterRole(alter) => role::alter_role(work, alter),
        StatementKind::AlterDefaultPrivileges(alter) => privilege::alter_default(work, alter),
        StatementKind::AlterSystem(alter) => self::alter::system(work, alter),
        StatementKind::Drop(statement) => drop::drop(work, statement),
        StatementKind::DropOwned(statement) => owner::drop_owned(work, statement),
        StatementKind::ReassignOwned(statement) => owner::reassign(work, statement),
        StatementKind::Privileges(statement) => privilege::privileges(work, statement),
        StatementKind::Membership(statement) => role::membership(work, statement),
        StatementKind::Comment(statement) => comment::comment(work, statement),
        StatementKind::Other(head) => Err(other(work, head)),
        StatementKind::CreateConstraint(_)
        | StatementKind::UnitTest(_)
        | StatementKind::Select(_)
        | StatementKind::Insert(_)
        | StatementKind::Update(_)
        | StatementKind::Delete(_)
        | StatementKind::Show(_)
        | StatementKind::Explain(_)
        | StatementKind::Set(_)
        | StatementKind::SetTransaction(_)
        | StatementKind::Begin(_)
        | StatementKind::Commit
        | StatementKind::Rollback
        | StatementKind::Discard(_)
        | StatementKind::Declare(_)
        | StatementKind::Fetch(_)
        | StatementKind::Close(_)
        | StatementKind::Prepare(_)
        | StatementKind::Execute(_)
        | StatementKind::Deallocate(_)
        | StatementKind::Copy(_)
        | StatementKind::Subscribe(_) => Err(SqlError::unsupported(statement.span.of(work.text))),
    }
}

/// What is recognised by its head alone: the server has most of it switched off.
fn other(work: &Work<'_>, head: &str) -> SqlError {
    let (feature, flag) = match head {
        head if head.ends_with(" SET CLUSTER") => {
            ("ALTER ... SET CLUSTER syntax", "enable_alter_set_cluster")
        }
        head if head.ends_with(" ADD COLUMN") => {
            ("Enable ALTER TABLE ... ADD COLUMN ...", "enable_alter_table_add_column")
        }
        head if head.ends_with(" SET") || head.ends_with(" RESET") => {
            ("RETAIN HISTORY", "enable_logical_compaction_window")
        }
        head => return SqlError::unsupported(head),
    };
    if object::flag(work, flag) { SqlError::unsupported(head) } else { object::switched_off(feature, flag) }
}

/// The command tag of a statement.
fn tag(kind: &StatementKind) -> String {
    let text = match kind {
        StatementKind::CreateDatabase(_) => "CREATE DATABASE",
        StatementKind::CreateSchema(_) => "CREATE SCHEMA",
        StatementKind::CreateCluster(_) => "CREATE CLUSTER",
        StatementKind::CreateClusterReplica(_) => "CREATE CLUSTER REPLICA",
        StatementKind::CreateTable(_) => "CREATE TABLE",
        StatementKind::CreateView(_) => "CREATE VIEW",
        StatementKind::CreateMaterializedView(_) => "CREATE MATERIALIZED VIEW",
        StatementKind::CreateIndex(_) => "CREATE INDEX",
        StatementKind::CreateSource(_) => "CREATE SOURCE",
        StatementKind::CreateSink(_) => "CREATE SINK",
        StatementKind::CreateConnection(_) => "CREATE CONNECTION",
        StatementKind::CreateSecret(_) => "CREATE SECRET",
        StatementKind::CreateType(_) => "CREATE TYPE",
        StatementKind::CreateRole(_) => "CREATE ROLE",
        StatementKind::CreateNetworkPolicy(_) => "CREATE NETWORK POLICY",
        StatementKind::AlterRename(alter) => return format!("ALTER {}", noun(alter.noun)),
        StatementKind::AlterSwap(alter) => return format!("ALTER {}", noun(alter.noun)),
        StatementKind::AlterOwner(alter) => return format!("ALTER {}", noun(alter.noun)),
        StatementKind::AlterCluster(_) => "ALTER CLUSTER",
        StatementKind::AlterSinkFrom(_) => "ALTER SINK",
        StatementKind::AlterSecret(_) => "ALTER SECRET",
        StatementKind::AlterConnection(_) => "ALTER CONNECTION",
        StatementKind::AlterNetworkPolicy(_) => "ALTER NETWORK POLICY",
        StatementKind::AlterApplyReplacement(_) => "ALTER MATERIALIZED VIEW",
        StatementKind::AlterRole(_) => "ALTER ROLE",
        StatementKind::AlterDefaultPrivileges(_) => "ALTER DEFAULT PRIVILEGES",
        StatementKind::AlterSystem(_) => "ALTER SYSTEM",
        StatementKind::Drop(statement) => return format!("DROP {}", noun(statement.noun)),
        StatementKind::DropOwned(_) => "DROP OWNED",
        StatementKind::ReassignOwned(_) => "REASSIGN OWNED",
        StatementKind::Privileges(statement) if statement.grant => "GRANT",
        StatementKind::Privileges(_) => "REVOKE",
        StatementKind::Membership(statement) if statement.grant => "GRANT ROLE",
        StatementKind::Membership(_) => "REVOKE ROLE",
        StatementKind::Comment(_) => "COMMENT",
        // Nothing else is carried out here.
        StatementKind::CreateConstraint(_)
        | StatementKind::UnitTest(_)
        | StatementKind::Select(_)
        | StatementKind::Insert(_)
        | StatementKind::Update(_)
        | StatementKind::Delete(_)
        | StatementKind::Show(_)
        | StatementKind::Explain(_)
        | StatementKind::Set(_)
        | StatementKind::SetTransaction(_)
        | StatementKind::Begin(_)
        | StatementKind::Commit
        | StatementKind::Rollback
        | StatementKind::Discard(_)
        | StatementKind::Declare(_)
        | StatementKind::Fetch(_)
        | StatementKind::Close(_)
        | StatementKind::Prepare(_)
        | StatementKind::Execute(_)
        | StatementKind::Deallocate(_)
        | StatementKind::Copy(_)
        | StatementKind::Subscribe(_)
        | StatementKind::Other(_) => "",
    };
    text.to_owned()
}

/// The keywords of a kind of thing.
pub(crate) fn noun(noun: Noun) -> &'static str {
    match noun {
        Noun::Database => "DATABASE",
        Noun::Schema => "SCHEMA",
        Noun::Cluster => "CLUSTER",
        Noun::ClusterReplica => "CLUSTER REPLICA",
        Noun::Role => "ROLE",
        Noun::NetworkPolicy => "NETWORK POLICY",
        Noun::Object(kind) => kind.sql(),
    }
}

/// The state of a server that has just been installed: database `materialize` with schema
/// `public`, cluster `quickstart` with replica `r1`, the system's clusters and roles.
pub(crate) fn bootstrap(now: crate::clock::Timestamp) -> State {
    bootstrap::bootstrap(now)
}

/// No planner is asked by what has no query.
struct Nobody;

impl Planner for Nobody {
    fn columns(&self, _: &State, _: &Scope, _: &Query) -> Result<Option<Vec<Column>>, SqlError> {
        Ok(None)
    }
}

/// Takes everything temporary of a connection away: at its end, or for `DISCARD`. Tells whether
/// there was anything.
///
/// # Errors
/// None of its own.
pub(crate) fn discard_temporary(state: &mut State, scope: &Scope) -> Result<bool, SqlError> {
    let mut work = Work { state, scope, text: "", planner: &Nobody, notices: Vec::new() };
    Ok(drop::discard_temporary(&mut work, scope.connection)? == Change::Made)
}

/// Makes the role of somebody who connects under a name that there is not; the scope is that of
/// the system's own role.
///
/// # Errors
/// Reserved names, too many roles.
pub(crate) fn role_for_connecting(state: &mut State, scope: &Scope, name: &Ident) -> Result<(), SqlError> {
    let mut work = Work { state, scope, text: "", planner: &Nobody, notices: Vec::new() };
    role::connecting(&mut work, name).map(|_| ())
}

#[cfg(test)]
mod tests;
