//! The names that a statement reads: in a transaction they are looked for before anything else.
//!
//! Source: the server describes a statement before it runs it, and its parser keeps apart names of
//! what is read (tables of queries, clusters, roles) from those of what is made or dropped, which
//! are looked for when the statement is carried out.

use super::Session;
use crate::sandbox::error::SqlError;
use crate::sandbox::resolve;
use crate::sql::ast::Noun;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;
use crate::sql::ast::alter::CommentTarget;

/// The names that a statement reads, by kind.
#[derive(Debug, Default)]
struct Names<'s> {
    items: Vec<&'s RawName>,
    clusters: Vec<&'s RawIdent>,
    roles: Vec<&'s RawIdent>,
}

impl Session {
    /// Looks for every name that a change of the catalog reads.
    ///
    /// # Errors
    /// `unknown catalog item` and its like.
    pub(super) fn look_for(&self, kind: &StatementKind) -> Result<(), SqlError> {
        let names = read(kind);
        let state = self.sees();
        let scope = self.scope(&state);
        for name in names.items {
            resolve::relation(&state.catalog, &scope, name)?;
        }
        for name in names.clusters {
            resolve::cluster(&state.catalog, name)?;
        }
        for name in names.roles {
            resolve::role(&state.catalog, name)?;
        }
        Ok(())
    }
}

fn read(kind: &StatementKind) -> Names<'_> {
    let mut names = Names::default();
    match kind {
        StatementKind::CreateView(create) => names.items.extend(create.query.references()),
        StatementKind::CreateMaterializedView(create) => {
            names.items.extend(create.query.references());
            names.items.extend(&create.replaces);
            names.clusters.extend(&create.cluster);
        }
        StatementKind::CreateIndex(create) => {
            names.items.push(&create.on);
            names.clusters.extend(&create.cluster);
        }
        StatementKind::CreateSink(create) => {
            names.items.push(&create.from);
            names.clusters.extend(&create.cluster);
        }
        StatementKind::Comment(comment) => match &comment.on {
            CommentTarget::Named(Noun::Object(_), name) | CommentTarget::Column(name, _) => {
                names.items.push(name);
            }
            CommentTarget::Named(..) => {}
        },
        StatementKind::AlterOwner(alter) => names.roles.push(&alter.owner),
        StatementKind::AlterRole(alter) => names.roles.push(&alter.name),
        StatementKind::DropOwned(drop) => names.roles.extend(&drop.roles),
        StatementKind::ReassignOwned(reassign) => {
            names.roles.extend(&reassign.from);
            names.roles.push(&reassign.to);
        }
        StatementKind::Privileges(privileges) => {
            names.roles.extend(privileges.grantees.iter().flatten());
        }
        StatementKind::Membership(membership) => {
            names.roles.extend(&membership.roles);
            names.roles.extend(&membership.members);
        }
        _ => {}
    }
    names
}
