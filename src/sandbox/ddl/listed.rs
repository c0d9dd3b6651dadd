//! The order in which an object's dependents are listed: a refused `DROP` names the first.
//!
//! The server appends what is made to the lists of what it is made of, and takes out and appends
//! again what a change writes anew. Several at once are appended as their dependencies allow, the
//! latest of those that are free first. Recorded in `rbac/privileges.json`, after a swap.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::model::Catalog;
use super::super::model::id::ItemId;

/// Puts objects that were written anew at the ends of the lists.
pub(super) fn again(catalog: &mut Catalog, written: &BTreeSet<ItemId>) {
    for id in order(catalog, written) {
        let number = next(catalog);
        if let Some(item) = catalog.items.get_mut(&id) {
            Arc::make_mut(item).listed = number;
        }
    }
}

/// The number of what is appended next.
pub(super) fn next(catalog: &mut Catalog) -> u64 {
    catalog.next.listed += 1;
    catalog.next.listed
}

fn order(catalog: &Catalog, written: &BTreeSet<ItemId>) -> Vec<ItemId> {
    let uses = |id: &ItemId| {
        let uses = catalog.items.get(id).into_iter().flat_map(|item| &item.uses);
        uses.filter(|used| written.contains(used)).count()
    };
    let mut waiting: BTreeMap<ItemId, usize> = written.iter().map(|id| (*id, uses(id))).collect();
    let mut free: Vec<ItemId> = waiting.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut order = Vec::with_capacity(written.len());
    while let Some(id) = free.pop() {
        order.push(id);
        for user in catalog.used_by.get(&id).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(user) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    free.push(*user);
                }
            }
        }
    }
    order
}
