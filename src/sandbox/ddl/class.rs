//! What a statement may share a transaction with.
//!
//! Source: `design/materialize.md` 2.1 and 2.2, recorded from v26.21. The rules themselves are the
//! session's; this tells only which kind a statement is of. Start reading at [`class`].

use crate::sql::ast::Noun;
use crate::sql::ast::StatementKind;
use crate::sql::ast::copy::Copied;
use crate::sql::ast::copy::Copy;
use crate::sql::ast::copy::CopyWay;
use crate::sql::ast::create::Feed;
use crate::sql::ast::run::Show;

/// What a statement is to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Begins, ends or describes the transaction itself: `BEGIN`, `COMMIT`, `SET TRANSACTION`.
    Transaction,
    /// Concerns the session alone and may stand anywhere: `SET`, `SHOW variable`, `DEALLOCATE`.
    Session,
    /// Stands for another statement: `EXECUTE` is of the class of what was prepared.
    Prepared,
    /// Reads.
    Read,
    /// Reads for ever: `SUBSCRIBE`, also inside `DECLARE` and `COPY`.
    Subscribe,
    /// Adds rows: `INSERT`, `COPY … FROM`. Inside a transaction only constants.
    Insert,
    /// Changes rows: `UPDATE`, `DELETE`. Never inside a transaction.
    Change,
    /// Changes the catalog and may join other statements of its class: renames, swaps,
    /// `CREATE SOURCE`, `CREATE TABLE … FROM SOURCE`.
    Rename,
    /// Renames a replica: joins like [`Class::Rename`], but is applied at once and makes the
    /// `COMMIT` fail.
    RenameReplica,
    /// Changes the catalog and must be the only statement of its transaction.
    SingleDdl,
    /// `ALTER SYSTEM`: single like [`Class::SingleDdl`], but no change of the catalog proper.
    System,
    /// A project's own statement or something that is not modelled.
    Unsupported,
}

/// The class of a statement.
pub(crate) fn class(kind: &StatementKind) -> Class {
    match kind {
        StatementKind::AlterRename(rename) if rename.noun == Noun::ClusterReplica => Class::RenameReplica,
        StatementKind::AlterRename(_) | StatementKind::AlterSwap(_) | StatementKind::CreateSource(_) => {
            Class::Rename
        }
        StatementKind::CreateTable(table) if matches!(table.feed, Some(Feed::Source(_))) => Class::Rename,
        StatementKind::CreateDatabase(_)
        | StatementKind::CreateSchema(_)
        | StatementKind::CreateCluster(_)
        | StatementKind::CreateClusterReplica(_)
        | StatementKind::CreateTable(_)
        | StatementKind::CreateView(_)
        | StatementKind::CreateMaterializedView(_)
        | StatementKind::CreateIndex(_)
        | StatementKind::CreateSink(_)
        | StatementKind::CreateConnection(_)
        | StatementKind::CreateSecret(_)
        | StatementKind::CreateType(_)
        | StatementKind::CreateRole(_)
        | StatementKind::CreateNetworkPolicy(_)
        | StatementKind::AlterOwner(_)
        | StatementKind::AlterCluster(_)
        | StatementKind::AlterSinkFrom(_)
        | StatementKind::AlterSecret(_)
        | StatementKind::AlterConnection(_)
        | StatementKind::AlterNetworkPolicy(_)
        | StatementKind::AlterApplyReplacement(_)
        | StatementKind::AlterRole(_)
        | StatementKind::AlterDefaultPrivileges(_)
        | StatementKind::Drop(_)
        | StatementKind::DropOwned(_)
        | StatementKind::ReassignOwned(_)
        | StatementKind::Privileges(_)
        | StatementKind::Membership(_)
        | StatementKind::Comment(_) => Class::SingleDdl,
        StatementKind::AlterSystem(_) => Class::System,
        StatementKind::CreateConstraint(_) | StatementKind::UnitTest(_) | StatementKind::Other(_) => {
            Class::Unsupported
        }
        StatementKind::Select(_) | StatementKind::Explain(_) | StatementKind::Fetch(_) => Class::Read,
        StatementKind::Show(show) => of_show(show),
        StatementKind::Insert(_) => Class::Insert,
        StatementKind::Update(_) | StatementKind::Delete(_) => Class::Change,
        StatementKind::Subscribe(_) => Class::Subscribe,
        StatementKind::Copy(copy) => of_copy(copy),
        StatementKind::Declare(declare) => of_declared(&declare.statement.kind),
        StatementKind::Begin(_)
        | StatementKind::Commit
        | StatementKind::Rollback
        | StatementKind::SetTransaction(_) => Class::Transaction,
        StatementKind::Execute(_) => Class::Prepared,
        StatementKind::Set(_)
        | StatementKind::Discard(_)
        | StatementKind::Close(_)
        | StatementKind::Prepare(_)
        | StatementKind::Deallocate(_) => Class::Session,
    }
}

/// A cursor only reads, whatever it is declared for.
fn of_declared(kind: &StatementKind) -> Class {
    match class(kind) {
        Class::Subscribe => Class::Subscribe,
        _ => Class::Read,
    }
}

fn of_show(show: &Show) -> Class {
    match show {
        Show::Variable(_) | Show::Create { .. } => Class::Session,
        Show::Columns(..) | Show::Indexes { .. } | Show::Things { .. } => Class::Read,
    }
}

fn of_copy(copy: &Copy) -> Class {
    match (&copy.what, &copy.way) {
        (Copied::Rows(rows), _) => class(&rows.kind),
        (Copied::Table(..), CopyWay::FromStdin | CopyWay::From(_)) => Class::Insert,
        (Copied::Table(..), CopyWay::ToStdout | CopyWay::To(_)) => Class::Read,
    }
}
