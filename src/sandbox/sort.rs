//! What a statement is to those who count: reading, a write, a commit.
//!
//! Pure. What only looks, or only says how the session is to be, leaves nothing that a crash could cut in
//! half. Start reading at [`Sort::of`].

use crate::sql::ast::StatementKind;

/// What a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// It reads, or sets up its session.
    Read,
    /// It changes something, or begins or gives up a transaction that may.
    Write,
    /// It ends a transaction for good.
    Commit,
}

impl Sort {
    /// The sort of a statement.
    pub(crate) fn of(kind: &StatementKind) -> Self {
        match kind {
            StatementKind::Commit => Self::Commit,
            StatementKind::Begin(mode) if mode.read_only => Self::Read,
            StatementKind::Select(_)
            | StatementKind::Show(_)
            | StatementKind::Explain(_)
            | StatementKind::Set(_)
            | StatementKind::SetTransaction(_)
            | StatementKind::Discard(_)
            | StatementKind::Declare(_)
            | StatementKind::Fetch(_)
            | StatementKind::Close(_)
            | StatementKind::Prepare(_)
            | StatementKind::Deallocate(_)
            | StatementKind::Subscribe(_) => Self::Read,
            StatementKind::Begin(_)
            | StatementKind::Rollback
            | StatementKind::CreateDatabase(_)
            | StatementKind::CreateSchema(_)
            | StatementKind::CreateCluster(_)
            | StatementKind::CreateClusterReplica(_)
            | StatementKind::CreateTable(_)
            | StatementKind::CreateView(_)
            | StatementKind::CreateMaterializedView(_)
            | StatementKind::CreateIndex(_)
            | StatementKind::CreateSource(_)
            | StatementKind::CreateSink(_)
            | StatementKind::CreateConnection(_)
            | StatementKind::CreateSecret(_)
            | StatementKind::CreateType(_)
            | StatementKind::CreateRole(_)
            | StatementKind::CreateNetworkPolicy(_)
            | StatementKind::CreateConstraint(_)
            | StatementKind::UnitTest(_)
            | StatementKind::AlterRename(_)
            | StatementKind::AlterSwap(_)
            | StatementKind::AlterOwner(_)
            | StatementKind::AlterCluster(_)
            | StatementKind::AlterSinkFrom(_)
            | StatementKind::AlterSecret(_)
            | StatementKind::AlterConnection(_)
            | StatementKind::AlterNetworkPolicy(_)
            | StatementKind::AlterApplyReplacement(_)
            | StatementKind::AlterRole(_)
            | StatementKind::AlterDefaultPrivileges(_)
            | StatementKind::AlterSystem(_)
            | StatementKind::Drop(_)
            | StatementKind::DropOwned(_)
            | StatementKind::ReassignOwned(_)
            | StatementKind::Privileges(_)
            | StatementKind::Membership(_)
            | StatementKind::Comment(_)
            | StatementKind::Insert(_)
            | StatementKind::Update(_)
            | StatementKind::Delete(_)
            | StatementKind::Execute(_)
            | StatementKind::Copy(_)
            | StatementKind::Other(_) => Self::Write,
        }
    }
}
