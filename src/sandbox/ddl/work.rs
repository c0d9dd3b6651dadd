//! What every statement works with: the state, who asks, what is said beside the answer.

use std::sync::Arc;

use serde_json::Value;

use super::super::error::Notice;
use super::super::error::SqlError;
use super::super::model::AuditEvent;
use super::super::model::Catalog;
use super::super::model::State;
use super::super::model::access::Acl;
use super::super::model::id::ItemId;
use super::super::model::id::RoleId;
use super::super::model::item::Item;
use super::super::scope::Scope;
use super::Planner;

/// One statement at work.
pub(super) struct Work<'a> {
    /// The copy of the state that it changes.
    pub(super) state: &'a mut State,
    /// Who asks, and what names mean.
    pub(super) scope: &'a Scope,
    /// The whole text that the statement was parsed from.
    pub(super) text: &'a str,
    /// Tells the columns of queries.
    pub(super) planner: &'a dyn Planner,
    /// What is said beside the answer.
    pub(super) notices: Vec<Notice>,
}

/// Whether a statement changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It did.
    Made,
    /// There was nothing to do.
    None,
}

/// What a statement comes to.
pub(super) type Outcome = Result<Change, SqlError>;

impl Work<'_> {
    /// The catalog.
    pub(super) fn catalog(&self) -> &Catalog {
        &self.state.catalog
    }

    /// Says something beside the answer.
    pub(super) fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// An object that is known to be there.
    ///
    /// # Errors
    /// When it is not, which is a mistake of the caller's.
    pub(super) fn item(&self, id: ItemId) -> Result<&Arc<Item>, SqlError> {
        self.catalog().items.get(&id).ok_or_else(|| gone(id))
    }

    /// An object to be changed.
    ///
    /// # Errors
    /// As [`Work::item`].
    pub(super) fn item_mut(&mut self, id: ItemId) -> Result<&mut Item, SqlError> {
        self.state.catalog.items.get_mut(&id).map(Arc::make_mut).ok_or_else(|| gone(id))
    }

    /// Writes a line of the audit log.
    pub(super) fn audit(&mut self, event: &str, object_type: &str, details: Value) {
        let catalog = &mut self.state.catalog;
        let id = catalog.next.audit;
        catalog.next.audit += 1;
        catalog.audit.push_back(AuditEvent {
            id,
            event: event.to_owned(),
            object_type: object_type.to_owned(),
            details,
            user: Some(self.scope.user.as_str().to_owned()),
            at: self.scope.now,
        });
    }

    /// The next `oid`.
    pub(super) fn oid(&mut self) -> u32 {
        let next = &mut self.state.catalog.next.oid;
        *next += 1;
        *next - 1
    }
}

fn gone(id: ItemId) -> SqlError {
    SqlError::internal(format!("unknown catalog item '{id}'"))
}

/// Notes that an object is made of others.
pub(super) fn link(catalog: &mut Catalog, id: ItemId, uses: &std::collections::BTreeSet<ItemId>) {
    for used in uses {
        catalog.used_by.entry(*used).or_default().insert(id);
    }
}

/// Forgets that an object is made of others.
pub(super) fn unlink(catalog: &mut Catalog, id: ItemId, uses: &std::collections::BTreeSet<ItemId>) {
    for used in uses {
        let empty = match catalog.used_by.get_mut(used) {
            Some(by) => {
                by.remove(&id);
                by.is_empty()
            }
            None => false,
        };
        if empty {
            catalog.used_by.remove(used);
        }
    }
}

/// Puts the new owner in the old one's place in an access list.
pub(super) fn hand_over(acl: &Acl, from: RoleId, to: RoleId) -> Acl {
    use super::super::model::access::Grantee;
    let mut result = Acl::new();
    for ((grantee, grantor), privileges) in acl {
        let grantee = if *grantee == Grantee::Role(from) { Grantee::Role(to) } else { *grantee };
        let grantor = if *grantor == from { to } else { *grantor };
        result.entry((grantee, grantor)).or_default().extend(privileges.iter().copied());
    }
    result
}
